//! Wall times on the wire.
//! Invariant: a wall time is told to the minute, without an offset; its zone is told apart.

use jiff::civil::DateTime;
use kernel::{Local, Zone};
use platform::error::BadField;
use platform::wire;
use proto::therapy as pb;

use super::super::codes::wall_time;

/// How a wall time is written.
const FORM: &str = "%Y-%m-%dT%H:%M";

/// A wall time and the zone, where one was told.
pub fn read(field: &str, time: Option<&pb::AppointmentTime>) -> Result<(DateTime, Option<Zone>), BadField> {
    let time = wire::required(field, time)?;
    let wall = wall(&time.wall).ok_or_else(|| {
        let why = "is not a wall time to the minute without an offset, such as \"2026-03-10T14:30\"";
        BadField::new(format!("{field}.wall"), why)
    })?;
    let zone = match time.zone.as_str() {
        "" => None,
        name => Some(wire::zone(&format!("{field}.zone"), name)?),
    };
    Ok((wall, zone))
}

/// A wall time of that form, and of no other that reads alike.
pub fn wall(text: &str) -> Option<DateTime> {
    let wall = DateTime::strptime(FORM, text).ok()?;
    (wall.strftime(FORM).to_string() == text).then_some(wall)
}

/// A time as its readers see it.
pub fn write(local: &Local) -> pb::AppointmentTime {
    pb::AppointmentTime {
        wall: local.wall.strftime(FORM).to_string(),
        zone: local.zone.name().to_owned(),
        instant: Some(wire::to_instant(local.at)),
        zone_data: local.zone_data.clone(),
        kind: wall_time::number(local.kind),
    }
}

/// A time from a stored event: what was made of it then, whatever zone data says now.
pub fn stored(time: &pb::AppointmentTime) -> Option<Local> {
    let at = time.instant.as_ref()?;
    Some(Local {
        wall: wall(&time.wall)?,
        zone: Zone::stored(time.zone.clone()),
        at: kernel::Timestamp::new(at.seconds, at.nanos).ok()?,
        kind: wall_time::stored(time.kind)?,
        zone_data: time.zone_data.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_time_reads_back_as_it_was_written() {
        let zone = Zone::named("America/Chicago").unwrap();
        for text in ["2026-03-10T14:30", "2026-03-08T02:30", "2026-11-01T01:30"] {
            let local = Local::new(wall(text).unwrap(), zone.clone());
            let written = write(&local);
            assert_eq!(written.wall, text);
            assert_eq!(stored(&written), Some(local));
        }
    }

    #[test]
    fn what_is_no_wall_time_to_the_minute_is_refused_with_the_field() {
        for text in
            ["", "2026-03-10", "2026-03-10T14:30:20", "2026-03-10T14:30Z", "2026-02-30T10:00", "tomorrow"]
        {
            let time = pb::AppointmentTime { wall: text.into(), ..Default::default() };
            assert_eq!(read("start", Some(&time)).unwrap_err().field, "start.wall", "{text}");
        }
        let nowhere = pb::AppointmentTime {
            wall: "2026-03-10T14:30".into(),
            zone: "Nowhere/Town".into(),
            ..Default::default()
        };
        assert_eq!(read("start", Some(&nowhere)).unwrap_err().field, "start.zone");
        assert_eq!(read("start", None).unwrap_err().field, "start");
    }
}
