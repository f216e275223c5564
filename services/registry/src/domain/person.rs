//! A record of one human: who they are, what identifies them, who serves them, and which other records are of the same human.
//! Invariant: records are linked, never merged; each lies in a tree with one canonical record at its root, and an erased record takes nothing more.

mod about;
mod around;
mod command;
mod decide;
mod event;
mod links;
mod marks;
mod refusal;
mod representative;
mod state;

pub use about::About;
pub use around::{Around, Ask as AroundAsk, ByWriter, Change, CrisisContact, Membership, Relationship};
pub use command::{Command, Told};
pub use event::{ContactPoint, Details, Event, Identifier, Quality, Scope, Use};
pub use links::{Link, link, never_link, unlink};
pub use marks::{Death, DeathSource, Mark, Restriction, RestrictionReason, death_in_error};
pub use refusal::Refusal;
pub use representative::{Matter, Relation, Representative, Representatives};
pub use state::{Held, Known, State, numbers_changed};

/// A person's record; one stream for each.
pub struct Person;
