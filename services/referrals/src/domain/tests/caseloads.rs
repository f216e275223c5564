//! Who takes care of what, and how a caseload changes hands.

use kernel::{Decider, Occurred, given};

use super::participations::{going_on, over};
use super::*;
use crate::domain::ParticipationId;
use crate::domain::caseload::{
    self, Caseload, HandOver, HandedOver, MOST, Moves, Reason, WorkFor, hand_over,
};
use crate::domain::participation::{self, Participation};

const OLGA: WorkerId = WorkerId::of(7);
const PAUL: WorkerId = WorkerId::of(8);
/// Both work for the clinic.
const BOTH: WorkFor = WorkFor { from: Some(CLINIC), to: Some(CLINIC) };

fn assigned(worker: Option<WorkerId>, from: Option<WorkerId>) -> Event {
    Event::Assigned { worker, from, at: Occurred::instant(noon()) }
}

fn assign(by: By, to: Assignment) -> Command {
    Command::Assign { by, to }
}

#[test]
fn the_target_says_which_of_its_workers_takes_care_of_an_open_referral() {
    let says = |to| assign(by(CLINIC), to);
    given::<Referral>(requested()).when(says(to(Some(OLGA), CLINIC))).then([assigned(Some(OLGA), None)]);
    let olgas = || then(requested(), [assigned(Some(OLGA), None)]);
    given::<Referral>(olgas()).when(says(to(Some(OLGA), CLINIC))).nothing();
    given::<Referral>(olgas()).when(says(to(Some(PAUL), CLINIC))).then([assigned(Some(PAUL), None)]);
    given::<Referral>(olgas()).when(says(to(None, CLINIC))).then([assigned(None, None)]);
    for stranger in [to(Some(OLGA), SHELTER), Assignment { works_for: None, ..to(Some(OLGA), CLINIC) }] {
        given::<Referral>(requested()).when(says(stranger)).refused(referral::Refusal::WorkerNotOfAgency);
    }
    let closed = then(olgas(), [Event::Cancelled { reason: ClosingReason::Moved, ended_early: false }]);
    given::<Referral>(closed).when(says(to(Some(PAUL), CLINIC))).refused(referral::Refusal::NotInThisState);
    given::<Referral>(requested())
        .when(assign(by(SHELTER), to(Some(OLGA), SHELTER)))
        .refused(referral::Refusal::SentToAnother);
}

#[test]
fn the_agency_says_which_of_its_workers_takes_care_of_a_participation_that_goes_on() {
    let says = |to| participation::Command::Assign { by: by(CLINIC), to };
    let moved = participation::Event::Assigned {
        id: ParticipationId::of(40),
        person: ANA,
        part2: false,
        worker: Some(OLGA),
        from: None,
        at: Occurred::instant(noon()),
    };
    given::<Participation>(going_on()).when(says(to(Some(OLGA), CLINIC))).then([moved.clone()]);
    let olgas = || going_on().into_iter().chain([moved.clone()]);
    given::<Participation>(olgas()).when(says(to(Some(OLGA), CLINIC))).nothing();
    given::<Participation>(going_on())
        .when(says(to(Some(OLGA), SHELTER)))
        .refused(participation::Refusal::WorkerNotOfAgency);
    given::<Participation>(over()).when(says(to(Some(OLGA), CLINIC))).refused(participation::Refusal::Ended);
    let others = participation::Command::Assign { by: by(SHELTER), to: to(Some(OLGA), SHELTER) };
    given::<Participation>(going_on()).when(others).refused(participation::Refusal::NotFound);
}

fn olga_to_paul() -> HandOver {
    let at = Occurred::instant(noon());
    HandOver { agency: CLINIC, from: OLGA, to: PAUL, reason: Reason::Leaves, at }
}

fn state(past: Vec<Event>) -> State {
    past.iter().fold(State::default(), Referral::evolve)
}

fn olgas() -> State {
    state(then(requested(), [assigned(Some(OLGA), None)]))
}

fn part(past: Vec<participation::Event>) -> participation::State {
    past.iter().fold(participation::State::default(), Participation::evolve)
}

fn hands(
    who: HandOver,
    referrals: &[State],
    parts: &[participation::State],
) -> Result<Moves, caseload::Refusal> {
    let referrals: Vec<_> = referrals.iter().map(|state| (THIS, state)).collect();
    let parts: Vec<_> = parts.iter().map(|state| (ParticipationId::of(40), state)).collect();
    hand_over(&caseload::State::Unmade, who, BOTH, &referrals, &parts)
}

#[test]
fn everything_open_that_one_takes_care_of_goes_to_the_other_and_nothing_else_does() {
    let closing = Event::Cancelled { reason: ClosingReason::Moved, ended_early: false };
    let closed = state(then(requested(), [assigned(Some(OLGA), None), closing]));
    let pauls = state(then(requested(), [assigned(Some(PAUL), None)]));
    let mine = participation::Event::Assigned {
        id: ParticipationId::of(40),
        person: ANA,
        part2: false,
        worker: Some(OLGA),
        from: None,
        at: Occurred::instant(noon()),
    };
    let parts = [part(going_on().into_iter().chain([mine]).collect()), part(going_on()), part(over())];
    let moves = hands(olga_to_paul(), &[olgas(), closed, pauls, state(requested())], &parts).unwrap();
    let expected: [Vec<Event>; 4] = [vec![assigned(Some(PAUL), Some(OLGA))], vec![], vec![], vec![]];
    assert_eq!(moves.referrals, expected);
    assert_eq!(moves.participations.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0, 0]);
    let [made] = &moves.caseload[..] else { panic!("one hand-over") };
    assert_eq!((made.referrals.as_slice(), made.participations.len()), (&[THIS][..], 1));
    assert_eq!(made.who, olga_to_paul());
}

#[test]
fn a_referral_whose_consent_has_lapsed_is_handed_over_too() {
    let lapsed = Event::ConsentLapsed { directive: "consent-1".into(), at: noon() };
    let resting = state(then(requested(), [assigned(Some(OLGA), None), lapsed]));
    assert_eq!(hands(olga_to_paul(), &[resting], &[]).unwrap().caseload[0].referrals, [THIS]);
}

#[test]
fn a_caseload_goes_to_another_worker_of_the_agency_whole_or_not_at_all() {
    use caseload::Refusal;
    let refused = |who, referrals: &[State]| hands(who, referrals, &[]).unwrap_err();
    let oneself = HandOver { to: OLGA, ..olga_to_paul() };
    assert_eq!(refused(oneself, &[olgas()]), Refusal::SameWorker);
    // What she has elsewhere goes along, so that nothing here is no reason against it; of a stranger nothing can be elsewhere.
    for none in [vec![], vec![state(requested())]] {
        let moves = hands(olga_to_paul(), &none, &[]).unwrap();
        assert_eq!((moves.caseload.len(), moves.caseload[0].referrals.len()), (1, 0));
    }
    for from in [None, Some(SHELTER)] {
        let (stranger, now) = (WorkFor { from, ..BOTH }, caseload::State::Unmade);
        let refused = hand_over(&now, olga_to_paul(), stranger, &[], &[]).unwrap_err();
        assert_eq!(refused, Refusal::NothingAssigned);
        // What the agency has given them all the same is still to be handed over.
        let theirs = olgas();
        assert!(hand_over(&now, olga_to_paul(), stranger, &[(THIS, &theirs)], &[]).is_ok());
    }
    assert_eq!(refused(olga_to_paul(), &vec![olgas(); MOST + 1]), Refusal::TooMany);
    assert_eq!(hands(olga_to_paul(), &vec![olgas(); MOST], &[]).unwrap().referrals.len(), MOST);
    let (now, theirs) = (caseload::State::Unmade, olgas());
    for to in [None, Some(SHELTER)] {
        let refused =
            hand_over(&now, olga_to_paul(), WorkFor { to, ..BOTH }, &[(THIS, &theirs)], &[]).unwrap_err();
        assert_eq!(refused, Refusal::WorkerNotOfAgency);
    }
    let made = HandedOver { who: olga_to_paul(), referrals: vec![THIS], participations: vec![] };
    given::<Caseload>([made.clone()]).when(made).refused(Refusal::AlreadyMade);
}
