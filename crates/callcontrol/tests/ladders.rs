//! Each rule of call control as a ladder: what devices tell, and everything that follows, in order.
//!
//! A file of ladders holds what devices tell at the start of a line and what follows indented below it. The test
//! plays the first and compares the second.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "support/driver.rs"]
mod driver;

use driver::Driver;

fn check(file: &str, text: &str) {
    let mut expected = String::new();
    let mut actual = String::new();
    let mut driver = Driver::new();
    for line in text.lines() {
        expected.push_str(line);
        expected.push('\n');
        if line.starts_with(' ') {
            continue;
        }
        if let Some(title) = line.strip_prefix("# ") {
            driver = Driver::new();
            actual.push_str(&format!("# {title}\n"));
            continue;
        }
        actual.push_str(line);
        actual.push('\n');
        driver.play(line);
        actual.push_str(&std::mem::take(&mut driver.printed));
    }
    assert!(actual == expected, "{file} differs; it went like this:\n-----\n{actual}-----\n");
}

#[test]
fn calls_that_are_answered() {
    check("answered.txt", include_str!("../testdata/ladders/answered.txt"));
}

#[test]
fn who_found_nobody_is_called_back() {
    check("call_back.txt", include_str!("../testdata/ladders/call_back.txt"));
}

#[test]
fn bad_quality_is_reported() {
    check("quality.txt", include_str!("../testdata/ladders/quality.txt"));
}

#[test]
fn calls_that_are_not_answered() {
    check("unanswered.txt", include_str!("../testdata/ladders/unanswered.txt"));
}

#[test]
fn a_phone_without_tones_of_its_own_hears_that_a_call_waits() {
    check("call_waiting.txt", include_str!("../testdata/ladders/call_waiting.txt"));
}

#[test]
fn numbers_are_dialled() {
    check("dialing.txt", include_str!("../testdata/ladders/dialing.txt"));
}

#[test]
fn codes_are_asked_for() {
    check("codes.txt", include_str!("../testdata/ladders/codes.txt"));
}

#[test]
fn regions_choose_codecs() {
    check("regions.txt", include_str!("../testdata/ladders/regions.txt"));
}

#[test]
fn locations_count_bandwidth() {
    check("locations.txt", include_str!("../testdata/ladders/locations.txt"));
}

#[test]
fn calls_go_through_route_lists() {
    check("routing.txt", include_str!("../testdata/ladders/routing.txt"));
}

#[test]
fn numbers_are_put_into_the_plans_form_and_shown() {
    check("numbers.txt", include_str!("../testdata/ladders/numbers.txt"));
}

#[test]
fn lines_forward_calls() {
    check("forwarding.txt", include_str!("../testdata/ladders/forwarding.txt"));
}

#[test]
fn devices_redirect_calls() {
    check("redirecting.txt", include_str!("../testdata/ladders/redirecting.txt"));
}

#[test]
fn early_media_and_forwards() {
    check("forwarding_media.txt", include_str!("../testdata/ladders/forwarding_media.txt"));
}

#[test]
fn line_groups_are_hunted() {
    check("hunting.txt", include_str!("../testdata/ladders/hunting.txt"));
}

#[test]
fn each_option_of_a_line_group() {
    check("hunting_options.txt", include_str!("../testdata/ladders/hunting_options.txt"));
}

#[test]
fn offers_and_answers() {
    check("media.txt", include_str!("../testdata/ladders/media.txt"));
}

#[test]
fn relays() {
    check("relay.txt", include_str!("../testdata/ladders/relay.txt"));
}

#[test]
fn relays_that_are_lost_or_not_to_be_had() {
    check("lost_relays.txt", include_str!("../testdata/ladders/lost_relays.txt"));
}

#[test]
fn transcoders() {
    check("transcoding.txt", include_str!("../testdata/ladders/transcoding.txt"));
}

#[test]
fn points_in_the_way_of_media() {
    check("between.txt", include_str!("../testdata/ladders/between.txt"));
}

#[test]
fn transcoders_and_points_that_are_devices_of_their_own() {
    check("devices.txt", include_str!("../testdata/ladders/devices.txt"));
}

#[test]
fn streams_beside_audio() {
    check("streams.txt", include_str!("../testdata/ladders/streams.txt"));
}

#[test]
fn music_tones_and_bridges_are_media_resources() {
    check("resources.txt", include_str!("../testdata/ladders/resources.txt"));
}

#[test]
fn music_goes_out_to_all_who_listen() {
    check("multicast.txt", include_str!("../testdata/ladders/multicast.txt"));
}

#[test]
fn calls_are_recorded() {
    check("recording.txt", include_str!("../testdata/ladders/recording.txt"));
}

#[test]
fn records_and_limits() {
    check("records.txt", include_str!("../testdata/ladders/records.txt"));
}

#[test]
fn parties_are_transferred() {
    check("transfer.txt", include_str!("../testdata/ladders/transfer.txt"));
}

#[test]
fn devices_take_the_place_of_others() {
    check("replaces.txt", include_str!("../testdata/ladders/replaces.txt"));
}

#[test]
fn parties_wait_with_music() {
    check("holding.txt", include_str!("../testdata/ladders/holding.txt"));
}

#[test]
fn calls_are_picked_up() {
    check("pickup.txt", include_str!("../testdata/ladders/pickup.txt"));
}

#[test]
fn intercom_lines_call_each_other() {
    check("intercom.txt", include_str!("../testdata/ladders/intercom.txt"));
}

#[test]
fn calls_are_diverted_to_voice_mail() {
    check("divert.txt", include_str!("../testdata/ladders/divert.txt"));
}

#[test]
fn phones_ring_as_they_are_set() {
    check("rings.txt", include_str!("../testdata/ladders/rings.txt"));
}

#[test]
fn parties_are_parked() {
    check("park.txt", include_str!("../testdata/ladders/park.txt"));
}

#[test]
fn users_set_things_at_their_phones() {
    check("set_by_user.txt", include_str!("../testdata/ladders/set_by_user.txt"));
}

#[test]
fn calls_that_do_not_disturb() {
    check("disturbing.txt", include_str!("../testdata/ladders/disturbing.txt"));
}

#[test]
fn features_are_asked_for() {
    check("asking.txt", include_str!("../testdata/ladders/asking.txt"));
}

#[test]
fn calls_are_hidden_from_other_phones_of_the_line() {
    check("privacy.txt", include_str!("../testdata/ladders/privacy.txt"));
}

#[test]
fn operators_order() {
    check("orders.txt", include_str!("../testdata/ladders/orders.txt"));
}

#[test]
fn keys_of_srtp_go_on_or_end_here() {
    check("keys.txt", include_str!("../testdata/ladders/keys.txt"));
}

#[test]
fn people_confer() {
    check("conferences.txt", include_str!("../testdata/ladders/conferences.txt"));
}

#[test]
fn callers_hear_why_their_call_fails() {
    check("announcing.txt", include_str!("../testdata/ladders/announcing.txt"));
}

#[test]
fn phones_come_into_calls_of_their_line() {
    check("barge.txt", include_str!("../testdata/ladders/barge.txt"));
}

#[test]
fn groups_are_paged() {
    check("paging.txt", include_str!("../testdata/ladders/paging.txt"));
}

#[test]
fn malicious_calls_are_reported() {
    check("malicious.txt", include_str!("../testdata/ladders/malicious.txt"));
}

#[test]
fn keys_are_carried_over() {
    check("pressing.txt", include_str!("../testdata/ladders/pressing.txt"));
}
