//! Remote call control of Cisco's phones: keys that they send as XML in a REFER, and what they are answered.
//!
//! A phone that is asked by its user for a conference, call park and the like sends a REFER outside of any dialog, whose body
//! names the dialogs that are meant as the phone sees them. It has 202 at once; what became of it follows in a request of ours.

use strowger_base::feature::{FeatureRequest, Turn};
use strowger_base::journal::OnOff;
use strowger_base::leg::BindingId;
use strowger_base::line::lines_of;
use strowger_base::net::Flow;
use strowger_base::{LegId, Now, limits};

use crate::body;
use crate::core::{Sip, write_retry_after};
use crate::io::Outbox;
use crate::message::{HeaderName, Message, MethodKind};
use crate::receive::write_allow;
use crate::transaction::table::ServerKey;
use crate::write;

/// The type of such a body.
const REQUEST: &[u8] = b"application/x-cisco-remotecc-request+xml";

/// Elements of a body that are looked at; more make it unreadable.
const NODES: u32 = 256;

/// A dialog as its phone names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DialogId {
    pub(crate) call_id: Box<str>,
    /// The phone's tag.
    pub(crate) local_tag: Box<str>,
    /// Our tag.
    pub(crate) remote_tag: Box<str>,
}

/// A key that was pressed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SoftKey {
    pub(crate) key: Key,
    /// The call that it is about; `None` for a key that is about none.
    pub(crate) dialog: Option<DialogId>,
    /// The other calls that are meant: the consultation, and those that are joined.
    pub(crate) others: Vec<DialogId>,
}

/// What the key is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Key {
    /// One that asks for a feature with the call.
    Feature(Feature),
    /// One that is about no call: the phone takes part in hunts of its lines from here on, or no more.
    HuntLog,
    /// One that the phone tells and nobody acts on: marks of its own display.
    Told,
    /// One that we do not have.
    Unknown,
}

/// What a key with a call asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Feature {
    Conference,
    DropLast,
    Participants,
    Park,
    Divert,
    MaliciousCall,
    CallBack,
    Record(Turn),
}

impl Feature {
    /// As call control is asked; `with` are the legs of the other calls.
    pub(crate) fn request(self, with: Vec<LegId>) -> FeatureRequest {
        match self {
            Feature::Conference => FeatureRequest::Conference { with },
            Feature::DropLast => FeatureRequest::DropLast,
            Feature::Participants => FeatureRequest::Participants,
            Feature::Park => FeatureRequest::Park,
            Feature::Divert => FeatureRequest::Divert,
            Feature::MaliciousCall => FeatureRequest::MaliciousCall,
            Feature::CallBack => FeatureRequest::CallBack,
            Feature::Record(turn) => FeatureRequest::Record(turn),
        }
    }
}

/// The body of a REFER that is remote call control, alone or as a part of several; `None` when it is none.
pub(crate) fn request_body<'m>(refer: &'m Message<'_>) -> Option<&'m [u8]> {
    let content_type = refer.first(HeaderName::ContentType)?;
    let is_request = |content_type: &[u8]| body::media_type(content_type).0.eq_ignore_ascii_case(REQUEST);
    if is_request(content_type) {
        return Some(refer.body());
    }
    body::parts(content_type, refer.body()).find(|part| is_request(part.content_type)).map(|part| part.body)
}

/// The key that a body tells; `None` when it cannot be read or tells of none.
pub(crate) fn soft_key(body: &[u8]) -> Option<SoftKey> {
    let text = std::str::from_utf8(body).ok()?;
    let options = roxmltree::ParsingOptions { allow_dtd: false, nodes_limit: NODES, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(text.trim(), options).ok()?;
    let root = document.root_element();
    if root.tag_name().name() != "x-cisco-remotecc-request" {
        return None;
    }
    let message = child(root, "softkeyeventmsg")?;
    let key = key(child(message, "softkeyevent")?.text()?.trim());
    let named = |name: &str| child(message, name).and_then(dialog);
    let others = ["consultdialogid", "joindialogid"].into_iter().filter_map(named).collect();
    Some(SoftKey { key, dialog: named("dialogid"), others })
}

fn key(word: &str) -> Key {
    match word {
        "Conference" | "Join" => Key::Feature(Feature::Conference),
        "RmLastConf" => Key::Feature(Feature::DropLast),
        "ConfList" | "ConfDetails" => Key::Feature(Feature::Participants),
        "Park" | "ParkMonitor" => Key::Feature(Feature::Park),
        "IDivert" => Key::Feature(Feature::Divert),
        "MCID" => Key::Feature(Feature::MaliciousCall),
        "CallBack" => Key::Feature(Feature::CallBack),
        "StartRecording" => Key::Feature(Feature::Record(Turn::On)),
        "StopRecording" => Key::Feature(Feature::Record(Turn::Off)),
        "HLog" => Key::HuntLog,
        "Select" | "Unselect" | "Cancel" => Key::Told,
        _ => Key::Unknown,
    }
}

fn child<'a, 'x>(node: roxmltree::Node<'a, 'x>, name: &str) -> Option<roxmltree::Node<'a, 'x>> {
    node.children().find(|child| child.is_element() && child.tag_name().name() == name)
}

/// A dialog; `None` when it is left empty, as phones do for what does not apply.
fn dialog(node: roxmltree::Node<'_, '_>) -> Option<DialogId> {
    let text = |name: &str| child(node, name).and_then(|it| it.text()).map_or("", str::trim);
    let (call_id, local_tag, remote_tag) = (text("callid"), text("localtag"), text("remotetag"));
    let named = !call_id.is_empty() && !local_tag.is_empty() && !remote_tag.is_empty();
    named.then(|| DialogId {
        call_id: call_id.into(),
        local_tag: local_tag.into(),
        remote_tag: remote_tag.into(),
    })
}

/// What a phone is answered that asked for something, as the body of a NOTIFY: `code` is 200 or 500.
pub(crate) fn response(code: u16) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<x-cisco-remotecc-response><response><code>{code}</code></response></x-cisco-remotecc-response>\n"
    )
}

/// A text that the phone shows for a while. It is in ISO 8859-1, since escape codes begin with the byte 0x80; characters that this
/// does not have are left out.
pub(crate) fn status_line(text: &str) -> Vec<u8> {
    let mut body = Vec::with_capacity(384 + text.len());
    body.extend_from_slice(
        b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<x-cisco-remotecc-request><statuslineupdatereq><action>notify_display</action><statustext>",
    );
    for character in text.chars() {
        match character {
            '<' => body.extend_from_slice(b"&lt;"),
            '>' => body.extend_from_slice(b"&gt;"),
            '&' => body.extend_from_slice(b"&amp;"),
            other => body.extend(u8::try_from(u32::from(other))),
        }
    }
    body.extend_from_slice(
        b"</statustext><displaytimeout>10</displaytimeout><linenumber>0</linenumber><priority>1</priority></statuslineupdatereq></x-cisco-remotecc-request>\n",
    );
    body
}

/// What a REFER to a phone has besides what every request has: who refers, and what is wanted, in a body that `id` names.
pub(crate) fn write_request(buffer: &mut Vec<u8>, ours: &str, id: &str, body: &[u8]) {
    buffer.extend_from_slice(b"Require: norefersub\r\n");
    write::header(buffer, b"Referred-By", ours.as_bytes());
    for (name, parts) in [(&b"Content-Id: "[..], ["<", id, ">\r\n"]), (b"Refer-To: ", ["cid:", id, "\r\n"])] {
        buffer.extend_from_slice(name);
        parts.into_iter().for_each(|part| buffer.extend_from_slice(part.as_bytes()));
    }
    write::finish(buffer, Some("application/x-cisco-remotecc-request+xml"), body);
}

/// Whether a phone takes part in hunts, for its lamp.
pub(crate) const fn hunt_update(hunted: OnOff) -> &'static str {
    match hunted {
        OnOff::On => {
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<x-cisco-remotecc-request><hlogupdate><status>on</status></hlogupdate></x-cisco-remotecc-request>\n"
        }
        OnOff::Off => {
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<x-cisco-remotecc-request><hlogupdate><status>off</status></hlogupdate></x-cisco-remotecc-request>\n"
        }
    }
}

/// The escape code before the number at which a call is parked.
pub(crate) const PARKED_AT: &str = "\u{80}! ";
/// That no number is left to park a call at.
pub(crate) const NO_PARK_NUMBER: &str = "\u{80}^";
/// That a conference cannot be completed.
pub(crate) const NO_CONFERENCE: &str = "\u{80}S";
/// That a call was marked as malicious.
pub(crate) const MARKED_MALICIOUS: &str = "\u{80}T";

impl Sip {
    /// A REFER outside of any dialog: a key of a phone, or nothing that we take.
    pub(crate) fn remote_control(
        &mut self,
        now: Now,
        flow: Flow,
        bytes: &[u8],
        refer: &Message<'_>,
        key: ServerKey,
        out: &mut Outbox,
    ) {
        let Some(body) = request_body(refer) else {
            return self.refuse(refer, flow, 405, write_allow, out);
        };
        // Phones cannot answer a challenge of a REFER: the connection on which they registered speaks for them, or the address and port.
        let speaks = self.registrar.has_registered_on(flow) || self.registered_at(flow, refer).is_some();
        if !speaks && self.identify(now, flow, refer, "REFER", out).is_none() {
            return;
        }
        let Some(SoftKey { key: pressed, dialog, others }) = soft_key(body) else {
            return self.refuse(refer, flow, 400, |_| (), out);
        };
        let feature = match pressed {
            Key::Feature(feature) => feature,
            Key::HuntLog => return self.hunt_key(now, flow, refer, key, out),
            Key::Told => return self.refuse(refer, flow, 202, |_| (), out),
            Key::Unknown => return self.refuse(refer, flow, 603, |_| (), out),
        };
        let leg = |id: &DialogId| self.leg_of_phone(id, flow);
        let with: Option<Vec<LegId>> = others.iter().map(leg).collect();
        let (Some(id), Some(with)) = (dialog.as_ref().and_then(leg), with) else {
            return self.refuse(refer, flow, 481, |_| (), out);
        };
        if self.shared.transactions.len() >= limits::TRANSACTIONS {
            self.shared.counters.shed += 1;
            return self.refuse(refer, flow, 503, write_retry_after, out);
        }
        self.journal(id, flow, bytes, refer, out);
        self.shared.transactions.begin_server(key, MethodKind::Refer, flow, id, &[]);
        self.with_leg(id, now, |leg, shared| {
            leg.soft_key(shared, now, refer, key, flow, (feature, with), out);
        });
    }

    /// The phone of the line that a REFER names which registered from where this one came: over the connection, or with datagrams
    /// from the address and port.
    fn registered_at(&self, flow: Flow, refer: &Message<'_>) -> Option<BindingId> {
        let lines = &self.shared.configuration.lines;
        let number = refer.from_user();
        let mut phones = lines_of(lines, &number).flat_map(|(line, _)| self.registrar.contacts_of(line));
        phones.find(|id| self.registrar.binding(*id).is_some_and(|binding| binding.flow() == flow))
    }

    /// The leg that a phone names, when it is its own: it is at the address and port from which it asks. Behind one address there may be
    /// many phones.
    fn leg_of_phone(&self, named: &DialogId, flow: Flow) -> Option<LegId> {
        let id = self.leg_in_dialog(&named.call_id, &named.remote_tag, &named.local_tag)?;
        (self.legs.get(&id)?.dialog.flow.peer() == flow.peer()).then_some(id)
    }
}

mod hunt_log;
#[cfg(test)]
mod tests;
