//! Names and hosts that nobody reaches, or that let calls from a trunk out again.

use super::find::Finder;
use super::finding::{Example, Finding, Kind, Severity};
use super::outside::{Leaving, leads_out};
use super::view::View;
use crate::address::{Addressed, Listed};
use crate::analysis::Arrival;
use crate::plan::{Action, Emergency, NumberPattern};

impl Finder<'_> {
    /// Every name and host where it is seen.
    pub(super) fn addresses(&mut self) {
        let plan = self.plan;
        for address in plan.addresses().all() {
            self.address(&address);
        }
    }

    fn address(&mut self, address: &Listed<'_>) {
        let (plan, views) = (self.plan, self.views);
        let mut places = self.views_with(address.partition);
        if places.is_empty() {
            // A partition that is in no search space is one finding, however much is in it.
            self.closed += usize::from(self.is_in_a_view(address.partition));
            return;
        }
        // No translation leads to a name: those who dial have to see it themselves.
        places.retain(|place| views[*place].trunks > 0 || views[*place].keys);
        let (mut reached, mut hidden) = (false, None);
        for place in places {
            let (user, host) = &address.example;
            let found = views[place].address(plan, user, host.as_deref());
            match found {
                Some(found) if found.partition == address.partition && *found.text == *address.text => {
                    reached = true;
                    self.address_leaves(address, place);
                }
                // When the other's partition is closed, the name is free.
                Some(found) => {
                    reached |= plan.has_hours(found.partition);
                    hidden.get_or_insert((place, found));
                }
                None => {}
            }
        }
        if !reached {
            self.address_never(address, hidden);
        }
    }

    fn address_never(&mut self, address: &Listed<'_>, hidden: Option<(usize, Addressed<'_>)>) {
        let views = self.views;
        let whole = whole(address);
        let me = self.words(NumberPattern::kind_of(address.action), address.text, address.partition);
        let mut names = vec![Box::from(address.text)];
        let (place, what) = match hidden {
            Some((place, by)) => {
                names.push(by.text.into());
                let by = self.words(NumberPattern::kind_of(by.action), by.text, by.partition);
                (Some(place), format!("{me} never matches: {by} takes {whole} wherever it is seen"))
            }
            None => {
                let what = format!(
                    "{me} never matches: nobody who dials sees its partition, and names are not translated"
                );
                (views.iter().position(|view| view.keys), what)
            }
        };
        let Some(view) = place.and_then(|place| views.get(place)) else { return };
        self.findings.push(Finding {
            kind: Kind::NeverMatches,
            severity: Severity::Warning,
            patterns: Vec::new(),
            emergency: Vec::new(),
            names,
            partition: Some(address.partition),
            search_space: view.name.clone(),
            example: Some(example(view, address)),
            alike: 0,
            what,
        });
    }

    /// A call from a trunk to the name, which leaves again.
    fn address_leaves(&mut self, address: &Listed<'_>, place: usize) {
        let for_help = matches!(address.action, Action::Route(route) if route.emergency == Emergency::Yes);
        let Some(to) = leads_out(address.action).filter(|_| self.views[place].trunks > 0 && !for_help) else {
            return;
        };
        let by = self.words(NumberPattern::kind_of(address.action), address.text, address.partition);
        let leaving = Leaving { pattern: None, by, partition: address.partition, number: whole(address) };
        self.leaving.entry((place, to.into())).or_insert(leaving);
    }
}

/// A dialling of it.
pub(super) fn example(view: &View, address: &Listed<'_>) -> Example {
    Example { from: view.from.clone(), number: whole(address), arrival: Arrival::EnBloc, forward: None }
}

/// What is dialled to reach it.
fn whole(address: &Listed<'_>) -> Box<str> {
    match &address.example {
        (user, Some(host)) => format!("{user}@{host}").into(),
        (user, None) => (*user).into(),
    }
}
