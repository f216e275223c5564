//! The only file that knows both the contract and the domain: findings as events and replies, and back.
//! Invariant: a finding reads back from its event exactly as it was found, so that comparing it with what is found now means something.

use kernel::ids::Uuid;
use kernel::{PersonId, Timestamp};
use platform::command::{Encoding, Ink, Payload, Unreadable};
use platform::wire::to_instant;
use prost::{Message, Name};
use proto::coordination as pb;
use proto::coordination::coordination_event::Kind as EventKind;
use tonic::Status;

use crate::domain::findings::{Event, State};
use crate::domain::{FindingId, Findings, Found, Input, Kind, Rule, Subject};

impl Encoding for Findings {
    fn person(after: &State) -> Option<PersonId> {
        after.subject().and_then(|subject| subject.person())
    }

    fn encode(event: &Event, _: &State, _: &Ink<'_>) -> Result<Payload, Status> {
        let (kind, event, found) = match event {
            Event::Raised { id, subject, found } => {
                let content = Some(content(*subject, found));
                let raised = pb::FindingRaised { finding_id: id.to_string(), content };
                (pb::FindingRaised::full_name(), EventKind::FindingRaised(raised), Some(found))
            }
            Event::Changed { id, subject, found } => {
                let content = Some(content(*subject, found));
                let changed = pb::FindingChanged { finding_id: id.to_string(), content };
                (pb::FindingChanged::full_name(), EventKind::FindingChanged(changed), Some(found))
            }
            Event::Cleared { id, rule, .. } => {
                let cleared = pb::FindingCleared { finding_id: id.to_string(), rule: rule.clone() };
                (pb::FindingCleared::full_name(), EventKind::FindingCleared(cleared), None)
            }
        };
        let mut payload = Payload::new(kind, &pb::CoordinationEvent { kind: Some(event) });
        let labels = found.into_iter().flat_map(|found| &found.inputs).map(|input| input.label.clone());
        payload.labels = labels.filter(|label| !label.is_empty()).collect();
        payload.labels.sort();
        payload.labels.dedup();
        Ok(payload)
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        let bad = |why| Unreadable::new(stored, why);
        let kind = pb::CoordinationEvent::decode(stored.payload.clone())
            .map_err(|_| bad("its payload is damaged"))?
            .kind
            .ok_or_else(|| bad("a newer release wrote it"))?;
        let id = |text: &str| text.parse().map_err(|_| bad("an id in it is damaged"));
        Ok(match kind {
            EventKind::FindingRaised(raised) => {
                let (subject, found) = found(raised.content).ok_or_else(|| bad("its content is damaged"))?;
                Event::Raised { id: id(&raised.finding_id)?, subject, found }
            }
            EventKind::FindingChanged(changed) => {
                let (subject, found) = found(changed.content).ok_or_else(|| bad("its content is damaged"))?;
                Event::Changed { id: id(&changed.finding_id)?, subject, found }
            }
            EventKind::FindingCleared(cleared) => {
                let person = stored.person_id.parse().map_err(|_| bad("it concerns nobody"))?;
                let (id, subject) = (id(&cleared.finding_id)?, Subject::Person(person));
                Event::Cleared { id, subject, rule: cleared.rule }
            }
        })
    }
}

/// What was found, as events and replies hold it.
pub fn content(subject: Subject, found: &Found) -> pb::FindingContent {
    use pb::subject::Of;
    let of = match subject {
        Subject::Person(person) => Of::PersonId(person.to_string()),
        Subject::Seat(seat) => Of::SeatId(seat.to_string()),
        Subject::Unit(unit) => Of::UnitId(unit.to_string()),
    };
    pb::FindingContent {
        rule: found.rule.clone(),
        rule_version: found.version,
        kind: kind(found.kind).into(),
        subject: Some(pb::Subject { of: Some(of) }),
        inputs: found.inputs.iter().map(input).collect(),
        from: found.from.map(to_instant),
        until: found.until.map(to_instant),
        line: found.line.clone(),
        concerned_agency_ids: found.concerned.iter().map(ToString::to_string).collect(),
    }
}

fn input(input: &Input) -> pb::FindingInput {
    pb::FindingInput {
        service: input.service.clone(),
        stream: input.stream.clone(),
        entry: input.entry.clone(),
        person_id: input.person.to_string(),
        agency_id: input.agency.to_string(),
        category: input.category.clone(),
        label: input.label.clone(),
        shared_with_agency_ids: input.shared_with.iter().map(ToString::to_string).collect(),
    }
}

/// The sort of a finding, on the wire.
pub fn kind(kind: Kind) -> pb::FindingKind {
    match kind {
        Kind::Clash => pb::FindingKind::Clash,
        Kind::Synergy => pb::FindingKind::Synergy,
        Kind::Gap => pb::FindingKind::Gap,
    }
}

/// A rule and how many of its findings are open.
pub fn rule(rule: &Rule, open: u64) -> pb::RuleStatus {
    pb::RuleStatus {
        code: rule.code.to_owned(),
        version: rule.version,
        kind: kind(rule.kind).into(),
        summary: rule.summary.to_owned(),
        open,
    }
}

/// What was found, from a stored event.
pub fn found(content: Option<pb::FindingContent>) -> Option<(Subject, Found)> {
    use pb::subject::Of;
    let content = content?;
    let subject = match content.subject.as_ref()?.of.as_ref()? {
        Of::PersonId(id) => Subject::Person(id.parse().ok()?),
        Of::SeatId(id) => Subject::Seat(Uuid::try_parse(id).ok()?),
        Of::UnitId(id) => Subject::Unit(Uuid::try_parse(id).ok()?),
    };
    let kind = match content.kind() {
        pb::FindingKind::Unspecified => return None,
        pb::FindingKind::Clash => Kind::Clash,
        pb::FindingKind::Synergy => Kind::Synergy,
        pb::FindingKind::Gap => Kind::Gap,
    };
    let instant = |at: Option<prost_types::Timestamp>| match at {
        Some(at) => Timestamp::new(at.seconds, at.nanos).ok().map(Some),
        None => Some(None),
    };
    let found = Found {
        rule: content.rule,
        version: content.rule_version,
        kind,
        inputs: content.inputs.into_iter().map(stored_input).collect::<Option<_>>()?,
        from: instant(content.from)?,
        until: instant(content.until)?,
        line: content.line,
        concerned: content.concerned_agency_ids.iter().map(|id| id.parse().ok()).collect::<Option<_>>()?,
    };
    Some((subject, found))
}

fn stored_input(input: pb::FindingInput) -> Option<Input> {
    Some(Input {
        service: input.service,
        stream: input.stream,
        entry: input.entry,
        person: input.person_id.parse().ok()?,
        agency: input.agency_id.parse().ok()?,
        category: input.category,
        label: input.label,
        shared_with: input.shared_with_agency_ids.iter().map(|id| id.parse().ok()).collect::<Option<_>>()?,
    })
}

/// The finding that a request names.
///
/// # Errors
/// A text that is no id.
pub fn finding_id(text: &str) -> Result<FindingId, platform::error::BadField> {
    platform::wire::id("finding_id", text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::AgencyId;

    #[test]
    fn a_finding_reads_back_from_its_event_exactly_as_it_was_found() {
        let input = |agency: u128, label: &str| Input {
            service: "referrals".into(),
            stream: "referral-1".into(),
            entry: "2026-03-10".into(),
            person: PersonId::of(10),
            agency: AgencyId::of(agency),
            category: "referrals".into(),
            label: label.into(),
            shared_with: [AgencyId::of(9)].into(),
        };
        let known = Found {
            rule: "C1".into(),
            version: 3,
            kind: Kind::Clash,
            inputs: vec![input(1, ""), input(2, "42CFRPart2")],
            from: Some("2026-03-10T10:00:00.000001Z".parse().unwrap()),
            until: None,
            line: "A commitment and an interview overlap".into(),
            concerned: [AgencyId::of(1), AgencyId::of(2)].into(),
        };
        for subject in [Subject::Person(PersonId::of(10)), Subject::Unit(Uuid::from_u128(4))] {
            assert_eq!(found(Some(content(subject, &known))), Some((subject, known.clone())));
        }
        assert_eq!(known.classes().len(), 4, "each input is seen by its writer or by whom it is shared with");
    }
}
