//! `throughline verify`, `rebuild`, `replay` and `log fork`: what operators do while services serve.
//! Invariant: a difference or a parked person makes the command exit with 2, so a script notices.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use proto::log as pb;
use proto::log::operations_service_client::OperationsServiceClient as Client;

use crate::client::{To, told};
use crate::out;

/// Which read models to verify.
#[derive(Args)]
pub struct Verify {
    /// Service whose read models to verify; all that are served there where left out
    service: Option<String>,
    #[command(flatten)]
    to: To,
}

impl Verify {
    /// Verifies and tells.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let mut client = Client::new(self.to.operator()?);
        let models = client
            .list_read_models(pb::ListReadModelsRequest {})
            .await
            .map_err(told)?
            .into_inner()
            .read_models;
        let mut different = 0;
        for model in models {
            if self.service.as_ref().is_some_and(|service| *service != model.service) {
                continue;
            }
            let request =
                pb::VerifyReadModelRequest { service: model.service.clone(), name: model.name.clone() };
            let verified = client.verify_read_model(request).await.map_err(told)?.into_inner();
            out::line(format_args!(
                "{}/{}: {} rows, {} different",
                model.service, model.name, verified.rows, verified.different
            ))?;
            for difference in verified.differences {
                out::line(format_args!("  {difference}"))?;
            }
            for parked in &model.parked {
                out::line(format_args!(
                    "  parked: {} in {} at {}: {}",
                    parked.subject, parked.log, parked.position, parked.reason
                ))?;
            }
            different += verified.different + model.parked.len() as u64;
        }
        Ok(if different == 0 { ExitCode::SUCCESS } else { ExitCode::from(2) })
    }
}

/// Which service's read models to make anew.
#[derive(Args)]
pub struct Rebuild {
    /// Service whose read models to rebuild, for example "timeline"
    service: String,
    #[command(flatten)]
    to: To,
}

impl Rebuild {
    /// Rebuilds each, one after the other.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let mut client = Client::new(self.to.operator()?);
        let models = client
            .list_read_models(pb::ListReadModelsRequest {})
            .await
            .map_err(told)?
            .into_inner()
            .read_models;
        let mut found = false;
        for model in models.into_iter().filter(|model| model.service == self.service) {
            found = true;
            let started = std::time::Instant::now();
            let request =
                pb::RebuildReadModelRequest { service: model.service.clone(), name: model.name.clone() };
            let rebuilt = client.rebuild_read_model(request).await.map_err(told)?.into_inner();
            let seconds = started.elapsed().as_secs_f64();
            out::line(format_args!(
                "{}/{}: generation {} is live after {seconds:.1} s",
                model.service, model.name, rebuilt.generation
            ))?;
        }
        anyhow::ensure!(found, "{} is not served at {} or has no read models", self.service, self.to.to);
        Ok(ExitCode::SUCCESS)
    }
}

/// Which service's parked people to try again.
#[derive(Args)]
pub struct Replay {
    /// Service whose read models to replay
    service: String,
    #[command(flatten)]
    to: To,
}

impl Replay {
    /// Replays each read model's parked events.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let mut client = Client::new(self.to.operator()?);
        let models = client
            .list_read_models(pb::ListReadModelsRequest {})
            .await
            .map_err(told)?
            .into_inner()
            .read_models;
        let mut still = 0;
        for model in models.into_iter().filter(|model| model.service == self.service) {
            let request =
                pb::ReplayParkedRequest { service: model.service.clone(), name: model.name.clone() };
            let replayed = client.replay_parked(request).await.map_err(told)?.into_inner();
            out::line(format_args!(
                "{}/{}: {} applied, {} still parked",
                model.service, model.name, replayed.applied, replayed.still_parked
            ))?;
            still += replayed.still_parked;
        }
        Ok(if still == 0 { ExitCode::SUCCESS } else { ExitCode::from(2) })
    }
}

/// What to do with a log.
#[derive(Subcommand)]
pub enum Log {
    /// Give a restored log a new incarnation: the last step of a restore
    Fork {
        /// The log, by its service's name
        log: String,
        /// Up to which position it agrees with what readers have seen; its head where left out
        #[arg(long, default_value_t = 0)]
        agrees_up_to: u64,
        #[command(flatten)]
        to: To,
    },
}

impl Log {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Fork { log, agrees_up_to, to } => {
                let request = pb::ForkLogRequest { log: log.clone(), agrees_up_to };
                let forked = Client::new(to.operator()?).fork_log(request).await.map_err(told)?.into_inner();
                out::line(format_args!("{log}: now {}", forked.log_id))?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}
