//! A line without bandwidth is dialled over the public network instead (AAR), once.

use std::sync::Arc;

use strowger_base::journal::{
    AarNumber as NumberView, Admission as News, Decision, WhyNotRerouted, WhyRefused,
};
use strowger_base::{Cause, LineName};
use strowger_dialplan::admission::{AarCalled, AarDecision, AarNumber, AarRefused, reroute};
use strowger_dialplan::{Digits, SearchSpace};

use crate::admission::NoRoom;
use crate::call::participant::Stage;
use crate::call::{State, Step, dialing};
use crate::configuration::LineAar;

impl Step<'_> {
    /// There is no bandwidth to any phone of the line: the public network stands in where it may, else the caller is told so.
    pub(in crate::call) fn reroute(&mut self, line: &LineName, missing: &NoRoom) -> State {
        let because = match self.other_number(line, missing) {
            Ok(onward) => return self.over_the_public_network(line, onward),
            Err(because) => because,
        };
        self.decide(None, Decision::Admission(News::NotRerouted { because }));
        self.refuse(Cause::OUT_OF_BANDWIDTH, WhyRefused::NoBandwidth(missing.view()))
    }

    /// What is dialled instead, with what of it is a prefix, whose number it is, and what is seen of the plan.
    fn other_number(&self, line: &LineName, missing: &NoRoom) -> Result<Onward, WhyNotRerouted> {
        if self.shared.intercoms.stage(self.facts.id).is_some() {
            return Err(WhyNotRerouted::Intercom);
        }
        if self.facts.reserved.rerouted {
            return Err(WhyNotRerouted::Twice);
        }
        if self.facts.caller_stage != Stage::Waits {
            return Err(WhyNotRerouted::PartyMoved);
        }
        let configuration = &self.shared.configuration;
        let admission = &configuration.admission;
        let caller = configuration.aar_of_origin(&self.facts.origin, self.facts.address);
        let settings = configuration.lines.get(line.as_str());
        let none = LineAar::default();
        let aar = settings.and_then(|settings| settings.aar.as_deref()).unwrap_or(&none);
        // A line on several phones is reached as the first of them.
        let phone = settings.and_then(|settings| settings.phones.first());
        let of_phone = phone.and_then(|phone| phone.settings.aar.group.as_ref());
        let prefix = admission.aar_groups.prefix(caller.group.as_ref(), aar.group.as_ref().or(of_phone));
        let number = Digits::parse(line.number()).unwrap_or_default();
        let masked = |mask: &strowger_dialplan::Mask| mask.apply(&number);
        let destination = aar.destination_mask.as_ref().map(masked);
        let external = settings.and_then(|settings| settings.external_mask.as_ref()).map(masked);
        let called = AarCalled {
            destination: destination.as_ref().map(Digits::as_str),
            external: external.as_ref().map(Digits::as_str),
            voice_mail: aar.voice_mail,
        };
        let search_space = caller.search_space.unwrap_or_else(SearchSpace::null);
        match reroute(missing.refusal(), admission.aar, called, prefix) {
            AarDecision::Dial { number, from } => {
                let from = match from {
                    AarNumber::DestinationMask => NumberView::DestinationMask,
                    AarNumber::ExternalMask => NumberView::ExternalMask,
                };
                Ok(Onward { number, prefix: prefix.into(), from, search_space })
            }
            AarDecision::VoiceMail => {
                let pilot = settings.and_then(|settings| settings.voice_mail.as_deref());
                let number = pilot.ok_or(WhyNotRerouted::NoMask)?.into();
                Ok(Onward { number, prefix: Box::default(), from: NumberView::VoiceMail, search_space })
            }
            AarDecision::Refused { because: AarRefused::Disabled, .. } => Err(WhyNotRerouted::Disabled),
            AarDecision::Refused { because: AarRefused::NoMask, .. } => Err(WhyNotRerouted::NoMask),
        }
    }

    fn over_the_public_network(&mut self, line: &LineName, onward: Onward) -> State {
        self.facts.reserved.rerouted = true;
        self.shared.counters.rerouted += 1;
        let Onward { number, prefix, from, search_space } = onward;
        let rerouted = News::Rerouted { number: &number, prefix: &prefix, from };
        self.decide(None, Decision::Admission(rerouted));
        if let Some(ended) = self.redirected_for_bandwidth(line.as_str(), &number) {
            return ended;
        }
        let caller = Arc::new(self.facts.caller_for(&search_space));
        dialing::forwarded(self, caller, &number)
    }
}

/// Where a call goes on without bandwidth.
struct Onward {
    number: Box<str>,
    prefix: Box<str>,
    from: NumberView,
    search_space: SearchSpace,
}
