//! Workers of two agencies, as many on either side: one refers people, the other answers and serves.
//! Invariant: what becomes of a referral follows from its number, but for those that both sides act on at once: of these it is known who won.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kernel::{AgencyId, Occurred};
use proto::referrals as pb;
use proto::types::{Contact, LifeDomain, Setting};
use proto::vocational as vp;
use proto::vocational::vocational_service_client::VocationalServiceClient;
use tests::world::{World, request_id};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tonic::Status;

use super::{Acknowledged, Client, PATIENCE, passes, until_acknowledged};

/// What becomes of a referral.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// Accepted, met, served, discharged: the receiving service closes it.
    Served,
    /// The same, with a question before and a rest in between.
    ServedAfterARest,
    /// Rejected.
    Rejected,
    /// Called off by who sent it, before an answer.
    Withdrawn,
    /// Called off by who sent it, while the other side accepts it.
    Contested,
}

/// So that the other side is told of it.
struct Sent {
    person: String,
    referral: String,
    fate: Fate,
}

/// Both sides at work.
pub struct Sides {
    /// Who refers.
    pub refers: AgencyId,
    answered: Arc<AtomicU64>,
    workers: Vec<JoinHandle<Vec<Acknowledged>>>,
}

impl Sides {
    /// Starts so many workers in pairs, which see so many referrals through between them.
    pub async fn start(world: &World, workers: u64, referrals: u64) -> Self {
        let refers = world.agency("Invented Shelter").await;
        let serves = world.agency("Invented Works").await;
        let content = pb::ServiceOfferContent {
            name: "Supported employment".into(),
            practice: "ips".into(),
            life_domains: vec![LifeDomain::Employment.into()],
            receiver: pb::Receiver::Vocational.into(),
            zero_exclusion: true,
            zone: "America/Chicago".into(),
            ..Default::default()
        };
        let offer = world.publish(serves, content).await;
        let (answered, left) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(referrals)));
        let mut running = Vec::new();
        for _ in 0..workers / 2 {
            let (told, hears) = mpsc::channel(1);
            let asks = Client::new(world, refers, &offer, answered.clone());
            running.push(tokio::spawn(asks.refer(serves, left.clone(), told)));
            let answers = Client::new(world, serves, &offer, answered.clone());
            let vocational = VocationalServiceClient::new(world.call("vocational", World::worker(serves)));
            running.push(tokio::spawn(answers.answer(vocational, hears)));
        }
        Self { refers, answered, workers: running }
    }

    /// How many commands were answered so far.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Whether all of it is done.
    pub fn is_done(&self) -> bool {
        self.workers.iter().all(JoinHandle::is_finished)
    }

    /// Waits until it is; gives all that was acknowledged.
    pub async fn done(self) -> Vec<Acknowledged> {
        let mut acknowledged = Vec::new();
        for worker in self.workers {
            acknowledged.extend(worker.await.expect("a worker that was answered"));
        }
        acknowledged
    }
}

impl Client {
    /// Refers people until none is left to refer.
    async fn refer(
        mut self,
        serves: AgencyId,
        left: Arc<AtomicU64>,
        told: mpsc::Sender<Sent>,
    ) -> Vec<Acknowledged> {
        while let Ok(number) =
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
        {
            let fates =
                [Fate::Served, Fate::Contested, Fate::Rejected, Fate::ServedAfterARest, Fate::Withdrawn];
            let fate = fates[number as usize % fates.len()];
            let person = self.register().await;
            self.consents(&person, serves).await;
            let referral = self.draft(&person).await;
            self.send(&person, &referral).await;
            let sent = Sent { person: person.clone(), referral: referral.clone(), fate };
            match fate {
                Fate::Served | Fate::ServedAfterARest | Fate::Rejected => {
                    told.send(sent).await.expect("the other side listens");
                }
                Fate::Contested => {
                    told.send(sent).await.expect("the other side listens");
                    self.cancel(&person, &referral).await;
                }
                Fate::Withdrawn => self.cancel(&person, &referral).await,
            }
        }
        self.done
    }

    /// Answers what it is told of, until nothing more comes.
    async fn answer(
        mut self,
        vocational: VocationalServiceClient<platform::peer::Peer>,
        mut hears: mpsc::Receiver<Sent>,
    ) -> Vec<Acknowledged> {
        while let Some(Sent { person, referral, fate }) = hears.recv().await {
            match fate {
                Fate::Rejected => self.reject(&person, &referral).await,
                Fate::Contested => self.accept_if_still_there(&person, &referral).await,
                // Of those that are withdrawn it is told nothing.
                Fate::Served | Fate::Withdrawn => {
                    self.accept(&person, &referral).await;
                    self.serve(vocational.clone(), &person, &referral).await;
                }
                Fate::ServedAfterARest => {
                    self.acknowledge(&person, &referral).await;
                    self.accept(&person, &referral).await;
                    self.rest(&person, &referral).await;
                    self.serve(vocational.clone(), &person, &referral).await;
                }
            }
        }
        self.done
    }

    async fn cancel(&mut self, person: &str, referral: &str) {
        let request = pb::CancelReferralRequest {
            request_id: request_id(),
            referral_id: referral.into(),
            reason: pb::ClosingReason::NeedsMetElsewhere.into(),
            ..Default::default()
        };
        until_acknowledged!(self, referrals, cancel_referral, "ReferralCancelled", person, request);
    }

    async fn acknowledge(&mut self, person: &str, referral: &str) {
        let request = pb::AcknowledgeReferralRequest {
            request_id: request_id(),
            referral_id: referral.into(),
            ..Default::default()
        };
        until_acknowledged!(self, referrals, acknowledge_referral, "ReferralAcknowledged", person, request);
    }

    async fn reject(&mut self, person: &str, referral: &str) {
        let request = pb::RejectReferralRequest {
            request_id: request_id(),
            referral_id: referral.into(),
            reason: pb::ClosingReason::NoCapacity.into(),
            text: "full, in this invented case".into(),
            ..Default::default()
        };
        until_acknowledged!(self, referrals, reject_referral, "ReferralRejected", person, request);
    }

    async fn rest(&mut self, person: &str, referral: &str) {
        let request = pb::HoldReferralRequest {
            request_id: request_id(),
            referral_id: referral.into(),
            reason: pb::HoldReason::Documents.into(),
            ..Default::default()
        };
        until_acknowledged!(self, referrals, hold_referral, "ReferralHeld", person, request);
        let request = pb::ResumeReferralRequest {
            request_id: request_id(),
            referral_id: referral.into(),
            ..Default::default()
        };
        until_acknowledged!(self, referrals, resume_referral, "ReferralResumed", person, request);
    }

    /// Accepts it, unless it was called off first: then no try may have accepted it either, which the audit sees.
    async fn accept_if_still_there(&mut self, person: &str, referral: &str) {
        let request = pb::AcceptReferralRequest {
            request_id: request_id(),
            referral_id: referral.into(),
            ..Default::default()
        };
        let end = Instant::now() + PATIENCE;
        loop {
            let mut client = self.referrals.clone();
            match client.accept_referral(request.clone()).await {
                Ok(_) => {
                    self.answered.fetch_add(1, Ordering::Relaxed);
                    self.done.push(Acknowledged {
                        agency: self.agency,
                        service: "referrals",
                        kind: "ReferralAccepted",
                        request: request.request_id,
                        record: referral.into(),
                        person: person.into(),
                    });
                    return;
                }
                Err(status) if passes(&status) => {
                    assert!(Instant::now() < end, "{referral}: {PATIENCE:?} in vain: {status:?}");
                    // Sleeps: as a client does between two tries.
                    tokio::time::sleep(std::time::Duration::from_millis(25)).await;
                }
                Err(status) => {
                    let reason = platform::error::reason(&status);
                    assert_eq!(reason.as_deref(), Some("NOT_AWAITING_ANSWER"), "{status:?}");
                    return;
                }
            }
        }
    }

    /// Meets the person of the case that has opened by itself, and discharges them.
    async fn serve(
        &mut self,
        vocational: VocationalServiceClient<platform::peer::Peer>,
        person: &str,
        referral: &str,
    ) {
        let case = self.case(referral).await;
        let occurred = platform::wire::to_occurred(&Occurred::instant(jiff::Timestamp::now()));
        let contact = vp::AddCaseContactRequest {
            request_id: request_id(),
            case_id: case.clone(),
            contact: Some(Contact {
                occurred: Some(occurred),
                reached: true,
                setting: Setting::Community.into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let discharge = vp::DischargeCaseRequest {
            request_id: request_id(),
            case_id: case,
            reason: vp::DischargeReason::Completed.into(),
            ..Default::default()
        };
        let name = contact.request_id.clone();
        let send = || {
            let (mut client, request) = (vocational.clone(), contact.clone());
            async move { Ok(client.add_case_contact(request).await?.into_inner().written) }
        };
        self.acknowledged("vocational", "CaseContactMade", person, name, send).await;
        let name = discharge.request_id.clone();
        let send = || {
            let (mut client, request) = (vocational.clone(), discharge.clone());
            async move { Ok(client.discharge_case(request).await?.into_inner().written) }
        };
        self.acknowledged("vocational", "CaseDischarged", person, name, send).await;
    }

    /// The case that the referral opened, once it is told of it.
    async fn case(&self, referral: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let request = pb::GetReferralRequest { referral_id: referral.into(), at_least: vec![] };
            let read: Result<_, Status> = self.referrals.clone().get_referral(request).await;
            let record = match read {
                Ok(read) => read.into_inner().referral.expect("a referral").receiving_record,
                Err(status) if passes(&status) => String::new(),
                Err(status) => panic!("{referral}: {status:?}"),
            };
            if let Some(case) = record.strip_prefix("case-") {
                return case.to_owned();
            }
            assert!(Instant::now() < end, "{referral} heard of no case for {PATIENCE:?}");
            // Sleeps: as a client does between two tries.
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
    }
}
