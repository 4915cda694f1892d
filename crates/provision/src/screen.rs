//! Screens of Cisco's phones: menus, texts, forms and orders as XML objects.
//!
//! A phone gets them over HTTP, or is pushed one. What it cannot show it refuses as a whole: each object is held to what phones take
//! before it is written. Characters beyond ASCII are written as references, so that a phone reads them whichever encoding it takes for granted.

mod answer;
mod pushed;
mod write;

pub use answer::{Answer, Item, Unreadable};
pub use pushed::{Pushed, pushed};

use crate::screen::write::Writer;

/// What a phone shows or does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Object {
    /// A list of which its user chooses.
    Menu(Menu),
    /// A text.
    Text(Text),
    /// A form.
    Input(Input),
    /// Names with numbers that are dialled.
    Directory(Directory),
    /// A line in the area of the screen for states.
    Status(Status),
    /// Orders to the phone, without a screen.
    Execute(Execute),
}

/// What stands around most screens.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Frame {
    /// Above it.
    pub title: String,
    /// Below it.
    pub prompt: String,
    /// What its keys are.
    pub keys: Vec<Key>,
}

/// A key below a screen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    /// What stands on it.
    pub name: String,
    /// What it opens: a page, or what the phone does, as in `SoftKey:Exit`.
    pub url: String,
    /// Its place, from 1 on.
    pub position: u8,
}

/// A list of which its user chooses; [`Menu::ITEMS`] at most.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Menu {
    /// Around it.
    pub frame: Frame,
    /// What each item is called, and what it opens.
    pub items: Vec<(String, String)>,
}

/// A text of [`Text::CHARACTERS`] at most.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Text {
    /// Around it.
    pub frame: Frame,
    /// The text.
    pub text: String,
}

/// A form. What its user keys in is added to the query of `url`; [`Input::FIELDS`] fields at most.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Input {
    /// Around it.
    pub frame: Frame,
    /// What it opens when it is filled in.
    pub url: String,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// A field of a form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    /// What stands beside it.
    pub name: String,
    /// Its name in the query.
    pub parameter: String,
    /// What it holds at first.
    pub value: String,
    /// What can be keyed in.
    pub kind: FieldKind,
}

/// What can be keyed into a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldKind {
    /// Letters, digits and signs.
    Plain,
    /// The keys of a telephone.
    Telephone,
    /// Digits.
    Numeric,
    /// What arithmetic needs.
    Equation,
    /// Capitals.
    Uppercase,
    /// Small letters.
    Lowercase,
    /// Anything, and nobody sees it.
    Password,
}

/// Names with numbers; [`Directory::ENTRIES`] at most.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Directory {
    /// Around it.
    pub frame: Frame,
    /// Each name with its number.
    pub entries: Vec<(String, String)>,
}

/// A line in the area for states.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Status {
    /// What it says.
    pub text: String,
    /// For how many seconds; until the next one when 0.
    pub seconds: u16,
}

/// Orders to the phone: [`Execute::ITEMS`] at most, and all together [`Execute::CHARACTERS`].
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Execute {
    /// What is opened, each when.
    pub items: Vec<(String, Priority)>,
}

/// When a phone obeys.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Priority {
    /// At once, also during a call.
    #[default]
    Now,
    /// As soon as the phone is idle.
    WhenIdle,
    /// Only if it is idle now.
    OnlyIfIdle,
}

/// Why a phone could not show an object.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unfit {
    /// It has more of something than phones take.
    #[error("it has {has} {what}, and phones take {most}")]
    TooMuch {
        /// Of what: `menu items`.
        what: &'static str,
        /// How much there is.
        has: usize,
        /// How much there may be.
        most: usize,
    },
    /// It is no XML.
    #[error("it is not well-formed XML: {why}")]
    Malformed {
        /// What is wrong, and where.
        why: String,
    },
    /// It is XML, and nothing that phones show.
    #[error(
        "it is <{root}>, and phones know CiscoIPPhoneMenu, CiscoIPPhoneText, CiscoIPPhoneExecute and others of these names"
    )]
    Unknown {
        /// Its outermost element.
        root: String,
    },
}

impl Object {
    /// The document.
    ///
    /// # Errors
    /// It has more of something than phones take.
    pub fn write(&self) -> Result<String, Unfit> {
        let mut to = Writer::begin();
        match self {
            Object::Menu(it) => {
                at_most("menu items", it.items.len(), Menu::ITEMS)?;
                to.element("CiscoIPPhoneMenu", |to| {
                    it.frame.head(to);
                    for (name, url) in &it.items {
                        to.element("MenuItem", |to| {
                            to.text("Name", name);
                            to.text("URL", url);
                        });
                    }
                    it.frame.keys(to);
                });
            }
            Object::Text(it) => {
                at_most("characters of text", it.text.chars().count(), Text::CHARACTERS)?;
                to.element("CiscoIPPhoneText", |to| {
                    it.frame.head(to);
                    to.text("Text", &it.text);
                    it.frame.keys(to);
                });
            }
            Object::Input(it) => {
                at_most("fields", it.fields.len(), Input::FIELDS)?;
                to.element("CiscoIPPhoneInput", |to| it.inner(to));
            }
            Object::Directory(it) => {
                at_most("directory entries", it.entries.len(), Directory::ENTRIES)?;
                to.element("CiscoIPPhoneDirectory", |to| {
                    it.frame.head(to);
                    for (name, number) in &it.entries {
                        to.element("DirectoryEntry", |to| {
                            to.text("Name", name);
                            to.text("Telephone", number);
                        });
                    }
                    it.frame.keys(to);
                });
            }
            Object::Status(it) => to.element("CiscoIPPhoneStatus", |to| it.inner(to)),
            Object::Execute(it) => {
                at_most("orders", it.items.len(), Execute::ITEMS)?;
                to.element("CiscoIPPhoneExecute", |to| {
                    for (url, priority) in &it.items {
                        let priority = priority.number().to_string();
                        to.empty("ExecuteItem", &[("Priority", &priority), ("URL", url)]);
                    }
                });
            }
        }
        let document = to.end();
        if let Object::Execute(_) = self {
            at_most("characters", document.len(), Execute::CHARACTERS)?;
        }
        Ok(document)
    }
}

impl Frame {
    /// What stands before what is shown.
    fn head(&self, to: &mut Writer) {
        to.text_if_any("Title", &self.title);
        to.text_if_any("Prompt", &self.prompt);
    }

    /// What stands after it.
    fn keys(&self, to: &mut Writer) {
        for key in &self.keys {
            to.element("SoftKeyItem", |to| {
                to.text("Name", &key.name);
                to.text("URL", &key.url);
                to.text("Position", &key.position.to_string());
            });
        }
    }
}

impl Input {
    fn inner(&self, to: &mut Writer) {
        self.frame.head(to);
        to.text("URL", &self.url);
        for field in &self.fields {
            to.element("InputItem", |to| {
                to.text("DisplayName", &field.name);
                to.text("QueryStringParam", &field.parameter);
                to.text("DefaultValue", &field.value);
                to.text("InputFlags", field.kind.flag());
            });
        }
        self.frame.keys(to);
    }
}

impl Status {
    /// The area holds a picture too; it is empty.
    fn inner(&self, to: &mut Writer) {
        to.text("Text", &self.text);
        to.text("Timer", &self.seconds.to_string());
        for (name, value) in
            [("LocationX", "0"), ("LocationY", "0"), ("Width", "106"), ("Height", "21"), ("Depth", "2")]
        {
            to.text(name, value);
        }
        to.text("Data", "");
    }
}

impl FieldKind {
    const fn flag(self) -> &'static str {
        match self {
            FieldKind::Plain => "A",
            FieldKind::Telephone => "T",
            FieldKind::Numeric => "N",
            FieldKind::Equation => "E",
            FieldKind::Uppercase => "U",
            FieldKind::Lowercase => "L",
            FieldKind::Password => "P",
        }
    }
}

impl Priority {
    /// Its number in documents and messages.
    pub const fn number(self) -> u8 {
        match self {
            Priority::Now => 0,
            Priority::WhenIdle => 1,
            Priority::OnlyIfIdle => 2,
        }
    }
}

impl Menu {
    /// The most items that phones take.
    pub const ITEMS: usize = 100;
}

impl Text {
    /// The longest text that phones take.
    pub const CHARACTERS: usize = 4_000;
}

impl Input {
    /// The most fields that phones take.
    pub const FIELDS: usize = 5;
}

impl Directory {
    /// The most entries that phones take.
    pub const ENTRIES: usize = 32;
}

impl Execute {
    /// The most orders that phones take at once.
    pub const ITEMS: usize = 3;
    /// The longest document with orders that phones take.
    pub const CHARACTERS: usize = 512;
}

const fn at_most(what: &'static str, has: usize, most: usize) -> Result<(), Unfit> {
    if has > most { Err(Unfit::TooMuch { what, has, most }) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
