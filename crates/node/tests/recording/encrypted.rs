//! Calls with keys, and recorders that take some, or none.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::feature::Turn;
use strowger_base::journal::{Decision, Entry, KeysOutcome, RecordingNews, ToneFor, WhyNotRecorded};
use strowger_callcontrol::configuration::{RecorderEncryption, RecordingOption, RecordingTone, Unrecorded};
use strowger_callcontrol::io::CallSide;
use strowger_node::{Draft, Input};

use crate::scene::{ANSWER, KEYS, Scene, recorded};
use crate::world::{body_of, header};

/// Bob's line is recorded, with this encryption of the copies.
pub(crate) fn encrypted(encryption: RecorderEncryption) -> Scene {
    let mut draft = recorded(RecordingOption::Automatic, Unrecorded::GoesOn);
    let profile = draft.recording.profiles.get_mut("agents").unwrap();
    Arc::make_mut(profile).encryption = encryption;
    Scene::new(&draft)
}

/// An answer of a recorder that takes the third key of each stream.
pub(crate) fn with_keys(answer: &str) -> String {
    answer
        .replace("RTP/AVP", "RTP/SAVP")
        .replace("a=recvonly\r\n", &format!("a=recvonly\r\n{}", KEYS.replace(":1", ":3")))
}

#[test]
fn an_encrypted_call_is_copied_with_keys_of_its_own() {
    let mut draft = recorded(RecordingOption::Automatic, Unrecorded::GoesOn);
    draft.recording.tone = RecordingTone::default();
    let mut scene = Scene::new(&draft);
    let call = scene.answered_encrypted();
    let (invite, sdp, _) = scene.invited();
    assert_eq!(sdp.matches(" RTP/SAVP ").count(), 2, "{sdp}");
    assert_eq!(sdp.matches("a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:").count(), 2, "{sdp}");
    let mut lines: Vec<&str> = sdp.lines().filter(|line| line.starts_with("a=crypto:")).collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), 8, "no key is used twice");
    assert!(!sdp.contains("d0RmdmcmVCspeEc3"), "nor one of the call: {sdp}");
    assert_eq!(scene.told(), ["unseal A true B true"], "with no tone to be heard keys pass as they are");
    scene.recorder_answers(&invite, &with_keys(ANSWER));
    let expect = ["protect A true B true", "B to 192.0.2.77:7000", "A to 192.0.2.77:7002"];
    assert_eq!(scene.told(), expect, "keys come before the copies");
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}

/// The keys that a description gives.
fn keys_in(message: &str) -> Vec<String> {
    let is_key = |line: &&str| line.starts_with("a=crypto:");
    body_of(message).lines().filter(is_key).map(str::to_owned).collect()
}

#[test]
fn both_parties_of_an_encrypted_call_hear_that_it_is_recorded() {
    for option in [RecordingOption::Automatic, RecordingOption::Selective] {
        let mut draft = recorded(option, Unrecorded::GoesOn);
        draft.recording.tone = RecordingTone { recorded: true, other_party: true };
        let mut scene = Scene::new(&draft);
        let call = scene.answered_encrypted();
        let theirs = KEYS.split_once("inline:").unwrap().1.trim_end();
        let (to_bob, to_alice) = (keys_in(&call), keys_in(&scene.answer));
        assert_eq!(to_bob.len(), 4, "one of each suite: {to_bob:?}");
        assert_eq!(to_alice.len(), 1, "{to_alice:?}");
        assert!(to_alice[0].starts_with("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"), "{to_alice:?}");
        let all = || to_bob.iter().chain(&to_alice).map(|line| line.split_once("inline:").unwrap().1);
        assert!(!all().any(|key| key == theirs), "neither has a key of the other one");
        assert_eq!(all().collect::<BTreeSet<_>>().len(), 5, "no key is used twice");
        let is_told = |entry: &Entry<'_>| matches!(entry, Entry::Decision(Decision::Keys(keys)) if keys.outcome == KeysOutcome::BothToServer);
        assert_eq!(scene.world.records().iter().filter(|record| is_told(&record.entry)).count(), 1);

        assert_eq!(scene.told(), ["protect A true B true"], "the relay has the keys of both");
        if option == RecordingOption::Selective {
            assert!(scene.order(CallSide::Called, Turn::On));
        }
        let (invite, sdp, _) = scene.invited();
        assert_eq!(sdp.matches(" RTP/SAVP ").count(), 2, "{sdp}");
        scene.recorder_answers(&invite, &with_keys(ANSWER));
        let expect = [
            "protect A true B true",
            "B to 192.0.2.77:7000",
            "A to 192.0.2.77:7002",
            "tone B true",
            "tone A true",
        ];
        assert_eq!(scene.told(), expect, "the copies have keys, and what the relay opened needs none");
        for to in [ToneFor::Recorded, ToneFor::OtherParty] {
            assert!(scene.news().contains(&RecordingNews::Tone { to, codec: "PCMA" }), "{:?}", scene.news());
        }

        // What is offered later has the same keys, so that the relay goes on with them.
        scene.reoffer_encrypted(&call, "a=sendonly\r\n", "a=recvonly\r\n");
        assert!(!scene.told().iter().any(|told| told.starts_with("unseal")), "nothing passes as it is");
        let (held, ..) = scene.invited();
        scene.recorder_answers(&held, &with_keys(ANSWER).replace("a=recvonly", "a=inactive"));
        scene.told();
        scene.hang_up(&call);
        scene.recorder_is_left();
        scene.settled();
    }
}

#[test]
fn a_suite_that_only_the_devices_know_passes_as_it_is() {
    let mut scene = Scene::new(&recorded(RecordingOption::Automatic, Unrecorded::GoesOn));
    scene.keys = KEYS.replace("AES_CM_128_HMAC_SHA1_80", "F8_128_HMAC_SHA1_80");
    let call = scene.answered_encrypted();
    assert_eq!(keys_in(&call), [scene.keys.trim_end()]);
    assert_eq!(scene.told(), Vec::<String>::new());
    assert_eq!(scene.news(), [RecordingNews::Refused(WhyNotRecorded::Encrypted)]);
    scene.hang_up(&call);
    scene.settled();
}

#[test]
fn nobody_hears_the_tone_where_keys_are_offered_beside_rtp() {
    let mut scene = Scene::new(&recorded(RecordingOption::Automatic, Unrecorded::GoesOn));
    scene.protocol = "RTP/AVP";
    let call = scene.answered_encrypted();
    assert_eq!(keys_in(&call), [KEYS.trim_end()], "who answers may want RTP");
    let (invite, ..) = scene.invited();
    assert_eq!(scene.told(), ["unseal A true B true"]);
    scene.recorder_answers(&invite, &with_keys(ANSWER));
    let expect = ["protect A true B true", "B to 192.0.2.77:7000", "A to 192.0.2.77:7002", "tone A false"];
    assert_eq!(scene.told(), expect, "no tone is mixed into what nobody opens");
    let no_tone = RecordingNews::NoToneSealed { to: ToneFor::OtherParty };
    assert!(scene.news().contains(&no_tone), "{:?}", scene.news());
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}

#[test]
fn an_encrypted_call_is_copied_in_the_clear_only_where_its_profile_says_so() {
    // A recorder that takes the streams and no keys.
    let mut scene = encrypted(RecorderEncryption::AsTheCall);
    let call = scene.answered_encrypted();
    let (invite, ..) = scene.invited();
    scene.told();
    scene.recorder_answers(&invite, ANSWER);
    scene.recorder_is_left();
    assert!(!scene.told().iter().any(|told| told.contains("192.0.2.77")));
    assert_eq!(scene.news().last(), Some(&RecordingNews::Refused(WhyNotRecorded::NoKeys)));
    assert_eq!(scene.alarms(), 1);
    scene.hang_up(&call);
    scene.settled();

    let mut scene = encrypted(RecorderEncryption::Never);
    let call = scene.answered_encrypted();
    scene.world.silent();
    assert_eq!(scene.news(), [RecordingNews::Refused(WhyNotRecorded::NoKeys)]);
    scene.hang_up(&call);
    scene.settled();

    let mut scene = encrypted(RecorderEncryption::IfTaken);
    let call = scene.answered_encrypted();
    let (invite, ..) = scene.invited();
    let refused = scene.recorder.respond(&invite, "488 Not Acceptable Here", "");
    scene.world.from(scene.recorder.address, &refused);
    scene.world.expect(&scene.recorder, "ACK ");
    scene.world.pass(Duration::from_millis(1));
    let (invite, sdp, _) = scene.invited();
    assert_eq!((sdp.matches(" RTP/AVP ").count(), sdp.matches("a=crypto").count()), (2, 0), "{sdp}");
    scene.told();
    scene.recorder_answers(&invite, ANSWER);
    assert_eq!(scene.told()[..2], ["B to 192.0.2.77:7000", "A to 192.0.2.77:7002"]);
    assert!(scene.news().contains(&RecordingNews::InClear));
    assert_eq!(scene.alarms(), 0);
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}

#[test]
fn all_copies_are_encrypted_where_the_profile_says_so() {
    let mut scene = encrypted(RecorderEncryption::Always);
    let call = scene.answered();
    let (invite, sdp, _) = scene.invited();
    assert_eq!(sdp.matches(" RTP/SAVP ").count(), 2, "{sdp}");
    assert_eq!(scene.told(), Vec::<String>::new(), "nothing is to be opened");
    scene.recorder_answers(&invite, &with_keys(ANSWER));
    let expect = ["protect A true B true", "B to 192.0.2.77:7000", "A to 192.0.2.77:7002", "tone A true"];
    assert_eq!(scene.told(), expect);
    scene.reoffer(&call, "a=sendonly\r\n", "a=recvonly\r\n");
    let (held, ..) = scene.invited();
    scene.recorder_answers(&held, &with_keys(ANSWER).replace("a=recvonly", "a=inactive"));
    assert_eq!(scene.told()[..3], ["protect A true B true", "B to nowhere", "A to nowhere"]);
    scene.reoffer(&call, "", "");
    let (resumed, ..) = scene.invited();
    let (first, second) = ANSWER.split_at(ANSWER.rfind("m=").unwrap());
    scene.recorder_answers(&resumed, &(with_keys(first) + second));
    let expect = ["A to nowhere", "protect A false B true", "B to 192.0.2.77:7000", "A to nowhere"];
    assert_eq!(scene.told()[..4], expect, "what is not taken with a key ends before it has none");
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}

#[test]
fn keys_that_nobody_took_are_no_encryption() {
    let mut scene = Scene::new(&recorded(RecordingOption::Automatic, Unrecorded::GoesOn));
    let call = scene.answered();
    let (invite, ..) = scene.invited();
    scene.recorder_answers(&invite, ANSWER);
    scene.told();
    // Bob offers keys beside, which Alice leaves.
    scene.reoffer(&call, KEYS, "");
    scene.media();
    while let Some((peer, message)) = scene.world.sent.pop_front() {
        // The recorder may be told of another description of the media.
        assert!(peer == scene.recorder.address && message.starts_with("INVITE "), "{message}");
        scene.recorder_answers(&message, ANSWER);
    }
    scene.told();
    assert_eq!(scene.alarms(), 0);
    assert!(!scene.news().iter().any(|news| matches!(news, RecordingNews::Refused(_))));
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}

#[test]
fn a_recorder_that_takes_no_keys_after_a_change_has_no_copies() {
    let mut scene = encrypted(RecorderEncryption::Always);
    let call = scene.answered();
    let (invite, ..) = scene.invited();
    scene.recorder_answers(&invite, &with_keys(ANSWER));
    scene.reoffer(&call, "a=sendonly\r\n", "a=recvonly\r\n");
    let (held, ..) = scene.invited();
    scene.recorder_answers(&held, &with_keys(ANSWER).replace("a=recvonly", "a=inactive"));
    scene.told();
    scene.reoffer(&call, "", "");
    let (resumed, ..) = scene.invited();
    scene.recorder_answers(&resumed, ANSWER);
    scene.recorder_is_left();
    let expect = ["B to nowhere", "A to nowhere", "protect A false B false", "tone A false"];
    assert_eq!(scene.told(), expect);
    assert_eq!(scene.news().last(), Some(&RecordingNews::Refused(WhyNotRecorded::NoKeys)));
    assert_eq!(scene.alarms(), 1);
    scene.hang_up(&call);
    scene.settled();
}

/// The tone is configured in the midst of a call whose devices have keys of their own: it is offered anew at once.
#[test]
fn a_tone_that_is_switched_on_later_ends_the_encryption_at_the_relay() {
    let mut draft = recorded(RecordingOption::Automatic, Unrecorded::GoesOn);
    draft.recording.tone = RecordingTone::default();
    let mut scene = Scene::new(&draft);
    let call = scene.answered_encrypted();
    let (invite, ..) = scene.invited();
    scene.recorder_answers(&invite, &with_keys(ANSWER));
    scene.told();
    draft.recording.tone = RecordingTone { recorded: true, other_party: true };
    let configure = |scene: &mut Scene, draft: &Draft| {
        let configuration = draft.build().unwrap_or_else(|errors| panic!("{errors:?}"));
        scene.world.input(Input::Configure(Arc::new(configuration)));
    };
    configure(&mut scene, &draft);
    // Bob is asked for an offer, Alice is offered keys of the server, and Bob is answered with others.
    let asked = scene.world.expect(&scene.bob, "INVITE ");
    assert_eq!(header(&asked, "Content-Length"), "0");
    let offer = scene.secure(&scene.bob);
    scene.world.from(scene.bob.address, &scene.bob.respond(&asked, "200 OK", &offer));
    let offered = scene.world.expect(&scene.alice, "INVITE ");
    assert_eq!(keys_in(&offered).len(), 4, "{offered}");
    assert!(!offered.contains("d0RmdmcmVCspeEc3"), "{offered}");
    let answer = scene.secure(&scene.alice);
    scene.world.from(scene.alice.address, &scene.alice.respond(&offered, "200 OK", &answer));
    scene.world.expect(&scene.alice, "ACK ");
    let answered = scene.world.expect(&scene.bob, "ACK ");
    assert!(keys_in(&answered).len() == 1 && !answered.contains("d0RmdmcmVCspeEc3"), "{answered}");
    let told = scene.told();
    let first = ["tone B false", "tone A false", "protect A true B true"];
    assert_eq!(told[..3], first, "what is sealed has no tone until the relay has the keys of both");
    assert_eq!(told[3..], ["unseal A false B false", "tone B true", "tone A true"]);
    for to in [ToneFor::Recorded, ToneFor::OtherParty] {
        assert!(scene.news().contains(&RecordingNews::Tone { to, codec: "PCMA" }), "{:?}", scene.news());
    }
    scene.world.silent();
    // Off again: nothing is offered for that.
    draft.recording.tone = RecordingTone::default();
    configure(&mut scene, &draft);
    assert_eq!(scene.told(), ["tone B false", "tone A false"]);
    scene.world.silent();
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}

/// A device that makes no offer keeps the call as it is, and nobody asks it again and again.
#[test]
fn a_device_that_makes_no_offer_for_the_tone_is_asked_once() {
    let mut draft = recorded(RecordingOption::Automatic, Unrecorded::GoesOn);
    draft.recording.tone = RecordingTone::default();
    let mut scene = Scene::new(&draft);
    let call = scene.answered_encrypted();
    let (invite, ..) = scene.invited();
    scene.recorder_answers(&invite, &with_keys(ANSWER));
    scene.told();
    for recorded in [true, false] {
        draft.recording.tone = RecordingTone { recorded, other_party: true };
        let configuration = draft.build().unwrap_or_else(|errors| panic!("{errors:?}"));
        scene.world.input(Input::Configure(Arc::new(configuration)));
        if recorded {
            let asked = scene.world.expect(&scene.bob, "INVITE ");
            let refused = scene.bob.respond(&asked, "488 Not Acceptable Here", "");
            scene.world.from(scene.bob.address, &refused);
            scene.world.expect(&scene.bob, "ACK ");
        }
        scene.world.silent();
    }
    let no_tone = RecordingNews::NoToneSealed { to: ToneFor::OtherParty };
    assert!(scene.news().contains(&no_tone), "{:?}", scene.news());
    scene.told();
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}
