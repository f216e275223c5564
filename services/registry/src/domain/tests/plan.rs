//! The living plan.

use kernel::skill::{Approach, Stance};
use kernel::{By, Day, Voice, given};

use super::{ANA, ANA_HERSELF, CLINIC, THE_CLINIC, THE_SHELTER};
use crate::domain::goal::Standing;
use crate::domain::plan::{Command, Content, Event, Item, Plan, Refusal};
use crate::domain::{GoalId, PlanItemId};

const ITEM: PlanItemId = PlanItemId::of(70);

fn day(day: i8) -> Day {
    Day::constant(2026, 3, day)
}

fn content() -> Content {
    Content {
        goal: GoalId::of(50),
        practice: "ips".into(),
        approach: Some(Approach { skills: vec!["job-search".into()], stance: Stance::BuildIndependence }),
        worker: None,
        agency: CLINIC,
        from: day(2),
        until: None,
        review_on: day(30),
    }
}

fn add(by: By, voice: Voice, content: Content, goal: Standing) -> Command {
    Command::Add { by, voice, person: ANA, id: ITEM, content, goal }
}

fn added(agreed: bool) -> Event {
    Event::ItemAdded {
        person: ANA,
        id: ITEM,
        item: Item { added_by: Some(CLINIC), content: content(), agreed },
    }
}

#[test]
fn an_item_is_agreed_only_in_the_persons_voice() {
    let ask = |voice| add(THE_CLINIC, voice, content(), Standing::Open);
    given::<Plan>([]).when(ask(Voice::Person)).then([added(true)]);
    given::<Plan>([]).when(ask(Voice::Staff)).then([added(false)]);
}

#[test]
fn an_item_serves_an_open_goal_of_the_person() {
    let ask = |goal| add(THE_CLINIC, Voice::Person, content(), goal);
    given::<Plan>([]).when(ask(Standing::Closed)).refused(Refusal::GoalClosed);
    given::<Plan>([]).when(ask(Standing::Unknown)).refused(Refusal::GoalNotFound);
    given::<Plan>([added(true)]).when(ask(Standing::Open)).refused(Refusal::AlreadyExists);
    let backward = Content { until: Some(day(1)), ..content() };
    given::<Plan>([])
        .when(add(THE_CLINIC, Voice::Person, backward, Standing::Open))
        .refused(Refusal::EndsBeforeItBegins);
}

#[test]
fn an_item_ends_once_and_not_before_it_began() {
    let end = |by, voice, until| Command::End { by, voice, id: ITEM, until };
    let ended = |until, agreed| Event::ItemEnded { id: ITEM, until, agreed };
    let one = || given::<Plan>([added(true)]);
    one().when(end(THE_CLINIC, Voice::Staff, day(9))).then([ended(day(9), false)]);
    one().when(end(ANA_HERSELF, Voice::Person, day(9))).then([ended(day(9), true)]);
    one().when(end(THE_CLINIC, Voice::Staff, day(1))).refused(Refusal::EndsBeforeItBegins);
    one().when(end(THE_SHELTER, Voice::Staff, day(9))).refused(Refusal::NotFound);
    given::<Plan>([]).when(end(THE_CLINIC, Voice::Staff, day(9))).refused(Refusal::NotFound);
    let over = || given::<Plan>([added(true), ended(day(9), false)]);
    over().when(end(THE_CLINIC, Voice::Staff, day(9))).nothing();
    over().when(end(THE_CLINIC, Voice::Staff, day(12))).refused(Refusal::Ended);
    over().when(end(THE_CLINIC, Voice::Staff, day(5))).then([ended(day(5), false)]);
}
