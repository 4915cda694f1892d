//! What is said on a channel: questions are taken in as they come, and answered one after the other.

use std::time::Duration;

use russh::{ChannelMsg, ChannelReadHalf};
use tokio::io::{AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::files::Files;
use crate::sftp::wire::receive;

/// Takes in what a user says, as far as there is room for it.
pub(super) async fn take_in(mut said: ChannelReadHalf, mut to: DuplexStream) {
    while let Some(message) = said.wait().await {
        match message {
            ChannelMsg::Data { data } => match to.write_all(&data).await {
                Ok(()) => {}
                Err(_) => return,
            },
            ChannelMsg::Eof | ChannelMsg::Close => return,
            _ => {}
        }
    }
}

/// Answers until the user has had enough; why he had to go, when he did not want to.
pub(super) async fn attend(
    mut questions: DuplexStream,
    mut answers: impl AsyncWrite + Unpin,
    mut files: Files,
    idle: Duration,
) -> Option<&'static str> {
    loop {
        let (kind, body) = match timeout(idle, receive(&mut questions)).await {
            Ok(Ok(asked)) => asked,
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
                return Some("a packet was too large");
            }
            Ok(Err(_)) => return None,
            Err(_) => return Some("nothing was asked for too long"),
        };
        let answered = spawn_blocking(move || {
            let answer = files.answer(kind, &body);
            (files, answer)
        });
        let answer;
        (files, answer) = answered.await.ok()?;
        match timeout(idle, answer.send(&mut answers)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return None,
            Err(_) => return Some("answers were not taken for too long"),
        }
    }
}

/// Bytes of questions that wait for those before them: more than OpenSSH's client has under way, 64 pieces of 32 KiB.
pub(super) const QUESTIONS_BYTES_MAX: usize = 4 * 1024 * 1024;
