//! Phones, and the layout of their keys.

use super::{
    AarGroup, CallingSearchSpace, DevicePool, EndUser, Line, Location, MediaResourceGroupList,
    PhoneButtonTemplate, PhoneSecurityProfile, RecordingChoice, RecordingProfile, SipProfile,
    SoftKeyTemplate, SubscribedService, TransformationSpaces, TrustedRelay, named,
};
use crate::setting::{
    CountryName, Description, DigestText, Label, List, MaskText, NumberText, PhoneName, PrefixText, Ref,
    SealedText, UserLocale, UserName, Whole, Word, choice, record,
};

record! {
    /// A phone on a desk, in a hand or on a screen.
    pub struct Phone {
        /// Its name: SEP and its MAC address for phones of Cisco, any for others.
        name: PhoneName,
        /// For people.
        description: Description = Description::default(),
        /// What it speaks.
        protocol: PhoneProtocol = PhoneProtocol::Sip,
        /// Its model, as in `7961`; any when not given.
        model: Option<Word> = None,
        /// What it has in common with other devices of its place.
        device_pool: Option<Ref<DevicePool>> = None,
        /// What it sees of the dial plan after what its line sees.
        search_space: Option<Ref<CallingSearchSpace>> = None,
        /// Its lines, in the order of its line keys. The same line may stand on many phones, and once on each.
        lines: List<LineButton, 200> = List::default(),
        /// What a SIP phone proves itself with; the name of a line alone is not enough.
        credentials: Option<Box<PhoneCredentials>> = None,
        /// How it is secured; in clear text when not given.
        security_profile: Option<Ref<PhoneSecurityProfile>> = None,
        /// How SIP is spoken with it.
        sip_profile: Option<Ref<SipProfile>> = None,
        /// What its keys are; lines first, then speed dials, when not given.
        button_template: Option<Ref<PhoneButtonTemplate>> = None,
        /// Whose it is.
        owner: Option<Ref<EndUser>> = None,
        /// Speed dials, busy lamp fields and other keys.
        keys: Option<Box<PhoneKeys>> = None,
        /// What few phones have of their own.
        more: Option<Box<PhoneSettings>> = None,
    }
}

choice! {
    /// What a phone speaks.
    pub enum PhoneProtocol {
        /// SIP.
        Sip = "sip",
        /// SCCP (Skinny).
        Sccp = "sccp",
    }
}

record! {
    /// A line on a phone.
    pub struct LineButton {
        /// The line.
        line: Ref<Line>,
        /// What stands beside the key; the number when empty.
        label: Label = Label::default(),
        /// How the phone rings for it.
        ring: RingSetting = RingSetting::Ring,
        /// How it rings during another call.
        ring_in_call: RingSetting = RingSetting::BeepOnce,
        /// How the outside sees calls from here; as the line says when not given.
        external_mask: Option<MaskText> = None,
        /// The intercom number that the key of an intercom line calls; one is dialled when not given.
        intercom_target: Option<Box<NumberText>> = None,
        /// Which of its calls are recorded.
        recording: RecordingChoice = RecordingChoice::Disabled,
        /// Where they are recorded.
        recording_profile: Option<Box<Ref<RecordingProfile>>> = None,
    }
}

choice! {
    /// How a phone tells of a call.
    pub enum RingSetting {
        /// Not at all.
        Off = "off",
        /// With the lamp only.
        Flash = "flash",
        /// It rings once.
        RingOnce = "ring-once",
        /// It rings.
        Ring = "ring",
        /// It beeps once.
        BeepOnce = "beep-once",
    }
}

record! {
    /// What a phone proves itself with: a secret, or digests of user name, domain and secret.
    pub struct PhoneCredentials {
        /// The user name; the number of the first line when not given.
        user: Option<UserName> = None,
        /// The secret. Exactly one is given of it and digests of it.
        secret: Option<SealedText> = None,
        /// The MD5 digest of `user:domain:secret` in 32 hexadecimal digits.
        ha1_md5: Option<DigestText<32>> = None,
        /// The SHA-256 digest of the same in 64 hexadecimal digits.
        ha1_sha256: Option<DigestText<64>> = None,
    }
}

record! {
    /// Keys of a phone beside its lines.
    pub struct PhoneKeys {
        /// Numbers that a key dials, in the order of the keys; those beyond the keys are dialled by their position.
        speed_dials: List<SpeedDial, 199> = List::default(),
        /// Keys that show whether somebody talks.
        busy_lamp_fields: List<BusyLampField, 199> = List::default(),
        /// Services of the phone, in the order of its menu. Its service keys are these, from the first.
        services: List<SubscribedService, 64> = List::default(),
    }
}

record! {
    /// A number that a key dials.
    pub struct SpeedDial {
        /// The number; a comma waits for two seconds.
        number: NumberText,
        /// What stands beside the key.
        label: Label = Label::default(),
    }
}

record! {
    /// A key that shows whether somebody talks, and calls.
    pub struct BusyLampField {
        /// The line that is watched. Exactly one of line and number is given.
        line: Option<Ref<Line>> = None,
        /// A number outside of the system that is watched.
        number: Option<NumberText> = None,
        /// What stands beside the key.
        label: Label = Label::default(),
        /// The key takes a call that rings there.
        pickup: bool = false,
    }
}

record! {
    /// What few phones have of their own.
    pub struct PhoneSettings {
        /// Whose bandwidth its calls take; that of the device pool when not given.
        location: Option<Ref<Location>> = None,
        /// Its media resources; those of the device pool when not given.
        media_resource_group_list: Option<Ref<MediaResourceGroupList>> = None,
        /// Media always goes through a media termination point.
        mtp_required: bool = false,
        /// Whether media goes through a trusted relay point.
        use_trusted_relay_point: TrustedRelay = TrustedRelay::Default,
        /// It can listen to music on hold that goes out by multicast; it is sent its own otherwise.
        multicast_music: bool = true,
        /// The country whose tones it hears; that of the device pool when not given.
        network_locale: Option<CountryName> = None,
        /// The language of the phone, in whose code page SCCP phones without UTF-8 are sent names; that of its owner when not given.
        user_locale: Option<UserLocale> = None,
        /// Number of the audio source that others hear whom the phone holds; that of the device pool when not given.
        user_hold_source: Option<Whole<1, 51>> = None,
        /// Number of the audio source that others hear who wait because of a feature that the phone uses, such as a transfer; that of the device pool when not given.
        network_hold_source: Option<Whole<1, 51>> = None,
        /// Where numbers are looked up that are dialled over the public network (AAR); where the device pool says when not given.
        aar_search_space: Option<Ref<CallingSearchSpace>> = None,
        /// Which prefixes lead to it over the public network (AAR); those of the device pool when not given.
        aar_group: Option<Ref<AarGroup>> = None,
        /// Whose lines its keys may watch; what it sees of the dial plan when not given.
        subscribe_search_space: Option<Ref<CallingSearchSpace>> = None,
        /// How it sees numbers; as the device pool says when not given.
        transformation_spaces: Option<TransformationSpaces> = None,
        /// The calling number of its emergency calls while it is at home; that of the device pool when not given.
        emergency_number: Option<PrefixText> = None,
        /// Which soft keys it has; those of the system when not given.
        soft_key_template: Option<Ref<SoftKeyTemplate>> = None,
        /// Whether its device pool follows the place where it is.
        mobility: MobilityMode = MobilityMode::Off,
        /// What do not disturb does.
        do_not_disturb: DoNotDisturb = DoNotDisturb::RingerOff,
        /// Others on a shared line do not see its calls and cannot join them.
        privacy: bool = false,
        /// How it comes into calls of other phones of its lines; as the system says when not given.
        barge: Option<Barging> = None,
        /// What the key of a line does at once while another phone of that line has a call (Single Button Barge/cBarge).
        single_button_barge: SingleButtonBarge = SingleButtonBarge::Default,
        /// The firmware that it shall run; whatever it has when not given.
        load: Option<Word> = None,
        /// The highest version of SCCP that is spoken with it, where its firmware misbehaves with later ones; whatever it has when not given.
        sccp_version: Option<Whole<3, 22>> = None,
        /// Applications may control it.
        cti_control: bool = true,
        /// It came by itself and was given a number (auto-registration), and nobody has adopted it yet.
        auto_registered: bool = false,
    }
}

choice! {
    /// Whether a phone's device pool follows the place where it is.
    pub enum MobilityMode {
        /// It is always at home.
        Off = "off",
        /// It follows its address.
        On = "on",
    }
}

choice! {
    /// How a phone comes into a call of another phone of its line.
    pub enum Barging {
        /// It does not.
        Off = "off",
        /// As the third one, and nobody else; the call is over when the other party leaves it.
        Barge = "barge",
        /// The call becomes a conference.
        ConferenceBarge = "conference-barge",
    }
}

choice! {
    /// What the key of a line does at once while another phone of that line has a call.
    pub enum SingleButtonBarge {
        /// As the device pool says; a pool that does not say it leaves it to the service parameter.
        Default = "default",
        /// It calls like any other key.
        Off = "off",
        /// The phone comes in as the third one, and nobody else.
        Barge = "barge",
        /// The call becomes a conference, into which the phone comes.
        ConferenceBarge = "cbarge",
    }
}

choice! {
    /// What line keys do at once while another phone of the line has a call, where nobody says it for a phone.
    pub enum SingleButtonPolicy {
        /// They call like any other key.
        Off = "off",
        /// The phone comes in as the third one, and nobody else.
        Barge = "barge",
        /// The call becomes a conference, into which the phone comes.
        ConferenceBarge = "cbarge",
    }
}

choice! {
    /// What do not disturb does.
    pub enum DoNotDisturb {
        /// The phone shows calls and does not ring.
        RingerOff = "ringer-off",
        /// Calls find it busy.
        Reject = "reject",
    }
}

named!(Phone);
