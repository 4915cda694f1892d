//! Bandwidth between locations: what calls have of it, and what they were refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use strowger_base::journal::{PlaceView, Shortage};
use strowger_dialplan::admission::{
    Bandwidth, HUB_NONE, Ledger, Locations, MediaKind, Place, Refusal, Reservation,
};

use crate::configuration::Admission;

/// What all calls of a shard have taken of locations and links.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    ledger: Ledger,
    /// How often each place had no room.
    refused: BTreeMap<Place, u64>,
}

/// What a call has taken for the devices that it rings, or with which it talks.
#[derive(Debug, Default)]
pub(crate) struct Reserved {
    shares: Vec<Share>,
    /// The same for video.
    video: Vec<Share>,
    /// It was sent over the public network for want of bandwidth, which happens once.
    pub(crate) rerouted: bool,
}

/// What is taken between the caller and one location.
#[derive(Debug)]
struct Share {
    to: Arc<str>,
    reservation: Reservation,
    kbps: u32,
}

/// What is taken of one kind of media, in kbit/s; each has room of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rate {
    /// Speech of calls.
    Speech(u32),
    /// Video of calls.
    Video(u32),
}

/// What somebody would take between two locations.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Wanted {
    pub(crate) from: Box<str>,
    pub(crate) to: Box<str>,
    pub(crate) kbps: u32,
}

/// Why there is no room between two locations.
#[derive(Clone, Debug)]
pub(crate) struct NoRoom {
    from: Arc<str>,
    to: Arc<str>,
    refusal: Refusal,
    needed: u32,
}

/// The use of a place, for who looks at it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlaceUse {
    /// Which.
    pub place: Place,
    /// What calls have taken of its room for speech, in kbit/s.
    pub taken: u32,
    /// How much room that is, in kbit/s; `None` when it has no bounds.
    pub room: Option<u32>,
    /// How many calls found no room, for speech or video.
    pub refused: u64,
}

impl Taken {
    /// How many places have something taken.
    pub(crate) fn places(&self) -> usize {
        self.ledger.all_taken().count()
    }

    /// All places with bounds, and all of which something is taken or was refused.
    pub(crate) fn uses(&self, locations: &Locations) -> Vec<PlaceUse> {
        let mut places: BTreeMap<Place, Option<u32>> = BTreeMap::new();
        for (place, room) in locations.rooms(MediaKind::Audio) {
            places.insert(place, Some(room));
        }
        for (place, _, _) in self.ledger.all_taken() {
            places.entry(place.clone()).or_default();
        }
        for place in self.refused.keys() {
            places.entry(place.clone()).or_default();
        }
        let used = |(place, room): (Place, Option<u32>)| {
            let taken = self.ledger.taken(&place, MediaKind::Audio);
            let refused = self.refused.get(&place).copied().unwrap_or(0);
            PlaceUse { place, taken, room, refused }
        };
        places.into_iter().map(used).collect()
    }

    /// What calls have taken for video, in kbit/s, of each place of which they have.
    pub(crate) fn video_uses(&self) -> Vec<(Place, u32)> {
        let video = self.ledger.all_taken().filter(|(_, kind, _)| *kind == MediaKind::Video);
        video.map(|(place, _, kbps)| (place.clone(), kbps)).collect()
    }

    /// Takes bandwidth between two locations for a call.
    pub(crate) fn take(
        &mut self,
        admission: &Admission,
        reserved: &mut Reserved,
        (from, to): (&str, &str),
        rate: Rate,
    ) -> Result<(), NoRoom> {
        let taken = match (admission.location(from), admission.location(to)) {
            (Some(one), Some(other)) => self.ledger.admit(&admission.locations, one, other, rate.bandwidth()),
            (None, _) | (_, None) => Err(Refusal::UnknownLocation),
        };
        let kbps = rate.kbps();
        let reservation = taken.map_err(|refusal| self.refuse((from, to), refusal, kbps))?;
        let shares = match rate {
            Rate::Speech(_) => &mut reserved.shares,
            Rate::Video(_) => &mut reserved.video,
        };
        shares.push(Share { to: to.into(), reservation, kbps });
        Ok(())
    }

    /// A call has no video any more.
    pub(crate) fn give_back_video(&mut self, reserved: &mut Reserved) {
        for share in std::mem::take(&mut reserved.video) {
            self.ledger.release(share.reservation);
        }
    }

    /// Whether there is room between two locations when a call gives back what it has.
    pub(crate) fn has_room_without(
        &self,
        reserved: &Reserved,
        admission: &Admission,
        (from, to): (&str, &str),
        rate: Rate,
    ) -> bool {
        let (Some(one), Some(other)) = (admission.location(from), admission.location(to)) else {
            return false;
        };
        let given_back = reserved.shares.iter().chain(&reserved.video).map(|share| &share.reservation);
        let (locations, wanted) = (&admission.locations, rate.bandwidth());
        self.ledger.has_room_without(given_back, locations, (one, other), wanted).is_ok()
    }

    /// Whether there is room for several at once, each between two locations and with so many kbit/s, when calls give back what they
    /// have; if not, what is missing.
    pub(crate) fn has_room_for_all<'r>(
        &mut self,
        given_back: impl IntoIterator<Item = &'r Reserved>,
        admission: &Admission,
        wanted: &[Wanted],
    ) -> Result<(), NoRoom> {
        let between = |Wanted { from, to, kbps }: &Wanted| {
            let between = admission.location(from).zip(admission.location(to))?;
            Some((between, Rate::Speech(*kbps).bandwidth()))
        };
        let reservations = given_back.into_iter().flat_map(|reserved| &reserved.shares);
        let reservations = reservations.map(|share| &share.reservation);
        let wants = wanted.iter().filter_map(between);
        let room = self.ledger.has_room_for_all(reservations, &admission.locations, wants);
        room.map_err(|(place, refusal)| match wanted.get(place) {
            Some(Wanted { from, to, kbps }) => self.refuse((from, to), refusal, *kbps),
            None => self.refuse((HUB_NONE, HUB_NONE), refusal, 0),
        })
    }

    fn refuse(&mut self, (from, to): (&str, &str), refusal: Refusal, needed: u32) -> NoRoom {
        if let Refusal::Full { place, .. } = &refusal {
            *self.refused.entry(place.clone()).or_default() += 1;
        }
        NoRoom { from: from.into(), to: to.into(), refusal, needed }
    }

    /// Changes what is taken to a location. Where there is no room for it nothing is changed.
    pub(crate) fn change(
        &mut self,
        admission: &Admission,
        reserved: &mut Reserved,
        (from, to): (&str, &str),
        kbps: u32,
    ) -> Result<(), NoRoom> {
        let Some(share) = reserved.share_mut(to) else { return Ok(()) };
        let changed =
            self.ledger.change(&admission.locations, &mut share.reservation, Rate::Speech(kbps).bandwidth());
        changed.map_err(|refusal| self.refuse((from, to), refusal, kbps))?;
        share.kbps = kbps;
        Ok(())
    }

    /// Gives back what a call has taken, but for what it has taken to the location `keep`.
    pub(crate) fn give_back(&mut self, reserved: &mut Reserved, keep: Option<&str>) {
        for shares in [&mut reserved.shares, &mut reserved.video] {
            for share in std::mem::take(shares) {
                if keep == Some(&*share.to) {
                    shares.push(share);
                } else {
                    self.ledger.release(share.reservation);
                }
            }
        }
    }
}

impl Reserved {
    /// What is taken to a location, in kbit/s; `None` when nothing needs to be.
    pub(crate) fn kbps(&self, to: &str) -> Option<u32> {
        self.shares.iter().find(|share| *share.to == *to).map(|share| share.kbps)
    }

    /// What stands for it where it is asked what would be without it.
    pub(crate) fn copied(&self) -> Reserved {
        let copied = |share: &Share| Share {
            to: Arc::clone(&share.to),
            reservation: share.reservation.copied(),
            kbps: share.kbps,
        };
        Reserved {
            shares: self.shares.iter().map(copied).collect(),
            video: self.video.iter().map(copied).collect(),
            rerouted: self.rerouted,
        }
    }

    /// Whether bandwidth for video is taken to a location.
    pub(crate) fn has_video_to(&self, to: &str) -> bool {
        self.video.iter().any(|share| *share.to == *to)
    }

    fn share_mut(&mut self, to: &str) -> Option<&mut Share> {
        self.shares.iter_mut().find(|share| *share.to == *to)
    }
}

impl NoRoom {
    /// As the journal tells it.
    pub(crate) fn view(&self) -> Shortage<'_> {
        let (place, free, needed) = match &self.refusal {
            Refusal::Full { place: Place::Location(name), free, needed, .. } => {
                (PlaceView::Location(name), *free, *needed)
            }
            Refusal::Full { place: Place::Link(one, other), free, needed, .. } => {
                (PlaceView::Link { one, other }, *free, *needed)
            }
            Refusal::NoPath { .. } => (PlaceView::NoPath, 0, self.needed),
            Refusal::UnknownLocation => (PlaceView::Location(HUB_NONE), 0, self.needed),
        };
        Shortage { from: &self.from, to: &self.to, place, free, needed }
    }

    pub(crate) const fn refusal(&self) -> &Refusal {
        &self.refusal
    }
}

impl Rate {
    const fn kbps(self) -> u32 {
        match self {
            Rate::Speech(kbps) | Rate::Video(kbps) => kbps,
        }
    }

    const fn bandwidth(self) -> Bandwidth {
        match self {
            Rate::Speech(audio) => Bandwidth { audio, video: 0, immersive: 0 },
            Rate::Video(video) => Bandwidth { audio: 0, video, immersive: 0 },
        }
    }
}
