//! How much of the node a change of the configuration concerns: a change of one line must not cost as much as all lines.

use std::collections::BTreeSet;

use strowger_configuration::kinds::PhoneProtocol;
use strowger_configuration::{AnyObject, Id, Kind, State};

/// How much of the node a change concerns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Extent {
    /// Nothing: the draft is as it was.
    Nothing,
    /// These lines, which are not what they were, are new, or are gone; and nothing else.
    Lines(BTreeSet<Id>),
    /// What is no line, such as patterns and trunks, without what other lines are made of; and these lines.
    Others(BTreeSet<Id>),
    /// Anything.
    Whole,
}

/// What is different for the node in a state that follows from another. Sockets are not looked at: they are no part of the draft.
pub fn extent(before: &State, after: &State) -> Extent {
    let mut touched = BTreeSet::new();
    let mut others = false;
    for (kind, id) in after.changes_since(before) {
        match part(kind) {
            Part::None => {}
            Part::Line => {
                of_line(before, after, id, &mut touched);
                others |= !leaves_others_alone(before, after, id);
                others |= [before, after].iter().any(|state| stands_on_station(state, id));
            }
            Part::Phone => {
                others |= [before, after].iter().any(|state| is_station(state, id));
                for state in [before, after] {
                    touched.extend(lines_of(state, id));
                }
            }
            Part::Owner => others |= [before, after].iter().any(|state| stands_on_station(state, id)),
            Part::Other => others = true,
            // Whoever named one that is new or gone is changed too.
            Part::Place if is_in_both(before, after, id) && is_renamed(before, after, id) => {
                return Extent::Whole;
            }
            Part::Place => others = true,
            Part::Whole => return Extent::Whole,
        }
    }
    match (others, touched.is_empty()) {
        (true, _) => Extent::Others(touched),
        (false, false) => Extent::Lines(touched),
        (false, true) => Extent::Nothing,
    }
}

/// What an object of a kind is for the node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Nothing.
    None,
    /// A line.
    Line,
    /// A phone of some lines.
    Phone,
    /// Somebody whose name stands on phones.
    Owner,
    /// Something beside the lines, of which none is made.
    Other,
    /// Something beside the lines that phones know by its name.
    Place,
    /// Something that lines are made of.
    Whole,
}

const fn part(kind: Kind) -> Part {
    match kind {
        Kind::Line => Part::Line,
        Kind::Phone => Part::Phone,
        Kind::EndUser => Part::Owner,
        Kind::TranslationPattern
        | Kind::RoutePattern
        | Kind::BlockedPattern
        | Kind::SipRoutePattern
        | Kind::RouteFilter
        | Kind::AuthorizationCode
        | Kind::MatterCode
        | Kind::SipTrunkSecurityProfile
        | Kind::MobilityInfo
        | Kind::Trunk
        | Kind::Gateway
        | Kind::RouteList
        | Kind::DirectoryUri
        | Kind::LineGroup
        | Kind::HuntList
        | Kind::HuntPilot
        | Kind::CallingTransformationPattern
        | Kind::CalledTransformationPattern
        | Kind::CodecPreferenceList
        | Kind::ApplicationNumber
        | Kind::CallPark
        | Kind::DirectedCallPark
        | Kind::PickupGroup
        | Kind::MediaResource
        | Kind::MediaResourceGroup
        | Kind::MediaResourceGroupList
        | Kind::MeetMe
        | Kind::PagingGroup
        | Kind::PhoneButtonTemplate
        | Kind::SoftKeyTemplate
        | Kind::PhoneService
        | Kind::Server
        | Kind::AutoRegistration
        | Kind::FeatureAccessCode => Part::Other,
        Kind::Region | Kind::Location | Kind::AarGroup => Part::Place,
        Kind::ServiceParameters
        | Kind::DateTimeGroup
        | Kind::PhysicalLocation
        | Kind::MobilityGroup
        | Kind::TimeSchedule
        | Kind::Partition
        | Kind::CallingSearchSpace
        | Kind::SipProfile
        | Kind::PhoneSecurityProfile
        | Kind::VoiceMailProfile
        | Kind::RecordingProfile
        | Kind::DevicePool
        | Kind::RouteGroup => Part::Whole,
        Kind::CallManagerGroup
        | Kind::CredentialPolicy
        | Kind::AudioSource
        | Kind::CtiPort
        | Kind::CtiRoutePoint
        | Kind::ApplicationUser
        | Kind::ApiToken
        | Kind::BillingDestination
        | Kind::SftpUser
        | Kind::SavedDialling => Part::None,
    }
}

/// Line groups and directory URIs know a line by its number and partition. One that keeps them, or that none of them has, leaves
/// them alone.
fn leaves_others_alone(before: &State, after: &State, line: Id) -> bool {
    if !is_renamed(before, after, line) {
        return true;
    }
    let mut users = before.users(line).chain(after.users(line));
    users
        .all(|user| matches!(part(user.object().kind()), Part::None | Part::Owner | Part::Line | Part::Phone))
}

/// Whether an SCCP phone is told something of it: it is a line there, or the phone is its.
fn stands_on_station(state: &State, id: Id) -> bool {
    state.users(id).any(|user| is_station(state, user.id()))
}

/// Whether it is a phone that speaks SCCP: it is told all its lines and keys as one.
fn is_station(state: &State, phone: Id) -> bool {
    let object = state.entry(phone).map(|entry| entry.object());
    matches!(object, Some(AnyObject::Phone(phone)) if phone.protocol == PhoneProtocol::Sccp)
}

fn is_in_both(before: &State, after: &State, id: Id) -> bool {
    before.entry(id).is_some() && after.entry(id).is_some()
}

fn is_renamed(before: &State, after: &State, line: Id) -> bool {
    let identity = |state: &State| {
        let identity = state.entry(line)?.object().identity();
        Some((identity.partition, identity.name.to_owned()))
    };
    identity(before) != identity(after)
}

/// A phone without a user name of its own has the number of its first line: that is what its other lines are registered with.
fn of_line(before: &State, after: &State, line: Id, touched: &mut BTreeSet<Id>) {
    touched.insert(line);
    if !is_renamed(before, after, line) {
        return;
    }
    for state in [before, after] {
        let phones = state.users(line).filter(|user| user.object().kind() == Kind::Phone);
        phones.for_each(|phone| touched.extend(lines_of(state, phone.id())));
    }
}

fn lines_of(state: &State, phone: Id) -> impl Iterator<Item = Id> {
    let phone = state.entry(phone).and_then(|entry| match entry.object() {
        AnyObject::Phone(phone) => Some(phone),
        _ => None,
    });
    phone.into_iter().flat_map(|phone| phone.lines.iter().map(|button| button.line.id()))
}
