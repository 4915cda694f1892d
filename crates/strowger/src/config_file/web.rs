//! What the node file says about the web interface.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::{ConfigFile, HttpSection};
use crate::tls::{self, Certified};

impl ConfigFile {
    /// What the web interface proves itself with; nothing when it speaks no TLS.
    ///
    /// # Errors
    /// Certificate and key cannot be used, or only one of them is given.
    pub(crate) fn certified(&self, data: &Path, addresses: &[IpAddr]) -> anyhow::Result<Option<Certified>> {
        let Some(named) = self.certificate()? else { return Ok(None) };
        Certified::open(data, named, &self.web_names(addresses)).map(Some)
    }

    /// What others will not like about the web interface, without making anything.
    ///
    /// # Errors
    /// Why the server would not start with it.
    pub(crate) fn web_doubt(&self, data: &Path) -> anyhow::Result<Option<String>> {
        let Some(named) = self.certificate()? else { return Ok(None) };
        Ok(Certified::look(data, named)?.and_then(|it| it.doubt))
    }

    /// Whether the web interface speaks TLS, and the files of certificate and key when they are named.
    ///
    /// # Errors
    /// It must speak TLS where it listens, or only one of the files is given.
    pub(super) fn certificate(&self) -> anyhow::Result<Option<Option<(PathBuf, PathBuf)>>> {
        let HttpSection { listen, tls, certificate, key, .. } = &self.http;
        if !tls {
            anyhow::ensure!(
                listen.is_loopback(),
                "{}[http] listen is {listen}, where others could read passwords: add tls = true, or use 127.0.0.1",
                self.source.key("http", "listen")
            );
            return Ok(None);
        }
        let beside = |path: &PathBuf| self.source.path.parent().unwrap_or(Path::new("")).join(path);
        match (certificate, key) {
            (Some(certificate), Some(key)) => Ok(Some(Some((beside(certificate), beside(key))))),
            (None, None) => Ok(Some(None)),
            (Some(_), None) | (None, Some(_)) => anyhow::bail!(
                "{}[http] certificate and key belong together: give both or none",
                self.source.key("http", "tls")
            ),
        }
    }

    /// What the web interface proves itself with once the configuration is known: its own certificate is made anew when that
    /// does not have a name that is configured. Addresses come and go by themselves, and are no reason.
    ///
    /// # Errors
    /// A file cannot be read or made.
    pub(crate) fn certified_for(
        &self,
        data: &Path,
        configured: &[String],
        addresses: &[IpAddr],
    ) -> anyhow::Result<Option<Certified>> {
        if !self.http.tls || self.http.certificate.is_some() {
            return Ok(None);
        }
        let wanted: Vec<String> = configured.iter().chain(&self.http.names).cloned().collect();
        Certified::with_names(data, &wanted, &tls::names("", &wanted, addresses))
    }

    /// Names and addresses under which the web interface is reached.
    pub(crate) fn web_names(&self, addresses: &[IpAddr]) -> Vec<String> {
        let others: Vec<String> = self.node.aliases.iter().chain(&self.http.names).cloned().collect();
        tls::names(&self.node.domain, &others, addresses)
    }
}
