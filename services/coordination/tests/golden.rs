//! The bytes of every kind of event, as logs hold them for ever.
//! Invariant: what an earlier release wrote is read by this one and says the same; `kinds.txt` is added to and never changed.

use coordination::domain::Findings;
use coordination::domain::findings::Event;
use platform::command::Encoding;
use tests::golden::{Golden, settled, stored};

const GOLDEN: Golden = Golden {
    payload: "throughline.coordination.v1.CoordinationEvent",
    kept: include_str!("golden/kinds.txt"),
};

#[test]
fn every_kind_of_event_has_the_bytes_that_it_always_had() {
    let samples = GOLDEN.samples(&mut settled).into_iter().map(|sample| sample.bytes);
    GOLDEN.check::<proto::coordination::CoordinationEvent>(samples);
}

#[test]
fn every_kind_is_read_as_what_it_is() {
    for sample in GOLDEN.samples(&mut settled) {
        let event = Findings::decode(&stored(sample.bytes)).unwrap();
        let read = match &event {
            Event::Raised { .. } => "finding_raised",
            Event::Changed { .. } => "finding_changed",
            Event::Cleared { .. } => "finding_cleared",
        };
        assert_eq!(read, sample.name);
        let found = match event {
            Event::Raised { found, .. } | Event::Changed { found, .. } => found,
            Event::Cleared { .. } => continue,
        };
        // What is compared with what is found now has come through whole.
        assert!(!found.line.is_empty() && found.from.is_some() && found.until.is_some(), "{found:?}");
        assert!(!found.inputs.is_empty() && !found.concerned.is_empty() && found.version > 0, "{found:?}");
        assert!(found.inputs.iter().all(|input| !input.shared_with.is_empty() && !input.label.is_empty()));
    }
}
