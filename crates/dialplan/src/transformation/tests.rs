use super::*;
use crate::parameters::Parameters;
use crate::schedule::{OpeningHours, PartitionZone, Precedence};

fn number(text: &str) -> Digits {
    Digits::parse(text).unwrap()
}

/// Three partitions, `day` open in the afternoon only, and a search space of each in front of the next.
fn plan() -> DialPlan {
    let mut plan = DialPlanBuilder::new(Parameters::default());
    let periods = vec!["mo-su 12:00-24:00".parse().unwrap()];
    let hours = OpeningHours::new(periods, PartitionZone::OriginatingDevice, Precedence::default()).unwrap();
    plan.partition("day", Some(hours)).unwrap();
    plan.partition("near", None).unwrap();
    plan.partition("far", None).unwrap();
    plan.search_space("all", ["day", "near", "far"]).unwrap();
    plan.search_space("far", ["far"]).unwrap();
    plan.literal("near", "1001", Action::Line("1001".into())).unwrap();
    plan.build()
}

fn change(discard: &str, mask: &str, prefix: &str) -> CalledChange {
    CalledChange {
        discard: discard.parse().unwrap(),
        mask: (!mask.is_empty()).then(|| mask.parse().unwrap()),
        prefix: number(prefix),
    }
}

fn transformations(plan: &DialPlan) -> Transformations {
    let mut builder = TransformationsBuilder::new(plan);
    let plain = |change| Transformation { change, ..Transformation::default() };
    let mut calling = |partition, pattern: &str, transformation| {
        builder.calling(partition, pattern.parse().unwrap(), transformation).unwrap();
    };
    calling("near", r"\+49.!", plain(change("PreDot", "", "0")));
    calling("near", r"\+4930.!", plain(change("PreDot", "", "")));
    calling("day", r"\+49.!", plain(change("PreDot", "", "11")));
    calling("far", r"\+.!", plain(change("PreDot", "", "00")));
    calling(
        "far",
        "1XXX",
        Transformation {
            external_mask: ExternalMask::On,
            change: change("", "XXXXXX", ""),
            number_presentation: Presentation::Restricted,
            name_presentation: Presentation::Allowed,
        },
    );
    builder.called("near", r"\+49.!".parse().unwrap(), change("PreDot", "", "9")).unwrap();
    builder.build()
}

#[test]
fn the_closest_match_of_the_search_space_changes_the_number() {
    let plan = plan();
    let transformations = transformations(&plan);
    let space = |name: &str| (!name.is_empty()).then(|| plan.search_space(name).unwrap().clone());
    let mask: Mask = "+4930555XXXX".parse().unwrap();
    let check = |role, name: &str, before: &str, hour: u64, expect: Option<(&str, &str, &str)>| {
        let view = match role {
            NumberRole::Calling => NumberView { calling: space(name), ..NumberView::default() },
            NumberRole::Called => NumberView { called: space(name), ..NumberView::default() },
            NumberRole::Connected => NumberView { connected: space(name), ..NumberView::default() },
            NumberRole::Redirecting => NumberView { redirecting: space(name), ..NumberView::default() },
        };
        let seen = Seen {
            role,
            number: Presented::plain(number(before)),
            external_mask: Some(&mask),
            at: WallTime::from_micros(hour * 3_600_000_000),
            zone: None,
        };
        let found = transformations.seen(&view, &seen, |_| {});
        let found = found.map(|it| (it.pattern, it.partition, it.number.number.to_string()));
        let found = found.as_ref().map(|(pattern, partition, number)| (*pattern, *partition, &**number));
        assert_eq!(found, expect, "{role:?} {name} {before} at {hour}");
    };
    use NumberRole::{Called, Calling, Connected, Redirecting};
    check(Calling, "all", "+4930123", 0, Some((r"\+4930.!", "near", "123")));
    check(Calling, "all", "+4989123", 0, Some((r"\+49.!", "near", "089123")));
    check(Calling, "all", "+4989123", 13, Some((r"\+49.!", "day", "1189123")));
    check(Calling, "all", "+44207", 0, Some((r"\+.!", "far", "0044207")));
    check(Connected, "all", "+44207", 0, Some((r"\+.!", "far", "0044207")));
    check(Redirecting, "far", "+4930123", 0, Some((r"\+.!", "far", "004930123")));
    check(Called, "all", "+4989123", 0, Some((r"\+49.!", "near", "989123")));
    check(Calling, "far", "1001", 0, Some(("1XXX", "far", "551001")));
    // Numbers of the plan itself are no transformation patterns, nor the other way round.
    check(Called, "all", "1001", 0, None);
    check(Called, "all", "+44207", 0, None);
    check(Calling, "", "+4930123", 0, None);
    check(Calling, "all", "", 0, None);
    assert!(plan.len() == 1 && !transformations.is_empty());
}

#[test]
fn steps_are_told_one_by_one_and_presentation_is_changed() {
    let plan = plan();
    let transformations = transformations(&plan);
    let mask: Mask = "+4930555XXXX".parse().unwrap();
    let seen = Seen {
        role: NumberRole::Calling,
        number: Presented::plain(number("1001")),
        external_mask: Some(&mask),
        at: WallTime::default(),
        zone: None,
    };
    let view = NumberView { calling: plan.search_space("far").cloned(), ..NumberView::default() };
    let mut steps = Vec::new();
    let found =
        transformations.seen(&view, &seen, |step| steps.push(format!("{} {}", step.before, step.after)));
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    // Mask of the line; what is said of number and name; mask of the pattern.
    assert_eq!(
        steps,
        [
            "1001 +49305551001",
            "+49305551001 +49305551001",
            "+49305551001 +49305551001",
            "+49305551001 551001"
        ]
    );
    let found = found.unwrap().number;
    assert_eq!(found.number_presentation, Presentation::Restricted);
    assert_eq!(found.name_presentation, Presentation::Allowed);
}

#[test]
fn a_view_of_its_own_goes_before_another() {
    let plan = plan();
    let space = |name: &str| plan.search_space(name).cloned();
    let own = NumberView { calling: space("far"), ..NumberView::default() };
    let pool = NumberView { calling: space("all"), connected: space("all"), ..NumberView::default() };
    let both = own.or(&pool);
    assert_eq!((both.calling, both.connected, both.called), (space("far"), space("all"), None));
}

#[test]
fn what_cannot_be_a_transformation_pattern_is_refused() {
    let mut builder = TransformationsBuilder::new(&plan());
    let mut check = |partition: &str, pattern: &str, change: CalledChange, expect: &str| {
        let found = builder.called(partition, pattern.parse().unwrap(), change);
        assert_eq!(found.err().map(|error| error.to_string()).unwrap_or_default(), expect, "{pattern}");
    };
    check("near", "0.!", change("PreDot", "", ""), "");
    check(
        "near",
        "0.!",
        change("", "", ""),
        "0.! is in partition near already, as transformation pattern 0.!",
    );
    check("none", "0!", change("", "", ""), "there is no partition \"none\", which 0! names");
    let discard = "the discard instruction of 1! does not fit: PreDot needs a pattern with a dot";
    check("near", "1!", change("PreDot", "", ""), discard);
}
