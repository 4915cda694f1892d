//! A phone that watches lines and mailboxes, and what it is told.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "shared by tests; each file uses its part"
)]

use std::time::Duration;

use super::world::{Phone, World, body_of, header, tag_of};
use super::xml::{self, Element};

/// A phone that watches; its SUBSCRIBE dialog is its own.
pub struct Watcher {
    pub phone: Phone,
    pub event: &'static str,
}

impl Watcher {
    pub fn new(number: &str, address: &str, event: &'static str) -> Self {
        let mut phone = Phone::new(number, address);
        phone.cseq_from(500);
        Watcher { phone, event }
    }

    pub fn event_and(&self, expires: &str) -> String {
        format!("Event: {}\r\nExpires: {expires}\r\n", self.event)
    }

    /// Subscribes; returns the answer, whatever it is.
    #[track_caller]
    pub fn subscribe(&mut self, world: &mut World, line: &str, expires: &str) -> String {
        self.phone.peer = line.to_owned();
        self.phone.remote_tag.clear();
        let extra = self.event_and(expires);
        let request = self.phone.request("SUBSCRIBE", &extra, "");
        world.from(self.phone.address, &request);
        let (_, answer) = world.sent.pop_front().unwrap();
        if !answer.starts_with("SIP/2.0 401 ") {
            return answer;
        }
        let authorization = self.phone.authorization(&answer, "SUBSCRIBE");
        let request = self.phone.request("SUBSCRIBE", &format!("{extra}{authorization}"), "");
        world.from(self.phone.address, &request);
        let (_, answer) = world.sent.pop_front().unwrap();
        if answer.starts_with("SIP/2.0 200 ") {
            self.phone.remote_tag = tag_of(&answer, "To").to_owned();
        }
        answer
    }

    /// Subscribes again in the dialog.
    #[track_caller]
    pub fn again(&mut self, world: &mut World, expires: &str) -> String {
        let extra = self.event_and(expires);
        let request = self.phone.request("SUBSCRIBE", &extra, "");
        world.from(self.phone.address, &request);
        world.sent.pop_front().unwrap().1
    }

    /// The next NOTIFY, which is answered.
    #[track_caller]
    pub fn notified(&self, world: &mut World) -> String {
        let notify = world.expect(&self.phone, "NOTIFY sip:");
        world.from(self.phone.address, &self.phone.respond(&notify, "200 OK", ""));
        notify
    }
}

/// What a dialog-info says: version, whether it is whole, and the calls.
#[track_caller]
pub fn calls(notify: &str) -> String {
    let root = document(notify, "application/dialog-info+xml");
    assert_eq!((&*root.namespace, &*root.name), ("urn:ietf:params:xml:ns:dialog-info", "dialog-info"));
    let call = |dialog: &Element| {
        let state = &dialog.at(&["state"]).unwrap().text;
        let rendering = dialog.at(&["local", "target", "param"]).unwrap();
        assert_eq!(rendering.attribute("pname"), Some("+sip.rendering"));
        let held = if rendering.attribute("pvalue") == Some("no") { " holds" } else { "" };
        let remote = dialog.at(&["remote", "identity"]).map(|it| format!(" {}", it.text));
        let ids = dialog.attribute("call-id").map_or("", |_| " named");
        let direction = dialog.attribute("direction").unwrap();
        format!(" {direction} {state}{held}{}{ids}", remote.unwrap_or_default())
    };
    let all: String = root.all("dialog").map(call).collect();
    format!("{} {}{all}", root.attribute("version").unwrap(), root.attribute("state").unwrap())
}

#[track_caller]
pub fn document(notify: &str, content: &str) -> Element {
    assert_eq!(header(notify, "Content-Type"), content);
    xml::parse(body_of(notify))
}

/// `open on-the-phone`.
#[track_caller]
pub fn presence(notify: &str) -> String {
    let root = document(notify, "application/pidf+xml");
    assert_eq!((&*root.namespace, &*root.name), ("urn:ietf:params:xml:ns:pidf", "presence"));
    let basic = &root.at(&["tuple", "status", "basic"]).unwrap().text;
    let activities = root.at(&["person", "activities"]).unwrap();
    let names: Vec<_> = activities.children.iter().map(|it| &*it.name).collect();
    format!("{basic} {}", names.join(" "))
}

pub const SECOND: Duration = Duration::from_secs(1);

/// Alice calls Bob, who answers; returns both INVITEs.
pub fn call(world: &mut World, alice: &mut Phone, bob: &Phone) -> (String, String) {
    let invite = world.invite(alice, "1002");
    let rung = world.expect(bob, "INVITE sip:1002@");
    world.from(bob.address, &bob.respond(&rung, "100 Trying", ""));
    (invite, rung)
}

/// What everybody was sent.
pub fn sent_to(world: &mut World, phone: &Phone) -> Vec<String> {
    let (theirs, others): (Vec<_>, Vec<_>) = world.sent.drain(..).partition(|(to, _)| *to == phone.address);
    world.sent = others.into();
    theirs.into_iter().map(|(_, text)| text).collect()
}
