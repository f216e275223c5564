//! Consent directives: every command in every state that matters, and whose words they must be.

use kernel::{
    AgencyId, By, DirectiveId, Occurred, Private, Purpose, Recipients, Scope, SignedDuration, Standing,
    Timestamp, Voice, given,
};

use super::{ANA, ANA_HERSELF, BEN, CLINIC, SHELTER, THE_CLINIC, THE_SHELTER};
use crate::domain::consent::{
    Command, Consent, Content, Event, Grantor, Refusal, Signing, Speaker, State, Step, What, Which,
};

const FIRST: DirectiveId = DirectiveId::of(60);
const SECOND: DirectiveId = DirectiveId::of(61);

fn at(hour: i64) -> Timestamp {
    let midnight: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
    midnight + SignedDuration::from_hours(hour)
}

fn form() -> Option<Private> {
    Some(Private::plain("signed form"))
}

fn scope(recipient: AgencyId) -> Scope {
    Scope {
        discloser: None,
        recipients: Recipients::Named([recipient].into()),
        purposes: [Purpose::Referral].into(),
        categories: [].into(),
        labels: [].into(),
        from: None,
        until: None,
    }
}

fn content(scope: Scope) -> Content {
    Content { scope, grantor: Grantor::Person, intermediary: true }
}

/// Ana's own words at nine, or what staff wrote down of them.
fn give(by: By, which: Which, content: Option<Content>) -> Command {
    Command::Give {
        by,
        voice: Voice::Person,
        person: ANA,
        which,
        content,
        supersedes: None,
        evidence: form(),
        signing: Signing::default(),
        at: Occurred::instant(at(9)),
        now: at(9),
    }
}

fn gives(scope: Scope) -> Command {
    give(ANA_HERSELF, Which::New(FIRST), Some(content(scope)))
}

/// The same, at another hour.
fn said_at(hour: i64, command: Command) -> Command {
    let Command::Give { by, voice, person, which, content, supersedes, evidence, signing, .. } = command
    else {
        panic!("only giving is said here")
    };
    let (at, now) = (Occurred::instant(at(hour)), at(hour));
    Command::Give { by, voice, person, which, content, supersedes, evidence, signing, at, now }
}

fn replacing(old: DirectiveId, command: Command) -> Command {
    let Command::Give { by, voice, person, which, content, evidence, signing, at, now, .. } = command else {
        panic!("only giving replaces")
    };
    Command::Give { by, voice, person, which, content, supersedes: Some(old), evidence, signing, at, now }
}

fn revoke(by: By, hour: i64) -> Command {
    let at = Occurred::instant(at(hour));
    Command::Revoke { by, voice: Voice::Person, person: ANA, id: FIRST, evidence: form(), at }
}

fn draft(by: By, which: Which, scope: Scope) -> Command {
    let at = Occurred::instant(at(8));
    Command::Draft { by, person: ANA, which, content: content(scope), at }
}

fn event(id: DirectiveId, by: By, hour: i64, what: What) -> Event {
    let by = match by {
        By::Agency(agency) => Some(agency),
        By::Person(_) | By::System => None,
    };
    Event { id, person: ANA, by, at: Occurred::instant(at(hour)), what }
}

fn drafted(scope: Scope) -> Event {
    event(FIRST, THE_CLINIC, 8, What::Drafted(content(scope)))
}

fn begun(scope: Scope, hour: i64) -> Scope {
    Scope { from: Some(at(hour)), ..scope }
}

fn was_given(id: DirectiveId, by: By, scope: Scope, hour: i64) -> Event {
    event(id, by, hour, What::Given { content: content(begun(scope, hour)), evidence: form() })
}

/// Ana gave the first one at nine.
fn active() -> Event {
    was_given(FIRST, ANA_HERSELF, scope(SHELTER), 9)
}

fn revoked(hour: i64) -> Event {
    event(FIRST, ANA_HERSELF, hour, What::Revoked { evidence: form() })
}

fn until(hour: i64) -> Scope {
    Scope { until: Some(at(hour)), ..scope(SHELTER) }
}

fn expired(hour: i64) -> Event {
    event(FIRST, By::System, hour, What::Expired)
}

fn superseded() -> Event {
    event(FIRST, ANA_HERSELF, 10, What::Superseded { by: SECOND })
}

#[test]
fn only_the_persons_voice_gives_and_staff_say_what_stands_behind_it() {
    let new = Which::New(FIRST);
    let by = |by| given::<Consent>([]).when(give(by, new, Some(content(scope(SHELTER)))));
    by(ANA_HERSELF).then([active()]);
    by(THE_CLINIC).then([was_given(FIRST, THE_CLINIC, scope(SHELTER), 9)]);
    by(By::Person(BEN)).refused(Refusal::NotInPersonsVoice);
    by(By::System).refused(Refusal::NotInPersonsVoice);
    let with = |by, voice, evidence: Option<Private>| {
        let at = Occurred::instant(at(9));
        let (person, which, content, supersedes) = (ANA, new, Some(content(scope(SHELTER))), None);
        let (now, signing) = (self::at(9), Signing::default());
        Command::Give { by, voice, person, which, content, supersedes, evidence, signing, at, now }
    };
    let staff = |voice, evidence| given::<Consent>([]).when(with(THE_CLINIC, voice, evidence));
    staff(Voice::Staff, form()).refused(Refusal::NotInPersonsVoice);
    staff(Voice::Source, form()).refused(Refusal::NotInPersonsVoice);
    staff(Voice::Person, None).refused(Refusal::EvidenceNeeded);
    let herself = given::<Consent>([]).when(with(ANA_HERSELF, Voice::Person, None)).outcome().unwrap();
    assert!(matches!(herself[0].what, What::Given { evidence: None, .. }), "her own login is enough");
}

#[test]
fn only_the_persons_voice_revokes_and_it_works_whatever_stands() {
    let by = |by| given::<Consent>([active()]).when(revoke(by, 10));
    by(ANA_HERSELF).then([revoked(10)]);
    by(THE_CLINIC).then([event(FIRST, THE_CLINIC, 10, What::Revoked { evidence: form() })]);
    by(By::Person(BEN)).refused(Refusal::NotInPersonsVoice);
    by(By::System).refused(Refusal::NotInPersonsVoice);
    let staff = |voice, evidence| {
        let at = Occurred::instant(at(10));
        let revoke = Command::Revoke { by: THE_CLINIC, voice, person: ANA, id: FIRST, evidence, at };
        given::<Consent>([active()]).when(revoke)
    };
    staff(Voice::Staff, form()).refused(Refusal::NotInPersonsVoice);
    staff(Voice::Person, None).refused(Refusal::EvidenceNeeded);

    given::<Consent>([]).when(revoke(ANA_HERSELF, 10)).refused(Refusal::NotFound);
    given::<Consent>([drafted(scope(SHELTER))]).when(revoke(ANA_HERSELF, 10)).then([revoked(10)]);
    given::<Consent>([active(), revoked(10)]).when(revoke(ANA_HERSELF, 11)).nothing();
    let over = [was_given(FIRST, ANA_HERSELF, until(12), 9), expired(12)];
    given::<Consent>(over).when(revoke(ANA_HERSELF, 13)).refused(Refusal::NotActive);
    given::<Consent>([active(), superseded()]).when(revoke(ANA_HERSELF, 11)).refused(Refusal::NotActive);
    given::<Consent>([active()]).when(revoke(ANA_HERSELF, 8)).refused(Refusal::LaterWordOnRecord);
}

#[test]
fn staff_and_the_person_prepare_a_directive_and_it_is_changed_until_it_is_given() {
    let new = Which::New(FIRST);
    let known = Which::Known(FIRST);
    given::<Consent>([]).when(draft(THE_CLINIC, new, scope(SHELTER))).then([drafted(scope(SHELTER))]);
    let own = event(FIRST, ANA_HERSELF, 8, What::Drafted(content(scope(SHELTER))));
    given::<Consent>([]).when(draft(ANA_HERSELF, new, scope(SHELTER))).then([own]);
    given::<Consent>([])
        .when(draft(By::Person(BEN), new, scope(SHELTER)))
        .refused(Refusal::NotInPersonsVoice);
    given::<Consent>([]).when(draft(By::System, new, scope(SHELTER))).refused(Refusal::NotInPersonsVoice);
    given::<Consent>([]).when(draft(THE_CLINIC, known, scope(SHELTER))).refused(Refusal::NotFound);
    let prepared = || given::<Consent>([drafted(scope(SHELTER))]);
    prepared().when(draft(THE_CLINIC, known, scope(SHELTER))).nothing();
    prepared().when(draft(THE_CLINIC, known, scope(CLINIC))).then([drafted(scope(CLINIC))]);
    // Else one agency's words would be given as another's.
    let other = By::Agency(SHELTER);
    prepared().when(draft(other, known, scope(CLINIC))).refused(Refusal::DraftOfAnother);
    let in_other_words = event(FIRST, ANA_HERSELF, 8, What::Drafted(content(scope(CLINIC))));
    prepared().when(draft(ANA_HERSELF, known, scope(CLINIC))).then([in_other_words]);
    for past in [vec![active()], vec![active(), revoked(10)], vec![active(), superseded()]] {
        let refused = given::<Consent>(past).when(draft(THE_CLINIC, known, scope(CLINIC)));
        refused.refused(Refusal::NotADraft);
    }
}

#[test]
fn a_prepared_directive_is_given_as_it_is_or_in_other_words_and_once() {
    let known = Which::Known(FIRST);
    let prepared = || given::<Consent>([drafted(scope(SHELTER))]);
    prepared().when(give(ANA_HERSELF, known, None)).then([active()]);
    let other = Some(content(scope(CLINIC)));
    prepared().when(give(ANA_HERSELF, known, other.clone())).then([was_given(
        FIRST,
        ANA_HERSELF,
        scope(CLINIC),
        9,
    )]);
    given::<Consent>([]).when(give(ANA_HERSELF, known, None)).refused(Refusal::NotFound);
    given::<Consent>([active()]).when(give(ANA_HERSELF, known, None)).nothing();
    given::<Consent>([active()]).when(give(ANA_HERSELF, known, other)).refused(Refusal::NotADraft);
    // Another end, or the end of another, is something else to say: it is not taken as said.
    let sooner = Some(content(until(20)));
    given::<Consent>([active()]).when(give(ANA_HERSELF, known, sooner)).refused(Refusal::NotADraft);
    let also = || replacing(SECOND, give(ANA_HERSELF, known, None));
    let both = || [active(), was_given(SECOND, ANA_HERSELF, scope(CLINIC), 9)];
    given::<Consent>(both()).when(also()).refused(Refusal::NotADraft);
    let replaced = event(SECOND, ANA_HERSELF, 9, What::Superseded { by: FIRST });
    given::<Consent>(both().into_iter().chain([replaced])).when(also()).nothing();
    let over = [active(), revoked(10)];
    given::<Consent>(over).when(give(ANA_HERSELF, known, None)).refused(Refusal::NotADraft);
}

#[test]
fn it_begins_when_it_is_given_or_later_and_never_earlier() {
    let from = |hour| Scope { from: Some(at(hour)), ..scope(SHELTER) };
    let begins_at = |hour: i64| {
        let what = What::Given { content: content(from(hour)), evidence: form() };
        [event(FIRST, ANA_HERSELF, 9, what)]
    };
    given::<Consent>([]).when(gives(scope(SHELTER))).then(begins_at(9));
    given::<Consent>([]).when(gives(from(7))).then(begins_at(9));
    given::<Consent>([]).when(gives(from(30))).then(begins_at(30));
}

#[test]
fn one_that_would_open_nothing_is_not_given() {
    given::<Consent>([]).when(gives(until(9))).refused(Refusal::AlreadyOver);
    given::<Consent>([]).when(gives(until(8))).refused(Refusal::AlreadyOver);
    let later = Scope { from: Some(at(20)), ..until(15) };
    given::<Consent>([]).when(gives(later)).refused(Refusal::AlreadyOver);
    given::<Consent>([]).when(gives(until(10))).then([was_given(FIRST, ANA_HERSELF, until(10), 9)]);
    let Command::Give { by, voice, person, which, content, supersedes, evidence, signing, at: said, .. } =
        gives(until(10))
    else {
        panic!("it is given")
    };
    let told_late = Command::Give {
        by,
        voice,
        person,
        which,
        content,
        supersedes,
        evidence,
        signing,
        at: said,
        now: at(11),
    };
    given::<Consent>([]).when(told_late).refused(Refusal::AlreadyOver);
}

#[test]
fn the_operator_is_named_as_intermediary_and_a_representative_does_not_use_the_persons_login() {
    let unnamed = Content { intermediary: false, ..content(scope(SHELTER)) };
    let new = Which::New(FIRST);
    given::<Consent>([])
        .when(give(ANA_HERSELF, new, Some(unnamed.clone())))
        .refused(Refusal::IntermediaryNotNamed);
    let prepared = event(FIRST, THE_CLINIC, 8, What::Drafted(unnamed));
    given::<Consent>([prepared])
        .when(give(THE_CLINIC, Which::Known(FIRST), None))
        .refused(Refusal::IntermediaryNotNamed);
    let speaker =
        Speaker { representative: None, words: Some(Private::plain("Rob Example, by court order")) };
    let for_her = Content { grantor: Grantor::Representative(speaker), ..content(scope(SHELTER)) };
    given::<Consent>([])
        .when(give(ANA_HERSELF, new, Some(for_her.clone())))
        .refused(Refusal::GrantorIsThePerson);
}

#[test]
fn a_change_of_mind_is_another_directive_that_takes_the_place_of_the_first() {
    let anew =
        |scope| replacing(FIRST, said_at(10, give(ANA_HERSELF, Which::New(SECOND), Some(content(scope)))));
    let takes_over = |scope| [was_given(SECOND, ANA_HERSELF, scope, 10), superseded()];
    given::<Consent>([active()]).when(anew(scope(CLINIC))).then(takes_over(scope(CLINIC)));
    // Also where only its time is another.
    given::<Consent>([active()]).when(anew(until(20))).then(takes_over(until(20)));
    given::<Consent>([]).when(anew(scope(CLINIC))).refused(Refusal::NotFound);
    for past in [
        vec![drafted(scope(SHELTER))],
        vec![active(), revoked(10)],
        vec![was_given(FIRST, ANA_HERSELF, until(10), 9), expired(10)],
    ] {
        given::<Consent>(past).when(anew(scope(CLINIC))).refused(Refusal::NotActive);
    }
}

#[test]
fn no_two_say_the_same_so_that_revoking_one_is_enough() {
    let second = |scope| said_at(10, give(ANA_HERSELF, Which::New(SECOND), Some(content(scope))));
    given::<Consent>([active()]).when(second(scope(SHELTER))).refused(Refusal::SaysNothingNew);
    given::<Consent>([active()]).when(second(until(20))).refused(Refusal::SaysNothingNew);
    let other = Scope { purposes: [Purpose::Coordination].into(), ..scope(SHELTER) };
    given::<Consent>([active()]).when(second(other.clone())).then([was_given(
        SECOND,
        ANA_HERSELF,
        other,
        10,
    )]);
    // What has ended, by the log or by the clock alone, is no hindrance; nor is a draft.
    let again = || [was_given(SECOND, ANA_HERSELF, scope(SHELTER), 10)];
    given::<Consent>([active(), revoked(10)]).when(second(scope(SHELTER))).then(again());
    given::<Consent>([drafted(scope(SHELTER))]).when(second(scope(SHELTER))).then(again());
    let over = was_given(FIRST, ANA_HERSELF, until(10), 9);
    given::<Consent>([over.clone()]).when(second(scope(SHELTER))).then(again());
    given::<Consent>([over, expired(10)]).when(second(scope(SHELTER))).then(again());
}

#[test]
fn what_was_taken_back_since_is_not_given_by_an_older_word() {
    let told_late = |hour| said_at(hour, give(THE_CLINIC, Which::New(SECOND), Some(content(scope(SHELTER)))));
    let past = || given::<Consent>([active(), revoked(12)]);
    past().when(told_late(11)).refused(Refusal::LaterWordOnRecord);
    past().when(told_late(13)).then([was_given(SECOND, THE_CLINIC, scope(SHELTER), 13)]);
}

#[test]
fn it_expires_by_the_clock_once_and_only_where_that_is_its_end() {
    let expire = |hour| Command::Expire { id: FIRST, due: at(hour) };
    let ending = || was_given(FIRST, ANA_HERSELF, until(12), 9);
    given::<Consent>([ending()]).when(expire(12)).then([expired(12)]);
    given::<Consent>([ending()]).when(expire(11)).nothing();
    given::<Consent>([ending(), expired(12)]).when(expire(12)).nothing();
    given::<Consent>([ending(), revoked(10)]).when(expire(12)).nothing();
    given::<Consent>([ending(), superseded()]).when(expire(12)).nothing();
    given::<Consent>([active()]).when(expire(12)).nothing();
    given::<Consent>([drafted(until(12))]).when(expire(12)).nothing();
    given::<Consent>([]).when(expire(12)).nothing();
}

#[test]
fn a_person_has_a_hundred_directives_at_once_and_no_more() {
    let purposes = |number: u128| Scope { discloser: Some(AgencyId::of(number)), ..scope(SHELTER) };
    let many =
        (0..99).map(|number| was_given(DirectiveId::of(1_000 + number), THE_SHELTER, purposes(number), 9));
    let many: Vec<Event> = many.chain([drafted(scope(CLINIC))]).collect();
    given::<Consent>(many.clone())
        .when(give(ANA_HERSELF, Which::New(SECOND), Some(content(scope(SHELTER)))))
        .refused(Refusal::TooMany);
    given::<Consent>(many.clone())
        .when(draft(THE_CLINIC, Which::New(SECOND), scope(SHELTER)))
        .refused(Refusal::TooMany);
    let last = give(ANA_HERSELF, Which::Known(FIRST), None);
    given::<Consent>(many).when(last).then([was_given(FIRST, ANA_HERSELF, scope(CLINIC), 9)]);
}

#[test]
fn nothing_that_happened_to_a_directive_is_forgotten() {
    let past = [drafted(scope(CLINIC)), drafted(scope(SHELTER)), active(), revoked(10)];
    let state = past.iter().fold(State::default(), <Consent as kernel::Decider>::evolve);
    let held = state.held(FIRST).unwrap();
    let steps: Vec<_> = held.history().map(|version| (version.step, version.by)).collect();
    assert_eq!(
        steps,
        [
            (Step::Drafted, Some(CLINIC)),
            (Step::Drafted, Some(CLINIC)),
            (Step::Given, None),
            (Step::Revoked, None)
        ]
    );
    assert_eq!(held.first.scope, Some(scope(CLINIC)));
    let judged = held.directive();
    assert_eq!((judged.standing, judged.scope), (Standing::Revoked, begun(scope(SHELTER), 9)));
}

fn in_error(by: By, hour: i64) -> Command {
    Command::MarkEnteredInError { by, id: FIRST, replaced_by: Some(SECOND), at: at(hour) }
}

fn was_in_error(by: By, hour: i64) -> Event {
    event(FIRST, by, hour, What::EnteredInError { replaced_by: Some(SECOND) })
}

#[test]
fn what_never_should_have_been_written_is_said_by_who_wrote_it_the_person_and_who_runs_the_system() {
    let by_staff = || was_given(FIRST, THE_CLINIC, scope(SHELTER), 9);
    for by in [THE_CLINIC, ANA_HERSELF, By::System] {
        given::<Consent>([by_staff()]).when(in_error(by, 10)).then([was_in_error(by, 10)]);
    }
    given::<Consent>([by_staff()]).when(in_error(THE_SHELTER, 10)).refused(Refusal::NotFound);
    given::<Consent>([by_staff()]).when(in_error(By::Person(BEN), 10)).refused(Refusal::NotFound);
    given::<Consent>([]).when(in_error(THE_CLINIC, 10)).refused(Refusal::NotFound);
    // Whoever gave it is whose it is: a draft of the clinic's that she gave by her own login is hers, and one that the shelter wrote down as given the shelter's.
    let prepared = |by| [drafted(scope(SHELTER)), was_given(FIRST, by, scope(SHELTER), 9)];
    given::<Consent>([drafted(scope(SHELTER))])
        .when(in_error(THE_CLINIC, 10))
        .then([was_in_error(THE_CLINIC, 10)]);
    given::<Consent>(prepared(ANA_HERSELF)).when(in_error(THE_CLINIC, 10)).refused(Refusal::NotFound);
    given::<Consent>(prepared(THE_SHELTER)).when(in_error(THE_CLINIC, 10)).refused(Refusal::NotFound);
    given::<Consent>(prepared(THE_SHELTER))
        .when(in_error(THE_SHELTER, 10))
        .then([was_in_error(THE_SHELTER, 10)]);
}

#[test]
fn what_never_should_have_been_written_is_closed_wherever_it_stands_and_never_opens_again() {
    let by_staff = || was_given(FIRST, THE_CLINIC, until(20), 9);
    let ends = [
        event(FIRST, ANA_HERSELF, 10, What::Revoked { evidence: form() }),
        event(FIRST, By::System, 20, What::Expired),
        event(FIRST, ANA_HERSELF, 10, What::Superseded { by: SECOND }),
    ];
    for end in ends {
        given::<Consent>([by_staff(), end])
            .when(in_error(THE_CLINIC, 21))
            .then([was_in_error(THE_CLINIC, 21)]);
    }
    let marked = || [by_staff(), was_in_error(THE_CLINIC, 10)];
    let state = <Consent as kernel::Decider>::fold(&marked());
    assert_eq!(state.held(FIRST).unwrap().directive().standing, Standing::EnteredInError);
    given::<Consent>(marked()).when(in_error(THE_CLINIC, 11)).nothing();
    given::<Consent>(marked()).when(revoke(ANA_HERSELF, 11)).refused(Refusal::NotActive);
    given::<Consent>(marked()).when(Command::Expire { id: FIRST, due: at(20) }).nothing();
    let again = said_at(11, give(ANA_HERSELF, Which::Known(FIRST), None));
    given::<Consent>(marked()).when(again).refused(Refusal::NotADraft);
    // The same may be given anew, by another.
    let anew = said_at(11, give(ANA_HERSELF, Which::New(SECOND), Some(content(scope(SHELTER)))));
    let anew_given = was_given(SECOND, ANA_HERSELF, scope(SHELTER), 11);
    given::<Consent>(marked()).when(anew).then([anew_given]);
    // What it took the place of stays replaced.
    let old = was_given(SECOND, ANA_HERSELF, scope(CLINIC), 8);
    let replaced = event(SECOND, THE_CLINIC, 9, What::Superseded { by: FIRST });
    let state =
        <Consent as kernel::Decider>::fold(&[old, by_staff(), replaced, was_in_error(THE_CLINIC, 10)]);
    assert_eq!(state.held(SECOND).unwrap().last().step, Step::Superseded(FIRST));
}
