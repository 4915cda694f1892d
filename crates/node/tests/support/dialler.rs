//! A phone of line 1001 that goes off-hook and tells its keys one by one (RFC 4730).

#![allow(dead_code, clippy::unwrap_used, reason = "shared by tests; each file uses its part")]

use std::time::Duration;

use strowger_node::configuration::Draft;
use strowger_sip::auth::Challenge;

use crate::world::{Phone, World, header};

/// The phone, and everything around it.
pub(crate) struct Dialler {
    pub(crate) world: World,
    pub(crate) phone: Phone,
    pub(crate) invite: String,
    /// Final answer to the INVITE.
    pub(crate) ended: Option<u16>,
    pub(crate) cancelled: bool,
    /// What other phones were sent.
    pub(crate) elsewhere: Vec<String>,
}

impl Dialler {
    /// Goes off-hook with these digits, and takes what follows.
    pub(crate) fn lifts(draft: &Draft, digits: &str) -> Self {
        let mut world = World::new(draft);
        let mut phone = Phone::new("1001", "192.0.2.11:5060");
        phone.peer = digits.to_owned();
        let uri = format!("sip:{digits}{}strowger.test", if digits.is_empty() { "" } else { "@" });
        let sdp = phone.sdp();
        let invite = phone.request("INVITE", "", &sdp).replace("sip:@", "sip:");
        world.from(phone.address, &invite);
        let challenged = world.expect(&phone, "SIP/2.0 401 ");
        world.from(phone.address, &phone.acknowledge(&challenged).replace("sip:@", "sip:"));
        let challenge = Challenge::parse(header(&challenged, "WWW-Authenticate").as_bytes()).unwrap();
        let answer = challenge.answer("1001", &phone.password, "INVITE", &uri, 1, "c");
        let extra = format!("Authorization: {answer}\r\nAllow-Events: kpml,dialog\r\n");
        let invite = phone.request("INVITE", &extra, &sdp).replace("sip:@", "sip:");
        world.from(phone.address, &invite);
        world.expect(&phone, "SIP/2.0 100 ");
        Dialler { world, phone, invite, ended: None, cancelled: false, elsewhere: Vec::new() }
    }

    /// Takes 183 and SUBSCRIBE; the SUBSCRIBE is answered with this.
    #[track_caller]
    pub(crate) fn answers_subscribe(&mut self, status: &str) {
        let progress = self.world.expect(&self.phone, "SIP/2.0 183 ");
        self.phone.remote_tag = header(&progress, "To").split(";tag=").nth(1).unwrap().to_owned();
        let subscribe = self.world.expect(&self.phone, "SUBSCRIBE ");
        assert_eq!(header(&subscribe, "Event"), "kpml");
        self.world.from(self.phone.address, &self.phone.respond(&subscribe, status, ""));
    }

    /// The same, and the phone is ready to tell keys.
    #[track_caller]
    pub(crate) fn subscribed(draft: &Draft, digits: &str) -> Self {
        let mut dialler = Dialler::lifts(draft, digits);
        dialler.answers_subscribe("200 OK");
        dialler.tells("active;expires=300", None);
        assert_eq!(dialler.ended, None);
        dialler
    }

    /// Sends a NOTIFY.
    pub(crate) fn tells(&mut self, state: &str, report: Option<(u16, &str)>) {
        let body = report.map_or_else(String::new, |(code, digits)| {
            format!("<kpml-response version=\"1.0\" code=\"{code}\" text=\"\" digits=\"{digits}\"/>")
        });
        let extra = format!("Event: kpml\r\nSubscription-State: {state}\r\n");
        let notify = self.phone.request("NOTIFY", &extra, &body).replace("sip:@", "sip:");
        let notify = notify.replace("application/sdp", "application/kpml-response+xml");
        self.world.from(self.phone.address, &notify);
        self.takes();
    }

    pub(crate) fn presses(&mut self, key: char) {
        self.tells("active;expires=200", Some((200, &key.to_string())));
    }

    /// Looks at everything that came: final answers are acknowledged, a SUBSCRIBE that ends the subscription is answered.
    pub(crate) fn takes(&mut self) {
        while let Some((to, text)) = self.world.sent.pop_front() {
            if to != self.phone.address {
                self.elsewhere.push(text);
                continue;
            }
            let of_invite = text.contains(" INVITE\r\n");
            let status = text.get(8..11).and_then(|status| status.parse::<u16>().ok());
            match status.filter(|_| text.starts_with("SIP/2.0 ") && of_invite) {
                Some(status) if status >= 300 => {
                    assert_eq!(self.ended, None);
                    self.ended = Some(status);
                    self.world.from(self.phone.address, &ack(&self.invite, &text));
                }
                Some(_) | None => {}
            }
            if text.starts_with("SUBSCRIBE ") && header(&text, "Expires") == "0" {
                self.cancelled = true;
                self.world.from(self.phone.address, &self.phone.respond(&text, "200 OK", ""));
                self.tells("terminated;reason=timeout", Some((487, "")));
            }
        }
    }

    /// Time until the INVITE has a final answer, and which.
    pub(crate) fn waits(&mut self) -> (Duration, u16) {
        let start = self.world.now.mono;
        for _ in 0..40_000 {
            if let Some(status) = self.ended {
                return (self.world.now.mono - start, status);
            }
            self.world.pass(Duration::from_millis(1));
            self.takes();
        }
        panic!("never decided")
    }
}

/// The ACK of a failure, in the transaction of this INVITE.
fn ack(invite: &str, response: &str) -> String {
    let uri = invite.split(' ').nth(1).unwrap();
    let cseq = header(invite, "CSeq").replace("INVITE", "ACK");
    let [via, from, call_id] = ["Via", "From", "Call-ID"].map(|name| header(invite, name));
    format!(
        "ACK {uri} SIP/2.0\r\nVia: {via}\r\nMax-Forwards: 70\r\nFrom: {from}\r\nTo: {}\r\nCall-ID: {call_id}\r\n\
         CSeq: {cseq}\r\nContent-Length: 0\r\n\r\n",
        header(response, "To")
    )
}
