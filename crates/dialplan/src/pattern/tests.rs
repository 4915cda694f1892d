use super::*;

fn number(text: &str) -> Digits {
    Digits::parse(text).unwrap()
}

#[test]
fn a_pattern_takes_what_its_elements_take() {
    let check = |pattern: &str, digits: &str, expect: u128| {
        let pattern: Pattern = pattern.parse().unwrap();
        let digits = number(digits);
        let count = pattern.breadth(None).unwrap().count(digits.len());
        let found = if pattern.matches(&digits) { count } else { 0 };
        assert_eq!(found, expect, "{pattern} on {digits}");
    };
    check("1002", "1002", 1);
    check("1002", "10021", 0);
    check("1XXX", "1212", 1000);
    check("1XXX", "12*2", 0);
    check("15!", "1515", 100);
    check("15!", "15", 0);
    check("15!", "15#", 0);
    check(r"\+44!", "+441632960000", 10_000_000_000);
    check("91X?", "91", 1);
    check("91X?", "910", 10);
    check("9+11", "99911", 1);
    check("9+11", "9111", 0);
    check("813510[^0-5]", "8135106", 4);
    check("813510[^0-5]", "813510*", 0);
    check("2[24-6]XX", "2300", 0);
    check("*33X?*X?*X?#", "*331*22*3#", 150_000);
    check("X?1X?", "111", 271);
    // Eight services and 010.
    check("9.@", "9411", 9);
    // More than 64 bits count, one number for each way through or many.
    let x = |times: usize| "X".repeat(times);
    check(&x(19), &"5".repeat(19), 10u128.pow(19));
    check(&x(20), &"5".repeat(20), 10u128.pow(20));
    check(&format!("{}!", x(19)), &"5".repeat(21), 10u128.pow(21));
    check(&x(40), &"5".repeat(40), u128::MAX);
}

#[test]
fn what_is_no_pattern_says_why() {
    let check = |pattern: &str, expect: PatternError| {
        assert_eq!(pattern.parse::<Pattern>().unwrap_err(), expect, "{pattern}");
    };
    check("", PatternError::Empty);
    check("X?", PatternError::Empty);
    check(".", PatternError::Empty);
    check("+44!", PatternError::NothingToRepeat { character: '+', position: 1 });
    check("1++", PatternError::NothingToRepeat { character: '+', position: 3 });
    check("!+", PatternError::NothingToRepeat { character: '+', position: 2 });
    check("9.?", PatternError::NothingToRepeat { character: '?', position: 3 });
    check("9.1.2", PatternError::Twice { character: '.', position: 4 });
    check("@@", PatternError::Twice { character: '@', position: 2 });
    check("[^1][^2]", PatternError::Twice { character: '^', position: 6 });
    check("1 X", PatternError::Character { character: ' ', position: 2 });
    check("1-2", PatternError::Character { character: '-', position: 2 });
    check("1x", PatternError::Character { character: 'x', position: 2 });
    check(r"1\", PatternError::Escape { position: 2 });
    check(r"1\2", PatternError::Escape { position: 2 });
    check("1[23", PatternError::Bracket { position: 2 });
    check("1]", PatternError::Bracket { position: 2 });
    check("1[]", PatternError::EmptySet { position: 2 });
    check("[^0-9]", PatternError::EmptySet { position: 1 });
    check("[5-3]", PatternError::Range { position: 3 });
    check("[-3]", PatternError::Range { position: 2 });
    check("[1-*]", PatternError::Range { position: 3 });
    check(&"1".repeat(51), PatternError::TooLong);
    check("X?1XXXXXXXXXXXXXXXXXXXX1?", PatternError::TooManyWays);
}

#[test]
fn an_example_is_taken_by_its_pattern() {
    for text in ["1002", "9.1[2-9]XX!", "X?5", "9+11", "9.@", "*33X?*X?*X?#", r"\+!", "[27-9]#", "A!D"] {
        let pattern: Pattern = text.parse().unwrap();
        let example = pattern.example(None).unwrap();
        assert!(pattern.matches(&example), "{text} on {example}");
    }
}

#[test]
fn the_only_number_is_known_where_there_is_only_one() {
    let check = |pattern: &str, expect: Option<&str>| {
        assert_eq!(pattern.parse::<Pattern>().unwrap().only_number(), expect.map(number), "{pattern}");
    };
    check("1002", Some("1002"));
    check(r"9.\+1", Some("9+1"));
    check("1[2]", Some("12"));
    check("1X", None);
    check("12+", None);
    check("@", None);
}

#[test]
fn a_number_is_a_pattern_of_its_text_alone() {
    let check = |text: &str, pattern: &str| {
        let of_number = Pattern::of_number(&text.into()).unwrap();
        assert_eq!(of_number, pattern.parse().unwrap(), "{text}");
        assert!(of_number.parts.is_none(), "{text}");
        assert_eq!(of_number.only_number(), Some(number(text)));
        assert!(of_number.matches(&number(text)) && !of_number.has_dot());
    };
    check("1001", "1001");
    check("*21#", "*21#");
    check("+4930AD", r"\+4930AD");
    let parts = |pattern: &str| pattern.parse::<Pattern>().unwrap().parts.is_some();
    assert!(["1X", "1+", "1.2", "1!", "[12]", "0@"].into_iter().all(parts));
    assert_eq!(Pattern::of_number(&"1".repeat(51).into()), Err(PatternError::TooLong));
    assert_eq!(Pattern::of_number(&format!("+{}", "1".repeat(49)).into()), Err(PatternError::TooLong));
}
