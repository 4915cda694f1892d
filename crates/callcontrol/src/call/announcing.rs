//! A caller whose call fails hears why, where the configuration says so: an announcement or a tone as early media, and then the refusal.
//!
//! The annunciator is rung like a device that lets itself be heard and never answers; what it says about media goes the way of all
//! early media. The caller is told with it that the call fails and why (183 with a Reason, RFC 6432). However the announcement ends,
//! the call ends with the cause that it had before.

use std::sync::Arc;

use strowger_base::journal::{
    Decision, MediaFunction, MediaNews, ReleasedBy, WhyEnded, WhyNotAnnounced, WhyReleased,
};
use strowger_base::leg::{Alert, Service, Target, Tone};
use strowger_base::{Cause, LegId, limits};

use super::facts::Progress;
use super::participant::Stage;
use super::way::{CallerMedia, Way};
use super::{Opening, State, Step};
use crate::io::Reach;
use crate::resources;

/// How a call ends that nobody took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    pub(super) cause: Cause,
    pub(super) by: ReleasedBy,
    /// What is said of the caller's leg.
    pub(super) released: WhyReleased,
    pub(super) ended: WhyEnded,
}

impl Step<'_> {
    /// The call fails: the caller waits on at its number, or hears why, or is told at once.
    pub(super) fn fail(&mut self, ending: Ending) -> State {
        // It is for this failure, and for none after it.
        let own = self.facts.blocked_by.take().map(Tone::Source);
        if let Some(waits) = self.ring_again().or_else(|| self.park_again()) {
            return waits;
        }
        match &self.facts.way {
            // The announcement is over, or could not be heard.
            Way::Announcement(first) => {
                let first = *first;
                self.finish(first)
            }
            Way::None | Way::Alone | Way::Line(_) | Way::RouteList(_) | Way::Hunt(_) | Way::Prompt(_) => {
                let of_cause = || self.shared.configuration.announcement(ending.cause, &self.facts.origin);
                let tone = own.or_else(of_cause);
                match tone.map(|tone| self.may_announce().map(|()| tone)) {
                    Some(Ok(tone)) => self.announce(tone, ending),
                    Some(Err(why)) => {
                        self.decide(None, Decision::NotAnnounced { why });
                        self.finish(ending)
                    }
                    None => self.finish(ending),
                }
            }
        }
    }

    /// Whether the caller can hear something now.
    fn may_announce(&mut self) -> Result<(), WhyNotAnnounced> {
        if self.facts.caller_stage != Stage::Waits || self.facts.caller_media != CallerMedia::Nothing {
            Err(WhyNotAnnounced::HeardBefore)
        } else if !self.can_hear() || !self.shared.legs.contains_key(&self.facts.caller) {
            Err(WhyNotAnnounced::NoOffer)
        } else if self.shared.announcing.len() >= limits::ANNOUNCEMENTS {
            Err(WhyNotAnnounced::TooMany)
        } else {
            self.take_annunciator()
        }
    }

    /// Whether the caller can be told about media before the answer: it offered some, or can answer an offer by then (RFC 3262 §5).
    const fn can_hear(&self) -> bool {
        self.facts.offer.is_some() || self.facts.caller_takes_reliable
    }

    /// Whether the caller can be asked for something before the call goes on; what that takes is taken.
    pub(super) fn may_prompt(&mut self) -> Result<(), WhyNotAnnounced> {
        self.may_announce()?;
        self.shared.announcing.insert(self.facts.id);
        Ok(())
    }

    /// Takes an annunciator from the caller's media resource group list, where any is configured.
    fn take_annunciator(&mut self) -> Result<(), WhyNotAnnounced> {
        let configuration = Arc::clone(&self.shared.configuration);
        if !configuration.media.in_use || self.facts.annunciator.is_some() {
            return Ok(());
        }
        let function = MediaFunction::Annunciator;
        let caller = Some(self.facts.caller);
        let lists = configuration.media_of_origin(&self.facts.origin, self.facts.address).1;
        match self.shared.resources.take(&configuration.media, function, &lists.names()) {
            Ok(Some(taken)) => {
                self.decide(caller, Decision::Resource(resources::taken_view(&taken)));
                self.facts.annunciator = Some(Box::new(taken));
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(exhausted) => {
                let full = resources::full(&exhausted);
                self.decide(caller, Decision::Resource(MediaNews::Exhausted { function, full: &full }));
                Err(WhyNotAnnounced::NoAnnunciator)
            }
        }
    }

    /// The caller hears no service of ours any more before the answer.
    pub(super) fn give_back_annunciator(&mut self) {
        self.shared.announcing.remove(&self.facts.id);
        if let Some(taken) = self.facts.annunciator.take() {
            self.shared.resources.give_back(*taken);
        }
    }

    fn announce(&mut self, tone: Tone, ending: Ending) -> State {
        self.stop_collecting();
        self.vacate_all_but(None);
        // Whoever is told why is in no intercom call any more: it would be told that nobody is heard.
        self.shared.intercoms.end(self.facts.id);
        self.shared.announcing.insert(self.facts.id);
        self.shared.counters.announced += 1;
        self.decide(None, Decision::Announced { cause: ending.cause, tone });
        self.facts.way = Way::Announcement(ending);
        Opening::prepare(self, vec![Target::Service(Service::Annunciator(tone))], Reach::Direct)
    }

    /// What the caller is told when a device lets itself be heard.
    pub(super) fn heard_as(&mut self, alert: Alert) -> Alert {
        match &self.facts.way {
            Way::Announcement(ending) => Alert::Failing(ending.cause),
            // Nothing was reached yet.
            Way::Prompt(_) => alert,
            Way::None | Way::Alone | Way::Line(_) | Way::RouteList(_) | Way::Hunt(_) => {
                self.facts.alerted_at.get_or_insert(self.now.wall);
                alert
            }
        }
    }

    /// A device that was rung is gone; `Some` when it was the annunciator, and the call ends with it.
    pub(super) fn announced(&mut self, leg: LegId) -> Option<State> {
        let Way::Announcement(ending) = self.facts.way else { return None };
        self.forget(leg);
        if let Some(rung) = self.facts.rung_mut(leg) {
            rung.progress = Progress::Withdrawn(ending.cause);
        }
        Some(self.finish(ending))
    }

    /// The annunciator plays for too long; `Some` when it is what was rung.
    pub(super) fn announced_too_long(&mut self) -> Option<State> {
        let Way::Announcement(ending) = self.facts.way else { return None };
        Some(self.finish(ending))
    }

    /// Nothing more is done for the call.
    pub(super) fn finish(&mut self, ending: Ending) -> State {
        let Ending { cause, by, released, ended } = ending;
        self.withdraw_all(cause, released);
        self.release(self.facts.caller, cause, released);
        self.end(cause, by, ended)
    }
}
