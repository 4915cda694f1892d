//! How a server stops: signals become a drain, then an end of the calls, and at last an end of the waiting.

use std::io;
use std::time::Duration;

use strowger_node::io::{Answer, Question};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::log;
use crate::mailbox::{Letter, Sender};
use crate::this_server::Machine;

/// Signals that ask the server to stop. They are held from [`Signals::receive`] on: one that comes before anybody waits
/// for it is not lost and does not end the process.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes the signals from the system. It must be done before anybody is told that the server runs.
    ///
    /// # Errors
    /// When the system does not give them; called outside of a runtime it panics.
    pub(crate) fn receive() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The first signal drains, the second ends the calls at once, the third does not wait for their records. What the
    /// signals do is also done when the time for it is over.
    pub(crate) async fn stop(mut self, decision: Sender, machine: watch::Receiver<Machine>) {
        self.next().await;
        let drain_max = machine.borrow().drain_max;
        log::info("draining: no new calls are taken; the server ends when the last call has ended")
            .count("calls", calls(&decision).await.unwrap_or(0))
            .count("seconds_max", drain_max.as_secs())
            .remedy("a second signal ends the calls at once")
            .write();
        let _ = decision.try_send(Letter::Drain(drain_max));
        let end = Instant::now() + drain_max;
        if self.next_before(end, Some(&decision)).await {
            log::info("ending the calls that are left")
                .count("calls", calls(&decision).await.unwrap_or(0))
                .write();
            let _ = decision.try_send(Letter::Drain(Duration::ZERO));
        } else {
            // The node ends them by itself.
            log::warn("the time for draining is over; calls that are left are ended").write();
        }
        self.next_before(Instant::now() + RECORDS_WITHIN, None).await;
        let _ = decision.try_send(Letter::Stop);
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// True when one came before `end`. Whoever waits is told every few seconds how far the drain is.
    async fn next_before(&mut self, end: Instant, decision: Option<&Sender>) -> bool {
        loop {
            let progress = decision.map(|decision| (decision, Instant::now() + PROGRESS_EVERY));
            let until = progress.map_or(end, |(_, at)| at.min(end));
            tokio::select! {
                () = self.next() => return true,
                () = sleep_until(until) => {}
            }
            let now = Instant::now();
            if now >= end {
                return false;
            }
            if let Some((decision, _)) = progress
                && let Some(calls) = calls(decision).await
            {
                log::info("draining")
                    .count("calls", calls)
                    .count("seconds_left", end.saturating_duration_since(now).as_secs())
                    .write();
            }
        }
    }
}

/// Calls in progress.
async fn calls(decision: &Sender) -> Option<u64> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    decision.try_send(Letter::Ask(Question::Health, sender)).ok()?;
    match tokio::time::timeout(Duration::from_secs(1), receiver).await.ok()?.ok()? {
        Answer::Health(health) => Some(health.calls as u64),
        _ => None,
    }
}

const PROGRESS_EVERY: Duration = Duration::from_secs(10);
/// The records of the last calls are given this long; a disk that refuses them for longer is not waited for.
const RECORDS_WITHIN: Duration = Duration::from_secs(5);
