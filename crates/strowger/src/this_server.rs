//! What belongs to the machine: what the node file says of it, and what the `server` object of this node says in its place.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use strowger_base::limits;
use strowger_configuration::State;
use strowger_configuration::kinds::{AlgorithmPolicy, Server};
use strowger_configuration::setting::Address;

use crate::config_file::ConfigFile;
use crate::telephony::ThisRun;

/// Which of the `server` objects this node is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Own<'s> {
    /// This one.
    Is(&'s Server),
    /// There are none.
    None,
    /// There are so many, and nobody has said which.
    Unsaid(usize),
    /// There are some, but none of the name that this node has.
    Missing(&'s str),
}

/// What belongs to the machine and can be changed while the server runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Machine {
    /// Where media sockets are bound.
    pub(crate) media_bind: IpAddr,
    /// The address that peers are told of them; when nobody says, that of the first open SIP socket.
    pub(crate) media_address: Option<IpAddr>,
    /// Ports for media, both included.
    pub(crate) media_ports: (u16, u16),
    /// How long nothing may have come to a media port of an ended call before another call gets it.
    pub(crate) media_quarantine: Duration,
    /// Where SCCP phones are taken, unless a configured server says it.
    pub(crate) sccp: Option<SocketAddr>,
    /// Where pages for phones are served, if anywhere.
    pub(crate) phone_services: Option<SocketAddr>,
    /// Where files are fetched and brought, if anywhere, and how.
    pub(crate) sftp: Option<SftpPlace>,
    /// Where web pages and the API are served.
    pub(crate) http: SocketAddr,
    /// They are served under TLS.
    pub(crate) http_tls: bool,
    /// How long calls may go on after the server was told to stop.
    pub(crate) drain_max: Duration,
    /// Size of the journal from which on its oldest segments go.
    pub(crate) journal_limit_bytes: u64,
}

/// The SFTP server of a machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SftpPlace {
    pub(crate) address: SocketAddr,
    pub(crate) algorithms: AlgorithmPolicy,
    /// Sessions at once.
    pub(crate) sessions: usize,
    /// How long one is kept in which nothing happens.
    pub(crate) idle: Duration,
}

impl<'s> Own<'s> {
    /// Which one it is by its name, or else the only one.
    pub(crate) fn of(state: &'s State, name: Option<&'s str>) -> Self {
        let mut servers = state.all::<Server>().map(|(_, server)| server);
        if let Some(name) = name {
            let own = servers.by_ref().find(|server| server.name.as_str() == name);
            let is_none = state.all::<Server>().next().is_none();
            return own.map_or(if is_none { Own::None } else { Own::Missing(name) }, Own::Is);
        }
        match (servers.next(), servers.count()) {
            (None, _) => Own::None,
            (Some(only), 0) => Own::Is(only),
            (Some(_), more) => Own::Unsaid(more + 1),
        }
    }

    /// The object.
    pub(crate) const fn server(self) -> Option<&'s Server> {
        match self {
            Own::Is(server) => Some(server),
            Own::None | Own::Unsaid(_) | Own::Missing(_) => None,
        }
    }

    /// Why no `server` object counts although there are some, with what to do.
    pub(crate) fn doubt(self) -> Option<String> {
        match self {
            Own::Is(_) | Own::None => None,
            Own::Unsaid(count) => Some(format!(
                "there are {count} servers and nobody has said which this node is: none of them counts, and SIP, media and HTTP \
                 are where the node file says; give it [node] name, or start with --node-name"
            )),
            Own::Missing(name) => Some(format!(
                "this node is called {name:?}, but there is no server of that name: SIP, media and HTTP are where the node file \
                 says; add the server, or change [node] name or --node-name"
            )),
        }
    }
}

impl Machine {
    /// What the node file says.
    pub(crate) fn of_file(file: &ConfigFile) -> Self {
        Machine {
            media_bind: file.sip.listen,
            media_address: None,
            media_ports: file.media.ports,
            media_quarantine: Duration::from_secs(file.media.quarantine_seconds)
                .min(limits::MEDIA_QUARANTINE_MAX),
            sccp: (file.sccp.port > 0).then(|| SocketAddr::new(file.sip.listen, file.sccp.port)),
            phone_services: None,
            sftp: None,
            http: SocketAddr::new(file.http.listen, file.http.port),
            http_tls: file.http.tls,
            drain_max: Duration::from_secs(file.node.drain_max_seconds),
            journal_limit_bytes: file.journal.limit_mib * MEBIBYTE,
        }
    }

    /// The same with what a `server` object says; the command line goes before both.
    pub(crate) fn with(&self, server: &Server, this_run: &ThisRun) -> Self {
        let mut machine = self.clone();
        let listens = server.sip_listeners.iter().next().filter(|_| !this_run.own_sockets);
        if let Some(listener) = listens {
            machine.media_bind = listener.address.get();
        }
        let calls = machine.media_bind;
        if let Some(address) = &server.media_address {
            // Peers may know this machine by an address that it does not have, behind a translator.
            machine.media_bind = match address.get() {
                IpAddr::V4(_) => IpAddr::from([0, 0, 0, 0]),
                IpAddr::V6(_) => IpAddr::from([0; 16]),
            };
            machine.media_address = Some(address.get());
        }
        if let Some(ports) = server.media_ports.as_ref().filter(|_| !this_run.own_media_ports) {
            machine.media_ports = ports.range();
        }
        if let Some(address) = &server.http_address {
            machine.http.set_ip(address.get());
        }
        if let Some(port) = server.http_port.filter(|_| !this_run.own_http_port) {
            machine.http.set_port(port.get() as u16);
        }
        let port = server.phone_services_port.and_then(|port| u16::try_from(port.get()).ok());
        machine.phone_services = port.filter(|port| *port > 0).map(|port| {
            // Where the calls of phones are taken, and nowhere else.
            SocketAddr::new(calls, port)
        });
        let port = server.sftp_port.and_then(|port| u16::try_from(port.get()).ok());
        machine.sftp = port.filter(|port| *port > 0).map(|port| SftpPlace {
            address: SocketAddr::new(server.sftp_address.as_ref().map_or(calls, Address::get), port),
            algorithms: server.sftp_algorithms,
            sessions: server.sftp_sessions.get() as usize,
            idle: server.sftp_idle.get(),
        });
        if let Some(time) = server.drain_max {
            machine.drain_max = time.get();
        }
        if let Some(size) = server.journal_limit {
            machine.journal_limit_bytes = u64::from(size.get()) * MEBIBYTE;
        }
        machine
    }

    /// Why web pages cannot be served where they are wanted, with what to do.
    pub(crate) fn http_refusal(&self) -> Option<String> {
        (!self.http_tls && !self.http.ip().is_loopback()).then(|| {
            format!(
                "http_address is {}, where others could read passwords: add tls = true to [http] of the node file and start \
                 again, or use 127.0.0.1",
                self.http.ip()
            )
        })
    }
}

const MEBIBYTE: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use strowger_configuration::{Entry, Id, Kind};

    use super::*;

    fn state(servers: &[&str]) -> State {
        let entries = servers.iter().enumerate().map(|(at, value)| {
            Entry::read(Kind::Server, Id::from_random(at as u128 + 1), value)
                .unwrap_or_else(|wrong| panic!("{wrong:?}"))
        });
        State::of(entries)
    }

    #[test]
    fn which_server_a_node_is() {
        let check = |servers: &[&str], name: Option<&str>, expect: &str| {
            let values: Vec<String> = servers.iter().map(|name| format!("{{\"name\":\"{name}\"}}")).collect();
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let state = state(&values);
            let own = Own::of(&state, name);
            let found = match own {
                Own::Is(server) => server.name.as_str().to_owned(),
                Own::None => "none".to_owned(),
                Own::Unsaid(_) | Own::Missing(_) => own.doubt().unwrap_or_default(),
            };
            assert!(found.starts_with(expect), "{servers:?} {name:?}: {found}");
            assert_eq!(own.server().is_none(), own.doubt().is_some() || found == "none");
        };
        check(&[], None, "none");
        check(&[], Some("cm-1"), "none");
        check(&["cm-1"], None, "cm-1");
        check(&["cm-1", "cm-2"], Some("cm-2"), "cm-2");
        check(&["cm-1", "cm-2"], None, "there are 2 servers and nobody has said which this node is");
        check(&["cm-1"], Some("cm-9"), "this node is called \"cm-9\", but there is no server of that name");
    }

    #[test]
    fn the_server_object_goes_before_the_file_and_the_command_line_before_both() {
        let file: ConfigFile = toml::from_str(
            "[node]\ndrain_max_seconds = 7\n[sip]\nlisten = \"192.0.2.1\"\n[media]\nports = [20000, 20999]\n\
             [http]\nport = 8081\n[journal]\nlimit_mib = 20\n",
        )
        .unwrap();
        let base = Machine::of_file(&file);
        let check = |server: &str, this_run: &ThisRun, change: &dyn Fn(&mut Machine)| {
            let state = state(&[server]);
            let mut expect = base.clone();
            change(&mut expect);
            assert_eq!(base.with(Own::of(&state, None).server().unwrap(), this_run), expect, "{server}");
        };
        let usual = ThisRun::default();
        check("{\"name\":\"a\"}", &usual, &|_| ());
        let all = "{\"name\":\"a\",\"http_address\":\"127.0.0.2\",\"http_port\":8080,\"media_address\":\"198.51.100.1\",\
                   \"media_ports\":\"30000-30999\",\"drain_max\":0,\"journal_limit\":16}";
        check(all, &usual, &|it| {
            it.http = "127.0.0.2:8080".parse().unwrap();
            it.media_bind = "0.0.0.0".parse().unwrap();
            it.media_address = Some("198.51.100.1".parse().unwrap());
            it.media_ports = (30_000, 30_999);
            it.drain_max = Duration::ZERO;
            it.journal_limit_bytes = 16 << 20;
        });
        let own = ThisRun { own_http_port: true, own_media_ports: true, ..ThisRun::default() };
        check("{\"name\":\"a\",\"http_port\":8080,\"media_ports\":\"30000-30999\"}", &own, &|_| ());
        let listener =
            "{\"name\":\"a\",\"sip_listeners\":[{\"transport\":\"udp\",\"address\":\"192.0.2.9\"}]}";
        check(listener, &usual, &|it| it.media_bind = "192.0.2.9".parse().unwrap());
    }

    #[test]
    fn others_read_no_passwords() {
        let check = |listen: &str, tls: bool, expect: bool| {
            let file: ConfigFile =
                toml::from_str(&format!("[http]\ntls = {tls}\nlisten = \"{listen}\"\n")).unwrap();
            assert_eq!(Machine::of_file(&file).http_refusal().is_none(), expect, "{listen} {tls}");
        };
        check("127.0.0.1", false, true);
        check("::1", false, true);
        check("192.0.2.1", true, true);
        check("192.0.2.1", false, false);
        check("0.0.0.0", false, false);
    }
}
