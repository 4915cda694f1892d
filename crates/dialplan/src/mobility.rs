//! Phones that travel: which device pool a phone belongs to where it is, and what follows from it.
//!
//! An address leads to the subnet that holds it most narrowly, the subnet to its device mobility info, and that to
//! device pools. The pool where the phone is (roaming) is compared with the one that it was configured with (home).
//! The case table is general product knowledge and marked unverified in our facts (U-14).

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::combine::combined;

/// A block of addresses: an address and how many of its leading bits count.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Subnet {
    address: IpAddr,
    bits: u8,
}

/// Why something is no subnet, or cannot be added.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SubnetError {
    /// More bits than an address has.
    #[error("{address}/{bits}: an address of this kind has {bits_max} bits")]
    TooManyBits {
        /// As it was written.
        address: IpAddr,
        /// As it was written.
        bits: u8,
        /// 32 or 128.
        bits_max: u8,
    },
    /// The address has bits beyond those that count.
    #[error("{address}/{bits}: the address is not the first of its block, which is {first}")]
    HostBits {
        /// As it was written.
        address: IpAddr,
        /// As it was written.
        bits: u8,
        /// What the writer probably meant.
        first: IpAddr,
    },
    /// The same block leads somewhere already.
    #[error("{address}/{bits} leads to {there} already")]
    Duplicate {
        /// As it was written.
        address: IpAddr,
        /// As it was written.
        bits: u8,
        /// The device mobility info that has it.
        there: Box<str>,
    },
    /// A device mobility info without a device pool says nothing about a phone.
    #[error("device mobility info {name} names no device pool")]
    NoPool {
        /// Which.
        name: Box<str>,
    },
}

/// Named subnets and the device pools (`P`) that rule in them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MobilityInfo<P> {
    name: Box<str>,
    pools: Vec<P>,
}

/// All device mobility infos, found by address.
#[derive(Clone, Debug)]
pub struct MobilityMap<P> {
    infos: Vec<MobilityInfo<P>>,
    subnets: BTreeMap<Subnet, usize>,
}

/// How an address was matched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Located<'m, P> {
    /// The narrowest subnet that holds the address.
    pub subnet: Subnet,
    /// Where it leads.
    pub info: &'m MobilityInfo<P>,
}

/// What of a device pool matters here.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PoolPlace {
    /// Where its phones are. Nobody roams into a pool without one.
    pub physical_location: Option<Box<str>>,
    /// Phones roaming inside one group may dial as if they belonged there. Pools without one are in one group together
    /// (Feature Configuration Guide 15, device mobility group scenarios).
    pub mobility_group: Option<Box<str>>,
}

/// Which of the two pools a setting comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PoolChoice {
    /// The one that the phone was configured with.
    Home,
    /// The one of the place where the phone is.
    Roaming,
}

/// How far a phone is from home.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MobilityCase {
    /// No subnet holds its address: it is treated as at home.
    Unknown,
    /// In its own place, in the same or another device pool.
    AtHome,
    /// In another place, but within its device mobility group.
    SameGroup,
    /// In another place and outside its group.
    OtherGroup,
}

impl Subnet {
    /// A block of addresses.
    ///
    /// # Errors
    /// When there are more bits than an address has, or the address is not the first of the block: then either of
    /// the two was mistyped.
    pub fn new(address: IpAddr, bits: u8) -> Result<Self, SubnetError> {
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        if bits > bits_max {
            return Err(SubnetError::TooManyBits { address, bits, bits_max });
        }
        let first = first_of_block(address, bits);
        if first != address {
            return Err(SubnetError::HostBits { address, bits, first });
        }
        Ok(Subnet { address, bits })
    }

    /// The first address.
    pub const fn address(self) -> IpAddr {
        self.address
    }

    /// How many leading bits count.
    pub const fn bits(self) -> u8 {
        self.bits
    }
}

impl<P> MobilityInfo<P> {
    /// As the operator called it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The pools that rule there, as listed.
    pub fn pools(&self) -> &[P] {
        &self.pools
    }

    /// The pool that rules there for a phone whose home pool is known by `is_home`.
    pub fn pool_by(&self, is_home: impl Fn(&P) -> bool) -> Option<&P> {
        self.pools.iter().find(|pool| is_home(pool)).or_else(|| self.pools.first())
    }
}

impl<P: PartialEq> MobilityInfo<P> {
    /// The pool that rules there for a phone of `home`: its home pool where that is listed, otherwise the first.
    pub fn pool(&self, home: &P) -> Option<&P> {
        self.pool_by(|pool| pool == home)
    }
}

impl<P> MobilityMap<P> {
    /// No subnets: every phone is at home.
    pub const fn new() -> Self {
        MobilityMap { infos: Vec::new(), subnets: BTreeMap::new() }
    }

    /// Adds a device mobility info.
    ///
    /// # Errors
    /// When it names no device pool, or one of the subnets belongs to another one; then nothing is added.
    pub fn add(&mut self, name: &str, subnets: &[Subnet], pools: Vec<P>) -> Result<(), SubnetError> {
        if pools.is_empty() {
            return Err(SubnetError::NoPool { name: name.into() });
        }
        for (index, &subnet) in subnets.iter().enumerate() {
            let there =
                self.subnets.get(&subnet).and_then(|&info| self.infos.get(info)).map(MobilityInfo::name);
            let twice = subnets.iter().take(index).any(|earlier| *earlier == subnet).then_some(name);
            if let Some(there) = there.or(twice) {
                let Subnet { address, bits } = subnet;
                return Err(SubnetError::Duplicate { address, bits, there: there.into() });
            }
        }
        self.subnets.extend(subnets.iter().map(|&subnet| (subnet, self.infos.len())));
        self.infos.push(MobilityInfo { name: name.into(), pools });
        Ok(())
    }

    /// The narrowest subnet that holds `address`. An IPv4 address in an IPv6 coat counts as what it is.
    pub fn locate(&self, address: IpAddr) -> Option<Located<'_, P>> {
        let address = address.to_canonical();
        let bits_max: u8 = if address.is_ipv4() { 32 } else { 128 };
        (0..=bits_max).rev().find_map(|bits| {
            let subnet = Subnet { address: first_of_block(address, bits), bits };
            let info = self.infos.get(*self.subnets.get(&subnet)?)?;
            Some(Located { subnet, info })
        })
    }
}

impl<P> Default for MobilityMap<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl MobilityCase {
    /// Compares the home pool with the pool of the place where the phone is; no such pool, no difference.
    pub fn of(home: &PoolPlace, here: Option<&PoolPlace>) -> Self {
        let Some(here) = here else { return MobilityCase::Unknown };
        if here.physical_location.is_none() || home.physical_location == here.physical_location {
            return MobilityCase::AtHome;
        }
        if home.mobility_group == here.mobility_group {
            return MobilityCase::SameGroup;
        }
        MobilityCase::OtherGroup
    }

    /// Where region, location, SRST reference, date group, locale and media resources come from.
    pub const fn media_from(self) -> PoolChoice {
        match self {
            MobilityCase::Unknown | MobilityCase::AtHome => PoolChoice::Home,
            MobilityCase::SameGroup | MobilityCase::OtherGroup => PoolChoice::Roaming,
        }
    }

    /// Where the device's calling search space, the AAR search space and group, and number transformations come from.
    /// The line's calling search space stays in every case.
    pub const fn dialling_from(self) -> PoolChoice {
        match self {
            MobilityCase::Unknown | MobilityCase::AtHome | MobilityCase::OtherGroup => PoolChoice::Home,
            MobilityCase::SameGroup => PoolChoice::Roaming,
        }
    }

    /// The partitions that a phone sees: the line's, then those of the device, or of the mobility calling search
    /// space in the device's stead. A roaming pool that names none leaves the device its own.
    pub fn partitions<P: Clone + PartialEq>(
        self,
        line: &[P],
        device: &[P],
        mobility: Option<&[P]>,
    ) -> Vec<P> {
        match self.dialling_from() {
            PoolChoice::Home => combined(line, device),
            PoolChoice::Roaming => combined(line, mobility.unwrap_or(device)),
        }
    }
}

fn first_of_block(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            IpAddr::V6((v6.to_bits() & mask).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(text: &str) -> Subnet {
        parse(text).unwrap()
    }

    fn parse(text: &str) -> Result<Subnet, SubnetError> {
        let (address, bits) = text.split_once('/').unwrap();
        Subnet::new(address.parse().unwrap(), bits.parse().unwrap())
    }

    #[test]
    fn the_narrowest_subnet_wins() {
        let mut map = MobilityMap::new();
        map.add("world", &[subnet("0.0.0.0/0"), subnet("::/0")], vec!["P0"]).unwrap();
        map.add("campus", &[subnet("10.1.0.0/16"), subnet("2001:db8::/32")], vec!["P1", "P2"]).unwrap();
        map.add("floor", &[subnet("10.1.2.0/24"), subnet("10.1.2.7/32")], vec!["P3"]).unwrap();
        let check = |address: &str, expect: &str| {
            let found = map.locate(address.parse().unwrap()).map_or("nothing".to_owned(), |located| {
                format!("{} {}/{}", located.info.name(), located.subnet.address(), located.subnet.bits())
            });
            assert_eq!(found, expect, "{address}");
        };
        check("10.1.2.3", "floor 10.1.2.0/24");
        check("10.1.2.7", "floor 10.1.2.7/32");
        check("10.1.3.3", "campus 10.1.0.0/16");
        check("::ffff:10.1.3.3", "campus 10.1.0.0/16");
        check("192.0.2.1", "world 0.0.0.0/0");
        check("2001:db8::5", "campus 2001:db8::/32");
        check("2001:db9::5", "world ::/0");
        assert!(MobilityMap::<&str>::new().locate("10.1.2.3".parse().unwrap()).is_none());
    }

    #[test]
    fn the_home_pool_rules_where_it_is_listed() {
        let check = |pools: &[char], home: char, expect: char| {
            let info = MobilityInfo { name: "x".into(), pools: pools.to_vec() };
            assert_eq!(info.pool(&home), Some(&expect), "{pools:?} {home}");
        };
        check(&['a', 'b'], 'b', 'b');
        check(&['a', 'b'], 'c', 'a');
    }

    #[test]
    fn what_cannot_be_a_subnet_says_why() {
        let check = |text: &str, expect: &str| assert_eq!(parse(text).unwrap_err().to_string(), expect);
        check("10.1.0.0/33", "10.1.0.0/33: an address of this kind has 32 bits");
        check("::/129", "::/129: an address of this kind has 128 bits");
        check("10.1.2.3/24", "10.1.2.3/24: the address is not the first of its block, which is 10.1.2.0");
        let mut map = MobilityMap::new();
        map.add("first", &[subnet("10.1.2.0/24")], vec!["P"]).unwrap();
        let mut refused = |subnets: &[Subnet], pools: Vec<&'static str>, expect: &str| {
            assert_eq!(map.add("second", subnets, pools).unwrap_err().to_string(), expect);
            assert_eq!(map.infos.len(), 1);
        };
        refused(&[subnet("10.1.2.0/24")], vec!["P"], "10.1.2.0/24 leads to first already");
        refused(&[subnet("::/8"), subnet("::/8")], vec!["P"], "::/8 leads to second already");
        refused(&[subnet("::/8")], vec![], "device mobility info second names no device pool");
    }

    #[test]
    fn the_case_decides_which_pool_rules() {
        let place = |location: &str, group: &str| PoolPlace {
            physical_location: (!location.is_empty()).then(|| location.into()),
            mobility_group: (!group.is_empty()).then(|| group.into()),
        };
        let check = |home: PoolPlace, here: Option<PoolPlace>, case, media, dialling| {
            let found = MobilityCase::of(&home, here.as_ref());
            assert_eq!((found, found.media_from(), found.dialling_from()), (case, media, dialling));
        };
        use PoolChoice::{Home, Roaming};
        check(place("A", "G"), None, MobilityCase::Unknown, Home, Home);
        check(place("A", "G"), Some(place("A", "H")), MobilityCase::AtHome, Home, Home);
        // Where nobody says where they are, nobody has gone anywhere.
        check(place("A", "G"), Some(place("", "G")), MobilityCase::AtHome, Home, Home);
        check(place("", "G"), Some(place("B", "G")), MobilityCase::SameGroup, Roaming, Roaming);
        // Without any group all are in one.
        check(place("A", ""), Some(place("B", "")), MobilityCase::SameGroup, Roaming, Roaming);
        check(place("A", "G"), Some(place("B", "")), MobilityCase::OtherGroup, Roaming, Home);
        check(place("", "G"), Some(place("", "H")), MobilityCase::AtHome, Home, Home);
        check(place("A", "G"), Some(place("B", "G")), MobilityCase::SameGroup, Roaming, Roaming);
        check(place("A", "G"), Some(place("B", "H")), MobilityCase::OtherGroup, Roaming, Home);
    }

    #[test]
    fn the_line_stays_and_the_device_may_be_replaced() {
        let check = |case: MobilityCase, mobility: Option<&[&str]>, expect: &[&str]| {
            assert_eq!(case.partitions(&["L", "S"], &["D", "S"], mobility), expect, "{case:?} {mobility:?}");
        };
        check(MobilityCase::Unknown, None, &["L", "S", "D"]);
        check(MobilityCase::AtHome, Some(&["M"]), &["L", "S", "D"]);
        check(MobilityCase::OtherGroup, Some(&["M"]), &["L", "S", "D"]);
        check(MobilityCase::SameGroup, Some(&["M", "S"]), &["L", "S", "M"]);
        check(MobilityCase::SameGroup, Some(&[]), &["L", "S"]);
        check(MobilityCase::SameGroup, None, &["L", "S", "D"]);
    }
}
