//! Names and addresses that are dialled instead of digits: `alice`, `alice@example.com`, and hosts of others.
//!
//! A name stands in a partition as a number does, but it has no wildcard, and no case makes a difference. What is in no
//! partition that the caller sees and belongs to another host leaves through a route for that host: the longest domain or
//! the narrowest network.

use std::collections::BTreeMap;
use std::net::IpAddr;

use strowger_base::WallTime;

use crate::plan::{Action, DialPlan, PartitionId, SearchSpace};
use crate::schedule::Zone;

/// The names of a plan, and the routes to other hosts.
#[derive(Clone, Default, Debug)]
pub(crate) struct Addresses {
    /// By lower-case text, then partition.
    names: BTreeMap<Box<str>, BTreeMap<PartitionId, Entry>>,
    hosts: Vec<HostRoute>,
}

#[derive(Clone, Debug)]
struct Entry {
    text: Box<str>,
    action: Action,
}

#[derive(Clone, Debug)]
struct HostRoute {
    text: Box<str>,
    host: HostPattern,
    partition: PartitionId,
    action: Action,
}

/// Hosts that a route is for.
#[derive(Clone, PartialEq, Eq, Debug)]
enum HostPattern {
    /// A domain with all below it, in lower case.
    Domain(Box<str>),
    /// Addresses that begin with the same bits.
    Network(IpAddr, u8),
}

/// Why a text is no name or host that could be dialled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AddressError {
    /// Nothing is there.
    #[error("it is empty; expected a name such as alice or alice@example.com")]
    Empty,
    /// A character that no name has.
    #[error("the character {character:?} is not allowed in a name")]
    Character {
        /// Which.
        character: char,
    },
    /// A network without a length that fits its address.
    #[error("it is no network; expected for example 192.0.2.0/24")]
    Network,
}

/// A name or host with an address that it would take.
#[derive(Clone, Debug)]
pub(crate) struct Listed<'p> {
    pub(crate) text: &'p str,
    pub(crate) partition: PartitionId,
    pub(crate) action: &'p Action,
    /// What stands before an `@`, and behind it.
    pub(crate) example: (&'p str, Option<Box<str>>),
}

/// Where a name leads.
#[derive(Clone, Copy, Debug)]
pub struct Addressed<'p> {
    /// As it stands in the plan.
    pub text: &'p str,
    /// In this partition.
    pub partition: PartitionId,
    /// What happens.
    pub action: &'p Action,
}

/// A word that no pattern could be, such as `service` or `alice@example.com`.
pub fn is_name(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_alphabetic() && !(b'A'..=b'D').contains(&byte) && byte != b'X')
}

/// A pattern whose digits are written `x`, such as `9.1xxx`: as a name nobody would ever ask for it.
pub fn is_pattern_in_small_letters(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit() || "[*#\\".contains(c))
        && text.chars().all(|c| c.is_ascii_digit() || "ABCDXx*#[]^-.!?+\\@".contains(c))
}

impl Addresses {
    /// Adds a name; the text that has it already, when one does.
    pub(crate) fn name(
        &mut self,
        partition: PartitionId,
        text: &str,
        action: Action,
    ) -> Result<Option<Box<str>>, AddressError> {
        check(text)?;
        let partitions = self.names.entry(text.to_ascii_lowercase().into()).or_default();
        if let Some(there) = partitions.get(&partition) {
            return Ok(Some(there.text.clone()));
        }
        partitions.insert(partition, Entry { text: text.into(), action });
        Ok(None)
    }

    /// Adds a route to the hosts of a domain (`example.com`) or network (`192.0.2.0/24`); the text that has them already,
    /// when one does.
    pub(crate) fn host(
        &mut self,
        partition: PartitionId,
        text: &str,
        action: Action,
    ) -> Result<Option<Box<str>>, AddressError> {
        check(text)?;
        let host = HostPattern::parse(text)?;
        let same = |route: &&HostRoute| route.partition == partition && route.host == host;
        if let Some(there) = self.hosts.iter().find(same) {
            return Ok(Some(there.text.clone()));
        }
        self.hosts.push(HostRoute { text: text.into(), host, partition, action });
        Ok(None)
    }

    /// All names and hosts, each with an address that it would take.
    pub(crate) fn all(&self) -> impl Iterator<Item = Listed<'_>> {
        let names = self.names.values().flatten().map(|(partition, Entry { text, action })| {
            let example = match text.split_once('@') {
                Some((user, host)) => (user, Some(host.into())),
                None => (&**text, None),
            };
            Listed { text, partition: *partition, action, example }
        });
        let hosts = self.hosts.iter().map(|HostRoute { text, host, partition, action }| {
            let example = match host {
                HostPattern::Domain(domain) => domain.clone(),
                HostPattern::Network(IpAddr::V6(address), _) => format!("[{address}]").into(),
                HostPattern::Network(IpAddr::V4(address), _) => address.to_string().into(),
            };
            Listed { text, partition: *partition, action, example: (SOMEBODY, Some(example)) }
        });
        names.chain(hosts)
    }

    pub(crate) fn len(&self) -> usize {
        self.names.values().map(BTreeMap::len).sum::<usize>() + self.hosts.len()
    }
}

impl DialPlan {
    /// Where a name or address leads for somebody with a search space, as it is dialled: `alice`, or `alice@example.com`.
    ///
    /// An address is looked up as a whole, then by its host. One at an IP address that no route is for may be at one of our
    /// own addresses, as a phone behind NAT knows it: its name is looked up alone.
    pub fn named<'p>(
        &'p self,
        space: &SearchSpace,
        dialled: &str,
        at: WallTime,
        zone: Option<&Zone>,
    ) -> Option<Addressed<'p>> {
        let Some((user, host)) = dialled.rsplit_once('@') else {
            return self.address(space, dialled, None, at, zone);
        };
        let is_address = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        let alone = || is_address.then(|| self.address(space, user, None, at, zone)).flatten();
        self.address(space, user, Some(host), at, zone).or_else(alone)
    }

    /// Where a name leads for somebody with a search space. `host` is the part behind the `@` when it is not ours.
    pub fn address<'p>(
        &'p self,
        space: &SearchSpace,
        user: &str,
        host: Option<&str>,
        at: WallTime,
        zone: Option<&Zone>,
    ) -> Option<Addressed<'p>> {
        let addresses = self.addresses();
        let text = match host {
            Some(host) => format!("{user}@{host}"),
            None => user.to_owned(),
        };
        let open = |partition: &&PartitionId| self.is_open(**partition, at, zone);
        if let Some(partitions) = addresses.names.get(text.to_ascii_lowercase().as_str()) {
            let found =
                space.partitions().iter().filter(open).find_map(|id| Some((*id, partitions.get(id)?)));
            if let Some((partition, entry)) = found {
                return Some(Addressed { text: &entry.text, partition, action: &entry.action });
            }
        }
        let host = host?.to_ascii_lowercase();
        let routes = addresses.hosts.iter().filter_map(|route| {
            let rank = space.partitions().iter().filter(open).position(|id| *id == route.partition)?;
            Some((std::cmp::Reverse(route.host.fit(&host)?), rank, route))
        });
        let (.., route) = routes.min_by_key(|(fit, rank, _)| (*fit, *rank))?;
        Some(Addressed { text: &route.text, partition: route.partition, action: &route.action })
    }
}

impl HostPattern {
    fn parse(text: &str) -> Result<Self, AddressError> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let Ok(address) = address.parse::<IpAddr>() else {
            let domain = text.strip_prefix("*.").unwrap_or(text);
            return match domain.chars().find(|c| "@*:/".contains(*c)) {
                _ if length.is_some() => Err(AddressError::Network),
                _ if domain.is_empty() => Err(AddressError::Empty),
                Some(character) => Err(AddressError::Character { character }),
                None => Ok(HostPattern::Domain(domain.to_ascii_lowercase().into())),
            };
        };
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Ok(bits), str::parse).map_err(|_| AddressError::Network)?;
        if length > bits { Err(AddressError::Network) } else { Ok(HostPattern::network(address, length)) }
    }

    /// The network of an address: of what is behind its length nothing counts.
    fn network(address: IpAddr, length: u8) -> Self {
        let bits = u32::from(length);
        let network = match address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - bits.min(32)).unwrap_or(0);
                IpAddr::V4((address.to_bits() & mask).into())
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - bits.min(128)).unwrap_or(0);
                IpAddr::V6((address.to_bits() & mask).into())
            }
        };
        HostPattern::Network(network, length)
    }

    /// How closely it fits a host; more is closer.
    fn fit(&self, host: &str) -> Option<usize> {
        match self {
            HostPattern::Domain(domain) => {
                let rest = host.strip_suffix(&**domain)?;
                (rest.is_empty() || rest.ends_with('.')).then_some(domain.len())
            }
            HostPattern::Network(network, length) => {
                let address: IpAddr = host.trim_matches(['[', ']']).parse().ok()?;
                let same = match (network, address) {
                    (IpAddr::V4(network), IpAddr::V4(address)) => {
                        let differ = (network.to_bits() ^ address.to_bits()).leading_zeros();
                        differ >= u32::from(*length)
                    }
                    (IpAddr::V6(network), IpAddr::V6(address)) => {
                        let differ = (network.to_bits() ^ address.to_bits()).leading_zeros();
                        differ >= u32::from(*length)
                    }
                    (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
                };
                same.then_some(usize::from(*length))
            }
        }
    }
}

fn check(text: &str) -> Result<(), AddressError> {
    if text.is_empty() {
        return Err(AddressError::Empty);
    }
    let forbidden = |c: &char| c.is_whitespace() || c.is_control() || ",;<>\"".contains(*c);
    match text.chars().find(forbidden) {
        Some(character) => Err(AddressError::Character { character }),
        None => Ok(()),
    }
}

/// Whoever is called at a host, in examples.
const SOMEBODY: &str = "somebody";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Parameters;
    use crate::plan::DialPlanBuilder;

    #[test]
    fn a_name_is_found_in_the_first_partition_and_a_host_by_the_closest_route() {
        let mut plan = DialPlanBuilder::new(Parameters::default());
        plan.partition("first", None).unwrap();
        plan.partition("second", None).unwrap();
        let line = |number: &str| Action::Line(number.into());
        plan.name("second", "Alice", line("2")).unwrap();
        plan.name("first", "alice", line("1")).unwrap();
        plan.name("", "bob@example.com", line("3")).unwrap();
        plan.host("", "example.com", line("4")).unwrap();
        plan.host("", "*.uk.example.com", line("5")).unwrap();
        plan.host("", "192.0.2.0/24", line("6")).unwrap();
        plan.host("", "192.0.2.128/25", line("7")).unwrap();
        assert!(plan.name("first", "ALICE", line("9")).is_err());
        assert!(plan.host("", "EXAMPLE.com", line("9")).is_err());
        assert!(plan.host("", "*.example.com", line("9")).is_err());
        assert!(plan.host("", "192.0.2.77/24", line("9")).is_err());
        assert!(plan.host("second", "192.0.2.0/24", line("6")).is_ok());
        let plan = plan.build();
        let both = plan.search_space_of(["first", "second"]).unwrap();
        let second = plan.search_space_of(["second"]).unwrap();
        let check = |space: &SearchSpace, user: &str, host: Option<&str>, expect: Option<&str>| {
            let found = plan.address(space, user, host, WallTime::from_micros(0), None);
            let found = found.map(|found| match found.action {
                Action::Line(line) => line.as_str(),
                other => panic!("{other:?}"),
            });
            assert_eq!(found, expect, "{user} {host:?}");
        };
        check(&both, "ALICE", None, Some("1"));
        check(&second, "alice", None, Some("2"));
        check(&SearchSpace::null(), "alice", None, None);
        check(&second, "bob", Some("EXAMPLE.com"), Some("3"));
        check(&second, "carol", Some("example.com"), Some("4"));
        check(&second, "carol", Some("a.uk.example.com"), Some("5"));
        check(&second, "carol", Some("notexample.com"), None);
        check(&second, "carol", Some("192.0.2.5"), Some("6"));
        check(&second, "carol", Some("192.0.2.200"), Some("7"));
        check(&second, "carol", Some("[2001:db8::1]"), None);
    }

    #[test]
    fn an_address_is_looked_up_as_a_whole_and_by_its_host() {
        let mut plan = DialPlanBuilder::new(Parameters::default());
        let line = |number: &str| Action::Line(number.into());
        plan.name("", "alice", line("1")).unwrap();
        plan.name("", "bob@example.com", line("2")).unwrap();
        plan.host("", "example.com", line("3")).unwrap();
        plan.host("", "192.0.2.0/24", line("4")).unwrap();
        let plan = plan.build();
        let check = |dialled: &str, expect: Option<&str>| {
            let found = plan.named(&SearchSpace::null(), dialled, WallTime::from_micros(0), None);
            let found = found.map(|found| match found.action {
                Action::Line(line) => line.as_str(),
                other => panic!("{other:?}"),
            });
            assert_eq!(found, expect, "{dialled}");
        };
        check("alice", Some("1"));
        check("Bob@Example.com", Some("2"));
        check("alice@example.com", Some("3"));
        check("alice@uk.example.com", Some("3"));
        check("alice@192.0.2.9", Some("4"));
        check("alice@198.51.100.9", Some("1"));
        check("alice@[2001:db8::1]", Some("1"));
        check("alice@example.net", None);
        check("carol@198.51.100.9", None);
    }

    #[test]
    fn what_cannot_be_dialled_says_why() {
        let check = |text: &str, expect: AddressError| {
            let mut addresses = Addresses::default();
            let error = addresses.host(PartitionId::NULL, text, Action::Line("1".into())).unwrap_err();
            assert_eq!(error, expect, "{text}");
        };
        check("", AddressError::Empty);
        check("a b", AddressError::Character { character: ' ' });
        check("192.0.2.0/33", AddressError::Network);
        check("example.com/8", AddressError::Network);
        check("*.", AddressError::Empty);
        check("a.*.example.com", AddressError::Character { character: '*' });
        check("alice@example.com", AddressError::Character { character: '@' });
    }
}
