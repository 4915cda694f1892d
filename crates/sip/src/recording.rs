//! The client of a session recording protocol (RFC 7866): what a recorder is sent, and what it is told of the conversation
//! (RFC 7865). Who talks with whom is said whole each time: a recorder that missed something knows it with the next message.

use strowger_base::recording::{RecordedParty, STREAM_LABELS, VoiceFlow};
use strowger_base::{CallId, LegId, RecordingMetadata, SessionDescription};

use crate::message::{HeaderName, Message};
use crate::watch::xml;
use crate::{body, write};

/// What our Contact says towards a recorder (RFC 7866 §6.1.1).
pub(crate) const CONTACT_FEATURE: &str = ";+sip.src";
/// Only a recorder takes such a call (RFC 7866 §6.1.1); it may ask for what it is told to be said again (§9.2).
pub(crate) const REQUIRE: &[u8] =
    b"Require: siprec\r\nAccept: application/sdp, application/rs-metadata-request\r\n";

/// The option that both sides of such a call have (RFC 7866 §6.1.1).
pub(crate) const OPTION: &str = "siprec";

/// Whether a request of a recorder asks to be told everything again (RFC 7866 §9.2). Why it does is for people to read.
pub(crate) fn wants_metadata(request: &Message<'_>) -> bool {
    let Some(kind) = request.first(HeaderName::ContentType) else { return false };
    let is_wish = |kind: &[u8]| {
        let kind = body::media_type(kind).0;
        METADATA_REQUEST.iter().any(|name| kind.eq_ignore_ascii_case(name))
    };
    is_wish(kind) || body::parts(kind, request.body()).any(|part| is_wish(part.content_type))
}

/// Ends a request to a recorder: with the description and the metadata as two parts of one body (RFC 7866 §9.1).
pub(crate) fn finish(
    out: &mut Vec<u8>,
    description: Option<&SessionDescription>,
    metadata: &RecordingMetadata,
    domain: &str,
) {
    let metadata = document(metadata, domain);
    let Some(description) = description else {
        out.extend_from_slice(b"Content-Disposition: recording-session\r\n");
        return write::finish(out, Some(METADATA), &metadata);
    };
    let mut boundary = BOUNDARY.to_vec();
    while holds(&metadata, &boundary) || holds(description.as_bytes(), &boundary) {
        boundary.push(b'x');
    }
    let mut body = Vec::with_capacity(metadata.len() + description.as_bytes().len() + 256);
    let part = |kind: &str, disposition: &[u8], bytes: &[u8], body: &mut Vec<u8>| {
        body.extend_from_slice(b"--");
        body.extend_from_slice(&boundary);
        body.extend_from_slice(b"\r\n");
        write::header(body, b"Content-Type", kind.as_bytes());
        body.extend_from_slice(disposition);
        body.extend_from_slice(b"\r\n");
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    };
    part("application/sdp", b"", description.as_bytes(), &mut body);
    part(METADATA, b"Content-Disposition: recording-session\r\n", &metadata, &mut body);
    body.extend_from_slice(b"--");
    body.extend_from_slice(&boundary);
    body.extend_from_slice(b"--\r\n");
    let kind = write::utf8([b"multipart/mixed;boundary=", &boundary[..]].concat());
    write::finish(out, Some(&kind), &body);
}

fn holds(bytes: &[u8], boundary: &[u8]) -> bool {
    memchr::memmem::find(bytes, boundary).is_some()
}

/// The document of a recorded call, whole (RFC 7865 §6).
fn document(metadata: &RecordingMetadata, domain: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(2048);
    let RecordingMetadata { call, conversation, started_at, since, own, far, conferees } = metadata;
    let session = of_call(domain, Kind::Session, *call);
    let group = of_call(domain, Kind::Group, *conversation);
    out.extend_from_slice(HEAD);
    element(&mut out, "datamode", "complete");
    open(&mut out, "group", &[("group_id", &group)]);
    element(&mut out, "associate-time", &started_at.to_string());
    out.extend_from_slice(b"</group>");
    open(&mut out, "session", &[("session_id", &session)]);
    element(&mut out, "group-ref", &group);
    element(&mut out, "start-time", &started_at.to_string());
    out.extend_from_slice(b"</session>");
    // The parties of a conference are all in the stream that comes from there.
    let others = if conferees.is_empty() { std::slice::from_ref(far) } else { &conferees[..] };
    let parties = || std::iter::once(own).chain(others);
    let mut known: Vec<LegId> = Vec::new();
    for party in parties() {
        // Who came twice is one.
        if !known.contains(&party.leg) {
            known.push(party.leg);
            participant(&mut out, party, domain);
        }
    }
    for (party, label) in [own, far].into_iter().zip(STREAM_LABELS) {
        let stream = of_leg(domain, Kind::Stream, party.leg);
        open(&mut out, "stream", &[("stream_id", &stream), ("session_id", &session)]);
        element(&mut out, "label", label);
        out.extend_from_slice(b"</stream>");
    }
    open(&mut out, "sessionrecordingassoc", &[("session_id", &session)]);
    element(&mut out, "associate-time", &since.to_string());
    out.extend_from_slice(b"</sessionrecordingassoc>");
    for party in parties() {
        let id = of_leg(domain, Kind::Participant, party.leg);
        open(&mut out, "participantsessionassoc", &[("participant_id", &id), ("session_id", &session)]);
        times(&mut out, party);
        out.extend_from_slice(b"</participantsessionassoc>");
    }
    let heard = others.iter().any(|party| party.flow == VoiceFlow::Heard);
    let theirs = if heard { VoiceFlow::Heard } else { VoiceFlow::Held };
    let of_own = std::iter::once((own, (own.leg, own.flow), (far.leg, theirs)));
    let of_others = others.iter().map(|party| {
        // Who left is told with what it sent while it was there.
        let gone = party.until.is_some();
        let sends = if gone { VoiceFlow::Heard } else { party.flow };
        let hears = if gone { VoiceFlow::Heard } else { own.flow };
        (party, (far.leg, sends), (own.leg, hears))
    });
    for (party, sends, hears) in of_own.chain(of_others) {
        let id = of_leg(domain, Kind::Participant, party.leg);
        open(&mut out, "participantstreamassoc", &[("participant_id", &id)]);
        for (way, (stream, flow)) in [("send", sends), ("recv", hears)] {
            if flow == VoiceFlow::Heard {
                element(&mut out, way, &of_leg(domain, Kind::Stream, stream));
            }
        }
        if !conferees.is_empty() {
            times(&mut out, party);
        }
        out.extend_from_slice(b"</participantstreamassoc>");
    }
    out.extend_from_slice(b"</recording>\r\n");
    out
}

/// Since when somebody is there, and until when he was (RFC 7865 §6.5, §6.6).
fn times(out: &mut Vec<u8>, party: &RecordedParty) {
    element(out, "associate-time", &party.since.to_string());
    if let Some(until) = party.until {
        element(out, "disassociate-time", &until.to_string());
    }
}

fn participant(out: &mut Vec<u8>, party: &RecordedParty, domain: &str) {
    open(out, "participant", &[("participant_id", &of_leg(domain, Kind::Participant, party.leg))]);
    out.extend_from_slice(b"<nameID aor=\"");
    // Also of somebody who is kept from the others: the recorder belongs to whoever runs the system.
    let number = if party.party.number.is_empty() { "anonymous" } else { &*party.party.number };
    xml::address(out, number, domain);
    out.extend_from_slice(b"\">");
    if !party.party.name.is_empty() {
        element(out, "name", &party.party.name);
    }
    out.extend_from_slice(b"</nameID></participant>");
}

fn open(out: &mut Vec<u8>, name: &str, attributes: &[(&str, &str)]) {
    out.push(b'<');
    out.extend_from_slice(name.as_bytes());
    for (name, value) in attributes {
        xml::attribute(out, name, value);
    }
    out.push(b'>');
}

fn element(out: &mut Vec<u8>, name: &str, value: &str) {
    open(out, name, &[]);
    xml::text(out, value);
    out.extend_from_slice(b"</");
    out.extend_from_slice(name.as_bytes());
    out.push(b'>');
}

/// What an id names.
#[derive(Clone, Copy)]
enum Kind {
    Group = 0,
    Session = 1,
    Participant = 2,
    Stream = 3,
}

fn of_call(domain: &str, kind: Kind, id: CallId) -> String {
    unique(domain, kind, [u64::from(id.node.0) << 16 | u64::from(id.shard.0), id.number])
}

fn of_leg(domain: &str, kind: Kind, id: LegId) -> String {
    unique(domain, kind, [u64::from(id.node.0) << 16 | u64::from(id.shard.0), id.number])
}

/// A UUID in base64 (RFC 7865 §7.3), always the same for the same thing of the same system: version 8 of RFC 9562 §5.8, made of
/// the domain and our own number of the thing, which is never used again.
fn unique(domain: &str, kind: Kind, parts: [u64; 2]) -> String {
    let hash = |start: u64| {
        let numbers = parts.iter().flat_map(|part| part.to_be_bytes());
        let bytes = domain.bytes().chain([kind as u8]).chain(numbers);
        // FNV-1a, and what spreads its last bytes over all bits.
        let hash =
            bytes.fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        let hash = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash ^ hash >> 33
    };
    let (high, low) = (hash(0xcbf2_9ce4_8422_2325), hash(0x6c62_272e_07bb_0142));
    let high = high & !0xf000 | 0x8000;
    let low = low & !(0b11 << 62) | 0b10 << 62;
    base64(&[high.to_be_bytes(), low.to_be_bytes()].concat())
}

/// RFC 4648 §4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// Content type of the metadata (RFC 7866 §12.2).
const METADATA: &str = "application/rs-metadata+xml";
/// Content types of the wish for it (RFC 7866 §12.2), as it is registered and as some write it.
const METADATA_REQUEST: [&[u8]; 2] =
    [b"application/rs-metadata-request", b"application/rs-metadata-request+xml"];
const BOUNDARY: &[u8] = b"strowger-recording";
const HEAD: &[u8] =
    b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<recording xmlns=\"urn:ietf:params:xml:ns:recording:1\">";

#[cfg(test)]
mod tests {
    use strowger_base::leg::Party;
    use strowger_base::{NodeId, ShardId, WallTime};

    use super::*;

    #[test]
    fn text_in_base64() {
        let check = |given: &str, expect: &str| assert_eq!(base64(given.as_bytes()), expect);
        check("", "");
        check("f", "Zg==");
        check("fo", "Zm8=");
        check("foo", "Zm9v");
        check("foobar", "Zm9vYmFy");
        check("\u{3bf}\u{3f}", "zr8/");
    }

    fn metadata(name: &str, far: VoiceFlow) -> RecordingMetadata {
        let at = WallTime::from_micros(1_700_000_000_000_000);
        let party = |leg: u64, number: &str, name: &str, flow| RecordedParty {
            leg: LegId::new(NodeId(1), ShardId(0), leg),
            party: Party { number: number.into(), name: name.into(), ..Party::default() },
            since: at,
            until: None,
            flow,
        };
        RecordingMetadata {
            call: CallId::new(NodeId(1), ShardId(0), 7),
            conversation: CallId::new(NodeId(1), ShardId(0), 6),
            started_at: at,
            since: at,
            own: party(1, "1001", name, VoiceFlow::Heard),
            far: party(2, "1002", "", far),
            conferees: Vec::new(),
        }
    }

    #[test]
    fn a_document_is_well_formed_and_says_who_hears_whom() {
        let check = |name: &str, far: VoiceFlow, streams: usize| {
            let bytes = document(&metadata(name, far), "pbx.example");
            let text = std::str::from_utf8(&bytes).unwrap();
            let document = roxmltree::Document::parse(text).unwrap();
            let find = |name: &str| {
                let named = move |node: &roxmltree::Node<'_, '_>| node.tag_name().name() == name;
                document.descendants().filter(named).collect::<Vec<_>>()
            };
            assert_eq!(find("name")[0].text(), Some(name));
            let aors: Vec<_> = find("nameID").iter().filter_map(|node| node.attribute("aor")).collect();
            assert_eq!(aors, ["sip:1001@pbx.example", "sip:1002@pbx.example"]);
            assert_eq!(find("send").len() + find("recv").len(), streams);
            // What is referred to is there.
            let ids: Vec<_> = find("stream").iter().filter_map(|node| node.attribute("stream_id")).collect();
            for used in find("send").iter().chain(&find("recv")) {
                assert!(ids.contains(&used.text().unwrap()), "{text}");
            }
            let session = find("session")[0].attribute("session_id").unwrap().to_owned();
            assert!(find("stream").iter().all(|node| node.attribute("session_id") == Some(&*session)));
            let group = find("group")[0].attribute("group_id");
            assert_eq!(find("group-ref")[0].text(), group);
            assert_eq!((session.len(), ids[0].len()), (24, 24));
            assert_ne!(ids[0], ids[1]);
        };
        check("Ada", VoiceFlow::Heard, 4);
        check("A <b> & \"c\"", VoiceFlow::Held, 2);
    }

    /// RFC 7865 §6.5, §6.6: who comes and goes is told with the time, and all send the stream of the conference.
    #[test]
    fn parties_of_a_conference_are_told_one_by_one() {
        let mut told = metadata("Ada", VoiceFlow::Heard);
        let later = WallTime::from_micros(1_700_000_060_000_000);
        let one = |leg: u64, number: &str, until, flow| RecordedParty {
            leg: LegId::new(NodeId(1), ShardId(0), leg),
            party: Party { number: number.into(), ..Party::default() },
            since: told.since,
            until,
            flow,
        };
        let conferees = vec![
            one(5, "1005", Some(later), VoiceFlow::Held),
            one(6, "1006", None, VoiceFlow::Heard),
            one(7, "1007", None, VoiceFlow::Held),
            // The first one came again.
            one(5, "1005", None, VoiceFlow::Heard),
        ];
        told.conferees = conferees;
        let bytes = document(&told, "pbx.example");
        let text = std::str::from_utf8(&bytes).unwrap();
        let document = roxmltree::Document::parse(text).unwrap();
        let find = |name: &str| {
            let named = move |node: &roxmltree::Node<'_, '_>| node.tag_name().name() == name;
            document.descendants().filter(named).collect::<Vec<_>>()
        };
        let aors: Vec<_> = find("nameID").iter().filter_map(|node| node.attribute("aor")).collect();
        assert_eq!(aors, ["1001", "1005", "1006", "1007"].map(|who| format!("sip:{who}@pbx.example")));
        let streams: Vec<_> = find("stream").iter().filter_map(|node| node.attribute("stream_id")).collect();
        assert_eq!(streams.len(), 2);
        let ways = |node: &roxmltree::Node<'_, '_>| {
            let ways = node.children().map(|child| match child.tag_name().name() {
                "send" | "recv" => format!(
                    "{} {}",
                    child.tag_name().name(),
                    1 + streams.iter().position(|it| Some(*it) == child.text()).unwrap()
                ),
                other => other.to_owned(),
            });
            ways.collect::<Vec<_>>().join(", ")
        };
        let told: Vec<String> = find("participantstreamassoc").iter().map(ways).collect();
        let expect = [
            "send 1, recv 2, associate-time",
            "send 2, recv 1, associate-time, disassociate-time",
            "send 2, recv 1, associate-time",
            "recv 1, associate-time",
            "send 2, recv 1, associate-time",
        ];
        assert_eq!(told, expect);
        let sessions = find("participantsessionassoc");
        let gone = sessions.iter().filter(|node| node.children().count() == 2).count();
        assert_eq!((sessions.len(), gone), (5, 1));
    }

    #[test]
    fn two_parts_that_a_reader_finds_again() {
        let sdp = SessionDescription::new(b"v=0\r\ns=strowger-recording\r\n");
        let mut out = Vec::new();
        finish(&mut out, Some(&sdp), &metadata("Ada", VoiceFlow::Heard), "pbx.example");
        let end = memchr::memmem::find(&out, b"\r\n\r\n").unwrap();
        let head = std::str::from_utf8(&out[..end]).unwrap();
        assert!(head.ends_with(&format!("Content-Length: {}", out.len() - end - 4)), "{head}");
        let kind = head.lines().next().unwrap().strip_prefix("Content-Type: ").unwrap();
        let parts: Vec<_> = crate::body::parts(kind.as_bytes(), &out[end + 4..]).collect();
        let kinds: Vec<_> = parts.iter().map(|part| part.content_type).collect();
        assert_eq!(kinds, [&b"application/sdp"[..], METADATA.as_bytes()]);
        assert_eq!(parts[0].body, sdp.as_bytes());
    }
}
