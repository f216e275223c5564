//! What the sides of a referral tell each other.

use kernel::given;
use kernel::ids::Uuid;

use super::*;
use crate::domain::referral::Refusal;

fn asked(id: u128) -> Event {
    Event::InformationAsked { question: Uuid::from_u128(id), text: Private::plain("which day?") }
}

fn supplied(id: u128) -> Event {
    supplied_by(id, "consent-2")
}

fn supplied_by(id: u128, consent: &str) -> Event {
    let (question, text) = (Uuid::from_u128(id), Private::plain("any day"));
    Event::InformationSupplied { question, text, consent: consent.into() }
}

fn ask(id: u128) -> Command {
    Command::AskInformation {
        by: by(CLINIC),
        question: Uuid::from_u128(id),
        text: Private::plain("which day?"),
    }
}

fn supply(by: By, id: u128) -> Command {
    supply_by(by, id, Some("consent-2"))
}

/// It is answered while that directive covers it.
fn supply_by(by: By, id: u128, consent: Option<&str>) -> Command {
    let (question, text) = (Uuid::from_u128(id), Private::plain("any day"));
    Command::SupplyInformation { by, question, text, consent: consent.map(str::to_owned) }
}

#[test]
fn the_target_asks_and_the_requester_or_the_person_answers_each_question_once() {
    given::<Referral>(requested()).when(ask(1)).then([asked(1)]);
    let two = then(requested(), [asked(1), asked(2)]);
    given::<Referral>(two.clone()).when(supply(by(SHELTER), 2)).then([supplied(2)]);
    given::<Referral>(two.clone()).when(supply(By::Person(ANA), 2)).then([supplied_by(2, "self")]);
    given::<Referral>(two.clone()).when(supply(by(CLINIC), 2)).refused(Refusal::MadeByAnother);
    given::<Referral>(two.clone()).when(supply(by(SHELTER), 3)).refused(Refusal::QuestionNotFound);
    given::<Referral>(then(two, [supplied(2)]))
        .when(supply(by(SHELTER), 2))
        .refused(Refusal::AlreadySupplied);
    let closed =
        then(requested(), [asked(1), Event::Cancelled { reason: ClosingReason::Moved, ended_early: false }]);
    given::<Referral>(closed.clone()).when(ask(2)).refused(Refusal::NotInThisState);
    given::<Referral>(closed).when(supply(by(SHELTER), 1)).refused(Refusal::NotInThisState);
}

#[test]
fn an_answer_goes_by_what_the_person_says_then_and_where_the_referral_goes_by_no_directive_as_it_does() {
    let asked_of = |past| then(past, [asked(1)]);
    let by_none = || given::<Referral>(asked_of(requested()));
    by_none().when(supply_by(by(SHELTER), 1, None)).refused(Refusal::ConsentLapsed);
    by_none().when(supply_by(By::Person(ANA), 1, None)).then([supplied_by(1, "self")]);
    let overridden = then(drafted(), [Event::Sent(sent_with(""))]);
    given::<Referral>(asked_of(overridden)).when(supply_by(by(SHELTER), 1, None)).then([supplied_by(1, "")]);
}

#[test]
fn what_begins_the_service_during_a_hold_has_begun_it() {
    let at_rest = then(requested(), [accepted(), held(HoldReason::Documents)]);
    let reported = Event::Progressed { progress: Progress::Started, record: "case-1".into() };
    let begun = |event: Event| then(at_rest.clone(), [event]);
    let fails = || Command::Fail { by: by(CLINIC), when: now(), reason: ClosingReason::Moved };
    for (past, ended_early) in [
        (at_rest.clone(), false),
        (begun(Event::ContactMade(contact(1, false))), false),
        (begun(Event::ContactMade(contact(1, true))), true),
        (begun(reported), true),
    ] {
        let failed = Event::Failed { reason: ClosingReason::Moved, ended_early };
        given::<Referral>(past).when(fails()).then([failed]);
    }
}

#[test]
fn an_agency_that_refers_to_its_own_programme_answers_itself() {
    let inside = vec![Event::Drafted(Facts { requester: Some(CLINIC), ..facts() }), sent(), asked(1)];
    given::<Referral>(inside).when(supply(by(CLINIC), 1)).then([supplied(1)]);
}

#[test]
fn the_first_contact_after_acceptance_begins_the_service_and_an_attempt_does_not() {
    let note = |reached| Command::AddContact { by: by(CLINIC), contact: contact(1, reached) };
    let noted = |reached| Event::ContactMade(contact(1, reached));
    given::<Referral>(requested()).when(note(true)).then([noted(true)]);
    let open = || then(requested(), [accepted()]);
    given::<Referral>(open()).when(note(false)).then([noted(false)]);
    given::<Referral>(open()).when(note(true)).then([noted(true), Event::Started { at: noon() }]);
    given::<Referral>(then(open(), [Event::Started { at: noon() }])).when(note(true)).then([noted(true)]);
    given::<Referral>(then(open(), [held(HoldReason::Capacity)])).when(note(true)).then([noted(true)]);
}

#[test]
fn how_far_it_is_stands_beside_the_state_and_may_come_to_light_after_it_closed() {
    let say = |status| Command::SetStatus { by: by(CLINIC), status };
    let closed = Event::Cancelled { reason: ClosingReason::Moved, ended_early: false };
    for status in [
        BusinessStatus::NeedsClientAction,
        BusinessStatus::Pending,
        BusinessStatus::Eligible,
        BusinessStatus::CouldNotContact,
        BusinessStatus::Waitlisted,
        BusinessStatus::Scheduled,
        BusinessStatus::ReferredElsewhere,
        BusinessStatus::GotHelp,
    ] {
        given::<Referral>(requested()).when(say(status)).then([Event::StatusSet(status)]);
        given::<Referral>(then(requested(), [closed.clone()]))
            .when(say(status))
            .then([Event::StatusSet(status)]);
        given::<Referral>(then(requested(), [Event::StatusSet(status)])).when(say(status)).nothing();
    }
    given::<Referral>(requested()).when(say(BusinessStatus::NotUpdated)).nothing();
}
