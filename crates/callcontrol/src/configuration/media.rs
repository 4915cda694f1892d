//! Which media resources devices use, and what stands in the way of their media.

use std::net::IpAddr;
use std::sync::Arc;

use strowger_base::leg::{Origin, Target};
use strowger_dialplan::resources::Resources;

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
