//! Phones that know of recordings (RFC 7866 §6.3): they are told with `a=record`, hear no tone, and may say what they want.

use strowger_base::feature::Turn;
use strowger_base::journal::{Decision, Entry, RecordingNews, ToneFor, WhyFeatureRefused};
use strowger_base::recording::RecordingShown;
use strowger_callcontrol::configuration::{RecordingOption, RecordingTone, Unrecorded};
use strowger_callcontrol::io::CallSide;

use crate::scene::{ANSWER, Scene, recorded};
use crate::world::{body_of, header, tag_of};

/// Bob, who is recorded, has a phone that shows it; both would hear the tone.
fn aware(option: RecordingOption) -> Scene {
    let mut draft = recorded(option, Unrecorded::GoesOn);
    draft.recording.tone = RecordingTone { recorded: true, other_party: true };
    Scene::new(&draft)
}

impl Scene {
    /// Alice calls Bob, whose phone says `header` and `line` in its answer.
    fn answered_by(&mut self, supported: &str, line: &str) -> String {
        self.world.invite(&mut self.alice, "1002");
        self.media();
        let invite = self.world.expect(&self.bob, "INVITE ");
        let ok = self.bob.respond(&invite, "200 OK", &(self.bob.sdp() + line));
        let ok = ok.replacen("Contact: ", &format!("{supported}Contact: "), 1);
        self.world.from(self.bob.address, &ok);
        self.world.expect(&self.bob, "ACK ");
        let ok = self.world.expect(&self.alice, "SIP/2.0 200 ");
        self.answer.clone_from(&ok);
        self.alice.remote_tag = tag_of(&ok, "To").to_owned();
        let ack = self.alice.request("ACK", "", "");
        self.media();
        self.world.from(self.alice.address, &ack);
        self.media();
        invite
    }

    /// Bob's phone is told this.
    fn shown(&mut self, line: &str) -> String {
        self.shown_while(line, "")
    }

    /// The same while it is held, or holds.
    fn shown_while(&mut self, line: &str, direction: &str) -> String {
        let invite = self.world.expect(&self.bob, "INVITE ");
        assert!(body_of(&invite).contains(&format!("a=record:{line}\r\nm=")), "{invite}");
        let ok = self.bob.respond(&invite, "200 OK", &(self.bob.sdp() + direction));
        let ok = ok.replacen("Contact: ", "Supported: record-aware\r\nContact: ", 1);
        self.world.from(self.bob.address, &ok);
        self.world.expect(&self.bob, "ACK ");
        invite
    }
}

fn version(message: &str) -> u64 {
    let origin = body_of(message).lines().find(|line| line.starts_with("o=")).unwrap();
    origin.split(' ').nth(2).unwrap().parse().unwrap()
}

#[test]
fn a_phone_that_knows_of_recordings_is_told_in_place_of_a_tone() {
    let mut scene = aware(RecordingOption::Automatic);
    let call = scene.answered_by("Supported: record-aware\r\n", "");
    assert!(!scene.answer.contains("a=record"), "that is between it and this server: {}", scene.answer);
    let (invite, sdp, _) = scene.invited();
    assert!(!sdp.contains("a=record"), "{sdp}");
    scene.recorder_answers(&invite, ANSWER);
    let on = scene.shown("on");
    assert_eq!(version(&on), version(&call) + 1);
    let told = scene.told();
    assert!(
        told.contains(&"tone A true".to_owned()) && !told.contains(&"tone B true".to_owned()),
        "{told:?}"
    );
    assert!(scene.news().contains(&RecordingNews::Shown(RecordingShown::On)));
    assert!(
        !scene.news().iter().any(|news| matches!(news, RecordingNews::Tone { to: ToneFor::Recorded, .. }))
    );
    scene.world.silent();
    // Whatever it is told later says so as well.
    let request = scene.alice.request("INVITE", "", &(scene.alice.sdp() + "a=sendonly\r\n"));
    scene.world.from(scene.alice.address, &request);
    scene.world.expect(&scene.alice, "SIP/2.0 100 ");
    let held = scene.world.expect(&scene.bob, "INVITE ");
    assert!(body_of(&held).contains("a=record:on\r\n") && version(&held) > version(&on), "{held}");
    let ok = scene.bob.respond(&held, "200 OK", &(scene.bob.sdp() + "a=recvonly\r\n"));
    let ok = ok.replacen("Contact: ", "Supported: record-aware\r\nContact: ", 1);
    scene.world.from(scene.bob.address, &ok);
    scene.world.expect(&scene.bob, "ACK ");
    let ok = scene.world.expect(&scene.alice, "SIP/2.0 200 ");
    assert!(!ok.contains("a=record"), "{ok}");
    let ack = scene.alice.request("ACK", "", "");
    let others = std::mem::take(&mut scene.world.sent);
    scene.world.from(scene.alice.address, &ack);
    scene.world.sent.extend(others);
    let (held, ..) = scene.invited();
    scene.recorder_answers(&held, &ANSWER.replace("a=recvonly", "a=inactive"));
    scene.told();
    scene.world.silent();
    // The recorder dies.
    scene.recorder_hangs_up(&invite);
    let off = scene.shown_while("off", "a=recvonly\r\n");
    assert_eq!(header(&off, "Content-Type"), "application/sdp");
    scene.world.silent();
    scene.hang_up(&call);
    scene.told();
    scene.settled();
}

#[test]
fn a_phone_says_in_its_description_what_it_wants_recorded() {
    let mut scene = aware(RecordingOption::Selective);
    let call = scene.answered_by("", "a=recordpref:on\r\n");
    assert!(!scene.answer.contains("a=record"), "{}", scene.answer);
    let (invite, ..) = scene.invited();
    scene.recorder_answers(&invite, ANSWER);
    scene.shown("on");
    scene.told();
    scene.world.silent();
    // It is to end: the same offer with another wish, which nobody else hears of.
    let offer = scene.bob.sdp() + "a=recordpref:off\r\n";
    let request = scene.bob.request_back(&call, "INVITE", &offer);
    scene.world.from(scene.bob.address, &request);
    let ok = scene.world.expect(&scene.bob, "SIP/2.0 200 ");
    assert!(body_of(&ok).contains("a=record:on\r\n"), "{ok}");
    let ack = scene.bob.request_back(&call, "ACK", "");
    scene.world.from(scene.bob.address, &ack);
    scene.recorder_is_left();
    scene.shown("off");
    scene.world.silent();
    scene.hang_up(&call);
    scene.settled();
}

#[test]
fn a_wish_is_refused_with_a_reason_where_every_call_is_recorded() {
    let mut scene = aware(RecordingOption::Automatic);
    let call = scene.answered_by("", "a=recordpref:off\r\n");
    let refused = |scene: &Scene| {
        let is = |entry: &Entry<'_>| {
            matches!(
                entry,
                Entry::Decision(Decision::FeatureRefused {
                    feature: "record",
                    why: WhyFeatureRefused::NotAllowed { .. },
                    ..
                })
            )
        };
        scene.world.records().iter().filter(|record| is(&record.entry)).count()
    };
    assert_eq!(refused(&scene), 1);
    let (invite, ..) = scene.invited();
    scene.recorder_answers(&invite, ANSWER);
    scene.shown("on");
    scene.told();
    assert_eq!(refused(&scene), 1);
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}

#[test]
fn a_pause_of_the_recorder_is_shown() {
    let mut scene = aware(RecordingOption::Selective);
    let call = scene.answered_by("Supported: record-aware\r\n", "a=recordpref:nopreference\r\n");
    scene.world.silent();
    assert!(scene.order(CallSide::Called, Turn::On));
    let (invite, ..) = scene.invited();
    scene.recorder_answers(&invite, ANSWER);
    scene.shown("on");
    scene.told();
    for (direction, shown) in [("a=inactive", "paused"), ("a=recvonly", "on")] {
        let back = invite.replace(">;+sip.src", ">");
        let offer = ANSWER.replace("a=recvonly", direction);
        let request = scene.recorder.request_back(&back, "UPDATE", &offer);
        scene.world.from(scene.recorder.address, &request);
        scene.world.expect(&scene.recorder, "SIP/2.0 200 ");
        scene.shown(shown);
        scene.told();
        scene.world.silent();
    }
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}
