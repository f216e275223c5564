//! How a domain says no.
//! Invariant: a refusal is data that a caller can act on; it carries no personal data.

/// The four ways to say no; each is one gRPC code at the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// The thing is not there, or the caller may not know that it is.
    NotFound,
    /// What should be made exists.
    AlreadyExists,
    /// The thing's state does not allow it.
    FailedPrecondition,
    /// The caller sees the thing and may not do this to it.
    PermissionDenied,
}

/// A domain's no. `Display` is one sentence for the caller, lowercase, that says what to do.
pub trait Refusal: std::fmt::Debug + std::fmt::Display + PartialEq + Send + Sync + 'static {
    /// Which of the four it is.
    fn kind(&self) -> RefusalKind;
    /// Stable reason code for `google.rpc.ErrorInfo`, UPPER_SNAKE_CASE.
    fn reason(&self) -> &'static str;
}
