//! Objects of the configuration: looked at, created, changed and removed one by one.

use std::sync::Arc;

use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use strowger_configuration::form::{keep_secrets, without_secrets};
use strowger_configuration::proposal::{Scope, Wanted};
use strowger_configuration::reader::{Directory, Names};
use strowger_configuration::setting::{Description, Record, Seconds, Whole};
use strowger_configuration::{
    AnyObject, Entry, Id, Identity, Kind, Naming, Operation, Purpose, State, record,
};

use super::changes::{done, refused};
use super::problem::Problem;
use super::route::{Answer, Answering, Ask, Body, Route, Shape};
use super::{Site, json, work};
use crate::access::{Principal, Role};
use crate::keeper::{Live, Order, Plan};

/// The routes about objects: the same for every kind.
pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![Route::question(
        "/api/v1/configuration",
        "kinds",
        "The kinds of objects, and how many there are of each",
        |site, ask| Box::pin(kinds(site, ask)),
    )];
    for kind in Kind::ALL {
        routes.push(Route {
            query: Listing::FIELDS,
            answers: vec![Answer { status: 200, shape: Shape::Page(*kind) }],
            ..about(*kind, Method::GET, "list", "All objects: each", |site, ask| Box::pin(list(site, ask)))
        });
        routes.push(Route {
            answers: vec![Answer { status: 200, shape: Shape::Object(*kind) }],
            refusals: &[404],
            ..about(*kind, Method::GET, "get", "One", |site, ask| Box::pin(get(site, ask)))
        });
        routes.push(Route {
            body: Body::Settings(kind.fields()),
            answers: stored(*kind),
            ..changing(*kind, Method::PUT, "put", "Creates or replaces a", |site, ask| {
                Box::pin(put(site, ask))
            })
        });
        routes.push(Route {
            body: Body::Some(kind.fields()),
            answers: stored(*kind),
            ..changing(*kind, Method::PATCH, "patch", "Changes settings of a", |site, ask| {
                Box::pin(patch(site, ask))
            })
        });
        routes.push(Route {
            answers: vec![Answer { status: 200, shape: Shape::Json("What it did.") }],
            ..changing(*kind, Method::DELETE, "delete", "Removes a", |site, ask| Box::pin(delete(site, ask)))
        });
    }
    routes
}

/// A route about the objects of a kind.
fn about(
    kind: Kind,
    method: Method,
    verb: &str,
    does: &str,
    handle: fn(Arc<Site>, Ask) -> Answering,
) -> Route {
    let (path, noun) = match verb {
        "list" => (format!("/api/v1/configuration/{}", kind.plural()), kind.plural()),
        _ => (format!("/api/v1/configuration/{}/{{name}}", kind.plural()), kind.word()),
    };
    Route {
        method,
        path: path.into(),
        // The kind of which there is one has the same word for one and for all.
        id: format!("{verb}_{noun}").into(),
        summary: format!("{does} {}", kind.title()).into(),
        subject: Some(kind),
        ..Route::question("", "", "", handle)
    }
}

/// A route that changes an object of a kind.
fn changing(
    kind: Kind,
    method: Method,
    verb: &str,
    does: &str,
    handle: fn(Arc<Site>, Ask) -> Answering,
) -> Route {
    Route {
        needs: Some(Role::to_change(kind)),
        query: Changing::FIELDS,
        refusals: &[404, 409, 412, 422, 500],
        is_repeatable: true,
        ..about(kind, method, verb, does, handle)
    }
}

fn stored(kind: Kind) -> Vec<Answer> {
    vec![
        Answer { status: 200, shape: Shape::Object(kind) },
        Answer { status: 201, shape: Shape::Object(kind) },
    ]
}

record! {
    /// Which objects are listed.
    struct Listing {
        /// The most objects in the answer.
        limit: Whole<1, 1000> = Whole::new(100),
        /// The `next` of the answer before.
        after: Option<Description> = None,
        /// Only those that have this somewhere: `1001`, or in one setting: `description:lobby`. A colon before everything else
        /// makes the rest text: `:sip:alice`. Small and capital letters are the same.
        filter: Description = Description::default(),
    }
}

record! {
    /// How a change is made.
    pub(super) struct Changing {
        /// Why, for the history.
        message: Description = Description::default(),
        /// Only say what it would do.
        dry_run: bool = false,
        /// Take it back when nobody confirms it within so many seconds.
        confirm_seconds: Option<Seconds<5, 3600>> = None,
    }
}

impl Changing {
    /// The order that this makes of a request.
    pub(super) fn order(&self, ask: &Ask) -> Order {
        Order {
            id: ask.order,
            author: ask.principal.to_string().into(),
            message: self.message.as_str().into(),
            confirm_within: self.confirm_seconds.map(|seconds| seconds.get()),
        }
    }
}

async fn kinds(site: Arc<Site>, _: Ask) -> Result<Response, Problem> {
    let live = site.keeper.live();
    let kinds: Vec<Value> = Kind::ALL
        .iter()
        .map(|kind| {
            json!({
                "kind": kind.word(),
                "path": format!("/api/v1/configuration/{}", kind.plural()),
                "title": kind.title(),
                "description": kind.doc(),
                "objects": live.state.of_kind(*kind).count(),
            })
        })
        .collect();
    let body =
        json!({ "change": live.head.sequence, "state": format!("{:#}", live.head.state), "kinds": kinds });
    Ok(json(StatusCode::OK, &body))
}

async fn list(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let (kind, listing) = (subject(&ask)?, ask.query::<Listing>()?);
    let live = site.keeper.live();
    let state = &live.state;
    let filter = Filter::of(kind, listing.filter.as_str())?;
    let limit = listing.limit.get() as usize;
    let from = match &listing.after {
        None => None,
        Some(after) => Some(state.identity(kind, after.as_str()).ok_or_else(|| {
            Problem::malformed(format!("after: {:?} is the name of no {}", after.as_str(), kind.title()))
        })?),
    };
    let first = Identity { partition: None, name: "" };
    let objects = state.of_kind_after(kind, from.unwrap_or(first));
    let mut found: Vec<Value> = Vec::new();
    let mut next = None;
    for entry in objects {
        let object = shown(state, entry);
        if !filter.takes(&object) {
            continue;
        }
        if found.len() == limit {
            next = found.last().and_then(|last| last.get("reference").cloned());
            break;
        }
        found.push(object);
    }
    // Where an object was that is gone by now, a list goes on; a name that nobody has is a mistake.
    if let (true, Some(after)) = (found.is_empty() && filter.is_open(), &listing.after)
        && state.find(kind, after.as_str()).is_none()
    {
        return Err(nothing_after(state, kind, after.as_str()));
    }
    let mut body = json!({ "objects": found });
    if let (Some(next), Some(body)) = (next, body.as_object_mut()) {
        body.insert("next".to_owned(), next);
    }
    Ok(json(StatusCode::OK, &body))
}

/// What of the objects is wanted.
struct Filter {
    setting: Option<String>,
    text: String,
}

impl Filter {
    fn of(kind: Kind, text: &str) -> Result<Self, Problem> {
        let (setting, text) = match text.split_once(':') {
            Some(("", text)) => (None, text),
            Some((setting, text)) => (Some(setting), text),
            None => (None, text),
        };
        let known = || kind.fields().iter().map(|field| field.name).chain(BESIDE_SETTINGS);
        if let Some(unknown) = setting.filter(|setting| known().all(|name| name != *setting)) {
            let all: Vec<&str> = known().collect();
            return Err(Problem::malformed(format!(
                "filter: {unknown:?} is no setting of the kind {}; those are {}. For a text with a colon put one before it",
                kind.word(),
                all.join(", ")
            )));
        }
        Ok(Filter { setting: setting.map(str::to_owned), text: text.to_lowercase() })
    }

    /// Takes everything.
    fn is_open(&self) -> bool {
        self.setting.is_none() && self.text.is_empty()
    }

    fn takes(&self, object: &Value) -> bool {
        let holds = |value: &Value| match value {
            Value::String(text) => text.to_lowercase().contains(&self.text),
            other => other.to_string().to_lowercase().contains(&self.text),
        };
        match &self.setting {
            None if self.text.is_empty() => true,
            None => object.as_object().is_some_and(|object| object.values().any(holds)),
            Some(setting) => object.get(setting).is_some_and(holds),
        }
    }
}

/// Nobody has this name, and nobody comes after it.
fn nothing_after(state: &State, kind: Kind, after: &str) -> Problem {
    let nearest =
        state.nearest(kind, after).map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
    Problem::malformed(format!(
        "after: no {} is called {after:?}, and none comes after it; give the `next` of the answer before{nearest}",
        kind.title()
    ))
}

async fn get(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let kind = subject(&ask)?;
    let live = site.keeper.live();
    let entry = there(&live.state, kind, &ask)?;
    Ok(with_tag(StatusCode::OK, &live.state, entry))
}

async fn put(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let kind = subject(&ask)?;
    let mut table = ask.body.clone();
    let key = ask.path("name").to_owned();
    // The name in the path says which object it is; the body may give it another one.
    let called = named_in(kind, &key);
    for (setting, value) in called {
        table.entry(setting).or_insert(Value::String(value));
    }
    let live = site.keeper.live();
    if let Some(there) = live.state.find(kind, &key).and_then(|id| live.state.entry(id)) {
        keep_secrets(&there.object().write(&live.state), &mut table, kind.fields());
    }
    store(site, ask, live, Wanted { kind, renamed_from: Some(key), table }).await
}

async fn patch(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let kind = subject(&ask)?;
    let live = site.keeper.live();
    let entry = there(&live.state, kind, &ask)?;
    let mut table = entry.object().write(&live.state);
    merge(&mut table, &ask.body);
    let wanted = Wanted { kind, renamed_from: Some(ask.path("name").to_owned()), table };
    store(site, ask, live, wanted).await
}

/// Stores what was made of the configuration that was in force then.
async fn store(site: Arc<Site>, ask: Ask, before: Arc<Live>, wanted: Wanted) -> Result<Response, Problem> {
    let changing = ask.query::<Changing>()?;
    let order = changing.order(&ask);
    let (site, dry_run) = (Arc::clone(&site), changing.dry_run);
    let principal = ask.principal.clone();
    work(move || {
        let kind = wanted.kind;
        let name = wanted.renamed_from.clone().unwrap_or_default();
        let there = before.state.find(kind, &name);
        matches(&before.state, there, &ask)?;
        let plan = site.keeper.plan(&before, &[wanted], Scope::Objects).map_err(|error| refused(&error))?;
        may(&principal, &plan)?;
        let is_new = there.is_none();
        let object = match plan.operations.first().map(|operation| operation.object).or(there) {
            Some(object) => object,
            None => return Err(Problem::absent("it has no name")),
        };
        let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
        if dry_run {
            let entry = plan.after.entry(object).ok_or_else(|| Problem::absent("it is gone"))?;
            let mut body = shown(&plan.after, entry);
            body["plan"] = super::changes::told::plan(&plan, usize::MAX);
            body["plan"]["consequences"] = site.consequences(&plan);
            // Nothing was created.
            return Ok(tagged(StatusCode::OK, &body, entry));
        }
        if plan.operations.is_empty() {
            let after = plan.after;
            let entry = after.entry(object).ok_or_else(|| Problem::absent("it is gone"))?;
            return Ok(with_tag(status, &after, entry));
        }
        let after = plan.after.clone();
        done(&site, plan, order, Purpose::Lasting)?;
        let entry = after.entry(object).ok_or_else(|| Problem::absent("it is gone"))?;
        let mut response = with_tag(status, &after, entry);
        let path = format!(
            "/api/v1/configuration/{}/{}",
            kind.plural(),
            crate::client::query_value(&after.name(kind, object))
        );
        if let (true, Ok(path)) = (is_new, HeaderValue::from_str(&path)) {
            response.headers_mut().insert(header::LOCATION, path);
        }
        Ok(response)
    })
    .await
}

async fn delete(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    let (kind, changing) = (subject(&ask)?, ask.query::<Changing>()?);
    let order = changing.order(&ask);
    work(move || {
        let live = site.keeper.live();
        let entry = there(&live.state, kind, &ask)?;
        matches(&live.state, Some(entry.id()), &ask)?;
        let operation = Operation { kind, object: entry.id(), before: Some(entry.hash()), after: None };
        let plan = site.keeper.plan_operations(&live, vec![operation]).map_err(|error| refused(&error))?;
        may(&ask.principal, &plan)?;
        let differences = super::changes::told::differences(&plan.differences(usize::MAX));
        let mut body = json!({ "differences": differences });
        if changing.dry_run {
            body["consequences"] = site.consequences(&plan);
        } else {
            let head = done(&site, plan, order, Purpose::Lasting)?;
            body["change"] = json!(head.sequence);
        }
        Ok(json(StatusCode::OK, &body))
    })
    .await
}

/// Who looks after users gives nobody rights, and takes nobody's who has them: with a role or its password goes what it may do, and a policy
/// decides how hard either is to guess.
fn may(principal: &Principal, plan: &Plan) -> Result<(), Problem> {
    if principal.may(Role::Administrator) {
        return Ok(());
    }
    let rights = |state: &State, id: Id| match state.entry(id).map(|entry| entry.object()) {
        Some(AnyObject::EndUser(user)) => {
            let rules = user.credential_policy;
            user.role.map(|role| (role, user.password.clone(), user.name.clone(), rules))
        }
        Some(_) | None => None,
    };
    let touched = plan.operations.iter().map(|operation| operation.object);
    let mut others = touched.filter(|id| rights(&plan.before, *id) != rights(&plan.after, *id));
    match others.next() {
        None => Ok(()),
        Some(_) => Err(Problem::new(
            StatusCode::FORBIDDEN,
            format!(
                "{} may not do that: roles, and passwords and credential policies of users who have one, take the role administrator",
                principal.name
            ),
        )),
    }
}

fn subject(ask: &Ask) -> Result<Kind, Problem> {
    ask.subject.ok_or_else(|| Problem::absent("it is no kind of object"))
}

/// The object that the path names.
fn there<'s>(state: &'s State, kind: Kind, ask: &Ask) -> Result<&'s Entry, Problem> {
    let name = ask.path("name");
    let found = state.find(kind, name).or_else(|| {
        // An id does as well: it stays when the name changes.
        let id: Id = name.parse().ok()?;
        state.entry(id).filter(|entry| entry.object().kind() == kind).map(|entry| entry.id())
    });
    let found = found.and_then(|id| state.entry(id));
    found.map(|entry| &**entry).ok_or_else(|| {
        let nearest =
            state.nearest(kind, name).map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
        Problem::absent(format!("there is no {} {name:?}{nearest}", kind.title()))
    })
}

/// Whether the object is still what the request was made for (RFC 9110 §13.1).
fn matches(state: &State, there: Option<Id>, ask: &Ask) -> Result<(), Problem> {
    let tag = there.and_then(|id| state.entry(id)).map(|entry| tag(entry));
    let names = |text: &str| {
        text.trim() == "*" && tag.is_some()
            || tag.as_deref().is_some_and(|tag| text.split(',').any(|one| one.trim() == tag))
    };
    let failed = |why: &str| Err(Problem::new(StatusCode::PRECONDITION_FAILED, why));
    if ask.header(header::IF_MATCH).is_some_and(|text| !names(text)) {
        return failed("it is not what If-Match names any more: somebody else changed it; get it again");
    }
    if ask.header(header::IF_NONE_MATCH).is_some_and(names) {
        return failed("it exists already, and If-None-Match says that it must not");
    }
    Ok(())
}

/// The settings that the name in a path stands for.
fn named_in(kind: Kind, key: &str) -> Vec<(&'static str, String)> {
    match kind.naming() {
        Naming::Only => Vec::new(),
        Naming::Name => vec![("name", key.to_owned())],
        Naming::PatternInPartition => match key.split_once(':') {
            None => vec![("pattern", key.to_owned())],
            Some((partition, pattern)) => {
                vec![("partition", partition.to_owned()), ("pattern", pattern.to_owned())]
            }
        },
    }
}

/// A merge patch (RFC 7396): what is `null` goes back to its default.
fn merge(table: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (name, value) in patch {
        match value {
            Value::Null => _ = table.remove(name),
            Value::Object(inner) => {
                let there = table.entry(name.clone()).or_insert_with(|| json!({}));
                match there {
                    Value::Object(there) => merge(there, inner),
                    other => *other = value.clone(),
                }
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                table.insert(name.clone(), value.clone());
            }
        }
    }
}

/// An object as answers show it: what references call it, its id and which secrets are set beside its settings. No secret is shown.
pub(super) fn shown(state: &State, entry: &Entry) -> Value {
    let kind = entry.object().kind();
    let (mut table, secrets) = without_secrets(&entry.object().write(state), kind.fields());
    if !secrets.is_empty() {
        table.insert("secrets_set".to_owned(), json!(secrets));
    }
    table.insert("id".to_owned(), json!(entry.id().to_string()));
    table.insert("reference".to_owned(), json!(state.name(kind, entry.id())));
    Value::Object(table)
}

pub(super) fn with_tag(status: StatusCode, state: &State, entry: &Entry) -> Response {
    tagged(status, &shown(state, entry), entry)
}

fn tagged(status: StatusCode, body: &Value, entry: &Entry) -> Response {
    let mut response = json(status, body).into_response();
    if let Ok(tag) = HeaderValue::from_str(&tag(entry)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// What answers say of an object beside its settings.
pub(super) const BESIDE_SETTINGS: [&str; 3] = ["id", "reference", "secrets_set"];

/// The entity tag of an object: its fingerprint.
fn tag(entry: &Entry) -> String {
    format!("\"{:#}\"", entry.hash())
}

#[cfg(test)]
mod tests;
