// SRTP for the generator (RFC 3711, AES_CM_128_HMAC_SHA1_80), standard library only: enough to load a server with packets that it
// takes, and to read the stamps in those that it sends. What comes in is not authenticated.

/// Keys of one direction.
pub struct Srtp {
    cipher: Aes,
    salt: [u8; 14],
    auth: [[u8; 64]; 2],
}

/// Key and salt that the generator sends with, as `a=crypto` writes them.
pub const INLINE: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd";
/// Bytes behind a packet.
pub const TAG: usize = 10;

impl Srtp {
    /// From 16 bytes of key and 14 of salt in base64.
    pub fn new(inline: &str) -> Option<Srtp> {
        let bytes = base64(inline)?;
        let (key, salt) = (bytes.get(..16)?, bytes.get(16..30)?);
        let master = Aes::new(key.try_into().ok()?);
        // RFC 3711 §4.3.1: label 0 is the cipher's key, 1 that of authentication, 2 the salt.
        let derive = |label: u8, length: usize| -> Vec<u8> {
            let mut iv = [0u8; 16];
            iv[..14].copy_from_slice(salt);
            iv[7] ^= label;
            let mut out = vec![0u8; length];
            master.counter(iv, &mut out);
            out
        };
        let (key, auth, salt) = (derive(0, 16), derive(1, 20), derive(2, 14));
        let pad = |byte: u8| {
            let mut block = [byte; 64];
            for (at, key) in auth.iter().enumerate() {
                block[at] ^= key;
            }
            block
        };
        Some(Srtp { cipher: Aes::new(key.try_into().ok()?), salt: salt.try_into().ok()?, auth: [pad(0x36), pad(0x5c)] })
    }

    fn keystream(&self, packet: &mut [u8], index: u64, from: usize, to: usize) {
        let mut iv = [0u8; 16];
        iv[..14].copy_from_slice(&self.salt);
        for (at, byte) in packet[8..12].iter().enumerate() {
            iv[4 + at] ^= byte;
        }
        for (at, byte) in index.to_be_bytes()[2..].iter().enumerate() {
            iv[8 + at] ^= byte;
        }
        self.cipher.counter(iv, &mut packet[from..to]);
    }

    /// Encrypts a packet whose header has 12 bytes and writes its tag behind it; `index` counts packets over 2^16.
    pub fn seal(&self, packet: &mut [u8], length: usize, index: u64) {
        self.keystream(packet, index, 12, length);
        let mut message = self.auth[0].to_vec();
        message.extend_from_slice(&packet[..length]);
        message.extend_from_slice(&((index >> 16) as u32).to_be_bytes());
        let inner = sha1(&message);
        let mut outer = self.auth[1].to_vec();
        outer.extend_from_slice(&inner);
        packet[length..length + TAG].copy_from_slice(&sha1(&outer)[..TAG]);
    }

    /// Reads the first bytes of a payload; good while sequence numbers have not gone around.
    pub fn open(&self, packet: &mut [u8], to: usize) {
        let index = u64::from(u16::from_be_bytes([packet[2], packet[3]]));
        self.keystream(packet, index, 12, to);
    }
}

/// The value of the first `a=crypto` of the suite.
pub fn inline_of(sdp: &str) -> Option<&str> {
    let line = sdp.lines().find(|l| l.starts_with("a=crypto:") && l.contains("AES_CM_128_HMAC_SHA1_80"))?;
    let at = line.find("inline:")? + 7;
    line[at..].split(['|', ' ', '\r']).next()
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let (mut out, mut bits, mut count) = (vec![], 0u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    Some(out)
}

/// AES with 128 bits (FIPS 197), by tables: only encryption is needed.
struct Aes {
    keys: [[u32; 4]; 11],
    table: Box<[u32; 256]>,
    sbox: [u8; 256],
}

impl Aes {
    fn new(key: [u8; 16]) -> Aes {
        let sbox = sbox();
        let double = |x: u8| x << 1 ^ if x & 0x80 != 0 { 0x1b } else { 0 };
        let mut table = Box::new([0u32; 256]);
        for (x, s) in sbox.iter().enumerate() {
            table[x] = u32::from_be_bytes([double(*s), *s, *s, double(*s) ^ s]);
        }
        let mut words = [0u32; 44];
        for (at, word) in key.chunks(4).enumerate() {
            words[at] = u32::from_be_bytes(word.try_into().unwrap());
        }
        let mut constant = 1u8;
        for at in 4..44 {
            let mut word = words[at - 1];
            if at % 4 == 0 {
                let bytes = word.rotate_left(8).to_be_bytes().map(|b| sbox[b as usize]);
                word = u32::from_be_bytes(bytes) ^ u32::from(constant) << 24;
                constant = double(constant);
            }
            words[at] = words[at - 4] ^ word;
        }
        let mut keys = [[0; 4]; 11];
        for (at, word) in words.iter().enumerate() {
            keys[at / 4][at % 4] = *word;
        }
        Aes { keys, table, sbox }
    }

    fn block(&self, block: [u8; 16]) -> [u8; 16] {
        let mut state = [0u32; 4];
        for at in 0..4 {
            state[at] = u32::from_be_bytes(block[at * 4..at * 4 + 4].try_into().unwrap()) ^ self.keys[0][at];
        }
        let byte = |state: &[u32; 4], column: usize, row: usize| (state[(column + row) % 4] >> (24 - 8 * row)) as u8 as usize;
        for key in &self.keys[1..10] {
            let mut next = *key;
            for (column, word) in next.iter_mut().enumerate() {
                for row in 0..4 {
                    *word ^= self.table[byte(&state, column, row)].rotate_right(8 * row as u32);
                }
            }
            state = next;
        }
        let mut out = [0; 16];
        for column in 0..4 {
            let bytes = [0, 1, 2, 3].map(|row| self.sbox[byte(&state, column, row)]);
            let word = u32::from_be_bytes(bytes) ^ self.keys[10][column];
            out[column * 4..column * 4 + 4].copy_from_slice(&word.to_be_bytes());
        }
        out
    }

    /// Adds the keystream of counter mode.
    fn counter(&self, mut iv: [u8; 16], bytes: &mut [u8]) {
        for (number, chunk) in bytes.chunks_mut(16).enumerate() {
            iv[14..].copy_from_slice(&(number as u16).to_be_bytes());
            for (byte, key) in chunk.iter_mut().zip(self.block(iv)) {
                *byte ^= key;
            }
        }
    }
}

fn sbox() -> [u8; 256] {
    let mut sbox = [0u8; 256];
    let (mut p, mut q) = (1u8, 1u8);
    loop {
        p = p ^ p << 1 ^ if p & 0x80 != 0 { 0x1b } else { 0 };
        q ^= q << 1;
        q ^= q << 2;
        q ^= q << 4;
        q ^= if q & 0x80 != 0 { 0x09 } else { 0 };
        sbox[p as usize] = q ^ q.rotate_left(1) ^ q.rotate_left(2) ^ q.rotate_left(3) ^ q.rotate_left(4) ^ 0x63;
        if p == 1 {
            break;
        }
    }
    sbox[0] = 0x63;
    sbox
}

fn sha1(message: &[u8]) -> [u8; 20] {
    let mut state = [0x6745_2301u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let mut padded = message.to_vec();
    padded.push(0x80);
    padded.resize((padded.len() + 8).next_multiple_of(64) - 8, 0);
    padded.extend_from_slice(&(message.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks(64) {
        let mut w = [0u32; 80];
        for (at, word) in block.chunks(4).enumerate() {
            w[at] = u32::from_be_bytes(word.try_into().unwrap());
        }
        for at in 16..80 {
            w[at] = (w[at - 3] ^ w[at - 8] ^ w[at - 14] ^ w[at - 16]).rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (at, word) in w.iter().enumerate() {
            let (f, k) = match at / 20 {
                0 => (b & c | !b & d, 0x5a82_7999),
                1 => (b ^ c ^ d, 0x6ed9_eba1),
                2 => (b & c | b & d | c & d, 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6u32),
            };
            let next = a.rotate_left(5).wrapping_add(f).wrapping_add(e).wrapping_add(k).wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (sum, value) in state.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(value);
        }
    }
    let mut out = [0; 20];
    for (at, word) in state.iter().enumerate() {
        out[at * 4..at * 4 + 4].copy_from_slice(&word.to_be_bytes());
    }
    out
}

/// Known answers: FIPS 197 appendix C.1, FIPS 180-1 appendix A, RFC 3711 §B.3.
pub fn check() {
    let key: [u8; 16] = std::array::from_fn(|at| at as u8);
    let block: [u8; 16] = std::array::from_fn(|at| (at * 0x11) as u8);
    let expect = [0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30, 0xd8, 0xcd, 0xb7, 0x80, 0x70, 0xb4, 0xc5, 0x5a];
    assert_eq!(Aes::new(key).block(block), expect);
    assert_eq!(sha1(b"abc")[..4], [0xa9, 0x99, 0x3e, 0x36]);
    let master = [0xE1, 0xF9, 0x7A, 0x0D, 0x3E, 0x01, 0x8B, 0xE0, 0xD6, 0x4F, 0xA3, 0x2C, 0x06, 0xDE, 0x41, 0x39];
    let mut iv = [0x0E, 0xC6, 0x75, 0xAD, 0x49, 0x8A, 0xFE, 0xEB, 0xB6, 0x96, 0x0B, 0x3A, 0xAB, 0xE6, 0, 0];
    let mut out = [0; 16];
    Aes::new(master).counter(iv, &mut out);
    assert_eq!(out[..4], [0xC6, 0x1E, 0x7A, 0x93]);
    iv[7] ^= 1;
    out = [0; 16];
    Aes::new(master).counter(iv, &mut out);
    assert_eq!(out[..4], [0xCE, 0xBE, 0x32, 0x1F]);
}
