//! SCCP phones: what they are told of themselves.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use strowger_base::{Language, WallTime};
use strowger_configuration::kinds::{
    AutoRegistration, BusyLampField, ButtonFeature, Clock as Hours, DateOrder, DateSeparator, DateTimeGroup,
    MediaHost, MediaResource, Phone, PhoneButtonTemplate, PhoneProtocol, Server, ServiceParameters,
    SoftKey as Key, SoftKeyState, SoftKeyTemplate,
};
use strowger_configuration::setting::Ref;
use strowger_configuration::{Id, State};
use strowger_dialplan::Zone;
use strowger_sccp::codes::{ButtonType, KeyMode, Phrase, SoftKey};
use strowger_sccp::station::device::{Assignment, Clock, Device, FeatureButton, Line, SoftKeys, WhenRung};
use strowger_sccp::station::io::{Server as StationServer, Strangers};
use strowger_sccp::{CodePage, Text, Version};

use super::lines::{line_name, number};
use super::media::router_kind;
use super::{Translation, name, services};
use crate::configuration::StationDraft;

impl Translation<'_> {
    /// All SCCP phones.
    pub(super) fn stations(&mut self) {
        let state = self.state;
        let settings = &mut self.translated.draft.stations.settings;
        if let Some((_, it)) = state.all::<ServiceParameters>().next() {
            settings.keepalive = it.sccp_keepalive.get();
            settings.standby_keepalive = it.sccp_standby_keepalive.get();
        }
        settings.servers = servers(state);
        if state.all::<AutoRegistration>().next().is_some_and(|(_, it)| it.enabled) {
            settings.strangers = Strangers::Welcome;
        }
        let mut shared = Shared::default();
        let phones = state.all::<Phone>().filter(|(_, phone)| phone.protocol == PhoneProtocol::Sccp);
        let stations = phones.map(|(_, phone)| station(state, phone, &mut shared));
        let routers = state.all::<MediaResource>().filter(|(_, it)| it.host == MediaHost::Router);
        let routers = routers.filter_map(|(_, it)| resource(it));
        self.translated.draft.stations.stations = stations.chain(routers).collect();
    }
}

/// A media resource of a router, when it is one that routers have for us.
fn resource(it: &MediaResource) -> Option<StationDraft> {
    let kind = router_kind(it.function)?;
    let device = Device { resource: Some(kind), ..Device::default() };
    Some(StationDraft { name: it.name.as_str().into(), device: Arc::new(device), lines: Vec::new() })
}

/// What many devices have in common, by the object that it comes of.
#[derive(Default)]
struct Shared {
    clocks: BTreeMap<Option<Id>, (Arc<Clock>, Text)>,
    soft_keys: BTreeMap<Option<Id>, Arc<SoftKeys>>,
}

fn station(state: &State, phone: &Phone, shared: &mut Shared) -> StationDraft {
    let more = phone.more.as_deref();
    let pool = phone.device_pool.and_then(|pool| state.get(pool));
    let group = pool.and_then(|pool| pool.date_time_group);
    let (clock, date_template) = shared
        .clocks
        .entry(group.map(|group| group.id()))
        .or_insert_with(|| clock(group.and_then(|group| state.get(group))))
        .clone();
    let template = more.and_then(|more| more.soft_key_template);
    let soft_keys = shared
        .soft_keys
        .entry(template.map(|template| template.id()))
        .or_insert_with(|| Arc::new(soft_keys(template.and_then(|template| state.get(template)))));
    let device = Device {
        buttons: buttons(state, phone),
        soft_keys: Arc::clone(soft_keys),
        highest_version: more
            .and_then(|more| Version::new(u8::try_from(more.sccp_version?.get()).ok()?))
            .unwrap_or(Version::HIGHEST),
        code_page: locale(state, phone).and_then(Language::of_locale).and_then(CodePage::of),
        load: more.and_then(|more| more.load.as_ref()).map(|load| Text::from(load.as_str())),
        user_name: Text::from(&*name(state, phone.owner)),
        clock,
        date_template,
        messages_waiting: false,
        resource: None,
    };
    // A line without a number of its own is not served, and its key shows nothing.
    let lines = phone.lines.iter().filter_map(|button| line_name(state, button.line)).collect();
    StationDraft { name: phone.name.as_str().into(), device: Arc::new(device), lines }
}

/// The language of a phone: its own, that of its owner, or that of all.
fn locale<'s>(state: &'s State, phone: &'s Phone) -> Option<&'s str> {
    let own = phone.more.as_deref().and_then(|more| more.user_locale.as_ref()).map(|locale| locale.as_str());
    let owners =
        || phone.owner.and_then(|owner| state.get(owner))?.locale.as_ref().map(|locale| locale.as_str());
    let of_all =
        || state.all::<ServiceParameters>().next()?.1.user_locale.as_ref().map(|locale| locale.as_str());
    own.or_else(owners).or_else(of_all)
}

/// What its keys are: as the template says, and without one lines, then speed dials, then busy lamps.
fn buttons(state: &State, phone: &Phone) -> Vec<Assignment> {
    let keys = phone.keys.as_deref();
    let mut lines = phone.lines.iter().filter_map(|button| {
        let line = state.get(button.line)?;
        let number = Text::from(&*number(&line.pattern)?);
        let label =
            if button.label.as_str().is_empty() { number.clone() } else { Text::from(button.label.as_str()) };
        Some(Assignment::Line(Line {
            number,
            name: Text::from(line.display.as_str()),
            label,
            voice_mail: Text::from(
                line.voice_mail.and_then(|it| state.get(it)).map_or("", |it| it.pilot.as_str()),
            ),
            calls_max: u16::try_from(line.calls_max.get()).ok(),
            busy_trigger: u16::try_from(line.busy_trigger.get()).ok(),
            ..Line::default()
        }))
    });
    let mut speed_dials = keys.into_iter().flat_map(|keys| keys.speed_dials.iter()).map(|dial| {
        let number = Text::from(dial.number.as_str());
        let label =
            if dial.label.as_str().is_empty() { number.clone() } else { Text::from(dial.label.as_str()) };
        Assignment::SpeedDial { number, label }
    });
    let mut lamps = keys
        .into_iter()
        .flat_map(|keys| keys.busy_lamp_fields.iter())
        .filter_map(|field| busy_lamp(state, field));
    let mut services = keys.into_iter().flat_map(|keys| keys.services.iter()).map(|subscribed| {
        let (url, label) = services::opened(state, phone, subscribed)?;
        Some(Assignment::Service { url: Text::from(&*url), label: Text::from(&*label) })
    });
    let template: Option<Ref<PhoneButtonTemplate>> = phone.button_template;
    let Some(template) = template.and_then(|template| state.get(template)) else {
        return lines.chain(speed_dials).chain(lamps).collect();
    };
    let button = |feature: ButtonFeature, label: &str| {
        let assigned = match feature {
            // There is a type for intercom (0x17). Whether phones count such buttons with their lines or apart from them nobody has told, and a
            // wrong number would leave the key dead: it is the key of a line, which does what an intercom line does.
            ButtonFeature::Line | ButtonFeature::Intercom => lines.next(),
            ButtonFeature::SpeedDial => speed_dials.next(),
            ButtonFeature::BusyLampField => lamps.next(),
            ButtonFeature::Service => services.next().flatten(),
            ButtonFeature::Privacy => Some(Assignment::Feature {
                button: FeatureButton::Privacy,
                label: labelled(label, "Privacy"),
            }),
            ButtonFeature::Record => {
                Some(Assignment::Feature { button: FeatureButton::Record, label: labelled(label, "Record") })
            }
            other => key(other).map(|kind| Assignment::Key { kind, label: labelled(label, words(kind)) }),
        };
        match assigned {
            Some(Assignment::SpeedDial { number, label: own }) if own == number && !label.is_empty() => {
                Assignment::SpeedDial { number, label: Text::from(label) }
            }
            Some(assigned) => assigned,
            None => Assignment::Unused,
        }
    };
    let mut button = button;
    template.buttons.iter().map(|it| button(it.feature, it.label.as_str())).collect()
}

fn busy_lamp(state: &State, field: &BusyLampField) -> Option<Assignment> {
    let of_line = || number(&state.get(field.line?)?.pattern);
    let number = field.number.as_ref().map(|number| number.as_str().into()).or_else(of_line)?;
    let number = Text::from(&*number);
    let label =
        if field.label.as_str().is_empty() { number.clone() } else { Text::from(field.label.as_str()) };
    let rung = if field.pickup { WhenRung::PicksUp } else { WhenRung::Dials };
    Some(Assignment::BusyLamp { number, label, rung })
}

/// What stands beside a button: its own label, or what is usual.
fn labelled(label: &str, usual: &str) -> Text {
    Text::from(if label.is_empty() { usual } else { label })
}

/// What stands beside a button of which phones have no words of their own.
const fn words(kind: ButtonType) -> &'static str {
    match kind {
        ButtonType::DO_NOT_DISTURB => "Do Not Disturb",
        ButtonType::H_LOG => "Hunt Group",
        _ => "",
    }
}

/// The type of button for a feature; `None` for what these phones have no button for.
const fn key(feature: ButtonFeature) -> Option<ButtonType> {
    Some(match feature {
        ButtonFeature::Redial => ButtonType::LAST_NUMBER_REDIAL,
        ButtonFeature::Hold => ButtonType::HOLD,
        ButtonFeature::Transfer => ButtonType::TRANSFER,
        ButtonFeature::ForwardAll => ButtonType::FORWARD_ALL,
        ButtonFeature::Conference => ButtonType::CONFERENCE,
        ButtonFeature::ConferenceList => ButtonType::CONF_LIST,
        ButtonFeature::RemoveLast => ButtonType::REMOVE_LAST_PARTICIPANT,
        ButtonFeature::MeetMe => ButtonType::MEET_ME_CONFERENCE,
        ButtonFeature::Park => ButtonType::CALL_PARK,
        ButtonFeature::Pickup => ButtonType::CALL_PICKUP,
        ButtonFeature::GroupPickup => ButtonType::GROUP_CALL_PICKUP,
        ButtonFeature::OtherPickup => ButtonType::OTHER_PICKUP,
        ButtonFeature::CallBack => ButtonType::CALL_BACK,
        ButtonFeature::DoNotDisturb => ButtonType::DO_NOT_DISTURB,
        ButtonFeature::HuntLogout => ButtonType::H_LOG,
        ButtonFeature::MaliciousCall => ButtonType::MALICIOUS_CALL,
        ButtonFeature::QualityReport => ButtonType::QRT,
        ButtonFeature::Messages => ButtonType::VOICEMAIL,
        ButtonFeature::Answer => ButtonType::ANSWER_RELEASE,
        ButtonFeature::Line
        | ButtonFeature::SpeedDial
        | ButtonFeature::BusyLampField
        | ButtonFeature::Intercom
        | ButtonFeature::Service
        | ButtonFeature::Mobility
        | ButtonFeature::Privacy
        | ButtonFeature::Record
        | ButtonFeature::Directories
        | ButtonFeature::AllCalls
        | ButtonFeature::None => return None,
    })
}

/// The keys in each state; states that a template does not name have those of the system.
fn soft_keys(template: Option<&SoftKeyTemplate>) -> SoftKeys {
    let mut keys = SoftKeys::standard();
    for set in template.into_iter().flat_map(|template| template.sets.iter()) {
        let mode = match set.state {
            SoftKeyState::OnHook => KeyMode::ON_HOOK,
            SoftKeyState::Connected | SoftKeyState::ConnectedNoFeature => KeyMode::CONNECTED,
            SoftKeyState::OnHold => KeyMode::ON_HOLD,
            SoftKeyState::RingIn => KeyMode::RING_IN,
            SoftKeyState::OffHook => KeyMode::OFF_HOOK,
            SoftKeyState::ConnectedTransfer => KeyMode::CONNECTED_WITH_TRANSFER,
            SoftKeyState::DigitsAfterFirst => KeyMode::DIGITS_FOLLOWING,
            SoftKeyState::ConnectedConference => KeyMode::CONNECTED_CONFERENCE,
            SoftKeyState::RingOut => KeyMode::RING_OUT,
            SoftKeyState::OffHookWithFeature => KeyMode::OFF_HOOK_WITH_FEATURE,
            SoftKeyState::RemoteInUse => KeyMode::IN_USE_HINT,
        };
        // These phones have one set for calls with features and for those without.
        if set.state == SoftKeyState::ConnectedNoFeature {
            continue;
        }
        let chosen: Vec<SoftKey> = set.keys.iter().filter_map(|key| soft_key(*key)).collect();
        if let Some(place) = usize::try_from(mode.0).ok().and_then(|mode| keys.sets.get_mut(mode)) {
            place.clone_from(&chosen);
        }
        for key in chosen {
            if let Some(phrase) = phrase(key) {
                keys.add(key, Text::phrase(phrase, ""));
            }
        }
    }
    keys
}

/// The key of these phones; `None` for what they do not have.
const fn soft_key(key: Key) -> Option<SoftKey> {
    Some(match key {
        Key::Redial => SoftKey::REDIAL,
        Key::NewCall => SoftKey::NEW_CALL,
        Key::Hold => SoftKey::HOLD,
        Key::Transfer => SoftKey::TRANSFER,
        Key::ForwardAll => SoftKey::FORWARD_ALL,
        Key::Backspace => SoftKey::BACKSPACE,
        Key::EndCall => SoftKey::END_CALL,
        Key::Resume => SoftKey::RESUME,
        Key::Answer => SoftKey::ANSWER,
        Key::Conference => SoftKey::CONFERENCE,
        Key::Park => SoftKey::PARK,
        Key::Join => SoftKey::JOIN,
        Key::MeetMe => SoftKey::MEET_ME,
        Key::Pickup => SoftKey::PICKUP,
        Key::GroupPickup => SoftKey::GROUP_PICKUP,
        Key::CallBack => SoftKey::CALL_BACK,
        Key::DoNotDisturb => SoftKey::DO_NOT_DISTURB,
        Key::Select => SoftKey::SELECT,
        Key::ConferenceList => SoftKey::CONFERENCE_LIST,
        Key::ImmediateDivert => SoftKey::IMMEDIATE_DIVERT,
        Key::OtherPickup => SoftKey::OTHER_PICKUP,
        Key::RemoveLast => SoftKey::REMOVE_LAST,
        Key::QualityReport => SoftKey::QUALITY_REPORT,
        Key::MaliciousCall => SoftKey::MALICIOUS_CALL,
        Key::HuntLogout => SoftKey::HUNT_LOG,
        Key::AbbreviatedDial => SoftKey::ABBREVIATED_DIAL,
        Key::Record => SoftKey::RECORD,
        Key::Barge => SoftKey::BARGE,
        Key::ConferenceBarge => SoftKey::CONFERENCE_BARGE,
        Key::Private => SoftKey::PRIVATE,
        Key::DirectTransfer => SoftKey::DIRECT_TRANSFER,
        Key::Undefined => return None,
    })
}

/// What stands on a key that the keys of the system are without.
const fn phrase(key: SoftKey) -> Option<Phrase> {
    match key {
        SoftKey::JOIN => Some(Phrase::JOIN),
        SoftKey::MEET_ME => Some(Phrase::MEETME),
        SoftKey::REMOVE_LAST => Some(Phrase::RMLSTC),
        SoftKey::QUALITY_REPORT => Some(Phrase::QRT),
        SoftKey::MALICIOUS_CALL => Some(Phrase::MCID),
        SoftKey::HUNT_LOG => Some(Phrase::HLOG),
        SoftKey::ABBREVIATED_DIAL => Some(Phrase::ABBRDIAL),
        SoftKey::RECORD => Some(Phrase::RECORD),
        SoftKey::BARGE => Some(Phrase::BARGE),
        SoftKey::CONFERENCE_BARGE => Some(Phrase::CBARGE),
        SoftKey::PRIVATE => Some(Phrase::PRIVATE),
        SoftKey::DIRECT_TRANSFER => Some(Phrase::DIRTRFR),
        SoftKey::OTHER_PICKUP => Some(Phrase::OPICKUP),
        _ => None,
    }
}

/// The clock of a place, and how it writes dates.
fn clock(group: Option<&DateTimeGroup>) -> (Arc<Clock>, Text) {
    let Some(group) = group else { return (Arc::default(), Text::from("D/M/Y")) };
    let separator = match group.separator {
        DateSeparator::Slash => "/",
        DateSeparator::Hyphen => "-",
        DateSeparator::Dot => ".",
    };
    let order = match group.date {
        DateOrder::DayMonthYear => ["D", "M", "Y"],
        DateOrder::MonthDayYear => ["M", "D", "Y"],
        DateOrder::YearMonthDay => ["Y", "M", "D"],
    };
    let twelve = if group.clock == Hours::Hours12 { "A" } else { "" };
    let template = format!("{}{twelve}", order.join(separator));
    let offsets = Zone::named(group.zone.as_str()).map(|zone| zone.offsets(CLOCKS_FROM, CLOCKS_UNTIL));
    (Arc::new(Clock { offsets: offsets.unwrap_or_default() }), Text::from(template.as_str()))
}

/// The servers that phones are told of.
fn servers(state: &State) -> Vec<StationServer> {
    let server = |it: &Server| {
        let address: IpAddr = it.address.as_ref()?.as_str().parse().ok()?;
        let port = u16::try_from(it.sccp_port?.get()).ok()?;
        Some(StationServer { name: Text::from(it.name.as_str()), address, port })
    };
    state.all::<Server>().filter_map(|(_, it)| server(it)).take(SERVERS).collect()
}

/// Servers that one message has room for.
const SERVERS: usize = 5;
/// Clocks are right between the beginning of 2020 and that of 2050.
const CLOCKS_FROM: WallTime = WallTime::from_micros(1_577_836_800_000_000);
const CLOCKS_UNTIL: WallTime = WallTime::from_micros(2_524_608_000_000_000);
