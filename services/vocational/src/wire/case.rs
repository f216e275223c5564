//! Cases on the wire: requests in, replies out.
//! Invariant: what a request leaves out has the meaning that the contract gives it, and no other.

use kernel::practice::zero_exclusion;
use kernel::{By, Occurred, PersonId, Timestamp};
use platform::error::BadField;
use platform::training;
use platform::wire::{self, to_occurred};
use proto::vocational as pb;

use super::codes::{discharge_reason, party, pause_reason, situation, stage};
use super::contact;
use super::{id_text, ids};
use crate::domain::case::{Command, Facts, Made, Opening, Plan, Situation, State};
use crate::domain::{CaseId, ContactId};

mod event;

/// Most plan items of a case.
const ITEMS: usize = 20;

type Asked = Result<(CaseId, Command), BadField>;

fn case_id(text: &str) -> Result<CaseId, BadField> {
    wire::id("case_id", text)
}

fn plan(goal: &str, items: &[String]) -> Result<Plan, BadField> {
    Ok(Plan { goal: wire::optional_id("goal_id", goal)?, items: ids("plan_item_ids", items, ITEMS)? })
}

/// It opens, in that agency.
pub fn open(
    agency: kernel::AgencyId,
    now: Timestamp,
    request: &pb::OpenCaseRequest,
) -> Result<Opening, BadField> {
    let practice = training::practice("practice", &request.practice)?;
    let person: PersonId = wire::id("person_id", &request.person_id)?;
    Ok(Opening {
        facts: Facts {
            id: CaseId::new(uuid::Uuid::now_v7()),
            person,
            agency,
            zero_exclusion: zero_exclusion(&practice),
            practice,
            referral: None,
            offer: None,
            part2: request.part2,
        },
        plan: plan(&request.goal_id, &request.plan_item_ids)?,
        worker: wire::optional_id("worker_id", &request.worker_id)?,
        at: wire::happened("occurred_at", request.occurred_at.as_ref(), now)?,
    })
}

/// Its specialist is named.
pub fn assign_worker(by: By, request: &pb::AssignCaseWorkerRequest) -> Asked {
    let worker = wire::id("worker_id", &request.worker_id)?;
    Ok((case_id(&request.case_id)?, Command::AssignWorker { by, worker }))
}

/// What it serves is named.
pub fn name_plan(by: By, request: &pb::NameCasePlanRequest) -> Asked {
    let plan = plan(&request.goal_id, &request.plan_item_ids)?;
    Ok((case_id(&request.case_id)?, Command::NamePlan { by, plan }))
}

/// A contact is noted; when it took place comes with it.
pub fn add_contact(
    by: By,
    id: ContactId,
    now: Timestamp,
    request: &pb::AddCaseContactRequest,
) -> Result<(CaseId, Command, Occurred), BadField> {
    let contact = contact::parse(id, now, request.contact.as_ref())?;
    let each = |(i, number): (usize, &i32)| party::parse(&format!("parties[{i}]"), *number);
    let mut parties = request.parties.iter().enumerate().map(each).collect::<Result<Vec<_>, _>>()?;
    let mut seen = vec![];
    parties.retain(|party| {
        !seen.contains(party) && {
            seen.push(*party);
            true
        }
    });
    let occurred = contact.occurred.clone();
    Ok((case_id(&request.case_id)?, Command::AddContact { by, contact, parties }, occurred))
}

/// A contact never was.
pub fn mark_contact_entered_in_error(by: By, request: &pb::MarkCaseContactEnteredInErrorRequest) -> Asked {
    let contact = wire::id("contact_id", &request.contact_id)?;
    Ok((case_id(&request.case_id)?, Command::MarkContactEnteredInError { by, contact }))
}

/// Its search begins.
pub fn start_search(by: By, at: Occurred, request: &pb::StartSearchRequest) -> Asked {
    Ok((case_id(&request.case_id)?, Command::StartSearch { by, at }))
}

/// It is to rest.
pub fn pause(by: By, at: Occurred, request: &pb::PauseCaseRequest) -> Asked {
    let reason = pause_reason::parse("reason", request.reason)?;
    let own_words = request.persons_own_words;
    Ok((case_id(&request.case_id)?, Command::Pause { by, reason, own_words, at }))
}

/// It goes on.
pub fn resume(by: By, at: Occurred, request: &pb::ResumeCaseRequest) -> Asked {
    Ok((case_id(&request.case_id)?, Command::Resume { by, at }))
}

/// The person is handed on.
pub fn transition(by: By, at: Occurred, request: &pb::TransitionCaseRequest) -> Asked {
    Ok((case_id(&request.case_id)?, Command::Transition { by, at }))
}

/// It ends.
pub fn discharge(by: By, at: Occurred, request: &pb::DischargeCaseRequest) -> Asked {
    let reason = discharge_reason::parse(request.reason, request.ground)?;
    let own_words = request.persons_own_words;
    Ok((case_id(&request.case_id)?, Command::Discharge { by, reason, own_words, at }))
}

/// It is taken up again.
pub fn reengage(by: By, at: Occurred, request: &pb::ReengageCaseRequest) -> Asked {
    Ok((case_id(&request.case_id)?, Command::Reengage { by, at }))
}

/// It should never have been written.
pub fn mark_entered_in_error(by: By, request: &pb::MarkCaseEnteredInErrorRequest) -> Asked {
    Ok((case_id(&request.case_id)?, Command::MarkEnteredInError { by }))
}

/// A case as its readers see it; none where it was never opened.
pub fn case(version: u64, state: &State) -> Option<pb::Case> {
    let facts = state.facts()?;
    let mut out = pb::Case {
        id: facts.id.to_string(),
        etag: version.to_string(),
        person_id: facts.person.to_string(),
        agency_id: facts.agency.to_string(),
        practice: facts.practice.clone(),
        zero_exclusion: facts.zero_exclusion,
        referral_id: id_text(facts.referral),
        state: pb::CaseState::EnteredInError.into(),
        ..Default::default()
    };
    if let Some(made) = state.made() {
        going_on(&mut out, made);
    }
    Some(out)
}

fn going_on(out: &mut pb::Case, made: &Made) {
    out.state = situation(made.situation).into();
    match made.situation {
        Situation::Paused { returns, reason } => {
            out.returns_to = stage(returns).into();
            out.pause_reason = pause_reason::number(reason);
        }
        Situation::Discharged(reason) => {
            (out.discharge_reason, out.discharge_ground) = discharge_reason::numbers(reason);
        }
        Situation::Open(_) | Situation::Transitioned => {}
    }
    out.worker_id = id_text(made.worker);
    out.goal_id = id_text(made.plan.goal);
    out.plan_item_ids = made.plan.items.iter().map(ToString::to_string).collect();
    out.opened = Some(to_occurred(&made.opened));
    let standing = || made.contacts.values().filter(|noted| noted.stands);
    let reached = standing().filter(|noted| noted.reached).max_by_key(|noted| noted.occurred.at);
    out.last_contact = reached.map(|noted| to_occurred(&noted.occurred));
    out.contacts = u32::try_from(standing().count()).unwrap_or(u32::MAX);
    out.jobs_running = u32::try_from(made.jobs.len()).unwrap_or(u32::MAX);
}
