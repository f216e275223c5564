//! Imports of Open Referral HSDS 3 directories, as CSV tables and as JSON, from the files to the logs.
//! Invariant: the directories in `tests/hsds` are invented, tell the same in both forms, and hold every kind of bad row.

use std::fs;
use std::path::{Path, PathBuf};

use kernel::{Actor, Caller, Role, WorkerId};
use platform::peer::{Identity, connect};
use proto::referrals as pb;
use proto::referrals::referrals_service_client::ReferralsServiceClient;
use proto::types::LifeDomain;
use tests::Launch;
use tests::alone::until;
use tests::extras::extra;

use crate::harness::{Outcome, Server, replace_once};

fn directory(form: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hsds").join(form)
}

async fn import(path: &Path, arguments: &[&str]) -> Outcome {
    let command = ["import", "hsds", path.to_str().unwrap()];
    let mut process = Launch::new(command.iter().chain(arguments).copied()).spawn();
    let code = process.ended().await.code().unwrap();
    Outcome { code, table: process.answer(), said: process.said() }
}

async fn import_to(server: &Server, path: &Path, more: &[&str]) -> Outcome {
    let url = server.url();
    import(path, &[&["--to", url.as_str()], more].concat()).await
}

/// The offers of these names, once the list has exactly these: it follows the log a moment later.
async fn offers(server: &Server, names: &[&str]) -> Vec<pb::ServiceOffer> {
    let actor = Actor::Worker(WorkerId::of(1));
    let operator = Caller { actor, role: Role::Operator, agency: None, on_behalf_of: None };
    let mut client = ReferralsServiceClient::new(connect(&server.url(), Identity::Plain(operator)).unwrap());
    until(&format!("the offers {names:?}"), async || {
        let page = client.list_service_offers(pb::ListServiceOffersRequest::default()).await.unwrap();
        let mut offers = page.into_inner().offers;
        offers.sort_by_key(|offer| offer.content.as_ref().unwrap().name.clone());
        let found: Vec<&str> =
            offers.iter().map(|offer| offer.content.as_ref().unwrap().name.as_str()).collect();
        (found == names).then_some(offers)
    })
    .await
}

/// What the tables come to.
const NAMES: [&str; 3] = ["Drop-in", "Kitchen evenings", "Work for everybody"];

/// Place and column of everything wrong in the tables.
const TABLES: [(&str, &str); 9] = [
    ("address.csv", "4 location_id, 5 address_1, 6 country, 7 address_type, 8 postal_code"),
    ("attribute.csv", "7 taxonomy_term_id, 8 link_id"),
    ("language.csv", "5 name, 6 code, 7 service_id, 8 service_id"),
    ("organization.csv", "4 name, 5 id, 6 id"),
    ("phone.csv", "6 number, 7 number, 8 type, 9 service_id, 10 service_id"),
    ("schedule.csv", "6 byday, 7 opens_at, 8 closes_at, 9 closes_at, 10 byday, 11 service_id"),
    (
        "service.csv",
        "4 url, 6 organization_id, 7 organization_id, 8 name, 9 id, 10 status, 11 minimum_age, 12 maximum_age, 13 maximum_age, \
         14 organization_id, 15 has",
    ),
    ("service_area.csv", "4 name, 5 name, 6 name"),
    ("service_at_location.csv", "5 location_id, 6 service_id"),
];

/// What is wrong in the JSON files, in the order of files and pointers.
const JSON: [&str; 24] = [
    "page-1.json at /contents/3: is no service: an object is needed",
    "page-1.json at /contents/4: organization_id is empty; every row needs it",
    "page-1.json at /contents/5: name is empty",
    "page-1.json at /contents/6: id is the id of a row before it",
    "page-1.json at /contents/7: status is no status: active, inactive, defunct or temporarily closed",
    "page-2.json at /1: minimum_age is not a whole number",
    "page-2.json at /2: maximum_age is below minimum_age",
    "page-2.json at /3: organization_id names an organization that was rejected",
    "page-2.json at /3/organization: name is empty",
    "page-2.json at /4: attributes is no list",
    "page-2.json at /4: email is no e-mail address; it has no \"@\"",
    "page-2.json at /4/languages/0: name is no language known here; give its BCP 47 or ISO 639 code",
    "page-2.json at /4/languages/1: code is no language known here; give its BCP 47 or ISO 639 code",
    "page-2.json at /4/languages/2: languages is no object",
    "page-2.json at /4/locations/0/addresses/0: country is no ISO 3166-1 alpha-2 code such as \"US\"",
    "page-2.json at /4/locations/0/addresses/1: address_type is no type: physical, postal or virtual",
    "page-2.json at /4/locations/0/addresses/2: address_1 is empty, and so are city and postal_code; say where it is",
    "page-2.json at /4/phones/0: number is empty",
    "page-2.json at /4/phones/1: type is no type: voice, cell, text, fax, pager, video or textphone",
    "page-2.json at /4/schedules/0: byday is no list of days such as \"MO,TU\"",
    "page-2.json at /4/schedules/1: opens_at is no wall time such as \"09:00\"",
    "page-2.json at /4/schedules/2: closes_at is the same as opens_at",
    "page-2.json at /4/schedules/3: byday is empty, and so is description; say when it is open",
    "page-2.json at /4/service_areas/0: name is empty; an area needs a name, description or extent",
];

#[tokio::test(flavor = "multi_thread")]
async fn tables_come_to_agencies_and_offers_and_every_bad_row_is_told() {
    let server = Server::start().await;
    let done = import_to(&server, &directory("tables"), &[]).await;
    assert_eq!(done.code, 2, "{}", done.said);
    done.counts(&[
        ("agencies", 2),
        ("offers", 3),
        ("nothing to take back", 1),
        ("attributes of other things than services, not read", 1),
        ("schedules that are not of every week, not read", 1),
        ("times told with an offset, read as wall times", 2),
        ("extents of areas that are no text, not read", 1),
        ("phones of organizations and contacts, not read", 1),
        // Of a place where two services are given.
        ("postal and virtual addresses, not read", 2),
        // An IPS programme that says whom it wants in words, which is more than it may name.
        ("ZERO_EXCLUSION", 1),
        ("rows rejected", 41),
    ]);
    let expected = TABLES.iter().map(|(file, cells)| {
        ((*file).to_owned(), cells.split(", ").map(|cell| cell.trim().to_owned()).collect::<Vec<_>>())
    });
    assert_eq!(done.rejected(), expected.collect());

    let offers = offers(&server, &NAMES).await;
    let contents: Vec<_> = offers.iter().map(|offer| offer.content.as_ref().unwrap()).collect();
    let [drop_in, kitchen, work] = contents[..] else { panic!("three offers") };
    let open = |days: &[&str], opens: &str, closes: &str| pb::OpenHours {
        days: days.iter().map(|day| (*day).to_owned()).collect(),
        opens: opens.into(),
        closes: closes.into(),
    };
    assert_eq!((work.practice.as_str(), work.zero_exclusion), ("ips", true));
    assert_eq!(work.life_domains, [i32::from(LifeDomain::Employment)]);
    assert_eq!(work.languages, ["en", "es"]);
    assert_eq!(work.hours, [open(&["MO", "TU", "WE"], "09:00", "17:00")]);
    assert_eq!(work.areas[0].postal_codes, ["60601", "60602"]);
    let eligible = work.eligibility.as_ref().unwrap();
    assert_eq!((eligible.minimum_age, eligible.text.as_str()), (18, "Wants to work."));
    assert_eq!(kitchen.practice, "skills-training");
    assert_eq!(kitchen.hours, [open(&["FR"], "17:00", "20:00")], "of its place");
    assert_eq!(
        (kitchen.languages.as_slice(), kitchen.areas[0].name.as_str()),
        (&["es-MX".to_owned()][..], "Cook County")
    );
    assert_eq!(kitchen.modes, [i32::from(pb::OfferMode::InPerson)]);
    let reached = |system: pb::ContactSystem, value: &str, extension: &str, description: &str| {
        let (value, extension, description) = (value.into(), extension.into(), description.into());
        pb::OfferContactPoint { system: system.into(), value, extension, description }
    };
    let by_textphone = reached(pb::ContactSystem::Other, "555 0102", "", "textphone");
    let of_work = [
        reached(pb::ContactSystem::Phone, "555 0100", "12", "Front desk"),
        reached(pb::ContactSystem::Email, "work@harbour.example", "", ""),
        reached(pb::ContactSystem::Url, "https://harbour.example/work", "", ""),
    ];
    assert_eq!((work.telecom.as_slice(), work.locations.as_slice()), (&of_work[..], &[][..]));
    let by_text = reached(pb::ContactSystem::Sms, "555 0101", "", "");
    assert_eq!(kitchen.telecom, [by_text, by_textphone.clone()], "by where it is given, too");
    let mill_street = pb::OfferLocation {
        name: "Mill Street".into(),
        lines: vec!["1 Invented Street".into(), "Back door".into()],
        city: "Testville".into(),
        district: "Cook".into(),
        state: "IL".into(),
        postal_code: "60601".into(),
        country: "US".into(),
    };
    assert_eq!(kitchen.locations, std::slice::from_ref(&mill_street));
    assert_eq!(
        (drop_in.locations.as_slice(), drop_in.telecom.as_slice()),
        (&[mill_street][..], &[by_textphone][..])
    );
    // What has no code here keeps its words.
    assert_eq!(
        (drop_in.practice.as_str(), drop_in.terms.as_slice()),
        ("other", &["Board games".to_owned()][..])
    );
    assert_eq!(
        (drop_in.life_domains.len(), drop_in.description.as_str()),
        (0, "Whenever the lights are on.")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn json_tells_the_same_and_each_bad_part_is_told_by_its_pointer() {
    let server = Server::start().await;
    import_to(&server, &directory("tables"), &[]).await;
    let (size, before) = (server.size().await, offers(&server, &NAMES).await);
    let done = import_to(&server, &directory("json"), &[]).await;
    assert_eq!(done.code, 2, "{}", done.said);
    let told: Vec<&str> = done.said.lines().filter(|line| line.contains(".json at /")).collect();
    assert_eq!(told, JSON);
    done.counts(&[
        ("agencies", 2),
        ("offers", 4),
        ("organizations told in several ways, of which the first holds", 1),
        ("contacts", 1),
        ("rows rejected", 23),
    ]);
    // Nothing is written but the one service that the tables do not have.
    assert_eq!(server.size().await, size + 1);
    let all = ["Drop-in", "Kitchen evenings", "With parts that are wrong", "Work for everybody"];
    let mut after = offers(&server, &all).await;
    let wrong = after.remove(2).content.unwrap();
    assert_eq!(
        (wrong.locations[0].name.as_str(), wrong.locations.len(), wrong.telecom.len()),
        ("Nowhere", 1, 0)
    );
    assert_eq!(after, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_directory_again_writes_nothing_a_changed_row_is_a_correction_and_a_closed_one_is_withdrawn()
{
    let server = Server::start().await;
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(directory("tables")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    import_to(&server, copy.path(), &[]).await;
    let (size, first) = (server.size().await, offers(&server, &NAMES).await);
    let again = import_to(&server, copy.path(), &[]).await;
    again.counts(&[("agencies", 2), ("offers", 3)]);
    assert_eq!(server.size().await, size);

    replace_once(&copy.path().join("service.csv"), "Kitchen evenings", "Kitchen nights");
    import_to(&server, copy.path(), &[]).await;
    assert_eq!(server.size().await, size + 1);
    let renamed = offers(&server, &["Drop-in", "Kitchen nights", "Work for everybody"]).await;
    assert_eq!(renamed[1].id, first[1].id, "the same offer, corrected");

    replace_once(&copy.path().join("service.csv"), "s-3,org-2,Drop-in,,,", "s-3,org-2,Drop-in,,inactive,");
    import_to(&server, copy.path(), &[]).await.counts(&[("taken back", 1), ("offers", 2)]);
    offers(&server, &["Kitchen nights", "Work for everybody"]).await;
}

fn listed(file: &Path) -> Vec<String> {
    fs::read_to_string(file).unwrap().lines().skip(1).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_directory_holds_no_more_is_listed_and_neither_withdrawn_nor_changed() {
    let server = Server::start().await;
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(directory("tables")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let (services, file) = (copy.path().join("service.csv"), copy.path().join("missing.txt"));
    let write = ["--missing", file.to_str().unwrap()];
    let left_out = "told before, missing from this directory, left as they are";
    let first = import_to(&server, copy.path(), &write).await;
    assert!(!first.table.contains(left_out), "{}", first.table);
    assert!(listed(&file).is_empty(), "{:?}", listed(&file));
    let size = server.size().await;

    replace_once(&services, "s-3,org-2,Drop-in,,,,,,,harbour\n", "");
    // What is there is told, though something is wrong with it.
    replace_once(&services, "active,18,,Wants to work.", "active,eighteen,,Wants to work.");
    let kitchen = "s-2,org-2,Kitchen evenings,Cooking for one.,active,16,24,,,";
    replace_once(&services, kitchen, "s-2,org-2,Kitchen evenings");
    let done = import_to(&server, copy.path(), &write).await;
    assert!(done.table.contains(left_out), "{}", done.table);
    done.counts(&[("service, in referrals", 1)]);
    assert_eq!(listed(&file), ["referrals,service,s-3"]);
    assert_eq!(server.size().await, size, "nothing is withdrawn, nothing is written");
    offers(&server, &NAMES).await;

    // Told of another organization it is another's offer, and the one's is told no more.
    replace_once(&services, "s-2,org-2,Kitchen evenings", &kitchen.replace("org-2", "org-1"));
    import_to(&server, copy.path(), &write).await.counts(&[("service, in referrals", 2), ("offers", 1)]);
    assert_eq!(listed(&file), ["referrals,service,s-2", "referrals,service,s-3"]);
    let dry = import(copy.path(), &["--dry-run"]).await;
    assert!(!dry.table.contains(left_out) && !dry.table.contains("full refresh"), "{}", dry.table);

    // So is an organization, and a directory of another name tells nothing of this one.
    replace_once(&copy.path().join("organization.csv"), "org-2,Mill Street Clubhouse,\n", "");
    import_to(&server, copy.path(), &write).await.counts(&[("organization, in registry", 1)]);
    let other = import_to(&server, copy.path(), &["--source", "another"]).await;
    assert!(!other.table.contains(left_out), "{}", other.table);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_needs_no_server_and_rejected_rows_are_given_back_whole() {
    let folder = tempfile::tempdir().unwrap();
    let rejects = folder.path().join("rejects.csv");
    for (form, rows) in [("tables", 41), ("json", 23)] {
        let arguments = ["--dry-run", "--to", "http://127.0.0.1:1", "--rejects", rejects.to_str().unwrap()];
        let done = import(&directory(form), &arguments).await;
        assert_eq!(done.code, 2, "{}", done.said);
        done.counts(&[("agencies", 2), ("rows rejected", rows)]);
        let text = fs::read_to_string(&rejects).unwrap();
        assert!(text.starts_with("RejectedFile,RejectedLine,RejectedRow,RejectedColumn,RejectedReason,"));
        let given: Vec<_> =
            csv::Reader::from_path(&rejects).unwrap().into_records().map(Result::unwrap).collect();
        assert_eq!(given.len() as u64, rows);
        let row = |file: &str, at: &str| given.iter().find(|row| &row[0] == file && &row[1] == at);
        match form {
            "tables" => assert!(row("service.csv", "10").unwrap().iter().any(|cell| cell == "Strange")),
            _ => assert!(row("page-2.json", "/4/schedules/1").unwrap()[5].contains("\"9am\"")),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_rows_and_items_are_mended_and_fed_back() {
    let folder = tempfile::tempdir().unwrap();
    let rejects = folder.path().join("rejects.csv");
    let rejects = rejects.to_str().unwrap();
    let more = ["Drop-in", "Kitchen evenings", "With parts that are wrong", "Work for everybody"];
    for (form, other, rows, rejected, names) in [
        ("tables", "json", 41, "schedule.csv,7,", &NAMES[..]),
        ("json", "tables", 23, "page-2.json,/4/schedules/1,", &more),
    ] {
        let server = Server::start().await;
        import_to(&server, &directory(form), &["--rejects", rejects])
            .await
            .counts(&[("rows rejected", rows)]);
        // The one row alone: what is not fed back stays as it was.
        let text = fs::read_to_string(rejects).unwrap();
        let kept = text.lines().enumerate().filter(|(line, text)| *line == 0 || text.starts_with(rejected));
        fs::write(rejects, kept.map(|(_, text)| format!("{text}\n")).collect::<String>()).unwrap();
        replace_once(rejects.as_ref(), "9am", "08:00");
        let strange = import(&directory(other), &["--dry-run", "--mended", rejects]).await;
        assert_eq!(strange.code, 1, "{}", strange.said);
        let done = import_to(&server, &directory(form), &["--mended", rejects]).await;
        done.counts(&[("rows rejected", rows - 1)]);
        until("the mended hours", async || {
            let offers = offers(&server, names).await;
            let mut hours = offers.iter().flat_map(|offer| &offer.content.as_ref().unwrap().hours);
            hours.any(|hours| hours.opens == "08:00").then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_directory_is_refused_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let dry = async |path: &Path| import(path, &["--dry-run"]).await;
    write("a.json", "{\"page\": 1}");
    let done = dry(folder.path()).await;
    assert_eq!(done.code, 1);
    assert!(done.said.contains("a.json holds no services"), "{}", done.said);
    write("a.json", "[1,");
    assert!(dry(&folder.path().join("a.json")).await.said.contains("a.json is no JSON"));
    write("service.csv", "id,name\n1,A\n");
    let done = dry(folder.path()).await;
    assert!(
        done.said.contains("organization.csv is not there; service.csv lacks organization_id"),
        "{}",
        done.said
    );
    assert_eq!(dry(&folder.path().join("nothing")).await.code, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_of_others_is_read_where_one_is_there() {
    let Some(path) = extra("hsds", "data/hsds") else { return };
    let done = import(&path, &["--dry-run"]).await;
    assert!(matches!(done.code, 0 | 2), "{}", done.said);
    assert!(done.count("offers").unwrap() > 0, "{}", done.table);
}
