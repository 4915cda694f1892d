//! A call to a recorder: what it is sent at the beginning, after a change, and at the end (RFC 7866).

mod support;

use std::sync::Arc;

use strowger_base::leg::{Media, Signal};
use strowger_base::recording::{RecordedParty, VoiceFlow};
use strowger_base::{CallId, Cause, Command, LegId, NodeId, RecordingMetadata, ShardId, WallTime};
use support::{Driver, answer, body_of, header, offer, party, respond, ring_bob};

fn metadata(far: &str, flow: VoiceFlow) -> Arc<RecordingMetadata> {
    let at = WallTime::from_micros(1_700_000_000_000_000);
    let who = |leg: u64, number: &str| RecordedParty {
        leg: LegId::new(NodeId(1), ShardId(0), leg),
        party: party(number, ""),
        since: at,
        until: None,
        flow,
    };
    let call = CallId::new(NodeId(1), ShardId(0), 7);
    let (own, far) = (who(1, "1001"), who(2, far));
    let conferees = Vec::new();
    Arc::new(RecordingMetadata { call, conversation: call, started_at: at, since: at, own, far, conferees })
}

/// What is in a message for a recorder: the description, and the metadata.
fn parts(message: &str) -> (String, String) {
    let boundary =
        header(message, "Content-Type").strip_prefix("multipart/mixed;boundary=").expect("two parts");
    let parts: Vec<&str> = body_of(message).split(&format!("--{boundary}")).collect();
    let [before, sdp, metadata, end] = &parts[..] else { panic!("{message}") };
    assert_eq!((*before, *end), ("", "--\r\n"));
    assert!(sdp.starts_with("\r\nContent-Type: application/sdp\r\n\r\n"), "{sdp}");
    let head =
        "\r\nContent-Type: application/rs-metadata+xml\r\nContent-Disposition: recording-session\r\n\r\n";
    assert!(metadata.starts_with(head), "{metadata}");
    ((*sdp).to_owned(), (*metadata).to_owned())
}

#[test]
fn a_recorder_is_told_everything_with_each_offer() {
    let mut d = Driver::new();
    let (mut ring, leg) =
        (ring_bob(offer("v=0\r\no=ours 1\r\n"), false), LegId::new(NodeId(1), ShardId(0), 99));
    ring.records = Some(metadata("1002", VoiceFlow::Heard));
    d.command(leg, Command::Ring(Box::new(ring)));
    let invite = d.next();
    assert_eq!(header(&invite, "Require"), "siprec");
    assert!(header(&invite, "Contact").ends_with(">;+sip.src"), "{invite}");
    let (sdp, told) = parts(&invite);
    assert!(sdp.contains("o=ours 1\r\n"), "{sdp}");
    assert!(told.contains("sip:1002@strowger.test") && told.contains("<send>"), "{told}");
    d.from("192.0.2.20:5060", &respond(&invite, 200, "tb", "", "v=0\r\no=recorder 1\r\n"));
    assert!(d.one().starts_with("ACK "));
    assert!(matches!(d.signal(), Signal::Answered { media: Media::Answer(_), .. }));

    let changed = metadata("1003", VoiceFlow::Held);
    d.command(leg, Command::Records(offer("v=0\r\no=ours 2\r\n"), changed));
    let reinvite = d.next();
    assert!(reinvite.starts_with("INVITE "), "{reinvite}");
    assert!(header(&reinvite, "Contact").ends_with(">;+sip.src"), "{reinvite}");
    let (sdp, told) = parts(&reinvite);
    assert!(sdp.contains("o=ours 2\r\n"), "{sdp}");
    assert!(told.contains("sip:1003@strowger.test") && !told.contains("<send>"), "{told}");
    d.from("192.0.2.20:5060", &respond(&reinvite, 200, "tb", "", "v=0\r\no=recorder 2\r\n"));
    assert!(d.one().starts_with("ACK "));
    assert_eq!(d.signal(), Signal::Media(answer("v=0\r\no=recorder 2\r\n")));

    d.command(leg, Command::Release(Cause::NORMAL_CALL_CLEARING));
    let bye = d.next();
    assert!(bye.starts_with("BYE ") && header(&bye, "Content-Length") == "0", "{bye}");
    d.from("192.0.2.20:5060", &respond(&bye, 200, "tb", "", ""));
    d.settled();
}
