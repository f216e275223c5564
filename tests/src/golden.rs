//! The bytes of every kind of event, as logs hold them for ever: how a service's file of them is kept and checked.
//!
//! Invariant: a kind without its line, a line without its kind, and bytes that this build would write or read otherwise are each red.

use std::collections::BTreeMap;

use prost::Message;
use proto::types::{Occurred, Precision};
use uuid::Uuid;

use crate::contract::{Choose, Contract, Sample};

/// A service's kept bytes: lines of a kind's number and the bytes of one sample of it in hexadecimal. Lines are added, never changed.
#[derive(Clone, Copy, Debug)]
pub struct Golden {
    /// The payload message, `throughline.referrals.v1.ReferralsEvent`.
    pub payload: &'static str,
    /// The text of the file.
    pub kept: &'static str,
}

impl Golden {
    /// Every kind of the contract, each field filled: see [`settled`].
    pub fn samples(&self, choose: Choose<'_>) -> Vec<Sample> {
        let contract = Contract::of_this_build();
        let kinds = contract.kinds(self.payload);
        kinds.into_iter().map(|(number, _)| contract.sample(self.payload, number, choose)).collect()
    }

    /// Compares what this build makes of the samples, and of the kept bytes, with what was kept.
    ///
    /// # Panics
    /// With the lines that differ or are missing.
    pub fn check<P: Message + Default>(&self, samples: impl IntoIterator<Item = Vec<u8>>) {
        let kept = self.lines();
        let mut now = BTreeMap::new();
        for bytes in samples {
            let before = now.insert(kind_of(&bytes), hex(&bytes));
            assert_eq!(before, None, "a kind has two samples");
        }
        let told: Vec<u32> =
            Contract::of_this_build().kinds(self.payload).into_iter().map(|(number, _)| number).collect();
        let sampled: Vec<u32> = now.keys().copied().collect();
        let mut told_in_order = told;
        told_in_order.sort_unstable();
        assert_eq!(told_in_order, sampled, "every kind of the contract has a sample, and no other");

        let changed: Vec<String> = now
            .iter()
            .filter(|(number, bytes)| kept.get(number) != Some(bytes))
            .map(|(number, bytes)| format!("{number} {bytes}"))
            .collect();
        assert!(
            changed.is_empty(),
            "a stored kind has changed, or is new and its line is missing:\n{}",
            changed.join("\n")
        );
        assert_eq!(
            kept.keys().collect::<Vec<_>>(),
            now.keys().collect::<Vec<_>>(),
            "no kind is ever taken away"
        );
        for (number, bytes) in kept {
            let read = P::decode(&*unhex(&bytes))
                .unwrap_or_else(|_| panic!("kind {number} cannot be read any more"));
            assert_eq!(hex(&read.encode_to_vec()), bytes, "kind {number} loses something when it is read");
        }
    }

    /// The kept bytes, by the number of the kind.
    ///
    /// # Panics
    /// A file whose lines are no numbers and bytes.
    pub fn bytes(&self) -> BTreeMap<u32, Vec<u8>> {
        self.lines().into_iter().map(|(number, bytes)| (number, unhex(&bytes))).collect()
    }

    fn lines(&self) -> BTreeMap<u32, String> {
        let mut kept = BTreeMap::new();
        for line in self.kept.lines().filter(|text| !text.starts_with('#')) {
            let (number, bytes) = line.split_once(' ').expect("a number and bytes");
            let before = kept.insert(number.parse().expect("a number"), bytes.to_owned());
            assert_eq!(before, None, "kind {number} has two lines");
        }
        kept
    }
}

/// The choice for a golden sample: settled by the field's name, so that fields which change places change the bytes. A field that is renamed keeps
/// its bytes by being chosen for under its old name.
pub fn settled(path: &str, limit: u64) -> u64 {
    // A flag is set: one that is not leaves no byte.
    if limit == 2 {
        return 1;
    }
    let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    path.bytes().fold(0xcbf2_9ce4_8422_2325, hash) % limit
}

/// An event with this payload in a stream that is no service's, so that every family's reader can be tried on it.
pub fn stored(payload: Vec<u8>) -> proto::log::Event {
    let at = Some(prost_types::Timestamp { seconds: 1_772_000_000, nanos: 0 });
    proto::log::Event {
        stream: format!("none-{}", Uuid::from_u128(1)),
        person_id: Uuid::from_u128(6).to_string(),
        agency_id: Uuid::from_u128(2).to_string(),
        occurred: Some(Occurred { at, precision: Precision::Instant.into(), zone: "America/Chicago".into() }),
        payload: payload.into(),
        ..Default::default()
    }
}

/// A kind's number: the first tag of its encoding.
fn kind_of(bytes: &[u8]) -> u32 {
    let tag = prost::encoding::decode_varint(&mut &bytes[..]).expect("a tag");
    u32::try_from(tag >> 3).expect("a field number")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("two hexadecimal digits");
    (0..text.len()).step_by(2).map(byte).collect()
}
