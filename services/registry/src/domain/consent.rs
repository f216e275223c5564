//! What a person says about who may see: a plain yes or no for each recipient agency.
//! Invariant: only the person's voice says it, the last word holds, and a no works from then on and deletes nothing.

use std::collections::BTreeMap;

use kernel::{AgencyId, By, Decider, Occurred, PersonId, Private, RefusalKind, Timestamp, Voice};

use super::in_persons_voice;

/// A person's say; one stream for each person.
pub struct Consent;

/// The last word about one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Yes or no.
    pub given: bool,
    /// Since when.
    pub since: Timestamp,
    /// What stands behind it.
    pub evidence: Option<Private>,
}

/// All that was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The person; none before the first word.
    pub person: Option<PersonId>,
    /// By recipient.
    pub said: BTreeMap<AgencyId, Said>,
}

/// A yes or a no.
#[derive(Clone, Debug)]
pub struct Command {
    /// The answer.
    pub answer: Answer,
    /// Who asks us to write it down.
    pub by: By,
    /// Whose words they are.
    pub voice: Voice,
    /// The person.
    pub person: PersonId,
    /// The agency it is about.
    pub recipient: AgencyId,
    /// What stands behind it.
    pub evidence: Option<Private>,
    /// When it was said.
    pub at: Occurred,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The recipient may see.
    Yes,
    /// The recipient may no longer see.
    No,
}

/// What was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The answer.
    pub answer: Answer,
    /// The person.
    pub person: PersonId,
    /// The agency it is about.
    pub recipient: AgencyId,
    /// What stands behind it.
    pub evidence: Option<Private>,
    /// When it was said.
    pub at: Occurred,
}

/// How a say is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Somebody else's words.
    #[error("only the person says who may see; send VOICE_PERSON if you write down the person's own words")]
    NotInPersonsVoice,
    /// Staff must say what stands behind it.
    #[error("say in evidence what stands behind it, such as a signed form and its day")]
    EvidenceNeeded,
    /// A later word is on record.
    #[error("the person said something later about this agency; the last word holds")]
    LaterWordOnRecord,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotInPersonsVoice => RefusalKind::PermissionDenied,
            Self::EvidenceNeeded | Self::LaterWordOnRecord => RefusalKind::FailedPrecondition,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotInPersonsVoice => "NOT_IN_PERSONS_VOICE",
            Self::EvidenceNeeded => "EVIDENCE_NEEDED",
            Self::LaterWordOnRecord => "LATER_WORD_ON_RECORD",
        }
    }
}

impl Decider for Consent {
    const CATEGORY: &'static str = "consent";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        let Command { answer, by, voice, person, recipient, evidence, at } = command;
        if !in_persons_voice(by, voice, person) {
            return Err(Refusal::NotInPersonsVoice);
        }
        let by_staff = matches!(by, By::Agency(_));
        if by_staff && evidence.is_none() {
            return Err(Refusal::EvidenceNeeded);
        }
        let last = state.said.get(&recipient);
        let holds = last.is_some_and(|said| said.given);
        if holds == (answer == Answer::Yes) {
            return Ok(vec![]);
        }
        if last.is_some_and(|said| at.at < said.since) {
            return Err(Refusal::LaterWordOnRecord);
        }
        Ok(vec![Event { answer, person, recipient, evidence, at }])
    }

    fn evolve(mut state: State, event: &Event) -> State {
        state.person = Some(event.person);
        let evidence = event.evidence.clone();
        let said = Said { given: event.answer == Answer::Yes, since: event.at.at, evidence };
        state.said.insert(event.recipient, said);
        state
    }
}
