//! A configuration for the server, written as an operator would write it.

use std::fmt::Write as _;

/// The text of a `strowger.toml` in the making.
pub(crate) struct Configuration {
    text: String,
}

impl Configuration {
    /// A node of this domain on a loopback port; 0 takes a free one. Everything is written into `data` beside the file.
    pub(crate) fn new(domain: &str, sip_port: u16) -> Configuration {
        let text = format!(
            "[node]\ndomain = \"{domain}\"\ndata = \"data\"\n\n[sip]\nlisten = \"127.0.0.1\"\nport = {sip_port}\n\n\
             [http]\nport = 0\n"
        );
        Configuration { text }
    }

    /// All media goes through the server.
    pub(crate) fn relay_always(&mut self) {
        let _ = write!(self.text, "\n[media]\nrelay = \"always\"\n");
    }

    /// A line with a number and a password.
    pub(crate) fn line(&mut self, number: &str, secret: &str) {
        let _ = write!(self.text, "\n[[line]]\nnumber = \"{number}\"\nsecret = \"{secret}\"\n");
    }

    /// How long the phones of the line that was added last ring.
    pub(crate) fn no_answer(&mut self, seconds: u32) {
        let _ = writeln!(self.text, "no_answer_seconds = {seconds}");
    }

    /// A peer on one port of this machine: calls from there are its calls.
    pub(crate) fn trunk(&mut self, name: &str, port: u16) {
        let address = format!("127.0.0.1:{port}");
        let _ = write!(
            self.text,
            "\n[[trunk]]\nname = \"{name}\"\ndestination = \"{address}\"\nsources = [\"{address}\"]\n"
        );
    }

    /// Calls of the line or trunk that was added last may grow.
    pub(crate) fn overlap(&mut self) {
        let _ = writeln!(self.text, "overlap = true");
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
