//! The state table: every command in every state by every kind of actor, allowed or refused with its reason.
//! Invariant: the table below is written by hand from the rules; a change of a rule must change it.

use kernel::{Decider, Refusal as _};

use super::*;

/// The states, in the order of the columns.
fn states() -> [(&'static str, Vec<Event>); 10] {
    let closed = |event| then(requested(), [event]);
    let reason = ClosingReason::Moved;
    let rejected = Event::Rejected { reason, criterion: None, text: Private::plain("in words") };
    let open = || then(requested(), [accepted()]);
    [
        ("none", vec![]),
        ("draft", drafted()),
        ("requested", requested()),
        ("accepted", open()),
        ("in progress", then(open(), [Event::Started])),
        ("on hold", then(open(), [Event::Held { reason: HoldReason::Documents }])),
        ("rejected", closed(rejected)),
        ("cancelled", closed(Event::Cancelled { reason, ended_early: false })),
        ("completed", then(open(), [Event::Completed { outcome: Outcome::Enrolled }])),
        ("error", closed(Event::EnteredInError)),
    ]
}

/// The commands of the table, by name.
fn commands(by: By) -> [(&'static str, Command); 10] {
    let (reason, text) = (ClosingReason::NoCapacity, Private::plain("in words"));
    [
        (
            "send",
            Command::Send {
                by,
                at: noon(),
                consent: Some("consent-1".into()),
                overriding: None,
                programme: false,
            },
        ),
        ("acknowledge", Command::Acknowledge { by }),
        ("accept", Command::Accept { by }),
        ("reject", Command::Reject { by, reason, criterion: None, text }),
        ("cancel", Command::Cancel { by, reason }),
        ("start", Command::Start { by }),
        ("hold", Command::Hold { by, reason: HoldReason::Capacity }),
        ("resume", Command::Resume { by }),
        ("complete", Command::Complete { by, outcome: Outcome::Waitlisted }),
        ("fail", Command::Fail { by, reason }),
    ]
}

fn cell(past: &[Event], command: Command) -> String {
    match Referral::decide(&Referral::fold(past), command) {
        Ok(events) if events.is_empty() => "holds".into(),
        Ok(_) => "yes".into(),
        Err(refusal) => refusal.reason().to_lowercase(),
    }
}

fn table(by: By) -> String {
    let mut lines = vec![];
    for (state, past) in states() {
        let cells: Vec<String> = commands(by)
            .into_iter()
            .map(|(name, command)| format!("{name}: {}", cell(&past, command)))
            .collect();
        lines.push(format!("{state} | {}", cells.join(" | ")));
    }
    lines.join("\n")
}

const TARGET: &str = "\
none | send: referral_not_found | acknowledge: referral_not_found | accept: referral_not_found | reject: referral_not_found | cancel: referral_not_found | start: referral_not_found | hold: referral_not_found | resume: referral_not_found | complete: referral_not_found | fail: referral_not_found
draft | send: referral_not_found | acknowledge: referral_not_found | accept: referral_not_found | reject: referral_not_found | cancel: referral_not_found | start: referral_not_found | hold: referral_not_found | resume: referral_not_found | complete: referral_not_found | fail: referral_not_found
requested | send: made_by_another | acknowledge: yes | accept: yes | reject: yes | cancel: yes | start: not_in_this_state | hold: not_in_this_state | resume: not_in_this_state | complete: not_in_this_state | fail: not_in_this_state
accepted | send: made_by_another | acknowledge: holds | accept: holds | reject: not_awaiting_answer | cancel: yes | start: yes | hold: yes | resume: not_in_this_state | complete: yes | fail: yes
in progress | send: made_by_another | acknowledge: holds | accept: not_awaiting_answer | reject: not_awaiting_answer | cancel: yes | start: holds | hold: yes | resume: holds | complete: yes | fail: yes
on hold | send: made_by_another | acknowledge: holds | accept: not_awaiting_answer | reject: not_awaiting_answer | cancel: yes | start: not_in_this_state | hold: not_in_this_state | resume: yes | complete: yes | fail: yes
rejected | send: made_by_another | acknowledge: holds | accept: not_awaiting_answer | reject: not_awaiting_answer | cancel: not_in_this_state | start: not_in_this_state | hold: not_in_this_state | resume: not_in_this_state | complete: not_in_this_state | fail: not_in_this_state
cancelled | send: made_by_another | acknowledge: not_awaiting_answer | accept: not_awaiting_answer | reject: not_awaiting_answer | cancel: holds | start: not_in_this_state | hold: not_in_this_state | resume: not_in_this_state | complete: not_in_this_state | fail: not_in_this_state
completed | send: made_by_another | acknowledge: not_awaiting_answer | accept: not_awaiting_answer | reject: not_awaiting_answer | cancel: not_in_this_state | start: not_in_this_state | hold: not_in_this_state | resume: not_in_this_state | complete: not_in_this_state | fail: not_in_this_state
error | send: referral_not_found | acknowledge: referral_not_found | accept: referral_not_found | reject: referral_not_found | cancel: referral_not_found | start: referral_not_found | hold: referral_not_found | resume: referral_not_found | complete: referral_not_found | fail: referral_not_found";

#[test]
fn the_target_may_answer_what_was_sent_and_serve_what_it_accepted() {
    assert_eq!(table(by(CLINIC)), TARGET);
}

#[test]
fn the_requester_may_send_and_call_off_and_nothing_else() {
    for (state, past) in states() {
        for (name, command) in commands(by(SHELTER)) {
            let expected = match (state, name) {
                ("none" | "error", _) => "referral_not_found",
                ("draft", "send") => "yes",
                (_, "send") => "not_a_draft",
                ("requested" | "accepted" | "in progress" | "on hold", "cancel") => "yes",
                ("cancelled", "cancel") => "holds",
                (_, "cancel") => "not_in_this_state",
                (_, _) => "sent_to_another",
            };
            assert_eq!(cell(&past, command), expected, "{name} in {state}");
        }
    }
}

#[test]
fn the_person_may_send_and_call_off_and_nothing_else() {
    for (state, past) in states() {
        for (name, command) in commands(By::Person(ANA)) {
            let expected = match (state, name) {
                ("none" | "error", _) => "referral_not_found",
                ("draft", "send") => "yes",
                (_, "send") => "not_a_draft",
                ("requested" | "accepted" | "in progress" | "on hold", "cancel") => "yes",
                ("cancelled", "cancel") => "holds",
                (_, "cancel") => "not_in_this_state",
                (_, _) => "sent_to_another",
            };
            assert_eq!(cell(&past, command), expected, "{name} in {state}");
        }
    }
}

#[test]
fn whoever_is_no_party_learns_nothing_in_any_state() {
    for who in [by(STRANGER), By::Person(PersonId::of(99))] {
        for (state, past) in states() {
            for (name, command) in commands(who) {
                assert_eq!(cell(&past, command), "referral_not_found", "{name} in {state}");
            }
        }
    }
}

#[test]
fn only_the_requester_marks_a_referral_as_entered_in_error_whatever_its_state() {
    for (state, past) in states() {
        let mark = |by| cell(&past, Command::MarkEnteredInError { by });
        let (own, others) = match state {
            "none" => ("referral_not_found", "referral_not_found"),
            "error" => ("holds", "referral_not_found"),
            "draft" => ("yes", "referral_not_found"),
            _ => ("yes", "made_by_another"),
        };
        assert_eq!(mark(by(SHELTER)), own, "{state}");
        assert_eq!(mark(by(CLINIC)), others, "{state}");
        assert_eq!(mark(by(STRANGER)), "referral_not_found", "{state}");
    }
}
