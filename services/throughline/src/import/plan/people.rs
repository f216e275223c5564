//! Clients: one person each, registered for the agency of the first enrolment and served by every agency with one.
//! Invariant: a Social Security number is told at quality 1 alone, to match with and never to name anybody by.

use std::collections::BTreeSet;

use proto::registry::{DataQuality, IdentifierUse, PersonIdentifier, RecordPersonRequest};

use super::{Planner, Told};
use crate::import::client::{self, Client};
use crate::import::step::{About, Ask, Named, Stage, Step, Withdrawn};
use crate::import::table::{Fault, Line};
use crate::import::world::{Fate, Stay};

/// FHIR's name for the system of Social Security numbers.
const SSN: &str = "http://hl7.org/fhir/sid/us-ssn";

impl<'a> Planner<'a> {
    pub(super) fn people(&mut self) {
        for (key, fate) in self.world.people.clone() {
            match fate {
                Fate::Good(line) | Fate::Deleted(line) => self.person(key, line),
                Fate::Refused | Fate::Rejected => {}
            }
        }
    }

    fn person(&mut self, key: &'a str, line: Line<'a>) {
        // Where nothing stands any more, what stood still says whose the person was.
        let of = |stay: &&Stay<'a>| stay.person == key;
        let first = |stay: &&Stay<'a>| (stay.entry, stay.key);
        let stays = &self.world.stays;
        let standing: Vec<&Stay<'a>> = stays.values().filter_map(Fate::good).filter(of).collect();
        let told = stays.values().filter_map(Fate::told).filter(of).min_by_key(first);
        let Some(home) = standing.iter().copied().min_by_key(first).or(told) else {
            return self.nobodys(key, line);
        };
        let home = home.project.org;
        let others: BTreeSet<&str> = standing.iter().map(|stay| stay.project.org).collect();
        let serving = others.into_iter().filter(|org| *org != home).map(str::to_owned).collect();
        let needs_interpreter = self.interpreter(&standing);
        let lines = [line];
        let named = Told { table: "Client", key: key.to_owned(), lines: &lines, open: false };
        if line.is_deleted() {
            return self.withdraw(Withdrawn::Person, home, &named);
        }
        let read = client::read(&line, self.export.end);
        let Some(Client { mut details, number, unusable }) = self.read(&line, read) else { return };
        details.interpreter_needed = needs_interpreter;
        if unusable {
            self.note("Social Security numbers of quality 1 that were never issued, left out");
        }
        let (source, request_id) = self.source(&named);
        let mut identifiers = vec![PersonIdentifier {
            system: self.export.system.clone(),
            value: key.to_owned(),
            shared_by_source: self.export.system.clone(),
            r#use: IdentifierUse::RecordNumber.into(),
            quality: DataQuality::Full.into(),
        }];
        identifiers.extend(number.map(|value| PersonIdentifier {
            system: SSN.to_owned(),
            value,
            shared_by_source: self.export.system.clone(),
            r#use: IdentifierUse::Matching.into(),
            quality: DataQuality::Full.into(),
        }));
        let ask = RecordPersonRequest {
            request_id,
            source: Some(source),
            details: Some(details),
            identifiers,
            serving_agency_ids: vec![],
        };
        let step = self.step(Stage::People, Some(home), &lines, Ask::Person(Box::new(ask)));
        let about = About { serving, ..About::default() };
        let gives = Some(Named::Person(key.to_owned()));
        self.steps.push(Step { about, gives, counts: vec!["people"], ..step });
    }

    /// A client of whom no enrolment stands: a victim service provider's alone, or nobody's.
    fn nobodys(&mut self, key: &str, line: Line<'a>) {
        let table = self.export.table("Enrollment.csv");
        let refused = |line: &Line<'_>| {
            let fate = self.world.stays.get(line.text("EnrollmentID"));
            line.text("PersonalID") == key && matches!(fate, Some(Fate::Refused))
        };
        if table.lines().any(|line| refused(&line)) {
            *self.world.refused.entry(line.table.file.clone()).or_default() += 1;
        } else if !line.is_deleted() {
            let reason = "has no enrollment that stands, so no agency speaks for the person";
            self.world.reject(&line, Fault::new("PersonalID", reason));
        }
    }

    /// Whether the last enrolment that says so needs an interpreter (FY2024, C4; FY2026 does not ask).
    fn interpreter(&self, stays: &[&Stay<'a>]) -> bool {
        let asked = stays.iter().filter(|stay| matches!(stay.line.text("TranslationNeeded"), "0" | "1"));
        let last = asked.max_by_key(|stay| (stay.entry, stay.key));
        last.is_some_and(|stay| stay.line.text("TranslationNeeded") == "1")
    }
}
