//! Header names: one byte each, found by one look into a table and one comparison.

macro_rules! header_names {
    ($($(#[$doc:meta])* $name:ident = $text:literal $(, $compact:literal)?;)*) => {
        /// Which header a line is. Names are compared without case; compact forms are the same header.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum HeaderName {
            /// Any other name; the line keeps it.
            Other,
            $(#[doc = concat!("`", $text, "`.")] $(#[$doc])* $name,)*
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
    AcceptEncoding = "Accept-Encoding";
    Alert = "Alert-Info";
    Allow = "Allow";
    AllowEvents = "Allow-Events", b'u';
    Authorization = "Authorization";
    CallId = "Call-ID", b'i';
    CallInfo = "Call-Info";
    Contact = "Contact", b'm';
    ContentDisposition = "Content-Disposition";
    ContentEncoding = "Content-Encoding", b'e';
    ContentLength = "Content-Length", b'l';
    ContentType = "Content-Type", b'c';
    CSeq = "CSeq";
    Date = "Date";
    Diversion = "Diversion";
    Event = "Event", b'o';
    Expires = "Expires";
    From = "From", b'f';
    Join = "Join";
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
    Timestamp = "Timestamp";
    To = "To", b't';
    Unsupported = "Unsupported";
    UserAgent = "User-Agent";
    Via = "Via", b'v';
    Warning = "Warning";
    WwwAuthenticate = "WWW-Authenticate";
}

impl HeaderName {
    /// How many there are, `Other` included; fewer than the bits of a [`NameSet`].
    pub(crate) const COUNT: usize = NAMES.len() + 1;

    /// The header that a name means.
    #[inline(always)]
    pub fn of(name: &[u8]) -> HeaderName {
        match name {
            [] => HeaderName::Other,
            [letter] => BY_LETTER[usize::from(letter & 0x1f)].filter(letter.is_ascii_alphabetic()),
            [first, .., last] => {
                let (text, candidate) = BY_HASH[slot(name.len(), *first, *last)];
                candidate.filter(text == name || text.eq_ignore_ascii_case(name))
            }
        }
    }

    const fn filter(self, is_it: bool) -> HeaderName {
        if is_it { self } else { HeaderName::Other }
    }
}

/// A set of known header names.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct NameSet(u64);

impl NameSet {
    /// The set of some names.
    pub(crate) const fn of(names: &[HeaderName]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < names.len() {
            bits |= 1 << names[at] as u64;
            at += 1;
        }
        NameSet(bits)
    }

    /// Adds a name; returns whether it was there before.
    pub(crate) const fn insert(&mut self, name: HeaderName) -> bool {
        let bit = 1 << name as u64;
        let before = self.0 & bit != 0;
        self.0 |= bit;
        before
    }

    /// Whether a name is in it.
    pub(crate) const fn contains(self, name: HeaderName) -> bool {
        self.0 >> name as u64 & 1 == 1
    }

    /// Whether all names of another set are in it.
    pub(crate) const fn contains_all(self, other: NameSet) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether a name of another set is in it.
    pub(crate) const fn contains_any(self, other: NameSet) -> bool {
        self.0 & other.0 != 0
    }
}

const _: () = assert!(HeaderName::COUNT <= 64, "a name set has 64 bits");

/// The place of a name in [`BY_HASH`], by its length and its outer letters without case. The factors were found by
/// trying; [`by_hash`] does not compile when two names meet.
const fn slot(length: usize, first: u8, last: u8) -> usize {
    let (first, last) = (first | 0x20, last | 0x20);
    (length.wrapping_mul(1) + first as usize * 9 + last as usize * 97) % 256
}

static BY_HASH: [(&[u8], HeaderName); 256] = by_hash();
static BY_LETTER: [HeaderName; 32] = by_letter();

const fn by_hash() -> [(&'static [u8], HeaderName); 256] {
    let mut table: [(&[u8], HeaderName); 256] = [(b"", HeaderName::Other); 256];
    let mut at = 0;
    while at < NAMES.len() {
        let text = NAMES[at].0.as_bytes();
        let slot = slot(text.len(), text[0], text[text.len() - 1]);
        assert!(table[slot].0.is_empty(), "two names have one slot: choose other factors");
        table[slot] = (text, NAMES[at].1);
        at += 1;
    }
    table
}

const fn by_letter() -> [HeaderName; 32] {
    let mut table = [HeaderName::Other; 32];
    let mut at = 0;
    while at < COMPACT.len() {
        table[(COMPACT[at].0 & 0x1f) as usize] = COMPACT[at].1;
        at += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case_and_by_its_compact_form() {
        for (text, name) in NAMES {
            assert_eq!(HeaderName::of(text.as_bytes()), *name);
            assert_eq!(HeaderName::of(text.to_ascii_lowercase().as_bytes()), *name);
            assert_eq!(HeaderName::of(text.to_ascii_uppercase().as_bytes()), *name);
            assert_eq!(HeaderName::of(format!("{text}x").as_bytes()), HeaderName::Other);
        }
        for (letter, name) in COMPACT {
            assert_eq!(HeaderName::of(&[*letter]), *name);
            assert_eq!(HeaderName::of(&[letter.to_ascii_uppercase()]), *name);
        }
    }

    #[test]
    fn other_names_are_other() {
        for name in [&b""[..], b"C%6Fntact", b"a", b"-", b"&", b"Contacs", b"Fxxm", b"\xff\xff"] {
            assert_eq!(HeaderName::of(name), HeaderName::Other, "{name:?}");
        }
    }
}
