//! Via: the way back (RFC 3261 §20.42, RFC 3581).

use super::{Parameter, Parameters, TOKEN, class, is_word, number, text};
use crate::scan::find;

/// A Via element.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Via<'b> {
    raw: &'b [u8],
    transport: &'b [u8],
    sent_by: &'b [u8],
    host_len: u16,
    port: Option<u16>,
    parameters: Parameters<'b>,
    branch: Option<&'b [u8]>,
    /// Bytes of `raw` up to the end of the name of an `rport` that asks for the port.
    rport_end: Option<u16>,
    has_received: bool,
}

impl<'b> Via<'b> {
    /// Reads one element; `None` when it is not one.
    pub fn parse(value: &'b [u8]) -> Option<Self> {
        if value.len() > usize::from(u16::MAX) {
            return None;
        }
        let end = find(value, b';').unwrap_or(value.len());
        let rest = after_protocol(value.get(..end)?)?;
        let space = rest.iter().position(|byte| !TOKEN[usize::from(*byte)])?;
        let (transport, rest) = rest.split_at(space);
        let sent_by = rest.trim_ascii();
        if transport.is_empty() || !rest.first()?.is_ascii_whitespace() {
            return None;
        }
        let (host_len, port) = host_and_port(sent_by)?;
        let parameters = Parameters(value.get(end..)?);
        let mut via = Via {
            raw: value,
            transport,
            sent_by,
            host_len: host_len as u16,
            port,
            parameters,
            branch: None,
            rport_end: None,
            has_received: false,
        };
        for parameter in parameters.parts() {
            if !parameter.is_well_formed() {
                return None;
            }
            via.note(&parameter);
        }
        Some(via)
    }

    /// Keeps what is asked for of a parameter.
    fn note(&mut self, parameter: &Parameter<'b>) {
        match (parameter.name.len(), parameter.value) {
            (6, Some(value)) if self.branch.is_none() && is_word(parameter.name, b"branch") => {
                self.branch = Some(value);
            }
            (5, None) if is_word(parameter.name, b"rport") => {
                let end = parameter.name.as_ptr().addr().wrapping_sub(self.raw.as_ptr().addr()) + 5;
                self.rport_end = Some(end as u16);
            }
            (8, Some(_)) if is_word(parameter.name, b"received") => self.has_received = true,
            (_, Some(_) | None) => {}
        }
    }

    /// The whole element.
    pub const fn as_written(&self) -> &'b [u8] {
        self.raw
    }

    /// `UDP`, `TCP` …
    pub fn transport(&self) -> &'b str {
        text(self.transport)
    }

    /// Host and port as written.
    pub const fn sent_by(&self) -> &'b [u8] {
        self.sent_by
    }

    /// The host of sent-by; an IPv6 address stands in brackets.
    pub fn host(&self) -> &'b [u8] {
        self.sent_by.get(..usize::from(self.host_len)).unwrap_or_default()
    }

    /// The port of sent-by, when it is written.
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// Parameters.
    pub const fn parameters(&self) -> Parameters<'b> {
        self.parameters
    }

    /// The branch; `None` when there is none.
    pub const fn branch(&self) -> Option<&'b [u8]> {
        self.branch
    }

    /// `rport` asks for the port of the packet (RFC 3581).
    pub const fn wants_port(&self) -> bool {
        self.rport_end.is_some()
    }

    /// The element before and after the place where the value of `rport` goes; the end when it is not asked for.
    pub(crate) fn around_port(&self) -> (&'b [u8], &'b [u8]) {
        let at = self.rport_end.map_or(self.raw.len(), usize::from);
        self.raw.split_at_checked(at).unwrap_or((self.raw, b""))
    }

    /// The peer wrote a `received` of its own, which must not stand (RFC 3261 §18.2.1).
    pub(crate) const fn has_received(&self) -> bool {
        self.has_received
    }
}

/// What follows `SIP/2.0/`, with white space allowed around the slashes (RFC 3261 §25.1).
fn after_protocol(head: &[u8]) -> Option<&[u8]> {
    if let Some(rest) = head.strip_prefix(b"SIP/2.0/") {
        return Some(rest.trim_ascii_start());
    }
    let first = find(head, b'/')?;
    let second = first + 1 + find(head.get(first + 1..)?, b'/')?;
    let protocol = head.get(..first)?.trim_ascii();
    let version = head.get(first + 1..second)?.trim_ascii();
    let sip = is_word(protocol, b"SIP") && version == b"2.0";
    sip.then(|| head.get(second + 1..).unwrap_or_default().trim_ascii_start())
}

/// The length of the host and the port, which may be apart from the colon (RFC 3261 §25.1, COLON).
fn host_and_port(sent_by: &[u8]) -> Option<(usize, Option<u16>)> {
    static NAME: [bool; 256] = class(b".-_");
    static ADDRESS: [bool; 256] = class(b".:");
    let host_len = match sent_by.first()? {
        b'[' => {
            let inner = sent_by.get(1..)?.iter().position(|byte| !ADDRESS[usize::from(*byte)])?;
            if inner == 0 || sent_by.get(inner + 1) != Some(&b']') {
                return None;
            }
            inner + 2
        }
        _ => sent_by.iter().position(|byte| !NAME[usize::from(*byte)]).unwrap_or(sent_by.len()),
    };
    let port = match sent_by.get(host_len..)?.trim_ascii_start() {
        [] => None,
        [b':', digits @ ..] => Some(u16::try_from(number(digits.trim_ascii_start())?).ok()?),
        [..] => return None,
    };
    (host_len > 0).then_some((host_len, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn via_knows_its_parts_with_and_without_ipv6() {
        let check = |value: &str, expect: Option<(&str, &str, Option<u16>, &str)>| {
            let via = Via::parse(value.as_bytes());
            let got = via.as_ref().map(|via| {
                (via.transport(), text(via.host()), via.port(), text(via.branch().unwrap_or_default()))
            });
            assert_eq!(got, expect, "{value}");
        };
        let known = "SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKx;rport";
        check(known, Some(("UDP", "192.0.2.1", Some(5070), "z9hG4bKx")));
        check("SIP / 2.0 / UDP 192.0.2.1;branch = x", Some(("UDP", "192.0.2.1", None, "x")));
        check("sip/2.0/ udp\r\n host : 5061 ; ttl=1;Branch=x", Some(("udp", "host", Some(5061), "x")));
        check("SIP/2.0/TCP [2001:db8::1]:5071;branch=x", Some(("TCP", "[2001:db8::1]", Some(5071), "x")));
        check("SIP/2.0/UDP host", Some(("UDP", "host", None, "")));
        for bad in [
            "SIP/2.0/UDP host;;branch=x",
            "SIP/7.0/UDP host;branch=x",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ;branch=x",
            "SIP/2.0/ host",
            "SIP/2.0/UDP []:1",
            "SIP/2.0/UDP [::1",
            "SIP/2.0/UDP host:99999",
            "SIP/2.0/UDP host:",
            "SIP/2.0/UDP two hosts",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn the_place_of_the_port_is_known() {
        let check = |value: &str, before: &str, after: &str| {
            let via = Via::parse(value.as_bytes()).unwrap();
            assert_eq!(via.around_port(), (before.as_bytes(), after.as_bytes()), "{value}");
        };
        check("SIP/2.0/UDP h;rport;branch=x", "SIP/2.0/UDP h;rport", ";branch=x");
        check("SIP/2.0/UDP h;branch=x;rport", "SIP/2.0/UDP h;branch=x;rport", "");
        check("SIP/2.0/UDP h;branch=x;rport=7", "SIP/2.0/UDP h;branch=x;rport=7", "");
    }
}
