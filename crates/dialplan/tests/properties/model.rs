//! Digit analysis as its rules say it, step by step over a plain list of rows.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::matcher::{self, Taken};
use super::plans::{Change, Dialling, Does, Event, How, Plan, Row, T302};

/// What is to be seen of an analysis, on both sides.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Seen {
    /// How it ended, in words.
    pub(crate) end: Option<String>,
    pub(crate) keys_used: usize,
    pub(crate) hops: Vec<String>,
    /// Of the lookup under way: its digits, those that take them (name, breadth, partition), how many could grow.
    pub(crate) digits: Option<String>,
    pub(crate) candidates: Vec<(String, u128, usize)>,
    pub(crate) growing: usize,
    /// Whether the interdigit timer runs.
    pub(crate) timer: bool,
}

/// A plan with its rows taken apart.
pub(crate) struct Model<'p> {
    plan: &'p Plan,
    rows: Vec<(&'p Row, Taken)>,
    breadths: RefCell<BTreeMap<(usize, usize), u128>>,
}

impl<'p> Model<'p> {
    pub(crate) fn new(plan: &'p Plan) -> Self {
        let taken = |row: &Row| matcher::parse(&row.pattern, row.filter, plan.negated);
        let rows = plan.rows.iter().map(|row| (row, taken(row))).collect();
        Model { plan, rows, breadths: RefCell::default() }
    }

    /// What is to be seen after each event, and in the end.
    pub(crate) fn analyse(&self, dialling: &Dialling) -> Vec<Seen> {
        let originator = self.space(&[&self.plan.line_css[..], &self.plan.device_css[..]].concat());
        let mut call = Call {
            model: self,
            how: dialling.whole.as_ref().map(|(how, _)| *how),
            now: dialling.start,
            lookup: Lookup {
                string: Vec::new(),
                at: dialling.start,
                space: originator.clone(),
                by_calling: false,
            },
            stage: Stage::Collecting,
            originator,
            called: Vec::new(),
            calling: self.plan.caller.chars().collect(),
            translations: 0,
            no_wait: false,
            seen: Seen::default(),
        };
        let mut all = Vec::new();
        if let Some((_, number)) = &dialling.whole {
            call.whole(number.chars().collect());
            all.push(call.look());
        }
        for (passes, event) in &dialling.events {
            call.now += passes;
            match event {
                Event::Key(key) => call.key(*key),
                Event::Expiry => call.expiry(),
                Event::Complete => call.complete(),
            }
            all.push(call.look());
        }
        while call.seen.end.is_none() {
            call.now += T302;
            call.expiry();
        }
        all.push(call.look());
        all
    }

    /// Partitions with their rank, each once, the null partition last.
    fn space(&self, partitions: &[&'static str]) -> Vec<&'static str> {
        let mut space: Vec<&'static str> = Vec::new();
        for partition in partitions {
            if !space.contains(partition) {
                space.push(partition);
            }
        }
        space.push("");
        space
    }

    /// What a lookup sees: what is closed when it begins does not exist.
    fn visible(&self, lookup: &Lookup) -> impl Iterator<Item = (usize, &Row, &Taken)> {
        let plan = self.plan;
        let open = lookup.space.iter().copied().filter(|partition| {
            let hours = plan.hours.get(partition);
            hours.is_none_or(|hours| hours.are_open(lookup.at, plan.zone, plan.any_period))
        });
        let open: Vec<&'static str> = open.collect();
        let rows = self.rows.iter().enumerate();
        rows.filter(move |(_, (row, _))| open.contains(&row.partition))
            .map(|(index, (row, taken))| (index, *row, taken))
    }

    fn breadth(&self, index: usize, length: usize) -> u128 {
        let mut breadths = self.breadths.borrow_mut();
        *breadths.entry((index, length)).or_insert_with(|| matcher::breadth(&self.rows[index].1, length))
    }

    /// Those that take the string, best first: fewest numbers, then partition, then age, whichever end of it counts; lines are
    /// older than all others.
    fn full(&self, lookup: &Lookup) -> Vec<(u128, usize, usize)> {
        let mut full: Vec<_> = self
            .visible(lookup)
            .filter(|(_, _, taken)| taken.takes(&lookup.string))
            .map(|(index, row, _)| {
                let rank = lookup.space.iter().position(|partition| *partition == row.partition).unwrap();
                (self.breadth(index, lookup.string.len()), rank, index)
            })
            .collect();
        full.sort_unstable_by_key(|(breadth, rank, index)| {
            let is_line = self.rows.get(*index).is_some_and(|(row, _)| matches!(row.does, Does::Ring));
            let age = if is_line { *index } else { self.rows.len() + index };
            let age = if self.plan.newest_wins { usize::MAX - age } else { age };
            (*breadth, *rank, age)
        });
        full
    }

    fn growing(&self, lookup: &Lookup) -> usize {
        let visible = self.visible(lookup);
        visible.filter(|(_, _, taken)| matcher::could_grow(taken, &lookup.string)).count()
    }

    fn holds_hash(&self, lookup: &Lookup) -> bool {
        let longer: Vec<char> = lookup.string.iter().copied().chain(['#']).collect();
        self.visible(lookup).any(|(_, _, taken)| taken.begins(&longer))
    }
}

struct Lookup {
    string: Vec<char>,
    /// When it began.
    at: u64,
    space: Vec<&'static str>,
    by_calling: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Collecting,
    /// A later lookup, which waits.
    Waiting,
    Ended,
}

struct Call<'m> {
    model: &'m Model<'m>,
    /// `None`: key by key.
    how: Option<How>,
    now: u64,
    lookup: Lookup,
    stage: Stage,
    originator: Vec<&'static str>,
    called: Vec<char>,
    calling: Vec<char>,
    translations: u32,
    no_wait: bool,
    seen: Seen,
}

impl Call<'_> {
    fn look(&self) -> Seen {
        let mut seen = self.seen.clone();
        if self.stage != Stage::Ended {
            seen.digits = Some(text(&self.lookup.string));
            let name = |index: usize| self.model.rows[index].0.name.clone();
            let full = self.model.full(&self.lookup);
            seen.candidates =
                full.into_iter().map(|(breadth, rank, index)| (name(index), breadth, rank)).collect();
            seen.growing = self.model.growing(&self.lookup);
            seen.timer = true;
        }
        seen
    }

    /// The closest match, whether something could grow, and whether the match ends the collection.
    fn judge(&self) -> (Option<usize>, bool, bool) {
        let full = self.model.full(&self.lookup);
        let urgent = |index: usize| self.model.rows[index].0.urgent;
        let ends = match full.first() {
            None => false,
            Some(_) if self.model.plan.any_urgent => full.iter().any(|(_, _, index)| urgent(*index)),
            Some((_, _, best)) => urgent(*best),
        };
        (full.first().map(|(_, _, index)| *index), self.model.growing(&self.lookup) > 0, ends)
    }

    fn key(&mut self, key: char) {
        match self.stage {
            Stage::Collecting => {}
            Stage::Waiting if self.model.plan.keys_join => {}
            Stage::Waiting | Stage::Ended => return,
        }
        self.seen.keys_used += 1;
        let ends = key == '#' && !self.model.plan.hash_is_digit && !self.model.holds_hash(&self.lookup);
        if ends && let (Some(best), _, _) = self.judge() {
            return self.choose(best, "Terminator", false);
        }
        self.lookup.string.push(key);
        match self.judge() {
            (None, false, _) => self.reject("NoMatch", "NoCandidate", false),
            (None, true, _) => {}
            (Some(best), false, _) => self.choose(best, "Unambiguous", false),
            (Some(best), true, true) => self.choose(best, "Urgent", false),
            (Some(_), true, false) => {}
        }
    }

    fn whole(&mut self, number: Vec<char>) {
        self.seen.keys_used = number.len();
        let awaits = match self.how.unwrap() {
            How::EnBloc | How::Application => false,
            How::ApplicationThroughSip => true,
            How::SpeedDial => self.model.plan.speed_dial_awaits,
        };
        self.lookup.string = number;
        if self.lookup.string.last() == Some(&'#') && !self.model.plan.hash_is_digit {
            self.lookup.string.pop();
            if !self.model.holds_hash(&self.lookup)
                && let (Some(best), _, _) = self.judge()
            {
                return self.choose(best, "Terminator", false);
            }
            self.lookup.string.push('#');
        }
        match self.judge() {
            (None, true, _) if awaits => {}
            (None, true, _) => self.reject("Incomplete", "NoCandidate", false),
            (None, false, _) => self.reject("NoMatch", "NoCandidate", false),
            (Some(_), true, false) if awaits => {}
            (Some(best), _, _) => self.choose(best, "Complete", false),
        }
    }

    fn expiry(&mut self) {
        if self.stage == Stage::Ended {
            return;
        }
        match self.judge() {
            (Some(best), _, _) => self.choose(best, "Timeout", true),
            (None, _, _) => self.reject("Incomplete", "Timeout", true),
        }
    }

    /// Ends only the collection: a later lookup had its whole number already.
    fn complete(&mut self) {
        if self.stage != Stage::Collecting {
            return;
        }
        match self.judge() {
            (Some(best), _, _) => self.choose(best, "Complete", false),
            (None, _, _) => self.reject("Incomplete", "NoCandidate", false),
        }
    }

    fn choose(&mut self, index: usize, why: &str, waited: bool) {
        let (row, taken) = &self.model.rows[index];
        let digits = self.lookup.string.clone();
        let by_calling = self.lookup.by_calling;
        if !by_calling {
            self.called = digits.clone();
        }
        self.stage = Stage::Ended;
        let mut next = None;
        match &row.does {
            Does::Ring => {
                self.seen.end = Some(format!("{} {} {}", row.name, text(&self.called), text(&self.calling)));
            }
            Does::Block(cause) => self.seen.end = Some(format!("{} blocks {cause}", row.name)),
            Does::Route { called, calling } => {
                self.change(called, calling, taken, by_calling);
                self.seen.end = Some(format!("{} {} {}", row.name, text(&self.called), text(&self.calling)));
            }
            Does::Translate { css, called, calling, by_calling: next_by_calling, no_wait } => {
                self.translations += 1;
                if self.translations > self.model.plan.translations_max {
                    self.seen.end = Some("rejected TooManyTranslations 25".to_owned());
                } else {
                    self.change(called, calling, taken, by_calling);
                    self.no_wait |= no_wait;
                    let own = |css: &Vec<&'static str>| self.model.space(css);
                    let space = css.as_ref().map_or_else(|| self.originator.clone(), own);
                    next = Some((space, *next_by_calling));
                }
            }
        }
        self.hop(&digits, by_calling, Some(&row.name), why, waited);
        if let Some((space, by_calling)) = next {
            self.look_up(space, by_calling);
        }
    }

    /// A lookup after the first: the whole number at once, but it may wait.
    fn look_up(&mut self, space: Vec<&'static str>, by_calling: bool) {
        let string = if by_calling { self.calling.clone() } else { self.called.clone() };
        let at = if self.model.plan.hours_once { self.lookup.at } else { self.now };
        self.lookup = Lookup { string, at, space, by_calling };
        self.stage = Stage::Waiting;
        let came_whole = matches!(self.how, Some(How::EnBloc | How::Application));
        let complete = came_whole && !self.model.plan.wait_after_en_bloc;
        match self.judge() {
            (None, true, _) => self.reject("Incomplete", "NoCandidate", false),
            (None, false, _) => self.reject("NoMatch", "NoCandidate", false),
            (Some(best), false, _) => self.choose(best, "Unambiguous", false),
            (Some(best), true, true) => self.choose(best, "Urgent", false),
            (Some(best), true, false) if self.no_wait || complete => self.choose(best, "NoWait", false),
            (Some(_), true, false) => {}
        }
    }

    fn reject(&mut self, how: &str, why: &str, waited: bool) {
        let digits = self.lookup.string.clone();
        self.hop(&digits, self.lookup.by_calling, None, why, waited);
        self.seen.end = Some(format!("rejected {how} 1"));
        self.stage = Stage::Ended;
    }

    fn hop(&mut self, digits: &[char], by_calling: bool, chosen: Option<&str>, why: &str, waited: bool) {
        self.seen.hops.push(format!(
            "{}{} {} {why} {} -> {} {}",
            if by_calling { "by calling " } else { "" },
            text(digits),
            chosen.unwrap_or("-"),
            if waited { 15000 } else { 0 },
            text(&self.called),
            text(&self.calling),
        ));
    }

    fn change(&mut self, called: &Change, calling: &Change, taken: &Taken, by_calling: bool) {
        // The pattern took the calling number? Then nothing is discarded.
        if !by_calling {
            self.called = kept(called, taken, &self.called);
        }
        self.called = masked(called, &self.called);
        if calling.external_mask
            && let Some(mask) = self.model.plan.external_mask
        {
            self.calling = mask_over(mask, &self.calling);
        }
        self.calling = masked(calling, &self.calling);
    }
}

/// What discard instructions leave of a number that the pattern took.
fn kept(change: &Change, taken: &Taken, number: &[char]) -> Vec<char> {
    let mut leaves_out = vec![false; number.len()];
    // Every element before the dot, or the @, takes one symbol.
    if change.pre_dot {
        leaves_out[..taken.dot.unwrap()].fill(true);
    }
    if let Some(at) = taken.at {
        if change.national == "PreAt" {
            leaves_out[..at].fill(true);
        }
        let tags: &[&str] = match change.national {
            "10-10-Dialing" => &["TRANSIT-NETWORK-ESCAPE", "TRANSIT-NETWORK"],
            "11D->10D" => &["LONG-DISTANCE-DIRECT-DIAL"],
            "11/10D->7D" => &["LONG-DISTANCE-DIRECT-DIAL", "AREA-CODE", "LOCAL-AREA-CODE"],
            _ => &[],
        };
        let way = taken.ways.iter().find(|way| matcher::takes(&way.elements, number)).unwrap();
        let mut place = at;
        for part in &way.parts {
            // What these tags name comes before all that is of open length, and has one symbol for each element.
            if tags.contains(&part.tag) {
                leaves_out[place..place + part.elements.len()].fill(true);
            }
            place += part.elements.len();
        }
    }
    if change.trailing_hash && number.last() == Some(&'#') {
        leaves_out[number.len() - 1] = true;
    }
    number.iter().zip(leaves_out).filter(|(_, out)| !out).map(|(symbol, _)| *symbol).collect()
}

fn masked(change: &Change, number: &[char]) -> Vec<char> {
    let number = change.mask.map_or_else(|| number.to_vec(), |mask| mask_over(mask, number));
    change.prefix.chars().chain(number).collect()
}

fn mask_over(mask: &str, number: &[char]) -> Vec<char> {
    let mut below = number.iter().rev();
    let mut result: Vec<char> = Vec::new();
    for place in mask.chars().rev() {
        let below = below.next();
        if place == 'X' { result.extend(below) } else { result.push(place) }
    }
    result.reverse();
    result
}

fn text(string: &[char]) -> String {
    string.iter().collect()
}
