//! Whether parties of two calls could talk with each other. That is looked at before either leaves the one with whom it talks, so that
//! nobody loses a call for one that cannot be.

use std::net::IpAddr;

use strowger_base::journal::{MediaFunction, WhyApart};
use strowger_base::leg::{Origin, Target};
use strowger_base::{LegId, SessionDescription};
use strowger_dialplan::admission::AudioCodec;
use strowger_dialplan::resources::Function;
use strowger_media::sdp::{self, AudioSecurity, Wish};

use super::blocking::is_secured;
use super::joining::{First, Joining};
use super::participant::Device;
use super::permitting::Permit;
use super::{Call, Facts, State};
use crate::admission::Wanted;
use crate::configuration::{Configuration, SrtpRule, Unencrypted};
use crate::outlet::{Part, Said};
use crate::shared::Shared;

/// Whether two parties could talk with each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Match {
    Yes,
    /// This is in the way as far as is known; but a device may take more than it answered with.
    Perhaps(WhyApart),
    No(WhyApart),
}

/// A party of a call, as far as it matters with whom it could talk.
pub(crate) struct Standing {
    /// As one that calls; `None` for a service of ours.
    origin: Option<Origin>,
    target: Target,
    address: Option<IpAddr>,
    said: Option<Said>,
    emergency: bool,
    /// Its call has a transcoder, which it gives back.
    transcodes: bool,
}

/// The codecs that a party is known to take, of those that regions permit.
struct Speaks {
    codecs: Vec<AudioCodec>,
    /// There are no others.
    all: bool,
}

impl Match {
    /// Both have to hold.
    fn and(self, other: Match) -> Match {
        match (self, other) {
            (Match::No(_), _) | (Match::Perhaps(_), Match::Yes | Match::Perhaps(_)) => self,
            (Match::Yes, _) | (Match::Perhaps(_), Match::No(_)) => other,
        }
    }
}

impl Call {
    /// The party of a leg of this call that may go on in another one.
    pub(crate) fn standing_of(&self, leg: LegId) -> Option<Standing> {
        let facts = &self.facts;
        let (emergency, transcodes) = (facts.emergency, facts.transcoding.is_some());
        if leg == facts.caller {
            return Some(Standing {
                origin: Some(facts.origin.clone()),
                target: Device::Calling(facts.origin.clone()).target(),
                address: facts.address,
                said: facts.to_caller.said().cloned(),
                emergency,
                transcodes,
            });
        }
        let target = facts.rung_on(leg)?.clone();
        Some(Standing {
            origin: Device::Called(target.clone()).origin(),
            target,
            address: None,
            said: self.said_by_called(),
            emergency,
            transcodes,
        })
    }

    /// How the called device described its media; `None` while nobody has the call.
    fn said_by_called(&self) -> Option<Said> {
        let State::Talking(talking) = &self.state else { return None };
        let waits = match &talking.joining {
            Some(Joining { first: First::Called(offer) | First::Both { called: offer, .. }, .. }) => {
                Some(Said::first(offer, Part::Offer))
            }
            Some(_) | None => None,
        };
        waits.or_else(|| self.facts.to_called.said().cloned())
    }

    /// Whether the callers of two calls cannot talk with each other, because the one takes encrypted media alone and the other one has said
    /// that it has none. A device that may have no keys is no such one: those of the other side end at a relay then.
    pub(crate) fn has_no_keys_for(&self, other: &Call, configuration: &Configuration) -> bool {
        let keys = |call: &Call| {
            let offered = call.facts.offer.as_ref().or_else(|| call.facts.takes()).map(wish_of);
            let wish = call.facts.to_caller.wish().or(offered)?;
            let target = Device::Calling(call.facts.origin.clone()).target();
            Some((wish, configuration.srtp_rule_of(&target)))
        };
        let alone = |one: &Call, two: &Call| {
            let clear = Some((Wish::Clear, SrtpRule::AsOffered));
            keys(one).is_some_and(|(wish, _)| wish == Wish::Required) && keys(two) == clear
        };
        alone(self, other) || alone(other, self)
    }

    /// The legs of devices that ring, of which one will talk with the caller.
    pub(crate) fn ringing_legs(&self) -> Vec<LegId> {
        let open = self.facts.rung.iter().filter(|rung| rung.progress.is_open());
        open.map(|rung| rung.leg).collect()
    }
}

impl Shared {
    /// Whether two parties could talk with each other as far as codecs and encryption go, and what they would take of bandwidth.
    pub(crate) fn matches(&mut self, one: &Standing, two: &Standing) -> (Match, Option<Wanted>) {
        // A service of ours never calls.
        let (caller, called) = if one.origin.is_none() { (two, one) } else { (one, two) };
        let Some(origin) = &caller.origin else { return (Match::Yes, None) };
        let configuration = std::sync::Arc::clone(&self.configuration);
        let admission = &configuration.admission;
        let secure = self.keys_match(caller, called);
        if !admission.in_use {
            let speaks = [caller, called].map(|party| party.speaks(&Permit::all(admission)));
            return (self.codecs_match((caller, called), &speaks).and(secure), None);
        }
        let from = configuration.site_of_origin(origin, caller.address);
        let to = self.site_of(&called.target, &from);
        let permit = Permit::between(admission, &from, &to);
        let speaks = [caller, called].map(|party| party.speaks(&permit));
        let codecs = self.codecs_match((caller, called), &speaks);
        let [ones, others] = speaks.map(|speaks| speaks.map(|speaks| speaks.codecs));
        let kbps = permit.needed(ones, others);
        let (from, to) = (from.location(), to.location());
        let wanted = (from != to).then(|| Wanted { from: from.into(), to: to.into(), kbps });
        (codecs.and(secure), wanted)
    }

    fn codecs_match(
        &mut self,
        (caller, called): (&Standing, &Standing),
        speaks: &[Option<Speaks>; 2],
    ) -> Match {
        let common = |one: &Speaks, two: &Speaks| one.codecs.iter().any(|codec| two.codecs.contains(codec));
        let is_none = |speaks: &Option<Speaks>| {
            speaks.as_ref().is_some_and(|speaks| speaks.all && speaks.codecs.is_empty())
        };
        let why = WhyApart::NoCodec;
        let apart = match speaks {
            [Some(one), Some(two)] if common(one, two) => return Match::Yes,
            [Some(one), Some(two)] if one.all && two.all => Match::No(why),
            [one, two] if is_none(one) || is_none(two) => Match::No(why),
            [_, _] => Match::Perhaps(why),
        };
        if self.transcoder_for(caller, called) { Match::Yes } else { apart }
    }

    /// Whether there would be a transcoder between the two.
    fn transcoder_for(&mut self, caller: &Standing, called: &Standing) -> bool {
        let configuration = std::sync::Arc::clone(&self.configuration);
        let (Some(origin), Some(_)) = (&caller.origin, &called.origin) else { return false };
        if !configuration.media.table.any(Function::Transcoder) {
            return false;
        }
        if caller.transcodes || called.transcodes {
            return true;
        }
        let own = configuration.media_of_origin(origin, caller.address).1;
        let there = configuration.media_of_target(&called.target).1;
        [own, there].iter().any(|lists| {
            self.resources.has_room(&configuration.media, MediaFunction::Transcoder, &lists.names())
        })
    }

    /// Where calls in the clear are blocked both have to have keys; elsewhere who wants them alone may not talk with who has none.
    fn keys_match(&self, one: &Standing, two: &Standing) -> Match {
        let blocked = self.configuration.unencrypted == Unencrypted::Blocked;
        let (blocked, why) = (blocked && !one.emergency && !two.emergency, WhyApart::Unencrypted);
        let clear = |party: &Standing| {
            let last = party.said.as_ref().map(|said| &said.last);
            self.configuration.srtp_rule_of(&party.target) == SrtpRule::Never
                || last.is_some_and(|last| !is_secured(last))
        };
        if blocked && [one, two].into_iter().any(|party| party.origin.is_some() && clear(party)) {
            return Match::No(why);
        }
        let wish = |party: &Standing| party.said.as_ref().map(|said| wish_of(&said.last));
        match (wish(one), wish(two)) {
            (Some(Wish::Required), Some(Wish::Clear)) | (Some(Wish::Clear), Some(Wish::Required)) => {
                Match::Perhaps(why)
            }
            (Some(_) | None, _) => Match::Yes,
        }
    }
}

impl Standing {
    /// A device that asks for a call.
    pub(super) fn of_asking(facts: &Facts) -> Self {
        Standing {
            origin: Some(facts.origin.clone()),
            target: Device::Calling(facts.origin.clone()).target(),
            address: facts.address,
            said: facts.offer.as_ref().or_else(|| facts.takes()).map(|offer| Said::first(offer, Part::Offer)),
            emergency: facts.emergency,
            transcodes: false,
        }
    }

    fn speaks(&self, permit: &Permit<'_>) -> Option<Speaks> {
        if self.origin.is_none() {
            return Some(Speaks { codecs: permit.ours(), all: true });
        }
        let said = self.said.as_ref()?;
        let has_audio =
            |description: &&SessionDescription| !sdp::audio_formats(description.as_bytes()).is_empty();
        let first = said.first_offer.as_ref().filter(has_audio);
        let known = first.is_some() || has_audio(&&said.last);
        let all = first.is_some() || sdp::declares_all(said.last.as_bytes());
        known.then(|| Speaks { codecs: permit.spoken(said), all })
    }
}

fn wish_of(description: &SessionDescription) -> Wish {
    AudioSecurity::of(description.as_bytes()).wish
}
