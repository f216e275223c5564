//! Jobs: from lead to end, and how they are read.
//! Invariant: what a job means for its case is written with it.

use kernel::may::see_own;
use kernel::{Caller, Occurred};
use platform::auth;
use platform::command::{Ask, Changes, Done, Stream, id_of};
use platform::error;
use platform::wire::{happened, page_size};
use proto::vocational as pb;
use tonic::{Request, Status};

use super::{Api, BOTH, READ, WORK, asks, scope};
use crate::domain::case::{self, Case};
use crate::domain::job::{self, Job};
use crate::domain::work::{self, Both};
use crate::domain::{ContactId, InterviewId, JobId};
use crate::view::JobFilter;
use crate::{NAME, wire};

impl Api {
    /// Decides over a job and its case together.
    async fn work(
        &self,
        ask: &Ask,
        job: JobId,
        decide: impl Fn(&case::State, &job::State) -> Result<Both, work::Refusal> + Send + Sync,
    ) -> Result<Done, Status> {
        // A job never changes its case, so what it names once holds for good.
        let case = self.desk.load::<Job>(job.uuid()).await?.facts().map(|facts| facts.case.uuid());
        let streams = (Stream::<Job>::of(job.uuid()), case.map(Stream::<Case>::of));
        let done = self.desk.execute(ask, id_of::<Job>(job.uuid()), streams, |(job, case)| {
            let none = case::State::default();
            let both = decide(case.as_ref().map_or(&none, |case| &*case.state), job)?;
            let changes = Changes::<work::Refusal>::none().write::<Job>(job, both.job);
            Ok(match case {
                Some(case) => changes.write::<Case>(case, both.case),
                None => changes,
            })
        });
        Ok(done.await?)
    }

    pub(super) async fn read_job(&self, caller: &Caller, id: JobId) -> Result<Option<pb::Job>, Status> {
        let now = self.desk.load::<Job>(id.uuid()).await?;
        let seen = now.facts().filter(|facts| see_own(caller, facts.agency, Some(facts.person), NAME));
        let Some(facts) = seen else { return Ok(None) };
        // Where somebody restricted works is nobody's to see by running or auditing the system.
        if !self.people.may_find(caller, facts.person).await? {
            return Ok(None);
        }
        let Some(mut out) = wire::job(now.version, &now) else { return Ok(None) };
        if let Some(made) = now.made() {
            (out.employer, out.employer_status) = self.desk.keys().field(Some(&made.facts.employer)).await;
            (out.title, out.title_status) = self.desk.keys().field(made.facts.title.as_ref()).await;
            for interview in &mut out.interviews {
                let id = interview.id.parse().map_err(error::failed)?;
                let place = made.interviews.get(&id).and_then(|(interview, _)| interview.place.as_ref());
                (interview.place, interview.place_status) = self.desk.keys().field(place).await;
            }
        }
        Ok(Some(out))
    }
}

pub(super) async fn add_lead(api: &Api, request: &Request<pb::AddJobLeadRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("AddJobLead", WORK, request, &r.request_id, "")?;
    let leading = wire::add_lead(ask.at, r)?;
    let (id, by) = (leading.lead.id.uuid(), ask.by());
    let ask = Ask { at: leading.at.at, ..ask }.of_the_living(&api.people);
    let streams = (Stream::<Job>::of(id), Stream::<Case>::of(leading.case.uuid()));
    api.desk.begins::<Job>(id);
    let done = api.desk.execute(&ask, id_of::<Job>(id), streams, |(job, case)| {
        let both = work::add_lead(case, job, by, leading.lead.clone())?;
        Ok::<_, work::Refusal>(Changes::none().write::<Job>(job, both.job))
    });
    Ok(done.await?)
}

asks!(Job, change_terms, "ChangeJobTerms", ChangeJobTermsRequest, WORK, wire::change_terms);
asks!(Job, change_shifts, "ChangeJobShifts", ChangeJobShiftsRequest, WORK, wire::change_shifts);
asks!(Job, choose_disclosure, "ChooseDisclosure", ChooseDisclosureRequest, BOTH, wire::choose_disclosure);

pub(super) async fn add_employer_contact(
    api: &Api,
    request: &Request<pb::AddEmployerContactRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("AddEmployerContact", WORK, request, &r.request_id, &r.etag)?;
    let (id, command) = wire::add_employer_contact(ask.by(), ContactId::new(ask.request_id), ask.at, r)?;
    api.desk.decide::<Job>(&ask, id.uuid(), command).await
}

asks!(
    Job,
    mark_employer_contact_entered_in_error,
    "MarkEmployerContactEnteredInError",
    MarkEmployerContactEnteredInErrorRequest,
    WORK,
    wire::mark_employer_contact_entered_in_error
);
asks!(Job, apply, "ApplyForJob", ApplyForJobRequest, BOTH, when wire::apply);

pub(super) async fn schedule_interview(
    api: &Api,
    request: &Request<pb::ScheduleInterviewRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("ScheduleInterview", WORK, request, &r.request_id, &r.etag)?;
    let (id, command) = wire::schedule_interview(ask.by(), InterviewId::new(ask.request_id), ask.at, r)?;
    let ask = ask.of_the_living(&api.people);
    api.desk.decide::<Job>(&ask, id.uuid(), command).await
}

asks!(Job, cancel_interview, "CancelInterview", CancelInterviewRequest, BOTH, wire::cancel_interview);
asks!(Job, offer, "OfferJob", OfferJobRequest, WORK, when wire::offer);
asks!(Job, accept, "AcceptJob", AcceptJobRequest, BOTH, when wire::accept);

pub(super) async fn start(api: &Api, request: &Request<pb::StartJobRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("StartJob", WORK, request, &r.request_id, &r.etag)?;
    let (id, on, zone) = wire::start(ask.at, r)?;
    let by = ask.by();
    api.work(&ask, id, |case, job| work::start(case, job, by, on, zone.clone())).await
}

asks!(Job, count_start, "CountJobStart", CountJobStartRequest, WORK, when wire::count_start);

pub(super) async fn end(api: &Api, request: &Request<pb::EndJobRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("EndJob", WORK, request, &r.request_id, &r.etag)?;
    let (id, end) = wire::end(ask.at, r)?;
    let by = ask.by();
    api.work(&ask, id, |case, job| work::end(case, job, by, end.clone())).await
}

asks!(Job, decline, "DeclineJob", DeclineJobRequest, BOTH, when wire::decline);
asks!(Job, withdraw, "WithdrawJob", WithdrawJobRequest, BOTH, when wire::withdraw);

pub(super) async fn mark_entered_in_error(
    api: &Api,
    request: &Request<pb::MarkJobEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("MarkJobEnteredInError", WORK, request, &r.request_id, &r.etag)?;
    let id = platform::wire::id("job_id", &r.job_id)?;
    let (by, at) = (ask.by(), Occurred::instant(ask.at));
    api.work(&ask, id, |case, job| work::mark_entered_in_error(case, job, by, at.clone())).await
}

pub(super) async fn get(
    api: &Api,
    request: &Request<pb::GetJobRequest>,
) -> Result<pb::GetJobResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let id = platform::wire::id("job_id", &request.get_ref().job_id)?;
    let job = api.read_job(&caller, id).await?.ok_or_else(|| error::not_found("job"))?;
    Ok(pb::GetJobResponse { job: Some(job) })
}

pub(super) async fn list(
    api: &Api,
    request: &Request<pb::ListJobsRequest>,
) -> Result<pb::ListJobsResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let r = request.get_ref();
    let states = wire::job_states(&r.states)?;
    let case = platform::wire::optional_id("case_id", &r.case_id)?;
    let person = platform::wire::optional_id("person_id", &r.person_id)?;
    let (agency, person) = scope(&caller, person)?;
    let list = format!("ListJobs/{agency:?}/{person:?}/{case:?}/{states:?}");
    let filter = JobFilter {
        agency,
        person,
        case,
        states,
        after: api.pages.after(&list, &r.page_token)?,
        size: page_size(r.page_size)?,
    };
    api.view.wait(&r.at_least).await?;
    if let (None, Some(person)) = (agency, person)
        && !api.people.may_find(&caller, person).await?
    {
        return Ok(pb::ListJobsResponse::default());
    }
    let (found, next) = api.view.jobs(&filter).await?;
    let mut jobs = Vec::with_capacity(found.len());
    for id in found {
        jobs.extend(api.read_job(&caller, id).await?);
    }
    let next_page_token = api.pages.next(&list, next);
    Ok(pb::ListJobsResponse { jobs, next_page_token })
}
