//! Vocational: supported employment and education. It owns cases, jobs and employment status reports, and nothing else.
//!
//! Invariant: a case is employed exactly while a paid job of it runs; a report is never a job.
//!
//! Reading order: [`domain`].

pub mod domain;
