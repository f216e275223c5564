//! What a unit and its diary decide together: added, archived, out of service.
//! Invariant: a unit is archived only when nobody has it from today on, and was never meant only when nobody ever had it.

use kernel::{AgencyId, Day, Decider};

use super::codes::OutOfServiceReason;
use super::days::{Days, When};
use super::diary::{self, Diary};
use super::tenancy::Refusal;
use super::unit::{self, Belongs, Unit};
use super::{group, placement};

/// What happens to a unit and in its diary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// To the unit.
    pub unit: Vec<unit::Event>,
    /// In its diary.
    pub diary: Vec<diary::Event>,
}

/// Adds a unit to a group of the agency, or replaces its content.
pub fn publish(
    group: &group::State,
    unit: &unit::State,
    diary: &diary::State,
    belongs: Belongs,
    content: unit::Content,
) -> Result<Decided, Refusal> {
    let group = group
        .made()
        .filter(|group| group.id == belongs.group && group.agency == belongs.agency)
        .ok_or(group::Refusal::NotFound)?;
    let unit = Unit::decide(unit, unit::Command::Publish { belongs, content })?;
    let open = diary::Command::Open { belongs, zone: group.content.zone.clone() };
    Ok(Decided { unit, diary: Diary::decide(diary, open)? })
}

/// Lets a unit no more.
pub fn archive(
    unit: &unit::State,
    diary: &diary::State,
    agency: AgencyId,
    now: When,
) -> Result<Decided, Refusal> {
    let unit = Unit::decide(unit, unit::Command::Archive { agency })?;
    if unit.is_empty() {
        return Ok(Decided::default());
    }
    let book = book_of(diary, agency)?;
    let close = diary::Command::Close { today: now.today(&book.zone) };
    Ok(Decided { unit, diary: Diary::decide(diary, close)? })
}

/// Says that a unit was never meant.
pub fn mark_entered_in_error(
    unit: &unit::State,
    diary: &diary::State,
    agency: AgencyId,
) -> Result<Decided, Refusal> {
    let unit = Unit::decide(unit, unit::Command::MarkEnteredInError { agency })?;
    if unit.is_empty() {
        return Ok(Decided::default());
    }
    Ok(Decided { unit, diary: Diary::decide(diary, diary::Command::CloseUnused)? })
}

/// Takes a unit out of service from a day on, which may lie ahead.
pub fn take_out(
    diary: &diary::State,
    agency: AgencyId,
    from: When,
    until: Option<Day>,
    reason: OutOfServiceReason,
) -> Result<Vec<diary::Event>, Refusal> {
    let book = book_of(diary, agency)?;
    let from = from.today_or_ahead(&book.zone).map_err(placement::Refusal::from)?;
    let days = Days::new(from, until).filter(|days| !days.is_empty()).ok_or(diary::Refusal::NoDays)?;
    Ok(Diary::decide(diary, diary::Command::TakeOut { days, reason })?)
}

/// Brings a unit back into service from a day on, which may lie ahead.
pub fn put_back(diary: &diary::State, agency: AgencyId, from: When) -> Result<Vec<diary::Event>, Refusal> {
    let book = book_of(diary, agency)?;
    let from = from.today_or_ahead(&book.zone).map_err(placement::Refusal::from)?;
    Ok(Diary::decide(diary, diary::Command::PutBack { from })?)
}

fn book_of(diary: &diary::State, agency: AgencyId) -> Result<&diary::Book, diary::Refusal> {
    diary.book().filter(|book| book.belongs.agency == agency).ok_or(diary::Refusal::NotFound)
}
