//! How far a projection is behind its sources.
//! Invariant: measured against each log's own head, never against what a tail happened to bring.

use futures_util::future::join_all;
use jiff::Timestamp;

use super::Views;
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::source::{Place, Source};

/// How far behind one source.
#[derive(Clone, Debug, PartialEq)]
pub struct Lag {
    /// The log.
    pub source: String,
    /// Position of the log's newest event, as known last.
    pub head: u64,
    /// Events in the log and not in the tables.
    pub events: u64,
    /// Age of the oldest of them, in seconds; 0 if there is none. While the log cannot be asked it grows with the time since it last could, for
    /// something may have happened there; infinite where it never could.
    pub seconds: f64,
    /// Whether the log could be asked; if not, `events` is what was known last.
    pub reachable: bool,
    /// When it was last asked with success.
    pub asked: Option<Timestamp>,
    /// People whose events of it wait because one could not be applied.
    pub parked: u64,
}

/// Looks at every source once.
pub(super) async fn look(
    projection: &str,
    sources: &[Source],
    views: &Views,
    clock: &Clock,
    metrics: &Metrics,
) {
    let before = views.lag();
    // All at once: one that hangs must not make the others' lag old.
    let lags = join_all(sources.iter().map(|source| {
        let known = before.iter().find(|lag| lag.source == source.name()).cloned();
        behind(source, views, clock, known)
    }));
    let mut lags = lags.await;
    match views.parked().await {
        Ok(parked) => {
            lags.iter_mut().for_each(|lag| lag.parked = parked.get(&lag.source).copied().unwrap_or_default());
        }
        // As many as were last counted: tables that cannot be read are told of by who applies to them.
        Err(_) => lags.iter_mut().for_each(|lag| {
            let known = before.iter().find(|known| known.source == lag.source);
            lag.parked = known.map_or(0, |known| known.parked);
        }),
    }
    for lag in &lags {
        metrics.projection_lag(projection, &lag.source, lag.events, lag.seconds);
    }
    views.set_lag(lags);
}

async fn behind(source: &Source, views: &Views, clock: &Clock, known: Option<Lag>) -> Lag {
    let Ok(stands) = source.stands().await else {
        let (head, events, asked) =
            known.map_or((0, 0, None), |known| (known.head, known.events, known.asked));
        let seconds = asked.map_or(f64::INFINITY, |asked| age(asked, clock.now()));
        let source = source.name().to_owned();
        return Lag { source, head, events, seconds, reachable: false, asked, parked: 0 };
    };
    // Asked after the head, so that what both know of is not counted.
    let progress = views.progress().borrow().clone();
    let place = progress.places.get(source.name()).map_or_else(Place::nowhere, |place| (**place).clone());
    // Places of another incarnation do not compare: all of the log is still to be read, unless it goes on from that one.
    let read = match stands.agrees_with(place.log_id) {
        Some(up_to) if place.position <= up_to => place.position,
        Some(_) | None => 0,
    };
    let events = stands.position.saturating_sub(read);
    let oldest = if events > 0 { source.recorded_after(read).await.ok().flatten() } else { None };
    let seconds = oldest.map_or(0.0, |at| age(at, clock.now()));
    let asked = Some(clock.now());
    let (source, head) = (source.name().to_owned(), stands.position);
    Lag { source, head, events, seconds, reachable: true, asked, parked: 0 }
}

/// Seconds from then to now; another machine's clock may be ahead of ours.
fn age(then: Timestamp, now: Timestamp) -> f64 {
    now.duration_since(then).as_secs_f64().max(0.0)
}
