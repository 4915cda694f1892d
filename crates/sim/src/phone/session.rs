//! What a phone knows of the other side of a call: where its sound goes and comes from, and who its display says that is.

use std::net::{IpAddr, SocketAddr};

use strowger_base::Instant;

use super::codecs::formats;
use super::streams::{self, Beside};
use crate::text::Text;

/// Sound between a phone and somebody, and the name of that somebody.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// Where the phone wants its sound.
    pub(crate) port: u16,
    /// What the phone agreed to do.
    pub(crate) ours: Way,
    /// What the other side said last.
    pub(crate) theirs: Option<Theirs>,
    /// The payload types that the other side named.
    pub(super) formats: Vec<u8>,
    /// Under which of them it has keys in its media (RFC 4733).
    pub(super) events: Option<u8>,
    /// What the other side has beside sound.
    pub(crate) beside: Beside,
    /// What it was told of the recording of its call: `on`, `off` or `paused`; empty when nothing.
    pub(super) recorded: String,
    /// What the display shows: a number.
    pub(crate) shown: String,
    /// The name beside it, where one is told.
    pub(super) name: String,
    /// Who sent the call here, and why (RFC 5806).
    pub(super) diverted: String,
    /// When the call began.
    pub(crate) began: Instant,
    /// Something of it arrived damaged: who knows what each side took it for.
    pub(crate) doubtful: bool,
    /// CSeq of the last INVITE of ours whose answer was taken.
    answered: u32,
    /// CSeq of the last INVITE or UPDATE that was taken.
    pub(crate) taken: u32,
}

/// Which ways sound goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Way {
    pub(crate) speaks: bool,
    pub(crate) listens: bool,
}

/// The other side, as its last description has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Theirs {
    pub(crate) address: SocketAddr,
    pub(crate) way: Way,
}

impl Way {
    pub(crate) const BOTH: Way = Way { speaks: true, listens: true };
    /// What a phone offers that holds.
    pub(crate) const HOLD: Way = Way { speaks: true, listens: false };

    /// As a description says it (RFC 3264 §5.1).
    pub(crate) const fn attribute(self) -> &'static str {
        match (self.speaks, self.listens) {
            (true, true) => "sendrecv",
            (true, false) => "sendonly",
            (false, true) => "recvonly",
            (false, false) => "inactive",
        }
    }
}

impl Session {
    pub(super) fn new(port: u16, shown: &str, began: Instant) -> Self {
        Session {
            port,
            ours: Way::BOTH,
            theirs: None,
            formats: Vec::new(),
            events: None,
            beside: Beside::Nothing,
            recorded: String::new(),
            shown: shown.to_owned(),
            name: String::new(),
            diverted: String::new(),
            began,
            doubtful: false,
            answered: 0,
            taken: 0,
        }
    }

    /// What the phone answers to what it was offered (RFC 3264 §6.1), or offers when it was offered nothing.
    pub(super) fn agrees(&self, holds: bool) -> Way {
        let theirs = self.theirs.map_or(Way::BOTH, |theirs| theirs.way);
        Way { speaks: theirs.listens, listens: theirs.speaks && !holds }
    }

    /// A description came.
    pub(super) fn described(&mut self, body: &str) {
        if let Some(theirs) = read(body) {
            self.theirs = Some(theirs);
            self.formats = formats(body).iter().filter_map(|format| format.parse().ok()).collect();
            self.events = events(body);
        }
        if !body.is_empty() {
            self.beside = streams::read(body);
            let told = body.lines().find_map(|line| line.strip_prefix("a=record:"));
            self.recorded = told.unwrap_or_default().to_owned();
        }
    }

    /// A message that may name the other side.
    pub(super) fn named(&mut self, message: &Text) {
        let header = message.header("p-asserted-identity");
        let identity = user_of(header);
        if !identity.is_empty() {
            self.shown = identity.to_owned();
            self.name = name_of(header).to_owned();
        }
        let diversion = message.header("diversion");
        if !diversion.is_empty() {
            let reason = diversion.split("reason=").nth(1).and_then(|rest| rest.split([';', ',']).next());
            self.diverted = format!("{} ({})", user_of(diversion), reason.unwrap_or("unknown"));
        }
    }

    /// A 2xx to an INVITE of ours; false for a copy of it, or an older one.
    pub(super) fn is_answered(&mut self, cseq: u32) -> bool {
        let newer = cseq > self.answered;
        self.answered = self.answered.max(cseq);
        newer
    }
}

/// The user of the address in a header.
pub(crate) fn user_of(header: &str) -> &str {
    let after = header.split("sip:").nth(1).unwrap_or("");
    after.split(['@', '>', ';']).next().unwrap_or("")
}

/// The display name of the address in a header.
pub(super) fn name_of(header: &str) -> &str {
    header.strip_prefix('"').and_then(|rest| rest.split('"').next()).unwrap_or("")
}

/// The number that a description gives to keys in media.
fn events(body: &str) -> Option<u8> {
    let named = body.lines().filter_map(|line| line.strip_prefix("a=rtpmap:"));
    named
        .filter_map(|line| line.split_once(' '))
        .find(|(_, name)| *name == "telephone-event/8000")?
        .0
        .parse()
        .ok()
}

/// Where a description wants its sound, and which ways it goes.
fn read(body: &str) -> Option<Theirs> {
    let after = |mark: &str| body.split(mark).nth(1).and_then(|rest| rest.split([' ', '\r', '\n']).next());
    let (host, port) = (after("c=IN IP4 ")?, after("m=audio ")?.parse().ok()?);
    let address = SocketAddr::new(host.parse::<IpAddr>().ok()?, port);
    let nowhere = address.ip().is_unspecified() || port == 0;
    let has = |attribute: &str| body.contains(&format!("\na={attribute}\r"));
    let way = Way {
        speaks: !has("recvonly") && !has("inactive"),
        listens: !nowhere && !has("sendonly") && !has("inactive"),
    };
    Some(Theirs { address, way })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::sdp;

    #[test]
    fn a_description_says_where_and_which_way() {
        for (speaks, listens) in [(true, true), (true, false), (false, true), (false, false)] {
            let way = Way { speaks, listens };
            let address: SocketAddr = "192.0.2.10:20002".parse().expect("an address");
            let text = sdp(address.ip(), address.port(), 1, way.attribute(), &["0"]);
            assert_eq!(read(&text), Some(Theirs { address, way }));
        }
        assert_eq!(read(""), None);
    }

    #[test]
    fn who_holds_hears_nothing_and_nobody_sends_to_who_does_not_listen() {
        let check = |theirs: Option<Way>, holds: bool, expect: &str| {
            let mut session = Session::new(20_000, "", Instant::START);
            let address = "192.0.2.10:20002".parse().expect("an address");
            session.theirs = theirs.map(|way| Theirs { address, way });
            assert_eq!(session.agrees(holds).attribute(), expect, "{theirs:?} {holds}");
        };
        check(None, false, "sendrecv");
        check(None, true, "sendonly");
        check(Some(Way::BOTH), true, "sendonly");
        check(Some(Way::HOLD), false, "recvonly");
        check(Some(Way::HOLD), true, "inactive");
        check(Some(Way { speaks: false, listens: true }), false, "sendonly");
    }

    #[test]
    fn the_user_is_what_stands_before_the_host() {
        let check = |header: &str, expect: &str| assert_eq!(user_of(header), expect, "{header}");
        check("\"Alice\" <sip:1001@strowger.test>;tag=1", "1001");
        check("<sip:strowger.test>", "strowger.test");
        check("sip:*50@strowger.test", "*50");
        check("", "");
        assert_eq!(name_of("\"Alice\" <sip:1001@strowger.test>"), "Alice");
        assert_eq!(name_of("<sip:1001@strowger.test>"), "");
    }
}
