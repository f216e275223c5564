//! A case: who may, its way from referral to discharge, pauses, zero exclusion.
//! Invariant: each test names one rule.

use kernel::{By, given};

use super::*;
use crate::domain::case::{
    Case, Command, DischargeReason, Event, Exclusion, Facts, Ground, Opening, PauseReason, Plan, Refusal,
    Stage,
};
use crate::domain::{ContactParty, GoalId, PlanItemId};

fn facts() -> Facts {
    Facts {
        id: CASE,
        person: ANA,
        agency: WORKS,
        practice: kernel::practice::IPS.into(),
        zero_exclusion: true,
        referral: Some(REFERRAL),
        offer: None,
        part2: false,
    }
}

fn opened_with(facts: Facts) -> Event {
    Event::Opened { facts, plan: Plan::default(), worker: None, at: monday() }
}

fn opened() -> Event {
    opened_with(facts())
}

/// A case whose practice may exclude.
fn opened_elsewise() -> Event {
    opened_with(Facts { practice: "vocational-rehabilitation".into(), zero_exclusion: false, ..facts() })
}

fn open(by: By) -> Command {
    let opening = Opening { facts: facts(), plan: Plan::default(), worker: None, at: monday() };
    Command::Open { by, opening: Box::new(opening) }
}

fn engaged() -> Event {
    Event::Engaged { referral: Some(REFERRAL) }
}

fn employed() -> Event {
    Event::Employed { job: JOB, at: tuesday() }
}

fn paused(returns: Stage) -> Event {
    Event::Paused { reason: PauseReason::Documents, returns }
}

fn discharged() -> Event {
    Event::Discharged { referral: Some(REFERRAL), reason: DischargeReason::Moved, ended_early: true }
}

fn transitioned() -> Event {
    Event::Transitioned { referral: Some(REFERRAL) }
}

/// A past that leads to each situation, with its name.
fn situations() -> Vec<(&'static str, Vec<Event>)> {
    vec![
        ("referred", vec![opened()]),
        ("engaged", vec![opened(), engaged()]),
        ("searching", vec![opened(), engaged(), Event::SearchStarted]),
        ("employed", vec![opened(), engaged(), employed()]),
        ("paused", vec![opened(), engaged(), paused(Stage::Engaged)]),
        ("transitioned", vec![opened(), engaged(), employed(), transitioned()]),
        ("discharged", vec![opened(), engaged(), discharged()]),
    ]
}

/// What the command answers in each situation.
#[track_caller]
fn answers(command: &Command, expected: &[(&str, Result<Vec<Event>, Refusal>)]) {
    let situations = situations();
    assert_eq!(situations.len(), expected.len(), "every situation has its answer");
    for ((name, past), (expected_name, answer)) in situations.into_iter().zip(expected) {
        assert_eq!(name, *expected_name);
        assert_eq!(given::<Case>(past).when(command.clone()).outcome(), *answer, "in {name}");
    }
}

#[test]
fn the_agency_that_serves_or_an_accepted_referral_opens_a_case() {
    given::<Case>([]).when(open(AGENCY)).then([opened()]);
    given::<Case>([]).when(open(By::System)).then([opened()]);
    given::<Case>([]).when(open(STRANGER)).refused(Refusal::OnlyTheAgency);
    given::<Case>([]).when(open(PERSON)).refused(Refusal::OnlyTheAgency);
}

#[test]
fn a_case_that_is_open_is_not_opened_again() {
    given::<Case>([opened(), engaged()]).when(open(By::System)).nothing();
    given::<Case>([opened_elsewise()]).when(open(By::System)).refused(Refusal::AlreadyExists);
    given::<Case>([opened(), Event::EnteredInError { referral: None }])
        .when(open(By::System))
        .refused(Refusal::AlreadyExists);
}

/// Every command, as asked by somebody.
fn every_command(by: By) -> Vec<Command> {
    let at = tuesday();
    vec![
        Command::AssignWorker { by, worker: SPECIALIST },
        Command::NamePlan { by, plan: Plan { goal: Some(GoalId::of(1)), items: vec![] } },
        Command::AddContact { by, contact: contact(1, Setting::Office, true), parties: vec![] },
        Command::MarkContactEnteredInError { by, contact: ContactId::of(1) },
        Command::StartSearch { by, at: at.clone() },
        Command::Transition { by, at: at.clone() },
        Command::MarkEnteredInError { by },
        Command::JobStarts { by, job: JOB, at: at.clone() },
        Command::JobEnds { by, job: JOB, at: at.clone() },
        Command::Pause { by, reason: PauseReason::PersonsWish, own_words: true, at: at.clone() },
        Command::Resume { by, at: at.clone() },
        Command::Discharge { by, reason: DischargeReason::PersonsWish, own_words: true, at: at.clone() },
        Command::Reengage { by, at },
    ]
}

#[test]
fn nobody_else_learns_that_a_case_exists() {
    for by in [STRANGER, SOMEBODY] {
        for command in every_command(by) {
            given::<Case>([opened(), engaged()]).when(command).refused(Refusal::NotFound);
        }
    }
    for command in every_command(AGENCY) {
        given::<Case>([]).when(command.clone()).refused(Refusal::NotFound);
    }
}

#[test]
fn the_person_pauses_resumes_ends_and_returns_and_leaves_the_rest_to_the_agency() {
    let refusals: Vec<bool> = every_command(PERSON)
        .into_iter()
        .map(|command| {
            given::<Case>([opened(), engaged()]).when(command).outcome() == Err(Refusal::OnlyTheAgency)
        })
        .collect();
    let theirs = [false; 4];
    assert_eq!(refusals, [[true; 9].as_slice(), &theirs].concat());
    for command in every_command(By::System) {
        given::<Case>([opened(), engaged()]).when(command).refused(Refusal::OnlyTheAgency);
    }
}

#[test]
fn the_first_face_to_face_contact_engages_a_referred_case() {
    let meeting = contact(1, Setting::Community, true);
    let made = Event::ContactMade { contact: meeting.clone(), parties: vec![] };
    let add =
        |parties: Vec<ContactParty>| Command::AddContact { by: AGENCY, contact: meeting.clone(), parties };
    given::<Case>([opened()]).when(add(vec![])).then([made.clone(), engaged()]);
    given::<Case>([opened(), made.clone(), engaged()]).when(add(vec![])).then([made.clone()]);

    let with = |parties: Vec<ContactParty>| Event::ContactMade { contact: meeting.clone(), parties };
    let both = vec![ContactParty::Family, ContactParty::Person];
    given::<Case>([opened()]).when(add(both.clone())).then([with(both), engaged()]);
    let family = vec![ContactParty::Family];
    given::<Case>([opened()]).when(add(family.clone())).then([with(family)]);
}

#[test]
fn a_call_or_an_attempt_engages_nobody() {
    for contact in
        [contact(1, Setting::Phone, true), contact(2, Setting::Video, true), contact(3, Setting::Home, false)]
    {
        given::<Case>([opened()])
            .when(Command::AddContact { by: AGENCY, contact: contact.clone(), parties: vec![] })
            .then([Event::ContactMade { contact, parties: vec![] }]);
    }
}

#[test]
fn a_meeting_during_a_pause_moves_the_stage_that_the_case_returns_to() {
    let past = [opened(), paused(Stage::Referred), engaged()];
    given::<Case>(past)
        .when(Command::Resume { by: AGENCY, at: tuesday() })
        .then([Event::Resumed { stage: Stage::Engaged }]);
}

#[test]
fn a_closed_case_takes_contacts_and_stays_closed() {
    let meeting = contact(1, Setting::Office, true);
    let never_met =
        Event::Discharged { referral: Some(REFERRAL), reason: DischargeReason::Moved, ended_early: false };
    given::<Case>([opened(), never_met])
        .when(Command::AddContact { by: AGENCY, contact: meeting.clone(), parties: vec![] })
        .then([Event::ContactMade { contact: meeting, parties: vec![] }]);
}

#[test]
fn a_contact_is_marked_as_never_having_been_once() {
    let made = Event::ContactMade { contact: contact(1, Setting::Phone, true), parties: vec![] };
    let marked = Event::ContactEnteredInError { contact: ContactId::of(1) };
    let mark = |id| Command::MarkContactEnteredInError { by: AGENCY, contact: ContactId::of(id) };
    given::<Case>([opened(), made.clone()]).when(mark(1)).then([marked.clone()]);
    given::<Case>([opened(), made.clone(), marked]).when(mark(1)).nothing();
    given::<Case>([opened(), made]).when(mark(2)).refused(Refusal::NoSuchContact);
}

#[test]
fn naming_the_same_specialist_or_plan_again_changes_nothing() {
    let plan = Plan { goal: Some(GoalId::of(1)), items: vec![PlanItemId::of(2)] };
    let assign = Command::AssignWorker { by: AGENCY, worker: SPECIALIST };
    let assigned = Event::WorkerAssigned { worker: SPECIALIST, from: None };
    given::<Case>([opened()]).when(assign.clone()).then([assigned.clone()]);
    given::<Case>([opened(), assigned]).when(assign).nothing();
    let name = Command::NamePlan { by: AGENCY, plan: plan.clone() };
    given::<Case>([opened()]).when(name.clone()).then([Event::PlanNamed(plan.clone())]);
    given::<Case>([opened(), Event::PlanNamed(plan)]).when(name).nothing();
}

#[test]
fn an_open_case_is_handed_over_while_it_is_the_specialists_who_hands_it_over() {
    let (other, third) = (WorkerId::of(98), WorkerId::of(99));
    let hand_over = |from| Command::HandOver { from, to: other };
    let given_to = |worker, from| Event::WorkerAssigned { worker, from };
    let theirs = || vec![opened(), given_to(SPECIALIST, None)];
    let over = given_to(other, Some(SPECIALIST));
    given::<Case>(theirs()).when(hand_over(SPECIALIST)).then([over.clone()]);
    given::<Case>(theirs()).when(hand_over(third)).nothing();
    given::<Case>(theirs().into_iter().chain([over])).when(hand_over(SPECIALIST)).nothing();
    let reason = DischargeReason::Completed;
    let closed = Event::Discharged { referral: None, reason, ended_early: false };
    given::<Case>(theirs().into_iter().chain([closed])).when(hand_over(SPECIALIST)).nothing();
    given::<Case>([]).when(hand_over(SPECIALIST)).nothing();
}

#[test]
fn the_search_starts_once_the_person_is_engaged_and_nothing_else_stands_before_it() {
    answers(
        &Command::StartSearch { by: AGENCY, at: tuesday() },
        &[
            ("referred", Err(Refusal::NotEngaged)),
            ("engaged", Ok(vec![Event::SearchStarted])),
            ("searching", Ok(vec![])),
            ("employed", Err(Refusal::Employed)),
            ("paused", Err(Refusal::Paused)),
            ("transitioned", Err(Refusal::Closed)),
            ("discharged", Err(Refusal::Closed)),
        ],
    );
}

#[test]
fn a_case_is_paused_from_any_open_stage_and_remembers_it() {
    let paused = |returns| Ok(vec![Event::Paused { reason: PauseReason::Capacity, returns }]);
    answers(
        &Command::Pause { by: AGENCY, reason: PauseReason::Capacity, own_words: false, at: tuesday() },
        &[
            ("referred", paused(Stage::Referred)),
            ("engaged", paused(Stage::Engaged)),
            ("searching", paused(Stage::Searching)),
            ("employed", paused(Stage::Employed)),
            ("paused", Err(Refusal::Paused)),
            ("transitioned", Err(Refusal::Closed)),
            ("discharged", Err(Refusal::Closed)),
        ],
    );
    given::<Case>([opened(), paused_for(PauseReason::Capacity)])
        .when(Command::Pause { by: AGENCY, reason: PauseReason::Capacity, own_words: false, at: tuesday() })
        .nothing();
}

fn paused_for(reason: PauseReason) -> Event {
    Event::Paused { reason, returns: Stage::Referred }
}

#[test]
fn a_paused_case_returns_to_where_it_was() {
    answers(
        &Command::Resume { by: PERSON, at: tuesday() },
        &[
            ("referred", Ok(vec![])),
            ("engaged", Ok(vec![])),
            ("searching", Ok(vec![])),
            ("employed", Ok(vec![])),
            ("paused", Ok(vec![Event::Resumed { stage: Stage::Engaged }])),
            ("transitioned", Err(Refusal::Closed)),
            ("discharged", Err(Refusal::Closed)),
        ],
    );
}

#[test]
fn a_wish_is_recorded_in_the_persons_own_words() {
    let pause =
        |by, own_words| Command::Pause { by, reason: PauseReason::PersonsWish, own_words, at: tuesday() };
    let paused = [paused_for(PauseReason::PersonsWish)];
    given::<Case>([opened()]).when(pause(PERSON, false)).then(paused.clone());
    given::<Case>([opened()]).when(pause(AGENCY, true)).then(paused);
    given::<Case>([opened()]).when(pause(AGENCY, false)).refused(Refusal::NotInTheirWords);

    let end = |by, own_words| Command::Discharge {
        by,
        reason: DischargeReason::PersonsWish,
        own_words,
        at: tuesday(),
    };
    let ended = Event::Discharged {
        referral: Some(REFERRAL),
        reason: DischargeReason::PersonsWish,
        ended_early: false,
    };
    given::<Case>([opened()]).when(end(PERSON, false)).then([ended.clone()]);
    given::<Case>([opened()]).when(end(AGENCY, true)).then([ended]);
    given::<Case>([opened()]).when(end(AGENCY, false)).refused(Refusal::NotInTheirWords);
}

const EXCLUSIONS: [Exclusion; 7] = [
    Exclusion::Health,
    Exclusion::NotReady,
    Exclusion::Symptoms,
    Exclusion::SubstanceUse,
    Exclusion::Housing,
    Exclusion::Record,
    Exclusion::Attendance,
];

#[test]
fn under_zero_exclusion_nobody_is_paused_or_discharged_for_who_they_are() {
    for exclusion in EXCLUSIONS {
        for (by, own_words) in [(AGENCY, false), (AGENCY, true), (PERSON, true)] {
            let reason = PauseReason::Excluding(exclusion);
            let pause = Command::Pause { by, reason, own_words, at: tuesday() };
            given::<Case>([opened()]).when(pause).refused(Refusal::ZeroExclusion);
            let reason = DischargeReason::Excluding(exclusion);
            let end = Command::Discharge { by, reason, own_words, at: tuesday() };
            given::<Case>([opened()]).when(end).refused(Refusal::ZeroExclusion);
        }
    }
}

#[test]
fn another_practice_may_pause_and_discharge_for_these_reasons() {
    for exclusion in EXCLUSIONS {
        let reason = PauseReason::Excluding(exclusion);
        given::<Case>([opened_elsewise()])
            .when(Command::Pause { by: AGENCY, reason, own_words: false, at: tuesday() })
            .then([paused_for(reason)]);
        let reason = DischargeReason::Excluding(exclusion);
        given::<Case>([opened_elsewise()])
            .when(Command::Discharge { by: AGENCY, reason, own_words: false, at: tuesday() })
            .then([Event::Discharged { referral: Some(REFERRAL), reason, ended_early: false }]);
    }
}

#[test]
fn under_zero_exclusion_ineligible_names_one_of_four_grounds() {
    let end = |ground| Command::Discharge {
        by: AGENCY,
        reason: DischargeReason::Ineligible(ground),
        own_words: false,
        at: tuesday(),
    };
    let ended = |ground| Event::Discharged {
        referral: Some(REFERRAL),
        reason: DischargeReason::Ineligible(ground),
        ended_early: false,
    };
    given::<Case>([opened()]).when(end(None)).refused(Refusal::GroundMissing);
    for ground in [Ground::WantsWork, Ground::Age, Ground::Area, Ground::Language] {
        given::<Case>([opened()]).when(end(Some(ground))).then([ended(Some(ground))]);
    }
    given::<Case>([opened_elsewise()]).when(end(None)).then([ended(None)]);
}

#[test]
fn a_case_ends_from_any_open_stage_and_says_whether_the_person_was_met() {
    let ended = |ended_early| {
        Ok(vec![Event::Discharged {
            referral: Some(REFERRAL),
            reason: DischargeReason::NeedsMetElsewhere,
            ended_early,
        }])
    };
    let reason = DischargeReason::NeedsMetElsewhere;
    answers(
        &Command::Discharge { by: AGENCY, reason, own_words: false, at: tuesday() },
        &[
            ("referred", ended(false)),
            ("engaged", ended(true)),
            ("searching", ended(true)),
            ("employed", ended(true)),
            ("paused", ended(true)),
            ("transitioned", Err(Refusal::Closed)),
            ("discharged", Err(Refusal::Closed)),
        ],
    );
    let again =
        Command::Discharge { by: AGENCY, reason: DischargeReason::Moved, own_words: false, at: tuesday() };
    given::<Case>([opened(), engaged(), discharged()]).when(again).nothing();
}

#[test]
fn every_other_reason_ends_a_case_of_zero_exclusion() {
    for reason in [
        DischargeReason::Completed,
        DischargeReason::NeedsMetElsewhere,
        DischargeReason::Moved,
        DischargeReason::WorkOrCaring,
        DischargeReason::Died,
        DischargeReason::CouldNotContact,
        DischargeReason::MistakenOrDuplicate,
        DischargeReason::NoCapacity,
        DischargeReason::ConsentWithdrawn,
    ] {
        given::<Case>([opened()])
            .when(Command::Discharge { by: AGENCY, reason, own_words: false, at: tuesday() })
            .then([Event::Discharged { referral: Some(REFERRAL), reason, ended_early: false }]);
    }
}

#[test]
fn only_an_employed_case_is_handed_on() {
    answers(
        &Command::Transition { by: AGENCY, at: tuesday() },
        &[
            ("referred", Err(Refusal::NotEmployed)),
            ("engaged", Err(Refusal::NotEmployed)),
            ("searching", Err(Refusal::NotEmployed)),
            ("employed", Ok(vec![transitioned()])),
            ("paused", Err(Refusal::Paused)),
            ("transitioned", Ok(vec![])),
            ("discharged", Err(Refusal::Closed)),
        ],
    );
}

#[test]
fn a_closed_case_is_taken_up_again_and_work_that_went_on_is_still_work() {
    answers(
        &Command::Reengage { by: PERSON, at: tuesday() },
        &[
            ("referred", Err(Refusal::NotClosed)),
            ("engaged", Err(Refusal::NotClosed)),
            ("searching", Err(Refusal::NotClosed)),
            ("employed", Err(Refusal::NotClosed)),
            ("paused", Err(Refusal::NotClosed)),
            ("transitioned", Ok(vec![Event::Reengaged { stage: Stage::Employed }])),
            ("discharged", Ok(vec![Event::Reengaged { stage: Stage::Engaged }])),
        ],
    );
}

#[test]
fn nothing_happens_to_a_case_before_it_was_opened() {
    let before = Occurred::instant(at("2026-03-01T15:00:00Z"));
    for command in [
        Command::StartSearch { by: AGENCY, at: before.clone() },
        Command::Pause { by: AGENCY, reason: PauseReason::Consent, own_words: false, at: before.clone() },
        Command::Resume { by: AGENCY, at: before.clone() },
        Command::Transition { by: AGENCY, at: before.clone() },
        Command::Discharge {
            by: AGENCY,
            reason: DischargeReason::Died,
            own_words: false,
            at: before.clone(),
        },
        Command::Reengage { by: AGENCY, at: before },
    ] {
        given::<Case>([opened(), engaged()]).when(command).refused(Refusal::BeforeItOpened);
    }
}

#[test]
fn a_job_starts_at_any_open_stage_and_in_a_pause_but_not_in_a_closed_case() {
    let other = JobId::of(41);
    let employed = || Ok(vec![Event::Employed { job: other, at: tuesday() }]);
    answers(
        &Command::JobStarts { by: AGENCY, job: other, at: tuesday() },
        &[
            ("referred", employed()),
            ("engaged", employed()),
            ("searching", employed()),
            ("employed", employed()),
            ("paused", employed()),
            ("transitioned", Err(Refusal::Closed)),
            ("discharged", Err(Refusal::Closed)),
        ],
    );
}

#[test]
fn with_the_last_of_its_jobs_a_case_searches_again() {
    let other = JobId::of(41);
    let two = [opened(), engaged(), employed(), Event::Employed { job: other, at: tuesday() }];
    let ends = |job| Command::JobEnds { by: AGENCY, job, at: tuesday() };
    given::<Case>(two.clone()).when(ends(JOB)).then([Event::JobEnded {
        job: JOB,
        at: tuesday(),
        searching: false,
    }]);
    let one = [two.to_vec(), vec![Event::JobEnded { job: JOB, at: tuesday(), searching: false }]].concat();
    given::<Case>(one.clone()).when(ends(other)).then([Event::JobEnded {
        job: other,
        at: tuesday(),
        searching: true,
    }]);
    given::<Case>(one.clone()).when(ends(JOB)).nothing();
    let none = [one, vec![Event::JobEnded { job: other, at: tuesday(), searching: true }]].concat();
    given::<Case>(none).when(Command::StartSearch { by: AGENCY, at: tuesday() }).nothing();
}

#[test]
fn a_pause_keeps_up_with_jobs_that_start_and_end_meanwhile() {
    let resume = Command::Resume { by: AGENCY, at: tuesday() };
    let started = [opened(), engaged(), paused(Stage::Engaged), employed()];
    given::<Case>(started.clone()).when(resume.clone()).then([Event::Resumed { stage: Stage::Employed }]);
    let over =
        [started.to_vec(), vec![Event::JobEnded { job: JOB, at: tuesday(), searching: true }]].concat();
    given::<Case>(over).when(resume).then([Event::Resumed { stage: Stage::Searching }]);
}

#[test]
fn a_job_that_ends_after_the_case_closed_leaves_it_closed() {
    let past = [opened(), engaged(), employed(), transitioned()];
    given::<Case>(past)
        .when(Command::JobEnds { by: AGENCY, job: JOB, at: tuesday() })
        .then([Event::JobEnded { job: JOB, at: tuesday(), searching: false }]);
}

#[test]
fn a_case_entered_in_error_is_gone_for_all_but_saying_so_again() {
    let mark = Command::MarkEnteredInError { by: AGENCY };
    let marked = Event::EnteredInError { referral: Some(REFERRAL) };
    given::<Case>([opened()]).when(mark.clone()).then([marked.clone()]);
    given::<Case>([opened(), marked.clone()]).when(mark.clone()).nothing();
    given::<Case>([opened(), marked])
        .when(Command::StartSearch { by: AGENCY, at: tuesday() })
        .refused(Refusal::NotFound);
    given::<Case>([opened(), employed()]).when(mark).refused(Refusal::JobsRun);
}
