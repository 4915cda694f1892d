//! Keys between this server and a recorder (RFC 7866 §12.2), and those with which copies are opened.

use std::time::Duration;

use strowger_base::journal::{RecordingNews, WhyNotRecorded};
use strowger_base::{Cause, Now};
use strowger_media::control::{self, PortKeys, SentKeys};
use strowger_media::fork::CopyTo;
use strowger_media::sdp::{self, CryptoLine, TakenStream};
use strowger_media::srtp::Suite;

use super::relay_side;
use super::session::{Recorder, Recording};
use crate::call::{RecordedCall, Sealing};
use crate::configuration::{RecorderEncryption, SrtpRule};
use crate::exchange::Side;
use crate::io::Outbox;
use crate::shared::Shared;

/// What the recorder is offered of keys for the two streams, that of the recorded party first: one of each suite.
pub(super) type OwnKeys = [Vec<CryptoLine>; 2];

impl Recording {
    /// Why a call cannot be recorded as it is; `None` when it can.
    pub(super) fn refusal(&self, view: &RecordedCall, shared: &Shared) -> Option<WhyNotRecorded<'static>> {
        let no_keys = match self.profile.encryption {
            RecorderEncryption::AsTheCall | RecorderEncryption::Always => {
                self.wants_keys(view) && !self.may_have_keys(shared)
            }
            RecorderEncryption::IfTaken => false,
            RecorderEncryption::Never => is_encrypted(view),
        };
        if view.relay.is_none() {
            Some(WhyNotRecorded::NoRelay)
        } else if [&view.own, &view.far].iter().any(|party| party.sealing == Sealing::Unknown) {
            Some(WhyNotRecorded::Encrypted)
        } else {
            no_keys.then_some(WhyNotRecorded::NoKeys)
        }
    }

    /// Whether the recorder is to be sent copies that are encrypted.
    pub(super) fn wants_keys(&self, view: &RecordedCall) -> bool {
        match self.profile.encryption {
            RecorderEncryption::Always => true,
            RecorderEncryption::AsTheCall => is_encrypted(view),
            RecorderEncryption::IfTaken => is_encrypted(view) && !self.in_clear,
            RecorderEncryption::Never => false,
        }
    }

    fn may_have_keys(&self, shared: &Shared) -> bool {
        let trunk = shared.configuration.trunks.get(&self.way.trunk);
        shared.key_source.is_some() && trunk.is_some_and(|trunk| trunk.srtp == SrtpRule::AsOffered)
    }

    /// Makes keys for ports that are opened: those of others counted packets already (RFC 3711 §9.1).
    pub(super) fn make_keys(&mut self, now: Now, view: &RecordedCall, shared: &mut Shared, out: &mut Outbox) {
        self.keys = None;
        if !self.wants_keys(view) {
            return;
        }
        if !self.may_have_keys(shared) {
            return self.go_on_in_clear(now, out);
        }
        let Some(source) = &mut shared.key_source else { return };
        let mut lines = || {
            let keys = Suite::ALL.into_iter().zip(1..);
            keys.map(|(suite, tag)| CryptoLine { tag, material: source.next_key(suite) }).collect()
        };
        self.keys = Some([lines(), lines()]);
    }

    fn go_on_in_clear(&mut self, now: Now, out: &mut Outbox) {
        self.in_clear = true;
        self.keys = None;
        self.news(now, RecordingNews::InClear, out);
    }

    /// The recorder refused what it was offered. That may be for the keys, so that it is called without them at once where its profile
    /// permits that.
    pub(super) fn keys_refused(
        &mut self,
        now: Now,
        cause: Cause,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> bool {
        let was_called = matches!(self.recorder, Recorder::Called(_));
        let falls_back = self.profile.encryption == RecorderEncryption::IfTaken && self.keys.is_some();
        if !was_called || !falls_back || !crate::call::is_about_codecs(cause) {
            return false;
        }
        self.cancel_timer(shared);
        self.recorder = Recorder::Absent;
        self.told = None;
        self.go_on_in_clear(now, out);
        self.set_timer(now, Duration::ZERO, shared);
        true
    }

    /// Copies are opened with these keys from here on.
    pub(super) fn unseal(&mut self, view: &RecordedCall, out: &mut Outbox) {
        let Some(fork) = &mut self.fork else { return };
        let key = |sealing: &Sealing| match sealing {
            Sealing::Through(key) => Some(key.clone()),
            Sealing::Clear | Sealing::ToRelay | Sealing::Unknown => None,
        };
        let (own, far) = (key(&view.own.sealing), key(&view.far.sealing));
        let keys = match fork.side {
            Side::Caller => SentKeys { a: own, b: far },
            Side::Called => SentKeys { a: far, b: own },
        };
        if fork.unsealed != keys {
            fork.unsealed = keys.clone();
            out.media(control::Command::Unseal { port: fork.port, keys: Box::new(keys) });
        }
    }

    /// Where the streams go that a recorder takes. Where it was offered keys it has to have taken one.
    pub(super) fn protect_as_offered(
        &self,
        taken: [TakenStream; 2],
        out: &mut Outbox,
    ) -> [Option<CopyTo>; 2] {
        let [own, far] = self.keys.as_ref().map_or([&[][..], &[][..]], |[own, far]| [own, far]);
        self.protect(taken, [own, far], out)
    }

    /// The same where these are the lines of which it has to have one.
    pub(super) fn protect(
        &self,
        taken: [TakenStream; 2],
        [own_lines, far_lines]: [&[CryptoLine]; 2],
        out: &mut Outbox,
    ) -> [Option<CopyTo>; 2] {
        let [own, far] = taken;
        let (Some(_), Some(fork)) = (&self.keys, &self.fork) else {
            return [own.to, far.to];
        };
        let own_keys = sdp::chosen(own_lines, &own.keys);
        let far_keys = sdp::chosen(far_lines, &far.keys);
        let to = [own.to.filter(|_| own_keys.is_some()), far.to.filter(|_| far_keys.is_some())];
        // No copy leaves in the clear: one that has no key any more ends first.
        let sides = [(relay_side(fork.side), &own_keys), (relay_side(fork.side).other(), &far_keys)];
        for (side, _) in sides.into_iter().filter(|(_, keys)| keys.is_none()) {
            out.media(control::Command::Copy { port: fork.port, side, to: None });
        }
        let keys = match fork.side {
            Side::Caller => PortKeys { a: own_keys, b: far_keys },
            Side::Called => PortKeys { a: far_keys, b: own_keys },
        };
        out.media(control::Command::Protect { port: fork.port, keys: Box::new(keys) });
        to
    }
}

/// Whether anything that the parties say is encrypted on its way.
fn is_encrypted(view: &RecordedCall) -> bool {
    view.own.is_encrypted() || view.far.is_encrypted()
}
