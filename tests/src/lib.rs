//! Real servers and real processes for tests: each started on a free port in a temporary directory, each gone with its guard.
//!
//! Invariant: nothing is skipped. What a test needs and cannot find or start fails that test with the remedy in its text.
//!
//! Reading order: [`tools`] (where binaries are), [`ports`] (a port that stays ours), [`child`] (a process that cannot outlive the
//! tests), [`postgres`], [`reads`] (what a plan costs there), [`nats`], [`process`] (our own binary), [`ground`] (what several of it stand on), [`http`], [`issuer`] (who vouches for callers), [`tls`] (and for servers), [`extras`] (data that may be there), [`dice`], [`say`] (what people allow), [`contract`] (messages of every kind), [`golden`] (their
//! bytes for ever), [`nasty`] (a bus at its worst).

pub mod alone;
pub mod child;
pub mod contract;
pub mod dice;
pub mod extras;
pub mod golden;
pub mod ground;
pub mod http;
pub mod issuer;
pub mod nasty;
pub mod nats;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod reads;
pub mod say;
pub mod tls;
pub mod tools;
pub mod world;

pub use alone::{Alone, OnStore};
pub use dice::Dice;
pub use extras::extra;
pub use ground::Ground;
pub use issuer::Issuer;
pub use nats::{Nats, Version};
pub use postgres::Postgres;
pub use process::{Launch, Process};
