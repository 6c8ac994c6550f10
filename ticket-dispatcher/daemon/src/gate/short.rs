//! A stream under a session ends after a minute: the page comes again with the position it has reached, and then the
//! session is looked at again. Without this a stream would outlive its session for a whole day.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::Sleep;

/// A stream lives for so long.
const LIFE: Duration = Duration::from_secs(60);

/// A body that ends early.
pub struct Short<B> {
    inner: B,
    end: Pin<Box<Sleep>>,
}

impl<B> Short<B> {
    /// Begins now.
    pub fn new(inner: B) -> Self {
        Self {
            inner,
            end: Box::pin(tokio::time::sleep(LIFE)),
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Short<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if self.end.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.inner).poll_frame(cx)
    }
}
