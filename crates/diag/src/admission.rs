//! What regions, locations and AAR did with a call, in words.

use strowger_base::journal::{AarNumber, Admission, Codecs, PlaceView, Shortage, WhyNotRerouted};

/// One step; `device` is the record's leg.
pub(crate) fn news(device: &str, news: &Admission<'_>) -> String {
    match news {
        Admission::CodecsLeft(codecs) => {
            let Codecs { offered, left, .. } = codecs;
            format!("{device} has {offered}; {} leave {left}.", limits(codecs))
        }
        Admission::NoCodecLeft(codecs) => no_codec(device, codecs),
        Admission::BandwidthTaken { from, to, kbps } => {
            format!("{kbps} kbit/s are reserved between location {from} and location {to}.")
        }
        Admission::BandwidthChanged { before, kbps, codec: "" } => {
            format!("{kbps} kbit/s are reserved now; it was {before} kbit/s.")
        }
        Admission::BandwidthChanged { before, kbps, codec } => {
            format!("{codec} is agreed, which needs {kbps} kbit/s; {before} kbit/s were reserved.")
        }
        Admission::BandwidthMissing(shortage) => no_bandwidth(shortage),
        Admission::Rerouted { number, prefix, from } => rerouted(number, prefix, *from),
        Admission::NotRerouted { because } => {
            let why = match because {
                WhyNotRerouted::Disabled => "AAR is switched off",
                WhyNotRerouted::NoMask => "the line has neither an AAR destination mask nor an external mask",
                WhyNotRerouted::Twice => "it was dialled over the public network once already",
                WhyNotRerouted::PartyMoved => "its party is in an answered call already",
                WhyNotRerouted::Intercom => "intercom calls are not",
            };
            format!("The call is not dialled over the public network: {why}.")
        }
    }
}

/// Why there is no codec, as the reason of a refusal.
pub(crate) fn no_codec(device: &str, codecs: &Codecs<'_>) -> String {
    let Codecs { offered, left, .. } = codecs;
    let offered = if offered.is_empty() { "no codec" } else { offered };
    if left.is_empty() {
        return format!(
            "{device} has {offered}, and {} leave no codec at all: the relation of the two regions has to permit more kbit/s (audio) or other \
             codecs.",
            limits(codecs)
        );
    }
    format!(
        "{device} has {offered}, and {} leave none of it, but {left}: the relation of the two regions has to permit more (audio), or a \
         transcoder for these to be there and free.",
        limits(codecs)
    )
}

/// Why there is no bandwidth, as the reason of a refusal.
pub(crate) fn no_bandwidth(shortage: &Shortage<'_>) -> String {
    format!("Not enough bandwidth: {}.", missing(shortage))
}

/// What rules between two devices.
fn limits(codecs: &Codecs<'_>) -> String {
    let Codecs { from, to, kbps_max, .. } = codecs;
    let region = |name: &str| if name.is_empty() { "no region".to_owned() } else { format!("region {name}") };
    if from == to {
        return format!("calls within {} with at most {kbps_max} kbit/s for speech", region(from));
    }
    format!("calls between {} and {} with at most {kbps_max} kbit/s for speech", region(from), region(to))
}

fn missing(shortage: &Shortage<'_>) -> String {
    let Shortage { from, to, place, free, needed } = shortage;
    match place {
        PlaceView::Location(name) => format!(
            "a call between location {from} and location {to} needs {needed} kbit/s, and location {name} has {free} kbit/s left"
        ),
        PlaceView::Link { one, other } => format!(
            "a call between location {from} and location {to} needs {needed} kbit/s, and the link between {one} and {other} has {free} kbit/s left"
        ),
        PlaceView::NoPath => format!("no links lead from location {from} to location {to}"),
    }
}

fn rerouted(number: &str, prefix: &str, from: AarNumber) -> String {
    let of = match from {
        AarNumber::DestinationMask => "the line's AAR destination mask",
        AarNumber::ExternalMask => "the line's external mask",
        AarNumber::VoiceMail => return format!("The call goes to voice mail instead, as {number} (AAR)."),
    };
    let before = match prefix {
        "" => String::new(),
        prefix => format!(" behind the AAR group's prefix {prefix}"),
    };
    format!("The call is dialled over the public network instead, as {number}: {of}{before} (AAR).")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_says_its_figures() {
        let check = |step: Admission<'_>, expect: &str| assert_eq!(news("1001", &step), expect);
        let codecs = Codecs { from: "Berlin", to: "", kbps_max: 8, offered: "PCMU, G729", left: "G729" };
        check(
            Admission::CodecsLeft(codecs),
            "1001 has PCMU, G729; calls between region Berlin and no region with at most 8 kbit/s for speech leave G729.",
        );
        check(
            Admission::NoCodecLeft(Codecs { to: "Berlin", offered: "PCMU", left: "G729", ..codecs }),
            "1001 has PCMU, and calls within region Berlin with at most 8 kbit/s for speech leave none of it, but G729: the relation of the two regions has to permit more (audio), or a transcoder for these to be there and free.",
        );
        check(
            Admission::NoCodecLeft(Codecs { to: "Berlin", offered: "PCMU", left: "", ..codecs }),
            "1001 has PCMU, and calls within region Berlin with at most 8 kbit/s for speech leave no codec at all: the relation of the two regions has to permit more kbit/s (audio) or other codecs.",
        );
        check(
            Admission::BandwidthTaken { from: "Berlin", to: "Hub_None", kbps: 80 },
            "80 kbit/s are reserved between location Berlin and location Hub_None.",
        );
        check(
            Admission::BandwidthChanged { before: 80, kbps: 24, codec: "G729" },
            "G729 is agreed, which needs 24 kbit/s; 80 kbit/s were reserved.",
        );
        check(
            Admission::BandwidthChanged { before: 24, kbps: 80, codec: "" },
            "80 kbit/s are reserved now; it was 24 kbit/s.",
        );
        let place = PlaceView::Link { one: "Bonn", other: "Berlin" };
        let shortage = Shortage { from: "Berlin", to: "Hub_None", place, free: 10, needed: 80 };
        check(
            Admission::BandwidthMissing(shortage),
            "Not enough bandwidth: a call between location Berlin and location Hub_None needs 80 kbit/s, and the link between Bonn and Berlin has 10 kbit/s left.",
        );
        check(
            Admission::Rerouted { number: "914085551234", prefix: "91", from: AarNumber::ExternalMask },
            "The call is dialled over the public network instead, as 914085551234: the line's external mask behind the AAR group's prefix 91 (AAR).",
        );
        check(
            Admission::NotRerouted { because: WhyNotRerouted::Disabled },
            "The call is not dialled over the public network: AAR is switched off.",
        );
    }
}
