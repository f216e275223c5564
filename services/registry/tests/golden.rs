//! The bytes of every kind of event, as logs hold them for ever.
//! Invariant: what an earlier release wrote is read by this one and says the same; `kinds.txt` is added to and never changed.

use kernel::{Decider, PersonId};
use platform::command::Encoding;
use prost::Message;
use proto::log::Sealed;
use proto::registry as pb;
use proto::registry::registry_event::Kind;
use proto::types::{Identifier, LifeDomain, Occurred, Precision, Purpose};
use registry::domain::agency::{self, Agency};
use registry::domain::consent::Consent;
use registry::domain::emergency::Emergency;
use registry::domain::facet::Facet;
use registry::domain::goal::Goal;
use registry::domain::measure::Measure;
use registry::domain::person::Person;
use registry::domain::plan::Plan;
use registry::domain::team::Team;
use registry::domain::worker::Worker;
use tests::golden::Golden;

const GOLDEN: Golden =
    Golden { payload: "throughline.registry.v1.RegistryEvent", kept: include_str!("golden/kinds.txt") };

/// What kinds looked like before they had all the fields that they have now.
const EARLIER: Golden = Golden { kept: include_str!("golden/earlier.txt"), ..GOLDEN };

fn id(number: u128) -> String {
    PersonId::of(number).to_string()
}

fn sealed(field: &str) -> Option<Sealed> {
    Some(Sealed {
        key_id: format!("{}/1", id(1)),
        event_id: id(90),
        field: field.into(),
        nonce: vec![7; 12].into(),
        ciphertext: vec![9; 20].into(),
    })
}

fn date(day: i32) -> Option<proto::Date> {
    Some(proto::Date { year: 2026, month: 3, day })
}

fn agency() -> Option<pb::AgencyContent> {
    let identifiers = vec![Identifier { system: "hmis".into(), value: "1361".into() }];
    Some(pb::AgencyContent {
        name: "Clinic".into(),
        zone: "America/Chicago".into(),
        part2: true,
        identifiers,
        holidays: vec![proto::Date { year: 2026, month: 12, day: 25 }],
        plan_review_days: 30,
        plan_overseer_role: pb::WorkerRole::Psychologist.into(),
        referral_clocks: Some(pb::ReferralClocks {
            acknowledge_days: 1,
            answer_days: 5,
            start_days: 10,
            review_days: 30,
            expiry_days: 20,
            expires: true,
        }),
        weekend_days: vec!["FR".into(), "SA".into()],
        ..Default::default()
    })
}

fn worker() -> Option<pb::WorkerContent> {
    let identifiers = vec![Identifier { system: "hmis".into(), value: "27".into() }];
    Some(pb::WorkerContent { working_name: "Robin".into(), roles: vec![3, 9], identifiers, left: true })
}

fn details() -> Option<pb::SealedDetails> {
    Some(pb::SealedDetails {
        given_name: sealed("name.given"),
        middle_name: sealed("name.middle"),
        family_name: sealed("name.family"),
        name_suffix: sealed("name.suffix"),
        chosen_name: sealed("name.chosen"),
        pronouns: sealed("pronouns"),
        name_quality: pb::DataQuality::Full.into(),
        birth_date: sealed("birth_date"),
        birth_date_quality: pb::DataQuality::NotCollected.into(),
        languages: sealed("languages"),
        interpreter_needed: sealed("interpreter_needed"),
        contact_points: vec![pb::SealedContactPoint {
            kind: pb::ContactKind::Phone.into(),
            value: sealed("contact[0].value"),
            whose: sealed("contact[0].whose"),
            safe_to_leave_message: true,
            best_times: sealed("contact[0].best_times"),
            ..Default::default()
        }],
        digest: vec![3; 32].into(),
    })
}

fn contact_point(of: &str) -> Option<pb::SealedContactPoint> {
    Some(pb::SealedContactPoint {
        kind: pb::ContactKind::Sms.into(),
        value: sealed(&format!("{of}.value")),
        whose: sealed(&format!("{of}.whose")),
        safe_to_leave_message: true,
        best_times: sealed(&format!("{of}.best_times")),
        r#use: pb::ContactUse::Mobile.into(),
        safe_to_say_who_calls: true,
    })
}

fn identifier() -> pb::SealedIdentifier {
    pb::SealedIdentifier {
        system: "PersonalID".into(),
        value: sealed("identifier[0].value"),
        key_hash: vec![4; 32].into(),
        shared_by_source: "hmis:1".into(),
        agency_id: String::new(),
        r#use: pb::IdentifierUse::RecordNumber.into(),
        quality: pb::DataQuality::Full.into(),
        claimed: true,
    }
}

fn goal() -> Option<pb::SealedGoal> {
    Some(pb::SealedGoal {
        text: sealed("text"),
        life_domains: vec![LifeDomain::Employment.into()],
        environment: pb::Environment::Working.into(),
        strength: sealed("strength"),
        strength_facet_id: id(45),
    })
}

fn facet() -> Option<pb::SealedFacet> {
    Some(pb::SealedFacet { text: sealed("text"), life_domains: vec![LifeDomain::Education.into()] })
}

fn item() -> Option<pb::PlanItemContent> {
    Some(pb::PlanItemContent {
        goal_id: id(50),
        practice: "ips".into(),
        skills: vec!["job-search".into()],
        stance: proto::types::Stance::BuildIndependence.into(),
        worker_id: id(20),
        agency_id: id(2),
        from: date(4),
        until: date(9),
        review_on: date(30),
        offer_id: id(47),
    })
}

fn clock() -> Option<pb::PlanReviewClock> {
    let due_at = Some(prost_types::Timestamp { seconds: 1_780_000_000, nanos: 0 });
    Some(pb::PlanReviewClock { due_at, overdue: true })
}

/// One to named agencies, or to those that treat, which has no beginning yet.
fn consent(named: bool) -> Option<pb::SealedConsent> {
    let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    let class = if named { pb::RecipientClass::Unspecified } else { pb::RecipientClass::Treating };
    let scope = pb::ConsentScope {
        discloser_agency_id: id(2),
        recipient_agency_ids: if named { vec![id(4), id(5)] } else { vec![] },
        recipient_class: class.into(),
        purposes: vec![Purpose::Referral.into(), Purpose::Treatment.into()],
        categories: vec!["housing".into(), "therapy".into()],
        labels: vec!["42CFRPart2".into()],
        from: at(1_772_000_000).filter(|_| named),
        until: at(1_803_536_000),
    };
    Some(pb::SealedConsent {
        scope: Some(scope),
        grantor: pb::ConsentGrantor::Representative.into(),
        representative: sealed("representative"),
        operator_is_intermediary: true,
        ..Default::default()
    })
}

fn measure() -> Option<pb::MeasureContent> {
    let at = Some(prost_types::Timestamp { seconds: 1_772_000_000, nanos: 0 });
    let taken = Occurred { at, precision: Precision::Day.into(), zone: "America/Chicago".into() };
    let parts = vec![pb::MeasurePart { code: "AssessmentLevel".into(), value: "2".into() }];
    Some(pb::MeasureContent { scale: "hope".into(), score: "2.5".into(), taken: Some(taken), parts })
}

/// One of each kind, with its stream's category.
fn samples() -> Vec<(&'static str, Kind)> {
    let (goal_id, person_id, agency_id) = (|| id(50), || id(1), || id(2));
    let (canonical_id, member_id) = (|| id(1), || id(3));
    vec![
        (
            "agency",
            Kind::AgencyRegistered(pb::AgencyRegistered { agency_id: agency_id(), content: agency() }),
        ),
        ("agency", Kind::AgencyChanged(pb::AgencyChanged { agency_id: agency_id(), content: agency() })),
        (
            "agency",
            Kind::AgencyRecorded(pb::AgencyRecorded {
                agency_id: agency_id(),
                content: agency(),
                correction: true,
            }),
        ),
        (
            "worker",
            Kind::WorkerAdded(pb::WorkerAdded {
                worker_id: id(20),
                agency_id: agency_id(),
                content: worker(),
            }),
        ),
        ("worker", Kind::WorkerChanged(pb::WorkerChanged { worker_id: id(20), content: worker() })),
        (
            "worker",
            Kind::WorkerRecorded(pb::WorkerRecorded {
                worker_id: id(20),
                agency_id: agency_id(),
                content: worker(),
                correction: true,
            }),
        ),
        (
            "person",
            Kind::PersonRegistered(pb::PersonRegistered {
                person_id: person_id(),
                agency_id: agency_id(),
                details: details(),
                identifiers: vec![identifier()],
            }),
        ),
        ("person", Kind::PersonChanged(pb::PersonChanged { person_id: person_id(), details: details() })),
        (
            "person",
            Kind::PersonRecorded(pb::PersonRecorded {
                person_id: person_id(),
                details: details(),
                identifiers: vec![identifier()],
                serving_agency_ids: vec![agency_id()],
                correction: true,
            }),
        ),
        ("person", Kind::PersonEnteredInError(pb::PersonEnteredInError { person_id: person_id() })),
        (
            "person",
            Kind::IdentifierAdded(pb::IdentifierAdded {
                person_id: person_id(),
                identifier: Some(identifier()),
            }),
        ),
        (
            "person",
            Kind::IdentifierRemoved(pb::IdentifierRemoved {
                person_id: person_id(),
                key_hash: vec![4; 32].into(),
            }),
        ),
        (
            "person",
            Kind::ServingAgencyAdded(pb::ServingAgencyAdded {
                person_id: person_id(),
                agency_id: agency_id(),
            }),
        ),
        (
            "person",
            Kind::PersonsLinked(pb::PersonsLinked { canonical_id: canonical_id(), member_id: member_id() }),
        ),
        (
            "person",
            Kind::PersonsUnlinked(pb::PersonsUnlinked {
                canonical_id: canonical_id(),
                member_id: member_id(),
            }),
        ),
        ("person", Kind::PersonsNeverLinked(pb::PersonsNeverLinked { one_id: id(1), other_id: id(3) })),
        (
            "person",
            Kind::PersonDied(pb::PersonDied {
                person_id: person_id(),
                death: Some(pb::Death {
                    died: measure().unwrap().taken,
                    source: pb::DeathSource::Provider.into(),
                }),
            }),
        ),
        ("person", Kind::PersonDeathEnteredInError(pb::PersonDeathEnteredInError { person_id: person_id() })),
        (
            "person",
            Kind::PersonRestricted(pb::PersonRestricted {
                person_id: person_id(),
                reason: pb::RestrictionReason::FleeingViolence.into(),
            }),
        ),
        ("person", Kind::PersonRestrictionLifted(pb::PersonRestrictionLifted { person_id: person_id() })),
        (
            "person",
            Kind::ContactPointSet(pb::ContactPointSet {
                person_id: person_id(),
                contact_point_id: id(66),
                contact_point: contact_point("contact"),
            }),
        ),
        (
            "person",
            Kind::ContactPointRemoved(pb::ContactPointRemoved {
                person_id: person_id(),
                contact_point_id: id(66),
            }),
        ),
        (
            "person",
            Kind::CrisisContactSet(pb::CrisisContactSet {
                person_id: person_id(),
                contact: Some(pb::SealedCrisisContact {
                    name: sealed("crisis.name"),
                    relationship: sealed("crisis.relationship"),
                    reached: contact_point("crisis"),
                }),
            }),
        ),
        ("person", Kind::CrisisContactRemoved(pb::CrisisContactRemoved { person_id: person_id() })),
        (
            "person",
            Kind::WarningSignsSet(pb::WarningSignsSet {
                person_id: person_id(),
                text: sealed("warning_signs"),
            }),
        ),
        ("person", Kind::WarningSignsRemoved(pb::WarningSignsRemoved { person_id: person_id() })),
        (
            "person",
            Kind::HouseholdJoined(pb::HouseholdJoined {
                person_id: person_id(),
                membership: Some(pb::HouseholdMembership {
                    household_id: id(67),
                    relationship: pb::HouseholdRelationship::Partner.into(),
                    from: date(4),
                    until: date(9),
                }),
            }),
        ),
        (
            "person",
            Kind::HouseholdLeft(pb::HouseholdLeft {
                person_id: person_id(),
                household_id: id(67),
                until: date(9),
            }),
        ),
        (
            "person",
            Kind::RepresentativeAdded(pb::RepresentativeAdded {
                person_id: person_id(),
                representative_id: id(68),
                representative: Some(pb::SealedRepresentative {
                    name: sealed("representative.name"),
                    relation: pb::RepresentativeRelation::Guardian.into(),
                    matters: vec![
                        pb::RepresentativeMatter::Consents.into(),
                        pb::RepresentativeMatter::Goals.into(),
                    ],
                    from: date(4),
                    until: date(9),
                    evidence: sealed("representative.evidence"),
                }),
            }),
        ),
        (
            "person",
            Kind::RepresentativeEnded(pb::RepresentativeEnded {
                person_id: person_id(),
                representative_id: id(68),
                until: date(9),
            }),
        ),
        (
            "person",
            Kind::HouseholdMembershipEnteredInError(pb::HouseholdMembershipEnteredInError {
                person_id: person_id(),
                household_id: id(67),
                replaced_by_id: id(69),
            }),
        ),
        (
            "person",
            Kind::RepresentativeEnteredInError(pb::RepresentativeEnteredInError {
                person_id: person_id(),
                representative_id: id(68),
                replaced_by_id: id(69),
            }),
        ),
        (
            "person",
            Kind::PersonRestrictionEnteredInError(pb::PersonRestrictionEnteredInError {
                person_id: person_id(),
            }),
        ),
        ("person", Kind::PersonErased(pb::PersonErased { person_id: person_id() })),
        (
            "goal",
            Kind::GoalProposed(pb::GoalProposed {
                goal_id: goal_id(),
                person_id: person_id(),
                content: goal(),
            }),
        ),
        ("goal", Kind::GoalSet(pb::GoalSet { goal_id: goal_id(), person_id: person_id(), content: goal() })),
        ("goal", Kind::GoalReworded(pb::GoalReworded { goal_id: goal_id(), content: goal() })),
        ("goal", Kind::GoalAccepted(pb::GoalAccepted { goal_id: goal_id() })),
        ("goal", Kind::GoalRejected(pb::GoalRejected { goal_id: goal_id() })),
        ("goal", Kind::GoalDropped(pb::GoalDropped { goal_id: goal_id() })),
        ("goal", Kind::GoalActivated(pb::GoalActivated { goal_id: goal_id() })),
        ("goal", Kind::GoalHeld(pb::GoalHeld { goal_id: goal_id() })),
        ("goal", Kind::GoalResumed(pb::GoalResumed { goal_id: goal_id() })),
        ("goal", Kind::GoalCompleted(pb::GoalCompleted { goal_id: goal_id() })),
        (
            "goal",
            Kind::GoalRated(pb::GoalRated {
                goal_id: goal_id(),
                achievement: pb::Achievement::Improving.into(),
            }),
        ),
        ("goal", Kind::GoalEnteredInError(pb::GoalEnteredInError { goal_id: goal_id() })),
        ("goal", Kind::GoalPlanned(pb::GoalPlanned { goal_id: goal_id() })),
        (
            "goal",
            Kind::GoalReadinessNoted(pb::GoalReadinessNoted {
                goal_id: goal_id(),
                readiness: pb::Readiness::NotNow.into(),
            }),
        ),
        (
            "facet",
            Kind::FacetNoted(pb::FacetNoted {
                facet_id: id(65),
                person_id: person_id(),
                kind: pb::FacetKind::Preference.into(),
                content: facet(),
            }),
        ),
        ("facet", Kind::FacetReworded(pb::FacetReworded { facet_id: id(65), content: facet() })),
        ("facet", Kind::FacetDropped(pb::FacetDropped { facet_id: id(65) })),
        ("facet", Kind::FacetEnteredInError(pb::FacetEnteredInError { facet_id: id(65) })),
        (
            "plan",
            Kind::PlanItemAdded(pb::PlanItemAdded {
                plan_item_id: id(70),
                person_id: person_id(),
                content: item(),
                review: clock(),
                asks_overseer: true,
            }),
        ),
        (
            "plan",
            Kind::PlanItemEnded(pb::PlanItemEnded {
                plan_item_id: id(70),
                until: date(9),
                review: clock(),
                asks_overseer: true,
            }),
        ),
        (
            "plan",
            Kind::PlanItemChanged(pb::PlanItemChanged {
                plan_item_id: id(70),
                content: item(),
                review: clock(),
                asks_overseer: true,
            }),
        ),
        (
            "plan",
            Kind::PlanItemEnteredInError(pb::PlanItemEnteredInError {
                plan_item_id: id(70),
                review: clock(),
                asks_overseer: true,
                replaced_by_id: id(71),
            }),
        ),
        ("plan", Kind::PlanAgreed(pb::PlanAgreed { person_id: person_id(), version: 3 })),
        (
            "plan",
            Kind::PlanApproved(pb::PlanApproved { person_id: person_id(), version: 3, worker_id: id(20) }),
        ),
        ("plan", Kind::PlanReviewed(pb::PlanReviewed { person_id: person_id(), review: clock() })),
        (
            "plan",
            Kind::PlanReviewOverdue(pb::PlanReviewOverdue {
                person_id: person_id(),
                due_at: clock().and_then(|clock| clock.due_at),
                agency_ids: vec![id(2), id(4)],
            }),
        ),
        (
            "consent",
            Kind::ConsentDrafted(pb::ConsentDrafted {
                directive_id: id(60),
                person_id: person_id(),
                content: consent(false),
            }),
        ),
        (
            "consent",
            Kind::ConsentGiven(pb::ConsentGiven {
                directive_id: id(60),
                person_id: person_id(),
                content: consent(true),
                evidence: sealed("evidence"),
            }),
        ),
        (
            "consent",
            Kind::ConsentRevoked(pb::ConsentRevoked {
                directive_id: id(60),
                person_id: person_id(),
                evidence: sealed("evidence"),
            }),
        ),
        (
            "consent",
            Kind::ConsentExpired(pb::ConsentExpired { directive_id: id(60), person_id: person_id() }),
        ),
        (
            "consent",
            Kind::ConsentSuperseded(pb::ConsentSuperseded {
                directive_id: id(60),
                person_id: person_id(),
                by_directive_id: id(61),
            }),
        ),
        (
            "consent",
            Kind::ConsentEnteredInError(pb::ConsentEnteredInError {
                directive_id: id(60),
                person_id: person_id(),
                replaced_by_id: id(61),
            }),
        ),
        (
            "emergency",
            Kind::EmergencyDeclared(pb::EmergencyDeclared {
                emergency_id: id(70),
                person_id: person_id(),
                worker_id: id(20),
                worker_name: "River".into(),
                agency_id: agency_id(),
                discloser_agency_ids: vec![id(3), id(4)],
                declared_at: Some(prost_types::Timestamp { seconds: 1_772_000_000, nanos: 0 }),
                until: Some(prost_types::Timestamp { seconds: 1_772_086_400, nanos: 0 }),
                nature: sealed("nature"),
            }),
        ),
        (
            "emergency",
            Kind::EmergencyEnded(pb::EmergencyEnded {
                emergency_id: id(70),
                person_id: person_id(),
                ended_at: Some(prost_types::Timestamp { seconds: 1_772_043_200, nanos: 0 }),
            }),
        ),
        (
            "emergency",
            Kind::EmergencyEnteredInError(pb::EmergencyEnteredInError {
                emergency_id: id(70),
                person_id: person_id(),
                at: Some(prost_types::Timestamp { seconds: 1_772_050_000, nanos: 0 }),
            }),
        ),
        (
            "measure",
            Kind::MeasureRecorded(pb::MeasureRecorded {
                measure_id: id(80),
                person_id: person_id(),
                agency_id: agency_id(),
                content: measure(),
                correction: true,
            }),
        ),
        (
            "team",
            Kind::TeamMemberAdded(pb::TeamMemberAdded {
                team_member_id: id(60),
                person_id: person_id(),
                role: pb::TeamRole::Family.into(),
                worker_id: String::new(),
                agency_id: String::new(),
                from: date(4),
                until: date(9),
                name: sealed("name"),
            }),
        ),
        ("team", Kind::TeamMemberEnded(pb::TeamMemberEnded { team_member_id: id(60), until: date(9) })),
        ("team", Kind::TeamMemberEnteredInError(pb::TeamMemberEnteredInError { team_member_id: id(60) })),
        (
            "measure",
            Kind::MeasureTaken(pb::MeasureTaken {
                measure_id: id(80),
                person_id: person_id(),
                agency_id: agency_id(),
                content: measure(),
            }),
        ),
        ("measure", Kind::MeasureEnteredInError(pb::MeasureEnteredInError { measure_id: id(80) })),
        (
            "reaction",
            Kind::ReactionRefused(proto::log::ReactionRefused {
                reaction: "serves-by-referral".into(),
                log: "referrals".into(),
                event_id: id(91),
                event_type: "throughline.referrals.v1.ReferralAccepted".into(),
                record: format!("person-{}", id(1)),
                reason: "PERSON_NOT_FOUND".into(),
            }),
        ),
    ]
}

#[test]
fn every_kind_of_event_has_the_bytes_that_it_always_had() {
    let encoded = |(_, kind)| pb::RegistryEvent { kind: Some(kind) }.encode_to_vec();
    GOLDEN.check::<pb::RegistryEvent>(samples().into_iter().map(encoded));
}

/// Whether the stream makes sense of the stored event.
fn reads<D: Encoding>(stored: &proto::log::Event) -> bool {
    D::decode(stored).is_ok()
}

#[test]
fn every_kind_is_read_by_its_own_stream() {
    for (category, kind) in samples() {
        let at = Some(prost_types::Timestamp { seconds: 1_772_000_000, nanos: 0 });
        let stored = proto::log::Event {
            stream: format!("{category}-{}", id(1)),
            person_id: id(1),
            agency_id: id(2),
            occurred: Some(Occurred { at, precision: Precision::Instant.into(), zone: "UTC".into() }),
            payload: pb::RegistryEvent { kind: Some(kind.clone()) }.encode_to_vec().into(),
            ..Default::default()
        };
        let read = match category {
            Agency::CATEGORY => reads::<Agency>(&stored),
            Worker::CATEGORY => reads::<Worker>(&stored),
            Person::CATEGORY => reads::<Person>(&stored),
            Goal::CATEGORY => reads::<Goal>(&stored),
            Facet::CATEGORY => reads::<Facet>(&stored),
            Plan::CATEGORY => reads::<Plan>(&stored),
            Team::CATEGORY => reads::<Team>(&stored),
            Consent::CATEGORY => reads::<Consent>(&stored),
            Emergency::CATEGORY => reads::<Emergency>(&stored),
            Measure::CATEGORY => reads::<Measure>(&stored),
            // Nothing is decided on it, so no decider reads it.
            "reaction" => !reads::<Person>(&stored) && !reads::<Goal>(&stored),
            other => panic!("no stream is called {other}"),
        };
        assert!(read, "{kind:?}");
    }
}

#[test]
fn an_agency_that_was_written_before_it_said_at_which_pace_it_works_is_read_as_one_that_says_nothing() {
    for (kind, bytes) in EARLIER.bytes() {
        let event = Agency::decode(&tests::golden::stored(bytes)).expect("it is read");
        let content = match event {
            agency::Event::Registered { content, .. }
            | agency::Event::Changed(content)
            | agency::Event::Recorded { content, .. } => content,
        };
        assert!(content.weekend.is_empty(), "{kind}");
        assert_eq!(content.referral_clocks, agency::ReferralClocks::default(), "{kind}");
    }
}
