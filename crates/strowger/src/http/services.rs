//! Pages for phones: directories and services as XML objects, over HTTP without a login, on a port of their own.
//!
//! Phones cannot prove who they are here, and many cannot speak TLS: the port is closed unless a server's `phone_services_port` opens
//! it, and nothing else is served there. What stands on these pages is what the configuration shows of people: names and numbers.

mod directory;
mod listener;
mod pages;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use strowger_provision::screen::Object;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use self::listener::Limited;
use self::pages::{Asked, Keys, Page};
use super::{Site, guard};
use crate::log;
use crate::sockets::refusal;

/// Serves pages for phones where they are wanted, as long as the server runs.
pub(crate) async fn serve_phone_services(site: Arc<Site>) {
    let mut machine = site.telephony.machine();
    let mut wanted: Option<SocketAddr> = None;
    let mut serving: Option<tokio::task::JoinHandle<()>> = None;
    let mut pause = PAUSE_FIRST;
    loop {
        let before = std::mem::replace(&mut wanted, machine.borrow_and_update().phone_services);
        if before != wanted {
            pause = PAUSE_FIRST;
            if let Some(serving) = serving.take() {
                serving.abort();
                // Only then its port is free. That it was cut short is what was wanted.
                let _ = serving.await;
            }
        }
        if let (Some(address), None) = (wanted, &serving) {
            match TcpListener::bind(address).await {
                Ok(listener) => {
                    log::info("listening").with("transport", "phone services").address(address).write();
                    serving = Some(tokio::spawn(serve(listener, Arc::clone(&site))));
                }
                Err(error) => {
                    if before != wanted {
                        let what = "give another phone_services_port";
                        log::error(refusal("phone services", "tcp", address, &error, what))
                            .effect("phones have no directories and services; it is tried again")
                            .write();
                    }
                    pause = (pause * 2).min(PAUSE_MOST);
                }
            }
        }
        let changed = match (&serving, wanted) {
            (None, Some(_)) => tokio::select! {
                changed = machine.changed() => changed,
                () = tokio::time::sleep(pause) => Ok(()),
            },
            _ => machine.changed().await,
        };
        if changed.is_err() {
            return;
        }
    }
}

/// Serves a listener until it is gone.
async fn serve(listener: TcpListener, site: Arc<Site>) {
    let listen = listener.local_addr().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip());
    let names = site.names.clone();
    let known = Arc::new(guard::Known { listen, names, keeper: Arc::clone(&site.keeper) });
    let router = router(site).layer(axum::middleware::from_fn(move |request, next| {
        guard::guard(Arc::clone(&known), request, next)
    }));
    super::told(
        axum::serve(Limited::new(listener), router.into_make_service()).await,
        "pages for phones stopped",
    );
}

fn router(site: Arc<Site>) -> Router {
    let room = Arc::new(Semaphore::new(ANSWERS));
    let page = |page: Page| {
        let (site, room) = (Arc::clone(&site), Arc::clone(&room));
        get(move |request: Request| answer(site, room, page, request))
    };
    let all = Page::ALL.into_iter().fold(Router::new(), |router, it| router.route(it.path(), page(it)));
    all.fallback(|| async { (StatusCode::NOT_FOUND, "there is no such page for phones\n") })
}

async fn answer(site: Arc<Site>, room: Arc<Semaphore>, page: Page, request: Request) -> Response {
    // A search looks at everybody: not many at once, nor of those whose phone does not wait any more.
    let Ok(permit) = room.try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], "busy\n").into_response();
    };
    let headers = request.headers();
    let Some(host) = host(headers) else {
        return (StatusCode::BAD_REQUEST, "Host is missing\n").into_response();
    };
    let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(request.uri());
    let Ok(pairs) = pairs else {
        return (StatusCode::BAD_REQUEST, "the query is not UTF-8\n").into_response();
    };
    let asked = Asked::new(format!("http://{host}"), keys(headers), pairs.0);
    let made = super::work(move || {
        let _permit = permit;
        Ok(page.make(&site.keeper.live().state, &asked))
    })
    .await;
    match made {
        Ok(object) => written(&object),
        Err(problem) => problem.into_response(),
    }
}

fn written(object: &Object) -> Response {
    match object.write() {
        Ok(document) => {
            let headers = [(header::CONTENT_TYPE, "text/xml"), (header::CACHE_CONTROL, "no-store")];
            (StatusCode::OK, headers, document).into_response()
        }
        Err(unfit) => {
            strowger_base::never!("a page for phones has too much: {unfit}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Where the phone reached this server, as its next pages are to be reached.
fn host(headers: &HeaderMap) -> Option<Authority> {
    headers.get(header::HOST)?.to_str().ok()?.parse().ok()
}

/// Phones say their model in a header of their own. Who does not is old.
fn keys(headers: &HeaderMap) -> Keys {
    let model = headers.get("x-ciscoipphonemodelname").and_then(|model| model.to_str().ok());
    match model {
        Some(model) if !model.starts_with("CP-79") && !model.starts_with("79") => Keys::New,
        Some(_) | None => Keys::Old,
    }
}

/// Pages that are made at the same time.
const ANSWERS: usize = 8;
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_MOST: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
