//! What fits, on the wire: what is looked for in, offers with their reasons out.
//! Invariant: what is looked for goes no further than this request.

use kernel::PersonId;
use platform::error::BadField;
use platform::wire;
use proto::referrals as pb;

use super::offer::says;
use crate::domain::matching::{Code, Fit, Wish};

platform::codes!(mod reason: crate::domain::matching::Code = proto::referrals::MatchReasonCode {
    Practice, LifeDomain, Goal, Preference, Mode, Hours, Language, LanguageMissing, Area, AreaOutside, CapacityHas,
    CapacityWaitlist, CapacityAssessment, CapacityNone, CapacityStale, CapacityUnknown, ConsentCovers, ConsentNotNeeded,
    ConsentNeeded, ConsentUnknown, Age, AgeOutside, Nearby, ConsentNeededPart2,
});

/// What is asked of the offers.
pub struct Asked {
    /// The person, where one is named.
    pub person: Option<PersonId>,
    /// What is looked for.
    pub wish: Wish,
}

/// What a request looks for.
pub fn asked(request: &pb::MatchOffersRequest) -> Result<Asked, BadField> {
    let domains = |field: &str, given: &[i32]| {
        let each = |(i, number): (usize, &i32)| domain(&format!("{field}[{i}]"), *number);
        given.iter().enumerate().map(each).collect::<Result<Vec<i32>, BadField>>()
    };
    let practice = wire::optional_text("practice", &request.practice, 100)?.unwrap_or_default();
    let life_domain = match request.life_domain {
        0 if practice.is_empty() => {
            return Err(BadField::new("life_domain", "is missing; say this or a practice"));
        }
        0 => None,
        number => Some(domain("life_domain", number)?),
    };
    if request.age.is_some_and(|age| age > 150) {
        return Err(BadField::new("age", "is over 150 years"));
    }
    Ok(Asked {
        person: wire::optional_id("person_id", &request.person_id)?,
        wish: Wish {
            practice,
            life_domain,
            goal: domains("goal_life_domains", &request.goal_life_domains)?,
            preferred: domains("preferred_life_domains", &request.preferred_life_domains)?,
            modes: says::modes(&request.modes)?,
            hours: says::hours(&request.hours)?,
            languages: says::languages(&request.languages, 10)?,
            place: says::place(request.place.as_ref())?,
            age: request.age,
        },
    })
}

fn domain(field: &str, number: i32) -> Result<i32, BadField> {
    wire::choice::<proto::types::LifeDomain>(field, number).map(Into::into)
}

/// An offer in its rank.
pub fn matched(offer: pb::ServiceOffer, fit: &Fit) -> pb::OfferMatch {
    let directive = |code: &Code| fit.directive.clone().filter(|_| *code == Code::ConsentCovers);
    let reason = |code: &Code| pb::MatchReason {
        code: reason::number(*code),
        points: code.points(),
        text: code.text().to_owned(),
        directive_id: directive(code).unwrap_or_default(),
    };
    pb::OfferMatch {
        offer: Some(offer),
        total: fit.total(),
        reasons: fit.reasons.iter().map(reason).collect(),
        excludes: fit.excludes(),
    }
}
