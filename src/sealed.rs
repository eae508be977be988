//! Bytes with a check in front, for files that are as good as missing when they are damaged.
//!
//! The check is there against accidents: who may write to the cache can write one that fits.

/// Hex digits of the check.
const DIGITS: usize = 32;

/// `content` behind a line with its check.
pub(crate) fn seal(content: &[u8]) -> Vec<u8> {
    [digits(content).as_bytes(), b"\n", content].concat()
}

/// What was [sealed](seal), if it is as it was.
pub(crate) fn open(bytes: &[u8]) -> Option<&[u8]> {
    let (check, rest) = bytes.split_at_checked(DIGITS)?;
    let content = rest.strip_prefix(b"\n")?;
    (check == digits(content).as_bytes()).then_some(content)
}

fn digits(content: &[u8]) -> String {
    let hash = blake3::hash(content).to_hex();
    hash.get(..DIGITS).unwrap_or(&hash).to_owned()
}
