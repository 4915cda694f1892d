//! Codecs and bandwidth: what regions and locations did with a call.

use super::DecodeError;
use super::wire::{Reader, Wire, wire_enum, wire_struct};

/// What regions, locations and AAR did with a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission<'a> {
    /// What the record's leg says about its media goes on with these codecs only, in this order.
    CodecsLeft(Codecs<'a>),
    /// Nothing is left of what the record's leg says about its media: the two devices would need a transcoder.
    NoCodecLeft(Codecs<'a>),
    /// Bandwidth between the two locations is taken.
    BandwidthTaken {
        /// The caller's location.
        from: &'a str,
        /// The called one's.
        to: &'a str,
        /// In kbit/s.
        kbps: u32,
    },
    /// What is taken was changed to what the call needs.
    BandwidthChanged {
        /// In kbit/s, as it was.
        before: u32,
        /// As it is.
        kbps: u32,
        /// The codec that needs it; empty while several are possible.
        codec: &'a str,
    },
    /// A place on the way has no room.
    BandwidthMissing(Shortage<'a>),
    /// The call goes over the public network instead (AAR).
    Rerouted {
        /// What is dialled.
        number: &'a str,
        /// What of it leads from the caller's AAR group to the called one's; empty when nothing does.
        prefix: &'a str,
        /// Which number of the line it is.
        from: AarNumber,
    },
    /// The call does not go over the public network.
    NotRerouted {
        /// Why.
        because: WhyNotRerouted,
    },
}

wire_enum!(Admission<'a> {
    CodecsLeft = 0 (codecs),
    NoCodecLeft = 1 (codecs),
    BandwidthTaken = 2 { from, to, kbps },
    BandwidthChanged = 3 { before, kbps, codec },
    BandwidthMissing = 4 (shortage),
    Rerouted = 5 { number, prefix, from },
    NotRerouted = 6 { because },
});

/// Codecs as the regions of two devices permit them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Codecs<'a> {
    /// The region of the device that says something about its media; empty when it is in none.
    pub from: &'a str,
    /// The region of the other one.
    pub to: &'a str,
    /// The most for speech between the two, in kbit/s of the codec.
    pub kbps_max: u16,
    /// What the device has, as it orders them.
    pub offered: &'a str,
    /// What is left, as the regions order them. Where nothing is, the best of what they would permit; empty when they permit no codec at
    /// all.
    pub left: &'a str,
}

wire_struct!(Codecs<'a> { from, to, kbps_max, offered, left });

/// Where there is no room for a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shortage<'a> {
    /// The caller's location.
    pub from: &'a str,
    /// The called one's.
    pub to: &'a str,
    /// The place that is full.
    pub place: PlaceView<'a>,
    /// What is left there, in kbit/s.
    pub free: u32,
    /// What the call needs, in kbit/s.
    pub needed: u32,
}

wire_struct!(Shortage<'a> { from, to, place, free, needed });

/// A place with bandwidth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlaceView<'a> {
    /// A location.
    Location(&'a str),
    /// The link between two.
    Link {
        /// One end.
        one: &'a str,
        /// The other.
        other: &'a str,
    },
    /// No links lead from one location to the other.
    NoPath,
}

wire_enum!(PlaceView<'a> { Location = 0 (name), Link = 1 { one, other }, NoPath = 2 });

/// Which number of a line is dialled over the public network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AarNumber {
    /// Under its AAR destination mask.
    DestinationMask,
    /// Under its external phone number mask.
    ExternalMask,
    /// Its voice mail.
    VoiceMail,
}

wire_enum!(AarNumber { DestinationMask = 0, ExternalMask = 1, VoiceMail = 2 });

/// Why a call without bandwidth does not go over the public network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyNotRerouted {
    /// AAR is switched off.
    Disabled,
    /// The called line has neither mask.
    NoMask,
    /// It was rerouted once already.
    Twice,
    /// It is in an answered call, or came from another one.
    PartyMoved,
    /// It is an intercom call.
    Intercom,
}

wire_enum!(WhyNotRerouted { Disabled = 0, NoMask = 1, Twice = 2, PartyMoved = 3, Intercom = 4 });
