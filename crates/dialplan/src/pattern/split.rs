//! How a number divides over the parts of the pattern that took it: what discard instructions work on.

use super::{Element, Pattern, Repeat};
use crate::national::{self, Form, RouteFilter};
use crate::symbol::{Digits, Symbol};

/// The parts of a number, as places in it.
#[derive(Clone, Debug)]
pub(crate) struct Split {
    /// Symbols before the dot; `None` when the pattern has none.
    pub(crate) before_dot: Option<usize>,
    /// What `@` took; `None` when the pattern has none.
    pub(crate) national: Option<NationalPart>,
}

/// The part of a number that `@` took.
#[derive(Clone, Debug)]
pub(crate) struct NationalPart {
    /// Symbols before it.
    pub(crate) start: usize,
    /// The form that it has.
    pub(crate) form: Form,
    /// Symbols that each element of the form took.
    pub(crate) taken: Vec<usize>,
}

pub(super) fn split(pattern: &Pattern, filter: Option<&RouteFilter>, digits: &Digits) -> Option<Split> {
    let symbols: Vec<Symbol> = digits.symbols().collect();
    let head = pattern.head();
    let Some(tail) = pattern.tail() else {
        let taken = divide(&head, &symbols)?;
        let before_dot = pattern.dot().map(|dot| taken.iter().take(dot).sum());
        return Some(Split { before_dot, national: None });
    };
    national::forms(filter).find_map(|form| {
        let elements: Vec<Element> = form.elements().collect();
        let branch: Vec<Element> = head.iter().chain(&elements).chain(tail.iter()).copied().collect();
        let taken = divide(&branch, &symbols)?;
        let head = head.len();
        // The `@` counts as one element for the dot, as it does for who wrote it.
        let before_dot = pattern.dot().map(|dot| {
            let elements = if dot <= head { dot } else { dot - 1 + elements.len() };
            taken.iter().take(elements).sum()
        });
        let start = taken.iter().take(head).sum();
        let taken = taken.iter().skip(head).take(elements.len()).copied().collect();
        Some(Split { before_dot, national: Some(NationalPart { start, form, taken }) })
    })
}

/// Symbols that each element of `branch` takes of `digits`. Where several divisions fit, earlier elements take as little
/// as they can: an access code is not longer than it has to be.
fn divide(branch: &[Element], digits: &[Symbol]) -> Option<Vec<usize>> {
    // Up to the first repeat there is no choice, and most patterns have none.
    let fixed = branch.iter().take_while(|element| element.repeat() == Repeat::Once).count();
    let (head, open) = branch.split_at(fixed);
    let (of_head, of_open) = digits.split_at_checked(fixed)?;
    if !head.iter().zip(of_head).all(|(element, symbol)| element.takes(*symbol)) {
        return None;
    }
    let mut taken = Vec::with_capacity(branch.len());
    taken.resize(fixed, 1);
    if open.is_empty() {
        return of_open.is_empty().then_some(taken);
    }
    divide_open(open, of_open, &mut taken)?;
    Some(taken)
}

fn divide_open(branch: &[Element], digits: &[Symbol], taken: &mut Vec<usize>) -> Option<()> {
    // For each number of elements from the back, the places from which they take all that is left.
    let mut fits = vec![vec![false; digits.len() + 1]; branch.len() + 1];
    *fits.first_mut()?.last_mut()? = true;
    for (back, element) in branch.iter().rev().enumerate() {
        let (done, rest) = fits.split_at_mut(back + 1);
        let (after, before) = (done.last()?, rest.first_mut()?);
        for (place, fits) in before.iter_mut().enumerate() {
            *fits =
                lengths(*element, digits.get(place..)?).any(|taken| after.get(place + taken) == Some(&true));
        }
    }
    let mut place = 0;
    for (element, after) in branch.iter().zip(fits.iter().rev().skip(1)) {
        let shortest =
            lengths(*element, digits.get(place..)?).find(|taken| after.get(place + taken) == Some(&true))?;
        taken.push(shortest);
        place += shortest;
    }
    (place == digits.len()).then_some(())
}

/// How many of the next symbols an element can take, fewest first.
fn lengths(element: Element, digits: &[Symbol]) -> impl Iterator<Item = usize> {
    let run = digits.iter().take_while(|symbol| element.takes(**symbol)).count();
    match element.repeat() {
        Repeat::Once => 1..=run.min(1),
        Repeat::OneOrMore => 1..=run,
        Repeat::ZeroOrMore => 0..=run,
    }
}
