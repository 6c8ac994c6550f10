//! `hallctl device passport`: a document scanner by hand.
//!
//! What a passport says goes to standard output, where the technician asked for it, and nowhere else. Of a code only
//! its length is shown: it may be the key to somebody's identity.

use std::io::{ErrorKind, Write as _};
use std::time::Duration;

use drivers_id_reader::codec::Date;
use drivers_id_reader::mrz::Mrz;
use drivers_id_reader::scanner::BAUD;
use drivers_id_reader::{DocumentScanner, ScanEvent};
use drivers_transport::Parity;
use serde_json::{Value, json};

use super::Failure;

/// Arguments of the command.
#[derive(clap::Args)]
pub struct Args {
    /// Serial path or `tcp:HOST:PORT`.
    #[arg(long)]
    port: String,
    /// Leave after the first paper.
    #[arg(long)]
    once: bool,
}

/// Prints one JSON object per paper; a scanner that is unplugged is waited for, unless only one paper is wanted.
pub fn run(args: &Args) -> Result<(), Failure> {
    let transport = drivers_transport::closed_with(&args.port, BAUD, Parity::Odd)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let mut scanner = DocumentScanner::new(transport);
    let mut was_up = false;
    loop {
        let Some(event) = scanner.next_event(Duration::from_secs(1), today()?) else {
            continue;
        };
        let shown = match event {
            ScanEvent::Up => {
                was_up = true;
                eprintln!("{}: the port is open; lay a passport on the scanner", args.port);
                continue;
            }
            ScanEvent::Down(why) if args.once || !was_up => return Err(Failure::Device(why)),
            ScanEvent::Down(why) => {
                eprintln!("{why}; waiting for it");
                continue;
            }
            ScanEvent::Misread => {
                eprintln!("{}: could not be read; lay it down again", args.port);
                continue;
            }
            ScanEvent::Passport(zone) => passport(&zone),
            ScanEvent::Code(code) => json!({ "type": "code", "bytes": code.expose().len() }),
        };
        let mut out = std::io::stdout().lock();
        match writeln!(out, "{shown}").and_then(|()| out.flush()) {
            // Whoever read our lines has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(Failure::Device(format!("cannot print: {error}"))),
            Ok(()) if args.once => return Ok(()),
            Ok(()) => {}
        }
    }
}

fn passport(zone: &Mrz) -> Value {
    let day = |date: Option<Date>| date.map(|date| date.to_string());
    json!({
        "type": "passport",
        "format": format!("{:?}", zone.format),
        "code": zone.code,
        "issuer": zone.issuer,
        "surname": zone.surname.expose(),
        "given": zone.given.expose(),
        "number": zone.number.expose(),
        "nationality": zone.nationality.expose(),
        "birth": day(zone.birth),
        "sex": zone.sex,
        "expiry": day(zone.expiry),
        "optional": zone.optional.expose(),
        "warnings": zone.failures.iter().map(|failure| format!("{failure:?}")).collect::<Vec<_>>(),
    })
}

fn today() -> Result<Date, Failure> {
    let now = jiff::Zoned::now().strftime("%Y%m%d").to_string();
    Date::parse(&now).ok_or_else(|| Failure::Device(format!("this machine's clock says {now}")))
}
