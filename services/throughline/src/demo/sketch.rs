//! What is settled about each life before it is played: who it is, what they look for, and whom and what they share with others.
//! Invariant: pure; hours of practitioners and units are dealt out here, so no two lives ever ask for the same one at once.

use super::calendar::Calendar;
use super::chance::Chance;
use super::words::{self, Named};

/// The agencies of the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Case management: where most arrive.
    Coordination,
    /// Supported employment.
    Works,
    /// Supportive housing.
    Homes,
    /// A night shelter that also runs a rapid rehousing programme.
    Shelter,
    /// Therapy.
    Clinic,
    /// A clubhouse.
    Club,
}

impl Place {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Coordination, Self::Works, Self::Homes, Self::Shelter, Self::Clinic, Self::Club];
}

/// One life before it is played.
#[derive(Clone, Debug)]
pub struct Sketch {
    /// From 1.
    pub number: u32,
    pub named: Named,
    /// The day they come.
    pub arrives: u32,
    /// Who may see what others wrote.
    pub consents: Vec<Place>,
    /// The first nights are in the shelter, this many.
    pub nights: Option<u32>,
    pub work: bool,
    /// A weekly hour, where therapy is looked for.
    pub hour: Option<TherapyHour>,
    /// A home is looked for.
    pub home: Option<Home>,
    pub club: bool,
    /// A second record is made under a name like theirs.
    pub double: Option<Double>,
    /// They come with somebody who belongs to their household.
    pub household: bool,
    /// They are not to be found by anybody but those who serve them.
    pub restricted: bool,
    /// They are said to have died.
    pub death: Option<Death>,
    /// The day on which they ask to be erased.
    pub erased: Option<u32>,
    /// Where the rest of this life is drawn from.
    pub chance: Chance,
}

/// A weekly hour of one practitioner: theirs alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TherapyHour {
    pub practitioner: usize,
    /// Monday 1 to Friday 5.
    pub weekday: u32,
    pub hour: u32,
}

/// Which home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Home {
    /// The unit: theirs alone.
    pub unit: usize,
    /// Another programme finds them a home as well, and neither knows.
    pub twice: bool,
}

/// A second record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Double {
    pub slip: Slip,
    pub fate: Fate,
}

/// How its name differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slip {
    /// Two letters changed places.
    Typo,
    /// Given and family name did.
    Swapped,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is found, and linked, after so many days.
    Linked(u32),
    /// It is a twin's: somebody says so after so many days, and the two are never to be linked.
    Twin(u32),
    /// Nobody has decided: it waits in the queue.
    Waits,
}

/// A death, as it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Death {
    /// The day on which it was told.
    pub day: u32,
    /// It was an error, and is taken back the next morning.
    pub mistaken: bool,
}

/// How much of everything the lives need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needed {
    pub practitioners: usize,
    pub units: usize,
}

const HOURS: [u32; 7] = [9, 10, 11, 13, 14, 15, 16];
/// Hours of one practitioner's week.
const WEEK: usize = 5 * HOURS.len();

/// The lives of a seed, and what they need.
pub fn sketches(seed: u64, people: u32, calendar: &Calendar) -> (Vec<Sketch>, Needed) {
    let chance = Chance::seeded(seed);
    let mut needed = Needed::default();
    let mut therapies = 0;
    let lives = (1..=people).map(|number| {
        let mut sketch = sketch(number, people, calendar, &chance.fork(&format!("life {number}")));
        if let Some(hour) = &mut sketch.hour {
            // Every other life sees the next practitioner, so that nobody's week fills up from Monday on.
            let (slot, row) = (therapies % WEEK, therapies / WEEK);
            hour.practitioner = row;
            hour.weekday = 1 + (slot as u32) % 5;
            hour.hour = HOURS[slot / 5];
            therapies += 1;
        }
        if let Some(home) = &mut sketch.home {
            home.unit = needed.units;
            needed.units += 1;
        }
        sketch
    });
    let lives = lives.collect();
    needed.practitioners = therapies.div_ceil(WEEK).max(1);
    (lives, needed)
}

fn sketch(number: u32, people: u32, calendar: &Calendar, chance: &Chance) -> Sketch {
    let mut draw = chance.fork("sketch");
    let named = words::named(number - 1, &mut draw);
    // The first one finds everything, so that there is a life to look at; most others come early.
    let first = number == 1;
    let latest = calendar.days * 7 / 10;
    let arrives = if first { 1 } else { draw.below(latest).min(draw.below(latest)) };
    let all = draw.percent(85);
    let some = draw.percent(70);
    let mut consents: Vec<Place> = Place::ALL.into();
    if !(first || all) {
        consents.retain(|_| some && draw.percent(60));
    }
    let erased = (number == people && people > 2).then_some(calendar.days * 8 / 10);
    let double = match number {
        2 => Some(Fate::Linked(9)),
        3 => Some(Fate::Waits),
        4 => Some(Fate::Twin(12)),
        _ if draw.percent(3) => Some(Fate::Linked(draw.between(5, 90))),
        _ if draw.percent(3) => Some(Fate::Waits),
        _ => None,
    };
    let home = (first || draw.percent(50)).then_some(Home { unit: 0, twice: draw.percent(8) });
    let nights = (first || draw.percent(35)).then(|| draw.between(8, 90));
    let work = first || draw.percent(65);
    let hour = first || draw.percent(60);
    let club = first || draw.percent(35);
    let arrives = if erased.is_some() { arrives.min(calendar.days / 3) } else { arrives };
    let mut draw = chance.fork("what is rare");
    let slip = if number.is_multiple_of(2) { Slip::Typo } else { Slip::Swapped };
    let told = match number {
        5 => Some(false),
        6 => Some(true),
        _ => draw.percent(2).then(|| draw.percent(30)),
    };
    let last = calendar.days.saturating_sub(2).max(arrives);
    let day = draw.between(arrives + 1, last).min(last);
    let death = told.filter(|_| erased.is_none() && !first).map(|mistaken| Death { day, mistaken });
    // A death that was told calls off every hour that was booked, and it would take a life of its own to book them anew.
    let hour = hour && death.is_none_or(|death| !death.mistaken);
    Sketch {
        number,
        named,
        arrives,
        consents,
        nights,
        work,
        hour: hour.then_some(TherapyHour { practitioner: 0, weekday: 1, hour: 9 }),
        home,
        club,
        double: double.map(|fate| Double { slip, fate }),
        household: number == 4 || draw.percent(10),
        // The first is there to be looked at by everybody.
        restricted: (number == 7 || draw.percent(2)) && !first,
        death,
        erased,
        chance: chance.clone(),
    }
}

impl Sketch {
    /// Whether a death of theirs is told that was none.
    pub fn mistaken_for_dead(&self) -> bool {
        self.death.is_some_and(|death| death.mistaken)
    }

    /// The last day on which anything happens to them.
    pub fn last(&self) -> u32 {
        let died = self.death.filter(|death| !death.mistaken).map(|death| death.day);
        // Who is to be erased is at peace on that day.
        let erased = self.erased.map(|day| day.saturating_sub(1));
        died.into_iter().chain(erased).min().unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn drawn(seed: u64, people: u32) -> (Vec<Sketch>, Needed) {
        sketches(seed, people, &Calendar::ending(jiff::civil::date(2026, 3, 10), 730))
    }

    #[test]
    fn the_same_seed_sketches_the_same_lives() {
        let said = |seed| format!("{:?}", drawn(seed, 30));
        assert_eq!(said(1), said(1));
        assert_ne!(said(1), said(2));
    }

    #[test]
    fn no_two_lives_share_a_practitioners_hour_or_a_unit() {
        let (lives, needed) = drawn(1, 400);
        let hours: Vec<_> = lives.iter().filter_map(|life| life.hour).collect();
        let apart: BTreeSet<_> =
            hours.iter().map(|hour| (hour.practitioner, hour.weekday, hour.hour)).collect();
        assert_eq!(hours.len(), apart.len());
        assert!(hours.iter().all(|hour| hour.practitioner < needed.practitioners));
        let units: BTreeSet<_> = lives.iter().filter_map(|life| life.home).map(|home| home.unit).collect();
        assert_eq!(units.len(), needed.units);
    }

    #[test]
    fn most_consent_to_all_and_some_to_none_and_one_is_erased() {
        let (lives, _) = drawn(1, 200);
        let to_all = lives.iter().filter(|life| life.consents.len() == Place::ALL.len()).count();
        let to_none = lives.iter().filter(|life| life.consents.is_empty()).count();
        assert!(to_all > 150 && (1..30).contains(&to_none), "{to_all} to all, {to_none} to none");
        assert_eq!(lives.iter().filter(|life| life.erased.is_some()).count(), 1);
        assert!(lives.iter().any(|life| life.double.is_some_and(|double| double.fate == Fate::Waits)));
    }

    #[test]
    fn some_die_and_of_some_that_was_an_error() {
        let (lives, _) = drawn(1, 200);
        let deaths: Vec<&Sketch> = lives.iter().filter(|life| life.death.is_some()).collect();
        let mistaken = |life: &&&Sketch| life.death.is_some_and(|death| death.mistaken);
        assert!(deaths.iter().filter(mistaken).all(|life| life.hour.is_none() && life.last() == u32::MAX));
        assert!(deaths.iter().any(|life| life.last() < 730), "and nothing happens after the others");
        assert!(deaths.iter().all(|life| life.erased.is_none() && life.number != 1));
    }
}
