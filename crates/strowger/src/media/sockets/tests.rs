use super::*;

fn machine() -> Machine {
    Machine {
        media_bind: IpAddr::from([127, 0, 0, 1]),
        media_address: None,
        media_ports: (50_000, 50_999),
        media_quarantine: std::time::Duration::ZERO,
        sccp: None,
        phone_services: None,
        sftp: None,
        http: SocketAddr::from(([127, 0, 0, 1], 0)),
        http_tls: false,
        drain_max: std::time::Duration::ZERO,
        journal_limit_bytes: 0,
    }
}

fn sockets(open_max: usize, share: Share) -> (Sockets, Readiness) {
    (Sockets::new(open_max, share), Readiness::new().unwrap())
}

const ALL: Share = Share { index: 0, of: 1 };

#[test]
fn a_place_that_is_used_again_is_not_taken_for_the_port_before() {
    let (mut sockets, readiness) = sockets(100, ALL);
    let (a, b) = sockets.open(PortId(2), 2, &machine(), &readiness).unwrap();
    let name = |port, side, channel| SocketRef { port, side, channel };
    let first = Token::new(1, 0, 3);
    let (found, socket) = sockets.by_token(first).unwrap();
    assert_eq!(found, name(PortId(2), Side::B, Channel::Rtcp));
    assert_eq!(socket.local_addr().unwrap().port(), b.unwrap().port() + 1);
    assert_ne!(a, b.unwrap());
    sockets.close(PortId(2));
    assert_eq!((sockets.len(), sockets.by_token(first).is_none()), (0, true));
    sockets.open(PortId(4), 1, &machine(), &readiness).unwrap();
    assert!(sockets.by_token(first).is_none());
    let rtp = name(PortId(4), Side::A, Channel::Rtp);
    assert_eq!(sockets.by_token(Token::new(2, 0, 0)).unwrap().0, rtp);
    // By its name, whether or not it is known where it is.
    assert!(
        sockets.by_name(rtp, None).is_some() && sockets.by_name(rtp, Some(Token::new(2, 0, 0))).is_some()
    );
    assert!(sockets.by_name(name(PortId(4), Side::B, Channel::Rtp), None).is_none());
    assert!(sockets.by_name(name(PortId(2), Side::A, Channel::Rtp), Some(first)).is_none());
    assert_eq!(sockets.len(), 2);
}

#[test]
fn no_more_sockets_than_the_limit_and_only_ports_of_ones_share() {
    let (mut sockets, readiness) = sockets(6, Share { index: 1, of: 3 });
    for port in [2, 4, 6] {
        let (a, _) = sockets.open(PortId(port), 1, &machine(), &readiness).unwrap();
        assert_eq!((a.port() / 2) % 3, 1);
    }
    let refused = sockets.open(PortId(8), 1, &machine(), &readiness).unwrap_err();
    assert_eq!(&*refused, "all 6 media sockets that the limit of open files leaves are open");
}

#[test]
fn a_socket_that_fails_again_and_again_gets_a_successor_with_its_port() {
    let (mut sockets, readiness) = sockets(100, ALL);
    let (a, _) = sockets.open(PortId(2), 1, &machine(), &readiness).unwrap();
    let token = Token::new(1, 0, 0);
    for _ in 1..FAILURES_MAX {
        assert!(matches!(sockets.failed(token, &readiness), Failed::Stays));
    }
    assert!(matches!(sockets.failed(token, &readiness), Failed::Replaced));
    assert_eq!(sockets.by_token(token).unwrap().1.local_addr().unwrap(), a);
    assert_eq!(sockets.len(), 2);
    // What is closed meanwhile fails nobody.
    sockets.close(PortId(2));
    assert!(matches!(sockets.failed(token, &readiness), Failed::Stays));
}
