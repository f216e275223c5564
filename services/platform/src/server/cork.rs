//! Writes to a connection, gathered: replies that are ready together leave together.
//! Invariant: what is to be written waits for the tasks that are ready now, and for nothing else; no time passes.
//!
//! Callers of one group commit are answered at once, and each reply wakes its connection, which the runtime runs next: one write a reply. Who steps
//! back once before the first write finds the others' replies written too.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection whose writes step back once after each flush.
#[derive(Debug)]
pub(super) struct Cork<C> {
    connection: C,
    /// Writes pass until the next flush.
    open: bool,
}

impl<C> Cork<C> {
    pub(super) const fn new(connection: C) -> Self {
        Self { connection, open: false }
    }

    fn poll_open(&mut self, cx: &Context<'_>) -> Poll<()> {
        if self.open {
            return Poll::Ready(());
        }
        self.open = true;
        // A task that wakes itself goes behind all that are ready.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Cork<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(cx, buffer)
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Cork<C> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_open(cx));
        Pin::new(&mut self.connection).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_open(cx));
        Pin::new(&mut self.connection).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.connection).poll_flush(cx))?;
        self.open = false;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use tokio::io::AsyncWriteExt;

    /// Notes each write, whole.
    #[derive(Clone, Default)]
    struct Writes(Arc<Mutex<Vec<Vec<u8>>>>);

    impl AsyncWrite for Writes {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            self.0.lock().unwrap().push(bytes.to_vec());
            Poll::Ready(Ok(bytes.len()))
        }
        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn who_is_ready_when_something_is_to_be_written_comes_along_and_nobody_else_is_waited_for() {
        let (writes, lines) = (Writes::default(), Arc::new(Mutex::new(b"one ".to_vec())));
        let mut cork = Cork::new(writes.clone());
        let others = lines.clone();
        let other = tokio::spawn(async move { others.lock().unwrap().extend(b"two ") });
        // As a connection does it: what is to be written is looked at each time that it is polled.
        let mut write = async || {
            std::future::poll_fn(|cx| {
                let bytes = lines.lock().unwrap().clone();
                Pin::new(&mut cork).poll_write(cx, &bytes)
            })
            .await
            .unwrap();
            cork.flush().await.unwrap();
            lines.lock().unwrap().clear();
        };
        write().await;
        other.await.unwrap();
        lines.lock().unwrap().extend(b"three");
        write().await;
        assert_eq!(*writes.0.lock().unwrap(), [b"one two ".to_vec(), b"three".to_vec()]);
    }
}
