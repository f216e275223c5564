//! Therapy: an hour a week, booked ahead, mostly attended.
//! Invariant: the hour is this life's alone, so nobody is ever booked twice.

use proto::registry as reg;
use proto::registry::Achievement;
use proto::therapy as ther;
use proto::types::Setting;

use super::Life;
use super::loops::Came;
use crate::demo::calendar::{Hour, ZONE};
use crate::demo::sketch::{Place, TherapyHour};
use crate::demo::stage::{Halt, Part, Played};
use crate::demo::town::Worker;
use crate::demo::voice::{id, name, say};

/// Weeks that are booked ahead.
const AHEAD: u32 = 4;

/// A weekly hour and who gives it.
struct Weekly {
    hour: TherapyHour,
    clinic: Worker,
    episode: String,
}

/// Therapy from the referral to the last session.
pub async fn attend(life: Life, part: Part, arrived: u32) -> Played {
    let Some(hour) = life.sketch.hour else { return Ok(()) };
    let mut chance = life.chance("therapy");
    let day = arrived + chance.between(3, 150);
    let (goal, need) = (life.goals.well.clone(), "support with what keeps the person from sleeping");
    let offer = life.scene.town.offers.cbt.clone();
    // Whose goal is work often brings that to therapy too, so that both pull the same way.
    let shared = !life.goals.work.is_empty() && chance.percent(50);
    let served = if shared { &life.goals.work } else { &goal };
    let Came::Opened(episode, opened) = life.refer(&part, &offer, served, need, &mut chance, day).await?
    else {
        return Ok(());
    };
    let clinic = life.worker(Place::Clinic);
    life.plan(Place::Clinic, &goal, "cbt", &["emotion-regulation", "accepting-vulnerability"], opened)
        .await?;
    life.join_team(Place::Clinic, reg::TeamRole::Therapist, opened).await?;
    let request = ther::AssignEpisodeRequest {
        request_id: name(),
        episode_id: episode.clone(),
        practitioner_id: life.scene.town.practitioners[hour.practitioner].clone(),
        ..Default::default()
    };
    say!(clinic.voice, therapy.assign_episode, request).await?;
    let weekly = Weekly { hour, clinic, episode };
    let first = life.scene.calendar.next(opened + 4, hour.weekday);
    let sessions = chance.between(10, 45);
    let mut booked = Vec::new();
    for session in 0..sessions {
        // Each session books the one four weeks on; the first books as many.
        while booked.len() < sessions.min(session + AHEAD) as usize {
            let day = first + 7 * booked.len() as u32;
            booked.push(weekly.book(&life, day).await?);
        }
        life.until(&part, first + 7 * session, Hour::Evening).await?;
        let appointment = &booked[session as usize];
        match chance.below(100) {
            0..=8 => weekly.miss(appointment, ther::MissedReason::NotKnown).await?,
            9..=12 => weekly.miss(appointment, ther::MissedReason::ToldBefore).await?,
            13..=16 => weekly.cancel(appointment).await?,
            _ => weekly.fulfil(appointment).await?,
        }
    }
    life.rate(&goal, chance.pick([Achievement::Achieved, Achievement::Improving, Achievement::NoChange]))
        .await?;
    weekly.close().await
}

impl Weekly {
    async fn book(&self, life: &Life, day: u32) -> Result<String, Halt> {
        let wall = format!("{}T{:02}:00", life.scene.calendar.day(day), self.hour.hour);
        let start = ther::AppointmentTime { wall, zone: ZONE.to_owned(), ..Default::default() };
        let ask = ther::AppointmentAsk {
            episode_id: self.episode.clone(),
            practitioner_id: String::new(),
            start: Some(start),
            minutes: 50,
            setting: Setting::Office.into(),
            skills: vec!["emotion-regulation".to_owned(), "stress".to_owned()],
            stance: proto::types::Stance::BuildIndependence.into(),
        };
        let request = ther::BookAppointmentRequest { request_id: name(), ask: Some(ask) };
        Ok(id(say!(self.clinic.voice, therapy.book_appointment, request).await?.written))
    }

    async fn fulfil(&self, appointment: &str) -> Played {
        let request = ther::FulfilAppointmentRequest {
            request_id: name(),
            appointment_id: appointment.to_owned(),
            ..Default::default()
        };
        say!(self.clinic.voice, therapy.fulfil_appointment, request).await?;
        Ok(())
    }

    async fn miss(&self, appointment: &str, reason: ther::MissedReason) -> Played {
        let request = ther::MissAppointmentRequest {
            request_id: name(),
            appointment_id: appointment.to_owned(),
            reason: reason.into(),
            ..Default::default()
        };
        say!(self.clinic.voice, therapy.miss_appointment, request).await?;
        Ok(())
    }

    async fn cancel(&self, appointment: &str) -> Played {
        let request = ther::CancelAppointmentRequest {
            request_id: name(),
            appointment_id: appointment.to_owned(),
            reason: ther::CancelReason::Person.into(),
            ..Default::default()
        };
        say!(self.clinic.voice, therapy.cancel_appointment, request).await?;
        Ok(())
    }

    async fn close(&self) -> Played {
        let request = ther::CloseEpisodeRequest {
            request_id: name(),
            episode_id: self.episode.clone(),
            reason: ther::EpisodeClosing::Completed.into(),
            ..Default::default()
        };
        say!(self.clinic.voice, therapy.close_episode, request).await?;
        Ok(())
    }
}
