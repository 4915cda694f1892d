//! The sound of a terminal phone: a thread with its media ports, which sends a packet each 20 ms and hears what comes.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use strowger_media::wav::{RATE_HZ, Recording};
use strowger_phones::sound::{RATE, sine};
use strowger_phones::talk::{Ear, Heard, Mouth};
use strowger_phones::user::Stream;

/// What the thread is told.
enum Told {
    Streams(Vec<Stream>),
    Press(String),
    /// The file before is whole when it is answered.
    Record(Option<Recorder>, Sender<()>),
    End,
}

/// What the thread tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Report {
    /// All sound that was heard so far lasts so long.
    Heard(Duration),
    /// A key was told in the media.
    Key(char),
    /// All keys that were pressed are out.
    Pressed,
    /// What a port has counted since its call began: packets and bytes sent, the same received, packets lost.
    Port(u16, [u32; 5]),
    /// How many packets were sent, heard and lost, at the end.
    Counted { sent: u64, heard: u64, lost: u64 },
}

/// The thread.
pub(super) struct Sound {
    tell: Sender<Told>,
    /// The ports that it has.
    pub(super) ports: Vec<u16>,
}

/// A phone has no more calls with sound at once.
const PORTS: usize = 6;
/// A packet.
const TICK: Duration = Duration::from_millis(20);
/// Sound files that are sent may be so long.
const SECONDS_MAX: u32 = 3600;

impl Sound {
    /// Begins to say these samples wherever the phone sends to.
    ///
    /// # Errors
    /// When no ports are to be had.
    pub(super) fn start(samples: &[i16], report: impl Fn(Report) + Send + 'static) -> anyhow::Result<Sound> {
        let mut sockets = Vec::new();
        for _ in 0..PORTS {
            sockets.push(even_port().context("no port for media can be opened")?);
        }
        let ports = sockets.iter().map(|(port, _)| *port).collect();
        let mut random = [0; 8];
        getrandom::fill(&mut random)
            .map_err(|error| anyhow::anyhow!("no randomness from the system: {error}"))?;
        let mouth = Mouth::new(samples, u64::from_ne_bytes(random));
        let (tell, told) = channel();
        let ends = sockets.into_iter().map(|(port, socket)| End {
            port,
            socket,
            stream: None,
            ear: Ear::default(),
            sent: 0,
            before: [0; 2],
        });
        let ends = ends.collect();
        let thread = Thread {
            ends,
            mouth,
            to: None,
            recorder: None,
            samples: 0,
            presses: false,
            told,
            report: Box::new(report),
        };
        std::thread::Builder::new().name("sound".to_owned()).spawn(move || thread.run())?;
        Ok(Sound { tell, ports })
    }

    /// Where sound goes and comes from now on.
    pub(super) fn goes(&self, streams: &[Stream]) {
        let _ = self.tell.send(Told::Streams(streams.to_vec()));
    }

    /// Keys are pressed in the media.
    pub(super) fn press(&self, keys: &str) {
        let _ = self.tell.send(Told::Press(keys.to_owned()));
    }

    /// What is heard goes into this file from now on, or nowhere; the file before is whole then.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn record(&self, path: Option<&Path>) -> anyhow::Result<()> {
        let (answer, answered) = channel();
        let _ = self.tell.send(Told::Record(path.map(Recorder::begin).transpose()?, answer));
        // A thread that has ended has no file open.
        let _ = answered.recv_timeout(Duration::from_secs(5));
        Ok(())
    }

    /// It ends; the last report is what was counted.
    pub(super) fn end(&self) {
        let _ = self.tell.send(Told::End);
    }
}

/// Reads a sound file, as what is said over and over.
///
/// # Errors
/// When there is no such file, or it is no sound.
pub(super) fn file(path: &Path) -> anyhow::Result<Vec<i16>> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let recording = Recording::read(&bytes, SECONDS_MAX).with_context(|| {
        format!("{} cannot be played; a WAV file with samples of 16 bits can", path.display())
    })?;
    // Each sample is the mean of those that it stands for, which is filter enough for a try.
    let step = (RATE_HZ / RATE) as usize;
    let mean =
        |some: &[i16]| (some.iter().map(|it| i32::from(*it)).sum::<i32>() / some.len().max(1) as i32) as i16;
    Ok(recording.samples().chunks(step.max(1)).map(mean).collect())
}

/// A tone of so many hertz.
pub(super) fn tone(hertz: u32) -> Vec<i16> {
    sine(hertz)
}

/// A socket on an even port: RTP has those (RFC 3550 §11).
fn even_port() -> std::io::Result<(u16, UdpSocket)> {
    let mut last = None;
    for _ in 0..64 {
        let socket = UdpSocket::bind(("0.0.0.0", 0))?;
        let port = socket.local_addr()?.port();
        if port.is_multiple_of(2) {
            socket.set_nonblocking(true)?;
            return Ok((port, socket));
        }
        // Kept until the next one is there, or the same port would come again.
        last = Some(socket);
    }
    drop(last);
    Err(std::io::Error::other("only odd ports were to be had"))
}

/// One port.
struct End {
    port: u16,
    socket: UdpSocket,
    stream: Option<Stream>,
    ear: Ear,
    /// Packets that were sent in this call.
    sent: u32,
    /// Packets that came and that were lost in calls before.
    before: [u64; 2],
}

impl End {
    fn counted(&self) -> [u32; 5] {
        const BYTES: u32 = 160;
        let since = |all: u64, before: u64| u32::try_from(all - before).unwrap_or(u32::MAX);
        let heard = since(self.ear.received, self.before[0]);
        let lost = since(self.ear.lost().max(self.before[1]), self.before[1]);
        [self.sent, self.sent.saturating_mul(BYTES), heard, heard.saturating_mul(BYTES), lost]
    }
}

struct Thread {
    ends: Vec<End>,
    mouth: Mouth,
    /// Who was spoken to last.
    to: Option<SocketAddr>,
    recorder: Option<Recorder>,
    /// Samples that were heard.
    samples: u64,
    /// Keys are being sent.
    presses: bool,
    told: Receiver<Told>,
    report: Box<dyn Fn(Report) + Send>,
}

impl Thread {
    fn run(mut self) {
        let mut next = Instant::now() + TICK;
        loop {
            while let Ok(told) = self.told.try_recv() {
                match told {
                    Told::Streams(streams) => {
                        for end in &mut self.ends {
                            let stream = streams.iter().find(|it| it.port == end.port).copied();
                            if end.stream.is_none() && stream.is_some() {
                                end.ear.begins();
                                (end.sent, end.before) = (0, [end.ear.received, end.ear.lost()]);
                            }
                            end.stream = stream;
                        }
                    }
                    Told::Press(keys) => {
                        self.mouth.press(&keys);
                        self.presses = true;
                    }
                    Told::Record(recorder, answer) => {
                        self.recorder = recorder;
                        let _ = answer.send(());
                    }
                    Told::End => {
                        // What is recorded is in the file before it is said that all is over.
                        self.recorder = None;
                        let heard = self.ends.iter().map(|end| end.ear.received).sum();
                        let lost = self.ends.iter().map(|end| end.ear.lost()).sum();
                        return (self.report)(Report::Counted { sent: self.mouth.sent, heard, lost });
                    }
                }
            }
            let now = Instant::now();
            if next <= now {
                self.says();
                next += TICK;
                // After a pause of the whole machine nothing is made up for.
                if next + TICK * 10 < now {
                    next = now + TICK;
                }
            }
            self.waits(next.saturating_duration_since(now));
            self.hears();
        }
    }

    fn says(&mut self) {
        let sending: Vec<(usize, SocketAddr, Stream)> = self
            .ends
            .iter()
            .enumerate()
            .filter_map(|(at, end)| end.stream.and_then(|stream| Some((at, stream.sends_to?, stream))))
            .collect();
        if sending.is_empty() {
            self.mouth.pauses();
        }
        if self.presses && !self.mouth.has_keys() {
            self.presses = false;
            (self.report)(Report::Pressed);
        }
        // One person speaks at a phone: a second stream, which no real phone has, would say what the first one says.
        for (at, to, stream) in sending.into_iter().take(1) {
            if self.to.replace(to) != Some(to) {
                self.mouth.turns();
            }
            if let (Some(packet), Some(end)) =
                (self.mouth.packet(stream.kind, stream.keys), self.ends.get_mut(at))
            {
                let _ = end.socket.send_to(&packet, to);
                end.sent += 1;
                // Ten times a second is often enough for who asks when the call ends.
                if end.sent.is_multiple_of(5) {
                    (self.report)(Report::Port(end.port, end.counted()));
                }
            }
        }
    }

    fn waits(&self, limit: Duration) {
        let mut polled: Vec<PollFd<'_>> =
            self.ends.iter().map(|end| PollFd::new(end.socket.as_fd(), PollFlags::POLLIN)).collect();
        let limit = PollTimeout::try_from(limit.max(Duration::from_millis(1))).unwrap_or(PollTimeout::ZERO);
        // Woken without cause it only looks once more.
        let _ = poll(&mut polled, limit);
    }

    fn hears(&mut self) {
        let mut buffer = [0; 2048];
        for end in &mut self.ends {
            while let Ok((length, _)) = end.socket.recv_from(&mut buffer) {
                // What comes to a port that is not open is for nobody.
                let Some(stream) = end.stream else { continue };
                match end.ear.hears(buffer.get(..length).unwrap_or_default(), stream.keys) {
                    Heard::Samples(samples) => {
                        self.samples += samples.len() as u64;
                        if let Some(recorder) = &mut self.recorder
                            && recorder.writes(&samples).is_err()
                        {
                            // The disk is full, or the folder is gone: the call goes on.
                            self.recorder = None;
                        }
                        let heard = Duration::from_micros(self.samples * 1_000_000 / u64::from(RATE));
                        (self.report)(Report::Heard(heard));
                    }
                    Heard::Key(key) => (self.report)(Report::Key(key)),
                    Heard::Nothing => {}
                }
            }
        }
    }
}

/// A WAV file that grows.
struct Recorder {
    file: std::io::BufWriter<File>,
    bytes: u32,
}

impl Recorder {
    fn begin(path: &Path) -> anyhow::Result<Recorder> {
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut recorder = Recorder { file: std::io::BufWriter::new(file), bytes: 0 };
        recorder.head().with_context(|| format!("cannot write {}", path.display()))?;
        Ok(recorder)
    }

    fn writes(&mut self, samples: &[i16]) -> std::io::Result<()> {
        for sample in samples {
            self.file.write_all(&sample.to_le_bytes())?;
        }
        let before = self.bytes;
        self.bytes = self.bytes.saturating_add(samples.len() as u32 * 2);
        // Once a second, so that a phone that is killed leaves a file that can be played.
        if before / (RATE * 2) != self.bytes / (RATE * 2) {
            self.head()?;
        }
        Ok(())
    }

    /// The head says how much there is.
    fn head(&mut self) -> std::io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(b"RIFF")?;
        self.file.write_all(&self.bytes.saturating_add(36).to_le_bytes())?;
        self.file.write_all(b"WAVEfmt \x10\0\0\0\x01\0\x01\0")?;
        self.file.write_all(&RATE.to_le_bytes())?;
        self.file.write_all(&(RATE * 2).to_le_bytes())?;
        self.file.write_all(b"\x02\0\x10\0data")?;
        self.file.write_all(&self.bytes.to_le_bytes())?;
        self.file.seek(SeekFrom::End(0))?;
        self.file.flush()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // Who cannot write here could not write the sound before.
        let _ = self.head();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_can_be_played() {
        let folder = std::env::temp_dir().join(format!("strowger-sound-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("heard.wav");
        let mut recorder = Recorder::begin(&path).expect("a file");
        for _ in 0..60 {
            recorder.writes(&[1000; 160]).expect("room");
        }
        drop(recorder);
        let bytes = std::fs::read(&path).expect("a file");
        assert_eq!(bytes.len(), 44 + 60 * 320);
        let samples = file(&path).expect("sound");
        std::fs::remove_dir_all(&folder).expect("the folder is there");
        assert!((9500..=9700).contains(&samples.len()), "{}", samples.len());
        assert!(samples[4000..4100].iter().all(|it| (900..=1100).contains(it)), "{:?}", &samples[4000..4010]);
    }

    #[test]
    fn two_phones_hear_each_other_and_count() {
        let (tell, hear) = channel();
        let telling = tell.clone();
        let one = Sound::start(&tone(440), |_| {}).expect("ports");
        let other = Sound::start(&tone(0), move |report| _ = telling.send(report)).expect("ports");
        let stream = |sound: &Sound, to: Option<u16>| Stream {
            call: 1,
            port: sound.ports[0],
            sends_to: to.map(|port| ([127, 0, 0, 1], port).into()),
            kind: 0,
            keys: Some(101),
        };
        other.goes(&[stream(&other, None)]);
        one.goes(&[stream(&one, Some(other.ports[0]))]);
        one.press("7");
        let limit = Duration::from_secs(20);
        let (mut key, mut long) = (None, Duration::ZERO);
        while key.is_none() || long < Duration::from_millis(100) {
            assert!(long < Duration::from_secs(30), "it hears sound, and no key");
            match hear.recv_timeout(limit).expect("a report") {
                Report::Heard(heard) => long = heard,
                Report::Key(pressed) => key = Some(pressed),
                Report::Pressed | Report::Port(..) => {}
                Report::Counted { .. } => panic!("it has not ended"),
            }
        }
        assert_eq!(key, Some('7'));
        one.end();
        other.end();
        loop {
            if let Report::Counted { sent, heard, .. } = hear.recv_timeout(limit).expect("a report") {
                assert!(heard > 5 && sent == 0, "{heard} {sent}");
                break;
            }
        }
        drop(tell);
    }
}
