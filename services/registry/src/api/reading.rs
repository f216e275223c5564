//! What a caller sees of a person.
//! Invariant: `kernel::may` judges alone; what a caller may not see answers as what does not exist.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::class::PART2;
use kernel::may::{self, Say, Why, WhyNot};
use kernel::{AgencyId, Caller, Class, EmergencyId, Part, PersonId, Purpose, Recipients, Timestamp};
use platform::command::At;
use platform::error;
use platform::keys::KeyState;
use platform::people::Group;
use proto::registry as pb;
use proto::types::FieldStatus;
use tonic::Status;

use super::Api;
use super::emergencies::Opened;
use crate::domain::consent::{Held, Step};
use crate::domain::person::{Known, Person, Scope, State, Use};
use crate::view::Found;
use crate::wire::{self, Opener};

/// A caller's eyes on one human, at one instant: what the registry shows across agencies it shows for coordination, and for treatment while a medical
/// emergency runs that the caller declared.
///
/// What an agency wrote is judged once, however long a record is: an agency that the log was asked about is not asked about again.
pub(super) struct Eyes<'a> {
    api: &'a Api,
    caller: &'a Caller,
    say: Say,
    at: Timestamp,
    agencies: Mutex<BTreeMap<AgencyId, Judged>>,
}

/// What the judge says of what an agency wrote.
#[derive(Clone, Copy)]
struct Judged {
    /// The agency is a 42 CFR Part 2 programme, or was one.
    part2: bool,
    /// The caller sees it.
    seen: bool,
    /// By this emergency, where they see it by one.
    emergency: Option<EmergencyId>,
}

impl Eyes<'_> {
    /// Whether the caller sees what this agency wrote; nobody's is the person's own.
    pub async fn see(&self, agency: Option<AgencyId>) -> Result<bool, Status> {
        match agency {
            None => Ok(self.judged(&Class::default()).is_ok()),
            Some(agency) => Ok(self.of(agency).await?.seen),
        }
    }

    /// The emergencies of the caller's by which they see what these agencies wrote, and whether one of the agencies is a 42 CFR Part 2 programme.
    pub async fn emergencies(&self, agencies: &[AgencyId]) -> Result<Opened, Status> {
        let (mut by, mut part2) = (BTreeSet::new(), false);
        for agency in agencies {
            let judged = self.of(*agency).await?;
            by.extend(judged.emergency);
            part2 |= judged.emergency.is_some() && judged.part2;
        }
        Ok((by, part2))
    }

    /// The same of all agencies whose word was looked at with these eyes.
    pub fn opened(&self) -> Opened {
        let held = self.held();
        let opened = || held.values().filter(|judged| judged.emergency.is_some());
        (opened().filter_map(|judged| judged.emergency).collect(), opened().any(|judged| judged.part2))
    }

    /// What the judge says of what this agency wrote here.
    async fn of(&self, agency: AgencyId) -> Result<Judged, Status> {
        let known = self.held().get(&agency).copied();
        if let Some(judged) = known {
            return Ok(judged);
        }
        // Who was a programme once stays one: the list is believed where it names the agency, and the log is asked where it does not, for it may lag.
        let part2 = self.say.programmes.contains(&agency) || self.api.is_part2(agency).await?;
        let label = if part2 { PART2.to_owned() } else { String::new() };
        let why = self.judged(&Class::new([Part { agency, category: "registry".to_owned(), label }]));
        let emergency = match &why {
            Ok(Why::Emergency(emergency)) => Some(*emergency),
            Ok(Why::Own | Why::SameAgency | Why::Consent(_) | Why::Oversight | Why::Service) | Err(_) => None,
        };
        let judged = Judged { part2, seen: why.is_ok(), emergency };
        self.held().insert(agency, judged);
        Ok(judged)
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<AgencyId, Judged>> {
        self.agencies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those of these authors, and of all programmes that the list knows, whose word only a consent that this caller has not shows them.
    pub async fn shut_of(&self, mut authors: BTreeSet<AgencyId>) -> Result<BTreeSet<AgencyId>, Status> {
        authors.extend(self.say.programmes.iter().copied());
        let mut shut = BTreeSet::new();
        for agency in authors {
            if self.shut(Some(agency)).await? {
                shut.insert(agency);
            }
        }
        Ok(shut)
    }

    /// Whether only a consent that this caller has not shows them what this author wrote: the author is a 42 CFR Part 2 programme.
    pub async fn shut(&self, author: Option<AgencyId>) -> Result<bool, Status> {
        let Some(author) = author else { return Ok(false) };
        let judged = self.of(author).await?;
        Ok(judged.part2 && !judged.seen)
    }

    /// Whether the caller sees what one agency wrote of another's work: as what its author wrote, or as the other's own; but for what a 42 CFR Part 2
    /// programme wrote, which consent alone opens, whomever it names.
    pub async fn see_of(&self, author: Option<AgencyId>, other: Option<AgencyId>) -> Result<bool, Status> {
        if self.see(author).await? {
            return Ok(true);
        }
        let (Some(other), Some(author)) = (other, author) else {
            return match other {
                Some(other) => self.see(Some(other)).await,
                None => Ok(false),
            };
        };
        Ok(!self.of(author).await?.part2 && self.see(Some(other)).await?)
    }

    fn judged(&self, class: &Class) -> Result<Why, WhyNot> {
        let told = |purpose| may::see(self.caller, &self.say, class, purpose, self.at);
        told(Purpose::Coordination).or_else(|why| match told(Purpose::Treatment) {
            Ok(emergency @ Why::Emergency(_)) => Ok(emergency),
            Ok(Why::Own | Why::SameAgency | Why::Consent(_) | Why::Oversight | Why::Service) | Err(_) => {
                Err(why)
            }
        })
    }

    /// Whether the caller sees this directive: it was given and names them, or they wrote it down, or they see what its writer wrote and it tells of no 42 CFR
    /// Part 2 programme that they do not see.
    pub async fn see_directive(&self, held: &Held) -> Result<bool, Status> {
        let scope = &held.content.scope;
        if let Some(agency) = self.caller.speaks_for() {
            let given = held.history().any(|version| version.step == Step::Given);
            let named = given
                && (scope.names(agency, self.say.serving.contains(&agency))
                    || scope.discloser == Some(agency));
            let wrote = held.history().any(|version| version.by == Some(agency));
            if named || wrote {
                return Ok(true);
            }
        }
        let recipients = match &scope.recipients {
            Recipients::Named(agencies) => agencies.iter().copied().collect(),
            Recipients::Treating => vec![],
        };
        for agency in recipients.into_iter().chain(scope.discloser) {
            if self.shut(Some(agency)).await? {
                return Ok(false);
            }
        }
        self.see(held.first.by).await
    }

    /// Whether the caller reads what a medical emergency was that this agency declared: the agency, the person, and who oversees; of whoever is not to be
    /// found the last do not, for the person lies where that agency is.
    pub(super) fn see_emergency(&self, agency: AgencyId) -> bool {
        let part = Part { agency, category: "registry".to_owned(), label: String::new() };
        match self.judged(&Class::new([part.telling_where()])) {
            Ok(Why::Own | Why::SameAgency | Why::Oversight | Why::Service) => true,
            // What it opened is told by the list of disclosures.
            Ok(Why::Consent(_) | Why::Emergency(_)) | Err(_) => false,
        }
    }

    /// Whether the caller is of one of these agencies, or everything about this human is theirs to see.
    pub(super) fn wrote_or_all(&self, agencies: &[AgencyId]) -> bool {
        self.caller.speaks_for().is_some_and(|agency| agencies.contains(&agency)) || self.see_all()
    }

    /// Whether the caller is of one of these agencies, or oversees all: who reads what was withdrawn. What no agency wrote is the person's to read also then.
    pub(super) fn wrote_or_oversees(&self, agencies: &[AgencyId]) -> bool {
        if agencies.is_empty() {
            return self.see_all();
        }
        let wrote = self.caller.speaks_for().is_some_and(|agency| agencies.contains(&agency));
        wrote || matches!(self.judged(&Class::default()), Ok(Why::Oversight | Why::Service))
    }

    /// Whether everything about this human is the caller's to see: the person, who oversees, and services of ours.
    fn see_all(&self) -> bool {
        match self.judged(&Class::default()) {
            Ok(Why::Own | Why::Oversight | Why::Service) => true,
            Ok(Why::SameAgency | Why::Consent(_) | Why::Emergency(_)) | Err(_) => false,
        }
    }

    /// Those of the agencies that serve the person whom the caller may know of.
    async fn serving(&self, known: &Known) -> Result<Vec<AgencyId>, Status> {
        let mut seen = vec![];
        for agency in &known.serving {
            if self.see(Some(*agency)).await? {
                seen.push(*agency);
            }
        }
        Ok(seen)
    }

    /// Whether the caller may know of this record: all of it is theirs to see, or an agency that serves the person is.
    pub(super) async fn reach(&self, state: &State) -> Result<bool, Status> {
        let Some(known) = state.known() else { return Ok(false) };
        Ok(self.see_all() || !self.serving(known).await?.is_empty())
    }

    /// The same of the record with that id.
    pub(super) async fn reach_by_id(&self, record: PersonId) -> Result<bool, Status> {
        self.reach(&self.api.desk.load::<Person>(record.uuid()).await?.state).await
    }

    /// Whether the caller may come upon the person and learn how to reach them.
    pub(super) fn find(&self) -> bool {
        may::find(self.caller, &self.say)
    }

    /// Whether the caller sees this identifier of the record: an agency's own number is seen as what that agency wrote is, any other only by
    /// those who serve the person by the record.
    pub(super) async fn see_identifier(
        &self,
        known: &Known,
        (scope, usage): (&Scope, Use),
    ) -> Result<bool, Status> {
        if let (Scope::Agency(agency), Use::RecordNumber) = (scope, usage) {
            return self.see(Some(*agency)).await;
        }
        let serves = self.caller.speaks_for().is_some_and(|agency| known.serving.contains(&agency));
        Ok(serves || self.see_all())
    }
}

impl Api {
    pub(super) async fn eyes<'a>(&'a self, caller: &'a Caller, person: PersonId) -> Result<Eyes<'a>, Status> {
        let mut say = self.view.people().say(person).await?;
        // The log is asked, which no view of it can lag behind.
        for record in &say.records {
            let now = self.desk.load::<Person>(record.uuid()).await?;
            let Some(known) = now.known() else { continue };
            say.restricted |= known.restriction().is_some();
            if !known.serving.is_subset(&say.serving) {
                Arc::make_mut(&mut say.serving).extend(&known.serving);
            }
        }
        Ok(Eyes { api: self, caller, say, at: self.desk.clock().now(), agencies: Mutex::default() })
    }

    /// The records of one human that the caller sees, this one first, with the eyes that see them.
    ///
    /// # Errors
    /// Not found, where the caller does not see this one.
    pub(super) async fn records<'a>(
        &'a self,
        caller: &'a Caller,
        person: PersonId,
    ) -> Result<(Eyes<'a>, Vec<PersonId>), Status> {
        let now = self.desk.load::<Person>(person.uuid()).await?;
        let eyes = self.eyes(caller, person).await?;
        if !eyes.reach(&now).await? {
            return Err(error::not_found("person"));
        }
        let mut records = vec![person];
        for other in self.view.people().group(person, None).await? {
            let linked = self.desk.load::<Person>(other.uuid()).await?;
            if other != person && eyes.reach(&linked).await? {
                records.push(other);
            }
        }
        Ok((eyes, records))
    }

    /// The records of one human as the log links them, which no view of it can lag behind: what is changed of all of them in one write.
    pub(super) async fn one_human(&self, person: PersonId) -> Result<Vec<(PersonId, At<State>)>, Status> {
        let (mut group, mut records) = (Group::of(person), vec![]);
        while let Some(record) = group.unread() {
            let now = self.desk.load::<Person>(record.uuid()).await?;
            if let Some(known) = now.known() {
                known.member_of.iter().for_each(|canonical| group.link(canonical.uuid(), record.uuid()));
                known.members.iter().for_each(|member| group.link(record.uuid(), member.uuid()));
            }
            records.push((record, now));
        }
        Ok(records)
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
        if !eyes.reach(&now).await? {
            return Ok(None);
        }
        let mut read = pb::Person {
            id: person.to_string(),
            etag: self.etag::<Person>(&eyes, person.uuid(), (&now, now.version)).await?,
            serving_agency_ids: eyes.serving(known).await?.iter().map(ToString::to_string).collect(),
            canonical_id: person.to_string(),
            ..Default::default()
        };
        let group = self.view.people().group(person, None).await?;
        let (mut never, mut died) = (BTreeSet::new(), vec![]);
        for (place, record) in group.iter().enumerate() {
            let linked = self.desk.load::<Person>(record.uuid()).await?;
            for (death, by) in linked.in_use().iter().flat_map(|known| known.deaths.latest_first()) {
                // A death is one human's, whichever record it was told of; a programme's word of it is its own to open.
                if !eyes.shut(*by).await? {
                    died.push((*record != person, wire::death_out(death)));
                }
            }
            if eyes.reach(&linked).await? {
                read.record_ids.push(record.to_string());
                if place == 0 {
                    read.canonical_id = record.to_string();
                }
                never.extend(linked.known().iter().flat_map(|known| &known.never).copied());
            }
        }
        read.needs_attention = group.iter().any(|record| never.contains(record));
        // The record's own first, then the latest of each other.
        died.sort_by_key(|(linked, _)| *linked);
        read.state = wire::person_state(&now, !died.is_empty()).into();
        read.death = died.into_iter().next().map(|(_, death)| death);
        read.restricted = eyes.say.restricted;
        self.open(&now, &eyes, &mut read).await?;
        if let State::Active(known) = &*now.state {
            read.households = self.households(caller, person, &known.around, &eyes).await?;
            let linked = group.iter().copied().filter(|record| *record != person);
            self.show_representatives([person].into_iter().chain(linked), &eyes, &mut read).await?;
        }
        if eyes.find() {
            let reason = known.restriction().map(|restriction| restriction.reason);
            read.restriction_reason = reason.map_or(0, wire::restriction_reason_out);
        } else {
            read.details.iter_mut().for_each(|details| details.contact_points.clear());
            read.contact_points.clear();
            read.crisis_contact = None;
            read.warning_signs.clear();
            read.households.clear();
            read.representatives.clear();
        }
        Ok(Some(read))
    }

    /// Whether the caller may come upon this person by an identifier: whoever is not to be found is found by those who serve them.
    pub(super) async fn may_name(&self, caller: &Caller, person: PersonId) -> Result<bool, Status> {
        Ok(self.eyes(caller, person).await?.find())
    }

    /// Whether the caller may come upon this person in a search: the same, and of somebody who is not to be found never by name.
    pub(super) async fn may_find(&self, caller: &Caller, found: Found) -> Result<bool, Status> {
        let eyes = self.eyes(caller, found.person).await?;
        Ok(eyes.find() && (found.by_number || !eyes.say.restricted))
    }

    async fn open(&self, now: &At<State>, eyes: &Eyes<'_>, read: &mut pb::Person) -> Result<(), Status> {
        let State::Active(known) = &*now.state else {
            if matches!(&*now.state, State::Erased(_)) {
                read.details_status = FieldStatus::Erased.into();
            }
            return Ok(());
        };
        let (opener, status) = self.opener(known.id).await;
        read.details_status = status.into();
        let (Some(opener), Some(details)) = (opener, &known.details) else { return Ok(()) };
        read.details = wire::details_out(&opener, details);
        if read.details.is_none() {
            read.details_status = FieldStatus::Locked.into();
        }
        self.show_around(&known.around, eyes, &opener, read).await?;
        for held in known.identifiers.values() {
            if eyes.see_identifier(known, (&held.identifier.scope, held.identifier.usage)).await? {
                read.identifiers.extend(wire::identifier_out(&opener, &held.identifier));
            }
        }
        Ok(())
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
