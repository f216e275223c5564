//! Terms and shift patterns on the wire.
//! Invariant: a pattern that parsed is one that the domain can put to days; minutes of a day are wall time.

use jiff::civil::Time;
use kernel::{Shifts, WeeklyShift, Zone};
use platform::command::Unreadable;
use platform::error::BadField;
use platform::wire::{self, to_date};
use proto::vocational as pb;

use super::codes::{wage_period, weekday};
use super::contact::DAY_MINUTES;
use super::stored::Stored;
use crate::domain::{BadTerms, Terms, Wage};

/// Most patterns of one job.
const PATTERNS: usize = 20;
/// Most shifts of one week.
const SHIFTS: usize = 50;

/// Terms that a request tells, whole.
pub(super) fn parse(field: &str, given: &pb::JobTerms) -> Result<Terms, BadField> {
    inside(given).map_err(|bad| bad.within(field))
}

fn inside(given: &pb::JobTerms) -> Result<Terms, BadField> {
    if given.shifts.len() > PATTERNS {
        return Err(BadField::new("shifts", format!("holds more than {PATTERNS} patterns")));
    }
    let wage = given.wage.as_ref().map(wage).transpose().map_err(|bad| bad.within("wage"))?;
    let pattern = |(i, given): (usize, &pb::ShiftPattern)| pattern(&format!("shifts[{i}]"), given);
    let shifts = given.shifts.iter().enumerate().map(pattern).collect::<Result<Vec<_>, _>>()?;
    Terms::new(given.weekly_minutes, wage, shifts).map_err(|bad| {
        let field = match bad {
            BadTerms::TooManyMinutes => "weekly_minutes",
            BadTerms::EmptyPattern | BadTerms::Overlap => "shifts",
        };
        BadField::new(field, bad.to_string())
    })
}

fn wage(given: &pb::Wage) -> Result<Wage, BadField> {
    if given.amount_minor < 0 {
        return Err(BadField::new(
            "amount_minor",
            "is negative; send what is paid, in the smallest unit of the currency",
        ));
    }
    if given.currency.len() != 3 || !given.currency.bytes().all(|letter| letter.is_ascii_uppercase()) {
        return Err(BadField::new("currency", "is not an ISO 4217 code such as \"USD\""));
    }
    Ok(Wage {
        amount_minor: given.amount_minor,
        currency: given.currency.clone(),
        per: wage_period::parse("per", given.per)?,
    })
}

/// A pattern that a request tells.
pub(super) fn pattern(field: &str, given: &pb::ShiftPattern) -> Result<Shifts, BadField> {
    let one = || {
        if given.weekly.len() > SHIFTS {
            return Err(BadField::new("weekly", format!("holds more than {SHIFTS} shifts")));
        }
        let shift = |(i, given): (usize, &pb::WeeklyShift)| {
            shift(given).map_err(|bad| bad.within(&format!("weekly[{i}]")))
        };
        Ok(Shifts {
            zone: wire::zone("zone", &given.zone)?,
            weekly: given.weekly.iter().enumerate().map(shift).collect::<Result<_, _>>()?,
            from: wire::day("from_day", wire::required("from_day", given.from_day.as_ref())?)?,
            until: wire::optional_day("until_day", given.until_day.as_ref())?,
        })
    };
    one().map_err(|bad| bad.within(field))
}

fn shift(given: &pb::WeeklyShift) -> Result<WeeklyShift, BadField> {
    if given.start_minute == given.end_minute {
        return Err(BadField::new("end_minute", "equals start_minute; a shift has a length below a day"));
    }
    Ok(WeeklyShift {
        weekday: weekday::parse("weekday", given.weekday)?,
        start: time("start_minute", given.start_minute)?,
        end: time("end_minute", given.end_minute)?,
    })
}

fn time(field: &str, minute: u32) -> Result<Time, BadField> {
    of_minute(minute).ok_or_else(|| BadField::new(field, "is not a minute of a day; send 0 to 1439"))
}

fn of_minute(minute: u32) -> Option<Time> {
    if minute >= DAY_MINUTES {
        return None;
    }
    let part = |value: u32| i8::try_from(value).ok();
    Time::new(part(minute / 60)?, part(minute % 60)?, 0, 0).ok()
}

fn to_minute(time: Time) -> u32 {
    u32::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).unwrap_or_default()
}

/// Terms as events and replies hold them.
pub(super) fn out(terms: &Terms) -> pb::JobTerms {
    pb::JobTerms {
        weekly_minutes: terms.weekly_minutes(),
        wage: terms.wage().map(|wage| pb::Wage {
            amount_minor: wage.amount_minor,
            currency: wage.currency.clone(),
            per: wage_period::number(wage.per),
        }),
        shifts: terms.shifts().iter().map(pattern_out).collect(),
    }
}

fn pattern_out(shifts: &Shifts) -> pb::ShiftPattern {
    let shift = |shift: &WeeklyShift| pb::WeeklyShift {
        weekday: weekday::number(shift.weekday),
        start_minute: to_minute(shift.start),
        end_minute: to_minute(shift.end),
    };
    pb::ShiftPattern {
        zone: shifts.zone.name().to_owned(),
        from_day: Some(to_date(shifts.from)),
        until_day: shifts.until.map(to_date),
        weekly: shifts.weekly.iter().map(shift).collect(),
    }
}

/// Terms from a stored event.
pub(super) fn stored(stored: Stored<'_>, terms: Option<pb::JobTerms>) -> Result<Option<Terms>, Unreadable> {
    let Some(terms) = terms else { return Ok(None) };
    let wage = match terms.wage {
        Some(wage) => Some(Wage {
            amount_minor: wage.amount_minor,
            currency: wage.currency,
            per: stored.code(wage_period::stored(wage.per))?,
        }),
        None => None,
    };
    let shifts = terms.shifts.into_iter().map(|pattern| pattern_stored(stored, pattern));
    let shifts = shifts.collect::<Result<Vec<_>, _>>()?;
    Terms::new(terms.weekly_minutes, wage, shifts).map(Some).map_err(|_| stored.bad("its patterns overlap"))
}

fn pattern_stored(stored: Stored<'_>, pattern: pb::ShiftPattern) -> Result<Shifts, Unreadable> {
    let shift = |shift: pb::WeeklyShift| {
        Ok(WeeklyShift {
            weekday: stored.code(weekday::stored(shift.weekday))?,
            start: stored.part(of_minute(shift.start_minute))?,
            end: stored.part(of_minute(shift.end_minute))?,
        })
    };
    Ok(Shifts {
        zone: Zone::stored(pattern.zone),
        from: stored.day(pattern.from_day.as_ref())?,
        until: pattern.until_day.as_ref().map(|day| stored.day(Some(day))).transpose()?,
        weekly: pattern.weekly.into_iter().map(shift).collect::<Result<_, Unreadable>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given() -> pb::JobTerms {
        let date = |month, day| Some(proto::Date { year: 2026, month, day });
        pb::JobTerms {
            weekly_minutes: 1_200,
            wage: Some(pb::Wage {
                amount_minor: 1_550,
                currency: "USD".into(),
                per: pb::WagePeriod::Hour.into(),
            }),
            shifts: vec![pb::ShiftPattern {
                zone: "America/Chicago".into(),
                from_day: date(4, 1),
                until_day: date(9, 1),
                weekly: vec![pb::WeeklyShift {
                    weekday: pb::Weekday::Saturday.into(),
                    start_minute: 22 * 60,
                    end_minute: 6 * 60 + 30,
                }],
            }],
        }
    }

    fn complaint(change: impl FnOnce(&mut pb::JobTerms)) -> String {
        let mut terms = given();
        change(&mut terms);
        parse("terms", &terms).unwrap_err().field
    }

    #[test]
    fn terms_read_back_as_they_were_told() {
        let terms = parse("terms", &given()).unwrap();
        assert_eq!(out(&terms), given());
        let event = proto::log::Event::default();
        assert_eq!(stored(Stored(&event), Some(out(&terms))).unwrap(), Some(terms));
    }

    #[test]
    fn a_field_of_a_shift_that_does_not_parse_is_named_with_its_place() {
        let shift = |terms: &mut pb::JobTerms| terms.shifts[0].weekly[0];
        assert_eq!(
            complaint(|t| t.shifts[0].weekly[0].start_minute = 1_440),
            "terms.shifts[0].weekly[0].start_minute"
        );
        assert_eq!(complaint(|t| t.shifts[0].weekly[0].weekday = 8), "terms.shifts[0].weekly[0].weekday");
        assert_eq!(
            complaint(|t| t.shifts[0].weekly[0].end_minute = shift(t).start_minute),
            "terms.shifts[0].weekly[0].end_minute"
        );
        assert_eq!(complaint(|t| t.shifts[0].zone = "Mars".into()), "terms.shifts[0].zone");
        assert_eq!(complaint(|t| t.shifts[0].from_day = None), "terms.shifts[0].from_day");
        assert_eq!(complaint(|t| t.shifts[0].until_day = t.shifts[0].from_day), "terms.shifts");
        assert_eq!(complaint(|t| t.shifts.push(t.shifts[0].clone())), "terms.shifts");
        assert_eq!(complaint(|t| t.weekly_minutes = 10_081), "terms.weekly_minutes");
        assert_eq!(complaint(|t| t.wage.as_mut().unwrap().currency = "usd".into()), "terms.wage.currency");
        assert_eq!(complaint(|t| t.wage.as_mut().unwrap().amount_minor = -1), "terms.wage.amount_minor");
    }
}
