//! How phones ring: distinctly for calls from inside and outside, and as the line is set on the phone, by itself and during another
//! call.

use strowger_base::LineName;
use strowger_base::leg::RingSound;
use strowger_dialplan::forward::CallSide;

use crate::call::Step;
use crate::configuration::RingSetting;

impl Step<'_> {
    /// How a phone of a line rings for the call.
    pub(crate) fn ring_sound(&self, line: &LineName, phone: Option<&str>) -> RingSound {
        let configuration = &self.shared.configuration;
        let Some(settings) = configuration.lines.get(line.as_str()) else { return self.usual_ring() };
        let rings = settings.phone(phone).map(|phone| phone.rings).unwrap_or_default();
        // It counts this call already. Of a line on several phones nobody knows whose the other call is.
        let in_call = settings.phones.len() == 1 && self.shared.calls_of(line) > 1;
        let setting = if in_call { rings.in_call } else { rings.idle };
        match setting {
            RingSetting::Ring => self.usual_ring(),
            RingSetting::Once => RingSound::Once,
            RingSetting::Beep if in_call => RingSound::CallWaiting,
            RingSetting::Beep => RingSound::Once,
            RingSetting::Silent => RingSound::Silent,
        }
    }

    /// How a phone rings for the call where nothing is set for it: by where the call comes from.
    pub(crate) fn usual_ring(&self) -> RingSound {
        match (self.shared.configuration.distinctive.of(self.side()), self.side()) {
            (Some(which), _) => RingSound::Distinctive(*which),
            (None, CallSide::External) => RingSound::Outside,
            (None, CallSide::Internal) => RingSound::Usual,
        }
    }
}
