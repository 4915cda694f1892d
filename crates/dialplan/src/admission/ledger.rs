//! What calls have taken.

use std::collections::BTreeMap;
use std::sync::Arc;

use strowger_base::Cause;

use super::locations::{Bandwidth, LocationId, Locations, MediaKind, Pool, Pools, RoomOnPath};
use crate::route_list::OUT_OF_BANDWIDTH;

/// What calls have taken of locations and links.
///
/// It names places and not positions, so it survives a change of the configuration under running calls.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    taken: BTreeMap<(Place, MediaKind), u32>,
}

/// Something with bandwidth.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Place {
    /// A location.
    Location(Arc<str>),
    /// A link, its ends in alphabetical order.
    Link(Arc<str>, Arc<str>),
}

/// What one call has taken; it must go back with [`Ledger::release`].
#[derive(PartialEq, Eq, Debug)]
#[must_use = "bandwidth that is not given back is lost"]
pub struct Reservation {
    places: Vec<Place>,
    bandwidth: Bandwidth,
}

/// Why there is no room for a call. It took nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// A place is full.
    Full {
        /// Which.
        place: Place,
        /// Of what kind of media.
        kind: MediaKind,
        /// What is left, in kb/s.
        free: u32,
        /// What the call needs, in kb/s.
        needed: u32,
    },
    /// There are links, but none of them lead from one to the other.
    NoPath {
        /// One end.
        from: Arc<str>,
        /// The other end.
        to: Arc<str>,
    },
    /// The location belongs to other [`Locations`].
    UnknownLocation,
}

impl Reservation {
    /// The same places and bandwidth, to ask what would be if it were given back. It is none, so it must not be released.
    pub fn copied(&self) -> Reservation {
        Reservation { places: self.places.clone(), bandwidth: self.bandwidth }
    }
}

impl Ledger {
    /// Nothing taken.
    pub const fn new() -> Self {
        Ledger { taken: BTreeMap::new() }
    }

    /// Takes `bandwidth` for a call between two locations. Calls inside one location take nothing.
    ///
    /// # Errors
    /// When a place on the way has no room; then nothing is taken anywhere.
    pub fn admit(
        &mut self,
        locations: &Locations,
        from: LocationId,
        to: LocationId,
        bandwidth: Bandwidth,
    ) -> Result<Reservation, Refusal> {
        let mut places = Vec::new();
        if from != to {
            for (place, pools) in way(locations, from, to)? {
                self.check(&place, pools, bandwidth)?;
                places.push(place);
            }
        }
        for place in &places {
            for (kind, kbps) in bandwidth.by_kind().into_iter().filter(|(_, kbps)| *kbps > 0) {
                let taken = self.taken.entry((place.clone(), kind)).or_default();
                *taken = taken.saturating_add(kbps);
            }
        }
        Ok(Reservation { places, bandwidth })
    }

    /// Gives back what a call took.
    pub fn release(&mut self, reservation: Reservation) {
        let Reservation { places, bandwidth } = reservation;
        for place in places {
            for (kind, kbps) in bandwidth.by_kind().into_iter().filter(|(_, kbps)| *kbps > 0) {
                let key = (place.clone(), kind);
                if let Some(taken) = self.taken.get_mut(&key) {
                    *taken = taken.saturating_sub(kbps);
                    if *taken == 0 {
                        self.taken.remove(&key);
                    }
                }
            }
        }
    }

    /// Whether there is room between two locations once these reservations are given back. Nothing is taken or given back.
    ///
    /// # Errors
    /// As of [`Ledger::admit`].
    pub fn has_room_without<'r>(
        &self,
        given_back: impl IntoIterator<Item = &'r Reservation>,
        locations: &Locations,
        between: (LocationId, LocationId),
        bandwidth: Bandwidth,
    ) -> Result<(), Refusal> {
        let wanted = std::iter::once((between, bandwidth));
        self.has_room_for_all(given_back, locations, wanted).map_err(|(_, refusal)| refusal)
    }

    /// Whether there is room for several at once when these reservations are given back. Nothing is taken or given back.
    ///
    /// # Errors
    /// As of [`Ledger::admit`], for the first of them for which there is none; it says which that is, counted from 0.
    pub fn has_room_for_all<'r>(
        &self,
        given_back: impl IntoIterator<Item = &'r Reservation>,
        locations: &Locations,
        wanted: impl IntoIterator<Item = ((LocationId, LocationId), Bandwidth)>,
    ) -> Result<(), (usize, Refusal)> {
        let mut then = self.clone();
        for Reservation { places, bandwidth } in given_back {
            then.release(Reservation { places: places.clone(), bandwidth: *bandwidth });
        }
        let mut taken = Vec::new();
        let mut missing = None;
        for (place, ((from, to), bandwidth)) in wanted.into_iter().enumerate() {
            match then.admit(locations, from, to, bandwidth) {
                Ok(reservation) => taken.push(reservation),
                Err(refusal) => {
                    missing = Some((place, refusal));
                    break;
                }
            }
        }
        taken.into_iter().for_each(|reservation| then.release(reservation));
        missing.map_or(Ok(()), Err)
    }

    /// Changes what a call has taken, at the places that it took it from: another configuration may have other ways between the same
    /// locations, and those of calls in progress stay as they are. A place that is no longer there has no bounds.
    ///
    /// # Errors
    /// When more is wanted than a place has; then nothing is changed anywhere.
    pub fn change(
        &mut self,
        locations: &Locations,
        reservation: &mut Reservation,
        bandwidth: Bandwidth,
    ) -> Result<(), Refusal> {
        let before = reservation.bandwidth.by_kind();
        let changes = || {
            bandwidth
                .by_kind()
                .into_iter()
                .zip(before)
                .map(|((kind, after), (_, before))| (kind, before, after))
        };
        for place in &reservation.places {
            let pools = locations.pools_of(place);
            for (kind, before, after) in changes().filter(|(_, before, after)| after > before) {
                self.check_kind(place, pools, (kind, after - before))?;
            }
        }
        for place in &reservation.places {
            for (kind, before, after) in changes().filter(|(_, before, after)| after != before) {
                let key = (place.clone(), kind);
                let taken = self.taken.entry(key.clone()).or_default();
                *taken = taken.saturating_sub(before).saturating_add(after);
                if *taken == 0 {
                    self.taken.remove(&key);
                }
            }
        }
        reservation.bandwidth = bandwidth;
        Ok(())
    }

    /// Everything that is taken, in kb/s.
    pub fn all_taken(&self) -> impl Iterator<Item = (&Place, MediaKind, u32)> {
        self.taken.iter().map(|((place, kind), kbps)| (place, *kind, *kbps))
    }

    /// What is taken of a place, in kb/s.
    pub fn taken(&self, place: &Place, kind: MediaKind) -> u32 {
        self.taken.get(&(place.clone(), kind)).copied().unwrap_or(0)
    }

    fn check(&self, place: &Place, pools: Pools, bandwidth: Bandwidth) -> Result<(), Refusal> {
        let kinds = bandwidth.by_kind().into_iter().filter(|(_, kbps)| *kbps > 0);
        kinds.into_iter().try_for_each(|needed| self.check_kind(place, pools, needed))
    }

    fn check_kind(
        &self,
        place: &Place,
        pools: Pools,
        (kind, needed): (MediaKind, u32),
    ) -> Result<(), Refusal> {
        let free = match pools.of(kind) {
            Pool::Unlimited => return Ok(()),
            // More may be taken than there is, after the configuration became narrower.
            Pool::Kbps(all) => all.saturating_sub(self.taken(place, kind)),
            Pool::None => 0,
        };
        if needed > free {
            return Err(Refusal::Full { place: place.clone(), kind, free, needed });
        }
        Ok(())
    }
}

impl Place {
    pub(super) fn link(a: &Arc<str>, b: &Arc<str>) -> Self {
        let (first, second) = if a <= b { (a, b) } else { (b, a) };
        Place::Link(Arc::clone(first), Arc::clone(second))
    }
}

impl Refusal {
    /// What the caller is told when the call is not rerouted.
    pub const fn cause(&self) -> Cause {
        OUT_OF_BANDWIDTH
    }
}

/// Every place between two different locations that must have room.
fn way(locations: &Locations, from: LocationId, to: LocationId) -> Result<Vec<(Place, Pools)>, Refusal> {
    let name = |id| locations.name(id).ok_or(Refusal::UnknownLocation);
    let (from_name, to_name) = (name(from)?, name(to)?);
    let path = if locations.has_links() {
        let no_path = || Refusal::NoPath { from: Arc::clone(from_name), to: Arc::clone(to_name) };
        locations.path(from, to).ok_or_else(no_path)?
    } else {
        vec![from, to]
    };
    let mut places = Vec::with_capacity(path.len() * 2);
    for &id in &path {
        if locations.room == RoomOnPath::EveryLocation || id == from || id == to {
            let pools = locations.pools(id).ok_or(Refusal::UnknownLocation)?;
            places.push((Place::Location(Arc::clone(name(id)?)), pools));
        }
    }
    for (&a, &b) in path.iter().zip(path.iter().skip(1)) {
        if let Some(pools) = locations.link_pools(a, b) {
            places.push((Place::link(name(a)?, name(b)?), pools));
        }
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audio(kbps: u32) -> Bandwidth {
        Bandwidth { audio: kbps, ..Bandwidth::default() }
    }

    fn pools(kbps: u32) -> Pools {
        Pools { audio: Pool::Kbps(kbps), video: Pool::None, immersive: Pool::Unlimited }
    }

    /// a - m - b, each with 100 kb/s inside, links with 80 and 50.
    fn line(room: RoomOnPath) -> (Locations, [LocationId; 3]) {
        let mut locations = Locations::new();
        let [a, m, b] =
            [("a", 100), ("m", 30), ("b", 100)].map(|(name, kbps)| locations.add(name, pools(kbps)).unwrap());
        locations.link(a, m, 1, pools(80)).unwrap();
        locations.link(m, b, 1, pools(50)).unwrap();
        locations.room = room;
        (locations, [a, m, b])
    }

    #[test]
    fn each_place_on_the_way_must_have_room() {
        let check = |room, kbps: u32, expect: Result<usize, &str>| {
            let (locations, [a, _, b]) = line(room);
            let found = Ledger::new().admit(&locations, a, b, audio(kbps));
            let found = found.map(|reservation| reservation.places.len()).map_err(|refusal| match refusal {
                Refusal::Full { place: Place::Location(name), free, .. } => format!("{name} {free}"),
                Refusal::Full { place: Place::Link(a, b), free, .. } => format!("{a}-{b} {free}"),
                other => format!("{other:?}"),
            });
            assert_eq!(found, expect.map_err(str::to_owned), "{room:?} {kbps}");
        };
        check(RoomOnPath::EveryLocation, 30, Ok(5));
        check(RoomOnPath::EveryLocation, 31, Err("m 30"));
        check(RoomOnPath::BothEnds, 50, Ok(4));
        check(RoomOnPath::BothEnds, 51, Err("b-m 50"));
        check(RoomOnPath::BothEnds, 81, Err("a-m 80"));
        check(RoomOnPath::BothEnds, 101, Err("a 100"));
    }

    #[test]
    fn what_is_taken_goes_back() {
        let (locations, [a, m, _]) = line(RoomOnPath::BothEnds);
        let mut ledger = Ledger::new();
        let at = Place::Location("a".into());
        let first = ledger.admit(&locations, a, m, audio(30)).unwrap();
        assert_eq!(ledger.taken(&at, MediaKind::Audio), 30);
        let refusal = ledger.admit(&locations, m, a, audio(1)).unwrap_err();
        let full =
            Refusal::Full { place: Place::Location("m".into()), kind: MediaKind::Audio, free: 0, needed: 1 };
        assert_eq!((refusal.cause(), refusal), (Cause(125), full));
        assert_eq!(ledger.taken(&at, MediaKind::Audio), 30);
        let inside = ledger.admit(&locations, a, a, audio(1000)).unwrap();
        ledger.release(inside);
        ledger.release(first);
        assert!(ledger.taken.is_empty());
    }

    #[test]
    fn what_is_taken_can_become_less_and_more() {
        let (mut locations, [a, m, _]) = line(RoomOnPath::BothEnds);
        let mut ledger = Ledger::new();
        let link = Place::link(&"m".into(), &"a".into());
        let mut first = ledger.admit(&locations, a, m, audio(24)).unwrap();
        let other = ledger.admit(&locations, m, a, audio(6)).unwrap();
        let full =
            Refusal::Full { place: Place::Location("m".into()), kind: MediaKind::Audio, free: 0, needed: 56 };
        assert_eq!(ledger.change(&locations, &mut first, audio(80)), Err(full));
        assert_eq!(ledger.taken(&link, MediaKind::Audio), 30);
        assert_eq!(ledger.change(&locations, &mut first, audio(8)), Ok(()));
        assert_eq!(ledger.taken(&link, MediaKind::Audio), 14);
        assert_eq!(ledger.change(&locations, &mut first, audio(24)), Ok(()));
        // Places that are gone have no bounds, and get back what they gave.
        locations = Locations::new();
        assert_eq!(ledger.change(&locations, &mut first, audio(80)), Ok(()));
        assert_eq!(ledger.taken(&link, MediaKind::Audio), 86);
        assert_eq!(ledger.change(&locations, &mut first, audio(0)), Ok(()));
        let left: Vec<u32> = ledger.all_taken().map(|(_, _, kbps)| kbps).collect();
        assert_eq!(left, [6, 6, 6]);
        ledger.release(first);
        ledger.release(other);
        assert!(ledger.taken.is_empty());
    }

    #[test]
    fn kinds_do_not_share_and_none_is_not_zero() {
        let (locations, [a, m, _]) = line(RoomOnPath::BothEnds);
        let check = |bandwidth: Bandwidth, expect: Option<MediaKind>| {
            let kind = match Ledger::new().admit(&locations, a, m, bandwidth) {
                Ok(_) => None,
                Err(Refusal::Full { kind, .. }) => Some(kind),
                Err(other) => panic!("{other:?}"),
            };
            assert_eq!(kind, expect, "{bandwidth:?}");
        };
        check(Bandwidth::default(), None);
        check(Bandwidth { audio: 30, immersive: u32::MAX, ..Bandwidth::default() }, None);
        check(Bandwidth { video: 1, ..Bandwidth::default() }, Some(MediaKind::Video));
        check(audio(31), Some(MediaKind::Audio));
    }

    #[test]
    fn links_that_lead_nowhere_carry_nothing() {
        let (mut locations, [a, ..]) = line(RoomOnPath::BothEnds);
        let alone = locations.add("z", Pools::default()).unwrap();
        assert_eq!(
            Ledger::new().admit(&locations, a, alone, audio(1)),
            Err(Refusal::NoPath { from: "a".into(), to: "z".into() })
        );
    }
}
