//! How a person's record says no.
//! Invariant: whoever the record is not for hears the same as if there were none.

use kernel::RefusalKind;

/// A no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none, or the caller's agency does not serve the person.
    #[error("there is no such person served by this agency; find or register the person first")]
    NotFound,
    /// The id is taken by a record that was registered here.
    #[error("a person with this id was registered here; change that record")]
    AlreadyExists,
    /// The key is destroyed.
    #[error("the person was erased; nothing more can be written about them")]
    Erased,
    /// Another record holds it.
    #[error("another record holds this identifier; find the person by it instead")]
    IdentifierTaken,
    /// The caller may see the person and may not do this.
    #[error("this is for an operator to do")]
    OperatorsAlone,
    /// A person registers nobody and tells of no death.
    #[error("an agency or an operator does this")]
    NotForThePerson,
    /// Other agencies rely on the record.
    #[error(
        "other agencies serve the person by this record too; an operator may mark it as entered in error"
    )]
    ServedByOthers,
    /// A record is not linked with itself.
    #[error("a record cannot be linked with itself; name two records")]
    SameRecord,
    /// One of them is already read with another record.
    #[error(
        "one of the two is already a member of another record; link the canonical records, or unlink it first"
    )]
    AlreadyAMember,
    /// They were unlinked: somebody found that they are two humans.
    #[error(
        "these two were unlinked as two different humans; send despite_unlinked to link them all the same"
    )]
    NeverLink,
    /// They are linked: somebody found that they are one human.
    #[error("these two are linked; unlink them, which leaves that they are never linked again")]
    Linked,
    /// Only the person's voice says it.
    #[error("these are the person's own words: the person says them, or staff send voice as the person's")]
    NotInPersonsVoice,
    /// There is none.
    #[error("the person has no such contact point; read them with GetPerson")]
    NoSuchContactPoint,
    /// They do not belong to it.
    #[error("the person does not belong to this household; read theirs with GetPerson")]
    NotOfThisHousehold,
    /// The days are the wrong way round.
    #[error(
        "the person joined this household after that day; send a later one, or correct the day they joined"
    )]
    LeftBeforeJoined,
    /// Who speaks for a person is not for the person or an operator to say.
    #[error("a worker of an agency that saw what stands behind it says who speaks for the person")]
    AgenciesAlone,
    /// Nobody could overlook them.
    #[error("20 representatives of the person have no end; end those who speak for them no longer")]
    TooManyRepresentatives,
    /// There is none of the caller's.
    #[error("the person has no such representative that your agency added; read them with GetPerson")]
    NoSuchRepresentative,
    /// They speak for the person no longer.
    #[error("the representative's end came before that day; add them again from when they speak anew")]
    RepresentativeEnded,
    /// The days are the wrong way round.
    #[error(
        "the representative's first day is after that day; send that day where they never should have spoken"
    )]
    RepresentativeEndsBeforeBegun,
    /// The person asked not to be found.
    #[error("the person asked in their own voice not to be found; only their own voice takes it back")]
    RestrictedByThePerson,
    /// The caller did not say it, and somebody else did.
    #[error(
        "your agency did not say that the person is not to be found; whoever did takes it back, or it is lifted with LiftRestriction"
    )]
    RestrictedByAnother,
    /// The caller told no death, and somebody else did. Who that is stays theirs to show.
    #[error("your agency told no death of the person; whoever told one takes it back, or an operator does")]
    DeathToldByAnother,
    /// There is no link between them.
    #[error("these two are not linked")]
    NotLinked,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound
            | Self::NoSuchContactPoint
            | Self::NotOfThisHousehold
            | Self::NoSuchRepresentative => RefusalKind::NotFound,
            Self::AlreadyExists | Self::IdentifierTaken => RefusalKind::AlreadyExists,
            Self::Erased
            | Self::ServedByOthers
            | Self::SameRecord
            | Self::AlreadyAMember
            | Self::NeverLink
            | Self::Linked
            | Self::LeftBeforeJoined
            | Self::TooManyRepresentatives
            | Self::RepresentativeEnded
            | Self::RepresentativeEndsBeforeBegun
            | Self::NotLinked => RefusalKind::FailedPrecondition,
            Self::OperatorsAlone
            | Self::NotForThePerson
            | Self::AgenciesAlone
            | Self::RestrictedByThePerson
            | Self::RestrictedByAnother
            | Self::DeathToldByAnother
            | Self::NotInPersonsVoice => RefusalKind::PermissionDenied,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "PERSON_NOT_FOUND",
            Self::AlreadyExists => "PERSON_EXISTS",
            Self::Erased => "PERSON_ERASED",
            Self::IdentifierTaken => "IDENTIFIER_TAKEN",
            Self::OperatorsAlone => "OPERATORS_ALONE",
            Self::NotForThePerson => "NOT_FOR_THE_PERSON",
            Self::ServedByOthers => "SERVED_BY_OTHERS",
            Self::SameRecord => "SAME_RECORD",
            Self::AlreadyAMember => "ALREADY_A_MEMBER",
            Self::NeverLink => "NEVER_LINK",
            Self::Linked => "LINKED",
            Self::NotInPersonsVoice => "NOT_IN_PERSONS_VOICE",
            Self::NoSuchContactPoint => "CONTACT_POINT_NOT_FOUND",
            Self::NotOfThisHousehold => "NOT_OF_THIS_HOUSEHOLD",
            Self::LeftBeforeJoined => "LEFT_BEFORE_JOINED",
            Self::AgenciesAlone => "AGENCIES_ALONE",
            Self::TooManyRepresentatives => "TOO_MANY_REPRESENTATIVES",
            Self::NoSuchRepresentative => "REPRESENTATIVE_NOT_FOUND",
            Self::RepresentativeEnded => "REPRESENTATIVE_ENDED",
            Self::RepresentativeEndsBeforeBegun => "REPRESENTATIVE_ENDS_BEFORE_BEGUN",
            Self::RestrictedByThePerson => "RESTRICTED_BY_THE_PERSON",
            Self::RestrictedByAnother => "RESTRICTED_BY_ANOTHER",
            Self::DeathToldByAnother => "DEATH_TOLD_BY_ANOTHER",
            Self::NotLinked => "NOT_LINKED",
        }
    }
}
