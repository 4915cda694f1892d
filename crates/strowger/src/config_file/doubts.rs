//! What can be used and is hardly meant.

use std::fmt::Write;
use std::net::IpAddr;

use strowger_base::net::Transport;
use strowger_sip::io::Trunk;

use super::ConfigFile;

impl ConfigFile {
    /// Trunks that take calls from every port of an address at which phones are: `phones` are the addresses that phones
    /// have registered from.
    pub(crate) fn doubts(&self, phones: &[IpAddr]) -> String {
        let mut text = String::new();
        for (index, section) in self.trunks.iter().enumerate() {
            // What cannot be read is an error, which was told.
            let Ok(Some(trunk)) = section.trunk() else { continue };
            let open = trunk.sources.iter().filter(|(_, port)| port.is_none()).map(|(address, _)| *address);
            for address in open {
                let Some(who) = self.beside(address, phones) else { continue };
                let place = self.nth("trunk", index);
                // Writing to a string cannot fail.
                let _ = writeln!(
                    text,
                    "warning  trunk-at-any-port: {place} {} takes calls from every port of {address}, where {who}: \
                     a call from there that neither has credentials nor names a line counts as the trunk's\n         {}",
                    trunk.name,
                    remedy(&trunk, address),
                );
            }
        }
        text
    }

    /// Who else is at an address.
    fn beside(&self, address: IpAddr, phones: &[IpAddr]) -> Option<&'static str> {
        if phones.contains(&address) {
            Some("phones have registered from")
        } else if address.is_loopback() {
            Some("all programs of this machine are")
        } else if address == self.sip.listen || Some(address) == self.sip.advertise {
            Some("this server is")
        } else {
            None
        }
    }
}

fn remedy(trunk: &Trunk, address: IpAddr) -> String {
    match trunk.transport {
        Transport::Udp if trunk.destination.ip() == address => {
            format!(
                "If its calls come from the port of its destination, give sources = [\"{}\"].",
                trunk.destination
            )
        }
        Transport::Udp => format!("Give the source its port, such as \"{address}:5060\"."),
        // The ports of connections change.
        Transport::Tcp | Transport::Tls | Transport::Ws | Transport::Wss => {
            "Give it an address at which there are no phones.".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trunk_that_takes_what_phones_send_is_named() {
        let check = |trunk: &str, expect: &[&str]| {
            let text = format!("[sip]\nadvertise = \"192.0.2.1\"\n[[trunk]]\nname = \"carrier\"\n{trunk}");
            let file: ConfigFile = toml::from_str(&text).unwrap();
            let doubts = file.doubts(&["192.0.2.30".parse().unwrap()]);
            assert_eq!(doubts.is_empty(), expect.is_empty(), "{trunk}: {doubts}");
            for part in expect {
                assert!(doubts.contains(part), "{part:?} is not in {doubts}");
            }
        };
        check("destination = \"192.0.2.20:5060\"", &[]);
        check(
            "destination = \"127.0.0.1:5070\"",
            &[
                "[[trunk]] 1: carrier takes calls from every port of 127.0.0.1, where all programs of this machine are",
                "give sources = [\"127.0.0.1:5070\"].",
            ],
        );
        check("destination = \"127.0.0.1:5070\"\nsources = [\"127.0.0.1:5070\"]", &[]);
        check("destination = \"192.0.2.1:5070\"", &["192.0.2.1, where this server is"]);
        check(
            "destination = \"192.0.2.20:5060\"\nsources = [\"192.0.2.20\", \"192.0.2.30\"]",
            &["192.0.2.30, where phones have registered from", "\"192.0.2.30:5060\"."],
        );
        check(
            "destination = \"192.0.2.30:5060\"\ntransport = \"tcp\"",
            &["Give it an address at which there are no phones."],
        );
    }
}
