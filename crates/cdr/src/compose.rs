//! What is written of a call: its records, from its journal.
//!
//! A call of the journal is one conversation of two legs, which is what a call detail record is about: a transfer or a conference makes calls of its own
//! there, and rows of their own here. Whoever writes records gives [`Rules`] the journal of each call that ended, and that of a call of which a
//! device or a media port told how it sounded.

mod called;
mod causes;
mod quality;
mod session;
mod story;

use strowger_base::journal::{CallRecord, Entry, Feature, Record};
use strowger_base::{CallId, ConferenceId, LegId, WallTime};

use crate::record::Pkid;
use crate::{Cdr, Cmr, address, codec};
use called::Called;
use story::{Device, Story};

/// Which records are written, and how: the service parameters of a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rules {
    /// The name of the cluster.
    pub cluster: Box<str>,
    /// Records of calls are written.
    pub calls: bool,
    /// Also of those that nobody answered, or that were over within a second.
    pub zero_duration: bool,
    /// Which records of quality are written.
    pub quality: QualityRecords,
    /// In records of hunted calls the member stands as the one that was reached, not the pilot.
    pub show_hunt_member: bool,
}

/// Which records of quality are written.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum QualityRecords {
    /// None.
    #[default]
    Never,
    /// Those of calls, where records of calls are written.
    WithCalls,
    /// All.
    Always,
}

/// Who began the conference in which a call has a seat.
#[derive(Clone, Debug)]
struct Controller {
    number: Box<str>,
    device: Box<str>,
}

impl Rules {
    /// The record of a call that is over, from all that the journal has of it up to its final record, oldest first. `None` where none is to be written, or
    /// where the journal has no final record.
    pub fn call(&self, records: &[Record<'_>]) -> Option<Cdr> {
        let mut finals = records.iter().filter_map(|record| match &record.entry {
            Entry::Call(call) => Some(call),
            _ => None,
        });
        // A final record that came again tells nothing new.
        let last = finals.next().filter(|_| finals.next().is_none())?;
        let story = Story::read(last, records);
        // Whoever bills by these rows takes one column from the other; but what lasted for less than a second has a duration of 0.
        let seconds = last
            .answered_at
            .filter(|at| seconds_between(*at, last.ended_at) > 0)
            .map_or(0, |at| seconds_of(last.ended_at).saturating_sub(seconds_of(at)));
        // A clock that was put back meanwhile makes no call one that nobody answered.
        let put_back = last.answered_at.is_some_and(|at| last.ended_at < at);
        let kept = self.zero_duration || seconds > 0 || put_back || last.codes.authorization.is_some();
        (self.calls && kept && !story.is_key_of_pickup(last)).then(|| Cdr {
            orig_device_session_id: session::session_of(story.caller.leg, records).into(),
            dest_device_session_id: session::session_of(story.callee.leg, records).into(),
            ..self.row(last, &story, seconds)
        })
    }

    /// The record of what a leg of a call told of its media, or a media port counted of it, in the last of these records of the call; `None` where none is to be
    /// written, or where that record is about something else.
    pub fn quality(&self, records: &[Record<'_>]) -> Option<Cmr> {
        if self.writes_quality() { quality::row(records, self) } else { None }
    }

    /// Records of quality are written.
    pub const fn writes_quality(&self) -> bool {
        match self.quality {
            QualityRecords::Never => false,
            QualityRecords::WithCalls => self.calls,
            QualityRecords::Always => true,
        }
    }

    fn row(&self, last: &CallRecord<'_>, story: &Story<'_>, seconds: i64) -> Cdr {
        let (caller, callee) = (&story.caller, &story.callee);
        let conference = callee.device.conference();
        let begun = story.convened.as_ref().filter(|_| conference.is_some());
        let controller = begun.map(|begun| &*begun.number);
        let called = Called::of(last, story, controller, self.show_hunt_member);
        let causes = causes::of(last, story);
        let mut cdr = Cdr {
            cdr_record_type: 1,
            global_call_id_call_manager_id: last.call.node.0.into(),
            global_call_id_call_id: call_number(last.moves.map_or(last.call, |moves| moves.conversation)),
            global_call_id_cluster_id: self.cluster.clone(),
            pkid: pkid(1, last.call.node.0, last.started_at, last.call.number),
            date_time_origination: seconds_of(last.started_at),
            date_time_connect: last.answered_at.map_or(0, seconds_of),
            date_time_disconnect: seconds_of(last.ended_at),
            duration: seconds,
            // Routine: nobody's calls go before others.
            orig_precedence_level: 4,
            dest_precedence_level: 4,
            orig_leg_call_identifier: leg_number(caller.leg),
            orig_node_id: caller.leg.map_or(0, |leg| leg.node.0.into()),
            orig_ip_addr: caller.signalling(),
            orig_ipv4v6_addr: caller.signalling_text(),
            orig_device_name: caller.device.name().into(),
            orig_media_transport_address_ip: caller.media_address(),
            orig_media_transport_address_port: caller.media_port(),
            orig_dtmf_method: caller.keys,
            calling_party_number: story.calling_number(last).into(),
            calling_party_number_partition: caller.partition().into(),
            orig_cause_value: causes.orig,
            dest_cause_value: causes.dest,
            orig_call_termination_on_behalf_of: causes.on_behalf_of,
            dest_call_termination_on_behalf_of: causes.on_behalf_of,
            dest_leg_identifier: leg_number(callee.leg),
            dest_node_id: callee.leg.map_or(0, |leg| leg.node.0.into()),
            dest_ip_addr: callee.signalling(),
            dest_ipv4v6_addr: callee.signalling_text(),
            dest_device_name: callee.device.name().into(),
            dest_media_transport_address_ip: callee.media_address(),
            dest_media_transport_address_port: callee.media_port(),
            dest_dtmf_method: callee.keys,
            call_secured_status: if story.encrypted { 2 } else { 0 },
            join_on_behalf_of: last.moves.and_then(|moves| moves.joined_by).map_or(0, number_of_feature),
            outpulsed_calling_party_number: story.outpulsed.calling.into(),
            outpulsed_called_party_number: story.outpulsed.called.into(),
            auth_code_description: last.codes.authorization.map_or("", |it| it.name).into(),
            authorization_level: last.codes.authorization.map_or(0, |it| it.level.into()),
            authorization_code_value: last
                .codes
                .authorization
                .and_then(|it| it.code)
                .map_or("", |code| code.0)
                .into(),
            client_matter_code: last.codes.matter.map_or("", |it| it.code.0).into(),
            comment: comment(last, begun).into(),
            ..Cdr::default()
        };
        called.write(&mut cdr);
        if let Some((orig, dest)) = story.codecs() {
            cdr.orig_media_cap_payload_capability = codec::number_of(orig);
            cdr.orig_media_cap_bandwidth = codec::kbps_of(orig);
            cdr.dest_media_cap_payload_capability = codec::number_of(dest);
            cdr.dest_media_cap_bandwidth = codec::kbps_of(dest);
            (cdr.orig_media_cap_max_frames_per_packet, cdr.dest_media_cap_max_frames_per_packet) =
                (PACKET_MS, PACKET_MS);
        }
        if let Some(video) = &story.video {
            cdr.orig_video_cap_codec = codec::number_of(video.codec);
            cdr.dest_video_cap_codec = cdr.orig_video_cap_codec;
            (cdr.orig_video_cap_bandwidth, cdr.dest_video_cap_bandwidth) =
                (video.kbps.into(), video.kbps.into());
            (cdr.orig_video_transport_address_ip, cdr.orig_video_transport_address_port) =
                coded(video.caller);
            (cdr.dest_video_transport_address_ip, cdr.dest_video_transport_address_port) =
                coded(video.callee);
        }
        if let Device::Trunk(_) = caller.device {
            cdr.incoming_protocol_id = SIP;
            cdr.incoming_protocol_call_ref = call_reference(last.call, caller.leg).into();
        }
        if let Device::Trunk(_) = callee.device {
            cdr.outgoing_protocol_id = SIP;
            cdr.outgoing_protocol_call_ref = call_reference(last.call, callee.leg).into();
        }
        if let Some(conference) = conference {
            cdr.dest_conversation_id = conversation_number(conference);
        }
        if last.moves.is_some_and(|moves| moves.joined_by == Some(Feature::Recording)) {
            // The party whose sound is sent stands for a bridge of its own, as CUCM has it; the recorded leg is the conversation.
            cdr.orig_conversation_id = leg_number(caller.leg);
            cdr.calling_party_number = bridge_number(last.call.node.0, last.call.number).into();
        }
        cdr
    }
}

/// Pairs of what is said beside the columns.
fn comment(last: &CallRecord<'_>, begun: Option<&Controller>) -> String {
    let mut comment = String::new();
    if let Some(Controller { number: controller, device }) = begun {
        comment = format!(
            "ConfControllerDn={controller};ConfControllerDeviceName={device};ConfRequestorDn={controller};ConfRequestorDeviceName={device}"
        );
    }
    if last.malicious {
        if !comment.is_empty() {
            comment.push(';');
        }
        comment.push_str("callFlag=MALICIOUS");
    }
    comment
}

/// The number that all rows of what was one call have in common, of 24 bits, from 1.
fn call_number(conversation: CallId) -> i64 {
    (conversation.number.saturating_sub(1) % NUMBERS_24) as i64 + 1
}

/// A leg: the node in the highest byte, so that no other one of the cluster has the same.
fn leg_number(leg: Option<LegId>) -> i64 {
    leg.map_or(0, |leg| i64::from(leg.node.0) << 24 | (leg.number % NUMBERS_24) as i64)
}

fn conversation_number(conference: ConferenceId) -> i64 {
    i64::from(conference.node.0) << 24 | (conference.number % NUMBERS_24) as i64
}

/// The number of a bridge, as rows of parties of a conference have it.
fn bridge_number(node: u16, number: u64) -> String {
    format!("b00{node:02}{:07}", number % 10_000_000)
}

/// 32 digits: the number of the call, that of the leg, and nothing.
fn call_reference(call: CallId, leg: Option<LegId>) -> String {
    format!("{:016X}{:08X}{:08X}", call.number, leg_number(leg), 0)
}

/// The key of a row, the same whenever the row is made of the same call. A UUID of RFC 9562 §5.8.
fn pkid(kind: u8, node: u16, at: WallTime, number: u64) -> Pkid {
    let time = u128::from(at.as_micros()) & ((1 << 60) - 1);
    let (high, low) = (time >> 12, time & 0xfff);
    let rest = u128::from(kind & 0x3) << 60 | u128::from(node) << 44 | u128::from(number) & ((1 << 44) - 1);
    Pkid(high << 80 | 8 << 76 | low << 64 | 0b10 << 62 | rest)
}

fn number_of_feature(feature: Feature) -> i64 {
    feature.on_behalf_of().into()
}

fn seconds_of(at: WallTime) -> i64 {
    at.as_secs() as i64
}

/// Whole seconds from one time to another.
fn seconds_between(from: WallTime, to: WallTime) -> i64 {
    (to.as_micros().saturating_sub(from.as_micros()) / 1_000_000) as i64
}

/// An address and its port as rows have them.
fn coded(at: Option<std::net::SocketAddr>) -> (i64, i64) {
    let ip = at.map_or(0, |at| match at.ip() {
        std::net::IpAddr::V4(ip) => address::number_of(ip),
        std::net::IpAddr::V6(_) => 0,
    });
    (ip, at.map_or(0, |at| at.port().into()))
}

const NUMBERS_24: u64 = (1 << 24) - 1;
/// The number of SIP among the protocols of trunks.
const SIP: i64 = 1;
/// What all codecs have that are offered here.
const PACKET_MS: i64 = 20;
