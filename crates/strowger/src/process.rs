//! What the system knows of this process and its sockets, from `/proc`; read when somebody asks.

use std::fs;

/// What the process takes.
pub(crate) struct Usage {
    pub(crate) cpu_centiseconds: u64,
    pub(crate) resident_bytes: u64,
    pub(crate) descriptors: u64,
    pub(crate) threads: u64,
}

/// What the process takes now.
pub(crate) fn usage() -> Option<Usage> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let status = fs::read_to_string("/proc/self/status").ok()?;
    Some(Usage {
        cpu_centiseconds: cpu_centiseconds(&stat)?,
        resident_bytes: field(&status, "VmRSS:")? * 1_024,
        descriptors: fs::read_dir("/proc/self/fd").ok()?.count() as u64,
        threads: field(&status, "Threads:")?,
    })
}

/// User and system time; Linux counts them for programs in hundredths of a second on every architecture.
fn cpu_centiseconds(stat: &str) -> Option<u64> {
    // The name of the program may hold anything, also parentheses.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let user: u64 = fields.nth(11)?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn field(status: &str, name: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// What the system knows of a UDP socket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UdpSocket {
    pub(crate) waiting_bytes: u64,
    pub(crate) dropped: u64,
}

/// The sockets at a local port, taken together.
pub(crate) fn udp_socket(port: u16) -> Option<UdpSocket> {
    let tables = ["/proc/net/udp", "/proc/net/udp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
    let found: Vec<UdpSocket> = tables.iter().flat_map(|table| sockets_at(table, port)).collect();
    (!found.is_empty()).then(|| UdpSocket {
        waiting_bytes: found.iter().map(|socket| socket.waiting_bytes).sum(),
        dropped: found.iter().map(|socket| socket.dropped).sum(),
    })
}

fn sockets_at(table: &str, port: u16) -> Vec<UdpSocket> {
    let wanted = format!(":{port:04X}");
    let socket = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields.get(1).filter(|local| local.ends_with(&wanted))?;
        let waiting = fields.get(4)?.split_once(':')?.1;
        let waiting_bytes = u64::from_str_radix(waiting, 16).ok()?;
        Some(UdpSocket { waiting_bytes, dropped: fields.last()?.parse().ok()? })
    };
    table.lines().skip(1).filter_map(socket).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_found_with_what_waits_in_it_and_what_it_dropped() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
             \x20 56: 0100007F:13C4 00000000:0000 07 00000000:00000300 00:00000000 00000000     0        0 1 2 0 17\n\
             \x20 57: 0100007F:13C5 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0 0\n";
        assert_eq!(sockets_at(table, 5060), [UdpSocket { waiting_bytes: 0x300, dropped: 17 }]);
        assert_eq!(sockets_at(table, 5062), []);
    }

    #[test]
    fn the_name_of_the_program_does_not_confuse_its_times() {
        let stat = "7 (a) b) c) S 1 7 7 0 -1 4194560 100 0 0 0 12 30 0 0 20 0 5 0 100 1 1";
        assert_eq!(cpu_centiseconds(stat), Some(42));
        let usage = usage().unwrap();
        assert!(usage.resident_bytes > 0 && usage.descriptors > 2 && usage.threads > 0);
    }
}
