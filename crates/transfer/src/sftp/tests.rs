use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use super::*;

const STEP: Duration = Duration::from_secs(5);

/// Plays a server that answers as it is told: each question's kind, and the answer without its id.
async fn served(mut server: DuplexStream, version: Vec<u8>, script: Vec<(u8, u8, Vec<u8>)>) -> Vec<Vec<u8>> {
    receive(&mut server).await.expect("a beginning");
    server.write_all(&version).await.expect("room");
    let mut asked = Vec::new();
    for (kind, answer, body) in script {
        let (got, question) = receive(&mut server).await.expect("a question");
        assert_eq!(got, kind);
        let id = Reader(&question).word().expect("an id");
        let mut packet = Packet::new(answer).word(id).bytes();
        packet.extend(body);
        let length = u32::try_from(packet.len() - 4).expect("short").to_be_bytes();
        packet[..4].copy_from_slice(&length);
        server.write_all(&packet).await.expect("room");
        asked.push(question[4..].to_vec());
    }
    asked
}

fn plain() -> Vec<u8> {
    Packet::new(packet::VERSION).word(3).bytes()
}

fn said(code: u32, words: &str) -> Vec<u8> {
    Packet::new(0).word(code).text(words).text("").bytes()[5..].to_vec()
}

#[tokio::test]
async fn without_posix_rename_the_old_file_goes_first() {
    let (client, server) = tokio::io::duplex(65536);
    let script = vec![
        (packet::RENAME, packet::STATUS, said(status::FAILURE, "Failure")),
        (packet::REMOVE, packet::STATUS, said(status::OK, "")),
        (packet::RENAME, packet::STATUS, said(status::OK, "")),
    ];
    let server = tokio::spawn(served(server, plain(), script));
    let mut sftp = Sftp::begin(client, STEP).await.expect("a session");
    sftp.rename("a.part", "a").await.expect("done at last");
    assert_eq!(server.await.expect("whole")[1], b"\0\0\0\x01a");
}

#[tokio::test]
async fn with_posix_rename_it_is_one_step() {
    let (client, server) = tokio::io::duplex(65536);
    let version = Packet::new(packet::VERSION).word(3).text("posix-rename@openssh.com").text("1").bytes();
    let script = vec![(packet::EXTENDED, packet::STATUS, said(status::OK, ""))];
    let server = tokio::spawn(served(server, version, script));
    let mut sftp = Sftp::begin(client, STEP).await.expect("a session");
    sftp.rename("a.part", "a").await.expect("done");
    assert!(server.await.expect("whole")[0].ends_with(b"\0\0\0\x06a.part\0\0\0\x01a"));
}

#[tokio::test]
async fn what_a_server_should_not_answer_is_told() {
    let answer = async |kind: u8, body: Vec<u8>| {
        let (client, server) = tokio::io::duplex(65536);
        let server = tokio::spawn(served(server, plain(), vec![(packet::STAT, kind, body)]));
        let mut sftp = Sftp::begin(client, STEP).await.expect("a session");
        let answer = sftp.stat("x").await;
        server.await.expect("whole");
        answer
    };
    let nonsense = |answer| matches!(answer, Err(Trouble::Nonsense(_)));
    assert!(nonsense(answer(packet::HANDLE, vec![0, 0, 0, 1, 7]).await));
    assert!(nonsense(answer(packet::ATTRS, vec![0, 0, 0, 1, 7]).await));
    assert!(nonsense(answer(packet::STATUS, vec![0]).await));
    let refused = answer(packet::STATUS, said(status::OK, "")).await;
    assert_eq!(refused, Err(Trouble::Status { code: 0, said: String::new() }));
    let attributes = Packet::new(0).attributes(Attributes { size: Some(3), ..Attributes::default() }).bytes()
        [5..]
        .to_vec();
    assert_eq!(answer(packet::ATTRS, attributes).await.map(|found| found.size), Ok(Some(3)));
}

#[tokio::test]
async fn a_server_that_hangs_up_or_says_nothing_is_told() {
    let (client, server) = tokio::io::duplex(64);
    drop(server);
    assert!(matches!(Sftp::begin(client, STEP).await.err(), Some(Trouble::Lost(_))));
    let (client, mut server) = tokio::io::duplex(64);
    let begun = Sftp::begin(client, Duration::ZERO).await.err();
    assert_eq!(begun, Some(Trouble::Timeout(Duration::ZERO)));
    let mut hello = Vec::new();
    server.read_to_end(&mut hello).await.expect("closed");
    let (client, mut server) = tokio::io::duplex(64);
    server.write_all(b"HTTP/1.1 400 Bad Request\r\n").await.expect("room");
    assert!(matches!(Sftp::begin(client, STEP).await.err(), Some(Trouble::Nonsense(_))));
}

#[test]
fn words_of_servers_are_understood() {
    let kind = |code, said: &str| Trouble::Status { code, said: said.into() }.cause("/cdr");
    assert!(matches!(kind(status::FAILURE, "Quota exceeded"), Cause::Space { .. }));
    assert!(matches!(kind(status::QUOTA_EXCEEDED, ""), Cause::Space { .. }));
    assert!(matches!(kind(status::PERMISSION_DENIED, "Permission denied"), Cause::Permission { .. }));
    assert!(matches!(kind(8, "no"), Cause::Protocol { .. }));
}
