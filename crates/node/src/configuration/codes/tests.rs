use super::*;
use crate::configuration::{PatternDraft, RouteDraft};

fn authorization(code: &str, name: &str, level: u8) -> AuthorizationCodeDraft {
    AuthorizationCodeDraft { code: Secret::new(code.into()), name: name.into(), level }
}

fn matter(code: &str, description: &str) -> MatterCodeDraft {
    MatterCodeDraft { code: Secret::new(code.into()), description: description.into() }
}

fn draft() -> Draft {
    let mut draft = Draft::default();
    draft
        .trunks_planned
        .push(crate::configuration::PlannedTrunk { name: "carrier".into(), ..Default::default() });
    draft
}

#[test]
fn codes_and_parameters_reach_call_control() {
    let mut draft = draft();
    draft.codes.authorization = vec![authorization("1234", "Ada", 10)];
    draft.codes.matter = vec![matter("567", "Smith against Jones")];
    let built = draft.build().ok().unwrap();
    assert_eq!(built.calls.codes.authorization("1234").map(|known| known.level), Some(10));
    assert_eq!(built.calls.codes.matter("567").map(|known| &*known.description), Some("Smith against Jones"));
    assert_eq!(built.calls.code_parameters, CodeParameters::default());

    // T302 of codes is that of the plan unless it is set.
    draft.plan.parameters.interdigit_timer = Duration::from_secs(9);
    assert_eq!(draft.build().ok().unwrap().calls.code_parameters.interdigit_timer, Duration::from_secs(9));
    draft.codes.interdigit_timer = Some(Duration::from_secs(20));
    draft.codes.refused_cause = Cause(57);
    draft.codes.display = DisplayCode::Yes;
    let set = CodeParameters {
        interdigit_timer: Duration::from_secs(20),
        refused_cause: Cause(57),
        display: DisplayCode::Yes,
    };
    assert_eq!(draft.build().ok().unwrap().calls.code_parameters, set);
}

#[test]
fn everything_that_is_wrong_is_told_at_once_and_no_code_is_shown() {
    let check = |change: fn(&mut Draft), expect: &[&str]| {
        let mut draft = draft();
        change(&mut draft);
        let errors = draft.build().err().unwrap_or_default();
        let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(told, expect);
        assert!(!told.join(" ").contains("4711"), "{told:?}");
    };
    check(
        |draft| {
            let long = "x".repeat(51);
            draft.codes.authorization = vec![
                authorization("4711", "Ada", 1),
                authorization("", "Bert", 2),
                authorization("47114711471147114", "Carl", 2),
                authorization("4711*", "Dora", 2),
                authorization("4711", "Emil", 2),
                authorization("47112", &long, 2),
            ];
            draft.codes.matter =
                vec![matter("4711", "a case"), matter("4711", "another case"), matter("4711#", "a third")];
        },
        &[
            "authorization_code 2: code is missing; give 1 to 16 digits",
            "authorization_code 3: code has 17 digits, at most 16 are allowed",
            "authorization_code 4: code has something at position 5 that is no digit; give digits only",
            "authorization_code 5: code is that of \"Ada\" already; change or remove one of the two",
            "authorization_code 6: name has 51 characters, at most 50 are allowed",
            "matter_code 2: code is that of \"a case\" already; change or remove one of the two",
            "matter_code 3: code has something at position 5 that is no digit; give digits only",
        ],
    );
    check(
        |draft| {
            draft.codes.interdigit_timer = Some(Duration::from_secs(2));
            draft.codes.refused_cause = Cause(0);
        },
        &[
            "the node: codes_interdigit_timer is 2 s, expected 3 s to 150 s",
            "the node: codes_refused_cause is 0, expected 1 to 127",
        ],
    );
    check(
        |draft| draft.codes.matter = vec![matter("4711", "a case"); CODES_MAX + 1],
        &["the node: matter_code has 60001 entries, at most 60000 are allowed"],
    );
    check(
        |draft| {
            let route = RouteDraft { authorization_level: Some(1), ..RouteDraft::new("operator", "carrier") };
            let both = RouteDraft { matter_code: true, ..RouteDraft::new("helpdesk", "carrier") };
            draft.plan.routes = vec![route, both];
        },
        &[
            "route 1: authorization_level is \"operator\": codes are keyed in behind a number, and this is a name",
            "route 2: matter_code is \"helpdesk\": codes are keyed in behind a number, and this is a name",
        ],
    );
}

#[test]
fn a_route_asks_for_what_it_says() {
    let mut draft = draft();
    draft.plan.routes = vec![RouteDraft {
        pattern: PatternDraft { pattern: "0!".into(), ..PatternDraft::default() },
        authorization_level: Some(0),
        matter_code: true,
        ..RouteDraft::new("", "carrier")
    }];
    let built = draft.build().ok().unwrap();
    let (_, row) = built.calls.plan.patterns().next().unwrap();
    let strowger_dialplan::Action::Route(route) = &row.action else { panic!("it is a route") };
    assert_eq!((route.codes.authorization_level, route.codes.client_matter), (Some(0), true));
}
