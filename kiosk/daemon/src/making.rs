//! The maker's side of the kiosk: a desk that asks the making-record service, and a thread that drives the machine.
//!
//! The record is in the memory of these two alone: the flow hears a masked name, the store keeps the number and the
//! picture sealed until the job is over. A job that was begun is driven to its end, over restarts of either side; what
//! the back end must hear is sent until it answers.

mod blanks;
mod desk;
mod kept;
mod machine;
mod scanner;
mod seen;
mod staff;
mod tell;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};

use anyhow::Context as _;
use data_encoding::HEXLOWER_PERMISSIVE;
use drivers_device::Transport;
use drivers_temp_id_maker::Tim1;
use drivers_temp_id_maker::driver::BAUD;
use kiosk_flow::{Input, MakerState, MakingInput, MakingOrder};
use kiosk_making::client::{Credentials, HttpService};
use kiosk_making::drive::Jobs;
use kiosk_making::{MakingRecord, MakingService, ServiceError};
use kiosk_outbox::making::{MakingRow, StaffFile};
use provisioning_config::kiosk_file::{Maker as File, ReceiptScanner};
use ticket_dispatcher_protocol::client::Client;
use ticket_dispatcher_protocol::{MakerNow, MakerOrder};
use ticket_dispatcher_types::{DeviceId, IdemKey};
use tokio::runtime::Handle;
use ui_model::Refusal;

use crate::core::Message;
use crate::vault::Vault;

/// Where orders of the flow go.
pub type Desk = Sender<MakingOrder>;

/// A record that may be made now: checked, its person seen, its fee authorised.
struct Order {
    ask: IdemKey,
    record: MakingRecord,
    fee_fen: u32,
    /// The service's word that the face was compared; none where the hall compares none.
    face_token: Option<String>,
}

/// What the machine's thread is asked to do.
enum Work {
    /// A card.
    Make(Box<Order>),
    /// An order of staff.
    Staff(MakerOrder),
}

/// What both threads share.
#[derive(Clone)]
struct House {
    tx: Sender<Message>,
    kiosk: DeviceId,
    site_key: Arc<zeroize::Zeroizing<Vec<u8>>>,
    timezone: String,
    /// What staff sees.
    board: tell::Board,
    /// Seals what is written of a record.
    vault: Arc<Vault>,
}

impl House {
    /// Shows staff how the machine is.
    fn show(&self, now: Option<MakerNow>) {
        self.board.show(now);
    }

    fn tell(&self, input: MakingInput) {
        let _ = self.tx.send(Message::from(Input::Making(input))); // the core has stopped: so do these threads, soon
    }

    fn jobs(&self, record_no: &str) -> Jobs {
        use drivers_temp_id_maker::ids;
        Jobs {
            ids: [0, 1].map(|index| ids::job_id(&self.site_key, record_no, index)),
            tag: ids::record_tag(&self.site_key, record_no),
        }
    }

    /// Today where the hall is.
    fn today(&self) -> jiff::civil::Date {
        self.now().date()
    }

    /// The moment as a clock on the hall's wall tells it.
    fn now(&self) -> jiff::Zoned {
        let now = jiff::Zoned::now();
        now.in_tz(&self.timezone).unwrap_or(now)
    }
}

fn unix_s() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("reading {}", path.display()))
}

/// A key from a file of hexadecimal digits that nobody but its owner may read.
fn key(path: &Path) -> anyhow::Result<Vec<u8>> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path)
        .with_context(|| format!("reading {}", path.display()))?
        .permissions()
        .mode();
    anyhow::ensure!(mode & 0o077 == 0, "{} can be read by others: chmod 600", path.display());
    let text = zeroize::Zeroizing::new(String::from_utf8(read(path)?).context("a key is hexadecimal text")?);
    let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
    bytes
        .filter(|bytes| bytes.len() >= 16)
        .with_context(|| format!("{} holds no key of 32 or more hexadecimal digits", path.display()))
}

/// Who may act. Read for each act, so that who leaves is out with the next one.
fn staff_file(path: &Path) -> anyhow::Result<StaffFile> {
    let text = String::from_utf8(read(path)?).context("a staff file is text")?;
    StaffFile::parse(&text).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))
}

fn service(file: &File) -> anyhow::Result<HttpService> {
    let credentials = Credentials {
        ca: read(&file.ca)?,
        cert: read(&file.cert)?,
        key: read(&file.key)?,
    };
    Ok(HttpService::new(&file.service, &credentials)?)
}

/// What this kiosk's own store says against a card for a record: a job of it ended here, or is to end, and only a
/// window makes another.
fn ended_before(row: &MakingRow) -> Option<Refusal> {
    match row.outcome.as_deref() {
        Some("taken") => Some(Refusal::AlreadyIssued),
        Some(_) => Some(Refusal::EndedBefore),
        None => row.unwanted.then_some(Refusal::EndedBefore),
    }
}

/// Starts both threads and tells staff how the machine is; the returned end takes the flow's orders.
pub fn start(
    file: &File,
    kiosk: DeviceId,
    timezone: &str,
    tx: Sender<Message>,
    (runtime, client): (&Handle, Client),
    vault: Arc<Vault>,
) -> anyhow::Result<Desk> {
    let board = tell::Board::default();
    let house = House {
        tx,
        kiosk,
        site_key: Arc::new(zeroize::Zeroizing::new(key(&file.site_key_file)?)),
        timezone: timezone.to_string(),
        board: board.clone(),
        vault,
    };
    if let Some(path) = &file.staff_file {
        staff_file(path)?; // a file that cannot be read is told before the hall opens
    }
    let device_key = file.device_key_file.as_deref().map(key).transpose()?;
    let line: Box<dyn Transport> = drivers_transport::closed(&file.port, BAUD)?;
    let store = kept::open(&file.store, &house)?;
    let (told_by, device_line) = (house.kiosk.clone(), Tim1::new(line, device_key));
    let maker = machine::Machine::new(
        house.clone(),
        device_line,
        store,
        service(file)?,
        file.staff_file.clone(),
    );
    let desk_service = service(file)?;
    let desk_store = kept::open(&file.store, &house)?;
    let camera = file.camera_file.clone();
    house.tell(MakingInput::Machine(MakerState::NotReady));
    let (to_machine, orders) = mpsc::channel();
    runtime.spawn(tell::tell(client, told_by, board, to_machine.clone()));
    let name = |name: &str| std::thread::Builder::new().name(name.to_string());
    name("maker")
        .spawn(move || maker.run(&orders))
        .context("starting the maker's thread")?;
    let (to_desk, asked) = mpsc::channel();
    name("making-desk")
        .spawn(move || desk::Desk::new(house, desk_service, desk_store, camera, to_machine).run(&asked))
        .context("starting the desk's thread")?;
    Ok(to_desk)
}

/// Starts the scanner's thread.
pub fn start_scanner(file: &ReceiptScanner, tx: Sender<Message>) -> anyhow::Result<()> {
    let line = drivers_transport::closed(&file.port, file.baud)?;
    std::thread::Builder::new()
        .name("scanner".to_string())
        .spawn(move || scanner::read(line, &tx))
        .context("starting the scanner's thread")?;
    Ok(())
}

/// A call with one more try: the first may meet a connection that the service has closed.
fn twice<T>(call: impl Fn() -> Result<T, ServiceError>) -> Result<T, ServiceError> {
    match call() {
        Err(ServiceError::Away(_)) => call(),
        other => other,
    }
}

/// Says how a service failed, without what was asked.
fn warn(what: &'static str, error: &ServiceError) {
    tracing::warn!(%error, what, "making-record service");
}

/// The service behind the trait, so that an adapter to a real back end can take its place.
type Service = dyn MakingService;
