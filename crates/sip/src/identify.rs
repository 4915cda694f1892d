//! Who a request is from: a trunk by its address and port, a line by its digest credentials.

use std::sync::Arc;

use strowger_base::leg::{Origin, Party, Presentation};
use strowger_base::line::lines_of;
use strowger_base::net::Flow;
use strowger_base::{Now, event::RefuseReason};

use crate::auth::{self, Verdict};
use crate::core::Sip;
use crate::io::{Configuration, Outbox, PhoneAccount, PhoneOnLine, Trunk};
use crate::message::Message;
use crate::uri::Uri;
use crate::write;

impl Sip {
    /// The owner of a call attempt; when it is `None` the request has been answered.
    pub(crate) fn identify(
        &mut self,
        now: Now,
        flow: Flow,
        request: &Message<'_>,
        name: &'static str,
        out: &mut Outbox,
    ) -> Option<Origin> {
        if let Some(trunk) = self.trunk_of(flow, request) {
            return Some(Origin::Trunk(trunk.name.clone()));
        }
        let configuration = Arc::clone(&self.shared.configuration);
        let owner = self.authenticate(now, flow, request, name, &configuration, out)?;
        Some(Origin::Line {
            line: owner.line.into(),
            phone: owner.phone().and_then(|phone| phone.name.clone()),
        })
    }

    /// The trunk that a call is from. Address and port together always tell. An address alone does not: phones may be
    /// behind the same one, so that what speaks for a line there has to prove it.
    pub(crate) fn trunk_of(&self, flow: Flow, request: &Message<'_>) -> Option<&Trunk> {
        let peer = flow.peer();
        let trunks = &self.shared.configuration.trunks;
        let exact = |trunk: &&Trunk| {
            trunk.sources.iter().any(|(address, port)| {
                let port =
                    port.or_else(|| (trunk.destination.ip() == *address).then(|| trunk.destination.port()));
                *address == peer.ip() && port == Some(peer.port())
            })
        };
        let at_any_port = |trunk: &&Trunk| {
            trunk.sources.iter().any(|(address, port)| *address == peer.ip() && port.is_none())
        };
        trunks
            .iter()
            .find(exact)
            .or_else(|| trunks.iter().find(at_any_port).filter(|_| !self.speaks_for_a_line(flow, request)))
    }

    /// Whether a request means to be from a phone of ours: it has credentials for our domain, it names one of our lines as
    /// one of our domain (its address of record, RFC 3261 §10) or as the identity that it prefers (RFC 3325 §9.2), or it comes by
    /// the connection that a phone registered on.
    fn speaks_for_a_line(&self, flow: Flow, request: &Message<'_>) -> bool {
        let configuration = &self.shared.configuration;
        let is_line = |number: &str| lines_of(&configuration.lines, number).next().is_some();
        let names_line = || {
            let is_ours = |uri: &Uri<'_>| uri.host().is_some_and(|host| self.shared.is_own_host(host));
            request.from_uri().is_some_and(|uri| is_ours(&uri)) && is_line(&request.from_user())
        };
        // A phone that hides itself says to its server alone which line it is.
        let prefers_line = || request.preferred_user().is_some_and(|user| is_line(&user));
        self.registrar.has_registered_on(flow)
            || auth::credentials_for(request, &configuration.domain).is_some()
            || names_line()
            || prefers_line()
    }

    /// The phone and line that a request proves to speak for; when it is `None` the request has been answered.
    ///
    /// What it claims is a number, which may be that of several lines: it is the one with a phone that it proves to be.
    fn authenticate<'c>(
        &mut self,
        now: Now,
        flow: Flow,
        request: &Message<'_>,
        name: &'static str,
        configuration: &'c Configuration,
        out: &mut Outbox,
    ) -> Option<PhoneOnLine<'c>> {
        let registers = name == "REGISTER";
        let claimed = if registers { request.to_user() } else { request.from_user() };
        let Some(credentials) = auth::credentials_for(request, &configuration.domain) else {
            self.challenge(now, flow, request, false, out);
            return None;
        };
        // A caller that hides itself names nobody in From; its credentials say who it is (RFC 3323 §4.1.1.3).
        let hidden = !registers && claimed.eq_ignore_ascii_case("anonymous");
        // It may tell us which line it is, and nobody else, where the user name is that of the phone (RFC 3325 §9.2).
        let claimed = match hidden {
            true => request.preferred_user().unwrap_or_else(|| credentials.username().into()),
            false => claimed,
        };
        let mut reason = RefuseReason::UnknownLine;
        for (line, account) in lines_of(&configuration.lines, &claimed) {
            let place = account.phone_of_user(credentials.username());
            let Some((place, phone)) = place.and_then(|place| Some((place, account.phone(place)?))) else {
                if reason == RefuseReason::UnknownLine {
                    reason = RefuseReason::NotYourLine;
                }
                continue;
            };
            let repeated = registers && self.is_repeated(line, request);
            match self.verify(now, request, &credentials, phone, repeated) {
                Verdict::Accepted => return Some(PhoneOnLine { line, account, phone: place }),
                // The phone of another line with this number may have the same user name.
                Verdict::WrongPassword => {
                    reason = RefuseReason::WrongPassword;
                    continue;
                }
                Verdict::Stale => self.challenge(now, flow, request, true, out),
                Verdict::UnknownNonce => self.challenge(now, flow, request, false, out),
                Verdict::Replayed => {
                    self.event_refused(request, flow, name, RefuseReason::Replayed, out);
                    self.challenge(now, flow, request, true, out);
                }
                Verdict::Malformed => self.refuse(request, flow, 400, |_| (), out),
            }
            return None;
        }
        self.forbid(flow, request, name, reason, out);
        None
    }

    /// Whether a REGISTER is the one again that was accepted last: its nonce count may be the same.
    fn is_repeated(&self, line: &str, request: &Message<'_>) -> bool {
        self.registrar.is_retransmission(line, request.call_id_value(), request.cseq_number())
    }

    fn verify(
        &mut self,
        now: Now,
        request: &Message<'_>,
        credentials: &auth::Credentials<'_>,
        phone: &PhoneAccount,
        repeated: bool,
    ) -> Verdict {
        let lifetime = self.shared.configuration.nonce_lifetime;
        self.challenger.verify(
            now,
            request.method_text(),
            credentials,
            phone.ha1_md5.expose(),
            phone.ha1_sha256.expose(),
            lifetime,
            repeated,
        )
    }

    fn challenge(&mut self, now: Now, flow: Flow, request: &Message<'_>, stale: bool, out: &mut Outbox) {
        self.shared.counters.challenges += 1;
        let mut header = self.shared.draft();
        let Configuration { domain, digest_algorithms, .. } = &*self.shared.configuration;
        self.challenger.challenge(now, domain, digest_algorithms, stale, false, &mut header);
        self.refuse(request, flow, 401, |buffer| buffer.extend_from_slice(&header), out);
        self.shared.keep_draft(header);
    }

    fn forbid(
        &mut self,
        flow: Flow,
        request: &Message<'_>,
        name: &'static str,
        reason: RefuseReason,
        out: &mut Outbox,
    ) {
        self.shared.counters.unauthorized += 1;
        self.event_refused(request, flow, name, reason, out);
        self.refuse(request, flow, 403, |_| (), out);
    }

    /// Who calls: a line as it is configured, a trunk's caller as the trunk says (RFC 3325, RFC 3323).
    pub(crate) fn calling_party(&self, origin: &Origin, invite: &Message<'_>) -> Party {
        let hidden = invite.asks_privacy() || invite.from_user().eq_ignore_ascii_case("anonymous");
        let presentation = if hidden { Presentation::Restricted } else { Presentation::Allowed };
        match origin {
            Origin::Line { line, .. } => {
                let account = self.shared.configuration.lines.get(line.as_str());
                let name = account.map_or("", |account| &account.name).into();
                Party { number: line.number().into(), name, presentation }
            }
            Origin::Trunk(_) => {
                let mut party = invite.asserted_party();
                if party.number.is_empty() {
                    party = invite.from_party();
                }
                Party { presentation, ..party }
            }
        }
    }

    /// A REGISTER (RFC 3261 §10.3).
    pub(crate) fn register(&mut self, now: Now, flow: Flow, request: &Message<'_>, out: &mut Outbox) {
        if request.to_uri_scheme_is_not_sip() {
            // unksm2 of RFC 4475: an address of record is a SIP URI.
            self.refuse(request, flow, 400, |_| (), out);
            return;
        }
        if let Some(bad) = request
            .required_options()
            .find(|tag| !["path", "outbound"].iter().any(|known| known.eq_ignore_ascii_case(tag)))
        {
            self.refuse(request, flow, 420, |b| write::header(b, b"Unsupported", bad.as_bytes()), out);
            return;
        }
        let configuration = Arc::clone(&self.shared.configuration);
        let found = self.authenticate(now, flow, request, "REGISTER", &configuration, out);
        let Some(owner) = found else { return };
        let (registrar, changes, _) = self.registration_parts();
        let result = registrar.register(now, request, flow, owner, &configuration, changes);
        self.tell_changes(out);
        match result {
            Ok(()) => {
                self.shared.counters.registrations += 1;
                let mut answer = self.shared.draft();
                self.registrar.write_answer(now, owner, request, &mut answer);
                write::date_header(&mut answer, now.wall);
                self.refuse(request, flow, 200, |buffer| buffer.extend_from_slice(&answer), out);
                self.shared.keep_draft(answer);
            }
            Err(refusal) => {
                self.refuse(request, flow, refusal.status(), |buffer| refusal.write_headers(buffer), out);
            }
        }
    }
}
