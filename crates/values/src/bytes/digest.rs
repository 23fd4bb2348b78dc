//! Digests and checksums.

use md5::Md5;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};

use super::written::hex_digits;

/// `md5`: the digest as 32 hexadecimal digits; not for anything secret.
pub fn md5_digits(bytes: &[u8]) -> String {
    hex_digits(&Md5::digest(bytes))
}

/// `sha224` to `sha512`: the digest of that many bits.
pub fn sha(bits: u16, bytes: &[u8]) -> Vec<u8> {
    match bits {
        224 => Sha224::digest(bytes).to_vec(),
        384 => Sha384::digest(bytes).to_vec(),
        512 => Sha512::digest(bytes).to_vec(),
        _ => Sha256::digest(bytes).to_vec(),
    }
}

/// `crc32`.
pub fn crc32(bytes: &[u8]) -> i64 {
    i64::from(crc32fast::hash(bytes))
}

/// `crc32c`: the checksum with Castagnoli's polynomial.
pub fn crc32c(bytes: &[u8]) -> i64 {
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ if crc & 1 == 1 { 0x82F6_3B78 } else { 0 };
        }
    }
    i64::from(!crc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn md5_gives_the_digests_of_the_rfc() {
        assert_eq!(md5_digits(b""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(md5_digits(b"message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
        assert_eq!(md5_digits(&[b'a'; 120]), "5f61c0ccad4cac44c75ff505e1f1e537");
    }

    #[test]
    fn the_others_give_what_postgresql_gives() {
        let shown = |bits| hex_digits(&sha(bits, b"abc"))[..8].to_owned();
        assert_eq!(
            [shown(224), shown(256), shown(384), shown(512)],
            ["23097d22", "ba7816bf", "cb00753f", "ddaf35a1"]
        );
        assert_eq!((crc32(b"abc"), crc32c(b"abc")), (891_568_578, 910_901_175));
    }
}
