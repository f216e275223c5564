//! What a full refresh leaves out.
//! Invariant: it is listed, and nothing of it changes in any log.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use kernel::ids::Uuid;
use kernel::{Actor, AgencyId, Caller, Role};
use platform::peer::{Identity, connect};
use proto::log::records_service_client::RecordsServiceClient;
use proto::log::{ListRecordsRequest, RecordedFact};
use proto::types::FieldStatus;
use tonic::Code;

use crate::harness::{Copy, Server, invented};

const EMPLOYED: &str = "M1,E3,C1,2025-12-01,1,2,,,,\n";
const LAST_OF_NOVEMBER: &str = "S5,E1,C1,2025-11-30,200,200,,,\n";
const ALL_OF_DECEMBER: &str = "S7,E1,C1,2025-12-24,200,200,,,\n";
const LEFT_OUT: &str = "told before, missing from this full refresh, left as they are";

/// An export without some rows.
fn without(export: &Copy) {
    export.change("EmploymentEducation.csv", EMPLOYED, "");
    export.change("Services.csv", LAST_OF_NOVEMBER, "");
    export.change("Services.csv", ALL_OF_DECEMBER, "");
}

fn listed(file: &Path) -> Vec<String> {
    fs::read_to_string(file).unwrap().lines().skip(1).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_missing_from_a_full_refresh_are_listed_and_stay_as_they_are() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("missing.csv");
    let write = ["--missing", file.to_str().unwrap()];
    let whole = Copy::of("fy2026");
    let first = server.import(whole.path(), &write).await;
    assert!(!first.table.contains(LEFT_OUT), "{}", first.table);
    assert!(listed(&file).is_empty(), "{:?}", listed(&file));
    let before = server.size().await;

    let export = Copy::of("fy2026");
    without(&export);
    let done = server.import(export.path(), &write).await;
    assert!(done.table.contains(LEFT_OUT), "{}", done.table);
    done.counts(&[("EmploymentEducation, in vocational", 1), ("Services, in housing", 2)]);
    // Of a month that is still told the night is named, of one that is told no more the month.
    let nights = ["housing,Services,E1/2025-11-30", "housing,Services,E1/2025-12"];
    assert_eq!(listed(&file), [nights[0], nights[1], "vocational,EmploymentEducation,M1"]);
    assert_eq!(server.size().await, before, "nothing is deleted, nothing is written");

    // A night more in the month takes no other out of it.
    export.change(
        "Services.csv",
        "S4,E1,C1,2025-11-02,",
        "S4b,E1,C1,2025-11-09,200,200,,,\nS4,E1,C1,2025-11-02,",
    );
    server.import(export.path(), &write).await;
    assert_eq!(server.size().await, before + 1);
    assert_eq!(listed(&file), [nights[0], nights[1], "vocational,EmploymentEducation,M1"]);

    let back = server.import(whole.path(), &write).await;
    assert_eq!(listed(&file), ["housing,Services,E1/2025-11-09"], "{}", back.table);
    assert_eq!(server.size().await, before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_delta_leaves_out_and_what_was_taken_back_is_not_listed() {
    let server = Server::start().await;
    let export = Copy::of("fy2026");
    server.import(export.path(), &[]).await;
    let before = server.size().await;
    let delta = Copy::of("fy2026");
    without(&delta);
    delta.change("Export.csv", "2026 v1.0,3,2,1", "2026 v1.0,3,1,1");
    let done = server.import(delta.path(), &[]).await;
    assert!(!done.table.contains(LEFT_OUT) && done.table.contains("no full refresh"), "{}", done.table);
    assert_eq!(server.size().await, before);

    let deleted = "M1,E3,C1,2025-12-01,1,2,,,,2026-03-01 09:00:00\n";
    export.change("EmploymentEducation.csv", EMPLOYED, deleted);
    let done = server.import(export.path(), &[]).await;
    assert!(!done.table.contains(LEFT_OUT), "a deleted row is there: {}", done.table);
    export.change("EmploymentEducation.csv", deleted, "");
    let done = server.import(export.path(), &[]).await;
    assert!(!done.table.contains(LEFT_OUT), "what was taken back is not missed: {}", done.table);
    // An agency that left the network leaves its facts behind.
    drop_rows(&export, "Organization.csv", "O2,");
    let done = server.import(export.path(), &[]).await;
    done.counts(&[("Organization, in registry", 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_reads_back_its_own_facts_page_by_page_and_no_others() {
    let server = Server::start().await;
    server.import(&invented("fy2026"), &[]).await;
    let own = Uuid::new_v5(&Uuid::NAMESPACE_OID, b"hmis:9001");
    let agencies = all(&server, "registry", AgencyId::new(own), "").await;
    let keys: BTreeSet<_> = agencies.iter().map(|fact| (&*fact.table, &*fact.key)).collect();
    assert_eq!(keys, [("Organization", "O1"), ("Organization", "O2")].into());
    let of = |key| {
        let agency = agencies.iter().find(|fact| fact.key == key).unwrap();
        agency.stream.strip_prefix("agency-").unwrap().parse::<AgencyId>().unwrap()
    };
    let placed = all(&server, "housing", of("O1"), "Enrollment").await;
    let keys: BTreeSet<_> = placed.iter().map(|fact| &*fact.key).collect();
    assert!(keys.contains("E1") && keys.contains("E8") && !keys.contains("E3"), "{keys:?}");
    assert!(placed.iter().all(|fact| fact.key_status() == FieldStatus::Open && !fact.taken_back));
    assert!(
        all(&server, "housing", of("O2"), "Enrollment").await.iter().all(|fact| !keys.contains(&*fact.key))
    );
    assert!(all(&server, "housing", AgencyId::of(99), "").await.is_empty());

    let request = |role| {
        let caller = Caller { role, ..recorder(of("O1")) };
        let peer = connect(&server.url(), Identity::Plain(caller)).unwrap();
        let ask = asked("housing", "", String::new());
        async move { RecordsServiceClient::new(peer).list_records(ask).await.map(|page| page.into_inner()) }
    };
    assert_eq!(request(Role::Worker).await.unwrap_err().code(), Code::PermissionDenied);
    let token = request(Role::Recorder).await.unwrap().next_page_token;
    let mut client =
        RecordsServiceClient::new(connect(&server.url(), Identity::Plain(recorder(of("O2")))).unwrap());
    let another = client.list_records(asked("housing", "", token)).await.unwrap_err();
    assert!(another.message().contains("page_token"), "{another}");
    let nowhere = client.list_records(asked("timeline", "", String::new())).await.unwrap_err();
    assert!(nowhere.message().contains("service"), "{nowhere}");
}

fn recorder(agency: AgencyId) -> Caller {
    let actor = Actor::Service("hmis-import".to_owned());
    Caller { actor, role: Role::Recorder, agency: Some(agency), on_behalf_of: None }
}

fn asked(service: &str, table: &str, page_token: String) -> ListRecordsRequest {
    ListRecordsRequest {
        service: service.to_owned(),
        system: "hmis:9001".to_owned(),
        table: table.to_owned(),
        page_size: 2,
        page_token,
    }
}

/// Everything that the agency has recorded, two facts at a time.
async fn all(server: &Server, service: &str, agency: AgencyId, table: &str) -> Vec<RecordedFact> {
    let peer = connect(&server.url(), Identity::Plain(recorder(agency))).unwrap();
    let (mut client, mut facts, mut token) = (RecordsServiceClient::new(peer), vec![], String::new());
    loop {
        let page = client.list_records(asked(service, table, token)).await.unwrap().into_inner();
        assert!(page.facts.len() <= 2);
        facts.extend(page.facts);
        token = page.next_page_token;
        if token.is_empty() {
            let ids: BTreeSet<_> = facts.iter().map(|fact| fact.fact_id.clone()).collect();
            assert_eq!(ids.len(), facts.len(), "each once");
            return facts;
        }
    }
}

/// Leaves out the rows that begin so.
fn drop_rows(export: &Copy, file: &str, beginning: &str) {
    let path = export.path().join(file);
    let text = fs::read_to_string(&path).unwrap();
    let kept: String = text.split_inclusive('\n').filter(|row| !row.starts_with(beginning)).collect();
    assert!(kept.len() < text.len(), "{beginning} in {file}");
    fs::write(path, kept).unwrap();
}
