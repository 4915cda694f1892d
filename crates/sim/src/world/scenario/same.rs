//! Each scenario with other phones: with SCCP phones in the place of all SIP phones, or of every other one. Displays have to show the same.
//!
//! What is otherwise, and why, stands in `mixed.txt`: for each scenario the variants, the reason, and the lines of the script after which
//! displays differ.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Did, Extra, Scenario, neutral, place_of, sorted};

/// Which phones speak SCCP.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Variant {
    All,
    Odd,
    Even,
}

impl Variant {
    const ALL: [Variant; 3] = [Variant::All, Variant::Odd, Variant::Even];

    fn words(self) -> &'static str {
        match self {
            Variant::All => "all numbers",
            Variant::Odd => "odd numbers",
            Variant::Even => "even numbers",
        }
    }

    /// The codecs of SCCP phones: those that SIP phones have here, or all.
    fn codecs(self) -> &'static [u32] {
        match self {
            Variant::All | Variant::Even => &[4, 2],
            Variant::Odd => &[],
        }
    }

    /// Whether a phone speaks SCCP. Two phones of a line that is shared speak different protocols where not all speak the same.
    fn has(self, name: &str) -> bool {
        let (number, second) = place_of(name);
        let odd = number.ends_with(['1', '3']);
        match self {
            Variant::All => true,
            Variant::Odd => odd != second,
            Variant::Even => odd == second,
        }
    }
}

/// A scenario as it stands in a file.
struct Script<'t> {
    title: &'t str,
    wants: Vec<&'t str>,
    steps: Vec<Step<'t>>,
}

/// A line of it, and what it brings about at SIP phones.
struct Step<'t> {
    line: &'t str,
    news: Vec<(&'t str, &'t str)>,
    cannot: bool,
}

impl Step<'_> {
    /// Whether a phone does something then, or shows something else.
    fn is_about(&self, name: &str) -> bool {
        self.line.split(' ').next() == Some(name) || self.news.iter().any(|(who, _)| *who == name)
    }
}

fn read(text: &str) -> Vec<Script<'_>> {
    let mut scripts: Vec<Script<'_>> = Vec::new();
    let mut told = false;
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("# ") {
            scripts.push(Script { title, wants: vec![], steps: vec![] });
            continue;
        }
        let Some(script) = scripts.last_mut() else { continue };
        if let Some(want) = line.strip_prefix("with ") {
            script.wants.push(want);
        } else if line.is_empty() {
            told = false;
        } else if !line.starts_with(' ') {
            script.steps.push(Step { line, news: vec![], cannot: false });
            told = true;
        } else if let Some(step) = script.steps.last_mut().filter(|_| told) {
            let line = line.trim();
            match line.split_once(' ') {
                _ if line == "it cannot be done now" => step.cannot = true,
                Some((name, shown)) => step.news.push((name, shown)),
                None => {}
            }
        }
    }
    scripts
}

/// What each phone hears after a step of a script.
type Hearing = BTreeMap<String, Vec<String>>;

/// What is heard after each step of a script with SIP phones alone; after none where it cannot be played so.
fn heard_with_sip(script: &Script<'_>) -> Vec<Hearing> {
    let mut scenario = Scenario::with(&script.wants, &[]);
    let heard = script.steps.iter().map(|step| {
        scenario.goes_on(step.line);
        scenario.hearing(&BTreeMap::new())
    });
    heard.collect()
}

/// What is otherwise when a script is played with these phones: lines.
fn differences(script: &Script<'_>, variant: Variant) -> Result<Vec<String>, String> {
    let second = script.wants.contains(&"two phones");
    let lines = ["1001", "1002", "1003", "1004"];
    let names = lines.iter().flat_map(|line| [(*line).to_owned(), format!("{line}b")]);
    let names: Vec<String> = names.filter(|name| second || !name.ends_with('b')).collect();
    let stations: Vec<Extra> = names
        .iter()
        .filter(|name| variant.has(name) && only_sip(script, name).is_none())
        .map(|name| Extra { name: name.clone(), lamps: lamps(script, name), codecs: variant.codecs() })
        .collect();
    let acts = |it: &Extra| script.steps.iter().any(|step| step.is_about(&it.name));
    if !stations.iter().any(acts) {
        let why = names.iter().filter(|name| variant.has(name)).find_map(|name| only_sip(script, name));
        // Where no such phone has a part in it anyway there is nothing to play.
        return why.map_or(Ok(Vec::new()), |why| Err(why.to_owned()));
    }
    let knows = |name: &str| {
        let knows = format!("{name} knows of recordings");
        script.steps.iter().any(|step| step.line == knows)
    };
    let speaks = |name: &str| stations.iter().any(|it| it.name == name);
    let mut scenario = Scenario::with(&script.wants, &stations);
    scenario.translates = true;
    let with_sip = heard_with_sip(script);
    let mut unlike: BTreeMap<String, String> = BTreeMap::new();
    let (mut expected, mut before) = (BTreeMap::new(), BTreeMap::new());
    let (mut found, mut answered) = (Vec::new(), BTreeSet::new());
    for (at, step) in script.steps.iter().enumerate() {
        let line = consults(script, at, variant).unwrap_or_else(|| step.line.to_owned());
        let mut lines = Vec::new();
        let is_done = answered.contains(&at);
        match if is_done { scenario.goes_on("time passes 2") } else { scenario.goes_on(&line) } {
            Did::Never(why) => return Err(why.to_owned()),
            Did::NotNow if !step.cannot => lines.push("    it cannot be done now".to_owned()),
            Did::Done if step.cannot => lines.push("    it can be done".to_owned()),
            Did::Done | Did::NotNow => {}
        }
        expected.extend(step.news.iter().map(|(name, shown)| ((*name).to_owned(), *shown)));
        // An SCCP phone that answers by itself does so at once.
        for (name, _) in step.news.iter().filter(|(name, shown)| speaks(name) && shown.contains("autoanswer"))
        {
            let answers = format!("{name} answers");
            if let Some(later) =
                (at + 1..script.steps.len()).find(|later| script.steps[*later].line == answers)
            {
                answered.insert(later);
                let news = &script.steps[later].news;
                expected.extend(news.iter().map(|(name, shown)| ((*name).to_owned(), *shown)));
            }
        }
        let mut known = BTreeMap::new();
        let mut now: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for extra in &stations {
            if let Some(it) = scenario.world.stations.phones.get(&extra.name) {
                now.insert(
                    extra.name.clone(),
                    neutral::of_station(&it.phone, &extra.lamps, knows(&extra.name)),
                );
                let (number, second) = place_of(&extra.name);
                if !second {
                    known.insert(number.to_owned(), 1);
                }
            }
        }
        let hearing = scenario.hearing(&known);
        for (name, shown) in scenario.sip_displays(&mut known) {
            now.insert(name, sorted(shown.iter().map(|shown| neutral::with_keys(shown))));
        }
        for (name, shown) in now {
            let wanted = expected.get(&name).copied().unwrap_or("is idle");
            let later = talks_later(script, at, &name);
            let wanted = match wanted {
                "is idle" => Vec::new(),
                _ if !speaks(&name) => sorted(wanted.split(", ").map(neutral::with_keys)),
                _ if neutral::of_script(wanted, later) == shown => continue,
                _ => neutral::of_script(wanted, None),
            };
            let differs = (shown != wanted)
                .then(|| format!("    {name} {}, and not: {}", words(&shown), words(&wanted)));
            if differs.is_some() && before.get(&name) != Some(&differs) {
                lines.extend(differs.clone());
            }
            before.insert(name, differs);
        }
        // Whoever shows the same hears the same.
        for name in &names {
            let of = |all: Option<&Hearing>| all.and_then(|all| all.get(name)).cloned().unwrap_or_default();
            let (heard, wanted) = (of(Some(&hearing)), of(with_sip.get(at)));
            // Who has answered by itself hears, and is heard, as it is later in the script.
            let early = answered.range(at..).any(|later| of(with_sip.get(*later)) == heard)
                || speaks(name) && expected.get(name).is_some_and(|shown| shown.contains("autoanswer"));
            let nothing = |all: &[String]| if all.is_empty() { "nothing".to_owned() } else { all.join(", ") };
            let says = format!("    {name} hears {}, and not: {}", nothing(&heard), nothing(&wanted));
            let shows_the_same = before.get(name).is_none_or(Option::is_none);
            if heard == wanted || early {
                unlike.remove(name);
            } else if shows_the_same && unlike.get(name) != Some(&says) {
                lines.push(says.clone());
                unlike.insert(name.clone(), says);
            }
        }
        if let Err(why) = scenario.world.check_stations() {
            lines.push(format!("    FAILED: {why}"));
        }
        if !lines.is_empty() {
            found.push(step.line.to_owned());
            found.extend(lines);
        }
        scenario.world.failed_calls_end();
    }
    if std::env::var_os("STORY").is_some() {
        println!("{}, {}\n{}", script.title, variant.words(), scenario.ends());
    } else {
        scenario.goes_home();
    }
    Ok(found)
}

/// Where somebody is held, another one is called and then both are brought together, SCCP phones have a key for all of it. With SIP phones
/// among them that is done with the keys for two calls.
fn consults(script: &Script<'_>, at: usize, variant: Variant) -> Option<String> {
    let step = script.steps.get(at)?;
    let (who, held) = step.line.split_once(" holds ")?;
    if variant != Variant::All {
        return None;
    }
    let mut later =
        script.steps.iter().skip(at + 1).filter_map(|step| step.line.strip_prefix(who)?.strip_prefix(' '));
    later.next().filter(|what| what.starts_with("calls "))?;
    let key = later.find_map(|what| match what {
        "presses Confrn" => Some("Confrn"),
        _ if what.starts_with("brings ") => Some("Transfer"),
        _ => None,
    })?;
    Some(format!("{who} {key} {held}"))
}

/// Why a phone cannot be an SCCP phone in a scenario.
fn only_sip(script: &Script<'_>, name: &str) -> Option<&'static str> {
    let (number, _) = place_of(name);
    let keys =
        script.wants.iter().filter_map(|want| want.strip_prefix(number)?.strip_prefix(" has keys in "));
    if keys.into_iter().any(|keys| !matches!(keys, "its media" | "media or INFO")) {
        return Some("its keys are told in SIP, or are tones in its sound");
    }
    let taken = format!(" takes the call of {name}");
    let takers = script.steps.iter().filter_map(|step| step.line.strip_suffix(taken.as_str()));
    if takers.into_iter().any(|taker| place_of(taker).0 != number) {
        return Some("a SIP phone is told the names of calls of its own lines only");
    }
    script.steps.iter().find_map(|step| {
        let what = step.line.strip_prefix(name)?.strip_prefix(' ')?;
        let words: Vec<&str> = what.split(' ').collect();
        Some(match words[..] {
            ["refuses"] => "an SCCP phone has no key that refuses a call",
            ["redirects", ..] => "an SCCP phone names nobody else instead of ringing",
            ["insists", ..] => "SCCP phones have no SRTP",
            ["has", "a", "camera"] => "SCCP phones have no video",
            ["sends", "a", "fax", ..] => "SCCP phones send no faxes",
            ["offers", "nothing"] => "an SCCP phone says where it hears as soon as it is asked",
            ["takes", "the", "call", "of", other] if place_of(other).0 != number => {
                "an SCCP phone takes calls of its own lines only"
            }
            _ => return None,
        })
    })
}

/// Whom a phone shows when it talks next.
fn talks_later<'t>(script: &Script<'t>, at: usize, name: &str) -> Option<&'t str> {
    let mut news =
        script.steps.iter().skip(at + 1).flat_map(|step| &step.news).filter(|(who, _)| *who == name);
    news.next()?.1.split(", ").find_map(|part| part.strip_prefix("talks with "))
}

/// The numbers that somebody watches.
fn lamps(script: &Script<'_>, name: &str) -> Vec<String> {
    let of = |line: &str| {
        let what = line.strip_prefix(name)?.strip_prefix(' ')?;
        let number = what.strip_prefix("watches ").or_else(|| what.strip_prefix("presses busy lamp of "))?;
        Some(number.to_owned())
    };
    let mut lamps: Vec<String> = Vec::new();
    for number in script.steps.iter().filter_map(|step| of(step.line)) {
        if !lamps.contains(&number) {
            lamps.push(number);
        }
    }
    lamps
}

fn words(shown: &[String]) -> String {
    if shown.is_empty() { "is idle".to_owned() } else { shown.join(", ") }
}

const FILES: [(&str, &str); 21] = [
    ("admission.txt", include_str!("../../../scenarios/admission.txt")),
    ("callback.txt", include_str!("../../../scenarios/callback.txt")),
    ("codes.txt", include_str!("../../../scenarios/codes.txt")),
    ("conferences.txt", include_str!("../../../scenarios/conferences.txt")),
    ("forwards.txt", include_str!("../../../scenarios/forwards.txt")),
    ("intercom.txt", include_str!("../../../scenarios/intercom.txt")),
    ("keys.txt", include_str!("../../../scenarios/keys.txt")),
    ("lamps.txt", include_str!("../../../scenarios/lamps.txt")),
    ("lines.txt", include_str!("../../../scenarios/lines.txt")),
    ("losses.txt", include_str!("../../../scenarios/losses.txt")),
    ("malicious.txt", include_str!("../../../scenarios/malicious.txt")),
    ("music.txt", include_str!("../../../scenarios/music.txt")),
    ("names.txt", include_str!("../../../scenarios/names.txt")),
    ("paging.txt", include_str!("../../../scenarios/paging.txt")),
    ("park.txt", include_str!("../../../scenarios/park.txt")),
    ("pickup.txt", include_str!("../../../scenarios/pickup.txt")),
    ("recording.txt", include_str!("../../../scenarios/recording.txt")),
    ("resources.txt", include_str!("../../../scenarios/resources.txt")),
    ("rings.txt", include_str!("../../../scenarios/rings.txt")),
    ("streams.txt", include_str!("../../../scenarios/streams.txt")),
    ("transfers.txt", include_str!("../../../scenarios/transfers.txt")),
];

/// What became of a scenario that is otherwise with other phones.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Outcome {
    /// Lines of the script, each with the displays that differ after it.
    Differs(Vec<String>),
    /// Why no SCCP phone can have a part in it.
    NotPlayed(String),
}

/// All scenarios of a variant that are otherwise, in their order, each by its file and title.
fn walk(variant: Variant) -> Vec<(String, Outcome)> {
    let wanted = |name: &str| std::env::var(name).unwrap_or_default();
    let (only, title) = (wanted("ONLY"), wanted("TITLE"));
    let mut found = Vec::new();
    for (file, content) in FILES.iter().filter(|(file, _)| file.contains(&only)) {
        for script in read(content).iter().filter(|script| script.title.contains(&title)) {
            let played = catch_unwind(AssertUnwindSafe(|| differences(script, variant)));
            let outcome = match played {
                Ok(Ok(lines)) if lines.is_empty() => continue,
                Ok(Ok(lines)) => Outcome::Differs(lines),
                Ok(Err(why)) => Outcome::NotPlayed(why),
                Err(panic) => {
                    let why = panic.downcast_ref::<String>().cloned();
                    let why = why.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
                    Outcome::Differs(vec![format!("FAILED: {}", why.unwrap_or_default())])
                }
            };
            found.push((format!("{file}: {}", script.title), outcome));
        }
    }
    found
}

/// The text of `mixed.txt`, with the reasons that stand in the text before.
fn told(all: &[(Variant, Vec<(String, Outcome)>)], before: &str) -> String {
    let reason = |title: &str, lines: &str| {
        let groups =
            before.split("\n\n").filter(|group| group.lines().any(|line| line == format!("# {title}")));
        let groups: Vec<&str> = groups.collect();
        let own = |group: &&&str| {
            group.split_once("\nbecause ").is_some_and(|(_, rest)| {
                rest.split_once('\n').is_some_and(|(_, told)| told.trim_end() == lines)
            })
        };
        // What is otherwise in another way wants a reason of its own.
        groups
            .iter()
            .find(own)
            .and_then(|group| group.lines().find_map(|line| line.strip_prefix("because ")))
            .map(str::to_owned)
    };
    let mut titles: Vec<&String> = Vec::new();
    for (file, _) in FILES {
        let of_file = all.iter().flat_map(|(_, found)| found).map(|(title, _)| title);
        for title in of_file.filter(|title| title.starts_with(file)) {
            if !titles.contains(&title) {
                titles.push(title);
            }
        }
    }
    let (mut text, mut left_out) = (HEAD.to_owned(), BTreeMap::<&str, String>::new());
    for title in titles {
        let mut groups: Vec<(&Outcome, Vec<&str>)> = Vec::new();
        for (variant, found) in all {
            let Some((_, outcome)) = found.iter().find(|(of, _)| of == title) else { continue };
            match groups.iter_mut().find(|(known, _)| *known == outcome) {
                Some((_, variants)) => variants.push(variant.words()),
                None => groups.push((outcome, vec![variant.words()])),
            }
        }
        for (outcome, variants) in groups {
            let variants = variants.join(", ");
            match outcome {
                Outcome::Differs(lines) => {
                    let lines = lines.join("\n");
                    let why = reason(title, &lines).unwrap_or_else(|| UNKNOWN.to_owned());
                    text.push_str(&format!("\n# {title}\nwith SCCP at {variants}\nbecause {why}\n{lines}\n"));
                }
                Outcome::NotPlayed(why) => {
                    left_out.entry(why).or_default().push_str(&format!("{title} ({variants})\n"));
                }
            }
        }
    }
    for (why, titles) in left_out {
        text.push_str(&format!("\n# Not played: {why}\n{titles}"));
    }
    text
}

const HEAD: &str = "\
Each scenario of the other files is also played with SCCP phones at all numbers, at odd ones and at even ones. Displays show the same, but
for what stands here: after which line of the script which phone shows something else, and what it shows with SIP phones alone.
";
/// Nobody has said yet why something is otherwise.
const UNKNOWN: &str = "?";

#[test]
fn each_scenario_shows_the_same_with_sccp_phones() {
    let all: Vec<(Variant, Vec<(String, Outcome)>)> = std::thread::scope(|scope| {
        let walks = Variant::ALL.map(|variant| (variant, scope.spawn(move || walk(variant))));
        walks.into_iter().map(|(variant, walk)| (variant, walk.join().expect("a walk"))).collect()
    });
    let expected = include_str!("../../../scenarios/mixed.txt");
    let actual = told(&all, expected);
    let some = ["ONLY", "TITLE"].iter().any(|name| std::env::var_os(name).is_some());
    if std::env::var_os("BLESS").is_some() && !some {
        let path = format!("{}/scenarios/mixed.txt", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, &actual).expect("the file can be written");
    } else if some {
        panic!("some scenarios only:\n{actual}");
    } else {
        assert!(actual == expected, "mixed.txt differs; it went like this:\n-----\n{actual}-----\n");
    }
    assert!(
        !actual.contains("FAILED: "),
        "a scenario cannot be played to its end: that is no difference, but a defect"
    );
    let unknown = format!("\nbecause {UNKNOWN}\n");
    assert!(!actual.contains(&unknown), "something is otherwise, and mixed.txt does not say why");
}
