//! Transfer: a party of an answered call sends the other one to somebody else (RFC 5589).
//!
//! Attended, the two parties that remain of two calls talk with each other. Blind, the number is called on account of the one who
//! transfers, and the party joins that call as soon as somebody rings there: a number that leads nowhere costs
//! nobody the call.

use strowger_base::journal::{Decision, Entry, Feature, TransferNews, WhyReleased, WhyTransferRefused};
use strowger_base::{CallId, Cause, Command, LegId, Now};

use crate::CallControl;
use crate::call::{Call, Match, Participant, Transfer, Transferring, conversation_of};
use crate::io::Outbox;

impl CallControl {
    /// A leg wants the other party of its call sent elsewhere.
    pub(crate) fn transfer(
        &mut self,
        now: Now,
        by: LegId,
        (destination, replaces): (&str, Option<LegId>),
        out: &mut Outbox,
    ) {
        let Some(primary) = self.shared.legs.get(&by).copied() else { return };
        if let Err(why) = self.try_transfer(now, (primary, by), (destination, replaces), out) {
            let cause = why.cause();
            out.command(by, Command::TransferResult(Err(cause)));
            out.decide(now, primary, Some(by), Decision::TransferRefused { cause, destination, why });
        }
    }

    /// Begins a transfer, or says why there is none.
    pub(super) fn try_transfer(
        &mut self,
        now: Now,
        (primary, by): (CallId, LegId),
        (destination, replaces): (&str, Option<LegId>),
        out: &mut Outbox,
    ) -> Result<(), WhyTransferRefused> {
        match replaces {
            Some(other) => self.attended(now, primary, by, destination, other, out),
            None => self.blind(now, primary, by, destination, out),
        }
    }

    /// What stands in the way of a transfer of the party that is not `by`.
    pub(super) fn transferable(&self, primary: CallId, by: LegId) -> Result<&Call, WhyTransferRefused> {
        let call = self.calls.get(&primary).ok_or(WhyTransferRefused::NotTalking)?;
        if call.is_page() {
            return Err(WhyTransferRefused::Page);
        }
        if !call.is_talking() {
            return Err(WhyTransferRefused::NotTalking);
        }
        if self.shared.is_intercom(by) {
            return Err(WhyTransferRefused::Intercom);
        }
        if call.facts.transfer.is_some() {
            return Err(WhyTransferRefused::UnderWay);
        }
        call.other(by).ok_or(WhyTransferRefused::NotTalking)?;
        Ok(call)
    }

    /// The party goes into the call of `other`, in whose place it comes.
    fn attended(
        &mut self,
        now: Now,
        primary: CallId,
        by: LegId,
        destination: &str,
        other: LegId,
        out: &mut Outbox,
    ) -> Result<(), WhyTransferRefused> {
        let call = self.transferable(primary, by)?;
        let moves = call.other(by).and_then(|leg| call.origin_of(leg)).is_some();
        let secondary = self.shared.legs.get(&other).copied().ok_or(WhyTransferRefused::NotReady)?;
        if secondary == primary {
            return Err(WhyTransferRefused::SameCall);
        }
        if self.shared.is_intercom(other) {
            return Err(WhyTransferRefused::Intercom);
        }
        let target = self.calls.get(&secondary).ok_or(WhyTransferRefused::NotReady)?;
        if target.is_page() {
            return Err(WhyTransferRefused::Page);
        }
        // A leg of a call may be none of its parties: what somebody who waits listens to has one too.
        let talks = target.is_talking() && target.other(other).is_some();
        if !talks && !target.takes_another_caller(other) {
            return Err(WhyTransferRefused::NotReady);
        }
        let stays = target.other(other).and_then(|leg| target.origin_of(leg)).is_some();
        let somebody_calls = moves || (talks && stays);
        if !somebody_calls {
            return Err(WhyTransferRefused::NobodyToJoin);
        }
        self.could_join(now, (primary, by), (secondary, other), out)?;
        out.command(by, Command::TransferResult(Ok(())));
        let began = Decision::TransferBegan { destination, into: Some(secondary), asks: None };
        out.decide(now, primary, Some(by), began);
        if talks {
            self.join(now, (primary, by), (secondary, other), out);
        } else {
            self.replace_caller(now, (primary, by), secondary, out);
        }
        Ok(())
    }

    /// That the two can talk with each other is known before anybody leaves: neither loses its call over a transfer that cannot be.
    fn could_join(
        &mut self,
        now: Now,
        (primary, by): (CallId, LegId),
        (secondary, other): (CallId, LegId),
        out: &mut Outbox,
    ) -> Result<(), WhyTransferRefused> {
        let left = |id: CallId, leg: LegId| self.calls.get(&id)?.other(leg);
        let Some(party) = left(primary, by) else { return Ok(()) };
        let matches = match left(secondary, other) {
            Some(stays) => self.could_talk(now, (primary, party), (secondary, stays), out),
            None => self.could_be_called_by(now, (primary, party), secondary, out),
        };
        match matches {
            // What they take they know best.
            Match::Yes | Match::Perhaps(_) => Ok(()),
            Match::No(why) => Err(WhyTransferRefused::Apart(why)),
        }
    }

    /// The parties that remain of two answered calls talk with each other.
    fn join(
        &mut self,
        now: Now,
        (primary, by): (CallId, LegId),
        (secondary, other): (CallId, LegId),
        out: &mut Outbox,
    ) {
        let id = self.shared.new_call();
        let moved = Feature::Transfer.into_call(id);
        out.command(by, Command::TransferEnded(Ok(())));
        out.decide(now, primary, Some(by), Decision::TransferWent(TransferNews::Reached));
        let Some(mut first) = self.calls.remove(&primary) else { return };
        let Some(mut second) = self.calls.remove(&secondary) else { return };
        let conversation = conversation_of(&first.facts);
        let one = first.hand_over(now, by, moved, &mut self.shared, out);
        let two = second.hand_over(now, other, moved, &mut self.shared, out);
        let (Some(one), Some(two)) = (one, two) else { return };
        let joined = Call::joined(
            now,
            id,
            (one, two),
            (Feature::Transfer, conversation),
            second.facts,
            &mut self.shared,
            out,
        );
        self.keep(joined);
    }

    /// The party comes in place of the caller of a call in which nobody has answered.
    fn replace_caller(
        &mut self,
        now: Now,
        (primary, by): (CallId, LegId),
        secondary: CallId,
        out: &mut Outbox,
    ) {
        let id = self.shared.new_call();
        out.command(by, Command::TransferEnded(Ok(())));
        out.decide(now, primary, Some(by), Decision::TransferWent(TransferNews::Reached));
        self.move_into(now, (primary, by), secondary, id, out);
    }

    fn move_into(
        &mut self,
        now: Now,
        (primary, by): (CallId, LegId),
        secondary: CallId,
        id: CallId,
        out: &mut Outbox,
    ) {
        let moved = Feature::Transfer.into_call(id);
        let Some(mut first) = self.calls.remove(&primary) else { return };
        let conversation = conversation_of(&first.facts);
        // It is what is being done.
        first.facts.transfer = None;
        let Some(party) = first.hand_over(now, by, moved, &mut self.shared, out) else { return };
        let Some(mut second) = self.calls.remove(&secondary) else {
            return self.nobody_left(now, &party, out);
        };
        second.facts.transfers = None;
        second.go_on_with(now, id, party, (Feature::Transfer, conversation), &mut self.shared, out);
        self.keep_boxed(second);
    }

    /// Nobody is there any more for a party that was moved.
    fn nobody_left(&mut self, now: Now, party: &Participant, out: &mut Outbox) {
        strowger_base::never!("a party was moved into a call that is not there");
        let cause = Cause::TEMPORARY_FAILURE;
        out.command(party.leg, Command::Release(cause));
        let why = WhyReleased::OtherPartyGone;
        out.journal(now, None, Some(party.leg), Entry::Decision(Decision::LegReleased { cause, why }));
    }

    /// The number is called on account of `by`; see the top of this file.
    fn blind(
        &mut self,
        now: Now,
        primary: CallId,
        by: LegId,
        destination: &str,
        out: &mut Outbox,
    ) -> Result<(), WhyTransferRefused> {
        if self.turned_away(now, out).is_some() {
            return Err(WhyTransferRefused::Congestion);
        }
        let call = self.transferable(primary, by)?;
        let moves = call.other(by).and_then(|leg| call.origin_of(leg)).is_some();
        let account = call.account_of(by, &self.shared.configuration);
        let (true, Some(account)) = (moves, account) else { return Err(WhyTransferRefused::NobodyToJoin) };
        let secondary = self.shared.new_call();
        out.command(by, Command::TransferResult(Ok(())));
        let began = Decision::TransferBegan { destination, into: None, asks: Some(secondary) };
        out.decide(now, primary, Some(by), began);
        if let Some(call) = self.calls.get_mut(&primary) {
            call.facts.transfer = Some(Transfer { by, secondary });
        }
        let transferring = Transferring { primary, by };
        let asks =
            Call::on_account_of(now, secondary, account, (destination, transferring), &mut self.shared, out);
        self.keep(asks);
        Ok(())
    }

    /// Whether a leg has asked for a transfer in which nobody was reached yet.
    pub(crate) fn transfers(&self, by: LegId) -> bool {
        self.transfer_of(by).is_some()
    }

    fn transfer_of(&self, by: LegId) -> Option<(CallId, Transfer)> {
        let primary = self.shared.legs.get(&by).copied()?;
        let transfer = self.calls.get(&primary)?.facts.transfer.filter(|transfer| transfer.by == by)?;
        Some((primary, transfer))
    }

    /// A leg that transfers hung up before anybody was reached: the party waits for that alone.
    pub(crate) fn transfer_unattended(&mut self, now: Now, by: LegId, out: &mut Outbox) {
        let Some((primary, Transfer { secondary, .. })) = self.transfer_of(by) else { return };
        let id = self.shared.new_call();
        // It is owed a word even now: what becomes of the party is none of its business any more.
        out.command(by, Command::TransferEnded(Ok(())));
        out.decide(now, primary, Some(by), Decision::TransferWent(TransferNews::Unattended));
        self.shared.legs.remove(&by);
        self.move_into(now, (primary, by), secondary, id, out);
    }

    /// Somebody rings or answered in a call that is made for a transfer: its party comes.
    pub(super) fn transfer_reached(&mut self, now: Now, secondary: CallId, out: &mut Outbox) {
        let transferring = self.calls.get(&secondary).and_then(|call| call.facts.transfers);
        let Some(Transferring { primary, by }) = transferring else { return };
        if let Err(why) = self.could_join(now, (primary, by), (secondary, by), out) {
            let cause = why.cause();
            self.transfer_failed(now, primary, by, cause, out);
            return self.with_call(secondary, |call, shared| call.abandon(now, cause, shared, out));
        }
        self.replace_caller(now, (primary, by), secondary, out);
    }

    /// Nobody was reached: whoever wanted the transfer keeps the call.
    pub(super) fn transfer_failed(
        &mut self,
        now: Now,
        primary: CallId,
        by: LegId,
        cause: Cause,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(&primary) else { return };
        if call.facts.transfer.take().is_some() {
            out.command(by, Command::TransferEnded(Err(cause)));
            out.decide(now, primary, Some(by), Decision::TransferWent(TransferNews::Failed(cause)));
        }
    }
}
