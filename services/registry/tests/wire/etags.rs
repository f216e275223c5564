//! Etags of what several agencies write of a person and each sees in part: they count what their reader sees, and nothing else.
//! Invariant: the clinic and the shelter both serve her, and neither may see what the other wrote.

use super::*;

/// Two agencies at work on one record, of which each sees its own part: what one writes, how the record is read, and the writing again under an etag.
trait Part {
    async fn write(&self, by: &mut Writer, etag: &str, request_id: &str) -> Result<Written, Status>;
    async fn etag(&self, client: &mut Client<Peer>) -> String;
}

/// Who writes, and a plan item that serves a goal which they wrote down.
struct Writer {
    client: Client<Peer>,
    item: pb::PlanItemContent,
}

struct Of<'a>(&'a str);

struct Team<'a>(Of<'a>);
struct Say<'a>(Of<'a>);
struct Plan<'a>(Of<'a>);

impl Part for Team<'_> {
    async fn write(&self, by: &mut Writer, etag: &str, request_id: &str) -> Result<Written, Status> {
        let request = pb::AddTeamMemberRequest {
            request_id: request_id.into(),
            etag: etag.into(),
            person_id: self.0.0.into(),
            role: pb::TeamRole::Coordinator.into(),
            from: Some(proto::Date { year: 2026, month: 2, day: 2 }),
            ..Default::default()
        };
        Ok(written(by.client.add_team_member(request).await?.into_inner().written))
    }
    async fn etag(&self, client: &mut Client<Peer>) -> String {
        read!(client, list_team, ListTeamRequest { person_id: self.0.0.to_owned() }).unwrap().etag
    }
}

impl Part for Say<'_> {
    async fn write(&self, by: &mut Writer, etag: &str, request_id: &str) -> Result<Written, Status> {
        let request = pb::DraftConsentRequest {
            request_id: request_id.into(),
            etag: etag.into(),
            person_id: self.0.0.into(),
            // No two of them may say the same.
            content: content(to(request_id.parse().unwrap())),
            ..Default::default()
        };
        Ok(written(by.client.draft_consent(request).await?.into_inner().written))
    }
    async fn etag(&self, client: &mut Client<Peer>) -> String {
        read!(client, list_consents, ListConsentsRequest { person_id: self.0.0.to_owned() }).unwrap().etag
    }
}

impl Part for Plan<'_> {
    async fn write(&self, by: &mut Writer, etag: &str, request_id: &str) -> Result<Written, Status> {
        let request = pb::AddPlanItemRequest {
            request_id: request_id.into(),
            etag: etag.into(),
            person_id: self.0.0.into(),
            content: Some(by.item.clone()),
            ..Default::default()
        };
        Ok(written(by.client.add_plan_item(request).await?.into_inner().written))
    }
    async fn etag(&self, client: &mut Client<Peer>) -> String {
        let reply = read!(client, get_plan, GetPlanRequest { person_id: self.0.0.to_owned() });
        reply.unwrap().plan.unwrap().etag
    }
}

async fn writer(mut client: Client<Peer>, person: &str) -> Writer {
    let item = plans::with_goal(&mut client, person).await;
    Writer { client, item }
}

async fn counts_what_is_seen(registry: &Registry, person: &str, part: &impl Part) {
    let mut clinic = writer(registry.clinic(), person).await;
    let mut shelter = writer(registry.shelter(), person).await;
    let mut herself = registry.person(person);
    let (empty, of_shelter) = (part.etag(&mut clinic.client).await, part.etag(&mut shelter.client).await);
    assert_eq!(empty, of_shelter, "neither sees anything of it");
    // Three hidden changes tell of themselves by nothing.
    let mut of_herself = vec![part.etag(&mut herself).await];
    for _ in 0..3 {
        part.write(&mut shelter, "", &new_request()).await.unwrap();
        of_herself.push(part.etag(&mut herself).await);
        assert_eq!(part.etag(&mut clinic.client).await, empty);
    }
    assert!(part.etag(&mut shelter.client).await != of_shelter);
    of_herself.dedup();
    assert_eq!(of_herself.len(), 4, "she sees each");
    // Nor does one stand in the way of who does not see it.
    let request = new_request();
    let first = part.write(&mut clinic, &empty, &request).await.unwrap();
    assert_eq!(part.etag(&mut clinic.client).await, first.etag);
    part.write(&mut shelter, "", &new_request()).await.unwrap();
    assert_eq!(part.etag(&mut clinic.client).await, first.etag);
    let second = part.write(&mut clinic, &first.etag, &new_request()).await.unwrap();
    assert!(second.etag != first.etag);
    // What is seen does, and a retry is what it was.
    for stale in [&empty, &first.etag] {
        let refused = part.write(&mut clinic, stale, &new_request()).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::Aborted, Some("ETAG_MISMATCH")));
    }
    assert_eq!(part.write(&mut clinic, &empty, &request).await.unwrap(), first, "done already");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_etag_counts_what_its_reader_sees_and_a_hidden_change_neither_shows_in_it_nor_stands_in_the_way() {
    let registry = registry().await;
    let mut clinic = registry.clinic();
    let person = register(&mut clinic, "Ana", "Example").await.id;
    around::serves_too(&mut clinic, &person, SHELTER).await;
    counts_what_is_seen(&registry, &person, &Team(Of(&person))).await;
    counts_what_is_seen(&registry, &person, &Say(Of(&person))).await;
    counts_what_is_seen(&registry, &person, &Plan(Of(&person))).await;
}
