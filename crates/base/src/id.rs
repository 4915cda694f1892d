//! Ids that say where a thing lives, so that a leg may live anywhere in the cluster.

use std::fmt;
use std::str::FromStr;

/// One server of the cluster.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub u16);

/// One decision thread of a server.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ShardId(pub u16);

macro_rules! located_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            /// The server it lives on.
            pub node: NodeId,
            /// The decision thread of that server.
            pub shard: ShardId,
            /// Rises by one with each new one of its shard and is never used again.
            pub number: u64,
        }

        impl $name {
            /// The id with these three parts.
            pub const fn new(node: NodeId, shard: ShardId, number: u64) -> Self {
                $name { node, shard, number }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}.{}.{}"), self.node.0, self.shard.0, self.number)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let bad = || IdError { prefix: $prefix };
                let mut parts = text.strip_prefix($prefix).unwrap_or(text).split('.');
                let node = parts.next().and_then(|p| p.parse().ok()).ok_or_else(bad)?;
                let shard = parts.next().and_then(|p| p.parse().ok()).ok_or_else(bad)?;
                let number = parts.next().and_then(|p| p.parse().ok()).ok_or_else(bad)?;
                if parts.next().is_some() {
                    return Err(bad());
                }
                Ok($name::new(NodeId(node), ShardId(shard), number))
            }
        }
    };
}

located_id!(
    /// One device's half of a call. Printed `L<node>.<shard>.<number>`.
    LegId,
    "L"
);
located_id!(
    /// A call: the legs that talk or try to. Printed `C<node>.<shard>.<number>`.
    CallId,
    "C"
);
located_id!(
    /// A conference: the seats that hear each other. Printed `B<node>.<shard>.<number>`, as in bridge.
    ConferenceId,
    "B"
);

/// Hands out ids of one shard. Several makers of the same kind of id each take a lane of their own,
/// so that they never meet: SIP 0, SCCP 1, call control 2, media 3.
#[derive(Clone, Debug)]
pub struct LegIds {
    node: NodeId,
    shard: ShardId,
    next: u64,
}

impl LegIds {
    const LANES: u64 = 4;

    /// Ids of `lane` (0-3) that follow `last_number`, the highest number that this shard ever used.
    pub const fn new(node: NodeId, shard: ShardId, lane: u64, last_number: u64) -> Self {
        LegIds { node, shard, next: (last_number / Self::LANES + 1) * Self::LANES + lane % Self::LANES }
    }

    /// How many there were of this lane, with those before a restart, or a little more.
    pub const fn given(&self) -> u64 {
        (self.next / Self::LANES).saturating_sub(1)
    }

    /// The next id.
    pub const fn allocate(&mut self) -> LegId {
        let number = self.next;
        self.next += Self::LANES;
        LegId::new(self.node, self.shard, number)
    }
}

/// A text that is not an id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IdError {
    prefix: &'static str,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected an id like {}1.0.42 (node, shard, number)", self.prefix)
    }
}

impl std::error::Error for IdError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_prints() {
        let id = CallId::new(NodeId(1), ShardId(2), 345);
        assert_eq!(id.to_string(), "C1.2.345");
        assert_eq!("C1.2.345".parse(), Ok(id));
        assert_eq!("1.2.345".parse(), Ok(id));
        assert!("L1.2.345".parse::<CallId>().is_err());
        assert!("C1.2".parse::<CallId>().is_err());
        assert!("C1.2.3.4".parse::<CallId>().is_err());
    }
}
