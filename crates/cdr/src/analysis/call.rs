//! The columns of records that questions are about.

use crate::cause::{CauseCode, SPLIT};
use crate::{Cdr, Cmr};

/// A row of call detail records, as it is searched. `W` is what stands for numbers, devices and users.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Call<W> {
    /// When it began, in seconds since 1970.
    pub at: i64,
    /// Seconds from then to the answer; `None` when nobody answered.
    pub wait: Option<i64>,
    /// Seconds from the beginning to the end, with ringing.
    pub held: i64,
    /// Seconds of talk.
    pub seconds: i64,
    /// Who called.
    pub calling: W,
    /// The number that was called first.
    pub called: W,
    /// The number that was reached last.
    pub reached: W,
    /// The device that called.
    pub orig_device: W,
    /// The device that was called.
    pub dest_device: W,
    /// Who was logged in where the call came from.
    pub orig_user: W,
    /// Who was logged in where it went.
    pub dest_user: W,
    /// Why it ended: a cause of Q.850, or one of CUCM's own. That of a response of SIP is the one that it was taken for.
    pub cause: i64,
    /// Who ended it.
    pub ended_by: EndedBy,
    /// The codec of the calling side, as records number it.
    pub codec: i64,
    /// How it sounded where it came from.
    pub orig_quality: Quality,
    /// How it sounded where it went.
    pub dest_quality: Quality,
}

/// Who ended a call.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum EndedBy {
    /// It is not told.
    #[default]
    Nobody,
    /// Who called.
    Calling,
    /// Who was called, or the network.
    Called,
    /// A feature, which moved both sides on.
    Feature,
}

impl EndedBy {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            EndedBy::Nobody => "",
            EndedBy::Calling => "calling",
            EndedBy::Called => "called",
            EndedBy::Feature => "feature",
        }
    }

    /// Its number, as it is stored.
    pub const fn number(self) -> i64 {
        match self {
            EndedBy::Nobody => 0,
            EndedBy::Calling => 1,
            EndedBy::Called => 2,
            EndedBy::Feature => 3,
        }
    }

    /// Of a number that was stored.
    pub const fn of(number: i64) -> EndedBy {
        match number {
            1 => EndedBy::Calling,
            2 => EndedBy::Called,
            3 => EndedBy::Feature,
            _ => EndedBy::Nobody,
        }
    }
}

/// How something sounded; `None` is not known.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Quality {
    /// Packets that were lost, in hundredths of a percent of those that should have come.
    pub lost: Option<i64>,
    /// Jitter in milliseconds.
    pub jitter: Option<i64>,
    /// Latency in milliseconds.
    pub latency: Option<i64>,
    /// Mean opinion score in hundredths: 100 is worst, 500 best.
    pub mos: Option<i64>,
}

impl Quality {
    /// The worse of each figure.
    #[must_use]
    pub fn worse(self, other: Quality) -> Quality {
        let least = match (self.mos, other.mos) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Quality {
            lost: self.lost.max(other.lost),
            jitter: self.jitter.max(other.jitter),
            latency: self.latency.max(other.latency),
            mos: least,
        }
    }

    /// True when nothing is known.
    pub fn is_unknown(self) -> bool {
        self == Quality::default()
    }
}

impl<'a> Call<&'a str> {
    /// What is searched of a record; how it sounded stands in others.
    pub fn of(record: &'a Cdr) -> Call<&'a str> {
        let at = began(record);
        let is_answered = record.date_time_connect > 0;
        let (cause, ended_by) = ending(record.orig_cause_value, record.dest_cause_value);
        Call {
            at,
            wait: is_answered.then(|| record.date_time_connect.saturating_sub(at).max(0)),
            held: record.date_time_disconnect.saturating_sub(at).max(0),
            seconds: record.duration.max(0),
            calling: &record.calling_party_number,
            called: &record.original_called_party_number,
            reached: &record.final_called_party_number,
            orig_device: &record.orig_device_name,
            dest_device: &record.dest_device_name,
            orig_user: &record.calling_party_unicode_login_user_id,
            dest_user: &record.final_called_party_unicode_login_user_id,
            cause,
            ended_by,
            codec: record.orig_media_cap_payload_capability,
            orig_quality: Quality::default(),
            dest_quality: Quality::default(),
        }
    }
}

impl<W> Call<W> {
    /// Somebody answered.
    pub const fn is_answered(&self) -> bool {
        self.wait.is_some()
    }

    /// How it sounded where it sounded worse.
    pub fn quality(&self) -> Quality {
        self.orig_quality.worse(self.dest_quality)
    }
}

/// When a call began; where that is not told, the first moment of it that is.
pub fn began(record: &Cdr) -> i64 {
    let told = [record.date_time_origination, record.date_time_connect, record.date_time_disconnect];
    told.into_iter().find(|at| *at != 0).unwrap_or(0)
}

/// Why a call ended and who ended it, of the causes of both sides: the side that did not end it has none, and where a feature moved one side on, the
/// other knows more.
fn ending(orig: i64, dest: i64) -> (i64, EndedBy) {
    let plain = |number: i64| match CauseCode::of(number) {
        CauseCode::None => 0,
        CauseCode::Q850(q850) | CauseCode::Sip { q850, .. } => i64::from(q850),
        CauseCode::Product(number) => number,
    };
    match (plain(orig), plain(dest)) {
        (0, 0) => (0, EndedBy::Nobody),
        (SPLIT, SPLIT | 0) | (0, SPLIT) => (SPLIT, EndedBy::Feature),
        (0 | SPLIT, cause) => (cause, EndedBy::Called),
        (cause, _) => (cause, EndedBy::Calling),
    }
}

/// How a leg sounded in one period of media.
pub fn quality_of(record: &Cmr) -> Quality {
    let (lost, came) = (record.number_packets_lost.max(0), record.number_packets_received.max(0));
    let due = lost.saturating_add(came);
    let share = i128::from(lost) * 10_000 / i128::from(due.max(1));
    let heard = |value: i64| (due > 0).then_some(value.max(0));
    Quality {
        lost: (due > 0).then(|| i64::try_from(share).unwrap_or(10_000)),
        jitter: heard(record.jitter),
        latency: heard(record.latency),
        mos: mos_of(&record.var_vq_metrics),
    }
}

/// The average score among metrics such as `MLQK=4.5000;MLQKav=4.4210`, where phones tell one.
fn mos_of(metrics: &str) -> Option<i64> {
    let value = |wanted: &str| {
        let text =
            metrics.split(';').find_map(|metric| metric.trim().strip_prefix(wanted)?.strip_prefix('='))?;
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        let hundredths: String = rest.chars().chain(['0', '0']).take(2).collect();
        let score = whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(hundredths.parse().ok()?)?;
        (100..=500).contains(&score).then_some(score)
    };
    value("MLQKav").or_else(|| value("MLQK"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_side_that_ended_a_call_says_why() {
        let check = |orig, dest, expect| assert_eq!(ending(orig, dest), expect, "{orig} {dest}");
        check(0, 0, (0, EndedBy::Nobody));
        check(16, 0, (16, EndedBy::Calling));
        check(0, 17, (17, EndedBy::Called));
        check(SPLIT, SPLIT, (SPLIT, EndedBy::Feature));
        check(16, SPLIT, (16, EndedBy::Calling));
        check(SPLIT, 16, (16, EndedBy::Called));
        // 503 for cause 41, and a logical partition with its sign.
        check(0, 1_459_617_833, (41, EndedBy::Called));
        check(-1_493_172_161, 0, (63, EndedBy::Calling));
    }

    #[test]
    fn a_call_began_at_the_first_moment_that_is_told() {
        let of = |origination, connect, disconnect| {
            let told = Cdr {
                date_time_origination: origination,
                date_time_connect: connect,
                date_time_disconnect: disconnect,
                ..Cdr::default()
            };
            let call = Call::of(&told);
            (call.at, call.wait, call.held)
        };
        assert_eq!(of(100, 105, 165), (100, Some(5), 65));
        assert_eq!(of(0, 105, 165), (105, Some(0), 60));
        assert_eq!(of(0, 0, 165), (165, None, 0));
    }

    #[test]
    fn quality_is_the_share_of_what_should_have_come() {
        let of = |lost, came, metrics: &str| {
            quality_of(&Cmr {
                number_packets_lost: lost,
                number_packets_received: came,
                jitter: 7,
                latency: 2,
                var_vq_metrics: metrics.into(),
                ..Cmr::default()
            })
        };
        assert_eq!(of(60, 1490, "").lost, Some(387));
        assert_eq!(of(0, 0, ""), Quality::default());
        assert_eq!(of(i64::MAX, i64::MAX, "").lost, Some(10_000));
        assert_eq!(of(-5, 100, "").lost, Some(0));
        assert_eq!(of(0, 1, "MLQK=3.6540;MLQKav=3.7012;MLQKmn=2.1034").mos, Some(370));
        assert_eq!(of(0, 1, "CCR=0.1;MLQK=4.5").mos, Some(450));
        for wrong in
            ["", "MLQKav=x", "MLQKav=9.1", "MLQKav=-1.0", "MLQKav=99999999999999999999", "MLQKmx=4.5"]
        {
            assert_eq!(of(0, 1, wrong).mos, None, "{wrong}");
        }
    }

    #[test]
    fn of_two_figures_the_worse_counts() {
        let one = Quality { lost: Some(1), jitter: None, latency: Some(9), mos: Some(400) };
        let other = Quality { lost: Some(5), jitter: Some(2), latency: None, mos: Some(350) };
        let worse = Quality { lost: Some(5), jitter: Some(2), latency: Some(9), mos: Some(350) };
        assert_eq!((one.worse(other), other.worse(one)), (worse, worse));
        assert_eq!(Quality::default().worse(one), one);
    }
}
