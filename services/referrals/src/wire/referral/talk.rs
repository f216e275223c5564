//! What the sides of a referral tell each other, as requests and in stored events.
//! Invariant: questions and answers leave sealed and come back sealed; the request id names what it adds.

use kernel::Private;
use platform::command::{Ask as Asked, Ink, Unreadable, from_private};
use platform::error::BadField;
use platform::wire;
use proto::log::{Event as Stored, Sealed};
use proto::referrals as pb;
use proto::referrals::referrals_event::Kind;
use tonic::Status;
use uuid::Uuid;

use super::{NEED, business_status, referral_id, stored_id};
use crate::domain::ReferralId;
use crate::domain::contact::Contact;
use crate::domain::referral::Command;
use crate::wire::contact::{contact_in, contact_out};

type Parsed = Result<(ReferralId, Command), BadField>;

/// The target wants to know something.
pub fn ask(ask: &Asked, request: &pb::AskForInformationRequest) -> Parsed {
    let text = wire::private("question", &request.question, NEED)?;
    let command = Command::AskInformation { by: ask.by(), question: ask.request_id, text };
    Ok((referral_id(&request.referral_id)?, command))
}

/// It is told; the directive that covers it now is looked up by the caller.
pub fn supply(ask: &Asked, consent: Option<String>, request: &pb::SupplyInformationRequest) -> Parsed {
    let question = wire::id::<ReferralId>("question_id", &request.question_id)?.uuid();
    let text = wire::private("answer", &request.answer, NEED)?;
    let command = Command::SupplyInformation { by: ask.by(), question, text, consent };
    Ok((referral_id(&request.referral_id)?, command))
}

/// The person was reached, or it was tried.
pub fn contact(ask: &Asked, request: &pb::AddReferralContactRequest) -> Parsed {
    let contact = contact_in(ask.request_id, request.contact.as_ref())?;
    wire::not_ahead("contact.occurred", contact.occurred.at, ask.at)?;
    Ok((referral_id(&request.referral_id)?, Command::AddContact { by: ask.by(), contact }))
}

/// How far it is.
pub fn status(ask: &Asked, request: &pb::SetReferralBusinessStatusRequest) -> Parsed {
    let status = business_status::parse("status", request.status)?;
    Ok((referral_id(&request.referral_id)?, Command::SetStatus { by: ask.by(), status }))
}

pub(super) fn asked(
    referral_id: String,
    question: Uuid,
    text: &Private,
    ink: &Ink<'_>,
) -> Result<Kind, Status> {
    Ok(Kind::ReferralInformationAsked(pb::ReferralInformationAsked {
        referral_id,
        question_id: question.to_string(),
        question: Some(ink.seal("information.question", text)?),
    }))
}

pub(super) fn supplied(
    referral_id: String,
    question: Uuid,
    text: &Private,
    ink: &Ink<'_>,
) -> Result<Kind, Status> {
    Ok(Kind::ReferralInformationSupplied(pb::ReferralInformationSupplied {
        referral_id,
        question_id: question.to_string(),
        answer: Some(ink.seal("information.answer", text)?),
    }))
}

pub(super) fn made(referral_id: String, contact: &Contact) -> Kind {
    Kind::ReferralContactMade(pb::ReferralContactMade {
        referral_id,
        contact: Some(contact_out(contact)),
        contact_id: contact.id.to_string(),
    })
}

/// Which question, and the words.
pub(super) fn stored_words(
    stored: &Stored,
    question: &str,
    text: Option<&Sealed>,
) -> Result<(Uuid, Private), Unreadable> {
    let text = from_private(text).ok_or_else(|| Unreadable::new(stored, "it has no words"))?;
    Ok((stored_id::<ReferralId>(stored, question)?.uuid(), text))
}
