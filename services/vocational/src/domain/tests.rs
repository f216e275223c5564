//! Given, when, then: every command of every aggregate in every state that matters.
//! Invariant: the people, agencies and jobs here are numbers; nobody is meant.

mod case;
mod job;
mod report;
mod terms;
mod work;

use kernel::{AgencyId, By, Day, Occurred, PersonId, Private, Timestamp, WorkerId, Zone};

use super::{CaseId, Contact, ContactId, JobId, ReferralId, Setting};

const WORKS: AgencyId = AgencyId::of(1);
const ELSEWHERE: AgencyId = AgencyId::of(2);
const ANA: PersonId = PersonId::of(10);
const BEN: PersonId = PersonId::of(11);
const SPECIALIST: WorkerId = WorkerId::of(20);
const CASE: CaseId = CaseId::of(30);
const JOB: JobId = JobId::of(40);
const REFERRAL: ReferralId = ReferralId::of(50);

const AGENCY: By = By::Agency(WORKS);
const STRANGER: By = By::Agency(ELSEWHERE);
const PERSON: By = By::Person(ANA);
const SOMEBODY: By = By::Person(BEN);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn monday() -> Occurred {
    Occurred::instant(at("2026-03-02T15:00:00Z"))
}

fn tuesday() -> Occurred {
    Occurred::instant(at("2026-03-03T15:00:00Z"))
}

fn chicago() -> Zone {
    Zone::named("America/Chicago").unwrap()
}

fn diner() -> Private {
    Private::plain("Invented Diner")
}

fn contact(number: u128, setting: Setting, reached: bool) -> Contact {
    Contact {
        id: ContactId::of(number),
        occurred: tuesday(),
        minutes: 30,
        setting,
        reached,
        purpose: "career-planning".into(),
        workers: vec![SPECIALIST],
        approach: None,
    }
}
