//! The only file family that knows both the contract and the domain: requests in, replies out, own events as bytes and back.
//! Invariant: nothing below it knows the wire, and nothing above it knows the domain's insides.

/// An event as a payload of this service's log: `says!(CaseOpened { case_id: … })`.
macro_rules! says {
    ($kind:ident { $($field:ident $(: $value:expr)?),* $(,)? }) => {
        platform::command::Payload::new(
            <proto::vocational::$kind as prost::Name>::full_name(),
            &proto::vocational::VocationalEvent {
                kind: Some(proto::vocational::vocational_event::Kind::$kind(
                    proto::vocational::$kind { $($field $(: $value)?),* },
                )),
            },
        )
    };
}

mod case;
mod codes;
mod contact;
mod job;
mod report;
mod stored;
mod terms;

use kernel::{Occurred, Precision, Timestamp};
use platform::command::stored::id_text;
use platform::error::BadField;
use platform::records::Tells;
use platform::wire::{ids, look_back_days};

pub use case::{
    add_contact, assign_worker, case, discharge, mark_contact_entered_in_error, mark_entered_in_error,
    name_plan, open, pause, reengage, resume, start_search, transition,
};
pub use codes::{case_states, job_state, job_states, stage};
pub use job::{
    Leading, accept, add_employer_contact, add_lead, apply, cancel_interview, change_shifts, change_terms,
    choose_disclosure, count_start, decline, end, job, mark_employer_contact_entered_in_error, offer,
    schedule_interview, start, withdraw,
};
pub use report::{record, report};

pub use kernel::class::PART2;

/// Which events tell what a source recorded, and take it back.
pub const TELLS: Tells = Tells::whole(&[], &["EmploymentStatusEnteredInError"]);

/// That a reaction was refused, as this service's log tells it.
pub fn reaction_refused(refused: proto::log::ReactionRefused) -> proto::vocational::VocationalEvent {
    let kind = proto::vocational::vocational_event::Kind::ReactionRefused(refused);
    proto::vocational::VocationalEvent { kind: Some(kind) }
}

/// What a request says happened: at most as many days ago as the settings say, and not to come.
fn recent(field: &str, at: Occurred, now: Timestamp) -> Result<Occurred, BadField> {
    let ago = match at.precision {
        Precision::Instant => now.as_second() - at.at.as_second(),
        // A day is as old as the days between it and today, where it was told.
        Precision::Day => {
            let days = at.zone.day_of(now).since(at.on()).map_or(i64::MAX, |span| i64::from(span.get_days()));
            days.saturating_mul(86_400)
        }
    };
    // Clocks of two machines differ a little.
    if ago < -60 {
        return Err(BadField::new(field, "is in the future; a request tells what has happened"));
    }
    let most = look_back_days();
    if ago > i64::from(most) * 86_400 {
        let why = format!("is more than {most} days ago; a request tells of the last days alone");
        return Err(BadField::new(field, why));
    }
    Ok(at)
}

/// A first or last day, in the zone it was told in.
fn recent_day(
    field: &str,
    date: Option<&proto::Date>,
    zone: &str,
    now: Timestamp,
) -> Result<(kernel::Day, kernel::Zone), BadField> {
    let day = platform::wire::day(field, platform::wire::required(field, date)?)?;
    let zone = platform::wire::zone("zone", zone)?;
    recent(field, Occurred::day(day, zone.clone()), now)?;
    Ok((day, zone))
}

#[cfg(test)]
mod tests {
    use kernel::Zone;

    use super::*;

    #[test]
    fn a_request_tells_of_today_and_of_the_last_fourteen_days_where_it_was_told() {
        let now: Timestamp = "2026-05-20T03:00:00Z".parse().unwrap();
        let zone = Zone::named("America/Chicago").unwrap();
        let day = |text: &str| recent("started_on", Occurred::day(text.parse().unwrap(), zone.clone()), now);
        assert!(day("2026-05-19").is_ok(), "today, there");
        assert!(day("2026-05-20").unwrap_err().why.contains("future"));
        assert!(day("2026-05-05").is_ok());
        assert!(day("2026-05-04").unwrap_err().why.contains("14 days"));
        assert!(day("1926-05-04").unwrap_err().why.contains("14 days"));
    }
}
