//! What the registry tells, as entries: under whose class, and on which days.

use kernel::{AgencyId, PersonId};
use platform::log::Recorded;
use platform::projection::Read;
use prost::Message;
use proto::registry as pb;
use proto::registry::registry_event::Kind;
use timeline::entries::Entries;
use timeline::policy;
use uuid::Uuid;

const CLINIC: AgencyId = AgencyId::of(1);
const HOUSE: AgencyId = AgencyId::of(2);
const PART2: Option<&str> = Some("42CFRPart2");

/// Who says it, under which label, and what.
type Told = (AgencyId, Option<&'static str>, Kind);

/// An event in the word of an agency, with the labels of its records.
fn read(version: u64, (agency, label, kind): Told) -> Read {
    let at = prost_types::Timestamp { seconds: 1_772_000_000 + version as i64, nanos: 0 };
    let event = proto::log::Event {
        id: Uuid::from_u128(version.into()).to_string(),
        stream: format!("plan-{}", PersonId::of(1)),
        version,
        person_id: PersonId::of(1).to_string(),
        agency_id: agency.to_string(),
        labels: label.map(str::to_owned).into_iter().collect(),
        occurred: Some(proto::types::Occurred { at: Some(at), precision: 2, zone: "America/Chicago".into() }),
        payload: pb::RegistryEvent { kind: Some(kind) }.encode_to_vec().into(),
        ..Default::default()
    };
    Read::new(Recorded {
        position: version,
        partition: 0,
        sequence: version,
        recorded_at: "2026-06-01T12:00:00Z".parse().unwrap(),
        bytes: event.encode_to_vec().into(),
    })
}

fn told(events: impl IntoIterator<Item = Told>) -> Entries {
    let mut entries = Entries::default();
    for (version, event) in (1..).zip(events) {
        policy::apply("registry", &mut entries, &read(version, event)).unwrap();
    }
    entries
}

/// What each agency's own entries say, and whether they go on.
fn says(entries: &Entries, agency: AgencyId) -> Vec<(String, bool)> {
    let of = |put: &&timeline::entries::Put| {
        put.classes.iter().any(|class| class.parts().iter().any(|part| part.agency == agency))
    };
    let own = entries.all().map(|(_, put)| put).filter(of);
    own.map(|put| put.stored.entry.clone().unwrap()).map(|entry| (entry.line, entry.open)).collect()
}

fn content(practice: &str) -> Option<pb::PlanItemContent> {
    Some(pb::PlanItemContent { practice: practice.into(), ..Default::default() })
}

fn added() -> Kind {
    let content = content("ips");
    Kind::PlanItemAdded(pb::PlanItemAdded { plan_item_id: "item".into(), content, ..Default::default() })
}

fn changed() -> Kind {
    let content = content("relapse-prevention");
    Kind::PlanItemChanged(pb::PlanItemChanged { plan_item_id: "item".into(), content, ..Default::default() })
}

fn ended() -> Kind {
    Kind::PlanItemEnded(pb::PlanItemEnded { plan_item_id: "item".into(), ..Default::default() })
}

#[test]
fn what_a_labelled_programme_makes_of_anothers_plan_item_stands_under_its_own_class_beside_it() {
    let line = |line: &str, open| (line.to_owned(), open);
    let entries = told([(CLINIC, None, added()), (HOUSE, PART2, changed()), (HOUSE, PART2, ended())]);
    assert_eq!(says(&entries, CLINIC), [line("Plan: ips", true)], "as before");
    assert_eq!(says(&entries, HOUSE), [line("Plan: relapse-prevention", false)]);
    let entries = told([(CLINIC, None, added()), (HOUSE, PART2, ended()), (CLINIC, None, changed())]);
    assert_eq!(says(&entries, CLINIC), [line("Plan: relapse-prevention", true)], "its own goes on");
    assert_eq!(says(&entries, HOUSE), [line("Plan: an item ended", false)]);
    // Of its own item, and without a label, it is the item's own entry that goes on.
    let entries = told([(HOUSE, PART2, added()), (HOUSE, PART2, ended())]);
    assert_eq!(says(&entries, HOUSE), [line("Plan: ips", false)]);
    let entries = told([(CLINIC, None, added()), (HOUSE, None, changed())]);
    assert_eq!(says(&entries, CLINIC), [line("Plan: relapse-prevention", true)]);
    assert_eq!(says(&entries, HOUSE), []);
}

#[test]
fn a_member_of_a_team_stands_from_the_first_day_to_the_last_and_not_when_that_was_written_down() {
    let date = |month, day| Some(proto::Date { year: 2025, month, day });
    let member = Kind::TeamMemberAdded(pb::TeamMemberAdded {
        team_member_id: "member".into(),
        role: pb::TeamRole::Therapist.into(),
        from: date(3, 2),
        until: date(9, 30),
        ..Default::default()
    });
    let gone =
        Kind::TeamMemberEnded(pb::TeamMemberEnded { team_member_id: "member".into(), until: date(5, 9) });
    let days = |entries: &Entries| {
        let entry = entries.all().next().unwrap().1.stored.entry.clone().unwrap();
        let day = |at: Option<proto::types::Occurred>| {
            platform::wire::from_occurred(&at.unwrap()).unwrap().on().to_string()
        };
        (day(entry.start), day(entry.end), entry.open)
    };
    let entries = told([(CLINIC, None, member.clone())]);
    assert_eq!(days(&entries), ("2025-03-02".into(), "2025-09-30".into(), false));
    let entries = told([(CLINIC, None, member), (CLINIC, None, gone)]);
    assert_eq!(days(&entries), ("2025-03-02".into(), "2025-05-09".into(), false));
}

/// What the entries say, by their keys: the line, whether it is withdrawn or goes on, and what stands in its place.
fn withdrawn(entries: &Entries) -> Vec<(String, String, bool, bool, String)> {
    let each = |(key, put): (&String, &timeline::entries::Put)| {
        let entry = put.stored.entry.clone().unwrap();
        assert!(put.stored.text.is_none());
        (key.clone(), entry.line, entry.withdrawn, entry.open, entry.replaced_by_id)
    };
    entries.all().map(each).collect()
}

#[test]
fn of_what_never_should_have_been_written_only_that_remains_and_what_stands_in_its_place() {
    let only = "withdrawn: entered in error";
    let gone = |key: &str, other: &str| (key.to_owned(), only.to_owned(), true, false, other.to_owned());
    let scope = pb::ConsentScope {
        recipient_agency_ids: vec![HOUSE.to_string()],
        purposes: vec![proto::types::Purpose::Referral.into()],
        ..Default::default()
    };
    let content = Some(pb::SealedConsent { scope: Some(scope), ..Default::default() });
    let drafted =
        pb::ConsentDrafted { directive_id: "one".into(), content: content.clone(), ..Default::default() };
    let given =
        pb::ConsentGiven { directive_id: "one".into(), content: content.clone(), ..Default::default() };
    let other = pb::ConsentGiven { directive_id: "two".into(), content, ..Default::default() };
    let marked = pb::ConsentEnteredInError {
        directive_id: "one".into(),
        replaced_by_id: "two".into(),
        ..Default::default()
    };
    let entries = told([
        (CLINIC, None, Kind::ConsentDrafted(drafted)),
        (CLINIC, None, Kind::ConsentGiven(given)),
        (CLINIC, None, Kind::ConsentGiven(other)),
        (CLINIC, None, Kind::ConsentEnteredInError(marked)),
    ]);
    let now = withdrawn(&entries);
    assert_eq!((&now[0], &now[2]), (&gone("consent:one", "two"), &gone("draft:one", "two")));
    assert!(now[1].0 == "consent:two" && !now[1].2 && now[1].3, "the other goes on");

    // With an item goes what a programme has beside it.
    let marked = pb::PlanItemEnteredInError {
        plan_item_id: "item".into(),
        replaced_by_id: "items".into(),
        ..Default::default()
    };
    let another = pb::PlanItemAdded {
        plan_item_id: "items".into(),
        content: Some(pb::PlanItemContent { practice: "ips".into(), ..Default::default() }),
        ..Default::default()
    };
    let entries = told([
        (CLINIC, None, added()),
        (HOUSE, PART2, changed()),
        (CLINIC, None, Kind::PlanItemAdded(another)),
        (CLINIC, None, Kind::PlanItemEnteredInError(marked)),
    ]);
    let now = withdrawn(&entries);
    assert_eq!(now[..2], [gone("item:item", "items"), gone(&format!("item:item:{HOUSE}"), "items")]);
    assert!(now[2].0 == "item:items" && !now[2].2, "the other stands");
}

#[test]
fn each_agency_withdraws_its_own_word_of_a_household_and_of_who_is_not_to_be_found() {
    let joined = || {
        let membership = Some(pb::HouseholdMembership {
            household_id: "home".into(),
            from: Some(proto::Date { year: 2026, month: 3, day: 2 }),
            ..Default::default()
        });
        Kind::HouseholdJoined(pb::HouseholdJoined { membership, ..Default::default() })
    };
    let marked = pb::HouseholdMembershipEnteredInError { household_id: "home".into(), ..Default::default() };
    let marked = Kind::HouseholdMembershipEnteredInError(marked);
    let entries = told([(CLINIC, None, joined()), (HOUSE, None, joined()), (HOUSE, None, marked)]);
    let states = |entries: &Entries| -> Vec<(String, bool)> {
        withdrawn(entries).into_iter().map(|(key, _, withdrawn, ..)| (key, withdrawn)).collect()
    };
    let own = |agency| format!("household:home:{agency}");
    assert_eq!(states(&entries), [(own(CLINIC), false), (own(HOUSE), true)]);

    let restricted = || Kind::PersonRestricted(Default::default());
    let lifted = || Kind::PersonRestrictionLifted(Default::default());
    let back = || Kind::PersonRestrictionEnteredInError(Default::default());
    let entries = told([
        (CLINIC, None, restricted()),
        (CLINIC, None, lifted()),
        (CLINIC, None, restricted()),
        (HOUSE, None, restricted()),
        (CLINIC, None, back()),
    ]);
    // What was lifted was meant.
    let expected =
        [("restricted:1", false), ("restricted:3", true), ("restricted:4", false), ("unrestricted:2", false)];
    assert_eq!(states(&entries), expected.map(|(key, withdrawn)| (key.to_owned(), withdrawn)));
}
