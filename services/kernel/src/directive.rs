//! A consent directive (FHIR Consent): what a person says about who may learn what of them, and for what.
//! Invariant: a directive opens what it names and nothing else. Of its lists, only that of categories means all of them where it is empty.

use std::collections::BTreeSet;

use crate::class::{PART2, WHEREABOUTS, is_of_notes};
use crate::{AgencyId, DirectiveId, Part, Timestamp};

/// What something is disclosed for (FHIR Consent.provision.purpose, in three).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// A referral to the recipient.
    Referral,
    /// Services around the person knowing of each other.
    Coordination,
    /// Treatment, payment, health care operations (45 CFR 164.506). It covers no referral: to work or housing never (domain rule), and where one to
    /// treatment would be treatment nobody guesses here.
    Treatment,
}

/// Where a directive stands. Only an active one opens anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Prepared, not yet given.
    Draft,
    /// Given.
    Active,
    /// Taken back by the person.
    Revoked,
    /// Over by its own end.
    Expired,
    /// Replaced by a later one.
    Superseded,
    /// It never should have been written.
    EnteredInError,
}

/// Who may learn by a directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipients {
    /// These agencies.
    Named(BTreeSet<AgencyId>),
    /// Agencies with a treating relationship: whoever serves the person when it is asked (42 CFR 2.31(a)(4)(ii), 2.11 "treating provider relationship").
    Treating,
}

/// What a directive opens, to whom, for what and when: the part of it that is judged. It holds no personal text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The agency whose facts it is about; none means any.
    pub discloser: Option<AgencyId>,
    /// Who may learn.
    pub recipients: Recipients,
    /// For what; none of them, nothing.
    pub purposes: BTreeSet<Purpose>,
    /// Of which categories ([`crate::class::CATEGORIES`]); empty means all.
    pub categories: BTreeSet<String>,
    /// The labelled facts that it opens beside those without a label; one that names a label of counselling notes opens such notes alone.
    pub labels: BTreeSet<String>,
    /// From this instant on; none means from when it is given, which whatever is active was.
    pub from: Option<Timestamp>,
    /// To before this instant; none means until it is revoked.
    pub until: Option<Timestamp>,
}

impl Scope {
    /// Whether it is in force then: from its beginning on, and no longer at its end.
    pub fn in_force(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }

    /// Whether it names this agency, which serves the person or does not, as a recipient.
    pub fn names(&self, agency: AgencyId, serves: bool) -> bool {
        match &self.recipients {
            Recipients::Named(agencies) => agencies.contains(&agency),
            Recipients::Treating => serves,
        }
    }

    /// Whether it is about facts of this part. `programme` says that the agency which wrote them is a 42 CFR Part 2 programme, so that they are
    /// Part 2 records whatever label they bear. That they tell where the person is to be found needs no naming: it is the judge's to withhold.
    pub fn covers(&self, part: &Part, programme: bool) -> bool {
        let own_agency = self.discloser.is_none_or(|discloser| discloser == part.agency);
        let category = self.categories.is_empty() || self.categories.contains(&part.category);
        let implied = programme.then_some(PART2);
        let named = |label: &str| label == WHEREABOUTS || self.labels.contains(label);
        let labels = part.labels().chain(implied).all(named);
        let notes = !self.is_of_notes() || part.labels().any(is_of_notes);
        own_agency && category && labels && notes
    }

    /// Whether it is about what no agency wrote: it then names no discloser, no category and no label.
    pub fn covers_own(&self) -> bool {
        self.discloser.is_none() && self.categories.is_empty() && !self.is_of_notes()
    }

    /// Whether it is about counselling notes, and so about nothing else.
    fn is_of_notes(&self) -> bool {
        self.labels.iter().any(|label| is_of_notes(label))
    }
}

/// A directive as the judge reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// Which.
    pub id: DirectiveId,
    /// Where it stands.
    pub standing: Standing,
    /// What it opens.
    pub scope: Scope,
}
