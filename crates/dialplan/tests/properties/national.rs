//! The national numbering plan and route filters, read from their tables. Nothing here comes from the crate.

use super::matcher::{Element, Negated, elements};

/// A part of a national number.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) tag: &'static str,
    pub(crate) elements: Vec<Element>,
}

/// The ways to dial a number that a filter leaves; without one, all but seven digits.
pub(crate) fn forms(filter: &str) -> Vec<Vec<Part>> {
    let parts = |form: &[(&'static str, &str)]| -> Vec<Part> {
        form.iter().map(|(tag, text)| Part { tag, elements: elements(text, Negated::Digits).0 }).collect()
    };
    let mut all: Vec<(String, Vec<Part>)> = Vec::new();
    for (name, form) in FORMS {
        all.push(((*name).to_owned(), parts(form)));
    }
    for (name, form) in FORMS.iter().filter(|(name, _)| !WITHOUT_CARRIER.contains(name)) {
        all.push((format!("10-10+{name}"), [parts(CARRIER), parts(form)].concat()));
    }
    if filter.is_empty() {
        return all.into_iter().filter(|(name, _)| name != "7d").map(|(_, form)| form).collect();
    }
    let left = |group: &str| -> Vec<Vec<Part>> {
        all.iter().filter_map(|(name, form)| leave(name, form.clone(), group)).collect()
    };
    filter.split(" OR ").flat_map(left).collect()
}

/// A form as one group of clauses leaves it.
fn leave(name: &str, mut form: Vec<Part>, group: &str) -> Option<Vec<Part>> {
    let clauses = || group.split(" AND ");
    let allows_seven = clauses().any(|clause| ["FORM 7d", "AREA-CODE DOES-NOT-EXIST"].contains(&clause));
    if name == "7d" && !allows_seven {
        return None;
    }
    for clause in clauses() {
        let words: Vec<&str> = clause.split(' ').collect();
        let part = form.iter_mut().find(|part| part.tag == words[0]);
        let fits = match (words[0], words[1], part) {
            ("FORM", wanted, _) => wanted == name,
            (_, "EXISTS", part) => part.is_some(),
            (_, "DOES-NOT-EXIST", part) => part.is_none(),
            (_, "==", None) => false,
            (tag, "==", Some(part)) => {
                let value = elements(words[2], Negated::Digits).0;
                let open = ["COUNTRY-CODE", "NATIONAL-NUMBER"].contains(&tag);
                let same_length = part.elements.len() == value.len();
                let first = part.elements[0].clone();
                let places: Vec<Element> = if open {
                    value.iter().map(|_| Element { set: digits(), ..first.clone() }).collect()
                } else {
                    part.elements.clone()
                };
                part.elements = places
                    .iter()
                    .zip(&value)
                    .enumerate()
                    .map(|(index, (place, value))| {
                        let also = |symbol: &char| !(open && index == 0) || first.set.contains(symbol);
                        let both = |symbol: &char| place.set.contains(symbol) && also(symbol);
                        Element { set: value.set.iter().copied().filter(both).collect(), times: value.times }
                    })
                    .collect();
                (open || same_length) && part.elements.iter().all(|element| !element.set.is_empty())
            }
            other => panic!("{other:?}"),
        };
        if !fits {
            return None;
        }
    }
    Some(form)
}

fn digits() -> Vec<char> {
    ('0'..='9').collect()
}

/// Route filters that leave something.
pub(crate) const FILTERS: &[&str] = &[
    "FORM 7d",
    "FORM 7d OR FORM service",
    "SERVICE EXISTS",
    "AREA-CODE == 212 OR LOCAL-AREA-CODE == 2[1-3]X",
    "AREA-CODE DOES-NOT-EXIST AND SERVICE DOES-NOT-EXIST",
    "COUNTRY-CODE == 33 OR TRANSIT-NETWORK == 0288",
    "COUNTRY-CODE == 0 OR LOCAL-OPERATOR == 5 OR SERVICE == 4XX",
    "LONG-DISTANCE-DIRECT-DIAL EXISTS AND OFFICE-CODE == [2-3]1X",
    "END-OF-DIALING EXISTS AND TRANSIT-NETWORK DOES-NOT-EXIST",
    "NATIONAL-NUMBER == 1XX OR LOCAL-OPERATOR EXISTS",
];

const WITHOUT_CARRIER: &[&str] = &["operator", "service", "7d", "intl-operator"];
const CARRIER: &[(&str, &str)] = &[("TRANSIT-NETWORK-ESCAPE", "101"), ("TRANSIT-NETWORK", "XXXX")];

const FORMS: &[(&str, &[(&str, &str)])] = &[
    ("operator", &[("LOCAL-OPERATOR", "0")]),
    ("service", &[("SERVICE", "[2-9]11")]),
    ("7d", &[("OFFICE-CODE", "[2-9]XX"), ("SUBSCRIBER", "XXXX")]),
    ("10d", &[("LOCAL-AREA-CODE", "[2-9]XX"), ("OFFICE-CODE", "[2-9]XX"), ("SUBSCRIBER", "XXXX")]),
    (
        "11d",
        &[
            ("LONG-DISTANCE-DIRECT-DIAL", "1"),
            ("AREA-CODE", "[2-9]XX"),
            ("OFFICE-CODE", "[2-9]XX"),
            ("SUBSCRIBER", "XXXX"),
        ],
    ),
    (
        "0+10d",
        &[
            ("LONG-DISTANCE-OPERATOR", "0"),
            ("AREA-CODE", "[2-9]XX"),
            ("OFFICE-CODE", "[2-9]XX"),
            ("SUBSCRIBER", "XXXX"),
        ],
    ),
    (
        "intl",
        &[
            ("INTERNATIONAL-ACCESS", "01"),
            ("INTERNATIONAL-DIRECT-DIAL", "1"),
            ("COUNTRY-CODE", "[1-9]"),
            ("NATIONAL-NUMBER", "X+"),
        ],
    ),
    (
        "intl#",
        &[
            ("INTERNATIONAL-ACCESS", "01"),
            ("INTERNATIONAL-DIRECT-DIAL", "1"),
            ("COUNTRY-CODE", "[1-9]"),
            ("NATIONAL-NUMBER", "X+"),
            ("END-OF-DIALING", "#"),
        ],
    ),
    ("intl-operator", &[("INTERNATIONAL-ACCESS", "01"), ("INTERNATIONAL-OPERATOR", "0")]),
    ("01", &[("INTERNATIONAL-ACCESS", "01"), ("COUNTRY-CODE", "[2-9]"), ("NATIONAL-NUMBER", "X+")]),
    (
        "01#",
        &[
            ("INTERNATIONAL-ACCESS", "01"),
            ("COUNTRY-CODE", "[2-9]"),
            ("NATIONAL-NUMBER", "X+"),
            ("END-OF-DIALING", "#"),
        ],
    ),
];
