//! SIP as the phone models read and write it: plain text handling of their own, so that server and phones check
//! each other. It knows only what these phones need.

/// A message taken apart.
#[derive(Clone, Debug)]
pub struct Text {
    /// Start line.
    pub start: String,
    /// Header lines, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: String,
}

impl Text {
    /// Takes a message apart; `None` when it has no end of headers, or they are no text.
    pub fn parse(bytes: &[u8]) -> Option<Text> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
        // Keys, and what Cisco's phones are told to show, have bytes of their own: each is a character here.
        let body: String = bytes.get(end + 4..)?.iter().map(|byte| char::from(*byte)).collect();
        let mut lines = head.split("\r\n");
        let start = lines.next()?.to_owned();
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Some(Text { start, headers, body })
    }

    /// The first header of a name in lower case; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// All headers of a name in lower case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The status of a response, `None` for a request.
    pub fn status(&self) -> Option<u16> {
        self.start.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
    }

    /// The method of a request.
    pub fn method(&self) -> &str {
        self.start.split(' ').next().unwrap_or("")
    }

    /// The number and the method of CSeq; 0 when it is none.
    pub fn cseq(&self) -> (u32, &str) {
        let mut parts = self.header("cseq").split(' ');
        (parts.next().and_then(|n| n.parse().ok()).unwrap_or(0), parts.next().unwrap_or(""))
    }

    /// The tag of From or To, by their names in lower case.
    pub fn tag(&self, name: &str) -> &str {
        self.header(name).split(";tag=").nth(1).unwrap_or("").split(';').next().unwrap_or("")
    }

    /// The URI between angle brackets of Contact.
    pub fn contact(&self) -> String {
        let value = self.header("contact");
        let inner = value.split('<').nth(1).and_then(|rest| rest.split('>').next());
        inner.unwrap_or(value).to_owned()
    }

    /// A 200 with a description and these headers more.
    pub fn accepted(&self, tag: &str, contact: &str, more: &str, body: &str) -> String {
        self.response(200, tag, contact, body).replacen("\r\n", &format!("\r\n{more}"), 1)
    }

    /// A response to this request with the given status, tag and body.
    pub fn response(&self, status: u16, tag: &str, contact: &str, body: &str) -> String {
        let mut out = format!("SIP/2.0 {status} X\r\n");
        for via in self.all("via") {
            out.push_str(&format!("Via: {via}\r\n"));
        }
        let to = self.header("to");
        let tag = if to.contains(";tag=") || status == 100 { String::new() } else { format!(";tag={tag}") };
        out.push_str(&format!(
            "From: {}\r\nTo: {to}{tag}\r\nCall-ID: {}\r\nCSeq: {}\r\n",
            self.header("from"),
            self.header("call-id"),
            self.header("cseq")
        ));
        if ((200..400).contains(&status) || status == 180) && !contact.is_empty() {
            out.push_str(&format!("Contact: <{contact}>\r\n"));
        }
        finish(out, body)
    }
}

/// Adds the body headers and the body.
pub fn finish(mut out: String, body: &str) -> String {
    if !body.is_empty() {
        let kind = match body {
            _ if body.starts_with("<kpml-request") => "application/kpml-request+xml",
            _ if body.starts_with("<kpml") => "application/kpml-response+xml",
            _ if body.starts_with("<x-cisco") => "application/x-cisco-remotecc-request+xml",
            _ if body.starts_with("Signal=") => "application/dtmf-relay",
            // The payload of an event begins with its number (RFC 4733 §2.3).
            _ if body.starts_with(|first| first < ' ') => "audio/telephone-event",
            _ => "application/sdp",
        };
        out.push_str(&format!("Content-Type: {kind}\r\n"));
    }
    out.push_str(&format!("Content-Length: {}\r\n\r\n{body}", wire(body).len()));
    out
}

/// A message as it goes over the network: what [`Text::parse`] made a character of is a byte again.
pub fn wire(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        match u8::try_from(character) {
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

/// A session description of a phone with one stream in these static payload types, and telephone events.
pub fn sdp(address: std::net::IpAddr, port: u16, version: u32, direction: &str, formats: &[&str]) -> String {
    let mut text = format!(
        "v=0\r\no=phone 1 {version} IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP {} 101\r\n",
        formats.join(" ")
    );
    for format in formats {
        let name = match *format {
            "0" => "PCMU",
            "8" => "PCMA",
            "18" => "G729",
            _ => "G722",
        };
        text.push_str(&format!("a=rtpmap:{format} {name}/8000\r\n"));
    }
    text + &format!("a=rtpmap:101 telephone-event/8000\r\na={direction}\r\n")
}

/// The Authorization header that answers a challenge (RFC 7616 §3.4, MD5 with qop).
pub fn authorization(challenge: &str, user: &str, secret: &str, method: &str, uri: &str, nc: u32) -> String {
    let field = |name: &str| {
        challenge.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("")
    };
    let (realm, nonce) = (field("realm"), field("nonce"));
    let ha1 = md5(&format!("{user}:{realm}:{secret}"));
    let ha2 = md5(&format!("{method}:{uri}"));
    let response = md5(&format!("{ha1}:{nonce}:{nc:08x}:sim:auth:{ha2}"));
    format!(
        "Authorization: Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
         response=\"{response}\", algorithm=MD5, qop=auth, nc={nc:08x}, cnonce=\"sim\"\r\n"
    )
}

fn md5(text: &str) -> String {
    use md5::Digest;
    md5::Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
