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

struct Record<'a>(Of<'a>);
struct Team<'a>(Of<'a>);
struct Say<'a>(Of<'a>);
struct Plan<'a>(Of<'a>);

impl Part for Record<'_> {
    async fn write(&self, by: &mut Writer, etag: &str, request_id: &str) -> Result<Written, Status> {
        let phone = pb::ContactPoint {
            kind: pb::ContactKind::Phone.into(),
            value: "555-0100".into(),
            ..Default::default()
        };
        let request = pb::SetContactPointRequest {
            request_id: request_id.into(),
            etag: etag.into(),
            person_id: self.0.0.into(),
            contact_point: Some(phone),
            ..Default::default()
        };
        Ok(written(by.client.set_contact_point(request).await?.into_inner().written))
    }
    async fn etag(&self, client: &mut Client<Peer>) -> String {
        get(client, self.0.0).await.unwrap().etag
    }
}

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
    counts_what_is_seen(&registry, &person, &Record(Of(&person))).await;
    counts_what_is_seen(&registry, &person, &Team(Of(&person))).await;
    counts_what_is_seen(&registry, &person, &Say(Of(&person))).await;
    counts_what_is_seen(&registry, &person, &Plan(Of(&person))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_etag_of_a_person_counts_what_their_reader_is_shown_of_each_kind_of_change() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        each_kind_of_change(store).await;
    }
}

async fn each_kind_of_change(store: OnStore) {
    let registry = registry_on(store).await;
    let (mut clinic, mut shelter, mut operator) =
        (registry.clinic(), registry.shelter(), registry.operator());
    let house = programme(&registry).await;
    let mut programme = Client::new(registry.alone.worker(house));
    let made = register(&mut clinic, "Ana", "Example").await;
    let person = made.id.clone();
    let person_id = || person.clone();
    let mut herself = registry.person(&person);
    let mut last = get(&mut clinic, &person).await.unwrap().etag;
    assert_eq!(last, made.etag, "what is written and what is read are counted alike");
    // Tells whether the clinic sees that something was written; that it was, she does.
    let mut hers = get(&mut herself, &person).await.unwrap().etag;
    let mut shows = async || {
        let (now, of_herself) = (
            get(&mut registry.clinic(), &person).await.unwrap().etag,
            get(&mut registry.person(&person), &person).await.unwrap().etag,
        );
        assert_ne!(std::mem::replace(&mut hers, of_herself.clone()), of_herself, "it was written");
        std::mem::replace(&mut last, now.clone()) != now
    };

    for agency in [SHELTER, house] {
        around::serves_too(&mut clinic, &person, agency).await;
        assert!(!shows().await, "that another serves her, even where the clinic said so");
    }
    let own = pb::PersonIdentifier { system: "shelter:id".into(), ..record_number("B-7") };
    let add = call!(
        shelter,
        add_identifier,
        AddIdentifierRequest { person_id: person_id(), identifier: Some(own.clone()) }
    );
    add.unwrap();
    assert!(!shows().await, "another agency's own number");
    let remove = call!(
        shelter,
        remove_identifier,
        RemoveIdentifierRequest { person_id: person_id(), identifier: Some(own) }
    );
    remove.unwrap();
    assert!(!shows().await, "nor that it is gone");
    let shared = Some(social_security("123-45-6789", pb::DataQuality::Full));
    call!(shelter, add_identifier, AddIdentifierRequest { person_id: person_id(), identifier: shared })
        .unwrap();
    assert!(shows().await, "a number that is no agency's own");

    let signs = |text: &str| pb::SetWarningSignsRequest {
        request_id: new_request(),
        person_id: person_id(),
        text: text.into(),
        voice: Voice::Person.into(),
        ..Default::default()
    };
    shelter.set_warning_signs(signs("of the shelter")).await.unwrap();
    assert!(!shows().await);
    clinic.set_warning_signs(signs("of the clinic")).await.unwrap();
    assert!(shows().await);
    let own_again = async |by: &mut Client<Peer>| {
        let back = pb::RemoveWarningSignsRequest {
            request_id: new_request(),
            person_id: person_id(),
            voice: Voice::Person.into(),
            ..Default::default()
        };
        by.remove_warning_signs(back).await.unwrap();
    };
    own_again(&mut shelter).await;
    assert!(!shows().await);
    own_again(&mut herself).await;
    assert!(shows().await, "she takes back the clinic's too");

    let died = |source: pb::DeathSource| pb::ReportDeathRequest {
        request_id: new_request(),
        person_id: person_id(),
        death: Some(pb::Death { died: Some(day()), source: source.into() }),
        ..Default::default()
    };
    let lives = || pb::MarkDeathEnteredInErrorRequest {
        request_id: new_request(),
        person_id: person_id(),
        ..Default::default()
    };
    programme.report_death(died(pb::DeathSource::Provider)).await.unwrap();
    assert!(!shows().await, "a programme's word of a death");
    programme.mark_death_entered_in_error(lives()).await.unwrap();
    assert!(!shows().await);
    shelter.report_death(died(pb::DeathSource::Family)).await.unwrap();
    assert!(shows().await, "another's word of it");
    shelter.mark_death_entered_in_error(lives()).await.unwrap();
    assert!(shows().await);

    // A record that is linked with hers: the clinic sees the one that it serves.
    let of_shelter = register(&mut shelter, "Ana", "Elsewhere").await.id;
    let both = register(&mut clinic, "Ana", "Doubled").await.id;
    for (other, seen) in [(&of_shelter, false), (&both, true)] {
        let link = pb::LinkPersonsRequest {
            request_id: new_request(),
            canonical_id: person_id(),
            member_id: other.clone(),
            ..Default::default()
        };
        let linked = written(operator.link_persons(link).await.unwrap().into_inner().written);
        let at_least = vec![linked.revision];
        read!(operator, get_person, GetPersonRequest { person_id: person_id(), at_least: at_least }).unwrap();
        assert_eq!(shows().await, seen, "{other}");
    }
    call!(
        clinic,
        change_person,
        ChangePersonRequest { person_id: person_id(), details: named("Ana", "New") }
    )
    .unwrap();
    assert!(shows().await, "who she is");
    let why = pb::RestrictionReason::OwnWish.into();
    call!(herself, restrict_person, RestrictPersonRequest { person_id: person_id(), reason: why }).unwrap();
    assert!(shows().await, "that she is not to be found");
    // Of whom the operator is not to find they are told of nothing that is around them, and of all else.
    let mut of_operator = vec![get(&mut operator, &person).await.unwrap().etag];
    clinic.set_warning_signs(signs("again")).await.unwrap();
    of_operator.push(get(&mut operator, &person).await.unwrap().etag);
    let why = pb::RestrictionReason::FleeingViolence.into();
    call!(herself, restrict_person, RestrictPersonRequest { person_id: person_id(), reason: why }).unwrap();
    of_operator.push(get(&mut operator, &person).await.unwrap().etag);
    assert!(of_operator.iter().all(|etag| *etag == of_operator[0]), "{of_operator:?}");
    call!(
        clinic,
        change_person,
        ChangePersonRequest { person_id: person_id(), details: named("Ana", "Again") }
    )
    .unwrap();
    assert_ne!(get(&mut operator, &person).await.unwrap().etag, of_operator[0]);

    // Whoever sees all of it goes by all of it; and by none that another record has.
    let seen = get(&mut herself, &person).await.unwrap().etag;
    let of_another = get(&mut clinic, &both).await.unwrap().etag;
    let point = |etag: &str| pb::SetWarningSignsRequest { etag: etag.into(), ..signs("hers") };
    let refused = herself.set_warning_signs(point(&of_another)).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::Aborted, Some("ETAG_MISMATCH")));
    herself.set_warning_signs(point(&seen)).await.unwrap();
    let stale = herself.set_warning_signs(point(&seen)).await.unwrap_err();
    assert_eq!(reason(&stale).as_deref(), Some("ETAG_MISMATCH"));
}
