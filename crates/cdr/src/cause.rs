//! Why calls ended, as CUCM writes it: causes of Q.850, some of its own, and final responses of SIP with the cause that they were taken for.

/// A cause taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CauseCode {
    /// This side did not end the call.
    None,
    /// A cause of Q.850, or one of those below 256 that CUCM adds.
    Q850(u8),
    /// One of the product's own ([`CONFERENCE_FULL`] and what follows it).
    Product(i64),
    /// A final response of SIP.
    Sip {
        /// Its status.
        status: u16,
        /// The cause of Q.850 that it was taken for.
        q850: u8,
    },
}

/// There is no room in the conference.
pub const CONFERENCE_FULL: i64 = 0x4_0000;
/// A feature moved the leg to another call: a transfer, a conference.
pub const SPLIT: i64 = 0x6_0000;
/// A party was dropped from a conference, or the last one left.
pub const DROPPED: i64 = 0x7_0000;
/// 503 with a cause behind it: a logical partition denies the call, most often.
const SERVICE_UNAVAILABLE_WITH_CAUSE: u8 = 0xa7;

impl CauseCode {
    /// Of a number in a file, with its sign or without.
    pub fn of(number: i64) -> CauseCode {
        let Ok(bits) = u32::try_from(number).or_else(|_| i32::try_from(number).map(|number| number as u32))
        else {
            return CauseCode::Product(number);
        };
        match (bits, status_of((bits >> 24) as u8)) {
            (0, _) => CauseCode::None,
            (1..=255, _) => CauseCode::Q850(bits as u8),
            (_, Some(status)) if bits & 0x00ff_ff00 == 0 => CauseCode::Sip { status, q850: bits as u8 },
            _ => CauseCode::Product(i64::from(bits)),
        }
    }

    /// The number that stands in a file.
    pub fn number(self) -> i64 {
        match self {
            CauseCode::None => 0,
            CauseCode::Q850(cause) => i64::from(cause),
            CauseCode::Product(number) => number,
            CauseCode::Sip { status, q850 } => {
                let marker = marker_of(status).unwrap_or(0);
                i64::from((u32::from(marker) << 24 | u32::from(q850)) as i32)
            }
        }
    }

    /// The cause of Q.850 that it comes down to, where there is one.
    pub const fn q850(self) -> Option<u8> {
        match self {
            CauseCode::Q850(q850) | CauseCode::Sip { q850, .. } => Some(q850),
            CauseCode::None | CauseCode::Product(_) => None,
        }
    }
}

/// The byte that tells a final response of SIP; `None` for those that have none.
pub const fn marker_of(status: u16) -> Option<u8> {
    match status {
        400..=433 => Some((status - 399) as u8),
        480..=505 => Some((status - 416) as u8),
        513 => Some(0x5a),
        600 => Some(0xa1),
        603 => Some(0xa2),
        604 => Some(0xa3),
        606 => Some(0xa4),
        _ => None,
    }
}

const fn status_of(marker: u8) -> Option<u16> {
    match marker {
        0x01..=0x22 => Some(marker as u16 + 399),
        0x40..=0x59 => Some(marker as u16 + 416),
        0x5a => Some(513),
        0xa1 => Some(600),
        0xa2 => Some(603),
        0xa3 => Some(604),
        0xa4 => Some(606),
        SERVICE_UNAVAILABLE_WITH_CAUSE => Some(503),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(number: i64, expect: CauseCode) {
        assert_eq!(CauseCode::of(number), expect, "{number:#x}");
        assert_eq!(CauseCode::of(expect.number()), expect, "{number:#x} again");
    }

    #[test]
    fn responses_of_sip_are_told_by_their_highest_byte() {
        check(0x0500_0001, CauseCode::Sip { status: 404, q850: 1 });
        check(0x4600_0011, CauseCode::Sip { status: 486, q850: 17 });
        check(0x4800_001f, CauseCode::Sip { status: 488, q850: 31 });
        check(0x5700_0029, CauseCode::Sip { status: 503, q850: 41 });
        check(0xa200_0015, CauseCode::Sip { status: 603, q850: 21 });
        assert_eq!(CauseCode::Sip { status: 603, q850: 21 }.number(), 0xa200_0015_u32 as i32 as i64);
    }

    #[test]
    fn others_are_what_they_are_with_a_sign_or_without() {
        check(0, CauseCode::None);
        check(17, CauseCode::Q850(17));
        check(129, CauseCode::Q850(129));
        check(SPLIT, CauseCode::Product(SPLIT));
        check(i64::MAX, CauseCode::Product(i64::MAX));
        let denied = CauseCode::Sip { status: 503, q850: 63 };
        assert_eq!((CauseCode::of(-1_493_172_161), CauseCode::of(2_801_795_135)), (denied, denied));
        assert_eq!((denied.q850(), CauseCode::of(SPLIT).q850()), (Some(63), None));
    }

    #[test]
    fn every_marker_is_that_of_its_status() {
        for status in 400..700 {
            if let Some(marker) = marker_of(status) {
                assert_eq!(status_of(marker), Some(status));
            }
        }
    }
}
