//! What every message of ours has: Via, Contact, addresses, and the buffer they are written in.

use strowger_base::leg::{Party, Presentation};
use strowger_base::net::{Flow, Transport};

use super::Shared;
use crate::dialog::Dialog;
use crate::message::Message;
use crate::transaction::table::Branch;
use crate::write;

impl Shared {
    pub(crate) fn write_via(&self, flow: &Flow, branch: Branch, out: &mut Vec<u8>) {
        out.extend_from_slice(b"Via: SIP/2.0/");
        out.extend_from_slice(flow.transport().token().as_bytes());
        out.push(b' ');
        write::address(out, self.advertised(flow));
        out.extend_from_slice(b";branch=z9hG4bK");
        write::hex64(out, branch.0);
        out.extend_from_slice(b";rport\r\n");
    }

    pub(crate) fn write_contact(&self, flow: &Flow, user: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(b"Contact: <sip:");
        write::escaped_user(out, user);
        if !user.is_empty() {
            out.push(b'@');
        }
        write::address(out, self.advertised(flow));
        if flow.transport() != Transport::Udp {
            out.extend_from_slice(b";transport=");
            out.extend_from_slice(flow.transport().parameter().as_bytes());
        }
        out.extend_from_slice(b">\r\n");
    }

    /// The same for a dialog, with what it says of what we can do.
    pub(crate) fn write_contact_of(&self, dialog: &Dialog, flow: &Flow, out: &mut Vec<u8>) {
        self.write_contact(flow, &dialog.contact_user, out);
        if !dialog.contact_features.is_empty() {
            out.truncate(out.len() - 2);
            out.extend_from_slice(dialog.contact_features.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }

    /// `"Name" <sip:number@domain>`.
    pub(crate) fn write_name_addr(&self, party: &Party, out: &mut Vec<u8>) {
        write::name_addr(out, &party.name, &party.number, &self.configuration.domain);
    }

    /// The From value of a leg that we begin.
    pub(crate) fn local_address(&self, party: &Party, tag: u64) -> Box<str> {
        self.drafted_text(|text| {
            match party.presentation {
                Presentation::Allowed => self.write_name_addr(party, text),
                Presentation::Restricted => {
                    text.extend_from_slice(b"\"Anonymous\" <sip:anonymous@anonymous.invalid>");
                }
            }
            text.extend_from_slice(b";tag=");
            write::hex64(text, tag);
        })
    }

    /// The To value of a leg that we begin.
    pub(crate) fn remote_address(&self, number: &str) -> Box<str> {
        let (user, host) = write::user_at_host(number).unwrap_or((number, &self.configuration.domain));
        self.drafted_text(|text| write::name_addr(text, "", user, host))
    }

    /// Everything of a response between status line and body headers: Via, From, To, Call-ID, CSeq, Record-Route.
    pub(crate) fn head_of(&self, request: &Message<'_>, flow: &Flow, local_tag: u64) -> Box<[u8]> {
        self.drafted(|head| write::response_head(head, request, Some(local_tag), flow.peer()))
    }

    /// A copy of what `write` appends.
    pub(super) fn drafted(&self, write: impl FnOnce(&mut Vec<u8>)) -> Box<[u8]> {
        let mut draft = self.draft();
        write(&mut draft);
        let copy = Box::from(draft.as_slice());
        self.keep_draft(draft);
        copy
    }

    /// An empty vector with room; to be given back with [`Shared::keep_draft`].
    pub(crate) fn draft(&self) -> Vec<u8> {
        let mut draft = self.draft.take();
        draft.clear();
        draft
    }

    pub(crate) fn keep_draft(&self, draft: Vec<u8>) {
        self.draft.set(draft);
    }

    /// The same for text that is made of text.
    pub(super) fn drafted_text(&self, write: impl FnOnce(&mut Vec<u8>)) -> Box<str> {
        write::utf8(self.drafted(write))
    }
}
