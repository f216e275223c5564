//! How a referral says no.
//! Invariant: each refusal has one stable reason code and one sentence that says what to do.

use kernel::RefusalKind;

/// How a referral says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none, or the caller may not know of it.
    #[error("there is no such referral")]
    NotFound,
    /// The offer takes no referrals.
    #[error("the offer is not open to referrals; choose one from ListServiceOffers")]
    OfferNotOpen,
    /// The person may refer themself alone.
    #[error("a person can refer only themself")]
    NotOneself,
    /// No directive in force covers it.
    #[error(
        "no consent directive in force covers it: the target agency, for referral, of the category referrals, with the label 42CFRPart2 where a Part 2 programme takes part; record one with the registry, or send with an override reason and its approver"
    )]
    ConsentMissing,
    /// A Part 2 programme's records never go by override.
    #[error(
        "a 42 CFR Part 2 programme refers and is referred to with the person's consent alone; an override is not possible"
    )]
    OverrideNotPossible,
    /// Nobody approves their own override.
    #[error(
        "override_approver_id is the worker who sends; name another worker of the agency, who approved it"
    )]
    ApproverIsSender,
    /// Whoever is to have approved it works for another agency, has left, or is not known.
    #[error(
        "override_approver_id is nobody who is known to work for the agency that made the referral; name a worker of it who has not left, or add them with the registry's AddWorker first"
    )]
    ApproverNotOfAgency,
    /// The referral has been sent already.
    #[error("the referral is not a draft; only a draft can be sent")]
    NotADraft,
    /// It was sent to another agency.
    #[error("only the agency that the referral was sent to can do this")]
    SentToAnother,
    /// It is another agency's to change.
    #[error("only the agency that made the referral can do this")]
    MadeByAnother,
    /// It does not await an answer.
    #[error("the referral does not await an answer; read its state with GetReferral")]
    NotAwaitingAnswer,
    /// Its state does not allow this.
    #[error("the referral's state does not allow this; read its state with GetReferral")]
    NotInThisState,
    /// A zero-exclusion offer refuses nobody for this.
    #[error(
        "an offer of zero exclusion turns nobody away but for wanting the service, age, area or language, named when the referral is rejected; give a reason that \
         is not about the person's condition, attendance or readiness"
    )]
    ZeroExclusion,
    /// An ineligible person is told why.
    #[error("name the criterion that is not met")]
    CriterionMissing,
    /// The requester has an open referral of this person to this offer.
    #[error("this agency has an open referral of this person to this offer; follow that one up instead")]
    AlreadyOpen,
    /// What was recorded names an offer that nobody made.
    #[error("there is no such offer; leave offer_id empty where the target is not on the platform")]
    OfferNotFound,
    /// The consent that it was sent with has lapsed.
    #[error(
        "the person's consent to this referral has lapsed; until it is given again the referral can only be rejected or cancelled"
    )]
    ConsentLapsed,
    /// Nobody is taken on any more.
    #[error("the person died; reject or cancel the referral with the reason died")]
    PersonDied,
    /// Nobody asked that.
    #[error("there is no such question on this referral; read its questions with GetReferral")]
    QuestionNotFound,
    /// It was answered.
    #[error("this question was answered already; ask another where more is to be known")]
    AlreadySupplied,
    /// It was split before.
    #[error("the referral was split already; what its parts come to completes it")]
    AlreadySplit,
    /// Whoever is to take care of it works for another agency, or is not known.
    #[error("the worker is not known to work for the target agency; add them with the registry first")]
    WorkerNotOfAgency,
    /// It is said to have happened before what had to happen first.
    #[error(
        "occurred_at is before what this follows on the referral, as its draft, sending, acceptance or hold; give a later time, or none where it happens now"
    )]
    BeforeWhatItFollows,
    /// What it follows is about somebody else.
    #[error("the referral that this one follows is about another person")]
    AnotherPerson,
    /// That it expired is for its clock to say.
    #[error("a referral expires by its clock alone; name the reason why you end it")]
    ExpiredByClockAlone,
    /// Recorded from elsewhere: its states are told there.
    #[error("this referral was recorded from another system; record it again to correct it")]
    KeptElsewhere,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound | Self::OfferNotFound | Self::QuestionNotFound => RefusalKind::NotFound,
            Self::SentToAnother | Self::MadeByAnother | Self::NotOneself => RefusalKind::PermissionDenied,
            Self::AlreadyOpen => RefusalKind::AlreadyExists,
            Self::OfferNotOpen
            | Self::ConsentMissing
            | Self::OverrideNotPossible
            | Self::ApproverIsSender
            | Self::ApproverNotOfAgency
            | Self::NotADraft
            | Self::NotAwaitingAnswer
            | Self::NotInThisState
            | Self::ZeroExclusion
            | Self::CriterionMissing
            | Self::ConsentLapsed
            | Self::PersonDied
            | Self::AlreadySplit
            | Self::WorkerNotOfAgency
            | Self::AnotherPerson
            | Self::BeforeWhatItFollows
            | Self::AlreadySupplied
            | Self::ExpiredByClockAlone
            | Self::KeptElsewhere => RefusalKind::FailedPrecondition,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "REFERRAL_NOT_FOUND",
            Self::OfferNotFound => "OFFER_NOT_FOUND",
            Self::OfferNotOpen => "OFFER_NOT_OPEN",
            Self::NotOneself => "NOT_ONESELF",
            Self::ConsentMissing => "CONSENT_MISSING",
            Self::OverrideNotPossible => "OVERRIDE_NOT_POSSIBLE",
            Self::ApproverIsSender => "APPROVER_IS_SENDER",
            Self::ApproverNotOfAgency => "APPROVER_NOT_OF_AGENCY",
            Self::NotADraft => "NOT_A_DRAFT",
            Self::SentToAnother => "SENT_TO_ANOTHER",
            Self::MadeByAnother => "MADE_BY_ANOTHER",
            Self::NotAwaitingAnswer => "NOT_AWAITING_ANSWER",
            Self::NotInThisState => "NOT_IN_THIS_STATE",
            Self::ZeroExclusion => "ZERO_EXCLUSION",
            Self::CriterionMissing => "CRITERION_MISSING",
            Self::AlreadyOpen => "ALREADY_OPEN",
            Self::ConsentLapsed => "CONSENT_LAPSED",
            Self::PersonDied => "PERSON_DIED",
            Self::QuestionNotFound => "QUESTION_NOT_FOUND",
            Self::AlreadySupplied => "ALREADY_SUPPLIED",
            Self::AlreadySplit => "ALREADY_SPLIT",
            Self::WorkerNotOfAgency => "WORKER_NOT_OF_AGENCY",
            Self::BeforeWhatItFollows => "BEFORE_WHAT_IT_FOLLOWS",
            Self::AnotherPerson => "ANOTHER_PERSON",
            Self::ExpiredByClockAlone => "EXPIRED_BY_CLOCK_ALONE",
            Self::KeptElsewhere => "KEPT_ELSEWHERE",
        }
    }
}
