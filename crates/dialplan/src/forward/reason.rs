//! How call records number redirections.

/// Why a call was redirected. Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RedirectReason(pub u16);

impl RedirectReason {
    /// The line was busy.
    pub const FORWARD_BUSY: RedirectReason = RedirectReason(1);
    /// It rang in vain.
    pub const FORWARD_NO_ANSWER: RedirectReason = RedirectReason(2);
    /// Somebody took the call that rang there.
    pub const PICKUP: RedirectReason = RedirectReason(5);
    /// The call was parked.
    pub const PARK: RedirectReason = RedirectReason(7);
    /// It was got back.
    pub const PARK_PICKUP: RedirectReason = RedirectReason(8);
    /// Nobody got it back in time.
    pub const PARK_REVERSION: RedirectReason = RedirectReason(11);
    /// A forward that is none of the others.
    pub const FORWARD: RedirectReason = RedirectReason(10);
    /// Whoever was called sent the call to voice mail at once.
    pub const IMMEDIATE_DIVERT: RedirectReason = RedirectReason(50);
    /// A device that was called named somebody else (SIP 3xx).
    pub const REDIRECTION: RedirectReason = RedirectReason(162);
    /// All calls are forwarded.
    pub const FORWARD_ALL: RedirectReason = RedirectReason(15);
    /// The application behind the line is gone.
    pub const FORWARD_ON_FAILURE: RedirectReason = RedirectReason(82);
    /// There was no bandwidth, and the public network stands in (AAR).
    pub const REROUTED: RedirectReason = RedirectReason(129);
    /// No device of the line is registered.
    pub const FORWARD_UNREGISTERED: RedirectReason = RedirectReason(178);
}

/// The feature that acted. Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OnBehalfOf(pub u8);

impl OnBehalfOf {
    /// Call park.
    pub const PARK: OnBehalfOf = OnBehalfOf(3);
    /// Directed call park.
    pub const DIRECTED_PARK: OnBehalfOf = OnBehalfOf(26);
    /// Immediate divert.
    pub const IMMEDIATE_DIVERT: OnBehalfOf = OnBehalfOf(14);
    /// A redirection by a device (SIP 3xx).
    pub const REDIRECTION: OnBehalfOf = OnBehalfOf(19);
    /// Pickup.
    pub const PICKUP: OnBehalfOf = OnBehalfOf(16);
    /// Call forwarding.
    pub const FORWARD: OnBehalfOf = OnBehalfOf(5);
    /// Automated alternate routing (AAR).
    pub const REROUTING: OnBehalfOf = OnBehalfOf(25);
}
