//! The two shapes of a service's methods: one function of the service does the work, and the trait's method is its envelope.
//! Invariant: nothing is decided here. Every command replies what was written in the same words.

/// A method that writes and replies what was written; its function gives `Done`.
///
/// `writes!(self, request, referrals::accept, pb::AcceptReferralResponse)` is the whole body of the trait's method.
#[macro_export]
macro_rules! writes {
    ($self:ident, $request:ident, $does:path, $($response:ident)::+) => {{
        let done = $does($self, &$request).await?;
        Ok(::tonic::Response::new($($response)::+ { written: Some(done.into()) }))
    }};
}

/// A method whose function gives the whole reply: every read, and a write that tells more than what was written.
#[macro_export]
macro_rules! replies {
    ($self:ident, $request:ident, $does:path) => {
        Ok(::tonic::Response::new($does($self, &$request).await?))
    };
}
