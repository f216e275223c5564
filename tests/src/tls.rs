//! A certificate authority made for one test, and TLS in front of a server that speaks none: how services stand behind a mesh or an ingress.
//! Invariant: nothing outside the test ever believed the authority, and its key never leaves memory.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_util::task::AbortOnDropHandle;

/// A private certificate authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// TLS in front of a server; it ends with this guard.
#[derive(Debug)]
pub struct Front {
    at: SocketAddr,
    _carrying: AbortOnDropHandle<()>,
}

impl Authority {
    /// A new one.
    ///
    /// # Panics
    /// Where no key can be made.
    #[allow(clippy::new_without_default, reason = "no two are equal")]
    pub fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).expect("no name at all");
        // As two of the world's do, each has a name of its own.
        let name = format!("Invented authority {}", uuid::Uuid::now_v7());
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    /// Writes its certificate down as PEM.
    ///
    /// # Panics
    /// Where that cannot be written.
    pub fn write(&self, path: &Path) {
        std::fs::write(path, self.0.pem()).expect("the certificate is written");
    }

    /// Writes down a certificate of this authority for `name` (a DNS name or an IP address) and its key, both as PEM: for a server that
    /// speaks TLS itself.
    ///
    /// # Panics
    /// Where the name is none, or they cannot be written.
    pub fn write_for(&self, name: &str, certificate: &Path, key: &Path) {
        let (certified, private) = self.certify(name);
        std::fs::write(certificate, certified.pem()).expect("the certificate is written");
        std::fs::write(key, private.serialize_pem()).expect("the key is written");
    }

    fn certify(&self, name: &str) -> (Certificate, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        (params.signed_by(&key, &self.0).expect("a certificate"), key)
    }

    /// TLS in front of that server, under a certificate of this authority for `name` (a DNS name or an IP address).
    ///
    /// # Panics
    /// Where the name is none, or there is no port.
    pub async fn front(&self, name: &str, server: SocketAddr) -> Front {
        let (certificate, key) = self.certify(name);
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .expect("a certificate and its key");
        // Of HTTP what the caller asks for, gRPC or plain: the server behind speaks the one that it is called by.
        config.alpn_protocols.extend([b"h2".to_vec(), b"http/1.1".to_vec()]);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let at = listener.local_addr().expect("an address");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let carrying = tokio::spawn(async move {
            let mut lines = tokio::task::JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                lines.spawn(carry(acceptor.clone(), near, server));
            }
        });
        Front { at, _carrying: AbortOnDropHandle::new(carrying) }
    }
}

impl Front {
    /// Its address.
    pub fn url(&self) -> String {
        format!("https://{}", self.at)
    }
}

/// One connection, to its end. Whoever does not like the certificate hangs up, which is the caller's business.
async fn carry(acceptor: TlsAcceptor, near: TcpStream, server: SocketAddr) {
    if let (Ok(mut near), Ok(mut far)) = (acceptor.accept(near).await, TcpStream::connect(server).await) {
        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
    }
}
