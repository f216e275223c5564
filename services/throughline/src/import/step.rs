//! One fact to send: a command of the public contract, what it needs to know first, and what it counts for.
//! Invariant: a step names the records it is about by their keys in the export; their ids are known once they are sent.

use std::collections::HashMap;

use jiff::civil::Date;
use proto::{housing, referrals, registry, types, vocational};
use uuid::Uuid;

use super::rejects::At;

/// When a step is sent: all of one stage before any of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Agencies.
    Agencies,
    /// Workers and unit groups.
    Groups,
    /// Offers and capacities.
    Offers,
    /// People.
    People,
    /// Placements and participations.
    Stays,
    /// What happened during them.
    Facts,
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Self; 6] =
        [Self::Agencies, Self::Groups, Self::Offers, Self::People, Self::Stays, Self::Facts];
}

/// A record of the export by its key there; the id is the server's to give.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Named {
    /// An organisation.
    Agency(String),
    /// A user, as worker of an organisation.
    Worker(String, String),
    /// A project that lodges.
    Group(String),
    /// A project.
    Offer(String),
    /// A client.
    Person(String),
    /// An enrolment.
    Stay(String),
    /// A service given without a stay that could hold it, by its event.
    Moment(String),
}

/// What a step is about.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// The client.
    pub person: Option<String>,
    /// The project whose group or offer it is about.
    pub project: Option<String>,
    /// The enrolment.
    pub stay: Option<String>,
    /// The event that the contact's own participation is named by.
    pub moment: Option<String>,
    /// The user who met the person.
    pub user: Option<String>,
    /// The other organisations that serve the person.
    pub serving: Vec<String>,
}

/// What to send. Ids in it are empty until they are known.
#[derive(Clone, Debug)]
pub enum Ask {
    /// An agency.
    Agency(registry::RecordAgencyRequest),
    /// A worker of it.
    Worker(registry::RecordWorkerRequest),
    /// A group of units.
    Group(housing::RecordUnitGroupRequest),
    /// How much of it is meant for whom.
    Capacity(housing::RecordCapacityRequest),
    /// An offer.
    Offer(Box<referrals::RecordServiceOfferRequest>),
    /// A person.
    Person(Box<registry::RecordPersonRequest>),
    /// A placement.
    Placement(Box<housing::RecordPlacementRequest>),
    /// A participation.
    Participation(Box<referrals::RecordParticipationRequest>),
    /// The bed nights of a month.
    Nights(housing::RecordNightsRequest),
    /// Where somebody stays.
    Living(Box<housing::RecordLivingSituationRequest>),
    /// A contact.
    Contact(Box<referrals::RecordParticipationContactRequest>),
    /// A referral.
    Referral(Box<referrals::RecordReferralRequest>),
    /// Whether somebody is in work.
    Employment(vocational::RecordEmploymentStatusRequest),
    /// A measure.
    Measure(registry::RecordMeasureRequest),
    /// What the source has deleted.
    Withdrawal(Withdrawal),
}

impl Ask {
    /// Which service takes it, and the source of what it tells.
    pub fn fact(&self) -> (&'static str, types::Source) {
        let (service, source) = match self {
            Self::Agency(r) => ("registry", &r.source),
            Self::Worker(r) => ("registry", &r.source),
            Self::Person(r) => ("registry", &r.source),
            Self::Measure(r) => ("registry", &r.source),
            Self::Group(r) => ("housing", &r.source),
            Self::Capacity(r) => ("housing", &r.source),
            Self::Placement(r) => ("housing", &r.source),
            Self::Nights(r) => ("housing", &r.source),
            Self::Living(r) => ("housing", &r.source),
            Self::Offer(r) => ("referrals", &r.source),
            Self::Participation(r) => ("referrals", &r.source),
            Self::Contact(r) => ("referrals", &r.source),
            Self::Referral(r) => ("referrals", &r.source),
            Self::Employment(r) => ("vocational", &r.source),
            Self::Withdrawal(withdrawal) => return (withdrawal.kind.service(), withdrawal.source.clone()),
        };
        // The planner makes no command without one.
        (service, source.clone().unwrap_or_default())
    }
}

/// The id of the request that tells a fact by these rows: another row, or another run, is another request.
pub fn request_id(nonce: Uuid, source: &types::Source, rows: &[Uuid]) -> String {
    let rows: Vec<_> = rows.iter().map(Uuid::to_string).collect();
    let name = format!("{}\n{}\n{}\n{}", source.system, source.table, source.key, rows.join("\n"));
    Uuid::new_v5(&nonce, name.as_bytes()).to_string()
}

/// A fact that the source has deleted, named as it was recorded.
#[derive(Clone, Debug)]
pub struct Withdrawal {
    /// Which kind of record.
    pub kind: Withdrawn,
    /// The fact.
    pub source: types::Source,
    /// Names the attempt.
    pub request_id: String,
    /// The unit group of a capacity.
    pub group: String,
}

/// The kinds of record that can be withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawn {
    /// An offer.
    Offer,
    /// A unit group.
    Group,
    /// A capacity.
    Capacity,
    /// A person.
    Person,
    /// A placement.
    Placement,
    /// A participation.
    Participation,
    /// A living situation.
    Living,
    /// A referral.
    Referral,
    /// An employment status report.
    Employment,
    /// A measure.
    Measure,
}

impl Withdrawn {
    /// The service that keeps it.
    pub const fn service(self) -> &'static str {
        match self {
            Self::Person | Self::Measure => "registry",
            Self::Group | Self::Capacity | Self::Placement | Self::Living => "housing",
            Self::Offer | Self::Participation | Self::Referral => "referrals",
            Self::Employment => "vocational",
        }
    }
}

/// One fact to send.
#[derive(Clone, Debug)]
pub struct Step {
    /// When.
    pub stage: Stage,
    /// Steps of one lane write to one stream: one after the other.
    pub lane: String,
    /// The rows it comes from, by file and place.
    pub rows: Vec<(String, At)>,
    /// The organisation that speaks; none for the export itself.
    pub agency: Option<String>,
    /// The agency that speaks in its place: one that has told the fact before.
    pub told_by: Option<Uuid>,
    /// What it is about.
    pub about: About,
    /// What the id that comes back is the id of.
    pub gives: Option<Named>,
    /// The command.
    pub ask: Ask,
    /// What it counts for once it is accepted.
    pub counts: Vec<&'static str>,
    /// The nights of the person it tells, by the client's key.
    pub nights: Option<(String, Vec<Date>)>,
}

/// The ids that came back so far.
#[derive(Debug, Default)]
pub struct Ids(HashMap<Named, String>);

impl Ids {
    /// This record has this id.
    pub fn learn(&mut self, named: Named, id: String) {
        self.0.insert(named, id);
    }

    /// The id of a record.
    pub fn of(&self, named: &Named) -> Option<&str> {
        self.0.get(named).map(String::as_str)
    }

    fn need(&self, named: Named) -> Result<String, &'static str> {
        let missing = match &named {
            Named::Agency(_) => "its organization was not taken",
            Named::Worker(..) => "its user was not taken",
            Named::Group(_) | Named::Offer(_) => "its project was not taken",
            Named::Person(_) => "its client was not taken",
            Named::Stay(_) => "its enrollment was not taken",
            Named::Moment(_) => "its participation was not taken",
        };
        self.of(&named).map(str::to_owned).ok_or(missing)
    }
}

impl Step {
    /// The agency that speaks, by id.
    ///
    /// # Errors
    /// It was not taken.
    pub fn speaker(&self, ids: &Ids) -> Result<Option<Uuid>, &'static str> {
        if self.told_by.is_some() {
            return Ok(self.told_by);
        }
        let Some(agency) = &self.agency else { return Ok(None) };
        let id = ids.need(Named::Agency(agency.clone()))?;
        Ok(Uuid::try_parse(&id).ok())
    }

    /// The command with the ids it needs.
    ///
    /// # Errors
    /// Why one of them is not known.
    pub fn filled(&self, ids: &Ids) -> Result<Ask, &'static str> {
        let mut ask = self.ask.clone();
        let about = &self.about;
        let of = |key: &Option<String>, named: fn(String) -> Named| match key {
            Some(key) => ids.need(named(key.clone())),
            None => Ok(String::new()),
        };
        let person = || of(&about.person, Named::Person);
        let stay = || of(&about.stay, Named::Stay);
        let group = || of(&about.project, Named::Group);
        let workers = || -> Vec<String> {
            let both = self.agency.clone().zip(about.user.clone());
            let worker = both.and_then(|(agency, user)| ids.of(&Named::Worker(user, agency)));
            worker.map(str::to_owned).into_iter().collect()
        };
        match &mut ask {
            Ask::Agency(_) | Ask::Group(_) => {}
            Ask::Withdrawal(withdrawal) => withdrawal.group = group()?,
            Ask::Worker(r) => r.agency_id = of(&self.agency, Named::Agency)?,
            Ask::Capacity(r) => r.unit_group_id = group()?,
            Ask::Offer(r) => {
                if let (Some(_), Some(content)) = (&about.project, &mut r.content) {
                    content.unit_group_id = group()?;
                }
            }
            Ask::Person(r) => {
                let speaker = self.speaker(ids)?.map(|agency| agency.to_string());
                // Where another speaks than the one of the first enrolment, that one serves too.
                let serving = about.serving.iter().chain(&self.agency);
                let serving = serving.map(|key| ids.need(Named::Agency(key.clone())));
                r.serving_agency_ids = serving.collect::<Result<_, _>>()?;
                r.serving_agency_ids.retain(|agency| speaker.as_ref() != Some(agency));
            }
            Ask::Placement(r) => (r.person_id, r.unit_group_id) = (person()?, group()?),
            Ask::Participation(r) => {
                (r.person_id, r.offer_id) = (person()?, of(&about.project, Named::Offer)?);
            }
            Ask::Nights(r) => r.placement_id = stay()?,
            Ask::Living(r) => {
                r.person_id = person()?;
                r.record = format!("{}{}", r.record, stay()?);
                if let Some(contact) = &mut r.contact {
                    contact.worker_ids = workers();
                }
            }
            Ask::Contact(r) => {
                r.participation_id = match &about.moment {
                    Some(event) => ids.need(Named::Moment(event.clone()))?,
                    None => stay()?,
                };
                if let Some(contact) = &mut r.contact {
                    contact.worker_ids = workers();
                }
            }
            Ask::Referral(r) => {
                (r.person_id, r.offer_id) = (person()?, of(&about.project, Named::Offer)?);
            }
            Ask::Employment(r) => r.person_id = person()?,
            Ask::Measure(r) => r.person_id = person()?,
        }
        Ok(ask)
    }
}
