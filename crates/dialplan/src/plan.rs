//! The whole plan: numbers, patterns, and which of them decides.

use strowger_base::leg::{Origin, Service};
use strowger_base::{Cause, HashMap, HashSeed, Rng};

use crate::pattern::{Pattern, PatternError};

/// An immutable dial plan. Every call is analysed against the one that was in force when it began.
#[derive(Clone, Debug)]
pub struct DialPlan {
    /// Numbers and names that match only themselves.
    exact: HashMap<Box<str>, Rule>,
    patterns: Vec<(Pattern, Outcome)>,
}

/// What is behind an exact number.
#[derive(Clone, Debug)]
struct Rule {
    /// As it was written.
    text: Box<str>,
    outcome: Outcome,
}

#[derive(Clone, Debug)]
enum Outcome {
    To(Destination),
    Block(Cause),
}

/// Where a number leads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Destination {
    /// All phones of a line (directory number).
    Line(Box<str>),
    /// A trunk, by its configured name.
    Trunk(Box<str>),
    /// A service of the node.
    Service(Service),
}

/// What became of a number. It borrows from the plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Analysis<'p> {
    /// It leads somewhere.
    Route(Route<'p>),
    /// A pattern forbids it.
    Blocked {
        /// The pattern, as it was written.
        pattern: &'p str,
        /// What the caller is told.
        cause: Cause,
    },
    /// Nothing matches it.
    NoMatch,
}

/// A way to somewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Route<'p> {
    /// Where it leads.
    pub destination: &'p Destination,
    /// The pattern that decided, as it was written.
    pub pattern: &'p str,
}

impl DialPlan {
    /// What `digits`, dialled as a whole by `caller`, mean.
    ///
    /// Among all patterns that match, the one wins that matches the fewest numbers of this length; of equals the
    /// one that was added first. `caller` makes no difference until there are calling search spaces.
    pub fn analyze<'p>(&'p self, caller: &Origin, digits: &str) -> Analysis<'p> {
        let _ = caller;
        if let Some(rule) = self.exact.get(digits) {
            return rule.outcome.analysis(&rule.text);
        }
        let best = self
            .patterns
            .iter()
            .filter_map(|(pattern, outcome)| Some((pattern.breadth(digits)?, pattern, outcome)))
            .min_by_key(|(breadth, ..)| *breadth);
        match best {
            Some((_, pattern, outcome)) => outcome.analysis(pattern.text()),
            None => Analysis::NoMatch,
        }
    }

    /// Numbers and patterns in it.
    pub fn len(&self) -> usize {
        self.exact.len() + self.patterns.len()
    }

    /// True when nothing can be dialled.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Default for DialPlan {
    fn default() -> Self {
        DialPlanBuilder::new().build()
    }
}

impl Outcome {
    const fn analysis<'p>(&'p self, pattern: &'p str) -> Analysis<'p> {
        match self {
            Outcome::To(destination) => Analysis::Route(Route { destination, pattern }),
            Outcome::Block(cause) => Analysis::Blocked { pattern, cause: *cause },
        }
    }
}

/// Collects numbers and patterns and refuses what cannot stand beside each other.
#[derive(Clone, Debug)]
pub struct DialPlanBuilder {
    plan: DialPlan,
}

/// Why something cannot be added to a plan.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PlanError {
    /// Another line, service or route has the same number or pattern.
    #[error("{text} is there already and leads to {there}")]
    Duplicate {
        /// The number or pattern.
        text: Box<str>,
        /// What has it.
        there: Box<str>,
    },
    /// It is no pattern.
    #[error("{text:?} is no pattern")]
    Pattern {
        /// What was written.
        text: Box<str>,
        /// Why not.
        #[source]
        source: PatternError,
    },
}

impl DialPlanBuilder {
    /// An empty plan.
    pub fn new() -> Self {
        // The keys are the configuration's, not a caller's: nobody can flood the map, and a fixed key is enough.
        let seed = HashSeed::new(&mut Rng::new(SEED));
        DialPlanBuilder { plan: DialPlan { exact: HashMap::with_hasher(seed), patterns: Vec::new() } }
    }

    /// Adds a line under its own number, which is taken literally.
    ///
    /// # Errors
    /// When the number is there already or no number at all.
    pub fn line(&mut self, number: &str) -> Result<(), PlanError> {
        self.literal(number, Destination::Line(number.into()))
    }

    /// Adds a service under a number or name, which is taken literally.
    ///
    /// # Errors
    /// When the number is there already or no number at all.
    pub fn service(&mut self, number: &str, service: Service) -> Result<(), PlanError> {
        self.literal(number, Destination::Service(service))
    }

    /// Adds a route to a trunk under a pattern.
    ///
    /// # Errors
    /// When the same pattern is there already, or it is none.
    pub fn route(&mut self, pattern: &str, trunk: &str) -> Result<(), PlanError> {
        self.pattern(pattern, Outcome::To(Destination::Trunk(trunk.into())))
    }

    /// Forbids what matches a pattern.
    ///
    /// # Errors
    /// When the same pattern is there already, or it is none.
    pub fn block(&mut self, pattern: &str, cause: Cause) -> Result<(), PlanError> {
        self.pattern(pattern, Outcome::Block(cause))
    }

    /// The finished plan.
    pub fn build(self) -> DialPlan {
        self.plan
    }

    fn literal(&mut self, number: &str, destination: Destination) -> Result<(), PlanError> {
        // The same characters are forbidden as in a pattern; `X` and `!` are only literals here.
        match Pattern::parse(number) {
            Ok(_) | Err(PatternError::NotLast | PatternError::BarePlus) => {}
            Err(source @ (PatternError::Empty | PatternError::TooLong | PatternError::Character { .. })) => {
                return Err(PlanError::Pattern { text: number.into(), source });
            }
        }
        self.exact(number.into(), number, Outcome::To(destination))
    }

    fn pattern(&mut self, text: &str, outcome: Outcome) -> Result<(), PlanError> {
        let pattern =
            Pattern::parse(text).map_err(|source| PlanError::Pattern { text: text.into(), source })?;
        if let Some(number) = pattern.exact() {
            return self.exact(number, text, outcome);
        }
        if let Some((_, there)) = self.plan.patterns.iter().find(|(other, _)| *other == pattern) {
            return Err(PlanError::Duplicate { text: text.into(), there: there.words() });
        }
        self.plan.patterns.push((pattern, outcome));
        Ok(())
    }

    fn exact(&mut self, number: Box<str>, text: &str, outcome: Outcome) -> Result<(), PlanError> {
        if let Some(there) = self.plan.exact.get(&number) {
            return Err(PlanError::Duplicate { text: text.into(), there: there.outcome.words() });
        }
        self.plan.exact.insert(number, Rule { text: text.into(), outcome });
        Ok(())
    }
}

impl Default for DialPlanBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl Outcome {
    fn words(&self) -> Box<str> {
        match self {
            Outcome::To(Destination::Line(line)) => format!("line {line}").into(),
            Outcome::To(Destination::Trunk(name)) => format!("trunk {name}").into(),
            Outcome::To(Destination::Service(Service::Echo)) => "the echo test".into(),
            Outcome::To(Destination::Service(Service::Announcement)) => "the announcement".into(),
            Outcome::Block(_) => "a block".into(),
        }
    }
}

const SEED: u64 = 0x5354_524f_5747_4552;

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> DialPlan {
        let mut builder = DialPlanBuilder::new();
        builder.line("1001").unwrap();
        builder.line("1212").unwrap();
        builder.service("9999", Service::Echo).unwrap();
        builder.route("1XXX", "broad").unwrap();
        builder.route("12XX", "narrow").unwrap();
        builder.route("15!", "grow").unwrap();
        builder.route("XXXX", "first").unwrap();
        builder.route("!", "all").unwrap();
        builder.route("service", "names").unwrap();
        builder.route(r"\+1!", "world").unwrap();
        builder.block("0!", Cause::OUTGOING_CALLS_BARRED).unwrap();
        builder.build()
    }

    #[test]
    fn the_pattern_that_matches_fewest_numbers_wins() {
        let plan = plan();
        let caller = Origin::Line("1001".into());
        let check = |digits: &str, expect: &str| {
            let found = match plan.analyze(&caller, digits) {
                Analysis::Route(Route { destination: Destination::Line(line), .. }) => format!("line {line}"),
                Analysis::Route(Route { destination: Destination::Trunk(name), pattern }) => {
                    format!("{name} by {pattern}")
                }
                Analysis::Route(Route { destination: Destination::Service(service), .. }) => {
                    format!("{service:?}")
                }
                Analysis::Blocked { pattern, cause } => format!("blocked by {pattern}, {}", cause.0),
                Analysis::NoMatch => "no match".to_owned(),
            };
            assert_eq!(found, expect, "{digits}");
        };
        check("1001", "line 1001");
        check("1212", "line 1212");
        check("1213", "narrow by 12XX");
        check("1313", "broad by 1XXX");
        check("1515", "grow by 15!");
        check("151512", "grow by 15!");
        check("9999", "Echo");
        check("9998", "first by XXXX");
        check("77", "all by !");
        check("service", "names by service");
        check("+14085551212", r"world by \+1!");
        check("00", "blocked by 0!, 52");
        check("", "no match");
        check("unknown", "no match");
        check("\u{fffd}", "no match");
    }

    #[test]
    fn what_is_there_twice_is_refused_and_named() {
        let mut builder = DialPlanBuilder::new();
        builder.line("1001").unwrap();
        builder.route("9!", "carrier").unwrap();
        let check = |result: Result<(), PlanError>, expect: &str| {
            assert_eq!(result.unwrap_err().to_string(), expect);
        };
        check(builder.line("1001"), "1001 is there already and leads to line 1001");
        check(builder.service("1001", Service::Echo), "1001 is there already and leads to line 1001");
        check(builder.route("1001", "carrier"), "1001 is there already and leads to line 1001");
        check(builder.route("9!", "other"), "9! is there already and leads to trunk carrier");
        check(builder.block("1!1", Cause::CALL_REJECTED), "\"1!1\" is no pattern");
        check(builder.line("10 01"), "\"10 01\" is no pattern");
    }
}
