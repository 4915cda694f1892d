//! Header names: one byte each, found by length and letters.

macro_rules! header_names {
    ($($(#[$doc:meta])* $name:ident = $text:literal $(, $compact:literal)?;)*) => {
        /// Which header a line is. Names are compared without case; compact forms are the same header.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum HeaderName {
            $(#[doc = concat!("`", $text, "`.")] $(#[$doc])* $name,)*
            /// Any other name; the line keeps it.
            Other,
        }

        #[cfg(test)]
        const NAMES: &[(&str, HeaderName)] = &[$(($text, HeaderName::$name)),*];
        const COMPACT: &[(u8, HeaderName)] = &[$($(($compact, HeaderName::$name),)?)*];

        impl HeaderName {
            /// The name in its usual form; empty for `Other`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(HeaderName::$name => $text,)*
                    HeaderName::Other => "",
                }
            }
        }
    };
}

header_names! {
    Accept = "Accept";
    Alert = "Alert-Info";
    Allow = "Allow";
    AllowEvents = "Allow-Events", b'u';
    Authorization = "Authorization";
    CallId = "Call-ID", b'i';
    CallInfo = "Call-Info";
    Contact = "Contact", b'm';
    ContentEncoding = "Content-Encoding", b'e';
    ContentLength = "Content-Length", b'l';
    ContentType = "Content-Type", b'c';
    CSeq = "CSeq";
    Date = "Date";
    Diversion = "Diversion";
    Event = "Event", b'o';
    Expires = "Expires";
    From = "From", b'f';
    MaxForwards = "Max-Forwards";
    MinExpires = "Min-Expires";
    MinSe = "Min-SE";
    PAssertedIdentity = "P-Asserted-Identity";
    PPreferredIdentity = "P-Preferred-Identity";
    Path = "Path";
    Privacy = "Privacy";
    ProxyAuthenticate = "Proxy-Authenticate";
    ProxyAuthorization = "Proxy-Authorization";
    ProxyRequire = "Proxy-Require";
    RAck = "RAck";
    Reason = "Reason";
    RecordRoute = "Record-Route";
    ReferTo = "Refer-To", b'r';
    ReferredBy = "Referred-By", b'b';
    RemotePartyId = "Remote-Party-ID";
    Replaces = "Replaces";
    Require = "Require";
    RetryAfter = "Retry-After";
    Route = "Route";
    RSeq = "RSeq";
    Server = "Server";
    SessionExpires = "Session-Expires", b'x';
    Subject = "Subject", b's';
    SubscriptionState = "Subscription-State";
    Supported = "Supported", b'k';
    To = "To", b't';
    Unsupported = "Unsupported";
    UserAgent = "User-Agent";
    Via = "Via", b'v';
    Warning = "Warning";
    WwwAuthenticate = "WWW-Authenticate";
}

impl HeaderName {
    /// How many there are, `Other` included.
    pub(crate) const COUNT: usize = HeaderName::Other as usize + 1;

    /// The header that a name means.
    pub fn of(name: &[u8]) -> HeaderName {
        if let [letter] = name {
            let letter = letter.to_ascii_lowercase();
            return COMPACT.iter().find(|entry| entry.0 == letter).map_or(HeaderName::Other, |entry| entry.1);
        }
        let Some(first) = name.first().map(|byte| byte | 0x20) else { return HeaderName::Other };
        candidates(name.len())
            .iter()
            .copied()
            .find(|candidate| {
                let text = candidate.as_str().as_bytes();
                text.first().is_some_and(|byte| byte | 0x20 == first) && text.eq_ignore_ascii_case(name)
            })
            .unwrap_or(HeaderName::Other)
    }
}

/// The names of a length, so that few have to be compared.
const fn candidates(length: usize) -> &'static [HeaderName] {
    match length {
        2 => &[HeaderName::To],
        3 => &[HeaderName::Via],
        4 => &[
            HeaderName::CSeq,
            HeaderName::Date,
            HeaderName::From,
            HeaderName::Path,
            HeaderName::RAck,
            HeaderName::RSeq,
        ],
        5 => &[HeaderName::Allow, HeaderName::Event, HeaderName::Route],
        6 => &[HeaderName::Accept, HeaderName::MinSe, HeaderName::Reason, HeaderName::Server],
        7 => &[
            HeaderName::CallId,
            HeaderName::Contact,
            HeaderName::Expires,
            HeaderName::Privacy,
            HeaderName::Require,
            HeaderName::Subject,
            HeaderName::Warning,
        ],
        8 => &[HeaderName::ReferTo, HeaderName::Replaces],
        9 => &[HeaderName::CallInfo, HeaderName::Diversion, HeaderName::Supported],
        10 => &[HeaderName::Alert, HeaderName::UserAgent],
        11 => {
            &[HeaderName::MinExpires, HeaderName::ReferredBy, HeaderName::RetryAfter, HeaderName::Unsupported]
        }
        12 => &[
            HeaderName::AllowEvents,
            HeaderName::ContentType,
            HeaderName::MaxForwards,
            HeaderName::RecordRoute,
        ],
        13 => &[HeaderName::Authorization, HeaderName::ProxyRequire],
        14 => &[HeaderName::ContentLength],
        15 => &[HeaderName::RemotePartyId, HeaderName::SessionExpires],
        16 => &[HeaderName::ContentEncoding, HeaderName::WwwAuthenticate],
        18 => &[HeaderName::ProxyAuthenticate, HeaderName::SubscriptionState],
        19 => &[HeaderName::PAssertedIdentity, HeaderName::ProxyAuthorization],
        20 => &[HeaderName::PPreferredIdentity],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case_and_by_its_compact_form() {
        for (text, name) in NAMES {
            assert_eq!(HeaderName::of(text.as_bytes()), *name);
            assert_eq!(HeaderName::of(text.to_ascii_lowercase().as_bytes()), *name);
        }
        assert_eq!(HeaderName::of(b"M"), HeaderName::Contact);
        assert_eq!(HeaderName::of(b"C%6Fntact"), HeaderName::Other);
        assert_eq!(HeaderName::of(b""), HeaderName::Other);
    }
}
