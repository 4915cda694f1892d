//! What a recorder asks for by itself: pauses, other addresses and keys, and to be told everything again.

use strowger_base::Cause;
use strowger_base::journal::{RecordingChange, RecordingNews, WhyNotRecorded};
use strowger_callcontrol::configuration::{RecorderEncryption, RecordingOption, Unrecorded};

use crate::encrypted::{encrypted, with_keys};
use crate::scene::{ANSWER, KEYS, Scene, recorded};
use crate::world::{body_of, header};

impl Scene {
    /// Bob's line is recorded, and the recorder has answered. Returns the INVITE for Bob and the one for the recorder.
    fn running(&mut self, answer: &str) -> (String, String) {
        let call = self.answered();
        let (invite, ..) = self.invited();
        self.recorder_answers(&invite, answer);
        self.told();
        (call, invite)
    }

    /// The recorder sends a request of its own. Returns the answer, which is acknowledged where it has to be.
    fn recorder_asks(&mut self, invite: &str, method: &str, body: &str, status: &str) -> String {
        let invite = invite.replace(">;+sip.src", ">");
        let request = self.recorder.request_back(&invite, method, body);
        self.world.from(self.recorder.address, &request);
        if method == "INVITE" {
            self.world.expect(&self.recorder, "SIP/2.0 100 ");
        }
        let response = self.world.expect(&self.recorder, &format!("SIP/2.0 {status} "));
        if method == "INVITE" && status == "200" {
            let ack = self.recorder.request_back(&invite, "ACK", "");
            self.world.from(self.recorder.address, &ack);
        } else if method == "INVITE" {
            let ack = self.recorder.acknowledge(&response);
            self.world.from(self.recorder.address, &ack);
        }
        response
    }
}

fn paused() -> String {
    ANSWER.replace("a=recvonly", "a=inactive")
}

#[test]
fn a_recorder_pauses_and_goes_on() {
    for method in ["INVITE", "UPDATE"] {
        let mut scene = Scene::new(&recorded(RecordingOption::Automatic, Unrecorded::GoesOn));
        let (call, invite) = scene.running(ANSWER);
        let answer = scene.recorder_asks(&invite, method, &paused(), "200");
        let sdp = body_of(&answer);
        assert_eq!((sdp.matches("a=inactive\r\n").count(), sdp.matches("a=label:").count()), (2, 2), "{sdp}");
        assert_eq!(scene.told(), ["B to nowhere", "A to nowhere", "tone A false"], "nobody is recorded now");
        assert_eq!(scene.news().last(), Some(&RecordingNews::Paused));
        // A hold and its end are told all the same, and do not wake it.
        scene.reoffer(&call, "a=sendonly\r\n", "a=recvonly\r\n");
        let (held, ..) = scene.invited();
        scene.recorder_answers(&held, &paused());
        scene.reoffer(&call, "", "");
        let (resumed, sdp, _) = scene.invited();
        assert_eq!(sdp.matches("a=sendonly\r\n").count(), 2, "{sdp}");
        scene.recorder_answers(&resumed, &paused());
        assert!(scene.told().iter().all(|told| told.ends_with("nowhere")), "it is paused");
        scene.world.silent();
        let answer = scene.recorder_asks(&invite, method, ANSWER, "200");
        assert_eq!(body_of(&answer).matches("a=sendonly\r\n").count(), 2, "{answer}");
        assert_eq!(scene.told(), ["B to 192.0.2.77:7000", "A to 192.0.2.77:7002", "tone A true"]);
        assert_eq!(scene.alarms(), 0);
        scene.hang_up(&call);
        scene.recorder_is_left();
        scene.settled();
    }
}

#[test]
fn a_recorder_moves_its_ports_and_refreshes_its_session() {
    let mut scene = Scene::new(&recorded(RecordingOption::Automatic, Unrecorded::GoesOn));
    let (call, invite) = scene.running(ANSWER);
    let moved = ANSWER.replace("7000 RTP", "7100 RTP").replace("1 1 IN", "1 2 IN");
    let first = scene.recorder_asks(&invite, "INVITE", &moved, "200");
    assert_eq!(scene.told()[..2], ["B to 192.0.2.77:7100", "A to 192.0.2.77:7002"]);
    let news = scene.news().len();
    // The same again is a refresh: it is answered with the same, and nobody is told anything.
    for method in ["INVITE", "UPDATE"] {
        let again = scene.recorder_asks(&invite, method, &moved, "200");
        assert_eq!(body_of(&again), body_of(&first));
        assert_eq!(scene.news().len(), news);
    }
    // One without a description as well.
    let answer = scene.recorder_asks(&invite, "UPDATE", "", "200");
    assert_eq!(header(&answer, "Content-Length"), "0");
    scene.recorder_asks(&invite, "OPTIONS", "", "200");
    scene.recorder_asks(&invite, "INFO", "", "200");
    // What both sides have is not what is unknown.
    let info = scene.recorder.request_back(&invite.replace(">;+sip.src", ">"), "INFO", "");
    let info = info.replace("Content-Length", "Require: siprec, foo\r\nContent-Length");
    scene.world.from(scene.recorder.address, &info);
    let refused = scene.world.expect(&scene.recorder, "SIP/2.0 420 ");
    assert_eq!(header(&refused, "Unsupported"), "foo");
    // Only one stream is wanted, and video is none of ours.
    let (first, second) = moved.split_at(moved.rfind("m=").unwrap());
    let one = first.to_owned() + &second.replace("7002", "0") + "m=video 7004 RTP/AVP 97\r\n";
    let answer = scene.recorder_asks(&invite, "INVITE", &one, "200");
    let ports: Vec<&str> = body_of(&answer).lines().filter(|line| line.starts_with("m=")).collect();
    assert!(ports[1].starts_with("m=audio 0 ") && ports[2].starts_with("m=video 0 "), "{answer}");
    assert!(scene.told().contains(&"A to nowhere".to_owned()));
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}

#[test]
fn a_recorder_that_leaves_a_stream_away_is_refused_and_goes_on() {
    let mut scene = Scene::new(&recorded(RecordingOption::Automatic, Unrecorded::GoesOn));
    let (call, invite) = scene.running(ANSWER);
    let (one, _) = ANSWER.split_at(ANSWER.rfind("m=").unwrap());
    for offer in [one.to_owned(), with_keys(ANSWER)] {
        scene.recorder_asks(&invite, "INVITE", &offer, "488");
        let refused = RecordingNews::ChangeRefused(Cause::INCOMPATIBLE_DESTINATION);
        assert_eq!(scene.news().last(), Some(&refused));
        assert_eq!(scene.told(), Vec::<String>::new(), "copies go where they went");
    }
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}

#[test]
fn a_recorder_asks_to_be_told_everything_again() {
    let wish = "<?xml version=\"1.0\"?><requestsnapshot xmlns=\"urn:ietf:params:xml:ns:recording:1\"/>";
    let mut scene = Scene::new(&recorded(RecordingOption::Automatic, Unrecorded::GoesOn));
    let call = scene.answered();
    let (invite, sdp, everything) = scene.invited();
    assert_eq!(header(&invite, "Accept"), "application/sdp, application/rs-metadata-request");
    scene.recorder_answers(&invite, ANSWER);
    scene.told();
    let back = invite.replace(">;+sip.src", ">");
    let request = scene.recorder.request_back(&back, "UPDATE", wish);
    let request = request.replace("application/sdp", "application/rs-metadata-request");
    let request = request.replace("Max-Forwards", "Require: siprec\r\nMax-Forwards");
    scene.world.from(scene.recorder.address, &request);
    scene.world.expect(&scene.recorder, "SIP/2.0 200 ");
    let (again, told_again, metadata) = scene.invited();
    assert_eq!((&told_again, &metadata), (&sdp, &everything), "nothing has changed");
    scene.recorder_answers(&again, ANSWER);
    assert_eq!(scene.news().last(), Some(&RecordingNews::Changed(RecordingChange::Asked)));

    // With a description beside the wish: the answer to it goes first.
    let body = format!(
        "--b\r\nContent-Type: application/sdp\r\n\r\n{}\r\n--b\r\nContent-Type: application/rs-metadata-request\r\n\
         Content-Disposition: recording-session\r\n\r\n{wish}\r\n--b--\r\n",
        ANSWER.replace("7000 RTP", "7100 RTP")
    );
    let request = scene.recorder.request_back(&back, "INVITE", &body);
    let request = request.replacen("application/sdp", "multipart/mixed;boundary=b", 1);
    scene.world.from(scene.recorder.address, &request);
    scene.world.expect(&scene.recorder, "SIP/2.0 100 ");
    let ok = scene.world.expect(&scene.recorder, "SIP/2.0 200 ");
    assert!(body_of(&ok).starts_with("v=0\r\n"), "{ok}");
    scene.world.silent();
    let ack = scene.recorder.request_back(&back, "ACK", "");
    scene.world.from(scene.recorder.address, &ack);
    let (again, _, metadata) = scene.invited();
    assert_eq!(metadata, everything);
    scene.recorder_answers(&again, &ANSWER.replace("7000 RTP", "7100 RTP"));
    scene.told();
    scene.world.silent();

    // A re-INVITE without a description has it in the answer, and our streams as they are.
    let request = scene.recorder.request_back(&back, "INVITE", "");
    scene.world.from(scene.recorder.address, &request);
    scene.world.expect(&scene.recorder, "SIP/2.0 100 ");
    let ok = scene.world.expect(&scene.recorder, "SIP/2.0 200 ");
    assert_eq!(body_of(&ok).matches("a=sendonly\r\n").count(), 2, "{ok}");
    let ack = scene.recorder.request_back(&back, "ACK", ANSWER);
    scene.world.from(scene.recorder.address, &ack);
    assert_eq!(scene.told()[..2], ["B to 192.0.2.77:7000", "A to 192.0.2.77:7002"]);
    scene.world.silent();
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}

#[test]
fn a_recorder_changes_its_keys() {
    let mut scene = encrypted(RecorderEncryption::Always);
    let call = scene.answered();
    let (invite, sdp, _) = scene.invited();
    scene.recorder_answers(&invite, &with_keys(ANSWER));
    scene.told();
    let ours = |sdp: &str, suite: &str| -> Vec<String> {
        let lines = sdp.lines().filter(|line| line.starts_with("a=crypto:") && line.contains(suite));
        lines.map(|line| line.split_once("inline:").unwrap().1.to_owned()).collect()
    };
    // Of the same suite: ours stay, so that packets count on.
    let other = with_keys(ANSWER).replace("d0Rm", "AAAA");
    let answer = scene.recorder_asks(&invite, "INVITE", &other, "200");
    let suite = "AES_CM_128_HMAC_SHA1_80";
    assert_eq!(body_of(&answer).matches("a=crypto:3 ").count(), 2, "one line for each stream: {answer}");
    assert_eq!(ours(body_of(&answer), suite), ours(&sdp, suite));
    assert_eq!(scene.told()[..3], ["protect A true B true", "B to 192.0.2.77:7000", "A to 192.0.2.77:7002"]);
    // Of another suite, and back: a key that was used and given up never comes back.
    let short = other.replace("SHA1_80", "SHA1_32");
    let answer = scene.recorder_asks(&invite, "INVITE", &short, "200");
    assert_eq!(ours(body_of(&answer), "SHA1_32").len(), 2, "{answer}");
    let answer = scene.recorder_asks(&invite, "INVITE", &other, "200");
    let again = ours(body_of(&answer), suite);
    assert_eq!(again.len(), 2, "{answer}");
    assert!(ours(&sdp, suite).iter().all(|key| !again.contains(key)), "{answer}");
    scene.told();
    // None at all is refused, and nothing leaves in the clear.
    scene.recorder_asks(&invite, "INVITE", ANSWER, "488");
    assert_eq!(scene.told(), Vec::<String>::new());
    assert!(!scene.news().contains(&RecordingNews::Refused(WhyNotRecorded::NoKeys)));
    assert!(KEYS.contains(suite));
    scene.world.silent();
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}

/// RFC 7866 §7.2: a recorder may say that it is not ready, and ask for the streams when it is.
#[test]
fn a_recorder_that_is_not_ready_asks_when_it_is() {
    let mut scene = Scene::new(&recorded(RecordingOption::Automatic, Unrecorded::GoesOn));
    let call = scene.answered();
    let (invite, ..) = scene.invited();
    scene.recorder_answers(&invite, &paused());
    assert!(!scene.told().iter().any(|told| told.ends_with("true")), "nobody is recorded yet");
    scene.recorder_asks(&invite, "INVITE", ANSWER, "200");
    assert_eq!(scene.told(), ["B to 192.0.2.77:7000", "A to 192.0.2.77:7002", "tone A true"]);
    scene.world.pass(std::time::Duration::from_secs(60));
    scene.world.silent();
    assert_eq!(scene.alarms(), 0);
    scene.hang_up(&call);
    scene.recorder_is_left();
    scene.settled();
}
