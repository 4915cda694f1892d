//! Names of files: `cdr_StrowgerLab_02_202605041203_1001`.

use std::fmt;
use std::str::FromStr;

use strowger_base::WallTime;

/// What records a file has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RecordKind {
    /// Call detail records.
    Cdr,
    /// Call management records.
    Cmr,
}

impl RecordKind {
    /// The word with which names of its files begin.
    pub const fn word(self) -> &'static str {
        match self {
            RecordKind::Cdr => "cdr",
            RecordKind::Cmr => "cmr",
        }
    }
}

/// The name of a file.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FileName {
    /// What it has.
    pub kind: RecordKind,
    /// The cluster whose calls they were.
    pub cluster: Box<str>,
    /// The node that wrote it.
    pub node: u32,
    /// The minute in which it was closed, UTC.
    pub minute: WallTime,
    /// Rises with every file of the node.
    pub sequence: u64,
}

/// A name that is none of a file of records.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "{name:?} is no name of a file of records: {what} is wrong; such names are as cdr_StandAloneCluster_01_202605041203_1001"
)]
pub struct NameError {
    name: String,
    what: &'static str,
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.minute.civil();
        write!(
            f,
            "{}_{}_{:02}_{:04}{:02}{:02}{:02}{:02}_{}",
            self.kind.word(),
            self.cluster,
            self.node,
            at.year,
            at.month,
            at.day,
            at.hour,
            at.minute,
            self.sequence
        )
    }
}

impl FromStr for FileName {
    type Err = NameError;

    /// A cluster may have underscores in its name: what follows it is told from the end.
    fn from_str(name: &str) -> Result<Self, NameError> {
        let wrong = |what| NameError { name: name.chars().take(200).collect(), what };
        let mut parts = name.rsplitn(4, '_');
        let sequence =
            digits(parts.next()).and_then(|part| part.parse().ok()).ok_or(wrong("the sequence number"))?;
        let minute = digits(parts.next()).and_then(minute_of).ok_or(wrong("the time, YYYYMMDDhhmm,"))?;
        let node =
            digits(parts.next()).and_then(|part| part.parse().ok()).ok_or(wrong("the number of the node"))?;
        let (kind, cluster) =
            parts.next().and_then(|rest| rest.split_once('_')).ok_or(wrong("the cluster"))?;
        let kind = [RecordKind::Cdr, RecordKind::Cmr]
            .into_iter()
            .find(|known| known.word() == kind)
            .ok_or(wrong("cdr or cmr at its beginning"))?;
        Ok(FileName { kind, cluster: cluster.into(), node, minute, sequence })
    }
}

fn digits(part: Option<&str>) -> Option<&str> {
    part.filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn minute_of(text: &str) -> Option<WallTime> {
    if text.len() != 12 {
        return None;
    }
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day, hour, minute) =
        (part(0..4)?, part(4..6)?, part(6..8)?, part(8..10)?, part(10..12)?);
    let fits =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && year >= 1970;
    let days = fits.then(|| days_since_1970(year, month, day))?;
    let seconds = u64::try_from(days * 86_400 + hour * 3_600 + minute * 60).ok()?;
    let at = WallTime::from_micros(seconds * 1_000_000);
    let civil = at.civil();
    // The 31st of February is no day.
    ((i64::from(civil.month), i64::from(civil.day)) == (month, day)).then_some(at)
}

/// Of the Gregorian calendar: months counted from March, so that the leap day is last.
pub(crate) const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expect: Result<(RecordKind, &str, u32, &str, u64), &str>) {
        match (name.parse::<FileName>(), expect) {
            (Ok(read), Ok((kind, cluster, node, minute, sequence))) => {
                assert_eq!(
                    (read.kind, &*read.cluster, read.node, read.sequence),
                    (kind, cluster, node, sequence)
                );
                assert_eq!(read.minute.to_string(), minute);
                assert_eq!(read.to_string(), name);
            }
            (Err(error), Err(what)) => assert!(error.to_string().contains(what), "{error}"),
            (read, expect) => panic!("{name}: {read:?}, and not {expect:?}"),
        }
    }

    #[test]
    fn names_are_read_from_their_end() {
        use RecordKind::{Cdr, Cmr};
        let minute = "2019-07-23T13:17:00.000Z";
        check(
            "cmr_StandAloneCluster_03_201907231317_844004",
            Ok((Cmr, "StandAloneCluster", 3, minute, 844_004)),
        );
        check("cdr_my_lab_12_201907231317_1", Ok((Cdr, "my_lab", 12, minute, 1)));
        check("cdr_lab_112_202402290000_1", Ok((Cdr, "lab", 112, "2024-02-29T00:00:00.000Z", 1)));
        check("cdr_lab_01_202302290000_1", Err("the time"));
        check("cdr_lab_01_202313010000_1", Err("the time"));
        check("cdr_lab_01_2023010100_1", Err("the time"));
        check("cdr_lab_x_202301010000_1", Err("node"));
        check("cdr_lab_01_202301010000_", Err("sequence"));
        check("cdx_lab_01_202301010000_1", Err("cdr or cmr"));
        check("201907231317_1", Err("number of the node"));
        check("", Err("sequence"));
    }
}
