//! C3, a clash: two lodgings of permanent type share a night.
//! Invariant: nights gone by raise nothing; an open lodging on record counts as far as its source knows.

use kernel::{Day, Timestamp};

use crate::domain::facts::pairs;
use crate::domain::rule::Sighting;
use crate::domain::{Facts, Kind, Lodging, Parameters, Rule, Verdict};

/// The rule.
pub const RULE: Rule = Rule {
    code: "C3",
    version: 1,
    kind: Kind::Clash,
    summary: "two lodgings of permanent type share a night",
    judge,
};

/// HMIS project types of permanent housing (FY2026, 2.02.6): 3, 9, 10 and 13.
const PERMANENT: [u32; 4] = [3, 9, 10, 13];

fn judge(facts: &Facts, _: &Parameters, now: Timestamp) -> Verdict {
    let mut verdict = Verdict::default();
    let both_permanent = |one: &Lodging, other: &Lodging| {
        PERMANENT.contains(&one.project_type) && PERMANENT.contains(&other.project_type)
    };
    for (one, other) in pairs(facts.lodgings()).filter(|(one, other)| both_permanent(one, other)) {
        let from = one.from.max(other.from);
        let until = [last(one), last(other)].into_iter().flatten().min();
        // Told in two zones, a night is the one's whose input comes first: the facts are sorted, so that is settled.
        let zone = &one.zone;
        let gone_by = until.is_some_and(|until| until <= zone.day_of(now));
        if gone_by || until.is_some_and(|until| until <= from) {
            continue;
        }
        let until = until.map(|until| zone.start_of(until));
        if let Some(until) = until {
            verdict.again(until);
        }
        verdict.see(Sighting {
            inputs: vec![one.input.clone(), other.input.clone()],
            from: Some(zone.start_of(from)),
            until,
            line: "Two permanent homes share a night".to_owned(),
            also_concerns: vec![],
        });
    }
    verdict
}

/// The day on which no night begins any more, as far as is known.
fn last(lodging: &Lodging) -> Option<Day> {
    lodging.until.or(lodging.known_until)
}
