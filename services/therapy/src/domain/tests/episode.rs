//! Given, when, then for episodes.

use kernel::given;

use super::*;
use crate::domain::episode::{Closing, Command, Episode, Event, Refusal, Serves};

fn open(by: By) -> Command {
    Command::Open { by, facts: facts(), practitioner: None, at: on("2026-03-02T09:00:00Z") }
}
fn opened() -> Event {
    Event::Opened { facts: facts(), practitioner: None, at: on("2026-03-02T09:00:00Z") }
}
fn started() -> Event {
    Event::Started { about: facts().about(), appointment: FIRST }
}
fn closed(started: bool) -> Event {
    Event::Closed {
        about: facts().about(),
        at: on("2026-06-01T09:00:00Z"),
        reason: Closing::Completed,
        started,
    }
}
fn close(by: By, at: &str) -> Command {
    Command::Close { by, at: on(at), reason: Closing::Completed }
}
fn in_error() -> Event {
    Event::EnteredInError { about: facts().about() }
}

#[test]
fn an_agency_opens_its_own_and_the_system_opens_for_a_referral() {
    given::<Episode>([]).when(open(BY_CLINIC)).then([opened()]);
    given::<Episode>([]).when(open(By::System)).then([opened()]);
    given::<Episode>([]).when(open(BY_SHELTER)).refused(Refusal::NotFound);
    given::<Episode>([]).when(open(By::Person(ANA))).refused(Refusal::NotFound);
}

#[test]
fn opening_again_is_nothing_whatever_became_of_it() {
    given::<Episode>([opened()]).when(open(By::System)).nothing();
    given::<Episode>([opened(), started(), closed(true)]).when(open(By::System)).nothing();
    let other = Facts { goal: None, ..facts() };
    let differing =
        Command::Open { by: BY_CLINIC, facts: other, practitioner: None, at: on("2026-03-02T09:00:00Z") };
    given::<Episode>([opened()]).when(differing).refused(Refusal::AlreadyExists);
    given::<Episode>([opened(), in_error()]).when(open(By::System)).refused(Refusal::AlreadyExists);
}

#[test]
fn somebody_is_assigned_while_it_goes_on() {
    let assign = |by| Command::Assign { by, practitioner: DR_OLIVE };
    let assigned = Event::Assigned { about: facts().about(), practitioner: DR_OLIVE, from: None };
    given::<Episode>([opened()]).when(assign(BY_CLINIC)).then([assigned.clone()]);
    given::<Episode>([opened(), started()]).when(assign(BY_CLINIC)).then([assigned.clone()]);
    given::<Episode>([opened(), assigned]).when(assign(BY_CLINIC)).nothing();
    given::<Episode>([opened(), closed(false)]).when(assign(BY_CLINIC)).refused(Refusal::Closed);
    given::<Episode>([opened()]).when(assign(BY_SHELTER)).refused(Refusal::NotFound);
    given::<Episode>([]).when(assign(BY_CLINIC)).refused(Refusal::NotFound);
    given::<Episode>([opened(), in_error()]).when(assign(BY_CLINIC)).refused(Refusal::NotFound);
}

#[test]
fn it_is_handed_over_while_it_goes_on_and_is_theirs_who_hands_it_over() {
    let (olives, other) = (DR_OLIVE, kernel::WorkerId::of(98));
    let hand_over = |from| Command::HandOver { from, to: other };
    let treats = |practitioner, from| Event::Assigned { about: facts().about(), practitioner, from };
    let theirs = || vec![opened(), treats(olives, None)];
    let over = treats(other, Some(olives));
    given::<Episode>(theirs()).when(hand_over(olives)).then([over.clone()]);
    given::<Episode>(theirs()).when(hand_over(kernel::WorkerId::of(99))).nothing();
    given::<Episode>(theirs().into_iter().chain([over])).when(hand_over(olives)).nothing();
    given::<Episode>(theirs().into_iter().chain([closed(false)])).when(hand_over(olives)).nothing();
    given::<Episode>([]).when(hand_over(olives)).nothing();
}

#[test]
fn the_first_attended_session_starts_it_once() {
    let attend = |appointment| Command::Attend { appointment };
    given::<Episode>([opened()]).when(attend(FIRST)).then([started()]);
    given::<Episode>([opened(), started()]).when(attend(SECOND)).nothing();
    given::<Episode>([opened(), closed(false)]).when(attend(FIRST)).nothing();
    given::<Episode>([]).when(attend(FIRST)).nothing();
}

#[test]
fn it_closes_once_and_says_whether_it_had_started() {
    given::<Episode>([opened()]).when(close(BY_CLINIC, "2026-06-01T09:00:00Z")).then([closed(false)]);
    given::<Episode>([opened(), started()])
        .when(close(BY_CLINIC, "2026-06-01T09:00:00Z"))
        .then([closed(true)]);
    given::<Episode>([opened(), closed(false)]).when(close(BY_CLINIC, "2026-07-01T09:00:00Z")).nothing();
    let otherwise = Command::Close { by: BY_CLINIC, at: on("2026-07-01T09:00:00Z"), reason: Closing::Moved };
    given::<Episode>([opened(), closed(false)]).when(otherwise).refused(Refusal::Closed);
}

#[test]
fn it_cannot_close_before_it_was_opened_nor_by_another() {
    given::<Episode>([opened()])
        .when(close(BY_CLINIC, "2026-03-01T09:00:00Z"))
        .refused(Refusal::ClosesBeforeItOpened);
    given::<Episode>([opened()]).when(close(BY_SHELTER, "2026-06-01T09:00:00Z")).refused(Refusal::NotFound);
    given::<Episode>([]).when(close(BY_CLINIC, "2026-06-01T09:00:00Z")).refused(Refusal::NotFound);
}

#[test]
fn it_can_turn_out_never_to_have_been_meant() {
    let mark = |by| Command::MarkEnteredInError { by };
    given::<Episode>([opened()]).when(mark(BY_CLINIC)).then([in_error()]);
    given::<Episode>([opened(), closed(false)]).when(mark(BY_CLINIC)).then([in_error()]);
    given::<Episode>([opened(), in_error()]).when(mark(BY_CLINIC)).nothing();
    given::<Episode>([opened(), in_error()]).when(mark(BY_SHELTER)).refused(Refusal::NotFound);
    given::<Episode>([opened()]).when(mark(BY_SHELTER)).refused(Refusal::NotFound);
    given::<Episode>([]).when(mark(BY_CLINIC)).refused(Refusal::NotFound);
}

#[test]
fn what_it_serves_is_named_at_any_time_and_opening_it_again_is_nothing_still() {
    let other = || Serves { goal: None, plan_items: vec![PlanItemId::of(53)] };
    let as_opened = || Serves { goal: facts().goal, plan_items: facts().plan_items };
    let name = |by, serves| Command::NamePlan { by, serves };
    let named = |serves| Event::PlanNamed { about: facts().about(), serves };
    given::<Episode>([opened()]).when(name(BY_CLINIC, as_opened())).nothing();
    given::<Episode>([opened()]).when(name(BY_CLINIC, other())).then([named(other())]);
    let closed_since = [opened(), started(), closed(true)];
    given::<Episode>(closed_since).when(name(BY_CLINIC, other())).then([named(other())]);
    given::<Episode>([opened(), named(other())]).when(name(BY_CLINIC, other())).nothing();
    given::<Episode>([opened(), named(other())])
        .when(name(BY_CLINIC, as_opened()))
        .then([named(as_opened())]);
    given::<Episode>([opened(), named(other())]).when(open(By::System)).nothing();
    given::<Episode>([opened()]).when(name(BY_SHELTER, other())).refused(Refusal::NotFound);
    given::<Episode>([opened(), in_error()]).when(name(BY_CLINIC, other())).refused(Refusal::NotFound);
}
