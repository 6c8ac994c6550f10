//! The files of the demo hall: what a technician would write for a real one, with every path below one directory.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use toml::{Table, Value};

use super::authority::{Authority, write_private};

/// The hall that ships with the product.
const SHIPPED_HALL: &str = include_str!("../../../halls/foshan-street.toml");

/// Which kiosk of the hall the demo has.
pub const KIOSK: &str = "K01";

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
        let loopback = [("listen", loopback.to_string()), ("token_file", text(&self.token))];
        file.insert("loopback".to_string(), table(loopback));
        write_private(&self.dispatcher, toml::to_string(&file)?.as_bytes())
    }

    /// Writes the kiosk's file; `tls` is where the dispatcher answers.
    pub fn write_kiosk(&self, _tls: &str) -> anyhow::Result<()> {
        write_private(&self.kiosk, b"")
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
    let rules = sub_table(&mut file, "rules")?;
    rules.insert("print_masked_name".to_string(), Value::Boolean(true));
    let windows = file.get_mut("window").and_then(Value::as_array_mut);
    for window in windows.context("the shipped hall has no windows")? {
        let plan = Value::Array(vec![Value::String("00:00-24:00".to_string())]);
        let window = window.as_table_mut().context("a window is a table")?;
        window.insert("plan".to_string(), plan);
    }
    let note = "# Made for a demo from the shipped hall: open all day, with the masked name on the slip.\n";
    Ok(format!("{note}{}", toml::to_string(&file)?))
}

fn sub_table<'a>(file: &'a mut Table, name: &str) -> anyhow::Result<&'a mut Table> {
    let found = file.get_mut(name).and_then(Value::as_table_mut);
    found.with_context(|| format!("the shipped hall has no [{name}]"))
}

#[cfg(test)]
mod tests {
    use provisioning_config::hall_file::{HallFile, clock};

    use super::{SHIPPED_HALL, open_all_day};

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
