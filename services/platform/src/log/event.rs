//! What a log keeps, and where it puts it.
//! Invariant: the partition of a person or stream never changes; it is part of the contract with every reader.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use kernel::{PersonId, StreamId, Timestamp};
use prost::Message;
use proto::log as pb;
use uuid::Uuid;

/// How many partitions a log has.
pub const PARTITIONS: u32 = 64;
/// How many groups the partitions form, of as many partitions each.
pub const GROUPS: u32 = 8;

/// The partition of an event: a stable hash of its person, else of its stream.
pub fn partition(person: Option<PersonId>, stream: &StreamId) -> u32 {
    let hash = match person {
        Some(person) => fnv1a(person.uuid().as_bytes()),
        None => fnv1a(stream.to_string().as_bytes()),
    };
    (hash % u64::from(PARTITIONS)) as u32
}

/// The group of a partition.
pub fn group(partition: u32) -> u32 {
    partition / (PARTITIONS / GROUPS)
}

/// FNV-1a, 64 bit.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Some of the 8 groups of partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Groups(u8);

impl Groups {
    /// All of them.
    pub const ALL: Self = Self(u8::MAX);

    /// These groups; numbers beyond the last name none.
    pub fn of(groups: impl IntoIterator<Item = u32>) -> Self {
        Self(groups.into_iter().filter(|group| *group < GROUPS).fold(0, |bits, group| bits | 1 << group))
    }
    /// Whether the partition is in one of them.
    pub fn contain(self, partition: u32) -> bool {
        self.0 >> group(partition) & 1 == 1
    }
    /// Whether they are all.
    pub fn all(self) -> bool {
        self == Self::ALL
    }
    /// Their numbers.
    pub fn iter(self) -> impl Iterator<Item = u32> {
        (0..GROUPS).filter(move |group| self.0 >> group & 1 == 1)
    }
    /// One bit a group, the lowest for group 0.
    pub fn bits(self) -> u8 {
        self.0
    }
}

/// An event with its place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Contiguous from 1, in order of commit.
    pub position: u64,
    /// 0 to 63.
    pub partition: u32,
    /// Contiguous within the partition, from 1.
    pub sequence: u64,
    /// When the log recorded it; never runs backwards.
    pub recorded_at: Timestamp,
    /// The encoded `throughline.log.v1.Event`, as it was appended.
    pub bytes: Encoded,
}

/// An encoded event. Clones are the same, and decode it once for all of them: what was just appended is read by a dozen readers of one process.
#[derive(Clone, Default)]
pub struct Encoded(Arc<Both>);

#[derive(Default)]
struct Both {
    bytes: Bytes,
    event: OnceLock<Result<Arc<pb::Event>, prost::DecodeError>>,
}

impl From<Bytes> for Encoded {
    fn from(bytes: Bytes) -> Self {
        Self(Arc::new(Both { bytes, event: OnceLock::new() }))
    }
}

impl From<Vec<u8>> for Encoded {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl Deref for Encoded {
    type Target = Bytes;
    fn deref(&self) -> &Bytes {
        &self.0.bytes
    }
}

impl PartialEq for Encoded {
    fn eq(&self, other: &Self) -> bool {
        self.0.bytes == other.0.bytes
    }
}

impl Eq for Encoded {}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.bytes.fmt(f)
    }
}

impl Recorded {
    /// The event.
    ///
    /// # Errors
    /// Bytes that are no event.
    pub fn decode(&self) -> Result<Arc<pb::Event>, prost::DecodeError> {
        let decode = || pb::Event::decode(self.bytes.0.bytes.clone()).map(Arc::new);
        self.bytes.0.event.get_or_init(decode).clone()
    }
    /// As the feed and the bus carry it.
    pub fn to_pb(&self) -> pb::Recorded {
        pb::Recorded {
            position: self.position,
            partition: self.partition,
            sequence: self.sequence,
            recorded_at: Some(prost_types::Timestamp {
                seconds: self.recorded_at.as_microsecond().div_euclid(1_000_000),
                nanos: (self.recorded_at.as_microsecond().rem_euclid(1_000_000) * 1_000) as i32,
            }),
            event: Bytes::clone(&self.bytes),
        }
    }
    /// From the feed or the bus.
    pub fn from_pb(recorded: pb::Recorded) -> Self {
        let at = recorded.recorded_at.unwrap_or_default();
        let micros = at.seconds.saturating_mul(1_000_000).saturating_add(i64::from(at.nanos) / 1_000);
        Self {
            position: recorded.position,
            partition: recorded.partition,
            sequence: recorded.sequence,
            recorded_at: timestamp(micros),
            bytes: recorded.event.into(),
        }
    }
}

/// A stored instant. What lies beyond the calendar's ends is at that end.
pub(super) fn timestamp(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// Where a log stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The log's incarnation.
    pub log_id: Uuid,
    /// Position of the last event; 0 for an empty log.
    pub position: u64,
    /// When that was recorded.
    pub recorded_at: Timestamp,
    /// The last sequence of each partition.
    pub sequences: [u64; PARTITIONS as usize],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv1a_matches_its_published_vectors() {
        assert_eq!(fnv1a(b""), 0xcbf29ce484222325);
        assert_eq!(fnv1a(b"a"), 0xaf63dc4c8601ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x85944171f73967e8);
    }

    #[test]
    fn partitions_are_part_of_the_contract_and_never_change() {
        let stream = StreamId::new("referral", Uuid::from_u128(1));
        let of = |person: Option<u128>| partition(person.map(PersonId::of), &stream);
        assert_eq!([of(None), of(Some(0)), of(Some(1)), of(Some(u128::MAX))], [48, 37, 50, 21]);
        assert_eq!(of(Some(0x0190_0000_0000_7000_8000_0000_0000_1234)), 34);
    }

    #[test]
    fn people_spread_over_all_partitions() {
        let stream = StreamId::new("referral", Uuid::from_u128(1));
        let mut seen = [0_u32; PARTITIONS as usize];
        for number in 0..6_400_u128 {
            seen[partition(Some(PersonId::of(number)), &stream) as usize] += 1;
        }
        assert!(seen.iter().all(|count| (50..200).contains(count)), "{seen:?}");
    }

    #[test]
    fn groups_hold_eight_partitions_each() {
        let some = Groups::of([0, 7, 9]);
        assert_eq!(some.iter().collect::<Vec<_>>(), [0, 7]);
        assert!(some.contain(7) && some.contain(56) && !some.contain(8));
        assert!(Groups::of(0..8).all());
    }

    #[test]
    fn a_recorded_event_reads_back_from_the_wire() {
        let recorded = Recorded {
            position: 3,
            partition: 9,
            sequence: 2,
            recorded_at: timestamp(-1),
            bytes: Bytes::from_static(b"event").into(),
        };
        assert_eq!(Recorded::from_pb(recorded.to_pb()), recorded);
    }
}
