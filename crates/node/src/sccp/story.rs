//! Messages of calls as the journal keeps them, in words: what they are and the most telling of what they say, then all of it.
//!
//! ```text
//! SCCP/17 CallState ring-out
//! state: ring-out (0x3),
//! line: Instance(1),
//! ```

use std::fmt::{Debug, Write as _};

use strowger_sccp::codes::{Phrase, Stimulus};
use strowger_sccp::station::reason::WhyGone;
use strowger_sccp::{Address, FromStation, MessageId, Text, ToStation, Version};

/// A message of a station.
pub(super) fn received(message: &FromStation, version: Version) -> Vec<u8> {
    use FromStation as From;
    let telling = match message {
        From::KeypadButton(message) => message.character().map(String::from).unwrap_or_default(),
        From::EnblocCall(message) => message.dialled.number.as_str().to_owned(),
        From::SoftKeyEvent(message) => message.event.to_string(),
        From::Stimulus(message) => match message.stimulus {
            Stimulus::LINE | Stimulus::SPEED_DIAL | Stimulus::BLF_SPEED_DIAL => {
                format!("{} {}", message.stimulus, message.instance.0)
            }
            other => other.to_string(),
        },
        From::OpenReceiveChannelAck(message) if message.status.0 == 0 => place(message.address, message.port),
        From::OpenReceiveChannelAck(message) => message.status.to_string(),
        _ => String::new(),
    };
    text(message.id(version), version, &telling, message)
}

/// What a station is told.
pub(super) fn sent(message: &ToStation, version: Version) -> Vec<u8> {
    use ToStation as To;
    let telling = match message {
        To::CallState(message) => message.state.to_string(),
        To::CallInfo(message) => {
            format!("{} to {}", message.calling_number.as_str(), message.called_number.as_str())
        }
        To::SelectSoftKeys(message) => message.set.to_string(),
        To::DisplayPromptStatus(message) => words(&message.text),
        To::DisplayNotify(message) => words(&message.text),
        To::DisplayPriNotify(message) => words(&message.text),
        To::SetLamp(message) => format!("{} {}", message.stimulus, message.mode),
        To::SetRinger(message) => message.mode.to_string(),
        To::StartTone(message) => message.tone.to_string(),
        To::SetSpeakerMode(message) => message.mode.to_string(),
        To::DialedNumber(message) => message.number.as_str().to_owned(),
        To::OpenReceiveChannel(message) => message.codec.to_string(),
        To::StartMediaTransmission(message) => {
            format!("{} to {}", message.codec, place(message.address, message.port))
        }
        To::StartMulticastMediaReception(message) => {
            format!("{} at {}", message.codec, place(message.group, message.port))
        }
        To::SendDtmfTone(message) => message.tone.to_string(),
        _ => String::new(),
    };
    text(message.id(version), version, &telling, message)
}

/// A station is gone, and its call goes on.
pub(super) fn goes_on(why: WhyGone, version: Version) -> Vec<u8> {
    format!("SCCP/{} {}, the call goes on\r\n", version.number(), why.word()).into_bytes()
}

fn text(id: MessageId, version: Version, telling: &str, message: &impl Debug) -> Vec<u8> {
    let mut text = format!("SCCP/{} {id}", version.number());
    if !telling.is_empty() {
        let _ = write!(text, " {telling}");
    }
    text.push_str("\r\n");
    // Of the message in its enum: what stands within both.
    for field in format!("{message:#?}").lines().filter_map(|line| line.strip_prefix("        ")) {
        text.push_str(field);
        text.push_str("\r\n");
    }
    text.into_bytes()
}

fn place(address: Address, port: u32) -> String {
    match address.ip() {
        Some(ip) if ip.is_ipv6() => format!("[{ip}]:{port}"),
        Some(ip) => format!("{ip}:{port}"),
        None => format!("nowhere:{port}"),
    }
}

/// A text as the phone shows it in English.
fn words(text: &Text) -> String {
    match text.as_phrase() {
        Some(phrase) => {
            let rest: String = text.as_str().chars().skip(2).collect();
            format!("{}{rest}", Phrase(phrase.0))
        }
        None => text.as_str().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strowger_sccp::codes::{CallReference, CallState, Instance};
    use strowger_sccp::message::calls::{self, KeypadButton, OffHook};

    #[test]
    fn the_first_line_tells_most() {
        let version = Version::HIGHEST;
        let check = |told: Vec<u8>, expect: &str| assert_eq!(String::from_utf8_lossy(&told), expect);
        check(received(&OffHook { of: None }.into(), version), "SCCP/22 OffHook\r\nof: None,\r\n");
        check(
            received(&KeypadButton { key: 15, of: None }.into(), version),
            "SCCP/22 KeypadButton #\r\nkey: 15,\r\nof: None,\r\n",
        );
        let (line, call) = (Instance(1), CallReference(7));
        let state = calls::CallState { state: CallState::RING_OUT, line, call, ..Default::default() };
        let told = String::from_utf8(sent(&state.into(), version)).unwrap();
        assert!(told.starts_with("SCCP/22 CallState ring-out\r\nstate: ring-out (0x3),\r\n"), "{told}");
    }
}
