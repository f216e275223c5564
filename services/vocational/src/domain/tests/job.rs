//! A job: who may, its way from lead to end, disclosure, interviews, what counts.
//! Invariant: each test names one rule.

use kernel::{By, Shifts, given};

use super::*;
use crate::domain::job::{
    Command, Disclosure, EndReason, Event, Facts, Interview, Job, Kind, Party, Refusal,
};
use crate::domain::{InterviewId, Terms};

pub(super) fn facts(kind: Kind) -> Facts {
    Facts {
        id: JOB,
        case: CASE,
        person: ANA,
        agency: WORKS,
        kind,
        employer: diner(),
        title: None,
        practice: "ips".into(),
        goal: None,
        part2: false,
    }
}

fn lead() -> Event {
    Event::LeadAdded(facts(Kind::Competitive))
}

fn applied() -> Event {
    Event::Applied { introduced_by_staff: false }
}

fn interview() -> Interview {
    Interview {
        id: InterviewId::of(60),
        starts_at: at("2026-03-10T15:00:00Z"),
        minutes: 45,
        zone: chicago(),
        setting: Setting::Workplace,
        place: None,
    }
}

fn scheduled() -> Event {
    Event::InterviewScheduled { case: CASE, interview: interview() }
}

fn accepted() -> Event {
    Event::Accepted { case: CASE, kind: Kind::Competitive, starts_on: Some(day("2026-04-01")), terms: None }
}

pub(super) fn started(kind: Kind) -> Event {
    Event::Started { case: CASE, kind, on: day("2026-04-01"), zone: chicago(), terms: None }
}

fn ended() -> Event {
    Event::Ended {
        case: CASE,
        on: day("2026-05-01"),
        zone: chicago(),
        reason: EndReason::Quit,
        satisfied: Some(true),
    }
}

/// A past that leads to each stage, with its name.
fn stages() -> Vec<(&'static str, Vec<Event>)> {
    vec![
        ("lead", vec![lead()]),
        ("applied", vec![lead(), applied()]),
        ("interview", vec![lead(), applied(), scheduled()]),
        ("offered", vec![lead(), Event::Offered]),
        ("accepted", vec![lead(), Event::Offered, accepted()]),
        ("started", vec![lead(), Event::Offered, accepted(), started(Kind::Competitive)]),
        ("ended", vec![lead(), Event::Offered, accepted(), started(Kind::Competitive), ended()]),
        ("declined", vec![lead(), Event::Declined { by: Party::Employer }]),
        ("withdrawn", vec![lead(), Event::Withdrawn { by: Party::Person }]),
    ]
}

/// What the command answers at each stage, in the order of `stages`.
#[track_caller]
fn answers(command: &Command, expected: [Result<Vec<Event>, Refusal>; 9]) {
    for ((name, past), answer) in stages().into_iter().zip(expected) {
        assert_eq!(given::<Job>(past).when(command.clone()).outcome(), answer, "at {name}");
    }
}

const NO: Result<Vec<Event>, Refusal> = Err(Refusal::NotAtThisStage);
const HOLDS: Result<Vec<Event>, Refusal> = Ok(vec![]);

/// Every command but the lead, as asked by somebody: first those that the person may ask too.
fn every_command(by: By) -> Vec<Command> {
    let end =
        Command::End { by, on: day("2026-05-01"), zone: chicago(), reason: EndReason::Quit, satisfied: None };
    vec![
        Command::ChooseDisclosure { by, choice: Disclosure::Name, own_words: true },
        Command::Apply { by, introduced_by_staff: false },
        Command::CancelInterview { by, interview: InterviewId::of(60) },
        Command::Accept { by, starts_on: None },
        Command::Decline { by, party: Party::Person },
        Command::Withdraw { by, party: Party::Person },
        Command::ChangeTerms { by, terms: Terms::default() },
        Command::ChangeShifts { by, shifts: weekdays("2026-04-01", None) },
        Command::AddEmployerContact { by, contact: contact(1, Setting::Phone, true), person_named: false },
        Command::MarkEmployerContactEnteredInError { by, contact: ContactId::of(1) },
        Command::ScheduleInterview { by, interview: interview() },
        Command::Offer { by },
        Command::Start { by, on: day("2026-04-01"), zone: chicago() },
        Command::CountStart { by, paid_minutes: 240 },
        end,
        Command::MarkEnteredInError { by },
    ]
}

fn weekdays(from: &str, until: Option<&str>) -> Shifts {
    Shifts { zone: chicago(), weekly: vec![], from: day(from), until: until.map(day) }
}

#[test]
fn nobody_else_learns_that_a_job_exists() {
    for by in [STRANGER, SOMEBODY] {
        for command in every_command(by) {
            given::<Job>([lead()]).when(command).refused(Refusal::NotFound);
        }
    }
    for command in every_command(AGENCY) {
        given::<Job>([]).when(command).refused(Refusal::NotFound);
    }
}

#[test]
fn the_person_chooses_applies_takes_and_turns_down_and_leaves_the_rest_to_the_agency() {
    let refusals: Vec<bool> = every_command(PERSON)
        .into_iter()
        .map(|command| given::<Job>([lead()]).when(command).outcome() == Err(Refusal::OnlyTheAgency))
        .collect();
    assert_eq!(refusals, [[false; 6].as_slice(), &[true; 10]].concat());
    for command in every_command(By::System) {
        given::<Job>([lead()]).when(command).refused(Refusal::OnlyTheAgency);
    }
}

#[test]
fn a_job_begins_as_a_lead_once() {
    let add = Command::AddLead { facts: Box::new(facts(Kind::Competitive)) };
    given::<Job>([]).when(add.clone()).then([lead()]);
    given::<Job>([lead()]).when(add).refused(Refusal::AlreadyExists);
}

#[test]
fn the_person_applies_from_a_lead() {
    let apply = Command::Apply { by: PERSON, introduced_by_staff: false };
    answers(&apply, [Ok(vec![applied()]), HOLDS, NO, NO, NO, NO, NO, NO, NO]);
}

#[test]
fn an_interview_is_scheduled_until_there_is_an_offer_and_more_than_one_can_be() {
    let schedule = Command::ScheduleInterview { by: AGENCY, interview: interview() };
    let yes = || Ok(vec![scheduled()]);
    answers(&schedule, [yes(), yes(), yes(), NO, NO, NO, NO, NO, NO]);
}

#[test]
fn an_interview_is_cancelled_once_and_must_be_there() {
    let cancel = |id| Command::CancelInterview { by: PERSON, interview: InterviewId::of(id) };
    let cancelled = Event::InterviewCancelled { interview: InterviewId::of(60) };
    given::<Job>([lead(), scheduled()]).when(cancel(60)).then([cancelled.clone()]);
    given::<Job>([lead(), scheduled(), cancelled]).when(cancel(60)).nothing();
    given::<Job>([lead(), scheduled()]).when(cancel(61)).refused(Refusal::NoSuchInterview);
}

#[test]
fn a_death_takes_the_interviews_that_are_to_come_out_of_the_diary_and_leaves_the_job_where_it_stands() {
    let starts_at = interview().starts_at;
    let before = starts_at - kernel::SignedDuration::from_mins(1);
    let call_off = |at| Command::CallOff { at };
    let cancelled = |id| Event::InterviewCancelled { interview: InterviewId::of(id) };
    let second = Event::InterviewScheduled {
        case: CASE,
        interview: Interview { id: InterviewId::of(61), ..interview() },
    };
    given::<Job>([lead(), scheduled(), second.clone()])
        .when(call_off(before))
        .then([cancelled(60), cancelled(61)]);
    given::<Job>([lead(), scheduled(), second, cancelled(60)]).when(call_off(before)).then([cancelled(61)]);
    given::<Job>([lead(), scheduled(), Event::Offered]).when(call_off(before)).then([cancelled(60)]);
    given::<Job>([lead(), scheduled()]).when(call_off(starts_at)).nothing();
    given::<Job>([lead(), scheduled(), Event::EnteredInError]).when(call_off(before)).nothing();
    given::<Job>([]).when(call_off(before)).nothing();
}

#[test]
fn an_offer_follows_a_lead_an_application_or_an_interview() {
    let yes = || Ok(vec![Event::Offered]);
    answers(&Command::Offer { by: AGENCY }, [yes(), yes(), yes(), HOLDS, NO, NO, NO, NO, NO]);
}

#[test]
fn only_an_offered_job_is_taken_and_another_first_day_can_be_agreed() {
    let accept = |starts_on| Command::Accept { by: PERSON, starts_on };
    let accepted =
        |starts_on| Ok(vec![Event::Accepted { case: CASE, kind: Kind::Competitive, starts_on, terms: None }]);
    let first = Some(day("2026-04-01"));
    answers(&accept(first), [NO, NO, NO, accepted(first), HOLDS, NO, NO, NO, NO]);
    let later = Some(day("2026-04-08"));
    answers(&accept(later), [NO, NO, NO, accepted(later), accepted(later), NO, NO, NO, NO]);
}

#[test]
fn only_an_accepted_job_starts() {
    let start = Command::Start { by: AGENCY, on: day("2026-04-01"), zone: chicago() };
    let yes = Ok(vec![started(Kind::Competitive)]);
    answers(&start, [NO, NO, NO, NO, yes, HOLDS, NO, NO, NO]);
    let another_day = Command::Start { by: AGENCY, on: day("2026-04-02"), zone: chicago() };
    given::<Job>([lead(), Event::Offered, accepted(), started(Kind::Competitive)])
        .when(another_day)
        .refused(Refusal::NotAtThisStage);
}

#[test]
fn nobody_offers_a_business_of_ones_own_so_it_starts_at_any_stage() {
    let own = Event::LeadAdded(facts(Kind::SelfEmployed));
    let start = Command::Start { by: AGENCY, on: day("2026-04-01"), zone: chicago() };
    for past in [vec![own.clone()], vec![own.clone(), Event::Offered]] {
        given::<Job>(past).when(start.clone()).then([started(Kind::SelfEmployed)]);
    }
    given::<Job>([own, Event::Withdrawn { by: Party::Person }]).when(start).refused(Refusal::NotAtThisStage);
}

#[test]
fn a_started_job_says_its_terms_again() {
    let terms = Terms::new(1_200, None, vec![weekdays("2026-04-01", None)]).unwrap();
    given::<Job>([lead(), Event::TermsChanged(terms.clone()), Event::Offered, accepted()])
        .when(Command::Start { by: AGENCY, on: day("2026-04-01"), zone: chicago() })
        .then([Event::Started {
            case: CASE,
            kind: Kind::Competitive,
            on: day("2026-04-01"),
            zone: chicago(),
            terms: Some(terms),
        }]);
}

#[test]
fn a_start_counts_from_four_paid_hours_on_even_after_the_end() {
    let count = |paid_minutes| Command::CountStart { by: AGENCY, paid_minutes };
    let counted = || Event::StartCounted { case: CASE, kind: Kind::Competitive, paid_minutes: 240 };
    let yes = || Ok(vec![counted()]);
    answers(&count(240), [NO, NO, NO, NO, NO, yes(), yes(), NO, NO]);
    let past = [lead(), Event::Offered, accepted(), started(Kind::Competitive)];
    given::<Job>(past.clone()).when(count(239)).refused(Refusal::TooFewPaidMinutes);
    given::<Job>([past.to_vec(), vec![counted()]].concat()).when(count(300)).nothing();
    given::<Job>([past.to_vec(), vec![counted(), ended()]].concat()).when(count(300)).nothing();
}

#[test]
fn unpaid_work_and_study_have_no_start_that_counts() {
    for kind in [Kind::Volunteer, Kind::Education] {
        given::<Job>([Event::LeadAdded(facts(kind)), Event::Offered, accepted(), started(kind)])
            .when(Command::CountStart { by: AGENCY, paid_minutes: 300 })
            .refused(Refusal::NotPaid);
    }
}

fn end_on(last: &str) -> Command {
    Command::End {
        by: AGENCY,
        on: day(last),
        zone: chicago(),
        reason: EndReason::Quit,
        satisfied: Some(true),
    }
}

#[test]
fn only_a_started_job_ends_and_not_before_it_started() {
    let yes = Ok(vec![ended()]);
    answers(&end_on("2026-05-01"), [NO, NO, NO, NO, NO, yes, HOLDS, NO, NO]);
    let past = [lead(), Event::Offered, accepted(), started(Kind::Competitive)];
    given::<Job>(past.clone()).when(end_on("2026-03-31")).refused(Refusal::EndsBeforeItStarted);
    assert!(given::<Job>(past.clone()).when(end_on("2026-04-01")).outcome().is_ok(), "a job of one day");
    given::<Job>([past.to_vec(), vec![ended()]].concat())
        .when(end_on("2026-05-02"))
        .refused(Refusal::NotAtThisStage);
}

#[test]
fn a_job_is_declined_or_withdrawn_before_it_starts() {
    let declined = || Ok(vec![Event::Declined { by: Party::Employer }]);
    answers(
        &Command::Decline { by: AGENCY, party: Party::Employer },
        [declined(), declined(), declined(), declined(), declined(), NO, NO, HOLDS, NO],
    );
    let withdrawn = || Ok(vec![Event::Withdrawn { by: Party::Person }]);
    answers(
        &Command::Withdraw { by: PERSON, party: Party::Person },
        [withdrawn(), withdrawn(), withdrawn(), withdrawn(), withdrawn(), NO, NO, NO, HOLDS],
    );
}

#[test]
fn no_employer_is_told_a_name_before_the_person_chose_so() {
    let tell = |person_named| Command::AddEmployerContact {
        by: AGENCY,
        contact: contact(1, Setting::Phone, true),
        person_named,
    };
    let told = |person_named| Event::EmployerContactMade {
        case: CASE,
        contact: contact(1, Setting::Phone, true),
        person_named,
    };
    let introduce = Command::Apply { by: AGENCY, introduced_by_staff: true };
    let chose = Event::DisclosureChosen;

    given::<Job>([lead()]).when(tell(false)).then([told(false)]);
    given::<Job>([lead()]).when(tell(true)).refused(Refusal::NotYetChosen);
    given::<Job>([lead()]).when(introduce.clone()).refused(Refusal::NotYetChosen);

    let nothing = [lead(), chose(Disclosure::Nothing)];
    given::<Job>(nothing.clone()).when(tell(true)).refused(Refusal::ChoseNothing);
    given::<Job>(nothing.clone()).when(introduce.clone()).refused(Refusal::ChoseNothing);
    given::<Job>(nothing).when(tell(false)).then([told(false)]);

    let name = [lead(), chose(Disclosure::Name)];
    given::<Job>(name.clone()).when(tell(true)).then([told(true)]);
    given::<Job>(name.clone()).when(introduce).then([Event::Applied { introduced_by_staff: true }]);

    let changed_their_mind = [name.to_vec(), vec![chose(Disclosure::Nothing)]].concat();
    given::<Job>(changed_their_mind).when(tell(true)).refused(Refusal::ChoseNothing);
}

#[test]
fn what_an_employer_may_know_is_the_persons_choice_and_may_change_while_the_job_goes_on() {
    let choose = |by, own_words| Command::ChooseDisclosure { by, choice: Disclosure::Name, own_words };
    given::<Job>([lead()]).when(choose(AGENCY, false)).refused(Refusal::NotInTheirWords);
    given::<Job>([lead()]).when(choose(AGENCY, true)).then([Event::DisclosureChosen(Disclosure::Name)]);
    given::<Job>([lead(), Event::DisclosureChosen(Disclosure::Name)]).when(choose(PERSON, false)).nothing();
    let yes = || Ok(vec![Event::DisclosureChosen(Disclosure::Name)]);
    answers(&choose(PERSON, false), [yes(), yes(), yes(), yes(), yes(), yes(), NO, NO, NO]);
}

#[test]
fn an_employer_is_still_contacted_after_the_end() {
    let call = Command::AddEmployerContact {
        by: AGENCY,
        contact: contact(1, Setting::Phone, true),
        person_named: false,
    };
    for (name, past) in stages() {
        assert!(given::<Job>(past).when(call.clone()).outcome().is_ok(), "at {name}");
    }
}

#[test]
fn an_employer_contact_is_marked_as_never_having_been_once() {
    let made = Event::EmployerContactMade {
        case: CASE,
        contact: contact(1, Setting::Phone, true),
        person_named: false,
    };
    let marked = Event::EmployerContactEnteredInError { contact: ContactId::of(1) };
    let mark = |id| Command::MarkEmployerContactEnteredInError { by: AGENCY, contact: ContactId::of(id) };
    given::<Job>([lead(), made.clone()]).when(mark(1)).then([marked.clone()]);
    given::<Job>([lead(), made.clone(), marked]).when(mark(1)).nothing();
    given::<Job>([lead(), made]).when(mark(2)).refused(Refusal::NoSuchContact);
}

#[test]
fn terms_change_until_the_job_is_over() {
    let terms = Terms::new(600, None, vec![]).unwrap();
    let change = Command::ChangeTerms { by: AGENCY, terms: terms.clone() };
    let yes = || Ok(vec![Event::TermsChanged(terms.clone())]);
    answers(&change, [yes(), yes(), yes(), yes(), yes(), yes(), NO, NO, NO]);
    given::<Job>([lead(), Event::TermsChanged(terms)]).when(change).nothing();
}

#[test]
fn shifts_change_from_a_day_on_and_earlier_days_keep_theirs() {
    let first = Terms::new(600, None, vec![weekdays("2026-04-01", None)]).unwrap();
    let both =
        Terms::new(600, None, vec![weekdays("2026-04-01", Some("2026-06-01")), weekdays("2026-06-01", None)])
            .unwrap();
    let change = |shifts| Command::ChangeShifts { by: AGENCY, shifts };
    given::<Job>([lead(), Event::TermsChanged(first.clone())])
        .when(change(weekdays("2026-06-01", None)))
        .then([Event::TermsChanged(both)]);
    given::<Job>([lead(), Event::TermsChanged(first.clone())])
        .when(change(weekdays("2026-04-01", None)))
        .nothing();
    given::<Job>([lead(), Event::TermsChanged(first)])
        .when(change(weekdays("2026-06-01", Some("2026-06-01"))))
        .refused(Refusal::EmptyPattern);
}

#[test]
fn a_job_entered_in_error_is_gone_for_all_but_saying_so_again() {
    let mark = Command::MarkEnteredInError { by: AGENCY };
    for (name, past) in stages() {
        assert_eq!(
            given::<Job>(past).when(mark.clone()).outcome(),
            Ok(vec![Event::EnteredInError]),
            "at {name}"
        );
    }
    given::<Job>([lead(), Event::EnteredInError]).when(mark).nothing();
    given::<Job>([lead(), Event::EnteredInError])
        .when(Command::Offer { by: AGENCY })
        .refused(Refusal::NotFound);
}
