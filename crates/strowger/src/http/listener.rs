//! Where the web interface is served: it moves when the configuration says so, and comes back when it was gone.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{Site, serve};
use crate::log;
use crate::sockets::refusal;

/// Serves the web interface where it is wanted as long as the server runs. `first` is what was opened at the start.
pub(crate) async fn serve_where_wanted(first: Option<TcpListener>, site: Arc<Site>) {
    let mut machine = site.telephony.machine();
    let mut wanted = machine.borrow_and_update().http;
    let mut open = first.map(|listener| tokio::spawn(serve(listener, Arc::clone(&site))));
    let mut pause = PAUSE_FIRST;
    loop {
        let changed = match &open {
            Some(_) => machine.changed().await,
            None => tokio::select! {
                changed = machine.changed() => changed,
                () = tokio::time::sleep(pause) => Ok(()),
            },
        };
        if changed.is_err() {
            return;
        }
        let before = std::mem::replace(&mut wanted, machine.borrow_and_update().http);
        if before != wanted {
            pause = PAUSE_FIRST;
            close(open.take()).await;
        } else if open.is_some() {
            continue;
        }
        match TcpListener::bind(wanted).await {
            Ok(listener) => {
                told_open(&listener, &site);
                open = Some(tokio::spawn(serve(listener, Arc::clone(&site))));
            }
            Err(error) => {
                if before != wanted {
                    log::error(refusal("HTTP", "tcp", wanted, &error, "give another http_port"))
                        .effect("no web pages and no API over the network; it is tried again")
                        .write();
                }
                pause = (pause * 2).min(PAUSE_MOST);
            }
        }
    }
}

/// Takes no further connections; those that are there go on.
async fn close(serving: Option<JoinHandle<()>>) {
    let Some(serving) = serving else { return };
    serving.abort();
    // Only then its port is free. That it was cut short is what was wanted.
    let _ = serving.await;
}

fn told_open(listener: &TcpListener, site: &Site) {
    let Ok(address) = listener.local_addr() else { return };
    log::info("listening").with("transport", "http").address(address).write();
    let written = write_run_file(&site.data, &url(address, site.tls.is_some()));
    if let Err(error) = written {
        log::warn(format!("{error:#}")).effect("the command line may not find the server").write();
    }
}

/// The address of the web interface as browsers have it.
pub(crate) fn url(address: SocketAddr, tls: bool) -> String {
    let scheme = if tls { "https" } else { "http" };
    format!("{scheme}://{address}")
}

/// Tells the command line where this server answers.
pub(crate) fn write_run_file(data: &Path, url: &str) -> anyhow::Result<()> {
    let (scheme, address) = url.split_once("://").unwrap_or(("http", url));
    let text = serde_json::json!({ scheme: address, "pid": std::process::id() }).to_string();
    std::fs::write(data.join("run"), text).context("cannot write the run file")
}

const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_MOST: Duration = Duration::from_secs(60);
