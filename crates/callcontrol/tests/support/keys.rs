//! Keys in the descriptions of scripts: `a1+savp=80+32` wants SRTP with two suites, `a1+avp=80@3` has a key under tag 3 beside
//! RTP.

use strowger_base::Secret;
use strowger_base::leg::SessionDescription;
use strowger_callcontrol::configuration::{LinePhone, PhoneSettings, SrtpRule, Unencrypted};
use strowger_callcontrol::{CallControl, Configuration};
use strowger_media::control::PortKeys;
use strowger_media::sdp::{AudioSecurity, Wish, set_crypto_as};
use strowger_media::srtp::{KeySource, SrtpKeys};

const SUITES: [(&str, &str, usize); 4] = [
    ("256", "AEAD_AES_256_GCM", 44),
    ("128", "AEAD_AES_128_GCM", 28),
    ("80", "AES_CM_128_HMAC_SHA1_80", 30),
    ("32", "AES_CM_128_HMAC_SHA1_32", 30),
];

/// A description with the keys that its name says: each letter of a key is the first one of the name.
pub(crate) fn add(name: &str, text: String) -> String {
    let Some((_, keys)) = name.split_once('+') else { return text };
    let keys = keys.split(':').next().unwrap();
    let (form, suites) = keys.split_once('=').unwrap();
    let letter = name[..1].to_uppercase();
    let lines: String = suites
        .split('+')
        .filter(|suite| !suite.is_empty())
        .zip(1..)
        .map(|(suite, at)| {
            let (suite, tag) =
                suite.split_once('@').map_or((suite, at), |(suite, tag)| (suite, tag.parse().unwrap()));
            let (_, name, bytes) =
                SUITES.iter().find(|known| known.0 == suite).copied().unwrap_or((suite, suite, 30));
            let letters = (bytes * 8usize).div_ceil(6);
            format!("a=crypto:{tag} {name} inline:{}\r\n", letter.repeat(letters))
        })
        .collect();
    let wish = if form == "savp" { Wish::Required } else { Wish::Optional };
    let text = String::from_utf8(set_crypto_as(text.as_bytes(), &[], wish).as_bytes().to_vec()).unwrap();
    text + &lines
}

/// What a description says about keys, with whose they are.
pub(crate) fn show(description: &SessionDescription) -> String {
    let security = AudioSecurity::of(description.as_bytes());
    let form = match security.wish {
        Wish::Clear => return String::new(),
        Wish::Optional => "avp",
        Wish::Required => "savp",
        Wish::Other => "other",
    };
    let text = String::from_utf8(description.as_bytes().to_vec()).unwrap();
    let keys = text.lines().filter_map(|line| line.strip_prefix("a=crypto:")).map(|line| {
        let mut fields = line.split(' ');
        let (tag, suite, key) = (fields.next().unwrap(), fields.next().unwrap(), fields.next().unwrap());
        let suite = SUITES.iter().find(|known| known.1 == suite).map_or(suite, |known| known.0);
        let key = key.strip_prefix("inline:").unwrap();
        let whose = if is_of_server(key) { "ours" } else { &key[..1] };
        format!(" {tag}:{suite}:{whose}")
    });
    format!(" {form}{}", keys.collect::<String>())
}

fn is_of_server(key: &str) -> bool {
    !key.bytes().skip(1).take(20).all(|letter| letter == key.as_bytes()[0])
}

/// The keys of a description that the server made.
pub(crate) fn of_server(description: &SessionDescription) -> Vec<String> {
    let text = String::from_utf8(description.as_bytes().to_vec()).unwrap();
    let keys = text.lines().filter_map(|line| line.strip_prefix("a=crypto:")?.split("inline:").nth(1));
    keys.filter(|key| is_of_server(key)).map(str::to_owned).collect()
}

/// What a relay is told about keys.
pub(crate) fn relay(keys: &PortKeys) -> String {
    let show = |keys: &Option<SrtpKeys>| {
        keys.as_ref().map_or("clear".to_owned(), |keys| keys.send.suite().to_string())
    };
    format!("protect A {} and B {}", show(&keys.a), show(&keys.b))
}

/// `srtp never trunk NAME`, `srtp never line NUMBER`, `srtp ends-here`, `srtp block-unencrypted`
pub(crate) fn set(configuration: &mut Configuration, control: &mut CallControl, words: &[&str]) {
    match words {
        ["srtp", "never", "trunk", name] => {
            configuration.trunks.entry((*name).into()).or_default().srtp = SrtpRule::Never;
        }
        ["srtp", "never", "line", name] => {
            let settings = PhoneSettings { srtp: SrtpRule::Never, ..PhoneSettings::default() };
            let phone =
                LinePhone { settings: settings.into(), number: (*name).into(), ..LinePhone::default() };
            configuration.lines.get_mut(name).unwrap().phones = Box::new([phone]);
        }
        ["srtp", "ends-here"] => control.make_keys_with(KeySource::new(Secret::new([3; 32]))),
        ["srtp", "block-unencrypted"] => configuration.unencrypted = Unencrypted::Blocked,
        other => panic!("no setting {other:?}"),
    }
}
