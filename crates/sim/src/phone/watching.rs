//! What a phone watches: lamps of lines (RFC 4235) and waiting messages (RFC 3842), by subscriptions (RFC 6665).
//!
//! It checks what it is told: versions that grow, and parts that follow what it knows. What it believes in the end is compared with
//! what is.

use std::collections::BTreeMap;
use std::time::Duration;

use strowger_base::Instant;

use super::asking::Ask;
use super::{Phone, Sends};
use crate::text::Text;

/// A subscription.
#[derive(Debug)]
pub(crate) struct Watching {
    /// `dialog` or `message-summary`.
    event: &'static str,
    /// Whose.
    pub(crate) number: String,
    call_id: String,
    /// What it asks under, until it is answered.
    state: Watch,
    /// The server's tag and address, from its answer or its first NOTIFY.
    peer: Option<(String, String)>,
    cseq: u32,
    /// When it subscribes, refreshes, or tries again.
    pub(super) next: Instant,
    /// CSeq of the last NOTIFY.
    notified: u32,
    version: Option<u32>,
    /// When it was told last.
    pub(crate) told: Instant,
    /// Something came damaged, or was missed: nothing is known until the next whole state.
    doubtful: bool,
    /// The calls of the line, by their names in the documents.
    pub(super) calls: BTreeMap<String, String>,
    /// How these are named to who takes their place: `Replaces` as it goes into an INVITE (RFC 4235 §3.4).
    pub(super) named: BTreeMap<String, String>,
    /// Whether messages wait.
    pub(crate) waiting: Option<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Watch {
    Off,
    Asked,
    On,
    /// It has had enough.
    Ended,
}

/// How long a subscription is asked for; half of it later it is refreshed.
const EXPIRES: Duration = Duration::from_secs(600);
const AGAIN: Duration = Duration::from_secs(40);

impl Watching {
    pub(crate) fn new(event: &'static str, number: &str, first: Instant) -> Self {
        Watching {
            event,
            number: number.to_owned(),
            call_id: String::new(),
            state: Watch::Off,
            peer: None,
            cseq: 0,
            next: first,
            notified: 0,
            version: None,
            told: Instant::START,
            doubtful: true,
            calls: BTreeMap::new(),
            named: BTreeMap::new(),
            waiting: None,
        }
    }

    /// Whether the lamp of the line is lit; `None` when the phone does not know, or watches something else.
    pub(crate) fn is_lit(&self) -> Option<bool> {
        let knows = self.event == "dialog" && self.state == Watch::On && !self.doubtful;
        knows.then(|| self.calls.values().any(|state| state == "confirmed"))
    }

    /// What names its subscription; nothing while it has none.
    pub(crate) fn subscription(&self) -> &str {
        &self.call_id
    }

    /// The calls that the phone believes the line has, for a failure's text.
    pub(crate) fn believes(&self) -> String {
        format!("{:?}, named {:?}", self.calls, self.named)
    }

    /// Whether messages wait; `None` when the phone does not know, or watches something else.
    pub(crate) fn has_messages(&self) -> Option<bool> {
        self.waiting.filter(|_| self.state == Watch::On && !self.doubtful)
    }

    fn forget(&mut self, now: Instant) {
        self.state = if self.state == Watch::Ended { Watch::Ended } else { Watch::Off };
        self.peer = None;
        self.call_id.clear();
        (self.notified, self.version, self.doubtful) = (0, None, true);
        self.calls.clear();
        self.named.clear();
        self.waiting = None;
        self.next =
            if self.state == Watch::Ended { Instant::FAR_FUTURE } else { now + Duration::from_secs(5) };
    }

    /// Reads a document; what is wrong with it.
    fn read(&mut self, body: &str) -> Result<(), String> {
        if body.is_empty() {
            return Ok(());
        }
        if self.event == "message-summary" {
            self.waiting = Some(body.to_ascii_lowercase().contains("messages-waiting: yes"));
            self.doubtful = false;
            return Ok(());
        }
        let value = |text: &str, name: &str| {
            let mark = format!("{name}=\"");
            text.split_once(&*mark).and_then(|(_, rest)| rest.split('"').next()).unwrap_or("").to_owned()
        };
        // The first attribute of that name behind the namespaces is that of the document.
        let head = body.split("<dialog-info").nth(1).unwrap_or("");
        let version: u32 = value(head, " version").parse().map_err(|_| format!("no version in {body}"))?;
        let whole = value(head, " state") == "full";
        let before = self.version.replace(version);
        if before.is_some_and(|before| version <= before) {
            return Err(format!("version {version} after {before:?}"));
        }
        if whole {
            self.calls.clear();
            self.doubtful = false;
        } else if before.is_none_or(|before| version != before + 1) {
            // RFC 4235 §4.3: something is missing; the whole is asked for.
            self.doubtful = true;
        }
        for dialog in body.split("<dialog id=\"").skip(1) {
            let id = dialog.split('"').next().unwrap_or("").to_owned();
            let state = dialog.split("<state>").nth(1).and_then(|rest| rest.split('<').next()).unwrap_or("");
            let attributes = dialog.split('>').next().unwrap_or("");
            let [call, local, remote] =
                [" call-id", " local-tag", " remote-tag"].map(|name| value(attributes, name));
            if !call.is_empty() && !local.is_empty() {
                let named = format!("Replaces: {call};to-tag={local};from-tag={remote}\r\n");
                self.named.insert(id.clone(), named);
            }
            if state == "terminated" {
                let known = self.calls.remove(&id).is_some();
                if !known && !self.doubtful && !whole {
                    return Err(format!("a call ended that was never told: {body}"));
                }
            } else {
                self.calls.insert(id, state.to_owned());
            }
        }
        Ok(())
    }
}

impl Phone {
    /// The subscriptions whose time has come.
    pub(super) fn watch_on(&mut self, now: Instant, sends: &mut Sends) {
        for at in 0..self.watches.len() {
            if self.watches.get(at).is_some_and(|watching| watching.next <= now) {
                self.subscribe(now, at, EXPIRES, sends);
            }
        }
    }

    /// Wants to be told nothing any more.
    pub(crate) fn unwatch(&mut self, now: Instant, sends: &mut Sends) {
        for at in 0..self.watches.len() {
            self.subscribe(now, at, Duration::ZERO, sends);
            if let Some(watching) = self.watches.get_mut(at) {
                (watching.state, watching.next) = (Watch::Ended, Instant::FAR_FUTURE);
            }
        }
    }

    /// Refreshes a subscription before its time.
    pub(crate) fn refresh(&mut self, now: Instant, at: usize, sends: &mut Sends) {
        self.subscribe(now, at, EXPIRES, sends);
    }

    fn subscribe(&mut self, now: Instant, at: usize, expires: Duration, sends: &mut Sends) {
        let Some(watching) = self.watches.get_mut(at) else { return };
        watching.next = now + AGAIN;
        let extra = format!("Event: {}\r\nExpires: {}\r\n", watching.event, expires.as_secs());
        let uri = format!("sip:{}@{}", watching.number, self.account.domain);
        let Some((to, target)) = watching.peer.clone().filter(|_| watching.state == Watch::On) else {
            if expires.is_zero() {
                return;
            }
            watching.forget(now);
            watching.next = now + AGAIN;
            watching.state = Watch::Asked;
            let call_id = self.ask(now, &uri, Ask::new("SUBSCRIBE", &extra, ""), sends);
            if let Some(watching) = self.watches.get_mut(at) {
                watching.call_id = call_id;
            }
            return;
        };
        watching.cseq += 1;
        let (call_id, cseq) = (watching.call_id.clone(), watching.cseq);
        let (number, domain) = (&self.account.number, &self.account.domain);
        let head = format!(
            "From: <sip:{number}@{domain}>;tag=ask\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} SUBSCRIBE\r\n\
             Contact: <sip:{number}@{}>\r\n{extra}",
            self.address
        );
        self.send_request(now, None, "SUBSCRIBE", &target, &head, "", sends);
    }

    /// A final response to a SUBSCRIBE of ours.
    pub(super) fn watch_answered(
        &mut self,
        now: Instant,
        id: &str,
        message: &Text,
        status: u16,
        sends: &mut Sends,
    ) {
        let first = self.asks.contains_key(id);
        let asked = self.asked(now, id, message, status, sends);
        if first && asked.is_none() {
            return;
        }
        let Some(watching) = self.watches.iter_mut().find(|watching| watching.call_id == id) else { return };
        if status >= 300 {
            // It is gone there, or was not wanted: another one is begun.
            return watching.forget(now);
        }
        if watching.state == Watch::Asked {
            watching.state = Watch::On;
            watching.cseq = watching.cseq.max(asked.unwrap_or(0));
        }
        watching.peer.get_or_insert_with(|| (message.header("to").to_owned(), message.contact()));
        if watching.state == Watch::On {
            watching.next = now + EXPIRES / 2;
        }
    }

    /// A NOTIFY of a subscription; false when it is of none.
    pub(super) fn watch_told(
        &mut self,
        now: Instant,
        id: &str,
        notify: &Text,
        damaged: bool,
        sends: &mut Sends,
    ) -> bool {
        let event = notify.header("event").split(';').next().unwrap_or("").trim();
        if !matches!(event, "dialog" | "message-summary") {
            return false;
        }
        let contact = format!("sip:{}@{}", self.account.number, self.address);
        let Some(watching) = self.watches.iter_mut().find(|watching| watching.call_id == id) else {
            // One of them may be meant, and is over there by this answer.
            for watching in self.watches.iter_mut().filter(|_| damaged) {
                watching.doubtful = true;
                watching.next = watching.next.min(now + AGAIN);
            }
            sends.push(notify.response(481, "t", &contact, ""));
            return true;
        };
        let (cseq, _) = notify.cseq();
        if cseq <= watching.notified {
            let status = if cseq == watching.notified { 200 } else { 500 };
            sends.push(notify.response(status, "t", &contact, ""));
            return true;
        }
        sends.push(notify.response(200, "t", &contact, ""));
        if damaged {
            // The number may be another one as well; the next whole state ends the doubt.
            watching.doubtful = true;
            watching.next = watching.next.min(now + AGAIN);
            return true;
        }
        (watching.notified, watching.told) = (cseq, now);
        watching.peer.get_or_insert_with(|| (notify.header("from").to_owned(), notify.contact()));
        let read = watching.read(&notify.body);
        if let Err(what) = read {
            let number = &watching.number;
            self.complaint = Some(format!("told of {number}: {what}"));
        } else if notify.header("subscription-state").starts_with("terminated") {
            watching.forget(now);
        } else if watching.doubtful {
            watching.next = watching.next.min(now + Duration::from_secs(1));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays documents of a line; what is believed in the end.
    fn check(documents: &[&str], expect: Result<Option<bool>, &str>) {
        let mut watching = Watching::new("dialog", "1001", Instant::START);
        watching.state = Watch::On;
        let read =
            documents.iter().try_for_each(|text| watching.read(&format!("<dialog-info x=\"\" {text}")));
        match expect {
            Ok(lit) => assert_eq!((read, watching.is_lit()), (Ok(()), lit), "{documents:?}"),
            Err(words) => assert!(read.is_err_and(|error| error.contains(words)), "{documents:?}"),
        }
    }

    #[test]
    fn parts_follow_what_is_known() {
        let empty = " version=\"0\" state=\"full\">";
        let begins = " version=\"1\" state=\"partial\"><dialog id=\"7\"><state>confirmed</state>";
        let ends = " version=\"2\" state=\"partial\"><dialog id=\"7\"><state>terminated</state>";
        check(&[], Ok(None));
        check(&[empty], Ok(Some(false)));
        check(&[empty, begins], Ok(Some(true)));
        check(&[empty, begins, ends], Ok(Some(false)));
        check(&[empty, ends], Ok(None));
        check(&[begins], Ok(None));
        check(&[begins, empty], Err("version 0"));
        check(&[empty, &ends.replace('2', "1")], Err("never told"));
    }
}
