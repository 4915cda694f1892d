//! Where a forward of all calls is looked up.

use crate::combine::combined;

/// Whose partitions a forward of all calls sees.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum CfaPolicy {
    /// Those that the forward itself is given.
    #[default]
    WithConfiguredCss,
    /// Those of the line and phone at which it was activated.
    WithActivatingDeviceLineCss,
    /// As the service parameter says.
    UseSystemDefault,
}

/// What the service parameter says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum CfaSystemPolicy {
    /// As [`CfaPolicy::WithConfiguredCss`].
    #[default]
    WithConfiguredCss,
    /// As [`CfaPolicy::WithActivatingDeviceLineCss`].
    WithActivatingDeviceLineCss,
}

/// What a line says about where its forward of all calls is looked up. `P` names a partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CfaSearchSpace<'c, P> {
    /// Whose partitions count.
    pub policy: CfaPolicy,
    /// Partitions of the primary search space.
    pub primary: &'c [P],
    /// Partitions of the secondary search space.
    pub secondary: &'c [P],
}

/// The line and phone at which a forward was activated. `P` names a partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Activator<'c, P> {
    /// Partitions of the line's search space.
    pub line: &'c [P],
    /// Partitions of the phone's search space.
    pub device: &'c [P],
    /// Partitions of the mobility search space, when the phone roams within its own device mobility group.
    pub mobility: Option<&'c [P]>,
}

impl<P: Clone + PartialEq> CfaSearchSpace<'_, P> {
    /// The partitions in which the forward's destination is looked up, in order. None means the null partition only,
    /// where the forward usually finds nothing.
    ///
    /// `activator` is absent when nobody activated the forward at a phone.
    pub fn effective(&self, system: CfaSystemPolicy, activator: Option<Activator<'_, P>>) -> Vec<P> {
        let with_activator = match self.policy {
            CfaPolicy::WithConfiguredCss => false,
            CfaPolicy::WithActivatingDeviceLineCss => true,
            CfaPolicy::UseSystemDefault => match system {
                CfaSystemPolicy::WithConfiguredCss => false,
                CfaSystemPolicy::WithActivatingDeviceLineCss => true,
            },
        };
        if !with_activator {
            return combined(self.primary, self.secondary);
        }
        activator.map_or_else(Vec::new, |phone| combined(phone.line, phone.mobility.unwrap_or(phone.device)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_says_whose_partitions_count() {
        use CfaPolicy::{UseSystemDefault, WithActivatingDeviceLineCss, WithConfiguredCss};
        let phone = |mobility| Some(Activator { line: &["L"][..], device: &["D"][..], mobility });
        let check = |policy, system, activator, expect: &[&str]| {
            let space = CfaSearchSpace { policy, primary: &["P"], secondary: &["S", "P"] };
            assert_eq!(space.effective(system, activator), expect, "{policy:?} {system:?} {activator:?}");
        };
        let configured = CfaSystemPolicy::WithConfiguredCss;
        let activating = CfaSystemPolicy::WithActivatingDeviceLineCss;
        check(WithConfiguredCss, activating, phone(None), &["P", "S"]);
        check(WithActivatingDeviceLineCss, configured, phone(None), &["L", "D"]);
        check(WithActivatingDeviceLineCss, configured, phone(Some(&["M"])), &["L", "M"]);
        check(WithActivatingDeviceLineCss, configured, None, &[]);
        check(UseSystemDefault, configured, phone(None), &["P", "S"]);
        check(UseSystemDefault, activating, phone(None), &["L", "D"]);
    }
}
