use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Mutex;

use super::super::{Place, Share};
use super::*;

/// A user with `records`, `look`, `desk` and `incoming`, and `secret` beside what he may see.
struct Jail {
    root: PathBuf,
    files: Files,
    stored: Arc<Mutex<Vec<(String, u64)>>>,
    cut: Arc<Mutex<Vec<(String, u64)>>>,
    next: u32,
}

impl Drop for Jail {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

impl Jail {
    fn new(name: &str) -> Jail {
        Jail::beside(name, Arc::default())
    }

    /// A session beside others that have seats.
    fn beside(name: &str, seats: Arc<Seats>) -> Jail {
        let root = std::env::temp_dir().join(format!("strowger-jail-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        for folder in [
            "preserve/20260504",
            "processed/20260504",
            "processed/20260503",
            "look/deep",
            "desk",
            "incoming",
            "secret",
        ] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join("secret/key"), "secret").unwrap();
        fs::write(root.join("look/deep/file"), "seen").unwrap();
        fs::write(root.join("preserve/20260504/cdr_2"), "two").unwrap();
        fs::write(root.join("processed/20260504/cdr_1"), "one").unwrap();
        let folder = |name: &str| Place::Folder(root.join(name));
        let share = |name: &str, place, access| Share { name: name.to_owned(), place, access };
        let days = Place::Days(vec![root.join("preserve"), root.join("processed"), root.join("never")]);
        let account = Account {
            name: "user".into(),
            password: None,
            keys: Vec::new(),
            sessions: 1,
            shares: vec![
                share("records", days, Access::Read),
                share("look", folder("look"), Access::Read),
                share("desk", folder("desk"), Access::Write),
                share("incoming", folder("incoming"), Access::Bring),
            ],
            stamp: String::new(),
        };
        let stored = Arc::new(Mutex::new(Vec::new()));
        let cut = Arc::new(Mutex::new(Vec::new()));
        let (told, lost) = (Arc::clone(&stored), Arc::clone(&cut));
        let tell = move |Stored { path, bytes, whole }| {
            let told = if whole { &told } else { &lost };
            told.lock().unwrap().push((path, bytes));
        };
        let files = Files::new(Arc::new(account), 7, seats, Arc::default(), Box::new(tell));
        Jail { root, files, stored, cut, next: 0 }
    }

    fn ask(&mut self, kind: u8, fill: impl FnOnce(Packet) -> Packet) -> (u8, Vec<u8>) {
        self.next += 1;
        let question = fill(Packet::new(kind).word(self.next)).bytes();
        let answer = self.files.answer(kind, &question[5..]).bytes();
        assert_eq!(u32::from_be_bytes(answer[5..9].try_into().unwrap()), self.next, "of another question");
        (answer[4], answer[9..].to_vec())
    }

    /// A status: its code and words.
    fn status(&mut self, kind: u8, fill: impl FnOnce(Packet) -> Packet) -> (u32, String) {
        let (kind, body) = self.ask(kind, fill);
        assert_eq!(kind, packet::STATUS);
        let mut reader = Reader(&body);
        (reader.word().unwrap(), String::from_utf8(reader.text().unwrap().to_vec()).unwrap())
    }

    fn open(&mut self, path: &str, flags: u32) -> Result<Vec<u8>, u32> {
        let (kind, body) =
            self.ask(packet::OPEN, |packet| packet.text(path).word(flags).attributes(Attributes::default()));
        let mut reader = Reader(&body);
        if kind == packet::HANDLE { Ok(reader.text().unwrap().to_vec()) } else { Err(reader.word().unwrap()) }
    }

    fn close(&mut self, handle: &[u8]) -> u32 {
        self.status(packet::CLOSE, |packet| packet.text(handle)).0
    }

    fn write(&mut self, handle: &[u8], at: u64, bytes: &str) -> u32 {
        self.status(packet::WRITE, |packet| packet.text(handle).long(at).text(bytes)).0
    }

    fn put(&mut self, path: &str, bytes: &str) -> u32 {
        match self.open(path, open::WRITE | open::CREATE | open::TRUNCATE) {
            Ok(handle) => {
                let written = self.write(&handle, 0, bytes);
                self.close(&handle).max(written)
            }
            Err(code) => code,
        }
    }

    fn read(&mut self, path: &str) -> Result<String, u32> {
        let handle = self.open(path, open::READ)?;
        let (kind, body) = self.ask(packet::READ, |packet| packet.text(&handle).long(0).word(u32::MAX));
        self.close(&handle);
        let mut reader = Reader(&body);
        if kind == packet::DATA {
            Ok(String::from_utf8(reader.text().unwrap().to_vec()).unwrap())
        } else {
            Err(reader.word().unwrap())
        }
    }

    fn list(&mut self, path: &str) -> Result<Vec<String>, u32> {
        let (kind, body) = self.ask(packet::OPENDIR, |packet| packet.text(path));
        let mut reader = Reader(&body);
        if kind != packet::HANDLE {
            return Err(reader.word().unwrap());
        }
        let handle = reader.text().unwrap().to_vec();
        let mut names = Vec::new();
        loop {
            let (kind, body) = self.ask(packet::READDIR, |packet| packet.text(&handle));
            let mut reader = Reader(&body);
            let first = reader.word().unwrap();
            if kind == packet::STATUS {
                assert_eq!(first, status::EOF);
                break;
            }
            assert!(body.len() < limits::SFTP_PACKET_BYTES && first <= 100);
            for _ in 0..first {
                names.push(String::from_utf8_lossy(reader.text().unwrap()).into_owned());
                reader.text().unwrap();
                reader.attributes().unwrap();
            }
        }
        self.close(&handle);
        names.sort();
        Ok(names)
    }

    fn is_folder(&mut self, path: &str) -> Option<bool> {
        let (kind, body) = self.ask(packet::LSTAT, |packet| packet.text(path));
        (kind == packet::ATTRS).then(|| Reader(&body).attributes().unwrap().is_folder()).flatten()
    }
}

#[test]
fn a_user_sees_his_folders_and_records_by_their_days() {
    let mut jail = Jail::new("sees");
    let hello = jail.files.answer(packet::INIT, &[0, 0, 0, 3]).bytes();
    assert_eq!(hello[4..9], [packet::VERSION, 0, 0, 0, 3]);
    assert_eq!(jail.list("/").unwrap(), ["desk", "incoming", "look", "records"]);
    assert_eq!(jail.list("records").unwrap(), ["2026-05-03", "2026-05-04"]);
    // A file that moves between the folders while somebody lists is told once.
    fs::write(jail.root.join("processed/20260504/cdr_2"), "two").unwrap();
    assert_eq!(jail.list("/records/2026-05-04").unwrap(), ["cdr_1", "cdr_2"]);
    fs::remove_file(jail.root.join("processed/20260504/cdr_2")).unwrap();
    assert_eq!(jail.read("/records/2026-05-04/cdr_1").as_deref(), Ok("one"));
    assert_eq!(jail.read("records/2026-05-04/cdr_2").as_deref(), Ok("two"));
    assert_eq!(jail.read("look/deep/file").as_deref(), Ok("seen"));
    for (path, expect) in [
        ("/", Some(true)),
        ("records", Some(true)),
        ("records/2026-05-03", Some(true)),
        ("records/2026-05-04/cdr_1", Some(false)),
        ("look/deep", Some(true)),
        ("records/2026-05-05", None),
        ("records/20260504", None),
        ("records/2026-05-04/cdr_1/more", None),
        ("secret", None),
    ] {
        assert_eq!(jail.is_folder(path), expect, "{path}");
    }
    let (kind, body) = jail.ask(packet::REALPATH, |packet| packet.text("../look/./deep/"));
    assert_eq!((kind, Reader(&body[4..]).text()), (packet::NAME, Some(&b"/look/deep"[..])));
}

#[test]
fn what_is_read_only_stays_as_it_is() {
    let mut jail = Jail::new("read-only");
    let denied = status::PERMISSION_DENIED;
    for path in
        ["look/deep/file", "look/new", "records/2026-05-04/cdr_1", "records/2026-05-04/new", "new", "look"]
    {
        assert_eq!(jail.put(path, "x"), denied, "{path}");
        for kind in [packet::REMOVE, packet::RMDIR, packet::MKDIR] {
            assert_eq!(jail.status(kind, |packet| packet.text(path)).0, denied, "{path}");
        }
        let wanted = Attributes { size: Some(0), ..Attributes::default() };
        assert_eq!(jail.status(packet::SETSTAT, |packet| packet.text(path).attributes(wanted)).0, denied);
        for (from, to) in [(path, "desk/x"), ("desk/x", path)] {
            fs::write(jail.root.join("desk/x"), "x").unwrap();
            assert_eq!(jail.status(packet::RENAME, |packet| packet.text(from).text(to)).0, denied);
            let posix = |packet: Packet| packet.text("posix-rename@openssh.com").text(from).text(to);
            assert_eq!(jail.status(packet::EXTENDED, posix).0, denied);
        }
    }
    assert_eq!(jail.status(packet::RMDIR, |packet| packet.text("desk")).0, denied, "the share itself");
    let handle = jail.open("look/deep/file", open::READ).unwrap();
    assert_eq!(jail.write(&handle, 0, "x"), denied);
    assert_eq!(fs::read_to_string(jail.root.join("look/deep/file")).unwrap(), "seen");
    assert_eq!(jail.read("records/2026-05-04/cdr_1").as_deref(), Ok("one"));
}

#[test]
fn nobody_gets_out() {
    let mut jail = Jail::new("out");
    let root = jail.root.clone();
    symlink(root.join("secret"), root.join("desk/folder")).unwrap();
    symlink(root.join("secret/key"), root.join("desk/file")).unwrap();
    symlink("../secret/key", root.join("look/file")).unwrap();
    symlink("/proc/self/root", root.join("desk/proc")).unwrap();
    symlink(root.join("secret"), root.join("preserve/20260505")).unwrap();
    symlink(root.join("secret/key"), root.join("preserve/20260504/cdr_9")).unwrap();
    nix_pipe(&root.join("desk/pipe"));
    let inside = root.display().to_string();
    for path in [
        "../secret/key",
        "desk/../../secret/key",
        "/desk/../look/../../secret/key",
        "desk/folder/key",
        "desk/folder/../secret/key",
        "desk/file",
        "look/file",
        "desk/proc/etc/passwd",
        "/etc/passwd",
        "desk//etc/passwd",
        &format!("desk/{inside}/secret/key"),
        &format!("{inside}/secret/key"),
        "records/2026-05-05/key",
        "records/2026-05-04/cdr_9",
        "records/2026-05-04/../../secret/key",
        "records/..",
        "desk/pipe",
        "desk/key\0",
    ] {
        assert!(jail.read(path).is_err(), "{path}");
        let to = jail.status(packet::EXTENDED, |packet| {
            packet.text("posix-rename@openssh.com").text(path).text("desk/stolen")
        });
        assert_ne!(to.0, status::OK, "{path}");
    }
    for path in
        ["desk/folder/new", "desk/file", "desk/proc/tmp/new", "../secret/new", "desk/../../secret/key"]
    {
        assert_ne!(jail.put(path, "x"), status::OK, "{path}");
        for kind in [packet::MKDIR, packet::RMDIR, packet::REMOVE] {
            assert_ne!(jail.status(kind, |packet| packet.text(path)).0, status::OK, "{path}");
        }
        let wanted = Attributes { size: Some(0), times: Some((1, 1)), ..Attributes::default() };
        let set = jail.status(packet::SETSTAT, |packet| packet.text(path).attributes(wanted));
        assert_ne!(set.0, status::OK, "{path}");
        fs::write(root.join("desk/x"), "x").unwrap();
        let moved = jail.status(packet::RENAME, |packet| packet.text("desk/x").text(path));
        assert_ne!(moved.0, status::OK, "{path}");
    }
    assert!(jail.list("desk/folder").is_err() && jail.list("records/2026-05-05").is_err());
    // Links, pipes and devices are not even there.
    assert_eq!(jail.list("desk").unwrap(), ["x"]);
    assert_eq!(jail.list("look").unwrap(), ["deep"]);
    assert_eq!(jail.list("records").unwrap(), ["2026-05-03", "2026-05-04"]);
    assert_eq!(jail.list("records/2026-05-04").unwrap(), ["cdr_1", "cdr_2"]);
    // None can be made.
    for kind in [19, 20, 21] {
        let made = jail.status(kind, |packet| packet.text("/etc/passwd").text("desk/link"));
        assert_eq!(made.0, status::UNSUPPORTED);
    }
    let hard = |packet: Packet| packet.text("hardlink@openssh.com").text("desk/x").text("desk/y");
    assert_eq!(jail.status(packet::EXTENDED, hard).0, status::UNSUPPORTED);
    assert_eq!(fs::read_to_string(root.join("secret/key")).unwrap(), "secret");
    assert_eq!(fs::read_dir(root.join("secret")).unwrap().count(), 1);
}

fn nix_pipe(path: &std::path::Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo starts").success());
}

#[test]
fn files_that_are_brought_are_there_when_they_are_whole() {
    let mut jail = Jail::new("brought");
    let incoming = jail.root.join("incoming");
    let flags = open::WRITE | open::CREATE | open::TRUNCATE;
    let handle = jail.open("incoming/cdr_1", flags).unwrap();
    assert_eq!(jail.write(&handle, 0, "half"), status::OK);
    assert_eq!(jail.list("incoming").unwrap(), [""; 0]);
    assert!(!incoming.join("cdr_1").exists());
    assert_eq!(jail.write(&handle, 4, " and half"), status::OK);
    assert_eq!(jail.close(&handle), status::OK);
    assert_eq!(fs::read_to_string(incoming.join("cdr_1")).unwrap(), "half and half");
    assert_eq!(*jail.stored.lock().unwrap(), [("/incoming/cdr_1".to_owned(), 13)]);
    // Under a name of its own first, and then renamed, as careful clients do it.
    assert_eq!(jail.put("incoming/cdr_2.tmp", "two"), status::OK);
    assert_eq!(
        jail.status(packet::RENAME, |packet| packet.text("incoming/cdr_2.tmp").text("incoming/cdr_2")).0,
        status::OK
    );
    let taken = jail.status(packet::RENAME, |packet| packet.text("incoming/cdr_2").text("incoming/cdr_1"));
    assert_eq!(taken, (status::FAILURE, "File exists".to_owned()));
    // What is there is not changed piece by piece.
    assert_eq!(jail.open("incoming/cdr_1", open::WRITE), Err(status::PERMISSION_DENIED));
    assert_eq!(
        jail.open("incoming/cdr_1", open::WRITE | open::CREATE | open::APPEND),
        Err(status::PERMISSION_DENIED)
    );
    assert_eq!(jail.open("incoming/cdr_1", flags | open::EXCLUSIVE), Err(status::FAILURE));
    // A session that ends in the middle leaves nothing; so does a server that is killed, when it starts again.
    let handle = jail.open("incoming/cdr_3", flags).unwrap();
    assert_eq!(jail.write(&handle, 0, "half"), status::OK);
    jail.files.end();
    assert_eq!(*jail.cut.lock().unwrap(), [("/incoming/cdr_3".to_owned(), 4)]);
    assert_eq!(fs::read_dir(&incoming).unwrap().count(), 2);
    let handle = jail.open("incoming/cdr_3", flags).unwrap();
    assert_eq!(jail.write(&handle, 0, "half"), status::OK);
    assert_eq!((super::super::tidy(&incoming).unwrap(), fs::read_dir(&incoming).unwrap().count()), (1, 2));
    assert_ne!(jail.close(&handle), status::OK);
    assert_eq!(jail.stored.lock().unwrap().len(), 2);
}

#[test]
fn a_folder_to_write_is_one_as_any() {
    let mut jail = Jail::new("desk");
    assert_eq!(jail.status(packet::MKDIR, |packet| packet.text("desk/new")).0, status::OK);
    assert_eq!(jail.put("desk/new/file", "0123456789"), status::OK);
    let handle = jail.open("desk/new/file", open::WRITE | open::READ).unwrap();
    assert_eq!(jail.write(&handle, 8, "xyz"), status::OK);
    let wanted = Attributes { size: Some(9), times: Some((5, 7)), permissions: Some(0o4777) };
    assert_eq!(jail.status(packet::FSETSTAT, |packet| packet.text(&handle).attributes(wanted)).0, status::OK);
    jail.close(&handle);
    let file = jail.root.join("desk/new/file");
    assert_eq!(fs::read_to_string(&file).unwrap(), "01234567x");
    use std::os::unix::fs::MetadataExt as _;
    let known = fs::metadata(&file).unwrap();
    assert_eq!((known.mtime(), known.mode() & 0o7111), (7, 0), "no rights were given");
    let handle = jail.open("desk/new/file", open::WRITE | open::APPEND).unwrap();
    assert_eq!(jail.write(&handle, 0, "end"), status::OK);
    jail.close(&handle);
    assert_eq!(jail.read("desk/new/file").as_deref(), Ok("01234567xend"));
    assert_eq!(jail.put("desk/other", "old"), status::OK);
    let posix =
        |packet: Packet| packet.text("posix-rename@openssh.com").text("desk/new/file").text("desk/other");
    assert_eq!(jail.status(packet::EXTENDED, posix).0, status::OK);
    assert_eq!(jail.read("desk/other").as_deref(), Ok("01234567xend"));
    let across = jail.status(packet::RENAME, |packet| packet.text("desk/other").text("incoming/other"));
    assert_ne!(across.0, status::OK);
    assert_eq!(jail.status(packet::REMOVE, |packet| packet.text("desk/new")).0, status::FAILURE);
    assert_eq!(jail.status(packet::RMDIR, |packet| packet.text("desk/new")).0, status::OK);
    assert_eq!(jail.status(packet::REMOVE, |packet| packet.text("desk/other")).0, status::OK);
    assert_eq!(jail.list("desk").unwrap(), [""; 0]);
    let (kind, _) = jail.ask(packet::EXTENDED, |packet| packet.text("statvfs@openssh.com").text("desk"));
    assert_eq!(kind, packet::EXTENDED_REPLY);
}

#[test]
fn everything_has_a_limit() {
    let mut jail = Jail::new("limits");
    for number in 0..250 {
        fs::write(jail.root.join(format!("look/{number:03}")), "").unwrap();
    }
    assert_eq!(jail.list("look").unwrap().len(), 251);
    let mut handles = Vec::new();
    while let Ok(handle) = jail.open("look/deep/file", open::READ) {
        handles.push(handle);
    }
    assert_eq!(handles.len(), limits::SFTP_HANDLES);
    assert_eq!(jail.put("incoming/one-too-many", "x"), status::FAILURE);
    assert_eq!(fs::read_dir(jail.root.join("incoming")).unwrap().count(), 0);
    jail.close(&handles[0]);
    let handle = jail.open("desk/large", open::WRITE | open::CREATE).unwrap();
    for at in [limits::SFTP_FILE_BYTES, u64::MAX] {
        assert_eq!(jail.write(&handle, at, "x"), status::FAILURE, "{at}");
    }
    let wanted = Attributes { size: Some(u64::MAX), ..Attributes::default() };
    let set = |packet: Packet| packet.text(&handle).attributes(wanted);
    assert_eq!(jail.status(packet::FSETSTAT, set).0, status::FAILURE);
    assert_eq!(jail.put(&format!("desk/{}", "x".repeat(300)), "x"), status::FAILURE);
    assert_eq!(jail.put(&"x/".repeat(4000), "x"), status::FAILURE);
    let (kind, body) = jail.ask(packet::EXTENDED, |packet| packet.text("limits@openssh.com"));
    assert_eq!((kind, body.len()), (packet::EXTENDED_REPLY, 32));
}

#[test]
fn sessions_share_what_may_be_open() {
    let seats = Arc::<Seats>::default();
    let mut others = Vec::new();
    let mut opened = 0;
    while opened < limits::SFTP_HANDLES_OF_ALL {
        let mut other = Jail::beside(&format!("seats-{opened}"), Arc::clone(&seats));
        while other.open("look/deep/file", open::READ).is_ok() {
            opened += 1;
        }
        others.push(other);
    }
    assert_eq!(opened, limits::SFTP_HANDLES_OF_ALL);
    let mut jail = Jail::beside("seats", seats);
    fs::write(jail.root.join("desk/kept"), "as it was").unwrap();
    assert_eq!(jail.open("desk/kept", open::WRITE | open::TRUNCATE), Err(status::FAILURE));
    assert_eq!(fs::read_to_string(jail.root.join("desk/kept")).unwrap(), "as it was");
    assert_eq!(jail.list("look").unwrap().len(), 1, "listings have seats of their own");
    let mut listings = 0;
    for number in 0.. {
        let mut other = Jail::beside(&format!("seats-listing-{number}"), Arc::clone(&jail.files.seats));
        let before = listings;
        while other.ask(packet::OPENDIR, |packet| packet.text("look")).0 == packet::HANDLE {
            listings += 1;
        }
        if before == listings {
            break;
        }
        others.push(other);
    }
    assert_eq!(listings, limits::SFTP_LISTINGS_OF_ALL);
    others.remove(0);
    assert_eq!(jail.put("desk/kept", "new"), status::OK, "a session that ended has given its seats back");
}

/// Any bytes get an answer.
#[test]
fn rubbish_is_answered() {
    let mut jail = Jail::new("rubbish");
    let mut random = 88_172_645_463_325_252_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    for _ in 0..20_000 {
        let length = usize::try_from(next() % 40).unwrap();
        let mut body: Vec<u8> = (0..length).map(|_| u8::try_from(next() % 256).unwrap()).collect();
        if next() % 2 == 0 {
            // Lengths that fit, now and then.
            body = Packet::new(0).word(1).text(&body).text("desk/x").word(3).bytes()[5..].to_vec();
        }
        let kind = u8::try_from(next() % 256).unwrap();
        let answer = jail.files.answer(kind, &body).bytes();
        assert!(answer.len() >= 5 && answer.len() <= limits::SFTP_PACKET_BYTES);
    }
    assert_eq!(fs::read_to_string(jail.root.join("secret/key")).unwrap(), "secret");
}

#[test]
fn what_is_under_way_is_nobodys() {
    let mut jail = Jail::new("under-way");
    let handle = jail.open("incoming/cdr_1", open::WRITE | open::CREATE).unwrap();
    assert_eq!(jail.write(&handle, 0, "half"), status::OK);
    let now = fs::read_dir(jail.root.join("incoming")).unwrap().next().unwrap().unwrap().file_name();
    let now = format!("incoming/{}", now.to_str().unwrap());
    assert!(now.contains(STAGED));
    assert_eq!(jail.put("incoming/.strowger-upload-50-0.part", "mine"), status::NO_SUCH_FILE);
    assert_eq!(jail.open(&now, open::READ), Err(status::NO_SUCH_FILE));
    let (told, _) = jail.status(packet::RENAME, |packet| packet.text(&now).text("incoming/cdr_half"));
    assert_eq!(told, status::NO_SUCH_FILE);
    assert_eq!(jail.status(packet::REMOVE, |packet| packet.text(&now)).0, status::NO_SUCH_FILE);
    assert_eq!(jail.close(&handle), status::OK);
    assert_eq!(fs::read_to_string(jail.root.join("incoming/cdr_1")).unwrap(), "half");
}

#[test]
fn who_wants_a_new_file_takes_the_place_of_none() {
    let mut jail = Jail::new("new");
    let handle = jail.open("incoming/cdr_1", open::WRITE | open::CREATE | open::EXCLUSIVE).unwrap();
    assert_eq!(jail.write(&handle, 0, "mine"), status::OK);
    fs::write(jail.root.join("incoming/cdr_1"), "another's").unwrap();
    assert_eq!(jail.close(&handle), status::FAILURE);
    assert_eq!(fs::read_to_string(jail.root.join("incoming/cdr_1")).unwrap(), "another's");
    assert_eq!(fs::read_dir(jail.root.join("incoming")).unwrap().count(), 1);
    assert_eq!(*jail.cut.lock().unwrap(), [("/incoming/cdr_1".to_owned(), 4)]);
}

#[test]
fn files_are_brought_and_no_folders_and_none_that_nobody_would_load() {
    let mut jail = Jail::new("brought");
    let folder = |jail: &mut Jail, path: &str| {
        jail.status(packet::MKDIR, |packet| packet.text(path).attributes(Attributes::default())).0
    };
    assert_eq!(folder(&mut jail, "incoming/deep"), status::PERMISSION_DENIED);
    assert_eq!(folder(&mut jail, "desk/deep"), status::OK);
    let handle = jail.open("incoming/cdr_1", open::WRITE | open::CREATE).unwrap();
    let size = |size| Attributes { size: Some(size), ..Attributes::default() };
    let set = |jail: &mut Jail, bytes| {
        jail.status(packet::FSETSTAT, |packet| packet.text(&handle).attributes(size(bytes))).0
    };
    assert_eq!(set(&mut jail, limits::SFTP_BROUGHT_BYTES), status::OK);
    assert_eq!(set(&mut jail, limits::SFTP_BROUGHT_BYTES + 1), status::FAILURE);
    assert_eq!(jail.write(&handle, limits::SFTP_BROUGHT_BYTES, "x"), status::FAILURE);
}
