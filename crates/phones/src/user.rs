//! What somebody does at a phone, of whichever protocol, in the words of a command line, and where the phone's sound goes.

use std::fmt;
use std::net::SocketAddr;

/// Something that is done at a phone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Act {
    /// A number is dialled on hook.
    Dial(String),
    /// Keys of the keypad are pressed: digits, `*`, `#`, `+`.
    Digits(String),
    /// The receiver is lifted.
    OffHook,
    /// The receiver is put down.
    OnHook,
    /// A soft key is pressed, by what stands on it.
    Key(String),
    /// The button of a line is pressed, counted from 1.
    Line(u32),
    /// A speed dial is pressed, counted from 1.
    SpeedDial(u32),
    /// Keys are pressed for the other side of a call.
    Tones(String),
}

/// Why something cannot be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Not now, but perhaps in a moment; what could be done.
    NotNow(String),
    /// Never at this phone.
    Never(String),
}

/// Sound of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stream {
    /// The number of the call, as its display has it.
    pub call: u32,
    /// The port at which it listens; 0 when it does not.
    pub port: u16,
    /// Where it sends to, if it sends.
    pub sends_to: Option<SocketAddr>,
    /// Payload type.
    pub kind: u8,
    /// The payload type of keys in the media (RFC 4733), if they are wanted there.
    pub keys: Option<u8>,
}

impl Act {
    /// Reads a command: its first word, and the rest; `None` when it is no act.
    ///
    /// # Errors
    /// What is missing or wrong behind the first word.
    pub fn read(word: &str, rest: &str) -> Option<Result<Act, String>> {
        let plain = |act: Act| match rest {
            "" => Ok(act),
            rest => Err(format!("nothing is expected behind `{word}`, and not `{rest}`")),
        };
        let named = |name: &str| plain(Act::Key(name.to_owned()));
        let keys = |all: &str| match all.chars().find(|it| !KEYS.contains(*it)) {
            _ if all.is_empty() => Err(format!("`{word}` needs keys, such as 1002")),
            Some(wrong) => Err(format!("there is no key `{wrong}`; there are {KEYS}")),
            None => Ok(all.to_owned()),
        };
        let place = || match rest.parse() {
            Ok(place @ 1..=42) => Ok(place),
            _ => Err(format!("`{word}` needs the number of a button, 1 to 42")),
        };
        Some(match word {
            "dial" if rest.is_empty() => Err("`dial` needs a number, such as 1002".to_owned()),
            "dial" => Ok(Act::Dial(rest.to_owned())),
            "offhook" => plain(Act::OffHook),
            "onhook" => plain(Act::OnHook),
            "key" if rest.is_empty() => Err("`key` needs what stands on it, such as Hold".to_owned()),
            "key" => Ok(Act::Key(rest.to_owned())),
            "answer" => named("Answer"),
            "end" => named("EndCall"),
            "hold" => named("Hold"),
            "resume" => named("Resume"),
            "transfer" => named("Transfer"),
            "conf" => named("Confrn"),
            "park" => named("Park"),
            "line" => place().map(Act::Line),
            "speeddial" => place().map(Act::SpeedDial),
            "dtmf" => keys(rest).map(Act::Tones),
            "press" => keys(rest).map(Act::Digits),
            digits if digits.chars().all(|it| KEYS.contains(it)) && rest.is_empty() => {
                Ok(Act::Digits(digits.to_owned()))
            }
            _ => return None,
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Refusal::NotNow(why) | Refusal::Never(why)) = self;
        to.write_str(why)
    }
}

/// The keys of a keypad.
pub const KEYS: &str = "0123456789*#+";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_or_say_what_they_lack() {
        let check = |word: &str, rest: &str, expect: Result<Act, &str>| match (Act::read(word, rest), expect)
        {
            (Some(Ok(act)), Ok(expect)) => assert_eq!(act, expect, "{word} {rest}"),
            (Some(Err(error)), Err(expect)) => assert!(error.contains(expect), "{error}"),
            (got, expect) => panic!("{word} {rest}: {got:?}, and not {expect:?}"),
        };
        check("1002", "", Ok(Act::Digits("1002".into())));
        check("dial", "1002", Ok(Act::Dial("1002".into())));
        check("dial", "", Err("needs a number"));
        check("hold", "", Ok(Act::Key("Hold".into())));
        check("hold", "it", Err("nothing is expected"));
        check("key", "More info", Ok(Act::Key("More info".into())));
        check("line", "2", Ok(Act::Line(2)));
        check("line", "0", Err("1 to 42"));
        check("dtmf", "12x", Err("no key `x`"));
        check("dtmf", "*1#", Ok(Act::Tones("*1#".into())));
        assert_eq!(Act::read("sing", ""), None);
    }
}
