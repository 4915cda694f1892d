//! Replaces: which dialog an INVITE shall take the place of (RFC 3891).

use std::borrow::Cow;

use super::{Parameters, is_word, text};
use crate::scan::find;

/// Which dialog an INVITE shall take the place of (RFC 3891 §6.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replaces<'b> {
    /// Call-ID of that dialog.
    pub call_id: Cow<'b, str>,
    /// Its To tag: the tag of the side that gets the INVITE.
    pub to_tag: Cow<'b, str>,
    /// Its From tag: the tag of the other side.
    pub from_tag: Cow<'b, str>,
    /// Only while the dialog is early.
    pub early_only: bool,
}

impl<'b> Replaces<'b> {
    /// Reads the header's value; `None` when a part is missing, stands twice or is not UTF-8.
    pub fn parse(value: &'b [u8]) -> Option<Self> {
        std::str::from_utf8(value).ok()?;
        let end = find(value, b';')?;
        let call_id = text(value.get(..end)?).trim();
        let (mut to_tag, mut from_tag, mut early_only) = (None, None, false);
        for parameter in Parameters::new(value.get(end..)?).parts() {
            let value = || parameter.value.map(text).filter(|value| !value.is_empty());
            if is_word(parameter.name, b"to-tag") {
                // RFC 3891 §6.1: exactly one of each.
                if to_tag.replace(value()?).is_some() {
                    return None;
                }
            } else if is_word(parameter.name, b"from-tag") {
                if from_tag.replace(value()?).is_some() {
                    return None;
                }
            } else if is_word(parameter.name, b"early-only") {
                early_only = true;
            }
        }
        let (to_tag, from_tag) = (Cow::Borrowed(to_tag?), Cow::Borrowed(from_tag?));
        (!call_id.is_empty()).then_some(Replaces {
            call_id: Cow::Borrowed(call_id),
            to_tag,
            from_tag,
            early_only,
        })
    }

    /// The same with everything owned.
    pub fn into_owned(self) -> Replaces<'static> {
        Replaces {
            call_id: Cow::Owned(self.call_id.into_owned()),
            to_tag: Cow::Owned(self.to_tag.into_owned()),
            from_tag: Cow::Owned(self.from_tag.into_owned()),
            early_only: self.early_only,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_names_one_dialog() {
        let check = |value: &str, expect: Option<(&str, &str, &str, bool)>| {
            let got = Replaces::parse(value.as_bytes());
            let got = got.as_ref().map(|r| (&*r.call_id, &*r.to_tag, &*r.from_tag, r.early_only));
            assert_eq!(got, expect, "{value}");
        };
        check("98732@h;from-tag=r33;to-tag=11", Some(("98732@h", "11", "r33", false)));
        check("a ; to-tag = 7 ;\r\n from-tag=8;early-only", Some(("a", "7", "8", true)));
        check("a;to-tag=7;to-tag=9;from-tag=8", None);
        check("a;to-tag=;from-tag=8", None);
        check("a;to-tag=7", None);
        check(";to-tag=7;from-tag=8", None);
        check("a", None);
    }
}
