//! Participations.

use kernel::ids::Uuid;
use kernel::{Day, Decider, Occurred, given};

use super::*;
use crate::domain::contact::Contact;
use crate::domain::participation::{
    self, Command, End, Event, Facts, Participation, Recorded, Refusal, Situation,
};
use crate::domain::{ParticipationId, PlanItemId};

pub(super) const TAKING_PART: ParticipationId = ParticipationId::of(40);

pub(super) fn about() -> Facts {
    Facts {
        id: TAKING_PART,
        person: ANA,
        agency: CLINIC,
        offer: OFFER,
        offer_name: "Kitchen skills".into(),
        practice: "skills-training".into(),
        referral: None,
        part2: false,
        zero_exclusion: false,
    }
}

pub(super) fn at(text: &str) -> Occurred {
    Occurred::instant(text.parse().unwrap())
}

pub(super) fn started() -> Event {
    Event::Started { facts: about(), at: at("2026-03-04T18:00:00Z") }
}

/// A participation that goes on.
pub(super) fn going_on() -> Vec<Event> {
    vec![started()]
}

/// One that has ended.
pub(super) fn over() -> Vec<Event> {
    vec![started(), ended()]
}

pub(super) fn ended() -> Event {
    let at = at("2026-04-01T18:00:00Z");
    Event::Ended { id: TAKING_PART, person: ANA, part2: false, at, reason: ClosingReason::CompletedEarly }
}

pub(super) fn contact(id: u128) -> Contact {
    Contact {
        id: Uuid::from_u128(id),
        occurred: at("2026-03-10T18:00:00Z"),
        minutes: 30,
        setting: 2,
        reached: true,
        purpose: "lesson".into(),
        workers: vec![],
        approach: None,
    }
}

fn told(code: u32) -> Box<Recorded> {
    told_of(Some(left(None, code)), None)
}

pub(super) fn left(reason: Option<ClosingReason>, destination: u32) -> End {
    End { at: at("2026-04-01T18:00:00Z"), reason, destination }
}

pub(super) fn told_of(ended: Option<End>, known_until: Option<Day>) -> Box<Recorded> {
    Box::new(Recorded::new(about(), at("2026-03-04T18:00:00Z"), ended, known_until))
}

#[test]
fn a_death_ends_what_goes_on_and_never_before_it_began() {
    let death = |when| Command::EndForDeath { at: at(when) };
    let ended = |when| Event::Ended {
        id: TAKING_PART,
        person: ANA,
        part2: false,
        at: at(when),
        reason: ClosingReason::Died,
    };
    let day = "2026-03-20T05:00:00Z";
    given::<Participation>(going_on()).when(death(day)).then([ended(day)]);
    given::<Participation>(going_on())
        .when(death("2026-03-01T05:00:00Z"))
        .then([ended("2026-03-04T18:00:00Z")]);
    let in_error = vec![started(), Event::EnteredInError { id: TAKING_PART, person: ANA }];
    for over in [vec![], over(), in_error, vec![started(), ended(day)]] {
        given::<Participation>(over).when(death(day)).nothing();
    }
    // Whoever died went where HMIS 3.12 says: deceased.
    let after = Participation::fold(&[started(), ended(day)]);
    let participation::State::Made { situation, .. } = after else { panic!("it was begun") };
    let reason = Some(ClosingReason::Died);
    assert_eq!(situation, Situation::Ended(End { at: at(day), reason, destination: 24 }));
}

#[test]
fn it_begins_once_by_the_agency_that_serves_or_by_the_loop() {
    let start = |by| Command::Start { by, facts: about(), at: at("2026-03-04T18:00:00Z") };
    given::<Participation>([]).when(start(by(CLINIC))).then([started()]);
    given::<Participation>([]).when(start(By::System)).then([started()]);
    given::<Participation>([started()]).when(start(By::System)).nothing();
    given::<Participation>([]).when(start(by(SHELTER))).refused(Refusal::NotFound);
    let other = Command::Start {
        by: by(CLINIC),
        facts: Facts { offer: OfferId::of(9), ..about() },
        at: at("2026-03-04T18:00:00Z"),
    };
    given::<Participation>([started()]).when(other).refused(Refusal::AlreadyExists);
}

#[test]
fn a_contact_is_noted_once_and_after_the_end_only_as_a_record() {
    let note = |by, recorded| Command::AddContact { by, contact: contact(1), recorded };
    let made = Event::ContactMade { id: TAKING_PART, person: ANA, part2: false, contact: contact(1) };
    given::<Participation>([started()]).when(note(by(CLINIC), false)).then([made.clone()]);
    given::<Participation>([started(), made.clone()]).when(note(by(CLINIC), false)).nothing();
    given::<Participation>([started()]).when(note(by(SHELTER), false)).refused(Refusal::NotFound);
    given::<Participation>([started(), ended()]).when(note(by(CLINIC), false)).refused(Refusal::Ended);
    given::<Participation>([started(), ended()]).when(note(by(CLINIC), true)).then([made]);
}

#[test]
fn it_ends_once_and_never_before_it_began() {
    let end = |at| Command::End { by: by(CLINIC), at, reason: ClosingReason::CompletedEarly };
    given::<Participation>([started()]).when(end(at("2026-04-01T18:00:00Z"))).then([ended()]);
    given::<Participation>([started(), ended()])
        .when(end(at("2026-04-02T18:00:00Z")))
        .refused(Refusal::Ended);
    given::<Participation>([started()])
        .when(end(at("2026-03-01T18:00:00Z")))
        .refused(Refusal::EndsBeforeItBegan);
    given::<Participation>([]).when(end(at("2026-04-01T18:00:00Z"))).refused(Refusal::NotFound);
}

#[test]
fn a_record_told_again_is_quiet_told_otherwise_a_correction_and_another_agencys_is_not_touched() {
    let recorded = |code, correction| Event::Recorded { told: told(code), correction };
    given::<Participation>([]).when(Command::Record(told(410))).then([recorded(410, false)]);
    given::<Participation>([recorded(410, false)]).when(Command::Record(told(410))).nothing();
    given::<Participation>([recorded(410, false)])
        .when(Command::Record(told(421)))
        .then([recorded(421, true)]);
    let mut others = told(410);
    others.facts.agency = SHELTER;
    given::<Participation>([recorded(410, false)])
        .when(Command::Record(others))
        .refused(Refusal::AlreadyExists);
    given::<Participation>([started()]).when(Command::Record(told(410))).refused(Refusal::AlreadyExists);
}

#[test]
fn an_open_record_told_the_same_is_a_correction_only_where_it_is_known_for_longer() {
    let day = |day| Some(Day::constant(2026, 4, day));
    let open = |day| told_of(None, day);
    let recorded = |day, correction| Event::Recorded { told: open(day), correction };
    let past = || vec![recorded(day(10), false)];
    given::<Participation>(past()).when(Command::Record(open(day(10)))).nothing();
    given::<Participation>(past()).when(Command::Record(open(day(9)))).nothing();
    given::<Participation>(past()).when(Command::Record(open(day(11)))).then([recorded(day(11), true)]);
    // What ended here since stays ended.
    let ended_here = [past(), vec![ended()]].concat();
    given::<Participation>(ended_here).when(Command::Record(open(day(11)))).nothing();
}

#[test]
fn what_was_entered_in_error_is_gone_for_all_and_can_be_told_again() {
    let wrong = Event::EnteredInError { id: TAKING_PART, person: ANA };
    let mark = |by| Command::MarkEnteredInError { by };
    given::<Participation>([started()]).when(mark(by(CLINIC))).then([wrong.clone()]);
    given::<Participation>([started(), wrong.clone()]).when(mark(by(CLINIC))).nothing();
    given::<Participation>([started()]).when(mark(by(SHELTER))).refused(Refusal::NotFound);
    given::<Participation>([started(), wrong])
        .when(Command::Record(told(410)))
        .then([Event::Recorded { told: told(410), correction: true }]);
}

#[test]
fn it_names_the_items_of_the_plan_that_it_carries_out() {
    let name = |by, items: &[PlanItemId]| Command::NamePlan { by, items: items.to_vec() };
    let named = |items: &[PlanItemId]| Event::PlanNamed {
        id: TAKING_PART,
        person: ANA,
        part2: false,
        items: items.to_vec(),
    };
    let (first, second) = (PlanItemId::of(70), PlanItemId::of(71));
    let one = || given::<Participation>([started()]);
    one().when(name(by(CLINIC), &[first])).then([named(&[first])]);
    one().when(name(by(CLINIC), &[])).nothing();
    one().when(name(by(SHELTER), &[first])).refused(Refusal::NotFound);
    given::<Participation>([started(), named(&[first])]).when(name(by(CLINIC), &[first])).nothing();
    given::<Participation>([started(), named(&[first])])
        .when(name(by(CLINIC), &[second]))
        .then([named(&[second])]);
}
