//! Everything that leaves as a gRPC status, with its reason.
//! Invariant: each status made here carries `google.rpc.ErrorInfo` (AIP-193), and none shows a failure's inner text.

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use kernel::{Refusal, RefusalKind};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::db::StoreError;
use crate::log::AppendError;

/// `ErrorInfo.domain` of every status.
pub const DOMAIN: &str = "throughline";

/// A field of a request that did not parse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {why}")]
pub struct BadField {
    /// Path of the field as the request spells it: `contact.occurred.zone`.
    pub field: String,
    /// What is wrong and what to send instead, so that "`field` `why`" is a sentence. Never the value itself.
    pub why: String,
}

impl BadField {
    /// That field, for that reason.
    pub fn new(field: impl Into<String>, why: impl Into<String>) -> Self {
        Self { field: field.into(), why: why.into() }
    }

    /// The same complaint, about a field inside `outer`.
    pub fn within(self, outer: &str) -> Self {
        Self { field: format!("{outer}.{}", self.field), why: self.why }
    }
}

impl From<BadField> for Status {
    fn from(bad: BadField) -> Self {
        bad_fields(vec![bad])
    }
}

/// Everything that a status may carry beside code and text.
struct Leaving<'a> {
    code: Code,
    reason: &'a str,
    metadata: HashMap<String, String>,
    retry_after: Option<Duration>,
}

impl<'a> Leaving<'a> {
    fn new(code: Code, reason: &'a str) -> Self {
        Self { code, reason, metadata: HashMap::new(), retry_after: None }
    }

    fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    fn details(self) -> ErrorDetails {
        let mut details = ErrorDetails::with_error_info(self.reason, DOMAIN, self.metadata);
        if let Some(after) = self.retry_after {
            details.set_retry_info(Some(after));
        }
        details
    }

    fn saying(self, text: impl Into<String>) -> Status {
        let code = self.code;
        Status::with_error_details(code, text, self.details())
    }
}

/// A status with this reason code (UPPER_SNAKE_CASE) and text. The text goes to the caller: no personal data.
pub fn status(code: Code, reason: &str, text: impl Into<String>) -> Status {
    Leaving::new(code, reason).saying(text)
}

/// The same, with metadata for `ErrorInfo`.
pub fn status_with<'a>(
    code: Code,
    reason: &str,
    text: impl Into<String>,
    metadata: impl IntoIterator<Item = (&'a str, String)>,
) -> Status {
    let metadata = metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Leaving { metadata, ..Leaving::new(code, reason) }.saying(text)
}

/// A domain's no.
pub fn refused(refusal: &impl Refusal) -> Status {
    let code = match refusal.kind() {
        RefusalKind::NotFound => Code::NotFound,
        RefusalKind::AlreadyExists => Code::AlreadyExists,
        RefusalKind::FailedPrecondition => Code::FailedPrecondition,
        RefusalKind::PermissionDenied => Code::PermissionDenied,
    };
    status(code, refusal.reason(), refusal.to_string())
}

/// INVALID_ARGUMENT: one field did not parse.
pub fn bad_field(field: impl Into<String>, why: impl Into<String>) -> Status {
    BadField::new(field, why).into()
}

/// INVALID_ARGUMENT: these fields did not parse.
pub fn bad_fields(bad: Vec<BadField>) -> Status {
    let text = bad.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let fields = bad.iter().map(|bad| bad.field.as_str()).collect::<Vec<_>>().join(",");
    let mut leaving = Leaving::new(Code::InvalidArgument, "BAD_FIELD");
    leaving.metadata.insert("fields".to_owned(), fields);
    let mut details = leaving.details();
    for bad in bad {
        details.add_bad_request_violation(bad.field, bad.why);
    }
    Status::with_error_details(Code::InvalidArgument, text, details)
}

/// NOT_FOUND: `what` (as in "referral") is not there, or the caller may not know that it is.
pub fn not_found(what: &str) -> Status {
    status(Code::NotFound, "NOT_FOUND", format!("no such {what}, or it is not for you to see"))
}

/// ABORTED: the caller's etag names a version that is no longer the current one.
pub fn etag_mismatch() -> Status {
    let text = "the record changed since you read it; read it again and send its new etag";
    status(Code::Aborted, "ETAG_MISMATCH", text)
}

/// ABORTED: others changed the same record at the same time, more often than we try.
pub fn lost_race() -> Status {
    status(
        Code::Aborted,
        "LOST_RACE",
        "others changed the same record at the same time; send the request again",
    )
}

/// UNAVAILABLE: what the registry says cannot be told now.
pub fn registry_unknown() -> Status {
    let text = "what the registry says of it cannot be told now; try again";
    unavailable("REGISTRY_UNKNOWN", text, Duration::from_secs(1))
}

/// FAILED_PRECONDITION: something to come was planned of somebody who is told to have died.
pub fn person_died() -> Status {
    let text = "the person died, so nothing more is planned with them; where that was told by mistake take it back with MarkDeathEnteredInError of \
                the registry first; what happened before the death can be put down with the matching Record method";
    status(Code::FailedPrecondition, "PERSON_DIED", text)
}

/// INVALID_ARGUMENT: a request id that was used for another request.
pub fn request_reused() -> Status {
    let text = "request_id was used for another request; make a new one for each new request";
    let mut details = ErrorDetails::with_error_info("REQUEST_ID_REUSED", DOMAIN, HashMap::new());
    details.add_bad_request_violation("request_id", "was used for another request");
    Status::with_error_details(Code::InvalidArgument, text, details)
}

/// RESOURCE_EXHAUSTED: more asked for than we take at once. Try again after that long.
pub fn overloaded(retry_after: Duration) -> Status {
    Leaving::new(Code::ResourceExhausted, "OVERLOADED")
        .retry_after(retry_after)
        .saying("more is asked for than can be taken at once; try again a little later")
}

/// UNAVAILABLE, with a reason of the caller's choice and when to try again.
pub fn unavailable(reason: &str, text: impl Into<String>, retry_after: Duration) -> Status {
    Leaving::new(Code::Unavailable, reason).retry_after(retry_after).saying(text)
}

/// DEADLINE_EXCEEDED: the caller's time, or ours, ran out. What was asked may have happened; the same request id tells.
pub fn deadline_exceeded() -> Status {
    let text = "the deadline passed before the reply was ready; a command may still have been done: send it again with the same request_id";
    status(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", text)
}

/// UNAUTHENTICATED: we do not know who calls. `why` says what to send.
pub fn unauthenticated(why: impl Into<String>) -> Status {
    status(Code::Unauthenticated, "UNAUTHENTICATED", why)
}

/// PERMISSION_DENIED: known, and not allowed. `why` says what would be.
pub fn denied(reason: &str, why: impl Into<String>) -> Status {
    status(Code::PermissionDenied, reason, why)
}

/// INTERNAL: the world broke in a way that trying again does not mend. The whole chain is logged once, the caller learns nothing of it.
#[track_caller]
pub fn failed(err: impl Error) -> Status {
    log(&err);
    status(Code::Internal, "INTERNAL", "something broke on our side; it has been logged")
}

/// UNAVAILABLE: the world broke and may soon be whole. Logged and hidden as by [`failed`].
#[track_caller]
pub fn away(err: impl Error) -> Status {
    log(&err);
    unavailable(
        "UNAVAILABLE",
        "a part of the system is away for the moment; try again",
        Duration::from_millis(500),
    )
}

#[track_caller]
fn log(err: &impl Error) {
    let place = std::panic::Location::caller();
    tracing::error!(error.chain = chain(err), error.place = %place, "a request failed");
}

/// An error and its sources in one line, outermost first.
pub fn chain(err: &dyn Error) -> String {
    let mut text = err.to_string();
    let mut inner = err.source();
    while let Some(source) = inner {
        let said = source.to_string();
        // Libraries often repeat their source's text in their own.
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        inner = source.source();
    }
    text
}

/// The reason code that a status carries, if any.
pub fn reason(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}

/// The reason where the person was erased.
pub const ERASED: &str = "PERSON_ERASED";
/// The reason where the registry knows no such person.
pub const NOBODY: &str = "PERSON_NOT_FOUND";

/// Whether it was refused because the person was erased: nothing more is written about them, however long anybody waits.
pub fn of_erased(status: &Status) -> bool {
    reason(status).as_deref() == Some(ERASED)
}

/// Whether it was refused because the person is gone: erased, or not known to the registry, as after it was restored from before it knew them. That is an
/// answer for good.
pub fn of_gone(status: &Status) -> bool {
    matches!(reason(status).as_deref(), Some(ERASED | NOBODY))
}

/// When a status says to try again, if it does.
pub fn retry_after(status: &Status) -> Option<Duration> {
    status.get_details_retry_info().and_then(|info| info.retry_delay)
}

impl From<StoreError> for Status {
    #[track_caller]
    fn from(err: StoreError) -> Self {
        if err.retryable() { away(err) } else { failed(err) }
    }
}

impl From<AppendError> for Status {
    #[track_caller]
    fn from(err: AppendError) -> Self {
        match err {
            AppendError::Conflict { .. } | AppendError::CursorMoved => lost_race(),
            AppendError::ClaimTaken { .. } => status(
                Code::AlreadyExists,
                "ALREADY_TAKEN",
                "another record has what there can be only one of",
            ),
            AppendError::RequestReused => request_reused(),
            AppendError::LogReplaced => unavailable(
                "LOG_BEHIND",
                "the log was restored and takes nothing until an operator has forked it; try again later",
                Duration::from_secs(30),
            ),
            AppendError::Overloaded { retry_after } => overloaded(retry_after),
            AppendError::DeadlineExceeded => deadline_exceeded(),
            AppendError::TooLarge { limit, size } => status(
                Code::InvalidArgument,
                "TOO_LARGE",
                format!("what this would write is {size} bytes and {limit} is the most; shorten the texts"),
            ),
            AppendError::Unavailable(err) => err.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, thiserror::Error)]
    #[error("the referral was answered; open a new one")]
    struct AlreadyAnswered;

    impl Refusal for AlreadyAnswered {
        fn kind(&self) -> RefusalKind {
            RefusalKind::FailedPrecondition
        }
        fn reason(&self) -> &'static str {
            "ALREADY_ANSWERED"
        }
    }

    #[test]
    fn a_refusal_leaves_with_its_own_reason_and_sentence() {
        let status = refused(&AlreadyAnswered);
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(status.message(), "the referral was answered; open a new one");
        let info = status.get_details_error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("ALREADY_ANSWERED", "throughline"));
    }

    #[test]
    fn a_bad_field_is_named_twice_in_bad_request_and_in_error_info() {
        let status: Status = BadField::new("zone", "is not an IANA time zone name").within("occurred").into();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.message(), "occurred.zone is not an IANA time zone name");
        let bad = status.get_details_bad_request().unwrap();
        assert_eq!(bad.field_violations[0].field, "occurred.zone");
        let info = status.get_details_error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.metadata["fields"].as_str()), ("BAD_FIELD", "occurred.zone"));
    }

    #[test]
    fn a_failure_hides_its_text_and_an_overload_says_when_to_come_back() {
        let broke = std::io::Error::other("disk of secret name broke");
        let status = failed(broke);
        assert_eq!(status.code(), Code::Internal);
        assert!(!status.message().contains("secret"));
        assert_eq!(reason(&status).as_deref(), Some("INTERNAL"));

        let status = overloaded(Duration::from_millis(250));
        assert_eq!(retry_after(&status), Some(Duration::from_millis(250)));
        assert_eq!(reason(&status).as_deref(), Some("OVERLOADED"));
    }

    #[test]
    fn a_chain_is_told_once_and_in_order() {
        #[derive(Debug, thiserror::Error)]
        #[error("the log could not be read")]
        struct Outer(#[source] std::io::Error);
        let err = Outer(std::io::Error::other("no space left"));
        assert_eq!(chain(&err), "the log could not be read: no space left");
    }
}
