//! Floor 2: what phones are given to be used, without IO. So far that is what their screens show.
//!
//! [`screen::Object`] is a screen as its maker has it, [`screen::Unfit`] why a phone could not show it, [`screen::Answer`] what a phone
//! answers to one. It refuses to know how a screen comes to a phone, and what it is about.

pub mod screen;
