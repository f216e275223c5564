//! All I/O, once: what every service shares and none writes again.
//!
//! Invariant: no service's words are known here. A service gives its deciders, projections and reactions; this crate runs them.
//!
//! Reading order: a command comes in by `server` and `auth`, is decided and appended by `command` and `log`, travels by `feed` (and the bus),
//! and is read by `projection` and `reaction`.

pub mod admin;
pub mod auth;
mod backoff;
pub mod bus;
pub mod caseload;
pub mod clock;
pub mod codes;
pub mod command;
pub mod config;
pub mod db;
pub mod drain;
pub mod error;
pub mod fault;
pub mod feed;
pub mod keys;
pub mod lists;
pub mod log;
mod methods;
pub mod metrics;
pub mod operations;
pub mod page;
pub mod peer;
pub mod people;
pub mod projection;
pub mod reaction;
pub mod records;
pub mod relay;
mod rest;
pub mod revision;
pub mod roots;
pub mod seal;
pub mod server;
pub mod service;
pub mod source;
pub mod store;
pub mod telemetry;
pub mod timer;
pub mod training;
pub mod wire;
