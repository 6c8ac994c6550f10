//! The card reader's thread: the driver's events become the flow's inputs.

use std::sync::mpsc::Sender;
use std::time::Duration;

use anyhow::Context;
use drivers_id_reader::{Config, Event, IdReader};
use kiosk_flow::{Input, ReadFailure, ReaderInput};
use provisioning_config::kiosk_file::Device;
use ui_model::ReadingStep;

use crate::convert;
use crate::core::Message;

/// Starts the thread. A reader that is not there yet is waited for.
pub fn start(device: &Device, tx: Sender<Message>) -> anyhow::Result<()> {
    let transport = drivers_transport::closed(&device.port, device.baud)?;
    // The address is not needed for a number, so it is not asked for.
    let config = Config {
        appended_address: false,
        ..Config::default()
    };
    let reader = IdReader::new(transport, config);
    let thread = std::thread::Builder::new().name("id-reader".to_string());
    thread
        .spawn(move || read(reader, &tx))
        .context("starting the reader's thread")?;
    Ok(())
}

fn read(mut reader: IdReader, tx: &Sender<Message>) {
    loop {
        let Some(event) = reader.next_event(Duration::from_secs(1)) else {
            continue;
        };
        let input = match event {
            Event::CardFound => ReaderInput::Progress(ReadingStep::Found),
            Event::Reading => ReaderInput::Progress(ReadingStep::Reading),
            Event::Record(card) => ReaderInput::Record(convert::card(*card)),
            Event::ReadFailed(drivers_id_reader::ReadFailure::PutAgain) => ReaderInput::Failed(ReadFailure::TryAgain),
            Event::ReadFailed(drivers_id_reader::ReadFailure::NotReadable) => {
                ReaderInput::Failed(ReadFailure::NotReadable)
            }
            Event::CardRemoved => ReaderInput::Removed,
            Event::DeviceDown(reason) => {
                tracing::warn!(port = reader.port(), ?reason, "the card reader is down");
                ReaderInput::Down
            }
            Event::DeviceUp(_) => {
                tracing::info!(port = reader.port(), "the card reader is up");
                ReaderInput::Up
            }
        };
        if tx.send(Message::from(Input::Reader(input))).is_err() {
            return; // the core has stopped
        }
    }
}
