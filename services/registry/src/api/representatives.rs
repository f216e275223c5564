//! Who speaks for a person: written down, ended, shown, and what holds of signatures when a directive is given.
//! Invariant: the rule for minors is read from the agencies' log and the birth date from the person's record, never from a list.

use kernel::{By, PersonId, Role, Timestamp};
use platform::command::{Ask, Done};
use platform::keys::KeyState;
use proto::registry as pb;
use tonic::{Request, Status};

use super::Api;
use super::around::around;
use super::reading::Eyes;
use crate::domain::agency::{self, Agency, Minors};
use crate::domain::consent::Signing;
use crate::domain::person::{Around, AroundAsk, Known, Matter, Person};
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

/// The rules for minors that a directive must keep, and what opens the birth date that they ask for.
pub(super) struct Signatures {
    rules: Vec<Minors>,
    opener: Option<Opener>,
}

impl Signatures {
    /// What holds of signatures then, by the person's record; the strictest rule, where there are several.
    pub fn of(&self, known: &Known, at: Timestamp) -> Signing {
        let born = known.details.as_ref().zip(self.opener.as_ref());
        let born = born.and_then(|(details, opener)| wire::born(opener, details));
        let minor = self.rules.iter().filter_map(|minors| minors.rule(born?, at)).max();
        let speaks = |minors: &Minors, id| {
            let (held, _) = &known.around.representatives[id];
            held.speaks_on(Matter::Consents, minors.zone.day_of(at))
        };
        let all = known.around.representatives.keys();
        let speakers = all.filter(|id| self.rules.iter().all(|minors| speaks(minors, id))).copied();
        Signing { minor, speakers: speakers.collect() }
    }
}

impl Api {
    /// By whose rules for minors the caller gives a directive of this person: their agency's, and of the person's own login those of all who serve them.
    pub(super) async fn signatures(&self, ask: &Ask, person: PersonId) -> Result<Signatures, Status> {
        let agencies = match ask.by() {
            By::Agency(agency) => vec![agency],
            By::Person(_) | By::System => {
                let now = self.desk.load::<Person>(person.uuid()).await?;
                now.known().map(|known| known.serving.iter().copied().collect()).unwrap_or_default()
            }
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
        let opener = match self.desk.keys().of(person).await? {
            KeyState::Open(key) => Some(Opener::new(key)),
            KeyState::Erased | KeyState::Unknown => None,
        };
        Ok(Signatures { rules, opener })
    }

    /// Shows who speaks for a person, to who may see what the agency that added them wrote.
    pub(super) async fn show_representatives(
        &self,
        around: &Around,
        eyes: &Eyes<'_>,
        opener: &Opener,
        read: &mut pb::Person,
    ) -> Result<(), Status> {
        for (id, (held, by)) in &around.representatives {
            if eyes.see(Some(*by)).await? {
                read.representatives.push(pb::HeldRepresentative {
                    id: id.to_string(),
                    representative: wire::representative_out(opener, held, eyes.wrote_or_all(&[*by])),
                    agency_id: by.to_string(),
                });
            }
        }
        Ok(())
    }
}
