//! The bytes of every kind of event, as logs hold them for ever.
//! Invariant: what an earlier release wrote is read by this one and says the same; `kinds.txt` is added to and never changed.

use kernel::Decider;
use platform::command::Encoding;
use referrals::domain::caseload::Caseload;
use referrals::domain::offer::{self, Offer};
use referrals::domain::participation::{Event, Participation};
use referrals::domain::referral::{self, Referral, When};
use tests::golden::{Golden, settled, stored};

const GOLDEN: Golden =
    Golden { payload: "throughline.referrals.v1.ReferralsEvent", kept: include_str!("golden/kinds.txt") };

/// What kinds looked like before they had all the fields that they have now.
const EARLIER: Golden = Golden { kept: include_str!("golden/earlier.txt"), ..GOLDEN };

/// Every field is as its name settles it, but for states that are not recorded, and a capacity that is never reported.
fn chosen(path: &str, limit: u64) -> u64 {
    match path {
        "ReferralRecorded.state" => 2,
        "OfferCapacity.status" => 0,
        _ => settled(path, limit),
    }
}

/// The family of the streams that a kind stands in.
fn family(kind: &str) -> &'static str {
    match kind {
        _ if kind.starts_with("service_offer_") => Offer::CATEGORY,
        _ if kind.starts_with("participation_") => Participation::CATEGORY,
        _ if kind.starts_with("caseload_") => Caseload::CATEGORY,
        _ => Referral::CATEGORY,
    }
}

/// Whether the stream makes sense of the stored event.
fn reads<D: Encoding>(event: &proto::log::Event) -> Option<&'static str> {
    D::decode(event).is_ok().then_some(D::CATEGORY)
}

/// A kind as it was before it had all its fields.
fn earlier<D: Encoding>(kind: u32) -> D::Event {
    let bytes = EARLIER.bytes().remove(&kind).expect("a line");
    D::decode(&stored(bytes)).expect("it is read")
}

#[test]
fn every_kind_of_event_has_the_bytes_that_it_always_had() {
    let samples = GOLDEN.samples(&mut chosen).into_iter().map(|sample| sample.bytes);
    GOLDEN.check::<proto::referrals::ReferralsEvent>(samples);
}

#[test]
fn a_participation_that_was_written_before_it_told_of_zero_exclusion_and_reasons_is_read_as_one_that_tells_of_none()
 {
    let told = [40, 43].map(earlier::<Participation>).into_iter();
    let facts: Vec<_> = told
        .map(|event| {
            if let Event::Started { facts, .. } = event {
                return (facts, None);
            }
            let Event::Recorded { told, .. } = event else { panic!("{event:?} never looked otherwise") };
            (told.facts.clone(), told.ended.and_then(|end| end.reason))
        })
        .collect();
    assert_eq!(facts.len(), 2);
    assert!(facts.iter().all(|(facts, reason)| !facts.zero_exclusion && reason.is_none()));
}

#[test]
fn every_kind_is_read_by_its_own_stream_and_by_no_other() {
    for sample in GOLDEN.samples(&mut chosen) {
        let event = stored(sample.bytes);
        let readers = [
            reads::<Offer>(&event),
            reads::<Referral>(&event),
            reads::<Participation>(&event),
            reads::<Caseload>(&event),
        ];
        let readers: Vec<&str> = readers.into_iter().flatten().collect();
        // What was refused stands in a stream that nothing is decided on.
        let own = (sample.name != "reaction_refused").then(|| family(&sample.name));
        assert_eq!(readers, Vec::from_iter(own), "{}", sample.name);
    }
}

#[test]
fn what_was_written_before_it_could_be_told_late_is_read_as_told_when_it_happened() {
    let happened = When::told(kernel::Timestamp::from_second(1_772_000_000).expect("an instant"));
    let referral::Event::Sent(sent) = earlier::<Referral>(11) else { panic!("it was sent") };
    assert_eq!((sent.when, sent.expiry_days, sent.expires), (happened, None, None));
    let referral::Event::Accepted { when, household_head, .. } = earlier::<Referral>(13) else {
        panic!("it was accepted")
    };
    assert_eq!((when, household_head), (happened, None));
    let referral::Event::Resumed { when, .. } = earlier::<Referral>(18) else { panic!("it goes on") };
    assert_eq!(when, happened);
    let referral::Event::Reviewed { when, .. } = earlier::<Referral>(31) else { panic!("it was looked at") };
    assert_eq!(when, happened);
    let offer::Event::Published { content, .. } = earlier::<Offer>(1) else { panic!("it was published") };
    assert!(content.locations.is_empty() && content.telecom.is_empty());
}
