//! Which crates of others may be used where.

use super::floors;
use crate::workspace::{Edge, EdgeKind, Graph};

/// Crates that any core may use: pure functions over bytes, no IO, no clock, no thread, no randomness.
const CORES: &[&str] = &["memchr", "thiserror"];

/// Crates that one core may use, and why this one alone.
const ONE_CORE: &[(&str, &str)] = &[
    // Digest authentication.
    ("strowger-sip", "md-5"),
    ("strowger-sip", "sha2"),
    // Keys that Cisco's phones tell: docs/adr/0031-xml-of-phones-with-roxmltree.md.
    ("strowger-sip", "roxmltree"),
    // Screens that are pushed, and what phones answer: docs/adr/0036-screens-of-phones.md.
    ("strowger-provision", "roxmltree"),
    // Opus: docs/adr/0028-opus-in-rust-others-passed-through.md.
    ("strowger-media", "opus-pure"),
    // The syntax of session descriptions.
    ("strowger-media", "sdp-types"),
    // SRTP: docs/adr/0027-srtp-of-our-own.md.
    ("strowger-media", "aes"),
    ("strowger-media", "ctr"),
    ("strowger-media", "hmac"),
    ("strowger-media", "ring"),
    ("strowger-media", "sha1"),
    // Phones answer challenges with a digest that is not the server's own code.
    ("strowger-phones", "md-5"),
    // Names on phones that know no UTF-8: docs/adr/0041-code-pages-from-encoding-rs.md.
    ("strowger-sccp", "encoding_rs"),
    // Fields and quotes of files: docs/adr/0038-files-of-call-records.md.
    ("strowger-cdr", "crc32fast"),
    ("strowger-cdr", "csv-core"),
    // Its stories are printed as JSON by the shell.
    ("strowger-diag", "serde"),
    // Objects, snapshots and fingerprints of the configuration: docs/adr/0017-configuration-objects.md.
    ("strowger-configuration", "serde_json"),
    ("strowger-configuration", "sha2"),
    ("strowger-configuration", "toml"),
    // Time zones of partitions: docs/adr/0014-time-zones-from-jiff.md.
    ("strowger-dialplan", "jiff"),
];

/// What drivers and shells may use, and why.
const SHELLS: &[(&str, &str)] = &[
    // The program: docs/adr/0013-outside-crates-of-the-program.md says what each is for.
    ("strowger", "aes-gcm-siv"),
    ("strowger", "anyhow"),
    ("strowger", "argon2"),
    ("strowger", "axum"),
    // Backups: docs/adr/0020-backup-is-an-age-file.md.
    ("strowger", "base64ct"),
    ("strowger", "chacha20poly1305"),
    ("strowger", "flate2"),
    ("strowger", "hmac"),
    ("strowger", "scrypt"),
    ("strowger", "tar"),
    ("strowger", "x25519-dalek"),
    // HTTPS, and the certificate of a server that has none: docs/adr/0021-https-with-rustls-and-ring.md.
    ("strowger", "rcgen"),
    ("strowger", "rustls"),
    ("strowger", "tokio-rustls"),
    // Bodies that go on: events.
    ("strowger", "futures-core"),
    ("strowger", "clap"),
    ("strowger", "clap_complete"),
    ("strowger", "crc32fast"),
    ("strowger", "getrandom"),
    ("strowger", "nix"),
    // Exported calls: docs/adr/0042-rows-of-call-records-in-sqlite.md.
    ("strowger", "parquet"),
    ("strowger", "rusqlite"),
    ("strowger", "rustix"),
    ("strowger", "serde"),
    ("strowger", "serde_json"),
    ("strowger", "sha2"),
    ("strowger", "socket2"),
    ("strowger", "thiserror"),
    ("strowger", "tokio"),
    ("strowger", "toml"),
    // Files on their way to other servers: docs/adr/0039-files-are-delivered-with-russh.md.
    ("strowger-transfer", "russh"),
    // Folders are walked name by name: docs/adr/0043-the-sftp-server-walks-folders-itself.md.
    ("strowger-transfer", "rustix"),
    ("strowger-transfer", "rustls"),
    ("strowger-transfer", "serde"),
    ("strowger-transfer", "sha2"),
    ("strowger-transfer", "tokio"),
    ("strowger-transfer", "tokio-rustls"),
    // Reads what the server, cargo and the load generator print, and the vectors of the dial plan, a YAML file.
    ("xtask", "serde"),
    ("xtask", "serde-saphyr"),
    ("xtask", "serde_json"),
    // The phones of a crowd come from addresses of their own.
    ("xtask", "socket2"),
];

/// Crates that only tests use: independent implementations to compare with, generators of input, and gauges.
const TESTS: &[(&str, &str)] = &[
    ("strowger", "bytes"),
    ("strowger", "md-5"),
    // What a correct reader gets from the samples, a YAML file.
    ("strowger-cdr", "serde-saphyr"),
    ("strowger-cdr", "serde_json"),
    ("strowger-media", "ezk-g722"),
    ("strowger-media", "libsrtp"),
    // Proves that reading a message allocates nothing.
    ("strowger-media", "allocation-counter"),
    ("strowger-sip", "allocation-counter"),
    ("strowger-transfer", "serde_json"),
];

/// What is wrong with the uses of other people's crates.
pub(crate) fn complaints(graph: &Graph) -> Vec<String> {
    graph.edges.iter().filter(|edge| floors::floor(&edge.to).is_none()).filter_map(complaint).collect()
}

fn complaint(edge: &Edge) -> Option<String> {
    let pair = (edge.from.as_str(), edge.to.as_str());
    let in_tests = edge.kind == EdgeKind::Test && TESTS.contains(&pair);
    let allowed = if floors::is_core(pair.0) {
        CORES.contains(&pair.1) || ONE_CORE.contains(&pair)
    } else {
        SHELLS.contains(&pair)
    };
    (!allowed && !in_tests).then(|| {
        let (user, used) = pair;
        format!(
            "{user} may not use the outside crate {used}: it needs an ADR and a row in fences/external.rs"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: &str, to: &str, kind: EdgeKind, allowed: bool) {
        let edges = vec![Edge { from: from.into(), to: to.into(), kind }];
        let found = complaints(&Graph { members: Vec::new(), edges });
        assert_eq!(found.is_empty(), allowed, "{from} -> {to} {kind:?}: {found:?}");
    }

    #[test]
    fn a_forged_use_is_found() {
        check("strowger-sip", "memchr", EdgeKind::Normal, true);
        check("strowger-sip", "md-5", EdgeKind::Normal, true);
        check("strowger-media", "ezk-g722", EdgeKind::Test, true);
        check("strowger-media", "ezk-g722", EdgeKind::Normal, false);
        check("strowger-callcontrol", "md-5", EdgeKind::Normal, false);
        check("strowger-sip", "tokio", EdgeKind::Normal, false);
        check("strowger-sip", "rand", EdgeKind::Test, false);
        check("strowger-base", "libc", EdgeKind::Normal, false);
        check("strowger-sim", "tokio", EdgeKind::Normal, false);
        check("xtask", "serde_json", EdgeKind::Normal, true);
    }
}
