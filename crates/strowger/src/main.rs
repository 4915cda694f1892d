//! The one binary of Strowger.

#![warn(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "they panic when the reader has gone: see `print`"
)]

mod access;
mod analysis;
mod announce;
mod backup;
mod bandwidth;
mod cdr;
mod changes;
mod check_data;
mod client;
mod config_file;
mod configuration;
mod consequences;
mod counters;
mod decision;
mod delivery;
mod descriptors;
mod digits;
mod events;
mod exposition;
mod failing;
mod file_server;
mod follow;
mod holder;
mod http;
mod keeper;
mod lab;
mod log;
mod mailbox;
mod media;
mod messages;
mod newcomers;
mod orders;
mod phone;
mod print;
mod process;
mod readiness;
mod records;
mod report;
mod resources;
mod server;
mod sftp;
mod shutdown;
mod sockets;
mod sounds;
mod stations;
mod store;
mod streams;
mod table;
mod telephony;
mod this_server;
mod tls;
mod tokens;
mod udp;
mod user_settings;
mod vault;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory, Parser, Subcommand};
use strowger_base::CallId;

use client::Place;
use config_file::ConfigFile;
use server::Opened;
use telephony::ThisRun;

/// An open unified-communications manager.
///
/// Exit codes: 0 done, 1 failed, 2 wrong use of the command line.
#[derive(Parser)]
#[command(name = "strowger", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Try it: demo numbers and secrets, nothing to edit.
    Lab(lab::LabOptions),
    /// Run a server from a configuration file.
    Serve {
        /// The node file.
        #[arg(long)]
        config: PathBuf,
        /// Folder for everything that is written, in place of the file's.
        #[arg(long)]
        data: Option<PathBuf>,
        #[command(flatten)]
        overrides: lab::Overrides,
        /// Print what is open as one JSON line.
        #[arg(long)]
        json: bool,
    },
    /// List calls, the latest first.
    Calls {
        #[command(flatten)]
        place: Place,
        /// At most so many.
        #[arg(long, default_value_t = 20)]
        limit: usize,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Do something with a call that goes on.
    Call {
        #[command(subcommand)]
        what: orders::CallCommand,
    },
    /// Tell why something is as it is.
    Explain {
        #[command(flatten)]
        place: Place,
        #[command(subcommand)]
        what: Explain,
    },
    /// List locations and links with the bandwidth that calls have of them.
    Bandwidth {
        #[command(flatten)]
        place: Place,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Find calls and add them up, import call records, and say whether records get where they should.
    Cdr {
        #[command(subcommand)]
        what: cdr::CdrCommand,
    },
    /// Say how the SFTP server does, and make hashes of passwords for its users.
    Sftp {
        #[command(subcommand)]
        what: sftp::SftpCommand,
    },
    /// List media resources with what calls have of them.
    Resources {
        #[command(flatten)]
        place: Place,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List registered phones.
    Phones {
        #[command(flatten)]
        place: Place,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Adopt or refuse phones that came by themselves (auto-registration), or be a phone at this terminal.
    Phone {
        #[command(subcommand)]
        what: phone::PhoneCommand,
    },
    /// Say which messages wait for a line, or tell it as a voice mail does.
    Messages(messages::MessagesOptions),
    /// List what users set by themselves: forwards, do not disturb, hunt log-out; or set it for them.
    UserSettings(user_settings::UserSettingsOptions),
    /// Say what a dialled number leads to, key by key, and why.
    Digits(digits::DigitsOptions),
    /// Write the whole configuration as files, or one kind as comma-separated values.
    Export(changes::ExportOptions),
    /// Say what applying a folder of files would do.
    Plan(changes::FolderOptions),
    /// Make the configuration what a folder of files says.
    Apply(changes::ApplyOptions),
    /// Make what tables of comma-separated values say: many phones, lines or users at once.
    Import(changes::ImportOptions),
    /// Confirm the change that is on trial.
    Confirm(changes::AskOptions),
    /// Take back the change that is on trial.
    Revert(changes::AskOptions),
    /// List what was changed, the latest first.
    History(changes::HistoryOptions),
    /// Show one change, setting by setting; `sccp` shows the registered SCCP devices.
    Show {
        /// The number of the change, or `sccp`.
        what: Shown,
        /// Of `sccp`: the device of which all that is known is shown.
        name: Option<String>,
        #[command(flatten)]
        ask: changes::AskOptions,
    },
    /// Show what is different between two changes.
    Diff {
        /// The number of the change to look from; 0 is the beginning.
        from: u64,
        /// The number of the change to look at.
        to: u64,
        #[command(flatten)]
        ask: changes::AskOptions,
    },
    /// Take a change back with a new one.
    Rollback(changes::RollbackOptions),
    /// Set the password of a user of the web interface, or make one.
    Password(changes::PasswordOptions),
    /// Follow what happens: phones that come and go, calls, alarms, changes.
    Events(follow::EventsOptions),
    /// Make, list or revoke what programs prove themselves with over the network.
    Token {
        #[command(subcommand)]
        what: tokens::TokenCommand,
    },
    /// List, add or remove sound files for music on hold.
    Sounds {
        #[command(subcommand)]
        what: sounds::SoundCommand,
    },
    /// Write everything of a server, running or not, into one encrypted file.
    Backup(backup::BackupOptions),
    /// Make a data folder from a backup.
    Restore(backup::RestoreOptions),
    /// Check a configuration file without starting anything.
    CheckConfig {
        /// The node file.
        config: PathBuf,
    },
    /// Read the whole configuration of a stopped server from the disk, and say whether it is what was written.
    CheckData {
        /// The data folder.
        data: PathBuf,
    },
    /// Measure what the configuration costs, for `cargo xtask bench store`.
    #[command(hide = true)]
    MeasureConfiguration(configuration::measure::MeasureOptions),
    /// Print a completion script for a shell.
    Completions {
        /// bash, zsh, fish, …
        shell: clap_complete::Shell,
    },
}

#[derive(Subcommand)]
enum Explain {
    /// The story of a call, with its message ladder.
    Call {
        /// Its id, as `strowger calls` prints it; or `last`, the newest, which may still go on.
        id: String,
        /// Print whole messages in the ladder.
        #[arg(long)]
        messages: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What `strowger show` shows.
#[derive(Clone, Copy)]
enum Shown {
    Change(u64),
    Sccp,
}

impl std::str::FromStr for Shown {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "sccp" => Ok(Shown::Sccp),
            number => number
                .parse()
                .map(Shown::Change)
                .map_err(|_| format!("{number} is neither the number of a change nor sccp")),
        }
    }
}

fn main() -> ExitCode {
    match run(CommandLine::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            match log::format() {
                log::Format::Json => log::error(format!("{error:#}")).write(),
                // Without anybody who reads it the exit code has to do.
                log::Format::Text => _ = writeln!(std::io::stderr(), "strowger: {error:#}"),
            }
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Lab(options) => {
            options.overrides.configure_log();
            let (file, data) = lab::prepare(&options)?;
            let json = options.json;
            let mut this_run = options.overrides.this_run();
            this_run.no_answer = options.no_answer.map(Duration::from_secs);
            serve(file, data, this_run, move |opened, sip| announce::announce(opened, sip, json, true))
        }
        Command::Serve { config, data, overrides, json } => {
            overrides.configure_log();
            let mut file = ConfigFile::read(&config)?;
            overrides.apply(&mut file);
            let folder = config.parent().unwrap_or(Path::new("."));
            let data = data.unwrap_or_else(|| folder.join(&file.node.data));
            serve(file, data, overrides.this_run(), move |opened, sip| {
                announce::announce(opened, sip, json, false);
            })
        }
        Command::Calls { place, limit, json } => report::calls(&place, limit, json),
        Command::Call { what } => orders::run(&what),
        Command::Explain { place, what: Explain::Call { id, messages, json } } => {
            let call = match id.as_str() {
                "last" => None,
                id => Some(id.parse::<CallId>().map_err(|_| {
                    anyhow::anyhow!("{id} is no call id; expected one like C1.0.42, or last")
                })?),
            };
            report::explain_call(&place, call, messages, json)
        }
        Command::Bandwidth { place, json } => bandwidth::show(&place, json),
        Command::Cdr { what } => cdr::run(&what),
        Command::Sftp { what } => sftp::run(&what),
        Command::Resources { place, json } => resources::show(&place, json),
        Command::Phones { place, json } => report::phones(&place, json),
        Command::Messages(options) => messages::run(&options),
        Command::Phone { what } => phone::run(&what),
        Command::UserSettings(options) => user_settings::run(&options),
        Command::Digits(options) => digits::run(&options),
        Command::Export(options) => changes::export(&options),
        Command::Plan(options) => changes::plan(&options),
        Command::Apply(options) => changes::apply(&options),
        Command::Import(options) => changes::import(&options),
        Command::Confirm(options) => changes::confirm(&options),
        Command::Revert(options) => changes::revert(&options),
        Command::History(options) => changes::history(&options),
        Command::Show { what: Shown::Change(change), ask, .. } => changes::show(change, &ask),
        Command::Show { what: Shown::Sccp, name, ask } => {
            stations::show(&ask.place, name.as_deref(), ask.json)
        }
        Command::Diff { from, to, ask } => changes::diff(from, to, &ask),
        Command::Rollback(options) => changes::rollback(&options),
        Command::Password(options) => changes::password(&options),
        Command::CheckConfig { config } => check_config(&config),
        Command::Events(options) => follow::follow(&options),
        Command::Token { what } => tokens::run(&what),
        Command::Sounds { what } => sounds::run(&what),
        Command::Backup(options) => backup::backup(&options),
        Command::Restore(options) => backup::restore(&options),
        Command::CheckData { data } => check_data::run(&data),
        Command::MeasureConfiguration(options) => print::line(configuration::measure::measure(&options)?),
        Command::Completions { shell } => {
            let mut script = vec![];
            clap_complete::generate(shell, &mut CommandLine::command(), "strowger", &mut script);
            print::print(String::from_utf8(script)?)
        }
    }
}

/// Says what is wrong with a file, and what is hardly meant.
fn check_config(path: &Path) -> anyhow::Result<()> {
    let file = ConfigFile::read(path)?;
    let data = path.parent().unwrap_or(Path::new(".")).join(&file.node.data);
    let web = file.web_doubt(&data);
    let configuration = match (file.configuration(), &web) {
        (Ok(configuration), _) => configuration,
        (Err(error), Ok(_)) => return Err(error),
        (Err(error), Err(web)) => anyhow::bail!("{error}\n{web:#}"),
    };
    let wrong = digits::unusable(&file, &configuration.calls);
    anyhow::ensure!(wrong.is_empty(), "some saved diallings cannot be asked:\n  {}", wrong.join("\n  "));
    if let Some(doubt) = web? {
        print::line(format_args!("warning  {doubt}"))?;
    }
    // Where the server has run already, its phones are known.
    let phones = store::Index::read(&data.join("strowger.db"))
        .and_then(|index| index.addresses_of_phones())
        .unwrap_or_default();
    print::print(file.doubts(&phones))?;
    if configuration::is_in(&data) {
        print::print(file.told_unused(&data))?;
    }
    print::print(digits::Report::of(&configuration.calls, digits::now()).doubts())?;
    print::line(format_args!("{} is a configuration that can be used", path.display()))
}

/// The one way in which a server runs, whatever prepared its configuration.
fn serve(
    file: ConfigFile,
    data: PathBuf,
    this_run: ThisRun,
    ready: impl FnOnce(&Opened, &strowger_sip::Configuration),
) -> anyhow::Result<()> {
    log::configure(file.log.level, file.log.format);
    if !configuration::is_in(&data) {
        // What is wrong with a file that will be taken over is said before anything is opened.
        file.configuration()?;
    }
    Opened::open(file, data, this_run)?.run(ready)
}
