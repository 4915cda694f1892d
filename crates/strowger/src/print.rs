//! What commands say on standard output. A reader that has heard enough (`| head`) is no error.

use std::fmt;
use std::io::{self, Write};

use anyhow::Context;

/// Writes what a command has to say.
///
/// # Errors
/// When it cannot be written, but not because nobody reads it any more.
pub(crate) fn print(text: impl fmt::Display) -> anyhow::Result<()> {
    print_to(&mut io::stdout().lock(), text)
}

/// The same with an end of line.
///
/// # Errors
/// As [`print()`].
pub(crate) fn line(text: impl fmt::Display) -> anyhow::Result<()> {
    print(format_args!("{text}\n"))
}

/// Says on standard error how far something long is.
pub(crate) fn progress(text: impl fmt::Display) {
    // Nobody has to hear it.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Asks for a line that is not shown while it is typed; from a file or pipe it is read as it comes.
///
/// # Errors
/// The terminal or standard input cannot be read.
pub(crate) fn hidden_line(prompt: &str) -> anyhow::Result<String> {
    let input = io::stdin();
    let shown =
        io::IsTerminal::is_terminal(&input).then(|| rustix::termios::tcgetattr(&input)).transpose()?;
    if let Some(shown) = &shown {
        // What scripts read on standard output holds no prompt.
        write!(io::stderr(), "{prompt}").and_then(|()| io::stderr().flush())?;
        let mut hidden = shown.clone();
        hidden.local_modes.remove(rustix::termios::LocalModes::ECHO);
        rustix::termios::tcsetattr(&input, rustix::termios::OptionalActions::Flush, &hidden)?;
    }
    let mut line = String::new();
    let read = input.read_line(&mut line);
    if let Some(shown) = &shown {
        rustix::termios::tcsetattr(&input, rustix::termios::OptionalActions::Flush, shown)?;
        let _ = writeln!(io::stderr());
    }
    read.context("cannot read standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn print_to(out: &mut impl Write, text: impl fmt::Display) -> anyhow::Result<()> {
    match write!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fails(io::ErrorKind);

    impl Write for Fails {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn only_a_reader_that_has_gone_may_miss_something() {
        let check = |kind: io::ErrorKind, expect: bool| {
            assert_eq!(print_to(&mut Fails(kind), "text").is_ok(), expect, "{kind:?}");
        };
        check(io::ErrorKind::BrokenPipe, true);
        check(io::ErrorKind::StorageFull, false);
    }
}
