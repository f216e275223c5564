//! The service's own log as rows: offers, referrals, and the clocks that run.
//! Invariant: a referral's row says what its events say in their order, however they come in batches.

use kernel::{AgencyId, Decider};
use platform::args;
use platform::db::Rows;
use platform::lists::Logged;
use platform::projection::ApplyError;
use platform::records::Tells;
use proto::referrals::ReferralState as State;
use uuid::Uuid;

use crate::domain::offer::{self, Offer};
use crate::domain::referral::{self, Referral};
use crate::wire;

/// The projection.
pub struct Lists;

const OFFER: &str = "INSERT INTO offer (id, agency, practice, at, open) VALUES {rows} \
     ON CONFLICT (id) DO UPDATE SET practice = excluded.practice, open = excluded.open";
const CLOSED: &str = "UPDATE offer SET open = 0 WHERE id IN (VALUES {rows})";
const NAME: &str =
    "INSERT INTO offer_identifier (agency, system, value, offer) VALUES {rows} ON CONFLICT DO NOTHING";
const NO_NAME: &str = "DELETE FROM offer_identifier WHERE offer IN (VALUES {rows})";
const DRAFT: &str = "INSERT INTO referral (id, person, requester, target, state, at) VALUES {rows}";
const TOLD: &str = "INSERT INTO referral (id, person, requester, target, state, at) VALUES {rows} \
     ON CONFLICT (id) DO UPDATE SET requester = excluded.requester, target = excluded.target, state = excluded.state";
const STATE: &str = "WITH given (id, state) AS (VALUES {rows}) \
     UPDATE referral SET state = given.state FROM given WHERE referral.id = given.id";
const DUE: &str =
    "INSERT INTO due (referral, at) VALUES {rows} ON CONFLICT (referral) DO UPDATE SET at = excluded.at";
const NOT_DUE: &str = "DELETE FROM due WHERE referral IN (VALUES {rows})";

impl platform::lists::Lists for Lists {
    const VERSION: u32 = 2;
    const TELLS: Tells = wire::TELLS;

    fn tables(&self, _postgres: bool) -> Vec<String> {
        [
            "CREATE TABLE offer (id uuid PRIMARY KEY, agency uuid NOT NULL, practice text NOT NULL, at bigint NOT NULL, open bigint NOT NULL)",
            "CREATE INDEX offer_newest ON offer (at, id)",
            "CREATE TABLE offer_identifier (agency uuid NOT NULL, system text NOT NULL, value text NOT NULL, offer uuid NOT NULL, \
             PRIMARY KEY (agency, system, value, offer))",
            "CREATE INDEX offer_identifier_offer ON offer_identifier (offer)",
            "CREATE TABLE referral (id uuid PRIMARY KEY, person uuid NOT NULL, requester uuid, target uuid, state bigint NOT NULL, \
             at bigint NOT NULL)",
            "CREATE INDEX referral_requester ON referral (requester, at, id)",
            "CREATE INDEX referral_target ON referral (target, at, id)",
            "CREATE INDEX referral_person ON referral (person, at, id)",
            "CREATE TABLE due (referral uuid PRIMARY KEY, at bigint NOT NULL)",
            "CREATE INDEX due_at ON due (at)",
        ]
        .map(str::to_owned)
        .into()
    }

    async fn apply(&self, logged: &Logged<'_>, rows: &mut Rows) -> Result<(), ApplyError> {
        match logged.category {
            Offer::CATEGORY => apply_offer(logged, &logged.event::<Offer>()?, rows),
            Referral::CATEGORY => apply_referral(logged, &logged.event::<Referral>()?, rows)?,
            _ => {}
        }
        Ok(())
    }
}

fn apply_offer(logged: &Logged<'_>, event: &offer::Event, rows: &mut Rows) {
    let id = logged.id;
    match event {
        offer::Event::Published { agency, content } => {
            let row = args![id, agency.uuid(), content.practice.clone(), logged.at(), true];
            rows.put(&[id], OFFER, [row]);
            rows.put(&[id], NO_NAME, [args![id]]);
            let name = |(system, value): &(String, String)| {
                args![agency.uuid(), system.as_str(), value.as_str(), id]
            };
            rows.put(&[id], NAME, content.identifiers.iter().map(name));
        }
        offer::Event::Withdrawn => rows.put(&[id], CLOSED, [args![id]]),
    }
}

/// What becomes of a referral's acknowledge clock.
enum Clock {
    Kept,
    Set(i64),
    Stopped,
}

fn apply_referral(logged: &Logged<'_>, event: &referral::Event, rows: &mut Rows) -> Result<(), ApplyError> {
    let id = logged.id;
    let (state, clock) = match event {
        referral::Event::Drafted(facts) => {
            let sides = (facts.requester, Some(facts.target));
            return put(DRAFT, logged, sides, State::Draft, rows);
        }
        referral::Event::Recorded { told, .. } => {
            let target = told.offer.as_ref().map(|(_, agency, _)| *agency);
            let sides = (Some(told.requester), target);
            return put(TOLD, logged, sides, wire::recorded_state(told.answer), rows);
        }
        referral::Event::Sent(sent) => {
            (Some(State::Requested), Clock::Set(sent.acknowledge_by.as_microsecond()))
        }
        referral::Event::Acknowledged | referral::Event::AcknowledgeOverdue { .. } => (None, Clock::Stopped),
        referral::Event::Accepted { .. } => (Some(State::Accepted), Clock::Stopped),
        referral::Event::Rejected { .. } => (Some(State::Rejected), Clock::Stopped),
        referral::Event::Cancelled { .. } => (Some(State::Cancelled), Clock::Stopped),
        referral::Event::Started | referral::Event::Resumed => (Some(State::InProgress), Clock::Kept),
        referral::Event::Held { .. } => (Some(State::OnHold), Clock::Kept),
        referral::Event::Completed { .. } => (Some(State::Completed), Clock::Kept),
        referral::Event::Failed { .. } => (Some(State::Failed), Clock::Kept),
        referral::Event::EnteredInError => (Some(State::EnteredInError), Clock::Stopped),
        referral::Event::Progressed { .. } => (None, Clock::Kept),
    };
    if let Some(state) = state {
        rows.put(&[id], STATE, [args![id, i32::from(state)]]);
    }
    match clock {
        Clock::Kept => {}
        Clock::Set(at) => rows.put(&[id], DUE, [args![id, at]]),
        Clock::Stopped => rows.put(&[id], NOT_DUE, [args![id]]),
    }
    Ok(())
}

/// A referral and its sides: that which asks and that which is asked. The person's own has no requester.
fn put(
    sql: &'static str,
    logged: &Logged<'_>,
    (requester, target): (Option<AgencyId>, Option<AgencyId>),
    state: State,
    rows: &mut Rows,
) -> Result<(), ApplyError> {
    let person = Uuid::try_parse(&logged.read.event.person_id)
        .map_err(|_| ApplyError::Poison("its person is damaged".into()))?;
    let (requester, target) = (requester.map(AgencyId::uuid), target.map(AgencyId::uuid));
    let row = args![logged.id, person, requester, target, i32::from(state), logged.at()];
    rows.put(&[logged.id], sql, [row]);
    Ok(())
}
