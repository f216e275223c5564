//! What agencies told each other of a person, and what the told may do with it.
//! Invariant: who was told is no party to the list: it is the person's, the teller's, and theirs who oversee; of whoever is not to be found these read nothing
//! of what was told to a home, nor of an emergency, for to whom tells where the person is.

use kernel::class::CATEGORIES;
use kernel::{AgencyId, Caller, Role};
use platform::auth;
use platform::command::from_private;
use platform::error;
use platform::wire::{optional_id, page_size, to_instant};
use proto::referrals as pb;
use tonic::{Request, Status};

use super::{Api, READ};
use crate::domain::referral::{OWN_ACT, State};
use crate::view::{By, Disclosure, DisclosureFilter};

/// What goes with every disclosure under 42 CFR Part 2 to whom it is made (42 CFR 2.32 asks for such a notice; the words are ours).
const PART2_NOTICE: &str = "A programme under 42 CFR Part 2 told you this with the person's consent: tell nobody of it in turn, unless the person \
     consents in writing to that too or 42 CFR Part 2 allows it (notice under 42 CFR 2.32).";

/// What a referral tells is told in.
const CATEGORY: &str = "referrals";

/// Puts the notice onto a referral that a target reads and another agency told it under Part 2.
pub(super) fn notice(caller: &Caller, state: &State, out: &mut pb::Referral) {
    let State::Made { facts, beside, .. } = state else { return };
    let told = caller.speaks_for() == Some(facts.target)
        && facts.requester.is_some_and(|requester| requester != facts.target);
    if told && facts.part2 {
        out.part2_notice = PART2_NOTICE.to_owned();
        out.part2_directive_id =
            beside.directive.clone().or(beside.consent_lapsed.clone()).unwrap_or_default();
    }
}

pub(super) async fn list(
    api: &Api,
    request: &Request<pb::ListDisclosuresRequest>,
) -> Result<pb::ListDisclosuresResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let r = request.get_ref();
    let discloser: Option<AgencyId> = caller.lists_for();
    let named = optional_id("person_id", &r.person_id)?;
    let person = match discloser {
        Some(_) => named,
        None => caller.person().or(named),
    };
    if discloser.is_none() && person.is_none() {
        let why = "is missing; whoever speaks for no agency lists what was told of one person";
        return Err(error::bad_field("person_id", why));
    }
    let list = format!("ListDisclosures/{discloser:?}/{person:?}");
    let after = api.pages.after(&list, &r.page_token)?;
    let size = page_size(r.page_size)?;
    api.view.wait(&r.at_least).await?;
    let but_where = match person {
        Some(person) => !api.view.people().may_find(&caller, person).await?,
        None => false,
    };
    let filter = DisclosureFilter { discloser, person, but_where, after, size };
    let (found, next) = api.view.disclosures(&filter).await?;
    let mut disclosures = Vec::with_capacity(found.len());
    for made in found {
        disclosures.push(disclosure(api, &caller, made).await?);
    }
    Ok(pb::ListDisclosuresResponse { disclosures, next_page_token: api.pages.next(&list, next) })
}

/// A disclosure as that reader sees it.
async fn disclosure(api: &Api, caller: &Caller, made: Disclosure) -> Result<pb::Disclosure, Status> {
    let out = pb::Disclosure {
        person_id: made.person.to_string(),
        discloser_agency_id: made.discloser.to_string(),
        disclosed_at: Some(to_instant(made.at)),
        ..Default::default()
    };
    match made.by {
        By::Referral { referral, recipient, means, consent, approver, part2 } => {
            let (ground, directive_id) = match consent.as_str() {
                "" => (pb::DisclosureGround::Override, String::new()),
                OWN_ACT => (pb::DisclosureGround::OwnAct, String::new()),
                directive => (pb::DisclosureGround::Directive, directive.to_owned()),
            };
            Ok(pb::Disclosure {
                referral_id: referral.to_string(),
                recipient_agency_id: recipient.to_string(),
                categories: vec![CATEGORY.to_owned()],
                part2,
                ground: ground.into(),
                directive_id,
                means,
                override_approver_id: if ground == pb::DisclosureGround::Override {
                    approver
                } else {
                    String::new()
                },
                part2_notice: if part2 { PART2_NOTICE.to_owned() } else { String::new() },
                ..out
            })
        }
        By::Emergency { told, until, in_error } => {
            let part2 = api.view.is_programme(Some(made.discloser)).await?;
            let notice = if part2 { kernel::emergency::PART2_NOTICE } else { "" };
            // A 42 CFR Part 2 programme alone has to document it, of its own records (42 CFR 2.51(c)); any other agency that serves the person need not know
            // of what, and the person and who oversees may.
            let needed = part2 || !matches!(caller.role, Role::Worker | Role::Recorder);
            let nature = from_private(told.nature.as_ref()).filter(|_| needed);
            let (nature, nature_status) = api.desk.keys().field(nature.as_ref()).await;
            Ok(pb::Disclosure {
                recipient_agency_id: told.agency_id,
                categories: CATEGORIES.map(str::to_owned).into(),
                part2,
                ground: pb::DisclosureGround::Emergency.into(),
                means: pb::DisclosureMeans::Emergency.into(),
                part2_notice: notice.to_owned(),
                emergency: Some(pb::DisclosedInEmergency {
                    emergency_id: told.emergency_id,
                    worker_id: told.worker_id,
                    worker_name: told.worker_name,
                    nature,
                    nature_status,
                    until: Some(to_instant(until)),
                    entered_in_error: in_error,
                }),
                ..out
            })
        }
    }
}
