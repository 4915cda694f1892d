//! The service parameters.

use strowger_base::Cause;
use strowger_base::leg::CallTone;
use strowger_callcontrol::RelayMode;
use strowger_callcontrol::configuration::{
    AnnouncedSound, AnnouncedTo, Announcement, Announcements, Barging, ConferenceControl, ConferenceEnds,
    ConferenceRules, ConferenceTones, DivertTo, HoldMode, RecordingTone, Unencrypted,
};
use strowger_configuration::kinds::{
    self, EnBlocLookups, ForwardAllSystemPolicy, HashMeaning, HoursChecked, HoursPrecedence, NegatedSet,
    ServiceParameters, SpeedDialWait, TieWinner, TrunkSide, UrgentMatch, WaitingKeys,
};
use strowger_configuration::reader::{AlreadySealed, ByIdOnly, Reader};
use strowger_configuration::serde_json::Map;
use strowger_configuration::setting::{Record, Whole};
use strowger_configuration::{Id, Kind};
use strowger_dialplan::codes::DisplayCode;
use strowger_dialplan::forward::{Breakout, BySide, CallSide, CfaSystemPolicy};
use strowger_dialplan::route_list::RouteListParameters;
use strowger_dialplan::schedule::Precedence;
use strowger_dialplan::{
    EnBlocHops, HashRule, HoursRule, KeysOnLaterHops, NegatedSetRule, Parameters, SpeedDialRule, TieRule,
    UrgentRule,
};
use strowger_sip::io::DigestAlgorithm;

use super::{Translation, admission, audio_source, country, hold_sources, media};
use crate::configuration::{Draft, ForwardingDraft, MessageDetail, Place, Timers};

impl Translation<'_> {
    /// What holds for the whole system; without the object, its defaults, of which not every one is that of a draft.
    pub(super) fn parameters(&mut self) {
        let usual;
        let it = match self.state.all::<ServiceParameters>().next() {
            Some((id, it)) => {
                self.translated.origins.add(Place::Node, Kind::ServiceParameters, id);
                it
            }
            None => match defaults() {
                Some(defaults) => {
                    usual = defaults;
                    &usual
                }
                None => return,
            },
        };
        let draft = &mut self.translated.draft;
        draft.domain = it.domain.as_str().into();
        draft.aliases = it.aliases.iter().map(|name| name.as_str().into()).collect();
        draft.forwarding = forwarding(it);
        draft.timers = timers(it);
        draft.relay = match it.relay {
            kinds::RelayMode::Never => RelayMode::Never,
            kinds::RelayMode::Nat => RelayMode::WhenBehindNat,
            kinds::RelayMode::Always => RelayMode::Always,
        };
        draft.plan.pickup.auto = it.auto_pickup;
        draft.unencrypted =
            if it.block_unencrypted_calls { Unencrypted::Blocked } else { Unencrypted::Allowed };
        draft.plan.park.reversion = it.park_reversion.get();
        draft.call_back_time = it.call_back_time.get();
        draft.hold = if it.music_on_hold { HoldMode::Music } else { HoldMode::PassedOn };
        let ring = |which: Option<Whole<1, 5>>| which.and_then(|which| u8::try_from(which.get()).ok());
        draft.distinctive = BySide { internal: ring(it.ring_inside), external: ring(it.ring_outside) };
        draft.divert_to = match it.divert_to {
            kinds::DivertTo::Diverting => DivertTo::Diverting,
            kinds::DivertTo::Original => DivertTo::Original,
        };
        draft.country = country(it.network_locale.as_ref()).unwrap_or_default();
        draft.hold_sources = hold_sources(it.user_hold_source, it.network_hold_source);
        draft.announcements = announcements(it);
        draft.conferences = conferences(it);
        media::parameters(it, &mut draft.media);
        draft.recording.tone = RecordingTone {
            recorded: it.recording_tone_recorded,
            other_party: it.recording_tone_other_party,
        };
        draft.messages = match it.messages {
            kinds::MessageDetail::Full => MessageDetail::Full,
            kinds::MessageDetail::Summary => MessageDetail::Summary,
        };
        draft.digest_algorithms = it.digest_algorithms.iter().map(|name| algorithm(*name)).collect();
        dial_plan(it, draft);
        admission::parameters(it, &mut draft.admission);
        draft.codes.interdigit_timer = it.code_timer.map(|timer| timer.get());
        draft.codes.refused_cause = cause(it.wrong_code_cause.get());
        draft.codes.display = if it.show_authorization_code { DisplayCode::Yes } else { DisplayCode::No };
    }
}

/// Every service parameter with its default; all of them have one.
fn defaults() -> Option<ServiceParameters> {
    let mut reader = Reader::new(Id::from_random(0), &ByIdOnly, &AlreadySealed);
    ServiceParameters::read_table(&Map::new(), &mut reader)
}

fn conferences(it: &ServiceParameters) -> ConferenceRules {
    ConferenceRules {
        ad_hoc_parties: it.conference_parties_max.get(),
        meet_me_parties: it.meet_me_parties_max.get(),
        ends: match it.conference_ends {
            kinds::ConferenceEnds::Never => ConferenceEnds::Never,
            kinds::ConferenceEnds::WithStarter => ConferenceEnds::WithStarter,
            kinds::ConferenceEnds::WithLastLine => ConferenceEnds::WithLastLine,
        },
        control: if it.advanced_conference {
            ConferenceControl::Everybody
        } else {
            ConferenceControl::Starter
        },
        tones: if it.party_entrance_tone { ConferenceTones::Yes } else { ConferenceTones::No },
        barge: super::lines::barging(it.barge),
        single_button_barge: match it.single_button_barge {
            kinds::SingleButtonPolicy::Off => Barging::Off,
            kinds::SingleButtonPolicy::Barge => Barging::Barge,
            kinds::SingleButtonPolicy::ConferenceBarge => Barging::Conference,
        },
    }
}

fn announcements(it: &ServiceParameters) -> Announcements {
    let one = |written: &kinds::Announcement| {
        let tone = match written.tone {
            kinds::AnnouncedTone::Information => CallTone::Information,
            kinds::AnnouncedTone::Busy => CallTone::Busy,
            kinds::AnnouncedTone::Reorder => CallTone::Reorder,
        };
        let announcement = Announcement {
            sound: match audio_source(written.audio_source) {
                Some(source) => AnnouncedSound::Source(source),
                None => AnnouncedSound::Tone(tone),
            },
            to: match written.to {
                kinds::AnnouncedTo::Everybody => AnnouncedTo::Everybody,
                kinds::AnnouncedTo::Trunks => AnnouncedTo::Trunks,
            },
        };
        ((cause(written.cause.get()), country(written.network_locale.as_ref())), announcement)
    };
    it.announcements.iter().map(one).collect()
}

fn timers(it: &ServiceParameters) -> Timers {
    Timers {
        expires_min: it.expires_min.get(),
        expires_max: it.expires_max.get(),
        expires_default: it.expires_default.get(),
        nonce_lifetime: it.nonce_lifetime.get(),
        session_expires: it.session_expires.get(),
        trunk_no_answer: it.trunk_no_answer.get(),
    }
}

fn forwarding(it: &ServiceParameters) -> ForwardingDraft {
    let breakout = |written| match written {
        kinds::Breakout::Ring => Breakout::Ring,
        kinds::Breakout::NoAnswerForward => Breakout::NoAnswerForward,
    };
    ForwardingDraft {
        hops_max: it.forward_hops_max.get().into(),
        on_loop: breakout(it.forward_on_loop),
        on_hop_limit: breakout(it.forward_on_hop_limit),
        ring: it.ring_time.get(),
        all_policy: match it.forward_all_policy {
            ForwardAllSystemPolicy::Configured => CfaSystemPolicy::WithConfiguredCss,
            ForwardAllSystemPolicy::Line => CfaSystemPolicy::WithActivatingDeviceLineCss,
        },
        trunks: match it.trunk_classification {
            TrunkSide::OnNet => CallSide::Internal,
            TrunkSide::OffNet => CallSide::External,
        },
    }
}

fn dial_plan(it: &ServiceParameters, draft: &mut Draft) {
    draft.plan.parameters = Parameters {
        interdigit_timer: it.interdigit_timer.get(),
        translations_max: it.translations_max.get(),
        urgent: match it.urgent_match {
            UrgentMatch::ClosestOnly => UrgentRule::ClosestOnly,
            UrgentMatch::AnyMatch => UrgentRule::AnyMatch,
        },
        en_bloc_hops: match it.en_bloc_lookups {
            EnBlocLookups::Complete => EnBlocHops::Complete,
            EnBlocLookups::Wait => EnBlocHops::Wait,
        },
        hash: match it.hash {
            HashMeaning::EndsDialling => HashRule::EndsDialling,
            HashMeaning::Digit => HashRule::Digit,
        },
        keys_on_later_hops: match it.waiting_keys {
            WaitingKeys::Ignored => KeysOnLaterHops::Ignored,
            WaitingKeys::Join => KeysOnLaterHops::Join,
        },
        speed_dial: match it.speed_dial_wait {
            SpeedDialWait::Complete => SpeedDialRule::Complete,
            SpeedDialWait::AwaitFurtherDigits => SpeedDialRule::AwaitFurtherDigits,
        },
        ties: match it.tie_winner {
            TieWinner::Oldest => TieRule::Oldest,
            TieWinner::Newest => TieRule::Newest,
        },
        hours: match it.hours_checked {
            HoursChecked::EachLookup => HoursRule::EachLookup,
            HoursChecked::FirstLookup => HoursRule::FirstLookup,
        },
        negated_set: match it.negated_set {
            NegatedSet::Digits => NegatedSetRule::Digits,
            NegatedSet::DigitsStarAndHash => NegatedSetRule::DigitsStarAndHash,
        },
    };
    draft.plan.hours_precedence = match it.hours_precedence {
        HoursPrecedence::DayOfYear => Precedence::DayOfYear,
        HoursPrecedence::AnyPeriod => Precedence::AnyPeriod,
    };
    draft.plan.route_lists_rule = RouteListParameters {
        stop_on_busy: it.stop_routing_on_busy,
        stop_on_unallocated: it.stop_routing_on_unallocated,
        stop_on_out_of_bandwidth: it.stop_routing_on_out_of_bandwidth,
        continue_on: it.continue_routing_on.iter().map(|number| cause(number.get())).collect(),
    };
}

const fn algorithm(name: kinds::DigestAlgorithm) -> DigestAlgorithm {
    match name {
        kinds::DigestAlgorithm::Md5 => DigestAlgorithm::Md5,
        kinds::DigestAlgorithm::Sha256 => DigestAlgorithm::Sha256,
    }
}

/// A cause as its setting has it: never above 127.
pub(super) fn cause(number: u32) -> Cause {
    Cause(u8::try_from(number).unwrap_or(u8::MAX))
}
