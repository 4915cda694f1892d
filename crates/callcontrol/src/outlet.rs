//! What one leg is told about the other's media: each leg is a session of its own (RFC 3264 §5).

use std::net::{IpAddr, SocketAddr};

use strowger_base::SessionDescription;
use strowger_media::sdp::{self, AudioSecurity, CryptoLine, Origin, Wish};

/// The descriptions that go to one leg.
#[derive(Clone, Debug)]
pub(crate) struct Outlet {
    session_id: u64,
    version: u64,
    /// What the leg is told about keys.
    keys: Keys,
    /// How the leg itself described its media, in whichever call that was.
    said: Option<Said>,
    last: Option<Last>,
}

/// How a leg described its media.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) last: SessionDescription,
    /// Its very first description, where that was an offer: all that it takes. What it wrote later may name no more than what was
    /// offered to it, or is in use.
    pub(crate) first_offer: Option<SessionDescription>,
}

/// What a description is in its exchange.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Offer,
    Answer,
}

/// What a leg is told about keys of SRTP.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) enum Keys {
    /// What the other side wrote.
    #[default]
    AsTheyAre,
    /// These lines in this form.
    These(Vec<CryptoLine>, Wish),
}

/// Where the streams of a description are made to lead.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Led {
    /// The first audio stream; where it does by itself when `None`.
    pub(crate) audio: Option<SocketAddr>,
    /// Others, by their places.
    pub(crate) beside: Vec<(usize, SocketAddr)>,
}

impl From<Option<SocketAddr>> for Led {
    /// Nothing but the first audio stream.
    fn from(audio: Option<SocketAddr>) -> Self {
        Led { audio, beside: Vec::new() }
    }
}

/// The last description.
#[derive(Clone, Debug)]
struct Last {
    /// As the other side wrote it.
    source: SessionDescription,
    /// What regions and bandwidth leave of it, when that is less or in another order.
    left: Option<SessionDescription>,
    /// The relays that it was made to lead to.
    relay: Led,
    /// The keys that it was given.
    keys: Keys,
    /// As it was sent on.
    sent: SessionDescription,
    /// Nothing else was sent since.
    fresh: bool,
}

impl Outlet {
    pub(crate) const fn new(session_id: u64) -> Self {
        Outlet { session_id, version: 0, keys: Keys::AsTheyAre, said: None, last: None }
    }

    /// What the leg is told instead of `source`: with an `o=` line of ours, and with the relay's address when there
    /// is one. The same source and relay give the same text, so that the version rises only with a change (RFC 3264 §8).
    pub(crate) fn pass(
        &mut self,
        source: SessionDescription,
        address: IpAddr,
        relay: impl Into<Led>,
    ) -> SessionDescription {
        self.pass_left(source, None, address, relay)
    }

    /// The same where only `left` of the source may be told; all of it when `None`.
    pub(crate) fn pass_left(
        &mut self,
        source: SessionDescription,
        left: Option<SessionDescription>,
        address: IpAddr,
        relay: impl Into<Led>,
    ) -> SessionDescription {
        let relay = relay.into();
        if let Some(last) = &self.last
            && last.fresh
            && last.source == source
            && last.left == left
            && last.relay == relay
            && last.keys == self.keys
        {
            return last.sent.clone();
        }
        self.version += 1;
        let origin = Origin { session_id: self.session_id, version: self.version, address };
        let told = left.as_ref().unwrap_or(&source);
        let mut text = sdp::rewrite_origin(told.as_bytes(), &origin);
        if relay != Led::default() {
            text = sdp::set_media_addresses(text.as_bytes(), relay.audio, &relay.beside);
        }
        let keys = self.keys.clone();
        if let Keys::These(lines, wish) = &keys {
            text = sdp::set_crypto_as(text.as_bytes(), lines, *wish);
        }
        self.last = Some(Last { source, left, relay, keys, sent: text.clone(), fresh: true });
        text
    }

    /// What the leg is told by us while the other side has nothing to do with it: that one's description, as it was known,
    /// counts again later.
    pub(crate) fn pass_ours(
        &mut self,
        ours: SessionDescription,
        address: IpAddr,
        relay: impl Into<Led>,
    ) -> SessionDescription {
        let known = self.last.take();
        let passed = self.pass(ours, address, relay);
        if let Some(known) = known {
            // What the leg was sent last is not what it would be sent for that description.
            self.last = Some(Last { sent: passed.clone(), fresh: false, ..known });
        }
        passed
    }

    /// An offer to the leg with all streams that it was told of before; `None` when it has them.
    pub(crate) fn with_all_streams(&self, offer: &SessionDescription) -> Option<SessionDescription> {
        sdp::with_streams_of(offer.as_bytes(), self.sent()?.as_bytes())
    }

    /// What the leg is told about keys from now on.
    pub(crate) fn set_keys(&mut self, keys: Keys) {
        self.keys = keys;
    }

    /// The leg itself described its media.
    pub(crate) fn wrote(&mut self, description: &SessionDescription, part: Part) {
        match &mut self.said {
            Some(said) => said.last = description.clone(),
            None => self.said = Some(Said::first(description, part)),
        }
    }

    /// How the leg described its media.
    pub(crate) const fn said(&self) -> Option<&Said> {
        self.said.as_ref()
    }

    /// Another device is rung, of which nothing is known.
    pub(crate) fn is_of_another(&mut self) {
        self.said = None;
    }

    /// What the leg said about keys last.
    pub(crate) fn wish(&self) -> Option<Wish> {
        self.said.as_ref().map(|said| AudioSecurity::of(said.last.as_bytes()).wish)
    }

    /// What was sent last.
    pub(crate) fn sent(&self) -> Option<&SessionDescription> {
        self.last.as_ref().map(|last| &last.sent)
    }

    /// What the other side wrote last.
    pub(crate) fn source(&self) -> Option<&SessionDescription> {
        self.last.as_ref().map(|last| &last.source)
    }
}

impl Said {
    /// What a device says that has said nothing before.
    pub(crate) fn first(description: &SessionDescription, part: Part) -> Self {
        let first_offer = (part == Part::Offer).then(|| description.clone());
        Said { last: description.clone(), first_offer }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_rises_only_with_a_change() {
        let description = |port: u16| {
            let text = format!(
                "v=0\r\no=alice 77 12 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n"
            );
            SessionDescription::new(text.as_bytes())
        };
        let ours: IpAddr = "198.51.100.1".parse().unwrap();
        let mut outlet = Outlet::new(5);
        let text =
            |description: &SessionDescription| String::from_utf8(description.as_bytes().to_vec()).unwrap();
        let first = outlet.pass(description(4000), ours, None);
        assert_eq!(
            text(&first),
            "v=0\r\no=- 5 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
        );
        assert_eq!(outlet.pass(description(4000), ours, None), first);
        // The relay came later, for another device.
        let mut late = outlet.clone();
        let relayed = late.pass(description(4000), ours, Some("198.51.100.1:20000".parse().unwrap()));
        assert_eq!(
            text(&relayed),
            "v=0\r\no=- 5 2 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\nm=audio 20000 RTP/AVP 0\r\n"
        );
        let relay = "198.51.100.1:20000".parse().unwrap();
        assert_eq!(
            text(&outlet.pass(description(4002), ours, Some(relay))),
            "v=0\r\no=- 5 2 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\nm=audio 20000 RTP/AVP 0\r\n"
        );
    }
}
