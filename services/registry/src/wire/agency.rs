//! Agencies on the wire.
//! Invariant: nothing here concerns a person served, so nothing is sealed.

use std::collections::BTreeSet;

use kernel::{AgencyId, Day, PersonId};
use platform::command::{Encoding, Ink, Payload, Unreadable};
use platform::error::BadField;
use platform::wire::{self, weekday};
use prost::Name;
use proto::registry as pb;
use proto::registry::registry_event::Kind;
use tonic::Status;

use super::codes::minor_consent;
use super::{identifiers, identifiers_out, kind_of, not_of, stored_id, wrap};
use crate::domain::agency::{Agency, Content, Event, ReferralClocks, State};

/// Most holidays of an agency.
const MAX_HOLIDAYS: usize = 400;

/// What an agency says of itself.
pub fn agency_content(given: Option<&pb::AgencyContent>) -> Result<Content, BadField> {
    let given = wire::required("content", given)?;
    Ok(Content {
        name: wire::text("content.name", &given.name, 200)?,
        zone: wire::zone("content.zone", &given.zone)?,
        part2: given.part2,
        identifiers: identifiers(&given.identifiers)?,
        holidays: holidays(&given.holidays)?,
        plan_review_days: review_days(given.plan_review_days)?,
        plan_overseer: match given.plan_overseer_role {
            0 => 0,
            role => wire::choice::<pb::WorkerRole>("content.plan_overseer_role", role)?.into(),
        },
        minor_age: minor_age(given.minor_age)?,
        minor_signs: match given.minor_consent {
            0 => None,
            number => Some(minor_consent::parse("content.minor_consent", number)?),
        },
        emergency_hours: emergency_hours(given.emergency_hours)?,
        referral_clocks: referral_clocks(given.referral_clocks.unwrap_or_default())?,
        weekend: weekend(&given.weekend_days)?,
    })
}

/// Longest time for which a medical emergency opens records, in hours (our limit).
pub(super) const EMERGENCY_HOURS: u32 = 72;

fn emergency_hours(hours: u32) -> Result<u32, BadField> {
    if hours > EMERGENCY_HOURS {
        let why =
            format!("is more than {EMERGENCY_HOURS}; send 1 to {EMERGENCY_HOURS}, or 0 for the default");
        return Err(BadField::new("content.emergency_hours", why));
    }
    Ok(hours)
}

/// Longest time from one look at a plan to the next, in days (our limit).
const REVIEW_DAYS: u32 = 366;

fn review_days(days: u32) -> Result<u32, BadField> {
    if days > REVIEW_DAYS {
        let why = format!("is more than {REVIEW_DAYS}; send 1 to {REVIEW_DAYS}, or 0 for the default");
        return Err(BadField::new("content.plan_review_days", why));
    }
    Ok(days)
}

/// Highest age in years up to which anybody is a minor (our limit).
const MINOR_AGE: u32 = 21;

fn minor_age(years: u32) -> Result<u32, BadField> {
    if years > MINOR_AGE {
        let why = format!("is more than {MINOR_AGE}; send 1 to {MINOR_AGE}, or 0 for the default");
        return Err(BadField::new("content.minor_age", why));
    }
    Ok(years)
}

/// Longest time of a referral's clock, in working days and in days of the calendar (our limits).
const WORKING_DAYS: u32 = 60;
const CALENDAR_DAYS: u32 = 366;

fn referral_clocks(given: pb::ReferralClocks) -> Result<ReferralClocks, BadField> {
    let within = |field: &str, days: u32, most: u32| {
        let why = || format!("is more than {most}; send 1 to {most}, or 0 for the default");
        let named = || format!("content.referral_clocks.{field}");
        if days > most { Err(BadField::new(named(), why())) } else { Ok(()) }
    };
    within("acknowledge_days", given.acknowledge_days, WORKING_DAYS)?;
    within("answer_days", given.answer_days, WORKING_DAYS)?;
    within("start_days", given.start_days, WORKING_DAYS)?;
    within("review_days", given.review_days, CALENDAR_DAYS)?;
    within("expiry_days", given.expiry_days, CALENDAR_DAYS)?;
    Ok(clocks_in(given))
}

/// Days of the week on which an agency does not work, in their order and each once.
fn weekend(given: &[String]) -> Result<Vec<String>, BadField> {
    let unknown = given.iter().position(|day| weekday(day).is_none());
    if let Some(i) = unknown {
        let why = "is no day of the week; send MO, TU, WE, TH, FR, SA or SU";
        return Err(BadField::new(format!("content.weekend_days[{i}]"), why));
    }
    let days: BTreeSet<_> = given.iter().filter_map(|day| Some((weekday(day)?, day))).collect();
    if days.len() == 7 {
        return Err(BadField::new(
            "content.weekend_days",
            "leave no day on which it works; send at most six",
        ));
    }
    Ok(days.into_iter().map(|(_, day)| day.clone()).collect())
}

/// Days on which an agency does not work, in their order and each once.
fn holidays(given: &[proto::Date]) -> Result<Vec<Day>, BadField> {
    if given.len() > MAX_HOLIDAYS {
        return Err(BadField::new("content.holidays", format!("are more than {MAX_HOLIDAYS}")));
    }
    let each = |(i, date): (usize, &proto::Date)| wire::day(&format!("content.holidays[{i}]"), date);
    let days: BTreeSet<Day> = given.iter().enumerate().map(each).collect::<Result<_, _>>()?;
    Ok(days.into_iter().collect())
}

/// An agency as its readers see it.
pub fn agency(id: AgencyId, version: u64, state: &State) -> Option<pb::Agency> {
    match state {
        State::Unmade => None,
        State::Known { content, .. } => Some(pb::Agency {
            id: id.to_string(),
            etag: version.to_string(),
            content: Some(content_out(content)),
        }),
    }
}

fn content_out(content: &Content) -> pb::AgencyContent {
    pb::AgencyContent {
        name: content.name.clone(),
        zone: content.zone.name().to_owned(),
        part2: content.part2,
        identifiers: identifiers_out(&content.identifiers),
        holidays: content.holidays.iter().copied().map(wire::to_date).collect(),
        plan_review_days: content.plan_review_days,
        plan_overseer_role: content.plan_overseer,
        minor_age: content.minor_age,
        minor_consent: content.minor_signs.map_or(0, minor_consent::number),
        emergency_hours: content.emergency_hours,
        referral_clocks: clocks_out(content.referral_clocks),
        weekend_days: content.weekend.clone(),
    }
}

fn clocks_out(clocks: ReferralClocks) -> Option<pb::ReferralClocks> {
    let ReferralClocks { acknowledge_days, answer_days, start_days, review_days, expiry_days, expires } =
        clocks;
    let said = clocks != ReferralClocks::default();
    said.then_some(pb::ReferralClocks {
        acknowledge_days,
        answer_days,
        start_days,
        review_days,
        expiry_days,
        expires,
    })
}

fn clocks_in(given: pb::ReferralClocks) -> ReferralClocks {
    ReferralClocks {
        acknowledge_days: given.acknowledge_days,
        answer_days: given.answer_days,
        start_days: given.start_days,
        review_days: given.review_days,
        expiry_days: given.expiry_days,
        expires: given.expires,
    }
}

fn content_stored(content: Option<pb::AgencyContent>) -> Option<Content> {
    let content = content?;
    Some(Content {
        name: content.name,
        zone: kernel::Zone::stored(content.zone),
        part2: content.part2,
        identifiers: content.identifiers.into_iter().map(|each| (each.system, each.value)).collect(),
        holidays: content.holidays.iter().filter_map(wire::from_date).collect(),
        plan_review_days: content.plan_review_days,
        plan_overseer: content.plan_overseer_role,
        minor_age: content.minor_age,
        minor_signs: minor_consent::stored(content.minor_consent),
        emergency_hours: content.emergency_hours,
        referral_clocks: clocks_in(content.referral_clocks.unwrap_or_default()),
        weekend: content.weekend_days,
    })
}

impl Encoding for Agency {
    fn person(_: &State) -> Option<PersonId> {
        None
    }

    fn encode(event: &Event, after: &State, _: &Ink<'_>) -> Result<Payload, Status> {
        let agency_id = match after {
            State::Unmade => String::new(),
            State::Known { id, .. } => id.to_string(),
        };
        Ok(match event {
            Event::Registered { content, .. } => {
                let message = pb::AgencyRegistered { agency_id, content: Some(content_out(content)) };
                Payload::new(pb::AgencyRegistered::full_name(), &wrap(Kind::AgencyRegistered(message)))
            }
            Event::Changed(content) => {
                let message = pb::AgencyChanged { agency_id, content: Some(content_out(content)) };
                Payload::new(pb::AgencyChanged::full_name(), &wrap(Kind::AgencyChanged(message)))
            }
            Event::Recorded { content, correction, .. } => {
                let content = Some(content_out(content));
                let message = pb::AgencyRecorded { agency_id, content, correction: *correction };
                Payload::new(pb::AgencyRecorded::full_name(), &wrap(Kind::AgencyRecorded(message)))
            }
        })
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        let bad = || Unreadable::new(stored, "it has no content");
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        Ok(match kind_of(stored)? {
            Kind::AgencyRegistered(message) => Event::Registered {
                id: stored_id(stored, &message.agency_id)?,
                content: content_stored(message.content).ok_or_else(bad)?,
            },
            Kind::AgencyChanged(message) => Event::Changed(content_stored(message.content).ok_or_else(bad)?),
            Kind::AgencyRecorded(message) => Event::Recorded {
                id: stored_id(stored, &message.agency_id)?,
                content: content_stored(message.content).ok_or_else(bad)?,
                correction: message.correction,
            },
            _ => return Err(not_of::<Agency>(stored)),
        })
    }
}
