//! Statuses that were not made by us, made whole.
//! Invariant: what leaves has `ErrorInfo`, and a failure's inner text stays here.

use std::collections::HashMap;

use http::HeaderMap;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::error::{self, DOMAIN};
use crate::metrics::code_name;

/// Completes the status in a reply's headers or trailers, where it lacks anything, and tells its code; none without a status.
pub(super) fn complete(headers: &mut HeaderMap) -> Option<Code> {
    let code = headers.get("grpc-status")?;
    if code.as_bytes() == b"0" {
        return Some(Code::Ok);
    }
    let status = Status::from_header_map(headers)?;
    if error::reason(&status).is_some() {
        return Some(status.code());
    }
    let whole = amend(&status);
    for key in ["grpc-status", "grpc-message", "grpc-status-details-bin"] {
        headers.remove(key);
    }
    // Only a text that no header can hold would be refused, and it is percent-encoded.
    let _ = whole.add_header(headers);
    Some(whole.code())
}

/// The same status with a reason; those that tonic makes of a caller's fault say so.
fn amend(status: &Status) -> Status {
    let said = status.message();
    let code = status.code();
    // Texts of tonic 0.14; a test of each over a real socket notices when they change.
    if code == Code::OutOfRange && said.contains("message length too large") {
        let text = "the message is larger than this server takes; send less at once";
        let limit = super::MAX_MESSAGE_BYTES.to_string();
        return error::status_with(
            Code::ResourceExhausted,
            "MESSAGE_TOO_LARGE",
            text,
            [("limit_bytes", limit)],
        );
    }
    let unreadable =
        said.starts_with("failed to decode Protobuf message") || said == "Missing request message.";
    if code == Code::Internal && unreadable {
        let text = "the request's bytes are not the message that the method takes";
        return error::status(Code::InvalidArgument, "MALFORMED_MESSAGE", text);
    }
    match code {
        Code::Unimplemented if said.is_empty() || said.contains("not implemented") => {
            let text = "there is no such method here; reflection lists what there is";
            error::status(code, "NO_SUCH_METHOD", text)
        }
        Code::Internal | Code::Unknown | Code::DataLoss => {
            tracing::error!(grpc.code = code_name(code), grpc.message = said, "a call failed");
            error::status(Code::Internal, "INTERNAL", "something broke on our side; it has been logged")
        }
        Code::Ok
        | Code::Cancelled
        | Code::InvalidArgument
        | Code::DeadlineExceeded
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Unavailable
        | Code::Unauthenticated => {
            // Details without ErrorInfo are kept beside it.
            let mut details: ErrorDetails = status.get_error_details();
            details.set_error_info(code_name(code), DOMAIN, HashMap::new());
            Status::with_error_details_and_metadata(code, said, details, status.metadata().clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn completed(status: &Status) -> Status {
        let mut headers = HeaderMap::new();
        status.add_header(&mut headers).unwrap();
        complete(&mut headers);
        Status::from_header_map(&headers).unwrap()
    }

    #[test]
    fn a_status_without_a_reason_gets_one_and_keeps_its_text_and_details() {
        let whole = completed(&Status::not_found("no such thing"));
        assert_eq!((whole.code(), whole.message()), (Code::NotFound, "no such thing"));
        assert_eq!(error::reason(&whole).as_deref(), Some("NOT_FOUND"));

        let details = ErrorDetails::with_retry_info(Some(Duration::from_secs(1)));
        let whole = completed(&Status::with_error_details(Code::Unavailable, "later", details));
        assert_eq!(error::retry_after(&whole), Some(Duration::from_secs(1)));
        assert_eq!(error::reason(&whole).as_deref(), Some("UNAVAILABLE"));
    }

    #[test]
    fn a_status_with_a_reason_is_left_alone() {
        let whole = completed(&error::not_found("referral"));
        assert_eq!(error::reason(&whole).as_deref(), Some("NOT_FOUND"));
        assert!(whole.message().starts_with("no such referral"));
    }

    #[test]
    fn a_failures_text_stays_here() {
        for status in [Status::internal("secret of the disk"), Status::unknown("secret of the net")] {
            let whole = completed(&status);
            assert_eq!(whole.code(), Code::Internal);
            assert!(!whole.message().contains("secret"));
            assert_eq!(error::reason(&whole).as_deref(), Some("INTERNAL"));
        }
    }
}
