//! Trunks and gateways: the ways between the system and others.

use super::{
    CallingSearchSpace, DevicePool, Location, MediaResourceGroupList, SipProfile, SipTrunkSecurityProfile,
    TrustedRelay, named,
};
use crate::setting::{
    Description, EndPoint, Host, IncomingPrefix, List, MaskText, Name, PrefixText, Ref, SealedText,
    SourceText, UserName, Whole, Word, choice, record,
};

record! {
    /// A way to another system over SIP.
    pub struct Trunk {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// What it has in common with other devices of its place.
        device_pool: Option<Ref<DevicePool>> = None,
        /// Where its calls go, each with a port, in the order in which they are tried. Calls to a trunk without any are
        /// refused, and say so.
        destinations: List<EndPoint, 16> = List::default(),
        /// Addresses whose calls are the trunk's; those of the destinations when there are none.
        sources: List<SourceText, 100> = List::default(),
        /// How it is secured, and what carries its calls; UDP in clear text when not given.
        security_profile: Option<Ref<SipTrunkSecurityProfile>> = None,
        /// How SIP is spoken with it.
        sip_profile: Option<Ref<SipProfile>> = None,
        /// What its calls see of the dial plan; only numbers without a partition when not given.
        search_space: Option<Ref<CallingSearchSpace>> = None,
        /// Whether its calls count as from inside or outside.
        classification: Classification = Classification::System,
        /// How calls that come from it are treated.
        inbound: Option<Box<Inbound>> = None,
        /// How calls that go to it are treated.
        outbound: Option<Box<Outbound>> = None,
        /// How it sees numbers; as the device pool says when not given.
        transformation_spaces: Option<Box<TransformationSpaces>> = None,
        /// Whose bandwidth its calls take; that of the device pool when not given.
        location: Option<Ref<Location>> = None,
        /// Its media resources; those of the device pool when not given.
        media_resource_group_list: Option<Ref<MediaResourceGroupList>> = None,
        /// Media always goes through a media termination point.
        mtp_required: bool = false,
        /// Whether media goes through a trusted relay point.
        use_trusted_relay_point: TrustedRelay = TrustedRelay::Default,
        /// Its far side can listen to music on hold that goes out by multicast; it is sent its own otherwise.
        multicast_music: bool = false,
        /// Media may be encrypted. Its keys are secret only where the transport is TLS.
        srtp_allowed: bool = false,
        /// Every node may take its calls, not only those of the group of its device pool.
        run_on_all_nodes: bool = false,
        /// What the system proves itself with when the far side asks.
        credentials: Option<Box<TrunkCredentials>> = None,
    }
}

choice! {
    /// Whether calls count as from inside or outside, where lines forward them differently.
    pub enum Classification {
        /// From inside.
        OnNet = "on-net",
        /// From the outside.
        OffNet = "off-net",
        /// As the service parameter `trunk_classification` says.
        System = "system",
    }
}

record! {
    /// How calls that come from a trunk or gateway are treated.
    pub struct Inbound {
        /// How many digits of the called number count, from the right; all when not given.
        significant_digits: Option<Whole<0, 32>> = None,
        /// What is put in front of the called number then.
        prefix: PrefixText = PrefixText::default(),
        /// How calling numbers become the plan's; as the device pool says when not given.
        calling: Option<IncomingNumbers> = None,
        /// How called numbers become the plan's; as the device pool says when not given.
        called: Option<IncomingNumbers> = None,
        /// Calling party transformation patterns for the calling number.
        calling_transformations: Option<Ref<CallingSearchSpace>> = None,
        /// What diverted calls say of who diverted them is believed (Diversion).
        diversion: bool = true,
    }
}

record! {
    /// How numbers of each type become the plan's. SIP tells two: numbers with + are international, all others unknown.
    pub struct IncomingNumbers {
        /// With area code, without country code.
        national: Option<IncomingRule> = None,
        /// With country code.
        international: Option<IncomingRule> = None,
        /// Local numbers.
        subscriber: Option<IncomingRule> = None,
        /// Where nobody says.
        unknown: Option<IncomingRule> = None,
    }
}

record! {
    /// What is done with a number: digits are taken away, a prefix is put in front, transformation patterns change the rest.
    pub struct IncomingRule {
        /// Digits that are taken away from the left.
        strip: Whole<0, 24> = Whole::new(0),
        /// What is put in front then.
        prefix: IncomingPrefix = IncomingPrefix::default(),
        /// Transformation patterns that it goes through then: calling or called ones, as the number is.
        search_space: Option<Ref<CallingSearchSpace>> = None,
    }
}

record! {
    /// How calls that go to a trunk or gateway are treated.
    pub struct Outbound {
        /// The number that the far side sees as calling, as a mask over it; the call's own when not given.
        caller_mask: Option<MaskText> = None,
        /// What is put in front of the called number.
        prefix: PrefixText = PrefixText::default(),
        /// The far side is told who diverted the call (Diversion).
        diversion: bool = true,
        /// The far side is told who calls even when that is kept back from the called (P-Asserted-Identity).
        asserted_identity: bool = true,
    }
}

record! {
    /// Search spaces of transformation patterns, one for each number that a device sees. A number without one is seen as it is.
    pub struct TransformationSpaces {
        /// For who calls.
        calling: Option<Ref<CallingSearchSpace>> = None,
        /// For the called number; only trunks and gateways are sent one.
        called: Option<Ref<CallingSearchSpace>> = None,
        /// For who answered.
        connected: Option<Ref<CallingSearchSpace>> = None,
        /// For who diverted.
        redirecting: Option<Ref<CallingSearchSpace>> = None,
    }
}

record! {
    /// What the system proves itself with.
    pub struct TrunkCredentials {
        /// The user name.
        user: UserName,
        /// The secret.
        secret: SealedText,
    }
}

record! {
    /// A box between the system and telephone lines.
    pub struct Gateway {
        /// Its name; with MGCP the domain name that it gives.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// What is spoken with it.
        protocol: GatewayProtocol,
        /// The model.
        model: Option<Word> = None,
        /// Where it is; a gateway that registers may leave it out.
        address: Option<Host> = None,
        /// What it has in common with other devices of its place.
        device_pool: Option<Ref<DevicePool>> = None,
        /// What its calls see of the dial plan; only numbers without a partition when not given.
        search_space: Option<Ref<CallingSearchSpace>> = None,
        /// Whether its calls count as from inside or outside.
        classification: Classification = Classification::System,
        /// It sends digits one after another.
        overlap: bool = false,
        /// How calls that come from it are treated.
        inbound: Option<Box<Inbound>> = None,
        /// How calls that go to it are treated.
        outbound: Option<Box<Outbound>> = None,
        /// How it sees numbers; as the device pool says when not given.
        transformation_spaces: Option<Box<TransformationSpaces>> = None,
        /// Whose bandwidth its calls take; that of the device pool when not given.
        location: Option<Ref<Location>> = None,
        /// Its media resources; those of the device pool when not given.
        media_resource_group_list: Option<Ref<MediaResourceGroupList>> = None,
        /// Calls that it carries at once; as many as come when not given.
        channels: Option<Whole<1, 10_000>> = None,
    }
}

choice! {
    /// What is spoken with a gateway.
    pub enum GatewayProtocol {
        /// MGCP.
        Mgcp = "mgcp",
        /// H.323.
        H323 = "h323",
        /// SCCP, for analogue ports.
        Sccp = "sccp",
    }
}

named!(Trunk, Gateway);
