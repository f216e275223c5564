//! What happens to a placement.
//! Invariant: an event is settled; it says all that a later reader needs to know of it.

use std::collections::BTreeSet;

use kernel::{Day, Discrepancy, Occurred, PersonId, WorkerId, Zone};

use super::{Assigned, Facts, Recorded};
use crate::domain::codes::{CancelReason, ProjectType, RefusalReason};
use crate::domain::days::Month;
use crate::domain::place::Place;
use crate::domain::{FactId, PlacementId, PlanItemId, ReferralId, UnitId};

/// What happens to a placement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody is meant for a place.
    Matched {
        /// What it is about.
        facts: Facts,
        /// The unit, where known.
        unit: Option<Assigned>,
        /// When.
        at: Occurred,
    },
    /// It has its unit, or another.
    UnitAssigned {
        /// The unit, and from when.
        unit: Assigned,
        /// The unit before.
        previous: Option<UnitId>,
        /// Where the day is told.
        zone: Zone,
    },
    /// It carries out these items of the person's plan.
    PlanNamed {
        /// When that was said.
        at: Occurred,
        /// All of them.
        items: Vec<PlanItemId>,
    },
    /// Somebody of the agency takes care of it from now on, or nobody does.
    WorkerAssigned {
        /// Who.
        worker: Option<WorkerId>,
        /// Who handed it over.
        from: Option<WorkerId>,
        /// Since when.
        at: Occurred,
    },
    /// The place was offered.
    Offered {
        /// When.
        at: Occurred,
    },
    /// The person accepted.
    Accepted {
        /// When.
        at: Occurred,
    },
    /// The person declined.
    Declined {
        /// When.
        at: Occurred,
        /// The referral that opened it.
        referral: Option<ReferralId>,
    },
    /// The provider refused.
    Refused {
        /// When.
        at: Occurred,
        /// Why.
        reason: RefusalReason,
        /// The referral that opened it.
        referral: Option<ReferralId>,
    },
    /// The person did not come.
    NotArrived {
        /// When.
        at: Occurred,
        /// The referral that opened it.
        referral: Option<ReferralId>,
    },
    /// The agency called it off.
    Cancelled {
        /// When.
        at: Occurred,
        /// Why.
        reason: CancelReason,
        /// The referral that opened it.
        referral: Option<ReferralId>,
    },
    /// The application was taken back.
    Withdrawn {
        /// When.
        at: Occurred,
        /// The referral that opened it.
        referral: Option<ReferralId>,
    },
    /// Somebody entered the project.
    Admitted {
        /// On which day.
        on: Day,
        /// Where the day is told.
        zone: Zone,
        /// Type of the project.
        project: ProjectType,
        /// The unit, where known.
        unit: Option<UnitId>,
        /// The referral that opened it.
        referral: Option<ReferralId>,
    },
    /// Somebody moved into the home.
    MovedIn {
        /// On which day.
        on: Day,
        /// Where the day is told.
        zone: Zone,
        /// Type of the project.
        project: ProjectType,
        /// The unit, where known.
        unit: Option<UnitId>,
    },
    /// Somebody left the project.
    Exited {
        /// On which day.
        on: Day,
        /// Where the day is told.
        zone: Zone,
        /// Where to.
        destination: Place,
        /// The referral that opened it.
        referral: Option<ReferralId>,
    },
    /// Put down from elsewhere; `correction` where it replaces an earlier telling.
    Recorded {
        /// What is kept of it.
        recorded: Box<Recorded>,
        /// Whether it replaces an earlier telling.
        correction: bool,
    },
    /// The bed nights of a month as they now stand.
    NightsCounted {
        /// The month.
        month: Month,
        /// All its nights.
        nights: BTreeSet<Day>,
        /// The fact by which a source told them; none where they were counted here.
        fact: Option<FactId>,
        /// Where the days are told.
        zone: Zone,
        /// Whether it takes back a night counted before.
        correction: bool,
        /// What today's guards would have refused; of a record alone.
        discrepancies: Vec<Discrepancy>,
    },
    /// The bed nights of a month were never meant.
    NightsEnteredInError {
        /// The month.
        month: Month,
        /// The facts by which sources had told its nights.
        facts: BTreeSet<FactId>,
        /// Where its days are told.
        zone: Zone,
    },
    /// Never meant.
    EnteredInError {
        /// Which.
        id: PlacementId,
        /// About whom it was: a correction may give the placement to another person.
        person: PersonId,
        /// The referral that opened it.
        referral: Option<ReferralId>,
    },
}
