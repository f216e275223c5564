//! The town: six agencies, their workers, what they offer, and the roofs and rooms they have.
//! Invariant: it is founded before the first life begins, by the commands that agencies use.

mod leaving;
mod offers;
mod saying;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use kernel::AgencyId;
use proto::housing as hous;
use proto::registry as reg;
use proto::therapy as ther;

use super::calendar::{Calendar, ZONE};
use super::sketch::{Needed, Place};
use super::stage::{Halt, Stage};
use super::voice::{Exchange, Voice, id, name, say};
pub use offers::{Offer, Offers};

/// Everything that lives share.
pub struct Town {
    pub operator: Voice,
    exchange: Exchange,
    agencies: Vec<Agency>,
    /// Who writes down what case management has on paper.
    pub records: Voice,
    /// Who approves what case management changes in plans.
    pub overseer: Worker,
    /// The clinic's medical staff.
    pub physician: Worker,
    pub offers: Offers,
    /// The night shelter's unit group.
    pub beds: String,
    pub units: Vec<String>,
    pub practitioners: Vec<String>,
}

/// An agency.
pub struct Agency {
    pub id: String,
    workers: Vec<Worker>,
    /// The last of them has left.
    last_left: AtomicBool,
}

/// A worker, who can speak.
#[derive(Clone)]
pub struct Worker {
    pub id: String,
    pub voice: Voice,
}

impl Town {
    /// An agency.
    pub fn agency(&self, place: Place) -> &Agency {
        &self.agencies[place as usize]
    }

    /// The worker of an agency who looks after the life with this number.
    pub fn worker(&self, place: Place, number: u32) -> &Worker {
        let Agency { workers, last_left, .. } = self.agency(place);
        let one = number as usize % workers.len();
        // Whoever leaves hands over to the first.
        let gone = one + 1 == workers.len() && last_left.load(Ordering::Acquire);
        &workers[if gone { 0 } else { one }]
    }

    /// Another worker of the same agency, who still works there.
    pub fn colleague(&self, worker: &Worker) -> Option<&Worker> {
        let same = |agency: &&Agency| agency.workers.iter().any(|other| other.id == worker.id);
        let Agency { workers, last_left, .. } = self.agencies.iter().find(same)?;
        let there = workers.len() - usize::from(last_left.load(Ordering::Acquire));
        workers[..there].iter().find(|other| other.id != worker.id)
    }

    /// The person, by own login.
    ///
    /// # Errors
    /// What is no id of a person.
    pub fn person(&self, id: &str) -> Result<Voice, Halt> {
        Ok(self.exchange.person(id.parse().context("the id of a person")?))
    }

    /// Lets happen to it what happens to no life alone.
    pub fn goes_on(self: &Arc<Self>, calendar: &Arc<Calendar>, stage: &Stage) {
        let both = || (Arc::clone(self), Arc::clone(calendar));
        let (town, days) = both();
        stage.cue(|part| async move { town.sees_one_leave(&days, part).await });
        let (town, days) = both();
        stage.cue(|part| async move { town.keeps_saying_it(&days, part).await });
        let (town, days) = both();
        stage.cue(|part| async move { town.changes_what_it_offers(&days, part).await });
    }

    /// Founds it.
    ///
    /// # Errors
    /// A command that was refused.
    pub async fn found(exchange: &Exchange, calendar: &Calendar, needed: Needed) -> Result<Self, Halt> {
        let operator = exchange.operator();
        let mut agencies = Vec::new();
        for place in Place::ALL {
            agencies.push(agency(exchange, &operator, calendar, place, needed).await?);
        }
        let of = |place: Place| &agencies[place as usize].workers[0].voice;
        let shelter = of(Place::Shelter);
        let beds = group(shelter, calendar, "Testville night shelter", BEDS).await?;
        let rapid = group(shelter, calendar, "Rapid rehousing", RAPID).await?;
        let homes = group(of(Place::Homes), calendar, "Supportive apartments", HOMES).await?;
        let mut units = Vec::new();
        // A few more than anybody will ever have: some stand vacant.
        for number in 0..needed.units + 3 {
            units.push(unit(of(Place::Homes), &homes, number).await?);
        }
        let mut practitioners = Vec::new();
        for worker in &agencies[Place::Clinic as usize].workers {
            practitioners.push(practitioner(worker, practitioners.len()).await?);
        }
        let overseer = overseer(exchange, &operator, &agencies[Place::Coordination as usize].id).await?;
        let clinic = &agencies[Place::Clinic as usize].id;
        let physician = "Q. Exampledoctor".to_owned();
        let physician = worker(exchange, &operator, clinic, physician, reg::WorkerRole::Physician).await?;
        let offers = Offers::publish(of, homes, rapid).await?;
        let coordination = &agencies[Place::Coordination as usize];
        let by = coordination.workers[0].id.parse().context("the id of a worker")?;
        let records = exchange.recorder(by, coordination.id.parse().context("the id of an agency")?);
        let exchange = exchange.clone();
        let town = Self {
            operator,
            exchange,
            agencies,
            records,
            overseer,
            physician,
            offers,
            beds,
            units,
            practitioners,
        };
        town.says_what_room_there_is(0).await?;
        Ok(town)
    }
}

type Group = (hous::ProjectType, hous::UnitKind);
const BEDS: Group = (hous::ProjectType::EmergencyShelterNightByNight, hous::UnitKind::Shelter);
const RAPID: Group = (hous::ProjectType::RapidRehousing, hous::UnitKind::OwnHome);
const HOMES: Group = (hous::ProjectType::PermanentSupportiveHousing, hous::UnitKind::Apartment);

/// What the clubhouse is called.
pub const CLUBHOUSE: &str = "Invented Clubhouse";

fn called(place: Place) -> (&'static str, reg::WorkerRole, &'static [&'static str]) {
    use reg::WorkerRole::{
        Coordinator, EmploymentSpecialist, HousingSpecialist, PeerSupportWorker, SocialWorker, Therapist,
    };
    match place {
        Place::Coordination => {
            ("Demo Care Coordination", Coordinator, &["C. Exampleworker", "D. Sampleworker", "E. Testworker"])
        }
        Place::Works => {
            ("Example Works", EmploymentSpecialist, &["F. Exampleworker", "G. Sampleworker", "H. Testworker"])
        }
        Place::Homes => ("Sample Homes", HousingSpecialist, &["I. Exampleworker", "J. Sampleworker"]),
        Place::Shelter => ("Testville Night Shelter", SocialWorker, &["K. Exampleworker", "L. Sampleworker"]),
        Place::Clinic => ("Placeholder Clinic", Therapist, &[]),
        Place::Club => {
            (CLUBHOUSE, PeerSupportWorker, &["M. Exampleworker", "N. Sampleworker", "O. Testworker"])
        }
    }
}

async fn agency(
    exchange: &Exchange,
    operator: &Voice,
    calendar: &Calendar,
    place: Place,
    needed: Needed,
) -> Result<Agency, Halt> {
    let (agency_name, role, names) = called(place);
    let overseen = place == Place::Coordination;
    let content = reg::AgencyContent {
        name: agency_name.to_owned(),
        zone: ZONE.to_owned(),
        holidays: calendar.holidays().into_iter().map(platform::wire::to_date).collect(),
        plan_overseer_role: if overseen { OVERSEER.into() } else { 0 },
        ..Default::default()
    };
    let request = reg::RegisterAgencyRequest { request_id: name(), content: Some(content) };
    let agency = id(say!(operator, registry.register_agency, request).await?.written);
    let names: Vec<String> = match place {
        Place::Clinic => {
            (1..=needed.practitioners).map(|number| format!("Practitioner No. {number}")).collect()
        }
        Place::Coordination | Place::Works | Place::Homes | Place::Shelter | Place::Club => {
            names.iter().map(|&name| name.to_owned()).collect()
        }
    };
    let mut workers = Vec::new();
    for working_name in names {
        workers.push(worker(exchange, operator, &agency, working_name, role).await?);
    }
    Ok(Agency { id: agency, workers, last_left: AtomicBool::new(false) })
}

/// The part of whoever approves plans.
const OVERSEER: reg::WorkerRole = reg::WorkerRole::SocialWorker;

async fn overseer(exchange: &Exchange, operator: &Voice, agency: &str) -> Result<Worker, Halt> {
    worker(exchange, operator, agency, "P. Overseer".to_owned(), OVERSEER).await
}

async fn worker(
    exchange: &Exchange,
    operator: &Voice,
    agency: &str,
    working_name: String,
    role: reg::WorkerRole,
) -> Result<Worker, Halt> {
    let content = reg::WorkerContent { working_name, roles: vec![role.into()], ..Default::default() };
    let request =
        reg::AddWorkerRequest { request_id: name(), content: Some(content), agency_id: agency.to_owned() };
    let worker = id(say!(operator, registry.add_worker, request).await?.written);
    let of: AgencyId = agency.parse().context("the id of an agency")?;
    let voice = exchange.worker(worker.parse().context("the id of a worker")?, of);
    Ok(Worker { id: worker, voice })
}

async fn group(
    voice: &Voice,
    calendar: &Calendar,
    called: &str,
    (project, kind): Group,
) -> Result<String, Halt> {
    let content = hous::UnitGroupContent {
        name: called.to_owned(),
        project_type: project.into(),
        kind: kind.into(),
        zone: ZONE.to_owned(),
        operates_from: Some(calendar.date(0)),
        ..Default::default()
    };
    let request =
        hous::PublishUnitGroupRequest { request_id: name(), content: Some(content), ..Default::default() };
    let group = id(say!(voice, housing.publish_unit_group, request).await?.written);
    let capacity = hous::CapacityContent {
        household_type: hous::HouseholdType::WithoutChildren.into(),
        beds: 40,
        from: Some(calendar.date(0)),
        ..Default::default()
    };
    let request = hous::SetCapacityRequest {
        request_id: name(),
        unit_group_id: group.clone(),
        content: Some(capacity),
        ..Default::default()
    };
    say!(voice, housing.set_capacity, request).await?;
    Ok(group)
}

async fn unit(voice: &Voice, group: &str, number: usize) -> Result<String, Halt> {
    let content = hous::UnitContent {
        name: format!("Sample House {}, apartment {}", 1 + number / 10, 1 + number % 10),
        sleeps: 2,
        step_free: number.is_multiple_of(4),
        accepting: true,
        identifiers: vec![],
    };
    let request = hous::PublishUnitRequest {
        request_id: name(),
        unit_group_id: group.to_owned(),
        content: Some(content),
        ..Default::default()
    };
    Ok(id(say!(voice, housing.publish_unit, request).await?.written))
}

async fn practitioner(worker: &Worker, number: usize) -> Result<String, Halt> {
    let content = ther::PractitionerContent {
        name: format!("Practitioner No. {}", number + 1),
        role: ther::PractitionerRole::Therapist.into(),
        licence: String::new(),
        modalities: vec!["cbt".to_owned()],
        zone: ZONE.to_owned(),
    };
    let request = ther::RegisterPractitionerRequest {
        request_id: name(),
        worker_id: worker.id.clone(),
        content: Some(content),
    };
    Ok(id(say!(worker.voice, therapy.register_practitioner, request).await?.written))
}
