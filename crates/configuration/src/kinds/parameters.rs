//! Service parameters: what holds for the whole system.

mod choices;

use super::{Barging, MulticastMusicDirection, SingleButtonPolicy, single};
use crate::setting::{
    ClusterId, CountryName, Days, DomainName, Host, Kbps, List, Mebibytes, Minutes, Percent, Seconds,
    UserLocale, Whole, record,
};

pub use choices::{
    AnnouncedTo, AnnouncedTone, Breakout, CallRecordDetail, ConferenceEnds, DigestAlgorithm, DivertTo,
    EnBlocLookups, ForwardAllSystemPolicy, HashMeaning, HoursChecked, HoursPrecedence, LocationRoom,
    MessageDetail, NegatedSet, RelayMode, SpeedDialWait, TieWinner, TrunkSide, UrgentMatch, WaitingKeys,
};

/// A Q.850 cause.
pub type CauseNumber = Whole<1, 127>;

/// After which the next member of a route list is tried: no route (2, 3), silence and broken equipment (18, 27, 38, 41,
/// 102), congestion (34, 42, 44, 47).
const CONTINUE_ON: [u32; 11] = [2, 3, 18, 27, 34, 38, 41, 42, 44, 47, 102];

/// The domain where nothing says another one.
pub const DOMAIN_DEFAULT: &str = "strowger.lab";

record! {
    /// What callers hear whose call fails with a cause: as early media, before they are told the cause.
    pub struct Announcement {
        /// The Q.850 cause.
        cause: CauseNumber,
        /// Number of the audio source that is played once; the tone when not given.
        audio_source: Option<Whole<1, 51>> = None,
        /// The tone, as it sounds in the caller's country.
        tone: AnnouncedTone = AnnouncedTone::Information,
        /// The country whose callers hear it; all for whom no other one is given for the cause, when not given.
        network_locale: Option<CountryName> = None,
        /// Who hears it.
        to: AnnouncedTo = AnnouncedTo::Everybody,
    }
}

record! {
    /// Timers, limits and choices that hold for the whole system.
    pub struct ServiceParameters {
        /// The realm in which phones prove themselves, and the domain of the addresses that the system writes. Digests of
        /// secrets hold for one domain only.
        domain: DomainName = DomainName::fixed(DOMAIN_DEFAULT),
        /// Further names and addresses by which requests mean this system.
        aliases: List<Host, 50> = List::default(),

        /// T302: how long more digits are waited for, in seconds.
        interdigit_timer: Seconds<3, 150> = Seconds::new(15),
        /// Translations of one call; one more ends it with cause 25. Unverified (U-6).
        translations_max: Whole<1, 1000> = Whole::new(10),
        /// What an urgent pattern does that matches and is not the closest match. Unverified (U-1).
        urgent_match: UrgentMatch = UrgentMatch::ClosestOnly,
        /// Whether a number that was dialled as a whole is waited for on later lookups. Unverified (U-2).
        en_bloc_lookups: EnBlocLookups = EnBlocLookups::Complete,
        /// Which of two patterns in one partition wins that take as many numbers. Unverified (U-3).
        tie_winner: TieWinner = TieWinner::Oldest,
        /// What # means where no pattern holds it. Unverified (U-4).
        hash: HashMeaning = HashMeaning::EndsDialling,
        /// What becomes of keys that are pressed while a later lookup waits. Unverified (U-5).
        waiting_keys: WaitingKeys = WaitingKeys::Ignored,
        /// Whether a speed dial waits for more digits where a longer pattern could match.
        speed_dial_wait: SpeedDialWait = SpeedDialWait::Complete,
        /// When the opening hours of partitions are looked at. Unverified (U-9).
        hours_checked: HoursChecked = HoursChecked::EachLookup,
        /// Which opening hours count on a day of the year that one of them names.
        hours_precedence: HoursPrecedence = HoursPrecedence::DayOfYear,
        /// What `[^...]` takes. Unverified (U-13).
        negated_set: NegatedSet = NegatedSet::Digits,
        /// T302 of authorization and matter codes, in seconds; that of dialled numbers when not given.
        code_timer: Option<Seconds<3, 150>> = None,
        /// The Q.850 cause for whoever keys in a wrong authorization or matter code. Unverified (U-12).
        wrong_code_cause: CauseNumber = Whole::new(21),
        /// Call records show authorization codes themselves, not only their names.
        show_authorization_code: bool = false,

        /// No other member of a route list is tried when the called party is busy (17). Unverified (U-7).
        stop_routing_on_busy: bool = true,
        /// No other member of a route list is tried when the number leads nowhere (1). Unverified (U-7).
        stop_routing_on_unallocated: bool = true,
        /// No other member of a route list is tried when there is no bandwidth towards one (125). Unverified (U-7).
        stop_routing_on_out_of_bandwidth: bool = false,
        /// Other Q.850 causes after which the next member of a route list is tried; after all others none is. Unverified (U-7).
        continue_routing_on: List<CauseNumber, 127> =
            List::new(CONTINUE_ON.into_iter().map(Whole::new).collect()),

        /// Most redirections of one call; at most 15 where calls pass QSIG. Unverified (U-10).
        forward_hops_max: Whole<1, 60> = Whole::new(12),
        /// When a forward of all calls leads back to a line that forwarded the call before.
        forward_on_loop: Breakout = Breakout::NoAnswerForward,
        /// When a forward of all calls would be one redirection too many.
        forward_on_hop_limit: Breakout = Breakout::Ring,
        /// What a forward of all calls sees when its line leaves that to the system.
        forward_all_policy: ForwardAllSystemPolicy = ForwardAllSystemPolicy::Configured,
        /// How long a line rings before its calls are forwarded as not answered, in seconds. Unverified (U-14).
        ring_time: Seconds<1, 300> = Seconds::new(12),
        /// How long a line rings that does not forward unanswered calls, in seconds.
        line_no_answer: Seconds<1, 300> = Seconds::new(60),
        /// How long a trunk or service may ring, in seconds.
        trunk_no_answer: Seconds<1, 600> = Seconds::new(180),
        /// Where the calls of trunks and gateways come from that do not say it.
        trunk_classification: TrunkSide = TrunkSide::OffNet,

        /// Who picks a call up has it at once. Otherwise the phones of its line ring first.
        auto_pickup: bool = true,
        /// How long a parked call waits before it goes back to whoever parked it, in seconds.
        park_reversion: Seconds<1, 1200> = Seconds::new(60),
        /// How long a call back is waited for, in seconds.
        call_back_time: Seconds<60, 86_400> = Seconds::new(7200),

        /// Shortest SIP registration, in seconds; a shorter one is answered 423.
        expires_min: Seconds<1, 604_800> = Seconds::new(60),
        /// Longest SIP registration, in seconds; a longer one is cut.
        expires_max: Seconds<1, 604_800> = Seconds::new(7200),
        /// SIP registration of a phone that asks for no time, in seconds.
        expires_default: Seconds<1, 604_800> = Seconds::new(3600),
        /// How long a digest nonce may be used, in seconds.
        nonce_lifetime: Seconds<10, 86_400> = Seconds::new(300),
        /// The session timer of SIP calls, in seconds.
        session_expires: Seconds<90, 86_400> = Seconds::new(1800),
        /// Digest algorithms in the order in which they are offered. Some phones take only the first.
        digest_algorithms: List<DigestAlgorithm, 2> = List::new(vec![DigestAlgorithm::Md5]),

        /// When media goes through a relay of the node.
        relay: RelayMode = RelayMode::Nat,
        /// A call is refused whose device wants a trusted relay point when none is to be had.
        trusted_relay_point_needed: bool = false,
        /// A call is refused whose device wants a media termination point when none is to be had.
        mtp_needed: bool = false,
        /// Music for who is held and ringing tone for who was transferred, played by the node. Otherwise a hold is passed on from phone to phone.
        music_on_hold: bool = true,
        /// The direction that phones are told of music that goes out by multicast.
        multicast_music_direction: MulticastMusicDirection = MulticastMusicDirection::ReceiveOnly,
        /// The country whose tones are heard where phone and device pool say none; the United States when not given.
        network_locale: Option<CountryName> = None,
        /// The language of phones that say none, and whose owners say none; one that is written in Latin-1, such as English, when not given.
        user_locale: Option<UserLocale> = None,
        /// Number of the audio source for who is held, where line, phone and device pool say none; the music that is built in when not given.
        user_hold_source: Option<Whole<1, 51>> = None,
        /// Number of the audio source for who waits because of a feature, where line, phone and device pool say none; the music that is built in when not given.
        network_hold_source: Option<Whole<1, 51>> = None,
        /// What callers hear whose call fails, by its cause; where nothing is said they are only told the cause.
        announcements: List<Announcement, 127> = List::default(),
        /// Which of their distinctive rings phones have for calls from inside; their usual one when not given.
        ring_inside: Option<Whole<1, 5>> = None,
        /// Which of their distinctive rings phones have for calls from outside; their usual one when not given.
        ring_outside: Option<Whole<1, 5>> = None,
        /// Whose voice mail gets calls that phones divert with their key for it.
        divert_to: DivertTo = DivertTo::Diverting,
        /// Parties of a conference that somebody begins with his calls, himself included.
        conference_parties_max: Whole<3, 128> = Whole::new(4),
        /// Parties of a conference with a number.
        meet_me_parties_max: Whole<2, 128> = Whole::new(4),
        /// When a conference that somebody began ends although others are in it.
        conference_ends: ConferenceEnds = ConferenceEnds::Never,
        /// Everybody in a conference may add and drop parties, not only who began it.
        advanced_conference: bool = false,
        /// A tone says in conferences that somebody comes or has left.
        party_entrance_tone: bool = true,
        /// How phones come into calls of other phones of their lines, where they do not say it themselves.
        barge: Barging = Barging::Off,
        /// What line keys of phones do at once while another phone of the line has a call, where neither they nor their device pools say it (Single Button Barge/cBarge Policy).
        single_button_barge: SingleButtonPolicy = SingleButtonPolicy::Off,
        /// Who is recorded hears a tone that says so (Play Recording Notification Tone To Observed Target).
        recording_tone_recorded: bool = false,
        /// Who talks with somebody who is recorded hears it (Play Recording Notification Tone To Observed Connected Target).
        recording_tone_other_party: bool = false,
        /// Calls whose media would not be encrypted are refused.
        block_unencrypted_calls: bool = false,
        /// The most for speech inside a region, in kbit/s of the codec. Unverified (U-14).
        region_audio_within: Kbps<6, 512> = Kbps::new(64),
        /// The most for speech between regions, in kbit/s of the codec. Unverified (U-14).
        region_audio_between: Kbps<6, 512> = Kbps::new(8),
        /// The most for video, in kbit/s. Unverified (U-14).
        region_video: Kbps<0, 1_000_000> = Kbps::new(384),
        /// What is added to the rate of a codec whose bandwidth is not known exactly, in kbit/s. Unverified (U-11).
        codec_overhead: Kbps<0, 100> = Kbps::new(16),
        /// Where on the way of a call its locations must have room. Unverified (U-14).
        location_room: LocationRoom = LocationRoom::EveryLocation,
        /// Calls without bandwidth between two registered devices go over the public network (AAR).
        aar: bool = false,

        /// How often SCCP phones tell their primary node that they are there, in seconds.
        sccp_keepalive: Seconds<10, 300> = Seconds::new(30),
        /// How often SCCP phones ask their standby node, in seconds.
        sccp_standby_keepalive: Seconds<10, 300> = Seconds::new(60),
        /// The registration that Cisco SIP phones are granted, in seconds, so that a lost one is noticed.
        sip_station_keepalive: Seconds<30, 3600> = Seconds::new(120),
        /// How long a better node must have answered before phones go back to it, in seconds. Unverified.
        connection_monitor_duration: Seconds<0, 3600> = Seconds::new(120),

        /// How much of each message of a call the journal keeps.
        messages: MessageDetail = MessageDetail::Full,
        /// The name of the cluster, which call records and the names of their files have.
        cluster_id: ClusterId = ClusterId::fixed("StandAloneCluster"),
        /// Call detail records are written.
        call_records: bool = false,
        /// Calls that were not answered, or lasted less than a second, are written too. A call with an authorization code
        /// always is.
        zero_duration_records: bool = false,
        /// Whether records of the quality of calls are written.
        quality_records: CallRecordDetail = CallRecordDetail::Never,
        /// How long one file of call records is written to, in minutes.
        record_file_interval: Minutes<1, 1440> = Minutes::new(1),
        /// In records of hunted calls the member stands as the one that was called, not the pilot. Unverified.
        show_hunt_member: bool = false,
        /// How much room files of call records may take, in mebibytes. Beyond it files are deleted that were not delivered, the oldest first.
        record_room: Mebibytes<64, 1_048_576> = Mebibytes::new(4096),
        /// How full the room for call records may be before delivered ones are deleted, in percent. Unverified.
        record_high_water: Percent<1, 100> = Percent::new(80),
        /// How full the room for call records is after that, in percent. Unverified.
        record_low_water: Percent<1, 100> = Percent::new(40),
        /// How long call records are kept for a second delivery, in days. Unverified.
        record_retention: Days<1, 3650> = Days::new(30),
        /// How long calls are found by searches and reports, in days from their beginning. At 0 they are never forgotten.
        record_search_retention: Days<0, 3650> = Days::new(0),
    }
}

single!(ServiceParameters);
