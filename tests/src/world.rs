//! A small world in a running system: agencies, one person, a programme, made through the same calls as agencies make.
//! Invariant: it knows addresses and the contract alone, so it speaks to one process or many, to this build or another.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::{Actor, AgencyId, Caller, PersonId, Role, WorkerId};
use platform::peer::{Identity, Peer, connect};
use proto::referrals::referrals_service_client::ReferralsServiceClient;
use proto::referrals::{self as referrals};
use proto::registry::registry_service_client::RegistryServiceClient;
use proto::registry::{self as registry, AgencyContent, PersonDetails};
use proto::therapy::therapy_service_client::TherapyServiceClient;
use proto::therapy::{self as therapy};
use proto::timeline::timeline_service_client::TimelineServiceClient;
use proto::timeline::{Entry, GetTimelineRequest};
use proto::types::{LifeDomain, Voice, Written};
use uuid::Uuid;

use crate::Issuer;

/// A running system: where each service is.
#[derive(Clone, Debug)]
pub struct World {
    all: String,
    apart: BTreeMap<&'static str, String>,
    issuer: Option<Arc<Issuer>>,
}

/// A new request id.
pub fn request_id() -> String {
    Uuid::now_v7().to_string()
}

/// The id that a command wrote.
///
/// # Panics
/// Where the reply says nothing of what was written.
pub fn id(written: Option<Written>) -> String {
    written.expect("a command says what it wrote").id
}

impl World {
    /// Where one process serves all.
    pub fn at(address: impl ToString) -> Self {
        Self { all: address.to_string(), apart: BTreeMap::new(), issuer: None }
    }

    /// Where these services are served apart.
    pub fn apart(addresses: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        Self { all: String::new(), apart: addresses.into_iter().collect(), issuer: None }
    }

    /// Where callers are believed by this issuer's tokens alone.
    #[must_use]
    pub fn vouched(self, issuer: Arc<Issuer>) -> Self {
        Self { issuer: Some(issuer), ..self }
    }

    /// A channel to a service as that caller.
    ///
    /// # Panics
    /// Where the address is none.
    pub fn call(&self, service: &str, caller: Caller) -> Peer {
        let address = self.apart.get(service).unwrap_or(&self.all);
        let identity = match &self.issuer {
            Some(issuer) => Identity::token(issuer.token(&caller)),
            None => Identity::Plain(caller),
        };
        connect(address, identity).expect("an address")
    }

    /// A worker of that agency.
    pub fn worker(agency: AgencyId) -> Caller {
        let actor = Actor::Worker(WorkerId::of(agency.uuid().as_u128() ^ 1));
        Caller { actor, role: Role::Worker, agency: Some(agency), on_behalf_of: None }
    }

    /// The person, by own login.
    pub fn own(person: PersonId) -> Caller {
        Caller { actor: Actor::Person(person), role: Role::Person, agency: None, on_behalf_of: None }
    }

    /// An operator.
    pub fn operator() -> Caller {
        let actor = Actor::Worker(WorkerId::of(7));
        Caller { actor, role: Role::Operator, agency: None, on_behalf_of: None }
    }

    /// The registry, as that caller.
    pub fn registry(&self, caller: Caller) -> RegistryServiceClient<Peer> {
        RegistryServiceClient::new(self.call("registry", caller))
    }

    /// The referrals service, as that caller.
    pub fn referrals(&self, caller: Caller) -> ReferralsServiceClient<Peer> {
        ReferralsServiceClient::new(self.call("referrals", caller))
    }

    /// The timeline, as that caller.
    pub fn timeline(&self, caller: Caller) -> TimelineServiceClient<Peer> {
        TimelineServiceClient::new(self.call("timeline", caller))
    }

    /// A new agency of that name.
    ///
    /// # Panics
    /// Where it is refused.
    pub async fn agency(&self, name: &str) -> AgencyId {
        let content =
            AgencyContent { name: name.into(), zone: "America/Chicago".into(), ..Default::default() };
        let request = registry::RegisterAgencyRequest { request_id: request_id(), content: Some(content) };
        let reply = self.registry(Self::operator()).register_agency(request).await.expect("an agency");
        id(reply.into_inner().written).parse().expect("an id")
    }

    /// A new person of an obviously invented name, registered by that agency.
    ///
    /// # Panics
    /// Where it is refused.
    pub async fn person(&self, agency: AgencyId, name: &str) -> PersonId {
        let details = PersonDetails {
            given_name: name.into(),
            family_name: "Testperson".into(),
            name_quality: registry::DataQuality::Full.into(),
            ..Default::default()
        };
        let request = registry::RegisterPersonRequest {
            request_id: request_id(),
            details: Some(details),
            identifiers: vec![],
        };
        let reply = self.registry(Self::worker(agency)).register_person(request).await.expect("a person");
        id(reply.into_inner().written).parse().expect("an id")
    }

    /// The person, in words told to that agency, allows another to see.
    ///
    /// # Panics
    /// Where it is refused.
    pub async fn consents(&self, person: PersonId, told: AgencyId, recipient: AgencyId) {
        let request = registry::GiveConsentRequest {
            request_id: request_id(),
            person_id: person.to_string(),
            content: crate::say::content(recipient),
            voice: Voice::Person.into(),
            evidence: "signed form, invented".into(),
            ..Default::default()
        };
        self.registry(Self::worker(told)).give_consent(request).await.expect("a consent");
    }

    /// An offer of that agency without a service of its own.
    ///
    /// # Panics
    /// Where it is refused.
    pub async fn offer(&self, agency: AgencyId, name: &str) -> String {
        let content = referrals::ServiceOfferContent {
            name: name.into(),
            practice: "skills-training".into(),
            life_domains: vec![LifeDomain::BasicLivingSkills.into()],
            receiver: referrals::Receiver::Participation.into(),
            zone: "America/Chicago".into(),
            ..Default::default()
        };
        self.publish(agency, content).await
    }

    /// An offer of that agency.
    ///
    /// # Panics
    /// Where it is refused.
    pub async fn publish(&self, agency: AgencyId, content: referrals::ServiceOfferContent) -> String {
        let request = referrals::PublishServiceOfferRequest {
            request_id: request_id(),
            content: Some(content),
            ..Default::default()
        };
        let reply =
            self.referrals(Self::worker(agency)).publish_service_offer(request).await.expect("an offer");
        id(reply.into_inner().written)
    }

    /// A draft of a referral of the person to that offer.
    pub fn draft(&self, person: PersonId, offer: &str) -> referrals::DraftReferralRequest {
        referrals::DraftReferralRequest {
            request_id: request_id(),
            person_id: person.to_string(),
            offer_id: offer.into(),
            life_domain: LifeDomain::BasicLivingSkills.into(),
            need: "an invented need".into(),
            no_goal_reason: "not yet talked about".into(),
            ..Default::default()
        }
    }

    /// Somebody who treats at an agency, in that zone.
    ///
    /// # Panics
    /// Where that is refused.
    pub async fn practitioner(&self, agency: AgencyId, zone: &str) -> String {
        let mut client = TherapyServiceClient::new(self.call("therapy", Self::worker(agency)));
        let content = therapy::PractitionerContent {
            name: "Dr Olive Sample".into(),
            role: therapy::PractitionerRole::Therapist.into(),
            modalities: vec!["cbt".into()],
            zone: zone.into(),
            ..Default::default()
        };
        let request = therapy::RegisterPractitionerRequest {
            request_id: request_id(),
            worker_id: request_id(),
            content: Some(content),
        };
        id(client.register_practitioner(request).await.expect("a practitioner").into_inner().written)
    }

    /// A referral, drafted and sent as soon as the consent is known everywhere.
    ///
    /// # Panics
    /// Where it is refused for anything but the consent.
    pub async fn referral(&self, from: AgencyId, person: PersonId, offer: &str) -> String {
        let mut client = self.referrals(Self::worker(from));
        let draft = client.draft_referral(self.draft(person, offer)).await.expect("a draft");
        let referral = id(draft.into_inner().written);
        let request = referrals::SendReferralRequest {
            request_id: request_id(),
            referral_id: referral.clone(),
            ..Default::default()
        };
        client.send_referral(request).await.expect("what the person allows");
        referral
    }

    /// A referral as that agency reads it.
    ///
    /// # Panics
    /// Where it may not.
    pub async fn read_referral(&self, agency: AgencyId, referral: &str) -> referrals::Referral {
        let request = referrals::GetReferralRequest { referral_id: referral.into(), at_least: vec![] };
        let reply = self.referrals(Self::worker(agency)).get_referral(request).await.expect("the referral");
        reply.into_inner().referral.expect("the referral")
    }

    /// The newest 200 entries of the person's timeline, as that caller.
    ///
    /// # Panics
    /// Where it cannot be read.
    pub async fn entries(&self, caller: Caller, person: PersonId) -> Vec<Entry> {
        let request =
            GetTimelineRequest { person_id: person.to_string(), page_size: 200, ..Default::default() };
        self.timeline(caller).get_timeline(request).await.expect("a timeline").into_inner().entries
    }
}
