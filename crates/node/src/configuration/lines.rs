//! Lines and their phones as an operator writes them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use strowger_base::leg::Answering;
use strowger_base::line::{lines_of, number_of};
use strowger_base::{Country, LineName, Secret, Table, limits};
use strowger_callcontrol::configuration::{
    BUSY_TRIGGER, Barging, CALLS_MAX, DoNotDisturb, HoldSources, IntercomLine, KeyMethod, LineRecording,
    MediaUse, NO_ANSWER_LINE, Rings, SrtpRule,
};
use strowger_sip::io::LineAccount;

use super::build::{Findings, Plain};
use super::{
    ConfigurationError, Draft, ForwardsDraft, LineAarDraft, NumberViewDraft, Place, Problem, SiteDraft,
    forwards,
};

/// A line (directory number).
#[derive(Clone)]
pub struct Line {
    /// The number.
    pub number: Box<str>,
    /// Display name.
    pub name: Box<str>,
    /// Partition of the number; the null partition when empty.
    pub partition: Box<str>,
    /// What the line sees of the dial plan, before what its phone sees; the null partition alone when empty.
    pub search_space: Box<str>,
    /// External phone number mask; none when empty.
    pub external_mask: Box<str>,
    /// Its number ends the collection of digits, although longer numbers begin alike.
    pub urgent: bool,
    /// Contacts at once, of all its phones together, 1 to [`limits::CONTACTS_PER_LINE`].
    pub contacts_max: usize,
    /// Calls that make it busy, at least 1 and at most `calls_max`.
    pub busy_trigger: u32,
    /// Calls at once, at least 1.
    pub calls_max: u32,
    /// How long its phones ring, 1 to 300 s.
    pub no_answer: Duration,
    /// Who answers calls to it while it has no other.
    pub auto_answer: Answering,
    /// What it has as an intercom line, which ordinary ones cannot call; `None` for those.
    pub intercom: Option<Box<IntercomLine>>,
    /// Where it sends calls that it does not take; `None` for most lines.
    pub forwards: Option<Box<ForwardsDraft>>,
    /// The number of its voice mail; none when empty.
    pub voice_mail: Box<str>,
    /// How it is reached over the public network; `None` for most lines.
    pub aar: Option<Box<LineAarDraft>>,
    /// The phones that it stands on; nobody registers on a line without any.
    pub phones: Vec<PhoneDraft>,
}

/// A line as it stands on one phone: what the phone proves itself with, and how it dials.
#[derive(Clone)]
pub struct PhoneDraft {
    /// Its name, which no other phone of the line has; empty only for the one phone of a line.
    pub name: Box<str>,
    /// User name in digest, which no other phone of the line has; the number of the line when `None`.
    pub username: Option<Box<str>>,
    /// What it proves itself with.
    pub secret: LineSecret,
    /// What it sees of the dial plan, after what the line sees.
    pub device_search_space: Box<str>,
    /// The line's external phone number mask when it calls from here: as the line says when `None`, none when empty.
    pub external_mask: Option<Box<str>>,
    /// Its IANA time zone, for partitions with opening hours; the device pool's, then UTC, when empty.
    pub zone: Box<str>,
    /// The route group that stands for `<Standard Local Route Group>` when it calls; the device pool's when empty.
    pub local_route_group: Box<str>,
    /// How it sees numbers.
    pub view: NumberViewDraft,
    /// The device pool that it belongs to; none when empty.
    pub device_pool: Box<str>,
    /// The pool of the place where it is rules for it there; one that does not roam is at home everywhere.
    pub roams: bool,
    /// The calling number of its emergency calls while it is at home; the device pool's when empty.
    pub emergency_number: Box<str>,
    /// Its calls are hidden from the other phones of the line, unless it shows them.
    pub private: bool,
    /// How it comes into calls of other phones of its lines; as the system says when `None`.
    pub barge: Option<Barging>,
    /// What the key of a line does there while another phone of the line has a call; as its device pool says when `None`.
    pub single_button_barge: Option<Barging>,
    /// It is told of messages that wait for its line without asking.
    pub told_of_messages: bool,
    /// Where it is, as far as it says so itself; `None` for most phones.
    pub site: Option<Box<SiteDraft>>,
    /// Whose lines it may watch; what it sees of the dial plan when empty.
    pub subscribe_search_space: Box<str>,
    /// Lines that it has a busy lamp for: it may watch them in any case.
    pub lamps: Vec<LineName>,
    /// Numbers that it dials by their position.
    pub speed_dials: Vec<Box<str>>,
    /// Whose tones it hears; as the device pool says when `None`.
    pub country: Option<Country>,
    /// Which audio sources others hear on account of it; as the device pool says where it says nothing.
    pub hold_sources: HoldSources,
    /// It sends growing numbers, each as a new INVITE (RFC 3578).
    pub overlap: bool,
    /// Which calls of the line are recorded there; `None` for most.
    pub recording: Option<Box<LineRecording>>,
    /// What it may do about keys of SRTP.
    pub srtp: SrtpRule,
    /// Which media resources its calls use.
    pub media: MediaUse,
    /// How keys that are pressed reach it.
    pub keys: KeyMethod,
    /// What do not disturb does there.
    pub undisturbed: DoNotDisturb,
    /// How it rings for the line.
    pub rings: Rings,
    /// Which line key of the phone the line is on, from 1.
    pub button: u8,
}

/// What a phone proves itself with.
#[derive(Clone)]
pub enum LineSecret {
    /// The password; only its digests are kept.
    Password(Secret<Box<str>>),
    /// The digests of `username:domain:password` (RFC 7616 §3.4.2).
    Digests {
        /// MD5.
        md5: Secret<[u8; 16]>,
        /// SHA-256.
        sha256: Secret<[u8; 32]>,
    },
    /// Nothing: it is an SCCP phone, which comes by its name.
    Station,
}

impl Line {
    /// A line with every default and one phone without a name.
    pub fn new(number: &str, name: &str, secret: LineSecret) -> Self {
        Line::on(number, name, vec![PhoneDraft::new("", secret)])
    }

    /// A line with every default that stands on these phones.
    pub fn on(number: &str, name: &str, phones: Vec<PhoneDraft>) -> Self {
        Line {
            number: number.into(),
            name: name.into(),
            partition: Box::default(),
            search_space: Box::default(),
            external_mask: Box::default(),
            urgent: false,
            contacts_max: limits::CONTACTS_PER_LINE,
            busy_trigger: BUSY_TRIGGER,
            calls_max: CALLS_MAX,
            no_answer: NO_ANSWER_LINE,
            auto_answer: Answering::User,
            intercom: None,
            forwards: None,
            voice_mail: Box::default(),
            aar: None,
            phones,
        }
    }
}

impl Line {
    /// Which line it is.
    pub fn line_name(&self) -> LineName {
        LineName::new(&self.number, &self.partition)
    }

    /// What all its phones see of the dial plan; the null partition alone when they differ, and without any.
    pub(super) fn device_search_space(&self) -> &str {
        let mut spaces = self.phones.iter().map(|phone| &*phone.device_search_space);
        let first = spaces.next().unwrap_or_default();
        if spaces.all(|space| space == first) { first } else { "" }
    }
}

impl PhoneDraft {
    /// A phone with every default.
    pub fn new(name: &str, secret: LineSecret) -> Self {
        PhoneDraft {
            name: name.into(),
            username: None,
            secret,
            device_search_space: Box::default(),
            external_mask: None,
            zone: Box::default(),
            local_route_group: Box::default(),
            view: NumberViewDraft::default(),
            device_pool: Box::default(),
            roams: true,
            emergency_number: Box::default(),
            private: false,
            barge: None,
            single_button_barge: None,
            told_of_messages: false,
            site: None,
            subscribe_search_space: Box::default(),
            lamps: Vec::new(),
            speed_dials: Vec::new(),
            country: None,
            hold_sources: HoldSources::default(),
            recording: None,
            overlap: false,
            srtp: SrtpRule::AsOffered,
            media: MediaUse::default(),
            keys: KeyMethod::default(),
            undisturbed: DoNotDisturb::default(),
            rings: Rings::default(),
            button: 1,
        }
    }

    /// The user name in digest.
    /// Whether it speaks SCCP.
    pub(super) const fn is_station(&self) -> bool {
        matches!(self.secret, LineSecret::Station)
    }

    pub(super) fn username<'d>(&'d self, line: &'d Line) -> &'d str {
        self.username.as_ref().unwrap_or(&line.number)
    }
}

pub(super) fn check_line(draft: &Draft, place: Place, line: &Line, found: &mut Findings) {
    if line.name.contains(char::is_control) {
        let why = "a name has no control characters".into();
        found.add(place, "name", Problem::Malformed { found: line.name.clone(), why });
    }
    found.range(place, "contacts_max", Plain(line.contacts_max), Plain(1), Plain(limits::CONTACTS_PER_LINE));
    found.range(place, "calls_max", Plain(line.calls_max), Plain(1), Plain(200));
    found.range(place, "busy_trigger", Plain(line.busy_trigger), Plain(1), Plain(line.calls_max.max(1)));
    found.range(place, "no_answer", line.no_answer, Duration::from_secs(1), Duration::from_secs(300));
    if !line.voice_mail.is_empty()
        && let Err(why) = forwards::destination(draft, &line.voice_mail, ())
    {
        let problem = Problem::Malformed { found: line.voice_mail.clone(), why: why.into() };
        found.add(place, "voice_mail", problem);
    }
    found.count(place, "phones", line.phones.len(), limits::PHONES_PER_LINE);
}

/// Another line has the number in the same partition, which mostly the plan has said.
pub(super) fn taken(place: Place, number: &str, found: &mut Findings) {
    let is_said = |error: &ConfigurationError| (error.place, error.setting) == (place, "number");
    if !found.0.iter().any(is_said) {
        let there = "another line of the partition".into();
        found.add(place, "number", Problem::Duplicate { found: number.into(), there });
    }
}

/// Looks at each phone of a line by itself, and at what two of them must not share.
pub(super) fn check_phones(index: usize, line: &Line, found: &mut Findings) {
    let (mut names, mut usernames) = (BTreeSet::new(), BTreeSet::new());
    for (at, phone) in line.phones.iter().enumerate() {
        let place = Place::Phone(index, at);
        check_phone(place, phone, found);
        if line.phones.len() > 1 {
            found.text(place, "name", &phone.name, "SEP001122334455");
        }
        let mut once = |is_new: bool, setting: &'static str, text: &str| {
            if !is_new {
                let there = "another phone of the line".into();
                found.add(place, setting, Problem::Duplicate { found: text.into(), there });
            }
        };
        once(phone.name.is_empty() || names.insert(&*phone.name), "name", &phone.name);
        // The user name alone says which of the phones it is.
        if !phone.is_station() {
            once(usernames.insert(phone.username(line)), "username", phone.username(line));
        }
    }
}

/// Of lines that have one number no two phones may prove themselves alike: nothing else tells which of the lines is meant.
/// `index` knows the positions of those that are looked at.
pub(super) fn check_alike(
    accounts: &Table<LineAccount>,
    number: &str,
    index: impl Fn(&str) -> Option<usize>,
    found: &mut Findings,
) {
    let mut proofs: BTreeMap<(&str, &[u8]), (&str, usize)> = BTreeMap::new();
    for (name, account) in lines_of(accounts, number) {
        for (at, phone) in account.phones.iter().enumerate() {
            // One digest is enough: of a secret of which only the other one is known, that one may be anything.
            let digests = [&phone.ha1_md5.expose()[..], &phone.ha1_sha256.expose()[..]];
            let keys = digests.map(|digest| (&*phone.username, digest));
            let there = keys.iter().find_map(|key| proofs.get(key)).filter(|(other, _)| *other != name);
            let Some((other, other_at)) = there.copied() else {
                proofs.extend(keys.map(|key| (key, (name, at))));
                continue;
            };
            let (place, there) = match (index(name), index(other)) {
                (Some(line), _) => (Place::Phone(line, at), other),
                (None, Some(line)) => (Place::Phone(line, other_at), name),
                (None, None) => continue,
            };
            let name_there =
                accounts.get(other).and_then(|account| account.phones.get(other_at)?.name.as_ref());
            let why = match phone.name.is_some() && phone.name.as_ref() == name_there {
                true => format!(
                    "the phone has line {there} too, and registers both as {number}; put one of them on another phone"
                ),
                false => format!(
                    "a phone of line {there} proves itself with the same user name and secret, and nothing else tells \
                     which of the two lines is meant; give one of the phones another"
                ),
            };
            let username = (&*phone.username).into();
            found.add(place, "username", Problem::Malformed { found: username, why: why.into() });
        }
    }
}

/// All numbers that more than one line has.
pub(super) fn numbers_of_several(accounts: &Table<LineAccount>) -> BTreeSet<&str> {
    let numbers = || accounts.keys().map(number_of);
    numbers().zip(numbers().skip(1)).filter(|(one, next)| one == next).map(|(number, _)| number).collect()
}

fn check_phone(place: Place, phone: &PhoneDraft, found: &mut Findings) {
    if !phone.view.called.is_empty() {
        let why =
            "phones are sent no called number that could be changed; say calling, connected or redirecting"
                .into();
        let called = phone.view.called.clone();
        found.add(place, "transformation_space", Problem::Malformed { found: called, why });
    }
    if phone.name.contains(char::is_control) {
        let why = "a name has no control characters".into();
        found.add(place, "name", Problem::Malformed { found: phone.name.clone(), why });
    }
    if let Some(username) = &phone.username {
        found.text(place, "username", username, "1001");
        if username.contains(['"', ':', '\\']) || username.contains(char::is_control) {
            let why = "a digest user name has no quote, colon, backslash or control character".into();
            found.add(place, "username", Problem::Malformed { found: username.clone(), why });
        }
    }
    if let LineSecret::Password(password) = &phone.secret
        && password.expose().is_empty()
    {
        found.add(place, "secret", Problem::Missing { example: "a long random word" });
    }
}

#[cfg(test)]
mod tests;
