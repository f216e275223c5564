//! Which offers fit what a person needs.
//! Invariant: a read: it writes nothing and asks no other service; of what the person says only consent is looked up, in the own view, and what is
//! looked for is forgotten with the reply.

use kernel::{OfferId, Role, SignedDuration, Timestamp};
use platform::auth;
use platform::error::{self, BadField};
use platform::wire::page_size;
use prost::Message;
use proto::referrals as pb;
use tonic::{Request, Status};
use uuid::Uuid;

use super::Api;
use crate::domain::matching::{Fit, weigh};
use crate::domain::offer::Offer;
use crate::wire;

/// Who may look for offers.
const MATCH: &[Role] = &[Role::Worker, Role::Person, Role::Operator];

/// How long the pages of a list go on being judged at the instant of its first: past that what was fresh may be stale.
const LIST_LASTS: SignedDuration = SignedDuration::from_mins(15);

/// A place in a list of matches: the last of the page before, and the instant at which all pages are judged.
#[derive(Clone, PartialEq, Message)]
struct Place {
    #[prost(sint64, tag = "1")]
    judged_at: i64,
    #[prost(bool, tag = "2")]
    excludes: bool,
    #[prost(sint32, tag = "3")]
    total: i32,
    #[prost(bytes = "vec", tag = "4")]
    offer: Vec<u8>,
}

/// The order of a list: what excludes the person last, then the higher total, then the id.
type Rank = (bool, i32, Uuid);

fn rank(offer: OfferId, fit: &Fit) -> Rank {
    (fit.excludes(), -fit.total(), offer.uuid())
}

/// Where a page goes on, and the instant at which its list is judged.
fn begins(now: Timestamp, place: Option<&Place>) -> Result<(Timestamp, Option<Rank>), BadField> {
    let Some(place) = place else { return Ok((now, None)) };
    let bad = |why: &str| BadField::new("page_token", why);
    let judged = Timestamp::from_microsecond(place.judged_at).map_err(|_| bad("is damaged"))?;
    if judged.duration_until(now) > LIST_LASTS {
        return Err(bad(
            "is older than 15 minutes, and so is what it says of room; begin with the first page",
        ));
    }
    let offer = Uuid::from_slice(&place.offer).map_err(|_| bad("is damaged"))?;
    Ok((judged, Some((place.excludes, -place.total, offer))))
}

pub(super) async fn matches(
    api: &Api,
    request: &Request<pb::MatchOffersRequest>,
) -> Result<pb::MatchOffersResponse, Status> {
    let caller = auth::admit(request, MATCH)?;
    let r = request.get_ref();
    let wire::Asked { person, wish } = wire::asked(r)?;
    let own_act = caller.role == Role::Person;
    if own_act && person.is_some_and(|person| caller.person() != Some(person)) {
        return Err(error::bad_field("person_id", "is somebody else; a person asks for themself alone"));
    }
    let size = page_size(r.page_size)?;
    // A token fits the same wish of the same caller alone.
    let asked =
        pb::MatchOffersRequest { page_size: 0, page_token: String::new(), at_least: vec![], ..r.clone() };
    let digest = api.desk.secret().hash("match-offers", &asked.encode_to_vec());
    let list = format!("MatchOffers/{:?}/{digest:?}", caller.by());
    let place: Option<Place> = api.pages.place(&list, &r.page_token)?;
    let now = api.desk.clock().now();
    let (judged, after) = begins(now, place.as_ref())?;
    api.view.wait(&r.at_least).await?;
    let offers = api.view.offers_for(&wish).await?.ok_or_else(|| {
        error::bad_field("life_domain", "is served by more offers than can be ranked; name a practice alone")
    })?;
    let consents = api.view.consents(caller.speaks_for(), person, own_act).await?;
    let mut ranked: Vec<(Rank, Fit)> = vec![];
    for offer in &offers {
        let consent = consents.of(offer, judged);
        let fit = weigh(&wish, &offer.content, offer.capacity.as_ref(), consent, judged);
        ranked.extend(fit.map(|fit| (rank(offer.id, &fit), fit)));
    }
    ranked.retain(|(rank, _)| after.is_none_or(|after| *rank > after));
    ranked.sort_unstable_by_key(|(rank, _)| *rank);
    let more = ranked.len() > size;
    ranked.truncate(size);
    let next_page_token = match ranked.last() {
        Some(((excludes, negative, offer), _)) if more => {
            let (judged_at, total) = (judged.as_microsecond(), -negative);
            let offer = offer.as_bytes().to_vec();
            api.pages.token(&list, &Place { judged_at, excludes: *excludes, total, offer })
        }
        Some(_) | None => String::new(),
    };
    let mut matches = Vec::with_capacity(ranked.len());
    for ((_, _, offer), fit) in &ranked {
        let state = api.desk.load::<Offer>(*offer).await?;
        // How much room is shown is judged now: a page that was long in coming shows nothing stale as free.
        let offer = wire::offer(OfferId::new(*offer), state.version, &state, &caller, now);
        matches.extend(offer.filter(|offer| !offer.withdrawn).map(|offer| wire::matched(offer, fit)));
    }
    Ok(pb::MatchOffersResponse { matches, next_page_token })
}
