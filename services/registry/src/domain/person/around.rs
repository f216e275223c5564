//! Who and what is around a person: how to reach them, whom to call in a crisis, their own warning signs, their households, and who speaks for them.
//! Invariant: the warning signs are the person's own words; a household is what its members say of themselves, each on their own record.

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

/// What is around a person, each with the agency that wrote it; none where the person did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// Contact points, by id.
    pub contacts: BTreeMap<Uuid, (ContactPoint, Option<AgencyId>)>,
    /// Whom to call in a crisis.
    pub crisis_contact: Option<(CrisisContact, Option<AgencyId>)>,
    /// What tells the person, and others, that a crisis is near.
    pub warning_signs: Option<(Private, Option<AgencyId>)>,
    /// Households, by id.
    pub households: BTreeMap<Uuid, (Membership, Option<AgencyId>)>,
    /// Who speaks for the person, or did.
    pub representatives: Representatives,
}

/// What is asked about it.
#[derive(Clone, Debug)]
pub enum Ask {
    /// The contact point with that id is this.
    SetContact(Uuid, ContactPoint),
    /// There is none with that id any more.
    RemoveContact(Uuid),
    /// This is whom to call in a crisis.
    SetCrisisContact(CrisisContact),
    /// There is nobody to call.
    RemoveCrisisContact,
    /// These are the person's warning signs.
    SetWarningSigns(Voice, Private),
    /// They are not to be kept.
    RemoveWarningSigns(Voice),
    /// The person belongs to a household; said again otherwise it is a correction.
    JoinHousehold(Membership),
    /// From that day on they do not.
    LeaveHousehold(Uuid, Day),
    /// They speak for the person, by this id.
    AddRepresentative(Uuid, Representative),
    /// From that day on they do not.
    EndRepresentative(Uuid, Day),
}

/// What happens to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A contact point, whole.
    ContactSet(Uuid, ContactPoint, Option<AgencyId>),
    /// One less.
    ContactRemoved(Uuid),
    /// Whom to call in a crisis, whole.
    CrisisContactSet(CrisisContact, Option<AgencyId>),
    /// Nobody.
    CrisisContactRemoved,
    /// The person's warning signs, whole.
    WarningSignsSet(Private, Option<AgencyId>),
    /// None.
    WarningSignsRemoved,
    /// A household, whole.
    HouseholdJoined(Membership, Option<AgencyId>),
    /// From that day on not.
    HouseholdLeft(Uuid, Day),
    /// Who speaks for the person, and the agency that says so.
    RepresentativeAdded(Uuid, Representative, AgencyId),
    /// From that day on they do not.
    RepresentativeEnded(Uuid, Day),
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
        Ask::SetContact(id, point) => Some(Change::ContactSet(id, point, agency)),
        Ask::RemoveContact(id) if around.contacts.contains_key(&id) => Some(Change::ContactRemoved(id)),
        Ask::RemoveContact(_) => return Err(Refusal::NoSuchContactPoint),
        Ask::SetCrisisContact(contact) => Some(Change::CrisisContactSet(contact, agency)),
        Ask::RemoveCrisisContact => around.crisis_contact.as_ref().map(|_| Change::CrisisContactRemoved),
        Ask::SetWarningSigns(voice, text) => {
            own(voice)?;
            Some(Change::WarningSignsSet(text, agency))
        }
        Ask::RemoveWarningSigns(voice) => {
            own(voice)?;
            around.warning_signs.as_ref().map(|_| Change::WarningSignsRemoved)
        }
        Ask::JoinHousehold(membership) => {
            let now = around.households.get(&membership.household);
            let same = now.is_some_and(|(now, _)| *now == membership);
            (!same).then_some(Change::HouseholdJoined(membership, agency))
        }
        Ask::LeaveHousehold(household, until) => match around.households.get(&household) {
            None => return Err(Refusal::NotOfThisHousehold),
            Some((now, _)) if until < now.from => return Err(Refusal::LeftBeforeJoined),
            Some((now, _)) if now.until == Some(until) => None,
            Some(_) => Some(Change::HouseholdLeft(household, until)),
        },
        Ask::AddRepresentative(id, added) => {
            representative::add(&around.representatives, agency, (id, added))?
        }
        Ask::EndRepresentative(id, until) => {
            representative::end(&around.representatives, agency, (id, until))?
        }
    })
}

impl Around {
    /// After a change of it.
    pub(super) fn change(&mut self, change: &Change) {
        match change {
            Change::ContactSet(id, point, by) => {
                self.contacts.insert(*id, (point.clone(), *by));
            }
            Change::ContactRemoved(id) => {
                self.contacts.remove(id);
            }
            Change::CrisisContactSet(contact, by) => self.crisis_contact = Some((contact.clone(), *by)),
            Change::CrisisContactRemoved => self.crisis_contact = None,
            Change::WarningSignsSet(text, by) => self.warning_signs = Some((text.clone(), *by)),
            Change::WarningSignsRemoved => self.warning_signs = None,
            Change::HouseholdJoined(membership, by) => {
                self.households.insert(membership.household, (*membership, *by));
            }
            Change::HouseholdLeft(household, until) => {
                if let Some((membership, _)) = self.households.get_mut(household) {
                    membership.until = Some(*until);
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
        }
    }
}
