//! The pages, one file each.
//! Invariant: a page asks, then shows; it decides nothing about who may see what.

pub(crate) mod events;
pub(crate) mod index;
pub(crate) mod person;
pub(crate) mod system;

use crate::failure::Failure;

/// What is no page.
pub(crate) async fn nowhere() -> Failure {
    Failure::no_page()
}
