//! One registered contact, kept small: there is one for every phone.

use std::time::Duration;

use strowger_base::leg::BindingId;
use strowger_base::net::Flow;
use strowger_base::{Instant, Now, TimerHandle, limits};

use crate::header::{elements, text};
use crate::io::BindingRecord;

/// A contact of a line.
///
/// All its texts stand behind one another in one allocation; `ends` says where each but the last ends.
#[derive(Debug)]
pub struct Binding {
    text: Box<str>,
    ends: [u16; 5],
    /// Preference in thousandths, 0 to 1000 (RFC 3261 §20.10).
    pub(super) preference: u16,
    pub(super) cseq: u32,
    pub(super) reg_id: Option<u32>,
    pub(super) flow: Flow,
    pub(super) expires_at: Instant,
    pub(super) timer: TimerHandle,
}

/// The texts of a binding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Texts<'a> {
    pub(super) line: &'a str,
    pub(super) contact: &'a str,
    /// Without quotes and angle brackets; empty when there is none.
    pub(super) instance: &'a str,
    pub(super) call_id: &'a str,
    pub(super) user_agent: &'a str,
    /// Separated by commas; empty when there is none.
    pub(super) path: &'a str,
}

/// Texts in one piece.
#[derive(Debug)]
pub(super) struct Packed {
    text: Box<str>,
    ends: [u16; 5],
}

impl Texts<'_> {
    /// How long they are together.
    pub(super) const fn len(&self) -> usize {
        self.line.len()
            + self.contact.len()
            + self.instance.len()
            + self.call_id.len()
            + self.user_agent.len()
            + self.path.len()
    }

    /// Puts them into one piece; `None` when they are longer than [`limits::BINDING_TEXT_BYTES`].
    pub(super) fn pack(&self) -> Option<Packed> {
        if self.len() > limits::BINDING_TEXT_BYTES {
            return None;
        }
        let mut text = String::with_capacity(self.len());
        let mut ends = [0; 5];
        let parts = [self.line, self.contact, self.instance, self.call_id, self.user_agent];
        for (part, end) in parts.iter().zip(&mut ends) {
            text.push_str(part);
            // The limit fits 16 bits, which is checked where it is used below.
            *end = text.len() as u16;
        }
        text.push_str(self.path);
        Some(Packed { text: text.into_boxed_str(), ends })
    }
}

const _: () = assert!(limits::BINDING_TEXT_BYTES <= u16::MAX as usize, "offsets have 16 bits");

impl Binding {
    pub(super) fn new(
        packed: Packed,
        flow: Flow,
        cseq: u32,
        reg_id: Option<u32>,
        preference: u16,
        expires_at: Instant,
        timer: TimerHandle,
    ) -> Self {
        let Packed { text, ends } = packed;
        Binding { text, ends, preference, cseq, reg_id, flow, expires_at, timer }
    }

    /// Takes other texts; nothing is allocated when they are the ones it has.
    pub(super) fn set_texts(&mut self, texts: &Texts<'_>) {
        if self.texts() == *texts {
            return;
        }
        if let Some(Packed { text, ends }) = texts.pack() {
            self.text = text;
            self.ends = ends;
        }
    }

    /// The line.
    pub fn line(&self) -> &str {
        self.part(0)
    }

    /// The contact URI as the phone wrote it.
    pub fn contact(&self) -> &str {
        self.part(1)
    }

    /// The contact URI as it may stand in a request line: without the headers that it may carry, which are not
    /// allowed there (RFC 3261 §19.1.1, table 1).
    pub fn request_uri(&self) -> &str {
        self.contact().split('?').next().unwrap_or_default()
    }

    /// Its `+sip.instance` without quotes and angle brackets, when it gave one (RFC 5626 §4.1).
    pub fn instance(&self) -> Option<&str> {
        Some(self.part(2)).filter(|instance| !instance.is_empty())
    }

    /// Its `reg-id`, when it registered an outbound flow (RFC 5626 §4.2).
    pub const fn reg_id(&self) -> Option<u32> {
        self.reg_id
    }

    /// Call-ID of its last REGISTER.
    pub fn call_id(&self) -> &str {
        self.part(3)
    }

    /// What it calls itself; at most [`limits::USER_AGENT_BYTES`] of it.
    pub fn user_agent(&self) -> &str {
        self.part(4)
    }

    /// The proxies on the way to it, outermost first (RFC 3327).
    pub fn path(&self) -> impl Iterator<Item = &str> {
        elements(self.part(5).as_bytes()).map(text).filter(|route| !route.is_empty())
    }

    /// Where its REGISTER came from: requests to it go there, which is the way through its NAT.
    pub const fn flow(&self) -> Flow {
        self.flow
    }

    /// Preference in thousandths, 0 to 1000 (RFC 3261 §20.10).
    pub const fn preference(&self) -> u16 {
        self.preference
    }

    /// When it ends.
    pub const fn expires_at(&self) -> Instant {
        self.expires_at
    }

    pub(super) fn texts(&self) -> Texts<'_> {
        Texts {
            line: self.part(0),
            contact: self.part(1),
            instance: self.part(2),
            call_id: self.part(3),
            user_agent: self.part(4),
            path: self.part(5),
        }
    }

    /// What has to survive a restart.
    pub(super) fn record(&self, binding: BindingId, now: Now) -> BindingRecord {
        BindingRecord {
            binding,
            line: Box::from(self.line()),
            contact: Box::from(self.contact()),
            instance: self.instance().map(Box::from),
            reg_id: self.reg_id,
            path: self.path().map(Box::from).collect(),
            flow: self.flow,
            call_id: Box::from(self.call_id()),
            cseq: self.cseq,
            expires_at: now.wall + self.left(now),
            user_agent: Box::from(self.user_agent()),
        }
    }

    /// The time that it still has.
    pub(super) fn left(&self, now: Now) -> Duration {
        self.expires_at.saturating_since(now.mono)
    }

    /// Bytes of its texts.
    pub(super) const fn text_bytes(&self) -> usize {
        self.text.len()
    }

    fn part(&self, index: usize) -> &str {
        let from = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        let to = self.ends.get(index).map_or(self.text.len(), |end| usize::from(*end));
        self.text.get(usize::from(from)..to).unwrap_or_default()
    }
}
