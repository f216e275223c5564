//! The rules of one appointment; what it needs of others (practitioner, episode, diaries) is `booking`'s.
//! Invariant: what is asked and already holds succeeds quietly; what would move the status backward is refused.

use kernel::{By, SignedDuration, Timestamp, known_longer};

use super::{CancelReason, Command, Content, Correction, Event, Refusal, Situation, Standing, State};

/// How far back a request may reach (domain rule: 14 days; a setting later).
pub const BACKDATED: SignedDuration = SignedDuration::from_hours(14 * 24);
/// How long before its start a person may be said to have arrived (our default).
pub const EARLY: SignedDuration = SignedDuration::from_hours(12);

pub(super) fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Make { by, now, content, standing, from } => make(state, by, now, *content, standing, from),
        Command::Hold { by } => {
            let (content, situation) = of_agency(state, by)?;
            match situation {
                Situation::Proposed => Ok(vec![Event::Held { about: content.about() }]),
                Situation::Pending => Ok(vec![]),
                Situation::Booked | Situation::Arrived | Situation::CheckedIn => Err(Refusal::NeverBackward),
                Situation::Fulfilled(_) | Situation::NoShow(_) | Situation::Cancelled(_) => {
                    Err(Refusal::Over)
                }
            }
        }
        Command::Confirm { by } => confirm(state, by),
        Command::Arrive { by, now } => {
            let (content, situation) = of_agency(state, by)?;
            match situation {
                Situation::Booked if early(content, now) => Err(Refusal::NotYet),
                Situation::Booked => Ok(vec![Event::Arrived { about: content.about() }]),
                Situation::Arrived => Ok(vec![]),
                Situation::CheckedIn => Err(Refusal::NeverBackward),
                Situation::Proposed | Situation::Pending => Err(Refusal::NotBooked),
                Situation::Fulfilled(_) | Situation::NoShow(_) | Situation::Cancelled(_) => {
                    Err(Refusal::Over)
                }
            }
        }
        Command::CheckIn { by, now } => {
            let (content, situation) = of_agency(state, by)?;
            match situation {
                Situation::Booked | Situation::Arrived if early(content, now) => Err(Refusal::NotYet),
                Situation::Booked | Situation::Arrived => {
                    Ok(vec![Event::CheckedIn { about: content.about() }])
                }
                Situation::CheckedIn => Ok(vec![]),
                Situation::Proposed | Situation::Pending => Err(Refusal::NotBooked),
                Situation::Fulfilled(_) | Situation::NoShow(_) | Situation::Cancelled(_) => {
                    Err(Refusal::Over)
                }
            }
        }
        Command::Fulfil { by, now, minutes } => {
            let (content, situation) = of_agency(state, by)?;
            let minutes = minutes.unwrap_or(content.minutes);
            match situation {
                Situation::Booked | Situation::Arrived | Situation::CheckedIn if now < content.start.at => {
                    Err(Refusal::NotYet)
                }
                Situation::Booked | Situation::Arrived | Situation::CheckedIn => {
                    Ok(vec![Event::Fulfilled { about: content.about(), minutes }])
                }
                Situation::Fulfilled(taken) if taken == minutes => Ok(vec![]),
                Situation::Proposed | Situation::Pending => Err(Refusal::NotBooked),
                Situation::Fulfilled(_) | Situation::NoShow(_) | Situation::Cancelled(_) => {
                    Err(Refusal::Over)
                }
            }
        }
        Command::Miss { by, now, reason } => {
            let (content, situation) = of_agency(state, by)?;
            match situation {
                Situation::Booked if now < content.start.at => Err(Refusal::NotYet),
                Situation::Booked => Ok(vec![Event::Missed { about: content.about(), reason }]),
                Situation::NoShow(known) if known == reason => Ok(vec![]),
                Situation::Proposed | Situation::Pending => Err(Refusal::NotBooked),
                // Who arrived came.
                Situation::Arrived | Situation::CheckedIn => Err(Refusal::NeverBackward),
                Situation::Fulfilled(_) | Situation::NoShow(_) | Situation::Cancelled(_) => {
                    Err(Refusal::Over)
                }
            }
        }
        Command::CorrectNoShow { by, correction } => correct(state, by, correction),
        Command::Cancel { by, reason } => cancel(state, by, reason),
        Command::GiveWay { by, to } => {
            let (content, situation) = of_agency(state, by)?;
            match situation {
                Situation::Proposed | Situation::Pending | Situation::Booked => Ok(vec![Event::Cancelled {
                    about: content.about(),
                    reason: CancelReason::Rescheduled,
                    to: Some(to),
                }]),
                Situation::NoShow(_) | Situation::Cancelled(_) if replaced(state) => Err(Refusal::GaveWay),
                // What is over stays as it is, but for the link to the new one.
                Situation::NoShow(_) | Situation::Cancelled(_) => {
                    Ok(vec![Event::Replaced { about: content.about(), to }])
                }
                Situation::Arrived | Situation::CheckedIn => Err(Refusal::NeverBackward),
                Situation::Fulfilled(_) => Err(Refusal::Over),
            }
        }
        Command::Record(told) => match state {
            State::Unmade => Ok(vec![Event::Recorded { told, correction: false }]),
            // What was done here since is not undone by a telling that knows nothing new.
            State::Made { told: Some(known), situation, .. }
                if known.tells_the_same(&told)
                    && (!known_longer(known.known_until, told.known_until)
                        || *situation != known.situation) =>
            {
                Ok(vec![])
            }
            State::Made { content, told: Some(_), .. } | State::InError { content }
                if content.agency == told.content.agency =>
            {
                Ok(vec![Event::Recorded { told, correction: true }])
            }
            State::Made { .. } | State::InError { .. } => Err(Refusal::AlreadyExists),
        },
        Command::MarkEnteredInError { by } => match state {
            State::Made { content, .. } if by == By::Agency(content.agency) => {
                Ok(vec![Event::EnteredInError { about: content.about() }])
            }
            State::InError { content } if by == By::Agency(content.agency) => Ok(vec![]),
            State::Unmade | State::Made { .. } | State::InError { .. } => Err(Refusal::NotFound),
        },
    }
}

fn make(
    state: &State,
    by: By,
    now: Timestamp,
    content: Content,
    standing: Standing,
    from: Option<crate::domain::AppointmentId>,
) -> Result<Vec<Event>, Refusal> {
    match state {
        State::Unmade if by != By::Agency(content.agency) => Err(Refusal::NotFound),
        State::Unmade if now.duration_since(content.start.at) > BACKDATED => Err(Refusal::TooLongAgo),
        State::Unmade => Ok(vec![match standing {
            Standing::Proposed => Event::Proposed { content, from },
            Standing::Pending => Event::MadePending { content, from },
            Standing::Booked => Event::Booked { content, from },
        }]),
        State::Made { .. } | State::InError { .. } => Err(Refusal::AlreadyExists),
    }
}

fn confirm(state: &State, by: By) -> Result<Vec<Event>, Refusal> {
    let (content, situation) = of_either(state, by)?;
    let confirmed = Event::Confirmed { about: content.about() };
    match situation {
        // The practitioner's side has not agreed to a proposed one, so the person's word alone does not book it.
        Situation::Proposed if by == By::Person(content.person) => Err(Refusal::AgencyOnly),
        Situation::Proposed | Situation::Pending => Ok(vec![confirmed]),
        Situation::Booked => Ok(vec![]),
        Situation::Arrived | Situation::CheckedIn => Err(Refusal::NeverBackward),
        Situation::Fulfilled(_) | Situation::NoShow(_) | Situation::Cancelled(_) => Err(Refusal::Over),
    }
}

fn cancel(state: &State, by: By, reason: CancelReason) -> Result<Vec<Event>, Refusal> {
    let (content, situation) = match (state, by) {
        // What follows from a death nobody has to ask for.
        (State::Made { content, situation, .. }, By::System) if reason == CancelReason::Died => {
            (content.as_ref(), *situation)
        }
        (State::Unmade | State::Made { .. } | State::InError { .. }, _) => of_either(state, by)?,
    };
    if by == By::Person(content.person) && reason != CancelReason::Person {
        return Err(Refusal::AgencyOnly);
    }
    match situation {
        Situation::Proposed
        | Situation::Pending
        | Situation::Booked
        | Situation::Arrived
        | Situation::CheckedIn => Ok(vec![Event::Cancelled { about: content.about(), reason, to: None }]),
        Situation::Cancelled(known) if known == reason => Ok(vec![]),
        Situation::Fulfilled(_) | Situation::NoShow(_) | Situation::Cancelled(_) => Err(Refusal::Over),
    }
}

fn correct(state: &State, by: By, correction: Correction) -> Result<Vec<Event>, Refusal> {
    let (content, situation) = of_agency(state, by)?;
    // The event settles the minutes, so that folding it needs nothing else.
    let settled = match correction {
        Correction::Fulfilled(minutes) => Correction::Fulfilled(Some(minutes.unwrap_or(content.minutes))),
        Correction::Cancelled(_) | Correction::Missed(_) => correction,
    };
    let corrected = matches!(state, State::Made { corrected: true, .. });
    match (situation, settled) {
        (Situation::NoShow(known), Correction::Missed(reason)) if known == reason => Ok(vec![]),
        (Situation::NoShow(_), _) => {
            Ok(vec![Event::NoShowCorrected { about: content.about(), correction: settled }])
        }
        (Situation::Fulfilled(taken), Correction::Fulfilled(minutes))
            if corrected && minutes == Some(taken) =>
        {
            Ok(vec![])
        }
        (Situation::Cancelled(known), Correction::Cancelled(reason)) if corrected && known == reason => {
            Ok(vec![])
        }
        (
            Situation::Proposed
            | Situation::Pending
            | Situation::Booked
            | Situation::Arrived
            | Situation::CheckedIn
            | Situation::Fulfilled(_)
            | Situation::Cancelled(_),
            Correction::Fulfilled(_) | Correction::Cancelled(_) | Correction::Missed(_),
        ) => Err(Refusal::NotANoShow),
    }
}

fn replaced(state: &State) -> bool {
    matches!(state, State::Made { to: Some(_), .. })
}

fn early(content: &Content, now: Timestamp) -> bool {
    content.start.at.duration_since(now) > EARLY
}

fn of_agency(state: &State, by: By) -> Result<(&Content, Situation), Refusal> {
    match state {
        State::Made { content, situation, .. } if by == By::Agency(content.agency) => {
            Ok((content, *situation))
        }
        State::Made { content, .. } if by == By::Person(content.person) => Err(Refusal::AgencyOnly),
        State::Unmade | State::Made { .. } | State::InError { .. } => Err(Refusal::NotFound),
    }
}

fn of_either(state: &State, by: By) -> Result<(&Content, Situation), Refusal> {
    match state {
        State::Made { content, situation, .. }
            if by == By::Agency(content.agency) || by == By::Person(content.person) =>
        {
            Ok((content, *situation))
        }
        State::Unmade | State::Made { .. } | State::InError { .. } => Err(Refusal::NotFound),
    }
}
