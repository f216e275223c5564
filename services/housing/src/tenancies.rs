//! Decisions over placements and the diaries of units, brought to the desk.
//! Invariant: the diaries that a placement may touch are loaded with it, from the same states that the decision sees.

use std::collections::BTreeMap;

use kernel::ids::{Uuid, parse_stream};
use kernel::{AgencyId, By, Decider, Occurred, PersonId};
use platform::caseload::HandOver;
use platform::command::{Ask, At, Changes, Desk, Done, Failed, Seen, Stream, Streams, id_of};
use tonic::Status;

use crate::domain::codes::CancelReason;
use crate::domain::diary::{self, Diary};
use crate::domain::group::{self, UnitGroup};
use crate::domain::placement::{self, Command, Placement, Refusal as PlacementRefusal};
use crate::domain::tenancy::{self, Decided, Diaries, Match, Refusal};
use crate::domain::{PlacementId, UnitId};
use crate::wire::Recording;

/// How often a record is decided again where somebody else took the claim meanwhile.
const TRIES: usize = 3;

/// One placement with the diaries of the units it has and the one that is asked for.
struct Tenancy {
    placement: PlacementId,
    asked: Option<UnitId>,
}

impl Streams for Tenancy {
    type States = (At<placement::State>, Vec<At<diary::State>>);

    async fn load(&self, desk: &Desk, fresh: bool) -> Result<Self::States, Status> {
        let placement = Stream::<Placement>::of(self.placement.uuid()).load(desk, fresh).await?;
        let units = tenancy::units_touched(&placement, self.asked);
        let diaries: Vec<_> = units.iter().map(|unit| Stream::<Diary>::of(unit.uuid())).collect();
        Ok((placement, diaries.load(desk, fresh).await?))
    }
    fn seen((placement, diaries): &Self::States, seen: &mut Vec<Seen>) {
        seen.push(placement.seen());
        seen.extend(diaries.iter().map(At::seen));
    }
}

/// The streams of a household to be matched: group, placements, the unit's diary where it is known.
pub type HouseholdStreams = (Stream<UnitGroup>, Vec<Stream<Placement>>, Option<Stream<Diary>>);
/// Their states.
pub type Household = <HouseholdStreams as Streams>::States;

/// Changes one placement, and with it the diaries of its units and the one permanent home of its person in its agency.
///
/// # Errors
/// The refusal or failure as a status, with its reason.
pub async fn change(desk: &Desk, ask: &Ask, id: PlacementId, command: Command) -> Result<Done, Status> {
    Ok(decided(desk, ask, id, command).await?)
}

/// Calls a placement off because its person died. One that was admitted or ended meanwhile stays as it is.
///
/// # Errors
/// The log cannot take it now.
pub async fn call_off(desk: &Desk, ask: &Ask, id: PlacementId, at: Occurred) -> Result<(), Status> {
    let command = Command::Cancel { by: By::System, at, reason: CancelReason::Died };
    match decided(desk, ask, id, command).await {
        Ok(_) | Err(Failed::Refused(_)) => Ok(()),
        Err(Failed::Status(status)) => Err(*status),
    }
}

/// Gives a placement to who takes the caseload over. One that has ended or become another's meanwhile stays as it is.
///
/// # Errors
/// The log cannot take it now.
pub async fn hand_over(
    desk: &Desk,
    ask: &Ask,
    id: PlacementId,
    over: &HandOver,
) -> Result<(), Failed<Refusal>> {
    let command = Command::HandOver { from: over.from, to: over.to, at: over.at.clone() };
    decided(desk, ask, id, command).await.map(drop)
}

async fn decided(desk: &Desk, ask: &Ask, id: PlacementId, command: Command) -> Result<Done, Failed<Refusal>> {
    let streams = Tenancy { placement: id, asked: command.unit() };
    let done = desk.execute(ask, id_of::<Placement>(id.uuid()), streams, |(now, diaries)| {
        let decided = tenancy::decide(id, now, loaded(diaries), command.clone())?;
        Ok::<_, Refusal>(changes(desk, decided, std::slice::from_ref(now), diaries))
    });
    done.await
}

/// The streams that matching this household takes.
pub fn household_streams(group: kernel::UnitGroupId, ask: &Match) -> HouseholdStreams {
    let placements = ask.members.iter().map(|(id, _, _)| Stream::of(id.uuid())).collect();
    (Stream::of(group.uuid()), placements, ask.unit.map(|unit| Stream::of(unit.uuid())))
}

/// Matches a household.
///
/// # Errors
/// How the group, a placement or the diary says no.
pub fn match_household(
    desk: &Desk,
    (group, placements, diary): &Household,
    ask: &Match,
) -> Result<Changes<Refusal>, Refusal> {
    let diaries: Vec<&At<diary::State>> = diary.iter().collect();
    let states: BTreeMap<PlacementId, placement::State> =
        placements.iter().map(|at| (PlacementId::new(at.stream.id()), (*at.state).clone())).collect();
    let loaded = Diaries::new(diaries.iter().map(|at| (UnitId::new(at.stream.id()), (*at.state).clone())));
    let decided = tenancy::match_household(group, &states, loaded, ask.clone())?;
    let changed = changes(desk, decided, placements, diary.as_slice());
    Ok(changed)
}

/// Puts a placement down from elsewhere. Its claims are taken if they are free, and kept as discrepancies else.
///
/// # Errors
/// The refusal or failure as a status, with its reason.
pub async fn record(desk: &Desk, ask: &Ask, agency: AgencyId, recording: &Recording) -> Result<Done, Status> {
    let id = recording.id;
    let key = home(desk, (agency, recording.person));
    let mut tries = 1;
    loop {
        let holder = desk.log().claim_holder(&key).await?;
        let holder = holder.and_then(|stream| parse_stream(&stream).ok().map(|(_, id)| PlacementId::new(id)));
        let tenancy = Tenancy { placement: id, asked: recording.unit };
        let streams = (Stream::<UnitGroup>::of(recording.group.uuid()), tenancy);
        let done = desk.execute(ask, id_of::<Placement>(id.uuid()), streams, |(group, (now, diaries))| {
            let told = recording.told(agency, group.made().ok_or(group::Refusal::NotFound)?);
            let decided = tenancy::record(group, now, loaded(diaries), told, holder)?;
            Ok::<_, Refusal>(changes(desk, decided, std::slice::from_ref(now), diaries))
        });
        match done.await {
            // Somebody took the home between the look and the append: look again, and record it as it then is.
            Err(Failed::Refused(Refusal::Placement(PlacementRefusal::HomeElsewhere))) if tries < TRIES => {
                tries += 1;
            }
            done => return Ok(done?),
        }
    }
}

fn loaded(diaries: &[At<diary::State>]) -> Diaries {
    Diaries::new(diaries.iter().map(|at| (UnitId::new(at.stream.id()), (*at.state).clone())))
}

fn changes(
    desk: &Desk,
    decided: Decided,
    placements: &[At<placement::State>],
    diaries: &[At<diary::State>],
) -> Changes<Refusal> {
    let mut changes = Changes::none();
    for (id, events) in decided.placements {
        let Some(at) = placements.iter().find(|at| at.stream.id() == id.uuid()) else { continue };
        let before = at.home();
        let after = events.iter().fold((*at.state).clone(), Placement::evolve).home();
        changes = changes.write::<Placement>(at, events);
        if before != after {
            if let Some(left) = before {
                changes = changes.release(home(desk, left), at.stream);
            }
            if let Some(found) = after {
                changes = changes.take(home(desk, found), at.stream, PlacementRefusal::HomeElsewhere.into());
            }
        }
    }
    for (unit, events) in decided.diaries {
        let Some(at) = diaries.iter().find(|at| at.stream.id() == unit.uuid()) else { continue };
        changes = changes.write::<Diary>(at, events);
    }
    changes
}

/// The claim on the one permanent home that a person may have in an agency.
fn home(desk: &Desk, (agency, person): (AgencyId, PersonId)) -> Vec<u8> {
    desk.secret().hash("permanent-home", format!("{agency}/{person}").as_bytes()).to_vec()
}

/// An id for what a request makes: the same on a retry, and another for another caller's request of the same id.
pub fn made_by(ask: &Ask, what: &str) -> Uuid {
    Uuid::new_v5(&ask.request_id, format!("{}/{what}", ask.scope).as_bytes())
}
