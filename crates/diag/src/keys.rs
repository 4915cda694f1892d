//! Keys of SRTP in words: both sides' suites, what they have in common, and what followed.

use strowger_base::journal::{Keys, KeysOutcome, WhyNoKeys};

/// What became of the keys that `device` offered, or did not offer.
pub(crate) fn news(device: &str, keys: &Keys<'_>) -> String {
    let Keys { offered, answered, outcome } = keys;
    match outcome {
        KeysOutcome::Passed => format!(
            "Media is encrypted from device to device ({answered} of {offered}), with keys that crossed signalling in the clear: the \
             call does not count as secure."
        ),
        KeysOutcome::ToServer => format!(
            "Media is encrypted between {device} and this server ({answered} of {offered}), and is not beyond it: the call does not \
             count as secure."
        ),
        KeysOutcome::BothToServer => format!(
            "Media is encrypted between each device and this server ({answered} of {offered} for {device}), which opens it in between, \
             with keys that crossed signalling in the clear: the call does not count as secure."
        ),
        KeysOutcome::NotTaken if answered.is_empty() => {
            format!(
                "Media is not encrypted: {device} offered {offered}, the other side answered without keys."
            )
        }
        KeysOutcome::NotTaken => format!(
            "Media is not encrypted: crypto mismatch. {device} offered {offered}, the other side answered {answered}, and they have \
             none in common."
        ),
        KeysOutcome::Withheld(why) => {
            format!("Media is not encrypted: {device} offered {offered}, but {}.", why_none(*why))
        }
        KeysOutcome::Blocked => blocked(device, keys),
        KeysOutcome::NotToBeHad(why) => {
            format!("{device} wants encrypted media alone ({offered}), but {}.", why_none(*why))
        }
        KeysOutcome::TriedWithout => {
            "What was refused with encrypted media alone is tried again without: crypto mismatch.".to_owned()
        }
        KeysOutcome::FellBack => format!(
            "{device} wants encrypted media alone ({offered}), for which there is no relay, and takes RTP instead (X-cisco-srtp-fallback)."
        ),
        KeysOutcome::Refused => {
            format!(
                "{device} was offered encrypted media alone ({offered}) and refused it: it has none of these suites, or no SRTP."
            )
        }
    }
}

/// Why a call was refused for its media.
pub(crate) fn blocked(device: &str, keys: &Keys<'_>) -> String {
    match (keys.offered, keys.answered) {
        ("", _) => format!(
            "Block Unencrypted Calls is set, and {device} offered no keys: not offered. Have the device offer SRTP, or \
             turn off the service parameter block_unencrypted_calls."
        ),
        (offered, "") => format!(
            "Block Unencrypted Calls is set: {device} offered {offered}, the other side answered without keys: not offered."
        ),
        (offered, answered) => format!(
            "Block Unencrypted Calls is set: {device} offered {offered}, the other side answered {answered}: mismatch, they have none \
             in common."
        ),
    }
}

fn why_none(why: WhyNoKeys<'_>) -> String {
    match why {
        WhyNoKeys::Trunk(name) => {
            format!("trunk {name} is not allowed SRTP (its setting srtp_allowed)")
        }
        WhyNoKeys::ClearSignalling(line) => format!(
            "the security profile of a phone of {line} is encrypted and its signalling is in the clear, so that it is told no keys \
             (setting keys_in_clear of the profile)"
        ),
        WhyNoKeys::NoRelay => {
            "the other side may not have keys, and there is no relay to end the encryption".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_are_named_with_what_they_have_in_common() {
        let check = |offered, answered, outcome, expect: &str| {
            assert_eq!(news("1001", &Keys { offered, answered, outcome }), expect);
        };
        check(
            "X, Y",
            "Y",
            KeysOutcome::Passed,
            "Media is encrypted from device to device (Y of X, Y), with keys that crossed signalling in the clear: the call does not \
             count as secure.",
        );
        check(
            "X",
            "",
            KeysOutcome::NotTaken,
            "Media is not encrypted: 1001 offered X, the other side answered without keys.",
        );
        check(
            "X",
            "Z",
            KeysOutcome::Blocked,
            "Block Unencrypted Calls is set: 1001 offered X, the other side answered Z: mismatch, they have none in common.",
        );
        check(
            "X",
            "",
            KeysOutcome::Blocked,
            "Block Unencrypted Calls is set: 1001 offered X, the other side answered without keys: not offered.",
        );
        check(
            "",
            "",
            KeysOutcome::Blocked,
            "Block Unencrypted Calls is set, and 1001 offered no keys: not offered. Have the device offer SRTP, or turn off the \
             service parameter block_unencrypted_calls.",
        );
        check(
            "X",
            "",
            KeysOutcome::Withheld(WhyNoKeys::Trunk("carrier")),
            "Media is not encrypted: 1001 offered X, but trunk carrier is not allowed SRTP (its setting srtp_allowed).",
        );
    }
}
