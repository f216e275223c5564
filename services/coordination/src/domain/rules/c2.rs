//! C2, a clash: a timed commitment falls into a job shift, 8 weeks ahead.
//! Invariant: a job's shifts are read in the job's own zone; a commitment farther ahead than that is left for later.

use kernel::Timestamp;

use super::{called, known, sentence};
use crate::domain::rule::Sighting;
use crate::domain::{Commitment, Facts, Job, Kind, Parameters, Rule, Verdict};

/// The rule.
pub const RULE: Rule = Rule {
    code: "C2",
    version: 1,
    kind: Kind::Clash,
    summary: "a timed commitment falls into a job shift",
    judge,
};

fn judge(facts: &Facts, parameters: &Parameters, now: Timestamp) -> Verdict {
    let mut verdict = Verdict::default();
    for commitment in facts.commitments().iter().filter(|commitment| known(commitment)) {
        for job in facts.jobs() {
            look(commitment, job, parameters, now, &mut verdict);
        }
    }
    verdict
}

fn look(commitment: &Commitment, job: &Job, parameters: &Parameters, now: Timestamp, verdict: &mut Verdict) {
    let ahead = parameters.shifts_ahead(&[&commitment.input, &job.input]);
    let in_shift = job
        .shifts
        .occurrences(commitment.start..commitment.end)
        .filter(|shift| job.known_until.is_none_or(|until| shift.start < until))
        .find(|shift| shift.end.min(commitment.end) > now);
    let Some(shift) = in_shift else { return };
    let seen_from = commitment.start.checked_sub(ahead).unwrap_or(Timestamp::MIN);
    if seen_from > now {
        verdict.again(seen_from);
        return;
    }
    let until = shift.end.min(commitment.end);
    verdict.again(until);
    let mut of_shift = job.input.clone();
    of_shift.entry = shift.day.to_string();
    verdict.see(Sighting {
        inputs: vec![commitment.input.clone(), of_shift],
        from: Some(shift.start.max(commitment.start)),
        until: Some(until),
        line: sentence(format!("{} falls into a job shift", called(commitment))),
        also_concerns: vec![],
    });
}
