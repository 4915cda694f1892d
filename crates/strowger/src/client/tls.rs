//! TLS towards a server: who it must be.

use std::io;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore};
use rustls::{SignatureScheme, StreamOwned};

use crate::tls::{fingerprint, provider, read_certificates, read_fingerprint};

/// Whom to trust.
#[derive(Clone, Default, Debug, clap::Args)]
pub(crate) struct Trust {
    /// Certificates (PEM) to trust in place of the system's, for https.
    #[arg(long, value_name = "PATH", global = true)]
    ca_file: Option<PathBuf>,
    /// The certificate to trust, by its fingerprint as the server says it at its start, for https.
    #[arg(long, value_name = "SHA256:…", conflicts_with = "ca_file", global = true)]
    fingerprint: Option<String>,
}

/// The stream to a server that has proved itself.
pub(super) type Stream = StreamOwned<ClientConnection, TcpStream>;

/// Makes a connection safe.
///
/// # Errors
/// The server is not who it must be; says what to do.
pub(super) fn connect(mut tcp: TcpStream, host: &str, trust: &Trust) -> anyhow::Result<Stream> {
    let verifier = Arc::new(Verifier::new(trust)?);
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier.clone())
        .with_no_client_auth();
    let name =
        ServerName::try_from(host.to_owned()).with_context(|| format!("{host} is no name of a server"))?;
    let mut connection = ClientConnection::new(Arc::new(config), name)?;
    tcp.set_read_timeout(Some(super::CONNECT_WITHIN))?;
    while connection.is_handshaking() {
        connection.complete_io(&mut tcp).map_err(|error| verifier.explained(&error, host, trust))?;
    }
    Ok(StreamOwned::new(connection, tcp))
}

/// Trusts one certificate, or those that a root vouches for.
#[derive(Debug)]
struct Verifier {
    pinned: Option<String>,
    roots: Option<Arc<WebPkiServerVerifier>>,
    seen: Mutex<Option<String>>,
}

impl Verifier {
    fn new(trust: &Trust) -> anyhow::Result<Verifier> {
        let pinned = trust.fingerprint.as_deref().map(read_fingerprint).transpose()?;
        let path = trust.ca_file.as_deref().unwrap_or(Path::new(SYSTEM_ROOTS));
        let mut roots = RootCertStore::empty();
        if trust.ca_file.is_some() || pinned.is_none() && path.exists() {
            roots.add_parsable_certificates(read_certificates(path)?);
        }
        let roots = match roots.is_empty() {
            true => None,
            false => Some(WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build()?),
        };
        Ok(Verifier { pinned, roots, seen: Mutex::default() })
    }

    fn explained(&self, error: &io::Error, host: &str, trust: &Trust) -> anyhow::Error {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match seen {
            Some(seen) if trust.fingerprint.is_some() => anyhow::anyhow!(
                "{host} has the certificate {seen}, which is another one: somebody may be in between, or it has a new one"
            ),
            Some(seen) => anyhow::anyhow!(
                "the certificate of {host} is not trusted ({error}). When its server says at its start that it has {seen}, \
                 give --fingerprint {seen}; else name who vouches for it with --ca-file"
            ),
            None => anyhow::anyhow!(
                "no TLS with {host}: {error}; is it the port of a server with [http] tls = true?"
            ),
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let found = fingerprint(certificate);
        let verified = match (&self.pinned, &self.roots) {
            (Some(pinned), _) if *pinned == found => return Ok(ServerCertVerified::assertion()),
            (Some(_), _) | (None, None) => Err(CertificateError::UnknownIssuer.into()),
            (None, Some(roots)) => roots.verify_server_cert(certificate, between, name, ocsp, now),
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Where Debian keeps those that everybody trusts.
const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";
