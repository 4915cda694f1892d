//! Pickup groups: lines whose calls the others may take.

use std::collections::BTreeMap;
use std::time::Duration;

use strowger_base::LineName;

/// All pickup groups.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PickupGroups {
    groups: BTreeMap<Box<str>, PickupGroup>,
    group_of: BTreeMap<LineName, Box<str>>,
    /// Whoever picks a call up has it at once; its phones ring first otherwise.
    pub auto: bool,
}

/// Lines whose calls the others may take.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct PickupGroup {
    /// Its lines.
    pub lines: Vec<LineName>,
    /// Other groups whose calls they may take too, best first.
    pub others: Vec<Box<str>>,
    /// How its phones are told of calls that ring at a line of it; `None` when they are not.
    pub notice: Option<PickupNotice>,
}

/// How phones of a group are told of a call that rings (pickup notification).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PickupNotice {
    /// How long it has to ring first, 1 to 300 s.
    pub after: Duration,
    /// Whether something is shown.
    pub is_shown: bool,
    /// Whether something is heard.
    pub sound: NoticeSound,
    /// The display names who calls.
    pub names_calling: bool,
    /// The display names the line that rings.
    pub names_called: bool,
}

/// What is heard of a call that rings elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoticeSound {
    /// Nothing.
    None,
    /// A beep.
    Beep,
}

impl Default for PickupGroups {
    fn default() -> Self {
        PickupGroups { groups: BTreeMap::new(), group_of: BTreeMap::new(), auto: true }
    }
}

impl PickupGroups {
    /// Adds a group under the name that its number says
    /// ([`FeatureNumber::object`](strowger_base::FeatureNumber::object)). A line stays in the first group that names it.
    pub fn add(&mut self, name: &str, group: PickupGroup) {
        for line in &group.lines {
            self.group_of.entry(line.clone()).or_insert_with(|| name.into());
        }
        self.groups.insert(name.into(), group);
    }

    /// The group with this name.
    pub fn group(&self, name: &str) -> Option<&PickupGroup> {
        self.groups.get(name)
    }

    /// The name of the group that a line is in.
    pub fn group_of(&self, line: &LineName) -> Option<&str> {
        self.group_of.get(line).map(|name| &**name)
    }
}
