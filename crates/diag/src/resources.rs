//! Media resources, in words.

use strowger_base::journal::{MediaFunction, MediaNews, WhyUnicast};

/// One step of the record's leg, which a sentence begins with as `device`, and which is `inside` in its midst.
pub(crate) fn news((device, inside): (&str, &str), news: &MediaNews<'_>) -> String {
    match news {
        MediaNews::Taken { function, resource, group: "" } => {
            format!("{} {resource} is taken for {inside}; it is in no group.", name(*function))
        }
        MediaNews::Taken { function, resource, group } => {
            format!("{} {resource} of group {group} is taken for {inside}.", name(*function))
        }
        MediaNews::Exhausted { function, full: "" } => {
            format!("{device} would need {} {}, and may use none.", article(*function), word(*function))
        }
        MediaNews::Exhausted { function, full } if full.contains("(not registered)") => {
            let (article, word) = (article(*function), word(*function));
            format!("{device} would need {article} {word}, and none that it may use can be had: {full}.")
        }
        MediaNews::Exhausted { function, full } => {
            let (article, word) = (article(*function), word(*function));
            format!("{device} would need {article} {word}, and all that it may use are full: {full}.")
        }
        MediaNews::Transcodes { caller, called } if caller == called => {
            format!("Both sides speak {caller} in different ways; what one says is translated for the other.")
        }
        MediaNews::Transcodes { caller, called } => {
            format!(
                "The caller speaks {caller} and the called {called}; what one says is translated for the other."
            )
        }
        MediaNews::Multicast { address, ttl, codec } => {
            format!("{device} hears it with all others who listen at {address} ({codec}, TTL {ttl}).")
        }
        MediaNews::Unicast(why) => format!("{device} is sent its own music: {}.", why_unicast(*why)),
        MediaNews::PortLost => {
            "The media port of a service of this server failed; another one takes its place.".to_owned()
        }
        MediaNews::NoPort { reason } => {
            format!("A service of this server has no media port, and does nothing here: {reason}.")
        }
        MediaNews::DeviceLost { device, reason } => {
            format!("{device} does nothing for this call any more: {reason}.")
        }
        MediaNews::RelayLost => {
            "The relay is gone without having been closed; an answered call goes on over another way."
                .to_owned()
        }
        MediaNews::GivenBack { function, resource } => {
            format!("{} {resource} is not needed any more.", name(*function))
        }
    }
}

/// What the lack of it means for a call, as the reason of a refusal.
pub(crate) fn lacking(function: MediaFunction) -> String {
    match function {
        MediaFunction::Transcoder => {
            "The two devices have no codec in common, and no transcoder is to be had.".to_owned()
        }
        other @ (MediaFunction::Annunciator
        | MediaFunction::ConferenceBridge
        | MediaFunction::TerminationPoint
        | MediaFunction::MusicOnHold
        | MediaFunction::TrustedRelayPoint) => format!("No {} is to be had.", word(other)),
    }
}

const fn article(function: MediaFunction) -> &'static str {
    if matches!(function, MediaFunction::Annunciator) { "an" } else { "a" }
}

const fn word(function: MediaFunction) -> &'static str {
    match function {
        MediaFunction::Annunciator => "annunciator",
        MediaFunction::ConferenceBridge => "conference bridge",
        MediaFunction::Transcoder => "transcoder",
        MediaFunction::TerminationPoint => "media termination point",
        MediaFunction::MusicOnHold => "music on hold server",
        MediaFunction::TrustedRelayPoint => "trusted relay point",
    }
}

const fn name(function: MediaFunction) -> &'static str {
    match function {
        MediaFunction::Annunciator => "Annunciator",
        MediaFunction::ConferenceBridge => "Conference bridge",
        MediaFunction::Transcoder => "Transcoder",
        MediaFunction::TerminationPoint => "Media termination point",
        MediaFunction::MusicOnHold => "Music on hold server",
        MediaFunction::TrustedRelayPoint => "Trusted relay point",
    }
}

const fn why_unicast(why: WhyUnicast) -> &'static str {
    match why {
        WhyUnicast::NotWanted => "the device is set up to hear none by multicast",
        WhyUnicast::Encrypted => "its media is encrypted, and what goes out to all is not",
        WhyUnicast::Relayed => "its media goes through a relay",
        WhyUnicast::BehindNat => "it is behind NAT, where what goes out to all does not reach it",
        WhyUnicast::NoCodec => "it has no codec and no network in which the music goes out to all",
        WhyUnicast::FromStart => "this music begins anew for each who hears it",
        WhyUnicast::NoStream => "the music does not go out to all, for want of a port or of an address",
        WhyUnicast::Refused => "it did not want to listen where the music goes out to all",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_says_which_and_why() {
        let check = |step: MediaNews<'_>, expect: &str| assert_eq!(news(("1001", "1001"), &step), expect);
        let function = MediaFunction::Transcoder;
        check(
            MediaNews::Taken { function, resource: "xcode1", group: "Berlin" },
            "Transcoder xcode1 of group Berlin is taken for 1001.",
        );
        check(
            MediaNews::Taken { function: MediaFunction::MusicOnHold, resource: "moh", group: "" },
            "Music on hold server moh is taken for 1001; it is in no group.",
        );
        check(
            MediaNews::Exhausted { function, full: "xcode1 (2 in use)" },
            "1001 would need a transcoder, and all that it may use are full: xcode1 (2 in use).",
        );
        check(
            MediaNews::Exhausted { function: MediaFunction::TrustedRelayPoint, full: "" },
            "1001 would need a trusted relay point, and may use none.",
        );
        let taken = MediaNews::Taken { function, resource: "xcode1", group: "" };
        let told = news(("A device", "a device"), &taken);
        assert_eq!(told, "Transcoder xcode1 is taken for a device; it is in no group.");
        check(
            MediaNews::Exhausted { function: MediaFunction::Annunciator, full: "" },
            "1001 would need an annunciator, and may use none.",
        );
        check(
            MediaNews::Transcodes { caller: "PCMU", called: "opus" },
            "The caller speaks PCMU and the called opus; what one says is translated for the other.",
        );
        check(
            MediaNews::Transcodes { caller: "opus", called: "opus" },
            "Both sides speak opus in different ways; what one says is translated for the other.",
        );
        check(
            MediaNews::GivenBack { function: MediaFunction::ConferenceBridge, resource: "cfb" },
            "Conference bridge cfb is not needed any more.",
        );
        check(
            MediaNews::Multicast { address: "239.1.1.1:16384".parse().unwrap(), ttl: 4, codec: "PCMU" },
            "1001 hears it with all others who listen at 239.1.1.1:16384 (PCMU, TTL 4).",
        );
        check(
            MediaNews::Unicast(WhyUnicast::Encrypted),
            "1001 is sent its own music: its media is encrypted, and what goes out to all is not.",
        );
        check(
            MediaNews::PortLost,
            "The media port of a service of this server failed; another one takes its place.",
        );
        check(
            MediaNews::NoPort { reason: "no port left" },
            "A service of this server has no media port, and does nothing here: no port left.",
        );
        check(
            MediaNews::DeviceLost { device: "XCODE1", reason: "the device cannot send any more" },
            "XCODE1 does nothing for this call any more: the device cannot send any more.",
        );
        check(
            MediaNews::Exhausted { function: MediaFunction::Transcoder, full: "XCODE1 (not registered)" },
            "1001 would need a transcoder, and none that it may use can be had: XCODE1 (not registered).",
        );
        check(
            MediaNews::RelayLost,
            "The relay is gone without having been closed; an answered call goes on over another way.",
        );
        assert_eq!(
            lacking(MediaFunction::Transcoder),
            "The two devices have no codec in common, and no transcoder is to be had."
        );
        assert_eq!(lacking(MediaFunction::TerminationPoint), "No media termination point is to be had.");
    }
}
