//! An entry as readers see it: in words, in time with its zone, as JSON.
//! Invariant: what could not be opened is marked as such and never left out silently.

use jiff::Timestamp;
use kernel::{Occurred, Precision};
use maud::{Markup, html};
use platform::wire::{from_date, from_occurred};
use proto::coordination::FindingKind;
use proto::timeline::Entry;
use proto::types::FieldStatus;
use serde_json::{Value, json};

/// The services that write onto a timeline, in the order of their lanes, with what they are about.
pub(crate) const SERVICES: [(&str, &str); 6] = [
    ("registry", "Person and plan"),
    ("referrals", "Referrals"),
    ("housing", "Home"),
    ("vocational", "Work"),
    ("therapy", "Therapy"),
    ("coordination", "Between services"),
];

/// What a service is about, in words.
pub(crate) fn about(service: &str) -> &str {
    SERVICES.iter().find(|(name, _)| *name == service).map_or(service, |(_, about)| about)
}

/// What sort of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Clash,
    Synergy,
    Gap,
}

impl Found {
    /// The sort of an entry that is a finding; none of one of a sort that this release does not know.
    pub fn of(entry: &Entry) -> Option<Self> {
        match entry.finding.as_ref()?.kind() {
            FindingKind::Unspecified => None,
            FindingKind::Clash => Some(Self::Clash),
            FindingKind::Synergy => Some(Self::Synergy),
            FindingKind::Gap => Some(Self::Gap),
        }
    }

    /// Its name, also in the style sheet.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clash => "clash",
            Self::Synergy => "synergy",
            Self::Gap => "gap",
        }
    }

    /// A sign that tells it apart without colour.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Clash => "✕",
            Self::Synergy => "+",
            Self::Gap => "○",
        }
    }
}

/// When an entry began or ended.
pub(crate) fn when(occurred: &Option<proto::types::Occurred>) -> Option<Occurred> {
    occurred.as_ref().and_then(from_occurred)
}

/// An instant of the wire.
pub(crate) fn instant(at: &Option<prost_types::Timestamp>) -> Option<Timestamp> {
    at.as_ref().and_then(|at| Timestamp::new(at.seconds, at.nanos).ok())
}

/// A time in the zone it was told in: the day alone where no more is known.
pub(crate) fn time(occurred: &Occurred) -> Markup {
    match occurred.precision {
        Precision::Day => html! { time datetime=(occurred.on()) { (occurred.on().strftime("%-d %b %Y")) } },
        Precision::Instant => {
            let wall = occurred.zone.wall(occurred.at);
            html! {
                time datetime=(occurred.at) { (wall.strftime("%-d %b %Y, %H:%M")) }
                " " span.zone { (occurred.zone.name()) }
            }
        }
    }
}

/// When it happened, from the beginning to the end or to what is known.
pub(crate) fn span(entry: &Entry) -> Markup {
    let (start, end) = (when(&entry.start), when(&entry.end));
    let known = entry.known_until.as_ref().and_then(from_date);
    html! {
        @match (&start, &end) {
            (Some(start), Some(end)) if same_day(start, end) => { (hours(start, end)) }
            (Some(start), Some(end)) if start != end => { (time(start)) " to " (time(end)) }
            (Some(start), Some(_) | None) => { (time(start)) }
            (None, Some(end)) => { "until " (time(end)) }
            (None, None) => { "day unknown" }
        }
        @if entry.open {
            " " span.open {
                @match known {
                    Some(day) => { "open, known to " time datetime=(day) { (day.strftime("%-d %b %Y")) } }
                    None => { "open" }
                }
            }
        }
    }
}

fn same_day(start: &Occurred, end: &Occurred) -> bool {
    let told = |occurred: &Occurred| (occurred.on(), occurred.zone.clone(), occurred.precision);
    told(start) == told(end) && start != end
}

fn hours(start: &Occurred, end: &Occurred) -> Markup {
    let (from, to) = (start.zone.wall(start.at), end.zone.wall(end.at));
    html! {
        time datetime=(start.at) { (from.strftime("%-d %b %Y, %H:%M")) } "–"
        time datetime=(end.at) { (to.strftime("%H:%M")) }
        " " span.zone { (start.zone.name()) }
    }
}

/// The person's own words, or why they cannot be read.
pub(crate) fn words(entry: &Entry) -> Markup {
    html! {
        @match entry.text_status() {
            FieldStatus::Open => { q.words { (entry.text) } }
            FieldStatus::Erased => { span.mark { "[erased]" } }
            FieldStatus::Locked => { span.mark title="The key cannot be had just now: ask again later" { "[locked]" } }
            FieldStatus::Unspecified => {}
        }
    }
}

/// An entry as JSON.
pub(crate) fn entry_json(entry: &Entry) -> Value {
    let time = |occurred: &Option<proto::types::Occurred>| {
        when(occurred).map(|occurred| {
            let precision = match occurred.precision {
                Precision::Day => "day",
                Precision::Instant => "instant",
            };
            json!({ "at": occurred.at.to_string(), "zone": occurred.zone.name(), "day": occurred.on().to_string(), "precision": precision })
        })
    };
    let found: Vec<Value> = entry
        .discrepancies
        .iter()
        .map(|found| json!({ "code": found.code, "detail": found.detail }))
        .collect();
    let domains: Vec<&str> = entry.life_domains().map(|domain| domain.as_str_name()).collect();
    json!({
        "id": entry.id,
        "person_id": entry.person_id,
        "kind": entry.kind().as_str_name(),
        "finding": Found::of(entry).map(Found::name),
        "rule": entry.finding.as_ref().map(|finding| &finding.rule),
        "service": entry.service,
        "agency_id": entry.agency_id,
        "agency_name": entry.agency_name,
        "start": time(&entry.start),
        "end": time(&entry.end),
        "open": entry.open,
        "known_until": entry.known_until.as_ref().and_then(from_date).map(|day| day.to_string()),
        "line": entry.line,
        "text": entry.text,
        "text_status": entry.text_status().as_str_name(),
        "stream": entry.stream,
        "life_domains": domains,
        "goal_ids": entry.goal_ids,
        "labels": entry.labels,
        "discrepancies": found,
        "withdrawn": entry.withdrawn,
        "known_from": instant(&entry.known_from).map(|at| at.to_string()),
    })
}
