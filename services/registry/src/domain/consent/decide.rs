//! All rules of a person's say.
//! Invariant: whose words they are is judged first; what was given stays as it was given until it ends.

use kernel::{By, DirectiveId, Occurred, PersonId, Private, Scope, Standing, Timestamp, Voice};

use super::{Command, Content, Event, Grantor, Held, MinorSigns, Refusal, Signing, State, Step, What, Which};
use crate::domain::in_persons_voice;

/// Most directives of a person that are active or being prepared (our default): each is looked at by every read.
const MOST: usize = 100;

pub(super) fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Draft { by, person, which, content, at } => draft(state, by, person, which, content, at),
        Command::Give { by, voice, person, which, content, supersedes, evidence, signing, at, now } => {
            spoken(by, voice, person, evidence.as_ref())?;
            let content = prepared(state, which, content, supersedes)?;
            let Some(content) = content else { return Ok(vec![]) };
            signed(by, &content.grantor, &signing)?;
            if !content.intermediary {
                return Err(Refusal::IntermediaryNotNamed);
            }
            let content = Content { scope: begun(content.scope, &at, now)?, ..content };
            let replaced = supersedes.map(|old| active(state, old)).transpose()?;
            says_something_new(state, which.id(), replaced, &content.scope, &at, now)?;
            room(state, which)?;
            let event = |id, what| Event { id, person, by: agency(by), at: at.clone(), what };
            let mut events = vec![event(which.id(), What::Given { content, evidence })];
            events.extend(replaced.map(|old| event(old.id, What::Superseded { by: which.id() })));
            Ok(events)
        }
        Command::Revoke { by, voice, person, id, evidence, at } => {
            spoken(by, voice, person, evidence.as_ref())?;
            let held = state.held(id).ok_or(Refusal::NotFound)?;
            match held.last().step {
                Step::Drafted | Step::Given if at.at < held.last().at.at => Err(Refusal::LaterWordOnRecord),
                Step::Drafted | Step::Given => {
                    Ok(vec![Event { id, person, by: agency(by), at, what: What::Revoked { evidence } }])
                }
                Step::Revoked => Ok(vec![]),
                Step::Expired | Step::Superseded(_) | Step::EnteredInError => Err(Refusal::NotActive),
            }
        }
        Command::MarkEnteredInError { by, id, replaced_by, at } => in_error(state, by, (id, replaced_by), at),
        Command::Expire { id, due } => Ok(expire(state, id, due)),
    }
}

fn draft(
    state: &State,
    by: By,
    person: PersonId,
    which: Which,
    content: Content,
    at: Occurred,
) -> Result<Vec<Event>, Refusal> {
    let may = match by {
        By::Agency(_) => true,
        By::Person(speaker) => speaker == person,
        By::System => false,
    };
    if !may {
        return Err(Refusal::NotInPersonsVoice);
    }
    match (which, state.held(which.id())) {
        (Which::Known(_), None) => return Err(Refusal::NotFound),
        (_, Some(held)) if held.last().step != Step::Drafted => return Err(Refusal::NotADraft),
        (_, Some(held)) if held.content == content => return Ok(vec![]),
        // Else one agency's words would be given as another's.
        (_, Some(held)) if agency(by).is_some_and(|agency| held.first.by != Some(agency)) => {
            return Err(Refusal::DraftOfAnother);
        }
        (Which::New(_) | Which::Known(_), _) => room(state, which)?,
    }
    Ok(vec![Event { id: which.id(), person, by: agency(by), at, what: What::Drafted(content) }])
}

/// Only the person's voice gives and revokes, and staff who write it down say what stands behind it.
fn spoken(by: By, voice: Voice, person: PersonId, evidence: Option<&Private>) -> Result<(), Refusal> {
    if !in_persons_voice(by, voice, person) {
        return Err(Refusal::NotInPersonsVoice);
    }
    if matches!(by, By::Agency(_)) && evidence.is_none() {
        return Err(Refusal::EvidenceNeeded);
    }
    Ok(())
}

/// Whose signature it takes is there, and whoever speaks for the person does so by right and not by the person's login.
fn signed(by: By, grantor: &Grantor, signing: &Signing) -> Result<(), Refusal> {
    if matches!(by, By::Person(_)) && grantor.speaker().is_some() {
        return Err(Refusal::GrantorIsThePerson);
    }
    match (signing.minor, grantor) {
        (Some(MinorSigns::Representative | MinorSigns::Both), Grantor::Person) => {
            return Err(Refusal::RepresentativeMustSign);
        }
        (Some(MinorSigns::Alone | MinorSigns::Both), Grantor::Representative(_)) => {
            return Err(Refusal::PersonMustSign);
        }
        (Some(MinorSigns::Alone), Grantor::Person | Grantor::Both(_))
        | (Some(MinorSigns::Representative), Grantor::Representative(_) | Grantor::Both(_))
        | (Some(MinorSigns::Both), Grantor::Both(_))
        | (None, _) => {}
    }
    let Some(speaker) = grantor.speaker() else { return Ok(()) };
    let on_record = speaker.representative.is_some_and(|id| signing.speakers.contains(&id));
    if on_record { Ok(()) } else { Err(Refusal::RepresentativeNotOnRecord) }
}

fn agency(by: By) -> Option<kernel::AgencyId> {
    match by {
        By::Agency(agency) => Some(agency),
        By::Person(_) | By::System => None,
    }
}

/// What is to be given; nothing where just that is given already.
fn prepared(
    state: &State,
    which: Which,
    content: Option<Content>,
    supersedes: Option<DirectiveId>,
) -> Result<Option<Content>, Refusal> {
    let Some(held) = state.held(which.id()) else {
        return match which {
            Which::New(_) => content.map(Some).ok_or(Refusal::NotFound),
            Which::Known(_) => Err(Refusal::NotFound),
        };
    };
    match held.last().step {
        Step::Drafted => Ok(Some(content.unwrap_or_else(|| held.content.clone()))),
        Step::Given if content.as_ref().is_none_or(|content| repeats(content, &held.content)) => {
            let replaced = |old: DirectiveId| {
                state.held(old).is_some_and(|old| old.last().step == Step::Superseded(which.id()))
            };
            if supersedes.is_none_or(replaced) { Ok(None) } else { Err(Refusal::NotADraft) }
        }
        Step::Given | Step::Revoked | Step::Expired | Step::Superseded(_) | Step::EnteredInError => {
            Err(Refusal::NotADraft)
        }
    }
}

/// Whether it is given as it was before; a request need not say again since when.
fn repeats(content: &Content, given: &Content) -> bool {
    let kind = std::mem::discriminant::<Grantor>;
    let named = |grantor: &Grantor| grantor.speaker().and_then(|speaker| speaker.representative);
    same(&content.scope, &given.scope)
        && content.scope.until == given.scope.until
        && content.intermediary == given.intermediary
        && kind(&content.grantor) == kind(&given.grantor)
        && named(&content.grantor) == named(&given.grantor)
}

/// The scope with its beginning: when it was given, or later where it says so. A clock of the caller's that is ahead begins nothing later.
fn begun(scope: Scope, at: &Occurred, now: Timestamp) -> Result<Scope, Refusal> {
    let said = at.at.min(now);
    let from = scope.from.map_or(said, |from| from.max(said));
    match scope.until {
        Some(until) if until <= from || until <= now => Err(Refusal::AlreadyOver),
        Some(_) | None => Ok(Scope { from: Some(from), ..scope }),
    }
}

fn active(state: &State, id: DirectiveId) -> Result<&Held, Refusal> {
    let held = state.held(id).ok_or(Refusal::NotFound)?;
    match held.last().step {
        Step::Given => Ok(held),
        Step::Drafted | Step::Revoked | Step::Expired | Step::Superseded(_) | Step::EnteredInError => {
            Err(Refusal::NotActive)
        }
    }
}

/// Two that say the same would leave one open when the other is revoked; and what the person took back later than this was said stays taken back.
fn says_something_new(
    state: &State,
    id: DirectiveId,
    replaced: Option<&Held>,
    scope: &Scope,
    at: &Occurred,
    now: Timestamp,
) -> Result<(), Refusal> {
    let others = state.directives.iter().filter(|held| held.id != id && same(&held.content.scope, scope));
    for held in others {
        let over = held.content.scope.until.is_some_and(|until| until <= now);
        let is_replaced = replaced.is_some_and(|replaced| replaced.id == held.id);
        match held.last().step {
            Step::Given if !over && !is_replaced => return Err(Refusal::SaysNothingNew),
            Step::Revoked if at.at < held.last().at.at => return Err(Refusal::LaterWordOnRecord),
            Step::Drafted
            | Step::Given
            | Step::Revoked
            | Step::Expired
            | Step::Superseded(_)
            | Step::EnteredInError => {}
        }
    }
    Ok(())
}

/// Whether they open the same to the same for the same, at whatever time.
fn same(one: &Scope, other: &Scope) -> bool {
    let timeless = |scope: &Scope| Scope { from: None, until: None, ..scope.clone() };
    timeless(one) == timeless(other)
}

fn room(state: &State, which: Which) -> Result<(), Refusal> {
    let standing = state.directives.iter().filter(|held| match held.last().step.standing() {
        Standing::Draft | Standing::Active => held.id != which.id(),
        Standing::Revoked | Standing::Expired | Standing::Superseded | Standing::EnteredInError => false,
    });
    if standing.count() < MOST { Ok(()) } else { Err(Refusal::TooMany) }
}

/// It opens nothing from then on, and gives nothing back that it took the place of: what stands open is what somebody gave.
fn in_error(
    state: &State,
    by: By,
    (id, replaced_by): (DirectiveId, Option<DirectiveId>),
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let held = state.held(id).zip(state.person).filter(|(held, person)| held.is_of(by, *person));
    let (held, person) = held.ok_or(Refusal::NotFound)?;
    match held.last().step {
        Step::EnteredInError => Ok(vec![]),
        Step::Drafted | Step::Given | Step::Revoked | Step::Expired | Step::Superseded(_) => {
            let (at, what) = (Occurred::instant(at), What::EnteredInError { replaced_by });
            Ok(vec![Event { id, person, by: agency(by), at, what }])
        }
    }
}

/// An end that no longer matters comes in silence.
fn expire(state: &State, id: DirectiveId, due: Timestamp) -> Vec<Event> {
    let ends = |held: &&Held| held.last().step == Step::Given && held.content.scope.until == Some(due);
    match (state.held(id).filter(ends), state.person) {
        (Some(_), Some(person)) => {
            vec![Event { id, person, by: None, at: Occurred::instant(due), what: What::Expired }]
        }
        (Some(_) | None, _) => vec![],
    }
}
