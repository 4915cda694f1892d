//! Keys of this server, with which the encryption of a side ends at the relay of its call.
//!
//! Each key of ours is told one device and no other one: who left a call, or only rang, can neither understand nor forge what follows
//! (RFC 4568 §7.3, RFC 3711 §9.1). Whoever comes in another one's place is told new ones.

use strowger_base::SessionDescription;
use strowger_base::leg::SrtpOffer;
use strowger_media::control::{self, PortKeys};
use strowger_media::sdp::{self, AudioSecurity, CryptoLine, Wish};
use strowger_media::srtp::{KeyMaterial, SrtpKeys, Suite};

use super::Step;
use crate::configuration::SrtpRule;
use crate::exchange::Side;
use crate::relay::Relay;

/// How keys are dealt with in a call in which they do not just pass.
#[derive(Debug, Default)]
pub(crate) struct Security {
    caller: Edge,
    called: Edge,
    /// What the relay was told last.
    pub(super) told: PortKeys,
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

    /// Whether the relay opens what a side sends.
    pub(super) const fn ends_at_relay(&self, side: Side) -> bool {
        let told = match side {
            Side::Caller => &self.told.a,
            Side::Called => &self.told.b,
        };
        told.is_some()
    }

    /// Whether the relay has to end the encryption of a side.
    pub(super) const fn needs_relay(&self) -> bool {
        matches!((&self.caller, &self.called), (Edge::Ours(_), _) | (_, Edge::Ours(_)))
    }
}

impl Step<'_> {
    /// The relay that was told keys is gone. Another one begins to count packets anew, so that the keys must be new ones (RFC 3711 §9.1).
    pub(super) fn keys_untold(&mut self) {
        let Some(security) = &mut self.facts.security else { return };
        security.told = PortKeys::default();
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
        let (Some(security), Relay::Open(ports)) = (&mut self.facts.security, &self.facts.relay) else {
            return;
        };
        let told = match side {
            Side::Caller => &mut security.told.a,
            Side::Called => &mut security.told.b,
        };
        let Some(source) = self.shared.key_source.as_mut().filter(|_| told.is_some()) else { return };
        *told = nobodys(&[source.next_key(Suite::AesCm128HmacSha1_80)]);
        let (port, keys) = (ports.port, Box::new(security.told.clone()));
        self.out.media(control::Command::Protect { port, keys });
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
