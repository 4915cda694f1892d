//! Floor 1: SCCP (Skinny Client Control Protocol) frames and messages, without IO.
//!
//! [`Framer`] cuts the byte stream of a connection into frames, [`FromStation`] is what phones and media resources send,
//! [`ToStation`] what a server sends them. It refuses to know calls, sockets and time; all it knows of a peer is the
//! [`Dialect`] that was agreed on.

#[macro_use]
mod layout;

pub mod calls;
mod code_page;
pub mod codes;
pub mod frame;
pub mod ids;
pub mod message;
pub mod resources;
pub mod station;
pub mod version;
mod wire;

pub use calls::Calls;
pub use code_page::CodePage;
pub use codes::Phrase;
pub use frame::{Frame, FrameError, Framer};
pub use ids::MessageId;
pub use message::{DecodeError, FromStation, ToStation};
pub use resources::Resources;
pub use station::Stations;
pub use version::{Charset, Dialect, Features, Version};
pub use wire::address::{Address, StationAddress};
pub use wire::lists::{Data, Page};
pub use wire::text::Text;
