//! What one record makes of a command.
//! Invariant: a fact from elsewhere is kept whatever today's guards say of it, with the discrepancy beside it.

use kernel::{By, Decider, Discrepancy};

use super::{Command, Event, Held, Identifier, Known, Person, Refusal, State, Told, Use, around, marks};

impl Decider for Person {
    const CATEGORY: &'static str = "person";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Register { by, id, details, identifiers } => {
                let agency = match by {
                    By::Agency(agency) => Some(agency),
                    By::System => None,
                    By::Person(_) => return Err(Refusal::NotForThePerson),
                };
                match state {
                    State::Unmade => Ok(vec![Event::Registered { id, agency, details, identifiers }]),
                    State::Active(_) | State::InError(_) | State::Erased(_) => Err(Refusal::AlreadyExists),
                }
            }
            Command::Change { by, details } => {
                let known = state.admit(by)?;
                let same = known.details.as_ref().is_some_and(|now| now.digest == details.digest);
                Ok(if same { vec![] } else { vec![Event::Changed { details }] })
            }
            Command::Record { by, told, taken } => record(state, by, told, &taken),
            Command::MarkEnteredInError { by } => mark_entered_in_error(state, by),
            Command::AddIdentifier { by, identifier } => {
                let known = state.admit(by)?;
                Ok(match known.identifiers.get(&identifier.key_hash) {
                    Some(held) if says_as_much(&held.identifier, &identifier) => vec![],
                    Some(_) | None => vec![Event::IdentifierAdded(identifier)],
                })
            }
            Command::RemoveIdentifier { by, key_hash } => {
                let known = state.admit(by)?;
                Ok(match known.identifiers.contains_key(&key_hash) {
                    true => vec![Event::IdentifierRemoved { key_hash }],
                    false => vec![],
                })
            }
            Command::AddServingAgency { by, agency } => {
                let known = state.admit(by)?;
                Ok(match known.serving.contains(&agency) {
                    true => vec![],
                    false => vec![Event::ServingAgencyAdded { agency }],
                })
            }
            Command::Around { by, ask } => {
                Ok(around::decide(state, by, ask)?.map(Event::Around).into_iter().collect())
            }
            Command::Mark { by, mark } => marks::decide(state, by, mark),
            Command::Erase { by } => match state {
                State::Unmade => Err(Refusal::NotFound),
                State::Active(known) | State::InError(known) | State::Erased(known) if !known.is_for(by) => {
                    Err(Refusal::NotFound)
                }
                State::Active(_) | State::InError(_) | State::Erased(_) if by != By::System => {
                    Err(Refusal::OperatorsAlone)
                }
                State::Active(_) | State::InError(_) => Ok(vec![Event::Erased]),
                State::Erased(_) => Ok(vec![]),
            },
        }
    }

    fn evolve(state: State, event: &Event) -> State {
        state.after(event)
    }
}

/// Agencies that a record's teller added later by `AddServingAgency` stay; a telling never takes one away.
fn record(state: &State, by: By, mut told: Told, taken: &[[u8; 32]]) -> Result<Vec<Event>, Refusal> {
    let mut discrepancies = vec![];
    for identifier in &mut told.identifiers {
        identifier.claimed = identifier.usage == Use::RecordNumber && !taken.contains(&identifier.key_hash);
        if identifier.usage == Use::RecordNumber && !identifier.claimed {
            let detail = format!("another record holds the identifier of {}", identifier.system);
            discrepancies.push(Discrepancy::new("IDENTIFIER_TAKEN", detail));
        }
    }
    let recorded = |told, correction| Ok(vec![Event::Recorded { told, correction, discrepancies }]);
    match state {
        State::Unmade => recorded(told, false),
        State::Erased(_) => Err(Refusal::Erased),
        State::Active(known) | State::InError(known) if !known.is_for(by) || known.told.is_none() => {
            Err(Refusal::AlreadyExists)
        }
        State::Active(known) if says_the_same(known, &told) => Ok(vec![]),
        State::Active(_) | State::InError(_) => recorded(told, true),
    }
}

fn says_the_same(known: &Known, told: &Told) -> bool {
    let before: Vec<&Held> = known.identifiers.values().filter(|held| held.told).collect();
    let kept = |each: &Identifier| {
        let held = known.identifiers.get(&each.key_hash);
        held.is_some_and(|held| held.told && says_as_much(&held.identifier, each))
    };
    known.told == Some(told.details.digest)
        && before.len() == told.identifiers.len()
        && told.identifiers.iter().all(kept)
        && told.serving.iter().all(|agency| known.serving.contains(agency))
}

/// Equal hashes are equal values; the values themselves are sealed.
fn says_as_much(held: &Identifier, other: &Identifier) -> bool {
    held.usage == other.usage && held.quality == other.quality && held.claimed == other.claimed
}

fn mark_entered_in_error(state: &State, by: By) -> Result<Vec<Event>, Refusal> {
    match state {
        State::InError(known) if known.is_for(by) => Ok(vec![]),
        State::Unmade | State::InError(_) | State::Erased(_) => state.admit(by).map(|_| vec![]),
        State::Active(_) => {
            let known = state.admit(by)?;
            match by {
                By::Person(_) => Err(Refusal::OperatorsAlone),
                // What one source told of, its teller takes back, whoever else serves the person by that source.
                By::Agency(_) if known.told.is_none() && known.serving.len() > 1 => {
                    Err(Refusal::ServedByOthers)
                }
                By::Agency(_) | By::System => Ok(vec![Event::EnteredInError]),
            }
        }
    }
}
