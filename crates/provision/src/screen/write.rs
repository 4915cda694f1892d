//! Elements, and what stands in them, escaped.

/// A document that is being written.
pub(super) struct Writer(String);

impl Writer {
    pub(super) fn begin() -> Self {
        Writer("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned())
    }

    pub(super) fn end(mut self) -> String {
        self.0.push('\n');
        self.0
    }

    /// An element with others in it.
    pub(super) fn element(&mut self, name: &str, inner: impl FnOnce(&mut Self)) {
        self.0.extend(["<", name, ">"]);
        inner(self);
        self.0.extend(["</", name, ">"]);
    }

    /// An element with a text in it.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.element(name, |to| escape(text, &mut to.0));
    }

    /// The same, and nothing where there is no text.
    pub(super) fn text_if_any(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.text(name, text);
        }
    }

    /// An element with nothing but attributes.
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.0.extend(["<", name]);
        for (name, value) in attributes {
            self.0.extend([" ", name, "=\""]);
            escape(value, &mut self.0);
            self.0.push('"');
        }
        self.0.push_str("/>");
    }
}

/// A text as it stands in an element or an attribute. What no XML has is left out.
fn escape(text: &str, to: &mut String) {
    for character in text.chars() {
        match character {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '"' => to.push_str("&quot;"),
            '\n' | '\t' => to.push(character),
            '\r' | '\u{fffe}' | '\u{ffff}' => {}
            other if other.is_control() => {}
            other if other.is_ascii() => to.push(other),
            other => to.push_str(&format!("&#{};", u32::from(other))),
        }
    }
}
