//! All I/O, once: what every service shares and none writes again.
//!
//! Invariant: no service's words are known here. A service gives its deciders, projections and reactions; this crate runs them.
//!
//! Reading order: a command comes in by `server` and `auth`, is decided and appended by `command` and `log`, travels by `feed` (and the bus),
//! and is read by `projection` and `reaction`.

pub mod auth;
pub mod clock;
pub mod codes;
pub mod command;
pub mod error;
pub mod fault;
pub mod keys;
pub mod seal;
pub mod drain;
pub mod metrics;
pub mod page;
pub mod revision;
pub mod wire;
pub mod telemetry;
pub mod db;
pub mod log;
pub mod store;
