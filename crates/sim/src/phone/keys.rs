//! The keys of a phone beside its digits. A key more is a row of the table more.

use std::time::Duration;

use strowger_base::Instant;

use super::asking::Ask;
use super::{Dialog, Phone, Sends, State};

/// A key: what it is called, when it can be pressed, and what the phone does.
pub(crate) struct Key(pub(crate) &'static str, When, Does);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum When {
    /// In no call.
    Idle,
    /// It calls, and has no answer yet.
    Calls,
    /// A call rings at it.
    Rings,
    /// In a call that is answered.
    Talks,
    /// In two calls that are answered.
    TwoCalls,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Does {
    /// It calls this: a service URI of Cisco's phones, or a number that is behind the key.
    Calls(&'static str),
    /// It tells the key with the call, in a REFER.
    Tells(&'static str),
    /// The same with its other call, too: by which name that goes.
    TellsBoth(&'static str, &'static str),
    /// It holds the call, or goes on with it.
    Holds,
    /// It answers.
    Answers,
    /// It hangs up.
    Ends,
    /// It transfers.
    Transfers,
    /// It presses these keys in the call.
    Presses(&'static str),
}

/// All keys.
pub(crate) const KEYS: &[Key] = &[
    Key("PickUp", When::Idle, Does::Calls("x-cisco-serviceuri-pickup")),
    Key("OPickUp", When::Idle, Does::Calls("x-cisco-serviceuri-opickup")),
    Key("GPickUp", When::Idle, Does::Calls("x-cisco-serviceuri-gpickup-8600")),
    Key("busy lamp of 1001", When::Idle, Does::Calls("x-cisco-serviceuri-blfpickup-1001")),
    Key("MeetMe", When::Idle, Does::Calls("x-cisco-serviceuri-meetme-820")),
    Key("the number of the meeting", When::Idle, Does::Calls("820")),
    Key("CFwdALL", When::Idle, Does::Calls("x-cisco-serviceuri-cfwdall-1002")),
    Key("CFwdALL again", When::Idle, Does::Calls("x-cisco-serviceuri-cfwdall")),
    Key("the first parked call", When::Idle, Does::Calls("880")),
    Key("the second parked call", When::Idle, Does::Calls("881")),
    Key("DND", When::Idle, Does::Calls("*62")),
    Key("DND off", When::Idle, Does::Calls("*61")),
    Key("HLog", When::Idle, Does::Calls("*65")),
    Key("Barge", When::Idle, Does::Calls("*52")),
    Key("cBarge", When::Idle, Does::Calls("*53")),
    Key("Answer", When::Rings, Does::Answers),
    Key("Hold", When::Talks, Does::Holds),
    Key("Resume", When::Talks, Does::Holds),
    Key("Transfer", When::Talks, Does::Transfers),
    Key("NewCall", When::Talks, Does::Calls("1002")),
    Key("NewCall to a meeting", When::Talks, Does::Calls("x-cisco-serviceuri-meetme-821")),
    Key("EndCall", When::Talks, Does::Ends),
    Key("Park", When::Talks, Does::Tells("Park")),
    Key("Confrn alone", When::Talks, Does::Tells("Conference")),
    Key("Confrn", When::TwoCalls, Does::TellsBoth("Conference", "consultdialogid")),
    Key("Join", When::TwoCalls, Does::TellsBoth("Join", "joindialogid")),
    Key("ConfList", When::Talks, Does::Tells("ConfList")),
    Key("RmLstC", When::Talks, Does::Tells("RmLastConf")),
    Key("iDivert", When::Talks, Does::Tells("IDivert")),
    Key("iDivert while it rings", When::Rings, Does::Tells("IDivert")),
    Key("MCID", When::Talks, Does::Tells("MCID")),
    Key("CallBack", When::Calls, Does::Tells("CallBack")),
    Key("CallBack while it talks", When::Talks, Does::Tells("CallBack")),
    Key("the call back", When::Idle, Does::Calls("*54")),
    Key("no call back", When::Idle, Does::Calls("*55")),
    Key("AbbrDial", When::Idle, Does::Calls("x-cisco-serviceuri-abbrdial-2")),
    Key("Record", When::Talks, Does::Tells("StartRecording")),
    Key("StopRec", When::Talks, Does::Tells("StopRecording")),
    Key("Select", When::Talks, Does::Tells("Select")),
    Key("a digit", When::Talks, Does::Presses("5")),
    Key("digits", When::Talks, Does::Presses("4711")),
    Key("a star and a hash", When::Talks, Does::Presses("*#")),
];

impl Phone {
    /// Somebody presses a key; false when the phone does not have it now.
    pub(crate) fn press_key(&mut self, now: Instant, key: &Key, sends: &mut Sends) -> bool {
        let talks = |dialog: &Dialog| dialog.state == State::Talking;
        let id = match key.1 {
            When::Idle => return self.press_idle(now, key, sends),
            When::Calls => self.call_that(|dialog| dialog.state == State::Calling),
            When::Rings => self.call_that(|dialog| dialog.state == State::Ringing),
            When::Talks => self.call_that(talks),
            When::TwoCalls if self.dialogs.values().filter(|dialog| talks(dialog)).count() < 2 => None,
            When::TwoCalls => self.call_that(talks),
        };
        let Some(id) = id else { return false };
        match key.2 {
            // It has two lines of display.
            Does::Calls(_) if self.dialogs.len() > 1 => return false,
            Does::Calls(number) => {
                if let Some(dialog) = self.dialogs.get_mut(&id) {
                    // What it did with the first call waits, as its user is busy.
                    dialog.act_at = dialog.act_at.max(now + Duration::from_secs(5));
                }
                self.call(now, number, sends);
            }
            Does::Tells(word) => self.tell_key(now, word, &[("dialogid", &id)], sends),
            Does::TellsBoth(word, name) => {
                let other = self.dialogs.iter().find(|(other, dialog)| **other != id && talks(dialog));
                let Some(other) = other.map(|(other, _)| other.clone()) else { return false };
                self.tell_key(now, word, &[("dialogid", &id), (name, &other)], sends);
            }
            Does::Holds => self.hold(now, &id, sends),
            Does::Answers => self.pick_up(now, &id, sends),
            Does::Ends => self.bye(now, &id, sends),
            Does::Transfers => self.transfer(now, &id, sends),
            Does::Presses(keys) => return self.press_in_call(now, &id, keys, sends),
        }
        true
    }

    fn press_idle(&mut self, now: Instant, key: &Key, sends: &mut Sends) -> bool {
        let Does::Calls(number) = key.2 else { return false };
        if !self.is_idle() {
            return false;
        }
        self.call(now, number, sends);
        true
    }

    /// One of its calls.
    fn call_that(&mut self, fits: impl Fn(&Dialog) -> bool) -> Option<String> {
        let all: Vec<&String> =
            self.dialogs.iter().filter(|(_, dialog)| fits(dialog)).map(|(id, _)| id).collect();
        let at = self.rng.below((all.len() as u64).max(1)) as usize;
        all.get(at).map(|id| (*id).clone())
    }

    /// A key of Cisco's phones, as a REFER outside of the call with the dialogs that are meant.
    fn tell_key(&mut self, now: Instant, word: &str, calls: &[(&str, &str)], sends: &mut Sends) {
        let tag = |address: &str| address.split(";tag=").nth(1).unwrap_or("").to_owned();
        let dialogs: String = calls
            .iter()
            .filter_map(|(name, id)| {
                let dialog = self.dialogs.get(*id)?;
                let remote = if dialog.state == State::Calling { &dialog.early } else { &dialog.remote };
                let (local, remote) = (tag(&dialog.local), tag(remote));
                Some(format!(
                    "<{name}><callid>{id}</callid><localtag>{local}</localtag><remotetag>{remote}</remotetag></{name}>"
                ))
            })
            .collect();
        let body = format!(
            "<x-cisco-remotecc-request><softkeyeventmsg><softkeyevent>{word}</softkeyevent>{dialogs}\
             </softkeyeventmsg></x-cisco-remotecc-request>"
        );
        self.statistics.keys += 1;
        let own = format!("sip:{}@{}", self.account.number, self.account.domain);
        self.ask(now, &own, Ask::new("REFER", "Refer-To: cid:key\r\n", &body), sends);
    }

    /// Holds the call, or goes on with it.
    pub(super) fn hold(&mut self, now: Instant, id: &str, sends: &mut Sends) {
        let Some(dialog) = self.dialogs.get_mut(id) else { return };
        // One change after the other.
        let pending =
            self.requests.values().any(|it| it.method == "INVITE" && it.dialog.as_deref() == Some(id));
        if pending || dialog.ok.is_some() {
            return;
        }
        let holds = !dialog.held;
        dialog.wants_held = Some(holds);
        dialog.version += 1;
        let (port, version) = (dialog.session.port, dialog.version);
        let way = if holds { super::Way::HOLD } else { super::Way::BOTH };
        self.statistics.holds += 1;
        let body = self.describe_media(port, way, version, &self.streams_of(id));
        self.request(now, id, "INVITE", "", &body, sends);
    }

    /// What a recorder was offered: it pauses the streams that it was offered, and goes on with them.
    fn streams_of(&self, id: &str) -> String {
        let invite = self.dialogs.get(id).and_then(|dialog| dialog.invite.as_ref());
        invite.filter(|_| self.records).map_or_else(String::new, |invite| invite.body.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_there_twice_and_each_does_what_it_can_do_then() {
        let names: std::collections::BTreeSet<&str> = KEYS.iter().map(|key| key.0).collect();
        assert_eq!(names.len(), KEYS.len());
        for Key(name, when, does) in KEYS {
            let calls = matches!(does, Does::Calls(_));
            assert!(*when != When::Idle || calls, "{name} is about a call, and there is none");
            assert!((*when == When::TwoCalls) == matches!(does, Does::TellsBoth(..)), "{name}");
        }
    }
}
