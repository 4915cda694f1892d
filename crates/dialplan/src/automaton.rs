//! The patterns of all partitions as one nondeterministic automaton.
//!
//! Each partition is a tree of elements with a root of its own; patterns that begin alike share the way. A search space
//! is the automaton that starts at the roots of its partitions at once, so that one copy of a pattern serves every search
//! space that sees it, and adding a pattern touches only the nodes on its way. Where only one pattern goes on, there are no
//! nodes any more: its elements are read in place (a *tail*).

mod walk;

use crate::few::Few;
use crate::pattern::{Element, Repeat};
use crate::plan::PatternId;
use crate::shared_list::SharedList;
use crate::symbol::SymbolSet;

pub(crate) use self::walk::Walk;

/// The automaton. A copy shares what does not change.
#[derive(Clone, Debug)]
pub(crate) struct Automaton {
    nodes: SharedList<Node>,
    ways: SharedList<Way>,
    /// Nodes and ways that were given back.
    free_nodes: Vec<NodeId>,
    free_ways: Vec<WayId>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NodeId(u32);

/// One branch of one pattern.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct WayId(u32);

#[derive(Clone, Default, Debug)]
struct Node {
    /// What is taken here again and again.
    again: SymbolSet,
    edges: Few<Edge, EDGES>,
}

/// One way on from a node.
#[derive(Clone, Copy, Debug)]
struct Edge {
    /// Takes nothing where a way ends.
    element: Element,
    to: Place,
}

/// Where an edge leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Node(NodeId),
    /// Into a way that no other shares from here on; how far into it follows from the length of the path.
    Tail(WayId),
}

#[derive(Clone, Default, Debug)]
struct Way {
    elements: Few<Element, ELEMENTS>,
    pattern: PatternId,
}

impl Automaton {
    pub(crate) const fn new() -> Self {
        Automaton {
            nodes: SharedList::new(),
            ways: SharedList::new(),
            free_nodes: Vec::new(),
            free_ways: Vec::new(),
        }
    }

    /// A root for a new partition.
    pub(crate) fn root(&mut self) -> NodeId {
        self.new_node(SymbolSet::EMPTY)
    }

    /// Adds one branch of a pattern below a root.
    pub(crate) fn insert(&mut self, root: NodeId, elements: &[Element], pattern: PatternId) -> WayId {
        let way = self.new_way(Way { elements: elements.iter().copied().collect(), pattern });
        let mut node = root;
        for (passed, element) in elements.iter().enumerate() {
            match self.edge(node, *element) {
                None => {
                    self.with(node, |node| node.edges.push(Edge { element: *element, to: Place::Tail(way) }));
                    return way;
                }
                Some(Place::Node(next)) => node = next,
                Some(Place::Tail(other)) => node = self.unroll(node, *element, other, passed + 1),
            }
        }
        self.with(node, |node| node.edges.push(Edge::end(way)));
        way
    }

    /// The patterns of which a branch is made of exactly these elements.
    pub(crate) fn ends_of(&self, root: NodeId, elements: &[Element]) -> Vec<PatternId> {
        let mut node = root;
        for (passed, element) in elements.iter().enumerate() {
            match self.edge(node, *element) {
                None => return Vec::new(),
                Some(Place::Node(next)) => node = next,
                Some(Place::Tail(way)) => {
                    let way = self
                        .ways
                        .get(way.0)
                        .filter(|way| way.elements.as_slice().get(passed..) == elements.get(passed..));
                    return way.map(|way| way.pattern).into_iter().collect();
                }
            }
        }
        let ends = self.nodes.get(node.0).into_iter().flat_map(Node::ends);
        ends.filter_map(|way| self.ways.get(way.0)).map(|way| way.pattern).collect()
    }

    /// Takes a branch out again.
    pub(crate) fn remove(&mut self, root: NodeId, way: WayId) {
        let Some(elements) = self.ways.get(way.0).map(|way| way.elements.clone()) else { return };
        let mut path = vec![root];
        for element in elements.as_slice() {
            let Some(node) = path.last().copied() else { return };
            match self.edge(node, *element) {
                Some(Place::Node(next)) => path.push(next),
                Some(Place::Tail(_)) | None => break,
            }
        }
        if let Some(last) = path.last() {
            self.with(*last, |node| node.edges.retain(|edge| edge.to != Place::Tail(way)));
        }
        self.prune(&path);
        if let Some(way) = self.ways.get_mut(way.0) {
            way.elements = Few::default();
        }
        self.free_ways.push(way);
    }

    /// Gives back the nodes at the end of a path from which nothing goes on any more.
    fn prune(&mut self, path: &[NodeId]) {
        for pair in path.windows(2).rev() {
            let [above, node] = pair else { return };
            if self.nodes.get(node.0).is_some_and(|node| !node.edges.as_slice().is_empty()) {
                return;
            }
            self.with(*above, |above| above.edges.retain(|edge| edge.to != Place::Node(*node)));
            self.free_nodes.push(*node);
        }
    }

    /// Puts a node in the place of a tail's next element, so that another way can leave there.
    fn unroll(&mut self, above: NodeId, element: Element, tail: WayId, passed: usize) -> NodeId {
        let node = self.new_node(element.again());
        let next = self.ways.get(tail.0).and_then(|way| way.elements.as_slice().get(passed)).copied();
        self.with(node, |node| match next {
            Some(next) => node.edges.push(Edge { element: next, to: Place::Tail(tail) }),
            None => node.edges.push(Edge::end(tail)),
        });
        self.with(above, |above| {
            for edge in above.edges.as_mut_slice().iter_mut().filter(|edge| edge.to == Place::Tail(tail)) {
                edge.to = Place::Node(node);
            }
        });
        node
    }

    fn edge(&self, node: NodeId, element: Element) -> Option<Place> {
        let edges = self.nodes.get(node.0)?.edges.as_slice();
        edges.iter().find(|edge| edge.element == element).map(|edge| edge.to)
    }

    fn with(&mut self, node: NodeId, change: impl FnOnce(&mut Node)) {
        if let Some(node) = self.nodes.get_mut(node.0) {
            change(node);
        }
    }

    fn new_node(&mut self, again: SymbolSet) -> NodeId {
        let node = Node { again, edges: Few::default() };
        match self.free_nodes.pop() {
            Some(free) => {
                self.with(free, |place| *place = node);
                free
            }
            None => NodeId(self.nodes.push(node)),
        }
    }

    fn new_way(&mut self, way: Way) -> WayId {
        match self.free_ways.pop() {
            Some(free) => {
                if let Some(place) = self.ways.get_mut(free.0) {
                    *place = way;
                }
                free
            }
            None => WayId(self.ways.push(way)),
        }
    }
}

impl Node {
    /// Ways that end here.
    fn ends(&self) -> impl Iterator<Item = WayId> {
        self.edges.as_slice().iter().filter_map(|edge| match edge.to {
            Place::Tail(way) if edge.is_end() => Some(way),
            Place::Node(_) | Place::Tail(_) => None,
        })
    }
}

impl Edge {
    fn end(way: WayId) -> Self {
        Edge { element: Element::default(), to: Place::Tail(way) }
    }

    /// Whether a way ends here, so that nothing of its tail is left.
    const fn is_end(&self) -> bool {
        self.element.set().is_empty()
    }
}

impl Default for Edge {
    fn default() -> Self {
        Edge::end(WayId::default())
    }
}

/// Edges that make a node one line of the cache: with many of a plan there are no more.
const EDGES: usize = 4;
/// Elements that make a way one line of the cache: a number with country code has no more.
const ELEMENTS: usize = 13;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Pattern;
    use crate::symbol::Digits;

    fn branch(text: &str) -> Box<[Element]> {
        text.parse::<Pattern>().unwrap().branches(None).remove(0)
    }

    #[test]
    fn what_is_taken_out_leaves_nothing_behind_and_everything_else_in_place() {
        let patterns =
            ["1XXX", "12XX", "121X", "1", "12", "9+11", "9+1X?", "X?5", "!", "9.011!#", "9.011!", "12XX?"];
        let numbers = ["1", "12", "1212", "1299", "911", "99911", "5", "555", "9011441#", "0"];
        let mut automaton = Automaton::new();
        let root = automaton.root();
        let matches = |automaton: &Automaton| -> Vec<Vec<u32>> {
            let of = |number: &&str| {
                let mut walk = Walk::new(automaton, [root].into_iter());
                Digits::parse(number).unwrap().symbols().for_each(|symbol| walk.step(automaton, symbol));
                let mut found = Vec::new();
                walk.full_matches(automaton, |id| found.push(id.0));
                found.sort_unstable();
                found.dedup();
                found
            };
            numbers.iter().map(of).collect()
        };
        let mut ways = Vec::new();
        let mut before = Vec::new();
        for (index, text) in patterns.iter().enumerate() {
            before.push(matches(&automaton));
            ways.push(automaton.insert(root, &branch(text), PatternId(index as u32)));
            assert_eq!(automaton.ends_of(root, &branch(text)), [PatternId(index as u32)], "{text}");
        }
        for (way, before) in ways.into_iter().zip(before).rev() {
            automaton.remove(root, way);
            assert_eq!(matches(&automaton), before);
        }
        assert_eq!(automaton.nodes.len() as usize - automaton.free_nodes.len(), 1, "only the root is left");
    }
}
