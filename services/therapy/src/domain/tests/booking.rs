//! Commands over several streams: what the appointment, its episode and the diaries do together.

use kernel::{Decider, SignedDuration};

use super::*;
use crate::domain::appointment::{
    self, Appointment, CancelReason, Command, Content, Correction, MissedReason, Recorded, Situation,
    Standing,
};
use crate::domain::booking::{self, Ask, Refusal};
use crate::domain::diary::{self, Busy, Diary, Owner};
use crate::domain::episode::{self, Closing, Episode};
use crate::domain::event::{appointment_stream, episode_stream};
use crate::domain::practitioner::{self, Practitioner};
use crate::domain::{Changes, Diaries, DiaryId, Event};

fn practising() -> practitioner::State {
    Practitioner::fold(&[practitioner::Event::Registered {
        worker: DR_OLIVE,
        agency: CLINIC,
        content: therapist(),
    }])
}

fn open_episode() -> episode::State {
    Episode::fold(&[episode::Event::Opened {
        facts: facts(),
        practitioner: Some(DR_OLIVE),
        at: on("2026-03-02T09:00:00Z"),
    }])
}

fn closed_episode() -> episode::State {
    let closed = episode::Event::Closed {
        about: facts().about(),
        at: on("2026-03-03T09:00:00Z"),
        reason: Closing::Moved,
        started: false,
    };
    Episode::evolve(open_episode(), &closed)
}

/// Diaries of these contents, empty but for what these appointments hold.
fn diaries_of(contents: &[&Content], holding: &[&Content]) -> Diaries {
    let mut diaries = Diaries::new(
        contents.iter().flat_map(|content| content.diaries()).map(|id| (id, diary::State::default())),
    );
    for content in holding {
        diaries.hold(&content.owners(), content.start.at, content.end(), content.id).unwrap();
    }
    diaries
}

fn booked(content: &Content) -> appointment::State {
    Appointment::fold(&[appointment::Event::Booked { content: content.clone(), from: None }])
}

fn took(content: &Content) -> Changes {
    let taken = |diary: DiaryId| diary::Event::Taken {
        diary,
        appointment: content.id,
        start: content.start.at,
        end: content.end(),
    };
    content.diaries().into_iter().map(|id| (id.stream(), Event::Diary(taken(id)))).collect()
}

fn gave_back(content: &Content) -> Changes {
    let freed = |diary| diary::Event::Freed { diary, appointment: content.id };
    content.diaries().into_iter().map(|id| (id.stream(), Event::Diary(freed(id)))).collect()
}

fn happened(content: &Content, event: appointment::Event) -> Changes {
    vec![(appointment_stream(content.id), Event::Appointment(event))]
}

#[test]
fn booking_takes_the_practitioners_and_the_persons_time() {
    let content = tuesday(FIRST);
    let diaries = diaries_of(&[&content], &[]);
    let event = appointment::Event::Booked { content: content.clone(), from: None };
    let changes =
        booking::make(content.clone(), Standing::Booked, &practising(), diaries, BY_CLINIC, monday());
    assert_eq!(changes, Ok([happened(&content, event), took(&content)].concat()));
    assert_eq!(content.diaries().len(), 2, "one of the practitioner, one of the person");
}

#[test]
fn a_proposal_takes_nobodys_time() {
    let (content, other) = (tuesday(FIRST), tuesday(SECOND));
    let diaries = diaries_of(&[&content], &[&other]);
    let event = appointment::Event::Proposed { content: content.clone(), from: None };
    let changes =
        booking::make(content.clone(), Standing::Proposed, &practising(), diaries, BY_CLINIC, monday());
    assert_eq!(changes, Ok(happened(&content, event)));
}

#[test]
fn an_appointment_over_new_year_stands_in_both_years_of_both_diaries() {
    let content = hour(FIRST, "2026-12-31T17:40");
    let diaries = diaries_of(&[&content], &[]);
    let changes =
        booking::make(content.clone(), Standing::Booked, &practising(), diaries, BY_CLINIC, monday())
            .unwrap();
    assert_eq!(changes.len(), 1 + 4);
    // Another that overlaps in the new year alone is refused by the new year's diary.
    let other = Content { person: BEN, ..hour(SECOND, "2026-12-31T18:10") };
    let diaries = diaries_of(&[&content, &other], &[&content]);
    let refused = booking::make(other, Standing::Booked, &practising(), diaries, BY_CLINIC, monday());
    let busy = Busy { owner: Owner::Practitioner(DR_OLIVE), by: FIRST, until: content.end() };
    assert_eq!(refused, Err(Refusal::Busy(busy)));
}

#[test]
fn neither_practitioner_nor_person_is_booked_twice() {
    let (first, second) = (tuesday(FIRST), hour(SECOND, "2026-03-10T10:30"));
    for (other, owner) in [
        (Content { person: BEN, ..second.clone() }, Owner::Practitioner(DR_OLIVE)),
        (Content { practitioner: Some(DR_PINE), ..second.clone() }, Owner::Person(ANA, CLINIC)),
    ] {
        let diaries = diaries_of(&[&first, &other], &[&first]);
        let refused = booking::make(other, Standing::Booked, &practising(), diaries, BY_CLINIC, monday());
        assert_eq!(refused, Err(Refusal::Busy(Busy { owner, by: FIRST, until: first.end() })));
    }
}

#[test]
fn two_people_with_two_practitioners_may_meet_at_the_same_time() {
    let first = tuesday(FIRST);
    let other = Content { person: BEN, practitioner: Some(DR_PINE), ..tuesday(SECOND) };
    let diaries = diaries_of(&[&first, &other], &[&first]);
    let made = booking::make(other, Standing::Booked, &practising(), diaries, BY_CLINIC, monday());
    assert!(made.is_ok());
}

#[test]
fn the_practitioner_must_take_appointments_in_the_modality() {
    let make = |practitioner: &practitioner::State, content: Content| {
        let diaries = diaries_of(&[&content], &[]);
        booking::make(content, Standing::Booked, practitioner, diaries, BY_CLINIC, monday())
    };
    let retired = Practitioner::evolve(practising(), &practitioner::Event::Retired { worker: DR_OLIVE });
    assert_eq!(make(&retired, tuesday(FIRST)), Err(Refusal::Practitioner(practitioner::Refusal::Retired)));
    assert_eq!(
        make(&practitioner::State::Unmade, tuesday(FIRST)),
        Err(Refusal::Practitioner(practitioner::Refusal::NotFound))
    );
    let insomnia = Modality::stored("cbt-insomnia");
    let content = Content { modality: Some(insomnia.clone()), ..tuesday(FIRST) };
    assert_eq!(make(&practising(), content), Err(Refusal::NotInModality(insomnia)));
    let elsewhere = Content { agency: SHELTER, ..tuesday(FIRST) };
    assert_eq!(make(&practising(), elsewhere), Err(Refusal::Practitioner(practitioner::Refusal::NotFound)));
}

#[test]
fn the_episode_fills_in_what_was_not_asked() {
    let ask = Ask { id: FIRST, start: tuesday(FIRST).start, minutes: 50, setting: 1, approach: None };
    let content = booking::content(ask.clone(), DR_OLIVE, &open_episode(), BY_CLINIC);
    assert_eq!(content, Ok(tuesday(FIRST)));
    assert_eq!(
        booking::content(ask.clone(), DR_OLIVE, &closed_episode(), BY_CLINIC),
        Err(Refusal::Episode(episode::Refusal::Closed))
    );
    for (episode, by) in [(open_episode(), BY_SHELTER), (episode::State::Unmade, BY_CLINIC)] {
        assert_eq!(
            booking::content(ask.clone(), DR_OLIVE, &episode, by),
            Err(Refusal::Episode(episode::Refusal::NotFound))
        );
    }
}

#[test]
fn it_is_with_whom_was_named_else_with_whom_is_assigned() {
    assert_eq!(booking::with_whom(Some(DR_PINE), &open_episode(), BY_CLINIC), Ok(DR_PINE));
    assert_eq!(booking::with_whom(None, &open_episode(), BY_CLINIC), Ok(DR_OLIVE));
    let nobody = Episode::fold(&[episode::Event::Opened {
        facts: facts(),
        practitioner: None,
        at: on("2026-03-02T09:00:00Z"),
    }]);
    assert_eq!(booking::with_whom(None, &nobody, BY_CLINIC), Err(Refusal::NoPractitioner));
    assert_eq!(
        booking::with_whom(Some(DR_PINE), &nobody, BY_SHELTER),
        Err(Refusal::Episode(episode::Refusal::NotFound))
    );
}

#[test]
fn the_first_session_that_took_place_starts_the_episode() {
    let content = tuesday(FIRST);
    let fulfil = Command::Fulfil { by: BY_CLINIC, now: tuesday_after(), minutes: None };
    let diaries = || diaries_of(&[&content], &[&content]);
    let fulfilled = appointment::Event::Fulfilled { about: content.about(), minutes: 50 };
    let started = episode::Event::Started { about: facts().about(), appointment: FIRST };
    let changes = booking::change(&booked(&content), fulfil.clone(), &open_episode(), diaries());
    let begins = vec![(episode_stream(EPISODE), Event::Episode(started.clone()))];
    assert_eq!(changes, Ok([happened(&content, fulfilled.clone()), begins].concat()));

    let going_on = Episode::evolve(open_episode(), &started);
    let changes = booking::change(&booked(&content), fulfil, &going_on, diaries());
    assert_eq!(changes, Ok(happened(&content, fulfilled)));
}

#[test]
fn what_is_called_off_missed_or_never_meant_gives_its_time_back() {
    let content = tuesday(FIRST);
    let about = content.about();
    for (command, event) in [
        (
            Command::Cancel { by: BY_CLINIC, reason: CancelReason::Service },
            appointment::Event::Cancelled { about, reason: CancelReason::Service, to: None },
        ),
        (
            Command::Miss { by: BY_CLINIC, now: tuesday_after(), reason: MissedReason::ToldAfter },
            appointment::Event::Missed { about, reason: MissedReason::ToldAfter },
        ),
        (Command::MarkEnteredInError { by: BY_CLINIC }, appointment::Event::EnteredInError { about }),
    ] {
        let diaries = diaries_of(&[&content], &[&content]);
        let changes = booking::change(&booked(&content), command, &open_episode(), diaries);
        assert_eq!(changes, Ok([happened(&content, event), gave_back(&content)].concat()));
    }
}

#[test]
fn a_corrected_no_show_takes_its_time_again_unless_another_has_it() {
    let content = tuesday(FIRST);
    let missed = appointment::Event::Missed { about: content.about(), reason: MissedReason::NotKnown };
    let no_show = Appointment::evolve(booked(&content), &missed);
    let correct = Command::CorrectNoShow { by: BY_CLINIC, correction: Correction::Fulfilled(None) };

    let free = diaries_of(&[&content], &[]);
    let changes = booking::change(&no_show, correct.clone(), &open_episode(), free).unwrap();
    assert!(took(&content).iter().all(|taken| changes.contains(taken)));
    assert!(
        changes.iter().any(|(_, event)| matches!(event, Event::Episode(episode::Event::Started { .. }))),
        "a session that took place after all starts the episode"
    );

    let walk_in = Content { person: BEN, ..hour(SECOND, "2026-03-10T10:15") };
    let taken = diaries_of(&[&content, &walk_in], &[&walk_in]);
    let refused = booking::change(&no_show, correct, &open_episode(), taken);
    let busy = Busy { owner: Owner::Practitioner(DR_OLIVE), by: SECOND, until: walk_in.end() };
    assert_eq!(refused, Err(Refusal::Busy(busy)));
}

#[test]
fn rescheduling_makes_a_new_one_linked_to_the_old_and_may_overlap_its_own_old_time() {
    let old = tuesday(FIRST);
    let new = hour(SECOND, "2026-03-10T10:20");
    let ask = Ask { id: SECOND, start: new.start.clone(), minutes: 50, setting: 1, approach: None };
    let diaries = diaries_of(&[&old, &new], &[&old]);
    let changes =
        booking::reschedule(&booked(&old), ask, &practising(), &open_episode(), diaries, BY_CLINIC, monday());
    let gave_way = appointment::Event::Cancelled {
        about: old.about(),
        reason: CancelReason::Rescheduled,
        to: Some(SECOND),
    };
    let made = appointment::Event::Booked { content: new.clone(), from: Some(FIRST) };
    assert_eq!(
        changes,
        Ok([happened(&old, gave_way), gave_back(&old), happened(&new, made), took(&new)].concat())
    );
}

#[test]
fn a_rescheduled_one_is_as_settled_as_the_old_one_was() {
    let old = tuesday(FIRST);
    let new = hour(SECOND, "2026-03-17T10:00");
    let ask = || Ask { id: SECOND, start: new.start.clone(), minutes: 50, setting: 1, approach: None };
    let again = |state: &appointment::State, holding: &[&Content]| {
        let diaries = diaries_of(&[&old, &new], holding);
        booking::reschedule(state, ask(), &practising(), &open_episode(), diaries, BY_CLINIC, monday())
    };
    let proposed = Appointment::fold(&[appointment::Event::Proposed { content: old.clone(), from: None }]);
    let changes = again(&proposed, &[]).unwrap();
    assert!(matches!(changes[1].1, Event::Appointment(appointment::Event::Proposed { .. })));
    assert_eq!(changes.len(), 2, "a proposal takes no time");

    let missed = appointment::Event::Missed { about: old.about(), reason: MissedReason::NotKnown };
    let changes = again(&Appointment::evolve(booked(&old), &missed), &[]).unwrap();
    let made = appointment::Event::Booked { content: new.clone(), from: Some(FIRST) };
    let linked = appointment::Event::Replaced { about: old.about(), to: SECOND };
    assert_eq!(changes[..2], [happened(&old, linked), happened(&new, made)].concat(), "a no-show stays one");

    assert_eq!(
        again(&appointment::State::Unmade, &[]),
        Err(Refusal::Appointment(appointment::Refusal::NotFound))
    );
}

#[test]
fn rescheduling_into_a_taken_time_changes_nothing() {
    let old = tuesday(FIRST);
    let other = Content { person: BEN, ..hour(AppointmentId::of(42), "2026-03-17T10:00") };
    let new = hour(SECOND, "2026-03-17T10:00");
    let ask = Ask { id: SECOND, start: new.start.clone(), minutes: 50, setting: 1, approach: None };
    let diaries = diaries_of(&[&old, &new, &other], &[&old, &other]);
    let refused =
        booking::reschedule(&booked(&old), ask, &practising(), &open_episode(), diaries, BY_CLINIC, monday());
    let busy = Busy { owner: Owner::Practitioner(DR_OLIVE), by: other.id, until: other.end() };
    assert_eq!(refused, Err(Refusal::Busy(busy)));
}

fn recorded(content: Content, situation: Situation) -> Recorded {
    Recorded { content, situation, known_until: None, discrepancies: vec![] }
}

fn codes(changes: &Changes) -> Vec<&str> {
    changes
        .iter()
        .flat_map(|(_, event)| match event {
            Event::Appointment(appointment::Event::Recorded { told, .. }) => {
                told.discrepancies.iter().map(|odd| odd.code.as_str()).collect()
            }
            Event::Appointment(_) | Event::Practitioner(_) | Event::Episode(_) | Event::Diary(_) => vec![],
        })
        .collect()
}

#[test]
fn a_record_takes_time_where_it_is_free_and_is_kept_with_a_discrepancy_where_not() {
    let (content, other) = (tuesday(FIRST), tuesday(SECOND));
    let record = |diaries, situation| {
        booking::record(
            &appointment::State::Unmade,
            recorded(content.clone(), situation),
            &practising(),
            &open_episode(),
            diaries,
        )
        .unwrap()
    };
    let free = record(diaries_of(&[&content], &[]), Situation::Booked);
    assert_eq!(codes(&free), Vec::<&str>::new());
    assert!(took(&content).iter().all(|taken| free.contains(taken)));

    let busy = record(diaries_of(&[&content], &[&other]), Situation::Booked);
    assert_eq!(codes(&busy), ["PRACTITIONER_BUSY"]);
    assert_eq!(busy.len(), 1, "it takes no time");

    let missed = record(diaries_of(&[&content], &[&other]), Situation::NoShow(MissedReason::NotKnown));
    assert_eq!(codes(&missed), Vec::<&str>::new(), "what holds no time is in nobody's way");
}

#[test]
fn what_todays_guards_would_refuse_of_a_record_is_kept_with_it() {
    let content = Content { modality: Some(Modality::stored("psychodynamic")), ..tuesday(FIRST) };
    let record = |content: Content, practitioner: &practitioner::State, episode: &episode::State| {
        let diaries = diaries_of(&[&content], &[]);
        booking::record(
            &appointment::State::Unmade,
            recorded(content, Situation::Fulfilled(50)),
            practitioner,
            episode,
            diaries,
        )
        .unwrap()
    };
    assert_eq!(codes(&record(content, &practising(), &open_episode())), ["NOT_IN_MODALITY"]);
    let unknown = record(tuesday(FIRST), &practitioner::State::Unmade, &episode::State::Unmade);
    assert_eq!(codes(&unknown), ["PRACTITIONER_NOT_FOUND", "EPISODE_NOT_FOUND"]);
    let bare = Content { practitioner: None, episode: None, modality: None, ..tuesday(FIRST) };
    let bare = record(bare, &practitioner::State::Unmade, &episode::State::Unmade);
    assert_eq!(codes(&bare), Vec::<&str>::new());
}

#[test]
fn a_corrected_record_moves_its_time() {
    let first = tuesday(FIRST);
    let then = hour(FIRST, "2026-03-11T10:00");
    let told = appointment::Event::Recorded {
        told: Box::new(recorded(first.clone(), Situation::Booked)),
        correction: false,
    };
    let before = Appointment::fold(&[told]);
    let diaries = diaries_of(&[&first, &then], &[&first]);
    let changes = booking::record(
        &before,
        recorded(then.clone(), Situation::Booked),
        &practising(),
        &open_episode(),
        diaries,
    )
    .unwrap();
    let olives = DiaryId { owner: Owner::Practitioner(DR_OLIVE), year: 2026 };
    let events: Vec<diary::Event> = changes
        .iter()
        .filter_map(|(stream, event)| match event {
            Event::Diary(event) if *stream == olives.stream() => Some(*event),
            Event::Diary(_) | Event::Appointment(_) | Event::Practitioner(_) | Event::Episode(_) => None,
        })
        .collect();
    let held =
        diary::Event::Taken { diary: olives, appointment: FIRST, start: first.start.at, end: first.end() };
    let after = Diary::fold(&[vec![held], events].concat());
    let taken: Vec<_> = after.taken().collect();
    assert_eq!(taken, [(then.start.at, then.end(), FIRST)]);
}

#[test]
fn the_length_of_an_appointment_is_told_in_minutes_of_real_time() {
    // Over the clock change of 8 March 2026, 01:30 plus 60 minutes is 03:30 on the wall.
    let content = Content { minutes: 60, ..hour(FIRST, "2026-03-08T01:30") };
    assert_eq!(content.end().duration_since(content.start.at), SignedDuration::from_hours(1));
    assert_eq!(chicago().wall(content.end()), "2026-03-08T03:30".parse().unwrap());
}
