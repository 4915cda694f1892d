//! Parties of conferences. Nothing of Debian's packages mixes; Asterisk and FreeSWITCH were measured at 0.37 % of a core for a party of
//! a hundred in G.711, and the limit is half of that.

use super::{Limit, Row, Subject, relay};

pub(super) const ROW: Row = Row {
    name: "conference",
    unit: "party",
    subjects: &[Subject {
        name: "strowger",
        start: relay::strowger,
        generator: &[
            "conf",
            "--server",
            "127.0.0.1:5160",
            "--setup-rate",
            "100",
            "--number",
            "*8888",
            "--room",
            "100",
            "--talkers",
            "4",
        ],
    }],
    limit: Limit::Core(0.185),
    stamped: false,
};
