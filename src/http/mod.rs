//! HTTPS as the user's cargo does it, with its proxy, certificates and time-outs: by curl, in the thread that asks.
//!
//! There is no thread behind a [`Client`]. Whoever lets go of an answer has ended it, so that a process never exits while
//! something still uses the TLS library, which would be a crash.
//!
//! Redirects are not followed: they could lead to another host, or away from TLS.

mod collector;
mod many;
mod message;
mod stream;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use curl::easy::{Easy2, List};
use curl::multi::Multi;

pub use collector::{Collector, TooLong};
pub use message::{Request, Response};
pub use stream::{Session, Stream};

/// What configures each transfer as cargo is configured.
type Setup = dyn Fn(&mut Easy2<Collector>) -> Result<(), curl::Error> + Send + Sync;

/// Asks servers. A clone stops together with what it was cloned from.
#[derive(Clone)]
pub struct Client {
    setup: Arc<Setup>,
    multiplexing: bool,
    stop: Arc<AtomicBool>,
    /// When it stops by itself.
    end: Option<Instant>,
}

/// How long nothing may happen before it is looked whether to stop.
const TICK: Duration = Duration::from_millis(50);
/// Connections to one host where each carries one request at a time.
const CONNECTIONS: usize = 6;

impl Client {
    /// `setup` is applied to each transfer. `multiplexing` says whether one connection may carry many requests.
    pub fn new(
        setup: impl Fn(&mut Easy2<Collector>) -> Result<(), curl::Error> + Send + Sync + 'static,
        multiplexing: bool,
    ) -> Client {
        Client {
            setup: Arc::new(setup),
            multiplexing,
            stop: Arc::default(),
            end: None,
        }
    }

    /// The same one, which stops by itself at `end`.
    pub fn until(&self, end: Instant) -> Client {
        Client {
            end: Some(end),
            ..self.clone()
        }
    }

    /// Ends every transfer with an error once it is set.
    pub fn stop(&self) -> &Arc<AtomicBool> {
        &self.stop
    }

    fn stopped(&self) -> io::Result<()> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(io::Error::other("it was stopped"));
        }
        if self.end.is_some_and(|end| Instant::now() >= end) {
            return Err(io::Error::other("it took too long"));
        }
        Ok(())
    }

    fn multi(&self) -> Result<Multi, curl::MultiError> {
        let mut multi = Multi::new();
        multi.pipelining(false, self.multiplexing)?;
        multi.set_max_host_connections(if self.multiplexing { 1 } else { CONNECTIONS })?;
        Ok(multi)
    }

    fn transfer(&self, request: &Request) -> Result<Easy2<Collector>, curl::Error> {
        let mut easy = Easy2::new(Collector::new(request.limit));
        (self.setup)(&mut easy)?;
        // Curl would write what it does to stderr, secrets included.
        easy.verbose(false)?;
        easy.follow_location(false)?;
        easy.url(&request.url)?;
        let mut headers = List::new();
        for header in &request.headers {
            headers.append(header)?;
        }
        if let Some(upload) = &request.upload {
            easy.post(true)?;
            easy.post_fields_copy(upload)?;
            // Without it, curl asks for leave first, which not every server understands.
            headers.append("Expect:")?;
        }
        easy.http_headers(headers)?;
        Ok(easy)
    }
}

/// The same error without the settings that curl does not understand and repeats, as a proxy with a password may be.
fn without_settings(error: curl::Error) -> curl::Error {
    if error.is_couldnt_resolve_proxy() || error.is_url_malformed() {
        return curl::Error::new(error.code());
    }
    error
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("multiplexing", &self.multiplexing)
            .finish_non_exhaustive()
    }
}
