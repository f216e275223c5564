//! Participations that rest, and why they ended; and every command in every state by every kind of actor.
//! Invariant: `pauses.txt` holds every cell; a command that is added does not compile before it has a name here.

use std::collections::BTreeSet;

use kernel::{Day, Decider, Refusal as _, given};

use super::participations::{TAKING_PART, about, at, contact, ended, left, started, told_of};
use super::*;
use crate::domain::PlanItemId;
use crate::domain::participation::{
    self, Command, End, Event, Facts, Participation, Refusal, Situation, State,
};

/// What the table says, for people to read and to review.
const TABLE: &str = include_str!("pauses.txt");

fn paused(reason: HoldReason) -> Event {
    Event::Paused { id: TAKING_PART, person: ANA, part2: false, reason, at: at("2026-03-10T18:00:00Z") }
}

fn resumed(when: &str) -> Event {
    Event::Resumed { id: TAKING_PART, person: ANA, part2: false, at: at(when) }
}

fn pause(by: By, reason: HoldReason) -> Command {
    Command::Pause { by, reason, at: at("2026-03-10T18:00:00Z") }
}

fn resume(when: &str) -> Command {
    Command::Resume { by: by(CLINIC), at: at(when) }
}

fn end(by: By, when: &str, reason: ClosingReason) -> Command {
    Command::End { by, at: at(when), reason }
}

fn over(when: &str, reason: ClosingReason) -> Event {
    Event::Ended { id: TAKING_PART, person: ANA, part2: false, at: at(when), reason }
}

fn recorded(told: Box<participation::Recorded>, correction: bool) -> Event {
    Event::Recorded { told, correction }
}

fn situation(past: &[Event]) -> Situation {
    match Participation::fold(past) {
        State::Made { situation, .. } => situation,
        State::Unmade | State::InError { .. } => panic!("it was begun"),
    }
}

/// A programme that turns nobody away for readiness.
fn of_zero_exclusion() -> Vec<Event> {
    let facts = Facts { zero_exclusion: true, ..about() };
    vec![Event::Started { facts, at: at("2026-03-04T18:00:00Z") }]
}

#[test]
fn it_rests_for_a_reason_and_goes_on_by_the_word_of_who_serves_or_of_the_person() {
    for who in [by(CLINIC), By::Person(ANA)] {
        let rests = paused(HoldReason::PersonsWish);
        given::<Participation>([started()]).when(pause(who, HoldReason::PersonsWish)).then([rests.clone()]);
        let goes_on = Command::Resume { by: who, at: at("2026-03-20T18:00:00Z") };
        given::<Participation>([started(), rests]).when(goes_on).then([resumed("2026-03-20T18:00:00Z")]);
        given::<Participation>([started()])
            .when(end(who, "2026-03-20T18:00:00Z", ClosingReason::PersonDeclined))
            .then([over("2026-03-20T18:00:00Z", ClosingReason::PersonDeclined)]);
    }
    let rests = [started(), paused(HoldReason::Capacity)];
    let (since, reason) = (at("2026-03-10T18:00:00Z"), HoldReason::Capacity);
    assert_eq!(situation(&rests), Situation::Paused { since, reason });
    let on = [&rests[..], &[resumed("2026-03-20T18:00:00Z")]].concat();
    assert_eq!(situation(&on), Situation::GoingOn { since: at("2026-03-20T18:00:00Z") });
    given::<Participation>(rests).when(pause(by(CLINIC), HoldReason::Documents)).refused(Refusal::Paused);
}

#[test]
fn under_zero_exclusion_nobody_rests_for_health_or_readiness_or_is_sent_away_as_ineligible() {
    for reason in [HoldReason::Health, HoldReason::NotReady] {
        given::<Participation>([started()]).when(pause(by(CLINIC), reason)).then([paused(reason)]);
        given::<Participation>(of_zero_exclusion())
            .when(pause(by(CLINIC), reason))
            .refused(Refusal::ZeroExclusion);
    }
    let others = [HoldReason::Documents, HoldReason::Capacity, HoldReason::PersonsWish, HoldReason::Consent];
    for reason in others {
        given::<Participation>(of_zero_exclusion()).when(pause(by(CLINIC), reason)).then([paused(reason)]);
    }
    let day = "2026-03-20T18:00:00Z";
    use ClosingReason::{Ineligible, NotEngaged, Other, ProviderDeclined};
    for reason in [Ineligible, NotEngaged, Other, ProviderDeclined] {
        let sent_away = || end(by(CLINIC), day, reason);
        given::<Participation>([started()]).when(sent_away()).then([over(day, reason)]);
        given::<Participation>(of_zero_exclusion()).when(sent_away()).refused(Refusal::ZeroExclusion);
        let goes = end(By::Person(ANA), day, reason);
        given::<Participation>(of_zero_exclusion()).when(goes).then([over(day, reason)]);
    }
    for reason in [ClosingReason::Moved, ClosingReason::NoCapacity, ClosingReason::CouldNotContact] {
        let over = over(day, reason);
        given::<Participation>(of_zero_exclusion()).when(end(by(CLINIC), day, reason)).then([over]);
    }
    given::<Participation>([started()])
        .when(end(by(CLINIC), day, ClosingReason::Expired))
        .refused(Refusal::ExpiredByClockAlone);
}

#[test]
fn nothing_is_told_to_have_happened_before_what_happened_last() {
    let (early, late) = ("2026-03-05T18:00:00Z", "2026-03-20T18:00:00Z");
    let before =
        Command::Pause { by: by(CLINIC), reason: HoldReason::Capacity, at: at("2026-03-01T18:00:00Z") };
    given::<Participation>([started()]).when(before).refused(Refusal::BeforeLastChange);
    let rests = || vec![started(), paused(HoldReason::Capacity)];
    given::<Participation>(rests()).when(resume(early)).refused(Refusal::BeforeLastChange);
    let completed = ClosingReason::CompletedEarly;
    given::<Participation>(rests())
        .when(end(by(CLINIC), early, completed))
        .refused(Refusal::BeforeLastChange);
    given::<Participation>(rests()).when(end(by(CLINIC), late, completed)).then([over(late, completed)]);
    let on = [rests(), vec![resumed(late)]].concat();
    given::<Participation>(on)
        .when(pause(by(CLINIC), HoldReason::Capacity))
        .refused(Refusal::BeforeLastChange);
}

#[test]
fn a_death_ends_what_rests_too_on_its_own_day() {
    let day = "2026-03-06T05:00:00Z";
    given::<Participation>([started(), paused(HoldReason::Health)])
        .when(Command::EndForDeath { at: at(day) })
        .then([over(day, ClosingReason::Died)]);
}

#[test]
fn why_it_ended_is_kept_as_it_was_told_here_or_elsewhere() {
    let (day, reason) = ("2026-04-01T18:00:00Z", ClosingReason::Moved);
    let ended = Situation::Ended(End { at: at(day), reason: Some(reason), destination: 0 });
    assert_eq!(situation(&[started(), over(day, reason)]), ended);
    let told = || told_of(Some(left(Some(reason), 410)), None);
    assert_eq!(situation(&[recorded(told(), false)]), Situation::Ended(left(Some(reason), 410)));
    let unsaid = told_of(Some(left(None, 410)), None);
    given::<Participation>([recorded(unsaid, false)])
        .when(Command::Record(told()))
        .then([recorded(told(), true)]);
}

#[test]
fn what_rests_here_rests_on_while_its_source_knows_no_end_of_it() {
    let open = |day| told_of(None, Some(Day::constant(2026, 4, day)));
    let rests = || vec![recorded(open(10), false), paused(HoldReason::Consent)];
    given::<Participation>(rests()).when(Command::Record(open(10))).nothing();
    given::<Participation>(rests()).when(Command::Record(open(11))).then([recorded(open(11), true)]);
    let told_again = [rests(), vec![recorded(open(11), true)]].concat();
    assert_eq!(situation(&told_again), situation(&rests()));
    let ended = [rests(), vec![recorded(told_of(Some(left(None, 410)), None), true)]].concat();
    assert_eq!(situation(&ended), Situation::Ended(left(None, 410)));
}

#[test]
fn what_zero_exclusion_would_refuse_is_recorded_with_that_said() {
    let told = |reason, zero_exclusion| {
        let facts = Facts { zero_exclusion, ..about() };
        let ended = Some(left(reason, 0));
        let told = participation::Recorded::new(facts, at("2026-03-04T18:00:00Z"), ended, None);
        told.discrepancies.into_iter().map(|found| found.code).collect::<Vec<_>>()
    };
    assert_eq!(told(Some(ClosingReason::Ineligible), true), ["ZERO_EXCLUSION"]);
    for (reason, zero_exclusion) in
        [(Some(ClosingReason::Ineligible), false), (Some(ClosingReason::Moved), true), (None, true)]
    {
        assert!(told(reason, zero_exclusion).is_empty());
    }
}

/// The name of a command. One that is added is missed by the match.
const fn name(command: &Command) -> &'static str {
    match command {
        Command::Start { .. } => "start",
        Command::NamePlan { .. } => "name plan",
        Command::AddContact { recorded: false, .. } => "add contact",
        Command::AddContact { recorded: true, .. } => "record contact",
        Command::Pause { .. } => "pause",
        Command::Resume { .. } => "resume",
        Command::End { .. } => "end",
        Command::EndForDeath { .. } => "end for death",
        Command::Assign { .. } => "assign",
        Command::Record(_) => "record",
        Command::MarkEnteredInError { .. } => "mark entered in error",
    }
}

/// Every command once, at a time when all that is told of the states has happened.
fn commands(by: By) -> Vec<Command> {
    let late = || at("2026-05-01T18:00:00Z");
    let speaks = match by {
        By::Agency(agency) => agency,
        By::Person(_) | By::System => STRANGER,
    };
    let mut told = told_of(None, None);
    told.facts.agency = speaks;
    vec![
        Command::Start { by, facts: about(), at: late() },
        Command::NamePlan { by, items: vec![PlanItemId::of(70)] },
        Command::AddContact { by, contact: contact(1), recorded: false },
        Command::AddContact { by, contact: contact(1), recorded: true },
        Command::Pause { by, reason: HoldReason::Capacity, at: late() },
        Command::Resume { by, at: late() },
        Command::End { by, at: late(), reason: ClosingReason::Moved },
        Command::EndForDeath { at: late() },
        Command::Assign { by, to: to(Some(WorkerId::of(7)), CLINIC) },
        Command::Record(told),
        Command::MarkEnteredInError { by },
    ]
}

fn states() -> Vec<(&'static str, Vec<Event>)> {
    let told = || recorded(told_of(Some(left(None, 410)), None), false);
    vec![
        ("none", vec![]),
        ("going on", vec![started()]),
        ("paused", vec![started(), paused(HoldReason::Documents)]),
        ("going on again", vec![started(), paused(HoldReason::Documents), resumed("2026-03-20T18:00:00Z")]),
        ("ended", vec![started(), ended()]),
        ("recorded, ended", vec![told()]),
        ("entered in error", vec![started(), Event::EnteredInError { id: TAKING_PART, person: ANA }]),
    ]
}

/// Who asks, in the order of the columns.
const ACTORS: [(&str, By); 5] = [
    ("the agency", By::Agency(CLINIC)),
    ("another agency", By::Agency(STRANGER)),
    ("the person", By::Person(ANA)),
    ("another person", By::Person(PersonId::of(99))),
    ("a service", By::System),
];

/// Allowed, holding already, told that there is none ("-"), or refused with its reason code.
fn cell(past: &[Event], command: Command) -> String {
    match Participation::decide(&Participation::fold(past), command) {
        Ok(events) if events.is_empty() => "holds".into(),
        Ok(_) => "yes".into(),
        Err(Refusal::NotFound) => "-".into(),
        Err(refusal) => refusal.reason().to_lowercase(),
    }
}

#[test]
fn every_command_in_every_state_by_every_actor_comes_to_what_the_table_says() {
    let actors: Vec<&str> = ACTORS.iter().map(|(name, _)| *name).collect();
    let mut now = format!(
        "# What each command to a participation comes to: in these states, asked by {}.\n\
         # yes: it happens; holds: what it asks for holds already; -: PARTICIPATION_NOT_FOUND; else the refusal's reason code.\n",
        actors.join(" | ")
    );
    let mut asked = BTreeSet::new();
    for (at, command) in commands(By::System).iter().enumerate() {
        assert!(asked.insert(name(command)), "each command is asked once");
        now.push_str(&format!("\n{}\n", name(command)));
        for (state, past) in states() {
            let by = |(_, by): &(&str, By)| cell(&past, commands(*by).swap_remove(at));
            let cells: Vec<String> = ACTORS.iter().map(by).collect();
            now.push_str(&format!("  {state}: {}\n", cells.join(" | ")));
        }
    }
    assert!(now == TABLE, "the table would now be:\n{now}");
}
