//! Where a reader stands in a log.
//! Invariant: a place is all that a reader needs to prove that the next event is the next one, and that the log is still the one it read.

use uuid::Uuid;

use crate::log::{self, Recorded};

/// Partitions of a log.
pub const PARTITIONS: usize = log::PARTITIONS as usize;

/// In place of a sequence: not known, so that the first event read of that partition tells it.
const UNKNOWN: u64 = u64::MAX;

/// Everything up to `position` has been read. The start of a log that nobody has asked yet has the nil log id.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// The log's incarnation.
    pub log_id: Uuid,
    /// Position of the last event read; 0 before the first.
    pub position: u64,
    /// The last sequence read of each partition.
    pub sequences: [u64; PARTITIONS],
    /// Id of the last event read; nil before the first.
    pub event_id: Uuid,
}

/// What an event is to a reader at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was read before.
    Behind,
    /// It is the next one.
    Next,
    /// Others come before it.
    Beyond,
    /// It claims to be the next one and its partition's sequence says otherwise.
    Torn,
}

impl Place {
    /// Before the first event of any log.
    pub fn nowhere() -> Self {
        Self::start(Uuid::nil())
    }

    /// Before the first event of this log.
    pub fn start(log_id: Uuid) -> Self {
        Self { log_id, position: 0, sequences: [0; PARTITIONS], event_id: Uuid::nil() }
    }

    /// At a position of which nothing else is known: the order of positions then proves what comes next, and sequences as they are met.
    pub fn at(log_id: Uuid, position: u64) -> Self {
        let sequences = if position == 0 { [0; PARTITIONS] } else { [UNKNOWN; PARTITIONS] };
        Self { log_id, position, sequences, event_id: Uuid::nil() }
    }

    /// Whether the sequences could be those of a log that ends here.
    pub(crate) fn agrees_with(&self, sequences: &[u64; PARTITIONS]) -> bool {
        self.sequences.iter().zip(sequences).all(|(own, other)| *own == UNKNOWN || own == other)
    }

    /// What this event is to a reader here.
    pub fn standing(&self, event: &Recorded) -> Standing {
        if event.position <= self.position {
            return Standing::Behind;
        }
        if event.position > self.position + 1 {
            return Standing::Beyond;
        }
        let last = self.sequences.get(event.partition as usize);
        if last.is_some_and(|last| *last == UNKNOWN || event.sequence == last + 1) {
            Standing::Next
        } else {
            Standing::Torn
        }
    }

    /// Takes the next event as read.
    pub(crate) fn advance(&mut self, event: &Recorded, event_id: Uuid) {
        self.position = event.position;
        self.event_id = event_id;
        if let Some(last) = self.sequences.get_mut(event.partition as usize) {
            *last = event.sequence;
        }
    }

    /// Whether what was written to this log, as (partition, sequence), has been read.
    pub fn has(&self, log_id: Uuid, written: &[(u32, u64)]) -> bool {
        let read = |&(partition, sequence): &(u32, u64)| {
            self.sequences.get(partition as usize).is_some_and(|last| *last != UNKNOWN && *last >= sequence)
        };
        written.is_empty() || (self.log_id == log_id && written.iter().all(read))
    }

    /// What has been read, as a revision says it: the sequence in each partition that has any and is known.
    pub fn written(&self) -> Vec<(u32, u64)> {
        let known =
            (0..).zip(&self.sequences).filter(|(_, sequence)| **sequence > 0 && **sequence != UNKNOWN);
        known.map(|(partition, sequence)| (partition, *sequence)).collect()
    }

    /// The sequences as they are stored: 8 bytes each, big end first.
    pub(crate) fn sequences_to_bytes(&self) -> Vec<u8> {
        self.sequences.iter().flat_map(|sequence| sequence.to_be_bytes()).collect()
    }

    /// Reads them back; nothing if these are not as many as there are partitions.
    pub(crate) fn sequences_from_bytes(bytes: &[u8]) -> Option<[u64; PARTITIONS]> {
        let (numbers, rest) = bytes.as_chunks::<8>();
        if numbers.len() != PARTITIONS || !rest.is_empty() {
            return None;
        }
        let mut sequences = [0; PARTITIONS];
        for (sequence, number) in sequences.iter_mut().zip(numbers) {
            *sequence = u64::from_be_bytes(*number);
        }
        Some(sequences)
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of log {}", self.position, self.log_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use jiff::Timestamp;

    fn event(position: u64, partition: u32, sequence: u64) -> Recorded {
        Recorded {
            position,
            partition,
            sequence,
            recorded_at: Timestamp::UNIX_EPOCH,
            bytes: Bytes::new().into(),
        }
    }

    #[test]
    fn only_the_next_position_with_the_next_sequence_is_next() {
        let mut place = Place::start(Uuid::from_u128(1));
        assert_eq!(place.standing(&event(1, 5, 1)), Standing::Next);
        assert_eq!(place.standing(&event(2, 5, 2)), Standing::Beyond);
        assert_eq!(place.standing(&event(1, 5, 2)), Standing::Torn);
        assert_eq!(place.standing(&event(1, 64, 1)), Standing::Torn, "there is no such partition");
        place.advance(&event(1, 5, 1), Uuid::from_u128(9));
        assert_eq!(place.standing(&event(1, 5, 1)), Standing::Behind);
        assert_eq!(place.standing(&event(2, 6, 1)), Standing::Next);
    }

    #[test]
    fn a_place_has_what_was_written_up_to_it_in_the_same_log_alone() {
        let log = Uuid::from_u128(1);
        let mut place = Place::start(log);
        place.advance(&event(1, 5, 1), Uuid::from_u128(9));
        assert!(place.has(log, &[(5, 1)]));
        assert!(!place.has(log, &[(5, 1), (6, 1)]));
        assert!(!place.has(Uuid::from_u128(2), &[(5, 1)]));
        assert!(place.has(Uuid::from_u128(2), &[]), "nothing written is always read");
    }

    #[test]
    fn sequences_read_back_from_their_bytes() {
        let mut place = Place::nowhere();
        place.sequences[0] = 3;
        place.sequences[63] = u64::MAX;
        assert_eq!(Place::sequences_from_bytes(&place.sequences_to_bytes()), Some(place.sequences));
        assert_eq!(Place::sequences_from_bytes(&[0; 511]), None);
    }
}
