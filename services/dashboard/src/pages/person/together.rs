//! What is planned with a person, who is at their side, and how they say they are: the registry's word of now, beside the timeline of what happened.
//! Invariant: it is read as the viewer, so it shows what the viewer may see; where the registry cannot be asked the timeline still shows.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use platform::peer::Peer;
use platform::wire::from_date;
use proto::Date;
use proto::registry::registry_service_client::RegistryServiceClient;
use proto::registry::{
    GetMeasureTrendsRequest, GetPlanRequest, GetWorkerRequest, Goal, ListGoalsRequest, ListTeamRequest,
    MeasureCourse, MeasureTrend, Plan, PlanItem, TeamMember, TeamRole,
};
use proto::types::FieldStatus;
use tonic::Status;

use crate::Dashboard;
use crate::shown;
use crate::viewer::Viewer;

/// All of it.
pub(super) struct Together {
    plan: Plan,
    goals: Vec<Goal>,
    team: Vec<TeamMember>,
    trends: Vec<MeasureTrend>,
    /// What the workers that are named are called, by id.
    workers: BTreeMap<String, String>,
}

impl Together {
    /// As the viewer may see it; none where the registry cannot be asked now.
    pub(super) async fn of(dashboard: &Dashboard, viewer: &Viewer, person: &str) -> Option<Self> {
        let peer = dashboard.upstream.ask("registry", viewer).ok()?;
        match Self::read(peer, person).await {
            Ok(together) => Some(together),
            Err(status) => {
                tracing::info!(grpc.code = ?status.code(), "a page shows no plan, team and measures");
                None
            }
        }
    }

    async fn read(peer: Peer, person: &str) -> Result<Self, Status> {
        let registry = RegistryServiceClient::new(peer);
        let (mut of_plan, mut of_goals) = (registry.clone(), registry.clone());
        let (mut of_team, mut of_measures) = (registry.clone(), registry.clone());
        let person_id = person.to_owned();
        let plan = GetPlanRequest { person_id: person_id.clone(), ..Default::default() };
        let goals = ListGoalsRequest { person_id: person_id.clone(), ..Default::default() };
        let team = ListTeamRequest { person_id: person_id.clone(), ..Default::default() };
        let measures = GetMeasureTrendsRequest { person_id, ..Default::default() };
        let (plan, goals, team, measures) = tokio::try_join!(
            of_plan.get_plan(plan),
            of_goals.list_goals(goals),
            of_team.list_team(team),
            of_measures.get_measure_trends(measures),
        )?;
        let mut together = Self {
            plan: plan.into_inner().plan.unwrap_or_default(),
            goals: goals.into_inner().goals,
            team: team.into_inner().members,
            trends: measures.into_inner().trends,
            workers: BTreeMap::new(),
        };
        for id in together.named() {
            let request = GetWorkerRequest { worker_id: id.clone(), ..Default::default() };
            let worker = registry.clone().get_worker(request).await?.into_inner().worker;
            let content = worker.and_then(|worker| worker.content).unwrap_or_default();
            together.workers.insert(id, content.working_name);
        }
        Ok(together)
    }

    /// The workers that are named.
    fn named(&self) -> BTreeSet<String> {
        let of_plan = self.plan.items.iter().filter_map(|item| Some(&item.content.as_ref()?.worker_id));
        let of_team = self.team.iter().map(|member| &member.worker_id);
        of_plan.chain(of_team).filter(|id| !id.is_empty()).cloned().collect()
    }

    pub(super) fn section(&self, now: jiff::Timestamp) -> Markup {
        let goes_on = |item: &&PlanItem| item.content.as_ref().is_some_and(|content| content.until.is_none());
        let items: Vec<&PlanItem> = self.plan.items.iter().filter(goes_on).collect();
        html! {
            @if !(items.is_empty() && self.team.is_empty() && self.trends.is_empty()) {
                div.columns.together {
                    @if !items.is_empty() { (self.plan(&items, now)) }
                    @if !self.team.is_empty() { (self.team()) }
                    @if !self.trends.is_empty() { (measures(&self.trends)) }
                }
            }
        }
    }

    fn plan(&self, items: &[&PlanItem], now: jiff::Timestamp) -> Markup {
        html! {
            section aria-labelledby="plan-title" {
                h2 #plan-title { "Plan" }
                ul.plain {
                    @for item in items {
                        @let content = item.content.clone().unwrap_or_default();
                        li {
                            strong { (practice(&content.practice)) } " "
                            (self.goal(&content.goal_id))
                            p.fine {
                                (self.worker(&content.worker_id)) (since(&content.from))
                                @if item.agreed { " · agreed" } @else { " · not agreed yet" }
                            }
                        }
                    }
                }
                @if let Some(review) = &self.plan.review {
                    @let due = shown::instant(&review.due_at).unwrap_or(now);
                    p.fine {
                        @if review.overdue { span.mark { "review overdue" } " since " } @else { "Review by " }
                        time datetime=(due) { (due.strftime("%-d %b %Y")) }
                    }
                }
            }
        }
    }

    /// The goal in its own words.
    fn goal(&self, id: &str) -> Markup {
        let goal = self.goals.iter().find(|goal| goal.id == id);
        let text = goal.and_then(|goal| goal.content.as_ref()).map(|content| content.text.as_str());
        html! {
            @match goal.map(Goal::text_status) {
                Some(FieldStatus::Open) => { q.words { (text.unwrap_or_default()) } }
                Some(FieldStatus::Erased) => { span.mark { "[erased]" } }
                Some(FieldStatus::Locked) => { span.mark { "[locked]" } }
                Some(FieldStatus::Unspecified) | None => {}
            }
        }
    }

    fn worker(&self, id: &str) -> &str {
        self.workers.get(id).map_or("", String::as_str)
    }

    fn team(&self) -> Markup {
        html! {
            section aria-labelledby="team-title" {
                h2 #team-title { "Team" }
                ul.plain {
                    @for member in &self.team {
                        li {
                            strong {
                                @match member.name_status() {
                                    FieldStatus::Open => { (member.name) }
                                    FieldStatus::Erased => { span.mark { "[erased]" } }
                                    FieldStatus::Locked => { span.mark { "[locked]" } }
                                    FieldStatus::Unspecified => { (self.worker(&member.worker_id)) }
                                }
                            }
                            p.fine { (role(member.role())) (since(&member.from)) }
                        }
                    }
                }
            }
        }
    }
}

/// The course of each scale, in numbers and as a word.
fn measures(trends: &[MeasureTrend]) -> Markup {
    html! {
        section aria-labelledby="measures-title" {
            h2 #measures-title { "Measures" }
            table {
                thead { tr { th scope="col" { "Scale" } th.number scope="col" { "First" } th.number scope="col" { "Latest" } th scope="col" { "Course" } } }
                tbody {
                    @for trend in trends {
                        tr {
                            th scope="row" { (trend.scale.replace('-', " ")) }
                            td.number { (trend.first) }
                            td.number { (trend.latest) }
                            td {
                                @match trend.course() {
                                    MeasureCourse::Improving => "improving",
                                    MeasureCourse::Steady => "steady",
                                    MeasureCourse::Declining => "declining",
                                    MeasureCourse::Unspecified => "taken once",
                                }
                                @if trend.points.len() > 1 { " " span.fine { "(" (trend.points.len()) " times)" } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn since(from: &Option<Date>) -> Markup {
    html! {
        @if let Some(day) = from.as_ref().and_then(from_date) {
            " since " time datetime=(day) { (day.strftime("%-d %b %Y")) }
        }
    }
}

/// What the catalogue calls it.
fn practice(code: &str) -> &str {
    let known = kernel::practice::PRACTICES.iter().find(|practice| practice.code == code);
    known.map_or(code, |practice| practice.name)
}

fn role(role: TeamRole) -> &'static str {
    match role {
        TeamRole::EmploymentSpecialist => "employment specialist",
        TeamRole::HousingSpecialist => "housing specialist",
        TeamRole::Therapist => "therapist",
        TeamRole::Psychiatrist => "psychiatrist",
        TeamRole::Psychologist => "psychologist",
        TeamRole::Counselor => "counselor",
        TeamRole::OccupationalTherapist => "occupational therapist",
        TeamRole::SocialWorker => "social worker",
        TeamRole::PeerSupportWorker => "peer support worker",
        TeamRole::Family => "family",
        TeamRole::Coordinator => "coordinator",
        TeamRole::Other | TeamRole::Unspecified => "another part",
    }
}
