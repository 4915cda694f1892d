//! Which codecs two devices may use: their regions say it, and what bandwidth there is.
//!
//! An offer goes on with what is permitted, in the order of the regions. Of an answer the first codec is left that is permitted, so
//! that the bandwidth of the call is known and neither side changes in mid-stream. What nothing is left of is not passed on: it
//! would need a transcoder.

use strowger_base::journal::{Admission as News, Codecs, Decision};
use strowger_base::leg::{Service, Target};
use strowger_base::{LegId, SessionDescription};
use strowger_dialplan::admission::{AudioCodec, RegionLimits};
use strowger_media::codec::Codec;
use strowger_media::sdp::{self, AudioFormat, Selection};

use super::Step;
use super::transcoding::audio;
use crate::configuration::{Admission, Site};
use crate::exchange::Side;
use crate::outlet::Said;
use crate::shared::Shared;

/// What may be used between two devices.
pub(super) struct Permit<'c> {
    admission: &'c Admission,
    limits: Option<RegionLimits<'c>>,
    /// What there is bandwidth for, in kbit/s; anything when `None`.
    kbps_max: Option<u32>,
}

impl<'c> Permit<'c> {
    pub(super) fn between(admission: &'c Admission, from: &Site, to: &Site) -> Self {
        let limits = admission.limits(from.region.as_ref(), to.region.as_ref());
        Permit { admission, limits, kbps_max: None }
    }

    /// Anything goes.
    pub(super) const fn all(admission: &'c Admission) -> Self {
        Permit { admission, limits: None, kbps_max: None }
    }

    /// The same where there is bandwidth for no more than this.
    pub(super) const fn within(self, kbps_max: Option<u32>) -> Self {
        Permit { kbps_max, ..self }
    }

    /// Where a codec stands among those that are permitted; `None` when it is not.
    fn rank(&self, format: &AudioFormat<'_>) -> Option<usize> {
        self.rank_of(&codec(format))
    }

    fn rank_of(&self, codec: &AudioCodec) -> Option<usize> {
        if self.kbps_max.is_some_and(|most| self.admission.accounted(codec) > most) {
            return None;
        }
        let Some(limits) = &self.limits else { return Some(0) };
        let place = limits.preference.iter().position(|preferred| preferred == codec);
        place.filter(|_| codec.payload_kbps() <= limits.audio_kbps_max)
    }

    /// The codecs of a description that are permitted.
    pub(super) fn codecs_of(&self, description: &SessionDescription) -> Vec<AudioCodec> {
        let formats = sdp::audio_formats(description.as_bytes());
        formats.iter().filter(|format| self.rank(format).is_some()).map(codec).collect()
    }

    /// The codecs of which a device has said that it has them, as far as they are permitted.
    pub(super) fn spoken(&self, said: &Said) -> Vec<AudioCodec> {
        let descriptions = [Some(&said.last), said.first_offer.as_ref()];
        let mut codecs: Vec<AudioCodec> =
            descriptions.into_iter().flatten().flat_map(|description| self.codecs_of(description)).collect();
        // What it declares it can do although it is not in use.
        let declared = sdp::declared_formats(said.last.as_bytes());
        codecs.extend(declared.iter().filter(|format| self.rank(format).is_some()).map(codec));
        codecs
    }

    /// Those of our own codecs that are permitted.
    pub(super) fn ours(&self) -> Vec<AudioCodec> {
        self.sorted(&Codec::ALL).into_iter().map(audio).collect()
    }

    /// What two parties need at least who speak these codecs, as far as that is known: the dearest that they have in common. When there is
    /// none, or nothing is known, as much as whatever they will agree upon.
    pub(super) fn needed(&self, one: Option<Vec<AudioCodec>>, two: Option<Vec<AudioCodec>>) -> u32 {
        let (one, two) = (one.unwrap_or_default(), two.unwrap_or_default());
        let dearest = |codecs: &mut dyn Iterator<Item = &AudioCodec>| {
            codecs.map(|codec| self.admission.accounted(codec)).max()
        };
        dearest(&mut one.iter().filter(|codec| two.contains(codec)))
            .or_else(|| dearest(&mut one.iter().chain(&two)))
            .unwrap_or_else(|| self.most_of_any())
    }

    /// What is left of an offer.
    pub(super) fn of_offer(&self, offer: &SessionDescription) -> Selection {
        if self.limits.is_none() && self.kbps_max.is_none() {
            return Selection::Unchanged;
        }
        sdp::select_formats(offer.as_bytes(), |format| self.rank(format))
    }

    /// The most for speech, the codecs of an offer of which regions leave nothing, and what they would permit.
    pub(super) fn leaves_nothing_of(&self, offer: &SessionDescription) -> Option<(u16, String, String)> {
        let limits = self.limits.as_ref()?;
        let nothing = self.of_offer(offer) == Selection::Nothing;
        nothing.then(|| (limits.audio_kbps_max, names(offer), best_of(limits)))
    }

    /// Whether regions permit any codec that a transcoder may have: where they do not, none helps.
    pub(super) fn leaves_some_of_ours(&self) -> bool {
        Codec::KNOWN.iter().any(|codec| self.rank_of(&audio(*codec)).is_some())
    }

    /// What is left of an answer: its first codec that is permitted, of those that were offered. It may name others as well
    /// (RFC 3264 §6.1), which whoever offered does not have.
    pub(super) fn of_answer(
        &self,
        answer: &SessionDescription,
        offered: Option<&SessionDescription>,
    ) -> Selection {
        let offered = offered.map(|offered| sdp::audio_formats(offered.as_bytes())).unwrap_or_default();
        let formats = sdp::audio_formats(answer.as_bytes());
        let mut permitted = formats.iter().filter(|format| self.rank(format).is_some());
        let is_offered =
            |format: &&AudioFormat<'_>| offered.iter().any(|offered| codec(offered) == codec(format));
        match permitted.clone().find(is_offered).or_else(|| permitted.next()) {
            Some(first) => sdp::select_formats(answer.as_bytes(), |format| (format == first).then_some(0)),
            None => Selection::Nothing,
        }
    }

    /// What the most expensive codec of a description takes that is permitted; of any when there is none yet.
    pub(super) fn most(&self, offer: Option<&SessionDescription>) -> u32 {
        let Some(offer) = offer else { return self.most_of_any() };
        let formats = sdp::audio_formats(offer.as_bytes());
        let permitted = formats.iter().filter(|format| self.rank(format).is_some());
        permitted.map(|format| self.admission.accounted(&codec(format))).max().unwrap_or(0)
    }

    /// Those of our own codecs that are permitted, the preferred first.
    pub(super) fn sorted(&self, codecs: &[Codec]) -> Vec<Codec> {
        let rank = |codec: &Codec| self.rank_of(&audio(*codec)).map(|rank| (rank, *codec));
        let mut permitted: Vec<(usize, Codec)> = codecs.iter().filter_map(rank).collect();
        // Equal ones keep their order.
        permitted.sort_by_key(|(rank, _)| *rank);
        permitted.into_iter().map(|(_, codec)| codec).collect()
    }

    fn most_of_any(&self) -> u32 {
        let Some(limits) = &self.limits else { return self.admission.accounted(&AudioCodec::G711Ulaw) };
        let permitted =
            limits.preference.iter().filter(|codec| codec.payload_kbps() <= limits.audio_kbps_max);
        permitted.map(|codec| self.admission.accounted(codec)).max().unwrap_or(0)
    }

    /// What the first codec of an answer takes, with its name.
    pub(super) fn first<'a>(&self, answer: &'a [u8]) -> (u32, &'a str) {
        let formats = sdp::audio_formats(answer);
        let first = formats.iter().find(|format| self.rank(format).is_some()).or(formats.first());
        first.map_or((0, ""), |format| (self.admission.accounted(&codec(format)), format.name))
    }
}

impl Shared {
    /// Where a device is that is called. A bridge is where its media resource is, when that says so.
    pub(super) fn site_of(&self, target: &Target, caller: &Site) -> Site {
        let bridge = match target {
            Target::Service(Service::Conference(id)) => self.conferences.bridge_of(*id),
            Target::Service(_) | Target::Phone { .. } | Target::Trunk(_) => None,
        };
        let bridge = bridge.and_then(|name| self.configuration.bridges.get(name));
        bridge.cloned().unwrap_or_else(|| self.configuration.site_of_target(target, caller))
    }
}

fn codec(format: &AudioFormat<'_>) -> AudioCodec {
    AudioCodec::named(format.name, format.clock_hz, format.parameters)
}

/// The codecs of a description, as people are told.
fn names(description: &SessionDescription) -> String {
    let formats = sdp::audio_formats(description.as_bytes());
    formats.iter().map(|format| format.name).collect::<Vec<_>>().join(", ")
}

/// The first codecs that regions permit, as people are told; empty when they permit none.
fn best_of(limits: &RegionLimits<'_>) -> String {
    let permitted = limits.preference.iter().filter(|codec| codec.payload_kbps() <= limits.audio_kbps_max);
    permitted.map(AudioCodec::name).take(NAMED).collect::<Vec<_>>().join(", ")
}

/// Codecs that are named where regions permit many.
const NAMED: usize = 3;

impl Step<'_> {
    /// Where the two sides of the call are, when `target` is the called one; `None` where nobody is anywhere.
    pub(super) fn sites(&self, target: &Target) -> Option<(Site, Site)> {
        let configuration = &self.shared.configuration;
        if !configuration.admission.in_use {
            return None;
        }
        let caller = match &self.facts.joins {
            Some(joins) => joins.site.clone(),
            None => configuration.site_of_origin(&self.facts.origin, self.facts.address),
        };
        let called = self.site_of(target, &caller);
        Some((caller, called))
    }

    /// Where a device is that is called.
    pub(super) fn site_of(&self, target: &Target, caller: &Site) -> Site {
        self.shared.site_of(target, caller)
    }

    fn sites_of_leg(&self, called: LegId) -> Option<(Site, Site)> {
        self.sites(self.facts.rung_on(called)?)
    }

    /// What the other side is offered instead of what `from` offers; `None` when regions and bandwidth leave nothing of it.
    pub(super) fn pass_offer(
        &mut self,
        from: Side,
        called: LegId,
        offer: SessionDescription,
    ) -> Option<SessionDescription> {
        if self.transcodes() {
            let target = self.facts.rung_on(called).cloned()?;
            return self.offer_through(from, &target, &offer);
        }
        let Some(sites) = self.sites_of_leg(called) else { return Some(self.pass(from, offer, None)) };
        let leg = match from {
            Side::Caller => self.facts.caller,
            Side::Called => called,
        };
        self.make_room_for(&sites, Some(&offer));
        let left = self.permitted((from, leg), &sites, &offer).ok()?;
        let left = self.with_room_for_video(from, &sites, &offer, left);
        Some(self.pass(from, offer, left))
    }

    /// The same for a device that is about to be rung. What nothing is left of is not passed on; regions may have changed since that
    /// was looked at, and then the device is offered what it would have been.
    pub(super) fn pass_offer_to(&mut self, target: &Target, offer: SessionDescription) -> SessionDescription {
        if self.transcodes()
            && let Some(told) = self.offer_through(Side::Caller, target, &offer)
        {
            return told;
        }
        let Some(sites) = self.sites(target) else { return self.pass(Side::Caller, offer, None) };
        let caller = self.facts.caller;
        let left = self.permitted((Side::Caller, caller), &sites, &offer).unwrap_or_default();
        let left = self.with_room_for_video(Side::Caller, &sites, &offer, left);
        self.pass(Side::Caller, offer, left)
    }

    /// What the other side is answered instead of what `from` answers. An answer that nothing is left of breaks the offer
    /// (RFC 3264 §6.1); it passes as it came.
    pub(super) fn pass_answer(
        &mut self,
        from: Side,
        called: LegId,
        answer: SessionDescription,
    ) -> SessionDescription {
        if self.transcodes()
            && let Some(target) = self.facts.rung_on(called).cloned()
            && let Some(told) = self.answer_through(from, &target, &answer)
        {
            return told;
        }
        let Some((caller, site)) = self.sites_of_leg(called) else {
            return self.pass_as_answer(from, answer, None);
        };
        let kbps = self.facts.reserved.kbps(site.location());
        let admission = &self.shared.configuration.admission;
        let permit = Permit::between(admission, &caller, &site).within(kbps);
        let left = match permit.limits.is_some() || kbps.is_some() {
            false => Selection::Unchanged,
            true => permit.of_answer(&answer, self.told(from)),
        };
        let left = match left {
            Selection::Changed(left) => Some(left),
            Selection::Unchanged | Selection::Nothing => None,
        };
        self.pass_as_answer(from, answer, left)
    }

    /// What both sides are answered that wait with an offer: the caller, and the called device. `None` where neither offer is an
    /// answer to the other one.
    pub(super) fn pass_both(
        &mut self,
        called: LegId,
        offer: &SessionDescription,
        own: &SessionDescription,
    ) -> Option<(SessionDescription, SessionDescription)> {
        let all = sdp::meet(offer.as_bytes(), own.as_bytes())?;
        let left = match self.sites_of_leg(called) {
            None => None,
            Some(sites) => {
                self.make_room_for(&sites, Some(offer));
                let caller = self.facts.caller;
                self.permitted((Side::Caller, caller), &sites, offer).ok()?
            }
        };
        let met = match left {
            None => all,
            Some(left) => sdp::meet(left.as_bytes(), own.as_bytes())?,
        };
        let to_called = self.pass_to_offerer(Side::Caller, offer.clone(), (met.to_two, own));
        // What the two have in common lacks the keys of who has some, and the relay has to know of them.
        let to_caller = match (sdp::key_events(own.as_bytes()), sdp::key_events(met.to_one.as_bytes())) {
            (Some(events), None) => {
                let wrote = sdp::with_key_events(met.to_one.as_bytes(), events);
                self.pass_as_answer(Side::Called, wrote, Some(met.to_one))
            }
            (Some(_) | None, _) => self.pass_as_answer(Side::Called, met.to_one, None),
        };
        Some((to_caller, to_called))
    }

    /// What is left of an offer between two sites, when that is less or in another order; an error when nothing is.
    pub(super) fn permitted(
        &mut self,
        (from, leg): (Side, LegId),
        (caller, called): &(Site, Site),
        offer: &SessionDescription,
    ) -> Result<Option<SessionDescription>, ()> {
        let admission = std::sync::Arc::clone(&self.shared.configuration.admission);
        let kbps = self.facts.reserved.kbps(called.location());
        let permit = Permit::between(&admission, caller, called).within(kbps);
        let left = match permit.of_offer(offer) {
            Selection::Unchanged => return Ok(None),
            Selection::Changed(left) => Some(left),
            Selection::Nothing => None,
        };
        // That there is no bandwidth was told where it was looked for.
        let Some(limits) = &permit.limits else { return left.map(Some).ok_or(()) };
        let regions = match from {
            Side::Caller => (&caller.region, &called.region),
            Side::Called => (&called.region, &caller.region),
        };
        let (offered, names_left) = (names(offer), left.as_ref().map_or_else(|| best_of(limits), names));
        let codecs = Codecs {
            from: regions.0.as_deref().unwrap_or_default(),
            to: regions.1.as_deref().unwrap_or_default(),
            kbps_max: limits.audio_kbps_max,
            offered: &offered,
            left: &names_left,
        };
        let told = if left.is_some() { News::CodecsLeft(codecs) } else { News::NoCodecLeft(codecs) };
        self.decide(Some(leg), Decision::Admission(told));
        left.map(Some).ok_or(())
    }
}
