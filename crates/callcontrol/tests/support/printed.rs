//! What call control says, in the words of scripts.

use std::fmt::Write;
use std::net::SocketAddr;

use strowger_base::journal::{CallRecord, CodesView, Decision, Entry, OriginView, Record};
use strowger_base::leg::{Alert, Diversion, EarlyMedia, Party, Presentation, SrtpOffer, Target};
use strowger_base::{Command, LegId, Media};
use strowger_callcontrol::io::MediaSecurity;
use strowger_callcontrol::{Outbox, Output};
use strowger_media::control::{self};
use strowger_media::sdp::{self, Direction};

use super::{Driver, features, keys, recording, resources, ways};

impl Driver {
    pub(super) fn output(&mut self, item: Output, out: &Outbox) {
        match item {
            Output::Command(leg, Command::Ring(ring)) => {
                let called = self.legs.keys().filter(|name| name.starts_with('B')).count();
                self.legs.insert(format!("B{}", called + 1), leg);
                let target = match &ring.target {
                    Target::Phone { line, phone, binding } => {
                        let name = phone.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
                        format!("phone {line}/{}{name}", binding.0)
                    }
                    Target::Trunk(name) => format!("trunk {name}"),
                    Target::Service(service) => format!("service {service:?}"),
                };
                let srtp = match ring.srtp {
                    SrtpOffer::Clear => "",
                    SrtpOffer::Beside => " srtp-beside",
                    SrtpOffer::Alone => " srtp",
                };
                let reliable = if ring.reliable_provisional { " reliable" } else { "" };
                let by =
                    |diversion: &Diversion| format!(" from {} {}", diversion.party.number, diversion.reason);
                let records = ring.records.as_ref().map(|told| format!(" records {}", recording::told(told)));
                let takes = ring.takes.as_ref().map(|takes| sdp::peek(takes.as_bytes()).unwrap().codecs);
                let takes = takes.map(|codecs| format!(" takes {codecs}"));
                let takes = takes.unwrap_or_default();
                let text = format!(
                    "ring {target} {} by {} {}{reliable}{srtp}{}{}{}{takes}",
                    ring.called,
                    party(&ring.calling),
                    self.show(&ring.media),
                    ring.diversions.iter().map(by).collect::<String>(),
                    features::style(ring.style),
                    records.unwrap_or_default()
                );
                let text = text + &self.told_before(leg, &ring.media);
                self.print(leg, &text);
            }
            Output::Command(leg, command) => {
                let before = match &command {
                    Command::Alert { media, .. } | Command::Answer { media, .. } | Command::Media(media) => {
                        self.told_before(leg, media)
                    }
                    _ => String::new(),
                };
                let text = match command {
                    Command::Ring(_) => unreachable!("taken above"),
                    Command::Alert { alert, media, shown, heard } => {
                        let heard = if alert == Alert::Ringing && heard == EarlyMedia::Heard {
                            ", and is heard"
                        } else {
                            ""
                        };
                        format!(
                            "alert {}{heard} {}{}",
                            match alert {
                                Alert::Ringing => "ringing".to_owned(),
                                Alert::Progress => "progress".to_owned(),
                                Alert::Failing(cause) => format!("failing {}", cause.0),
                            },
                            self.show(&media),
                            shown.map(|shown| format!(" as {}", party(&shown))).unwrap_or_default()
                        )
                    }
                    Command::Answer { media, connected } => {
                        format!("answer {} {}", party(&connected), self.show(&media))
                    }
                    Command::Media(media) => format!("media {}", self.show(&media)),
                    Command::CollectDigits => "collect-digits".to_owned(),
                    Command::StopCollecting => "stop-collecting".to_owned(),
                    Command::KeysBy(by) => format!("keys-by {by:?}").to_lowercase(),
                    Command::Tone(tone) => format!("tone {tone:?}").to_lowercase(),
                    Command::Mute(mute) => format!("mute {mute:?}").to_lowercase(),
                    Command::RequestMedia => "wants-offer".to_owned(),
                    Command::RefuseMedia(cause) => format!("refuses {}", cause.0),
                    Command::ShowParty(shown) => format!("show {}", party(&shown)),
                    Command::ShowRecording(shown) => format!("show-recording {shown:?}").to_lowercase(),
                    Command::Digit(digit) => format!("digit {}", digit.key),
                    Command::TransferResult(result) => format!("transfer-result {result:?}"),
                    Command::TransferEnded(result) => format!("transfer-ended {result:?}"),
                    Command::Records(media, told) => {
                        format!("records {} {}", recording::told(&told), self.show(&media))
                    }
                    Command::RequestTransfer(number) => format!("request-transfer {number}"),
                    Command::FeatureAnswer(answer) => {
                        format!("{} {:?} {}", answer.request, answer.result, answer.text)
                            .trim_end()
                            .to_owned()
                    }
                    Command::ShowParticipants(list) => {
                        let who =
                            list.participants.iter().map(|it| format!("{} {}", it.number, it.party.number));
                        format!("participants {:?}: {}", list.control, who.collect::<Vec<_>>().join(", "))
                            .to_lowercase()
                    }
                    Command::Release(cause) => format!("release {}", cause.0),
                };
                self.print(leg, &(text + &before));
            }
            Output::Joined { .. } => {}
            Output::Locate { request, line } => self.locate(request, &line),
            Output::Media(command) => {
                assert!(!self.gone.contains(&command.port()), "{command:?} is asked of a port that is gone");
                if let control::Command::OpenFork { of, .. } = command {
                    assert!(!self.gone.contains(&of), "{of:?} is gone and has nothing to copy");
                }
                if let control::Command::Close { port } = command {
                    self.gone.insert(port);
                }
                if let control::Command::OpenRelay { port }
                | control::Command::OpenAt { port, .. }
                | control::Command::OpenPassage { port }
                | control::Command::OpenMulticast { port, .. } = command
                {
                    self.relays.push(port);
                }
                if let control::Command::OpenFork { port, .. } = command {
                    self.forks.push(port);
                }
                if let Some(text) = recording::fork(&command, |address| self.name_of(address)) {
                    writeln!(self.printed, "  relay <- {text}").unwrap();
                    return;
                }
                let number =
                    if self.numbers_relays { format!(" {}", command.port().0 / 2) } else { String::new() };
                let text = match command {
                    control::Command::Close { port } if self.forks.contains(&port) => "close fork".to_owned(),
                    control::Command::OpenRelay { .. } => "open".to_owned(),
                    control::Command::OpenPassage { .. } => "open passage".to_owned(),
                    control::Command::OpenAt { device, a, b, .. } => {
                        format!("open at {device}, {} and {}", a.name(), b.name())
                    }
                    control::Command::OpenMulticast { service, to, .. } => {
                        format!("open {service:?} to {} ttl {} {:?}", to.address, to.ttl, to.codec)
                    }
                    control::Command::Direct { side, peer, .. } => {
                        format!("direct {side:?} to {}", self.name_of(peer.rtp))
                    }
                    control::Command::Suspend { suspended: true, .. } => "suspend".to_owned(),
                    control::Command::Suspend { suspended: false, .. } => "go on".to_owned(),
                    control::Command::Close { .. } => "close".to_owned(),
                    control::Command::Protect { keys, .. } => keys::relay(&keys),
                    control::Command::Transcode { codings, .. } => resources::codings(codings.as_deref()),
                    control::Command::Keys { ways, .. } => match ways {
                        Some(ways) => {
                            let way = |way: control::KeyWay| match way {
                                control::KeyWay::Events(events) => {
                                    format!("{}/{}", events.payload_type, events.clock_hz)
                                }
                                other => format!("{other:?}").to_lowercase(),
                            };
                            format!("keys A {} B {}", way(ways.a), way(ways.b))
                        }
                        None => "keys pass".to_owned(),
                    },
                    control::Command::Press { side, digit, .. } => {
                        format!("press {} for {side:?}", digit.key)
                    }
                    control::Command::Warn { side, tone, types, .. } => {
                        let heard = if types.is_some() { "hears" } else { "hears no more" };
                        format!("{side:?} {heard} {tone:?}")
                    }
                    other => format!("{other:?}"),
                };
                writeln!(self.printed, "  relay{number} <- {text}").unwrap();
            }
            Output::Journal(span) => self.journal(&Record::decode(out.arena.slice(span)).unwrap()),
            Output::Persist { ticket, record, .. } => {
                self.tickets.push(ticket);
                self.journal(&Record::decode(out.arena.slice(record)).unwrap());
            }
            // Whoever looks at the lamp is told what the story tells.
            Output::Parked { .. } => {}
            Output::PickupNotice { lines, text, shown_for } => {
                let lines = lines.iter().map(|(line, sound)| format!("{line:?} {sound:?}"));
                let lines = lines.collect::<Vec<_>>().join(", ");
                self.printed.push_str(&format!("  * shown {text:?} for {shown_for:?} to {lines}\n"));
            }
            // Of most calls there is nothing to say.
            Output::Security { media: MediaSecurity::Clear, .. } => {}
            Output::Security { media: MediaSecurity::Encrypted, .. } => {
                self.printed.push_str("  * encrypted on both sides\n");
            }
            Output::PhoneChanged { line, phone, change, .. } => {
                self.printed.push_str(&format!("  * phones of {line:?} {phone:?} are told {change:?}\n"));
            }
            Output::ParkNews { leg, number, event } => {
                self.print(leg, &format!("call at {number} {event:?}").to_lowercase());
            }
            Output::Privacy { leg, turn } => {
                self.printed.push_str(&format!("  privacy of {leg}: {turn:?}\n"));
            }
            Output::Messages { line, turn } => {
                self.printed.push_str(&format!("  messages of {line}: {turn:?}\n"));
            }
            Output::SettingKept { asked, is_kept } => {
                writeln!(self.printed, "  answer {asked}: kept {is_kept}").unwrap();
            }
            Output::HuntLogged { binding, hunted, is_kept } => {
                writeln!(self.printed, "  phone {} is hunted: {hunted:?}, kept {is_kept}", binding.0)
                    .unwrap();
            }
            Output::Drained => self.printed.push_str("  drained\n"),
            Output::Ordered { result, .. } => writeln!(self.printed, "  ordered {result:?}").unwrap(),
        }
    }

    fn journal(&mut self, record: &Record<'_>) {
        let subject = record.leg.map(|leg| format!("{} ", self.leg_name(leg))).unwrap_or_default();
        let text = match &record.entry {
            // Told is what the script says already; what began and was rung is in the commands.
            Entry::Told(_)
            | Entry::Decision(
                Decision::CallBegan { .. } | Decision::Rung { .. } | Decision::CallerAlerted { .. },
            ) => {
                return;
            }
            Entry::Decision(Decision::MediaPath(path)) => format!(
                "media {} {:?} with {} {:?}, {}, {:?}",
                self.leg_name(path.offerer.leg),
                path.offerer.flow,
                self.leg_name(path.answerer.leg),
                path.answerer.flow,
                path.codec,
                path.way
            ),
            Entry::Decision(decision) => format!("{decision:?}"),
            Entry::Call(call) => {
                let legs: Vec<String> = call
                    .legs
                    .iter()
                    .map(|leg| format!("{} {:?}", self.leg_name(leg.leg), leg.outcome))
                    .collect();
                let calling = match call.origin {
                    OriginView::Line { phone, .. } if !phone.is_empty() => {
                        format!("{} ({phone})", call.calling.number)
                    }
                    OriginView::Line { .. } | OriginView::Trunk(_) => call.calling.number.to_owned(),
                };
                let record = format!(
                    "RECORD {} to {}, connected {:?}, alerted {}, answered {}, cause {}, by {:?}; {}",
                    calling,
                    call.called,
                    call.connected.number,
                    call.alerted_at.is_some(),
                    call.answered_at.is_some(),
                    call.cause.0,
                    call.released_by,
                    legs.join("; ")
                );
                let malicious = if call.malicious { ", malicious" } else { "" };
                record + malicious + &codes(&call.codes) + &ways::redirections(call) + &moves(call)
            }
            Entry::Alarm(alarm) => format!("ALARM {alarm:?}"),
            Entry::Quality(_) => "quality".to_owned(),
            Entry::UserSet(set) => {
                format!("SET {} at {:?} {} to {:?}", set.value.word(), set.line, set.phone, set.value.text())
            }
            Entry::Message { .. } | Entry::Registration(_) => panic!("not call control's"),
        };
        writeln!(self.printed, "  * {subject}{text}").unwrap();
    }

    fn show(&self, media: &Media) -> String {
        let (kind, description) = match media {
            Media::None => return "none".to_owned(),
            Media::Offer(description) => ("offer", description),
            Media::Answer(description) => ("answer", description),
        };
        let peek = sdp::peek(description.as_bytes()).unwrap();
        let version = std::str::from_utf8(peek.origin.version).unwrap();
        assert_eq!(peek.origin.address, b"198.51.100.1", "our own o= line");
        let name = peek.audio.map_or("no audio".to_owned(), |address| self.name_of(address));
        // Where a script says which codecs there are, it wants to see which are left.
        let translated = name.starts_with("relay") && resources::are_there(&self.configuration);
        let codecs =
            if name.contains('/') || translated { format!(" as {}", peek.codecs) } else { String::new() };
        let keys = keys::show(description);
        // Where one side is told of the other that it sends only, or receives only.
        let as_written = name.split_once(':').map_or("sendrecv", |(_, direction)| direction);
        let told = match peek.direction {
            Direction::SendOnly => "sendonly",
            Direction::ReceiveOnly => "recvonly",
            Direction::SendReceive | Direction::Inactive => as_written,
        };
        let told = if told == as_written { String::new() } else { format!(" {told}") };
        let events = match sdp::key_events(description.as_bytes()).map(|events| events.payload_type) {
            // Where a script says which codecs there are, they are among those.
            Some(event) if codecs.is_empty() || !codecs.contains("event") => format!(" events {event}"),
            Some(_) | None => String::new(),
        };
        let beside = if self.numbers_relays { self.beside(description) } else { beside(description) };
        format!("{kind}({name}{codecs}{events}{beside}) v{version}{told}{keys}")
    }

    /// Keys of the server that another leg was told before: there must be none.
    fn told_before(&mut self, leg: LegId, media: &Media) -> String {
        let (Media::Offer(description) | Media::Answer(description)) = media else { return String::new() };
        let mut text = String::new();
        for key in keys::of_server(description) {
            let first = *self.own_keys.entry(key).or_insert(leg);
            if first != leg {
                text = format!(" WITH KEYS OF {}", self.leg_name(first));
            }
        }
        text
    }

    fn name_of(&self, address: SocketAddr) -> String {
        if address.ip().to_string() == "198.51.100.1" {
            return format!("relay:{}", address.port());
        }
        if self.numbers_relays && address.port() >= 6000 {
            return format!("beside {}", self.ports[usize::from(address.port() - 6000) / 10]);
        }
        let index = usize::from(address.port() - 4000) / 2;
        // Streams beside the first one have no names.
        self.ports.get(index).cloned().unwrap_or_else(|| address.port().to_string())
    }

    /// All streams but the first, with where they lead, and the protocol of those that are refused.
    fn beside(&self, description: &strowger_base::SessionDescription) -> String {
        let text = std::str::from_utf8(description.as_bytes()).unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix("m=")).enumerate();
        let streams = sdp::streams_beside(description.as_bytes());
        let shown = lines.map(|(place, line)| {
            let kind = line.split(' ').next().unwrap();
            match streams.iter().find(|stream| stream.place == place) {
                Some(stream) => format!(" and {kind} at {}", self.name_of(stream.address.unwrap())),
                None if line.split(' ').nth(1) == Some("0") => format!(" and no {kind}"),
                None => String::new(),
            }
        });
        shown.collect()
    }

    fn leg_name(&self, leg: LegId) -> String {
        let name = self.legs.iter().find(|(_, id)| **id == leg).map(|(name, _)| name.clone());
        name.unwrap_or_else(|| "new leg".to_owned())
    }

    fn print(&mut self, leg: LegId, text: &str) {
        let name = self.leg_name(leg);
        writeln!(self.printed, "  {name} <- {text}").unwrap();
    }
}

/// The streams beside the first one: `and video`, `and no video` when it is refused.
fn beside(description: &strowger_base::SessionDescription) -> String {
    let text = std::str::from_utf8(description.as_bytes()).unwrap();
    let streams = text.lines().filter_map(|line| line.strip_prefix("m=")).map(|line| line.split(' '));
    let streams = streams.filter_map(|mut fields| Some((fields.next()?, fields.next()?)));
    streams
        .skip(1)
        .map(|(kind, port)| format!(" and {}{kind}", if port == "0" { "no " } else { "" }))
        .collect()
}

/// How a call hangs together with others.
fn moves(call: &CallRecord<'_>) -> String {
    let Some(moves) = &call.moves else { return String::new() };
    let mut text = String::new();
    if let Some(feature) = moves.joined_by {
        write!(text, ", joined by {feature:?} as part of {}", moves.conversation).unwrap();
    }
    if let Some(feature) = moves.left_by {
        write!(text, ", ended by {feature:?}").unwrap();
    }
    text
}

fn codes(codes: &CodesView<'_>) -> String {
    let mut text = String::new();
    if let Some(by) = codes.authorization {
        write!(text, ", authorized by {} ({})", by.name, by.level).unwrap();
        if let Some(code) = by.code {
            write!(text, " with {}", code.reveal()).unwrap();
        }
    }
    if let Some(matter) = codes.matter {
        write!(text, ", matter {} ({})", matter.code.reveal(), matter.description).unwrap();
    }
    text
}

fn party(party: &Party) -> String {
    let hidden = if party.presentation == Presentation::Restricted { " hidden" } else { "" };
    format!("{:?} {}{hidden}", party.name, party.number)
}
