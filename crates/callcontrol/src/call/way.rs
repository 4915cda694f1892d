//! The way of a call: what is tried now, and what comes next when nobody takes the call there.
//!
//! A line has its forwards, a route list its further trunks, a hunt its further members; a single trunk or service has
//! nothing after it. Each says so in a file of its own.

mod forward;
mod hunting;
mod line;
mod rerouting;
mod route_list;

use std::sync::Arc;
use std::time::Duration;

use strowger_base::feature::ParkEvent;
use strowger_base::journal::{ReleasedBy, WhyEnded, WhyRefused, WhyReleased};
use strowger_base::leg::Target;
use strowger_base::{Cause, LegId, LineName, limits};
use strowger_dialplan::{Caller, Digits};

use super::announcing::Ending;
use super::authorizing::Authorizing;
use super::{State, Step, setup};
use crate::failure::Failure;
use crate::features::call_back;

pub(super) use forward::Redirected;
pub(super) use hunting::{Hunting, Phones};
pub(super) use line::LineWay;
pub(super) use route_list::Routing;
pub use route_list::TrunkList;

/// What is tried now.
pub(super) enum Way {
    /// Nothing: the number is analysed, or somebody has the call.
    None,
    /// A trunk or service, and nothing after it.
    Alone,
    /// The phones of a line, then its forwards.
    Line(LineWay),
    /// The trunks of a route list.
    RouteList(Box<Routing>),
    /// The members of a hunt list, then what the pilot says.
    Hunt(Box<Hunting>),
    /// A service of ours, which asks the caller for the codes of the number.
    Prompt(Box<Authorizing>),
    /// Nothing more: the caller hears why the call ends like this.
    Announcement(Ending),
}

/// How it ended where the call was tried.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tried {
    /// Every device refused or failed; this tells the caller most.
    Failed(Failure),
    /// They rang for as long as they may.
    NoAnswer,
}

/// How far media is with the caller when the call could go on elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CallerMedia {
    /// Nothing was agreed: its offer, or its wish for one, goes to whoever comes next.
    Nothing,
    /// A session was agreed early with a device that is gone. See [`Way::goes_on_after_early_media`].
    Agreed,
    /// A session was agreed with somebody before, and nothing was heard of the device that is gone.
    Before,
    /// An offer is open between the caller and the device that is gone, so that nobody else can be told about media.
    Open,
}

impl Way {
    /// Whether somebody else is tried after the caller heard early media.
    ///
    /// A session was agreed then, in answer to an offer that can be answered only once in a dialog (RFC 3261 §13.2.1). The
    /// next destination of a forward or a hunt is offered what the caller described last, is not heard before it answers,
    /// and its answer is given to the caller with the answer of the call, whose leg makes the session follow. A phone that
    /// lets itself be heard before the answer must not cost a caller the voice mailbox. A trunk that let the caller
    /// hear something has said why the call fails; another trunk of the list would only say it again. One that was not heard, since the
    /// caller had agreed on media with somebody before, has said nothing.
    const fn goes_on_after_early_media(&self) -> bool {
        match self {
            Way::Line(_) | Way::Hunt(_) | Way::Prompt(_) => true,
            Way::None | Way::Alone | Way::RouteList(_) | Way::Announcement(_) => false,
        }
    }
}

impl Tried {
    pub(super) const fn cause(self) -> Cause {
        match self {
            Tried::Failed(failure) => failure.cause,
            Tried::NoAnswer => Cause::NO_ANSWER_FROM_USER,
        }
    }
}

impl Step<'_> {
    /// How long what is tried now may ring.
    pub(super) fn rings_for(&self) -> Duration {
        match &self.facts.way {
            Way::Line(line) => line.ring_time(),
            Way::Hunt(hunting) => hunting.rings_for(self.now),
            // The annunciator ends by itself; this is for one that does not.
            Way::Announcement(_) => limits::ANNOUNCEMENT_TIME + limits::ANNOUNCEMENT_TIME,
            Way::Prompt(authorizing) => authorizing.waits_for(self.now),
            Way::Alone if self.shared.call_backs.rings(self.facts.id) => call_back::RINGS,
            Way::None | Way::Alone | Way::RouteList(_) => self.shared.configuration.no_answer,
        }
    }

    /// Nobody took the call where it was tried, and nothing rings any more: what comes next, or the end.
    pub(super) fn go_on(&mut self, tried: Tried, media: CallerMedia) -> State {
        match media {
            CallerMedia::Nothing | CallerMedia::Before => {}
            CallerMedia::Agreed if self.facts.way.goes_on_after_early_media() => {
                self.facts.caller_media = media;
            }
            CallerMedia::Agreed | CallerMedia::Open => {
                // Nobody else can be told about its media, so that it rings nowhere again.
                self.facts.rang_at = None;
                (self.facts.way, self.facts.caller_media) = (Way::None, media);
                return self.give_up(tried);
            }
        }
        match std::mem::replace(&mut self.facts.way, Way::None) {
            Way::None | Way::Alone => self.give_up(tried),
            Way::Announcement(ending) => self.finish(ending),
            Way::Prompt(authorizing) => (*authorizing).without_prompter(self),
            Way::Line(line) => line.go_on(self, tried),
            Way::RouteList(routing) => routing.go_on(self, tried),
            Way::Hunt(hunting) => hunting.go_on(self, tried),
        }
    }

    /// A device has the call.
    pub(super) fn taken_by(&mut self, leg: LegId) {
        self.facts.rang_at = None;
        let target = self.facts.rung.iter().find(|rung| rung.leg == leg).map(|rung| &rung.target);
        let line = match target {
            Some(Target::Phone { line, .. }) => Some(line.clone()),
            Some(Target::Trunk(_) | Target::Service(_)) | None => None,
        };
        let parker = self.facts.parked.as_ref().and_then(|place| place.by.as_ref());
        let is_back = parker.is_some() && parker == line.as_ref();
        self.leave_place(if is_back { ParkEvent::Retrieved } else { ParkEvent::Forwarded });
        match (std::mem::replace(&mut self.facts.way, Way::None), &line) {
            (Way::Hunt(mut hunting), Some(member)) => hunting.connected(self, member),
            (
                Way::None
                | Way::Alone
                | Way::Line(_)
                | Way::RouteList(_)
                | Way::Hunt(_)
                | Way::Prompt(_)
                | Way::Announcement(_),
                _,
            ) => {}
        }
        if let Some(line) = &line {
            self.shared.call_backs.used(line);
        }
        self.vacate_all_but(line.as_ref());
        self.keep_bandwidth_of(leg);
    }

    /// The member of a line group whose phone this is, while the call hunts.
    pub(super) fn hunted(&self, leg: LegId) -> Option<LineName> {
        let Way::Hunt(_) = self.facts.way else { return None };
        let rung = self.facts.rung.iter().find(|rung| rung.leg == leg)?;
        match &rung.target {
            Target::Phone { line, .. } => Some(line.clone()),
            Target::Trunk(_) | Target::Service(_) => None,
        }
    }

    /// A member of a line group is out; whether others still ring. When none does, the hunt is told with what comes next.
    pub(super) fn member_lost(&mut self, member: &LineName, failure: Failure) -> bool {
        let Way::Hunt(mut hunting) = std::mem::replace(&mut self.facts.way, Way::None) else { return false };
        let others = hunting.others_ring(member);
        if others {
            hunting.lost(self, member, failure);
        }
        self.facts.way = Way::Hunt(hunting);
        others
    }

    /// These devices are rung: a member of a line group of which none is, is out.
    pub(super) fn members_rung(&mut self, targets: &[Target]) {
        if let Way::Hunt(_) = self.facts.way
            && let Way::Hunt(mut hunting) = std::mem::replace(&mut self.facts.way, Way::None)
        {
            hunting.rings_only(self, targets);
            self.facts.way = Way::Hunt(hunting);
        }
    }

    /// Somebody else calls from here on, whose number and mask count wherever the call goes.
    pub(in crate::call) fn way_has_another_caller(&mut self) {
        let (came, _) = setup::who_dials(self);
        let before = self.facts.dials.take();
        let mut caller = before.as_deref().map_or_else(Caller::default, Caller::clone);
        caller.number = Digits::parse(&self.facts.calling.number).unwrap_or_default();
        caller.external_mask.clone_from(&came.external_mask);
        caller.emergency_number = came.emergency_number;
        self.facts.dials = before.map(|_| Arc::new(caller));
        if let Way::RouteList(_) = self.facts.way
            && let Way::RouteList(mut routing) = std::mem::replace(&mut self.facts.way, Way::None)
        {
            routing.has_another_caller(self);
            self.facts.way = Way::RouteList(routing);
        }
    }

    /// The call ends because nobody took it.
    pub(super) fn give_up(&mut self, tried: Tried) -> State {
        let (released, by, ended) = match tried {
            Tried::Failed(_) => (WhyReleased::CallRefused, ReleasedBy::Called, WhyEnded::NobodyTookIt),
            Tried::NoAnswer => (WhyReleased::NoAnswer, ReleasedBy::System, WhyEnded::NoAnswer),
        };
        self.fail(Ending { cause: tried.cause(), by, released, ended })
    }

    /// A state that cannot occur without a bug of ours: the call ends rather than wait for ever.
    pub(super) fn lost_its_way(&mut self) -> State {
        self.impossible("a call is on another way than it waits for");
        self.refuse(Cause::TEMPORARY_FAILURE, WhyRefused::NumberNotResolved)
    }

    /// The call is offered to a line, which counts it from here on.
    pub(super) fn occupy(&mut self, line: &LineName) {
        self.shared.occupy(line);
        self.shared.offered.add(line, self.facts.id);
        self.facts.occupied.push(line.clone());
        self.notice_later(line);
    }

    /// The call is not offered to this line any more.
    fn vacate(&mut self, line: &LineName) {
        if let Some(position) = self.facts.occupied.iter().position(|other| other == line) {
            self.facts.occupied.swap_remove(position);
            self.shared.offered.remove(line, self.facts.id);
            self.shared.vacate(line, self.now.mono);
        }
        if self.facts.occupied.is_empty() {
            // Each line has its own time to be noticed.
            self.notice_nobody();
        }
    }

    /// The call is offered to no line any more but to `keeper`.
    pub(super) fn vacate_all_but(&mut self, keeper: Option<&LineName>) {
        self.notice_nobody();
        let mut occupied = std::mem::take(&mut self.facts.occupied);
        occupied.retain(|line| {
            let stays = keeper == Some(line);
            self.shared.offered.remove(line, self.facts.id);
            if !stays {
                self.shared.vacate(line, self.now.mono);
            }
            stays
        });
        self.facts.occupied = occupied;
    }
}
