//! All I/O, once: what every service shares and none writes again.
//!
//! Invariant: no service's words are known here. A service gives its deciders, projections and reactions; this crate runs them.
//!
//! Reading order: a command comes in by `server` and `auth`, is decided and appended by `command` and `log`, travels by `feed` (and the bus),
//! and is read by `projection` and `reaction`.

pub mod auth;
mod backoff;
pub mod clock;
pub mod codes;
pub mod command;
pub mod error;
pub mod fault;
pub mod feed;
pub mod keys;
pub mod seal;
pub mod drain;
pub mod metrics;
pub mod page;
pub mod people;
pub mod revision;
pub mod service;
pub mod wire;
pub mod telemetry;
pub mod db;
pub mod log;
pub mod store;
pub mod admin;
pub mod server;
pub mod projection;
pub mod source;
pub mod reaction;
pub mod timer;
pub mod peer;
