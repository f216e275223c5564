//! What a goal makes of a command: the one table of its stages.
//! Invariant: asking for what already holds is fine and changes nothing.

use kernel::{By, Decider};

use super::super::in_persons_voice;
use super::{Achievement, Act, Command, Event, Goal, Refusal, Stage, State};

impl Decider for Goal {
    const CATEGORY: &'static str = "goal";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        match (state, command) {
            (State::Unmade, Command::Propose { by, facts, content }) => match by {
                By::Person(_) => Err(Refusal::ThePersonSets),
                By::Agency(_) | By::System => Ok(vec![Event::Proposed(facts, content)]),
            },
            (State::Unmade, Command::Set { by, voice, facts, content }) => {
                if in_persons_voice(by, voice, facts.person) {
                    Ok(vec![Event::Set(facts, content)])
                } else {
                    Err(Refusal::NotInPersonsVoice)
                }
            }
            (State::Made { .. }, Command::Propose { .. } | Command::Set { .. }) => {
                Err(Refusal::AlreadyExists)
            }
            (State::Unmade, Command::Act { .. }) => Err(Refusal::NotFound),
            (State::Made { facts, stage, achieved, readiness, .. }, Command::Act { by, voice, act }) => {
                if !facts.is_for(by) {
                    return Err(Refusal::NotFound);
                }
                let own_words = in_persons_voice(by, voice, facts.person);
                if persons_alone(&act) && !own_words {
                    return Err(Refusal::NotInPersonsVoice);
                }
                if let Act::NoteReadiness(ready) = act {
                    let told = Event::ReadinessNoted { readiness: ready, own_words };
                    return noted(*stage, (*readiness != Some((ready, own_words))).then_some(told));
                }
                next(*stage, *achieved, act).map(|event| event.into_iter().collect())
            }
        }
    }

    fn evolve(state: State, event: &Event) -> State {
        state.after(event)
    }
}

fn persons_alone(act: &Act) -> bool {
    match act {
        Act::Reword(_) | Act::Accept | Act::Drop | Act::Rate(_) => true,
        Act::Plan
        | Act::Activate
        | Act::Hold
        | Act::Resume
        | Act::Complete
        | Act::NoteReadiness(_)
        | Act::MarkEnteredInError => false,
    }
}

/// What is only noted is noted of a goal that is open.
fn noted(stage: Stage, told: Option<Event>) -> Result<Vec<Event>, Refusal> {
    match stage {
        Stage::InError => Err(Refusal::NotFound),
        Stage::Completed | Stage::Cancelled | Stage::Rejected => Err(Refusal::Closed),
        Stage::Proposed | Stage::Accepted | Stage::Planned | Stage::Active | Stage::OnHold(_) => {
            Ok(told.into_iter().collect())
        }
    }
}

/// The table. Readiness is not in it: it opens and closes nothing.
fn next(stage: Stage, achieved: Option<Achievement>, act: Act) -> Result<Option<Event>, Refusal> {
    use Stage::{Accepted, Active, Cancelled, Completed, InError, OnHold, Planned, Proposed, Rejected};
    match (act, stage) {
        (Act::MarkEnteredInError, InError) => Ok(None),
        (
            Act::MarkEnteredInError,
            Proposed | Accepted | Planned | Active | OnHold(_) | Completed | Cancelled | Rejected,
        ) => Ok(Some(Event::EnteredInError)),
        (_, InError) => Err(Refusal::NotFound),
        (Act::NoteReadiness(_), _) => Ok(None),

        (Act::Reword(content), Proposed | Accepted | Planned | Active | OnHold(_)) => {
            Ok(Some(Event::Reworded(content)))
        }
        (Act::Reword(_), Completed | Cancelled | Rejected) => Err(Refusal::Closed),

        (Act::Accept, Proposed) => Ok(Some(Event::Accepted)),
        (Act::Accept, Accepted | Planned | Active | OnHold(_)) => Ok(None),
        (Act::Accept, Completed | Cancelled | Rejected) => Err(Refusal::Closed),

        (Act::Drop, Proposed) => Ok(Some(Event::Rejected)),
        (Act::Drop, Accepted | Planned | Active | OnHold(_)) => Ok(Some(Event::Dropped)),
        (Act::Drop, Cancelled | Rejected) => Ok(None),
        (Act::Drop, Completed) => Err(Refusal::Closed),

        (Act::Plan, Accepted) => Ok(Some(Event::Planned)),
        (Act::Plan, Planned | Active) => Ok(None),
        (Act::Plan, OnHold(_)) => Err(Refusal::OnHold),

        (Act::Activate, Accepted | Planned) => Ok(Some(Event::Activated)),
        (Act::Activate, Active) => Ok(None),
        (Act::Activate, OnHold(_)) => Err(Refusal::OnHold),

        (Act::Hold, Accepted | Planned | Active) => Ok(Some(Event::Held)),
        (Act::Hold, OnHold(_)) => Ok(None),

        (Act::Resume, OnHold(_)) => Ok(Some(Event::Resumed)),
        (Act::Resume, Accepted | Planned | Active) => Ok(None),

        (Act::Complete, Active | OnHold(_)) => Ok(Some(Event::Completed)),
        (Act::Complete, Completed) => Ok(None),
        (Act::Complete, Accepted | Planned) => Err(Refusal::NotActive),

        // A rating may come after the end: what a goal came to often shows later.
        (Act::Rate(rating), Accepted | Planned | Active | OnHold(_) | Completed | Cancelled) => {
            Ok((achieved != Some(rating)).then_some(Event::Rated(rating)))
        }

        (Act::Plan | Act::Activate | Act::Hold | Act::Resume | Act::Complete | Act::Rate(_), Proposed) => {
            Err(Refusal::NotAccepted)
        }
        (Act::Plan | Act::Activate | Act::Hold | Act::Resume, Completed) => Err(Refusal::Closed),
        (Act::Plan | Act::Activate | Act::Hold | Act::Resume | Act::Complete, Cancelled | Rejected) => {
            Err(Refusal::Closed)
        }
        (Act::Rate(_), Rejected) => Err(Refusal::Closed),
    }
}
