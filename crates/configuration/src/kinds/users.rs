//! People and programs, and what they prove themselves with.

use super::{CtiPort, CtiRoutePoint, Line, Phone, named};
use crate::setting::{
    Days, Description, DigestText, DisplayName, List, Minutes, Moment, Name, NumberText, PasswordHash, Ref,
    UriText, UserName, Whole, Word, choice, record,
};

record! {
    /// What passwords and PINs must be, and what becomes of wrong ones.
    pub struct CredentialPolicy {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// Least characters.
        length_min: Whole<1, 64> = Whole::new(8),
        /// Passwords must not be trivial: no four characters in a row that are the same or follow each other, and not the user's
        /// name.
        refuse_trivial: bool = true,
        /// How many of the last ones cannot be used again, that of now included.
        history: Whole<0, 25> = Whole::new(0),
        /// After how many days one must be changed; never when 0.
        expires: Days<0, 365> = Days::new(0),
        /// Wrong ones in a row until the user is locked out; never when 0.
        failures_max: Whole<0, 100> = Whole::new(5),
        /// How long a user is locked out, in minutes; until somebody sets another password when 0, or the server starts anew.
        lockout: Minutes<0, 1440> = Minutes::new(30),
        /// After how long wrong ones are forgotten, in minutes.
        failures_forgotten: Minutes<1, 120> = Minutes::new(30),
    }
}

record! {
    /// Somebody who has phones.
    pub struct EndUser {
        /// What he signs in with.
        name: UserName,
        /// First name.
        first_name: DisplayName = DisplayName::default(),
        /// Last name, by which directories find him.
        last_name: DisplayName = DisplayName::default(),
        /// His mail address.
        mail: Option<UriText> = None,
        /// His telephone number, as directories show it.
        telephone: Option<NumberText> = None,
        /// His department.
        department: DisplayName = DisplayName::default(),
        /// The hash of his password; he cannot sign in without one.
        password: Option<PasswordHash> = None,
        /// The hash of his PIN for phones.
        pin: Option<PasswordHash> = None,
        /// What password and PIN must be; at least 8 characters when not given.
        credential_policy: Option<Ref<CredentialPolicy>> = None,
        /// What he may do beside looking after his own phones; nothing when not given.
        role: Option<Role> = None,
        /// His line, which directories and presence show.
        primary_line: Option<Ref<Line>> = None,
        /// Devices that he may control.
        devices: List<ControlledDevice, 250> = List::default(),
        /// The language of his phones, as in `en_US`.
        locale: Option<Word> = None,
    }
}

record! {
    /// A program, or somebody who looks after the system.
    pub struct ApplicationUser {
        /// What it signs in with.
        name: UserName,
        /// For people.
        description: Description = Description::default(),
        /// The hash of its password; it cannot sign in with one when not given.
        password: Option<PasswordHash> = None,
        /// What the password must be; at least 8 characters when not given.
        credential_policy: Option<Ref<CredentialPolicy>> = None,
        /// What it may do.
        role: Role = Role::ReadOnly,
        /// Devices that it may control.
        devices: List<ControlledDevice, 5000> = List::default(),
        /// It may control all devices.
        all_devices: bool = false,
    }
}

record! {
    /// What a program proves itself with when it asks over the network: a word that is random and was shown once.
    pub struct ApiToken {
        /// Its name, which the history shows.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// The SHA-256 digest of the token. `strowger token create` makes both.
        digest: DigestText<64>,
        /// What it may do.
        role: Role = Role::ReadOnly,
        /// From when on it is worth nothing, in UTC; it does not expire when not given.
        expires: Option<Moment> = None,
    }
}

choice! {
    /// What somebody may do.
    pub enum Role {
        /// See everything but secrets.
        ReadOnly = "read-only",
        /// See everything but secrets, and change what changes daily: lines, phones, users, line groups and codes.
        Operator = "operator",
        /// Everything.
        Administrator = "administrator",
    }
}

record! {
    /// A device that a user may control.
    pub struct ControlledDevice {
        /// A phone. Exactly one of phone, cti_port and cti_route_point is given.
        phone: Option<Ref<Phone>> = None,
        /// A CTI port.
        cti_port: Option<Ref<CtiPort>> = None,
        /// A CTI route point.
        cti_route_point: Option<Ref<CtiRoutePoint>> = None,
    }
}

named!(CredentialPolicy, EndUser, ApplicationUser, ApiToken);
