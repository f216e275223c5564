//! What people say about who may learn what, as tests ask it of the registry and as its log tells it.
//! Invariant: a directive made here opens everything without a label, for referral and coordination, from when it is given on.

use kernel::{AgencyId, DirectiveId, PersonId, StreamId};
use proto::registry::registry_event::Kind;
use proto::registry::{
    ConsentContent, ConsentGiven, ConsentGrantor, ConsentRevoked, ConsentScope, SealedConsent,
};
use proto::types::Purpose;
use uuid::Uuid;

/// Opens everything without a label to this agency.
pub fn scope(recipient: AgencyId) -> ConsentScope {
    ConsentScope {
        recipient_agency_ids: vec![recipient.to_string()],
        purposes: vec![Purpose::Referral.into(), Purpose::Coordination.into()],
        ..Default::default()
    }
}

/// The same, as a request says it.
pub fn content(recipient: AgencyId) -> Option<ConsentContent> {
    let scope = Some(scope(recipient));
    Some(ConsentContent { scope, operator_is_intermediary: true, ..Default::default() })
}

/// The person's directive about this agency.
pub fn directive(person: PersonId, recipient: AgencyId) -> DirectiveId {
    DirectiveId::new(Uuid::new_v5(&person.uuid(), recipient.uuid().as_bytes()))
}

/// The stream of a person's say.
pub fn stream(person: PersonId) -> StreamId {
    StreamId::new("consent", person.uuid())
}

/// The person has said so about this agency.
pub fn given(person: PersonId, recipient: AgencyId) -> Kind {
    gives(person, directive(person, recipient), scope(recipient))
}

/// The person has given this directive.
pub fn gives(person: PersonId, directive: DirectiveId, scope: ConsentScope) -> Kind {
    let content = SealedConsent {
        scope: Some(scope),
        grantor: ConsentGrantor::Person.into(),
        operator_is_intermediary: true,
        ..Default::default()
    };
    Kind::ConsentGiven(ConsentGiven {
        directive_id: directive.to_string(),
        person_id: person.to_string(),
        content: Some(content),
        evidence: None,
    })
}

/// The person has taken it back.
pub fn revoked(person: PersonId, recipient: AgencyId) -> Kind {
    Kind::ConsentRevoked(ConsentRevoked {
        directive_id: directive(person, recipient).to_string(),
        person_id: person.to_string(),
        evidence: None,
    })
}
