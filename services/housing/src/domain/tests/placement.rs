//! A placement by itself, from match to exit.
//! Invariant: every step in every situation, and who may take it.

use kernel::{WorkerId, given};

use super::*;
use crate::domain::PlanItemId;
use crate::domain::codes::{CancelReason, RefusalReason};
use crate::domain::placement::{Command, Event, Placement, Refusal};
use ProjectType::{EmergencyShelterEntryExit, RapidRehousing};

fn matched(project: ProjectType) -> Event {
    Event::Matched { facts: of_ana(project), unit: None, at: at() }
}
fn offered() -> Event {
    Event::Offered { at: at() }
}
fn accepted() -> Event {
    Event::Accepted { at: at() }
}
fn admitted(project: ProjectType, day: i8) -> Event {
    Event::Admitted { on: may(day), zone: zone(), project, unit: None, referral: None }
}
fn moved_in(day: i8) -> Event {
    Event::MovedIn { on: may(day), zone: zone(), project: RapidRehousing, unit: None }
}
fn exited(day: i8) -> Event {
    Event::Exited { on: may(day), zone: zone(), destination: rental(), referral: None }
}
fn declined() -> Event {
    Event::Declined { at: at(), referral: None }
}

/// The way of a placement in rapid re-housing, as far as this step: 0 matched .. 5 exited.
fn up_to(step: usize) -> Vec<Event> {
    let way = [
        matched(RapidRehousing),
        offered(),
        accepted(),
        admitted(RapidRehousing, 8),
        moved_in(10),
        exited(15),
    ];
    way.into_iter().take(step + 1).collect()
}
/// The commands of that way, in its order, each with the step that it leads from.
fn way(by: By) -> Vec<(usize, Command, Event)> {
    vec![
        (0, Command::Offer { by, at: at() }, offered()),
        (1, Command::Accept { by, at: at() }, accepted()),
        (2, Command::Admit { by, when: on(8) }, admitted(RapidRehousing, 8)),
        (3, Command::MoveIn { by, when: on(10) }, moved_in(10)),
        (4, Command::Exit { by, when: on(15), destination: rental() }, exited(15)),
    ]
}

#[test]
fn each_step_follows_the_one_before_and_said_again_says_nothing() {
    for (step, command, event) in way(BY_CEDAR) {
        for standing in 0..=5 {
            let outcome = given::<Placement>(up_to(standing)).when(command.clone());
            match standing {
                _ if standing == step => outcome.then([event.clone()]),
                _ if standing == step + 1 => outcome.nothing(),
                // From admitted on, an exit is possible before any move-in.
                3 if step == 4 => outcome.then([event.clone()]),
                _ => outcome.refused(Refusal::NotInThisState),
            }
        }
    }
}

#[test]
fn only_the_agency_that_runs_the_group_and_the_person_know_of_it() {
    for (step, command, _) in way(BY_HARBOR) {
        given::<Placement>(up_to(step)).when(command).refused(Refusal::NotFound);
    }
    let by = By::Person(BEN);
    given::<Placement>(up_to(1)).when(Command::Accept { by, at: at() }).refused(Refusal::NotFound);
    given::<Placement>([]).when(Command::Offer { by: BY_CEDAR, at: at() }).refused(Refusal::NotFound);
}

#[test]
fn the_person_accepts_declines_and_withdraws_and_leaves_the_rest_to_the_provider() {
    let by = BY_ANA;
    given::<Placement>(up_to(1)).when(Command::Accept { by, at: at() }).then([accepted()]);
    given::<Placement>(up_to(1)).when(Command::Decline { by, at: at() }).then([declined()]);
    given::<Placement>(up_to(2))
        .when(Command::Withdraw { by, at: at() })
        .then([Event::Withdrawn { at: at(), referral: None }]);
    given::<Placement>(up_to(0)).when(Command::Offer { by, at: at() }).refused(Refusal::ProviderAlone);
    given::<Placement>(up_to(2)).when(Command::Admit { by, when: today() }).refused(Refusal::ProviderAlone);
    given::<Placement>(up_to(4)).when(Command::MarkEnteredInError { by }).refused(Refusal::ProviderAlone);
}

#[test]
fn before_admission_it_can_end_in_five_ways_and_after_it_in_none_of_them() {
    let by = BY_CEDAR;
    let (refused, cancelled) = (RefusalReason::Landlord, CancelReason::UnitLost);
    let ways = || {
        [
            (Command::Decline { by, at: at() }, declined()),
            (
                Command::Refuse { by, at: at(), reason: refused },
                Event::Refused { at: at(), reason: refused, referral: None },
            ),
            (Command::MarkNotArrived { by, at: at() }, Event::NotArrived { at: at(), referral: None }),
            (
                Command::Cancel { by, at: at(), reason: cancelled },
                Event::Cancelled { at: at(), reason: cancelled, referral: None },
            ),
            (Command::Withdraw { by, at: at() }, Event::Withdrawn { at: at(), referral: None }),
        ]
    };
    for (command, event) in ways() {
        for standing in 0..=5 {
            let outcome = given::<Placement>(up_to(standing)).when(command.clone());
            match (standing, &command) {
                // Only who accepted could have come.
                (0 | 1, Command::MarkNotArrived { .. }) => outcome.refused(Refusal::NotInThisState),
                (0..=2, _) => outcome.then([event.clone()]),
                _ => outcome.refused(Refusal::NotInThisState),
            }
        }
        let ended = || up_to(2).into_iter().chain([event.clone()]);
        for (again, other) in ways() {
            let outcome = given::<Placement>(ended()).when(again);
            if other == event { outcome.nothing() } else { outcome.refused(Refusal::NotInThisState) }
        }
        for (_, onward, _) in way(BY_CEDAR) {
            given::<Placement>(ended()).when(onward).refused(Refusal::NotInThisState);
        }
    }
}

#[test]
fn a_move_in_exists_for_four_types_of_project_alone() {
    let by = BY_CEDAR;
    for project in ProjectType::ALL {
        let past = [matched(project), offered(), accepted(), admitted(project, 8)];
        let outcome = given::<Placement>(past).when(Command::MoveIn { by, when: on(9) });
        if project.is_permanent() {
            let event = Event::MovedIn { on: may(9), zone: zone(), project, unit: None };
            outcome.then([event]);
        } else {
            outcome.refused(Refusal::NoMoveIn);
        }
    }
}

#[test]
fn entry_comes_before_move_in_and_move_in_before_exit() {
    let by = BY_CEDAR;
    let exit = |day| Command::Exit { by, when: on(day), destination: rental() };
    given::<Placement>(up_to(3)).when(Command::MoveIn { by, when: on(7) }).refused(Refusal::BeforeEntry);
    given::<Placement>(up_to(3)).when(exit(7)).refused(Refusal::ExitTooEarly);
    given::<Placement>(up_to(3)).when(exit(8)).then([exited(8)]);
    given::<Placement>(up_to(4)).when(exit(9)).refused(Refusal::ExitTooEarly);
    given::<Placement>(up_to(4)).when(exit(10)).then([exited(10)]);
}

#[test]
fn a_request_tells_of_the_last_fourteen_days_in_the_groups_zone() {
    let by = BY_CEDAR;
    let admit = |when| Command::Admit { by, when };
    given::<Placement>(up_to(2)).when(admit(today())).then([admitted(RapidRehousing, 20)]);
    given::<Placement>(up_to(2)).when(admit(on(21))).refused(Refusal::Ahead);
    given::<Placement>(up_to(2)).when(admit(on(6))).then([admitted(RapidRehousing, 6)]);
    given::<Placement>(up_to(2)).when(admit(on(5))).refused(Refusal::LongAgo);
}

#[test]
fn it_is_the_persons_home_from_move_in_to_exit() {
    use kernel::Decider;
    let home = |step| Placement::fold(&up_to(step)).home();
    assert_eq!([0, 1, 2, 3].map(home), [None; 4]);
    assert_eq!(home(4), Some((CEDAR, ANA)));
    assert_eq!(home(5), None);
}

#[test]
fn a_match_made_twice_is_one_and_a_taken_id_is_refused() {
    let facts = of_ana(EmergencyShelterEntryExit);
    let ask = |by, facts| Command::Match { by, facts, unit: None, at: at() };
    given::<Placement>([]).when(ask(BY_CEDAR, facts.clone())).then([matched(EmergencyShelterEntryExit)]);
    given::<Placement>([]).when(ask(By::System, facts.clone())).then([matched(EmergencyShelterEntryExit)]);
    given::<Placement>([]).when(ask(BY_HARBOR, facts.clone())).refused(Refusal::NotFound);
    let renamed = Facts { group_name: "Cedar Lodge".into(), ..facts.clone() };
    given::<Placement>(up_to(3)).when(ask(By::System, of_ana(RapidRehousing))).nothing();
    given::<Placement>([matched(EmergencyShelterEntryExit)]).when(ask(BY_CEDAR, renamed)).nothing();
    let bens = Facts { person: BEN, ..facts };
    given::<Placement>([matched(EmergencyShelterEntryExit)])
        .when(ask(BY_CEDAR, bens))
        .refused(Refusal::AlreadyExists);
}

#[test]
fn a_placement_never_meant_is_gone_for_every_other_command() {
    let by = BY_CEDAR;
    let error = || Event::EnteredInError { id: OF_ANA, person: ANA, referral: None };
    for step in 0..=5 {
        given::<Placement>(up_to(step)).when(Command::MarkEnteredInError { by }).then([error()]);
        given::<Placement>(up_to(step))
            .when(Command::MarkEnteredInError { by: BY_HARBOR })
            .refused(Refusal::NotFound);
        let gone = || up_to(step).into_iter().chain([error()]);
        given::<Placement>(gone()).when(Command::MarkEnteredInError { by }).nothing();
        for (_, command, _) in way(BY_CEDAR) {
            given::<Placement>(gone()).when(command).refused(Refusal::NotFound);
        }
    }
}

#[test]
fn it_names_the_items_of_the_plan_that_it_carries_out_at_any_step() {
    let items = || vec![PlanItemId::of(70), PlanItemId::of(71)];
    let name = |by, items| Command::NamePlan { by, at: at(), items };
    let named = |items| Event::PlanNamed { at: at(), items };
    for step in 0..=5 {
        given::<Placement>(up_to(step)).when(name(BY_CEDAR, items())).then([named(items())]);
    }
    let mut past = up_to(1);
    past.push(named(items()));
    given::<Placement>(past.clone()).when(name(BY_CEDAR, items())).nothing();
    given::<Placement>(past).when(name(BY_CEDAR, vec![])).then([named(vec![])]);
    given::<Placement>(up_to(1)).when(name(By::Person(ANA), items())).refused(Refusal::ProviderAlone);
    given::<Placement>(up_to(1)).when(name(By::Person(BEN), items())).refused(Refusal::NotFound);
}

#[test]
fn a_worker_of_the_agency_takes_care_of_it_until_it_ends_and_hands_it_over_while_it_is_theirs() {
    let (olga, paul) = (WorkerId::of(7), WorkerId::of(8));
    let assign = |by, worker, works_for| Command::AssignWorker { by, worker, works_for, at: at() };
    let to = |worker| assign(BY_CEDAR, worker, Some(CEDAR));
    let assigned = |worker, from| Event::WorkerAssigned { worker, from, at: at() };
    for step in 0..=4 {
        given::<Placement>(up_to(step)).when(to(Some(olga))).then([assigned(Some(olga), None)]);
    }
    given::<Placement>(up_to(5)).when(to(Some(olga))).refused(Refusal::NotInThisState);
    let olgas = || up_to(1).into_iter().chain([assigned(Some(olga), None)]);
    given::<Placement>(olgas()).when(to(Some(olga))).nothing();
    given::<Placement>(olgas()).when(assign(BY_CEDAR, None, None)).then([assigned(None, None)]);
    for works_for in [None, Some(HARBOR)] {
        let stranger = assign(BY_CEDAR, Some(paul), works_for);
        given::<Placement>(olgas()).when(stranger).refused(Refusal::WorkerNotOfAgency);
    }
    let person = assign(By::Person(ANA), Some(olga), Some(CEDAR));
    given::<Placement>(up_to(1)).when(person).refused(Refusal::ProviderAlone);
    given::<Placement>(up_to(1)).when(assign(BY_HARBOR, Some(olga), Some(HARBOR))).refused(Refusal::NotFound);

    let hand_over = |from| Command::HandOver { from, to: paul, at: at() };
    given::<Placement>(olgas()).when(hand_over(olga)).then([assigned(Some(paul), Some(olga))]);
    given::<Placement>(olgas()).when(hand_over(WorkerId::of(9))).nothing();
    given::<Placement>(up_to(1)).when(hand_over(olga)).nothing();
    let mut ended = up_to(5);
    ended.insert(1, assigned(Some(olga), None));
    given::<Placement>(ended).when(hand_over(olga)).nothing();
    given::<Placement>([]).when(hand_over(olga)).nothing();
}
