//! Phones that nobody has configured: what they are given when they come, and what becomes of them.
//!
//! A phone that comes waits in the node. A thread of its own configures it and a line with the first number that is free, as one change
//! of the configuration like any other; with that in force the node serves it. Until somebody adopts it, the phone is marked.

mod adopting;
mod taking_in;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use strowger_node::io::Stranger;

use crate::keeper::Keeper;
use crate::log;
use crate::mailbox::{Letter, Sender};

pub(crate) use adopting::{Adoption, adopt, is_newcomer, refuse};
use taking_in::{Refusal, take_in};

/// Takes phones in that nobody has configured.
pub(crate) struct Newcomers {
    keeper: Arc<Keeper>,
    decision: Sender,
    strangers: Receiver<Stranger>,
}

/// The way from the node to whoever takes phones in.
pub(crate) fn newcomers(keeper: Arc<Keeper>, decision: Sender) -> (SyncSender<Stranger>, Newcomers) {
    let (sender, strangers) = sync_channel(strowger_base::limits::STRANGERS);
    (sender, Newcomers { keeper, decision, strangers })
}

impl Newcomers {
    /// Takes in who comes, until the server ends.
    pub(crate) fn run(self) {
        while let Ok(stranger) = self.strangers.recv() {
            let told = |event: log::Event| {
                event
                    .with("phone", &stranger.name)
                    .with("model", &stranger.model)
                    .with("address", stranger.peer)
                    .write();
            };
            match take_in(&self.keeper, &stranger) {
                Ok(number) => told(
                    log::info("a phone that nobody had configured was given a number")
                        .with("number", number)
                        .remedy("strowger phone adopt NAME, or strowger phone refuse NAME"),
                ),
                // It came twice, and is served.
                Err(Refusal::Known) => {}
                Err(refusal) => {
                    // Who is refused for good comes again and again.
                    if refusal != Refusal::Refused {
                        told(
                            log::warn("a phone that nobody has configured was not taken in")
                                .with("reason", refusal),
                        );
                    }
                    self.decision.send(Letter::Unwelcome(stranger.name));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
