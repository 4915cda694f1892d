//! One registered contact, kept small: there is one for every phone.

use std::time::Duration;

use strowger_base::leg::BindingId;
use strowger_base::net::Flow;
use strowger_base::{Instant, Now, TimerHandle};

use super::texts::{BindingTexts, PackedTexts};
use crate::io::{BindingRecord, FingerprintKey, PhoneAccount, PhonePlace};

/// A contact of a line.
#[derive(Debug)]
pub struct Binding {
    pub(super) texts: PackedTexts,
    /// Whose contact it is.
    pub(super) phone: PhonePlace,
    /// Preference in thousandths, 0 to 1000 (RFC 3261 §20.10).
    pub(super) preference: u16,
    pub(super) cseq: u32,
    pub(super) reg_id: Option<u32>,
    pub(super) flow: Flow,
    /// It calls itself by a private address that its packets do not come from.
    pub(super) behind_nat: bool,
    /// It says that it takes remote control: it is a phone of Cisco with an enterprise load.
    pub(super) takes_control: bool,
    pub(super) expires_at: Instant,
    pub(super) timer: TimerHandle,
}

impl Binding {
    /// Takes other texts; nothing is allocated when they are the ones it has.
    pub(super) fn set_texts(&mut self, texts: &BindingTexts<'_>) {
        if self.texts.get() != *texts
            && let Some(packed) = texts.pack()
        {
            self.texts = packed;
        }
    }

    /// The line, by its [`strowger_base::LineName`].
    pub fn line(&self) -> &str {
        self.texts.part(0)
    }

    /// Which phone of the line it belongs to.
    pub const fn phone(&self) -> PhonePlace {
        self.phone
    }

    /// The contact URI as the phone wrote it.
    pub fn contact(&self) -> &str {
        self.texts.part(1)
    }

    /// Whether the phone is behind NAT, as its last REGISTER showed.
    pub const fn is_behind_nat(&self) -> bool {
        self.behind_nat
    }

    /// Whether the phone takes requests of remote control, as its last REGISTER said. After a restart its user agent says so until it
    /// registers again.
    pub const fn takes_control(&self) -> bool {
        self.takes_control
    }

    /// The contact URI as it may stand in a request line: without the headers that it may carry, which are not
    /// allowed there (RFC 3261 §19.1.1, table 1).
    pub fn request_uri(&self) -> &str {
        self.contact().split('?').next().unwrap_or_default()
    }

    /// Its `+sip.instance` without quotes and angle brackets, when it gave one (RFC 5626 §4.1).
    pub fn instance(&self) -> Option<&str> {
        Some(self.texts.part(2)).filter(|instance| !instance.is_empty())
    }

    /// Its `reg-id`, when it registered an outbound flow (RFC 5626 §4.2).
    pub const fn reg_id(&self) -> Option<u32> {
        self.reg_id
    }

    /// Call-ID of its last REGISTER.
    pub fn call_id(&self) -> &str {
        self.texts.part(3)
    }

    /// What it calls itself; at most [`strowger_base::limits::USER_AGENT_BYTES`] of it.
    pub fn user_agent(&self) -> &str {
        self.texts.part(4)
    }

    /// The proxies on the way to it, outermost first (RFC 3327).
    pub fn path(&self) -> impl Iterator<Item = &str> {
        self.texts.get().routes()
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

    /// What has to survive a restart, but for the socket.
    pub(super) fn record(
        &self,
        binding: BindingId,
        now: Now,
        phone: Option<&PhoneAccount>,
        key: FingerprintKey,
    ) -> BindingRecord {
        BindingRecord {
            binding,
            texts: self.texts.clone(),
            phone: phone.and_then(|phone| phone.name.clone()),
            reg_id: self.reg_id,
            account: phone.map(|phone| phone.fingerprint(key)).unwrap_or_default(),
            flow: self.flow,
            socket: None,
            cseq: self.cseq,
            expires_at: now.wall + self.left(now),
        }
    }

    /// The time that it still has.
    pub(super) fn left(&self, now: Now) -> Duration {
        self.expires_at.saturating_since(now.mono)
    }

    /// Bytes of its texts.
    pub(super) fn text_bytes(&self) -> usize {
        self.texts.bytes()
    }
}
