//! Projections, reactions and timers over real stores: what is made of logs is exact, whatever happens on the way.
//!
//! Invariant: every case that can runs on both stores; random ones print their seed, and `THROUGHLINE_SEED` runs that one again.

mod convergence;
mod feeds;
mod fixture;
mod generations;
mod parking;
mod reactions;
mod restored;
mod tally;
mod timers;
mod workers;
