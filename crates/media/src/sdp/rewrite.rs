//! Changes to a description on its way from one leg to the other. Every byte that is not meant stays.

use std::net::{IpAddr, SocketAddr};

use strowger_base::SessionDescription;

use super::scan::{Connection, Line, Lines, MEDIA_LINES, MediaLine, line_at, push_address, push_decimal};
use super::{Direction, Origin, STREAMS_MAX};

/// Gives a description an `o=` line of our own: each leg of a back-to-back user agent is a session of its own
/// with its own version count (RFC 3264 §5, §8), and the other party's address is nobody's business.
///
/// Everything else is copied byte by byte. A description without `o=` gets one after `v=`.
///
/// ```
/// use strowger_media::sdp::{Origin, rewrite_origin};
///
/// let text = b"v=0\r\no=cisco 19842 0 IN IP4 10.1.2.3\r\ns=-\r\na=x-unknown:kept\r\n";
/// let origin = Origin { session_id: 7, version: 2, address: [192, 0, 2, 1].into() };
/// let ours = rewrite_origin(text, &origin);
/// assert_eq!(ours.as_bytes(), b"v=0\r\no=- 7 2 IN IP4 192.0.2.1\r\ns=-\r\na=x-unknown:kept\r\n");
/// ```
pub fn rewrite_origin(bytes: &[u8], origin: &Origin) -> SessionDescription {
    let (before, after) = origin_position(bytes);
    let mut text = Vec::with_capacity(bytes.len() + ORIGIN_BYTES);
    text.extend_from_slice(bytes.get(..before).unwrap_or_default());
    if before > 0 && !text.ends_with(b"\n") {
        text.extend_from_slice(b"\r\n");
    }
    origin.write(&mut text);
    text.extend_from_slice(bytes.get(after..).unwrap_or_default());
    SessionDescription::new(&text)
}

/// Where the `o=` line begins and ends; both the same, where it belongs, when there is none.
fn origin_position(bytes: &[u8]) -> (usize, usize) {
    let mut insert_at = 0;
    for line in Lines::new(bytes) {
        match line.kind {
            b'o' => return (line.start, line.end),
            b'v' => insert_at = line.end,
            b'm' => break,
            _ => {}
        }
    }
    (insert_at, insert_at)
}

/// Sends the first audio stream that is not refused to `address` instead, as [`set_media_addresses`] does. A description without
/// such a stream comes back unchanged.
pub fn set_media_address(bytes: &[u8], address: SocketAddr) -> SessionDescription {
    set_media_addresses(bytes, Some(address), &[])
}

/// Sends streams somewhere else: the first audio stream that is not refused to `audio`, and each that `beside` names by its place to the
/// address that it gives. Their `c=` and `m=` lines and `a=rtcp` (the port after the address) change, and what would lead media past
/// the relay (ICE, RFC 8839) goes; so does what would let streams with ports of their own share one (the group BUNDLE, RFC 5888).
///
/// Other streams stay as they are. They keep the `c=` line of the session when they need it; otherwise it changes too. Old-style hold
/// (`c=0.0.0.0`, RFC 3264 §8.4) keeps its address, because the address is what says hold. Streams that are refused stay that.
pub fn set_media_addresses(
    bytes: &[u8],
    audio: Option<SocketAddr>,
    beside: &[(usize, SocketAddr)],
) -> SessionDescription {
    let layout = Layout::of(bytes, audio, beside);
    let Some(&Led { address: of_session, .. }) = layout.led.first() else {
        return SessionDescription::new(bytes);
    };
    let mut text = Vec::with_capacity(bytes.len() + CONNECTION_BYTES * layout.led.len());
    let mut place = None;
    let mut led: Option<&Led> = None;
    let mut insert_connection = None;
    for line in Lines::new(bytes) {
        // An inserted `c=` follows `m=` and `i=` (RFC 8866 §9).
        if line.kind != b'i'
            && let Some(address) = insert_connection.take()
        {
            push_connection(&mut text, address);
        }
        if line.kind == b'm' {
            place = Some(place.map_or(0, |place: usize| place + 1));
            led = layout.led.iter().find(|led| Some(led.place) == place);
            if let Some(led) = led {
                push_media(&mut text, bytes, line, led.address.port());
                insert_connection = layout.needs_connection(led).then(|| led.address.ip());
                continue;
            }
        }
        let in_session = place.is_none();
        match (line.kind, led) {
            (b'c', Some(led)) if !Connection::parse(line.value).is_hold() => {
                push_connection(&mut text, led.address.ip());
            }
            (b'c', _) if in_session && layout.changes_session_connection() => {
                push_connection(&mut text, of_session.ip());
            }
            (b'a', Some(led)) if line.value.starts_with(b"rtcp:") => push_rtcp(&mut text, led.address),
            (b'a', _) if (led.is_some() || in_session) && is_ice(line.value) => {}
            (b'a', _) if in_session && layout.led.len() > 1 && line.value.starts_with(BUNDLE) => {}
            _ => text.extend_from_slice(bytes.get(line.start..line.end).unwrap_or_default()),
        }
    }
    if let Some(address) = insert_connection {
        if !text.ends_with(b"\n") {
            text.extend_from_slice(b"\r\n");
        }
        push_connection(&mut text, address);
    }
    SessionDescription::new(&text)
}

/// Gives every stream this direction (RFC 8866 §6.7), whatever it had.
///
/// ```
/// use strowger_media::sdp::{Direction, set_direction};
///
/// let text = b"v=0\r\na=sendrecv\r\nm=audio 4000 RTP/AVP 8\r\na=ptime:20\r\na=recvonly\r\n";
/// let ours = set_direction(text, Direction::Inactive);
/// assert_eq!(ours.as_bytes(), b"v=0\r\nm=audio 4000 RTP/AVP 8\r\na=ptime:20\r\na=inactive\r\n");
/// ```
pub fn set_direction(bytes: &[u8], direction: Direction) -> SessionDescription {
    let mut text = Vec::with_capacity(bytes.len() + DIRECTION_BYTES);
    let mut in_stream = false;
    for line in Lines::new(bytes) {
        if line.kind == b'm' && std::mem::replace(&mut in_stream, true) {
            push_direction(&mut text, direction);
        }
        let names_direction =
            line.kind == b'a' && matches!(line.value, b"sendrecv" | b"sendonly" | b"recvonly" | b"inactive");
        if !names_direction {
            text.extend_from_slice(bytes.get(line.start..line.end).unwrap_or_default());
        }
    }
    if in_stream {
        if !text.ends_with(b"\n") {
            text.extend_from_slice(b"\r\n");
        }
        push_direction(&mut text, direction);
    }
    SessionDescription::new(&text)
}

fn push_direction(text: &mut Vec<u8>, direction: Direction) {
    let name: &[u8] = match direction {
        Direction::SendReceive => b"a=sendrecv\r\n",
        Direction::SendOnly => b"a=sendonly\r\n",
        Direction::ReceiveOnly => b"a=recvonly\r\n",
        Direction::Inactive => b"a=inactive\r\n",
    };
    text.extend_from_slice(name);
}

/// How many streams a description has, refused ones too.
pub fn streams(bytes: &[u8]) -> usize {
    let mut from = 0;
    let lines = std::iter::from_fn(|| {
        let line = line_at(bytes, MEDIA_LINES.find(bytes, from)?)?;
        from = line.end;
        Some(line)
    });
    lines.count()
}

/// Where connection addresses stand in a description.
struct Layout {
    session: Option<Connection>,
    /// A stream that is not led elsewhere lives by the session's `c=` line.
    others_need_session: bool,
    led: Vec<Led>,
}

/// A stream that is led elsewhere.
struct Led {
    place: usize,
    address: SocketAddr,
    has_connection: bool,
}

impl Layout {
    fn of(bytes: &[u8], audio: Option<SocketAddr>, beside: &[(usize, SocketAddr)]) -> Layout {
        let mut layout =
            Layout { session: None, others_need_session: false, led: Vec::with_capacity(1 + beside.len()) };
        // The stream whose lines are being read: its place, and whether it needs the session's address.
        let mut streams = 0;
        let mut other_needs = false;
        let mut in_led = false;
        let mut has_audio = false;
        for line in Lines::new(bytes) {
            match line.kind {
                b'm' => {
                    layout.others_need_session |= other_needs;
                    let place = streams;
                    streams += 1;
                    let media = MediaLine::parse(line.value);
                    let is_first = !has_audio && media.is_audio() && media.port != 0;
                    has_audio |= is_first;
                    let named = || beside.iter().find(|(led, _)| *led == place).map(|(_, address)| *address);
                    let address = if is_first { audio } else { named() };
                    let address = address.filter(|_| media.port != 0);
                    in_led = address.is_some();
                    other_needs = !in_led && media.port != 0;
                    let led = address.map(|address| Led { place, address, has_connection: false });
                    layout.led.extend(led);
                }
                b'c' if streams == 0 => layout.session = Some(Connection::parse(line.value)),
                b'c' => {
                    other_needs = false;
                    if let (true, Some(led)) = (in_led, layout.led.last_mut()) {
                        led.has_connection = true;
                    }
                }
                _ => {}
            }
            if streams > STREAMS_MAX {
                break;
            }
        }
        layout.others_need_session |= other_needs;
        layout
    }

    fn session_is_hold(&self) -> bool {
        self.session.is_some_and(Connection::is_hold)
    }

    fn changes_session_connection(&self) -> bool {
        // With `c=` lines at both levels the session's is of no consequence for the stream, but it would
        // still tell an address of the other side.
        !self.others_need_session && !self.session_is_hold()
    }

    fn needs_connection(&self, led: &Led) -> bool {
        let by_session = |first: &Led| !self.others_need_session && first.address.ip() == led.address.ip();
        !led.has_connection
            && !self.session_is_hold()
            && (self.session.is_none() || !self.led.first().is_some_and(by_session))
    }
}

fn push_media(text: &mut Vec<u8>, bytes: &[u8], line: Line<'_>, port: u16) {
    // The line is `m=audio 49170 RTP/AVP 0`: what stands before and after the port is copied.
    let media = MediaLine::parse(line.value);
    let port_start = line.start + 2 + media.kind.len() + 1;
    text.extend_from_slice(bytes.get(line.start..port_start).unwrap_or_default());
    push_decimal(text, u64::from(port));
    let after = port_start + media.port_text.len();
    text.extend_from_slice(bytes.get(after..line.end).unwrap_or_default());
    if !text.ends_with(b"\n") {
        text.extend_from_slice(b"\r\n");
    }
}

fn push_connection(text: &mut Vec<u8>, address: IpAddr) {
    text.extend_from_slice(b"c=");
    push_address(text, address);
    text.extend_from_slice(b"\r\n");
}

fn push_rtcp(text: &mut Vec<u8>, address: SocketAddr) {
    text.extend_from_slice(b"a=rtcp:");
    push_decimal(text, u64::from(address.port().saturating_add(1)));
    text.push(b' ');
    push_address(text, address.ip());
    text.extend_from_slice(b"\r\n");
}

/// Attributes of ICE. All go: an agent that still saw some of them would find that the default address
/// is not among the candidates and report a mismatch (RFC 8839 §4.2.5).
fn is_ice(attribute: &[u8]) -> bool {
    let name = attribute.split(|&byte| byte == b':').next().unwrap_or_default();
    matches!(
        name,
        b"candidate"
            | b"remote-candidates"
            | b"end-of-candidates"
            | b"ice-ufrag"
            | b"ice-pwd"
            | b"ice-options"
            | b"ice-pacing"
            | b"ice-lite"
            | b"ice-mismatch"
    )
}

/// What begins the attribute that lets streams share a port.
const BUNDLE: &[u8] = b"group:BUNDLE";
/// Room for a direction that was not there.
const DIRECTION_BYTES: usize = 16;
/// Room for a longer `o=` line than the one that was there.
const ORIGIN_BYTES: usize = 64;
/// Room for `c=` lines that were not there, and longer ports.
const CONNECTION_BYTES: usize = 128;
