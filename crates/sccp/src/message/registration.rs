//! Arriving, staying and leaving.

use std::net::Ipv6Addr;
use std::time::Duration;

use crate::codes::{AlarmSeverity, DeviceType, LastReason, OutOfServiceReason, ResetType, UnregisterStatus};
use crate::version::Features;
use crate::wire::address::{Address, StationAddress};
use crate::wire::text::{Fixed, Place, Text, ToEnd};
use crate::wire::{Each, Reader, Seconds, Wire, Writer};

message! {
    /// A station wants to be served. Only newer loads send all of it.
    Register = REGISTER, needs 32 {
        /// The device's name: for phones SEP and the MAC address.
        name: Text as Fixed<16>,
        /// 0.
        user: u32,
        /// 1 for phones.
        instance: u32,
        /// The station's address.
        address: StationAddress,
        /// Which model it is.
        device: DeviceType,
        /// How many RTP streams it can have at once.
        streams_max: u32,
        /// How many it has: calls outlived the connection.
        streams_active: u32,
        /// Its highest version and what it can do. A station that says nothing speaks version 3.
        features: Features,
        /// How many conferences it can have.
        conferences_max: u32,
        /// How many it has.
        conferences_active: u32,
        /// Its MAC address, in the first six bytes.
        mac: [u8; 12],
        /// What its address is good for.
        address_scope: u32,
        /// How many lines it can have; `None` of old phones.
        lines_max: Option<u32>,
        /// Its address of IPv6.
        ipv6: Option<Ipv6Part>,
        /// The firmware that it runs.
        load: OptionalText<32>,
        /// Of when its configuration is.
        configuration: OptionalText<48>,
    }
}

record! {
    /// The address of IPv6 of a station.
    Ipv6Part {
        /// The address; unspecified when there is none.
        address: [u8; 16],
        /// What it is good for.
        scope: u32,
    }
}

impl Ipv6Part {
    /// The address.
    pub fn ip(&self) -> Ipv6Addr {
        self.address.into()
    }
}

/// A text at the end of a body that older stations leave out.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct OptionalText<const N: usize>(pub Option<Text>);

impl<const N: usize> Wire for OptionalText<N> {
    fn read(from: &mut Reader<'_>) -> Self {
        OptionalText((!from.rest().is_empty()).then(|| read_field!(from, Fixed<N>)))
    }

    fn write(&self, to: &mut Writer<'_>) {
        if let Some(text) = &self.0 {
            write_field!(to, *text, Fixed<N>);
        }
    }
}

impl Wire for Features {
    fn read(from: &mut Reader<'_>) -> Self {
        Features(u32::read(from))
    }

    fn write(&self, to: &mut Writer<'_>) {
        self.0.write(to);
    }
}

message! {
    /// A station is served.
    RegisterAck = REGISTER_ACK {
        /// How often it shall say that it is there.
        keepalive: Duration as Seconds,
        /// How dates are written: the letters D, M and Y in their order with what separates them, and A at the end for a
        /// clock of 12 hours.
        date_template: Text as Place<6, 8>,
        /// How often it shall ask the server that stands by for it.
        standby_keepalive: Duration as Seconds,
        /// The version that is spoken from now on, and what the server can do.
        features: Features,
    }
}

message! {
    /// A station is not served.
    RegisterReject = REGISTER_REJECT {
        /// What the phone shows. Some expect room for 33 bytes.
        text: Text as Place<32, 36>,
    }
}

message! {
    /// A station leaves.
    Unregister = UNREGISTER {
        /// 1 to save power.
        reason: Option<u32>,
    }
}

message! {
    /// Whether a station may leave.
    UnregisterAck = UNREGISTER_ACK {
        /// Whether it may.
        status: UnregisterStatus,
    }
}

message! {
    /// A station that is registered elsewhere asks whether it may come.
    RegisterTokenReq = REGISTER_TOKEN_REQ, needs 32 {
        /// The device's name.
        name: Text as Fixed<16>,
        /// 0.
        user: u32,
        /// 1 for phones.
        instance: u32,
        /// The station's address.
        address: StationAddress,
        /// Which model it is.
        device: DeviceType,
        /// An address of IPv6 and flags; peers do not agree on them.
        tail: [u8; 20],
    }
}

message! {
    /// The station may come.
    RegisterTokenAck = REGISTER_TOKEN_ACK;
}

message! {
    /// The station shall stay where it is.
    RegisterTokenReject = REGISTER_TOKEN_REJECT {
        /// After how long it may ask again.
        wait: Duration as Seconds,
    }
}

message! {
    /// As [`RegisterTokenReq`], from phones for small businesses, which ask before anything else.
    SpcpRegisterTokenReq = SPCP_REGISTER_TOKEN_REQ, needs 16 {
        /// The device's name.
        name: Text as Fixed<16>,
        /// 0.
        user: u32,
        /// 1 for phones.
        instance: u32,
        /// The station's address.
        address: StationAddress,
        /// Which model it is.
        device: DeviceType,
        /// How many RTP streams it can have at once.
        streams_max: u32,
    }
}

message! {
    /// The station may come.
    SpcpRegisterTokenAck = SPCP_REGISTER_TOKEN_ACK {
        /// What the server can do: 65535.
        features: u32,
    }
}

message! {
    /// The station shall stay where it is.
    SpcpRegisterTokenReject = SPCP_REGISTER_TOKEN_REJECT {
        /// After how long it may ask again.
        wait: Duration as Seconds,
    }
}

message! {
    /// A station is there.
    KeepAlive = KEEP_ALIVE;
}

message! {
    /// So is the server. One that stands by does not say so.
    KeepAliveAck = KEEP_ALIVE_ACK;
}

message! {
    /// A station tells what happened to it, most often why it registers anew.
    Alarm = ALARM, needs 4 {
        /// How bad it is.
        severity: AlarmSeverity,
        /// What happened; it begins with the number of a [`LastReason`].
        text: Text as Fixed<80>,
        /// Depends on the alarm.
        parameter1: u32,
        /// Depends on the alarm.
        parameter2: u32,
    }
}

impl Alarm {
    /// Why the station registers anew; `None` when the text does not begin with a number.
    pub fn last_reason(&self) -> Option<LastReason> {
        let (number, _) = self.text.as_str().split_once(':')?;
        number.trim().parse().ok().map(LastReason)
    }
}

message! {
    /// As [`Alarm`], from newer loads.
    XmlAlarm = XML_ALARM {
        /// An XML document.
        text: Text as ToEnd<2048>,
    }
}

impl XmlAlarm {
    /// Why the station was out of service; `None` when the document does not say so.
    pub fn out_of_service_reason(&self) -> Option<OutOfServiceReason> {
        let (_, rest) = self.text.as_str().split_once(r#"name="ReasonForOutOfService">"#)?;
        let (number, _) = rest.split_once('<')?;
        number.trim().parse().ok().map(OutOfServiceReason)
    }
}

message! {
    /// A station tells the RTP port that it would use.
    IpPort = IP_PORT {
        /// The port.
        port: u32,
    }
}

message! {
    /// A station shall begin anew.
    Reset = RESET {
        /// How thoroughly.
        kind: ResetType,
    }
}

message! {
    /// A station asks which firmware it should run.
    VersionReq = VERSION_REQ;
}

message! {
    /// Which firmware a station should run (the message Version).
    LoadVersion = VERSION {
        /// Its name without a suffix; the station's own name changes nothing.
        load: Text as Fixed<16>,
    }
}

message! {
    /// A station asks which servers there are.
    ServerReq = SERVER_REQ;
}

message! {
    /// The servers, in the order in which a station shall try them.
    ServerRes = SERVER_RES {
        /// Their names; empty where there is none.
        names: [Text; 5] as Each<Fixed<48>>,
        /// Their TCP ports.
        ports: [u32; 5],
        /// Their addresses.
        addresses: [Address; 5],
    }
}

message! {
    /// A station asks for the time.
    TimeDateReq = TIME_DATE_REQ;
}

message! {
    /// The time. Old phones show the fields as they are told, newer ones the Unix time in their own zone.
    DefineTimeDate = DEFINE_TIME_DATE {
        /// The year, four digits.
        year: u32,
        /// 1 to 12.
        month: u32,
        /// 0 is Sunday.
        weekday: u32,
        /// 1 to 31.
        day: u32,
        /// 0 to 23.
        hour: u32,
        /// 0 to 59.
        minute: u32,
        /// 0 to 59.
        second: u32,
        /// 0 to 999.
        millisecond: u32,
        /// Seconds since 1970 in UTC.
        unix_time: u32,
    }
}
