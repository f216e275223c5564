//! What every domain shares and nothing else: how decisions are made, whose they are, who may see what, and how they are tested.
//!
//! Invariant: pure. No runtime, wire, database or bus is a dependency of this crate, and nothing here asks what time it is.
//!
//! Reading order: [`decider`] (a stream decides), [`refusal`] (and says no), [`ids`], [`actor`] (who speaks), [`time`], [`local`] (wall times),
//! [`practice`] and [`skill`] (what services do and people train), [`private`] (text that the domain carries and never reads), [`record`] (facts from elsewhere), [`class`], [`directive`], [`emergency`] and [`may`] (who sees
//! what, by the person's say), [`spec`] (given, when, then).

pub mod actor;
pub mod class;
pub mod decider;
pub mod directive;
pub mod emergency;
pub mod ids;
pub mod local;
pub mod may;
pub mod practice;
pub mod private;
pub mod record;
pub mod refusal;
pub mod shifts;
pub mod skill;
pub mod spec;
pub mod time;

pub use actor::{Actor, By, Caller, Role, Voice};
pub use class::{Class, Part};
pub use decider::Decider;
pub use directive::{Directive, Purpose, Recipients, Scope, Standing};
pub use emergency::Emergency;
pub use ids::{AgencyId, DirectiveId, EmergencyId, OfferId, PersonId, StreamId, UnitGroupId, WorkerId};
pub use local::{Local, WallTimeKind};
pub use private::{Private, Words};
pub use record::{Discrepancy, Source, known_longer};
pub use refusal::{Refusal, RefusalKind};
pub use shifts::{Shift, Shifts, WeeklyShift};
pub use spec::given;
pub use time::{Day, Occurred, Precision, SignedDuration, Timestamp, Zone};
