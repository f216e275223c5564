//! The service's own log as rows: offers, referrals, and the clocks that run.
//! Invariant: a referral's row says what its events say in their order, however they come in batches.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use kernel::{AgencyId, Decider};
use platform::args;
use platform::command::Encoding;
use platform::db::{Tx, Value};
use platform::projection::{ApplyError, Projection, Read};
use proto::referrals::ReferralState as State;
use uuid::Uuid;

use crate::domain::offer::{self, Offer};
use crate::domain::referral::{self, Referral};
use crate::wire;

/// The projection.
pub struct Lists;

impl Projection for Lists {
    fn name(&self) -> &'static str {
        "lists"
    }
    fn version(&self) -> u32 {
        1
    }
    fn sources(&self) -> &[&'static str] {
        &["referrals"]
    }

    fn tables(&self, _postgres: bool) -> Vec<String> {
        [
            "CREATE TABLE offer (id uuid PRIMARY KEY, agency uuid NOT NULL, practice text NOT NULL, at bigint NOT NULL, open bigint NOT NULL)",
            "CREATE INDEX offer_newest ON offer (at, id)",
            "CREATE TABLE offer_identifier (agency uuid NOT NULL, system text NOT NULL, value text NOT NULL, offer uuid NOT NULL, \
             PRIMARY KEY (agency, system, value, offer))",
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

    fn apply_batch<'a>(
        &'a self,
        tx: &'a mut Tx,
        _source: &'a str,
        events: &'a [Read],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            let mut referrals: BTreeMap<Uuid, Changed> = BTreeMap::new();
            for read in events {
                let (category, id) = kernel::ids::parse_stream(&read.event.stream)
                    .map_err(|_| ApplyError::Poison("its stream is damaged".into()))?;
                let at = read.recorded.recorded_at.as_microsecond();
                match category {
                    Offer::CATEGORY => apply_offer(tx, id, at, &decode::<Offer>(read)?).await?,
                    Referral::CATEGORY => {
                        let (person, event) = (&read.event.person_id, decode::<Referral>(read)?);
                        referrals.entry(id).or_default().apply(at, person, &event)?;
                    }
                    _ => {}
                }
            }
            store(tx, referrals).await
        })
    }
}

fn decode<D: Encoding>(read: &Read) -> Result<D::Event, ApplyError> {
    D::decode(&read.event).map_err(|unreadable| ApplyError::Poison(unreadable.to_string()))
}

async fn apply_offer(tx: &mut Tx, id: Uuid, at: i64, event: &offer::Event) -> Result<(), ApplyError> {
    match event {
        offer::Event::Published { agency, content } => {
            tx.execute(
                "INSERT INTO offer (id, agency, practice, at, open) VALUES ($1, $2, $3, $4, 1) \
                 ON CONFLICT (id) DO UPDATE SET practice = excluded.practice, open = 1",
                args![id, agency.uuid(), content.practice.clone(), at],
            )
            .await?;
            tx.execute("DELETE FROM offer_identifier WHERE offer = $1", args![id]).await?;
            for (system, value) in &content.identifiers {
                tx.execute(
                    "INSERT INTO offer_identifier (agency, system, value, offer) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                    args![agency.uuid(), system.as_str(), value.as_str(), id],
                )
                .await?;
            }
        }
        offer::Event::Withdrawn => {
            tx.execute("UPDATE offer SET open = 0 WHERE id = $1", args![id]).await?;
        }
    }
    Ok(())
}

/// What a batch of events changes of a referral's rows.
#[derive(Default)]
struct Changed {
    begun: Option<Begun>,
    /// The state it comes to, as the contract numbers them.
    state: Option<i64>,
    /// Its clock: set to an instant, or stopped.
    clock: Option<Option<i64>>,
}

/// A referral that was not there before.
struct Begun {
    person: Uuid,
    /// None for the person's own.
    requester: Option<AgencyId>,
    target: Option<AgencyId>,
    at: i64,
}

impl Changed {
    fn apply(&mut self, at: i64, person: &str, event: &referral::Event) -> Result<(), ApplyError> {
        let damaged = |_| ApplyError::Poison("its person is damaged".into());
        let person = Uuid::try_parse(person).map_err(damaged)?;
        let (state, clock) = match event {
            referral::Event::Drafted(facts) => {
                let (requester, target) = (facts.requester, Some(facts.target));
                self.begun = Some(Begun { person, requester, target, at });
                (Some(State::Draft), None)
            }
            referral::Event::Recorded { told, .. } => {
                let target = told.offer.as_ref().map(|(_, agency, _)| *agency);
                self.begun = Some(Begun { person, requester: Some(told.requester), target, at });
                (Some(wire::recorded_state(told.answer)), None)
            }
            referral::Event::Sent(sent) => {
                (Some(State::Requested), Some(Some(sent.acknowledge_by.as_microsecond())))
            }
            referral::Event::Acknowledged | referral::Event::AcknowledgeOverdue { .. } => (None, Some(None)),
            referral::Event::Accepted { .. } => (Some(State::Accepted), Some(None)),
            referral::Event::Rejected { .. } => (Some(State::Rejected), Some(None)),
            referral::Event::Cancelled { .. } => (Some(State::Cancelled), Some(None)),
            referral::Event::Started | referral::Event::Resumed => (Some(State::InProgress), None),
            referral::Event::Held { .. } => (Some(State::OnHold), None),
            referral::Event::Completed { .. } => (Some(State::Completed), None),
            referral::Event::Failed { .. } => (Some(State::Failed), None),
            referral::Event::EnteredInError => (Some(State::EnteredInError), Some(None)),
            referral::Event::Progressed { .. } => (None, None),
        };
        self.state = state.map(|state| i64::from(i32::from(state))).or(self.state);
        self.clock = clock.or(self.clock);
        Ok(())
    }
}

async fn store(tx: &mut Tx, referrals: BTreeMap<Uuid, Changed>) -> Result<(), ApplyError> {
    let (mut begun, mut moved, mut set, mut stopped) = (vec![], vec![], vec![], vec![]);
    for (id, changed) in referrals {
        match (changed.begun, changed.state) {
            (Some(new), Some(state)) => {
                let (requester, target) = (new.requester.map(AgencyId::uuid), new.target.map(AgencyId::uuid));
                begun.push(args![id, new.person, requester, target, state, new.at]);
            }
            (None, Some(state)) => moved.push(args![id, state]),
            (_, None) => {}
        }
        match changed.clock {
            Some(Some(at)) => set.push(args![id, at]),
            Some(None) => stopped.push(args![id]),
            None => {}
        }
    }
    let each: [(&str, Vec<Vec<Value>>); 4] = [
        (
            "INSERT INTO referral (id, person, requester, target, state, at) VALUES {rows} \
             ON CONFLICT (id) DO UPDATE SET requester = excluded.requester, target = excluded.target, state = excluded.state",
            begun,
        ),
        (
            "WITH given (id, state) AS (VALUES {rows}) \
             UPDATE referral SET state = given.state FROM given WHERE referral.id = given.id",
            moved,
        ),
        (
            "INSERT INTO due (referral, at) VALUES {rows} ON CONFLICT (referral) DO UPDATE SET at = excluded.at",
            set,
        ),
        ("DELETE FROM due WHERE referral IN (VALUES {rows})", stopped),
    ];
    for (sql, rows) in each {
        tx.execute_rows(sql, vec![], rows).await?;
    }
    Ok(())
}
