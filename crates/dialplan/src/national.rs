//! The national numbering plan that `@` stands for: the dialling forms of North America, and route filters, which leave
//! some of them out.

mod filter;

use crate::pattern::{Element, Repeat};
use crate::symbol::{Digits, Symbol, SymbolSet};

pub use self::filter::{FilterError, RouteFilter};

/// A part of a national number that filters and discard instructions call by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tag {
    /// `AREA-CODE`: three digits after a long-distance 1 or 0.
    AreaCode,
    /// `COUNTRY-CODE`: one to three digits.
    CountryCode,
    /// `END-OF-DIALING`: the `#` behind a number of open length.
    EndOfDialing,
    /// `INTERNATIONAL-ACCESS`: 01.
    InternationalAccess,
    /// `INTERNATIONAL-DIRECT-DIAL`: the 1 of 011.
    InternationalDirectDial,
    /// `INTERNATIONAL-OPERATOR`: the 0 of 010.
    InternationalOperator,
    /// `LOCAL-AREA-CODE`: the area code of a ten-digit number.
    LocalAreaCode,
    /// `LOCAL-DIRECT-DIAL`: a 1 before a local number; no form of this plan has it.
    LocalDirectDial,
    /// `LOCAL-OPERATOR`: 0.
    LocalOperator,
    /// `LONG-DISTANCE-DIRECT-DIAL`: 1.
    LongDistanceDirectDial,
    /// `LONG-DISTANCE-OPERATOR`: the 0 before ten digits.
    LongDistanceOperator,
    /// `NATIONAL-NUMBER`: what follows a country code.
    NationalNumber,
    /// `OFFICE-CODE`: the exchange, three digits.
    OfficeCode,
    /// `SATELLITE-SERVICE`; no form of this plan has it.
    SatelliteService,
    /// `SERVICE`: 411, 911 and their like.
    Service,
    /// `SUBSCRIBER`: the last four digits.
    Subscriber,
    /// `TRANSIT-NETWORK`: the carrier, four digits.
    TransitNetwork,
    /// `TRANSIT-NETWORK-ESCAPE`: 101.
    TransitNetworkEscape,
}

/// One way to dial a national number.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    name: String,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug)]
struct Segment {
    tag: Tag,
    elements: Vec<Element>,
}

/// The forms that a filter leaves; without a filter all but seven digits, which need one that allows them.
pub(crate) fn forms(filter: Option<&RouteFilter>) -> impl Iterator<Item = Form> {
    all_forms().flat_map(move |form| match filter {
        None => Vec::from_iter((form.name != SEVEN_DIGITS).then_some(form)),
        Some(filter) => filter.admit(form),
    })
}

/// Every way to dial a national number.
fn all_forms() -> impl Iterator<Item = Form> {
    let all = PLAIN.iter().map(|(name, parts)| Form::new("", name, parts));
    let with_carrier = PLAIN.iter().map(|(name, parts)| Form::new(CARRIER_NAME, name, parts));
    let with_carrier = with_carrier.filter(|form| !form.is_without_carrier());
    all.chain(with_carrier)
}

impl Form {
    fn new(prefix: &str, name: &str, parts: &[(Tag, &str)]) -> Self {
        let carrier: &[(Tag, &str)] = if prefix.is_empty() { &[] } else { CARRIER };
        let segments =
            carrier.iter().chain(parts).map(|(tag, text)| Segment { tag: *tag, elements: elements(text) });
        Form { name: format!("{prefix}{name}"), segments: segments.collect() }
    }

    /// Operators and services are not reached through a chosen carrier.
    fn is_without_carrier(&self) -> bool {
        self.segments.iter().any(|segment| match segment.tag {
            Tag::Service | Tag::LocalOperator | Tag::InternationalOperator => true,
            Tag::AreaCode
            | Tag::CountryCode
            | Tag::EndOfDialing
            | Tag::InternationalAccess
            | Tag::InternationalDirectDial
            | Tag::LocalAreaCode
            | Tag::LocalDirectDial
            | Tag::LongDistanceDirectDial
            | Tag::LongDistanceOperator
            | Tag::NationalNumber
            | Tag::OfficeCode
            | Tag::SatelliteService
            | Tag::Subscriber
            | Tag::TransitNetwork
            | Tag::TransitNetworkEscape => false,
        }) || self.name == format!("{CARRIER_NAME}{SEVEN_DIGITS}")
    }

    pub(crate) fn elements(&self) -> impl Iterator<Item = Element> {
        self.segments.iter().flat_map(|segment| segment.elements.iter().copied())
    }

    fn has(&self, tag: Tag) -> bool {
        self.segments.iter().any(|segment| segment.tag == tag)
    }

    /// Where each tag stands in a number of this form, whose elements took `taken` symbols each.
    pub(crate) fn tagged(&self, taken: &[usize], number: &Digits) -> Vec<(Tag, std::ops::Range<usize>)> {
        let mut place = 0;
        let mut taken = taken.iter();
        let mut tagged: Vec<(Tag, std::ops::Range<usize>)> = Vec::with_capacity(self.segments.len());
        for segment in &self.segments {
            let length: usize = taken.by_ref().take(segment.elements.len()).sum();
            tagged.push((segment.tag, place..place + length));
            place += length;
        }
        // The form leaves open where the country code ends, unless a filter fixed it.
        if let Some(index) = tagged.iter().position(|(tag, _)| *tag == Tag::CountryCode)
            && let Some([(_, code), (_, national)]) = tagged.get_mut(index..index + 2)
            && code.len() == 1
        {
            let end =
                (code.start + country_code_length(&number.slice(code.start..number.len()))).min(national.end);
            code.end = end;
            national.start = end;
        }
        tagged
    }
}

/// Digits of the country code at the head of a number, as ITU-T E.164 assigns them.
fn country_code_length(number: &Digits) -> usize {
    let mut digits = number.symbols().map(Symbol::byte);
    match (digits.next(), digits.next()) {
        (Some(b'1' | b'7'), _) => 1,
        (Some(b'2'), Some(b'0' | b'7'))
        | (Some(b'3'), Some(b'0'..=b'4' | b'6' | b'9'))
        | (Some(b'4'), Some(b'0' | b'1' | b'3'..=b'9'))
        | (Some(b'5'), Some(b'1'..=b'8'))
        | (Some(b'6'), Some(b'0'..=b'6'))
        | (Some(b'8'), Some(b'1' | b'2' | b'4' | b'6'))
        | (Some(b'9'), Some(b'0'..=b'5' | b'8')) => 2,
        (Some(_) | None, Some(_) | None) => 3,
    }
}

/// `X`, `N` (2-9), `C` (1-9), `O` (2-9 after 01, so that 011 stays direct dialling) and `+` for "and more".
fn elements(text: &str) -> Vec<Element> {
    let mut elements: Vec<Element> = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        let digits = |from: u8| (from..=b'9').filter_map(Symbol::new).fold(SymbolSet::EMPTY, SymbolSet::with);
        let set = match byte {
            b'X' => SymbolSet::DIGITS,
            b'N' => digits(b'2'),
            b'C' => digits(b'1'),
            b'+' => {
                if let Some(last) = elements.last_mut() {
                    *last = Element::new(last.set(), Repeat::OneOrMore);
                }
                continue;
            }
            key => Symbol::new(key).map_or(SymbolSet::EMPTY, SymbolSet::of),
        };
        elements.push(Element::once(set));
    }
    elements
}

const SEVEN_DIGITS: &str = "7d";
const CARRIER_NAME: &str = "10-10+";
const CARRIER: &[(Tag, &str)] = &[(Tag::TransitNetworkEscape, "101"), (Tag::TransitNetwork, "XXXX")];

/// The forms without a carrier.
const PLAIN: &[(&str, &[(Tag, &str)])] = &[
    ("operator", &[(Tag::LocalOperator, "0")]),
    ("service", &[(Tag::Service, "N11")]),
    (SEVEN_DIGITS, &[(Tag::OfficeCode, "NXX"), (Tag::Subscriber, "XXXX")]),
    ("10d", &[(Tag::LocalAreaCode, "NXX"), (Tag::OfficeCode, "NXX"), (Tag::Subscriber, "XXXX")]),
    (
        "11d",
        &[
            (Tag::LongDistanceDirectDial, "1"),
            (Tag::AreaCode, "NXX"),
            (Tag::OfficeCode, "NXX"),
            (Tag::Subscriber, "XXXX"),
        ],
    ),
    (
        "0+10d",
        &[
            (Tag::LongDistanceOperator, "0"),
            (Tag::AreaCode, "NXX"),
            (Tag::OfficeCode, "NXX"),
            (Tag::Subscriber, "XXXX"),
        ],
    ),
    (
        "intl",
        &[
            (Tag::InternationalAccess, "01"),
            (Tag::InternationalDirectDial, "1"),
            (Tag::CountryCode, "C"),
            (Tag::NationalNumber, "X+"),
        ],
    ),
    (
        "intl#",
        &[
            (Tag::InternationalAccess, "01"),
            (Tag::InternationalDirectDial, "1"),
            (Tag::CountryCode, "C"),
            (Tag::NationalNumber, "X+"),
            (Tag::EndOfDialing, "#"),
        ],
    ),
    ("intl-operator", &[(Tag::InternationalAccess, "01"), (Tag::InternationalOperator, "0")]),
    ("01", &[(Tag::InternationalAccess, "01"), (Tag::CountryCode, "N"), (Tag::NationalNumber, "X+")]),
    (
        "01#",
        &[
            (Tag::InternationalAccess, "01"),
            (Tag::CountryCode, "N"),
            (Tag::NationalNumber, "X+"),
            (Tag::EndOfDialing, "#"),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_have_names_of_their_own_and_no_two_take_the_same() {
        let names: Vec<String> = forms(None).map(|form| form.name).collect();
        assert_eq!(
            names.join(" "),
            "operator service 10d 11d 0+10d intl intl# intl-operator 01 01# \
             10-10+10d 10-10+11d 10-10+0+10d 10-10+intl 10-10+intl# 10-10+01 10-10+01#"
        );
    }

    #[test]
    fn a_country_code_ends_where_e164_ends_it() {
        let check = |number: &str, expect: usize| {
            assert_eq!(country_code_length(&Digits::parse(number).unwrap()), expect, "{number}");
        };
        check("14085551234", 1);
        check("74951234567", 1);
        check("33123456789", 2);
        check("81910555", 2);
        check("35312345678", 3);
        check("97145551234", 3);
    }
}
