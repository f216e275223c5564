//! A link that was taken back leaves no trace in what was told before, beside it or after.
//!
//! Invariant: the payloads are of every kind that the contract has; the seed is printed, and `THROUGHLINE_SEED` runs it again.

use std::collections::BTreeMap;

use kernel::PersonId;
use platform::log::Recorded;
use platform::projection::Read;
use prost::Message;
use proto::registry as pb;
use proto::registry::registry_event::Kind;
use tests::Dice;
use tests::contract::Contract;
use timeline::entries::{Entries, Put};
use timeline::policy;
use uuid::Uuid;

const PAYLOAD: &str = "throughline.registry.v1.RegistryEvent";

fn read(version: u64, payload: Vec<u8>) -> Read {
    let at = prost_types::Timestamp { seconds: 1_772_000_000 + version as i64, nanos: 0 };
    let event = proto::log::Event {
        id: Uuid::from_u128(version.into()).to_string(),
        stream: format!("person-{}", PersonId::of(1)),
        version,
        person_id: PersonId::of(1).to_string(),
        agency_id: PersonId::of(50).to_string(),
        occurred: Some(proto::types::Occurred { at: Some(at), precision: 2, zone: "UTC".into() }),
        payload: payload.into(),
        ..Default::default()
    };
    Read::new(Recorded {
        position: version,
        partition: 0,
        sequence: version,
        recorded_at: "2026-06-01T12:00:00Z".parse().unwrap(),
        bytes: event.encode_to_vec().into(),
    })
}

fn told(kind: Kind) -> Vec<u8> {
    pb::RegistryEvent { kind: Some(kind) }.encode_to_vec()
}

/// The entries but for those of links, and how many those are.
fn beside_links(entries: &Entries) -> (BTreeMap<String, Put>, usize) {
    let link = |key: &str| ["link:", "unlink:", "never:"].iter().any(|of| key.starts_with(of));
    let all: BTreeMap<String, Put> = entries.all().map(|(key, put)| (key.clone(), put.clone())).collect();
    let (links, others): (BTreeMap<_, _>, BTreeMap<_, _>) = all.into_iter().partition(|(key, _)| link(key));
    (others, links.len())
}

/// The same life twice: once with links in it and what takes them back, once with events in their place that no timeline tells of.
#[test]
fn link_then_unlink_gives_every_other_entry_the_same_bytes_as_before() {
    let mut dice = Dice::new(Dice::seed());
    let contract = Contract::of_this_build();
    let kinds = contract.kinds(PAYLOAD);
    let [canonical_id, member_id] = [1, 2].map(|person| PersonId::of(person).to_string());
    let mut linked = 0;
    for _ in 0..60 {
        let (mut with, mut without) = (Entries::default(), Entries::default());
        let mut open = false;
        for version in 1..=30 {
            let (one, other) = if dice.percent(30) {
                open = !open;
                let (canonical_id, member_id) = (canonical_id.clone(), member_id.clone());
                let link = match open {
                    true => Kind::PersonsLinked(pb::PersonsLinked { canonical_id, member_id }),
                    false => Kind::PersonsUnlinked(pb::PersonsUnlinked { canonical_id, member_id }),
                };
                (told(link), told(Kind::IdentifierRemoved(pb::IdentifierRemoved::default())))
            } else {
                let kind = kinds[dice.below(kinds.len() as u64) as usize].0;
                let choose = &mut |_: &str, limit: u64| dice.below(limit);
                let bytes = contract.sample(PAYLOAD, kind, choose).bytes;
                (bytes.clone(), bytes)
            };
            let tried = (with.clone(), without.clone());
            let one = policy::apply("registry", &mut with, &read(version, one));
            let other = policy::apply("registry", &mut without, &read(version, other));
            assert_eq!(one.is_ok(), other.is_ok());
            if one.is_err() {
                (with, without) = tried;
            }
            let ((with, links), (without, none)) = (beside_links(&with), beside_links(&without));
            assert_eq!(with, without);
            linked += links;
            // What the sample itself names as links stands in both.
            assert!(links >= none);
        }
    }
    assert!(linked > 0, "nobody was ever linked");
}
