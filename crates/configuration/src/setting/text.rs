//! Texts, each with the syntax that it must have. What is kept is what was written.

use serde_json::Value;
use strowger_base::nearest::nearest;
use strowger_base::{Country, Language};

use crate::form::Form;
use crate::problem::Wrong;
use crate::reader::Reader;

/// Makes a setting of a text with a syntax.
macro_rules! text {
    (
        $(#[doc = $doc:literal])*
        $Name:ident, most $most:literal, $what:literal, example $example:literal, $check:expr
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
        pub struct $Name(strowger_base::ShortText);

        impl $Name {
            /// The text, if it has the syntax.
            ///
            /// # Errors
            /// Why it cannot be; nothing where what is expected says it all.
            pub fn new(text: &str) -> Result<Self, String> {
                if text.chars().count() > $most {
                    return Err(format!("it has {} characters, {} are allowed", text.chars().count(), $most));
                }
                let check: fn(&str) -> Result<(), String> = $check;
                check(text).map(|()| $Name(text.into()))
            }

            /// A text of the declarations, which a test reads.
            #[allow(dead_code, reason = "not every syntax has a default")]
            pub(crate) fn fixed(text: &'static str) -> Self {
                $Name(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// True when there is none.
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl $crate::setting::Setting for $Name {
            const FORM: $crate::form::Form =
                $crate::form::Form::Text { most: $most, what: $what, example: $example };

            fn read(
                value: &serde_json::Value,
                reader: &mut $crate::reader::Reader<'_>,
            ) -> Option<Self> {
                let serde_json::Value::String(text) = value else {
                    reader.unexpected(value, &Self::FORM);
                    return None;
                };
                match $Name::new(text) {
                    Ok(read) => Some(read),
                    Err(why) => {
                        $crate::setting::text::refuse(value, &Self::FORM, &why, reader);
                        None
                    }
                }
            }

            fn write(&self, _: &dyn $crate::reader::Names) -> serde_json::Value {
                serde_json::Value::String(self.0.to_string())
            }
        }
    };
}

mod dialling;
mod network;

pub use dialling::{
    CodeText, DialledText, DiscardInstructions, FilterClauses, HostText, HoursText, IncomingPrefix, MaskText,
    Moment, NumberText, PatternOrName, PatternText, PrefixText, Told, UriText, ZoneName,
};
pub use network::{Address, DomainName, EndPoint, Host, HostKey, PathText, PortText, SourceText, Subnet};

fn refuse(value: &Value, form: &Form, why: &str, reader: &mut Reader<'_>) {
    if why.is_empty() {
        return reader.unexpected(value, form);
    }
    let found = value.as_str().unwrap_or_default();
    let found: String = found.chars().take(60).collect();
    let expected = format!("{} ({why})", form.expectation());
    reader.wrong(Wrong::Unexpected { found: format!("{found:?}"), expected });
}

text! {
    /// The name of an object: what it is called in files, addresses of the API and on pages.
    Name, most 50, "a name of 1 to 50 letters, digits, spaces and . - _", example "branch-1", |text| {
        let good = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_' | '<' | '>');
        allowed(!text.is_empty() && text.trim() == text && text.chars().all(good))
    }
}

text! {
    /// A line of text for people.
    Description, most 128, "up to 128 characters without line breaks", example "", |text| {
        allowed(!text.chars().any(char::is_control))
    }
}

text! {
    /// What is shown on phones.
    DisplayName, most 64, "up to 64 characters without line breaks", example "Alice Smith", |text| {
        allowed(!text.chars().any(char::is_control))
    }
}

text! {
    /// What somebody signs in with.
    UserName, most 128, "1 to 128 letters, digits and . - _ @ +", example "asmith", |text| {
        let good = |c: char| c.is_ascii_alphanumeric() || ".-_@+".contains(c);
        allowed(!text.is_empty() && text.chars().all(good))
    }
}

text! {
    /// The name of a phone, as it gives it when it registers.
    PhoneName, most 15, "SEP or ATA and the 12 hexadecimal digits of the MAC address in capitals, or up to 15 letters, digits and . - _",
    example "SEP001122334455", |text| {
        // A phone asks for files by its name, in capitals: one of another spelling would never be found.
        let (model, address) = text.split_at_checked(3).unwrap_or((text, ""));
        if ["SEP", "ATA"].iter().any(|known| known.eq_ignore_ascii_case(model)) {
            let is_address = address.len() == 12 && address.bytes().all(|byte| byte.is_ascii_hexdigit());
            let capitals = text.to_ascii_uppercase();
            match is_address {
                true if *text == *capitals => return Ok(()),
                true => return Err(format!("in capitals: {capitals}")),
                // It may be called `separate`.
                false if model == model.to_ascii_uppercase() => return Err(String::new()),
                false => {}
            }
        }
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        allowed(!text.is_empty() && text.bytes().all(good))
    }
}

text! {
    /// The country whose tones somebody knows.
    CountryName, most 40, "the name of a country as its network locale has it", example "Germany", |text| {
        match Country::from_name(text) {
            Some(_) => Ok(()),
            None => {
                let known = Country::ALL.iter().map(|country| country.name());
                let near = nearest(text, known);
                Err(near.map_or_else(String::new, |near| format!("did you mean {near}?")))
            }
        }
    }
}

text! {
    /// The language that somebody reads on a phone.
    UserLocale, most 64, "a language as in `pl_PL`, or as CUCM calls its user locales (`Polish_Poland`)", example "pl_PL", |text| {
        match Language::of_locale(text) {
            Some(_) => Ok(()),
            None => {
                let near = nearest(text, Language::ALL.iter().map(|language| language.name()));
                Err(near.map_or_else(String::new, |near| format!("did you mean {near}?")))
            }
        }
    }
}

text! {
    /// The name of a sound file in the folder for them.
    SoundFile, most 64, "a file name of letters, digits and . - _ that ends with .wav", example "spring.wav", |text| {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        let stem = text.strip_suffix(".wav").unwrap_or_default();
        allowed(!stem.is_empty() && !stem.starts_with('.') && stem.bytes().all(good))
    }
}

text! {
    /// What stands beside a button.
    Label, most 30, "up to 30 characters without line breaks", example "Reception", |text| {
        allowed(!text.chars().any(char::is_control))
    }
}

text! {
    /// The number or name of a product, a language, a firmware: one word.
    Word, most 64, "up to 64 letters, digits and . - _ /", example "7961", |text| {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/".contains(&byte);
        allowed(!text.is_empty() && text.bytes().all(good))
    }
}

text! {
    /// The name of a cluster, as it stands in the names of its files.
    ClusterId, most 50, "1 to 50 letters, digits and . -", example "StandAloneCluster", |text| {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
        allowed(!text.is_empty() && !text.starts_with(['.', '-']) && text.bytes().all(good))
    }
}

text! {
    /// A text that phones show.
    ScreenText, most 4000, "up to 4000 characters", example "The canteen opens at noon.", |text| {
        let good = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
        allowed(text.chars().all(good))
    }
}

text! {
    /// An XML object for the screens of phones.
    ScreenDocument, most 32768, "a document of at most 32768 characters", example "", |_| Ok(())
}

text! {
    /// What a phone opens.
    ServiceUrl, most 255, "http://…, a path of this server that begins with /, or a word and a colon such as Dial:1001, up to 255 characters",
    example "/directories", |text| {
        let word = text.split(':').next().unwrap_or_default();
        let is_word = text.len() > word.len() && !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic());
        let good = |byte: u8| byte.is_ascii_graphic() && !b"<>\"".contains(&byte);
        allowed((is_word || text.starts_with('/')) && text.bytes().all(good))
    }
}

const fn allowed(good: bool) -> Result<(), String> {
    if good { Ok(()) } else { Err(String::new()) }
}

fn parsed<T: std::str::FromStr<Err = E>, E: std::fmt::Display>(text: &str) -> Result<(), String> {
    text.parse::<T>().map(drop).map_err(|error| error.to_string())
}
