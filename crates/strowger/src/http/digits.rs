//! The dialed number analyzer over HTTP.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use strowger_base::WallTime;
use strowger_configuration::kinds::{Dialling as Mode, LinesAre};
use strowger_configuration::record;
use strowger_configuration::setting::{Description, Record};
use strowger_node::io;

use super::calls::Form;
use super::problem::Problem;
use super::route::{self, Ask, Route, Shape};
use super::{Site, json, plain, unexpected};
use crate::digits::{self, Codes, Question, Report, Saved, report};

/// The routes about dialled numbers.
pub(super) fn routes() -> [Route; 3] {
    [
        Route {
            query: Dialling::FIELDS,
            answers: vec![route::Answer {
                status: 200,
                shape: Shape::Json("The walk, hop by hop; text on demand."),
            }],
            ..Route::question(
                "/api/v1/digits",
                "digits",
                "What becomes of a dialled number, and why",
                |site, ask| Box::pin(dial(site, ask)),
            )
        },
        Route {
            query: Linting::FIELDS,
            answers: vec![route::Answer {
                status: 200,
                shape: Shape::Json("What is doubtful, each with a dialling; text on demand."),
            }],
            refusals: &[500],
            ..Route::question(
                "/api/v1/digits/lint",
                "lint",
                "What is doubtful about the dial plan",
                |site, ask| Box::pin(lint(site, ask)),
            )
        },
        Route {
            answers: vec![route::Answer {
                status: 200,
                shape: Shape::Json("Each saved dialling, and what goes another way than expected."),
            }],
            refusals: &[500],
            ..Route::question(
                digits::CHECK_PATH,
                "checkDiallings",
                "Whether every saved dialling leads where it shall",
                |site, ask| Box::pin(check(site, ask)),
            )
        },
    ]
}

record! {
    /// One dialling.
    struct Dialling {
        /// Who dials: a line, phone, `LINE/PHONE`, trunk or search space.
        from: Description,
        /// What is dialled.
        number: Description,
        /// How it arrives; as whoever dials usually does when it is not given.
        mode: Option<Mode> = None,
        /// The calling number, where a trunk or search space dials.
        calling: Option<Description> = None,
        /// Where the phone is that dials: the address that its packets come from.
        address: Option<Description> = None,
        /// What the lines are doing that the call reaches.
        when: LinesAre = LinesAre::Free,
        /// When, such as `2026-12-24 18:00` in UTC; now when it is not given.
        at: Option<Description> = None,
        /// The authorization code that is keyed in where one is asked for.
        code: Option<Description> = None,
        /// The matter code that is keyed in where one is asked for.
        matter: Option<Description> = None,
        /// For programs or for people.
        form: Form = Form::Json,
    }
}

record! {
    /// A look at the whole plan.
    struct Linting {
        /// When, such as `2026-12-24 18:00` in UTC; now when it is not given.
        at: Option<Description> = None,
        /// For programs or for people.
        form: Form = Form::Json,
    }
}

fn place(text: &str) -> Result<std::net::IpAddr, Problem> {
    text.parse().map_err(|_| Problem::malformed(format!("address is {text:?}; expected one like 10.1.2.3")))
}

async fn dial(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let asked = ask.query::<Dialling>()?;
    let question = Question {
        from: asked.from.as_str().to_owned(),
        number: asked.number.as_str().to_owned(),
        mode: asked.mode.map(Into::into),
        lines: asked.when.into(),
        calling: asked.calling.map(|calling| calling.as_str().to_owned()),
        address: asked.address.map(|address| place(address.as_str())).transpose()?,
        at: when(asked.at.as_ref())?,
        codes: Codes {
            code: asked.code.map(|code| code.as_str().to_owned()),
            matter: asked.matter.map(|matter| matter.as_str().to_owned()),
        },
    };
    let calls = site.telephony.in_force_calls().ok_or_else(Problem::busy)?;
    let answer = digits::answer(&calls, &question);
    let answer = answer.map_err(|error| Problem::malformed(format!("{error:#}")))?;
    let (mut body, mut text) = (answer.json(), answer.text());
    let io::Answer::UserSettings(settings) = site.ask(io::Question::UserSettings).await? else {
        return Err(unexpected());
    };
    let reached = ["result", "ends"].map(|field| body[field].as_str().unwrap_or_default().to_owned());
    let notes = set_by_users(&settings, &reached, |line| calls.shown(line));
    for note in &notes {
        text.push_str(&format!("note  {note}\n"));
    }
    body["set_by_users"] = notes.into();
    Ok(match asked.form {
        Form::Json => json(StatusCode::OK, &body),
        Form::Text => plain(text),
    })
}

/// What users set of the lines that a call reaches, which the configuration knows nothing of.
fn set_by_users(
    settings: &[io::UserSetting],
    reached: &[String],
    shown: impl for<'n> Fn(&'n str) -> &'n str,
) -> Vec<String> {
    let forwards = settings.iter().filter(|setting| setting.setting.starts_with("forward-"));
    let notes = forwards.filter_map(|setting| {
        let line = format!("line {}", shown(&setting.line));
        let to = if setting.value.is_empty() { "as configured" } else { &*setting.value };
        reached.contains(&line).then(|| {
            format!(
                "of {line} a user has set {} to {to}, which is not in the configuration that is followed here",
                setting.setting
            )
        })
    });
    notes.collect()
}

/// Runs every saved dialling.
async fn check(site: Arc<Site>, _: Ask) -> Result<Response, Problem> {
    let calls = site.telephony.in_force_calls().ok_or_else(Problem::busy)?;
    super::work(move || {
        let saved = Saved::of_state(&site.keeper.live().state);
        Ok(json(StatusCode::OK, &report(&saved, &calls)))
    })
    .await
}

/// Seconds of work for a large plan: not on a thread that serves others.
async fn lint(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let asked = ask.query::<Linting>()?;
    let at = when(asked.at.as_ref())?;
    let calls = site.telephony.in_force_calls().ok_or_else(Problem::busy)?;
    let answer = move || {
        let report = Report::of(&calls, at);
        match asked.form {
            Form::Json => json(StatusCode::OK, &report.json()),
            Form::Text => plain(report.text()),
        }
    };
    tokio::task::spawn_blocking(answer).await.map_err(|error| Problem::internal(&error.into()))
}

fn when(at: Option<&Description>) -> Result<WallTime, Problem> {
    let at = at.map(|at| digits::time(at.as_str())).transpose().map_err(Problem::malformed)?;
    Ok(at.unwrap_or_else(digits::now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwards_that_users_set_are_told_of_the_lines_that_are_reached() {
        let set = |line: &str, setting: &str, value: &str| io::UserSetting {
            line: line.into(),
            phone: "".into(),
            setting: setting.into(),
            value: value.into(),
            by: "".into(),
            at: WallTime::default(),
        };
        let settings = [
            set("1002 in internal", "forward-all", "1003"),
            set("1002 in internal", "do-not-disturb", "on"),
            set("1004", "forward-all", "1003"),
        ];
        let told = |reached: &str| {
            set_by_users(&settings, &[reached.to_owned()], |line| line.split(' ').next().unwrap_or(line))
        };
        let expect = "of line 1002 a user has set forward-all to 1003, which is not in the configuration that is followed here";
        assert_eq!(told("line 1002"), [expect]);
        assert!(told("line 1001").is_empty());
    }
}
