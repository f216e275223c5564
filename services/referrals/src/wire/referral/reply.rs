//! A referral as its readers see it.
//! Invariant: what is sealed is left out here, and so are the referrals of others in a household; a reply opens it apart, and names those that its reader may read.

use platform::wire::to_instant;
use proto::referrals as pb;

use super::clocks::running_out;
use super::links::{followed_out, origin_out, parts_out};
use super::{
    business_status, clock, closing_reason, criterion, hold_reason, id_text, outcome, progress, split_rule,
};
use crate::domain::ReferralId;
use crate::domain::referral::{Beside, Clock, Closing, Facts, Followed, Situation, State};
use crate::wire::codes::state as state_out;
use crate::wire::contact::contact_out;

/// A referral as its readers see it, without what is sealed and without those drafted together with it.
pub fn referral(id: ReferralId, version: u64, state: &State) -> pb::Referral {
    let mut out = pb::Referral {
        id: id.to_string(),
        etag: version.to_string(),
        state: state_out(state).into(),
        person_id: id_text(state.person()),
        ..Default::default()
    };
    match state {
        State::Unmade | State::InError { .. } => {}
        State::Made { facts, situation, beside } => {
            asked(&mut out, facts);
            stands(&mut out, situation);
            also(&mut out, beside);
        }
        State::Told(told) => {
            out.requester_agency_id = told.requester.to_string();
            out.requested_at = Some(to_instant(told.made.at));
            if let Some((offer, agency, name)) = &told.offer {
                out.offer_id = offer.to_string();
                out.target_agency_id = agency.to_string();
                out.offer_name = name.clone();
            }
        }
    }
    out
}

fn asked(out: &mut pb::Referral, facts: &Facts) {
    out.requester_agency_id = id_text(facts.requester);
    out.target_agency_id = facts.target.to_string();
    out.offer_id = facts.offer.to_string();
    out.offer_name = facts.offer_name.clone();
    out.priority = facts.priority;
    out.life_domain = facts.life_domain;
    out.goal_id = id_text(facts.goal);
    (out.following, out.follows_id) = origin_out(facts.origin);
}

fn stands(out: &mut pb::Referral, situation: &Situation) {
    let ending = |early: &bool| match early {
        true => pb::Ending::EndedEarly.into(),
        false => pb::Ending::WithdrawnBeforeStart.into(),
    };
    match situation {
        Situation::Draft => {}
        Situation::Requested { acknowledged } => out.acknowledged = *acknowledged,
        Situation::Accepted | Situation::InProgress => out.acknowledged = true,
        Situation::OnHold { reason } => {
            out.acknowledged = true;
            out.hold_reason = hold_reason::number(*reason);
        }
        Situation::Closed(closing) => match closing {
            // Its words are sealed.
            Closing::Rejected { reason, criterion: unmet, text: _ } => {
                out.closing_reason = closing_reason::number(*reason);
                out.criterion = unmet.map(criterion::number).unwrap_or_default();
            }
            Closing::Cancelled(reason, early) | Closing::Failed(reason, early) => {
                out.closing_reason = closing_reason::number(*reason);
                out.ending = ending(early);
            }
            Closing::Completed(came_to) => out.outcome = outcome::number(*came_to),
        },
    }
}

fn also(out: &mut pb::Referral, beside: &Beside) {
    out.requested_at = beside.requested_at.map(to_instant);
    out.acknowledge_by = beside.clocks.due(Clock::Acknowledge).map(to_instant);
    let running = |clock| beside.clocks.due(clock).map(|due| (clock, due));
    out.clocks = running_out(&Clock::ALL.into_iter().filter_map(running).collect::<Vec<_>>());
    out.overdue = beside.clocks.overdue().map(clock::number).collect();
    out.clocks_rest = beside.clocks.rest();
    out.missed = running_out(&beside.clocks.missed().collect::<Vec<_>>());
    out.business_status = business_status::number(beside.status);
    out.consent_lapsed = beside.consent_lapsed.is_some();
    out.contacts = beside.contacts.iter().map(contact_out).collect();
    out.transfer_asked = beside.transfer_asked.is_some();
    out.assignee_worker_id = id_text(beside.assignee);
    let followed = |(how, referral): &(Followed, ReferralId)| pb::FollowedBy {
        following: followed_out(*how),
        referral_id: referral.to_string(),
    };
    out.followed_by = beside.followed_by.iter().map(followed).collect();
    if let Some(split) = &beside.split {
        out.split_rule = split_rule::number(split.rule);
        out.parts = parts_out(split);
    }
    if let Some((so_far, record)) = &beside.reported {
        out.progress = progress::number(*so_far);
        out.receiving_record = record.clone();
    }
}
