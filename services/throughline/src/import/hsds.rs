//! `throughline import hsds`: brings in a directory of services, Open Referral HSDS 3, as agencies and their offers.
//! Invariant: a bad row is told and stops nothing; the same directory again writes nothing, and a row that changed is a correction.
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

use super::summary::{Source, Tally};
use super::{integration, send, tell_rejects, zone};
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
    /// Write the rejected rows there as CSV, with file, line or JSON pointer, column and reason
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
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
            true => tables::read(&self.path)?,
            false => json::read(&self.path)?,
        };
        // Nobody but this run knows the nonce, so its request ids tell nobody anything about the rows.
        let mut plan = plan::plan(&mut directory, &system, &zone, Uuid::new_v4());
        let tally = match self.dry_run {
            true => Tally::of_plan(&plan),
            false => {
                let peer = integration(&self.to, "hsds-import", &system)?;
                send::send(peer, &system, &mut plan).await?.tally
            }
        };
        let rejected = tell_rejects(&plan, self.rejects.as_deref(), &directory)?;
        let title = format!("directory {system}");
        let source = Source { title, kinds: &KINDS, partial: true, unread: &directory.unread };
        out::write(tally.table(&source, &plan, None, self.dry_run))?;
        Ok(rejected)
    }
}
