//! Therapy: practitioners, episodes of care, and appointments that hold.

pub mod domain;
