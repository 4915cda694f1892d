//! What a recorder asks for by itself: another address or other keys, a pause, or to be told everything again.

use strowger_base::journal::RecordingNews;
use strowger_base::{Cause, Command, LegId, Media, Now, SessionDescription};
use strowger_media::sdp::{self, CryptoLine, TakenStream};

use super::keys::OwnKeys;
use super::session::{After, Recorder, Recording};
use super::telling::Told;
use crate::call::RecordedCall;
use crate::io::Outbox;
use crate::shared::Shared;

impl Recording {
    /// The recorder offers a change of the session: of its side it decides, of what is sent this side does (RFC 3264 §8).
    pub(super) fn asked_for(
        &mut self,
        now: Now,
        offer: &SessionDescription,
        view: Option<&RecordedCall>,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> After {
        let Some(leg) = self.leg() else { return After::GoesOn };
        let (Recorder::Runs(_), Some(told)) = (self.recorder, &self.told) else {
            // What it was offered has no answer yet.
            return self.cannot(now, leg, Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE, out);
        };
        let (ours, flows) = (told.offer.clone(), told.flows());
        let mut taken = sdp::answer_of_recorder(offer.as_bytes());
        let (lines, keys) = self.keys_for(&mut taken, shared);
        let origin = |version| self.origin(version, shared);
        let write = |version| sdp::answer_to_recorder(&origin(version), &ours, offer.as_bytes(), &lines);
        // Nothing leaves in the clear that was not to.
        let without_key = |(stream, line): (&TakenStream, &Option<CryptoLine>)| {
            self.keys.is_some() && stream.to.is_some() && line.is_none()
        };
        let same = write(self.version);
        let (Some(same), false) = (same, taken.iter().zip(&lines).any(without_key)) else {
            return self.cannot(now, leg, Cause::INCOMPATIBLE_DESTINATION, out);
        };
        let answer = match self.said.as_ref() == Some(&same) {
            true => same,
            false => write(self.version + 1).unwrap_or(same),
        };
        if self.said.as_ref() != Some(&answer) {
            self.version += 1;
            self.said = Some(answer.clone());
        }
        out.command(leg, Command::Media(Media::Answer(answer)));
        // Not before: what is refused leaves the session as it was (RFC 3261 §14.1).
        self.keys = keys;
        // With keys made for this what it would be offered is another; it knows that already.
        if let (Some(view), Some(from)) = (view, self.fork.as_ref().and_then(|fork| fork.from)) {
            let offer = self.offer(view, from, 0, shared);
            self.told = self.told.take().map(|told| Told { offer, ..told });
        }
        self.takes(now, (taken, lines), flows, view, shared, out);
        After::GoesOn
    }

    /// What it takes of the two streams from here on.
    fn takes(
        &mut self,
        now: Now,
        (taken, lines): ([TakenStream; 2], [Option<CryptoLine>; 2]),
        flows: bool,
        view: Option<&RecordedCall>,
        shared: &mut Shared,
        out: &mut Outbox,
    ) {
        let [own_line, far_line] = &lines;
        let [own, far] = self.protect(taken, [own_line.as_slice(), far_line.as_slice()], out);
        let to = if flows { [own, far] } else { [None, None] };
        let before = (self.copied, self.is_paused);
        self.copy(to, out);
        if !flows {
            return;
        }
        self.is_paused = to == [None, None];
        if self.is_paused {
            if !before.1 {
                self.news(now, RecordingNews::Paused, out);
            }
            return self.stop_tones(shared, out);
        }
        // What it did not take before, it takes now.
        (self.refused, self.refusals) = (false, 0);
        self.cancel_timer(shared);
        // One that was not ready when it answered, is now.
        if !self.begins(now, to, out) && before != (to, false) {
            let [own, far] = to.map(|to| to.map(|to| to.remote));
            self.news(now, RecordingNews::Moved { own, far }, out);
        }
        if let Some(view) = view {
            self.warn_parties(now, view, shared, out);
        }
    }

    fn cannot(&self, now: Now, leg: LegId, cause: Cause, out: &mut Outbox) -> After {
        self.news(now, RecordingNews::ChangeRefused(cause), out);
        out.command(leg, Command::RefuseMedia(cause));
        After::GoesOn
    }

    /// Our key for each stream that the recorder gives keys of, whose first one is left alone in `taken`. A key of another suite than before is
    /// the only one once that is answered: none is used again that was given up (RFC 3711 §9.1). Returns what is answered, and what is ours then.
    fn keys_for(
        &self,
        taken: &mut [TakenStream; 2],
        shared: &mut Shared,
    ) -> ([Option<CryptoLine>; 2], Option<OwnKeys>) {
        let mut keys = self.keys.clone();
        let (Some(own), Some(source)) = (&mut keys, &mut shared.key_source) else {
            return ([None, None], keys);
        };
        let mut lines = own.iter_mut().zip(taken).map(|(own, stream)| {
            stream.keys.truncate(1);
            let theirs = stream.keys.first()?;
            let suite = theirs.material.suite();
            let known = own.iter().find(|line| line.material.suite() == suite).cloned();
            let line = known.unwrap_or_else(|| CryptoLine { tag: 1, material: source.next_key(suite) });
            *own = vec![line.clone()];
            Some(CryptoLine { tag: theirs.tag, ..line })
        });
        let lines = [lines.next().flatten(), lines.next().flatten()];
        (lines, keys)
    }

    /// The recorder wants to be offered something, without an offer of its own.
    pub(super) fn offer_asked(
        &mut self,
        now: Now,
        view: Option<&RecordedCall>,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> After {
        let Some(leg) = self.leg() else { return After::GoesOn };
        let is_open = self.fork.as_ref().is_some_and(|fork| fork.from.is_some());
        match (self.recorder, view) {
            (Recorder::Runs(_), Some(view)) if is_open => self.tell_again(now, Some(view), shared, out),
            _ => self.cannot(now, leg, Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE, out),
        }
    }

    /// The recorder wants to be told everything again, or is as soon as what is under way has ended (RFC 7866 §9.2).
    pub(super) fn tell_again(
        &mut self,
        now: Now,
        view: Option<&RecordedCall>,
        shared: &mut Shared,
        out: &mut Outbox,
    ) -> After {
        self.again = true;
        view.map_or(After::GoesOn, |view| self.tell(now, view, shared, out))
    }
}
