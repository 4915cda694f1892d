//! A node with phones that speak SCCP and others that speak SIP.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use strowger_base::net::{Protocol, StreamId, Transport};
use strowger_media::control::{Command, Report};
use strowger_media::statistics::PortStatistics;
use strowger_node::configuration::{Line, LineSecret, PhoneDraft, StationDraft};
use strowger_node::{Draft, Input};
use strowger_phones::skinny::phone::Skinny;
use strowger_sccp::Text;
use strowger_sccp::station::device::{Assignment, Device, Line as DeviceLine};

use crate::world::{World, draft};

/// Lines 1001 to 1003 with SIP phones, 2001 to 2003 with SCCP phones.
pub(crate) fn mixed() -> Draft {
    let mut draft = draft();
    for (number, name) in [("2001", "Zoë"), ("2002", "Yves"), ("2003", "Xena")] {
        let phone = PhoneDraft::new(&device(number), LineSecret::Station);
        draft.lines.push(Line::on(number, name, vec![phone]));
        draft.stations.stations.push(station(number, &[(number, name)]));
    }
    draft
}

/// The phone of a line.
pub(crate) fn device(number: &str) -> String {
    format!("SEP00112233{number}")
}

/// An SCCP phone with these lines, by number and name.
pub(crate) fn station(number: &str, lines: &[(&str, &str)]) -> StationDraft {
    let button = |(number, name): &(&str, &str)| {
        let (number, name) = (Text::from(*number), Text::from(*name));
        Assignment::Line(DeviceLine { label: number.clone(), number, name, ..DeviceLine::default() })
    };
    StationDraft {
        name: device(number).into(),
        device: Arc::new(Device { buttons: lines.iter().map(button).collect(), ..Device::default() }),
        lines: lines.iter().map(|(number, _)| (*number).into()).collect(),
    }
}

/// The SCCP phones of a world, by their connections.
pub(crate) struct Skinnies {
    pub(crate) phones: BTreeMap<u64, Skinny>,
}

impl Skinnies {
    pub(crate) const fn new() -> Self {
        Skinnies { phones: BTreeMap::new() }
    }

    /// A phone comes over a connection of its own.
    pub(crate) fn comes(&mut self, world: &mut World, stream: u64, number: &str, version: u8) {
        self.connects(world, stream, Skinny::new(&device(number), version, [192, 0, 2, stream as u8]));
    }

    /// This phone does, for the first time or once more.
    pub(crate) fn connects(&mut self, world: &mut World, stream: u64, mut phone: Skinny) {
        phone.connects();
        let peer: SocketAddr = (phone.ip, 49_152).into();
        let local: SocketAddr = ([192, 0, 2, 1], 2000).into();
        let (stream_id, transport) = (StreamId(stream), Transport::Tcp);
        let input =
            Input::StreamOpened { stream: stream_id, protocol: Protocol::Sccp, transport, local, peer };
        world.input(input);
        self.phones.insert(stream, phone);
        self.settle(world);
    }

    /// A phone's user does something.
    #[track_caller]
    pub(crate) fn does(&mut self, world: &mut World, stream: u64, act: impl FnOnce(&mut Skinny)) {
        act(self.phones.get_mut(&stream).expect("a phone"));
        self.settle(world);
    }

    /// A phone's user presses a soft key, which must be there.
    #[track_caller]
    pub(crate) fn presses(&mut self, world: &mut World, stream: u64, key: &str) {
        let phone = self.phones.get_mut(&stream).expect("a phone");
        assert!(phone.presses(key), "{} has no key {key}: {:?}", phone.name, phone.calls);
        self.settle(world);
    }

    /// Its connection breaks; the phone itself goes on, with the call in which its user talks.
    pub(crate) fn is_cut(&mut self, world: &mut World, stream: u64) -> Skinny {
        let mut phone = self.phones.remove(&stream).expect("a phone");
        world.input(Input::StreamClosed { stream: StreamId(stream) });
        self.settle(world);
        phone.forgets();
        phone
    }

    /// Everything that was said is heard, and the media workers do what they are told.
    #[track_caller]
    pub(crate) fn settle(&mut self, world: &mut World) {
        loop {
            for command in std::mem::take(&mut world.media) {
                match command {
                    Command::OpenEndpoint { port, .. } => {
                        let a = SocketAddr::from(([192, 0, 2, 1], 30_000));
                        world.input(Input::Media(Report::Opened { port, a, b: None }));
                    }
                    Command::OpenMulticast { port, .. } => {
                        let a = SocketAddr::from(([192, 0, 2, 1], 31_000));
                        world.input(Input::Media(Report::Opened { port, a, b: None }));
                    }
                    Command::Close { port } => {
                        let statistics = Box::new(PortStatistics::default());
                        world.input(Input::Media(Report::Closed { port, statistics }));
                    }
                    _ => {}
                }
            }
            for (stream, bytes) in std::mem::take(&mut world.streams) {
                if let Some(phone) = self.phones.get_mut(&stream.0) {
                    phone.hears(&bytes);
                    assert_eq!(phone.complaint, None, "{}", phone.name);
                }
            }
            let said = self.phones.iter_mut().find(|(_, phone)| !phone.sends.is_empty());
            let Some((stream, phone)) = said else {
                if world.streams.is_empty() && world.media.is_empty() {
                    return;
                }
                continue;
            };
            let (stream, bytes) = (StreamId(*stream), std::mem::take(&mut phone.sends));
            world.input(Input::StreamBytes { stream, bytes: &bytes });
        }
    }

    #[track_caller]
    pub(crate) fn phone(&self, stream: u64) -> &Skinny {
        &self.phones[&stream]
    }

    /// What a phone shows.
    pub(crate) fn shows(&self, stream: u64) -> String {
        self.phone(stream).display().join(", ")
    }
}
