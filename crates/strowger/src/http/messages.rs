//! Messages that wait for lines.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use strowger_base::watch::{Mailbox, MailboxChange, MessageCounts};
use strowger_configuration::record;
use strowger_configuration::setting::{Description, Record, Whole};
use strowger_node::io::{Answer, Question};

use super::problem::Problem;
use super::route::{self, Ask, Body, Route, Shape};
use super::{Site, json, unexpected};
use crate::access::Role;

/// The routes about messages.
pub(super) fn routes() -> [Route; 2] {
    let answers = || vec![route::Answer { status: 200, shape: Shape::Json("What waits for the line.") }];
    [
        Route {
            query: Asked::FIELDS,
            answers: answers(),
            refusals: &[404],
            ..Route::question("/api/v1/messages", "messages", "What waits for a line", |site, ask| {
                Box::pin(async move { of(&site, ask.query::<Asked>()?.line.as_str(), None).await })
            })
        },
        Route {
            method: Method::POST,
            needs: Some(Role::Operator),
            body: Body::Settings(Told::FIELDS),
            answers: answers(),
            refusals: &[404],
            ..Route::question(
                "/api/v1/messages",
                "tell_messages",
                "Tells what waits for a line, as a voice mail does: its lamp shows it",
                |site, ask| Box::pin(tell(site, ask)),
            )
        },
    ]
}

record! {
    /// Whose messages.
    struct Asked {
        /// The line: its number, with ` in ` and its partition where several lines have the number.
        line: Description,
    }
}

/// How many messages there can be.
type Count = Whole<0, 1_000_000>;

record! {
    /// What waits for a line.
    struct Told {
        /// The line: its number, with ` in ` and its partition where several lines have the number.
        line: Description,
        /// The lamp is lit.
        waiting: bool,
        /// Messages that were not heard yet; with it the others count as well.
        new: Option<Count> = None,
        /// Messages that were heard and kept.
        old: Count = Whole::new(0),
        /// The urgent ones of those that were not heard yet.
        urgent_new: Count = Whole::new(0),
        /// The urgent ones of those that were heard.
        urgent_old: Count = Whole::new(0),
    }
}

async fn tell(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let told = ask.body::<Told>()?;
    let counts = told.new.map(|new| MessageCounts {
        new: new.get(),
        old: told.old.get(),
        urgent_new: told.urgent_new.get(),
        urgent_old: told.urgent_old.get(),
    });
    let change = MailboxChange::Told(Mailbox { waiting: told.waiting, counts });
    of(&site, told.line.as_str(), Some(change)).await
}

async fn of(site: &Site, line: &str, change: Option<MailboxChange>) -> Result<Response, Problem> {
    let question = Question::Messages { line: line.into(), change };
    let Answer::Messages(found) = site.ask(question).await? else { return Err(unexpected()) };
    let Some(Mailbox { waiting, counts }) = found else {
        let why = format!(
            "there is no line {line:?}, or there are several; one of several is named like \"1001 in Sales\", as `strowger phones` shows it"
        );
        return Err(Problem::new(StatusCode::NOT_FOUND, why));
    };
    let mut body = serde_json::json!({ "line": line, "waiting": waiting });
    if let Some(MessageCounts { new, old, urgent_new, urgent_old }) = counts {
        body["new"] = new.into();
        body["old"] = old.into();
        body["urgent_new"] = urgent_new.into();
        body["urgent_old"] = urgent_old.into();
    }
    Ok(json(StatusCode::OK, &body))
}
