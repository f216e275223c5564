//! The service's own lists: which offers and referrals there are, by the columns that lists filter on, and what is due when.
//! Invariant: of people it holds ids, codes and times alone; what a list shows of a record is folded from the log, so it is never older than the record.

mod disclosures;
mod lists;
mod offers;
mod participations;

use kernel::class::PART2;
use kernel::may::{self, Say, Why, WhyNot};
use kernel::{AgencyId, Class, Part, PersonId, Purpose, Timestamp, WorkerId};
use platform::args;
use platform::db::StoreError;
use platform::lists::Query;
use platform::page::Last;
use platform::people::People;
use platform::projection::Views;
use proto::referrals::{ReferralState as State, Side};
use tokio::time::Instant;
use tonic::Status;
use uuid::Uuid;

use crate::domain::referral::{Clock, Facts, Pace};
use crate::domain::{ParticipationId, ReferralId};

pub use disclosures::{By, Disclosure, DisclosureFilter};
pub use lists::Lists;
pub use offers::{Consents, Known, OfferFilter};
pub use participations::ParticipationFilter;

/// What the service asks of its lists and of the people's say. Clones are the same.
#[derive(Clone)]
pub struct View {
    lists: Views,
    people: People,
}

/// Whether a referral has the person's consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cover {
    /// By this directive.
    By(String),
    /// No directive covers it.
    Nothing,
    /// It cannot be told now.
    Unknown,
    /// Nor before what waits of the person, or of who is linked with them, can be applied.
    Parked,
}

/// Which referrals.
pub struct ReferralFilter {
    /// On this agency's side or sides.
    pub agency: Option<AgencyId>,
    /// Of this person.
    pub person: Option<PersonId>,
    /// Which sides.
    pub side: Side,
    /// In these states, as the contract numbers them; none means all.
    pub states: Vec<i64>,
    /// Without those that tell where the person may be found.
    pub but_homes: bool,
    /// After this row.
    pub after: Last,
    /// So many.
    pub size: usize,
}

/// Which referrals wait.
pub struct InboxFilter {
    /// For this agency.
    pub agency: AgencyId,
    /// As their target, or as their requester.
    pub side: Side,
    /// In these states, as the contract numbers them.
    pub states: Vec<i64>,
    /// With any of these clocks breached; none means whether or not.
    pub overdue: Vec<Clock>,
    /// Sent before this, in microseconds since 1970.
    pub before: Option<i64>,
    /// Of this urgency or a greater one, as the contract numbers it.
    pub priority: i64,
    /// That this worker takes care of.
    pub assignee: Option<WorkerId>,
    /// That nobody takes care of.
    pub unassigned: bool,
    /// After this row; none for the first page.
    pub after: Option<Last>,
    /// So many.
    pub size: usize,
}

impl View {
    /// Over the service's own lists and the people's say.
    pub fn new(lists: Views, people: People) -> Self {
        Self { lists, people }
    }

    /// Waits until the lists, and what people say, have seen these revisions, a little while.
    ///
    /// # Errors
    /// A text that is no revision.
    pub async fn wait(&self, at_least: &[String]) -> Result<(), Status> {
        platform::lists::wait(at_least, &[&self.lists, self.people.views()]).await
    }

    /// Whether what people say has been read up to that position of the registry's log, waiting until then.
    pub async fn hears(&self, position: u64, until: Instant) -> bool {
        self.people.views().read_to("registry", position, until).await
    }

    /// Waits until what people say, and who works where, is known as the registry's log has it now.
    ///
    /// # Errors
    /// UNAVAILABLE, reason REGISTRY_UNKNOWN: the registry cannot be asked.
    pub async fn told_all(&self) -> Result<(), Status> {
        self.people.told_all().await
    }

    /// Whether the person died, by what is told of any of the records of that human.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn died(&self, person: PersonId) -> Result<bool, Status> {
        Ok(self.people.died(person).await?)
    }

    /// The people themselves, for who asks about those who live.
    pub fn people(&self) -> &People {
        &self.people
    }

    /// Whether the lists have been read up to that position of the own log, waiting until then.
    pub async fn lists(&self, position: u64, until: Instant) -> bool {
        self.lists.read_to(crate::NAME, position, until).await
    }

    /// Open referrals of that human, under whichever record.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn open_of(&self, person: PersonId) -> Result<Vec<ReferralId>, Status> {
        let sql = format!(
            "SELECT id FROM referral WHERE person = $1 AND state IN ({}) ORDER BY at, id",
            open_states()
        );
        let mut found = vec![];
        for record in self.people.group(person, None).await? {
            for row in self.lists.db().fetch(&sql, args![record.uuid()]).await? {
                found.push(ReferralId::new(row.uuid(0)?));
            }
        }
        Ok(found)
    }

    /// Open referrals that this agency sent or received, by id, those after that one alone, at most so many.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn open_with(
        &self,
        agency: AgencyId,
        after: Option<ReferralId>,
        most: usize,
    ) -> Result<Vec<ReferralId>, Status> {
        let sql = format!(
            "SELECT id FROM referral WHERE (requester = $1 OR target = $1) AND state IN ({}) AND id > $2 ORDER BY id LIMIT {most}",
            open_states()
        );
        let after = after.map_or(Uuid::nil(), ReferralId::uuid);
        let rows = self.lists.db().fetch(&sql, args![agency.uuid(), after]).await?;
        Ok(rows.iter().map(|row| row.uuid(0).map(ReferralId::new)).collect::<Result<_, _>>()?)
    }

    /// The person's directive by which this referral may be sent then, by its id. None where none covers it, or it cannot be told now.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn consent(&self, facts: &Facts, at: Timestamp) -> Result<Option<String>, Status> {
        Ok(match self.cover(facts, at).await?.0 {
            Cover::By(directive) => Some(directive),
            Cover::Nothing | Cover::Unknown | Cover::Parked => None,
        })
    }

    /// Whether a directive of the person's covers the target, for referral, then, of what the requester tells of the person in it; and when that
    /// becomes otherwise by the clock, if nothing else is said.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn cover(&self, facts: &Facts, at: Timestamp) -> Result<(Cover, Option<Timestamp>), Status> {
        let (group, say) = self.people.group_and_say(facts.person).await?;
        let class = told_by(facts.requester, facts.part2);
        let judged = |at| covered(&say, facts.target, &class, at);
        let covers = |at| matches!(judged(at), Cover::By(_));
        let edges = std::iter::successors(say.changes_after(at), |edge| say.changes_after(*edge));
        let changes = edges.into_iter().find(|edge| covers(*edge) != covers(at));
        let cover = match judged(at) {
            Cover::Unknown if self.any_parked(&group).await? => Cover::Parked,
            cover @ (Cover::By(_) | Cover::Nothing | Cover::Unknown | Cover::Parked) => cover,
        };
        Ok((cover, changes))
    }

    async fn any_parked(&self, group: &[PersonId]) -> Result<bool, StoreError> {
        for record in group {
            if !self.people.views().parked_in(*record).await?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// At which pace clocks of referrals to that agency run, as the registry last told.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn pace(&self, agency: AgencyId) -> Result<Pace, Status> {
        let said = self.people.pace(agency).await?;
        let (usual, clocks) = (Pace::default(), said.referrals);
        let or = |days: u32, usual: u32| if days == 0 { usual } else { days };
        Ok(Pace {
            holidays: said.holidays,
            weekend: said.weekend,
            acknowledge: or(clocks.acknowledge_days, usual.acknowledge),
            answer: or(clocks.answer_days, usual.answer),
            start: or(clocks.start_days, usual.start),
            review: or(clocks.review_days, usual.review),
            expiry: or(clocks.expiry_days, usual.expiry),
            expires: clocks.expires,
        })
    }

    /// Whether all that this agency writes is under 42 CFR Part 2, as the registry last told.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn is_programme(&self, agency: Option<AgencyId>) -> Result<bool, Status> {
        match agency {
            Some(agency) => Ok(self.people.programmes().await?.contains(&agency)),
            None => Ok(false),
        }
    }

    /// Referrals, newest first, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn referrals(&self, filter: &ReferralFilter) -> Result<(Vec<Uuid>, Option<Last>), Status> {
        let mut query = Query::newest("referral", "at", &filter.after);
        if let Some(agency) = filter.agency {
            let side = match filter.side {
                Side::Received => "target = {}",
                Side::Sent => "requester = {}",
                Side::Unspecified => "(requester = {} OR target = {})",
            };
            query.only(side, agency.uuid());
            // A draft is its requester's alone.
            query.only("(state <> 1 OR requester = {})", agency.uuid());
        }
        query.only_if("person = {}", filter.person.map(PersonId::uuid));
        query.only_if("tells_where = {}", filter.but_homes.then_some(0));
        query.in_states(&filter.states);
        Ok(query.page(&self.lists, filter.size).await?)
    }

    /// Referrals that wait, the longest waiting first, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn inbox(&self, filter: &InboxFilter) -> Result<(Vec<Uuid>, Option<Last>), Status> {
        // What was never sent here stands at 0, before the first.
        let first = || Last::new(0, Uuid::max());
        let after = filter.after.clone().unwrap_or_else(first);
        let mut query = Query::oldest("referral", "requested", &after);
        let side = match filter.side {
            Side::Received | Side::Unspecified => "target = {}",
            Side::Sent => "requester = {}",
        };
        query.only(side, filter.agency.uuid());
        query.in_states(&filter.states);
        if !filter.overdue.is_empty() {
            let bits = filter.overdue.iter().fold(0, |bits, clock| bits | lists::bit(*clock));
            // Of whoever died nothing is late any more.
            query.only("died = 0 AND (overdue & {}) <> 0", bits);
        }
        query.only_if("requested < {}", filter.before);
        query.only("priority >= {}", filter.priority);
        query.only_if("assignee = {}", filter.assignee.map(WorkerId::uuid));
        query.only_if("assignee IS NULL AND {} = 1", filter.unassigned.then_some(1));
        Ok(query.page(&self.lists, filter.size).await?)
    }

    /// What is open of an agency that this worker takes care of, the oldest first by id: at most one more of each than `most`.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn assigned(
        &self,
        agency: AgencyId,
        worker: WorkerId,
        most: usize,
    ) -> Result<(Vec<ReferralId>, Vec<ParticipationId>), Status> {
        let db = self.lists.db();
        let (args, limit) = (|| args![worker.uuid(), agency.uuid()], most + 1);
        let open = open_states();
        let sql = format!(
            "SELECT id FROM referral WHERE assignee = $1 AND target = $2 AND state IN ({open}) ORDER BY id LIMIT {limit}"
        );
        let mut referrals = vec![];
        for row in db.fetch(&sql, args()).await? {
            referrals.push(ReferralId::new(row.uuid(0)?));
        }
        let sql = format!(
            "SELECT id FROM participation WHERE assignee = $1 AND agency = $2 AND {} ORDER BY id LIMIT {limit}",
            participations::OPEN
        );
        let mut participations = vec![];
        for row in db.fetch(&sql, args()).await? {
            participations.push(ParticipationId::new(row.uuid(0)?));
        }
        Ok((referrals, participations))
    }

    /// The agency that this worker works for, as the registry last told; none where nobody knows them, or they have left.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn works_for(&self, worker: WorkerId) -> Result<Option<AgencyId>, Status> {
        Ok(self.people.works_for(worker).await?)
    }
}

/// The states of an open referral, as the contract numbers them, for a statement's list.
fn open_states() -> String {
    let open = [State::Requested, State::Accepted, State::InProgress, State::OnHold];
    open.map(|state| i32::from(state).to_string()).join(", ")
}

/// Whether a directive covers that the target is told facts of this class, for referral, then: by this a referral is sent, and by this is said beforehand
/// whether it would be.
fn covered(say: &Say, target: AgencyId, class: &Class, at: Timestamp) -> Cover {
    match may::receive(target, say, class, Purpose::Referral, at) {
        Ok(Why::Consent(by)) => {
            by.first().map_or(Cover::Nothing, |directive| Cover::By(directive.to_string()))
        }
        Err(WhyNot::SayUnknown) => Cover::Unknown,
        // Nobody is sent anything by an emergency.
        Ok(Why::Own | Why::SameAgency | Why::Emergency(_) | Why::Oversight | Why::Service)
        | Err(WhyNot::NotYours | WhyNot::NoDirective | WhyNot::Restricted) => Cover::Nothing,
    }
}

/// What a referral tells of its person: what its requester wrote.
fn told_by(requester: Option<AgencyId>, part2: bool) -> Class {
    let label = if part2 { PART2.to_owned() } else { String::new() };
    let part = |agency| Part { agency, category: "referrals".to_owned(), label };
    Class::new(requester.map(part))
}
