//! A batch: appends that travel together and are judged alone.
//!
//! Invariant: what one of a batch changes (stream, claim, request id, cursor) no other of it names, so judging one never depends on another, and the
//! numbers of the accepted ones follow from their order alone. A stream that is only read any number may name. [`number`] is that rule, once;
//! PostgreSQL's function has its own copy for when it refuses any.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use kernel::{StreamId, Timestamp};
use uuid::Uuid;

use super::event::{PARTITIONS, partition};
use super::{Append, AppendError, Appended};

/// Hashes of everything that an append names. Two different names that hash alike only travel apart.
#[derive(Debug)]
pub struct Names {
    /// What it changes.
    pub changed: Vec<u64>,
    /// The streams that it only reads.
    pub read: Vec<u64>,
}

/// What an append names.
pub fn names(append: &Append) -> Names {
    fn hash(kind: u8, name: impl Hash) -> u64 {
        let mut hasher = DefaultHasher::new();
        (kind, name).hash(&mut hasher);
        hasher.finish()
    }
    let (mut changed, mut read) = (Vec::new(), Vec::new());
    for expected in append.expected() {
        let names = if expected.written { &mut changed } else { &mut read };
        names.push(hash(0, expected.stream));
    }
    changed.extend(append.claims.iter().map(|claim| hash(1, claim.key())));
    changed.extend(append.request.iter().map(|request| hash(2, (&request.scope, request.id))));
    changed.extend(append.cursor.iter().map(|step| hash(3, (&step.reader, step.log_id, step.partition))));
    Names { changed, read }
}

/// The names of a batch, and of what it passed over.
#[derive(Debug, Default)]
pub struct Named {
    changed: HashSet<u64>,
    read: HashSet<u64>,
}

impl Named {
    /// Whether something with these names has to wait: it changes what is named, or reads what is changed.
    pub fn bars(&self, names: &Names) -> bool {
        names.changed.iter().any(|name| self.changed.contains(name) || self.read.contains(name))
            || names.read.iter().any(|name| self.changed.contains(name))
    }

    /// These as well.
    pub fn add(&mut self, names: &Names) {
        self.changed.extend(&names.changed);
        self.read.extend(&names.read);
    }
}

/// What the appends of a batch expect of streams, each stream and version once however many of them rest on it.
#[derive(Debug, Default)]
pub struct Expectations {
    /// The streams and their versions.
    pub streams: Vec<(StreamId, u64)>,
    /// For each append in order, each of what it expects in order: the append's place in the batch and the stream's among the streams.
    pub of: Vec<(usize, usize)>,
}

impl Expectations {
    /// Those of a batch.
    pub fn of(appends: &[&Append]) -> Self {
        let mut all = Self::default();
        let mut places = HashMap::with_capacity(appends.len());
        for (index, append) in appends.iter().enumerate() {
            for one in append.expected() {
                let named = (one.stream, one.version);
                let place = *places.entry(named).or_insert_with(|| {
                    all.streams.push(named);
                    all.streams.len() - 1
                });
                all.of.push((index, place));
            }
        }
        all
    }
}

/// How the store judged one append of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Written.
    Accepted,
    /// Its request id is known.
    Known,
    /// Its cursor is elsewhere.
    CursorMoved,
    /// The stream is at another version.
    Conflict(String),
    /// Another holds the claim.
    ClaimTaken { key: Vec<u8>, holder: String },
    /// The log takes nothing until it is forked.
    LogReplaced,
}

/// How the store judged a batch, and where the log stood before it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The log's incarnation.
    pub log_id: Uuid,
    /// Position of the last event before the batch.
    pub position: u64,
    /// Last sequence of each partition before the batch.
    pub sequences: [u64; PARTITIONS as usize],
    /// When the batch was recorded.
    pub recorded_at: Timestamp,
    /// One an append, in order.
    pub verdicts: Vec<Verdict>,
}

/// An accepted append's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its position before its first event.
    pub after: u64,
    /// Partition and sequence of each of its events.
    pub events: Vec<(u32, u64)>,
}

/// Numbers the accepted appends of a batch in order, and tells where the log stands after it.
pub fn number<'a>(
    appends: impl Iterator<Item = &'a Append>,
    judged: &Judged,
) -> (Vec<Option<Placed>>, u64, [u64; PARTITIONS as usize]) {
    let (mut position, mut sequences) = (judged.position, judged.sequences);
    let placed = appends
        .zip(&judged.verdicts)
        .map(|(append, verdict)| {
            if *verdict != Verdict::Accepted {
                return None;
            }
            let after = position;
            let events = append.events.iter().map(|event| {
                let partition = partition(event.person, &event.stream);
                position += 1;
                sequences[partition as usize] += 1;
                (partition, sequences[partition as usize])
            });
            let events = events.collect();
            Some(Placed { after, events })
        })
        .collect();
    (placed, position, sequences)
}

/// What an append is answered. `placed` is its place if it was accepted.
pub fn outcome(
    append: &Append,
    verdict: &Verdict,
    placed: Option<Placed>,
    judged: &Judged,
) -> Result<Option<Appended>, AppendError> {
    Err(match verdict {
        Verdict::Accepted => {
            let Placed { after, events } =
                placed.unwrap_or(Placed { after: judged.position, events: vec![] });
            return Ok(Some(Appended {
                log_id: judged.log_id,
                positions: (after + 1..=after + events.len() as u64).collect(),
                sequences: highest(events),
                recorded_at: judged.recorded_at,
                subject: append.request.as_ref().map(|request| request.subject.clone()).unwrap_or_default(),
                subject_version: append.request.as_ref().map_or(0, |request| request.subject_version),
                replayed: false,
            }));
        }
        Verdict::Known => return Ok(None),
        Verdict::CursorMoved => AppendError::CursorMoved,
        Verdict::Conflict(stream) => AppendError::Conflict { stream: stream.clone() },
        Verdict::ClaimTaken { key, holder } => {
            AppendError::ClaimTaken { key: key.clone(), holder: holder.clone() }
        }
        Verdict::LogReplaced => AppendError::LogReplaced,
    })
}

/// The highest sequence of each partition, by partition.
pub fn highest(events: impl IntoIterator<Item = (u32, u64)>) -> Vec<(u32, u64)> {
    let mut highest: BTreeMap<u32, u64> = BTreeMap::new();
    for (partition, sequence) in events {
        let highest = highest.entry(partition).or_default();
        *highest = sequence.max(*highest);
    }
    highest.into_iter().collect()
}

/// What an append does to one claim, its one or two parts folded together.
pub struct ClaimStep<'a> {
    /// What is claimed.
    pub key: &'a [u8],
    /// Who is to hold it.
    pub take: Option<&'a str>,
    /// Who held it.
    pub release: Option<&'a str>,
}

/// The claims of an append, each named once.
pub fn claim_steps(append: &Append) -> Vec<ClaimStep<'_>> {
    let mut steps: BTreeMap<&[u8], ClaimStep<'_>> = BTreeMap::new();
    for claim in &append.claims {
        let step =
            steps.entry(claim.key()).or_insert(ClaimStep { key: claim.key(), take: None, release: None });
        match claim {
            super::Claim::Take { holder, .. } => step.take = Some(holder),
            super::Claim::Release { holder, .. } => step.release = Some(holder),
        }
    }
    steps.into_values().collect()
}
