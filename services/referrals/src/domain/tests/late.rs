//! What is told days after it happened: the order it keeps, and the clocks that had run out by then.

use kernel::given;

use super::*;
use crate::domain::referral::Refusal;

/// Done then, told a fortnight after the noon of these tests.
fn late(text: &str) -> When {
    When { at: at(text), told_at: at("2026-03-18T17:00:00Z") }
}

fn send(when: When) -> Command {
    let consent = Some("consent-1".into());
    let (overriding, programme, pace) = (None, false, usual());
    Command::Send { by: by(SHELTER), when, consent, overriding, programme, pace }
}

fn accept(when: When) -> Command {
    Command::Accept { by: by(CLINIC), when, pace: usual() }
}

fn sent_late() -> Event {
    Event::Sent(Sent { when: late("2026-03-04T18:00:00Z"), ..sent_with("consent-1") })
}

fn accepted_at(when: When, start_by: &str) -> Event {
    let mut event = accepted();
    if let Event::Accepted { when: at_and_told, start_by: due, .. } = &mut event {
        (*at_and_told, *due) = (when, at(start_by));
    }
    event
}

fn clocks(past: Vec<Event>) -> referral::Clocks {
    use kernel::Decider;
    match Referral::fold(&past) {
        State::Made { beside, .. } => beside.clocks,
        other @ (State::Unmade | State::Told(_) | State::InError { .. }) => panic!("{other:?}"),
    }
}

#[test]
fn clocks_count_from_when_it_was_sent_and_those_that_had_run_out_by_the_telling_are_missed() {
    given::<Referral>(drafted()).when(send(late("2026-03-04T18:00:00Z"))).then([sent_late()]);
    let past = then(drafted(), [sent_late()]);
    let clocks = clocks(past.clone());
    let missed: Vec<_> = clocks.missed().collect();
    assert_eq!(missed, [(Clock::Acknowledge, due()), (Clock::Answer, at("2026-03-13T17:00:00Z"))]);
    assert_eq!(clocks.overdue().count(), 0);
    assert_eq!(clocks.due(Clock::Review), Some(at("2026-06-02T17:00:00Z")));
    for (clock, due) in missed {
        given::<Referral>(past.clone()).when(Command::Lapse { clock, due }).nothing();
    }
    // What is still to come runs out as ever.
    let in_time = When { told_at: at("2026-03-10T17:00:00Z"), ..late("2026-03-04T18:00:00Z") };
    let answer = Command::Lapse { clock: Clock::Answer, due: at("2026-03-13T17:00:00Z") };
    let sent = Event::Sent(Sent { when: in_time, ..sent_with("consent-1") });
    let overdue = Event::Overdue { clock: Clock::Answer, due: at("2026-03-13T17:00:00Z"), expires: None };
    given::<Referral>(then(drafted(), [sent])).when(answer).then([overdue]);
}

#[test]
fn what_was_missed_is_so_until_what_it_waited_for_happens() {
    let missed = |more: Event| clocks(then(drafted(), [sent_late(), more])).missed().count();
    assert_eq!(missed(Event::Acknowledged { at: noon() }), 1);
    assert_eq!(missed(accepted()), 0);
    assert_eq!(missed(Event::Cancelled { reason: ClosingReason::Moved, ended_early: false }), 0);
}

#[test]
fn one_whose_answer_was_due_before_it_was_told_has_the_whole_time_to_expire_from_then() {
    let expiring = || vec![Event::Drafted(Facts { expires: Some(true), ..facts() })];
    let expires = at("2026-04-17T17:00:00Z");
    let when = late("2026-03-04T18:00:00Z");
    let sent =
        Event::Sent(Sent { when, expiry_days: Some(30), expires: Some(expires), ..sent_with("consent-1") });
    given::<Referral>(expiring()).when(send(when)).then([sent.clone()]);
    given::<Referral>(then(expiring(), [sent]))
        .when(Command::Lapse { clock: Clock::Expiry, due: expires })
        .then([Event::Cancelled { reason: ClosingReason::Expired, ended_early: false }]);
}

#[test]
fn an_acceptance_counts_the_time_to_start_from_its_day() {
    let when = late("2026-03-05T18:00:00Z");
    let accepted = accepted_at(when, "2026-03-25T17:00:00Z");
    given::<Referral>(requested()).when(accept(when)).then([accepted.clone()]);
    assert_eq!(
        clocks(then(requested(), [accepted])).due(Clock::Start),
        Some(at("2026-03-25T17:00:00Z")),
        "to come still"
    );
    // Told when that has gone by, it is missed.
    let told_at = at("2026-03-26T17:00:00Z");
    let gone = accepted_at(When { told_at, ..when }, "2026-03-25T17:00:00Z");
    let clocks = clocks(then(requested(), [gone]));
    assert_eq!(clocks.due(Clock::Start), None);
    assert_eq!(clocks.missed().collect::<Vec<_>>(), [(Clock::Start, at("2026-03-25T17:00:00Z"))]);
}

#[test]
fn what_goes_on_has_what_was_left_from_when_it_went_on() {
    let held = Event::Held { reason: HoldReason::Documents, at: at("2026-03-06T18:00:00Z") };
    let when = late("2026-03-09T17:00:00Z");
    let events =
        vec![(Clock::Start, at("2026-03-25T17:00:00Z")), (Clock::Review, at("2026-06-05T16:00:00Z"))];
    given::<Referral>(then(requested(), [accepted(), held]))
        .when(Command::Resume { by: by(CLINIC), when, pace: usual() })
        .then([Event::Resumed { when, clocks: events }]);
}

#[test]
fn what_was_told_to_be_late_stays_so_though_it_is_told_later_that_it_rested_by_then() {
    let due = at("2026-03-16T16:00:00Z");
    let late_to_start = Event::Overdue { clock: Clock::Start, due, expires: None };
    let held = Event::Held { reason: HoldReason::Documents, at: at("2026-03-06T18:00:00Z") };
    let rests = then(requested(), [accepted(), late_to_start, held]);
    let overdue = |past| clocks(past).overdue().collect::<Vec<_>>();
    assert_eq!(overdue(rests.clone()), [Clock::Start]);
    let goes_on = Event::Resumed { when: late("2026-03-09T17:00:00Z"), clocks: vec![] };
    assert_eq!(overdue(then(rests, [goes_on])), [Clock::Start]);
}

#[test]
fn nothing_is_told_of_a_time_before_what_it_follows() {
    let early = || late("2026-03-04T17:00:00Z");
    given::<Referral>(drafted()).when(send(early())).refused(Refusal::BeforeWhatItFollows);
    let before_it_was_sent = [
        Command::Acknowledge { by: by(CLINIC), when: early() },
        accept(early()),
        Command::Reject {
            by: by(CLINIC),
            when: early(),
            reason: ClosingReason::Moved,
            criterion: None,
            text: Private::plain("in words"),
        },
        Command::Cancel { by: by(SHELTER), when: early(), reason: ClosingReason::Moved },
        Command::Review { by: by(SHELTER), when: early(), pace: usual() },
    ];
    for command in before_it_was_sent {
        given::<Referral>(requested()).when(command).refused(Refusal::BeforeWhatItFollows);
    }
    let before_it_was_accepted = [
        Command::Start { by: by(CLINIC), when: early() },
        Command::Hold { by: by(CLINIC), reason: HoldReason::Documents, when: early() },
        Command::Complete { by: by(CLINIC), outcome: Outcome::Enrolled, when: early() },
        Command::Fail { by: by(CLINIC), when: early(), reason: ClosingReason::Moved },
    ];
    for command in before_it_was_accepted {
        given::<Referral>(then(requested(), [accepted()]))
            .when(command)
            .refused(Refusal::BeforeWhatItFollows);
    }
    let resting = || then(requested(), [accepted(), held(HoldReason::Documents)]);
    let resume = Command::Resume { by: by(CLINIC), when: early(), pace: usual() };
    given::<Referral>(resting()).when(resume).refused(Refusal::BeforeWhatItFollows);
    // Nor before what a service told, or the last look.
    let began = [accepted(), Event::Started { at: at("2026-03-06T18:00:00Z") }];
    let outcome = Outcome::ServiceGiven;
    given::<Referral>(then(requested(), began))
        .when(Command::Complete { by: by(CLINIC), outcome, when: late("2026-03-06T17:00:00Z") })
        .refused(Refusal::BeforeWhatItFollows);
    let looked = Event::Reviewed { when: told("2026-03-06T18:00:00Z"), next: None };
    given::<Referral>(then(requested(), [looked]))
        .when(Command::Review { by: by(CLINIC), when: late("2026-03-06T17:00:00Z"), pace: usual() })
        .refused(Refusal::BeforeWhatItFollows);
    // What holds already is told at any time.
    given::<Referral>(then(requested(), [accepted()])).when(accept(early())).nothing();
}

#[test]
fn what_is_told_as_it_is_done_is_in_order_whatever_other_machines_said() {
    let ahead =
        then(drafted(), [Event::Sent(Sent { when: told("2026-04-13T18:00:00Z"), ..sent_with("consent-1") })]);
    let events = given::<Referral>(ahead.clone()).when(accept(told("2026-03-05T18:00:00Z"))).outcome();
    assert!(events.is_ok(), "its machine's clock was set back");
    given::<Referral>(ahead).when(accept(late("2026-03-05T18:00:00Z"))).refused(Refusal::BeforeWhatItFollows);
    // A minute is how much clocks differ.
    let just = When { at: at("2026-03-04T17:59:30Z"), told_at: at("2026-03-04T18:10:00Z") };
    assert!(given::<Referral>(requested()).when(accept(just)).outcome().is_ok());
}

#[test]
fn a_first_contact_begins_the_service_when_it_was_and_not_before_the_acceptance() {
    let reached = |text: &str| Contact { occurred: kernel::Occurred::instant(at(text)), ..contact(1, true) };
    let noted = |contact: Contact| Command::AddContact { by: by(CLINIC), contact };
    let open = || then(requested(), [accepted()]);
    for (contact, started) in [
        (reached("2026-03-05T18:00:00Z"), at("2026-03-05T18:00:00Z")),
        (reached("2026-03-03T18:00:00Z"), noon()),
    ] {
        given::<Referral>(open())
            .when(noted(contact.clone()))
            .then([Event::ContactMade(contact), Event::Started { at: started }]);
    }
}
