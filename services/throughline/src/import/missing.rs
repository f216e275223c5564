//! What the source told before and tells no more: by a full refresh of an export (HMIS CSV Format Specifications, ExportDirective 2), or by a directory.
//! Invariant: it is listed and nothing else happens to it: only a row that says so is taken back.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use anyhow::Context;
use kernel::AgencyId;
use platform::error;
use platform::peer::{Peer, may_retry};
use proto::log::records_service_client::RecordsServiceClient;
use proto::log::{ListRecordsRequest, ListRecordsResponse, RecordedFact};
use proto::types::FieldStatus;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::{Code, Status};
use uuid::Uuid;

use super::call::{LONGEST_WAIT, PATIENCE};
use super::export::Export;
use super::plan::Plan;
use super::rejects::owners_alone;
use super::send::Sent;
use super::step::{Ids, Step};

/// The services that take an export's facts, and a directory's.
pub const OF_EXPORT: [&str; 4] = ["registry", "referrals", "vocational", "housing"];
pub const OF_DIRECTORY: [&str; 2] = ["registry", "referrals"];
/// Facts asked for at once.
const PAGE: i32 = 200;
/// Tables whose rows stand for themselves: one that is there is told, whatever became of it, by its key's column.
const BY_ROW: [(&str, &str, &str); 5] = [
    ("Organization", "Organization.csv", "OrganizationID"),
    ("User", "User.csv", "UserID"),
    ("Project", "Project.csv", "ProjectID"),
    ("Inventory", "Inventory.csv", "InventoryID"),
    ("Client", "Client.csv", "PersonalID"),
];

/// Facts by service, agency, table and key.
type Facts = HashSet<(&'static str, String, String, String)>;

/// What was told before and is told no more.
#[derive(Debug, Default)]
pub struct Missing {
    /// Service, table and key of each fact; of a night its enrolment and day.
    facts: BTreeSet<(&'static str, String, String)>,
    /// Facts whose key could not be opened now.
    locked: u64,
    /// Services that could not be asked, and why.
    unasked: BTreeMap<&'static str, String>,
}

/// Asks these services what the source told them before, for every agency of it, and keeps what is not told now.
///
/// # Errors
/// The registry cannot be asked whose facts there are.
pub async fn missing(
    peer: &Peer,
    system: &str,
    services: &[&'static str],
    (told, sent): (Told, &Sent),
) -> anyhow::Result<Missing> {
    let mut missing = Missing::default();
    for (enrollment, night) in &sent.tally.untold_nights {
        missing.facts.insert(("housing", "Services".to_owned(), format!("{enrollment}/{night}")));
    }
    let (own, agencies) = agencies(peer, system).await?;
    missing.judge("registry", "", own, &told);
    let mut lists = JoinSet::new();
    for agency in agencies {
        for &service in services {
            let (peer, system) = (peer.on_behalf_of(agency), system.to_owned());
            lists.spawn(async move { (service, agency, list(&peer, service, &system, "").await) });
        }
    }
    while let Some(listed) = lists.join_next().await {
        match listed? {
            (service, agency, Ok(facts)) => missing.judge(service, &agency.to_string(), facts, &told),
            (service, _, Err(status)) => {
                missing.unasked.insert(service, crate::client::told(status).to_string());
            }
        }
    }
    Ok(missing)
}

/// The facts that the export tells for itself, and the agencies among them, those of earlier exports too.
async fn agencies(peer: &Peer, system: &str) -> anyhow::Result<(Vec<RecordedFact>, BTreeSet<AgencyId>)> {
    let own = list(peer, "registry", system, "").await.map_err(crate::client::told)?;
    let agencies = own
        .iter()
        .filter(|fact| !fact.taken_back)
        .filter_map(|fact| kernel::ids::parse_stream(&fact.stream).ok())
        .map(|(_, agency)| AgencyId::new(agency))
        .collect();
    Ok((own, agencies))
}

/// Which agency has told of each client before, by the client's key: a person stays the one that was recorded first, whichever agency enrolled
/// them first by a later export. Of several that told of one, each of them.
///
/// # Errors
/// The registry cannot be asked.
pub async fn told_by(peer: &Peer, system: &str) -> anyhow::Result<HashMap<String, BTreeSet<Uuid>>> {
    let mut told: HashMap<String, BTreeSet<Uuid>> = HashMap::new();
    for agency in agencies(peer, system).await?.1 {
        let facts = match list(&peer.on_behalf_of(agency), "registry", system, "Client").await {
            Ok(facts) => facts,
            // One for whom the importer speaks no more has no say in what is imported now.
            Err(status) if status.code() == Code::PermissionDenied => continue,
            Err(status) => return Err(crate::client::told(status)),
        };
        for fact in facts.into_iter().filter(|fact| !fact.taken_back) {
            told.entry(fact.key).or_default().insert(agency.uuid());
        }
    }
    Ok(told)
}

/// All facts of a source, or of one table of it, that a service holds of the caller's agency.
async fn list(peer: &Peer, service: &str, system: &str, table: &str) -> Result<Vec<RecordedFact>, Status> {
    let (mut facts, mut page_token) = (vec![], String::new());
    loop {
        let request = ListRecordsRequest {
            service: service.to_owned(),
            system: system.to_owned(),
            table: table.to_owned(),
            page_size: PAGE,
            page_token,
        };
        let page = page(peer, request).await?;
        facts.extend(page.facts);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(facts);
        }
    }
}

async fn page(peer: &Peer, request: ListRecordsRequest) -> Result<ListRecordsResponse, Status> {
    let until = Instant::now() + PATIENCE;
    loop {
        let status = match RecordsServiceClient::new(peer.clone()).list_records(request.clone()).await {
            Ok(page) => return Ok(page.into_inner()),
            Err(status) => status,
        };
        let away = may_retry(&status) || status.code() == Code::DeadlineExceeded;
        if !away || Instant::now() > until {
            return Err(status);
        }
        tokio::time::sleep(error::retry_after(&status).unwrap_or(LONGEST_WAIT)).await;
    }
}

/// What the source tells now.
pub struct Told {
    /// Facts that were sent.
    sent: Facts,
    /// People are told by whichever agency enrolled them first.
    people: HashSet<String>,
    /// Keys of rows that are there, by table.
    rows: HashSet<(&'static str, String)>,
    /// Rows that are there and were set aside: deleted, rejected or refused, by table and key.
    aside: HashSet<(String, String)>,
}

impl Told {
    /// What was sent, and what was set aside.
    pub fn of(plan: &Plan, sent: &Sent) -> Self {
        let fact =
            |fact: &SentFact| (fact.service, fact.agency(&sent.ids), fact.table.clone(), fact.key.clone());
        Self {
            sent: sent.facts.iter().map(fact).collect(),
            people: HashSet::new(),
            rows: HashSet::new(),
            aside: plan.aside.iter().cloned().collect(),
        }
    }

    /// The same of an export, and its rows that stand for themselves.
    pub fn of_export(export: &Export, plan: &Plan, sent: &Sent) -> Self {
        let mut told = Self::of(plan, sent);
        for (table, file, column) in BY_ROW {
            let keys = export.table(file).lines().map(|line| line.text(column).to_owned());
            told.rows.extend(keys.map(|key| (table, key)));
        }
        told.people
            .extend(sent.facts.iter().filter(|fact| fact.table == "Client").map(|fact| fact.key.clone()));
        told
    }

    fn tells(&self, service: &'static str, agency: &str, table: &str, key: &str) -> bool {
        if let Some((table, ..)) = BY_ROW.iter().find(|(known, ..)| *known == table) {
            return self.rows.contains(&(*table, key.to_owned()));
        }
        let row = match table {
            // The nights of an enrolment, by month.
            "Services" => key.rsplit_once('/').map_or(key, |(enrollment, _)| enrollment),
            _ => key,
        };
        self.aside.contains(&(table.to_owned(), row.to_owned()))
            || self.sent.contains(&(service, agency.to_owned(), table.to_owned(), key.to_owned()))
    }
}

/// A fact that was sent: what it is called, and who spoke.
#[derive(Clone, Debug)]
pub struct SentFact {
    service: &'static str,
    organization: Option<String>,
    table: String,
    key: String,
}

impl SentFact {
    /// What a step tells.
    pub fn of(step: &Step) -> Self {
        let (service, source) = step.ask.fact();
        Self {
            service,
            organization: step.agency.clone(),
            table: source.table.clone(),
            key: source.key.clone(),
        }
    }

    /// The agency that spoke; empty for the export itself, or where it was not taken.
    fn agency(&self, ids: &Ids) -> String {
        let named = self.organization.clone().map(super::step::Named::Agency);
        named.and_then(|named| ids.of(&named).map(str::to_owned)).unwrap_or_default()
    }
}

impl Missing {
    fn judge(&mut self, service: &'static str, agency: &str, facts: Vec<RecordedFact>, told: &Told) {
        for fact in facts.into_iter().filter(|fact| !fact.taken_back) {
            match fact.key_status() {
                // Nobody's key was kept by an earlier release; erased people are told of no more.
                FieldStatus::Unspecified if fact.key.is_empty() => self.locked += 1,
                FieldStatus::Erased => {}
                FieldStatus::Locked => self.locked += 1,
                FieldStatus::Unspecified | FieldStatus::Open => {
                    if !told.tells(service, agency, &fact.table, &fact.key) {
                        self.facts.insert((service, fact.table, fact.key));
                    }
                }
            }
        }
    }

    /// How many of each table, by service.
    pub fn by_table(&self) -> BTreeMap<String, u64> {
        let mut tables = BTreeMap::new();
        for (service, table, _) in &self.facts {
            *tables.entry(format!("{table}, in {service}")).or_default() += 1;
        }
        if self.locked > 0 {
            tables.insert("facts whose key cannot be read now".to_owned(), self.locked);
        }
        tables
    }

    /// What could not be asked, as lines of text.
    pub fn unasked(&self) -> impl Iterator<Item = String> {
        self.unasked.iter().map(|(service, why)| format!("what is missing in {service} is not known: {why}"))
    }

    /// Writes service, table and key of each. It holds personal data as the export does: only its owner may read it.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let context = || format!("cannot write the missing facts to {}", path.display());
        let mut writer = csv::Writer::from_writer(owners_alone(path).with_context(context)?);
        writer.write_record(["Service", "Table", "Key"])?;
        for (service, table, key) in &self.facts {
            writer.write_record([service, table.as_str(), key.as_str()])?;
        }
        writer.flush().with_context(context)
    }
}
