//! What a phone is told by remote call control: bodies of REFER and NOTIFY.

use strowger_base::journal::OnOff;

use super::read::{REQUEST, SCREEN};
use crate::write;

/// A body with its type: one request, or several in one.
#[derive(Debug)]
pub(crate) struct Body {
    content_type: &'static str,
    bytes: Vec<u8>,
}

/// One request, or what a screen shows.
#[derive(Debug)]
pub(crate) struct Part {
    content_type: &'static str,
    bytes: Vec<u8>,
}

impl Body {
    /// A request alone, or several in one body.
    pub(crate) fn of(mut parts: Vec<Part>) -> Body {
        if parts.len() == 1
            && let Some(Part { content_type, bytes }) = parts.pop()
        {
            return Body { content_type, bytes };
        }
        let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.bytes.len() + 96).sum());
        for part in parts {
            bytes.extend_from_slice(b"--uniqueBoundary\r\nContent-Type: ");
            bytes.extend_from_slice(part.content_type.as_bytes());
            bytes.extend_from_slice(b"\r\n\r\n");
            bytes.extend_from_slice(&part.bytes);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"--uniqueBoundary--\r\n");
        Body { content_type: "multipart/mixed;boundary=uniqueBoundary", bytes }
    }
}

impl From<Part> for Body {
    fn from(part: Part) -> Body {
        Body::of(vec![part])
    }
}

/// What a REFER to a phone has besides what every request has: who refers, and what is wanted, in a body that `id` names.
pub(crate) fn write_request(buffer: &mut Vec<u8>, ours: &str, id: &str, body: &Body) {
    buffer.extend_from_slice(b"Require: norefersub\r\n");
    write::header(buffer, b"Referred-By", ours.as_bytes());
    for (name, parts) in [(&b"Content-Id: "[..], ["<", id, ">\r\n"]), (b"Refer-To: ", ["cid:", id, "\r\n"])] {
        buffer.extend_from_slice(name);
        parts.into_iter().for_each(|part| buffer.extend_from_slice(part.as_bytes()));
    }
    write::finish(buffer, Some(body.content_type), &body.bytes);
}

/// What a phone is answered that asked for something, as the body of a NOTIFY: `code` is 200 or 500.
pub(crate) fn response(code: u16) -> String {
    format!(
        "{XML}<x-cisco-remotecc-response><response><code>{code}</code></response></x-cisco-remotecc-response>\n"
    )
}

/// A text that the phone shows for so many seconds. It is in ISO 8859-1, since escape codes begin with the byte 0x80; characters that
/// this does not have are left out.
pub(crate) fn status_line(text: &str, seconds: u64) -> Part {
    let mut bytes = Vec::with_capacity(384 + text.len());
    bytes.extend_from_slice(
        b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<x-cisco-remotecc-request><statuslineupdatereq><action>notify_display</action><statustext>",
    );
    for character in text.chars() {
        match character {
            '<' => bytes.extend_from_slice(b"&lt;"),
            '>' => bytes.extend_from_slice(b"&gt;"),
            '&' => bytes.extend_from_slice(b"&amp;"),
            // No XML has these; the escape code is a control character as well, and meant.
            other if other.is_control() && other != '\u{80}' => {}
            other => bytes.extend(u8::try_from(u32::from(other))),
        }
    }
    bytes.extend_from_slice(b"</statustext><displaytimeout>");
    write::decimal(&mut bytes, seconds);
    bytes.extend_from_slice(
        b"</displaytimeout><linenumber>0</linenumber><priority>1</priority></statuslineupdatereq></x-cisco-remotecc-request>\n",
    );
    Part { content_type: REQUEST, bytes }
}

/// How long a text is shown, in seconds.
pub(crate) const SHOWN: u64 = 10;

/// Whether a phone takes part in hunts, for its lamp.
pub(crate) fn hunt_update(hunted: OnOff) -> Part {
    let status = match hunted {
        OnOff::On => "on",
        OnOff::Off => "off",
    };
    request(&format!("<hlogupdate><status>{status}</status></hlogupdate>"))
}

/// Two short beeps, which the phone makes.
pub(crate) fn zip_zip() -> Part {
    request("<playtonereq><tonetype>DtZipZip</tonetype><direction>all</direction></playtonereq>")
}

/// A request, of what stands in its root element.
pub(super) fn request(inner: &str) -> Part {
    let text = format!("{XML}<x-cisco-remotecc-request>{inner}</x-cisco-remotecc-request>\n");
    Part { content_type: REQUEST, bytes: text.into_bytes() }
}

/// What a screen shows.
pub(super) fn screen(text: &str) -> Part {
    Part { content_type: SCREEN, bytes: format!("{XML}{text}\n").into_bytes() }
}

/// A text as it stands in an element; characters that no XML has are left out.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            '\n' => safe.push('\n'),
            other if other.is_control() || matches!(other, '\u{fffe}' | '\u{ffff}') => {}
            other => safe.push(other),
        }
    }
    safe
}

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// The escape code before the number at which a call is parked.
pub(crate) const PARKED_AT: &str = "\u{80}! ";
/// That no number is left to park a call at.
pub(crate) const NO_PARK_NUMBER: &str = "\u{80}^";
/// That a conference cannot be completed.
pub(crate) const NO_CONFERENCE: &str = "\u{80}S";
/// That a call was marked as malicious.
pub(crate) const MARKED_MALICIOUS: &str = "\u{80}T";
