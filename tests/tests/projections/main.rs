//! Commands, projections, reactions and timers over real stores: what is written to logs and made of them is exact, whatever happens on the way.
//!
//! Invariant: every case that can runs on both stores; random ones print their seed, and `THROUGHLINE_SEED` runs that one again.

mod convergence;
mod desks;
mod feeds;
mod fixture;
mod generations;
mod parking;
mod reactions;
mod restored;
mod tally;
mod timers;
mod workers;
