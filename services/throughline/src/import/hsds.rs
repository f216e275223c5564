//! `throughline import hsds`: brings in a directory of services, Open Referral HSDS 3, as agencies and their offers.
//! Invariant: a bad row is told and stops nothing; the same directory again writes nothing, and a row that changed is a correction. What it does not hold any
//! more is listed and stays as it is: only a status takes an offer back.
//!
//! Reading order: [`directory`] (what a directory is), [`tables`] and [`json`] (reading it in either form), [`codes`] (what its words mean here),
//! [`plan`] (what to send).

mod codes;
mod directory;
mod json;
mod plan;
mod tables;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use uuid::Uuid;

use super::missing::{OF_DIRECTORY, Told};
use super::summary::{Source, Tally};
use super::{integration, missing, send, tell_missing, tell_rejects, zone};
use crate::client::To;
use crate::out;

/// The kinds of fact, in the order in which they are shown.
const KINDS: [&str; 2] = ["agencies", "offers"];

/// A directory of services, Open Referral HSDS 3.
#[derive(Args)]
pub struct Hsds {
    /// A JSON file, or a folder of JSON files or of CSV tables
    path: PathBuf,
    /// Read and check everything, send nothing
    #[arg(long)]
    dry_run: bool,
    /// Write the rejected rows there as CSV, with file, line or JSON pointer, column and reason, to be mended and fed back by --mended
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Rows that an earlier run rejected, mended: each takes the place of the row or JSON item that it came from
    #[arg(long, value_name = "FILE")]
    mended: Option<PathBuf>,
    /// Write there as CSV, by service, table and key, what the directory told before and does not hold now; it stays as it is
    #[arg(long, value_name = "FILE")]
    missing: Option<PathBuf>,
    /// What the directory is called, the same each time; its ids are unique in it
    #[arg(long, default_value = "directory", value_name = "NAME")]
    source: String,
    /// Time zone of the agencies and their hours; the format has no field for it
    #[arg(long, default_value = "America/Chicago", value_name = "ZONE")]
    zone: String,
    #[command(flatten)]
    to: To,
}

impl Hsds {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let zone = zone(&self.zone)?;
        let system = format!("hsds:{}", self.source);
        let mut directory = match tables::is_there(&self.path) {
            true => tables::read(&self.path, self.mended.as_deref())?,
            false => json::read(&self.path, self.mended.as_deref())?,
        };
        // Nobody but this run knows the nonce, so its request ids tell nobody anything about the rows.
        let mut plan = plan::plan(&mut directory, &system, &zone, Uuid::new_v4());
        let mut missing = None;
        let tally = match self.dry_run {
            true => Tally::of_plan(&plan),
            false => {
                let peer = integration(&self.to, "hsds-import", &system)?;
                let sent = send::send(peer.clone(), &system, &mut plan).await?;
                let told = Told::of(&plan, &sent);
                missing = Some(missing::missing(&peer, &system, &OF_DIRECTORY, (told, &sent)).await?);
                sent.tally
            }
        };
        tell_missing(missing.as_ref(), self.missing.as_deref())?;
        let rejected = tell_rejects(&plan, self.rejects.as_deref(), &directory)?;
        let title = format!("directory {system}");
        let (kinds, unread, left_out) = (&KINDS, &directory.unread, "this directory");
        let source = Source { title, kinds, partial: false, left_out, unread };
        out::write(tally.table(&source, &plan, missing.as_ref(), self.dry_run))?;
        Ok(rejected)
    }
}
