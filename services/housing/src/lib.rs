//! Housing: unit groups, units, placements from match to exit, bed nights, living situations.

pub mod domain;
