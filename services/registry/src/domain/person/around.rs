//! Who and what is around a person: how to reach them, whom to call in a crisis, their own warning signs, their households, and
//! who speaks for them.
//! Invariant: the warning signs are the person's own words; a household is what its members say of themselves, each on their own record. What one agency
//! wrote no other takes away or takes over, and nothing tells whether it is there; the person may change any of it.

use std::collections::BTreeMap;

use kernel::ids::Uuid;
use kernel::{AgencyId, By, Day, Private, Voice};

use super::{ContactPoint, Refusal, Representative, Representatives, State, representative};
use crate::domain::in_persons_voice;

/// How a member of a household is related to its head (HMIS FY2026 3.15.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relationship {
    /// The head of the household.
    Head,
    /// The head's child.
    Child,
    /// The head's spouse or partner.
    Partner,
    /// Another relation of the head.
    Relative,
    /// No relation of the head.
    Other,
}

/// That a person belongs to a household.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The household.
    pub household: Uuid,
    /// How the person is related to its head.
    pub relationship: Relationship,
    /// The first day.
    pub from: Day,
    /// The first day on which the person does not belong to it; none while they do.
    pub until: Option<Day>,
}

/// Whom to call in a crisis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrisisContact {
    /// Their name.
    pub name: Private,
    /// Who they are to the person.
    pub relationship: Option<Private>,
    /// How to reach them.
    pub reached: ContactPoint,
}

/// What each writer says of something of which there is one, the latest said last. The writer is an agency; none where the person said it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByWriter<T>(Vec<(T, Option<AgencyId>)>);

/// What is around a person, each with the agency that wrote it; none where the person did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// Contact points, by id.
    pub contacts: BTreeMap<Uuid, (ContactPoint, Option<AgencyId>)>,
    /// Whom to call in a crisis.
    pub crisis_contact: ByWriter<CrisisContact>,
    /// What tells the person, and others, that a crisis is near.
    pub warning_signs: ByWriter<Private>,
    /// Households, by id and writer.
    pub households: BTreeMap<(Uuid, Option<AgencyId>), Membership>,
    /// Who speaks for the person, or did.
    pub representatives: Representatives,
}

/// What is asked about it.
#[derive(Clone, Debug)]
pub enum Ask {
    /// There is this contact point, by a new id.
    AddContact(Uuid, ContactPoint),
    /// The contact point with that id is this.
    SetContact(Uuid, ContactPoint),
    /// There is none with that id any more.
    RemoveContact(Uuid),
    /// This is whom to call in a crisis.
    SetCrisisContact(CrisisContact),
    /// Whoever this caller named is not to be called; the person takes back whomever anybody named.
    RemoveCrisisContact,
    /// These are the person's warning signs.
    SetWarningSigns(Voice, Private),
    /// Those that this caller wrote down are not to be kept; the person takes back all.
    RemoveWarningSigns(Voice),
    /// The person belongs to a household; said again otherwise by the same writer it is a correction.
    JoinHousehold(Membership),
    /// From that day on they do not, where this writer said that they do; the person, and who runs the system, end it whoever said so.
    LeaveHousehold(Uuid, Day),
    /// They speak for the person, by this id.
    AddRepresentative(Uuid, Representative),
    /// From that day on they do not.
    EndRepresentative(Uuid, Day),
    /// That they belong to the household never should have been said, where this writer did; that other household stands in its place. Whoever runs the system
    /// takes back what anybody said of it.
    HouseholdInError(Uuid, Option<Uuid>),
    /// That they speak for the person never should have been written; that other one stands in their place.
    RepresentativeInError(Uuid, Option<Uuid>),
}

/// What happens to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A contact point, whole; it stays whose it was.
    ContactSet(Uuid, ContactPoint, Option<AgencyId>),
    /// One less.
    ContactRemoved(Uuid),
    /// Whom to call in a crisis, whole.
    CrisisContactSet(CrisisContact, Option<AgencyId>),
    /// Nobody by that writer; nobody at all where it is the person.
    CrisisContactRemoved(Option<AgencyId>),
    /// The person's warning signs, whole.
    WarningSignsSet(Private, Option<AgencyId>),
    /// None by that writer; none at all where it is the person.
    WarningSignsRemoved(Option<AgencyId>),
    /// A household, whole, by the word of that writer.
    HouseholdJoined(Membership, Option<AgencyId>),
    /// From that day on not, by that writer's word; by nobody's any more where it is no agency's.
    HouseholdLeft(Uuid, Day, Option<AgencyId>),
    /// Who speaks for the person, and the agency that says so.
    RepresentativeAdded(Uuid, Representative, AgencyId),
    /// From that day on they do not.
    RepresentativeEnded(Uuid, Day),
    /// That household was never meant by that writer's word, by nobody's where it is no agency's; that other one stands in its place.
    HouseholdInError(Uuid, Option<Uuid>, Option<AgencyId>),
    /// They never should have been written down; that other one stands in their place.
    RepresentativeInError(Uuid, Option<Uuid>),
}

/// What becomes of it.
pub(super) fn decide(state: &State, by: By, ask: Ask) -> Result<Option<Change>, Refusal> {
    let known = state.admit(by)?;
    let around = &known.around;
    let agency = match by {
        By::Agency(agency) => Some(agency),
        By::Person(_) | By::System => None,
    };
    let own = |voice| match in_persons_voice(by, voice, known.id) {
        true => Ok(()),
        false => Err(Refusal::NotInPersonsVoice),
    };
    Ok(match ask {
        Ask::AddContact(id, point) => Some(Change::ContactSet(id, point, agency)),
        Ask::SetContact(id, _) | Ask::RemoveContact(id) if !around.is_contact_of(id, agency) => {
            return Err(Refusal::NoSuchContactPoint);
        }
        Ask::SetContact(id, point) => Some(Change::ContactSet(id, point, agency)),
        Ask::RemoveContact(id) => Some(Change::ContactRemoved(id)),
        Ask::SetCrisisContact(contact) => Some(Change::CrisisContactSet(contact, agency)),
        Ask::RemoveCrisisContact => {
            around.crisis_contact.has_of(agency).then_some(Change::CrisisContactRemoved(agency))
        }
        Ask::SetWarningSigns(voice, text) => {
            own(voice)?;
            Some(Change::WarningSignsSet(text, agency))
        }
        Ask::RemoveWarningSigns(voice) => {
            own(voice)?;
            around.warning_signs.has_of(agency).then_some(Change::WarningSignsRemoved(agency))
        }
        Ask::JoinHousehold(membership) => {
            let same = around.households.get(&(membership.household, agency)) == Some(&membership);
            (!same).then_some(Change::HouseholdJoined(membership, agency))
        }
        Ask::LeaveHousehold(household, until) => {
            let own: Vec<&Membership> = around.memberships_of(household, agency).collect();
            if own.is_empty() {
                return Err(Refusal::NotOfThisHousehold);
            }
            if own.iter().any(|now| until < now.from) {
                return Err(Refusal::LeftBeforeJoined);
            }
            let left = own.iter().all(|now| now.until == Some(until));
            (!left).then_some(Change::HouseholdLeft(household, until, agency))
        }
        Ask::AddRepresentative(id, added) => {
            representative::add(&around.representatives, agency, (id, added))?
        }
        Ask::EndRepresentative(id, until) => {
            representative::end(&around.representatives, agency, (id, until))?
        }
        Ask::HouseholdInError(household, replaced_by) => {
            if around.memberships_of(household, agency).next().is_none() {
                return Err(Refusal::NotOfThisHousehold);
            }
            Some(Change::HouseholdInError(household, replaced_by, agency))
        }
        Ask::RepresentativeInError(id, replaced_by) => {
            representative::in_error(&around.representatives, by, (id, replaced_by))?
        }
    })
}

impl<T> Default for ByWriter<T> {
    fn default() -> Self {
        Self(vec![])
    }
}

impl<T> ByWriter<T> {
    /// What is said, the latest first, each with its writer.
    pub fn latest_first(&self) -> impl Iterator<Item = &(T, Option<AgencyId>)> {
        self.0.iter().rev()
    }

    /// Whether there is something that this writer may take back.
    pub(super) fn has_of(&self, by: Option<AgencyId>) -> bool {
        self.0.iter().any(|(_, wrote)| by.is_none() || *wrote == by)
    }

    /// This writer says this.
    pub(super) fn set(&mut self, said: T, by: Option<AgencyId>) {
        self.0.retain(|(_, wrote)| *wrote != by);
        self.0.push((said, by));
    }

    /// This writer says nothing of it any more; where it is none, nobody does.
    pub(super) fn remove(&mut self, by: Option<AgencyId>) {
        self.0.retain(|(_, wrote)| by.is_some() && *wrote != by);
    }
}

impl Around {
    /// Whether there is a contact point with that id which this writer may change: its own, and any for the person.
    fn is_contact_of(&self, id: Uuid, by: Option<AgencyId>) -> bool {
        self.contacts.get(&id).is_some_and(|(_, wrote)| by.is_none() || *wrote == by)
    }

    /// What this writer says of the household, or where it is no agency's word, what anybody does.
    fn memberships_of(&self, household: Uuid, by: Option<AgencyId>) -> impl Iterator<Item = &Membership> {
        let told = self.households.iter();
        told.filter(move |((of, wrote), _)| *of == household && (by.is_none() || *wrote == by))
            .map(|(_, membership)| membership)
    }

    /// After a change of it.
    pub(super) fn change(&mut self, change: &Change) {
        match change {
            Change::ContactSet(id, point, by) => {
                self.contacts.entry(*id).or_insert_with(|| (point.clone(), *by)).0 = point.clone();
            }
            Change::ContactRemoved(id) => {
                self.contacts.remove(id);
            }
            Change::CrisisContactSet(contact, by) => self.crisis_contact.set(contact.clone(), *by),
            Change::CrisisContactRemoved(by) => self.crisis_contact.remove(*by),
            Change::WarningSignsSet(text, by) => self.warning_signs.set(text.clone(), *by),
            Change::WarningSignsRemoved(by) => self.warning_signs.remove(*by),
            Change::HouseholdJoined(membership, by) => {
                self.households.insert((membership.household, *by), *membership);
            }
            Change::HouseholdLeft(household, until, by) => {
                for ((of, wrote), membership) in &mut self.households {
                    if of == household && (by.is_none() || wrote == by) {
                        membership.until = Some(*until);
                    }
                }
            }
            Change::RepresentativeAdded(id, representative, by) => {
                self.representatives.insert(*id, (representative.clone(), *by));
            }
            Change::RepresentativeEnded(id, until) => {
                if let Some((representative, _)) = self.representatives.get_mut(id) {
                    representative.until = Some(*until);
                }
            }
            Change::HouseholdInError(household, _, by) => {
                self.households.retain(|(of, wrote), _| of != household || by.is_some() && wrote != by);
            }
            Change::RepresentativeInError(id, _) => {
                self.representatives.remove(id);
            }
        }
    }
}
