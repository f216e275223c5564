//! A caller's deadline, as gRPC sends it.
//! Invariant: it only ever shortens what we would allow.

use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;
use tonic::Status;

use crate::error;

/// Until when a call has to be answered; an extension of the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(pub Instant);

/// What `grpc-timeout` asks for, if it is sent.
pub(super) fn asked(headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    let Some(value) = headers.get("grpc-timeout") else { return Ok(None) };
    value
        .to_str()
        .ok()
        .and_then(parse)
        .map(Some)
        .ok_or_else(|| error::bad_field("grpc-timeout", "is not up to 8 digits and one of H, M, S, m, u, n"))
}

/// "gRPC over HTTP2": at most eight digits and a unit.
fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if !(1..=8).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3_600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_digits_and_a_unit() {
        assert_eq!(parse("250m"), Some(Duration::from_millis(250)));
        assert_eq!(parse("2H"), Some(Duration::from_secs(7_200)));
        assert_eq!(parse("99999999H"), Some(Duration::from_secs(99_999_999 * 3_600)));
        for text in ["", "m", "5", "5s", "123456789m", "-5m", "+5m", "5é"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
