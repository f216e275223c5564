//! An event as a message: CloudEvents 1.0 in the binary mode of its NATS binding.
//! Invariant: the payload is the stored event, byte for byte; headers repeat what routing and readers need of it, and nothing personal.

use std::sync::Arc;

use async_nats::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use jiff::Timestamp;
use proto::log as pb;
use uuid::Uuid;

use crate::log::Recorded;
use crate::source::Tailed;

const SPEC_VERSION: &str = "ce-specversion";
const ID: &str = "ce-id";
const SOURCE: &str = "ce-source";
const TYPE: &str = "ce-type";
const TIME: &str = "ce-time";
const DATA_SCHEMA: &str = "ce-dataschema";
const CONTENT_TYPE: &str = "content-type";
const SEQUENCE: &str = "ce-sequence";
const PARTITION: &str = "ce-partition";
const PARTITION_SEQUENCE: &str = "ce-partitionsequence";
const TRACEPARENT: &str = "traceparent";

/// What the source of every event begins with; the log's service and id follow.
const LOG: &str = "urn:throughline:log:";

/// The attributes of an event.
pub fn headers(service: &str, log_id: Uuid, recorded: &Recorded) -> HeaderMap {
    // What cannot be decoded travels on: its readers park it, and nothing waits behind it.
    let event = decoded(log_id, recorded);
    let schema = format!("urn:throughline:schema:throughline.log.v1.Event:{}", event.schema_version.max(1));
    let values = [
        (SPEC_VERSION, "1.0".to_owned()),
        (ID, event.id.clone()),
        (SOURCE, format!("{LOG}{service}:{log_id}")),
        (TYPE, event.r#type.clone()),
        (TIME, recorded.recorded_at.to_string()),
        (DATA_SCHEMA, schema),
        (CONTENT_TYPE, "application/protobuf".to_owned()),
        (SEQUENCE, recorded.position.to_string()),
        (PARTITION, recorded.partition.to_string()),
        (PARTITION_SEQUENCE, recorded.sequence.to_string()),
        (TRACEPARENT, event.traceparent.clone()),
    ];
    let mut headers = HeaderMap::new();
    // A value that no header can hold is left out; readers take nothing from these but numbers, the source and the time.
    let fits = |value: &str| !value.is_empty() && !value.contains(['\r', '\n']);
    for (name, value) in values.into_iter().filter(|(_, value)| fits(value)) {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
    headers
}

/// The event, or what stands for one that cannot be decoded.
fn decoded(log_id: Uuid, recorded: &Recorded) -> Arc<pb::Event> {
    recorded.decode().unwrap_or_else(|_| {
        Arc::new(pb::Event {
            id: format!("{log_id}-{}", recorded.position),
            r#type: "throughline.log.v1.Event".to_owned(),
            ..pb::Event::default()
        })
    })
}

/// The event that a message carries; nothing if its headers do not say.
pub fn read(headers: &HeaderMap, payload: Bytes) -> Option<Tailed> {
    let text = |name: &str| headers.get(name).map(HeaderValue::as_str);
    let number = |name: &str| text(name)?.parse::<u64>().ok();
    let log_id = text(SOURCE)?.strip_prefix(LOG)?.rsplit_once(':')?.1;
    let recorded = Recorded {
        position: number(SEQUENCE)?,
        partition: number(PARTITION)?.try_into().ok()?,
        sequence: number(PARTITION_SEQUENCE)?,
        recorded_at: text(TIME)?.parse::<Timestamp>().ok()?,
        bytes: payload.into(),
    };
    Some(Tailed { log_id: log_id.parse().ok()?, recorded })
}

/// The event's id, as its message says it.
pub(crate) fn id(headers: &HeaderMap) -> Option<&str> {
    headers.get(ID).map(HeaderValue::as_str)
}

/// The event's id, as [`headers`] would say it.
pub(crate) fn id_of(log_id: Uuid, recorded: &Recorded) -> String {
    decoded(log_id, recorded).id.clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message;

    const LOG_ID: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);

    fn recorded(bytes: Vec<u8>) -> Recorded {
        Recorded {
            position: 12,
            partition: 9,
            sequence: 3,
            recorded_at: Timestamp::from_microsecond(1_700_000_000_000_001).unwrap(),
            bytes: bytes.into(),
        }
    }

    fn event() -> pb::Event {
        pb::Event {
            id: "0190a000-0000-7000-8000-000000000002".to_owned(),
            r#type: "throughline.referrals.v1.ReferralAccepted".to_owned(),
            schema_version: 2,
            traceparent: "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01".to_owned(),
            payload: vec![1, 2, 3].into(),
            ..pb::Event::default()
        }
    }

    #[test]
    fn attributes_are_those_of_the_event_and_of_its_place() {
        let shown = headers("referrals", LOG_ID, &recorded(event().encode_to_vec()));
        for (name, value) in [
            ("ce-specversion", "1.0"),
            ("ce-id", "0190a000-0000-7000-8000-000000000002"),
            ("ce-source", "urn:throughline:log:referrals:01900000-0000-7000-8000-000000000001"),
            ("ce-type", "throughline.referrals.v1.ReferralAccepted"),
            ("ce-time", "2023-11-14T22:13:20.000001Z"),
            ("ce-dataschema", "urn:throughline:schema:throughline.log.v1.Event:2"),
            ("content-type", "application/protobuf"),
            ("ce-sequence", "12"),
            ("ce-partition", "9"),
            ("ce-partitionsequence", "3"),
            ("traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"),
        ] {
            assert_eq!(shown.get(name).map(HeaderValue::as_str), Some(value), "{name}");
        }
        assert_eq!(shown.len(), 11);
    }

    #[test]
    fn an_event_reads_back_as_it_was() {
        let untouched = recorded(event().encode_to_vec());
        let tailed = read(&headers("referrals", LOG_ID, &untouched), Bytes::clone(&untouched.bytes)).unwrap();
        assert_eq!((tailed.log_id, tailed.recorded), (LOG_ID, untouched));
    }

    #[test]
    fn bytes_that_are_no_event_travel_all_the_same() {
        let broken = recorded(vec![0xff, 0xff]);
        let shown = headers("referrals", LOG_ID, &broken);
        assert_eq!(read(&shown, Bytes::clone(&broken.bytes)).unwrap().recorded, broken);
        assert_eq!(id(&shown).unwrap(), id_of(LOG_ID, &broken));
    }

    #[test]
    fn a_value_that_no_header_can_hold_is_left_out() {
        let odd = pb::Event { r#type: "two\r\nlines".to_owned(), traceparent: String::new(), ..event() };
        let odd = recorded(odd.encode_to_vec());
        let shown = headers("referrals", LOG_ID, &odd);
        assert!(shown.get("ce-type").is_none() && shown.get("traceparent").is_none());
        assert_eq!(read(&shown, Bytes::clone(&odd.bytes)).unwrap().recorded, odd);
    }

    #[test]
    fn a_message_that_does_not_say_where_it_belongs_is_none() {
        let untouched = recorded(event().encode_to_vec());
        for name in ["ce-source", "ce-sequence", "ce-partition", "ce-partitionsequence", "ce-time"] {
            for value in ["", "rubbish", "-1"] {
                let mut shown = headers("referrals", LOG_ID, &untouched);
                shown.insert(name, value);
                assert!(read(&shown, Bytes::clone(&untouched.bytes)).is_none(), "{name} {value}");
            }
        }
    }
}
