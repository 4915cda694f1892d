//! Phones that come into calls of their line, through a whole node and as raw SIP.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "support/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use strowger_base::journal::{Decision, Entry};
use strowger_base::leg::{Service, Tone};
use strowger_base::{FeatureCode, Secret};
use strowger_callcontrol::configuration::{Barging, ConferenceRules, HoldMode};
use strowger_media::control::{Command, Report};
use strowger_media::statistics::PortStatistics;
use strowger_node::configuration::{FeatureDraft, Line, LineSecret, PatternDraft, PhoneDraft};
use strowger_node::{Draft, Input};
use world::{Phone, World, body_of, draft, header, tag_of};

struct Office {
    world: World,
    next_port: u16,
    desk: Phone,
    lobby: Phone,
    bob: Phone,
}

/// Line 1001 stands at a desk and in the lobby; `*88` comes into a call of it.
fn office(private: bool) -> Office {
    let mut draft = Draft { hold: HoldMode::PassedOn, ..draft() };
    let barge = Barging::Barge;
    draft.conferences = ConferenceRules { barge, single_button_barge: barge, ..ConferenceRules::default() };
    let code = PatternDraft { pattern: "*88".into(), ..PatternDraft::default() };
    draft.plan.features = vec![FeatureDraft::access_code(code, FeatureCode::Barge)];
    let phone = |name: &str| PhoneDraft {
        username: Some(name.into()),
        private,
        ..PhoneDraft::new(name, LineSecret::Password(Secret::new(format!("of the {name}").into())))
    };
    draft.lines[0] = Line::on("1001", "Alice", vec![phone("desk"), phone("lobby")]);
    let mut world = World::new(&draft);
    let shared = |name: &str, address: &str| {
        let mut phone = Phone::new("1001", address);
        (phone.user, phone.password) = (name.to_owned(), format!("of the {name}"));
        phone
    };
    let mut desk = shared("desk", "192.0.2.10:5060");
    let mut lobby = shared("lobby", "192.0.2.11:5060");
    lobby.cseq_from(100);
    let mut bob = Phone::new("1002", "192.0.2.20:5060");
    for phone in [&mut desk, &mut lobby, &mut bob] {
        world.register(phone);
    }
    Office { world, next_port: 30_000, desk, lobby, bob }
}

/// The desk calls Bob; returns the INVITE that he got, and what names the call of the desk.
fn talks(office: &mut Office) -> (String, String) {
    let Office { world, desk, bob, .. } = office;
    world.invite(desk, "1002");
    let invite = world.expect(bob, "INVITE ");
    world.from(bob.address, &bob.respond(&invite, "200 OK", &bob.sdp()));
    world.expect(bob, "ACK ");
    let ok = world.expect(desk, "SIP/2.0 200 ");
    desk.remote_tag = tag_of(&ok, "To").to_owned();
    let ack = desk.request("ACK", "", "");
    world.from(desk.address, &ack);
    world.silent();
    let named = format!("{};to-tag={};from-tag=t1001", header(&ok, "Call-ID"), tag_of(&ok, "To"));
    (invite, named)
}

/// Where a description wants its sound.
fn wants(sdp: &str) -> SocketAddr {
    let after = |mark: &str| sdp.split(mark).nth(1).and_then(|rest| rest.split([' ', '\r']).next()).unwrap();
    format!("{}:{}", after("c=IN IP4 "), after("m=audio ")).parse().unwrap()
}

/// What everybody was told until nothing was left to do.
#[derive(Default)]
struct Heard {
    tones: Vec<Tone>,
    opened: usize,
    closed: usize,
    /// Where each phone sends its sound.
    sends: BTreeMap<SocketAddr, SocketAddr>,
    /// Whom each phone was shown last.
    shown: BTreeMap<SocketAddr, String>,
    byes: usize,
}

/// Phones and workers do what they are asked.
fn all_answer(office: &mut Office) -> Heard {
    let Office { world, next_port, desk, lobby, bob } = office;
    let mut heard = Heard::default();
    loop {
        for command in std::mem::take(&mut world.media) {
            match command {
                Command::OpenEndpoint { port, service: Service::Conference(_) } => {
                    heard.opened += 1;
                    let a = SocketAddr::from(([192, 0, 2, 1], *next_port));
                    *next_port += 2;
                    world.input(Input::Media(Report::Opened { port, a, b: None }));
                }
                Command::Play { tone, .. } => heard.tones.push(tone),
                Command::Close { port } => {
                    heard.closed += 1;
                    let statistics = Box::new(PortStatistics::default());
                    world.input(Input::Media(Report::Closed { port, statistics }));
                }
                Command::Connect { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        let Some((address, text)) = world.sent.pop_front() else {
            if world.media.is_empty() {
                return heard;
            }
            continue;
        };
        let phone =
            [&mut *desk, &mut *lobby, &mut *bob].into_iter().find(|it| it.address == address).unwrap();
        if !body_of(&text).is_empty() {
            heard.sends.insert(phone.address, wants(body_of(&text)));
        }
        if text.contains("P-Asserted-Identity: ") && !text.starts_with("SIP/2.0 1") {
            heard.shown.insert(phone.address, header(&text, "P-Asserted-Identity").to_owned());
        }
        if text.starts_with("SIP/2.0 200 ") && header(&text, "CSeq").ends_with(" INVITE") {
            phone.remote_tag = tag_of(&text, "To").to_owned();
            let ack = phone.request("ACK", "", "");
            world.from(address, &ack);
        } else if text.starts_with("INVITE ") {
            world.from(address, &phone.respond(&text, "200 OK", &phone.sdp()));
        } else if !text.starts_with("SIP/2.0 ") && !text.starts_with("ACK ") {
            heard.byes += usize::from(text.starts_with("BYE "));
            world.from(address, &phone.respond(&text, "200 OK", ""));
        }
    }
}

/// How a phone asks to come in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum By {
    Code,
    Join,
    /// The line's own number, where its key barges.
    LineKey,
}

/// The phone in the lobby asks to come into the call of this name.
fn asks(office: &mut Office, by: By, named: &str) {
    let Office { world, lobby, .. } = office;
    let called = if by == By::Code { "*88" } else { "1001" };
    let mut request = world.authorized_invite(lobby, called);
    if by == By::Join {
        request = request.replacen("Content-Type", &format!("Join: {named}\r\nContent-Type"), 1);
    }
    world.from(lobby.address, &request);
    world.expect(lobby, "SIP/2.0 100 ");
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Leaves {
    Desk,
    Lobby,
    Bob,
}

#[test]
fn a_phone_of_the_line_comes_in_and_the_call_is_over_with_the_other_party() {
    for (leaves, by) in [
        (Leaves::Desk, By::Code),
        (Leaves::Lobby, By::Join),
        (Leaves::Bob, By::Join),
        (Leaves::Bob, By::Code),
        (Leaves::Lobby, By::LineKey),
    ] {
        let mut office = office(false);
        let (invite, named) = talks(&mut office);
        asks(&mut office, by, &named);
        let heard = all_answer(&mut office);
        let [desk, lobby, bob] = [&office.desk, &office.lobby, &office.bob].map(|phone| phone.address);
        // Each hears a seat of its own; a tone says so to all.
        assert_eq!((heard.opened, heard.closed, heard.byes), (3, 0, 0), "{by:?}");
        assert_eq!(heard.sends.keys().copied().collect::<Vec<_>>(), [desk, lobby, bob]);
        assert!(heard.sends.values().all(|to| to.ip() == SocketAddr::from(([192, 0, 2, 1], 1)).ip()));
        assert_eq!(heard.tones, [Tone::Enter]);
        assert_eq!(heard.shown[&lobby], "\"Barge\" <sip:1002@strowger.test>");
        let bye = match leaves {
            Leaves::Desk => (desk, office.desk.request("BYE", "", "")),
            Leaves::Lobby => (lobby, office.lobby.request("BYE", "", "")),
            Leaves::Bob => (bob, office.bob.request_back(&invite, "BYE", "")),
        };
        office.world.from(bye.0, &bye.1);
        let heard = all_answer(&mut office);
        assert_eq!((heard.opened, heard.closed), (0, 3), "{leaves:?}");
        let left = match leaves {
            Leaves::Desk => lobby,
            Leaves::Lobby => desk,
            Leaves::Bob => {
                assert_eq!(heard.byes, 2);
                office.world.settled();
                continue;
            }
        };
        // The two send to each other.
        let rtp = |address: SocketAddr| SocketAddr::new(address.ip(), 4000);
        assert_eq!(heard.sends, BTreeMap::from([(left, rtp(bob)), (bob, rtp(left))]), "{leaves:?}");
        let bye = office.bob.request_back(&invite, "BYE", "");
        office.world.from(bob, &bye);
        assert_eq!(all_answer(&mut office).byes, 1);
        office.world.settled();
    }
}

#[test]
fn nobody_comes_in_who_may_not() {
    let check = |private: bool, join: &str, status: &str, why: &str| {
        let mut office = office(private);
        let (_, named) = talks(&mut office);
        let named = join.replace("CALL", &named);
        let Office { world, lobby, .. } = &mut office;
        let request = world.authorized_invite(lobby, "1001");
        let request = request.replacen("Content-Type", &format!("{named}\r\nContent-Type"), 1);
        world.from(lobby.address, &request);
        let mut answer = world.sent.pop_front().unwrap().1;
        if answer.starts_with("SIP/2.0 100 ") {
            answer = world.sent.pop_front().unwrap().1;
        }
        assert!(answer.starts_with(&format!("SIP/2.0 {status} ")), "{join}: {answer}");
        world.from(lobby.address, &lobby.acknowledge(&answer));
        let told = world.records().into_iter().any(|record| match record.entry {
            Entry::Decision(decision @ Decision::Refused { .. }) => format!("{decision:?}").contains(why),
            _ => false,
        });
        assert_eq!(told, !why.is_empty(), "{join}");
        let bye = office.desk.request("BYE", "", "");
        office.world.from(office.desk.address, &bye);
        assert_eq!(all_answer(&mut office).byes, 1);
        office.world.settled();
    };
    check(true, "Join: CALL", "501", "the call is private");
    check(false, "Join: CALL\r\nReplaces: CALL", "400", "");
    check(false, "Join: CALL;to-tag=x", "400", "");
    check(false, "Join: nobody;to-tag=1;from-tag=2", "481", "");
}
