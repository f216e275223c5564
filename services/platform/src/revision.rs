//! A revision: what a command wrote, in a form that a later read can wait for.
//! Invariant: opaque to callers; it names positions, never a person.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message;
use uuid::Uuid;

use crate::error::BadField;

/// What one command wrote to one log: the highest sequence in each partition that it touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The log, by its service's name.
    pub log: String,
    /// The log's incarnation.
    pub log_id: Uuid,
    /// (partition, sequence) written. Empty where the command wrote nothing.
    pub written: Vec<(u32, u64)>,
}

#[derive(Clone, PartialEq, Message)]
struct Wire {
    #[prost(string, tag = "1")]
    log: String,
    #[prost(bytes = "vec", tag = "2")]
    log_id: Vec<u8>,
    #[prost(uint32, repeated, tag = "3")]
    partitions: Vec<u32>,
    #[prost(uint64, repeated, tag = "4")]
    sequences: Vec<u64>,
}

impl Revision {
    /// As callers see it.
    pub fn to_text(&self) -> String {
        let wire = Wire {
            log: self.log.clone(),
            log_id: self.log_id.as_bytes().to_vec(),
            partitions: self.written.iter().map(|(partition, _)| *partition).collect(),
            sequences: self.written.iter().map(|(_, sequence)| *sequence).collect(),
        };
        URL_SAFE_NO_PAD.encode(wire.encode_to_vec())
    }

    /// The revision that a caller sent in `field`.
    ///
    /// # Errors
    /// A text that no command replied.
    pub fn parse(field: &str, text: &str) -> Result<Self, BadField> {
        let bad = || BadField::new(field, "is not a revision that a command replied; send it unchanged");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad())?;
        let wire = Wire::decode(bytes.as_slice()).map_err(|_| bad())?;
        let log_id = Uuid::from_slice(&wire.log_id).map_err(|_| bad())?;
        if wire.partitions.len() != wire.sequences.len() {
            return Err(bad());
        }
        Ok(Self { log: wire.log, log_id, written: wire.partitions.into_iter().zip(wire.sequences).collect() })
    }

    /// The revisions that a caller sent in `at_least`, at most 16.
    ///
    /// # Errors
    /// The first that does not parse, by its place.
    pub fn parse_all(texts: &[String]) -> Result<Vec<Self>, BadField> {
        if texts.len() > 16 {
            return Err(BadField::new(
                "at_least",
                "holds more than 16 revisions; the latest of each service is enough",
            ));
        }
        texts.iter().enumerate().map(|(i, text)| Self::parse(&format!("at_least[{i}]"), text)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_reads_back_and_a_foreign_text_is_named() {
        let revision =
            Revision { log: "referrals".into(), log_id: Uuid::from_u128(5), written: vec![(3, 9), (60, 1)] };
        assert_eq!(Revision::parse("at_least[0]", &revision.to_text()), Ok(revision));
        assert_eq!(Revision::parse("at_least[0]", "zzz!").unwrap_err().field, "at_least[0]");
    }
}
