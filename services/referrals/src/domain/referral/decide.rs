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
use super::{Clock, ClosingReason, Command, Event, Refusal, Sent, When};

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
        Command::Draft { id, by, at, ask } => begin::draft(state, id, (by, at), *ask),
        Command::Send { by, when, consent, overriding, programme, pace } => {
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
                Situation::Draft if when.is_before(facts.drafted_at) => Err(Refusal::BeforeWhatItFollows),
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
                    let expiry_days = facts.expires.unwrap_or(pace.expires).then_some(pace.expiry);
                    let timing = facts.timing(pace);
                    let begun = |clock| timing.due(clock, when.at);
                    // Whose answer was due before anybody here could give it has the whole time to expire from then on.
                    let late = expiry_days.is_some() && when.misses(begun(Clock::Answer));
                    Ok(vec![Event::Sent(Sent {
                        consent,
                        overriding,
                        when,
                        acknowledge_by: begun(Clock::Acknowledge),
                        answer_by: begun(Clock::Answer),
                        review_by: begun(Clock::Review),
                        expiry_days,
                        expires: late.then(|| timing.due(Clock::Expiry, when.told_at)),
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
        Command::Acknowledge { by, when } => {
            in_order(state, when, answer::acknowledge(for_target(state, by)?, when.at)?)
        }
        Command::Accept { by, when, pace } => {
            in_order(state, when, answer::accept(for_target(state, by)?, when, pace)?)
        }
        Command::Reject { by, when, reason, criterion, text } => {
            let live = for_target_even_lapsed(state, by)?;
            in_order(state, when, answer::reject(live, reason, criterion, text)?)
        }
        Command::Cancel { by, when, reason } => {
            in_order(state, when, answer::cancel(made(state, by)?, by, reason)?)
        }
        Command::Start { by, when } => in_order(state, when, serve::start(for_target(state, by)?, when.at)?),
        Command::Hold { by, reason, when } => {
            in_order(state, when, serve::hold(for_target(state, by)?, reason, when.at)?)
        }
        Command::Resume { by, when, pace } => {
            in_order(state, when, serve::resume(for_target(state, by)?, when, pace)?)
        }
        Command::Complete { by, outcome, when } => {
            in_order(state, when, serve::complete(for_target(state, by)?, outcome)?)
        }
        Command::Fail { by, when, reason } => {
            in_order(state, when, serve::fail(for_target(state, by)?, reason)?)
        }
        Command::Report { at, progress, record, end } => {
            Ok(serve::report(state, at, (progress, record), end))
        }
        Command::AskInformation { by, question, text } => talk::ask(for_target(state, by)?, question, text),
        Command::SupplyInformation { by, question, text, consent } => {
            talk::supply(made(state, by)?, by, (question, text), consent)
        }
        Command::AddContact { by, contact } => talk::contact(for_target(state, by)?, contact),
        Command::SetStatus { by, status } => talk::status(for_target(state, by)?, status),
        Command::Rest { at } => Ok(passing::rest(state, at)),
        Command::Wake { at, pace } => Ok(passing::wake(state, at, pace)),
        Command::LapseConsent { directive, at, changes } => {
            let lapsed = passing::lapse_consent(state, directive, at);
            Ok(lapsed.into_iter().chain(passing::foresee(state, changes)).collect())
        }
        Command::RestoreConsent { directive, at, pace, changes } => {
            let restored = passing::restore_consent(state, directive, at, pace);
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
        Command::Review { by, when, pace } => passing::review(made(state, by)?, by, when, pace),
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

/// What is told, unless it is said to have happened before what it follows. That nothing is to be told stands at any time.
fn in_order(state: &State, when: When, events: Vec<Event>) -> Result<Vec<Event>, Refusal> {
    let early = state.since().is_some_and(|since| when.is_before(since));
    if early && !events.is_empty() { Err(Refusal::BeforeWhatItFollows) } else { Ok(events) }
}

/// That it ran out of time is for its clock to say.
fn is_no_expiry(reason: ClosingReason) -> Result<(), Refusal> {
    if reason == ClosingReason::Expired { Err(Refusal::ExpiredByClockAlone) } else { Ok(()) }
}
