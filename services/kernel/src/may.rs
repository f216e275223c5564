//! The only judge of who learns what.
//! Invariant: deny by default across agencies; the person sees all of theirs; nobody else decides this anywhere, and every yes by consent names the
//! directives that gave it.
//!
//! Whoever is restricted (flees violence, or wishes it) is to be found by those alone who serve them. Of what tells where they are ([`Part::tells_where`]:
//! homes, units, nights and living situations; households; jobs, interviews and sessions; participations and emergencies; how to reach them) an agency that
//! serves none of their records sees what it wrote itself and nothing else, whatever a directive says and whatever emergency runs: to be allowed to learn is
//! not to serve, and who serves is settled by the registration of a record, by those who serve already, and by the acceptance of a referral that went by the
//! person's word or came from who serves them. The person sees all of theirs; who runs or audits the system sees none of it, and the services of ours, which
//! show nothing without asking here, all.
//!
//! There is no override here: what another agency wrote, least of all a 42 CFR Part 2 programme, is opened by the person's directive, or, for treatment and
//! to the medical staff who declared it, by a medical emergency that runs. The vectors in `vectors/` are the rules as a table, for agencies to run against.

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::{
    AgencyId, Caller, Class, Directive, DirectiveId, Emergency, EmergencyId, Part, PersonId, Purpose, Role,
    Standing, Timestamp,
};

/// What is known of a person's say: their directives, and what these are about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Say {
    /// The record and those linked with it: one human, whose say is one.
    pub records: BTreeSet<PersonId>,
    /// The agencies that serve the person, by any of the records.
    pub serving: Arc<BTreeSet<AgencyId>>,
    /// The person's directives, of all of the records.
    pub directives: Arc<[Directive]>,
    /// The medical emergencies that were declared of any of the records, all that run now among them.
    pub emergencies: Arc<[Emergency]>,
    /// The agencies that are 42 CFR Part 2 programmes or ever were: all that they wrote is under it.
    pub programmes: Arc<BTreeSet<AgencyId>>,
    /// The person is restricted, by any of the records: found only by those who serve them.
    pub restricted: bool,
    /// The person's say is not known now (a stale or absent consent view): reads across agencies close.
    pub unknown: bool,
}

/// Why somebody may learn something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is about the viewer.
    Own,
    /// The viewer's agency wrote it.
    SameAgency,
    /// The person allows it, by these directives: one for each part that needs one.
    Consent(BTreeSet<DirectiveId>),
    /// The viewer is medical staff and declared this medical emergency, which runs; the disclosure is listed.
    Emergency(EmergencyId),
    /// The viewer runs or audits the system; the read is listed.
    Oversight,
    /// The viewer is a service of this system, inside the trust boundary.
    Service,
}

/// Why somebody may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyNot {
    /// It is about somebody else, or the viewer speaks for nobody.
    NotYours,
    /// No directive in force opens it to the viewer's agency for this purpose.
    NoDirective,
    /// What the person says cannot be told now.
    SayUnknown,
    /// It tells where somebody is who is found only by those who serve them.
    Restricted,
}

/// Whether the viewer sees facts of this class about the person, for this purpose, at this instant.
///
/// # Errors
/// Why not.
pub fn see(
    viewer: &Caller,
    say: &Say,
    class: &Class,
    purpose: Purpose,
    at: Timestamp,
) -> Result<Why, WhyNot> {
    match (by_right(viewer, &say.records, class), agency_of(viewer)) {
        (Some(Why::Oversight), _) => say.withholds(None, class.parts()).map_or(Ok(Why::Oversight), Err),
        (Some(why), _) => Ok(why),
        (None, Some(agency)) => receive(agency, say, class, purpose, at)
            .or_else(|why| in_emergency(viewer, say, class, purpose, at).ok_or(why)),
        (None, None) => Err(WhyNot::NotYours),
    }
}

/// Whether an emergency of the viewer's opens all of it that is neither their agency's own nor opened by a directive. Nobody is sent anything by one, so
/// [`receive`] knows none; and what no agency wrote stays the person's own to show.
fn in_emergency(viewer: &Caller, say: &Say, class: &Class, purpose: Purpose, at: Timestamp) -> Option<Why> {
    let agency = agency_of(viewer)?;
    let hidden = say.withholds(Some(agency), class.parts()).is_some();
    if say.unknown || hidden || purpose != Purpose::Treatment || class.parts().is_empty() {
        return None;
    }
    let closed =
        |part: &&Part| part.agency != agency && say.opening(agency, Some(part), purpose, at).is_none();
    let opens = |emergency: &&Emergency| {
        let mut shut = class.parts().iter().filter(closed);
        emergency.is_of(viewer) && emergency.runs(at) && shut.all(|part| emergency.covers(part))
    };
    say.emergencies.iter().find(opens).map(|emergency| Why::Emergency(emergency.id))
}

/// Whether the agency may be given facts of this class about the person, for this purpose, at this instant: what a service asks that sends them.
///
/// # Errors
/// Why not.
pub fn receive(
    agency: AgencyId,
    say: &Say,
    class: &Class,
    purpose: Purpose,
    at: Timestamp,
) -> Result<Why, WhyNot> {
    if wrote(agency, class) {
        return Ok(Why::SameAgency);
    }
    if say.unknown {
        return Err(WhyNot::SayUnknown);
    }
    if let Some(restricted) = say.withholds(Some(agency), class.parts()) {
        return Err(restricted);
    }
    // What is neither the agency's own nor opened by a directive closes the whole.
    let others = class.parts().iter().filter(|part| part.agency != agency);
    let opened = |part| say.opening(agency, part, purpose, at);
    let by = if class.parts().is_empty() {
        opened(None).map(|directive| BTreeSet::from([directive]))
    } else {
        others.map(|part| opened(Some(part))).collect()
    };
    by.map(Why::Consent).ok_or(WhyNot::NoDirective)
}

/// Whether the viewer may come upon the person and learn how to reach them, as far as the person is to be found: whoever is restricted is found by those
/// who serve them and by themself. It opens nothing.
pub fn find(viewer: &Caller, say: &Say) -> bool {
    let own = viewer.person().is_some_and(|person| say.records.contains(&person));
    let serves = agency_of(viewer).is_some_and(|agency| say.serving.contains(&agency));
    own || serves || !(say.restricted || say.unknown)
}

/// Whether the viewer sees what this agency wrote in this category, about that person where it is about one, without the person's say: what a service
/// shows of its own. Reads across agencies, by consent, are the timeline's.
pub fn see_own(viewer: &Caller, agency: AgencyId, person: Option<PersonId>, category: &str) -> bool {
    let records = person.into_iter().collect();
    by_right(viewer, &records, &Class::of(agency, category)).is_some()
}

/// Why the viewer sees it whatever the person says.
fn by_right(viewer: &Caller, records: &BTreeSet<PersonId>, class: &Class) -> Option<Why> {
    match viewer.role {
        Role::Operator | Role::Auditor => Some(Why::Oversight),
        Role::Service => Some(Why::Service),
        Role::Person => viewer.person().filter(|person| records.contains(person)).map(|_| Why::Own),
        Role::Worker | Role::Recorder => {
            agency_of(viewer).filter(|agency| wrote(*agency, class)).map(|_| Why::SameAgency)
        }
    }
}

/// The agency by which a viewer may be given something.
fn agency_of(viewer: &Caller) -> Option<AgencyId> {
    match viewer.role {
        Role::Worker | Role::Recorder => viewer.speaks_for(),
        Role::Person | Role::Operator | Role::Auditor | Role::Service => None,
    }
}

/// Whether the agency wrote all of it.
fn wrote(agency: AgencyId, class: &Class) -> bool {
    !class.parts().is_empty() && class.parts().iter().all(|part| part.agency == agency)
}

impl Say {
    /// The first of the directives that open this part, or without one what no agency wrote, to the agency.
    fn opening(
        &self,
        agency: AgencyId,
        part: Option<&Part>,
        purpose: Purpose,
        at: Timestamp,
    ) -> Option<DirectiveId> {
        let serves = self.serving.contains(&agency);
        let opens = |directive: &&Directive| {
            let scope = &directive.scope;
            directive.standing == Standing::Active
                && scope.in_force(at)
                && scope.purposes.contains(&purpose)
                && scope.names(agency, serves)
                && match part {
                    Some(part) => scope.covers(part, self.programmes.contains(&part.agency)),
                    None => scope.covers_own(),
                }
        };
        self.directives.iter().find(opens).map(|directive| directive.id)
    }

    /// Why an agency, or without one who runs or audits the system, is not told what tells where the person is; none where nothing stands against it.
    fn withholds(&self, agency: Option<AgencyId>, parts: &[Part]) -> Option<WhyNot> {
        let serves = agency.is_some_and(|agency| self.serving.contains(&agency));
        let others = parts.iter().filter(|part| Some(part.agency) != agency);
        match others.filter(|part| part.tells_where()).count() {
            0 => None,
            _ if self.unknown => Some(WhyNot::SayUnknown),
            _ => (self.restricted && !serves).then_some(WhyNot::Restricted),
        }
    }

    /// The next instant after this one at which the judgement may change although nothing is said: a directive or an emergency begins or ends.
    pub fn changes_after(&self, at: Timestamp) -> Option<Timestamp> {
        let active = self.directives.iter().filter(|directive| directive.standing == Standing::Active);
        let edges = active.flat_map(|directive| [directive.scope.from, directive.scope.until]);
        let declared = self.emergencies.iter().flat_map(|emergency| [emergency.from, emergency.until]);
        edges.flatten().chain(declared).filter(|edge| *edge > at).min()
    }
}
