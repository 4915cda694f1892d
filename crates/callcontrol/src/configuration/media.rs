//! Which media resources devices use, and what stands in the way of their media.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use strowger_base::leg::{AudioSource, MulticastDirection, Origin, Target, Tone};
use strowger_dialplan::resources::Resources;
use strowger_media::codec::Codec;
use strowger_media::control::Multicast;

use super::Configuration;

/// The media resources of the system, and what becomes of calls that get none.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct MediaResources {
    /// There is any, or a device wants one; where that is not so, no call is looked at.
    pub in_use: bool,
    /// All of them, with their groups and lists.
    pub table: Resources,
    /// A call is refused whose device wants a trusted relay point that is not to be had: the service parameter.
    pub fails_without_trusted_relay: bool,
    /// A call is refused whose device wants a media termination point that is not to be had: the service parameter.
    pub fails_without_termination_point: bool,
    /// The music that goes out to all who listen, by its media resource.
    pub multicast: BTreeMap<Arc<str>, MulticastMusic>,
    /// The media resource groups by which devices may hear it.
    pub multicast_groups: BTreeSet<Box<str>>,
    /// What those are told of the direction who hear it.
    pub multicast_direction: MulticastDirection,
    /// Audio sources that play all the time.
    pub continuous: BTreeSet<AudioSource>,
    /// Audio sources that begin anew for each who hears them.
    pub from_start: BTreeSet<AudioSource>,
}

/// Where the music of a media resource goes out to all who listen: each audio source in each codec has an address of its own, or a
/// port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MulticastMusic {
    /// Those of the music that is built in, in G.711 µ-law.
    pub base: SocketAddr,
    /// What rises from one to the next.
    pub increment: Increment,
    /// How many routers packets may pass, and one more.
    pub ttl: u8,
    /// All sources go out all the time, and not only while somebody hears them.
    pub always: bool,
}

/// What distinguishes the streams of a media resource.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Increment {
    /// Each has an address of its own.
    #[default]
    Address,
    /// Each has a pair of ports of its own at the same address.
    Port,
}

/// A stream of music: an audio source in a codec.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct MusicStream {
    pub(crate) to: Multicast,
    pub(crate) tone: Tone,
    pub(crate) resource: Arc<str>,
}

impl MulticastMusic {
    /// Where an audio source goes out in a codec, 0 being the music that is built in. `None` behind the last address.
    fn stream(&self, source: u8, codec: Codec) -> Option<Multicast> {
        // The third of each four is that of G.729, which we do not encode; the order is that of CUCM.
        let place = match codec {
            Codec::Pcmu => 0,
            Codec::Pcma => 1,
            Codec::G722 => 3,
            Codec::Opus | Codec::G729 => return None,
        };
        let place = u16::from(source) * 4 + place;
        let (ip, port) = (self.base.ip(), self.base.port());
        let address = match (self.increment, ip) {
            (Increment::Port, ip) => SocketAddr::new(ip, port.checked_add(2 * place)?),
            (Increment::Address, IpAddr::V4(ip)) => {
                SocketAddr::new(Ipv4Addr::from_bits(ip.to_bits().checked_add(place.into())?).into(), port)
            }
            (Increment::Address, IpAddr::V6(ip)) => {
                SocketAddr::new(Ipv6Addr::from_bits(ip.to_bits().checked_add(place.into())?).into(), port)
            }
        };
        address.ip().is_multicast().then_some(Multicast { address, ttl: self.ttl, codec })
    }
}

impl MediaResources {
    /// The stream that plays what is wanted in place of a stream for each listener.
    pub(crate) fn music_stream(&self, resource: &str, tone: Tone, codec: Codec) -> Option<MusicStream> {
        let (resource, music) = self.multicast.get_key_value(resource)?;
        let source = match tone {
            Tone::Music => 0,
            Tone::Source(AudioSource(source)) => source,
            Tone::Silence
            | Tone::Dial
            | Tone::OutsideDial
            | Tone::ZipZip
            | Tone::Ringing
            | Tone::Hold
            | Tone::National { .. }
            | Tone::Enter
            | Tone::Leave => return None,
        };
        let to = music.stream(source, codec)?;
        Some(MusicStream { to, tone, resource: Arc::clone(resource) })
    }

    /// All streams that go out also while nobody hears them.
    pub(crate) fn always_streams(&self) -> impl Iterator<Item = MusicStream> {
        let resources = self.multicast.iter().filter(|(_, music)| music.always).map(|(name, _)| name);
        resources.flat_map(move |resource| {
            let sources = self.continuous.iter().map(|source| Tone::Source(*source));
            std::iter::once(Tone::Music).chain(sources).flat_map(move |tone| {
                let codecs = [Codec::Pcmu, Codec::Pcma, Codec::G722];
                codecs.into_iter().filter_map(move |codec| self.music_stream(resource, tone, codec))
            })
        })
    }
}

/// What a device, or a device pool, says about media resources.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct MediaUse {
    /// Its media resource group list.
    pub list: Option<Arc<str>>,
    /// Whether media goes through a trusted relay point; `None` where somebody else says it.
    pub trusted_relay: Option<bool>,
    /// Media always goes through a media termination point.
    pub termination_point: bool,
    /// How calls go to it whose caller has no offer.
    pub early_offer: EarlyOffer,
    /// It is always sent music of its own, because it cannot listen to what goes out to all.
    pub unicast_music: bool,
    /// Who makes the tone of call waiting.
    pub waiting_tone: WaitingTone,
}

/// Who makes the tone that says during a call that another one rings.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub enum WaitingTone {
    /// The phone.
    #[default]
    Phone,
    /// The server: media of each call of the phone passes through it.
    Server,
}

/// Whether a device is offered something when the caller has no offer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub enum EarlyOffer {
    /// It is asked for an offer of its own.
    #[default]
    No,
    /// It is offered what a media termination point has; without one it is asked.
    BestEffort,
    /// The same; without one the call is refused.
    Mandatory,
}

/// The lists in which a device looks for media resources, the first one first.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct MediaLists {
    own: Option<Arc<str>>,
    pool: Option<Arc<str>>,
}

impl MediaLists {
    pub(crate) fn names(&self) -> Vec<&str> {
        [self.own.as_deref(), self.pool.as_deref()].into_iter().flatten().collect()
    }
}

impl Configuration {
    /// What a device that calls says about media resources, and in which lists it looks. Where a phone roams, those of the place count.
    pub(crate) fn media_of_origin(&self, origin: &Origin, address: Option<IpAddr>) -> (MediaUse, MediaLists) {
        match origin {
            Origin::Line { line, phone } => self.media_of_phone(line.as_str(), phone.as_deref(), address),
            Origin::Trunk(name) => self.media_of_trunk(name),
        }
    }

    /// The same of a device that is called; a service of ours has none of its own.
    pub(crate) fn media_of_target(&self, target: &Target) -> (MediaUse, MediaLists) {
        match target {
            Target::Phone { line, phone, .. } => self.media_of_phone(line.as_str(), phone.as_deref(), None),
            Target::Trunk(name) => self.media_of_trunk(name),
            Target::Service(_) => Default::default(),
        }
    }

    fn media_of_phone(
        &self,
        line: &str,
        phone: Option<&str>,
        address: Option<IpAddr>,
    ) -> (MediaUse, MediaLists) {
        let Some(phone) = self.phone(line, phone) else { return Default::default() };
        let own = &phone.settings.media;
        if let Some(there) = self.whereabouts(phone, address).roaming() {
            let lists = MediaLists { own: None, pool: there.media.list.clone() };
            return (own.clone().within(&there.media), lists);
        }
        let home = phone.settings.home.as_ref().map(|home| &home.pool.media);
        own.with_pool(home)
    }

    fn media_of_trunk(&self, name: &str) -> (MediaUse, MediaLists) {
        let Some(trunk) = self.trunks.get(name) else { return Default::default() };
        trunk.media.with_pool(trunk.pool.as_ref().map(|pool| &pool.media))
    }
}

impl MediaUse {
    fn with_pool(&self, pool: Option<&MediaUse>) -> (MediaUse, MediaLists) {
        let lists = MediaLists { own: self.list.clone(), pool: pool.and_then(|pool| pool.list.clone()) };
        (pool.map_or_else(|| self.clone(), |pool| self.clone().within(pool)), lists)
    }

    fn within(self, pool: &MediaUse) -> MediaUse {
        MediaUse { trusted_relay: self.trusted_relay.or(pool.trusted_relay), ..self }
    }

    /// Whether media goes through a trusted relay point.
    pub(crate) fn wants_trusted_relay(&self) -> bool {
        self.trusted_relay == Some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_and_codec_has_an_address_or_a_port() {
        let check = |base: &str, increment, source, codec, expect: Option<&str>| {
            let music = MulticastMusic { base: base.parse().unwrap(), increment, ttl: 1, always: false };
            let address = music.stream(source, codec).map(|to| to.address.to_string());
            assert_eq!(address.as_deref(), expect, "{source} in {codec:?}");
        };
        let (by_address, by_port) = (Increment::Address, Increment::Port);
        check("239.1.1.1:16384", by_address, 0, Codec::Pcmu, Some("239.1.1.1:16384"));
        check("239.1.1.1:16384", by_address, 1, Codec::Pcma, Some("239.1.1.6:16384"));
        check("239.1.1.1:16384", by_address, 51, Codec::G722, Some("239.1.1.208:16384"));
        check("239.1.1.1:16384", by_port, 0, Codec::G722, Some("239.1.1.1:16390"));
        check("239.1.1.1:16384", by_port, 51, Codec::Pcmu, Some("239.1.1.1:16792"));
        check("[ff15::1]:16384", by_address, 1, Codec::Pcmu, Some("[ff15::5]:16384"));
        check("239.1.1.1:16384", by_address, 0, Codec::Opus, None);
        check("239.1.1.1:65500", by_port, 51, Codec::Pcmu, None);
        check("239.255.255.255:16384", by_address, 0, Codec::Pcma, None);
    }
    use crate::configuration::{DevicePool, Home, Line, LinePhone, PhoneSettings, Trunk};
    use strowger_dialplan::SearchSpace;

    #[test]
    fn a_device_goes_before_its_pool() {
        let some = |list: &str, trusted_relay| MediaUse {
            list: (!list.is_empty()).then(|| Arc::from(list)),
            trusted_relay,
            ..MediaUse::default()
        };
        let check = |device: MediaUse, pool: MediaUse, lists: &[&str], trusted: bool| {
            let pool = Arc::new(DevicePool { media: pool, ..DevicePool::default() });
            let home = Home { pool: Arc::clone(&pool), line_space: SearchSpace::null(), roams: false };
            let settings = PhoneSettings {
                media: device.clone(),
                home: Some(Arc::new(home)),
                ..PhoneSettings::default()
            };
            let phone = LinePhone { settings: Arc::new(settings), ..LinePhone::default() };
            let mut configuration = Configuration::empty();
            configuration.lines.insert("1001", Line { phones: Box::new([phone]), ..Line::default() });
            let trunk = Trunk { pool: Some(pool), media: device, ..Trunk::default() };
            configuration.trunks.insert("pstn".into(), trunk);
            for origin in [Origin::line("1001"), Origin::Trunk("pstn".into())] {
                let (media, found) = configuration.media_of_origin(&origin, None);
                assert_eq!((found.names().as_slice(), media.wants_trusted_relay()), (lists, trusted));
            }
        };
        check(some("", None), some("", None), &[], false);
        check(some("own", None), some("pool", Some(true)), &["own", "pool"], true);
        check(some("", Some(false)), some("pool", Some(true)), &["pool"], false);
        check(some("own", Some(true)), some("", None), &["own"], true);
        let nobody = Configuration::empty().media_of_origin(&Origin::line("1"), None);
        assert_eq!(nobody, Default::default());
    }
}
