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

fn a_file() -> Vec<u8> {
    let known = Attributes { size: Some(1), permissions: Some(0o100_644), times: None };
    Packet::new(0).attributes(known).bytes()[5..].to_vec()
}

/// What a server without `posix-rename` is asked when it answers so, and how that ends.
async fn renamed(script: Vec<(u8, u8, Vec<u8>)>) -> (Result<(), Trouble>, Vec<String>) {
    let (client, server) = tokio::io::duplex(65536);
    let kinds: Vec<u8> = script.iter().map(|(kind, _, _)| *kind).collect();
    let server = tokio::spawn(served(server, plain(), script));
    let mut sftp = Sftp::begin(client, STEP).await.expect("a session");
    let ended = sftp.rename("/cdr/a.part", "/cdr/a").await;
    let asked = server.await.expect("whole");
    let told = kinds.into_iter().zip(asked).map(|(kind, question)| {
        let mut reader = Reader(&question);
        let names = std::iter::from_fn(|| reader.text()).map(String::from_utf8_lossy);
        format!("{kind} {}", names.collect::<Vec<_>>().join(" "))
    });
    (ended, told.collect())
}

#[tokio::test]
async fn without_posix_rename_the_old_file_goes_when_the_new_one_is_in_its_place() {
    let status = |code| (packet::RENAME, packet::STATUS, said(code, ""));
    let exists = (packet::STAT, packet::ATTRS, a_file());
    let removes = (packet::REMOVE, packet::STATUS, said(status::OK, ""));
    let script = vec![
        status(status::FAILURE),
        exists.clone(),
        status(status::OK),
        status(status::OK),
        removes.clone(),
    ];
    let (ended, asked) = renamed(script).await;
    let expect = [
        "18 /cdr/a.part /cdr/a",
        "17 /cdr/a",
        "18 /cdr/a /cdr/.a.old",
        "18 /cdr/a.part /cdr/a",
        "13 /cdr/.a.old",
    ];
    assert_eq!((ended, asked), (Ok(()), expect.map(str::to_owned).into()));
    // The new one cannot take its place: the old one has its name again.
    let script = vec![
        status(status::FAILURE),
        exists.clone(),
        status(status::OK),
        status(status::PERMISSION_DENIED),
        status(status::OK),
    ];
    let (ended, asked) = renamed(script).await;
    assert!(matches!(ended, Err(Trouble::Status { code: status::PERMISSION_DENIED, .. })), "{ended:?}");
    assert_eq!(asked.last().map(String::as_str), Some("18 /cdr/.a.old /cdr/a"));
}

#[tokio::test]
async fn a_refusal_for_another_reason_takes_no_file_away() {
    let refused = |code| (packet::RENAME, packet::STATUS, said(code, ""));
    let absent = (packet::STAT, packet::STATUS, said(status::NO_SUCH_FILE, ""));
    let folder = Attributes { size: None, permissions: Some(0o040_755), times: None };
    let folder = Packet::new(0).attributes(folder).bytes()[5..].to_vec();
    for script in [
        vec![refused(status::PERMISSION_DENIED)],
        vec![refused(status::NO_SPACE)],
        vec![refused(status::FAILURE), absent],
        vec![refused(status::FAILURE), (packet::STAT, packet::ATTRS, folder)],
    ] {
        let count = script.len();
        let (ended, asked) = renamed(script).await;
        assert!(ended.is_err() && asked.len() == count, "{asked:?}");
    }
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
