//! The dialed number analyzer over HTTP.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use strowger_base::WallTime;
use strowger_configuration::kinds::{Dialling as Mode, LinesAre};
use strowger_configuration::record;
use strowger_configuration::setting::{Description, Record};

use super::calls::Form;
use super::problem::Problem;
use super::route::{self, Ask, Route, Shape};
use super::{Site, json, plain};
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
    Ok(match asked.form {
        Form::Json => json(StatusCode::OK, &answer.json()),
        Form::Text => plain(answer.text()),
    })
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
