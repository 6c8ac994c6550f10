//! The Unix socket to the kiosk: models in, intents out, connected again for ever.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use ui_model::{Intent, Model};

/// A model longer than this is not one.
const LINE_MAX: u64 = 1 << 20;
/// Between two tries to connect.
const RETRY: Duration = Duration::from_millis(400);
/// A kiosk that does not take an intent for so long is away; the connection is then made anew.
const WRITE_DEADLINE: Duration = Duration::from_millis(500);

/// What the link has to tell.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// A picture to show.
    Model(Box<Model>),
    /// The kiosk is away.
    Lost,
}

/// The way back to the kiosk.
#[derive(Debug, Clone, Default)]
pub struct Sender {
    stream: Arc<Mutex<Option<UnixStream>>>,
}

impl Sender {
    /// Sends an intent; without a connection it is dropped, for the person sees that the kiosk is away.
    pub fn send(&self, intent: &Intent) {
        let mut slot = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(stream) = slot.as_mut() else { return };
        let mut line = serde_json::to_vec(intent).expect("an intent is plain data");
        line.push(b'\n');
        if let Err(error) = stream.write_all(&line) {
            tracing::warn!(%error, "intent not sent, connecting anew");
            let _ = stream.shutdown(Shutdown::Both);
            *slot = None;
        }
    }

    fn set(&self, stream: Option<UnixStream>) {
        *self.stream.lock().unwrap_or_else(PoisonError::into_inner) = stream;
    }
}

/// Reads models from `socket` for ever, on a thread of its own, and hands them to `tell`.
pub fn start(socket: PathBuf, tell: impl Fn(News) + Send + 'static) -> io::Result<Sender> {
    let sender = Sender::default();
    let own = sender.clone();
    std::thread::Builder::new().name("link".into()).spawn(move || {
        let mut said = false;
        loop {
            match session(&socket, &own, &tell) {
                Ok(()) => tracing::info!("the kiosk closed the line"),
                Err(error) if !said => tracing::warn!(%error, "no line to the kiosk"),
                Err(error) => tracing::debug!(%error, "no line to the kiosk"),
            }
            said = true;
            own.set(None);
            tell(News::Lost);
            std::thread::sleep(RETRY);
        }
    })?;
    Ok(sender)
}

/// One connection, until it ends.
fn session(socket: &PathBuf, sender: &Sender, tell: &impl Fn(News)) -> io::Result<()> {
    let stream = UnixStream::connect(socket)?;
    stream.set_write_timeout(Some(WRITE_DEADLINE))?;
    sender.set(Some(stream.try_clone()?));
    tracing::info!("connected with the kiosk");
    let mut reader = BufReader::new(stream);
    let mut shown = None;
    loop {
        let mut line = Vec::new();
        if reader.by_ref().take(LINE_MAX).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if reader.buffer().is_empty() {
            // The buffer still holds the line, perhaps for hours: given back, it is wiped (`main.rs`).
            reader = BufReader::new(reader.into_inner());
        }
        match serde_json::from_slice::<Model>(&line) {
            Ok(model) if shown.is_some_and(|revision| model.revision < revision) => {
                tracing::debug!(revision = model.revision, "older than what is shown");
            }
            Ok(model) => {
                shown = Some(model.revision);
                tell(News::Model(Box::new(model)));
            }
            // Where it went wrong, never what stood there.
            Err(error) => {
                tracing::error!(column = error.column(), category = ?error.classify(), "not a model, ignored");
            }
        }
    }
}
