//! The first bytes of a connection: they must come in time.
//!
//! Connections that may become WebSockets are looked at before the HTTP library takes them, to
//! tell HTTP/1.1 from HTTP/2, and that look waits without end. Here the wait is bounded. From the
//! first byte that only HTTP/1.1 sends, the library's own bound on a request's head holds.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// What a client of HTTP/2 sends first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bounds the first bytes of the connections another acceptor lets in.
#[derive(Clone, Debug)]
pub(super) struct Timely<A> {
    inner: A,
    patience: Duration,
}

impl<A> Timely<A> {
    pub(super) fn new(inner: A, patience: Duration) -> Self {
        Self { inner, patience }
    }
}

impl<A, I, S> Accept<I, S> for Timely<A>
where
    A: Accept<I, S>,
    A::Future: Send + 'static,
{
    type Stream = Opening<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let (accepting, patience) = (self.inner.accept(stream, service), self.patience);
        Box::pin(async move {
            let (stream, service) = accepting.await?;
            Ok((Opening::new(stream, patience), service))
        })
    }
}

/// A connection whose first bytes must come in time.
#[derive(Debug)]
pub(super) struct Opening<S> {
    stream: S,
    wait: Option<Wait>,
}

/// How long the first bytes may take, and how many of the preface were seen.
#[derive(Debug)]
struct Wait {
    until: Pin<Box<Sleep>>,
    seen: usize,
}

impl<S> Opening<S> {
    fn new(stream: S, patience: Duration) -> Self {
        Self { stream, wait: Some(Wait { until: Box::pin(tokio::time::sleep(patience)), seen: 0 }) }
    }
}

impl Wait {
    /// Whether it is still open which protocol is spoken, these bytes being the next.
    fn goes_on(&mut self, read: &[u8]) -> bool {
        let rest = PREFACE.get(self.seen..).unwrap_or_default();
        self.seen += read.len();
        !read.is_empty() && rest.starts_with(read) && read.len() < rest.len()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Opening<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(context, buffer);
        let Some(wait) = &mut this.wait else { return polled };
        match polled {
            Poll::Ready(Ok(())) => {
                if !wait.goes_on(buffer.filled().get(before..).unwrap_or_default()) {
                    this.wait = None;
                }
                polled
            }
            Poll::Pending if wait.until.as_mut().poll(context).is_ready() => {
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nothing was asked in time")))
            }
            _ => polled,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Opening<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const SOON: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn who_says_nothing_or_half_a_preface_is_let_go() {
        for said in ["", "P", "PRI * HTTP/2.0\r\n"] {
            let (mut client, server) = duplex(64);
            client.write_all(said.as_bytes()).await.expect("sent");
            let mut opening = Opening::new(server, SOON);
            let mut heard = Vec::new();
            let error = opening.read_to_end(&mut heard).await.expect_err("an end");
            assert_eq!((error.kind(), heard.as_slice()), (io::ErrorKind::TimedOut, said.as_bytes()));
        }
    }

    #[tokio::test]
    async fn once_a_request_begins_the_wait_is_over() {
        for said in ["G", "PO", "PRI * HTTP/1.1\r\n"] {
            let (mut client, server) = duplex(64);
            client.write_all(said.as_bytes()).await.expect("sent");
            let mut opening = Opening::new(server, SOON);
            opening.read_exact(&mut vec![0; said.len()]).await.expect("heard");
            assert!(opening.wait.is_none(), "{said}");
        }
    }
}
