//! Which crate stands on which floor, and who may use whom.

use crate::workspace::{Edge, Graph};

/// Every crate that exists or is foreseen, with its floor. The only such table.
///
/// 0 ground, 1 protocols and rules, 2 domains, 3 the whole, 4 drivers, 5 shells.
pub(crate) const FLOORS: &[(&str, u8)] = &[
    ("strowger-base", 0),
    ("strowger-dialplan", 1),
    ("strowger-media", 1),
    ("strowger-phones", 1),
    ("strowger-pki", 1),
    ("strowger-sccp", 1),
    ("strowger-sip", 1),
    ("strowger-callcontrol", 2),
    ("strowger-cdr", 2),
    ("strowger-cluster", 2),
    ("strowger-configuration", 2),
    ("strowger-cti", 2),
    ("strowger-diag", 2),
    ("strowger-edge", 2),
    ("strowger-presence", 2),
    ("strowger-provision", 2),
    ("strowger-node", 3),
    ("strowger-transfer", 4),
    ("strowger", 5),
    ("strowger-sim", 5),
    ("xtask", 5),
];

/// Edges that go down and are wrong all the same: call control and presence know legs and signals, never a protocol.
const NEVER: &[(&str, &str)] = &[
    ("strowger-callcontrol", "strowger-sip"),
    ("strowger-callcontrol", "strowger-sccp"),
    ("strowger-presence", "strowger-sip"),
    ("strowger-presence", "strowger-sccp"),
    ("strowger-diag", "strowger-sip"),
    ("strowger-diag", "strowger-sccp"),
];

/// The floor of crates that do IO and know nothing of calls: of ours they use the ground alone.
const DRIVERS: u8 = 4;

/// The floor of a crate of ours.
pub(crate) fn floor(name: &str) -> Option<u8> {
    FLOORS.iter().find(|row| row.0 == name).map(|row| row.1)
}

/// True for the crates that do no IO.
pub(crate) fn is_core(name: &str) -> bool {
    floor(name).is_some_and(|floor| floor <= 3)
}

/// What is wrong with the edges between our own crates. Test edges obey the same rule: two machines that
/// must be tested together meet one floor up.
pub(crate) fn complaints(graph: &Graph) -> Vec<String> {
    let mut found: Vec<String> = graph
        .members
        .iter()
        .filter(|member| floor(member).is_none())
        .map(|member| format!("{member} has no floor: a new crate needs an ADR and a row in FLOORS"))
        .collect();
    found.extend(graph.edges.iter().filter_map(complaint));
    found
}

fn complaint(edge: &Edge) -> Option<String> {
    let (Some(from), Some(to)) = (floor(&edge.from), floor(&edge.to)) else { return None };
    let Edge { from: user, to: used, .. } = edge;
    if NEVER.contains(&(user.as_str(), used.as_str())) {
        return Some(format!("{user} must never use {used}: it knows legs and signals, not protocols"));
    }
    if to > from {
        return Some(format!("{user} (floor {from}) uses {used} (floor {to}): arrows go down"));
    }
    if from == DRIVERS && to > 0 {
        return Some(format!("{user} must never use {used}: a driver knows nothing of calls"));
    }
    (to == from).then(|| format!("{user} and {used} are siblings on floor {from}: they meet one floor up"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::EdgeKind;

    fn check(from: &str, to: &str, expect: Option<&str>) {
        for kind in [EdgeKind::Normal, EdgeKind::Test] {
            let edges = vec![Edge { from: from.into(), to: to.into(), kind }];
            let graph = Graph { members: vec![from.into()], edges };
            let found = complaints(&graph);
            match expect {
                None => assert_eq!(found, Vec::<String>::new(), "{from} -> {to}"),
                Some(words) => {
                    assert!(found.len() == 1 && found[0].contains(words), "{from} -> {to}: {found:?}");
                }
            }
        }
    }

    #[test]
    fn a_forged_edge_is_found() {
        check("strowger-node", "strowger-sip", None);
        check("strowger", "strowger-node", None);
        check("strowger-sip", "strowger-base", None);
        check("strowger-callcontrol", "strowger-media", None);
        check("strowger-sip", "strowger-media", Some("siblings"));
        check("strowger-callcontrol", "strowger-diag", Some("siblings"));
        check("strowger-callcontrol", "strowger-sip", Some("never"));
        check("strowger", "strowger-transfer", None);
        check("strowger-transfer", "strowger-base", None);
        check("strowger-transfer", "strowger-cdr", Some("nothing of calls"));
        check("strowger-transfer", "strowger", Some("arrows go down"));
        check("strowger-base", "strowger-sip", Some("arrows go down"));
        check("strowger-media", "strowger-node", Some("arrows go down"));
        check("strowger-sim", "strowger", Some("siblings"));
    }

    #[test]
    fn a_crate_without_a_floor_is_found() {
        let graph = Graph { members: vec!["strowger-utils".into()], edges: Vec::new() };
        assert!(complaints(&graph)[0].contains("has no floor"));
    }
}
