//! A strict reader of the XML that documents of events are written in: elements, attributes, text, the five entities.
//! What is not well-formed panics with where it stands.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "shared by tests; each file uses its part"
)]

/// An element, its name resolved to `namespace name`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Element {
    pub namespace: String,
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The first element on this way down, by local names.
    pub fn at(&self, way: &[&str]) -> Option<&Element> {
        let [first, rest @ ..] = way else { return Some(self) };
        self.children.iter().find(|child| child.name == *first)?.at(rest)
    }

    pub fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

/// The root of a document.
#[track_caller]
pub fn parse(text: &str) -> Element {
    let mut reader = Reader { text, at: 0, spaces: Vec::new() };
    reader.expect("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    reader.blanks();
    let root = reader.element();
    reader.blanks();
    assert_eq!(reader.at, text.len(), "something stands behind the root: {text}");
    root
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    /// Prefixes and their namespaces, the inner ones last.
    spaces: Vec<(String, String)>,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    #[track_caller]
    fn expect(&mut self, what: &str) {
        assert!(self.rest().starts_with(what), "expected {what:?} at {}: {}", self.at, self.text);
        self.at += what.len();
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    #[track_caller]
    fn name(&mut self) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_-.:".contains(c))).unwrap();
        assert!(end > 0, "a name is missing at {}: {}", self.at, self.text);
        self.at += end;
        &rest[..end]
    }

    #[track_caller]
    fn element(&mut self) -> Element {
        self.expect("<");
        let tag = self.name();
        let outer = self.spaces.len();
        let mut attributes: Vec<(String, String)> = Vec::new();
        loop {
            let before = self.at;
            self.blanks();
            if self.rest().starts_with('>') || self.rest().starts_with("/>") {
                break;
            }
            assert!(self.at > before, "a blank is missing at {}: {}", self.at, self.text);
            let name = self.name().to_owned();
            self.expect("=\"");
            let rest = self.rest();
            let raw = &rest[..rest.find('"').unwrap()];
            self.at += raw.len() + 1;
            let value = plain(raw);
            match name.strip_prefix("xmlns") {
                Some(prefix) => self.spaces.push((prefix.trim_start_matches(':').to_owned(), value)),
                None => {
                    assert!(attributes.iter().all(|(own, _)| *own != name), "{name} twice: {}", self.text);
                    attributes.push((name, value));
                }
            }
        }
        let (prefix, local) = tag.split_once(':').unwrap_or(("", tag));
        let space = self.spaces.iter().rev().find(|(own, _)| own == prefix);
        let namespace = space.unwrap_or_else(|| panic!("no namespace for {tag}: {}", self.text)).1.clone();
        let mut element =
            Element { namespace, name: local.to_owned(), attributes, text: String::new(), children: vec![] };
        if self.rest().starts_with("/>") {
            self.at += 2;
        } else {
            self.expect(">");
            while !self.rest().starts_with("</") {
                if self.rest().starts_with('<') {
                    element.children.push(self.element());
                } else {
                    let rest = self.rest();
                    let raw = &rest[..rest.find('<').unwrap()];
                    self.at += raw.len();
                    element.text.push_str(plain(raw).trim());
                }
            }
            self.expect(&format!("</{tag}>"));
        }
        self.spaces.truncate(outer);
        element
    }
}

/// Text without its entities.
#[track_caller]
fn plain(raw: &str) -> String {
    assert!(!raw.contains('<') && raw.chars().all(|c| c >= ' ' || "\t\r\n".contains(c)), "{raw:?}");
    let mut out = String::new();
    let mut parts = raw.split('&');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (entity, rest) = part.split_once(';').unwrap_or_else(|| panic!("a bare & in {raw:?}"));
        out.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            other => panic!("an unknown entity &{other};"),
        });
        out.push_str(rest);
    }
    out
}
