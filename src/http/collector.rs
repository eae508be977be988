//! What curl hands over of one answer.

use std::fmt;

use curl::easy::{Handler, WriteError};

/// Bytes of all headers of an answer.
const MAX_HEAD: usize = 64 * 1024;
/// Bytes of a validator that is worth keeping.
const MAX_VALIDATOR: usize = 256;

/// Collects an answer.
#[derive(Debug)]
pub struct Collector {
    limit: u64,
    received: u64,
    /// Of the last answer. A proxy gives one of its own first.
    pub(super) status: Option<u32>,
    /// Its other lines, each with its line ending.
    pub(super) head: Vec<u8>,
    /// What has come since it was last taken.
    pub(super) body: Vec<u8>,
}

impl Collector {
    pub(super) fn new(limit: u64) -> Collector {
        Collector {
            limit,
            received: 0,
            status: None,
            head: Vec::new(),
            body: Vec::new(),
        }
    }

    /// The value of a header that the server wants back as it is.
    pub(super) fn validator(&self, name: &str) -> Option<String> {
        let head = std::str::from_utf8(&self.head).ok()?;
        let value = head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })?;
        let sound = !value.is_empty()
            && value.len() <= MAX_VALIDATOR
            && value
                .bytes()
                .all(|byte| byte == b' ' || byte.is_ascii_graphic());
        sound.then(|| value.to_owned())
    }

    /// Whether it gave up because of the length.
    pub(super) fn too_long(&self) -> Option<TooLong> {
        let limit = self.limit;
        (self.received > limit).then_some(TooLong { limit })
    }

    /// Why curl gave up, as far as it is known here better than there.
    pub(super) fn complaint(&self) -> Option<String> {
        if let Some(too_long) = self.too_long() {
            return Some(too_long.to_string());
        }
        match self.status {
            Some(200..300) | None => None,
            Some(status) => Some(format!("Received HTTP status {status}")),
        }
    }
}

/// A body is longer than the request allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// Bytes.
    pub limit: u64,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = match self.limit / 1024 {
            kibibytes @ ..1024 => format!("{kibibytes} KiB"),
            kibibytes => format!("{} MiB", kibibytes / 1024),
        };
        write!(f, "the server sends more than {shown}")
    }
}

impl std::error::Error for TooLong {}

impl Handler for Collector {
    fn header(&mut self, line: &[u8]) -> bool {
        if line.starts_with(b"HTTP/") {
            let status = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
            self.status = std::str::from_utf8(status.trim_ascii())
                .ok()
                .and_then(|status| status.parse().ok());
            self.head.clear();
            return true;
        }
        self.head.extend_from_slice(line);
        self.head.len() <= MAX_HEAD
    }

    fn write(&mut self, data: &[u8]) -> Result<usize, WriteError> {
        self.received += data.len() as u64;
        if self.too_long().is_some() {
            return Ok(0);
        }
        self.body.extend_from_slice(data);
        Ok(data.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collector(lines: &[&str]) -> Collector {
        let mut collector = Collector::new(10);
        for line in lines {
            assert!(collector.header(format!("{line}\r\n").as_bytes()));
        }
        collector
    }

    #[test]
    fn the_last_answer_counts() {
        let collector = collector(&[
            "HTTP/1.1 200 Connection established",
            "ETag: \"proxy\"",
            "",
            "HTTP/2 304 ",
            "eTag:  W/\"1\" ",
            "",
        ]);
        assert_eq!(collector.status, Some(304));
        assert_eq!(collector.validator("etag").as_deref(), Some("W/\"1\""));
        assert_eq!(collector.validator("last-modified"), None);
    }

    #[test]
    fn a_validator_that_could_be_anything_is_none() {
        let long = format!("etag: {}", "x".repeat(257));
        for line in ["etag:", "etag: a\tb", "etag: \u{7f}", "etag: é", &long] {
            assert_eq!(collector(&["HTTP/2 200", line]).validator("etag"), None);
        }
    }

    #[test]
    fn headers_and_bodies_end_somewhere() {
        let mut collector = collector(&["HTTP/1.1 200 OK"]);
        assert_eq!(collector.write(b"1234567890").unwrap(), 10);
        assert_eq!(collector.write(b"1").unwrap(), 0);
        assert_eq!(
            collector.complaint().as_deref(),
            Some("the server sends more than 0 KiB")
        );
        let line = [b'x'; 1024];
        let lines = (0..).take_while(|_| collector.header(&line)).count();
        assert_eq!(lines, 64);
    }
}
