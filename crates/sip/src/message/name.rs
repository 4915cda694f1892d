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
    /// The header that a name means.
    pub fn of(name: &[u8]) -> HeaderName {
        if let [letter] = name {
            let letter = letter.to_ascii_lowercase();
            return COMPACT.iter().find(|entry| entry.0 == letter).map_or(HeaderName::Other, |entry| entry.1);
        }
        let first = name.first().copied().unwrap_or(0) | 0x20;
        NAMES
            .iter()
            .find(|(text, _)| {
                text.len() == name.len()
                    && text.as_bytes().first().is_some_and(|byte| byte | 0x20 == first)
                    && text.as_bytes().eq_ignore_ascii_case(name)
            })
            .map_or(HeaderName::Other, |entry| entry.1)
    }
}
