//! Addresses, names and ports.

use std::net::{IpAddr, SocketAddr};

use super::allowed;

text! {
    /// A name of the domain name system.
    DomainName, most 253, "a domain name", example "pbx.example.com", |text| allowed(is_domain(text))
}

text! {
    /// An IP address.
    Address, most 45, "an IPv4 or IPv6 address", example "192.0.2.10", |text| {
        allowed(text.parse::<IpAddr>().is_ok())
    }
}

impl Address {
    /// The address itself.
    pub fn get(&self) -> IpAddr {
        // What is kept was read as an address.
        self.as_str().parse().unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED))
    }
}

text! {
    /// An address or a name of the domain name system.
    Host, most 253, "an IP address or a domain name", example "cm-1.example.com", |text| allowed(is_host(text))
}

text! {
    /// Where calls of a trunk come from.
    SourceText, most 56, "an IP address, and a port after a colon if only that port counts", example "192.0.2.1", |text| {
        allowed(text.parse::<IpAddr>().is_ok() || text.parse::<SocketAddr>().is_ok())
    }
}

text! {
    /// A folder on another machine, or here.
    PathText, most 255, "a path of up to 255 characters", example "/cdr", |text| {
        allowed(!text.is_empty() && !text.chars().any(char::is_control))
    }
}

text! {
    /// What a server proves itself with: a public key of SSH, or the fingerprint of one or of a certificate; whose it is may stand behind it.
    HostKey, most 1024, "a public key as known_hosts has it, or its SHA256 fingerprint",
    example "SHA256:uNiVztksCsDhcc0u9e8BrrbQ0A1fw0IJ8YQVZbEJrs8", |text| {
        let base64 = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
        let mut words = text.split(' ');
        let first = words.next().unwrap_or_default();
        if let Some(fingerprint) = first.strip_prefix("SHA256:") {
            return allowed(fingerprint.len() == 43 && base64(fingerprint));
        }
        let (algorithm, Some(key)) = (first, words.next()) else { return Err(String::new()) };
        let known = ["ssh-", "ecdsa-", "rsa-", "sk-"].iter().any(|prefix| algorithm.starts_with(prefix));
        allowed(known && key.len() >= 40 && base64(key))
    }
}

text! {
    /// A host with a port: an address or a name, and a port after a colon. An IPv6 address stands in brackets.
    EndPoint, most 260, "an address or name, and a port after a colon", example "192.0.2.1:5060", |text| {
        if text.parse::<SocketAddr>().is_ok() {
            return Ok(());
        }
        let Some((host, port)) = text.rsplit_once(':') else { return Err("the port is missing".to_owned()) };
        allowed(is_domain(host) && port.parse::<u16>().is_ok_and(|port| port > 0))
    }
}

text! {
    /// A port or a range of ports.
    PortText, most 11, "a port, or two with a hyphen between them", example "16384-32767", |text| {
        let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0);
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        allowed(matches!((port(first), port(last)), (Some(first), Some(last)) if first <= last))
    }
}

impl PortText {
    /// The first and the last port.
    pub fn range(&self) -> (u16, u16) {
        let text = self.as_str();
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        // What is kept was read as ports.
        (first.parse().unwrap_or(u16::MAX), last.parse().unwrap_or(u16::MAX))
    }
}

text! {
    /// An IP network.
    Subnet, most 49, "an address and the number of bits of its network", example "10.1.0.0/16", |text| {
        let Some((address, bits)) = text.split_once('/') else { return Err(String::new()) };
        let (Ok(address), Ok(bits)) = (address.parse(), bits.parse()) else { return Err(String::new()) };
        strowger_dialplan::mobility::Subnet::new(address, bits).map(drop).map_err(|error| error.to_string())
    }
}

/// An address, or a name.
pub(super) fn is_host(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || is_domain(text)
}

/// Labels of letters, digits and hyphens (RFC 1123 §2.1).
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    !text.is_empty() && text.split('.').all(label)
}
