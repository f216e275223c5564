//! Goals: the whole table.

use kernel::{By, Voice, given};

use super::{ANA, ANA_HERSELF, BEN, CLINIC, THE_CLINIC, THE_SHELTER};
use crate::domain::facet;
use crate::domain::goal::{
    Achievement, Act, Command, Content, Event, Facts, Goal, Readiness, Refusal, Standing, Strength,
};
use crate::domain::{FacetId, GoalId};
use kernel::{Decider, Private};

const STRENGTH: FacetId = FacetId::of(45);
const FACTS: Facts = Facts { id: GoalId::of(50), person: ANA, agency: Some(CLINIC) };

fn content(text: &str) -> Content {
    Content {
        text: Private::plain(text),
        life_domains: vec![1],
        environment: 2,
        strength: Strength::NotYetExplored,
    }
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

/// Every act in every stage: what comes of it, by a letter for each of proposed, accepted, planned, active, on hold, completed, cancelled,
/// rejected and entered in error.
fn table() -> Vec<(Act, Event, &'static str)> {
    let (improving, not_now) = (Achievement::Improving, Readiness::NotNow);
    vec![
        (Act::Reword(content("work")), Event::Reworded(content("work")), "!!!!!cccg"),
        (Act::Accept, Event::Accepted, "!....cccg"),
        (Act::Drop, Event::Dropped, "r!!!!c..g"),
        (Act::Plan, Event::Planned, "e!..hcccg"),
        (Act::Activate, Event::Activated, "e!!.hcccg"),
        (Act::Hold, Event::Held, "e!!!.cccg"),
        (Act::Resume, Event::Resumed, "e...!cccg"),
        (Act::Complete, Event::Completed, "enn!!.ccg"),
        (Act::Rate(improving), Event::Rated(improving), "e!!!!!!cg"),
        (
            Act::NoteReadiness(not_now),
            Event::ReadinessNoted { readiness: not_now, own_words: true },
            "!!!!!cccg",
        ),
        (Act::MarkEnteredInError, Event::EnteredInError, "!!!!!!!!."),
    ]
}

/// Asks the whole table of goals to whose past this is added.
fn follows_the_table(more: &[Event]) {
    let stages = || {
        [
            proposed(),
            accepted(),
            and(accepted(), Event::Planned),
            active(),
            held(),
            and(active(), Event::Completed),
            and(accepted(), Event::Dropped),
            and(proposed(), Event::Rejected),
            and(accepted(), Event::EnteredInError),
        ]
    };
    for (act, event, outcomes) in table() {
        for (past, outcome) in stages().into_iter().zip(outcomes.chars()) {
            let past: Vec<Event> = past.into_iter().chain(more.iter().cloned()).collect();
            let decided = given::<Goal>(past).when(own_words(act.clone()));
            match outcome {
                '!' => decided.then([event.clone()]),
                '.' => decided.nothing(),
                'r' => decided.then([Event::Rejected]),
                'e' => decided.refused(Refusal::NotAccepted),
                'h' => decided.refused(Refusal::OnHold),
                'n' => decided.refused(Refusal::NotActive),
                'c' => decided.refused(Refusal::Closed),
                'g' => decided.refused(Refusal::NotFound),
                other => panic!("no outcome {other}"),
            }
        }
    }
}

#[test]
fn every_act_in_every_stage() {
    follows_the_table(&[]);
}

#[test]
fn readiness_opens_and_closes_nothing() {
    for readiness in [Readiness::Unsure, Readiness::Ready] {
        follows_the_table(&[Event::ReadinessNoted { readiness, own_words: true }]);
    }
    // The same as noted before, which a table of its own shows; but for noting it again.
    follows_the_table(&[Event::ReadinessNoted { readiness: Readiness::NotNow, own_words: false }]);
    let noted = |own_words| Event::ReadinessNoted { readiness: Readiness::NotNow, own_words };
    let past = || and(active(), noted(false));
    given::<Goal>(past()).when(staff(Act::NoteReadiness(Readiness::NotNow))).nothing();
    given::<Goal>(past()).when(own_words(Act::NoteReadiness(Readiness::NotNow))).then([noted(true)]);
}

#[test]
fn a_goal_builds_on_a_strength_of_the_same_person_that_holds() {
    let facet = |person, kind, standing| {
        let facts = facet::Facts { id: STRENGTH, person, kind, agency: None };
        let content = facet::Content { text: Private::plain("patience"), life_domains: vec![] };
        facet::State::Made { facts, content, own_words: true, standing }
    };
    use facet::Kind::{Preference, Strength as IsStrength};
    use facet::Standing::{Dropped, Holds, InError};
    let linked = Content { strength: Strength::Noted(STRENGTH), ..content("work") };
    let on = |facet: Option<facet::State>| linked.builds_on(ANA, facet.as_ref(), None);
    assert_eq!(on(Some(facet(ANA, IsStrength, Holds))), Ok(()));
    assert_eq!(on(Some(facet(ANA, IsStrength, Dropped))), Err(Refusal::StrengthNoLonger));
    assert_eq!(on(Some(facet(ANA, IsStrength, InError))), Err(Refusal::StrengthNotFound));
    assert_eq!(on(Some(facet(ANA, Preference, Holds))), Err(Refusal::StrengthNotFound));
    assert_eq!(on(Some(facet(BEN, IsStrength, Holds))), Err(Refusal::StrengthNotFound));
    assert_eq!(on(Some(facet::State::Unmade)), Err(Refusal::StrengthNotFound));
    assert_eq!(on(None), Err(Refusal::StrengthNotFound));
    let kept = linked.builds_on(ANA, Some(&facet(ANA, IsStrength, Dropped)), Some(&linked));
    assert_eq!(kept, Ok(()), "what it built on before it may build on still");
    let (none, words) = (content("work"), Strength::InWords(Private::plain("patience")));
    assert_eq!(none.builds_on(ANA, None, None), Ok(()));
    assert_eq!(Content { strength: words, ..none }.builds_on(ANA, None, None), Ok(()));
}

#[test]
fn a_resting_goal_goes_on_where_it_was() {
    let resumed = |past| Goal::fold(&and(and(past, Event::Held), Event::Resumed));
    assert_eq!(resumed(accepted()), Goal::fold(&accepted()));
    assert_eq!(resumed(active()), Goal::fold(&active()));
    let planned = || and(accepted(), Event::Planned);
    assert_eq!(resumed(planned()), Goal::fold(&planned()));
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
