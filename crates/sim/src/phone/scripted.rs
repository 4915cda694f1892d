//! A phone at which somebody does what a script says, and nothing else.

use strowger_base::Instant;

use super::{Beside, KEYS, Phone, Sends, State, Style, Way};

impl Phone {
    /// Numbers are dialled on hook.
    pub(crate) const fn dials_whole(&mut self) {
        self.style = Style::Whole;
    }

    /// Does something; false when it cannot be done now.
    pub(crate) fn does(&mut self, now: Instant, what: &str, sends: &mut Sends) -> bool {
        let words: Vec<&str> = what.split(' ').collect();
        match words[..] {
            ["calls", number] => {
                self.call(now, number, sends);
                true
            }
            ["answers"] => self.with(State::Ringing, "", |phone, id| phone.pick_up(now, id, sends)),
            ["refuses"] => self.with(State::Ringing, "", |phone, id| phone.refuse(id, 486, sends)),
            ["redirects", "to", number] => {
                let to = match number.split_once('@') {
                    Some(_) => format!("sip:{number}"),
                    None => format!("sip:{number}@{}", self.account.domain),
                };
                self.with(State::Ringing, "", |phone, id| phone.redirect(id, &to, sends))
            }
            ["gives", "up"] => self.with(State::Calling, "", |phone, id| phone.cancel(now, id, sends)),
            ["hangs", "up"] => self.with(State::Talking, "", |phone, id| phone.bye(now, id, sends)),
            ["hangs", "up", other] => self.with(State::Talking, other, |phone, id| phone.bye(now, id, sends)),
            ["holds", other] | ["resumes", other] => {
                self.with(State::Talking, other, |phone, id| phone.hold(now, id, sends))
            }
            ["adds", "video", "for", other] => self.shows(now, other, Beside::Video, sends),
            ["sends", "a", "fax", "to", other] => self.shows(now, other, Beside::Fax, sends),
            ["goes", "back", "to", "sound", "with", other] => self.shows(now, other, Beside::Nothing, sends),
            ["transfers", other, "to", number] => self.with(State::Talking, other, |phone, id| {
                let headers = format!("Refer-To: <sip:{number}@{}>\r\n", phone.account.domain);
                phone.request(now, id, "REFER", &headers, "", sends);
            }),
            ["brings", one, "and", other, "together"] => {
                let Some(other) = self.talking_with(other) else { return false };
                let headers = format!("Refer-To: {}\r\n", self.instead_of(&other));
                self.with(State::Talking, one, |phone, id| {
                    phone.request(now, id, "REFER", &headers, "", sends);
                })
            }
            ["presses" | "press", "the", "keys", keys] => {
                let id = self.dialogs.iter().find(|(_, dialog)| dialog.state == State::Talking);
                let id = id.map(|(id, _)| id.clone());
                id.is_some_and(|id| self.press_in_call(now, &id, keys, sends))
            }
            ["presses", ..] => {
                let name = what.trim_start_matches("presses ");
                let key = KEYS.iter().find(|key| key.0 == name);
                key.is_some_and(|key| self.press_key(now, key, sends))
            }
            _ => false,
        }
    }

    /// The call of another phone, as who takes its place there names it (RFC 3891 §6.1).
    pub(crate) fn named_call(&self) -> Option<(String, String)> {
        let dialog = self.dialogs.values().find(|dialog| dialog.state == State::Talking)?;
        let tag = |address: &str| address.split(";tag=").nth(1).unwrap_or("").to_owned();
        let (local, remote) = (tag(&dialog.local), tag(&dialog.remote));
        let replaces = format!("Replaces: {};to-tag={local};from-tag={remote}\r\n", dialog.call_id);
        Some((dialog.session.shown.clone(), replaces))
    }

    /// A call of a line that it watches, as it was told of it.
    pub(crate) fn watched_call(&self, line: &str) -> Option<(String, String)> {
        let watching = self.watches.iter().find(|watching| watching.number == line)?;
        let mut named = watching.named.iter().filter(|(id, _)| watching.calls.contains_key(*id));
        Some((line.to_owned(), named.next()?.1.clone()))
    }

    /// Takes the place of another phone in its call.
    pub(crate) fn takes(&mut self, now: Instant, (other, replaces): &(String, String), sends: &mut Sends) {
        self.call(now, other, sends);
        let Some(dialog) = self.dialogs.values_mut().find(|dialog| dialog.state == State::Calling) else {
            return;
        };
        dialog.extra.clone_from(replaces);
        // The first INVITE is challenged, whatever it says; the second one counts.
    }

    /// Has something beside sound from now on, in its call with another phone.
    fn shows(&mut self, now: Instant, other: &str, beside: Beside, sends: &mut Sends) -> bool {
        self.with(State::Talking, other, |phone, id| phone.changes_streams(now, id, beside, sends))
    }

    /// Offers other streams in a call.
    fn changes_streams(&mut self, now: Instant, id: &str, beside: Beside, sends: &mut Sends) {
        self.beside = match (self.beside, beside) {
            (Beside::Video | Beside::VideoNoMore, Beside::Nothing) => Beside::VideoNoMore,
            (_, beside) => beside,
        };
        let Some(dialog) = self.dialogs.get_mut(id) else { return };
        dialog.version += 1;
        let (port, version) = (dialog.session.port, dialog.version);
        let body = self.describe_media(port, Way::BOTH, version, "");
        self.request(now, id, "INVITE", "", &body, sends);
    }

    /// Does something with the call that stands so, with whoever is shown there, or whoever it is.
    fn with(&mut self, state: State, shown: &str, does: impl FnOnce(&mut Self, &str)) -> bool {
        let fits = |dialog: &super::Dialog| {
            dialog.state == state && (shown.is_empty() || dialog.session.shown == shown)
        };
        let id = self.dialogs.iter().find(|(_, dialog)| fits(dialog)).map(|(id, _)| id.clone());
        id.map(|id| does(self, &id)).is_some()
    }

    fn talking_with(&self, shown: &str) -> Option<String> {
        let fits = |dialog: &super::Dialog| dialog.state == State::Talking && dialog.session.shown == shown;
        self.dialogs.iter().find(|(_, dialog)| fits(dialog)).map(|(id, _)| id.clone())
    }

    /// What its display shows, a line for each call.
    pub(crate) fn display(&self) -> Vec<String> {
        let line = |dialog: &super::Dialog| {
            let what = match dialog.state {
                State::Calling => "calls",
                State::Ringing => "is called by",
                State::Answering | State::Talking if dialog.held => "holds",
                State::Answering | State::Talking => "talks with",
                State::Leaving => return None,
            };
            let ring = match dialog.state {
                State::Ringing if !dialog.ring.is_empty() => format!(" with the ring {}", dialog.ring),
                _ => String::new(),
            };
            let keys = match dialog.pad.heard() {
                heard if heard.is_empty() => heard,
                heard => format!(" and was told the keys {heard}"),
            };
            let beside = match (dialog.state, dialog.session.beside) {
                (State::Calling, _) | (_, Beside::Nothing | Beside::VideoNoMore) => "",
                (_, Beside::Video) => " in video",
                (_, Beside::Fax) => " by fax",
            };
            let recorded = match &*dialog.session.recorded {
                "on" => " and is recorded",
                "paused" => " and is not recorded for a while",
                _ => "",
            };
            let named = |name: &str| if name.is_empty() { String::new() } else { format!(" {name}") };
            let diverted = match dialog.state {
                State::Ringing if !dialog.session.diverted.is_empty() => {
                    format!(" for {}", dialog.session.diverted)
                }
                _ => String::new(),
            };
            let (number, name) = (&dialog.session.shown, named(&dialog.session.name));
            Some(format!("{what} {number}{name}{beside}{diverted}{ring}{keys}{recorded}"))
        };
        let mut all: Vec<String> = self.dialogs.values().filter_map(line).collect();
        all.sort_unstable();
        all
    }
}
