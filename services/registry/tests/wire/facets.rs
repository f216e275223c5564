//! Strengths and preferences through the wire: noted, reworded, dropped, taken back and listed.
//! Invariant: whose words they are is kept, and only the person's voice says otherwise what the person said.

use super::*;

fn says(text: &str) -> Option<pb::FacetContent> {
    Some(pb::FacetContent { text: text.into(), life_domains: vec![LifeDomain::Employment.into()] })
}

async fn facets(reader: &mut Client<Peer>, person: &str, seen: &Written) -> Vec<pb::Facet> {
    let at_least = vec![seen.revision.clone()];
    let request = pb::ListFacetsRequest { person_id: person.into(), at_least };
    reader.list_facets(request).await.unwrap().into_inner().facets
}

#[tokio::test(flavor = "multi_thread")]
async fn strengths_and_preferences_are_noted_in_whose_words_they_are_and_said_otherwise_by_them() {
    let registry = registry().await;
    let (mut clinic, mut shelter) = (registry.clinic(), registry.shelter());
    let person = register(&mut clinic, "Ana", "Example").await.id;
    let mut herself = registry.person(&person);
    let (strength, preference) = (pb::FacetKind::Strength.into(), pb::FacetKind::Preference.into());
    let note = |kind: i32, text: &str| pb::NoteFacetRequest {
        request_id: new_request(),
        person_id: person.clone(),
        kind,
        content: says(text),
        ..Default::default()
    };
    for (wrong, field) in [
        (pb::NoteFacetRequest { kind: 0, ..note(strength, "patience") }, "kind"),
        (pb::NoteFacetRequest { content: says(""), ..note(strength, "patience") }, "content.text"),
    ] {
        let status = clinic.note_facet(wrong).await.unwrap_err();
        assert_eq!(
            (status.code(), status.message().contains(field)),
            (Code::InvalidArgument, true),
            "{status}"
        );
    }
    let stranger = shelter.note_facet(note(strength, "patience")).await;
    assert_eq!(refused(stranger), "PERSON_NOT_FOUND");

    let mornings = herself.note_facet(note(preference, "no mornings")).await.unwrap().into_inner();
    let mornings = written(mornings.written).id;
    let patience = note(strength, "patience with engines");
    let first = clinic.note_facet(patience.clone()).await.unwrap().into_inner();
    assert_eq!(clinic.note_facet(patience).await.unwrap().into_inner(), first, "a resend gives the same");
    let patience = written(first.written).id;

    let reword = |facet: &str, text: &str| pb::RewordFacetRequest {
        request_id: new_request(),
        facet_id: facet.into(),
        content: says(text),
        ..Default::default()
    };
    let staff = clinic.reword_facet(reword(&mornings, "late shifts")).await;
    assert_eq!(refused(staff), "NOT_IN_PERSONS_VOICE");
    let own =
        pb::RewordFacetRequest { voice: Voice::Person.into(), ..reword(&mornings, "nothing before ten") };
    let reworded = written(clinic.reword_facet(own).await.unwrap().into_inner().written);
    assert_eq!(reworded.etag, "2");
    let taken = written(
        herself.reword_facet(reword(&patience, "I can fix anything")).await.unwrap().into_inner().written,
    );
    let seen = facets(&mut clinic, &person, &taken).await;
    let told: Vec<_> = seen
        .iter()
        .map(|facet| (facet.content.as_ref().unwrap().text.as_str(), facet.kind(), facet.in_persons_voice))
        .collect();
    use pb::FacetKind::{Preference, Strength};
    assert_eq!(told, [("I can fix anything", Strength, true)], "what she noted herself is hers to show");
    let seen = facets(&mut herself, &person, &taken).await;
    let told: Vec<_> = seen.iter().map(|facet| (facet.kind(), facet.state())).collect();
    use pb::FacetState::{Dropped, Holds};
    assert_eq!(told, [(Strength, Holds), (Preference, Holds)], "strengths come first");
    assert!(seen.iter().all(|facet| facet.text_status() == FieldStatus::Open));

    let dropped = call!(herself, drop_facet, DropFacetRequest { facet_id: mornings.clone() }).unwrap();
    let seen = facets(&mut herself, &person, &dropped).await;
    assert_eq!(seen[1].state(), Dropped);
    let other =
        clinic.reword_facet(pb::RewordFacetRequest { voice: Voice::Person.into(), ..reword(&mornings, "x") });
    assert_eq!(refused(other.await), "NO_LONGER_SO");
    let foreign = call!(
        herself,
        mark_facet_entered_in_error,
        MarkFacetEnteredInErrorRequest { facet_id: patience.clone() }
    );
    assert_eq!(refused(foreign), "NOTED_BY_ANOTHER");
    let gone =
        call!(clinic, mark_facet_entered_in_error, MarkFacetEnteredInErrorRequest { facet_id: patience });
    assert_eq!(facets(&mut herself, &person, &gone.unwrap()).await.len(), 1);
    let unknown = call!(herself, drop_facet, DropFacetRequest { facet_id: Uuid::from_u128(9).to_string() });
    assert_eq!(refused(unknown), "FACET_NOT_FOUND");

    // What the clinic wrote shows elsewhere by consent alone.
    let patient = note(strength, "patience");
    let noted = written(clinic.note_facet(patient).await.unwrap().into_inner().written);
    let hidden = pb::ListFacetsRequest { person_id: person.clone(), at_least: vec![noted.revision] };
    assert_eq!(shelter.list_facets(hidden).await.unwrap_err().code(), Code::NotFound);
    let (_, given) = gives(&mut herself, &person, to(SHELTER)).await.unwrap();
    assert_eq!(facets(&mut shelter, &person, &given).await.len(), 2, "hers too, since nothing is left out");
    for event in registry.alone.events().await {
        for words in ["patience", "anything", "mornings"] {
            assert!(
                !event.payload.windows(words.len()).any(|part| part == words.as_bytes()),
                "{}",
                event.r#type
            );
        }
    }
    registry.alone.one_batch_makes_the_same_lists().await;
}
