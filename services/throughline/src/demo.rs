//! `throughline demo`: every service in one process on the embedded store, and invented people whose lives are written there by the commands that
//! agencies use, under a driven clock.
//!
//! Invariants: the same seed and day give the same lives; a directory that holds a store is served as it is and never written over; until the lives are
//! written, reads are served and commands from outside are told when to come back.

mod calendar;
mod chance;
mod directory;
mod life;
mod progress;
mod sketch;
mod stage;
mod town;
mod voice;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use kernel::{Actor, Caller, Role, WorkerId, Zone};
use platform::clock::Clock;
use platform::command::Gate;
use platform::config::{Flags, Settings, environment};
use platform::drain::Drain;
use platform::peer::{Identity, connect};

use crate::node::{Node, all, needs};
use crate::serve::announce;
use calendar::{Calendar, ZONE};
use directory::{Directory, Found};
use life::{IDENTIFIER, Scene, identifier};
use progress::Progress;
use stage::{Halt, Stage};
use town::Town;
use voice::Exchange;

/// How many lives, how long, and where.
#[derive(Args)]
pub struct Demo {
    /// Other lives by another number
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many people
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    people: u32,
    /// How many days are lived; the last is yesterday
    #[arg(long, default_value_t = 730, value_parser = clap::value_parser!(u32).range(7..=3_650))]
    days: u32,
    /// The day before which lives end, as 2026-03-09; today where left out
    #[arg(long)]
    until: Option<jiff::civil::Date>,
    /// Where everything is kept [default: throughline-demo in the folder for temporary files]
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
    /// Where gRPC is served [default: 127.0.0.1:50051]
    #[arg(long, value_name = "ADDRESS")]
    grpc_listen: Option<String>,
    /// Where pages and JSON are served [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    http_listen: Option<String>,
    /// Where livez, readyz and metrics are served [default: 127.0.0.1:9464]
    #[arg(long, value_name = "ADDRESS")]
    admin_listen: Option<String>,
}

impl Demo {
    /// Serves until SIGTERM or SIGINT; writes the lives first where the directory holds none.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let calendar = self.calendar()?;
        let directory = Directory::at(self.data.clone());
        let found = directory.look()?;
        let settings = self.settings(&directory)?;
        let _telemetry = platform::telemetry::start("demo")?;
        let drain = Drain::new(settings.drain);
        drain.on_signals()?;
        let (clock, gate) = match found {
            Found::Nothing => (Clock::driven(calendar.begins()), Gate::closed()),
            Found::Lives | Found::HalfOfThem => (Clock::system(), Gate::open()),
        };
        let node = Node::start_behind(&all(), &settings, clock.clone(), drain.clone(), gate.clone()).await?;
        announce(&node);
        let to = format!("http://{}", node.grpc);
        match found {
            Found::Nothing => {
                try_these(&node, &identifier(1));
                let seeded = tokio::select! {
                    seeded = self.seed(&node, &directory, calendar, (clock, gate)) => seeded,
                    () = drain.begun() => Ok(()),
                };
                if let Err(wrong) = seeded {
                    drain.begin();
                    node.ended().await;
                    return Err(
                        wrong.context(format!("the lives could not be written; {}", directory.anew()))
                    );
                }
                if !drain.has_begun() {
                    try_person(&to).await?;
                }
            }
            Found::Lives => {
                println!(
                    "{} holds lives already; they are served as they are. {}",
                    directory.path(),
                    directory.anew()
                );
                try_these(&node, &identifier(1));
            }
            Found::HalfOfThem => println!(
                "{} holds lives that were not written to their end; they are served as they are. {}",
                directory.path(),
                directory.anew()
            ),
        }
        Ok(if node.ended().await { ExitCode::SUCCESS } else { ExitCode::from(3) })
    }

    fn calendar(&self) -> anyhow::Result<Calendar> {
        let today = Zone::stored(ZONE).day_of(jiff::Timestamp::now());
        let until = self.until.unwrap_or(today);
        anyhow::ensure!(
            until <= today,
            "--until {until} lies ahead; lives are lived up to yesterday at most"
        );
        Ok(Calendar::ending(until, self.days))
    }

    fn settings(&self, directory: &Directory) -> anyhow::Result<Settings> {
        let flags = Flags {
            store: Some(directory.store()),
            grpc_listen: self.grpc_listen.clone(),
            http_listen: self.http_listen.clone(),
            admin_listen: self.admin_listen.clone(),
            ..Flags::default()
        };
        // The demo stands alone: of the environment it hears where to listen, and nothing that would have it serve others' data.
        let mut heard = environment();
        heard.retain(|name, _| name.ends_with("_LISTEN"));
        Ok(Settings::settle(&flags, &heard, needs(&all(), &[]))?)
    }

    /// Writes the lives, then makes the clock the machine's and lets everybody write.
    async fn seed(
        &self,
        node: &Node,
        directory: &Directory,
        calendar: Calendar,
        (clock, gate): (Clock, Gate),
    ) -> anyhow::Result<()> {
        let began = Instant::now();
        directory.begin()?;
        let operator = Caller {
            actor: Actor::Worker(WorkerId::of(0)),
            role: Role::Operator,
            agency: None,
            on_behalf_of: None,
        };
        let peer = connect(&node.grpc.to_string(), Identity::Plain(operator))?;
        let exchange = Exchange::new(peer, gate.pass());
        let (sketches, needed) = sketch::sketches(self.seed, self.people, &calendar);
        let town = match Town::found(&exchange, &calendar, needed).await {
            Ok(town) => Arc::new(town),
            Err(Halt::Trouble(trouble)) => return Err(trouble),
            Err(Halt::Over) => anyhow::bail!("the town was not founded in its time"),
        };
        let stage = Stage::new(clock.clone(), node.services.clone(), calendar.ends());
        let progress = Progress::new(&calendar);
        let scene = Scene { town, calendar: Arc::new(calendar), stage: stage.clone() };
        scene.town.goes_on(&scene.calendar, &stage);
        for sketch in sketches {
            let scene = scene.clone();
            stage.cue(|part| life::play(scene, sketch, part));
        }
        stage.play(|at| progress.at(at)).await?;
        directory.done()?;
        clock.release();
        gate.open_up();
        let events: u64 = node.services.iter().map(|service| *service.log().head_changes().borrow()).sum();
        progress.done();
        println!(
            "seeded {} people over {} days: {events} events in {:.1} s; the clock is the machine's now",
            self.people,
            self.days,
            began.elapsed().as_secs_f64()
        );
        Ok(())
    }
}

/// Things to try while it seeds.
fn try_these(node: &Node, number: &str) {
    let to = node.grpc;
    println!("try, in another terminal:");
    println!("  throughline timeline {IDENTIFIER}={number} --source {IDENTIFIER} --to http://{to}");
    println!("  throughline events referrals --follow --to http://{to}");
    match node.http {
        Some(http) => println!("  open http://{http}/ in a browser"),
        None => println!("  throughline verify --to http://{to}"),
    }
}

/// Things to try then: a life, the queue of records that may be of one human, what was told to whom, an agency's inbox and the watch of its people, and
/// whether every list is what the logs say.
async fn try_person(to: &str) -> anyhow::Result<()> {
    let operator = Caller {
        actor: Actor::Worker(WorkerId::of(0)),
        role: Role::Operator,
        agency: None,
        on_behalf_of: None,
    };
    let peer = connect(to, Identity::Plain(operator))?;
    let mut registry = proto::registry::registry_service_client::RegistryServiceClient::new(peer);
    let number = proto::registry::PersonIdentifier {
        system: IDENTIFIER.to_owned(),
        value: identifier(1),
        shared_by_source: IDENTIFIER.to_owned(),
        ..Default::default()
    };
    let request = proto::registry::GetPersonRequest { identifier: Some(number), ..Default::default() };
    let found = registry.get_person(request).await.map_err(crate::client::told)?.into_inner().person;
    let person = found.context("the first person is not there")?.id;
    println!("the one who has seen everything is {person}:");
    println!("  throughline timeline {person} --to {to}");
    println!(
        "who may be registered twice, and why; link two by LinkPersons, or say by NeverLinkPersons that they are two:"
    );
    println!("  throughline call ListDuplicateCandidates --get candidates --to {to}");
    println!("what was told about the first one, of whose records and to whom:");
    println!(
        "  throughline call ListDisclosures --get disclosures --to {to} '{{\"person_id\": \"{person}\"}}'"
    );
    let request = proto::registry::ListAgenciesRequest { page_size: 200, ..Default::default() };
    let agencies = registry.list_agencies(request).await.map_err(crate::client::told)?.into_inner().agencies;
    let named = |agency: &&proto::registry::Agency| {
        agency.content.as_ref().is_some_and(|content| content.name == town::CLUBHOUSE)
    };
    let clubhouse = &agencies.iter().find(named).context("the clubhouse is not there")?.id;
    println!(
        "what the clubhouse was asked for and is open, the longest waiting first; and every change of whom it serves, as it comes:"
    );
    println!("  throughline call ListInbox --agency {clubhouse} --get referrals --to {to}");
    println!("  throughline call WatchAgency --agency {clubhouse} --to {to}");
    println!("whether every list is what the logs say:");
    println!("  throughline verify --to {to}");
    Ok(())
}
