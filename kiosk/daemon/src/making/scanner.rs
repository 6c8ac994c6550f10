//! A barcode scanner on a serial line (9600 8N1): its thread. What is a code says the codec.

use std::sync::mpsc::Sender;
use std::time::Duration;

use drivers_device::Transport;
use drivers_id_reader::codec::ReceiptParser;
use kiosk_flow::{Input, MakingInput};
use ticket_dispatcher_types::Personal;

use crate::core::Message;

/// What has not come by the end of such a pause belongs to no code.
const BREATH: Duration = Duration::from_millis(300);

/// Reads codes for ever; a scanner that is not there is waited for.
pub fn read(mut line: Box<dyn Transport>, tx: &Sender<Message>) {
    let mut parser = ReceiptParser::default();
    let mut buffer = zeroize::Zeroizing::new([0; 64]);
    let mut open = line.reopen().is_ok();
    loop {
        if !open {
            std::thread::sleep(Duration::from_secs(1));
            open = line.reopen().is_ok();
            continue;
        }
        let count = match line.read(buffer.as_mut_slice(), BREATH) {
            Ok(count) => count,
            Err(error) => {
                tracing::warn!(%error, "the scanner is away");
                open = false;
                continue;
            }
        };
        if count == 0 {
            parser.pause();
        }
        for code in parser.push(&buffer[..count]) {
            let scanned = MakingInput::Scanned(Personal::new(code.as_str()));
            if tx.send(Message::from(Input::Making(scanned))).is_err() {
                return; // the core has stopped
            }
        }
    }
}
