//! Features in scripts: numbers that ask for them, and what devices ask for.

use std::collections::BTreeMap;
use std::sync::Arc;

use strowger_base::feature::{FeatureCode, FeatureNumber, FeatureRequest, QualityReason, Turn};
use strowger_base::leg::{Answering, AudioSource, CallTone, KeySignalling, RingSound, RingStyle};
use strowger_base::{Cause, LegId};
use strowger_callcontrol::Configuration;
use strowger_callcontrol::configuration::{
    AnnouncedSound, AnnouncedTo, Announcement, Barging, ConferenceControl, ConferenceEnds, ConferenceRules,
    ConferenceTones, KeyMethod, LinePhone, NoticeSound, PhoneSettings, PickupNotice,
};
use strowger_callcontrol::configuration::{DirectedPark, ParkNumbers, ParkRange, PickupGroup, PickupGroups};
use strowger_callcontrol::configuration::{DoNotDisturb, IntercomLine, Line, RingSetting, UserForwardSpace};
use strowger_callcontrol::configuration::{PageGateway, PagePriority, PagingGroup, PagingGroups};
use strowger_callcontrol::io::{CallSide, Order, OrderKind};
use strowger_dialplan::{Action, DialPlanBuilder, NumberPattern, SearchSpace};
use strowger_media::codec::Codec;
use strowger_media::control::Multicast;

use super::NOBODY;

/// `*81!` is the number of a feature, with so many digits before the argument, and belongs to an object.
pub(crate) fn number(configuration: &mut Configuration, pattern: &str, code: &str, rest: &[&str]) {
    let code = FeatureCode::named(code).unwrap_or_else(|| panic!("no feature {code}"));
    let flag = |name: &str| rest.iter().find_map(|flag| flag.strip_prefix(name));
    let digits = flag("digits=").map_or(0, |digits| digits.parse().unwrap());
    let object = flag("of=").unwrap_or_default().into();
    let action = Action::Feature(Box::new(FeatureNumber { code, object, digits }));
    let mut plan = DialPlanBuilder::from(&configuration.plan);
    plan.add("", NumberPattern::new(pattern.parse().unwrap(), action)).unwrap();
    configuration.plan = plan.build();
}

/// `park-numbers lot 8801 8802`, `directed-park lot`, `directed-park lot reverts 1003`,
/// `pickup-group sales 1002 1003 others marketing`, `pickup-rings`
pub(crate) fn set(configuration: &mut Configuration, words: &[&str]) {
    let mut pickup = PickupGroups::clone(&configuration.pickup);
    let mut park = ParkNumbers::clone(&configuration.park);
    match words {
        ["park-numbers", object, numbers @ ..] => {
            let numbers = numbers.iter().map(|number| (*number).into()).collect();
            park.add(ParkRange { object: (*object).into(), numbers });
        }
        ["directed-park", object] => {
            park.directed.insert((*object).into(), DirectedPark::default());
        }
        ["directed-park", object, "reverts", number] => {
            let reversion = Some(((*number).into(), SearchSpace::null()));
            park.directed.insert((*object).into(), DirectedPark { reversion });
        }
        ["pickup-rings"] => pickup.auto = false,
        // Before the group has its lines.
        ["pickup-notice", name, seconds, flags @ ..] => {
            let has = |flag: &str| flags.contains(&flag);
            let notice = PickupNotice {
                after: std::time::Duration::from_secs(seconds.parse().unwrap()),
                is_shown: has("shown"),
                sound: if has("beep") { NoticeSound::Beep } else { NoticeSound::None },
                names_calling: has("calling"),
                names_called: has("called"),
            };
            pickup.add(name, PickupGroup { notice: Some(notice), ..PickupGroup::default() });
        }
        ["pickup-group", name, rest @ ..] => {
            let (lines, others) = match rest.iter().position(|word| *word == "others") {
                Some(at) => (&rest[..at], &rest[at + 1..]),
                None => (rest, &[][..]),
            };
            let lines = lines.iter().map(|line| (*line).into()).collect();
            let others = others.iter().map(|group| (*group).into()).collect();
            let notice = pickup.group(name).and_then(|group| group.notice.clone());
            pickup.add(name, PickupGroup { lines, others, notice });
        }
        other => panic!("nothing is set by {other:?}"),
    }
    configuration.pickup = Arc::new(pickup);
    configuration.park = Arc::new(park);
}

/// `lines=1002,1003 gateways=carrier/5555 multicast=239.1.1.1:20480 emergency`
pub(crate) fn paging_group(configuration: &mut Configuration, name: &str, words: &[&str]) {
    let mut group = PagingGroup::default();
    for word in words {
        match word.split_once('=') {
            Some(("lines", lines)) => group.lines = lines.split(',').map(Into::into).collect(),
            Some(("numbers", numbers)) => group.numbers = numbers.split(',').map(Into::into).collect(),
            Some(("gateways", gateways)) => {
                let gateways = gateways.split(',').filter_map(|gateway| gateway.split_once('/'));
                let gateway = |(trunk, number): (&str, &str)| PageGateway {
                    trunk: trunk.into(),
                    number: number.into(),
                };
                group.gateways = gateways.map(gateway).collect();
            }
            Some(("multicast", address)) => {
                let address = address.parse().unwrap();
                group.multicast = Some(Multicast { address, ttl: 4, codec: Codec::Pcmu });
            }
            None if *word == "emergency" => group.priority = PagePriority::Emergency,
            _ => panic!("no setting {word}"),
        }
    }
    let mut groups = PagingGroups::clone(&configuration.paging);
    groups.insert(name.into(), Arc::new(group));
    configuration.paging = Arc::new(groups);
}

/// `parties=3 ends=starter|line control=everybody tones=no`
pub(crate) fn rules(words: &[&str]) -> ConferenceRules {
    let mut rules = ConferenceRules::default();
    for word in words {
        match word.split_once('=') {
            Some(("parties", parties)) => {
                rules.ad_hoc_parties = parties.parse().unwrap();
                rules.meet_me_parties = rules.ad_hoc_parties;
            }
            Some(("ends", "starter")) => rules.ends = ConferenceEnds::WithStarter,
            Some(("ends", "line")) => rules.ends = ConferenceEnds::WithLastLine,
            Some(("control", "everybody")) => rules.control = ConferenceControl::Everybody,
            Some(("tones", "no")) => rules.tones = ConferenceTones::No,
            Some(("barge", "barge")) => rules.barge = Barging::Barge,
            Some(("barge", "conference")) => rules.barge = Barging::Conference,
            Some(("single-button", "barge")) => rules.single_button_barge = Barging::Barge,
            Some(("single-button", "conference")) => rules.single_button_barge = Barging::Conference,
            _ => panic!("no rule {word}"),
        }
    }
    rules
}

/// How lines and phones let their users know of calls, and what forwards see that users set.
pub(crate) fn set_lines(configuration: &mut Configuration, words: &[&str]) {
    let (what, line, value) = match words {
        [what, line, value] => (*what, *line, *value),
        other => panic!("no setting {other:?}"),
    };
    if what == "single-button" {
        return single_button(configuration, line, value);
    }
    let space = configuration.plan.search_space(value).cloned();
    if what == "intercom" {
        return intercom(configuration, line, value);
    }
    if what == "distinctive" {
        let ring = Some(value.parse().unwrap());
        match line {
            "inside" => configuration.distinctive.internal = ring,
            _ => configuration.distinctive.external = ring,
        }
        return;
    }
    let line = configuration.lines.get_mut(line).unwrap();
    let setting = |word: &str| match word {
        "ring" => RingSetting::Ring,
        "once" => RingSetting::Once,
        "beep" => RingSetting::Beep,
        "silent" => RingSetting::Silent,
        other => panic!("no setting {other}"),
    };
    match (what, value) {
        ("ring-idle", word) => line.phones.iter_mut().for_each(|phone| phone.rings.idle = setting(word)),
        ("ring-in-call", word) => {
            line.phones.iter_mut().for_each(|phone| phone.rings.in_call = setting(word))
        }
        ("user-forwards", "activating") => line.user_forward_space = UserForwardSpace::Activating,
        ("user-forwards", _) => {
            line.user_forward_space = UserForwardSpace::Configured(Box::new(space.unwrap()))
        }
        ("do-not-disturb", "reject") => {
            for phone in &mut line.phones {
                let mut settings = (*phone.settings).clone();
                settings.undisturbed = DoNotDisturb::Reject;
                phone.settings = settings.into();
            }
        }
        ("auto-answer", "headset") => line.auto_answer = Answering::Headset,
        ("auto-answer", "loudspeaker") => line.auto_answer = Answering::Loudspeaker,
        other => panic!("no setting {other:?}"),
    }
}

/// `single-button 1001/lobby conference`: what the key of the line does on a phone of it.
fn single_button(configuration: &mut Configuration, phone: &str, word: &str) {
    let (number, name) = phone.split_once('/').unwrap();
    let set = match word {
        "off" => Barging::Off,
        "conference" => Barging::Conference,
        _ => Barging::Barge,
    };
    let settings = PhoneSettings { single_button_barge: Some(set), ..PhoneSettings::default() };
    let phone = LinePhone {
        name: Some(name.into()),
        number: number.into(),
        settings: settings.into(),
        ..LinePhone::default()
    };
    configuration.lines.get_mut(number).unwrap().phones = vec![phone].into();
}

/// `intercom 901 902`, `intercom 902 -`: an intercom line, with the target of its key.
fn intercom(configuration: &mut Configuration, number: &str, target: &str) {
    let target = if target == "-" { "" } else { target };
    let line = Line {
        name: "Desk".into(),
        intercom: Some(Box::new(IntercomLine { target: target.into() })),
        auto_answer: Answering::Loudspeaker,
        busy_trigger: 1,
        calls_max: 1,
        ..Line::default()
    };
    configuration.lines.insert(number, line);
    let mut plan = DialPlanBuilder::from(&configuration.plan);
    plan.literal("", number, Action::Line(number.into())).unwrap();
    configuration.plan = plan.build();
}

/// How a phone lets its user know; nothing when it rings as always.
pub(crate) fn style(style: RingStyle) -> String {
    let sound = match style.sound {
        // Whichever of its two a phone has.
        RingSound::Usual | RingSound::Outside => String::new(),
        RingSound::Distinctive(which) => format!(" with ring {which}"),
        RingSound::Once => " once".to_owned(),
        RingSound::CallWaiting => " with call waiting".to_owned(),
        RingSound::Silent => " silently".to_owned(),
    };
    let answer = match style.answer {
        Answering::User => "",
        Answering::Headset => " into its headset",
        Answering::Loudspeaker => " over its loudspeaker",
    };
    let aloud = match (style.sound, style.aloud) {
        (RingSound::CallWaiting, RingSound::Outside) => ", from outside",
        _ => "",
    };
    sound + aloud + answer
}

/// What a device asks for: `park`, `conference B2`, `privacy on`.
pub(crate) fn request(legs: &BTreeMap<String, LegId>, words: &[&str]) -> FeatureRequest {
    let leg = |name: &&str| legs.get(*name).copied().unwrap_or(NOBODY);
    let turn = |word: &str| match word {
        "on" => Turn::On,
        "off" => Turn::Off,
        "over" => Turn::Over,
        other => panic!("no turn {other}"),
    };
    match words {
        ["conference", with @ ..] => FeatureRequest::Conference { with: with.iter().map(leg).collect() },
        ["drop-last"] => FeatureRequest::DropLast,
        ["drop", participant] => FeatureRequest::Drop { participant: participant.parse().unwrap() },
        ["mute", participant, word] => {
            FeatureRequest::Mute { participant: participant.parse().unwrap(), turn: turn(word) }
        }
        ["participants"] => FeatureRequest::Participants,
        ["park"] => FeatureRequest::Park,
        ["divert"] => FeatureRequest::Divert,
        ["call-back"] => FeatureRequest::CallBack,
        ["malicious"] => FeatureRequest::MaliciousCall,
        ["talk"] => FeatureRequest::Talk,
        ["quality"] => FeatureRequest::ReportQuality(None),
        ["quality", word] => FeatureRequest::ReportQuality(Some(QualityReason::named(word).unwrap())),
        ["privacy", word] => FeatureRequest::Privacy(turn(word)),
        ["record", word] => FeatureRequest::Record(turn(word)),
        other => panic!("nobody asks {other:?}"),
    }
}

/// What an operator orders: `C1.0.1 transfer called 1003`.
pub(crate) fn order(legs: &BTreeMap<String, LegId>, call: &str, words: &[&str]) -> Order {
    let side = |word: &str| match word {
        "calling" => CallSide::Calling,
        "called" => CallSide::Called,
        other => panic!("no side {other}"),
    };
    let what = match words {
        ["release"] => OrderKind::Release,
        ["transfer", party, to] => OrderKind::Transfer { party: side(party), to: (*to).into() },
        ["join", party, other, other_party] => OrderKind::Join {
            party: side(party),
            other: other.parse().unwrap(),
            other_party: side(other_party),
        },
        ["confer", party, other, other_party] => OrderKind::Confer {
            party: side(party),
            other: other.parse().unwrap(),
            other_party: side(other_party),
        },
        [party, asks @ ..] => OrderKind::Feature { party: side(party), request: request(legs, asks) },
        [] => panic!("an order of nothing"),
    };
    Order { call: call.parse().unwrap(), what, who: "Ada".into() }
}

/// `CAUSE source NUMBER|busy|reorder|information [trunks]`
pub(crate) fn announce(configuration: &mut Configuration, cause: &str, words: &[&str]) {
    let sound = match words {
        ["source", number, ..] => AnnouncedSound::Source(AudioSource(number.parse().unwrap())),
        ["busy", ..] => AnnouncedSound::Tone(CallTone::Busy),
        ["reorder", ..] => AnnouncedSound::Tone(CallTone::Reorder),
        ["information", ..] => AnnouncedSound::Tone(CallTone::Information),
        other => panic!("no announcement {other:?}"),
    };
    let to = if words.contains(&"trunks") { AnnouncedTo::Trunks } else { AnnouncedTo::Everybody };
    let key = (Cause(cause.parse().unwrap()), None);
    configuration.announcements.insert(key, Announcement { sound, to });
}

/// `LINE|TRUNK media|signalling|kpml|either|both|sound`
pub(crate) fn keys_of(configuration: &mut Configuration, device: &str, method: &str) {
    let method = match method {
        "media" => KeyMethod::Media,
        "signalling" => KeyMethod::Signalling(KeySignalling::Info),
        "kpml" => KeyMethod::Signalling(KeySignalling::Kpml),
        "either" => KeyMethod::Either,
        "both" => KeyMethod::Both,
        "sound" => KeyMethod::InSound,
        other => panic!("no way of keys {other}"),
    };
    match configuration.lines.get_mut(device) {
        Some(line) => {
            for phone in &mut line.phones {
                let settings = PhoneSettings { keys: method, ..PhoneSettings::clone(&phone.settings) };
                phone.settings = Arc::new(settings);
            }
        }
        None => configuration.trunks.entry(device.into()).or_default().keys = method,
    }
}
