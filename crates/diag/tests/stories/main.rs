//! Stories of journals made by hand: the headline of each way a call can end, and two whole stories as text.

mod headlines;
mod journal;
mod recordings;
mod texts;
