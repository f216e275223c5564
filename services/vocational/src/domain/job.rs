//! A job: one chance at work or study, from lead to end.
//! Invariant: it moves forward only; it never ends before it starts; and the employer is told a name only where the person chose so.

mod command;
mod decide;
mod event;
mod refusal;
mod state;

pub use command::{Command, Lead};
pub use event::Event;
pub use refusal::Refusal;
pub use state::{Begun, Facts, Interview, Made, Stage, State};

use kernel::Decider;

/// A job.
pub struct Job;

impl Decider for Job {
    const CATEGORY: &'static str = "job";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        decide::decide(state, command)
    }
    fn evolve(state: State, event: &Event) -> State {
        state::evolve(state, event)
    }
}

/// Minutes that must have been paid before a start counts (IPS milestone: 4 hours).
pub const COUNTED_FROM_PAID_MINUTES: u32 = 4 * 60;

/// What kind of work or study it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// In the community, open to anyone, at least minimum wage, wage normal for the work.
    Competitive,
    /// The person's own business.
    SelfEmployed,
    /// For a time.
    Temporary,
    /// Held by a programme for several people in turn.
    Transitional,
    /// In a setting made for people with disabilities.
    SupportedSetting,
    /// Unpaid.
    Volunteer,
    /// School, training or study.
    Education,
}

impl Kind {
    /// Whether it is paid work: then its case is employed while it runs, and its start can count.
    pub const fn paid(self) -> bool {
        match self {
            Self::Competitive
            | Self::SelfEmployed
            | Self::Temporary
            | Self::Transitional
            | Self::SupportedSetting => true,
            Self::Volunteer | Self::Education => false,
        }
    }

    /// Whether somebody else must offer it first.
    pub const fn offered(self) -> bool {
        match self {
            Self::SelfEmployed => false,
            Self::Competitive
            | Self::Temporary
            | Self::Transitional
            | Self::SupportedSetting
            | Self::Volunteer
            | Self::Education => true,
        }
    }
}

/// What the person lets an employer know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disclosure {
    /// Nothing: staff do not name the person.
    Nothing,
    /// The name, and nothing else.
    Name,
}

/// Who did something about a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// The person.
    Person,
    /// The employer.
    Employer,
}

/// Why a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// A better job.
    BetterJob,
    /// The person left.
    Quit,
    /// Laid off.
    LaidOff,
    /// Dismissed.
    Dismissed,
    /// The time it was for is over.
    TemporaryEnded,
    /// Health.
    Health,
    /// Another reason.
    Other,
}
