//! What somebody does at a phone that speaks SIP: its keys, which depend on what its calls do.

use strowger_base::Instant;

use super::Phone;
use super::calls::{Call, State};
use super::requests::Request;
use crate::user::{Act, Refusal};

impl Phone {
    pub(super) fn acts(&mut self, now: Instant, act: &Act) -> Result<(), Refusal> {
        if !self.registration.holds {
            return Err(Refusal::NotNow("the phone is not registered".to_owned()));
        }
        match act {
            Act::Dial(number) | Act::Digits(number) => self.dials(now, number),
            Act::OffHook | Act::Line(1) => match (self.in_state("ringin"), self.in_state("hold")) {
                (Some(_), _) => self.presses(now, "Answer"),
                (None, Some(_)) if *act == Act::Line(1) => self.presses(now, "Resume"),
                (None, _) => Err(Refusal::NotNow("no call rings".to_owned())),
            },
            Act::OnHook => self.presses(now, "EndCall"),
            Act::Key(name) => self.presses(now, name),
            Act::Tones(_) => match self.in_state("connected").and_then(|call| self.calls.get(&call)) {
                Some(call) if call.theirs.as_ref().is_some_and(|theirs| theirs.keys.is_some()) => Ok(()),
                Some(_) => Err(Refusal::NotNow("the other side takes no keys in the sound".to_owned())),
                None => Err(Refusal::NotNow("no call is connected".to_owned())),
            },
            Act::Line(place) => Err(Refusal::Never(format!("the phone has one line, and no line {place}"))),
            Act::SpeedDial(_) => Err(Refusal::Never("the phone has no speed dials".to_owned())),
        }
    }

    /// The keys of a call.
    pub(super) fn keys_of(&self, call: &Call) -> Vec<&'static str> {
        let mut keys = match call.state {
            State::RingsHere => vec!["Answer", "EndCall"],
            State::Calling | State::RingsThere | State::Failed(_) => vec!["EndCall"],
            State::Talks if call.held => vec!["Resume", "EndCall"],
            State::Talks => vec!["Hold", "EndCall", "Transfer", "Confrn"],
            State::Leaving => vec![],
        };
        if call.state == State::RingsThere && self.in_state("hold").is_some() {
            keys.push("Transfer");
        }
        keys
    }

    fn in_state(&self, name: &str) -> Option<u32> {
        self.calls.iter().find(|(_, call)| call.state_name() == name).map(|(number, _)| *number)
    }

    fn dials(&mut self, now: Instant, number: &str) -> Result<(), Refusal> {
        // One speaks with one: whoever is there waits meanwhile.
        if let Some(other) = self.in_state("connected") {
            self.can_change(other)?;
            self.holds(now, other, true);
        }
        let full = || Refusal::NotNow("the phone has no room for one more call".to_owned());
        self.calls(now, number).map(drop).ok_or_else(full)
    }

    /// A change of a call has to be over before the next one (RFC 3261 §14.1).
    fn can_change(&self, number: u32) -> Result<(), Refusal> {
        let invites = |request: &Request| request.method == "INVITE" && request.call == Some(number);
        let answers = self.calls.get(&number).is_some_and(|call| call.answer.is_some());
        if answers || self.requests.values().any(invites) {
            return Err(Refusal::NotNow("the call is being changed".to_owned()));
        }
        Ok(())
    }

    fn presses(&mut self, now: Instant, name: &str) -> Result<(), Refusal> {
        let order = ["proceed", "ringout", "busy", "invalid", "congestion", "connected", "ringin", "hold"];
        let mut all: Vec<u32> = self.calls.keys().copied().collect();
        let rank = |number: &u32| {
            let state = self.calls.get(number).map_or("", Call::state_name);
            order.iter().position(|it| *it == state)
        };
        all.sort_by_key(rank);
        let found = all.iter().find_map(|number| {
            let keys = self.keys_of(self.calls.get(number)?);
            let key = keys.into_iter().find(|key| key.eq_ignore_ascii_case(name))?;
            Some((*number, key))
        });
        let Some((number, key)) = found else {
            let keys: Vec<&str> = self.calls.values().flat_map(|call| self.keys_of(call)).collect();
            let now = if keys.is_empty() { "there are none".to_owned() } else { keys.join(", ") };
            return Err(Refusal::NotNow(format!("there is no key {name} now; the keys are: {now}")));
        };
        let held = self.in_state("hold");
        match key {
            "Answer" => {
                if let Some(other) = self.in_state("connected") {
                    self.can_change(other)?;
                    self.holds(now, other, true);
                }
                self.takes(now, number);
            }
            "EndCall" => self.ends(now, number),
            "Hold" => {
                self.can_change(number)?;
                self.holds(now, number, true);
            }
            "Resume" => {
                self.can_change(number)?;
                self.holds(now, number, false);
            }
            "Transfer" | "Confrn" if held.is_none() => {
                // Who is to come is called now.
                self.can_change(number)?;
                self.holds(now, number, true);
            }
            "Transfer" => self.brings_together(now, number, held.unwrap_or(number))?,
            _ => {
                let held = held.unwrap_or(number);
                self.can_change(held)?;
                self.can_change(number)?;
                self.confers(now, held, number);
            }
        }
        Ok(())
    }

    /// The one who is held is sent to the other one: into that call, or to its number while it rings there (RFC 5589 §7).
    fn brings_together(&mut self, now: Instant, number: u32, held: u32) -> Result<(), Refusal> {
        self.can_change(held)?;
        let Some(call) = self.calls.get(&number) else { return Ok(()) };
        let to = if call.state == State::Talks {
            self.instead_of(number).unwrap_or_default()
        } else {
            let to = format!("<sip:{}@{}>", call.party[0], self.account.domain);
            self.ends(now, number);
            to
        };
        let own = self.own();
        self.asks(now, held, "REFER", &format!("Refer-To: {to}\r\nReferred-By: <{own}>\r\n"), "");
        Ok(())
    }

    /// The key of Cisco's phones: a REFER outside of calls that names both.
    fn confers(&mut self, now: Instant, held: u32, number: u32) {
        let dialogs = self.as_dialog("dialogid", held) + &self.as_dialog("consultdialogid", number);
        let body = format!(
            "<x-cisco-remotecc-request><softkeyeventmsg><softkeyevent>Conference</softkeyevent>{dialogs}\
             </softkeyeventmsg></x-cisco-remotecc-request>"
        );
        let (own, contact, call_id, tag) = (self.own(), self.contact(), self.token(), self.token());
        let head = format!(
            "From: <{own}>;tag={tag}\r\nTo: <{own}>\r\nCall-ID: {call_id}\r\nCSeq: 1 REFER\r\nContact: <{contact}>\r\n\
             Refer-To: cid:key\r\n"
        );
        self.request(now, Request::new("REFER", &own, &head, &body, None));
    }
}
