//! Delivery of call records: for each billing destination a sender, on a thread of their own beside everything else.
//!
//! When which file goes, and what an operator is told, is decided by [`strowger_cdr::delivery`]; how it travels is `strowger-transfer`'s affair. What is
//! here moves files from the repository to a destination, and tells.

mod board;
mod sender;
mod target;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use strowger_configuration::State;
use strowger_configuration::kinds::BillingDestination;
use strowger_transfer::{Kind, Rehearsal, rehearse};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

pub(crate) use self::board::{Board, Report};
use self::sender::{Nudge, Sender};
use self::target::Target;
use crate::events::Hub;
use crate::keeper::Live;
use crate::log;
use crate::records::repository::{Consumer, Repository};
use crate::vault::Vault;

/// All senders.
pub(crate) struct Deliveries {
    repository: Repository,
    vault: Vault,
    live: watch::Receiver<Arc<Live>>,
    events: Arc<Hub>,
    board: Arc<Board>,
    orders: mpsc::Receiver<Order>,
    running: BTreeMap<u8, Running>,
}

/// A sender that runs; it ends when this is dropped.
struct Running {
    target: watch::Sender<Arc<Target>>,
    nudges: mpsc::Sender<Nudge>,
}

/// What an operator wants.
pub(crate) enum Order {
    /// A rehearsal with a destination.
    Test(u8, oneshot::Sender<Rehearsal>),
    /// What is due to a destination is to be looked at now.
    Look(u8),
}

/// The way to the senders.
#[derive(Clone)]
pub(crate) struct Desk {
    orders: mpsc::Sender<Order>,
    board: Arc<Board>,
    repository: Repository,
}

impl Deliveries {
    /// Prepares what [`Deliveries::run`] needs.
    pub(crate) fn new(
        data: &Path,
        live: watch::Receiver<Arc<Live>>,
        events: Arc<Hub>,
    ) -> anyhow::Result<(Deliveries, Desk)> {
        let (sender, orders) = mpsc::channel(ORDERS);
        let board = Arc::new(Board::default());
        let repository = Repository::at(data);
        let desk = Desk { orders: sender, board: Arc::clone(&board), repository: repository.clone() };
        let vault = Vault::open(data)?;
        let running = BTreeMap::new();
        Ok((Deliveries { repository, vault, live, events, board, orders, running }, desk))
    }

    /// Runs until nobody has the configuration any more, which is when the server stops.
    pub(crate) fn run(mut self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        match runtime {
            Ok(runtime) => runtime.block_on(self.follow()),
            Err(error) => log::error("call records are not delivered")
                .with("reason", error)
                .remedy("restart the server")
                .write(),
        }
    }

    async fn follow(&mut self) {
        loop {
            let live = Arc::clone(&self.live.borrow_and_update());
            self.configure(&live.state);
            tokio::select! {
                changed = self.live.changed() => if changed.is_err() { return },
                order = self.orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => return,
                },
            }
        }
    }

    /// Senders for the destinations that there are: new ones begin, changed ones are told, and those that are gone end.
    fn configure(&mut self, state: &State) {
        let mut targets = BTreeMap::new();
        for (_, it) in state.all::<BillingDestination>() {
            if let Ok(number) = u8::try_from(it.number.get()) {
                targets.insert(number, Target::of(it, &self.vault));
            }
        }
        self.running.retain(|number, _| targets.contains_key(number));
        self.board.retain(|number| targets.contains_key(&number));
        for (number, target) in targets {
            match self.running.get(&number) {
                Some(running) if running.target.borrow().is_as(&target) => {}
                Some(running) => _ = running.target.send(Arc::new(target)),
                None => self.begin(number, Arc::new(target)),
            }
        }
    }

    fn begin(&mut self, number: u8, target: Arc<Target>) {
        let (target, targets) = watch::channel(target);
        let (nudges, nudged) = mpsc::channel(1);
        let sender = Sender::new(
            Consumer::Destination(number),
            targets,
            nudged,
            self.repository.clone(),
            self.board.of(number),
            Arc::clone(&self.events),
        );
        tokio::spawn(sender.run());
        self.running.insert(number, Running { target, nudges });
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Look(number) => {
                if let Some(running) = self.running.get(&number) {
                    // One that waits already says the same.
                    let _ = running.nudges.try_send(Nudge);
                }
            }
            Order::Test(number, answer) => {
                let Some(running) = self.running.get(&number) else { return };
                let (target, nudges) = (Arc::clone(&running.target.borrow()), running.nudges.clone());
                tokio::spawn(async move {
                    let rehearsal = match &target.destination {
                        Ok(destination) => {
                            let played = timeout(REHEARSAL_TIME, rehearse(destination, REHEARSAL)).await;
                            played.unwrap_or_else(|_| target.unusable(Kind::Timeout, "it takes too long"))
                        }
                        Err(why) => target.unusable(Kind::Configuration, why),
                    };
                    if rehearsal.failure.is_none() {
                        // It works now: nobody has to wait for the next attempt.
                        let _ = nudges.try_send(Nudge);
                    }
                    let _ = answer.send(rehearsal);
                });
            }
        }
    }
}

impl Desk {
    /// How all destinations do, by their numbers.
    pub(crate) fn reports(&self) -> Vec<Report> {
        self.board.reports()
    }

    /// The destination of this number or name.
    pub(crate) fn find(&self, wanted: &str) -> Option<Report> {
        self.reports().into_iter().find(|report| report.name == wanted || report.number.to_string() == wanted)
    }

    /// Rehearses a delivery; nothing when there is no such destination any more.
    pub(crate) async fn test(&self, number: u8) -> Option<Rehearsal> {
        let (answer, rehearsal) = oneshot::channel();
        self.orders.send(Order::Test(number, answer)).await.ok()?;
        rehearsal.await.ok()
    }

    /// Has everything of these days (`YYYYMMDD`, both included) delivered once more; how many files that is.
    pub(crate) async fn resend(&self, number: u8, from: String, to: String) -> anyhow::Result<usize> {
        let repository = self.repository.clone();
        let resent =
            tokio::task::spawn_blocking(move || repository.resend(Consumer::Destination(number), &from, &to));
        let count = resent.await??;
        let _ = self.orders.send(Order::Look(number)).await;
        Ok(count)
    }
}

/// How long a rehearsal may take as a whole: who asked waits for it.
const REHEARSAL_TIME: Duration = Duration::from_secs(100);
/// Orders that wait.
const ORDERS: usize = 16;
/// The name of the file of a rehearsal: none that a billing system takes for records.
const REHEARSAL: &str = "strowger-rehearsal.txt";
