//! Lines, and the phones that they stand on.

use strowger_base::leg::Answering;
use strowger_base::{LineName, Secret};
use strowger_callcontrol::configuration::{
    Barging, IntercomLine, KeyMethod, LineRecording, RecordingOption, RingSetting, Rings, SrtpRule,
};
use strowger_configuration::kinds::{
    self, AutoAnswer, DigestAlgorithm, DoNotDisturb, ForwardAllPolicy, ForwardTarget, Line, LineButton,
    LineForwards, MobilityMode, PartitionUsage, Phone, PhoneCredentials, PhoneProtocol, RecordingChoice,
    SecurityMode, ServiceParameters, SingleButtonBarge,
};
use strowger_configuration::setting::{PatternOrName, Ref};
use strowger_configuration::{AnyObject, Id, Kind, State};
use strowger_dialplan::forward::{BySide, CfaPolicy};
use strowger_dialplan::{Pattern, is_name};
use strowger_sip::auth;

use super::patterns::sealed;
use super::places::view;
use super::{Fault, Secrets, Translation, admission, country, hold_sources, key_method, media, name, text};
use crate::configuration::{self, ForwardDraft, ForwardTo, ForwardsDraft, LineSecret, PhoneDraft, Place};

/// What a line by itself gives the node.
pub struct LineTranslated {
    /// The line with its phones; `None` for one that the node cannot have, as its pattern is more than one number.
    pub draft: Option<configuration::Line>,
    /// The phones, in the order of the draft's.
    pub phones: Vec<Id>,
    /// What is wrong with its phones so that the draft is without them.
    pub faults: Vec<Fault>,
}

/// One line by itself; `None` when there is none with this id.
pub fn line(state: &State, id: Id, secrets: &dyn Secrets) -> Option<LineTranslated> {
    let object: &Line = state.entry(id)?.object().try_into().ok()?;
    Some(of(state, id, object, &Common::of(state), secrets))
}

/// What all lines have in common.
struct Common<'s> {
    parameters: Option<&'s ServiceParameters>,
}

impl<'s> Common<'s> {
    fn of(state: &'s State) -> Self {
        Common { parameters: state.all::<ServiceParameters>().next().map(|(_, it)| it) }
    }

    fn offers(&self, algorithm: DigestAlgorithm) -> bool {
        match self.parameters {
            Some(it) => it.digest_algorithms.iter().any(|offered| *offered == algorithm),
            // As in every draft.
            None => algorithm == DigestAlgorithm::Md5,
        }
    }
}

impl Translation<'_> {
    /// All lines.
    pub(super) fn lines(&mut self) {
        let common = Common::of(self.state);
        for (id, it) in self.state.all::<Line>() {
            let LineTranslated { draft, phones, faults } = of(self.state, id, it, &common, self.secrets);
            self.translated.faults.extend(faults);
            let Some(draft) = draft else { continue };
            let index = self.translated.draft.lines.len();
            for (at, phone) in phones.iter().enumerate() {
                self.translated.origins.add(Place::Phone(index, at), Kind::Phone, *phone);
            }
            self.add(|draft| &mut draft.lines, Place::Line, Kind::Line, id, draft);
        }
    }
}

/// The one number of a line's pattern, or its name.
pub(super) fn number(pattern: &PatternOrName) -> Option<Box<str>> {
    let text = pattern.as_str();
    if text.bytes().all(|byte| byte.is_ascii_digit()) || is_name(text) {
        return Some(text.into());
    }
    let number = text.parse::<Pattern>().ok()?.only_number()?;
    Some(number.to_string().into())
}

/// The number of a line; none when its pattern is more than one number.
pub fn line_number(line: &Line) -> Option<String> {
    number(&line.pattern).map(|number| number.to_string())
}

/// Which line of the node it is; none when its pattern is more than one number.
pub fn line_name(state: &State, line: Ref<Line>) -> Option<LineName> {
    let line = state.get(line)?;
    Some(LineName::new(&number(&line.pattern)?, &name(state, line.partition)))
}

fn of(state: &State, id: Id, it: &Line, common: &Common<'_>, secrets: &dyn Secrets) -> LineTranslated {
    let mut translated = LineTranslated { draft: None, phones: Vec::new(), faults: Vec::new() };
    let Some(number) = number(&it.pattern) else { return translated };
    let buttons = buttons(state, id);
    // Most lines stand on one phone: room for more would be most of a large draft.
    let mut phones = Vec::with_capacity(buttons.len());
    for (phone_id, phone, button) in buttons {
        match phone_draft(state, phone_id, phone, (id, button), common, secrets) {
            Ok(Some(draft)) => {
                phones.push(draft);
                translated.phones.push(phone_id);
            }
            Ok(None) => {}
            Err(fault) => translated.faults.push(fault),
        }
    }
    let mut draft = configuration::Line::on(&number, it.display.as_str(), phones);
    draft.partition = name(state, it.partition);
    draft.search_space = name(state, it.search_space);
    draft.external_mask = text(it.external_mask.as_ref().map(|mask| mask.as_str()));
    draft.urgent = it.urgent;
    draft.contacts_max = usize::try_from(it.contacts_max.get()).unwrap_or(usize::MAX);
    draft.busy_trigger = it.busy_trigger.get();
    draft.calls_max = it.calls_max.get();
    let own = it.no_answer.map(|time| time.get());
    let usual = common.parameters.map_or(draft.no_answer, |it| it.line_no_answer.get());
    draft.no_answer = own.unwrap_or(usual);
    draft.auto_answer = match it.auto_answer {
        AutoAnswer::Off => Answering::User,
        AutoAnswer::Headset => Answering::Headset,
        AutoAnswer::Speakerphone => Answering::Loudspeaker,
    };
    if is_intercom(state, it) {
        // The second caller finds it busy, and it answers by itself in any case.
        (draft.busy_trigger, draft.calls_max) = (1, 1);
        if draft.auto_answer == Answering::User {
            draft.auto_answer = Answering::Loudspeaker;
        }
        draft.intercom = Some(Box::new(IntercomLine { target: intercom_target(state, id) }));
    }
    draft.voice_mail =
        text(it.voice_mail.and_then(|profile| state.get(profile)).map(|profile| profile.pilot.as_str()));
    draft.aar = it.aar.as_deref().map(|aar| Box::new(admission::of_line(state, aar)));
    draft.forwards = it.forwards.as_ref().map(|forwards| {
        let mut draft = forwards_draft(state, forwards);
        draft.ring = own;
        Box::new(draft)
    });
    translated.draft = Some(draft);
    translated
}

/// Whether it is in a partition of intercom lines.
fn is_intercom(state: &State, it: &Line) -> bool {
    let partition = it.partition.and_then(|partition| state.get(partition));
    partition.is_some_and(|partition| partition.usage == PartitionUsage::Intercom)
}

/// The number that the key of an intercom line calls; empty when one is dialled.
fn intercom_target(state: &State, line: Id) -> Box<str> {
    let mut keys = buttons(state, line).into_iter();
    let target = keys.find_map(|(_, _, button)| button.intercom_target.as_deref());
    text(target.map(|target| target.as_str()))
}

/// The phones that a line stands on, in the order of their names; those that prove themselves first.
fn buttons(state: &State, line: Id) -> Vec<(Id, &Phone, &LineButton)> {
    let mut found: Vec<(Id, &Phone, &LineButton)> = state
        .users(line)
        .filter_map(|user| {
            let AnyObject::Phone(phone) = user.object() else { return None };
            let button = phone.lines.iter().find(|button| button.line.id() == line)?;
            Some((user.id(), &**phone, button))
        })
        .collect();
    let order = |phone: &Phone| (phone.protocol == PhoneProtocol::Sccp, phone.name.clone());
    found.sort_by_key(|(_, phone, _)| order(phone));
    found
}

/// A line as it stands on a phone; `None` when nobody can register from there.
fn phone_draft(
    state: &State,
    id: Id,
    it: &Phone,
    (line, button): (Id, &LineButton),
    common: &Common<'_>,
    secrets: &dyn Secrets,
) -> Result<Option<PhoneDraft>, Fault> {
    let credentials = it.credentials.as_deref().filter(|_| it.protocol == PhoneProtocol::Sip);
    let secret = match (it.protocol, credentials) {
        (PhoneProtocol::Sccp, _) => LineSecret::Station,
        (PhoneProtocol::Sip, None) => return Ok(None),
        (PhoneProtocol::Sip, Some(credentials)) => secret(credentials, common, secrets)
            .map_err(|(setting, why)| Fault::new(state, Kind::Phone, id, setting, why))?,
    };
    let mut draft = PhoneDraft::new(it.name.as_str(), secret);
    draft.username = match (credentials.and_then(|it| it.user.as_ref()), it.lines.iter().next()) {
        (Some(user), _) => Some(user.as_str().into()),
        (None, Some(first)) if first.line.id() != line => {
            state.get(first.line).and_then(|first| number(&first.pattern))
        }
        (None, _) => None,
    };
    let is_intercom = state.get(button.line).is_some_and(|line| is_intercom(state, line));
    // An intercom line sees partitions of intercom lines only.
    draft.device_search_space = name(state, it.search_space.filter(|_| !is_intercom));
    draft.external_mask = button.external_mask.as_ref().map(|mask| mask.as_str().into());
    draft.device_pool = name(state, it.device_pool);
    let profile = it.sip_profile.and_then(|profile| state.get(profile));
    draft.overlap = profile.is_some_and(|profile| profile.overlap);
    let place = it.lines.iter().position(|button| button.line.id() == line).unwrap_or_default();
    draft.button = u8::try_from(place + 1).unwrap_or(u8::MAX);
    draft.told_of_messages = profile.is_some_and(|profile| profile.unsolicited_message_waiting);
    draft.keys = match it.protocol {
        PhoneProtocol::Sip => key_method(profile),
        // They have them in media, and tell them beside it.
        PhoneProtocol::Sccp => KeyMethod::Either,
    };
    draft.srtp = srtp(state, it);
    draft.media = media::of_phone(state, it);
    draft.recording = recording(state, button);
    let more = it.more.as_deref();
    draft.view = view(state, more.and_then(|more| more.transformation_spaces.as_ref()));
    draft.subscribe_search_space = name(state, more.and_then(|more| more.subscribe_search_space));
    if let Some(keys) = it.keys.as_deref() {
        draft.speed_dials = keys.speed_dials.iter().map(|dial| dial.number.as_str().into()).collect();
        draft.lamps =
            keys.busy_lamp_fields.iter().filter_map(|field| line_name(state, field.line?)).collect();
    }
    draft.private = more.is_some_and(|more| more.privacy);
    draft.barge = more.and_then(|more| more.barge).map(barging);
    draft.single_button_barge = more.and_then(|more| single_button_barge(more.single_button_barge));
    draft.site = more.and_then(|more| admission::of_phone(state, more));
    draft.roams = more.is_some_and(|more| more.mobility == MobilityMode::On);
    let of_phone = more.map(|more| hold_sources(more.user_hold_source, more.network_hold_source));
    let of_line = state.get(button.line).map(|it| hold_sources(it.user_hold_source, it.network_hold_source));
    draft.country = more.and_then(|more| country(more.network_locale.as_ref()));
    draft.hold_sources = of_line.unwrap_or_default().or(of_phone.unwrap_or_default());
    draft.undisturbed = match more.map(|more| more.do_not_disturb) {
        Some(DoNotDisturb::RingerOff) | None => configuration::DoNotDisturb::RingerOff,
        Some(DoNotDisturb::Reject) => configuration::DoNotDisturb::Reject,
    };
    draft.rings = Rings { idle: ring(button.ring), in_call: ring(button.ring_in_call) };
    draft.emergency_number =
        text(more.and_then(|more| more.emergency_number.as_ref()).map(|number| number.as_str()));
    Ok(Some(draft))
}

/// How phones come into calls of their lines.
pub(super) const fn barging(set: kinds::Barging) -> Barging {
    match set {
        kinds::Barging::Off => Barging::Off,
        kinds::Barging::Barge => Barging::Barge,
        kinds::Barging::ConferenceBarge => Barging::Conference,
    }
}

/// What line keys do while another phone of the line has a call; `None` where that is said elsewhere.
pub(super) const fn single_button_barge(set: SingleButtonBarge) -> Option<Barging> {
    match set {
        SingleButtonBarge::Default => None,
        SingleButtonBarge::Off => Some(Barging::Off),
        SingleButtonBarge::Barge => Some(Barging::Barge),
        SingleButtonBarge::ConferenceBarge => Some(Barging::Conference),
    }
}

const fn ring(it: kinds::RingSetting) -> RingSetting {
    match it {
        kinds::RingSetting::Off | kinds::RingSetting::Flash => RingSetting::Silent,
        kinds::RingSetting::RingOnce => RingSetting::Once,
        kinds::RingSetting::Ring => RingSetting::Ring,
        kinds::RingSetting::BeepOnce => RingSetting::Beep,
    }
}

/// Which calls are recorded there.
fn recording(state: &State, it: &LineButton) -> Option<Box<LineRecording>> {
    let option = match it.recording {
        RecordingChoice::Disabled => return None,
        RecordingChoice::Automatic => RecordingOption::Automatic,
        RecordingChoice::Selective => RecordingOption::Selective,
    };
    Some(Box::new(LineRecording { option, profile: name(state, it.recording_profile.as_deref().copied()) }))
}

/// Keys of a phone whose profile promises secrecy are told to nobody over signalling that has none; SIP has none yet.
fn srtp(state: &State, it: &Phone) -> SrtpRule {
    let profile = it.security_profile.and_then(|profile| state.get(profile));
    match profile.map(|profile| (profile.mode, profile.keys_in_clear)) {
        Some((SecurityMode::Encrypted, false)) => SrtpRule::Never,
        Some((SecurityMode::NonSecure | SecurityMode::Authenticated | SecurityMode::Encrypted, _)) | None => {
            SrtpRule::AsOffered
        }
    }
}

/// What a phone proves itself with, or which setting of its stands in the way, and how.
fn secret(
    it: &PhoneCredentials,
    common: &Common<'_>,
    secrets: &dyn Secrets,
) -> Result<LineSecret, (&'static str, String)> {
    if let Some(secret) = &it.secret {
        let opened = secrets.reveal("credentials.secret", &secret.text());
        return opened.map(LineSecret::Password).map_err(|why| ("credentials.secret", sealed(&why)));
    }
    let missing = |setting, algorithm: DigestAlgorithm| {
        let why = format!(
            "is missing, but the service parameter digest_algorithms has {}; add it, or give the secret",
            algorithm.word()
        );
        (setting, why)
    };
    let md5: Option<[u8; 16]> = it.ha1_md5.as_ref().and_then(|digest| auth::digest_of_hex(digest.expose()));
    let sha256: Option<[u8; 32]> =
        it.ha1_sha256.as_ref().and_then(|digest| auth::digest_of_hex(digest.expose()));
    if md5.is_none() && common.offers(DigestAlgorithm::Md5) {
        return Err(missing("credentials.ha1_md5", DigestAlgorithm::Md5));
    }
    if sha256.is_none() && common.offers(DigestAlgorithm::Sha256) {
        return Err(missing("credentials.ha1_sha256", DigestAlgorithm::Sha256));
    }
    // One that is neither there nor offered is what follows from the other: nobody proves to know it who does not know that.
    let text = |digest: &[u8]| digest.escape_ascii().to_string();
    let (md5, sha256) = match (md5, sha256) {
        (Some(md5), Some(sha256)) => (md5, sha256),
        (Some(md5), None) => (md5, auth::ha1_sha256(UNKNOWN, UNKNOWN, &text(&md5))),
        (None, Some(sha256)) => (auth::ha1_md5(UNKNOWN, UNKNOWN, &text(&sha256)), sha256),
        (None, None) => return Err(("credentials.secret", "is missing; give one".to_owned())),
    };
    Ok(LineSecret::Digests { md5: Secret::new(md5), sha256: Secret::new(sha256) })
}

/// In place of user name and domain: no such digest is ever asked for.
const UNKNOWN: &str = "";

fn forwards_draft(state: &State, it: &LineForwards) -> ForwardsDraft {
    let to = |target: &Option<ForwardTarget>| target.as_ref().and_then(|target| forward(state, target));
    ForwardsDraft {
        search_space: name(state, it.search_space),
        all: to(&it.all),
        all_policy: match it.all_policy {
            ForwardAllPolicy::Configured => CfaPolicy::WithConfiguredCss,
            ForwardAllPolicy::Line => CfaPolicy::WithActivatingDeviceLineCss,
            ForwardAllPolicy::System => CfaPolicy::UseSystemDefault,
        },
        secondary_search_space: name(state, it.all_secondary_search_space),
        busy: BySide { internal: to(&it.busy_internal), external: to(&it.busy_external) },
        no_answer: BySide { internal: to(&it.no_answer_internal), external: to(&it.no_answer_external) },
        unregistered: BySide {
            internal: to(&it.unregistered_internal),
            external: to(&it.unregistered_external),
        },
        no_coverage: BySide {
            internal: to(&it.no_coverage_internal),
            external: to(&it.no_coverage_external),
        },
        ring: None,
    }
}

fn forward(state: &State, it: &ForwardTarget) -> Option<ForwardDraft> {
    let to = match &it.number {
        Some(number) => ForwardTo::Number(number.as_str().into()),
        None if it.voice_mail => ForwardTo::VoiceMail,
        None => return None,
    };
    Some(ForwardDraft { to, search_space: Some(name(state, it.search_space)) })
}
