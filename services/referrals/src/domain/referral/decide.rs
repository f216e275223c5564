//! All rules of a referral.
//! Invariant: who may is judged first, and one who is no party to it is told that it does not exist.

use kernel::{AgencyId, By, PersonId, time::after_working_days};

use super::state::{Facts, Situation, State};
use super::{
    ACKNOWLEDGE_WORKING_DAYS, Ask, ClosingReason, Command, Criterion, Event, HoldReason, Outcome, Progress,
    Recorded, Refusal, Sent,
};
use crate::domain::ReferralId;

/// Which side of a referral somebody is on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Party {
    Requester,
    Target,
    Person,
    System,
}

fn party(facts: &Facts, situation: &Situation, by: By) -> Result<Party, Refusal> {
    let draft = matches!(situation, Situation::Draft);
    match by {
        // Nobody but its maker knows of a draft.
        By::Agency(agency) if draft && facts.requester != Some(agency) => Err(Refusal::NotFound),
        By::Agency(agency) if agency == facts.target => Ok(Party::Target),
        By::Agency(agency) if Some(agency) == facts.requester => Ok(Party::Requester),
        By::Person(person) if person == facts.person => Ok(Party::Person),
        By::System => Ok(Party::System),
        By::Agency(_) | By::Person(_) => Err(Refusal::NotFound),
    }
}

pub(super) fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Draft { id, by, ask } => draft(state, id, by, *ask),
        Command::Record(told) => record(state, *told),
        Command::MarkEnteredInError { by } => mark_entered_in_error(state, by),
        Command::LapseAcknowledge { due } => Ok(lapse(state, due)),
        Command::Report { progress, record, outcome } => Ok(report(state, progress, record, outcome)),
        Command::Send { by, at, consent, overriding } => {
            let (facts, situation) = made(state, by)?;
            let sender = party(facts, situation, by)?;
            // An agency may refer to its own programme: it is then requester and target in one.
            let may = match by {
                By::Agency(agency) => facts.requester == Some(agency),
                By::Person(_) | By::System => true,
            };
            if !may {
                return Err(Refusal::MadeByAnother);
            }
            match situation {
                Situation::Draft => {
                    let consent = match (consent, &overriding, sender) {
                        (_, _, Party::Person) => "self".to_owned(),
                        (Some(consent), _, _) => consent,
                        (None, None, _) if facts.requester == Some(facts.target) => String::new(),
                        (None, Some(_), _) if facts.part2 => return Err(Refusal::OverrideNotPossible),
                        (None, Some(_), _) => String::new(),
                        (None, None, _) => return Err(Refusal::ConsentMissing),
                    };
                    let overriding = if consent.is_empty() { overriding } else { None };
                    let acknowledge_by = after_working_days(at, ACKNOWLEDGE_WORKING_DAYS, &facts.zone);
                    Ok(vec![Event::Sent(Sent { consent, overriding, acknowledge_by })])
                }
                Situation::Requested { .. }
                | Situation::Accepted
                | Situation::InProgress
                | Situation::OnHold { .. }
                | Situation::Closed(_) => Err(Refusal::NotADraft),
            }
        }
        Command::Acknowledge { by } => {
            let (_, situation) = for_target(state, by)?;
            match situation {
                Situation::Requested { acknowledged: false, .. } => Ok(vec![Event::Acknowledged]),
                // To accept or reject is to acknowledge, so these hold already.
                Situation::Requested { acknowledged: true, .. }
                | Situation::Accepted
                | Situation::InProgress
                | Situation::OnHold { .. }
                | Situation::Closed(super::Closing::Rejected(_)) => Ok(vec![]),
                Situation::Draft => Err(Refusal::NotFound),
                Situation::Closed(_) => Err(Refusal::NotAwaitingAnswer),
            }
        }
        Command::Accept { by } => {
            let (facts, situation) = for_target(state, by)?;
            match situation {
                Situation::Requested { .. } => Ok(vec![accepted(facts)]),
                Situation::Accepted => Ok(vec![]),
                Situation::Draft => Err(Refusal::NotFound),
                Situation::InProgress | Situation::OnHold { .. } | Situation::Closed(_) => {
                    Err(Refusal::NotAwaitingAnswer)
                }
            }
        }
        Command::Reject { by, reason, criterion, text } => {
            let (facts, situation) = for_target(state, by)?;
            match situation {
                Situation::Requested { .. } => {
                    eligible_reason(facts, reason, criterion)?;
                    Ok(vec![Event::Rejected { reason, criterion, text }])
                }
                Situation::Draft => Err(Refusal::NotFound),
                Situation::Accepted
                | Situation::InProgress
                | Situation::OnHold { .. }
                | Situation::Closed(_) => Err(Refusal::NotAwaitingAnswer),
            }
        }
        Command::Cancel { by, reason } => {
            let (facts, situation) = made(state, by)?;
            party(facts, situation, by)?;
            match situation {
                Situation::Requested { .. }
                | Situation::Accepted
                | Situation::InProgress
                | Situation::OnHold { .. } => {
                    Ok(vec![Event::Cancelled { reason, ended_early: situation.started() }])
                }
                Situation::Closed(super::Closing::Cancelled(..)) => Ok(vec![]),
                Situation::Draft | Situation::Closed(_) => Err(Refusal::NotInThisState),
            }
        }
        Command::Start { by } => {
            let (_, situation) = for_target(state, by)?;
            match situation {
                Situation::Accepted => Ok(vec![Event::Started]),
                Situation::InProgress => Ok(vec![]),
                Situation::Draft => Err(Refusal::NotFound),
                Situation::Requested { .. } | Situation::OnHold { .. } | Situation::Closed(_) => {
                    Err(Refusal::NotInThisState)
                }
            }
        }
        Command::Hold { by, reason } => {
            let (facts, situation) = for_target(state, by)?;
            match situation {
                Situation::Accepted | Situation::InProgress => match reason {
                    HoldReason::Health | HoldReason::NotReady if facts.zero_exclusion => {
                        Err(Refusal::ZeroExclusion)
                    }
                    HoldReason::Documents
                    | HoldReason::Capacity
                    | HoldReason::PersonsWish
                    | HoldReason::Health
                    | HoldReason::Consent
                    | HoldReason::NotReady => Ok(vec![Event::Held { reason }]),
                },
                Situation::OnHold { reason: now, .. } if *now == reason => Ok(vec![]),
                Situation::Draft => Err(Refusal::NotFound),
                Situation::Requested { .. } | Situation::OnHold { .. } | Situation::Closed(_) => {
                    Err(Refusal::NotInThisState)
                }
            }
        }
        Command::Resume { by } => {
            let (_, situation) = for_target(state, by)?;
            match situation {
                Situation::OnHold { .. } => Ok(vec![Event::Resumed]),
                Situation::InProgress => Ok(vec![]),
                Situation::Draft => Err(Refusal::NotFound),
                Situation::Requested { .. } | Situation::Accepted | Situation::Closed(_) => {
                    Err(Refusal::NotInThisState)
                }
            }
        }
        Command::Complete { by, outcome } => {
            let (_, situation) = for_target(state, by)?;
            match situation {
                Situation::Accepted | Situation::InProgress | Situation::OnHold { .. } => {
                    Ok(vec![Event::Completed { outcome }])
                }
                Situation::Closed(super::Closing::Completed(now)) if *now == outcome => Ok(vec![]),
                Situation::Draft => Err(Refusal::NotFound),
                Situation::Requested { .. } | Situation::Closed(_) => Err(Refusal::NotInThisState),
            }
        }
        Command::Fail { by, reason } => {
            let (facts, situation) = for_target(state, by)?;
            match situation {
                Situation::Accepted | Situation::InProgress | Situation::OnHold { .. } => {
                    if facts.zero_exclusion && reason == ClosingReason::Ineligible {
                        return Err(Refusal::ZeroExclusion);
                    }
                    Ok(vec![Event::Failed { reason, ended_early: situation.started() }])
                }
                Situation::Draft => Err(Refusal::NotFound),
                Situation::Requested { .. } | Situation::Closed(_) => Err(Refusal::NotInThisState),
            }
        }
    }
}

/// The referral, where it was made here. Of one that another system tells, its parties hear that it is kept there.
fn made(state: &State, by: By) -> Result<(&Facts, &Situation), Refusal> {
    match state {
        State::Made { facts, situation, .. } => Ok((facts, situation)),
        State::Told(told) => {
            let target = told.offer.as_ref().map(|(_, agency, _)| *agency);
            Err(match by {
                By::Agency(agency) if agency == told.requester || Some(agency) == target => {
                    Refusal::KeptElsewhere
                }
                By::Person(person) if person == told.person => Refusal::KeptElsewhere,
                By::System => Refusal::KeptElsewhere,
                By::Agency(_) | By::Person(_) => Refusal::NotFound,
            })
        }
        State::Unmade | State::InError { .. } => Err(Refusal::NotFound),
    }
}

/// The referral, for one who answers for its target.
fn for_target(state: &State, by: By) -> Result<(&Facts, &Situation), Refusal> {
    let (facts, situation) = made(state, by)?;
    match party(facts, situation, by)? {
        Party::Target => Ok((facts, situation)),
        Party::Requester | Party::Person | Party::System => Err(Refusal::SentToAnother),
    }
}

fn draft(state: &State, id: ReferralId, by: By, ask: Ask) -> Result<Vec<Event>, Refusal> {
    match state {
        State::Unmade => {}
        State::Made { .. } | State::Told(_) | State::InError { .. } => return Err(Refusal::NotADraft),
    }
    let requester = drafting_agency(by, ask.person)?;
    let content = ask.content.ok_or(Refusal::OfferNotOpen)?;
    Ok(vec![Event::Drafted(Facts {
        id,
        person: ask.person,
        requester,
        offer: ask.offer,
        offer_name: content.name,
        target: ask.target,
        practice: content.practice,
        priority: ask.priority,
        life_domain: ask.life_domain,
        need: ask.need,
        goal: ask.goal,
        no_goal_reason: ask.no_goal_reason,
        receiver: content.receiver,
        zone: content.zone,
        zero_exclusion: content.zero_exclusion,
        part2: content.part2,
    })])
}

fn drafting_agency(by: By, person: PersonId) -> Result<Option<AgencyId>, Refusal> {
    match by {
        By::Agency(agency) => Ok(Some(agency)),
        By::Person(own) if own == person => Ok(None),
        By::Person(_) | By::System => Err(Refusal::NotOneself),
    }
}

fn accepted(facts: &Facts) -> Event {
    Event::Accepted {
        id: facts.id,
        person: facts.person,
        offer: facts.offer,
        target: facts.target,
        practice: facts.practice.clone(),
        zero_exclusion: facts.zero_exclusion,
        receiver: facts.receiver,
        goal: facts.goal,
    }
}

fn eligible_reason(
    facts: &Facts,
    reason: ClosingReason,
    criterion: Option<Criterion>,
) -> Result<(), Refusal> {
    if reason != ClosingReason::Ineligible {
        return Ok(());
    }
    match criterion {
        None => Err(Refusal::CriterionMissing),
        Some(Criterion::Other) if facts.zero_exclusion => Err(Refusal::ZeroExclusion),
        Some(
            Criterion::WantsService
            | Criterion::Age
            | Criterion::Area
            | Criterion::Language
            | Criterion::Other,
        ) => Ok(()),
    }
}

fn mark_entered_in_error(state: &State, by: By) -> Result<Vec<Event>, Refusal> {
    match state {
        State::Unmade => Err(Refusal::NotFound),
        State::Made { facts, situation, .. } => match by {
            By::Agency(agency) if facts.requester == Some(agency) => Ok(vec![Event::EnteredInError]),
            By::Person(person) if facts.requester.is_none() && person == facts.person => {
                Ok(vec![Event::EnteredInError])
            }
            By::Agency(_) | By::Person(_) | By::System => {
                party(facts, situation, by)?;
                Err(Refusal::MadeByAnother)
            }
        },
        State::Told(told) if by == By::Agency(told.requester) => Ok(vec![Event::EnteredInError]),
        State::Told(_) => Err(Refusal::NotFound),
        State::InError { requester, .. } => match by {
            By::Agency(agency) if *requester == Some(agency) => Ok(vec![]),
            By::Agency(_) | By::Person(_) | By::System => Err(Refusal::NotFound),
        },
    }
}

fn record(state: &State, told: Recorded) -> Result<Vec<Event>, Refusal> {
    match state {
        State::Unmade => Ok(vec![Event::Recorded { told: Box::new(told), correction: false }]),
        State::Told(now) if told.says_nothing_new(now) => Ok(vec![]),
        State::Told(now) if now.requester != told.requester => Err(Refusal::NotFound),
        State::Told(_) => Ok(vec![Event::Recorded { told: Box::new(told), correction: true }]),
        State::InError { requester, .. } if *requester == Some(told.requester) => {
            Ok(vec![Event::Recorded { told: Box::new(told), correction: true }])
        }
        State::Made { .. } | State::InError { .. } => Err(Refusal::NotFound),
    }
}

/// A clock that no longer matters lapses in silence.
fn lapse(state: &State, due: kernel::Timestamp) -> Vec<Event> {
    match state {
        State::Made {
            situation: Situation::Requested { acknowledge_by, acknowledged: false, overdue: false },
            ..
        } if *acknowledge_by == due => vec![Event::AcknowledgeOverdue { due }],
        State::Made { .. } | State::Unmade | State::Told(_) | State::InError { .. } => vec![],
    }
}

/// The receiving service's part comes back: it moves the referral on where its state allows, and never backward.
fn report(state: &State, progress: Progress, record: String, outcome: Option<Outcome>) -> Vec<Event> {
    let State::Made { situation, reported, .. } = state else { return vec![] };
    if reported.as_ref().is_some_and(|(so_far, _)| *so_far >= progress) {
        return vec![];
    }
    let mut events = vec![Event::Progressed { progress, record }];
    match (progress, situation) {
        (Progress::Started, Situation::Accepted) => events.push(Event::Started),
        (Progress::Closed, Situation::Accepted | Situation::InProgress | Situation::OnHold { .. }) => {
            events.extend(outcome.map(|outcome| Event::Completed { outcome }));
        }
        (Progress::Opened | Progress::Started | Progress::Closed, _) => {}
    }
    events
}
