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

/// Words of somebody's own that nobody here reads; a keyed hash tells whether two tellings are the same.
#[derive(Clone, Debug)]
pub struct Words {
    /// The words.
    pub text: Private,
    /// Their keyed hash.
    pub hash: [u8; 32],
}

impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl Eq for Words {}

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Private(plain)",
            Self::Sealed(_) => "Private(sealed)",
        })
    }
}
