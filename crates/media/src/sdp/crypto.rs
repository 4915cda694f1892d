//! The lines `a=crypto`: keys of SRTP in descriptions (RFC 4568).

use memchr::memmem::Finder;
use strowger_base::SessionDescription;

use super::push_decimal;
use super::refuse::refuse;
use super::rewrite::streams;
use super::scan::{Line, LineFinder, Lines, MEDIA_LINES, MediaLine, fields, line_at, number};
use crate::srtp::{KeyMaterial, Mki, SrtpKeys, Suite};

/// A line with one key of a suite that we have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CryptoLine {
    /// Which of the lines; an answer repeats it.
    pub tag: u32,
    /// Key and salt of who wrote the line.
    pub material: KeyMaterial,
}

impl CryptoLine {
    /// Reads what stands behind `a=crypto:`. `None` for suites that we do not have, for several keys in a line, and for
    /// session parameters that would change the meaning of packets (RFC 4568 §6.3).
    pub fn parse(value: &[u8]) -> Option<CryptoLine> {
        let mut fields = fields(value);
        let tag = fields.next().filter(|tag| tag.len() <= TAG_DIGITS_MAX).and_then(number)?;
        let suite = Suite::from_name(fields.next()?)?;
        let key = fields.next()?;
        // WSH is advice for the window alone, and what begins with a minus sign may be left aside.
        if !fields.all(|parameter| parameter.starts_with(b"-") || parameter.starts_with(b"WSH=")) {
            return None;
        }
        let (method, key) = key.split_at_checked(INLINE.len())?;
        if !method.eq_ignore_ascii_case(INLINE) || key.contains(&b';') {
            return None;
        }
        let mut parts = key.split(|&byte| byte == b'|');
        let mut bytes = [0; KEY_BYTES_MAX];
        let length = decode(parts.next()?, &mut bytes)?;
        // Lifetime, then MKI; each may be missing. Only the MKI has a colon.
        let mki = match parts.clone().find(|part| part.contains(&b':')) {
            Some(mki) => Some(parse_mki(mki)?),
            None => None,
        };
        if parts.count() > 2 {
            return None;
        }
        let material = KeyMaterial::new(suite, bytes.get(..length)?, mki)?;
        Some(CryptoLine { tag, material })
    }

    /// Appends the line.
    pub(crate) fn write(&self, text: &mut Vec<u8>) {
        text.extend_from_slice(b"a=crypto:");
        push_decimal(text, u64::from(self.tag));
        text.push(b' ');
        text.extend_from_slice(self.material.suite().name().as_bytes());
        text.push(b' ');
        text.extend_from_slice(INLINE);
        encode(self.material.expose(), text);
        text.extend_from_slice(b"\r\n");
    }
}

/// What we answer to a list of lines: the first of them that is of one of our keys' suites (RFC 4568 §5.1.2), with our
/// key of that suite and both keys as they are used.
pub fn choose(offered: &[CryptoLine], own: &[KeyMaterial]) -> Option<(CryptoLine, SrtpKeys)> {
    offered.iter().find_map(|line| {
        let send = own.iter().find(|own| own.suite() == line.material.suite())?.clone();
        let answer = CryptoLine { tag: line.tag, material: send.clone() };
        Some((answer, SrtpKeys { send, receive: line.material.clone() }))
    })
}

/// Which of the lines that we offered an answer takes (RFC 4568 §5.1.3).
pub fn chosen(ours: &[CryptoLine], answered: &[CryptoLine]) -> Option<SrtpKeys> {
    let theirs = answered.first()?;
    let ours = ours.iter().find(|line| line.tag == theirs.tag)?;
    let same = ours.material.suite() == theirs.material.suite();
    same.then(|| SrtpKeys { send: ours.material.clone(), receive: theirs.material.clone() })
}

/// The key with which the writer of a description protects what it sends to whoever told it another one: that of the line which both have.
/// `None` where they agreed to none that we understand.
pub fn sent_key(wrote: &[u8], told: &[u8]) -> Option<KeyMaterial> {
    let (wrote, told) = (AudioSecurity::of(wrote).lines(), AudioSecurity::of(told).lines());
    let agreed = |ours: &CryptoLine, theirs: &CryptoLine| {
        ours.tag == theirs.tag && ours.material.suite() == theirs.material.suite()
    };
    // Whoever answers writes one line; whoever offers may have written many.
    let line = match (&wrote[..], &told[..]) {
        ([one], lines) => lines.iter().any(|theirs| agreed(one, theirs)).then_some(one),
        (lines, [one]) => lines.iter().find(|ours| agreed(ours, one)),
        (_, _) => None,
    };
    line.map(|line| line.material.clone())
}

/// What the audio streams of a description that are not refused say about keys: the first one, which is the one that a relay
/// carries, and those beside it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AudioSecurity<'a> {
    /// Whether audio is to be encrypted. Where the first stream is in the clear and another one has keys, it can be.
    pub wish: Wish,
    /// What the first stream says.
    section: &'a [u8],
    /// What the best one says.
    best: &'a [u8],
    /// One of them is in the clear.
    any_clear: bool,
}

/// Whether a stream is to be encrypted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Wish {
    /// RTP, and nothing about keys.
    Clear,
    /// RTP with keys beside it: SRTP for who can, as many phones offer it.
    Optional,
    /// SRTP and nothing else.
    Required,
    /// Keys are agreed in another way (DTLS): nothing that we have a part in.
    Other,
}

impl<'a> AudioSecurity<'a> {
    /// Looks at a description. One without audio wishes for nothing.
    pub fn of(bytes: &'a [u8]) -> Self {
        let Some(audio) = AudioSection::find(bytes) else {
            return AudioSecurity { wish: Wish::Clear, section: &[], best: &[], any_clear: false };
        };
        let section = bytes.get(audio.body..audio.end).unwrap_or_default();
        let wish = wish_of(audio.protocol, section);
        let mut security = AudioSecurity { wish, section, best: section, any_clear: wish == Wish::Clear };
        let mut rest = bytes.get(audio.end..).unwrap_or_default();
        while let Some(audio) = AudioSection::find(rest) {
            let section = rest.get(audio.body..audio.end).unwrap_or_default();
            match wish_of(audio.protocol, section) {
                Wish::Clear => security.any_clear = true,
                Wish::Optional | Wish::Required if security.wish == Wish::Clear => {
                    (security.wish, security.best) = (Wish::Optional, section);
                }
                Wish::Optional | Wish::Required | Wish::Other => {}
            }
            rest = rest.get(audio.end..).unwrap_or_default();
        }
        security
    }

    /// Whether no audio stream is in the clear: in an answer all of them are in use.
    pub const fn is_all_secured(&self) -> bool {
        !self.any_clear
    }

    /// The lines of the first stream that we understand, in order.
    pub fn lines(&self) -> Vec<CryptoLine> {
        crypto_values(self.section).take(LINES_MAX).filter_map(CryptoLine::parse).collect()
    }

    /// Names of all suites that are listed for the best stream, ours or not, in order.
    pub fn suites(&self) -> impl Iterator<Item = &'a str> {
        let names = crypto_values(self.best).take(LINES_MAX).filter_map(|value| fields(value).nth(1));
        names.filter_map(|name| std::str::from_utf8(name).ok())
    }
}

/// Gives the first audio stream that is not refused these lines in place of its own: with some it is SRTP alone, with none RTP.
/// Whether it has feedback (RFC 4585) stays. A stream with another protocol stays as it is. Nobody is told other keys than these:
/// those of other streams go, and a stream that is SRTP alone is refused.
///
/// ```
/// use strowger_media::sdp::set_crypto;
///
/// let text = b"v=0\r\nm=audio 4000 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA\r\na=ptime:20\r\n";
/// let clear = set_crypto(text, &[]);
/// assert_eq!(clear.as_bytes(), b"v=0\r\nm=audio 4000 RTP/AVP 8\r\na=ptime:20\r\n");
/// ```
pub fn set_crypto(bytes: &[u8], lines: &[CryptoLine]) -> SessionDescription {
    let secured = if lines.is_empty() { Secured::No } else { Secured::Yes };
    set_keys(bytes, lines, secured)
}

/// The same for an answer: the protocol stays as the stream has it, whatever the lines.
pub fn set_crypto_as(bytes: &[u8], lines: &[CryptoLine], wish: Wish) -> SessionDescription {
    let secured = if wish == Wish::Required { Secured::Yes } else { Secured::No };
    set_keys(bytes, lines, secured)
}

fn set_keys(bytes: &[u8], lines: &[CryptoLine], secured: Secured) -> SessionDescription {
    match others_told(bytes) {
        Some(left) => set_audio_keys(left.as_bytes(), lines, secured),
        None => set_audio_keys(bytes, lines, secured),
    }
}

/// The description without the keys of any stream but the first audio stream; `None` when there are none.
fn others_told(bytes: &[u8]) -> Option<SessionDescription> {
    if streams(bytes) < 2 {
        return None;
    }
    let mut found = false;
    let is_secured = |media: &MediaLine<'_>| matches!(profile_of(media.protocol), Some((Secured::Yes, _)));
    let refused = refuse(bytes, |_, media| {
        let is_first = !found && media.is_audio();
        found |= is_first;
        !is_first && is_secured(media)
    });
    let bytes = refused.as_ref().map_or(bytes, |refused| refused.as_bytes());
    let (own, end) = AudioSection::find(bytes).map_or((0, 0), |audio| (audio.body, audio.end));
    let is_told = |line: &Line<'_>| crypto_value(*line).is_some() && !(own..end).contains(&line.start);
    if !Lines::new(bytes).any(|line| is_told(&line)) {
        return refused;
    }
    let mut text = Vec::with_capacity(bytes.len());
    for line in Lines::new(bytes).filter(|line| !is_told(line)) {
        text.extend_from_slice(bytes.get(line.start..line.end).unwrap_or_default());
    }
    Some(SessionDescription::new(&text))
}

fn set_audio_keys(bytes: &[u8], lines: &[CryptoLine], secured: Secured) -> SessionDescription {
    let unchanged = || SessionDescription::new(bytes);
    let Some(audio) = AudioSection::find(bytes) else { return unchanged() };
    let Some((written, feedback)) = profile_of(audio.protocol) else { return unchanged() };
    let at = |range: std::ops::Range<usize>| bytes.get(range).unwrap_or_default();
    // Most descriptions are in the clear and stay that.
    if lines.is_empty() && written == secured && crypto_values(at(audio.body..audio.end)).next().is_none() {
        return unchanged();
    }
    let mut text = Vec::with_capacity(bytes.len() + lines.len() * LINE_BYTES);
    let protocol_end = audio.protocol_start + audio.protocol.len();
    text.extend_from_slice(at(0..audio.protocol_start));
    text.extend_from_slice(match (secured, feedback) {
        (Secured::No, Feedback::No) => b"RTP/AVP".as_slice(),
        (Secured::No, Feedback::Yes) => b"RTP/AVPF",
        (Secured::Yes, Feedback::No) => b"RTP/SAVP",
        (Secured::Yes, Feedback::Yes) => b"RTP/SAVPF",
    });
    text.extend_from_slice(at(protocol_end..audio.body));
    for line in Lines::new(at(audio.body..audio.end)) {
        if crypto_value(line).is_none() {
            text.extend_from_slice(at(audio.body + line.start..audio.body + line.end));
        }
    }
    if !lines.is_empty() && !text.ends_with(b"\n") {
        text.extend_from_slice(b"\r\n");
    }
    for line in lines {
        line.write(&mut text);
    }
    text.extend_from_slice(at(audio.end..bytes.len()));
    SessionDescription::new(&text)
}

/// Where the first audio stream that is not refused stands.
struct AudioSection<'a> {
    protocol: &'a [u8],
    protocol_start: usize,
    /// Behind the `m=` line.
    body: usize,
    end: usize,
}

impl<'a> AudioSection<'a> {
    fn find(bytes: &'a [u8]) -> Option<AudioSection<'a>> {
        let mut from = 0;
        loop {
            let line = line_at(bytes, MEDIA_LINES.find(bytes, from)?)?;
            from = line.end;
            let media = MediaLine::parse(line.value);
            if !media.is_audio() || media.port == 0 {
                continue;
            }
            // `m=audio 49170 RTP/AVP 0`: the third field.
            let before = media.kind.len() + 1 + media.port_text.len() + 1;
            let end = MEDIA_LINES.find(bytes, from).unwrap_or(bytes.len());
            return Some(AudioSection {
                protocol: media.protocol,
                protocol_start: line.start + 2 + before,
                body: from,
                end,
            });
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Secured {
    No,
    Yes,
}

#[derive(Clone, Copy)]
enum Feedback {
    No,
    Yes,
}

fn wish_of(protocol: &[u8], section: &[u8]) -> Wish {
    let keys = crypto_values(section).next().is_some();
    match profile_of(protocol) {
        Some((Secured::No, _)) if keys => Wish::Optional,
        Some((Secured::No, _)) => Wish::Clear,
        Some((Secured::Yes, _)) if keys => Wish::Required,
        Some((Secured::Yes, _)) | None => Wish::Other,
    }
}

/// What an RTP profile says; `None` for protocols that are none of the four.
fn profile_of(protocol: &[u8]) -> Option<(Secured, Feedback)> {
    let is = |name: &[u8]| protocol.eq_ignore_ascii_case(name);
    if is(b"RTP/AVP") {
        Some((Secured::No, Feedback::No))
    } else if is(b"RTP/AVPF") {
        Some((Secured::No, Feedback::Yes))
    } else if is(b"RTP/SAVP") {
        Some((Secured::Yes, Feedback::No))
    } else if is(b"RTP/SAVPF") {
        Some((Secured::Yes, Feedback::Yes))
    } else {
        None
    }
}

fn crypto_values(section: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let line = line_at(section, CRYPTO_LINES.find(section, from)?)?;
        from = line.end;
        crypto_value(line)
    })
}

fn crypto_value(line: Line<'_>) -> Option<&[u8]> {
    if line.kind == b'a' { line.value.strip_prefix(b"crypto:") } else { None }
}

/// `value:length`.
fn parse_mki(text: &[u8]) -> Option<Mki> {
    let mut parts = text.split(|&byte| byte == b':');
    let (value, length) = (parts.next().and_then(number)?, parts.next().and_then(number::<u8>)?);
    if parts.next().is_some() { None } else { Mki::new(value, usize::from(length)) }
}

/// Base64 (RFC 4648 §4) into `bytes`, with or without its padding; how many bytes it is.
fn decode(text: &[u8], bytes: &mut [u8]) -> Option<usize> {
    let mut end = text.len();
    while end > 0 && text.len() - end < 2 && text.get(end - 1) == Some(&b'=') {
        end -= 1;
    }
    let (mut length, mut bits, mut count) = (0, 0u32, 0);
    for &letter in text.get(..end)? {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            *bytes.get_mut(length)? = (bits >> count) as u8;
            length += 1;
        }
    }
    (count < 6).then_some(length)
}

fn encode(bytes: &[u8], text: &mut Vec<u8>) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for part in bytes.chunks(3) {
        let mut group = [0u8; 4];
        for (to, from) in group.iter_mut().skip(1).zip(part) {
            *to = *from;
        }
        let bits = u32::from_be_bytes(group);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= part.len() { letter } else { b'=' });
        }
    }
}

static CRYPTO_LINES: LineFinder = LineFinder::new(|| Finder::new(b"\na=crypto:"));

const INLINE: &[u8] = b"inline:";
/// A tag has nine digits at most (RFC 4568 §9.1).
const TAG_DIGITS_MAX: usize = 9;
/// More than any suite has.
const KEY_BYTES_MAX: usize = 48;
/// Lines of one stream that are looked at.
const LINES_MAX: usize = 16;
/// About the length of a line.
const LINE_BYTES: usize = 112;

#[cfg(test)]
mod tests;
