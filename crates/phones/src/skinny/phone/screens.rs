//! Documents that are pushed to its screen: it shows them, does what they order, and answers.

use super::Skinny;
use crate::skinny::wire::{Frame, Message};

impl Skinny {
    /// What its screen shows of a document, in a line.
    pub(super) fn on_screen(&self) -> Option<String> {
        let document = self.screen.as_ref()?;
        let all = |name: &str| elements(document, name).iter().map(|it| unescaped(it)).collect::<Vec<_>>();
        let items = elements(document, "MenuItem");
        let items = items.iter().flat_map(|item| elements(item, "Name")).map(|it| unescaped(&it)).collect();
        Some([all("Title"), all("Text"), items].concat().join(" / "))
    }

    /// Its user chooses the item of a menu in this place, from 1 on; false when nothing goes to the server by that.
    pub fn chooses(&mut self, item: usize) -> bool {
        let Some(document) = &self.screen else { return false };
        let items = elements(document, "MenuItem");
        let Some(url) = item.checked_sub(1).and_then(|at| elements(items.get(at)?, "URL").pop()) else {
            return false;
        };
        let url = unescaped(&url);
        let mut words = url.splitn(6, ':');
        if words.next() != Some("UserCallData") {
            return false;
        }
        self.says_to_application(&mut words);
        true
    }

    /// Its user presses a key below a menu, with the item in this place marked: the key is told, and then the item; false when there is no such key.
    pub fn presses_below(&mut self, key: &str, item: usize) -> bool {
        let Some(document) = &self.screen else { return false };
        let keys = elements(document, "SoftKeyItem");
        let named = |it: &&String| elements(it, "Name").iter().any(|name| name == key);
        let url = keys.iter().find(named).and_then(|it| elements(it, "URL").pop());
        let Some(url) = url.map(|url| unescaped(&url)) else { return false };
        let mut words = url.splitn(7, ':');
        if words.next() != Some("UserCallDataSoftKey") {
            return false;
        }
        let marks = words.next() == Some("Select");
        self.says_to_application(&mut words);
        !marks || self.chooses(item)
    }

    /// Application, line, call and exchange; the rest is for the application.
    fn says_to_application<'w>(&mut self, words: &mut impl Iterator<Item = &'w str>) {
        let mut number = || words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
        let numbers: [u32; 4] = std::array::from_fn(|_| number());
        let data = words.next().unwrap_or_default().to_owned();
        let frame = numbers.into_iter().fold(self.frame(0x41), Frame::word).word(data.len() as u32);
        let frame = [2, 2, 0, 0, 0].into_iter().fold(frame, Frame::word).bytes(data.as_bytes());
        self.send(frame);
    }

    /// Its user leaves what the screen shows.
    pub fn leaves_screen(&mut self) {
        self.screen = None;
    }

    /// A document, or a part of one, is for its screen.
    pub(super) fn takes_document(&mut self, message: &Message<'_>) {
        let (length, sequence) = (message.word(16) as usize, message.word(20));
        if length > 2000 || message.body.len() < 40 + length {
            return self.complain(format!("a document has {length} bytes in {}", message.body.len()));
        }
        if self.version < 18 && sequence != 2 {
            return self.complain(format!("it cannot put part {sequence} of a document together"));
        }
        let data = message.body.get(40..40 + length).unwrap_or_default();
        self.parts.extend(data);
        if self.parts.len() > DOCUMENT {
            self.parts.clear();
            return self.complain("a document is longer than it can be".to_owned());
        }
        if sequence != 2 {
            return;
        }
        let document = String::from_utf8_lossy(&std::mem::take(&mut self.parts)).into_owned();
        let answer = self.obeys(&document);
        self.documents.push(document);
        if self.mute_documents {
            return;
        }
        let words = [0, 4, 8, 12].map(|at| message.word(at));
        let frame = words.into_iter().fold(self.frame(0x42), Frame::word).word(answer.len() as u32);
        let frame = [2, 2, 0, 0, 0].into_iter().fold(frame, Frame::word).bytes(answer.as_bytes());
        self.send(frame);
    }

    /// Shows a document, or does what it orders; what it answers.
    fn obeys(&mut self, document: &str) -> String {
        let inner = match document.strip_prefix("<?xml") {
            Some(rest) => rest.split_once("?>").map_or("", |(_, rest)| rest),
            None => document,
        };
        let inner = inner.trim();
        let root: String = inner
            .strip_prefix('<')
            .unwrap_or_default()
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        let done = |url: &str| {
            let item = format!("<ResponseItem Status=\"0\" Data=\"Success\" URL=\"{url}\"/>");
            format!("<CiscoIPPhoneResponse>{item}</CiscoIPPhoneResponse>")
        };
        match root.as_str() {
            "CiscoIPPhoneText" | "CiscoIPPhoneMenu" if inner.ends_with(&format!("</{root}>")) => {
                self.screen = Some(inner.to_owned());
                done("")
            }
            "CiscoIPPhoneExecute" => {
                let url = inner.split("URL=\"").nth(1).and_then(|rest| rest.split('"').next());
                let url = unescaped(url.unwrap_or_default());
                match url.strip_prefix("Dial:").map(str::to_owned) {
                    Some(number) => {
                        self.calls_number(&number);
                        done(&url)
                    }
                    None => "<CiscoIPPhoneError Number=\"3\"/>".to_owned(),
                }
            }
            _ => "<CiscoIPPhoneError Number=\"1\"/>".to_owned(),
        }
    }
}

/// What stands in each element of this name.
fn elements(document: &str, name: &str) -> Vec<String> {
    let (begin, end) = (format!("<{name}>"), format!("</{name}>"));
    let inner = document.split(begin.as_str()).skip(1).filter_map(|rest| rest.split(end.as_str()).next());
    inner.map(str::to_owned).collect()
}

/// A text of a document as it is shown.
fn unescaped(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        shown.push_str(before);
        let (name, after) = after.split_once(';').unwrap_or((after, ""));
        let number = name.strip_prefix('#').and_then(|number| char::from_u32(number.parse().ok()?));
        shown.push(match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            _ => number.unwrap_or('?'),
        });
        rest = after;
    }
    shown + rest
}

/// Bytes of a document that it has room for.
const DOCUMENT: usize = 64 * 1024;
