//! The sending end of a pipe that many calls share.
//!
//! A message goes out from the thread that has it whenever the pipe takes it, which is nearly always: handing it to another
//! task first would cost a call more than everything else about the pipe. What the pipe does not take waits in line.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::net::unix::pipe::Sender;
use tokio::sync::Notify;

use super::frame;

/// Sends messages, whole and in order.
pub(super) struct Outbox {
    pipe: Sender,
    /// What the pipe did not take yet.
    waiting: Mutex<VecDeque<u8>>,
    more: Notify,
}

impl Outbox {
    pub(super) fn new(pipe: Sender) -> Arc<Self> {
        Arc::new(Self { pipe, waiting: Mutex::default(), more: Notify::new() })
    }

    /// Sends a message now or leaves it to [`Outbox::drain`].
    ///
    /// # Errors
    /// Where the other side is gone.
    pub(super) fn send(&self, message: &impl Serialize) -> io::Result<()> {
        self.send_with(message, &[])
    }

    /// The same, with bytes that follow the message.
    pub(super) fn send_with(&self, message: &impl Serialize, bytes: &[u8]) -> io::Result<()> {
        let mut frame = frame::of(message)?;
        frame.extend_from_slice(bytes);
        let mut waiting = self.waiting();
        let taken = if waiting.is_empty() { self.taken(&frame)? } else { 0 };
        if let Some(rest) = frame.get(taken..).filter(|rest| !rest.is_empty()) {
            waiting.extend(rest);
            self.more.notify_one();
        }
        Ok(())
    }

    /// Sends what waits, for as long as the other side is there.
    pub(super) async fn drain(&self) -> io::Result<()> {
        loop {
            self.more.notified().await;
            while !self.waiting().is_empty() {
                self.pipe.writable().await?;
                let mut waiting = self.waiting();
                let taken = self.taken(waiting.as_slices().0)?;
                waiting.drain(..taken);
            }
        }
    }

    /// How much the pipe takes at once.
    fn taken(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.pipe.try_write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            taken => taken,
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<u8>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
