//! What is asked of a server, and what it answers, as plain data.

/// A question to a server.
#[derive(Clone, Debug)]
pub struct Request {
    /// `https`.
    pub url: String,
    /// Lines such as `If-None-Match: "1"`.
    pub headers: Vec<String>,
    /// What is posted; None for a `GET`.
    pub upload: Option<Vec<u8>>,
    /// Bytes that the body of the answer may have, once it is decompressed.
    pub limit: u64,
}

/// A server's whole answer. All of it is foreign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u32,
    /// Where the server tells one that can be sent back to it.
    pub etag: Option<String>,
    /// Likewise.
    pub last_modified: Option<String>,
    pub body: Vec<u8>,
}

impl Request {
    /// A `GET` without further headers.
    pub fn get(url: impl Into<String>, limit: u64) -> Request {
        Request {
            url: url.into(),
            headers: Vec::new(),
            upload: None,
            limit,
        }
    }
}
