//! A configuration for the server, written as an operator would write it.

use std::fmt::Write as _;

/// The text of a `strowger.toml` in the making.
pub(crate) struct Configuration {
    text: String,
}

impl Configuration {
    /// A node of this domain on free loopback ports.
    pub(crate) fn new(domain: &str) -> Configuration {
        Configuration { text: format!("domain = \"{domain}\"\n") }
    }

    /// A line with a number and a password.
    pub(crate) fn line(&mut self, number: &str, secret: &str) {
        let _ = write!(self.text, "\n[[line]]\nnumber = \"{number}\"\nsecret = \"{secret}\"\n");
    }

    /// A peer on a port of this machine.
    pub(crate) fn trunk(&mut self, name: &str, port: u16) {
        let _ = write!(self.text, "\n[[trunk]]\nname = \"{name}\"\naddress = \"127.0.0.1:{port}\"\n");
    }

    /// Sends numbers of this pattern to a trunk.
    pub(crate) fn route(&mut self, pattern: &str, trunk: &str) {
        let _ = write!(self.text, "\n[[route]]\npattern = \"{pattern}\"\ntrunk = \"{trunk}\"\n");
    }

    /// The whole text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}
