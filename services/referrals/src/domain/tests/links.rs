//! One referral after another: again, elsewhere, in parts, and of a household.

use kernel::{Decider, given};

use super::*;
use crate::domain::offer;
use crate::domain::referral::{Follows, Refusal};

const NEXT: ReferralId = ReferralId::of(31);
const PARTS: [ReferralId; 3] = [ReferralId::of(41), ReferralId::of(42), ReferralId::of(43)];

fn following(how: Origin, old: Vec<Event>) -> Ask {
    Ask { follows: Some(Follows { how, old: Referral::fold(&old) }), ..ask() }
}

fn draft(by: By, ask: Ask) -> Command {
    Command::Draft { id: NEXT, by, at: noon(), ask: Box::new(ask) }
}

fn rejected() -> Vec<Event> {
    let text = Private::plain("in words");
    then(requested(), [Event::Rejected { reason: ClosingReason::NoCapacity, criterion: None, text }])
}

fn cancelled() -> Vec<Event> {
    then(requested(), [Event::Cancelled { reason: ClosingReason::Moved, ended_early: false }])
}

#[track_caller]
fn drafts(how: Origin, old: Vec<Event>, who: By) {
    let requester = match who {
        By::Agency(agency) => Some(agency),
        By::Person(_) | By::System => None,
    };
    let new = Facts { id: NEXT, requester, origin: how, ..facts() };
    given::<Referral>([]).when(draft(who, following(how, old))).then([Event::Drafted(new)]);
}

#[track_caller]
fn refuses(how: Origin, old: Vec<Event>, who: By, refusal: Refusal) {
    given::<Referral>([]).when(draft(who, following(how, old))).refused(refusal);
}

#[test]
fn a_rejected_one_is_referred_again_by_who_made_it() {
    let again = Origin::ReRefers(THIS);
    drafts(again, rejected(), by(SHELTER));
    refuses(again, rejected(), by(CLINIC), Refusal::MadeByAnother);
    refuses(again, rejected(), by(STRANGER), Refusal::NotFound);
    for other in [requested(), cancelled()] {
        refuses(again, other, by(SHELTER), Refusal::NotInThisState);
    }
    refuses(again, drafted(), by(SHELTER), Refusal::NotInThisState);
    refuses(again, vec![], by(SHELTER), Refusal::NotFound);
}

#[test]
fn a_closed_one_is_opened_again_by_a_new_one_and_a_rejected_one_is_not() {
    let reopens = Origin::Reopens(THIS);
    for who in [by(SHELTER), By::Person(ANA)] {
        drafts(reopens, cancelled(), who);
        drafts(reopens, then(requested(), [accepted(), completed(Outcome::Enrolled)]), who);
    }
    refuses(reopens, cancelled(), by(CLINIC), Refusal::MadeByAnother);
    refuses(reopens, rejected(), by(SHELTER), Refusal::NotInThisState);
    refuses(reopens, requested(), by(SHELTER), Refusal::NotInThisState);
    let old = Referral::fold(&cancelled());
    let offer = offer::State::Published { agency: CLINIC, content: content(), capacity: None, told: None };
    let asking = Ask::again(&facts(), reopens, &old, &offer);
    assert_eq!((asking.need, asking.offer, asking.content), (facts().need, OFFER, Some(content())));
}

#[test]
fn what_a_part_2_programme_told_stays_under_it_whomever_it_is_told_to_next() {
    let programmes = Facts { part2: true, ..facts() };
    let offer = offer::State::Published { agency: CLINIC, content: content(), capacity: None, told: None };
    let old = Referral::fold(&cancelled());
    for next in [
        Ask::again(&programmes, Origin::Reopens(THIS), &old, &offer),
        Ask::part(&programmes, &old, OfferId::of(21), &offer),
        Ask::again(&facts(), Origin::Reopens(THIS), &old, &offer).by_programme(true),
    ] {
        assert!(next.content.unwrap().part2);
    }
    assert!(!Ask::part(&facts(), &old, OfferId::of(21), &offer).content.unwrap().part2);
}

#[test]
fn a_new_one_follows_one_about_the_same_person_alone() {
    let other = Ask { person: PersonId::of(11), ..following(Origin::ReRefers(THIS), rejected()) };
    given::<Referral>([]).when(draft(by(SHELTER), other)).refused(Refusal::AnotherPerson);
}

#[test]
fn an_open_one_is_transferred_by_a_new_one_and_ends_once_that_is_accepted() {
    let transfers = Origin::Transfers(THIS);
    for who in [by(SHELTER), by(CLINIC), By::Person(ANA)] {
        drafts(transfers, requested(), who);
    }
    refuses(transfers, cancelled(), by(SHELTER), Refusal::NotInThisState);
    let followed = Event::FollowedBy { how: Followed::Transferring, referral: NEXT };
    given::<Referral>(requested())
        .when(Command::Follow { how: Followed::Transferring, referral: NEXT })
        .then([followed.clone()]);
    let moving =
        |more: Vec<Event>| then(then(requested(), [accepted()]), [followed.clone()].into_iter().chain(more));
    given::<Referral>(moving(vec![]))
        .when(Command::Follow { how: Followed::Transferring, referral: NEXT })
        .nothing();
    let ends = |ended_early| {
        let reason = ClosingReason::NeedsMetElsewhere;
        [Event::StatusSet(BusinessStatus::ReferredElsewhere), Event::Cancelled { reason, ended_early }]
    };
    given::<Referral>(moving(vec![])).when(Command::Transfer { to: NEXT }).then(ends(false));
    given::<Referral>(moving(vec![Event::Started { at: noon() }]))
        .when(Command::Transfer { to: NEXT })
        .then(ends(true));
    given::<Referral>(moving(vec![])).when(Command::Transfer { to: ReferralId::of(77) }).nothing();
    given::<Referral>(moving(vec![completed(Outcome::Enrolled)]))
        .when(Command::Transfer { to: NEXT })
        .nothing();
}

#[test]
fn the_parts_of_one_that_was_never_meant_are_still_known() {
    let whole = then(split(Rule::All, &[ended(0, DONE)]), [Event::EnteredInError]);
    assert_eq!(Referral::fold(&whole).open_parts(), PARTS[1..]);
}

#[test]
fn a_part_is_not_transferred_its_whole_would_end_without_it() {
    let part = Facts { origin: Origin::PartOf(ReferralId::of(77)), ..facts() };
    let old = vec![Event::Drafted(part), sent(), accepted()];
    refuses(Origin::Transfers(THIS), old, by(CLINIC), Refusal::NotInThisState);
}

#[test]
fn any_party_asks_for_a_transfer_of_an_open_one_once() {
    let wish = |by| Command::AskTransfer { by, text: Private::plain("too far away") };
    let asked = Event::TransferAsked { text: Private::plain("too far away") };
    for who in [by(SHELTER), by(CLINIC), By::Person(ANA)] {
        given::<Referral>(requested()).when(wish(who)).then([asked.clone()]);
        given::<Referral>(then(requested(), [asked.clone()])).when(wish(who)).nothing();
        given::<Referral>(cancelled()).when(wish(who)).refused(Refusal::NotInThisState);
    }
}

fn completed(outcome: Outcome) -> Event {
    Event::Completed { outcome }
}

fn split(rule: Rule, ended: &[Event]) -> Vec<Event> {
    let event = Event::Split { rule, parts: PARTS.to_vec() };
    then(requested(), [accepted(), event].into_iter().chain(ended.to_vec()))
}

fn ended(part: usize, end: PartEnd) -> Event {
    Event::PartEnded { part: PARTS[part], end }
}

fn end(part: usize, end: PartEnd) -> Command {
    Command::EndPart { part: PARTS[part], end }
}

const DONE: PartEnd = PartEnd::Completed(Outcome::ServiceGiven);
const ENROLLED: PartEnd = PartEnd::Completed(Outcome::Enrolled);
const MOVED: PartEnd = PartEnd::Closed(ClosingReason::Moved);
const FULL: PartEnd = PartEnd::Closed(ClosingReason::NoCapacity);

#[test]
fn what_was_accepted_is_passed_to_several_once_and_is_in_progress_meanwhile() {
    let pass = |by| Command::Split { by, rule: Rule::Any, parts: PARTS.to_vec() };
    let passed = Event::Split { rule: Rule::Any, parts: PARTS.to_vec() };
    given::<Referral>(then(requested(), [accepted()])).when(pass(by(CLINIC))).then([passed]);
    given::<Referral>(requested()).when(pass(by(CLINIC))).refused(Refusal::NotInThisState);
    given::<Referral>(split(Rule::Any, &[])).when(pass(by(CLINIC))).refused(Refusal::AlreadySplit);
    given::<Referral>(then(requested(), [accepted()]))
        .when(pass(by(SHELTER)))
        .refused(Refusal::SentToAnother);
    match Referral::fold(&split(Rule::Any, &[])) {
        State::Made { situation, beside, .. } => {
            assert_eq!((situation, beside.started), (Situation::InProgress, false));
        }
        other @ (State::Unmade | State::Told(_) | State::InError { .. }) => panic!("{other:?}"),
    }
    let whole = Referral::fold(&then(requested(), [accepted()]));
    let offer = offer::State::Published { agency: STRANGER, content: content(), capacity: None, told: None };
    let asking = Ask::part(&facts(), &whole, OfferId::of(21), &offer);
    let part = Facts {
        id: PARTS[0],
        requester: Some(CLINIC),
        target: STRANGER,
        offer: OfferId::of(21),
        origin: Origin::PartOf(THIS),
        ..facts()
    };
    given::<Referral>([])
        .when(Command::Draft { id: PARTS[0], by: by(CLINIC), at: noon(), ask: Box::new(asking) })
        .then([Event::Drafted(part)]);
}

#[test]
fn by_any_the_first_part_that_completes_completes_the_whole_and_it_fails_when_none_does() {
    given::<Referral>(split(Rule::Any, &[]))
        .when(end(1, DONE))
        .then([ended(1, DONE), completed(Outcome::ServiceGiven)]);
    given::<Referral>(split(Rule::Any, &[])).when(end(0, FULL)).then([ended(0, FULL)]);
    let two = [ended(0, FULL), ended(1, MOVED)];
    let failed = Event::Failed { reason: ClosingReason::NoCapacity, ended_early: false };
    given::<Referral>(split(Rule::Any, &two)).when(end(2, FULL)).then([ended(2, FULL), failed]);
    given::<Referral>(split(Rule::Any, &two)).when(end(1, DONE)).nothing();
    let done = then(split(Rule::Any, &[ended(0, DONE)]), [completed(Outcome::ServiceGiven)]);
    given::<Referral>(done).when(end(1, MOVED)).nothing();
}

#[test]
fn by_all_the_whole_completes_when_every_part_is_closed_and_one_completed_else_it_fails() {
    given::<Referral>(split(Rule::All, &[])).when(end(0, ENROLLED)).then([ended(0, ENROLLED)]);
    let two = [ended(0, ENROLLED), ended(1, DONE)];
    given::<Referral>(split(Rule::All, &two))
        .when(end(2, MOVED))
        .then([ended(2, MOVED), completed(Outcome::ServiceGiven)]);
    let none = [ended(0, FULL), ended(1, FULL)];
    given::<Referral>(split(Rule::All, &none))
        .when(end(2, MOVED))
        .then([ended(2, MOVED), Event::Failed { reason: ClosingReason::Moved, ended_early: false }]);
    given::<Referral>(split(Rule::All, &none))
        .when(end(2, ENROLLED))
        .then([ended(2, ENROLLED), completed(Outcome::Enrolled)]);
    let other = Command::EndPart { part: THIS, end: DONE };
    given::<Referral>(split(Rule::All, &none)).when(other).nothing();
}

#[test]
fn when_the_whole_closes_an_open_part_is_called_off_and_an_unsent_one_is_as_never_meant() {
    let reason = ClosingReason::NeedsMetElsewhere;
    let whole_closed = || Command::EndWithWhole { reason };
    given::<Referral>(drafted()).when(whole_closed()).then([Event::EnteredInError]);
    given::<Referral>(requested())
        .when(whole_closed())
        .then([Event::Cancelled { reason, ended_early: false }]);
    given::<Referral>(then(requested(), [accepted(), Event::Started { at: noon() }]))
        .when(whole_closed())
        .then([Event::Cancelled { reason, ended_early: true }]);
    given::<Referral>(cancelled()).when(whole_closed()).nothing();
    given::<Referral>([]).when(whole_closed()).nothing();
}

#[test]
fn each_member_of_a_household_has_a_referral_that_names_the_first_one() {
    let household = Household::Head { members: vec![PersonId::of(11)] };
    let head = Ask { household: household.clone(), ..ask() };
    given::<Referral>([])
        .when(Command::Draft { id: THIS, by: by(SHELTER), at: noon(), ask: Box::new(head) })
        .then([Event::Drafted(Facts { household, ..facts() })]);
    let household = Household::Member { head: THIS };
    let member = Ask { person: PersonId::of(11), household: household.clone(), ..ask() };
    given::<Referral>([]).when(draft(by(SHELTER), member)).then([Event::Drafted(Facts {
        id: NEXT,
        person: PersonId::of(11),
        household,
        ..facts()
    })]);
}

#[test]
fn the_acceptance_of_a_households_member_names_the_first_ones_referral_and_no_other_does() {
    let drafted_as = |household| [Event::Drafted(Facts { household, ..facts() }), sent()];
    let head = Household::Head { members: vec![PersonId::of(11)] };
    for (household, names) in
        [(Household::Member { head: NEXT }, Some(NEXT)), (head, None), (Household::Alone, None)]
    {
        let mut expected = accepted();
        if let Event::Accepted { household_head, .. } = &mut expected {
            *household_head = names;
        }
        let accept = Command::Accept { by: by(CLINIC), when: now(), pace: usual() };
        given::<Referral>(drafted_as(household)).when(accept).then([expected]);
    }
}
