//! The files of the demo hall: what a technician would write for a real one, with every path below one directory.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use data_encoding::HEXLOWER;
use kiosk_outbox::making::StaffFile;
use toml::{Table, Value};

use super::authority::Authority;
use crate::private::write as write_private;

/// The hall that ships with the product.
const SHIPPED_HALL: &str = include_str!("../../../halls/foshan-street.toml");

/// What the demo's camera sees: a drawn face, nobody's.
/// Who works on the maker in the demo: number and password. Made up, and told in the list of links.
pub const STAFF: [(u32, &str); 2] = [(1001, "demo-staff-1001"), (1002, "demo-staff-1002")];

const CAMERA: &[u8] = include_bytes!("../../../../tests/vectors/maker/photo.jpg");

/// Which kiosk of the hall the demo has.
pub const KIOSK: &str = "K01";

/// The printer model of the demo: prints QR codes itself and says when a slip is out, so that nobody waits for a
/// sensor.
pub const PRINTER_PROFILE: &str = "epson";

/// What the kiosk seals with while it is cut off.
const OFFLINE_KEY: &str = "kiosk-offline.key";

/// Where everything of the demo lies.
pub struct Files {
    /// Directory of the demo; only its owner may look inside.
    pub dir: PathBuf,
    /// The hall file.
    pub hall: PathBuf,
    /// The dispatcher's file.
    pub dispatcher: PathBuf,
    /// The kiosk's file.
    pub kiosk: PathBuf,
    /// Bearer token of the dispatcher's loopback listener, written by the dispatcher.
    pub token: PathBuf,
    /// Socket between kiosk and kiosk-screen.
    pub ui_socket: PathBuf,
    /// Links to the emulated devices.
    pub devices: PathBuf,
    /// What each process logs.
    pub logs: PathBuf,
    authority: Authority,
}

impl Files {
    /// Makes authority, hall file and directories below `dir`.
    pub fn lay_out(dir: &Path) -> anyhow::Result<Self> {
        let dir = dir
            .canonicalize()
            .with_context(|| format!("cannot find {}", dir.display()))?;
        let files = Self {
            hall: dir.join("hall.toml"),
            dispatcher: dir.join("dispatcher.toml"),
            kiosk: dir.join("kiosk.toml"),
            token: dir.join("loopback.token"),
            ui_socket: dir.join("kiosk.sock"),
            devices: dir.join("devices"),
            logs: dir.join("logs"),
            authority: Authority::make(&dir, hall_id()?.as_str(), KIOSK)?,
            dir,
        };
        for made in [&files.devices, &files.logs] {
            std::fs::create_dir_all(made).with_context(|| format!("cannot make {}", made.display()))?;
        }
        write_private(&files.hall, open_all_day(SHIPPED_HALL)?.as_bytes())?;
        let mut key = [0u8; 32];
        getrandom::fill(&mut key).context("no randomness")?;
        let hex = HEXLOWER.encode(&key);
        write_private(&files.dir.join(OFFLINE_KEY), hex.as_bytes())?;
        let mut site_key = [0_u8; 32];
        getrandom::fill(&mut site_key).context("no randomness")?;
        let digits = HEXLOWER.encode(&site_key);
        write_private(&files.site_key(), digits.as_bytes())?;
        write_private(&files.camera(), CAMERA)?;
        let mut staff = String::new();
        for (no, password) in STAFF {
            let mut salt = [0; 16];
            getrandom::fill(&mut salt).context("no random bytes")?;
            staff.push_str(&StaffFile::entry(no, password, &salt)?);
        }
        write_private(&files.staff(), staff.as_bytes())?;
        Ok(files)
    }

    /// Writes the dispatcher's file for these addresses; port 0 takes a free one.
    pub fn write_dispatcher(&self, loopback: &str, tls: &str) -> anyhow::Result<()> {
        let pair = &self.authority.dispatcher;
        let mut file = toml::toml! {
            format = "yimen-dispatcher/1"
            hall_file = "hall.toml"
            ledger = "ledger.sqlite"
            key_file = "hall.key"
        };
        let tls = [
            ("listen", tls.to_string()),
            ("cert", text(&pair.cert)),
            ("key", text(&pair.key)),
            ("client_ca", text(&self.authority.ca)),
        ];
        file.insert("tls".to_string(), table(tls));
        let enrolment = [
            ("listen", "127.0.0.1:0".to_string()),
            ("authority_key", text(&self.authority.ca_key)),
        ];
        file.insert("enrolment".to_string(), table(enrolment));
        let loopback = [("listen", loopback.to_string()), ("token_file", text(&self.token))];
        file.insert("loopback".to_string(), table(loopback));
        write_private(&self.dispatcher, toml::to_string(&file)?.as_bytes())
    }

    fn camera(&self) -> PathBuf {
        self.dir.join("camera.jpg")
    }

    fn staff(&self) -> PathBuf {
        self.dir.join("staff.toml")
    }

    fn site_key(&self) -> PathBuf {
        self.dir.join("site.key")
    }

    /// Certificate of the authority, and the making-record service's own pair: `--ca`, `--cert`, `--key`.
    pub fn making_certificates(&self) -> [String; 3] {
        let pair = &self.authority.making;
        [&self.authority.ca, &pair.cert, &pair.key].map(|path| text(path))
    }

    /// Writes the kiosk's file; `tls` is where the dispatcher answers, `making` where the making-record service does.
    pub fn write_kiosk(&self, tls: &str, making: &str) -> anyhow::Result<()> {
        let mut file = toml::toml! {
            format = "yimen-kiosk/1"
            [kiosk]
            id = "K01"
            name = { zh-Hans = "1号自助机", zh-Hant = "1號自助機", en = "Kiosk 1" }
            elsewhere = { zh-Hans = "大厅服务台", zh-Hant = "大廳服務台", en = "the service desk" }
            outbox = "outbox.sqlite"
            offline_key = "kiosk-offline.key"
        };
        let socket = Value::String(text(&self.ui_socket));
        sub_table(&mut file, "kiosk")?.insert("ui_socket".to_string(), socket);
        let pair = &self.authority.kiosk;
        let dispatcher = [
            ("url", format!("https://{tls}")),
            ("ca", text(&self.authority.ca)),
            ("cert", text(&pair.cert)),
            ("key", text(&pair.key)),
        ];
        file.insert("dispatcher".to_string(), table(dispatcher));
        file.insert(
            "reader".to_string(),
            table([("port", text(&self.devices.join("id-reader")))]),
        );
        file.insert(
            "passport".to_string(),
            table([("port", text(&self.devices.join("passport-reader")))]),
        );
        let printer = [
            ("port", text(&self.devices.join("printer"))),
            ("profile", PRINTER_PROFILE.to_string()),
        ];
        file.insert("printer".to_string(), table(printer));
        let maker = [
            ("port", text(&self.devices.join("maker"))),
            ("service", format!("https://{making}")),
            ("ca", text(&self.authority.ca)),
            ("cert", text(&pair.cert)),
            ("key", text(&pair.key)),
            ("site_key_file", text(&self.site_key())),
            ("store", text(&self.dir.join("making.sqlite"))),
            ("camera_file", text(&self.camera())),
            ("staff_file", text(&self.staff())),
        ];
        file.insert("maker".to_string(), table(maker));
        let scanner = [("port", text(&self.devices.join("scanner")))];
        file.insert("scanner".to_string(), table(scanner));
        write_private(&self.kiosk, toml::to_string(&file)?.as_bytes())
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn table<const N: usize>(entries: [(&str, String); N]) -> Value {
    Value::Table(
        entries
            .into_iter()
            .map(|(key, value)| (key.to_string(), Value::String(value)))
            .collect(),
    )
}

fn hall_id() -> anyhow::Result<String> {
    let hall: Table = SHIPPED_HALL.parse()?;
    let id = hall.get("hall").and_then(|hall| hall.get("id")).and_then(Value::as_str);
    Ok(id.context("the shipped hall has no id")?.to_string())
}

/// A demo is shown at any hour: the copy of the hall is open from midnight to midnight, and prints the masked name so
/// that rare characters are seen on paper. Everything else stays as shipped.
fn open_all_day(shipped: &str) -> anyhow::Result<String> {
    let mut file: Table = shipped.parse().context("the shipped hall is not TOML")?;
    let hall = sub_table(&mut file, "hall")?;
    for (key, time) in [("opens", "00:00"), ("closes", "24:00"), ("last_issue", "24:00")] {
        hall.insert(key.to_string(), Value::String(time.to_string()));
    }
    // Whoever books in a demo comes at once, and the next slot is at most half an hour away.
    let bookings = file.entry("bookings").or_insert_with(|| Table::new().into());
    let bookings = bookings.as_table_mut().context("[bookings] is a table")?;
    bookings.insert("check_in_before_min".to_string(), Value::Integer(30));
    let rules = sub_table(&mut file, "rules")?;
    rules.insert("print_masked_name".to_string(), Value::Boolean(true));
    // Whoever tries the hall out does not want to wait a minute before a call counts as missed.
    rules.insert("call_timeout_s".to_string(), Value::Integer(10));
    // Every step of the making is seen in the demo: the face, the fee.
    let card = [("face", Value::Boolean(true)), ("fee_fen", Value::Integer(1000))];
    let card = card.map(|(key, value)| (key.to_string(), value));
    file.insert("temporary_card".to_string(), Value::Table(card.into_iter().collect()));
    let windows = file.get_mut("window").and_then(Value::as_array_mut);
    for window in windows.context("the shipped hall has no windows")? {
        let plan = Value::Array(vec![Value::String("00:00-24:00".to_string())]);
        let window = window.as_table_mut().context("a window is a table")?;
        window.insert("plan".to_string(), plan);
    }
    let note = "# Made for a demo from the shipped hall: open all day, with the masked name on the slip,\n\
        # the face compared and a fee taken for temporary cards.\n";
    Ok(format!("{note}{}", toml::to_string(&file)?))
}

fn sub_table<'a>(file: &'a mut Table, name: &str) -> anyhow::Result<&'a mut Table> {
    let found = file.get_mut(name).and_then(Value::as_table_mut);
    found.with_context(|| format!("the file has no [{name}]"))
}

#[cfg(test)]
mod tests {
    use provisioning_config::dispatcher_file::DispatcherFile;
    use provisioning_config::hall_file::{HallFile, clock};

    use provisioning_config::kiosk_file::KioskFile;

    use super::super::Place;
    use super::{Files, KIOSK, SHIPPED_HALL, open_all_day};

    #[test]
    fn the_demo_writes_files_that_their_readers_take_and_others_cannot_read() {
        use std::os::unix::fs::PermissionsExt as _;
        let place = Place::take(None).expect("a directory");
        let files = Files::lay_out(place.path()).expect("written");
        files.write_kiosk("127.0.0.1:8443", "127.0.0.1:9443").expect("written");
        files.write_dispatcher("127.0.0.1:0", "127.0.0.1:0").expect("written");
        let dispatcher = DispatcherFile::load(&files.dispatcher).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(dispatcher.hall_file, files.hall);
        assert_eq!(
            dispatcher.loopback.expect("a loopback listener").token_file,
            files.token
        );
        let kiosk = KioskFile::load(&files.kiosk).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(kiosk.id.as_str(), KIOSK);
        assert_eq!(kiosk.dispatcher.url, "https://127.0.0.1:8443");
        for secret in [
            &files.kiosk,
            &files.hall,
            &files.authority.kiosk.key,
            &files.authority.dispatcher.key,
        ] {
            let mode = std::fs::metadata(secret).expect("written").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", secret.display());
        }
        let gone = place.path().to_path_buf();
        drop(place);
        assert!(!gone.exists(), "the demo left its directory behind");
    }

    #[test]
    fn the_demo_hall_differs_from_the_shipped_one_by_its_hours_and_the_masked_name_alone() {
        let shipped = HallFile::parse("shipped", SHIPPED_HALL).expect("the shipped hall is good");
        let text = open_all_day(SHIPPED_HALL).expect("it can be changed");
        let demo = HallFile::parse("demo", &text).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(
            (clock(demo.hall.opens), clock(demo.hall.last_issue)),
            ("00:00".into(), "24:00".into())
        );
        assert!(demo.rules.print_masked_name && !shipped.rules.print_masked_name);
        assert_eq!(demo.services, shipped.services);
        assert_eq!(demo.groups, shipped.groups);
        assert!(demo.windows.iter().all(|window| window.plan.len() == 1));
        assert_eq!(demo.windows.len(), shipped.windows.len());
    }
}
