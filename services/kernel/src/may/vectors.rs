//! Walks every row of the vectors that agencies run against.
//! Invariant: a row that cannot be read fails, and so does a directive that no row speaks of.

mod emergencies;

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::{Actor, Recipients, Scope, WorkerId};

const DIRECTIVES: &str = include_str!("../../vectors/directives.csv");
const DECISIONS: &str = include_str!("../../vectors/decisions.csv");

/// A row, by its column names.
struct Row<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Row<'a> {
    fn get(&self, column: &str) -> &'a str {
        self.0.get(column).copied().unwrap_or_else(|| panic!("there is no column {column}"))
    }
    fn list(&self, column: &str) -> impl Iterator<Item = &'a str> {
        self.get(column).split_whitespace()
    }
}

fn rows(table: &str) -> impl Iterator<Item = Row<'_>> {
    let mut lines = table.lines();
    let names: Vec<&str> = lines.next().expect("names of columns").split(',').collect();
    lines.map(move |line| {
        let values: Vec<&str> = line.split(',').collect();
        assert_eq!(values.len(), names.len(), "{line}");
        Row(names.iter().copied().zip(values).collect())
    })
}

fn agency(name: &str) -> AgencyId {
    let known = ["clinic", "shelter", "works", "homes", "recovery"];
    let number = known.iter().position(|known| *known == name);
    AgencyId::of(1 + number.unwrap_or_else(|| panic!("no agency is called {name}")) as u128)
}

fn person(name: &str) -> PersonId {
    let number = ["ana", "ana-too", "ben"].iter().position(|known| *known == name);
    PersonId::of(10 + number.unwrap_or_else(|| panic!("nobody is called {name}")) as u128)
}

fn purpose(name: &str) -> Purpose {
    match name {
        "referral" => Purpose::Referral,
        "coordination" => Purpose::Coordination,
        "treatment" => Purpose::Treatment,
        other => panic!("no purpose is called {other}"),
    }
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|_| panic!("{text} is no instant"))
}

/// The directives by their names, in the order of the table.
fn directives() -> Vec<(&'static str, Directive)> {
    let directive = |(number, row): (u128, Row<'static>)| {
        let standing = match row.get("standing") {
            "draft" => Standing::Draft,
            "active" => Standing::Active,
            "revoked" => Standing::Revoked,
            "expired" => Standing::Expired,
            "superseded" => Standing::Superseded,
            "entered-in-error" => Standing::EnteredInError,
            other => panic!("no standing is called {other}"),
        };
        let recipients = match row.get("recipients") {
            "treating" => Recipients::Treating,
            _ => Recipients::Named(row.list("recipients").map(agency).collect()),
        };
        let scope = Scope {
            discloser: row.list("discloser").next().map(agency),
            recipients,
            purposes: row.list("purposes").map(purpose).collect(),
            categories: row.list("categories").map(str::to_owned).collect(),
            labels: row.list("labels").map(str::to_owned).collect(),
            from: row.list("from").next().map(instant),
            until: row.list("until").next().map(instant),
        };
        (row.get("id"), Directive { id: DirectiveId::of(100 + number), standing, scope })
    };
    (0..).zip(rows(DIRECTIVES)).map(directive).collect()
}

fn viewer(text: &str) -> Caller {
    let mut words = text.split_whitespace();
    let (role, of) = (words.next().expect("a role"), words.next());
    let role = Role::named(role).unwrap_or_else(|| panic!("no role is called {role}"));
    let actor = match role {
        Role::Person => Actor::Person(person(of.expect("a person"))),
        Role::Service => Actor::Service("timeline".to_owned()),
        Role::Worker | Role::Recorder | Role::Operator | Role::Auditor => Actor::Worker(WorkerId::of(5)),
    };
    let agency = of.filter(|_| role != Role::Person).map(agency);
    Caller { actor, role, agency, on_behalf_of: None }
}

fn class(text: &str) -> Class {
    let part = |text: &str| {
        let mut fields = text.splitn(3, '/');
        let mut field = || fields.next().unwrap_or_else(|| panic!("{text} is no part of a class"));
        let (agency, category) = (agency(field()), field().to_owned());
        let labels: Vec<String> =
            field().split(';').filter(|label| !label.is_empty()).map(str::to_owned).collect();
        Part { agency, category, label: Part::joined(&labels) }
    };
    Class::new(text.split('+').filter(|part| !part.is_empty()).map(part))
}

#[test]
fn every_row_is_decided_as_it_says() {
    let known = directives();
    let directive = |name: &str| {
        let found = known.iter().find(|(known, _)| *known == name);
        found.unwrap_or_else(|| panic!("no directive is called {name}")).1.clone()
    };
    let (mut spoken_of, mut wrong) = (BTreeSet::new(), vec![]);
    for row in rows(DECISIONS) {
        spoken_of.extend(row.list("directives"));
        let say = Say {
            records: ["ana"].into_iter().chain(row.list("linked")).map(person).collect(),
            serving: Arc::new(row.list("serving").map(agency).collect()),
            directives: row.list("directives").map(directive).collect(),
            programmes: Arc::new(row.list("programmes").map(agency).collect()),
            restricted: match row.get("mark") {
                "" => false,
                "restricted" => true,
                other => panic!("there is no mark {other}"),
            },
            unknown: match row.get("say") {
                "known" => false,
                "unknown" => true,
                other => panic!("a say is known or unknown, and not {other}"),
            },
            ..Say::default()
        };
        let expected = match row.get("decision") {
            "own" => Ok(Why::Own),
            "same-agency" => Ok(Why::SameAgency),
            "consent" => Ok(Why::Consent(row.list("by").map(|name| directive(name).id).collect())),
            "oversight" => Ok(Why::Oversight),
            "service" => Ok(Why::Service),
            "not-yours" => Err(WhyNot::NotYours),
            "no-directive" => Err(WhyNot::NoDirective),
            "say-unknown" => Err(WhyNot::SayUnknown),
            "restricted" => Err(WhyNot::Restricted),
            other => panic!("no decision is called {other}"),
        };
        let (viewer, class) = (viewer(row.get("viewer")), class(row.get("class")));
        let (purpose, at) = (purpose(row.get("purpose")), instant(row.get("at")));
        let mut decided = vec![see(&viewer, &say, &class, purpose, at)];
        if let (Role::Worker | Role::Recorder, Some(agency)) = (viewer.role, viewer.agency) {
            decided.push(receive(agency, &say, &class, purpose, at));
        }
        let differ = |decision: &Result<Why, WhyNot>| *decision != expected;
        wrong.extend(decided.into_iter().filter(differ).map(|decision| (row.get("case"), decision)));
    }
    assert_eq!(wrong, [], "these cases are decided otherwise");
    let named: BTreeSet<&str> = known.iter().map(|(name, _)| *name).collect();
    assert_eq!(spoken_of, named, "each directive is spoken of by a row, and no other");
}

#[test]
fn every_decision_and_every_standing_has_a_row() {
    let decisions: BTreeSet<&str> = rows(DECISIONS).map(|row| row.get("decision")).collect();
    assert_eq!(decisions.len(), 9, "{decisions:?}");
    let standings: BTreeSet<&str> = rows(DIRECTIVES).map(|row| row.get("standing")).collect();
    assert_eq!(standings.len(), 6, "{standings:?}");
    for row in rows(DECISIONS) {
        assert_eq!(row.get("decision") == "consent", row.list("by").next().is_some(), "{}", row.get("case"));
    }
}
