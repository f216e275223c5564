//! All rules of a plan.
//! Invariant: nothing here asks for readiness, and no overseer holds up what the person and their workers do.

use std::collections::BTreeSet;

use kernel::time::after_days;
use kernel::{AgencyId, By};

use super::{Change, Command, Content, Edit, Ends, Event, Overseer, Refusal, Review, Said, State};
use crate::domain::goal::Standing;
use crate::domain::{PlanItemId, in_persons_voice};

pub(super) fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Add { said, person, id, content, goal } => {
            open(goal)?;
            in_order(&content)?;
            if state.items.contains_key(&id) {
                return Err(Refusal::AlreadyExists);
            }
            let own_words = in_persons_voice(said.by, said.voice, person);
            let change = change(state, &said, own_words, (id, Some(&content)));
            Ok(vec![Event::ItemAdded { person, id, content, change }])
        }
        Command::Change { said, id, content, goal } => {
            let now = &item(state, id, &said)?.content;
            if *now == content {
                return Ok(vec![]);
            }
            if now.until.is_some_and(|until| until < said.today()) {
                return Err(Refusal::Ended);
            }
            if content.goal != now.goal {
                open(goal)?;
            }
            in_order(&content)?;
            let change = change(state, &said, own_words(state, &said), (id, Some(&content)));
            Ok(vec![Event::ItemChanged { id, content, change }])
        }
        Command::End { said, id, until } => {
            let shown = item(state, id, &said)?;
            let now = &shown.content;
            match now.until {
                Some(ended) if ended == until => Ok(vec![]),
                // A planned last day may come sooner; what has ended stays ended.
                Some(ended) if ended < until => Err(Refusal::Ended),
                Some(_) | None if until < now.from => Err(Refusal::EndsBeforeItBegins),
                Some(_) | None => {
                    let content = Content { until: Some(until), ..now.clone() };
                    let change = change(state, &said, own_words(state, &said), (id, Some(&content)));
                    // Ended is what it says now. To whom that is not shown it ends as it was shown to them.
                    Ok(vec![match state.items.get(&id).is_some_and(|item| item.current() == shown) {
                        true => Event::ItemEnded { id, until, change },
                        false => Event::ItemChanged { id, content, change },
                    }])
                }
            }
        }
        Command::MarkEnteredInError { said, id, replaced_by } => {
            let item = state.items.get(&id).filter(|item| item.is_of(said.by, state.person));
            if item.ok_or(Refusal::NotFound)?.in_error.is_some() {
                return Ok(vec![]);
            }
            let change = change(state, &said, own_words(state, &said), (id, None));
            Ok(vec![Event::ItemInError { id, replaced_by, change }])
        }
        Command::Agree { said, version } => {
            if !own_words(state, &said) {
                return Err(Refusal::NotInPersonsVoice);
            }
            match state.version(version).ok_or(Refusal::VersionNotFound)?.agreed {
                Some(_) => Ok(vec![]),
                None => Ok(vec![Event::Agreed { version, at: said.at }]),
            }
        }
        Command::Approve { said, overseer, version } => {
            let of_the_agency = |by: Option<AgencyId>| by.is_some_and(|by| said.by == By::Agency(by));
            let found = state.version(version).filter(|found| of_the_agency(found.by));
            let found = found.ok_or(Refusal::VersionNotFound)?;
            match (overseer, found.approved) {
                (Overseer::NotAsked, _) => Err(Refusal::NoOverseerAsked),
                (Overseer::Another, _) => Err(Refusal::NotTheOverseer),
                (Overseer::Is(_), Some(_)) => Ok(vec![]),
                (Overseer::Is(worker), None) => Ok(vec![Event::Approved { version, worker, at: said.at }]),
            }
        }
        Command::Review { said } => {
            let shown = |version| state.shows(version, &said.shut);
            let mut own = state.items.values().filter_map(|item| item.shown_to(said.by, state, shown));
            if !own.any(|edit| edit.content.goes_on(said.today())) {
                return Err(Refusal::NothingToReview);
            }
            Ok(vec![Event::Reviewed { own_words: own_words(state, &said), review: Review::Due(next(&said)) }])
        }
        // A clock that was set anew comes in silence.
        Command::Lapse { due, .. } if state.review != Review::Due(due) => Ok(vec![]),
        // It concerns nobody, which lets the clock rest.
        Command::Lapse { due, ends: Ends::ByDeath, .. } => {
            Ok(vec![Event::ReviewOverdue { due, agencies: BTreeSet::new() }])
        }
        Command::Lapse { due, ends: Ends::No, days } => {
            Ok(vec![Event::ReviewOverdue { due, agencies: state.concerned(due, &days) }])
        }
    }
}

fn open(goal: Standing) -> Result<(), Refusal> {
    match goal {
        Standing::Unknown => Err(Refusal::GoalNotFound),
        Standing::Closed => Err(Refusal::GoalClosed),
        Standing::Open => Ok(()),
    }
}

fn in_order(content: &Content) -> Result<(), Refusal> {
    if content.until.is_some_and(|until| until < content.from) {
        return Err(Refusal::EndsBeforeItBegins);
    }
    Ok(())
}

/// What an item that is this caller's to change says to them.
fn item<'a>(state: &'a State, id: PlanItemId, said: &Said) -> Result<&'a Edit, Refusal> {
    let shown = |version| state.shows(version, &said.shut);
    let item = state.items.get(&id).and_then(|item| item.shown_to(said.by, state, shown));
    item.ok_or(Refusal::NotFound)
}

fn own_words(state: &State, said: &Said) -> bool {
    state.person.is_some_and(|person| in_persons_voice(said.by, said.voice, person))
}

/// When to look at the plan again, from now.
fn next(said: &Said) -> kernel::Timestamp {
    after_days(said.at, said.terms.review_days, &said.terms.zone)
}

/// Who changes the plan, and how its clock stands once this item says that, or the plan has it no more: it begins with the first item that goes on, whatever
/// became of an earlier clock, and rests with the last.
fn change(
    state: &State,
    said: &Said,
    own_words: bool,
    (id, content): (PlanItemId, Option<&Content>),
) -> Change {
    let today = said.today();
    let mut others = state.items.iter().filter(|(other, _)| **other != id);
    let went_on = state.items.values().any(|item| item.goes_on(today));
    let goes_on =
        content.is_some_and(|content| content.goes_on(today)) || others.any(|(_, item)| item.goes_on(today));
    let review = match (went_on, goes_on, state.review) {
        (_, false, _) => Review::Resting,
        (false, true, _) | (true, true, Review::Resting) => Review::Due(next(said)),
        (true, true, stands @ (Review::Due(_) | Review::Overdue(_))) => stands,
    };
    let by = match said.by {
        By::Agency(agency) => Some(agency),
        By::Person(_) | By::System => None,
    };
    let asks_overseer = by.is_some() && said.terms.asks_overseer;
    Change { by, own_words, at: said.at, asks_overseer, review }
}
