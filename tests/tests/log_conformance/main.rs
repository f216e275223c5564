//! One suite for both stores of the log: what holds on SQLite holds on PostgreSQL, word for word.
//!
//! Invariant: every case runs on both, but for those about what only one of them has. After each the whole log is audited.

mod cases;
mod fixture;
mod model;
mod own;
mod tables;
mod waiting;
