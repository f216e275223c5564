//! How a say is not taken.
//! Invariant: reason codes are stable; each says what to do instead.

use kernel::RefusalKind;

/// How a say is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Somebody else's words.
    #[error("only the person says who may see; send VOICE_PERSON if you write down the person's own words")]
    NotInPersonsVoice,
    /// Staff must say what stands behind it.
    #[error("say in evidence what stands behind it, such as a signed form and its day")]
    EvidenceNeeded,
    /// There is none.
    #[error("the person has no such directive, or none that you wrote down; list their consents for the ids")]
    NotFound,
    /// It was given or has ended.
    #[error("the directive is no draft any more; a change of mind is a new directive that supersedes it")]
    NotADraft,
    /// Its words are somebody else's to change.
    #[error("another agency, or the person, prepared this draft; prepare one of your own")]
    DraftOfAnother,
    /// It opens nothing that could be taken back or replaced.
    #[error("the directive is not active")]
    NotActive,
    /// Whoever speaks for the person does not speak by the person's login.
    #[error(
        "by their own login the person gives consent themselves; let staff write down a representative's"
    )]
    GrantorIsThePerson,
    /// A minor's own word is not enough.
    #[error(
        "the person is a minor, and the agency's rule asks for the representative's signature; name a representative in representative_id, and grantor"
    )]
    RepresentativeMustSign,
    /// A representative's word is not enough.
    #[error(
        "the person is a minor whose own signature the agency's rule asks for; name the person in grantor, alone or with the representative"
    )]
    PersonMustSign,
    /// Nobody knows by what right they speak.
    #[error(
        "no representative of the person with this id may speak on consents on that day; add them with AddRepresentative, and name them in representative_id"
    )]
    RepresentativeNotOnRecord,
    /// What it opens would pass through nobody whom the person knows of.
    #[error(
        "what a directive opens passes through this system's operator; name the operator as intermediary (operator_is_intermediary)"
    )]
    IntermediaryNotNamed,
    /// It would open nothing.
    #[error("the directive's end has passed or lies before its beginning; give one with a later end")]
    AlreadyOver,
    /// A second one would be missed when the first is revoked.
    #[error(
        "an active directive says the same; let this one supersede it (supersedes_directive_id), or revoke that one first"
    )]
    SaysNothingNew,
    /// A later word is on record.
    #[error("the person said something later about the same; the last word holds")]
    LaterWordOnRecord,
    /// Nobody could overlook them.
    #[error("the person has 100 directives that are active or being prepared; revoke some first")]
    TooMany,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotInPersonsVoice | Self::DraftOfAnother => RefusalKind::PermissionDenied,
            Self::NotFound => RefusalKind::NotFound,
            Self::EvidenceNeeded
            | Self::NotADraft
            | Self::NotActive
            | Self::GrantorIsThePerson
            | Self::RepresentativeMustSign
            | Self::PersonMustSign
            | Self::RepresentativeNotOnRecord
            | Self::IntermediaryNotNamed
            | Self::AlreadyOver
            | Self::SaysNothingNew
            | Self::LaterWordOnRecord
            | Self::TooMany => RefusalKind::FailedPrecondition,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotInPersonsVoice => "NOT_IN_PERSONS_VOICE",
            Self::EvidenceNeeded => "EVIDENCE_NEEDED",
            Self::NotFound => "DIRECTIVE_NOT_FOUND",
            Self::NotADraft => "NOT_A_DRAFT",
            Self::DraftOfAnother => "DRAFT_OF_ANOTHER",
            Self::NotActive => "DIRECTIVE_NOT_ACTIVE",
            Self::GrantorIsThePerson => "GRANTOR_IS_THE_PERSON",
            Self::RepresentativeMustSign => "REPRESENTATIVE_MUST_SIGN",
            Self::PersonMustSign => "PERSON_MUST_SIGN",
            Self::RepresentativeNotOnRecord => "REPRESENTATIVE_NOT_ON_RECORD",
            Self::IntermediaryNotNamed => "INTERMEDIARY_NOT_NAMED",
            Self::AlreadyOver => "DIRECTIVE_ALREADY_OVER",
            Self::SaysNothingNew => "DIRECTIVE_SAYS_NOTHING_NEW",
            Self::LaterWordOnRecord => "LATER_WORD_ON_RECORD",
            Self::TooMany => "TOO_MANY_DIRECTIVES",
        }
    }
}
