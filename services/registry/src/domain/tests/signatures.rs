//! Whose signature gives a minor's consent directive, by the agency's rule.

use kernel::ids::Uuid;
use kernel::{Day, DirectiveId, Occurred, Purpose, Recipients, Scope, Timestamp, Voice, Zone, given};

use super::*;
use crate::domain::agency::Minors;
use crate::domain::consent::{
    Command, Consent, Content, Event, Grantor, MinorSigns, Refusal, Signing, Speaker, What, Which,
};

const ROB: Uuid = Uuid::from_u128(1);

fn now() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

fn speaker(representative: Option<Uuid>) -> Speaker {
    Speaker { representative, words: None }
}

fn content(grantor: Grantor) -> Content {
    let scope = Scope {
        discloser: None,
        recipients: Recipients::Named([SHELTER].into()),
        purposes: [Purpose::Referral].into(),
        categories: [].into(),
        labels: [].into(),
        from: None,
        until: None,
    };
    Content { scope, grantor, intermediary: true }
}

/// What becomes of a directive by this grantor, under this rule; Rob is on record.
fn give(by: By, minor: Option<MinorSigns>, grantor: Grantor) -> Result<(), Refusal> {
    let command = Command::Give {
        by,
        voice: Voice::Person,
        person: ANA,
        which: Which::New(DirectiveId::of(60)),
        content: Some(content(grantor)),
        supersedes: None,
        evidence: Some(Private::plain("signed form")),
        signing: Signing { minor, speakers: [ROB].into() },
        at: Occurred::instant(now()),
        now: now(),
    };
    given::<Consent>([]).when(command).outcome().map(|events| assert_eq!(events.len(), 1))
}

#[test]
fn a_directive_has_the_signatures_that_the_rule_asks_for() {
    use MinorSigns::{Alone, Both, Representative};
    let by_rob = || Grantor::Representative(speaker(Some(ROB)));
    let by_both = || Grantor::Both(speaker(Some(ROB)));
    let (rob_too, ana_too) = (Err(Refusal::RepresentativeMustSign), Err(Refusal::PersonMustSign));
    for (rule, by_ana, rob, both) in [
        (None, Ok(()), Ok(()), Ok(())),
        (Some(Alone), Ok(()), ana_too.clone(), Ok(())),
        (Some(Representative), rob_too.clone(), Ok(()), Ok(())),
        (Some(Both), rob_too.clone(), ana_too, Ok(())),
    ] {
        assert_eq!(give(THE_CLINIC, rule, Grantor::Person), by_ana, "{rule:?}");
        assert_eq!(give(ANA_HERSELF, rule, Grantor::Person), by_ana, "{rule:?}");
        assert_eq!(give(THE_CLINIC, rule, by_rob()), rob, "{rule:?}");
        assert_eq!(give(THE_CLINIC, rule, by_both()), both, "{rule:?}");
        assert_eq!(give(ANA_HERSELF, rule, by_both()), Err(Refusal::GrantorIsThePerson), "{rule:?}");
    }
}

#[test]
fn who_speaks_for_the_person_is_on_record() {
    for unknown in [None, Some(Uuid::from_u128(2))] {
        for grantor in [Grantor::Representative(speaker(unknown)), Grantor::Both(speaker(unknown))] {
            for rule in [None, Some(MinorSigns::Representative)] {
                let refusal = give(THE_CLINIC, rule, grantor.clone());
                assert_eq!(refusal, Err(Refusal::RepresentativeNotOnRecord));
            }
        }
    }
}

#[test]
fn a_draft_is_given_with_the_same_signatures() {
    let id = DirectiveId::of(60);
    let at = Occurred::instant(now());
    let draft = Event {
        id,
        person: ANA,
        by: Some(CLINIC),
        at: at.clone(),
        what: What::Drafted(content(Grantor::Person)),
    };
    let as_it_is = |minor| Command::Give {
        by: THE_CLINIC,
        voice: Voice::Person,
        person: ANA,
        which: Which::Known(id),
        content: None,
        supersedes: None,
        evidence: Some(Private::plain("signed form")),
        signing: Signing { minor, speakers: [].into() },
        at: at.clone(),
        now: now(),
    };
    let past = || [draft.clone()];
    given::<Consent>(past())
        .when(as_it_is(Some(MinorSigns::Representative)))
        .refused(Refusal::RepresentativeMustSign);
    assert!(given::<Consent>(past()).when(as_it_is(None)).outcome().is_ok());
}

#[test]
fn who_is_a_minor_depends_on_the_day_in_the_agencys_zone() {
    let minors = Minors { zone: Zone::named("America/Chicago").unwrap(), ..Minors::default() };
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let born = Day::constant(2008, 3, 2);
    assert_eq!(minors.rule(born, at("2026-03-02T05:59:59Z")), Some(MinorSigns::Representative));
    assert_eq!(minors.rule(born, at("2026-03-02T06:00:00Z")), None, "of age from the birthday on");
    let leap = Day::constant(2008, 2, 29);
    assert!(minors.rule(leap, at("2026-02-28T18:00:00Z")).is_some());
    assert!(minors.rule(leap, at("2026-03-01T18:00:00Z")).is_none());
    assert!(Minors { age: 12, ..minors.clone() }.rule(Day::constant(2012, 1, 1), now()).is_none());
    assert!(minors.rule(Day::constant(2030, 1, 1), now()).is_some(), "a birth date in the future is no age");
}

#[test]
fn an_agency_says_who_is_a_minor_and_who_signs_or_the_default_holds() {
    use crate::domain::agency::Content;
    let plain = Content {
        name: "Clinic".into(),
        zone: Zone::utc(),
        part2: false,
        identifiers: vec![],
        holidays: vec![],
        plan_review_days: 0,
        plan_overseer: 0,
        minor_age: 0,
        minor_signs: None,
        emergency_hours: 0,
        referral_clocks: Default::default(),
        weekend: vec![],
    };
    assert_eq!(plain.minors(), Minors { zone: Zone::utc(), age: 18, signs: MinorSigns::Representative });
    let own = Content { minor_age: 14, minor_signs: Some(MinorSigns::Both), ..plain };
    assert_eq!(own.minors(), Minors { zone: Zone::utc(), age: 14, signs: MinorSigns::Both });
}
