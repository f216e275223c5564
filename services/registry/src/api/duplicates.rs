//! The queue of records that may be of one human, and saying that two are not.
//! Invariant: nothing links itself. Names are opened to compare them, in memory, and only of pairs whose records the caller sees both; what the two are
//! compared by beside is what the caller is shown of each.

use std::collections::BTreeSet;

use kernel::{Caller, PersonId};
use platform::auth;
use platform::command::Done;
use platform::wire::page_size;
use proto::registry as pb;
use proto::types::FieldStatus;
use tonic::{Request, Status};

use super::{Api, WORK, people};
use crate::alike::{self, Reason};
use crate::domain::person::{Person, State, never_link as never_linked};
use crate::view::{Pair, Place};
use crate::wire;

/// For one page so many times its size pairs are looked at: those that turn out not to be alike, or not to be the caller's to see, must not make a call endless.
const LOOKS: usize = 5;

pub(super) async fn never_link(
    api: &Api,
    request: &Request<pb::NeverLinkPersonsRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("NeverLinkPersons", WORK, request, (&r.request_id, &r.etag)).await?;
    let two = (("one_id", &*r.one_id), ("other_id", &*r.other_id));
    people::both(api, &ask, two, never_linked).await
}

pub(super) async fn list(
    api: &Api,
    request: &Request<pb::ListDuplicateCandidatesRequest>,
) -> Result<pb::ListDuplicateCandidatesResponse, Status> {
    let caller = auth::caller(request)?;
    auth::require_role(&caller, WORK)?;
    let r = request.get_ref();
    let list = format!("ListDuplicateCandidates/{:?}", caller.speaks_for());
    let size = page_size(r.page_size)?;
    let mut after: Option<Place> = api.pages.place(&list, &r.page_token)?;
    api.view.wait(&r.at_least).await?;
    // Pairs that turn out not to be alike once their names are read are on no page.
    let mut found: Vec<(Pair, pb::DuplicateCandidate)> = vec![];
    let mut left = LOOKS * size;
    loop {
        let limit = left.min(size);
        let mut pairs = api.view.pairs(caller.speaks_for(), after.as_ref(), limit + 1).await?;
        let follows = pairs.len() > limit;
        pairs.truncate(limit);
        left -= pairs.len();
        let people: Vec<PersonId> = pairs.iter().flat_map(|pair| [pair.low, pair.high]).collect();
        // One look for all the keys; a failure shows pair by pair.
        let _warmed = api.desk.keys().of_all(&people).await;
        for pair in &pairs {
            found.extend(api.candidate(&caller, *pair).await?.map(|candidate| (*pair, candidate)));
        }
        after = pairs.last().filter(|_| follows).map(Pair::place);
        if after.is_none() || found.len() > size || left == 0 {
            break;
        }
    }
    if found.len() > size {
        found.truncate(size);
        after = found.last().map(|(pair, _)| pair.place());
    }
    let next = after.map(|place| api.pages.token(&list, &place));
    let mut candidates: Vec<_> = found.into_iter().map(|(_, candidate)| candidate).collect();
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.score));
    Ok(pb::ListDuplicateCandidatesResponse { candidates, next_page_token: next.unwrap_or_default() })
}

impl Api {
    /// The pair as the caller sees it; none where it is decided on by way of others, is not alike enough, or is not the caller's to see or read now.
    async fn candidate(&self, caller: &Caller, pair: Pair) -> Result<Option<pb::DuplicateCandidate>, Status> {
        let mut faces = vec![];
        for record in [pair.low, pair.high] {
            let now = self.desk.load::<Person>(record.uuid()).await?;
            let State::Active(known) = &*now.state else { return Ok(None) };
            let (Some(opener), FieldStatus::Open) = self.opener(record).await else { return Ok(None) };
            let Some(mut face) = wire::face(&opener, known) else { return Ok(None) };
            let eyes = self.eyes(caller, record).await?;
            if !eyes.reach(&now).await? {
                return Ok(None);
            }
            if self.may_name(caller, record).await? {
                for (membership, _, members) in self.memberships(caller, record, &known.around, &eyes).await?
                {
                    face.households.insert(membership.household);
                    face.members.extend(members);
                }
            }
            faces.push(face);
        }
        let [one, other] = faces.as_slice() else { return Ok(None) };
        let reasons = alike::compare(one, other);
        let score = alike::score(&reasons);
        if score < alike::WORTH_A_LOOK || self.decided(pair).await? {
            return Ok(None);
        }
        let one = self.read_person(caller, pair.low).await?;
        let (Some(one), Some(other)) = (one, self.read_person(caller, pair.high).await?) else {
            return Ok(None);
        };
        let reason =
            |reason: &Reason| pb::LikenessReason { kind: wire::likeness(*reason), weight: reason.weight() };
        let reasons = reasons.iter().map(reason).collect();
        Ok(Some(pb::DuplicateCandidate { one: Some(one), other: Some(other), score, reasons }))
    }

    /// Whether it follows from what was decided on others that the two are one human, or that they are not.
    async fn decided(&self, pair: Pair) -> Result<bool, Status> {
        let one = self.view.people().group(pair.low, None).await?;
        let other: BTreeSet<PersonId> =
            self.view.people().group(pair.high, None).await?.into_iter().collect();
        for record in one {
            let now = self.desk.load::<Person>(record.uuid()).await?;
            let never = now.known().is_some_and(|known| !known.never.is_disjoint(&other));
            if never || other.contains(&record) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
