//! What the agencies of the town offer.
//! Invariant: each programme is published by its own agency, before the first life begins.

use proto::referrals as refs;
use proto::types::LifeDomain;

use crate::demo::calendar::ZONE;
use crate::demo::sketch::Place;
use crate::demo::stage::Halt;
use crate::demo::voice::{Voice, id, name, say};

/// A programme that takes referrals.
#[derive(Clone)]
pub struct Offer {
    pub id: String,
    pub of: Place,
    pub domain: LifeDomain,
}

/// All of them.
pub struct Offers {
    pub ips: Offer,
    pub homes: Offer,
    pub rapid: Offer,
    pub cbt: Offer,
    pub club: Offer,
    pub casework: Offer,
    /// Help with daily life, that passes people on where others know it better.
    pub skills: Offer,
    /// The same by video. What nobody answers there runs out by itself.
    pub skills_by_video: Offer,
    pub cooking: Offer,
    pub money: Offer,
    /// For households.
    pub family: Offer,
    /// Where people ask for themselves; later in another language too.
    pub workshop: Offer,
    /// Until it is no more.
    pub garden: Offer,
    /// Under 42 CFR Part 2.
    pub recovery: Offer,
}

/// What is published of one.
struct Said<'a> {
    of: Place,
    domain: LifeDomain,
    name: &'a str,
    practice: &'a str,
    receiver: refs::Receiver,
    unit_group_id: String,
    mode: refs::OfferMode,
    expires: bool,
    part2: bool,
}

/// In person, and each asks for a participation.
fn said<'a>(of: Place, domain: LifeDomain, name: &'a str, practice: &'a str) -> Said<'a> {
    Said {
        of,
        domain,
        name,
        practice,
        receiver: refs::Receiver::Participation,
        unit_group_id: String::new(),
        mode: refs::OfferMode::InPerson,
        expires: false,
        part2: false,
    }
}

impl Offers {
    /// Publishes them, each in the voice of its agency; `homes` and `rapid` are the unit groups of the two housing programmes.
    pub(super) async fn publish<'v>(
        of: impl Fn(Place) -> &'v Voice,
        homes: String,
        rapid: String,
    ) -> Result<Self, Halt> {
        use LifeDomain::{BasicLivingSkills, Employment, Family, Health, Housing, Leisure, PeerAndSocial};
        use Place::{Clinic, Club, Coordination, Homes, Shelter, Works};
        use refs::Receiver;
        let open = |said: Said<'static>| publish(of(said.of), said);
        let housed = |of, name, unit_group_id| Said {
            receiver: Receiver::Housing,
            unit_group_id,
            ..said(of, Housing, name, "supported-housing")
        };
        let ips = said(Works, Employment, "Supported employment", "ips");
        let cbt = said(Clinic, Health, "Cognitive behavioural therapy", "cbt");
        let recovery = said(Clinic, Health, "Staying well together", "relapse-prevention");
        let by_video = said(Club, BasicLivingSkills, "Daily living skills by video", "skills-training");
        Ok(Self {
            ips: open(Said { receiver: Receiver::Vocational, ..ips }).await?,
            homes: open(housed(Homes, "Supportive apartments", homes)).await?,
            rapid: open(housed(Shelter, "Rapid rehousing", rapid)).await?,
            cbt: open(Said { receiver: Receiver::Therapy, ..cbt }).await?,
            club: open(said(Club, PeerAndSocial, "Clubhouse membership", "clubhouse")).await?,
            casework: open(said(Coordination, BasicLivingSkills, "Case management", "case-management"))
                .await?,
            skills: open(said(Homes, BasicLivingSkills, "Daily living skills", "skills-training")).await?,
            skills_by_video: open(Said { mode: refs::OfferMode::Video, expires: true, ..by_video }).await?,
            cooking: open(said(Club, BasicLivingSkills, "Cooking together", "self-help")).await?,
            money: open(said(Works, BasicLivingSkills, "Money course", "psychoeducation")).await?,
            family: open(said(Club, Family, "Family evenings", "family-psychoeducation")).await?,
            workshop: open(said(Club, Leisure, "Bicycle workshop", "peer-support")).await?,
            garden: open(said(Club, Leisure, "Garden mornings", "self-help")).await?,
            recovery: open(Said { part2: true, ..recovery }).await?,
        })
    }
}

async fn publish(voice: &Voice, said: Said<'_>) -> Result<Offer, Halt> {
    let content = refs::ServiceOfferContent {
        name: said.name.to_owned(),
        practice: said.practice.to_owned(),
        life_domains: vec![said.domain.into()],
        receiver: said.receiver.into(),
        unit_group_id: said.unit_group_id,
        zero_exclusion: said.practice == "ips",
        zone: ZONE.to_owned(),
        areas: vec![refs::AreaServed { name: "Testville".to_owned(), ..Default::default() }],
        languages: vec!["en".to_owned()],
        hours: vec![office_hours()],
        modes: vec![said.mode.into()],
        expires: said.expires.then_some(true),
        part2: said.part2,
        ..Default::default()
    };
    let request =
        refs::PublishServiceOfferRequest { request_id: name(), content: Some(content), ..Default::default() };
    let id = id(say!(voice, referrals.publish_service_offer, request).await?.written);
    Ok(Offer { id, of: said.of, domain: said.domain })
}

fn office_hours() -> refs::OpenHours {
    let days = ["MO", "TU", "WE", "TH", "FR"].map(str::to_owned).into();
    refs::OpenHours { days, opens: "09:00".to_owned(), closes: "17:00".to_owned() }
}
