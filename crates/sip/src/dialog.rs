//! What both sides of a dialog remember (RFC 3261 §12) and the requests written from it.

use strowger_base::net::Flow;

use crate::core::Shared;
use crate::message::{HeaderName, Message, MethodKind};
use crate::telephone_event;
use crate::transaction::table::Branch;
use crate::write;

/// The state of a dialog, early or confirmed, as one of its ends keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    pub(crate) call_id: Box<str>,
    /// Value of From in our requests, with our tag.
    pub(crate) local: Box<str>,
    /// Our tag; unique among all legs of the shard.
    pub(crate) local_tag: u64,
    /// Value of To in our requests, with the peer's tag once it is known.
    pub(crate) remote: Box<str>,
    /// The peer's tag; empty until it is known.
    pub(crate) remote_tag: Box<str>,
    /// CSeq of our last request.
    pub(crate) local_cseq: u32,
    /// CSeq of the peer's last request; `None` before the first.
    pub(crate) remote_cseq: Option<u32>,
    /// The peer's Contact: the Request-URI of our requests.
    pub(crate) target: Box<str>,
    /// Route set, in the order in which it is written.
    pub(crate) routes: Vec<Box<str>>,
    /// The way to the peer.
    pub(crate) flow: Flow,
    /// User part of our Contact.
    pub(crate) contact_user: Box<str>,
    /// What our Contact says of what we can do (RFC 3840); mostly nothing.
    pub(crate) contact_features: &'static str,
    /// What the peer has said that it takes.
    pub(crate) said: Said,
}

/// What the peer of a dialog has said that it takes. Phones behind a forking proxy each say so for themselves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Said {
    /// UPDATE (Allow).
    pub(crate) update: bool,
    /// INFO (Allow).
    pub(crate) info: bool,
    /// It has named its methods, and so, perhaps, that it takes neither.
    pub(crate) methods: bool,
    /// It can be asked for keys (its Allow-Events said so).
    pub(crate) kpml: bool,
    /// It tells keys in NOTIFY, and takes them so.
    pub(crate) notifies: bool,
}

impl Said {
    /// A message of the peer that says what it can.
    pub(crate) fn heard(&mut self, message: &Message<'_>) {
        let allows =
            |method: &[u8]| message.values(HeaderName::Allow).any(|value| value.eq_ignore_ascii_case(method));
        self.update |= allows(b"UPDATE");
        self.info |= allows(b"INFO");
        self.methods |= message.first(HeaderName::Allow).is_some();
        let is_kpml = |event: &[u8]| event.eq_ignore_ascii_case(b"kpml");
        self.kpml |= message.values(HeaderName::AllowEvents).any(is_kpml);
        self.notifies |= telephone_event::is_offered(message);
    }
}

impl Dialog {
    /// Writes a request up to and including Contact; the caller adds headers and finishes it.
    ///
    /// Deviates from RFC 3261 §12.2.1.1 in one point: a first route without `lr` (strict routing of
    /// RFC 2543) is treated as a loose one; no phone or gateway of the last twenty years writes it.
    pub(crate) fn write_request(
        &self,
        shared: &Shared,
        method: MethodKind,
        cseq: u32,
        branch: Branch,
        hops: u8,
        out: &mut Vec<u8>,
    ) {
        write::request_line(out, method.as_str(), self.target.as_bytes());
        shared.write_via(&self.flow, branch, out);
        for route in &self.routes {
            write::header(out, b"Route", route.as_bytes());
        }
        out.extend_from_slice(b"Max-Forwards: ");
        write::decimal(out, u64::from(hops));
        out.extend_from_slice(b"\r\n");
        write::header(out, b"From", self.local.as_bytes());
        write::header(out, b"To", self.remote.as_bytes());
        write::header(out, b"Call-ID", self.call_id.as_bytes());
        out.extend_from_slice(b"CSeq: ");
        write::decimal(out, u64::from(cseq));
        out.push(b' ');
        out.extend_from_slice(method.as_str().as_bytes());
        out.extend_from_slice(b"\r\n");
        if takes_contact(method) {
            shared.write_contact_of(self, &self.flow, out);
        }
    }

    /// Bytes of what the peer wrote and is kept.
    pub(crate) fn text_bytes(&self) -> usize {
        let texts = [&self.call_id, &self.local, &self.remote, &self.remote_tag, &self.target];
        texts.into_iter().chain(&self.routes).map(|text| text.len()).sum()
    }

    /// Whether a request in this dialog is new: its CSeq is higher than the last (RFC 3261 §12.2.2).
    pub(crate) fn accept_cseq(&mut self, cseq: u32) -> bool {
        let fresh = self.remote_cseq.is_none_or(|last| cseq > last);
        if fresh {
            self.remote_cseq = Some(cseq);
        }
        fresh
    }

    /// The same dialog towards another answering device of a forked INVITE, which had this CSeq: all other numbers are of the one dialog alone
    /// (RFC 3261 §12.1.2).
    pub(crate) fn clone_for_fork(&self, cseq: u32) -> Dialog {
        Dialog {
            call_id: self.call_id.clone(),
            local: self.local.clone(),
            local_tag: self.local_tag,
            remote: self.remote.clone(),
            remote_tag: Box::from(""),
            local_cseq: cseq,
            remote_cseq: None,
            target: self.target.clone(),
            routes: self.routes.clone(),
            flow: self.flow,
            contact_user: self.contact_user.clone(),
            contact_features: self.contact_features,
            said: Said::default(),
        }
    }

    /// Takes the peer's Contact of a target refresh (RFC 3261 §12.2.1.2, RFC 3311 §5.1).
    pub(crate) fn refresh_target(&mut self, message: &Message<'_>) {
        if let Some(contact) = first_contact(message)
            && *contact != *self.target
        {
            self.target = contact;
        }
    }
}

/// The URI of the first Contact.
pub(crate) fn first_contact(message: &Message<'_>) -> Option<Box<str>> {
    message.contact_uri().map(Box::from)
}

/// Requests that carry a Contact: those that begin a dialog or refresh its target.
const fn takes_contact(method: MethodKind) -> bool {
    matches!(
        method,
        MethodKind::Invite
            | MethodKind::Update
            | MethodKind::Ack
            | MethodKind::Refer
            | MethodKind::Notify
            | MethodKind::Subscribe
    )
}
