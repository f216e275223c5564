//! Referrals that await their target, and participations.
//! Invariant: a clock that had run out before its cause was recorded, or that a record tells of, is none; a paused participation does not go on.

use platform::source::Read;
use prost::Message;
use proto::referrals::referrals_event::Kind;
use proto::referrals::{Clock, ReferralsEvent, RunningClock};
use proto::types::LifeDomain;

use super::stored::{Fact, Referral, Service, Unreadable, happened, instant, written};

pub(super) fn apply(held: Option<Fact>, read: &Read) -> Result<Option<Fact>, Unreadable> {
    let payload = ReferralsEvent::decode(read.event.payload.clone()).map_err(|_| Unreadable)?;
    Ok(match (payload.kind.ok_or(Unreadable)?, held) {
        (Kind::ReferralDrafted(drafted), _) => {
            let asks = &drafted.requester_agency_id;
            // The person's own referral is first seen by who is asked.
            let agency = if asks.is_empty() { &drafted.target_agency_id } else { asks };
            let written = written(read, agency, drafted.part2);
            // Which homes somebody is referred to tells where they may be found.
            let homes = drafted.life_domain == i32::from(LifeDomain::Housing);
            Some(Fact::Referral(Referral {
                written: Some(if homes { written.telling_where() } else { written }),
                target: drafted.target_agency_id.clone(),
                ..Referral::default()
            }))
        }
        (Kind::ReferralSent(sent), Some(Fact::Referral(referral))) => {
            let by = sent.acknowledge_by.as_ref().map(|by| instant(Some(by))).transpose()?;
            let runs = by.filter(|by| *by > read.recorded.recorded_at);
            let acknowledge_by = runs.map(jiff::Timestamp::as_microsecond);
            // By now its requester may be a 42 CFR Part 2 programme.
            let asked = referral.written.clone().unwrap_or_default();
            let programmes = || written(read, &asked.agency, true);
            let written = match (sent.part2, asked.tells_where()) {
                (true, true) => Some(programmes().telling_where()),
                (true, false) => Some(programmes()),
                (false, _) => referral.written,
            };
            Some(Fact::Referral(Referral { acknowledge_by, written, ..referral }))
        }
        // While the consent has lapsed the clock rests, and then goes on with what was left.
        (Kind::ReferralConsentLapsed(_), Some(Fact::Referral(referral))) => {
            let rested = referral.acknowledge_by;
            Some(Fact::Referral(Referral { acknowledge_by: None, rested, ..referral }))
        }
        (Kind::ReferralPersonAlive(alive), Some(Fact::Referral(referral))) => {
            let acknowledge = |running: &&RunningClock| running.clock() == Clock::Acknowledge;
            let due = alive.clocks.iter().find(acknowledge).map(|running| instant(running.due_at.as_ref()));
            let acknowledge_by = due.transpose()?.map(jiff::Timestamp::as_microsecond);
            // None runs where it had run out before it rested, or rests on.
            Some(Fact::Referral(Referral {
                acknowledge_by: acknowledge_by.or(referral.acknowledge_by),
                ..referral
            }))
        }
        (Kind::ReferralConsentRestored(restored), Some(Fact::Referral(referral))) => {
            let acknowledge = |running: &&RunningClock| running.clock() == Clock::Acknowledge;
            let due =
                restored.clocks.iter().find(acknowledge).map(|running| instant(running.due_at.as_ref()));
            // One that had run out before it rested has run out still.
            let acknowledge_by = due.transpose()?.map(jiff::Timestamp::as_microsecond).or(referral.rested);
            Some(Fact::Referral(Referral { acknowledge_by, rested: None, ..referral }))
        }
        (
            Kind::ReferralAcknowledged(_)
            | Kind::ReferralAccepted(_)
            | Kind::ReferralRejected(_)
            | Kind::ReferralCancelled(_)
            | Kind::ReferralStarted(_)
            | Kind::ReferralHeld(_)
            | Kind::ReferralResumed(_)
            | Kind::ReferralCompleted(_)
            | Kind::ReferralFailed(_)
            | Kind::ReferralEnteredInError(_)
            | Kind::ReferralRecorded(_)
            | Kind::ParticipationEnteredInError(_),
            _,
        ) => None,

        (Kind::ParticipationStarted(started), _) => Some(Fact::Service(Service {
            written: Some(written(read, &started.agency_id, started.part2)),
            practice: started.practice,
            from: happened(read)?.as_microsecond(),
            zone: read.event.occurred.clone().unwrap_or_default().zone,
            ..Service::default()
        })),
        (Kind::ParticipationRecorded(told), held) => {
            // Told again, it carries out what it did before, and rests on where it rested while no end of it is told.
            let before = match held {
                Some(Fact::Service(service)) => service,
                Some(_) | None => Service::default(),
            };
            let rested = before.until.filter(|_| before.paused && told.ended.is_none());
            let began = told.started.ok_or(Unreadable)?;
            let ended = told.ended.map(|ended| instant(ended.at.as_ref())).transpose()?;
            Some(Fact::Service(Service {
                written: Some(written(read, &told.agency_id, told.part2)),
                practice: told.practice,
                from: instant(began.at.as_ref())?.as_microsecond(),
                until: ended.map(jiff::Timestamp::as_microsecond).or(rested),
                zone: began.zone,
                plan_items: before.plan_items,
                paused: rested.is_some(),
                ..Service::default()
            }))
        }
        (Kind::ParticipationPlanNamed(named), Some(Fact::Service(service))) => {
            Some(Fact::Service(Service { plan_items: named.plan_item_ids, ..service }))
        }
        (Kind::ParticipationPaused(_), Some(Fact::Service(service))) => {
            let until = Some(happened(read)?.as_microsecond());
            Some(Fact::Service(Service { until, paused: true, ..service }))
        }
        (Kind::ParticipationResumed(_), Some(Fact::Service(service))) => {
            let from = happened(read)?.as_microsecond();
            Some(Fact::Service(Service { from, until: None, paused: false, ..service }))
        }
        (Kind::ParticipationEnded(_), Some(Fact::Service(service))) => {
            let until = Some(happened(read)?.as_microsecond());
            Some(Fact::Service(Service { until, paused: false, ..service }))
        }

        // Offers concern nobody; the rest changes nothing that a rule looks at, or follows no beginning.
        (
            Kind::ServiceOfferPublished(_)
            | Kind::ServiceOfferCapacityReported(_)
            | Kind::ServiceOfferWithdrawn(_)
            | Kind::ReferralSent(_)
            | Kind::ReferralOverdue(_)
            | Kind::ReferralReviewed(_)
            | Kind::ReferralTransferAsked(_)
            | Kind::ReferralFollowed(_)
            | Kind::ReferralSplit(_)
            | Kind::ReferralPartEnded(_)
            | Kind::ReferralAssigned(_)
            | Kind::ParticipationAssigned(_)
            | Kind::CaseloadHandedOver(_)
            | Kind::ReferralInformationAsked(_)
            | Kind::ReferralInformationSupplied(_)
            | Kind::ReferralContactMade(_)
            | Kind::ReferralBusinessStatusSet(_)
            // Of the dead nothing is found, and of the living it goes on where the clock says so.
            | Kind::ReferralPersonDied(_)
            | Kind::ReferralPersonAlive(_)
            | Kind::ReferralConsentLapsed(_)
            | Kind::ReferralConsentRestored(_)
            | Kind::ReferralConsentForeseen(_)
            | Kind::ReferralProgressed(_)
            | Kind::ParticipationPlanNamed(_)
            | Kind::ParticipationContactMade(_)
            | Kind::ParticipationPaused(_)
            | Kind::ParticipationResumed(_)
            | Kind::ParticipationEnded(_)
            | Kind::ReactionRefused(_),
            held,
        ) => held,
    })
}
