//! Paging: whoever calls the number of a group is heard by all of it; see `call::paging` for what becomes of the call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use strowger_base::journal::WhyFeatureRefused;
use strowger_base::{CallId, Now};

use crate::CallControl;
use crate::call::{Page, Wanted};
use crate::configuration::Unencrypted;
use crate::io::Outbox;

/// Which groups are paged, each by one call.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    calls: BTreeMap<Box<str>, CallId>,
}

impl Pages {
    /// Groups that are paged now.
    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }

    /// The page to a group is over.
    pub(crate) fn over(&mut self, group: &str) {
        self.calls.remove(group);
    }
}

impl CallControl {
    /// A caller dials the number of a paging group.
    pub(super) fn page(
        &mut self,
        now: Now,
        call: CallId,
        wanted: &Wanted,
        out: &mut Outbox,
    ) -> Result<(), WhyFeatureRefused<'static>> {
        let configuration = Arc::clone(&self.shared.configuration);
        let group = configuration.paging.get(&wanted.object).cloned();
        let group =
            group.ok_or(WhyFeatureRefused::NotConfigured { what: "a paging group of this number" })?;
        let asker = self.calls.get(&call).ok_or(WhyFeatureRefused::TooLate)?;
        if asker.facts.transfers.is_some() {
            return Err(WhyFeatureRefused::NotAllowed { rule: "nobody is transferred into a page" });
        }
        if configuration.unencrypted == Unencrypted::Blocked {
            return Err(WhyFeatureRefused::Unencrypted);
        }
        if self.shared.pages.calls.contains_key(&wanted.object) {
            return Err(WhyFeatureRefused::Taken);
        }
        let mut in_calls = BTreeSet::new();
        self.calls.values().for_each(|call| call.add_phones(&mut in_calls));
        let id = self.shared.new_conference();
        self.shared.pages.calls.insert(wanted.object.clone(), call);
        let page = Page::new(id, wanted.object.clone(), group, in_calls);
        self.with_call(call, |call, shared| call.page(now, page, shared, out));
        Ok(())
    }
}
