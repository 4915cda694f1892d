//! Calls whose media is relayed, beside rtpengine without its part in the kernel.

use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::{Limit, Row, Server, Subject};
use crate::bench::data;
use crate::bench::target::{self, Running, Under};
use crate::e2e::process::{Process, until};
use crate::{peers, workspace};

pub(super) const PLAIN: Row = Row {
    name: "relay",
    unit: "session",
    subjects: &[
        Subject {
            name: "strowger",
            start: strowger,
            generator: &["sip", "--server", "127.0.0.1:5160", "--setup-rate", "100"],
        },
        Subject { name: "rtpengine", start: rtpengine, generator: &["ng", "--ng", NG] },
    ],
    limit: Limit::Ratio(1.0),
    stamped: true,
};

pub(super) const SRTP: Row = Row {
    name: "srtp",
    unit: "session",
    subjects: &[
        Subject {
            name: "strowger",
            start: strowger,
            generator: &["sip", "--server", "127.0.0.1:5160", "--setup-rate", "100", "--srtp", "1"],
        },
        Subject { name: "rtpengine", start: rtpengine, generator: &["ng", "--ng", NG, "--srtp", "1"] },
    ],
    limit: Limit::Ratio(1.0),
    stamped: true,
};

pub(super) const HALF_LOAD: Row = Row {
    name: "half-load",
    unit: "session",
    subjects: &[Subject {
        name: "strowger",
        start: strowger,
        generator: &["sip", "--server", "127.0.0.1:5160", "--setup-rate", "100"],
    }],
    limit: Limit::HalfLoad(2_000),
    stamped: true,
};

pub(super) const TRANSCODE: Row = Row {
    name: "transcode",
    unit: "session",
    subjects: &[
        Subject {
            name: "strowger",
            start: strowger,
            generator: &["sip", "--server", "127.0.0.1:5160", "--setup-rate", "100", "--pt-b", "9"],
        },
        Subject { name: "rtpengine", start: rtpengine, generator: &["ng", "--ng", NG, "--pt-b", "9"] },
    ],
    limit: Limit::Ratio(1.0),
    stamped: false,
};

/// Where rtpengine is told what to do.
const NG: &str = "127.0.0.1:2223";

impl Server for Running {
    fn id(&self) -> u32 {
        self.id()
    }
}

impl Server for Process {
    fn id(&self) -> u32 {
        self.id()
    }
}

pub(super) fn strowger(folder: &Path, _: usize) -> Result<Box<dyn Server>, String> {
    let folder = target::folder(folder, "media-strowger")?;
    let config = data::relay(&folder, target::PORT)?.display().to_string();
    let program = [workspace::release_binary(), "serve".into(), "--config".into(), config];
    let server = target::launch("strowger", &folder, &program, Under::Nothing)?;
    let mut apply = Command::new(workspace::release_binary());
    apply.args(["apply", "--keep-others", "--message", "bench", "--data"]).arg(folder.join("data"));
    let output = apply.arg(data::objects(&folder)?).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("strowger apply: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(Box::new(server))
}

fn rtpengine(folder: &Path, _: usize) -> Result<Box<dyn Server>, String> {
    peers::require(&[peers::RTPENGINE])?;
    let folder = target::folder(folder, "media-rtpengine")?;
    let program = peers::find(peers::RTPENGINE.program).ok_or("rtpengine is not installed")?;
    let mut command = Command::new("taskset");
    command.args(["-c", target::SERVER_CORE]).arg(program);
    // No table: every packet goes through user space, as ours do.
    command.args(["--interface=127.0.0.1", "--table=-1", "--foreground", "--log-stderr", "--log-level=3"]);
    command.args(["--port-min=30000", "--port-max=39999"]).arg(format!("--listen-ng={NG}"));
    command.arg(format!("--pidfile={}", folder.join("pid").display()));
    let mut process = Process::start("rtpengine", &folder, &mut command)?;
    let socket = UdpSocket::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    socket.set_read_timeout(Some(Duration::from_millis(200))).map_err(|error| error.to_string())?;
    let mut buffer = [0; 512];
    let answered = until(Duration::from_secs(20), "rtpengine to answer a ping", || {
        if process.ended().is_some() {
            return Some(false);
        }
        let _ = socket.send_to(b"ready d7:command4:pinge", NG);
        socket.recv(&mut buffer).is_ok().then_some(true)
    });
    match answered {
        Ok(true) => Ok(Box::new(process)),
        Ok(false) => Err(format!("rtpengine ended at once:\n{}", process.printed())),
        Err(error) => Err(format!("{error}\n{}", process.printed())),
    }
}
