//! Offer and answer between the two sides of a call (RFC 3264, RFC 6337): who offered, who owes.
//!
//! Each side speaks its own dialog; this machine keeps the two in step, so that each offer gets exactly one answer
//! or refusal and no two offers are open at once.

use strowger_base::Cause;

/// One of the two sides of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    /// The calling device.
    Caller,
    /// The called device.
    Called,
}

impl Side {
    pub(crate) const fn other(self) -> Side {
        match self {
            Side::Caller => Side::Called,
            Side::Called => Side::Caller,
        }
    }
}

/// Where offer and answer stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exchange {
    /// The caller sent no offer, and the called device has not offered yet (delayed offer).
    Awaited,
    /// Nothing is open.
    Settled,
    /// This side offered and the other owes an answer.
    Offered(Side),
    /// This side asked for an offer and the other shall make one.
    Requested(Side),
    /// What this side receives changed without an offer of its own (the answer to a session refresh, RFC 4028
    /// §7.4, differed); the other side was offered it on our account, and its answer goes nowhere.
    Repaired(Side),
    /// Neither side has a session with the other yet: this side was asked for an offer on our account.
    Sought {
        /// Who was asked.
        of: Side,
        /// The other one was asked before and had none.
        last: bool,
    },
}

/// What a side does about media.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Move {
    Offer,
    Answer,
    Request,
    Refuse(Cause),
}

/// What follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Effect {
    /// The offer goes to the other side.
    PassOffer,
    /// The answer goes to the other side; media is agreed.
    PassAnswer,
    /// The other side is asked to offer.
    PassRequest,
    /// The other side's offer or request is refused.
    PassRefusal(Cause),
    /// The answer is for us only; media is agreed.
    Agreed,
    /// This side is asked for an offer, since the other one has none.
    Seek(Side),
    /// Neither side has an offer: there is nothing to talk over.
    NoMedia(Cause),
    /// The side that moved is refused: both moved at once (RFC 3261 §14.2).
    Glare,
    /// The side that moved is refused: there is no session yet that could be changed.
    NotReady,
    /// Nothing.
    Nothing,
}

impl Exchange {
    /// Whether an offer of `side` goes on to the other one.
    pub(crate) const fn takes_offer_of(self, side: Side) -> bool {
        matches!(self.step(side, Move::Offer).1, Effect::PassOffer)
    }

    /// `side` makes a move.
    pub(crate) const fn step(self, side: Side, what: Move) -> (Exchange, Effect) {
        match self {
            Exchange::Awaited => match (side, what) {
                (Side::Called, Move::Offer) => (Exchange::Offered(Side::Called), Effect::PassOffer),
                (Side::Caller, Move::Offer | Move::Request) | (Side::Called, Move::Request) => {
                    (self, Effect::NotReady)
                }
                (_, Move::Answer | Move::Refuse(_)) => (self, Effect::Nothing),
            },
            Exchange::Settled => match what {
                Move::Offer => (Exchange::Offered(side), Effect::PassOffer),
                Move::Answer => (Exchange::Repaired(side), Effect::PassOffer),
                Move::Request => (Exchange::Requested(side), Effect::PassRequest),
                Move::Refuse(_) => (self, Effect::Nothing),
            },
            Exchange::Offered(by) => match (side.is(by), what) {
                (false, Move::Answer) => (Exchange::Settled, Effect::PassAnswer),
                (false, Move::Refuse(cause)) => (Exchange::Settled, Effect::PassRefusal(cause)),
                (true, Move::Answer | Move::Refuse(_)) => (self, Effect::Nothing),
                (_, Move::Offer | Move::Request) => (self, Effect::Glare),
            },
            Exchange::Requested(by) => match (side.is(by), what) {
                (false, Move::Offer) => (Exchange::Offered(side), Effect::PassOffer),
                (false, Move::Refuse(cause)) => (Exchange::Settled, Effect::PassRefusal(cause)),
                (_, Move::Answer) | (true, Move::Refuse(_)) => (self, Effect::Nothing),
                (true, Move::Offer) | (_, Move::Request) => (self, Effect::Glare),
            },
            Exchange::Repaired(by) => match (side.is(by), what) {
                (false, Move::Answer) => (Exchange::Settled, Effect::Agreed),
                (false, Move::Refuse(_)) => (Exchange::Settled, Effect::Nothing),
                (true, Move::Answer | Move::Refuse(_)) => (self, Effect::Nothing),
                (_, Move::Offer | Move::Request) => (self, Effect::Glare),
            },
            Exchange::Sought { of, last } => match (side.is(of), what) {
                (true, Move::Offer) => (Exchange::Offered(side), Effect::PassOffer),
                (true, Move::Refuse(_)) if !last => {
                    (Exchange::Sought { of: of.other(), last: true }, Effect::Seek(of.other()))
                }
                (true, Move::Refuse(cause)) => (Exchange::Settled, Effect::NoMedia(cause)),
                (true, Move::Answer) | (false, Move::Answer | Move::Refuse(_)) => (self, Effect::Nothing),
                (true, Move::Request) | (false, Move::Offer | Move::Request) => (self, Effect::Glare),
            },
        }
    }
}

impl Side {
    pub(crate) const fn is(self, other: Side) -> bool {
        matches!((self, other), (Side::Caller, Side::Caller) | (Side::Called, Side::Called))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole table: state, side and move, then the next state and what follows.
    const TABLE: &str = include_str!("../testdata/exchange.txt");

    #[test]
    fn the_table_is_as_reviewed() {
        let states = [
            Exchange::Awaited,
            Exchange::Settled,
            Exchange::Offered(Side::Caller),
            Exchange::Offered(Side::Called),
            Exchange::Requested(Side::Caller),
            Exchange::Requested(Side::Called),
            Exchange::Repaired(Side::Caller),
            Exchange::Repaired(Side::Called),
            Exchange::Sought { of: Side::Caller, last: false },
            Exchange::Sought { of: Side::Called, last: true },
        ];
        let moves = [Move::Offer, Move::Answer, Move::Request, Move::Refuse(Cause(88))];
        let mut table = String::new();
        for state in states {
            for side in [Side::Caller, Side::Called] {
                for what in moves {
                    let (next, effect) = state.step(side, what);
                    let text = format!("{state:?} | {side:?} {what:?} | {next:?} | {effect:?}\n");
                    table.push_str(&text.replace("Cause(88 incompatible destination)", "88"));
                }
            }
        }
        assert!(table == TABLE, "the table is now:\n-----\n{table}-----\n");
    }

    #[test]
    fn every_offer_gets_exactly_one_answer_or_refusal() {
        let mut rng = strowger_base::Rng::new(11);
        let mut state = Exchange::Awaited;
        // Open offers of each side, counted from what each side sees.
        let mut owed = [0i32; 2];
        for _ in 0..100_000 {
            let side = if rng.one_in(2) { Side::Caller } else { Side::Called };
            let what = match rng.below(4) {
                0 => Move::Offer,
                1 => Move::Answer,
                2 => Move::Request,
                _ => Move::Refuse(Cause(88)),
            };
            let open_before = matches!(state, Exchange::Offered(_));
            let (next, effect) = state.step(side, what);
            if what == Move::Offer {
                owed[side as usize] += 1;
            }
            match effect {
                Effect::PassAnswer => owed[side.other() as usize] -= 1,
                Effect::PassRefusal(_) if open_before => owed[side.other() as usize] -= 1,
                Effect::Glare | Effect::NotReady if what == Move::Offer => owed[side as usize] -= 1,
                Effect::PassOffer
                | Effect::PassRequest
                | Effect::PassRefusal(_)
                | Effect::Agreed
                | Effect::Seek(_)
                | Effect::NoMedia(_)
                | Effect::Glare
                | Effect::NotReady
                | Effect::Nothing => {}
            }
            let open = |of: Side| i32::from(next == Exchange::Offered(of));
            assert_eq!(owed, [open(Side::Caller), open(Side::Called)], "{state:?} {side:?} {what:?}");
            state = next;
        }
    }
}
