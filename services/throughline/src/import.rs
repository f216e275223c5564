//! `throughline import`: brings what another system holds in through the public `Record...` commands, as an integrating agency would.
//! Invariant: a bad row is told and stops nothing; an export that is not whole is refused before anything is written.
//!
//! Reading order: [`layout`] (what an export is made of), [`table`] and [`export`] (reading it), [`client`] and [`world`] (joining it), [`plan`] and
//! [`step`] (what to send), [`send`] and [`call`] (sending it), [`missing`] (what is told no more), [`rejects`], [`mended`] and [`summary`] (what
//! came of it). [`hsds`] is the same way for directories of services.

mod call;
mod client;
mod codes;
mod export;
mod hsds;
mod layout;
mod mended;
mod missing;
mod plan;
mod rejects;
mod send;
mod step;
mod summary;
mod table;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand};
use kernel::{Actor, AgencyId, Caller, Role, Zone};
use platform::peer::{Identity, Peer};
use uuid::Uuid;

use crate::client::To;
use crate::out;
use export::Export;
use missing::{Missing, OF_EXPORT, Told};
use rejects::Rows;
use summary::Tally;

/// The exit code of an import that left rows behind.
const SOME_REJECTED: u8 = 2;
/// How long one call may take.
const CALL_WITHIN: Duration = Duration::from_secs(20);

/// What to import.
#[derive(Subcommand)]
pub enum Import {
    /// A HUD HMIS CSV export, FY2026 or FY2024
    Hmis(Hmis),
    /// A directory of services, Open Referral HSDS 3, as JSON or as CSV tables
    Hsds(hsds::Hsds),
}

/// A HUD HMIS CSV export: a folder with one CSV file for each table.
#[derive(Args)]
pub struct Hmis {
    /// The folder
    folder: PathBuf,
    /// Read and check everything, send nothing
    #[arg(long)]
    dry_run: bool,
    /// Write the rejected rows there as CSV, with file, line, column and reason, to be mended and fed back by --mended
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Rows that an earlier run rejected, mended: each takes the place of the row of the folder that it came from
    #[arg(long, value_name = "FILE")]
    mended: Option<PathBuf>,
    /// Write there as CSV, by service, table and key, what the source told before and this full refresh tells no more; it stays as it is
    #[arg(long, value_name = "FILE")]
    missing: Option<PathBuf>,
    /// Time zone in which the export tells its days and times; the format has no field for it
    #[arg(long, default_value = "America/Chicago", value_name = "ZONE")]
    zone: String,
    #[command(flatten)]
    to: To,
}

impl Import {
    /// Imports it. The exit code is 0, or 2 where rows were rejected.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Hmis(import) => import.run().await,
            Self::Hsds(import) => import.run().await,
        }
    }
}

impl Hmis {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let zone = zone(&self.zone)?;
        let export = Export::read(&self.folder, self.mended.as_deref())?;
        // Nobody but this run knows the nonce, so its request ids tell nobody anything about the rows.
        let mut plan = plan::plan(&export, &zone, Uuid::new_v4());
        let mut missing = None;
        let tally = match self.dry_run {
            true => Tally::of_plan(&plan),
            false => {
                let peer = integration(&self.to, "hmis-import", &export.system)?;
                let sent = send::send(peer.clone(), &export.system, &mut plan).await?;
                if export.full {
                    let told = Told::of_export(&export, &plan, &sent);
                    let asked = missing::missing(&peer, &export.system, &OF_EXPORT, (told, &sent));
                    missing = Some(asked.await?);
                }
                sent.tally
            }
        };
        tell_missing(missing.as_ref(), self.missing.as_deref())?;
        let rejected = tell_rejects(&plan, self.rejects.as_deref(), &export)?;
        out::write(tally.table(&export.told(), &plan, missing.as_ref(), self.dry_run))?;
        Ok(rejected)
    }
}

/// The zone in which a source tells its times.
fn zone(name: &str) -> anyhow::Result<Zone> {
    Zone::named(name).with_context(|| format!("--zone {name}"))
}

/// Tells what could not be looked for, and writes what is missing where that was asked for.
fn tell_missing(missing: Option<&Missing>, path: Option<&Path>) -> anyhow::Result<()> {
    for told in missing.iter().flat_map(|missing| missing.unasked()) {
        eprintln!("{told}");
    }
    match path {
        // Also where nothing is: a file of an earlier run would tell of that.
        Some(path) => missing.unwrap_or(&Missing::default()).write(path),
        None => Ok(()),
    }
}

/// Tells what was rejected, writes it where that was asked for, and says with which code the import ends.
fn tell_rejects(plan: &plan::Plan, path: Option<&Path>, rows: &impl Rows) -> anyhow::Result<ExitCode> {
    for told in plan.rejects.told() {
        eprintln!("{told}");
    }
    if let Some(path) = path {
        plan.rejects.write(path, rows)?;
    }
    Ok(if plan.rejects.len() == 0 { ExitCode::SUCCESS } else { ExitCode::from(SOME_REJECTED) })
}

/// A channel as a source's own integration, which speaks for its agencies. A token says who calls where one is given.
fn integration(to: &To, name: &str, system: &str) -> anyhow::Result<Peer> {
    let own = AgencyId::new(Uuid::new_v5(&Uuid::NAMESPACE_OID, system.as_bytes()));
    let identity = match &to.token_file {
        Some(path) => Identity::token_file(path),
        None => Identity::Plain(Caller {
            actor: Actor::Service(name.to_owned()),
            role: Role::Recorder,
            agency: Some(own),
            on_behalf_of: None,
        }),
    };
    Ok(to.identified(identity)?.within(CALL_WITHIN))
}
