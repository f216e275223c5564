//! Records that may be of one human: who is shown which pairs, with which reasons, until somebody decides.

use std::collections::BTreeSet;

use super::*;
use pb::LikenessKind as Kind;
use tests::Dice;

fn born(details: Option<pb::PersonDetails>, year: i32, month: i32, day: i32) -> Option<pb::PersonDetails> {
    let birth_date = Some(proto::Date { year, month, day });
    details.map(|details| pb::PersonDetails { birth_date, ..details })
}

async fn known(client: &mut Client<Peer>, details: Option<pb::PersonDetails>) -> Written {
    call!(client, register_person, RegisterPersonRequest { details: details }).unwrap()
}

async fn queue(client: &mut Client<Peer>, seen: &Written) -> Vec<pb::DuplicateCandidate> {
    let request =
        pb::ListDuplicateCandidatesRequest { at_least: vec![seen.revision.clone()], ..Default::default() };
    client.list_duplicate_candidates(request).await.unwrap().into_inner().candidates
}

fn ids(candidate: &pb::DuplicateCandidate) -> BTreeSet<String> {
    [&candidate.one, &candidate.other].map(|person| person.as_ref().unwrap().id.clone()).into()
}

fn two(one: &Written, other: &Written) -> BTreeSet<String> {
    [one.id.clone(), other.id.clone()].into()
}

async fn slips_and_changes_are_queued_on(store: OnStore) {
    let registry = registry_on(store).await;
    let mut clinic = registry.clinic();
    let ana = || born(named("Catherine", "O'Quixley"), 1990, 7, 4);
    let first = known(&mut clinic, ana()).await;
    for (details, kinds) in [
        (
            born(named("Catharine", "Oquixely"), 1990, 7, 4),
            [Kind::GivenNameSimilar, Kind::FamilyNameSimilar, Kind::BirthDateSame].as_slice(),
        ),
        (born(named("OQuixley", "Catherine"), 1990, 7, 4), &[Kind::NamesSwapped, Kind::BirthDateSame]),
        (
            born(named("Catherine", "O'Quixley"), 1990, 4, 7),
            &[Kind::GivenNameSame, Kind::FamilyNameSame, Kind::BirthDateSwapped],
        ),
        (
            born(named("Catherine", "Placeholder"), 1990, 7, 4),
            &[Kind::GivenNameSame, Kind::FamilyNameDiffers, Kind::BirthDateSame],
        ),
        (
            born(named("Conrad", "O'Quixley"), 1990, 7, 4)
                .map(|details| pb::PersonDetails { chosen_name: "Catherine".into(), ..details }),
            &[Kind::ChosenName, Kind::FamilyNameSame, Kind::BirthDateSame],
        ),
    ] {
        let other = known(&mut clinic, details).await;
        let queued = queue(&mut clinic, &other).await;
        let pair = queued.iter().find(|candidate| ids(candidate) == two(&first, &other)).unwrap();
        let told: Vec<Kind> = pair.reasons.iter().map(|reason| reason.kind()).collect();
        assert_eq!(told, kinds);
        let sum: i32 = pair.reasons.iter().map(|reason| reason.weight).sum();
        assert_eq!(i32::try_from(pair.score).unwrap(), sum.min(100));
        // Decided, it is gone, and so that the next is alone with the first, it goes itself.
        let never = call!(
            clinic,
            never_link_persons,
            NeverLinkPersonsRequest { one_id: other.id.clone(), other_id: first.id.clone() }
        );
        assert!(
            queue(&mut clinic, &never.unwrap()).await.iter().all(|each| ids(each) != two(&first, &other))
        );
        let gone = call!(
            clinic,
            mark_person_entered_in_error,
            MarkPersonEnteredInErrorRequest { person_id: other.id }
        );
        assert_eq!(queue(&mut clinic, &gone.unwrap()).await, [], "who is in error is in no pair");
    }
    // Names that were not told bring nobody together, however alike what stands for them.
    let anonymous = || {
        named("Anonymous", "Client")
            .map(|details| pb::PersonDetails { name_quality: pb::DataQuality::NotAnswered.into(), ..details })
    };
    known(&mut clinic, anonymous()).await;
    let last = known(&mut clinic, anonymous()).await;
    assert_eq!(queue(&mut clinic, &last).await, []);
    // A change brings together, and takes apart.
    let changed =
        call!(clinic, change_person, ChangePersonRequest { person_id: last.id.clone(), details: ana() });
    assert_eq!(ids(&queue(&mut clinic, &changed.unwrap()).await[0]), two(&first, &last));
    let changed = call!(
        clinic,
        change_person,
        ChangePersonRequest { person_id: last.id.clone(), details: named("Bo", "Else") }
    );
    assert_eq!(queue(&mut clinic, &changed.unwrap()).await, []);
    // Somebody who changed every name is known by the number.
    let number = || Some(social_security("900-01-0000", pb::DataQuality::Full));
    for (person, given) in [(&first, "Catherine"), (&last, "Bruno")] {
        let details = born(named(given, given), 1990, 7, 4);
        call!(clinic, change_person, ChangePersonRequest { person_id: person.id.clone(), details: details })
            .unwrap();
        call!(
            clinic,
            add_identifier,
            AddIdentifierRequest { person_id: person.id.clone(), identifier: number() }
        )
        .unwrap();
    }
    let taken = pb::RemoveIdentifierRequest {
        request_id: new_request(),
        person_id: last.id.clone(),
        identifier: number(),
        ..Default::default()
    };
    let head = call!(
        clinic,
        change_person,
        ChangePersonRequest {
            person_id: last.id.clone(),
            details: born(named("Bruno", "Placeholder"), 1990, 7, 4)
        }
    )
    .unwrap();
    let queued = queue(&mut clinic, &head).await;
    assert_eq!((queued.len(), queued[0].reasons.last().unwrap().kind()), (1, Kind::IdentifierSame));
    let taken = written(clinic.remove_identifier(taken).await.unwrap().into_inner().written);
    assert_eq!(queue(&mut clinic, &taken).await, []);
    registry.alone.one_batch_makes_the_same_lists().await;
    registry.alone.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slips_swaps_and_changed_names_are_queued_with_their_reasons_on_sqlite() {
    slips_and_changes_are_queued_on(OnStore::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slips_swaps_and_changed_names_are_queued_with_their_reasons_on_postgres() {
    slips_and_changes_are_queued_on(OnStore::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_is_shown_to_whom_serves_both_by_pages_and_to_nobody_once_it_is_decided() {
    let registry = registry().await;
    let (mut clinic, mut shelter) = (registry.clinic(), registry.shelter());
    let mut people = vec![];
    for given in ["Zebulonia", "Zebulonia", "Zebulonja"] {
        people.push(register(&mut clinic, given, "Example").await);
    }
    let last = people[2].clone();
    let all = queue(&mut clinic, &last).await;
    assert_eq!(all.len(), 3);
    assert_eq!(ids(&all[0]), two(&people[0], &people[1]), "the likeliest first");
    assert_eq!(queue(&mut shelter, &last).await, []);
    assert_eq!(queue(&mut registry.operator(), &last).await.len(), 3);
    let mut herself = registry.person(&people[0].id);
    assert_eq!(
        refused(read!(herself, list_duplicate_candidates, ListDuplicateCandidatesRequest {})),
        "ROLE_NOT_ALLOWED"
    );
    // The shelter serves one of them: no pair is its to see.
    let add = |person: &Written| pb::AddServingAgencyRequest {
        request_id: new_request(),
        person_id: person.id.clone(),
        agency_id: SHELTER.to_string(),
        ..Default::default()
    };
    let one = written(clinic.add_serving_agency(add(&people[0])).await.unwrap().into_inner().written);
    assert_eq!(queue(&mut shelter, &one).await, []);
    let both = written(clinic.add_serving_agency(add(&people[1])).await.unwrap().into_inner().written);
    // Nor is one that it is allowed to see and does not serve.
    gives(&mut registry.person(&people[2].id), &people[2].id, to(SHELTER)).await.unwrap();
    let shown = queue(&mut shelter, &both).await;
    assert_eq!(shown.iter().map(ids).collect::<Vec<_>>(), [two(&people[0], &people[1])]);

    let (mut token, mut paged) = (String::new(), vec![]);
    loop {
        let page = read!(
            clinic,
            list_duplicate_candidates,
            ListDuplicateCandidatesRequest { page_size: 1, page_token: token }
        );
        let page = page.unwrap();
        assert_eq!(page.candidates.len(), 1);
        paged.extend(page.candidates.iter().map(ids));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(paged.into_iter().collect::<BTreeSet<_>>(), all.iter().map(ids).collect());

    // One link decides on its pair; that of another settles what follows from both.
    let link = |one: &Written, other: &Written| pb::LinkPersonsRequest {
        request_id: new_request(),
        canonical_id: one.id.clone(),
        member_id: other.id.clone(),
        ..Default::default()
    };
    let linked =
        written(clinic.link_persons(link(&people[0], &people[1])).await.unwrap().into_inner().written);
    assert_eq!(queue(&mut clinic, &linked).await.len(), 2);
    let never = pb::NeverLinkPersonsRequest {
        request_id: new_request(),
        one_id: people[0].id.clone(),
        other_id: people[2].id.clone(),
        ..Default::default()
    };
    assert_eq!(refused(shelter.never_link_persons(never.clone()).await), "PERSON_NOT_FOUND");
    let decided = written(clinic.never_link_persons(never.clone()).await.unwrap().into_inner().written);
    assert_eq!(queue(&mut clinic, &decided).await, [], "who is not the one is not the other either");
    let again = pb::NeverLinkPersonsRequest { request_id: new_request(), ..never.clone() };
    let again = written(clinic.never_link_persons(again).await.unwrap().into_inner().written);
    assert_eq!(again.etag, decided.etag, "said again, it is nothing new");
    let twice = registry.alone.events().await;
    let told = twice.iter().filter(|event| event.r#type.ends_with("PersonsNeverLinked")).count();
    assert_eq!(told, 2, "one event for each person");
    assert_eq!(refused(clinic.link_persons(link(&people[2], &people[0])).await), "NEVER_LINK");
    let linked_ones =
        pb::NeverLinkPersonsRequest { request_id: new_request(), other_id: people[1].id.clone(), ..never };
    assert_eq!(refused(clinic.never_link_persons(linked_ones).await), "LINKED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_looks_at_five_pages_of_pairs_and_then_says_where_to_go_on() {
    let registry = registry().await;
    let mut clinic = registry.clinic();
    let mut same = vec![];
    for _ in 0..5 {
        same.push(register(&mut clinic, "Zebulonia", "Example").await);
    }
    let two = [
        register(&mut clinic, "Rupert", "Placeholder").await.id,
        register(&mut clinic, "Rupert", "Placeholder").await.id,
    ];
    let mut latest = Written::default();
    for other in &same[1..] {
        let link = pb::LinkPersonsRequest {
            request_id: new_request(),
            canonical_id: same[0].id.clone(),
            member_id: other.id.clone(),
            ..Default::default()
        };
        latest = written(clinic.link_persons(link).await.unwrap().into_inner().written);
    }
    // Of the seven pairs left six follow from the links: no call for one looks at all of them.
    let (mut token, mut paged, mut calls) = (String::new(), vec![], 0);
    loop {
        let request = pb::ListDuplicateCandidatesRequest {
            page_size: 1,
            page_token: token,
            at_least: vec![latest.revision.clone()],
        };
        let page = clinic.list_duplicate_candidates(request).await.unwrap().into_inner();
        paged.extend(page.candidates.iter().map(ids));
        calls += 1;
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!((paged, calls), (vec![BTreeSet::from(two)], 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_records_are_alike_by_the_households_alone_that_the_caller_is_shown() {
    let registry = registry().await;
    let (mut clinic, mut shelter) = (registry.clinic(), registry.shelter());
    let mut people = vec![];
    for given in ["Zebulonia", "Zebulonia", "Rupert", "Rupert", "Dov"] {
        people.push(register(&mut clinic, given, "Example").await.id);
    }
    for person in &people[..2] {
        let serve = pb::AddServingAgencyRequest {
            request_id: new_request(),
            person_id: person.clone(),
            agency_id: SHELTER.to_string(),
            ..Default::default()
        };
        clinic.add_serving_agency(serve).await.unwrap();
    }
    let join = |person: &str, household: u128| pb::JoinHouseholdRequest {
        request_id: new_request(),
        person_id: person.into(),
        membership: Some(pb::HouseholdMembership {
            household_id: Uuid::from_u128(household).to_string(),
            relationship: pb::HouseholdRelationship::Other.into(),
            from: Some(proto::Date { year: 2026, month: 3, day: 1 }),
            until: None,
        }),
        ..Default::default()
    };
    let reasons = async |reader: &mut Client<Peer>, two: &[String], seen: &Written| -> Vec<Kind> {
        let queued = queue(reader, seen).await;
        let pair = queued.iter().find(|pair| ids(pair) == two.iter().cloned().collect()).unwrap();
        let kinds = pair.reasons.iter().map(|reason| reason.kind());
        kinds.filter(|kind| matches!(kind, Kind::HouseholdSame | Kind::HouseholdMemberShared)).collect()
    };
    let (zebulonias, ruperts, dov) = (&people[..2], &people[2..4], &people[4]);
    // What the shelter wrote of their household is not the clinic's to compare by.
    shelter.join_household(join(&zebulonias[0], 7)).await.unwrap();
    let both = shelter.join_household(join(&zebulonias[1], 7)).await.unwrap().into_inner();
    let both = written(both.written);
    assert_eq!(reasons(&mut shelter, zebulonias, &both).await, [Kind::HouseholdSame]);
    assert_eq!(reasons(&mut clinic, zebulonias, &both).await, []);
    // A member in common who is not to be found speaks for two records to those alone who serve that member.
    for (person, household) in [(&ruperts[0], 8), (&ruperts[1], 9), (dov, 8)] {
        clinic.join_household(join(person, household)).await.unwrap();
    }
    let shared = written(clinic.join_household(join(dov, 9)).await.unwrap().into_inner().written);
    let mut operator = registry.operator();
    for reader in [&mut clinic, &mut operator] {
        assert_eq!(reasons(reader, ruperts, &shared).await, [Kind::HouseholdMemberShared]);
    }
    let reason = pb::RestrictionReason::FleeingViolence.into();
    let hidden =
        call!(clinic, restrict_person, RestrictPersonRequest { person_id: dov.clone(), reason: reason });
    let hidden = hidden.unwrap();
    assert_eq!(reasons(&mut operator, ruperts, &hidden).await, []);
    assert_eq!(reasons(&mut clinic, ruperts, &hidden).await, [Kind::HouseholdMemberShared], "it serves them");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_links_and_unlinks_read_as_the_sets_of_what_stands() {
    let registry = registry().await;
    let mut dice = Dice::new(Dice::seed());
    let mut clinic = registry.clinic();
    let (mut people, mut revision) = (vec![], String::new());
    for _ in 0..4 {
        let made = register(&mut clinic, "Zebulonia", "Example").await;
        people.push(made.id);
        revision = made.revision;
    }
    let pair = |a: usize, b: usize| (a.min(b), a.max(b));
    let (mut links, mut never, mut decided) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for _ in 0..40 {
        let (one, other) = (dice.below(4) as usize, dice.below(4) as usize);
        let (canonical_id, member_id) = (people[one].clone(), people[other].clone());
        let despite = dice.percent(70);
        let done = match dice.below(5) {
            0..=2 => {
                let done = call!(
                    clinic,
                    link_persons,
                    LinkPersonsRequest {
                        canonical_id: canonical_id,
                        member_id: member_id,
                        despite_unlinked: despite
                    }
                );
                if done.is_ok() {
                    never.remove(&pair(one, other));
                    links.insert((one, other));
                }
                done
            }
            3 => {
                let done = call!(
                    clinic,
                    unlink_persons,
                    UnlinkPersonsRequest { canonical_id: canonical_id, member_id: member_id }
                );
                if done.is_ok() {
                    links.remove(&(one, other));
                    never.insert(pair(one, other));
                }
                done
            }
            _ => {
                let done = call!(
                    clinic,
                    never_link_persons,
                    NeverLinkPersonsRequest { one_id: canonical_id, other_id: member_id }
                );
                if done.is_ok() {
                    never.insert(pair(one, other));
                }
                done
            }
        };
        if let Ok(done) = done {
            revision = done.revision;
            decided.insert(pair(one, other));
        }
        // The groups that the links make, by going on until nothing is added.
        let group = |of: usize| {
            let mut group = BTreeSet::from([of]);
            while let Some((a, b)) =
                links.iter().find(|(a, b)| group.contains(a) != group.contains(b)).copied()
            {
                group.extend([a, b]);
            }
            group
        };
        for of in 0..4 {
            let group = group(of);
            let request = pb::GetPersonRequest {
                person_id: people[of].clone(),
                at_least: vec![revision.clone()],
                ..Default::default()
            };
            let read = clinic.get_person(request).await.unwrap().into_inner().person.unwrap();
            let records: BTreeSet<&String> = read.record_ids.iter().collect();
            assert_eq!(records, group.iter().map(|record| &people[*record]).collect(), "{links:?}");
            let root = group.iter().find(|record| links.iter().all(|(_, member)| member != *record)).unwrap();
            assert_eq!(read.canonical_id, people[*root], "{links:?}");
            let contradicted = never.iter().any(|(a, b)| group.contains(a) && group.contains(b));
            assert_eq!(read.needs_attention, contradicted, "{links:?} {never:?}");
        }
        let request =
            pb::ListDuplicateCandidatesRequest { at_least: vec![revision.clone()], ..Default::default() };
        let queued = clinic.list_duplicate_candidates(request).await.unwrap().into_inner().candidates;
        let queued: BTreeSet<BTreeSet<String>> = queued.iter().map(ids).collect();
        let mut wanted = BTreeSet::new();
        for (a, b) in (0..4).flat_map(|a| (a + 1..4).map(move |b| (a, b))) {
            let (ga, gb) = (group(a), group(b));
            let apart = ga.iter().any(|x| gb.iter().any(|y| never.contains(&pair(*x, *y))));
            if !decided.contains(&(a, b)) && !ga.contains(&b) && !apart {
                wanted.insert(BTreeSet::from([people[a].clone(), people[b].clone()]));
            }
        }
        assert_eq!(queued, wanted, "{links:?} {never:?}");
    }
    registry.alone.one_batch_makes_the_same_lists().await;
}
