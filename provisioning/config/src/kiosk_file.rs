//! The kiosk's file: which kiosk this is, where the dispatcher is, which devices hang on it.
//!
//! Paths in it are relative to the folder of the file. What the hall decides (catalogue, ages, hours, most matters on a
//! number) is not here: the dispatcher tells it, so that ten kiosks cannot disagree.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use ticket_dispatcher_types::{DeviceId, Lang};

use crate::hall_file::{RawText, Text};
use crate::keys::Keys;
use crate::problem::{Problem, Problems};
use crate::strict::{read_text, strict_toml};

/// The one format this version reads.
pub const FORMAT: &str = "yimen-kiosk/1";

/// A whole kiosk file, checked, with its paths made absolute against its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KioskFile {
    /// The kiosk; also the id of its certificate.
    pub id: DeviceId,
    /// What people call it (`1号自助机`).
    pub name: Text,
    /// Where to go when something does not work here (`2号自助机，或大厅服务台`).
    pub elsewhere: Text,
    /// IANA name of the time zone.
    pub timezone: String,
    /// The Unix socket that the screen connects to.
    pub ui_socket: PathBuf,
    /// The outbox's database.
    pub outbox: PathBuf,
    /// 32 bytes in hex, mode 0600: seals what the kiosk must keep of a person while it is cut off. Without it the kiosk
    /// gives out no numbers alone.
    pub offline_key: Option<PathBuf>,
    /// The dispatcher.
    pub dispatcher: Dispatcher,
    /// The card reader; none for a kiosk without one.
    pub reader: Option<Device>,
    /// The scanner of passports and codes; none for a kiosk without one.
    pub passport: Option<Scanner>,
    /// The printer; none for a kiosk without one.
    pub printer: Option<Printer>,
    /// The maker of temporary identity cards; none for a kiosk without one.
    pub maker: Option<Maker>,
    /// The scanner of receipts.
    pub scanner: Option<ReceiptScanner>,
    /// The switch of the case; none for a case without one.
    pub case: Option<Case>,
    /// How every session begins.
    pub modes: Modes,
    /// Time-outs.
    pub timeouts: Timeouts,
    /// Where keys may lie.
    pub keys: Keys,
}

/// `[dispatcher]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dispatcher {
    /// `https://HOST:PORT` with the three files below, or `http://127.0.0.1:PORT` with `token_file`.
    pub url: String,
    /// Certificate of the hall's authority, PEM.
    pub ca: Option<PathBuf>,
    /// The kiosk's certificate, PEM.
    pub cert: Option<PathBuf>,
    /// Its private key, PEM.
    pub key: Option<PathBuf>,
    /// Bearer token of the loopback listener.
    pub token_file: Option<PathBuf>,
}

/// `[case]`: a switch that tells that the case was opened.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// A file that the kernel keeps, such as `/sys/class/gpio/gpio17/value`.
    pub switch: PathBuf,
    /// What stands in it while the case is open.
    #[serde(default = "one")]
    pub open: String,
}

fn one() -> String {
    "1".to_string()
}

/// `[reader]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// A serial path, `usb:VID:PID`, or `tcp:HOST:PORT`.
    pub port: String,
    /// The line's rate.
    #[serde(default = "baud")]
    pub baud: u32,
}

/// `[passport]`. Its line has its own rate and parity.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scanner {
    /// A serial path, or `tcp:HOST:PORT`.
    pub port: String,
}

/// `[printer]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Printer {
    /// A serial path, `usb:VID:PID`, or `tcp:HOST:PORT`.
    pub port: String,
    /// The line's rate.
    #[serde(default = "baud")]
    pub baud: u32,
    /// Name of the printer's profile.
    pub profile: String,
}

/// `[maker]`: the machine, the making-record service, and what the host remembers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Maker {
    /// A serial path or `tcp:HOST:PORT`.
    pub port: String,
    /// `https://HOST:PORT` of the making-record service.
    pub service: String,
    /// Certificate of the authority that signed the service's certificate, PEM.
    pub ca: PathBuf,
    /// The kiosk's certificate, PEM.
    pub cert: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// The key of the job ids, hexadecimal, in a file that only its owner reads; the same on every kiosk of the hall.
    pub site_key_file: PathBuf,
    /// The machine's own key, hexadecimal, for machines that want authentication codes.
    pub device_key_file: Option<PathBuf>,
    /// The database of jobs and blanks.
    pub store: PathBuf,
    /// Who may work on the machine (`hallctl maker add-staff`). Without it nobody can order anything of it from the
    /// page.
    pub staff_file: Option<PathBuf>,
    /// A JPEG in place of a camera, where the hall compares faces.
    pub camera_file: Option<PathBuf>,
}

/// `[scanner]`: a scanner that sends what it reads, ended by CR.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptScanner {
    /// A serial path, `usb:VID:PID`, or `tcp:HOST:PORT`.
    pub port: String,
    /// The line's rate.
    #[serde(default = "scanner_baud")]
    pub baud: u32,
}

/// `[modes]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Modes {
    /// Language of a new session.
    pub lang: Lang,
    /// 长者模式 from the start.
    pub elder: bool,
    /// 低位模式 from the start.
    pub low_reach: bool,
}

/// `[timeouts]`, in seconds. The hall's rules ask for at least 60 and 120.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// A session ends after this long without a touch.
    pub idle_s: u16,
    /// The same in elder mode.
    pub idle_elder_s: u16,
    /// A card that lies this long: louder, and staff.
    pub card_left_s: u16,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            idle_s: 60,
            idle_elder_s: 120,
            card_left_s: 15,
        }
    }
}

fn baud() -> u32 {
    115_200
}

fn scanner_baud() -> u32 {
    9_600
}

fn timezone() -> String {
    "Asia/Shanghai".to_string()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    format: String,
    kiosk: RawKiosk,
    dispatcher: Dispatcher,
    reader: Option<Device>,
    passport: Option<Scanner>,
    printer: Option<Printer>,
    maker: Option<Maker>,
    scanner: Option<ReceiptScanner>,
    case: Option<Case>,
    #[serde(default)]
    modes: Modes,
    #[serde(default)]
    timeouts: Timeouts,
    #[serde(default)]
    keys: Keys,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKiosk {
    id: DeviceId,
    name: RawText,
    elsewhere: RawText,
    ui_socket: PathBuf,
    outbox: PathBuf,
    #[serde(default)]
    offline_key: Option<PathBuf>,
    #[serde(default = "timezone")]
    timezone: String,
}

impl KioskFile {
    /// Reads and checks a file.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        let text = read_text(path)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::parse(&path.display().to_string(), &text, folder)
    }

    /// The same from text; `file` names it in the sentences, `folder` is what its paths are relative to.
    pub fn parse(file: &str, text: &str, folder: &Path) -> Result<Self, Problems> {
        let raw: RawFile = strict_toml(file, text)?;
        let list = problems(&raw);
        if !list.is_empty() {
            return Err(Problems {
                file: file.to_string(),
                list,
            });
        }
        let under = |path: PathBuf| folder.join(path); // an absolute path stays as it is
        Ok(Self {
            id: raw.kiosk.id,
            name: filled(raw.kiosk.name),
            elsewhere: filled(raw.kiosk.elsewhere),
            timezone: raw.kiosk.timezone,
            ui_socket: under(raw.kiosk.ui_socket),
            outbox: under(raw.kiosk.outbox),
            offline_key: raw.kiosk.offline_key.map(under),
            dispatcher: Dispatcher {
                url: raw.dispatcher.url,
                ca: raw.dispatcher.ca.map(under),
                cert: raw.dispatcher.cert.map(under),
                key: raw.dispatcher.key.map(under),
                token_file: raw.dispatcher.token_file.map(under),
            },
            case: raw.case.map(|case| Case {
                switch: under(case.switch),
                open: case.open,
            }),
            reader: raw.reader,
            passport: raw.passport,
            printer: raw.printer,
            maker: raw.maker.map(|maker| Maker {
                ca: under(maker.ca),
                cert: under(maker.cert),
                key: under(maker.key),
                site_key_file: under(maker.site_key_file),
                device_key_file: maker.device_key_file.map(under),
                store: under(maker.store),
                camera_file: maker.camera_file.map(under),
                staff_file: maker.staff_file.map(under),
                port: maker.port,
                service: maker.service,
            }),
            scanner: raw.scanner,
            modes: raw.modes,
            timeouts: raw.timeouts,
            keys: raw.keys,
        })
    }

    /// The key that seals what the kiosk keeps: the one that the file names, else one beside the outbox
    /// (`outbox.sqlite.key`), made if absent.
    pub fn own_key(&self) -> PathBuf {
        self.offline_key.clone().unwrap_or_else(|| {
            let mut name = self.outbox.as_os_str().to_owned();
            name.push(".key");
            name.into()
        })
    }

    /// Every key that this kiosk keeps.
    pub fn key_files(&self) -> Vec<PathBuf> {
        let mut keys = vec![self.own_key()];
        keys.extend(self.dispatcher.key.clone());
        if let Some(maker) = &self.maker {
            keys.extend([maker.key.clone(), maker.site_key_file.clone()]);
            keys.extend(maker.device_key_file.clone());
        }
        keys
    }
}

fn filled(raw: RawText) -> Text {
    Text {
        zh_hant: raw.zh_hant.unwrap_or_else(|| raw.zh_hans.clone()),
        en: raw.en.unwrap_or_else(|| raw.zh_hans.clone()),
        zh_hans: raw.zh_hans,
    }
}

fn problems(raw: &RawFile) -> Vec<Problem> {
    let mut list = Vec::new();
    let mut add = |place: &str, what: String, advice: &str| {
        list.push(Problem {
            line: None,
            place: place.to_string(),
            what,
            advice: advice.to_string(),
        });
    };
    if raw.format != FORMAT {
        let what = format!("this version reads `{FORMAT}`, the file says `{}`.", raw.format);
        add(
            "format",
            what,
            "Change the line, or use the version that fits the file.",
        );
    }
    let files = [&raw.dispatcher.ca, &raw.dispatcher.cert, &raw.dispatcher.key];
    let url = raw.dispatcher.url.as_str();
    let loopback = url.starts_with("http://127.0.0.1:");
    if url.starts_with("https://") {
        if files.iter().any(|f| f.is_none()) {
            let what = "https needs `ca`, `cert` and `key`.".to_string();
            add("dispatcher", what, "Give the three files that enrolment left here.");
        }
    } else if !(loopback && raw.dispatcher.token_file.is_some()) {
        let what = format!("`{url}` would send identity in the clear.");
        let advice = "Use https://, or http://127.0.0.1: with `token_file` on the dispatcher's own machine.";
        add("dispatcher.url", what, advice);
    }
    if let Some(maker) = &raw.maker
        && !maker.service.starts_with("https://")
    {
        let what = format!("`{}` would send identity in the clear.", maker.service);
        add(
            "maker.service",
            what,
            "Use https://; the service asks for the kiosk's certificate.",
        );
    }
    if jiff::tz::TimeZone::get(&raw.kiosk.timezone).is_err() {
        let what = format!("`{}` is no time zone.", raw.kiosk.timezone);
        add("kiosk.timezone", what, "Use a name like Asia/Shanghai.");
    }
    let t = raw.timeouts;
    if t.idle_s < 60 || t.idle_elder_s < 120 || t.card_left_s < 5 {
        let what = "time-outs are at least 60 s, 120 s for elders, and 5 s for a card left behind.".to_string();
        add("timeouts", what, "People need the time; raise the value.");
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
format = "yimen-kiosk/1"

[kiosk]
id = "K01"
name = { zh-Hans = "1号自助机", en = "Kiosk 1" }
elsewhere = "2号自助机，或大厅服务台"
ui_socket = "kiosk.sock"
outbox = "/var/lib/kiosk/outbox.sqlite"

[dispatcher]
url = "https://127.0.0.1:8443"
ca = "ca.pem"
cert = "kiosk.pem"
key = "kiosk.key"

[reader]
port = "/dev/ttyS1"

[passport]
port = "/dev/hall/passport"

[printer]
port = "usb:0485:5741"
profile = "masung-ep"
"#;

    fn parse(text: &str) -> Result<KioskFile, Problems> {
        KioskFile::parse("kiosk.toml", text, Path::new("/etc/kiosk"))
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let file = parse(FILE).expect("a good file");
        assert_eq!(file.ui_socket, Path::new("/etc/kiosk/kiosk.sock"));
        assert_eq!(file.outbox, Path::new("/var/lib/kiosk/outbox.sqlite"));
        assert_eq!(file.dispatcher.key.as_deref(), Some(Path::new("/etc/kiosk/kiosk.key")));
        assert_eq!(file.reader.expect("a reader").baud, 115_200);
        assert_eq!(file.passport.expect("a scanner").port, "/dev/hall/passport");
        assert_eq!(file.name.get(Lang::ZhHant), "1号自助机");
        assert_eq!(file.timeouts.idle_elder_s, 120);
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let problems = parse(&FILE.replace("profile =", "profil =")).expect_err("a wrong key");
        assert!(problems.to_string().contains("`profil`"), "{problems}");
        assert!(problems.to_string().contains("profile"), "{problems}");
    }

    #[test]
    fn identity_never_leaves_in_the_clear() {
        for url in ["http://10.0.0.5:8080", "http://127.0.0.1:8080", "ftp://x"] {
            let text = FILE.replace("https://127.0.0.1:8443", url);
            assert!(parse(&text).is_err(), "{url} was taken");
        }
        let tool = FILE
            .replace("https://127.0.0.1:8443", "http://127.0.0.1:8080")
            .replace("ca = \"ca.pem\"", "token_file = \"t\"");
        assert!(parse(&tool).is_ok());
    }

    #[test]
    fn the_making_record_service_is_reached_by_tls_alone() {
        let maker =
            "\n[maker]\nport = \"/dev/ttyS3\"\nservice = \"https://10.0.0.9\"\nca = \"ca.pem\"\ncert = \"k.pem\"
key = \"k.key\"\nsite_key_file = \"site.key\"\nstore = \"making.sqlite\"\n";
        let file = parse(&format!("{FILE}{maker}")).expect("a good file");
        let found = file.maker.expect("a maker");
        assert_eq!(found.store, Path::new("/etc/kiosk/making.sqlite"));
        let plain = maker.replace("https://", "http://");
        assert!(
            parse(&format!("{FILE}{plain}"))
                .expect_err("in the clear")
                .to_string()
                .contains("maker.service")
        );
    }

    #[test]
    fn nobody_is_hurried_by_a_setting() {
        let text = format!("{FILE}\n[timeouts]\nidle_s = 20\n");
        assert!(parse(&text).expect_err("too short").to_string().contains("timeouts"));
    }
}
