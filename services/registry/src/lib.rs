//! The registry: who there is (agencies, workers, people), what a person wants and says, and the keys that open what is sealed.
//!
//! Invariants: records of one human are linked, never merged; only the person's voice sets goals and gives consent; a person's key lies here and
//! nowhere else, and once it is destroyed no log, copy or backup gives the person's texts back.
//!
//! Reading order: [`domain`] (all rules), [`keystore`] (the keys of people).

pub mod domain;
pub mod keystore;
