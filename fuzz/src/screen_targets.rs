//! The parsers of what phones say of their screens. The same as in `targets.rs`.

use strowger_provision::screen::{Answer, pushed};

/// One target: its name, its words, and what it does.
pub type ScreenTarget = (&'static str, &'static [&'static [u8]], fn(&[u8]) -> u64);

/// All of them.
pub const SCREEN_TARGETS: &[ScreenTarget] = &[("screen", WORDS, screen)];

const WORDS: &[&[u8]] = &[
    b"<CiscoIPPhoneResponse>",
    b"</CiscoIPPhoneResponse>",
    b"<ResponseItem Status=\"0\" Data=\"\" URL=\"\"/>",
    b"<CiscoIPPhoneError Number=\"4\" />",
    b"<CiscoIPPhoneExecute><ExecuteItem Priority=\"0\" URL=\"Init:Services\"/></CiscoIPPhoneExecute>",
    b"<CiscoIPPhoneText><Text>",
    b"<!DOCTYPE a [<!ENTITY b \"c\">]>",
    b"&b;",
    b"<![CDATA[",
    b"\0\0\0\0",
    "Zo\u{eb}".as_bytes(),
];

/// What a phone answers, and what somebody wants to push: it is read or refused, and has words either way.
fn screen(bytes: &[u8]) -> u64 {
    let answer = match Answer::read(bytes) {
        Ok(answer) => {
            assert!(!answer.words().is_empty() || !answer.is_success());
            match answer {
                Answer::Response(items) => 1 + items.len().min(8) as u64,
                Answer::Error(number) => 16 + u64::from(number.min(8)),
            }
        }
        Err(_) => 0,
    };
    let document = pushed(&String::from_utf8_lossy(bytes));
    answer << 8 | u64::from(document.is_ok())
}
