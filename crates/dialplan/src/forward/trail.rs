//! What one call has been through.

use strowger_base::Cause;

use super::reason::{OnBehalfOf, RedirectReason};
use super::settings::{CallSide, ForwardKind, ForwardTarget, LineForwards};
use crate::hunt::Exhausted;
use crate::range::{self, OutOfRange};

/// The redirections of one call, and what ends going round.
///
/// `L` names whatever can redirect: a line in its partition, or a hunt pilot. Original called and last redirecting
/// party travel with the call (Diversion, History-Info) and stand in its record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trail<L> {
    parameters: ForwardParameters,
    called: L,
    redirects: Vec<Redirect<L>>,
    hops: u8,
    /// The last hop was the way out of a loop or a chain that is too long: there is no further one.
    broken_out: bool,
}

/// One redirection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Redirect<L> {
    /// Who sent the call on.
    pub from: L,
    /// Why, in the numbers of call records.
    pub reason: RedirectReason,
    /// The feature that did it, in the numbers of call records.
    pub on_behalf_of: OnBehalfOf,
}

/// How far calls are forwarded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ForwardParameters {
    /// Most redirections of one call. Unverified (U-10): 12 by default.
    pub hop_limit: HopLimit,
    /// When a forward of all calls leads back to a line that forwarded this call before. By default the last line's
    /// CFNA takes the call at once.
    pub on_loop: Breakout,
    /// When a forward of all calls would be one hop too many. Unverified (vector FW-02): by default the last line rings.
    pub on_hop_limit: Breakout,
}

/// What becomes of a call whose forward of all calls is not followed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Breakout {
    /// The line rings as if the forward were not set.
    Ring,
    /// The line's CFNA takes the call at once; without one the line rings.
    NoAnswerForward,
}

/// Most redirections of one call: 1 to 60, with QSIG trunks 1 to 15.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HopLimit(u8);

/// What a line does with a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step<'f, C> {
    /// No such forward is set for this side: the line itself keeps the call, or refuses it.
    NotSet,
    /// The call goes on.
    To {
        /// Where to.
        target: &'f ForwardTarget<C>,
        /// Which setting says so.
        kind: ForwardKind,
        /// The how many-th redirection this is, from 1.
        hop: u8,
        /// Set when it is the way out, and not what the line would do otherwise.
        breakout: Option<BreakoutBecause>,
    },
    /// The line rings, although all its calls are forwarded.
    Ring {
        /// Why.
        because: BreakoutBecause,
    },
    /// There is one redirection too many: the call ends.
    Refused(HopLimitReached),
}

/// Why a forward of all calls is not followed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum BreakoutBecause {
    /// It leads back to a line that forwarded this call before.
    Loop,
    /// It would be one hop too many.
    HopLimit,
}

/// A call was redirected as often as it may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the call was redirected {hops} times, which is all that it may be")]
pub struct HopLimitReached {
    /// How often.
    pub hops: u8,
}

/// Whose mailbox answers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Mailbox {
    /// That of the party that was called originally.
    #[default]
    OriginalCalled,
    /// That of the party that redirected last.
    LastRedirecting,
}

/// How often one call is redirected unless the service parameter says otherwise (U-10).
pub const HOP_LIMIT: HopLimit = HopLimit(12);
const HOPS_MAX: u64 = 60;
const QSIG_HOPS_MAX: u64 = 15;

impl<L: Clone + PartialEq> Trail<L> {
    /// A call to `called` that was not redirected yet.
    pub const fn new(called: L, parameters: ForwardParameters) -> Self {
        Trail::arrived(called, 0, parameters)
    }

    /// A call to `called` that was redirected `hops` times before it came here, as its Diversion headers say. These count,
    /// or two systems that forward to each other would go round for ever.
    pub const fn arrived(called: L, hops: u8, parameters: ForwardParameters) -> Self {
        Trail { parameters, called, redirects: Vec::new(), hops, broken_out: false }
    }

    /// What the line `at` does with the call when `kind` happens there.
    ///
    /// `leads_to` tells which line a target leads to, if it leads to one; it is asked about forwards of all calls only.
    /// The redirection is part of the trail when [`Step::To`] is returned.
    pub fn step<'f, C>(
        &mut self,
        at: &L,
        forwards: &'f LineForwards<C>,
        kind: ForwardKind,
        side: CallSide,
        leads_to: impl Fn(&ForwardTarget<C>) -> Option<L>,
    ) -> Step<'f, C> {
        let Some(target) = forwards.target(kind, side) else { return Step::NotSet };
        let spent = self.broken_out || self.hops >= self.parameters.hop_limit.0;
        match kind {
            ForwardKind::All => {
                let back = |line: L| line == *at || self.forwarded_all(&line);
                if leads_to(target).is_some_and(back) {
                    return self.break_out(at, forwards, side, BreakoutBecause::Loop);
                }
                if spent {
                    return self.break_out(at, forwards, side, BreakoutBecause::HopLimit);
                }
            }
            ForwardKind::Busy
            | ForwardKind::NoAnswer
            | ForwardKind::Unregistered
            | ForwardKind::NoCoverage
            | ForwardKind::CtiFailure => {
                if spent {
                    return Step::Refused(HopLimitReached { hops: self.hops });
                }
            }
        }
        let hop = self.redirected(at, kind);
        Step::To { target, kind, hop, breakout: None }
    }

    /// Counts a hunt pilot, which is a hop but no redirection.
    ///
    /// # Errors
    /// When the call was redirected as often as it may be: it ends with [`HopLimitReached::cause`].
    pub fn through_hunt_pilot(&mut self) -> Result<(), HopLimitReached> {
        if self.broken_out || self.hops >= self.parameters.hop_limit.0 {
            return Err(HopLimitReached { hops: self.hops });
        }
        self.hops += 1;
        Ok(())
    }

    /// A hunt pilot sends the call on because nobody took it; `hop` is the how many-th redirection this is.
    ///
    /// # Errors
    /// When the call was redirected as often as it may be: it ends with [`HopLimitReached::cause`].
    pub fn hunt_ended(&mut self, pilot: &L, because: Exhausted) -> Result<u8, HopLimitReached> {
        self.through_hunt_pilot()?;
        let reason = because.reason();
        let redirect = Redirect { from: pilot.clone(), reason, on_behalf_of: OnBehalfOf::FORWARD };
        self.redirects.push(redirect);
        Ok(self.hops)
    }

    /// A feature takes the call from `from`: no forward, so that it is no hop. What is done again is told once.
    pub fn taken(&mut self, from: &L, reason: RedirectReason, on_behalf_of: OnBehalfOf) {
        let redirect = Redirect { from: from.clone(), reason, on_behalf_of };
        if self.redirects.last() != Some(&redirect) {
            self.redirects.push(redirect);
        }
    }

    /// Whoever was called sends the call to voice mail at once.
    ///
    /// # Errors
    /// When the call was redirected as often as it may be: it ends with [`HopLimitReached::cause`].
    pub fn diverted(&mut self, line: &L) -> Result<u8, HopLimitReached> {
        self.through_hunt_pilot()?;
        let (reason, on_behalf_of) = (RedirectReason::IMMEDIATE_DIVERT, OnBehalfOf::IMMEDIATE_DIVERT);
        self.redirects.push(Redirect { from: line.clone(), reason, on_behalf_of });
        Ok(self.hops)
    }

    /// A device that was called names somebody else.
    ///
    /// # Errors
    /// When the call was redirected as often as it may be: it ends with [`HopLimitReached::cause`].
    pub fn named_elsewhere(&mut self, by: &L) -> Result<u8, HopLimitReached> {
        self.through_hunt_pilot()?;
        let (reason, on_behalf_of) = (RedirectReason::REDIRECTION, OnBehalfOf::REDIRECTION);
        self.redirects.push(Redirect { from: by.clone(), reason, on_behalf_of });
        Ok(self.hops)
    }

    /// A call for which there was no bandwidth goes on to another number of the line.
    ///
    /// # Errors
    /// When the call was redirected as often as it may be: it ends with [`HopLimitReached::cause`].
    pub fn rerouted(&mut self, line: &L) -> Result<u8, HopLimitReached> {
        self.through_hunt_pilot()?;
        let (reason, on_behalf_of) = (RedirectReason::REROUTED, OnBehalfOf::REROUTING);
        self.redirects.push(Redirect { from: line.clone(), reason, on_behalf_of });
        Ok(self.hops)
    }

    /// Who was called.
    pub const fn original_called(&self) -> &L {
        &self.called
    }

    /// Who redirected the call last, when somebody did.
    pub fn last_redirecting(&self) -> Option<&L> {
        self.redirects.last().map(|redirect| &redirect.from)
    }

    /// All redirections, the first one first. Call records want the first and the last.
    pub fn redirects(&self) -> &[Redirect<L>] {
        &self.redirects
    }

    /// Hops so far, hunt pilots counted.
    pub const fn hops(&self) -> u8 {
        self.hops
    }

    /// Whose mailbox answers when the call reaches voice mail: normally the first's that was called.
    pub fn mailbox(&self, whose: Mailbox) -> &L {
        match whose {
            Mailbox::OriginalCalled => &self.called,
            Mailbox::LastRedirecting => self.last_redirecting().unwrap_or(&self.called),
        }
    }

    fn break_out<'f, C>(
        &mut self,
        at: &L,
        forwards: &'f LineForwards<C>,
        side: CallSide,
        because: BreakoutBecause,
    ) -> Step<'f, C> {
        let breakout = match because {
            BreakoutBecause::Loop => self.parameters.on_loop,
            BreakoutBecause::HopLimit => self.parameters.on_hop_limit,
        };
        let kind = ForwardKind::NoAnswer;
        let way_out = match breakout {
            Breakout::Ring => None,
            Breakout::NoAnswerForward => forwards.target(kind, side).filter(|_| !self.broken_out),
        };
        let Some(target) = way_out else { return Step::Ring { because } };
        let hop = self.redirected(at, kind);
        self.broken_out = true;
        Step::To { target, kind, hop, breakout: Some(because) }
    }

    /// True when `line` is in the run of forwards of all calls that the call is in.
    fn forwarded_all(&self, line: &L) -> bool {
        let run = self.redirects.iter().rev().take_while(|hop| hop.reason == RedirectReason::FORWARD_ALL);
        run.into_iter().any(|redirect| redirect.from == *line)
    }

    fn redirected(&mut self, from: &L, kind: ForwardKind) -> u8 {
        let redirect =
            Redirect { from: from.clone(), reason: kind.reason(), on_behalf_of: OnBehalfOf::FORWARD };
        self.redirects.push(redirect);
        self.hops = self.hops.saturating_add(1);
        self.hops
    }
}

impl HopLimit {
    /// At most `hops` redirections, 1 to 60.
    ///
    /// # Errors
    /// When it is out of range.
    pub fn new(hops: u8) -> Result<Self, OutOfRange> {
        range::within("forward maximum hop count", hops.into(), 1, HOPS_MAX)?;
        Ok(HopLimit(hops))
    }

    /// At most `hops` redirections where QSIG trunks carry the count, 1 to 15.
    ///
    /// # Errors
    /// When it is out of range.
    pub fn with_qsig(hops: u8) -> Result<Self, OutOfRange> {
        range::within("forward maximum hop count with QSIG", hops.into(), 1, QSIG_HOPS_MAX)?;
        Ok(HopLimit(hops))
    }

    /// The figure.
    pub const fn hops(self) -> u8 {
        self.0
    }
}

impl HopLimitReached {
    /// What the caller is told.
    pub const fn cause(self) -> Cause {
        Cause::EXCHANGE_ROUTING_ERROR
    }
}

impl Default for ForwardParameters {
    fn default() -> Self {
        ForwardParameters {
            hop_limit: HOP_LIMIT,
            on_loop: Breakout::NoAnswerForward,
            on_hop_limit: Breakout::Ring,
        }
    }
}

#[cfg(test)]
mod tests;
