//! Cases, and jobs with their shifts and interviews.
//! Invariant: only a job that the person has taken has shifts; a paused case does not go on.

use platform::source::Read;
use platform::wire::{from_date, to_date};
use prost::Message;
use proto::vocational::VocationalEvent;
use proto::vocational::vocational_event::Kind;

use super::stored::{Fact, Hour, Job, Service, Unreadable, happened, instant, written};

pub(super) fn apply(held: Option<Fact>, read: &Read) -> Result<Option<Fact>, Unreadable> {
    let payload = VocationalEvent::decode(read.event.payload.clone()).map_err(|_| Unreadable)?;
    Ok(match (payload.kind.ok_or(Unreadable)?, held) {
        (Kind::CaseOpened(opened), _) => Some(Fact::Service(Service {
            written: Some(written(read, &opened.agency_id, opened.part2)),
            practice: opened.practice,
            goal: opened.goal_id,
            plan_items: opened.plan_item_ids,
            from: happened(read)?.as_microsecond(),
            until: None,
            zone: read.event.occurred.clone().unwrap_or_default().zone,
            paused: false,
        })),
        (Kind::CasePlanNamed(named), Some(Fact::Service(case))) => {
            Some(Fact::Service(Service { goal: named.goal_id, plan_items: named.plan_item_ids, ..case }))
        }
        (
            Kind::CasePaused(_) | Kind::CaseTransitioned(_) | Kind::CaseDischarged(_),
            Some(Fact::Service(mut case)),
        ) => {
            case.until = Some(happened(read)?.as_microsecond());
            Some(Fact::Service(case))
        }
        (Kind::CaseResumed(_) | Kind::CaseReengaged(_), Some(Fact::Service(case))) => {
            Some(Fact::Service(Service { from: happened(read)?.as_microsecond(), until: None, ..case }))
        }

        (Kind::JobLeadAdded(lead), _) => Some(Fact::Job(Job {
            written: Some(written(read, &lead.agency_id, lead.part2)),
            ..Job::default()
        })),
        (Kind::JobTermsChanged(changed), Some(Fact::Job(job))) => {
            Some(Fact::Job(Job { terms: changed.terms, ..job }))
        }
        (Kind::InterviewScheduled(told), Some(Fact::Job(mut job))) => {
            let start = instant(told.starts_at.as_ref())?;
            let length = jiff::SignedDuration::from_mins(told.minutes.into());
            let end = start.checked_add(length).map_err(|_| Unreadable)?;
            job.interviews.retain(|interview| interview.id != told.interview_id);
            job.interviews.push(Hour {
                id: told.interview_id,
                start: start.as_microsecond(),
                end: end.as_microsecond(),
                setting: told.setting,
                zone: told.zone,
            });
            Some(Fact::Job(job))
        }
        (Kind::InterviewCancelled(told), Some(Fact::Job(mut job))) => {
            job.interviews.retain(|interview| interview.id != told.interview_id);
            Some(Fact::Job(job))
        }
        (Kind::JobAccepted(told), Some(Fact::Job(job))) => {
            Some(Fact::Job(Job { taken: true, terms: told.terms.or(job.terms), from: told.starts_on, ..job }))
        }
        (Kind::JobStarted(told), Some(Fact::Job(job))) => Some(Fact::Job(Job {
            taken: true,
            terms: told.terms.or(job.terms),
            from: told.started_on,
            ..job
        })),
        (Kind::JobEnded(told), Some(Fact::Job(job))) => {
            let last = told.ended_on.as_ref().and_then(from_date).ok_or(Unreadable)?;
            let until = last.tomorrow().map_err(|_| Unreadable)?;
            Some(Fact::Job(Job { until: Some(to_date(until)), ..job }))
        }

        (
            Kind::CaseEnteredInError(_)
            | Kind::JobDeclined(_)
            | Kind::JobWithdrawn(_)
            | Kind::JobEnteredInError(_),
            _,
        ) => None,

        // What no rule looks at yet, or what follows no beginning.
        (
            Kind::CaseWorkerAssigned(_)
            | Kind::CasePlanNamed(_)
            | Kind::CaseContactMade(_)
            | Kind::CaseContactEnteredInError(_)
            | Kind::CaseEngaged(_)
            | Kind::SearchStarted(_)
            | Kind::CaseEmployed(_)
            | Kind::CaseJobEnded(_)
            | Kind::CasePaused(_)
            | Kind::CaseResumed(_)
            | Kind::CaseTransitioned(_)
            | Kind::CaseDischarged(_)
            | Kind::CaseReengaged(_)
            | Kind::JobTermsChanged(_)
            | Kind::DisclosureChosen(_)
            | Kind::EmployerContactMade(_)
            | Kind::EmployerContactEnteredInError(_)
            | Kind::JobApplied(_)
            | Kind::InterviewScheduled(_)
            | Kind::InterviewCancelled(_)
            | Kind::JobOffered(_)
            | Kind::JobAccepted(_)
            | Kind::JobStarted(_)
            | Kind::JobStartCounted(_)
            | Kind::JobEnded(_)
            | Kind::EmploymentStatusRecorded(_)
            | Kind::EmploymentStatusEnteredInError(_)
            | Kind::ReactionRefused(_),
            held,
        ) => held,
    })
}
