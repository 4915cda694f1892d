//! What one pattern takes, read from the rules and tried out symbol by symbol. Nothing here comes from the crate.

use std::collections::{BTreeMap, BTreeSet};

use super::national::{self, Part};

/// Everything that can be dialled.
pub(crate) const SYMBOLS: &str = "0123456789*#ABCD+";

/// One element of a pattern.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Element {
    pub(crate) set: Vec<char>,
    pub(crate) times: Times,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Times {
    Once,
    OnceOrMore,
    AnyNumber,
}

/// A pattern, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    /// One, but for `@`: then one for each way to dial a national number.
    pub(crate) ways: Vec<Way>,
    /// One symbol of each group that no element tells apart.
    pub(crate) symbols: Vec<char>,
    /// Elements before the dot.
    pub(crate) dot: Option<usize>,
    /// Elements before the `@`.
    pub(crate) at: Option<usize>,
}

/// One way through a pattern.
#[derive(Clone, Default, Debug)]
pub(crate) struct Way {
    pub(crate) elements: Vec<Element>,
    /// Parts of the national number behind the `@`, each with its elements.
    pub(crate) parts: Vec<Part>,
}

/// Takes a pattern apart that is known to be one. A filter leaves ways through `@` out, or narrows them.
pub(crate) fn parse(text: &str, filter: &str, rule: Negated) -> Taken {
    let (head, dot) = elements(text.trim_end_matches('@'), rule);
    let at = text.ends_with('@').then_some(head.len());
    let ways: Vec<Way> = match at {
        None => vec![Way { elements: head, parts: Vec::new() }],
        Some(_) => national::forms(filter)
            .into_iter()
            .map(|parts| {
                let behind = parts.iter().flat_map(|part| part.elements.iter().cloned());
                Way { elements: head.iter().cloned().chain(behind).collect(), parts }
            })
            .collect(),
    };
    let all: Vec<Element> = ways.iter().flat_map(|way| way.elements.iter().cloned()).collect();
    Taken { symbols: alike(&all).into_keys().collect(), ways, dot, at }
}

/// What a negated set leaves its symbols out of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Negated {
    Digits,
    DigitsStarAndHash,
}

impl Taken {
    pub(crate) fn takes(&self, string: &[char]) -> bool {
        self.ways.iter().any(|way| takes(&way.elements, string))
    }

    pub(crate) fn begins(&self, string: &[char]) -> bool {
        self.ways.iter().any(|way| begins(&way.elements, string))
    }
}

/// The elements of a text, and how many stand before the dot.
pub(crate) fn elements(text: &str, rule: Negated) -> (Vec<Element>, Option<usize>) {
    let mut elements: Vec<Element> = Vec::new();
    let mut dot = None;
    let mut rest = text.chars();
    let digits = || ('0'..='9').collect::<Vec<char>>();
    while let Some(character) = rest.next() {
        let (set, times) = match character {
            '.' => {
                dot = Some(elements.len());
                continue;
            }
            '?' => {
                elements.last_mut().unwrap().times = Times::AnyNumber;
                continue;
            }
            '+' => {
                elements.last_mut().unwrap().times = Times::OnceOrMore;
                continue;
            }
            '\\' => (vec![rest.next().unwrap()], Times::Once),
            'X' => (digits(), Times::Once),
            '!' => (digits(), Times::OnceOrMore),
            '[' => {
                let inside: Vec<char> = rest.by_ref().take_while(|character| *character != ']').collect();
                (set(&inside, rule), Times::Once)
            }
            key => (vec![key], Times::Once),
        };
        elements.push(Element { set, times });
    }
    (elements, dot)
}

fn set(inside: &[char], rule: Negated) -> Vec<char> {
    if let ['^', outside @ ..] = inside {
        let outside = set(outside, rule);
        let all = match rule {
            Negated::Digits => "0123456789",
            Negated::DigitsStarAndHash => "0123456789*#",
        };
        return all.chars().filter(|symbol| !outside.contains(symbol)).collect();
    }
    match inside {
        [from, '-', to, rest @ ..] => (*from..=*to).chain(set(rest, rule)).collect(),
        [one, rest @ ..] => [*one].into_iter().chain(set(rest, rule)).collect(),
        [] => Vec::new(),
    }
}

/// Whether the elements take the whole string.
pub(crate) fn takes(elements: &[Element], string: &[char]) -> bool {
    let Some((element, after)) = elements.split_first() else { return string.is_empty() };
    let first = string.first().is_some_and(|symbol| element.set.contains(symbol));
    match element.times {
        Times::Once => first && takes(after, &string[1..]),
        Times::OnceOrMore => first && (takes(after, &string[1..]) || takes(elements, &string[1..])),
        Times::AnyNumber => takes(after, string) || first && takes(elements, &string[1..]),
    }
}

/// Whether the elements take the string with something or nothing behind it.
pub(crate) fn begins(elements: &[Element], string: &[char]) -> bool {
    if string.is_empty() {
        return true;
    }
    let Some((element, after)) = elements.split_first() else { return false };
    let first = string.first().is_some_and(|symbol| element.set.contains(symbol));
    match element.times {
        Times::Once => first && begins(after, &string[1..]),
        Times::OnceOrMore => first && (begins(after, &string[1..]) || begins(elements, &string[1..])),
        Times::AnyNumber => begins(after, string) || first && begins(elements, &string[1..]),
    }
}

/// Whether the pattern takes the string with at least one symbol more.
pub(crate) fn could_grow(taken: &Taken, string: &[char]) -> bool {
    let longer = |symbol: &char| string.iter().copied().chain([*symbol]).collect::<Vec<char>>();
    taken.begins(string) && taken.symbols.iter().any(|symbol| taken.begins(&longer(symbol)))
}

/// How many different strings of a length the pattern takes. What is left to be taken after each first symbol decides; of
/// symbols between which no element makes a difference one is tried, which counts for all of them.
pub(crate) fn breadth(taken: &Taken, length: usize) -> u128 {
    let lefts: BTreeSet<Vec<Element>> = taken.ways.iter().map(|way| way.elements.clone()).collect();
    let all: Vec<Element> = lefts.iter().flatten().cloned().collect();
    count(&lefts, &alike(&all), length, &mut BTreeMap::new())
}

type Counted = BTreeMap<(BTreeSet<Vec<Element>>, usize), u128>;

fn count(
    lefts: &BTreeSet<Vec<Element>>,
    alike: &BTreeMap<char, u128>,
    length: usize,
    counted: &mut Counted,
) -> u128 {
    if length == 0 {
        return u128::from(lefts.iter().any(|left| takes(left, &[])));
    }
    if let Some(known) = counted.get(&(lefts.clone(), length)) {
        return *known;
    }
    let mut sum = 0;
    for (symbol, times) in alike {
        let mut after = BTreeSet::new();
        lefts.iter().for_each(|left| take_one(left, *symbol, &mut after));
        if !after.is_empty() {
            sum += times * count(&after, alike, length - 1, counted);
        }
    }
    counted.insert((lefts.clone(), length), sum);
    sum
}

/// What can be left of the elements when they have taken one symbol.
fn take_one(elements: &[Element], symbol: char, lefts: &mut BTreeSet<Vec<Element>>) {
    let Some((element, after)) = elements.split_first() else { return };
    if element.set.contains(&symbol) {
        match element.times {
            Times::Once => drop(lefts.insert(after.to_vec())),
            Times::OnceOrMore | Times::AnyNumber => {
                let again = Element { times: Times::AnyNumber, ..element.clone() };
                lefts.insert([&[again][..], after].concat());
            }
        }
    }
    if element.times == Times::AnyNumber {
        take_one(after, symbol, lefts);
    }
}

/// The first of each group of symbols that are in the same sets, with how many they are.
fn alike(elements: &[Element]) -> BTreeMap<char, u128> {
    let mut groups: BTreeMap<Vec<bool>, (char, u128)> = BTreeMap::new();
    for symbol in SYMBOLS.chars() {
        let sets: Vec<bool> = elements.iter().map(|element| element.set.contains(&symbol)).collect();
        if sets.contains(&true) {
            groups.entry(sets).or_insert((symbol, 0)).1 += 1;
        }
    }
    groups.into_values().collect()
}

#[test]
fn counting_is_trying_every_string() {
    let check = |text: &str, length: usize| {
        let pattern = parse(text, "", Negated::Digits);
        let mut strings = vec![Vec::new()];
        for _ in 0..length {
            let longer = |string: Vec<char>| {
                SYMBOLS.chars().map(move |symbol| string.iter().copied().chain([symbol]).collect())
            };
            strings = strings.into_iter().flat_map(longer).collect();
        }
        let taken = strings.iter().filter(|string| pattern.takes(string)).count();
        assert_eq!(breadth(&pattern, length), taken as u128, "{text} of {length}");
    };
    check("X?1X?", 3);
    check("[^13-5]+2?", 3);
    check(r"\+[1-3]!", 3);
    check("1?*?", 2);
    check("!", 1);
    check("X?[12]1?", 3);
    check("1+1?1", 3);
    check("@", 3);
    check("0@", 4);
}
