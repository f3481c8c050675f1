//! The guard between the encrypted stream and the IMAP library: it lets one sane response at a time through.
//!
//! The library takes any end of the stream for the end of an answer, allocates whatever a literal announces and ends at
//! each line that it does not know. Behind the guard an end of the stream is an error, a response is bounded and known
//! to be readable, and after the first fault nothing is ever read or written again.
//!
//! What is to be sent is queued and written while reading, so that neither side waits for the other with both buffers
//! full.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::failure::ImapFailure;
use super::frame::{Excess, Framer, Limits};
use super::mend::{Passage, judge};
use super::wire::Wire;

/// How much is read at once. A buffer that grew beyond this is given back when it is empty.
const CHUNK: usize = 4096;

/// Why nothing passes any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// The server closed the stream.
    #[error("the server closed the connection")]
    Ended,
    /// The stream broke.
    #[error("{0}")]
    Broken(String),
    /// More than is taken from any server.
    #[error("{0}")]
    Excess(&'static str),
    /// A response that cannot be read and may not be dropped.
    #[error("{0}")]
    Unreadable(String),
}

impl Fault {
    /// The failure that an error of the library stands for.
    pub(super) fn of_error(error: &io::Error) -> ImapFailure {
        let fault = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>());
        match fault {
            Some(Self::Ended | Self::Broken(_)) => ImapFailure::Lost { why: error.to_string() },
            Some(Self::Excess(why)) => ImapFailure::Limit { why: (*why).to_owned() },
            Some(Self::Unreadable(why)) => ImapFailure::Protocol { why: why.clone() },
            // The library's own words may hold a whole message; they are not passed on.
            None => ImapFailure::Protocol { why: "the IMAP library stopped".to_owned() },
        }
    }
}

/// The guard.
#[derive(Debug)]
pub(super) struct Guard {
    wire: Wire,
    limits: Limits,
    outgoing: Vec<u8>,
    written: usize,
    incoming: Vec<u8>,
    framer: Framer,
    response: Vec<u8>,
    delivered: usize,
    fault: Option<Fault>,
    flight_bytes: u64,
    session_bytes: u64,
    responses: u64,
}

impl Guard {
    /// A guard over this stream.
    pub(super) fn new(wire: Wire, limits: Limits) -> Self {
        Self {
            wire,
            limits,
            outgoing: Vec::new(),
            written: 0,
            incoming: Vec::new(),
            framer: Framer::default(),
            response: Vec::new(),
            delivered: 0,
            fault: None,
            flight_bytes: 0,
            session_bytes: 0,
            responses: 0,
        }
    }

    /// Queues bytes that are written, in as few pieces as the stream takes, during the reads that follow.
    pub(super) fn queue(&mut self, bytes: &[u8]) {
        self.outgoing.extend_from_slice(bytes);
    }

    /// Begins to count anew for the next flight.
    pub(super) fn begin_flight(&mut self) {
        self.flight_bytes = 0;
        self.responses = 0;
    }

    /// Bytes read since the flight began.
    pub(super) fn flight_bytes(&self) -> u64 {
        self.flight_bytes
    }

    /// Bytes read in all.
    pub(super) fn session_bytes(&self) -> u64 {
        self.session_bytes
    }

    /// Lets nothing pass any more.
    pub(super) fn poison(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
        self.outgoing = Vec::new();
        self.written = 0;
    }

    /// The stream below; `None` if bytes were read from it that nobody asked for, as an attacker before STARTTLS would
    /// send them.
    pub(super) fn into_wire(self) -> Option<Wire> {
        let clean = self.incoming.is_empty() && self.delivered == self.response.len() && self.fault.is_none();
        clean.then_some(self.wire)
    }

    fn write_queued(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        while let Some(rest) = self.outgoing.get(self.written..).filter(|rest| !rest.is_empty()) {
            match Pin::new(&mut self.wire).poll_write(cx, rest) {
                Poll::Ready(Ok(0)) => return Err(Fault::Ended),
                Poll::Ready(Ok(count)) => self.written = self.written.saturating_add(count),
                Poll::Ready(Err(error)) => return Err(Fault::Broken(error.to_string())),
                Poll::Pending => return Ok(()),
            }
        }
        // Commands may hold a password: the buffer is let go of, not kept.
        if !self.outgoing.is_empty() {
            self.outgoing = Vec::new();
            self.written = 0;
        }
        match Pin::new(&mut self.wire).poll_flush(cx) {
            Poll::Ready(Err(error)) => Err(Fault::Broken(error.to_string())),
            Poll::Ready(Ok(())) | Poll::Pending => Ok(()),
        }
    }

    /// Makes the next readable response out of what was read; whether there is one.
    fn frame(&mut self) -> Result<bool, Fault> {
        loop {
            let followed = self.framer.follow(&self.incoming, &self.limits).map_err(|excess| {
                Fault::Excess(match excess {
                    Excess::Literal => "a literal of more than 256 KiB",
                    Excess::Line => "a line of more than 64 KiB",
                    Excess::Response => "a response of more than 1 MiB",
                    Excess::Depth => "parentheses more than 64 deep",
                })
            })?;
            let Some(length) = followed else { return Ok(false) };
            let framer = std::mem::take(&mut self.framer);
            let mut frame: Vec<u8> = self.incoming.drain(..length.min(self.incoming.len())).collect();
            if self.incoming.is_empty() && self.incoming.capacity() > CHUNK {
                self.incoming = Vec::new();
            }
            for &at in framer.bare_line_feeds().iter().rev() {
                frame.insert(at.min(frame.len()), b'\r');
            }
            self.responses = self.responses.saturating_add(1);
            if self.responses > self.limits.responses {
                return Err(Fault::Excess("too many lines in answer to one flight of commands"));
            }
            match judge(frame) {
                Passage::Pass(response) => {
                    self.response = response;
                    self.delivered = 0;
                    return Ok(true);
                }
                Passage::Drop => {}
                Passage::Refuse(why) => return Err(Fault::Unreadable(why)),
            }
        }
    }

    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        let mut chunk = [0_u8; CHUNK];
        let mut chunk = ReadBuf::new(&mut chunk);
        ready!(Pin::new(&mut self.wire).poll_read(cx, &mut chunk)).map_err(|error| {
            let ended = error.kind() == io::ErrorKind::UnexpectedEof;
            if ended { Fault::Ended } else { Fault::Broken(error.to_string()) }
        })?;
        let bytes = chunk.filled();
        if bytes.is_empty() {
            return Poll::Ready(Err(Fault::Ended));
        }
        let count = bytes.len() as u64;
        self.flight_bytes = self.flight_bytes.saturating_add(count);
        self.session_bytes = self.session_bytes.saturating_add(count);
        if self.flight_bytes > self.limits.flight || self.session_bytes > self.limits.session {
            return Poll::Ready(Err(Fault::Excess("too many bytes in answer to one flight of commands")));
        }
        self.incoming.extend_from_slice(bytes);
        Poll::Ready(Ok(()))
    }

    fn poll_response(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        while self.delivered >= self.response.len() {
            self.response = Vec::new();
            self.delivered = 0;
            // A server that says BYE and closes makes the write fail before its words are read: they are read first.
            let wrote = self.write_queued(cx);
            if self.frame()? {
                break;
            }
            match self.poll_more(cx) {
                Poll::Ready(read) => read?,
                Poll::Pending => {
                    wrote?;
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Guard {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Some(fault) = &this.fault {
            return Poll::Ready(Err(io::Error::other(fault.clone())));
        }
        match ready!(this.poll_response(cx)) {
            Ok(()) => {
                let rest = this.response.get(this.delivered..).unwrap_or_default();
                let part = rest.get(..rest.len().min(out.remaining())).unwrap_or_default();
                out.put_slice(part);
                this.delivered = this.delivered.saturating_add(part.len());
                Poll::Ready(Ok(()))
            }
            Err(fault) => {
                this.poison(fault.clone());
                Poll::Ready(Err(io::Error::other(fault)))
            }
        }
    }
}

impl AsyncWrite for Guard {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &self.fault {
            Some(fault) => Poll::Ready(Err(io::Error::other(fault.clone()))),
            None => Pin::new(&mut self.wire).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}
