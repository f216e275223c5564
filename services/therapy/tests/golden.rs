//! The bytes of every kind of event, as logs hold them for ever.
//! Invariant: what an earlier release wrote is read by this one and says the same; `kinds.txt` is added to and never changed.

use kernel::Decider;
use platform::command::Encoding;
use tests::golden::{Golden, settled, stored};
use therapy::domain::appointment::Appointment;
use therapy::domain::diary::Diary;
use therapy::domain::episode::Episode;
use therapy::domain::practitioner::Practitioner;

const GOLDEN: Golden =
    Golden { payload: "throughline.therapy.v1.TherapyEvent", kept: include_str!("golden/kinds.txt") };

/// Every field is as its name settles it, but for states that are no correction of a no-show, or are not recorded.
fn chosen(path: &str, limit: u64) -> u64 {
    match path {
        "AppointmentNoShowCorrected.state" | "AppointmentRecorded.state" => 6,
        // A reason was added to the list since.
        "AppointmentCancelled.reason"
        | "AppointmentNoShowCorrected.cancel_reason"
        | "AppointmentRecorded.cancel_reason" => settled(path, limit - 1),
        _ => settled(path, limit),
    }
}

/// The family of the streams that a kind stands in.
fn family(kind: &str) -> &'static str {
    match kind {
        _ if kind.starts_with("practitioner_") => Practitioner::CATEGORY,
        _ if kind.starts_with("episode_") => Episode::CATEGORY,
        _ if kind.starts_with("diary_") => Diary::CATEGORY,
        _ => Appointment::CATEGORY,
    }
}

/// Whether the stream makes sense of the stored event.
fn reads<D: Encoding>(event: &proto::log::Event) -> Option<&'static str> {
    D::decode(event).is_ok().then_some(D::CATEGORY)
}

#[test]
fn every_kind_of_event_has_the_bytes_that_it_always_had() {
    let samples = GOLDEN.samples(&mut chosen).into_iter().map(|sample| sample.bytes);
    GOLDEN.check::<proto::therapy::TherapyEvent>(samples);
}

#[test]
fn every_kind_is_read_by_its_own_stream_and_by_no_other() {
    for sample in GOLDEN.samples(&mut chosen) {
        let event = stored(sample.bytes);
        let readers = [
            reads::<Practitioner>(&event),
            reads::<Episode>(&event),
            reads::<Appointment>(&event),
            reads::<Diary>(&event),
        ];
        let readers: Vec<&str> = readers.into_iter().flatten().collect();
        // What was refused stands in a stream that nothing is decided on.
        let own = (sample.name != "reaction_refused").then(|| family(&sample.name));
        assert_eq!(readers, Vec::from_iter(own), "{}", sample.name);
    }
}
