//! The dialed number analyzer: `strowger digits FROM NUMBER`, the same over HTTP, and saved diallings that are tests.

mod codes;
mod expect;
mod from;
mod json;
mod lint;
mod onward;
mod seen;
mod text;
mod trunks;

use std::path::PathBuf;
use std::sync::Arc;

use strowger_base::WallTime;
use strowger_callcontrol::Configuration;
use strowger_callcontrol::configuration::LinePhone;
use strowger_callcontrol::follow::Followed;
use strowger_dialplan::codes::{Prompting, appended};
use strowger_dialplan::forward::CallSide;
use strowger_dialplan::route_list::LocalRouteGroups;
use strowger_dialplan::{
    Action, Arrival, Caller, Decision, Digits, NumberPattern, PatternId, Reject, RouteTarget, Trace,
};

use crate::client::{Place, query_value};
use crate::config_file::ConfigFile;

pub(crate) use codes::Codes;
pub(crate) use expect::{ExpectSection, Saved, listed, report, unusable};
pub(crate) use lint::{Doubt, Report};
pub(crate) use onward::LinesAre;

use from::{From, Incoming};

/// What can be asked.
#[derive(clap::Args)]
pub(crate) struct DigitsOptions {
    /// Who dials: a line, a phone, `LINE/PHONE`, a trunk or a calling search space by its name; `line:`, `phone:`, `trunk:` or
    /// `space:` before it says which.
    #[arg(required_unless_present_any = ["check", "lint"])]
    from: Option<String>,
    /// What is dialled: 0-9, *, #, A-D, +; or a name.
    #[arg(required_unless_present_any = ["check", "lint"])]
    number: Option<String>,
    /// How it arrives; as a whole from a trunk and key by key from all others, unless it is given.
    #[arg(long, value_enum)]
    mode: Option<Mode>,
    /// Who calls, as a trunk brings it.
    #[arg(long)]
    calling: Option<String>,
    /// Where the phone is that dials: the address that its packets come from.
    #[arg(long)]
    address: Option<std::net::IpAddr>,
    /// When, in UTC, for partitions with opening hours: 2026-11-21T08:00. Now, unless it is given.
    #[arg(long, value_parser = time)]
    at: Option<WallTime>,
    /// What the lines are doing that the call reaches, for forwards and hunts.
    #[arg(long, value_enum, default_value_t = LinesAre::Free)]
    when: LinesAre,
    #[command(flatten)]
    codes: Codes,
    /// Run the saved diallings of the node file instead (`[[expect]]`); exit code 1 when one goes another way.
    #[arg(long, conflicts_with_all = ["from", "number"])]
    check: bool,
    /// Say what is doubtful about the whole plan instead; exit code 1 when calls fail that must not.
    #[arg(long, conflicts_with_all = ["from", "number", "check"])]
    lint: bool,
    /// A node file, in place of what is configured.
    #[arg(long, conflicts_with = "server")]
    config: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// How a number arrives.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mode {
    /// One key after another, then silence.
    #[default]
    Keys,
    /// As a whole, as SIP phones and trunks send it.
    EnBloc,
    /// From a speed dial.
    SpeedDial,
    /// Several digits at once, from a phone that tells the keys after them (KPML).
    Kpml,
    /// From an application.
    Application,
}

/// One question.
pub(crate) struct Question {
    pub(crate) from: String,
    pub(crate) number: String,
    /// As whoever dials usually does, unless it is given.
    pub(crate) mode: Option<Mode>,
    /// Who calls, where a trunk or search space does.
    pub(crate) calling: Option<String>,
    /// Where the phone is that dials.
    pub(crate) address: Option<std::net::IpAddr>,
    pub(crate) at: WallTime,
    /// What the lines are doing that the call reaches.
    pub(crate) lines: LinesAre,
    /// Codes that are tried where the route asks for any.
    pub(crate) codes: Codes,
}

/// A question with its answer.
pub(crate) struct Answer<'c> {
    question: &'c Question,
    configuration: &'c Configuration,
    caller: Arc<Caller>,
    /// The phone of a line, when one dials.
    phone: Option<&'c LinePhone>,
    /// What stands for local route groups.
    local_groups: Option<&'c LocalRouteGroups<Box<str>>>,
    /// Which side it comes from; a search space counts as ours.
    side: CallSide,
    /// What the trunk's settings made of its numbers.
    incoming: Vec<Incoming>,
    mode: Mode,
    /// Whether whoever dials can be asked for a code.
    prompting: Prompting,
    /// Codes that came behind the number.
    supplied: String,
    way: Way<'c>,
}

/// What became of the number.
enum Way<'c> {
    Number(Box<Trace>),
    /// It is a name: there is nothing to collect and nothing to compare.
    Name(Option<strowger_dialplan::Addressed<'c>>),
}

impl Mode {
    const fn arrival(self) -> Arrival {
        match self {
            Mode::Keys => Arrival::KeyByKey,
            Mode::EnBloc => Arrival::EnBloc,
            Mode::SpeedDial => Arrival::SpeedDial,
            Mode::Kpml => Arrival::ApplicationThroughSip,
            Mode::Application => Arrival::Application,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Mode::Keys => "key by key",
            Mode::EnBloc => "en bloc",
            Mode::SpeedDial => "by speed dial",
            Mode::Kpml => "at once, and may dial on (KPML)",
            Mode::Application => "by an application",
        }
    }
}

impl DigitsOptions {
    /// The same question to a server.
    fn path(&self) -> String {
        let value = |text: &Option<String>| query_value(text.as_deref().unwrap_or_default());
        let mut path = format!(
            "/api/v1/digits?from={}&number={}&form={}",
            value(&self.from),
            value(&self.number),
            if self.json { "json" } else { "text" },
        );
        if let Some(mode) = self.mode.as_ref().and_then(clap::ValueEnum::to_possible_value) {
            path.push_str(&format!("&mode={}", mode.get_name()));
        }
        let when = clap::ValueEnum::to_possible_value(&self.when);
        if let Some(when) = when.filter(|_| self.when != LinesAre::Free) {
            path.push_str(&format!("&when={}", when.get_name()));
        }
        if let Some(calling) = &self.calling {
            path.push_str(&format!("&calling={}", query_value(calling)));
        }
        for (name, code) in [("code", &self.codes.code), ("matter", &self.codes.matter)] {
            if let Some(code) = code {
                path.push_str(&format!("&{name}={}", query_value(code)));
            }
        }
        if let Some(address) = &self.address {
            path.push_str(&format!("&address={}", query_value(&address.to_string())));
        }
        path + &self.time()
    }

    /// The look at the whole plan that a server takes.
    fn lint_path(&self) -> String {
        format!("/api/v1/digits/lint?form={}{}", if self.json { "json" } else { "text" }, self.time())
    }

    fn time(&self) -> String {
        // Whoever answers reads minutes: seconds make no difference to opening hours.
        let at = self.at.map(|at| at.to_string());
        at.map_or_else(String::new, |at| format!("&at={}", query_value(at.get(..16).unwrap_or(&at))))
    }
}

/// Answers on the command line: a server that runs, the configuration of a folder, or the node file.
pub(crate) fn run(options: &DigitsOptions) -> anyhow::Result<()> {
    let server = if options.config.is_some() { None } else { options.place.server()? };
    if let Some(server) = server {
        if options.lint {
            return lint::print(&server.get(&options.lint_path())?, options.json);
        }
        if options.check {
            return expect::print(&server.get_json(CHECK_PATH)?, options.json);
        }
        return crate::print::line(server.get(&options.path())?.trim_end());
    }
    let data = &options.place.data;
    let (saved, configuration) = if options.config.is_none() && crate::configuration::is_in(data) {
        let (state, calls) = crate::telephony::of_folder(data)?;
        (Saved::of_state(&state), calls)
    } else {
        let path = options.config.clone().unwrap_or_else(|| data.join("strowger.toml"));
        let file = ConfigFile::read(&path)?;
        (Saved::of_file(&file), file.configuration()?.calls)
    };
    if options.check {
        return expect::print(&report(&saved, &configuration), options.json);
    }
    if options.lint {
        return lint::run(&configuration, options.at.unwrap_or_else(now), options.json);
    }
    let question = Question {
        from: options.from.clone().unwrap_or_default(),
        number: options.number.clone().unwrap_or_default(),
        mode: options.mode,
        calling: options.calling.clone(),
        address: options.address,
        at: options.at.unwrap_or_else(now),
        lines: options.when,
        codes: options.codes.clone(),
    };
    let answer = answer(&configuration, &question)?;
    if options.json { crate::print::line(answer.json()) } else { crate::print::print(answer.text()) }
}

/// Where a server tells what became of all saved diallings.
pub(crate) const CHECK_PATH: &str = "/api/v1/digits/check";

/// Answers one question.
///
/// # Errors
/// When nobody by that name could dial, or the number cannot be dialled at all.
pub(crate) fn answer<'c>(
    configuration: &'c Configuration,
    question: &'c Question,
) -> anyhow::Result<Answer<'c>> {
    let From { caller, phone, local_groups, side, incoming, number, mode, tells_keys } =
        from::from(configuration, question)?;
    anyhow::ensure!(!question.number.is_empty(), "no number is given; expected for example 95551234");
    let plan = &configuration.plan;
    // Calls do the same: keys behind a number are codes, and of what comes as a whole only where it asks for any.
    let appended = appended(plan, &caller, &number, question.at).filter(|_| mode != Mode::Keys);
    let (number, mut supplied) = appended.unwrap_or((&number, ""));
    let way = match Digits::parse(number) {
        Ok(digits) => {
            let trace = Trace::of(plan, Arc::clone(&caller), mode.arrival(), &digits, question.at);
            if mode == Mode::Keys {
                supplied = number.get(trace.analysis().keys_used()..).unwrap_or_default();
            }
            Way::Number(Box::new(trace))
        }
        Err(_) => {
            let zone = caller.zone.as_ref();
            Way::Name(plan.named(&caller.search_space, &question.number, question.at, zone))
        }
    };
    let supplied = supplied.to_owned();
    let prompting = codes::prompting(mode, tells_keys);
    Ok(Answer {
        question,
        configuration,
        caller,
        phone,
        local_groups,
        side,
        incoming,
        mode,
        prompting,
        supplied,
        way,
    })
}

impl Answer<'_> {
    fn pattern(&self, id: PatternId) -> Option<&NumberPattern> {
        self.configuration.plan.pattern(id)
    }

    fn text_of(&self, id: PatternId) -> &str {
        self.pattern(id).map_or("", |row| row.pattern.text())
    }

    /// In one word or two where it ends: `line 1001`, `trunk pstn`, `no match`.
    fn result(&self) -> String {
        match &self.way {
            Way::Name(None) => "no match".to_owned(),
            Way::Name(Some(addressed)) => target(self.configuration, addressed.action),
            Way::Number(trace) => match trace.analysis().decision() {
                Some(Decision::Routed(routed)) => self
                    .pattern(routed.pattern)
                    .map_or_else(String::new, |row| target(self.configuration, &row.action)),
                Some(Decision::Blocked { cause, .. }) => format!("blocked, cause {}", cause.0),
                Some(Decision::Rejected(reject)) => rejected(*reject).to_owned(),
                None => "undecided".to_owned(),
            },
        }
    }

    /// Something else that whoever asks should know.
    fn remark(&self, followed: Option<&Followed<'_>>) -> Option<String> {
        if let (None, Way::Name(None)) = (followed, &self.way) {
            return self.no_number();
        }
        if let Some(blind) = self.sees_nothing() {
            return Some(blind);
        }
        match self.last_action(followed)? {
            Action::Route(route) => match &route.to {
                RouteTarget::Trunk(name) => {
                    let trunk = self.configuration.trunks.get(name)?;
                    (!trunk.is_there).then(|| {
                        format!("trunk {name} is not there yet: give it a destination in the configuration")
                    })
                }
                RouteTarget::RouteList(name) => {
                    let attempts = self.attempts(self.last_trace(followed));
                    let mut trunks = attempts.iter().flat_map(|attempt| &attempt.trunks);
                    let nowhere = !attempts.is_empty() && !trunks.any(|(_, there)| *there);
                    nowhere.then(|| {
                        format!("no trunk of route list {name} is there yet: give one a destination in the configuration")
                    })
                }
            },
            Action::Line(_)
            | Action::Translate(_)
            | Action::Hunt { .. }
            | Action::Service(_)
            | Action::Feature(_)
            | Action::Block(_) => None,
        }
    }
}

impl Answer<'_> {
    /// Why nothing was found by somebody who has no search space.
    fn sees_nothing(&self) -> Option<String> {
        let Way::Number(trace) = &self.way else { return None };
        let plan = &self.configuration.plan;
        let sees = |caller: &Caller| {
            caller.search_space.partitions().iter().any(|id| !plan.partition_name(*id).is_empty())
        };
        let rejected = matches!(trace.analysis().decision(), Some(Decision::Rejected(_)));
        let has_partitions = plan.partitions().any(|(_, name)| !name.is_empty());
        (rejected && has_partitions && !sees(&self.caller)).then(|| {
            format!("{} has no search_space, and sees only what stands in no partition", self.question.from)
        })
    }

    /// Why something that nobody is called was no number, where it was meant for one.
    fn no_number(&self) -> Option<String> {
        let number = &self.question.number;
        let begins = number.starts_with(|c: char| c.is_ascii_digit() || "+*#(".contains(c));
        let error = Digits::parse(number).err().filter(|_| begins && !number.contains('@'))?;
        Some(format!("it was looked up as a name, for it is no number: {error}"))
    }
}

fn target(configuration: &Configuration, action: &Action) -> String {
    match action {
        Action::Line(line) => format!("line {}", configuration.shown(line.as_str())),
        Action::Route(route) => match &route.to {
            RouteTarget::Trunk(name) => format!("trunk {name}"),
            RouteTarget::RouteList(name) => format!("route list {name}"),
        },
        Action::Service(service) => format!("service {}", format!("{service:?}").to_lowercase()),
        Action::Feature(feature) => format!("feature {}", feature.code),
        Action::Hunt { list } => format!("hunt list {list}"),
        Action::Translate(_) => "a translation".to_owned(),
        Action::Block(cause) => format!("blocked, cause {}", cause.0),
    }
}

const fn rejected(reject: Reject) -> &'static str {
    match reject {
        Reject::NoMatch => "no match",
        Reject::Incomplete => "incomplete",
        Reject::TooManyTranslations => "too many translations",
        Reject::TooLong => "too long",
    }
}

pub(crate) fn now() -> WallTime {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    WallTime::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

/// `2026-11-21T08:00`, in UTC.
pub(crate) fn time(text: &str) -> Result<WallTime, String> {
    let wrong = || format!("{text:?} is no time; expected one like 2026-11-21T08:00");
    let (date, clock) = text.split_once(['T', ' ']).ok_or_else(wrong)?;
    let numbers = |text: &str, by: char| text.split(by).map(str::parse).collect::<Result<Vec<u64>, _>>().ok();
    let (Some(date), Some(clock)) = (numbers(date, '-'), numbers(clock, ':')) else { return Err(wrong()) };
    let ([year, month, day], [hour, minute]) = (&date[..], &clock[..]) else { return Err(wrong()) };
    if !(1970..=9999).contains(year)
        || !(1..=12).contains(month)
        || !(1..=days_of(*month, *year)).contains(day)
        || *hour > 23
        || *minute > 59
    {
        return Err(wrong());
    }
    // Days of the civil calendar, counted from 1 March so that the leap day is the last of a year.
    let (year, month) = if *month > 2 { (*year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    let seconds = (days - DAYS_TO_1970) * 86_400 + hour * 3600 + minute * 60;
    Ok(WallTime::from_micros(seconds * 1_000_000))
}

/// Days of a month of the civil calendar.
const fn days_of(month: u64, year: u64) -> u64 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// From 1 March 0000 to 1 January 1970.
const DAYS_TO_1970: u64 = 719_468;

#[cfg(test)]
mod tests;
