//! What a command answers, on its standard output.
//! Invariant: a reader who has seen enough, as `head` has, ends the command quietly.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

use anyhow::Context;

/// Whoever read the answer has closed it.
#[derive(Clone, Copy, Debug)]
pub struct Closed;

impl Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the reader of the answer has closed it")
    }
}

impl std::error::Error for Closed {}

/// Prints a line.
///
/// # Errors
/// [`Closed`] where nobody reads on, or whatever else keeps it from being written.
pub fn line(text: impl Display) -> anyhow::Result<()> {
    write(format_args!("{text}\n"))
}

/// Prints a text that ends its own lines.
///
/// # Errors
/// As [`line`].
pub fn write(text: impl Display) -> anyhow::Result<()> {
    match write!(std::io::stdout().lock(), "{text}") {
        Err(err) if err.kind() == ErrorKind::BrokenPipe => Err(Closed.into()),
        other => other.context("cannot print the answer"),
    }
}
