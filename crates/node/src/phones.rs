//! Phones that show settings are told of them: after registration, and when something else has changed them.

use std::sync::Arc;
use std::time::Duration;

use strowger_base::journal::OnOff;
use strowger_base::leg::{BindingId, Origin};
use strowger_base::phone::PhoneChange;
use strowger_base::{LegId, LineName, Now};
use strowger_callcontrol::configuration::NoticeSound;
use strowger_callcontrol::io::MediaSecurity;
use strowger_sip::io::{CallSecurity, PhoneNews};

use crate::io::Outbox;
use crate::node::Node;
use crate::sccp::{self, is_station};

impl Node {
    /// A phone has registered, or is reached in another way: it is told all that it shows.
    pub(crate) fn show_state(&mut self, now: Now, line: &LineName, binding: BindingId, out: &mut Outbox) {
        self.share(now, line);
        if is_station(binding) {
            return self.show_to_station(now, line.as_str(), binding, None);
        }
        if !self.takes_control(binding) {
            return;
        }
        let name = self.phone_name(self.lines.get(line.as_str()), binding);
        let Some(state) = self.calls.phone_state(line.as_str(), name.as_deref()) else { return };
        let mailbox = self.presence.mailbox(line.as_str());
        let news = PhoneNews::All(Box::new(state), mailbox);
        self.tell_sip(now, strowger_sip::Input::TellPhone { binding, news }, out);
    }

    /// Where a line has several phones, each that speaks SCCP shows what the others do; others subscribe to that.
    pub(crate) fn share(&mut self, now: Now, line: &LineName) {
        let settings = self.calls.configuration().lines.get(line.as_str());
        if settings.is_some_and(|line| line.phones.len() > 1) {
            let configuration = self.calls.configuration();
            let barges = |origin: &Origin| configuration.barges(origin);
            self.sccp.handle(now, sccp::Input::Shared { line, barges: &barges }, &mut self.sccp_out);
        } else {
            self.sccp.handle(now, sccp::Input::Alone(line), &mut self.sccp_out);
        }
    }

    fn show_to_station(&mut self, now: Now, line: &str, binding: BindingId, change: Option<PhoneChange>) {
        let name = self.phone_name(self.lines.get(line), binding);
        let Some(state) = self.calls.phone_state(line, name.as_deref()) else { return };
        self.tell_sccp(now, sccp::Input::State { binding, state: &state, change });
    }

    /// Something was set that phones show. A setting of a line concerns all its phones, one of a phone that phone alone.
    pub(crate) fn show_change(
        &mut self,
        now: Now,
        (line, phone): (&str, &str),
        change: PhoneChange,
        except: Option<BindingId>,
        out: &mut Outbox,
    ) {
        let only = match change {
            PhoneChange::Forward => None,
            PhoneChange::Disturbed | PhoneChange::Hunted => Some(phone),
        };
        let found: Box<str> = match only {
            // A program names the phone alone, which may stand on many lines: one that it registered on is enough.
            Some(name) if line.is_empty() => {
                let Some(line) = self.line_of_phone(name) else { return };
                line
            }
            Some(_) | None => line.into(),
        };
        let contacts: Vec<BindingId> = self.contacts_of(&found).collect();
        for binding in contacts {
            let name: Option<Arc<str>> = self.phone_name(self.lines.get(&found), binding);
            let is_it = only.is_none_or(|only| name.as_deref().unwrap_or_default() == only);
            if is_it && is_station(binding) {
                self.show_to_station(now, &found, binding, Some(change));
                continue;
            }
            if !is_it || except == Some(binding) || !self.takes_control(binding) {
                continue;
            }
            let Some(state) = self.calls.phone_state(&found, name.as_deref()) else { continue };
            let news = PhoneNews::Changed(Box::new(state), change);
            self.tell_sip(now, strowger_sip::Input::TellPhone { binding, news }, out);
        }
    }

    /// A call rings at a line of a pickup group: phones of the others are told, but those whose users do not want to be disturbed.
    pub(crate) fn notice_pickup(
        &mut self,
        now: Now,
        lines: &[(LineName, NoticeSound)],
        (text, shown_for): (&str, Duration),
        out: &mut Outbox,
    ) {
        for (line, sound) in lines {
            let shows = |binding: &BindingId| is_station(*binding) || self.takes_control(*binding);
            for binding in self.contacts_of(line.as_str()).filter(shows).collect::<Vec<BindingId>>() {
                let name = self.phone_name(self.lines.get(line.as_str()), binding);
                let state = self.calls.phone_state(line.as_str(), name.as_deref());
                if state.is_none_or(|state| state.disturbed == OnOff::Off) {
                    continue;
                }
                if is_station(binding) {
                    let beep = *sound == NoticeSound::Beep;
                    self.tell_sccp(now, sccp::Input::Notice { binding, text, shown_for, beep });
                    continue;
                }
                let beep = OnOff::of(*sound == NoticeSound::Beep);
                let news = PhoneNews::Pickup { text: text.into(), shown_for, beep };
                self.tell_sip(now, strowger_sip::Input::TellPhone { binding, news }, out);
            }
        }
    }

    /// Both sides of a call are told how secure it is: not more than signalling of either, since keys of media travel in that.
    pub(crate) fn secured(
        &mut self,
        now: Now,
        (caller, called): (LegId, LegId),
        media: MediaSecurity,
        out: &mut Outbox,
    ) {
        let is_secure = |leg: LegId| self.sip.is_secure(leg) == Some(true);
        let security = match (is_secure(caller) && is_secure(called), media) {
            (false, _) => CallSecurity::NotAuthenticated,
            (true, MediaSecurity::Clear) => CallSecurity::Authenticated,
            (true, MediaSecurity::Encrypted) => CallSecurity::Encrypted,
        };
        for leg in [caller, called] {
            self.tell_sip(now, strowger_sip::Input::Security { leg, security }, out);
        }
    }

    /// Whether a phone takes what only phones of Cisco take.
    fn takes_control(&self, binding: BindingId) -> bool {
        self.sip.registrar().binding(binding).is_some_and(|phone| phone.takes_control())
    }

    /// A line on which a phone with this name is registered.
    fn line_of_phone(&self, name: &str) -> Option<Box<str>> {
        if let Some(line) = self.sccp.line_of(name) {
            return Some(line.as_str().into());
        }
        let has = |line: &str, account: &strowger_sip::io::LineAccount| {
            account.phones.iter().any(|phone| phone.name.as_deref() == Some(name))
                && self
                    .sip
                    .contacts_of(line)
                    .any(|binding| self.phone_name(Some(account), binding).as_deref() == Some(name))
        };
        self.lines.iter().find(|(line, account)| has(line, account)).map(|(line, _)| line.into())
    }
}
