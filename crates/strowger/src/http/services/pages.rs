//! What each page shows.

use strowger_configuration::kinds::{Phone, ServiceMenu};
use strowger_configuration::{AnyObject, Identity, Kind, State};
use strowger_node::objects::service_menu;
use strowger_provision::screen::{Directory, Field, FieldKind, Frame, Input, Key, Menu, Object, Text};

use super::directory::{Sought, found};

/// A page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Page {
    /// The services of a phone.
    Services,
    /// Its directories.
    Directories,
    /// The form of the directory of all people here.
    Search,
    /// Whom it finds.
    Found,
}

/// Where a model of phone has its keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Keys {
    /// The 79xx: what is done most comes first, Exit third.
    Old,
    /// All others: Exit comes first.
    New,
}

/// What is asked for.
pub(super) struct Asked {
    /// Where this server is reached: `http://192.0.2.1:8080`.
    base: String,
    keys: Keys,
    /// The phone, as it calls itself; nobody proves it.
    name: String,
    sought: Sought,
    start: usize,
}

impl Asked {
    /// Reads a query; what stands in it twice counts once, and what is too long to its limit.
    pub(super) fn new(base: String, keys: Keys, pairs: Vec<(String, String)>) -> Self {
        let value = |name: &str| {
            let found = pairs.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.trim().chars().take(VALUE).collect::<String>()).unwrap_or_default()
        };
        let sought = Sought { last: value("l"), first: value("f"), number: value("n") };
        let start = value("start").parse().unwrap_or(0);
        Asked { base, keys, name: value("name"), sought, start }
    }

    /// The address of a page, with a query.
    fn page(&self, page: Page, query: &[(&str, &str)]) -> String {
        let mut url = format!("{}{}", self.base, page.path());
        let named = [("name", self.name.as_str())];
        for (at, (name, value)) in
            named.iter().chain(query).filter(|(_, value)| !value.is_empty()).enumerate()
        {
            url.push(if at == 0 { '?' } else { '&' });
            url.extend([*name, "="]);
            quote(value, &mut url);
        }
        url
    }
}

impl Page {
    pub(super) const ALL: [Page; 4] = [Page::Services, Page::Directories, Page::Search, Page::Found];

    pub(super) const fn path(self) -> &'static str {
        match self {
            Page::Services => "/services",
            Page::Directories => "/directories",
            Page::Search => "/directory",
            Page::Found => "/directory/found",
        }
    }

    /// Makes it of what is configured.
    pub(super) fn make(self, state: &State, asked: &Asked) -> Object {
        match self {
            Page::Services => services(state, asked),
            Page::Directories => directories(state, asked),
            Page::Search => search(asked),
            Page::Found => page_of(state, asked),
        }
    }
}

fn phone<'s>(state: &'s State, asked: &Asked) -> Option<&'s Phone> {
    let id = state.named(Kind::Phone, Identity { partition: None, name: &asked.name })?;
    match state.entry(id)?.object() {
        AnyObject::Phone(phone) => Some(phone),
        _ => None,
    }
}

fn services(state: &State, asked: &Asked) -> Object {
    let items = service_menu(state, &asked.base, phone(state, asked), ServiceMenu::Services);
    let items: Vec<(String, String)> =
        items.into_iter().take(Menu::ITEMS).map(|(name, url)| (name.into(), url.into())).collect();
    if items.is_empty() {
        return text("Services", "No service is configured.", asked.keys);
    }
    Object::Menu(Menu { frame: frame("Services", "Select a service", asked.keys, SELECT), items })
}

/// Phones of the 79xx series take a menu first, whatever the directory is.
fn directories(state: &State, asked: &Asked) -> Object {
    let own = ("Corporate Directory".to_owned(), asked.page(Page::Search, &[]));
    let others = service_menu(state, &asked.base, phone(state, asked), ServiceMenu::Directories);
    let others = others.into_iter().map(|(name, url)| (name.into(), url.into()));
    let items = std::iter::once(own).chain(others).take(Menu::ITEMS).collect();
    Object::Menu(Menu { frame: frame("Directories", "Select a directory", asked.keys, SELECT), items })
}

fn search(asked: &Asked) -> Object {
    let field = |name: &str, parameter: &str, kind| Field {
        name: name.to_owned(),
        parameter: parameter.to_owned(),
        value: String::new(),
        kind,
    };
    let fields = vec![
        field("Last name", "l", FieldKind::Plain),
        field("First name", "f", FieldKind::Plain),
        field("Number", "n", FieldKind::Telephone),
    ];
    let frame = frame("Corporate Directory", "Enter what you know", asked.keys, SUBMIT);
    Object::Input(Input { frame, url: asked.page(Page::Found, &[]), fields })
}

fn page_of(state: &State, asked: &Asked) -> Object {
    let found = found(state, &asked.sought);
    let count = found.len();
    if count == 0 {
        return text("Corporate Directory", "Nobody is found.", asked.keys);
    }
    // Whoever is gone meanwhile: the last page there is.
    let start = asked.start.min((count - 1) / Directory::ENTRIES * Directory::ENTRIES);
    let entries: Vec<(String, String)> = found
        .into_iter()
        .skip(start)
        .take(Directory::ENTRIES)
        .map(|entry| (entry.name, entry.number))
        .collect();
    let end = start + entries.len();
    let prompt = format!("{} to {end} of {count}", start + 1);
    let mut frame = frame("Corporate Directory", &prompt, asked.keys, DIAL);
    let Sought { last, first, number } = &asked.sought;
    let page = |start: usize| {
        let start = start.to_string();
        asked.page(Page::Found, &[("l", last), ("f", first), ("n", number), ("start", &start)])
    };
    if end < count {
        frame.keys.push(Key { name: "Next".to_owned(), url: page(end), position: 4 });
    }
    if start > 0 {
        let before = start.saturating_sub(Directory::ENTRIES);
        frame.keys.push(Key { name: "Previous".to_owned(), url: page(before), position: 5 });
    }
    Object::Directory(Directory { frame, entries })
}

fn text(title: &str, text: &str, keys: Keys) -> Object {
    Object::Text(Text { frame: frame(title, "", keys, EXIT), text: text.to_owned() })
}

/// A key, what it does, and where phones have it, the old ones and the others.
type Place = (&'static str, &'static str, u8, u8);

const EXIT: &[Place] = &[("Exit", "SoftKey:Exit", 3, 1)];
const SELECT: &[Place] = &[("Select", "SoftKey:Select", 1, 2), ("Exit", "SoftKey:Exit", 3, 1)];
const SUBMIT: &[Place] =
    &[("Search", "SoftKey:Submit", 1, 2), ("<<", "SoftKey:<<", 2, 3), ("Cancel", "SoftKey:Cancel", 3, 1)];
const DIAL: &[Place] =
    &[("Dial", "SoftKey:Dial", 1, 2), ("EditDial", "SoftKey:EditDial", 2, 3), ("Exit", "SoftKey:Exit", 3, 1)];

fn frame(title: &str, prompt: &str, keys: Keys, places: &[Place]) -> Frame {
    let key = |(name, url, old, new): &Place| Key {
        name: (*name).to_owned(),
        url: (*url).to_owned(),
        position: if keys == Keys::Old { *old } else { *new },
    };
    Frame { title: title.to_owned(), prompt: prompt.to_owned(), keys: places.iter().map(key).collect() }
}

/// Writes a value as it stands in a query (RFC 3986 §3.4).
fn quote(value: &str, to: &mut String) {
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => to.push(char::from(byte)),
            other => to.push_str(&format!("%{other:02X}")),
        }
    }
}

/// Characters of a value that are looked at.
const VALUE: usize = 64;
