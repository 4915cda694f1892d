//! What people do with calls, each in a file of its own: operations on the legs of several calls.
//!
//! A feature takes parties out of calls and gives them to each other (`Call::hand_over`, `Call::joined`). A call ends when one of its
//! parties goes on in another one, with its final record; what the parties do from there on is a call of its own.

mod asked;
pub(crate) mod call_back;
pub(crate) mod call_waiting;
pub(crate) mod conference;
mod disturbing;
mod divert;
pub(crate) mod intercom;
mod lamps;
mod malicious;
mod matching;
mod noticing;
mod offered;
mod orders;
pub(crate) mod paging;
mod park;
mod phone_state;
mod pickup;
mod privacy;
mod quality;
pub(crate) mod recording;
mod replaces;
mod ringing;
mod set_by_user;
mod slots;
mod speed_dial;
mod transfer;
pub(crate) mod user_settings;

use std::collections::VecDeque;

use strowger_base::Now;

use crate::CallControl;
use crate::io::Outbox;
use crate::shared::Asked;
pub(crate) use asked::Settled;
pub(crate) use malicious::MaliciousCalls;
pub(crate) use offered::Offered;
pub(crate) use privacy::Privacy;
pub(crate) use quality::QualityReports;
pub(crate) use slots::Slots;

impl CallControl {
    /// Does what calls asked of each other.
    pub(crate) fn settle(&mut self, now: Now, out: &mut Outbox) {
        while let Some(asked) = self.shared.asked.pop_front() {
            match asked {
                Asked::CalledBack { call } => self.called_back(now, call, out),
                Asked::CallBackFailed { call, cause } => self.call_back_failed(now, call, cause, out),
                Asked::TransferReached { secondary } => self.transfer_reached(now, secondary, out),
                Asked::TransferFailed { primary, by, cause } => {
                    self.transfer_failed(now, primary, by, cause, out);
                }
                Asked::Recordings { call } => {
                    self.follow_recordings(now, call, out);
                    self.follow_waiting_tones(call);
                }
                Asked::Feature { call } => self.wanted(now, call, out),
                Asked::Left { conference, seated } => {
                    self.left(now, conference, seated, out);
                    self.conference_changed(conference);
                }
                Asked::Connected { conference, seat } => {
                    self.connected(now, conference, seat, out);
                    self.conference_changed(conference);
                }
                Asked::Abandon { secondary, cause } => {
                    self.with_call(secondary, |call, shared| call.abandon(now, cause, shared, out));
                }
            }
        }
        if !self.shared.call_backs.is_settled() {
            self.look_at_call_backs(now, out);
            return self.settle(now, out);
        }
        self.forget_recorded(now, out);
        self.sound_waiting_tones(now, out);
        if self.shared.asked.capacity() > ASKED_KEPT {
            self.shared.asked = VecDeque::new();
        }
    }
}

/// Room that is kept for what calls ask of each other.
const ASKED_KEPT: usize = 64;
