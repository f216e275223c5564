//! Traces on their way out of the process: OTLP over gRPC, by the variables that the OpenTelemetry specification names.
//! Invariant: that traces do not arrive is told, once until they do again, and never keeps the process from its work.

use std::env;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_otlp::WithTonicConfig;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tonic::transport::ClientTlsConfig;

use super::TelemetryError;
use crate::error;
use crate::roots::{Roots, tells_distrust};

/// What is said of traces alone wins over what is said of everything that could be exported.
const ENDPOINT: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const CERTIFICATE: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE"];

/// The way out where an endpoint is set. Headers and timeout are read by the library from theirs.
///
/// # Errors
/// [`TelemetryError`]: the endpoint is none, or no collector could ever be believed.
pub(super) fn exporter() -> Result<Option<impl SpanExporter + 'static>, TelemetryError> {
    let Some((variable, endpoint)) = said(ENDPOINT) else { return Ok(None) };
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_tonic();
    // An endpoint without a scheme is one of https.
    let exporter =
        if endpoint.starts_with("http://") { exporter } else { exporter.with_tls_config(believing()?) };
    let exporter = exporter.build().map_err(|source| TelemetryError::Exporter { variable, source })?;
    Ok(Some(Watched { exporter, failing: AtomicBool::new(false) }))
}

/// The authority that is named stands in place of the system's.
fn believing() -> Result<ClientTlsConfig, TelemetryError> {
    let tls = ClientTlsConfig::new();
    let Some((variable, path)) = said(CERTIFICATE) else { return Ok(tls.with_enabled_roots()) };
    let roots =
        Roots::with_file(Path::new(&path)).map_err(|why| TelemetryError::Certificate { variable, why })?;
    Ok(tls.ca_certificates(roots.certificate()))
}

/// The first of these variables that says anything.
fn said(variables: [&'static str; 2]) -> Option<(&'static str, String)> {
    let text = |variable| env::var(variable).ok().filter(|text| !text.is_empty());
    variables.into_iter().find_map(|variable| Some((variable, text(variable)?)))
}

/// An exporter whose failures are told: the library drops what it could not send, and is silent about it.
#[derive(Debug)]
struct Watched<E> {
    exporter: E,
    failing: AtomicBool,
}

impl<E: SpanExporter> SpanExporter for Watched<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.exporter.export(batch).await;
        let failed_before = self.failing.swap(sent.is_err(), Ordering::Relaxed);
        match &sent {
            Err(err) if !failed_before => {
                let chain = error::chain(err);
                if tells_distrust(&chain) {
                    tracing::warn!(
                        error.chain = chain,
                        "traces are lost: the certificate of the collector is not accepted; it must be for the name in \
                         OTEL_EXPORTER_OTLP_ENDPOINT, and of an authority of the system's, or of \
                         OTEL_EXPORTER_OTLP_CERTIFICATE where that is given"
                    );
                } else {
                    tracing::warn!(
                        error.chain = chain,
                        "traces are lost: OTEL_EXPORTER_OTLP_ENDPOINT does not take them"
                    );
                }
            }
            Ok(()) if failed_before => tracing::info!("traces arrive again"),
            Ok(()) | Err(_) => {}
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Result, Write};
    use std::sync::{Arc, Mutex};

    use futures_util::FutureExt;
    use opentelemetry_sdk::error::OTelSdkError;

    use super::*;

    /// Log lines as they were written.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> Result<()> {
            Ok(())
        }
    }

    /// A collector that takes traces while it is open.
    #[derive(Debug, Default)]
    struct Door {
        open: AtomicBool,
    }

    impl SpanExporter for Door {
        async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
            let open = self.open.load(Ordering::Relaxed);
            open.then_some(()).ok_or_else(|| OTelSdkError::InternalFailure("closed".to_owned()))
        }
    }

    #[test]
    fn a_failure_is_told_once_until_traces_arrive_again() {
        let lines = Lines::default();
        let writer = lines.clone();
        let watched = Watched { exporter: Door::default(), failing: AtomicBool::new(false) };
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            for open in [false, false, true, true, false] {
                watched.exporter.open.store(open, Ordering::Relaxed);
                let sent = watched.export(Vec::new()).now_or_never().unwrap();
                assert_eq!(sent.is_ok(), open);
            }
        });
        let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let told: Vec<bool> = lines.lines().map(|line| line.contains("arrive again")).collect();
        assert_eq!(told, [false, true, false], "{lines}");
    }
}
