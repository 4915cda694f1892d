//! The interface over HTTP, on loopback and on a socket in the data folder: the command line is a client of it.
//!
//! [`routes`] declares everything that can be asked; what each needs, reads and answers stands there and nowhere else.

mod analysis;
mod backup;
mod bandwidth;
mod calls;
mod cdr;
mod changes;
mod configuration;
mod digits;
mod events;
mod gate;
mod guard;
mod listener;
mod messages;
mod newcomers;
mod openapi;
mod orders;
mod phones;
mod problem;
mod pushes;
mod repeat;
mod resources;
mod route;
mod services;
mod sessions;
mod sftp;
mod sounds;
mod stations;
mod tokens;
mod user_settings;

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::serve::IncomingStream;
use strowger_base::LineName;
use strowger_node::io::{Answer, PAGE, Question, Service};

pub(crate) use self::events::tell_changes;
pub(crate) use self::gate::Gate;
pub(crate) use self::listener::{serve_where_wanted, url, write_run_file};
use self::problem::Problem;
use self::route::{Ask, Body, Route, Shape};
pub(crate) use self::services::serve_phone_services;
pub(crate) use self::sessions::has_administrator;
use crate::access::{Origin, Principal, Role};
use crate::analysis::Analysis;
use crate::backup::NodeFiles;
use crate::consequences::Registered;
use crate::delivery::Desk;
use crate::events::Hub;
use crate::file_server::Board;
use crate::keeper::{Keeper, Plan};
use crate::mailbox::{Letter, Sender};
use crate::sounds::Sounds;
use crate::telephony::Telephony;
use crate::tls::{self, Certified};

/// What the answers are made from.
pub(crate) struct Site {
    /// The way to the node.
    pub(crate) decision: Sender,
    /// Folder of the journal.
    pub(crate) data: PathBuf,
    /// Everything that is configured, and the way to change it.
    pub(crate) keeper: Arc<Keeper>,
    /// What takes calls.
    pub(crate) telephony: Arc<Telephony>,
    /// What happens, for who follows it.
    pub(crate) events: Arc<Hub>,
    /// Who is let in.
    pub(crate) gate: Arc<Gate>,
    /// The node file and what it names, for backups.
    pub(crate) node_files: NodeFiles,
    /// What the web interface proves itself with, when it speaks TLS.
    pub(crate) tls: Option<Certified>,
    /// Names under which it is reached, beside its address and those that are configured.
    pub(crate) names: Vec<String>,
    /// Sound files of the operator.
    pub(crate) sounds: Arc<Sounds>,
    /// The way to the senders of call records.
    pub(crate) deliveries: Desk,
    /// Rows of call records.
    pub(crate) analysis: Analysis,
    /// How the SFTP server does.
    pub(crate) files: Arc<Board>,
    /// The UDP port of SIP, for what the system counts of its socket.
    pub(crate) sip_port: u16,
}

/// Where a request comes from, as the system says.
#[derive(Clone, Copy)]
struct From(Origin);

/// Serves a TCP listener until it is gone.
async fn serve(listener: tokio::net::TcpListener, site: Arc<Site>) {
    let listen = listener.local_addr().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip());
    let known = guard::Known { listen, names: site.names.clone(), keeper: Arc::clone(&site.keeper) };
    let known = Arc::new(known);
    let router = router(&site).layer(axum::middleware::from_fn(move |request, next| {
        guard::guard(Arc::clone(&known), request, next)
    }));
    let service = router.into_make_service_with_connect_info::<From>();
    let served = match &site.tls {
        None => axum::serve(listener, service).await,
        Some(certified) => {
            let listener = tls::Listener::new(listener, Arc::clone(&certified.config));
            axum::serve(listener, service).await
        }
    };
    told(served, "the web interface stopped");
}

/// Serves the socket in the data folder until it is gone. Who can open it may do everything: its rights are those of its owner.
pub(crate) async fn serve_local(listener: tokio::net::UnixListener, site: Arc<Site>) {
    let router = router(&site).layer(axum::middleware::from_fn(guard::told_in_full));
    let served = axum::serve(listener, router.into_make_service_with_connect_info::<From>()).await;
    told(served, "the local interface stopped");
}

fn told(served: std::io::Result<()>, what: &'static str) {
    if let Err(error) = served {
        crate::log::error(what).with("reason", error).effect("calls go on").write();
    }
}

fn router(site: &Arc<Site>) -> axum::Router {
    route::router(routes(), site).fallback(guard::nowhere)
}

/// Everything that can be asked.
fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route {
            needs: None,
            answers: vec![route::Answer {
                status: 200,
                shape: Shape::Json("Whether it serves, and how much."),
            }],
            ..Route::question("/healthz", "health", "Whether the server serves", |site, ask| {
                Box::pin(health(site, ask))
            })
        },
        Route {
            needs: None,
            refusals: &[401],
            answers: vec![route::Answer { status: 200, shape: Shape::Text("text/plain") }],
            ..Route::question("/metrics", "metrics", "Counters, as Prometheus reads them", |site, ask| {
                Box::pin(metrics(site, ask))
            })
        },
        Route {
            needs: None,
            answers: vec![route::Answer { status: 200, shape: Shape::Json("An OpenAPI document.") }],
            ..Route::question(
                "/api/v1/openapi.json",
                "openapi",
                "This interface as an OpenAPI document",
                |_, _| Box::pin(async { Ok(json(StatusCode::OK, &openapi::document(&routes()))) }),
            )
        },
    ];
    routes.extend(calls::routes());
    routes.extend(orders::routes());
    routes.extend(phones::routes());
    routes.extend(messages::routes());
    routes.extend(bandwidth::routes());
    routes.extend(resources::routes());
    routes.extend(stations::routes());
    routes.extend(newcomers::routes());
    routes.extend(pushes::routes());
    routes.extend(user_settings::routes());
    routes.extend(digits::routes());
    routes.extend(configuration::routes());
    routes.extend(changes::routes());
    routes.extend(sessions::routes());
    routes.extend(tokens::routes());
    routes.extend(events::routes());
    routes.extend(backup::routes());
    routes.extend(sounds::routes());
    routes.extend(cdr::routes());
    routes.extend(sftp::routes());
    routes.extend(analysis::routes());
    routes
}

impl Route {
    /// A question that everybody may ask who may look at something; it answers with JSON.
    fn question(path: &'static str, id: &'static str, summary: &'static str, handle: route::Handler) -> Self {
        Route {
            method: Method::GET,
            path: path.into(),
            id: id.into(),
            summary: summary.into(),
            needs: Some(Role::ReadOnly),
            query: &[],
            body: Body::Nothing,
            answers: vec![route::Answer { status: 200, shape: Shape::Json("The answer.") }],
            refusals: &[],
            subject: None,
            is_repeatable: false,
            handle,
        }
    }
}

impl Site {
    /// Who asks, if they may.
    ///
    /// # Errors
    /// Nobody who is known, or somebody who may not.
    pub(crate) fn identify(&self, parts: &Parts, needs: Option<Role>) -> Result<Principal, Problem> {
        let origin = parts.extensions.get::<ConnectInfo<From>>().map(|info| info.0.0);
        let origin = origin.unwrap_or(Origin::Network(IpAddr::V4(Ipv4Addr::UNSPECIFIED)));
        self.identify_as(origin, &parts.headers, needs)
    }

    /// The same, for who came from there with these headers.
    ///
    /// # Errors
    /// Nobody who is known, or somebody who may not.
    pub(super) fn identify_as(
        &self,
        origin: Origin,
        headers: &HeaderMap,
        needs: Option<Role>,
    ) -> Result<Principal, Problem> {
        let token = sessions::token(|name| headers.get(name).and_then(|value| value.to_str().ok()));
        let principal = match (origin, token) {
            (Origin::LocalSocket { user }, _) => {
                Principal { name: user_name(user).into(), role: Role::Administrator, origin }
            }
            (Origin::Network(_), Some(token)) if tokens::is_one(token) => {
                tokens::identify(self, token, origin)?
            }
            (Origin::Network(_), Some(token)) => {
                let session = self.access().find(token, &self.keeper.live().state);
                let known = session.map(|session| Principal { origin, ..session });
                let over = "the session is over, or never was; log in at /api/v1/sessions";
                match (known, needs) {
                    (Some(known), _) => known,
                    (None, None) => nobody(origin),
                    (None, Some(_)) => return Err(Problem::new(StatusCode::UNAUTHORIZED, over)),
                }
            }
            // Until somebody can log in, whoever reaches loopback may look.
            (Origin::Network(address), None) => {
                let may_look = is_here(address) && !sessions::has_administrator(&self.keeper.live().state);
                if needs.is_some() && !may_look {
                    return Err(Problem::new(StatusCode::UNAUTHORIZED, "log in at /api/v1/sessions first"));
                }
                nobody(origin)
            }
        };
        match needs {
            Some(role) if !principal.may(role) => {
                let why = format!(
                    "{} may not do that: it needs the role {}; on this machine use the command line as the user that \
                     runs the server",
                    principal.name,
                    role.word()
                );
                Err(Problem::new(StatusCode::FORBIDDEN, why))
            }
            Some(_) | None => Ok(principal),
        }
    }

    /// Who is let in, for one step.
    fn access(&self) -> gate::Held<'_> {
        self.gate.hold()
    }

    /// What follows from a plan, as programs read it. It waits for answers of the node: not on a thread that serves others.
    fn consequences(&self, plan: &Plan) -> serde_json::Value {
        let registered = |lines: Option<Vec<LineName>>| {
            let runtime = tokio::runtime::Handle::current();
            match lines {
                Some(lines) => runtime.block_on(self.registered_for(&lines)),
                None => runtime.block_on(self.registered()),
            }
        };
        let found = crate::consequences::of(plan, &self.telephony, registered);
        found.iter().map(crate::consequences::Consequence::json).collect()
    }

    /// The phones that are registered; those that were told in time.
    async fn registered(&self) -> Vec<Registered> {
        let (mut registered, mut after) = (Vec::new(), Box::default());
        while let Ok(Answer::Phones { phones, next }) = self.ask(Question::Phones { after }).await {
            registered.extend(phones.into_iter().map(Registered::from));
            match next {
                Some(next) => after = next,
                None => break,
            }
        }
        registered
    }

    /// The same for some lines: a change of one does not look at all.
    async fn registered_for(&self, lines: &[LineName]) -> Vec<Registered> {
        let mut registered = Vec::new();
        for lines in lines.chunks(PAGE) {
            let question = Question::PhonesOf { lines: lines.to_vec() };
            let Ok(Answer::Phones { phones, .. }) = self.ask(question).await else { break };
            registered.extend(phones.into_iter().map(Registered::from));
        }
        registered
    }

    /// Asks the node; it answers within a turn of its loop.
    async fn ask(&self, question: Question) -> Result<Answer, Problem> {
        self.answered(|sender| Letter::Ask(question, sender)).await
    }

    /// Sends what is answered, and waits for the answer.
    async fn answered(
        &self,
        letter: impl FnOnce(tokio::sync::oneshot::Sender<Answer>) -> Letter,
    ) -> Result<Answer, Problem> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        if self.decision.try_send(letter(sender)).is_err() {
            return Err(Problem::busy());
        }
        match tokio::time::timeout(Duration::from_secs(5), receiver).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) | Err(_) => Err(Problem::busy()),
        }
    }
}

impl Connected<IncomingStream<'_, tokio::net::TcpListener>> for From {
    fn connect_info(stream: IncomingStream<'_, tokio::net::TcpListener>) -> Self {
        From(Origin::Network(stream.remote_addr().ip()))
    }
}

impl Connected<IncomingStream<'_, tls::Listener>> for From {
    fn connect_info(stream: IncomingStream<'_, tls::Listener>) -> Self {
        From(Origin::Network(stream.remote_addr().ip()))
    }
}

impl Connected<IncomingStream<'_, tokio::net::UnixListener>> for From {
    fn connect_info(stream: IncomingStream<'_, tokio::net::UnixListener>) -> Self {
        // Nobody has the number that stands for "not known".
        let user = stream.io().peer_cred().map_or(u32::MAX, |credentials| credentials.uid());
        From(Origin::LocalSocket { user })
    }
}

/// Somebody who did not say who they are.
fn nobody(origin: Origin) -> Principal {
    Principal { name: NOBODY.into(), role: Role::ReadOnly, origin }
}

/// Whether this is the machine itself.
const fn is_here(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// What somebody is called who did not say; no user can have the name.
const NOBODY: &str = "(nobody)";

/// What the system calls a user.
fn user_name(user: u32) -> String {
    let known = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(user)).ok().flatten();
    known.map_or_else(|| format!("user {user}"), |user| user.name)
}

async fn health(site: Arc<Site>, _: Ask) -> Result<Response, Problem> {
    let Answer::Health(health) = site.ask(Question::Health).await? else { return Err(unexpected()) };
    let (status, service) = match health.service {
        Service::Full => (StatusCode::OK, "full".to_owned()),
        Service::Shedding(what) => (StatusCode::OK, format!("shedding: {what}")),
        Service::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining".to_owned()),
    };
    let sum =
        |figure: fn(&crate::counters::Media) -> u64| crate::counters::MEDIA.iter().map(figure).sum::<u64>();
    let media_hangs = sum(|media| media.hangs_now.get());
    // What is opened in its place fails or is the work of others, and hardly anything helps but to begin anew.
    let status = if media_hangs > 0 { StatusCode::SERVICE_UNAVAILABLE } else { status };
    let body = serde_json::json!({
        "media_threads_hanging": media_hangs,
        "media_thread_hangs": sum(|media| media.hangs.get()),
        "service": service,
        "uptime_seconds": health.uptime.as_secs(),
        "calls": health.calls,
        "phones": health.phones,
        "records_waiting": health.records_waiting,
        "sockets_missing": site.telephony.missing().borrow().iter().map(|(_, why)| why).collect::<Vec<_>>(),
    });
    Ok(json(status, &body))
}

async fn metrics(site: Arc<Site>, ask: Ask) -> Result<Response, Problem> {
    // Figures are for this machine, and for who is known.
    if let (Origin::Network(address), NOBODY) = (ask.principal.origin, &*ask.principal.name)
        && !is_here(address)
    {
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "figures are told to who logs in, or has a token",
        ));
    }
    let Answer::Metrics(metrics) = site.ask(Question::Metrics).await? else { return Err(unexpected()) };
    let (destinations, files) = (site.deliveries.reports(), site.files.figures());
    let text = crate::exposition::everything(&metrics, site.sip_port, &destinations, &files);
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}

/// The node answered another question.
fn unexpected() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "the node gave an answer to another question; please report this",
    )
}

/// Work on disk or processor, off the thread that serves others.
async fn work<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(Problem::internal(&error.into())),
    }
}

fn json(status: StatusCode, body: &serde_json::Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn plain(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

#[cfg(test)]
mod tests;
