//! Media resources in use: what calls have of them, and how often there were none.

use std::collections::BTreeMap;
use std::sync::Arc;

use strowger_base::journal::{MediaFunction, MediaNews};
use strowger_dialplan::resources::{Allocation, Allocations, Exhausted, Function, Resources};

use strowger_media::codec::Codec;

use crate::configuration::MediaResources;

/// What calls of one shard have of the media resources.
#[derive(Default, Debug)]
pub(crate) struct Pool {
    allocations: Allocations,
    /// The devices that are there, with what they speak.
    devices: BTreeMap<Arc<str>, Vec<Codec>>,
    counts: BTreeMap<Arc<str>, Counts>,
    exhausted: BTreeMap<MediaFunction, u64>,
}

#[derive(Clone, Copy, Default, Debug)]
struct Counts {
    allocated: u64,
    full: u64,
}

/// A media resource, for who looks at it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResourceUse {
    /// Its name.
    pub name: Arc<str>,
    /// What it does.
    pub function: MediaFunction,
    /// Streams or parties at once; as many as come when `None`.
    pub capacity: Option<u32>,
    /// How many it has now.
    pub in_use: u32,
    /// How many it has had since the start.
    pub allocated: u64,
    /// How often it was looked at and full.
    pub full: u64,
    /// Streams that it sends to multicast addresses now.
    pub streams: u32,
    /// Whether it is there, when it is a device of its own.
    pub is_present: Option<bool>,
}

/// What a device does that is a media resource.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceAbility {
    /// Streams or parties at once.
    pub capacity: u32,
    /// What it speaks, the best first.
    pub codecs: Vec<Codec>,
}

impl Pool {
    /// Takes a seat of a resource that does this, by these lists. `None` when none is configured at all, so that the server does it
    /// by itself.
    ///
    /// # Errors
    /// When none that may be used has room.
    pub(crate) fn take(
        &mut self,
        resources: &MediaResources,
        function: MediaFunction,
        lists: &[&str],
    ) -> Result<Option<Allocation>, Exhausted> {
        self.take_where(resources, (function, &|_| true), lists)
    }

    /// The same of those resources only that are fit for it.
    ///
    /// # Errors
    /// When none that may be used has room.
    pub(crate) fn take_where(
        &mut self,
        resources: &MediaResources,
        (function, is_fit): (MediaFunction, &dyn Fn(&str) -> bool),
        lists: &[&str],
    ) -> Result<Option<Allocation>, Exhausted> {
        let asked = asked(function);
        if is_built_in(function) && !resources.table.any(asked) {
            return Ok(None);
        }
        let taken = self.allocations.allocate_where(&resources.table, (asked, is_fit), lists, 1);
        self.count(function, taken).map(Some)
    }

    /// Whether a resource that does this, by these lists, has room.
    pub(crate) fn has_room(
        &mut self,
        resources: &MediaResources,
        function: MediaFunction,
        lists: &[&str],
    ) -> bool {
        let taken = self.allocations.allocate(&resources.table, asked(function), lists, 1);
        taken.map(|allocation| self.allocations.release(allocation)).is_ok()
    }

    /// Takes one more seat of the same resource.
    ///
    /// # Errors
    /// When it has no room.
    pub(crate) fn more(
        &mut self,
        resources: &MediaResources,
        of: &Allocation,
    ) -> Result<Allocation, Exhausted> {
        let taken = self.allocations.more(&resources.table, of, 1);
        self.count(said(of.function()), taken)
    }

    fn count(
        &mut self,
        function: MediaFunction,
        taken: Result<Allocation, Exhausted>,
    ) -> Result<Allocation, Exhausted> {
        match &taken {
            Ok(allocation) => {
                self.counts.entry(Arc::from(allocation.resource())).or_default().allocated += 1;
            }
            Err(exhausted) => {
                *self.exhausted.entry(function).or_default() += 1;
                for (name, _) in &exhausted.full {
                    self.counts.entry(Arc::clone(name)).or_default().full += 1;
                }
            }
        }
        taken
    }

    /// A device is there and can do this, or is not there when `None`.
    pub(crate) fn set_device(&mut self, device: &str, ability: Option<DeviceAbility>) {
        self.allocations.set_present(device, ability.as_ref().map(|ability| ability.capacity));
        match ability {
            Some(ability) => _ = self.devices.insert(Arc::from(device), ability.codecs),
            None => _ = self.devices.remove(device),
        }
    }

    /// A device that is there, and what it speaks.
    pub(crate) fn device(&self, name: &str) -> Option<(&Arc<str>, &[Codec])> {
        self.devices.get_key_value(name).map(|(name, codecs)| (name, codecs.as_slice()))
    }

    /// Gives a seat back.
    pub(crate) fn give_back(&mut self, allocation: Allocation) {
        self.allocations.release(allocation);
    }

    /// Seats that calls have.
    pub(crate) fn in_use(&self) -> u32 {
        self.allocations.all_in_use()
    }

    /// All resources with what is in use of them.
    pub(crate) fn uses(&self, resources: &Resources, streams: impl Fn(&str) -> u32) -> Vec<ResourceUse> {
        let of = |(name, resource): (&Arc<str>, &strowger_dialplan::resources::Resource)| {
            let Counts { allocated, full } = self.counts.get(name).copied().unwrap_or_default();
            ResourceUse {
                name: Arc::clone(name),
                function: said(resource.function),
                capacity: resource.capacity,
                in_use: self.allocations.in_use(name),
                allocated,
                full,
                streams: streams(name),
                is_present: resource.is_device.then(|| self.devices.contains_key(name)),
            }
        };
        resources.iter().map(of).collect()
    }

    /// How often something was asked for and not to be had.
    pub(crate) fn exhausted(&self) -> impl Iterator<Item = (MediaFunction, u64)> {
        self.exhausted.iter().map(|(function, count)| (*function, *count))
    }
}

/// What the story says of a resource that was taken.
pub(crate) fn taken_view(allocation: &Allocation) -> MediaNews<'_> {
    MediaNews::Taken {
        function: said(allocation.function()),
        resource: allocation.resource(),
        group: allocation.group().unwrap_or_default(),
    }
}

/// What the story says of a resource that goes while the call goes on.
pub(crate) fn gone_view(allocation: &Allocation) -> MediaNews<'_> {
    MediaNews::GivenBack { function: said(allocation.function()), resource: allocation.resource() }
}

/// The resources that were full, as people are told.
pub(crate) fn full(exhausted: &Exhausted) -> String {
    let each = exhausted.full.iter().map(|(name, used)| format!("{name} ({used} in use)"));
    let absent = exhausted.absent.iter().map(|name| format!("{name} (not registered)"));
    each.chain(absent).collect::<Vec<_>>().join(", ")
}

/// The server can do it by itself where no resource is configured that does. A transcoder costs so much that somebody has to want it.
const fn is_built_in(function: MediaFunction) -> bool {
    match function {
        MediaFunction::Annunciator | MediaFunction::ConferenceBridge | MediaFunction::MusicOnHold => true,
        MediaFunction::Transcoder | MediaFunction::TerminationPoint | MediaFunction::TrustedRelayPoint => {
            false
        }
    }
}

const fn asked(function: MediaFunction) -> Function {
    match function {
        MediaFunction::Annunciator => Function::Annunciator,
        MediaFunction::ConferenceBridge => Function::ConferenceBridge,
        MediaFunction::Transcoder => Function::Transcoder,
        MediaFunction::TerminationPoint => Function::TerminationPoint,
        MediaFunction::MusicOnHold => Function::MusicOnHold,
        MediaFunction::TrustedRelayPoint => Function::TrustedRelayPoint,
    }
}

const fn said(function: Function) -> MediaFunction {
    match function {
        Function::Annunciator => MediaFunction::Annunciator,
        Function::ConferenceBridge => MediaFunction::ConferenceBridge,
        Function::Transcoder => MediaFunction::Transcoder,
        Function::TerminationPoint => MediaFunction::TerminationPoint,
        Function::MusicOnHold => MediaFunction::MusicOnHold,
        Function::TrustedRelayPoint => MediaFunction::TrustedRelayPoint,
    }
}
