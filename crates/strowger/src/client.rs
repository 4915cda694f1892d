//! The command line as a client of a running server's HTTP interface.

mod tls;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;

use crate::server::LOCAL_SOCKET;

/// Where to look.
#[derive(clap::Args)]
#[cfg_attr(test, derive(Default))]
pub(crate) struct Place {
    /// The server's data folder; a server that runs on it is found by itself.
    #[arg(long, default_value = "strowger-data", global = true)]
    pub(crate) data: PathBuf,
    /// A running server, for example `http://127.0.0.1:8080` or `https://pbx.example:8443`.
    #[arg(long, value_name = "URL", conflicts_with = "data", global = true)]
    server: Option<ServerUrl>,
    /// File with the token to ask a named server with; the environment variable STROWGER_TOKEN does as well.
    #[arg(long, value_name = "PATH", requires = "server", global = true)]
    token_file: Option<PathBuf>,
    #[command(flatten)]
    trust: tls::Trust,
}

impl Place {
    /// A data folder on this machine.
    pub(crate) fn folder(data: PathBuf) -> Place {
        Place { data, server: None, token_file: None, trust: tls::Trust::default() }
    }

    /// The server that was named, or the one that runs on the folder; `None` when there is only a folder.
    ///
    /// # Errors
    /// When the named server cannot be reached.
    pub(crate) fn server(&self) -> anyhow::Result<Option<Client>> {
        match &self.server {
            Some(url) => self.connect(url).map(Some),
            // A server that was killed leaves its file behind.
            None => Ok(Client::connect_local(&self.data)
                .or_else(|| running_on(&self.data).and_then(|url| Client::connect(&url, &self.trust).ok()))),
        }
    }

    /// The server that was named, or the one that runs on the folder: for what no folder tells.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn running_server(&self) -> anyhow::Result<Client> {
        self.server()?.with_context(|| {
            format!("no server runs on {}; start one, or name its folder with --data", self.data.display())
        })
    }

    fn connect(&self, url: &ServerUrl) -> anyhow::Result<Client> {
        let token = match &self.token_file {
            Some(path) => {
                let text = std::fs::read_to_string(path);
                Some(text.with_context(|| format!("cannot read {}", path.display()))?)
            }
            None => std::env::var("STROWGER_TOKEN").ok(),
        };
        let token = token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        anyhow::ensure!(
            token.as_ref().is_none_or(|token| token.bytes().all(|byte| byte.is_ascii_graphic())),
            "a token is one word of letters and digits, as `strowger token create` prints it"
        );
        anyhow::ensure!(
            token.is_none() || url.is_safe || url.is_loopback(),
            "a token is not sent over http to another machine, where others could read it: use https://"
        );
        Ok(Client { token, ..Client::connect(url, &self.trust)? })
    }
}

/// `http://host:port`, or `https://`.
#[derive(Clone, PartialEq, Eq, Debug)]
struct ServerUrl {
    /// With TLS.
    is_safe: bool,
    authority: String,
}

impl ServerUrl {
    /// The name or address in it.
    fn host(&self) -> &str {
        let host = self.authority.rsplit_once(':').map_or(self.authority.as_str(), |(host, _)| host);
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    fn is_loopback(&self) -> bool {
        let host = self.host();
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl std::fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.is_safe { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority)
    }
}

impl FromStr for ServerUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected http://HOST:PORT or https://HOST:PORT, for example http://127.0.0.1:8080";
        let (is_safe, rest) = match (text.strip_prefix("http://"), text.strip_prefix("https://")) {
            (Some(rest), _) => (false, rest),
            (None, Some(rest)) => (true, rest),
            (None, None) => return Err(expected.to_owned()),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.is_empty() || authority.contains(|c: char| "/?#@".contains(c) || c.is_whitespace()) {
            return Err(expected.to_owned());
        }
        let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let port = if is_safe { 443 } else { 80 };
        let authority = if has_port { authority.to_owned() } else { format!("{authority}:{port}") };
        Ok(ServerUrl { is_safe, authority })
    }
}

/// What the running server of a folder wrote there.
fn running_on(data: &Path) -> Option<ServerUrl> {
    let run = std::fs::read_to_string(data.join("run")).ok()?;
    let run: serde_json::Value = serde_json::from_str(&run).ok()?;
    Some(ServerUrl { is_safe: false, authority: run.get("http")?.as_str()?.to_owned() })
}

/// A connection for one question.
pub(crate) struct Client {
    stream: Stream,
    authority: String,
    /// As people write it.
    url: String,
    token: Option<String>,
}

/// The way to a server.
enum Stream {
    Tcp(TcpStream),
    Tls(Box<tls::Stream>),
    /// The socket in its data folder: it knows who asks.
    Local(UnixStream),
}

impl Client {
    /// The server that runs on this folder, by its socket there.
    fn connect_local(data: &Path) -> Option<Client> {
        let stream = UnixStream::connect(data.join(LOCAL_SOCKET)).ok()?;
        let authority = "localhost".to_owned();
        let url = format!("the socket in {}", data.display());
        Some(Client { stream: Stream::Local(stream), authority, url, token: None })
    }

    fn connect(url: &ServerUrl, trust: &tls::Trust) -> anyhow::Result<Client> {
        let authority = url.authority.clone();
        let addresses = authority.to_socket_addrs().with_context(|| {
            format!("{authority} names no address; give one like http://127.0.0.1:8080 with --server")
        })?;
        let mut last = None;
        for address in addresses {
            match TcpStream::connect_timeout(&address, CONNECT_WITHIN) {
                Ok(stream) => {
                    let stream = match url.is_safe {
                        true => Stream::Tls(Box::new(tls::connect(stream, url.host(), trust)?)),
                        false => Stream::Tcp(stream),
                    };
                    return Ok(Client { stream, authority, url: url.to_string(), token: None });
                }
                Err(error) => last = Some(error),
            }
        }
        let reason = last.map_or_else(|| "it has no address".to_owned(), |error| error.to_string());
        anyhow::bail!(
            "no server answers at {url}: {reason}. Is it running, and is this its [http] port? Without [http] tls it \
             listens on loopback only: from another machine use ssh -L 8080:127.0.0.1:8080 HOST and http://127.0.0.1:8080"
        )
    }

    /// The body of an answer with status 200.
    ///
    /// # Errors
    /// Says what the server said otherwise, and what to do.
    pub(crate) fn get(self, path: &str) -> anyhow::Result<String> {
        self.answered("GET", path, None)
    }

    /// Orders something, with JSON, and reads what came of it.
    ///
    /// # Errors
    /// Says what the server said otherwise, and what to do.
    pub(crate) fn post(self, path: &str, body: &serde_json::Value) -> anyhow::Result<serde_json::Value> {
        let answer = self.answered("POST", path, Some(json(body)))?;
        serde_json::from_str(&answer).context("the server answered with something that is no JSON")
    }

    /// Puts a file there and reads what came of it.
    ///
    /// # Errors
    /// Says what the server said otherwise, and what to do.
    pub(crate) fn put_file(
        self,
        path: &str,
        kind: &'static str,
        bytes: Vec<u8>,
    ) -> anyhow::Result<serde_json::Value> {
        let answer = self.answered("PUT", path, Some((kind, bytes)))?;
        serde_json::from_str(&answer).context("the server answered with something that is no JSON")
    }

    /// Removes something.
    ///
    /// # Errors
    /// Says what the server said otherwise, and what to do.
    pub(crate) fn delete(self, path: &str) -> anyhow::Result<serde_json::Value> {
        let answer = self.answered("DELETE", path, None)?;
        serde_json::from_str(&answer).context("the server answered with something that is no JSON")
    }

    /// The same for an order that may meet what somebody else did meanwhile.
    ///
    /// # Errors
    /// Says what the server said otherwise, and what to do.
    pub(crate) fn order(self, path: &str, body: &serde_json::Value) -> anyhow::Result<Ordered> {
        let url = self.url.clone();
        let (status, answer) = self.asked("POST", path, Some(json(body)))?;
        let said: Option<serde_json::Value> = serde_json::from_str(&answer).ok();
        match (status, said) {
            (200, Some(answer)) => Ok(Ordered::Done(answer)),
            (200, None) => anyhow::bail!("the server answered with something that is no JSON"),
            (409, Some(mut said)) if said.get("conflict").is_some() => Ok(Ordered::Conflict {
                detail: said.get("detail").and_then(|detail| detail.as_str()).unwrap_or_default().to_owned(),
                conflict: said["conflict"].take(),
            }),
            (status, _) => Err(refused(&url, status, path, &answer)),
        }
    }

    /// The same for a question.
    ///
    /// # Errors
    /// Says what the server said otherwise, and what to do.
    pub(crate) fn get_json(self, path: &str) -> anyhow::Result<serde_json::Value> {
        serde_json::from_str(&self.get(path)?).context("the server answered with something that is no JSON")
    }

    fn answered(self, method: &str, path: &str, body: Option<Content>) -> anyhow::Result<String> {
        let url = self.url.clone();
        let (status, body) = self.asked(method, path, body)?;
        if matches!(status, 200..=202) { Ok(body) } else { Err(refused(&url, status, path, &body)) }
    }

    fn asked(self, method: &str, path: &str, body: Option<Content>) -> anyhow::Result<(u16, String)> {
        let url = self.url.clone();
        self.ask(method, path, body).with_context(|| {
            format!(
                "what answers at {url} is no Strowger; give its [http] port, with https:// when that has tls = true"
            )
        })
    }

    /// Follows server-sent events: `each` gets what each says, and tells whether it wants more.
    ///
    /// # Errors
    /// Says what the server said otherwise; the connection ended.
    pub(crate) fn follow(
        mut self,
        path: &str,
        mut each: impl FnMut(&str) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        self.stream.set_timeouts(SILENT_WITHIN)?;
        let url = self.url.clone();
        let token = self.token.as_ref();
        let who = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
        // As HTTP/1.0 what follows comes as it is, without lengths between.
        let request = format!("GET {path} HTTP/1.0\r\nHost: {}\r\n{who}\r\n", self.authority);
        self.stream.write_all(request.as_bytes())?;
        let mut reader = BufReader::new(self.stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
        let status = status.with_context(|| format!("what answers at {url} is no Strowger"))?;
        while !line.trim().is_empty() {
            line.clear();
            (&mut reader).take(LINE_MAX).read_line(&mut line)?;
        }
        if status != 200 {
            let mut body = String::new();
            reader.take(LINE_MAX).read_to_string(&mut body)?;
            return Err(refused(&url, status, path, &body));
        }
        loop {
            line.clear();
            let read = (&mut reader).take(LINE_MAX).read_line(&mut line);
            anyhow::ensure!(read.context("the server says nothing any more")? > 0, "the server has ended");
            if let Some(data) = line.strip_prefix("data: ")
                && !each(data.trim_end())?
            {
                return Ok(());
            }
        }
    }

    fn ask(mut self, method: &str, path: &str, body: Option<Content>) -> anyhow::Result<(u16, String)> {
        self.stream.set_timeouts(ANSWER_WITHIN)?;
        let host = &self.authority;
        let (kind, body) = body.unwrap_or_default();
        let about = match body.len() {
            0 => String::new(),
            length => format!("Content-Type: {kind}\r\nContent-Length: {length}\r\n"),
        };
        let token = self.token.as_ref();
        let who = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{who}{about}Connection: close\r\n\r\n");
        self.stream.write_all(&[request.as_bytes(), &body].concat())?;
        let mut reader = BufReader::new(self.stream.take(ANSWER_MAX));
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        let status = status.context("it does not speak HTTP")?;
        let mut length = None;
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse::<u64>().ok();
            }
        }
        let mut body = String::new();
        let read = reader.take(length.unwrap_or(ANSWER_MAX)).read_to_string(&mut body)?;
        anyhow::ensure!(length.is_none_or(|length| read as u64 == length), "the answer is not complete");
        Ok((status, body))
    }
}

/// A body and its media type.
type Content = (&'static str, Vec<u8>);

fn json(body: &serde_json::Value) -> Content {
    ("application/json", body.to_string().into_bytes())
}

/// What came of an order.
pub(crate) enum Ordered {
    /// It was done.
    Done(serde_json::Value),
    /// Somebody else changed something since what it was made from.
    Conflict {
        /// A sentence.
        detail: String,
        /// What they did, and what the same order would do now.
        conflict: serde_json::Value,
    },
}

/// What to do about an answer that is not the one that was hoped for.
fn refused(url: &str, status: u16, path: &str, body: &str) -> anyhow::Error {
    let said: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let said = said.as_ref().and_then(|said| said.get("detail")?.as_str()).unwrap_or(body.trim());
    match status {
        503 => {
            anyhow::anyhow!("the server at {url} is too busy to answer; try again in a moment")
        }
        404 if said.is_empty() => {
            anyhow::anyhow!("{url} has no {path}; is it a Strowger of this version?")
        }
        404 | 409 | 422 => anyhow::anyhow!("{said}"),
        401 => anyhow::anyhow!(
            "{url} answered {status}: {said}; or give --token-file with a token of `strowger token create NAME`"
        ),
        _ => anyhow::anyhow!("the server at {url} answered {status}: {said}"),
    }
}

impl Stream {
    fn set_timeouts(&self, within: Duration) -> std::io::Result<()> {
        match self {
            Stream::Tls(stream) => {
                stream.sock.set_read_timeout(Some(within))?;
                stream.sock.set_write_timeout(Some(within))
            }
            Stream::Tcp(stream) => {
                stream.set_read_timeout(Some(within))?;
                stream.set_write_timeout(Some(within))
            }
            Stream::Local(stream) => {
                stream.set_read_timeout(Some(within))?;
                stream.set_write_timeout(Some(within))
            }
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(buffer),
            Stream::Tls(stream) => stream.read(buffer),
            Stream::Local(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write(bytes),
            Stream::Tls(stream) => stream.write(bytes),
            Stream::Local(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.flush(),
            Stream::Tls(stream) => stream.flush(),
            Stream::Local(stream) => stream.flush(),
        }
    }
}

/// A value as it stands in a query (RFC 3986 §2.1).
pub(crate) fn query_value(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// 100,000 phones are taken in in about half of this.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);
/// Who follows hears something at least every 15 s.
const SILENT_WITHIN: Duration = Duration::from_secs(45);
/// A line of an answer that comes in lines.
const LINE_MAX: u64 = 64 * 1024;
/// 100,000 phones are listed in about a quarter of this.
const ANSWER_MAX: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_a_url() {
        let check = |text: &str, expect: Result<&str, &str>| match (text.parse::<ServerUrl>(), expect) {
            (Ok(url), Ok(authority)) => assert_eq!(url.authority, authority),
            (Err(error), Err(part)) => assert!(error.contains(part), "{part:?} is not in {error:?}"),
            (found, expect) => panic!("{text:?}: {found:?}, expected {expect:?}"),
        };
        check("http://127.0.0.1:8080", Ok("127.0.0.1:8080"));
        check("http://pbx.example/", Ok("pbx.example:80"));
        check("http://[::1]:8080", Ok("[::1]:8080"));
        check("http://[::1]", Ok("[::1]:80"));
        check("https://pbx.example", Ok("pbx.example:443"));
        check("https://[::1]:8443/", Ok("[::1]:8443"));
        check("127.0.0.1:8080", Err("expected http://HOST:PORT"));
        check("http://", Err("expected http://HOST:PORT"));
        check("http://x/api", Err("expected http://HOST:PORT"));
    }

    #[test]
    fn what_a_query_gives_a_meaning_is_encoded() {
        let check = |text: &str, expect: &str| assert_eq!(query_value(text), expect, "{text}");
        check("9011.44-x_~", "9011.44-x_~");
        check("+49*1#", "%2B49%2A1%23");
        check("a b&c=d@e/ü%", "a%20b%26c%3Dd%40e%2F%C3%BC%25");
    }

    #[test]
    fn who_does_not_answer_is_told_with_the_remedy() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let trust = tls::Trust::default();
        let url = ServerUrl { is_safe: false, authority: listener.local_addr().unwrap().to_string() };
        let check = |answer: &'static str, expect: Result<&str, &str>| {
            let client = Client::connect(&url, &trust).unwrap();
            let (mut stream, _) = listener.accept().unwrap();
            let server = std::thread::spawn(move || {
                let mut request = [0; 512];
                let _ = stream.read(&mut request);
                let _ = stream.write_all(answer.as_bytes());
            });
            let found = client.get("/api/v1/calls").map_err(|error| format!("{error:#}"));
            server.join().unwrap();
            match (found, expect) {
                (Ok(body), Ok(expect)) => assert_eq!(body, expect),
                (Err(error), Err(part)) => assert!(error.contains(part), "{part:?} is not in {error:?}"),
                (found, expect) => panic!("{found:?}, expected {expect:?}"),
            }
        };
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", Ok("{}"));
        check("HTTP/1.1 200 OK\r\n\r\n{}", Ok("{}"));
        check("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", Err("not complete"));
        check("SSH-2.0-OpenSSH_9.2\r\n", Err("is no Strowger; give its [http] port"));
        check("HTTP/1.1 503 x\r\n\r\n", Err("too busy to answer; try again"));
        check("HTTP/1.1 404 x\r\n\r\n", Err("has no /api/v1/calls"));
        check("HTTP/1.1 404 x\r\n\r\n{\"detail\":\"no call C1.0.9\"}", Err("no call C1.0.9"));
        drop(listener);
        let error = Client::connect(&url, &trust).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("Is it running") && error.contains("ssh -L"), "{error}");
    }
}
