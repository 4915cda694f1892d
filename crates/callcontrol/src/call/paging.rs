//! A page: whoever calls a paging group is heard by all of it, and hears nothing of it.
//!
//! The call itself goes to a seat of ours, which listens. Each phone and gateway that is reached has a leg of its own in the same call, and
//! across from it a seat that no record names: the seat offers, the device answers by itself, and what the two tell each other about
//! media later goes between them by the same rules as between two parties. The caller is answered when the first one hears him.
//! Whatever ends the call ends the page.

mod member;
mod numbers;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::journal::{
    Decision, Feature, LegRecord, MediaPart, Paging, TargetView, WhyFeatureRefused, WhyNotPaged, WhyRefused,
    WhyReleased,
};
use strowger_base::leg::{Alert, EarlyMedia, Origin, PageSeat, Service, Signal, Target};
use strowger_base::{
    Cause, Command, ConferenceId, FeatureCode, LegId, LineName, Media, Now, TimerHandle, limits,
};
use strowger_media::control::{self, Multicast, PortId, Report};

use super::participant::Stage;
use super::way::Way;
use super::{Call, Facts, Opening, Progress, State, Step, told};
use crate::configuration::{PagePriority, PagingGroup};
use crate::failure::Failure;
use crate::io::{Contact, Outbox, Output, Reach};
use crate::shared::{RelayUse, Shared, Timer};
use member::{Lost, Member, Part};
use numbers::Led;

/// Who hears a page, and who is still to.
#[derive(Debug)]
pub(crate) struct Page {
    id: ConferenceId,
    /// The configured object.
    object: Box<str>,
    group: Arc<PagingGroup>,
    /// Phones that were in calls when it began.
    in_calls: BTreeSet<Arc<str>>,
    /// Lines whose phones are not known yet.
    awaited: BTreeSet<LineName>,
    members: Vec<Member>,
    cast: Cast,
    /// Lines that count it, each once.
    occupied: Vec<LineName>,
    timer: Option<TimerHandle>,
    /// Nobody is to hear it any more; what is left of it is for the record.
    over: bool,
    /// What says most of why somebody does not hear it.
    failure: Option<Failure>,
}

/// Where the page goes out to all who listen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Cast {
    No,
    Opening(PortId, LegId),
    Open(PortId),
}

impl Page {
    /// A page to a group; `in_calls` are the phones that have calls.
    pub(crate) const fn new(
        id: ConferenceId,
        object: Box<str>,
        group: Arc<PagingGroup>,
        in_calls: BTreeSet<Arc<str>>,
    ) -> Self {
        Page {
            id,
            object,
            group,
            in_calls,
            awaited: BTreeSet::new(),
            members: Vec::new(),
            cast: Cast::No,
            occupied: Vec::new(),
            timer: None,
            over: false,
            failure: None,
        }
    }

    fn is_heard(&self) -> bool {
        matches!(self.cast, Cast::Open(_)) || self.members.iter().any(|member| member.part == Part::Hears)
    }

    /// Whether somebody may hear it yet.
    fn is_hoped_for(&self) -> bool {
        let comes = |member: &Member| matches!(member.part, Part::Seating | Part::Ringing);
        !self.awaited.is_empty() || matches!(self.cast, Cast::Opening(..)) || self.members.iter().any(comes)
    }

    /// Somebody does not hear it.
    fn missed(&mut self, failure: Failure) {
        self.failure = Some(self.failure.map_or(failure, |before| before.or(failure)));
    }

    /// Which member a leg belongs to: a device, or the seat across from it.
    fn member_of(&self, leg: LegId) -> Option<usize> {
        self.members.iter().position(|member| member.seat == leg || member.leg == Some(leg))
    }

    /// Whether the line still has somebody who hears the page, or is about to.
    fn has(&self, line: &LineName) -> bool {
        let is_of =
            |member: &Member| matches!(&member.target, Target::Phone { line: own, .. } if own == line);
        self.members.iter().any(|member| member.part != Part::Gone && is_of(member))
    }

    /// Phones that were called for it.
    fn phones(&self) -> usize {
        self.members.iter().filter(|member| matches!(member.target, Target::Phone { .. })).count()
    }

    /// What the record says of those who were rung.
    pub(super) fn legs(&self, cause: Cause) -> impl Iterator<Item = LegRecord<'_>> {
        self.members.iter().filter_map(move |member| {
            let (leg, rung_at) = (member.leg?, member.rung_at);
            let target = TargetView::from(&member.target);
            Some(LegRecord { leg, target, rung_at, outcome: member.progress.outcome(cause) })
        })
    }
}

impl Call {
    /// The call, which asks for it, goes to a paging group.
    pub(crate) fn page(&mut self, now: Now, page: Page, shared: &mut Shared, out: &mut Outbox) {
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        step.begin_page(Box::new(page));
        self.go_on_paging(now, shared, out);
    }

    /// Whether it is a page.
    pub(crate) const fn is_page(&self) -> bool {
        self.facts.page.is_some()
    }

    /// Adds the names of the phones that have this call.
    pub(crate) fn add_phones(&self, phones: &mut BTreeSet<Arc<str>>) {
        if let Origin::Line { phone: Some(phone), .. } = &self.facts.origin {
            phones.insert(Arc::clone(phone));
        }
        let has = |progress: Progress| progress.is_open() || progress == Progress::Answered;
        let rung = self.facts.rung.iter().filter(|rung| has(rung.progress)).map(|rung| &rung.target);
        let paged = self.facts.page.iter().flat_map(|page| &page.members);
        let paged = paged.filter(|member| member.part != Part::Gone).map(|member| &member.target);
        for target in rung.chain(paged) {
            if let Target::Phone { phone: Some(phone), .. } = target {
                phones.insert(Arc::clone(phone));
            }
        }
    }

    /// What a leg of the page tells goes to the page; gives back what is for the call.
    pub(super) fn page_told(
        &mut self,
        now: Now,
        leg: LegId,
        signal: Signal,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> Option<Signal> {
        let Some(at) = self.facts.page.as_ref().and_then(|page| page.member_of(leg)) else {
            return Some(signal);
        };
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        let mut page = step.facts.page.take()?;
        if let Some(member) = page.members.get_mut(at) {
            let result = if member.seat == leg {
                step.seat_told(member, signal)
            } else {
                told(now, step.facts.id, leg, &signal, step.out);
                step.listener_of_page_told(member, signal)
            };
            if let Err(lost) = result {
                step.lose_or_go_on(&mut page, at, lost);
            }
        }
        step.facts.page = Some(page);
        self.go_on_paging(now, shared, out);
        None
    }

    /// The phones of a line of the group; false when they are for somebody else.
    pub(super) fn page_located(
        &mut self,
        now: Now,
        (line, contacts): (&LineName, &[Contact]),
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> bool {
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        let Some(mut page) = step.facts.page.take() else { return false };
        let is_awaited = page.awaited.remove(line);
        if is_awaited {
            step.page_line(&mut page, line, contacts);
        }
        step.facts.page = Some(page);
        if is_awaited {
            self.go_on_paging(now, shared, out);
        }
        is_awaited
    }

    /// What a worker reports of the page's port; gives back what is about another one.
    pub(super) fn page_reported(
        &mut self,
        now: Now,
        report: Report,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> Option<Report> {
        let Some(page) = &mut self.facts.page else { return Some(report) };
        let Cast::Opening(own, leg) = page.cast else { return Some(report) };
        match &report {
            Report::Opened { port, .. } if *port == own => {
                page.cast = Cast::Open(own);
                if let Some(to) = page.group.multicast {
                    let codec = to.codec.name();
                    let news = Paging::Multicast { address: to.address, ttl: to.ttl, codec };
                    out.decide(now, self.facts.id, Some(leg), Decision::Paging(news));
                }
            }
            Report::Failed { port, reason } if *port == own => {
                page.cast = Cast::No;
                page.missed(Failure::of(Cause::RESOURCE_UNAVAILABLE));
                let news = Paging::NotMulticast { reason };
                out.decide(now, self.facts.id, None, Decision::Paging(news));
            }
            Report::Opened { .. }
            | Report::Failed { .. }
            | Report::Digit { .. }
            | Report::Talking { .. }
            | Report::Finished { .. }
            | Report::Silent { .. }
            | Report::Closed { .. } => return Some(report),
        }
        self.go_on_paging(now, shared, out);
        None
    }

    /// A port is closed that nobody wanted closed; whether it was that of the page, in whose place another one is opened.
    pub(super) fn cast_lost(
        &mut self,
        now: Now,
        port: PortId,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> bool {
        let Some(page) = &mut self.facts.page else { return false };
        if matches!(page.cast, Cast::Opening(own, _) if own == port) {
            // Whoever waits for it shall not wait on.
            let reason = "its port was lost before it was open".into();
            self.page_reported(now, Report::Failed { port, reason }, shared, out);
            return true;
        }
        let Some(to) = page.group.multicast.filter(|_| page.cast == Cast::Open(port)) else { return false };
        let id = page.id;
        let news = Paging::NotMulticast { reason: "its port was lost, and another one is opened" };
        out.decide(now, self.facts.id, None, Decision::Paging(news));
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        let cast = step.open_cast(id, to);
        if let Some(page) = &mut self.facts.page {
            page.cast = cast;
        }
        true
    }

    /// Who has not answered by now does not answer by himself.
    pub(crate) fn page_timeout(&mut self, now: Now, shared: &mut Shared, out: &mut Outbox) {
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        let Some(mut page) = step.facts.page.take() else { return };
        page.timer = None;
        for at in 0..page.members.len() {
            let part = page.members.get(at).map(|member| member.part);
            if matches!(part, Some(Part::Seating | Part::Ringing)) {
                step.lose(&mut page, at, Lost::Ours(WhyNotPaged::NoAnswer));
            }
        }
        step.facts.page = Some(page);
        self.go_on_paging(now, shared, out);
    }

    /// Answers the caller when somebody hears him, and ends the call when nobody does any more.
    fn go_on_paging(&mut self, now: Now, shared: &mut Shared, out: &mut Outbox) {
        let Some(page) = self.facts.page.as_ref().filter(|page| !page.over) else { return };
        let (id, is_heard, is_hoped_for) = (page.id, page.is_heard(), page.is_hoped_for());
        let cause = page.failure.map_or(Cause::USER_BUSY, |failure| failure.cause);
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Asking(_) if is_heard => {
                step.facts.way = Way::Alone;
                let seat = Service::Page { page: id, seat: PageSeat::Talker };
                Opening::prepare(&mut step, vec![Target::Service(seat)], Reach::Direct)
            }
            State::Asking(_) if !is_hoped_for => {
                // The caller may hear why; the group is free meanwhile.
                step.end_page();
                let why = WhyFeatureRefused::Unreached { cause };
                step.refuse(cause, WhyRefused::Feature { feature: FeatureCode::Page.word(), why })
            }
            State::Opening(_) | State::Ringing(_) | State::Talking(_) if !is_heard && !is_hoped_for => {
                step.decide(None, Decision::Paging(Paging::NobodyLeft));
                step.put_out(Feature::Page)
            }
            other @ (State::Asking(_)
            | State::Opening(_)
            | State::Ringing(_)
            | State::Talking(_)
            | State::Dialing(_)
            | State::Authorizing(_)
            | State::Parked(_)
            | State::Locating(_)
            | State::Ended) => other,
        };
    }
}

impl Step<'_> {
    /// Looks for all whom the page shall reach.
    fn begin_page(&mut self, mut page: Box<Page>) {
        let group = Arc::clone(&page.group);
        let led = self.led(&group);
        page.awaited = group.lines.iter().cloned().collect();
        let by_number = |(_, led): &(_, Option<Led>)| match led {
            Some(Led::Line(line)) => Some(line.clone()),
            Some(Led::Trunk(..) | Led::List(_)) | None => None,
        };
        page.awaited.extend(led.iter().filter_map(by_number));
        let out = led.iter().filter(|(_, led)| matches!(led, Some(Led::Trunk(..) | Led::List(_))));
        let gateways = (group.gateways.len() + out.count()) as u32;
        let began = Paging::Began { group: &page.object, lines: page.awaited.len() as u32, gateways };
        self.decide(None, Decision::Paging(began));
        self.shared.counters.pages += 1;
        if self.facts.caller_stage == Stage::Waits {
            let (alert, media) = (Alert::Ringing, MediaPart::Nothing);
            self.decide(None, Decision::CallerAlerted { alert, media });
            let alerting =
                Command::Alert { alert, media: Media::None, shown: None, heard: EarlyMedia::Unsaid };
            self.command(self.facts.caller, alerting);
        }
        if let Some(to) = group.multicast {
            page.cast = self.open_cast(page.id, to);
        }
        let mut left = limits::PAGE_GATEWAYS;
        for gateway in &group.gateways {
            if self.is_one_left(&mut page, &mut left, &gateway.number) {
                self.seat_gateway(&mut page, &gateway.trunk, gateway.number.clone());
            }
        }
        for (number, led) in led {
            match led {
                Some(Led::Line(_)) => {}
                None => self.pass_over(&mut page, &number, "", WhyNotPaged::NoDevice),
                Some(Led::Trunk(trunk, digits)) if self.is_one_left(&mut page, &mut left, &number) => {
                    self.seat_gateway(&mut page, &trunk, digits);
                }
                Some(Led::List(list)) if self.is_one_left(&mut page, &mut left, &number) => {
                    self.seat_by_list(&mut page, &number, list);
                }
                Some(Led::Trunk(..) | Led::List(_)) => {}
            }
        }
        let request = self.facts.id;
        let locate = |line: &LineName| Output::Locate { request, line: line.clone() };
        self.out.items.extend(page.awaited.iter().map(locate));
        page.timer = Some(self.shared.timers.set(self.now.mono + PATIENCE, Timer::Page(request)));
        self.facts.page = Some(page);
    }

    /// The page goes out to an address.
    fn open_cast(&mut self, page: ConferenceId, to: Multicast) -> Cast {
        let port = self.shared.port_ids.allocate();
        // Nobody has this leg; what goes out is told of it.
        let leg = self.shared.leg_ids.allocate();
        let user = RelayUse::new(self.facts.id, leg, None);
        self.shared.relays.insert(port, user);
        let service = Service::Page { page, seat: PageSeat::Listener };
        self.out.media(control::Command::OpenMulticast { port, service, to });
        Cast::Opening(port, leg)
    }

    /// The phones of a line are known.
    fn page_line(&mut self, page: &mut Page, line: &LineName, contacts: &[Contact]) {
        let configuration = Arc::clone(&self.shared.configuration);
        let shown = configuration.shown(line.as_str());
        if contacts.is_empty() {
            return self.pass_over(page, shown, "", WhyNotPaged::NotRegistered);
        }
        let line_is_busy = self.shared.calls_of(line) > 0;
        for contact in contacts {
            let phone = contact.phone.as_deref().unwrap_or_default();
            let target = contact.of(line);
            if page.members.iter().any(|member| member.is_the_phone_of(&target)) {
                // With another line of the group.
                continue;
            }
            let is_in_call = match &contact.phone {
                Some(name) => page.in_calls.contains(name),
                None => line_is_busy,
            };
            let normal = page.group.priority == PagePriority::Normal;
            // Whoever speaks does not hear himself, however urgent it is.
            let is_own = match (&self.facts.origin, &contact.phone) {
                (Origin::Line { phone: Some(own), .. }, Some(name)) => own == name,
                (Origin::Line { line: own, phone: None }, None) => own == line,
                (Origin::Line { .. } | Origin::Trunk(_), _) => false,
            };
            let why = if is_own || (normal && is_in_call) {
                Some(WhyNotPaged::InCall)
            } else if normal && self.shared.undisturbed(line, contact).is_some() {
                Some(WhyNotPaged::DoNotDisturb)
            } else if page.phones() >= limits::PAGE_PHONES {
                Some(WhyNotPaged::TooMany)
            } else {
                None
            };
            if let Some(why) = why {
                self.pass_over(page, shown, phone, why);
                continue;
            }
            if !page.occupied.contains(line) {
                // It is offered to nobody: whoever picks calls up does not pick up a page.
                self.shared.occupy(line);
                page.occupied.push(line.clone());
            }
            self.seat_member(page, target, line.number().into(), contact.reach);
        }
    }

    /// Takes one of the gateways that a page may reach; false when none is left.
    fn is_one_left(&mut self, page: &mut Page, left: &mut usize, number: &str) -> bool {
        match left.checked_sub(1) {
            Some(fewer) => {
                *left = fewer;
                true
            }
            None => {
                self.pass_over(page, number, "", WhyNotPaged::TooMany);
                false
            }
        }
    }

    /// Somebody does not hear the page.
    fn pass_over(&mut self, page: &mut Page, whom: &str, phone: &str, why: WhyNotPaged) {
        page.missed(Failure::of(member::cause(why)));
        self.decide(None, Decision::Paging(Paging::PassedOver { whom, phone, why }));
    }

    /// The call ends, and the page with it. What the record says of it is kept.
    pub(super) fn end_page(&mut self) {
        let Some(mut page) = self.facts.page.take() else { return };
        if std::mem::replace(&mut page.over, true) {
            self.facts.page = Some(page);
            return;
        }
        if let Some(timer) = page.timer.take() {
            self.shared.timers.cancel(timer);
        }
        self.shared.pages.over(&page.object);
        match std::mem::replace(&mut page.cast, Cast::No) {
            Cast::No => {}
            Cast::Opening(port, _) | Cast::Open(port) => {
                self.shared.close_relay(port, self.out);
            }
        }
        for member in &mut page.members {
            if member.part != Part::Gone {
                self.leave(member, Cause::NORMAL_CALL_CLEARING, WhyReleased::OtherPartyGone);
            }
        }
        for line in std::mem::take(&mut page.occupied) {
            self.shared.vacate(&line, self.now.mono);
        }
        self.facts.page = Some(page);
    }
}

impl Facts {
    /// Those who were rung for a page, as the record tells it.
    pub(super) fn paged(&self, cause: Cause) -> impl Iterator<Item = LegRecord<'_>> {
        self.page.iter().flat_map(move |page| page.legs(cause))
    }
}

/// How long a device may take to answer by itself. One that rings instead does not hear the page in the end.
const PATIENCE: Duration = Duration::from_secs(15);
