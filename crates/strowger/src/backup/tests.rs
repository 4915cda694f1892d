//! From a data folder that is in use to a file, and from the file to another folder.

use std::cell::Cell;
use std::os::unix::fs::MetadataExt;

use strowger_base::journal::{CallRecord, CodesView, Entry, OriginView, PartyView, Record, ReleasedBy};
use strowger_base::leg::Presentation;
use strowger_base::{CallId, Cause, LegId, NodeId, Secret, ShardId, WallTime};
use strowger_configuration::reader::Vault as _;
use strowger_configuration::{Id, Kind, Operation, Purpose};

use super::*;
use crate::configuration::{Change, ConfigurationStore};
use crate::mailbox::mailbox;
use crate::store::{Index, Store};
use crate::vault::Vault;

/// A folder that goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let path = place.join(format!("strowger-backup-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server's data in use: databases are open and their logs not moved into them.
struct Used {
    configuration: ConfigurationStore,
    sealed: String,
}

impl Used {
    fn make(data: &Path) -> Used {
        fs::create_dir_all(data).unwrap();
        fs::write(data.join("strowger.toml"), "lines_file = \"csv/lines.csv\"\n").unwrap();
        fs::create_dir_all(data.join("csv")).unwrap();
        fs::write(data.join("csv/lines.csv"), "number,secret\n1001,s3cret\n").unwrap();
        fs::create_dir_all(data.join("sounds")).unwrap();
        fs::write(data.join("sounds/spring.wav"), "RIFF").unwrap();
        fs::write(data.join("sounds/.spring.wav.new"), "RI").unwrap();
        let sealed = Vault::open(data).unwrap().seal(Id::from_random(1), "secret", "s3cret").unwrap();
        let mut used = Used { configuration: open(data), sealed };
        used.commit(1, "internal");
        used.commit(2, "external");
        used
    }

    fn commit(&mut self, number: u128, name: &str) {
        let after = serde_json::json!({ "name": name }).to_string().into();
        let object = Id::from_random(number);
        let change = Change {
            id: Id::from_random(number + 1_000),
            base: self.configuration.head().sequence,
            author: "alice".into(),
            message: name.into(),
            purpose: Purpose::Lasting,
            operations: vec![Operation { kind: Kind::Partition, object, before: None, after: Some(after) }],
        };
        self.configuration.commit(change, WallTime::from_micros(1_000_000)).unwrap();
    }
}

fn open(data: &Path) -> ConfigurationStore {
    ConfigurationStore::open(data, WallTime::from_micros(1), Id::from_random(9_999)).unwrap().0
}

fn a_call(number: u64) -> Vec<u8> {
    let call = CallId::new(NodeId(1), ShardId(0), number);
    let leg = LegId::new(NodeId(1), ShardId(0), number * 4);
    let party = |number| PartyView { number, name: "", presentation: Presentation::Allowed };
    let at = WallTime::from_micros(1_790_000_000_000_000);
    let record = CallRecord {
        call,
        origin: OriginView::Line { line: "1001", phone: "" },
        calling_leg: leg,
        calling: party("1001"),
        called: "9999",
        translated: "",
        sent: "",
        final_called: "",
        redirections: vec![],
        hunt_pilot: "",
        connected: PartyView::default(),
        codes: CodesView::default(),
        started_at: at,
        alerted_at: None,
        answered_at: None,
        ended_at: at,
        cause: Cause::USER_BUSY,
        released_by: ReleasedBy::Called,
        legs: vec![],
        moves: None,
        malicious: false,
    };
    let mut bytes = vec![];
    Record { at, call: Some(call), leg: None, entry: Entry::Call(record) }.encode(&mut bytes);
    bytes
}

/// Calls in the store of a folder, by a store that ends before this returns.
fn calls_made(data: &Path, numbers: std::ops::Range<u64>) {
    let (sender, _letters) = mailbox().unwrap();
    let (mut to_store, store, _) = Store::open(data, 1 << 30, sender).unwrap();
    for number in numbers {
        to_store.persist(strowger_node::io::Ticket(number), &a_call(number));
    }
    let running = std::thread::spawn(move || store.run());
    to_store.finish();
    drop(to_store);
    running.join().unwrap();
}

fn opening(folder: &Path) -> Opening {
    let path = folder.join("identity");
    fs::write(&path, format!("# a comment\n{PRIVATE}\n")).unwrap();
    Opening { passphrase_file: None, identity: Some(path) }
}

fn to_recipient() -> Lock {
    Lock::Recipients(keys::recipients(&[PUBLIC.to_owned()]).unwrap())
}

/// Packs a folder that may be in use.
fn packed(data: &Path, file: &Path) -> Manifest {
    let files = NodeFiles::new(&data.join("strowger.toml"), &[&PathBuf::from("csv/lines.csv")]);
    let place = copies::Place::make(data).unwrap();
    copies::make(data, &files, &place.folder).unwrap();
    let about = About { node_file: files.node_file().map(str::to_owned), notes: files.notes };
    pack(file, &to_recipient(), &place, &about).unwrap()
}

fn restored(folder: &Folder, file: &Path, data: &Path) -> anyhow::Result<()> {
    restore(&RestoreOptions {
        file: file.to_owned(),
        data: data.to_owned(),
        check: false,
        opening: opening(&folder.0),
        json: true,
    })
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_folder_in_use_comes_back_as_it_was() {
    let folder = Folder::new("whole");
    let (data, file, back) = (folder.0.join("data"), folder.0.join("file"), folder.0.join("back"));
    let mut used = Used::make(&data);
    calls_made(&data, 1..40);
    // Whoever reads a database with a log leaves that file behind.
    let without_logs =
        || names(&data).into_iter().filter(|name| !name.contains("-shm") && !name.contains("-wal"));
    let before: Vec<_> = without_logs().collect();
    let manifest = packed(&data, &file);
    // Nothing is left behind, and what happens later is not in it.
    assert_eq!(without_logs().collect::<Vec<_>>(), before);
    used.commit(3, "later");
    assert_eq!((manifest.change, manifest.node_file.as_deref()), (2, Some("strowger.toml")));
    // An empty folder may be there.
    fs::create_dir(&back).unwrap();
    restored(&folder, &file, &back).unwrap();
    let there = open(&back);
    assert_eq!(
        there.head(),
        used.configuration
            .state_at(2)
            .map(|state| strowger_configuration::Head { sequence: 2, state: state.hash() })
            .unwrap()
    );
    assert_eq!(&**Vault::open(&back).unwrap().open_text("secret", &used.sealed).unwrap().expose(), "s3cret");
    assert_eq!(fs::read_to_string(back.join("csv/lines.csv")).unwrap(), "number,secret\n1001,s3cret\n");
    assert_eq!(names(&back.join("sounds")), ["spring.wav"]);
    let calls = |data: &Path| Index::read(&data.join("strowger.db")).unwrap().calls(100).unwrap().len();
    assert_eq!((calls(&data), calls(&back)), (39, 39));
    let (sender, _letters) = mailbox().unwrap();
    let (_, _, recovered) = Store::open(&back, 1 << 30, sender).unwrap();
    assert_eq!((recovered.torn_bytes, recovered.closed), (0, 0));
    // What is there is not overwritten.
    let error = restored(&folder, &file, &back).unwrap_err().to_string();
    assert!(error.contains("is not empty"), "{error}");
}

#[test]
fn the_end_of_the_journal_that_is_being_written_is_left_out() {
    let folder = Folder::new("torn");
    let (data, file, back) = (folder.0.join("data"), folder.0.join("file"), folder.0.join("back"));
    let _used = Used::make(&data);
    calls_made(&data, 1..3);
    let newest = data.join("journal/000001.sj");
    let whole = fs::metadata(&newest).unwrap().len();
    let half: Vec<u8> = fs::read(&newest).unwrap().into_iter().chain([17, 0, 0, 0, 1, 2]).collect();
    fs::write(&newest, half).unwrap();
    packed(&data, &file);
    restored(&folder, &file, &back).unwrap();
    assert_eq!(fs::metadata(back.join("journal/000001.sj")).unwrap().len(), whole);
}

#[test]
fn what_was_cut_or_changed_leaves_no_folder() {
    let folder = Folder::new("cut");
    let (data, file, back) = (folder.0.join("data"), folder.0.join("file"), folder.0.join("back"));
    let _used = Used::make(&data);
    packed(&data, &file);
    let whole = fs::read(&file).unwrap();
    let there = names(&folder.0);
    let tries = Cell::new(0);
    let refused = |bytes: &[u8], what: &str| {
        fs::write(&file, bytes).unwrap();
        opening(&folder.0);
        let error = format!("{:#}", restored(&folder, &file, &back).expect_err(what));
        assert!(error.contains("nothing was changed"), "{what}: {error}");
        fs::remove_file(folder.0.join("identity")).unwrap();
        assert_eq!(names(&folder.0), there, "{what}");
        tries.set(tries.get() + 1);
    };
    for place in (0..whole.len()).step_by(whole.len() / 60) {
        refused(&whole[..place], &format!("cut at {place}"));
        let mut changed = whole.clone();
        changed[place] ^= 4;
        refused(&changed, &format!("changed at {place}"));
    }
    refused(&whole[..whole.len() - 1], "the last byte");
    refused(&[whole.as_slice(), b"\0"].concat(), "a byte more");
    assert!(tries.get() > 100);
    fs::write(&file, &whole).unwrap();
    restored(&folder, &file, &back).unwrap();
}

/// An archive of somebody who has the public key.
fn forged(folder: &Path, manifest: &Manifest, members: &[(&str, &[u8])]) -> anyhow::Result<Manifest> {
    let from = Folder::new("forged");
    for (name, contents) in members {
        fs::write(from.0.join(name), contents).unwrap();
    }
    let file = folder.join("file");
    let to = File::create(&file).unwrap();
    archive::write(&to, &to_recipient(), &from.0, manifest, &mut Progress::new("")).unwrap();
    verified(&file, &opening(folder))
}

#[test]
fn archives_that_others_made_are_judged() {
    let folder = Folder::new("judged");
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let member = |path: &str| Member { path: path.to_owned(), bytes: 3, sha256: digest.to_owned() };
    let manifest = |members: Vec<Member>| Manifest {
        format: FORMAT,
        program: "0.9.0".to_owned(),
        schema: SCHEMA,
        node: 1,
        made_at: String::new(),
        change: 0,
        state: String::new(),
        node_file: None,
        notes: vec![],
        members,
    };
    let members: &[(&str, &[u8])] = &[("a", b"abc")];
    forged(&folder.0, &manifest(vec![member("a")]), members).unwrap();
    let check = |manifest: &Manifest, expect: &str| {
        let error = format!("{:#}", forged(&folder.0, manifest, members).unwrap_err());
        assert!(error.contains(expect), "{expect:?} is not in {error:?}");
    };
    check(&Manifest { format: FORMAT + 1, ..manifest(vec![]) }, "use version 0.9.0 or a newer one");
    check(&Manifest { schema: SCHEMA + 1, ..manifest(vec![]) }, "use version 0.9.0 or a newer one");
    let other = Member { sha256: digest.replace("ba", "bb"), ..member("a") };
    check(&manifest(vec![other]), "is not what its manifest says");
    for path in ["../a", "/etc/passwd", "a/../../b", "", "."] {
        // It is refused before any member is looked for, so that none has to be there.
        let mut named = manifest(vec![]);
        named.notes = vec![path.to_owned()];
        let text = serde_json::to_string(&Manifest { members: vec![member(path)], ..named }).unwrap();
        assert!(archive::manifest(&mut text.as_bytes()).is_err(), "{path:?}");
    }
}

#[test]
fn files_that_the_node_file_names_elsewhere_are_told() {
    let files = NodeFiles::new(
        Path::new("/etc/strowger/pbx.toml"),
        &[&PathBuf::from("csv/lines.csv"), &PathBuf::from("../codes.csv")],
    );
    assert_eq!(files.node_file(), Some("pbx.toml"));
    assert_eq!(
        files.notes,
        ["../codes.csv, which the node file names, is codes.csv beside it: change its name there"]
    );
}

#[test]
fn leftovers_go_and_folders_in_use_stay() {
    let folder = Folder::new("left");
    let _used = Used::make(&folder.0);
    let one = copies::Place::make(&folder.0).unwrap();
    let left = folder.0.join("backup-0000000000000000.part");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("lock"), "").unwrap();
    let _two = copies::Place::make(&folder.0).unwrap();
    assert!(one.folder.exists() && !left.exists());
    for name in ["backup-..", "backup-000000000000000x.part", "../backup-0000000000000000.part", "journal"] {
        assert_eq!(known_place(&folder.0, name), None, "{name}");
    }
    assert!(known_place(&folder.0, one.name()).is_some());
    // A server that starts removes them too.
    fs::create_dir_all(left.join("journal")).unwrap();
    for name in ["lock", "node.key", "journal/000001.sj"] {
        fs::write(left.join(name), "").unwrap();
    }
    remove_left(&folder.0);
    assert!(one.folder.exists() && !left.exists());
}

#[test]
fn what_a_killed_restore_left_goes_with_the_next() {
    let folder = Folder::new("restore-left");
    let (data, file, back) = (folder.0.join("data"), folder.0.join("file"), folder.0.join("back"));
    let _used = Used::make(&data);
    packed(&data, &file);
    let left = |name: &str| {
        let left = folder.0.join(name);
        fs::create_dir(&left).unwrap();
        fs::write(left.join("node.key"), "").unwrap();
        left
    };
    // No process has this number; ours is alive, and the last is of another folder.
    let gone = left("back.restoring-4294967295");
    let stay = [left("back.restoring-1"), left("other.restoring-4294967295"), left("back.restoring-x")];
    restored(&folder, &file, &back).unwrap();
    assert!(!gone.exists());
    assert!(stay.iter().all(|path| path.exists()));
}

#[test]
fn folders_that_root_makes_are_the_servers() {
    let folder = Folder::new("owner");
    let data = fs::metadata(&folder.0).unwrap();
    assert_eq!(copies::owner_for(false, &data), None);
    if !nix::unistd::geteuid().is_root() {
        return assert_eq!(copies::owner_for(true, &data), Some((data.uid(), data.gid())));
    }
    assert_eq!(copies::owner_for(true, &data), None);
    std::os::unix::fs::chown(&folder.0, Some(4711), Some(4712)).unwrap();
    let place = copies::Place::make(&folder.0).unwrap();
    for path in [place.folder.clone(), place.folder.join("lock")] {
        let made = fs::metadata(path).unwrap();
        assert_eq!((made.uid(), made.gid()), (4711, 4712));
    }
}

#[test]
fn passphrases_come_from_files() {
    let folder = Folder::new("passphrase");
    let path = folder.0.join("passphrase");
    let opening = Opening { passphrase_file: Some(path.clone()), identity: None };
    let check = |text: &str, expect: Result<&str, &str>| {
        fs::write(&path, text).unwrap();
        match (opening.new_passphrase(), expect) {
            (Ok(found), Ok(expect)) => assert_eq!(&**found.expose(), expect),
            (Err(error), Err(expect)) => assert!(error.to_string().contains(expect), "{error}"),
            (found, expect) => panic!(
                "{:?}, expected {expect:?}",
                found.map(|secret: Secret<Box<str>>| secret.expose().len())
            ),
        }
    };
    check("correct horse\nmore\n", Ok("correct horse"));
    check("short\n", Err("at least 10 characters"));
    check("\n", Err("is empty"));
}

const PUBLIC: &str = "age1vd4cu4xjwg2h7nsgnydm2ucegp08yy0pnpnjmsy3qjs8skw0pgesdnjcm6";
const PRIVATE: &str = "AGE-SECRET-KEY-105MAX0970Y5NRF2JLP6PA063X6XX7TH99R7JGQSF2302SX292S0SGS80LF";
