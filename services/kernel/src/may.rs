//! The only judge of who sees what.
//! Invariant: deny by default across agencies; the person sees all of theirs; nobody else decides this anywhere.

use std::collections::BTreeSet;

use crate::{AgencyId, Caller, Class, PersonId, Role};

/// What the person has said about who sees their facts, and who serves them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Say {
    /// The record and those linked with it: one human.
    pub records: BTreeSet<PersonId>,
    /// Agencies that the person allows to see what other agencies wrote.
    pub recipients: BTreeSet<AgencyId>,
    /// The person's say is not known now (a stale or absent consent view): reads across agencies close.
    pub unknown: bool,
}

/// Why a viewer sees something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is about the viewer.
    Own,
    /// The viewer's agency wrote it.
    SameAgency,
    /// The person allows it.
    Consent,
    /// The viewer runs or audits the system; the read is listed.
    Oversight,
    /// The viewer is a service of this system, inside the trust boundary.
    Service,
}

/// Whether the caller sees an entry of this class about the person, and why.
pub fn see(caller: &Caller, say: &Say, class: &Class) -> Option<Why> {
    match caller.role {
        Role::Operator | Role::Auditor => return Some(Why::Oversight),
        Role::Service => return Some(Why::Service),
        Role::Person => {
            return caller.person().filter(|person| say.records.contains(person)).map(|_| Why::Own);
        }
        Role::Worker | Role::Recorder => {}
    }
    let agency = caller.speaks_for()?;
    let parts = class.parts();
    if !parts.is_empty() && parts.iter().all(|part| part.agency == agency) {
        return Some(Why::SameAgency);
    }
    // A plain consent names a recipient and nothing else; it never covers a labelled fact (42 CFR Part 2 wants its own).
    let consented = !say.unknown
        && say.recipients.contains(&agency)
        && parts.iter().all(|part| part.agency == agency || part.label.is_empty());
    consented.then_some(Why::Consent)
}

/// Whether the caller sees what this agency wrote in this category, about that person where it is about one, without the person's say: what a service
/// shows of its own. Reads across agencies, by consent, are the timeline's.
pub fn see_own(caller: &Caller, agency: AgencyId, person: Option<PersonId>, category: &str) -> bool {
    let say = Say { records: person.into_iter().collect(), unknown: true, ..Say::default() };
    see(caller, &say, &Class::of(agency, category)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Actor, Part, WorkerId};

    const CLINIC: AgencyId = AgencyId::of(1);
    const SHELTER: AgencyId = AgencyId::of(2);
    const ANA: PersonId = PersonId::of(10);

    fn worker(agency: AgencyId) -> Caller {
        Caller {
            actor: Actor::Worker(WorkerId::of(5)),
            role: Role::Worker,
            agency: Some(agency),
            on_behalf_of: None,
        }
    }

    fn ana_allows(recipients: impl IntoIterator<Item = AgencyId>) -> Say {
        Say { records: [ANA].into(), recipients: recipients.into_iter().collect(), unknown: false }
    }

    #[test]
    fn an_agency_sees_what_it_wrote_and_nothing_else_without_consent() {
        let say = ana_allows([]);
        assert_eq!(see(&worker(CLINIC), &say, &Class::of(CLINIC, "therapy")), Some(Why::SameAgency));
        assert_eq!(see(&worker(SHELTER), &say, &Class::of(CLINIC, "therapy")), None);
    }

    #[test]
    fn consent_opens_other_agencies_facts_but_never_labelled_ones() {
        let say = ana_allows([SHELTER]);
        assert_eq!(see(&worker(SHELTER), &say, &Class::of(CLINIC, "therapy")), Some(Why::Consent));
        let part2 =
            Class::new([Part { agency: CLINIC, category: "therapy".into(), label: "42CFRPart2".into() }]);
        assert_eq!(see(&worker(SHELTER), &say, &part2), None);
        assert_eq!(see(&worker(CLINIC), &say, &part2), Some(Why::SameAgency));
    }

    #[test]
    fn a_finding_is_seen_only_by_who_may_see_every_input() {
        let both = Class::new(
            [Class::of(CLINIC, "therapy"), Class::of(SHELTER, "vocational")]
                .iter()
                .flat_map(|c| c.parts().to_vec()),
        );
        assert_eq!(see(&worker(CLINIC), &ana_allows([]), &both), None);
        assert_eq!(see(&worker(CLINIC), &ana_allows([CLINIC]), &both), Some(Why::Consent));
    }

    #[test]
    fn what_no_agency_wrote_is_the_persons_to_show() {
        assert_eq!(see(&worker(CLINIC), &ana_allows([]), &Class::default()), None);
        assert_eq!(see(&worker(CLINIC), &ana_allows([CLINIC]), &Class::default()), Some(Why::Consent));
    }

    #[test]
    fn an_unknown_say_closes_reads_across_agencies_alone() {
        let say = Say { unknown: true, ..ana_allows([SHELTER]) };
        assert_eq!(see(&worker(SHELTER), &say, &Class::of(CLINIC, "therapy")), None);
        assert_eq!(see(&worker(CLINIC), &say, &Class::of(CLINIC, "therapy")), Some(Why::SameAgency));
    }

    #[test]
    fn the_person_sees_all_of_theirs_and_nobody_elses() {
        let me =
            |id| Caller { actor: Actor::Person(id), role: Role::Person, agency: None, on_behalf_of: None };
        let say = ana_allows([]);
        assert_eq!(see(&me(ANA), &say, &Class::of(CLINIC, "therapy")), Some(Why::Own));
        assert_eq!(see(&me(PersonId::of(11)), &say, &Class::of(CLINIC, "therapy")), None);
    }
}
