//! Delivery of call records: how destinations do, rehearsals, and files that are delivered once more.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::json;
use strowger_configuration::record;
use strowger_configuration::setting::{Description, Record};

use super::problem::Problem;
use super::route::{Answer, Ask, Body, Route, Shape};
use super::{Site, json};
use crate::access::Role;
use crate::delivery::Report;

/// The routes about delivery.
pub(super) fn routes() -> [Route; 3] {
    let one = |path, id, summary, shape, handle| Route {
        method: Method::POST,
        needs: Some(Role::Operator),
        answers: vec![Answer { status: 200, shape: Shape::Json(shape) }],
        refusals: &[404, 422, 500],
        ..Route::question(path, id, summary, handle)
    };
    [
        Route {
            answers: vec![Answer {
                status: 200,
                shape: Shape::Json("Each billing destination with what waits for it, and why it does."),
            }],
            ..Route::question(
                "/api/v1/cdr/destinations",
                "cdr_destinations",
                "How delivery of call records does",
                |site, _| Box::pin(async move { Ok(list(&site)) }),
            )
        },
        one(
            "/api/v1/cdr/destinations/{destination}/test",
            "test_cdr_destination",
            "Does all that a delivery needs with a file of a few bytes, and removes it; the destination is named by its number or name",
            "The steps that succeeded with their times, and why it ended where it did not go well.",
            |site, ask| Box::pin(test(site, ask)),
        ),
        Route {
            body: Body::Settings(Days::FIELDS),
            ..one(
                "/api/v1/cdr/destinations/{destination}/resend",
                "resend_cdr",
                "Has all call records of some days delivered once more",
                "How many files are due again.",
                |site, ask| Box::pin(resend(site, ask)),
            )
        },
    ]
}

record! {
    /// Days, UTC, in which files were closed.
    struct Days {
        /// The first day, as 2026-05-04 or 20260504.
        from: Description,
        /// The last day.
        to: Description,
    }
}

fn list(site: &Site) -> Response {
    json(StatusCode::OK, &json!({ "destinations": site.deliveries.reports() }))
}

async fn test(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let report = find(&site, &ask)?;
    match site.deliveries.test(report.number).await {
        Some(rehearsal) => Ok(json(StatusCode::OK, &json!(rehearsal))),
        None => Err(Problem::absent(format!("the destination {} is gone", report.name))),
    }
}

async fn resend(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let report = find(&site, &ask)?;
    let days: Days = ask.body()?;
    let (from, to) = (day(days.from.as_str())?, day(days.to.as_str())?);
    if from > to {
        let why = format!("the first day {from} is after the last one {to}");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why));
    }
    let files = site.deliveries.resend(report.number, from.clone(), to.clone()).await;
    let files = files.map_err(|error| Problem::internal(&error))?;
    crate::log::info("call records are delivered once more")
        .with("destination", &report.name)
        .with("from", &from)
        .with("to", &to)
        .count("files", files as u64)
        .with("by", &ask.principal)
        .write();
    Ok(json(StatusCode::OK, &json!({ "destination": report.name, "from": from, "to": to, "files": files })))
}

fn find(site: &Site, ask: &Ask) -> Result<Report, Problem> {
    let wanted = ask.path("destination");
    site.deliveries.find(wanted).ok_or_else(|| {
        Problem::absent(format!(
            "there is no billing destination {wanted}; `strowger cdr destinations` lists them"
        ))
    })
}

/// `YYYYMMDD` of a day that is written with hyphens or without.
fn day(text: &str) -> Result<String, Problem> {
    let hyphens: Vec<usize> = text.match_indices('-').map(|(at, _)| at).collect();
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_written = (hyphens.is_empty() && text.len() == 8) || (hyphens == [4, 7] && text.len() == 10);
    let part = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<u32>().ok());
    let is_day = digits.len() == 8
        && part(4, 6).is_some_and(|month| (1..=12).contains(&month))
        && part(6, 8).is_some_and(|day| (1..=31).contains(&day));
    if is_written && is_day {
        return Ok(digits);
    }
    let why = format!("`{text}` is no day; expected one as 2026-05-04");
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read() {
        assert_eq!(day("2026-05-04").ok().as_deref(), Some("20260504"));
        assert_eq!(day("20260504").ok().as_deref(), Some("20260504"));
        for wrong in ["", "2026-5-4", "20261304", "2026-05-4x", "20-260504-", "yesterday", "2026-05-32"] {
            assert!(day(wrong).is_err(), "{wrong}");
        }
    }
}
