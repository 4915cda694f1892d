//! The spool of a node: rows that are safe on its disk, in segments, each of which becomes the files of one interval.
//!
//! A segment begins with a head that says where everything stands, and goes on with frames: length, CRC-32, how far the journal was read, and a row. It ends
//! with a frame that closes it. Whoever keeps segments writes what [`Spooler::take`] gives, waits for the disk, and only then counts the rows as written. After
//! a power cut [`Spooler::resume`] finds out from the bytes that are left what was written and how far the journal was read, so that every call
//! has exactly one row: rows and the place in the journal are in the same frame.

use strowger_base::WallTime;

use crate::file::{header, line};
use crate::record::Record;
use crate::{Cdr, Cmr, FileName, RecordKind};

/// Where everything stands when a segment begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// Which spool this is: chosen when it was made, so that numbers of a new one are not taken for those of an old one.
    pub epoch: u64,
    /// The how many-th segment.
    pub segment: u64,
    /// The number of its first row.
    pub row: u64,
    /// The number of its first file.
    pub file: u64,
    /// How far the journal was read.
    pub journal: u64,
    /// When the segment before it was closed. Files never go back in time, whatever the clock does.
    pub closed_at: WallTime,
}

/// What a frame says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entry<'a> {
    /// A row, as it stands in a file, with its line end.
    Row(RecordKind, &'a str),
    /// The journal was read up to here, and gave no row.
    Mark,
    /// The segment is over.
    Closed(WallTime),
}

/// A frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frame<'a> {
    /// How far the journal is read.
    pub journal: u64,
    /// What it says.
    pub entry: Entry<'a>,
}

/// A segment as it was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment<'a> {
    /// How it begins.
    pub head: Head,
    /// Its whole frames.
    pub frames: Vec<Frame<'a>>,
    /// How many bytes are whole; what follows them is torn.
    pub whole: usize,
}

impl<'a> Segment<'a> {
    /// Reads a segment up to its end, or to where it is torn. `None` when it is none, or its head is torn.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (first, mut whole) = frame(bytes.strip_prefix(&MAGIC)?)?;
        whole += MAGIC.len();
        let head = Head::take(first)?;
        let mut frames = Vec::new();
        while let Some((payload, length)) = bytes.get(whole..).and_then(frame) {
            let Some(frame) = Frame::take(payload) else { break };
            frames.push(frame);
            whole += length;
            if let Entry::Closed(_) = frame.entry {
                break;
            }
        }
        Some(Segment { head, frames, whole })
    }

    /// When it was closed, if it was.
    pub fn closed_at(&self) -> Option<WallTime> {
        match self.frames.last()?.entry {
            Entry::Closed(at) => Some(at),
            Entry::Row(..) | Entry::Mark => None,
        }
    }

    /// How many rows it has of a kind.
    pub fn rows(&self, kind: RecordKind) -> usize {
        self.frames.iter().filter(|frame| matches!(frame.entry, Entry::Row(its, _) if its == kind)).count()
    }

    /// How far the journal was read.
    pub fn journal(&self) -> u64 {
        self.frames.last().map_or(self.head.journal, |frame| frame.journal)
    }

    /// The files of a closed segment, the same whenever they are made: one for each kind of record that it has. None while it is open.
    pub fn files(&self, cluster: &str, node: u32) -> Vec<(FileName, String)> {
        let Some(minute) = self.closed_at() else { return Vec::new() };
        let kinds = self.kinds();
        let named = kinds.into_iter().zip(self.head.file..);
        named
            .map(|(kind, sequence)| {
                let mut text = match kind {
                    RecordKind::Cdr => header::<Cdr>(),
                    RecordKind::Cmr => header::<Cmr>(),
                };
                for frame in &self.frames {
                    if let Entry::Row(its, row) = frame.entry
                        && its == kind
                    {
                        text.push_str(row);
                    }
                }
                (FileName { kind, cluster: cluster.into(), node, minute, sequence }, text)
            })
            .collect()
    }

    fn kinds(&self) -> Vec<RecordKind> {
        [RecordKind::Cdr, RecordKind::Cmr].into_iter().filter(|kind| self.rows(*kind) > 0).collect()
    }

    /// How the next segment begins.
    fn next(&self) -> Head {
        let rows = self.rows(RecordKind::Cdr) + self.rows(RecordKind::Cmr);
        Head {
            epoch: self.head.epoch,
            segment: self.head.segment + 1,
            row: self.head.row + rows as u64,
            file: self.head.file + self.kinds().len() as u64,
            journal: self.journal(),
            closed_at: self.closed_at().unwrap_or(self.head.closed_at),
        }
    }
}

/// Writes a segment.
#[derive(Debug)]
pub struct Spooler {
    head: Head,
    journal: u64,
    cdrs: u64,
    cmrs: u64,
    bytes: u64,
    /// Where the last durable mark was made.
    marked: u64,
    pending: Vec<u8>,
}

impl Spooler {
    /// Begins a segment.
    pub fn begin(head: Head) -> Self {
        let mut pending = MAGIC.to_vec();
        put(|out| head.put(out), &mut pending);
        Spooler { head, journal: head.journal, cdrs: 0, cmrs: 0, bytes: 0, marked: head.journal, pending }
    }

    /// The first segment of a new spool; the journal is read from there on.
    pub fn new(epoch: u64, journal: u64) -> Self {
        Spooler::begin(Head { epoch, segment: 1, row: 1, file: 1, journal, closed_at: WallTime::default() })
    }

    /// Goes on with the last segment; the bytes after [`Segment::whole`] have to be cut off. A closed one is followed by a new one, whose beginning is pending.
    pub fn resume(segment: &Segment<'_>) -> Self {
        if segment.closed_at().is_some() {
            return Spooler::begin(segment.next());
        }
        Spooler {
            head: segment.head,
            journal: segment.journal(),
            cdrs: segment.rows(RecordKind::Cdr) as u64,
            cmrs: segment.rows(RecordKind::Cmr) as u64,
            bytes: segment.whole as u64,
            marked: segment.journal(),
            pending: Vec::new(),
        }
    }

    /// The head of the segment that is written.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// How far the journal is read.
    pub const fn journal(&self) -> u64 {
        self.journal
    }

    /// How many rows the segment has.
    pub const fn rows(&self) -> u64 {
        self.cdrs + self.cmrs
    }

    /// How long the segment is with what is pending, in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes + self.pending.len() as u64
    }

    /// Adds a record; the journal is read up to there with it.
    pub fn row<R: Record>(&mut self, journal: u64, kind: RecordKind, record: &R) {
        match kind {
            RecordKind::Cdr => self.cdrs += 1,
            RecordKind::Cmr => self.cmrs += 1,
        }
        self.put(journal, Entry::Row(kind, &line(record)));
        self.marked = journal;
    }

    /// The journal is read up to there, and gave nothing. It is told the disk now and then only.
    pub fn pass(&mut self, journal: u64) {
        self.journal = journal;
        if journal.abs_diff(self.marked) >= MARK_EVERY {
            self.mark();
        }
    }

    /// Tells the disk how far the journal is read.
    pub fn mark(&mut self) {
        if self.marked != self.journal {
            self.marked = self.journal;
            self.put(self.journal, Entry::Mark);
        }
    }

    /// Closes the segment. Files follow each other in time although the clock may be put back; one that was far ahead is not followed.
    pub fn close(&mut self, at: WallTime) {
        let before = self.head.closed_at;
        let was_wrong = before.as_micros() > at.as_micros().saturating_add(CLOCK_BACK_MAX);
        self.put(self.journal, Entry::Closed(if was_wrong { at } else { at.max(before) }));
    }

    /// What is to be written behind what was written before.
    pub fn take(&mut self) -> Vec<u8> {
        self.bytes += self.pending.len() as u64;
        std::mem::take(&mut self.pending)
    }

    fn put(&mut self, journal: u64, entry: Entry<'_>) {
        self.journal = journal;
        put(|out| Frame { journal, entry }.put(out), &mut self.pending);
    }
}

impl Head {
    fn put(&self, out: &mut Vec<u8>) {
        for number in
            [self.epoch, self.segment, self.row, self.file, self.journal, self.closed_at.as_micros()]
        {
            out.extend_from_slice(&number.to_le_bytes());
        }
    }

    fn take(bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.as_chunks::<8>();
        let [epoch, segment, row, file, journal, closed_at] = *numbers else { return None };
        let number = u64::from_le_bytes;
        rest.is_empty().then(|| Head {
            epoch: number(epoch),
            segment: number(segment),
            row: number(row),
            file: number(file),
            journal: number(journal),
            closed_at: WallTime::from_micros(number(closed_at)),
        })
    }
}

impl<'a> Frame<'a> {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.journal.to_le_bytes());
        match self.entry {
            Entry::Row(kind, row) => {
                out.push(if kind == RecordKind::Cdr { CDR } else { CMR });
                out.extend_from_slice(row.as_bytes());
            }
            Entry::Mark => out.push(MARK),
            Entry::Closed(at) => {
                out.push(CLOSED);
                out.extend_from_slice(&at.as_micros().to_le_bytes());
            }
        }
    }

    fn take(bytes: &'a [u8]) -> Option<Self> {
        let (journal, rest) = bytes.split_first_chunk::<8>()?;
        let (kind, rest) = rest.split_first()?;
        let entry = match *kind {
            CDR => Entry::Row(RecordKind::Cdr, std::str::from_utf8(rest).ok()?),
            CMR => Entry::Row(RecordKind::Cmr, std::str::from_utf8(rest).ok()?),
            MARK => Entry::Mark,
            CLOSED => Entry::Closed(WallTime::from_micros(u64::from_le_bytes(*rest.first_chunk::<8>()?))),
            _ => return None,
        };
        Some(Frame { journal: u64::from_le_bytes(*journal), entry })
    }
}

/// Appends a frame around what is put in it.
fn put(payload: impl FnOnce(&mut Vec<u8>), out: &mut Vec<u8>) {
    let begin = out.len();
    out.extend_from_slice(&[0; FRAME_HEAD]);
    payload(out);
    let (head, payload) = out.split_at_mut(begin + FRAME_HEAD);
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes();
    let checksum = crc32fast::hash(payload).to_le_bytes();
    for (place, byte) in head.iter_mut().skip(begin).zip(length.into_iter().chain(checksum)) {
        *place = byte;
    }
}

/// The payload of the first frame, and how long the frame is; `None` at the end and where it is torn.
fn frame(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (checksum, rest) = rest.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    let payload = rest.get(..length)?;
    (crc32fast::hash(payload) == u32::from_le_bytes(*checksum)).then_some((payload, FRAME_HEAD + length))
}

/// First bytes of a segment: a name and the version of the format.
const MAGIC: [u8; 8] = *b"SCDRS\0\0\x01";
const FRAME_HEAD: usize = 8;
const CDR: u8 = 1;
const CMR: u8 = 2;
const MARK: u8 = 3;
const CLOSED: u8 = 4;
/// How far a clock may have been ahead for files to follow it, in microseconds: two days.
const CLOCK_BACK_MAX: u64 = 2 * 86_400 * 1_000_000;
/// How much of the journal is read again after a power cut, at most, in its bytes.
const MARK_EVERY: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn cdr(number: i64) -> Cdr {
        Cdr { cdr_record_type: 1, global_call_id_call_id: number, ..Cdr::default() }
    }

    fn written() -> Vec<u8> {
        let mut spooler = Spooler::new(7, 100);
        spooler.row(110, RecordKind::Cdr, &cdr(1));
        spooler.pass(120);
        spooler.row(130, RecordKind::Cmr, &Cmr { cdr_record_type: 2, ..Cmr::default() });
        spooler.row(140, RecordKind::Cdr, &cdr(2));
        spooler.close(WallTime::from_micros(1_777_896_180_000_000));
        spooler.take()
    }

    #[test]
    fn a_segment_cut_at_any_byte_gives_what_stands_before_the_cut_and_goes_on_there() {
        let bytes = written();
        let whole = Segment::read(&bytes).unwrap();
        assert_eq!((whole.whole, whole.journal(), whole.rows(RecordKind::Cdr)), (bytes.len(), 140, 2));
        let head = (0..).find(|cut| Segment::read(&bytes[..*cut]).is_some()).unwrap();
        for cut in head..=bytes.len() {
            let segment = Segment::read(&bytes[..cut]).unwrap();
            assert!(whole.frames.starts_with(&segment.frames) && segment.whole <= cut, "cut at {cut}");
            let spooler = Spooler::resume(&segment);
            assert_eq!(spooler.journal(), segment.journal(), "cut at {cut}");
            let closed = segment.closed_at().is_some();
            assert_eq!((closed, spooler.head().segment), (cut == bytes.len(), if closed { 2 } else { 1 }));
        }
    }

    #[test]
    fn a_changed_byte_is_seen_wherever_it_is() {
        let bytes = written();
        let whole = Segment::read(&bytes).unwrap();
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x10;
            let found = Segment::read(&damaged);
            assert_ne!(found.as_ref(), Some(&whole), "byte {place}");
            assert!(found.is_none_or(|found| whole.frames.starts_with(&found.frames)), "byte {place}");
        }
    }

    #[test]
    fn a_closed_segment_is_files_and_numbers_go_on_in_the_next() {
        let bytes = written();
        let segment = Segment::read(&bytes).unwrap();
        let files = segment.files("lab", 1);
        let names: Vec<String> = files.iter().map(|(name, _)| name.to_string()).collect();
        assert_eq!(names, ["cdr_lab_01_202605041203_1", "cmr_lab_01_202605041203_2"]);
        let read: Vec<Cdr> =
            crate::file::Reader::new(files[0].1.as_bytes()).unwrap().map(Result::unwrap).collect();
        assert_eq!(read.iter().map(|cdr| cdr.global_call_id_call_id).collect::<Vec<_>>(), [1, 2]);
        let next = *Spooler::resume(&segment).head();
        assert_eq!((next.epoch, next.segment, next.row, next.file, next.journal), (7, 2, 4, 3, 140));
        // The clock goes back by a day: files do not.
        let mut spooler = Spooler::resume(&segment);
        spooler.row(150, RecordKind::Cdr, &cdr(3));
        spooler.close(WallTime::from_micros(1_777_809_780_000_000));
        let bytes = spooler.take();
        assert_eq!(
            Segment::read(&bytes).unwrap().files("lab", 1)[0].0.to_string(),
            "cdr_lab_01_202605041203_3"
        );
    }

    #[test]
    fn what_gives_no_row_is_marked_now_and_then() {
        let mut spooler = Spooler::new(7, 0);
        spooler.take();
        spooler.pass(MARK_EVERY - 1);
        assert!(spooler.take().is_empty());
        spooler.pass(MARK_EVERY);
        assert!(!spooler.take().is_empty());
        spooler.mark();
        assert!(spooler.take().is_empty(), "it is marked already");
    }
}
