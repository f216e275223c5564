//! Random lives of two units: whatever is asked in whatever order, what must hold holds.
//! Invariant: no two households have one unit on one night, and placements and diaries agree.

use std::collections::BTreeMap;

use kernel::Decider;
use proptest::prelude::*;

use super::*;
use crate::domain::diary::{self, Diary, Tenure};
use crate::domain::placement::{self, Command, Placement, Situation, Told};
use crate::domain::tenancy::{self, Decided, Diaries, Match};
use ProjectType::{PermanentSupportiveHousing, TransitionalHousing};

/// Everything, as the logs would hold it.
struct World {
    group: crate::domain::group::State,
    placements: BTreeMap<PlacementId, placement::State>,
    diaries: BTreeMap<UnitId, diary::State>,
}

/// Six people; the first two are one household.
fn person(number: u8) -> (PlacementId, PersonId, HouseholdId) {
    let household = if number < 2 { 0 } else { number };
    let (id, person) = (PlacementId::of(100 + u128::from(number)), PersonId::of(200 + u128::from(number)));
    (id, person, HouseholdId::of(300 + u128::from(household)))
}

impl World {
    fn new(project: ProjectType) -> Self {
        let opened = |unit| Diary::fold(&[diary::Event::Opened { belongs: belongs(unit), zone: zone() }]);
        Self {
            group: super::group::published(project),
            placements: BTreeMap::new(),
            diaries: [UNIT_A, UNIT_B].map(|unit| (unit, opened(unit))).into(),
        }
    }

    fn loaded(&self) -> Diaries {
        Diaries::new(self.diaries.clone())
    }

    /// One append: all of it, or nothing where it was refused.
    fn append(&mut self, decided: Result<Decided, tenancy::Refusal>) {
        let Ok(decided) = decided else { return };
        for (id, events) in decided.placements {
            let state = self.placements.remove(&id).unwrap_or_default();
            self.placements.insert(id, events.iter().fold(state, Placement::evolve));
        }
        for (unit, events) in decided.diaries {
            let state = self.diaries.remove(&unit).unwrap_or_default();
            self.diaries.insert(unit, events.iter().fold(state, Diary::evolve));
        }
    }

    fn ask(&mut self, ask: &Ask) {
        let (id, person, household) = person(ask.who);
        let unit = if ask.second_unit { UNIT_B } else { UNIT_A };
        let (by, when) = (BY_CEDAR, on(ask.day));
        let command = match ask.what {
            0 => {
                let relationship = Relationship::Oneself;
                let unit = ask.with_unit.then_some(unit);
                let members = vec![(id, person, relationship)];
                let ask = Match { by, members, household, unit, held_from: when, referral: None, at: at() };
                let decided = tenancy::match_household(&self.group, &self.placements, self.loaded(), ask);
                return self.append(decided);
            }
            1 => return self.record(ask, unit),
            2 => Command::AssignUnit { by, unit, when },
            3 => Command::Exit { by, when, destination: rental() },
            4 => Command::Decline { by, at: at() },
            5 => Command::MarkEnteredInError { by },
            // Most are the next step of the way, so that lives come to something.
            _ => match self.placements.get(&id).and_then(|state| state.made()).map(|made| &made.situation) {
                Some(Situation::Matched) => Command::Offer { by, at: at() },
                Some(Situation::Offered) => Command::Accept { by, at: at() },
                Some(Situation::Accepted) => Command::Admit { by, when },
                Some(Situation::Admitted { .. }) => Command::MoveIn { by, when },
                Some(Situation::MovedIn { .. } | Situation::Exited { .. } | Situation::Closed(_)) | None => {
                    Command::Exit { by, when, destination: rental() }
                }
            },
        };
        let unmade = placement::State::Unmade;
        let state = self.placements.get(&id).unwrap_or(&unmade);
        let touched = tenancy::units_touched(state, command.unit());
        let diaries = touched.iter().filter_map(|unit| Some((*unit, self.diaries.get(unit)?.clone())));
        let decided = tenancy::decide(id, state, Diaries::new(diaries), command);
        self.append(decided);
    }

    fn record(&mut self, ask: &Ask, unit: UnitId) {
        let (id, person, household) = person(ask.who);
        let Some(group) = self.group.made() else { return };
        let facts = Facts { id, person, household, ..of_ana(group.content.project) };
        let told = Told {
            facts,
            unit: ask.with_unit.then_some(unit),
            entry: may(ask.day),
            move_in: Some(may(ask.day)),
            exit: ask.who.is_multiple_of(2).then(|| (may(ask.day + 3), rental())),
            known_until: None,
        };
        let unmade = placement::State::Unmade;
        let state = self.placements.get(&id).unwrap_or(&unmade);
        let decided = tenancy::record(&self.group, state, self.loaded(), told, None);
        self.append(decided);
    }

    fn holds(&self) {
        for (unit, state) in &self.diaries {
            let entries = &state.book().expect("opened").entries;
            for (index, one) in entries.iter().enumerate() {
                for other in &entries[index + 1..] {
                    let share = one.days.overlaps(&other.days);
                    let same = one.occupant.household == other.occupant.household;
                    assert!(!share || same, "two households have {unit} on one night");
                }
            }
        }
        for (id, state) in &self.placements {
            let open: Vec<(UnitId, Tenure, Day)> = self
                .diaries
                .iter()
                .flat_map(|(unit, diary)| {
                    diary.book().expect("opened").entries.iter().map(move |e| (*unit, e))
                })
                .filter(|(_, entry)| entry.occupant.placement == *id && entry.days.until().is_none())
                .map(|(unit, entry)| (unit, entry.tenure, entry.days.from()))
                .collect();
            let says = state.made().filter(|made| made.recorded.is_none()).and_then(|made| made.unit());
            if let Some((unit, tenure)) = says {
                assert_eq!(open, [(unit.unit, tenure, unit.from)], "the diary says what the placement says");
            } else if state.made().is_none_or(|made| made.recorded.is_none()) {
                assert_eq!(open, [], "a placement without a unit stands open in no diary");
            }
            for range in state.made().map(|made| made.lodging()).unwrap_or_default() {
                assert!(range.until().is_none_or(|until| until >= range.from()));
            }
        }
    }
}

/// One thing asked.
#[derive(Clone, Debug)]
struct Ask {
    what: u8,
    who: u8,
    day: i8,
    second_unit: bool,
    with_unit: bool,
}

fn asks() -> impl Strategy<Value = Vec<Ask>> {
    let ask = (0..14_u8, 0..6_u8, 6..21_i8, any::<bool>(), any::<bool>())
        .prop_map(|(what, who, day, second_unit, with_unit)| Ask { what, who, day, second_unit, with_unit });
    prop::collection::vec(ask, 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_two_households_ever_have_one_unit_on_one_night(asks in asks(), permanent in any::<bool>()) {
        let project = if permanent { PermanentSupportiveHousing } else { TransitionalHousing };
        let mut world = World::new(project);
        for ask in &asks {
            world.ask(ask);
            world.holds();
        }
    }
}
