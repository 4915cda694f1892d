//! The wish for a call: who asks, for what, and whether it may begin.

use std::sync::Arc;

use strowger_base::journal::{Decision, EmergencyFrom, Feature, MediaPart, PartyView, WhyRefused};
use strowger_base::leg::{FurtherDigits, Origin, Party, Setup};
use strowger_base::net::Flow;
use strowger_base::{CallId, Cause, FeatureCode, LegId, Media, Now, Pii, SessionDescription, limits};
use strowger_dialplan::{Caller, Digits, LaterHops, codes};

use super::asking::{AskedBy, Asking, Wanted};
use super::participant::{Owes, Stage};
use super::pressing::Pressing;
use super::way::{CallerMedia, Way};
use super::{Facts, State, Step, dialing};
use crate::admission::Reserved;
use crate::beside::Carriers;
use crate::configuration::{Barging, RelayMode, SrtpRule};
use crate::io::Reach;
use crate::outlet::Outlet;
use crate::relay::{self, Relay};
use crate::shared::Shared;

/// What is only needed to begin.
pub(super) struct Wish {
    flow: Flow,
    replaces: Option<LegId>,
    feature: Option<FeatureCode>,
}

impl Facts {
    /// The same device asks again, with a longer number (RFC 3578 §3): what it says now counts.
    pub(super) fn ask_again(&mut self, leg: LegId, setup: Setup, shared: &Shared) {
        self.caller = leg;
        self.called = setup.called;
        self.offer = match setup.media {
            Media::Offer(offer) => Some(offer),
            Media::None | Media::Answer(_) => None,
        };
        self.known_to_take(setup.takes);
        self.caller_reach = caller_reach(self.offer.as_ref(), (setup.flow, setup.behind_nat), shared);
        self.caller_takes_reliable = setup.reliable_provisional;
        self.caller_falls_back = setup.srtp_fallback;
        self.hops_remaining = setup.hops_remaining;
        self.diversions = setup.diversions;
    }

    pub(super) fn new(now: Now, caller: LegId, setup: Setup, shared: &mut Shared) -> (Facts, Wish) {
        let id = shared.new_call();
        let offer = match setup.media {
            Media::Offer(offer) => Some(offer),
            Media::None | Media::Answer(_) => None,
        };
        let reach = caller_reach(offer.as_ref(), (setup.flow, setup.behind_nat), shared);
        let mut facts = Facts {
            calling: shown_caller(&setup.origin, setup.calling, shared),
            address: Some(setup.flow.peer().ip()),
            protocol_call_id: setup.protocol_call_id,
            called: setup.called,
            further_digits: setup.further_digits,
            offer,
            caller_reach: reach,
            caller_takes_reliable: setup.reliable_provisional,
            caller_falls_back: setup.srtp_fallback,
            hops_remaining: setup.hops_remaining,
            diversions: setup.diversions,
            ..Facts::blank(now, id, caller, setup.origin)
        };
        facts.known_to_take(setup.takes);
        let wish = Wish { flow: setup.flow, replaces: setup.replaces, feature: setup.feature };
        (facts, wish)
    }

    /// A call of which nothing is known but whose device asks for it.
    pub(super) fn blank(now: Now, id: CallId, caller: LegId, origin: Origin) -> Facts {
        Facts {
            id,
            caller,
            caller_stage: Stage::Waits,
            caller_owes: Owes::Nothing,
            origin,
            address: None,
            calling: Party::default(),
            came: None,
            protocol_call_id: Box::default(),
            called: Box::default(),
            further_digits: FurtherDigits::None,
            collects_digits: false,
            called_unseen: false,
            supplied_codes: Pii::default(),
            codes: None,
            translated: Box::default(),
            sent: Box::default(),
            connected: None,
            started_at: now.wall,
            alerted_at: None,
            answered_at: None,
            offer: None,
            takes: None,
            caller_reach: Reach::Direct,
            called_reach: Reach::Direct,
            caller_takes_reliable: false,
            caller_falls_back: false,
            hops_remaining: limits::MAX_FORWARDS,
            diversions: Vec::new(),
            final_called: Box::default(),
            dials: None,
            later_hops: LaterHops::default(),
            occupied: Vec::new(),
            occupies_own: false,
            way: Way::None,
            redirected: None,
            caller_media: CallerMedia::Nothing,
            rung: Vec::new(),
            called_waits: false,
            parked: None,
            rang_at: None,
            page: None,
            // Never the same twice on this node, as RFC 8866 §5.2 wants of a session id.
            to_caller: Outlet::new(id.number << 2),
            to_called: Outlet::new(id.number << 2 | 1),
            relay: Relay::None,
            beside: Carriers::default(),
            relay_keys: Default::default(),
            relay_lost: false,
            relay_losses: 0,
            points: None,
            annunciator: None,
            blocked_by: None,
            transcoding: None,
            security: None,
            notice: None,
            told_security: None,
            called_rule: SrtpRule::AsOffered,
            pressing: Pressing::default(),
            emergency: false,
            reserved: Reserved::default(),
            conversation: None,
            joined_by: None,
            left_by: None,
            listening: None,
            shown_to_caller: None,
            joins: None,
            sits: None,
            confirms: None,
            transfers: None,
            transfer: None,
            timer: None,
        }
    }
}

/// Whether the caller sits behind NAT, as its offer and its packets show, or what it calls itself when it leaves the offer to the other
/// side; asked only where somebody wants to know.
fn caller_reach(
    offer: Option<&SessionDescription>,
    (flow, behind_nat): (Flow, bool),
    shared: &Shared,
) -> Reach {
    match (offer, shared.configuration.relay) {
        (Some(offer), RelayMode::WhenBehindNat) => relay::reach_of(offer.as_bytes(), flow),
        (None, RelayMode::WhenBehindNat) if behind_nat => Reach::BehindNat,
        (None, RelayMode::WhenBehindNat) | (Some(_) | None, RelayMode::Never | RelayMode::Always) => {
            Reach::Direct
        }
    }
}

/// Who is shown to the called: for a line what the configuration says, whatever the phone claims; a trunk is
/// believed. The wish not to be shown is respected from both.
fn shown_caller(origin: &Origin, claimed: Party, shared: &Shared) -> Party {
    match origin {
        Origin::Trunk(_) => claimed,
        Origin::Line { line, .. } => Party {
            number: line.number().into(),
            name: shared.configuration.display_name(line.as_str()).into(),
            presentation: claimed.presentation,
        },
    }
}

/// Decides what becomes of the wish.
pub(super) fn begin(step: &mut Step<'_>, wish: Wish) -> State {
    let caller = step.facts.caller;
    step.adopt(caller);
    step.shared.counters.begun += 1;
    take_appended_codes(step);
    let began = Decision::CallBegan {
        origin: step.shared.configuration.origin(&step.facts.origin),
        calling: PartyView::from(&step.facts.calling),
        called: &step.facts.called,
        protocol_call_id: &step.facts.protocol_call_id,
        flow: wish.flow,
        media: if step.facts.offer.is_some() { MediaPart::Offer } else { MediaPart::Nothing },
    };
    step.out.decide(step.now, step.facts.id, Some(caller), began);
    if wish.replaces.is_some() {
        // Where it can be done, it is not begun as a call of its own.
        let why = match wish.replaces.is_some_and(|leg| step.shared.is_intercom(leg)) {
            true => {
                WhyRefused::Intercom { rule: "Nobody takes the place of another one in an intercom call" }
            }
            false => WhyRefused::NothingToReplace,
        };
        return step.refuse(Cause::FACILITY_REJECTED, why);
    }
    if let Some(refused) = occupy_own_line(step) {
        return refused;
    }
    step.normalise_calling();
    if let Some(code) = wish.feature {
        // By name: what is called is the argument, and no pattern is asked.
        let argument = step.facts.called.clone();
        let wanted = Wanted { code, object: Box::default(), argument, by: AskedBy::Number };
        return Asking::begin(step, wanted);
    }
    if step.presses_line_key() {
        let (object, argument) = (Box::default(), Box::default());
        let wanted = Wanted { code: FeatureCode::Barge, object, argument, by: AskedBy::LineKey };
        return Asking::begin(step, wanted);
    }
    dial_as(step)
}

/// Dials the number of a call that a feature makes.
pub(super) fn dial(step: &mut Step<'_>, feature: Feature) -> State {
    let caller = step.facts.caller;
    step.shared.counters.begun += 1;
    let made = Decision::CallMade {
        feature,
        origin: step.shared.configuration.origin(&step.facts.origin),
        calling: PartyView::from(&step.facts.calling),
        called: &step.facts.called,
    };
    step.out.decide(step.now, step.facts.id, Some(caller), made);
    dial_as(step)
}

/// Dials what the device asked for.
pub(super) fn dial_as(step: &mut Step<'_>) -> State {
    let (_, overlap) = who_dials(step);
    if overlap && step.facts.further_digits == FurtherDigits::None {
        step.facts.further_digits = FurtherDigits::Again;
    }
    dial_whole(step)
}

/// Dials a number to which a device adds no digits, or says so itself.
pub(super) fn dial_whole(step: &mut Step<'_>) -> State {
    let (dials, _) = who_dials(step);
    step.facts.dials = Some(Arc::clone(&dials));
    tell_where(step);
    dialing::begin(step, dials)
}

/// Codes that came behind the number are taken off before anything is written down: whoever knows one can call on
/// somebody else's account.
fn take_appended_codes(step: &mut Step<'_>) {
    if !step.facts.called.contains('#') {
        return;
    }
    let (dials, overlap) = who_dials(step);
    // A number that grows is no number with codes.
    if overlap || step.facts.further_digits == FurtherDigits::Again {
        return;
    }
    let called = step.called_in_plan_form();
    let plan = &step.shared.configuration.plan;
    if let Some((_, appended)) = codes::appended(plan, &dials, &called, step.now.wall) {
        step.facts.take_codes(appended);
    }
}

impl Step<'_> {
    /// Whether the key of the own line is pressed, where that comes into a call of another phone of the line: nothing is dialled, or the
    /// line's own number by a phone that cannot dial nothing.
    fn presses_line_key(&self) -> bool {
        let Origin::Line { line, .. } = &self.facts.origin else { return false };
        let dials_none = self.facts.called.is_empty() || *self.facts.called == *line.number();
        // The own call is one of them.
        dials_none
            && self.shared.calls_of(line) > 1
            && self.shared.configuration.single_button_barge(&self.facts.origin) != Barging::Off
    }

    /// An emergency service is called: writes down which number says where the phone is.
    pub(super) fn tell_emergency(&mut self) {
        self.facts.emergency = true;
        let configuration = Arc::clone(&self.shared.configuration);
        let phone = configuration.calling_phone(&self.facts.origin);
        let there = phone.map(|phone| configuration.whereabouts(phone, self.facts.address));
        let (number, from) = match there.and_then(|there| there.emergency()) {
            Some((number, from)) => (number, from),
            None => (Digits::EMPTY, EmergencyFrom::Nobody),
        };
        self.decide(None, Decision::EmergencyCalled { number: &number, from });
    }
}

/// Writes down where the calling phone is, when its address says so.
fn tell_where(step: &mut Step<'_>) {
    let configuration = Arc::clone(&step.shared.configuration);
    let Some(phone) = configuration.calling_phone(&step.facts.origin) else { return };
    let there = configuration.whereabouts(phone, step.facts.address);
    if let (Some(info), Some(away)) = (there.info(), there.away()) {
        let (pool, home) = (there.pool(), there.home());
        step.out.decide(step.now, step.facts.id, None, Decision::PhoneLocated { info, pool, home, away });
    }
}

/// The one who dials, as digit analysis knows it, and whether growing numbers are to be expected.
pub(super) fn who_dials(step: &Step<'_>) -> (Arc<Caller>, bool) {
    let configuration = &step.shared.configuration;
    match &step.facts.origin {
        origin @ Origin::Line { .. } => match configuration.calling_phone(origin) {
            Some(phone) => {
                let address = step.facts.address;
                (configuration.whereabouts(phone, address).caller(), phone.settings.overlap)
            }
            None => Default::default(),
        },
        Origin::Trunk(name) => {
            let trunk = configuration.trunks.get(name);
            let mut caller = trunk.map(|trunk| Caller::clone(&trunk.caller)).unwrap_or_default();
            caller.number = Digits::parse(&step.facts.calling.number).unwrap_or_default();
            (Arc::new(caller), trunk.is_some_and(|trunk| trunk.overlap))
        }
    }
}

/// Counts the call at the caller's line; `Some` when the line has too many already.
fn occupy_own_line(step: &mut Step<'_>) -> Option<State> {
    let Origin::Line { line, .. } = &step.facts.origin else { return None };
    let settings = step.shared.configuration.lines.get(line.as_str())?;
    let limit = settings.calls_max;
    if step.shared.calls_of(line) >= limit {
        let line = line.clone();
        let line = step.shown(line.as_str());
        return Some(step.refuse(Cause::USER_BUSY, WhyRefused::CallsMax { line, limit }));
    }
    step.shared.occupy(line);
    step.shared.call_backs.used(line);
    step.facts.occupies_own = true;
    None
}
