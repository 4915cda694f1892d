//! Two phones with intercom lines: the target hears the caller at once, and is heard when it talks.

use super::Context;
use super::audio::Recording;
use super::baresip::{Account, Phone};
use super::capture::{Capture, Captured};
use super::office::{CLEAR, TALK, import};
use super::server::Server;

/// The tables that an operator imports, in their order.
const TABLES: &[(&str, &str)] = &[
    ("partitions.csv", "name,usage\ndesks,intercom\n"),
    ("calling-search-spaces.csv", "name,partitions.1\ndesks,desks\n"),
    ("lines.csv", "pattern,partition,search_space\n901,desks,desks\n902,desks,desks\n"),
    (
        "phones.csv",
        "name,lines.1.line,lines.1.intercom_target,credentials.secret\n\
         desk-1,desks:901,902,press-and-talk\ndesk-2,desks:902,,press-and-talk\n",
    ),
];

/// The key of the first phone calls the second one, which hears the caller and is heard after it talked; hold is refused.
///
/// # Errors
/// What was not as it should be.
pub(super) fn intercom(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    import(context, &server, TABLES)?;
    shared_line_is_refused(context, &server)?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let account = |name, number, tone| Account {
        number,
        user: number,
        secret: "press-and-talk",
        ..server.account(name, "1001", tone)
    };
    let mut alice = Phone::register(&context.folder, &account("alice", "901", 440))?;
    let mut bob = Phone::register(&context.folder, &account("bob", "902", 700))?;
    // baresip cannot dial nothing: its own number stands for the key.
    alice.dial("901")?;
    bob.expect("CALL_INCOMING")?;
    // baresip 1.0 does not know that it is to answer by itself.
    bob.command("accept", "")?;
    alice.expect("CALL_ESTABLISHED")?;
    bob.expect("CALL_ESTABLISHED")?;
    alice.talk(TALK);
    // Hold is refused, and what comes after it, as if he took her back, means that he talks.
    bob.command("hold", "")?;
    bob.talk(TALK / 2);
    bob.command("resume", "")?;
    bob.talk(TALK);
    alice.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;
    bob.expect("CALL_CLOSED")?;
    alice.dial("1002")?;
    alice.expect("CALL_CLOSED")?;
    let captured = capture.finish()?;
    one_way_until_he_talks(&captured)?;
    captured.is_clean()?;
    server.wait_for_records(2)?;
    server.explain_last()?.tells(&["901", "intercom lines only"])?;
    server.is_well()?;
    Ok("the caller was heard at once, the target after it talked; hold and other numbers were refused".into())
}

/// A second phone cannot have the line.
fn shared_line_is_refused(context: &Context, server: &Server) -> Result<(), String> {
    let rows = "name,lines.1.line,credentials.secret\ndesk-3,desks:901,x\n";
    match import(context, server, &[("phones.csv", rows)]) {
        Ok(()) => Err("an intercom line stands on two phones".to_owned()),
        Err(why) if why.contains("cannot be shared") => Ok(()),
        Err(why) => Err(format!("a second phone was refused for another reason: {why}")),
    }
}

/// What went over the wire: baresip 1.0 takes its recording filter out of a stream that does not begin both ways.
fn one_way_until_he_talks(captured: &Captured) -> Result<(), String> {
    let ports = captured.sdp(&["sdp.media.port"])?;
    let alice = ports.first().ok_or("nobody described any media")?;
    let packets = captured.rtp(&["udp.srcport", "rtp.payload"])?;
    let mut packets: Vec<(&str, Vec<u8>)> =
        packets.iter().filter_map(|row| row.split_once('|')).map(|(port, hex)| (port, bytes(hex))).collect();
    // Without the events of keys.
    packets.retain(|(_, payload)| payload.len() == PAYLOAD);
    let talks = packets.iter().position(|(port, _)| port != alice).ok_or("bob never sent anything")?;
    let (before, after) = packets.split_at(talks);
    if before.len() < WHISPERED {
        return Err(format!("alice sent {} packets before bob sent any", before.len()));
    }
    let of = |packets: &[(&str, Vec<u8>)], is_alice: bool| {
        let own = packets.iter().filter(|(port, _)| (port == alice) == is_alice);
        Recording::of_mu_law(&own.flat_map(|(_, payload)| payload.clone()).collect::<Vec<u8>>())
    };
    let shares = [
        ("alice, alone,", of(before, true).share_of(440.0)),
        ("alice", of(after, true).share_of(440.0)),
        ("bob", of(after, false).share_of(700.0)),
    ];
    match shares.into_iter().find(|(_, share)| *share < CLEAR) {
        Some((who, share)) => Err(format!("{share:.2} of what {who} sent was the tone")),
        None => Ok(()),
    }
}

/// Bytes in hexadecimal digits, as tshark writes them.
fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).filter_map(pair).collect()
}

/// 20 ms of G.711.
const PAYLOAD: usize = 160;
/// Packets of two seconds.
const WHISPERED: usize = 100;
