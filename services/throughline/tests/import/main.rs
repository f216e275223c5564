//! Imports of HUD HMIS CSV exports, from the folder to the logs.
//! Invariant: the exports in `tests/hmis` are invented and hold every rule and every kind of bad row.

mod harness;
mod hsds;
mod missing;

use std::fs;
use std::process::Stdio;

use harness::{Copy, Server, import, invented, replace_once};
use kernel::{Actor, Caller, Role, WorkerId};
use platform::peer::{Identity, connect};
use proto::registry::registry_service_client::RegistryServiceClient;
use proto::registry::{FindPersonsRequest, Person, PersonIdentifier};
use tests::Launch;
use tests::child::until;

/// What the invented export comes to, by the rules.
const INVENTED: [(&str, u64); 29] = [
    ("agencies", 2),
    // Two users met people for one organization, one of them for the other too.
    ("workers", 3),
    ("unit groups", 8),
    ("capacities", 2),
    ("offers", 14),
    ("people", 7),
    ("placements", 9),
    // One by its own day, one by the head's, one by its own entry after the head's, and the head.
    ("of which moved in", 4),
    ("participations", 3),
    ("ends", 4),
    ("person-nights", 7),
    ("living situations", 6),
    ("referrals", 5),
    ("of which completed", 1),
    ("of which cancelled", 1),
    ("of which rejected", 1),
    ("of which requested", 2),
    ("contacts", 5),
    ("employment reports", 3),
    ("measures", 1),
    ("jobs", 0),
    ("contacts whose user is unknown", 1),
    ("employment rows that say neither yes nor no", 2),
    ("bed nights told twice of one enrollment", 1),
    ("services that are no bed nights, not read", 1),
    ("Social Security numbers of quality 1 that were never issued, left out", 1),
    ("organizations deleted at the source, left as they are", 1),
    ("Disabilities.csv", 2),
    ("rows rejected", 67),
];

/// The line and column of everything wrong in the invented export.
const REJECTED: [(&str, &str); 11] = [
    ("Assessment.csv", "3 AssessmentLevel, 4 AssessmentDate, 6 has"),
    ("Client.csv", "9 DOB, 11 PersonalID, 13 NameDataQuality, 14 DOB, 15 PersonalID, 16 PersonalID"),
    (
        "CurrentLivingSituation.csv",
        "5 CurrentLivingSituation, 6 CurrentLivingSituation, 7 InformationDate, 9 CurrentLivingSitID, 10 CurrentLivingSitID",
    ),
    ("EmploymentEducation.csv", "7 Employed, 8 InformationDate, 9 EmploymentType"),
    (
        "Enrollment.csv",
        "12 LivingSituation, 15 ProjectID, 16 PersonalID, 17 EntryDate, 18 ProjectID, 19 RelationshipToHoH, 21 PersonalID, \
         22 EnrollmentID, 23 EnrollmentID, 24 PersonalID, 25 PersonalID, 26 PersonalID, 27 ProjectID, 28 RentalSubsidyType",
    ),
    ("Event.csv", "9 Event, 10 ResultDate, 11 ReferralResult, 13 EventDate"),
    (
        "Exit.csv",
        "7 ExitDate, 8 PersonalID, 9 Destination, 10 Destination, 11 EnrollmentID, 12 EnrollmentID, 13 DestinationSubsidyType",
    ),
    (
        "Inventory.csv",
        "4 HouseholdType, 5 ProjectID, 7 InventoryStartDate, 9 InventoryID, 10 InventoryEndDate, 11 ProjectID, 12 BedInventory",
    ),
    (
        "Organization.csv",
        "4 VictimServiceProvider, 6 OrganizationName, 7 VictimServiceProvider, 8 OrganizationID",
    ),
    (
        "Project.csv",
        "18 ProjectType, 19 OrganizationID, 20 OrganizationID, 21 OperatingEndDate, 22 ProjectName, 23 OrganizationID",
    ),
    (
        "Services.csv",
        "12 EnrollmentID, 13 RecordType, 14 DateProvided, 15 EnrollmentID, 16 PersonalID, 17 EnrollmentID, 18 EnrollmentID, 20 RecordType",
    ),
];

/// What the records of an import write, and nothing else: no case, no job, no clock.
const WRITTEN: [(&str, &[(&str, u64)]); 4] = [
    (
        "registry",
        &[("AgencyRecorded", 2), ("MeasureRecorded", 1), ("PersonRecorded", 7), ("WorkerRecorded", 3)],
    ),
    (
        "referrals",
        // A service given where nobody takes part is a participation of its own.
        &[
            ("ParticipationContactMade", 2),
            ("ParticipationRecorded", 4),
            ("ReferralRecorded", 5),
            ("ServiceOfferPublished", 14),
        ],
    ),
    ("vocational", &[("EmploymentStatusRecorded", 3)]),
    (
        "housing",
        &[
            ("CapacityRecorded", 2),
            ("LivingSituationRecorded", 6),
            ("BedNightsCounted", 4),
            ("PlacementRecorded", 9),
            ("UnitGroupRecorded", 8),
        ],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_rule_of_an_export_holds_and_every_bad_row_is_told() {
    let server = Server::start().await;
    let done = server.import(&invented("fy2026"), &[]).await;
    assert_eq!(done.code, 2, "{}", done.said);
    done.counts(&INVENTED);
    done.counts(&[
        ("MOVE_IN_OF_OTHER_TYPE", 1),
        ("MOVE_IN_BEFORE_ENTRY", 1),
        ("NIGHTS_OF_OTHER_TYPE", 1),
        ("NIGHTS_OUTSIDE_STAY", 1),
        ("TARGET_UNNAMED", 4),
        // Nothing of what is deleted had been recorded.
        ("nothing to take back", 9),
    ]);
    let expected = REJECTED.map(|(file, cells)| {
        (file.to_owned(), cells.split(", ").map(|cell| cell.trim().to_owned()).collect::<Vec<_>>())
    });
    assert_eq!(done.rejected(), expected.into());
    for (log, types) in WRITTEN {
        let expected = types.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect();
        assert_eq!(server.events(log).await, expected, "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_victim_service_provider_is_read() {
    let server = Server::start().await;
    let done = server.import(&invented("fy2026"), &[]).await;
    let title = "rows of victim service providers, refused whole";
    let refused: Vec<_> = done.table.lines().skip_while(|line| *line != title).skip(1).take(7).collect();
    let files: Vec<_> = refused.iter().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    let of = ["Client", "Enrollment", "Exit", "Inventory", "Organization", "Project", "Services"];
    assert_eq!(files, of.map(|file| vec![format!("{file}.csv"), "1".to_owned()]));
    for person in ["C1", "C2", "C3", "C4", "C5", "C10", "C11"] {
        known(&server, "hmis:9001", person).await;
    }
    // The list has come to the end of the log: whoever is not in it now was not recorded.
    assert!(found(&server, "hmis:9001", "C7").await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_one_and_is_served_by_every_agency_that_enrolled_them() {
    let server = Server::start().await;
    server.import(&invented("fy2026"), &[]).await;
    let one = known(&server, "hmis:9001", "C1").await;
    assert_eq!(one.serving_agency_ids.len(), 2);
    let details = one.details.unwrap();
    assert_eq!((&*details.given_name, &*details.family_name), ("Person", "Invented-C1"));
    let systems: Vec<_> = one.identifiers.iter().map(|identifier| &*identifier.system).collect();
    assert!(systems.contains(&"http://hl7.org/fhir/sid/us-ssn"), "{systems:?}");
    let other = known(&server, "hmis:9001", "C10").await;
    assert_eq!(other.identifiers.len(), 1, "a number of quality 2 is left out");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_imported_again_changes_nothing() {
    let server = Server::start().await;
    server.import(&invented("fy2026"), &[]).await;
    let before = server.size().await;
    let again = server.import(&invented("fy2026"), &[]).await;
    again.counts(&INVENTED);
    assert_eq!(server.size().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_row_is_a_correction_and_a_deleted_one_is_taken_back() {
    let server = Server::start().await;
    let export = Copy::of("fy2026");
    server.import(export.path(), &[]).await;
    let before = server.size().await;
    export.change("Exit.csv", "X10,E10,C10,2026-01-15,410", "X10,E10,C10,2026-01-16,410");
    export.change(
        "EmploymentEducation.csv",
        "M1,E3,C1,2025-12-01,1,2,,,,",
        "M1,E3,C1,2025-12-01,1,2,,,,2026-03-01 09:00:00",
    );
    export.change(
        "Services.csv",
        "S5,E1,C1,2025-11-30,200,200,,,",
        "S5,E1,C1,2025-11-30,200,200,,,2026-03-01 09:00:00",
    );
    export.change(
        "CurrentLivingSituation.csv",
        "L3,E3,C1,2026-01-02,435,419,2025-11-20 10:00:00,U1,",
        "L3,E3,C1,2026-01-02,435,419,2025-11-20 10:00:00,U1,2026-03-01 09:00:00",
    );
    let done = server.import(export.path(), &[]).await;
    done.counts(&[
        ("taken back", 2),
        ("nothing to take back", 9),
        ("person-nights", 6),
        ("employment reports", 2),
    ]);
    assert_eq!(server.size().await, before + 4, "one event for each change");
    let of = |log: &'static str, kind: &'static str| {
        let server = &server;
        async move { server.events(log).await.get(kind).copied() }
    };
    assert_eq!(of("referrals", "ParticipationRecorded").await, Some(5));
    assert_eq!(of("vocational", "EmploymentStatusEnteredInError").await, Some(1));
    assert_eq!(of("housing", "BedNightsCounted").await, Some(5));
    assert_eq!(of("housing", "LivingSituationEnteredInError").await, Some(1));
    // What is taken back stays so, and what was corrected is now what is told.
    server.import(export.path(), &[]).await;
    assert_eq!(server.size().await, before + 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_export_extends_how_long_open_facts_are_known_and_an_earlier_one_changes_nothing() {
    let server = Server::start().await;
    let export = Copy::of("fy2026");
    server.import(export.path(), &[]).await;
    let before = server.size().await;
    export.change("Export.csv", "2025-10-01,2026-03-31", "2025-10-01,2026-04-30");
    server.import(export.path(), &[]).await;
    // Of nine placements and three participations four have ended; of five referrals two are not answered.
    assert_eq!(server.size().await, before + 8 + 2, "one correction for each open fact");
    server.import(export.path(), &[]).await;
    assert_eq!(server.size().await, before + 10);
    export.change("Export.csv", "2025-10-01,2026-04-30", "2025-10-01,2026-03-31");
    server.import(export.path(), &[]).await;
    assert_eq!(server.size().await, before + 10, "an export of before knows nothing that is not known");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_whose_first_enrolment_moves_to_another_agency_stays_one_person() {
    let server = Server::start().await;
    let export = Copy::of("fy2026");
    server.import(export.path(), &[]).await;
    let before = known(&server, "hmis:9001", "C1").await.id;
    let events = server.size().await;
    // So far an agency enrolled the client in October, another in December; now it was the other way round.
    export.change("Enrollment.csv", "E3,C1,P3,2025-12-01,", "E3,C1,P3,2025-10-01,");
    let moved = server.import(export.path(), &[]).await;
    assert_eq!(moved.count("IDENTIFIER_TAKEN"), None, "{}", moved.table);
    assert_eq!(known(&server, "hmis:9001", "C1").await.id, before);
    // The stay and the situation at its entry, and nothing of the person: the same agencies serve.
    assert_eq!(server.size().await, events + 2, "{}", moved.table);
    // Its agency gone from the export, a person is still the one they were.
    let text = fs::read_to_string(export.path().join("Organization.csv")).unwrap();
    let kept: String = text.split_inclusive('\n').filter(|row| !row.starts_with("O2,")).collect();
    fs::write(export.path().join("Organization.csv"), kept).unwrap();
    server.import(export.path(), &[]).await;
    for log in ["registry", "referrals", "vocational", "housing"] {
        let events = server.events(log).await;
        assert!(!events.keys().any(|kind| kind.contains("EnteredInError")), "{log}: {events:?}");
    }
    fs::write(export.path().join("Organization.csv"), text).unwrap();
    // Deleted with all its enrolments, of which another agency's is now the first, it is still that person who is taken back.
    let at = "2026-03-01 09:00:00";
    for (file, row, now) in [
        ("Client.csv", "C10,Person,,Invented-C10,,2,987654320,2,,8,1,,,", None),
        ("Enrollment.csv", "E8,C10,P0,2025-11-05,s_E8,1,,,2025-11-06,2025-11-03 10:00:00,U1,", None),
        (
            "Enrollment.csv",
            "E10,C10,P12,2025-11-05,s_E10,1,,,,2025-11-03 10:00:00,U1,",
            Some("E10,C10,P12,2025-12-05,s_E10,1,,,,2025-11-03 10:00:00,U1,"),
        ),
    ] {
        export.change(file, &format!("{row}\n"), &format!("{}{at}\n", now.unwrap_or(row)));
    }
    server.import(export.path(), &[]).await;
    assert_eq!(server.events("registry").await.get("PersonEnteredInError"), Some(&1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_reader_has_seen_enough_ends_quietly() {
    let server = Server::start().await;
    server.import(&invented("fy2026"), &[]).await;
    let person = known(&server, "hmis:9001", "C1").await.id;
    let url = server.url();
    for command in [["events", "housing", "--json"].as_slice(), &["timeline", &person, "--json"]] {
        let mut child = Launch::new(command.iter().copied().chain(["--to", &url])).command();
        let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Nobody reads a single line of it.
        drop(child.stdout.take());
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "{command:?} ended with {}", done.status);
        assert_eq!(String::from_utf8_lossy(&done.stderr), "", "{command:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_rows_are_mended_and_fed_back() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (rejects, left) = (folder.path().join("rejects.csv"), folder.path().join("left.csv"));
    let (rejects, left) = (rejects.to_str().unwrap(), left.to_str().unwrap());
    server.import(&invented("fy2026"), &["--rejects", rejects]).await;
    assert_eq!(fs::read_to_string(rejects).unwrap().lines().count(), 1 + 67);
    replace_once(rejects.as_ref(), "31/01/1990", "1990-01-31");
    replace_once(rejects.as_ref(), "2025-11-05,s_E24,7", "2025-11-05,s_E24,1");
    let done = server.import(&invented("fy2026"), &["--mended", rejects, "--rejects", left]).await;
    // The client, the enrollment that waited for the client, and the other enrollment.
    done.counts(&[("people", 8), ("placements", 11), ("rows rejected", 64)]);
    assert_eq!(fs::read_to_string(left).unwrap().lines().count(), 1 + 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn mended_rows_of_another_export_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let rejects = folder.path().join("rejects.csv");
    let rejects = rejects.to_str().unwrap();
    import(&invented("fy2026"), &["--dry-run", "--rejects", rejects]).await;
    let export = Copy::of("fy2026");
    export.change("Client.csv", "31/01/1990", "31.01.1990");
    let done = import(export.path(), &["--dry-run", "--mended", rejects]).await;
    assert_eq!(done.code, 1);
    assert!(done.said.contains("Client.csv line 9 is not the row that was rejected"), "{}", done.said);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_needs_no_server_and_counts_what_would_be_sent() {
    let done = import(&invented("fy2026"), &["--dry-run", "--to", "http://127.0.0.1:9"]).await;
    assert_eq!(done.code, 2, "{}", done.said);
    done.counts(&INVENTED);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_is_not_whole_is_one_error_and_writes_nothing() {
    let server = Server::start().await;
    let export = Copy::of("fy2026");
    fs::remove_file(export.path().join("Services.csv")).unwrap();
    export.change("Client.csv", "SSNDataQuality", "Quality");
    export.change("Enrollment.csv", "MoveInDate", "Moved");
    let done = server.import(export.path(), &[]).await;
    assert_eq!(done.code, 1);
    for missing in ["Services.csv is not there", "column SSNDataQuality", "column MoveInDate"] {
        assert!(done.said.contains(missing), "{missing} in {}", done.said);
    }
    assert_eq!(done.said.lines().count(), 1);
    assert_eq!(server.size().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_2024_is_read_by_its_own_columns() {
    let server = Server::start().await;
    let done = server.import(&invented("fy2024"), &[]).await;
    assert_eq!(done.code, 0, "{}", done.said);
    assert!(done.table.contains("hmis:elder to 2024-09-30, columns of FY2024"), "{}", done.table);
    done.counts(&[("people", 1), ("participations", 2), ("ends", 1), ("living situations", 1)]);
    let person = known(&server, "hmis:elder", "1").await;
    assert!(person.details.unwrap().interpreter_needed, "the later enrollment asks for one");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shared_export_gives_its_golden_numbers() {
    let Some(folder) = tests::extra("import_golden", "data/hmis-fy2026") else { return };
    let server = Server::start().await;
    let done = server.import(&folder, &[]).await;
    assert_eq!(done.code, 0, "{}", done.said);
    done.counts(&[
        ("agencies", 10),
        ("people", 514),
        ("placements", 491),
        ("of which moved in", 72),
        ("participations", 83),
        ("ends", 447),
        ("person-nights", 6_367),
        ("referrals", 19),
        ("of which completed", 12),
        ("of which cancelled", 1),
        ("of which rejected", 1),
        ("of which requested", 5),
        ("contacts", 20),
        ("employment reports", 1_020),
        ("measures", 8),
        ("jobs", 0),
        ("rows rejected", 0),
    ]);
    // The server's own count is the importer's: no job, no case, no event but the records.
    let registry = server.events("registry").await;
    assert_eq!((registry["AgencyRecorded"], registry["PersonRecorded"]), (10, 514));
    let housing = server.events("housing").await;
    assert_eq!((housing["PlacementRecorded"], housing["BedNightsCounted"]), (491, 524));
    assert_eq!(server.events("vocational").await, [("EmploymentStatusRecorded".to_owned(), 1_020)].into());
}

/// The person whom the source's agencies know by that key, where the list has come so far.
async fn found(server: &Server, system: &str, key: &str) -> Option<Person> {
    let operator = Identity::Plain(Caller {
        actor: Actor::Worker(WorkerId::of(1)),
        role: Role::Operator,
        agency: None,
        on_behalf_of: None,
    });
    let mut registry = RegistryServiceClient::new(connect(&server.url(), operator).unwrap());
    let identifier = PersonIdentifier {
        system: system.to_owned(),
        value: key.to_owned(),
        shared_by_source: system.to_owned(),
        ..Default::default()
    };
    let request = FindPersonsRequest { identifier: Some(identifier), ..Default::default() };
    let found = registry.find_persons(request).await.unwrap().into_inner().found;
    assert!(found.len() <= 1);
    found.into_iter().next().and_then(|found| found.person)
}

/// The person of that key, once the list shows them.
async fn known(server: &Server, system: &str, key: &str) -> Person {
    until(&format!("{key} to be found"), || found(server, system, key)).await
}
