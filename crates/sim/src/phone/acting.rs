//! What a phone does by itself, when its time comes.

use std::net::SocketAddr;
use std::time::Duration;

use strowger_base::{Instant, Rng};

use super::{Account, Manners, Phone, Sends, State, Style, T1, T2};
use crate::setting::DOMAIN;

impl Phone {
    /// A gateway, which does not register.
    pub(crate) fn trunk(number: &str, address: SocketAddr) -> Phone {
        let (number, domain) = (number.to_owned(), DOMAIN.to_owned());
        let account = Account { number, user: String::new(), secret: String::new(), domain };
        let mut phone = Phone::new(account, address, Manners::default(), Style::Whole, Rng::new(1));
        (phone.still, phone.updates) = (true, true);
        phone.stays_away();
        phone
    }

    /// It does not register.
    pub(crate) const fn stays_away(&mut self) {
        self.registration.refresh_at = Instant::FAR_FUTURE;
    }

    /// Somebody is at the phone again.
    pub(crate) fn comes_back(&mut self, now: Instant) {
        self.still = false;
        for dialog in self.dialogs.values_mut().filter(|dialog| dialog.act_at == Instant::FAR_FUTURE) {
            if matches!(dialog.state, State::Talking | State::Ringing) {
                dialog.act_at = now + Duration::from_millis(500 + self.rng.below(20_000));
                dialog.ends_at = dialog.ends_at.max(dialog.act_at);
            }
        }
    }

    /// Does what a dialog planned: answer, repeat an answer, hold, resume, cancel, hang up.
    pub(super) fn act(&mut self, now: Instant, id: &str, sends: &mut Sends) {
        let forgets = self.chance(self.manners.forgets);
        let hold_next = self.rng.one_in(3);
        let pause = Duration::from_millis(500 + self.rng.below(5_000));
        let rejects = self.chance(self.manners.rejects);
        let transfers = self.chance(self.manners.transfers);
        let byes_early = self.chance(self.manners.byes_early);
        let Some(dialog) = self.dialogs.get_mut(id) else { return };
        if let Some(answer) = &mut dialog.ok
            && answer.next <= now
        {
            if answer.give_up <= now {
                self.dialogs.remove(id);
                return;
            }
            sends.push(answer.text.clone());
            answer.interval = (answer.interval * 2).min(T2);
            answer.next = now + answer.interval;
            return;
        }
        if dialog.act_at > now {
            return;
        }
        if self.still {
            dialog.act_at = Instant::FAR_FUTURE;
            return;
        }
        match dialog.state {
            State::Ringing if rejects && self.rng.one_in(3) => {
                let to = format!("sip:{}@{}", self.account.number, self.account.domain);
                self.redirect(id, &to, sends);
            }
            State::Ringing if rejects => self.refuse(id, 603, sends),
            State::Ringing if byes_early && dialog.incoming => {
                // What becomes of the INVITE is for the other side to find out: it gets its CANCEL answered.
                dialog.act_at = Instant::FAR_FUTURE;
                self.request(now, id, "BYE", "", "", sends);
            }
            State::Ringing => self.pick_up(now, id, sends),
            State::Calling => self.cancel(now, id, sends),
            State::Talking if forgets => {
                self.dialogs.remove(id);
            }
            State::Talking if dialog.ends_at <= now => self.bye(now, id, sends),
            State::Talking if transfers => self.transfer(now, id, sends),
            State::Talking if hold_next => {
                dialog.act_at = now + pause;
                self.hold(now, id, sends);
            }
            State::Talking => dialog.act_at = (now + pause).min(dialog.ends_at.max(now + T1)),
            State::Answering | State::Leaving => dialog.act_at = Instant::FAR_FUTURE,
        }
    }
}
