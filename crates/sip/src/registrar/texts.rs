//! The texts of a binding: all in one piece, shared by the binding and the records of it that are on their way to the disk.

use std::sync::Arc;

use strowger_base::limits;

use crate::header::{elements, text};

/// The texts of a binding.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct BindingTexts<'a> {
    /// The line it is bound to, by its [`strowger_base::LineName`].
    pub line: &'a str,
    /// The contact URI, as the phone wrote it.
    pub contact: &'a str,
    /// Its `+sip.instance` without quotes and angle brackets; empty when it gave none.
    pub instance: &'a str,
    /// Call-ID of its last REGISTER.
    pub call_id: &'a str,
    /// User-Agent; empty when it gave none.
    pub user_agent: &'a str,
    /// The Path it came by (RFC 3327), outermost first, separated by commas; mostly empty.
    pub path: &'a str,
}

/// Texts in one piece, which costs nothing to share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PackedTexts {
    text: Arc<str>,
    /// Where each but the last ends.
    ends: [u16; 5],
}

impl<'a> BindingTexts<'a> {
    /// How long they are together.
    pub(super) const fn len(&self) -> usize {
        self.line.len()
            + self.contact.len()
            + self.instance.len()
            + self.call_id.len()
            + self.user_agent.len()
            + self.path.len()
    }

    /// Puts them into one piece; `None` when they are longer than [`limits::BINDING_TEXT_BYTES`].
    pub fn pack(&self) -> Option<PackedTexts> {
        if self.len() > limits::BINDING_TEXT_BYTES {
            return None;
        }
        let mut text = String::with_capacity(self.len());
        let mut ends = [0; 5];
        let parts = [self.line, self.contact, self.instance, self.call_id, self.user_agent];
        for (part, end) in parts.iter().zip(&mut ends) {
            text.push_str(part);
            // The limit fits 16 bits, which is checked where it is used below.
            *end = text.len() as u16;
        }
        text.push_str(self.path);
        Some(PackedTexts { text: text.into(), ends })
    }

    /// The proxies of the Path, outermost first.
    pub fn routes(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        elements(self.path.as_bytes()).map(text).filter(|route| !route.is_empty())
    }
}

const _: () = assert!(limits::BINDING_TEXT_BYTES <= u16::MAX as usize, "offsets have 16 bits");

impl PackedTexts {
    /// The single texts.
    pub fn get(&self) -> BindingTexts<'_> {
        BindingTexts {
            line: self.part(0),
            contact: self.part(1),
            instance: self.part(2),
            call_id: self.part(3),
            user_agent: self.part(4),
            path: self.part(5),
        }
    }

    /// A single one, by its place in [`BindingTexts`].
    #[inline]
    pub(super) fn part(&self, index: usize) -> &str {
        let from = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        let to = self.ends.get(index).map_or(self.text.len(), |end| usize::from(*end));
        self.text.get(usize::from(from)..to).unwrap_or_default()
    }

    /// Bytes on the heap, without what the allocator adds.
    pub(super) fn bytes(&self) -> usize {
        self.text.len() + 2 * size_of::<usize>()
    }
}
