//! People: what is asked of their records, and how they are found.
//! Invariant: a person's key is on disk before the first event about them, and gone after the last.

use futures_util::future::BoxFuture;
use kernel::{Decider, PersonId};
use platform::auth;
use platform::command::{Ask, Changes, Done, Failed, Stream, id_of};
use platform::error;
use platform::keys::KeyState;
use platform::seal::PersonKey;
use platform::wire::{id, page_size};
use proto::registry as pb;
use tonic::{Request, Status};

use super::{Api, CORRECT, OPERATE, OWN, READ, RECORD, WORK, person_id};
use crate::blind;
use crate::domain::person::{
    Command, Event, Identifier, Link, Person, Refusal, Told, Use, link as linked, numbers_changed,
    unlink as unlinked,
};
use crate::keystore::{KeyStoreError, RawKey};
use crate::view::Wanted;
use crate::wire;

/// How often a telling is decided again because another record took or freed an identifier meanwhile.
const TRIES: usize = 3;
/// Most identifiers of a person in one request.
const MAX_IDENTIFIERS: usize = 20;

impl From<KeyStoreError> for Status {
    fn from(err: KeyStoreError) -> Self {
        if err.retryable() { error::away(err) } else { error::failed(err) }
    }
}

impl Api {
    /// The key of somebody who may be new. An erased person has none, and the record will say so.
    async fn key_for(&self, person: PersonId) -> Result<PersonKey, Status> {
        match self.keystore.ensure(person).await? {
            RawKey::Open { number, bits } => Ok(PersonKey::new(person, number, &bits.0)),
            RawKey::Erased | RawKey::Unknown => Err(error::refused(&Refusal::Erased)),
        }
    }

    /// Asks one record, of which the caller sees a part.
    pub(super) async fn record(&self, ask: &Ask, person: PersonId, command: Command) -> Result<Done, Status> {
        let run = |ask: Ask| -> BoxFuture<'_, Result<Done, Status>> {
            let command = command.clone();
            Box::pin(async move { Ok(self.write(&ask, person, command).await?) })
        };
        self.in_part::<Person>(ask, person, run).await
    }

    /// The same, under the etag of all of it; it moves the record's claims on identifiers with it.
    async fn write(&self, ask: &Ask, person: PersonId, command: Command) -> Result<Done, Failed<Refusal>> {
        let stream = id_of::<Person>(person.uuid());
        self.desk
            .execute(ask, stream, Stream::<Person>::of(person.uuid()), |now| {
                let events = Person::decide(now, command.clone())?;
                let after = events.iter().fold((*now.state).clone(), Person::evolve);
                let (taken, given_back) = numbers_changed(now, &after);
                let changes = Changes::none().write::<Person>(now, events);
                let changes = taken.into_iter().fold(changes, |changes, number| {
                    changes.take(number.to_vec(), stream, Refusal::IdentifierTaken)
                });
                let give_back =
                    |changes: Changes<Refusal>, number: [u8; 32]| changes.release(number.to_vec(), stream);
                Ok(given_back.into_iter().fold(changes, give_back))
            })
            .await
    }

    fn identifiers(&self, ask: &Ask, given: &[pb::PersonIdentifier]) -> Result<Vec<Identifier>, Status> {
        if given.len() > MAX_IDENTIFIERS {
            return Err(error::bad_field("identifiers", format!("are more than {MAX_IDENTIFIERS}")));
        }
        let one = |(i, each)| {
            let agency = ask.caller.speaks_for();
            wire::identifier(&format!("identifiers[{i}]"), Some(each), agency, self.desk.secret())
        };
        let mut identifiers: Vec<Identifier> = given.iter().enumerate().map(one).collect::<Result<_, _>>()?;
        identifiers.sort_by_key(|identifier| identifier.key_hash);
        identifiers.dedup_by_key(|identifier| identifier.key_hash);
        Ok(identifiers)
    }

    /// Those of the identifiers that other records hold now.
    async fn taken(&self, person: PersonId, identifiers: &[Identifier]) -> Result<Vec<[u8; 32]>, Status> {
        let own = id_of::<Person>(person.uuid()).to_string();
        let mut taken = vec![];
        for identifier in identifiers.iter().filter(|each| each.usage == Use::RecordNumber) {
            let holder = self.desk.log().claim_holder(&identifier.key_hash).await?;
            if holder.is_some_and(|holder| holder != own) {
                taken.push(identifier.key_hash);
            }
        }
        Ok(taken)
    }
}

pub(super) async fn register(
    api: &Api,
    request: &Request<pb::RegisterPersonRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("RegisterPerson", WORK, request, (&r.request_id, "")).await?;
    let person = PersonId::new(api.fresh(&ask));
    let identifiers = api.identifiers(&ask, &r.identifiers)?;
    let details = wire::details(&api.key_for(person).await?, r.details.as_ref())?;
    let command = Command::Register { by: ask.by(), id: person, details, identifiers };
    api.record(&ask, person, command).await
}

pub(super) async fn change(api: &Api, request: &Request<pb::ChangePersonRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("ChangePerson", OWN, request, (&r.request_id, &r.etag)).await?;
    let person = person_id(&r.person_id)?;
    let now = api.desk.load::<Person>(person.uuid()).await?;
    now.admit(ask.by()).map_err(|refusal| error::refused(&refusal))?;
    let details = match api.desk.keys().of(person).await? {
        KeyState::Open(key) => wire::details(&key, r.details.as_ref())?,
        KeyState::Erased | KeyState::Unknown => return Err(error::refused(&Refusal::Erased)),
    };
    api.record(&ask, person, Command::Change { by: ask.by(), details }).await
}

pub(super) async fn record(api: &Api, request: &Request<pb::RecordPersonRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("RecordPerson", RECORD, request, (&r.request_id, "")).await?;
    let (person, source) = api.desk.source(&ask.caller, r.source.as_ref())?;
    let person = PersonId::new(person);
    let mut serving = vec![ask.agency()?];
    for (i, agency) in r.serving_agency_ids.iter().enumerate() {
        serving.push(id(&format!("serving_agency_ids[{i}]"), agency)?);
    }
    serving.sort_unstable();
    serving.dedup();
    let identifiers = api.identifiers(&ask, &r.identifiers)?;
    let details = wire::details(&api.key_for(person).await?, r.details.as_ref())?;
    let told = Told { id: person, details, identifiers, serving };
    let ask = ask.from_source(source);
    let told = &told;
    let run = |ask: Ask| -> BoxFuture<'_, Result<Done, Status>> {
        Box::pin(async move {
            for _ in 0..TRIES {
                let taken = api.taken(person, &told.identifiers).await?;
                let command = Command::Record { by: ask.by(), told: told.clone(), taken };
                match api.write(&ask, person, command).await {
                    // Another record took one between the look and the append: look again.
                    Err(Failed::Refused(Refusal::IdentifierTaken)) => {}
                    done => return Ok(done?),
                }
            }
            Err(error::lost_race())
        })
    };
    api.in_part::<Person>(&ask, person, run).await
}

pub(super) async fn mark_entered_in_error(
    api: &Api,
    request: &Request<pb::MarkPersonEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("MarkPersonEnteredInError", CORRECT, request, (&r.request_id, &r.etag)).await?;
    let person = api.desk.named(&ask.caller, "person_id", &r.person_id, r.source.as_ref())?;
    api.record(&ask, PersonId::new(person), Command::MarkEnteredInError { by: ask.by() }).await
}

pub(super) async fn add_identifier(
    api: &Api,
    request: &Request<pb::AddIdentifierRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("AddIdentifier", WORK, request, (&r.request_id, &r.etag)).await?;
    let agency = ask.caller.speaks_for();
    let identifier = wire::identifier("identifier", r.identifier.as_ref(), agency, api.desk.secret())?;
    let command = Command::AddIdentifier { by: ask.by(), identifier };
    api.record(&ask, person_id(&r.person_id)?, command).await
}

pub(super) async fn remove_identifier(
    api: &Api,
    request: &Request<pb::RemoveIdentifierRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("RemoveIdentifier", WORK, request, (&r.request_id, &r.etag)).await?;
    let agency = ask.caller.speaks_for();
    let identifier = wire::identifier("identifier", r.identifier.as_ref(), agency, api.desk.secret())?;
    let command = Command::RemoveIdentifier { by: ask.by(), key_hash: identifier.key_hash };
    api.record(&ask, person_id(&r.person_id)?, command).await
}

pub(super) async fn add_serving_agency(
    api: &Api,
    request: &Request<pb::AddServingAgencyRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("AddServingAgency", CORRECT, request, (&r.request_id, &r.etag)).await?;
    let command = Command::AddServingAgency { by: ask.by(), agency: id("agency_id", &r.agency_id)? };
    api.record(&ask, person_id(&r.person_id)?, command).await
}

pub(super) async fn link(api: &Api, request: &Request<pb::LinkPersonsRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("LinkPersons", WORK, request, (&r.request_id, &r.etag)).await?;
    let despite = r.despite_unlinked;
    let two = (("canonical_id", &*r.canonical_id), ("member_id", &*r.member_id));
    both(api, &ask, two, move |link| linked(link, despite)).await
}

pub(super) async fn unlink(api: &Api, request: &Request<pb::UnlinkPersonsRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("UnlinkPersons", WORK, request, (&r.request_id, &r.etag)).await?;
    let two = (("canonical_id", &*r.canonical_id), ("member_id", &*r.member_id));
    both(api, &ask, two, unlinked).await
}

/// Asks two records at once: what happens, happens to both in one append.
pub(super) async fn both(
    api: &Api,
    ask: &Ask,
    ((canonical_field, canonical), (member_field, member)): ((&str, &str), (&str, &str)),
    decide: impl Fn(Link<'_>) -> Result<Option<Event>, Refusal> + Send + Sync,
) -> Result<Done, Status> {
    let canonical: PersonId = id(canonical_field, canonical)?;
    let member: PersonId = id(member_field, member)?;
    if canonical == member {
        return Err(error::refused(&Refusal::SameRecord));
    }
    let (by, decide) = (ask.by(), &decide);
    let run = |ask: Ask| -> BoxFuture<'_, Result<Done, Status>> {
        Box::pin(async move {
            let streams = (Stream::<Person>::of(canonical.uuid()), Stream::<Person>::of(member.uuid()));
            let subject = id_of::<Person>(canonical.uuid());
            let done = api.desk.execute(&ask, subject, streams, |(canonical, member)| {
                let event = decide(Link { by, canonical, member })?;
                let events: Vec<Event> = event.into_iter().collect();
                let changes = Changes::none().write::<Person>(canonical, events.clone());
                Ok::<_, Refusal>(changes.write::<Person>(member, events))
            });
            Ok(done.await?)
        })
    };
    api.in_part::<Person>(ask, canonical, run).await
}

pub(super) async fn erase(api: &Api, request: &Request<pb::ErasePersonRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("ErasePerson", OPERATE, request, (&r.request_id, &r.etag)).await?;
    let person = person_id(&r.person_id)?;
    let done = api.record(&ask, person, Command::Erase { by: ask.by() }).await?;
    // Should this fail or never be reached, the reaction to the event destroys the key.
    api.desk.keys().forget(person);
    api.keystore.destroy(person).await?;
    Ok(done)
}

pub(super) async fn get(
    api: &Api,
    request: &Request<pb::GetPersonRequest>,
) -> Result<pb::GetPersonResponse, Status> {
    let caller = auth::caller(request)?;
    auth::require_role(&caller, READ)?;
    let r = request.get_ref();
    let person = match &r.identifier {
        None => Some(person_id(&r.person_id)?),
        Some(_) => {
            let agency = caller.speaks_for();
            let identifier =
                wire::identifier("identifier", r.identifier.as_ref(), agency, api.desk.secret())?;
            match holder(api, &identifier.key_hash).await? {
                Some(person) if api.may_name(&caller, person).await? => Some(person),
                Some(_) | None => None,
            }
        }
    };
    api.view.wait(&r.at_least).await?;
    let person = match person {
        Some(person) => api.read_person(&caller, person).await?,
        None => None,
    };
    let person = person.ok_or_else(|| error::not_found("person"))?;
    let (emergency_ids, part2_notice) = api.in_emergency(&caller, &[&person]).await?;
    Ok(pb::GetPersonResponse { person: Some(person), emergency_ids, part2_notice })
}

/// The record that holds an identifier.
pub(super) async fn holder(api: &Api, hash: &[u8; 32]) -> Result<Option<PersonId>, Status> {
    let holder = api.desk.log().claim_holder(hash).await?;
    let held = holder.as_deref().and_then(|stream| kernel::ids::parse_stream(stream).ok());
    Ok(held.filter(|(category, _)| *category == Person::CATEGORY).map(|(_, id)| PersonId::new(id)))
}

pub(super) async fn find(
    api: &Api,
    request: &Request<pb::FindPersonsRequest>,
) -> Result<pb::FindPersonsResponse, Status> {
    let caller = auth::caller(request)?;
    let roles = [kernel::Role::Worker, kernel::Role::Recorder, kernel::Role::Operator, kernel::Role::Auditor];
    auth::require_role(&caller, &roles)?;
    let r = request.get_ref();
    let name = platform::wire::optional_text("name", &r.name, 200)?.unwrap_or_default();
    let birth_date = platform::wire::optional_day("birth_date", r.birth_date.as_ref())?;
    let birth_date = birth_date.map(|day| day.to_string()).unwrap_or_default();
    if name.is_empty() && r.identifier.is_none() {
        return Err(error::bad_field("name", "is missing; give a name or an identifier"));
    }
    let secret = api.desk.secret();
    let identifier = match &r.identifier {
        None => None,
        Some(given) => {
            let found = wire::identifier("identifier", Some(given), caller.speaks_for(), secret)?;
            Some(match found.usage {
                Use::RecordNumber => (found.key_hash, false),
                Use::Matching => (wire::match_hash(secret, &found.system, given.value.trim()), true),
            })
        }
    };
    // The token is bound to what was asked for, by hash: a token shows nothing of it.
    let asked = secret.hash("find", format!("{name}/{birth_date}/{identifier:?}").as_bytes());
    let list = format!("FindPersons/{:?}/{asked:?}", caller.speaks_for());
    let size = page_size(r.page_size)?;
    let mut wanted = Wanted {
        entries: blind::entries(secret, [name.as_str()], &birth_date),
        identifier,
        agency: caller.speaks_for(),
        after: api.pages.place(&list, &r.page_token)?,
        size,
    };
    api.view.wait(&r.at_least).await?;
    // The list has whoever a directive names the agency for; whether that opens the record is judged one by one.
    let mut found = vec![];
    loop {
        let (matches, next) = api.view.find(&wanted).await?;
        let people: Vec<PersonId> = matches.iter().map(|found| found.person).collect();
        // One look for all the keys of the page; a failure shows as locked fields, person by person.
        let _warmed = api.desk.keys().of_all(&people).await;
        for each in matches {
            if api.may_find(&caller, each).await? {
                let person = api.read_person(&caller, each.person).await?;
                found.extend(person.map(|person| (each, person)));
            }
        }
        match next {
            Some(_) if found.len() <= size => wanted.after = next,
            Some(_) | None => break,
        }
    }
    let more = found.len() > size;
    found.truncate(size);
    let next = found.last().filter(|_| more).map(|(last, _)| last.place());
    let shown: Vec<&pb::Person> = found.iter().map(|(_, person)| person).collect();
    let (emergency_ids, part2_notice) = api.in_emergency(&caller, &shown).await?;
    let found =
        found.into_iter().map(|(each, person)| pb::FoundPerson { person: Some(person), score: each.score });
    let found = found.collect();
    let next_page_token = next.map(|last| api.pages.token(&list, &last)).unwrap_or_default();
    Ok(pb::FindPersonsResponse { found, next_page_token, emergency_ids, part2_notice })
}
