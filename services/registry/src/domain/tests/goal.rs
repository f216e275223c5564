//! Goals: the whole table.

use kernel::{By, Voice, given};

use super::{ANA, ANA_HERSELF, BEN, CLINIC, THE_CLINIC, THE_SHELTER};
use crate::domain::GoalId;
use crate::domain::goal::{Achievement, Act, Command, Content, Event, Facts, Goal, Refusal, Standing};
use kernel::{Decider, Private};

const FACTS: Facts = Facts { id: GoalId::of(50), person: ANA, agency: Some(CLINIC) };

fn content(text: &str) -> Content {
    Content { text: Private::plain(text), life_domains: vec![1], environment: 2, strength: None }
}

fn proposed() -> Vec<Event> {
    vec![Event::Proposed(FACTS, content("a paid job"))]
}

fn accepted() -> Vec<Event> {
    vec![Event::Set(FACTS, content("a paid job"))]
}

fn and(mut past: Vec<Event>, event: Event) -> Vec<Event> {
    past.push(event);
    past
}

fn active() -> Vec<Event> {
    and(accepted(), Event::Activated)
}

fn held() -> Vec<Event> {
    and(active(), Event::Held)
}

/// Staff, writing down the person's own words.
fn own_words(act: Act) -> Command {
    Command::Act { by: THE_CLINIC, voice: Voice::Person, act }
}

fn staff(act: Act) -> Command {
    Command::Act { by: THE_CLINIC, voice: Voice::Staff, act }
}

#[test]
fn staff_propose_and_the_person_sets() {
    let propose = |by| Command::Propose { by, facts: FACTS, content: content("a paid job") };
    given::<Goal>([]).when(propose(THE_CLINIC)).then(proposed());
    given::<Goal>([]).when(propose(ANA_HERSELF)).refused(Refusal::ThePersonSets);
    let set = |by, voice| Command::Set { by, voice, facts: FACTS, content: content("a paid job") };
    given::<Goal>([]).when(set(ANA_HERSELF, Voice::Person)).then(accepted());
    given::<Goal>([]).when(set(THE_CLINIC, Voice::Person)).then(accepted());
    given::<Goal>([]).when(set(THE_CLINIC, Voice::Staff)).refused(Refusal::NotInPersonsVoice);
    given::<Goal>([]).when(set(By::Person(BEN), Voice::Person)).refused(Refusal::NotInPersonsVoice);
    given::<Goal>([]).when(set(By::System, Voice::Person)).refused(Refusal::NotInPersonsVoice);
    given::<Goal>(proposed()).when(propose(THE_CLINIC)).refused(Refusal::AlreadyExists);
    given::<Goal>(proposed()).when(set(ANA_HERSELF, Voice::Person)).refused(Refusal::AlreadyExists);
}

#[test]
fn what_is_the_persons_alone_is_refused_in_any_other_voice() {
    let acts = || [Act::Accept, Act::Drop, Act::Reword(content("x")), Act::Rate(Achievement::Improving)];
    for act in acts() {
        given::<Goal>(proposed()).when(staff(act)).refused(Refusal::NotInPersonsVoice);
    }
    for act in acts() {
        let system = Command::Act { by: By::System, voice: Voice::Person, act };
        given::<Goal>(proposed()).when(system).refused(Refusal::NotInPersonsVoice);
    }
}

#[test]
fn a_goal_is_for_its_writer_and_the_person_alone() {
    let by = |by| Command::Act { by, voice: Voice::Person, act: Act::Accept };
    given::<Goal>(proposed()).when(by(THE_SHELTER)).refused(Refusal::NotFound);
    given::<Goal>(proposed()).when(by(By::Person(BEN))).refused(Refusal::NotFound);
    given::<Goal>(proposed()).when(by(ANA_HERSELF)).then([Event::Accepted]);
    given::<Goal>(proposed()).when(by(THE_CLINIC)).then([Event::Accepted]);
    given::<Goal>([]).when(by(THE_CLINIC)).refused(Refusal::NotFound);
}

#[test]
fn every_act_in_every_stage() {
    enum Then {
        Is(Event),
        Nothing,
        No(Refusal),
    }
    use Then::{Is, No, Nothing};
    let stages = || {
        [
            proposed(),
            accepted(),
            active(),
            held(),
            and(active(), Event::Completed),
            and(accepted(), Event::Dropped),
            and(proposed(), Event::Rejected),
            and(accepted(), Event::EnteredInError),
        ]
    };
    let no = |refusal: &Refusal| No(refusal.clone());
    let (early, closed, gone) = (Refusal::NotAccepted, Refusal::Closed, Refusal::NotFound);
    // Proposed, accepted, active, on hold, completed, cancelled, rejected, entered in error.
    type Row = (fn() -> Act, [Then; 8]);
    let table: Vec<Row> = vec![
        (
            || Act::Reword(content("work")),
            [
                Is(Event::Reworded(content("work"))),
                Is(Event::Reworded(content("work"))),
                Is(Event::Reworded(content("work"))),
                Is(Event::Reworded(content("work"))),
                no(&closed),
                no(&closed),
                no(&closed),
                no(&gone),
            ],
        ),
        (
            || Act::Accept,
            [
                Is(Event::Accepted),
                Nothing,
                Nothing,
                Nothing,
                no(&closed),
                no(&closed),
                no(&closed),
                no(&gone),
            ],
        ),
        (
            || Act::Drop,
            [
                Is(Event::Rejected),
                Is(Event::Dropped),
                Is(Event::Dropped),
                Is(Event::Dropped),
                no(&closed),
                Nothing,
                Nothing,
                no(&gone),
            ],
        ),
        (
            || Act::Activate,
            [
                no(&early),
                Is(Event::Activated),
                Nothing,
                No(Refusal::OnHold),
                no(&closed),
                no(&closed),
                no(&closed),
                no(&gone),
            ],
        ),
        (
            || Act::Hold,
            [
                no(&early),
                Is(Event::Held),
                Is(Event::Held),
                Nothing,
                no(&closed),
                no(&closed),
                no(&closed),
                no(&gone),
            ],
        ),
        (
            || Act::Resume,
            [
                no(&early),
                Nothing,
                Nothing,
                Is(Event::Resumed),
                no(&closed),
                no(&closed),
                no(&closed),
                no(&gone),
            ],
        ),
        (
            || Act::Complete,
            [
                no(&early),
                No(Refusal::NotActive),
                Is(Event::Completed),
                Is(Event::Completed),
                Nothing,
                no(&closed),
                no(&closed),
                no(&gone),
            ],
        ),
        (
            || Act::Rate(Achievement::Improving),
            [
                no(&early),
                Is(Event::Rated(Achievement::Improving)),
                Is(Event::Rated(Achievement::Improving)),
                Is(Event::Rated(Achievement::Improving)),
                Is(Event::Rated(Achievement::Improving)),
                Is(Event::Rated(Achievement::Improving)),
                no(&closed),
                no(&gone),
            ],
        ),
        (
            || Act::MarkEnteredInError,
            [
                Is(Event::EnteredInError),
                Is(Event::EnteredInError),
                Is(Event::EnteredInError),
                Is(Event::EnteredInError),
                Is(Event::EnteredInError),
                Is(Event::EnteredInError),
                Is(Event::EnteredInError),
                Nothing,
            ],
        ),
    ];
    for (act, outcomes) in table {
        for (past, outcome) in stages().into_iter().zip(outcomes) {
            let decided = given::<Goal>(past).when(own_words(act()));
            match outcome {
                Is(event) => decided.then([event]),
                Nothing => decided.nothing(),
                No(refusal) => decided.refused(refusal),
            }
        }
    }
}

#[test]
fn a_resting_goal_goes_on_where_it_was() {
    let resumed = |past| Goal::fold(&and(and(past, Event::Held), Event::Resumed));
    assert_eq!(resumed(accepted()), Goal::fold(&accepted()));
    assert_eq!(resumed(active()), Goal::fold(&active()));
}

#[test]
fn the_same_rating_again_is_nothing_and_another_is_told() {
    let rated = || and(active(), Event::Rated(Achievement::Improving));
    given::<Goal>(rated()).when(own_words(Act::Rate(Achievement::Improving))).nothing();
    given::<Goal>(rated())
        .when(own_words(Act::Rate(Achievement::Worsening)))
        .then([Event::Rated(Achievement::Worsening)]);
}

#[test]
fn a_plan_learns_whether_a_goal_is_the_persons_and_open() {
    let standing = |past: Vec<Event>, person, by| Goal::fold(&past).standing(person, by);
    assert_eq!(standing(held(), ANA, THE_CLINIC), Standing::Open);
    assert_eq!(standing(and(active(), Event::Completed), ANA, THE_CLINIC), Standing::Closed);
    assert_eq!(standing(active(), BEN, THE_CLINIC), Standing::Unknown);
    assert_eq!(standing(active(), ANA, THE_SHELTER), Standing::Unknown);
    assert_eq!(standing(and(active(), Event::EnteredInError), ANA, THE_CLINIC), Standing::Unknown);
    assert_eq!(standing(vec![], ANA, THE_CLINIC), Standing::Unknown);
}
