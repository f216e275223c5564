//! A rule looks at everything known of a subject at one instant and says what it finds and when to look again.
//! Invariant: the verdict is a function of the facts as a set, the parameters and the instant; a fact without a time in it can change it only by changing.

use kernel::Timestamp;

use super::rules::{c1, c2, c3, g1, s1};
use super::{Facts, Found, Input, Kind, Parameters};

/// A rule of domain.md section 8, by the code it has there.
pub struct Rule {
    /// Its code.
    pub code: &'static str,
    /// Raised whenever the same facts could give another finding.
    pub version: u32,
    /// Sort of finding it makes.
    pub kind: Kind,
    /// What it looks for, in one sentence.
    pub summary: &'static str,
    /// Looks.
    pub judge: fn(&Facts, &Parameters, Timestamp) -> Verdict,
}

/// Every rule, in the order in which they are judged.
pub const RULES: [&Rule; 5] = [&c1::RULE, &c2::RULE, &c3::RULE, &s1::RULE, &g1::RULE];

/// What one rule says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What it finds now.
    pub sightings: Vec<Sighting>,
    /// The next instant at which it may say something else although no fact changes; none where only facts change it.
    pub look_again: Option<Timestamp>,
}

/// What a rule found, before the rule's own name is put to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// What it rests on.
    pub inputs: Vec<Input>,
    /// It holds from this instant.
    pub from: Option<Timestamp>,
    /// And until this one.
    pub until: Option<Timestamp>,
    /// One plain line.
    pub line: String,
    /// Agencies it concerns beside those that wrote the inputs.
    pub also_concerns: Vec<kernel::AgencyId>,
}

impl Verdict {
    /// Adds what was found.
    pub fn see(&mut self, sighting: Sighting) {
        self.sightings.push(sighting);
    }
    /// Wants to look again at this instant; the earliest wish counts.
    pub fn again(&mut self, at: Timestamp) {
        self.look_again = Some(self.look_again.map_or(at, |known| known.min(at)));
    }
}

/// What all rules say.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// What they find, sorted by key.
    pub found: Vec<Found>,
    /// The next instant at which any of them may say something else although no fact changes. Always after `now`.
    pub look_again: Option<Timestamp>,
}

/// Asks every rule.
pub fn judge(facts: &Facts, parameters: &Parameters, now: Timestamp) -> Judgement {
    let mut judgement = Judgement::default();
    for rule in RULES {
        let verdict = (rule.judge)(facts, parameters, now);
        judgement.found.extend(verdict.sightings.into_iter().map(|sighting| named(rule, sighting)));
        let later = verdict.look_again.filter(|at| *at > now);
        judgement.look_again = [judgement.look_again, later].into_iter().flatten().min();
    }
    judgement.found.sort_by_cached_key(Found::key);
    judgement.found.dedup_by_key(|found| found.key());
    judgement
}

fn named(rule: &Rule, sighting: Sighting) -> Found {
    let Sighting { mut inputs, from, until, line, also_concerns } = sighting;
    inputs.sort();
    let concerned = inputs.iter().map(|input| input.agency).chain(also_concerns).collect();
    Found {
        rule: rule.code.to_owned(),
        version: rule.version,
        kind: rule.kind,
        inputs,
        from,
        until,
        line,
        concerned,
    }
}
