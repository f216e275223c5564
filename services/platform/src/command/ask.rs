//! What is asked, by whom, under which request id: everything about a command but its content.
//! Invariant: the digest covers the decoded request, so the same id with other content is noticed.

use jiff::Timestamp;
use kernel::{Actor, AgencyId, By, Caller, PersonId, Private, Role, Source, StreamId, Voice};
use prost::Message;
use proto::{log as pb, types};
use tokio::time::Instant;
use tonic::{Request, Status};
use uuid::Uuid;

use super::Desk;
use super::codec::{Ink, Payload};
use crate::auth;
use crate::error::BadField;
use crate::people::People;
use crate::wire;

/// Everything about a command but its content.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Who asks.
    pub caller: Caller,
    /// What the request id is unique in: the agency or actor, and the method.
    pub scope: String,
    /// Names the request.
    pub request_id: Uuid,
    /// Keyed hash of the decoded request.
    pub digest: [u8; 32],
    /// The version that the caller wants to change; none for any.
    pub etag: Option<u64>,
    /// The time of the command.
    pub at: Timestamp,
    /// Where a recorded fact comes from.
    pub source: Option<Source>,
    /// The event that caused it.
    pub causation: Option<Uuid>,
    /// The chain it belongs to; a command from outside begins one.
    pub correlation: Option<String>,
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
    /// W3C trace context, empty for none.
    pub traceparent: String,
    /// Security labels of everything that it writes, beside those of each event.
    pub labels: Vec<String>,
    /// Where it plans something to come of people: who of them is told to have died. None where it plans nothing.
    pub living: Option<People>,
}

impl Desk {
    /// Reads who asks, and under which id, from a request.
    ///
    /// # Errors
    /// An unknown caller, a role that may not, a closed gate, or a field that does not parse.
    pub fn ask<M: Message>(
        &self,
        method: &'static str,
        allowed: &[Role],
        request: &Request<M>,
        request_id: &str,
        etag: &str,
    ) -> Result<Ask, Status> {
        let caller = auth::caller(request)?;
        auth::require_role(&caller, allowed)?;
        self.1.admit(request.metadata())?;
        let who = match (&caller.actor, caller.speaks_for()) {
            (_, Some(agency)) => agency.to_string(),
            (Actor::Worker(worker), None) => format!("worker:{worker}"),
            (Actor::Person(person), None) => format!("person:{person}"),
            (Actor::Service(name), None) => format!("service:{name}"),
        };
        Ok(Ask {
            scope: format!("{who}/{method}"),
            request_id: wire::request_id(request_id)?,
            digest: self.secret().hash("request", &request.get_ref().encode_to_vec()),
            etag: wire::etag(etag)?,
            at: self.clock().now(),
            source: None,
            causation: None,
            correlation: None,
            deadline: crate::server::deadline(request),
            traceparent: crate::telemetry::current_traceparent(),
            labels: vec![],
            living: None,
            caller,
        })
    }

    /// A command of the service's own: a reaction to an event, or a timer. The id must be a function of its cause alone.
    pub fn own_ask(&self, method: &str, request_id: Uuid, cause: Option<&pb::Event>) -> Ask {
        Ask {
            caller: Caller {
                actor: Actor::Service(self.0.service.to_owned()),
                role: Role::Service,
                agency: None,
                on_behalf_of: None,
            },
            scope: format!("service:{}/{method}", self.0.service),
            request_id,
            digest: [0; 32],
            etag: None,
            at: self.clock().now(),
            source: None,
            causation: cause.and_then(|event| Uuid::try_parse(&event.id).ok()),
            correlation: cause.map(|event| event.correlation_id.clone()),
            deadline: None,
            traceparent: cause.map(|event| event.traceparent.clone()).unwrap_or_default(),
            labels: vec![],
            living: None,
        }
    }

    /// Where a recorded fact comes from, and the id that names it for ever: a keyed hash of agency, system, table and key.
    ///
    /// # Errors
    /// A missing source, or a field of it that does not parse.
    pub fn source(
        &self,
        caller: &Caller,
        source: Option<&types::Source>,
    ) -> Result<(Uuid, Source), BadField> {
        let given = wire::required("source", source)?;
        let system = wire::text("source.system", &given.system, 200)?;
        let table = wire::text("source.table", &given.table, 200)?;
        let key = wire::text("source.key", &given.key, 200)?;
        let agency = caller.speaks_for().map(|agency| agency.to_string()).unwrap_or_default();
        let name =
            [agency.as_str(), &system, &table, &key].map(|part| format!("{}:{part}", part.len())).concat();
        let key_hash = self.secret().hash("source-key", name.as_bytes());
        let recorded_at =
            given.recorded_at.as_ref().map(|at| wire::instant("source.recorded_at", at)).transpose()?;
        let known_until = wire::optional_day("source.known_until", given.known_until.as_ref())?;
        let key = kernel::Private::Plain(key);
        let source = Source { system, table, key_hash, key, recorded_at, known_until };
        Ok((fact_id(&key_hash), source))
    }

    /// The record that a request names: by its id, or by where it came from.
    ///
    /// # Errors
    /// Neither or both, or one that does not parse.
    pub fn named(
        &self,
        caller: &Caller,
        field: &str,
        id: &str,
        source: Option<&types::Source>,
    ) -> Result<Uuid, BadField> {
        match (id, source) {
            ("", Some(source)) => Ok(self.source(caller, Some(source))?.0),
            (_, Some(_)) => {
                let why = format!("names the record beside {field}; send one of them");
                Err(BadField::new("source", why))
            }
            (id, None) => wire::id::<PersonId>(field, id).map(PersonId::uuid),
        }
    }
}

impl Ask {
    /// Whose act it is.
    pub fn by(&self) -> By {
        self.caller.by()
    }

    /// The agency that speaks.
    ///
    /// # Errors
    /// PERMISSION_DENIED, reason AGENCY_REQUIRED, where the caller speaks for none.
    pub fn agency(&self) -> Result<AgencyId, Status> {
        self.caller.speaks_for().ok_or_else(|| {
            let text = "this is for agencies to do; call as a worker of one, or on behalf of one";
            crate::error::denied("AGENCY_REQUIRED", text)
        })
    }

    /// The same, planning something to come: refused, with the reason PERSON_DIED, where it is of somebody who is told to have died.
    ///
    /// A word of the death that is still on its way lets it through; what got through is called off ([`crate::people::deaths`]).
    #[must_use]
    pub fn of_the_living(mut self, people: &People) -> Self {
        self.living = Some(people.clone());
        self
    }

    /// The same, telling where the fact comes from.
    #[must_use]
    pub fn from_source(mut self, source: Source) -> Self {
        self.source = Some(source);
        self
    }

    /// The event's envelope around a payload.
    pub(super) fn envelope(
        &self,
        id: Uuid,
        stream: &StreamId,
        version: u64,
        person: Option<PersonId>,
        payload: Payload,
        ink: &Ink<'_>,
    ) -> Result<pb::Event, Status> {
        let (kind, actor) = match &self.caller.actor {
            Actor::Worker(worker) => (pb::ActorKind::Worker, worker.to_string()),
            Actor::Person(person) => (pb::ActorKind::Person, person.to_string()),
            Actor::Service(name) => (pb::ActorKind::Service, name.clone()),
        };
        let voice = match (payload.voice, &self.caller.actor, &self.source) {
            (Some(Voice::Person), _, _) | (None, Actor::Person(_), None) => types::Voice::Person,
            (Some(Voice::Source), _, _) | (None, _, Some(_)) => types::Voice::Source,
            (Some(Voice::Staff), _, _) | (None, Actor::Worker(_) | Actor::Service(_), None) => {
                types::Voice::Staff
            }
        };
        let occurred = payload.occurred.unwrap_or_else(|| kernel::Occurred::instant(self.at));
        Ok(pb::Event {
            id: id.to_string(),
            r#type: payload.kind,
            schema_version: 1,
            stream: stream.to_string(),
            version,
            person_id: person.map(|person| person.to_string()).unwrap_or_default(),
            agency_id: self.caller.agency.map(|agency| agency.to_string()).unwrap_or_default(),
            on_behalf_of: self.caller.on_behalf_of.map(|agency| agency.to_string()).unwrap_or_default(),
            actor: Some(pb::Actor { kind: kind.into(), id: actor, role: self.caller.role.name().to_owned() }),
            voice: voice.into(),
            correlation_id: self.correlation.clone().unwrap_or_else(|| self.request_id.to_string()),
            causation_id: self.causation.map(|cause| cause.to_string()).unwrap_or_default(),
            consent_reference: payload.consent,
            labels: payload.labels.into_iter().chain(self.labels.clone()).collect(),
            occurred: Some(wire::to_occurred(&occurred)),
            source: self.source.as_ref().map(|source| stored_source(source, person, ink)).transpose()?,
            discrepancies: payload
                .discrepancies
                .into_iter()
                .map(|found| types::Discrepancy { code: found.code, detail: found.detail })
                .collect(),
            traceparent: self.traceparent.clone(),
            payload: payload.bytes.into(),
        })
    }
}

fn stored_source(
    source: &Source,
    person: Option<PersonId>,
    ink: &Ink<'_>,
) -> Result<pb::EventSource, Status> {
    let clear_key = match (person, &source.key) {
        // A row about an agency, an offer or a unit has no key to be sealed with, and its name says nothing of anybody.
        (None, Private::Plain(key)) => key.clone(),
        (None, Private::Sealed(_)) | (Some(_), _) => String::new(),
    };
    Ok(pb::EventSource {
        system: source.system.clone(),
        table: source.table.clone(),
        key_hash: source.key_hash.to_vec().into(),
        key: person.map(|_| ink.seal("source.key", &source.key)).transpose()?,
        recorded_at: source.recorded_at.map(wire::to_instant),
        known_until: source.known_until.map(wire::to_date),
        clear_key,
    })
}

/// The id that names a recorded fact for ever, from the keyed hash of where it comes from.
pub(crate) fn fact_id(key_hash: &[u8; 32]) -> Uuid {
    let mut id = [0; 16];
    id.copy_from_slice(&key_hash[..16]);
    uuid::Builder::from_custom_bytes(id).into_uuid()
}
