//! Intercom lines stand apart: their own partitions, search spaces of these alone, one phone each, and nothing that sends calls on.

use crate::kinds::{CallingSearchSpace, Line, Partition, PartitionUsage, Phone};
use crate::problem::Path;
use crate::setting::Ref;
use crate::{AnyObject, Entry, Id, Kind};

use super::Look;

impl Look<'_> {
    /// What of an object is against the rules of intercom.
    pub(super) fn intercom(&mut self, entry: &Entry) {
        let id = entry.id();
        match entry.object() {
            AnyObject::Partition(it) => self.intercom_partition(id, it),
            AnyObject::CallingSearchSpace(it) => self.intercom_space(id, it),
            AnyObject::Line(it) => self.intercom_line(id, it),
            AnyObject::Phone(it) => {
                self.intercom_keys(id, it);
                self.keeps_away(entry, |kind| kind == Kind::Line);
            }
            _ => self.keeps_away(entry, |_| false),
        }
    }

    fn is_intercom_partition(&self, partition: Id) -> bool {
        let usage = match self.after.entry(partition).map(|entry| entry.object()) {
            Some(AnyObject::Partition(it)) => it.usage,
            _ => PartitionUsage::General,
        };
        usage == PartitionUsage::Intercom
    }

    fn is_intercom_space(&self, space: Id) -> bool {
        match self.after.entry(space).map(|entry| entry.object()) {
            // It has such partitions only, or none of them.
            Some(AnyObject::CallingSearchSpace(it)) => {
                it.partitions.iter().next().is_some_and(|first| self.is_intercom_partition(first.id()))
            }
            _ => false,
        }
    }

    fn is_intercom_line(&self, line: Id) -> bool {
        match self.after.entry(line).map(|entry| entry.object()) {
            Some(AnyObject::Line(it)) => self.is_intercom(it),
            _ => false,
        }
    }

    fn is_intercom(&self, line: &Line) -> bool {
        line.partition.is_some_and(|partition| self.is_intercom_partition(partition.id()))
    }

    /// What is in a partition would be something else all at once.
    fn intercom_partition(&mut self, id: Id, it: &Partition) {
        let before = match self.before.entry(id).map(|entry| entry.object()) {
            Some(AnyObject::Partition(before)) => before.usage,
            _ => return,
        };
        let others = |user: &&std::sync::Arc<Entry>| !self.put.contains(&user.id());
        if before == it.usage {
            return;
        }
        let Some(user) = self.after.users(id).find(others).map(|user| user.id()) else { return };
        let why = format!("cannot change while {} is in it or sees it; make another one", self.called(user));
        self.refuse(id, Path::new().setting("usage"), why);
    }

    fn intercom_space(&mut self, id: Id, it: &CallingSearchSpace) {
        let is_intercom = self.is_intercom_space(id);
        let mixes = |partition: &&Ref<Partition>| self.is_intercom_partition(partition.id()) != is_intercom;
        if it.partitions.iter().any(|partition| mixes(&partition)) {
            let why = "mix partitions of intercom lines with others; make a search space for each".to_owned();
            return self.refuse(id, Path::new().setting("partitions"), why);
        }
        let wrong = |user: &&std::sync::Arc<Entry>| self.is_intercom_line(user.id()) != is_intercom;
        let Some(user) = self.after.users(id).find(wrong).map(|user| user.id()) else { return };
        let user = self.called(user);
        let why = if is_intercom {
            format!("are for intercom lines, but {user} has the search space and is none")
        } else {
            format!("are not for intercom lines, but {user} has the search space and is one")
        };
        self.refuse(id, Path::new().setting("partitions"), why);
    }

    fn intercom_line(&mut self, id: Id, it: &Line) {
        let is_intercom = self.is_intercom(it);
        if let Some(space) = it.search_space
            && self.is_intercom_space(space.id()) != is_intercom
        {
            let space = self.called(space.id());
            let why = if is_intercom {
                format!("is {space}, but an intercom line sees partitions of intercom lines only")
            } else {
                format!("is {space}, whose partitions only intercom lines see")
            };
            self.refuse(id, Path::new().setting("search_space"), why);
        }
        if !is_intercom {
            return;
        }
        let sends_on = [
            ("forwards", it.forwards.is_some()),
            ("voice_mail", it.voice_mail.is_some()),
            ("aar", it.aar.is_some()),
        ];
        for (setting, _) in sends_on.into_iter().filter(|(_, given)| *given) {
            let why = "is given, but calls of an intercom line go nowhere else; leave it out".to_owned();
            self.refuse(id, Path::new().setting(setting), why);
        }
        // What this change puts in is told by itself.
        let other = |user: &&std::sync::Arc<Entry>| {
            user.object().kind() != Kind::Phone && !self.put.contains(&user.id())
        };
        if let Some(user) = self.after.users(id).find(other).map(|user| user.id()) {
            let why = format!("is one of intercom lines, but {} has the line", self.called(user));
            self.refuse(id, Path::new().setting("partition"), why);
        }
        if let [first, second, ..] = *self.phones_of(id) {
            let (first, second) = (self.called(first), self.called(second));
            let why = format!("is an intercom line and cannot be shared, but {first} and {second} have it");
            self.refuse(id, Path::new(), why);
        }
    }

    fn intercom_keys(&mut self, id: Id, it: &Phone) {
        for (at, button) in it.lines.iter().enumerate() {
            let line = button.line.id();
            let place = Path::new().setting("lines").entry(at);
            if !self.is_intercom_line(line) {
                if button.intercom_target.is_some() {
                    let why = "is given, but the line is no intercom line; leave it out".to_owned();
                    self.refuse(id, place.setting("intercom_target"), why);
                }
                continue;
            }
            // Where the line is put in as well, it tells.
            let other = self.phones_of(line).into_iter().find(|phone| *phone != id);
            if let Some(other) = other.filter(|_| !self.put.contains(&line)) {
                let (line, other) = (self.called(line), self.called(other));
                let why = format!("is {line}, an intercom line, which cannot be shared: {other} has it");
                self.refuse(id, place.setting("line"), why);
            }
        }
    }

    /// The phones that have a line on one of their line keys.
    fn phones_of(&self, line: Id) -> Vec<Id> {
        let has = |user: &std::sync::Arc<Entry>| match user.object() {
            AnyObject::Phone(phone) if phone.lines.iter().any(|button| button.line.id() == line) => {
                Some(user.id())
            }
            _ => None,
        };
        self.after.users(line).filter_map(has).collect()
    }

    /// Nothing else stands in partitions of intercom lines, sees them, or uses such lines; but for what `may`.
    fn keeps_away(&mut self, entry: &Entry, may: impl Fn(Kind) -> bool) {
        let mut wrong = None;
        entry.object().references(&mut |kind, id| {
            let is_intercom = match kind {
                Kind::Partition => self.is_intercom_partition(id),
                Kind::CallingSearchSpace => self.is_intercom_space(id),
                Kind::Line => self.is_intercom_line(id),
                _ => false,
            };
            if is_intercom && !may(kind) {
                wrong = Some(id);
            }
        });
        if let Some(wrong) = wrong {
            let why = format!("names {}, which is for intercom lines alone; take it out", self.called(wrong));
            self.refuse(entry.id(), Path::new(), why);
        }
    }
}
