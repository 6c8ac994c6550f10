//! The document scanner's thread: passports become the flow's inputs, codes are dropped unread.

use std::sync::mpsc::Sender;
use std::time::Duration;

use anyhow::Context;
use drivers_id_reader::scanner::BAUD;
use drivers_id_reader::{DocumentScanner, ScanEvent};
use drivers_transport::Parity;
use kiosk_flow::{Input, Scan};
use provisioning_config::kiosk_file::Scanner;

use crate::clock::Clock;
use crate::convert;
use crate::core::Message;

/// Starts the thread. A scanner that is not there yet is waited for.
pub fn start(scanner: &Scanner, clock: Clock, tx: Sender<Message>) -> anyhow::Result<()> {
    let transport = drivers_transport::closed_with(&scanner.port, BAUD, Parity::Odd)?;
    let scanner = DocumentScanner::new(transport);
    let thread = std::thread::Builder::new().name("passport-reader".to_string());
    thread
        .spawn(move || {
            if let Err(error) = read(scanner, &clock, &tx) {
                tracing::error!(%error, "the document scanner's thread ends");
            }
        })
        .context("starting the document scanner's thread")?;
    Ok(())
}

fn read(mut scanner: DocumentScanner, clock: &Clock, tx: &Sender<Message>) -> anyhow::Result<()> {
    loop {
        let Some(event) = scanner.next_event(Duration::from_secs(1), clock.date()?) else {
            continue;
        };
        let scan = match event {
            ScanEvent::Up => {
                tracing::info!(port = scanner.port(), "the document scanner's port is open");
                continue;
            }
            ScanEvent::Down(reason) => {
                tracing::warn!(port = scanner.port(), reason, "the document scanner is down");
                continue;
            }
            ScanEvent::Passport(zone) => {
                if !zone.failures.is_empty() {
                    tracing::warn!(failures = ?zone.failures, "a passport with a wrong check digit");
                }
                Scan::Passport(convert::passport(*zone))
            }
            ScanEvent::Misread => Scan::Misread,
            // Only its issuer's online service could make a person of an electronic identity: not read, not kept.
            ScanEvent::Code(_) => Scan::ForeignCode,
        };
        if tx.send(Message::from(Input::Scan(scan))).is_err() {
            return Ok(()); // the core has stopped
        }
    }
}
