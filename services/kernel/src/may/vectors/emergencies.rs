//! The rows of what a medical emergency opens.
//! Invariant: where an emergency decides, the agency by itself is given nothing: nobody is sent anything by one.

use super::*;
use crate::EmergencyId;

const EMERGENCIES: &str = include_str!("../../../vectors/emergencies.csv");
const DECISIONS: &str = include_str!("../../../vectors/in-emergency.csv");

fn worker(name: &str) -> WorkerId {
    let number = ["doctor", "nurse"].iter().position(|known| *known == name);
    WorkerId::of(5 + number.unwrap_or_else(|| panic!("no worker is called {name}")) as u128)
}

/// The emergencies by their names, in the order of the table.
fn emergencies() -> Vec<(&'static str, Emergency)> {
    let emergency = |(number, row): (u128, Row<'static>)| {
        let emergency = Emergency {
            id: EmergencyId::of(200 + number),
            worker: worker(row.get("worker")),
            agency: agency(row.get("agency")),
            disclosers: row.list("disclosers").map(agency).collect(),
            from: instant(row.get("from")),
            until: instant(row.get("until")),
        };
        (row.get("id"), emergency)
    };
    (0..).zip(rows(EMERGENCIES)).map(emergency).collect()
}

#[test]
fn every_row_of_an_emergency_is_decided_as_it_says() {
    let (said, declared) = (directives(), emergencies());
    let directive = |name: &str| {
        let found = said.iter().find(|(known, _)| *known == name);
        found.unwrap_or_else(|| panic!("no directive is called {name}")).1.clone()
    };
    let emergency = |name: &str| {
        let found = declared.iter().find(|(known, _)| *known == name);
        found.unwrap_or_else(|| panic!("no emergency is called {name}")).1.clone()
    };
    let (mut spoken_of, mut wrong) = (BTreeSet::new(), vec![]);
    for row in rows(DECISIONS) {
        spoken_of.extend(row.list("emergencies"));
        let say = Say {
            records: ["ana"].into_iter().chain(row.list("linked")).map(person).collect(),
            directives: row.list("directives").map(directive).collect(),
            emergencies: row.list("emergencies").map(emergency).collect(),
            programmes: Arc::new(row.list("programmes").map(agency).collect()),
            restricted: match row.get("mark") {
                "" => false,
                "restricted" => true,
                other => panic!("there is no mark {other}"),
            },
            unknown: row.get("say") == "unknown",
            ..Say::default()
        };
        let expected = match row.get("decision") {
            "emergency" => Ok(Why::Emergency(emergency(row.get("by")).id)),
            "consent" => Ok(Why::Consent(row.list("by").map(|name| directive(name).id).collect())),
            "same-agency" => Ok(Why::SameAgency),
            "not-yours" => Err(WhyNot::NotYours),
            "no-directive" => Err(WhyNot::NoDirective),
            "say-unknown" => Err(WhyNot::SayUnknown),
            "restricted" => Err(WhyNot::Restricted),
            other => panic!("no decision of an emergency is called {other}"),
        };
        let mut viewer = viewer(row.get("viewer"));
        if viewer.role != Role::Person {
            viewer.actor = Actor::Worker(worker(row.get("worker")));
        }
        let (class, purpose, at) =
            (class(row.get("class")), purpose(row.get("purpose")), instant(row.get("at")));
        let decided = see(&viewer, &say, &class, purpose, at);
        if decided != expected {
            wrong.push((row.get("case"), decided));
        }
        if let (Ok(Why::Emergency(_)), Some(agency)) = (&expected, viewer.agency) {
            assert_eq!(
                receive(agency, &say, &class, purpose, at),
                Err(WhyNot::NoDirective),
                "{}",
                row.get("case")
            );
        }
    }
    assert_eq!(wrong, [], "these cases are decided otherwise");
    let named: BTreeSet<&str> = declared.iter().map(|(name, _)| *name).collect();
    assert_eq!(spoken_of, named, "each emergency is spoken of by a row, and no other");
}
