//! How the numbers of a dialling look to whoever is reached by it.

use strowger_base::WallTime;
use strowger_base::journal::NumberRole;
use strowger_base::line::number_of;
use strowger_callcontrol::Configuration;
use strowger_dialplan::{
    Action, Decision, Digits, Mask, NumberView, Outpulsed, Presented, RouteTarget, SearchSpace, Seen, Trace,
    Zone,
};

use super::{Answer, json, text};

/// One number as a transformation pattern shows it.
pub(super) struct SeenNumber {
    /// Whose number.
    pub(super) role: NumberRole,
    /// Who sees it: `trunk pstn`.
    pub(super) viewer: String,
    /// The pattern that took it.
    pub(super) pattern: String,
    /// Its partition; empty for the null partition.
    pub(super) partition: String,
    /// As the plan knows it.
    pub(super) before: String,
    /// As it is seen.
    pub(super) after: Presented,
    /// What was done, one by one, for people and for programs.
    pub(super) steps: Vec<(String, serde_json::Value)>,
}

impl SeenNumber {
    /// Whether another says the same about the same viewer.
    fn is_as(&self, other: &SeenNumber) -> bool {
        (&self.viewer, self.role, &self.before, self.after)
            == (&other.viewer, other.role, &other.before, other.after)
    }
}

/// Who sees numbers, and when.
#[derive(Clone, Copy)]
pub(super) struct Viewer<'c> {
    pub(super) configuration: &'c Configuration,
    pub(super) name: &'c str,
    pub(super) zone: Option<&'c Zone>,
    pub(super) at: WallTime,
}

impl Viewer<'_> {
    /// A number as a search space of transformation patterns shows it; `None` where no pattern takes it.
    pub(super) fn look(
        &self,
        space: &SearchSpace,
        role: NumberRole,
        number: Presented,
        external_mask: Option<&Mask>,
    ) -> Option<SeenNumber> {
        let seen = Seen { role, number, external_mask, at: self.at, zone: self.zone };
        let mut steps = Vec::new();
        let told =
            |step: strowger_dialplan::ChangeStep<'_>| steps.push((text::change(&step), json::step(&step)));
        let found = self.configuration.transformations.transformed(space, &seen, told)?;
        Some(SeenNumber {
            role,
            viewer: self.name.to_owned(),
            pattern: found.pattern.to_owned(),
            partition: found.partition.to_owned(),
            before: number.number.to_string(),
            after: found.number,
            steps,
        })
    }
}

impl Answer<'_> {
    /// Every number of the dialling that decides where the call ends that somebody sees otherwise than the plan knows it: whoever is called, and then the caller, who is shown
    /// who answers.
    pub(super) fn seen(&self, trace: Option<&Trace>) -> Vec<SeenNumber> {
        let Some(trace) = trace else { return Vec::new() };
        let Some(Decision::Routed(routed)) = trace.analysis().decision() else { return Vec::new() };
        let sent = Outpulsed { called: routed.called, calling: routed.calling };
        let mut list = Vec::new();
        match self.pattern(routed.pattern).map(|row| &row.action) {
            Some(Action::Line(line)) => {
                self.rings_at(line.as_str(), &sent, &mut list);
                self.answered(line.as_str(), &mut list);
            }
            Some(Action::Route(route)) => match &route.to {
                RouteTarget::Trunk(trunk) => self.sent_to(trunk, &sent, &mut list),
                RouteTarget::RouteList(_) => {
                    for attempt in self.attempts(Some(trace)) {
                        for (trunk, _) in &attempt.trunks {
                            self.sent_to(trunk, &attempt.numbers, &mut list);
                        }
                    }
                }
            },
            Some(
                Action::Translate(_)
                | Action::Hunt { .. }
                | Action::Service(_)
                | Action::Feature(_)
                | Action::Block(_),
            )
            | None => {}
        }
        list
    }

    /// What the phones of a line see, each kind of them by itself.
    fn rings_at(&self, line: &str, sent: &Outpulsed, list: &mut Vec<SeenNumber>) {
        let Some(settings) = self.configuration.lines.get(line) else { return };
        let alike = settings.dialling_phones().count() < 2;
        for phone in settings.dialling_phones() {
            let line = self.configuration.shown(line);
            let name = if alike { line.to_owned() } else { phone.on(line) };
            if let Some((view, zone)) = self.configuration.view_of_phone(phone) {
                self.see(&format!("line {name}"), view, zone, sent, list);
            }
        }
    }

    fn sent_to(&self, trunk: &str, sent: &Outpulsed, list: &mut Vec<SeenNumber>) {
        if let Some((view, zone)) = self.configuration.view_of_trunk(trunk) {
            self.see(&format!("trunk {trunk}"), view, zone, sent, list);
        }
    }

    fn see(
        &self,
        name: &str,
        view: &NumberView,
        zone: Option<&Zone>,
        sent: &Outpulsed,
        list: &mut Vec<SeenNumber>,
    ) {
        let viewer = Viewer { configuration: self.configuration, name, zone, at: self.question.at };
        let own = self.caller.external_mask.as_ref();
        for (role, number, mask) in [
            (NumberRole::Called, Presented::plain(sent.called), None),
            (NumberRole::Calling, sent.calling, own),
        ] {
            let Some(seen) = view.space(role).and_then(|space| viewer.look(space, role, number, mask)) else {
                continue;
            };
            // A trunk stands in several members of a route list.
            if !list.iter().any(|other| other.is_as(&seen)) {
                list.push(seen);
            }
        }
    }

    /// What the caller sees when a line answers.
    fn answered(&self, line: &str, list: &mut Vec<SeenNumber>) {
        let own = self.phone.and_then(|phone| {
            let there = self.configuration.whereabouts(phone, self.question.address);
            Some((there.view()?, phone.dials.zone.as_ref()))
        });
        let (Some((view, zone)), Ok(number)) = (own, Digits::parse(number_of(line))) else { return };
        let viewer = Viewer {
            configuration: self.configuration,
            name: &self.question.from,
            zone,
            at: self.question.at,
        };
        let role = NumberRole::Connected;
        let mask = self.configuration.mask_of(line);
        let seen = |space| viewer.look(space, role, Presented::plain(number), mask);
        list.extend(view.space(role).and_then(seen));
    }
}

/// Whose number it is, in a word.
pub(super) const fn role(role: NumberRole) -> &'static str {
    match role {
        NumberRole::Calling => "calling",
        NumberRole::Called => "called",
        NumberRole::Connected => "connected",
        NumberRole::Redirecting => "redirecting",
    }
}
