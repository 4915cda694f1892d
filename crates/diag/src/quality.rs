//! What became of a leg's packets, where they came through us.

use std::fmt::Write as _;

use strowger_base::LegId;
use strowger_base::journal::{Quality, QualityDetail, ReportedQuality};

use crate::names::Names;
use crate::words;

/// What came from a leg and went to it.
pub(crate) fn sentence(leg: LegId, quality: &Quality, names: &Names) -> String {
    let party = names.party(leg);
    let lost = || {
        let total = quality.packets + quality.lost;
        let percent = quality.lost as f64 * 100.0 / total as f64;
        format!("{} lost ({percent:.1} %)", quality.lost)
    };
    let elsewhere = quality.peer.map(|peer| format!(" from {peer}")).unwrap_or_default();
    let packets = words::count(quality.packets as usize, "audio packet");
    // Of a service it is told what the service heard and said, of a device what came from it and went to it.
    let told = match (names.is_service(leg), quality.packets) {
        (true, 0) => format!("{} got no audio packet and sent {}.", words::capital(party), quality.sent),
        (true, _) => {
            format!(
                "{} got {packets}{elsewhere}, {}, and sent {}.",
                words::capital(party),
                lost(),
                quality.sent
            )
        }
        (false, 0) => format!("No audio packet arrived from {party}; {}.", sent_to_it(quality.sent)),
        (false, _) => {
            format!("From {party} arrived {packets}{elsewhere}, {}; {}.", lost(), sent_to_it(quality.sent))
        }
    };
    remarks(told, quality)
}

/// What a device counted itself.
pub(crate) fn reported(device: &str, reported: &ReportedQuality<'_>) -> String {
    let ReportedQuality { packets_sent, packets_received, packets_lost, jitter_ms, latency_ms, .. } =
        *reported;
    let total = u64::from(packets_received) + u64::from(packets_lost);
    let percent = f64::from(packets_lost) * 100.0 / total.max(1) as f64;
    let mut told = format!(
        "{device} reports: it sent {} and got {packets_received}, {packets_lost} lost ({percent:.1} %), jitter {jitter_ms} ms",
        words::count(packets_sent as usize, "audio packet"),
    );
    if latency_ms > 0 {
        let _ = write!(told, ", delay {latency_ms} ms");
    }
    if let Some(score) = reported.opinion_score {
        let _ = write!(told, ", MOS {}.{:02} (measured)", score / 100, score % 100);
    }
    if let Some(seconds) = reported.concealed_seconds.filter(|seconds| *seconds > 0) {
        let _ = write!(told, ", {}", words::count(seconds as usize, "concealed second"));
    }
    told.push('.');
    told
}

/// Adds what was unusual, and what people would think of it.
fn remarks(mut told: String, quality: &Quality) -> String {
    let mut add = |count: u64, one: &str, more: &str| {
        if count > 0 {
            let _ = write!(told, " {count} {}.", if count == 1 { one } else { more });
        }
    };
    let detail = quality.detail.unwrap_or_default();
    add(
        quality.malformed,
        "was no RTP or had a payload type that was not agreed",
        "were no RTP or had a payload type that was not agreed",
    );
    add(
        quality.foreign,
        "came from somebody else and was dropped",
        "came from somebody else and were dropped",
    );
    add(detail.late, "came too late to be played", "came too late to be played");
    add(detail.reordered, "was overtaken by later ones", "were overtaken by later ones");
    add(detail.duplicates, "came twice", "came twice");
    if detail.longest_gap > 1 {
        let _ = write!(told, " Up to {} were lost in a row.", detail.longest_gap);
    }
    if let Some(round_trip) = quality.round_trip {
        let _ = write!(told, " The round trip took {} ms.", round_trip.as_millis());
    }
    if let Some(score) = detail.opinion_score.filter(|_| quality.packets > 0) {
        let jitter_ms = f64::from(quality.jitter) / 8.0;
        let _ =
            write!(told, " Jitter {jitter_ms:.1} ms, MOS {}.{:02} (estimated).", score / 100, score % 100);
    }
    told.push_str(&unsent(&detail));
    told
}

/// What the system refused to send, and why.
fn unsent(detail: &QualityDetail) -> String {
    if detail.unsent == 0 {
        return String::new();
    }
    let packets = words::count(detail.unsent as usize, "packet");
    let why =
        detail.unsent_error.map(|error| std::io::Error::from_raw_os_error(i32::from(error)).to_string());
    format!(" {} to it could not be sent: {}.", words::capital(packets), why.unwrap_or_default())
}

fn sent_to_it(packets: u64) -> String {
    format!("{packets} {} sent to it", if packets == 1 { "was" } else { "were" })
}
