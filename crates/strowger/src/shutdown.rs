//! How a server stops: signals become a drain, then an end of the calls, and at last an end of the waiting.

use std::time::Duration;

use strowger_node::io::{Answer, Question};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until};

use crate::log;
use crate::mailbox::{Letter, Sender};

/// The first signal drains, the second ends the calls at once, the third does not wait for their records. What the
/// signals do is also done when the time for it is over.
pub(crate) async fn on_signals(decision: Sender, drain_max: Duration) {
    let (Ok(terminate), Ok(interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        log::error("signals cannot be received")
            .effect("the server does not drain: a signal ends it like a power cut")
            .write();
        return;
    };
    let mut signals = Signals { terminate, interrupt };
    signals.next().await;
    log::info("draining: no new calls are taken; the server ends when the last call has ended")
        .count("calls", calls(&decision).await.unwrap_or(0))
        .count("seconds_max", drain_max.as_secs())
        .remedy("a second signal ends the calls at once")
        .write();
    let _ = decision.try_send(Letter::Drain(drain_max));
    let end = Instant::now() + drain_max;
    if signals.next_before(end, Some(&decision)).await {
        log::info("ending the calls that are left")
            .count("calls", calls(&decision).await.unwrap_or(0))
            .write();
        let _ = decision.try_send(Letter::Drain(Duration::ZERO));
    } else {
        // The node ends them by itself.
        log::warn("the time for draining is over; calls that are left are ended").write();
    }
    signals.next_before(Instant::now() + RECORDS_WITHIN, None).await;
    let _ = decision.try_send(Letter::Stop);
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
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
