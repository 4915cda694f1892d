//! Whether a call may have its media: codec by regions, bandwidth by locations, and the way around over the public
//! network when there is none.
//!
//! [`Regions`] and [`choose_codec`] say which codec two devices speak; [`Locations`] and [`Ledger`] whether there is
//! room for it; [`reroute`] what becomes of the call when there is not (AAR). Figures that no source confirms (U-11,
//! U-14) are parameters.

mod codec;
mod ledger;
mod locations;
mod region;
mod reroute;

pub use codec::{AccountingParameters, AudioCodec};
pub use ledger::{Ledger, Place, Refusal, Reservation};
pub use locations::{
    Bandwidth, HUB_NONE, LocationError, LocationId, Locations, MediaKind, Pool, Pools, RoomOnPath,
};
pub use region::{
    CallEnd, CodecChoice, NoCodec, RegionDefaults, RegionLimits, RegionPair, Regions, Transcoders,
    choose_codec,
};
pub use reroute::{
    AarCalled, AarDecision, AarGroups, AarNumber, AarRefused, AarSwitch, VoiceMailInstead, reroute,
};
