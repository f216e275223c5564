//! A person's say on the wire.
//! Invariant: what stands behind a word, and who speaks for a person, is sealed; what a directive opens holds no personal text.

use std::collections::BTreeSet;

use kernel::ids::Uuid;
use kernel::{AgencyId, By, DirectiveId, Occurred, PersonId, Private, Standing, Timestamp, Voice};
use platform::command::stored::occurred;
use platform::command::{Encoding, Ink, Payload, Unreadable, from_private};
use platform::error::BadField;
use platform::people::scope;
use platform::wire::{self, to_occurred};
use prost::Name;
use proto::registry as pb;
use proto::registry::registry_event::Kind;
use proto::types::FieldStatus;
use tonic::Status;

use super::representative::representative_id;
use super::{
    Opener, id_text, kind_of, not_of, replaced_by, stored_agency, stored_id, stored_optional_id, voice, wrap,
};
use crate::domain::consent::{
    Command, Consent, Content, Event, Grantor, Held, Signing, Speaker, State, Step, Version, What, Which,
};

/// Longest evidence, and most that a directive says of a representative, in characters.
const WORDS: usize = 500;

/// What a directive is to say.
pub fn consent_content(given: Option<&pb::ConsentContent>) -> Result<Content, BadField> {
    let given = wire::required("content", given)?;
    let words = wire::optional_text("content.representative", &given.representative, WORDS)?;
    let grantor = pb::ConsentGrantor::try_from(given.grantor);
    let grantor =
        grantor.map_err(|_| BadField::new("content.grantor", "is not one of the contract's values"))?;
    let speaker = || {
        if given.representative_id.is_empty() {
            let why = "is missing; name who speaks for the person, one whom AddRepresentative put on record";
            return Err(BadField::new("content.representative_id", why));
        }
        let representative = representative_id("content.representative_id", &given.representative_id)?;
        Ok(Speaker { representative: Some(representative), words: words.clone().map(Private::Plain) })
    };
    let nobody = |field: &str, empty: bool| {
        let why = "stands beside a grantor who is the person alone; leave it out, or send another grantor";
        if empty { Ok(()) } else { Err(BadField::new(field, why)) }
    };
    let grantor = match grantor {
        pb::ConsentGrantor::Representative => Grantor::Representative(speaker()?),
        pb::ConsentGrantor::Both => Grantor::Both(speaker()?),
        pb::ConsentGrantor::Person | pb::ConsentGrantor::Unspecified => {
            nobody("content.representative", words.is_none())?;
            nobody("content.representative_id", given.representative_id.is_empty())?;
            Grantor::Person
        }
    };
    Ok(Content {
        scope: scope::parse("content.scope", given.scope.as_ref())?,
        grantor,
        intermediary: given.operator_is_intermediary,
    })
}

fn evidence(text: &str) -> Result<Option<Private>, BadField> {
    Ok(wire::optional_text("evidence", text, WORDS)?.map(Private::Plain))
}

/// A directive is to be prepared, by them, at that time.
pub fn draft(
    (by, now): (By, Timestamp),
    person: PersonId,
    which: Which,
    request: &pb::DraftConsentRequest,
) -> Result<Command, BadField> {
    let content = consent_content(request.content.as_ref())?;
    Ok(Command::Draft { by, person, which, content, at: kernel::Occurred::instant(now) })
}

/// A directive that is to be given; whose signature it takes is known with the person's record.
#[derive(Clone, Debug)]
pub struct Giving {
    /// When it was given.
    pub at: Occurred,
    by: By,
    voice: Voice,
    person: PersonId,
    which: Which,
    content: Option<Content>,
    supersedes: Option<DirectiveId>,
    evidence: Option<Private>,
    now: Timestamp,
}

impl Giving {
    /// As a command, now that it is known what holds of signatures.
    pub fn ask(self, signing: Signing) -> Command {
        let Self { at, by, voice, person, which, content, supersedes, evidence, now } = self;
        Command::Give { by, voice, person, which, content, supersedes, evidence, signing, at, now }
    }
}

/// A directive is to be given, by them, at that time.
pub fn give(
    (by, now): (By, Timestamp),
    person: PersonId,
    which: Which,
    request: &pb::GiveConsentRequest,
) -> Result<Giving, BadField> {
    let content = match (which, &request.content) {
        (Which::Known(_), None) => None,
        (Which::New(_) | Which::Known(_), content) => Some(consent_content(content.as_ref())?),
    };
    Ok(Giving {
        by,
        voice: voice(by, request.voice)?,
        person,
        which,
        content,
        supersedes: wire::optional_id("supersedes_directive_id", &request.supersedes_directive_id)?,
        evidence: evidence(&request.evidence)?,
        at: wire::happened("occurred_at", request.occurred_at.as_ref(), now)?,
        now,
    })
}

/// A directive is to be taken back, by them, at that time.
pub fn revoke(
    (by, now): (By, Timestamp),
    person: PersonId,
    request: &pb::RevokeConsentRequest,
) -> Result<Command, BadField> {
    Ok(Command::Revoke {
        by,
        voice: voice(by, request.voice)?,
        person,
        id: wire::id("directive_id", &request.directive_id)?,
        evidence: evidence(&request.evidence)?,
        at: wire::happened("occurred_at", request.occurred_at.as_ref(), now)?,
    })
}

/// A directive never should have been written, by their word at that time.
pub fn consent_in_error(
    (by, now): (By, Timestamp),
    request: &pb::MarkConsentEnteredInErrorRequest,
) -> Result<Command, BadField> {
    let id: DirectiveId = wire::id("directive_id", &request.directive_id)?;
    let replaced_by = replaced_by(&request.replaced_by_id, id.uuid())?.map(DirectiveId::new);
    Ok(Command::MarkEnteredInError { by, id, replaced_by, at: now })
}

fn state(standing: Standing) -> pb::ConsentState {
    match standing {
        Standing::Draft => pb::ConsentState::Draft,
        Standing::Active => pb::ConsentState::Active,
        Standing::Revoked => pb::ConsentState::Revoked,
        Standing::Expired => pb::ConsentState::Expired,
        Standing::Superseded => pb::ConsentState::Superseded,
        Standing::EnteredInError => pb::ConsentState::EnteredInError,
    }
}

/// A directive as a reader sees it who may know of these writers: what others wrote down of it shows neither its writer nor its evidence. Who speaks for
/// the person is shown where `shown` says so; and of one that never should have been written, whose texts may be about somebody else, all texts.
pub fn consent(
    person: PersonId,
    held: &Held,
    (writers, shown): (&BTreeSet<AgencyId>, bool),
    (opener, status): (Option<&Opener>, FieldStatus),
) -> pb::Consent {
    let mut texts = Texts { opener, status, shown: FieldStatus::Unspecified };
    let step = held.last().step;
    let speaker = held.content.grantor.speaker().filter(|_| shown);
    let content = pb::ConsentContent {
        scope: Some(scope::out(&held.content.scope)),
        grantor: grantor(&held.content.grantor).into(),
        representative: texts.open(speaker.and_then(|speaker| speaker.words.as_ref())),
        operator_is_intermediary: held.content.intermediary,
        representative_id: named(speaker),
    };
    let writer = |by: Option<AgencyId>| by.filter(|agency| writers.contains(agency));
    let withdrawn = step == Step::EnteredInError && !shown;
    let version = |(number, version): (u32, &Version)| {
        let hidden = withdrawn || version.by.is_some() && writer(version.by).is_none();
        pb::ConsentVersion {
            version: number,
            state: state(version.step.standing()).into(),
            scope: version.scope.as_ref().map(scope::out),
            occurred: Some(to_occurred(&version.at)),
            agency_id: id_text(writer(version.by)),
            evidence: texts.open(version.evidence.as_ref().filter(|_| !hidden)),
        }
    };
    let history = (1..).zip(held.history()).map(version).collect();
    pb::Consent {
        id: held.id.to_string(),
        person_id: person.to_string(),
        state: state(step.standing()).into(),
        content: Some(content),
        agency_id: id_text(writer(held.first.by)),
        superseded_by_id: match step {
            Step::Superseded(by) => by.to_string(),
            Step::Drafted | Step::Given | Step::Revoked | Step::Expired | Step::EnteredInError => {
                String::new()
            }
        },
        history,
        texts_status: texts.shown.into(),
    }
}

/// Opens the texts of one directive, and tells how that went.
struct Texts<'a> {
    opener: Option<&'a Opener>,
    status: FieldStatus,
    shown: FieldStatus,
}

impl Texts<'_> {
    fn open(&mut self, text: Option<&Private>) -> String {
        let Some(text) = text else { return String::new() };
        let opened = self.opener.and_then(|opener| opener.text(text));
        let damaged = opened.is_none() && self.status == FieldStatus::Open;
        if self.shown != FieldStatus::Locked {
            self.shown = if damaged { FieldStatus::Locked } else { self.status };
        }
        opened.unwrap_or_default()
    }
}

fn grantor(grantor: &Grantor) -> pb::ConsentGrantor {
    match grantor {
        Grantor::Person => pb::ConsentGrantor::Person,
        Grantor::Representative(_) => pb::ConsentGrantor::Representative,
        Grantor::Both(_) => pb::ConsentGrantor::Both,
    }
}

/// Which representative speaks, as a text.
fn named(speaker: Option<&Speaker>) -> String {
    speaker.and_then(|speaker| speaker.representative).map(|id| id.to_string()).unwrap_or_default()
}

fn sealed(content: &Content, ink: &Ink<'_>) -> Result<Option<pb::SealedConsent>, Status> {
    let speaker = content.grantor.speaker();
    let words = speaker.and_then(|speaker| speaker.words.as_ref());
    Ok(Some(pb::SealedConsent {
        scope: Some(scope::out(&content.scope)),
        grantor: grantor(&content.grantor).into(),
        representative: ink.seal_some("representative", words)?,
        operator_is_intermediary: content.intermediary,
        representative_id: named(speaker),
    }))
}

fn stored_content(
    stored: &proto::log::Event,
    content: Option<pb::SealedConsent>,
) -> Result<Content, Unreadable> {
    let content = content.ok_or_else(|| Unreadable::new(stored, "it has no content"))?;
    let unknown = || Unreadable::new(stored, "its grantor is not known");
    let representative = match content.representative_id.as_str() {
        "" => None,
        text => Some(Uuid::try_parse(text).map_err(|_| unknown())?),
    };
    let speaker = Speaker { representative, words: from_private(content.representative.as_ref()) };
    let grantor = match content.grantor() {
        pb::ConsentGrantor::Person => Grantor::Person,
        pb::ConsentGrantor::Representative => Grantor::Representative(speaker),
        pb::ConsentGrantor::Both => Grantor::Both(speaker),
        pb::ConsentGrantor::Unspecified => return Err(unknown()),
    };
    let scope = scope::parse("content.scope", content.scope.as_ref());
    let scope = scope.map_err(|_| Unreadable::new(stored, "its scope is not known"))?;
    Ok(Content { scope, grantor, intermediary: content.operator_is_intermediary })
}

impl Encoding for Consent {
    fn person(after: &State) -> Option<PersonId> {
        after.person
    }

    fn encode(event: &Event, _: &State, ink: &Ink<'_>) -> Result<Payload, Status> {
        let (directive_id, person_id) = (event.id.to_string(), event.person.to_string());
        let of = |kind: String, message, voice| {
            let payload = Payload::new(kind, &wrap(message));
            Payload { occurred: Some(event.at.clone()), voice, ..payload }
        };
        let own = Some(Voice::Person);
        Ok(match &event.what {
            What::Drafted(content) => {
                let content = sealed(content, ink)?;
                let message = pb::ConsentDrafted { directive_id, person_id, content };
                of(pb::ConsentDrafted::full_name(), Kind::ConsentDrafted(message), None)
            }
            What::Given { content, evidence } => {
                let content = sealed(content, ink)?;
                let evidence = ink.seal_some("evidence", evidence.as_ref())?;
                let message = pb::ConsentGiven { directive_id, person_id, content, evidence };
                of(pb::ConsentGiven::full_name(), Kind::ConsentGiven(message), own)
            }
            What::Revoked { evidence } => {
                let evidence = ink.seal_some("evidence", evidence.as_ref())?;
                let message = pb::ConsentRevoked { directive_id, person_id, evidence };
                of(pb::ConsentRevoked::full_name(), Kind::ConsentRevoked(message), own)
            }
            What::Expired => {
                let message = pb::ConsentExpired { directive_id, person_id };
                of(pb::ConsentExpired::full_name(), Kind::ConsentExpired(message), None)
            }
            What::Superseded { by } => {
                let by_directive_id = by.to_string();
                let message = pb::ConsentSuperseded { directive_id, person_id, by_directive_id };
                of(pb::ConsentSuperseded::full_name(), Kind::ConsentSuperseded(message), own)
            }
            What::EnteredInError { replaced_by } => {
                let replaced_by_id = id_text(*replaced_by);
                let message = pb::ConsentEnteredInError { directive_id, person_id, replaced_by_id };
                of(pb::ConsentEnteredInError::full_name(), Kind::ConsentEnteredInError(message), None)
            }
        })
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        let (id, person, what) = match kind_of(stored)? {
            Kind::ConsentDrafted(message) => {
                let what = What::Drafted(stored_content(stored, message.content)?);
                (message.directive_id, message.person_id, what)
            }
            Kind::ConsentGiven(message) => {
                let content = stored_content(stored, message.content)?;
                let evidence = from_private(message.evidence.as_ref());
                (message.directive_id, message.person_id, What::Given { content, evidence })
            }
            Kind::ConsentRevoked(message) => {
                let evidence = from_private(message.evidence.as_ref());
                (message.directive_id, message.person_id, What::Revoked { evidence })
            }
            Kind::ConsentExpired(message) => (message.directive_id, message.person_id, What::Expired),
            Kind::ConsentSuperseded(message) => {
                let by = stored_id(stored, &message.by_directive_id)?;
                (message.directive_id, message.person_id, What::Superseded { by })
            }
            Kind::ConsentEnteredInError(message) => {
                let replaced_by = stored_optional_id(stored, &message.replaced_by_id)?;
                (message.directive_id, message.person_id, What::EnteredInError { replaced_by })
            }
            _ => return Err(not_of::<Consent>(stored)),
        };
        Ok(Event {
            id: stored_id(stored, &id)?,
            person: stored_id(stored, &person)?,
            by: stored_agency(stored)?,
            at: occurred(stored)?,
            what,
        })
    }
}
