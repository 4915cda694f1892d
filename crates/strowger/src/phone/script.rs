//! What a terminal phone is told, by people and by scripts: acts of its user, and what to wait for.

use std::path::PathBuf;
use std::time::Duration;

use strowger_phones::display::Display;
use strowger_phones::user::Act;

/// One command.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Step {
    /// Somebody does something.
    Do(Act),
    /// Something comes to be.
    Wait(Awaited, Duration),
    /// Something is told, or stands on the display.
    Expect(String),
    /// So much sound is heard.
    Hear(Duration),
    /// Time passes.
    Sleep(Duration),
    /// What is heard goes into a file from now on, or nowhere.
    Record(Option<PathBuf>),
    /// This is printed, for whoever reads what the phone prints.
    Say(String),
    /// The whole display is told.
    Show,
    /// The commands are told.
    Help,
    Quit,
}

/// What can be waited for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Awaited {
    Registered,
    /// No call is there.
    Idle,
    /// Sound goes out and may come in.
    Talking,
    /// A call stands so.
    State(&'static str),
}

impl Step {
    /// Reads a line; `None` when it says nothing.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    pub(super) fn read(line: &str, patience: Duration) -> Result<Option<Step>, String> {
        let line = line.trim();
        if line.is_empty() || line.starts_with("//") {
            return Ok(None);
        }
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let seconds = |text: &str| match text.parse::<f64>() {
            Ok(seconds) if (0.0..=3600.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
            _ => Err(format!("`{word}` needs seconds, 0 to 3600, and not `{text}`")),
        };
        let alone = |step: Step| match rest {
            "" => Ok(step),
            rest => Err(format!("nothing is expected behind `{word}`, and not `{rest}`")),
        };
        let step = match word {
            "wait" => {
                let (what, limit) = rest.split_once(' ').unwrap_or((rest, ""));
                let limit = if limit.is_empty() { Ok(patience) } else { seconds(limit) };
                Awaited::read(what).and_then(|what| Ok(Step::Wait(what, limit?)))
            }
            "expect" if rest.is_empty() => Err("`expect` needs the text that is to be told".to_owned()),
            "expect" => Ok(Step::Expect(rest.to_owned())),
            "hear" => seconds(rest).map(Step::Hear),
            "sleep" => seconds(rest).map(Step::Sleep),
            "record" if rest.is_empty() => Err("`record` needs a file".to_owned()),
            "record" if rest == "off" => Ok(Step::Record(None)),
            "record" => Ok(Step::Record(Some(PathBuf::from(rest)))),
            "say" => Ok(Step::Say(rest.to_owned())),
            "show" => alone(Step::Show),
            "help" | "?" => alone(Step::Help),
            "quit" | "exit" => alone(Step::Quit),
            word => match Act::read(word, rest) {
                Some(act) => act.map(Step::Do),
                None => Err(format!("there is no command `{word}`; `help` names them")),
            },
        };
        step.map(Some)
    }

    /// Reads all commands of a script: lines, with several in one behind semicolons.
    ///
    /// # Errors
    /// The first one that is wrong, with its line where there are several.
    pub(super) fn read_all(text: &str, patience: Duration) -> anyhow::Result<Vec<(String, Step)>> {
        let mut steps = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            for part in line.split(';').map(str::trim) {
                match Step::read(part, patience) {
                    Ok(step) => steps.extend(step.map(|step| (part.to_owned(), step))),
                    Err(error) if text.contains('\n') => {
                        anyhow::bail!("line {number} of the script: {error}")
                    }
                    Err(error) => anyhow::bail!(error),
                }
            }
        }
        Ok(steps)
    }
}

impl Awaited {
    fn read(word: &str) -> Result<Awaited, String> {
        Ok(match word {
            "registered" => Awaited::Registered,
            "idle" => Awaited::Idle,
            "talking" => Awaited::Talking,
            word => match STATES.iter().find(|state| **state == word) {
                Some(state) => Awaited::State(state),
                None => {
                    let all = STATES.join(", ");
                    return Err(format!("`wait` needs registered, idle, talking or a state of calls: {all}"));
                }
            },
        })
    }

    /// Whether it is so.
    pub(super) fn holds(&self, shown: &Display, talks: bool) -> bool {
        match self {
            Awaited::Registered => shown.registered,
            Awaited::Idle => shown.registered && shown.calls.is_empty(),
            Awaited::Talking => talks && shown.has("connected"),
            Awaited::State(state) => shown.has(state),
        }
    }
}

/// The states of calls that can be waited for.
const STATES: [&str; 12] = [
    "offhook",
    "proceed",
    "ringout",
    "ringin",
    "connected",
    "hold",
    "busy",
    "congestion",
    "invalid",
    "callwaiting",
    "remote",
    "revert",
];

/// The commands, as they are told.
pub(super) const HELP: &str = "\
dial 1002          call a number              1002, 1, *, #      press keys; the receiver is lifted first
offhook, onhook    lift, put down             answer, end, hold, resume, transfer, conf, park
key NAME           any soft key of the call   line 2, speeddial 1
dtmf 123#          keys for the other side    record FILE.wav    what is heard, until `record off`
wait STATE [s]     registered, idle, talking, offhook, proceed, ringout, ringin, connected, hold, busy, …
expect TEXT        something is told so       hear 2             two seconds of sound came
sleep 1, say TEXT  show                       help               quit
";

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    #[test]
    fn a_script_is_lines_and_semicolons() {
        let text = "// Alice calls Bob\nwait registered; dial 1002\n\nwait connected 60;hear 1.5; quit";
        let steps: Vec<Step> =
            Step::read_all(text, PATIENCE).expect("a script").into_iter().map(|(_, step)| step).collect();
        let expect = [
            Step::Wait(Awaited::Registered, PATIENCE),
            Step::Do(Act::Dial("1002".into())),
            Step::Wait(Awaited::State("connected"), Duration::from_secs(60)),
            Step::Hear(Duration::from_millis(1500)),
            Step::Quit,
        ];
        assert_eq!(steps, expect);
    }

    #[test]
    fn what_is_wrong_with_a_script_is_said_with_its_line() {
        let check = |text: &str, expect: &str| {
            let error = Step::read_all(text, PATIENCE).expect_err(text).to_string();
            assert!(error.contains(expect), "{error}");
        };
        check("show\nsing", "line 2 of the script: there is no command `sing`");
        check("wait for it", "needs registered, idle, talking or a state");
        check("wait hold soon", "needs seconds, 0 to 3600, and not `soon`");
        check("hear", "needs seconds");
        check("expect", "needs the text");
        check("quit now", "nothing is expected behind `quit`");
        check("dtmf 1x", "there is no key `x`");
    }

    #[test]
    fn one_waits_for_what_the_display_shows() {
        let mut shown = Display { registered: true, ..Display::default() };
        assert!(Awaited::Idle.holds(&shown, false) && !Awaited::Talking.holds(&shown, true));
        let call = strowger_phones::display::Call { state: "connected".into(), ..Default::default() };
        shown.calls.insert(1, call);
        assert!(Awaited::Talking.holds(&shown, true) && !Awaited::Talking.holds(&shown, false));
        assert!(Awaited::State("connected").holds(&shown, false) && !Awaited::Idle.holds(&shown, false));
    }
}
