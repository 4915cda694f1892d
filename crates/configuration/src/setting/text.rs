//! Texts, each with the syntax that it must have. What is kept is what was written.

use std::net::{IpAddr, SocketAddr};

use serde_json::Value;

use super::Setting;
use crate::form::Form;
use crate::problem::Wrong;
use crate::reader::{Names, Reader};

/// Makes a setting of a text with a syntax.
macro_rules! text {
    (
        $(#[doc = $doc:literal])*
        $Name:ident, most $most:literal, $what:literal, example $example:literal, $check:expr
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
        pub struct $Name(Box<str>);

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

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// True when there is none.
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl Setting for $Name {
            const FORM: Form = Form::Text { most: $most, what: $what, example: $example };

            fn read(value: &Value, reader: &mut Reader<'_>) -> Option<Self> {
                let Value::String(text) = value else {
                    reader.unexpected(value, &Self::FORM);
                    return None;
                };
                match $Name::new(text) {
                    Ok(read) => Some(read),
                    Err(why) => {
                        refuse(value, &Self::FORM, &why, reader);
                        None
                    }
                }
            }

            fn write(&self, _: &dyn Names) -> Value {
                Value::String(self.0.to_string())
            }
        }
    };
}

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
    /// A pattern of the dial plan.
    PatternText, most 100, "a pattern of digits, X, !, ?, +, [..], ., @, *, # and \\+", example "9.1[2-9]XXXXXXXXX",
    |text| parsed::<strowger_dialplan::Pattern, _>(text)
}

text! {
    /// A mask: `X` keeps a digit, other symbols replace it.
    MaskText, most 50, "a mask of X, digits, *, # and a leading +", example "40855512XX",
    |text| parsed::<strowger_dialplan::Mask, _>(text)
}

text! {
    /// Digits that are put in front of a number.
    PrefixText, most 50, "digits, *, # and a leading +", example "+1408",
    |text| parsed::<strowger_dialplan::Digits, _>(text)
}

text! {
    /// A digit discard instruction.
    DiscardInstructions, most 60, "a digit discard instruction", example "PreDot",
    |text| parsed::<strowger_dialplan::Discard, _>(text)
}

text! {
    /// The clauses of a route filter for patterns with `@`.
    FilterClauses, most 1024, "clauses of a route filter", example "(AREA-CODE == 900)",
    |text| parsed::<strowger_dialplan::RouteFilter, _>(text)
}

text! {
    /// A time period.
    HoursText, most 60, "a time period", example "mo-fr 08:00-17:00",
    |text| parsed::<strowger_dialplan::schedule::TimePeriod, _>(text)
}

text! {
    /// An IANA time zone.
    ZoneName, most 50, "an IANA time zone", example "Europe/Berlin", |text| {
        strowger_dialplan::Zone::named(text).map(drop).map_err(|error| error.to_string())
    }
}

text! {
    /// A name of the domain name system.
    DomainName, most 253, "a domain name", example "pbx.example.com", |text| allowed(is_domain(text))
}

text! {
    /// An IP address.
    Address, most 45, "an IPv4 or IPv6 address", example "192.0.2.10", |text| {
        allowed(text.parse::<IpAddr>().is_ok())
    }
}

text! {
    /// A host with a port: an address or a name, and a port after a colon. An IPv6 address stands in brackets.
    EndPoint, most 260, "an address or name, and a port after a colon", example "192.0.2.1:5060", |text| {
        if text.parse::<SocketAddr>().is_ok() {
            return Ok(());
        }
        let Some((host, port)) = text.rsplit_once(':') else { return Err("the port is missing".to_owned()) };
        allowed(is_domain(host) && port.parse::<u16>().is_ok_and(|port| port > 0))
    }
}

text! {
    /// A port or a range of ports.
    PortText, most 11, "a port, or two with a hyphen between them", example "16384-32767", |text| {
        let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0);
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        allowed(matches!((port(first), port(last)), (Some(first), Some(last)) if first <= last))
    }
}

text! {
    /// An IP network.
    Subnet, most 49, "an address and the number of bits of its network", example "10.1.0.0/16", |text| {
        let Some((address, bits)) = text.split_once('/') else { return Err(String::new()) };
        let (Ok(address), Ok(bits)) = (address.parse(), bits.parse()) else { return Err(String::new()) };
        strowger_dialplan::mobility::Subnet::new(address, bits).map(drop).map_err(|error| error.to_string())
    }
}

const fn allowed(good: bool) -> Result<(), String> {
    if good { Ok(()) } else { Err(String::new()) }
}

fn parsed<T: std::str::FromStr<Err = E>, E: std::fmt::Display>(text: &str) -> Result<(), String> {
    text.parse::<T>().map(drop).map_err(|error| error.to_string())
}

/// Labels of letters, digits and hyphens (RFC 1123 §2.1).
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    !text.is_empty() && text.split('.').all(label)
}
