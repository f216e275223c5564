//! Given, when, then for appointments: every command in every status.

use kernel::{Decider, given};

use super::*;
use crate::domain::appointment::{
    Appointment, CancelReason, Command, Content, Correction, Event, MissedReason, Recorded, Refusal,
    Situation, Standing, State,
};

fn about() -> crate::domain::appointment::About {
    tuesday(FIRST).about()
}
fn proposed() -> Event {
    Event::Proposed { content: tuesday(FIRST), from: None }
}
fn booked() -> Event {
    Event::Booked { content: tuesday(FIRST), from: None }
}
fn held() -> Event {
    Event::Held { about: about() }
}
fn confirmed() -> Event {
    Event::Confirmed { about: about() }
}
fn arrived() -> Event {
    Event::Arrived { about: about() }
}
fn checked_in() -> Event {
    Event::CheckedIn { about: about() }
}
fn fulfilled() -> Event {
    Event::Fulfilled { about: about(), minutes: 50 }
}
fn missed() -> Event {
    Event::Missed { about: about(), reason: MissedReason::NotKnown }
}
fn cancelled(reason: CancelReason) -> Event {
    Event::Cancelled { about: about(), reason, to: None }
}
fn in_error() -> Event {
    Event::EnteredInError { about: about() }
}

/// A past for every status, and for what was never made or never meant.
struct Pasts {
    unmade: Vec<Event>,
    proposed: Vec<Event>,
    pending: Vec<Event>,
    booked: Vec<Event>,
    arrived: Vec<Event>,
    checked_in: Vec<Event>,
    fulfilled: Vec<Event>,
    no_show: Vec<Event>,
    cancelled: Vec<Event>,
    in_error: Vec<Event>,
}

fn pasts() -> Pasts {
    Pasts {
        unmade: vec![],
        proposed: vec![proposed()],
        pending: vec![proposed(), held()],
        booked: vec![booked()],
        arrived: vec![booked(), arrived()],
        checked_in: vec![booked(), arrived(), checked_in()],
        fulfilled: vec![booked(), fulfilled()],
        no_show: vec![booked(), missed()],
        cancelled: vec![booked(), cancelled(CancelReason::Person)],
        in_error: vec![booked(), in_error()],
    }
}

/// What a command comes to in each status, in the order of `Pasts`.
#[track_caller]
fn in_every_status(command: &Command, outcomes: [Result<Vec<Event>, Refusal>; 10]) {
    let p = pasts();
    let statuses = [
        ("unmade", p.unmade),
        ("proposed", p.proposed),
        ("pending", p.pending),
        ("booked", p.booked),
        ("arrived", p.arrived),
        ("checked in", p.checked_in),
        ("fulfilled", p.fulfilled),
        ("no-show", p.no_show),
        ("cancelled", p.cancelled),
        ("in error", p.in_error),
    ];
    for ((status, past), expected) in statuses.into_iter().zip(outcomes) {
        let outcome = Appointment::decide(&Appointment::fold(&past), command.clone());
        assert_eq!(outcome, expected, "{status}");
    }
}

const NOT_FOUND: Result<Vec<Event>, Refusal> = Err(Refusal::NotFound);
const OVER: Result<Vec<Event>, Refusal> = Err(Refusal::Over);
const BACKWARD: Result<Vec<Event>, Refusal> = Err(Refusal::NeverBackward);
const NOT_BOOKED: Result<Vec<Event>, Refusal> = Err(Refusal::NotBooked);

fn make(by: By, standing: Standing, content: Content) -> Command {
    Command::Make { by, now: monday(), content: Box::new(content), standing, from: None }
}

#[test]
fn it_is_made_proposed_held_or_booked_and_only_once() {
    for (standing, event) in [
        (Standing::Proposed, proposed()),
        (Standing::Pending, Event::MadePending { content: tuesday(FIRST), from: None }),
        (Standing::Booked, booked()),
    ] {
        given::<Appointment>([]).when(make(BY_CLINIC, standing, tuesday(FIRST))).then([event.clone()]);
        given::<Appointment>([event])
            .when(make(BY_CLINIC, standing, tuesday(FIRST)))
            .refused(Refusal::AlreadyExists);
    }
    given::<Appointment>([booked(), in_error()])
        .when(make(BY_CLINIC, Standing::Booked, tuesday(FIRST)))
        .refused(Refusal::AlreadyExists);
}

#[test]
fn only_the_agency_makes_it() {
    for by in [BY_SHELTER, By::Person(ANA), By::System] {
        given::<Appointment>([]).when(make(by, Standing::Booked, tuesday(FIRST))).refused(Refusal::NotFound);
    }
}

#[test]
fn it_may_have_begun_fourteen_days_ago_and_no_longer() {
    let content = tuesday(FIRST);
    let make_at = |now| Command::Make {
        by: BY_CLINIC,
        now,
        content: Box::new(tuesday(FIRST)),
        standing: Standing::Booked,
        from: None,
    };
    let last = content.start.at + kernel::SignedDuration::from_hours(14 * 24);
    given::<Appointment>([]).when(make_at(last)).then([booked()]);
    given::<Appointment>([])
        .when(make_at(last + kernel::SignedDuration::from_secs(1)))
        .refused(Refusal::TooLongAgo);
}

#[test]
fn holding_is_for_a_proposed_one() {
    in_every_status(
        &Command::Hold { by: BY_CLINIC },
        [NOT_FOUND, Ok(vec![held()]), Ok(vec![]), BACKWARD, BACKWARD, BACKWARD, OVER, OVER, OVER, NOT_FOUND],
    );
}

#[test]
fn the_agency_confirms_a_proposed_or_held_one() {
    in_every_status(
        &Command::Confirm { by: BY_CLINIC },
        [
            NOT_FOUND,
            Ok(vec![confirmed()]),
            Ok(vec![confirmed()]),
            Ok(vec![]),
            BACKWARD,
            BACKWARD,
            OVER,
            OVER,
            OVER,
            NOT_FOUND,
        ],
    );
}

#[test]
fn the_person_confirms_what_the_practitioners_side_holds() {
    let by = By::Person(ANA);
    given::<Appointment>(pasts().pending).when(Command::Confirm { by }).then([confirmed()]);
    given::<Appointment>(pasts().proposed).when(Command::Confirm { by }).refused(Refusal::AgencyOnly);
    let by = By::Person(BEN);
    given::<Appointment>(pasts().pending).when(Command::Confirm { by }).refused(Refusal::NotFound);
}

#[test]
fn arriving_is_for_a_booked_one() {
    in_every_status(
        &Command::Arrive { by: BY_CLINIC, now: tuesday_after() },
        [
            NOT_FOUND,
            NOT_BOOKED,
            NOT_BOOKED,
            Ok(vec![arrived()]),
            Ok(vec![]),
            BACKWARD,
            OVER,
            OVER,
            OVER,
            NOT_FOUND,
        ],
    );
    given::<Appointment>([booked()])
        .when(Command::Arrive { by: BY_CLINIC, now: monday() })
        .refused(Refusal::NotYet);
}

#[test]
fn checking_in_is_for_a_booked_or_arrived_one() {
    in_every_status(
        &Command::CheckIn { by: BY_CLINIC, now: tuesday_after() },
        [
            NOT_FOUND,
            NOT_BOOKED,
            NOT_BOOKED,
            Ok(vec![checked_in()]),
            Ok(vec![checked_in()]),
            Ok(vec![]),
            OVER,
            OVER,
            OVER,
            NOT_FOUND,
        ],
    );
    given::<Appointment>([booked()])
        .when(Command::CheckIn { by: BY_CLINIC, now: monday() })
        .refused(Refusal::NotYet);
}

#[test]
fn a_session_took_place_once_it_has_begun() {
    let fulfil = Command::Fulfil { by: BY_CLINIC, now: tuesday_after(), minutes: None };
    in_every_status(
        &fulfil,
        [
            NOT_FOUND,
            NOT_BOOKED,
            NOT_BOOKED,
            Ok(vec![fulfilled()]),
            Ok(vec![fulfilled()]),
            Ok(vec![fulfilled()]),
            Ok(vec![]),
            OVER,
            OVER,
            NOT_FOUND,
        ],
    );
    let early = Command::Fulfil { by: BY_CLINIC, now: monday(), minutes: None };
    given::<Appointment>([booked()]).when(early).refused(Refusal::NotYet);
    let longer = Command::Fulfil { by: BY_CLINIC, now: tuesday_after(), minutes: Some(70) };
    given::<Appointment>([booked()])
        .when(longer.clone())
        .then([Event::Fulfilled { about: about(), minutes: 70 }]);
    given::<Appointment>([booked(), fulfilled()]).when(longer).refused(Refusal::Over);
}

#[test]
fn only_who_did_not_arrive_is_a_no_show() {
    let miss = |reason| Command::Miss { by: BY_CLINIC, now: tuesday_after(), reason };
    in_every_status(
        &miss(MissedReason::NotKnown),
        [
            NOT_FOUND,
            NOT_BOOKED,
            NOT_BOOKED,
            Ok(vec![missed()]),
            BACKWARD,
            BACKWARD,
            OVER,
            Ok(vec![]),
            OVER,
            NOT_FOUND,
        ],
    );
    given::<Appointment>(pasts().no_show).when(miss(MissedReason::Service)).refused(Refusal::Over);
    let early = Command::Miss { by: BY_CLINIC, now: monday(), reason: MissedReason::NotKnown };
    given::<Appointment>([booked()]).when(early).refused(Refusal::NotYet);
}

#[test]
fn a_wrong_no_show_is_corrected_and_stays_visible() {
    let correct = |correction| Command::CorrectNoShow { by: BY_CLINIC, correction };
    let corrected = |correction| Event::NoShowCorrected { about: about(), correction };
    let took_place = corrected(Correction::Fulfilled(Some(50)));
    given::<Appointment>(pasts().no_show)
        .when(correct(Correction::Fulfilled(None)))
        .then([took_place.clone()]);
    for right in [
        Correction::Cancelled(CancelReason::Person),
        Correction::Missed(MissedReason::Service),
        Correction::Fulfilled(Some(20)),
    ] {
        given::<Appointment>(pasts().no_show).when(correct(right)).then([corrected(right)]);
        given::<Appointment>([booked(), missed(), corrected(right)]).when(correct(right)).nothing();
    }
    given::<Appointment>(pasts().no_show).when(correct(Correction::Missed(MissedReason::NotKnown))).nothing();

    let state = Appointment::fold(&[booked(), missed(), took_place]);
    assert!(
        matches!(state, State::Made { situation: Situation::Fulfilled(50), corrected: true, .. }),
        "{state:?}"
    );
}

#[test]
fn only_a_no_show_is_corrected() {
    let correct = Command::CorrectNoShow { by: BY_CLINIC, correction: Correction::Fulfilled(None) };
    let not = || Err(Refusal::NotANoShow);
    let right = Event::NoShowCorrected { about: about(), correction: Correction::Fulfilled(Some(50)) };
    in_every_status(
        &correct,
        [NOT_FOUND, not(), not(), not(), not(), not(), not(), Ok(vec![right]), not(), NOT_FOUND],
    );
}

#[test]
fn it_is_called_off_until_it_is_over() {
    let cancel = Command::Cancel { by: BY_CLINIC, reason: CancelReason::Person };
    let off = || Ok(vec![cancelled(CancelReason::Person)]);
    in_every_status(
        &cancel,
        [NOT_FOUND, off(), off(), off(), off(), off(), OVER, OVER, Ok(vec![]), NOT_FOUND],
    );
}

#[test]
fn a_death_calls_it_off_by_itself_and_for_nothing_else() {
    let cancel = |reason| Command::Cancel { by: By::System, reason };
    given::<Appointment>([booked()]).when(cancel(CancelReason::Died)).then([cancelled(CancelReason::Died)]);
    given::<Appointment>([booked(), cancelled(CancelReason::Died)])
        .when(cancel(CancelReason::Died))
        .nothing();
    given::<Appointment>([booked()]).when(cancel(CancelReason::Service)).refused(Refusal::NotFound);
    given::<Appointment>([booked()])
        .when(Command::Cancel { by: By::Person(ANA), reason: CancelReason::Died })
        .refused(Refusal::AgencyOnly);
}

#[test]
fn the_person_calls_it_off_for_the_persons_own_reason_alone() {
    let cancel = |by, reason| Command::Cancel { by, reason };
    given::<Appointment>([booked()])
        .when(cancel(By::Person(ANA), CancelReason::Person))
        .then([cancelled(CancelReason::Person)]);
    given::<Appointment>([booked()])
        .when(cancel(By::Person(ANA), CancelReason::Service))
        .refused(Refusal::AgencyOnly);
    given::<Appointment>([booked()])
        .when(cancel(By::Person(BEN), CancelReason::Person))
        .refused(Refusal::NotFound);
}

#[test]
fn what_is_the_agencys_alone_the_person_may_not_do() {
    let by = By::Person(ANA);
    let now = tuesday_after();
    for command in [
        Command::Hold { by },
        Command::Arrive { by, now },
        Command::CheckIn { by, now },
        Command::Fulfil { by, now, minutes: None },
        Command::Miss { by, now, reason: MissedReason::ToldAfter },
        Command::GiveWay { by, to: SECOND },
    ] {
        given::<Appointment>([booked()]).when(command).refused(Refusal::AgencyOnly);
    }
}

#[test]
fn it_gives_way_to_another_until_it_has_begun() {
    let gave_way =
        || Ok(vec![Event::Cancelled { about: about(), reason: CancelReason::Rescheduled, to: Some(SECOND) }]);
    let linked = || Ok(vec![Event::Replaced { about: about(), to: SECOND }]);
    in_every_status(
        &Command::GiveWay { by: BY_CLINIC, to: SECOND },
        [
            NOT_FOUND,
            gave_way(),
            gave_way(),
            gave_way(),
            BACKWARD,
            BACKWARD,
            OVER,
            linked(),
            linked(),
            NOT_FOUND,
        ],
    );
    for past in [
        vec![booked(), missed(), Event::Replaced { about: about(), to: SECOND }],
        vec![
            booked(),
            Event::Cancelled { about: about(), reason: CancelReason::Rescheduled, to: Some(SECOND) },
        ],
    ] {
        given::<Appointment>(past)
            .when(Command::GiveWay { by: BY_CLINIC, to: AppointmentId::of(42) })
            .refused(Refusal::GaveWay);
    }
}

#[test]
fn it_can_turn_out_never_to_have_been_meant() {
    let marked = || Ok(vec![in_error()]);
    in_every_status(
        &Command::MarkEnteredInError { by: BY_CLINIC },
        [
            NOT_FOUND,
            marked(),
            marked(),
            marked(),
            marked(),
            marked(),
            marked(),
            marked(),
            marked(),
            Ok(vec![]),
        ],
    );
    given::<Appointment>([booked()])
        .when(Command::MarkEnteredInError { by: BY_SHELTER })
        .refused(Refusal::NotFound);
}

#[test]
fn another_agency_finds_no_appointment() {
    let by = BY_SHELTER;
    let now = tuesday_after();
    for command in [
        Command::Hold { by },
        Command::Confirm { by },
        Command::Arrive { by, now },
        Command::CheckIn { by, now },
        Command::Fulfil { by, now, minutes: None },
        Command::Miss { by, now, reason: MissedReason::NotKnown },
        Command::CorrectNoShow { by, correction: Correction::Fulfilled(None) },
        Command::Cancel { by, reason: CancelReason::Other },
        Command::GiveWay { by, to: SECOND },
    ] {
        given::<Appointment>([booked()]).when(command).refused(Refusal::NotFound);
    }
}

fn told(situation: Situation) -> Box<Recorded> {
    Box::new(Recorded { content: tuesday(FIRST), situation, known_until: None, discrepancies: vec![] })
}

#[test]
fn a_record_is_kept_as_told_and_a_different_telling_corrects_it() {
    let record = |situation| Command::Record(told(situation));
    let recorded = |situation, correction| Event::Recorded { told: told(situation), correction };
    let booked_there = recorded(Situation::Booked, false);
    given::<Appointment>([]).when(record(Situation::Booked)).then([booked_there.clone()]);
    given::<Appointment>([booked_there.clone()]).when(record(Situation::Booked)).nothing();
    given::<Appointment>([booked_there.clone()])
        .when(record(Situation::Fulfilled(50)))
        .then([recorded(Situation::Fulfilled(50), true)]);
    given::<Appointment>([booked_there.clone(), in_error()])
        .when(record(Situation::Booked))
        .then([recorded(Situation::Booked, true)]);
    // What was done here since is not undone by the same telling.
    given::<Appointment>([booked_there, fulfilled()]).when(record(Situation::Booked)).nothing();
}

#[test]
fn a_session_to_come_told_the_same_is_a_correction_only_where_it_is_known_for_longer() {
    let known = |day| {
        let mut told = told(Situation::Booked);
        told.known_until = Some(kernel::Day::constant(2026, 3, day));
        told
    };
    let recorded = |day, correction| Event::Recorded { told: known(day), correction };
    given::<Appointment>([recorded(10, false)]).when(Command::Record(known(10))).nothing();
    given::<Appointment>([recorded(10, false)]).when(Command::Record(known(9))).nothing();
    given::<Appointment>([recorded(10, false)]).when(Command::Record(known(11))).then([recorded(11, true)]);
    given::<Appointment>([recorded(10, false), fulfilled()]).when(Command::Record(known(11))).nothing();
}

#[test]
fn a_record_never_replaces_what_was_made_here() {
    given::<Appointment>([booked()])
        .when(Command::Record(told(Situation::Booked)))
        .refused(Refusal::AlreadyExists);
}

#[test]
fn a_status_that_holds_time_is_one_between_held_and_fulfilled() {
    let holds = |past: Vec<Event>| Appointment::fold(&past).holds_time();
    let p = pasts();
    for past in [p.pending, p.booked, p.arrived, p.checked_in, p.fulfilled] {
        assert!(holds(past));
    }
    for past in [p.unmade, p.proposed, p.no_show, p.cancelled, p.in_error] {
        assert!(!holds(past));
    }
}
