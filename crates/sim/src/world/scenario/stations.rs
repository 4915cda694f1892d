//! Phones that speak SCCP, and what their users do.

use crate::skinny::phone::{CONNECTED, HOLD, RING_IN};
use crate::world::World;

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

    /// The user of a phone does something; false when it cannot be done now.
    pub(super) fn station_does(&mut self, number: &str, what: &str) -> bool {
        match what {
            "loses its connection" => return self.station_is_cut(number).is_ok(),
            "comes back" => return self.station_connects(number).is_ok(),
            _ => {}
        }
        let Some(it) = self.stations.phones.get_mut(number) else { return false };
        let phone = &mut it.phone;
        let words: Vec<&str> = what.split(' ').collect();
        let done = match words[..] {
            ["calls", number] => {
                phone.calls_number(number);
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
            ["hangs", "up"] if phone.calls.is_empty() => false,
            ["hangs", "up"] => {
                phone.puts_down();
                true
            }
            ["holds"] => phone.presses_at("Hold", CONNECTED),
            ["resumes"] => phone.presses_at("Resume", HOLD),
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
            _ => panic!("an SCCP phone cannot {what}"),
        };
        self.stations.collect(self.now.mono);
        done
    }
}
