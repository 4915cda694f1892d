//! Conferences: several phones hear each other through the bridge of the server.

use std::time::Duration;

use super::Context;
use super::audio::Recording;
use super::baresip::{Account, Phone};
use super::capture::Capture;
use super::office::{CLEAR, hears, import, talk};
use super::server::Server;

/// Long enough for seconds of clean tones after jitter buffers, gain control and the tone that somebody has come.
pub(super) const TALK: Duration = Duration::from_secs(7);
/// Each of the others: both are brought to about the same level, so that each has about half.
const EACH_MIN: f64 = 0.25;
/// A phone's own tone, which it is not to hear.
const OWN_MAX: f64 = 0.01;

/// Name, number, tone.
const PHONES: [(&str, &str, u32); 3] = [("alice", "1001", 440), ("bob", "1002", 700), ("carol", "1003", 900)];

/// Three phones meet at a number that the first one opens; each hears the two others, and the two that are left each other.
///
/// # Errors
/// What was not as it should be.
pub(super) fn meet_me(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let numbers = ("meet-mes.csv", "pattern,partition\n88XX,internal\n");
    let codes = ("feature-codes.csv", "pattern,partition,feature\n*88!,internal,meet-me-open\n");
    import(context, &server, &[numbers, codes])?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let mut phones = three(context, &server)?;
    for (phone, dials) in phones.iter_mut().zip(["*888801", "8801", "8801"]) {
        phone.dial(dials)?;
        phone.expect("CALL_ESTABLISHED")?;
    }
    phones[0].talk(TALK);
    let shares = hear_each_other(&phones)?;
    // Who opened it leaves; it goes on.
    phones[0].command("hangup", "")?;
    phones[0].expect("CALL_CLOSED")?;
    server.wait_for_records(1)?;
    server.explain_last()?.tells(&[
        "1001",
        "leads to the feature meet-me-open",
        "a conference",
        "hung up",
    ])?;
    phones[1].talk(TALK);
    hears("bob", &phones[1], 900.0)?;
    hears("carol", &phones[2], 700.0)?;
    for phone in &mut phones[1..] {
        phone.command("hangup", "")?;
        phone.expect("CALL_CLOSED")?;
    }
    capture.finish()?.is_clean()?;
    server.wait_for_records(3)?;
    server.explain_last()?.tells(&["leads to the feature meet-me", "a conference"])?;
    server.is_well()?;
    Ok(format!("each of three heard the two others (of its sound {shares}) and not itself"))
}

/// Somebody who has calls with two others makes a conference of them, by order; when one leaves the two that are left talk directly.
///
/// # Errors
/// What was not as it should be.
pub(super) fn ad_hoc(context: &Context) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let mut phones = three(context, &server)?;
    let [alice, bob, carol] = &mut phones;
    talk(alice, bob, "1002")?;
    talk(bob, carol, "1003")?;
    let calls = server.ask(&["calls"])?;
    let id_of = |called: &str| {
        let call = calls["calls"].as_array().into_iter().flatten().find(|call| call["called"] == called);
        call.and_then(|call| call["call"].as_str()).ok_or_else(|| format!("no call to {called}: {calls}"))
    };
    server.ask(&["call", "conference", id_of("1003")?, "calling", id_of("1002")?, "called"])?;
    bob.expect("CALL_CLOSED")?;
    bob.talk(TALK);
    let shares = hear_each_other(&phones)?;
    third_leaves(&mut phones)?;
    capture.finish()?.is_clean()?;
    // Two calls, three seats, and the call of the two that were left.
    server.wait_for_records(6)?;
    server.explain_last()?.tells(&["comes by conference and talks with", "hung up"])?;
    server.is_well()?;
    Ok(format!("each of three heard the two others ({shares}), and then the two that were left each other"))
}

/// A second phone of a number comes into the call of the first one by a code: all three hear each other, until it leaves.
///
/// # Errors
/// What was not as it should be.
pub(super) fn barge(context: &Context) -> Result<String, String> {
    comes_in(context, "more.barge", "*52")
}

/// The same by the key of the line, which baresip does not have: it dials its own number.
///
/// # Errors
/// What was not as it should be.
pub(super) fn single_button(context: &Context) -> Result<String, String> {
    comes_in(context, "more.single_button_barge", "1002")
}

fn comes_in(context: &Context, setting: &str, dials: &str) -> Result<String, String> {
    let server = Server::lab(context, &[])?;
    let codes = ("feature-codes.csv", "pattern,partition,feature\n*52,internal,barge\n");
    let desk = format!(
        "name,lines.1.line,credentials.user,credentials.secret,{setting}\n\
         second-desk,internal:1002,second,come-into-it,barge\n"
    );
    import(context, &server, &[codes, ("phones.csv", &desk)])?;
    let capture = Capture::start(&context.folder, &[server.udp.port()])?;
    let phone = |account: Account<'_>| Phone::register(&context.folder, &account);
    let [first, second, third] = PHONES.map(|(name, _, tone)| (name, tone));
    let alice = phone(server.account(first.0, "1001", first.1))?;
    let bob = phone(server.account(second.0, "1002", second.1))?;
    let account = server.account(third.0, "1002", third.1);
    let carol = phone(Account { user: "second", secret: "come-into-it", ..account })?;
    let mut phones = [alice, bob, carol];
    let [alice, bob, carol] = &mut phones;
    talk(alice, bob, "1002")?;
    carol.expect("CALL_CLOSED")?;
    carol.dial(dials)?;
    carol.expect("CALL_ESTABLISHED")?;
    carol.talk(TALK);
    let shares = hear_each_other(&phones)?;
    third_leaves(&mut phones)?;
    capture.finish()?.is_clean()?;
    server.wait_for_records(5)?;
    server.explain_last()?.tells(&["comes by barge and talks with", "hung up"])?;
    server.is_well()?;
    Ok(format!(
        "each of three heard the two others ({shares}), and then the two whose call it was each other"
    ))
}

/// Carol leaves; Alice and Bob hear each other, and part.
fn third_leaves([alice, bob, carol]: &mut [Phone; 3]) -> Result<(), String> {
    carol.command("hangup", "")?;
    carol.expect("CALL_CLOSED")?;
    bob.talk(TALK);
    hears("alice", alice, 700.0)?;
    hears("bob", bob, 440.0)?;
    alice.command("hangup", "")?;
    alice.expect("CALL_CLOSED")?;
    bob.expect("CALL_CLOSED")?;
    Ok(())
}

/// The three phones, registered.
fn three(context: &Context, server: &Server) -> Result<[Phone; 3], String> {
    let phone = |(name, number, tone)| Phone::register(&context.folder, &server.account(name, number, tone));
    let [first, second, third] = PHONES;
    Ok([phone(first)?, phone(second)?, phone(third)?])
}

/// Each hears both others and not itself; returns the shares.
fn hear_each_other(phones: &[Phone; 3]) -> Result<String, String> {
    let mut shares = Vec::new();
    for ((name, _, own), phone) in PHONES.iter().zip(phones) {
        let others: Vec<u32> = PHONES.iter().map(|row| row.2).filter(|tone| tone != own).collect();
        shares.push(hears_the_others(name, &phone.heard()?.last_seconds(3.0), &others, *own)?);
    }
    Ok(shares.join(", "))
}

/// Both other tones are in what a phone heard, and its own is not; returns their shares.
pub(super) fn hears_the_others(
    name: &str,
    heard: &Recording,
    others: &[u32],
    own: u32,
) -> Result<String, String> {
    let share = |tone: u32| heard.share_of(f64::from(tone));
    let others: Vec<f64> = others.iter().map(|tone| share(*tone)).collect();
    let echo = share(own);
    let all = others.iter().sum::<f64>();
    if all < CLEAR || others.iter().any(|share| *share < EACH_MIN) || echo > OWN_MAX {
        return Err(format!("{name} heard {others:.2?} of the others and {echo:.3} of its own {own} Hz"));
    }
    Ok(others.iter().map(|share| format!("{share:.2}")).collect::<Vec<_>>().join(" and "))
}
