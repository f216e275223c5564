//! Sends a plan: stage by stage, and within a stage many commands at once.
//! Invariant: what writes to one stream goes one after the other; what a step needs was answered in a stage before it.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use indicatif::{ProgressBar, ProgressStyle};
use platform::peer::Peer;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::call::{Answer, call};
use super::missing::{self, SentFact};
use super::plan::Plan;
use super::step::{Ask, Ids, Named, Stage, Step, Withdrawn};
use super::summary::Tally;
use super::table::Fault;

/// Commands under way at once.
const IN_FLIGHT: usize = 64;

/// What the workers share.
struct Shared {
    peer: Peer,
    ids: RwLock<Ids>,
    lanes: Mutex<VecDeque<Vec<Step>>>,
    tally: Mutex<Tally>,
    bar: ProgressBar,
}

/// What came of sending.
#[derive(Debug)]
pub struct Sent {
    /// What was taken and refused.
    pub tally: Tally,
    /// The ids that came back.
    pub ids: Ids,
    /// Every fact that there was to send.
    pub facts: Vec<SentFact>,
}

/// Sends everything, adds what the server refused to the rejects, and counts what it took.
///
/// # Errors
/// A server that is away for good, or a caller who may not. What was sent before stands: sending it again changes nothing.
pub async fn send(peer: Peer, system: &str, plan: &mut Plan) -> anyhow::Result<Sent> {
    let steps = std::mem::take(&mut plan.steps);
    let facts = steps.iter().map(SentFact::of).collect();
    let bar = ProgressBar::new(steps.len() as u64);
    bar.set_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} commands, {per_sec}, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let shared = Arc::new(Shared {
        peer,
        ids: RwLock::default(),
        lanes: Mutex::default(),
        tally: Mutex::default(),
        bar,
    });
    let mut stages: HashMap<Stage, Vec<Step>> = HashMap::new();
    for step in steps {
        stages.entry(step.stage).or_default().push(step);
    }
    for stage in Stage::ALL {
        let mut steps = stages.remove(&stage).unwrap_or_default();
        if !steps.is_empty() && (stage == Stage::People || stage == Stage::Facts) {
            let told = missing::told_by(&shared.peer, system).await?;
            let ids = shared.ids.read().unwrap_or_else(PoisonError::into_inner);
            steps.iter_mut().for_each(|step| keep_speaker(step, &told, &ids));
        }
        *shared.lanes.lock().unwrap_or_else(PoisonError::into_inner) = lanes(steps);
        let mut workers = JoinSet::new();
        for _ in 0..IN_FLIGHT {
            workers.spawn(work(Arc::clone(&shared)));
        }
        while let Some(done) = workers.join_next().await {
            done??;
        }
    }
    shared.bar.finish_and_clear();
    let tally = std::mem::take(&mut *shared.tally.lock().unwrap_or_else(PoisonError::into_inner));
    for ((file, at), reason) in &tally.refused {
        plan.rejects.add(file, at.clone(), Fault::new("", reason.clone()));
    }
    let ids = std::mem::take(&mut *shared.ids.write().unwrap_or_else(PoisonError::into_inner));
    Ok(Sent { tally, ids, facts })
}

/// Of a person speaks the agency that told of them first, so that they stay the same record.
fn keep_speaker(step: &mut Step, told: &HashMap<String, BTreeSet<Uuid>>, ids: &Ids) {
    let person = match &step.ask {
        Ask::Person(_) => true,
        Ask::Withdrawal(withdrawal) => withdrawal.kind == Withdrawn::Person,
        Ask::Agency(_)
        | Ask::Worker(_)
        | Ask::Group(_)
        | Ask::Capacity(_)
        | Ask::Offer(_)
        | Ask::Placement(_)
        | Ask::Participation(_)
        | Ask::Nights(_)
        | Ask::Living(_)
        | Ask::Contact(_)
        | Ask::Referral(_)
        | Ask::Employment(_)
        | Ask::Measure(_) => false,
    };
    let Some(before) = told.get(&step.ask.fact().1.key).filter(|_| person) else { return };
    let planned = step.agency.clone().and_then(|agency| ids.of(&Named::Agency(agency)));
    let same = planned.is_some_and(|agency| before.iter().any(|known| known.to_string() == agency));
    step.told_by = before.first().copied().filter(|_| !same);
}

/// Steps by lane, in the order of the first of each.
fn lanes(steps: Vec<Step>) -> VecDeque<Vec<Step>> {
    let (mut lanes, mut at): (VecDeque<Vec<Step>>, HashMap<String, usize>) = Default::default();
    for step in steps {
        let place = *at.entry(step.lane.clone()).or_insert_with(|| {
            lanes.push_back(vec![]);
            lanes.len() - 1
        });
        lanes[place].push(step);
    }
    lanes
}

async fn work(shared: Arc<Shared>) -> anyhow::Result<()> {
    loop {
        let lane = shared.lanes.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(lane) = lane else { return Ok(()) };
        for step in lane {
            one(&shared, step).await?;
            shared.bar.inc(1);
        }
    }
}

async fn one(shared: &Shared, step: Step) -> anyhow::Result<()> {
    let ready = {
        let ids = shared.ids.read().unwrap_or_else(PoisonError::into_inner);
        step.filled(&ids).and_then(|ask| Ok((step.speaker(&ids)?, ask)))
    };
    let (speaker, ask) = match ready {
        Ok(ready) => ready,
        Err(why) => {
            shared.tally.lock().unwrap_or_else(PoisonError::into_inner).refuse(&step, why);
            return Ok(());
        }
    };
    let answer = call(&shared.peer, speaker, &ask).await?;
    let mut tally = shared.tally.lock().unwrap_or_else(PoisonError::into_inner);
    match answer {
        Answer::Taken(written, untold) => {
            if let Some(named) = &step.gives {
                shared.ids.write().unwrap_or_else(PoisonError::into_inner).learn(named.clone(), written.id);
            }
            tally.take(&step, &written.discrepancies);
            tally.leave(&step, &untold);
        }
        Answer::Nothing => tally.nothing(&step),
        Answer::Refused(why) => tally.refuse(&step, &why),
    }
    Ok(())
}
