//! S1, a synergy: supported employment and CBT go on at once with a shared goal.
//! Invariant: it holds while both go on; a goal named by one alone raises nothing.

use kernel::Timestamp;

use crate::domain::rule::Sighting;
use crate::domain::{Facts, Kind, Parameters, Rule, Service, Verdict};

/// The rule.
pub const RULE: Rule = Rule {
    code: "S1",
    version: 1,
    kind: Kind::Synergy,
    summary: "supported employment and CBT go on at once with a shared goal",
    judge,
};

/// Practice codes of supported employment.
const EMPLOYMENT: [&str; 2] = ["ips", "supported-employment"];
/// Practice codes of CBT, alone or made for supported employment. CBT for insomnia is another practice.
const CBT: [&str; 2] = ["cbt", "cbt-supported-employment"];

fn judge(facts: &Facts, _: &Parameters, now: Timestamp) -> Verdict {
    let mut verdict = Verdict::default();
    let of = |codes: [&'static str; 2]| {
        facts.services().iter().filter(move |service| codes.contains(&service.practice.as_str()))
    };
    for work in of(EMPLOYMENT) {
        for therapy in of(CBT).filter(|therapy| !therapy.goals.is_disjoint(&work.goals)) {
            look(work, therapy, now, &mut verdict);
        }
    }
    verdict
}

fn look(work: &Service, therapy: &Service, now: Timestamp, verdict: &mut Verdict) {
    let from = work.from.max(therapy.from);
    let until = [work.goes_on_until(), therapy.goes_on_until()].into_iter().flatten().min();
    if until.is_some_and(|until| until <= now || until <= from) {
        return;
    }
    if from > now {
        verdict.again(from);
        return;
    }
    if let Some(until) = until {
        verdict.again(until);
    }
    let labelled = !(work.input.label.is_empty() && therapy.input.label.is_empty());
    let line = if labelled {
        "Two services share a goal and can strengthen each other"
    } else {
        "Supported employment and CBT share a goal and can strengthen each other"
    };
    verdict.see(Sighting {
        inputs: vec![work.input.clone(), therapy.input.clone()],
        from: Some(from),
        until,
        line: line.to_owned(),
        also_concerns: vec![],
    });
}
