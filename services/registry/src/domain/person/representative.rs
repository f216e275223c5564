//! Who speaks for a person who is a minor or a ward (FHIR RelatedPerson; domain.md section 2).
//! Invariant: an agency that saw what stands behind it writes a representative down, and that agency alone ends it; nobody names their own, nor takes them off.

use std::collections::{BTreeMap, BTreeSet};

use kernel::ids::Uuid;
use kernel::{AgencyId, By, Day, Private};

use super::{Change, Refusal};

/// Most representatives of a record whose end is not known (our default): a person's read shows them all.
const MOST: usize = 20;

/// Who a representative is to the person (HL7 v3 RoleCode).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// Parent.
    Parent,
    /// Foster parent.
    FosterParent,
    /// Guardian by court order.
    Guardian,
    /// Holder of a power of attorney.
    PowerOfAttorney,
    /// Holder of a power of attorney for health care.
    HealthcarePowerOfAttorney,
    /// Somebody else who speaks by right.
    Other,
}

/// What a representative may speak on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Matter {
    /// Everything.
    All,
    /// Consent directives.
    Consents,
    /// Goals.
    Goals,
}

/// Somebody who speaks for a person by right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Representative {
    /// Their name.
    pub name: Private,
    /// Who they are to the person.
    pub relation: Relation,
    /// What they may speak on.
    pub matters: BTreeSet<Matter>,
    /// The first day.
    pub from: Day,
    /// The first day on which they do not; none while no end is known.
    pub until: Option<Day>,
    /// What stands behind it.
    pub evidence: Private,
}

/// Those of a record, by id, each with the agency that added them.
pub type Representatives = BTreeMap<Uuid, (Representative, AgencyId)>;

impl Representative {
    /// Whether they may speak on the matter that day.
    pub fn speaks_on(&self, matter: Matter, day: Day) -> bool {
        let begun = self.from <= day && self.until.is_none_or(|until| day < until);
        begun && (self.matters.contains(&Matter::All) || self.matters.contains(&matter))
    }
}

/// One more.
pub(super) fn add(
    now: &Representatives,
    agency: Option<AgencyId>,
    (id, added): (Uuid, Representative),
) -> Result<Option<Change>, Refusal> {
    let agency = agency.ok_or(Refusal::AgenciesAlone)?;
    if now.values().filter(|(held, _)| held.until.is_none()).count() >= MOST {
        return Err(Refusal::TooManyRepresentatives);
    }
    Ok(Some(Change::RepresentativeAdded(id, added, agency)))
}

/// One from that day on no longer. An end that was planned may come sooner; what has ended stays ended.
pub(super) fn end(
    now: &Representatives,
    agency: Option<AgencyId>,
    (id, until): (Uuid, Day),
) -> Result<Option<Change>, Refusal> {
    let held = now.get(&id).filter(|(_, by)| agency == Some(*by));
    let (held, _) = held.ok_or(Refusal::NoSuchRepresentative)?;
    match held.until {
        Some(ended) if ended == until => Ok(None),
        Some(ended) if ended < until => Err(Refusal::RepresentativeEnded),
        Some(_) | None if until < held.from => Err(Refusal::RepresentativeEndsBeforeBegun),
        Some(_) | None => Ok(Some(Change::RepresentativeEnded(id, until))),
    }
}

/// One who never should have been written down: by the agency that did, or who runs the system; whoever is spoken for does not take their representatives off.
pub(super) fn in_error(
    now: &Representatives,
    by: By,
    (id, replaced_by): (Uuid, Option<Uuid>),
) -> Result<Option<Change>, Refusal> {
    let may = |wrote: AgencyId| match by {
        By::Agency(agency) => agency == wrote,
        By::System => true,
        By::Person(_) => false,
    };
    match now.get(&id) {
        Some((_, wrote)) if may(*wrote) => Ok(Some(Change::RepresentativeInError(id, replaced_by))),
        Some(_) | None => Err(Refusal::NoSuchRepresentative),
    }
}
