//! Music that goes out to all who listen: one stream for each source and codec, at an address of its own.
//!
//! A stream runs while somebody hears it, or always where the operator wants that. When its port is lost it gets another one, and
//! nobody has to be told: the address stays. When none can be opened, those who were told of the address are sent music of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use strowger_base::journal::{Alarm, Entry};
use strowger_base::leg::{Service, Tone};
use strowger_base::{CallId, Now, TimerHandle, limits};
use strowger_media::control::{self, Multicast, PortId, PortIds, Report};

use crate::configuration::MusicStream;
use crate::io::Outbox;

/// All streams that go out.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    running: BTreeMap<SocketAddr, Stream>,
    ports: BTreeMap<PortId, SocketAddr>,
    /// When those are tried again that shall always run and do not.
    pub(crate) retry: Option<TimerHandle>,
    /// What shall always run is not what runs.
    stale: bool,
    /// Something that shall always run found its address taken, or no room: looked at anew when a stream ends.
    blocked: bool,
    /// Streams begun, since the start.
    pub(crate) begun: u64,
    /// Parties that were told of one.
    pub(crate) told: u64,
    /// Streams that failed, or were lost.
    pub(crate) failed: u64,
}

#[derive(Debug)]
struct Stream {
    to: Multicast,
    tone: Tone,
    resource: Arc<str>,
    port: PortId,
    open: bool,
    listeners: BTreeSet<CallId>,
    always: bool,
}

/// What a report of a worker means for those who listen.
#[derive(Debug)]
pub(crate) enum Reported {
    /// It is about no stream.
    Other,
    /// Nobody need be told.
    Settled,
    /// The stream is gone; these calls were told of it.
    Gone(BTreeSet<CallId>),
}

impl Streams {
    /// Streams that go out now, or are about to.
    pub(crate) fn len(&self) -> usize {
        self.running.len()
    }

    /// Those of a media resource.
    pub(crate) fn of(&self, resource: &str) -> u32 {
        self.running.values().filter(|stream| &*stream.resource == resource).count() as u32
    }

    /// A call hears a stream from now on. False when it does not go out: something else does at its address, or as many
    /// do as may.
    pub(crate) fn join(
        &mut self,
        wanted: &MusicStream,
        call: CallId,
        ids: &mut PortIds,
        out: &mut Outbox,
    ) -> bool {
        let Some(stream) = self.stream(wanted, ids, out) else { return false };
        stream.listeners.insert(call);
        self.told += 1;
        true
    }

    /// A call hears it no more.
    pub(crate) fn leave(&mut self, address: SocketAddr, call: CallId, out: &mut Outbox) {
        if let Some(stream) = self.running.get_mut(&address) {
            stream.listeners.remove(&call);
        }
        self.end_unheard(out);
    }

    /// What always runs is looked at anew, soon.
    pub(crate) const fn configured(&mut self) {
        self.stale = true;
    }

    /// Lets those run that always shall, and no others that nobody hears.
    pub(crate) fn keep<S>(&mut self, always: impl FnOnce() -> S, ids: &mut PortIds, out: &mut Outbox)
    where
        S: Iterator<Item = MusicStream>,
    {
        if !std::mem::replace(&mut self.stale, false) {
            return;
        }
        let always: Vec<MusicStream> = always().collect();
        for stream in self.running.values_mut() {
            stream.always = always.iter().any(|wanted| stream.is(wanted));
        }
        // First: what was there before may have the addresses of what comes.
        self.end_unheard(out);
        self.blocked = false;
        for wanted in &always {
            match self.stream(wanted, ids, out) {
                Some(stream) => stream.always = true,
                None => self.blocked = true,
            }
        }
    }

    /// Ends all of them.
    pub(crate) fn end(&mut self, out: &mut Outbox) {
        self.running.values_mut().for_each(|stream| stream.always = false);
        self.end_unheard(out);
    }

    /// A worker reports about a port.
    pub(crate) fn reported(
        &mut self,
        now: Now,
        report: &Report,
        ids: &mut PortIds,
        out: &mut Outbox,
    ) -> Reported {
        let (port, reason) = match report {
            Report::Opened { port, .. } => (*port, None),
            Report::Failed { port, reason } => (*port, Some(&**reason)),
            Report::Closed { port, .. } => (*port, Some(LOST)),
            Report::Digit { .. }
            | Report::Talking { .. }
            | Report::Finished { .. }
            | Report::Silent { .. } => return Reported::Other,
        };
        let Some(&address) = self.ports.get(&port) else { return Reported::Other };
        let Some(stream) = self.running.get_mut(&address).filter(|stream| stream.port == port) else {
            // Nobody wanted it any more.
            if reason.is_some() {
                self.ports.remove(&port);
            }
            return Reported::Settled;
        };
        let Some(reason) = reason else {
            stream.open = true;
            out.media(control::Command::Play { port, tone: stream.tone });
            return Reported::Settled;
        };
        self.failed += 1;
        self.ports.remove(&port);
        let alarm = Alarm::MusicStreamFailed { address, reason };
        out.journal(now, None, None, Entry::Alarm(alarm));
        if std::mem::replace(&mut stream.open, false) {
            stream.port = open(stream.to, ids, out);
            self.ports.insert(stream.port, address);
            return Reported::Settled;
        }
        let stream = self.running.remove(&address);
        self.stale |= stream.as_ref().is_some_and(|stream| stream.always);
        stream.map_or(Reported::Settled, |stream| Reported::Gone(stream.listeners))
    }

    /// Whether some that always shall run do not, and are to be tried again.
    pub(crate) const fn wants_retry(&self) -> bool {
        self.stale && self.retry.is_none()
    }

    /// The stream that goes out at this address, which begins now when none does.
    fn stream(&mut self, wanted: &MusicStream, ids: &mut PortIds, out: &mut Outbox) -> Option<&mut Stream> {
        let MusicStream { to, tone, resource } = wanted;
        let address = to.address;
        if !self.running.contains_key(&address) {
            if self.running.len() >= limits::MUSIC_STREAMS {
                return None;
            }
            let port = open(*to, ids, out);
            self.ports.insert(port, address);
            self.begun += 1;
            let (tone, resource) = (*tone, Arc::clone(resource));
            let listeners = BTreeSet::new();
            let stream = Stream { to: *to, tone, resource, port, open: false, listeners, always: false };
            self.running.insert(address, stream);
        }
        self.running.get_mut(&address).filter(|stream| stream.is(wanted))
    }

    fn end_unheard(&mut self, out: &mut Outbox) {
        self.running.retain(|_, stream| {
            let stays = stream.always || !stream.listeners.is_empty();
            if !stays {
                out.media(control::Command::Close { port: stream.port });
            }
            self.stale |= !stays && self.blocked;
            stays
        });
    }
}

impl Stream {
    /// Whether this is what somebody wants.
    fn is(&self, wanted: &MusicStream) -> bool {
        self.tone == wanted.tone && self.to == wanted.to
    }
}

fn open(to: Multicast, ids: &mut PortIds, out: &mut Outbox) -> PortId {
    let port = ids.allocate();
    out.media(control::Command::OpenMulticast { port, service: Service::Sounds, to });
    port
}

/// What is said of a port that was closed and not by us.
const LOST: &str = "its port was lost";
/// When those are tried again that shall always run.
pub(crate) const RETRY: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use strowger_media::codec::Codec;

    use super::*;

    fn wanted(ttl: u8) -> MusicStream {
        let to = Multicast { address: "239.1.1.1:16384".parse().unwrap(), ttl, codec: Codec::Pcmu };
        MusicStream { to, tone: Tone::Music, resource: "music".into() }
    }

    /// What runs always is told anew with another lifetime, also where somebody still hears the old one.
    #[test]
    fn what_always_runs_goes_on_as_it_is_configured_now() {
        let (mut streams, mut out) = (Streams::default(), Outbox::default());
        let mut ids = PortIds::new(strowger_base::ShardId(0), control::PortOwner::CallControl);
        let mut configure = |streams: &mut Streams, ttl: u8| {
            streams.configured();
            streams.keep(|| std::iter::once(wanted(ttl)), &mut ids, &mut Outbox::default());
            streams.running.values().map(|stream| (stream.to.ttl, stream.always)).collect::<Vec<_>>()
        };
        assert_eq!(configure(&mut streams, 1), [(1, true)]);
        assert_eq!(configure(&mut streams, 2), [(2, true)]);
        let call = CallId::new(strowger_base::NodeId(1), strowger_base::ShardId(0), 7);
        let address = wanted(2).to.address;
        streams.running.get_mut(&address).unwrap().listeners.insert(call);
        assert_eq!(configure(&mut streams, 3), [(2, false)]);
        streams.leave(address, call, &mut out);
        assert!(streams.stale, "its place is free");
        streams.stale = false;
        assert_eq!(configure(&mut streams, 3), [(3, true)]);
    }
}
