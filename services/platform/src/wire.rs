//! Parsing what every service's requests have in common. What a field means is the service's; how it is read is here.
//! Invariant: a field that does not parse is named, with what to send instead, and its value is never repeated.

use std::str::FromStr;
use std::sync::OnceLock;

use jiff::Timestamp;
use kernel::{Day, Occurred, Precision, Private, Zone};
use proto::types as pb;
use uuid::Uuid;

use crate::error::BadField;

/// An id. Required.
pub fn id<T: FromStr<Err = kernel::ids::NotAnId>>(field: &str, text: &str) -> Result<T, BadField> {
    if text.is_empty() {
        return Err(BadField::new(field, "is missing; send the id as a UUID"));
    }
    text.parse().map_err(|_| BadField::new(field, "is not a UUID in text form"))
}

/// An id that may be left out.
pub fn optional_id<T: FromStr<Err = kernel::ids::NotAnId>>(
    field: &str,
    text: &str,
) -> Result<Option<T>, BadField> {
    if text.is_empty() { Ok(None) } else { id(field, text).map(Some) }
}

/// Ids in a list of at most `max`.
pub fn ids<T: FromStr<Err = kernel::ids::NotAnId>>(
    field: &str,
    texts: &[String],
    max: usize,
) -> Result<Vec<T>, BadField> {
    if texts.len() > max {
        return Err(BadField::new(field, format!("holds more than {max} ids")));
    }
    texts.iter().enumerate().map(|(i, text)| id(&format!("{field}[{i}]"), text)).collect()
}

/// The id of a request: any UUID but the nil one.
pub fn request_id(text: &str) -> Result<Uuid, BadField> {
    let why = "is not a UUID; make a new one for each new request and keep it for retries";
    match Uuid::try_parse(text) {
        Ok(id) if !id.is_nil() => Ok(id),
        Ok(_) | Err(_) => Err(BadField::new("request_id", why)),
    }
}

/// The version that a caller wants to change; none for any.
pub fn etag(text: &str) -> Result<Option<u64>, BadField> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|_| BadField::new("etag", "is not an etag that a reply gave; send it unchanged"))
}

/// A text of at least one and at most `max` characters, surrounding white space aside.
pub fn text(field: &str, text: &str, max: usize) -> Result<String, BadField> {
    match optional_text(field, text, max)? {
        Some(text) => Ok(text),
        None => Err(BadField::new(field, format!("is missing; send 1 to {max} characters"))),
    }
}

/// A text of at most `max` characters; none where empty.
pub fn optional_text(field: &str, text: &str, max: usize) -> Result<Option<String>, BadField> {
    let text = text.trim();
    if text.chars().count() > max {
        return Err(BadField::new(field, format!("is longer than {max} characters")));
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(BadField::new(field, "holds a control character; send plain text"));
    }
    Ok(if text.is_empty() { None } else { Some(text.to_owned()) })
}

/// A short code that is stored in the clear, such as "career-planning"; empty where empty. It takes no free words, since those would be personal.
pub fn code(field: &str, text: &str) -> Result<String, BadField> {
    let fits = text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    if fits {
        Ok(text.to_owned())
    } else {
        Err(BadField::new(field, "is no code; send at most 40 of a to z and -"))
    }
}

/// A personal text. Required.
pub fn private(field: &str, value: &str, max: usize) -> Result<Private, BadField> {
    text(field, value, max).map(Private::Plain)
}

/// A message that must be there.
pub fn required<T>(field: &str, value: Option<T>) -> Result<T, BadField> {
    value.ok_or_else(|| BadField::new(field, "is missing"))
}

/// A day.
pub fn day(field: &str, date: &proto::Date) -> Result<Day, BadField> {
    let bad = || BadField::new(field, "is not a calendar day; send year, month and day");
    let year = i16::try_from(date.year).map_err(|_| bad())?;
    let month = i8::try_from(date.month).map_err(|_| bad())?;
    let day = i8::try_from(date.day).map_err(|_| bad())?;
    if year < 1 {
        return Err(bad());
    }
    Day::new(year, month, day).map_err(|_| bad())
}

/// A day that may be left out.
pub fn optional_day(field: &str, date: Option<&proto::Date>) -> Result<Option<Day>, BadField> {
    date.map(|date| day(field, date)).transpose()
}

/// Until when a recorded fact is known, where it is open; a closed one, and one that lives on, has no such day.
pub fn known_until(source: Option<&pb::Source>, open: bool) -> Result<Option<Day>, BadField> {
    let day = source.and_then(|source| source.known_until.as_ref());
    Ok(optional_day("source.known_until", day)?.filter(|_| open))
}

/// A day of the week by its RFC 5545 name, as its place in the week from 0 for Monday; none where it is no such name.
pub fn weekday(name: &str) -> Option<u8> {
    ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
        .iter()
        .position(|day| *day == name)
        .and_then(|at| u8::try_from(at).ok())
}

/// An instant, to the microsecond.
pub fn instant(field: &str, at: &prost_types::Timestamp) -> Result<Timestamp, BadField> {
    let bad = || BadField::new(field, "is not an instant between the years 1 and 9999");
    let at = Timestamp::new(at.seconds, at.nanos).map_err(|_| bad())?;
    Timestamp::from_microsecond(at.as_microsecond()).map_err(|_| bad())
}

/// The agency whose word a stored event is: that on whose behalf it was written, else the writer's; empty for a person's own and the system's.
pub fn speaker(event: &proto::log::Event) -> &str {
    if event.on_behalf_of.is_empty() { &event.agency_id } else { &event.on_behalf_of }
}

/// How many days ago a request may say that it happened, where the settings say nothing else (domain default).
pub const REQUESTS_LOOK_BACK_DAYS: u16 = 14;

/// What the settings of this process say of that. Every service of a process has the same, and none could have it otherwise.
static LOOK_BACK_DAYS: OnceLock<u16> = OnceLock::new();

/// Settles how many days ago a request may say that it happened, before anything is served; the first word holds.
pub fn requests_look_back(days: u16) {
    LOOK_BACK_DAYS.get_or_init(|| days);
}

/// How many days ago a request of this process may say that it happened.
pub fn look_back_days() -> u16 {
    *LOOK_BACK_DAYS.get().unwrap_or(&REQUESTS_LOOK_BACK_DAYS)
}

/// When a request says that it happened: now where it says nothing, never ahead of now, and at most as many days ago as the settings say.
pub fn happened(
    field: &str,
    at: Option<&prost_types::Timestamp>,
    now: Timestamp,
) -> Result<Occurred, BadField> {
    happened_within(look_back_days(), field, at, now)
}

/// Refuses what is told to have happened later than now. Clocks of two machines differ a little.
pub fn not_ahead(field: &str, at: Timestamp, now: Timestamp) -> Result<(), BadField> {
    match at.as_second() > now.as_second() + 60 {
        true => Err(BadField::new(field, "is in the future; a request tells what has happened")),
        false => Ok(()),
    }
}

fn happened_within(
    days: u16,
    field: &str,
    at: Option<&prost_types::Timestamp>,
    now: Timestamp,
) -> Result<Occurred, BadField> {
    let Some(at) = at else { return Ok(Occurred::instant(now)) };
    let at = instant(field, at)?;
    not_ahead(field, at, now)?;
    if now.as_second() - at.as_second() > i64::from(days) * 86_400 {
        let why = format!("is more than {days} days ago; use the matching Record command");
        return Err(BadField::new(field, why));
    }
    Ok(Occurred::instant(at))
}

/// A zone. Required.
pub fn zone(field: &str, name: &str) -> Result<Zone, BadField> {
    Zone::named(name).map_err(|wrong| BadField::new(field, wrong.to_string()))
}

/// When something happened, as told. For a precision of a day, `at` may be any instant of that day in the zone.
pub fn occurred(field: &str, value: &pb::Occurred) -> Result<Occurred, BadField> {
    let zone = zone(&format!("{field}.zone"), &value.zone)?;
    let at = required(&format!("{field}.at"), value.at.as_ref())?;
    let at = instant(&format!("{field}.at"), at)?;
    match pb::Precision::try_from(value.precision) {
        Ok(pb::Precision::Day) => Ok(Occurred::day(zone.day_of(at), zone)),
        Ok(pb::Precision::Instant) => Ok(Occurred { at, precision: Precision::Instant, zone }),
        Ok(pb::Precision::Unspecified) | Err(_) => Err(BadField::new(
            format!("{field}.precision"),
            "is missing; send PRECISION_DAY or PRECISION_INSTANT",
        )),
    }
}

/// A value of an enumeration, by its number; zero and unknown numbers do not parse.
pub fn choice<E: TryFrom<i32> + Into<i32> + Copy>(field: &str, number: i32) -> Result<E, BadField> {
    match E::try_from(number) {
        Ok(value) if value.into() != 0 => Ok(value),
        Ok(_) | Err(_) => Err(BadField::new(field, "is missing or not one of the contract's values")),
    }
}

/// A size of a page: 0 means 50, more than 200 is cut to 200.
pub fn page_size(size: i32) -> Result<usize, BadField> {
    match usize::try_from(size) {
        Ok(0) => Ok(50),
        Ok(size) => Ok(size.min(200)),
        Err(_) => Err(BadField::new("page_size", "is negative; send 1 to 200, or 0 for 50")),
    }
}

/// A day as the contract has it.
pub fn to_date(day: Day) -> proto::Date {
    proto::Date { year: day.year().into(), month: day.month().into(), day: day.day().into() }
}

/// An instant as the contract has it.
pub fn to_instant(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() }
}

/// When something happened, as the contract has it.
pub fn to_occurred(occurred: &Occurred) -> pb::Occurred {
    let precision = match occurred.precision {
        Precision::Day => pb::Precision::Day,
        Precision::Instant => pb::Precision::Instant,
    };
    pb::Occurred {
        at: Some(to_instant(occurred.at)),
        precision: precision.into(),
        zone: occurred.zone.name().to_owned(),
    }
}

/// When something happened, from a stored event: checked when it was stored.
pub fn from_occurred(value: &pb::Occurred) -> Option<Occurred> {
    let at = value.at.as_ref()?;
    let at = Timestamp::new(at.seconds, at.nanos).ok()?;
    let precision = match pb::Precision::try_from(value.precision).ok()? {
        pb::Precision::Day => Precision::Day,
        pb::Precision::Instant => Precision::Instant,
        pb::Precision::Unspecified => return None,
    };
    Some(Occurred { at, precision, zone: Zone::stored(value.zone.clone()) })
}

/// A day from a stored event.
pub fn from_date(date: &proto::Date) -> Option<Day> {
    day("", date).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_code_takes_no_free_words() {
        assert_eq!(code("purpose", "career-planning").unwrap(), "career-planning");
        assert_eq!(code("purpose", "").unwrap(), "");
        for words in ["met his sister Ana", "Ana", "two\nlines", &"a".repeat(41)] {
            assert_eq!(code("purpose", words).unwrap_err().field, "purpose", "{words}");
        }
    }

    #[test]
    fn a_request_tells_of_the_last_fourteen_days_alone_or_of_as_many_as_are_settled() {
        let now = at("2026-05-20T12:00:00Z");
        let told = |text: &str| happened("occurred_at", Some(&to_instant(at(text))), now);
        assert!(told("2026-05-07T12:00:00Z").is_ok());
        assert!(told("2026-05-06T11:59:59Z").unwrap_err().why.contains("Record"));
        assert!(told("2026-05-20T12:02:00Z").unwrap_err().why.contains("future"));
        assert_eq!(happened("occurred_at", None, now).unwrap().at, now);
        let within = |days, text: &str| happened_within(days, "at", Some(&to_instant(at(text))), now);
        assert!(within(30, "2026-04-20T12:00:00Z").is_ok());
        assert!(within(30, "2026-04-20T11:59:59Z").unwrap_err().why.contains("30 days"));
        assert!(within(0, "2026-05-20T11:59:59Z").is_err(), "nothing but what happens now");
    }

    #[test]
    fn a_day_told_in_a_zone_starts_there() {
        let value = pb::Occurred {
            at: Some(to_instant(at("2026-05-20T23:00:00-05:00"))),
            precision: pb::Precision::Day.into(),
            zone: "America/Chicago".into(),
        };
        let occurred = occurred("started", &value).unwrap();
        assert_eq!(occurred.at, at("2026-05-20T00:00:00-05:00"));
        assert_eq!(from_occurred(&to_occurred(&occurred)), Some(occurred));
    }

    #[test]
    fn a_text_is_trimmed_bounded_and_plain() {
        assert_eq!(text("need", "  a home ", 10), Ok("a home".into()));
        assert!(text("need", "   ", 10).unwrap_err().why.contains("missing"));
        assert!(text("need", "éééééé", 5).unwrap_err().why.contains("longer than 5"));
        assert!(text("need", "a\u{0}b", 5).unwrap_err().why.contains("control"));
    }
}
