//! `hallctl device id-reader`: an identity card reader by hand.
//!
//! A card's person goes to standard output, where the technician asked for it, and nowhere else: what goes to standard
//! error is about the reader.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use drivers_device::{Transport, TransportError};
use drivers_id_reader::record::Recorder;
use drivers_id_reader::{Config, DownReason, Event, IdReader, ReadFailure};

use super::Failure;

/// All five rates have been tried twice by then.
const FIRST_ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// Bytes of a strange device that are shown.
const HEARD_MAX: usize = 16;

/// Tried first; the other four rates follow by themselves.
const BAUD: u32 = 115_200;

/// Arguments of the command.
#[derive(clap::Args)]
pub struct Args {
    /// Serial path, `usb:VID:PID` or `tcp:HOST:PORT`.
    #[arg(long)]
    port: String,
    /// Leave after the first card.
    #[arg(long)]
    once: bool,
    /// Write what crosses the wire to this file, people replaced by digests: for a report of a fault.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

/// Prints one JSON object per card until the reader cannot be used (with `--once`: until the first card).
///
/// A reader that was in order and is unplugged is waited for, unless only one card is wanted.
pub fn run(args: &Args) -> Result<(), Failure> {
    let transport = drivers_transport::closed(&args.port, BAUD).map_err(|error| Failure::Usage(error.to_string()))?;
    let transport = match &args.record {
        None => transport,
        Some(file) => recorded(transport, file)?,
    };
    let heard = Arc::new(Mutex::new(Vec::new()));
    let transport = Box::new(Ear {
        inner: transport,
        heard: Arc::clone(&heard),
    });
    let mut reader = IdReader::new(transport, Config::default());
    let (mut was_up, mut told, began) = (false, false, Instant::now());
    loop {
        let Some(event) = reader.next_event(Duration::from_secs(1)) else {
            if !was_up && !told && began.elapsed() >= FIRST_ANSWER_WITHIN {
                told = true;
                let why = no_reader(&args.port, &heard.lock().unwrap_or_else(PoisonError::into_inner));
                if args.once {
                    return Err(Failure::Device(why));
                }
                eprintln!("{why}; trying on");
            }
            continue;
        };
        match event {
            Event::DeviceUp(id) => {
                was_up = true;
                eprintln!("{}: reader {id} is ready", args.port);
            }
            Event::DeviceDown(reason) => {
                let said = heard.lock().unwrap_or_else(PoisonError::into_inner);
                let stranger = !was_up && !said.is_empty() && !matches!(reason, DownReason::Gone(_));
                let why = if stranger {
                    no_reader(&args.port, &said)
                } else {
                    sentence(&args.port, &reason)
                };
                if args.once || !was_up {
                    return Err(Failure::Device(why));
                }
                eprintln!("{why}; waiting for it");
            }
            Event::Record(card) => {
                let line = serde_json::to_string(&card).map_err(|error| Failure::Device(error.to_string()))?;
                let mut out = std::io::stdout().lock();
                match writeln!(out, "{line}").and_then(|()| out.flush()) {
                    // Whoever read our lines has seen enough.
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
                    Err(error) => return Err(Failure::Device(format!("cannot print the card: {error}"))),
                    Ok(()) if args.once => return Ok(()),
                    Ok(()) => {}
                }
            }
            Event::ReadFailed(ReadFailure::PutAgain) => {
                eprintln!(
                    "{}: the card could not be read; lift it and put it down again",
                    args.port
                );
            }
            Event::ReadFailed(ReadFailure::NotReadable) => {
                let why = format!("{}: this card is of a kind that cannot be read here", args.port);
                if args.once {
                    return Err(Failure::Device(why));
                }
                eprintln!("{why}");
            }
            Event::CardFound | Event::Reading | Event::CardRemoved => {}
        }
    }
}

/// Puts a recorder between reader and driver. Its key is random and forgotten: nobody can try names against the tape.
fn recorded(transport: Box<dyn Transport>, file: &Path) -> Result<Box<dyn Transport>, Failure> {
    let tape = File::create(file).map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))?;
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| Failure::Device(format!("no random numbers: {error}")))?;
    Ok(Box::new(Recorder::new(transport, tape, key)))
}

/// What came from a port where no reader answers. A reader's own bytes could hold a person, but then there is a reader.
fn no_reader(port: &str, heard: &[u8]) -> String {
    if heard.is_empty() {
        return format!(
            "{port}: nothing answers at any of the five rates; is the reader switched on, and is this its port?"
        );
    }
    let hex: Vec<String> = heard.iter().map(|byte| format!("{byte:02X}")).collect();
    format!(
        "{port}: something answers, but not as a card reader does; it said {}. Is this another device's port?",
        hex.join(" ")
    )
}

/// A transport that remembers the first bytes that came.
struct Ear {
    inner: Box<dyn Transport>,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Transport for Ear {
    fn port(&self) -> &str {
        self.inner.port()
    }

    fn write(&mut self, bytes: &[u8], deadline: Duration) -> Result<usize, TransportError> {
        self.inner.write(bytes, deadline)
    }

    fn read(&mut self, buffer: &mut [u8], deadline: Duration) -> Result<usize, TransportError> {
        let count = self.inner.read(buffer, deadline)?;
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let room = HEARD_MAX.saturating_sub(heard.len());
        heard.extend(buffer.iter().take(count.min(room)));
        Ok(count)
    }

    fn set_baud(&mut self, baud: u32) -> Result<(), TransportError> {
        self.inner.set_baud(baud)
    }

    fn reopen(&mut self) -> Result<(), TransportError> {
        self.inner.reopen()
    }
}

/// The transport's own words already name the port.
fn sentence(port: &str, reason: &DownReason) -> String {
    match reason {
        DownReason::Gone(why) => why.clone(),
        other => format!("{port}: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strange_device_is_told_with_what_it_said() {
        let silent = no_reader("/dev/ttyS0", &[]);
        assert!(silent.starts_with("/dev/ttyS0: nothing answers"), "{silent}");
        let printer = no_reader("/dev/ttyS0", &[0x16, 0x12]);
        assert!(printer.contains("it said 16 12."), "{printer}");
    }
}
