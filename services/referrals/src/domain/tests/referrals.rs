//! The rules of a referral beside its state table.

use kernel::given;

use super::*;
use crate::domain::referral::{Criterion, Refusal};

fn send(by: By, consent: Option<&str>, overriding: Option<Override>) -> Command {
    Command::Send {
        by,
        when: now(),
        consent: consent.map(str::to_owned),
        overriding,
        programme: false,
        pace: usual(),
    }
}

/// The same, by what has become a 42 CFR Part 2 programme since it was drafted.
fn send_as_programme(consent: Option<&str>, overriding: Option<Override>) -> Command {
    let consent = consent.map(str::to_owned);
    Command::Send { by: by(SHELTER), when: now(), consent, overriding, programme: true, pace: usual() }
}

fn reject(reason: ClosingReason, criterion: Option<Criterion>) -> Command {
    Command::Reject { by: by(CLINIC), when: now(), reason, criterion, text: Private::plain("in words") }
}

fn with(change: impl FnOnce(&mut Facts)) -> Vec<Event> {
    let mut facts = facts();
    change(&mut facts);
    vec![Event::Drafted(facts)]
}

#[test]
fn a_draft_needs_an_open_offer_and_a_person_drafts_for_themself_alone() {
    let draft = |by, ask: Ask| Command::Draft { id: THIS, by, at: noon(), ask: Box::new(ask) };
    given::<Referral>([]).when(draft(by(SHELTER), ask())).then(drafted());
    let closed = Ask { content: None, ..ask() };
    given::<Referral>([]).when(draft(by(SHELTER), closed)).refused(Refusal::OfferNotOpen);
    let own = facts();
    given::<Referral>([])
        .when(draft(By::Person(ANA), ask()))
        .then([Event::Drafted(Facts { requester: None, ..own })]);
    given::<Referral>([]).when(draft(By::Person(PersonId::of(11)), ask())).refused(Refusal::NotOneself);
}

#[test]
fn it_is_sent_with_consent_or_an_approved_override_and_to_part_2_with_consent_alone() {
    given::<Referral>(drafted()).when(send(by(SHELTER), Some("consent-1"), None)).then([sent()]);
    given::<Referral>(drafted()).when(send(by(SHELTER), None, None)).refused(Refusal::ConsentMissing);
    let approved = Some((Private::plain("urgent, invented"), WorkerId::of(5)));
    let overridden = Sent { overriding: approved, ..sent_with("") };
    given::<Referral>(drafted())
        .when(send(by(SHELTER), None, Some(override_by_worker())))
        .then([Event::Sent(overridden)]);
    given::<Referral>(with(|facts| facts.part2 = true))
        .when(send(by(SHELTER), None, Some(override_by_worker())))
        .refused(Refusal::OverrideNotPossible);
    given::<Referral>(drafted())
        .when(send_as_programme(None, Some(override_by_worker())))
        .refused(Refusal::OverrideNotPossible);
    let under_part2 = Event::Sent(Sent { part2: true, ..sent_with("consent-1") });
    given::<Referral>(drafted()).when(send_as_programme(Some("consent-1"), None)).then([under_part2]);
    given::<Referral>(drafted())
        .when(send(by(SHELTER), Some("consent-1"), Some(override_by_worker())))
        .then([sent()]);
}

#[test]
fn another_worker_of_the_agency_that_made_it_approves_an_override() {
    let asked = |by_whom: Override| given::<Referral>(drafted()).when(send(by(SHELTER), None, Some(by_whom)));
    let own = Override { sender: Some(WorkerId::of(5)), ..override_by_worker() };
    asked(own).refused(Refusal::ApproverIsSender);
    let of_the_target = Override { works_for: Some(CLINIC), ..override_by_worker() };
    asked(of_the_target).refused(Refusal::ApproverNotOfAgency);
    let unknown_or_gone = Override { works_for: None, ..override_by_worker() };
    asked(unknown_or_gone.clone()).refused(Refusal::ApproverNotOfAgency);
    let integration = Override { sender: None, ..override_by_worker() };
    assert!(asked(integration).outcome().is_ok(), "no worker sends: whoever approves is another");
    // Where nothing is overridden nobody needs to have approved it.
    given::<Referral>(drafted())
        .when(send(by(SHELTER), Some("consent-1"), Some(unknown_or_gone)))
        .then([sent()]);
}

#[test]
fn the_persons_own_act_is_its_own_consent_and_an_agency_needs_none_to_its_own_programme() {
    let own = with(|facts| facts.requester = None);
    given::<Referral>(own).when(send(By::Person(ANA), None, None)).then([Event::Sent(sent_with("self"))]);
    let inside = with(|facts| facts.requester = Some(CLINIC));
    given::<Referral>(inside).when(send(by(CLINIC), None, None)).then([Event::Sent(sent_with(""))]);
}

#[test]
fn an_acceptance_says_by_what_it_goes_and_who_asked() {
    use kernel::Decider;
    let says = |past: Vec<Event>| {
        let accept = Command::Accept { by: by(CLINIC), when: now(), pace: usual() };
        let events = Referral::decide(&Referral::fold(&past), accept).unwrap();
        let [Event::Accepted { consent, requester, .. }] = events.as_slice() else { panic!("{events:?}") };
        (consent.clone(), *requester)
    };
    let sent_by = |consent: &str| Event::Sent(sent_with(consent));
    assert_eq!(says(requested()), ("consent-1".into(), Some(SHELTER)));
    assert_eq!(says(then(drafted(), [sent_by("")])), (String::new(), Some(SHELTER)), "an override");
    // The person sends what an agency drafted, or asks by themself.
    assert_eq!(says(then(drafted(), [sent_by("self")])), ("self".into(), Some(SHELTER)));
    let own = with(|facts| facts.requester = None);
    assert_eq!(says(then(own, [sent_by("self")])), ("self".into(), None));
    let inside = with(|facts| facts.requester = Some(CLINIC));
    assert_eq!(says(then(inside, [sent_by("")])), (String::new(), Some(CLINIC)), "its own programme");
    // By the directive that gave it back.
    let lapsed = Event::ConsentLapsed { directive: "consent-1".into(), at: noon() };
    let restored = Event::ConsentRestored { directive: "consent-2".into(), clocks: vec![] };
    assert_eq!(says(then(requested(), [lapsed, restored])), ("consent-2".into(), Some(SHELTER)));
}

#[test]
fn an_ineligible_person_is_told_why_and_zero_exclusion_knows_four_criteria() {
    let zero = || then(with(|facts| facts.zero_exclusion = true), [sent()]);
    given::<Referral>(requested())
        .when(reject(ClosingReason::Ineligible, None))
        .refused(Refusal::CriterionMissing);
    given::<Referral>(zero())
        .when(reject(ClosingReason::Ineligible, Some(Criterion::Other)))
        .refused(Refusal::ZeroExclusion);
    for criterion in [Criterion::WantsService, Criterion::Age, Criterion::Area, Criterion::Language] {
        let outcome =
            given::<Referral>(zero()).when(reject(ClosingReason::Ineligible, Some(criterion))).outcome();
        assert!(outcome.is_ok(), "{criterion:?}");
    }
    for reason in [HoldReason::Health, HoldReason::NotReady] {
        given::<Referral>(then(zero(), [accepted()]))
            .when(Command::Hold { by: by(CLINIC), reason, when: now() })
            .refused(Refusal::ZeroExclusion);
    }
}

#[test]
fn zero_exclusion_lets_a_target_be_rid_of_nobody_by_another_word() {
    let zero = || then(with(|facts| facts.zero_exclusion = true), [sent()]);
    let any = || then(with(|_| {}), [sent()]);
    let fail = |reason| Command::Fail { by: by(CLINIC), when: now(), reason };
    let cancel = |who, reason| Command::Cancel { by: who, when: now(), reason };
    // All but expired, which nobody gives by hand.
    for reason in [
        ClosingReason::Ineligible,
        ClosingReason::MistakenOrDuplicate,
        ClosingReason::NotEngaged,
        ClosingReason::NeedsMetElsewhere,
        ClosingReason::Moved,
        ClosingReason::WorkOrCaring,
        ClosingReason::Died,
        ClosingReason::NoCapacity,
        ClosingReason::CouldNotContact,
        ClosingReason::PersonDeclined,
        ClosingReason::ProviderDeclined,
        ClosingReason::CompletedEarly,
        ClosingReason::ConsentWithdrawn,
        ClosingReason::Other,
    ] {
        let hidden = matches!(
            reason,
            ClosingReason::NotEngaged | ClosingReason::ProviderDeclined | ClosingReason::Other
        );
        let ineligible = reason == ClosingReason::Ineligible;
        let judged = |past: Vec<Event>, command| given::<Referral>(past).when(command).outcome().err();
        let refused = |is: bool| is.then_some(Refusal::ZeroExclusion);
        let criterion = ineligible.then_some(Criterion::Area);
        assert_eq!(judged(zero(), reject(reason, criterion)), refused(hidden), "reject, {reason:?}");
        let taken = then(zero(), [accepted()]);
        assert_eq!(judged(taken.clone(), fail(reason)), refused(hidden || ineligible), "fail, {reason:?}");
        for past in [zero(), taken] {
            let target = judged(past.clone(), cancel(by(CLINIC), reason));
            assert_eq!(target, refused(hidden || ineligible), "cancel, {reason:?}");
            assert_eq!(judged(past, cancel(by(SHELTER), reason)), None, "the requester's, {reason:?}");
        }
        assert_eq!(judged(any(), reject(reason, criterion)), None, "no such offer, {reason:?}");
    }
}

#[test]
fn what_ends_before_the_start_is_told_from_what_ends_early() {
    let cancel = || Command::Cancel { by: by(SHELTER), when: now(), reason: ClosingReason::Moved };
    let cancelled = |ended_early| Event::Cancelled { reason: ClosingReason::Moved, ended_early };
    given::<Referral>(requested()).when(cancel()).then([cancelled(false)]);
    let started = then(requested(), [accepted(), Event::Started { at: noon() }]);
    given::<Referral>(started.clone()).when(cancel()).then([cancelled(true)]);
    let resting = then(started, [held(HoldReason::PersonsWish)]);
    given::<Referral>(resting).when(cancel()).then([cancelled(true)]);
    // What rested before it began has not begun by going on.
    let again = [accepted(), held(HoldReason::Documents), Event::Resumed { when: now(), clocks: vec![] }];
    given::<Referral>(then(requested(), again.clone())).when(cancel()).then([cancelled(false)]);
    given::<Referral>(then(requested(), again))
        .when(Command::Start { by: by(CLINIC), when: now() })
        .then([Event::Started { at: noon() }]);
}

#[test]
fn what_comes_back_moves_a_referral_on_and_never_back() {
    let ends = |progress, end| Command::Report { at: noon(), progress, record: "case-1".into(), end };
    let report = |progress, outcome: Option<Outcome>| ends(progress, outcome.map(PartEnd::Completed));
    let progressed = |progress| Event::Progressed { progress, record: "case-1".into() };
    let open = || then(requested(), [accepted()]);
    given::<Referral>(open()).when(report(Progress::Opened, None)).then([progressed(Progress::Opened)]);
    given::<Referral>(open())
        .when(report(Progress::Started, None))
        .then([progressed(Progress::Started), Event::Started { at: noon() }]);
    let started = then(open(), [progressed(Progress::Started), Event::Started { at: noon() }]);
    given::<Referral>(started.clone()).when(report(Progress::Opened, None)).nothing();
    given::<Referral>(started.clone()).when(report(Progress::Started, None)).nothing();
    given::<Referral>(started)
        .when(report(Progress::Closed, Some(Outcome::ServiceGiven)))
        .then([progressed(Progress::Closed), Event::Completed { outcome: Outcome::ServiceGiven }]);
    // A part that did not run its course has failed, before it started or early.
    let death = || ends(Progress::Closed, Some(PartEnd::Closed(ClosingReason::Died)));
    let failed = |ended_early| Event::Failed { reason: ClosingReason::Died, ended_early };
    given::<Referral>(open()).when(death()).then([progressed(Progress::Closed), failed(false)]);
    let rests = then(open(), [held(HoldReason::PersonsWish)]);
    given::<Referral>(rests).when(death()).then([progressed(Progress::Closed), failed(false)]);
    let began = then(open(), [Event::Started { at: noon() }]);
    given::<Referral>(began).when(death()).then([progressed(Progress::Closed), failed(true)]);
    let cancelled = then(open(), [Event::Cancelled { reason: ClosingReason::Moved, ended_early: false }]);
    given::<Referral>(cancelled)
        .when(report(Progress::Closed, Some(Outcome::NotEnrolled)))
        .then([progressed(Progress::Closed)]);
    given::<Referral>([]).when(report(Progress::Opened, None)).nothing();
}

#[test]
fn an_open_referral_keeps_its_place_and_a_closed_one_gives_it_back() {
    use kernel::Decider;
    let keeps = |past: Vec<Event>| Referral::fold(&past).keeps();
    assert_eq!(keeps(drafted()), None);
    assert_eq!(keeps(requested()), Some((SHELTER, ANA, OFFER)));
    assert_eq!(
        keeps(then(requested(), [accepted(), Event::Started { at: noon() }])),
        Some((SHELTER, ANA, OFFER))
    );
    assert_eq!(keeps(then(requested(), [accepted(), Event::Completed { outcome: Outcome::Enrolled }])), None);
    assert_eq!(keeps(then(requested(), [Event::EnteredInError])), None);
}

#[test]
fn a_record_from_elsewhere_is_kept_as_told_and_corrected_by_its_writer_alone() {
    let told = |service: &str| {
        Box::new(Recorded {
            person: ANA,
            requester: SHELTER,
            offer: None,
            service_named: kernel::Words {
                text: kernel::Private::plain(service),
                hash: [service.as_bytes()[0]; 32],
            },
            made: kernel::Occurred::instant(noon()),
            answer: referral::Answer::Completed,
            reached: None,
            known_until: None,
            discrepancies: vec![],
        })
    };
    let recorded = |service, correction| Event::Recorded { told: told(service), correction };
    given::<Referral>([]).when(Command::Record(told("a"))).then([recorded("a", false)]);
    given::<Referral>([recorded("a", false)]).when(Command::Record(told("a"))).nothing();
    given::<Referral>([recorded("a", false)]).when(Command::Record(told("b"))).then([recorded("b", true)]);
    let known = |day| {
        let mut open = told("a");
        (open.answer, open.known_until) =
            (referral::Answer::Requested, Some(kernel::Day::constant(2026, 4, day)));
        open
    };
    let open = |day, correction| Event::Recorded { told: known(day), correction };
    given::<Referral>([open(10, false)]).when(Command::Record(known(10))).nothing();
    given::<Referral>([open(10, false)]).when(Command::Record(known(9))).nothing();
    given::<Referral>([open(10, false)]).when(Command::Record(known(11))).then([open(11, true)]);
    let mut others = told("a");
    others.requester = STRANGER;
    given::<Referral>([recorded("a", false)]).when(Command::Record(others)).refused(Refusal::NotFound);
    given::<Referral>([recorded("a", false)])
        .when(Command::Cancel { by: by(SHELTER), when: now(), reason: ClosingReason::Moved })
        .refused(Refusal::KeptElsewhere);
    given::<Referral>([recorded("a", false)])
        .when(Command::Accept { by: by(CLINIC), when: now(), pace: usual() })
        .refused(Refusal::NotFound);
    given::<Referral>([recorded("a", false)])
        .when(Command::MarkEnteredInError { by: by(SHELTER) })
        .then([Event::EnteredInError]);
}

#[test]
fn what_was_sent_before_it_told_when_it_expires_does_so_where_its_offer_said_so_in_the_days_of_then() {
    use kernel::Decider;
    for (said, days) in [(Some(true), Some(30)), (Some(false), None), (None, None)] {
        let past = then(with(|facts| facts.expires = said), [sent()]);
        let State::Made { beside, .. } = Referral::fold(&past) else { panic!("it was made") };
        assert_eq!(beside.expiry_days, days, "{said:?}");
    }
}
