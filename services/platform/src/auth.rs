//! Who calls: settled at the edge, from a verified token or, on loopback alone, from plain metadata.
//! Invariant: no handler runs for a caller that could not be told; nothing else in the system decides who somebody is.

use kernel::{Caller, Role};
use tonic::Status;

use crate::error;

/// The caller as the server's edge established it.
///
/// # Errors
/// UNAUTHENTICATED where the request came by a way that has no edge.
pub fn caller<T>(request: &tonic::Request<T>) -> Result<Caller, Status> {
    request
        .extensions()
        .get::<Caller>()
        .cloned()
        .ok_or_else(|| error::unauthenticated("nothing tells who calls; send who you are with the request"))
}

/// Whether the caller's role is one of those allowed; asked before anything of the request is looked at.
///
/// # Errors
/// PERMISSION_DENIED, reason ROLE_NOT_ALLOWED, naming the roles that would do.
pub fn require_role(caller: &Caller, allowed: &[Role]) -> Result<(), Status> {
    if allowed.contains(&caller.role) {
        return Ok(());
    }
    let roles = allowed.iter().map(|role| role.name()).collect::<Vec<_>>().join(", ");
    let text = format!("the role {} may not do this; it takes one of: {roles}", caller.role.name());
    Err(error::denied("ROLE_NOT_ALLOWED", text))
}
