//! Deliveries to servers of others: OpenSSH and vsftpd. `cargo xtask e2e sftp-openssh` installs them and plays this.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::time::Duration;

use strowger_transfer::{
    AlgorithmKind, Cause, Destination, Failure, Kind, Patience, Policy, Protocol, Secret, Session, Step,
    rehearse,
};

#[path = "openssh/sshd.rs"]
mod sshd;

use sshd::Sshd;

const NAME: &str = "cdr_StandAloneCluster_01_202611222350_17";
const ROWS: &[u8] = b"\"cdrRecordType\",\"globalCallID_callManagerId\"\nINTEGER,INTEGER\n1,1\n";

fn play<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(work)
}

async fn put(to: &Destination, name: &str, bytes: &[u8]) -> Result<(), Failure> {
    let mut session = Session::open(to).await?;
    session.put(name, bytes).await?;
    session.close().await;
    Ok(())
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

fn refused(to: &Destination) -> Failure {
    let failure = play(put(to, NAME, ROWS)).expect_err("it is refused");
    println!("{failure}\n  {}\n  {}", failure.remedy(), failure.evidence().join("\n  "));
    failure
}

#[test]
fn files_arrive_whole_with_password_and_with_key() {
    let server = Sshd::start("whole", "");
    let with_password = server.destination();
    let with_key = Destination { password: None, key: Some(server.user_key()), ..with_password.clone() };
    let relative = Destination { folder: "../cdr".into(), ..with_key.clone() };
    play(async {
        put(&with_password, NAME, b"an attempt that was cut off").await.unwrap();
        put(&with_key, NAME, ROWS).await.unwrap();
        let mut session = Session::open(&relative).await.unwrap();
        assert_eq!(session.server().map(|server| server.starts_with("SSH-2.0-OpenSSH")), Some(true));
        assert!(session.peer().unwrap().starts_with("primary (SHA256:"), "{:?}", session.peer());
        let large = vec![b'7'; 3_000_001];
        for (name, bytes) in [("large", large.as_slice()), ("empty", b""), ("small", b"1")] {
            session.put(name, bytes).await.unwrap();
        }
        session.close().await;
        for to in [&with_password, &with_key] {
            let rehearsal = rehearse(to, "strowger-rehearsal").await;
            assert_eq!(rehearsal.failure, None);
            let steps: Vec<Step> = rehearsal.passed.iter().map(|passed| passed.step).collect();
            let expect = [
                Step::Connect,
                Step::Handshake,
                Step::HostKey,
                Step::Authenticate,
                Step::Folder,
                Step::Write,
            ];
            assert_eq!(steps[..6], expect);
            assert_eq!(steps[6..], [Step::Rename, Step::ReadBack, Step::Remove]);
        }
    });
    assert_eq!(server.names("/srv/cdr"), [NAME, "empty", "large", "small"]);
    assert_eq!(fs::read(server.inside("/srv/cdr").join(NAME)).unwrap(), ROWS);
    assert_eq!(fs::metadata(server.inside("/srv/cdr/large")).unwrap().len(), 3_000_001);
}

#[test]
fn a_log_in_that_is_refused_says_what_was_tried_and_what_is_offered() {
    let server = Sshd::start("log-in", "");
    let wrong = Destination { password: Some(Secret::new("wrong")), ..server.destination() };
    let failure = refused(&wrong);
    assert_eq!((failure.kind(), failure.step), (Kind::Authentication, Step::Authenticate));
    let Cause::Authentication { tried, offered, .. } = failure.cause else { panic!("it is another") };
    assert_eq!(
        (tried, offered),
        (names(&["password"]), names(&["publickey", "password", "keyboard-interactive"]))
    );
    drop(server);
    let server = Sshd::start("log-in-keys", "PasswordAuthentication no\nKbdInteractiveAuthentication no\n");
    let failure = refused(&server.destination());
    assert!(failure.remedy().contains("publickey"), "{}", failure.remedy());
    let rubbish = Destination { password: None, key: Some(Secret::new("rubbish")), ..server.destination() };
    assert_eq!(refused(&rubbish).kind(), Kind::Configuration);
}

#[test]
fn a_chroot_is_explained_by_what_the_server_calls_the_folder() {
    let server = Sshd::start("chroot", "ChrootDirectory /srv/jail\n");
    let outside = Destination { folder: "/srv/jail/cdr".into(), ..server.destination() };
    let failure = refused(&outside);
    assert_eq!((failure.kind(), failure.step), (Kind::Path, Step::Folder));
    assert!(
        failure.sentence().contains("no folder `/srv/jail/cdr`")
            && failure.sentence().ends_with("arrives in `/`")
    );
    assert_eq!(failure.remedy(), "set `folder` of the destination to `/cdr`, as the server calls it");
    let inside = Destination { folder: "/cdr".into(), ..outside };
    play(put(&inside, NAME, ROWS)).unwrap();
    assert_eq!(server.names("/srv/jail/cdr"), [NAME]);
    drop(server);
    // A jail that belongs to the user: the server takes the password and hangs up.
    let server = Sshd::start("chroot-wrong", "ChrootDirectory /srv/open\n");
    let failure = refused(&server.destination());
    assert_eq!(failure.kind(), Kind::Unreachable);
    assert!(failure.remedy().contains("ChrootDirectory"), "{}", failure.remedy());
}

#[test]
fn full_disks_and_folders_of_others_are_told_apart() {
    let server = Sshd::start("full", "");
    let full = Destination { folder: "/srv/full".into(), ..server.destination() };
    let failure = play(put(&full, NAME, &vec![b'x'; 400_000])).expect_err("there is no room");
    assert_eq!((failure.kind(), failure.step), (Kind::Space, Step::Write), "{failure}");
    assert!(failure.sentence().contains("bytes are free"), "{failure}");
    assert!(server.names("/srv/full").is_empty(), "half a file was left");
    play(put(&full, NAME, ROWS)).unwrap();
    for folder in ["/srv/foreign", "/srv/fixed"] {
        let failure = refused(&Destination { folder: folder.into(), ..server.destination() });
        assert_eq!((failure.kind(), failure.step), (Kind::Permission, Step::Write), "{folder}");
    }
}

#[test]
fn a_server_that_is_killed_in_the_middle_of_a_file_leaves_no_file_of_that_name() {
    let mut server = Sshd::start("killed", "");
    let to = Destination { folder: "/srv/kept".into(), ..server.destination() };
    let large = vec![b'x'; 256 << 20];
    let failure = play(async {
        let mut session = Session::open(&to).await.unwrap();
        let partial = server.inside("/srv/kept").join(format!(".{NAME}.part"));
        let putting = session.put(NAME, &large);
        let killing = async {
            while fs::metadata(&partial).map_or(0, |found| found.len()) < 1 << 20 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            server.kill();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            put = putting => put.expect_err("the server is gone"),
            () = killing => unreachable!("it waits for ever"),
        }
    });
    assert_eq!((failure.kind(), failure.step), (Kind::Unreachable, Step::Write), "{failure}");
    let kept = server.folder.join("kept");
    assert!(!kept.join(NAME).exists());
    assert_eq!(play(put(&to, NAME, ROWS)).expect_err("nobody is there").kind(), Kind::Unreachable);
    let server = Sshd::start_in(server.folder.clone(), server.port, "");
    play(put(&to, NAME, ROWS)).unwrap();
    assert_eq!(server.names("/srv/kept"), [NAME]);
    assert_eq!(fs::read(kept.join(NAME)).unwrap(), ROWS);
}

#[test]
fn a_standby_server_is_known_by_its_own_key_and_a_stranger_is_refused() {
    let primary = Sshd::start("primary", "");
    let to = Destination { host_keys: Vec::new(), ..primary.destination() };
    let failure = refused(&to);
    assert_eq!((failure.kind(), failure.step), (Kind::HostKey, Step::HostKey));
    let key = primary.key("ed25519", "primary");
    assert!(failure.sentence().starts_with("no key of sftp://billing@127.0.0.1"), "{failure}");
    assert!(failure.remedy().contains(&key.fingerprint));
    drop(primary);
    // Another server takes over: it has keys of its own.
    let standby = Sshd::start("standby", "");
    let to = Destination { host_keys: vec![key.clone()], ..standby.destination() };
    let failure = refused(&to);
    let other = standby.key("ed25519", "standby");
    assert!(
        failure.sentence().ends_with(&format!("not pinned: ssh-ed25519 {}", other.fingerprint)),
        "{failure}"
    );
    assert!(failure.evidence().contains(&format!("pinned: {} (primary)", key.fingerprint)));
    assert!(!standby.log().contains("Accepted"), "a stranger got the password");
    let both = Destination { host_keys: vec![key, other], ..to };
    let rehearsal = play(rehearse(&both, "rehearsal"));
    assert!(rehearsal.peer.unwrap().starts_with("standby (SHA256:"));
    // Only its RSA key is pinned: then that is what it is asked for.
    let rsa = Destination { host_keys: vec![standby.key("rsa", "by RSA")], ..both };
    assert!(play(rehearse(&rsa, "rehearsal")).peer.unwrap().starts_with("by RSA"));
}

/// What is missing with a server of that configuration, and whether the old algorithms mend it.
fn negotiated(name: &str, lines: &str, missing: &[AlgorithmKind], words: &[&str], legacy: bool) {
    let server = Sshd::start(name, lines);
    let to = Destination {
        host_keys: vec![server.key("ed25519", ""), server.key("rsa", "")],
        ..server.destination()
    };
    let failure = refused(&to);
    assert_eq!((failure.kind(), failure.step), (Kind::Negotiation, Step::Handshake));
    let Cause::Negotiation { missing: found, .. } = &failure.cause else { panic!("it is another") };
    assert_eq!(found, missing, "{lines}");
    let evidence = failure.evidence().join("\n");
    for word in words {
        assert!(evidence.contains(word), "{word} in {evidence}");
    }
    assert_eq!(failure.remedy().contains("legacy"), legacy, "{}", failure.remedy());
    let old = Destination { algorithms: Policy::Legacy, ..to };
    assert_eq!(play(put(&old, NAME, ROWS)).is_ok(), legacy, "{lines}");
    drop(server);
}

#[test]
fn algorithms_that_do_not_meet_are_told_with_both_lists() {
    let (kex, key, cipher, mac) =
        (AlgorithmKind::KeyExchange, AlgorithmKind::HostKey, AlgorithmKind::Cipher, AlgorithmKind::Mac);
    let lists = [
        "key exchange: nothing in common; the server offers sntrup761x25519-sha512@openssh.com; we offer mlkem",
        "cipher: in common; the server offers",
    ];
    negotiated("kex", "KexAlgorithms sntrup761x25519-sha512@openssh.com\n", &[kex], &lists, false);
    let lists = [
        "cipher: nothing in common; the server offers aes128-cbc,",
        "we offer aes256-gcm@openssh.com, aes128-gcm",
    ];
    negotiated("cipher", "Ciphers aes128-cbc,aes256-cbc\n", &[cipher], &lists, true);
    let lists = ["MAC: nothing in common; the server offers umac-64@openssh.com; we offer hmac-sha2-256-etm"];
    negotiated("mac", "MACs umac-64@openssh.com\nCiphers aes128-ctr\n", &[mac], &lists, false);
    let old = "KexAlgorithms diffie-hellman-group14-sha1\nCiphers 3des-cbc\nMACs hmac-sha1\nHostKeyAlgorithms ssh-rsa\n";
    let lists = [
        "host key: nothing in common; the server offers ssh-rsa; we offer",
        "offers 3des-cbc;",
        "offers hmac-sha1;",
    ];
    negotiated("old", old, &[kex, key, cipher, mac], &lists, true);
}

#[test]
fn who_is_no_sftp_server_is_told() {
    let server = Sshd::start("subsystem", "Subsystem sftp /no/such/program\n");
    let failure = refused(&server.destination());
    assert!(failure.step >= Step::Folder, "{failure}");
    let mut to = server.destination();
    drop(server);
    let failure = refused(&to);
    assert_eq!((failure.kind(), failure.step), (Kind::Unreachable, Step::Connect));
    // A server of another kind, and one that says nothing.
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    to.port = other.local_addr().unwrap().port();
    to.patience = Patience { connect: Duration::from_secs(5), step: Duration::from_millis(300) };
    let greets = std::thread::spawn(move || {
        let (mut first, _) = other.accept().unwrap();
        first.write_all(b"220 ftp.example.net ready\r\n").unwrap();
        let silent = other.accept().unwrap();
        let failed = other.accept().unwrap();
        drop((first, silent, failed));
    });
    let failure = refused(&to);
    assert!(
        failure.kind() == Kind::Timeout || failure.sentence().contains("220 ftp.example.net ready"),
        "{failure}"
    );
    assert_eq!(refused(&to).kind(), Kind::Timeout);
    let _ = std::net::TcpStream::connect(("127.0.0.1", to.port));
    greets.join().unwrap();
    let nowhere = Destination { host: "no-such-host.invalid".into(), ..to };
    assert_eq!(refused(&nowhere).kind(), Kind::Unreachable);
}

#[test]
fn old_servers_get_files_by_ftp_and_with_tls() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("vsftpd");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let here = folder.display();
    let made = std::process::Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=billing",
            "-keyout",
        ])
        .arg(folder.join("key.pem"))
        .arg("-out")
        .arg(folder.join("certificate.pem"))
        .output();
    assert!(made.unwrap().status.success());
    let port = sshd::free_port();
    let config = format!(
        "listen=YES\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\nlocal_enable=YES\nwrite_enable=YES\n\
         anonymous_enable=NO\nsecure_chroot_dir=/run/vsftpd/empty\npam_service_name=vsftpd\nseccomp_sandbox=NO\nisolate=NO\nisolate_network=NO\n\
         ssl_enable=YES\nforce_local_data_ssl=NO\nforce_local_logins_ssl=NO\nrequire_ssl_reuse=YES\n\
         rsa_cert_file={here}/certificate.pem\nrsa_private_key_file={here}/key.pem\nlocal_root=/srv/home\n"
    );
    fs::write(folder.join("vsftpd.conf"), config).unwrap();
    let server =
        sshd::room(&folder, &["/usr/sbin/vsftpd", &folder.join("vsftpd.conf").display().to_string()]);
    let end = std::time::Instant::now() + Duration::from_secs(20);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(std::time::Instant::now() < end, "{:?}", fs::read_to_string(folder.join("log")));
        std::thread::sleep(Duration::from_millis(10));
    }
    let plain = Destination {
        protocol: Protocol::Ftp,
        host: "127.0.0.1".into(),
        port,
        user: "billing".into(),
        password: Some(Secret::new("billing-secret")),
        key: None,
        passphrase: None,
        host_keys: Vec::new(),
        folder: "/srv/kept".into(),
        algorithms: Policy::Modern,
        patience: Patience::default(),
    };
    let kept = folder.join("kept");
    play(put(&plain, NAME, b"an attempt that was cut off")).unwrap();
    play(put(&plain, NAME, ROWS)).unwrap();
    assert_eq!(fs::read(kept.join(NAME)).unwrap(), ROWS);
    assert_eq!(play(rehearse(&plain, "rehearsal")).failure, None);
    let wrong = Destination { folder: "/no".into(), ..plain.clone() };
    let failure = refused(&wrong);
    assert!(failure.kind() == Kind::Path && failure.sentence().ends_with("`/srv/home`"), "{failure}");
    let full = Destination { folder: "/srv/full".into(), ..plain.clone() };
    let failure = play(put(&full, NAME, &vec![b'x'; 400_000])).expect_err("there is no room");
    assert_eq!(failure.kind(), Kind::Space, "{failure}");
    assert_eq!(
        refused(&Destination { folder: "/srv/foreign".into(), ..plain.clone() }).kind(),
        Kind::Permission
    );
    let stranger = Destination { password: Some(Secret::new("wrong")), ..plain.clone() };
    assert_eq!(refused(&stranger).kind(), Kind::Authentication);
    // With TLS: first the certificate is shown and refused, then it is pinned.
    let tls = Destination { protocol: Protocol::Ftps, ..plain };
    let failure = refused(&tls);
    let Cause::HostKey { fingerprint, .. } = failure.cause else { panic!("it is {failure}") };
    let pinned = strowger_transfer::PinnedKey::parse(&format!("{fingerprint} the old one")).unwrap();
    let tls = Destination { host_keys: vec![pinned], ..tls };
    let large = vec![b'7'; 500_001];
    play(put(&tls, "large", &large)).unwrap();
    assert_eq!(fs::read(kept.join("large")).unwrap(), large);
    let rehearsal = play(rehearse(&tls, "rehearsal"));
    assert_eq!(rehearsal.failure, None);
    assert!(rehearsal.peer.unwrap().contains("the old one"));
    drop(server);
    // The same server, with TLS from the first byte.
    let text = fs::read_to_string(folder.join("vsftpd.conf")).unwrap();
    fs::write(folder.join("vsftpd.conf"), format!("{text}implicit_ssl=YES\n")).unwrap();
    let server =
        sshd::room(&folder, &["/usr/sbin/vsftpd", &folder.join("vsftpd.conf").display().to_string()]);
    let end = std::time::Instant::now() + Duration::from_secs(20);
    let implicit = Destination { protocol: Protocol::FtpsImplicit, ..tls };
    while let Some(failure) = play(rehearse(&implicit, "rehearsal")).failure {
        assert!(std::time::Instant::now() < end, "{failure:?}");
    }
    play(put(&implicit, "implicit", &large)).unwrap();
    assert_eq!(fs::read(kept.join("implicit")).unwrap(), large);
    let stranger = Destination { host_keys: Vec::new(), ..implicit };
    assert_eq!(refused(&stranger).kind(), Kind::HostKey);
    drop(server);
}
