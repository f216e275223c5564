//! What happens to a participation.
//! Invariant: an event says what happened, so folding never asks whether it was allowed.

use kernel::{Occurred, PersonId, WorkerId};

use super::{Facts, Recorded};
use crate::domain::contact::Contact;
use crate::domain::referral::{ClosingReason, HoldReason};
use crate::domain::{ParticipationId, PlanItemId};

/// What happens to a participation.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// It began.
    Started {
        /// What it is about.
        facts: Facts,
        /// When.
        at: Occurred,
    },
    /// It carries out these items of the person's plan.
    PlanNamed {
        /// The participation.
        id: ParticipationId,
        /// The person.
        person: PersonId,
        /// Whether the programme falls under 42 CFR Part 2.
        part2: bool,
        /// All of them.
        items: Vec<PlanItemId>,
    },
    /// A contact.
    ContactMade {
        /// The participation.
        id: ParticipationId,
        /// The person.
        person: PersonId,
        /// Whether the programme falls under 42 CFR Part 2.
        part2: bool,
        /// The contact.
        contact: Contact,
    },
    /// It rests.
    Paused {
        /// The participation.
        id: ParticipationId,
        /// The person.
        person: PersonId,
        /// Whether the programme falls under 42 CFR Part 2.
        part2: bool,
        /// Why.
        reason: HoldReason,
        /// Since when.
        at: Occurred,
    },
    /// It goes on.
    Resumed {
        /// The participation.
        id: ParticipationId,
        /// The person.
        person: PersonId,
        /// Whether the programme falls under 42 CFR Part 2.
        part2: bool,
        /// Since when.
        at: Occurred,
    },
    /// It ended.
    Ended {
        /// The participation.
        id: ParticipationId,
        /// The person.
        person: PersonId,
        /// Whether the programme falls under 42 CFR Part 2.
        part2: bool,
        /// When.
        at: Occurred,
        /// Why.
        reason: ClosingReason,
    },
    /// Somebody of the agency takes care of it from now on, or nobody does.
    Assigned {
        /// The participation.
        id: ParticipationId,
        /// The person.
        person: PersonId,
        /// Whether the programme falls under 42 CFR Part 2.
        part2: bool,
        /// Who.
        worker: Option<WorkerId>,
        /// Who handed it over.
        from: Option<WorkerId>,
        /// Since when.
        at: Occurred,
    },
    /// Put down from elsewhere; `correction` where it replaces an earlier telling.
    Recorded {
        /// What was told.
        told: Box<Recorded>,
        /// Whether it replaces an earlier telling.
        correction: bool,
    },
    /// Never meant.
    EnteredInError {
        /// The participation.
        id: ParticipationId,
        /// The person.
        person: PersonId,
    },
}
