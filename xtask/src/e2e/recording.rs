//! Recording: two phones talk, and an outside recorder is sent what each of them says, and who they are.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::Context;
use super::audio::Recording;
use super::baresip::{Account, Phone};
use super::capture::{Capture, Captured};
use super::office::apply;
use super::ports;
use super::server::Server;
use super::sipp::{Counts, Sipp};
use crate::{peers, workspace};

/// Long enough for the recorder to have answered, for the first tone of the recording, and for two seconds without it.
const TALK: Duration = Duration::from_secs(5);
const CLEAR: f64 = 0.9;
/// The recording tone, in hertz, and the part of a quarter of a second that it has at least where it is heard, and at most where it is not.
const WARNING: f64 = 1400.0;
const WARNED: f64 = 0.01;
const NOT_WARNED: f64 = 0.002;
/// A key that the recorder says it sends with, though it sends nothing.
const KEY: &str = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";

/// What the recorder is to be.
struct Case {
    /// As baresip names it.
    media_encryption: Option<&'static str>,
    /// Of the streams to the recorder.
    profile: &'static str,
    /// One more attribute of these.
    attribute: String,
}

/// Who says what, as the metadata have it, with what the streams are encrypted.
struct Stream {
    label: String,
    address: String,
    key: String,
}

/// The recorder hears each party in the stream that its metadata call that party's, and both parties hear the tone.
///
/// # Errors
/// What was not as it should be.
pub(super) fn recording(context: &Context) -> Result<String, String> {
    let case = Case { media_encryption: None, profile: "RTP/AVP", attribute: "ptime:20".to_owned() };
    let (captured, streams, ports) = record(context, &case)?;
    let mut shares = Vec::new();
    for (stream, port) in streams.iter().zip(ports) {
        let copy = Recording::of_mu_law(&captured.payload_to("127.0.0.1", port)?);
        shares.push(is_the_tone_of(stream, &copy)?);
    }
    Ok(format!("each party was in its own stream ({}), and both heard the tone", shares.join(", ")))
}

/// The same between phones that insist on SRTP: the recorder is sent SRTP with keys of its own, and both parties hear the tone.
///
/// # Errors
/// What was not as it should be.
pub(super) fn encrypted(context: &Context) -> Result<String, String> {
    let case = Case {
        media_encryption: Some("srtp-mand"),
        profile: "RTP/SAVP",
        // The third of the suites that are offered.
        attribute: format!("crypto:3 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"),
    };
    let (captured, streams, ports) = record(context, &case)?;
    let mut shares = Vec::new();
    for (stream, port) in streams.iter().zip(ports) {
        let key = Srtp::derive(&stream.key)?;
        let copy = Recording::of_mu_law(&key.open(&captured.packets_to(port)?)?);
        shares.push(is_the_tone_of(stream, &copy)?);
    }
    let shares = shares.join(", ");
    Ok(format!(
        "openssl opened each party's stream with the key of the recorder ({shares}), and both heard the tone"
    ))
}

/// Two phones talk, with a recorder that takes both streams; what was captured, what the metadata say, and the ports of the streams.
fn record(context: &Context, case: &Case) -> Result<(Captured, Vec<Stream>, [u16; 2]), String> {
    peers::require(&[peers::PYTHON, peers::OPENSSL])?;
    let server = Server::lab(context, &[])?;
    let (sip, own, far) = (ports::one()?, ports::block(2)?, ports::block(2)?);
    configure(context, &server, sip)?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let mut recorder = recorder(&context.folder, sip, [own, far], case)?;
    recorder.ready(([127, 0, 0, 1], sip).into())?;
    let account = |name, number, tone| Account {
        number,
        user: number,
        secret: "recorded-or-not",
        media_encryption: case.media_encryption,
        ..server.account(name, "1001", tone)
    };
    let mut alice = Phone::register(&context.folder, &account("alice", "7001", 440))?;
    let mut bob = Phone::register(&context.folder, &account("bob", "7002", 700))?;
    alice.dial("7002")?;
    bob.expect("CALL_INCOMING")?;
    bob.command("accept", "")?;
    alice.expect("CALL_ESTABLISHED")?;
    bob.expect("CALL_ESTABLISHED")?;
    alice.talk(TALK);
    let calls = server.ask(&["calls"])?;
    if calls["calls"][0]["recorded"] != true {
        return Err(format!("nothing is recorded: {calls}"));
    }
    alice.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;
    bob.expect("CALL_CLOSED")?;
    let counts = recorder.finish(Duration::from_secs(20))?;
    if counts != (Counts { successful: 1, failed: 0 }) {
        return Err(format!("the recorder counted {counts:?}"));
    }
    let captured = capture.finish()?;
    captured.is_clean()?;
    is_warned(&alice, &bob)?;
    // The record of the call; the one with the recorder is told apart.
    server.wait_for_records(1)?;
    server.is_well()?;
    let streams = metadata(&context.folder)?;
    let told: Vec<(&str, &str)> = streams.iter().map(|it| (&*it.label, number_of(&it.address))).collect();
    if told != [("1", "7002"), ("2", "7001")] {
        return Err(format!("the metadata say {told:?}"));
    }
    Ok((captured, streams, [own, far]))
}

/// Two lines with a phone each, of which the second one is recorded.
fn configure(context: &Context, server: &Server, sip: u16) -> Result<(), String> {
    let mut text = format!(
        "[[trunk]]\nname = \"recorder\"\ndestinations = [\"127.0.0.1:{sip}\"]\nsources = [\"127.0.0.1:{sip}\"]\n\
         srtp_allowed = true\n\n\
         [[recording_profile]]\nname = \"all\"\ntrunk = \"recorder\"\nnumber = \"7000\"\n\n\
         [service_parameters]\nrecording_tone_recorded = true\nrecording_tone_other_party = true\n"
    );
    for (number, more) in [("7001", ""), ("7002", ", recording = \"automatic\", recording_profile = \"all\"")]
    {
        text.push_str(&format!(
            "\n[[line]]\npattern = \"{number}\"\npartition = \"internal\"\nsearch_space = \"everything\"\n\n\
             [[phone]]\nname = \"desk-{number}\"\nlines = [{{ line = \"internal:{number}\"{more} }}]\n\
             credentials = {{ secret = \"recorded-or-not\" }}\n"
        ));
    }
    apply(context, server, &text)
}

fn recorder(folder: &Path, sip: u16, [own, far]: [u16; 2], case: &Case) -> Result<Sipp, String> {
    let script = workspace::root().join("e2e/sipp/recorder.xml").display().to_string();
    let (sip, own, far) = (sip.to_string(), own.to_string(), far.to_string());
    let messages = folder.join(MESSAGES).display().to_string();
    let mut arguments = vec!["-sf", &script, "-i", "127.0.0.1", "-p", &sip, "-m", "1"];
    arguments.extend(["-trace_msg", "-message_file", &messages]);
    for (key, value) in
        [("own", &*own), ("far", &far), ("profile", case.profile), ("attribute", &case.attribute)]
    {
        arguments.extend(["-key", key, value]);
    }
    Sipp::start(folder, "recorder", Duration::from_secs(60), &arguments)
}

/// Both hear the tone.
fn is_warned(alice: &Phone, bob: &Phone) -> Result<(), String> {
    for (who, recording) in [("alice", alice.heard()?), ("bob", bob.heard()?)] {
        let most = recording.most_of(WARNING);
        if most < WARNED {
            return Err(format!("{most:.4} of what {who} heard was the recording tone"));
        }
    }
    Ok(())
}

fn is_the_tone_of(stream: &Stream, copy: &Recording) -> Result<String, String> {
    let (number, tone) = match number_of(&stream.address) {
        "7001" => ("7001", 440.0),
        _ => ("7002", 700.0),
    };
    let (share, warning) = (copy.share_of(tone), copy.most_of(WARNING));
    if share < CLEAR {
        return Err(format!("the stream of {number} had {share:.2} of its tone"));
    }
    if warning > NOT_WARNED {
        return Err(format!("the tone of recordings was in the recording: {warning:.4}"));
    }
    Ok(format!("{number} {share:.2}"))
}

/// `7001` of `sip:7001@127.0.0.1`.
fn number_of(address: &str) -> &str {
    address.strip_prefix("sip:").and_then(|rest| rest.split('@').next()).unwrap_or(address)
}

/// What the recorder was told at the beginning, as Python's reader of XML understands it.
fn metadata(folder: &Path) -> Result<Vec<Stream>, String> {
    let mut python = Command::new("python3");
    python.args(["-c", READER]).arg(folder.join(MESSAGES)).stderr(Stdio::piped());
    let output = python.output().map_err(|error| format!("python3: {error}"))?;
    if !output.status.success() {
        return Err(format!("the metadata are not read: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let stream = |line: &str| {
        let mut fields = line.split(' ').map(str::to_owned);
        Some(Stream { label: fields.next()?, address: fields.next()?, key: fields.next()? })
    };
    Ok(text.lines().filter_map(stream).collect())
}

/// Keys of SRTP packets from one source, made by openssl (RFC 3711 §4.3).
struct Srtp {
    key: String,
    salt: u128,
}

impl Srtp {
    /// Of a master key and salt in base64.
    fn derive(inline: &str) -> Result<Srtp, String> {
        let master = openssl(&["enc", "-d", "-base64", "-A"], inline.as_bytes())?;
        let [key, salt] = master
            .split_at_checked(KEY_BYTES)
            .map(<[&[u8]; 2]>::from)
            .ok_or("the recorder was offered no key")?;
        let (key, salt) = (hex(key), number(salt));
        let derived = |label: u128, bytes: usize| {
            let first = (salt ^ label << 48) << 16;
            counter_mode(&key, first, &[0; KEY_BYTES]).map(|stream| stream.into_iter().take(bytes).collect())
        };
        let (session, salt): (Vec<u8>, Vec<u8>) = (derived(0, KEY_BYTES)?, derived(2, SALT_BYTES)?);
        Ok(Srtp { key: hex(&session), salt: number(&salt) })
    }

    /// What the packets say, one behind the other.
    fn open(&self, packets: &[Vec<u8>]) -> Result<Vec<u8>, String> {
        let mut said = Vec::new();
        let mut first = None;
        for packet in packets {
            let (Some(head), Some(rest)) = (packet.get(..HEADER), packet.get(HEADER..)) else { continue };
            let sequence = number(&head[2..4]);
            let start = *first.get_or_insert(sequence);
            // The rollover counter is one after the sequence began anew.
            let index = sequence + if sequence < start { 1 << 16 } else { 0 };
            let first = self.salt << 16 ^ number(&head[8..12]) << 64 ^ index << 16;
            let payload = &rest[..rest.len().saturating_sub(TAG)];
            said.extend(counter_mode(&self.key, first, payload)?);
        }
        Ok(said)
    }
}

fn counter_mode(key: &str, first: u128, bytes: &[u8]) -> Result<Vec<u8>, String> {
    openssl(&["enc", "-aes-128-ctr", "-K", key, "-iv", &format!("{first:032x}")], bytes)
}

fn openssl(arguments: &[&str], bytes: &[u8]) -> Result<Vec<u8>, String> {
    use std::io::Write as _;
    let mut command = Command::new("openssl");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("openssl: {error}"))?;
    let written = child.stdin.take().map(|mut stdin| stdin.write_all(bytes));
    written.transpose().map_err(|error| format!("openssl: {error}"))?;
    let output = child.wait_with_output().map_err(|error| format!("openssl: {error}"))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(format!("openssl: {}", String::from_utf8_lossy(&output.stderr)))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes as a number, the highest first.
fn number(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// Where sipp writes what was said.
const MESSAGES: &str = "recorder-messages.log";
const KEY_BYTES: usize = 16;
const SALT_BYTES: usize = 14;
/// An RTP header without additions.
const HEADER: usize = 12;
/// The authentication tag of `AES_CM_128_HMAC_SHA1_80`.
const TAG: usize = 10;

/// Reads the two parts of the first INVITE: label, address of who says it, and third key of each stream.
const READER: &str = r#"
import re, sys, xml.etree.ElementTree as tree
text = open(sys.argv[1], newline='', encoding='utf-8').read()
document = text[text.index('<?xml'):]
document = document[:document.index('</recording>') + len('</recording>')]
root = tree.fromstring(document.encode())
space = '{urn:ietf:params:xml:ns:recording:1}'
assert root.tag == space + 'recording', root.tag
labels = {it.get('stream_id'): it.find(space + 'label').text for it in root.iter(space + 'stream')}
names = {it.get('participant_id'): it.find(space + 'nameID').get('aor') for it in root.iter(space + 'participant')}
said = {}
for it in root.iter(space + 'participantstreamassoc'):
    for sent in it.findall(space + 'send'):
        said[labels[sent.text]] = names[it.get('participant_id')]
sections = re.split(r'\r?\nm=', text[:text.index('<?xml')])[1:]
keys = {}
for section in sections:
    label = re.search(r'a=label:(\S+)', section).group(1)
    key = re.search(r'a=crypto:3 \S+ inline:(\S+)', section)
    keys[label] = key.group(1) if key else '-'
for label in sorted(said):
    print(label, said[label], keys[label])
"#;
