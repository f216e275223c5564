//! By which authorities a server is believed over TLS: the system's, or those of a file.
//! Invariant: a file that was taken holds certificates alone, and at least one.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{self, CertificateError, RootCertStore};
use tonic::transport::Certificate;

/// The authorities by which servers are believed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Roots(Option<Arc<Named>>);

/// A file of authorities as it was read.
#[derive(PartialEq, Eq)]
struct Named {
    path: PathBuf,
    pem: Vec<u8>,
}

/// A file of authorities that does not do. The text says what to give instead, without naming the setting.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// It cannot be read.
    #[error("names {}, which cannot be read ({source}); give the authority's certificate as a PEM file", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It holds none, or something else beside.
    #[error("names {}, which holds no certificate that can be used; give the authority's as PEM, from -----BEGIN CERTIFICATE----- on", path.display())]
    NoCertificate {
        /// Which.
        path: PathBuf,
    },
}

impl Roots {
    /// Those of the system alone.
    pub fn system() -> Self {
        Self::default()
    }

    /// The certificates of this PEM file; who uses them says whether in place of the system's or beside them.
    ///
    /// # Errors
    /// [`RootsError`]: the file cannot be read, or a certificate of it cannot.
    pub fn with_file(path: &Path) -> Result<Self, RootsError> {
        let path = || path.to_owned();
        let pem = std::fs::read(path()).map_err(|source| RootsError::File { path: path(), source })?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let usable = certificate.ok().and_then(|certificate| roots.add(certificate).ok());
            usable.ok_or_else(|| RootsError::NoCertificate { path: path() })?;
        }
        if roots.is_empty() {
            return Err(RootsError::NoCertificate { path: path() });
        }
        Ok(Self(Some(Arc::new(Named { path: path(), pem }))))
    }

    /// The file that names them, where one does.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.0.as_ref().map(|named| named.path.as_path())
    }

    /// What was read from it.
    pub(crate) fn pem(&self) -> Option<&[u8]> {
        self.0.as_ref().map(|named| named.pem.as_slice())
    }

    /// The same, for what speaks gRPC.
    pub(crate) fn certificate(&self) -> Option<Certificate> {
        self.pem().map(Certificate::from_pem)
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.file() {
            Some(path) => write!(f, "Roots({})", path.display()),
            None => f.write_str("Roots(system)"),
        }
    }
}

/// What is wrong with the certificate of the server that was to be reached, where that was why it was not.
pub(crate) fn distrust<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CertificateError> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(rustls::Error::InvalidCertificate(why)) = cause.downcast_ref() {
            return Some(why);
        }
        // An I/O error calls its content's source its own, and so passes over the content.
        let content = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = content.map(|content| content as &(dyn Error + 'static)).or_else(|| cause.source());
    }
    None
}

/// The same of a library that gives its errors as text.
pub(crate) fn tells_distrust(text: &str) -> bool {
    text.contains("invalid peer certificate")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_authorities_that_does_not_do_is_refused_with_what_to_give() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let said = |path: &Path| Roots::with_file(path).unwrap_err().to_string();
        assert!(said(&path).contains("cannot be read"), "{}", said(&path));
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let other = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        for text in ["", "no PEM at all", broken, other, "-----BEGIN CERTIFICATE-----\nAAAA\n"] {
            std::fs::write(&path, text).unwrap();
            assert!(said(&path).contains("-----BEGIN CERTIFICATE-----"), "{text}: {}", said(&path));
        }
    }

    #[test]
    fn distrust_is_found_however_deep_it_lies() {
        let why = CertificateError::UnknownIssuer;
        let rustls = rustls::Error::InvalidCertificate(why.clone());
        assert!(tells_distrust(&rustls.to_string()), "{rustls}");
        let twice = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, rustls));
        assert_eq!(distrust(&twice), Some(&why));
        assert_eq!(distrust(&io::Error::other("away")), None);
    }
}
