//! What phones do with a call: hold, and sending the other party to a third one.

use super::Context;
use super::baresip::Phone;
use super::capture::Capture;
use super::office::{CLEAR, Office, TALK, hears, import, talk, the_call};
use super::server::Server;

/// The called phone holds: the caller hears music, and none of the called one's tone; then they talk again. Held once more it hears
/// the music that an operator has loaded meanwhile.
///
/// # Errors
/// What was not as it should be.
pub(super) fn hold(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let mut alice = Phone::register(&context.folder, &server.account("alice", "1001", 440))?;
    let mut bob = Phone::register(&context.folder, &server.account("bob", "1002", 1500))?;
    talk(&mut alice, &mut bob, "1002")?;
    bob.command("hold", "")?;
    alice.talk(2 * TALK);
    let music = alice.heard()?.last_seconds(3.0);
    let (notes, tone) = (music.share_between(150.0, 800.0), music.share_of(1500.0));
    if notes < CLEAR || tone > 1.0 - CLEAR {
        return Err(format!("held, alice heard {notes:.2} of music and {tone:.2} of the one who holds"));
    }
    bob.command("resume", "")?;
    alice.talk(2 * TALK);
    hears("alice", &alice, 1500.0)?;
    hears("bob", &bob, 440.0)?;
    load_music(context, &server)?;
    bob.command("hold", "")?;
    alice.talk(2 * TALK);
    let own = alice.heard()?.last_seconds(3.0).share_of(700.0);
    if own < CLEAR {
        return Err(format!("held, alice heard {own:.2} of the file that bob's line has as music"));
    }
    alice.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;
    bob.expect("CALL_CLOSED")?;
    capture.finish()?.is_clean()?;
    let story = server.explain_last()?;
    story.tells(&["1001", "waits and hears music.", "hears music of audio source 2", "hung up"])?;
    server.is_well()?;
    Ok("music while held, the operator's own after a change, and each other's tone before and between".into())
}

/// A sound file with a tone of 700 Hz becomes the music of bob's line, while the two talk.
fn load_music(context: &Context, server: &Server) -> Result<(), String> {
    let place = |name: &str| context.folder.join(name);
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(place(name), bytes).map_err(|error| format!("{name}: {error}"))?;
        Ok::<_, String>(place(name).to_string_lossy().into_owned())
    };
    let file = write("seven.wav", &tone_file(700.0))?;
    let broken = write("broken.wav", &tone_file(700.0)[..1000])?;
    let refused = server.ask(&["sounds", "add", &broken]).err().unwrap_or_default();
    if !refused.contains("it is cut off") {
        return Err(format!("a sound file that is cut off was not refused with the reason: {refused}"));
    }
    server.ask(&["sounds", "add", &file])?;
    let sources = ("audio-sources.csv", "name,number,file\nseven,2,seven.wav\n");
    let lines = ("lines.csv", "pattern,partition,user_hold_source\n1002,internal,2\n");
    import(context, server, &[sources, lines])?;
    let refused = server.ask(&["sounds", "remove", "seven.wav"]).err().unwrap_or_default();
    if !refused.contains("the audio source seven plays") {
        return Err(format!("a sound file that is played was not kept with the reason: {refused}"));
    }
    Ok(())
}

/// Two seconds of a tone as a studio would send it: 44.1 kHz, stereo, 24 bits.
fn tone_file(hz: f64) -> Vec<u8> {
    let mut data = Vec::new();
    for index in 0..2 * 44_100u32 {
        let sample = (f64::from(index) * hz / 44_100.0 * std::f64::consts::TAU).sin() * 2_000_000.0;
        let [low, middle, high, _] = (sample as i32).to_le_bytes();
        data.extend_from_slice(&[low, middle, high, low, middle, high]);
    }
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&(36 + data.len() as u32).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    file.extend_from_slice(&44_100u32.to_le_bytes());
    file.extend_from_slice(&(44_100u32 * 6).to_le_bytes());
    file.extend_from_slice(b"\x06\0\x18\0data");
    file.extend_from_slice(&(data.len() as u32).to_le_bytes());
    [file, data].concat()
}

/// The called phone transfers the caller blindly (REFER); the two that remain hear each other.
///
/// That whoever transfers keeps its call when nobody is reached shows with other phones: this one hangs up then.
///
/// # Errors
/// What was not as it should be.
pub(super) fn blind(context: &Context) -> Result<String, String> {
    let mut office = Office::open(context, &[])?;
    office.alice_calls_bob()?;
    office.bob.command("transfer", "1003")?;
    office.carol.expect("CALL_INCOMING")?;
    office.bob.expect("CALL_CLOSED")?;
    office.alice.talk(TALK);
    office.carol.command("accept", "")?;
    office.carol.expect("CALL_ESTABLISHED")?;
    office.alice.talk(TALK);
    let call = the_call(&office.server)?;
    if (&call["calling"], &call["connected"]) != (&"1001".into(), &"1003".into()) {
        return Err(format!("the call should be of 1001 with 1003: {call}"));
    }
    // The call that was transferred, the one that was made for it, and what followed.
    office.ends(&["1001", "by transfer", "1003", "hung up"], 3)?;
    Ok("the caller came to the third phone and each heard the other's tone".into())
}

/// The called phone calls somebody else, and sends that one into the place that it has in its first call (REFER with Replaces, RFC 5589
/// §7.3); the two that remain hear each other.
///
/// # Errors
/// What was not as it should be.
pub(super) fn attended(context: &Context) -> Result<String, String> {
    let mut office = Office::open(context, &[])?;
    office.alice_calls_bob()?;
    // baresip 1.0 has no key for this; it sends wherever it is told, and so is told the dialog, as it was on the wire.
    let answers = "sip.Status-Code == 200 and sip.CSeq.method == INVITE";
    let fields = ["sip.Call-ID", "sip.from.tag", "sip.to.tag"];
    let rows = office.capture.look()?.sip(answers, &fields)?;
    let dialog = rows.first().ok_or("nobody answered")?.replace('@', "%40");
    let [call_id, server, own] = dialog.split('|').collect::<Vec<_>>()[..] else {
        return Err(format!("no dialog: {dialog}"));
    };
    // That Bob answered Alice is the first of all answers.
    office.bob.dial("1003")?;
    office.carol.expect("CALL_INCOMING")?;
    office.carol.command("accept", "")?;
    office.carol.expect("CALL_ESTABLISHED")?;
    office.bob.expect("CALL_ESTABLISHED")?;
    office.carol.talk(TALK);
    hears("carol", &office.carol, 700.0)?;
    let replaces = format!("{call_id}%3Bto-tag%3D{server}%3Bfrom-tag%3D{own}");
    let target = format!("<sip:1001@{}?Replaces={replaces}>", office.server.udp);
    office.bob.command("transfer", &target)?;
    office.bob.expect("CALL_CLOSED")?;
    office.bob.expect("CALL_CLOSED")?;
    office.alice.talk(TALK);
    let call = the_call(&office.server)?;
    let parties = [&call["calling"], &call["connected"]];
    if !parties.contains(&&"1001".into()) || !parties.contains(&&"1003".into()) {
        return Err(format!("the call should be of 1001 with 1003: {call}"));
    }
    office.ends(&["1001", "by transfer and talks with", "1003", "hung up"], 3)?;
    Ok("the consulted one went on with the first caller, and each heard the other's tone".into())
}

/// An operator brings the two parties together with whom a phone has calls, and sends one of them on to the echo test.
///
/// # Errors
/// What was not as it should be.
pub(super) fn ordered(context: &Context) -> Result<String, String> {
    let mut office = Office::open(context, &[])?;
    office.alice_calls_bob()?;
    let Office { server, capture, mut alice, mut bob, mut carol } = office;
    let first = the_call(&server)?["call"].as_str().unwrap_or_default().to_owned();
    talk(&mut bob, &mut carol, "1003")?;
    let calls = server.ask(&["calls"])?;
    let second = calls["calls"].as_array().into_iter().flatten().find(|call| call["called"] == "1003");
    let second = second.and_then(|call| call["call"].as_str()).ok_or("bob's second call is not listed")?;
    server.ask(&["call", "join", &first, "calling", second, "called"])?;
    bob.expect("CALL_CLOSED")?;
    bob.expect("CALL_CLOSED")?;
    alice.talk(2 * TALK);
    hears("alice", &alice, 900.0)?;
    hears("carol", &carol, 440.0)?;
    let third = the_call(&server)?["call"].as_str().unwrap_or_default().to_owned();
    server.ask(&["call", "transfer", &third, "calling", "9999"])?;
    carol.expect("CALL_CLOSED")?;
    alice.talk(2 * TALK);
    // The echo test.
    hears("alice", &alice, 440.0)?;
    let fourth = the_call(&server)?["call"].as_str().unwrap_or_default().to_owned();
    server.ask(&["call", "release", &fourth])?;
    alice.expect("CALL_CLOSED")?;
    capture.finish()?.is_clean()?;
    server.explain_last()?.tells(&["ordered: the call ends", "by order"])?;
    server.is_well()?;
    Ok("two parties were brought together, one was sent on, and its call ended, each by an order".into())
}
