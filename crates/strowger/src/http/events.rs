//! Events as they happen: server-sent events, and the same over a WebSocket.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body as Bytes;
use axum::extract::ws::{Message, WebSocket};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_core::Stream;
use strowger_configuration::record;
use strowger_configuration::setting::{Description, Record};
use tokio::sync::{broadcast::error::RecvError, mpsc, watch};
use tokio::time::MissedTickBehavior;

use super::Site;
use super::problem::Problem;
use super::route::{Answer, Ask, Route, Shape};
use crate::access::Role;
use crate::events::{Event, Follower, Topic, change};
use crate::keeper::Live;

/// The routes about events.
pub(super) fn routes() -> [Route; 2] {
    [
        Route {
            query: Which::FIELDS,
            answers: vec![Answer { status: 200, shape: Shape::Events }],
            ..Route::question(
                "/api/v1/events",
                "events",
                "Events as they happen, as server-sent events",
                |site, ask| Box::pin(async move { follow(&site, ask, sse) }),
            )
        },
        Route {
            query: Which::FIELDS,
            answers: vec![Answer { status: 101, shape: Shape::Events }],
            refusals: &[426],
            ..Route::question(
                "/api/v1/events/ws",
                "events_over_websocket",
                "The same events over a WebSocket (RFC 6455), one in each text message",
                |site, ask| Box::pin(async move { follow(&site, ask, websocket) }),
            )
        },
    ]
}

record! {
    /// Which events.
    struct Which {
        /// Only these types, with commas between: registration, call, alarm, change. All when not given.
        types: Option<Description> = None,
        /// The id of the last event that was read: what happened since comes first, as far as it is known.
        after: Option<Description> = None,
    }
}

/// What a client is told next.
enum Told {
    Event(Arc<Event>),
    /// So many events are lost; nobody knows how many when there is no number.
    Lagged(Option<u64>),
    /// Nothing happened for a while.
    Alive,
}

impl Told {
    fn json(&self) -> String {
        match self {
            Told::Event(event) => event.json.clone(),
            Told::Lagged(lost) => serde_json::json!({ "type": "lagged", "lost": lost }).to_string(),
            Told::Alive => String::new(),
        }
    }

    fn sse(&self) -> String {
        match self {
            Told::Event(event) => {
                format!("id: {}\nevent: {}\ndata: {}\n\n", event.id, event.topic.word(), event.json)
            }
            Told::Lagged(_) => format!("event: lagged\ndata: {}\n\n", self.json()),
            Told::Alive => ": nothing happened\n\n".to_owned(),
        }
    }
}

type Telling = fn(mpsc::Receiver<Told>, Ask) -> Result<Response, Problem>;

fn follow(site: &Arc<Site>, ask: Ask, telling: Telling) -> Result<Response, Problem> {
    let which = ask.query::<Which>()?;
    let topics = topics(which.types.as_ref().map(Description::as_str))?;
    let last = ask.header(HeaderName::from_static("last-event-id")).map(str::to_owned);
    let after = last.or_else(|| which.after.map(|after| after.as_str().to_owned()));
    let Some(follower) = site.events.follow(after.as_deref()) else {
        let mut busy = Problem::busy();
        busy.detail = "too many follow the events already; close one of them".to_owned();
        return Err(busy);
    };
    let (sender, receiver) = mpsc::channel(WAITING);
    let headers = ask.headers.clone();
    let origin = ask.principal.origin;
    let site = Arc::clone(site);
    // Who was let in and has lost the right is told nothing more.
    let live = site.keeper.watch();
    let may = move || site.identify_as(origin, &headers, Some(Role::ReadOnly)).is_ok();
    let answer = telling(receiver, ask)?;
    tokio::spawn(pump(follower, topics, sender, live, may));
    Ok(answer)
}

fn topics(text: Option<&str>) -> Result<Vec<Topic>, Problem> {
    let Some(text) = text else { return Ok(Topic::ALL.to_vec()) };
    text.split(',')
        .map(|word| {
            let known = Topic::ALL.into_iter().find(|topic| topic.word() == word.trim());
            known.ok_or_else(|| {
                Problem::malformed(format!(
                    "{word:?} is no type; expected registration, call, alarm or change"
                ))
            })
        })
        .collect()
}

/// Tells a client what happens, at its own pace, until it goes.
async fn pump(
    mut follower: Follower,
    topics: Vec<Topic>,
    client: mpsc::Sender<Told>,
    mut live: watch::Receiver<Arc<Live>>,
    may: impl Fn() -> bool + Send + 'static,
) {
    let missed = std::mem::take(&mut follower.missed).into_iter().map(Told::Event);
    let gap = follower.is_gap.then_some(Told::Lagged(None));
    let wanted = |told: &Told| !matches!(told, Told::Event(event) if !topics.contains(&event.topic));
    for told in gap.into_iter().chain(missed).filter(|told| wanted(told)) {
        if client.send(told).await.is_err() {
            return;
        }
    }
    let mut alive = tokio::time::interval(ALIVE_EVERY);
    alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let told = tokio::select! {
            () = client.closed() => return,
            _ = alive.tick() => {
                if !may() {
                    return;
                }
                Told::Alive
            }
            // Rights end with the change that takes them, and not some time later.
            changed = live.changed() => {
                if changed.is_err() || !may() {
                    return;
                }
                continue;
            }
            told = follower.told.recv() => match told {
                Ok(event) => Told::Event(event),
                Err(RecvError::Lagged(lost)) => Told::Lagged(Some(lost)),
                Err(RecvError::Closed) => return,
            },
        };
        if wanted(&told) && client.send(told).await.is_err() {
            return;
        }
    }
}

/// What a client is told, as a body that goes on.
struct Telegraph(mpsc::Receiver<Told>);

impl Stream for Telegraph {
    type Item = Result<String, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|told| told.map(|told| Ok(told.sse())))
    }
}

fn sse(told: mpsc::Receiver<Told>, _: Ask) -> Result<Response, Problem> {
    let kind = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((kind, Bytes::from_stream(Telegraph(told))).into_response())
}

fn websocket(told: mpsc::Receiver<Told>, ask: Ask) -> Result<Response, Problem> {
    if !is_own(ask.header(header::ORIGIN), ask.header(header::HOST)) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "a page of another site may not follow what happens here",
        ));
    }
    let Some(upgrade) = ask.upgrade else {
        let why = "this path speaks WebSocket; ask with one, or use /api/v1/events";
        return Err(Problem::new(StatusCode::UPGRADE_REQUIRED, why));
    };
    Ok(upgrade.max_message_size(HEARD_MAX).on_upgrade(|socket| talk(socket, told)))
}

/// Whether who asks is no page, or one of this server. Browsers let every page open a WebSocket, and say only whose page it is
/// (RFC 6455 §10.2).
fn is_own(origin: Option<&str>, host: Option<&str>) -> bool {
    let Some(origin) = origin else { return true };
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    authority.is_some() && authority == host
}

async fn talk(mut socket: WebSocket, mut told: mpsc::Receiver<Told>) {
    loop {
        let sent = tokio::select! {
            told = told.recv() => match told {
                None => break,
                Some(Told::Alive) => socket.send(Message::Ping(Vec::new().into())).await,
                Some(told) => socket.send(Message::Text(told.json().into())).await,
            },
            // Pings are answered by reading; what else a client says is not meant for anybody.
            heard = socket.recv() => match heard {
                None | Some(Err(_) | Ok(Message::Close(_))) => return,
                Some(Ok(_)) => Ok(()),
            },
        };
        if sent.is_err() {
            return;
        }
    }
    let _ = socket.send(Message::Close(None)).await;
}

/// Tells every change of the configuration.
pub(crate) async fn tell_changes(site: Arc<Site>) {
    let mut live = site.keeper.watch();
    let mut last = live.borrow_and_update().head.sequence;
    while live.changed().await.is_ok() {
        let head = live.borrow_and_update().head.sequence;
        let count = usize::try_from(head.saturating_sub(last)).unwrap_or(usize::MAX).min(CHANGES_AT_ONCE);
        last = head;
        if !site.events.is_wanted() {
            continue;
        }
        let keeper = Arc::clone(&site.keeper);
        let read = tokio::task::spawn_blocking(move || keeper.history(head, count)).await;
        if let Ok(Ok(changes)) = read {
            for summary in changes.iter().rev() {
                site.events.tell(Topic::Change, summary.at, change(summary));
            }
        }
    }
}

/// What waits for a client that reads slowly, beside what is kept for all.
const WAITING: usize = 64;
const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// What a client says is thrown away.
const HEARD_MAX: usize = 4_096;
const CHANGES_AT_ONCE: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_others_are_refused() {
        let check = |origin: Option<&str>, expect: bool| {
            assert_eq!(is_own(origin, Some("pbx.example:8443")), expect, "{origin:?}");
        };
        // RFC 6455 §10.2: programs send none.
        check(None, true);
        check(Some("https://pbx.example:8443"), true);
        for other in ["https://evil.example", "https://pbx.example", "null", "", "pbx.example:8443"] {
            check(Some(other), false);
        }
        assert!(!is_own(Some("https://evil.example"), None));
    }
}
