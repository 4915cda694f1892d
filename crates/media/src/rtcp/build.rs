//! Our own reports.

use super::{BYE, RECEIVER_REPORT, SENDER_REPORT, SOURCE_DESCRIPTION};
use crate::rtp::{ReportBlock, VERSION};

/// What a sender tells about its stream (RFC 3550 §6.4.1).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct SenderInfo {
    /// NTP time of the report.
    pub ntp: u64,
    /// The same moment on the clock of the stream.
    pub timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload bytes sent.
    pub bytes: u32,
}

/// Appends a compound: an SR when we sent something, else an RR, with the report block if there is one, then SDES
/// with our canonical name (RFC 3550 §6.1).
pub fn write_report(
    bytes: &mut Vec<u8>,
    ssrc: u32,
    sent: Option<&SenderInfo>,
    report: Option<&ReportBlock>,
    canonical_name: &[u8],
) {
    let packet_type = if sent.is_some() { SENDER_REPORT } else { RECEIVER_REPORT };
    write_packet(bytes, packet_type, u8::from(report.is_some()), |body| {
        body.extend_from_slice(&ssrc.to_be_bytes());
        if let Some(info) = sent {
            body.extend_from_slice(&info.ntp.to_be_bytes());
            for word in [info.timestamp, info.packets, info.bytes] {
                body.extend_from_slice(&word.to_be_bytes());
            }
        }
        if let Some(block) = report {
            write_block(body, block);
        }
    });
    let name = canonical_name.get(..255).unwrap_or(canonical_name);
    write_packet(bytes, SOURCE_DESCRIPTION, 1, |body| {
        body.extend_from_slice(&ssrc.to_be_bytes());
        body.extend_from_slice(&[CNAME, name.len() as u8]);
        body.extend_from_slice(name);
        // At least one zero ends the list of items.
        body.push(0);
    });
}

/// Appends a BYE, to follow a report in the same datagram (RFC 3550 §6.6).
pub fn write_bye(bytes: &mut Vec<u8>, ssrc: u32) {
    write_packet(bytes, BYE, 1, |body| body.extend_from_slice(&ssrc.to_be_bytes()));
}

/// Appends one packet: header, body, zeros to a multiple of four bytes.
fn write_packet(bytes: &mut Vec<u8>, packet_type: u8, count: u8, write: impl FnOnce(&mut Vec<u8>)) {
    let start = bytes.len();
    bytes.extend_from_slice(&[VERSION << 6 | count, packet_type, 0, 0]);
    write(bytes);
    while !(bytes.len() - start).is_multiple_of(4) {
        bytes.push(0);
    }
    let words = (bytes.len() - start) / 4 - 1;
    if let Some(length) = bytes.get_mut(start + 2..start + 4) {
        length.copy_from_slice(&(words as u16).to_be_bytes());
    }
}

fn write_block(body: &mut Vec<u8>, block: &ReportBlock) {
    body.extend_from_slice(&block.ssrc.to_be_bytes());
    let [_, lost @ ..] = block.cumulative_lost.to_be_bytes();
    body.push(block.fraction_lost);
    body.extend_from_slice(&lost);
    for word in [block.highest_sequence, block.jitter, block.last_sender_report, block.delay_since] {
        body.extend_from_slice(&word.to_be_bytes());
    }
}

const CNAME: u8 = 1;
