//! The choices of the service parameters.

use crate::setting::choice;

choice! {
    /// A tone that says why a call fails.
    pub enum AnnouncedTone {
        /// The special information tone: something is wrong with the number.
        Information = "information",
        /// Busy tone.
        Busy = "busy",
        /// Reorder tone: congestion.
        Reorder = "reorder",
    }
}

choice! {
    /// Who hears why a call fails.
    pub enum AnnouncedTo {
        /// Every caller.
        Everybody = "everybody",
        /// Callers from trunks. Phones make a tone by themselves when they are told the cause.
        Trunks = "trunks",
    }
}

choice! {
    /// When an urgent pattern ends the collection of digits.
    pub enum UrgentMatch {
        /// When it is the closest match.
        ClosestOnly = "closest-only",
        /// Whenever it matches.
        AnyMatch = "any-match",
    }
}

choice! {
    /// Whether a number that was dialled as a whole is waited for on later lookups.
    pub enum EnBlocLookups {
        /// It stays complete: no lookup waits.
        Complete = "complete",
        /// Later lookups wait as for any other number.
        Wait = "wait",
    }
}

choice! {
    /// Which of two patterns of one partition wins that take as many numbers of a length.
    pub enum TieWinner {
        /// The one that was added first.
        Oldest = "oldest",
        /// The one that was added last.
        Newest = "newest",
    }
}

choice! {
    /// What # means where no visible pattern holds it.
    pub enum HashMeaning {
        /// It ends dialling and is no part of the number.
        EndsDialling = "ends-dialling",
        /// It is a digit like others.
        Digit = "digit",
    }
}

choice! {
    /// What becomes of keys that are pressed while a later lookup waits.
    pub enum WaitingKeys {
        /// Nothing.
        Ignored = "ignored",
        /// They join the number.
        Join = "join",
    }
}

choice! {
    /// Whether a speed dial waits for more digits.
    pub enum SpeedDialWait {
        /// It is a complete number.
        Complete = "complete",
        /// It waits where a longer pattern could match and the best match is not urgent.
        AwaitFurtherDigits = "await-further-digits",
    }
}

choice! {
    /// When opening hours are looked at.
    pub enum HoursChecked {
        /// When a lookup begins.
        EachLookup = "each-lookup",
        /// When the first lookup of a call begins, for all of them.
        FirstLookup = "first-lookup",
    }
}

choice! {
    /// Which opening hours count on a day of the year that one of them names.
    pub enum HoursPrecedence {
        /// Those of that day alone.
        DayOfYear = "day-of-year",
        /// All.
        AnyPeriod = "any-period",
    }
}

choice! {
    /// What a negated set takes.
    pub enum NegatedSet {
        /// A digit 0-9 outside the set.
        Digits = "digits",
        /// A digit, * or # outside the set.
        DigitsStarAndHash = "digits-star-and-hash",
    }
}

choice! {
    /// The way out of a chain of forwards.
    pub enum Breakout {
        /// The line rings as if the forward were not set.
        Ring = "ring",
        /// The line's forward of unanswered calls takes the call at once; without one the line rings.
        NoAnswerForward = "no-answer-forward",
    }
}

choice! {
    /// Whose partitions a forward of all calls sees.
    pub enum ForwardAllSystemPolicy {
        /// Those of the forward itself.
        Configured = "configured",
        /// Those of the line and phone at which it was set.
        Line = "line",
    }
}

choice! {
    /// Where calls come from.
    pub enum TrunkSide {
        /// From inside.
        OnNet = "on-net",
        /// From the outside.
        OffNet = "off-net",
    }
}

choice! {
    /// An algorithm of digest authentication.
    pub enum DigestAlgorithm {
        /// MD5, which most desk phones need.
        Md5 = "MD5",
        /// SHA-256.
        Sha256 = "SHA-256",
    }
}

choice! {
    /// When media goes through a relay.
    pub enum RelayMode {
        /// Never: media flows from phone to phone.
        Never = "never",
        /// When a device names another address for its media than its packets come from.
        Nat = "nat",
        /// In every call.
        Always = "always",
    }
}

choice! {
    /// Whose voice mail gets calls that phones divert.
    pub enum DivertTo {
        /// That of the line that diverts.
        Diverting = "diverting",
        /// That of the line which was called originally, where it has one.
        Original = "original",
    }
}

choice! {
    /// When a conference ends although others are in it.
    pub enum ConferenceEnds {
        /// Not before fewer than two are there.
        Never = "never",
        /// When whoever began it leaves.
        WithStarter = "with-starter",
        /// When nobody in it has a line of this system any more.
        WithLastLine = "with-last-line",
    }
}

choice! {
    /// Where on its way a call needs room.
    pub enum LocationRoom {
        /// In every location that it passes.
        EveryLocation = "every-location",
        /// Where it begins and where it ends.
        BothEnds = "both-ends",
    }
}

choice! {
    /// How much of each message is kept.
    pub enum MessageDetail {
        /// All of it: whoever finds the journal sees it too.
        Full = "full",
        /// First line, Call-ID and CSeq.
        Summary = "summary",
    }
}

choice! {
    /// When quality records are written.
    pub enum CallRecordDetail {
        /// Never.
        Never = "never",
        /// When call detail records are.
        WithCallRecords = "with-call-records",
        /// Always.
        Always = "always",
    }
}
