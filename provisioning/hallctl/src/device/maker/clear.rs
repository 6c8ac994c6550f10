//! A fault cleared by hand: what is wrong was mended before. The machine writes down that it was, and by which numbers;
//! the kiosk takes both over into its ledger when it has the port again.

use std::path::Path;

use data_encoding::HEXLOWER_PERMISSIVE;
use drivers_temp_id_maker::codec::Fault;
use drivers_temp_id_maker::{Maker as _, StaffDone, StaffOrder};
use serde_json::json;

use super::{Args, Stop};

fn usage(why: String) -> Stop {
    Stop { code: 2, why }
}

fn key(path: &Path) -> Result<Vec<u8>, Stop> {
    let text = std::fs::read_to_string(path).map_err(|error| usage(format!("{}: {error}", path.display())))?;
    let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes());
    bytes.map_err(|_| usage(format!("{}: no hexadecimal digits", path.display())))
}

/// Clears the fault that stands, and says how the machine is then.
pub fn run(args: &Args) -> Result<(), Stop> {
    let mut who = args.staff.clone();
    who.sort_unstable();
    who.dedup();
    let device_key = args.device_key_file.as_deref().map(key).transpose()?;
    let mut machine = super::machine(&args.port, device_key)?;
    machine.hello().map_err(Stop::device)?;
    let status = machine.status().map_err(Stop::device)?;
    let Some(fault) = Fault::of(status.fault) else {
        println!("{}", json!({ "cleared": null, "status": status }));
        return Ok(());
    };
    let (Some(first), Some(last)) = (who.first(), who.last()) else {
        return Err(usage("--staff names who clears it".to_string()));
    };
    if fault.takes_two() && first == last {
        return Err(usage(format!("{:04X} takes two people: --staff twice", fault.code)));
    }
    let mut order = |order| match machine.staff(order) {
        Ok(StaffDone::Refused(code)) => Err(Stop::device(format!("{}: the maker refuses: {code:?}", args.port))),
        Ok(_) => Ok(()),
        Err(error) => Err(Stop::device(error)),
    };
    order(StaffOrder::Enter(*first, *last))?;
    let cleared = order(StaffOrder::FaultClear(status.fault_seq));
    order(StaffOrder::Exit)?;
    cleared?;
    let status = machine.status().map_err(Stop::device)?;
    println!(
        "{}",
        json!({ "cleared": format!("{:04X}", fault.code), "status": status })
    );
    match Fault::of(status.fault) {
        None => Ok(()),
        Some(fault) => Err(Stop::device(format!(
            "{}: {:04X} {} stands: {}",
            args.port, fault.code, fault.name, fault.advice
        ))),
    }
}
