//! What an offer says beyond its name, on the wire: eligibility, area, languages, hours, modes, and how much room there is.
//! Invariant: each has one mapping, used by requests, replies and events alike; what an event holds was checked when it was written.

use jiff::civil::{Time, Weekday};
use kernel::Timestamp;
use platform::command::Unreadable;
use platform::error::BadField;
use platform::wire::{self, to_instant};
use proto::referrals as pb;

use crate::domain::offer::{Area, Capacity, Eligibility, Hours, Place, Room};

/// Hours for which a report may be relied on where it does not say (our default).
const REFRESH_HOURS: u32 = 168;
/// The longest that a report may be relied on, in hours: a year.
const REFRESH_HOURS_MAX: u32 = 8_760;
/// Nobody is older, in years.
const AGE_MAX: u32 = 150;

platform::codes!(pub mod mode: crate::domain::offer::Mode = proto::referrals::OfferMode {
    InPerson, Phone, Video, Outreach,
});

/// At most so many of a list.
pub(super) fn few<T>(field: &str, given: &[T], most: usize) -> Result<(), BadField> {
    if given.len() > most {
        return Err(BadField::new(field, format!("are more than {most}")));
    }
    Ok(())
}

/// Each of a list, under its own name.
pub(super) fn each<T, U>(
    field: &str,
    given: &[T],
    parse: impl Fn(&str, &T) -> Result<U, BadField>,
) -> Result<Vec<U>, BadField> {
    given.iter().enumerate().map(|(i, one)| parse(&format!("{field}[{i}]"), one)).collect()
}

/// Whom an offer is for.
pub(super) fn eligibility(given: Option<&pb::Eligibility>) -> Result<Eligibility, BadField> {
    let Some(given) = given else { return Ok(Eligibility::default()) };
    few("eligibility.population_codes", &given.population_codes, 20)?;
    let age = |field: &str, age: u32| match age {
        0 => Ok(None),
        1..=AGE_MAX => Ok(Some(age)),
        _ => Err(BadField::new(field, format!("is over {AGE_MAX} years"))),
    };
    let minimum_age = age("eligibility.minimum_age", given.minimum_age)?;
    let maximum_age = age("eligibility.maximum_age", given.maximum_age)?;
    if minimum_age.zip(maximum_age).is_some_and(|(least, most)| most < least) {
        return Err(BadField::new("eligibility.maximum_age", "is below minimum_age"));
    }
    Ok(Eligibility {
        minimum_age,
        maximum_age,
        wants_service: given.wants_service,
        populations: each("eligibility.population_codes", &given.population_codes, |field, code| match code
            .as_str()
        {
            "" => Err(BadField::new(field, "is empty; leave it out")),
            code => wire::code(field, code),
        })?,
        text: wire::optional_text("eligibility.text", &given.text, 2_000)?.unwrap_or_default(),
    })
}

pub(super) fn eligibility_out(eligibility: &Eligibility) -> Option<pb::Eligibility> {
    let nobody_excluded = *eligibility == Eligibility::default();
    (!nobody_excluded).then(|| pb::Eligibility {
        minimum_age: eligibility.minimum_age.unwrap_or_default(),
        maximum_age: eligibility.maximum_age.unwrap_or_default(),
        wants_service: eligibility.wants_service,
        population_codes: eligibility.populations.clone(),
        text: eligibility.text.clone(),
    })
}

pub(super) fn eligibility_stored(stored: Option<pb::Eligibility>) -> Eligibility {
    let stored = stored.unwrap_or_default();
    let age = |age: u32| (age > 0).then_some(age);
    Eligibility {
        minimum_age: age(stored.minimum_age),
        maximum_age: age(stored.maximum_age),
        wants_service: stored.wants_service,
        populations: stored.population_codes,
        text: stored.text,
    }
}

pub(super) fn country(field: &str, code: &str) -> Result<String, BadField> {
    let code = code.trim().to_ascii_uppercase();
    if code.is_empty() || (code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())) {
        return Ok(code);
    }
    Err(BadField::new(field, "is no ISO 3166-1 alpha-2 code such as \"US\""))
}

/// Where an offer serves.
pub(super) fn areas(given: &[pb::AreaServed]) -> Result<Vec<Area>, BadField> {
    few("areas", given, 50)?;
    each("areas", given, |field, area| {
        let of = |name: &str| format!("{field}.{name}");
        few(&of("postal_codes"), &area.postal_codes, 500)?;
        let area = Area {
            country: country(&of("country"), &area.country)?,
            postal_codes: each(&of("postal_codes"), &area.postal_codes, |field, code| {
                wire::text(field, code, 20)
            })?,
            name: wire::optional_text(&of("name"), &area.name, 200)?.unwrap_or_default(),
        };
        if area == Area::default() {
            return Err(BadField::new(field, "names nothing; name a country, postal codes or an area"));
        }
        Ok(area)
    })
}

pub(super) fn areas_out(areas: &[Area]) -> Vec<pb::AreaServed> {
    let out = |area: &Area| pb::AreaServed {
        country: area.country.clone(),
        postal_codes: area.postal_codes.clone(),
        name: area.name.clone(),
    };
    areas.iter().map(out).collect()
}

pub(super) fn areas_stored(stored: Vec<pb::AreaServed>) -> Vec<Area> {
    let area = |area: pb::AreaServed| Area {
        country: area.country,
        postal_codes: area.postal_codes,
        name: area.name,
    };
    stored.into_iter().map(area).collect()
}

/// Where somebody is.
pub(in crate::wire) fn place(given: Option<&pb::Place>) -> Result<Option<Place>, BadField> {
    let Some(given) = given else { return Ok(None) };
    few("place.names", &given.names, 10)?;
    Ok(Some(Place {
        country: country("place.country", &given.country)?,
        postal_code: wire::optional_text("place.postal_code", &given.postal_code, 20)?.unwrap_or_default(),
        names: each("place.names", &given.names, |field, name| wire::text(field, name, 200))?,
    }))
}

/// Languages as BCP 47 tags, in the form of RFC 5646: subtags of 1 to 8 letters and digits, the first of 2 or more letters.
pub(in crate::wire) fn languages(given: &[String], most: usize) -> Result<Vec<String>, BadField> {
    few("languages", given, most)?;
    each("languages", given, |field, tag| {
        let subtag =
            |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
        let primary = tag.split('-').next().unwrap_or_default();
        let fits = tag.len() <= 35
            && tag.split('-').all(subtag)
            && primary.len() >= 2
            && primary.bytes().all(|byte| byte.is_ascii_alphabetic());
        match fits {
            true => Ok(tag.clone()),
            false => Err(BadField::new(field, "is no BCP 47 tag such as \"en\" or \"es-MX\"")),
        }
    })
}

/// The days of a week, as RFC 5545 names them.
const DAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Monday),
    ("TU", Weekday::Tuesday),
    ("WE", Weekday::Wednesday),
    ("TH", Weekday::Thursday),
    ("FR", Weekday::Friday),
    ("SA", Weekday::Saturday),
    ("SU", Weekday::Sunday),
];

fn weekday(name: &str) -> Option<Weekday> {
    DAYS.iter().find(|(known, _)| *known == name).map(|(_, day)| *day)
}

/// A wall time to the minute, "09:00".
fn wall(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':').filter(|_| text.len() == 5)?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

/// Hours of a week.
pub(in crate::wire) fn hours(given: &[pb::OpenHours]) -> Result<Vec<Hours>, BadField> {
    few("hours", given, 50)?;
    each("hours", given, |field, open| {
        let of = |name: &str| format!("{field}.{name}");
        let time = |name: &str, text: &str| {
            wall(text).ok_or_else(|| BadField::new(of(name), "is no wall time such as \"09:00\""))
        };
        let mut days = each(&of("days"), &open.days, |field, day| {
            weekday(day).ok_or_else(|| BadField::new(field, "is no day; send MO, TU, WE, TH, FR, SA or SU"))
        })?;
        days.sort_by_key(|day| day.to_monday_zero_offset());
        days.dedup();
        let hours = Hours { days, opens: time("opens", &open.opens)?, closes: time("closes", &open.closes)? };
        if hours.days.is_empty() {
            return Err(BadField::new(of("days"), "is empty; name at least one day"));
        }
        if hours.opens == hours.closes {
            return Err(BadField::new(of("closes"), "is the same as opens; give the end of the hours"));
        }
        Ok(hours)
    })
}

pub(super) fn hours_out(hours: &[Hours]) -> Vec<pb::OpenHours> {
    let wall = |time: Time| format!("{:02}:{:02}", time.hour(), time.minute());
    let name = |day: &Weekday| DAYS[usize::from(day.to_monday_zero_offset().unsigned_abs())].0.to_owned();
    let out = |open: &Hours| pb::OpenHours {
        days: open.days.iter().map(name).collect(),
        opens: wall(open.opens),
        closes: wall(open.closes),
    };
    hours.iter().map(out).collect()
}

pub(super) fn hours_stored(
    event: &proto::log::Event,
    stored: &[pb::OpenHours],
) -> Result<Vec<Hours>, Unreadable> {
    hours(stored).map_err(|_| Unreadable::new(event, "its hours are not known"))
}

/// How it reaches people.
pub(in crate::wire) fn modes(given: &[i32]) -> Result<Vec<crate::domain::offer::Mode>, BadField> {
    each("modes", given, |field, number| mode::parse(field, *number))
}

/// What another system calls its kind.
pub(super) fn terms(given: &[String]) -> Result<Vec<String>, BadField> {
    few("terms", given, 50)?;
    each("terms", given, |field, term| wire::text(field, term, 200))
}

/// A report of how much room there is.
pub(super) fn capacity(now: Timestamp, given: &pb::ReportCapacityRequest) -> Result<Capacity, BadField> {
    let room = match (pb::CapacityStatus::try_from(given.status), given.vacancies) {
        (Ok(pb::CapacityStatus::Has), vacancies) => {
            Room::Has { vacancies: (vacancies > 0).then_some(vacancies) }
        }
        (Ok(pb::CapacityStatus::None), 0) => Room::Full,
        (Ok(pb::CapacityStatus::NoneWithWaitlist), 0) => Room::Waitlist,
        (Ok(pb::CapacityStatus::AssessmentRequired), 0) => Room::Assessment,
        (
            Ok(
                pb::CapacityStatus::None
                | pb::CapacityStatus::NoneWithWaitlist
                | pb::CapacityStatus::AssessmentRequired,
            ),
            _,
        ) => return Err(BadField::new("vacancies", "are for CAPACITY_STATUS_HAS alone; leave it out")),
        (Ok(pb::CapacityStatus::Stale), _) => {
            return Err(BadField::new("status", "is no report: a report becomes stale by its age"));
        }
        (Ok(pb::CapacityStatus::Unspecified) | Err(_), _) => {
            return Err(BadField::new("status", "is missing or not one of the contract's values"));
        }
    };
    let refresh_hours = match given.refresh_hours {
        0 => REFRESH_HOURS,
        hours @ 1..=REFRESH_HOURS_MAX => hours,
        _ => return Err(BadField::new("refresh_hours", format!("is over {REFRESH_HOURS_MAX}, a year"))),
    };
    let as_of = wire::happened("as_of", given.as_of.as_ref(), now)?.at;
    Ok(Capacity { room, as_of, refresh_hours })
}

/// A report as the event has it, whatever its age.
pub(super) fn capacity_out(capacity: &Capacity) -> pb::OfferCapacity {
    shown(capacity, Some(capacity.room))
}

/// A report as its readers see it then: past its period it is stale and tells of no room.
pub(super) fn capacity_at(capacity: &Capacity, now: Timestamp) -> pb::OfferCapacity {
    shown(capacity, capacity.at(now))
}

fn shown(capacity: &Capacity, room: Option<Room>) -> pb::OfferCapacity {
    let (status, vacancies) = match room {
        None => (pb::CapacityStatus::Stale, None),
        Some(Room::Has { vacancies }) => (pb::CapacityStatus::Has, vacancies),
        Some(Room::Full) => (pb::CapacityStatus::None, None),
        Some(Room::Waitlist) => (pb::CapacityStatus::NoneWithWaitlist, None),
        Some(Room::Assessment) => (pb::CapacityStatus::AssessmentRequired, None),
    };
    pb::OfferCapacity {
        status: status.into(),
        vacancies: vacancies.unwrap_or_default(),
        as_of: Some(to_instant(capacity.as_of)),
        refresh_hours: capacity.refresh_hours,
    }
}

/// A report from an event; none where it says nothing that this release knows.
pub(super) fn capacity_stored(stored: &pb::OfferCapacity) -> Option<Capacity> {
    let room = match pb::CapacityStatus::try_from(stored.status).ok()? {
        pb::CapacityStatus::Has => {
            Room::Has { vacancies: (stored.vacancies > 0).then_some(stored.vacancies) }
        }
        pb::CapacityStatus::None => Room::Full,
        pb::CapacityStatus::NoneWithWaitlist => Room::Waitlist,
        pb::CapacityStatus::AssessmentRequired => Room::Assessment,
        pb::CapacityStatus::Unspecified | pb::CapacityStatus::Stale => return None,
    };
    let as_of = wire::instant("as_of", stored.as_of.as_ref()?).ok()?;
    Some(Capacity { room, as_of, refresh_hours: stored.refresh_hours })
}
