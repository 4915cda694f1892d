//! Call records: searched, shown, added up; files that are loaded, and what calls cost.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};
use strowger_cdr::analysis::{Cell, Counted, ReportKind, Sheet, Talker};
use strowger_cdr::record::Pkid;
use strowger_configuration::kinds::Phone;
use strowger_configuration::setting::{Description, Record, Whole, ZoneName};
use strowger_configuration::{choice, record};
use strowger_dialplan::Zone;
use tokio::sync::Semaphore;

use super::problem::Problem;
use super::route::{Answer, Ask, Body, Route, Shape};
use super::{Site, json, work};
use crate::access::Role;
use crate::analysis::{
    Column, Filter, FilterError, LoadError, OrderError, QueryError, Wanted, check_rates, hundredths, moment,
};

/// The routes about rows of call records.
pub(super) fn routes() -> Vec<Route> {
    let shape = |shape| vec![Answer { status: 200, shape: Shape::Json(shape) }];
    let change = |method, path, id, summary, handle| Route {
        method,
        needs: Some(Role::Operator),
        refusals: &[422, 500],
        ..Route::question(path, id, summary, handle)
    };
    vec![
        Route {
            query: Search::FIELDS,
            answers: shape(
                "Calls, the newest first: `columns` are their names in order, `next` is where the next page begins.",
            ),
            refusals: &[500],
            ..Route::question(
                "/api/v1/cdr/records",
                "search_cdr",
                "Calls by what is known of them",
                |site, ask| Box::pin(search(site, ask)),
            )
        },
        Route {
            answers: shape("Each row with all columns, and what their values mean."),
            refusals: &[404, 500],
            ..Route::question(
                "/api/v1/cdr/records/{record}",
                "cdr_record",
                "A row by its pkid, or all rows of a call: `25448`, or `2:25448` of one node",
                |site, ask| Box::pin(show(site, ask)),
            )
        },
        Route {
            query: Reporting::FIELDS,
            answers: shape("A table, and what all calls come to."),
            refusals: &[404, 500],
            ..Route::question(
                "/api/v1/cdr/reports/{report}",
                "cdr_report",
                "Calls added up: top-talkers, causes, durations, busy-hours, utilisation or quality",
                |site, ask| Box::pin(report(site, ask)),
            )
        },
        Route {
            answers: shape("How many rows there are, of when, and what could not be read."),
            refusals: &[500],
            ..Route::question("/api/v1/cdr/files", "cdr_files", "What was loaded", |site, _| {
                Box::pin(work(move || Ok(json(StatusCode::OK, &site.analysis.overview().map_err(refused)?))))
            })
        },
        Route {
            body: Body::File(CSV),
            answers: shape("How many rows are new, were known, and cannot be read, with the first problems."),
            ..change(
                Method::PUT,
                "/api/v1/cdr/files/{name}",
                "import_cdr",
                "Loads a file of call records as CUCM writes it, of any release; it goes to no billing destination",
                |site, ask| Box::pin(load(site, ask)),
            )
        },
        Route {
            answers: shape("The table as it was given, and its time zone."),
            refusals: &[404, 500],
            ..Route::question("/api/v1/cdr/rates", "cdr_rates", "What calls cost", |site, _| {
                Box::pin(work(move || match site.analysis.rates().map_err(refused)? {
                    Some((table, zone)) => Ok(json(StatusCode::OK, &json!({ "table": table, "zone": zone }))),
                    None => Err(Problem::absent(
                        "there is no table of rates; `strowger cdr rates FILE` gives one",
                    )),
                }))
            })
        },
        Route {
            query: Zoned::FIELDS,
            body: Body::File(CSV),
            answers: shape("How many rows the table has."),
            ..change(
                Method::PUT,
                "/api/v1/cdr/rates",
                "set_cdr_rates",
                "Says what calls cost, in place of what was said before",
                |site, ask| Box::pin(set_rates(site, ask)),
            )
        },
        Route {
            answers: shape("Nothing."),
            ..change(
                Method::DELETE,
                "/api/v1/cdr/rates",
                "clear_cdr_rates",
                "Calls cost nothing any more",
                |site, _| {
                    Box::pin(async move {
                        site.analysis.clear_rates().await.map_err(not_done)?;
                        Ok(json(StatusCode::OK, &json!({})))
                    })
                },
            )
        },
    ]
}

/// Declares questions with the same conditions.
macro_rules! conditions {
    ($(#[doc = $doc:literal])* $Name:ident { $($own:tt)* }) => {
        record! {
            $(#[doc = $doc])*
            struct $Name {
                /// A number that called, was called or was reached; `*` stands for any characters, `?` for one.
                number: Option<Description> = None,
                /// The number that called.
                from: Option<Description> = None,
                /// The number that was called or reached.
                to: Option<Description> = None,
                /// A phone, trunk or gateway on either side.
                device: Option<Description> = None,
                /// A user on either side: who was logged in, or whose phone it is today.
                user: Option<Description> = None,
                /// From when on calls began, UTC: `2026-05-04`, `2026-05-04T12:03` or `2026-05-04T12:03:30`.
                since: Option<Description> = None,
                /// Before when they began.
                until: Option<Description> = None,
                /// Why they ended: a cause of Q.850, or one of CUCM's own.
                cause: Option<Whole<0, { u32::MAX }>> = None,
                /// Whether somebody answered.
                answered: Option<bool> = None,
                /// Seconds of talk, at least.
                min_seconds: Option<Whole<0, { u32::MAX }>> = None,
                /// Seconds of talk, at most.
                max_seconds: Option<Whole<0, { u32::MAX }>> = None,
                /// More packets were lost, in percent: `1` or `0.5`.
                lost_over: Option<Description> = None,
                /// There was more jitter, in milliseconds.
                jitter_over: Option<Whole<0, { u32::MAX }>> = None,
                /// There was more latency, in milliseconds.
                latency_over: Option<Whole<0, { u32::MAX }>> = None,
                /// The opinion score was less: `3.5`.
                mos_under: Option<Description> = None,
                $($own)*
            }
        }

        impl $Name {
            fn filter(&self) -> Result<Filter, FilterError> {
                let text = |text: &Option<Description>| text.as_ref().map(|text| text.as_str().to_owned());
                let whole = |number: Option<Whole<0, { u32::MAX }>>| number.map(|number| i64::from(number.get()));
                let read = |text: &Option<Description>| text.as_ref().map(|text| moment(text.as_str())).transpose();
                let share = |text: &Option<Description>, what| {
                    text.as_ref().map(|text| hundredths(text.as_str(), what)).transpose()
                };
                Ok(Filter {
                    number: text(&self.number),
                    from: text(&self.from),
                    to: text(&self.to),
                    device: text(&self.device),
                    user: text(&self.user),
                    owners: Vec::new(),
                    since: read(&self.since)?,
                    until: read(&self.until)?,
                    cause: whole(self.cause),
                    answered: self.answered,
                    min_seconds: whole(self.min_seconds),
                    max_seconds: whole(self.max_seconds),
                    lost_over: share(&self.lost_over, "share in percent, such as 1 or 0.5")?,
                    jitter_over: whole(self.jitter_over),
                    latency_over: whole(self.latency_over),
                    mos_under: share(&self.mos_under, "opinion score, such as 3.5")?,
                })
            }
        }
    };
}

conditions! {
    /// Which calls are found.
    Search {
        /// The most calls of a page.
        limit: Whole<1, 20_000> = Whole::new(50),
        /// What the page before said of the next one.
        before: Option<Description> = None,
    }
}

conditions! {
    /// Which calls are added up, and how.
    Reporting {
        /// The most rows, where they are of numbers or devices.
        limit: Whole<1, 20_000> = Whole::new(20),
        /// Who talks, of top-talkers.
        by: Who = Who::Calling,
        /// The time zone of the hours of busy-hours; UTC without.
        zone: Option<ZoneName> = None,
    }
}

choice! {
    /// Who talks.
    enum Who {
        /// The number that called.
        Calling = "calling",
        /// The number that was reached.
        Reached = "reached",
        /// The device that called.
        Device = "device",
        /// The user who called.
        User = "user",
    }
}

record! {
    /// How a table of rates is to be read.
    struct Zoned {
        /// The time zone of its days and times; UTC without.
        zone: Option<ZoneName> = None,
    }
}

async fn search(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let wanted = ask.query::<Search>()?;
    let filter = with_owners(&site, wanted.filter().map_err(|error| refused(error.into()))?);
    let before = match &wanted.before {
        None => None,
        Some(text) => Some(text.as_str().parse::<i64>().map_err(|_| {
            Problem::malformed(format!(
                "before: {:?} is no page; give what the page before said as next",
                text.as_str()
            ))
        })?),
    };
    let most = wanted.limit.get() as usize;
    let _turn = SEARCHES.acquire().await.map_err(|_| Problem::busy())?;
    work(move || {
        let found = site.analysis.search(&filter, before, most).map_err(refused)?;
        let next = found.next.map(|next| next.to_string());
        Ok(json(
            StatusCode::OK,
            &json!({ "columns": found.sheet.columns, "calls": rows(&found.sheet), "next": next }),
        ))
    })
    .await
}

/// Whose which device is today: records of ours name nobody who was logged in.
fn with_owners(site: &Site, mut filter: Filter) -> Filter {
    if filter.user.is_some() {
        let live = site.keeper.live();
        let phones = live.state.all::<Phone>();
        filter.owners = phones
            .filter_map(|(_, phone)| {
                let owner = live.state.get(phone.owner?)?;
                Some((owner.name.as_str().to_owned(), phone.name.as_str().to_owned()))
            })
            .collect();
    }
    filter
}

async fn show(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let text = ask.path("record").to_owned();
    let sees_codes = ask.principal.may(Role::Administrator);
    let Some(wanted) = wanted(&text) else {
        return Err(Problem::absent(format!(
            "{text:?} is no row and no call; expected a pkid, a call id such as 25448, or one of a node such as 2:25448"
        )));
    };
    work(move || {
        let mut found = site.analysis.show(wanted).map_err(refused)?;
        if found.is_empty() {
            return Err(Problem::absent(format!(
                "there is no row of {text}; `strowger cdr search` finds what there is"
            )));
        }
        if !sees_codes {
            let columns = found.iter_mut().flat_map(|row| &mut row.columns);
            columns.filter(|column| SECRET.contains(&column.name())).for_each(Column::hide);
        }
        let rows: Vec<Value> =
            found.iter().map(|row| json!({ "kind": row.kind, "columns": row.columns })).collect();
        Ok(json(StatusCode::OK, &json!({ "rows": rows })))
    })
    .await
}

fn wanted(text: &str) -> Option<Wanted> {
    let number = |text: &str| text.parse::<u32>().ok().map(i64::from);
    if let Some((node, call)) = text.split_once([':', '/']) {
        return Some(Wanted::Call { node: Some(number(node)?), call: number(call)? });
    }
    let call = number(text).map(|call| Wanted::Call { node: None, call });
    call.or_else(|| text.parse::<Pkid>().ok().map(Wanted::Row))
}

async fn report(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let wanted = ask.query::<Reporting>()?;
    let filter = with_owners(&site, wanted.filter().map_err(|error| refused(error.into()))?);
    let kind = match ask.path("report") {
        "top-talkers" => ReportKind::TopTalkers(match wanted.by {
            Who::Calling => Talker::Calling,
            Who::Reached => Talker::Reached,
            Who::Device => Talker::Device,
            Who::User => Talker::User,
        }),
        "causes" => ReportKind::Causes,
        "durations" => ReportKind::Durations,
        "busy-hours" => ReportKind::BusyHours,
        "utilisation" => ReportKind::Utilisation,
        "quality" => ReportKind::Quality,
        other => {
            return Err(Problem::absent(format!(
                "there is no report {other:?}; there are top-talkers, causes, durations, busy-hours, utilisation and quality"
            )));
        }
    };
    let zone = wanted.zone.as_ref().and_then(|zone| Zone::named(zone.as_str()).ok());
    let most = wanted.limit.get() as usize;
    let _turn = REPORTS.acquire().await.map_err(|_| Problem::busy())?;
    work(move || {
        let report = site.analysis.report(&filter, kind, most, zone.as_ref()).map_err(refused)?;
        let body = json!({
            "columns": report.sheet.columns,
            "rows": rows(&report.sheet),
            "all": counted(&report.counted),
        });
        Ok(json(StatusCode::OK, &body))
    })
    .await
}

async fn load(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let name = ask.path("name").to_owned();
    if name.len() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "the name of the file is too long, or no text",
        ));
    }
    let loaded = site.analysis.load(name, ask.file.clone()).await.map_err(not_done)?;
    Ok(json(StatusCode::OK, &json!(loaded)))
}

async fn set_rates(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let zone = ask.query::<Zoned>()?.zone;
    let zone = zone.and_then(|zone| Zone::named(zone.as_str()).ok()).unwrap_or(Zone::UTC);
    let rates = check_rates(&ask.file)
        .map_err(|error| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
    site.analysis.set_rates(&ask.file, &zone).await.map_err(not_done)?;
    crate::log::info("what calls cost was changed")
        .count("rows", rates.len() as u64)
        .with("by", &ask.principal)
        .write();
    Ok(json(StatusCode::OK, &json!({ "rows": rates.len(), "zone": zone.name() })))
}

/// The rows of a table, as programs read them.
fn rows(sheet: &Sheet) -> Vec<Value> {
    let cell = |cell: &Cell| match cell {
        Cell::Empty => Value::Null,
        Cell::Whole(number) => json!(number),
        Cell::Hundredths(number) => json!(*number as f64 / 100.0),
        Cell::Flag(flag) => json!(flag),
        Cell::Text(text) => json!(text),
    };
    let row = |row: &Vec<Cell>| {
        let cells = sheet.columns.iter().zip(row).map(|(name, value)| ((*name).to_owned(), cell(value)));
        Value::Object(cells.collect::<Map<String, Value>>())
    };
    sheet.rows.iter().map(row).collect()
}

fn counted(counted: &Counted) -> Value {
    let costs: Vec<Value> = counted
        .costs
        .iter()
        .map(|(currency, amount)| json!({ "currency": currency, "amount": amount.to_string() }))
        .collect();
    json!({ "calls": counted.calls, "answered": counted.answered, "seconds": counted.seconds, "costs": costs,
        "without_rate": { "calls": counted.without_rate.calls, "seconds": counted.without_rate.seconds } })
}

fn refused(error: QueryError) -> Problem {
    match error {
        QueryError::Filter(FilterError::Database(_)) | QueryError::Other(_) => {
            Problem::internal(&anyhow::anyhow!("{error}"))
        }
        QueryError::Filter(error) => Problem::malformed(error.to_string()),
    }
}

fn not_done(error: OrderError) -> Problem {
    match error {
        OrderError::Busy => Problem::busy(),
        OrderError::Load(LoadError::File(error)) => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
        }
        OrderError::Gone | OrderError::Load(_) => Problem::internal(&error.into()),
    }
}

/// Reports that are made at once: each reads with as many threads as there are processors, and calls go before reports.
static REPORTS: Semaphore = Semaphore::const_new(1);
/// Searches that are made at once.
static SEARCHES: Semaphore = Semaphore::const_new(2);
/// Columns with which others could make calls.
const SECRET: [&str; 1] = ["authorizationCodeValue"];
const CSV: &str = "text/csv";
const NAME_MAX: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_calls_are_told_apart() {
        let check = |text: &str, expect: Option<Wanted>| assert_eq!(wanted(text), expect, "{text}");
        check("25448", Some(Wanted::Call { node: None, call: 25448 }));
        check("2:25448", Some(Wanted::Call { node: Some(2), call: 25448 }));
        check("2/25448", Some(Wanted::Call { node: Some(2), call: 25448 }));
        let key = Pkid(0xac46_374a_846d_47e2_8f91_7b68_63f6_90ad);
        check("ac46374a-846d-47e2-8f91-7b6863f690ad", Some(Wanted::Row(key)));
        for wrong in ["", "x", "2:", ":2", "99999999999", "ac46374a", "-1"] {
            check(wrong, None);
        }
    }
}
