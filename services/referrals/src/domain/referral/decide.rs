//! All rules of a referral: who may is here, what they may in the files beside.
//! Invariant: who may is judged first, and one who is no party to it is told that it does not exist.

mod answer;
mod assign;
mod begin;
mod links;
mod passing;
mod serve;
mod talk;

use kernel::By;

use super::event::OWN_ACT;
use super::state::{Beside, Facts, Situation, State};
use super::{Clock, ClosingReason, Command, Event, Refusal, Sent};

/// Which side of a referral somebody is on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Party {
    Requester,
    Target,
    Person,
    System,
}

/// A referral that was made here.
struct Live<'a> {
    facts: &'a Facts,
    situation: &'a Situation,
    beside: &'a Beside,
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
        Command::Draft { id, by, ask } => begin::draft(state, id, by, *ask),
        Command::Send { by, at, consent, overriding, programme, holidays } => {
            let Live { facts, situation, .. } = made(state, by)?;
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
                        (_, _, Party::Person) => OWN_ACT.to_owned(),
                        (Some(consent), _, _) => consent,
                        (None, None, _) if facts.requester == Some(facts.target) => String::new(),
                        (None, Some(_), _) if facts.part2 || programme => {
                            return Err(Refusal::OverrideNotPossible);
                        }
                        (None, Some(_), _) => String::new(),
                        (None, None, _) => return Err(Refusal::ConsentMissing),
                    };
                    let overriding = overriding.filter(|_| consent.is_empty());
                    let overriding = overriding.map(|by| by.approved(facts.requester)).transpose()?;
                    let days = facts.working_days(holidays);
                    let begun = |clock: Clock| clock.begun(at, &days);
                    Ok(vec![Event::Sent(Sent {
                        consent,
                        overriding,
                        at,
                        acknowledge_by: begun(Clock::Acknowledge),
                        answer_by: begun(Clock::Answer),
                        review_by: begun(Clock::Review),
                        part2: facts.part2 || programme,
                    })])
                }
                Situation::Requested { .. }
                | Situation::Accepted
                | Situation::InProgress
                | Situation::OnHold { .. }
                | Situation::Closed(_) => Err(Refusal::NotADraft),
            }
        }
        Command::Acknowledge { by } => answer::acknowledge(for_target(state, by)?),
        Command::Accept { by, at, holidays } => answer::accept(for_target(state, by)?, at, holidays),
        Command::Reject { by, reason, criterion, text } => {
            answer::reject(for_target_even_lapsed(state, by)?, reason, criterion, text)
        }
        Command::Cancel { by, reason } => answer::cancel(made(state, by)?, by, reason),
        Command::Start { by } => serve::start(for_target(state, by)?),
        Command::Hold { by, reason, at } => serve::hold(for_target(state, by)?, reason, at),
        Command::Resume { by, at, holidays } => serve::resume(for_target(state, by)?, at, holidays),
        Command::Complete { by, outcome } => serve::complete(for_target(state, by)?, outcome),
        Command::Fail { by, reason } => serve::fail(for_target(state, by)?, reason),
        Command::Report { progress, record, end } => Ok(serve::report(state, progress, record, end)),
        Command::AskInformation { by, question, text } => talk::ask(for_target(state, by)?, question, text),
        Command::SupplyInformation { by, question, text, consent } => {
            talk::supply(made(state, by)?, by, (question, text), consent)
        }
        Command::AddContact { by, contact } => talk::contact(for_target(state, by)?, contact),
        Command::SetStatus { by, status } => talk::status(for_target(state, by)?, status),
        Command::Rest { at } => Ok(passing::rest(state, at)),
        Command::Wake { at, holidays } => Ok(passing::wake(state, at, holidays)),
        Command::LapseConsent { directive, at, changes } => {
            let lapsed = passing::lapse_consent(state, directive, at);
            Ok(lapsed.into_iter().chain(passing::foresee(state, changes)).collect())
        }
        Command::RestoreConsent { directive, at, holidays, changes } => {
            let restored = passing::restore_consent(state, directive, at, holidays);
            Ok(restored.into_iter().chain(passing::foresee(state, changes)).collect())
        }
        Command::ForeseeConsent { changes } => Ok(passing::foresee(state, changes).into_iter().collect()),
        Command::AskTransfer { by, text } => links::ask_transfer(made(state, by)?, by, text),
        Command::Follow { how, referral } => Ok(links::follow(state, how, referral)),
        Command::Transfer { to } => Ok(links::transfer(state, to)),
        Command::Split { by, rule, parts } => links::split(for_target(state, by)?, rule, parts),
        Command::EndPart { part, end } => Ok(links::end_part(state, part, end)),
        Command::EndWithWhole { reason } => Ok(links::end_with_whole(state, reason)),
        Command::Assign { by, to } => assign::assign(for_target_even_lapsed(state, by)?, to),
        Command::Review { by, at } => passing::review(made(state, by)?, by, at),
        Command::Lapse { clock, due } => Ok(passing::lapse(state, clock, due)),
        Command::MarkEnteredInError { by } => begin::mark_entered_in_error(state, by),
        Command::Record(told) => begin::record(state, *told),
    }
}

/// The referral, where it was made here. Of one that another system tells, its parties hear that it is kept there.
fn made(state: &State, by: By) -> Result<Live<'_>, Refusal> {
    match state {
        State::Made { facts, situation, beside } => Ok(Live { facts, situation, beside }),
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

/// The referral, for one who answers for its target. While its consent has lapsed that is to reject or to cancel, and nothing else.
fn for_target(state: &State, by: By) -> Result<Live<'_>, Refusal> {
    let live = for_target_even_lapsed(state, by)?;
    if live.beside.consent_lapsed.is_some() { Err(Refusal::ConsentLapsed) } else { Ok(live) }
}

fn for_target_even_lapsed(state: &State, by: By) -> Result<Live<'_>, Refusal> {
    let live = made(state, by)?;
    match party(live.facts, live.situation, by)? {
        Party::Target => Ok(live),
        Party::Requester | Party::Person | Party::System => Err(Refusal::SentToAnother),
    }
}

/// That it ran out of time is for its clock to say.
fn is_no_expiry(reason: ClosingReason) -> Result<(), Refusal> {
    if reason == ClosingReason::Expired { Err(Refusal::ExpiredByClockAlone) } else { Ok(()) }
}
