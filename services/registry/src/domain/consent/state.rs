//! Where a person's directives stand.
//! Invariant: a directive's standing is what happened to it last; nothing that happened is forgotten.

use kernel::{AgencyId, By, Directive, DirectiveId, Occurred, PersonId, Private, Scope, Standing};

use super::{Content, Event, What};

/// A person's say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The person; none before the first word.
    pub person: Option<PersonId>,
    /// Their directives, oldest first.
    pub directives: Vec<Held>,
    /// By version, the directive that each change is about.
    pub changes: Vec<DirectiveId>,
}

/// A directive and what happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub id: DirectiveId,
    /// What it says.
    pub content: Content,
    /// The first thing that happened to it.
    pub first: Version,
    /// The rest, oldest first.
    pub since: Vec<Version>,
}

/// One thing that happened to a directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// What.
    pub step: Step,
    /// What it said from then on, where that changed.
    pub scope: Option<Scope>,
    /// When.
    pub at: Occurred,
    /// The agency that wrote it down.
    pub by: Option<AgencyId>,
    /// What stands behind it.
    pub evidence: Option<Private>,
}

/// What happened, without its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It was prepared, or changed.
    Drafted,
    /// It was given.
    Given,
    /// It was taken back.
    Revoked,
    /// Its own end came.
    Expired,
    /// That one took its place.
    Superseded(DirectiveId),
    /// It never should have been written.
    EnteredInError,
}

impl Step {
    /// Where a directive stands after it.
    pub fn standing(self) -> Standing {
        match self {
            Self::Drafted => Standing::Draft,
            Self::Given => Standing::Active,
            Self::Revoked => Standing::Revoked,
            Self::Expired => Standing::Expired,
            Self::Superseded(_) => Standing::Superseded,
            Self::EnteredInError => Standing::EnteredInError,
        }
    }
}

impl Held {
    /// What happened last.
    pub fn last(&self) -> &Version {
        self.since.last().unwrap_or(&self.first)
    }

    /// All that happened, oldest first.
    pub fn history(&self) -> impl Iterator<Item = &Version> {
        std::iter::once(&self.first).chain(&self.since)
    }

    /// Whether it is this caller's to say that it never should have been written: the agency that wrote it down as given, or before that prepared it; the
    /// person; and who runs the system.
    pub(super) fn is_of(&self, by: By, person: PersonId) -> bool {
        let written = self.history().find(|version| version.step == Step::Given).unwrap_or(&self.first);
        match by {
            By::Agency(agency) => written.by == Some(agency),
            By::Person(caller) => caller == person,
            By::System => true,
        }
    }

    /// As it is judged.
    pub fn directive(&self) -> Directive {
        Directive { id: self.id, standing: self.last().step.standing(), scope: self.content.scope.clone() }
    }
}

impl State {
    /// The directive with that id.
    pub fn held(&self, id: DirectiveId) -> Option<&Held> {
        self.directives.iter().find(|held| held.id == id)
    }

    /// The state after an event.
    pub(super) fn after(mut self, event: &Event) -> Self {
        self.person = Some(event.person);
        self.changes.push(event.id);
        let (step, content, evidence) = match &event.what {
            What::Drafted(content) => (Step::Drafted, Some(content), None),
            What::Given { content, evidence } => (Step::Given, Some(content), evidence.clone()),
            What::Revoked { evidence } => (Step::Revoked, None, evidence.clone()),
            What::Expired => (Step::Expired, None, None),
            What::Superseded { by } => (Step::Superseded(*by), None, None),
            What::EnteredInError { .. } => (Step::EnteredInError, None, None),
        };
        let scope = content.map(|content| content.scope.clone());
        let version = Version { step, scope, at: event.at.clone(), by: event.by, evidence };
        match (self.directives.iter_mut().find(|held| held.id == event.id), content) {
            (Some(held), content) => {
                held.since.push(version);
                held.content = content.unwrap_or(&held.content).clone();
            }
            (None, Some(content)) => {
                let content = content.clone();
                self.directives.push(Held { id: event.id, content, first: version, since: vec![] });
            }
            // The end of what never began.
            (None, None) => {}
        }
        self
    }
}
