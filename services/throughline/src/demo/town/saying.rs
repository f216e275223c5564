//! What agencies say of their offers as time goes on: how much room there is, what is another now, and what is no more.
//! Invariant: it is said at the founding and at dawn, while nobody works; of an agency that is slow to say it again, nobody knows for weeks.

use anyhow::Context;
use proto::referrals as refs;

use super::Town;
use crate::demo::calendar::{Calendar, Hour};
use crate::demo::stage::{Part, Played};
use crate::demo::voice::{name, say};

/// Days from one report to the next.
const DAYS: u32 = 28;
/// How long the report of who keeps it up may be relied on: until the next one is there.
const RELIABLE: u32 = (DAYS + 1) * 24;

impl Town {
    /// How much room there is, every four weeks, the last time on the last day. Who is slow says it every second time, and of a week each.
    pub(super) async fn says_what_room_there_is(&self, round: u32) -> Played {
        use refs::CapacityStatus::{AssessmentRequired, Has, NoneWithWaitlist};
        let offers = &self.offers;
        // Now and then there is no room for another at home, and whoever looks finds the videos.
        let at_home = if round % 5 == 4 { refs::CapacityStatus::None } else { Has };
        let prompt = [
            (&offers.ips, Has, 4 - round % 3),
            (&offers.homes, Has, 3 - round % 2),
            (&offers.cbt, AssessmentRequired, 0),
            (&offers.club, Has, 0),
            (&offers.skills, at_home, if at_home == Has { 6 - round % 4 } else { 0 }),
            (&offers.workshop, Has, 2),
        ];
        let slow = [(&offers.rapid, NoneWithWaitlist, 0), (&offers.skills_by_video, Has, 0)];
        let slow = slow.into_iter().filter(|_| round.is_multiple_of(2));
        let reports =
            prompt.into_iter().map(|report| (report, RELIABLE)).chain(slow.map(|report| (report, 7 * 24)));
        for ((offer, status, vacancies), refresh_hours) in reports {
            let request = refs::ReportCapacityRequest {
                request_id: name(),
                offer_id: offer.id.clone(),
                status: status.into(),
                vacancies,
                refresh_hours,
                ..Default::default()
            };
            say!(self.agency(offer.of).workers[0].voice, referrals.report_capacity, request).await?;
        }
        Ok(())
    }

    /// Says it again and again.
    ///
    /// # Errors
    /// A command that was refused.
    pub async fn keeps_saying_it(&self, calendar: &Calendar, part: Part) -> Played {
        let first = (calendar.days - 1) % DAYS;
        for round in 0.. {
            part.until(calendar.written(first + round * DAYS, Hour::Dawn)).await?;
            self.says_what_room_there_is(1 + round).await?;
        }
        Ok(())
    }

    /// A programme is given in another language too, and one is no more.
    ///
    /// # Errors
    /// A command that was refused.
    pub async fn changes_what_it_offers(&self, calendar: &Calendar, part: Part) -> Played {
        let (workshop, garden) = (&self.offers.workshop, &self.offers.garden);
        part.until(calendar.written(calendar.days / 3, Hour::Dawn)).await?;
        let voice = &self.agency(workshop.of).workers[0].voice;
        let request = refs::GetServiceOfferRequest { offer_id: workshop.id.clone(), ..Default::default() };
        let known = say!(voice, referrals.get_service_offer, request).await?.offer;
        let mut content = known.and_then(|offer| offer.content).context("the workshop is offered")?;
        content.languages.push("es".to_owned());
        let request = refs::ChangeServiceOfferRequest {
            request_id: name(),
            offer_id: workshop.id.clone(),
            content: Some(content),
            ..Default::default()
        };
        say!(voice, referrals.change_service_offer, request).await?;
        part.until(calendar.written(calendar.days * 2 / 3, Hour::Dawn)).await?;
        let request = refs::WithdrawServiceOfferRequest {
            request_id: name(),
            offer_id: garden.id.clone(),
            ..Default::default()
        };
        say!(self.agency(garden.of).workers[0].voice, referrals.withdraw_service_offer, request).await?;
        Ok(())
    }
}
