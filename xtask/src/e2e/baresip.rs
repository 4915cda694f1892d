//! A real softphone: baresip with a folder of its own, driven through its control socket.
//!
//! It plays a sine tone as its microphone, records what it hears through its `sndfile` filter and never opens
//! a sound card. The control socket speaks JSON in netstrings and reports every change of a call.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::audio::Recording;
use super::ports;
use super::process::{Process, until};

/// Long enough for a loaded machine; an answer mostly comes within milliseconds.
const PATIENCE: Duration = Duration::from_secs(15);

/// A call takes two, RTP and RTCP; baresip looks for a pair by chance.
const RTP_PORTS: u16 = 40;

/// What a phone is to be.
pub(crate) struct Account<'a> {
    /// For the folder and the messages.
    pub(crate) name: &'a str,
    pub(crate) number: &'a str,
    /// What it calls itself when it proves who it is.
    pub(crate) user: &'a str,
    pub(crate) secret: &'a str,
    pub(crate) server: SocketAddr,
    /// `udp` or `tcp`.
    pub(crate) transport: &'a str,
    /// The tone that it says, in hertz.
    pub(crate) tone: u32,
    /// As baresip names it, for example `PCMU/8000/1`.
    pub(crate) codec: &'a str,
    /// As baresip names it, for example `srtp-mand`.
    pub(crate) media_encryption: Option<&'a str>,
}

/// A running baresip.
pub(crate) struct Phone {
    name: String,
    process: Process,
    control: TcpStream,
    received: Vec<u8>,
    /// Events that nobody has waited for yet.
    events: Vec<Value>,
    folder: PathBuf,
}

impl Phone {
    /// Starts it; it begins to register at once.
    ///
    /// # Errors
    /// When it does not start or its control socket stays closed.
    pub(crate) fn start(folder: &Path, account: &Account<'_>) -> Result<Phone, String> {
        let name = account.name;
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let control = ports::one()?;
        std::fs::write(folder.join("config"), configuration(&folder, account, control)?)
            .map_err(|e| e.to_string())?;
        std::fs::write(folder.join("accounts"), account_line(account)).map_err(|error| error.to_string())?;
        std::fs::write(folder.join("contacts"), "").map_err(|error| error.to_string())?;
        let mut process =
            Process::start(name, &folder, Command::new("baresip").arg("-v").arg("-f").arg(&folder))?;
        let address = SocketAddr::from(([127, 0, 0, 1], control));
        let stream = until(PATIENCE, &format!("the control socket of {name}"), || {
            if process.ended().is_some() { Some(None) } else { TcpStream::connect(address).ok().map(Some) }
        })?
        .ok_or_else(|| format!("baresip {name} ended at once; see {}", folder.display()))?;
        stream.set_read_timeout(Some(Duration::from_millis(20))).map_err(|error| error.to_string())?;
        let name = name.to_owned();
        Ok(Phone { name, process, control: stream, received: Vec::new(), events: Vec::new(), folder })
    }

    /// Starts it and waits until it is registered.
    ///
    /// # Errors
    /// When the server refuses it or says nothing.
    pub(crate) fn register(folder: &Path, account: &Account<'_>) -> Result<Phone, String> {
        let mut phone = Phone::start(folder, account)?;
        // The registration may be over before the control socket took us: then only the log tells.
        let registered = until(PATIENCE, &format!("{} to register", account.name), || {
            phone.poll();
            let log = phone.process.printed();
            if log.contains("200 OK") { Some(Ok(())) } else { log.contains("reg: ").then_some(Err(log)) }
        });
        match registered {
            Ok(Ok(())) => Ok(phone),
            Ok(Err(log)) => Err(format!("{} was not registered: {}", account.name, last_line(&log))),
            Err(error) => Err(format!("{error}: {}", last_line(&phone.process.printed()))),
        }
    }

    /// Sends a command of baresip's menu, for example `dial`.
    ///
    /// # Errors
    /// When the control socket is gone.
    pub(crate) fn command(&mut self, command: &str, parameters: &str) -> Result<(), String> {
        let text = json!({ "command": command, "params": parameters, "token": command }).to_string();
        write!(self.control, "{}:{text},", text.len()).map_err(|error| format!("{}: {error}", self.name))
    }

    /// Calls a number.
    ///
    /// # Errors
    /// When the control socket is gone.
    pub(crate) fn dial(&mut self, number: &str) -> Result<(), String> {
        self.command("dial", number)
    }

    /// Waits for an event of this type, for example `CALL_RINGING`, and returns it. Events that come before
    /// it are dropped.
    ///
    /// # Errors
    /// When it does not come in time; the text holds what came instead.
    pub(crate) fn expect(&mut self, kind: &str) -> Result<Value, String> {
        self.expect_within(kind, PATIENCE)
    }

    /// The same with a limit of its own.
    ///
    /// # Errors
    /// See [`Phone::expect`].
    pub(crate) fn expect_within(&mut self, kind: &str, limit: Duration) -> Result<Value, String> {
        let mut seen = Vec::new();
        let name = self.name.clone();
        until(limit, kind, || {
            self.poll();
            while !self.events.is_empty() {
                let event = self.events.remove(0);
                if event["type"] == kind {
                    return Some(event);
                }
                seen.push(event["type"].as_str().unwrap_or("?").to_owned());
            }
            None
        })
        .map_err(|error| format!("{name}: {error}; it saw {}", seen.join(", ")))
    }

    /// Whether an event of this type came that nobody has waited for.
    pub(crate) fn was_told(&mut self, kind: &str) -> bool {
        self.poll();
        self.events.iter().any(|event| event["type"] == kind)
    }

    /// Lets it talk for a while, reading events.
    pub(crate) fn talk(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.poll();
        }
    }

    /// Waits until it prints something on its screen: what happened before its control socket was opened stands there.
    ///
    /// # Errors
    /// When it never does.
    pub(crate) fn prints(&self, text: &str) -> Result<(), String> {
        until(PATIENCE, text, || self.process.printed().contains(text).then_some(()))
            .map_err(|error| format!("{}: {error}; it printed {}", self.name, self.process.printed()))
    }

    /// Everything that it heard in its last call.
    ///
    /// # Errors
    /// When it recorded nothing.
    pub(crate) fn heard(&self) -> Result<Recording, String> {
        let entries = std::fs::read_dir(&self.folder).map_err(|error| error.to_string())?;
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|path| path.to_string_lossy().ends_with("-dec.wav"));
        files.sort();
        let last = files.last().ok_or_else(|| format!("{} recorded nothing", self.name))?;
        Recording::read(last)
    }

    /// Reads what the control socket has, for at most 20 ms.
    fn poll(&mut self) {
        let mut buffer = [0; 4096];
        if let Ok(length @ 1..) = self.control.read(&mut buffer) {
            self.received.extend_from_slice(&buffer[..length]);
        }
        while let Some((message, rest)) = netstring(&self.received) {
            if let Ok(value) = serde_json::from_slice::<Value>(message)
                && value["event"] == true
            {
                self.events.push(value);
            }
            self.received.drain(..rest);
        }
    }
}

fn last_line(text: &str) -> &str {
    text.lines().rev().map(str::trim).find(|line| line.len() > 4).unwrap_or("it said nothing")
}

/// The first netstring (`5:hello,`) and the length that it takes with its frame.
fn netstring(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let colon = bytes.iter().position(|&byte| byte == b':')?;
    let length: usize = std::str::from_utf8(bytes.get(..colon)?).ok()?.parse().ok()?;
    let start = colon + 1;
    Some((bytes.get(start..start + length)?, (start + length + 1).min(bytes.len())))
}

fn account_line(account: &Account<'_>) -> String {
    let Account { number, user, secret, server, transport, codec, .. } = account;
    let encryption = account.media_encryption.map(|kind| format!(";mediaenc={kind}")).unwrap_or_default();
    format!(
        "<sip:{number}@{server};transport={transport}>;auth_user={user};auth_pass={secret};regint=120;\
         audio_codecs={codec};answermode=manual{encryption}\n"
    )
}

fn configuration(folder: &Path, account: &Account<'_>, control: u16) -> Result<String, String> {
    // baresip listens for TLS one port above.
    let sip = ports::block(2)?;
    let rtp = ports::block(RTP_PORTS)?;
    let folder = folder.display();
    Ok(format!(
        "poll_method epoll\n\
         sip_listen 127.0.0.1:{sip}\n\
         net_interface 127.0.0.1\n\
         call_local_timeout 60\n\
         call_max_calls 4\n\
         audio_source ausine,{tone}\n\
         audio_player aubridge,sink\n\
         audio_alert aubridge,alert\n\
         ausrc_srate 48000\n\
         ausrc_channels 2\n\
         auplay_srate 8000\n\
         auplay_channels 1\n\
         audio_txmode poll\n\
         audio_buffer 20-160\n\
         rtp_ports {rtp}-{rtp_end}\n\
         rtcp_mux no\n\
         jitter_buffer_delay 5-10\n\
         module_path {modules}\n\
         module g711.so\n\
         module g722.so\n\
         module ausine.so\n\
         module aubridge.so\n\
         module sndfile.so\n\
         module srtp.so\n\
         module_tmp account.so\n\
         module_app menu.so\n\
         module_app ctrl_tcp.so\n\
         ctrl_tcp_listen 127.0.0.1:{control}\n\
         snd_path {folder}\n",
        tone = account.tone,
        rtp_end = rtp + RTP_PORTS - 1,
        modules = "/usr/lib/baresip/modules",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn netstrings_are_cut_at_their_length() {
        assert_eq!(netstring(b"5:hello,3:abc,"), Some((&b"hello"[..], 8)));
        assert_eq!(netstring(b"5:hel"), None);
        assert_eq!(netstring(b""), None);
    }
}
