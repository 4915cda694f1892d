//! A phone that is just good enough for these tests.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};

use md5::{Digest, Md5};

use crate::server::PATIENCE;

enum Way {
    Udp(UdpSocket),
    Tcp(TcpStream, Vec<u8>),
}

/// A phone with one number.
pub(crate) struct Phone {
    way: Way,
    number: String,
    secret: String,
    local: SocketAddr,
    server: SocketAddr,
    sequence: u32,
}

/// A call that a phone made: what it needs to end it.
pub(crate) struct Dialog {
    pub(crate) call_id: String,
    to: String,
    target: String,
    /// Where the other side wants audio.
    pub(crate) media: SocketAddr,
}

impl Phone {
    pub(crate) fn udp(number: &str, secret: &str, server: SocketAddr) -> Phone {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        socket.connect(server).expect("the server is on loopback");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        let local = socket.local_addr().expect("it is bound");
        let (number, secret) = (number.to_owned(), secret.to_owned());
        Phone { way: Way::Udp(socket), number, secret, local, server, sequence: 0 }
    }

    pub(crate) fn tcp(number: &str, secret: &str, server: SocketAddr) -> Phone {
        let stream = TcpStream::connect(server).expect("the server takes TCP");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        let local = stream.local_addr().expect("it is bound");
        let (number, secret) = (number.to_owned(), secret.to_owned());
        Phone { way: Way::Tcp(stream, Vec::new()), number, secret, local, server, sequence: 0 }
    }

    const fn transport(&self) -> &'static str {
        match self.way {
            Way::Udp(_) => "UDP",
            Way::Tcp(..) => "TCP",
        }
    }

    pub(crate) fn send(&mut self, text: &str) {
        match &mut self.way {
            Way::Udp(socket) => _ = socket.send(text.as_bytes()).expect("the datagram goes"),
            Way::Tcp(stream, _) => stream.write_all(text.as_bytes()).expect("the connection is up"),
        }
    }

    /// The next whole message.
    pub(crate) fn receive(&mut self) -> String {
        match &mut self.way {
            Way::Udp(socket) => {
                let mut bytes = [0; 65_535];
                let length = socket.recv(&mut bytes).expect("the server sends something");
                String::from_utf8_lossy(&bytes[..length]).into_owned()
            }
            Way::Tcp(stream, waiting) => loop {
                if let Some(message) = take_message(waiting) {
                    return message;
                }
                let mut bytes = [0; 4_096];
                let length = stream.read(&mut bytes).expect("the server sends something");
                assert!(length > 0, "the server closed the connection");
                waiting.extend_from_slice(&bytes[..length]);
            },
        }
    }

    /// Receives until a message begins like this.
    pub(crate) fn expect(&mut self, beginning: &str) -> String {
        loop {
            let message = self.receive();
            if message.starts_with(beginning) {
                return message;
            }
            assert!(message.starts_with("SIP/2.0 1"), "expected {beginning}, got {message}");
        }
    }

    /// Registers, answering one challenge; the final status.
    pub(crate) fn register(&mut self) -> u16 {
        let uri = format!("sip:{}", self.server);
        let call_id = format!("register-{}@{}", self.number, self.local);
        let from = format!("<sip:{}@{}>", self.number, self.server);
        let rest = format!("To: {from}\r\nFrom: {from};tag=r1\r\nCall-ID: {call_id}\r\nExpires: 600\r\n");
        let answer = self.request("REGISTER", &uri, &rest, "");
        status(&answer)
    }

    /// Calls a number up to the answer; the dialog, or the status that refused it.
    pub(crate) fn call(&mut self, number: &str, media: SocketAddr) -> Result<Dialog, u16> {
        let uri = format!("sip:{number}@{}", self.server);
        let call_id = format!("call-{number}-{}@{}", self.sequence, self.local);
        let body = session(media);
        let rest = format!(
            "To: <{uri}>\r\nFrom: {}\r\nCall-ID: {call_id}\r\nContent-Type: application/sdp\r\n",
            self.from()
        );
        let answer = self.request("INVITE", &uri, &rest, &body);
        if status(&answer) != 200 {
            return Err(status(&answer));
        }
        let to = header(&answer, "To").to_owned();
        let target = header(&answer, "Contact");
        let target = target.split(['<', '>']).nth(1).unwrap_or(target).to_owned();
        let media = media_address(&answer);
        let dialog = Dialog { call_id, to, target, media };
        self.in_dialog(&dialog, "ACK", self.sequence);
        Ok(dialog)
    }

    /// Hangs up.
    pub(crate) fn hang_up(&mut self, dialog: &Dialog) {
        self.sequence += 1;
        self.in_dialog(dialog, "BYE", self.sequence);
        self.expect("SIP/2.0 200");
    }

    /// Answers the call that rings here with 180 and 200 and takes the ACK.
    pub(crate) fn answer(&mut self, media: SocketAddr) -> String {
        let invite = self.expect("INVITE ");
        self.respond(&invite, "180 Ringing", "");
        self.respond(&invite, "200 OK", &session(media));
        self.expect("ACK ");
        invite
    }

    /// Answers a request.
    pub(crate) fn respond(&mut self, request: &str, status: &str, body: &str) {
        let mut text = format!("SIP/2.0 {status}\r\n");
        for line in request.split("\r\n").skip(1).take_while(|line| !line.is_empty()) {
            let name = line.split(':').next().unwrap_or_default();
            if ["Via", "From", "Call-ID", "CSeq", "Record-Route"].contains(&name) {
                let _ = write!(text, "{line}\r\n");
            } else if name == "To" {
                let tag = if line.contains("tag=") { "" } else { ";tag=callee" };
                let _ = write!(text, "{line}{tag}\r\n");
            }
        }
        let _ = write!(text, "Contact: {}\r\n", self.contact());
        if !body.is_empty() {
            text.push_str("Content-Type: application/sdp\r\n");
        }
        let _ = write!(text, "Content-Length: {}\r\n\r\n{body}", body.len());
        self.send(&text);
    }

    fn from(&self) -> String {
        format!("<sip:{}@{}>;tag=caller", self.number, self.server)
    }

    fn contact(&self) -> String {
        format!("<sip:{}@{};transport={}>", self.number, self.local, self.transport().to_lowercase())
    }

    fn in_dialog(&mut self, dialog: &Dialog, method: &str, sequence: u32) {
        let text = format!(
            "{method} {} SIP/2.0\r\nVia: SIP/2.0/{} {};branch=z9hG4bK{method}{sequence};rport\r\n\
             Max-Forwards: 70\r\nTo: {}\r\nFrom: {}\r\nCall-ID: {}\r\nCSeq: {sequence} {method}\r\n\
             Content-Length: 0\r\n\r\n",
            dialog.target,
            self.transport(),
            self.local,
            dialog.to,
            self.from(),
            dialog.call_id,
        );
        self.send(&text);
    }

    /// Sends a request, answers one challenge, and returns the final response.
    fn request(&mut self, method: &str, uri: &str, rest: &str, body: &str) -> String {
        let mut credentials = String::new();
        for attempt in 1.. {
            self.sequence += 1;
            let text = format!(
                "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/{} {};branch=z9hG4bK{method}{};rport\r\n\
                 Max-Forwards: 70\r\n{rest}CSeq: {} {method}\r\nContact: {}\r\n{credentials}\
                 Content-Length: {}\r\n\r\n{body}",
                self.transport(),
                self.local,
                self.sequence,
                self.sequence,
                self.contact(),
                body.len(),
            );
            self.send(&text);
            let answer = loop {
                let message = self.receive();
                if message.starts_with("SIP/2.0 ") && status(&message) >= 200 {
                    break message;
                }
            };
            let refused = status(&answer) >= 300;
            if method == "INVITE" && refused {
                self.acknowledge(uri, &answer);
            }
            if attempt > 1 || ![401, 407].contains(&status(&answer)) {
                return answer;
            }
            credentials = self.credentials(&answer, method, uri);
        }
        unreachable!("the loop returns")
    }

    /// The ACK of a refused INVITE (RFC 3261 §17.1.1.3).
    fn acknowledge(&mut self, uri: &str, answer: &str) {
        let sequence = self.sequence;
        let text = format!(
            "ACK {uri} SIP/2.0\r\nVia: SIP/2.0/{} {};branch=z9hG4bKINVITE{sequence};rport\r\nMax-Forwards: 70\r\n\
             To: {}\r\nFrom: {}\r\nCall-ID: {}\r\nCSeq: {sequence} ACK\r\nContent-Length: 0\r\n\r\n",
            self.transport(),
            self.local,
            header(answer, "To"),
            header(answer, "From"),
            header(answer, "Call-ID"),
        );
        self.send(&text);
    }

    /// Credentials for the MD5 challenge among those that were offered (RFC 7616 §3.4).
    fn credentials(&self, answer: &str, method: &str, uri: &str) -> String {
        let proxy = status(answer) == 407;
        let challenge = answer
            .split("\r\n")
            .filter(|line| line.contains("-Authenticate: Digest"))
            .find(|line| !line.contains("SHA-256"))
            .expect("an MD5 challenge");
        let realm = quoted(challenge, "realm");
        let nonce = quoted(challenge, "nonce");
        let first = hex(&format!("{}:{realm}:{}", self.number, self.secret));
        let second = hex(&format!("{method}:{uri}"));
        let response = hex(&format!("{first}:{nonce}:00000001:c0ffee:auth:{second}"));
        let name = if proxy { "Proxy-Authorization" } else { "Authorization" };
        format!(
            "{name}: Digest username=\"{}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
             response=\"{response}\", algorithm=MD5, cnonce=\"c0ffee\", qop=auth, nc=00000001\r\n",
            self.number
        )
    }
}

pub(crate) fn status(message: &str) -> u16 {
    message.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a response")
}

pub(crate) fn header<'a>(message: &'a str, name: &str) -> &'a str {
    message
        .split("\r\n")
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .unwrap_or_else(|| panic!("no {name} in {message}"))
        .trim()
}

/// A G.711 session at an address.
fn session(media: SocketAddr) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n\
         a=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n",
        ip = media.ip(),
        port = media.port()
    )
}

/// Where a session wants audio.
fn media_address(message: &str) -> SocketAddr {
    let line = |start: &str| message.split("\r\n").find_map(|line| line.strip_prefix(start));
    let ip = line("c=IN IP4 ").and_then(|ip| ip.parse().ok()).expect("a c= line");
    let port = line("m=audio ").and_then(|rest| rest.split(' ').next()?.parse().ok()).expect("an m= line");
    SocketAddr::new(ip, port)
}

fn quoted<'a>(line: &'a str, name: &str) -> &'a str {
    let (_, rest) = line.split_once(&format!("{name}=\"")).expect("the parameter is there");
    rest.split('"').next().unwrap_or_default()
}

fn hex(text: &str) -> String {
    Md5::digest(text).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn take_message(waiting: &mut Vec<u8>) -> Option<String> {
    let text = String::from_utf8_lossy(waiting).into_owned();
    let (head, _) = text.split_once("\r\n\r\n")?;
    let length: usize =
        head.split("\r\n").find_map(|line| line.strip_prefix("Content-Length:"))?.trim().parse().ok()?;
    let end = head.len() + 4 + length;
    if waiting.len() < end {
        return None;
    }
    waiting.drain(..end);
    Some(text.get(..end)?.to_owned())
}
