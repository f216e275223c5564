//! What a caller sees of a person.
//! Invariant: `kernel::may` judges alone; what a caller may not see answers as what does not exist.

use std::collections::BTreeSet;

use kernel::may::{self, Say};
use kernel::{AgencyId, Caller, Class, Part, PersonId};
use platform::command::At;
use platform::error;
use platform::keys::KeyState;
use proto::registry as pb;
use proto::types::FieldStatus;
use tonic::Status;

use super::{Api, PART2};
use crate::domain::person::{Known, Person, Scope, State, Use};
use crate::wire::{self, Opener};

/// A caller's eyes on one human.
pub(super) struct Eyes<'a> {
    caller: &'a Caller,
    say: Say,
    part2: BTreeSet<AgencyId>,
}

impl Eyes<'_> {
    /// Whether the caller sees what this agency wrote; nobody's is the person's own.
    pub fn see(&self, agency: Option<AgencyId>) -> bool {
        let part = |agency| Part {
            agency,
            category: "registry".to_owned(),
            label: if self.part2.contains(&agency) { PART2.to_owned() } else { String::new() },
        };
        let class = agency.map_or_else(Class::default, |agency| Class::new([part(agency)]));
        may::see(self.caller, &self.say, &class).is_some()
    }

    /// Whether the caller may know of this record: all of it is theirs to see, or an agency that serves the person is.
    fn reach(&self, known: &Known) -> bool {
        self.see(None) || known.serving.iter().any(|agency| self.see(Some(*agency)))
    }

    /// Whether the caller sees every identifier: those who serve the person by the record do.
    fn see_all_identifiers(&self, known: &Known) -> bool {
        self.see(None) || self.caller.speaks_for().is_some_and(|agency| known.serving.contains(&agency))
    }
}

impl Api {
    pub(super) async fn eyes<'a>(&self, caller: &'a Caller, person: PersonId) -> Result<Eyes<'a>, Status> {
        let say = self.view.people().say(person).await?;
        let part2 = self.view.part2_agencies().await?.into_iter().collect();
        Ok(Eyes { caller, say, part2 })
    }

    /// The records of one human that the caller sees, this one first, with the eyes that see them.
    ///
    /// # Errors
    /// Not found, where the caller does not see this one.
    pub(super) async fn records<'a>(
        &self,
        caller: &'a Caller,
        person: PersonId,
    ) -> Result<(Eyes<'a>, Vec<PersonId>), Status> {
        let now = self.desk.load::<Person>(person.uuid()).await?;
        let eyes = self.eyes(caller, person).await?;
        if !now.known().is_some_and(|known| eyes.reach(known)) {
            return Err(error::not_found("person"));
        }
        let mut records = vec![person];
        for other in self.view.people().group(person, None).await? {
            let linked = self.desk.load::<Person>(other.uuid()).await?;
            if other != person && linked.known().is_some_and(|known| eyes.reach(known)) {
                records.push(other);
            }
        }
        Ok((eyes, records))
    }

    /// The person as this caller sees them; none where they may not know of the person.
    pub(super) async fn read_person(
        &self,
        caller: &Caller,
        person: PersonId,
    ) -> Result<Option<pb::Person>, Status> {
        let now = self.desk.load::<Person>(person.uuid()).await?;
        let Some(known) = now.known() else { return Ok(None) };
        let eyes = self.eyes(caller, person).await?;
        if !eyes.reach(known) {
            return Ok(None);
        }
        let group = self.view.people().group(person, None).await?;
        let mut read = pb::Person {
            id: person.to_string(),
            etag: now.version.to_string(),
            state: wire::person_state(&now).into(),
            serving_agency_ids: visible(&eyes, known),
            canonical_id: person.to_string(),
            ..Default::default()
        };
        let mut never = BTreeSet::new();
        for (place, record) in group.iter().enumerate() {
            let linked = self.desk.load::<Person>(record.uuid()).await?;
            if let Some(known) = linked.known().filter(|known| eyes.reach(known)) {
                read.record_ids.push(record.to_string());
                if place == 0 {
                    read.canonical_id = record.to_string();
                }
                never.extend(known.never.iter().copied());
            }
        }
        read.needs_attention = group.iter().any(|record| never.contains(record));
        self.open(&now, &eyes, &mut read).await;
        Ok(Some(read))
    }

    async fn open(&self, now: &At<State>, eyes: &Eyes<'_>, read: &mut pb::Person) {
        let State::Active(known) = &*now.state else {
            if matches!(&*now.state, State::Erased(_)) {
                read.details_status = FieldStatus::Erased.into();
            }
            return;
        };
        let (opener, status) = self.opener(known.id).await;
        read.details_status = status.into();
        let (Some(opener), Some(details)) = (opener, &known.details) else { return };
        read.details = wire::details_out(&opener, details);
        if read.details.is_none() {
            read.details_status = FieldStatus::Locked.into();
        }
        let all = eyes.see_all_identifiers(known);
        let shown = known.identifiers.values().map(|held| &held.identifier).filter(|identifier| {
            match (&identifier.scope, identifier.usage) {
                (Scope::Agency(agency), Use::RecordNumber) => eyes.see(Some(*agency)),
                (Scope::Agency(_) | Scope::Source(_), _) => all,
            }
        });
        read.identifiers = shown.filter_map(|identifier| wire::identifier_out(&opener, identifier)).collect();
    }

    /// What opens a person's texts, or why nothing does.
    pub(super) async fn opener(&self, person: PersonId) -> (Option<Opener>, FieldStatus) {
        match self.desk.keys().of(person).await {
            Ok(KeyState::Open(key)) => (Some(Opener::new(key)), FieldStatus::Open),
            Ok(KeyState::Erased) => (None, FieldStatus::Erased),
            Ok(KeyState::Unknown) | Err(_) => (None, FieldStatus::Locked),
        }
    }
}

fn visible(eyes: &Eyes<'_>, known: &Known) -> Vec<String> {
    known.serving.iter().filter(|agency| eyes.see(Some(**agency))).map(ToString::to_string).collect()
}
