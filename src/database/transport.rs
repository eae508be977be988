//! The git protocol over our own [`Client`].
//!
//! What gix brings along for it leaves a thread behind when it is done, with a connection that it closes in its own time,
//! and takes its settings from git's configuration instead of cargo's.

use std::any::Any;
use std::cell::RefCell;
use std::io::{self, BufReader, Read, Write};
use std::rc::Rc;

use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::blocking_io::Transport;
use gix::protocol::transport::client::blocking_io::http::{
    self, Error, GetResponse, Http, PostBodyDataKind, PostResponse,
};

use crate::http::{Client, Request, Session, Stream};

/// A connection to the repository behind an `https` URL, which may send so many bytes at once.
///
/// # Errors
///
/// If it is another kind of URL, and those of curl.
pub(super) fn connect(
    client: &Client,
    url: &str,
    limit: usize,
) -> anyhow::Result<Box<dyn Transport>> {
    // Unit tests fetch from a folder.
    #[cfg(test)]
    if url.starts_with("file://") {
        use gix::protocol::transport::client::blocking_io::connect;
        return Ok(connect::connect(url, connect::Options::default())?);
    }
    anyhow::ensure!(url.starts_with("https://"), "only `https` is fetched from");
    let git = Git {
        session: Session::new(client)?,
        limit: limit as u64,
    };
    let url = gix::url::parse(url.into())?;
    Ok(Box::new(http::Transport::new_http(
        git,
        url,
        Protocol::V2,
        false,
    )))
}

struct Git {
    session: Session,
    limit: u64,
}

/// A request until it is complete, then its answer. The request and both halves of the answer share it.
enum Exchange {
    Asking(Session, Request),
    Answer(Stream),
}

type Shared = Rc<RefCell<Exchange>>;

impl Exchange {
    fn answer(&mut self) -> io::Result<&mut Stream> {
        if let Exchange::Asking(session, request) = self {
            *self = Exchange::Answer(session.ask(request)?);
        }
        match self {
            Exchange::Answer(stream) => Ok(stream),
            Exchange::Asking(..) => Err(io::Error::other("nothing was asked")),
        }
    }
}

impl Git {
    fn ask<H: AsRef<str>>(
        &self,
        url: &str,
        headers: impl IntoIterator<Item = H>,
        upload: Option<Vec<u8>>,
    ) -> Shared {
        let headers = headers.into_iter();
        let request = Request {
            url: url.to_owned(),
            headers: headers.map(|header| header.as_ref().to_owned()).collect(),
            upload,
            limit: self.limit,
        };
        Rc::new(RefCell::new(Exchange::Asking(
            self.session.clone(),
            request,
        )))
    }
}

impl Http for Git {
    type Headers = BufReader<Head>;
    type ResponseBody = BufReader<Body>;
    type PostBody = Upload;

    fn get(
        &mut self,
        url: &str,
        _base: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<GetResponse<Self::Headers, Self::ResponseBody>, Error> {
        let exchange = self.ask(url, headers, None);
        Ok(GetResponse {
            headers: Head::of(&exchange),
            body: Body::of(&exchange),
        })
    }

    fn post(
        &mut self,
        url: &str,
        _base: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _size: PostBodyDataKind,
    ) -> Result<PostResponse<Self::Headers, Self::ResponseBody, Self::PostBody>, Error> {
        let exchange = self.ask(url, headers, Some(Vec::new()));
        Ok(PostResponse {
            post_body: Upload(Rc::clone(&exchange)),
            headers: Head::of(&exchange),
            body: Body::of(&exchange),
        })
    }

    /// Git's settings have no say.
    fn configure(
        &mut self,
        _: &dyn Any,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync + 'static>> {
        Ok(())
    }
}

/// The lines of the header.
struct Head {
    exchange: Shared,
    lines: Option<io::Cursor<Vec<u8>>>,
}

impl Head {
    fn of(exchange: &Shared) -> BufReader<Head> {
        BufReader::new(Head {
            exchange: Rc::clone(exchange),
            lines: None,
        })
    }
}

impl Read for Head {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let lines = match &mut self.lines {
            Some(lines) => lines,
            None => {
                let head = self.exchange.borrow_mut().answer()?.head()?;
                self.lines.insert(io::Cursor::new(head))
            }
        };
        lines.read(buffer)
    }
}

/// The body of the answer.
struct Body {
    exchange: Shared,
    chunk: io::Cursor<Vec<u8>>,
}

impl Body {
    fn of(exchange: &Shared) -> BufReader<Body> {
        BufReader::new(Body {
            exchange: Rc::clone(exchange),
            chunk: io::Cursor::default(),
        })
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.chunk.position() == self.chunk.get_ref().len() as u64 {
            self.chunk = io::Cursor::new(self.exchange.borrow_mut().answer()?.chunk()?);
        }
        self.chunk.read(buffer)
    }
}

/// What is posted. It is little: what is wanted and what is there.
struct Upload(Shared);

impl Write for Upload {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match &mut *self.0.borrow_mut() {
            Exchange::Asking(_, request) => {
                request
                    .upload
                    .get_or_insert_default()
                    .extend_from_slice(data);
                Ok(data.len())
            }
            Exchange::Answer(_) => Err(io::Error::other("the answer has begun")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
