//! Requests outside of calls that the server may want to have proved: keys of Cisco's phones, subscriptions.

use strowger_base::Instant;

use super::{Account, Phone, Sends};
use crate::text::{Text, authorization};

/// Something that a phone asks for.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    method: &'static str,
    uri: String,
    /// Headers that are its own.
    extra: String,
    body: String,
    cseq: u32,
    proved: bool,
}

impl Ask {
    pub(super) fn new(method: &'static str, extra: &str, body: &str) -> Self {
        let (extra, body) = (extra.to_owned(), body.to_owned());
        Ask { method, uri: String::new(), extra, body, cseq: 0, proved: false }
    }
}

impl Phone {
    /// Asks; the Call-ID under which it is answered.
    pub(super) fn ask(&mut self, now: Instant, uri: &str, ask: Ask, sends: &mut Sends) -> String {
        let call_id = format!("ask-{}@{}", self.token(), self.address.ip());
        self.asks.insert(call_id.clone(), Ask { uri: uri.to_owned(), ..ask });
        self.ask_again(now, &call_id, "", sends);
        call_id
    }

    fn ask_again(&mut self, now: Instant, call_id: &str, proof: &str, sends: &mut Sends) {
        let Some(ask) = self.asks.get_mut(call_id) else { return };
        ask.cseq += 1;
        let Ask { method, uri, extra, body, cseq, .. } = ask.clone();
        let Account { number, domain, .. } = &self.account;
        let head = format!(
            "From: <sip:{number}@{domain}>;tag=ask\r\nTo: <{uri}>\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:{number}@{}>\r\n{extra}{proof}",
            self.address
        );
        self.send_request(now, None, method, &uri, &head, &body, sends);
    }

    /// A final response to something that was asked for outside of calls; the CSeq of what was accepted or refused for good.
    pub(super) fn asked(
        &mut self,
        now: Instant,
        id: &str,
        message: &Text,
        status: u16,
        sends: &mut Sends,
    ) -> Option<u32> {
        let ask = self.asks.get_mut(id)?;
        if status == 401 && !ask.proved {
            ask.proved = true;
            let (method, uri) = (ask.method, ask.uri.clone());
            let Account { user, secret, .. } = &self.account;
            let proof = authorization(message.header("www-authenticate"), user, secret, method, &uri, 1);
            self.ask_again(now, id, &proof, sends);
            return None;
        }
        self.asks.remove(id).map(|ask| ask.cseq)
    }
}
