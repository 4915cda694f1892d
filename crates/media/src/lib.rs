//! Floor 1: SDP, offer/answer, RTP, codecs, tones, relay and the media agent, without IO.

pub mod codec;
pub mod control;
pub mod statistics;
