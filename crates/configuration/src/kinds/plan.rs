//! The dial plan: partitions, search spaces, lines.

use super::{named, patterns};
use crate::setting::{
    Description, DisplayName, HoursText, List, Name, PatternText, Ref, Seconds, Whole, ZoneName, record,
};

record! {
    /// When phone numbers in a partition exist.
    pub struct TimeSchedule {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// Time periods such as `mo-fr 08:00-17:00` or `12-25 closed`; it is open in any of them.
        periods: List<HoursText, 100>,
    }
}

record! {
    /// Numbers that are seen together or not at all.
    pub struct Partition {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// When it is open; always when there is none.
        time_schedule: Option<Ref<TimeSchedule>> = None,
        /// Whose clock counts; that of the calling device when it is not given.
        zone: Option<ZoneName> = None,
    }
}

record! {
    /// Partitions in the order in which somebody's dialled numbers are looked up in them.
    pub struct CallingSearchSpace {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// Partitions, best first.
        partitions: List<Ref<Partition>, 100> = List::default(),
    }
}

record! {
    /// A directory number: what is dialled to reach phones, and how calls to it are treated.
    pub struct Line {
        /// The number.
        pattern: PatternText,
        /// Its partition; without one everybody sees it.
        partition: Option<Ref<Partition>> = None,
        /// For people.
        description: Description = Description::default(),
        /// Who is shown to others.
        display: DisplayName = DisplayName::default(),
        /// Calls from which on the line is busy.
        busy_trigger: Whole<1, 200> = Whole::new(2),
        /// How long its phones ring.
        no_answer: Option<Seconds<1, 300>> = None,
    }
}

named!(TimeSchedule, Partition, CallingSearchSpace);
patterns!(Line);
