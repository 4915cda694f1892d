//! What one pattern takes, read from the rules and tried out symbol by symbol. Nothing here comes from the crate.

use std::collections::{BTreeMap, BTreeSet};

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
    pub(crate) elements: Vec<Element>,
    /// One symbol of each group that no element tells apart.
    pub(crate) symbols: Vec<char>,
    /// Elements before the dot.
    pub(crate) dot: Option<usize>,
}

/// Takes a pattern apart that is known to be one.
pub(crate) fn parse(text: &str) -> Taken {
    let mut taken = Taken { elements: Vec::new(), symbols: Vec::new(), dot: None };
    let mut rest = text.chars();
    let digits = || ('0'..='9').collect::<Vec<char>>();
    while let Some(character) = rest.next() {
        let (set, times) = match character {
            '.' => {
                taken.dot = Some(taken.elements.len());
                continue;
            }
            '?' => {
                taken.elements.last_mut().unwrap().times = Times::AnyNumber;
                continue;
            }
            '+' => {
                taken.elements.last_mut().unwrap().times = Times::OnceOrMore;
                continue;
            }
            '\\' => (vec![rest.next().unwrap()], Times::Once),
            'X' => (digits(), Times::Once),
            '!' => (digits(), Times::OnceOrMore),
            '[' => {
                let inside: Vec<char> = rest.by_ref().take_while(|character| *character != ']').collect();
                (set(&inside), Times::Once)
            }
            key => (vec![key], Times::Once),
        };
        taken.elements.push(Element { set, times });
    }
    taken.symbols = alike(&taken.elements).into_keys().collect();
    taken
}

fn set(inside: &[char]) -> Vec<char> {
    if let ['^', outside @ ..] = inside {
        let outside = set(outside);
        return ('0'..='9').filter(|digit| !outside.contains(digit)).collect();
    }
    match inside {
        [from, '-', to, rest @ ..] => (*from..=*to).chain(set(rest)).collect(),
        [one, rest @ ..] => [*one].into_iter().chain(set(rest)).collect(),
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
    begins(&taken.elements, string)
        && taken.symbols.iter().any(|symbol| begins(&taken.elements, &longer(symbol)))
}

/// How many different strings of a length the elements take. What is left to be taken after each first symbol decides; of
/// symbols between which no element makes a difference one is tried, which counts for all of them.
pub(crate) fn breadth(elements: &[Element], length: usize) -> u128 {
    let lefts = BTreeSet::from([elements.to_vec()]);
    count(&lefts, &alike(elements), length, &mut BTreeMap::new())
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
        let elements = parse(text).elements;
        let mut strings = vec![Vec::new()];
        for _ in 0..length {
            let longer = |string: Vec<char>| {
                SYMBOLS.chars().map(move |symbol| string.iter().copied().chain([symbol]).collect())
            };
            strings = strings.into_iter().flat_map(longer).collect();
        }
        let taken = strings.iter().filter(|string| takes(&elements, string)).count();
        assert_eq!(breadth(&elements, length), taken as u128, "{text} of {length}");
    };
    check("X?1X?", 3);
    check("[^13-5]+2?", 3);
    check(r"\+[1-3]!", 3);
    check("1?*?", 2);
    check("!", 1);
    check("X?[12]1?", 3);
    check("1+1?1", 3);
}
