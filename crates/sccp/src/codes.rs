//! The numbers that messages are full of, each kind a type of its own. A number that has no name here stays what it is.

mod button_tables;
mod codec_tables;
mod phrase_tables;
mod tone_tables;

pub use button_tables::{ButtonType, Stimulus};
pub use codec_tables::Codec;
pub use phrase_tables::Phrase;
pub use tone_tables::Tone;

references! {
    /// Which button of its type, counted from 1: of type line, the line. 0 stands for none or whichever.
    Instance,
    /// A call, by a number that is not 0 and unique for the phone. Servers choose it. 0 stands for none.
    CallReference,
    /// What belongs together in media: for a phone its call, for a bridge a conference.
    ConferenceId,
    /// One party's way of media, by a number that the server chooses and that answers repeat.
    PartyId,
}

codes! {
    /// What a phone shows of a call. On-hook removes the call from the display.
    CallState: u32 {
        OFF_HOOK = 1 "off-hook",
        ON_HOOK = 2 "on-hook",
        RING_OUT = 3 "ring-out",
        RING_IN = 4 "ring-in",
        CONNECTED = 5 "connected",
        BUSY = 6 "busy",
        CONGESTION = 7 "congestion",
        HOLD = 8 "hold",
        CALL_WAITING = 9 "call waiting",
        TRANSFER = 10 "transfer",
        PARK = 11 "park",
        PROCEED = 12 "proceed",
        IN_USE_REMOTELY = 13 "in use remotely",
        INVALID_NUMBER = 14 "invalid number",
        HOLD_REVERT = 15 "hold revert",
        WHISPER = 16 "whisper",
        REMOTE_HOLD = 17 "remote hold",
    }
}

codes! {
    /// How much of a call a phone shows.
    Visibility: u32 {
        DEFAULT = 0 "default",
        COLLAPSED = 1 "collapsed",
        HIDDEN = 2 "hidden",
    }
}

codes! {
    /// Where a call came from, as a phone shows it.
    CallType: u32 {
        INBOUND = 1 "inbound",
        OUTBOUND = 2 "outbound",
        FORWARDED = 3 "forwarded",
    }
}

codes! {
    /// How well a call is protected, as a phone shows it.
    CallSecurity: u32 {
        UNKNOWN = 0 "unknown",
        NOT_AUTHENTICATED = 1 "not authenticated",
        AUTHENTICATED = 2 "authenticated",
        ENCRYPTED = 3 "encrypted",
    }
}

codes! {
    /// The lists of calls in which a phone keeps a call that has ended.
    Disposition: u32 {
        IGNORE = 0 "ignore",
        PLACED = 1 "placed",
        RECEIVED = 2 "received",
        MISSED = 3 "missed",
        UNKNOWN = 0xffff_ffff "unknown",
    }
}

codes! {
    /// The soft-key set that belongs to the state of a call.
    KeyMode: u32 {
        ON_HOOK = 0 "on-hook",
        CONNECTED = 1 "connected",
        ON_HOLD = 2 "on-hold",
        RING_IN = 3 "ring-in",
        OFF_HOOK = 4 "off-hook",
        CONNECTED_WITH_TRANSFER = 5 "connected with transfer",
        DIGITS_FOLLOWING = 6 "digits following",
        CONNECTED_CONFERENCE = 7 "connected conference",
        RING_OUT = 8 "ring-out",
        OFF_HOOK_WITH_FEATURE = 9 "off-hook with feature",
        IN_USE_HINT = 10 "in-use hint",
        ON_HOOK_CALL_STEALABLE = 11 "on-hook, call stealable",
        HOLD_CONFERENCE = 12 "hold conference",
    }
}

codes! {
    /// What a soft key means. The numbers are the server's choice: a phone returns the one that stands in the template.
    SoftKey: u32 {
        REDIAL = 1 "Redial",
        NEW_CALL = 2 "NewCall",
        HOLD = 3 "Hold",
        TRANSFER = 4 "Transfer",
        FORWARD_ALL = 5 "CFwdAll",
        FORWARD_BUSY = 6 "CFwdBusy",
        FORWARD_NO_ANSWER = 7 "CFwdNoAnswer",
        BACKSPACE = 8 "Backspace",
        END_CALL = 9 "EndCall",
        RESUME = 10 "Resume",
        ANSWER = 11 "Answer",
        INFO = 12 "Info",
        CONFERENCE = 13 "Confrn",
        PARK = 14 "Park",
        JOIN = 15 "Join",
        MEET_ME = 16 "MeetMe",
        PICKUP = 17 "PickUp",
        GROUP_PICKUP = 18 "GPickUp",
        MONITOR = 19 "Monitor",
        CALL_BACK = 20 "CallBack",
        BARGE = 21 "Barge",
        DO_NOT_DISTURB = 22 "DND",
        CONFERENCE_LIST = 23 "ConfList",
        SELECT = 24 "Select",
        PRIVATE = 25 "Private",
        TRANSFER_TO_VOICEMAIL = 26 "TrnsfVM",
        DIRECT_TRANSFER = 27 "DirTrfr",
        IMMEDIATE_DIVERT = 28 "iDivert",
        VIDEO_MODE = 29 "VidMode",
        INTERCEPT = 30 "Intrcpt",
        EMPTY = 31 "empty",
        DIAL = 32 "Dial",
        CONFERENCE_BARGE = 33 "cBarge",
        OTHER_PICKUP = 34 "OPickUp",
        REMOVE_LAST = 35 "RmLstC",
        QUALITY_REPORT = 36 "QRT",
        MALICIOUS_CALL = 37 "MCID",
        HUNT_LOG = 38 "HLog",
        RECORD = 39 "Record",
        ABBREVIATED_DIAL = 40 "AbbrDial",
    }
}

codes! {
    /// How a phone rings.
    RingMode: u32 {
        OFF = 1 "off",
        INSIDE = 2 "inside",
        OUTSIDE = 3 "outside",
        FEATURE = 4 "feature",
        FLASH_ONLY = 5 "flash only",
        PRECEDENCE = 6 "precedence",
    }
}

codes! {
    /// How long a phone rings.
    RingDuration: u32 {
        NORMAL = 1 "normal",
        SINGLE = 2 "single",
    }
}

codes! {
    /// What a lamp does.
    LampMode: u32 {
        OFF = 1 "off",
        ON = 2 "on",
        WINK = 3 "wink",
        FLASH = 4 "flash",
        BLINK = 5 "blink",
    }
}

codes! {
    /// Whether a loudspeaker, microphone, headset or handset is used.
    Switch: u32 {
        ON = 1 "on",
        OFF = 2 "off",
    }
}

codes! {
    /// Who hears a tone.
    ToneDirection: u32 {
        USER = 0 "user",
        NETWORK = 1 "network",
        BOTH = 2 "both",
    }
}

codes! {
    /// What a phone is told to do anew.
    ResetType: u32 {
        RESET = 1 "reset",
        RESTART = 2 "restart",
        APPLY_CONFIG = 3 "apply config",
    }
}

codes! {
    /// Whether a phone may leave.
    UnregisterStatus: u32 {
        OK = 0 "ok",
        ERROR = 1 "error",
        CALLS_IN_PROGRESS = 2 "calls in progress",
    }
}

codes! {
    /// How bad what a phone tells is.
    AlarmSeverity: u32 {
        CRITICAL = 0 "critical",
        WARNING = 1 "warning",
        INFORMATIONAL = 2 "informational",
        UNKNOWN = 4 "unknown",
        MAJOR = 7 "major",
        MINOR = 8 "minor",
        MARGINAL = 10 "marginal",
        TRACE = 20 "trace",
    }
}

codes! {
    /// Why a phone registers anew: the number with which the text of its alarm begins.
    LastReason: u32 {
        LOAD_REJECTED = 0 "load rejected",
        LOAD_SIZE_ERROR = 1 "load size error",
        DECOMPRESSION_ERROR = 2 "decompression error",
        LOAD_VERSION_ERROR = 3 "load version error",
        DISK_FULL = 4 "disk full",
        CHECKSUM = 5 "checksum",
        LOAD_NOT_ON_TFTP = 6 "load not on TFTP",
        TFTP_TIMEOUT = 7 "TFTP timeout",
        TFTP_ACCESS = 8 "TFTP access",
        TFTP_ERROR = 9 "TFTP error",
        TCP_CONNECT_TIMEOUT = 10 "TCP connect timeout",
        CLOSED_BAD_ACK = 11 "closed, bad ACK",
        SERVER_RESET_TCP = 12 "server reset TCP",
        SERVER_ABORTED_TCP = 13 "server aborted TCP",
        TCP_CLOSED = 14 "TCP closed",
        ICMP_UNREACHABLE = 15 "ICMP unreachable",
        SERVER_REJECTED_TCP = 16 "server rejected TCP",
        KEEPALIVE_TIMEOUT = 17 "keepalive timeout",
        FAIL_BACK_TO_PRIMARY = 18 "fail-back to primary",
        USER_RESET_BY_KEYPAD = 20 "user reset by keypad",
        IP_CONFIGURATION_CHANGE = 21 "IP configuration change",
        SERVER_RESET_PHONE = 22 "server reset phone",
        SERVER_RESTARTED_PHONE = 23 "server restarted phone",
        REGISTRATION_REJECTED = 24 "registration rejected",
        INITIALISED = 25 "initialised",
        CLOSED_UNKNOWN = 26 "closed, unknown",
        WAITING_FOR_STATE = 27 "waiting for state",
        WAITING_FOR_RESPONSE = 28 "waiting for response",
        DSP_ALARM = 29 "DSP alarm",
        PHONE_ABORTED_TCP = 30 "phone aborted TCP",
        FILE_AUTHORISATION_FAILED = 31 "file authorisation failed",
    }
}

codes! {
    /// Why a phone was out of service, as newer loads tell it in the document of their alarm. The numbers are much the same as
    /// those of [`LastReason`], but not all.
    OutOfServiceReason: u32 {
        TCP_TIMED_OUT = 10 "TCP timed out",
        SERVER_RESET_TCP = 12 "server reset TCP",
        SERVER_ABORTED_TCP = 13 "server aborted TCP",
        SERVER_CLOSED_TCP = 14 "server closed TCP",
        KEEPALIVE_FAILED = 15 "keepalive failed",
        ADDRESS_LOST = 16 "IP address lost",
        REGISTRATION_TIMED_OUT = 17 "registration timed out",
        HIGHER_PRIORITY_SERVER = 18 "server of higher priority",
        USER_RESET = 20 "user reset",
        SERVER_RESET_PHONE = 22 "server reset phone",
        SERVER_RESTARTED_PHONE = 23 "server restarted phone",
        REGISTRATION_REJECTED = 24 "registration rejected",
    }
}

codes! {
    /// How the opening of media went.
    MediaStatus: u32 {
        OK = 0 "ok",
        UNKNOWN_ERROR = 1 "unknown error",
        NO_CHANNELS = 2 "no channels",
        CODEC_TOO_COMPLEX = 3 "codec too complex",
        BAD_PARTY_ID = 4 "bad party id",
        BAD_CALL = 5 "bad call",
        BAD_CODEC = 6 "bad codec",
        BAD_PACKET_SIZE = 7 "bad packet size",
        OUT_OF_SOCKETS = 8 "out of sockets",
        CODEC_FAILED = 9 "encoder or decoder failed",
        BAD_DYNAMIC_PAYLOAD = 10 "bad dynamic payload",
        ADDRESS_TYPE_NOT_AVAILABLE = 11 "requested address type not available",
        ON_HOOK = 255 "on-hook",
    }
}

codes! {
    /// What a phone may listen with, and what it wants of an address.
    AddressType: u32 {
        IPV4 = 0 "IPv4",
        IPV6 = 1 "IPv6",
        BOTH = 2 "IPv4 and IPv6",
        INVALID = 3 "invalid",
    }
}

codes! {
    /// How media is encrypted.
    SrtpAlgorithm: u32 {
        NONE = 0 "none",
        AES_CM_128_HMAC_SHA1_32 = 1 "AES_CM_128_HMAC_SHA1_32",
        AES_CM_128_HMAC_SHA1_80 = 2 "AES_CM_128_HMAC_SHA1_80",
        F8_128_HMAC_SHA1_32 = 3 "F8_128_HMAC_SHA1_32",
        F8_128_HMAC_SHA1_80 = 4 "F8_128_HMAC_SHA1_80",
        AEAD_AES_128_GCM = 5 "AEAD_AES_128_GCM",
        AEAD_AES_256_GCM = 6 "AEAD_AES_256_GCM",
    }
}

codes! {
    /// What a phone is told of somebody else's line: the status of a busy lamp.
    BlfStatus: u32 {
        UNKNOWN = 0 "unknown",
        IDLE = 1 "idle",
        IN_USE = 2 "in use",
        DO_NOT_DISTURB = 3 "do not disturb",
        ALERTING = 4 "alerting",
    }
}

codes! {
    /// How a subscription went.
    SubscriptionCause: u32 {
        OK = 0 "ok",
        ROUTE_FAILED = 1 "route failed",
        NOT_AUTHENTICATED = 2 "not authenticated",
        TIMED_OUT = 3 "timed out",
        TRUNK_TERMINATED = 4 "trunk terminated",
        TRUNK_FORBIDDEN = 5 "trunk forbidden",
        THROTTLED = 6 "throttled",
    }
}

codes! {
    /// What somebody talks and listens with.
    MediaPath: u32 {
        HEADSET = 1 "headset",
        HANDSET = 2 "handset",
        SPEAKER = 3 "speaker",
    }
}

codes! {
    /// Kinds of stations that are treated in a way of their own. Most numbers are models of phones.
    DeviceType: u32 {
        CONFERENCE_BRIDGE_SOFTWARE = 50 "conference bridge (software)",
        CONFERENCE_BRIDGE = 53 "conference bridge",
        MUSIC_ON_HOLD = 70 "music on hold",
        MTP_SOFTWARE = 83 "media termination point (server)",
        MEDIA_SERVER = 84 "media server",
        MTP = 110 "media termination point",
        TRANSCODER = 112 "transcoder",
        ANNUNCIATOR = 126 "annunciator",
        PHONE_7960 = 7 "7960",
        PHONE_7940 = 8 "7940",
        PHONE_7935 = 9 "7935",
        ATA_186 = 12 "ATA 186",
        ATA_188 = 13 "ATA 188",
        PHONE_7941 = 115 "7941",
        PHONE_7971 = 119 "7971",
        PHONE_7985 = 302 "7985",
        PHONE_7911 = 307 "7911",
        PHONE_7931 = 348 "7931",
        PHONE_7921 = 365 "7921",
        PHONE_7906 = 369 "7906",
        PHONE_7962 = 404 "7962",
        PHONE_7937 = 431 "7937",
        PHONE_7942 = 434 "7942",
        PHONE_7945 = 435 "7945",
        PHONE_7965 = 436 "7965",
        PHONE_7975 = 437 "7975",
        PHONE_7925 = 484 "7925",
        PHONE_6921 = 495 "6921",
        PHONE_6941 = 496 "6941",
        PHONE_6961 = 497 "6961",
        PHONE_6901 = 547 "6901",
        PHONE_6911 = 548 "6911",
        PHONE_6945 = 564 "6945",
        PHONE_8945 = 585 "8945",
        PHONE_8941 = 586 "8941",
        PHONE_7905 = 20000 "7905",
        PHONE_7920 = 30002 "7920",
        PHONE_7970 = 30006 "7970",
        PHONE_7912 = 30007 "7912",
        IP_COMMUNICATOR = 30016 "IP Communicator",
        PHONE_7961 = 30018 "7961",
        PHONE_7936 = 30019 "7936",
        ANALOGUE_GATEWAY = 30027 "analogue gateway",
    }
}

/// Who of a call is not shown: a sum of these bits.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Restrictions(pub u32);

impl Restrictions {
    /// The caller's name.
    pub const CALLING_NAME: Restrictions = Restrictions(1);
    /// The caller's number.
    pub const CALLING_NUMBER: Restrictions = Restrictions(2);
    /// The called party's name.
    pub const CALLED_NAME: Restrictions = Restrictions(4);
    /// The called party's number.
    pub const CALLED_NUMBER: Restrictions = Restrictions(8);
    /// The name that was called first.
    pub const ORIGINAL_CALLED_NAME: Restrictions = Restrictions(16);
    /// The number that was called first.
    pub const ORIGINAL_CALLED_NUMBER: Restrictions = Restrictions(32);
    /// The name that forwarded the call last.
    pub const LAST_REDIRECTING_NAME: Restrictions = Restrictions(64);
    /// The number that forwarded the call last.
    pub const LAST_REDIRECTING_NUMBER: Restrictions = Restrictions(128);
}

impl crate::wire::Wire for Restrictions {
    fn read(from: &mut crate::wire::Reader<'_>) -> Self {
        Restrictions(u32::read(from))
    }

    fn write(&self, to: &mut crate::wire::Writer<'_>) {
        self.0.write(to);
    }
}
