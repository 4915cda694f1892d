//! Patterns: what becomes of dialled numbers that are no lines.

use super::{CallingSearchSpace, Gateway, Line, Partition, RouteFilter, RouteList, Trunk, patterns};
use crate::setting::{
    Description, DialledText, DiscardInstructions, HostText, MaskText, PatternOrName, PatternText,
    PrefixText, Ref, UriText, Whole, choice, record,
};

record! {
    /// What a pattern does to the called and the calling number.
    pub struct NumberChange {
        /// What is taken away from the called number first.
        discard: Option<DiscardInstructions> = None,
        /// The mask that is laid over the called number then.
        mask: Option<MaskText> = None,
        /// What is put in front of the called number at last.
        prefix: PrefixText = PrefixText::default(),
        /// Whether the external phone number mask of the calling line changes the calling number first.
        external_mask: Switch = Switch::Default,
        /// The mask that is laid over the calling number then.
        calling_mask: Option<MaskText> = None,
        /// What is put in front of the calling number at last.
        calling_prefix: PrefixText = PrefixText::default(),
        /// Whether the called may see the calling number.
        present: Presentation = Presentation::Default,
        /// Whether the called may see the calling name.
        present_name: Presentation = Presentation::Default,
    }
}

choice! {
    /// On, off, or as the system does.
    pub enum Switch {
        /// As the system does where nobody says.
        Default = "default",
        /// On.
        On = "on",
        /// Off.
        Off = "off",
    }
}

choice! {
    /// Whether a number or name is shown.
    pub enum Presentation {
        /// As it came.
        Default = "default",
        /// Shown.
        Allowed = "allowed",
        /// Kept back.
        Restricted = "restricted",
    }
}

record! {
    /// Changes a dialled number and looks it up again.
    pub struct TranslationPattern {
        /// The numbers that it takes.
        pattern: PatternText,
        /// Its partition; without one everybody sees it.
        partition: Option<Ref<Partition>> = None,
        /// For people.
        description: Description = Description::default(),
        /// Which forms its `@` takes; all but seven digits when not given.
        filter: Option<Ref<RouteFilter>> = None,
        /// It ends the collection of digits when it is the closest match.
        urgent: bool = true,
        /// Where the changed number is looked up; in the caller's own search space when not given.
        search_space: Option<Ref<CallingSearchSpace>> = None,
        /// The changed number is looked up only among numbers without a partition.
        null_partition_only: bool = false,
        /// What it does to numbers.
        change: Option<Box<NumberChange>> = None,
        /// Later lookups of the call do not wait for the interdigit timer.
        no_wait: bool = false,
        /// The next lookup is for the calling number, the one after for the called number again.
        by_calling: bool = false,
        /// It leads to an emergency service.
        emergency: bool = false,
    }
}

record! {
    /// Sends calls out of the system.
    pub struct RoutePattern {
        /// The numbers that it takes, or a name. A name is sent as it is, to one trunk.
        pattern: PatternOrName,
        /// Its partition; without one everybody sees it.
        partition: Option<Ref<Partition>> = None,
        /// For people.
        description: Description = Description::default(),
        /// Which forms its `@` takes; all but seven digits when not given.
        filter: Option<Ref<RouteFilter>> = None,
        /// It ends the collection of digits when it is the closest match.
        urgent: bool = false,
        /// The trunk that takes the calls. Exactly one of trunk, gateway and route_list is given.
        trunk: Option<Ref<Trunk>> = None,
        /// The gateway that takes the calls.
        gateway: Option<Ref<Gateway>> = None,
        /// The route list that takes the calls.
        route_list: Option<Ref<RouteList>> = None,
        /// What it does to numbers.
        change: Option<Box<NumberChange>> = None,
        /// The caller hears a second dial tone as soon as only such patterns are left.
        outside_dial_tone: bool = false,
        /// Digits go out as they come. It excludes codes, and needs a far side that can take them.
        overlap_sending: bool = false,
        /// The caller must key in an authorization code of at least this level; none when not given.
        authorization_level: Option<Whole<0, 255>> = None,
        /// The caller must key in a matter code.
        matter_code: bool = false,
        /// It leads to an emergency service.
        emergency: bool = false,
    }
}

record! {
    /// Refuses calls.
    pub struct BlockedPattern {
        /// The numbers that it takes, or a name.
        pattern: PatternOrName,
        /// Its partition; without one everybody sees it.
        partition: Option<Ref<Partition>> = None,
        /// For people.
        description: Description = Description::default(),
        /// Which forms its `@` takes; all but seven digits when not given.
        filter: Option<Ref<RouteFilter>> = None,
        /// It ends the collection of digits when it is the closest match.
        urgent: bool = false,
        /// The Q.850 cause with which the call is released: 1 unallocated number, 21 call rejected, 22 number changed, 28 invalid
        /// number format.
        cause: Whole<0, 127> = Whole::new(21),
        /// Number of the audio source that callers hear once before they are told the cause; what is announced for the cause when not given.
        announcement: Option<Whole<1, 51>> = None,
    }
}

record! {
    /// Changes the calling number of calls that are on their way to a device.
    pub struct CallingTransformationPattern {
        /// The calling numbers that it takes.
        pattern: PatternText,
        /// Its partition; transformation search spaces list it.
        partition: Option<Ref<Partition>> = None,
        /// For people.
        description: Description = Description::default(),
        /// Whether the external phone number mask of the calling line applies first.
        external_mask: Switch = Switch::Default,
        /// What is taken away first.
        discard: Option<DiscardInstructions> = None,
        /// The mask that is laid over the number then.
        mask: Option<MaskText> = None,
        /// What is put in front at last.
        prefix: PrefixText = PrefixText::default(),
        /// Whether the called may see the number.
        present: Presentation = Presentation::Default,
        /// Whether the called may see the name.
        present_name: Presentation = Presentation::Default,
    }
}

record! {
    /// Changes the called number of calls that are on their way to a device.
    pub struct CalledTransformationPattern {
        /// The called numbers that it takes.
        pattern: PatternText,
        /// Its partition; transformation search spaces list it.
        partition: Option<Ref<Partition>> = None,
        /// For people.
        description: Description = Description::default(),
        /// What is taken away first.
        discard: Option<DiscardInstructions> = None,
        /// The mask that is laid over the number then.
        mask: Option<MaskText> = None,
        /// What is put in front at last.
        prefix: PrefixText = PrefixText::default(),
    }
}

record! {
    /// A name or address that is dialled to reach a line.
    pub struct DirectoryUri {
        /// The address, such as `alice@example.com`; case makes no difference.
        pattern: UriText,
        /// Its partition; without one everybody sees it.
        partition: Option<Ref<Partition>> = None,
        /// The line that it reaches.
        line: Ref<Line>,
    }
}

record! {
    /// Sends calls to addresses on other hosts out of the system.
    pub struct SipRoutePattern {
        /// A domain, which stands for all below it too, or an IP network. The longest that fits is taken.
        pattern: HostText,
        /// Its partition; without one everybody sees it.
        partition: Option<Ref<Partition>> = None,
        /// For people.
        description: Description = Description::default(),
        /// Calls to these hosts are refused. Otherwise one of trunk and route_list is given.
        block: bool = false,
        /// The trunk that takes the calls.
        trunk: Option<Ref<Trunk>> = None,
        /// The route list that takes the calls.
        route_list: Option<Ref<RouteList>> = None,
    }
}

record! {
    /// A number that leads to a service of the node.
    pub struct ApplicationNumber {
        /// The number, or a name.
        pattern: DialledText,
        /// Its partition; without one everybody sees it.
        partition: Option<Ref<Partition>> = None,
        /// For people.
        description: Description = Description::default(),
        /// What answers.
        service: Application,
    }
}

choice! {
    /// A service of the node.
    pub enum Application {
        /// Sends back what it hears, so that a user can judge the line.
        Echo = "echo",
        /// Plays a tone and an announcement, then hangs up.
        Announcement = "announcement",
    }
}

patterns!(
    TranslationPattern,
    RoutePattern,
    BlockedPattern,
    CallingTransformationPattern,
    CalledTransformationPattern,
    DirectoryUri,
    SipRoutePattern,
    ApplicationNumber
);
