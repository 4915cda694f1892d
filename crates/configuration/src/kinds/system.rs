//! The nodes, and how devices are shared out among them.

use super::named;
use super::records::AlgorithmPolicy;
use crate::setting::{
    Address, Description, Host, List, Mebibytes, Name, PortText, Ref, Seconds, Whole, ZoneName, choice,
    record,
};

record! {
    /// A node of the system.
    pub struct Server {
        /// Its name, by which nodes, records and traces call it.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// The address or name by which phones and other nodes reach it; its host's own when not given.
        address: Option<Host> = None,
        /// Where it takes SIP, at most 16 sockets. A node without any has one for UDP and one for TCP on port 5060 of every interface.
        sip_listeners: List<SipListener, 16> = List::default(),
        /// The TCP port for SCCP phones; none when not given. Phones expect 2000.
        sccp_port: Option<Whole<0, 65_535>> = None,
        /// The address that media is sent to when it goes through this node; that of the first SIP listener when not given.
        media_address: Option<Address> = None,
        /// UDP ports for RTP and RTCP, the first and the last; those of the node file when not given.
        media_ports: Option<PortText> = None,
        /// The address on which web pages and the API are served; that of the node file when not given. A loopback address keeps them
        /// to the machine itself; another one needs `[http] tls` in the node file.
        http_address: Option<Address> = None,
        /// The TCP port of web pages and the API, 0 for a free one; that of the node file when not given.
        http_port: Option<Whole<0, 65_535>> = None,
        /// The TCP port of pages for phones: directories and services, over HTTP without a login; none when not given. Phones expect 8080.
        phone_services_port: Option<Whole<0, 65_535>> = None,
        /// The TCP port of the SFTP server, for SFTP users; none when not given. CUCM delivers to port 22 and to no other.
        sftp_port: Option<Whole<0, 65_535>> = None,
        /// The address of the SFTP server; that of the first SIP listener when not given.
        sftp_address: Option<Address> = None,
        /// Which algorithms the SFTP server has.
        sftp_algorithms: AlgorithmPolicy = AlgorithmPolicy::Modern,
        /// How many sessions the SFTP server has at once.
        sftp_sessions: Whole<1, 64> = Whole::new(32),
        /// How long a session of SFTP is kept in which nothing happens, in seconds.
        sftp_idle: Seconds<10, 86_400> = Seconds::new(600),
        /// The size of the journal, in mebibytes, from which on its oldest segments go; that of the node file when not given.
        journal_limit: Option<Mebibytes<16, 1_048_576>> = None,
        /// How long calls may go on after the node was told to stop, in seconds; what the node file says when not given.
        drain_max: Option<Seconds<0, 86_400>> = None,
    }
}

record! {
    /// A socket that takes SIP.
    pub struct SipListener {
        /// What carries the messages.
        transport: SipTransport,
        /// The address to listen on; `0.0.0.0` and `::` are every interface.
        address: Address = Address::fixed("0.0.0.0"),
        /// The port; 0 takes a free one.
        port: Whole<0, 65_535> = Whole::new(5060),
        /// The address that peers are told, when it is not the one to listen on.
        advertise: Option<Address> = None,
    }
}

choice! {
    /// What carries SIP.
    pub enum SipTransport {
        /// Datagrams.
        Udp = "udp",
        /// Streams in clear text.
        Tcp = "tcp",
        /// Streams under TLS.
        Tls = "tls",
    }
}

record! {
    /// Nodes in the order in which devices register with them.
    pub struct CallManagerGroup {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// One to three nodes: the primary, then those that take over.
        servers: List<Ref<Server>, 3>,
    }
}

record! {
    /// Whose clock phones show, and how.
    pub struct DateTimeGroup {
        /// Its name.
        name: Name,
        /// For people.
        description: Description = Description::default(),
        /// The time zone. It also counts where the opening hours of a partition follow the caller's clock.
        zone: ZoneName,
        /// The order of day, month and year on phones.
        date: DateOrder = DateOrder::DayMonthYear,
        /// What stands between them.
        separator: DateSeparator = DateSeparator::Slash,
        /// Hours to 12 or to 24.
        clock: Clock = Clock::Hours24,
        /// Time servers for phones that ask one themselves, best first.
        time_servers: List<Host, 5> = List::default(),
    }
}

choice! {
    /// The order of a date.
    pub enum DateOrder {
        /// 31/12/2026.
        DayMonthYear = "day-month-year",
        /// 12/31/2026.
        MonthDayYear = "month-day-year",
        /// 2026/12/31.
        YearMonthDay = "year-month-day",
    }
}

choice! {
    /// What stands between the parts of a date.
    pub enum DateSeparator {
        /// 31/12/2026.
        Slash = "/",
        /// 31-12-2026.
        Hyphen = "-",
        /// 31.12.2026.
        Dot = ".",
    }
}

choice! {
    /// How hours are counted.
    pub enum Clock {
        /// To 12, with a.m. and p.m.
        Hours12 = "12",
        /// To 24.
        Hours24 = "24",
    }
}

named!(Server, CallManagerGroup, DateTimeGroup);
