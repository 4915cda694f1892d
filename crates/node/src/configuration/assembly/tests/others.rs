//! Changes of patterns, trunks and hunting, alone and together with lines.

use strowger_base::Cause;
use strowger_base::net::Transport;
use strowger_sip::io::Trunk;

use super::*;
use crate::configuration::{
    BlockDraft, DirectoryUriDraft, HuntListDraft, HuntPilotDraft, LineGroupDraft, Problem, RouteDraft,
    RouteGroupDraft, RouteListDraft, RouteListMemberDraft, TrunkDialling,
};

/// All that is no line, at random; some of it is wrong together.
fn random_others(rng: &mut Rng, lines: &[Line], hours: bool) -> Draft {
    let mut draft = draft(vec![]);
    if hours {
        draft.plan.partitions[1].hours = vec!["mo-fr 08:00-17:00".into()];
    }
    for (name, partitions) in [("in", vec!["inside"]), ("out", vec!["outside"])] {
        let partitions = partitions.into_iter().map(Box::from).collect();
        draft.plan.search_spaces.push(SearchSpaceDraft { name: name.into(), partitions });
    }
    let far_end = "192.0.2.1:5060".parse().unwrap();
    draft.trunks.push(Trunk {
        name: "carrier".into(),
        destination: far_end,
        transport: Transport::Udp,
        sources: vec![],
    });
    draft.trunk_dialling.push(TrunkDialling { search_space: one_of(rng, &SPACES), ..Default::default() });
    let plan = &mut draft.plan;
    let group =
        RouteGroupDraft { name: "carriers".into(), trunks: vec!["carrier".into()], ..Default::default() };
    plan.route_groups.push(group);
    let member = RouteListMemberDraft { group: "carriers".into(), ..Default::default() };
    plan.route_lists.push(RouteListDraft { name: "outside".into(), members: vec![member] });
    let members = lines.iter().filter(|_| rng.one_in(2)).map(Line::line_name).collect();
    plan.line_groups.push(LineGroupDraft { name: "sales".into(), members, options: Default::default() });
    plan.hunt_lists.push(HuntListDraft { name: "sales".into(), groups: vec!["sales".into()] });
    let pattern = |rng: &mut Rng| PatternDraft {
        pattern: one_of(rng, &["1XX", "10[1]", "1[0-1]X", "1X[0-1]", "20X", "2X0", "20", "30.X", "XX1"]),
        partition: one_of(rng, &PARTITIONS),
        urgent: rng.one_in(4),
        ..Default::default()
    };
    for _ in 0..rng.below(4) {
        let change = ChangeDraft {
            mask: one_of(rng, &["", "", "101", "102", "20X", "X01"]),
            prefix: one_of(rng, &["", "", "", "1", "3"]),
            ..Default::default()
        };
        let search_space =
            [None, Some("".into()), Some("all".into()), Some("in".into())][rng.below(4) as usize].clone();
        let by_calling = rng.one_in(12);
        let pattern = pattern(rng);
        plan.translations.push(TranslationDraft {
            pattern,
            change,
            search_space,
            by_calling,
            ..Default::default()
        });
    }
    for _ in 0..rng.below(3) {
        let route = match rng.below(2) {
            0 => RouteDraft::new("", "carrier"),
            _ => RouteDraft { route_list: "outside".into(), ..RouteDraft::default() },
        };
        plan.routes.push(RouteDraft { pattern: pattern(rng), ..route });
    }
    if rng.one_in(2) {
        plan.blocks.push(BlockDraft {
            pattern: pattern(rng),
            host: "".into(),
            cause: Cause::CALL_REJECTED,
            announcement: None,
        });
    }
    if rng.one_in(2) {
        plan.hunt_pilots.push(HuntPilotDraft { pattern: pattern(rng), ..HuntPilotDraft::new("", "sales") });
    }
    if let Some(line) = lines.first().filter(|_| rng.one_in(2)) {
        let uri = DirectoryUriDraft {
            uri: "alice@example.com".into(),
            line: line.line_name(),
            ..Default::default()
        };
        plan.directory_uris.push(uri);
    }
    draft
}

fn one_of(rng: &mut Rng, texts: &[&str]) -> Box<str> {
    texts[rng.below(texts.len() as u64) as usize].into()
}

/// What all that is no line leads to, from everywhere, while all partitions are open and while one is closed.
fn told_of_others(configuration: &Configuration) -> String {
    let calls = &configuration.calls;
    let strowger_callcontrol::Configuration { trunks, route_lists, hunt_lists, hunt_pilots, .. } = &**calls;
    let mut text = format!("{trunks:?} {route_lists:?} {hunt_lists:?} {hunt_pilots:?}\n");
    text.push_str(&format!("{:?} {}\n", calls.transformations, calls.plan.len()));
    for (name, space) in calls.plan.search_spaces() {
        for at in [0, 10 * 3_600_000_000] {
            let caller = Arc::new(Caller::new(Digits::parse("102").unwrap(), space.clone()));
            for number in ["100", "101", "102", "110", "111", "200", "201", "210", "20", "3", "300", "400"] {
                let digits = Digits::parse(number).unwrap();
                let at = WallTime::from_micros(at);
                let analysis = Analysis::of(&calls.plan, Arc::clone(&caller), Arrival::EnBloc, &digits, at);
                let hops: Vec<_> = analysis
                    .hops()
                    .iter()
                    .map(|hop| {
                        let chosen = hop
                            .chosen
                            .and_then(|id| calls.plan.pattern(id).map(|row| format!("{:?}", row.action)));
                        (chosen, hop.chosen.map(|id| calls.plan.partition_of(id)), hop.called)
                    })
                    .collect();
                text.push_str(&format!("{name} {number} {hops:?}\n"));
            }
        }
        let named = calls.plan.named(space, "alice@example.com", WallTime::from_micros(0), None);
        text.push_str(&format!("{name} {:?}\n", named.map(|it| it.action.clone())));
    }
    text
}

fn assert_same(changed: &str, whole: &str, seed: u64) {
    let differing = changed.lines().zip(whole.lines()).find(|(changed, whole)| changed != whole);
    assert_eq!(differing, None, "seed {seed}: changed, and built as a whole");
    assert_eq!(changed.len(), whole.len(), "seed {seed}");
}

/// Whatever changes, alone or together: where the whole is right, the change leads to the same, and where it is wrong nothing
/// comes of the change.
#[test]
fn changes_of_all_but_the_ground_lead_where_building_the_whole_leads() {
    const NUMBERS: [&str; 6] = ["100", "101", "102", "200", "20", "300"];
    let (mut right, mut wrong, mut loops) = (0, 0, 0);
    for seed in 0..16 {
        let (mut rng, hours) = (Rng::new(seed), seed % 4 == 0);
        let mut lines: Vec<Line> = vec![];
        let mut others = random_others(&mut Rng::new(0), &lines, hours);
        others.plan.translations.clear();
        let Ok(mut assembly) = Assembly::new(others.clone()) else { continue };
        for _ in 0..16 {
            let mut wanted = lines.clone();
            let mut changes: Vec<LineChange> = vec![];
            for number in NUMBERS {
                if !rng.one_in(4) {
                    continue;
                }
                let partition = one_of(&mut rng, &PARTITIONS);
                let is_it = |line: &Line| *line.number == *number && line.partition == partition;
                let before = wanted.iter().position(is_it).map(|at| wanted.remove(at));
                let after =
                    (before.is_none() || rng.one_in(2)).then(|| random_line(&mut rng, number, &partition));
                wanted.extend(after.clone());
                changes.push(LineChange { before, after });
            }
            let new = rng.one_in(2).then(|| random_others(&mut rng, &wanted, hours));
            let draft = Draft { lines: wanted.clone(), ..new.clone().unwrap_or_else(|| others.clone()) };
            let whole = draft.build();
            // What others name must be there: that is looked at with them.
            let members = draft.plan.line_groups.iter().flat_map(|group| &group.members);
            let mut named = members.chain(draft.plan.directory_uris.iter().map(|uri| &uri.line));
            if new.is_none() && named.any(|line| wanted.iter().all(|it| it.line_name() != *line)) {
                continue;
            }
            let changed = assembly.with(new.clone(), &changes);
            match whole {
                Ok(whole) => {
                    right += 1;
                    let changed = changed.ok().flatten().unwrap_or_else(|| panic!("seed {seed} is refused"));
                    assert_same(&told(changed.configuration(), &[]), &told(&whole, &[]), seed);
                    assert_same(&told_of_others(changed.configuration()), &told_of_others(&whole), seed);
                    assembly = changed;
                    lines = wanted;
                    others = new.unwrap_or(others);
                }
                Err(errors) => {
                    wrong += 1;
                    loops += usize::from(errors.iter().any(|it| matches!(it.problem, Problem::Loop { .. })));
                    assert!(changed.ok().flatten().is_none(), "seed {seed}: {errors:?}");
                }
            }
        }
    }
    assert!(right > 150 && wrong > 30 && loops > 8, "{right} right, {wrong} wrong, {loops} go round");
}

const PARTITIONS: [&str; 3] = ["", "inside", "outside"];
const SPACES: [&str; 4] = ["", "all", "in", "out"];

/// Patterns and lines that take turns leave places behind, but not without end.
#[test]
fn after_many_changes_the_whole_is_built_once() {
    let with_blocks = |mask: usize| {
        let mut draft = draft(vec![]);
        for number in 0..1_000 {
            let pattern =
                PatternDraft { pattern: format!("5{number:03}{mask}").into(), ..Default::default() };
            draft.plan.blocks.push(BlockDraft {
                pattern,
                host: "".into(),
                cause: Cause::CALL_REJECTED,
                announcement: None,
            });
        }
        draft
    };
    let mut assembly = Assembly::new(with_blocks(0)).ok().unwrap();
    let mut changes = 0;
    while changes < 100 {
        let line = LineChange { before: None, after: Some(line(&format!("1{changes:03}"), "more")) };
        let with_line = assembly.with(None, &[line]).ok().flatten().unwrap();
        let Ok(Some(changed)) = with_line.with(Some(with_blocks(changes % 10)), &[]) else { break };
        assembly = changed;
        changes += 1;
    }
    assert_eq!((changes, assembly.configuration().calls.plan.vacant()), (10, 10_000));
}
