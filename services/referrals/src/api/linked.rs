//! Referrals that are written together: of a household, after another, in parts.
//! Invariant: what belongs together is one append; what a decision looked at beside it still stands when it is written; of whom died none is begun.

use kernel::{Decider, OfferId};
use platform::command::{Ask, Changes, Done, Stream, id_of};
use proto::referrals as pb;
use tonic::{Request, Status};

use super::referrals::with_consent;
use super::{Api, REQUEST};
use crate::domain::ReferralId;
use crate::domain::offer::Offer;
use crate::domain::referral::{self, Command, Origin, Pace, Referral, Refusal, State};
use crate::{places, wire};

fn streams(referrals: &[ReferralId]) -> Vec<Stream<Referral>> {
    referrals.iter().map(|referral| Stream::of(referral.uuid())).collect()
}

pub(super) async fn draft(
    api: &Api,
    request: &Request<pb::DraftReferralRequest>,
) -> Result<pb::DraftReferralResponse, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("DraftReferral", REQUEST, request, &r.request_id, "")?;
    let at = platform::wire::happened("occurred_at", r.occurred_at.as_ref(), ask.at)?;
    let ask = Ask { at: at.at, ..ask }.of_the_living(api.view.people());
    let mut drafting = wire::draft(r)?;
    drafting.by_programme = api.view.is_programme(ask.caller.speaks_for()).await?;
    let (head, by) = (drafting.id.uuid(), ask.by());
    let referrals = drafting.referrals();
    for referral in &referrals {
        api.desk.begins::<Referral>(referral.uuid());
    }
    let old = drafting.follows.and_then(Origin::of).map(|old| Stream::<Referral>::of(old.uuid()));
    let all = (streams(&referrals), old, Stream::<Offer>::of(drafting.offer.uuid()));
    let done = api.desk.execute(&ask, id_of::<Referral>(head), all, |(drafts, old, offer)| {
        let commands = drafting.commands(by, ask.at, offer, old.as_ref().map(|old| &**old));
        let mut changes = Changes::none();
        for (now, command) in drafts.iter().zip(commands) {
            changes = changes.write::<Referral>(now, Referral::decide(now, command)?);
        }
        Ok::<_, Refusal>(changes)
    });
    let done = done.await?;
    // A resend has made other ids; those that were written follow from the first of them.
    let head = ReferralId::new(done.subject);
    let household_referral_ids = wire::members(head, r)?;
    Ok(pb::DraftReferralResponse { written: Some(done.into()), household_referral_ids })
}

pub(super) async fn send_household(
    api: &Api,
    request: &Request<pb::SendHouseholdReferralRequest>,
) -> Result<Done, Status> {
    with_consent(api, || Box::pin(send_household_as_known(api, request))).await
}

async fn send_household_as_known(
    api: &Api,
    request: &Request<pb::SendHouseholdReferralRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("SendHouseholdReferral", REQUEST, request, &r.request_id, &r.etag)?;
    let ask = ask.of_the_living(api.view.people());
    let when = wire::when(&ask, r.occurred_at.as_ref())?;
    let ask = Ask { at: when.at, ..ask };
    let head: ReferralId = platform::wire::id("referral_id", &r.referral_id)?;
    // Who belongs to it was settled when it was drafted.
    let members = match &*api.desk.load::<Referral>(head.uuid()).await?.state {
        State::Made { facts, .. } => wire::with_members(head, &facts.household),
        State::Unmade | State::Told(_) | State::InError { .. } => vec![head],
    };
    let mut consents = Vec::with_capacity(members.len());
    let mut pace = Pace::default();
    for member in &members {
        // They are all sent to one target.
        let (consent, of_target) = api.consent(*member, when).await?;
        consents.push(consent);
        pace = of_target;
    }
    let programme = api.view.is_programme(ask.caller.speaks_for()).await?;
    let done = api.desk.execute(&ask, id_of::<Referral>(head.uuid()), streams(&members), |drafts| {
        let mut changes = Changes::none();
        for (now, consent) in drafts.iter().zip(&consents) {
            let (by, consent, pace) = (ask.by(), consent.clone(), pace.clone());
            let command = Command::Send { by, when, consent, overriding: None, programme, pace };
            let events = Referral::decide(now, command)?;
            changes = places::with(changes, &api.desk, now, events);
        }
        Ok(changes)
    });
    Ok(done.await?)
}

pub(super) async fn split(
    api: &Api,
    request: &Request<pb::SplitReferralRequest>,
) -> Result<pb::SplitReferralResponse, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("SplitReferral", REQUEST, request, &r.request_id, &r.etag)?;
    let ask = ask.of_the_living(api.view.people());
    let (whole, rule, offers) = wire::split(r)?;
    let parts: Vec<ReferralId> = offers.iter().map(|offer| wire::part(whole, *offer)).collect();
    let asked: Vec<Stream<Offer>> = offers.iter().map(|offer| Stream::of(offer.uuid())).collect();
    let all = (Stream::<Referral>::of(whole.uuid()), streams(&parts), asked);
    let programme = api.view.is_programme(ask.caller.speaks_for()).await?;
    let done = api.desk.execute(&ask, id_of::<Referral>(whole.uuid()), all, |(now, drafts, said)| {
        let by = ask.by();
        let events = Referral::decide(now, Command::Split { by, rule, parts: parts.clone() })?;
        let mut changes = places::moved(&api.desk, now, events);
        let State::Made { facts, .. } = &*now.state else { return Err(Refusal::NotFound) };
        for (((draft, id), offer), content) in drafts.iter().zip(&parts).zip(&offers).zip(said) {
            let asking = referral::Ask::part(facts, now, *offer, content).by_programme(programme);
            let command = Command::Draft { id: *id, by, at: ask.at, ask: Box::new(asking) };
            changes = changes.write::<Referral>(draft, Referral::decide(draft, command)?);
        }
        Ok(changes)
    });
    let written = Some(done.await?.into());
    Ok(pb::SplitReferralResponse {
        written,
        part_referral_ids: parts.iter().map(ToString::to_string).collect(),
    })
}

pub(super) async fn reopen(api: &Api, request: &Request<pb::ReopenReferralRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("ReopenReferral", REQUEST, request, &r.request_id, "")?;
    let ask = ask.of_the_living(api.view.people());
    let old: ReferralId = platform::wire::id("referral_id", &r.referral_id)?;
    // Which offer it asked never changes.
    let offer = match &*api.desk.load::<Referral>(old.uuid()).await?.state {
        State::Made { facts, .. } => Some(Stream::<Offer>::of(OfferId::uuid(facts.offer))),
        State::Unmade | State::Told(_) | State::InError { .. } => None,
    };
    let id = ReferralId::new(uuid::Uuid::now_v7());
    api.desk.begins::<Referral>(id.uuid());
    let programme = api.view.is_programme(ask.caller.speaks_for()).await?;
    let all = (Stream::<Referral>::of(id.uuid()), Stream::<Referral>::of(old.uuid()), offer);
    let done = api.desk.execute(&ask, id_of::<Referral>(id.uuid()), all, |(now, was, offer)| {
        let (State::Made { facts, .. }, Some(offer)) = (&*was.state, offer) else {
            return Err(Refusal::NotFound);
        };
        let asking = referral::Ask::again(facts, Origin::Reopens(old), was, offer).by_programme(programme);
        let command = Command::Draft { id, by: ask.by(), at: ask.at, ask: Box::new(asking) };
        Ok(Changes::none().write::<Referral>(now, Referral::decide(now, command)?))
    });
    Ok(done.await?)
}
