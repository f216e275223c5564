//! Who and what is around a person: contact points, whom to call in a crisis, warning signs, households; and who is shown them.
//! Invariant: of somebody who is not to be found nobody is shown any of it but those who serve them and the person, in whosever view they would stand.

use kernel::ids::Uuid;
use kernel::{Caller, PersonId};
use platform::command::{Ask, Done};
use platform::wire::{id, required};
use proto::registry as pb;
use tonic::{Request, Status};

use super::reading::Eyes;
use super::{Api, OWN, WORK, person_id};
use crate::domain::person::{Around, AroundAsk, Command, Membership, Person, State};
use crate::wire::{self, Opener};

pub(super) async fn around(api: &Api, ask: &Ask, person: &str, what: AroundAsk) -> Result<Done, Status> {
    let command = Command::Around { by: ask.by(), ask: what };
    Ok(api.record(ask, person_id(person)?, command).await?)
}

pub(super) async fn set_contact_point(
    api: &Api,
    request: &Request<pb::SetContactPointRequest>,
) -> Result<pb::SetContactPointResponse, Status> {
    let r = request.get_ref();
    let ask = api.ask("SetContactPoint", OWN, request, (&r.request_id, &r.etag)).await?;
    let point: Uuid = match r.contact_point_id.as_str() {
        "" => api.fresh(&ask),
        text => id::<PersonId>("contact_point_id", text)?.uuid(),
    };
    let given = required("contact_point", r.contact_point.as_ref())?;
    let what = AroundAsk::SetContact(point, wire::contact_point("contact_point", given)?);
    let done = around(api, &ask, &r.person_id, what).await?;
    Ok(pb::SetContactPointResponse { written: Some(done.into()), contact_point_id: point.to_string() })
}

pub(super) async fn remove_contact_point(
    api: &Api,
    request: &Request<pb::RemoveContactPointRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("RemoveContactPoint", OWN, request, (&r.request_id, &r.etag)).await?;
    let point = id::<PersonId>("contact_point_id", &r.contact_point_id)?.uuid();
    around(api, &ask, &r.person_id, AroundAsk::RemoveContact(point)).await
}

pub(super) async fn set_crisis_contact(
    api: &Api,
    request: &Request<pb::SetCrisisContactRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("SetCrisisContact", OWN, request, (&r.request_id, &r.etag)).await?;
    let contact = wire::crisis_contact(r.contact.as_ref())?;
    around(api, &ask, &r.person_id, AroundAsk::SetCrisisContact(contact)).await
}

pub(super) async fn remove_crisis_contact(
    api: &Api,
    request: &Request<pb::RemoveCrisisContactRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("RemoveCrisisContact", OWN, request, (&r.request_id, &r.etag)).await?;
    around(api, &ask, &r.person_id, AroundAsk::RemoveCrisisContact).await
}

pub(super) async fn set_warning_signs(
    api: &Api,
    request: &Request<pb::SetWarningSignsRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("SetWarningSigns", OWN, request, (&r.request_id, &r.etag)).await?;
    let voice = wire::voice(ask.by(), r.voice)?;
    around(api, &ask, &r.person_id, AroundAsk::SetWarningSigns(voice, wire::warning_signs(&r.text)?)).await
}

pub(super) async fn remove_warning_signs(
    api: &Api,
    request: &Request<pb::RemoveWarningSignsRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("RemoveWarningSigns", OWN, request, (&r.request_id, &r.etag)).await?;
    let voice = wire::voice(ask.by(), r.voice)?;
    around(api, &ask, &r.person_id, AroundAsk::RemoveWarningSigns(voice)).await
}

pub(super) async fn join_household(
    api: &Api,
    request: &Request<pb::JoinHouseholdRequest>,
) -> Result<pb::JoinHouseholdResponse, Status> {
    let r = request.get_ref();
    let ask = api.ask("JoinHousehold", WORK, request, (&r.request_id, &r.etag)).await?;
    let membership = wire::membership(r.membership.as_ref(), api.fresh(&ask))?;
    let household_id = membership.household.to_string();
    let done = around(api, &ask, &r.person_id, AroundAsk::JoinHousehold(membership)).await?;
    Ok(pb::JoinHouseholdResponse { written: Some(done.into()), household_id })
}

pub(super) async fn leave_household(
    api: &Api,
    request: &Request<pb::LeaveHouseholdRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("LeaveHousehold", WORK, request, (&r.request_id, &r.etag)).await?;
    let (household, until) = (wire::household(&r.household_id)?, wire::left_on(r.until.as_ref())?);
    around(api, &ask, &r.person_id, AroundAsk::LeaveHousehold(household, until)).await
}

impl Api {
    /// Shows what is around a person, each to who may see what its writer wrote.
    pub(super) async fn show_around(
        &self,
        around: &Around,
        eyes: &Eyes<'_>,
        opener: &Opener,
        read: &mut pb::Person,
    ) -> Result<(), Status> {
        for (id, (point, by)) in &around.contacts {
            if eyes.see(*by).await? {
                read.contact_points.push(pb::HeldContactPoint {
                    id: id.to_string(),
                    contact_point: wire::contact_point_out(opener, point),
                    agency_id: by.map(|agency| agency.to_string()).unwrap_or_default(),
                });
            }
        }
        if let Some((contact, by)) = &around.crisis_contact
            && eyes.see(*by).await?
        {
            read.crisis_contact = wire::crisis_contact_out(opener, contact);
        }
        if let Some((text, by)) = &around.warning_signs
            && eyes.see(*by).await?
        {
            read.warning_signs = opener.text(text).unwrap_or_default();
        }
        Ok(())
    }

    /// The households of a record that the caller may see, with those of their other members whom the caller may know of.
    pub(super) async fn households(
        &self,
        caller: &Caller,
        person: PersonId,
        around: &Around,
        eyes: &Eyes<'_>,
    ) -> Result<Vec<pb::PersonHousehold>, Status> {
        let mut seen = vec![];
        for (membership, by) in around.households.values() {
            if !eyes.see(*by).await? {
                continue;
            }
            let mut member_ids = vec![];
            for other in self.view.household(membership.household).await? {
                if other != person && self.shares(caller, other, membership).await? {
                    member_ids.push(other.to_string());
                }
            }
            seen.push(pb::PersonHousehold {
                membership: Some(wire::membership_out(membership)),
                member_ids,
                agency_id: by.map(|agency| agency.to_string()).unwrap_or_default(),
            });
        }
        Ok(seen)
    }

    /// Whether the caller is shown that this other belongs to the household: they may know of the record and of its membership, and it is not of somebody who
    /// is not to be found.
    async fn shares(&self, caller: &Caller, other: PersonId, of: &Membership) -> Result<bool, Status> {
        let now = self.desk.load::<Person>(other.uuid()).await?;
        let State::Active(known) = &*now.state else { return Ok(false) };
        let Some((_, by)) = known.around.households.get(&of.household) else { return Ok(false) };
        let eyes = self.eyes(caller, other).await?;
        Ok(eyes.reach(&now).await? && eyes.see(*by).await? && self.may_name(caller, other).await?)
    }
}
