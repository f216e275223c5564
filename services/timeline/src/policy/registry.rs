//! What the registry knows of a person, on the timeline: goals, strengths and preferences, plan, team, consent, measures, links.
//! Invariant: a goal's words are the person's own: they stand sealed beside the line.

mod plan;

use platform::source::Read;
use platform::wire::speaker;
use prost::Message;
use proto::registry::registry_event::Kind;
use proto::registry::{self as pb, RegistryEvent};
use proto::timeline::EntryKind;
use proto::types::{Occurred, Purpose, Voice};

use super::{Unreadable, entry, goes_on, shared, spoken, telling_where, withdraw, withdraw_one};
use crate::entries::{Entries, Put};

const LOG: &str = "registry";
const GOAL: &str = "goal";
const FACET: &str = "facet";
/// What the key of a death begins with; who told it follows.
const DEATH: &str = "death:";
const ERASED: &str = "erased";
/// What the key of a restriction begins with; the version of the event follows.
const RESTRICTED: &str = "restricted:";
/// The same of one that was lifted.
const LIFTED: &str = "unrestricted:";

pub(super) fn apply(entries: &mut Entries, read: &Read) -> Result<(), Unreadable> {
    let payload = RegistryEvent::decode(read.event.payload.clone()).map_err(|_| Unreadable)?;
    match payload.kind.ok_or(Unreadable)? {
        Kind::GoalProposed(goal) => {
            entries.put(GOAL, of_goal(read, goal.content, "Goal proposed by staff", true))
        }
        Kind::GoalSet(goal) => entries.put(GOAL, of_goal(read, goal.content, "Goal set", true)),
        Kind::GoalReworded(goal) => {
            let content = goal.content.ok_or(Unreadable)?;
            entries.change(GOAL, |stored| {
                stored.text.clone_from(&content.text);
                if let Some(entry) = stored.entry.as_mut() {
                    super::made_of(entry, read);
                    entry.life_domains.clone_from(&content.life_domains);
                }
            });
        }
        Kind::GoalAccepted(_) => goal(entries, read, "Goal accepted", true),
        Kind::GoalRejected(_) => goal(entries, read, "Proposed goal not taken", false),
        Kind::GoalDropped(_) => goal(entries, read, "Goal let go", false),
        Kind::GoalPlanned(_) => goal(entries, read, "Goal planned", true),
        Kind::GoalReadinessNoted(noted) => {
            let how = match noted.readiness() {
                pb::Readiness::Unspecified => return Err(Unreadable),
                pb::Readiness::NotNow => "not now",
                pb::Readiness::Unsure => "unsure",
                pb::Readiness::Ready => "ready",
            };
            let by = by_whom(read);
            let ready = entry(LOG, read, EntryKind::Plan, format!("Readiness noted by {by}: {how}"));
            entries.put(format!("readiness:{}", read.event.version), spoken(LOG, read, ready));
        }
        Kind::GoalActivated(_) => goal(entries, read, "Goal being worked on", true),
        Kind::GoalHeld(_) => goal(entries, read, "Goal resting", true),
        Kind::GoalResumed(_) => goal(entries, read, "Goal being worked on", true),
        Kind::GoalCompleted(_) => goal(entries, read, "Goal completed", false),
        Kind::GoalRated(rated) => {
            let how = match rated.achievement() {
                pb::Achievement::Unspecified => return Err(Unreadable),
                pb::Achievement::Achieved => "achieved",
                pb::Achievement::Improving => "improving",
                pb::Achievement::NoChange => "no change",
                pb::Achievement::Worsening => "worsening",
                pb::Achievement::NotAchieved => "not achieved",
                pb::Achievement::NotAttainable => "not attainable",
            };
            let rating = entry(LOG, read, EntryKind::Plan, format!("Goal rated by the person: {how}"));
            entries.put(format!("rating:{}", read.event.version), spoken(LOG, read, rating));
        }
        Kind::FacetNoted(noted) => {
            let kind = match noted.kind() {
                pb::FacetKind::Unspecified => return Err(Unreadable),
                pb::FacetKind::Strength => "Strength",
                pb::FacetKind::Preference => "Preference",
            };
            entries.put(FACET, of_facet(read, noted.content, kind));
        }
        Kind::FacetReworded(reworded) => {
            let content = reworded.content.ok_or(Unreadable)?;
            entries.change(FACET, |stored| {
                stored.text.clone_from(&content.text);
                if let Some(entry) = stored.entry.as_mut() {
                    super::made_of(entry, read);
                    entry.life_domains.clone_from(&content.life_domains);
                }
            });
        }
        Kind::FacetDropped(_) => goes_on(entries, FACET, read, |facet| {
            facet.open = false;
            facet.end = read.event.occurred.clone();
        }),
        Kind::GoalEnteredInError(_)
        | Kind::FacetEnteredInError(_)
        | Kind::MeasureEnteredInError(_)
        | Kind::PersonEnteredInError(_) => withdraw(entries, read),
        Kind::PlanItemAdded(added) => {
            let content = added.content.ok_or(Unreadable)?;
            entries.put(format!("item:{}", added.plan_item_id), plan::of_item(read, content));
        }
        Kind::PlanItemChanged(changed) => {
            let content = changed.content.ok_or(Unreadable)?;
            let anew = plan::of_item(read, content.clone());
            plan::item_goes_on(entries, read, &changed.plan_item_id, anew, |item| {
                item.line = format!("Plan: {}", content.practice);
                item.open = content.until.is_none();
                item.goal_ids = Some(content.goal_id).into_iter().filter(|goal| !goal.is_empty()).collect();
            });
        }
        Kind::PlanAgreed(_) => plan::whole(entries, read, "Plan agreed to by the person"),
        Kind::PlanApproved(_) => plan::whole(entries, read, "Plan approved by the overseer"),
        Kind::PlanReviewed(_) => plan::whole(entries, read, "Plan looked at again"),
        Kind::PlanReviewOverdue(overdue) => {
            let late = entry(LOG, read, EntryKind::Plan, "Plan not looked at in time");
            let agencies = overdue.agency_ids.iter().map(String::as_str);
            entries.put(format!("plan:{}", read.event.version), shared(LOG, read, late, agencies));
        }
        Kind::PlanItemEnded(ended) => {
            let anew = spoken(LOG, read, entry(LOG, read, EntryKind::Plan, "Plan: an item ended"));
            plan::item_goes_on(entries, read, &ended.plan_item_id, anew, |entry| {
                entry.open = false;
                entry.end = read.event.occurred.clone();
            })
        }
        Kind::PlanItemEnteredInError(gone) => {
            for key in plan::keys_of_item(entries, &gone.plan_item_id) {
                withdraw_one(entries, &key, read, &gone.replaced_by_id);
            }
        }
        Kind::ConsentDrafted(drafted) => {
            let says = says(drafted.content)?;
            let draft = entry(LOG, read, EntryKind::Consent, format!("Consent being prepared: {says}"));
            entries.put(draft_key(&drafted.directive_id), own(read, draft));
        }
        Kind::ConsentGiven(given) => {
            let says = says(given.content)?;
            goes_on(entries, &draft_key(&given.directive_id), read, |draft| {
                draft.line = "Consent prepared, and given".into();
            });
            let mut consent = entry(LOG, read, EntryKind::Consent, format!("Consent given: {says}"));
            consent.open = true;
            entries.put(consent_key(&given.directive_id), own(read, consent));
        }
        Kind::ConsentRevoked(over) => {
            goes_on(entries, &draft_key(&over.directive_id), read, |draft| {
                if draft.line.starts_with("Consent being prepared") {
                    draft.line = "Consent prepared, and not given".into();
                }
            });
            consent_ends(entries, read, &over.directive_id, "revoked");
        }
        Kind::ConsentExpired(over) => consent_ends(entries, read, &over.directive_id, "expired"),
        Kind::ConsentSuperseded(over) => {
            consent_ends(entries, read, &over.directive_id, "replaced by a later one");
        }
        Kind::ConsentEnteredInError(gone) => {
            for key in [draft_key(&gone.directive_id), consent_key(&gone.directive_id)] {
                withdraw_one(entries, &key, read, &gone.replaced_by_id);
            }
        }
        Kind::EmergencyDeclared(told) => {
            entries.put(emergency_key(&told.emergency_id), emergency(read, told)?)
        }
        Kind::EmergencyEnded(over) => emergency_over(entries, read, &over.emergency_id, |opened| {
            opened.line.push_str(", ended before its time")
        }),
        // That records were opened is not withdrawn: whose they are is to know of it.
        Kind::EmergencyEnteredInError(over) => emergency_over(entries, read, &over.emergency_id, |opened| {
            opened.withdrawn = true;
            opened.line.push_str(", declared in error");
        }),
        Kind::MeasureRecorded(measured) => measure(entries, read, measured.content)?,
        Kind::MeasureTaken(measured) => measure(entries, read, measured.content)?,
        Kind::TeamMemberAdded(added) => {
            let part = part(added.role()).ok_or(Unreadable)?;
            let mut member = entry(LOG, read, EntryKind::Team, format!("Team: {part}"));
            member.start = day(read, added.from.as_ref()).or(member.start);
            member.end = day(read, added.until.as_ref());
            member.open = added.until.is_none();
            let said = speaker(&read.event);
            // What a labelled programme says stays with it, whomever it names; and of others an agency learns no more than that it has somebody there.
            let put = if added.agency_id.is_empty() || !read.event.labels.is_empty() {
                spoken(LOG, read, member)
            } else {
                member.agency_id.clone_from(&added.agency_id);
                shared(LOG, read, member, [said, added.agency_id.as_str()])
            };
            entries.put(member_key(&added.team_member_id), put);
        }
        Kind::TeamMemberEnded(ended) => {
            goes_on(entries, &member_key(&ended.team_member_id), read, |member| {
                member.open = false;
                member.end = day(read, ended.until.as_ref());
            })
        }
        Kind::TeamMemberEnteredInError(gone) => {
            goes_on(entries, &member_key(&gone.team_member_id), read, |member| {
                member.withdrawn = true;
                member.open = false;
                member.line = "withdrawn: entered in error".into();
            });
        }
        Kind::PersonsLinked(link) => {
            let linked = entry(LOG, read, EntryKind::Link, "Two records of this person were linked");
            entries.put(
                format!("link:{}:{}:{}", link.canonical_id, link.member_id, read.event.version),
                spoken(LOG, read, linked),
            );
        }
        Kind::PersonsUnlinked(link) => {
            let unlinked =
                entry(LOG, read, EntryKind::Link, "Two records were found not to be of one person");
            entries.put(
                format!("unlink:{}:{}:{}", link.canonical_id, link.member_id, read.event.version),
                spoken(LOG, read, unlinked),
            );
        }
        Kind::PersonsNeverLinked(two) => {
            let line = "This record was found not to be of one person with another";
            entries.put(
                format!("never:{}:{}:{}", two.one_id, two.other_id, read.event.version),
                spoken(LOG, read, entry(LOG, read, EntryKind::Link, line)),
            );
        }
        Kind::PersonDied(died) => {
            let source = match died.death.ok_or(Unreadable)?.source() {
                pb::DeathSource::Unspecified => return Err(Unreadable),
                pb::DeathSource::Family => "family or friends",
                pb::DeathSource::Provider => "a provider",
                pb::DeathSource::OfficialRecord => "an official record",
                pb::DeathSource::Other => "somebody else",
            };
            let line = format!("The person died, by {source}");
            // Each agency's telling is its own to show.
            let key = format!("{DEATH}{}", speaker(&read.event));
            entries.put(key, spoken(LOG, read, entry(LOG, read, EntryKind::Milestone, line)));
        }
        Kind::PersonDeathEnteredInError(_) => {
            for key in told_by(entries, DEATH, read) {
                goes_on(entries, &key, read, |death| {
                    death.withdrawn = true;
                    death.line = "withdrawn: entered in error".into();
                });
            }
        }
        Kind::HouseholdJoined(joined) => {
            let membership = joined.membership.ok_or(Unreadable)?;
            let key = format!("{}{}", household_key(&membership.household_id), speaker(&read.event));
            let mut household = entry(LOG, read, EntryKind::StatusChange, "Belongs to a household");
            household.start = day(read, membership.from.as_ref());
            household.end = day(read, membership.until.as_ref());
            household.open = household.end.is_none();
            entries.put(key, telling_where(spoken(LOG, read, household)));
        }
        Kind::HouseholdLeft(left) => {
            for key in told_by(entries, &household_key(&left.household_id), read) {
                goes_on(entries, &key, read, |household| {
                    household.end = day(read, left.until.as_ref());
                    household.open = false;
                })
            }
        }
        Kind::RepresentativeAdded(added) => {
            let representative = added.representative.ok_or(Unreadable)?;
            let on = speaks_on(&representative).ok_or(Unreadable)?;
            let line = format!("A representative speaks for the person on {on}");
            let mut speaks = entry(LOG, read, EntryKind::StatusChange, line);
            speaks.start = day(read, representative.from.as_ref());
            speaks.end = day(read, representative.until.as_ref());
            speaks.open = speaks.end.is_none();
            entries.put(representative_key(&added.representative_id), spoken(LOG, read, speaks));
        }
        Kind::RepresentativeEnded(ended) => {
            goes_on(entries, &representative_key(&ended.representative_id), read, |speaks| {
                speaks.end = day(read, ended.until.as_ref());
                speaks.open = false;
            })
        }
        Kind::RepresentativeEnteredInError(gone) => {
            let key = representative_key(&gone.representative_id);
            withdraw_one(entries, &key, read, &gone.replaced_by_id);
        }
        Kind::HouseholdMembershipEnteredInError(gone) => {
            for key in told_by(entries, &household_key(&gone.household_id), read) {
                withdraw_one(entries, &key, read, &gone.replaced_by_id);
            }
        }
        Kind::PersonRestrictionEnteredInError(_) => {
            for key in restrictions(entries, read) {
                withdraw_one(entries, &key, read, "");
            }
        }
        Kind::PersonRestricted(_) => {
            let line = "The person is not to be found but by those who serve them";
            let restricted = entry(LOG, read, EntryKind::StatusChange, line);
            entries.put(format!("{RESTRICTED}{}", read.event.version), spoken(LOG, read, restricted));
        }
        Kind::PersonRestrictionLifted(_) => {
            let lifted = entry(LOG, read, EntryKind::StatusChange, "The person may be found again");
            entries.put(format!("{LIFTED}{}", read.event.version), spoken(LOG, read, lifted));
        }
        Kind::PersonErased(_) => {
            entries.put(
                ERASED,
                spoken(LOG, read, entry(LOG, read, EntryKind::Correction, "The person was erased")),
            );
        }
        // Agencies and workers are nobody's life.
        Kind::AgencyRegistered(_)
        | Kind::AgencyChanged(_)
        | Kind::AgencyRecorded(_)
        | Kind::WorkerAdded(_)
        | Kind::WorkerChanged(_)
        | Kind::WorkerRecorded(_)
        // A registration, a name, an identifier or who serves the person is the keeping of a record, and no event in their life.
        | Kind::PersonRegistered(_)
        | Kind::PersonChanged(_)
        | Kind::PersonRecorded(_)
        | Kind::IdentifierAdded(_)
        | Kind::IdentifierRemoved(_)
        | Kind::ServingAgencyAdded(_)
        // How somebody is reached, and how a crisis tells itself, stand with the person alone.
        | Kind::ContactPointSet(_)
        | Kind::ContactPointRemoved(_)
        | Kind::CrisisContactSet(_)
        | Kind::CrisisContactRemoved(_)
        | Kind::WarningSignsSet(_)
        | Kind::WarningSignsRemoved(_)
        // What a service could not do for another's event is told to who runs it.
        | Kind::ReactionRefused(_) => {}
    }
    Ok(())
}

fn of_goal(read: &Read, content: Option<pb::SealedGoal>, line: &str, open: bool) -> Put {
    let content = content.unwrap_or_default();
    let mut entry = entry(LOG, read, EntryKind::Plan, line);
    entry.open = open;
    entry.life_domains = content.life_domains;
    let mut put = spoken(LOG, read, entry);
    put.stored.text = content.text;
    put
}

/// A strength or preference: its words stand sealed beside the line, which tells whose they are.
fn of_facet(read: &Read, content: Option<pb::SealedFacet>, kind: &str) -> Put {
    let content = content.unwrap_or_default();
    let mut entry = entry(LOG, read, EntryKind::Plan, format!("{kind} noted by {}", by_whom(read)));
    entry.open = true;
    entry.life_domains = content.life_domains;
    let mut put = spoken(LOG, read, entry);
    put.stored.text = content.text;
    put
}

/// What the key of a household begins with; who told it follows.
fn household_key(household: &str) -> String {
    format!("household:{household}:")
}

/// The keys of what this event's agency told, of those that begin so; of what anybody told, where it is no agency's word.
fn told_by(entries: &Entries, begins: &str, read: &Read) -> Vec<String> {
    let teller = speaker(&read.event);
    if !teller.is_empty() {
        return vec![format!("{begins}{teller}")];
    }
    entries.all().map(|(key, _)| key.clone()).filter(|key| key.starts_with(begins)).collect()
}

/// The keys of what this event's agency said since the person was last to be found, or anybody where it is no agency's word.
fn restrictions(entries: &Entries, read: &Read) -> Vec<String> {
    let version = |key: &str, begins: &str| key.strip_prefix(begins)?.parse::<u64>().ok();
    let lifted = entries.all().filter_map(|(key, _)| version(key, LIFTED)).max();
    let teller = speaker(&read.event);
    let said = entries.all().filter(|(key, put)| {
        let since = version(key, RESTRICTED).is_some_and(|said| Some(said) > lifted);
        let by = put.stored.entry.as_ref().map(|entry| entry.agency_id.as_str());
        since && (teller.is_empty() || by == Some(teller))
    });
    said.map(|(key, _)| key.clone()).collect()
}

fn representative_key(representative: &str) -> String {
    format!("representative:{representative}")
}

/// What a representative may speak on, in words; never who it is.
fn speaks_on(representative: &pb::SealedRepresentative) -> Option<String> {
    let mut matters = vec![];
    for matter in representative.matters() {
        matters.push(match matter {
            pb::RepresentativeMatter::Unspecified => return None,
            pb::RepresentativeMatter::All => "everything",
            pb::RepresentativeMatter::Consents => "consents",
            pb::RepresentativeMatter::Goals => "goals",
        });
    }
    Some(matters.join(" and "))
}

fn member_key(member: &str) -> String {
    format!("member:{member}")
}

/// The part of a team's member, in words.
fn part(role: pb::TeamRole) -> Option<&'static str> {
    Some(match role {
        pb::TeamRole::Unspecified => return None,
        pb::TeamRole::EmploymentSpecialist => "employment specialist",
        pb::TeamRole::HousingSpecialist => "housing specialist",
        pb::TeamRole::Therapist => "therapist",
        pb::TeamRole::Psychiatrist => "psychiatrist",
        pb::TeamRole::Psychologist => "psychologist",
        pb::TeamRole::Counselor => "counselor",
        pb::TeamRole::OccupationalTherapist => "occupational therapist",
        pb::TeamRole::SocialWorker => "social worker",
        pb::TeamRole::PeerSupportWorker => "peer support worker",
        pb::TeamRole::Family => "family",
        pb::TeamRole::Coordinator => "coordinator",
        pb::TeamRole::Other => "another part",
    })
}

fn measure(
    entries: &mut Entries,
    read: &Read,
    content: Option<pb::MeasureContent>,
) -> Result<(), Unreadable> {
    let content = content.ok_or(Unreadable)?;
    let score = if content.score.is_empty() { String::new() } else { format!(": {}", content.score) };
    let mut measure = entry(LOG, read, EntryKind::Measure, format!("Measured: {}{score}", content.scale));
    measure.start = content.taken.or_else(|| read.event.occurred.clone());
    entries.put("measure", spoken(LOG, read, measure));
    Ok(())
}

fn emergency_key(emergency: &str) -> String {
    format!("emergency:{emergency}")
}

/// A medical emergency, to its end, which is settled when it is declared: for the person, the agency of who declared it, and those whose records it opened.
/// The nature of it is not told here: a 42 CFR Part 2 programme alone has to document it (42 CFR 2.51(c)), and the list of disclosures shows it to that.
fn emergency(read: &Read, told: pb::EmergencyDeclared) -> Result<Put, Unreadable> {
    let judged = platform::people::emergency::parse(&told).map_err(|_| Unreadable)?;
    let line = format!("Records opened to {} in a medical emergency", told.worker_name);
    let mut opened = entry(LOG, read, EntryKind::Consent, line);
    let zone = read.event.occurred.as_ref().map_or("UTC", |occurred| occurred.zone.as_str());
    let until =
        kernel::Occurred { zone: kernel::Zone::stored(zone), ..kernel::Occurred::instant(judged.until) };
    opened.end = Some(platform::wire::to_occurred(&until));
    let agencies: Vec<String> =
        [judged.agency].iter().chain(&judged.disclosers).map(ToString::to_string).collect();
    Ok(shared(LOG, read, opened, agencies.iter().map(String::as_str)))
}

/// An emergency is over by the time of this event, if it was not before.
fn emergency_over(
    entries: &mut Entries,
    read: &Read,
    emergency: &str,
    also: impl FnOnce(&mut proto::timeline::Entry),
) {
    let instant = |occurred: &Option<Occurred>| {
        occurred.as_ref().and_then(|occurred| occurred.at).map(|at| (at.seconds, at.nanos))
    };
    goes_on(entries, &emergency_key(emergency), read, |opened| {
        if instant(&read.event.occurred) < instant(&opened.end) {
            opened.end = read.event.occurred.clone();
        }
        also(opened);
    });
}

/// Whose words an event carries.
fn by_whom(read: &Read) -> &'static str {
    if read.event.voice == i32::from(Voice::Person) { "the person" } else { "staff" }
}

/// A day in the zone that the event was told in.
fn day(read: &Read, on: Option<&proto::Date>) -> Option<Occurred> {
    let zone = read.event.occurred.as_ref().map_or("UTC", |occurred| occurred.zone.as_str());
    let day = on.and_then(platform::wire::from_date)?;
    Some(platform::wire::to_occurred(&kernel::Occurred::day(day, kernel::Zone::stored(zone))))
}

fn goal(entries: &mut Entries, read: &Read, line: &str, open: bool) {
    goes_on(entries, GOAL, read, |entry| {
        entry.line = line.to_owned();
        entry.open = open;
        entry.end = if open { None } else { read.event.occurred.clone() };
    });
}

fn draft_key(directive: &str) -> String {
    format!("draft:{directive}")
}

fn consent_key(directive: &str) -> String {
    format!("consent:{directive}")
}

fn consent_ends(entries: &mut Entries, read: &Read, directive: &str, how: &str) {
    goes_on(entries, &consent_key(directive), read, |consent| {
        // It ends once.
        if std::mem::take(&mut consent.open) {
            consent.end = read.event.occurred.clone();
            consent.line.push_str(", ");
            consent.line.push_str(how);
        }
    });
}

/// What a directive is for and how many may learn by it; never which agencies, since that would tell who serves the person.
fn says(content: Option<pb::SealedConsent>) -> Result<String, Unreadable> {
    let scope = content.and_then(|content| content.scope).ok_or(Unreadable)?;
    let mut purposes = vec![];
    for purpose in scope.purposes() {
        purposes.push(match purpose {
            Purpose::Unspecified => return Err(Unreadable),
            Purpose::Referral => "referral",
            Purpose::Coordination => "coordination",
            Purpose::Treatment => "treatment, payment and operations",
        });
    }
    let to = match (scope.recipient_class(), scope.recipient_agency_ids.len()) {
        (pb::RecipientClass::Treating, _) => "the agencies that serve the person".to_owned(),
        (pb::RecipientClass::Unspecified, 1) => "one agency".to_owned(),
        (pb::RecipientClass::Unspecified, many) => format!("{many} agencies"),
    };
    Ok(format!("for {}, to {to}", purposes.join(" and ")))
}

/// What is the person's own, whoever wrote it down; a labelled writer's is labelled, since it tells who serves the person.
fn own(read: &Read, entry: proto::timeline::Entry) -> Put {
    let mut put = spoken(LOG, read, entry);
    if read.event.labels.is_empty() {
        put.classes.insert(kernel::Class::default());
    }
    put
}
