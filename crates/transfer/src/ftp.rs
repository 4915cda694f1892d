//! FTP (RFC 959) and FTP with TLS (RFC 4217), for servers that have nothing better.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use strowger_base::limits;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::connect;
use crate::destination::{Destination, Protocol};
use crate::failure::{Cause, Failure, Step};
use crate::kexinit::printable;
use crate::sftp::{aside, speaks_of_room};

mod tls;

/// A connection to an FTP server, in its folder.
pub(crate) struct Ftp {
    control: Control,
    address: IpAddr,
    tls: Option<tls::Tls>,
    folder: String,
    step: Duration,
    server: Option<String>,
    peer: Option<String>,
}

/// A stream, with or without TLS.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Duplex for T {}

/// Commands and replies.
struct Control {
    stream: Box<dyn Duplex>,
    step: Duration,
    /// What came and was not read yet.
    rest: Vec<u8>,
}

/// A reply: RFC 959 §4.2.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Reply {
    code: u16,
    text: String,
}

impl Reply {
    /// Well done.
    const fn is_done(&self) -> bool {
        matches!(self.code, 200..300)
    }

    fn said(&self) -> String {
        format!("{} {}", self.code, self.text)
    }

    /// What a refusal means for a file in a folder: RFC 959 §4.2.2.
    fn cause(&self, path: &str) -> Cause {
        let (path, said) = (path.to_owned(), self.said());
        match self.code {
            421 | 426 => Cause::Lost { said },
            452 | 552 => Cause::Space { path, free: None, said },
            _ if speaks_of_room(&said) => Cause::Space { path, free: None, said },
            450 | 532 | 550 | 553 => Cause::Permission { path, said },
            _ => Cause::Protocol { said },
        }
    }
}

impl Ftp {
    pub(crate) async fn open(to: &Destination, passed: &mut impl FnMut(Step)) -> Result<Ftp, Failure> {
        let socket = connect::tcp(to).await?;
        let address = socket.peer_addr().map(|address| address.ip());
        let address =
            address.map_err(|error| to.fail(Step::Connect, Cause::Lost { said: error.to_string() }))?;
        passed(Step::Connect);
        let step = to.patience.step;
        let mut control = Control { stream: Box::new(socket), step, rest: Vec::new() };
        let (mut server, mut peer, mut tls) = (None, None, None);
        if to.protocol == Protocol::FtpsImplicit {
            let made = tls::Tls::new(to);
            let (stream, key) =
                made.control(control.stream, step).await.map_err(|(step, cause)| to.fail(step, cause))?;
            (control, peer, tls) = (Control { stream, step, rest: Vec::new() }, Some(key), Some(made));
            passed(Step::Handshake);
            passed(Step::HostKey);
        }
        let hello = control.reply().await.map_err(|cause| to.fail(Step::Handshake, cause))?;
        let fail = |server: &Option<String>, peer: &Option<String>, step, cause| {
            to.fail(step, cause).with(server.as_deref(), peer.as_deref())
        };
        if !hello.is_done() {
            return Err(to.fail(Step::Handshake, Cause::Lost { said: hello.said() }));
        }
        server.replace(hello.text);
        if to.protocol == Protocol::Ftps {
            let made = tls::Tls::new(to);
            let (protected, key) =
                control.protect(&made).await.map_err(|(step, cause)| fail(&server, &peer, step, cause))?;
            (control, peer, tls) = (protected, Some(key), Some(made));
            passed(Step::Handshake);
            passed(Step::HostKey);
        }
        let mut ftp = Ftp { control, address, tls, folder: to.folder.clone(), step, server, peer };
        let logged_in = ftp.log_in(to).await;
        logged_in.map_err(|cause| fail(&ftp.server, &ftp.peer, Step::Authenticate, cause))?;
        passed(Step::Authenticate);
        let found = ftp.find().await;
        found.map_err(|cause| fail(&ftp.server, &ftp.peer, Step::Folder, cause))?;
        Ok(ftp)
    }

    pub(crate) fn peer(&self) -> Option<&str> {
        self.peer.as_deref()
    }

    pub(crate) fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }

    async fn log_in(&mut self, to: &Destination) -> Result<(), Cause> {
        let refused = |tried: &[&str], reply: &Reply| Cause::Authentication {
            tried: tried.iter().map(|name| (*name).to_owned()).collect(),
            offered: Vec::new(),
            said: reply.said(),
        };
        let mut reply = self.control.ask("USER", &to.user).await?;
        if reply.code == 331 {
            let password = to.password.as_ref().map_or("", |password| password.reveal());
            reply = self.control.ask("PASS", password).await?;
        }
        if !reply.is_done() {
            return Err(refused(&["password"], &reply));
        }
        if self.tls.is_some() {
            // RFC 4217 §9: data are protected as well.
            self.control.done("PBSZ", "0").await?;
            self.control.done("PROT", "P").await?;
        }
        self.control.done("TYPE", "I").await
    }

    async fn find(&mut self) -> Result<(), Cause> {
        if self.folder.is_empty() {
            return Ok(());
        }
        let folder = self.folder.clone();
        let root = self.control.ask("PWD", "").await?;
        let reply = self.control.ask("CWD", &folder).await?;
        if reply.is_done() {
            return Ok(());
        }
        // `257 "/billing" is the current directory`: RFC 959, appendix II.
        let root = root.text.split('"').nth(1).unwrap_or("?").to_owned();
        Err(Cause::Path { path: folder, root, instead: None, said: reply.said() })
    }

    pub(crate) async fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), Cause> {
        let mut data = self.data("STOR", name).await?;
        let sent = async {
            for piece in bytes.chunks(PIECE_BYTES) {
                bounded(self.step, data.write_all(piece)).await??;
            }
            bounded(self.step, data.shutdown()).await??;
            // What the server says beside our data, tickets of TLS 1.3 for one, is read until it closes as well: a connection that is
            // closed with something unread is reset, and the server takes the file for one that was cut off.
            let _ = timeout(GOODBYE_TIME, (&mut data).take(REST_BYTES).read_to_end(&mut Vec::new())).await;
            Ok(())
        };
        let sent: Result<(), Cause> = sent.await;
        drop(data);
        // The reply knows better than the connection why it went wrong.
        let reply = self.control.reply().await?;
        if !reply.is_done() {
            let _ = self.control.ask("DELE", name).await;
            let (path, said) = (self.folder.clone(), reply.said());
            return Err(match reply.code {
                // The file could be opened, so that only room or a quota is left to refuse its bytes.
                451 => Cause::Space { path, free: None, said },
                _ => reply.cause(&path),
            });
        }
        sent
    }

    pub(crate) async fn rename(&mut self, from: &str, to: &str) -> Result<(), Cause> {
        let mut reply = self.rename_once(from, to).await?;
        // Many servers replace a file, some refuse to. Only when there is one it steps aside, and goes when the new one is in its place.
        if matches!(reply.code, 550 | 553) {
            let old = aside(to);
            if self.rename_once(to, &old).await?.is_done() {
                reply = self.rename_once(from, to).await?;
                if reply.is_done() {
                    let _ = self.control.ask("DELE", &old).await;
                } else {
                    let _ = self.rename_once(&old, to).await;
                }
            }
        }
        if reply.is_done() {
            return Ok(());
        }
        let _ = self.control.ask("DELE", from).await;
        Err(reply.cause(&self.folder))
    }

    async fn rename_once(&mut self, from: &str, to: &str) -> Result<Reply, Cause> {
        let reply = self.control.ask("RNFR", from).await?;
        if reply.code == 350 { self.control.ask("RNTO", to).await } else { Ok(reply) }
    }

    pub(crate) async fn read(&mut self, name: &str, most: usize) -> Result<Vec<u8>, Cause> {
        let data = self.data("RETR", name).await?;
        let mut bytes = Vec::new();
        let mut limited = data.take(u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1));
        bounded(self.step, limited.read_to_end(&mut bytes)).await??;
        drop(limited);
        let reply = self.control.reply().await?;
        if reply.is_done() { Ok(bytes) } else { Err(reply.cause(&self.folder)) }
    }

    pub(crate) async fn remove(&mut self, name: &str) -> Result<(), Cause> {
        let reply = self.control.ask("DELE", name).await?;
        if reply.is_done() { Ok(()) } else { Err(reply.cause(&self.folder)) }
    }

    pub(crate) async fn close(&mut self) {
        let _ = timeout(GOODBYE_TIME, self.control.ask("QUIT", "")).await;
    }

    /// Opens a connection for data and begins a transfer on it.
    async fn data(&mut self, command: &str, name: &str) -> Result<Box<dyn Duplex>, Cause> {
        let port = self.passive().await?;
        // Always the server that we speak with: what it says of addresses may be wrong behind translation, or sent us elsewhere.
        let connecting = TcpStream::connect(SocketAddr::new(self.address, port));
        let socket = bounded(self.step, connecting).await?;
        let socket = socket.map_err(|error| Cause::Unreachable {
            said: format!("its port {port} for data cannot be reached ({error})"),
        })?;
        let reply = self.control.ask(command, name).await?;
        if !matches!(reply.code, 100..200) {
            return Err(reply.cause(&self.folder));
        }
        match &self.tls {
            None => Ok(Box::new(socket)),
            Some(tls) => tls.data(Box::new(socket), self.step).await,
        }
    }

    /// Asks for a port: RFC 2428 §3, or RFC 959 where the server is older.
    async fn passive(&mut self) -> Result<u16, Cause> {
        let reply = self.control.ask("EPSV", "").await?;
        let port = if reply.code == 229 {
            extended_port(&reply.text)
        } else {
            let reply = self.control.ask("PASV", "").await?;
            if reply.code == 227 { passive_port(&reply.text) } else { return Err(reply.cause(&self.folder)) }
        };
        port.ok_or_else(|| Cause::Protocol { said: "it names no port for data".into() })
    }
}

impl Control {
    /// Sends a command and waits for its reply.
    async fn ask(&mut self, command: &str, argument: &str) -> Result<Reply, Cause> {
        if argument.contains(['\r', '\n', '\0']) {
            let said = format!("what is sent with {command} has a line end in it");
            return Err(Cause::Configuration { said });
        }
        let line =
            if argument.is_empty() { format!("{command}\r\n") } else { format!("{command} {argument}\r\n") };
        bounded(self.step, self.stream.write_all(line.as_bytes())).await??;
        bounded(self.step, self.stream.flush()).await??;
        self.reply().await
    }

    async fn done(&mut self, command: &str, argument: &str) -> Result<(), Cause> {
        let reply = self.ask(command, argument).await?;
        if reply.is_done() {
            Ok(())
        } else {
            Err(Cause::Protocol { said: format!("{command}: {}", reply.said()) })
        }
    }

    /// Receives a reply of one or several lines, at most [`limits::FTP_REPLY_BYTES`].
    async fn reply(&mut self) -> Result<Reply, Cause> {
        let step = self.step;
        bounded(step, self.whole_reply()).await?
    }

    async fn whole_reply(&mut self) -> Result<Reply, Cause> {
        loop {
            match reply_in(&self.rest) {
                Ok(Some((reply, used))) => {
                    self.rest.drain(..used);
                    return Ok(reply);
                }
                Err(said) => return Err(Cause::Protocol { said }),
                Ok(None) if self.rest.len() >= limits::FTP_REPLY_BYTES => {
                    return Err(Cause::Protocol { said: "a reply is too long".into() });
                }
                Ok(None) => {}
            }
            let mut piece = [0; 1024];
            let count = self.stream.read(&mut piece).await?;
            if count == 0 {
                return Err(Cause::Lost { said: "it closed the connection".into() });
            }
            self.rest.extend_from_slice(piece.get(..count).unwrap_or_default());
        }
    }

    /// Turns to TLS: RFC 4217 §4. What came before it in plain text does not count.
    async fn protect(mut self, tls: &tls::Tls) -> Result<(Control, String), (Step, Cause)> {
        let reply = self.ask("AUTH", "TLS").await.map_err(|cause| (Step::Handshake, cause))?;
        if !reply.is_done() {
            let said = format!("it does not speak TLS ({})", reply.said());
            return Err((Step::Handshake, Cause::Protocol { said }));
        }
        let (stream, key) = tls.control(self.stream, self.step).await?;
        Ok((Control { stream, step: self.step, rest: Vec::new() }, key))
    }
}

impl From<io::Error> for Cause {
    fn from(error: io::Error) -> Cause {
        Cause::Lost { said: error.to_string() }
    }
}

/// The first reply in some bytes, and how many it takes.
fn reply_in(bytes: &[u8]) -> Result<Option<(Reply, usize)>, String> {
    let mut used = 0;
    let mut code = None;
    while let Some(end) = bytes.get(used..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n')) {
        let line = bytes.get(used..used + end).unwrap_or_default();
        used += end + 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let number: Option<u16> = line
            .get(..3)
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| digits.parse().ok());
        let text = printable(line.get(4..).unwrap_or_default());
        match (code, number, line.get(3)) {
            (None, Some(number), Some(b'-')) => code = Some(number),
            (None, Some(number), _) => return Ok(Some((Reply { code: number, text }, used))),
            (None, None, _) => return Err(format!("this is no FTP server, it says `{}`", printable(line))),
            (Some(first), Some(number), byte) if first == number && byte != Some(&b'-') => {
                return Ok(Some((Reply { code: number, text }, used)));
            }
            (Some(_), _, _) => {}
        }
    }
    Ok(None)
}

/// The port of `(|||6446|)`.
fn extended_port(text: &str) -> Option<u16> {
    let inside = text.split_once('(')?.1.split_once(')')?.0;
    let mark = inside.chars().next()?;
    inside.split(mark).nth(3)?.parse().ok()
}

/// The port of `(h1,h2,h3,h4,p1,p2)`; some servers leave out the brackets.
fn passive_port(text: &str) -> Option<u16> {
    let digits = text.trim_start_matches(|letter: char| letter != '(' && !letter.is_ascii_digit());
    let digits = digits.trim_start_matches('(');
    let numbers: Vec<u16> = digits
        .split(',')
        .map_while(|part| part.trim().trim_end_matches(|letter: char| !letter.is_ascii_digit()).parse().ok())
        .take(6)
        .collect();
    match numbers.as_slice() {
        [_, _, _, _, high @ 0..=255, low @ 0..=255] => Some(high * 256 + low),
        _ => None,
    }
}

async fn bounded<T>(time: Duration, work: impl Future<Output = T>) -> Result<T, Cause> {
    timeout(time, work).await.map_err(|_| Cause::Timeout { waited: time })
}

/// Bytes of a file that are written within one step.
const PIECE_BYTES: usize = 32 * 1024;
/// How long saying goodbye may take, or the other side's part of closing a connection.
const GOODBYE_TIME: Duration = Duration::from_secs(1);
/// What a server may say on a connection on which it only has to listen.
const REST_BYTES: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read() {
        let check = |bytes: &[u8], expect: Option<(u16, &str, usize)>| {
            let got = reply_in(bytes).expect("a reply");
            let got = got.as_ref().map(|(reply, used)| (reply.code, reply.text.as_str(), *used));
            assert_eq!(got, expect, "{}", String::from_utf8_lossy(bytes));
        };
        check(b"220 ready\r\n331", Some((220, "ready", 11)));
        check(b"220-hello\r\n 220 not yet\r\n220-nor this\r\n220 ready\r\n", Some((220, "ready", 50)));
        check(b"230\r\n", Some((230, "", 5)));
        check(b"230-more\r\n", None);
        check(b"22", None);
        assert!(reply_in(b"SSH-2.0-x\r\n").is_err());
    }

    #[test]
    fn ports_for_data_are_read() {
        assert_eq!(extended_port("Entering Extended Passive Mode (|||6446|)"), Some(6446));
        assert_eq!(extended_port("(|||66446|)"), None);
        assert_eq!(passive_port("Entering Passive Mode (10,0,0,5,19,137)."), Some(5001));
        assert_eq!(passive_port("Entering Passive Mode 10,0,0,5,19,137"), Some(5001));
        assert_eq!(passive_port("Entering Passive Mode (10,0,0,5,300,1)"), None);
        assert_eq!(passive_port("none"), None);
    }

    /// What a server is told when it answers so, and whether the file has its name at the end.
    async fn renamed(replies: &'static [&'static str]) -> (bool, Vec<String>) {
        let (client, server) = tokio::io::duplex(65536);
        let step = Duration::from_secs(5);
        let control = Control { stream: Box::new(client), step, rest: Vec::new() };
        let folder = "/cdr".to_owned();
        let address = IpAddr::from([127, 0, 0, 1]);
        let mut ftp = Ftp { control, address, tls: None, folder, step, server: None, peer: None };
        let serving = tokio::spawn(async move {
            let mut server = Control { stream: Box::new(server), step, rest: Vec::new() };
            let mut told = Vec::new();
            for reply in replies {
                while !server.rest.contains(&b'\n') {
                    let mut piece = [0; 100];
                    let count = server.stream.read(&mut piece).await.expect("a command");
                    server.rest.extend_from_slice(&piece[..count]);
                }
                told.push(String::from_utf8_lossy(&server.rest).trim().to_owned());
                server.rest.clear();
                server.stream.write_all(format!("{reply}\r\n").as_bytes()).await.expect("room");
            }
            told
        });
        let done = ftp.rename("a.part", "a").await.is_ok();
        (done, serving.await.expect("whole"))
    }

    #[tokio::test]
    async fn an_old_file_goes_when_the_new_one_is_in_its_place_and_not_before() {
        let (done, told) = renamed(&["350 on", "250 done"]).await;
        assert_eq!((done, told), (true, vec!["RNFR a.part".to_owned(), "RNTO a".to_owned()]));
        let (done, told) =
            renamed(&["350 on", "553 exists", "350 on", "250 done", "350 on", "250 done", "250 gone"]).await;
        let expect =
            ["RNFR a.part", "RNTO a", "RNFR a", "RNTO .a.old", "RNFR a.part", "RNTO a", "DELE .a.old"];
        assert_eq!((done, told), (true, expect.map(str::to_owned).into()));
        // It cannot: the old one has its name again, and only what was brought goes.
        let (done, told) = renamed(&[
            "350 on",
            "553 exists",
            "350 on",
            "250 done",
            "350 on",
            "550 no",
            "350 on",
            "250 done",
            "250 gone",
        ])
        .await;
        let expect = ["RNFR .a.old", "RNTO a", "DELE a.part"];
        assert_eq!((done, &told[6..]), (false, &expect.map(str::to_owned)[..]));
        // Refused for other reasons.
        for replies in
            [&["350 on", "552 quota", "250 gone"][..], &["350 on", "550 no", "550 none", "250 gone"]]
        {
            let (done, told) = renamed(replies).await;
            assert!(!done && !told.contains(&"DELE a".to_owned()), "{told:?}");
        }
    }

    #[test]
    fn refusals_are_understood() {
        let cause = |code, text: &str| Reply { code, text: text.into() }.cause("/cdr");
        assert!(matches!(cause(552, "Exceeded storage allocation"), Cause::Space { .. }));
        assert!(matches!(cause(452, ""), Cause::Space { .. }));
        assert!(matches!(cause(451, "Failure writing to local file: disk full"), Cause::Space { .. }));
        assert!(matches!(cause(550, "Permission denied."), Cause::Permission { .. }));
        assert!(matches!(cause(421, "Timeout."), Cause::Lost { .. }));
    }
}
