//! Profiles: how SIP is spoken, and how it is secured.

use super::named;
use crate::setting::{Description, List, Milliseconds, Name, PortText, Seconds, Whole, Word, choice, record};

record! {
    /// How SIP is spoken with phones or trunks.
    pub struct SipProfile {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// The far side sends growing numbers, each as a new INVITE.
        overlap: bool = false,
        /// Whether calls to it begin with an offer of ours when the caller has none.
        early_offer: EarlyOffer = EarlyOffer::Off,
        /// Whether provisional answers are acknowledged.
        reliable_provisional: ReliableProvisional = ReliableProvisional::WithMedia,
        /// With which request sessions are refreshed.
        session_refresh: SessionRefresh = SessionRefresh::Update,
        /// Phones are told of waiting messages without subscribing to it, as those need it that do not subscribe.
        unsolicited_message_waiting: bool = false,
        /// The far side is asked with OPTIONS whether it is there.
        options_ping: bool = false,
        /// How often it is asked while it answers, in seconds.
        options_in_service: Seconds<5, 600> = Seconds::new(60),
        /// How often it is asked while it does not, in seconds.
        options_out_of_service: Seconds<5, 600> = Seconds::new(120),
        /// How long an answer is waited for, in milliseconds.
        options_timer: Milliseconds<100, 10_000> = Milliseconds::new(500),
        /// How often a lost question is repeated before the far side counts as gone.
        options_retries: Whole<1, 10> = Whole::new(6),
        /// Addresses whose left side is taken for a number when the host is one of ours.
        uri_numbers: UriNumbers = UriNumbers::DigitsAndPlus,
        /// How keys reach the far side during a call.
        dtmf: DtmfMethod = DtmfMethod::Rtp,
        /// Who makes the tone that a phone's user hears during a call when another one rings there.
        call_waiting_tone: WaitingTone = WaitingTone::Phone,
        /// The payload type for keys in RTP.
        dtmf_payload: Whole<96, 127> = Whole::new(101),
        /// Max-Forwards of requests that begin here.
        max_forwards: Whole<1, 255> = Whole::new(70),
        /// How long a registration phones are told to ask for, in seconds.
        register_expires: Seconds<30, 604_800> = Seconds::new(3600),
        /// How long before its end phones refresh it, in seconds.
        register_delta: Seconds<1, 60> = Seconds::new(5),
        /// How long phones let a call ring that they make, in seconds.
        invite_expires: Seconds<30, 600> = Seconds::new(180),
        /// How often phones ask their standby node, in seconds.
        keepalive: Seconds<30, 600> = Seconds::new(120),
        /// T1 that phones are told, in milliseconds.
        timer_t1: Milliseconds<100, 5000> = Milliseconds::new(500),
        /// T2 that phones are told, in milliseconds.
        timer_t2: Milliseconds<500, 16_000> = Milliseconds::new(4000),
        /// UDP ports for RTP that phones are told.
        media_ports: PortText = PortText::fixed("16384-32766"),
    }
}

choice! {
    /// Whether calls begin with an offer of ours when the caller has none. A media termination point makes it.
    pub enum EarlyOffer {
        /// The far side is asked for an offer.
        Off = "off",
        /// Where there is a media termination point for it; else the far side is asked.
        BestEffort = "best-effort",
        /// Always: without a media termination point the call is refused.
        Mandatory = "mandatory",
    }
}

choice! {
    /// Whether provisional answers are acknowledged.
    pub enum ReliableProvisional {
        /// Never.
        Never = "never",
        /// Those with a description of media.
        WithMedia = "with-media",
        /// All.
        Always = "always",
    }
}

choice! {
    /// With which request sessions are refreshed.
    pub enum SessionRefresh {
        /// With UPDATE where the far side knows it.
        Update = "update",
        /// With INVITE.
        Invite = "invite",
    }
}

choice! {
    /// When the left side of an address is taken for a number.
    pub enum UriNumbers {
        /// When it has only 0-9, *, # and a leading +.
        DigitsAndPlus = "digits-and-plus",
        /// When it has only 0-9, A-D, *, # and a leading +.
        KeysAndPlus = "keys-and-plus",
        /// Never.
        Never = "never",
    }
}

choice! {
    /// How keys reach the far side.
    pub enum DtmfMethod {
        /// As events in RTP.
        Rtp = "rtp",
        /// In INFO, beside the media.
        Info = "info",
        /// As KPML, beside the media.
        Kpml = "kpml",
        /// In NOTIFY beside the media, as Cisco's gateways tell them unasked.
        Notify = "notify",
        /// As either, whatever the far side can.
        Any = "any",
        /// As both at once, where the other side has both as well.
        Both = "both",
        /// As tones in the sound.
        InBand = "in-band",
    }
}

choice! {
    /// Who makes the tone of call waiting.
    pub enum WaitingTone {
        /// The phone.
        Phone = "phone",
        /// The server, as it sounds in the phone's country: media of all calls of the phone passes through it.
        Server = "server",
    }
}

choice! {
    /// How signalling and media are protected.
    pub enum SecurityMode {
        /// Clear text.
        NonSecure = "non-secure",
        /// TLS without secrecy: who speaks is known, what is said is not hidden.
        Authenticated = "authenticated",
        /// TLS with secrecy, and media encrypted where both ends can.
        Encrypted = "encrypted",
    }
}

record! {
    /// How a SIP trunk is secured.
    pub struct SipTrunkSecurityProfile {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// How signalling is protected; media has a setting of the trunk.
        mode: SecurityMode = SecurityMode::NonSecure,
        /// What carries calls to the trunk.
        transport: super::SipTransport = super::SipTransport::Udp,
        /// Names that the certificate of the far side may have; any that is trusted when there is none.
        subject_names: List<Name, 20> = List::default(),
        /// The far side must prove itself with a digest.
        digest: bool = false,
        /// How long a digest nonce may be used, in seconds. Those of phones follow the service parameter.
        nonce_lifetime: Seconds<10, 86_400> = Seconds::new(600),
        /// REFER outside of a call is accepted.
        accept_refer: bool = false,
        /// NOTIFY outside of a subscription is accepted.
        accept_unsolicited_notify: bool = false,
        /// INVITE with Replaces is accepted.
        accept_replaces: bool = false,
        /// Subscriptions to presence are accepted.
        accept_presence: bool = false,
    }
}

record! {
    /// How a phone is secured.
    pub struct PhoneSecurityProfile {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// The protocol of the phones.
        protocol: super::PhoneProtocol = super::PhoneProtocol::Sip,
        /// The model; all of them when not given.
        model: Option<Word> = None,
        /// How signalling and media are protected.
        mode: SecurityMode = SecurityMode::NonSecure,
        /// What carries SIP; TLS with the modes authenticated and encrypted. SCCP has one transport.
        transport: PhoneTransport = PhoneTransport::TcpAndUdp,
        /// With the mode encrypted: keys of media are told the phone although its signalling is in the clear, where everybody on
        /// the way can read them. Without it the phone has no encrypted media while SIP has no TLS.
        keys_in_clear: bool = false,
        /// SIP phones must prove themselves with a digest.
        digest: bool = true,
        /// Configuration files are encrypted.
        encrypted_files: bool = false,
        /// Digest secrets do not stand in configuration files.
        exclude_secrets: bool = false,
        /// How the phone proves itself when it fetches its certificate (CAPF).
        certificate_authentication: CertificateAuthentication = CertificateAuthentication::ExistingOrNull,
        /// Which key pair it makes.
        key: CertificateKey = CertificateKey::Rsa2048,
    }
}

choice! {
    /// What carries the messages of SIP phones.
    pub enum PhoneTransport {
        /// TCP.
        Tcp = "tcp",
        /// UDP.
        Udp = "udp",
        /// Either.
        TcpAndUdp = "tcp-and-udp",
        /// TLS.
        Tls = "tls",
    }
}

choice! {
    /// How a phone proves itself to the authority.
    pub enum CertificateAuthentication {
        /// By a text that somebody keys in.
        Text = "text",
        /// Not at all.
        Null = "null",
        /// By its locally significant certificate; not at all when it has none.
        ExistingOrNull = "existing-or-null",
        /// By the certificate of its manufacturer; not at all when it has none.
        ManufacturerOrNull = "manufacturer-or-null",
    }
}

choice! {
    /// A key pair.
    pub enum CertificateKey {
        /// RSA with 1024 bits, which the oldest phones need.
        Rsa1024 = "rsa-1024",
        /// RSA with 2048 bits.
        Rsa2048 = "rsa-2048",
        /// RSA with 4096 bits.
        Rsa4096 = "rsa-4096",
        /// The elliptic curve P-256.
        EcP256 = "ec-p256",
        /// The elliptic curve P-384.
        EcP384 = "ec-p384",
    }
}

named!(SipProfile, SipTrunkSecurityProfile, PhoneSecurityProfile);
