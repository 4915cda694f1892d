//! What is configured and not served by this version: a plan says so before somebody relies on it.

use std::collections::BTreeMap;
use std::fmt;

use strowger_configuration::form::{Field, Form};
use strowger_configuration::kinds::{
    Line, MediaHost, MediaResource, Phone, PhoneProtocol, Server, SipTransport, Trunk,
};
use strowger_configuration::reader::{ByIdOnly, Names};
use strowger_configuration::serde_json::{Map, Value};
use strowger_configuration::setting::EndPoint;
use strowger_configuration::{AnyObject, Id, Kind, State};

use super::media::router_kind;
use super::{lines, services, trunks};

/// Something of an object that has no effect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unserved {
    /// What the object is.
    pub kind: Kind,
    /// Which one.
    pub object: Id,
    /// What it is called.
    pub name: Box<str>,
    /// What has no effect, as a sentence without its first capital.
    pub what: Box<str>,
}

/// `phone SEP001122334455: SCCP phones cannot register yet`
impl fmt::Display for Unserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.title())?;
        if *self.name != *self.kind.word() {
            write!(f, " {}", self.name)?;
        }
        write!(f, ": {}", self.what)
    }
}

impl Unserved {
    /// What many objects have in common is said once, with the first of them: `phone A and 3 more: ...`.
    pub fn grouped(all: impl IntoIterator<Item = Unserved>) -> Vec<String> {
        let mut groups: BTreeMap<(Kind, Box<str>), (Unserved, usize)> = BTreeMap::new();
        for one in all {
            let group = groups.entry((one.kind, one.what.clone())).or_insert((one, 0));
            group.1 += 1;
        }
        let sentence = |(first, count): &(Unserved, usize)| match count {
            1 => first.to_string(),
            count => format!("{} {} and {} more: {}", first.kind.title(), first.name, count - 1, first.what),
        };
        groups.values().map(sentence).collect()
    }
}

/// Everything of a state that has no effect.
pub fn unserved(state: &State) -> impl Iterator<Item = Unserved> {
    Kind::ALL.iter().flat_map(|kind| state.of_kind(*kind)).flat_map(|entry| unserved_of(state, entry.id()))
}

/// What of one object has no effect.
pub fn unserved_of(state: &State, id: Id) -> Vec<Unserved> {
    let Some(entry) = state.entry(id) else { return Vec::new() };
    let object = entry.object();
    let kind = object.kind();
    let mut found = Vec::new();
    match service(kind) {
        Service::Whole => {}
        Service::None(why) => found.push(why.to_owned()),
        Service::Settings(served) => {
            let mut idle = Vec::new();
            settings(&object.write(&ByIdOnly), kind.fields(), "", served, &mut idle);
            if is_station(object) {
                idle.retain(|path| !STATION.contains(&path.as_str()));
            }
            if let [first, ..] = idle.as_slice() {
                let has = if idle.len() == 1 { "has" } else { "have" };
                let all = if idle.len() == 1 { first.clone() } else { idle.join(", ") };
                found.push(format!("{all} {has} no effect yet"));
            }
        }
    }
    by_value(state, object, &mut found);
    let name = state.name(kind, id);
    let unserved =
        |what: String| Unserved { kind, object: id, name: name.as_str().into(), what: what.into() };
    found.into_iter().map(unserved).collect()
}

fn is_station(object: &AnyObject) -> bool {
    matches!(object, AnyObject::Phone(phone) if phone.protocol == PhoneProtocol::Sccp)
}

/// What a media resource of a router cannot be.
fn router(it: &MediaResource, found: &mut Vec<String>) {
    if router_kind(it.function).is_none() {
        found.push(
            "routers have bridges, transcoders and termination points: nobody gets this one".to_owned(),
        );
    }
    if it.encrypted {
        found.push("media in a router is in the clear: it does nothing".to_owned());
    }
}

/// What depends on more than whether a setting is set.
fn by_value(state: &State, object: &AnyObject, found: &mut Vec<String>) {
    match object {
        AnyObject::Trunk(it) => trunk(state, it, found),
        AnyObject::Phone(it) => phone(it, found),
        AnyObject::Line(it) => line(it, found),
        AnyObject::Server(it) => server(it, found),
        AnyObject::MediaResource(it) if it.host == MediaHost::Router => router(it, found),
        AnyObject::PhoneService(it)
            if it.url.as_str().starts_with('/') && services::base(state).is_none() =>
        {
            found.push(
                "no server has an address and a phone_services_port: keys for it show nothing".to_owned(),
            );
        }
        AnyObject::EndUser(it) if it.pin.is_some() => {
            found.push("nothing asks for a PIN yet".to_owned());
        }
        AnyObject::DirectoryUri(it) => {
            let pattern = state.get(it.line).map(|line| &line.pattern);
            if pattern.is_some_and(|pattern| lines::number(pattern).is_none()) {
                found.push(
                    "the pattern of its line is more than one number: it reaches nobody yet".to_owned(),
                );
            }
        }
        // Of the others only what is set counts.
        _ => {}
    }
}

fn trunk(state: &State, it: &Trunk, found: &mut Vec<String>) {
    if trunks::transport(state, it).is_none() {
        found.push(
            "its security profile wants TLS, which is not served yet: its calls are refused".to_owned(),
        );
    }
    let is_name = |there: &&EndPoint| there.as_str().parse::<std::net::SocketAddr>().is_err();
    let names = it.destinations.iter().filter(is_name).count();
    let addresses = it.destinations.iter().count() - names;
    if names > 0 {
        found.push("destinations that are names are not looked up yet: give addresses".to_owned());
    }
    if addresses > 1 {
        found.push("all calls go to the first destination yet".to_owned());
    }
    if addresses == 0 && !it.sources.is_empty() {
        found.push("without a destination its sources have no effect yet".to_owned());
    }
}

fn phone(it: &Phone, found: &mut Vec<String>) {
    match it.protocol {
        PhoneProtocol::Sip if it.credentials.is_none() => {
            found.push("without credentials it cannot register".to_owned());
        }
        PhoneProtocol::Sip | PhoneProtocol::Sccp => {}
    }
}

fn line(it: &Line, found: &mut Vec<String>) {
    if lines::number(&it.pattern).is_none() {
        found.push("lines whose pattern is more than one number are not served yet".to_owned());
    }
}

fn server(it: &Server, found: &mut Vec<String>) {
    if it.sip_listeners.iter().any(|listener| listener.transport == SipTransport::Tls) {
        found.push("SIP over TLS is not served yet: its listeners stay closed".to_owned());
    }
}

/// Adds every setting of a table that is set and not served.
fn settings(
    table: &Map<String, Value>,
    fields: &[Field],
    before: &str,
    served: &[&str],
    found: &mut Vec<String>,
) {
    for field in fields {
        let Some(value) = table.get(field.name) else { continue };
        let path = format!("{before}{}", field.name);
        if served.contains(&path.as_str()) || (before.is_empty() && FOR_PEOPLE.contains(&field.name)) {
            continue;
        }
        let within = format!("{path}.");
        if !served.iter().any(|served| served.starts_with(&within)) {
            if !found.contains(&path) {
                found.push(path);
            }
            continue;
        }
        match (&field.form, value) {
            (Form::Record(inner), Value::Object(table)) => settings(table, inner, &within, served, found),
            (Form::List { of: Form::Record(inner), .. }, Value::Array(entries)) => {
                for table in entries.iter().filter_map(Value::as_object) {
                    settings(table, inner, &within, served, found);
                }
            }
            // The test of this file holds the lists to the declarations.
            _ => {}
        }
    }
}

/// How much of a kind is served.
enum Service {
    /// All; or it is no affair of the node.
    Whole,
    /// These settings.
    Settings(&'static [&'static str]),
    /// Nothing, and why.
    None(&'static str),
}

/// Settings that say what an object is called.
const FOR_PEOPLE: [&str; 4] = ["name", "pattern", "partition", "description"];

const fn service(kind: Kind) -> Service {
    match kind {
        Kind::ServiceParameters => Service::Settings(PARAMETERS),
        Kind::DateTimeGroup => Service::Settings(&["zone", "date", "separator", "clock"]),
        Kind::SipProfile => Service::Settings(&[
            "dtmf",
            "call_waiting_tone",
            "overlap",
            "early_offer",
            "unsolicited_message_waiting",
        ]),
        Kind::SipTrunkSecurityProfile => Service::Settings(&["transport", "accept_unsolicited_notify"]),
        Kind::PhoneSecurityProfile => Service::Settings(&["protocol", "model", "mode", "keys_in_clear"]),
        Kind::VoiceMailProfile => Service::Settings(&["pilot"]),
        Kind::DevicePool => Service::Settings(DEVICE_POOL),
        Kind::Trunk => Service::Settings(TRUNK),
        Kind::Line => Service::Settings(LINE),
        Kind::HuntPilot => Service::Settings(HUNT_PILOT),
        Kind::RoutePattern => Service::Settings(ROUTE_PATTERN),
        Kind::Phone => Service::Settings(PHONE),
        Kind::Server => Service::Settings(SERVER),
        Kind::PhysicalLocation
        | Kind::MobilityGroup
        | Kind::TimeSchedule
        | Kind::Partition
        | Kind::CallingSearchSpace
        | Kind::RouteFilter
        | Kind::AuthorizationCode
        | Kind::MatterCode
        | Kind::CredentialPolicy
        | Kind::MobilityInfo
        | Kind::RouteGroup
        | Kind::RouteList
        | Kind::DirectoryUri
        | Kind::LineGroup
        | Kind::HuntList
        | Kind::TranslationPattern
        | Kind::BlockedPattern
        | Kind::SipRoutePattern
        | Kind::CallingTransformationPattern
        | Kind::CalledTransformationPattern
        | Kind::ApplicationNumber
        | Kind::FeatureAccessCode
        | Kind::CodecPreferenceList
        | Kind::AarGroup
        | Kind::MeetMe
        | Kind::EndUser
        | Kind::ApplicationUser
        | Kind::ApiToken
        | Kind::AutoRegistration
        | Kind::SavedDialling
        | Kind::PickupGroup
        | Kind::PagingGroup
        | Kind::PhoneButtonTemplate
        | Kind::SoftKeyTemplate
        | Kind::PhoneService
        | Kind::CallPark
        | Kind::DirectedCallPark
        | Kind::MediaResourceGroup
        | Kind::MediaResourceGroupList
        | Kind::AudioSource
        | Kind::RecordingProfile
        | Kind::BillingDestination
        | Kind::SftpUser => Service::Whole,
        Kind::MediaResource => Service::Settings(&[
            "function",
            "host",
            "device_pool",
            "location",
            "capacity",
            "trusted_relay_point",
            "multicast",
            "multicast_port",
            "multicast_increment",
            "multicast_ttl",
            "multicast_runs",
        ]),
        Kind::CallManagerGroup => Service::None("devices register with the one node that there is"),
        Kind::Region => {
            Service::Settings(&["relations.region", "relations.codecs", "relations.audio", "relations.video"])
        }
        // Immersive video is counted as video.
        Kind::Location => Service::Settings(&[
            "audio",
            "video",
            "links.location",
            "links.weight",
            "links.audio",
            "links.video",
        ]),
        Kind::Gateway => Service::None("gateways are not served yet: calls to it are refused"),
        Kind::CtiPort | Kind::CtiRoutePoint => Service::None("applications do not control calls yet"),
    }
}

const SERVER: &[&str] = &[
    "sip_listeners",
    "sccp_port",
    "media_address",
    "media_ports",
    "http_address",
    "http_port",
    "phone_services_port",
    "sftp_port",
    "sftp_address",
    "sftp_algorithms",
    "sftp_sessions",
    "sftp_idle",
    "journal_limit",
    "drain_max",
];
const PARAMETERS: &[&str] = &[
    "domain",
    "aliases",
    "interdigit_timer",
    "translations_max",
    "urgent_match",
    "en_bloc_lookups",
    "tie_winner",
    "hash",
    "waiting_keys",
    "speed_dial_wait",
    "hours_checked",
    "hours_precedence",
    "negated_set",
    "code_timer",
    "wrong_code_cause",
    "show_authorization_code",
    "stop_routing_on_busy",
    "stop_routing_on_unallocated",
    "stop_routing_on_out_of_bandwidth",
    "continue_routing_on",
    "forward_hops_max",
    "forward_on_loop",
    "forward_on_hop_limit",
    "forward_all_policy",
    "ring_time",
    "line_no_answer",
    "trunk_no_answer",
    "trunk_classification",
    "auto_pickup",
    "park_reversion",
    "call_back_time",
    "expires_min",
    "expires_max",
    "expires_default",
    "nonce_lifetime",
    "session_expires",
    "sccp_keepalive",
    "sccp_standby_keepalive",
    "digest_algorithms",
    "relay",
    "block_unencrypted_calls",
    "recording_tone_recorded",
    "recording_tone_other_party",
    "music_on_hold",
    "multicast_music_direction",
    "trusted_relay_point_needed",
    "mtp_needed",
    "network_locale",
    "user_locale",
    "user_hold_source",
    "network_hold_source",
    "announcements",
    "region_audio_within",
    "region_audio_between",
    "region_video",
    "codec_overhead",
    "location_room",
    "aar",
    "conference_parties_max",
    "meet_me_parties_max",
    "conference_ends",
    "advanced_conference",
    "party_entrance_tone",
    "barge",
    "single_button_barge",
    "messages",
    "divert_to",
    "ring_inside",
    "ring_outside",
    "cluster_id",
    "call_records",
    "zero_duration_records",
    "quality_records",
    "record_file_interval",
    "show_hunt_member",
    "record_room",
    "record_high_water",
    "record_low_water",
    "record_retention",
    "record_search_retention",
];
const DEVICE_POOL: &[&str] = &[
    "media_resource_group_list",
    "use_trusted_relay_point",
    "single_button_barge",
    "network_locale",
    "user_hold_source",
    "network_hold_source",
    "region",
    "location",
    "aar_group",
    "aar_search_space",
    "date_time_group",
    "local_route_group",
    "local_route_groups",
    "physical_location",
    "mobility_group",
    "mobility_search_space",
    "transformation_spaces",
    "emergency_number",
    "incoming_calling",
    "incoming_called",
];
const TRUNK: &[&str] = &[
    "media_resource_group_list",
    "mtp_required",
    "use_trusted_relay_point",
    "multicast_music",
    "srtp_allowed",
    "location",
    "device_pool",
    "destinations",
    "sources",
    "security_profile",
    "sip_profile",
    "search_space",
    "classification",
    "inbound.significant_digits",
    "inbound.prefix",
    "inbound.calling",
    "inbound.called",
    "inbound.calling_transformations",
    "transformation_spaces",
];
const LINE: &[&str] = &[
    "user_hold_source",
    "network_hold_source",
    "display",
    "urgent",
    "search_space",
    "external_mask",
    "busy_trigger",
    "calls_max",
    "contacts_max",
    "no_answer",
    "voice_mail",
    "aar.destination_mask",
    "aar.voice_mail",
    "aar.group",
    "auto_answer",
    "forwards.search_space",
    "forwards.all",
    "forwards.all_policy",
    "forwards.all_secondary_search_space",
    "forwards.busy_internal",
    "forwards.busy_external",
    "forwards.no_answer_internal",
    "forwards.no_answer_external",
    "forwards.unregistered_internal",
    "forwards.unregistered_external",
    "forwards.no_coverage_internal",
    "forwards.no_coverage_external",
];
const HUNT_PILOT: &[&str] =
    &["filter", "urgent", "hunt_list", "maximum_hunt_timer", "exhausted", "exhausted_to"];
const ROUTE_PATTERN: &[&str] = &[
    "filter",
    "urgent",
    "trunk",
    "gateway",
    "route_list",
    "change",
    "outside_dial_tone",
    "authorization_level",
    "matter_code",
    "emergency",
];
const PHONE: &[&str] = &[
    "keys.speed_dials.number",
    "keys.busy_lamp_fields.line",
    "keys.services.service",
    "keys.services.label",
    "more.media_resource_group_list",
    "more.mtp_required",
    "more.use_trusted_relay_point",
    "more.multicast_music",
    "more.network_locale",
    "more.user_locale",
    "more.user_hold_source",
    "more.network_hold_source",
    "protocol",
    "model",
    "device_pool",
    "search_space",
    "lines.line",
    "lines.external_mask",
    "lines.intercom_target",
    "lines.ring",
    "lines.ring_in_call",
    "lines.recording",
    "lines.recording_profile",
    "credentials",
    "security_profile",
    "sip_profile",
    "owner",
    "more.transformation_spaces",
    "more.emergency_number",
    "more.subscribe_search_space",
    "more.privacy",
    "more.barge",
    "more.single_button_barge",
    "more.mobility",
    "more.location",
    "more.aar_group",
    "more.aar_search_space",
    "more.do_not_disturb",
];

/// What SCCP phones have beside that: they are told what their keys are.
const STATION: &[&str] = &[
    "lines.label",
    "keys.speed_dials.label",
    "keys.busy_lamp_fields.label",
    "keys.busy_lamp_fields.number",
    "keys.busy_lamp_fields.pickup",
    "button_template",
    "more.soft_key_template",
    "more.sccp_version",
    "more.load",
];

#[cfg(test)]
mod tests;
