//! What several agencies say of one thing, each in its own word: none ends or takes back another's on the timeline either.

use proto::registry as reg;

use super::*;

async fn says(service: &Alone, agency: AgencyId, kind: Registry) {
    let event = RegistryEvent { kind: Some(kind) };
    service.tell_as("registry", StreamId::new("person", ANA.uuid()), Some(ANA), agency, &event).await;
}

fn membership() -> Registry {
    let membership = reg::HouseholdMembership {
        household_id: Uuid::from_u128(5).to_string(),
        from: Some(proto::Date { year: 2026, month: 1, day: 2 }),
        ..Default::default()
    };
    Registry::HouseholdJoined(reg::HouseholdJoined {
        person_id: ANA.to_string(),
        membership: Some(membership),
    })
}

fn left() -> Registry {
    Registry::HouseholdLeft(reg::HouseholdLeft {
        person_id: ANA.to_string(),
        household_id: Uuid::from_u128(5).to_string(),
        until: Some(proto::Date { year: 2026, month: 2, day: 2 }),
    })
}

fn died() -> Registry {
    let death = reg::Death { source: reg::DeathSource::Family.into(), ..Default::default() };
    Registry::PersonDied(reg::PersonDied { person_id: ANA.to_string(), death: Some(death) })
}

fn error() -> Registry {
    Registry::PersonDeathEnteredInError(reg::PersonDeathEnteredInError { person_id: ANA.to_string() })
}

/// How the agency reads its entry of that line, or of what became of it: whether it is open, and whether it was withdrawn.
async fn reads(service: &Alone, agency: AgencyId, entries: usize) -> Vec<(bool, bool)> {
    let found = read_all(service, service.worker(agency), of(ANA), entries).await;
    found.iter().map(|entry| (entry.open, entry.withdrawn)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_ends_a_household_and_takes_back_a_death_by_its_own_word_and_leaves_anothers() {
    let service = service().await;
    for agency in [CLINIC, SHELTER] {
        says(&service, agency, membership()).await;
    }
    assert_eq!(reads(&service, CLINIC, 1).await, [(true, false)]);
    says(&service, SHELTER, left()).await;
    until("the shelter's to have ended", async || {
        (reads(&service, SHELTER, 1).await == [(false, false)]).then_some(())
    })
    .await;
    assert_eq!(reads(&service, CLINIC, 1).await, [(true, false)], "the clinic's goes on");

    for agency in [CLINIC, SHELTER] {
        says(&service, agency, died()).await;
    }
    assert_eq!(reads(&service, CLINIC, 2).await.len(), 2);
    says(&service, SHELTER, error()).await;
    until("the shelter's word to be withdrawn", async || {
        reads(&service, SHELTER, 2).await.contains(&(false, true)).then_some(())
    })
    .await;
    assert!(!reads(&service, CLINIC, 2).await.iter().any(|(_, withdrawn)| *withdrawn), "the clinic's stands");
    // Who runs the system takes back all of it.
    registry(&service, StreamId::new("person", ANA.uuid()), ANA, error()).await;
    until("the clinic's to be withdrawn", async || {
        reads(&service, CLINIC, 2).await.contains(&(false, true)).then_some(())
    })
    .await;
}
