//! Writes the tape.

use std::io::Write;
use std::time::{Duration, Instant};

use drivers_device::{Transport, TransportError};
use sm3::{Digest as _, Sm3};
use zeroize::Zeroizing;

use super::{Entry, FORMAT, TapedNoise, TapedReply, What, to_hex};
use crate::codec::{Command, Found, PREAMBLE, Parser, Reply, Status, TEXT_LEN};

/// Bytes of a digest on the tape: enough to tell equal from different.
const DIGEST_LEN: usize = 16;
/// Preamble and LEN.
const HEAD_LEN: usize = 7;
/// Where in the text the card's kind stands.
const KIND_AT: usize = 248;
/// An unfinished frame counts as noise after this silence.
const CUT_OFF_AFTER: Duration = Duration::from_millis(200);

/// A transport that tapes what goes through it.
pub struct Recorder<W: Write + Send> {
    inner: Box<dyn Transport>,
    tape: Option<W>,
    key: Zeroizing<[u8; 32]>,
    started: Instant,
    parser: Parser,
    /// What arrived and is on the tape neither as a reply nor as noise.
    open: Zeroizing<Vec<u8>>,
    heard_at: Instant,
    asked: Option<Command>,
}

impl<W: Write + Send> Recorder<W> {
    /// Tapes `inner`. `key` is random, for this tape alone, and kept nowhere.
    pub fn new(inner: Box<dyn Transport>, tape: W, key: [u8; 32]) -> Self {
        let now = Instant::now();
        let mut recorder = Self {
            inner,
            tape: Some(tape),
            key: Zeroizing::new(key),
            started: now,
            parser: Parser::replies(),
            open: Zeroizing::new(Vec::new()),
            heard_at: now,
            asked: None,
        };
        recorder.write_down(What::Tape(FORMAT.into()));
        recorder
    }

    fn write_down(&mut self, what: What) {
        let ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let Some(tape) = &mut self.tape else { return };
        let line = serde_json::to_string(&Entry { ms, what }).map_err(std::io::Error::other);
        if let Err(error) = line.and_then(|line| writeln!(tape, "{line}").and_then(|()| tape.flush())) {
            // A full disk must not stop a reader: the tape ends here.
            tracing::warn!(%error, "the tape cannot be written and ends");
            self.tape = None;
        }
    }

    fn digest(&self, bytes: &[u8]) -> String {
        let mut digest = Sm3::new();
        digest.update(self.key.as_slice());
        digest.update(bytes);
        to_hex(&digest.finalize()[..DIGEST_LEN])
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.heard_at = Instant::now();
        self.open.extend_from_slice(bytes);
        self.parser.push(bytes);
        while let Some(found) = self.parser.next() {
            let Found::Frame(frame) = found else { continue };
            let frame_len = HEAD_LEN + frame.body().len() + 1;
            let consumed = self.open.len() - self.parser.pending_len();
            self.noise(consumed - frame_len);
            self.open.drain(..frame_len);
            if let Ok(reply) = Reply::parse(&frame) {
                let taped = self.taped(&reply);
                self.write_down(What::Reply(taped));
            }
        }
        let skipped = self.open.len() - self.parser.pending_len();
        self.noise(skipped);
    }

    /// The first `len` bytes of what is open are in no sound frame.
    fn noise(&mut self, len: usize) {
        if len == 0 {
            return;
        }
        let bytes = Zeroizing::new(self.open.drain(..len).collect::<Vec<u8>>());
        let begins = bytes.starts_with(&PREAMBLE) && bytes.len() >= HEAD_LEN;
        let noise = TapedNoise {
            len,
            head: begins.then(|| to_hex(&bytes[..HEAD_LEN])),
            digest: self.digest(&bytes),
        };
        self.write_down(What::Noise(noise));
    }

    /// A frame that was begun and will not be finished.
    fn cut_off(&mut self) {
        self.parser.clear();
        self.noise(self.open.len());
    }

    fn taped(&self, reply: &Reply) -> TapedReply {
        let data = reply.data();
        let mut taped = TapedReply {
            words: to_hex(&reply.words),
            len: data.len(),
            data: None,
            counts: None,
            kind: None,
            digest: None,
        };
        // Zeros are what find and select return; anything else there is the number of somebody's card.
        let about_module = matches!(self.asked, Some(Command::ModuleId)) || data.iter().all(|byte| *byte == 0);
        if about_module {
            taped.data = Some(to_hex(data));
            return taped;
        }
        taped.digest = Some(self.digest(data));
        let counts_len = match self.asked {
            Some(Command::ReadBase) => 4,
            Some(Command::ReadBaseAndFingerprints) => 6,
            _ => return taped,
        };
        if reply.status() == Status::Success && data.len() >= counts_len + TEXT_LEN {
            taped.counts = Some(to_hex(&data[..counts_len]));
            taped.kind = Some(to_hex(&data[counts_len + KIND_AT..counts_len + KIND_AT + 2]));
        }
        taped
    }

    fn lost(&mut self, error: &TransportError) {
        self.cut_off();
        let reason = match error {
            TransportError::Gone { reason, .. } | TransportError::Refused { reason, .. } => reason.clone(),
        };
        self.write_down(What::Gone(reason));
    }
}

impl<W: Write + Send> Transport for Recorder<W> {
    fn port(&self) -> &str {
        self.inner.port()
    }

    fn write(&mut self, bytes: &[u8], deadline: Duration) -> Result<usize, TransportError> {
        self.cut_off();
        let written = self
            .inner
            .write(bytes, deadline)
            .inspect_err(|error| self.lost(error))?;
        self.write_down(What::To(to_hex(&bytes[..written])));
        let body = bytes.get(HEAD_LEN..bytes.len().saturating_sub(1)).unwrap_or_default();
        self.asked = Command::parse(body).ok();
        Ok(written)
    }

    fn read(&mut self, buffer: &mut [u8], deadline: Duration) -> Result<usize, TransportError> {
        let count = self
            .inner
            .read(buffer, deadline)
            .inspect_err(|error| self.lost(error))?;
        if count > 0 {
            self.hear(&buffer[..count]);
        } else if self.heard_at.elapsed() > CUT_OFF_AFTER {
            self.cut_off();
        }
        Ok(count)
    }

    fn set_baud(&mut self, baud: u32) -> Result<(), TransportError> {
        self.inner.set_baud(baud).inspect_err(|error| self.lost(error))?;
        self.write_down(What::Baud(baud));
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), TransportError> {
        self.inner.reopen().inspect_err(|error| self.lost(error))?;
        self.write_down(What::Opened);
        Ok(())
    }
}
