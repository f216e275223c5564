//! `throughline events`: the events of a log, as they were recorded.
//! Invariant: what is sealed stays sealed; payloads are shown by type and size, or as base64 in JSON.

use std::process::ExitCode;

use clap::Args;
use platform::log::Recorded;
use proto::log::ReadFeedRequest;
use proto::log::feed_service_client::FeedServiceClient;
use serde_json::json;

use crate::client::{To, told};
use crate::out;

/// Which events.
#[derive(Args)]
pub struct Events {
    /// The log, by its service's name
    service: String,
    /// From this position on
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Go on as events are appended
    #[arg(long)]
    follow: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    to: To,
}

impl Events {
    /// Prints them.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let request = ReadFeedRequest {
            log: self.service.clone(),
            after: self.from.saturating_sub(1),
            groups: vec![],
            log_id: String::new(),
            until_head: !self.follow,
        };
        let mut feed =
            FeedServiceClient::new(self.to.operator()?).read_feed(request).await.map_err(told)?.into_inner();
        while let Some(batch) = feed.message().await.map_err(told)? {
            for recorded in batch.events {
                let recorded = Recorded::from_pb(recorded);
                let event = recorded.decode()?;
                if self.json {
                    out::line(as_json(&recorded, &event))?;
                } else {
                    let kind = event.r#type.rsplit('.').next().unwrap_or_default();
                    out::line(format_args!(
                        "{:>8}  {}  {:<32} {}",
                        recorded.position, recorded.recorded_at, kind, event.stream
                    ))?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn as_json(recorded: &Recorded, event: &proto::log::Event) -> serde_json::Value {
    let occurred = event.occurred.as_ref().and_then(platform::wire::from_occurred);
    json!({
        "position": recorded.position,
        "partition": recorded.partition,
        "sequence": recorded.sequence,
        "recorded_at": recorded.recorded_at.to_string(),
        "id": event.id,
        "type": event.r#type,
        "stream": event.stream,
        "version": event.version,
        "person_id": event.person_id,
        "agency_id": event.agency_id,
        "on_behalf_of": event.on_behalf_of,
        "actor": event.actor.as_ref().map(|actor| json!({ "id": actor.id, "role": actor.role })),
        "occurred_at": occurred.as_ref().map(|occurred| occurred.at.to_string()),
        "zone": occurred.as_ref().map(|occurred| occurred.zone.name().to_owned()),
        "consent_reference": event.consent_reference,
        "labels": event.labels,
        "discrepancies": event.discrepancies.iter().map(|found| found.code.clone()).collect::<Vec<_>>(),
        "correlation_id": event.correlation_id,
        "causation_id": event.causation_id,
        "payload_bytes": event.payload.len(),
    })
}
