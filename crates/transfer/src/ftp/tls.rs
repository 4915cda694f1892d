//! TLS to an FTP server whose certificate is pinned.
//!
//! Such servers mostly have certificates that nobody vouches for. So what counts is the same as with SSH: the fingerprint of what
//! the server shows, compared with those that an operator has pinned.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::keys::ssh_key::Fingerprint;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::Duplex;
use crate::destination::{Destination, PinnedKey};
use crate::failure::{Cause, Step};

/// What is needed for the connections of one session; those for data continue the first one's, as many servers demand.
pub(super) struct Tls {
    connector: TlsConnector,
    name: Option<ServerName<'static>>,
    verifier: Arc<Verifier>,
    host: String,
}

impl Tls {
    pub(super) fn new(to: &Destination) -> Tls {
        let provider = Arc::new(ring::default_provider());
        let verifier = Arc::new(Verifier {
            pinned: to.host_keys.clone(),
            provider: Arc::clone(&provider),
            seen: Mutex::default(),
        });
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has the suites of both versions")
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        Tls {
            connector: TlsConnector::from(Arc::new(config)),
            name: ServerName::try_from(to.host.clone()).ok(),
            verifier,
            host: to.host.clone(),
        }
    }

    /// Protects the connection for commands; also tells whose certificate it is.
    pub(super) async fn control(
        &self,
        stream: Box<dyn Duplex>,
        step: Duration,
    ) -> Result<(Box<dyn Duplex>, String), (Step, Cause)> {
        let protected = self.protect(stream, step).await;
        let seen = self.verifier.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match (protected, seen) {
            (Ok(stream), Some((_, Some(pinned)))) => Ok((stream, pinned.to_string())),
            (_, Some((fingerprint, None))) => {
                let pinned = self.verifier.pinned.iter().map(ToString::to_string).collect();
                Err((Step::HostKey, Cause::HostKey { kind: "certificate".into(), fingerprint, pinned }))
            }
            (Err(cause), _) => Err((Step::Handshake, cause)),
            (Ok(_), None) => {
                Err((Step::Handshake, Cause::Protocol { said: "it showed no certificate".into() }))
            }
        }
    }

    /// Protects a connection for data.
    pub(super) async fn data(
        &self,
        stream: Box<dyn Duplex>,
        step: Duration,
    ) -> Result<Box<dyn Duplex>, Cause> {
        self.protect(stream, step).await
    }

    async fn protect(&self, stream: Box<dyn Duplex>, step: Duration) -> Result<Box<dyn Duplex>, Cause> {
        let Some(name) = self.name.clone() else {
            return Err(Cause::Configuration { said: format!("`{}` is no name of a server", self.host) });
        };
        match timeout(step, self.connector.connect(name, stream)).await {
            Ok(Ok(stream)) => Ok(Box::new(stream)),
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
                Err(Cause::Protocol { said: format!("TLS: {error}") })
            }
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(Cause::Timeout { waited: step }),
        }
    }
}

#[derive(Debug)]
struct Verifier {
    pinned: Vec<PinnedKey>,
    provider: Arc<CryptoProvider>,
    seen: Mutex<Option<(String, Option<PinnedKey>)>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let fingerprint = Fingerprint::Sha256(Sha256::digest(certificate).into()).to_string();
        let pinned = self.pinned.iter().find(|pin| pin.fingerprint == fingerprint).cloned();
        let known = pinned.is_some();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((fingerprint, pinned));
        if known {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
