//! Where a person's record stands, and who may reach it.
//! Invariant: folded from stored events it holds personal text sealed alone; folding has no opinion about what was allowed.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{AgencyId, By, PersonId};

use super::{About, Around, ByWriter, Death, Details, Event, Identifier, Refusal, Restriction};

/// Where a record stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Not known.
    #[default]
    Unmade,
    /// In use.
    Active(Known),
    /// Never meant.
    InError(Known),
    /// The key is destroyed.
    Erased(Known),
}

/// What is known of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The person.
    pub id: PersonId,
    /// Who the person is; none once erased.
    pub details: Option<Details>,
    /// Hash of the details as another system last told them; none where the person was registered here.
    pub told: Option<[u8; 32]>,
    /// Its identifiers, by hash.
    pub identifiers: BTreeMap<[u8; 32], Held>,
    /// The agencies that serve the person.
    pub serving: BTreeSet<AgencyId>,
    /// The record it is read with.
    pub member_of: Option<PersonId>,
    /// The records read with it.
    pub members: BTreeSet<PersonId>,
    /// The records it was unlinked from, or found not to be of the same human as.
    pub never: BTreeSet<PersonId>,
    /// Who and what is around them.
    pub around: Around,
    /// Their death, as each agency told it.
    pub deaths: ByWriter<Death>,
    /// That they are not to be found, as each writer said it.
    pub restrictions: ByWriter<Restriction>,
    /// By version, what each change is about.
    pub changes: Vec<About>,
}

/// An identifier of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The identifier.
    pub identifier: Identifier,
    /// Whether another system told it, so that a later telling without it takes it away.
    pub told: bool,
}

impl Known {
    fn new(id: PersonId) -> Self {
        Self {
            id,
            details: None,
            told: None,
            identifiers: BTreeMap::new(),
            serving: BTreeSet::new(),
            member_of: None,
            members: BTreeSet::new(),
            never: BTreeSet::new(),
            around: Around::default(),
            deaths: ByWriter::default(),
            restrictions: ByWriter::default(),
            changes: vec![],
        }
    }

    fn hold(&mut self, identifiers: &[Identifier], told: bool) {
        let held = |each: &Identifier| (each.key_hash, Held { identifier: each.clone(), told });
        self.identifiers.extend(identifiers.iter().map(held));
    }

    /// That they are not to be found, by whosever word: in the person's own, where they said it, else the latest.
    pub fn restriction(&self) -> Option<Restriction> {
        let said = || self.restrictions.latest_first().map(|(restriction, _)| *restriction);
        said().find(|restriction| restriction.own_words).or_else(|| said().next())
    }

    /// Whether the record is for this caller: those who serve the person, the person, and the system itself.
    pub fn is_for(&self, by: By) -> bool {
        match by {
            By::Agency(agency) => self.serving.contains(&agency),
            By::Person(person) => person == self.id,
            By::System => true,
        }
    }
}

impl State {
    /// What is known, whatever became of the record.
    pub fn known(&self) -> Option<&Known> {
        match self {
            Self::Unmade => None,
            Self::Active(known) | Self::InError(known) | Self::Erased(known) => Some(known),
        }
    }

    /// What is known, where the record is in use: what was told on any other counts no more.
    pub fn in_use(&self) -> Option<&Known> {
        match self {
            Self::Active(known) => Some(known),
            Self::Unmade | Self::InError(_) | Self::Erased(_) => None,
        }
    }

    /// The record, where it is in use and for this caller: what every command about the person begins with.
    ///
    /// # Errors
    /// Not found for all others, and erased for those who knew the person.
    pub fn admit(&self, by: By) -> Result<&Known, Refusal> {
        match self {
            Self::Active(known) if known.is_for(by) => Ok(known),
            Self::Erased(known) if known.is_for(by) => Err(Refusal::Erased),
            Self::Unmade | Self::Active(_) | Self::InError(_) | Self::Erased(_) => Err(Refusal::NotFound),
        }
    }

    /// The identifiers it holds against all other records.
    pub fn numbers(&self) -> BTreeSet<[u8; 32]> {
        match self {
            Self::Active(known) => {
                let held = known.identifiers.iter().filter(|(_, held)| held.identifier.claimed);
                held.map(|(hash, _)| *hash).collect()
            }
            Self::Unmade | Self::InError(_) | Self::Erased(_) => BTreeSet::new(),
        }
    }

    fn change(self, change: impl FnOnce(&mut Known)) -> Self {
        match self {
            Self::Unmade => Self::Unmade,
            Self::Active(mut known) => {
                change(&mut known);
                Self::Active(known)
            }
            Self::InError(mut known) => {
                change(&mut known);
                Self::InError(known)
            }
            Self::Erased(mut known) => {
                change(&mut known);
                Self::Erased(known)
            }
        }
    }

    /// The state after an event.
    pub(super) fn after(self, event: &Event) -> Self {
        let about = About::of(self.known(), event);
        self.moved(event).change(|known| known.changes.push(about))
    }

    fn moved(self, event: &Event) -> Self {
        match event {
            Event::Registered { id, agency, details, identifiers } => {
                let mut known = Known::new(*id);
                known.details = Some(details.clone());
                known.serving.extend(agency);
                known.hold(identifiers, false);
                Self::Active(known)
            }
            Event::Changed { details } => self.change(|known| known.details = Some(details.clone())),
            Event::Recorded { told, .. } => {
                let mut known = match self {
                    Self::Unmade => Known::new(told.id),
                    Self::Active(known) | Self::InError(known) | Self::Erased(known) => known,
                };
                known.details = Some(told.details.clone());
                known.told = Some(told.details.digest);
                known.identifiers.retain(|_, held| !held.told);
                known.hold(&told.identifiers, true);
                known.serving.extend(&told.serving);
                Self::Active(known)
            }
            Event::EnteredInError => match self {
                Self::Active(known) | Self::InError(known) => Self::InError(known),
                other @ (Self::Unmade | Self::Erased(_)) => other,
            },
            Event::IdentifierAdded(identifier) => self.change(|known| {
                known.hold(std::slice::from_ref(identifier), false);
            }),
            Event::IdentifierRemoved { key_hash } => self.change(|known| {
                known.identifiers.remove(key_hash);
            }),
            Event::ServingAgencyAdded { agency } => self.change(|known| {
                known.serving.insert(*agency);
            }),
            Event::Linked { canonical, member } => self.change(|known| {
                if known.id == *canonical {
                    known.members.insert(*member);
                    known.never.remove(member);
                } else {
                    known.member_of = Some(*canonical);
                    known.never.remove(canonical);
                }
            }),
            Event::Unlinked { canonical, member } => self.change(|known| {
                if known.id == *canonical {
                    known.members.remove(member);
                    known.never.insert(*member);
                } else {
                    known.member_of = None;
                    known.never.insert(*canonical);
                }
            }),
            Event::NeverLinked { one, other } => self.change(|known| {
                known.never.insert(if known.id == *one { *other } else { *one });
            }),
            Event::Around(change) => self.change(|known| known.around.change(change)),
            Event::Died(death, by) => self.change(|known| known.deaths.set(death.clone(), *by)),
            Event::DeathInError(by) => self.change(|known| known.deaths.remove(*by)),
            Event::Restricted(restriction, by) => {
                self.change(|known| known.restrictions.set(*restriction, *by))
            }
            Event::RestrictionLifted { .. } => self.change(|known| known.restrictions = ByWriter::default()),
            Event::RestrictionInError(by) => self.change(|known| known.restrictions.remove(*by)),
            Event::Erased => match self {
                Self::Unmade => Self::Unmade,
                Self::Active(mut known) | Self::InError(mut known) | Self::Erased(mut known) => {
                    known.identifiers.clear();
                    known.around = Around::default();
                    known.details = None;
                    Self::Erased(known)
                }
            },
        }
    }
}

/// Which identifiers a record takes and gives back by moving from one state to another.
pub fn numbers_changed(before: &State, after: &State) -> (Vec<[u8; 32]>, Vec<[u8; 32]>) {
    let (had, has) = (before.numbers(), after.numbers());
    (has.difference(&had).copied().collect(), had.difference(&has).copied().collect())
}
