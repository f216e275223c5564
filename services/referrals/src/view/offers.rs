//! Which offers there are, by practice, agency, identifier and life domain; and how a person's consent stands to each.
//! Invariant: a statement takes what offers say; of people it asks the people's say alone.

use kernel::may::Say;
use kernel::{AgencyId, OfferId, PersonId, Timestamp};
use platform::args;
use platform::db::StoreError;
use platform::lists::Query;
use platform::page::Last;
use tonic::Status;
use uuid::Uuid;

use super::{Cover, View, covered, lists, told_by};
use crate::domain::matching::{Consent, Wish};
use crate::domain::offer::{Capacity, Content};
use crate::wire;

/// Most offers that are weighed for one wish.
const WEIGHED: usize = 20_000;

/// Which offers.
pub struct OfferFilter {
    /// Of this practice; empty for all.
    pub practice: String,
    /// Of this agency.
    pub agency: Option<AgencyId>,
    /// After this row.
    pub after: Last,
    /// So many.
    pub size: usize,
}

/// An open offer as the lists know it.
pub struct Known {
    /// Which.
    pub id: OfferId,
    /// Whose.
    pub agency: AgencyId,
    /// What it says.
    pub content: Content,
    /// How much room it has, as last reported.
    pub capacity: Option<Capacity>,
}

/// How a referral of a person by an agency would stand to the person's consent.
pub struct Consents {
    requester: Option<AgencyId>,
    /// None where nobody may ask for the person's say.
    say: Option<Say>,
    own_act: bool,
}

impl Consents {
    /// How it stands to a referral to that offer, then: as sending one would go, were it drafted now.
    pub fn of(&self, offer: &Known, at: Timestamp) -> Consent {
        if self.own_act || self.requester == Some(offer.agency) {
            return Consent::NotNeeded;
        }
        let (Some(say), Some(requester)) = (&self.say, self.requester) else { return Consent::Unknown };
        // An agency that does not serve the person learns nothing of what they say.
        if !say.serving.contains(&requester) {
            return Consent::Unknown;
        }
        let part2 = offer.content.part2 || say.programmes.contains(&requester);
        match covered(say, offer.agency, &told_by(Some(requester), part2), at) {
            Cover::By(directive) => Consent::Covers(directive),
            Cover::Nothing if part2 => Consent::NeededForPart2,
            Cover::Nothing => Consent::Needed,
            Cover::Unknown | Cover::Parked => Consent::Unknown,
        }
    }
}

impl View {
    /// The offer that the agency knows by that identifier.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn offer_identified(
        &self,
        agency: Option<AgencyId>,
        identifier: &proto::types::Identifier,
    ) -> Result<Option<Uuid>, Status> {
        let Some(agency) = agency else { return Ok(None) };
        let sql = "SELECT offer FROM offer_identifier WHERE agency = $1 AND system = $2 AND value = $3";
        let args = args![agency.uuid(), identifier.system.as_str(), identifier.value.as_str()];
        let rows = self.lists.db().fetch(sql, args).await?;
        Ok(rows.first().map(|row| row.uuid(0)).transpose()?)
    }

    /// Offers, newest first, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn offers(&self, filter: &OfferFilter) -> Result<(Vec<Uuid>, Option<Last>), Status> {
        let mut query = Query::newest("offer", "at", &filter.after);
        query.only("open = {}", true);
        if !filter.practice.is_empty() {
            query.only("practice = {}", filter.practice.as_str());
        }
        query.only_if("agency = {}", filter.agency.map(AgencyId::uuid));
        Ok(query.page(&self.lists, filter.size).await?)
    }

    /// Every open offer that serves the life domain or runs the practice looked for; none where those are too many to weigh.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn offers_for(&self, wish: &Wish) -> Result<Option<Vec<Known>>, Status> {
        let domains = lists::domain_bits(wish.life_domain.as_slice());
        let sql = format!(
            "SELECT id, agency, content, capacity FROM offer \
             WHERE open = 1 AND ((domains & $1) <> 0 OR practice = $2) LIMIT {}",
            WEIGHED + 1
        );
        let rows = self.lists.db().fetch(&sql, args![domains, wish.practice.as_str()]).await?;
        if rows.len() > WEIGHED {
            return Ok(None);
        }
        let mut offers = Vec::with_capacity(rows.len());
        for row in &rows {
            let id = OfferId::new(row.uuid(0)?);
            let (content, capacity) = wire::offer_from_bytes(&row.bytes(2)?, row.opt_bytes(3)?.as_deref())
                .ok_or_else(|| StoreError::Unusable(format!("the content of offer {id} is damaged")))?;
            offers.push(Known { id, agency: AgencyId::new(row.uuid(1)?), content, capacity });
        }
        Ok(Some(offers))
    }

    /// How a person's consent would stand to a referral: by an agency, or by the person where none is named.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn consents(
        &self,
        requester: Option<AgencyId>,
        person: Option<PersonId>,
        own_act: bool,
    ) -> Result<Consents, Status> {
        let say = match person.filter(|_| !own_act) {
            Some(person) => Some(self.people.say(person).await?),
            None => None,
        };
        Ok(Consents { requester, say, own_act })
    }
}
