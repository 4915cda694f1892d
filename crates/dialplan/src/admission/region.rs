//! Which codec two devices speak.

use std::collections::BTreeMap;
use std::sync::Arc;

use strowger_base::Cause;

use super::codec::AudioCodec;

/// The matrix of regions. `R` names a region.
#[derive(Clone, Debug)]
pub struct Regions<R> {
    pairs: BTreeMap<(R, R), RegionPair>,
    /// What holds where a pair says nothing.
    pub defaults: RegionDefaults,
}

/// What a pair of regions, or a region with itself, says. What is `None` is the system's default.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RegionPair {
    /// Audio codecs, the best first; one that is not listed is not used.
    pub preference: Option<Arc<[AudioCodec]>>,
    /// Greatest bit rate of audio, payload only, in kb/s.
    pub audio_kbps_max: Option<u16>,
    /// Greatest bit rate of a video session with its audio, in kb/s.
    pub video_kbps_max: Option<u32>,
}

/// What holds where a pair says nothing. The figures are unverified (U-14).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegionDefaults {
    /// Audio codecs, the best first.
    pub preference: Arc<[AudioCodec]>,
    /// Inside a region: 64 kb/s.
    pub audio_kbps_within: u16,
    /// Between two regions: 8 kb/s.
    pub audio_kbps_between: u16,
    /// Video: 384 kb/s.
    pub video_kbps: u32,
}

/// What holds between two devices.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RegionLimits<'r> {
    /// Audio codecs, the best first.
    pub preference: &'r [AudioCodec],
    /// Greatest bit rate of audio, payload only, in kb/s.
    pub audio_kbps_max: u16,
    /// Greatest bit rate of a video session, in kb/s.
    pub video_kbps_max: u32,
}

/// One of the two devices of a call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum CallEnd {
    /// The one that calls.
    Calling,
    /// The one that is called.
    Called,
}

/// Whose media resource list has a free transcoder.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Transcoders {
    /// The calling device's.
    pub calling: bool,
    /// The called device's.
    pub called: bool,
}

/// What two devices speak.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CodecChoice<'c> {
    /// This, with each other.
    Common(&'c AudioCodec),
    /// Each its own, with a transcoder beside one of them.
    Transcode {
        /// Whose media resource list gives the transcoder.
        at: CallEnd,
        /// What the calling device speaks.
        calling: &'c AudioCodec,
        /// What the called device speaks.
        called: &'c AudioCodec,
    },
    /// The call is released.
    Release {
        /// With this.
        cause: Cause,
        /// Why.
        because: NoCodec,
    },
}

/// Why two devices have nothing to speak.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum NoCodec {
    /// This device needs a transcoder and none is free in its media resource list.
    NoTranscoder(CallEnd),
    /// Neither device has a codec that the regions permit.
    NothingPermitted,
    /// A device has no codec of the preference list.
    NothingKnown(CallEnd),
}

impl<R: Ord + Clone> Regions<R> {
    /// Only the defaults.
    pub const fn new(defaults: RegionDefaults) -> Self {
        Regions { pairs: BTreeMap::new(), defaults }
    }

    /// Sets what holds between `a` and `b`, in both directions, or within `a` when they are the same.
    pub fn set(&mut self, a: R, b: R, pair: RegionPair) {
        let key = if a <= b { (a, b) } else { (b, a) };
        self.pairs.insert(key, pair);
    }

    /// What holds between `a` and `b`.
    pub fn limits(&self, a: &R, b: &R) -> RegionLimits<'_> {
        let key = if a <= b { (a.clone(), b.clone()) } else { (b.clone(), a.clone()) };
        let pair = self.pairs.get(&key);
        let audio = if a == b { self.defaults.audio_kbps_within } else { self.defaults.audio_kbps_between };
        RegionLimits {
            preference: pair.and_then(|pair| pair.preference.as_deref()).unwrap_or(&self.defaults.preference),
            audio_kbps_max: pair.and_then(|pair| pair.audio_kbps_max).unwrap_or(audio),
            video_kbps_max: pair.and_then(|pair| pair.video_kbps_max).unwrap_or(self.defaults.video_kbps),
        }
    }
}

impl Default for RegionDefaults {
    fn default() -> Self {
        use AudioCodec::{
            G711Alaw, G711Ulaw, G722, G728, G729, G7221At24, G7221At32, G7231, Gsm, Ilbc, Opus,
        };
        let best_first = [Opus, G722, G711Ulaw, G711Alaw, G7221At32, G7221At24, Ilbc, G728, Gsm, G729, G7231];
        RegionDefaults {
            preference: Arc::new(best_first),
            audio_kbps_within: 64,
            audio_kbps_between: 8,
            video_kbps: 384,
        }
    }
}

/// The codec of a call between devices with these capabilities.
///
/// The first of the preference list that both have and the rate permits. When there is none, the device that has nothing
/// permitted needs a transcoder beside it, and speaks with that what it likes best; when both have something, but not
/// the same, it is the called one's.
pub fn choose_codec<'c>(
    calling: &[AudioCodec],
    called: &[AudioCodec],
    limits: RegionLimits<'c>,
    transcoders: Transcoders,
) -> CodecChoice<'c> {
    let release = |because| CodecChoice::Release { cause: Cause::RESOURCE_UNAVAILABLE, because };
    let permitted = |codec: &&AudioCodec| codec.payload_kbps() <= limits.audio_kbps_max;
    let mut common = limits.preference.iter().filter(permitted);
    if let Some(codec) = common.find(|codec| calling.contains(codec) && called.contains(codec)) {
        return CodecChoice::Common(codec);
    }
    let best = |has: &[AudioCodec]| limits.preference.iter().find(|codec| has.contains(codec));
    let best_permitted =
        |has: &[AudioCodec]| limits.preference.iter().filter(permitted).find(|codec| has.contains(codec));
    match (best_permitted(calling), best_permitted(called)) {
        (None, None) => release(NoCodec::NothingPermitted),
        (Some(far), _) => match best(called) {
            None => release(NoCodec::NothingKnown(CallEnd::Called)),
            Some(_) if !transcoders.called => release(NoCodec::NoTranscoder(CallEnd::Called)),
            Some(near) => CodecChoice::Transcode { at: CallEnd::Called, calling: far, called: near },
        },
        (None, Some(far)) => match best(calling) {
            None => release(NoCodec::NothingKnown(CallEnd::Calling)),
            Some(_) if !transcoders.calling => release(NoCodec::NoTranscoder(CallEnd::Calling)),
            Some(near) => CodecChoice::Transcode { at: CallEnd::Calling, calling: near, called: far },
        },
    }
}

#[cfg(test)]
mod tests {
    use AudioCodec::{G711Ulaw, G722, G729, G7231, Opus};

    use super::*;

    #[test]
    fn a_pair_is_the_same_in_both_directions_and_may_say_little() {
        let mut regions = Regions::new(RegionDefaults::default());
        regions.set("b", "a", RegionPair { audio_kbps_max: Some(24), ..RegionPair::default() });
        regions.set(
            "c",
            "c",
            RegionPair { preference: Some([G729].into()), video_kbps_max: Some(0), ..RegionPair::default() },
        );
        let check = |a: &'static str, b: &'static str, audio: u16, video: u32, first: AudioCodec| {
            let limits = regions.limits(&a, &b);
            let found = (limits.audio_kbps_max, limits.video_kbps_max, &limits.preference[0]);
            assert_eq!(found, (audio, video, &first), "{a} {b}");
        };
        check("a", "a", 64, 384, Opus);
        check("a", "b", 24, 384, Opus);
        check("b", "a", 24, 384, Opus);
        check("a", "c", 8, 384, Opus);
        check("c", "c", 64, 0, G729);
    }

    #[test]
    fn the_best_codec_that_both_have_and_the_rate_permits() {
        let defaults = RegionDefaults::default();
        let all = Transcoders { calling: true, called: true };
        let none = Transcoders::default();
        let check = |calling: &[AudioCodec], called: &[AudioCodec], audio_kbps_max, transcoders, expect| {
            let limits =
                RegionLimits { preference: &defaults.preference, audio_kbps_max, video_kbps_max: 384 };
            assert_eq!(choose_codec(calling, called, limits, transcoders), expect, "{calling:?} {called:?}");
        };
        let release = |because| CodecChoice::Release { cause: Cause(47), because };
        check(&[G729, G711Ulaw, G722], &[G722, G711Ulaw], 64, none, CodecChoice::Common(&G722));
        check(&[G729, G711Ulaw], &[G722, G711Ulaw], 64, none, CodecChoice::Common(&G711Ulaw));
        check(&[G729, G711Ulaw], &[G711Ulaw, G729], 8, none, CodecChoice::Common(&G729));
        check(&[G729, G711Ulaw], &[G711Ulaw], 8, none, release(NoCodec::NoTranscoder(CallEnd::Called)));
        check(
            &[G729, G711Ulaw],
            &[G711Ulaw],
            8,
            all,
            CodecChoice::Transcode { at: CallEnd::Called, calling: &G729, called: &G711Ulaw },
        );
        let far_end_only = Transcoders { calling: false, called: true };
        check(&[G722], &[G729], 8, far_end_only, release(NoCodec::NoTranscoder(CallEnd::Calling)));
        check(
            &[G722],
            &[G729],
            8,
            all,
            CodecChoice::Transcode { at: CallEnd::Calling, calling: &G722, called: &G729 },
        );
        check(
            &[G729],
            &[G7231],
            8,
            all,
            CodecChoice::Transcode { at: CallEnd::Called, calling: &G729, called: &G7231 },
        );
        check(&[G722], &[G711Ulaw], 8, all, release(NoCodec::NothingPermitted));
        check(&[G722], &[], 64, all, release(NoCodec::NothingKnown(CallEnd::Called)));
        check(&[], &[G722], 64, all, release(NoCodec::NothingKnown(CallEnd::Calling)));
    }
}
