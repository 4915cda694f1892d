//! A device that is called names somebody else (SIP 3xx, RFC 3261 §8.1.3.4): the call is looked up again as that number.
//!
//! That is a redirection on account of the device: what it sees of the plan counts, a phone's partitions as if it dialled, a trunk's as
//! if a call came from there. It is counted among the forwards of the call, so that devices which name each other end at the hop limit. Of
//! several phones of a line one redirects the call of all, as one of them diverts it. A route list goes on with its next trunk where one of them
//! names what leads nowhere.

use std::sync::Arc;

use strowger_base::LegId;
use strowger_base::journal::{Decision, WhyNotRedirected, WhyReleased};
use strowger_base::leg::{Elsewhere, Target};
use strowger_dialplan::{Decision as Verdict, Digits, SearchSpace, Trace};

use super::participant::Device;
use super::way::{CallerMedia, Way};
use super::{State, Step};

impl Step<'_> {
    /// A device refused the call and named somebody else: where the call goes then. `None` when it does not, so that this is a refusal
    /// like another one.
    pub(super) fn redirects(
        &mut self,
        leg: LegId,
        elsewhere: Elsewhere,
        media: CallerMedia,
    ) -> Option<State> {
        let target = self.facts.rung_on(leg)?.clone();
        let origin = Device::Called(target.clone()).origin()?;
        let css = self.shared.configuration.caller_of(&origin, None).search_space.clone();
        let (to, why) = match elsewhere {
            Elsewhere::Number(number) => {
                let why = self.stays_here(leg, media).or_else(|| self.stays_in_list(&number, &css));
                (number, why)
            }
            Elsewhere::Host(host) => (host, Some(WhyNotRedirected::OtherHost)),
            Elsewhere::Nobody => (Box::default(), Some(WhyNotRedirected::NoNumber)),
        };
        if let Some(why) = why {
            self.decide(Some(leg), Decision::RedirectNotFollowed { to: &to, why });
            return None;
        }
        let by: Box<str> = match &target {
            Target::Phone { line, .. } => line.as_str().into(),
            // It has no number but the one that was called there.
            Target::Trunk(_) | Target::Service(_) => self.facts.sent.clone(),
        };
        self.cancel_timer();
        self.withdraw_all(strowger_base::Cause::NON_SELECTED_USER_CLEARING, WhyReleased::RefusedElsewhere);
        self.facts.way = Way::None;
        self.vacate_all_but(None);
        if media == CallerMedia::Agreed {
            self.facts.caller_media = media;
        }
        Some(self.redirected_to(&by, &to, &css))
    }

    /// Why the call does not go where a device wants it sent.
    fn stays_here(&self, leg: LegId, media: CallerMedia) -> Option<WhyNotRedirected> {
        let own_feature = self.shared.is_intercom(leg)
            || self.shared.call_backs.rings(self.facts.id)
            || self.facts.rang_at.is_some();
        match (&self.facts.way, media) {
            (_, _) if own_feature => Some(WhyNotRedirected::Feature),
            (Way::Hunt(_), _) => Some(WhyNotRedirected::Hunting),
            (_, CallerMedia::Open) => Some(WhyNotRedirected::Media),
            (Way::Alone | Way::RouteList(_), CallerMedia::Agreed) => Some(WhyNotRedirected::Media),
            (
                Way::None
                | Way::Alone
                | Way::Line(_)
                | Way::RouteList(_)
                | Way::Announcement(_)
                | Way::Prompt(_),
                _,
            ) => None,
        }
    }

    /// Why a route list goes on with its next trunk, whatever one of them wants: what it names leads nowhere, or the call is for an
    /// emergency service, which another trunk may reach.
    fn stays_in_list(&self, to: &str, css: &SearchSpace) -> Option<WhyNotRedirected> {
        let Way::RouteList(routing) = &self.facts.way else { return None };
        if self.facts.emergency && routing.goes_further(self) {
            return Some(WhyNotRedirected::Emergency);
        }
        (*to == *self.facts.sent || !self.leads_somewhere(to, css)).then_some(WhyNotRedirected::Nowhere)
    }

    /// Whether a number leads somewhere for who sees this much of the plan.
    fn leads_somewhere(&self, to: &str, css: &SearchSpace) -> bool {
        let (plan, caller) = (&self.shared.configuration.plan, self.facts.caller_for(css));
        let at = self.now.wall;
        match Digits::parse(to) {
            Ok(digits) => {
                let trace = Trace::forwarded(plan, Arc::new(caller), self.facts.later_hops, &digits, at);
                matches!(trace.analysis().decision(), Some(Verdict::Routed(_)))
            }
            Err(_) => plan.named(css, to, at, caller.zone.as_ref()).is_some(),
        }
    }
}
