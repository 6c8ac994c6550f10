//! One card from a file: the drive does it, this remembers and tells.

use std::path::Path;
use std::time::Instant;

use drivers_temp_id_maker::codec::{Fault, Phase, Status};
use drivers_temp_id_maker::{Ending, JobMachine, ids};
use kiosk_making::drive::Jobs;
use kiosk_making::{Driven, Keep, KeepError, MakingRecord, drive};
use serde_json::json;
use ui_model::Refusal;
use ui_ticket_raster::{CardLayout, CardPicture, Fonts};

use super::Stop;
use super::record::{Record, now, refused, today};
use super::store::Store;

const SERIAL: &str = "serial";
/// What runs of an older version left.
const PICTURE: &str = "picture";

struct Trial {
    store: Store,
    record: MakingRecord,
    picture: Option<Vec<u8>>,
    told: Option<(u8, u8, Phase)>,
    began: Instant,
}

fn keep(error: std::io::Error) -> KeepError {
    KeepError(error.to_string())
}

impl Trial {
    fn ms(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

impl Keep for Trial {
    fn serial(&mut self) -> Result<Option<String>, KeepError> {
        let serial = self.store.read(SERIAL).map_err(keep)?;
        Ok(serial.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn keep_serial(&mut self, serial: &str) -> Result<(), KeepError> {
        self.store.write(SERIAL, serial.as_bytes()).map_err(keep)
    }

    fn picture(&mut self) -> Result<Option<Vec<u8>>, KeepError> {
        Ok(self.picture.clone())
    }

    /// In memory alone. The file has the record whenever this is run again, and a machine takes another picture for a
    /// job that is still OPEN: on disk it would show a person to whoever finds the directory of a run that was killed.
    fn keep_picture(&mut self, data: &[u8]) -> Result<(), KeepError> {
        self.picture = Some(data.to_vec());
        Ok(())
    }

    fn draw(&mut self, dpi: u16) -> Result<CardPicture, Refusal> {
        self.record.draw(today(), &CardLayout::shipped(), dpi, &Fonts::system())
    }

    /// One line for each phase reached.
    fn told(&mut self, machine: &JobMachine, _status: Option<&Status>) -> Result<(), KeepError> {
        let now = (machine.index(), machine.attempt(), machine.phase());
        if machine.phase() != Phase::None && self.told != Some(now) {
            self.told = Some(now);
            println!(
                "{}",
                json!({
                    "phase": machine.phase(), "job": machine.index(), "attempt": machine.attempt(), "ms": self.ms(),
                })
            );
        }
        Ok(())
    }
}

/// Makes the card of the record in `file`, remembering it under `dir`.
pub fn run(port: &str, file: &Path, dir: &Path) -> Result<(), Stop> {
    let text = std::fs::read_to_string(file).map_err(|e| Stop {
        code: 2,
        why: format!("{}: {e}", file.display()),
    })?;
    let read = Record::parse(&text)?;
    let (site_key, device_key) = (read.site_key()?, read.device_key()?);
    let record_no = read.record.record_no.clone();
    let jobs = Jobs {
        ids: [0, 1].map(|index| ids::job_id(&site_key, &record_no, index)),
        tag: ids::record_tag(&site_key, &record_no),
    };
    let store = Store::open(dir, jobs.tag).map_err(|e| Stop {
        code: 2,
        why: format!("{}: {e}", dir.display()),
    })?;
    store.forget(PICTURE);
    let mut maker = super::machine(port, device_key)?;
    let mut trial = Trial {
        store,
        record: read.record,
        picture: None,
        told: None,
        began: Instant::now(),
    };
    // A refused record consumes nothing; one that was begun is driven on whatever today's date says of it.
    if trial.serial().map_err(Stop::device)?.is_none() {
        trial.record.check(&now()).map_err(refused)?;
    }
    let driven = drive(&mut maker, jobs, &mut trial).map_err(Stop::device)?;
    let outcome = match &driven {
        Driven::Ended(Ending::Job(phase)) => Some(*phase),
        Driven::Ended(Ending::RecordDone) => Some(Phase::Doubt),
        _ => None,
    };
    if let Some(phase) = outcome {
        println!(
            "{}",
            json!({ "outcome": phase, "ms": trial.ms(), "frames": maker.frames_count() })
        );
    }
    match driven {
        Driven::Ended(ending) => end(maker.port(), ending),
        Driven::Refused(refusal) => Err(refused(refusal)),
        Driven::Protocol(why) => Err(Stop::device(why)),
        Driven::WrongSize => Err(Stop::device(
            "the maker's picture has another size than the card's layout",
        )),
        Driven::Stopped => Ok(()),
    }
}

fn end(port: &str, ending: Ending) -> Result<(), Stop> {
    let fault = |code| {
        Fault::of(code).map_or_else(
            || "a fault stands".into(),
            |fault| format!("{:04X} {}: {}", fault.code, fault.name, fault.advice),
        )
    };
    let stop = |code, why: String| {
        Err(Stop {
            code,
            why: format!("{port}: {why}"),
        })
    };
    match ending {
        Ending::Job(Phase::Taken) => Ok(()),
        Ending::Job(Phase::Doubt) => stop(
            5,
            "nobody knows where the card is: it counts as left; two people look for it and decide".into(),
        ),
        Ending::RecordDone => stop(
            5,
            "a card of this record has left, or may have; look into the ledger".into(),
        ),
        Ending::Job(_) => stop(4, "the job ended without a card in a hand".into()),
        Ending::NotReady => stop(
            4,
            "the maker is not ready (film, blanks, bins, covers); nothing was made".into(),
        ),
        Ending::Fault(code) => stop(3, fault(code)),
        Ending::OtherMachine => stop(3, "this is not the machine that the job began on".into()),
        Ending::OtherJob => stop(
            3,
            "another record's job is open in it: end that first, or ask nothing of the machine for six minutes; \
                 it gives up a job that its host has left"
                .into(),
        ),
        Ending::Silent => stop(3, "the maker does not answer; check its power and its cable".into()),
        Ending::Refused(code) => stop(3, format!("the maker refuses: {code:?}")),
    }
}
