//! Who stands in a phone's lists of calls, and what they do: the phone asks for each, and is told of every change.

use std::time::Duration;

use strowger_base::watch::{LineState, WatchId};
use strowger_base::{Now, limits};
use strowger_sccp::ToStation;
use strowger_sccp::codes::SubscriptionCause;
use strowger_sccp::message::services::{Notification, SubscriptionStat, SubscriptionStatReq};
use strowger_sccp::station::io::Input as ToStations;

use super::io::{Outbox, Output};
use super::{Sccp, Watcher, present};

/// The feature of busy lamps: there is no other.
const BUSY_LAMP: u32 = 1;

impl Sccp {
    /// A phone wants to know what somebody does, or no longer.
    pub(super) fn asks_of_somebody(
        &mut self,
        now: Now,
        device: &str,
        asked: &SubscriptionStatReq,
        out: &mut Outbox,
    ) {
        let SubscriptionStatReq { transaction, feature, duration, number } = asked;
        let known =
            |of: &Watcher| matches!(of, Watcher::List { transaction: known, .. } if known == transaction);
        let before = self.watches.iter().find(|(_, (of, watcher))| **of == *device && known(watcher));
        let before = before.map(|(watch, _)| *watch);
        if let Some(watch) = before {
            self.watches_no_more(watch, out);
        }
        let Some(present) = self.present.get_mut(device) else { return };
        let watcher = present.origin().filter(|_| *feature == BUSY_LAMP && !number.as_str().is_empty());
        let cause = match watcher {
            None => SubscriptionCause::ROUTE_FAILED,
            Some(_) if *duration == Duration::ZERO => SubscriptionCause::OK,
            Some(_) if present.watches.len() >= limits::PHONE_WATCHES => SubscriptionCause::THROTTLED,
            Some(watcher) => {
                let watch = WatchId(self.calls.allocate());
                present.watches.push(watch);
                let until = self.lists.set(now.mono + *duration, watch);
                let watcher_of = Watcher::List { transaction: *transaction, until };
                self.watches.insert(watch, (device.into(), watcher_of));
                out.push(Output::Watch { watch, watcher, number: number.as_str().into() });
                SubscriptionCause::OK
            }
        };
        let (transaction, feature, duration) = (*transaction, *feature, *duration);
        self.tell_list(now, device, SubscriptionStat { transaction, feature, duration, cause }.into(), out);
    }

    /// Nothing of a device watches by this name any more.
    pub(super) fn watches_no_more(&mut self, watch: WatchId, out: &mut Outbox) {
        let Some((device, watcher)) = self.watches.remove(&watch) else { return };
        if let Watcher::List { until, .. } = watcher {
            self.lists.cancel(until);
        }
        if let Some(present) = self.present.get_mut(&device) {
            present.watches.retain(|known| *known != watch);
        }
        out.push(Output::Unwatch(watch));
    }

    /// Somebody in a list does something else now.
    pub(super) fn show_in_list(
        &mut self,
        now: Now,
        device: &str,
        transaction: u32,
        line: &LineState,
        out: &mut Outbox,
    ) {
        let status = present::lamp_of(line);
        let news = Notification { transaction, feature: BUSY_LAMP, status, ..Notification::default() };
        self.tell_list(now, device, news.into(), out);
    }

    fn tell_list(&mut self, now: Now, device: &str, message: ToStation, out: &mut Outbox) {
        self.counters.sent += 1;
        self.tell_stations(now, ToStations::Tell { device, message: &message }, out);
    }
}
