//! What must hold after any fault, found out by the commands that an operator has.
//! Invariant: it waits for readers to come level, and repairs nothing.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use async_nats::jetstream;
use futures_util::TryStreamExt;
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
    let heads = in_the_logs_once(&LOGS.map(|log| (log, address)), acknowledged).await;
    if let Some(nats) = &site.nats {
        for (log, head) in heads {
            carried(&nats.url(), log, head).await;
        }
    }
    level(site).await;
    let verified = command(address, &["verify"]).await;
    let clean = verified.lines().all(|line| line.ends_with(" 0 different"));
    assert!(clean && verified.contains("timeline/timeline: "), "{verified}");
}

/// Asserts that these logs, served there, have no hole, and hold what was acknowledged and nothing else
/// of its kinds and agencies, once. Gives their heads.
pub async fn in_the_logs_once(
    logs: &[(&'static str, SocketAddr)],
    acknowledged: &[Acknowledged],
) -> Vec<(&'static str, u64)> {
    let mut made: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let mut of_agencies: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut heads = Vec::new();
    for (log, address) in logs {
        let events = contiguous(log, *address).await;
        for event in &events {
            let kind = text(event, "type").rsplit('.').next().unwrap_or_default().to_owned();
            *of_agencies.entry((text(event, "agency_id").to_owned(), kind.clone())).or_default() += 1;
            // What a command makes correlates with its request id.
            let records = made.entry((kind, text(event, "correlation_id").to_owned())).or_default();
            records.push(text(event, "stream").to_owned());
        }
        heads.push((*log, events.len() as u64));
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
    heads
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

/// Waits until the stream of this log holds all of it, each event at its place.
async fn carried(nats: &str, log: &str, head: u64) {
    let context = jetstream::new(async_nats::connect(nats).await.expect("a connection"));
    until(&format!("NATS to hold all {head} events of {log}"), async || {
        let streams: Vec<jetstream::stream::Info> = context.streams().try_collect().await.ok()?;
        let prefix = format!("throughline-{log}-");
        let held = streams.iter().find(|stream| stream.config.name.starts_with(&prefix))?;
        assert!(held.state.last_sequence <= head, "{:?}", held.state);
        (held.state.last_sequence == head && held.state.messages == head).then_some(())
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
