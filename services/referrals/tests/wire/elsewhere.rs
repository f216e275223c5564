//! Referrals off the platform, logged by who made them.
//! Invariant: one is read and listed in the state that its source tells, whichever that is.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn one_is_logged_in_every_state_that_a_source_can_tell_and_listed_in_it() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let mut recorder = Client::new(service.recorder(SHELTER));
        let mut shelter = Client::new(service.worker(SHELTER));
        let logging = |state: pb::ReferralState| pb::RecordReferralRequest {
            request_id: new_request(),
            source: source("Event", state.as_str_name()),
            person_id: ANA.to_string(),
            service_named: "a housing navigator".into(),
            made: Some(now_at(&service)),
            state: state.into(),
            ..Default::default()
        };
        let states: Vec<_> = (0..).map_while(|number| pb::ReferralState::try_from(number).ok()).collect();
        for state in states {
            let reply = recorder.record_referral(logging(state)).await;
            match state {
                pb::ReferralState::Unspecified
                | pb::ReferralState::Draft
                | pb::ReferralState::EnteredInError => {
                    let refused = reply.unwrap_err();
                    assert_eq!(refused.code(), Code::InvalidArgument, "{state:?}");
                    assert!(refused.message().contains("state"), "{refused}");
                    continue;
                }
                pb::ReferralState::Requested
                | pb::ReferralState::Accepted
                | pb::ReferralState::InProgress
                | pb::ReferralState::OnHold
                | pb::ReferralState::Rejected
                | pb::ReferralState::Cancelled
                | pb::ReferralState::Completed
                | pb::ReferralState::Failed => {}
            }
            let logged = written(reply.unwrap().into_inner().written);
            assert_eq!(read(&mut shelter, &logged.id).await.state(), state);
            let request = pb::ListReferralsRequest { states: vec![state.into()], ..Default::default() };
            let listed = until("it to be listed", async || {
                let listed = shelter.list_referrals(request.clone()).await.unwrap().into_inner().referrals;
                (!listed.is_empty()).then_some(listed)
            });
            let listed: Vec<_> = listed.await.into_iter().map(|each| each.id).collect();
            assert_eq!(listed, [logged.id]);
        }
    }
}
