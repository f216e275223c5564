//! A medical emergency as the registry's log tells it and as it is judged: the registry writes it, and every reader of its log reads it back.
//! Invariant: one that cannot be read whole is not read at all: whom it is about waits for a release that can.

use jiff::Timestamp;
use kernel::{AgencyId, Emergency, EmergencyId, PersonId};
use proto::log::Sealed;
use proto::registry::EmergencyDeclared;

use crate::error::BadField;
use crate::wire::{id, ids, instant, required, to_instant};

/// Most agencies whose records one opens.
const DISCLOSERS: usize = 1_000;

/// An emergency in a stored event.
///
/// # Errors
/// The field that does not parse.
pub fn parse(told: &EmergencyDeclared) -> Result<Emergency, BadField> {
    let at = |field: &str, at: &Option<prost_types::Timestamp>| instant(field, required(field, at.as_ref())?);
    Ok(Emergency {
        id: id("emergency_id", &told.emergency_id)?,
        worker: id("worker_id", &told.worker_id)?,
        agency: id("agency_id", &told.agency_id)?,
        disclosers: ids("discloser_agency_ids", &told.discloser_agency_ids, DISCLOSERS)?
            .into_iter()
            .collect(),
        from: at("declared_at", &told.declared_at)?,
        until: at("until", &told.until)?,
    })
}

/// An emergency as its event has it, of that person, with what the judge does not ask for.
pub fn out(
    person: PersonId,
    judged: &Emergency,
    worker_name: String,
    nature: Option<Sealed>,
) -> EmergencyDeclared {
    EmergencyDeclared {
        emergency_id: judged.id.to_string(),
        person_id: person.to_string(),
        worker_id: judged.worker.to_string(),
        worker_name,
        agency_id: judged.agency.to_string(),
        discloser_agency_ids: judged.disclosers.iter().map(ToString::to_string).collect(),
        declared_at: Some(to_instant(judged.from)),
        until: Some(to_instant(judged.until)),
        nature,
    }
}

/// That an agency's records were opened to medical staff of another in an emergency.
pub struct Opened {
    /// The row: one for each emergency and agency whose records it opened.
    pub id: uuid::Uuid,
    /// The person.
    pub person: PersonId,
    /// The agency whose records were opened.
    pub discloser: AgencyId,
    /// When it was declared.
    pub at: Timestamp,
    /// To before this instant its records were open, or are.
    pub until: Timestamp,
    /// Whether it never should have been declared.
    pub in_error: bool,
    /// All that was told of it as it was declared.
    pub told: EmergencyDeclared,
}

/// The row of one agency's part in an emergency.
pub(super) fn row(emergency: EmergencyId, discloser: AgencyId) -> uuid::Uuid {
    uuid::Uuid::new_v5(&emergency.uuid(), discloser.uuid().as_bytes())
}

#[cfg(test)]
mod tests {
    use kernel::WorkerId;

    use super::*;

    #[test]
    fn an_emergency_reads_back_as_it_was_written_and_whole_or_not_at_all() {
        let from: Timestamp = "2026-03-04T12:00:00Z".parse().unwrap();
        let judged = Emergency {
            id: EmergencyId::of(70),
            worker: WorkerId::of(20),
            agency: AgencyId::of(2),
            disclosers: [AgencyId::of(1), AgencyId::of(3)].into(),
            from,
            until: from + jiff::SignedDuration::from_hours(24),
        };
        let told = out(PersonId::of(10), &judged, "River".into(), None);
        assert_eq!(parse(&told).unwrap(), judged);
        for (wrong, field) in [
            (EmergencyDeclared { emergency_id: "?".into(), ..told.clone() }, "emergency_id"),
            (EmergencyDeclared { worker_id: String::new(), ..told.clone() }, "worker_id"),
            (EmergencyDeclared { agency_id: "?".into(), ..told.clone() }, "agency_id"),
            (
                EmergencyDeclared { discloser_agency_ids: vec!["?".into()], ..told.clone() },
                "discloser_agency_ids[0]",
            ),
            (EmergencyDeclared { declared_at: None, ..told.clone() }, "declared_at"),
            (EmergencyDeclared { until: None, ..told }, "until"),
        ] {
            assert_eq!(parse(&wrong).unwrap_err().field, field);
        }
    }
}
