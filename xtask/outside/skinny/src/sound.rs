//! What is said and heard: a tone in packets of 20 ms (RFC 3550) in one of the laws of ITU-T G.711; and what comes goes into a file, in samples
//! of 16 bits.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::Failure;

/// Samples of a packet of 20 ms.
const SAMPLES: usize = 160;
const HEADER: usize = 12;

/// How a sample becomes a byte.
#[derive(Clone, Copy)]
pub(crate) enum Law {
    Mu,
    A,
}

impl Law {
    /// Of packets of this payload type.
    fn of(kind: u8) -> Option<Law> {
        match kind & 0x7f {
            0 => Some(Law::Mu),
            8 => Some(Law::A),
            _ => None,
        }
    }

    fn payload_type(self) -> u8 {
        match self {
            Law::Mu => 0,
            Law::A => 8,
        }
    }

    fn byte(self, sample: i16) -> u8 {
        match self {
            Law::Mu => {
                let sign = if sample < 0 { 0x80 } else { 0 };
                let size = sample.unsigned_abs().min(32_635) + 0x84;
                let exponent = size.ilog2().saturating_sub(7);
                !(sign | (exponent << 4) as u8 | ((size >> (exponent + 3)) & 0x0f) as u8)
            }
            Law::A => {
                let sign = if sample < 0 { 0 } else { 0x80 };
                let size = sample.unsigned_abs().min(32_767) >> 3;
                let exponent = size.max(1).ilog2().saturating_sub(4);
                (sign | (exponent << 4) as u8 | ((size >> exponent.max(1)) & 0x0f) as u8) ^ 0x55
            }
        }
    }

    fn sample(self, byte: u8) -> i16 {
        let parts = |byte: u8| (byte & 0x80 != 0, (byte >> 4) & 7, i16::from(byte & 0x0f));
        match self {
            Law::Mu => {
                let (is_negative, exponent, mantissa) = parts(!byte);
                let size = (((mantissa << 3) + 0x84) << exponent) - 0x84;
                if is_negative { -size } else { size }
            }
            Law::A => {
                let (is_positive, exponent, mantissa) = parts(byte ^ 0x55);
                let size = match exponent {
                    0 => mantissa << 1 | 1,
                    _ => ((mantissa << 1) + 33) << (exponent - 1),
                } << 3;
                if is_positive { size } else { -size }
            }
        }
    }
}

/// Where a call hears; dropped, it is closed.
pub(crate) struct Sound {
    socket: UdpSocket,
    /// Nowhere any more once it is `None` there.
    sends_to: Option<Arc<Mutex<Option<SocketAddr>>>>,
    is_over: Arc<AtomicBool>,
}

impl Sound {
    /// Opens a port. What comes is written behind what is in the file.
    pub(crate) fn opens(file: &Path) -> Result<Sound, Failure> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_read_timeout(Some(Duration::from_millis(50)))?;
        let is_over = Arc::new(AtomicBool::new(false));
        let (ears, ends) = (socket.try_clone()?, Arc::clone(&is_over));
        let mut file: File = OpenOptions::new().create(true).append(true).open(file)?;
        std::thread::spawn(move || {
            let mut packet = [0; 1500];
            while !ends.load(Ordering::Relaxed) {
                let Ok(length) = ears.recv(&mut packet) else { continue };
                // Version 2, and nothing between header and sound: who sends here has it so.
                if length > HEADER
                    && packet[0] == 0x80
                    && let Some(law) = Law::of(packet[1])
                {
                    let samples =
                        packet[HEADER..length].iter().flat_map(|byte| law.sample(*byte).to_le_bytes());
                    let _ = file.write_all(&samples.collect::<Vec<u8>>());
                }
            }
        });
        Ok(Sound { socket, sends_to: None, is_over })
    }

    pub(crate) fn port(&self) -> Result<u16, Failure> {
        Ok(self.socket.local_addr()?.port())
    }

    /// Begins to send there; when it sends already that changes only where to.
    pub(crate) fn sends(&mut self, to: SocketAddr, law: Law, tone: f64) -> Result<(), Failure> {
        if let Some(sends_to) = &self.sends_to {
            *lock(sends_to) = Some(to);
            return Ok(());
        }
        let (mouth, ends) = (self.socket.try_clone()?, Arc::clone(&self.is_over));
        let sends_to = Arc::new(Mutex::new(Some(to)));
        self.sends_to = Some(Arc::clone(&sends_to));
        let source = u32::from(self.port()?);
        std::thread::spawn(move || {
            let (mut next, mut packets) = (Instant::now(), 0u32);
            while !ends.load(Ordering::Relaxed) {
                let Some(to) = *lock(&sends_to) else { return };
                let mut packet = vec![0x80, law.payload_type()];
                packet.extend((packets as u16).to_be_bytes());
                let began = packets * SAMPLES as u32;
                packet.extend(began.to_be_bytes());
                packet.extend(source.to_be_bytes());
                packet.extend((began..began + SAMPLES as u32).map(|at| {
                    let turns = f64::from(at) * tone / 8_000.0;
                    law.byte((8_000.0 * (turns * std::f64::consts::TAU).sin()) as i16)
                }));
                let _ = mouth.send_to(&packet, to);
                packets += 1;
                next += Duration::from_millis(20);
                std::thread::sleep(next.saturating_duration_since(Instant::now()));
            }
        });
        Ok(())
    }

    /// Sends no more.
    pub(crate) fn stops(&mut self) {
        if let Some(sends_to) = self.sends_to.take() {
            *lock(&sends_to) = None;
        }
    }
}

impl Drop for Sound {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

fn lock(to: &Mutex<Option<SocketAddr>>) -> std::sync::MutexGuard<'_, Option<SocketAddr>> {
    to.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
