//! The kinds of objects, and what all of them can do.

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::form::Field;
use crate::reader::{Names, Reader};
use crate::setting::Record;
use crate::{Id, kinds, rules};

/// What every kind of object can do beside being a [`Record`].
pub trait Object: Record + Clone + PartialEq + fmt::Debug {
    /// Its kind.
    const KIND: Kind;

    /// How its name comes about.
    const NAMING: Naming;

    /// What tells it from others of its kind.
    fn identity(&self) -> Identity<'_>;
}

/// How the objects of a kind are called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Naming {
    /// By their setting `name`.
    Name,
    /// By their setting `pattern`, in a partition after its name and a colon: `internal:1001`.
    PatternInPartition,
    /// There is one, and it is called like its kind.
    Only,
}

/// What tells an object from others of its kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Identity<'o> {
    /// The partition of a pattern that is in one.
    pub partition: Option<Id>,
    /// The name, or the pattern.
    pub name: &'o str,
}

/// Makes the list of kinds, and the type that holds an object of any.
macro_rules! kinds {
    ($( $(#[doc = $doc:literal])+ $Type:ident = $word:literal, $plural:literal, $title:literal; )*) => {
        /// The kinds of objects, in the order in which they can be created: references lead upwards, but for few.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Kind {
            $( $(#[doc = $doc])+ $Type, )*
        }

        impl Kind {
            /// All kinds, in their order.
            pub const ALL: &'static [Kind] = &[$( Kind::$Type, )*];

            /// The word for one object of the kind in files, commands and tables.
            pub const fn word(self) -> &'static str {
                match self { $( Kind::$Type => $word, )* }
            }

            /// The word for all objects of the kind: file names and addresses of the API.
            pub const fn plural(self) -> &'static str {
                match self { $( Kind::$Type => $plural, )* }
            }

            /// What people call it.
            pub const fn title(self) -> &'static str {
                match self { $( Kind::$Type => $title, )* }
            }

            /// What it is for.
            pub const fn doc(self) -> &'static str {
                match self { $( Kind::$Type => concat!($($doc),+).trim_ascii(), )* }
            }

            /// How its objects are called.
            pub const fn naming(self) -> Naming {
                match self { $( Kind::$Type => <kinds::$Type as Object>::NAMING, )* }
            }

            /// The settings of its objects.
            pub const fn fields(self) -> &'static [Field] {
                match self { $( Kind::$Type => <kinds::$Type as Record>::FIELDS, )* }
            }
        }

        /// An object of any kind.
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub enum AnyObject {
            $( #[doc = concat!("A ", $title, ".")] $Type(Box<kinds::$Type>), )*
        }

        impl AnyObject {
            /// Its kind.
            pub const fn kind(&self) -> Kind {
                match self { $( AnyObject::$Type(_) => Kind::$Type, )* }
            }

            /// What tells it from others of its kind.
            pub fn identity(&self) -> Identity<'_> {
                match self { $( AnyObject::$Type(object) => object.identity(), )* }
            }

            /// Reads an object; `None` when something is wrong with it, which the reader knows.
            pub fn read(kind: Kind, table: &Map<String, Value>, reader: &mut Reader<'_>) -> Option<Self> {
                let object = match kind {
                    $( Kind::$Type => {
                        kinds::$Type::read_table(table, reader).map(Box::new).map(AnyObject::$Type)?
                    } )*
                };
                let problems = rules::own(reader.owner(), &object);
                reader.report(problems);
                Some(object)
            }

            /// Writes what differs from the defaults.
            pub fn write(&self, names: &dyn Names) -> Map<String, Value> {
                match self { $( AnyObject::$Type(object) => object.write_table(names), )* }
            }

            /// Names everything that it refers to.
            pub fn references(&self, found: &mut dyn FnMut(Kind, Id)) {
                match self { $( AnyObject::$Type(object) => Record::references(&**object, found), )* }
            }
        }

        $(
            impl From<kinds::$Type> for AnyObject {
                fn from(object: kinds::$Type) -> Self {
                    AnyObject::$Type(Box::new(object))
                }
            }

            impl<'o> TryFrom<&'o AnyObject> for &'o kinds::$Type {
                type Error = WrongKind;

                fn try_from(object: &'o AnyObject) -> Result<Self, WrongKind> {
                    match object {
                        AnyObject::$Type(object) => Ok(object),
                        #[allow(unreachable_patterns, clippy::match_wildcard_for_single_variants,
                            reason = "the same for every kind, however many there are")]
                        _ => Err(WrongKind),
                    }
                }
            }
        )*
    };
}

kinds! {
    /// Timers, limits and choices that hold for the whole system.
    ServiceParameters = "service_parameters", "service_parameters", "service parameters";
    /// A node of the system.
    Server = "server", "servers", "server";
    /// Nodes in the order in which devices register with them.
    CallManagerGroup = "callmanager_group", "callmanager_groups", "CallManager group";
    /// Whose clock phones show, and how.
    DateTimeGroup = "date_time_group", "date_time_groups", "Date/Time group";
    /// Codecs in the order in which calls choose them.
    CodecPreferenceList = "codec_preference_list", "codec_preference_lists", "codec preference list";
    /// Places between which calls are coded alike.
    Region = "region", "regions", "region";
    /// A place that shares its bandwidth to others.
    Location = "location", "locations", "location";
    /// A place on the map: device pools that name the same one are at the same place.
    PhysicalLocation = "physical_location", "physical_locations", "physical location";
    /// Places where the same numbers are dialled, so that a travelling phone may dial as if it belonged there.
    MobilityGroup = "mobility_group", "mobility_groups", "device mobility group";
    /// When phone numbers in a partition exist.
    TimeSchedule = "time_schedule", "time_schedules", "time schedule";
    /// Numbers that are seen together or not at all.
    Partition = "partition", "partitions", "partition";
    /// Partitions in the order in which somebody's dialled numbers are looked up in them.
    CallingSearchSpace = "calling_search_space", "calling_search_spaces", "calling search space";
    /// Which forms of a national number the `@` of a pattern takes.
    RouteFilter = "route_filter", "route_filters", "route filter";
    /// Devices that dial each other alike when the public network stands in for the own one (AAR).
    AarGroup = "aar_group", "aar_groups", "AAR group";
    /// A code that callers key in before a call that not everybody may make (FAC).
    AuthorizationCode = "authorization_code", "authorization_codes", "authorization code";
    /// A code that callers key in to say what a call is about (CMC).
    MatterCode = "matter_code", "matter_codes", "matter code";
    /// How SIP is spoken with phones or trunks.
    SipProfile = "sip_profile", "sip_profiles", "SIP profile";
    /// How a SIP trunk is secured.
    SipTrunkSecurityProfile = "sip_trunk_security_profile", "sip_trunk_security_profiles", "SIP trunk security profile";
    /// How a phone is secured.
    PhoneSecurityProfile = "phone_security_profile", "phone_security_profiles", "phone security profile";
    /// What the keys of a phone are.
    PhoneButtonTemplate = "phone_button_template", "phone_button_templates", "phone button template";
    /// Which soft keys a phone shows, for each state of a call.
    SoftKeyTemplate = "soft_key_template", "soft_key_templates", "soft key template";
    /// Something on the screens of phones: a page that they get over HTTP, or an order to the phone.
    PhoneService = "phone_service", "phone_services", "phone service";
    /// What passwords and PINs must be, and what becomes of wrong ones.
    CredentialPolicy = "credential_policy", "credential_policies", "credential policy";
    /// Where the voice mail of lines is.
    VoiceMailProfile = "voice_mail_profile", "voice_mail_profiles", "voice mail profile";
    /// What devices of one place have in common.
    DevicePool = "device_pool", "device_pools", "device pool";
    /// Networks, and the device pools that rule in them.
    MobilityInfo = "mobility_info", "mobility_infos", "device mobility info";
    /// Music for who is held: a sound file that the operator has loaded.
    AudioSource = "audio_source", "audio_sources", "audio source";
    /// Something that plays, mixes, translates or relays media.
    MediaResource = "media_resource", "media_resources", "media resource";
    /// Media resources that share their load.
    MediaResourceGroup = "media_resource_group", "media_resource_groups", "media resource group";
    /// Media resource groups in the order in which devices look for a resource.
    MediaResourceGroupList = "media_resource_group_list", "media_resource_group_lists", "media resource group list";
    /// A way to another system over SIP.
    Trunk = "trunk", "trunks", "trunk";
    /// A box between the system and telephone lines.
    Gateway = "gateway", "gateways", "gateway";
    /// A recorder of calls.
    RecordingProfile = "recording_profile", "recording_profiles", "recording profile";
    /// Trunks and gateways that can stand in for one another.
    RouteGroup = "route_group", "route_groups", "route group";
    /// Route groups in the order in which they are tried.
    RouteList = "route_list", "route_lists", "route list";
    /// A directory number: what is dialled to reach phones, and how calls to it are treated.
    Line = "line", "lines", "line";
    /// A name or address that is dialled to reach a line.
    DirectoryUri = "directory_uri", "directory_uris", "directory URI";
    /// Lines that answer for one another.
    LineGroup = "line_group", "line_groups", "line group";
    /// Line groups in the order in which they are tried.
    HuntList = "hunt_list", "hunt_lists", "hunt list";
    /// A number whose calls are offered to the members of a hunt list.
    HuntPilot = "hunt_pilot", "hunt_pilots", "hunt pilot";
    /// Changes a dialled number and looks it up again.
    TranslationPattern = "translation_pattern", "translation_patterns", "translation pattern";
    /// Sends calls out of the system.
    RoutePattern = "route_pattern", "route_patterns", "route pattern";
    /// Refuses calls.
    BlockedPattern = "blocked_pattern", "blocked_patterns", "blocked pattern";
    /// Sends calls to addresses on other hosts out of the system.
    SipRoutePattern = "sip_route_pattern", "sip_route_patterns", "SIP route pattern";
    /// Changes the calling number of calls that are on their way to a device.
    CallingTransformationPattern = "calling_transformation_pattern", "calling_transformation_patterns", "calling party transformation pattern";
    /// Changes the called number of calls that are on their way to a device.
    CalledTransformationPattern = "called_transformation_pattern", "called_transformation_patterns", "called party transformation pattern";
    /// A number that leads to a service of the node.
    ApplicationNumber = "application_number", "application_numbers", "application number";
    /// Numbers at which parked calls wait.
    CallPark = "call_park", "call_parks", "call park number";
    /// A number to which calls are transferred so that they wait there.
    DirectedCallPark = "directed_call_park", "directed_call_parks", "directed call park number";
    /// Lines whose calls the others may take.
    PickupGroup = "pickup_group", "pickup_groups", "pickup group";
    /// A conference that people dial into.
    MeetMe = "meet_me", "meet_mes", "meet-me number";
    /// A number that reaches the loudspeakers of many phones.
    PagingGroup = "paging_group", "paging_groups", "paging group";
    /// A code that is dialled to ask for a feature.
    FeatureAccessCode = "feature_code", "feature_codes", "feature code";
    /// A phone that exists only for an application, which takes its calls and media.
    CtiPort = "cti_port", "cti_ports", "CTI port";
    /// A number whose calls an application sends on or answers, many at once.
    CtiRoutePoint = "cti_route_point", "cti_route_points", "CTI route point";
    /// A phone on a desk, in a hand or on a screen.
    Phone = "phone", "phones", "phone";
    /// Somebody who has phones.
    EndUser = "end_user", "end_users", "end user";
    /// A program, or somebody who looks after the system.
    ApplicationUser = "application_user", "application_users", "application user";
    /// What a program proves itself with when it asks over the network.
    ApiToken = "api_token", "api_tokens", "API token";
    /// What a phone gets that nobody has configured.
    AutoRegistration = "auto_registration", "auto_registration", "auto-registration";
    /// A server that files of call records are delivered to. There may be eight.
    BillingDestination = "billing_destination", "billing_destinations", "billing destination";
    /// Somebody who fetches files from this server, or brings some, over SFTP.
    SftpUser = "sftp_user", "sftp_users", "SFTP user";
    /// What a dialled number must lead to: a test of the dial plan.
    SavedDialling = "saved_dialling", "saved_diallings", "saved dialling";
}

/// An object of another kind was expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an object of another kind")]
pub struct WrongKind;

/// No kind has this name.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{found:?} is no kind of object{}", nearest.map_or_else(String::new, |kind| format!("; did you mean {}?", kind.plural())))]
pub struct NoKind {
    /// What was found.
    pub found: Box<str>,
    /// What was probably meant.
    pub nearest: Option<Kind>,
}

/// Either word, singular or plural, with underscores or hyphens.
impl FromStr for Kind {
    type Err = NoKind;

    fn from_str(text: &str) -> Result<Self, NoKind> {
        let word = text.replace('-', "_");
        let named =
            |name: &str| Kind::ALL.iter().copied().find(|kind| kind.word() == name || kind.plural() == name);
        named(&word).ok_or_else(|| {
            let all = Kind::ALL.iter().flat_map(|kind| [kind.word(), kind.plural()]);
            NoKind { found: text.into(), nearest: crate::problem::nearest(&word, all).and_then(named) }
        })
    }
}

impl Kind {
    /// What people call one of it, with its article.
    pub fn one(self) -> String {
        let title = self.title();
        // People say "an AAR group" and "an RFC", but "a SIP profile".
        let vowel = title.starts_with(['a', 'e', 'i', 'o', 'A']);
        format!("{} {title}", if vowel { "an" } else { "a" })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
