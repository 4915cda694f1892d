//! The conferences of a media thread.
//!
//! A conference begins with its first seat and ends with its last one: there is nothing else to open and to close, and so nothing that can be
//! left behind.

use std::collections::BTreeMap;

use strowger_base::leg::{Service, Tone};
use strowger_base::{ConferenceId, Instant, Now, TimerHandle, limits};

use super::{Due, Outbox, Port, Worker};
use crate::conference::{Conference, FRAME_MS, TALKING_INTERVAL};
use crate::control::PortId;

/// All of them.
pub(super) type Conferences = BTreeMap<ConferenceId, Room>;

/// A conference with those who sit in it.
#[derive(Debug)]
pub(super) struct Room {
    conference: Conference,
    /// In the order in which they came, those whose sockets are still being opened included.
    seats: Vec<PortId>,
    /// When it ticks next.
    next: Instant,
    timer: TimerHandle,
    ticks: u64,
}

impl Worker {
    /// Gives a port its seat, when it is to have one.
    ///
    /// # Errors
    /// When the conference is full.
    pub(super) fn sit(&mut self, now: Instant, port: PortId, service: Service) -> Result<(), &'static str> {
        let Some((id, seats_max)) = room_of(service) else { return Ok(()) };
        let timers = &mut self.timers;
        let room = self.conferences.entry(id).or_insert_with(|| Room {
            conference: Conference::new(),
            seats: Vec::new(),
            next: now + FRAME,
            timer: timers.set(now + FRAME, Due::Conference(id)),
            ticks: 0,
        });
        if room.seats.len() >= seats_max {
            return Err("the conference has all the seats that it may have");
        }
        room.seats.push(port);
        Ok(())
    }

    /// Takes the seat of a port away, when it had one.
    pub(super) fn stand_up(&mut self, port: PortId, service: Service) {
        let Some((id, _)) = room_of(service) else { return };
        let Some(room) = self.conferences.get_mut(&id) else { return };
        room.seats.retain(|seat| *seat != port);
        if room.seats.is_empty() {
            self.timers.cancel(room.timer);
            self.conferences.remove(&id);
        }
    }

    /// Lets everybody hear a tone who sits in the conference of this port.
    pub(super) fn play_to_all(&mut self, id: ConferenceId, tone: Tone) {
        if let Some(room) = self.conferences.get_mut(&id) {
            room.conference.play(tone);
        }
    }

    /// Everybody says something, and everybody hears something.
    pub(super) fn tick(&mut self, now: Now, id: ConferenceId, out: &mut Outbox) {
        let Some(room) = self.conferences.get_mut(&id) else { return };
        // After a stall of the thread it goes on from now; what waits is for the jitter buffers to sort out.
        if now.mono.saturating_since(room.next) > CATCH_UP_MAX {
            room.next = now.mono;
        }
        while room.next <= now.mono {
            room.next += FRAME;
            room.ticks += 1;
            let (conference, ports) = (&mut room.conference, &mut self.ports);
            conference.begin();
            let mut each = |act: &mut dyn FnMut(usize, &mut super::Endpoint)| {
                for (place, port) in room.seats.iter().enumerate() {
                    if let Some(Port::Endpoint { endpoint, .. }) = ports.get_mut(port) {
                        act(place, endpoint);
                    }
                }
            };
            each(&mut |place, endpoint| endpoint.listen(now.mono, place, conference));
            conference.choose();
            each(&mut |place, endpoint| endpoint.add(place, conference));
            each(&mut |_, endpoint| endpoint.speak(now, conference, out));
            if room.ticks.is_multiple_of(TICKS_BETWEEN_REPORTS) {
                each(&mut |_, endpoint| endpoint.tell_talking(out));
            }
        }
        room.timer = self.timers.set(room.next, Due::Conference(id));
    }
}

/// Where a service has a seat, and how many there may be at most.
const fn room_of(service: Service) -> Option<(ConferenceId, usize)> {
    match service {
        Service::Conference(id) => Some((id, limits::CONFERENCE_SEATS)),
        Service::Page { page, .. } => Some((page, limits::PAGE_SEATS)),
        Service::Echo
        | Service::Announcement
        | Service::Annunciator(_)
        | Service::Prompt
        | Service::Sounds
        | Service::Multicast { .. }
        | Service::Confirmation => None,
    }
}

const FRAME: std::time::Duration = std::time::Duration::from_millis(FRAME_MS as u64);
/// A thread that was away for longer does not send all of it at once.
const CATCH_UP_MAX: std::time::Duration = std::time::Duration::from_millis(100);
const TICKS_BETWEEN_REPORTS: u64 = TALKING_INTERVAL.as_millis() as u64 / FRAME_MS as u64;
