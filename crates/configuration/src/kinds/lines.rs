//! Lines: directory numbers, and what becomes of calls to them.

use super::{AarGroup, CallingSearchSpace, Partition, named, patterns};
use crate::setting::{
    Description, DisplayName, MaskText, Name, NumberText, PatternOrName, Ref, Seconds, Whole, choice, record,
};

record! {
    /// Where the voice mail of lines is.
    pub struct VoiceMailProfile {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// The number of the voice mail, to which forwards to voice mail lead.
        pilot: NumberText,
        /// The mask that makes the number of the box from that of the line; the line's number itself when not given.
        box_mask: Option<MaskText> = None,
    }
}

record! {
    /// A directory number: what is dialled to reach phones, and how calls to it are treated.
    pub struct Line {
        /// The number, or a name.
        pattern: PatternOrName,
        /// Its partition; without one everybody sees it.
        partition: Option<Ref<Partition>> = None,
        /// For people.
        description: Description = Description::default(),
        /// Who is shown to others.
        display: DisplayName = DisplayName::default(),
        /// It ends the collection of digits when it is the closest match.
        urgent: bool = false,
        /// What the line sees of the dial plan, before what its phone sees; only numbers without a partition when neither has one.
        search_space: Option<Ref<CallingSearchSpace>> = None,
        /// How the outside sees its number: `X` keeps a digit.
        external_mask: Option<MaskText> = None,
        /// Calls from which on the line is busy, at most `calls_max`.
        busy_trigger: Whole<1, 200> = Whole::new(2),
        /// Calls at once, made and received.
        calls_max: Whole<1, 200> = Whole::new(4),
        /// Phones that may be registered for it at once.
        contacts_max: Whole<1, 16> = Whole::new(16),
        /// How long its phones ring, in seconds. When not given: the service parameter `ring_time` where unanswered calls are
        /// forwarded, `line_no_answer` where they are not.
        no_answer: Option<Seconds<1, 300>> = None,
        /// Where its voice mail is; it has none when not given.
        voice_mail: Option<Ref<VoiceMailProfile>> = None,
        /// Where it sends calls that it does not take.
        forwards: Option<Box<LineForwards>> = None,
        /// How it is reached over the public network when the own one is full (AAR).
        aar: Option<Box<LineAar>> = None,
        /// Number of the audio source that others hear whom this line holds; that of the phone when not given.
        user_hold_source: Option<Whole<1, 51>> = None,
        /// Number of the audio source that others hear who wait because of a feature that this line uses, such as a transfer; that of the phone when not given.
        network_hold_source: Option<Whole<1, 51>> = None,
        /// Calls are answered by themselves.
        auto_answer: AutoAnswer = AutoAnswer::Off,
    }
}

choice! {
    /// Whether calls are answered by themselves.
    pub enum AutoAnswer {
        /// By the user.
        Off = "off",
        /// By themselves, into the headset.
        Headset = "headset",
        /// By themselves, over the loudspeaker.
        Speakerphone = "speakerphone",
    }
}

record! {
    /// Where a line sends calls that it does not take.
    pub struct LineForwards {
        /// Where forwards are looked up that users set from their phones, unless `all_policy` says that they see what the phone sees;
        /// only among numbers without a partition when not given.
        search_space: Option<Ref<CallingSearchSpace>> = None,
        /// Of all calls.
        all: Option<ForwardTarget> = None,
        /// Whose partitions a forward of all calls sees.
        all_policy: ForwardAllPolicy = ForwardAllPolicy::Configured,
        /// What a forward of all calls sees after its own search space.
        all_secondary_search_space: Option<Ref<CallingSearchSpace>> = None,
        /// Of calls from inside that find the line busy.
        busy_internal: Option<ForwardTarget> = None,
        /// Of calls from outside that find the line busy.
        busy_external: Option<ForwardTarget> = None,
        /// Of calls from inside that nobody answers.
        no_answer_internal: Option<ForwardTarget> = None,
        /// Of calls from outside that nobody answers.
        no_answer_external: Option<ForwardTarget> = None,
        /// Of calls from inside that find no phone registered.
        unregistered_internal: Option<ForwardTarget> = None,
        /// Of calls from outside that find no phone registered.
        unregistered_external: Option<ForwardTarget> = None,
        /// Of calls from inside that were hunted in vain, when the hunt pilot leaves it to the line.
        no_coverage_internal: Option<ForwardTarget> = None,
        /// Of calls from outside that were hunted in vain, when the hunt pilot leaves it to the line.
        no_coverage_external: Option<ForwardTarget> = None,
        /// Of calls to a CTI port or route point without its application.
        cti_failure: Option<ForwardTarget> = None,
    }
}

record! {
    /// Where a forward leads.
    pub struct ForwardTarget {
        /// The number. Exactly one of number and voice_mail is given.
        number: Option<NumberText> = None,
        /// To the voice mail of the line.
        voice_mail: bool = false,
        /// Where the number is looked up; only among numbers without a partition when not given.
        search_space: Option<Ref<CallingSearchSpace>> = None,
    }
}

choice! {
    /// Whose partitions a forward of all calls sees.
    pub enum ForwardAllPolicy {
        /// Those of the forward itself.
        Configured = "configured",
        /// Those of the line and phone at which it was set.
        Line = "line",
        /// As the service parameter `forward_all_policy` says.
        System = "system",
    }
}

record! {
    /// How a line is reached over the public network.
    pub struct LineAar {
        /// The mask that makes the number to dial from the line's number; the external mask when not given.
        destination_mask: Option<MaskText> = None,
        /// Such calls go to voice mail instead.
        voice_mail: bool = false,
        /// Which prefixes lead to it; those of its device's group when not given.
        group: Option<Ref<AarGroup>> = None,
        /// The line stays in the history of the call as the one that was called.
        keep_call_history: bool = true,
    }
}

named!(VoiceMailProfile);
patterns!(Line);
