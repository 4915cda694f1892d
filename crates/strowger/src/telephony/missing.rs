//! SIP sockets that cannot be opened: tried again, and told once.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::Telephony;
use crate::events::{Hub, Topic};
use crate::log;
use crate::sockets::WantedSocket;

/// Opens what is missing as soon as it can be, as long as the server runs, and tells once of each socket that it is missing and
/// that it is there.
pub(crate) async fn watch_sockets(telephony: Arc<Telephony>, events: Arc<Hub>) {
    let mut missing = telephony.missing();
    // Of these the start has told.
    let mut known = missing.borrow_and_update().clone();
    let mut pause = PAUSE_FIRST;
    loop {
        let changed = if known.is_empty() {
            missing.changed().await
        } else {
            tokio::select! {
                changed = missing.changed() => changed,
                () = tokio::time::sleep(pause) => {
                    pause = (pause * 2).min(PAUSE_MOST);
                    let telephony = Arc::clone(&telephony);
                    tokio::task::spawn_blocking(move || telephony.open_missing()).await.map_or(Ok(()), Ok)
                }
            }
        };
        if changed.is_err() {
            return;
        }
        let now = missing.borrow_and_update().clone();
        if tell_missing(&known, &now, |socket| telephony.is_wanted(socket), &events) {
            pause = PAUSE_FIRST;
        }
        known = now;
    }
}

/// Tells what is missing now and was not, and what is there again. Whether there was anything to tell.
fn tell_missing(
    before: &[(WantedSocket, String)],
    now: &[(WantedSocket, String)],
    is_wanted: impl Fn(&WantedSocket) -> bool,
    events: &Hub,
) -> bool {
    let is_in =
        |list: &[(WantedSocket, String)], socket: &WantedSocket| list.iter().any(|(it, _)| it == socket);
    let at = crate::digits::now();
    let mut told = false;
    for (socket, why) in now.iter().filter(|(socket, _)| !is_in(before, socket)) {
        log::error(format!("a socket cannot be opened: {why}"))
            .effect("it is done without, and tried again")
            .write();
        let alarm = json!({ "alarm": "sip-socket-missing", "socket": socket.to_string(), "reason": why });
        events.tell(Topic::Alarm, at, alarm);
        told = true;
    }
    let gone = before.iter().map(|(socket, _)| socket).filter(|socket| !is_in(now, socket));
    for socket in gone.filter(|socket| is_wanted(socket)) {
        log::info("a socket that was missing is open").with("socket", socket).write();
        events.tell(Topic::Alarm, at, json!({ "alarm": "sip-socket-open", "socket": socket.to_string() }));
        told = true;
    }
    told
}

const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_MOST: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use strowger_base::net::{Protocol, Transport};

    use super::*;

    #[test]
    fn each_socket_is_told_once_when_it_is_missing_and_once_when_it_is_there() {
        let socket = |port: u16| WantedSocket {
            protocol: Protocol::Sip,
            transport: Transport::Udp,
            address: SocketAddr::from(([192, 0, 2, 1], port)),
            advertise: None,
        };
        let list = |ports: &[u16], why: &str| -> Vec<(WantedSocket, String)> {
            ports.iter().map(|port| (socket(*port), why.to_owned())).collect()
        };
        let events = Hub::new(1);
        let check = |before: &[u16], now: &[u16], wanted: &[u16], expect: bool| {
            let is_wanted = |it: &WantedSocket| wanted.contains(&it.address.port());
            let told = tell_missing(&list(before, "in use"), &list(now, "still in use"), is_wanted, &events);
            assert_eq!(told, expect, "{before:?} {now:?} {wanted:?}");
        };
        check(&[], &[1], &[1], true);
        check(&[1], &[1], &[1], false);
        check(&[1], &[1, 2], &[1, 2], true);
        check(&[1, 2], &[2], &[1, 2], true);
        // Nobody wants it any more.
        check(&[2], &[], &[], false);
    }
}
