//! A reply on its way out: watched until its last byte.
//! Invariant: each call is counted exactly once, whether it finishes, fails, panics, runs out of time or is left by its caller.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::body::Body;
use tonic::{Code, Status};
use tracing::Span;

use super::whole;
use crate::error;
use crate::metrics::{Metrics, code_name};

/// One call, from its first byte to its last; dropped before its end it was left by the caller.
pub(super) struct Call {
    pub method: &'static str,
    pub span: Span,
    metrics: Metrics,
    began: Instant,
    /// The call's share of the process, given back at the end. Health checks have none.
    _share: Option<OwnedSemaphorePermit>,
    ended: bool,
}

impl Call {
    pub fn new(
        method: &'static str,
        span: Span,
        metrics: Metrics,
        share: Option<OwnedSemaphorePermit>,
    ) -> Self {
        metrics.rpcs_in_flight().inc();
        Self { method, span, metrics, began: Instant::now(), _share: share, ended: false }
    }

    fn end(&mut self, code: Code) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let took = self.began.elapsed();
        self.metrics.rpcs_in_flight().dec();
        self.metrics.answered(self.method, code, took);
        self.span.record("rpc.response.status_code", code_name(code));
        if is_ours(code) {
            self.span.record("error.type", code_name(code));
            self.span.record("otel.status_code", "ERROR");
        }
        let _inside = self.span.enter();
        tracing::debug!(
            rpc.method = self.method,
            rpc.code = code_name(code),
            rpc.seconds = took.as_secs_f64(),
            "answered"
        );
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.end(Code::Cancelled);
    }
}

/// The body of a reply.
pub(super) struct Reply {
    body: Body,
    call: Call,
    /// The code that the headers gave, for a reply that is nothing but headers.
    code: Option<Code>,
    /// When the caller stops waiting.
    deadline: Option<Instant>,
    /// Cancelled when the connection is to go.
    going: CancellationToken,
    /// Made when the body first has to be waited for: the reply of a plain call never is.
    waiting: Option<Waiting>,
    over: bool,
}

struct Waiting {
    going: Pin<Box<WaitForCancellationFutureOwned>>,
    deadline: Option<Pin<Box<Sleep>>>,
}

/// What a service answered, or a status of ours, as a reply.
pub(super) fn reply(
    answer: Result<http::Response<Body>, Status>,
    mut call: Call,
    deadline: Option<Instant>,
    going: CancellationToken,
) -> http::Response<Reply> {
    let answer = answer.unwrap_or_else(|status| status.into_http());
    let (mut head, body) = answer.into_parts();
    let code = whole::complete(&mut head.headers);
    if http_body::Body::is_end_stream(&body) {
        call.end(code.unwrap_or(Code::Unknown));
    }
    let over = false;
    http::Response::from_parts(head, Reply { body, call, code, deadline, going, waiting: None, over })
}

impl Reply {
    /// Ends the reply here, with this status.
    fn end_with(&mut self, status: &Status) -> Frame<Bytes> {
        let mut trailers = HeaderMap::new();
        // Our own texts always fit a header.
        let _ = status.add_header(&mut trailers);
        self.end_by(trailers)
    }

    fn end_by(&mut self, mut trailers: HeaderMap) -> Frame<Bytes> {
        let code = whole::complete(&mut trailers).unwrap_or(Code::Unknown);
        self.over = true;
        // What the service still holds for this call is let go now, not when the caller has read the end.
        self.body = Body::empty();
        self.call.end(code);
        Frame::trailers(trailers)
    }

    /// Whether an open stream has to end although its service has more to say some day.
    fn poll_interrupted(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        let (going, deadline) = (&self.going, self.deadline);
        let waiting = self.waiting.get_or_insert_with(|| Waiting {
            going: Box::pin(going.clone().cancelled_owned()),
            deadline: deadline.map(|at| Box::pin(tokio::time::sleep_until(at))),
        });
        if waiting.going.as_mut().poll(cx).is_ready() {
            let text = "this server is going or wants the connection renewed; go on from where you are";
            return Poll::Ready(error::unavailable("SHUTTING_DOWN", text, Duration::from_millis(100)));
        }
        match &mut waiting.deadline {
            Some(deadline) => {
                ready!(deadline.as_mut().poll(cx));
                Poll::Ready(error::deadline_exceeded())
            }
            None => Poll::Pending,
        }
    }
}

impl http_body::Body for Reply {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        if this.over {
            return Poll::Ready(None);
        }
        let polled = {
            let _inside = this.call.span.enter();
            let body = Pin::new(&mut this.body);
            catch_unwind(AssertUnwindSafe(|| http_body::Body::poll_frame(body, cx)))
        };
        let frame = match polled {
            Err(_panic) => this.end_with(&panicked()),
            Ok(Poll::Ready(Some(Ok(frame)))) => match frame.into_trailers() {
                Ok(trailers) => this.end_by(trailers),
                Err(data) => data,
            },
            Ok(Poll::Ready(Some(Err(status)))) => this.end_with(&status),
            Ok(Poll::Ready(None)) => {
                this.over = true;
                this.call.end(this.code.unwrap_or(Code::Unknown));
                return Poll::Ready(None);
            }
            Ok(Poll::Pending) => {
                let status = ready!(this.poll_interrupted(cx));
                this.end_with(&status)
            }
        };
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.over || http_body::Body::is_end_stream(&self.body)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

/// Whether a call that ended so failed by the server: what OpenTelemetry's conventions for gRPC hold for an error of its span. Of the
/// rest the caller is told what to do otherwise.
fn is_ours(code: Code) -> bool {
    match code {
        Code::Unknown
        | Code::DeadlineExceeded
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => true,
        Code::Ok
        | Code::Cancelled
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unauthenticated => false,
    }
}

/// INTERNAL: a handler panicked. The hook of `telemetry` has logged where.
pub(super) fn panicked() -> Status {
    error::status(Code::Internal, "PANICKED", "something broke on our side; it has been logged")
}
