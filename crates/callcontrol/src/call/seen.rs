//! How the numbers of a call look to a device that is rung, or that is shown who answered.
//!
//! The call keeps them as the plan knows them. Each device has a view of its own (transformation patterns), and what it sees
//! is made anew for each.

use std::sync::Arc;

use strowger_base::LegId;
use strowger_base::journal::{Decision, NumberRole};
use strowger_base::leg::{Diversion, Party, Target};
use strowger_dialplan::{Digits, Mask, NumberView, Presented, SearchSpace, Seen, Zone};

use super::Step;
use super::numbers::presented;
use crate::configuration::Configuration;

/// What a device that is rung sees.
pub(super) struct Shown {
    pub(super) calling: Party,
    pub(super) called: Box<str>,
    pub(super) diversions: Vec<Diversion>,
}

/// A device that sees numbers.
#[derive(Clone, Copy)]
struct Viewer<'c> {
    leg: LegId,
    view: &'c NumberView,
    zone: Option<&'c Zone>,
}

/// A number on its way through transformation patterns.
pub(super) struct Look<'c> {
    /// The leg that the number came from, or whose device sees it.
    pub(super) leg: LegId,
    pub(super) role: NumberRole,
    pub(super) space: &'c SearchSpace,
    pub(super) zone: Option<&'c Zone>,
    /// Of the line whose number it is.
    pub(super) external_mask: Option<&'c Mask>,
}

impl Step<'_> {
    /// What a device sees that is rung for `called`.
    pub(super) fn shown_to(&mut self, leg: LegId, target: &Target, called: Box<str>) -> Shown {
        let calling = self.facts.calling.clone();
        let diversions = self.facts.diversions.clone();
        let mut shown = Shown { calling, called, diversions };
        let configuration = Arc::clone(&self.shared.configuration);
        let Some((view, zone)) = configuration.view_of(target) else { return shown };
        let viewer = Viewer { leg, view, zone };
        let own = configuration.calling_phone(&self.facts.origin);
        let own = own.and_then(|phone| phone.dials.external_mask.as_ref());
        self.see(&configuration, viewer, NumberRole::Calling, &mut shown.calling, own);
        // Each of ours was put before those that were there; who forwarded says which line it is.
        let own = self.facts.forwarded_by();
        let masks: Vec<Option<&Mask>> = own.map(|by| configuration.mask_of(by)).collect();
        for (at, diversion) in shown.diversions.iter_mut().enumerate() {
            let of_number = || configuration.mask_of_number(&diversion.party.number);
            let mask = masks.get(at).copied().unwrap_or_else(of_number);
            self.see(&configuration, viewer, NumberRole::Redirecting, &mut diversion.party, mask);
        }
        let mut called = Party { number: std::mem::take(&mut shown.called), ..Party::default() };
        self.see(&configuration, viewer, NumberRole::Called, &mut called, None);
        shown.called = called.number;
        shown
    }

    /// Who answered on a leg, or rings there, as the caller sees it.
    pub(super) fn connected_seen(&mut self, leg: LegId, connected: &Party) -> Party {
        let mut shown = connected.clone();
        let configuration = Arc::clone(&self.shared.configuration);
        let origin = &self.facts.origin;
        let Some((view, zone)) = configuration.view_of_origin(origin, self.facts.address) else {
            return shown;
        };
        let viewer = Viewer { leg: self.facts.caller, view, zone };
        let mask = match self.facts.rung_on(leg) {
            Some(Target::Phone { line, phone, .. }) => configuration
                .phone(line.as_str(), phone.as_deref())
                .and_then(|phone| phone.dials.external_mask.as_ref()),
            Some(Target::Trunk(_) | Target::Service(_)) | None => {
                configuration.mask_of_number(&connected.number)
            }
        };
        self.see(&configuration, viewer, NumberRole::Connected, &mut shown, mask);
        shown
    }

    /// Changes a party to what a device sees of it.
    fn see(
        &mut self,
        configuration: &Configuration,
        viewer: Viewer<'_>,
        role: NumberRole,
        party: &mut Party,
        external_mask: Option<&Mask>,
    ) {
        let Viewer { leg, view, zone } = viewer;
        let Some(space) = view.space(role) else { return };
        self.look(configuration, &Look { leg, role, space, zone, external_mask }, party);
    }

    /// Changes a party as the transformation patterns of a search space say, and writes down why. Names in the place of
    /// numbers stay.
    pub(super) fn look(&mut self, configuration: &Configuration, look: &Look<'_>, party: &mut Party) {
        let Look { leg, role, space, zone, external_mask } = *look;
        let Ok(number) = Digits::parse(&party.number) else { return };
        let at = self.now.wall;
        let seen = Seen { role, number: Presented::plain(number), external_mask, at, zone };
        let transformed = configuration.transformations.transformed(space, &seen, |_| {});
        let Some(transformed) = transformed else { return };
        let after = transformed.number.number;
        let decision = Decision::NumberTransformed {
            role,
            pattern: transformed.pattern,
            partition: transformed.partition,
            before: &number,
            after: &after,
        };
        self.out.decide(self.now, self.facts.id, Some(leg), decision);
        party.number = after.as_str().into();
        presented(party, &transformed.number);
    }
}
