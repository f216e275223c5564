//! A strength or a preference of a person: what they are good at or can count on, and how they would have things (domain.md section 2).
//! Invariant: what the person said only the person's voice says otherwise; it is told whose words they are.

use kernel::{AgencyId, By, Decider, PersonId, Private, RefusalKind, Voice};

use super::{FacetId, in_persons_voice};

/// A strength or a preference.
pub struct Facet;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What the person is good at, has, or can count on.
    Strength,
    /// How the person would have things.
    Preference,
}

/// Whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its id.
    pub id: FacetId,
    /// The person.
    pub person: PersonId,
    /// Which of the two.
    pub kind: Kind,
    /// The agency that noted it; none where the person did.
    pub agency: Option<AgencyId>,
}

/// What it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// In words.
    pub text: Private,
    /// Which areas of life it is about, as the contract numbers them; none means all.
    pub life_domains: Vec<i32>,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is so.
    Holds,
    /// It is so no longer.
    Dropped,
    /// It should never have been written.
    InError,
}

/// A facet and where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Never noted.
    #[default]
    Unmade,
    /// Noted.
    Made {
        /// Whose it is.
        facts: Facts,
        /// What it says.
        content: Content,
        /// Whether these are the person's own words.
        own_words: bool,
        /// Where it stands.
        standing: Standing,
    },
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum Command {
    /// Note it.
    Note {
        /// Who asks.
        by: By,
        /// Whose words these are.
        voice: Voice,
        /// Whose it is.
        facts: Facts,
        /// What it says.
        content: Content,
    },
    /// Say it in other words.
    Reword {
        /// Who asks.
        by: By,
        /// Whose words these are.
        voice: Voice,
        /// What it says from now on.
        content: Content,
    },
    /// Say that it is so no longer.
    Drop {
        /// Who asks.
        by: By,
        /// Whose words these are.
        voice: Voice,
    },
    /// It should never have been written.
    MarkEnteredInError {
        /// Who asks.
        by: By,
    },
}

/// What happens to it. Whose words an event carries is told beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was noted.
    Noted {
        /// Whose it is.
        facts: Facts,
        /// What it says.
        content: Content,
        /// Whether these are the person's own words.
        own_words: bool,
    },
    /// It was said in other words.
    Reworded {
        /// What it says from now on.
        content: Content,
        /// Whether these are the person's own words.
        own_words: bool,
    },
    /// It is so no longer.
    Dropped {
        /// Whether these are the person's own words.
        own_words: bool,
    },
    /// Never meant.
    EnteredInError,
}

/// How it says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none.
    #[error("there is no such strength or preference; list the person's for the ids")]
    NotFound,
    /// It was noted already.
    #[error("a strength or preference of this id is there already")]
    AlreadyExists,
    /// Somebody else's words.
    #[error(
        "the person said this; only the person says it otherwise: send VOICE_PERSON if you write down the person's own words"
    )]
    NotInPersonsVoice,
    /// Another agency's staff said it.
    #[error("another agency's staff noted this; only they and the person say it otherwise")]
    NotedByAnother,
    /// It is so no longer, or was never meant.
    #[error("this is no longer so; note another one")]
    NoLonger,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound => RefusalKind::NotFound,
            Self::AlreadyExists => RefusalKind::AlreadyExists,
            Self::NotInPersonsVoice | Self::NotedByAnother => RefusalKind::PermissionDenied,
            Self::NoLonger => RefusalKind::FailedPrecondition,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "FACET_NOT_FOUND",
            Self::AlreadyExists => "FACET_EXISTS",
            Self::NotInPersonsVoice => "NOT_IN_PERSONS_VOICE",
            Self::NotedByAnother => "NOTED_BY_ANOTHER",
            Self::NoLonger => "NO_LONGER_SO",
        }
    }
}

/// Whether the words are the person's, where they may say it otherwise.
fn otherwise(facts: &Facts, own_words: bool, by: By, voice: Voice) -> Result<bool, Refusal> {
    if in_persons_voice(by, voice, facts.person) {
        return Ok(true);
    }
    match by {
        By::Agency(agency) if !own_words && facts.agency == Some(agency) => Ok(false),
        By::Agency(_) if !own_words => Err(Refusal::NotedByAnother),
        By::Agency(_) | By::Person(_) | By::System => Err(Refusal::NotInPersonsVoice),
    }
}

impl Decider for Facet {
    const CATEGORY: &'static str = "facet";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        match (command, state) {
            (Command::Note { by, voice, facts, content }, State::Unmade) => match by {
                By::Agency(_) => {
                    let own_words = in_persons_voice(by, voice, facts.person);
                    Ok(vec![Event::Noted { facts, content, own_words }])
                }
                By::Person(person) if person == facts.person => {
                    Ok(vec![Event::Noted { facts, content, own_words: true }])
                }
                By::Person(_) | By::System => Err(Refusal::NotInPersonsVoice),
            },
            (Command::Note { .. }, State::Made { .. }) => Err(Refusal::AlreadyExists),
            (
                Command::Reword { .. } | Command::Drop { .. } | Command::MarkEnteredInError { .. },
                State::Unmade,
            ) => Err(Refusal::NotFound),
            (Command::Reword { by, voice, content }, State::Made { facts, own_words, standing, .. }) => {
                let own_words = otherwise(facts, *own_words, by, voice)?;
                match standing {
                    Standing::Holds => Ok(vec![Event::Reworded { content, own_words }]),
                    Standing::Dropped | Standing::InError => Err(Refusal::NoLonger),
                }
            }
            (Command::Drop { by, voice }, State::Made { facts, own_words, standing, .. }) => {
                let own_words = otherwise(facts, *own_words, by, voice)?;
                match standing {
                    Standing::Holds => Ok(vec![Event::Dropped { own_words }]),
                    Standing::Dropped => Ok(vec![]),
                    Standing::InError => Err(Refusal::NoLonger),
                }
            }
            (Command::MarkEnteredInError { by }, State::Made { facts, standing, .. }) => {
                let noted = match by {
                    By::Agency(agency) => facts.agency == Some(agency),
                    By::Person(person) => facts.agency.is_none() && facts.person == person,
                    By::System => false,
                };
                match (noted, standing) {
                    (false, _) => Err(Refusal::NotedByAnother),
                    (true, Standing::InError) => Ok(vec![]),
                    (true, Standing::Holds | Standing::Dropped) => Ok(vec![Event::EnteredInError]),
                }
            }
        }
    }

    fn evolve(state: State, event: &Event) -> State {
        match (event, state) {
            (Event::Noted { facts, content, own_words }, _) => State::Made {
                facts: *facts,
                content: content.clone(),
                own_words: *own_words,
                standing: Standing::Holds,
            },
            (_, State::Unmade) => State::Unmade,
            (Event::Reworded { content, own_words }, State::Made { facts, standing, .. }) => {
                State::Made { facts, content: content.clone(), own_words: *own_words, standing }
            }
            (Event::Dropped { .. }, State::Made { facts, content, own_words, .. }) => {
                State::Made { facts, content, own_words, standing: Standing::Dropped }
            }
            (Event::EnteredInError, State::Made { facts, content, own_words, .. }) => {
                State::Made { facts, content, own_words, standing: Standing::InError }
            }
        }
    }
}
