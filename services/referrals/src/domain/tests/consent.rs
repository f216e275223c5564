//! The mark that a consent has lapsed: set and lifted by directives' events, and what rests meanwhile.

use kernel::given;

use super::*;
use crate::domain::referral::Refusal;

fn lapse() -> Command {
    Command::LapseConsent { directive: "directive-1".into(), at: at("2026-03-05T18:00:00Z"), changes: None }
}

fn lapsed() -> Event {
    Event::ConsentLapsed { directive: "directive-1".into(), at: at("2026-03-05T18:00:00Z") }
}

fn restore() -> Command {
    Command::RestoreConsent {
        directive: "directive-2".into(),
        at: at("2026-03-11T17:00:00Z"),
        pace: usual(),
        changes: None,
    }
}

fn restored(clocks: Vec<(Clock, Timestamp)>) -> Event {
    Event::ConsentRestored { directive: "directive-2".into(), clocks }
}

/// When what was left on that Thursday runs out: 2 working days to acknowledge, 6 to answer, and 89 days less an hour to look again.
fn went_on() -> Vec<(Clock, Timestamp)> {
    vec![
        (Clock::Acknowledge, at("2026-03-13T17:00:00Z")),
        (Clock::Answer, at("2026-03-19T17:00:00Z")),
        (Clock::Review, at("2026-06-08T16:00:00Z")),
    ]
}

#[test]
fn a_consent_lapses_once_and_under_what_is_open_alone() {
    given::<Referral>(requested()).when(lapse()).then([lapsed()]);
    given::<Referral>(then(requested(), [lapsed()])).when(lapse()).nothing();
    let closed = Event::Cancelled { reason: ClosingReason::Moved, ended_early: false };
    for past in [vec![], drafted(), then(requested(), [closed]), then(requested(), [Event::EnteredInError])] {
        given::<Referral>(past.clone()).when(lapse()).nothing();
        given::<Referral>(past).when(restore()).nothing();
    }
    given::<Referral>(requested()).when(restore()).nothing();
}

#[test]
fn clocks_rest_while_it_has_lapsed_and_go_on_with_what_was_left() {
    let resting = then(requested(), [lapsed()]);
    given::<Referral>(resting.clone())
        .when(Command::Lapse { clock: Clock::Acknowledge, due: due() })
        .nothing();
    let clocks = went_on();
    given::<Referral>(resting.clone()).when(restore()).then([restored(clocks.clone())]);
    given::<Referral>(then(resting, [restored(clocks)]))
        .when(Command::Lapse { clock: Clock::Acknowledge, due: at("2026-03-13T17:00:00Z") })
        .then([Event::Overdue { clock: Clock::Acknowledge, due: at("2026-03-13T17:00:00Z"), expires: None }]);
}

#[test]
fn a_consent_given_again_during_a_hold_leaves_the_clocks_at_rest() {
    let both = then(requested(), [accepted(), held(HoldReason::Consent), lapsed()]);
    given::<Referral>(both.clone()).when(restore()).then([restored(vec![])]);
    let resume = || Command::Resume { by: by(CLINIC), when: told("2026-03-11T17:00:00Z"), pace: usual() };
    given::<Referral>(both.clone()).when(resume()).refused(Refusal::ConsentLapsed);
    // The hold began first: what was left at its beginning is left.
    given::<Referral>(then(both, [restored(vec![])])).when(resume()).then([Event::Resumed {
        when: told("2026-03-11T17:00:00Z"),
        clocks: vec![(Clock::Start, at("2026-03-31T17:00:00Z")), (Clock::Review, at("2026-06-09T16:00:00Z"))],
    }]);
}

#[test]
fn nothing_new_is_told_to_the_target_while_it_has_lapsed() {
    let question = kernel::ids::Uuid::from_u128(1);
    let asked = Event::InformationAsked { question, text: Private::plain("which day?") };
    let (text, consent) = (Private::plain("any day"), Some("consent-2".to_owned()));
    let supply = Command::SupplyInformation { by: by(SHELTER), question, text, consent };
    given::<Referral>(then(requested(), [asked, lapsed()])).when(supply).refused(Refusal::ConsentLapsed);
}

#[test]
fn when_it_changes_by_the_clock_is_told_once_beside_the_mark_and_of_what_is_open_alone() {
    let later = || Some(at("2026-03-20T12:00:00Z"));
    let foresee = |changes| Command::ForeseeConsent { changes };
    let foreseen = |changes| Event::ConsentForeseen { changes };
    given::<Referral>(requested()).when(foresee(None)).nothing();
    given::<Referral>(requested()).when(foresee(later())).then([foreseen(later())]);
    let known = then(requested(), [foreseen(later())]);
    given::<Referral>(known.clone()).when(foresee(later())).nothing();
    given::<Referral>(known.clone()).when(foresee(None)).then([foreseen(None)]);

    // Its end comes, and nothing more is foreseen; a directive that begins on another day is.
    given::<Referral>(known.clone()).when(lapse()).then([lapsed(), foreseen(None)]);
    let ended = then(known.clone(), [lapsed(), foreseen(None)]);
    given::<Referral>(ended.clone()).when(foresee(later())).then([foreseen(later())]);
    let Command::RestoreConsent { directive, at, pace, .. } = restore() else { unreachable!() };
    let until = Command::RestoreConsent { directive, at, pace, changes: later() };
    given::<Referral>(ended).when(until).then([restored(went_on()), foreseen(later())]);

    let closed = Event::Cancelled { reason: ClosingReason::Moved, ended_early: false };
    for past in [vec![], drafted(), then(known.clone(), [closed]), then(known, [Event::EnteredInError])] {
        given::<Referral>(past).when(foresee(None)).nothing();
    }
}
