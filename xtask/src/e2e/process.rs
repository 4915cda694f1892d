//! A child process with a log file, that never outlives its owner.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A running program of which we are the owner: dropped, it is killed.
pub(crate) struct Process {
    name: String,
    child: Child,
    /// Everything that it prints.
    pub(crate) log: PathBuf,
}

impl Process {
    /// Starts it with both outputs in `<folder>/<name>.log`.
    ///
    /// # Errors
    /// When the program does not start.
    pub(crate) fn start(name: &str, folder: &Path, command: &mut Command) -> Result<Process, String> {
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        let both = file.try_clone().map_err(|error| error.to_string())?;
        command.stdout(both);
        Process::start_with_stdout(name, log, command.stderr(file))
    }

    /// Starts it with the outputs that the command already has.
    ///
    /// # Errors
    /// When the program does not start.
    pub(crate) fn start_with_stdout(
        name: &str,
        log: PathBuf,
        command: &mut Command,
    ) -> Result<Process, String> {
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| format!("{name} does not start ({error}): {:?}", command.get_program()))?;
        Ok(Process { name: name.to_owned(), child, log })
    }

    /// Starts it as [`Process::start`] does, with somebody who types: what is written comes to its standard input.
    ///
    /// # Errors
    /// When the program does not start.
    pub(crate) fn start_typing(
        name: &str,
        folder: &Path,
        command: &mut Command,
    ) -> Result<(Process, ChildStdin), String> {
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        let both = file.try_clone().map_err(|error| error.to_string())?;
        let started = command.stdin(Stdio::piped()).stdout(both).stderr(file).spawn();
        let mut child = started.map_err(|error| format!("{name} does not start: {error}"))?;
        let keyboard = child.stdin.take().ok_or("it has no standard input")?;
        Ok((Process { name: name.to_owned(), child, log }, keyboard))
    }

    /// Its standard output, when the command pipes it.
    pub(crate) fn take_stdout(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by name, for example `TERM`.
    pub(crate) fn signal(&self, signal: &str) {
        // The shell's own `kill`: a small Debian has no program of that name.
        let _ = Command::new("sh")
            .args(["-c", r#"kill -s "$0" "$1""#, signal, &self.child.id().to_string()])
            .status();
    }

    /// Its end, when it has ended.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it still runs after `limit`; it is killed then.
    pub(crate) fn wait(&mut self, limit: Duration) -> Result<ExitStatus, String> {
        let name = self.name.clone();
        until(limit, &format!("{name} to end"), || self.ended()).inspect_err(|_| self.kill())
    }

    /// Ends it without a chance to say goodbye.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// What it has printed so far.
    pub(crate) fn printed(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Asks again and again until there is an answer.
///
/// # Errors
/// When there is none after `limit`.
pub(crate) fn until<T>(limit: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> Result<T, String> {
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = ask() {
            return Ok(answer);
        }
        if Instant::now() >= end {
            return Err(format!("waited {} s in vain for {what}", limit.as_secs_f32()));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
