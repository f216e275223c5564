//! Organisations, users, projects and inventory: agencies, workers, unit groups with their capacities, and offers.
//! Invariant: an agency speaks for its own rows alone; single units are never made up from a count of beds.

use platform::wire;
use proto::{housing, referrals, registry, types};

use super::{Planner, Told, after};
use crate::import::codes::Work;
use crate::import::step::{About, Ask, Named, Stage, Step, Withdrawn};
use crate::import::table::{Fault, Line};
use crate::import::world::{Fate, Project};

impl<'a> Planner<'a> {
    pub(super) fn places(&mut self) {
        for (key, fate) in self.world.orgs.clone() {
            match fate {
                Fate::Good(line) => self.agency(key, line),
                Fate::Deleted(_) => self.note("organizations deleted at the source, left as they are"),
                Fate::Refused | Fate::Rejected => {}
            }
        }
        for (key, fate) in self.world.projects.clone() {
            match fate {
                Fate::Good(project) => self.project(key, project),
                Fate::Deleted(project) => self.deleted_project(key, project),
                Fate::Refused | Fate::Rejected => {}
            }
        }
        for line in self.export.table("Inventory.csv").lines() {
            self.inventory(line);
        }
    }

    fn agency(&mut self, key: &'a str, line: Line<'a>) {
        let lines = [line];
        let told = Told { table: "Organization", key: key.to_owned(), lines: &lines, open: false };
        let (source, request_id) = self.source(&told);
        let content = registry::AgencyContent {
            name: line.text("OrganizationName").to_owned(),
            zone: self.zone(),
            part2: false,
            identifiers: vec![self.identifier(key)],
            ..Default::default()
        };
        let ask = registry::RecordAgencyRequest { request_id, source: Some(source), content: Some(content) };
        let step = self.step(Stage::Agencies, None, &lines, Ask::Agency(ask));
        let gives = Some(Named::Agency(key.to_owned()));
        self.steps.push(Step { gives, counts: vec!["agencies"], ..step });
    }

    /// Users are workers of the organisations for which they met people. Other users are nobody's worker here.
    pub(super) fn workers(&mut self) {
        for (user, org) in self.workers.clone() {
            let line = self.world.users[user];
            let lines = [line];
            let told = Told { table: "User", key: user.to_owned(), lines: &lines, open: false };
            let (source, request_id) = self.source(&told);
            let names = [line.text("UserFirstName"), line.text("UserLastName")];
            let name = names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" ");
            let content = registry::WorkerContent {
                working_name: if name.is_empty() { format!("User {user}") } else { name },
                roles: vec![registry::WorkerRole::Other.into()],
                identifiers: vec![self.identifier(user)],
                left: line.is_deleted(),
            };
            let ask = registry::RecordWorkerRequest {
                request_id,
                source: Some(source),
                content: Some(content),
                agency_id: String::new(),
            };
            let step = self.step(Stage::Groups, Some(org), &lines, Ask::Worker(ask));
            let gives = Some(Named::Worker(user.to_owned(), org.to_owned()));
            self.steps.push(Step { gives, counts: vec!["workers"], ..step });
        }
    }

    fn project(&mut self, key: &'a str, project: Project<'a>) {
        let lines = [project.line];
        let told = Told { table: "Project", key: key.to_owned(), lines: &lines, open: false };
        let name = project.line.text("ProjectName").to_owned();
        let receiver = match project.work {
            Work::Lodging(kind) => {
                let (source, request_id) = self.source(&told);
                let content = self.group(key, &project, kind);
                let ask = housing::RecordUnitGroupRequest {
                    request_id,
                    source: Some(source),
                    content: Some(content),
                };
                let step = self.step(Stage::Groups, Some(project.org), &lines, Ask::Group(ask));
                let gives = Some(Named::Group(key.to_owned()));
                self.steps.push(Step { gives, counts: vec!["unit groups"], ..step });
                referrals::Receiver::Housing
            }
            Work::Service => referrals::Receiver::Participation,
        };
        let (source, request_id) = self.source(&told);
        let content = referrals::ServiceOfferContent {
            name,
            practice: project.practice.to_owned(),
            life_domains: vec![types::LifeDomain::Housing.into()],
            receiver: receiver.into(),
            zone: self.zone(),
            identifiers: vec![self.identifier(key)],
            ..Default::default()
        };
        let ask =
            referrals::RecordServiceOfferRequest { request_id, source: Some(source), content: Some(content) };
        let step = self.step(Stage::Offers, Some(project.org), &lines, Ask::Offer(Box::new(ask)));
        let group = matches!(project.work, Work::Lodging(_)).then(|| key.to_owned());
        let about = About { project: group, ..About::default() };
        let gives = Some(Named::Offer(key.to_owned()));
        self.steps.push(Step { gives, about, counts: vec!["offers"], ..step });
    }

    fn group(
        &self,
        key: &str,
        project: &Project<'_>,
        kind: housing::ProjectType,
    ) -> housing::UnitGroupContent {
        let shelter = matches!(project.code, 0 | 1);
        let unit_kind = if shelter { housing::UnitKind::Shelter } else { housing::UnitKind::Unspecified };
        // Both days were read when the project was.
        let day = |column| project.line.optional_day(column).ok().flatten();
        housing::UnitGroupContent {
            name: project.line.text("ProjectName").to_owned(),
            project_type: kind.into(),
            kind: unit_kind.into(),
            zone: self.zone(),
            turnaround_days: 0,
            operates_from: day("OperatingStartDate").map(wire::to_date),
            operates_until: after(day("OperatingEndDate")),
            identifiers: vec![self.identifier(key)],
        }
    }

    fn deleted_project(&mut self, key: &'a str, project: Project<'a>) {
        let lines = [project.line];
        let told = Told { table: "Project", key: key.to_owned(), lines: &lines, open: false };
        self.withdraw(Withdrawn::Offer, project.org, &told);
        if let Work::Lodging(_) = project.work {
            self.withdraw(Withdrawn::Group, project.org, &told);
            self.with_the_step_before();
        }
    }

    fn inventory(&mut self, line: Line<'a>) {
        let Some((project_key, project)) = self.project_of(&line) else { return };
        let key = self.new_key(&line, "InventoryID");
        let read = key.and_then(|key| Ok((key, self.capacity(&line, &project)?)));
        let Some((key, content)) = self.read(&line, read) else { return };
        let lines = [line];
        let told = Told { table: "Inventory", key: key.to_owned(), lines: &lines, open: false };
        let about = About { project: Some(project_key.to_owned()), ..About::default() };
        if line.is_deleted() {
            return self.withdraw_capacity(project.org, about, &told);
        }
        let (source, request_id) = self.source(&told);
        let ask = housing::RecordCapacityRequest {
            request_id,
            source: Some(source),
            unit_group_id: String::new(),
            content: Some(content),
        };
        let step = self.step(Stage::Offers, Some(project.org), &lines, Ask::Capacity(ask));
        let lane = format!("group {project_key}");
        self.steps.push(Step { lane, about, counts: vec!["capacities"], ..step });
    }

    fn withdraw_capacity(&mut self, org: &str, about: About, told: &Told<'_, '_>) {
        self.withdraw(Withdrawn::Capacity, org, told);
        if let Some(step) = self.steps.last_mut() {
            step.lane = format!("group {}", about.project.as_deref().unwrap_or_default());
            step.about = about;
        }
    }

    /// The project of an inventory row, where the row is to be read at all.
    fn project_of(&mut self, line: &Line<'a>) -> Option<(&'a str, Project<'a>)> {
        let gone = |reason: &str| Err(Fault::new("ProjectID", reason));
        let found = match line.key("ProjectID").map(|key| (key, self.world.projects.get(key))) {
            Err(fault) => Err(fault),
            Ok((_, None)) => gone("names no project of this export"),
            Ok((_, Some(Fate::Rejected))) => gone("names a project that was rejected"),
            Ok((_, Some(Fate::Deleted(_)))) if !line.is_deleted() => gone("names a project that is deleted"),
            Ok((_, Some(Fate::Deleted(_)))) => return None,
            Ok((_, Some(Fate::Refused))) => {
                *self.world.refused.entry(line.table.file.clone()).or_default() += 1;
                return None;
            }
            Ok((key, Some(Fate::Good(project)))) => Ok((key, *project)),
        };
        self.read(line, found)
    }

    fn capacity(&self, line: &Line<'a>, project: &Project<'a>) -> Result<housing::CapacityContent, Fault> {
        if project.work == Work::Service {
            return Err(Fault::new("ProjectID", "names a project that lodges nobody and has no beds"));
        }
        let from = line.day("InventoryStartDate")?;
        let last = line.optional_day("InventoryEndDate")?;
        if last.is_some_and(|last| last < from) {
            return Err(Fault::new("InventoryEndDate", "is before InventoryStartDate"));
        }
        // HUD's codes of these three lists are the contract's.
        let code = |column: &str| line.optional_code(column, &[1, 2, 3]).map(|code| code.unwrap_or_default());
        let number = |code: u32| i32::try_from(code).unwrap_or_default();
        Ok(housing::CapacityContent {
            household_type: number(line.code("HouseholdType", &[1, 3, 4])?),
            beds: line.optional_number("BedInventory")?.unwrap_or_default(),
            units: line.optional_number("UnitInventory")?.unwrap_or_default(),
            from: Some(wire::to_date(from)),
            until: after(last),
            availability: number(code("Availability")?),
            bed_type: number(code("ESBedType")?),
        })
    }
}
