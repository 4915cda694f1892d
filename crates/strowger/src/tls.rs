//! TLS of the web interface: its certificate, and the connections that passed their handshake.

mod validity;

use std::fs;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use sha2::{Digest, Sha256};
use strowger_configuration::State;
use strowger_configuration::kinds::{DOMAIN_DEFAULT, Server, ServiceParameters};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use self::validity::{Good, Validity};

/// What the server proves itself with.
#[derive(Clone)]
pub(crate) struct Certified {
    pub(crate) config: Arc<ServerConfig>,
    /// Of the certificate, as it is told to people.
    pub(crate) fingerprint: String,
    /// Why others may not trust it: it is not good now, or not for long.
    pub(crate) doubt: Option<String>,
}

impl Certified {
    /// What the node file names, or what the data folder has; made for these names when it has none.
    ///
    /// # Errors
    /// A file cannot be read or made, or key and certificate do not belong together.
    pub(crate) fn open(
        data: &Path,
        named: Option<(PathBuf, PathBuf)>,
        names: &[String],
    ) -> anyhow::Result<Certified> {
        let (certificate, key) = match named {
            Some(named) => named,
            None => {
                let own = Self::own(data);
                if !own.0.exists() {
                    make(&own.0, &own.1, names).context("cannot make a certificate of the web interface")?;
                }
                own
            }
        };
        Self::read(&certificate, &key)
    }

    /// The same when the data folder's own certificate does not have all of the names that are wanted by now: another one,
    /// made for all of `names`.
    ///
    /// # Errors
    /// A file cannot be read or made.
    pub(crate) fn with_names(
        data: &Path,
        wanted: &[String],
        names: &[String],
    ) -> anyhow::Result<Option<Certified>> {
        let (certificate, key) = Self::own(data);
        let chain = read_certificates(&certificate)?;
        if chain.first().is_some_and(|first| wanted.iter().all(|name| is_for(first, name))) {
            return Ok(None);
        }
        make(&certificate, &key, names).context("cannot make a certificate of the web interface")?;
        Self::read(&certificate, &key).map(Some)
    }

    /// Certificate and key that the server makes itself.
    fn own(data: &Path) -> (PathBuf, PathBuf) {
        (data.join("https.crt"), data.join("https.key"))
    }

    /// The same without making anything; nothing when it will be made.
    ///
    /// # Errors
    /// A file cannot be read, or key and certificate do not belong together.
    pub(crate) fn look(data: &Path, named: Option<(PathBuf, PathBuf)>) -> anyhow::Result<Option<Certified>> {
        let (certificate, key) = match named {
            Some(named) => named,
            None if !Self::own(data).0.exists() => return Ok(None),
            None => Self::own(data),
        };
        Self::read(&certificate, &key).map(Some)
    }

    fn read(certificate: &Path, key: &Path) -> anyhow::Result<Certified> {
        let chain = read_certificates(certificate)?;
        let Some(first) = chain.first() else { bail!("{} has no certificate (PEM)", certificate.display()) };
        let fingerprint = fingerprint(first);
        let doubt = doubt(certificate, first);
        let private = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| anyhow::anyhow!("{} has no private key (PEM): {error}", key.display()))?;
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .with_context(|| {
                format!("{} and {} do not belong together", certificate.display(), key.display())
            })?;
        Ok(Certified { config: Arc::new(config), fingerprint, doubt })
    }
}

/// Why others may not trust a certificate because of the time.
fn doubt(path: &Path, certificate: &CertificateDer<'_>) -> Option<String> {
    let why = match Validity::of(certificate)?.at(crate::digits::now()) {
        Good::Yes => return None,
        Good::Until(day) => format!("is good until {day} only"),
        Good::Expired(day) => format!("has expired on {day}"),
        Good::NotYet(day) => format!("is good from {day} on only"),
    };
    Some(format!("the certificate in {} {why}: put another one in its place", path.display()))
}

/// Certificates of a PEM file.
pub(crate) fn read_certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    read.map_err(|error| anyhow::anyhow!("cannot read certificates from {}: {error}", path.display()))
}

/// The cryptography that TLS uses.
pub(crate) fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The digest by which people compare certificates.
pub(crate) fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let digest = Sha256::digest(certificate);
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("SHA256:{digits}")
}

/// Makes a certificate that vouches for itself; who trusts it compares its fingerprint.
fn make(certificate: &Path, key: &Path, names: &[String]) -> anyhow::Result<()> {
    let pair = rcgen::KeyPair::generate()?;
    let mut parameters = rcgen::CertificateParams::new(names)?;
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, "Strowger");
    let made = parameters.self_signed(&pair)?;
    // The certificate last: it is there only when its key is, also when both were there before.
    match fs::remove_file(certificate) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => sync_folder(certificate)?,
    }
    for (path, text, mode) in [(key, pair.serialize_pem(), 0o600), (certificate, made.pem(), 0o644)] {
        let partial = path.with_extension("new");
        let _ = fs::remove_file(&partial);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&partial)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&partial, path)?;
        sync_folder(path)?;
    }
    Ok(())
}

fn sync_folder(file: &Path) -> io::Result<()> {
    file.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

/// Takes connections that have passed their handshake; those that take long do not hold up others.
pub(crate) struct Listener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    /// How many more handshakes there may be at once.
    room: Arc<Semaphore>,
    passes: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
    passed: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl Listener {
    /// Listens with `listener`, which is closed as soon as this is dropped.
    pub(crate) fn new(listener: TcpListener, config: Arc<ServerConfig>) -> Listener {
        let (passes, passed) = mpsc::channel(HANDSHAKES_MAX);
        let room = Arc::new(Semaphore::new(HANDSHAKES_MAX));
        Listener { listener, acceptor: TlsAcceptor::from(config), room, passes, passed }
    }

    fn shake_hands(&self, permit: OwnedSemaphorePermit, stream: TcpStream, peer: SocketAddr) {
        let (acceptor, passes) = (self.acceptor.clone(), self.passes.clone());
        tokio::spawn(async move {
            let _permit = permit;
            // Who speaks no TLS, or does not trust the certificate, goes away: that is their news, not ours.
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_WITHIN, acceptor.accept(stream)).await {
                let _ = passes.send((stream, peer)).await;
            }
        });
    }
}

/// The next connection, before its handshake; none while as many are under way as may be.
async fn arrived(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(OwnedSemaphorePermit, TcpStream, SocketAddr)> {
    let permit = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((permit, stream, peer))
}

impl axum::serve::Listener for Listener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            tokio::select! {
                Some(passed) = self.passed.recv() => return passed,
                arrived = arrived(&self.listener, &self.room) => match arrived {
                    Ok((permit, stream, peer)) => self.shake_hands(permit, stream, peer),
                    // No file may be opened any more, most often: somebody closes one.
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                },
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// Whether a certificate vouches for a name or address.
fn is_for(certificate: &CertificateDer<'_>, name: &str) -> bool {
    let (Ok(parsed), Ok(name)) = (ParsedCertificate::try_from(certificate), ServerName::try_from(name))
    else {
        // A name that no certificate can have is none that is missing.
        return ServerName::try_from(name).is_err();
    };
    rustls::client::verify_server_name(&parsed, &name).is_ok()
}

/// The names that the configuration has for this server.
pub(crate) fn names_in(state: &State) -> impl Iterator<Item = &str> {
    let common = state.all::<ServiceParameters>().flat_map(|(_, common)| {
        std::iter::once(common.domain.as_str()).chain(common.aliases.iter().map(|alias| alias.as_str()))
    });
    let servers = state.all::<Server>().filter_map(|(_, server)| Some(server.address.as_ref()?.as_str()));
    let default = state.all::<ServiceParameters>().next().is_none().then_some(DOMAIN_DEFAULT);
    default.into_iter().chain(common).chain(servers)
}

/// The names and addresses under which the web interface is reached.
pub(crate) fn names(domain: &str, aliases: &[String], addresses: &[IpAddr]) -> Vec<String> {
    let texts = [domain.to_owned(), "localhost".to_owned()].into_iter().chain(aliases.iter().cloned());
    let addresses = addresses.iter().filter(|address| !address.is_unspecified()).map(ToString::to_string);
    let mut names: Vec<String> = texts.chain(addresses).chain(["127.0.0.1".into(), "::1".into()]).collect();
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    names
}

/// Handshakes at once; who comes then waits.
const HANDSHAKES_MAX: usize = 64;
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);

/// A fingerprint as somebody gives it.
///
/// # Errors
/// It is none.
pub(crate) fn read_fingerprint(text: &str) -> anyhow::Result<String> {
    let digits = text.strip_prefix("SHA256:").unwrap_or(text).replace(':', "").to_ascii_lowercase();
    ensure!(
        digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()),
        "a fingerprint is SHA256: and 64 hexadecimal digits, as the server says at its start"
    );
    Ok(format!("SHA256:{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_made_anew_for_a_name_that_it_does_not_have_and_for_nothing_else() {
        let data = std::env::temp_dir().join(format!("strowger-tls-{}", std::process::id()));
        let _ = fs::remove_dir_all(&data);
        fs::create_dir_all(&data).unwrap();
        let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let first = Certified::open(&data, None, &all(&["pbx.example", "192.0.2.1"])).unwrap();
        let with = |wanted: &[&str], names: &[&str]| {
            Certified::with_names(&data, &all(wanted), &all(names)).unwrap().map(|made| made.fingerprint)
        };
        assert_eq!(with(&["pbx.example", "192.0.2.1"], &["other.example"]), None);
        // No certificate can have a name with a blank.
        assert_eq!(with(&["PBX.example", "a name"], &[]), None);
        let second = with(&["pbx.example", "pbx2.example"], &["pbx.example", "pbx2.example"]);
        assert!(second.is_some() && second.as_ref() != Some(&first.fingerprint));
        assert_eq!(with(&["pbx2.example", "pbx.example"], &[]), None);
        assert_eq!(Some(Certified::open(&data, None, &[]).unwrap().fingerprint), second);
        fs::remove_dir_all(&data).unwrap();
    }

    #[test]
    fn a_port_is_free_as_soon_as_nobody_serves_it() {
        let data = std::env::temp_dir().join(format!("strowger-tls-port-{}", std::process::id()));
        let _ = fs::remove_dir_all(&data);
        fs::create_dir_all(&data).unwrap();
        let certified = Certified::open(&data, None, &["pbx.example".to_owned()]).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let mut listener = Listener::new(listener, Arc::clone(&certified.config));
            let serving = tokio::spawn(async move {
                axum::serve::Listener::accept(&mut listener).await;
            });
            // Somebody is in the middle of a handshake.
            let _slow = TcpStream::connect(address).await.unwrap();
            tokio::task::yield_now().await;
            serving.abort();
            let _ = serving.await;
            assert!(TcpListener::bind(address).await.is_ok());
        });
        fs::remove_dir_all(&data).unwrap();
    }
}
