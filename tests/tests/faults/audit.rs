//! What must hold after any fault, found out by the commands that an operator has.
//! Invariant: it waits for readers to come level, and repairs nothing.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use async_nats::jetstream;
use futures_util::TryStreamExt;
use proto::coordination::ListFindingsRequest;
use proto::coordination::coordination_service_client::CoordinationServiceClient;
use proto::referrals::{GetReferralRequest, Progress};
use proto::registry::GetPersonRequest;
use proto::timeline::GetLagRequest;
use serde_json::Value;
use tests::Launch;
use tests::alone::until;
use tests::world::World;

use crate::load::Acknowledged;
use crate::site::Site;

const LOGS: [&str; 6] = ["registry", "referrals", "vocational", "housing", "therapy", "coordination"];

/// Asserts that nothing was lost, doubled or made wrong.
pub async fn everything_is_there_once(site: &Site, acknowledged: &[Acknowledged]) {
    let address = site.address();
    followed(site, acknowledged).await;
    let logs = in_the_logs_once(&LOGS.map(|log| (log, address)), acknowledged).await;
    followed_once(&logs, acknowledged);
    if let Some(nats) = site.nats() {
        for log in &logs {
            carried(&nats.url(), log.name, log.events.len() as u64, site.forgets).await;
        }
    }
    level(site).await;
    let verified = command(address, &["verify"]).await;
    let clean = verified.lines().all(|line| line.ends_with(" 0 different"));
    assert!(clean && verified.contains("timeline/timeline: "), "{verified}");
}

/// A log as it was read to its end.
pub struct Whole {
    name: &'static str,
    events: Vec<Value>,
}

impl Whole {
    /// The log that is served there, read to its end, without a hole.
    pub async fn read(log: &'static str, address: SocketAddr) -> Self {
        Self { name: log, events: contiguous(log, address).await }
    }

    /// By stream, the kinds of its events in their order, of the streams of that name.
    pub fn histories(&self, name: &str) -> BTreeMap<String, Vec<String>> {
        let mut histories: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for event in &self.events {
            if let Some(record) = text(event, "stream").strip_prefix(name) {
                let kind = last_word(text(event, "type")).to_owned();
                histories.entry(record.to_owned()).or_default().push(kind);
            }
        }
        histories
    }

    /// How many events of a kind have that in a field.
    pub fn count(&self, kind: &str, field: &str, value: &str) -> usize {
        let of_kind = self.events.iter().filter(|event| last_word(text(event, "type")) == kind);
        of_kind.filter(|event| text(event, field) == value).count()
    }
}

/// What a command is answered by elsewhere, once: the log, the kind of event, and the field that both have in common.
const FOLLOWS: [(&str, &str, &str); 4] = [
    // An accepted referral opens a case, makes its agency serve the person, and hears that the case is open.
    ("ReferralAccepted", "vocational", "CaseOpened"),
    ("ReferralAccepted", "registry", "ServingAgencyAdded"),
    ("ReferralAccepted", "referrals", "ReferralProgressed"),
    // Hours of two agencies at one time clash.
    ("AppointmentBooked", "coordination", "FindingRaised"),
];

/// Waits until services have reacted to what was acknowledged.
async fn followed(site: &Site, acknowledged: &[Acknowledged]) {
    let world = site.world();
    let of = |kind: &'static str| acknowledged.iter().filter(move |command| command.kind == kind);
    for accepted in of("ReferralAccepted") {
        until(&format!("{accepted:?} to hear of its case"), async || {
            let request = GetReferralRequest { referral_id: accepted.record.clone(), at_least: vec![] };
            let read = world.referrals(World::worker(accepted.agency)).get_referral(request).await;
            (read.expect("the referral").into_inner().referral?.progress() == Progress::Opened).then_some(())
        })
        .await;
        let person = World::own(accepted.person.parse().expect("a person"));
        let agency = accepted.agency.to_string();
        until(&format!("{accepted:?} to make its agency serve"), async || {
            let request = GetPersonRequest { person_id: accepted.person.clone(), ..Default::default() };
            let read = world.registry(person.clone()).get_person(request).await;
            read.expect("the person").into_inner().person?.serving_agency_ids.contains(&agency).then_some(())
        })
        .await;
    }
    for booked in of("AppointmentBooked") {
        let person = World::own(booked.person.parse().expect("a person"));
        let mut coordination = CoordinationServiceClient::new(world.call("coordination", person));
        until(&format!("{booked:?} to be found to clash"), async || {
            let request = ListFindingsRequest { person_id: booked.person.clone(), ..Default::default() };
            let found = coordination.list_findings(request).await.expect("findings").into_inner().findings;
            (!found.is_empty()).then_some(())
        })
        .await;
    }
}

/// Asserts that each of them was reacted to once, however often the process died while it was.
fn followed_once(logs: &[Whole], acknowledged: &[Acknowledged]) {
    for (command, log, kind) in FOLLOWS {
        let log = logs.iter().find(|whole| whole.name == log).expect("every log was read");
        for command in acknowledged.iter().filter(|acknowledged| acknowledged.kind == command) {
            // What a reaction appends correlates with what it reacts to; a finding is the person's.
            let (field, value) = match kind {
                "FindingRaised" => ("person_id", &command.person),
                _ => ("correlation_id", &command.request),
            };
            let times = log.count(kind, field, value);
            assert_eq!(times, 1, "{kind} in the log of {} after {command:?}", log.name);
        }
    }
}

/// Asserts that these logs, served there, have no hole, and hold what was acknowledged and nothing else
/// of its kinds and agencies, once. Gives them as they are.
pub async fn in_the_logs_once(
    logs: &[(&'static str, SocketAddr)],
    acknowledged: &[Acknowledged],
) -> Vec<Whole> {
    let mut made: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let mut of_agencies: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut whole = Vec::new();
    for (log, address) in logs {
        let events = contiguous(log, *address).await;
        for event in &events {
            let kind = last_word(text(event, "type")).to_owned();
            *of_agencies.entry((text(event, "agency_id").to_owned(), kind.clone())).or_default() += 1;
            // What a command makes correlates with its request id.
            let records = made.entry((kind, text(event, "correlation_id").to_owned())).or_default();
            records.push(text(event, "stream").to_owned());
        }
        whole.push(Whole { name: log, events });
    }
    let mut answered: BTreeMap<(String, String), u64> = BTreeMap::new();
    for command in acknowledged {
        let of = (command.kind.to_owned(), command.request.clone());
        let records = made.get(&of).map_or(&[][..], Vec::as_slice);
        let once = records.len() == 1 && records[0].ends_with(&command.record);
        assert!(once, "{command:?} is in the log of {} as {records:?}", command.service);
        *answered.entry((command.agency.to_string(), command.kind.to_owned())).or_default() += 1;
    }
    assert!(!answered.is_empty(), "nothing was acknowledged");
    for (of, count) in answered {
        // No client left with a question open, so whatever is there was acknowledged.
        assert_eq!(of_agencies[&of], count, "{of:?} in the log, and acknowledged");
    }
    whole
}

/// The log's events, whose positions, sequences in their partition and versions in their stream have no hole and no double.
async fn contiguous(log: &str, address: SocketAddr) -> Vec<Value> {
    let printed = command(address, &["events", log, "--json"]).await;
    let events: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let (mut sequences, mut versions) = (BTreeMap::new(), BTreeMap::new());
    for (event, position) in events.iter().zip(1..) {
        assert_eq!(number(event, "position"), position, "{log}: {event}");
        let sequence: &mut u64 = sequences.entry(number(event, "partition")).or_default();
        *sequence += 1;
        assert_eq!(number(event, "sequence"), *sequence, "{log}: {event}");
        let version: &mut u64 = versions.entry(text(event, "stream")).or_default();
        *version += 1;
        assert_eq!(number(event, "version"), *version, "{log}: {event}");
    }
    events
}

/// What a client command printed, once it has ended well.
async fn command(address: SocketAddr, arguments: &[&str]) -> String {
    let to = format!("http://{address}");
    let mut process = Launch::new(arguments.iter().copied()).arg("--to").arg(to).spawn();
    let status = process.ended().await;
    assert!(status.success(), "{arguments:?} ended with {status}; it said:\n{}", process.said());
    process.answer()
}

fn number(event: &Value, field: &str) -> u64 {
    event[field].as_u64().unwrap_or_else(|| panic!("{field} of {event}"))
}

fn text<'a>(event: &'a Value, field: &str) -> &'a str {
    event[field].as_str().unwrap_or_else(|| panic!("{field} of {event}"))
}

/// The kind of an event, without its package.
fn last_word(kind: &str) -> &str {
    kind.rsplit('.').next().unwrap_or_default()
}

/// Waits until the stream of this log ends where it does and holds all before that, each event at its place, but for what it was told to forget.
async fn carried(nats: &str, log: &str, head: u64, forgets: bool) {
    let context = jetstream::new(async_nats::connect(nats).await.expect("a connection"));
    until(&format!("NATS to hold all {head} events of {log}"), async || {
        let streams: Vec<jetstream::stream::Info> = context.streams().try_collect().await.ok()?;
        let prefix = format!("throughline-{log}-");
        let held = streams.iter().find(|stream| stream.config.name.starts_with(&prefix))?;
        let state = &held.state;
        assert!(state.last_sequence <= head, "{state:?}");
        // An empty stream begins behind its end.
        let kept = if state.messages == 0 { 0 } else { state.last_sequence + 1 - state.first_sequence };
        assert_eq!(state.messages, kept, "{log} has a hole: {state:?}");
        (state.last_sequence == head && (forgets || state.messages == head)).then_some(())
    })
    .await;
}

/// Waits until the timeline has applied every log to its end.
async fn level(site: &Site) {
    until("the timeline to have read everything", async || {
        let lag = site.world().timeline(World::operator()).get_lag(GetLagRequest {}).await.ok()?;
        lag.into_inner().lag.iter().all(|lag| lag.events == 0).then_some(())
    })
    .await;
}
