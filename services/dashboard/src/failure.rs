//! What stands in the way of a page, said as a page: what happened, and what to do.
//! Invariant: its words are those that services meant for callers; what broke behind them is in their logs.

use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use maud::html;
use serde_json::json;
use tonic::{Code, Status};

use crate::frame::{self, Frame};

/// Why a page cannot be shown.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    code: StatusCode,
    title: String,
    remedy: String,
    retry_after: Option<Duration>,
}

impl Failure {
    /// With this title and what to do about it, both in sentences.
    pub fn new(code: StatusCode, title: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code, title: title.into(), remedy: remedy.into(), retry_after: None }
    }

    /// There is no such page.
    pub fn no_page() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "There is no such page",
            "Go to the start page and find the person there.",
        )
    }

    /// There is nobody of that id whom the viewer may see.
    pub fn nobody() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Nobody is known here by this id",
            "Check the id. If it is right, your agency does not serve this person and has no consent to see more: \
             find the person by name on the start page, or ask the person.",
        )
    }

    /// The dashboard was not told where that service is.
    pub fn no_peer(service: &str) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("The service {service} is not known here"),
            format!("Start the dashboard with --peer {service}=http://HOST:PORT."),
        )
    }

    /// As JSON (RFC 9457), for those who asked for JSON.
    pub fn into_json(self) -> Response {
        let problem = json!({ "status": self.code.as_u16(), "title": self.title, "detail": self.remedy });
        let mut response = (self.code, problem.to_string()).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        self.mark(response)
    }

    fn mark(&self, mut response: Response) -> Response {
        if let Some(after) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
        }
        if self.code == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        let said = sentence(status.message());
        match status.code() {
            Code::Unauthenticated => Self::new(StatusCode::UNAUTHORIZED, "Who asks is not known", said),
            Code::PermissionDenied => Self::new(StatusCode::FORBIDDEN, "This is not for you to see", said),
            Code::NotFound => Self::new(StatusCode::NOT_FOUND, "This is not here", said),
            Code::InvalidArgument | Code::OutOfRange => {
                Self::new(StatusCode::BAD_REQUEST, "That was not understood", said)
            }
            Code::FailedPrecondition | Code::AlreadyExists | Code::Aborted => {
                Self::new(StatusCode::CONFLICT, "That cannot be done now", said)
            }
            Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Cancelled => Self {
                retry_after: Some(platform::error::retry_after(&status).unwrap_or(Duration::from_secs(5))),
                ..Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "A service cannot be reached just now",
                    format!("{said} Nothing is lost. Try again in a few seconds."),
                )
            },
            Code::Unimplemented => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "A service is not served where it was looked for",
                "Tell whoever runs this system: check the addresses given with --peer.",
            ),
            Code::Ok | Code::Unknown | Code::Internal | Code::DataLoss => Self::new(
                StatusCode::BAD_GATEWAY,
                "A service failed",
                "It was written to that service's log. Try again; if it stays so, tell whoever runs this system.",
            ),
        }
    }
}

/// A service's words as a sentence.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().chain(chars).collect::<String>());
    first.map_or_else(String::new, |text| format!("{text}."))
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let main = html! {
            h1 { (self.title) }
            p { (self.remedy) }
            p.ways {
                @if self.retry_after.is_some() { a.button href="" { "Try again" } " " }
                a href="/" { "Start page" }
            }
            p.fine { "Status " (self.code.as_u16()) }
        };
        let frame = Frame { title: &self.title, viewer: None, follow: frame::Follow::Nothing };
        let response = (self.code, frame.page(&main)).into_response();
        self.mark(response)
    }
}
