//! An answer as it comes.

use std::fmt;
use std::io;
use std::rc::Rc;

use curl::easy::Easy2;
use curl::multi::{Easy2Handle, Multi};

use super::{Client, Collector, Request, TICK, without_settings};

/// Questions one after the other, to one server, over one connection if it lets us.
#[derive(Clone)]
pub struct Session {
    client: Client,
    multi: Rc<Multi>,
}

/// The answer to one of them.
pub struct Stream {
    session: Session,
    state: State,
}

enum State {
    Coming(Easy2Handle<Collector>),
    Over(Box<Easy2<Collector>>),
    Failed,
}

impl Session {
    /// # Errors
    ///
    /// Those of curl.
    pub fn new(client: &Client) -> Result<Session, curl::MultiError> {
        Ok(Session {
            client: client.clone(),
            multi: Rc::new(client.multi()?),
        })
    }

    /// Asks. Nothing is sent before something is read.
    ///
    /// # Errors
    ///
    /// Those of curl.
    pub fn ask(&self, request: &Request) -> io::Result<Stream> {
        let easy = self.client.transfer(request).map_err(io::Error::other)?;
        let handle = self.multi.add2(easy).map_err(io::Error::other)?;
        Ok(Stream {
            session: self.clone(),
            state: State::Coming(handle),
        })
    }
}

impl Stream {
    /// The lines of the header, once it is complete.
    ///
    /// # Errors
    ///
    /// If there is no answer, or one whose status is no success; [`io::ErrorKind::PermissionDenied`] for 401.
    pub fn head(&mut self) -> io::Result<Vec<u8>> {
        self.wait()?;
        Ok(self.collector()?.head.clone())
    }

    /// More of the body. Empty at its end.
    ///
    /// # Errors
    ///
    /// Those of [`Stream::head`], and if the answer breaks off or is longer than it may be.
    pub fn chunk(&mut self) -> io::Result<Vec<u8>> {
        self.wait()?;
        Ok(std::mem::take(&mut self.collector()?.body))
    }

    fn collector(&mut self) -> io::Result<&mut Collector> {
        match &mut self.state {
            State::Coming(handle) => Ok(handle.get_mut()),
            State::Over(easy) => Ok(easy.get_mut()),
            State::Failed => Err(io::Error::other("the answer is over")),
        }
    }

    /// Until there is some of the body, or all of it has been taken.
    fn wait(&mut self) -> io::Result<()> {
        while let State::Coming(handle) = &mut self.state {
            let collector = handle.get_ref();
            if !collector.body.is_empty() {
                return refuse(collector);
            }
            let Some(ended) = self.session.turn(handle)? else {
                continue;
            };
            let State::Coming(handle) = std::mem::replace(&mut self.state, State::Failed) else {
                return Ok(());
            };
            let easy = self
                .session
                .multi
                .remove2(handle)
                .map_err(io::Error::other)?;
            refuse(easy.get_ref())?;
            ended.map_err(without_settings).map_err(io::Error::other)?;
            self.state = State::Over(Box::new(easy));
        }
        Ok(())
    }
}

impl Session {
    /// Lets curl do what it can. Tells how the transfer ended, if it has.
    fn turn(&self, handle: &Easy2Handle<Collector>) -> io::Result<Option<Result<(), curl::Error>>> {
        self.client.stopped()?;
        let running = self.multi.perform().map_err(io::Error::other)?;
        let mut ended = None;
        self.multi.messages(|message| {
            if let Some(result) = message.result_for2(handle) {
                ended = Some(result);
            }
        });
        if ended.is_none() && handle.get_ref().body.is_empty() {
            if running == 0 {
                return Err(io::Error::other("the answer is lost"));
            }
            self.multi.wait(&mut [], TICK).map_err(io::Error::other)?;
        }
        Ok(ended)
    }
}

/// What is no success is an error, whatever the server says beside.
fn refuse(collector: &Collector) -> io::Result<()> {
    match (collector.complaint(), collector.status) {
        (None, _) => Ok(()),
        (Some(complaint), Some(401)) => {
            Err(io::Error::new(io::ErrorKind::PermissionDenied, complaint))
        }
        (Some(complaint), _) => Err(io::Error::other(complaint)),
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").finish_non_exhaustive()
    }
}
