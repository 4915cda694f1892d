//! What carries the streams of a call beside its first audio stream: each has a relay, or a passage, of its own.

use std::net::SocketAddr;

use strowger_base::journal::StreamMedia;
use strowger_base::limits;
use strowger_media::control::PortId;
use strowger_media::sdp::{self, Carrier, StreamBeside};

use crate::exchange::Side;
use crate::io::Outbox;
use crate::relay::{Ports, peer_of_stream};

/// The carriers of a call. What was opened is closed exactly once.
#[derive(Debug, Default)]
pub(crate) struct Carriers {
    carried: Vec<Carried>,
}

/// A stream that is carried, or was to be.
#[derive(Debug)]
struct Carried {
    /// The number of its `m=` line, which is the same on both sides.
    place: usize,
    carrier: Carrier,
    media: StreamMedia,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The worker was asked.
    Opening(PortId),
    /// It is there.
    Open(Ports),
    /// It could not be opened.
    Missing,
}

/// A stream whose carrier is to be opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Wanted {
    pub(crate) place: usize,
    pub(crate) carrier: Carrier,
    pub(crate) media: StreamMedia,
}

impl Carriers {
    /// The streams of a description that could be carried and are not, as many as there may be.
    pub(crate) fn missing_of(&self, description: &[u8]) -> Vec<Wanted> {
        let wanted = |stream: &StreamBeside<'_>| {
            let carrier = stream.carrier.filter(|carrier| self.of(stream.place, *carrier).is_none())?;
            Some(Wanted { place: stream.place, carrier, media: StreamMedia::of(stream.media) })
        };
        let room = limits::STREAMS_BESIDE.saturating_sub(self.carried.len());
        sdp::streams_beside(description).iter().filter_map(wanted).take(room).collect()
    }

    /// Whether there are as many as may be.
    pub(crate) const fn is_full(&self) -> bool {
        self.carried.len() >= limits::STREAMS_BESIDE
    }

    /// A carrier is being opened.
    pub(crate) fn opening(&mut self, wanted: Wanted, port: PortId) {
        let Wanted { place, carrier, media } = wanted;
        self.carried.push(Carried { place, carrier, media, state: State::Opening(port) });
    }

    /// Whether something waits for a carrier.
    pub(crate) fn is_opening(&self) -> bool {
        self.carried.iter().any(|carried| matches!(carried.state, State::Opening(_)))
    }

    /// Whether this one was asked for and is not there yet.
    pub(crate) fn is_being_opened(&self, port: PortId) -> bool {
        self.carried.iter().any(|carried| matches!(carried.state, State::Opening(opening) if opening == port))
    }

    /// The worker opened a port; whether it is one of these.
    pub(crate) fn opened(&mut self, port: PortId, caller_side: SocketAddr, called_side: SocketAddr) -> bool {
        let Some(carried) = self.on(port) else { return false };
        carried.state = State::Open(Ports::new(port, caller_side, called_side));
        true
    }

    /// The worker could not open a port; which stream does without.
    pub(crate) fn failed(&mut self, port: PortId) -> Option<StreamMedia> {
        let carried = self.on(port)?;
        carried.state = State::Missing;
        Some(carried.media)
    }

    /// The worker did not open these in time: they are not waited for any more, and are to be closed.
    pub(crate) fn late(&mut self) -> Vec<(PortId, StreamMedia)> {
        let late = self.carried.iter_mut().filter_map(|carried| {
            let State::Opening(port) = carried.state else { return None };
            carried.state = State::Missing;
            Some((port, carried.media))
        });
        late.collect()
    }

    /// What could not be opened is asked for again when it is wanted.
    pub(crate) fn forget_missing(&mut self) {
        self.carried.retain(|carried| !matches!(carried.state, State::Missing));
    }

    /// A port that was open is gone; which stream it carried.
    pub(crate) fn lost(&mut self, port: PortId) -> Option<StreamMedia> {
        let index = self.carried.iter().position(|carried| carried.state.port() == Some(port))?;
        Some(self.carried.swap_remove(index).media)
    }

    /// These streams are agreed, and no others: the ports that are not used any more, to be closed.
    pub(crate) fn keep(&mut self, agreed: &[StreamBeside<'_>]) -> Vec<PortId> {
        let is_agreed = |carried: &Carried| {
            agreed.iter().any(|stream| {
                (Some(carried.carrier), carried.place) == (stream.carrier, stream.place)
                    && matches!(carried.state, State::Open(_))
            })
        };
        let closed = self.carried.extract_if(.., |carried| !is_agreed(carried));
        closed.filter_map(|carried| carried.state.port()).collect()
    }

    /// All ports, to be closed.
    pub(crate) fn take(&mut self) -> Vec<PortId> {
        std::mem::take(&mut self.carried).into_iter().filter_map(|carried| carried.state.port()).collect()
    }

    /// All ports, with what they carry.
    pub(crate) fn ports(&self) -> impl Iterator<Item = PortId> {
        self.carried.iter().filter_map(|carried| carried.state.port())
    }

    /// Where the carried ones of these streams lead a side, by their places.
    pub(crate) fn addresses_for(&self, side: Side, streams: &[StreamBeside<'_>]) -> Vec<(usize, SocketAddr)> {
        let address = |stream: &StreamBeside<'_>| match self.of(stream.place, stream.carrier?)?.state {
            State::Open(ports) => Some((stream.place, ports.told_to(side))),
            State::Opening(_) | State::Missing => None,
        };
        streams.iter().filter_map(address).collect()
    }

    /// Whether no ports were to be had for a stream.
    pub(crate) fn is_missing(&self, stream: &StreamBeside<'_>) -> bool {
        let carried = stream.carrier.and_then(|carrier| self.of(stream.place, carrier));
        carried.is_some_and(|carried| matches!(carried.state, State::Missing))
    }

    /// `side` wrote this description: the carriers send there from now on.
    pub(crate) fn direct(&mut self, side: Side, description: &[u8], out: &mut Outbox) {
        if self.carried.is_empty() {
            return;
        }
        for stream in sdp::streams_beside(description) {
            let Some(peer) = peer_of_stream(&stream) else { continue };
            let is_it = |carried: &&mut Carried| {
                (carried.place, Some(carried.carrier)) == (stream.place, stream.carrier)
            };
            if let Some(Carried { state: State::Open(ports), .. }) = self.carried.iter_mut().find(is_it) {
                ports.direct(side, peer, out);
            }
        }
    }

    fn of(&self, place: usize, carrier: Carrier) -> Option<&Carried> {
        self.carried.iter().find(|carried| (carried.place, carried.carrier) == (place, carrier))
    }

    fn on(&mut self, port: PortId) -> Option<&mut Carried> {
        self.carried.iter_mut().find(|carried| carried.state.port() == Some(port))
    }
}

impl State {
    const fn port(&self) -> Option<PortId> {
        match self {
            State::Opening(port) => Some(*port),
            State::Open(ports) => Some(ports.port),
            State::Missing => None,
        }
    }
}
