//! What a phone asks by remote call control: the bodies of its REFER, read strictly.
//!
//! A key is a `softkeyeventmsg` with the dialogs that are meant as the phone sees them. What its user chose on a screen of ours is a
//! `datapassthroughreq`, and a second part has what the screen says is to be sent back: the number of an item, or the word of a key.

use strowger_base::LegId;
use strowger_base::feature::{FeatureRequest, Turn};

use crate::body;
use crate::message::{HeaderName, Message};

/// The type of a body that asks for something.
pub(crate) const REQUEST: &str = "application/x-cisco-remotecc-request+xml";
/// The type of a body that belongs to a screen.
pub(crate) const SCREEN: &str = "application/x-cisco-remotecc-cm+xml";

/// Elements of a body that are looked at; more make it unreadable.
pub(super) const NODES: u32 = 256;
/// Bytes of what a screen sends back.
const DATA_BYTES: usize = 64;

/// What a phone asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Asks {
    /// A key was pressed.
    Key(SoftKey),
    /// Something was chosen on a screen.
    Choice(Choice),
}

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
    /// The same, and the phone wants to be told what becomes of the parked call.
    ParkMonitored,
    Divert,
    MaliciousCall,
    CallBack,
    Record(Turn),
    /// The quality report tool; it may be pressed without a call, too.
    Quality,
}

impl Feature {
    /// As call control is asked; `with` are the legs of the other calls.
    pub(crate) fn request(self, with: Vec<LegId>) -> FeatureRequest {
        match self {
            Feature::Conference => FeatureRequest::Conference { with },
            Feature::DropLast => FeatureRequest::DropLast,
            Feature::Participants => FeatureRequest::Participants,
            Feature::Park | Feature::ParkMonitored => FeatureRequest::Park,
            Feature::Divert => FeatureRequest::Divert,
            Feature::MaliciousCall => FeatureRequest::MaliciousCall,
            Feature::CallBack => FeatureRequest::CallBack,
            Feature::Record(turn) => FeatureRequest::Record(turn),
            Feature::Quality => FeatureRequest::ReportQuality(None),
        }
    }
}

/// What was chosen on a screen of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Choice {
    /// Which kind of screen it is, as our request said.
    pub(crate) application: u32,
    /// Which screen, as our request said (`confid`).
    pub(crate) screen: u32,
    pub(crate) chosen: Chosen,
}

/// An item of a screen, or a key below it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Chosen {
    /// The item with this number.
    Item(u32),
    /// The item that comes next is put out.
    Remove,
    /// The item that comes next is muted, or heard again.
    Mute,
    /// The screen is to show what is true now.
    Update,
    /// The number of the screen is called.
    Dial,
    /// What the screen tells of is not wanted any more.
    Cancel,
}

/// Why a body cannot be read; the phone is answered 400.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unreadable {
    /// It is no UTF-8.
    NotText,
    /// It is no XML, has a document type, or too many elements.
    NotXml,
    /// It asks for nothing that a phone asks for.
    NoRequest,
    /// An element is missing, or no number where one is due.
    Missing(&'static str),
    /// The part is missing that has what was chosen, or it is none of what our screens send back.
    NoChoice,
}

impl Unreadable {
    /// What is said of it, for who reads a trace.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Unreadable::NotText => "the body is no UTF-8",
            Unreadable::NotXml => "the body is no XML that is read here",
            Unreadable::NoRequest => "the body has neither softkeyeventmsg nor datapassthroughreq",
            Unreadable::Missing("softkeyevent") => "softkeyevent is missing",
            Unreadable::Missing("applicationid") => "applicationid is missing or no number",
            Unreadable::Missing(_) => "confid is missing or no number",
            Unreadable::NoChoice => "the part with what was chosen is missing or unknown",
        }
    }
}

/// What a REFER asks for by remote call control, alone or as a part of several; `None` when it is about something else.
pub(crate) fn asks(refer: &Message<'_>) -> Option<Result<Asks, Unreadable>> {
    let request = part(refer, REQUEST)?;
    Some(read(request, part(refer, SCREEN)))
}

/// The part of a body that has this type.
fn part<'m>(refer: &'m Message<'_>, wanted: &str) -> Option<&'m [u8]> {
    let content_type = refer.first(HeaderName::ContentType)?;
    let is_it =
        |content_type: &[u8]| body::media_type(content_type).0.eq_ignore_ascii_case(wanted.as_bytes());
    if is_it(content_type) {
        return Some(refer.body());
    }
    body::parts(content_type, refer.body()).find(|part| is_it(part.content_type)).map(|part| part.body)
}

/// Reads a request, and what was chosen where it belongs to a screen.
pub(super) fn read(request: &[u8], data: Option<&[u8]>) -> Result<Asks, Unreadable> {
    let text = std::str::from_utf8(request).map_err(|_| Unreadable::NotText)?;
    let options = roxmltree::ParsingOptions { allow_dtd: false, nodes_limit: NODES, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(text.trim(), options);
    let document = document.map_err(|_| Unreadable::NotXml)?;
    let root = document.root_element();
    if root.tag_name().name() != "x-cisco-remotecc-request" {
        return Err(Unreadable::NoRequest);
    }
    if let Some(message) = child(root, "softkeyeventmsg") {
        let word = child(message, "softkeyevent").and_then(|it| it.text());
        let key = key(word.ok_or(Unreadable::Missing("softkeyevent"))?.trim());
        let named = |name: &str| child(message, name).and_then(dialog);
        let others = ["consultdialogid", "joindialogid"].into_iter().filter_map(named).collect();
        return Ok(Asks::Key(SoftKey { key, dialog: named("dialogid"), others }));
    }
    let passed = child(root, "datapassthroughreq").ok_or(Unreadable::NoRequest)?;
    let number = |name: &'static str| {
        let text = child(passed, name).and_then(|it| it.text()).map(str::trim);
        text.and_then(|text| text.parse().ok()).ok_or(Unreadable::Missing(name))
    };
    let (application, screen) = (number("applicationid")?, number("confid")?);
    let chosen = data.and_then(chosen).ok_or(Unreadable::NoChoice)?;
    Ok(Asks::Choice(Choice { application, screen, chosen }))
}

/// What a screen sends back: the last part of one of the addresses that it has.
fn chosen(data: &[u8]) -> Option<Chosen> {
    let text = std::str::from_utf8(data.trim_ascii()).ok().filter(|text| text.len() <= DATA_BYTES)?;
    match text {
        "Remove" => Some(Chosen::Remove),
        "Mute" => Some(Chosen::Mute),
        "Update" => Some(Chosen::Update),
        "Dial" => Some(Chosen::Dial),
        "Cancel" => Some(Chosen::Cancel),
        number if number.bytes().all(|byte| byte.is_ascii_digit()) => number.parse().ok().map(Chosen::Item),
        _ => None,
    }
}

fn key(word: &str) -> Key {
    match word {
        "Conference" | "Join" => Key::Feature(Feature::Conference),
        "RmLastConf" => Key::Feature(Feature::DropLast),
        "ConfList" | "ConfDetails" => Key::Feature(Feature::Participants),
        "Park" => Key::Feature(Feature::Park),
        "ParkMonitor" => Key::Feature(Feature::ParkMonitored),
        "IDivert" => Key::Feature(Feature::Divert),
        "MCID" => Key::Feature(Feature::MaliciousCall),
        "CallBack" => Key::Feature(Feature::CallBack),
        "StartRecording" => Key::Feature(Feature::Record(Turn::On)),
        "StopRecording" => Key::Feature(Feature::Record(Turn::Off)),
        "QRT" => Key::Feature(Feature::Quality),
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
