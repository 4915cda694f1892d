//! One lookup on its way through the automaton.

use super::{Automaton, Edge, Node, NodeId, Place, Repeat, Way, WayId};
use crate::pattern::Element;
use crate::plan::PatternId;
use crate::symbol::{Symbol, SymbolSet};

/// All places that a string has led to, from the roots of one search space.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    states: Vec<State>,
    /// Kept for the next step, so that a step allocates nothing.
    spare: Vec<State>,
}

/// One place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct State {
    place: Place,
    /// Elements of the way that are behind it.
    passed: u16,
}

impl Walk {
    /// Before the first symbol.
    pub(crate) fn new(automaton: &Automaton, roots: impl Iterator<Item = NodeId>) -> Self {
        let mut walk = Walk { states: Vec::with_capacity(STATES), spare: Vec::with_capacity(STATES) };
        for root in roots {
            enter(automaton, State { place: Place::Node(root), passed: 0 }, &mut walk.states);
        }
        walk
    }

    /// One symbol more.
    pub(crate) fn step(&mut self, automaton: &Automaton, symbol: Symbol) {
        self.spare.clear();
        for state in &self.states {
            advance(automaton, *state, symbol, &mut self.spare);
        }
        std::mem::swap(&mut self.states, &mut self.spare);
    }

    /// Whether one symbol more would lead anywhere, without going there.
    pub(crate) fn takes(&self, automaton: &Automaton, symbol: Symbol) -> bool {
        self.states.iter().any(|state| next_symbols(automaton, *state).has(symbol))
    }

    /// Whether some pattern takes the string and at least one symbol more.
    pub(crate) fn could_grow(&self, automaton: &Automaton) -> bool {
        self.states.iter().any(|state| grows(automaton, *state))
    }

    /// Whether no other pattern than this goes on from here.
    pub(crate) fn is_alone(&self, automaton: &Automaton, pattern: PatternId) -> bool {
        self.states.iter().all(|state| match state.place {
            Place::Node(_) => false,
            Place::Tail(way) => automaton.ways.get(way.0).is_some_and(|way| way.pattern == pattern),
        })
    }

    /// The same for walks that will answer the same from here on.
    pub(crate) fn fingerprint(&self) -> Vec<(u64, u16)> {
        let number = |place: Place| match place {
            Place::Node(node) => u64::from(node.0) * 2,
            Place::Tail(way) => u64::from(way.0) * 2 + 1,
        };
        let mut all: Vec<(u64, u16)> =
            self.states.iter().map(|state| (number(state.place), state.passed)).collect();
        all.sort_unstable();
        all
    }

    /// Calls `found` for every pattern that takes the whole string; for some more than once.
    pub(crate) fn full_matches(&self, automaton: &Automaton, mut found: impl FnMut(PatternId)) {
        for state in &self.states {
            match state.place {
                Place::Node(node) => {
                    let ends = automaton.nodes.get(node.0).into_iter().flat_map(Node::ends);
                    ends.filter_map(|way| automaton.ways.get(way.0)).for_each(|way| found(way.pattern));
                }
                Place::Tail(way) => {
                    if let Some(way) = automaton.ways.get(way.0)
                        && way.elements.as_slice().len() == usize::from(state.passed)
                    {
                        found(way.pattern);
                    }
                }
            }
        }
    }

    /// Calls `found` for patterns that could still match with at least one symbol more, until it says to stop; for some
    /// more than once.
    pub(crate) fn potential_matches(
        &self,
        automaton: &Automaton,
        mut found: impl FnMut(PatternId) -> std::ops::ControlFlow<()>,
    ) {
        for state in &self.states {
            let flow = match state.place {
                Place::Node(node) => below(automaton, node, Whole::GrowingOnly, &mut found),
                Place::Tail(way) if grows(automaton, *state) => announce(automaton, way, &mut found),
                Place::Tail(_) => std::ops::ControlFlow::Continue(()),
            };
            if flow.is_break() {
                return;
            }
        }
    }
}

/// Whether a pattern that ends at a node counts there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whole {
    /// Only if the node repeats.
    GrowingOnly,
    Counts,
}

fn announce(
    automaton: &Automaton,
    way: WayId,
    found: &mut impl FnMut(PatternId) -> std::ops::ControlFlow<()>,
) -> std::ops::ControlFlow<()> {
    automaton.ways.get(way.0).map_or(std::ops::ControlFlow::Continue(()), |way| found(way.pattern))
}

fn below(
    automaton: &Automaton,
    node: NodeId,
    whole: Whole,
    found: &mut impl FnMut(PatternId) -> std::ops::ControlFlow<()>,
) -> std::ops::ControlFlow<()> {
    let Some(node) = automaton.nodes.get(node.0) else { return std::ops::ControlFlow::Continue(()) };
    let ends_count = whole == Whole::Counts || !node.again.is_empty();
    node.edges.as_slice().iter().try_for_each(|edge| match edge.to {
        Place::Node(next) => below(automaton, next, Whole::Counts, found),
        Place::Tail(_) if edge.is_end() && !ends_count => std::ops::ControlFlow::Continue(()),
        Place::Tail(way) => announce(automaton, way, found),
    })
}

fn advance(automaton: &Automaton, state: State, symbol: Symbol, out: &mut Vec<State>) {
    match state.place {
        Place::Node(id) => {
            let Some(node) = automaton.nodes.get(id.0) else { return };
            if node.again.has(symbol) {
                enter(automaton, state, out);
            }
            for edge in node.edges.as_slice() {
                if edge.element.takes(symbol) {
                    enter(automaton, State { place: edge.to, passed: state.passed + 1 }, out);
                }
            }
        }
        Place::Tail(id) => {
            let Some(way) = automaton.ways.get(id.0) else { return };
            let (last, next) = around(way, state);
            if last.is_some_and(|last| last.again().has(symbol)) {
                enter(automaton, state, out);
            }
            if next.is_some_and(|next| next.takes(symbol)) {
                enter(automaton, State { place: state.place, passed: state.passed + 1 }, out);
            }
        }
    }
}

/// Adds a place and those that are reached from it by leaving out what may be left out.
fn enter(automaton: &Automaton, state: State, out: &mut Vec<State>) {
    match state.place {
        Place::Node(id) => {
            let Some(node) = automaton.nodes.get(id.0) else { return };
            // Only repeats lead to one place in two ways.
            if !node.again.is_empty() && out.contains(&state) {
                return;
            }
            out.push(state);
            for edge in node.edges.as_slice().iter().filter(|edge| may_be_left_out(edge)) {
                enter(automaton, State { place: edge.to, passed: state.passed + 1 }, out);
            }
        }
        Place::Tail(id) => {
            let Some(way) = automaton.ways.get(id.0) else { return };
            let mut state = state;
            loop {
                if !out.contains(&state) {
                    out.push(state);
                }
                match around(way, state).1.map(Element::repeat) {
                    Some(Repeat::ZeroOrMore) => state.passed += 1,
                    Some(Repeat::Once | Repeat::OneOrMore) | None => return,
                }
            }
        }
    }
}

fn may_be_left_out(edge: &Edge) -> bool {
    edge.element.repeat() == Repeat::ZeroOrMore
}

fn grows(automaton: &Automaton, state: State) -> bool {
    match state.place {
        Place::Node(id) => {
            let goes_on = |node: &Node| node.edges.as_slice().iter().any(|edge| !edge.is_end());
            automaton.nodes.get(id.0).is_some_and(|node| !node.again.is_empty() || goes_on(node))
        }
        Place::Tail(id) => automaton.ways.get(id.0).is_some_and(|way| {
            let (last, next) = around(way, state);
            next.is_some() || last.is_some_and(|last| !last.again().is_empty())
        }),
    }
}

fn next_symbols(automaton: &Automaton, state: State) -> SymbolSet {
    match state.place {
        Place::Node(id) => automaton.nodes.get(id.0).map_or(SymbolSet::EMPTY, |node| {
            node.edges.as_slice().iter().fold(node.again, |set, edge| set.union(edge.element.set()))
        }),
        Place::Tail(id) => automaton.ways.get(id.0).map_or(SymbolSet::EMPTY, |way| {
            let (last, next) = around(way, state);
            let again = last.map_or(SymbolSet::EMPTY, Element::again);
            again.union(next.map_or(SymbolSet::EMPTY, Element::set))
        }),
    }
}

/// The element before a place in a tail, which may repeat, and the one after it.
fn around(way: &Way, state: State) -> (Option<Element>, Option<Element>) {
    let elements = way.elements.as_slice();
    let passed = usize::from(state.passed);
    let last = passed.checked_sub(1).and_then(|last| elements.get(last));
    (last.copied(), elements.get(passed).copied())
}

/// Places at once that are foreseen; more are possible.
const STATES: usize = 16;
