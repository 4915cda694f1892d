//! IPv4 addresses as CUCM writes them: a signed number of 32 bits whose lowest byte is the first of the address.

use std::net::Ipv4Addr;

/// The number of an address; 0 is written where there is none.
pub fn number_of(address: Ipv4Addr) -> i64 {
    i64::from(i32::from_le_bytes(address.octets()))
}

/// The address of a number, also where it is written without its sign; `None` for 0 and what has no 32 bits.
pub fn address_of(number: i64) -> Option<Ipv4Addr> {
    let bits = i32::try_from(number).map(|number| number as u32).or_else(|_| u32::try_from(number)).ok()?;
    (bits != 0).then(|| Ipv4Addr::from(bits.to_le_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_is_the_lowest() {
        let check = |octets: [u8; 4], number: i64| {
            let address = Ipv4Addr::from(octets);
            assert_eq!(number_of(address), number, "{address}");
            assert_eq!(address_of(number), Some(address), "{number}");
        };
        check([10, 248, 64, 14], 239_138_826);
        check([192, 168, 18, 188], -1_139_627_840);
        check([1, 0, 0, 0], 1);
        assert_eq!(address_of(3_155_339_456), Some(Ipv4Addr::new(192, 168, 18, 188)), "without its sign");
        assert_eq!((address_of(0), address_of(1 << 32), address_of(i64::MIN)), (None, None, None));
    }
}
