//! Teams on the wire.
//! Invariant: the name of somebody close is sealed; that of a worker is none of a person served.

use kernel::{AgencyId, By, Day, PersonId};
use platform::command::{Encoding, Ink, Payload, Unreadable, from_private};
use platform::error::BadField;
use platform::wire::{self, from_date, to_date};
use prost::Name;
use proto::registry as pb;
use proto::registry::registry_event::Kind;
use proto::types::FieldStatus;
use tonic::Status;

use super::codes::team_role;
use super::{Opener, id_text, kind_of, not_of, stored_agency, stored_id, stored_optional_id, wrap};
use crate::domain::TeamMemberId;
use crate::domain::team::{Command, Event, Known, Member, Role, State, Team, Who};

/// Longest name of somebody close, in characters.
const NAME: usize = 200;

/// Who is to be added, as a request says.
#[derive(Clone, Debug)]
pub struct Adding {
    /// Who plays the part.
    pub who: Who,
    person: PersonId,
    role: Role,
    from: Day,
    until: Option<Day>,
}

impl Adding {
    /// As a command, now that it is known whether the worker is there.
    pub fn ask(self, by: By, id: TeamMemberId, known: Known) -> Command {
        let Self { who, person, role, from, until } = self;
        Command::Add { by, person, id, role, who, known, from, until }
    }
}

/// A member is to be added. `agency` is the caller's, and `today` the first day where the request names none.
pub fn add_member(
    request: &pb::AddTeamMemberRequest,
    agency: Option<AgencyId>,
    today: Day,
) -> Result<Adding, BadField> {
    let role = team_role::parse("role", request.role)?;
    let worker = wire::optional_id("worker_id", &request.worker_id)?;
    let named = wire::optional_id("agency_id", &request.agency_id)?;
    let name = wire::optional_text("name", &request.name, NAME)?;
    let who = match (name, worker, named) {
        (Some(name), None, None) => Who::Close(kernel::Private::Plain(name)),
        (Some(_), _, _) => {
            return Err(BadField::new(
                "name",
                "is for who is no worker; leave it out beside worker_id and agency_id",
            ));
        }
        (None, _, _) if role == Role::Family => {
            return Err(BadField::new("name", "is missing; family is told by name"));
        }
        (None, worker, named) => {
            let missing =
                || BadField::new("agency_id", "is missing; say whose worker it is, or who it is in name");
            Who::Of(named.or(agency).ok_or_else(missing)?, worker)
        }
    };
    Ok(Adding {
        who,
        person: wire::id("person_id", &request.person_id)?,
        role,
        from: wire::optional_day("from", request.from.as_ref())?.unwrap_or(today),
        until: wire::optional_day("until", request.until.as_ref())?,
    })
}

/// A member as its readers see it; the name of somebody close stays empty where it cannot be opened, and `status` says why.
pub fn team_member(
    id: TeamMemberId,
    person: PersonId,
    member: &Member,
    (opener, status): (Option<&Opener>, FieldStatus),
) -> pb::TeamMember {
    let (agency, worker, name) = parts(&member.who);
    let name = name.map(|name| opener.and_then(|opener| opener.text(name)));
    let name_status = match &name {
        None => FieldStatus::Unspecified,
        Some(None) if status == FieldStatus::Open => FieldStatus::Locked,
        Some(_) => status,
    };
    pb::TeamMember {
        id: id.to_string(),
        person_id: person.to_string(),
        role: team_role::number(member.role),
        worker_id: worker,
        agency_id: agency,
        from: Some(to_date(member.from)),
        until: member.until.map(to_date),
        name: name.flatten().unwrap_or_default(),
        name_status: name_status.into(),
        added_by_agency_id: id_text(member.added_by),
    }
}

/// Whom a worker serves, in which part.
pub fn caseload_entry(id: TeamMemberId, person: PersonId, member: &Member) -> pb::CaseloadEntry {
    pb::CaseloadEntry {
        person_id: person.to_string(),
        team_member_id: id.to_string(),
        role: team_role::number(member.role),
        from: Some(to_date(member.from)),
        until: member.until.map(to_date),
    }
}

/// The agency and the worker, as texts, and the name of somebody close.
fn parts(who: &Who) -> (String, String, Option<&kernel::Private>) {
    match who {
        Who::Of(agency, worker) => (agency.to_string(), id_text(*worker), None),
        Who::Close(name) => (String::new(), String::new(), Some(name)),
    }
}

impl Encoding for Team {
    fn person(after: &State) -> Option<PersonId> {
        after.person
    }

    fn encode(event: &Event, _: &State, ink: &Ink<'_>) -> Result<Payload, Status> {
        Ok(match event {
            Event::Added { person, id, member } => {
                let (agency_id, worker_id, name) = parts(&member.who);
                let message = pb::TeamMemberAdded {
                    team_member_id: id.to_string(),
                    person_id: person.to_string(),
                    role: team_role::number(member.role),
                    worker_id,
                    agency_id,
                    from: Some(to_date(member.from)),
                    until: member.until.map(to_date),
                    name: ink.seal_some("name", name)?,
                };
                Payload::new(pb::TeamMemberAdded::full_name(), &wrap(Kind::TeamMemberAdded(message)))
            }
            Event::Ended { id, until } => {
                let (team_member_id, until) = (id.to_string(), Some(to_date(*until)));
                let message = Kind::TeamMemberEnded(pb::TeamMemberEnded { team_member_id, until });
                Payload::new(pb::TeamMemberEnded::full_name(), &wrap(message))
            }
            Event::EnteredInError { id } => {
                let message = pb::TeamMemberEnteredInError { team_member_id: id.to_string() };
                let kind = pb::TeamMemberEnteredInError::full_name();
                Payload::new(kind, &wrap(Kind::TeamMemberEnteredInError(message)))
            }
        })
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        let bad = |why| move || Unreadable::new(stored, why);
        let day = |date: Option<&proto::Date>| date.and_then(from_date);
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        Ok(match kind_of(stored)? {
            Kind::TeamMemberAdded(message) => {
                let agency = stored_optional_id(stored, &message.agency_id)?;
                let who = match (agency, from_private(message.name.as_ref())) {
                    (Some(agency), _) => Who::Of(agency, stored_optional_id(stored, &message.worker_id)?),
                    (None, Some(name)) => Who::Close(name),
                    (None, None) => return Err(Unreadable::new(stored, "it names nobody")),
                };
                let role = team_role::stored(message.role);
                Event::Added {
                    person: stored_id(stored, &message.person_id)?,
                    id: stored_id(stored, &message.team_member_id)?,
                    member: Member {
                        role: role.ok_or_else(bad("its part is not known"))?,
                        who,
                        from: day(message.from.as_ref()).ok_or_else(bad("it has no first day"))?,
                        until: day(message.until.as_ref()),
                        added_by: stored_agency(stored)?,
                    },
                }
            }
            Kind::TeamMemberEnded(message) => Event::Ended {
                id: stored_id(stored, &message.team_member_id)?,
                until: day(message.until.as_ref()).ok_or_else(bad("it has no last day"))?,
            },
            Kind::TeamMemberEnteredInError(message) => {
                Event::EnteredInError { id: stored_id(stored, &message.team_member_id)? }
            }
            _ => return Err(not_of::<Team>(stored)),
        })
    }
}
