use std::net::SocketAddr;
use std::time::Duration;

use super::*;
use crate::event::{Event, RefuseReason, UnregisterReason};
use crate::feature::Forwarded;
use crate::leg::{
    Alert, AudioSource, BindingId, CallTone, PageSeat, Presentation, ReleaseReason, Service, Tone,
};
use crate::net::{Flow, ListenerId, StreamId, Transport};
use crate::{Cause, ConferenceId, Country, NodeId, Pii, Rng, ShardId};

fn call() -> CallId {
    CallId::new(NodeId(1), ShardId(0), 42)
}

fn leg(number: u64) -> LegId {
    LegId::new(NodeId(1), ShardId(0), number)
}

fn address() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 7], 5060))
}

fn address6() -> SocketAddr {
    "[2001:db8::1]:4000".parse().unwrap()
}

fn udp() -> Flow {
    Flow::Datagram { listener: ListenerId(1), peer: address() }
}

fn tls() -> Flow {
    Flow::Stream { stream: StreamId(StreamId::OUTGOING | 7), peer: address6(), transport: Transport::Tls }
}

fn alice() -> PartyView<'static> {
    PartyView { number: "1001", name: "Ålice", presentation: Presentation::Allowed }
}

fn codes() -> CodesView<'static> {
    CodesView {
        authorization: Some(AuthorizationView { name: "Ada", level: 255, code: Some(Pii("1234")) }),
        matter: Some(MatterView { code: Pii("567"), description: "Smith against Jones" }),
    }
}

fn permitted() -> Codecs<'static> {
    Codecs { from: "Berlin", to: "", kbps_max: 8, offered: "PCMU, G729", left: "G729" }
}

fn shortage() -> Shortage<'static> {
    let place = PlaceView::Link { one: "Berlin", other: "Bonn" };
    Shortage { from: "Berlin", to: "Hub_None", place, free: 0, needed: u32::MAX }
}

/// One record of every kind, with the awkward values of each field.
fn samples() -> Vec<Entry<'static>> {
    let hidden = PartyView { number: "", name: "", presentation: Presentation::Restricted };
    let decisions = [
        Decision::CallBegan {
            origin: OriginView::Line { line: "1001", phone: "" },
            calling: alice(),
            called: "+441632960000",
            protocol_call_id: "a@b",
            flow: tls(),
            media: MediaPart::Offer,
        },
        Decision::NumberResolved {
            digits: "1002",
            pattern: "1XXX",
            sent: "1002",
            destination: DestinationView::Trunk("carrier"),
        },
        Decision::NumberNotResolved {
            digits: "",
            why: NotResolved::Blocked { pattern: "0!", cause: Cause::CALL_REJECTED },
        },
        Decision::PhoneLocated {
            info: "floor 2",
            pool: "berlin",
            home: "bonn",
            away: MobilityView::SameGroup,
        },
        Decision::EmergencyCalled { number: "+49305550112", from: EmergencyFrom::Subnet("floor 2") },
        Decision::EmergencyCalled { number: "", from: EmergencyFrom::Nobody },
        Decision::NumberTransformed {
            role: NumberRole::Redirecting,
            pattern: r"\+49.!",
            partition: "localise",
            before: "+49301234567",
            after: "0301234567",
        },
        Decision::NumberNormalised {
            role: NumberRole::Calling,
            number_type: NumberType::Unknown,
            before: "0301234567",
            after: "+49301234567",
            by: NormalisedBy::Trunk,
        },
        Decision::CallBegan {
            origin: OriginView::Line { line: "1001", phone: "SEP001122334455" },
            calling: alice(),
            called: "1002",
            protocol_call_id: "a@b",
            flow: tls(),
            media: MediaPart::Nothing,
        },
        Decision::PhonesFound { line: "1002", phones: 0 },
        Decision::Rung {
            target: TargetView::Phone { line: "1002", phone: "desk", binding: BindingId(7) },
            called: "1002",
            shown: hidden,
        },
        Decision::Rung {
            target: TargetView::Phone { line: "1002", phone: "", binding: BindingId(u64::MAX) },
            called: "1002",
            shown: hidden,
        },
        Decision::CallerAlerted { alert: Alert::Progress, media: MediaPart::Answer },
        Decision::AnsweredBy { connected: alice() },
        Decision::LegReleased {
            cause: Cause::NON_SELECTED_USER_CLEARING,
            why: WhyReleased::AnsweredElsewhere,
        },
        Decision::LegFailed { cause: Cause::USER_BUSY, reason: ReleaseReason::Refused(486), left: 3 },
        Decision::NoAnswer { called: "1002", after: Duration::from_secs(60) },
        Decision::Refused {
            cause: Cause::USER_BUSY,
            why: WhyRefused::BusyTrigger { line: "1002", calls: 2, limit: 2 },
        },
        Decision::Held,
        Decision::Resumed,
        Decision::MediaPath(MediaPath {
            offerer: StreamEnd { leg: leg(1), address: Some(address6()), flow: AudioFlow::Both },
            answerer: StreamEnd { leg: leg(2), address: None, flow: AudioFlow::ReceiveOnly },
            codec: "PCMU",
            way: Way::Relayed,
        }),
        Decision::OfferRefused {
            cause: Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE,
            why: WhyOfferRefused::Glare,
        },
        Decision::Keys(Keys {
            offered: "AEAD_AES_256_GCM, AES_CM_128_HMAC_SHA1_80",
            answered: "AES_CM_128_HMAC_SHA1_80",
            outcome: KeysOutcome::Passed,
        }),
        Decision::Keys(Keys { offered: "X", answered: "", outcome: KeysOutcome::ToServer }),
        Decision::Keys(Keys { offered: "X", answered: "", outcome: KeysOutcome::BothToServer }),
        Decision::Keys(Keys { offered: "X", answered: "", outcome: KeysOutcome::NotTaken }),
        Decision::Keys(Keys {
            offered: "X",
            answered: "",
            outcome: KeysOutcome::Withheld(WhyNoKeys::Trunk("carrier")),
        }),
        Decision::Refused {
            cause: Cause::BEARER_CAPABILITY_NOT_AUTHORIZED,
            why: WhyRefused::Keys(Keys { offered: "", answered: "", outcome: KeysOutcome::Blocked }),
        },
        Decision::Refused {
            cause: Cause::BEARER_CAPABILITY_NOT_AUTHORIZED,
            why: WhyRefused::Keys(Keys {
                offered: "X",
                answered: "",
                outcome: KeysOutcome::NotToBeHad(WhyNoKeys::ClearSignalling("1001")),
            }),
        },
        Decision::RelayWanted { why: WhyRelay::Keys },
        Decision::RelayWanted { why: WhyRelay::Transcoder },
        Decision::RelayWanted { why: WhyRelay::Between },
        Decision::Resource(MediaNews::Taken {
            function: MediaFunction::ConferenceBridge,
            resource: "cfb1",
            group: "",
        }),
        Decision::Resource(MediaNews::Exhausted {
            function: MediaFunction::MusicOnHold,
            full: "moh1 (3 in use)",
        }),
        Decision::Resource(MediaNews::RelayLost),
        Decision::Resource(MediaNews::Multicast { address: address(), ttl: 4, codec: "PCMU" }),
        Decision::Resource(MediaNews::Unicast(WhyUnicast::Refused)),
        Decision::Resource(MediaNews::PortLost),
        Decision::Resource(MediaNews::NoPort { reason: "no port left" }),
        Decision::Resource(MediaNews::DeviceLost { device: "XCODE1", reason: "it is gone" }),
        Decision::Resource(MediaNews::Transcodes { caller: "PCMU", called: "opus" }),
        Decision::Resource(MediaNews::GivenBack {
            function: MediaFunction::TerminationPoint,
            resource: "mtp1",
        }),
        Decision::Refused {
            cause: Cause::RESOURCE_UNAVAILABLE,
            why: WhyRefused::NoResource { function: MediaFunction::Transcoder },
        },
        Decision::Refused {
            cause: Cause::OUT_OF_BANDWIDTH,
            why: WhyRefused::CannotReplace { why: WhyApart::NoBandwidth },
        },
        Decision::PartyShown(alice()),
        Decision::RelayWanted { why: WhyRelay::BehindNat },
        Decision::RelayOpened { caller_side: address(), called_side: address6() },
        Decision::RelayNotOpened { reason: "Too many open files" },
        Decision::TransferRefused {
            cause: Cause::FACILITY_REJECTED,
            destination: "1003",
            why: WhyTransferRefused::NotReady,
        },
        Decision::TransferRefused {
            cause: Cause::OUT_OF_BANDWIDTH,
            destination: "1003",
            why: WhyTransferRefused::Apart(WhyApart::NoBandwidth),
        },
        Decision::Convened {
            by: PartyView { number: "1002", name: "Bob", presentation: Presentation::Allowed },
            device: OriginView::Line { line: "1002", phone: "desk" },
        },
        Decision::StaysInConference { why: WhyApart::NoCodec },
        Decision::OnlyAudioRelayed,
        Decision::Stream(StreamNews::Refused {
            media: StreamMedia::Application,
            protocol: "TCP/BFCP",
            why: WhyStreamRefused::Transport,
        }),
        Decision::Stream(StreamNews::Agreed {
            media: StreamMedia::Video,
            codec: "H264",
            offerer: Some(address()),
            answerer: None,
            way: Way::Relayed,
        }),
        Decision::Stream(StreamNews::Reserved { from: "Berlin", to: "Hub_None", kbps: 384 }),
        Decision::Stream(StreamNews::NotOpened { media: StreamMedia::Image, reason: "no port left" }),
        Decision::Stream(StreamNews::Lost { media: StreamMedia::Audio }),
        Decision::Stream(StreamNews::Carried {
            media: StreamMedia::Other,
            packets: 7,
            lost: Some(2),
            sent: 0,
        }),
        Decision::TransferBegan { destination: "1003", into: Some(call()), asks: None },
        Decision::FeatureRefused {
            feature: "park",
            cause: Cause::FACILITY_REJECTED,
            why: WhyFeatureRefused::NotConfigured { what: "a call park number" },
        },
        Decision::FeatureDone { feature: "park", text: "8801" },
        Decision::RelayWanted { why: WhyRelay::Recorded },
        Decision::Recording(RecordingNews::Begins {
            trunk: "recorder",
            number: "7000",
            because: WhyRecorded::OnDemand,
        }),
        Decision::Recording(RecordingNews::Runs { own: Some(address()), far: None }),
        Decision::Recording(RecordingNews::Changed(RecordingChange::Parties)),
        Decision::Recording(RecordingNews::Lost {
            cause: Cause::USER_BUSY,
            again: Some(Duration::from_secs(5)),
        }),
        Decision::Recording(RecordingNews::CallReleased),
        Decision::Recording(RecordingNews::Refused(WhyNotRecorded::NoPort { reason: "none" })),
        Decision::Recording(RecordingNews::Ended(WhyRecordingEnded::CallEnded)),
        Decision::Recording(RecordingNews::Tone { to: ToneFor::OtherParty, codec: "PCMU" }),
        Decision::Recording(RecordingNews::NotTaken { cause: Cause::USER_BUSY, again: None }),
        Decision::Recording(RecordingNews::PortsLost),
        Decision::Recording(RecordingNews::Paused),
        Decision::Recording(RecordingNews::Shown(crate::recording::RecordingShown::On)),
        Decision::Recording(RecordingNews::Routed { number: "7", pattern: "7", partition: "p", to: "t" }),
        Decision::Recording(RecordingNews::NextRecorder { cause: Cause::USER_BUSY }),
        Decision::Recording(RecordingNews::Refused(WhyNotRecorded::NoRoute { profile: "p", number: "7" })),
        Decision::Recording(RecordingNews::Moved { own: None, far: Some(address()) }),
        Decision::Recording(RecordingNews::ChangeRefused(Cause::INCOMPATIBLE_DESTINATION)),
        Decision::Recording(RecordingNews::Changed(RecordingChange::Asked)),
        Decision::Recording(RecordingNews::InClear),
        Decision::Recording(RecordingNews::NoToneSealed { to: ToneFor::Recorded }),
        Decision::Recording(RecordingNews::Copied {
            own: Copies { sent: 1500, unsent: 1, skipped: 20, unopened: 3 },
            far: Copies::default(),
        }),
        Decision::Recording(RecordingNews::NoTone { to: ToneFor::Recorded, codec: "G729" }),
        Decision::ForwardSetByUser {
            phone: "SEP001122334455",
            at: WallTime::from_micros(1_700_000_000_000_000),
        },
        Decision::DoNotDisturb { line: "1001", phone: "", mode: Undisturbed::Silent },
        Decision::HuntLoggedOut { line: "1001", phone: "desk" },
        Decision::TransferBegan { destination: "1003", into: None, asks: Some(call()) },
        Decision::TransferWent(TransferNews::Failed(Cause::USER_BUSY)),
        Decision::MarkedMalicious { party: alice() },
        Decision::QualityReported { reason: "echo" },
        Decision::PickupGroupTold { group: "sales", lines: 3 },
        Decision::PartyMoved(Moved { feature: Feature::Transfer, to: call() }),
        Decision::Joined(Joined {
            feature: Feature::Replaces,
            conversation: call(),
            origin: OriginView::Trunk("carrier"),
            calling: PartyView::default(),
            called: "1002",
            other: Some(Seat {
                leg: leg(9),
                target: TargetView::Trunk("carrier"),
                connected: PartyView::default(),
            }),
        }),
        Decision::CallMade {
            feature: Feature::Transfer,
            origin: OriginView::Trunk("carrier"),
            calling: alice(),
            called: "1002",
        },
        Decision::NotPickedUp { line: "1002" },
        Decision::CallBack(CallBackNews::Free { line: "1002", rings: call() }),
        Decision::CallBack(CallBackNews::Waits { line: "1002" }),
        Decision::CallBack(CallBackNews::NotRung { cause: Cause::USER_BUSY }),
        Decision::CallBack(CallBackNews::BusyAgain { line: "1002" }),
        Decision::CallBack(CallBackNews::Over {
            number: "1002",
            why: WhyCallBackOver::NotReached(Cause::USER_BUSY),
        }),
        Decision::Announced { cause: Cause::USER_BUSY, tone: Tone::Source(AudioSource(3)) },
        Decision::KeysCarried,
        Decision::KeysBetween { caller: KeyPlace::Media, called: KeyPlace::Sound },
        Decision::KeysNotCarried { why: WhyKeysStay::Encrypted },
        Decision::RelayWanted { why: WhyRelay::KeyPresses },
        Decision::NotAnnounced { why: WhyNotAnnounced::TooMany },
        Decision::CallerAlerted {
            alert: Alert::Failing(Cause::UNALLOCATED_NUMBER),
            media: MediaPart::Answer,
        },
        Decision::Hears(Tone::Music),
        Decision::Hears(Tone::Source(AudioSource(51))),
        Decision::Hears(Tone::National { country: Country::Japan, tone: CallTone::Busy }),
        Decision::Admission(Admission::CodecsLeft(permitted())),
        Decision::Admission(Admission::NoCodecLeft(Codecs { left: "", ..permitted() })),
        Decision::Admission(Admission::BandwidthTaken { from: "Berlin", to: "Hub_None", kbps: 80 }),
        Decision::Admission(Admission::BandwidthChanged { before: 80, kbps: 24, codec: "G729" }),
        Decision::Admission(Admission::BandwidthMissing(shortage())),
        Decision::Admission(Admission::Rerouted {
            number: "914085551234",
            prefix: "91",
            from: AarNumber::ExternalMask,
        }),
        Decision::Admission(Admission::NotRerouted { because: WhyNotRerouted::NoMask }),
        Decision::Refused { cause: Cause::OUT_OF_BANDWIDTH, why: WhyRefused::NoBandwidth(shortage()) },
        Decision::Refused {
            cause: Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED,
            why: WhyRefused::NoCodec(permitted()),
        },
        Decision::Paging(Paging::Began { group: "internal:8400", lines: 3, gateways: 1 }),
        Decision::Paging(Paging::PassedOver { whom: "1002", phone: "desk", why: WhyNotPaged::InCall }),
        Decision::Paging(Paging::Multicast { address: address(), ttl: 255, codec: "PCMU" }),
        Decision::Paging(Paging::NotMulticast { reason: "Network is unreachable" }),
        Decision::Paging(Paging::Heard { seat: leg(9), address: Some(address6()), codec: "G722" }),
        Decision::Paging(Paging::NobodyLeft),
        Decision::FeatureRefused {
            feature: "page",
            cause: Cause::USER_BUSY,
            why: WhyFeatureRefused::Unreached { cause: Cause::USER_BUSY },
        },
        Decision::Rung {
            target: TargetView::Service(Service::Page {
                page: ConferenceId::new(NodeId(1), ShardId(0), 9),
                seat: PageSeat::HiddenListener,
            }),
            called: "8400",
            shown: alice(),
        },
        Decision::RingsOn { target: TargetView::Service(Service::Echo) },
        Decision::CodeAsked { code: AskedCode::Authorization { level: 255 }, timer: Duration::from_secs(15) },
        Decision::CodeAsked { code: AskedCode::Matter, timer: Duration::ZERO },
        Decision::CodesAccepted(codes()),
        Decision::CodesAccepted(CodesView::default()),
        Decision::Refused {
            cause: Cause::CALL_REJECTED,
            why: WhyRefused::Code {
                number: "914085554001",
                code: AskedCode::Matter,
                why: WhyCodeRefused::LevelTooLow { has: 3 },
            },
        },
        Decision::Ended {
            cause: Cause(200),
            by: ReleasedBy::System,
            why: WhyEnded::DeviceLost(ReleaseReason::SessionExpired),
        },
        Decision::Ended {
            cause: Cause::TEMPORARY_FAILURE,
            by: ReleasedBy::System,
            why: WhyEnded::ServerRestarted,
        },
        Decision::Forwarded(Forwarding {
            redirection: Redirection { by: "1002", reason: 178, on_behalf_of: 5 },
            why: WhyForwarded::Unregistered,
            to: "+498912345",
            hop: 3,
            way_out: Some(WayOut::Loop),
        }),
        Decision::ForwardNotFollowed { line: "1002", because: WayOut::HopLimit },
        Decision::RedirectNotFollowed { to: "example.com", why: WhyNotRedirected::OtherHost },
        Decision::HopLimitReached { at: "8000", hops: 12 },
        Decision::HuntBegan { pilot: "8000", list: "sales" },
        Decision::HuntRings { group: "first", member: "1002", members: 1, because: WhyHunted::TurnAfter("") },
        Decision::HuntRings {
            group: "first",
            member: "1002",
            members: 3,
            because: WhyHunted::Idle(Duration::from_secs(90)),
        },
        Decision::HuntSkipped { group: "first", member: "1003", because: WhyPassedOver::NotIdle },
        Decision::HuntLeftGroup {
            group: "first",
            because: WhyGroupLeft::MembersTried(HuntCondition::NotAvailable),
        },
        Decision::HuntConnected { group: "first", member: "1003" },
        Decision::HuntExhausted {
            pilot: "8000",
            because: WhyExhausted::LastGroup(WhyGroupLeft::Skipped(HuntCondition::Busy)),
        },
        Decision::Refused {
            cause: Cause::EXCHANGE_ROUTING_ERROR,
            why: WhyRefused::TooManyRedirections { hops: 12 },
        },
    ];
    let told = [
        Told::Proceeding,
        Told::Alerting { alert: Alert::Ringing, media: MediaPart::Nothing },
        Told::Answered { media: MediaPart::Answer, connected: hidden },
        Told::Media(MediaPart::Offer),
        Told::MediaRequested,
        Told::MetadataRequested,
        Told::MediaRefused(Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED),
        Told::Digit,
        Told::DigitsEnded(crate::leg::DigitsEnd::Lost),
        Told::DigitErased,
        Told::TransferRequested { destination: "9", replaces: Some(leg(300)) },
        Told::TransferEnded { failure: Some(Cause::USER_BUSY) },
        Told::Released { cause: Cause::NORMAL_CALL_CLEARING, reason: ReleaseReason::HungUp },
        Told::Quality(ReportedQuality {
            packets_sent: 500,
            octets_sent: 80_000,
            packets_received: 498,
            octets_received: 79_680,
            packets_lost: 2,
            jitter_ms: 3,
            latency_ms: 12,
            opinion_score: Some(450),
            concealed_seconds: Some(1),
            voice: "MLQK=4.5000;",
        }),
    ];
    let registrations = [
        Registration::Registered {
            line: "1001",
            binding: BindingId(1),
            peer: address(),
            transport: Transport::Udp,
            user_agent: "",
            expires: Duration::from_secs(3600),
        },
        Registration::Unregistered {
            line: "1001",
            binding: BindingId(1),
            reason: UnregisterReason::Replaced,
        },
        Registration::Refused {
            claimed: "666",
            peer: address(),
            request: "REGISTER",
            reason: RefuseReason::WrongPassword,
        },
        Registration::StationArrived {
            device: "SEP001122334455",
            peer: address(),
            model: 115,
            version: 17,
            load: "SCCP41.9-4-2SR3-1S",
            why: "keepalive-lost",
        },
        Registration::StationGone { device: "SEP001122334455", peer: address(), why: "connection-lost" },
        Registration::StationRefused { device: "", peer: address(), why: "broken" },
        Registration::StationTold { device: "SEP001122334455", what: "alarm", words: "25: Last=Initialized" },
        Registration::ScreenPushed {
            device: "SEP001122334455",
            application: 1,
            transaction: 7,
            bytes: 131,
            by: "alice (network 192.0.2.7)",
        },
        Registration::ScreenTold {
            device: "SEP001122334455",
            application: 1,
            transaction: 7,
            what: "answer",
            data: "<CiscoIPPhoneResponse/>",
        },
    ];
    let alarms = [
        Alarm::RelayFailed { reason: "no port" },
        Alarm::RecordNotStored { reason: "No space left on device", waiting: 5 },
        Alarm::Overloaded { what: "transactions" },
        Alarm::OverloadEnded,
        Alarm::Contained { what: "two relays" },
        Alarm::MaliciousCall { by: "1002", party: "4711" },
        Alarm::QualityReported { by: "1002", reason: "" },
        Alarm::NoServicePort { reason: "no port" },
        Alarm::MusicStreamFailed { address: address(), reason: "no port" },
        Alarm::NotRecorded { profile: "agents", cause: Cause::DESTINATION_OUT_OF_ORDER },
    ];
    let legs = [
        LegRecord {
            leg: leg(6),
            target: TargetView::Service(Service::Echo),
            rung_at: WallTime::from_micros(5),
            outcome: LegOutcome::Answered,
        },
        LegRecord {
            leg: leg(10),
            target: TargetView::Trunk("carrier"),
            rung_at: WallTime::from_micros(6),
            outcome: LegOutcome::Failed { cause: Cause::USER_BUSY, reason: ReleaseReason::Refused(600) },
        },
    ];
    let record = CallRecord {
        call: call(),
        origin: OriginView::Trunk("carrier"),
        calling_leg: leg(4),
        calling: alice(),
        called: "9999",
        translated: "99",
        sent: "",
        final_called: "1003",
        redirections: vec![
            Redirection { by: "99", reason: 15, on_behalf_of: 5 },
            Redirection { by: "8000", reason: 300, on_behalf_of: 5 },
        ],
        hunt_pilot: "8000",
        connected: hidden,
        codes: codes(),
        started_at: WallTime::from_micros(1),
        alerted_at: None,
        answered_at: Some(WallTime::from_micros(2)),
        ended_at: WallTime::from_micros(u64::MAX),
        cause: Cause::NORMAL_CALL_CLEARING,
        released_by: ReleasedBy::Called,
        legs: legs.to_vec(),
        moves: None,
        malicious: false,
    };
    let moves = Moves { conversation: call(), joined_by: Some(Feature::Transfer), left_by: None };
    let moved = CallRecord { moves: Some(moves), ..record.clone() };
    let reported = CallRecord { malicious: true, ..record.clone() };
    let both = CallRecord { malicious: true, ..moved.clone() };
    let message =
        Entry::Message { direction: Direction::Sent, flow: udp(), bytes: b"BYE sip:x SIP/2.0\r\n\r\n" };
    let quality = Quality {
        packets: 1500,
        lost: 3,
        jitter: 12,
        sent: 1499,
        remote_lost: None,
        round_trip: Some(Duration::from_millis(30)),
        malformed: 0,
        foreign: 1,
        peer: Some(address6()),
        detail: None,
        carried: None,
    };
    let detail = QualityDetail {
        reordered: 4,
        duplicates: 1,
        late: 300,
        gaps: 2,
        longest_gap: 2,
        payload_type: Some(8),
        opinion_score: Some(438),
        unsent: 1,
        unsent_error: Some(101),
    };
    let detailed = Quality { detail: Some(detail), ..quality };
    let carried = QualityCarried { octets: 240_000, octets_sent: 239_840, remote_jitter: Some(17) };
    let both_ways = Quality { carried: Some(carried), ..detailed };
    let mut entries = vec![message, Entry::Call(record), Entry::Call(moved)];
    entries.extend([reported, both].map(Entry::Call));
    entries.extend([Entry::Quality(quality), Entry::Quality(detailed), Entry::Quality(both_ways)]);
    let values = [
        UserValue::Forward { which: Forwarded::Unregistered, to: ForwardedTo::Number("+14085551234") },
        UserValue::Forward { which: Forwarded::All, to: ForwardedTo::AsConfigured },
        UserValue::Disturb(OnOff::Off),
        UserValue::Hunted(OnOff::On),
        UserValue::CallBack(CallBackTo::AfterUse("1002")),
        UserValue::CallBack(CallBackTo::Nobody),
    ];
    let set = |value| UserSet { line: "1001:internal", phone: "SEP001122334455", value, by: SetBy::Phone };
    entries.extend(values.map(|value| Entry::UserSet(set(value))));
    let by = SetBy::Program("ada");
    entries.push(Entry::UserSet(UserSet { line: "", by, ..set(UserValue::Disturb(OnOff::On)) }));
    entries.extend(decisions.map(Entry::Decision));
    entries.extend(told.map(Entry::Told));
    entries.extend(registrations.map(Entry::Registration));
    entries.extend(alarms.map(Entry::Alarm));
    entries
}

fn records() -> Vec<Record<'static>> {
    let ids = [(None, None), (Some(call()), None), (None, Some(leg(7))), (Some(call()), Some(leg(1 << 40)))];
    let at = WallTime::from_micros(1_790_000_000_123_456);
    samples()
        .into_iter()
        .enumerate()
        .map(|(index, entry)| {
            let (call, leg) = ids[index % ids.len()];
            Record { at, call, leg, entry }
        })
        .collect()
}

fn encoded(record: &Record<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    record.encode(&mut bytes);
    bytes
}

#[test]
fn every_kind_of_record_reads_back() {
    for record in records() {
        let bytes = encoded(&record);
        assert_eq!(Record::decode(&bytes).as_ref(), Ok(&record));
    }
}

#[test]
fn the_head_says_what_the_whole_record_says() {
    for record in records() {
        let mut bytes = Vec::new();
        record.encode(&mut bytes);
        let kind = match record.entry {
            Entry::Message { .. } => EntryKind::Message,
            Entry::Told(_) => EntryKind::Told,
            Entry::Decision(_) => EntryKind::Decision,
            Entry::Registration(_) => EntryKind::Registration,
            Entry::Alarm(_) => EntryKind::Alarm,
            Entry::Call(_) => EntryKind::Call,
            Entry::Quality(_) => EntryKind::Quality,
            Entry::UserSet(_) => EntryKind::UserSet,
        };
        let head = Head { at: record.at, call: record.call, leg: record.leg, kind };
        assert_eq!(Head::decode(&bytes), Ok(head));
        assert!(Head::decode(&bytes[..4]).is_err());
    }
}

#[test]
fn a_phone_without_a_name_is_written_as_it_was_before_phones_had_names() {
    let written = |item: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = Vec::new();
        item(&mut bytes);
        bytes
    };
    let origin = OriginView::Line { line: "1001", phone: "" };
    assert_eq!(written(&|out| origin.put(out)), b"\x00\x041001");
    let target = TargetView::Phone { line: "1002", phone: "", binding: BindingId(7) };
    assert_eq!(written(&|out| target.put(out)), b"\x00\x041002\x07");
}

#[test]
fn a_cut_or_lengthened_record_is_refused() {
    for record in records() {
        let mut bytes = encoded(&record);
        for length in 0..bytes.len() {
            assert!(Record::decode(&bytes[..length]).is_err(), "{record:?} cut to {length}");
        }
        bytes.push(0);
        assert_eq!(Record::decode(&bytes), Err(DecodeError::Trailing));
        bytes[0] = VERSION + 1;
        assert_eq!(Record::decode(&bytes), Err(DecodeError::Version(VERSION + 1)));
    }
}

#[test]
fn no_bytes_panic_and_what_reads_writes_the_same_meaning() {
    let mut rng = Rng::new(7);
    let originals: Vec<_> = records().iter().map(encoded).collect();
    for round in 0..60_000usize {
        let mut bytes = originals[round % originals.len()].clone();
        for _ in 0..=rng.below(3) {
            let at = rng.below(bytes.len() as u64) as usize;
            bytes[at] = rng.next_u64() as u8;
        }
        if let Ok(record) = Record::decode(&bytes) {
            let again = encoded(&record);
            assert_eq!(Record::decode(&again), Ok(record));
        }
    }
}

#[test]
fn a_claimed_number_of_legs_is_not_believed() {
    let mut record = records().into_iter().find(|r| matches!(r.entry, Entry::Call(_))).unwrap();
    if let Entry::Call(call) = &mut record.entry {
        call.legs.clear();
    }
    let mut bytes = encoded(&record);
    bytes.pop();
    bytes.extend([0xff, 0xff, 0xff, 0xff, 0x0f]);
    assert_eq!(Record::decode(&bytes), Err(DecodeError::Short));
}

#[test]
fn a_message_in_the_arena_is_written_like_any_other() {
    let text = b"OPTIONS sip:x SIP/2.0\r\n\r\n";
    let mut arena = ByteArena::new();
    arena.append(b"something else");
    let message = arena.append(text);
    let at = WallTime::from_micros(99);
    let ids = (Some(call()), Some(leg(3)));
    let span = encode_message(&mut arena, at, ids, Direction::Received, tls(), message);
    let entry = Entry::Message { direction: Direction::Received, flow: tls(), bytes: text };
    let expected = Record { at, call: ids.0, leg: ids.1, entry };
    assert_eq!(Record::decode(arena.slice(span)), Ok(expected));
}

#[test]
fn events_keep_what_they_say() {
    let event = Event::Refused {
        claimed: "1009".into(),
        peer: address(),
        request: "REGISTER",
        reason: RefuseReason::UnknownLine,
    };
    let expected = Registration::Refused {
        claimed: "1009",
        peer: address(),
        request: "REGISTER",
        reason: RefuseReason::UnknownLine,
    };
    assert_eq!(Registration::from(&event), expected);
}
