//! `throughline timeline`: one person's life as a readable table, or as JSON.
//! Invariant: it reads as operator, says so in its first line, and the read is written down by the service.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use proto::registry::registry_service_client::RegistryServiceClient;
use proto::registry::{FindPersonsRequest, PersonIdentifier};
use proto::timeline::timeline_service_client::TimelineServiceClient;
use proto::timeline::{Entry, GetTimelineRequest};
use proto::types::FieldStatus;
use serde_json::json;

use crate::client::{To, told};
use crate::out;

/// Whose timeline.
#[derive(Args)]
pub struct Timeline {
    /// The person's id, or an identifier as SYSTEM=VALUE
    person: String,
    /// Of these services alone
    #[arg(long = "service")]
    services: Vec<String>,
    /// As JSON, one entry a line
    #[arg(long)]
    json: bool,
    /// As the logs had recorded it at this instant, for example 2026-03-09T17:00:00-05:00
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<jiff::Timestamp>,
    /// The source whose agencies share that identifier, for example the name that an import gave
    #[arg(long)]
    source: Option<String>,
    /// Where the registry is, if not at --to
    #[arg(long)]
    registry: Option<String>,
    #[command(flatten)]
    to: To,
}

impl Timeline {
    /// Reads all of it, newest first.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let person = self.person_id().await?;
        if !self.json {
            out::line(format_args!(
                "Read as operator: every agency's entries but for where a restricted person is; in the audit log."
            ))?;
        }
        let mut client = TimelineServiceClient::new(self.to.operator()?);
        let mut page_token = String::new();
        let mut shown = 0;
        loop {
            let request = GetTimelineRequest {
                person_id: person.clone(),
                services: self.services.clone(),
                page_size: 200,
                page_token,
                as_of: self.as_of.map(platform::wire::to_instant),
                ..Default::default()
            };
            let page = client.get_timeline(request).await.map_err(told)?.into_inner();
            for entry in &page.entries {
                if self.json {
                    out::line(as_json(entry))?;
                } else {
                    out::line(as_row(entry))?;
                }
            }
            shown += page.entries.len();
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        if !self.json {
            out::line(format_args!("{shown} entries"))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn person_id(&self) -> anyhow::Result<String> {
        if uuid::Uuid::try_parse(&self.person).is_ok() {
            return Ok(self.person.clone());
        }
        let to = To { to: self.registry.clone().unwrap_or_else(|| self.to.to.clone()), ..self.to.clone() };
        let Some((system, value)) = self.person.split_once('=') else {
            bail!("{} is no id; give a UUID, or an identifier as SYSTEM=VALUE", self.person);
        };
        let mut registry = RegistryServiceClient::new(to.operator()?);
        let request = FindPersonsRequest {
            identifier: Some(PersonIdentifier {
                system: system.to_owned(),
                value: value.to_owned(),
                shared_by_source: self.source.clone().unwrap_or_default(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let reply = registry.find_persons(request).await.map_err(told)?.into_inner();
        let found: Vec<String> =
            reply.found.into_iter().filter_map(|found| found.person).map(|person| person.id).collect();
        match found.as_slice() {
            [person] => Ok(person.clone()),
            [] => bail!("nobody has the identifier {}", self.person),
            several => {
                let listed = several.join(", ");
                Err(anyhow::anyhow!("give one of these ids: {listed}"))
                    .context("several people have that identifier")
            }
        }
    }
}

fn day(occurred: Option<&proto::types::Occurred>) -> String {
    let occurred = occurred.and_then(platform::wire::from_occurred);
    occurred.map_or_else(String::new, |occurred| match occurred.precision {
        kernel::Precision::Day => occurred.on().to_string(),
        kernel::Precision::Instant => occurred.zone.wall(occurred.at).strftime("%Y-%m-%d %H:%M").to_string(),
    })
}

fn as_row(entry: &Entry) -> String {
    let until = match (&entry.end, entry.open, &entry.known_until) {
        (Some(_), _, _) => day(entry.end.as_ref()),
        (None, true, Some(known)) => {
            format!("open, known to {:04}-{:02}-{:02}", known.year, known.month, known.day)
        }
        (None, true, None) => "open".to_owned(),
        (None, false, _) => String::new(),
    };
    let mut row =
        format!("{:<16}  {:<16}  {:<12}  {}", day(entry.start.as_ref()), until, entry.service, entry.line);
    match entry.text_status() {
        FieldStatus::Open => row.push_str(&format!(": \u{201c}{}\u{201d}", entry.text)),
        FieldStatus::Erased => row.push_str(": [erased]"),
        FieldStatus::Locked => row.push_str(": [locked]"),
        FieldStatus::Unspecified => {}
    }
    if !entry.agency_name.is_empty() {
        row.push_str(&format!("  ({})", entry.agency_name));
    }
    for found in &entry.discrepancies {
        row.push_str(&format!("  [{}]", found.code));
    }
    row
}

fn as_json(entry: &Entry) -> serde_json::Value {
    let instant = |occurred: &Option<proto::types::Occurred>| {
        let occurred = occurred.as_ref().and_then(platform::wire::from_occurred);
        occurred.map(|occurred| json!({ "at": occurred.at.to_string(), "zone": occurred.zone.name(), "day": occurred.on().to_string() }))
    };
    json!({
        "id": entry.id,
        "person_id": entry.person_id,
        "kind": entry.kind().as_str_name(),
        "service": entry.service,
        "agency_id": entry.agency_id,
        "agency_name": entry.agency_name,
        "start": instant(&entry.start),
        "end": instant(&entry.end),
        "open": entry.open,
        "line": entry.line,
        "text": entry.text,
        "stream": entry.stream,
        "labels": entry.labels,
        "discrepancies": entry.discrepancies.iter().map(|found| found.code.clone()).collect::<Vec<_>>(),
        "withdrawn": entry.withdrawn,
        "replaced_by_id": entry.replaced_by_id,
    })
}
