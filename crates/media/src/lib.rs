//! Floor 1: SDP, offer/answer, RTP, codecs, tones, relay and the media agent, without IO.
//!
//! It knows what media is made of and refuses to know SIP, SCCP, numbers, calls and sockets. Its types to
//! start from: [`Agent`] makes services of ours (echo, announcement) behave as devices that call control
//! rings like any phone; [`Worker`] owns the RTP endpoints and relays of one media thread; [`sdp`] reads and
//! rewrites session descriptions on their way from phone to phone. Agent and call control talk to workers
//! in the words of [`control`] only.

pub mod agent;
pub mod codec;
pub mod conference;
pub mod control;
pub mod endpoint;
pub mod fork;
pub mod jitter;
mod latch;
pub mod music;
pub mod negotiate;
mod passage;
pub mod relay;
pub mod rtcp;
pub mod rtp;
pub mod sdp;
mod sides;
pub mod srtp;
pub mod statistics;
pub mod tone;
pub mod transcoder;
pub mod warning;
pub mod wav;
pub mod worker;

pub use agent::Agent;
pub use worker::Worker;
