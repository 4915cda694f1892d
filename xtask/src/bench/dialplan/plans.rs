//! Generated plans with numbers to look up, and who wins.

use std::collections::HashMap;
use std::sync::Arc;

use strowger_dialplan::{
    Action, Caller, DialPlan, DialPlanBuilder, Digits, NextSearchSpace, NumberPattern, Parameters, PlanError,
    RoutePattern, RouteTarget, SearchSpace, Translation, WaitOnNextHops,
};

/// What sort of plan.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Random,
    Sites,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Kind::Random => "random",
            Kind::Sites => "sites",
        }
    }

    pub(super) fn named(name: &str) -> Option<Kind> {
        [Kind::Random, Kind::Sites].into_iter().find(|kind| kind.name() == name)
    }
}

/// A plan as text, and numbers to dial in it.
pub(super) struct Generated {
    pub(super) partitions: Vec<String>,
    pub(super) rows: Vec<Row>,
    /// For each class of callers the partitions that they see.
    pub(super) callers: Vec<Vec<String>>,
    pub(super) numbers: Vec<Number>,
}

/// One pattern.
pub(super) struct Row {
    pub(super) pattern: String,
    pub(super) partition: String,
    pub(super) urgent: bool,
    pub(super) does: Does,
}

/// What it does.
pub(super) enum Does {
    Ring,
    Route,
    /// Discard, mask and prefix; then the search space of the originator.
    Translate(&'static str, String, &'static str),
}

/// One number that is dialled, and the pattern that has to decide; `None` when nothing may match.
pub(super) struct Number {
    pub(super) caller: usize,
    pub(super) digits: Digits,
    pub(super) winner: Option<String>,
}

pub(super) fn generate(kind: Kind, patterns: usize, numbers: usize, seed: u64) -> Generated {
    let mut dice = Dice(seed);
    match kind {
        Kind::Random => random(&mut dice, patterns, numbers),
        Kind::Sites => sites(&mut dice, patterns, numbers),
    }
}

/// Distinct patterns of 3 to 8 digits and 2 to 6 wildcards; about one in eight is a longer variant of another. Of the
/// numbers 90 of 100 match; the others begin with 0, as no pattern does.
fn random(dice: &mut Dice, patterns: usize, numbers: usize) -> Generated {
    let mut known: HashMap<(String, usize), ()> = HashMap::with_capacity(patterns);
    let mut list: Vec<(String, usize)> = Vec::with_capacity(patterns);
    while list.len() < patterns {
        let variant = !list.is_empty() && dice.below(8) == 0;
        let row = if variant {
            let (digits, wild) = &list[dice.below(list.len())];
            if *wild < 3 {
                continue;
            }
            let more = 1 + dice.below(wild - 2);
            (format!("{digits}{}", dice.digits(more)), wild - more)
        } else {
            let first = char::from(b'1' + dice.below(9) as u8);
            let more = 2 + dice.below(6);
            (format!("{first}{}", dice.digits(more)), 2 + dice.below(5))
        };
        if known.insert(row.clone(), ()).is_none() {
            list.push(row);
        }
    }
    let numbers = (0..numbers).map(|_| {
        if dice.below(10) == 0 {
            let more = 5 + dice.below(7);
            let digits = digits(&format!("0{}", dice.digits(more)));
            return Number { caller: 0, digits, winner: None };
        }
        let (pattern, wild) = &list[dice.below(list.len())];
        let number = format!("{pattern}{}", dice.digits(*wild));
        // The most digits, and therefore the fewest wildcards, win.
        let fits = |cut: &usize| known.contains_key(&(number[..*cut].to_owned(), number.len() - cut));
        let cut = (1..number.len()).rev().find(fits).unwrap_or(pattern.len());
        let winner = format!("{}{}", &number[..cut], "X".repeat(number.len() - cut));
        Number { caller: 0, digits: digits(&number), winner: Some(winner) }
    });
    let numbers = numbers.collect();
    let row = |(digits, wild): &(String, usize)| Row {
        pattern: format!("{digits}{}", "X".repeat(*wild)),
        partition: "all".to_owned(),
        urgent: false,
        does: Does::Route,
    };
    let partitions = vec!["all".to_owned()];
    Generated { callers: vec![partitions.clone()], partitions, rows: list.iter().map(row).collect(), numbers }
}

/// Patterns of one site beside its extensions.
const AROUND: usize = 10;
/// Extensions of a full site.
const EXTENSIONS: usize = 390;

/// A company: every site has extensions as `\+1…` numbers, four-digit dialling, an intersite code, and outside lines
/// behind 9, all brought into `\+` form by translation patterns.
fn sites(dice: &mut Dice, patterns: usize, numbers: usize) -> Generated {
    let mut rows = Vec::with_capacity(patterns);
    let mut row = |pattern: String, partition: &str, urgent, does| {
        rows.push(Row { pattern, partition: partition.to_owned(), urgent, does });
    };
    row(r"\+1[2-9]XX[2-9]XXXXXX".into(), "pstn", false, Does::Route);
    row(r"\+!".into(), "pstn", false, Does::Route);
    row(r"\+!#".into(), "pstn", false, Does::Route);
    row("*3XXX".into(), "features", false, Does::Ring);
    let mut of_sites: Vec<(String, usize)> = Vec::new();
    let mut left = patterns.saturating_sub(4).max(AROUND + 1);
    while left > AROUND {
        let site = of_sites.len();
        let extensions = EXTENSIONS.min(left - AROUND);
        left -= extensions + AROUND;
        let base = format!("+1{}{:03}", 200 + site / 800, 200 + site % 800);
        let area = format!("+1{}", 200 + site / 800);
        let own = format!("site {site}");
        let mut to = |pattern: &str, discard, mask: String, prefix| {
            row(pattern.to_owned(), &own, true, Does::Translate(discard, mask, prefix));
        };
        to("[2-7]XXX", "", format!("{base}XXXX"), "");
        to("9.[2-9]XXXXXX", "PreDot", format!("{area}XXXXXXX"), "");
        to("9.1[2-9]XX[2-9]XXXXXX", "PreDot", String::new(), "+");
        to("9.[2-9]XX[2-9]XXXXXX", "PreDot", String::new(), "+1");
        to("9011.!", "PreDot", String::new(), "+");
        to("9011.!#", "PreDot Trailing-#", String::new(), "+");
        row("911".into(), &own, true, Does::Route);
        row("9.911".into(), &own, true, Does::Route);
        row("0".into(), &own, false, Does::Ring);
        row(
            format!("8{site:03}.XXXX"),
            "intersite",
            true,
            Does::Translate("PreDot", format!("{base}XXXX"), ""),
        );
        for extension in 0..extensions {
            row(format!(r"\{base}{:04}", number_of(extension)), "lines", true, Does::Ring);
        }
        of_sites.push((base, extensions));
    }
    let callers: Vec<Vec<String>> = (0..of_sites.len())
        .map(|site| {
            [&format!("site {site}"), "features", "intersite", "lines", "pstn"].map(str::to_owned).into()
        })
        .collect();
    let mut partitions: Vec<String> = ["features", "intersite", "lines", "pstn"].map(str::to_owned).into();
    partitions.extend((0..of_sites.len()).map(|site| format!("site {site}")));
    let numbers = (0..numbers).map(|_| {
        let caller = dice.below(of_sites.len());
        let site = if dice.below(3) == 0 { dice.below(of_sites.len()) } else { caller };
        let (dialled, winner) = dialled(dice, &of_sites, caller, site);
        Number { caller, digits: digits(&dialled), winner }
    });
    let numbers = numbers.collect();
    Generated { partitions, rows, callers, numbers }
}

/// Extensions of a site are 2000 and up, with gaps.
const fn number_of(extension: usize) -> usize {
    2000 + extension * 13
}

/// A number that somebody dials, and the pattern that decides in the end.
fn dialled(
    dice: &mut Dice,
    sites: &[(String, usize)],
    caller: usize,
    site: usize,
) -> (String, Option<String>) {
    let (base, extensions) = &sites[site];
    let extension = number_of(dice.below(*extensions));
    let line = Some(format!(r"\{base}{extension:04}"));
    let national = || Some(r"\+1[2-9]XX[2-9]XXXXXX".to_owned());
    match dice.below(100) {
        0..40 => {
            let (base, extensions) = &sites[caller];
            let extension = number_of(dice.below(*extensions));
            (format!("{extension:04}"), Some(format!(r"\{base}{extension:04}")))
        }
        40..55 => (format!("8{site:03}{extension:04}"), line),
        55..65 => (format!("{base}{extension:04}"), line),
        65..75 => (format!("919{}5{}", dice.digits(2), dice.digits(6)), national()),
        75..85 => (format!("95{}", dice.digits(6)), national()),
        85..92 => (format!("901149{}", dice.digits(9)), Some(r"\+!".to_owned())),
        92..94 => ("911".to_owned(), Some("911".to_owned())),
        94..96 => (format!("*3{}", dice.digits(3)), Some("*3XXX".to_owned())),
        96..98 => (format!("7{}", dice.digits(1)), None),
        _ => (format!("#{}", dice.digits(4)), None),
    }
}

impl Generated {
    /// Builds the plan, and one caller for each class.
    pub(super) fn build(&self) -> Result<DialPlan, String> {
        self.plan().map_err(|error| error.to_string())
    }

    fn plan(&self) -> Result<DialPlan, PlanError> {
        let mut builder = DialPlanBuilder::new(Parameters::default());
        for partition in &self.partitions {
            builder.partition(partition, None)?;
        }
        for row in &self.rows {
            builder.add(&row.partition, row.pattern()?)?;
        }
        Ok(builder.build())
    }

    /// One caller for each class.
    pub(super) fn callers(&self, plan: &DialPlan) -> Result<Vec<Arc<Caller>>, String> {
        let caller = |partitions: &Vec<String>| {
            let seen: Result<SearchSpace, PlanError> =
                plan.search_space_of(partitions.iter().map(String::as_str));
            Ok(Arc::new(Caller::new(digits("4711"), seen.map_err(|error| error.to_string())?)))
        };
        self.callers.iter().map(caller).collect()
    }
}

impl Row {
    pub(super) fn pattern(&self) -> Result<NumberPattern, PlanError> {
        let wrong = |source| PlanError::Pattern { pattern: self.pattern.as_str().into(), source };
        let action = match &self.does {
            Does::Ring => Action::Line(self.pattern.as_str().into()),
            Does::Route => Action::from(RoutePattern::to(RouteTarget::Trunk("trunk".into()))),
            Does::Translate(discard, mask, prefix) => {
                let mut translation = Translation::to(NextSearchSpace::Originator);
                translation.called.discard = discard.parse().unwrap_or_default();
                translation.called.mask = mask.parse().ok();
                translation.called.prefix = digits(prefix);
                translation.wait = WaitOnNextHops::Never;
                Action::from(translation)
            }
        };
        let pattern = self.pattern.parse().map_err(wrong)?;
        Ok(NumberPattern { urgent: self.urgent, ..NumberPattern::new(pattern, action) })
    }
}

fn digits(text: &str) -> Digits {
    Digits::parse(text).unwrap_or_default()
}

/// A seeded sequence (SplitMix64).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % limit as u64) as usize
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }
}
