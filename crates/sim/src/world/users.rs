//! What people do: they call, press keys, give orders, leave messages.

use std::time::Duration;

use strowger_base::feature::{FeatureRequest, Turn};
use strowger_base::watch::MailboxChange;
use strowger_base::{CallId, LineName};
use strowger_callcontrol::io::{CallSide, Order, OrderKind};
use strowger_node::Input;
use strowger_node::io::{Answer, QueryId, Question};

use super::{Failure, World};
use crate::phone::{KEYS, Manners, Phone};
use crate::setting::{FEATURES, NUMBERS, RECORDERS_MANNERS, number};

impl World {
    pub(super) fn place_call(&mut self) {
        self.next_call = self.now.mono + Duration::from_millis(200 + self.rng.below(8_000));
        let caller = self.rng.below(self.people() as u64) as usize;
        let number = match self.rng.below(12) {
            _ if self.rng.one_in(self.plan.features) => {
                FEATURES[self.rng.below(FEATURES.len() as u64) as usize].to_owned()
            }
            0 => "9999".to_owned(),
            1 => "9998".to_owned(),
            2..5 => NUMBERS[self.rng.below(NUMBERS.len() as u64) as usize].to_owned(),
            _ => number(self.rng.below(self.plan.lines + self.plan.stations)),
        };
        let mut sends = vec![];
        if let Some(phone) = self.phones.get_mut(caller).filter(|phone| phone.is_idle()) {
            self.report.calls += 1;
            phone.call(self.now.mono, &number, &mut sends);
            let address = phone.address;
            self.post(address, &mut sends);
        }
    }

    /// Somebody presses a key that his phone has at this moment.
    pub(super) fn press_key(&mut self) {
        let pause = self.plan.keys;
        self.next_key = self.now.mono + Duration::from_millis(pause / 2 + self.rng.below(pause));
        let phone = self.rng.below(self.people() as u64) as usize;
        let mut sends = vec![];
        // Most keys are dark most of the time.
        for _ in 0..8 {
            let Some(key) = KEYS.get(self.rng.below(KEYS.len() as u64) as usize) else { return };
            let Some(phone) = self.phones.get_mut(phone) else { return };
            if phone.press_key(self.now.mono, key, &mut sends) {
                let at = phone.address;
                self.report.pressed += 1;
                self.trace_line("key", &format!("{at} {}", key.0));
                break;
            }
        }
        let Some(address) = self.phones.get(phone).map(|phone| phone.address) else { return };
        self.post(address, &mut sends);
    }

    /// An operator or a program wants something done with a call, or the voice mail tells of messages.
    pub(super) fn give_order(&mut self) -> Result<(), Failure> {
        let pause = self.plan.orders;
        self.next_order = self.now.mono + Duration::from_millis(pause / 2 + self.rng.below(pause));
        if self.rng.one_in(3) {
            let line = LineName::from(&*number(self.rng.below(self.plan.lines)));
            let turn = [Turn::On, Turn::Off, Turn::Over][self.rng.below(3) as usize];
            let change = Some(MailboxChange::Turn(turn));
            return self.ask(Question::Messages { line, change }).map(drop);
        }
        let Some(Answer::Calls(calls)) = self.ask(Question::Calls { before: None, limit: 20 })? else {
            return Err("asked for calls, the node answers something else".to_owned());
        };
        let any = |rng: &mut strowger_base::Rng| {
            calls.get(rng.below((calls.len() as u64).max(1)) as usize).map(|view| view.call)
        };
        let (Some(call), Some(other)) = (any(&mut self.rng), any(&mut self.rng)) else { return Ok(()) };
        let what = self.order_with(other);
        let order = Box::new(Order { call, what, who: "operator".into() });
        self.report.orders += 1;
        self.give(Input::Order { query: QueryId(2), order })
    }

    fn order_with(&mut self, other: CallId) -> OrderKind {
        let side =
            |rng: &mut strowger_base::Rng| if rng.one_in(2) { CallSide::Calling } else { CallSide::Called };
        let (party, other_party) = (side(&mut self.rng), side(&mut self.rng));
        let participant = 1 + self.rng.below(4) as u32;
        let turn = [Turn::On, Turn::Off, Turn::Over][self.rng.below(3) as usize];
        let request = match self.rng.below(9) {
            0 => return OrderKind::Release,
            1 => return OrderKind::Transfer { party, to: number(self.rng.below(self.plan.lines)).into() },
            2 => return OrderKind::Join { party, other, other_party },
            3 => return OrderKind::Confer { party, other, other_party },
            4 => FeatureRequest::Privacy(turn),
            5 => FeatureRequest::Mute { participant, turn },
            6 => FeatureRequest::Drop { participant },
            7 => FeatureRequest::Park,
            _ => FeatureRequest::DropLast,
        };
        OrderKind::Feature { party, request }
    }

    /// How many phones have people: recorders come behind them.
    pub(super) fn people(&self) -> usize {
        self.phones.iter().position(|phone| phone.records).unwrap_or(self.phones.len())
    }

    /// Nobody is at any phone: calls stay as they are.
    pub(super) fn everybody_leaves_the_desk(&mut self) {
        for phone in &mut self.phones {
            (phone.manners, phone.still) = (Manners::default(), true);
        }
    }

    /// Everybody goes on with what he did.
    pub(super) fn everybody_comes_back(&mut self) {
        let now = self.now.mono;
        for phone in &mut self.phones {
            phone.manners = if phone.records { RECORDERS_MANNERS } else { self.plan.manners };
            phone.comes_back(now);
        }
    }

    /// Whoever is in no call calls a line.
    pub(super) fn everybody_calls(&mut self) {
        let lines = self.plan.lines;
        let numbers: Vec<String> = self.phones.iter().map(|_| number(self.rng.below(lines))).collect();
        let mut numbers = numbers.into_iter();
        self.each_phone(|phone, now, sends| {
            if let Some(number) = numbers.next().filter(|_| phone.is_idle() && !phone.records) {
                phone.call(now, &number, sends);
            }
        });
    }

    /// Everybody hangs up.
    pub(super) fn everybody_goes_home(&mut self) {
        self.each_phone(|phone, now, sends| {
            phone.still = false;
            phone.go_home(now, sends);
        });
        self.stations_hang_up();
    }

    /// Nobody wants to be told anything any more.
    pub(super) fn nobody_watches(&mut self) {
        self.each_phone(Phone::unwatch);
    }

    fn each_phone(&mut self, mut does: impl FnMut(&mut Phone, strowger_base::Instant, &mut Vec<String>)) {
        let mut sends = vec![];
        for index in 0..self.phones.len() {
            let Some(phone) = self.phones.get_mut(index) else { continue };
            does(phone, self.now.mono, &mut sends);
            let address = phone.address;
            self.post(address, &mut sends);
        }
    }
}
