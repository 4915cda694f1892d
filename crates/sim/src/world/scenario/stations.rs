//! Phones that speak SCCP, and what their users do: with the keys and buttons that such a phone has, and in the order in which people press them.

use std::time::Duration;

use super::Did;
use crate::skinny::phone::{
    BUSY, CONGESTION, CONNECTED, Call, HOLD, IN_USE_REMOTELY, INBOUND, INVALID, OFF_HOOK, PROCEED, RING_IN,
    RING_OUT, Skinny,
};
use crate::world::World;
use crate::world::stations::Station;

/// How long people need from one key to the next one.
pub(super) const PAUSE: Duration = Duration::from_millis(50);
/// How often they look whether it rings at the other side, before they press on.
const LOOKS: usize = 20;
/// The button of a busy lamp.
const BUSY_LAMP: u8 = 0x15;
const SPEED_DIAL: u8 = 2;

impl World {
    /// Something happens to a media resource of a router; false when it cannot happen now.
    pub(super) fn router_does(&mut self, name: &str, what: &str) -> bool {
        let Some(it) = self.stations.routers.get_mut(name) else { return false };
        let done = match what {
            "loses its connection" => self.router_breaks(name),
            "comes back" => self.router_connects(name),
            "has no port for anybody" => {
                it.router.has_no_port = true;
                Ok(())
            }
            "is shut down" => {
                it.router.unregisters();
                Ok(())
            }
            _ if let Some(streams) = what.strip_prefix("has streams left: ") => {
                it.router.has_streams(streams.parse().expect("a number"));
                Ok(())
            }
            _ => panic!("a router cannot {what}"),
        };
        self.stations.collect(self.now.mono);
        done.is_ok()
    }

    /// The user of a phone does something.
    pub(super) fn station_does(&mut self, name: &str, what: &str) -> Did {
        match what {
            "loses its connection" => return self.station_is_cut(name).is_ok().into(),
            "comes back" => return self.station_connects(name).is_ok().into(),
            _ => {}
        }
        let words: Vec<&str> = what.split(' ').collect();
        match words[..] {
            ["presses" | "press", "the", "keys", keys] => return self.station_keys(name, keys),
            ["transfers", other, "to", number] => return self.station_transfers(name, other, number),
            ["hangs", "up", other] => return self.station_leaves(name, Some(other)),
            _ => {}
        }
        let Some(it) = self.stations.phones.get_mut(name) else { return Did::NotNow };
        let did = does(it, &words);
        self.stations.collect(self.now.mono);
        did
    }

    /// A key of a SIP phone, by the name that scripts have for it, is pressed at an SCCP phone: which keys those are there.
    pub(super) fn station_presses(&mut self, name: &str, key: &str) -> Did {
        let Some(it) = self.stations.phones.get_mut(name) else { return Did::NotNow };
        let consults = std::mem::take(&mut it.consults);
        let phone = &mut it.phone;
        let did = match key {
            "the first parked call" => does(it, &["calls", "880"]),
            "the second parked call" => does(it, &["calls", "881"]),
            "the number of the meeting" => does(it, &["calls", "820"]),
            "the call back" => does(it, &["calls", "*54"]),
            "no call back" => does(it, &["calls", "*55"]),
            "iDivert while it rings" => phone.presses_at("iDivert", RING_IN).into(),
            "CallBack" => {
                (phone.presses_at("CallBack", RING_OUT) || phone.presses_at("CallBack", BUSY)).into()
            }
            "Barge" | "cBarge" => phone.presses_at(key, IN_USE_REMOTELY).into(),
            "Resume" => phone.presses_at(key, HOLD).into(),
            "Answer" => phone.presses_at(key, RING_IN).into(),
            "StopRec" => phone.presses_at("Record", CONNECTED).into(),
            "Hold" | "EndCall" | "Park" | "iDivert" | "MCID" | "RmLstC" | "ConfList" | "Record" | "Join" => {
                phone.presses_at(key, CONNECTED).into()
            }
            // A second call that was begun for something else is joined.
            "Confrn" => phone.presses_at(if consults { "Confrn" } else { "Join" }, CONNECTED).into(),
            "DND" | "DND off" => phone.presses("DND").into(),
            "CFwdALL again" => phone.presses("CFwdALL").into(),
            "PickUp" | "HLog" => phone.presses(key).into(),
            _ if let Some(number) = key.strip_prefix("busy lamp of ") => {
                assert_eq!(number, "1001", "the only busy lamp of scripts");
                busy_lamp(phone).map(|(kind, place)| phone.pushes(kind, place)).is_some().into()
            }
            "OPickUp" | "MeetMe" | "GPickUp" | "CFwdALL" | "AbbrDial" => return self.station_asks(name, key),
            _ => panic!("which key of an SCCP phone is {key}?"),
        };
        self.stations.collect(self.now.mono);
        did
    }

    /// A key is pressed that not every display has, and some digits behind it.
    fn station_asks(&mut self, name: &str, key: &str) -> Did {
        let digits = match key {
            "MeetMe" => "820#",
            "GPickUp" => "8600#",
            "CFwdALL" => "1002#",
            "AbbrDial" => "2#",
            _ => "",
        };
        // Some keys are there when the receiver is lifted.
        let lifts = self.at_station(name, |phone| !phone.shown_keys().iter().any(|shown| shown == key));
        if lifts {
            self.at_station(name, |phone| phone.presses("NewCall"));
            self.pauses();
        }
        let pressed = self.at_station(name, |phone| phone.presses(key));
        self.pauses();
        if pressed && !digits.is_empty() {
            self.at_station(name, |phone| phone.dials(digits));
        }
        pressed.into()
    }

    /// Keys are pressed in a call: the phone tells them, and where it is to send them it does that too.
    fn station_keys(&mut self, name: &str, keys: &str) -> Did {
        let now = self.now.mono;
        // No phone of Cisco has the keys A to D.
        let keys: String = keys.chars().filter(|key| !key.is_ascii_alphabetic()).collect();
        let talks = self.at_station(name, |phone| {
            let talks = phone.calls.values().any(|call| call.state == CONNECTED);
            if talks {
                phone.dials(&keys);
            }
            // Who is only called to listen is heard by nobody.
            talks && !phone.sending.is_empty()
        });
        if talks {
            self.stations.pressed.extend(keys.chars().map(|key| (now, key)));
            self.station_sounds(name, &keys);
        }
        talks.into()
    }

    /// Blind transfer: the key, the number, and the key again as soon as it rings.
    fn station_transfers(&mut self, name: &str, other: &str, number: &str) -> Did {
        let began = self.at_station(name, |phone| {
            let call = with(phone, other, CONNECTED).or_else(|| with(phone, other, HOLD));
            call.is_some_and(|call| phone.presses_of("Transfer", call))
        });
        if !began {
            return Did::NotNow;
        }
        self.pauses();
        self.at_station(name, |phone| phone.dials(number));
        for _ in 0..LOOKS {
            self.pauses();
            let reached = |phone: &mut Skinny| {
                let newest = phone.calls.iter().next_back();
                let reached = newest.filter(|(_, call)| matches!(call.state, RING_OUT | CONNECTED));
                let reached = reached.map(|(call, _)| *call);
                reached.is_some_and(|call| phone.presses_of("Transfer", call))
            };
            if self.at_station(name, reached) {
                self.pauses();
                break;
            }
        }
        // Who has reached nobody, or may not, goes on with whom he has.
        self.failed_calls_end();
        self.at_station(name, |phone| {
            let newest = phone.calls.keys().next_back().copied().filter(|_| phone.calls.len() > 1);
            newest.is_some_and(|call| phone.presses_of("EndCall", call))
        });
        self.pauses();
        self.at_station(name, |phone| {
            with(phone, other, HOLD).is_some_and(|call| phone.presses_of("Resume", call))
        });
        Did::Done
    }

    /// Keys for a service that asks for some: a phone tells them.
    pub(super) fn station_is_asked(&mut self, keys: &str) -> Did {
        let asked =
            |it: &Station| it.phone.calls.values().any(|call| matches!(call.state, PROCEED | RING_OUT));
        let asked = self.stations.phones.iter().find(|(_, it)| asked(it)).map(|(name, _)| name.clone());
        let Some(name) = asked else { return Did::NotNow };
        self.at_station(&name, |phone| phone.dials(keys));
        Did::Done
    }

    /// It ends what it has with somebody, or what it talks in, and what it holds where it talks with nobody: what is held is taken back first.
    /// With whom it talked before it goes on.
    pub(super) fn station_leaves(&mut self, name: &str, shown: Option<&str>) -> Did {
        let active = |phone: &mut Skinny| {
            let talks = |call: &Call| matches!(call.state, CONNECTED | RING_OUT | PROCEED);
            phone
                .calls
                .iter()
                .find(|(_, call)| talks(call))
                .map(|(number, call)| (*number, other(call)[0].clone()))
        };
        let before = self.at_station(name, active);
        let ends = |phone: &mut Skinny, call: u32| phone.presses_of("EndCall", call);
        if let Some((call, with)) = &before
            && shown.is_none_or(|shown| shown == with)
        {
            return self.at_station(name, |phone| ends(phone, *call)).into();
        }
        let held = |phone: &mut Skinny| {
            let fits = |call: &Call| call.state == HOLD && shown.is_none_or(|shown| shown == other(call)[0]);
            phone.calls.iter().find(|(_, call)| fits(call)).map(|(number, _)| *number)
        };
        let Some(held) = self.at_station(name, held) else { return Did::NotNow };
        self.at_station(name, |phone| phone.presses_of("Resume", held));
        self.pauses();
        let done = self.at_station(name, |phone| ends(phone, held));
        self.pauses();
        if let Some((call, _)) = before {
            self.at_station(name, |phone| phone.presses_of("Resume", call));
        }
        done.into()
    }

    /// A phone goes on with the call of another one of its line, which that one holds.
    pub(super) fn station_takes(&mut self, name: &str, other: &str) -> Did {
        if name.trim_end_matches('b') != other.trim_end_matches('b') {
            return Did::Never("an SCCP phone takes calls of its own lines only");
        }
        self.at_station(name, |phone| phone.presses_at("Resume", HOLD)).into()
    }

    /// Whoever hears that his call has failed puts down the receiver.
    pub(super) fn failed_calls_end(&mut self) {
        let mut any = false;
        for it in self.stations.phones.values_mut() {
            let failed = |state: u32| matches!(state, BUSY | CONGESTION | INVALID);
            let calls = it.phone.calls.iter().filter(|(_, call)| failed(call.state)).map(|(call, _)| *call);
            for call in calls.collect::<Vec<_>>() {
                any = true;
                if !it.phone.presses_of("EndCall", call) {
                    it.phone.puts_down();
                }
            }
        }
        if any {
            self.pauses();
        }
    }

    fn at_station<T: Default>(&mut self, name: &str, does: impl FnOnce(&mut Skinny) -> T) -> T {
        let Some(it) = self.stations.phones.get_mut(name) else { return T::default() };
        let done = does(&mut it.phone);
        self.stations.collect(self.now.mono);
        done
    }

    fn pauses(&mut self) {
        self.stations.collect(self.now.mono);
        self.wait(PAUSE).expect("the world goes on");
    }
}

/// Whom an SCCP phone shows as the other side of a call.
pub(super) fn other(call: &Call) -> &[String; 2] {
    if call.kind == INBOUND { &call.calling } else { &call.called }
}

/// The call in this state in which a phone shows somebody.
fn with(phone: &Skinny, shown: &str, state: u32) -> Option<u32> {
    let fits = |call: &Call| call.state == state && other(call)[0] == shown;
    phone.calls.iter().find(|(_, call)| fits(call)).map(|(number, _)| *number)
}

/// What is done with a key or two, at once.
fn does(it: &mut Station, words: &[&str]) -> Did {
    let phone = &mut it.phone;
    let done = match *words {
        ["calls", number] => {
            it.consults &= phone.calls.values().any(|call| call.state == OFF_HOOK);
            match it.consults {
                true => phone.dials(number),
                false => phone.calls_number(number),
            }
            true
        }
        ["lifts", "the", "receiver"] => {
            phone.lifts();
            true
        }
        ["dials", digits] => {
            phone.dials(digits);
            true
        }
        ["answers"] => phone.presses_at("Answer", RING_IN),
        ["refuses"] => return Did::Never("an SCCP phone has no key that refuses a call"),
        ["redirects", ..] => return Did::Never("an SCCP phone names nobody else instead of ringing"),
        ["gives", "up"] => phone.presses_at("EndCall", RING_OUT) || phone.presses_at("EndCall", PROCEED),
        ["hangs", "up"] if phone.calls.is_empty() => false,
        ["hangs", "up"] => {
            phone.puts_down();
            true
        }
        ["holds"] => phone.presses_at("Hold", CONNECTED),
        ["resumes"] => phone.presses_at("Resume", HOLD),
        ["holds", shown] => with(phone, shown, CONNECTED).is_some_and(|call| phone.presses_of("Hold", call)),
        ["resumes", shown] => with(phone, shown, HOLD).is_some_and(|call| phone.presses_of("Resume", call)),
        // Somebody else is to be asked first: the key is pressed again when he is reached.
        [key @ ("Transfer" | "Confrn"), shown] => {
            it.consults = with(phone, shown, CONNECTED).is_some_and(|call| phone.presses_of(key, call));
            it.consults
        }
        ["brings", _, "and", shown, "together"] => {
            let key = if std::mem::take(&mut it.consults) { "Transfer" } else { "DirTrfr" };
            with(phone, shown, CONNECTED).is_some_and(|call| phone.presses_of(key, call))
        }
        ["presses", key] => phone.presses(key),
        ["pushes", "speed", "dial", place] => {
            phone.pushes(2, place.parse().unwrap_or(0));
            true
        }
        ["chooses", item] => phone.chooses(item.parse().unwrap_or(0)),
        ["leaves", "the", "screen"] => {
            phone.leaves_screen();
            true
        }
        ["answers", "no", "screens"] => {
            phone.mute_documents = true;
            true
        }
        ["pushes", "line", place] => {
            phone.pushes(9, place.parse().unwrap_or(0));
            true
        }
        // It is told whether messages wait, and what its busy lamps show; and of recordings they all know.
        ["watches", _] | ["minds", "mail"] | ["knows", "of", "recordings"] => true,
        ["insists", ..] => return Did::Never("SCCP phones have no SRTP"),
        ["has", "a", "camera"] | ["adds", "video", ..] => return Did::Never("SCCP phones have no video"),
        ["sends", "a", "fax", ..] | ["goes", "back", ..] => return Did::Never("SCCP phones send no faxes"),
        ["offers", "nothing"] => {
            return Did::Never("an SCCP phone says where it hears as soon as it is asked");
        }
        ["has", codec, "alone"] => phone.has_codecs(&[codec_of(codec)]),
        ["has", one, "and", other] => phone.has_codecs(&[codec_of(one), codec_of(other)]),
        _ => panic!("an SCCP phone cannot {}", words.join(" ")),
    };
    done.into()
}

fn codec_of(name: &str) -> u32 {
    match name {
        "PCMA" => 2,
        "PCMU" => 4,
        "G.722" => 6,
        "G.729" => 11,
        _ => panic!("which codec is {name}?"),
    }
}

/// The button of the first busy lamp. Old phones have it as a speed dial, behind the usual one.
fn busy_lamp(phone: &Skinny) -> Option<(u32, u32)> {
    let of = |wanted: u8| phone.buttons.iter().filter(move |(kind, _)| *kind == wanted);
    let button = of(BUSY_LAMP).next().or_else(|| of(SPEED_DIAL).nth(1));
    button.map(|(kind, place)| (u32::from(*kind), u32::from(*place)))
}
