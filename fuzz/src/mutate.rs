//! Changes inputs as a broken or hostile peer would.

use strowger_base::Rng;

/// Makes new inputs out of known ones.
#[derive(Debug)]
pub struct Mutator {
    rng: Rng,
    corpus: Vec<Vec<u8>>,
    /// Words of the protocol that are put in whole.
    words: &'static [&'static [u8]],
}

impl Mutator {
    /// A mutator over these inputs; the same seed makes the same inputs.
    pub fn new(seed: u64, corpus: Vec<Vec<u8>>, words: &'static [&'static [u8]]) -> Self {
        Mutator { rng: Rng::new(seed), corpus, words }
    }

    /// Keeps an input that showed something new, to build on it.
    pub fn keep(&mut self, input: Vec<u8>) {
        if self.corpus.len() < 10_000 {
            self.corpus.push(input);
        }
    }

    /// How many inputs are built on.
    pub fn known(&self) -> usize {
        self.corpus.len()
    }

    /// The next input.
    pub fn next_input(&mut self) -> Vec<u8> {
        let mut input = self.pick();
        for _ in 0..=self.rng.below(4) {
            self.change(&mut input);
        }
        input.truncate(70_000);
        input
    }

    fn pick(&mut self) -> Vec<u8> {
        let which = self.rng.below(self.corpus.len() as u64) as usize;
        self.corpus.get(which).cloned().unwrap_or_default()
    }

    fn place(&mut self, input: &[u8]) -> usize {
        self.rng.below(input.len() as u64 + 1) as usize
    }

    /// A stretch of at most 64 bytes, sometimes of any length.
    fn stretch(&mut self, input: &[u8]) -> std::ops::Range<usize> {
        let from = self.place(input);
        let longest = if self.rng.one_in(8) { input.len() } else { 64 };
        let to = from + self.rng.below(longest as u64 + 1) as usize;
        from..to.min(input.len())
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.place(input);
        match self.rng.below(9) {
            0 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = self.rng.next_u64() as u8;
                }
            }
            1 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << self.rng.below(8);
                }
            }
            2 => {
                const SPECIAL: &[u8] = b"\r\n \t\"<>;:,=@%?&/\\[]()0-*.\0\x7f\xff";
                input.insert(at, SPECIAL[self.rng.below(SPECIAL.len() as u64) as usize]);
            }
            3 => {
                let stretch = self.stretch(input);
                input.drain(stretch);
            }
            4 => {
                let stretch = self.stretch(input);
                let copy = input[stretch].to_vec();
                insert(input, at, &copy);
            }
            5 => {
                if !self.words.is_empty() {
                    let word = self.words[self.rng.below(self.words.len() as u64) as usize];
                    insert(input, at, word);
                }
            }
            6 => {
                let other = self.pick();
                let stretch = self.stretch(&other);
                insert(input, at, &other[stretch]);
            }
            7 => self.change_number(input),
            _ => input.truncate(at),
        }
    }

    /// Puts another number where one stands.
    fn change_number(&mut self, input: &mut Vec<u8>) {
        const NUMBERS: &[&[u8]] = &[
            b"0",
            b"-1",
            b"255",
            b"256",
            b"65535",
            b"65536",
            b"2147483648",
            b"4294967295",
            b"4294967296",
            b"9223372036854775807",
            b"18446744073709551616",
            b"00000000000000000000007",
            b"1e9",
        ];
        let from = self.place(input);
        let Some(start) = input[from..].iter().position(u8::is_ascii_digit).map(|start| from + start) else {
            return;
        };
        let len = input[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = NUMBERS[self.rng.below(NUMBERS.len() as u64) as usize];
        input.splice(start..start + len, number.iter().copied());
    }
}

fn insert(input: &mut Vec<u8>, at: usize, part: &[u8]) {
    input.splice(at..at, part.iter().copied());
}
