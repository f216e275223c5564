//! A worker of the clubhouse leaves: whoever they took care of goes to a colleague, at the clubhouse and in every team.
//! Invariant: it happens at dawn, while nobody works, so that from noon on everybody meets the colleague.

use std::sync::atomic::Ordering;

use proto::referrals as refs;
use proto::registry as reg;

use super::{Town, Worker};
use crate::demo::calendar::{Calendar, Hour, ZONE};
use crate::demo::sketch::Place;
use crate::demo::stage::{Part, Played};
use crate::demo::voice::{name, say};

impl Town {
    /// On a day in the second half.
    ///
    /// # Errors
    /// A command that was refused.
    pub async fn sees_one_leave(&self, calendar: &Calendar, part: Part) -> Played {
        let day = calendar.working(calendar.days * 6 / 10);
        part.until(calendar.written(day, Hour::Dawn)).await?;
        let club = self.agency(Place::Club);
        let [first, .., leaves] = club.workers.as_slice() else { return Ok(()) };
        let request = refs::HandOverCaseloadRequest {
            request_id: name(),
            from_worker_id: leaves.id.clone(),
            to_worker_id: first.id.clone(),
            day: Some(calendar.date(day)),
            zone: ZONE.to_owned(),
            reason: refs::HandOverReason::Leaves.into(),
        };
        say!(first.voice, referrals.hand_over_caseload, request).await?;
        self.changes_in_teams(leaves, first, calendar.date(day)).await?;
        let request = reg::GetWorkerRequest { worker_id: leaves.id.clone(), ..Default::default() };
        let known = say!(first.voice, registry.get_worker, request).await?.worker;
        let content = known.and_then(|worker| worker.content).unwrap_or_default();
        let request = reg::ChangeWorkerRequest {
            request_id: name(),
            worker_id: leaves.id.clone(),
            content: Some(reg::WorkerContent { left: true, ..content }),
            ..Default::default()
        };
        say!(self.operator, registry.change_worker, request).await?;
        club.last_left.store(true, Ordering::Release);
        Ok(())
    }

    /// At each person's side the one stands from now on in the other's place, as their coordinators write it down.
    async fn changes_in_teams(
        &self,
        leaves: &Worker,
        comes: &Worker,
        day: proto::google::r#type::Date,
    ) -> Played {
        let coordinator = &self.worker(Place::Coordination, 0).voice;
        let mut page_token = String::new();
        loop {
            let request =
                reg::ListCaseloadRequest { worker_id: leaves.id.clone(), page_token, ..Default::default() };
            let page = say!(self.operator, registry.list_caseload, request).await?;
            for entry in page.entries {
                let request = reg::EndTeamMemberRequest {
                    request_id: name(),
                    person_id: entry.person_id.clone(),
                    team_member_id: entry.team_member_id.clone(),
                    until: Some(day),
                    ..Default::default()
                };
                say!(coordinator, registry.end_team_member, request).await?;
                let request = reg::AddTeamMemberRequest {
                    request_id: name(),
                    person_id: entry.person_id.clone(),
                    role: entry.role,
                    worker_id: comes.id.clone(),
                    agency_id: self.agency(Place::Club).id.clone(),
                    from: Some(day),
                    ..Default::default()
                };
                say!(coordinator, registry.add_team_member, request).await?;
            }
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(());
            }
        }
    }
}
