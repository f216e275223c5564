//! The one secret of a service, kept in a file outside every database, from which its hash and token keys derive.
//! Invariant: two purposes never share a key, and the secret itself leaves this file in no form.

use std::fmt;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::{hkdf, hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// 256 bits that only this service knows.
#[derive(Clone)]
pub struct Secret([u8; 32]);

/// Why a secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read or made.
    #[error("the secret file {path} cannot be read or made")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file holds something else.
    #[error(
        "the secret file {path} does not hold 32 bytes in base64; make one with \"openssl rand -base64 32\""
    )]
    NotASecret {
        /// Which file.
        path: PathBuf,
    },
}

impl Secret {
    /// The secret with these bits.
    pub const fn new(bits: [u8; 32]) -> Self {
        Self(bits)
    }

    /// The secret kept in this file as base64 text. Where there is no file, one is made that only its owner can read, on disk before this returns.
    ///
    /// # Errors
    /// The file cannot be read or made, or holds no secret. A malformed file is never overwritten.
    pub fn at(path: &Path) -> Result<Self, SecretError> {
        let failed = |source| SecretError::File { path: path.to_owned(), source };
        match std::fs::File::open(path) {
            Ok(mut file) => {
                let mut text = String::new();
                file.read_to_string(&mut text).map_err(failed)?;
                Self::parse(&text).ok_or_else(|| SecretError::NotASecret { path: path.to_owned() })
            }
            Err(err) if err.kind() == io::ErrorKind::NotFound => Self::make(path).map_err(failed),
            Err(err) => Err(failed(err)),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        STANDARD.decode(text.trim()).ok()?.try_into().ok().map(Self)
    }

    /// Makes the file whole under another name and links it in place: a crash leaves no half of it, and of two processes the first wins.
    fn make(path: &Path) -> io::Result<Self> {
        let secret = Self(random());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let draft = path.with_extension(format!("draft-{}", std::process::id()));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&draft)?;
        writeln!(file, "{}", STANDARD.encode(secret.0))?;
        file.sync_all()?;
        let linked = std::fs::hard_link(&draft, path);
        std::fs::remove_file(&draft)?;
        match linked {
            Ok(()) => {
                std::fs::File::open(folder)?.sync_all()?;
                Ok(secret)
            }
            Err(err) if err.kind() == io::ErrorKind::AlreadyExists => {
                let text = std::fs::read_to_string(path)?;
                Self::parse(&text).ok_or_else(|| io::Error::other("another process is making it"))
            }
            Err(err) => Err(err),
        }
    }

    /// A key for this purpose (HKDF-SHA-256).
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut key = [0; 32];
        let root = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &self.0);
        root.expand(&[b"throughline ", purpose.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|out| out.fill(&mut key))
            .expect("HKDF gives 32 bytes");
        key
    }

    /// A keyed hash of these bytes for this purpose (HMAC-SHA-256 under the derived key).
    pub fn hash(&self, purpose: &str, bytes: &[u8]) -> [u8; 32] {
        let mut out = [0; 32];
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.derive(purpose));
        out.copy_from_slice(hmac::sign(&key, bytes).as_ref());
        out
    }
}

impl From<[u8; 32]> for Secret {
    fn from(bits: [u8; 32]) -> Self {
        Self::new(bits)
    }
}

/// 256 random bits.
pub fn random() -> [u8; 32] {
    let mut bits = [0; 32];
    rand::fill(&mut bits).expect("the system's random source answers");
    bits
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_for_two_purposes_differ_and_stay_the_same() {
        let secret = Secret::new([1; 32]);
        assert_eq!(secret.derive("claims"), secret.derive("claims"));
        assert_ne!(secret.derive("claims"), secret.derive("tokens"));
        assert_ne!(secret.hash("claims", b"x"), Secret::new([2; 32]).hash("claims", b"x"));
        assert_eq!(format!("{secret:?}"), "Secret");
    }

    #[test]
    fn a_secret_is_made_once_and_read_back_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("registry.secret");
        let made = Secret::at(&path).unwrap();
        assert_eq!(Secret::at(&path).unwrap().derive("x"), made.derive("x"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_that_holds_no_secret_is_named_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "hello").unwrap();
        let err = Secret::at(&path).unwrap_err();
        assert!(matches!(&err, SecretError::NotASecret { path: named } if *named == path));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "hello");
    }
}
