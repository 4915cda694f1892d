//! The rules of intercom where a call is made and where media is agreed.
//!
//! The one-way part is steered in offers and answers (RFC 3264 §6.1): what the caller says of its media goes on as if it only sent, what
//! the target says as if it only received. The target talks when it offers both ways; or when it asks for that by a key, and then each
//! side is offered what the other one has.

use strowger_base::journal::{Decision, Intercom, WhyOfferRefused, WhyRefused};
use strowger_base::leg::{FurtherDigits, Origin};
use strowger_base::{Cause, Command, LineName, Media, Now, SessionDescription};
use strowger_dialplan::Action;
use strowger_media::sdp::{self, Direction};

use super::session::{Begun, MediaSignal};
use super::{Call, State, Step, Talking};
use crate::exchange::{Exchange, Side};
use crate::features::intercom::Stage;
use crate::io::Outbox;
use crate::shared::Shared;

/// What a caller on an intercom line is told who calls anything else.
const ONLY_INTERCOM: &str = "An intercom line calls intercom lines only";

impl Call {
    /// The target asked to be heard; whether it is on its way.
    pub(crate) fn talk(&mut self, now: Now, shared: &mut Shared, out: &mut Outbox) -> bool {
        if !matches!(&self.state, State::Talking(talking) if talking.may_talk()) {
            return false;
        }
        let mut step = Step { now, facts: &mut self.facts, shared, out };
        if let State::Talking(talking) = &mut self.state {
            talking.begin_to_talk(&mut step);
        }
        true
    }
}

impl Step<'_> {
    /// A key of an intercom line dials nothing, or its own number where its phone cannot dial nothing: its target is called.
    pub(super) fn call_intercom_target(&mut self) {
        let Origin::Line { line, .. } = &self.facts.origin else { return };
        let Some(intercom) = self.shared.configuration.intercom(line.as_str()) else { return };
        let dials_none = self.facts.called.is_empty() || *self.facts.called == *line.number();
        if !dials_none || intercom.target.is_empty() {
            return;
        }
        let target = intercom.target.clone();
        self.decide(None, Decision::Intercom(Intercom::Target(&target)));
        self.facts.called = target;
        self.facts.further_digits = FurtherDigits::None;
    }

    /// Refuses a call from an intercom line to anything else, and the other way round.
    pub(super) fn intercom_bars(&mut self, action: &Action) -> Option<State> {
        let is_target = match action {
            Action::Line(line) => self.shared.configuration.intercom(line.as_str()).is_some(),
            Action::Translate(_)
            | Action::Route(_)
            | Action::Hunt { .. }
            | Action::Service(_)
            | Action::Feature(_)
            | Action::Block(_) => false,
        };
        match (self.shared.calls_by_intercom(&self.facts.origin), is_target) {
            (true, true) | (false, false) => None,
            (true, false) => Some(self.refuse_intercom()),
            (false, true) => {
                let rule = "Only intercom lines call an intercom line";
                Some(self.refuse(Cause::FACILITY_REJECTED, WhyRefused::Intercom { rule }))
            }
        }
    }

    /// An intercom line called what is no intercom line: it is busy.
    pub(super) fn refuse_intercom(&mut self) -> State {
        self.refuse(Cause::USER_BUSY, WhyRefused::Intercom { rule: ONLY_INTERCOM })
    }

    /// While a call of a phone is recorded it neither makes nor takes intercom calls.
    pub(super) fn intercom_waits(&mut self, line: &LineName) -> Option<State> {
        let configuration = &self.shared.configuration;
        configuration.intercom(line.as_str())?;
        let recorded = |phone: Option<&str>| phone.is_some_and(|phone| self.shared.recordings.records(phone));
        let own = match &self.facts.origin {
            Origin::Line { phone, .. } => phone.as_deref(),
            Origin::Trunk(_) => None,
        };
        let phones = configuration.lines.get(line.as_str()).map(|line| &*line.phones).unwrap_or_default();
        let rule = if recorded(own) {
            "A phone whose call is recorded makes no intercom calls"
        } else if phones.iter().any(|phone| recorded(phone.name.as_deref())) {
            "A phone whose call is recorded takes no intercom calls"
        } else {
            return None;
        };
        Some(self.refuse(Cause::USER_BUSY, WhyRefused::Intercom { rule }))
    }

    /// The call reaches a line; it is an intercom call when that is an intercom line.
    pub(super) fn begin_intercom(&mut self, line: &LineName) {
        if self.shared.configuration.intercom(line.as_str()).is_some() {
            self.shared.intercoms.begin(self.facts.id);
            self.decide(None, Decision::Intercom(Intercom::Whispers));
        }
    }

    /// What is left of a description that `from` wrote, while the target is not heard.
    pub(super) fn whispered(
        &self,
        from: Side,
        description: &SessionDescription,
        left: Option<SessionDescription>,
    ) -> Option<SessionDescription> {
        if !self.shared.intercoms.whispers(self.facts.id) {
            return left;
        }
        let told = left.as_ref().unwrap_or(description);
        let flows = |peek: sdp::Peek<'_>| peek.direction != Direction::Inactive;
        if !sdp::peek(told.as_bytes()).is_ok_and(flows) {
            return left;
        }
        let direction = match from {
            Side::Caller => Direction::SendOnly,
            Side::Called => Direction::ReceiveOnly,
        };
        Some(sdp::set_direction(told.as_bytes(), direction))
    }
}

/// What an offer means in an intercom call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Meaning {
    /// It changes nothing that matters here.
    Goes,
    /// It says what the caller was told: that it only sends. It would send and receive.
    Repeats,
    /// The target wants to be heard.
    Talks,
    /// It holds the other side.
    Holds,
}

/// What an offer of a side means, by the direction in which it wants media to flow.
const fn meaning(stage: Stage, side: Side, direction: Direction) -> Meaning {
    match (stage, side, direction) {
        (Stage::Whispers, Side::Caller, Direction::SendReceive) => Meaning::Goes,
        (Stage::Whispers, Side::Caller, Direction::SendOnly) => Meaning::Repeats,
        // Who does not send any more holds a target that only listens.
        (Stage::Whispers, Side::Caller, Direction::ReceiveOnly) => Meaning::Holds,
        (Stage::Whispers, Side::Called, Direction::SendReceive) => Meaning::Talks,
        (Stage::Whispers, Side::Called, Direction::ReceiveOnly) => Meaning::Goes,
        (
            Stage::Prompted | Stage::Offered | Stage::Talks,
            Side::Caller | Side::Called,
            Direction::SendReceive | Direction::ReceiveOnly,
        ) => Meaning::Goes,
        (_, _, Direction::SendOnly | Direction::Inactive) => Meaning::Holds,
    }
}

impl Talking {
    /// What a side tells about media, as it goes on in an intercom call; `None` when it is refused.
    pub(super) fn intercom_told(
        &self,
        step: &mut Step<'_>,
        side: Side,
        signal: MediaSignal,
    ) -> Option<MediaSignal> {
        let Some(stage) = step.shared.intercoms.stage(step.facts.id) else { return Some(signal) };
        let offer = match signal {
            MediaSignal::Offer(offer) => offer,
            other @ (MediaSignal::Answer(_) | MediaSignal::Request | MediaSignal::Refuse(_)) => {
                return Some(other);
            }
        };
        let Ok(peek) = sdp::peek(offer.as_bytes()) else { return Some(MediaSignal::Offer(offer)) };
        // RFC 2543 put nobody's address for hold.
        let nowhere = peek.audio.is_some_and(|address| address.ip().is_unspecified());
        let meaning = if nowhere { Meaning::Holds } else { meaning(stage, side, peek.direction) };
        match meaning {
            Meaning::Goes => Some(MediaSignal::Offer(offer)),
            Meaning::Repeats => {
                Some(MediaSignal::Offer(sdp::set_direction(offer.as_bytes(), Direction::SendReceive)))
            }
            Meaning::Talks => {
                if self.may_talk() {
                    step.shared.intercoms.set(step.facts.id, Stage::Offered);
                }
                Some(MediaSignal::Offer(offer))
            }
            Meaning::Holds => {
                let leg = self.session.leg(side, step);
                let (cause, why) = (Cause::BEARER_CAPABILITY_NOT_AUTHORIZED, WhyOfferRefused::Intercom);
                step.command(leg, Command::RefuseMedia(cause));
                step.decide(Some(leg), Decision::OfferRefused { cause, why });
                None
            }
        }
    }

    /// The target pressed a key that its phone tells; whether that means that it talks.
    pub(super) fn talks_by_key(&mut self, step: &mut Step<'_>, side: Side) -> bool {
        let talks = side == Side::Called && step.shared.intercoms.whispers(step.facts.id) && self.may_talk();
        if talks {
            self.begin_to_talk(step);
        }
        talks
    }

    /// Whether nothing is open between the two, so that the target can be heard from here on.
    fn may_talk(&self) -> bool {
        let settled = self.session.exchange == Exchange::Settled && self.session.begun == Begun::Yes;
        settled && self.joining.is_none() && self.resumes.is_none()
    }

    /// The target is offered that both hear each other.
    fn begin_to_talk(&mut self, step: &mut Step<'_>) {
        step.shared.intercoms.set(step.facts.id, Stage::Prompted);
        self.offer_both_ways(step, Side::Caller);
    }

    /// Offers the other side what `from` has, as if it had never been restricted; the answer is for us.
    fn offer_both_ways(&mut self, step: &mut Step<'_>, from: Side) {
        let known = step.facts.outlet(from.other()).source();
        let both = known.map(|known| sdp::set_direction(known.as_bytes(), Direction::SendReceive));
        let called = self.session.called;
        match both.and_then(|both| step.pass_offer(from, called, both)) {
            Some(passed) => {
                self.session.exchange = Exchange::Repaired(from);
                let other = self.session.leg(from.other(), step);
                step.tell_media(other, Media::Offer(passed));
            }
            None => step.still_whispers(),
        }
    }

    /// A side told something about media: where that settles what was offered, the target is heard or still is not.
    pub(super) fn intercom_went(&mut self, step: &mut Step<'_>, agreed: bool) {
        if self.session.exchange != Exchange::Settled {
            return;
        }
        match step.shared.intercoms.stage(step.facts.id) {
            Some(Stage::Prompted) if agreed => {
                step.shared.intercoms.set(step.facts.id, Stage::Offered);
                self.offer_both_ways(step, Side::Called);
            }
            Some(Stage::Offered) if agreed => {
                step.shared.intercoms.set(step.facts.id, Stage::Talks);
                step.decide(Some(self.session.called), Decision::Intercom(Intercom::Talks));
            }
            Some(Stage::Prompted | Stage::Offered) => step.still_whispers(),
            Some(Stage::Whispers | Stage::Talks) | None => {}
        }
    }
}

impl Step<'_> {
    fn still_whispers(&mut self) {
        self.shared.intercoms.set(self.facts.id, Stage::Whispers);
        self.decide(None, Decision::Intercom(Intercom::StillWhispers));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole table: stage, side and direction of an offer, then what it means.
    const TABLE: &str = "\
Whispers  Caller SendReceive Goes
Whispers  Caller SendOnly    Repeats
Whispers  Caller ReceiveOnly Holds
Whispers  Caller Inactive    Holds
Whispers  Called SendReceive Talks
Whispers  Called SendOnly    Holds
Whispers  Called ReceiveOnly Goes
Whispers  Called Inactive    Holds
Talks     Caller SendReceive Goes
Talks     Caller SendOnly    Holds
Talks     Caller ReceiveOnly Goes
Talks     Caller Inactive    Holds
Talks     Called SendReceive Goes
Talks     Called SendOnly    Holds
Talks     Called ReceiveOnly Goes
Talks     Called Inactive    Holds
";

    #[test]
    fn the_table_is_as_reviewed() {
        let directions =
            [Direction::SendReceive, Direction::SendOnly, Direction::ReceiveOnly, Direction::Inactive];
        let table = |stage: Stage| {
            let mut table = String::new();
            for side in [Side::Caller, Side::Called] {
                for direction in directions {
                    let means = meaning(stage, side, direction);
                    let (stage, side) = (format!("{stage:?}"), format!("{side:?}"));
                    let direction = format!("{direction:?}");
                    table.push_str(&format!("{stage:<9} {side:<6} {direction:<11} {means:?}\n"));
                }
            }
            table
        };
        assert_eq!(table(Stage::Whispers) + &table(Stage::Talks), TABLE);
        for stage in [Stage::Prompted, Stage::Offered] {
            let name = format!("{stage:?}");
            assert_eq!(table(stage).replace(&format!("{name:<9}"), "Talks    "), table(Stage::Talks));
        }
    }
}
