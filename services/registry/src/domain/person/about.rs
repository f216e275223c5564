//! What each change of a record is about: whoever is shown that sees the change.
//! Invariant: settled as the change is folded, when what it takes away is still known; it holds whose word something is and nothing that was said.

use std::collections::BTreeSet;

use kernel::{AgencyId, PersonId};

use super::{Change, Event, Known, Scope, Use};

/// Whose word something is; none where it is no agency's.
type Writer = Option<AgencyId>;

/// What a change is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// Who the person is, and where their record stands.
    Record,
    /// An identifier of that scope and use.
    Identifier(Scope, Use),
    /// That this agency serves them.
    Serving(AgencyId),
    /// That this other record is of the same human, or is not.
    Other(PersonId),
    /// Who and what is around them, in the words of these.
    Around(BTreeSet<Writer>),
    /// Their death, in the words of these.
    Death(BTreeSet<Writer>),
    /// That they are not to be found, or may be again.
    Restriction,
    /// Why they are not to be found.
    RestrictionReason,
}

impl About {
    /// What an event is about that happens to a record of which that is known; nothing is known of one that has just begun.
    pub(super) fn of(known: Option<&Known>, event: &Event) -> Self {
        match event {
            Event::Registered { .. }
            | Event::Changed { .. }
            | Event::Recorded { .. }
            | Event::EnteredInError
            | Event::Erased => Self::Record,
            Event::IdentifierAdded(added) => Self::Identifier(added.scope.clone(), added.usage),
            Event::IdentifierRemoved { key_hash } => {
                let held = known.and_then(|known| known.identifiers.get(key_hash));
                held.map_or(Self::Record, |held| {
                    Self::Identifier(held.identifier.scope.clone(), held.identifier.usage)
                })
            }
            Event::ServingAgencyAdded { agency } => Self::Serving(*agency),
            Event::Linked { canonical: one, member: other }
            | Event::Unlinked { canonical: one, member: other }
            | Event::NeverLinked { one, other } => {
                Self::Other(if known.is_some_and(|known| known.id == *one) { *other } else { *one })
            }
            Event::Around(change) => Self::Around(writers(known, change)),
            Event::Died(_, by) => Self::Death([*by].into()),
            Event::DeathInError(by) => {
                let told = known.into_iter().flat_map(|known| known.deaths.latest_first());
                Self::Death(taken_back(*by, told.map(|(_, wrote)| *wrote)))
            }
            Event::Restricted(..) if known.is_some_and(|known| known.restriction().is_some()) => {
                Self::RestrictionReason
            }
            // Where another's word of it stands they are not to be found all the same.
            Event::RestrictionInError(by)
                if by.is_some()
                    && known.is_some_and(|known| {
                        known.restrictions.latest_first().any(|(_, wrote)| wrote != by)
                    }) =>
            {
                Self::RestrictionReason
            }
            Event::Restricted(..) | Event::RestrictionLifted { .. } | Event::RestrictionInError(_) => {
                Self::Restriction
            }
        }
    }
}

/// In whose words what changes around a person was.
fn writers(known: Option<&Known>, change: &Change) -> BTreeSet<Writer> {
    let around = known.map(|known| &known.around);
    match change {
        // A contact point stays whose it was, whoever changes it.
        Change::ContactSet(id, _, by) => {
            let held = around.and_then(|around| around.contacts.get(id));
            [held.map_or(*by, |(_, wrote)| *wrote)].into()
        }
        Change::ContactRemoved(id) => {
            let held = around.and_then(|around| around.contacts.get(id));
            held.map(|(_, wrote)| *wrote).into_iter().collect()
        }
        Change::CrisisContactSet(_, by) | Change::WarningSignsSet(_, by) | Change::HouseholdJoined(_, by) => {
            [*by].into()
        }
        Change::CrisisContactRemoved(by) => {
            let told = around.into_iter().flat_map(|around| around.crisis_contact.latest_first());
            taken_back(*by, told.map(|(_, wrote)| *wrote))
        }
        Change::WarningSignsRemoved(by) => {
            let told = around.into_iter().flat_map(|around| around.warning_signs.latest_first());
            taken_back(*by, told.map(|(_, wrote)| *wrote))
        }
        Change::HouseholdLeft(household, _, by) | Change::HouseholdInError(household, _, by) => {
            let told = around.into_iter().flat_map(|around| around.households.keys());
            taken_back(*by, told.filter(|(of, _)| of == household).map(|(_, wrote)| *wrote))
        }
        Change::RepresentativeAdded(_, _, by) => [Some(*by)].into(),
        Change::RepresentativeEnded(id, _) | Change::RepresentativeInError(id, _) => {
            let held = around.and_then(|around| around.representatives.get(id));
            held.map(|(_, wrote)| Some(*wrote)).into_iter().collect()
        }
    }
}

/// Whose words go with a taking back: this agency's own, or where it is no agency's, everybody's.
fn taken_back(by: Writer, told: impl Iterator<Item = Writer>) -> BTreeSet<Writer> {
    told.filter(|wrote| by.is_none() || *wrote == by).chain([by]).collect()
}
