//! Given, when, then for practitioners.

use std::collections::BTreeSet;

use kernel::given;

use super::*;
use crate::domain::practitioner::{Command, Content, Event, Practitioner, Refusal};

fn register(content: Content) -> Command {
    Command::Register { worker: DR_OLIVE, agency: CLINIC, content }
}

fn registered() -> Event {
    Event::Registered { worker: DR_OLIVE, agency: CLINIC, content: therapist() }
}

fn change(agency: AgencyId, content: Content) -> Command {
    Command::Change { worker: DR_OLIVE, agency, content }
}

fn retired() -> Event {
    Event::Retired { worker: DR_OLIVE }
}

#[test]
fn a_worker_is_registered_once() {
    given::<Practitioner>([]).when(register(therapist())).then([registered()]);
    given::<Practitioner>([registered()]).when(register(therapist())).nothing();
    let other = Content { licence: "SAMPLE-2".into(), ..therapist() };
    given::<Practitioner>([registered()]).when(register(other)).refused(Refusal::AlreadyExists);
}

#[test]
fn no_agency_registers_or_changes_anothers_practitioner() {
    let elsewhere = Command::Register { worker: DR_OLIVE, agency: SHELTER, content: therapist() };
    given::<Practitioner>([registered()]).when(elsewhere.clone()).refused(Refusal::NotFound);
    given::<Practitioner>([registered(), retired()]).when(elsewhere).refused(Refusal::NotFound);
    given::<Practitioner>([registered()]).when(change(SHELTER, therapist())).refused(Refusal::NotFound);
    given::<Practitioner>([]).when(change(CLINIC, therapist())).refused(Refusal::NotFound);
    let retire = Command::Retire { worker: DR_OLIVE, agency: SHELTER };
    given::<Practitioner>([registered()]).when(retire).refused(Refusal::NotFound);
}

#[test]
fn the_profession_must_permit_every_modality() {
    let peer = Content { profession: Profession::PeerSupportWorker, ..therapist() };
    given::<Practitioner>([]).when(register(peer.clone())).refused(Refusal::ModalityNotPermitted(cbt()));
    given::<Practitioner>([registered()])
        .when(change(CLINIC, peer))
        .refused(Refusal::ModalityNotPermitted(cbt()));
}

#[test]
fn a_change_is_the_whole_content_and_the_same_again_is_nothing() {
    let more =
        Content { modalities: BTreeSet::from([cbt(), Modality::stored("psychodynamic")]), ..therapist() };
    given::<Practitioner>([registered()])
        .when(change(CLINIC, more.clone()))
        .then([Event::Changed { worker: DR_OLIVE, content: more }]);
    given::<Practitioner>([registered()]).when(change(CLINIC, therapist())).nothing();
}

#[test]
fn somebody_retired_stays_so_until_registered_again() {
    let retire = Command::Retire { worker: DR_OLIVE, agency: CLINIC };
    given::<Practitioner>([registered()]).when(retire.clone()).then([retired()]);
    given::<Practitioner>([registered(), retired()]).when(retire.clone()).nothing();
    given::<Practitioner>([]).when(retire).refused(Refusal::NotFound);
    given::<Practitioner>([registered(), retired()])
        .when(change(CLINIC, therapist()))
        .refused(Refusal::Retired);
    given::<Practitioner>([registered(), retired()]).when(register(therapist())).then([registered()]);
}
