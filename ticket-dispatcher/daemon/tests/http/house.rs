//! A dispatcher of its own for each test: the real binary, a free port, a folder that goes with the test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;

static HOUSES: AtomicU64 = AtomicU64::new(0);
static KEYS: AtomicU64 = AtomicU64::new(0);

pub struct House {
    pub dir: PathBuf,
    pub child: Child,
    pub addr: SocketAddr,
    pub tls: Option<SocketAddr>,
    pub token: String,
    env: Vec<(String, String)>,
}

/// Around midnight a hall that is open around the clock waits for the windows of its new day, and books nobody for
/// today any more: then it stands in another zone.
fn around_midnight() -> bool {
    let now = jiff::Timestamp::now().in_tz("Asia/Shanghai").unwrap();
    matches!(now.hour(), 23 | 0 | 1)
}

/// The shipped hall, open around the clock so that a test may run at any hour.
fn hall_file() -> String {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../provisioning/halls/foshan-street.toml");
    let text = std::fs::read_to_string(shipped).unwrap();
    let lines = text.lines().map(|line| match line.split(" = ").next() {
        Some("opens" | "first_issue") => format!("{} = \"00:00\"", line.split(" = ").next().unwrap()),
        Some("closes" | "last_issue") => format!("{} = \"24:00\"", line.split(" = ").next().unwrap()),
        Some("plan") => "plan = [\"00:00-24:00\"]".to_string(),
        Some("timezone") if around_midnight() => format!("timezone = \"{}\"", noon_zone()),
        _ => line.to_string(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The zone in which it is between twelve and one now. Its name counts westwards.
pub fn noon_zone() -> String {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    match now.hour() - 12 {
        0 => "Etc/GMT".to_string(),
        west => format!("Etc/GMT{west:+}"),
    }
}

impl House {
    pub fn new() -> Self {
        Self::with("", &[])
    }

    /// A called number waits for its person as short as a hall file may say.
    pub fn impatient() -> Self {
        Self::of(
            &hall_file().replace("call_timeout_s = 60", "call_timeout_s = 10"),
            "",
            &[],
        )
    }

    /// The masked name stands on slips.
    pub fn printing_names() -> Self {
        Self::of(
            &hall_file().replace("print_masked_name = false", "print_masked_name = true"),
            "",
            &[],
        )
    }

    /// In a time zone where it is between twelve and one, so that today has slots at any hour of the test.
    pub fn at_noon() -> Self {
        let zone = format!("timezone = \"{}\"", noon_zone());
        Self::of(&hall_file().replace("timezone = \"Asia/Shanghai\"", &zone), "", &[])
    }

    /// With more lines in the dispatcher file and more in the environment.
    pub fn with(more: &str, env: &[(&str, &str)]) -> Self {
        Self::of(&hall_file(), more, env)
    }

    fn of(hall: &str, more: &str, env: &[(&str, &str)]) -> Self {
        let unique = format!(
            "dispatcher-{}-{}",
            std::process::id(),
            HOUSES.fetch_add(1, Ordering::SeqCst)
        );
        let dir = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("hall.toml"), hall).unwrap();
        let file = format!(
            "format = \"yimen-dispatcher/1\"\nhall_file = \"hall.toml\"\nledger = \"journal.db\"\n\
             key_file = \"root.key\"\nlookup_base = \"https://hall.test\"\n\
             [loopback]\nlisten = \"127.0.0.1:0\"\ntoken_file = \"token\"\n{more}"
        );
        std::fs::write(dir.join("dispatcher.toml"), file).unwrap();
        let env: Vec<_> = env.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect();
        let (child, addr, tls) = start(&dir, &env);
        let token = std::fs::read_to_string(dir.join("token")).unwrap().trim().to_string();
        Self {
            dir,
            child,
            addr,
            tls,
            token,
            env,
        }
    }

    /// SIGKILL: no goodbye of any kind.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub fn start_again(&mut self) {
        let (child, addr, tls) = start(&self.dir, &self.env);
        (self.child, self.addr, self.tls) = (child, addr, tls);
    }

    /// For the next start.
    pub fn put_env(&mut self, name: &str, value: &str) {
        self.env.push((name.to_string(), value.to_string()));
    }

    pub fn forget_env(&mut self) {
        self.env.clear();
    }

    pub fn call(&self, method: &str, path: &str, body: &str) -> Answer {
        // Nobody may ask for a number without a key; a test that minds none gets one of its own.
        let fresh = (method, path) == ("POST", "/api/v1/tickets");
        let own = KEYS.fetch_add(1, Ordering::SeqCst) | 1 << 40;
        self.keyed(method, path, body, fresh.then(|| key(own.into())).as_deref())
    }

    pub fn keyed(&self, method: &str, path: &str, body: &str, key: Option<&str>) -> Answer {
        self.try_keyed(method, path, body, key).unwrap()
    }

    pub fn try_keyed(&self, method: &str, path: &str, body: &str, key: Option<&str>) -> std::io::Result<Answer> {
        let mut headers = vec![("authorization", format!("Bearer {}", self.token))];
        if let Some(key) = key {
            headers.push(("idempotency-key", key.to_string()));
        }
        let stream = connect(self.addr)?;
        exchange(stream, method, path, &headers, body.as_bytes())
    }

    /// Without credentials.
    pub fn bare(&self, method: &str, path: &str, body: &str) -> Answer {
        exchange(connect(self.addr).unwrap(), method, path, &[], body.as_bytes()).unwrap()
    }

    pub fn take(&self, service: &str, person: Option<u32>, key: &str) -> Answer {
        self.keyed("POST", "/api/v1/tickets", &ticket(service, person), Some(key))
    }

    pub fn open(&self, window: &str) {
        let answer = self.call("POST", &format!("/api/v1/windows/{window}/open"), r#"{"clerk":"C1"}"#);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    pub fn stream(&self, last: Option<u64>) -> EventStream {
        let mut stream = connect(self.addr).unwrap();
        let last = last.map_or(String::new(), |l| format!("last-event-id: {l}\r\n"));
        let head = format!(
            "GET /api/v1/stream HTTP/1.1\r\nhost: hall\r\nauthorization: Bearer {}\r\n{last}\r\n",
            self.token
        );
        stream.write_all(head.as_bytes()).unwrap();
        EventStream {
            stream,
            text: String::new(),
        }
    }

    /// Runs `verify` on the journal; the process should be down or idle.
    pub fn verify(&self, with_key: bool) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ticket-dispatcher"));
        command.arg("verify").arg("--ledger").arg(self.dir.join("journal.db"));
        if with_key {
            command.arg("--key").arg(self.dir.join("root.key"));
        }
        let out = command.output().unwrap();
        (out.status.success(), String::from_utf8_lossy(&out.stdout).into_owned())
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.kill();
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

fn start(dir: &Path, env: &[(String, String)]) -> (Child, SocketAddr, Option<SocketAddr>) {
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(dir.join("log"))
        .unwrap();
    // Under the widest umask: what it makes must be its own whoever started it.
    let mut child = Command::new("sh")
        .args(["-c", "umask 0; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_ticket-dispatcher"))
        .args(["serve", "--config"])
        .arg(dir.join("dispatcher.toml"))
        .envs(env.iter().map(|(k, v)| (k, v)))
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let log = || std::fs::read_to_string(dir.join("log")).unwrap_or_default();
    let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not ready: {line} {}", log()));
    assert_eq!(ready["ready"], true);
    let addr = |name: &str| ready[name].as_str().map(|a| a.parse().unwrap());
    (child, addr("loopback").unwrap(), addr("tls"))
}

pub fn connect(addr: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A made-up person, born on 1 January 1985, with a check digit that holds.
pub fn number(person: u32) -> String {
    let digits = format!("99{:04}19850101{:03}", 200 + person / 1000, person % 1000);
    let ends = "0123456789X".chars().map(|last| format!("{digits}{last}"));
    let mut good = ends.filter(|number| ticket_dispatcher_types::check_digit_holds(number));
    good.next().unwrap()
}

pub fn ticket(service: &str, person: Option<u32>) -> String {
    let holder = person.map_or(String::new(), |p| {
        format!(
            r#","holder":{{"document":"resident_id","number":"{}","name":"试验人","birth":"19850101"}}"#,
            number(p)
        )
    });
    format!(r#"{{"services":["{service}"]{holder}}}"#)
}

pub fn key(n: u128) -> String {
    let hex = format!("{:032x}", n | 0x4000_8000_0000_0000_0000);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {} {}", self.head, self.text()))
    }
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_string()
    }
    pub fn header(&self, name: &str) -> Option<String> {
        let lines = self.head.lines().filter_map(|l| l.split_once(": "));
        lines
            .into_iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.to_string())
    }
}

/// One request and its whole answer over any stream.
pub fn exchange(
    mut stream: impl Read + Write,
    method: &str,
    path: &str,
    headers: &[(&str, String)],
    body: &[u8],
) -> std::io::Result<Answer> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: hall\r\nconnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() {
        head += "content-type: application/json\r\n";
    }
    head += &format!("content-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    stream.flush()?;
    let mut all = Vec::new();
    if let Err(error) = stream.read_to_end(&mut all) {
        // A peer that closes TLS without a goodbye has still said all that its Content-Length promised.
        if all.is_empty() {
            return Err(error);
        }
    }
    let broken = || std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "no whole answer");
    let end = all.windows(4).position(|w| w == b"\r\n\r\n").ok_or_else(broken)?;
    let head = String::from_utf8_lossy(&all[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(broken)?;
    let answer = Answer {
        status,
        body: all[end + 4..].to_vec(),
        head,
    };
    match answer.header("content-length").map(|l| l.parse::<usize>()) {
        Some(Ok(length)) if length != answer.body.len() => Err(broken()),
        _ => Ok(answer),
    }
}

/// Reads server-sent events from a chunked answer; every event of ours is one chunk.
pub struct EventStream {
    pub stream: TcpStream,
    text: String,
}

impl EventStream {
    /// The next event as (name, id, data); heartbeats are passed over.
    pub fn next(&mut self) -> (String, u64, Value) {
        loop {
            if let Some(start) = self.text.find("event: ")
                && let Some(end) = self.text[start..].find("\n\n")
            {
                let event = self.text[start..start + end].to_string();
                self.text.drain(..start + end + 2);
                let field = |name: &str| {
                    let line = event.lines().find(|l| l.starts_with(name));
                    line.map(|l| l[name.len()..].to_string()).unwrap()
                };
                return (
                    field("event: "),
                    field("id: ").parse().unwrap(),
                    serde_json::from_str(&field("data: ")).unwrap(),
                );
            }
            let mut buffer = [0; 65536];
            let n = self.stream.read(&mut buffer).unwrap();
            assert!(n > 0, "the stream ended: {}", self.text);
            self.text += &String::from_utf8_lossy(&buffer[..n]);
        }
    }
}
