//! The service's own log as rows: offers, referrals, participations, and the clocks that run.
//! Invariant: a referral's row says what its events say in their order, however they come in batches.

use kernel::{AgencyId, Decider, Timestamp, WorkerId};
use platform::args;
use platform::db::Rows;
use platform::lists::Logged;
use platform::projection::ApplyError;
use platform::records::Tells;
use proto::referrals::ReferralState as State;
use uuid::Uuid;

use super::{disclosures, participations};
use crate::clocks::CONSENT;
use crate::domain::offer::{self, Offer};
use crate::domain::participation::Participation;
use crate::domain::referral::{self, Clock, Referral, When};
use crate::wire;

/// The projection.
pub struct Lists;

const OFFER: &str = "INSERT INTO offer (id, agency, practice, at, open, domains, content) VALUES {rows} \
     ON CONFLICT (id) DO UPDATE SET practice = excluded.practice, open = excluded.open, domains = excluded.domains, content = excluded.content";
const ROOM: &str = "WITH given (id, capacity) AS (VALUES {rows}) \
     UPDATE offer SET capacity = given.capacity FROM given WHERE offer.id = given.id";
const CLOSED: &str = "UPDATE offer SET open = 0, capacity = NULL WHERE id IN (VALUES {rows})";
const NAME: &str =
    "INSERT INTO offer_identifier (agency, system, value, offer) VALUES {rows} ON CONFLICT DO NOTHING";
const NO_NAME: &str = "DELETE FROM offer_identifier WHERE offer IN (VALUES {rows})";
const DRAFT: &str = "INSERT INTO referral (id, person, requester, target, state, at, requested, priority, overdue, died, follows, tells_where) VALUES {rows}";
const TOLD: &str = "INSERT INTO referral (id, person, requester, target, state, at, requested, priority, overdue, died, follows, tells_where) VALUES {rows} \
     ON CONFLICT (id) DO UPDATE SET requester = excluded.requester, target = excluded.target, state = excluded.state";
const REQUESTED: &str = "WITH given (id, at, consent, approver, part2) AS (VALUES {rows}) \
     UPDATE referral SET requested = given.at, consent = given.consent, approver = given.approver, part2 = given.part2 FROM given WHERE referral.id = given.id";
const OVERDUE: &str = "WITH given (id, clocks) AS (VALUES {rows}) \
     UPDATE referral SET overdue = referral.overdue | given.clocks FROM given WHERE referral.id = given.id";
const NOT_OVERDUE: &str = "WITH given (id, clocks) AS (VALUES {rows}) \
     UPDATE referral SET overdue = referral.overdue & ~given.clocks FROM given WHERE referral.id = given.id";
const DIED: &str = "UPDATE referral SET died = 1 WHERE id IN (VALUES {rows})";
const LIVES: &str = "UPDATE referral SET died = 0 WHERE id IN (VALUES {rows})";
const STATE: &str = "WITH given (id, state) AS (VALUES {rows}) \
     UPDATE referral SET state = given.state FROM given WHERE referral.id = given.id";
const ASSIGNED: &str = "WITH given (id, worker) AS (VALUES {rows}) \
     UPDATE referral SET assignee = given.worker FROM given WHERE referral.id = given.id";
const NOBODYS: &str = "UPDATE referral SET assignee = NULL WHERE id IN (VALUES {rows})";
const DUE: &str =
    "INSERT INTO due (id, referral, clock, at) VALUES {rows} ON CONFLICT (id) DO UPDATE SET at = excluded.at";
const NOT_DUE: &str = "DELETE FROM due WHERE id IN (VALUES {rows})";
const NO_CLOCK_DUE: &str = "DELETE FROM due WHERE clock <> 'consent' AND referral IN (VALUES {rows})";
const NONE_DUE: &str = "DELETE FROM due WHERE referral IN (VALUES {rows})";

impl platform::lists::Lists for Lists {
    const VERSION: u32 = 10;
    const TELLS: Tells = wire::TELLS;

    fn tables(&self, _postgres: bool) -> Vec<String> {
        [
            // `domains` has a bit for each life domain; content and capacity are as events hold them, for an offer concerns nobody.
            "CREATE TABLE offer (id uuid PRIMARY KEY, agency uuid NOT NULL, practice text NOT NULL, at bigint NOT NULL, open bigint NOT NULL, \
             domains bigint NOT NULL, content bytea NOT NULL, capacity bytea)",
            "CREATE INDEX offer_newest ON offer (at, id)",
            "CREATE TABLE offer_identifier (agency uuid NOT NULL, system text NOT NULL, value text NOT NULL, offer uuid NOT NULL, \
             PRIMARY KEY (agency, system, value, offer))",
            "CREATE INDEX offer_identifier_offer ON offer_identifier (offer)",
            // `requested` is 0 for what was never sent here; by which consent it is told of, who approved that it goes without one, and whether it is under
            // 42 CFR Part 2, is not known before. `overdue` has a bit for each clock that is breached, `died` tells that nothing is late any more because the
            // person died; `follows` is as the contract numbers it; `tells_where` is of what names a home, or may.
            "CREATE TABLE referral (id uuid PRIMARY KEY, person uuid NOT NULL, requester uuid, target uuid, state bigint NOT NULL, \
             at bigint NOT NULL, requested bigint NOT NULL, priority bigint NOT NULL, overdue bigint NOT NULL, died bigint NOT NULL, assignee uuid, consent text, approver text, part2 bigint, follows bigint NOT NULL, tells_where bigint NOT NULL)",
            "CREATE INDEX referral_assignee ON referral (assignee)",
            participations::TABLE,
            "CREATE INDEX participation_agency ON participation (agency, at, id)",
            "CREATE INDEX participation_person ON participation (person, at, id)",
            "CREATE INDEX participation_assignee ON participation (assignee, at, id)",
            "CREATE INDEX participation_offer ON participation (offer, at, id)",
            "CREATE INDEX referral_requester ON referral (requester, at, id)",
            "CREATE INDEX referral_target ON referral (target, at, id)",
            "CREATE INDEX referral_waits_for ON referral (target, requested, id)",
            "CREATE INDEX referral_waits ON referral (requester, requested, id)",
            "CREATE INDEX referral_person ON referral (person, at, id)",
            disclosures::TABLE,
            "CREATE INDEX disclosure_of ON disclosure (person, at, id)",
            "CREATE INDEX disclosure_by ON disclosure (discloser, at, id)",
            "CREATE TABLE due (id uuid PRIMARY KEY, referral uuid NOT NULL, clock text NOT NULL, at bigint NOT NULL)",
            "CREATE INDEX due_at ON due (at)",
            "CREATE INDEX due_referral ON due (referral)",
        ]
        .map(str::to_owned)
        .into()
    }

    async fn apply(&self, logged: &Logged<'_>, rows: &mut Rows) -> Result<(), ApplyError> {
        match logged.category {
            Offer::CATEGORY => apply_offer(logged, &logged.event::<Offer>()?, rows),
            Referral::CATEGORY => apply_referral(logged, &logged.event::<Referral>()?, rows)?,
            Participation::CATEGORY => {
                participations::apply(logged, &logged.event::<Participation>()?, rows);
            }
            _ => {}
        }
        Ok(())
    }
}

fn apply_offer(logged: &Logged<'_>, event: &offer::Event, rows: &mut Rows) {
    let id = logged.id;
    match event {
        offer::Event::Published { agency, content, .. } => {
            let (domains, bytes) = (domain_bits(&content.life_domains), wire::offer_bytes(content));
            let row = args![id, agency.uuid(), content.practice.clone(), logged.at(), true, domains, bytes];
            rows.put(&[id], OFFER, [row]);
            rows.put(&[id], NO_NAME, [args![id]]);
            let name = |(system, value): &(String, String)| {
                args![agency.uuid(), system.as_str(), value.as_str(), id]
            };
            rows.put(&[id], NAME, content.identifiers.iter().map(name));
        }
        offer::Event::CapacityReported(capacity) => {
            rows.put(&[id], ROOM, [args![id, wire::capacity_bytes(capacity)]]);
        }
        offer::Event::Withdrawn { .. } => rows.put(&[id], CLOSED, [args![id]]),
    }
}

/// A bit for each of these life domains.
pub(super) fn domain_bits(domains: &[i32]) -> i64 {
    let bit = |domain: &i32| u32::try_from(*domain).ok().and_then(|domain| 1_i64.checked_shl(domain));
    domains.iter().filter_map(bit).fold(0, |bits, bit| bits | bit)
}

/// What becomes of a referral's clocks.
#[derive(Default)]
struct Turns {
    /// None runs any more.
    none: bool,
    /// Nor is anything else due.
    over: bool,
    /// These run no more.
    stopped: Vec<Clock>,
    /// What these waited for has happened.
    happened: Vec<Clock>,
    /// These run until then.
    set: Vec<(Clock, Timestamp)>,
}

impl Turns {
    fn rest() -> Self {
        Self { none: true, ..Self::default() }
    }
    fn end() -> Self {
        Self { happened: Clock::ALL.to_vec(), over: true, ..Self::rest() }
    }
    fn set(set: impl IntoIterator<Item = (Clock, Timestamp)>) -> Self {
        Self { set: set.into_iter().collect(), ..Self::default() }
    }
    /// But for those that had run out before it was told.
    fn set_as_told(set: impl IntoIterator<Item = (Clock, Timestamp)>, when: When) -> Self {
        Self::set(set.into_iter().filter(|(_, due)| !when.misses(*due)))
    }
    fn ran_out(self, clock: Clock) -> Self {
        Self { stopped: vec![clock], ..self }
    }
    fn happened(self, clocks: &[Clock]) -> Self {
        Self { stopped: clocks.to_vec(), happened: clocks.to_vec(), ..self }
    }
}

/// Its bit among those of a referral's breached clocks.
pub(super) fn bit(clock: Clock) -> i64 {
    match clock {
        Clock::Acknowledge => 1,
        Clock::Answer => 2,
        Clock::Start => 4,
        Clock::Review => 8,
        Clock::Expiry => 16,
    }
}

fn apply_referral(logged: &Logged<'_>, event: &referral::Event, rows: &mut Rows) -> Result<(), ApplyError> {
    let id = logged.id;
    let (state, clocks) = match event {
        referral::Event::Drafted(facts) => {
            let sides = (facts.requester, Some(facts.target));
            let follows = wire::following(facts.origin);
            let of_homes = wire::of_homes(facts);
            return put(DRAFT, logged, sides, (State::Draft, facts.priority, follows, of_homes), rows);
        }
        referral::Event::Recorded { told, .. } => {
            let target = told.offer.as_ref().map(|(_, agency, _)| *agency);
            let sides = (Some(told.requester), target);
            // It may have been to a home: its source tells no domain.
            return put(TOLD, logged, sides, (wire::recorded_state(told.answer), 0, 0, true), rows);
        }
        referral::Event::Sent(sent) => (Some(State::Requested), Turns::set_as_told(sent.clocks(), sent.when)),
        referral::Event::Acknowledged { .. } => (None, Turns::default().happened(&[Clock::Acknowledge])),
        referral::Event::Accepted { when, start_by, .. } => {
            let waited = [Clock::Acknowledge, Clock::Answer, Clock::Expiry];
            (Some(State::Accepted), Turns::set_as_told([(Clock::Start, *start_by)], *when).happened(&waited))
        }
        referral::Event::Started { .. } => {
            (Some(State::InProgress), Turns::default().happened(&[Clock::Start]))
        }
        referral::Event::Held { .. } => (Some(State::OnHold), Turns::rest()),
        referral::Event::Resumed { when, clocks } => {
            (Some(State::InProgress), Turns::set_as_told(clocks.iter().copied(), *when))
        }
        referral::Event::Reviewed { when, next } => {
            let next = next.map(|next| (Clock::Review, next));
            (None, Turns::set_as_told(next, *when).happened(&[Clock::Review]))
        }
        referral::Event::Overdue { clock, expires, .. } => {
            (None, Turns::set(expires.map(|at| (Clock::Expiry, at))).ran_out(*clock))
        }
        referral::Event::PersonDied { .. } => {
            rows.put(&[id], DIED, [args![id]]);
            (None, Turns::rest())
        }
        referral::Event::PersonAlive { clocks } => {
            rows.put(&[id], LIVES, [args![id]]);
            (None, Turns::set(clocks.iter().copied()))
        }
        referral::Event::ConsentLapsed { .. } => (None, Turns::rest()),
        referral::Event::ConsentRestored { clocks, .. } => (None, Turns::set(clocks.iter().copied())),
        referral::Event::InformationSupplied { consent, .. } => {
            disclosures::supplied(logged, consent, rows)?;
            (None, Turns::default())
        }
        referral::Event::ConsentForeseen { changes } => {
            match changes {
                Some(at) => {
                    let row = args![due_id(id, CONSENT), id, CONSENT, at.as_microsecond()];
                    rows.put(&[id], DUE, [row]);
                }
                None => rows.put(&[id], NOT_DUE, [args![due_id(id, CONSENT)]]),
            }
            (None, Turns::default())
        }
        referral::Event::Split { .. } => {
            (Some(State::InProgress), Turns::default().happened(&[Clock::Start]))
        }
        referral::Event::Assigned { worker, .. } => {
            assign(id, *worker, (ASSIGNED, NOBODYS), rows);
            (None, Turns::default())
        }
        referral::Event::TransferAsked { .. }
        | referral::Event::FollowedBy { .. }
        | referral::Event::PartEnded { .. }
        | referral::Event::InformationAsked { .. }
        | referral::Event::ContactMade(_)
        | referral::Event::StatusSet(_)
        | referral::Event::Progressed { .. } => (None, Turns::default()),
        referral::Event::Rejected { .. } => (Some(State::Rejected), Turns::end()),
        referral::Event::Cancelled { .. } => (Some(State::Cancelled), Turns::end()),
        referral::Event::Completed { .. } => (Some(State::Completed), Turns::end()),
        referral::Event::Failed { .. } => (Some(State::Failed), Turns::end()),
        referral::Event::EnteredInError => (Some(State::EnteredInError), Turns::end()),
    };
    if let Some(state) = state {
        rows.put(&[id], STATE, [args![id, i32::from(state)]]);
    }
    if clocks.none {
        rows.put(&[id], if clocks.over { NONE_DUE } else { NO_CLOCK_DUE }, [args![id]]);
    }
    if let referral::Event::Sent(sent) = event {
        let approver = sent.overriding.as_ref().map(|(_, approver)| approver.to_string()).unwrap_or_default();
        let row = args![id, sent.when.at.as_microsecond(), sent.consent.clone(), approver, sent.part2];
        rows.put(&[id], REQUESTED, [row]);
        disclosures::sent(logged, sent.when.at, rows)?;
    }
    if let referral::Event::Overdue { clock, .. } = event {
        rows.put(&[id], OVERDUE, [args![id, bit(*clock)]]);
    }
    let happened = clocks.happened.iter().fold(0, |bits, clock| bits | bit(*clock));
    if happened != 0 {
        rows.put(&[id], NOT_OVERDUE, [args![id, happened]]);
    }
    rows.put(&[id], NOT_DUE, clocks.stopped.iter().map(|clock| args![due_id(id, clock.name())]));
    let due = |(clock, at): &(Clock, Timestamp)| {
        args![due_id(id, clock.name()), id, clock.name(), at.as_microsecond()]
    };
    rows.put(&[id], DUE, clocks.set.iter().map(due));
    Ok(())
}

pub(super) fn assign(id: Uuid, worker: Option<WorkerId>, to: (&'static str, &'static str), rows: &mut Rows) {
    match worker {
        Some(worker) => rows.put(&[id], to.0, [args![id, worker.uuid()]]),
        None => rows.put(&[id], to.1, [args![id]]),
    }
}

/// The one row of what is due by that name.
fn due_id(referral: Uuid, name: &str) -> Uuid {
    Uuid::new_v5(&referral, name.as_bytes())
}

/// A referral and its sides: that which asks and that which is asked. The person's own has no requester.
fn put(
    sql: &'static str,
    logged: &Logged<'_>,
    (requester, target): (Option<AgencyId>, Option<AgencyId>),
    (state, priority, follows, tells_where): (State, i32, i32, bool),
    rows: &mut Rows,
) -> Result<(), ApplyError> {
    let person = Uuid::try_parse(&logged.read.event.person_id)
        .map_err(|_| ApplyError::Poison("its person is damaged".into()))?;
    let (requester, target) = (requester.map(AgencyId::uuid), target.map(AgencyId::uuid));
    let state = i32::from(state);
    let at = logged.at();
    let row =
        args![logged.id, person, requester, target, state, at, 0, priority, 0, false, follows, tells_where];
    rows.put(&[logged.id], sql, [row]);
    Ok(())
}
