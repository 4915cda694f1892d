//! One call's way through a route list.

use std::sync::Arc;

use strowger_base::Cause;

use super::{LocalRouteGroups, RouteDistribution, RouteGroup, RouteList, RouteListParameters};
use crate::rotation::Rotation;

/// The way of one call through a route list, under the settings with which it began.
#[derive(Clone, Debug)]
pub struct Selection<D, T> {
    list: Arc<RouteList<D, T>>,
    pool: LocalRouteGroups<D>,
    parameters: Arc<RouteListParameters>,
    state: State<D>,
}

#[derive(Clone, Debug)]
enum State<D> {
    /// Nothing happened yet.
    Ready,
    /// A device has the call and may still refuse it.
    Trying {
        /// Position in the list.
        member: usize,
        /// Devices of that member's group that were not tried, in the order of their turns.
        untried: Vec<D>,
    },
    /// A device kept the call, or none did.
    Over,
}

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Input {
    /// The call reached the list.
    Started,
    /// The device refused the call, or could not be reached.
    Failed(Cause),
    /// The call is not for this device, which has no codec for it, or wants it sent elsewhere, where it does not go: the next one is tried,
    /// whatever the settings say of the cause.
    Declined(Cause),
    /// The device took the call: what it says from now on concerns the called party.
    Taken,
}

/// What to do, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output<D> {
    /// This device gets the call, with the number changes of this member of the list.
    Try {
        /// Which.
        device: D,
        /// Position in the list.
        member: usize,
        /// Why this one.
        because: TryBecause<D>,
    },
    /// This device was passed over.
    Skipped {
        /// Which.
        device: D,
        /// Position in the list.
        member: usize,
        /// Why.
        because: SkippedBecause,
    },
    /// The caller's device pool names no route group for this member.
    NoLocalGroup {
        /// Position in the list.
        member: usize,
    },
    /// The end: other devices will not do better.
    Stopped {
        /// What the caller is told.
        cause: Cause,
        /// Why.
        because: StoppedBecause,
    },
    /// The end: nothing is left to try (alarm RouteListExhausted).
    Exhausted {
        /// What the caller is told: the last device's cause; 27 when all were down, 3 when there was none.
        cause: Cause,
    },
}

/// Why this device is tried now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TryBecause<D> {
    /// The first in the group that was not tried and is up.
    TopDown,
    /// Its turn came after this device's; `None` when none had one before.
    TurnAfter(Option<D>),
}

/// Why a device was passed over.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SkippedBecause {
    /// It does not answer OPTIONS pings, or is not registered.
    Down,
}

/// Why no other device is tried.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum StoppedBecause {
    /// [`RouteListParameters::stop_on_busy`].
    Busy,
    /// [`RouteListParameters::stop_on_unallocated`].
    Unallocated,
    /// [`RouteListParameters::stop_on_out_of_bandwidth`].
    OutOfBandwidth,
    /// The cause is none of [`RouteListParameters::continue_on`].
    NotToBeContinued,
}

/// Whether a device can be given calls.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum DeviceState {
    /// It can, or nobody knows better.
    Up,
    /// It cannot.
    Down,
}

/// What a selection asks the caller about devices and groups.
pub trait Devices<D> {
    /// Whether a device can be given calls at this moment.
    fn state(&self, device: &D) -> DeviceState;

    /// Whose turn it is in a circular group. It is the same value for every call.
    fn rotation(&mut self, group: &RouteGroup<D>) -> &mut Rotation<D>;
}

impl<D: Clone + PartialEq, T> Selection<D, T> {
    /// The way of a call through `list`, for a caller of the device pool `pool`. It begins with [`Input::Started`].
    pub const fn new(
        list: Arc<RouteList<D, T>>,
        pool: LocalRouteGroups<D>,
        parameters: Arc<RouteListParameters>,
    ) -> Self {
        Selection { list, pool, parameters, state: State::Ready }
    }

    /// Takes what happened and says what to do, in order.
    pub fn handle(&mut self, input: Input, devices: &mut impl Devices<D>, out: &mut Vec<Output<D>>) {
        self.state = match std::mem::replace(&mut self.state, State::Over) {
            State::Ready => match input {
                Input::Started => {
                    let untried = self.turns(0, devices);
                    self.search(0, untried, None, devices, out)
                }
                Input::Failed(_) | Input::Declined(_) | Input::Taken => State::Ready,
            },
            State::Trying { member, untried } => match input {
                Input::Started => State::Trying { member, untried },
                Input::Failed(cause) => match self.parameters.stops(cause) {
                    Some(because) => {
                        out.push(Output::Stopped { cause, because });
                        State::Over
                    }
                    None => self.search(member, Some(untried), Some(cause), devices, out),
                },
                Input::Declined(cause) => self.search(member, Some(untried), Some(cause), devices, out),
                Input::Taken => State::Over,
            },
            State::Over => match input {
                Input::Started | Input::Failed(_) | Input::Declined(_) | Input::Taken => State::Over,
            },
        };
    }

    /// True when no further device will be tried.
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// The devices of a member of the list in the order of their turns; `None` when the member has no group here.
    fn turns(&self, member: usize, devices: &mut impl Devices<D>) -> Option<Vec<D>> {
        let group = self.list.members().get(member)?.group.resolve(&self.pool)?;
        Some(match group.distribution() {
            RouteDistribution::TopDown => group.devices().to_vec(),
            RouteDistribution::Circular => devices.rotation(group).order_of(group.devices()),
        })
    }

    /// The next device that is up, in this member of the list or a later one.
    fn search(
        &self,
        mut member: usize,
        mut untried: Option<Vec<D>>,
        last: Option<Cause>,
        devices: &mut impl Devices<D>,
        out: &mut Vec<Output<D>>,
    ) -> State<D> {
        let mut any_down = false;
        while member < self.list.members().len() {
            if untried.is_none() {
                out.push(Output::NoLocalGroup { member });
            }
            let mut left = untried.unwrap_or_default().into_iter();
            while let Some(device) = left.next() {
                if devices.state(&device) == DeviceState::Down {
                    any_down = true;
                    out.push(Output::Skipped { device, member, because: SkippedBecause::Down });
                    continue;
                }
                let because = self.taken_turn(member, &device, devices);
                out.push(Output::Try { device, member, because });
                return State::Trying { member, untried: left.collect() };
            }
            member += 1;
            untried = self.turns(member, devices);
        }
        let nothing = if any_down { Cause::DESTINATION_OUT_OF_ORDER } else { Cause::NO_ROUTE_TO_DESTINATION };
        out.push(Output::Exhausted { cause: last.unwrap_or(nothing) });
        State::Over
    }

    fn taken_turn(&self, member: usize, device: &D, devices: &mut impl Devices<D>) -> TryBecause<D> {
        let group = self.list.members().get(member).and_then(|member| member.group.resolve(&self.pool));
        let circular = group.filter(|group| group.distribution() == RouteDistribution::Circular);
        let Some(group) = circular else { return TryBecause::TopDown };
        let rotation = devices.rotation(group);
        let last = rotation.last().cloned();
        rotation.moved_to(device);
        TryBecause::TurnAfter(last)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fmt::Write;

    use super::*;
    use crate::route_list::{GroupReference, RouteListMember};

    #[derive(Default)]
    struct Trunks {
        down: &'static str,
        rotations: BTreeMap<String, Rotation<char>>,
    }

    impl Devices<char> for Trunks {
        fn state(&self, device: &char) -> DeviceState {
            if self.down.contains(*device) { DeviceState::Down } else { DeviceState::Up }
        }

        fn rotation(&mut self, group: &RouteGroup<char>) -> &mut Rotation<char> {
            self.rotations.entry(group.name().to_owned()).or_default()
        }
    }

    fn group(name: &str, devices: &str, distribution: RouteDistribution) -> Arc<RouteGroup<char>> {
        Arc::new(RouteGroup::new(name, devices.chars().collect(), distribution).unwrap())
    }

    /// `ab` top down, then the local group, then `cd` circular.
    fn selection(local: Option<Arc<RouteGroup<char>>>) -> Selection<char, ()> {
        let groups = [
            GroupReference::Group(group("first", "ab", RouteDistribution::TopDown)),
            GroupReference::StandardLocal,
            GroupReference::Group(group("last", "cd", RouteDistribution::Circular)),
        ];
        let members = groups.map(|group| RouteListMember { group, transformation: () });
        let list = RouteList::new("out", members.into()).unwrap();
        let pool = LocalRouteGroups { standard: local, ..LocalRouteGroups::default() };
        Selection::new(Arc::new(list), pool, Arc::new(RouteListParameters::default()))
    }

    fn step(selection: &mut Selection<char, ()>, input: Input, trunks: &mut Trunks) -> String {
        let mut out = Vec::new();
        selection.handle(input, trunks, &mut out);
        let words = out.into_iter().map(|output| match output {
            Output::Try { device, member, because: TryBecause::TopDown } => {
                format!("try {device} of {member}")
            }
            Output::Try { device, member, because: TryBecause::TurnAfter(last) } => {
                format!("try {device} of {member} after {}", last.unwrap_or('-'))
            }
            Output::Skipped { device, member, because } => format!("skip {device} of {member} {because:?}"),
            Output::NoLocalGroup { member } => format!("no group {member}"),
            Output::Stopped { cause, because } => format!("stopped {} {because:?}", cause.0),
            Output::Exhausted { cause } => format!("exhausted {}", cause.0),
        });
        let words = words.collect::<Vec<_>>().join(", ");
        if words.is_empty() { "nothing".to_owned() } else { words }
    }

    #[test]
    fn every_way_is_tried_in_order() {
        let check = |down: &'static str, local: &str, expect: &[&str]| {
            let mut trunks = Trunks { down, ..Trunks::default() };
            let local = (!local.is_empty()).then(|| group("local", local, RouteDistribution::TopDown));
            let mut selection = selection(local);
            let mut found = vec![step(&mut selection, Input::Started, &mut trunks)];
            while !selection.is_over() {
                found.push(step(&mut selection, Input::Failed(Cause(42)), &mut trunks));
            }
            assert_eq!(found, expect, "{down:?}");
        };
        check(
            "",
            "l",
            &[
                "try a of 0",
                "try b of 0",
                "try l of 1",
                "try c of 2 after -",
                "try d of 2 after c",
                "exhausted 42",
            ],
        );
        check(
            "ad",
            "",
            &[
                "skip a of 0 Down, try b of 0",
                "no group 1, try c of 2 after -",
                "skip d of 2 Down, exhausted 42",
            ],
        );
        check(
            "abcd",
            "",
            &[
                "skip a of 0 Down, skip b of 0 Down, no group 1, skip c of 2 Down, skip d of 2 Down, exhausted 27",
            ],
        );
    }

    #[test]
    fn a_circular_group_goes_on_where_the_last_call_was() {
        let only = || RouteListMember {
            group: GroupReference::Group(group("ring", "xyz", RouteDistribution::Circular)),
            transformation: (),
        };
        let mut trunks = Trunks::default();
        let mut found = Vec::new();
        for _ in 0..4 {
            let list = Arc::new(RouteList::new("out", vec![only()]).unwrap());
            let mut selection = Selection::new(list, LocalRouteGroups::default(), Arc::default());
            found.push(step(&mut selection, Input::Started, &mut trunks));
            step(&mut selection, Input::Taken, &mut trunks);
        }
        assert_eq!(
            found,
            ["try x of 0 after -", "try y of 0 after x", "try z of 0 after y", "try x of 0 after z"]
        );
    }

    #[test]
    fn a_list_without_any_group_has_no_route() {
        let member = RouteListMember { group: GroupReference::StandardLocal, transformation: () };
        let list = Arc::new(RouteList::new("out", vec![member]).unwrap());
        let mut selection = Selection::new(list, LocalRouteGroups::default(), Arc::default());
        assert_eq!(step(&mut selection, Input::Started, &mut Trunks::default()), "no group 0, exhausted 3");
    }

    /// Every state with every input. Reviewers read the file first.
    #[test]
    fn the_table_is_the_reviewed_one() {
        let mut table = String::new();
        let inputs = [
            Input::Started,
            Input::Failed(Cause(42)),
            Input::Failed(Cause(17)),
            Input::Failed(Cause(21)),
            Input::Declined(Cause(21)),
            Input::Taken,
        ];
        for state in ["Ready", "Trying", "Over"] {
            for input in inputs {
                let mut trunks = Trunks::default();
                let mut selection = selection(None);
                if state != "Ready" {
                    step(&mut selection, Input::Started, &mut trunks);
                }
                if state == "Over" {
                    step(&mut selection, Input::Taken, &mut trunks);
                }
                let told = step(&mut selection, input, &mut trunks);
                let after = match &selection.state {
                    State::Ready => "Ready",
                    State::Trying { .. } => "Trying",
                    State::Over => "Over",
                };
                let input = match input {
                    Input::Started => "Started".to_owned(),
                    Input::Failed(cause) => format!("Failed {}", cause.0),
                    Input::Declined(cause) => format!("Declined {}", cause.0),
                    Input::Taken => "Taken".to_owned(),
                };
                writeln!(table, "{state} < {input} > {told}; {after}").unwrap();
            }
        }
        let expect = include_str!("../../testdata/tables/route_list.txt");
        assert!(
            table == expect,
            "testdata/tables/route_list.txt is not the machine's table, which is:\n{table}"
        );
    }
}
