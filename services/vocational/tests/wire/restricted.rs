//! Whoever is restricted: where they work is read by their agency and by themself, and not by who runs the system.

use proto::registry as reg;
use proto::registry::registry_event::Kind;

use super::*;

async fn tell(service: &Alone, kind: Kind) {
    let event = reg::RegistryEvent { kind: Some(kind) };
    service.tell("registry", StreamId::new("person", ANA.uuid()), Some(ANA), &event).await;
}

async fn one(client: &mut Client<Peer>, job: &str) -> Result<pb::Job, Status> {
    let request = pb::GetJobRequest { job_id: job.to_owned(), ..Default::default() };
    Ok(client.get_job(request).await?.into_inner().job.expect("a job"))
}

async fn listed(client: &mut Client<Peer>) -> (usize, bool) {
    let request = pb::ListJobsRequest { person_id: ANA.to_string(), page_size: 1, ..Default::default() };
    let page = client.list_jobs(request).await.unwrap().into_inner();
    (page.jobs.len(), !page.next_page_token.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn where_somebody_restricted_works_is_not_read_by_running_the_system() {
    let service = service().await;
    let mut works = Client::new(service.worker(WORKS));
    let case = opened(&mut works).await;
    let (first, _) = (lead(&mut works, &case).await, lead(&mut works, &case).await);
    let (mut operator, mut own) = (Client::new(service.operator()), Client::new(service.person(ANA)));
    until("both jobs to be listed", async || (listed(&mut operator).await == (1, true)).then_some(())).await;
    assert!(one(&mut operator, &first).await.is_ok());
    let (person_id, reason) = (ANA.to_string(), reg::RestrictionReason::OwnWish.into());
    tell(&service, Kind::PersonRestricted(reg::PersonRestricted { person_id, reason })).await;
    let refused = until("the operator to read none", async || one(&mut operator, &first).await.err()).await;
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(listed(&mut operator).await, (0, false), "nor that there is any");
    // Nor among the rows of an agency that their token names too.
    let actor = kernel::Actor::Worker(kernel::WorkerId::of(1));
    let (role, agency) = (kernel::Role::Operator, Some(WORKS));
    let mut of_agency =
        Client::new(service.caller(kernel::Caller { actor, role, agency, on_behalf_of: None }));
    assert_eq!(listed(&mut of_agency).await, (0, false));
    let nobodys = of_agency.list_jobs(pb::ListJobsRequest::default()).await.unwrap_err();
    assert!(nobodys.message().starts_with("person_id "), "{nobodys:?}");
    for reader in [&mut works, &mut own] {
        assert!(one(reader, &first).await.is_ok());
        assert_eq!(listed(reader).await, (1, true));
    }
    let person_id = ANA.to_string();
    tell(&service, Kind::PersonRestrictionLifted(reg::PersonRestrictionLifted { person_id })).await;
    until("the operator to read it again", async || one(&mut operator, &first).await.ok()).await;
}
