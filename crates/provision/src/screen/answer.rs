//! What phones answer to what they were pushed, read with patience: firmware differs in spelling, and some adds bytes of its own.

use roxmltree::{Document, Node, ParsingOptions};

/// What a phone answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// What became of each order.
    Response(Vec<Item>),
    /// It could not take it: 1 it is no XML for the phone, 2 its framing, 3 a file, 4 who pushes has no right to.
    Error(u32),
}

/// What became of an order.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Item {
    /// 0 when it was obeyed.
    pub status: i32,
    /// In words of the phone.
    pub data: Box<str>,
    /// Which order.
    pub url: Box<str>,
}

/// A phone answered something else.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("it is no answer of a phone")]
pub struct Unreadable;

impl Answer {
    /// Reads the answer of a phone; zeros at its end are room that the phone did not need.
    ///
    /// # Errors
    /// It is something else.
    pub fn read(bytes: &[u8]) -> Result<Answer, Unreadable> {
        let bytes = bytes.get(..BYTES).unwrap_or(bytes);
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let text = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
        let options = ParsingOptions { nodes_limit: NODES, ..ParsingOptions::default() };
        let document = Document::parse_with_options(text.trim(), options).map_err(|_| Unreadable)?;
        let root = document.root_element();
        match root.tag_name().name() {
            "CiscoIPPhoneResponse" => {
                let items = root.children().filter(|node| node.has_tag_name("ResponseItem"));
                Ok(Answer::Response(items.take(ITEMS).map(item).collect()))
            }
            "CiscoIPPhoneError" => Ok(Answer::Error(
                number(attribute(root, "Number")).and_then(|it| it.try_into().ok()).unwrap_or(0),
            )),
            _ => Err(Unreadable),
        }
    }

    /// Whether everything was obeyed.
    pub fn is_success(&self) -> bool {
        matches!(self, Answer::Response(items) if items.iter().all(|item| item.status == 0))
    }

    /// In words.
    pub fn words(&self) -> String {
        match self {
            Answer::Response(items) if items.is_empty() => "done".to_owned(),
            Answer::Response(items) => {
                let words = items.iter().map(|item| match (item.status, &*item.data) {
                    (0, "") => "done".to_owned(),
                    (0, data) => data.to_owned(),
                    (status, data) => format!("{data} (status {status})"),
                });
                words.collect::<Vec<_>>().join(", ")
            }
            Answer::Error(1) => "error 1: the phone cannot read it".to_owned(),
            Answer::Error(2) => "error 2: the phone did not get it whole".to_owned(),
            Answer::Error(3) => "error 3: the phone cannot open a file".to_owned(),
            Answer::Error(4) => "error 4: the phone lets nobody push".to_owned(),
            Answer::Error(other) => format!("error {other}"),
        }
    }
}

fn item(node: Node<'_, '_>) -> Item {
    let short = |name| attribute(node, name).chars().take(CHARACTERS).collect::<String>().into();
    Item { status: number(attribute(node, "Status")).unwrap_or(0), data: short("Data"), url: short("URL") }
}

/// Firmware is not of one mind about capitals.
fn attribute<'n>(node: Node<'n, '_>, name: &str) -> &'n str {
    let named = node.attributes().find(|it| it.name().eq_ignore_ascii_case(name));
    named.map_or("", |it| it.value())
}

fn number(text: &str) -> Option<i32> {
    text.trim().parse().ok()
}

/// Bytes of an answer that are looked at.
const BYTES: usize = 16 * 1024;
const NODES: u32 = 64;
/// Orders that a phone answers to: it takes three at once.
const ITEMS: usize = 8;
/// Characters of what a phone says that are kept.
const CHARACTERS: usize = 256;
