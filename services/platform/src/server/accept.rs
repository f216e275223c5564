//! Connections: how many, how long, and how they end.
//! Invariant: after the drain's deadline none is left.

use std::convert::Infallible;
use std::hash::{BuildHasher, Hasher};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::cork::Cork;
use super::edge::{Edge, Line};
use super::{Limits, Served};
use crate::drain::Drain;
use crate::metrics::Metrics;

/// How long the accept loop rests when the machine has no more sockets to give.
const OUT_OF_SOCKETS: Duration = Duration::from_millis(50);
/// How long a connection that was one too many may stay to hear so.
const CROWDED_AGE: Duration = Duration::from_secs(1);
/// Flow control windows: a feed's batches and a page of entries go out without waiting for the reader's window.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;

/// Serves connections until the drain, and then until they have gone or its deadline has passed.
pub(super) async fn until_drained(
    listener: TcpListener,
    edge: Arc<Edge>,
    limits: Limits,
    metrics: Metrics,
    drain: Drain,
) -> Served {
    let open = TaskTracker::new();
    let cut = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = drain.begun() => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(err) => {
                tracing::warn!(error.chain = crate::error::chain(&err), "a connection could not be accepted");
                tokio::time::sleep(OUT_OF_SOCKETS).await;
                continue;
            }
        };
        if open.len() >= limits.connections.saturating_mul(2) {
            continue;
        }
        let crowded = open.len() >= limits.connections;
        let line = Line { crowded, going: drain.token() };
        let one = Connection { edge: edge.clone(), limits: limits.clone(), line, cut: cut.clone() };
        let counted = Counted::new(metrics.clone());
        open.spawn(async move {
            let _counted = counted;
            one.serve(stream).await;
        });
    }
    drop(listener);
    open.close();
    let served = match tokio::time::timeout(drain.within(), open.wait()).await {
        Ok(()) => Served::Whole,
        Err(_elapsed) => Served::Cut(open.len()),
    };
    cut.cancel();
    open.wait().await;
    served
}

/// Keeps the number of open connections right, also where a task panics.
struct Counted(Metrics);

impl Counted {
    fn new(metrics: Metrics) -> Self {
        metrics.connections().inc();
        Self(metrics)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.connections().dec();
    }
}

struct Connection {
    edge: Arc<Edge>,
    limits: Limits,
    line: Line,
    cut: CancellationToken,
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        let Self { edge, limits, line, cut } = self;
        // Replies are small and whole: waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        // Before the first byte HTTP/2 has no say in how long it waits.
        let spoke = async { stream.peek(&mut [0; 1]).await.is_ok_and(|bytes| bytes > 0) };
        tokio::select! {
            spoke = tokio::time::timeout(limits.first_byte, spoke) => {
                if spoke != Ok(true) {
                    return;
                }
            }
            () = line.going.cancelled() => return,
        }
        let service = {
            let line = line.clone();
            service_fn(move |request| {
                let (edge, line) = (edge.clone(), line.clone());
                // In a box: what answers is large, and would be moved whole into the task that each call gets.
                Box::pin(async move { Ok::<_, Infallible>(edge.answer(line, request).await) })
            })
        };
        let mut connection =
            pin!(protocol(&limits).serve_connection(TokioIo::new(Cork::new(stream)), service));
        let age = if line.crowded { CROWDED_AGE } else { jittered(limits.connection_age) };
        let mut aged = pin!(tokio::time::sleep(age));
        let mut going = false;
        loop {
            tokio::select! {
                ended = &mut connection => {
                    if let Err(err) = ended {
                        // A caller that hangs up is no event.
                        tracing::debug!(error.chain = crate::error::chain(&err), "a connection ended");
                    }
                    return;
                }
                () = cut.cancelled() => return,
                () = &mut aged => {
                    if going {
                        return;
                    }
                    line.going.cancel();
                }
                () = line.going.cancelled(), if !going => {
                    going = true;
                    connection.as_mut().graceful_shutdown();
                    aged.as_mut().reset(Instant::now() + limits.connection_grace);
                }
            }
        }
    }
}

fn protocol(limits: &Limits) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams_per_connection)
        .keep_alive_interval(limits.keepalive_every)
        .keep_alive_timeout(limits.keepalive_within)
        .max_header_list_size(limits.header_bytes)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    builder
}

/// Up to a tenth more or less, so that connections made together do not all go together.
fn jittered(age: Duration) -> Duration {
    let random = std::hash::RandomState::new().build_hasher().finish();
    age.mul_f64(0.9 + 0.2 * (random as f64 / u64::MAX as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_differ_by_a_tenth_at_most() {
        let age = Duration::from_secs(100);
        let ages: Vec<Duration> = (0..50).map(|_| jittered(age)).collect();
        assert!(ages.iter().all(|age| (90..=110).contains(&age.as_secs())));
        assert!(ages.iter().any(|one| one != &ages[0]));
    }
}
