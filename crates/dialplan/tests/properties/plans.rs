//! Random plans and diallings, described in words that both sides can read.

use std::collections::BTreeMap;

use super::clock::{self, Hours, ZONES};
use super::matcher::{self, Negated, Times};
use super::national::FILTERS;

/// A seeded sequence (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % limit as u64) as usize
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn pick<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }
}

/// One row of the number table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) pattern: String,
    /// Of its `@`; empty when there is none.
    pub(crate) filter: &'static str,
    /// Empty for the null partition.
    pub(crate) partition: &'static str,
    pub(crate) urgent: bool,
    pub(crate) does: Does,
}

/// What a row does.
#[derive(Clone, Debug)]
pub(crate) enum Does {
    Ring,
    Block(u8),
    Route {
        called: Change,
        calling: Change,
    },
    Translate {
        css: Option<Vec<&'static str>>,
        called: Change,
        calling: Change,
        by_calling: bool,
        no_wait: bool,
    },
}

/// What is done to a number.
#[derive(Clone, Default, Debug)]
pub(crate) struct Change {
    pub(crate) pre_dot: bool,
    /// What is left out of a national number; empty for nothing.
    pub(crate) national: &'static str,
    pub(crate) trailing_hash: bool,
    pub(crate) external_mask: bool,
    pub(crate) mask: Option<&'static str>,
    pub(crate) prefix: &'static str,
}

/// A plan and who dials in it.
#[derive(Clone)]
pub(crate) struct Plan {
    /// Partitions that are not always open.
    pub(crate) hours: BTreeMap<&'static str, Hours>,
    pub(crate) any_period: bool,
    pub(crate) hours_once: bool,
    /// Of the caller, a place in [`ZONES`].
    pub(crate) zone: Option<usize>,
    pub(crate) negated: Negated,
    pub(crate) rows: Vec<Row>,
    pub(crate) line_css: Vec<&'static str>,
    pub(crate) device_css: Vec<&'static str>,
    pub(crate) caller: String,
    pub(crate) external_mask: Option<&'static str>,
    pub(crate) translations_max: u32,
    pub(crate) any_urgent: bool,
    pub(crate) wait_after_en_bloc: bool,
    pub(crate) hash_is_digit: bool,
    pub(crate) keys_join: bool,
    pub(crate) speed_dial_awaits: bool,
    pub(crate) newest_wins: bool,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Plan { hours, rows, line_css, device_css, caller, external_mask, zone, .. } = self;
        for Row { name, pattern, filter, partition, urgent, does } in rows {
            let urgent = if *urgent { "urgent " } else { "" };
            writeln!(f, "  {name} {pattern} {filter:?} in {partition:?} {urgent}{does:?}")?;
        }
        for (partition, hours) in hours {
            writeln!(f, "  {partition} has {hours:?}")?;
        }
        let zone = zone.map(|zone| ZONES[zone].0);
        writeln!(f, "  caller {caller:?} mask {external_mask:?} in {line_css:?} {device_css:?}, {zone:?}")?;
        writeln!(
            f,
            "  any_period {} hours_once {} negated {:?}",
            self.any_period, self.hours_once, self.negated
        )?;
        writeln!(
            f,
            "  translations_max {} any_urgent {} wait_after_en_bloc {} hash_is_digit {} keys_join {} speed_dial_awaits {} newest_wins {}",
            self.translations_max,
            self.any_urgent,
            self.wait_after_en_bloc,
            self.hash_is_digit,
            self.keys_join,
            self.speed_dial_awaits,
            self.newest_wins,
        )
    }
}

pub(crate) const PARTITIONS: &[&str] = &["P", "Q", "R", "S"];

/// How a number is dialled.
#[derive(Clone, Debug)]
pub(crate) struct Dialling {
    pub(crate) start: u64,
    pub(crate) whole: Option<(How, String)>,
    /// With the seconds that pass before each.
    pub(crate) events: Vec<(u64, Event)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum How {
    EnBloc,
    Application,
    ApplicationThroughSip,
    SpeedDial,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    Key(char),
    /// The interdigit timer runs out.
    Expiry,
    /// The far side says that the number is whole.
    Complete,
}

/// The rows that a random plan could have, `size` of them at most.
pub(crate) fn plan(dice: &mut Dice, size: usize) -> Plan {
    let keys_join = dice.one_in(4);
    let mut rows: Vec<Row> = Vec::new();
    for index in 0..=dice.below(size) {
        let partition = if dice.one_in(5) { "" } else { dice.pick(PARTITIONS) };
        // The same text in several partitions, or the same numbers in other words, now and then.
        let pattern = match rows.is_empty() || !dice.one_in(4) {
            true => pattern(dice),
            false => {
                let row = dice.pick(&rows);
                again(dice, row.pattern)
            }
        };
        if rows.iter().any(|row| row.partition == partition && row.pattern == pattern) {
            continue;
        }
        let does = does(dice, &pattern, keys_join);
        let filtered = pattern.contains('@') && !dice.one_in(3);
        let filter = if filtered { dice.pick(FILTERS) } else { "" };
        rows.push(Row {
            name: format!("r{index}"),
            pattern,
            filter,
            partition,
            urgent: dice.one_in(4),
            does,
        });
    }
    let mut hours = BTreeMap::new();
    for partition in PARTITIONS {
        if dice.one_in(3) {
            hours.insert(*partition, clock::hours(dice));
        }
    }
    Plan {
        hours,
        any_period: dice.one_in(3),
        hours_once: dice.one_in(4),
        zone: dice.one_in(2).then(|| dice.below(ZONES.len())),
        negated: if dice.one_in(4) { Negated::DigitsStarAndHash } else { Negated::Digits },
        rows,
        line_css: css(dice),
        device_css: css(dice),
        caller: dice.pick(&["", "1", "12", "321", "+12"]).to_string(),
        external_mask: dice.one_in(2).then_some("93XX"),
        translations_max: 1 + dice.below(4) as u32,
        any_urgent: dice.one_in(4),
        wait_after_en_bloc: dice.one_in(3),
        hash_is_digit: dice.one_in(4),
        keys_join,
        speed_dial_awaits: dice.one_in(2),
        newest_wins: dice.one_in(3),
    }
}

/// A pattern as it is, or in other words.
fn again(dice: &mut Dice, pattern: String) -> String {
    let in_other_words = !pattern.contains('[') && dice.one_in(2);
    if in_other_words { pattern.replacen('1', "[1]", 1) } else { pattern }
}

fn css(dice: &mut Dice) -> Vec<&'static str> {
    (0..dice.below(4)).map(|_| dice.pick(PARTITIONS)).collect()
}

fn does(dice: &mut Dice, pattern: &str, keys_join: bool) -> Does {
    match dice.below(10) {
        0..3 => Does::Ring,
        3 => Does::Block(dice.pick(&[1, 21, 28])),
        4..6 => Does::Route { called: called(dice, pattern), calling: calling(dice) },
        _ => Does::Translate {
            css: dice.one_in(2).then(|| css(dice)),
            called: called(dice, pattern),
            calling: calling(dice),
            // Nobody says which number keys would join then.
            by_calling: !keys_join && dice.one_in(6),
            no_wait: dice.one_in(4),
        },
    }
}

fn called(dice: &mut Dice, pattern: &str) -> Change {
    let national = pattern.contains('@') && dice.one_in(2);
    Change {
        pre_dot: pattern.contains('.') && !dice.one_in(3),
        national: if national {
            dice.pick(&["PreAt", "10-10-Dialing", "11D->10D", "11/10D->7D"])
        } else {
            ""
        },
        trailing_hash: dice.one_in(4),
        external_mask: false,
        mask: dice.one_in(4).then(|| dice.pick(&["12XX", "XX", "1", "+1XXX", "X2X"])),
        prefix: dice.pick(&["", "", "", "1", "2", "91", "+"]),
    }
}

fn calling(dice: &mut Dice) -> Change {
    if !dice.one_in(3) {
        return Change::default();
    }
    Change {
        external_mask: dice.one_in(2),
        mask: dice.one_in(2).then(|| dice.pick(&["XX", "9X"])),
        prefix: dice.pick(&["", "1", "2"]),
        ..Change::default()
    }
}

/// A pattern that takes at least one symbol.
pub(crate) fn pattern(dice: &mut Dice) -> String {
    if dice.one_in(14) {
        return dice.pick(&["@", "9@", "9.@", "9.@", "1X.@", "[12].@", r"\+@"]).to_owned();
    }
    loop {
        let mut text = String::new();
        let mut repeats = 0;
        let mut negated = false;
        let length = 1 + dice.below(6);
        // The access code: fixed, so that everybody agrees where it ends.
        let dot = dice.one_in(3).then(|| 1 + dice.below(2));
        for place in 0..length {
            if dot == Some(place) {
                text.push('.');
            }
            match dice.below(16) {
                0..7 => text.push(dice.pick(&['1', '1', '2', '2', '3', '9'])),
                7..10 => text.push('X'),
                10..12 => {
                    let mut set = dice.pick(&["[12]", "[1-3]", "[13-5]", "[2*]", "[^1]", "[^2-9]", "[^13]"]);
                    if set.contains('^') && std::mem::replace(&mut negated, true) {
                        set = "[29]";
                    }
                    text.push_str(set);
                }
                12 => text.push_str(dice.pick(&["*", "#", "A", r"\+"])),
                13 if dot.is_none_or(|dot| place >= dot) && repeats < 2 => {
                    repeats += 1;
                    text.push('!');
                    continue;
                }
                _ => text.push('1'),
            }
            if dot.is_none_or(|dot| place >= dot) && repeats < 2 && dice.one_in(8) {
                repeats += 1;
                text.push(dice.pick(&['?', '+']));
            }
        }
        if !matcher::parse(&text, "", Negated::Digits).takes(&[]) {
            return text;
        }
    }
}

/// A dialling in a plan: often one that a row takes, whole or in part, or nearly.
pub(crate) fn dialling(dice: &mut Dice, plan: &Plan) -> Dialling {
    let number = number(dice, plan);
    let mut events = Vec::new();
    let whole = dice.one_in(3).then(|| {
        let how = dice.pick(&[
            How::EnBloc,
            How::EnBloc,
            How::Application,
            How::ApplicationThroughSip,
            How::SpeedDial,
        ]);
        (how, number.clone())
    });
    let keys = if whole.is_some() { number_of(dice, 2) } else { number };
    for (index, key) in keys.chars().enumerate() {
        events.push((dice.below(4) as u64, Event::Key(key)));
        if (index > 0 || whole.is_some()) && dice.one_in(14) {
            events.push((T302, Event::Expiry));
        }
    }
    if dice.one_in(10) {
        events.push((1, Event::Complete));
    }
    let hours: Vec<&Hours> = plan.hours.values().collect();
    Dialling { start: clock::start(dice, &hours, plan.zone), whole, events }
}

/// The interdigit timer, in seconds.
pub(crate) const T302: u64 = 15;

/// A number of at most nine symbols and one; a national number has some more.
pub(crate) fn number(dice: &mut Dice, plan: &Plan) -> String {
    let length = 1 + dice.below(8);
    if dice.one_in(6) {
        return number_of(dice, length);
    }
    let row = dice.pick(&plan.rows);
    let taken = matcher::parse(&row.pattern, row.filter, plan.negated);
    let mut number = String::new();
    for element in &dice.pick(&taken.ways).elements {
        let times = match element.times {
            Times::Once => 1,
            Times::OnceOrMore => 1 + dice.below(3),
            Times::AnyNumber => dice.below(3),
        };
        (0..times).for_each(|_| number.push(dice.pick(&element.set)));
    }
    match dice.below(8) {
        0 => drop(number.pop()),
        1 => number.push('#'),
        2 => number.push_str(&number_of(dice, 1)),
        _ => {}
    }
    number.truncate(if taken.at.is_some() { 22 } else { 9 });
    if number.is_empty() { number_of(dice, 1) } else { number }
}

fn number_of(dice: &mut Dice, length: usize) -> String {
    (0..length).map(|_| dice.pick(&['1', '1', '2', '2', '3', '9', '5', '*', '#', '+', 'A'])).collect()
}
