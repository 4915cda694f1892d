//! One leg that tells a party where it hears what goes out to all who listen: offers and answers, and no media of its own.

use std::net::SocketAddr;

use strowger_base::leg::{
    Command, Media, MulticastDirection, Party, Presentation, ReleaseReason, Ring, Service, Signal,
};
use strowger_base::{Cause, LegId, SessionDescription};

use super::{Ended, Outbox, cause_of, name_of, refuse_for_now};
use crate::codec::Codec;
use crate::control::Multicast;
use crate::negotiate;
use crate::sdp::{Direction, Origin, Session};

/// A leg about a multicast stream.
#[derive(Debug)]
pub(super) struct GroupLeg {
    to: Multicast,
    direction: Direction,
    origin: Origin,
    /// What we last sent. Its version rises only when the next one differs (RFC 3264 §8).
    described: Option<SessionDescription>,
    state: State,
}

/// Where offer and answer stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// The party was told, and its answer is owed.
    Offered,
    /// Nothing is owed.
    Settled,
}

/// A stream that goes out, as [`Service::Multicast`] names it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    pub(super) address: SocketAddr,
    pub(super) ttl: u8,
    pub(super) payload_type: u8,
    pub(super) direction: MulticastDirection,
}

impl GroupLeg {
    /// A leg that offers at once; `None` for a payload type that means no codec.
    pub(super) fn ring(
        told: Told,
        leg: LegId,
        ring: &Ring,
        session_id: u64,
        out: &mut Outbox,
    ) -> Option<GroupLeg> {
        let codec = Codec::from_static(told.payload_type)?;
        let to = Multicast { address: told.address, ttl: told.ttl, codec };
        let direction = match told.direction {
            MulticastDirection::ReceiveOnly => Direction::ReceiveOnly,
            MulticastDirection::SendOnly => Direction::SendOnly,
        };
        let origin = Origin { session_id, version: 1, address: told.address.ip() };
        let mut group = GroupLeg { to, direction, origin, described: None, state: State::Offered };
        let Told { address, ttl, payload_type, direction } = told;
        let connected = Party {
            number: ring.called.clone(),
            name: name_of(Service::Multicast { address, ttl, payload_type, direction }).into(),
            presentation: Presentation::Allowed,
        };
        let offer = group.offer();
        out.signal(leg, Signal::Answered { media: Media::Offer(offer), connected });
        Some(group)
    }

    /// A command other than ring and release.
    pub(super) fn command(&mut self, leg: LegId, command: Command, out: &mut Outbox) -> Ended {
        match self.state {
            State::Offered => match command {
                Command::Media(Media::Answer(answer)) => {
                    self.state = State::Settled;
                    if takes(&answer) { Ended::No } else { Self::refused() }
                }
                Command::RefuseMedia(_) => Self::refused(),
                // Two offers crossed (RFC 3264 §14.2).
                Command::Media(Media::Offer(_)) | Command::RequestMedia => refuse_for_now(leg, out),
                other => self.ignore(leg, &other),
            },
            State::Settled => match command {
                Command::Media(Media::Offer(offer)) => self.answer(leg, &offer, out),
                Command::RequestMedia => {
                    let offer = self.offer();
                    out.signal(leg, Signal::Media(Media::Offer(offer)));
                    self.state = State::Offered;
                    Ended::No
                }
                Command::Media(Media::Answer(_)) | Command::RefuseMedia(_) => Ended::No,
                other => self.ignore(leg, &other),
            },
        }
    }

    /// The party does not listen there.
    fn refused() -> Ended {
        let cause = Cause::BEARER_CAPABILITY_NOT_IMPLEMENTED;
        Ended::Now { cause, reason: ReleaseReason::Refused(cause.sip_status()) }
    }

    fn offer(&mut self) -> SessionDescription {
        let first = negotiate::offer_multicast(&self.origin, &self.to, self.direction);
        self.told(first, |leg| negotiate::offer_multicast(&leg.origin, &leg.to, leg.direction))
    }

    fn answer(&mut self, leg: LegId, offer: &SessionDescription, out: &mut Outbox) -> Ended {
        let write = |group: &Self| {
            negotiate::answer_multicast(offer.as_bytes(), &group.origin, &group.to, group.direction)
        };
        match write(self) {
            Ok(first) => {
                let answer = self.told(first, |group| write(group).unwrap_or_else(|_| group.sent()));
                out.signal(leg, Signal::Media(Media::Answer(answer)));
            }
            Err(error) => out.signal(leg, Signal::MediaRefused(cause_of(&error))),
        }
        Ended::No
    }

    fn sent(&self) -> SessionDescription {
        self.described.clone().unwrap_or_else(|| SessionDescription::new(b""))
    }

    /// Counts the version up, and writes anew, when `first` differs from what was said last.
    fn told(
        &mut self,
        first: SessionDescription,
        again: impl FnOnce(&Self) -> SessionDescription,
    ) -> SessionDescription {
        let told = match &self.described {
            Some(last) if *last != first => {
                self.origin.version += 1;
                again(self)
            }
            Some(_) | None => first,
        };
        self.described = Some(told.clone());
        told
    }

    /// Commands that mean nothing to it in any state.
    fn ignore(&self, leg: LegId, command: &Command) -> Ended {
        match command {
            // It plays and shows nothing.
            Command::Media(Media::None)
            | Command::Tone(_)
            | Command::ShowParty(_)
            | Command::ShowRecording(_)
            | Command::Digit(_)
            | Command::TransferResult(_)
            | Command::FeatureAnswer(_)
            | Command::ShowParticipants(_)
            | Command::TransferEnded(_)
            | Command::RequestTransfer(_) => {}
            Command::CollectDigits
            | Command::KeysBy(_)
            | Command::Records(..)
            | Command::StopCollecting
            | Command::Mute(_)
            | Command::Alert { .. }
            | Command::Answer { .. }
            | Command::Ring(_)
            | Command::Media(_)
            | Command::RequestMedia
            | Command::RefuseMedia(_)
            | Command::Release(_) => {
                strowger_base::never!("{leg}: a multicast stream cannot take {command:?}");
            }
        }
        Ended::No
    }
}

/// Whether the party took the stream.
fn takes(answer: &SessionDescription) -> bool {
    Session::parse(answer.as_bytes()).is_ok_and(|session| session.audio().is_some())
}
