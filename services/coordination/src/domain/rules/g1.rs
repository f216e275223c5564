//! G1, a gap: a referral is unacknowledged past its clock (3 working days of the target, counted by referrals).
//! Invariant: a clock that rests, or never ran because the referral was recorded from elsewhere, raises nothing.

use kernel::Timestamp;

use crate::domain::rule::Sighting;
use crate::domain::{Facts, Kind, Parameters, Rule, Verdict};

/// The rule.
pub const RULE: Rule = Rule {
    code: "G1",
    version: 1,
    kind: Kind::Gap,
    summary: "a referral is unacknowledged past its clock",
    judge,
};

fn judge(facts: &Facts, _: &Parameters, now: Timestamp) -> Verdict {
    let mut verdict = Verdict::default();
    for referral in facts.referrals() {
        let Some(due) = referral.acknowledge_by else { continue };
        if due > now {
            verdict.again(due);
            continue;
        }
        verdict.see(Sighting {
            inputs: vec![referral.input.clone()],
            from: Some(due),
            until: None,
            line: "A referral is not acknowledged in time".to_owned(),
            also_concerns: referral.target.into_iter().collect(),
        });
    }
    verdict
}
