//! The server over real sockets: each way in which a call can end, and each way in which a connection can.
//! Invariant: nothing here waits for a time to pass where it can wait for a thing to happen.

mod calls;
mod connections;
pub(crate) mod harness;
mod spans;
