//! Text about a person, which a domain carries and never reads.
//! Invariant: neither form shows itself in `Debug`, so no log line or panic can hold it.

use std::fmt;

/// Personal text: plain in a command, sealed once it was stored.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Private {
    /// As the caller gave it. Lives in a request, a reply and memory only.
    Plain(String),
    /// As the log keeps it: an encoded `throughline.log.v1.Sealed`.
    Sealed(Vec<u8>),
}

impl Private {
    /// Plain text.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::Plain(text.into())
    }
}

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Private(plain)",
            Self::Sealed(_) => "Private(sealed)",
        })
    }
}
