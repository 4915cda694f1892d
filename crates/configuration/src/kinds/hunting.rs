//! Hunting: lines that answer for one another.

use super::{CallingSearchSpace, Line, NumberChange, Partition, RouteFilter, named, patterns};
use crate::setting::{
    Description, DisplayName, List, Name, NumberText, PatternText, Ref, Seconds, Whole, choice, record,
};

record! {
    /// Lines that answer for one another.
    pub struct LineGroup {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// Lines in their order. Lines of CTI ports and route points cannot be members.
        members: List<Ref<Line>, 100> = List::default(),
        /// Who is offered a call first.
        distribution: HuntDistribution = HuntDistribution::LongestIdle,
        /// How long a member rings before the next one is tried, in seconds.
        ring_no_answer_reversion: Seconds<1, 300> = Seconds::new(10),
        /// What happens after a member that rang in vain.
        on_no_answer: HuntOption = HuntOption::NextMemberThenNextGroup,
        /// What happens after a member that is busy.
        on_busy: HuntOption = HuntOption::NextMemberThenNextGroup,
        /// What happens after a member without a registered phone, or one that is logged out.
        on_not_available: HuntOption = HuntOption::NextMemberThenNextGroup,
    }
}

choice! {
    /// Who of a line group is offered a call first.
    pub enum HuntDistribution {
        /// As they are listed, every call from the top.
        TopDown = "top-down",
        /// From the one after the last who was offered a call.
        Circular = "circular",
        /// Whoever has been idle longest; a member with any call is passed over.
        LongestIdle = "longest-idle",
        /// All at once.
        Broadcast = "broadcast",
    }
}

choice! {
    /// What happens after a member that did not take the call.
    pub enum HuntOption {
        /// The next member; after the last one the next group.
        NextMemberThenNextGroup = "next-member-then-next-group",
        /// The next member; after the last one the hunt is over.
        NextMember = "next-member",
        /// The next group at once.
        NextGroup = "next-group",
        /// The hunt is over.
        Stop = "stop",
    }
}

record! {
    /// Line groups in the order in which they are tried.
    pub struct HuntList {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// Line groups, best first.
        line_groups: List<Ref<LineGroup>, 20>,
    }
}

record! {
    /// A number whose calls are offered to the members of a hunt list.
    pub struct HuntPilot {
        /// The number.
        pattern: PatternText,
        /// Its partition; without one everybody sees it.
        partition: Option<Ref<Partition>> = None,
        /// For people.
        description: Description = Description::default(),
        /// Which forms its `@` takes; all but seven digits when not given.
        filter: Option<Ref<RouteFilter>> = None,
        /// It ends the collection of digits when it is the closest match.
        urgent: bool = false,
        /// Who is hunted for.
        hunt_list: Ref<HuntList>,
        /// Who is shown to callers while members ring.
        display: DisplayName = DisplayName::default(),
        /// What it does to numbers.
        change: Option<Box<NumberChange>> = None,
        /// How long a hunt may take, in seconds. It should not be a multiple of the time for which a member rings.
        maximum_hunt_timer: Seconds<1, 3600> = Seconds::new(1800),
        /// What becomes of a call that nobody took.
        exhausted: HuntExhausted = HuntExhausted::Release,
        /// Where it goes when `exhausted` says `forward`.
        exhausted_to: Option<Box<HuntDestination>> = None,
        /// How calls wait when nobody is free; they do not when not given.
        queue: Option<Box<HuntQueue>> = None,
    }
}

choice! {
    /// What becomes of a call that nobody took.
    pub enum HuntExhausted {
        /// It is released.
        Release = "release",
        /// It is sent to a number.
        Forward = "forward",
        /// The line that was called first decides, by its forward for no coverage.
        NoCoverage = "no-coverage",
    }
}

record! {
    /// Where a call goes that was hunted or waited in vain.
    pub struct HuntDestination {
        /// The number.
        number: NumberText,
        /// Where it is looked up; only among numbers without a partition when not given.
        search_space: Option<Ref<CallingSearchSpace>> = None,
    }
}

record! {
    /// How calls wait in front of a hunt pilot. The figures are unverified (U-8).
    pub struct HuntQueue {
        /// Callers that may wait at once.
        callers_max: Whole<1, 100> = Whole::new(32),
        /// How long one may wait, in seconds.
        wait_max: Seconds<10, 3600> = Seconds::new(900),
        /// Where a call goes when the queue is full; it hears busy when not given.
        when_full: Option<HuntDestination> = None,
        /// Where a call goes when it has waited as long as it may; it is released when not given.
        when_waited: Option<HuntDestination> = None,
        /// Where a call goes when no member is logged in or registered; it is released when not given.
        when_nobody: Option<HuntDestination> = None,
    }
}

named!(LineGroup, HuntList);
patterns!(HuntPilot);
