//! The rules of therapy, told as what was, what is asked and what comes of it.
//! Invariant: everybody here is invented, and no test knows a clock.

mod appointment;
mod booking;
mod diary;
mod episode;
mod practitioner;

use std::collections::BTreeSet;

use kernel::{AgencyId, By, Local, Occurred, PersonId, Timestamp, WorkerId, Zone};

use super::appointment::Content as AppointmentContent;
use super::episode::Facts;
use super::practitioner::Content as PractitionerContent;
use super::{AppointmentId, EpisodeId, GoalId, Modality, PlanItemId, Profession, ReferralId};

const CLINIC: AgencyId = AgencyId::of(1);
const SHELTER: AgencyId = AgencyId::of(2);
const ANA: PersonId = PersonId::of(10);
const BEN: PersonId = PersonId::of(11);
const DR_OLIVE: WorkerId = WorkerId::of(20);
const DR_PINE: WorkerId = WorkerId::of(21);
const EPISODE: EpisodeId = EpisodeId::of(30);
const FIRST: AppointmentId = AppointmentId::of(40);
const SECOND: AppointmentId = AppointmentId::of(41);
const BY_CLINIC: By = By::Agency(CLINIC);
const BY_SHELTER: By = By::Agency(SHELTER);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn on(text: &str) -> Occurred {
    Occurred::instant(at(text))
}

fn chicago() -> Zone {
    Zone::named("America/Chicago").unwrap()
}

fn cbt() -> Modality {
    Modality::stored("cbt")
}

fn therapist() -> PractitionerContent {
    PractitionerContent {
        name: "Dr Olive Sample".into(),
        profession: Profession::Therapist,
        licence: "SAMPLE-1".into(),
        modalities: BTreeSet::from([cbt()]),
        zone: chicago(),
    }
}

fn facts() -> Facts {
    Facts {
        id: EPISODE,
        person: ANA,
        agency: CLINIC,
        modality: cbt(),
        referral: Some(ReferralId::of(50)),
        goal: Some(GoalId::of(51)),
        plan_items: vec![PlanItemId::of(52)],
        part2: false,
    }
}

/// Tuesday 10:00 to 10:50 in Chicago.
fn tuesday(id: AppointmentId) -> AppointmentContent {
    hour(id, "2026-03-10T10:00")
}

fn hour(id: AppointmentId, wall: &str) -> AppointmentContent {
    AppointmentContent {
        id,
        person: ANA,
        agency: CLINIC,
        practitioner: Some(DR_OLIVE),
        episode: Some(EPISODE),
        modality: Some(cbt()),
        start: Local::new(wall.parse().unwrap(), chicago()),
        minutes: 50,
        setting: 1,
        part2: false,
        approach: None,
    }
}

/// The Monday before.
fn monday() -> Timestamp {
    at("2026-03-09T12:00:00-05:00")
}

/// The hour after the Tuesday appointment.
fn tuesday_after() -> Timestamp {
    at("2026-03-10T11:00:00-05:00")
}
