//! Who speaks for a person: written down, ended, shown, and what holds of signatures when a directive is given.
//! Invariant: the rule for minors is read from the agencies' log and the birth date from the person's records, never from a list; linked records are one
//! human's, whoever speaks for them by any.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{AgencyId, By, PersonId, Role, Timestamp};
use platform::command::{Ask, Done};
use platform::keys::KeyState;
use proto::registry as pb;
use tonic::{Request, Status};

use super::around::around;
use super::reading::Eyes;
use super::{Api, WORK};
use crate::domain::agency::{self, Agency, Minors};
use crate::domain::consent::Signing;
use crate::domain::person::{AroundAsk, Known, Matter, Person};
use crate::wire::{self, Opener};

/// Who sees what stands behind it, and says so: a worker alone.
const VOUCH: &[Role] = &[Role::Worker];

pub(super) async fn add(
    api: &Api,
    request: &Request<pb::AddRepresentativeRequest>,
) -> Result<pb::AddRepresentativeResponse, Status> {
    let r = request.get_ref();
    let ask = api.ask("AddRepresentative", VOUCH, request, (&r.request_id, &r.etag)).await?;
    let (id, added) = (api.fresh(&ask), wire::representative(r.representative.as_ref())?);
    let done = around(api, &ask, &r.person_id, AroundAsk::AddRepresentative(id, added)).await?;
    Ok(pb::AddRepresentativeResponse { written: Some(done.into()), representative_id: id.to_string() })
}

pub(super) async fn end(api: &Api, request: &Request<pb::EndRepresentativeRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("EndRepresentative", VOUCH, request, (&r.request_id, &r.etag)).await?;
    let id = wire::representative_id("representative_id", &r.representative_id)?;
    let what = AroundAsk::EndRepresentative(id, wire::representative_end(r.until.as_ref())?);
    around(api, &ask, &r.person_id, what).await
}

pub(super) async fn in_error(
    api: &Api,
    request: &Request<pb::MarkRepresentativeEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("MarkRepresentativeEnteredInError", WORK, request, (&r.request_id, &r.etag)).await?;
    let id = wire::representative_id("representative_id", &r.representative_id)?;
    let what = AroundAsk::RepresentativeInError(id, wire::replaced_by(&r.replaced_by_id, id)?);
    around(api, &ask, &r.person_id, what).await
}

/// The rules for minors that a directive must keep, and what opens the birth dates that they ask for.
pub(super) struct Signatures {
    rules: Vec<Minors>,
    openers: BTreeMap<PersonId, Opener>,
    /// The records that are linked with the one that the directive stands on.
    pub linked: Vec<PersonId>,
}

impl Signatures {
    /// What holds of signatures then, by the person's records, which are one human's: whoever is a minor by any of them is one, under the strictest of the
    /// rules, and whoever speaks for them by one speaks for them.
    pub fn of<'a>(&self, records: impl IntoIterator<Item = &'a Known>, at: Timestamp) -> Signing {
        let (mut minor, mut speakers) = (None, BTreeSet::new());
        for known in records {
            let born = known.details.as_ref().zip(self.openers.get(&known.id));
            if let Some(born) = born.and_then(|(details, opener)| wire::born(opener, details)) {
                minor = minor.max(self.rules.iter().filter_map(|minors| minors.rule(born, at)).max());
            }
            for (id, (held, _)) in &known.around.representatives {
                let speaks = |minors: &Minors| held.speaks_on(Matter::Consents, minors.zone.day_of(at));
                if self.rules.iter().all(speaks) {
                    speakers.insert(*id);
                }
            }
        }
        Signing { minor, speakers }
    }
}

impl Api {
    /// By whose rules for minors the caller gives a directive of this person: their agency's, and of the person's own login those of all who serve them.
    pub(super) async fn signatures(&self, ask: &Ask, person: PersonId) -> Result<Signatures, Status> {
        let records = self.one_human(person).await?;
        let in_use = || records.iter().filter_map(|(_, now)| now.in_use());
        let agencies: BTreeSet<AgencyId> = match ask.by() {
            By::Agency(agency) => [agency].into(),
            By::Person(_) | By::System => in_use().flat_map(|known| &known.serving).copied().collect(),
        };
        let mut rules = vec![];
        for agency in agencies {
            let now = self.desk.load::<Agency>(agency.uuid()).await?;
            rules.push(match &*now.state {
                agency::State::Known { content, .. } => content.minors(),
                agency::State::Unmade => Minors::default(),
            });
        }
        if rules.is_empty() {
            rules.push(Minors::default());
        }
        let mut openers = BTreeMap::new();
        for known in in_use() {
            if let KeyState::Open(key) = self.desk.keys().of(known.id).await? {
                openers.insert(known.id, Opener::new(key));
            }
        }
        let linked = records.iter().map(|(record, _)| *record).filter(|record| *record != person).collect();
        Ok(Signatures { rules, openers, linked })
    }

    /// Shows who speaks for a person by any of these records, to who may see what the agency that added them wrote.
    pub(super) async fn show_representatives(
        &self,
        records: impl IntoIterator<Item = PersonId>,
        eyes: &Eyes<'_>,
        read: &mut pb::Person,
    ) -> Result<(), Status> {
        for record in records {
            let now = self.desk.load::<Person>(record.uuid()).await?;
            let Some(known) = now.in_use().filter(|known| !known.around.representatives.is_empty()) else {
                continue;
            };
            let Some(opener) = self.opener(record).await.0 else { continue };
            for (id, (held, by)) in &known.around.representatives {
                if eyes.see(Some(*by)).await? {
                    read.representatives.push(pb::HeldRepresentative {
                        id: id.to_string(),
                        representative: wire::representative_out(&opener, held, eyes.wrote_or_all(&[*by])),
                        agency_id: by.to_string(),
                        person_id: record.to_string(),
                    });
                }
            }
        }
        Ok(())
    }
}
