//! The clocks of a referral: when they run out, what stops them, and how they rest.

use kernel::given;

use super::*;
use crate::domain::referral::Refusal;

fn lapse(clock: Clock, due: &str) -> Command {
    Command::Lapse { clock, due: at(due) }
}

fn overdue(clock: Clock, due: &str) -> Event {
    Event::Overdue { clock, due: at(due), expires: None }
}

const ACKNOWLEDGE_BY: &str = "2026-03-09T17:00:00Z";
const ANSWER_BY: &str = "2026-03-13T17:00:00Z";
const START_BY: &str = "2026-03-24T17:00:00Z";
const REVIEW_BY: &str = "2026-06-02T17:00:00Z";

#[test]
fn a_request_is_acknowledged_in_3_and_answered_in_7_working_days_and_looked_at_every_90_days() {
    given::<Referral>(requested())
        .when(lapse(Clock::Acknowledge, ACKNOWLEDGE_BY))
        .then([overdue(Clock::Acknowledge, ACKNOWLEDGE_BY)]);
    given::<Referral>(requested())
        .when(lapse(Clock::Answer, ANSWER_BY))
        .then([overdue(Clock::Answer, ANSWER_BY)]);
    given::<Referral>(requested())
        .when(lapse(Clock::Review, REVIEW_BY))
        .then([overdue(Clock::Review, REVIEW_BY)]);
    given::<Referral>(requested()).when(lapse(Clock::Start, START_BY)).nothing();
}

#[test]
fn what_was_accepted_begins_in_14_working_days() {
    let accept = Command::Accept { by: by(CLINIC), when: now(), pace: usual() };
    given::<Referral>(requested()).when(accept).then([accepted()]);
    let open = then(requested(), [accepted()]);
    given::<Referral>(open.clone())
        .when(lapse(Clock::Start, START_BY))
        .then([overdue(Clock::Start, START_BY)]);
    given::<Referral>(then(open, [Event::Started { at: noon() }]))
        .when(lapse(Clock::Start, START_BY))
        .nothing();
}

#[test]
fn a_clock_runs_out_once_and_only_while_it_matters() {
    let acknowledge = || lapse(Clock::Acknowledge, ACKNOWLEDGE_BY);
    given::<Referral>(then(requested(), [overdue(Clock::Acknowledge, ACKNOWLEDGE_BY)]))
        .when(acknowledge())
        .nothing();
    given::<Referral>(then(requested(), [Event::Acknowledged { at: noon() }])).when(acknowledge()).nothing();
    given::<Referral>(then(requested(), [accepted()])).when(acknowledge()).nothing();
    given::<Referral>(then(requested(), [accepted()])).when(lapse(Clock::Answer, ANSWER_BY)).nothing();
    let other = Command::Lapse { clock: Clock::Acknowledge, due: noon() };
    given::<Referral>(requested()).when(other).nothing();
    let reason = ClosingReason::Moved;
    for closing in [
        Event::Rejected { reason, criterion: None, text: Private::plain("in words") },
        Event::Cancelled { reason, ended_early: false },
        Event::EnteredInError,
    ] {
        given::<Referral>(then(requested(), [closing])).when(lapse(Clock::Review, REVIEW_BY)).nothing();
    }
    given::<Referral>([]).when(acknowledge()).nothing();
}

#[test]
fn what_ran_out_is_overdue_until_what_it_waited_for_happens() {
    use kernel::Decider;
    let overdue_after = |more: &[Event]| {
        let ran_out = [overdue(Clock::Acknowledge, ACKNOWLEDGE_BY), overdue(Clock::Answer, ANSWER_BY)];
        match Referral::fold(&then(then(requested(), ran_out), more.to_vec())) {
            State::Made { beside, .. } => beside.clocks.overdue().collect::<Vec<_>>(),
            other @ (State::Unmade | State::Told(_) | State::InError { .. }) => panic!("{other:?}"),
        }
    };
    assert_eq!(overdue_after(&[]), [Clock::Acknowledge, Clock::Answer]);
    assert_eq!(overdue_after(&[Event::Acknowledged { at: noon() }]), [Clock::Answer]);
    assert_eq!(overdue_after(&[accepted()]), [Clock::Answer; 0]);
}

#[test]
fn a_look_at_an_open_one_begins_its_review_clock_anew() {
    let review = |by| Command::Review { by, when: told("2026-05-01T17:00:00Z"), pace: usual() };
    let reviewed =
        Event::Reviewed { when: told("2026-05-01T17:00:00Z"), next: Some(at("2026-07-30T17:00:00Z")) };
    for who in [by(SHELTER), by(CLINIC), By::Person(ANA)] {
        given::<Referral>(requested()).when(review(who)).then([reviewed.clone()]);
    }
    let late = then(requested(), [overdue(Clock::Review, REVIEW_BY), reviewed]);
    given::<Referral>(late.clone())
        .when(lapse(Clock::Review, "2026-07-30T17:00:00Z"))
        .then([overdue(Clock::Review, "2026-07-30T17:00:00Z")]);
    given::<Referral>(late).when(lapse(Clock::Review, REVIEW_BY)).nothing();
}

#[test]
fn a_hold_rests_the_clocks_and_what_was_left_of_them_is_left_when_they_go_on() {
    let hold =
        Command::Hold { by: by(CLINIC), reason: HoldReason::Documents, when: told("2026-03-06T18:00:00Z") };
    let resting = Event::Held { reason: HoldReason::Documents, at: at("2026-03-06T18:00:00Z") };
    let open = then(requested(), [accepted()]);
    given::<Referral>(open.clone()).when(hold).then([resting.clone()]);
    let held = then(open, [resting]);
    given::<Referral>(held.clone()).when(lapse(Clock::Start, START_BY)).nothing();
    given::<Referral>(held.clone()).when(lapse(Clock::Review, REVIEW_BY)).nothing();
    // On that Friday noon 12 working days were left to begin, and 88 days less an hour, which the clock change took, to look again.
    let resume = |when| Command::Resume { by: by(CLINIC), when: told(when), pace: usual() };
    let clocks =
        vec![(Clock::Start, at("2026-05-06T17:00:00Z")), (Clock::Review, at("2026-07-17T16:00:00Z"))];
    given::<Referral>(held.clone())
        .when(resume("2026-04-20T17:00:00Z"))
        .then([Event::Resumed { when: told("2026-04-20T17:00:00Z"), clocks: clocks.clone() }]);
    let again = then(held, [Event::Resumed { when: now(), clocks }]);
    given::<Referral>(again.clone()).when(lapse(Clock::Start, START_BY)).nothing();
    given::<Referral>(again)
        .when(lapse(Clock::Start, "2026-05-06T17:00:00Z"))
        .then([overdue(Clock::Start, "2026-05-06T17:00:00Z")]);
}

#[test]
fn a_look_while_clocks_rest_begins_the_review_clock_when_they_go_on() {
    let resting = then(requested(), [accepted(), Event::Started { at: noon() }, held(HoldReason::Capacity)]);
    let look = Command::Review { by: by(SHELTER), when: told("2026-04-01T17:00:00Z"), pace: usual() };
    let reviewed = Event::Reviewed { when: told("2026-04-01T17:00:00Z"), next: None };
    given::<Referral>(resting.clone()).when(look).then([reviewed.clone()]);
    given::<Referral>(then(resting, [reviewed]))
        .when(Command::Resume { by: by(CLINIC), when: told("2026-04-20T17:00:00Z"), pace: usual() })
        .then([Event::Resumed {
            when: told("2026-04-20T17:00:00Z"),
            clocks: vec![(Clock::Review, at("2026-07-19T17:00:00Z"))],
        }]);
}

#[test]
fn an_unanswered_one_expires_only_where_its_offer_says_so_and_nobody_says_it_by_hand() {
    let expiring = || vec![Event::Drafted(Facts { expires: Some(true), ..facts() }), sent()];
    let expires = "2026-04-12T17:00:00Z";
    let ran_out = Event::Overdue { clock: Clock::Answer, due: at(ANSWER_BY), expires: Some(at(expires)) };
    given::<Referral>(expiring()).when(lapse(Clock::Answer, ANSWER_BY)).then([ran_out.clone()]);
    let late = then(expiring(), [ran_out]);
    given::<Referral>(late.clone())
        .when(lapse(Clock::Expiry, expires))
        .then([Event::Cancelled { reason: ClosingReason::Expired, ended_early: false }]);
    given::<Referral>(then(late.clone(), [accepted()])).when(lapse(Clock::Expiry, expires)).nothing();
    given::<Referral>(requested()).when(lapse(Clock::Expiry, expires)).nothing();
    for who in [by(SHELTER), by(CLINIC), By::Person(ANA)] {
        given::<Referral>(late.clone())
            .when(Command::Cancel { by: who, when: now(), reason: ClosingReason::Expired })
            .refused(Refusal::ExpiredByClockAlone);
    }
}

fn without(days: &[&str]) -> Pace {
    let days = days.iter().map(|day| day.parse().unwrap()).collect();
    Pace { holidays: kernel::time::Holidays::new(days), ..usual() }
}

#[test]
fn the_targets_holidays_are_no_working_days_when_a_clock_is_set_and_move_none_that_runs() {
    use kernel::Decider;
    // Of the seven working days to the answer, a Monday and a Friday are off; the weekend's holiday changes nothing.
    let pace = without(&["2026-03-09", "2026-03-13", "2026-03-14"]);
    let send = Command::Send {
        by: by(SHELTER),
        when: now(),
        consent: Some("consent-1".into()),
        overriding: None,
        programme: false,
        pace: pace.clone(),
    };
    let later = Sent {
        acknowledge_by: at("2026-03-10T17:00:00Z"),
        answer_by: at("2026-03-17T17:00:00Z"),
        ..sent_with("consent-1")
    };
    given::<Referral>(drafted()).when(send).then([Event::Sent(later.clone())]);
    let accept = Command::Accept { by: by(CLINIC), when: now(), pace };
    let mut begun = accepted();
    if let Event::Accepted { start_by, .. } = &mut begun {
        *start_by = at("2026-03-26T17:00:00Z");
    }
    given::<Referral>(requested()).when(accept).then([begun.clone()]);

    // What was set stays: acceptance by another calendar leaves the review where it was.
    let state =
        [Event::Drafted(facts()), Event::Sent(later), begun].iter().fold(State::default(), Referral::evolve);
    let State::Made { beside, .. } = state else { panic!("it was made") };
    assert_eq!(
        beside.clocks.due(Clock::Review),
        Some(at(REVIEW_BY)),
        "days of the calendar know no holidays"
    );
}

#[test]
fn what_was_left_of_a_clock_goes_on_in_the_working_days_known_when_it_goes_on() {
    let resting = then(requested(), [accepted(), held(HoldReason::Documents)]);
    // Held at once and resumed a week later: 14 working days are left, and one of them is off now.
    let resume = |pace| Command::Resume { by: by(CLINIC), when: told("2026-03-11T17:00:00Z"), pace };
    let clocks = |start: &str| Event::Resumed {
        when: told("2026-03-11T17:00:00Z"),
        clocks: vec![(Clock::Start, at(start)), (Clock::Review, at("2026-06-09T16:00:00Z"))],
    };
    given::<Referral>(resting.clone()).when(resume(usual())).then([clocks("2026-03-31T17:00:00Z")]);
    let off = without(&["2026-03-12"]);
    // Judged by one calendar: the day off was among the 14 that were left.
    given::<Referral>(resting.clone()).when(resume(off)).then([clocks("2026-03-31T17:00:00Z")]);
    let later_off = without(&["2026-03-30"]);
    given::<Referral>(resting).when(resume(later_off)).then([clocks("2026-04-01T17:00:00Z")]);
}

#[test]
fn a_targets_clocks_run_as_long_as_it_says_in_days_on_which_it_works() {
    // Friday and Saturday are its weekend, and Sunday the eighth of March is a day like others.
    let weekend = kernel::time::Weekend::of([4, 5]);
    let pace = || Pace { weekend, acknowledge: 1, answer: 3, start: 2, review: 30, ..usual() };
    let send = |pace| Command::Send {
        by: by(SHELTER),
        when: now(),
        consent: Some("consent-1".into()),
        overriding: None,
        programme: false,
        pace,
    };
    let sent = Event::Sent(Sent {
        acknowledge_by: at("2026-03-05T18:00:00Z"),
        answer_by: at("2026-03-09T17:00:00Z"),
        review_by: at("2026-04-03T17:00:00Z"),
        ..sent_with("consent-1")
    });
    given::<Referral>(drafted()).when(send(pace())).then([sent.clone()]);
    let mut begun = accepted();
    if let Event::Accepted { start_by, .. } = &mut begun {
        *start_by = at("2026-03-08T17:00:00Z");
    }
    let accept = Command::Accept { by: by(CLINIC), when: now(), pace: pace() };
    given::<Referral>(then(drafted(), [sent])).when(accept).then([begun]);
    let when = told("2026-03-10T17:00:00Z");
    given::<Referral>(requested())
        .when(Command::Review { by: by(SHELTER), when, pace: pace() })
        .then([Event::Reviewed { when, next: Some(at("2026-04-09T17:00:00Z")) }]);
    // A look during a rest begins the clock by that pace when it ends.
    let looked = Event::Reviewed { when, next: None };
    let resting = then(requested(), [accepted(), Event::Started { at: noon() }, held(HoldReason::Capacity)]);
    let when = told("2026-04-20T17:00:00Z");
    given::<Referral>(then(resting, [looked]))
        .when(Command::Resume { by: by(CLINIC), when, pace: pace() })
        .then([Event::Resumed { when, clocks: vec![(Clock::Review, at("2026-05-20T17:00:00Z"))] }]);
}

#[test]
fn an_unanswered_one_expires_by_its_agencys_setting_unless_its_offer_says_otherwise() {
    let sends = |offers: Option<bool>, agencys: bool| {
        let pace = Pace { expiry: 10, expires: agencys, ..usual() };
        let (consent, overriding, programme) = (Some("consent-1".into()), None, false);
        let send = Command::Send { by: by(SHELTER), when: now(), consent, overriding, programme, pace };
        let past = vec![Event::Drafted(Facts { expires: offers, ..facts() })];
        match given::<Referral>(past.clone()).when(send).outcome().unwrap().as_slice() {
            [Event::Sent(sent)] => (sent.expiry_days, then(past, [Event::Sent(sent.clone())])),
            other => panic!("{other:?}"),
        }
    };
    for (offers, agencys, expires) in
        [(None, true, true), (None, false, false), (Some(true), false, true), (Some(false), true, false)]
    {
        let (days, past) = sends(offers, agencys);
        assert_eq!(days, expires.then_some(10), "{offers:?} {agencys}");
        let expires = expires.then(|| at("2026-03-23T17:00:00Z"));
        given::<Referral>(past).when(lapse(Clock::Answer, ANSWER_BY)).then([Event::Overdue {
            clock: Clock::Answer,
            due: at(ANSWER_BY),
            expires,
        }]);
    }
}
