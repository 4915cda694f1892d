//! A few requests written by hand, for what no phone would do and to see that the server lives.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use super::process::until;

const PATIENCE: Duration = Duration::from_secs(5);

fn request(own: SocketAddr, transport: &str) -> String {
    format!(
        "OPTIONS sip:{own} SIP/2.0\r\nVia: SIP/2.0/{transport} {own};branch=z9hG4bK{port}alive;rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:alive@{own}>;tag=alive\r\nTo: <sip:{own}>\r\n\
         Call-ID: alive-{port}@{own}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
        port = own.port(),
    )
}

/// Asks the server by UDP whether it lives.
///
/// # Errors
/// When no 200 comes.
pub(crate) fn options(server: SocketAddr) -> Result<(), String> {
    let socket = UdpSocket::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    socket.set_read_timeout(Some(Duration::from_millis(250))).map_err(|error| error.to_string())?;
    let own = socket.local_addr().map_err(|error| error.to_string())?;
    let request =
        request(own, "UDP").replace(&format!("OPTIONS sip:{own}"), &format!("OPTIONS sip:{server}"));
    let mut buffer = [0; 4096];
    until(PATIENCE, "an answer to OPTIONS over UDP", || {
        let _ = socket.send_to(request.as_bytes(), server);
        let length = socket.recv(&mut buffer).ok()?;
        buffer.get(..length)?.starts_with(b"SIP/2.0 200").then_some(())
    })
}

/// Asks the server by TCP whether it lives.
///
/// # Errors
/// When no 200 comes.
pub(crate) fn options_over_tcp(server: SocketAddr) -> Result<(), String> {
    let mut stream = TcpStream::connect(server).map_err(|error| format!("TCP to {server}: {error}"))?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(|error| error.to_string())?;
    let own = stream.local_addr().map_err(|error| error.to_string())?;
    let request =
        request(own, "TCP").replace(&format!("OPTIONS sip:{own}"), &format!("OPTIONS sip:{server}"));
    stream.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
    let mut start = [0; 11];
    stream.read_exact(&mut start).map_err(|error| format!("OPTIONS over TCP: {error}"))?;
    if &start == b"SIP/2.0 200" { Ok(()) } else { Err("OPTIONS over TCP was not answered 200".into()) }
}

/// Fetches a page and returns its status and body.
///
/// # Errors
/// When nobody answers.
pub(crate) fn http_get(server: SocketAddr, path: &str) -> Result<(u16, String), String> {
    let mut stream = TcpStream::connect(server).map_err(|error| format!("HTTP to {server}: {error}"))?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(|error| error.to_string())?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
    let mut text = String::new();
    stream.read_to_string(&mut text).map_err(|error| format!("GET {path}: {error}"))?;
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    Ok((status, body))
}
