//! Referrals: offers, the closed loop from request to outcome, participation in services without a service of their own.

pub mod domain;
