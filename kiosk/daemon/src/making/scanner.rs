//! A barcode scanner on a serial line: plain text, 9600 8N1, each code ended by CR.

use std::sync::mpsc::Sender;
use std::time::Duration;

use drivers_device::Transport;
use kiosk_flow::{Input, MakingInput};
use ticket_dispatcher_types::Personal;

use crate::core::Message;

/// No code that is printed on a receipt is longer.
const CODE_MAX: usize = 64;
/// A code comes in one breath: what is left over after such a pause was noise.
const BREATH: Duration = Duration::from_millis(300);

/// Reads codes for ever; a scanner that is not there is waited for.
pub fn read(mut line: Box<dyn Transport>, tx: &Sender<Message>) {
    let mut code = zeroize::Zeroizing::new(Vec::with_capacity(CODE_MAX + 1));
    let mut buffer = [0; 64];
    let mut open = line.reopen().is_ok();
    loop {
        if !open {
            std::thread::sleep(Duration::from_secs(1));
            open = line.reopen().is_ok();
            continue;
        }
        let count = match line.read(&mut buffer, BREATH) {
            Ok(count) => count,
            Err(error) => {
                tracing::warn!(%error, "the scanner is away");
                open = false;
                continue;
            }
        };
        if count == 0 {
            code.clear();
        }
        for byte in &buffer[..count] {
            match byte {
                b'\r' | b'\n' if code.is_empty() => {}
                b'\r' | b'\n' => {
                    let text = String::from_utf8_lossy(&code).trim().to_string();
                    code.clear();
                    let scanned = MakingInput::Scanned(Personal::new(text));
                    if tx.send(Message::from(Input::Making(scanned))).is_err() {
                        return; // the core has stopped
                    }
                }
                byte if code.len() < CODE_MAX => code.push(*byte),
                _ => code.clear(),
            }
        }
    }
}
