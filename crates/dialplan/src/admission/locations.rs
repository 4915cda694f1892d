//! Places with bandwidth, and the links between them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ledger::Place;

/// What kind of media takes bandwidth.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MediaKind {
    /// Audio of calls without video.
    Audio,
    /// Desktop video, with its audio.
    Video,
    /// Telepresence, with its audio.
    Immersive,
}

/// How much of one kind a place can carry at once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Pool {
    /// Whatever comes.
    #[default]
    Unlimited,
    /// So much, in kb/s.
    Kbps(u32),
    /// Nothing: calls of this kind are refused.
    None,
}

/// What a place can carry, by kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Pools {
    /// Audio.
    pub audio: Pool,
    /// Video.
    pub video: Pool,
    /// Immersive video.
    pub immersive: Pool,
}

/// What a call takes, by kind, in kb/s.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bandwidth {
    /// Audio.
    pub audio: u32,
    /// Video.
    pub video: u32,
    /// Immersive video.
    pub immersive: u32,
}

/// One location of a [`Locations`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LocationId(usize);

/// Which locations on the way of a call must have room. Unverified (U-14).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum RoomOnPath {
    /// Every location that the call touches, also those that it only passes through.
    #[default]
    EveryLocation,
    /// The two locations where the call begins and ends.
    BothEnds,
}

/// All locations and links.
///
/// Without any link every location hangs on an unlimited middle: only the two ends count. With links a call takes the
/// path of least weight, and each link on it must have room.
#[derive(Clone, Debug)]
pub struct Locations {
    locations: Vec<Location>,
    ids: BTreeMap<Arc<str>, LocationId>,
    linked: bool,
    /// Which locations on the way must have room.
    pub room: RoomOnPath,
}

#[derive(Clone, Debug)]
struct Location {
    name: Arc<str>,
    pools: Pools,
    links: BTreeMap<LocationId, Link>,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    weight: u16,
    pools: Pools,
}

/// Why a location or link cannot be set up so.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LocationError {
    /// There is one of this name.
    #[error("location {name} is there already")]
    Duplicate {
        /// Which.
        name: Box<str>,
    },
    /// There are two links between the same locations.
    #[error("there is a link between {a} and {b} already")]
    LinkTwice {
        /// One end.
        a: Box<str>,
        /// The other end.
        b: Box<str>,
    },
    /// A link leads nowhere else.
    #[error("a link from {name} leads back to {name}")]
    LinkToItself {
        /// Which location.
        name: Box<str>,
    },
    /// The location belongs to other [`Locations`].
    #[error("a link names a location that is not there")]
    Unknown,
}

/// The location that is always there and never full.
pub const HUB_NONE: &str = "Hub_None";

impl Locations {
    /// Only [`HUB_NONE`].
    pub fn new() -> Self {
        let mut locations = Locations {
            locations: Vec::new(),
            ids: BTreeMap::new(),
            linked: false,
            room: RoomOnPath::default(),
        };
        locations.insert(HUB_NONE, Pools::default());
        locations
    }

    /// Adds a location.
    ///
    /// # Errors
    /// When one of this name is there.
    pub fn add(&mut self, name: &str, pools: Pools) -> Result<LocationId, LocationError> {
        if self.ids.contains_key(name) {
            return Err(LocationError::Duplicate { name: name.into() });
        }
        Ok(self.insert(name, pools))
    }

    /// Links two locations. Paths of least total weight are preferred.
    ///
    /// # Errors
    /// When they are the same, or linked already.
    pub fn link(
        &mut self,
        a: LocationId,
        b: LocationId,
        weight: u16,
        pools: Pools,
    ) -> Result<(), LocationError> {
        let name = |id| self.name(id).map(|name| Box::from(&**name)).ok_or(LocationError::Unknown);
        let (name_a, name_b) = (name(a)?, name(b)?);
        if a == b {
            return Err(LocationError::LinkToItself { name: name_a });
        }
        let link = Link { weight, pools };
        for (from, to) in [(a, b), (b, a)] {
            let there = self.locations.get_mut(from.0).and_then(|location| location.links.insert(to, link));
            if let Some(there) = there {
                self.locations[from.0].links.insert(to, there);
                return Err(LocationError::LinkTwice { a: name_a, b: name_b });
            }
        }
        self.linked = true;
        Ok(())
    }

    /// The location of this name.
    pub fn find(&self, name: &str) -> Option<LocationId> {
        self.ids.get(name).copied()
    }

    /// A location's name.
    pub fn name(&self, id: LocationId) -> Option<&Arc<str>> {
        self.locations.get(id.0).map(|location| &location.name)
    }

    /// Every location and link with bounds for a kind of media, with its room in kb/s.
    pub fn rooms(&self, kind: MediaKind) -> impl Iterator<Item = (Place, u32)> {
        let bounded = move |pools: Pools| match pools.of(kind) {
            Pool::Unlimited => None,
            Pool::Kbps(kbps) => Some(kbps),
            Pool::None => Some(0),
        };
        let places = self.locations.iter().enumerate().flat_map(|(index, location)| {
            // Each link is there from both ends.
            let links = location.links.iter().filter(move |(other, _)| index < other.0);
            let links = links.filter_map(|(other, link)| {
                Some((Place::link(&location.name, self.name(*other)?), link.pools))
            });
            let own = (Place::Location(Arc::clone(&location.name)), location.pools);
            std::iter::once(own).chain(links)
        });
        places.filter_map(move |(place, pools)| Some((place, bounded(pools)?)))
    }

    /// What a place can carry; anything when it is not there.
    pub(super) fn pools_of(&self, place: &Place) -> Pools {
        let found = match place {
            Place::Location(name) => self.find(name).and_then(|id| self.pools(id)),
            Place::Link(one, other) => {
                self.find(one).zip(self.find(other)).and_then(|(one, other)| self.link_pools(one, other))
            }
        };
        found.unwrap_or_default()
    }

    pub(super) fn pools(&self, id: LocationId) -> Option<Pools> {
        self.locations.get(id.0).map(|location| location.pools)
    }

    pub(super) fn link_pools(&self, a: LocationId, b: LocationId) -> Option<Pools> {
        self.locations.get(a.0)?.links.get(&b).map(|link| link.pools)
    }

    pub(super) const fn has_links(&self) -> bool {
        self.linked
    }

    /// The locations on the way of least weight, both ends among them. Of equal ways the one through locations that
    /// were added earlier: the answer must not depend on chance.
    pub fn path(&self, from: LocationId, to: LocationId) -> Option<Vec<LocationId>> {
        let mut weights: BTreeMap<LocationId, u64> = BTreeMap::from([(from, 0)]);
        let mut before: BTreeMap<LocationId, LocationId> = BTreeMap::new();
        let mut open = std::collections::BTreeSet::from([(0u64, from)]);
        while let Some((weight, here)) = open.pop_first() {
            if here == to {
                let mut path = vec![to];
                let mut at = to;
                while let Some(&previous) = before.get(&at) {
                    path.push(previous);
                    at = previous;
                }
                path.reverse();
                return Some(path);
            }
            for (&next, link) in &self.locations.get(here.0)?.links {
                let through_here = weight + u64::from(link.weight);
                let known = weights.get(&next).copied();
                if known.is_none_or(|known| through_here < known) {
                    if let Some(known) = known {
                        open.remove(&(known, next));
                    }
                    weights.insert(next, through_here);
                    before.insert(next, here);
                    open.insert((through_here, next));
                }
            }
        }
        None
    }

    fn insert(&mut self, name: &str, pools: Pools) -> LocationId {
        let id = LocationId(self.locations.len());
        let name: Arc<str> = name.into();
        self.ids.insert(Arc::clone(&name), id);
        self.locations.push(Location { name, pools, links: BTreeMap::new() });
        id
    }
}

impl Default for Locations {
    fn default() -> Self {
        Self::new()
    }
}

impl Pools {
    pub(super) const fn of(&self, kind: MediaKind) -> Pool {
        match kind {
            MediaKind::Audio => self.audio,
            MediaKind::Video => self.video,
            MediaKind::Immersive => self.immersive,
        }
    }
}

impl Bandwidth {
    /// Every kind with what is taken of it.
    pub(super) const fn by_kind(self) -> [(MediaKind, u32); 3] {
        [
            (MediaKind::Audio, self.audio),
            (MediaKind::Video, self.video),
            (MediaKind::Immersive, self.immersive),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters are locations, added in this order; `ab3` is a link of weight 3.
    fn locations(names: &str, links: &str) -> Locations {
        let mut locations = Locations::new();
        for name in names.chars() {
            locations.add(&name.to_string(), Pools::default()).unwrap();
        }
        for word in links.split_whitespace() {
            let [a, b] = [&word[..1], &word[1..2]].map(|name| locations.find(name).unwrap());
            locations.link(a, b, word[2..].parse().unwrap(), Pools::default()).unwrap();
        }
        locations
    }

    #[test]
    fn the_path_of_least_weight_is_taken() {
        let check = |links: &str, from: &str, to: &str, expect: Option<&str>| {
            let locations = locations("abcde", links);
            let path = locations.path(locations.find(from).unwrap(), locations.find(to).unwrap());
            let names =
                path.map(|path| path.iter().map(|&id| &**locations.name(id).unwrap()).collect::<String>());
            assert_eq!(names.as_deref(), expect, "{links} {from}{to}");
        };
        check("ab1 bc1 ac5", "a", "c", Some("abc"));
        check("ab1 bc1 ac2", "a", "c", Some("ac"));
        check("ab1 bc1 ac1", "c", "a", Some("ca"));
        check("ab9 ac1 cb1 bd1", "a", "d", Some("acbd"));
        // Equal ones: through b, which was added before c.
        check("ac1 cd1 ab1 bd1", "a", "d", Some("abd"));
        check("ab0 bc0", "a", "c", Some("abc"));
        check("ab1 cd1", "a", "d", None);
        check("", "a", "a", Some("a"));
    }

    #[test]
    fn what_cannot_be_a_location_says_why() {
        let mut locations = locations("ab", "ab1");
        let (a, b) = (locations.find("a").unwrap(), locations.find("b").unwrap());
        let check = |result: Result<(), LocationError>, expect: &str| {
            assert_eq!(result.unwrap_err().to_string(), expect);
        };
        check(locations.add("a", Pools::default()).map(drop), "location a is there already");
        check(locations.add(HUB_NONE, Pools::default()).map(drop), "location Hub_None is there already");
        check(locations.link(a, a, 1, Pools::default()), "a link from a leads back to a");
        check(locations.link(b, a, 7, Pools::default()), "there is a link between b and a already");
        check(
            locations.link(a, LocationId(9), 1, Pools::default()),
            "a link names a location that is not there",
        );
        // The refused second link changed nothing.
        assert_eq!(locations.locations[a.0].links[&b].weight, 1);
        assert_eq!(locations.locations[b.0].links[&a].weight, 1);
    }
}
