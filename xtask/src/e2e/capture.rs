//! tshark beside a scenario: what was on the wire, as somebody else decodes it.

use std::io::{BufRead as _, BufReader};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::process::{Process, until};

const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes that nobody else sends: they tell that the capture has come this far.
const MARK: &[u8] = b"strowger-capture-mark";

/// A running capture of the loopback interface.
pub(crate) struct Capture {
    process: Process,
    lines: Receiver<String>,
    file: PathBuf,
    sip_ports: Vec<u16>,
    marker: UdpSocket,
}

impl Capture {
    /// Starts capturing; `sip_ports` are decoded as SIP though they are not 5060.
    ///
    /// # Errors
    /// When the rights to capture are missing; the text tells how to get them.
    pub(crate) fn start(folder: &Path, sip_ports: &[u16]) -> Result<Capture, String> {
        let file = folder.join("capture.pcap");
        let marker = UdpSocket::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        let log = folder.join("tshark.log");
        let errors = std::fs::File::create(&log).map_err(|error| error.to_string())?;
        let mut command = Command::new("tshark");
        // One line for each packet, at once, so that the marker is seen; -n, because names would be looked up.
        command.args(["-n", "-l", "-P", "-F", "pcap", "-i", "lo", "-f", "udp or tcp", "-w"]).arg(&file);
        command.args(["-T", "fields", "-e", "udp.srcport", "-e", "data.data"]);
        let mut process =
            Process::start_with_stdout("tshark", log, command.stdout(Stdio::piped()).stderr(errors))?;
        let (sender, lines) = channel();
        if let Some(stdout) = process.take_stdout() {
            std::thread::spawn(move || {
                BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
            });
        }
        let mut capture = Capture { process, lines, file, sip_ports: sip_ports.to_vec(), marker };
        capture.pass_mark()?;
        Ok(capture)
    }

    /// Waits until a marker sent now is in the file, and with it all that was sent before.
    fn pass_mark(&mut self) -> Result<(), String> {
        let port = self.marker.local_addr().map_err(|error| error.to_string())?.port().to_string();
        let passed = until(PATIENCE, "tshark to see a packet", || {
            if self.process.ended().is_some() {
                return Some(Err(self.why_not()));
            }
            let _ = self.marker.send_to(MARK, "127.0.0.1:9");
            self.lines.try_iter().any(|line| line.split('\t').next() == Some(&port)).then_some(Ok(()))
        });
        passed.unwrap_or_else(Err)
    }

    fn why_not(&self) -> String {
        let said = self.process.printed();
        format!(
            "tshark cannot capture on the loopback interface:\n{said}\nCapturing needs a right. Give it to your user \
             and log in again:\n\n    sudo dpkg-reconfigure wireshark-common && sudo usermod -aG wireshark $USER\n"
        )
    }

    /// Ends the capture.
    ///
    /// # Errors
    /// When tshark does not write its file.
    pub(crate) fn finish(mut self) -> Result<Captured, String> {
        self.pass_new_mark()?;
        self.process.signal("INT");
        self.process.wait(PATIENCE)?;
        self.captured(self.file.clone())
    }

    /// What was captured so far.
    ///
    /// # Errors
    /// When tshark does not write its file.
    pub(crate) fn look(&mut self) -> Result<Captured, String> {
        self.pass_new_mark()?;
        // tshark goes on writing, and the end of its file may be half a packet.
        let error = |error: std::io::Error| format!("{}: {error}", self.file.display());
        let mut bytes = std::fs::read(&self.file).map_err(error)?;
        bytes.truncate(whole_packets(&bytes));
        let so_far = self.file.with_file_name("capture-so-far.pcap");
        std::fs::write(&so_far, bytes).map_err(error)?;
        self.captured(so_far)
    }

    /// A new marker, or an old one still in the pipe would tell the end too early.
    fn pass_new_mark(&mut self) -> Result<(), String> {
        self.marker = UdpSocket::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        self.pass_mark()
    }

    fn captured(&self, file: PathBuf) -> Result<Captured, String> {
        let sip = one_of(&["udp.port", "tcp.port"], &self.sip_ports);
        let mut captured = Captured { file, sip_ports: self.sip_ports.clone(), sip, media: String::new() };
        captured.media = one_of(&["udp.port"], &captured.media_ports()?);
        Ok(captured)
    }
}

impl Drop for Capture {
    /// tshark has a child that captures; only when it is asked does it take the child along.
    fn drop(&mut self) {
        if self.process.ended().is_none() {
            self.process.signal("INT");
            let _ = self.process.wait(Duration::from_secs(5));
        }
    }
}

/// How many bytes of a file in the format of pcap are its header and whole packets.
fn whole_packets(bytes: &[u8]) -> usize {
    let mut end = 24;
    while let Some(length) = bytes.get(end + 8..).and_then(|rest| rest.first_chunk::<4>()) {
        let next = end + 16 + u32::from_le_bytes(*length) as usize;
        if next > bytes.len() {
            break;
        }
        end = next;
    }
    end.min(bytes.len())
}

/// A display filter for packets from or to one of these ports.
fn one_of(fields: &[&str], ports: &[u16]) -> String {
    let list = ports.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
    let terms = fields.iter().map(|field| format!("{field} in {{{list}}}")).collect::<Vec<_>>();
    if ports.is_empty() { "frame.number == 0".into() } else { format!("({})", terms.join(" or ")) }
}

/// A finished capture.
pub(crate) struct Captured {
    /// The capture.
    pub(crate) file: PathBuf,
    sip_ports: Vec<u16>,
    /// Display filters for our server's packets: others may use the interface too.
    sip: String,
    media: String,
}

impl Captured {
    /// The RTP and RTCP ports that descriptions of our server's calls name.
    fn media_ports(&self) -> Result<Vec<u16>, String> {
        let rows = self.fields(&format!("sdp and {}", self.sip), &["sdp.media.port"])?;
        let mut ports: Vec<u16> =
            rows.iter().flat_map(|row| row.split(',')).filter_map(|port| port.parse().ok()).collect();
        ports.extend(ports.clone().iter().map(|port| port.saturating_add(1)));
        ports.sort_unstable();
        ports.dedup();
        Ok(ports)
    }

    /// The given fields of the RTP packets of our calls.
    ///
    /// # Errors
    /// See [`Captured::fields`].
    pub(crate) fn rtp(&self, fields: &[&str]) -> Result<Vec<String>, String> {
        self.fields(&format!("rtp and {}", self.media), fields)
    }

    /// The given fields of the SIP messages of our calls that the display filter takes.
    ///
    /// # Errors
    /// See [`Captured::fields`].
    pub(crate) fn sip(&self, filter: &str, fields: &[&str]) -> Result<Vec<String>, String> {
        self.fields(&format!("sip and {} and {filter}", self.sip), fields)
    }

    /// The given fields of the descriptions of our calls.
    ///
    /// # Errors
    /// See [`Captured::fields`].
    pub(crate) fn sdp(&self, fields: &[&str]) -> Result<Vec<String>, String> {
        self.fields(&format!("sdp and {}", self.sip), fields)
    }

    /// The given fields of every packet that the display filter takes, one line for a packet.
    ///
    /// # Errors
    /// When tshark does not understand the filter or the file.
    fn fields(&self, filter: &str, fields: &[&str]) -> Result<Vec<String>, String> {
        self.fields_as(&[], filter, fields)
    }

    /// The same where ports are decoded so.
    fn fields_as(&self, decoded: &[&str], filter: &str, fields: &[&str]) -> Result<Vec<String>, String> {
        let mut command = Command::new("tshark");
        command.arg("-n").arg("-r").arg(&self.file).args(["-Y", filter, "-T", "fields", "-E", "separator=|"]);
        // Streams are known from the descriptions; payload without one is guessed at as RTP.
        command.args(["-o", "rtp.heuristic_rtp:TRUE"]);
        for port in &self.sip_ports {
            command.args(["-d", &format!("udp.port=={port},sip"), "-d", &format!("tcp.port=={port},sip")]);
        }
        for one in decoded {
            command.args(["-d", one]);
        }
        for field in fields {
            command.args(["-e", field]);
        }
        let output = command.output().map_err(|error| format!("tshark: {error}"))?;
        if !output.status.success() {
            return Err(format!("tshark -Y '{filter}': {}", String::from_utf8_lossy(&output.stderr)));
        }
        Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    }

    /// The SIP messages in their order, as `INVITE 1001`, `200 INVITE` and so on: a request with the user part of
    /// its target, a response with the method that it answers.
    ///
    /// # Errors
    /// See [`Captured::fields`].
    pub(crate) fn ladder(&self) -> Result<Vec<String>, String> {
        let rows = self.fields(
            &format!("sip and {}", self.sip),
            &["sip.Method", "sip.r-uri.user", "sip.Status-Code", "sip.CSeq.method"],
        )?;
        Ok(rows
            .iter()
            .map(|row| match row.split('|').collect::<Vec<_>>()[..] {
                ["", _, status, method] => format!("{status} {method}"),
                // baresip makes its contact of its number and `-0x…`.
                [method, user, ..] => {
                    format!("{method} {}", user.split("-0x").next().unwrap_or(user)).trim_end().to_owned()
                }
                _ => row.clone(),
            })
            .collect())
    }

    /// What went in RTP to an address, in the order in which it was sent.
    ///
    /// # Errors
    /// See [`Captured::fields`].
    pub(crate) fn payload_to(&self, address: &str, port: u16) -> Result<Vec<u8>, String> {
        let filter = format!("rtp and ip.dst == {address} and udp.dstport == {port}");
        // Some ports of ours are those of other protocols for tshark (24576 is MiNT's), where no description says better.
        let rows = self.fields_as(&[&format!("udp.port=={port},rtp")], &filter, &["rtp.payload"])?;
        let digits: Vec<u32> =
            rows.iter().flat_map(|row| row.chars()).filter_map(|digit| digit.to_digit(16)).collect();
        Ok(digits.chunks_exact(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect())
    }

    /// The RTP packets to a port of this machine, with their headers, in the order in which they were sent.
    ///
    /// # Errors
    /// See [`Captured::fields`].
    pub(crate) fn packets_to(&self, port: u16) -> Result<Vec<Vec<u8>>, String> {
        let rows =
            self.fields(&format!("udp.dstport == {port} and ip.dst == 127.0.0.1"), &["udp.payload"])?;
        let bytes = |row: &String| {
            let digits: Vec<u32> = row.chars().filter_map(|digit| digit.to_digit(16)).collect();
            digits.chunks_exact(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
        };
        Ok(rows.iter().map(bytes).collect())
    }

    /// What went in RTP to each address that descriptions name, each by itself.
    ///
    /// # Errors
    /// See [`Captured::fields`].
    pub(crate) fn streams(&self) -> Result<Vec<Vec<u8>>, String> {
        let mut ports: Vec<u16> =
            self.rtp(&["udp.dstport"])?.iter().filter_map(|port| port.parse().ok()).collect();
        ports.sort_unstable();
        ports.dedup();
        ports.into_iter().map(|port| self.payload_to("127.0.0.1", port)).collect()
    }

    /// How many calls began with an INVITE that this display filter takes.
    ///
    /// # Errors
    /// See [`Captured::fields`].
    pub(crate) fn invites_with(&self, filter: &str) -> Result<usize, String> {
        let filter = format!("sip.Method == INVITE and {filter} and {}", self.sip);
        let mut calls = self.fields(&filter, &["sip.Call-ID"])?;
        calls.sort_unstable();
        calls.dedup();
        Ok(calls.len())
    }

    /// Asserts that tshark finds fault with nothing of ours.
    ///
    /// # Errors
    /// What it finds fault with.
    pub(crate) fn is_clean(&self) -> Result<(), String> {
        let malformed = self.malformed()?;
        if malformed.is_empty() {
            Ok(())
        } else {
            Err(format!("tshark finds fault with: {}", malformed.join("; ")))
        }
    }

    /// What tshark calls malformed or an error in SIP, SDP, RTP or RTCP.
    ///
    /// # Errors
    /// See [`Captured::fields`].
    fn malformed(&self) -> Result<Vec<String>, String> {
        let ours = format!("((sip or sdp) and {}) or ((rtp or rtcp) and {})", self.sip, self.media);
        self.fields(
            &format!("({ours}) and (_ws.malformed or _ws.expert.severity == error)"),
            &["frame.number", "_ws.col.Protocol", "_ws.col.Info", "_ws.expert.message"],
        )
    }
}
