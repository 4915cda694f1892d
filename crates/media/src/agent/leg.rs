//! One leg of a service: offer and answer, from ringing to the end.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use strowger_base::leg::{
    Alert, Command, Media, Mute, PageSeat, Party, Presentation, ReleaseReason, Ring, Service, Signal,
    SrtpOffer, Tone,
};
use strowger_base::{Cause, LegId, SessionDescription};

use super::{Ended, Outbox, cause_of, name_of, offer_of, refuse_for_now};
use crate::codec::Codec;
use crate::control::{self, PortId, Talking};
use crate::negotiate::{self, Agreed, LocalMedia, NegotiateError, PTIME_DEFAULT_MS};
use crate::sdp::{Direction, Origin, Wish};
use crate::srtp::{KeyMaterial, SrtpKeys};

/// A leg of a service.
#[derive(Debug)]
pub(super) struct ServiceLeg {
    port: PortId,
    service: Service,
    /// What it plays, when it plays what it is told.
    tone: Tone,
    mute: Mute,
    /// Whether something is heard of the other side, in a conference.
    talking: Talking,
    called: Box<str>,
    origin: Origin,
    address: SocketAddr,
    /// What we last sent. Its version rises only when the next one differs (RFC 3264 §8).
    described: Option<SessionDescription>,
    /// Whether the other side shall send media: not while it holds, and not when it wants to hear only.
    hears: bool,
    /// Our keys for this leg, one for each suite.
    keys: Box<[KeyMaterial]>,
    /// Whether its port is the one that the other side knows.
    place: Place,
    /// How often its port was lost.
    losses: u8,
    /// What offers of ours say about keys: what was agreed last.
    offers: Wish,
    protected_by: Option<SrtpKeys>,
    /// What it speaks where its port is at a device, without SRTP.
    at_device: Option<Vec<Codec>>,
    state: State,
}

/// Whether the other side knows where a leg hears and sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// It does, or will by what it is told first.
    Known,
    /// The port was lost, and another one is being opened.
    Moves,
    /// Another one is open, and the other side is told when nothing is open between the two.
    Moved,
}

/// Where offer and answer stand.
#[derive(Debug)]
enum State {
    /// The worker opens the port; the offer of the ring waits, or none came.
    Opening { offer: Option<SessionDescription> },
    /// Answered with an offer of ours; the call has no media yet (delayed offer).
    FirstOffered { offer: SessionDescription },
    /// Media is agreed and nothing is owed.
    Connected,
    /// Media is agreed, and we were asked for a new offer whose answer is owed.
    Reoffered { offer: SessionDescription },
}

impl ServiceLeg {
    pub(super) fn new(
        port: PortId,
        service: Service,
        ring: Ring,
        session_id: u64,
        keys: Box<[KeyMaterial]>,
    ) -> Self {
        let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        ServiceLeg {
            port,
            service,
            tone: if service == Service::Prompt { Tone::ZipZip } else { Tone::Silence },
            mute: Mute::Off,
            talking: Talking::No,
            called: ring.called,
            origin: Origin { session_id, version: 1, address: nowhere },
            address: SocketAddr::new(nowhere, 0),
            described: None,
            hears: false,
            keys,
            place: Place::Known,
            losses: 0,
            offers: match ring.srtp {
                SrtpOffer::Clear => Wish::Clear,
                SrtpOffer::Beside => Wish::Optional,
                SrtpOffer::Alone => Wish::Required,
            },
            protected_by: None,
            at_device: None,
            state: State::Opening { offer: offer_of(ring.media) },
        }
    }

    pub(super) const fn port(&self) -> PortId {
        self.port
    }

    /// Its port will be at a device, which speaks this.
    pub(super) fn is_at_device(&mut self, codecs: Vec<Codec>) {
        self.at_device = Some(codecs);
    }

    /// The port is open at `address`: answer the call.
    pub(super) fn opened(&mut self, leg: LegId, address: SocketAddr, out: &mut Outbox) -> Ended {
        if self.place == Place::Moves {
            self.moved(leg, address, out);
            return Ended::No;
        }
        let State::Opening { offer } = &mut self.state else {
            strowger_base::never!("{leg}: port {:?} opened twice", self.port);
            return Ended::No;
        };
        let offer = offer.take();
        self.address = address;
        self.origin.address = address.ip();
        self.play(out);
        if self.mute == Mute::On {
            out.media(control::Command::Mute { port: self.port, mute: Mute::On });
        }
        let connected = Party {
            number: self.called.clone(),
            name: name_of(self.service).into(),
            presentation: Presentation::Allowed,
        };
        let early = matches!(self.service, Service::Annunciator(_) | Service::Prompt);
        match offer {
            Some(offer) => match self.answer(&offer) {
                Ok((answer, agreed)) => {
                    let media = Media::Answer(answer);
                    out.signal(
                        leg,
                        if early {
                            Signal::Alerting { alert: Alert::Progress, media }
                        } else {
                            Signal::Answered { media, connected }
                        },
                    );
                    self.connect(agreed, out);
                    self.state = State::Connected;
                    Ended::No
                }
                Err(error) => {
                    let cause = cause_of(&error);
                    Ended::Now { cause, reason: ReleaseReason::Refused(cause.sip_status()) }
                }
            },
            None => {
                let offer = self.offer();
                let media = Media::Offer(offer.clone());
                out.signal(
                    leg,
                    if early {
                        // It never answers the call: what it offers is answered before (RFC 3262 §5).
                        Signal::Alerting { alert: Alert::Progress, media }
                    } else {
                        Signal::Answered { media, connected }
                    },
                );
                self.state = State::FirstOffered { offer };
                Ended::No
            }
        }
    }

    /// Its port is lost: this one takes its place, where what it does can go on there. A leg that is not answered yet is answered when
    /// this one is open, as it would have been before.
    pub(super) fn moves(&mut self, port: PortId) -> (Service, Ended) {
        let service = self.service;
        let has_begun = !matches!(self.state, State::Opening { .. });
        let goes_on = match service {
            Service::Echo | Service::Sounds | Service::Conference(_) | Service::Page { .. } => true,
            // They are over in a moment, and would begin anew.
            Service::Announcement
            | Service::Annunciator(_)
            | Service::Prompt
            | Service::Confirmation
            | Service::Multicast { .. } => !has_begun,
        };
        self.losses += 1;
        if !goes_on || self.losses > LOSSES_MAX {
            let cause = Cause::RESOURCE_UNAVAILABLE;
            let refused = ReleaseReason::Refused(cause.sip_status());
            let reason = if has_begun { ReleaseReason::HungUp } else { refused };
            return (service, Ended::Now { cause, reason });
        }
        // The next one is at a worker, unless that is told.
        (self.port, self.talking, self.at_device) = (port, Talking::No, None);
        if has_begun {
            self.place = Place::Moves;
        }
        (service, Ended::No)
    }

    /// The port that takes the place of a lost one is open: the other side is told, as soon as that is its turn.
    fn moved(&mut self, leg: LegId, address: SocketAddr, out: &mut Outbox) {
        (self.address, self.origin.address, self.place) = (address, address.ip(), Place::Moved);
        // The new port knows nothing of keys.
        self.protected_by = None;
        self.play(out);
        if self.mute == Mute::On {
            out.media(control::Command::Mute { port: self.port, mute: Mute::On });
        }
        self.tell_place(leg, out);
    }

    /// Offers its new port, where nothing is open.
    fn tell_place(&mut self, leg: LegId, out: &mut Outbox) {
        if self.place == Place::Moved && matches!(self.state, State::Connected) {
            self.place = Place::Known;
            let offer = self.offer();
            out.signal(leg, Signal::Media(Media::Offer(offer.clone())));
            self.state = State::Reoffered { offer };
        }
    }

    /// Nothing has come for too long: who should send has gone without hanging up.
    pub(super) const fn silent(&self) -> Ended {
        let is_lost = match self.service {
            Service::Echo | Service::Announcement | Service::Confirmation => self.hears,
            // Who waits may be as silent as it likes, and so may who listens to a conference with its microphone off. Before an
            // answer many send nothing at all.
            Service::Sounds | Service::Conference(_) | Service::Annunciator(_) | Service::Prompt => false,
            // Who listens to a page sends nothing; when who talks is gone, it would never end.
            Service::Page { .. } => self.service.is_talker(),
            Service::Multicast { .. } => false,
        };
        if is_lost {
            Ended::Now { cause: Cause::RECOVERY_ON_TIMER_EXPIRY, reason: ReleaseReason::HungUp }
        } else {
            Ended::No
        }
    }

    /// What it shall play.
    pub(super) fn set_tone(&mut self, tone: Tone, out: &mut Outbox) {
        self.tone = tone;
        if !matches!(self.state, State::Opening { .. }) {
            self.play(out);
        }
    }

    /// Whether the others of its conference hear it. Before it is open, that waits.
    fn set_mute(&mut self, mute: Mute, out: &mut Outbox) {
        if self.mute != mute && !matches!(self.state, State::Opening { .. }) {
            out.media(control::Command::Mute { port: self.port, mute });
        }
        self.mute = mute;
    }

    /// The worker says whether it hears something.
    pub(super) const fn set_talking(&mut self, talking: Talking) {
        self.talking = talking;
    }

    /// Whether something is heard of the other side.
    pub(super) const fn talking(&self) -> Talking {
        self.talking
    }

    fn play(&self, out: &mut Outbox) {
        if matches!(self.service, Service::Sounds | Service::Prompt) {
            out.media(control::Command::Play { port: self.port, tone: self.tone });
        }
    }

    /// A command other than ring and release.
    pub(super) fn command(&mut self, leg: LegId, command: Command, out: &mut Outbox) -> Ended {
        let ended = self.commanded(leg, command, out);
        if ended == Ended::No {
            self.tell_place(leg, out);
        }
        ended
    }

    fn commanded(&mut self, leg: LegId, command: Command, out: &mut Outbox) -> Ended {
        if let (Service::Sounds | Service::Prompt, &Command::Tone(tone)) = (self.service, &command) {
            self.set_tone(tone, out);
            return Ended::No;
        }
        if let (Service::Conference(_), &Command::Tone(tone)) = (self.service, &command) {
            // Before the answer there is nobody here to hear it.
            if !matches!(self.state, State::Opening { .. }) {
                out.media(control::Command::Play { port: self.port, tone });
            }
            return Ended::No;
        }
        if let (Service::Conference(_), &Command::Mute(mute)) = (self.service, &command) {
            self.set_mute(mute, out);
            return Ended::No;
        }
        match &self.state {
            State::Opening { .. } => match command {
                // Not answered yet, so nothing can be changed yet; whoever offers is owed a refusal.
                Command::Media(Media::Offer(_)) | Command::RequestMedia => refuse_for_now(leg, out),
                Command::Media(Media::Answer(_) | Media::None) | Command::RefuseMedia(_) => Ended::No,
                other => self.ignore(leg, &other),
            },
            State::FirstOffered { offer } => match command {
                Command::Media(Media::Answer(answer)) => {
                    let agreed = negotiate::complete(offer.as_bytes(), answer.as_bytes());
                    self.completed(agreed, out)
                }
                Command::Media(Media::Offer(_)) | Command::RequestMedia => refuse_for_now(leg, out),
                Command::Media(Media::None) => Ended::No,
                // A party that moves on at once, so that whoever comes is offered the seat next.
                Command::RefuseMedia(Cause::MESSAGE_NOT_COMPATIBLE_WITH_STATE) if self.is_seat() => {
                    self.state = State::Connected;
                    Ended::No
                }
                // Without an answer the call never gets media.
                Command::RefuseMedia(cause) => Ended::Now { cause, reason: ReleaseReason::HungUp },
                other => self.ignore(leg, &other),
            },
            State::Connected => match command {
                // It would be told a port that is gone.
                Command::Media(Media::Offer(_)) | Command::RequestMedia if self.place == Place::Moves => {
                    refuse_for_now(leg, out)
                }
                Command::Media(Media::Offer(offer)) => self.reanswer(leg, &offer, out),
                Command::RequestMedia => {
                    let offer = self.offer();
                    out.signal(leg, Signal::Media(Media::Offer(offer.clone())));
                    self.state = State::Reoffered { offer };
                    Ended::No
                }
                Command::Media(Media::Answer(_) | Media::None) | Command::RefuseMedia(_) => Ended::No,
                other => self.ignore(leg, &other),
            },
            State::Reoffered { offer } => match command {
                Command::Media(Media::Answer(answer)) => {
                    let agreed = negotiate::complete(offer.as_bytes(), answer.as_bytes());
                    self.completed(agreed, out)
                }
                // Two offers crossed (RFC 3261 §14.2).
                Command::Media(Media::Offer(_)) | Command::RequestMedia => refuse_for_now(leg, out),
                Command::Media(Media::None) => Ended::No,
                // The session stays as it was.
                Command::RefuseMedia(_) => {
                    self.state = State::Connected;
                    Ended::No
                }
                other => self.ignore(leg, &other),
            },
        }
    }

    /// Commands that mean nothing to a service in any state.
    fn ignore(&self, leg: LegId, command: &Command) -> Ended {
        match command {
            // It shows nothing, and it takes no keys but those that it hears.
            Command::ShowParty(_)
            | Command::ShowRecording(_)
            | Command::CollectDigits
            | Command::StopCollecting
            | Command::KeysBy(_)
            | Command::Digit(_)
            | Command::TransferResult(_)
            | Command::FeatureAnswer(_)
            | Command::ShowParticipants(_)
            | Command::TransferEnded(_)
            | Command::RequestTransfer(_) => {}
            Command::Records(..)
            | Command::Tone(_)
            | Command::Mute(_)
            | Command::Alert { .. }
            | Command::Answer { .. }
            | Command::Ring(_)
            | Command::Media(_)
            | Command::RequestMedia
            | Command::RefuseMedia(_)
            | Command::Release(_) => {
                strowger_base::never!("{leg}: a called service cannot take {command:?}");
            }
        }
        Ended::No
    }

    /// Whether keys that it hears are told to call control.
    pub(super) const fn tells_keys(&self) -> bool {
        matches!(self.service, Service::Prompt)
    }

    const fn is_seat(&self) -> bool {
        matches!(self.service, Service::Conference(_))
    }

    fn completed(&mut self, agreed: Result<Agreed, NegotiateError>, out: &mut Outbox) -> Ended {
        match agreed {
            Ok(agreed) => {
                self.connect(agreed, out);
                self.state = State::Connected;
                Ended::No
            }
            // The exchange is over and left no session that both sides know.
            Err(error) => Ended::Now { cause: cause_of(&error), reason: ReleaseReason::HungUp },
        }
    }

    /// Hold, resume, another codec or another address in mid-call.
    fn reanswer(&mut self, leg: LegId, offer: &SessionDescription, out: &mut Outbox) -> Ended {
        match self.answer(offer) {
            Ok((answer, agreed)) => {
                out.signal(leg, Signal::Media(Media::Answer(answer)));
                self.connect(agreed, out);
            }
            Err(error) => out.signal(leg, Signal::MediaRefused(cause_of(&error))),
        }
        Ended::No
    }

    fn answer(&mut self, offer: &SessionDescription) -> Result<(SessionDescription, Agreed), NegotiateError> {
        let first = negotiate::answer(offer.as_bytes(), &self.local())?;
        if !self.changes(&first.0) {
            return Ok(first);
        }
        let next = negotiate::answer(offer.as_bytes(), &self.local())?;
        self.described = Some(next.0.clone());
        Ok(next)
    }

    fn offer(&mut self) -> SessionDescription {
        let first = negotiate::offer(&self.local(), self.described.as_ref());
        if !self.changes(&first) {
            return first;
        }
        let next = negotiate::offer(&self.local(), self.described.as_ref());
        self.described = Some(next.clone());
        next
    }

    /// Counts the version up when `next`, made with the version of the last description, differs from it.
    fn changes(&mut self, next: &SessionDescription) -> bool {
        match &self.described {
            Some(last) if last == next => false,
            Some(_) => {
                self.origin.version += 1;
                true
            }
            None => true,
        }
    }

    fn local(&self) -> LocalMedia<'_> {
        LocalMedia {
            origin: self.origin,
            address: self.address,
            codecs: self.at_device.as_deref().unwrap_or(&Codec::ALL),
            telephone_event: true,
            ptime_ms: PTIME_DEFAULT_MS,
            direction: self.direction(),
            keys: if self.at_device.is_some() { &[] } else { &self.keys },
            offers: if self.at_device.is_some() { Wish::Clear } else { self.offers },
        }
    }

    /// Which way media goes at most.
    const fn direction(&self) -> Direction {
        match self.service {
            // The microphones of a page's listeners stay closed, and its talker is sent nothing (RFC 3264 §5.1).
            Service::Page { seat: PageSeat::Talker, .. } => Direction::ReceiveOnly,
            Service::Page { seat: PageSeat::Listener, .. } => Direction::SendOnly,
            // Also for the announcement: phones take `sendonly` for being put on hold.
            Service::Page { seat: PageSeat::HiddenListener, .. }
            | Service::Echo
            | Service::Announcement
            | Service::Annunciator(_)
            | Service::Prompt
            | Service::Sounds
            | Service::Multicast { .. }
            | Service::Conference(_)
            | Service::Confirmation => Direction::SendReceive,
        }
    }

    fn connect(&mut self, agreed: Agreed, out: &mut Outbox) {
        self.hears = agreed.direction.receives();
        self.offers = agreed.wish;
        let port = self.port;
        if agreed.keys != self.protected_by {
            self.protected_by.clone_from(&agreed.keys);
            let keys = Box::new(control::PortKeys { a: agreed.keys, b: None });
            out.media(control::Command::Protect { port, keys });
        }
        out.media(control::Command::Connect {
            port,
            remote: agreed.remote,
            rtcp: agreed.rtcp,
            format: agreed.format,
            receive: agreed.receive,
            send: agreed.direction.sends(),
        });
    }
}

/// A leg whose port was lost so often gets no other one.
const LOSSES_MAX: u8 = 3;
