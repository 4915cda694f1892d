//! Recordings in scripts: whose calls are recorded, and what recorders are told.

use std::sync::Arc;

use strowger_base::RecordingMetadata;
use strowger_base::leg::{CallTone, Tone};
use strowger_base::recording::RecordedParty;
use strowger_callcontrol::Configuration;
use strowger_callcontrol::configuration::{
    LineRecording, RecorderEncryption, RecordingOption, RecordingProfile, RecordingTone, Trunk, Unrecorded,
};
use strowger_media::control;

/// `recording 1002 automatic`, `recording 1002 selective released tone`, `recording 1002 automatic number=3555` where the number is looked up
pub(crate) fn set(configuration: &mut Configuration, line: &str, words: &[&str]) {
    let option = match words.first() {
        Some(&"automatic") => RecordingOption::Automatic,
        Some(&"selective") => RecordingOption::Selective,
        Some(&"disabled") => RecordingOption::Disabled,
        other => panic!("no recording {other:?}"),
    };
    let number = words.iter().find_map(|word| word.strip_prefix("number="));
    let released = words.contains(&"released");
    let profile = RecordingProfile {
        name: "agents".into(),
        trunk: if number.is_some() { Box::default() } else { "recorder".into() },
        number: number.unwrap_or("7000").into(),
        search_space: Box::default(),
        unrecorded: if released { Unrecorded::Released } else { Unrecorded::GoesOn },
        encryption: RecorderEncryption::default(),
    };
    configuration.trunks.insert("recorder".into(), Trunk::default());
    let recording = Arc::make_mut(&mut configuration.recording);
    recording.profiles.insert(profile.name.clone(), Arc::new(profile));
    let tone = words.contains(&"tone");
    recording.tone = RecordingTone { recorded: tone, other_party: tone };
    for phone in &mut configuration.lines.get_mut(line).expect("a line").phones {
        let mut settings = (*phone.settings).clone();
        settings.recording = LineRecording { option, profile: "agents".into() };
        phone.settings = settings.into();
    }
}

/// Who talks with whom, as a recorder is told.
pub(crate) fn told(metadata: &RecordingMetadata) -> String {
    let who = |it: &RecordedParty| {
        let gone = if it.until.is_some() { " gone" } else { "" };
        format!("{} {:?}{gone}", it.party.number, it.flow).to_lowercase()
    };
    let mut text = format!("{}, {}", who(&metadata.own), who(&metadata.far));
    for conferee in &metadata.conferees {
        text += &format!(", with {}", who(conferee));
    }
    text
}

/// What a worker is told of a fork; `None` when it is about something else. `name` tells who is at an address.
pub(crate) fn fork(
    command: &control::Command,
    name: impl Fn(std::net::SocketAddr) -> String,
) -> Option<String> {
    match command {
        control::Command::OpenFork { .. } => Some("open fork".to_owned()),
        control::Command::Copy { side, to, .. } => {
            let to = to.map_or_else(|| "nobody".to_owned(), |to| name(to.remote));
            Some(format!("copy {side:?} to {to}"))
        }
        control::Command::Warn {
            side,
            types,
            tone: Tone::National { tone: CallTone::Recording, .. },
            ..
        } => Some(format!("tone for {side:?} {}", if types.is_some() { "on" } else { "off" })),
        _ => None,
    }
}
