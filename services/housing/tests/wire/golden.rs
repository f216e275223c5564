//! The bytes of every kind of event, as logs hold them for ever.
//! Invariant: what an earlier release wrote is read by this one and says the same; `kinds.txt` is added to and never changed.

mod samples;

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
use tests::golden::Golden;

const GOLDEN: Golden =
    Golden { payload: "throughline.housing.v1.HousingEvent", kept: include_str!("golden/kinds.txt") };

#[test]
fn every_kind_of_event_has_the_bytes_that_it_always_had() {
    let encoded = |(_, kind)| pb::HousingEvent { kind: Some(kind) }.encode_to_vec();
    GOLDEN.check::<pb::HousingEvent>(samples().into_iter().map(encoded));
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
