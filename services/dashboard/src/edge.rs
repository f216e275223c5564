//! What every request passes: it must be meant for us, and its answer is told to stay where it was shown.
//! Invariant: no answer leaves without these headers, errors included.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use platform::auth::Auth;

use crate::Dashboard;
use crate::failure::Failure;

/// Nothing but our own style, script and pictures; forms and followings to ourselves alone; in nobody's frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const STRICT: [(HeaderName, &str); 8] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (CACHE_CONTROL, "no-store"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

/// Refuses what was made elsewhere, and makes every answer strict.
pub(crate) async fn guard(State(dashboard): State<Arc<Dashboard>>, request: Request, next: Next) -> Response {
    let mut response = match refused(&dashboard.auth, request.method(), request.headers()) {
        Some(failure) => failure.into_response(),
        None => next.run(request).await,
    };
    for (name, value) in STRICT {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn refused(auth: &Auth, method: &Method, headers: &HeaderMap) -> Option<Failure> {
    // Without authentication whoever reaches us is believed. A name of elsewhere that was made to lead here (DNS rebinding) is how a foreign page would.
    if matches!(auth, Auth::Plain) && !headers.get(HOST).is_some_and(is_local) {
        return Some(Failure::new(
            StatusCode::MISDIRECTED_REQUEST,
            "Another name was asked for",
            "Without authentication these pages answer to localhost, 127.0.0.1 and [::1] alone.",
        ));
    }
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    let foreign = site.is_some_and(|site| !matches!(site, "same-origin" | "none"));
    (method == Method::POST && foreign).then(|| {
        Failure::new(
            StatusCode::FORBIDDEN,
            "A form of another site",
            "Forms are taken from our own pages alone; open the start page and send it from there.",
        )
    })
}

fn is_local(host: &HeaderValue) -> bool {
    let Ok(host) = host.to_str() else { return false };
    let port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let name = match host.rsplit_once(':') {
        Some((name, rest)) if port(rest) => name,
        Some(_) | None => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_local() {
        let local = |host: &str| is_local(&HeaderValue::from_str(host).unwrap());
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "127.3.2.1", "[::1]:8080", "[::1]"] {
            assert!(local(host), "{host}");
        }
        for host in
            ["evil.example:8080", "10.0.0.1", "localhost.evil.example", "", "127.0.0.1.evil.example:80"]
        {
            assert!(!local(host), "{host}");
        }
    }
}
