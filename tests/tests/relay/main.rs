//! The relay and the tail over real NATS servers, newest and oldest: whatever happens to server, store, log or relay, what stands in the stream is the
//! log, and a reader has every event once.
//!
//! Invariant: every case runs on both servers, and each compares the stream with the log byte for byte when it is done.

mod ahead;
mod away;
mod duels;
mod fixture;
mod kept;
mod order;
mod tails;
