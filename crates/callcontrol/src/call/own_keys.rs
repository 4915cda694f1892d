//! Keys of this server, with which the encryption of a side ends at the relay of its call.
//!
//! Each key of ours is told one device and no other one: who left a call, or only rang, can neither understand nor forge what follows
//! (RFC 4568 §7.3, RFC 3711 §9.1). Whoever comes in another one's place is told new ones.

use strowger_base::SessionDescription;
use strowger_base::leg::SrtpOffer;
use strowger_media::control::{self, PortKeys};
use strowger_media::sdp::{self, AudioSecurity, CryptoLine, Wish};
use strowger_media::srtp::{KeyMaterial, SrtpKeys, Suite};

use super::{Facts, Step};
use crate::configuration::SrtpRule;
use crate::exchange::Side;
use crate::relay::Relay;

/// How keys are dealt with in a call in which they do not just pass.
#[derive(Debug, Default)]
pub(crate) struct Security {
    caller: Edge,
    called: Edge,
    /// The relay that has to end the encryption of a side was asked for in vain.
    pub(super) no_relay: bool,
    /// The called device refused SRTP, and is offered none any more.
    pub(super) mismatch: bool,
    /// Both sides end at the relay so that a party can hear that it is recorded.
    pub(super) opens_for_tone: bool,
}

/// How a side is told keys.
#[derive(Clone, Debug, Default)]
pub(super) enum Edge {
    /// Those of the other side.
    #[default]
    Through,
    /// None.
    Clear,
    /// Ours, one of each suite: its media is encrypted as far as the relay.
    Ours(Box<[KeyMaterial]>),
}

impl Security {
    pub(super) const fn edge(&self, side: Side) -> &Edge {
        match side {
            Side::Caller => &self.caller,
            Side::Called => &self.called,
        }
    }

    pub(super) fn set(&mut self, side: Side, edge: Edge) {
        match side {
            Side::Caller => self.caller = edge,
            Side::Called => self.called = edge,
        }
    }

    /// Whether a side is told keys of ours.
    pub(super) const fn is_ours(&self, side: Side) -> bool {
        matches!(self.edge(side), Edge::Ours(_))
    }

    /// A side is told what the other one says.
    pub(super) fn pass(&mut self, side: Side) {
        self.set(side, Edge::Through);
    }

    /// Neither side is told any keys.
    pub(super) fn clear(&mut self) {
        (self.caller, self.called) = (Edge::Clear, Edge::Clear);
    }

    /// Whether the relay has to end the encryption of a side.
    pub(super) const fn needs_relay(&self) -> bool {
        matches!((&self.caller, &self.called), (Edge::Ours(_), _) | (_, Edge::Ours(_)))
    }
}

impl Facts {
    /// Whether the relay opens what a side sends.
    pub(super) const fn ends_at_relay(&self, side: Side) -> bool {
        match side {
            Side::Caller => self.relay_keys.a.is_some(),
            Side::Called => self.relay_keys.b.is_some(),
        }
    }
}

impl Step<'_> {
    /// The relay that was told keys is gone. Another one begins to count packets anew, so that the keys must be new ones (RFC 3711 §9.1).
    pub(super) fn keys_untold(&mut self) {
        self.facts.relay_keys = PortKeys::default();
        for side in [Side::Caller, Side::Called] {
            let is_ours = |security: &Security| matches!(security.edge(side), Edge::Ours(_));
            if self.facts.security.as_deref().is_some_and(is_ours) {
                self.end_here(side);
            }
        }
    }

    /// Somebody else has this side from here on: he is told nothing of what the one before was told, and what that one sends, or is sent,
    /// nobody understands from here on.
    pub(super) fn keys_for_newcomer(&mut self, side: Side) {
        let srtp = self.srtp_of(side);
        if self.facts.security.as_ref().is_some_and(|security| security.is_ours(side)) {
            match (srtp, &mut self.facts.security) {
                (SrtpOffer::Alone, _) => drop(self.end_here(side)),
                // What is offered next says how it goes on.
                (SrtpOffer::Beside | SrtpOffer::Clear, Some(security)) => security.pass(side),
                (SrtpOffer::Beside | SrtpOffer::Clear, None) => {}
            }
        }
        self.shut_out(side);
    }

    /// The relay takes nothing any more from whoever had this side, and sends nothing that he could open.
    fn shut_out(&mut self, side: Side) {
        let Relay::Open(_) = self.facts.relay else { return };
        let mut keys = self.facts.relay_keys.clone();
        let told = match side {
            Side::Caller => &mut keys.a,
            Side::Called => &mut keys.b,
        };
        let Some(source) = self.shared.key_source.as_mut().filter(|_| told.is_some()) else { return };
        *told = nobodys(&[source.next_key(Suite::AesCm128HmacSha1_80)]);
        self.protect_relay(keys);
    }

    /// What passes the relay is protected like this from here on.
    pub(super) fn protect_relay(&mut self, keys: PortKeys) {
        if let Relay::Open(ports) = &self.facts.relay
            && self.facts.relay_keys != keys
        {
            let port = ports.port;
            self.facts.relay_keys = keys.clone();
            self.out.media(control::Command::Protect { port, keys: Box::new(keys) });
        }
    }

    /// Others are rung: nobody is told keys of ours that whoever rang before was told, and what that one sends nobody understands.
    pub(super) fn keys_for_others(&mut self) {
        self.shut_out(Side::Called);
        let caller_ends_here = self.facts.ends_at_relay(Side::Caller);
        self.facts.security =
            self.facts.security.take().and_then(|security| security.for_others(caller_ends_here));
    }

    /// One more device is about to be rung beside others that were told keys of ours: it is told others.
    pub(super) fn keys_for_another(&mut self) {
        if self.facts.security.as_ref().is_some_and(|security| security.is_ours(Side::Called)) {
            self.end_here(Side::Called);
        }
    }

    /// The keys of ours that the device was told that was rung last.
    pub(super) fn keys_of_rung(&self) -> Option<Box<[KeyMaterial]>> {
        match self.facts.security.as_ref()?.edge(Side::Called) {
            Edge::Ours(own) => Some(own.clone()),
            Edge::Through | Edge::Clear => None,
        }
    }

    /// A device answers that was told these keys of ours, and others that rang with it were told others.
    pub(super) fn answers_with_keys(&mut self, own: Option<Box<[KeyMaterial]>>) {
        if let (Some(own), Some(security)) = (own, &mut self.facts.security)
            && security.is_ours(Side::Called)
        {
            security.set(Side::Called, Edge::Ours(own));
        }
    }

    /// From here on the encryption of a side ends at the relay, and the other side has none.
    pub(super) fn end_at_relay(&mut self, side: Side) -> Option<()> {
        self.end_here(side)?;
        self.facts.security.get_or_insert_default().set(side.other(), Edge::Clear);
        Some(())
    }

    fn end_here(&mut self, side: Side) -> Option<()> {
        let source = self.shared.key_source.as_mut()?;
        let keys = Suite::ALL.map(|suite| source.next_key(suite));
        self.facts.security.get_or_insert_default().set(side, Edge::Ours(Box::new(keys)));
        Some(())
    }

    /// What passes through a transcoder has to be understood there: the encryption of each side ends at the relay. Both sides have it
    /// or neither, but for one that may have none.
    pub(super) fn secure_apart(&mut self, from: Side, wish: Wish) {
        // A device of its own knows no encryption.
        let wish = if self.transcodes_at_device() { Wish::Optional } else { wish };
        if self.facts.security.is_none() && matches!(wish, Wish::Clear | Wish::Other | Wish::Optional) {
            // What is told of keys is nothing, and so it is written.
            if wish == Wish::Optional {
                self.facts.security = Some(Box::default());
            } else {
                return;
            }
        }
        let (own, other) = (self.rule(from), self.rule(from.other()));
        for (side, rule) in [(from, own), (from.other(), other)] {
            let security = self.facts.security.get_or_insert_default();
            let ours = matches!(security.edge(side), Edge::Ours(_));
            // The side whose encryption ends here goes on with it, when the one that offers may have none.
            let stays = ours && side != from && own == SrtpRule::Never;
            match (wish, rule) {
                (Wish::Required, SrtpRule::AsOffered) if ours => {}
                (Wish::Required, SrtpRule::AsOffered) => {
                    self.end_here(side);
                }
                _ if stays => {}
                (Wish::Required, SrtpRule::Never)
                | (Wish::Clear | Wish::Other | Wish::Optional, SrtpRule::AsOffered | SrtpRule::Never) => {
                    security.set(side, Edge::Clear);
                }
            }
        }
    }
}

/// A line of an offer of ours for each of our keys.
pub(super) fn lines_of(own: &[KeyMaterial]) -> Vec<CryptoLine> {
    own.iter().zip(1..).map(|(key, tag)| CryptoLine { tag, material: key.clone() }).collect()
}

/// The keys between us and a side with which `own` are ours: what it offered, or what it answered to our offer.
pub(super) fn keys_with(
    own: &[KeyMaterial],
    offered: bool,
    written: &SessionDescription,
) -> Option<SrtpKeys> {
    let theirs = AudioSecurity::of(written.as_bytes()).lines();
    if offered {
        sdp::choose(&theirs, own).map(|(_, keys)| keys)
    } else {
        sdp::chosen(&lines_of(own), &theirs)
    }
}

/// Keys that nobody else has: nothing is understood either way.
pub(super) fn nobodys(own: &[KeyMaterial]) -> Option<SrtpKeys> {
    let key = own.first()?;
    Some(SrtpKeys { send: key.clone(), receive: key.clone() })
}
