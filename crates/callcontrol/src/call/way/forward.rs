//! A call is sent on, by a line or by a hunt pilot: it is looked up again as another number, and keeps who sent it.

use std::sync::Arc;

use strowger_base::journal::{Decision, Forwarding, Redirection, WayOut, WhyForwarded, WhyRefused};
use strowger_base::leg::{Diversion, Origin, Party, Presentation};
use strowger_base::line::number_of;
use strowger_base::{Cause, WallTime};
use strowger_dialplan::forward::{
    BreakoutBecause, CallSide, Classification, ForwardKind, ForwardTarget, Redirect, RedirectReason,
    Step as Next, Trail,
};
use strowger_dialplan::hunt::Exhausted;
use strowger_dialplan::{Caller, Digits, SearchSpace};

use super::super::{Divert, Facts, State, Step, Taking, dialing};

/// What a call has been through that was redirected, or went through a hunt pilot.
#[derive(Clone)]
pub(in crate::call) struct Redirected {
    trail: Trail<Box<str>>,
    /// The number to which it was sent last; empty before the first time.
    to: Box<str>,
    /// The hunt pilot that it went through last; empty without one.
    pilot: Box<str>,
}

/// One redirection, on its way.
struct Onward<'f> {
    by: &'f str,
    why: WhyForwarded,
    to: &'f str,
    css: &'f SearchSpace,
    hop: u8,
    way_out: Option<WayOut>,
    /// Where and when a user set the forward; `None` for a configured one.
    set_by: Option<(Box<str>, WallTime)>,
}

impl Step<'_> {
    /// Sends the call on as the forwards of `line` say; `None` when they say nothing about this, so that the line keeps it.
    pub(super) fn forward(&mut self, line: &str, kind: ForwardKind) -> Option<State> {
        let configuration = Arc::clone(&self.shared.configuration);
        // Calls to an intercom line go nowhere else.
        let settings = configuration.lines.get(line).filter(|line| line.intercom.is_none())?;
        let side = self.side();
        // Calls to lines that say nothing leave no trail.
        let forwards = self.shared.user_settings.forwards(line, settings)?;
        let leads = forwards.target(kind, side).map(|target| settings.number_of(target));
        leads.filter(|number| !number.is_empty())?;
        let mut redirected = self.redirected(line);
        let leads_to = |target: &ForwardTarget<SearchSpace>| {
            let caller = Arc::new(self.facts.caller_for(target.css()));
            let line = configuration.line_behind(settings.number_of(target), caller, self.now.wall);
            line.map(|line| line.as_str().into())
        };
        let next = redirected.trail.step(&line.into(), &*forwards, kind, side, leads_to);
        self.facts.redirected = Some(redirected);
        match next {
            Next::NotSet => None,
            Next::To { target, kind, hop, breakout } => Some(
                self.send_on(&Onward {
                    set_by: self
                        .shared
                        .user_settings
                        .forward_made(line, kind)
                        .map(|made| (made.phone.clone(), made.at)),
                    by: line,
                    why: why(kind),
                    to: settings.number_of(target),
                    css: target.css(),
                    hop,
                    way_out: breakout.map(way_out),
                }),
            ),
            Next::Ring { because } => {
                let line = self.shown(line);
                self.decide(None, Decision::ForwardNotFollowed { line, because: way_out(because) });
                None
            }
            Next::Refused(reached) => Some(self.too_many_hops(line, reached.hops)),
        }
    }

    /// Counts a hunt pilot that the call reaches; `Some` when it is one hop too many.
    pub(super) fn through_pilot(&mut self, pilot: &str) -> Option<State> {
        let mut redirected = self.redirected(pilot);
        redirected.pilot = pilot.into();
        let counted = redirected.trail.through_hunt_pilot();
        self.facts.redirected = Some(redirected);
        counted.err().map(|reached| self.too_many_hops(pilot, reached.hops))
    }

    /// A hunt found nobody, and its pilot sends the call on.
    pub(super) fn hunt_sends_on(
        &mut self,
        pilot: &str,
        because: Exhausted,
        (to, css): (&str, &SearchSpace),
    ) -> State {
        let mut redirected = self.redirected(pilot);
        let counted = redirected.trail.hunt_ended(&pilot.into(), because);
        self.facts.redirected = Some(redirected);
        match counted {
            Ok(hop) => {
                let why = WhyForwarded::HuntEnded;
                self.send_on(&Onward { by: pilot, why, to, css, hop, way_out: None, set_by: None })
            }
            Err(reached) => self.too_many_hops(pilot, reached.hops),
        }
    }

    /// A feature takes the call from a line, which stands in its record like a forward.
    pub(in crate::call) fn taken_from(&mut self, taking: &Taking<'_>, to: &str) {
        let mut redirected = self.redirected(taking.from);
        redirected.trail.taken(&taking.from.into(), taking.reason, taking.on_behalf_of);
        let redirection = Redirection {
            by: self.shared.configuration.shown(taking.from),
            reason: taking.reason.0,
            on_behalf_of: taking.on_behalf_of.0.into(),
        };
        let hop = u32::from(redirected.trail.hops());
        self.facts.redirected = Some(redirected);
        let forwarding = Forwarding { redirection, why: taking.why, to, hop, way_out: None };
        self.out.decide(self.now, self.facts.id, None, Decision::Forwarded(forwarding));
    }

    /// A feature sends the call to a number, which is looked up among what `css` sees.
    pub(in crate::call) fn sent_to(&mut self, number: &str, css: &SearchSpace) -> Caller {
        if let Some(redirected) = &mut self.facts.redirected {
            redirected.to = number.into();
        }
        self.facts.caller_for(css)
    }

    /// The side that the call comes from, as forwards tell it apart.
    pub(crate) fn side(&self) -> CallSide {
        let configuration = &self.shared.configuration;
        match &self.facts.origin {
            Origin::Line { .. } => CallSide::Internal,
            Origin::Trunk(name) => {
                let trunk = configuration.trunks.get(name);
                let class = trunk.map_or_else(Classification::default, |trunk| trunk.classification);
                class.side(configuration.trunk_side)
            }
        }
    }

    /// What the call has been through; when that is nothing yet, `called` is who was called originally.
    fn redirected(&mut self, called: &str) -> Box<Redirected> {
        self.facts.redirected.take().unwrap_or_else(|| {
            let before = u8::try_from(self.facts.diversions.len()).unwrap_or(u8::MAX);
            let parameters = self.shared.configuration.forward_parameters;
            let trail = Trail::arrived(called.into(), before, parameters);
            Box::new(Redirected { trail, to: Box::default(), pilot: Box::default() })
        })
    }

    /// A phone of a line sends the call to voice mail, which is that of the line that shall stand first among those who diverted.
    pub(in crate::call) fn diverted_to(&mut self, divert: &Divert) -> State {
        let mut redirected = self.redirected(divert.line.as_str());
        let counted = redirected.trail.diverted(&divert.line.as_str().into());
        self.facts.redirected = Some(redirected);
        match counted {
            Ok(hop) => self.send_on(&Onward {
                by: &divert.owner,
                why: WhyForwarded::Diverted,
                to: &divert.pilot,
                css: &divert.dials.search_space,
                hop,
                way_out: None,
                set_by: None,
            }),
            Err(reached) => self.too_many_hops(divert.line.as_str(), reached.hops),
        }
    }

    /// A device that was called names somebody else, who is looked up among what `css` sees.
    pub(in crate::call) fn redirected_to(&mut self, by: &str, to: &str, css: &SearchSpace) -> State {
        let mut redirected = self.redirected(by);
        let counted = redirected.trail.named_elsewhere(&by.into());
        self.facts.redirected = Some(redirected);
        match counted {
            Ok(hop) => {
                let why = WhyForwarded::Redirected;
                self.send_on(&Onward { by, why, to, css, hop, way_out: None, set_by: None })
            }
            Err(reached) => self.too_many_hops(by, reached.hops),
        }
    }

    /// The call is looked up again as another number.
    fn send_on(&mut self, onward: &Onward<'_>) -> State {
        let Some(redirected) = &mut self.facts.redirected else { return self.lost_its_way() };
        redirected.to = onward.to.into();
        let Some(redirect) = redirected.trail.redirects().last() else { return self.lost_its_way() };
        let reason = diversion_reason(redirect.reason);
        let forwarding = Forwarding {
            redirection: Redirection {
                by: self.shared.configuration.shown(&redirect.from),
                ..view(redirect)
            },
            why: onward.why,
            to: onward.to,
            hop: onward.hop.into(),
            way_out: onward.way_out,
        };
        if let Some((phone, at)) = &onward.set_by {
            let made = Decision::ForwardSetByUser { phone, at: *at };
            self.out.decide(self.now, self.facts.id, None, made);
        }
        self.out.decide(self.now, self.facts.id, None, Decision::Forwarded(forwarding));
        let party = Party {
            number: number_of(onward.by).into(),
            name: self.shared.configuration.display_name(onward.by).into(),
            presentation: Presentation::Allowed,
        };
        self.facts.diversions.insert(0, Diversion { party, reason: reason.into() });
        let caller = self.facts.caller_for(onward.css);
        dialing::forwarded(self, Arc::new(caller), onward.to)
    }

    /// The call goes on to another number of a line, for which there was no bandwidth; `Some` when that is one hop too many.
    pub(super) fn redirected_for_bandwidth(&mut self, line: &str, to: &str) -> Option<State> {
        let mut redirected = self.redirected(line);
        let counted = redirected.trail.rerouted(&line.into());
        redirected.to = to.into();
        self.facts.redirected = Some(redirected);
        counted.err().map(|reached| self.too_many_hops(line, reached.hops))
    }

    fn too_many_hops(&mut self, at: &str, hops: u8) -> State {
        let (at, hops) = (self.shown(at), u32::from(hops));
        self.decide(None, Decision::HopLimitReached { at, hops });
        self.refuse(Cause::EXCHANGE_ROUTING_ERROR, WhyRefused::TooManyRedirections { hops })
    }
}

impl Facts {
    /// The number that is looked up: as it was dialled, or to which the call was sent last.
    pub(in crate::call) fn wanted(&self) -> &str {
        match &self.redirected {
            Some(redirected) if !redirected.to.is_empty() => &redirected.to,
            Some(_) | None => &self.called,
        }
    }

    /// Whether somebody sent the call on.
    pub(in crate::call) fn was_sent_on(&self) -> bool {
        self.redirected.as_ref().is_some_and(|redirected| !redirected.to.is_empty())
    }

    /// The line or pilot that was called originally, as far as the call was redirected.
    pub(in crate::call) fn original_called(&self) -> Option<&str> {
        self.redirected.as_ref().map(|redirected| &**redirected.trail.original_called())
    }

    /// Who sent the call on, by name, the last of them first.
    pub(in crate::call) fn forwarded_by(&self) -> impl Iterator<Item = &str> {
        let redirects = self.redirected.as_ref().map(|redirected| redirected.trail.redirects());
        redirects.unwrap_or_default().iter().rev().map(|redirect| &*redirect.from)
    }

    /// Who sent the call on, and the hunt pilot that it went through.
    pub(in crate::call) fn redirections(&self) -> (Vec<Redirection<'_>>, &str) {
        let Some(redirected) = &self.redirected else { return (Vec::new(), "") };
        (redirected.trail.redirects().iter().map(view).collect(), &redirected.pilot)
    }

    /// The caller, as a forward sees the plan for it: with its present number, and with the forward's partitions only.
    pub(in crate::call) fn caller_for(&self, css: &SearchSpace) -> Caller {
        let mut caller = self.dials.as_deref().cloned().unwrap_or_default();
        caller.search_space = css.clone();
        if let Ok(number) = Digits::parse(&self.calling.number) {
            caller.number = number;
        }
        caller
    }
}

/// As it stands in the record: by number.
fn view(redirect: &Redirect<Box<str>>) -> Redirection<'_> {
    Redirection {
        by: number_of(&redirect.from),
        reason: redirect.reason.0,
        on_behalf_of: redirect.on_behalf_of.0.into(),
    }
}

const fn why(kind: ForwardKind) -> WhyForwarded {
    match kind {
        ForwardKind::All => WhyForwarded::All,
        ForwardKind::Busy => WhyForwarded::Busy,
        ForwardKind::NoAnswer => WhyForwarded::NoAnswer,
        ForwardKind::Unregistered => WhyForwarded::Unregistered,
        ForwardKind::NoCoverage => WhyForwarded::NoCoverage,
        ForwardKind::CtiFailure => WhyForwarded::CtiFailure,
    }
}

const fn way_out(because: BreakoutBecause) -> WayOut {
    match because {
        BreakoutBecause::Loop => WayOut::Loop,
        BreakoutBecause::HopLimit => WayOut::HopLimit,
    }
}

/// The reason of a Diversion header (RFC 5806).
const fn diversion_reason(reason: RedirectReason) -> &'static str {
    match reason {
        RedirectReason::FORWARD_ALL => "unconditional",
        RedirectReason::FORWARD_BUSY => "user-busy",
        RedirectReason::FORWARD_NO_ANSWER => "no-answer",
        RedirectReason::FORWARD_UNREGISTERED => "unavailable",
        RedirectReason::FORWARD_ON_FAILURE => "out-of-service",
        RedirectReason::IMMEDIATE_DIVERT | RedirectReason::REDIRECTION => "deflection",
        _ => "unknown",
    }
}
