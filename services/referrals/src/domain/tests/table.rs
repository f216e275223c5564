//! The state table: every command in every state by every kind of actor, allowed or refused with its reason.
//! Invariant: `table.txt` holds every cell, so that a change of a rule changes it; a command that is added does not compile before it has a name
//! here, and is missed in the table before it has its lines there.

use std::collections::BTreeSet;

use kernel::ids::Uuid;
use kernel::{Decider, Refusal as _};

use super::*;

/// What the table says, for people to read and to review.
const TABLE: &str = include_str!("table.txt");

/// Names of the variants of an enumeration of the domain's. One that is added is missed by the match.
macro_rules! names {
    ($all:ident, $one:ident: $of:ident { $($variant:ident => $name:literal),+ $(,)? }) => {
        const $all: &[&str] = &[$($name),+];
        fn $one(value: &$of) -> &'static str {
            match value { $($of::$variant { .. } => $name),+ }
        }
    };
}

names!(COMMANDS, command_name: Command {
    Draft => "draft",
    Send => "send",
    Acknowledge => "acknowledge",
    Accept => "accept",
    Reject => "reject",
    Cancel => "cancel",
    Start => "start",
    Hold => "hold",
    Resume => "resume",
    Complete => "complete",
    Fail => "fail",
    Report => "report",
    AskInformation => "ask information",
    SupplyInformation => "supply information",
    AddContact => "add contact",
    SetStatus => "set status",
    Rest => "rest",
    Wake => "wake",
    LapseConsent => "lapse consent",
    RestoreConsent => "restore consent",
    ForeseeConsent => "foresee consent",
    AskTransfer => "ask for a transfer",
    Follow => "follow",
    Transfer => "transfer",
    Split => "split",
    EndPart => "end a part",
    EndWithWhole => "end with the whole",
    Assign => "assign",
    Review => "review",
    Lapse => "lapse",
    MarkEnteredInError => "mark entered in error",
    Record => "record",
});

names!(SITUATIONS, situation_name: Situation {
    Draft => "draft",
    Requested => "requested",
    Accepted => "accepted",
    InProgress => "in progress",
    OnHold => "on hold",
    Closed => "closed",
});

names!(CLOSINGS, closing_name: Closing {
    Rejected => "rejected",
    Cancelled => "cancelled",
    Completed => "completed",
    Failed => "failed",
});

names!(STATES, state_name: State {
    Unmade => "unmade",
    Made => "made",
    Told => "told",
    InError => "in error",
});

/// The states, in the order of the lines. Where one was sent, its target wants to know something.
fn states() -> Vec<(&'static str, Vec<Event>)> {
    let reason = ClosingReason::Moved;
    let rejected = Event::Rejected { reason, criterion: None, text: Private::plain("in words") };
    let open = || then(asked(), [accepted()]);
    let closed = |event| then(open(), [event]);
    let following = Event::FollowedBy { how: Followed::Transferring, referral: ReferralId::of(31) };
    let lapsed = |past| then(past, [Event::ConsentLapsed { directive: "consent-1".into(), at: noon() }]);
    vec![
        ("none", vec![]),
        ("draft", drafted()),
        ("requested", asked()),
        ("acknowledged", then(asked(), [Event::Acknowledged { at: noon() }])),
        ("accepted", open()),
        ("in progress", then(open(), [Event::Started { at: noon() }])),
        ("split", then(open(), [Event::Split { rule: Rule::Any, parts: vec![PART] }])),
        ("on hold", then(open(), [held(HoldReason::Documents)])),
        ("being transferred", then(open(), [following])),
        ("rejected", then(asked(), [rejected])),
        ("cancelled", closed(Event::Cancelled { reason, ended_early: false })),
        ("completed", closed(Event::Completed { outcome: Outcome::Enrolled })),
        ("failed", closed(Event::Failed { reason, ended_early: false })),
        ("requested, consent lapsed", lapsed(asked())),
        ("accepted, consent lapsed", lapsed(open())),
        ("in progress, consent lapsed", lapsed(then(open(), [Event::Started { at: noon() }]))),
        ("on hold, consent lapsed", lapsed(then(open(), [held(HoldReason::Documents)]))),
        ("requested, person died", then(asked(), [Event::PersonDied { at: noon() }])),
        ("recorded", vec![recorded()]),
        ("entered in error", then(asked(), [Event::EnteredInError])),
    ]
}

const PART: ReferralId = ReferralId::of(33);

fn asked() -> Vec<Event> {
    let question =
        Event::InformationAsked { question: Uuid::from_u128(1), text: Private::plain("a question") };
    then(requested(), [question])
}

/// Who asks, in the order of the columns. The last but one refers themself: the referral is then their own.
const ACTORS: [(&str, By); 7] = [
    ("requester", By::Agency(SHELTER)),
    ("target", By::Agency(CLINIC)),
    ("another agency", By::Agency(STRANGER)),
    ("the person", By::Person(ANA)),
    ("another person", By::Person(PersonId::of(99))),
    ("who refers themself", By::Person(ANA)),
    ("a service", By::System),
];

/// Every command once. Who a record speaks for is said in it; what is of the system's own knows no actor.
fn commands(by: By) -> Vec<Command> {
    let (reason, text) = (ClosingReason::NoCapacity, Private::plain("in words"));
    let speaks = match by {
        By::Agency(agency) => agency,
        By::Person(_) | By::System => STRANGER,
    };
    vec![
        Command::Draft { id: THIS, by, at: noon(), ask: Box::new(ask()) },
        Command::Send {
            by,
            when: now(),
            consent: Some("consent-1".into()),
            overriding: None,
            programme: false,
            pace: usual(),
        },
        Command::Acknowledge { by, when: now() },
        Command::Accept { by, when: now(), pace: usual() },
        Command::Reject { by, when: now(), reason, criterion: None, text: text.clone() },
        Command::Cancel { by, when: now(), reason },
        Command::Start { by, when: now() },
        Command::Hold { by, reason: HoldReason::Capacity, when: now() },
        Command::Resume { by, when: now(), pace: usual() },
        Command::Complete { by, when: now(), outcome: Outcome::Waitlisted },
        Command::Fail { by, when: now(), reason },
        Command::Report { at: noon(), progress: Progress::Opened, record: "case-1".into(), end: None },
        Command::AskInformation { by, question: Uuid::from_u128(2), text: text.clone() },
        Command::SupplyInformation {
            by,
            question: Uuid::from_u128(1),
            text: text.clone(),
            consent: Some("consent-1".into()),
        },
        Command::AddContact { by, contact: contact(1, true) },
        Command::SetStatus { by, status: BusinessStatus::Scheduled },
        Command::Rest { at: noon() },
        Command::Wake { at: noon(), pace: usual() },
        Command::LapseConsent { directive: "consent-1".into(), at: noon(), changes: None },
        Command::RestoreConsent { directive: "consent-2".into(), at: noon(), pace: usual(), changes: None },
        Command::ForeseeConsent { changes: Some(due()) },
        Command::AskTransfer { by, text },
        Command::Follow { how: Followed::ReReferred, referral: ReferralId::of(31) },
        Command::Transfer { to: ReferralId::of(31) },
        Command::Split { by, rule: Rule::Any, parts: vec![ReferralId::of(32)] },
        Command::EndPart { part: PART, end: PartEnd::Completed(Outcome::Enrolled) },
        Command::EndWithWhole { reason },
        Command::Assign { by, to: to(Some(WorkerId::of(7)), CLINIC) },
        Command::Review { by, when: now(), pace: usual() },
        Command::Lapse { clock: Clock::Acknowledge, due: due() },
        Command::MarkEnteredInError { by },
        Command::Record(Box::new(telling(speaks))),
    ]
}

fn telling(requester: AgencyId) -> Recorded {
    Recorded {
        person: ANA,
        requester,
        offer: Some((OFFER, CLINIC, "Kitchen skills".into())),
        service_named: kernel::Words { text: Private::plain("a navigator"), hash: [1; 32] },
        made: kernel::Occurred::instant(noon()),
        answer: referral::Answer::Requested,
        reached: None,
        known_until: None,
        discrepancies: vec![],
    }
}

fn recorded() -> Event {
    Event::Recorded { told: Box::new(telling(SHELTER)), correction: false }
}

/// The same past as of a person who referred themself.
fn own(past: Vec<Event>) -> Vec<Event> {
    let own = |event| {
        if let Event::Drafted(facts) = event {
            return Event::Drafted(Facts { requester: None, ..facts });
        }
        event
    };
    past.into_iter().map(own).collect()
}

/// Allowed, holding already, told that there is none ("-"), or refused with its reason code.
fn cell(past: &[Event], command: Command) -> String {
    match Referral::decide(&Referral::fold(past), command) {
        Ok(events) if events.is_empty() => "holds".into(),
        Ok(_) => "yes".into(),
        Err(referral::Refusal::NotFound) => "-".into(),
        Err(refusal) => refusal.reason().to_lowercase(),
    }
}

/// Command, state, and a cell for each actor.
type Line = (&'static str, &'static str, Vec<String>);

fn lines() -> Vec<Line> {
    let mut lines = vec![];
    for (at, name) in COMMANDS.iter().enumerate() {
        for (state, past) in states() {
            let asked = |(actor, by): &(&str, By)| {
                let past = if *actor == "who refers themself" { own(past.clone()) } else { past.clone() };
                cell(&past, commands(*by).swap_remove(at))
            };
            lines.push((*name, state, ACTORS.iter().map(asked).collect()));
        }
    }
    lines
}

/// The table as the file has it: states that answer alike stand on one line.
fn written() -> String {
    let actors: Vec<&str> = ACTORS.iter().map(|(name, _)| *name).collect();
    let mut text = format!(
        "# What each command comes to: in these states, asked by {}.\n\
         # yes: it happens; holds: what it asks for holds already; -: REFERRAL_NOT_FOUND; else the refusal's reason code.\n",
        actors.join(" | ")
    );
    for name in COMMANDS {
        text.push_str(&format!("\n{name}\n"));
        let mut groups: Vec<(Vec<&str>, Vec<String>)> = vec![];
        for (_, state, cells) in lines().into_iter().filter(|(command, ..)| command == name) {
            match groups.iter_mut().find(|(_, same)| *same == cells) {
                Some((states, _)) => states.push(state),
                None => groups.push((vec![state], cells)),
            }
        }
        for (states, cells) in groups {
            text.push_str(&format!("  {}: {}\n", states.join("; "), cells.join(" | ")));
        }
    }
    text
}

#[test]
fn every_command_in_every_state_by_every_actor_comes_to_what_the_table_says() {
    let now = written();
    assert!(now == TABLE, "the table would now be:\n{now}");
}

#[test]
fn the_table_holds_every_command_and_every_state() {
    let asked: Vec<&str> = commands(By::System).iter().map(command_name).collect();
    assert_eq!(asked, COMMANDS, "each command is asked once, in this order");
    let (mut made, mut situations, mut closings) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (_, past) in states() {
        let state = Referral::fold(&past);
        made.insert(state_name(&state));
        if let State::Made { situation, .. } = &state {
            situations.insert(situation_name(situation));
            if let Situation::Closed(closing) = situation {
                closings.insert(closing_name(closing));
            }
        }
    }
    let all = |names: &[&'static str]| names.iter().copied().collect::<BTreeSet<_>>();
    assert_eq!((made, situations, closings), (all(STATES), all(SITUATIONS), all(CLOSINGS)));
}

/// Commands that somebody gives about a referral that is there: the rest begin one, or are the system's own.
fn is_asked_of_one(command: &str) -> bool {
    let begins = ["draft", "record"];
    let own = [
        "report",
        "rest",
        "wake",
        "lapse consent",
        "restore consent",
        "foresee consent",
        "follow",
        "transfer",
        "end a part",
        "end with the whole",
        "lapse",
    ];
    !begins.contains(&command) && !own.contains(&command)
}

#[test]
fn whoever_is_no_party_learns_nothing_in_any_state() {
    for (command, state, cells) in lines().iter().filter(|(command, ..)| is_asked_of_one(command)) {
        for (cell, (actor, _)) in cells.iter().zip(ACTORS) {
            if matches!(actor, "another agency" | "another person") {
                assert_eq!(cell, "-", "{command} in {state} by {actor}");
            }
        }
    }
}

#[test]
fn nobody_but_its_maker_knows_of_a_draft() {
    for (command, state, cells) in lines().iter().filter(|(command, ..)| is_asked_of_one(command)) {
        if *state == "draft" {
            assert_eq!(cells[1], "-", "{command} by the target");
        }
    }
}

#[test]
fn the_target_alone_answers_and_serves() {
    let answers = [
        "acknowledge",
        "accept",
        "reject",
        "start",
        "hold",
        "resume",
        "complete",
        "fail",
        "ask information",
        "add contact",
        "set status",
        "split",
        "assign",
    ];
    for (command, state, cells) in lines().iter().filter(|(command, ..)| answers.contains(command)) {
        for (cell, (actor, _)) in cells.iter().zip(ACTORS) {
            let may = ["yes", "holds"].contains(&cell.as_str());
            assert!(!may || actor == "target", "{command} in {state} by {actor}: {cell}");
        }
    }
}

#[test]
fn while_its_consent_has_lapsed_the_target_rejects_or_cancels_and_says_who_takes_care_of_it_and_nothing_else()
{
    for (command, state, cells) in lines().iter().filter(|(_, state, _)| state.ends_with("consent lapsed")) {
        if is_asked_of_one(command) && cells[1] == "yes" {
            assert!(["reject", "cancel", "assign"].contains(command), "{command} in {state}");
        }
    }
}
