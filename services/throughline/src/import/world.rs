//! The export joined: who runs which project, who is enrolled where, in which household.
//! Invariant: a row whose project, person or enrolment is not there, or is another's, is rejected and stops nothing.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use proto::housing::{Place, Relationship};

use super::client;
use super::codes::{self, Work};
use super::export::Export;
use super::rejects::Rejects;
use super::table::{Fault, Line};

/// What became of a row that others name.
#[derive(Clone, Copy, Debug)]
pub enum Fate<T> {
    /// It stands.
    Good(T),
    /// A victim service provider's: nothing of it is read.
    Refused,
    /// The source has deleted it; the row is kept to say whose it was.
    Deleted(T),
    /// It was rejected.
    Rejected,
}

impl<T> Fate<T> {
    /// What stands.
    pub fn good(&self) -> Option<&T> {
        match self {
            Self::Good(row) => Some(row),
            Self::Refused | Self::Deleted(_) | Self::Rejected => None,
        }
    }

    /// What stands or stood.
    pub fn told(&self) -> Option<&T> {
        match self {
            Self::Good(row) | Self::Deleted(row) => Some(row),
            Self::Refused | Self::Rejected => None,
        }
    }
}

/// A project.
#[derive(Clone, Copy, Debug)]
pub struct Project<'a> {
    /// Its row.
    pub line: Line<'a>,
    /// The organisation that runs it.
    pub org: &'a str,
    /// What it does.
    pub work: Work,
    /// The practice it runs.
    pub practice: &'static str,
    /// Its type's code.
    pub code: u32,
}

/// An enrolment.
#[derive(Clone, Debug)]
pub struct Stay<'a> {
    /// Its row.
    pub line: Line<'a>,
    /// Its key.
    pub key: &'a str,
    /// The client.
    pub person: &'a str,
    /// The project.
    pub project: Project<'a>,
    /// The project's key.
    pub project_key: &'a str,
    /// First day.
    pub entry: Date,
    /// Last day, where to, and the row that says so.
    pub exit: Option<(Date, Place, Line<'a>)>,
    /// The household, empty for none.
    pub household: &'a str,
    /// Relationship to its head.
    pub relationship: Relationship,
    /// The move-in of the row itself.
    pub own_move_in: Option<Date>,
    /// The move-in that counts: the row's own, else the head's.
    pub move_in: Option<Date>,
}

impl Stay<'_> {
    /// Whether a move-in on that day lies within the stay.
    pub fn holds(&self, day: Date) -> bool {
        self.entry <= day && self.exit.as_ref().is_none_or(|(exit, ..)| day <= *exit)
    }
}

/// What is known of an export before anything is planned.
#[derive(Debug)]
pub struct World<'a> {
    /// Organisations by key.
    pub orgs: BTreeMap<&'a str, Fate<Line<'a>>>,
    /// Projects by key.
    pub projects: BTreeMap<&'a str, Fate<Project<'a>>>,
    /// Clients by key.
    pub people: BTreeMap<&'a str, Fate<Line<'a>>>,
    /// Enrolments by key.
    pub stays: BTreeMap<&'a str, Fate<Stay<'a>>>,
    /// Users by key.
    pub users: HashMap<&'a str, Line<'a>>,
    /// The last day that the export tells about.
    end: Date,
    /// What was rejected so far.
    pub rejects: Rejects,
    /// Rows of victim service providers, by file: counted, never listed.
    pub refused: BTreeMap<String, u64>,
}

impl<'a> World<'a> {
    /// Joins the rows of an export.
    pub fn of(export: &'a Export) -> Self {
        let mut world = Self {
            orgs: BTreeMap::new(),
            projects: BTreeMap::new(),
            people: BTreeMap::new(),
            stays: BTreeMap::new(),
            users: HashMap::new(),
            end: export.end,
            rejects: Rejects::default(),
            refused: BTreeMap::new(),
        };
        for table in export.tables() {
            for (row, fault) in &table.misshapen {
                world.rejects.add(&table.file, row.line, fault.clone());
            }
        }
        let users = export.table("User.csv").lines().filter(|line| !line.text("UserID").is_empty());
        world.users = users.map(|line| (line.text("UserID"), line)).collect();
        for line in export.table("Organization.csv").lines() {
            world.organization(line);
        }
        for line in export.table("Project.csv").lines() {
            world.project(line);
        }
        for line in export.table("Client.csv").lines() {
            world.client(line);
        }
        for line in export.table("Enrollment.csv").lines() {
            world.enrollment(line);
        }
        for line in export.table("Exit.csv").lines() {
            world.exit(line);
        }
        world.share_move_ins();
        world
    }

    /// Something is wrong with that row.
    pub fn reject(&mut self, line: &Line<'_>, fault: Fault) {
        self.rejects.add(&line.table.file, line.row.line, fault);
    }

    /// The row belongs to a victim service provider.
    fn refuse(&mut self, line: &Line<'_>) {
        *self.refused.entry(line.table.file.clone()).or_default() += 1;
    }

    /// The key of a row that no row before it has.
    fn new_key<T>(line: &Line<'a>, column: &str, known: &BTreeMap<&'a str, T>) -> Result<&'a str, Fault> {
        let key = line.key(column)?;
        if known.contains_key(key) {
            return Err(Fault::new(column, "is the key of a row before it; keys are unique in a file"));
        }
        Ok(key)
    }

    fn organization(&mut self, line: Line<'a>) {
        let key = match Self::new_key(&line, "OrganizationID", &self.orgs) {
            Ok(key) => key,
            Err(fault) => return self.reject(&line, fault),
        };
        let fate = match line.code("VictimServiceProvider", &[0, 1]) {
            Ok(1) => {
                self.refuse(&line);
                let reason = "is 1: a victim service provider runs an instance of its own, and nothing of it is read here";
                self.reject(&line, Fault::new("VictimServiceProvider", reason));
                Fate::Refused
            }
            Ok(_) if line.is_deleted() => Fate::Deleted(line),
            Ok(_) if line.text("OrganizationName").is_empty() => {
                self.reject(&line, Fault::new("OrganizationName", "is empty"));
                Fate::Rejected
            }
            Ok(_) => Fate::Good(line),
            Err(fault) => {
                self.reject(&line, fault);
                Fate::Rejected
            }
        };
        self.orgs.insert(key, fate);
    }

    fn project(&mut self, line: Line<'a>) {
        let key = match Self::new_key(&line, "ProjectID", &self.projects) {
            Ok(key) => key,
            Err(fault) => return self.reject(&line, fault),
        };
        let fate = match self.project_fate(line) {
            Ok(fate) => fate,
            Err(fault) => {
                self.reject(&line, fault);
                Fate::Rejected
            }
        };
        self.projects.insert(key, fate);
    }

    fn project_fate(&mut self, line: Line<'a>) -> Result<Fate<Project<'a>>, Fault> {
        let org = line.key("OrganizationID")?;
        let deleted = match self.orgs.get(org) {
            None => return Err(Fault::new("OrganizationID", "names no organization of this export")),
            Some(Fate::Rejected) => {
                return Err(Fault::new("OrganizationID", "names an organization that was rejected"));
            }
            Some(Fate::Refused) => {
                self.refuse(&line);
                return Ok(Fate::Refused);
            }
            Some(Fate::Deleted(_)) if !line.is_deleted() => {
                return Err(Fault::new("OrganizationID", "names an organization that is deleted"));
            }
            Some(Fate::Deleted(_) | Fate::Good(_)) => line.is_deleted(),
        };
        let code = line.optional_number("ProjectType")?.unwrap_or(u32::MAX);
        let (work, practice) = codes::project(code)
            .ok_or_else(|| Fault::new("ProjectType", "is no type of FY2024 or FY2026: 0 to 4 or 6 to 14"))?;
        if line.text("ProjectName").is_empty() {
            return Err(Fault::new("ProjectName", "is empty"));
        }
        let from = line.optional_day("OperatingStartDate")?;
        let until = line.optional_day("OperatingEndDate")?;
        if from.zip(until).is_some_and(|(from, until)| until < from) {
            return Err(Fault::new("OperatingEndDate", "is before OperatingStartDate"));
        }
        let project = Project { line, org, work, practice, code };
        Ok(if deleted { Fate::Deleted(project) } else { Fate::Good(project) })
    }

    fn client(&mut self, line: Line<'a>) {
        match Self::new_key(&line, "PersonalID", &self.people) {
            Ok(key) => {
                let fate = match client::read(&line, self.end) {
                    _ if line.is_deleted() => Fate::Deleted(line),
                    Ok(_) => Fate::Good(line),
                    Err(fault) => {
                        self.reject(&line, fault);
                        Fate::Rejected
                    }
                };
                self.people.insert(key, fate);
            }
            Err(fault) => self.reject(&line, fault),
        }
    }

    fn enrollment(&mut self, line: Line<'a>) {
        let key = match Self::new_key(&line, "EnrollmentID", &self.stays) {
            Ok(key) => key,
            Err(fault) => return self.reject(&line, fault),
        };
        let fate = match self.stay(key, line) {
            Ok(fate) => fate,
            Err(fault) => {
                self.reject(&line, fault);
                Fate::Rejected
            }
        };
        self.stays.insert(key, fate);
    }

    fn stay(&mut self, key: &'a str, line: Line<'a>) -> Result<Fate<Stay<'a>>, Fault> {
        let deleted = line.is_deleted();
        let project_key = line.key("ProjectID")?;
        let project = match self.projects.get(project_key) {
            None => return Err(Fault::new("ProjectID", "names no project of this export")),
            Some(Fate::Rejected) => return Err(Fault::new("ProjectID", "names a project that was rejected")),
            Some(Fate::Refused) => {
                self.refuse(&line);
                return Ok(Fate::Refused);
            }
            Some(Fate::Deleted(_)) if !deleted => {
                return Err(Fault::new("ProjectID", "names a project that is deleted"));
            }
            Some(Fate::Deleted(project) | Fate::Good(project)) => *project,
        };
        let person = line.key("PersonalID")?;
        match self.people.get(person) {
            None => return Err(Fault::new("PersonalID", "names no client of this export")),
            Some(Fate::Deleted(_)) if !deleted => {
                return Err(Fault::new("PersonalID", "names a client that is deleted"));
            }
            Some(Fate::Rejected) => return Err(Fault::new("PersonalID", "names a client that was rejected")),
            Some(Fate::Good(_) | Fate::Deleted(_) | Fate::Refused) => {}
        }
        let household = line.text("HouseholdID");
        if household.chars().count() > 200 {
            return Err(Fault::new("HouseholdID", "is longer than 200 characters"));
        }
        let relationship = match line.optional_code("RelationshipToHoH", &[1, 2, 3, 4, 5, 99])? {
            Some(1) => Relationship::Self_,
            Some(2) => Relationship::Child,
            Some(3) => Relationship::SpouseOrPartner,
            Some(4) => Relationship::OtherRelative,
            Some(5) => Relationship::Unrelated,
            Some(_) | None => Relationship::Unspecified,
        };
        let own_move_in = line.optional_day("MoveInDate")?;
        let stay = Stay {
            line,
            key,
            person,
            project,
            project_key,
            entry: line.day("EntryDate")?,
            exit: None,
            household,
            relationship,
            own_move_in,
            move_in: own_move_in,
        };
        Ok(if deleted { Fate::Deleted(stay) } else { Fate::Good(stay) })
    }

    /// The enrolment that a row belongs to, where the row is to be read at all. Tells what is wrong with it where it is not.
    pub fn stay_of(&mut self, line: &Line<'a>) -> Option<Stay<'a>> {
        let gone = |reason: &str| Err(Fault::new("EnrollmentID", reason));
        let found = match line.key("EnrollmentID").map(|key| self.stays.get(key)) {
            Err(fault) => Err(fault),
            Ok(None) => gone("names no enrollment of this export"),
            Ok(Some(Fate::Rejected)) => gone("names an enrollment that was rejected"),
            Ok(Some(Fate::Refused)) => {
                self.refuse(line);
                return None;
            }
            Ok(Some(Fate::Deleted(_))) if !line.is_deleted() => gone("names an enrollment that is deleted"),
            Ok(Some(Fate::Good(stay) | Fate::Deleted(stay))) => match line.text("PersonalID") {
                person if person == stay.person => Ok(stay.clone()),
                _ => Err(Fault::new("PersonalID", "is not the person of the enrollment")),
            },
        };
        match found {
            Ok(stay) => Some(stay),
            Err(fault) => {
                self.reject(line, fault);
                None
            }
        }
    }

    fn exit(&mut self, line: Line<'a>) {
        let Some(stay) = self.stay_of(&line) else { return };
        // A deleted exit is none: the stay is told without it.
        if line.is_deleted() {
            return;
        }
        let read = || {
            if stay.exit.is_some() {
                return Err(Fault::new("EnrollmentID", "has an exit on a line before"));
            }
            let on = line.day("ExitDate")?;
            if on < stay.entry {
                return Err(Fault::new("ExitDate", "is before the entry"));
            }
            let place = codes::place(&line, "Destination", "DestinationSubsidyType")?;
            let mut place = place
                .ok_or_else(|| Fault::new("Destination", "is empty; 99 says that it was not collected"))?;
            let words = line.text("OtherDestination");
            if words.chars().count() > 500 {
                return Err(Fault::new("OtherDestination", "is longer than 500 characters"));
            }
            place.other = words.to_owned();
            Ok((on, place))
        };
        match read() {
            Ok((on, place)) => {
                if let Some(Fate::Good(stay)) = self.stays.get_mut(stay.key) {
                    stay.exit = Some((on, place, line));
                }
            }
            Err(fault) => self.reject(&line, fault),
        }
    }

    /// A member of a household without a move-in of its own takes the head's, not before its own entry (HMIS 3.20).
    fn share_move_ins(&mut self) {
        let mut heads: HashMap<(&str, &str), Vec<Date>> = HashMap::new();
        for stay in self.stays.values().filter_map(Fate::good) {
            let heads_it = stay.relationship == Relationship::Self_ && !stay.household.is_empty();
            if let Some(day) = stay.own_move_in.filter(|day| heads_it && stay.holds(*day)) {
                heads.entry((stay.project_key, stay.household)).or_default().push(day);
            }
        }
        for fate in self.stays.values_mut() {
            let Fate::Good(stay) = fate else { continue };
            if stay.move_in.is_some() || !stay.project.work.knows_move_in() {
                continue;
            }
            let days = heads.get(&(stay.project_key, stay.household)).into_iter().flatten();
            let day = days.map(|day| stay.entry.max(*day)).filter(|day| stay.holds(*day)).min();
            stay.move_in = day;
        }
    }
}
