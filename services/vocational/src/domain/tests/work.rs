//! A job and its case at once.
//! Invariant: after every sequence the case is employed exactly while a paid job of it runs.

use kernel::Decider;

use super::*;
use crate::domain::GoalId;
use crate::domain::case::{self, Case, Facts, Plan, Stage};
use crate::domain::job::{self, EndReason, Event, Job, Kind, Lead};
use crate::domain::work::{self, Both, End, Refusal};

fn opened() -> case::Event {
    case::Event::Opened {
        facts: Facts {
            id: CASE,
            person: ANA,
            agency: WORKS,
            practice: "ips".into(),
            zero_exclusion: true,
            referral: None,
            offer: None,
            part2: true,
        },
        plan: Plan { goal: Some(GoalId::of(7)), items: vec![] },
        worker: None,
        at: monday(),
    }
}

fn case(events: &[case::Event]) -> case::State {
    Case::fold(&[vec![opened()], events.to_vec()].concat())
}

fn job(kind: Kind, events: &[Event]) -> job::State {
    Job::fold(&[vec![Event::LeadAdded(super::job::facts(kind))], events.to_vec()].concat())
}

fn lead() -> Lead {
    Lead { id: JOB, kind: Kind::Competitive, employer: diner(), title: None }
}

fn discharged() -> case::Event {
    case::Event::Discharged { referral: None, reason: case::DischargeReason::Moved, ended_early: false }
}

fn the_end() -> End {
    End { on: day("2026-05-01"), zone: chicago(), reason: EndReason::LaidOff, satisfied: None }
}

fn employed(state: &case::State) -> bool {
    state.made().unwrap().situation.stage() == Some(Stage::Employed)
}

#[test]
fn a_lead_joins_any_case_that_is_not_closed_and_takes_over_its_goal() {
    let mut facts = super::job::facts(Kind::Competitive);
    facts.goal = Some(GoalId::of(7));
    facts.part2 = true;
    let joined = Both { case: vec![], job: vec![Event::LeadAdded(facts)] };
    let paused = case::Event::Paused { reason: case::PauseReason::Documents, returns: Stage::Referred };
    for past in [vec![], vec![paused]] {
        assert_eq!(work::add_lead(&case(&past), &job::State::Unmade, AGENCY, lead()), Ok(joined.clone()));
    }
    let add = |case: &case::State, by| work::add_lead(case, &job::State::Unmade, by, lead());
    assert_eq!(add(&case(&[discharged()]), AGENCY), Err(Refusal::Case(case::Refusal::Closed)));
    assert_eq!(add(&case(&[]), PERSON), Err(Refusal::Case(case::Refusal::OnlyTheAgency)));
    assert_eq!(add(&case(&[]), STRANGER), Err(Refusal::Case(case::Refusal::NotFound)));
    assert_eq!(add(&case::State::Unmade, AGENCY), Err(Refusal::Case(case::Refusal::NotFound)));
}

#[test]
fn a_paid_job_that_starts_employs_its_case_and_its_end_frees_it() {
    let accepted = job(Kind::Competitive, &[Event::Offered, accepted()]);
    let referred = case(&[]);
    let both = work::start(&referred, &accepted, AGENCY, day("2026-04-01"), chicago()).unwrap();
    assert_eq!(both.case, [case::Event::Employed { job: JOB, at: on("2026-04-01") }]);
    assert_eq!(both.job, [super::job::started(Kind::Competitive)]);

    let (case, job) = (after_case(referred, &both), after_job(accepted, &both));
    assert!(employed(&case));
    let again = work::start(&case, &job, AGENCY, day("2026-04-01"), chicago());
    assert_eq!(again, Ok(Both::default()));

    let both = work::end(&case, &job, AGENCY, the_end()).unwrap();
    assert_eq!(both.case, [case::Event::JobEnded { job: JOB, at: on("2026-05-01"), searching: true }]);
    let (case, job) = (after_case(case, &both), after_job(job, &both));
    assert!(!employed(&case));
    assert_eq!(work::end(&case, &job, AGENCY, the_end()), Ok(Both::default()));
}

#[test]
fn unpaid_work_and_study_leave_the_case_where_it_is() {
    for kind in [Kind::Volunteer, Kind::Education] {
        let accepted = job(kind, &[Event::Offered, accepted()]);
        let both = work::start(&case(&[]), &accepted, AGENCY, day("2026-04-01"), chicago()).unwrap();
        assert_eq!(both, Both { case: vec![], job: vec![super::job::started(kind)] });
        let job = after_job(accepted, &both);
        assert_eq!(work::end(&case(&[]), &job, AGENCY, the_end()).unwrap().case, []);
    }
}

#[test]
fn no_job_starts_in_a_closed_case_until_it_is_taken_up_again() {
    let accepted = job(Kind::Competitive, &[Event::Offered, accepted()]);
    let start = |case: &case::State| work::start(case, &accepted, AGENCY, day("2026-04-01"), chicago());
    assert_eq!(start(&case(&[discharged()])), Err(Refusal::Case(case::Refusal::Closed)));
    let again = case::Event::Reengaged { stage: Stage::Engaged };
    assert!(start(&case(&[discharged(), again])).is_ok());
}

#[test]
fn a_running_job_that_never_was_leaves_its_case_and_a_lead_does_not_touch_it() {
    let running =
        job(Kind::Competitive, &[Event::Offered, accepted(), super::job::started(Kind::Competitive)]);
    let at_work = case(&[case::Event::Employed { job: JOB, at: on("2026-04-01") }]);
    let both = work::mark_entered_in_error(&at_work, &running, AGENCY, tuesday()).unwrap();
    assert_eq!(both.job, [Event::EnteredInError]);
    assert_eq!(both.case, [case::Event::JobEnded { job: JOB, at: tuesday(), searching: true }]);

    let only_a_lead = job(Kind::Competitive, &[]);
    let both = work::mark_entered_in_error(&case(&[]), &only_a_lead, AGENCY, tuesday()).unwrap();
    assert_eq!(both, Both { case: vec![], job: vec![Event::EnteredInError] });
    assert_eq!(
        work::mark_entered_in_error(&case(&[]), &only_a_lead, STRANGER, tuesday()),
        Err(Refusal::Job(job::Refusal::NotFound))
    );
}

#[test]
fn a_refusal_speaks_with_the_voice_of_the_one_that_refused() {
    use kernel::Refusal as _;
    let refusal =
        work::start(&case(&[]), &job::State::Unmade, AGENCY, day("2026-04-01"), chicago()).unwrap_err();
    assert_eq!(refusal.reason(), "JOB_NOT_FOUND");
    assert_eq!(refusal.to_string(), job::Refusal::NotFound.to_string());
}

fn on(text: &str) -> Occurred {
    Occurred::day(day(text), chicago())
}

fn accepted() -> Event {
    Event::Accepted { case: CASE, kind: Kind::Competitive, starts_on: None, terms: None }
}

fn after_case(state: case::State, both: &Both) -> case::State {
    both.case.iter().fold(state, Case::evolve)
}

fn after_job(state: job::State, both: &Both) -> job::State {
    both.job.iter().fold(state, Job::evolve)
}
