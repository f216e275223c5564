//! The team.

use kernel::{By, Day, Private, WorkerId, given};

use super::{ANA, ANA_HERSELF, BEN, CLINIC, SHELTER, THE_CLINIC, THE_SHELTER};
use crate::domain::TeamMemberId;
use crate::domain::team::{Command, Event, Known, Member, Reach, Refusal, Role, Team, Who};

const FIRST: TeamMemberId = TeamMemberId::of(60);
const SECOND: TeamMemberId = TeamMemberId::of(61);
const ROBIN: WorkerId = WorkerId::of(20);

fn day(day: i8) -> Day {
    Day::constant(2026, 3, day)
}

fn robin() -> Member {
    Member {
        role: Role::Therapist,
        who: Who::Of(CLINIC, Some(ROBIN)),
        from: day(2),
        until: None,
        added_by: Some(CLINIC),
    }
}

fn add(by: By, id: TeamMemberId, member: Member) -> Command {
    let Member { role, who, from, until, .. } = member;
    Command::Add { by, person: ANA, id, role, who, known: Known::Fits, from, until }
}

fn added(id: TeamMemberId, member: Member) -> Event {
    Event::Added { person: ANA, id, member }
}

#[test]
fn a_member_is_added_by_an_agency_or_by_the_person() {
    given::<Team>([]).when(add(THE_CLINIC, FIRST, robin())).then([added(FIRST, robin())]);
    let sister =
        Member { role: Role::Family, who: Who::Close(Private::plain("Eva")), added_by: None, ..robin() };
    given::<Team>([]).when(add(ANA_HERSELF, FIRST, sister.clone())).then([added(FIRST, sister.clone())]);
    // Two of a family may have one name.
    given::<Team>([added(FIRST, sister.clone())])
        .when(add(ANA_HERSELF, SECOND, sister.clone()))
        .then([added(SECOND, sister)]);
    given::<Team>([added(FIRST, robin())])
        .when(add(THE_CLINIC, FIRST, robin()))
        .refused(Refusal::AlreadyExists);
    let backward = Member { until: Some(day(1)), ..robin() };
    given::<Team>([]).when(add(THE_CLINIC, FIRST, backward)).refused(Refusal::EndsBeforeItBegins);
    let Member { role, who, from, until, .. } = robin();
    let stranger = Command::Add {
        by: THE_CLINIC,
        person: ANA,
        id: FIRST,
        role,
        who,
        known: Known::Unknown,
        from,
        until,
    };
    given::<Team>([]).when(stranger).refused(Refusal::WorkerNotFound);
}

#[test]
fn one_worker_plays_one_part_once_at_a_time() {
    let past = || given::<Team>([added(FIRST, Member { until: Some(day(9)), ..robin() })]);
    past().when(add(THE_CLINIC, SECOND, Member { from: day(9), ..robin() })).refused(Refusal::AlreadyOnTeam);
    let next = Member { from: day(10), ..robin() };
    past().when(add(THE_CLINIC, SECOND, next.clone())).then([added(SECOND, next)]);
    let before = Member { from: day(1), until: Some(day(1)), ..robin() };
    past().when(add(THE_CLINIC, SECOND, before.clone())).then([added(SECOND, before)]);
    let another = Member { role: Role::Counselor, ..robin() };
    past().when(add(THE_CLINIC, SECOND, another.clone())).then([added(SECOND, another)]);
    let unnamed = Member { who: Who::Of(CLINIC, None), ..robin() };
    given::<Team>([added(FIRST, unnamed.clone())])
        .when(add(THE_CLINIC, SECOND, unnamed.clone()))
        .then([added(SECOND, unnamed)]);
}

#[test]
fn what_another_said_of_the_same_worker_refuses_nothing() {
    let by_the_shelter = Member { added_by: Some(SHELTER), ..robin() };
    let hers = Member { added_by: None, ..robin() };
    given::<Team>([added(FIRST, by_the_shelter), added(TeamMemberId::of(62), hers)])
        .when(add(THE_CLINIC, SECOND, robin()))
        .then([added(SECOND, robin())]);
    given::<Team>([added(FIRST, robin())])
        .when(add(THE_CLINIC, SECOND, robin()))
        .refused(Refusal::AlreadyOnTeam);
}

#[test]
fn a_part_ends_once_by_those_whose_it_is() {
    let end = |by, until| Command::End { by, id: FIRST, until, reach: Reach::OwnWorkers };
    let ended = |until| Event::Ended { id: FIRST, until };
    let by_the_shelter = Member { added_by: Some(SHELTER), ..robin() };
    let one = || given::<Team>([added(FIRST, by_the_shelter.clone())]);
    one().when(end(THE_CLINIC, day(9))).then([ended(day(9))]);
    one().when(end(THE_SHELTER, day(9))).then([ended(day(9))]);
    one().when(end(ANA_HERSELF, day(9))).then([ended(day(9))]);
    one().when(end(By::Person(BEN), day(9))).refused(Refusal::NotFound);
    one().when(end(THE_CLINIC, day(1))).refused(Refusal::EndsBeforeItBegins);
    given::<Team>([added(FIRST, robin())]).when(end(THE_SHELTER, day(9))).refused(Refusal::NotFound);
    given::<Team>([]).when(end(THE_CLINIC, day(9))).refused(Refusal::NotFound);
    let over = || given::<Team>([added(FIRST, robin()), ended(day(9))]);
    over().when(end(THE_CLINIC, day(9))).nothing();
    over().when(end(THE_CLINIC, day(10))).refused(Refusal::Ended);
    over().when(end(THE_CLINIC, day(5))).then([ended(day(5))]);
}

#[test]
fn what_was_never_meant_is_gone_and_makes_room() {
    let mark = |by| Command::MarkEnteredInError { by, id: FIRST, reach: Reach::OwnWorkers };
    let gone = Event::EnteredInError { id: FIRST };
    given::<Team>([added(FIRST, robin())]).when(mark(THE_CLINIC)).then([gone.clone()]);
    given::<Team>([added(FIRST, robin())]).when(mark(THE_SHELTER)).refused(Refusal::NotFound);
    let after = || given::<Team>([added(FIRST, robin()), gone.clone()]);
    after().when(mark(THE_CLINIC)).refused(Refusal::NotFound);
    after().when(add(THE_CLINIC, SECOND, robin())).then([added(SECOND, robin())]);
}

#[test]
fn a_member_is_there_from_the_first_day_to_the_last() {
    let member = Member { until: Some(day(9)), ..robin() };
    let there: Vec<bool> = [1, 2, 9, 10].map(|on| member.on(day(on))).into();
    assert_eq!(there, [false, true, true, false]);
    assert!(robin().on(day(31)));
}

#[test]
fn a_programme_ends_and_takes_back_what_it_said_itself_and_nothing_of_what_another_did() {
    let reach = Reach::OwnWord;
    let by_the_shelter = Member { added_by: Some(SHELTER), ..robin() };
    let end = || Command::End { by: THE_CLINIC, id: FIRST, until: day(9), reach };
    let mark = || Command::MarkEnteredInError { by: THE_CLINIC, id: FIRST, reach };
    for of_another in [by_the_shelter, Member { added_by: None, ..robin() }] {
        let one = || given::<Team>([added(FIRST, of_another.clone())]);
        one().when(end()).refused(Refusal::NotFound);
        one().when(mark()).refused(Refusal::NotFound);
    }
    given::<Team>([added(FIRST, robin())]).when(end()).then([Event::Ended { id: FIRST, until: day(9) }]);
    given::<Team>([added(FIRST, robin())]).when(mark()).then([Event::EnteredInError { id: FIRST }]);
    let herself = Command::End { by: ANA_HERSELF, id: FIRST, until: day(9), reach };
    given::<Team>([added(FIRST, robin())]).when(herself).then([Event::Ended { id: FIRST, until: day(9) }]);
}
