//! The person died: clocks rest, nobody takes the referral on, and what it was an error for goes on.

use kernel::given;

use super::*;
use crate::domain::referral::Refusal;

fn rest() -> Command {
    Command::Rest { at: at("2026-03-05T18:00:00Z") }
}

fn wake() -> Command {
    Command::Wake { at: at("2026-03-11T17:00:00Z"), pace: usual() }
}

fn died() -> Event {
    Event::PersonDied { at: at("2026-03-05T18:00:00Z") }
}

fn alive(clocks: Vec<(Clock, Timestamp)>) -> Event {
    Event::PersonAlive { clocks }
}

fn left() -> Vec<(Clock, Timestamp)> {
    vec![
        (Clock::Acknowledge, at("2026-03-13T17:00:00Z")),
        (Clock::Answer, at("2026-03-19T17:00:00Z")),
        (Clock::Review, at("2026-06-08T16:00:00Z")),
    ]
}

#[test]
fn a_death_is_noted_once_and_on_what_is_open_alone() {
    given::<Referral>(requested()).when(rest()).then([died()]);
    given::<Referral>(then(requested(), [died()])).when(rest()).nothing();
    given::<Referral>(requested()).when(wake()).nothing();
    let closed = Event::Cancelled { reason: ClosingReason::Died, ended_early: false };
    for past in [vec![], drafted(), then(requested(), [closed]), then(requested(), [Event::EnteredInError])] {
        given::<Referral>(past.clone()).when(rest()).nothing();
        given::<Referral>(past).when(wake()).nothing();
    }
}

#[test]
fn clocks_rest_once_the_person_died_and_go_on_with_what_was_left_where_that_was_an_error() {
    let resting = then(requested(), [died()]);
    given::<Referral>(resting.clone())
        .when(Command::Lapse { clock: Clock::Acknowledge, due: due() })
        .nothing();
    given::<Referral>(resting.clone()).when(wake()).then([alive(left())]);
    given::<Referral>(then(resting, [alive(left())]))
        .when(Command::Lapse { clock: Clock::Acknowledge, due: at("2026-03-13T17:00:00Z") })
        .then([Event::Overdue { clock: Clock::Acknowledge, due: at("2026-03-13T17:00:00Z"), expires: None }]);
}

#[test]
fn whoever_died_is_not_taken_on_and_the_referral_is_closed_by_hand() {
    let resting = || then(requested(), [died()]);
    given::<Referral>(resting())
        .when(Command::Accept { by: by(CLINIC), when: told("2026-03-06T18:00:00Z"), pace: usual() })
        .refused(Refusal::PersonDied);
    given::<Referral>(resting())
        .when(Command::Cancel { by: by(SHELTER), when: now(), reason: ClosingReason::Died })
        .then([Event::Cancelled { reason: ClosingReason::Died, ended_early: false }]);
}

#[test]
fn neither_a_consent_given_again_nor_a_hold_taken_off_wakes_the_clocks_of_the_dead() {
    let lapsed = Event::ConsentLapsed { directive: "directive-1".into(), at: at("2026-03-05T18:00:00Z") };
    let both = then(requested(), [lapsed, died()]);
    let restored = Event::ConsentRestored { directive: "directive-2".into(), clocks: vec![] };
    let restore = Command::RestoreConsent {
        directive: "directive-2".into(),
        at: at("2026-03-10T17:00:00Z"),
        pace: usual(),
        changes: None,
    };
    given::<Referral>(both.clone()).when(wake()).then([alive(vec![])]);
    given::<Referral>(both.clone()).when(restore).then([restored.clone()]);
    given::<Referral>(then(both, [restored])).when(wake()).then([alive(left())]);

    let held = then(requested(), [accepted(), held(HoldReason::Consent), died()]);
    let resume = || Command::Resume { by: by(CLINIC), when: told("2026-03-11T17:00:00Z"), pace: usual() };
    given::<Referral>(held.clone()).when(wake()).then([alive(vec![])]);
    let resumed = Event::Resumed { when: told("2026-03-11T17:00:00Z"), clocks: vec![] };
    given::<Referral>(held.clone()).when(resume()).then([resumed.clone()]);
    let on = then(held, [resumed]);
    given::<Referral>(on.clone())
        .when(Command::Lapse { clock: Clock::Review, due: at("2026-06-09T16:00:00Z") })
        .nothing();
    given::<Referral>(on).when(wake()).then([alive(vec![
        (Clock::Start, at("2026-03-31T17:00:00Z")),
        (Clock::Review, at("2026-06-09T16:00:00Z")),
    ])]);
}
