//! The format against a file that another program wrote, and against damage.

use std::io::Cursor;

use super::*;

const PUBLIC: &str = "age1vd4cu4xjwg2h7nsgnydm2ucegp08yy0pnpnjmsy3qjs8skw0pgesdnjcm6";
const PRIVATE: &str = "AGE-SECRET-KEY-105MAX0970Y5NRF2JLP6PA063X6XX7TH99R7JGQSF2302SX292S0SGS80LF";
fn public() -> [u8; 32] {
    bech32::decode("age", PUBLIC).unwrap().try_into().unwrap()
}

fn private() -> Unlock {
    let key = bech32::decode("age-secret-key-", PRIVATE).unwrap();
    Unlock::Identities(vec![Secret::new(key.try_into().unwrap())])
}

fn passphrase(text: &str) -> Secret<Box<str>> {
    Secret::new(text.into())
}

/// Cheap to try: tests are not optimised.
fn by_passphrase() -> Lock {
    Lock::Passphrase { passphrase: passphrase("correct horse"), work: 1 }
}

fn sealed(lock: &Lock, contents: &[u8]) -> Vec<u8> {
    let mut writer = seal(Vec::new(), lock).unwrap();
    writer.write_all(contents).unwrap();
    writer.finish().unwrap()
}

fn opened(file: &[u8], unlock: &Unlock) -> io::Result<Vec<u8>> {
    let mut file = Cursor::new(file);
    let header = Header::read(&mut file)?;
    let mut contents = vec![];
    header.open(file, unlock)?.read_to_end(&mut contents)?;
    Ok(contents)
}

/// What `age -r` made with that key.
#[test]
fn a_file_of_age_opens() {
    use base64ct::Base64;
    let file = Base64::decode_vec(include_str!("testdata/hello.age.base64").trim()).unwrap();
    assert_eq!(opened(&file, &private()).unwrap(), b"hello strowger");
}

#[test]
fn contents_of_any_length_come_back() {
    const CHUNK: usize = 64 * 1024;
    let unlock = Unlock::Passphrase(passphrase("correct horse"));
    for length in [0, 1, 17, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5] {
        let contents: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        assert!(opened(&sealed(&by_passphrase(), &contents), &unlock).unwrap() == contents, "{length}");
        let lock = Lock::Recipients(vec![[9; 32], public()]);
        assert!(opened(&sealed(&lock, &contents), &private()).unwrap() == contents, "{length}");
    }
}

#[test]
fn only_what_it_was_locked_for_opens_it() {
    let check = |lock: &Lock, unlock: &Unlock, expect: &str| {
        let error = opened(&sealed(lock, b"x"), unlock).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    };
    let wrong = Unlock::Passphrase(passphrase("wrong horse"));
    check(&by_passphrase(), &wrong, "the passphrase is wrong");
    check(&by_passphrase(), &private(), "leave out --identity");
    check(&Lock::Recipients(vec![public()]), &wrong, "with --identity");
    check(&Lock::Recipients(vec![[9; 32]]), &private(), "none of the keys fits");
}

#[test]
fn nothing_that_was_cut_or_changed_is_taken_for_whole() {
    let contents: Vec<u8> = (0..70_000).map(|at| (at % 251) as u8).collect();
    let unlock = Unlock::Passphrase(passphrase("correct horse"));
    let file = sealed(&by_passphrase(), &contents);
    let interesting = (0..400).chain((400..file.len()).step_by(997)).chain(file.len() - 40..file.len());
    for place in interesting {
        assert!(opened(&file[..place], &unlock).is_err(), "cut at {place}");
        let mut changed = file.clone();
        changed[place] ^= 1;
        assert!(opened(&changed, &unlock).is_err(), "changed at {place}");
    }
    assert!(opened(&[file.as_slice(), b"x"].concat(), &unlock).is_err());
    // Whole chunks left out: the last is missing, or the first.
    let start = file.len() - 70_000 - 32;
    assert!(opened(&file[..start + 65_552], &unlock).is_err());
    assert!(opened(&[&file[..start], &file[start + 65_552..]].concat(), &unlock).is_err());
}

#[test]
fn a_header_without_end_takes_no_memory_and_no_time() {
    let check = |text: String| assert!(Header::read(&mut Cursor::new(text)).is_err());
    check("x".repeat(1_000_000));
    check(format!("{VERSION}\n{}", "-> x\n\n".repeat(100_000)));
    let dear =
        format!("{VERSION}\n-> scrypt {} 30\n{}\n--- {}\n", "A".repeat(22), "A".repeat(43), "A".repeat(43));
    assert!(opened(dear.as_bytes(), &Unlock::Passphrase(passphrase("x"))).is_err());
}

#[test]
fn keys_are_text_with_a_checksum() {
    assert!(bech32::decode("age", PUBLIC).is_some());
    assert!(bech32::decode("age", &PUBLIC.to_uppercase()).is_some());
    for wrong in ["", "age1", "age1qqqqqqqqq", &PUBLIC[1..], &PUBLIC.replace("vd4", "vd5"), PRIVATE] {
        assert_eq!(bech32::decode("age", wrong), None, "{wrong}");
    }
    assert_eq!(bech32::decode("age", &format!("AGE1{}", &PUBLIC[4..])), None);
}
