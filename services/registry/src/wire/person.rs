//! People on the wire.
//! Invariant: every text of a person is sealed field by field; an identifier is compared by hash, never by its text.

use kernel::{AgencyId, Day, Discrepancy, PersonId, Private};
use platform::command::{Encoding, Ink, Payload, Unreadable, from_private};
use platform::error::BadField;
use platform::seal::{PersonKey, Secret};
use platform::wire;
use prost::{Message, Name};
use proto::log::Sealed;
use proto::registry as pb;
use proto::registry::registry_event::Kind;
use tonic::Status;

use super::codes::{quality, usage};
use super::{Opener, around, contact, id_text, kind_of, marks, not_of, stored_id, stored_optional_id, wrap};
use crate::domain::person::{
    ContactPoint, Details, Event, Identifier, Person, Quality, Scope, State, Told, Use,
};

/// Longest name or other short text, in characters.
const SHORT: usize = 200;
/// Most languages of a person.
const MAX_LANGUAGES: usize = 10;
/// Most contact points of a person.
const MAX_CONTACT_POINTS: usize = 20;

/// Who a person is, as a request says; the digest is made with the person's key.
pub fn details(key: &PersonKey, given: Option<&pb::PersonDetails>) -> Result<Details, BadField> {
    let given = wire::required("details", given)?;
    let short = |field: &str, text: &str| {
        wire::optional_text(&format!("details.{field}"), text, SHORT).map(|text| text.map(Private::Plain))
    };
    let graded = |field: &str, number| grade(&format!("details.{field}"), number);
    let birth_date = wire::optional_day("details.birth_date", given.birth_date.as_ref())?;
    let languages = languages(&given.languages)?;
    let mut details = Details {
        given_name: short("given_name", &given.given_name)?,
        middle_name: short("middle_name", &given.middle_name)?,
        family_name: short("family_name", &given.family_name)?,
        name_suffix: short("name_suffix", &given.name_suffix)?,
        chosen_name: short("chosen_name", &given.chosen_name)?,
        pronouns: short("pronouns", &given.pronouns)?,
        name_quality: graded("name_quality", given.name_quality)?,
        birth_date: birth_date.map(|day| Private::Plain(day.to_string())),
        birth_date_quality: graded("birth_date_quality", given.birth_date_quality)?,
        languages: (!languages.is_empty()).then(|| Private::Plain(languages.join(","))),
        interpreter_needed: given.interpreter_needed.then(|| Private::plain("yes")),
        contact_points: contact_points(&given.contact_points)?,
        digest: [0; 32],
    };
    details.digest = key.digest(&canonical(&details));
    Ok(details)
}

/// A grade of a datum; none where it was not given.
fn grade(field: &str, number: i32) -> Result<Option<Quality>, BadField> {
    if number == 0 { Ok(None) } else { quality::parse(field, number).map(Some) }
}

fn languages(given: &[String]) -> Result<Vec<String>, BadField> {
    if given.len() > MAX_LANGUAGES {
        return Err(BadField::new("details.languages", format!("are more than {MAX_LANGUAGES}")));
    }
    let tag = |(i, tag): (usize, &String)| {
        let fits =
            |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
        if tag.len() <= 35 && tag.split('-').all(fits) {
            return Ok(tag.to_ascii_lowercase());
        }
        Err(BadField::new(
            format!("details.languages[{i}]"),
            "is not a language tag such as \"es\" or \"pt-BR\"",
        ))
    };
    given.iter().enumerate().map(tag).collect()
}

fn contact_points(given: &[pb::ContactPoint]) -> Result<Vec<ContactPoint>, BadField> {
    if given.len() > MAX_CONTACT_POINTS {
        return Err(BadField::new("details.contact_points", format!("are more than {MAX_CONTACT_POINTS}")));
    }
    let point = |(i, each)| contact::contact_point(&format!("details.contact_points[{i}]"), each);
    given.iter().enumerate().map(point).collect()
}

/// The same bytes for the same details, whatever white space surrounded them.
fn canonical(details: &Details) -> Vec<u8> {
    let plain = |text: &Option<Private>| match text {
        Some(Private::Plain(text)) => text.clone(),
        Some(Private::Sealed(_)) | None => String::new(),
    };
    let point = |point: &ContactPoint| pb::ContactPoint {
        kind: point.kind,
        value: plain(&Some(point.value.clone())),
        whose: plain(&point.whose),
        safe_to_leave_message: point.safe_to_leave_message,
        best_times: plain(&point.best_times),
        r#use: point.used_for,
        safe_to_say_who_calls: point.safe_to_say_who_calls,
    };
    let message = pb::PersonDetails {
        given_name: plain(&details.given_name),
        middle_name: plain(&details.middle_name),
        family_name: plain(&details.family_name),
        name_suffix: plain(&details.name_suffix),
        chosen_name: plain(&details.chosen_name),
        pronouns: plain(&details.pronouns),
        name_quality: details.name_quality.map_or(0, quality::number),
        birth_date: None,
        birth_date_quality: details.birth_date_quality.map_or(0, quality::number),
        // The birth date's text stands with the languages: it is a list of texts like any other.
        languages: vec![plain(&details.birth_date), plain(&details.languages)],
        interpreter_needed: details.interpreter_needed.is_some(),
        contact_points: details.contact_points.iter().map(point).collect(),
    };
    message.encode_to_vec()
}

/// An identifier, as a request names it. `agency` is the caller's: an identifier that no source shares is that agency's own.
pub fn identifier(
    field: &str,
    given: Option<&pb::PersonIdentifier>,
    agency: Option<AgencyId>,
    secret: &Secret,
) -> Result<Identifier, BadField> {
    let given = wire::required(field, given)?;
    let name = |inner: &str| format!("{field}.{inner}");
    let source = wire::optional_text(&name("shared_by_source"), &given.shared_by_source, SHORT)?;
    let scope = match (source, agency) {
        (Some(source), _) => Scope::Source(source),
        (None, Some(agency)) => Scope::Agency(agency),
        (None, None) => {
            let why = "is missing; whoever speaks for no agency names the source that shares the identifier";
            return Err(BadField::new(name("shared_by_source"), why));
        }
    };
    let usage = match given.r#use {
        0 => Use::RecordNumber,
        number => usage::parse(&name("use"), number)?,
    };
    let system = wire::text(&name("system"), &given.system, SHORT)?;
    let value = wire::text(&name("value"), &given.value, SHORT)?;
    Ok(Identifier {
        key_hash: identifier_hash(secret, &scope, &system, &value),
        system,
        value: Private::Plain(value),
        scope,
        usage,
        quality: grade(&name("quality"), given.quality)?,
        claimed: usage == Use::RecordNumber,
    })
}

/// What a claim on an identifier holds: its keyed hash within its scope.
pub fn identifier_hash(secret: &Secret, scope: &Scope, system: &str, value: &str) -> [u8; 32] {
    let scope = match scope {
        Scope::Agency(agency) => format!("agency:{agency}"),
        Scope::Source(source) => format!("source:{source}"),
    };
    secret.hash("person-identifier", &joined(&[&scope, system, value]))
}

/// What an identifier that helps matching is found by, whoever wrote it and however: letters and digits alone count.
pub fn match_hash(secret: &Secret, system: &str, value: &str) -> [u8; 32] {
    let value: String = value.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    secret.hash("matching-identifier", &joined(&[&system.to_lowercase(), &value]))
}

/// Texts as one, so that no two lists of texts give the same.
fn joined(texts: &[&str]) -> Vec<u8> {
    texts.iter().map(|text| format!("{}:{text}", text.len())).collect::<String>().into_bytes()
}

/// Where a record stands; `died` where the reader may know that the person did.
pub fn person_state(state: &State, died: bool) -> pb::PersonState {
    match state {
        State::Unmade => pb::PersonState::Unspecified,
        State::Active(_) if died => pb::PersonState::Deceased,
        State::Active(_) => pb::PersonState::Active,
        State::InError(_) => pb::PersonState::EnteredInError,
        State::Erased(_) => pb::PersonState::Erased,
    }
}

/// Names and birth date, opened: what the blind index is made of. None where a field is damaged.
pub fn names(opener: &Opener, details: &Details) -> Option<(Vec<String>, String)> {
    let name = |text: &Option<Private>| opener.some(text.as_ref());
    let names =
        [&details.given_name, &details.family_name, &details.middle_name, &details.chosen_name].map(name);
    let names = names.into_iter().collect::<Option<Vec<_>>>()?;
    Some((names, name(&details.birth_date)?))
}

/// The day on which a person was born; none where it is not known.
pub fn born(opener: &Opener, details: &Details) -> Option<Day> {
    details.birth_date.as_ref().and_then(|text| opener.text(text)?.parse().ok())
}

/// Who a person is, opened; none where a field is damaged.
pub fn details_out(opener: &Opener, details: &Details) -> Option<pb::PersonDetails> {
    let some = |text: &Option<Private>| opener.some(text.as_ref());
    let birth_date = some(&details.birth_date)?;
    let birth_date = birth_date.parse::<Day>().ok().map(wire::to_date);
    let languages = some(&details.languages)?;
    Some(pb::PersonDetails {
        given_name: some(&details.given_name)?,
        middle_name: some(&details.middle_name)?,
        family_name: some(&details.family_name)?,
        name_suffix: some(&details.name_suffix)?,
        chosen_name: some(&details.chosen_name)?,
        pronouns: some(&details.pronouns)?,
        name_quality: details.name_quality.map_or(0, quality::number),
        birth_date,
        birth_date_quality: details.birth_date_quality.map_or(0, quality::number),
        languages: languages.split(',').filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
        interpreter_needed: details.interpreter_needed.is_some(),
        contact_points: details
            .contact_points
            .iter()
            .map(|point| contact::contact_point_out(opener, point))
            .collect::<Option<_>>()?,
    })
}

/// An identifier, opened; none where it is damaged.
pub fn identifier_out(opener: &Opener, identifier: &Identifier) -> Option<pb::PersonIdentifier> {
    Some(pb::PersonIdentifier {
        system: identifier.system.clone(),
        value: opener.text(&identifier.value)?,
        shared_by_source: match &identifier.scope {
            Scope::Agency(_) => String::new(),
            Scope::Source(source) => source.clone(),
        },
        r#use: usage::number(identifier.usage),
        quality: identifier.quality.map_or(0, quality::number),
    })
}

fn details_sealed(details: &Details, ink: &Ink<'_>) -> Result<pb::SealedDetails, Status> {
    let seal = |field: &str, text: &Option<Private>| ink.seal_some(field, text.as_ref());
    let point = |(i, point)| contact::contact_point_sealed(&format!("contact[{i}]"), point, ink);
    Ok(pb::SealedDetails {
        given_name: seal("name.given", &details.given_name)?,
        middle_name: seal("name.middle", &details.middle_name)?,
        family_name: seal("name.family", &details.family_name)?,
        name_suffix: seal("name.suffix", &details.name_suffix)?,
        chosen_name: seal("name.chosen", &details.chosen_name)?,
        pronouns: seal("pronouns", &details.pronouns)?,
        name_quality: details.name_quality.map_or(0, quality::number),
        birth_date: seal("birth_date", &details.birth_date)?,
        birth_date_quality: details.birth_date_quality.map_or(0, quality::number),
        languages: seal("languages", &details.languages)?,
        interpreter_needed: seal("interpreter_needed", &details.interpreter_needed)?,
        contact_points: details.contact_points.iter().enumerate().map(point).collect::<Result<_, _>>()?,
        digest: details.digest.to_vec().into(),
    })
}

fn details_stored(
    stored: &proto::log::Event,
    details: Option<pb::SealedDetails>,
) -> Result<Details, Unreadable> {
    let bad = |why| Unreadable::new(stored, why);
    let details = details.ok_or_else(|| bad("it has no details"))?;
    let text = |sealed: &Option<Sealed>| from_private(sealed.as_ref());
    Ok(Details {
        given_name: text(&details.given_name),
        middle_name: text(&details.middle_name),
        family_name: text(&details.family_name),
        name_suffix: text(&details.name_suffix),
        chosen_name: text(&details.chosen_name),
        pronouns: text(&details.pronouns),
        name_quality: quality::stored(details.name_quality),
        birth_date: text(&details.birth_date),
        birth_date_quality: quality::stored(details.birth_date_quality),
        languages: text(&details.languages),
        interpreter_needed: text(&details.interpreter_needed),
        contact_points: details
            .contact_points
            .iter()
            .map(contact::contact_point_stored)
            .collect::<Option<_>>()
            .ok_or_else(|| bad("a contact point has no value"))?,
        digest: hash_stored(stored, &details.digest)?,
    })
}

fn hash_stored(stored: &proto::log::Event, bytes: &[u8]) -> Result<[u8; 32], Unreadable> {
    bytes.try_into().map_err(|_| Unreadable::new(stored, "a hash in it is damaged"))
}

fn identifier_sealed(
    (i, identifier): (usize, &Identifier),
    ink: &Ink<'_>,
) -> Result<pb::SealedIdentifier, Status> {
    let (shared_by_source, agency_id) = match &identifier.scope {
        Scope::Agency(agency) => (String::new(), agency.to_string()),
        Scope::Source(source) => (source.clone(), String::new()),
    };
    Ok(pb::SealedIdentifier {
        system: identifier.system.clone(),
        value: Some(ink.seal(&format!("identifier[{i}].value"), &identifier.value)?),
        key_hash: identifier.key_hash.to_vec().into(),
        shared_by_source,
        agency_id,
        r#use: usage::number(identifier.usage),
        quality: identifier.quality.map_or(0, quality::number),
        claimed: identifier.claimed,
    })
}

fn identifiers_sealed(
    identifiers: &[Identifier],
    ink: &Ink<'_>,
) -> Result<Vec<pb::SealedIdentifier>, Status> {
    identifiers.iter().enumerate().map(|each| identifier_sealed(each, ink)).collect()
}

fn identifier_stored(
    stored: &proto::log::Event,
    identifier: &pb::SealedIdentifier,
) -> Result<Identifier, Unreadable> {
    let bad = |why| Unreadable::new(stored, why);
    let scope = match stored_optional_id(stored, &identifier.agency_id)? {
        Some(agency) => Scope::Agency(agency),
        None => Scope::Source(identifier.shared_by_source.clone()),
    };
    Ok(Identifier {
        system: identifier.system.clone(),
        value: from_private(identifier.value.as_ref()).ok_or_else(|| bad("an identifier has no value"))?,
        key_hash: hash_stored(stored, &identifier.key_hash)?,
        scope,
        usage: usage::stored(identifier.r#use).ok_or_else(|| bad("the use of an identifier is not known"))?,
        quality: quality::stored(identifier.quality),
        claimed: identifier.claimed,
    })
}

fn identifiers_stored(
    stored: &proto::log::Event,
    identifiers: &[pb::SealedIdentifier],
) -> Result<Vec<Identifier>, Unreadable> {
    identifiers.iter().map(|each| identifier_stored(stored, each)).collect()
}

impl Encoding for Person {
    fn person(after: &State) -> Option<PersonId> {
        after.known().map(|known| known.id)
    }

    fn encode(event: &Event, after: &State, ink: &Ink<'_>) -> Result<Payload, Status> {
        let person_id = id_text(Self::person(after));
        Ok(match event {
            Event::Registered { agency, details, identifiers, .. } => {
                let message = pb::PersonRegistered {
                    person_id,
                    agency_id: id_text(*agency),
                    details: Some(details_sealed(details, ink)?),
                    identifiers: identifiers_sealed(identifiers, ink)?,
                };
                Payload::new(pb::PersonRegistered::full_name(), &wrap(Kind::PersonRegistered(message)))
            }
            Event::Changed { details } => {
                let message = pb::PersonChanged { person_id, details: Some(details_sealed(details, ink)?) };
                Payload::new(pb::PersonChanged::full_name(), &wrap(Kind::PersonChanged(message)))
            }
            Event::Recorded { told, correction, discrepancies } => {
                let message = pb::PersonRecorded {
                    person_id,
                    details: Some(details_sealed(&told.details, ink)?),
                    identifiers: identifiers_sealed(&told.identifiers, ink)?,
                    serving_agency_ids: told.serving.iter().map(ToString::to_string).collect(),
                    correction: *correction,
                };
                Payload {
                    discrepancies: discrepancies.clone(),
                    ..Payload::new(pb::PersonRecorded::full_name(), &wrap(Kind::PersonRecorded(message)))
                }
            }
            Event::EnteredInError => {
                let message = pb::PersonEnteredInError { person_id };
                Payload::new(
                    pb::PersonEnteredInError::full_name(),
                    &wrap(Kind::PersonEnteredInError(message)),
                )
            }
            Event::IdentifierAdded(identifier) => {
                let identifier = Some(identifier_sealed((0, identifier), ink)?);
                let message = pb::IdentifierAdded { person_id, identifier };
                Payload::new(pb::IdentifierAdded::full_name(), &wrap(Kind::IdentifierAdded(message)))
            }
            Event::IdentifierRemoved { key_hash } => {
                let message = pb::IdentifierRemoved { person_id, key_hash: key_hash.to_vec().into() };
                Payload::new(pb::IdentifierRemoved::full_name(), &wrap(Kind::IdentifierRemoved(message)))
            }
            Event::ServingAgencyAdded { agency } => {
                let message = pb::ServingAgencyAdded { person_id, agency_id: agency.to_string() };
                Payload::new(pb::ServingAgencyAdded::full_name(), &wrap(Kind::ServingAgencyAdded(message)))
            }
            Event::Linked { canonical, member } => {
                let message =
                    pb::PersonsLinked { canonical_id: canonical.to_string(), member_id: member.to_string() };
                Payload::new(pb::PersonsLinked::full_name(), &wrap(Kind::PersonsLinked(message)))
            }
            Event::Unlinked { canonical, member } => {
                let message = pb::PersonsUnlinked {
                    canonical_id: canonical.to_string(),
                    member_id: member.to_string(),
                };
                Payload::new(pb::PersonsUnlinked::full_name(), &wrap(Kind::PersonsUnlinked(message)))
            }
            Event::NeverLinked { one, other } => {
                let message = pb::PersonsNeverLinked { one_id: one.to_string(), other_id: other.to_string() };
                Payload::new(pb::PersonsNeverLinked::full_name(), &wrap(Kind::PersonsNeverLinked(message)))
            }
            Event::Around(change) => around::encode(change, person_id, ink)?,
            Event::Died(..)
            | Event::DeathInError(_)
            | Event::Restricted(..)
            | Event::RestrictionLifted { .. }
            | Event::RestrictionInError(_) => marks::encode(event, person_id),
            Event::Erased => {
                let message = pb::PersonErased { person_id };
                Payload::new(pb::PersonErased::full_name(), &wrap(Kind::PersonErased(message)))
            }
        })
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        Ok(match kind_of(stored)? {
            Kind::PersonRegistered(message) => Event::Registered {
                id: stored_id(stored, &message.person_id)?,
                agency: stored_optional_id(stored, &message.agency_id)?,
                identifiers: identifiers_stored(stored, &message.identifiers)?,
                details: details_stored(stored, message.details)?,
            },
            Kind::PersonChanged(message) => {
                Event::Changed { details: details_stored(stored, message.details)? }
            }
            Kind::PersonRecorded(message) => {
                let serving = message.serving_agency_ids.iter().map(|text| stored_id(stored, text));
                let discrepancies = stored.discrepancies.iter();
                Event::Recorded {
                    correction: message.correction,
                    discrepancies: discrepancies.map(|d| Discrepancy::new(&d.code, &*d.detail)).collect(),
                    told: Told {
                        id: stored_id(stored, &message.person_id)?,
                        identifiers: identifiers_stored(stored, &message.identifiers)?,
                        serving: serving.collect::<Result<_, _>>()?,
                        details: details_stored(stored, message.details)?,
                    },
                }
            }
            Kind::PersonEnteredInError(_) => Event::EnteredInError,
            Kind::IdentifierAdded(message) => {
                let identifier =
                    message.identifier.ok_or_else(|| Unreadable::new(stored, "it has no identifier"))?;
                Event::IdentifierAdded(identifier_stored(stored, &identifier)?)
            }
            Kind::IdentifierRemoved(message) => {
                Event::IdentifierRemoved { key_hash: hash_stored(stored, &message.key_hash)? }
            }
            Kind::ServingAgencyAdded(message) => {
                Event::ServingAgencyAdded { agency: stored_id(stored, &message.agency_id)? }
            }
            Kind::PersonsLinked(message) => Event::Linked {
                canonical: stored_id(stored, &message.canonical_id)?,
                member: stored_id(stored, &message.member_id)?,
            },
            Kind::PersonsUnlinked(message) => Event::Unlinked {
                canonical: stored_id(stored, &message.canonical_id)?,
                member: stored_id(stored, &message.member_id)?,
            },
            Kind::PersonsNeverLinked(message) => Event::NeverLinked {
                one: stored_id(stored, &message.one_id)?,
                other: stored_id(stored, &message.other_id)?,
            },
            kind @ (Kind::PersonDied(_)
            | Kind::PersonDeathEnteredInError(_)
            | Kind::PersonRestricted(_)
            | Kind::PersonRestrictionLifted(_)
            | Kind::PersonRestrictionEnteredInError(_)) => marks::decode(stored, kind)?,
            Kind::PersonErased(_) => Event::Erased,
            kind @ (Kind::ContactPointSet(_)
            | Kind::ContactPointRemoved(_)
            | Kind::CrisisContactSet(_)
            | Kind::CrisisContactRemoved(_)
            | Kind::WarningSignsSet(_)
            | Kind::WarningSignsRemoved(_)
            | Kind::HouseholdJoined(_)
            | Kind::HouseholdLeft(_)
            | Kind::RepresentativeAdded(_)
            | Kind::RepresentativeEnded(_)
            | Kind::HouseholdMembershipEnteredInError(_)
            | Kind::RepresentativeEnteredInError(_)) => Event::Around(around::decode(stored, kind)?),
            _ => return Err(not_of::<Person>(stored)),
        })
    }
}
