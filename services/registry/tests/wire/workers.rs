//! Workers through the wire: what nobody says of themself.
//! Invariant: it holds however they say it, as a worker or by a recorder's token that names them.

use kernel::{Actor, Caller, Role, WorkerId};

use super::*;

fn is(name: &str, role: pb::WorkerRole, left: bool) -> Option<pb::WorkerContent> {
    let roles = vec![role.into()];
    Some(pb::WorkerContent { working_name: name.into(), roles, left, ..Default::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_says_of_themself_which_parts_they_play_their_name_or_that_they_are_back() {
    use pb::WorkerRole::{Counselor, Nurse};
    let registry = registry().await;
    let tells = |content| pb::RecordWorkerRequest {
        request_id: new_request(),
        source: row("Staff", "7"),
        agency_id: CLINIC.to_string(),
        content,
    };
    let mut recorder = registry.recorder();
    let told = recorder.record_worker(tells(is("River", Counselor, false))).await.unwrap().into_inner();
    let worker = written(told.written).id;
    let themself: WorkerId = worker.parse().unwrap();
    let by_their_token = Caller {
        actor: Actor::Worker(themself),
        role: Role::Recorder,
        agency: Some(CLINIC),
        on_behalf_of: None,
    };
    let mut by_their_token = Client::new(registry.alone.caller(by_their_token));
    let mut own = Client::new(registry.alone.as_worker(CLINIC, themself));
    let changes = |content| pb::ChangeWorkerRequest {
        request_id: new_request(),
        worker_id: worker.clone(),
        content,
        ..Default::default()
    };
    for content in [is("River", Nurse, false), is("Sage", Counselor, false)] {
        assert_eq!(refused(own.change_worker(changes(content.clone())).await), "OWN_PARTS");
        assert_eq!(refused(by_their_token.record_worker(tells(content)).await), "OWN_PARTS");
    }
    // That they leave they may say; that they are back another says.
    own.change_worker(changes(is("River", Counselor, true))).await.unwrap();
    let back = || is("River", Counselor, false);
    assert_eq!(refused(own.change_worker(changes(back())).await), "OWN_PARTS");
    let numbered = proto::types::Identifier { system: "npi".into(), value: "1".into(), ..Default::default() };
    let told = back().map(|content| pb::WorkerContent { identifiers: vec![numbered], ..content });
    assert_eq!(refused(by_their_token.record_worker(tells(told.clone())).await), "OWN_PARTS");
    recorder.record_worker(tells(told)).await.unwrap();
}
