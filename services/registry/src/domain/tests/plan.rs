//! The living plan.

use std::collections::{BTreeMap, BTreeSet};

use kernel::skill::{Approach, Stance};
use kernel::{By, Day, Decider, Timestamp, Voice, WorkerId, Zone, given};

use super::{ANA, ANA_HERSELF, CLINIC, SHELTER, THE_CLINIC, THE_SHELTER};
use crate::domain::goal::Standing;
use crate::domain::plan::{
    Change, Command, Content, Ends, Event, Overseer, Plan, Refusal, Review, Said, State, Terms,
};
use crate::domain::{GoalId, PlanItemId};

const ITEM: PlanItemId = PlanItemId::of(70);
const OTHER: PlanItemId = PlanItemId::of(71);
const OVERSEER: WorkerId = WorkerId::of(9);

fn day(day: i8) -> Day {
    Day::constant(2026, 3, day)
}

/// Noon of that day of March, in Chicago.
fn noon(day: i8) -> Timestamp {
    chicago().instant(Day::constant(2026, 3, day).at(12, 0, 0, 0))
}

fn chicago() -> Zone {
    Zone::named("America/Chicago").unwrap()
}

fn content() -> Content {
    Content {
        goal: GoalId::of(50),
        practice: "ips".into(),
        approach: Some(Approach { skills: vec!["job-search".into()], stance: Stance::BuildIndependence }),
        worker: None,
        agency: CLINIC,
        offer: None,
        from: day(2),
        until: None,
        review_on: day(30),
    }
}

fn said(by: By, voice: Voice, on: i8) -> Said {
    let terms = Terms { zone: chicago(), review_days: 90, asks_overseer: false };
    Said { by, voice, at: noon(on), terms, shut: BTreeSet::new() }
}

fn overseen(by: By, on: i8) -> Said {
    let said = said(by, Voice::Staff, on);
    Said { terms: Terms { asks_overseer: true, ..said.terms }, ..said }
}

/// 90 days after noon of 3 March, at noon.
fn due() -> Timestamp {
    chicago().instant(Day::constant(2026, 6, 1).at(12, 0, 0, 0))
}

fn change(own_words: bool, on: i8) -> Change {
    Change { by: Some(CLINIC), own_words, at: noon(on), asks_overseer: false, review: Review::Due(due()) }
}

fn add(by: By, voice: Voice, content: Content, goal: Standing) -> Command {
    Command::Add { said: said(by, voice, 3), person: ANA, id: ITEM, content, goal }
}

fn added(own_words: bool) -> Event {
    Event::ItemAdded { person: ANA, id: ITEM, content: content(), change: change(own_words, 3) }
}

/// The time has come, and nobody's day is told.
fn lapse(due: Timestamp) -> Command {
    Command::Lapse { due, ends: Ends::No, days: BTreeMap::new() }
}

fn folded(events: &[Event]) -> State {
    events.iter().fold(State::default(), Plan::evolve)
}

#[test]
fn an_item_is_agreed_only_in_the_persons_voice_and_starts_the_review_clock() {
    let ask = |voice| add(THE_CLINIC, voice, content(), Standing::Open);
    given::<Plan>([]).when(ask(Voice::Person)).then([added(true)]);
    given::<Plan>([]).when(ask(Voice::Staff)).then([added(false)]);
}

#[test]
fn an_item_serves_an_open_goal_of_the_person() {
    let ask = |goal| add(THE_CLINIC, Voice::Person, content(), goal);
    given::<Plan>([]).when(ask(Standing::Closed)).refused(Refusal::GoalClosed);
    given::<Plan>([]).when(ask(Standing::Unknown)).refused(Refusal::GoalNotFound);
    given::<Plan>([added(true)]).when(ask(Standing::Open)).refused(Refusal::AlreadyExists);
    let backward = Content { until: Some(day(1)), ..content() };
    given::<Plan>([])
        .when(add(THE_CLINIC, Voice::Person, backward, Standing::Open))
        .refused(Refusal::EndsBeforeItBegins);
}

#[test]
fn an_item_ends_once_and_not_before_it_began_and_with_the_last_the_clock_rests() {
    let end = |by, voice, until| Command::End { said: said(by, voice, 9), id: ITEM, until };
    let ended = |until, own_words, review| Event::ItemEnded {
        id: ITEM,
        until,
        change: Change { review, ..change(own_words, 9) },
    };
    let one = || given::<Plan>([added(true)]);
    let staff = |until| end(THE_CLINIC, Voice::Staff, until);
    one().when(staff(day(9))).then([ended(day(9), false, Review::Resting)]);
    one().when(staff(day(20))).then([ended(day(20), false, Review::Due(due()))]);
    let herself = Change { by: None, review: Review::Resting, ..change(true, 9) };
    let by_her = Event::ItemEnded { id: ITEM, until: day(9), change: herself };
    one().when(end(ANA_HERSELF, Voice::Person, day(9))).then([by_her]);
    one().when(staff(day(1))).refused(Refusal::EndsBeforeItBegins);
    one().when(end(THE_SHELTER, Voice::Staff, day(9))).refused(Refusal::NotFound);
    given::<Plan>([]).when(staff(day(9))).refused(Refusal::NotFound);
    let over = || given::<Plan>([added(true), ended(day(9), false, Review::Resting)]);
    over().when(staff(day(9))).nothing();
    over().when(staff(day(12))).refused(Refusal::Ended);
    over().when(staff(day(5))).then([ended(day(5), false, Review::Resting)]);
    // A first item after a rest sets the clock anew.
    let later = Said { at: noon(3), ..said(THE_CLINIC, Voice::Staff, 3) };
    let again =
        Command::Add { said: later, person: ANA, id: OTHER, content: content(), goal: Standing::Open };
    over().when(again).then([Event::ItemAdded {
        person: ANA,
        id: OTHER,
        content: content(),
        change: change(false, 3),
    }]);
}

#[test]
fn an_item_says_something_else_by_those_whose_it_is_until_it_has_ended() {
    let other = Content { practice: "cbt-supported-employment".into(), ..content() };
    let to = |by, content, goal| Command::Change { said: said(by, Voice::Staff, 5), id: ITEM, content, goal };
    let one = || given::<Plan>([added(true)]);
    // Its goal may have closed meanwhile: it is not given it anew.
    one().when(to(THE_CLINIC, other.clone(), Standing::Closed)).then([Event::ItemChanged {
        id: ITEM,
        content: other.clone(),
        change: change(false, 5),
    }]);
    one().when(to(THE_CLINIC, content(), Standing::Open)).nothing();
    one().when(to(THE_SHELTER, other.clone(), Standing::Open)).refused(Refusal::NotFound);
    let elsewhere = Content { goal: GoalId::of(51), ..content() };
    one().when(to(THE_CLINIC, elsewhere.clone(), Standing::Closed)).refused(Refusal::GoalClosed);
    one().when(to(THE_CLINIC, elsewhere, Standing::Unknown)).refused(Refusal::GoalNotFound);
    let backward = Content { until: Some(day(1)), ..content() };
    one().when(to(THE_CLINIC, backward, Standing::Open)).refused(Refusal::EndsBeforeItBegins);
    let ended = Event::ItemEnded { id: ITEM, until: day(4), change: change(false, 4) };
    given::<Plan>([added(true), ended]).when(to(THE_CLINIC, other, Standing::Open)).refused(Refusal::Ended);
}

#[test]
fn every_change_makes_a_version_and_what_a_version_said_stays() {
    let other = Content { practice: "cbt".into(), ..content() };
    let changed = Event::ItemChanged { id: ITEM, content: other.clone(), change: change(false, 5) };
    let ended = Event::ItemEnded { id: ITEM, until: day(9), change: change(false, 9) };
    let plan = folded(&[added(true), changed, ended]);
    assert_eq!(plan.latest(), 3);
    let item = &plan.items[&ITEM];
    assert_eq!(item.at(0, |_| true), None);
    assert_eq!(item.at(1, |_| true).map(|edit| (&edit.content, edit.agreed)), Some((&content(), true)));
    assert_eq!(item.at(2, |_| true).map(|edit| (&edit.content, edit.agreed)), Some((&other, false)));
    assert_eq!(item.at(3, |_| true).and_then(|edit| edit.content.until), Some(day(9)));
    assert_eq!(
        item.at(3, |version| version != 3).map(|edit| &edit.content),
        Some(&other),
        "to whom the last is hidden"
    );
    assert_eq!(item.current(), item.at(7, |_| true).unwrap());
}

#[test]
fn the_persons_voice_alone_agrees_version_by_version() {
    let agree = |by, voice, version| Command::Agree { said: said(by, voice, 6), version };
    let agreed = |version| Event::Agreed { version, at: noon(6) };
    let one = || given::<Plan>([added(false)]);
    one().when(agree(ANA_HERSELF, Voice::Person, 1)).then([agreed(1)]);
    one().when(agree(THE_CLINIC, Voice::Person, 1)).then([agreed(1)]);
    one().when(agree(THE_CLINIC, Voice::Staff, 1)).refused(Refusal::NotInPersonsVoice);
    one().when(agree(By::System, Voice::Person, 1)).refused(Refusal::NotInPersonsVoice);
    one().when(agree(ANA_HERSELF, Voice::Person, 2)).refused(Refusal::VersionNotFound);
    one().when(agree(ANA_HERSELF, Voice::Person, 0)).refused(Refusal::VersionNotFound);
    given::<Plan>([added(true)]).when(agree(ANA_HERSELF, Voice::Person, 1)).nothing();
    // What is agreed stays agreed; a change by staff is not, and one in her voice is where all before it was.
    let other = |id, own_words| Event::ItemAdded {
        person: ANA,
        id,
        content: content(),
        change: change(own_words, 5),
    };
    let agreed_to = |events: &[Event]| -> Vec<bool> {
        folded(events).versions.iter().map(|version| version.agreed.is_some()).collect()
    };
    assert_eq!(agreed_to(&[added(false), agreed(1), other(OTHER, false)]), [true, false]);
    assert_eq!(agreed_to(&[added(false), agreed(1), other(OTHER, true)]), [true, true]);
    assert_eq!(agreed_to(&[added(false), other(OTHER, true)]), [false, false]);
}

#[test]
fn an_overseer_approves_what_the_agency_changed_where_it_asks_for_one() {
    let change = Change { asks_overseer: true, ..change(false, 3) };
    let added = Event::ItemAdded { person: ANA, id: ITEM, content: content(), change };
    let asked = Command::Add {
        said: overseen(THE_CLINIC, 3),
        person: ANA,
        id: ITEM,
        content: content(),
        goal: Standing::Open,
    };
    given::<Plan>([]).when(asked).then([added.clone()]);
    let approve = |by, overseer, version| Command::Approve { said: overseen(by, 6), overseer, version };
    let approved = Event::Approved { version: 1, worker: OVERSEER, at: noon(6) };
    let one = || given::<Plan>([added.clone()]);
    let is = Overseer::Is(OVERSEER);
    one().when(approve(THE_CLINIC, is, 1)).then([approved.clone()]);
    one().when(approve(THE_CLINIC, Overseer::Another, 1)).refused(Refusal::NotTheOverseer);
    one().when(approve(THE_CLINIC, Overseer::NotAsked, 1)).refused(Refusal::NoOverseerAsked);
    one().when(approve(THE_SHELTER, is, 1)).refused(Refusal::VersionNotFound);
    one().when(approve(THE_CLINIC, is, 2)).refused(Refusal::VersionNotFound);
    let twice = [added.clone(), approved];
    given::<Plan>(twice.clone()).when(approve(THE_CLINIC, Overseer::Is(WorkerId::of(8)), 1)).nothing();
    assert_eq!(folded(&twice).versions[0].approved, Some((OVERSEER, noon(6))));
}

#[test]
fn a_review_sets_the_clock_anew_and_the_clock_runs_out_once() {
    let overdue = Event::ReviewOverdue { due: due(), agencies: [CLINIC].into() };
    let one = || given::<Plan>([added(true)]);
    one().when(lapse(due())).then([overdue.clone()]);
    one().when(lapse(noon(4))).nothing();
    given::<Plan>([added(true), overdue.clone()]).when(lapse(due())).nothing();
    given::<Plan>([]).when(lapse(due())).nothing();

    let review = |by| Command::Review { said: said(by, Voice::Staff, 4) };
    let next = chicago().instant(Day::constant(2026, 6, 2).at(12, 0, 0, 0));
    let reviewed = |own_words| Event::Reviewed { own_words, review: Review::Due(next) };
    one().when(review(THE_CLINIC)).then([reviewed(false)]);
    one().when(Command::Review { said: said(ANA_HERSELF, Voice::Person, 4) }).then([reviewed(true)]);
    one().when(review(THE_SHELTER)).refused(Refusal::NothingToReview);
    given::<Plan>([]).when(review(THE_CLINIC)).refused(Refusal::NothingToReview);
    given::<Plan>([added(true), reviewed(false)]).when(lapse(due())).nothing();
    given::<Plan>([added(true), overdue, reviewed(false)])
        .when(lapse(next))
        .then([Event::ReviewOverdue { due: next, agencies: [CLINIC].into() }]);
}

#[test]
fn a_clock_that_runs_out_on_nothing_that_goes_on_or_after_a_death_rests_and_the_next_item_begins_it_anew() {
    let planned = Content { until: Some(day(20)), ..content() };
    let past = Event::ItemAdded { person: ANA, id: ITEM, content: planned, change: change(true, 3) };
    let nobody = Event::ReviewOverdue { due: due(), agencies: [].into() };
    given::<Plan>([past.clone()]).when(lapse(due())).then([nobody.clone()]);
    let died = Command::Lapse { due: due(), ends: Ends::ByDeath, days: BTreeMap::new() };
    given::<Plan>([added(true)]).when(died).then([nobody.clone()]);
    assert_eq!(folded(&[past.clone(), nobody.clone()]).review, Review::Resting);
    given::<Plan>([past.clone(), nobody.clone()]).when(lapse(due())).nothing();

    // A year later something is planned again: by the clock of then.
    let later = chicago().instant(Day::constant(2027, 6, 1).at(12, 0, 0, 0));
    let said = Said { at: later, ..said(THE_CLINIC, Voice::Staff, 3) };
    let next = chicago().instant(Day::constant(2027, 8, 30).at(12, 0, 0, 0));
    let add = || Command::Add {
        said: said.clone(),
        person: ANA,
        id: OTHER,
        content: content(),
        goal: Standing::Open,
    };
    let anew = Event::ItemAdded {
        person: ANA,
        id: OTHER,
        content: content(),
        change: Change { at: later, review: Review::Due(next), ..change(false, 3) },
    };
    given::<Plan>([past.clone(), nobody]).when(add()).then([anew.clone()]);
    // So it is too where the clock had been broken before all of it ended.
    let broken = Event::ReviewOverdue { due: due(), agencies: [CLINIC].into() };
    given::<Plan>([past, broken]).when(add()).then([anew]);
}

#[test]
fn whether_an_item_goes_on_is_judged_by_the_day_where_its_agency_works() {
    let late = chicago().instant(Day::constant(2026, 3, 19).at(22, 0, 0, 0));
    let item = Event::ItemAdded {
        person: ANA,
        id: ITEM,
        content: Content { until: Some(day(20)), ..content() },
        change: Change { review: Review::Due(late), ..change(true, 3) },
    };
    let days = [(CLINIC, chicago().day_of(late))].into();
    given::<Plan>([item])
        .when(Command::Lapse { due: late, ends: Ends::No, days })
        .then([Event::ReviewOverdue { due: late, agencies: [CLINIC].into() }]);
}

#[test]
fn a_change_leaves_a_running_or_broken_clock_as_it_is_and_all_whose_items_go_on_hear_of_it() {
    let second = |review| {
        let change = Change { by: Some(SHELTER), review, ..change(false, 4) };
        let content = Content { agency: SHELTER, ..content() };
        Event::ItemAdded { person: ANA, id: OTHER, content, change }
    };
    let add = || {
        let content = Content { agency: SHELTER, ..content() };
        let said = said(THE_SHELTER, Voice::Staff, 4);
        Command::Add { said, person: ANA, id: OTHER, content, goal: Standing::Open }
    };
    given::<Plan>([added(false)]).when(add()).then([second(Review::Due(due()))]);
    let by_her = Change { by: None, ..change(true, 4) };
    let hers = Event::ItemAdded { person: ANA, id: OTHER, content: content(), change: by_her };
    let for_the_shelter = Content { agency: SHELTER, ..content() };
    let given_away =
        Event::ItemAdded { person: ANA, id: ITEM, content: for_the_shelter, change: change(false, 3) };
    assert_eq!(folded(&[given_away]).concerned(due(), &BTreeMap::new()), [CLINIC].into(), "whoever wrote it");
    assert_eq!(
        folded(&[hers]).concerned(due(), &BTreeMap::new()),
        [CLINIC].into(),
        "of hers, whoever does it"
    );
    let overdue = |agencies: &[kernel::AgencyId]| Event::ReviewOverdue {
        due: due(),
        agencies: agencies.iter().copied().collect(),
    };
    given::<Plan>([added(false), overdue(&[CLINIC])]).when(add()).then([second(Review::Overdue(due()))]);
    given::<Plan>([added(false), second(Review::Due(due()))])
        .when(lapse(due()))
        .then([overdue(&[CLINIC, SHELTER])]);
}

#[test]
fn what_is_not_shown_to_the_caller_is_not_there_for_them() {
    let unseeing = |by| Said { shut: [SHELTER].into(), ..said(by, Voice::Staff, 9) };
    let other = || Content { practice: "cbt-supported-employment".into(), ..content() };
    let by_the_shelter = || Change { by: Some(SHELTER), ..change(false, 5) };
    let to = |said| Command::Change { said, id: ITEM, content: other(), goal: Standing::Open };
    let end = |said| Command::End { said, id: ITEM, until: day(9) };
    // The shelter's own, which it gave to the clinic and ended: neither that it is there, nor that it has ended.
    let given_over = Event::ItemAdded {
        person: ANA,
        id: ITEM,
        content: Content { agency: CLINIC, ..content() },
        change: by_the_shelter(),
    };
    let ended = Event::ItemEnded { id: ITEM, until: day(6), change: by_the_shelter() };
    let shut = || given::<Plan>([given_over.clone(), ended.clone()]);
    shut().when(to(said(THE_CLINIC, Voice::Staff, 9))).refused(Refusal::Ended);
    shut().when(to(unseeing(THE_CLINIC))).refused(Refusal::NotFound);
    shut().when(end(unseeing(THE_CLINIC))).refused(Refusal::NotFound);
    // The clinic's, of which the shelter said what the clinic is not shown: to the clinic it goes on as it was.
    let mine = || given::<Plan>([added(false), ended.clone()]);
    mine().when(to(said(THE_CLINIC, Voice::Staff, 9))).refused(Refusal::Ended);
    let changed = |content, review| {
        let change = Change { review, ..change(false, 9) };
        Event::ItemChanged { id: ITEM, content, change }
    };
    let due_anew =
        Review::Due(kernel::time::after_days(noon(9), 90, &said(THE_CLINIC, Voice::Staff, 9).terms.zone));
    mine().when(to(unseeing(THE_CLINIC))).then([changed(other(), due_anew)]);
    let over = Content { until: Some(day(9)), ..content() };
    mine().when(end(unseeing(THE_CLINIC))).then([changed(over, Review::Resting)]);
}

#[test]
fn an_item_that_never_should_have_been_written_is_taken_off_by_who_added_it_the_person_and_who_runs_the_system()
 {
    let mark = |by, voice, on| Command::MarkEnteredInError {
        said: said(by, voice, on),
        id: ITEM,
        replaced_by: Some(OTHER),
    };
    let gone = |change| Event::ItemInError { id: ITEM, replaced_by: Some(OTHER), change };
    let one = || given::<Plan>([added(true)]);
    let rests = Change { review: Review::Resting, ..change(false, 9) };
    one().when(mark(THE_CLINIC, Voice::Staff, 9)).then([gone(rests.clone())]);
    one().when(mark(ANA_HERSELF, Voice::Person, 9)).then([gone(Change {
        by: None,
        own_words: true,
        ..rests.clone()
    })]);
    one().when(mark(By::System, Voice::Staff, 9)).then([gone(Change { by: None, ..rests.clone() })]);
    // Who does it did not write it.
    let for_the_shelter = Event::ItemAdded {
        person: ANA,
        id: ITEM,
        content: Content { agency: SHELTER, ..content() },
        change: change(true, 3),
    };
    given::<Plan>([for_the_shelter]).when(mark(THE_SHELTER, Voice::Staff, 9)).refused(Refusal::NotFound);
    let past = || [added(true), gone(rests.clone())];
    given::<Plan>(past()).when(mark(THE_CLINIC, Voice::Staff, 10)).nothing();
    // It is nobody's to change any more, and nothing is left to look at.
    let end = Command::End { said: said(THE_CLINIC, Voice::Staff, 10), id: ITEM, until: day(10) };
    given::<Plan>(past()).when(end).refused(Refusal::NotFound);
    let review = Command::Review { said: said(THE_CLINIC, Voice::Staff, 10) };
    given::<Plan>(past()).when(review).refused(Refusal::NothingToReview);
    let state = folded(&past());
    assert_eq!((state.latest(), state.agencies()), (2, BTreeSet::new()), "it makes a version");
    let item = &state.items[&ITEM];
    assert!(item.at(1, |_| true).is_some() && item.at(2, |_| true).is_none(), "what a version said stays");
    assert!(!item.goes_on(day(4)));
}
