//! Checks when numbers are decided. Every key that reaches the server is given to a digit analysis of our own as well, at the
//! moment when it arrives; what call control then does has to be what that says, and has to happen at the moment that it
//! names.

use std::collections::BTreeMap;

use strowger_base::journal::{Decision, Entry, OriginView, Record, TargetView, Told};
use strowger_base::leg::{DigitsEnd, FurtherDigits, Service};
use strowger_base::{CallId, Instant, Now};
use strowger_dialplan::{Analysis, Arrival, Decision as Verdict, Digits, Progress, Symbol};
use strowger_node::Configuration;

use crate::phone::IN_CALL;
use crate::text::Text;

/// The calls whose numbers are not decided.
#[derive(Default)]
pub(crate) struct Checker {
    calls: BTreeMap<CallId, Dialled>,
    at_hand: Option<AtHand>,
    pub(crate) statistics: Statistics,
}

/// What was checked.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Statistics {
    /// Numbers that were decided.
    pub(crate) numbers: u64,
    /// Those of them that the interdigit timer decided.
    pub(crate) waited: u64,
    /// Keys that came one by one, and digits of INVITEs that grew.
    pub(crate) keys: u64,
}

/// A number that is not decided.
struct Dialled {
    protocol_call_id: String,
    /// It grows by INVITEs.
    grows: bool,
    /// What was dialled before it was decided.
    known: String,
    /// The number of the line that dials.
    own: String,
    analysis: Analysis,
    /// When the interdigit timer runs out.
    deadline: Option<Instant>,
    waited: bool,
    /// CSeq of the last NOTIFY that brought keys; a copy of it brings none.
    notified: u32,
}

/// What the datagram that the server handles right now carries.
#[derive(Default)]
struct AtHand {
    invite: bool,
    call_id: String,
    cseq: u32,
    user: String,
    replaces: bool,
    offers_keys: bool,
    /// Keys that were not told to call control yet.
    keys: Vec<char>,
    damaged: bool,
    taken: bool,
    /// The server answered 200.
    accepted: bool,
}

type Failure = String;

impl Checker {
    /// The server is about to handle a datagram.
    pub(crate) fn arrives(&mut self, bytes: &[u8], damaged: bool) {
        if damaged
            && let Some(text) = Text::parse(String::from_utf8_lossy(bytes).as_bytes())
            && text.method() == "NOTIFY"
        {
            // Whatever is left of its keys, the server may take it as the one of this number: a repetition brings no other.
            let of_call = |call: &&mut Dialled| call.protocol_call_id == text.header("call-id");
            for call in self.calls.values_mut().filter(of_call) {
                call.notified = call.notified.max(text.cseq().0);
            }
        }
        let Some(text) = Text::parse(bytes) else {
            self.at_hand = Some(AtHand { damaged: true, ..AtHand::default() });
            return;
        };
        let uri = text.start.split(' ').nth(1).unwrap_or("");
        let user = uri.strip_prefix("sip:").and_then(|rest| rest.split_once('@'));
        let digits = text.body.split("digits=\"").nth(1).and_then(|rest| rest.split('"').next());
        // Keys of an answered call are no number.
        let digits = digits.filter(|_| !text.body.contains(IN_CALL));
        self.at_hand = Some(AtHand {
            invite: text.method() == "INVITE",
            call_id: text.header("call-id").to_owned(),
            cseq: text.cseq().0,
            user: user.map_or("", |(user, _)| user).to_owned(),
            replaces: !text.header("replaces").is_empty(),
            offers_keys: text.header("allow-events").contains("kpml"),
            keys: digits.filter(|_| text.method() == "NOTIFY").unwrap_or("").chars().collect(),
            damaged,
            ..AtHand::default()
        });
    }

    /// The server sends something.
    pub(crate) fn sends(&mut self, bytes: &[u8]) {
        let Some(at_hand) = &mut self.at_hand else { return };
        if at_hand.keys.is_empty() || !bytes.starts_with(b"SIP/2.0 200 ") {
            return;
        }
        let fits = |text: Text| text.cseq() == (at_hand.cseq, "NOTIFY");
        at_hand.accepted |= Text::parse(bytes).is_some_and(fits);
    }

    /// The server has handled it: a key that it took was not lost.
    pub(crate) fn handled(&mut self) -> Result<(), Failure> {
        let Some(at_hand) = self.at_hand.take() else { return Ok(()) };
        let lost = at_hand.accepted && !at_hand.damaged && !at_hand.keys.is_empty() && !at_hand.taken;
        let waits = |call: &Dialled| call.protocol_call_id == at_hand.call_id && call.notified < at_hand.cseq;
        if lost && self.calls.values().any(waits) {
            return Err(format!("the keys {:?} of {} were lost", at_hand.keys, at_hand.call_id));
        }
        Ok(())
    }

    /// The power went.
    pub(crate) fn forget(&mut self) {
        self.calls.clear();
        self.at_hand = None;
    }

    /// Time goes on: nothing that was to happen until now may be missing.
    pub(crate) fn passes(&self, to: Instant) -> Result<(), Failure> {
        for (call, dialled) in &self.calls {
            if dialled.analysis.decision().is_some() {
                return Err(format!("{call}: {} is decided, and nothing happened", dialled.known));
            }
            if let Some(deadline) = dialled.deadline.filter(|deadline| *deadline < to) {
                return Err(format!("{call}: {} was to be decided at {deadline:?}", dialled.known));
            }
        }
        Ok(())
    }

    /// Reads what the server writes into its journal.
    pub(crate) fn record(
        &mut self,
        now: Now,
        record: &Record<'_>,
        configuration: &Configuration,
    ) -> Result<(), Failure> {
        let Some(call) = record.call else { return Ok(()) };
        match &record.entry {
            Entry::Decision(Decision::CallBegan {
                origin: OriginView::Line { line, phone },
                called,
                protocol_call_id,
                ..
            }) => {
                let began = self.began(now, (line, phone), called, protocol_call_id, configuration);
                if let Some(dialled) = began {
                    self.calls.insert(call, dialled);
                }
                Ok(())
            }
            Entry::Told(Told::Digit) => self.key(call, now.mono),
            Entry::Told(Told::DigitsEnded(end)) => {
                if let Some(dialled) = self.calls.get_mut(&call) {
                    dialled.ends(*end, now.mono);
                }
                Ok(())
            }
            Entry::Decision(decision) => self.decided(call, now.mono, decision),
            Entry::Told(_)
            | Entry::Message { .. }
            | Entry::Registration(_)
            | Entry::Alarm(_)
            | Entry::Call(_)
            | Entry::Quality(_)
            | Entry::UserSet(_) => Ok(()),
        }
    }

    fn began(
        &mut self,
        now: Now,
        (line, phone): (&str, &str),
        called: &str,
        protocol_call_id: &str,
        configuration: &Configuration,
    ) -> Option<Dialled> {
        let at_hand = self.at_hand.as_mut().filter(|at_hand| !at_hand.damaged)?;
        at_hand.taken = true;
        // A key that calls a feature by its name, or somebody who takes another one's place: no number is dialled.
        // Nor by who dials its own number, which is how the key of an intercom line calls its target.
        if at_hand.user.starts_with("x-") || at_hand.replaces || called == line {
            return None;
        }
        let phone = configuration.calls.phone(line, (!phone.is_empty()).then_some(phone))?;
        let further = match at_hand.offers_keys {
            true => FurtherDigits::Keys,
            false if phone.settings.overlap => FurtherDigits::Again,
            false => FurtherDigits::None,
        };
        let digits = Digits::parse(called).ok()?;
        let arrival = match further {
            FurtherDigits::Keys if digits.len() > 1 => Arrival::ApplicationThroughSip,
            FurtherDigits::Keys | FurtherDigits::Again => Arrival::KeyByKey,
            FurtherDigits::None | FurtherDigits::Beyond if digits.is_empty() => return None,
            FurtherDigits::None | FurtherDigits::Beyond => Arrival::EnBloc,
        };
        let mut analysis = Analysis::begin(&configuration.calls.plan, phone.caller(), arrival, now.wall);
        analysis.dial(&digits);
        let mut dialled = Dialled {
            protocol_call_id: protocol_call_id.to_owned(),
            grows: further == FurtherDigits::Again,
            known: called.to_owned(),
            own: phone.number.to_string(),
            analysis,
            deadline: None,
            waited: false,
            notified: 0,
        };
        dialled.waits_from(now.mono);
        Some(dialled)
    }

    fn key(&mut self, call: CallId, now: Instant) -> Result<(), Failure> {
        let Some(dialled) = self.calls.get_mut(&call) else { return Ok(()) };
        let Some(at_hand) = &mut self.at_hand else { return Err(format!("{call}: a key out of nothing")) };
        if at_hand.damaged {
            // Who knows what it says.
            self.calls.remove(&call);
            return Ok(());
        }
        at_hand.taken = true;
        dialled.notified = at_hand.cseq;
        if at_hand.keys.is_empty() {
            return Err(format!("{call}: a key that was not pressed"));
        }
        self.statistics.keys += 1;
        dialled.reads(at_hand.keys.remove(0), now);
        Ok(())
    }

    fn decided(&mut self, call: CallId, now: Instant, decision: &Decision<'_>) -> Result<(), Failure> {
        if self.at_hand.as_ref().is_some_and(|at_hand| at_hand.damaged) {
            // Who knows what it says.
            self.calls.remove(&call);
        }
        let Some(dialled) = self.calls.get_mut(&call) else { return Ok(()) };
        if let Some(at_hand) = self.at_hand.as_mut().filter(|at_hand| !at_hand.taken && at_hand.invite)
            && dialled.grows
            && dialled.protocol_call_id == at_hand.call_id
        {
            at_hand.taken = true;
            let Some(more) = at_hand.user.strip_prefix(&*dialled.known) else {
                return Err(format!("{call}: {} does not go on with {}", dialled.known, at_hand.user));
            };
            for key in more.chars().collect::<Vec<_>>() {
                self.statistics.keys += 1;
                dialled.reads(key, now);
            }
        }
        if dialled.deadline == Some(now) && dialled.analysis.decision().is_none() {
            dialled.analysis.timer_expired();
            dialled.waited = true;
            dialled.waits_from(now);
        }
        let expected = match decision {
            Decision::DigitsAwaited { digits, .. } => {
                return match dialled.analysis.digits() {
                    Some(known) if known.as_str() == *digits => Ok(()),
                    known => Err(format!("{call}: waits after {digits}, not after {known:?}")),
                };
            }
            Decision::NumberResolved { digits, pattern, .. } => match dialled.analysis.decision() {
                Some(Verdict::Routed(routed)) => {
                    let row = dialled.analysis.plan().pattern(routed.pattern);
                    *digits == dialled.known && row.is_some_and(|row| row.pattern.text() == *pattern)
                }
                Some(Verdict::Blocked { .. } | Verdict::Rejected(_)) | None => false,
            },
            // The number is known, and what is keyed in from here on is none of it.
            Decision::CodeAsked { .. } => matches!(dialled.analysis.decision(), Some(Verdict::Routed(_))),
            Decision::NumberNotResolved { digits, .. } => match dialled.analysis.decision() {
                Some(Verdict::Blocked { .. } | Verdict::Rejected(_)) => *digits == dialled.known,
                Some(Verdict::Routed(_)) | None => false,
            },
            // The key of the own line came into a call of the line's other phone: no number is analysed.
            Decision::Rung { target: TargetView::Service(Service::Conference(_)), .. }
                if dialled.known == dialled.own =>
            {
                self.calls.remove(&call);
                return Ok(());
            }
            // The line has too many calls, or the caller hung up: nothing is decided any more.
            Decision::Refused { .. } | Decision::Ended { .. } => {
                self.calls.remove(&call);
                return Ok(());
            }
            _ => return Ok(()),
        };
        if !expected {
            let (known, wanted) = (&dialled.known, dialled.analysis.decision());
            return Err(format!(
                "{call}: {decision:?}, but of {known} the analyzer says {wanted:?}, timer {:?}",
                dialled.deadline
            ));
        }
        self.statistics.numbers += 1;
        self.statistics.waited += u64::from(dialled.waited);
        self.calls.remove(&call);
        Ok(())
    }
}

impl Dialled {
    fn reads(&mut self, key: char, now: Instant) {
        let Some(symbol) = u8::try_from(key).ok().and_then(Symbol::new) else { return };
        // A growing number is known by its last INVITE, whatever was read of it.
        if self.analysis.decision().is_some() && !self.grows {
            return;
        }
        let before = self.analysis.keys_used();
        self.analysis.key(symbol);
        self.known.push(key);
        if self.analysis.keys_used() > before {
            self.waits_from(now);
        }
    }

    fn ends(&mut self, end: DigitsEnd, now: Instant) {
        let nothing = self.analysis.digits().is_some_and(|digits| digits.is_empty());
        if end == DigitsEnd::Complete || nothing {
            let undecided = self.analysis.decision().is_none();
            self.analysis.complete();
            if undecided && self.analysis.decision().is_some() {
                self.waits_from(now);
            }
        }
    }

    fn waits_from(&mut self, now: Instant) {
        self.deadline = match self.analysis.progress() {
            Progress::Collecting { timer } => timer.map(|timer| now + timer),
            Progress::Waiting { timer } => Some(now + timer),
            Progress::Decided(_) => None,
        };
    }
}
