//! The server of SFTP and our own client: log-ins, limits, algorithms, files.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use russh::keys::key::safe_rng;
use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey};
use strowger_transfer::server::{Access, Account, HostKeys, Place, Refusal, Rules, Share, Told, serve};
use strowger_transfer::{
    Destination, Kind, Patience, PinnedKey, Policy, Protocol, Secret, Session, rehearse,
};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// A key of a user.
static KEY: LazyLock<PrivateKey> = LazyLock::new(|| {
    let mut key = PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).unwrap();
    key.set_comment("user@strowger");
    key
});

fn text(key: &PrivateKey) -> Option<Secret> {
    Some(Secret::new(key.to_openssh(LineEnding::LF).unwrap().as_str()))
}

struct House {
    folder: PathBuf,
    told: Arc<Mutex<Vec<Told>>>,
    rules: watch::Sender<Arc<Rules>>,
    to: Destination,
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl House {
    async fn open(name: &str, change: impl FnOnce(&mut Rules)) -> House {
        let folder = std::env::temp_dir().join(format!("strowger-house-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        for one in ["incoming", "look"] {
            fs::create_dir_all(folder.join(one)).unwrap();
        }
        let mut rules = rules(&folder);
        change(&mut rules);
        let pin = &rules.keys.public()[0];
        let pin = PinnedKey::parse(&format!("{pin} the house")).unwrap();
        let (rules, followed) = watch::channel(Arc::new(rules));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = Destination {
            protocol: Protocol::Sftp,
            host: "127.0.0.1".into(),
            port: listener.local_addr().unwrap().port(),
            user: "cucm".into(),
            password: Some(Secret::new("correct")),
            key: None,
            passphrase: None,
            host_keys: vec![pin],
            folder: "/incoming".into(),
            algorithms: Policy::Modern,
            patience: Patience { connect: Duration::from_secs(5), step: Duration::from_secs(20) },
        };
        let told = Arc::new(Mutex::new(Vec::new()));
        let keeps = Arc::clone(&told);
        tokio::spawn(serve(listener, followed, move |one| keeps.lock().unwrap().push(one)));
        House { folder, told, rules, to }
    }

    /// Waits until something of this kind was told.
    async fn told<T>(&self, what: impl Fn(&Told) -> Option<T>) -> T {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(found) = self.told.lock().unwrap().iter().find_map(&what) {
                return found;
            }
            assert!(Instant::now() < end, "{:?}", self.told.lock().unwrap());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn refused(&self, word: &str) -> Refusal {
        self.told(|told| match told {
            Told::Refused { why, .. } if why.word() == word => Some(why.clone()),
            _ => None,
        })
        .await
    }
}

fn rules(folder: &std::path::Path) -> Rules {
    let share =
        |name: &str, access| Share { name: name.into(), place: Place::Folder(folder.join(name)), access };
    let account = Account {
        name: "cucm".into(),
        password: Some(Arc::new(|text| text == "correct")),
        keys: vec![PinnedKey::parse(&KEY.public_key().to_openssh().unwrap()).unwrap()],
        sessions: 2,
        shares: vec![share("incoming", Access::Bring), share("look", Access::Read)],
        stamp: "1".into(),
    };
    Rules {
        keys: HostKeys::open(&folder.join("keys")).unwrap(),
        algorithms: Policy::Modern,
        accounts: vec![Arc::new(account)],
        sessions: 8,
        idle: Duration::from_secs(60),
        rejection: Duration::ZERO,
        nobody: Arc::new(|_| false),
    }
}

#[tokio::test]
async fn files_are_brought_with_password_and_with_key() {
    let house = House::open("brought", |_| ()).await;
    let with_key = Destination { password: None, key: text(&KEY), ..house.to.clone() };
    for (to, name) in [(&house.to, "one"), (&with_key, "two")] {
        let rehearsal = rehearse(to, "rehearsal").await;
        assert_eq!(rehearsal.failure, None);
        assert!(rehearsal.peer.unwrap().starts_with("the house (SHA256:"));
        let mut session = Session::open(to).await.unwrap();
        let large = vec![b'7'; 3_000_001];
        session.put(name, &large).await.unwrap();
        session.put(name, b"again").await.unwrap();
        session.close().await;
        assert_eq!(fs::read(house.folder.join("incoming").join(name)).unwrap(), b"again");
    }
    let with = house
        .told(|told| match told {
            Told::In { with, user, client, .. } if with != "password" => {
                Some((with.clone(), user.clone(), client.clone()))
            }
            _ => None,
        })
        .await;
    assert!(with.0.starts_with("SHA256:") && with.0.ends_with("(user@strowger)"), "{with:?}");
    assert!(with.1 == "cucm" && with.2.starts_with("SSH-2.0-Strowger"), "{with:?}");
    let out = house
        .told(|told| match told {
            Told::Out { files_written: 2, bytes_written, .. } => Some(*bytes_written),
            _ => None,
        })
        .await;
    assert_eq!(out, 3_000_006);
    let read_only = Destination { folder: "/look".into(), ..house.to.clone() };
    let failure = rehearse(&read_only, "rehearsal").await.failure.unwrap();
    assert_eq!(failure.kind, Kind::Permission, "{failure:?}");
    let outside = Destination { folder: "/../etc".into(), ..house.to.clone() };
    assert_eq!(rehearse(&outside, "rehearsal").await.failure.unwrap().kind, Kind::Path);
}

#[tokio::test]
async fn a_key_with_a_passphrase_is_opened_with_it() {
    let house = House::open("passphrase", |_| ()).await;
    let locked = KEY.encrypt(&mut safe_rng(), "open sesame").unwrap();
    let with = |passphrase: Option<&str>| Destination {
        password: None,
        key: text(&locked),
        passphrase: passphrase.map(Secret::new),
        ..house.to.clone()
    };
    assert_eq!(rehearse(&with(Some("open sesame")), "rehearsal").await.failure, None);
    for (passphrase, words) in [(None, "no passphrase"), (Some("wrong"), "with its passphrase")] {
        let failure = Session::open(&with(passphrase)).await.err().unwrap();
        assert_eq!(failure.kind(), Kind::Configuration);
        assert!(failure.sentence().contains(words), "{failure}");
    }
}

#[tokio::test]
async fn who_is_not_let_in_is_told_with_the_reason() {
    let house = House::open("refused", |_| ()).await;
    let wrong = Destination { password: Some(Secret::new("wrong")), ..house.to.clone() };
    assert_eq!(Session::open(&wrong).await.err().unwrap().kind(), Kind::Authentication);
    house.refused("password").await;
    let nobody = Destination { user: "nobody".into(), ..house.to.clone() };
    assert_eq!(Session::open(&nobody).await.err().unwrap().kind(), Kind::Authentication);
    house.refused("user").await;
    let other = PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).unwrap();
    let strange = Destination { password: None, key: text(&other), ..house.to.clone() };
    assert_eq!(Session::open(&strange).await.err().unwrap().kind(), Kind::Authentication);
    house.refused("key").await;
    // A scanner that looks who is there.
    drop(tokio::net::TcpStream::connect(("127.0.0.1", house.to.port)).await.unwrap());
    house.refused("left").await;
    // Whoever goes on guessing is not heard for a while, even with the right password.
    for _ in 0..8 {
        let _ = Session::open(&wrong).await;
    }
    assert!(Session::open(&house.to).await.is_err());
    let why = house.refused("pause").await;
    assert!(matches!(why, Refusal::Pause { wait } if wait > Duration::ZERO), "{why:?}");
}

#[tokio::test]
async fn there_are_only_so_many_sessions() {
    let house = House::open("sessions", |_| ()).await;
    let (first, second) = (Session::open(&house.to).await.unwrap(), Session::open(&house.to).await.unwrap());
    assert!(Session::open(&house.to).await.is_err());
    assert_eq!(house.refused("user-sessions").await, Refusal::UserSessions { most: 2 });
    first.close().await;
    house.told(|told| matches!(told, Told::Out { .. }).then_some(())).await;
    let again = Session::open(&house.to).await.unwrap();
    // The user is changed: his sessions end, and the next ones are as he is now.
    let mut changed = rules(&house.folder);
    let mut account = Arc::into_inner(changed.accounts.remove(0)).unwrap();
    account.stamp = "2".into();
    account.sessions = 1;
    changed.accounts.push(Arc::new(account));
    house.rules.send(Arc::new(changed)).unwrap();
    house
        .told(|told| matches!(told, Told::Out { why: Some("the user was changed"), .. }).then_some(()))
        .await;
    drop((second, again));
    let end = Instant::now() + Duration::from_secs(20);
    while let Err(failure) = Session::open(&house.to).await {
        assert!(Instant::now() < end, "{failure}");
    }
}

#[tokio::test]
async fn nobody_sits_in_a_session_for_nothing() {
    let house = House::open("idle", |rules| rules.idle = Duration::from_millis(300)).await;
    let mut session = Session::open(&house.to).await.unwrap();
    house.told(|told| matches!(told, Told::Out { .. }).then_some(())).await;
    assert!(session.put("late", b"x").await.is_err());
    assert_eq!(fs::read_dir(house.folder.join("incoming")).unwrap().count(), 0);
}
