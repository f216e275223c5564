//! Commands that other services answer by themselves: a referral that opens a case elsewhere, and hours of two agencies that overlap.
//! Invariant: each round asks for the same of a person of its own, so what must follow from it is known: see the audit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use kernel::AgencyId;
use proto::referrals as pb;
use proto::registry::GiveConsentRequest;
use proto::therapy as tp;
use proto::types::{LifeDomain, Setting, Voice};
use tests::world::{World, request_id};

use super::{Acknowledged, Client, until_acknowledged};

const ZONE: &str = "America/Chicago";
/// How many days from now the first hour is: far enough not to pass while the test runs.
const FIRST_DAY: i64 = 30;

/// Two agencies that refer to and overlap each other.
pub struct Closing {
    refers: Client,
    serves: Client,
    /// Who treats, at either.
    practitioners: [String; 2],
    rounds: i64,
}

impl Closing {
    /// Sets both up.
    pub async fn new(world: &World, answered: &Arc<AtomicU64>) -> Self {
        let refers = world.agency("Invented Shelter").await;
        let serves = world.agency("Invented Works").await;
        let content = pb::ServiceOfferContent {
            name: "Supported employment".into(),
            practice: "ips".into(),
            life_domains: vec![LifeDomain::Employment.into()],
            receiver: pb::Receiver::Vocational.into(),
            zero_exclusion: true,
            zone: ZONE.into(),
            ..Default::default()
        };
        let offer = world.publish(serves, content).await;
        let practitioners = [world.practitioner(refers, ZONE).await, world.practitioner(serves, ZONE).await];
        let [refers, serves] =
            [refers, serves].map(|agency| Client::new(world, agency, &offer, answered.clone()));
        Self { refers, serves, practitioners, rounds: 0 }
    }

    /// Rounds, until told to stop.
    pub async fn work(mut self, stop: Arc<AtomicBool>) -> Vec<Acknowledged> {
        while !stop.load(Ordering::Relaxed) {
            let person = self.refers.register().await;
            self.refers.consents(&person, self.serves.agency).await;
            let referral = self.refers.draft(&person).await;
            self.refers.send(&person, &referral).await;
            self.serves.accept(&person, &referral).await;
            let start = hour(self.rounds);
            self.rounds += 1;
            for (client, practitioner) in
                [&mut self.refers, &mut self.serves].into_iter().zip(&self.practitioners)
            {
                let episode = client.open_episode(&person, practitioner).await;
                client.book(&person, &episode, &start).await;
            }
        }
        self.refers.done.into_iter().chain(self.serves.done).collect()
    }
}

/// The wall time of that round's hour.
fn hour(round: i64) -> String {
    let today = jiff::Timestamp::now().in_tz("UTC").expect("a zone").date();
    let first = today.checked_add(jiff::Span::new().days(FIRST_DAY)).expect("a day").at(0, 0, 0, 0);
    let at = first.checked_add(jiff::Span::new().hours(round)).expect("an hour");
    at.strftime("%Y-%m-%dT%H:%M").to_string()
}

impl Client {
    pub(super) async fn consents(&mut self, person: &str, recipient: AgencyId) {
        let request = GiveConsentRequest {
            request_id: request_id(),
            person_id: person.into(),
            content: tests::say::content(recipient),
            voice: Voice::Person.into(),
            evidence: "signed form, invented".into(),
            ..Default::default()
        };
        until_acknowledged!(self, registry, give_consent, "ConsentGiven", person, request);
    }

    pub(super) async fn draft(&mut self, person: &str) -> String {
        let request = pb::DraftReferralRequest {
            request_id: request_id(),
            person_id: person.into(),
            offer_id: self.offer.clone(),
            life_domain: LifeDomain::Employment.into(),
            need: "an invented need".into(),
            no_goal_reason: "not yet talked about".into(),
            ..Default::default()
        };
        until_acknowledged!(self, referrals, draft_referral, "ReferralDrafted", person, request)
    }

    pub(super) async fn send(&mut self, person: &str, referral: &str) {
        let request = pb::SendReferralRequest {
            request_id: request_id(),
            referral_id: referral.into(),
            ..Default::default()
        };
        until_acknowledged!(self, referrals, send_referral, "ReferralSent", person, request);
    }

    pub(super) async fn accept(&mut self, person: &str, referral: &str) {
        let request = pb::AcceptReferralRequest {
            request_id: request_id(),
            referral_id: referral.into(),
            ..Default::default()
        };
        until_acknowledged!(self, referrals, accept_referral, "ReferralAccepted", person, request);
    }

    async fn open_episode(&mut self, person: &str, practitioner: &str) -> String {
        let request = tp::OpenEpisodeRequest {
            request_id: request_id(),
            person_id: person.into(),
            modality: "cbt".into(),
            practitioner_id: practitioner.into(),
            ..Default::default()
        };
        until_acknowledged!(self, therapy, open_episode, "EpisodeOpened", person, request)
    }

    async fn book(&mut self, person: &str, episode: &str, start: &str) {
        let ask = tp::AppointmentAsk {
            episode_id: episode.into(),
            start: Some(tp::AppointmentTime { wall: start.into(), ..Default::default() }),
            minutes: 50,
            setting: Setting::Office.into(),
            ..Default::default()
        };
        let request = tp::BookAppointmentRequest { request_id: request_id(), ask: Some(ask) };
        until_acknowledged!(self, therapy, book_appointment, "AppointmentBooked", person, request);
    }
}
