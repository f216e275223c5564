//! Who and what is around a person: contact points, whom to call in a crisis, warning signs, households; and who is shown them.
//! Invariant: of somebody who is not to be found nobody is shown any of it but those who serve them and the person, in whosever view they would stand.

use kernel::ids::Uuid;
use kernel::{AgencyId, Caller, PersonId};
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
    api.record(ask, person_id(person)?, command).await
}

pub(super) async fn set_contact_point(
    api: &Api,
    request: &Request<pb::SetContactPointRequest>,
) -> Result<pb::SetContactPointResponse, Status> {
    let r = request.get_ref();
    let ask = api.ask("SetContactPoint", OWN, request, (&r.request_id, &r.etag)).await?;
    let given = required("contact_point", r.contact_point.as_ref())?;
    let given = wire::contact_point("contact_point", given)?;
    let (point, what) = if r.contact_point_id.is_empty() {
        let point = api.fresh(&ask);
        (point, AroundAsk::AddContact(point, given))
    } else {
        let point: Uuid = id::<PersonId>("contact_point_id", &r.contact_point_id)?.uuid();
        (point, AroundAsk::SetContact(point, given))
    };
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

pub(super) async fn household_in_error(
    api: &Api,
    request: &Request<pb::MarkHouseholdMembershipEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let method = "MarkHouseholdMembershipEnteredInError";
    let ask = api.ask(method, WORK, request, (&r.request_id, &r.etag)).await?;
    let household = wire::household(&r.household_id)?;
    let what = AroundAsk::HouseholdInError(household, wire::replaced_by(&r.replaced_by_id, household)?);
    around(api, &ask, &r.person_id, what).await
}

impl Api {
    /// Shows what is around a person, each to who may see what its writer wrote: of what there is one of, the latest that they may see.
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
        for (contact, by) in around.crisis_contact.latest_first() {
            if eyes.see(*by).await? {
                read.crisis_contact = wire::crisis_contact_out(opener, contact);
                break;
            }
        }
        for (text, by) in around.warning_signs.latest_first() {
            if eyes.see(*by).await? {
                read.warning_signs = opener.text(text).unwrap_or_default();
                break;
            }
        }
        Ok(())
    }

    /// The households of a record that the caller may see, as they are read.
    pub(super) async fn households(
        &self,
        caller: &Caller,
        person: PersonId,
        around: &Around,
        eyes: &Eyes<'_>,
    ) -> Result<Vec<pb::PersonHousehold>, Status> {
        let seen = self.memberships(caller, person, around, eyes).await?;
        let household =
            |(membership, by, members): (Membership, Option<AgencyId>, Vec<PersonId>)| pb::PersonHousehold {
                membership: Some(wire::membership_out(&membership)),
                member_ids: members.iter().map(ToString::to_string).collect(),
                agency_id: by.map(|agency| agency.to_string()).unwrap_or_default(),
            };
        Ok(seen.into_iter().map(household).collect())
    }

    /// The memberships of a record that the caller may see, each with its writer and those other members whom the caller may know of.
    pub(super) async fn memberships(
        &self,
        caller: &Caller,
        person: PersonId,
        around: &Around,
        eyes: &Eyes<'_>,
    ) -> Result<Vec<(Membership, Option<AgencyId>, Vec<PersonId>)>, Status> {
        let mut seen = vec![];
        for ((_, by), membership) in &around.households {
            if !eyes.see(*by).await? {
                continue;
            }
            let mut members = vec![];
            for other in self.view.household(membership.household).await? {
                if other != person && self.shares(caller, other, membership).await? {
                    members.push(other);
                }
            }
            seen.push((*membership, *by, members));
        }
        Ok(seen)
    }

    /// Whether the caller is shown that this other belongs to the household: they may know of the record and of its membership, and it is not of somebody who
    /// is not to be found.
    async fn shares(&self, caller: &Caller, other: PersonId, of: &Membership) -> Result<bool, Status> {
        let now = self.desk.load::<Person>(other.uuid()).await?;
        let State::Active(known) = &*now.state else { return Ok(false) };
        let eyes = self.eyes(caller, other).await?;
        if !(eyes.find() && eyes.reach(&now).await?) {
            return Ok(false);
        }
        for (_, by) in known.around.households.keys().filter(|(household, _)| *household == of.household) {
            if eyes.see(*by).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
