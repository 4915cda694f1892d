//! Route filters: which forms of the national plan a pattern with `@` takes.

use super::{Form, SEVEN_DIGITS, Tag};
use crate::pattern::{Element, Pattern, Repeat};
use crate::symbol::SymbolSet;

/// A checked route filter.
///
/// Written as `AREA-CODE == 900 AND INTERNATIONAL-ACCESS DOES-NOT-EXIST OR SERVICE EXISTS`: `AND` binds more than `OR`;
/// parentheses round a group are allowed. Forms can be named instead, as in `FORM 7d OR FORM service`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteFilter(Box<Filter>);

#[derive(Clone, PartialEq, Eq, Debug)]
struct Filter {
    text: Box<str>,
    groups: Vec<Vec<Clause>>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Clause {
    Exists(Tag),
    DoesNotExist(Tag),
    Equals(Tag, Vec<Element>),
    Form(Box<str>),
}

/// Why a text is no route filter.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FilterError {
    /// It is longer than a filter may be.
    #[error("it is longer than {} characters", RouteFilter::CHARACTERS_MAX)]
    TooLong,
    /// It has no clause.
    #[error("it has no clause; expected for example AREA-CODE == 900")]
    Empty,
    /// A word that is no tag.
    #[error("{word:?} is no tag of the numbering plan; expected for example AREA-CODE")]
    Tag {
        /// What stands there.
        word: Box<str>,
    },
    /// A word that is no operator.
    #[error(
        "{word:?} after {tag} is no operator; expected EXISTS, DOES-NOT-EXIST, NOT-SELECTED or == and a value"
    )]
    Operator {
        /// The tag before it.
        tag: Box<str>,
        /// What stands there.
        word: Box<str>,
    },
    /// A value that is no run of digits and wildcards.
    #[error("{value:?} is no value for {tag}; expected digits, X or sets")]
    Value {
        /// The tag before it.
        tag: Box<str>,
        /// What stands there.
        value: Box<str>,
    },
    /// A form that the plan does not have.
    #[error("{name:?} is no dialling form; expected for example 7d, 10d, 11d, service or intl")]
    Form {
        /// What stands there.
        name: Box<str>,
    },
    /// A word between clauses that is neither AND nor OR.
    #[error("{word:?} stands between two clauses; expected AND or OR")]
    Joint {
        /// What stands there.
        word: Box<str>,
    },
}

impl RouteFilter {
    /// Longest filter, in characters.
    pub const CHARACTERS_MAX: usize = 1024;

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Groups of clauses, counted from 0, that leave no form of the plan.
    pub(crate) fn empty_groups(&self) -> Vec<usize> {
        let all = |clauses: &[Clause]| super::all_forms().any(|form| narrow(form, clauses).is_some());
        let groups = self.0.groups.iter().enumerate();
        groups.filter(|(_, clauses)| !all(clauses)).map(|(index, _)| index).collect()
    }

    /// The form as often as groups of clauses leave it, narrowed to the values they want.
    pub(super) fn admit(&self, form: Form) -> Vec<Form> {
        self.0.groups.iter().filter_map(|clauses| narrow(form.clone(), clauses)).collect()
    }
}

fn narrow(mut form: Form, clauses: &[Clause]) -> Option<Form> {
    let without_area = |clause: &Clause| match clause {
        Clause::DoesNotExist(tag) => *tag == Tag::AreaCode,
        Clause::Form(name) => **name == *SEVEN_DIGITS,
        Clause::Exists(_) | Clause::Equals(..) => false,
    };
    // Seven digits are dialled only where a filter says so: by their name, or by ruling out area codes.
    if form.name == SEVEN_DIGITS && !clauses.iter().any(without_area) {
        return None;
    }
    for clause in clauses {
        match clause {
            Clause::Exists(tag) => form.has(*tag).then_some(())?,
            Clause::DoesNotExist(tag) => (!form.has(*tag)).then_some(())?,
            Clause::Form(name) => (*form.name == **name).then_some(())?,
            Clause::Equals(tag, value) => {
                let segment = form.segments.iter_mut().find(|segment| segment.tag == *tag)?;
                segment.elements = meet(*tag, &segment.elements, value)?;
            }
        }
    }
    Some(form)
}

/// What both take, place by place: a filter leaves numbers out and never lets others in. Where the plan leaves open how
/// long a part is, as of country codes and national numbers, the value decides how long.
fn meet(tag: Tag, plan: &[Element], value: &[Element]) -> Option<Vec<Element>> {
    let (first, rest) = plan.split_first()?;
    let open = tag == Tag::CountryCode && rest.is_empty() || first.repeat() != Repeat::Once;
    let places = match open {
        true => std::iter::once(first.set())
            .chain(std::iter::repeat(SymbolSet::DIGITS))
            .take(value.len())
            .collect(),
        false => plan.iter().map(|place| place.set()).collect::<Vec<SymbolSet>>(),
    };
    if places.len() != value.len() {
        return None;
    }
    let both = places.iter().zip(value).map(|(place, value)| {
        let set = place.intersection(value.set());
        (!set.is_empty()).then_some(Element::new(set, if open { value.repeat() } else { Repeat::Once }))
    });
    both.collect()
}

impl std::str::FromStr for RouteFilter {
    type Err = FilterError;
    fn from_str(text: &str) -> Result<Self, FilterError> {
        if text.chars().count() > RouteFilter::CHARACTERS_MAX {
            return Err(FilterError::TooLong);
        }
        let plain = text.replace(['(', ')'], " ");
        let mut words = plain.split_whitespace();
        let mut groups = vec![Vec::new()];
        while let Some(word) = words.next() {
            if let Some(clause) = clause(word, &mut words)?
                && let Some(group) = groups.last_mut()
            {
                group.push(clause);
            }
            match words.next() {
                None | Some("AND") => {}
                Some("OR") => groups.push(Vec::new()),
                Some(word) => return Err(FilterError::Joint { word: word.into() }),
            }
        }
        groups.retain(|group: &Vec<Clause>| !group.is_empty());
        if groups.is_empty() {
            Err(FilterError::Empty)
        } else {
            Ok(RouteFilter(Box::new(Filter { text: text.into(), groups })))
        }
    }
}

fn clause<'t>(word: &str, words: &mut impl Iterator<Item = &'t str>) -> Result<Option<Clause>, FilterError> {
    let next = words.next().unwrap_or_default();
    if word == "FORM" {
        let known = super::PLAIN
            .iter()
            .any(|(name, _)| next.strip_prefix(super::CARRIER_NAME).unwrap_or(next) == *name);
        let form = FilterError::Form { name: next.into() };
        return if known { Ok(Some(Clause::Form(next.into()))) } else { Err(form) };
    }
    let (_, tag) =
        TAGS.iter().find(|(name, _)| *name == word).ok_or(FilterError::Tag { word: word.into() })?;
    match next {
        "EXISTS" => Ok(Some(Clause::Exists(*tag))),
        "DOES-NOT-EXIST" => Ok(Some(Clause::DoesNotExist(*tag))),
        "NOT-SELECTED" => Ok(None),
        "==" => {
            let value = words.next().unwrap_or_default();
            let wrong = || FilterError::Value { tag: word.into(), value: value.into() };
            let pattern: Pattern = value.parse().map_err(|_| wrong())?;
            let plain = !pattern.has_national_plan() && !pattern.has_dot();
            let elements = pattern.branches(None).into_iter().next().filter(|_| plain).ok_or_else(wrong)?;
            Ok(Some(Clause::Equals(*tag, elements.into_vec())))
        }
        _ => Err(FilterError::Operator { tag: word.into(), word: next.into() }),
    }
}

const TAGS: &[(&str, Tag)] = &[
    ("AREA-CODE", Tag::AreaCode),
    ("COUNTRY-CODE", Tag::CountryCode),
    ("END-OF-DIALING", Tag::EndOfDialing),
    ("INTERNATIONAL-ACCESS", Tag::InternationalAccess),
    ("INTERNATIONAL-DIRECT-DIAL", Tag::InternationalDirectDial),
    ("INTERNATIONAL-OPERATOR", Tag::InternationalOperator),
    ("LOCAL-AREA-CODE", Tag::LocalAreaCode),
    ("LOCAL-DIRECT-DIAL", Tag::LocalDirectDial),
    ("LOCAL-OPERATOR", Tag::LocalOperator),
    ("LONG-DISTANCE-DIRECT-DIAL", Tag::LongDistanceDirectDial),
    ("LONG-DISTANCE-OPERATOR", Tag::LongDistanceOperator),
    ("NATIONAL-NUMBER", Tag::NationalNumber),
    ("OFFICE-CODE", Tag::OfficeCode),
    ("SATELLITE-SERVICE", Tag::SatelliteService),
    ("SERVICE", Tag::Service),
    ("SUBSCRIBER", Tag::Subscriber),
    ("TRANSIT-NETWORK", Tag::TransitNetwork),
    ("TRANSIT-NETWORK-ESCAPE", Tag::TransitNetworkEscape),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbol::Digits;

    #[test]
    fn a_filter_leaves_the_forms_that_fit_one_group() {
        let check = |filter: &str, number: &str, expect: bool| {
            let filter: RouteFilter = filter.parse().unwrap();
            let pattern: Pattern = "9.@".parse().unwrap();
            let fits = pattern.split(Some(&filter), &Digits::parse(number).unwrap()).is_some();
            assert_eq!(fits, expect, "{} on {number}", filter.text());
        };
        check("AREA-CODE == 900", "919005551234", true);
        check("AREA-CODE == 900", "919725551234", false);
        check("AREA-CODE == 900", "99005551234", false);
        check("AREA-CODE DOES-NOT-EXIST AND SERVICE DOES-NOT-EXIST", "95551234", true);
        check("AREA-CODE EXISTS", "95551234", false);
        check("SERVICE EXISTS OR COUNTRY-CODE == 33", "9411", true);
        check("SERVICE EXISTS OR COUNTRY-CODE == 33", "90113312345", true);
        check("SERVICE EXISTS OR COUNTRY-CODE == 33", "90114412345", false);
        check(
            "(SERVICE EXISTS) OR (OFFICE-CODE == 55X AND LONG-DISTANCE-DIRECT-DIAL EXISTS)",
            "912145561234",
            true,
        );
        check("FORM 7d", "95551234", true);
        check("FORM 7d", "9411", false);
        check("FORM 10-10+11d", "9101028819725551234", true);
        check("SERVICE NOT-SELECTED AND AREA-CODE EXISTS", "919005551234", true);
        check("COUNTRY-CODE == 353", "901135312345", true);
        check("COUNTRY-CODE == 353", "90113531", true);
        check("COUNTRY-CODE == 353", "9011353", false);
        check("NATIONAL-NUMBER == 2XX", "90111234", true);
        check("NATIONAL-NUMBER == 2XX", "90111334", false);
    }

    #[test]
    fn a_filter_lets_nothing_in_that_the_plan_does_not_have() {
        let check = |filter: &str| {
            let pattern: Pattern = "9.@".parse().unwrap();
            let filter: RouteFilter = filter.parse().unwrap();
            assert_eq!(pattern.branches(Some(&filter)).len(), 0, "{}", filter.text());
        };
        check("LOCAL-OPERATOR == 5");
        check("LONG-DISTANCE-DIRECT-DIAL == 2");
        check("LONG-DISTANCE-DIRECT-DIAL == 11");
        check("END-OF-DIALING == *");
        check("AREA-CODE == 100");
        check("AREA-CODE == 2000");
        check("COUNTRY-CODE == 0");
        check("COUNTRY-CODE == 3#");
        check("NATIONAL-NUMBER == 12*");
    }

    #[test]
    fn what_is_no_filter_says_why() {
        let check = |filter: &str, expect: &str| {
            assert_eq!(filter.parse::<RouteFilter>().unwrap_err().to_string(), expect);
        };
        check("", "it has no clause; expected for example AREA-CODE == 900");
        check("TOWN == 5", "\"TOWN\" is no tag of the numbering plan; expected for example AREA-CODE");
        check(
            "AREA-CODE = 5",
            "\"=\" after AREA-CODE is no operator; expected EXISTS, DOES-NOT-EXIST, NOT-SELECTED or == and a value",
        );
        check("AREA-CODE == 9.0", "\"9.0\" is no value for AREA-CODE; expected digits, X or sets");
        check(
            "AREA-CODE EXISTS XOR SERVICE EXISTS",
            "\"XOR\" stands between two clauses; expected AND or OR",
        );
        check("FORM 8d", "\"8d\" is no dialling form; expected for example 7d, 10d, 11d, service or intl");
        check(&"A".repeat(1025), "it is longer than 1024 characters");
    }
}
