//! The real program over a real socket and real HTTP: a model in, a touch by label, an intent out.

use crate::examples;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use ticket_dispatcher_types::Lang;
use ui_kiosk_screen::intents::{PRESS_GAP, PressFilter};
use ui_model::Model;

const PATIENCE: Duration = Duration::from_secs(20);

struct Kiosk {
    program: Child,
    address: String,
    listener: UnixListener,
    socket: PathBuf,
}

impl Kiosk {
    fn start(name: &str) -> Self {
        let socket = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}.sock", std::process::id()));
        let _ = std::fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).expect("a socket");
        let mut program = Command::new(env!("CARGO_BIN_EXE_kiosk-screen"))
            .args(["--socket".as_ref(), socket.as_os_str()])
            .args(["--headless", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        BufReader::new(program.stdout.take().expect("piped"))
            .read_line(&mut line)
            .expect("a line");
        let ready: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(ready["ready"], json!(true));
        let address = ready["headless"].as_str().expect("an address").to_owned();
        Self {
            program,
            address,
            listener,
            socket,
        }
    }

    fn accept(&self) -> (BufReader<UnixStream>, UnixStream) {
        let (stream, _) = self.listener.accept().expect("the screens connect");
        stream.set_read_timeout(Some(PATIENCE)).expect("a deadline");
        (BufReader::new(stream.try_clone().expect("a second handle")), stream)
    }

    /// Status and body.
    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).expect("listening");
        stream.set_read_timeout(Some(PATIENCE)).expect("a deadline");
        let length = body.len();
        let host = &self.address;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let head = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
        let status = String::from_utf8_lossy(&answer[9..12]).parse().expect("a status");
        (status, answer.split_off(head))
    }

    fn labels(&self) -> Vec<String> {
        let (status, body) = self.ask("GET", "/tree", "");
        assert_eq!(status, 200);
        let tree: Vec<Value> = serde_json::from_slice(&body).expect("JSON");
        tree.iter()
            .map(|element| element["label"].as_str().expect("a label").to_owned())
            .collect()
    }

    fn wait_for(&self, label: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.labels().iter().any(|one| one == label) {
            assert!(
                Instant::now() < until,
                "{label} does not come up in {:?}",
                self.labels()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Kiosk {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
        let _ = std::fs::remove_file(&self.socket);
    }
}

fn show(stream: &mut UnixStream, name: &str, revision: u64, lang: Lang) {
    let examples = examples::all(lang);
    let example = examples
        .into_iter()
        .find(|example| example.name == name)
        .expect("an example of that name");
    let model = Model {
        revision,
        ..example.model.expect("a model")
    };
    let mut line = serde_json::to_vec(&model).expect("JSON");
    line.push(b'\n');
    stream.write_all(&line).expect("taken");
}

/// The next intent that is not just "somebody is here".
fn next_intent(reader: &mut BufReader<UnixStream>) -> Value {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("an intent in time");
        let intent: Value = serde_json::from_str(&line).expect("JSON");
        if intent["intent"] != "touched" {
            return intent;
        }
    }
}

#[test]
fn a_touch_by_label_becomes_an_intent() {
    let kiosk = Kiosk::start("touch");
    let (mut reader, mut stream) = kiosk.accept();
    show(&mut stream, "attract", 1, Lang::ZhHans);
    kiosk.wait_for("刷证取号");
    for (label, intent) in [
        ("先选事项", json!({"intent": "choose_first"})),
        ("刷证取号", json!({"intent": "tap_first"})),
        ("English", json!({"intent": "set_lang", "lang": "en"})),
        ("长者大字", json!({"intent": "set_elder", "elder": true})),
        ("呼叫工作人员", json!({"intent": "call_staff"})),
    ] {
        let (status, _) = kiosk.ask("POST", "/touch", &json!({ "label": label }).to_string());
        assert_eq!(status, 200, "{label}");
        assert_eq!(
            next_intent(&mut reader),
            intent,
            "touches one after the other all count"
        );
    }
    show(&mut stream, "groups", 2, Lang::En);
    kiosk.wait_for("Business registration");
    kiosk.ask("POST", "/touch", &json!({"label": "Business registration"}).to_string());
    assert_eq!(
        next_intent(&mut reader),
        json!({"intent": "choose_group", "group": "G4"})
    );
    show(&mut stream, "search", 3, Lang::En);
    kiosk.wait_for("Find by pinyin initials");
    kiosk.ask("POST", "/touch", &json!({"label": "K"}).to_string());
    assert_eq!(next_intent(&mut reader), json!({"intent": "search", "text": "sbk"}));
    kiosk.ask("POST", "/touch", &json!({"label": "Delete"}).to_string());
    assert_eq!(next_intent(&mut reader), json!({"intent": "search", "text": "s"}));
}

#[test]
fn a_touch_of_something_else_names_what_is_there() {
    let kiosk = Kiosk::start("else");
    let (_reader, mut stream) = kiosk.accept();
    show(&mut stream, "attract-reader-away", 1, Lang::ZhHans);
    kiosk.wait_for("读卡器暂时不能用\n请到：2号自助机，或大厅服务台");
    let (status, body) = kiosk.ask("POST", "/touch", &json!({"label": "刷证取号"}).to_string());
    let answer: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(status, 404, "greyed");
    let labels = answer["labels"].as_array().expect("labels");
    assert!(
        labels.contains(&json!("没带证件怎么办")) && !labels.contains(&json!("刷证取号")),
        "{labels:?}"
    );
    assert_eq!(kiosk.ask("POST", "/touch", "nonsense").0, 400);
}

#[test]
fn the_picture_follows_the_model_and_an_old_model_is_ignored() {
    let kiosk = Kiosk::start("picture");
    let (_reader, mut stream) = kiosk.accept();
    show(&mut stream, "ticket-printed", 7, Lang::ZhHans);
    kiosk.wait_for("A013");
    let (status, picture) = kiosk.ask("GET", "/screen.png", "");
    assert_eq!(status, 200);
    let reader = png::Decoder::new(std::io::Cursor::new(&picture))
        .read_info()
        .expect("a PNG");
    assert_eq!(reader.info().size(), (1080, 1920));
    show(&mut stream, "attract", 6, Lang::ZhHans);
    stream.write_all(b"{\"nonsense\":1}\n").expect("taken");
    show(&mut stream, "privacy", 8, Lang::ZhHans);
    kiosk.wait_for("怎样保护您的信息");
    let (_, changed) = kiosk.ask("GET", "/screen.png", "");
    assert_ne!(picture, changed);
}

#[test]
fn without_the_kiosk_the_screen_says_so_and_comes_back() {
    let kiosk = Kiosk::start("away");
    kiosk.wait_for("暂停服务，请到服务台");
    let (reader, mut stream) = kiosk.accept();
    show(&mut stream, "groups-greeting", 5, Lang::ZhHans);
    kiosk.wait_for("张*，您要办什么？");
    drop((reader, stream));
    kiosk.wait_for("暂停服务，请到服务台");
    assert!(
        !kiosk.labels().iter().any(|label| label.contains("张*")),
        "the name is gone"
    );
    let (_reader, mut stream) = kiosk.accept();
    show(&mut stream, "attract", 1, Lang::ZhHans);
    kiosk.wait_for("刷证取号");
}

#[test]
fn a_second_press_within_300_ms_is_ignored() {
    let start = Instant::now();
    let mut filter = PressFilter::default();
    assert!(filter.allow("", start));
    assert!(!filter.allow("", start + PRESS_GAP - Duration::from_millis(1)));
    assert!(filter.allow("", start + PRESS_GAP));
    let later = start + 2 * PRESS_GAP;
    assert!(filter.allow("S", later));
    assert!(filter.allow("B", later + Duration::from_millis(120)), "another letter");
    assert!(
        !filter.allow("B", later + Duration::from_millis(200)),
        "the same letter"
    );
    assert!(!filter.allow("", later + Duration::from_millis(250)), "another control");
}
