//! Automated alternate routing (AAR): over the public network when the own one is full.
//!
//! Only the lack of bandwidth between two registered devices leads here; an unregistered phone is call forwarding's.

use std::collections::BTreeMap;

use strowger_base::Cause;

use super::ledger::Refusal;
use crate::forward::{OnBehalfOf, RedirectReason};

/// The service parameter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum AarSwitch {
    /// Calls without bandwidth end.
    #[default]
    Disabled,
    /// They are rerouted.
    Enabled,
}

/// Whether calls to this line go to voice mail instead of over the public network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum VoiceMailInstead {
    /// Over the public network.
    #[default]
    No,
    /// To the line's voice mail.
    Yes,
}

/// Which digits lead from one AAR group to another. `G` names a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AarGroups<G> {
    prefixes: BTreeMap<(G, G), Box<str>>,
}

/// What the called line says. Masks are applied already.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AarCalled<'n> {
    /// Its number under its AAR destination mask, when it has one.
    pub destination: Option<&'n str>,
    /// Its number under its external phone number mask, when it has one.
    pub external: Option<&'n str>,
    /// Voice mail instead.
    pub voice_mail: VoiceMailInstead,
}

/// What becomes of a call without bandwidth.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AarDecision {
    /// This number is looked up with the caller's AAR search space, while the phone shows that it is rerouted.
    Dial {
        /// The number.
        number: Box<str>,
        /// Which mask gave it.
        from: AarNumber,
    },
    /// The line's voice mail takes the call.
    VoiceMail,
    /// The call ends.
    Refused {
        /// What the caller is told.
        cause: Cause,
        /// Why.
        because: AarRefused,
    },
}

/// Which of a line's numbers is dialled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AarNumber {
    /// Under the AAR destination mask.
    DestinationMask,
    /// Under the external phone number mask.
    ExternalMask,
}

/// Why a call without bandwidth is not rerouted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AarRefused {
    /// AAR is switched off.
    Disabled,
    /// The called line has neither mask.
    NoMask,
}

impl<G: Ord> AarGroups<G> {
    /// No prefixes, as with masks in E.164 form.
    pub const fn new() -> Self {
        AarGroups { prefixes: BTreeMap::new() }
    }

    /// Sets what `calling` dials before numbers of `called`; empty takes it back.
    pub fn set(&mut self, calling: G, called: G, prefix: &str) {
        self.prefixes.insert((calling, called), prefix.into());
    }

    /// What `calling` dials before numbers of `called`. Devices without a group dial nothing.
    pub fn prefix(&self, calling: Option<&G>, called: Option<&G>) -> &str
    where
        G: Clone,
    {
        let pair = calling.cloned().zip(called.cloned());
        pair.and_then(|pair| self.prefixes.get(&pair)).map_or("", |prefix| prefix)
    }
}

impl<G: Ord> Default for AarGroups<G> {
    fn default() -> Self {
        Self::new()
    }
}

impl AarDecision {
    /// Why call records say that the call was redirected.
    pub const REASON: RedirectReason = RedirectReason::REROUTED;
    /// On whose behalf call records say that it was.
    pub const ON_BEHALF_OF: OnBehalfOf = OnBehalfOf::REROUTING;
}

/// What becomes of a call that `refusal` has no bandwidth for. `prefix` is [`AarGroups::prefix`]'s.
pub fn reroute(refusal: &Refusal, switch: AarSwitch, called: AarCalled<'_>, prefix: &str) -> AarDecision {
    let refused = |because| AarDecision::Refused { cause: refusal.cause(), because };
    match switch {
        AarSwitch::Disabled => return refused(AarRefused::Disabled),
        AarSwitch::Enabled => {}
    }
    match called.voice_mail {
        VoiceMailInstead::Yes => return AarDecision::VoiceMail,
        VoiceMailInstead::No => {}
    }
    let number = |number: Option<&str>| {
        number.filter(|number| !number.is_empty()).map(|number| [prefix, number].concat())
    };
    if let Some(number) = number(called.destination) {
        return AarDecision::Dial { number: number.into(), from: AarNumber::DestinationMask };
    }
    match number(called.external) {
        Some(number) => AarDecision::Dial { number: number.into(), from: AarNumber::ExternalMask },
        None => refused(AarRefused::NoMask),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_without_bandwidth_finds_another_way_or_ends() {
        let refusal = Refusal::UnknownLocation;
        let check = |switch, called: AarCalled<'_>, prefix: &str, expect: &str| {
            let found = match reroute(&refusal, switch, called, prefix) {
                AarDecision::Dial { number, from } => format!("{number} {from:?}"),
                AarDecision::VoiceMail => "voice mail".to_owned(),
                AarDecision::Refused { cause, because } => format!("{} {because:?}", cause.0),
            };
            assert_eq!(found, expect, "{called:?}");
        };
        let none = AarCalled::default();
        let external = AarCalled { external: Some("4085551234"), ..none };
        let both = AarCalled { destination: Some("+14085551234"), ..external };
        let empty = AarCalled { destination: Some(""), ..external };
        let voice_mail = AarCalled { voice_mail: VoiceMailInstead::Yes, ..both };
        check(AarSwitch::Disabled, both, "", "125 Disabled");
        check(AarSwitch::Enabled, none, "91", "125 NoMask");
        check(AarSwitch::Enabled, external, "91", "914085551234 ExternalMask");
        check(AarSwitch::Enabled, both, "", "+14085551234 DestinationMask");
        check(AarSwitch::Enabled, empty, "", "4085551234 ExternalMask");
        check(AarSwitch::Enabled, voice_mail, "", "voice mail");
        check(AarSwitch::Disabled, voice_mail, "", "125 Disabled");
    }

    #[test]
    fn the_prefix_depends_on_both_groups() {
        let mut groups = AarGroups::new();
        groups.set("us", "us", "91");
        groups.set("us", "de", "901149");
        let check = |calling: Option<&'static str>, called: Option<&'static str>, expect: &str| {
            assert_eq!(groups.prefix(calling.as_ref(), called.as_ref()), expect, "{calling:?} {called:?}");
        };
        check(Some("us"), Some("us"), "91");
        check(Some("us"), Some("de"), "901149");
        check(Some("de"), Some("us"), "");
        check(None, Some("us"), "");
        check(Some("us"), None, "");
    }
}
