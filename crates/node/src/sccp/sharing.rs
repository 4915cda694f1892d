//! Lines that stations have together with other phones: each shows what the others do.

use strowger_base::leg::Origin;
use strowger_base::watch::WatchId;
use strowger_base::{LineName, Now};
use strowger_sccp::calls::io::Input;

use super::io::{Outbox, Output};
use super::{Sccp, Watcher};

impl Sccp {
    /// The phones of a line that are here show what its other phones do.
    pub(super) fn share(
        &mut self,
        now: Now,
        line: &LineName,
        barges: &dyn Fn(&Origin) -> bool,
        out: &mut Outbox,
    ) {
        for device in self.devices_of(line) {
            let Some(present) = self.present.get_mut(&device) else { continue };
            let Some((instance, watcher, is_new)) = present.share(line) else { continue };
            let (device_name, barges) = (&*device, Some(barges(&watcher)));
            self.tell_calls(now, Input::Shared { device: device_name, line: instance, barges }, None, out);
            let Some(present) = self.present.get_mut(&device).filter(|_| is_new) else { continue };
            let watch = WatchId(self.calls.allocate());
            present.watches.push(watch);
            self.watches.insert(watch, (device, Watcher::Line(instance)));
            out.push(Output::Watch { watch, watcher, number: line.number().into() });
        }
    }

    /// A line has no other phone any more.
    pub(super) fn is_alone(&mut self, now: Now, line: &LineName, out: &mut Outbox) {
        for device in self.devices_of(line) {
            let shared = self.present.get_mut(&device).and_then(|present| present.is_alone(line));
            let Some(instance) = shared else { continue };
            let watches = |(of, watcher): &(Box<str>, Watcher)| {
                *of == device && matches!(watcher, Watcher::Line(watched) if *watched == instance)
            };
            let watch = self.watches.iter().find(|(_, of)| watches(of)).map(|(watch, _)| *watch);
            if let Some(watch) = watch {
                self.watches_no_more(watch, out);
            }
            let input = Input::Shared { device: &device, line: instance, barges: None };
            self.tell_calls(now, input, None, out);
        }
    }

    fn devices_of(&self, line: &LineName) -> Vec<Box<str>> {
        let contacts = self.contacts_of(line.as_str());
        contacts.filter_map(|contact| self.bindings.get(&contact).cloned()).collect()
    }
}
