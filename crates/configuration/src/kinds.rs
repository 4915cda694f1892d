//! Every kind of object, with all that can be set on it.

mod cti;
mod diallings;
mod features;
mod hunting;
mod keys;
mod lines;
mod media;
mod numbers;
mod parameters;
mod phones;
mod places;
mod plan;
mod profiles;
mod recording;
mod records;
mod routing;
mod services;
mod system;
mod trunks;
mod users;

pub use cti::{CtiPort, CtiRoutePoint};
pub use diallings::{Dialling, LinesAre, SavedDialling};
pub use features::{
    AutoRegistration, CallPark, DirectedCallPark, FeatureAccessCode, FeatureWord, MeetMe, MulticastCodec,
    OverheadGateway, PagingGroup, PagingPriority, PickupGroup, PickupNotification, PickupShows,
};
pub use hunting::{
    HuntDestination, HuntDistribution, HuntExhausted, HuntList, HuntOption, HuntPilot, HuntQueue, LineGroup,
};
pub use keys::{
    ButtonFeature, PhoneButtonTemplate, SoftKey, SoftKeySet, SoftKeyState, SoftKeyTemplate, TemplateButton,
};
pub use lines::{AutoAnswer, ForwardAllPolicy, ForwardTarget, Line, LineAar, LineForwards, VoiceMailProfile};
pub use media::{
    AudioPlay, AudioSource, MediaFunction, MediaHost, MediaResource, MediaResourceGroup,
    MediaResourceGroupList, MulticastIncrement, MulticastMusicDirection, MulticastRuns, TrustedRelay,
};
pub use numbers::{
    Application, ApplicationNumber, BlockedPattern, CalledTransformationPattern,
    CallingTransformationPattern, DirectoryUri, NumberChange, Presentation, RoutePattern, SipRoutePattern,
    Switch, TranslationPattern,
};
pub use parameters::{
    AnnouncedTo, AnnouncedTone, Announcement, Breakout, CallRecordDetail, CauseNumber, ConferenceEnds,
    DOMAIN_DEFAULT, DigestAlgorithm, DivertTo, EnBlocLookups, ForwardAllSystemPolicy, HashMeaning,
    HoursChecked, HoursPrecedence, LocationRoom, MessageDetail, NegatedSet, RelayMode, ServiceParameters,
    SpeedDialWait, TieWinner, TrunkSide, UrgentMatch, WaitingKeys,
};
pub use phones::{
    Barging, BusyLampField, DoNotDisturb, LineButton, MobilityMode, Phone, PhoneCredentials, PhoneKeys,
    PhoneProtocol, PhoneSettings, RingSetting, SingleButtonBarge, SingleButtonPolicy, SpeedDial,
};
pub use places::{
    AarGroup, AarPrefix, AudioCodec, CodecPreferenceList, DevicePool, LocalRouteGroup, Location,
    LocationLink, MobilityGroup, MobilityInfo, PhysicalLocation, Region, RegionRelation,
};
pub use plan::{
    AuthorizationCode, CallingSearchSpace, MatterCode, Partition, PartitionUsage, RouteFilter, TimeSchedule,
};
pub use profiles::{
    CertificateAuthentication, CertificateKey, DtmfMethod, EarlyOffer, PhoneSecurityProfile, PhoneTransport,
    ReliableProvisional, SecurityMode, SessionRefresh, SipProfile, SipTrunkSecurityProfile, UriNumbers,
    WaitingTone,
};
pub use recording::{RecorderEncryption, RecordingChoice, RecordingProfile, UnrecordedCall};
pub use records::{AlgorithmPolicy, BillingDestination, DeliveryProtocol, SftpFolder, SftpUser};
pub use routing::{RouteDistribution, RouteGroup, RouteGroupMember, RouteList, RouteListMember};
pub use services::{PhoneService, ServiceMenu, SubscribedService};
pub use system::{
    CallManagerGroup, Clock, DateOrder, DateSeparator, DateTimeGroup, Server, SipListener, SipTransport,
};
pub use trunks::{
    Classification, Gateway, GatewayProtocol, Inbound, IncomingNumbers, IncomingRule, Outbound,
    TransformationSpaces, Trunk, TrunkCredentials,
};
pub use users::{ApiToken, ApplicationUser, ControlledDevice, CredentialPolicy, EndUser, Role};

/// Objects that are called by their name.
macro_rules! named {
    ($($Type:ident),* $(,)?) => {
        $(
            impl $crate::Object for $Type {
                const KIND: $crate::Kind = $crate::Kind::$Type;
                const NAMING: $crate::Naming = $crate::Naming::Name;

                fn identity(&self) -> $crate::Identity<'_> {
                    $crate::Identity { partition: None, name: self.name.as_str() }
                }
            }
        )*
    };
}

/// Objects that are called by their pattern in its partition.
macro_rules! patterns {
    ($($Type:ident),* $(,)?) => {
        $(
            impl $crate::Object for $Type {
                const KIND: $crate::Kind = $crate::Kind::$Type;
                const NAMING: $crate::Naming = $crate::Naming::PatternInPartition;

                fn identity(&self) -> $crate::Identity<'_> {
                    let partition = self.partition.map(|partition| partition.id());
                    $crate::Identity { partition, name: self.pattern.as_str() }
                }
            }
        )*
    };
}

/// Objects of which there is one.
macro_rules! single {
    ($($Type:ident),* $(,)?) => {
        $(
            impl $crate::Object for $Type {
                const KIND: $crate::Kind = $crate::Kind::$Type;
                const NAMING: $crate::Naming = $crate::Naming::Only;

                fn identity(&self) -> $crate::Identity<'_> {
                    $crate::Identity { partition: None, name: <Self as $crate::Object>::KIND.word() }
                }
            }
        )*
    };
}

pub(crate) use {named, patterns, single};

#[cfg(test)]
mod tests;
