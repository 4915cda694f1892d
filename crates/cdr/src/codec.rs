//! Codecs by their numbers in records.

/// The number of a codec, by its name in a session description; 1, which is no standard one, for those that have none.
pub fn number_of(name: &str) -> i64 {
    let name = name.split('/').next().unwrap_or_default();
    let known = NUMBERS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name));
    known.map_or(NON_STANDARD, |(_, number, _)| *number)
}

/// Its bit rate in kbit/s; 0 where it has no fixed one.
pub fn kbps_of(name: &str) -> i64 {
    let name = name.split('/').next().unwrap_or_default();
    NUMBERS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name)).map_or(0, |(.., kbps)| *kbps)
}

/// What the number of a codec stands for.
pub fn name_of(number: i64) -> Option<&'static str> {
    NAMES.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

const NON_STANDARD: i64 = 1;

/// Names of RFC 3551 and of those that registered theirs later, with the number and the bit rate of each.
const NUMBERS: &[(&str, i64, i64)] = &[
    ("PCMA", 2, 64),
    ("PCMU", 4, 64),
    ("G722", 6, 64),
    ("G723", 9, 7),
    ("G728", 10, 16),
    ("G729", 11, 8),
    ("GSM", 80, 13),
    ("G726-32", 82, 32),
    ("G726-24", 83, 24),
    ("G726-16", 84, 16),
    ("iLBC", 86, 15),
    ("iSAC", 89, 32),
    ("opus", 90, 0),
    ("H261", 100, 0),
    ("H263", 101, 0),
    ("H263-1998", 101, 0),
    ("H264", 103, 0),
    ("H265", 109, 0),
    ("t38", 107, 0),
    ("CLEARMODE", 120, 64),
    ("L16", 25, 256),
];

const NAMES: &[(i64, &str)] = &[
    (1, "a codec of nobody's standard"),
    (2, "G.711 A-law"),
    (3, "G.711 A-law 56k"),
    (4, "G.711 mu-law"),
    (5, "G.711 mu-law 56k"),
    (6, "G.722"),
    (7, "G.722 56k"),
    (8, "G.722 48k"),
    (9, "G.723.1"),
    (10, "G.728"),
    (11, "G.729"),
    (12, "G.729A"),
    (15, "G.729B"),
    (16, "G.729AB"),
    (18, "GSM full rate"),
    (19, "GSM half rate"),
    (20, "GSM enhanced full rate"),
    (25, "wideband 256k"),
    (32, "data 64k"),
    (33, "data 56k"),
    (40, "G.722.1 32k"),
    (41, "G.722.1 24k"),
    (42, "AAC-LD"),
    (80, "GSM"),
    (82, "G.726 32k"),
    (83, "G.726 24k"),
    (84, "G.726 16k"),
    (86, "iLBC"),
    (89, "iSAC"),
    (90, "Opus"),
    (100, "H.261"),
    (101, "H.263"),
    (103, "H.264"),
    (107, "T.38"),
    (109, "H.265"),
    (120, "clear channel"),
    (222, "universal transcoder"),
    (257, "RFC 2833"),
    (258, "pass-through"),
    (259, "pass-through"),
    (260, "DTMF out of band"),
    (261, "DTMF in band"),
    (299, "no audio"),
    (303, "T.38"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_descriptions_have_numbers() {
        let check =
            |name: &str, expect: (i64, i64)| assert_eq!((number_of(name), kbps_of(name)), expect, "{name}");
        check("PCMU", (4, 64));
        check("pcma/8000", (2, 64));
        check("G729", (11, 8));
        check("opus/48000/2", (90, 0));
        check("unheard-of", (1, 0));
        assert_eq!((name_of(4), name_of(77)), (Some("G.711 mu-law"), None));
    }
}
