//! Employment status reports on the wire.
//! Invariant: a report is stored as it was told, with what is odd about it beside it.

use kernel::{AgencyId, Discrepancy, PersonId, Zone};
use platform::command::{Encoding, Ink, Payload, Unreadable};
use platform::error::BadField;
use platform::wire::{self, to_date};
use proto::types;
use proto::vocational as pb;
use proto::vocational::vocational_event::Kind;
use tonic::Status;

use super::codes::{employment_type, not_employed, optional};
use super::stored::Stored;
use crate::domain::ReportId;
use crate::domain::report::{Event, Report, State, Told};

/// What was told, by that agency.
pub fn record(
    id: ReportId,
    agency: AgencyId,
    request: &pb::RecordEmploymentStatusRequest,
) -> Result<Told, BadField> {
    let kind = optional("employment_type", request.employment_type, employment_type::parse)?;
    let reason = optional("not_employed_reason", request.not_employed_reason, not_employed::parse)?;
    Ok(Told {
        id,
        person: wire::id("person_id", &request.person_id)?,
        agency,
        on: wire::day("on_day", wire::required("on_day", request.on_day.as_ref())?)?,
        zone: wire::zone("zone", &request.zone)?,
        employed: request.employed,
        kind,
        reason,
    })
}

/// A report as its readers see it; none where it was never told.
pub fn report(version: u64, state: &State) -> Option<pb::EmploymentStatus> {
    let told = state.told()?;
    Some(pb::EmploymentStatus {
        id: told.id.to_string(),
        etag: version.to_string(),
        person_id: told.person.to_string(),
        agency_id: told.agency.to_string(),
        on_day: Some(to_date(told.on)),
        zone: told.zone.name().to_owned(),
        employed: told.employed,
        employment_type: told.kind.map(employment_type::number).unwrap_or_default(),
        not_employed_reason: told.reason.map(not_employed::number).unwrap_or_default(),
        corrected: matches!(state, State::Told(..)) && version > 1,
        entered_in_error: matches!(state, State::InError(_)),
        discrepancies: match state {
            State::Told(_, odd) => odd.iter().map(discrepancy).collect(),
            State::Untold | State::InError(_) => vec![],
        },
    })
}

fn discrepancy(found: &Discrepancy) -> types::Discrepancy {
    types::Discrepancy { code: found.code.clone(), detail: found.detail.clone() }
}

impl Encoding for Report {
    fn person(after: &State) -> Option<PersonId> {
        after.told().map(|told| told.person)
    }

    fn encode(event: &Event, after: &State, _: &Ink<'_>) -> Result<Payload, Status> {
        Ok(match event {
            Event::Recorded { told, odd, correction } => {
                let payload = says!(EmploymentStatusRecorded {
                    report_id: told.id.to_string(),
                    person_id: told.person.to_string(),
                    agency_id: told.agency.to_string(),
                    on_day: Some(to_date(told.on)),
                    zone: told.zone.name().to_owned(),
                    employed: told.employed,
                    employment_type: told.kind.map(employment_type::number).unwrap_or_default(),
                    not_employed_reason: told.reason.map(not_employed::number).unwrap_or_default(),
                    correction: *correction,
                });
                Payload {
                    occurred: Some(kernel::Occurred::day(told.on, told.zone.clone())),
                    discrepancies: odd.clone(),
                    ..payload
                }
            }
            Event::EnteredInError => {
                let report_id = after.told().map(|told| told.id.to_string()).unwrap_or_default();
                says!(EmploymentStatusEnteredInError { report_id })
            }
        })
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        let event = stored;
        let stored = Stored(stored);
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        Ok(match stored.kind()? {
            Kind::EmploymentStatusRecorded(message) => Event::Recorded {
                correction: message.correction,
                told: Told {
                    id: stored.id(&message.report_id)?,
                    person: stored.id(&message.person_id)?,
                    agency: stored.id(&message.agency_id)?,
                    on: stored.day(message.on_day.as_ref())?,
                    zone: Zone::stored(message.zone),
                    employed: message.employed,
                    kind: employment_type::stored(message.employment_type),
                    reason: not_employed::stored(message.not_employed_reason),
                },
                odd: event
                    .discrepancies
                    .iter()
                    .map(|odd| Discrepancy::new(&odd.code, &*odd.detail))
                    .collect(),
            },
            Kind::EmploymentStatusEnteredInError(_) => Event::EnteredInError,
            _ => return Err(stored.not_of::<Report>()),
        })
    }
}
