//! C1, a clash: two timed commitments (appointments, interviews, viewings, intake) overlap, with 30 minutes to travel
//! between places and none by phone or video.
//! Invariant: a clash that is over raises nothing and clears what was raised.

use kernel::{SignedDuration, Timestamp};

use super::{called, known, sentence};
use crate::domain::facts::pairs;
use crate::domain::rule::Sighting;
use crate::domain::{Commitment, Facts, Kind, Parameters, Place, Rule, Verdict};

/// The rule.
pub const RULE: Rule = Rule {
    code: "C1",
    version: 1,
    kind: Kind::Clash,
    summary: "two timed commitments overlap, the way between places included",
    judge,
};

fn judge(facts: &Facts, parameters: &Parameters, now: Timestamp) -> Verdict {
    let mut verdict = Verdict::default();
    for (one, other) in pairs(facts.commitments()).filter(|(one, other)| known(one) && known(other)) {
        let (first, second) = if one.start <= other.start { (one, other) } else { (other, one) };
        let travel = travel(first, second, parameters);
        if second.start.duration_since(first.end) >= travel {
            continue;
        }
        // From where they meet to where one of them is over; or the way between them that is too short.
        let from = second.start.min(first.end);
        let until = second.start.max(first.end.min(second.end));
        if until <= now {
            continue;
        }
        verdict.again(until);
        verdict.see(Sighting {
            inputs: vec![one.input.clone(), other.input.clone()],
            from: Some(from),
            until: Some(until),
            line: line(first, second),
            also_concerns: vec![],
        });
    }
    verdict
}

fn travel(first: &Commitment, second: &Commitment, parameters: &Parameters) -> SignedDuration {
    let there = match (first.place, second.place) {
        (Place::Remote, _) | (_, Place::Remote) => true,
        // Two places told only as "elsewhere" may be two places.
        (Place::Elsewhere, _) | (_, Place::Elsewhere) => false,
        (Place::Home | Place::Agency(_), Place::Home | Place::Agency(_)) => first.place == second.place,
    };
    if there { SignedDuration::ZERO } else { parameters.travel(&[&first.input, &second.input]) }
}

fn line(first: &Commitment, second: &Commitment) -> String {
    let (one, other) = (called(first), called(second));
    sentence(if second.start < first.end {
        format!("{one} and {other} overlap")
    } else {
        format!("{one} leaves too little time to get to {other}")
    })
}
