//! A phone with a server that a test plays: each test is a ladder, checked message by message.

use super::*;

const LOCAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 10)), 5070);
const CHALLENGE: &str =
    "WWW-Authenticate: Digest realm=\"lab\", nonce=\"abc\", algorithm=MD5, qop=\"auth\"\r\n";

struct Scene {
    phone: Phone,
    now: Instant,
    /// Messages of the phone that no test has looked at.
    said: VecDeque<Text>,
    given_up: Option<String>,
}

impl Scene {
    fn new() -> Scene {
        let account = Account {
            number: "1001".into(),
            user: "1001".into(),
            secret: "secret".into(),
            domain: "lab".into(),
            name: "Alice".into(),
        };
        let phone = Phone::new(account, vec![4000, 4002], 7);
        let mut scene = Scene { phone, now: Instant::START, said: VecDeque::new(), given_up: None };
        assert_eq!(scene.phone.orders(scene.now), [Order::Connect]);
        scene.phone.opened(scene.now, LOCAL);
        scene
    }

    /// One that is registered.
    fn registered() -> Scene {
        let mut scene = Scene::new();
        let register = scene.says("REGISTER");
        scene.answers(&register, 401, CHALLENGE, "");
        let register = scene.says("REGISTER");
        let contact = format!("Contact: <sip:1001@{LOCAL}>;expires=120\r\n");
        scene.answers(&register, 200, &contact, "");
        assert!(scene.phone.shows().registered);
        scene
    }

    fn listens(&mut self) {
        for order in self.phone.orders(self.now) {
            match order {
                Order::Send(bytes) => self.said.push_back(Text::parse(&bytes).expect("SIP")),
                Order::GiveUp(words) => self.given_up = Some(words),
                Order::Connect | Order::Close(_) => panic!("{order:?}"),
            }
        }
    }

    /// The next message of the phone, which must begin so.
    #[track_caller]
    fn says(&mut self, start: &str) -> Text {
        self.listens();
        let said = self.said.pop_front().unwrap_or_else(|| panic!("it says nothing, and not {start}"));
        assert!(said.start.starts_with(start), "{start} is expected, and not {}", said.start);
        said
    }

    #[track_caller]
    fn says_nothing(&mut self) {
        self.listens();
        assert!(self.said.is_empty(), "{:?}", self.said);
    }

    fn hears(&mut self, text: &str) {
        self.phone.gets(text.as_bytes());
        while self.phone.hears_one(self.now) {}
    }

    fn answers(&mut self, request: &Text, status: u16, more: &str, body: &str) {
        let text = request.response(status, "server", "", body).replacen("\r\n", &format!("\r\n{more}"), 1);
        self.hears(&text);
    }

    /// A request of the server in the call of a message.
    fn asks(&mut self, method: &str, call: &str, cseq: u32, from_tag: &str, to_tag: &str, body: &str) {
        let text = format!(
            "{method} sip:1001@{LOCAL} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{method}{cseq}\r\n\
             From: \"Bob\" <sip:1002@lab>;tag={from_tag}\r\nTo: <sip:1001@lab>{to_tag}\r\nCall-ID: {call}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:1002@192.0.2.1>\r\n"
        );
        self.hears(&crate::text::finish(text, body));
    }

    fn does(&mut self, word: &str, rest: &str) -> Result<(), Refusal> {
        let act = Act::read(word, rest).expect("an act").expect("a right one");
        self.phone.does(self.now, &act)
    }

    fn passes(&mut self, time: Duration) {
        let end = self.now + time;
        while self.phone.next_timeout() <= end {
            self.now = self.phone.next_timeout().max(self.now);
            self.phone.timeout(self.now);
        }
        self.now = end;
    }

    fn states(&self) -> Vec<String> {
        self.phone.shows().calls.into_values().map(|call| call.state).collect()
    }

    /// Calls a number, which answers at port 5000.
    fn talks(&mut self, number: &str) -> (Text, String) {
        self.does("dial", number).expect("a call");
        if self.phone.calls.len() == 2 {
            let hold = self.says("INVITE");
            self.answers(&hold, 200, "Contact: <sip:1002@192.0.2.1>\r\n", &description("recvonly"));
            // The INVITE of the second call came right behind the hold.
            let second = self.says("INVITE");
            self.says("ACK");
            return self.is_taken(second);
        }
        let invite = self.says("INVITE");
        self.is_taken(invite)
    }

    fn is_taken(&mut self, invite: Text) -> (Text, String) {
        self.answers(&invite, 180, "", "");
        self.answers(&invite, 200, "Contact: <sip:1002@192.0.2.1>\r\n", &description("sendrecv"));
        let ack = self.says("ACK");
        let call_id = invite.header("call-id").to_owned();
        (ack, call_id)
    }
}

fn description(way: &str) -> String {
    crate::text::sdp([192, 0, 2, 1].into(), 5000, 1, way, &["0"])
}

#[test]
fn it_registers_with_a_proof_and_again_before_its_time_is_over() {
    let mut scene = Scene::new();
    let register = scene.says("REGISTER sip:lab");
    assert_eq!(register.header("authorization"), "");
    scene.answers(&register, 401, CHALLENGE, "");
    let register = scene.says("REGISTER");
    assert!(register.header("authorization").contains("username=\"1001\""));
    assert_eq!(register.cseq().0, 2);
    scene.answers(&register, 200, &format!("Contact: <sip:1001@{LOCAL}>;expires=120\r\n"), "");
    scene.says_nothing();
    scene.passes(Duration::from_secs(61));
    assert_eq!(scene.says("REGISTER").cseq().0, 3);
    assert!(scene.phone.shows().registered, "it is until it hears otherwise");
}

#[test]
fn a_wrong_password_is_the_end_and_silence_is_not() {
    let mut scene = Scene::new();
    for _ in 0..2 {
        let register = scene.says("REGISTER");
        scene.answers(&register, 401, CHALLENGE, "");
    }
    scene.says_nothing();
    assert!(scene.given_up.as_ref().is_some_and(|words| words.contains("password")), "{:?}", scene.given_up);

    let mut scene = Scene::new();
    scene.passes(Duration::from_secs(33));
    let count = std::iter::from_fn(|| {
        scene.listens();
        scene.said.pop_front()
    });
    // Timer E (RFC 3261 §17.1.2.2): at 0, 0.5, 1.5, 3.5, 7.5 and each 4 s after that.
    assert_eq!(count.count(), 11);
    assert!(scene.phone.shows().text.contains("does not answer"));
    scene.passes(Duration::from_secs(10));
    scene.says("REGISTER");
}

#[test]
fn a_call_is_proved_answered_held_taken_back_and_ended() {
    let mut scene = Scene::registered();
    scene.does("dial", "1002").expect("a call");
    let invite = scene.says("INVITE sip:1002@lab");
    assert!(invite.body.contains("m=audio 4000 RTP/AVP 0 8 101"), "{}", invite.body);
    scene.answers(&invite, 401, CHALLENGE, "");
    scene.says("ACK");
    let invite = scene.says("INVITE");
    assert!(invite.header("authorization").contains("uri=\"sip:1002@lab\""));
    scene.answers(&invite, 180, "", "");
    assert_eq!(scene.states(), ["ringout"]);
    let contact = "Contact: <sip:1002@192.0.2.1>\r\nP-Asserted-Identity: \"Bob\" <sip:1002@lab>\r\n";
    scene.answers(&invite, 200, contact, &description("sendrecv"));
    assert!(scene.says("ACK").start.starts_with("ACK sip:1002@192.0.2.1 "));
    // A copy of the answer has an ACK too, and changes nothing.
    scene.answers(&invite, 200, contact, &description("sendrecv"));
    scene.says("ACK");
    let shown = scene.phone.shows();
    assert_eq!(shown.calls[&1].called, ["1002", "Bob"]);
    let stream = scene.phone.streams()[0];
    assert_eq!((stream.port, stream.sends_to.map(|to| to.port()), stream.kind), (4000, Some(5000), 0));

    scene.does("hold", "").expect("it is a call");
    let hold = scene.says("INVITE sip:1002@192.0.2.1");
    assert!(hold.body.contains("a=sendonly"), "{}", hold.body);
    assert!(scene.does("resume", "").is_err(), "one change after the other");
    scene.answers(&hold, 200, contact, &description("inactive"));
    scene.says("ACK");
    assert_eq!((scene.states(), scene.phone.streams()[0].sends_to), (vec!["hold".to_owned()], None));
    scene.does("resume", "").expect("it is held");
    let resume = scene.says("INVITE");
    assert!(resume.body.contains("a=sendrecv"));
    scene.answers(&resume, 200, contact, &description("sendrecv"));
    scene.says("ACK");
    scene.does("onhook", "").expect("a call");
    let bye = scene.says("BYE");
    scene.answers(&bye, 200, "", "");
    assert_eq!(scene.states(), [""; 0]);
}

#[test]
fn a_call_rings_here_is_taken_changed_and_ended_there() {
    let mut scene = Scene::registered();
    scene.asks("INVITE", "c1", 1, "bob", "", &description("sendrecv"));
    let ringing = scene.says("SIP/2.0 180 Ringing");
    let tag = format!(";tag={}", ringing.tag("to"));
    assert_eq!(scene.phone.shows().calls[&1].calling, ["1002", "Bob"]);
    scene.does("answer", "").expect("it rings");
    let answer = scene.says("SIP/2.0 200 OK");
    assert!(answer.body.contains("m=audio 4000 RTP/AVP 0 101"), "{}", answer.body);
    // Nobody says that it came: it is said again.
    scene.passes(Duration::from_millis(500));
    scene.says("SIP/2.0 200");
    scene.asks("ACK", "c1", 1, "bob", &tag, "");
    scene.passes(Duration::from_secs(40));
    scene.says_nothing();
    scene.asks("INVITE", "c1", 2, "bob", &tag, &description("sendonly"));
    assert!(scene.says("SIP/2.0 200").body.contains("a=recvonly"));
    assert_eq!(scene.phone.streams()[0].sends_to, None);
    scene.asks("ACK", "c1", 2, "bob", &tag, "");
    scene.asks("BYE", "c1", 3, "bob", &tag, "");
    scene.says("SIP/2.0 200");
    assert_eq!(scene.states(), [""; 0]);
    scene.asks("BYE", "c1", 4, "bob", &tag, "");
    scene.says("SIP/2.0 481");
}

#[test]
fn calls_are_given_up_by_either_side_while_they_ring() {
    let mut scene = Scene::registered();
    scene.asks("INVITE", "c1", 1, "bob", "", &description("sendrecv"));
    scene.says("SIP/2.0 180");
    scene.asks("CANCEL", "c1", 1, "bob", "", "");
    scene.says("SIP/2.0 200");
    scene.says("SIP/2.0 487");
    assert_eq!(scene.states(), [""; 0]);
    // Ours cannot be cancelled before anybody has said that it came (RFC 3261 §9.1).
    scene.does("dial", "1002").expect("a call");
    let invite = scene.says("INVITE");
    scene.does("onhook", "").expect("a call");
    scene.says_nothing();
    scene.answers(&invite, 180, "", "");
    let cancel = scene.says("CANCEL sip:1002@lab");
    assert_eq!((cancel.header("via"), cancel.cseq().0), (invite.header("via"), invite.cseq().0));
    scene.answers(&cancel, 200, "", "");
    scene.answers(&invite, 487, "", "");
    scene.says("ACK");
    assert_eq!(scene.states(), [""; 0]);
    // Who is busy is shown until the receiver is put down.
    scene.does("dial", "1003").expect("a call");
    let invite = scene.says("INVITE");
    scene.answers(&invite, 486, "", "");
    scene.says("ACK");
    assert_eq!(scene.states(), ["busy"]);
    scene.does("onhook", "").expect("a call");
    assert_eq!(scene.states(), [""; 0]);
}

#[test]
fn who_is_held_is_sent_into_the_other_call() {
    let mut scene = Scene::registered();
    let (_, first) = scene.talks("1002");
    let (_, second) = scene.talks("1003");
    assert_eq!(scene.states(), ["hold", "connected"]);
    scene.does("transfer", "").expect("two calls");
    let refer = scene.says("REFER");
    assert_eq!(refer.header("call-id"), first);
    let to = refer.header("refer-to");
    assert!(to.contains("sip:1003@lab?Replaces=") && to.contains(&second), "{to}");
    scene.answers(&refer, 202, "", "");
    let notify = |scene: &mut Scene, cseq: u32, body: &str| {
        let text = format!(
            "NOTIFY sip:1001@{LOCAL} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKn{cseq}\r\nFrom: <sip:1002@lab>;tag=server\r\n\
             To: <sip:1001@lab>;tag=x\r\nCall-ID: {first}\r\nCSeq: {cseq} NOTIFY\r\nEvent: refer\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        scene.hears(&text);
    };
    notify(&mut scene, 5, "SIP/2.0 100 Trying");
    scene.says("SIP/2.0 200");
    scene.says_nothing();
    notify(&mut scene, 6, "SIP/2.0 200 OK");
    scene.says("SIP/2.0 200");
    assert_eq!(scene.says("BYE").header("call-id"), first);
}

#[test]
fn a_phone_that_leaves_ends_its_calls_and_its_registration() {
    let mut scene = Scene::registered();
    scene.talks("1002");
    scene.phone.leaves(scene.now);
    let bye = scene.says("BYE");
    scene.phone.leaves(scene.now);
    scene.says_nothing();
    scene.answers(&bye, 200, "", "");
    scene.phone.leaves(scene.now);
    let register = scene.says("REGISTER");
    assert_eq!(register.header("expires"), "0");
    scene.answers(&register, 401, CHALLENGE, "");
    let register = scene.says("REGISTER");
    assert_eq!(register.header("expires"), "0");
    scene.answers(&register, 200, "", "");
    assert!(!scene.phone.shows().registered);
}

#[test]
fn who_is_held_is_sent_to_a_number_that_rings() {
    let mut scene = Scene::registered();
    let (_, first) = scene.talks("1002");
    scene.does("transfer", "").expect("a call");
    let hold = scene.says("INVITE");
    assert!(hold.body.contains("a=sendonly"));
    scene.answers(&hold, 200, "Contact: <sip:1002@192.0.2.1>\r\n", &description("recvonly"));
    scene.says("ACK");
    scene.does("dial", "1003").expect("room for a second call");
    let invite = scene.says("INVITE sip:1003@lab");
    scene.answers(&invite, 180, "", "");
    scene.does("transfer", "").expect("it rings there");
    assert_eq!(scene.says("CANCEL").cseq().0, invite.cseq().0);
    let refer = scene.says("REFER");
    assert_eq!((refer.header("call-id"), refer.header("refer-to")), (&*first, "<sip:1003@lab>"));
}

#[test]
fn the_key_of_the_conference_names_both_calls_and_is_proved() {
    let mut scene = Scene::registered();
    let (_, first) = scene.talks("1002");
    let (_, second) = scene.talks("1003");
    scene.does("conf", "").expect("two calls");
    let refer = scene.says("REFER sip:1001@lab");
    let holds = |text: &Text| text.body.contains(&first) && text.body.contains(&second);
    assert!(
        holds(&refer) && refer.body.contains("<softkeyevent>Conference</softkeyevent>"),
        "{}",
        refer.body
    );
    scene.answers(&refer, 401, CHALLENGE, "");
    let refer = scene.says("REFER");
    assert!(holds(&refer) && refer.header("authorization").contains("uri=\"sip:1001@lab\""));
    scene.answers(&refer, 202, "", "");
    scene.says_nothing();
}

#[test]
fn a_hold_that_is_refused_leaves_the_call_as_it_was() {
    let mut scene = Scene::registered();
    scene.talks("1002");
    scene.does("hold", "").expect("a call");
    let hold = scene.says("INVITE");
    scene.answers(&hold, 403, "", "");
    scene.says("ACK");
    assert_eq!(scene.states(), ["connected"]);
    assert_eq!(scene.phone.streams()[0].sends_to.map(|to| to.port()), Some(5000));
}
