//! By which authorities an `https` server is believed: the system's, and those of one file beside them.
//! Invariant: a file that was taken holds certificates alone, and at least one.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{self, RootCertStore};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

use super::ConnectError;

/// The authorities by which servers are believed.
#[derive(Clone, Default)]
pub struct Roots(Option<Certificate>);

/// A file of authorities that does not do. The text says what to give instead, without naming the setting.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// It cannot be read.
    #[error("names {}, which cannot be read ({source}); give the authority's certificate as a PEM file", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It holds none, or something else beside.
    #[error("names {}, which holds no certificate that can be used; give the authority's as PEM, from -----BEGIN CERTIFICATE----- on", path.display())]
    NoCertificate {
        /// Which.
        path: PathBuf,
    },
}

impl Roots {
    /// Those of the system alone.
    pub fn system() -> Self {
        Self::default()
    }

    /// Those of the system, and the certificates of this PEM file.
    ///
    /// # Errors
    /// [`RootsError`]: the file cannot be read, or a certificate of it cannot.
    pub fn with_file(path: &Path) -> Result<Self, RootsError> {
        let path = || path.to_owned();
        let pem = std::fs::read(path()).map_err(|source| RootsError::File { path: path(), source })?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let usable = certificate.ok().and_then(|certificate| roots.add(certificate).ok());
            usable.ok_or_else(|| RootsError::NoCertificate { path: path() })?;
        }
        if roots.is_empty() {
            return Err(RootsError::NoCertificate { path: path() });
        }
        Ok(Self(Some(Certificate::from_pem(pem))))
    }

    /// The endpoint, believed by these.
    pub(super) fn secure(&self, endpoint: Endpoint, url: &str) -> Result<Endpoint, ConnectError> {
        let named = ClientTlsConfig::new().ca_certificates(self.0.clone());
        if let Ok(secured) = endpoint.clone().tls_config(named.clone().with_enabled_roots()) {
            return Ok(secured);
        }
        // A small image has no roots of its own; those that were named do without them.
        match (endpoint.tls_config(named), &self.0) {
            (Ok(secured), Some(_)) => Ok(secured),
            (Ok(_), None) => Err(ConnectError::NoRoots(url.to_owned())),
            (Err(_), _) => Err(ConnectError::NotAnAddress(url.to_owned())),
        }
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Roots(system and file)" } else { "Roots(system)" })
    }
}

/// What is wrong with the certificate of the server that a call was to go to, where that was why it got no answer.
pub(super) fn distrust<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a rustls::CertificateError> {
    let inner = cause.downcast_ref::<io::Error>()?.get_ref()?;
    if let rustls::Error::InvalidCertificate(why) = inner.downcast_ref()? { Some(why) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_authorities_that_does_not_do_is_refused_with_what_to_give() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let said = |path: &Path| Roots::with_file(path).unwrap_err().to_string();
        assert!(said(&path).contains("cannot be read"), "{}", said(&path));
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let other = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        for text in ["", "no PEM at all", broken, other, "-----BEGIN CERTIFICATE-----\nAAAA\n"] {
            std::fs::write(&path, text).unwrap();
            assert!(said(&path).contains("-----BEGIN CERTIFICATE-----"), "{text}: {}", said(&path));
        }
    }
}
