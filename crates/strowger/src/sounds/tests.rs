use serde_json::json;
use strowger_configuration::{Entry, Id, Kind};
use strowger_media::wav::RATE_HZ;

use super::*;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("strowger-sounds-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A state with these audio sources: number, file.
fn state(sources: &[(u32, &str)]) -> State {
    let entry = |(number, file): &(u32, &str)| {
        let value = json!({ "name": format!("music-{number}"), "number": number, "file": file });
        let id = Id::from_random((*number).into());
        Entry::read(Kind::AudioSource, id, &value.to_string()).unwrap_or_else(|wrong| panic!("{wrong:?}"))
    };
    State::of(sources.iter().map(entry))
}

/// A file of 16-bit samples at 8 kHz.
fn wav(samples: usize) -> Vec<u8> {
    let data = samples as u32 * 2;
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&(36 + data).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data");
    file.extend_from_slice(&data.to_le_bytes());
    file.resize(file.len() + data as usize, 7);
    file
}

#[test]
fn what_is_added_is_played_by_the_sources_that_name_it() {
    let folder = Folder::new("added");
    let sounds = Sounds::new(&folder.0);
    let mut library = sounds.library();
    let numbers = |library: &mut watch::Receiver<Arc<Library>>| {
        library.borrow_and_update().sources.keys().map(|number| number.0).collect::<Vec<_>>()
    };
    let both = state(&[(1, "a.wav"), (7, "a.wav"), (9, "b.wav")]);
    sounds.load(&both);
    assert!(numbers(&mut library).is_empty());
    assert_eq!(sounds.add("a.wav", &wav(8000), &both).unwrap(), 1000);
    assert_eq!(numbers(&mut library), [1, 7]);
    let recording = |library: &watch::Receiver<Arc<Library>>, number| {
        Arc::clone(&library.borrow().sources[&Number(number)].recording)
    };
    // One file is in memory once, and one that stays is not read again.
    let first = recording(&library, 1);
    assert!(Arc::ptr_eq(&first, &recording(&library, 7)));
    sounds.add("b.wav", &wav(4000), &both).unwrap();
    assert_eq!(numbers(&mut library), [1, 7, 9]);
    assert!(Arc::ptr_eq(&first, &recording(&library, 1)));
    // Another file in its place is read.
    assert_eq!(sounds.add("a.wav", &wav(16_000), &both).unwrap(), 2000);
    assert_eq!(recording(&library, 7).samples().len(), 2 * RATE_HZ as usize);
    sounds.load(&state(&[(9, "b.wav")]));
    assert_eq!(numbers(&mut library), [9]);
}

#[test]
fn what_cannot_be_played_is_not_taken() {
    let folder = Folder::new("refused");
    let sounds = Sounds::new(&folder.0);
    let check = |name: &str, bytes: &[u8], expect: &str| {
        let Err(AddError::Wrong(why)) = sounds.add(name, bytes, &state(&[])) else {
            panic!("{name} was taken")
        };
        assert_eq!(why, expect);
    };
    check("a.wav", b"text", "a.wav: it is no WAV file: it does not begin with RIFF and WAVE");
    let name = "a sound file is called with letters, digits and . - _ and ends with .wav";
    for wrong in ["../a.wav", "a.mp3", ".wav", "..wav", "a/b.wav", "ä.wav", ""] {
        check(wrong, &wav(8000), &format!("{wrong}: {name}"));
    }
    assert!(!folder.0.join("sounds").exists());
    // A file that somebody has put there by hand, or damaged, leaves the others alone.
    sounds.add("good.wav", &wav(8000), &state(&[])).unwrap();
    std::fs::write(folder.0.join("sounds/bad.wav"), &wav(8000)[..1000]).unwrap();
    sounds.load(&state(&[(1, "bad.wav"), (2, "good.wav"), (3, "missing.wav")]));
    assert_eq!(sounds.library().borrow().sources.keys().collect::<Vec<_>>(), [&Number(2)]);
}

#[test]
fn a_file_that_is_played_stays() {
    let folder = Folder::new("removed");
    let sounds = Sounds::new(&folder.0);
    let used = state(&[(4, "a.wav")]);
    assert!(sounds.list(&used).unwrap().is_empty());
    sounds.add("a.wav", &wav(8000), &used).unwrap();
    sounds.add("b.wav", &wav(8000), &used).unwrap();
    let listed = sounds.list(&used).unwrap();
    let lines: Vec<_> = listed
        .iter()
        .map(|it| format!("{} {} {:?} {:?}", it.name, it.bytes, it.milliseconds, it.sources))
        .collect();
    assert_eq!(lines, [r#"a.wav 16044 Some(1000) ["music-4"]"#, "b.wav 16044 None []"]);
    let Err(AddError::Used(why)) = sounds.remove("a.wav", &used) else { panic!("it is played") };
    assert_eq!(why, "a.wav is what the audio source music-4 plays; give that another file first");
    assert!(sounds.remove("b.wav", &used).unwrap());
    assert!(!sounds.remove("b.wav", &used).unwrap());
    assert!(!sounds.remove("../node.key", &used).unwrap());
    assert!(sounds.remove("a.wav", &state(&[])).unwrap());
}
