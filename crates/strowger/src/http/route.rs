//! What the interface consists of: each route is declared once, and router, rights and OpenAPI document follow from it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::{Body as Bytes, Bytes as Content, to_bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{RawPathParams, Request};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use axum::{Router, extract::FromRequestParts};
use serde_json::{Map, Value};
use strowger_base::limits;
use strowger_configuration::form::{Field, Form};
use strowger_configuration::reader::{AlreadySealed, ByIdOnly, Reader};
use strowger_configuration::setting::Record;
use strowger_configuration::{Id, Kind};

use super::problem::Problem;
use super::{Site, repeat};
use crate::access::{Principal, Role};
use crate::keeper::random_id;

/// One thing that can be asked or ordered.
pub(crate) struct Route {
    pub(crate) method: Method,
    /// With its parameters in braces.
    pub(crate) path: Cow<'static, str>,
    /// Its name for generated clients.
    pub(crate) id: Cow<'static, str>,
    /// One sentence.
    pub(crate) summary: Cow<'static, str>,
    /// What somebody must be; nobody in particular when `None`.
    pub(crate) needs: Option<Role>,
    pub(crate) query: &'static [Field],
    pub(crate) body: Body,
    /// How it answers when nothing is wrong.
    pub(crate) answers: Vec<Answer>,
    /// How it may refuse, beside what every route may.
    pub(crate) refusals: &'static [u16],
    /// The kind of objects that it is about.
    pub(crate) subject: Option<Kind>,
    /// It makes a change: asked twice with the same key, it makes it once.
    pub(crate) is_repeatable: bool,
    pub(crate) handle: Handler,
}

/// What a request carries.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    Nothing,
    /// Settings, as JSON.
    Settings(&'static [Field]),
    /// Any of the settings of an object, as JSON.
    Some(&'static [Field]),
    /// A file of this media type, as it is.
    File(&'static str),
}

/// An answer when nothing is wrong.
#[derive(Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) shape: Shape,
}

/// What an answer looks like.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// A table of JSON, in words.
    Json(&'static str),
    /// An object of a kind.
    Object(Kind),
    /// Objects of a kind.
    Page(Kind),
    /// Text of a media type.
    Text(&'static str),
    /// Events, one after the other.
    Events,
}

/// A request that was let in.
pub(crate) struct Ask {
    pub(crate) principal: Principal,
    /// The id of the change that it makes, if it makes one.
    pub(crate) order: Id,
    pub(crate) subject: Option<Kind>,
    path: BTreeMap<String, String>,
    query: Map<String, Value>,
    pub(crate) body: Map<String, Value>,
    /// The body of [`Body::File`].
    pub(crate) file: Content,
    pub(super) headers: axum::http::HeaderMap,
    /// The way to a WebSocket, when one is asked for.
    pub(super) upgrade: Option<WebSocketUpgrade>,
}

pub(crate) type Handler = fn(Arc<Site>, Ask) -> Answering;
pub(crate) type Answering = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send>>;

impl Ask {
    /// A parameter of the path.
    pub(crate) fn path(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// The settings of the query.
    pub(crate) fn query<T: Record>(&self) -> Result<T, Problem> {
        settings(&self.query)
    }

    /// The settings of the body.
    pub(crate) fn body<T: Record>(&self) -> Result<T, Problem> {
        settings(&self.body)
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

fn settings<T: Record>(table: &Map<String, Value>) -> Result<T, Problem> {
    let mut reader = Reader::new(Id::from_random(0), &ByIdOnly, &AlreadySealed);
    let read = T::read_table(table, &mut reader);
    let problems = reader.into_problems();
    match read {
        Some(read) if problems.is_empty() => Ok(read),
        Some(_) | None => Err(Problem::settings(StatusCode::BAD_REQUEST, &problems)),
    }
}

/// The router of all routes. What is asked for with a method that a path does not have is answered 405 with those that it has.
pub(crate) fn router(routes: Vec<Route>, site: &Arc<Site>) -> Router {
    let mut paths: BTreeMap<String, MethodRouter> = BTreeMap::new();
    for route in routes {
        let Ok(filter) = MethodFilter::try_from(route.method.clone()) else { continue };
        let path = route.path.to_string();
        let (site, route) = (Arc::clone(site), Arc::new(route));
        let handler = on(filter, move |request: Request| {
            let (site, route) = (Arc::clone(&site), Arc::clone(&route));
            async move {
                match answer(site, &route, request).await {
                    Ok(response) => response,
                    Err(problem) => problem.into_response(),
                }
            }
        });
        let there = paths.remove(&path).unwrap_or_default();
        paths.insert(path, there.merge(handler));
    }
    paths.into_iter().fold(Router::new(), |router, (path, methods)| router.route(&path, methods))
}

async fn answer(site: Arc<Site>, route: &Route, request: Request) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let principal = site.identify(&parts, route.needs)?;
    let raw = RawPathParams::from_request_parts(&mut parts, &()).await;
    let raw = raw.map_err(|_| Problem::malformed("the path is not UTF-8"))?;
    let path = raw.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let query = query(parts.uri.query().unwrap_or_default(), route.query)?;
    let bytes = match route.body {
        Body::Nothing => Default::default(),
        Body::Settings(_) | Body::Some(_) => {
            let most = if route.needs.is_some() { BODY_MAX } else { BODY_OF_STRANGERS_MAX };
            read(&parts.headers, body, most, JSON).await?
        }
        Body::File(kind) => read(&parts.headers, body, limits::SOUND_BYTES as usize, &[kind]).await?,
    };
    let key = repeat::key(&parts.headers)?.filter(|_| route.is_repeatable);
    let order = match key {
        None => random_id(),
        Some(key) => {
            let order = repeat::order(&site.keeper.requests(), key, &principal.name, &parts, &bytes);
            if let Some(answer) = repeat::answer(&site, order, route.subject).await? {
                return Ok(answer);
            }
            order
        }
    };
    let body = match route.body {
        Body::Nothing | Body::File(_) => Map::new(),
        Body::Settings(_) | Body::Some(_) => table(&bytes)?,
    };
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await.ok();
    let subject = route.subject;
    let file = if matches!(route.body, Body::File(_)) { bytes } else { Content::new() };
    let ask = Ask { principal, order, subject, path, query, body, file, headers: parts.headers, upgrade };
    (route.handle)(site, ask).await
}

/// Query parameters as values of the forms that they should have.
fn query(text: &str, fields: &'static [Field]) -> Result<Map<String, Value>, Problem> {
    let uri = format!("/?{text}").parse::<axum::http::Uri>();
    let uri = uri.map_err(|_| Problem::malformed("the query is no query"))?;
    let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri);
    let pairs = pairs.map_err(|_| Problem::malformed("the query is not UTF-8"))?;
    let mut table = Map::new();
    for (name, text) in pairs.0 {
        let form = fields.iter().find(|field| field.name == name).map(|field| field.form);
        let value = match form {
            Some(Form::Whole { .. }) => text.parse::<u64>().map_or(Value::String(text), Value::from),
            Some(Form::Boolean) => text.parse::<bool>().map_or(Value::String(text), Value::Bool),
            Some(_) | None => Value::String(text),
        };
        if table.insert(name.clone(), value).is_some() {
            return Err(Problem::malformed(format!("{name} is given twice")));
        }
    }
    Ok(table)
}

/// What a request carries, if it is of one of these media types and no more than it may be.
async fn read(
    headers: &axum::http::HeaderMap,
    body: Bytes,
    most: usize,
    kinds: &[&str],
) -> Result<Content, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kinds.iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        let why = format!("the body must be {}", kinds.first().copied().unwrap_or_default());
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
    }
    to_bytes(body, most).await.map_err(|_| {
        let why = format!("the body is larger than {} KiB", most / 1024);
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, why)
    })
}

const JSON: &[&str] = &["application/json", "application/merge-patch+json"];

/// The table that a body is.
fn table(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(table)) => Ok(table),
        Ok(_) => Err(Problem::malformed("the body must be a JSON object")),
        Err(error) => Err(Problem::malformed(format!("the body is no JSON: {error}"))),
    }
}

/// A body of somebody whom nobody knows yet: name and password.
const BODY_OF_STRANGERS_MAX: usize = 64 * 1024;
/// A body: enough for 100,000 phones with their lines.
const BODY_MAX: usize = 128 * 1024 * 1024;
