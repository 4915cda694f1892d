//! Numbers of features, and phones that nobody has configured.

use super::{CallingSearchSpace, DevicePool, Line, Partition, PhoneButtonTemplate, Trunk, patterns, single};
use crate::setting::{
    Address, CodeText, Description, List, NumberText, PatternText, PhoneName, PrefixText, Ref, Seconds,
    Whole, choice, record,
};

record! {
    /// Numbers at which parked calls wait.
    pub struct CallPark {
        /// The number, or a pattern for as many as it takes.
        pattern: PatternText,
        /// Its partition; without one everybody sees it.
        partition: Option<Ref<Partition>> = None,
        /// For people.
        description: Description = Description::default(),
    }
}

record! {
    /// A number to which calls are transferred so that they wait there.
    pub struct DirectedCallPark {
        /// The number, or a pattern for as many as it takes.
        pattern: PatternText,
        /// Its partition; without one everybody sees it.
        partition: Option<Ref<Partition>> = None,
        /// For people.
        description: Description = Description::default(),
        /// What is dialled before the number to get the call back.
        retrieval_prefix: PrefixText,
        /// Where a call goes that nobody gets back; to whoever parked it when not given.
        reversion_number: Option<NumberText> = None,
        /// Where that number is looked up; only among numbers without a partition when not given.
        reversion_search_space: Option<Ref<CallingSearchSpace>> = None,
    }
}

record! {
    /// Lines whose calls the others may take.
    pub struct PickupGroup {
        /// The number that is dialled to take a call of the group from outside of it.
        pattern: PatternText,
        /// Its partition; without one everybody sees it.
        partition: Option<Ref<Partition>> = None,
        /// For people.
        description: Description = Description::default(),
        /// Its lines. A line is in one group only.
        lines: List<Ref<Line>, 1000> = List::default(),
        /// Other groups whose calls they may take, best first.
        others: List<Ref<PickupGroup>, 10> = List::default(),
        /// How phones of Cisco in the group are told of a call that rings at another line of it.
        notification: PickupNotification = PickupNotification::None,
        /// How long a call rings before they are told, in seconds.
        notification_timer: Seconds<1, 300> = Seconds::new(6),
        /// What they show of the call.
        notification_shows: PickupShows = PickupShows::Nobody,
    }
}

choice! {
    /// How phones are told that a call may be picked up.
    pub enum PickupNotification {
        /// They are not.
        None = "none",
        /// By a text.
        Visual = "visual",
        /// By a beep, where the line has no call.
        Audio = "audio",
        /// By both.
        VisualAndAudio = "visual-and-audio",
    }
}

choice! {
    /// Whom the text names.
    pub enum PickupShows {
        /// Nobody.
        Nobody = "nobody",
        /// Who calls.
        Calling = "calling",
        /// The line that rings.
        Called = "called",
        /// Both.
        Both = "both",
    }
}

record! {
    /// A conference that people dial into.
    pub struct MeetMe {
        /// The number, or a pattern for as many as it takes.
        pattern: PatternText,
        /// Its partition; without one everybody sees it.
        partition: Option<Ref<Partition>> = None,
        /// For people.
        description: Description = Description::default(),
    }
}

record! {
    /// A number that reaches the loudspeakers of many phones.
    pub struct PagingGroup {
        /// The number.
        pattern: PatternText,
        /// Its partition; without one everybody sees it.
        partition: Option<Ref<Partition>> = None,
        /// For people.
        description: Description = Description::default(),
        /// Lines whose phones are called; each answers by itself and gets a stream of its own.
        lines: List<Ref<Line>, 1000> = List::default(),
        /// Numbers that are looked up when somebody pages: all phones of a line are called like those of lines, and the gateway to which a route pattern sends the number like those of overhead.
        numbers: List<NumberText, 1000> = List::default(),
        /// Where the numbers are looked up; without one they are in no partition.
        search_space: Option<Ref<CallingSearchSpace>> = None,
        /// Gateways of overhead amplifiers, each called like a phone.
        overhead: List<OverheadGateway, 8> = List::default(),
        /// The multicast address to which it goes out besides, for phones that listen there by themselves.
        multicast: Option<Address> = None,
        /// The UDP port of the multicast address.
        multicast_port: Whole<1024, 65_534> = Whole::new(20_480),
        /// How many routers multicast packets may pass, and one more: 1 stays on the network of the server.
        multicast_ttl: Whole<1, 255> = Whole::new(1),
        /// How multicast packets are coded.
        multicast_codec: MulticastCodec = MulticastCodec::G711Ulaw,
        /// What a page goes before.
        priority: PagingPriority = PagingPriority::Normal,
    }
}

record! {
    /// A gateway with an overhead amplifier behind a voice port (FXS, E&M).
    pub struct OverheadGateway {
        /// Its trunk.
        trunk: Ref<Trunk>,
        /// The number that it is sent, which chooses the voice port.
        number: NumberText,
    }
}

choice! {
    /// How packets to a multicast address are coded, where nobody can be asked.
    pub enum MulticastCodec {
        /// G.711 with the law of North America and Japan, payload type 0.
        G711Ulaw = "g711-ulaw",
        /// G.711 with the law of the rest of the world, payload type 8.
        G711Alaw = "g711-alaw",
    }
}

choice! {
    /// What a page goes before.
    pub enum PagingPriority {
        /// Phones in calls, and those whose users do not want to be disturbed, are passed over.
        Normal = "normal",
        /// They are called, too.
        Emergency = "emergency",
    }
}

record! {
    /// A code that is dialled to ask for a feature.
    pub struct FeatureAccessCode {
        /// The code, and what may be dialled behind it: `*72!` takes a number, `*73` takes none. The argument is what comes behind the
        /// keys that the pattern begins with, or behind its dot.
        pattern: PatternText,
        /// Its partition; without one everybody sees it.
        partition: Option<Ref<Partition>> = None,
        /// For people.
        description: Description = Description::default(),
        /// What it asks for.
        feature: FeatureWord,
        /// It ends the collection of digits although longer numbers begin alike.
        urgent: bool = false,
    }
}

choice! {
    /// What a code asks for.
    pub enum FeatureWord {
        /// Takes a call that rings in the own pickup group.
        PickUp = "pickup",
        /// Takes a call that rings in the pickup group whose number is behind the code.
        GroupPickUp = "group-pickup",
        /// Takes a call that rings in a group that is associated with the own one.
        OtherPickUp = "other-pickup",
        /// Takes the call that rings at the line whose number is behind the code.
        DirectedPickUp = "directed-pickup",
        /// Gets back the call that is parked at the number behind the code.
        Retrieve = "park-retrieve",
        /// Joins the meet-me conference whose number is behind the code.
        MeetMe = "meet-me",
        /// Opens the meet-me conference whose number is behind the code.
        OpenMeetMe = "meet-me-open",
        /// Forwards all calls of the line to the number behind the code, or to its voice mail without one.
        ForwardAll = "forward-all",
        /// Forwards calls that find the line busy.
        ForwardBusy = "forward-busy",
        /// Forwards calls that nobody answers.
        ForwardNoAnswer = "forward-no-answer",
        /// Forwards calls that find no phone registered.
        ForwardUnregistered = "forward-unregistered",
        /// Ends the forwarding of all calls.
        CancelForwardAll = "forward-all-cancel",
        /// Ends the forwarding of calls that find the line busy.
        CancelForwardBusy = "forward-busy-cancel",
        /// Ends the forwarding of calls that nobody answers.
        CancelForwardNoAnswer = "forward-no-answer-cancel",
        /// Ends the forwarding of calls that find no phone registered.
        CancelForwardUnregistered = "forward-unregistered-cancel",
        /// Calls do not disturb the phone.
        DoNotDisturbOn = "do-not-disturb-on",
        /// Calls disturb it again.
        DoNotDisturbOff = "do-not-disturb-off",
        /// The one when it was the other.
        DoNotDisturb = "do-not-disturb",
        /// The phone takes part in hunts.
        HuntLogIn = "hunt-log-in",
        /// It takes no part in them.
        HuntLogOut = "hunt-log-out",
        /// The one when it was the other.
        HuntLog = "hunt-log",
        /// Calls the speed dial of the phone with the position behind the code, from 1.
        SpeedDial = "speed-dial",
        /// The message waiting lamp of a line, or of the own one without a number, is lit.
        MessageWaitingOn = "message-waiting-on",
        /// It is put out.
        MessageWaitingOff = "message-waiting-off",
        /// The one when it was the other.
        MessageWaiting = "message-waiting",
        /// Calls the number back as soon as it is free; without one, whoever was called last and could not be reached.
        CallBack = "call-back",
        /// Ends that.
        CancelCallBack = "call-back-cancel",
        /// Comes into the call of another phone of the line.
        Barge = "barge",
        /// The same as a conference.
        ConferenceBarge = "conference-barge",
        /// Reports the party of the call that the phone has, such as one on hold, as malicious.
        MaliciousCall = "malicious-call",
        /// Records the call that the phone has, such as one on hold.
        RecordOn = "record-on",
        /// Records it no more.
        RecordOff = "record-off",
        /// The one when it was the other.
        Record = "record",
    }
}

record! {
    /// What a phone gets that nobody has configured.
    pub struct AutoRegistration {
        /// Such phones are taken in.
        enabled: bool = false,
        /// The first number that is given away.
        first: Option<CodeText> = None,
        /// The last number that is given away; it has as many digits as the first.
        last: Option<CodeText> = None,
        /// The partition of these numbers.
        partition: Option<Ref<Partition>> = None,
        /// What these lines see of the dial plan.
        search_space: Option<Ref<CallingSearchSpace>> = None,
        /// The device pool of these phones.
        device_pool: Option<Ref<DevicePool>> = None,
        /// What the keys of these phones are.
        button_template: Option<Ref<PhoneButtonTemplate>> = None,
        /// Phones that are never taken in, by their names.
        refused: List<PhoneName, 10_000> = List::default(),
    }
}

patterns!(CallPark, DirectedCallPark, PickupGroup, MeetMe, PagingGroup, FeatureAccessCode);
single!(AutoRegistration);
