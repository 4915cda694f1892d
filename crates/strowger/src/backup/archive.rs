//! What is inside of the encryption: a tar, compressed with gzip, that begins with its manifest.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Component, Path};

use anyhow::{Context, bail, ensure};
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use strowger_configuration::SCHEMA;

use super::age::{self, Header, Lock, Unlock};
use super::progress::Progress;

/// What an archive holds, and from where.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// The version of this format.
    pub(super) format: u32,
    /// The version of the program that made it.
    pub(super) program: String,
    /// The version of the configuration's objects.
    pub(super) schema: u32,
    /// The number of the node.
    pub(super) node: u16,
    pub(super) made_at: String,
    /// The last change of the configuration, and the fingerprint of what it left.
    pub(super) change: u64,
    pub(super) state: String,
    /// The node file among the members.
    pub(super) node_file: Option<String>,
    /// What is not where the node file looks for it, a sentence each.
    pub(super) notes: Vec<String>,
    pub(super) members: Vec<Member>,
}

/// One file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Member {
    /// Where it belongs in the data folder.
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

impl Member {
    /// The file of a folder that shall become a member.
    pub(super) fn of(folder: &Path, path: &str, progress: &mut Progress) -> anyhow::Result<Member> {
        let file = folder.join(path);
        let mut reading = File::open(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut digest = Digesting::new(io::sink());
        let bytes = progress.copy(&mut reading, &mut digest)?;
        Ok(Member { path: path.to_owned(), bytes, sha256: digest.text() })
    }
}

/// Writes an archive of the members of a folder.
pub(super) fn write(
    to: &File,
    lock: &Lock,
    folder: &Path,
    manifest: &Manifest,
    progress: &mut Progress,
) -> anyhow::Result<()> {
    let sealed = age::seal(BufWriter::new(to), lock)?;
    let mut archive = tar::Builder::new(GzEncoder::new(sealed, Compression::default()));
    let described = serde_json::to_vec_pretty(manifest)?;
    archive.append_data(&mut head(described.len() as u64), MANIFEST, described.as_slice())?;
    for member in &manifest.members {
        let file = folder.join(&member.path);
        let reading = File::open(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut reading = progress.watch(reading.take(member.bytes));
        archive.append_data(&mut head(member.bytes), &member.path, &mut reading)?;
    }
    archive.into_inner()?.finish()?.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(())
}

/// Reads an archive and compares everything with its manifest; the contents of each member go where `open` says.
///
/// # Errors
/// Anything is not what was written, or `open` or what it gave refuses.
pub(super) fn read(
    mut from: impl BufRead,
    header: &Header,
    unlock: &Unlock,
    mut open: impl FnMut(&Member) -> anyhow::Result<Box<dyn Write>>,
    progress: &mut Progress,
) -> anyhow::Result<Manifest> {
    let opened = BufReader::new(header.open(&mut from, unlock)?);
    let mut archive = tar::Archive::new(GzDecoder::new(opened));
    let mut entries = archive.entries()?;
    let mut first = entries.next().context("it is empty")??;
    ensure!(&*first.path_bytes() == MANIFEST.as_bytes(), "it does not begin with a manifest");
    let manifest = manifest(&mut first)?;
    progress.expect(manifest.members.iter().map(|member| member.bytes).sum());
    for member in &manifest.members {
        let mut entry = entries.next().with_context(|| format!("{} is missing in it", member.path))??;
        let there = entry.path_bytes();
        ensure!(&*there == member.path.as_bytes(), "it holds {:?} in place of {}", there, member.path);
        let mut to = Digesting::new(open(member)?);
        let bytes = progress.copy(&mut entry, &mut to)?;
        to.flush()?;
        ensure!(
            bytes == member.bytes && to.text() == member.sha256,
            "{} in it is not what its manifest says",
            member.path
        );
    }
    ensure!(entries.next().is_none(), "it holds more than its manifest says");
    // What is behind the last member has to be what was written as well: ends and checksums.
    let mut opened = archive.into_inner();
    io::copy(&mut opened, &mut io::sink())?;
    let more = io::copy(&mut opened.into_inner(), &mut io::sink())?;
    ensure!(more == 0, "something follows its end");
    Ok(manifest)
}

pub(super) fn manifest(entry: &mut impl Read) -> anyhow::Result<Manifest> {
    let mut bytes = vec![];
    entry.take(MANIFEST_MAX).read_to_end(&mut bytes)?;
    /// What every version has.
    #[derive(Deserialize)]
    struct Version {
        format: u32,
        program: String,
    }
    let version: Version = serde_json::from_slice(&bytes).context("its manifest is none")?;
    if version.format > FORMAT {
        let Version { format, program } = version;
        bail!(
            "it has format {format}, this program knows up to {FORMAT}: use version {program} or a newer one"
        );
    }
    let manifest: Manifest = serde_json::from_slice(&bytes).context("its manifest is none")?;
    ensure!(
        manifest.schema <= SCHEMA,
        "its configuration was written by a newer version of this program: use version {} or a newer one",
        manifest.program
    );
    for member in &manifest.members {
        // Who has the public key of a recipient can make an archive: it may not write anywhere else.
        let path = Path::new(&member.path);
        let inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        ensure!(inside && !member.path.is_empty(), "{:?} in it is no file of a data folder", member.path);
    }
    Ok(manifest)
}

fn head(bytes: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_entry_type(tar::EntryType::Regular);
    header
}

/// Writes on, and knows the digest of what it wrote.
struct Digesting<W> {
    to: W,
    digest: Sha256,
}

impl<W: Write> Digesting<W> {
    fn new(to: W) -> Self {
        Digesting { to, digest: Sha256::new() }
    }

    fn text(self) -> String {
        self.digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.digest.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// The version of the format that this program writes.
pub(super) const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
/// Enough for as many segments as a journal of some TiB has.
const MANIFEST_MAX: u64 = 16 * 1024 * 1024;
