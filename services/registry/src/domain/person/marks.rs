//! What stands beside a record: that the person died, and that they are not to be found.
//! Invariant: what the person asked for in their own voice only their own voice lifts; a death is one human's, and is taken back on whichever of their records
//! it was told. Whoever should never have said either takes back their own word of it alone.

use std::collections::BTreeSet;

use kernel::{AgencyId, By, Occurred, Voice};

use super::{Event, Refusal, State};
use crate::domain::in_persons_voice;

/// Who says that a person died.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeathSource {
    /// Family or friends.
    Family,
    /// A hospital or another provider.
    Provider,
    /// A certificate or register.
    OfficialRecord,
    /// Somebody else.
    Other,
}

/// A person's death, as it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Death {
    /// When.
    pub at: Occurred,
    /// Who says so.
    pub source: DeathSource,
}

/// Why a person is not to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RestrictionReason {
    /// The person flees violence.
    FleeingViolence,
    /// The person wishes it.
    OwnWish,
}

/// That a person is found only by those who serve them, and never by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restriction {
    /// Why.
    pub reason: RestrictionReason,
    /// Whether the person asked for it in their own voice.
    pub own_words: bool,
}

/// What is asked of the marks.
#[derive(Clone, Debug)]
pub enum Mark {
    /// The person died; told again by the same agency with another day or source it is a correction.
    Died(Death),
    /// The person is not to be found.
    Restrict(Voice, RestrictionReason),
    /// They may be found again.
    LiftRestriction(Voice),
    /// It never should have been said that they are not to be found.
    RestrictionInError,
}

/// What becomes of a mark.
pub(super) fn decide(state: &State, by: By, mark: Mark) -> Result<Vec<Event>, Refusal> {
    let known = state.admit(by)?;
    let own = |voice| in_persons_voice(by, voice, known.id);
    match mark {
        // What another told is not looked at: whose word it is decides who is shown it.
        Mark::Died(death) => {
            let agency = teller(by)?;
            let told = known.deaths.latest_first().any(|(told, by)| (told, *by) == (&death, agency));
            Ok(if told { vec![] } else { vec![Event::Died(death, agency)] })
        }
        Mark::Restrict(voice, reason) => {
            let (agency, said) = (writer(by), Restriction { reason, own_words: own(voice) });
            match known.restrictions.latest_first().find(|(_, wrote)| *wrote == agency) {
                // Staff who say it after the person, by the same agency, change nothing of whose it is.
                Some((now, _)) if now.own_words && !said.own_words => Ok(vec![]),
                Some((now, _)) if *now == said => Ok(vec![]),
                // What another agency said counts for nothing here: it may be taken back as an error of theirs.
                Some(_) | None => Ok(vec![Event::Restricted(said, agency)]),
            }
        }
        Mark::LiftRestriction(voice) => match known.restriction() {
            None => Ok(vec![]),
            Some(now) if now.own_words && !own(voice) => Err(Refusal::RestrictedByThePerson),
            Some(_) => Ok(vec![Event::RestrictionLifted { own_words: own(voice) }]),
        },
        Mark::RestrictionInError => match (teller(by)?, known.restriction()) {
            (agency, Some(_)) if !known.restrictions.has_of(agency) => Err(Refusal::RestrictedByAnother),
            (agency, Some(_)) => Ok(vec![Event::RestrictionInError(agency)]),
            (_, None) => Ok(vec![]),
        },
    }
}

/// Whose word it is, where it is an agency's.
fn writer(by: By) -> Option<AgencyId> {
    match by {
        By::Agency(agency) => Some(agency),
        By::Person(_) | By::System => None,
    }
}

/// What happens to each of one human's records, the named one first, when the caller's word of their death should never have been written: what others told
/// stands, and whoever told none of it is told so rather than left to believe that it is taken back, unless all who did are among `unseen`, whose word the
/// caller is not shown. Who runs the system takes back all of it.
///
/// # Errors
/// See [`Refusal`].
pub fn death_in_error(
    by: By,
    named: &State,
    linked: &[&State],
    unseen: &BTreeSet<AgencyId>,
) -> Result<Vec<Option<Event>>, Refusal> {
    named.admit(by)?;
    let agency = teller(by)?;
    let records = || std::iter::once(named).chain(linked.iter().copied());
    let holds = |record: &State| record.in_use().is_some_and(|known| known.deaths.has_of(agency));
    if records().any(holds) {
        let back = |record| holds(record).then_some(Event::DeathInError(agency));
        return Ok(records().map(back).collect());
    }
    let others = records().filter_map(State::in_use).flat_map(|known| known.deaths.latest_first());
    let seen = |told_by: Option<AgencyId>| told_by.is_none_or(|agency| !unseen.contains(&agency));
    match others.map(|(_, told_by)| *told_by).any(seen) {
        true => Err(Refusal::DeathToldByAnother),
        false => Ok(records().map(|_| None).collect()),
    }
}

/// Whose word it is that tells of a death, or takes a mark back; none where who runs the system does.
fn teller(by: By) -> Result<Option<AgencyId>, Refusal> {
    match by {
        By::Agency(agency) => Ok(Some(agency)),
        By::System => Ok(None),
        By::Person(_) => Err(Refusal::NotForThePerson),
    }
}
