//! Keys of SRTP between the two sides of a call.
//!
//! Where both may have keys, what they say passes: media is encrypted from device to device, or not at all. Where one may not, it is
//! told none; a device on the other side that wants encrypted media alone has it as far as the relay, which ends it. RFC 4568 §5.1
//! says which line answers which.

use strowger_base::journal::{Decision, Keys as KeysView, KeysOutcome, WhyNoKeys, WhyRefused};
use strowger_base::leg::{Origin, ReleaseReason, SrtpOffer, Target};
use strowger_base::{Cause, LegId, SessionDescription};
use strowger_media::control::PortKeys;
use strowger_media::sdp::{self, AudioSecurity, Wish};
use strowger_media::srtp::KeyMaterial;

use super::own_keys::{Edge, Security, keys_with, lines_of, nobodys};
use super::session::Begun;
use super::{Progress, State, Step};
use crate::Configuration;
use crate::configuration::SrtpRule;
use crate::exchange::Side;
use crate::io::{MediaSecurity, Output};
use crate::outlet::{Keys, Part};
use crate::relay::Relay;

impl Step<'_> {
    /// Whether the call can be offered to these at all; what its relay has to do is known then. `Some` when it was refused.
    pub(super) fn keys_allow(&mut self, targets: &[Target]) -> Option<State> {
        self.facts.called_rule =
            targets.iter().map(|target| self.rule_of(target)).max_by_key(|rule| *rule as u8)?;
        self.keys_for_others();
        let offer = self.offered()?;
        let rules = (self.caller_rule(), self.facts.called_rule);
        if !self.blocks() && rules == (SrtpRule::AsOffered, SrtpRule::AsOffered) {
            return None;
        }
        let security = AudioSecurity::of(offer.as_bytes());
        let suites = join(security.suites());
        let untold = self.untold(targets);
        let outcome = match (security.wish, rules) {
            (Wish::Other, _) => return None,
            (Wish::Clear, _) if self.blocks() => KeysOutcome::Blocked,
            (Wish::Clear, _) => return None,
            (_, (SrtpRule::AsOffered, SrtpRule::AsOffered)) => return None,
            (Wish::Optional | Wish::Required, _) if self.blocks() => KeysOutcome::Blocked,
            (Wish::Optional, _) => return None,
            (Wish::Required, (SrtpRule::AsOffered, SrtpRule::Never)) => {
                if self.end_at_relay(Side::Caller).is_some() || self.facts.caller_falls_back {
                    return None;
                }
                KeysOutcome::NotToBeHad(WhyNoKeys::NoRelay)
            }
            (Wish::Required, (SrtpRule::Never, _)) => KeysOutcome::NotToBeHad(untold.why()),
        };
        let why = WhyRefused::Keys(KeysView { offered: &suites, answered: "", outcome });
        Some(refused(self, why))
    }

    /// Whether a relay is wanted for the sake of keys.
    pub(super) fn keys_need_relay(&self) -> bool {
        self.facts.security.as_ref().is_some_and(|security| security.needs_relay())
    }

    /// The relay that has to end the encryption of a side could not be had.
    pub(super) fn refuse_without_relay(&mut self) -> State {
        let offered = self.facts.offer.as_ref().map_or_else(String::new, suites_of);
        let outcome = KeysOutcome::NotToBeHad(WhyNoKeys::NoRelay);
        let why = WhyRefused::Keys(KeysView { offered: &offered, answered: "", outcome });
        refused(self, why)
    }

    /// Whether the encryption that one of the two insists on has to end at a relay, and there is none yet: it is asked for. That is
    /// `side`, which offers this, or the other one, which had nothing but SRTP in the call that it left.
    pub(super) fn opens_relay_for_keys(
        &mut self,
        (side, begun): (Side, Begun),
        called: LegId,
        offer: &SessionDescription,
    ) -> bool {
        let tried = self.facts.security.as_ref().is_some_and(|security| security.no_relay);
        let meets = begun == Begun::No && self.meets_without_keys(side, offer);
        if meets && matches!(self.facts.relay, Relay::Open(_)) && !self.transcodes() {
            self.end_at_relay(side.other());
        }
        if tried || !matches!(self.facts.relay, Relay::None) {
            return false;
        }
        let withheld = self.rule(side) == SrtpRule::Never && self.srtp_of(side.other()) == SrtpOffer::Alone;
        let ends = if self.ends_here(side, offer) {
            side
        } else if withheld || meets {
            side.other()
        } else {
            return false;
        };
        self.end_at_relay(ends).is_some() && self.open_relay(Some(called), &[])
    }

    /// Whether a side insists on encryption, may have it, and the other side may not.
    fn ends_here(&self, side: Side, offer: &SessionDescription) -> bool {
        self.rule(side) == SrtpRule::AsOffered
            && self.rule(side.other()) == SrtpRule::Never
            && AudioSecurity::of(offer.as_bytes()).wish == Wish::Required
    }

    /// A relay was opened, or could not be: without it no encryption ends here.
    pub(super) fn relay_settled(&mut self) {
        if let (Relay::None, Some(security)) = (self.facts.relay, &mut self.facts.security)
            && security.needs_relay()
        {
            security.no_relay = true;
            security.clear();
        }
    }

    /// Whether what a side offers can be answered with RTP alone although it insists on SRTP, so that it may not be passed on.
    pub(super) fn cannot_secure(&mut self, side: Side, leg: LegId, offer: &SessionDescription) -> bool {
        if self.denies_keys(side, leg, offer) {
            return true;
        }
        if !self.ends_here(side, offer) || matches!(self.facts.relay, Relay::Open(_)) {
            return false;
        }
        if let Some(security) = &mut self.facts.security {
            // The next offer may find a port.
            security.no_relay = false;
        }
        let offered = suites_of(offer);
        let outcome = KeysOutcome::NotToBeHad(WhyNoKeys::NoRelay);
        self.decide(Some(leg), Decision::Keys(KeysView { offered: &offered, answered: "", outcome }));
        true
    }

    /// `from` offers this: decides how keys go on, before it is passed.
    pub(super) fn secure(&mut self, from: Side, offer: &SessionDescription) {
        if self.transcodes() {
            return self.secure_apart(from, AudioSecurity::of(offer.as_bytes()).wish);
        }
        if self.secure_for_tone(from, offer) {
            return;
        }
        let (own, other) = (self.rule(from), self.rule(from.other()));
        let free = own == SrtpRule::AsOffered && other == SrtpRule::AsOffered;
        if free && self.facts.security.is_none() {
            return;
        }
        let wish = AudioSecurity::of(offer.as_bytes()).wish;
        let security = self.facts.security.get_or_insert_default();
        match wish {
            Wish::Required if own == SrtpRule::AsOffered && other == SrtpRule::Never => {
                security.set(from.other(), Edge::Clear);
                let known = matches!(security.edge(from), Edge::Ours(_));
                if !known && matches!(self.facts.relay, Relay::Open(_)) {
                    self.end_at_relay(from);
                }
            }
            // The side whose encryption ends here goes on with it, whatever the other one says.
            Wish::Clear | Wish::Optional | Wish::Other
                if matches!(security.edge(from.other()), Edge::Ours(_)) =>
            {
                security.set(from, Edge::Clear);
            }
            Wish::Clear | Wish::Optional | Wish::Required | Wish::Other => {
                let edge = || if free { Edge::Through } else { Edge::Clear };
                security.set(from, edge());
                security.set(from.other(), edge());
            }
        }
    }

    /// What a side is told about keys in place of a description that the other one wrote.
    pub(super) fn keys_for(&self, to: Side, part: Part, offered: Option<&SessionDescription>) -> Keys {
        match self.facts.security.as_ref().map(|security| security.edge(to)) {
            None | Some(Edge::Through) => Keys::AsTheyAre,
            Some(Edge::Clear) => Keys::These(Vec::new(), Wish::Clear),
            Some(Edge::Ours(own)) => match (part, offered) {
                (Part::Answer, Some(offer)) => {
                    let offer = AudioSecurity::of(offer.as_bytes());
                    let line = sdp::choose(&offer.lines(), own).map(|(line, _)| line);
                    Keys::These(line.into_iter().collect(), offer.wish)
                }
                (Part::Offer, _) | (Part::Answer, None) => Keys::These(lines_of(own), Wish::Required),
            },
        }
    }

    /// The same for a side that holds and is answered by us with what it knows of the other one: one key of that one, under
    /// the tag that is offered now.
    pub(super) fn keys_for_hold(
        &self,
        to: Side,
        known: &SessionDescription,
        offer: &SessionDescription,
    ) -> Keys {
        match self.keys_for(to, Part::Answer, Some(offer)) {
            Keys::AsTheyAre => {}
            keys @ Keys::These(..) => return keys,
        }
        let (offer, known) = (AudioSecurity::of(offer.as_bytes()), AudioSecurity::of(known.as_bytes()));
        if offer.wish == known.wish && matches!(offer.wish, Wish::Clear | Wish::Other) {
            return Keys::AsTheyAre;
        }
        let own: Vec<KeyMaterial> = known.lines().into_iter().map(|line| line.material).collect();
        let line = sdp::choose(&offer.lines(), &own).map(|(line, _)| line);
        Keys::These(line.into_iter().collect(), offer.wish)
    }

    /// Both descriptions are known: the relay learns the keys, and the story what became of them.
    pub(super) fn keys_agreed(
        &mut self,
        offerer: Side,
        offer: &SessionDescription,
        answer: &SessionDescription,
    ) {
        let told = &self.facts.relay_keys;
        let keys_of = |side: Side| match self.facts.security.as_ref()?.edge(side) {
            Edge::Through | Edge::Clear => None,
            Edge::Ours(own) => {
                let written = if side.is(offerer) { offer } else { answer };
                let told = if side.is(Side::Caller) { &told.a } else { &told.b };
                // Who answers with what was not offered hears nothing new, and never what is in the clear.
                keys_with(own, side.is(offerer), written).or_else(|| told.clone()).or_else(|| nobodys(own))
            }
        };
        let keys = PortKeys { a: keys_of(Side::Caller), b: keys_of(Side::Called) };
        self.protect_relay(keys);
        let offered = AudioSecurity::of(offer.as_bytes());
        if !matches!(offered.wish, Wish::Optional | Wish::Required) {
            return;
        }
        let answered = AudioSecurity::of(answer.as_bytes());
        let ends_here = self.facts.security.as_ref().is_some_and(|security| security.needs_relay());
        let taken = matches!(answered.wish, Wish::Optional | Wish::Required)
            && answered.suites().next().is_some_and(|suite| offered.suites().any(|other| other == suite));
        let (offered, mut answered) = (join(offered.suites()), join(answered.suites()));
        let untold = self.untold(&[]);
        let outcome = match &self.facts.security {
            Some(_) if ends_here => {
                answered = self.suite_to(offerer);
                let both =
                    |security: &Security| security.is_ours(Side::Caller) && security.is_ours(Side::Called);
                let both = self.facts.security.as_deref().is_some_and(both);
                if both { KeysOutcome::BothToServer } else { KeysOutcome::ToServer }
            }
            Some(security) if matches!(security.edge(offerer), Edge::Clear) => {
                KeysOutcome::Withheld(untold.why())
            }
            _ if taken => KeysOutcome::Passed,
            _ => KeysOutcome::NotTaken,
        };
        let leg = self.leg_of(offerer);
        let keys = KeysView { offered: &offered, answered: &answered, outcome };
        self.out.decide(self.now, self.facts.id, leg, Decision::Keys(keys));
    }

    /// Tells whether media is encrypted on both sides, when that is known the first time, or is otherwise than before. What `offerer`
    /// offered is answered.
    pub(super) fn tell_security(&mut self, called: LegId, offerer: Side) {
        let sources = (
            self.facts.outlet(offerer).source().cloned(),
            self.facts.outlet(offerer.other()).source().cloned(),
        );
        let (Some(offer), Some(answer)) = sources else { return };
        // Keys of a suite that was not offered are none.
        let (offered, answered) = (AudioSecurity::of(offer.as_bytes()), AudioSecurity::of(answer.as_bytes()));
        let keyed = |security: &AudioSecurity<'_>| matches!(security.wish, Wish::Optional | Wish::Required);
        let taken = keyed(&offered)
            && keyed(&answered)
            && answered.suites().next().is_some_and(|suite| offered.suites().any(|other| other == suite));
        let both = |security: &Security| security.is_ours(Side::Caller) && security.is_ours(Side::Called);
        let passes = |security: &Security| {
            matches!(
                (security.edge(Side::Caller), security.edge(Side::Called)),
                (Edge::Through, Edge::Through)
            )
        };
        let encrypted = match self.facts.security.as_deref() {
            Some(security) if both(security) => true,
            Some(security) if !passes(security) => false,
            Some(_) | None => taken,
        };
        // What a service of ours says to others may be heard by somebody without keys.
        let is_device = self
            .facts
            .rung
            .iter()
            .any(|rung| rung.leg == called && !matches!(rung.target, Target::Service(_)));
        let media = if encrypted && is_device { MediaSecurity::Encrypted } else { MediaSecurity::Clear };
        let caller = self.facts.caller;
        let told = ([caller, called], media);
        if self.facts.told_security.replace(told) != Some(told) {
            self.out.items.push(Output::Security { caller, called, media });
        }
    }

    /// A device refused what it was offered: when that was SRTP, that may be why.
    pub(super) fn keys_refused(&mut self, leg: LegId, reason: ReleaseReason) {
        if !matches!(reason, ReleaseReason::Refused(488 | 606 | 415)) {
            return;
        }
        let offered = self.facts.to_called.sent().map_or_else(String::new, suites_of);
        if !offered.is_empty() {
            let keys = KeysView { offered: &offered, answered: "", outcome: KeysOutcome::Refused };
            self.decide(Some(leg), Decision::Keys(keys));
        }
    }

    /// What a side and a service of ours are told of each other's keys: such a service speaks for itself.
    pub(super) fn keys_with_service(&self, side: Side) -> Keys {
        match self.rule(side) {
            SrtpRule::AsOffered => Keys::AsTheyAre,
            SrtpRule::Never => Keys::These(Vec::new(), Wish::Clear),
        }
    }

    /// Whether a side wants SRTP alone and may have no keys, so that its offer is refused.
    pub(super) fn denies_keys(&mut self, side: Side, leg: LegId, offer: &SessionDescription) -> bool {
        let security = AudioSecurity::of(offer.as_bytes());
        if self.rule(side) == SrtpRule::AsOffered || security.wish != Wish::Required {
            return false;
        }
        let offered = join(security.suites());
        let untold = self.untold(&[]);
        let outcome = KeysOutcome::NotToBeHad(untold.why());
        let keys = KeysView { offered: &offered, answered: "", outcome };
        self.out.decide(self.now, self.facts.id, Some(leg), Decision::Keys(keys));
        true
    }

    /// What a target says about keys when it is a service of ours and has to offer.
    pub(super) fn srtp_from(&self, target: &Target) -> SrtpOffer {
        match target {
            Target::Service(_) => self.srtp_of(Side::Caller),
            // A device speaks for itself.
            Target::Phone { .. } | Target::Trunk(_) => SrtpOffer::Clear,
        }
    }

    /// How a side has had its media until now, also in a call that it left, so that a service of ours offers it the same.
    pub(super) fn srtp_of(&self, side: Side) -> SrtpOffer {
        if self.rule(side) == SrtpRule::Never {
            return SrtpOffer::Clear;
        }
        let outlet = match side {
            Side::Caller => &self.facts.to_caller,
            Side::Called => &self.facts.to_called,
        };
        match outlet.wish() {
            Some(Wish::Required) => SrtpOffer::Alone,
            Some(Wish::Optional) => SrtpOffer::Beside,
            Some(Wish::Clear | Wish::Other) | None => SrtpOffer::Clear,
        }
    }

    /// The suite that a side was answered with by us.
    fn suite_to(&self, side: Side) -> String {
        let outlet = match side {
            Side::Caller => &self.facts.to_caller,
            Side::Called => &self.facts.to_called,
        };
        outlet.sent().map_or_else(String::new, suites_of)
    }

    fn leg_of(&self, side: Side) -> Option<LegId> {
        match side {
            Side::Caller => Some(self.facts.caller),
            // Who answered; of those that ring, the last one that was rung.
            Side::Called => {
                let rung = &self.facts.rung;
                let answered = rung.iter().rev().find(|rung| matches!(rung.progress, Progress::Answered));
                answered.or(rung.last()).map(|rung| rung.leg)
            }
        }
    }

    pub(super) fn rule(&self, side: Side) -> SrtpRule {
        match side {
            Side::Caller => self.caller_rule(),
            Side::Called => self.facts.called_rule,
        }
    }

    pub(super) fn caller_rule(&self) -> SrtpRule {
        let configuration = &self.shared.configuration;
        if let Some(joins) = &self.facts.joins {
            return joins.srtp;
        }
        match &self.facts.origin {
            origin @ Origin::Line { .. } => configuration
                .calling_phone(origin)
                .map_or_else(SrtpRule::default, |phone| phone.settings.srtp),
            Origin::Trunk(name) => {
                configuration.trunks.get(name).map_or_else(SrtpRule::default, |trunk| trunk.srtp)
            }
        }
    }

    pub(super) fn rule_of(&self, target: &Target) -> SrtpRule {
        self.shared.configuration.srtp_rule_of(target)
    }

    /// Which device is told no keys.
    fn untold(&self, targets: &[Target]) -> Untold {
        if self.caller_rule() == SrtpRule::Never {
            return match &self.facts.origin {
                Origin::Line { line, .. } => Untold::Line(line.number().into()),
                Origin::Trunk(name) => Untold::Trunk(name.clone()),
            };
        }
        let rung = self.facts.rung.iter().rev().map(|rung| &rung.target);
        let mut called = targets.iter().chain(rung);
        match called.find(|target| self.rule_of(target) == SrtpRule::Never) {
            Some(Target::Phone { line, .. }) => Untold::Line(line.number().into()),
            Some(Target::Trunk(name)) => Untold::Trunk(name.clone()),
            Some(Target::Service(_)) | None => Untold::Nobody,
        }
    }
}

impl Configuration {
    /// What a device may do about keys.
    pub(super) fn srtp_rule_of(&self, target: &Target) -> SrtpRule {
        match target {
            Target::Phone { line, phone, .. } => self
                .phone(line.as_str(), phone.as_deref())
                .map_or_else(SrtpRule::default, |phone| phone.settings.srtp),
            Target::Trunk(name) => self.trunks.get(name).map_or_else(SrtpRule::default, |trunk| trunk.srtp),
            Target::Service(_) => SrtpRule::AsOffered,
        }
    }
}

/// A device that is told no keys.
enum Untold {
    Line(Box<str>),
    Trunk(Box<str>),
    /// It is gone.
    Nobody,
}

impl Untold {
    fn why(&self) -> WhyNoKeys<'_> {
        match self {
            Untold::Line(number) => WhyNoKeys::ClearSignalling(number),
            Untold::Trunk(name) => WhyNoKeys::Trunk(name),
            Untold::Nobody => WhyNoKeys::NoRelay,
        }
    }
}

fn refused(step: &mut Step<'_>, why: WhyRefused<'_>) -> State {
    step.refuse(Cause::BEARER_CAPABILITY_NOT_AUTHORIZED, why)
}

/// The suites that a description names.
pub(super) fn suites_of(description: &SessionDescription) -> String {
    join(AudioSecurity::of(description.as_bytes()).suites())
}

fn join<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
