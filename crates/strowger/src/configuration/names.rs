//! What CUCM calls the tables and columns that engineers know: the only place where its names stand.
//!
//! A kind that is not here has a table called like itself; a setting that is not here a column called like itself.

/// CUCM's names for one kind.
pub(super) struct Names {
    /// The kind's word.
    pub(super) kind: &'static str,
    /// The table of its objects.
    pub(super) table: &'static str,
    /// Columns that are the same for all of the kind: what tells kinds of one table apart.
    pub(super) fixed: &'static [(&'static str, i64)],
    /// Settings whose columns are called otherwise, by their paths.
    pub(super) columns: &'static [(&'static str, &'static str)],
    /// Lists whose tables are called otherwise, by their paths.
    pub(super) members: &'static [(&'static str, Member)],
}

/// CUCM's names for the table of a list.
pub(super) struct Member {
    pub(super) table: &'static str,
    /// The column with the position.
    pub(super) order: &'static str,
    /// Settings of an entry whose columns are called otherwise; the empty path is the entry itself.
    pub(super) columns: &'static [(&'static str, &'static str)],
}

impl Names {
    /// Names for a kind, if CUCM has any.
    pub(super) fn of(kind: &str) -> Option<&'static Names> {
        NAMES.iter().find(|names| names.kind == kind)
    }
}

pub(super) const NAMES: &[Names] = &[
    Names { kind: "time_schedule", table: "timeschedule", fixed: &[], columns: &[], members: &[] },
    Names {
        kind: "partition",
        table: "routepartition",
        fixed: &[],
        columns: &[("zone", "timezone")],
        members: &[],
    },
    Names {
        kind: "calling_search_space",
        table: "callingsearchspace",
        fixed: &[],
        columns: &[],
        members: &[(
            "partitions",
            Member { table: "callingsearchspacemember", order: "sortorder", columns: &[] },
        )],
    },
    Names {
        kind: "line",
        table: "numplan",
        // 2 is `Device` in CUCM's `typepatternusage`.
        fixed: &[("tkpatternusage", 2)],
        columns: &[("pattern", "dnorpattern")],
        members: &[],
    },
];
