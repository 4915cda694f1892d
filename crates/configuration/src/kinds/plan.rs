//! The dial plan: partitions, search spaces, filters and codes.

use super::named;
use crate::setting::{
    Description, FilterClauses, HoursText, List, Name, Ref, SealedCode, Whole, ZoneName, choice, record,
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
        /// Which lines are in it. It stays as it is while anything is in the partition.
        usage: PartitionUsage = PartitionUsage::General,
    }
}

choice! {
    /// Which lines are in a partition.
    pub enum PartitionUsage {
        /// Ordinary ones.
        General = "general",
        /// Intercom lines: they see such partitions only, and nobody else sees them.
        Intercom = "intercom",
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
        partitions: List<Ref<Partition>, 1000> = List::default(),
    }
}

record! {
    /// Which forms of a national number the `@` of a pattern takes.
    pub struct RouteFilter {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// Clauses such as `(AREA-CODE == 900 AND OFFICE-CODE EXISTS)`, joined with OR.
        clauses: FilterClauses,
    }
}

record! {
    /// A code that callers key in before a call that not everybody may make (FAC).
    pub struct AuthorizationCode {
        /// Whose it is; call records show this name and not the code.
        name: Name,
        /// The code, 1 to 16 digits, kept as a secret.
        code: SealedCode,
        /// What it allows: route patterns of this level and lower ones.
        level: Whole<0, 255> = Whole::new(0),
    }
}

record! {
    /// A code that callers key in to say what a call is about (CMC).
    pub struct MatterCode {
        /// What the call is about.
        name: Name,
        /// The code, 1 to 16 digits, kept as a secret.
        code: SealedCode,
    }
}

named!(TimeSchedule, Partition, CallingSearchSpace, RouteFilter, AuthorizationCode, MatterCode);
