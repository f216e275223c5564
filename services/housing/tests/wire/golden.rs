//! The bytes of every kind of event, as logs hold them for ever.
//! Invariant: what an earlier release wrote is read by this one and says the same; `kinds.txt` is added to and never changed.

mod samples;

use std::collections::{BTreeMap, BTreeSet};

use kernel::Decider;
use platform::command::Encoding;
use prost::Message;

use super::*;
use housing::domain::diary::Diary;
use housing::domain::group::UnitGroup;
use housing::domain::living::LivingSituation;
use housing::domain::placement::Placement;
use housing::domain::unit::Unit;
use samples::{id, occurred, samples};

const GOLDEN: &str = include_str!("golden/kinds.txt");

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes kept, by the number of the kind in the contract.
fn kept() -> BTreeMap<u32, String> {
    let line = |line: &str| {
        let (number, bytes) = line.split_once(' ').expect("a number and bytes");
        (number.parse().expect("a number"), bytes.to_owned())
    };
    GOLDEN.lines().filter(|text| !text.starts_with('#')).map(line).collect()
}

/// A kind's number: the first tag of its encoding.
fn number(bytes: &[u8]) -> u32 {
    let tag = prost::encoding::decode_varint(&mut &bytes[..]).expect("a tag");
    u32::try_from(tag >> 3).expect("a field number")
}

#[test]
fn every_kind_of_event_has_the_bytes_that_it_always_had() {
    let kept = kept();
    let mut changed = String::new();
    let mut sampled = BTreeSet::new();
    for (_, kind) in samples() {
        let bytes = pb::HousingEvent { kind: Some(kind) }.encode_to_vec();
        let (number, now) = (number(&bytes), hex(&bytes));
        sampled.insert(number);
        if kept.get(&number) != Some(&now) {
            changed.push_str(&format!("{number} {now}\n"));
        }
    }
    assert!(changed.is_empty(), "a stored kind has changed, or is new and its line is missing:\n{changed}");
    assert_eq!(kept.keys().copied().collect::<BTreeSet<_>>(), sampled, "no kind is ever taken away");
}

#[test]
fn every_kind_of_the_contract_is_kept_here() {
    let files = prost_types::FileDescriptorSet::decode(proto::DESCRIPTORS).expect("the contract");
    let event = files
        .file
        .iter()
        .filter(|file| file.package() == "throughline.housing.v1")
        .flat_map(|file| &file.message_type)
        .find(|message| message.name() == "HousingEvent")
        .expect("the payload of the log");
    let numbers: BTreeSet<u32> = event.field.iter().map(|field| field.number().unsigned_abs()).collect();
    assert_eq!(numbers, kept().keys().copied().collect());
}

#[test]
fn what_was_stored_is_read_by_the_stream_that_it_belongs_to_and_by_no_other() {
    for (family, kind) in samples() {
        let stored = |family: &str| proto::log::Event {
            stream: format!("{family}-{}", id(1)),
            person_id: id(6),
            occurred: occurred(),
            payload: pb::HousingEvent { kind: Some(kind.clone()) }.encode_to_vec().into(),
            ..Default::default()
        };
        let read = [
            (UnitGroup::CATEGORY, UnitGroup::decode(&stored("none")).is_ok()),
            (Unit::CATEGORY, Unit::decode(&stored("none")).is_ok()),
            (Diary::CATEGORY, Diary::decode(&stored("none")).is_ok()),
            (Placement::CATEGORY, Placement::decode(&stored("none")).is_ok()),
            (LivingSituation::CATEGORY, LivingSituation::decode(&stored("none")).is_ok()),
        ];
        for (reader, could) in read {
            assert_eq!(could, reader == family, "{reader} reads {kind:?}");
        }
    }
    let newer = proto::log::Event { stream: "placement-1".into(), ..Default::default() };
    assert!(Placement::decode(&newer).is_err(), "a kind that a newer release writes is not guessed at");
}
