//! Coordination: the clashes, synergies and gaps between services, found from what their logs say.

pub mod domain;
