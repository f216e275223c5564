//! What a directory comes to: an agency for each organization, an offer for each service.
//! Invariant: what has no code here keeps its words; a part of a service that is wrong is told and left out, and the service stands without it.

mod reach;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use kernel::Zone;
use platform::wire;
use proto::{referrals, registry, types};
use uuid::Uuid;

use super::codes;
use super::directory::{Directory, Location, Record, Service};
use crate::import::plan::Plan;
use crate::import::rejects::Rejects;
use crate::import::step::{About, Ask, Named, Stage, Step, Withdrawal, Withdrawn, request_id};
use crate::import::table::Fault;

/// Longest text of an offer, in characters.
const TEXT: usize = 2_000;
/// Most of a list that an offer names: areas and hours, terms; languages.
const MANY: usize = 50;
const LANGUAGES: usize = 20;

struct Planner<'a> {
    directory: &'a mut Directory,
    system: &'a str,
    zone: &'a Zone,
    nonce: Uuid,
    steps: Vec<Step>,
}

/// Plans an import. The nonce is of this run alone: it tells its requests from those of another.
pub fn plan(directory: &mut Directory, system: &str, zone: &Zone, nonce: Uuid) -> Plan {
    let mut planner = Planner { directory, system, zone, nonce, steps: vec![] };
    let organizations: Vec<Record> = planner.directory.organizations.values().cloned().collect();
    for organization in &organizations {
        planner.agency(organization);
    }
    for service in std::mem::take(&mut planner.directory.services) {
        planner.service(&service);
    }
    let steps = planner.steps;
    Plan {
        aside: aside(directory, &steps),
        steps,
        rejects: std::mem::take::<Rejects>(&mut directory.rejects),
        refused: BTreeMap::new(),
        notes: std::mem::take(&mut directory.notes),
    }
}

/// What is there and is not sent since something is wrong with it, by table and key.
fn aside(directory: &Directory, steps: &[Step]) -> BTreeSet<(String, String)> {
    let sent: HashSet<(String, String)> =
        steps.iter().map(|step| step.ask.fact().1).map(|s| (s.table, s.key)).collect();
    let of = |table: &'static str| move |key: &String| (table.to_owned(), key.clone());
    let organizations = directory.rejected.iter().map(of("organization"));
    let all = organizations.chain(directory.seen.iter().map(of("service")));
    all.filter(|fact| !sent.contains(fact)).collect()
}

impl Planner<'_> {
    fn agency(&mut self, organization: &Record) {
        let (source, request_id) = self.source("organization", organization);
        let content = registry::AgencyContent {
            name: organization.text("name").to_owned(),
            zone: self.zone.name().to_owned(),
            identifiers: vec![self.identifier(organization)],
            ..Default::default()
        };
        let ask = registry::RecordAgencyRequest { request_id, source: Some(source), content: Some(content) };
        let step = self.step(Stage::Agencies, None, organization, Ask::Agency(ask));
        let gives = Some(Named::Agency(organization.text("id").to_owned()));
        self.steps.push(Step { gives, counts: vec!["agencies"], ..step });
    }

    fn service(&mut self, service: &Service) {
        let own = &service.own;
        let (source, request_id) = self.source("service", own);
        let agency = Some(service.organization.as_str());
        match own.text("status").to_lowercase().as_str() {
            "" | "active" => {}
            "inactive" | "defunct" | "temporarily closed" => {
                let group = String::new();
                let ask = Withdrawal { kind: Withdrawn::Offer, source, request_id, group };
                let step = self.step(Stage::Offers, agency, own, Ask::Withdrawal(ask));
                return self.steps.push(Step { counts: vec!["deleted at the source"], ..step });
            }
            _ => {
                let why = "is no status: active, inactive, defunct or temporarily closed";
                return self.directory.reject(own, Fault::new("status", why));
            }
        }
        match self.content(service) {
            Ok(content) => {
                let (source, content) = (Some(source), Some(content));
                let ask = referrals::RecordServiceOfferRequest { request_id, source, content };
                let step = self.step(Stage::Offers, agency, own, Ask::Offer(Box::new(ask)));
                let gives = Some(Named::Offer(own.text("id").to_owned()));
                self.steps.push(Step { gives, counts: vec!["offers"], ..step });
            }
            Err(fault) => self.directory.reject(own, fault),
        }
    }

    fn content(&mut self, service: &Service) -> Result<referrals::ServiceOfferContent, Fault> {
        let own = &service.own;
        let eligibility = self.eligibility(own)?;
        let mut words = vec![own.text("description").to_owned()];
        let (practice, life_domains, terms) = meaning(&service.terms);
        let hours = self.each(&service.schedules, |planner, schedule| planner.hours(schedule, &mut words));
        let areas = self.each(&service.areas, |planner, area| planner.area(area).map(Some));
        let languages = self.each(&service.languages, |_, language| {
            let tag = codes::language(language.text("code"), language.text("name"));
            let column = if language.text("code").is_empty() { "name" } else { "code" };
            let why = "is no language known here; give its BCP 47 or ISO 639 code";
            tag.map(Some).ok_or_else(|| Fault::new(column, why))
        });
        let modes: BTreeSet<i32> = service.locations.iter().filter_map(mode).map(Into::into).collect();
        let (locations, telecom) = (self.locations(service), self.telecom(service));
        words.retain(|text| !text.is_empty());
        Ok(referrals::ServiceOfferContent {
            name: own.text("name").to_owned(),
            practice: practice.to_owned(),
            life_domains,
            receiver: referrals::Receiver::Participation.into(),
            zone: self.zone.name().to_owned(),
            identifiers: vec![self.identifier(own)],
            eligibility,
            areas: self.few(areas, MANY),
            languages: self.few(once(languages), LANGUAGES),
            hours: self.few(once(hours), MANY),
            modes: modes.into_iter().collect(),
            description: self.cut(&words.join("\n")),
            terms: self.few(terms, MANY),
            locations,
            telecom,
            ..Default::default()
        })
    }

    fn eligibility(&mut self, own: &Record) -> Result<Option<referrals::Eligibility>, Fault> {
        let age = |column: &str| match own.optional_number(column)? {
            Some(age) if age > 150 => Err(Fault::new(column, "is over 150 years")),
            age => Ok(age.unwrap_or_default()),
        };
        let (minimum_age, maximum_age) = (age("minimum_age")?, age("maximum_age")?);
        if maximum_age > 0 && maximum_age < minimum_age {
            return Err(Fault::new("maximum_age", "is below minimum_age"));
        }
        let text = self.cut(own.text("eligibility_description"));
        let said = referrals::Eligibility { minimum_age, maximum_age, text, ..Default::default() };
        Ok((said != referrals::Eligibility::default()).then_some(said))
    }

    /// A schedule of every week. What is told in words alone is added to the words.
    fn hours(
        &mut self,
        schedule: &Record,
        words: &mut Vec<String>,
    ) -> Result<Option<referrals::OpenHours>, Fault> {
        if !matches!(schedule.text("freq").to_uppercase().as_str(), "" | "WEEKLY") {
            self.directory.note("schedules that are not of every week, not read");
            return Ok(None);
        }
        let said = schedule.first(&["byday", "opens_at", "closes_at"]);
        if said.is_empty() {
            return match schedule.text("description") {
                "" => Err(Fault::new("byday", "is empty, and so is description; say when it is open")),
                text => {
                    words.push(text.to_owned());
                    Ok(None)
                }
            };
        }
        let days = codes::days(schedule.text("byday"));
        let days = days.ok_or_else(|| Fault::new("byday", "is no list of days such as \"MO,TU\""))?;
        let mut time = |column: &str| {
            let read = codes::time(schedule.text(column));
            let (wall, offset) =
                read.ok_or_else(|| Fault::new(column, "is no wall time such as \"09:00\""))?;
            if offset {
                self.directory.note("times told with an offset, read as wall times");
            }
            Ok::<_, Fault>(wall)
        };
        let (opens, closes) = (time("opens_at")?, time("closes_at")?);
        if opens == closes {
            return Err(Fault::new("closes_at", "is the same as opens_at"));
        }
        Ok(Some(referrals::OpenHours { days, opens, closes }))
    }

    fn area(&mut self, area: &Record) -> Result<referrals::AreaServed, Fault> {
        let extent = match area.text("extent_type").to_lowercase().as_str() {
            "" | "text" => area.text("extent"),
            _ => {
                self.directory.note("extents of areas that are no text, not read");
                ""
            }
        };
        if let Some(postal_codes) = codes::postal_codes(extent) {
            return Ok(referrals::AreaServed { postal_codes, ..Default::default() });
        }
        let name = [area.text("name"), area.text("description"), extent];
        let name = name.into_iter().find(|text| !text.is_empty());
        let name =
            name.ok_or_else(|| Fault::new("name", "is empty; an area needs a name, description or extent"))?;
        if name.chars().count() > 200 {
            return Err(Fault::new("name", "is longer than 200 characters"));
        }
        Ok(referrals::AreaServed { name: plain(name), ..Default::default() })
    }

    /// What is read of each of these; what is wrong with one is told.
    fn each<T>(
        &mut self,
        records: &[Record],
        mut read: impl FnMut(&mut Self, &Record) -> Result<Option<T>, Fault>,
    ) -> Vec<T> {
        let mut found = vec![];
        for record in records {
            match read(self, record) {
                Ok(one) => found.extend(one),
                Err(fault) => self.directory.reject(record, fault),
            }
        }
        found
    }

    fn few<T>(&mut self, mut list: Vec<T>, most: usize) -> Vec<T> {
        if list.len() > most {
            self.directory.note("lists longer than an offer holds, cut");
            list.truncate(most);
        }
        list
    }

    fn cut(&mut self, text: &str) -> String {
        let text = plain(text);
        if text.chars().count() <= TEXT {
            return text;
        }
        self.directory.note("texts longer than 2,000 characters, cut");
        text.chars().take(TEXT).collect::<String>().trim_end().to_owned()
    }

    /// Where a fact comes from, and the id of the request that tells it.
    fn source(&self, table: &str, record: &Record) -> (types::Source, String) {
        let recorded: Option<kernel::Timestamp> = record.text("last_modified").parse().ok();
        let source = types::Source {
            system: self.system.to_owned(),
            table: table.to_owned(),
            key: record.text("id").to_owned(),
            recorded_at: recorded.map(wire::to_instant),
            known_until: None,
        };
        let request_id = request_id(self.nonce, &source, &[record.digest()]);
        (source, request_id)
    }

    fn identifier(&self, record: &Record) -> types::Identifier {
        types::Identifier { system: self.system.to_owned(), value: record.text("id").to_owned() }
    }

    fn step(&self, stage: Stage, agency: Option<&str>, record: &Record, ask: Ask) -> Step {
        Step {
            stage,
            lane: format!("{} {}", record.file, record.text("id")),
            rows: vec![(record.file.clone(), record.at.clone())],
            agency: agency.map(str::to_owned),
            told_by: None,
            about: About::default(),
            gives: None,
            ask,
            counts: vec![],
            nights: None,
        }
    }
}

/// The practice, the life domains, and the words of the terms that say neither, or another practice.
fn meaning(terms: &[Record]) -> (&'static str, Vec<i32>, Vec<String>) {
    let (mut practice, mut domains, mut words) = ("", BTreeSet::new(), vec![]);
    for term in terms {
        let named = term.first(&["name", "term"]);
        let meaning = codes::term(named);
        domains.extend(meaning.iter().flat_map(|meaning| meaning.life_domains.iter().copied()));
        match meaning.map(|meaning| meaning.practice) {
            Some("") => {}
            Some(known) if practice.is_empty() || practice == known => practice = known,
            Some(_) | None => words.push(plain(if named.is_empty() { term.text("code") } else { named })),
        }
    }
    let practice = if practice.is_empty() { "other" } else { practice };
    words.retain(|word| !word.is_empty() && word.chars().count() <= 200);
    (practice, domains.into_iter().collect(), once(words))
}

fn once<T: PartialEq>(list: Vec<T>) -> Vec<T> {
    let mut found: Vec<T> = vec![];
    for one in list {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

/// How a service is given at a location of this type.
fn mode(location: &Location) -> Option<referrals::OfferMode> {
    match location.own.text("location_type").to_lowercase().as_str() {
        "physical" => Some(referrals::OfferMode::InPerson),
        "virtual" => Some(referrals::OfferMode::Video),
        _ => None,
    }
}

/// A text without control characters but line ends and tabs.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect::<String>().trim().to_owned()
}
