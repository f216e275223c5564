//! Goals.
//! Invariant: whoever writes about a person is admitted by the person's record in the same write.

use kernel::{By, Decider, PersonId};
use platform::auth;
use platform::command::{Ask, Changes, Done, Stream, id_of};
use platform::error;
use platform::wire::id;
use proto::registry as pb;
use tonic::{Request, Status};

use super::{Api, CORRECT, OWN, READ, WORK, emergencies, person_id};
use crate::domain::facet::{self, Facet};
use crate::domain::goal::{Act, Command, Content, Facts, Goal, Refusal, State, Strength};
use crate::domain::person::Person;
use crate::domain::{GoalId, No};
use crate::wire;

fn facts(api: &Api, ask: &Ask, person: PersonId) -> Facts {
    let agency = match ask.by() {
        By::Agency(agency) => Some(agency),
        By::Person(_) | By::System => None,
    };
    Facts { id: GoalId::new(api.fresh(ask)), person, agency }
}

pub(super) async fn propose(api: &Api, request: &Request<pb::ProposeGoalRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("ProposeGoal", WORK, request, (&r.request_id, "")).await?;
    let facts = facts(api, &ask, person_id(&r.person_id)?);
    let content = wire::goal_content(r.content.as_ref())?;
    let command = Command::Propose { by: ask.by(), facts, content: content.clone() };
    says(api, &ask, facts.id, facts.person, &content, command).await
}

pub(super) async fn set(api: &Api, request: &Request<pb::SetGoalRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("SetGoal", OWN, request, (&r.request_id, "")).await?;
    let facts = facts(api, &ask, person_id(&r.person_id)?);
    let (voice, content) = (wire::voice(ask.by(), r.voice)?, wire::goal_content(r.content.as_ref())?);
    let command = Command::Set { by: ask.by(), voice, facts, content: content.clone() };
    says(api, &ask, facts.id, facts.person, &content, command).await
}

/// Asks something that says what a goal is: the strength that it names must be one of the person's.
async fn says(
    api: &Api,
    ask: &Ask,
    goal: GoalId,
    person: PersonId,
    content: &Content,
    command: Command,
) -> Result<Done, Status> {
    let facet = match content.strength {
        Strength::Noted(facet) => Some(facet),
        Strength::NotYetExplored | Strength::InWords(_) => None,
    };
    // One that the caller may not see answers as one that there is not, and neither answers before the request id was looked up.
    let mut seen = true;
    if let Some(facet) = facet {
        let noted = api.desk.load::<Facet>(facet.uuid()).await?;
        if let facet::State::Made { facts, .. } = &*noted.state {
            seen = api.eyes(&ask.caller, person).await?.see(facts.agency).await?;
        }
    }
    let streams = (
        Stream::<Goal>::of(goal.uuid()),
        Stream::<Person>::of(person.uuid()),
        facet.map(|facet| Stream::<Facet>::of(facet.uuid())),
    );
    let by = ask.by();
    let done = api.desk.execute(ask, id_of::<Goal>(goal.uuid()), streams, |(now, record, facet)| {
        record.admit(by).map_err(No::Person)?;
        if !seen {
            return Err(No::Own(Refusal::StrengthNotFound));
        }
        let before = match &*now.state {
            State::Made { content, .. } => Some(content),
            State::Unmade => None,
        };
        let facet = facet.as_ref().map(|facet| &*facet.state);
        content.builds_on(person, facet, before).map_err(No::Own)?;
        let events = Goal::decide(now, command.clone()).map_err(No::Own)?;
        Ok::<_, No<Refusal>>(Changes::none().write::<Goal>(now, events))
    });
    Ok(done.await?)
}

/// Does something with a goal that is there.
async fn act(api: &Api, ask: &Ask, goal: &str, voice: i32, act: Act) -> Result<Done, Status> {
    let goal: GoalId = id("goal_id", goal)?;
    let voice = wire::voice(ask.by(), voice)?;
    let now = api.desk.load::<Goal>(goal.uuid()).await?;
    let State::Made { facts, .. } = &*now.state else { return Err(error::refused(&Refusal::NotFound)) };
    let command = Command::Act { by: ask.by(), voice, act: act.clone() };
    match act {
        Act::Reword(content) => says(api, ask, goal, facts.person, &content, command).await,
        Act::Accept
        | Act::Drop
        | Act::Plan
        | Act::Activate
        | Act::Hold
        | Act::Resume
        | Act::Complete
        | Act::Rate(_)
        | Act::NoteReadiness(_)
        | Act::MarkEnteredInError => api.about::<Goal>(ask, goal.uuid(), facts.person, command).await,
    }
}

/// A method that does something with a goal: in the person's voice where the request says so, else in staff's.
macro_rules! acts {
    ($name:ident, $method:literal, $request:ident, $roles:ident, |$r:ident| $voice:expr, $act:expr) => {
        pub(super) async fn $name(api: &Api, request: &Request<pb::$request>) -> Result<Done, Status> {
            let $r = request.get_ref();
            let ask = api.ask($method, $roles, request, (&$r.request_id, &$r.etag)).await?;
            act(api, &ask, &$r.goal_id, $voice, $act).await
        }
    };
}

acts!(
    reword,
    "RewordGoal",
    RewordGoalRequest,
    OWN,
    |r| r.voice,
    Act::Reword(wire::goal_content(r.content.as_ref())?)
);
acts!(accept, "AcceptGoal", AcceptGoalRequest, OWN, |r| r.voice, Act::Accept);
acts!(drop, "DropGoal", DropGoalRequest, OWN, |r| r.voice, Act::Drop);
acts!(plan, "PlanGoal", PlanGoalRequest, OWN, |r| 0, Act::Plan);
acts!(activate, "ActivateGoal", ActivateGoalRequest, OWN, |r| 0, Act::Activate);
acts!(hold, "HoldGoal", HoldGoalRequest, OWN, |r| 0, Act::Hold);
acts!(resume, "ResumeGoal", ResumeGoalRequest, OWN, |r| 0, Act::Resume);
acts!(complete, "CompleteGoal", CompleteGoalRequest, OWN, |r| 0, Act::Complete);
acts!(rate, "RateGoal", RateGoalRequest, OWN, |r| r.voice, Act::Rate(wire::achievement(r.achievement)?));
acts!(
    note_readiness,
    "NoteGoalReadiness",
    NoteGoalReadinessRequest,
    OWN,
    |r| r.voice,
    Act::NoteReadiness(wire::readiness(r.readiness)?)
);
acts!(
    mark_entered_in_error,
    "MarkGoalEnteredInError",
    MarkGoalEnteredInErrorRequest,
    CORRECT,
    |r| 0,
    Act::MarkEnteredInError
);

pub(super) async fn list(
    api: &Api,
    request: &Request<pb::ListGoalsRequest>,
) -> Result<pb::ListGoalsResponse, Status> {
    let caller = auth::caller(request)?;
    auth::require_role(&caller, READ)?;
    let r = request.get_ref();
    api.view.wait(&r.at_least).await?;
    let (eyes, records) = api.records(&caller, person_id(&r.person_id)?).await?;
    let mut goals = vec![];
    for goal in api.view.goals(&records).await? {
        let now = api.desk.load::<Goal>(goal).await?;
        if let State::Made { facts, .. } = &*now.state
            && eyes.see(facts.agency).await?
        {
            let (opener, status) = api.opener(facts.person).await;
            goals.extend(wire::goal(now.version, &now, opener.as_ref(), status));
        }
    }
    let (emergency_ids, part2_notice) = emergencies::told(eyes.opened());
    Ok(pb::ListGoalsResponse { goals, emergency_ids, part2_notice })
}
