//! What people do with calls, each in a file of its own: operations on the legs of several calls.
//!
//! A feature takes parties out of calls and gives them to each other (`Call::hand_over`, `Call::joined`). A call ends when one of its
//! parties goes on in another one, with its final record; what the parties do from there on is a call of its own.

mod replaces;
mod transfer;
