//! The card reader on USB: the real driver over the guest's kernel against the emulated device outside.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tests_e2e::binaries::{Daemon, binary_dir};

use crate::guest::Guest;
use crate::image;
use crate::kernel::Kernel;

const READER: &str = "hallctl device id-reader --port usb:0400:c35a";
/// For whatever the guest is to notice; in reality it takes a second.
const SOON: Duration = Duration::from_secs(60);

/// The emulated reader with its control interface.
struct Reader {
    _emulators: Daemon,
    control: String,
    socket: String,
    http: reqwest::Client,
}

impl Reader {
    async fn start(layout: &str) -> anyhow::Result<Self> {
        let dir = std::env::temp_dir().join(format!("hall-guest-{}-{layout}", std::process::id()));
        let dir = dir.to_str().context("the temporary folder has a plain name")?;
        let arguments = ["--dir", dir, "--devices", "id-reader", "--usb-id-reader", layout];
        let emulators = Daemon::start(&binary_dir()?.join("hall-emulators"), &arguments).await?;
        let socket = emulators.ready()["devices"]["id-reader"]
            .as_str()
            .context("no reader")?;
        let socket = socket.strip_prefix("usbredir:").context("not on USB")?.to_string();
        Ok(Self {
            control: emulators.address("control")?,
            socket,
            _emulators: emulators,
            http: tests_e2e::http_client(),
        })
    }

    async fn post(&self, path: &str, body: Value) -> anyhow::Result<()> {
        let url = format!("http://{}/id-reader{path}", self.control);
        let answer = self.http.post(url).json(&body).send().await?;
        ensure!(answer.status().is_success(), "{path}: {}", answer.text().await?);
        Ok(())
    }

    async fn delete(&self, path: &str) -> anyhow::Result<()> {
        let url = format!("http://{}/id-reader{path}", self.control);
        self.http.delete(url).send().await?.error_for_status()?;
        Ok(())
    }

    async fn lay(&self, name: &str) -> anyhow::Result<()> {
        self.post("/card", json!({ "drawer": name })).await
    }
}

/// Plays the story on both layouts in one guest.
pub async fn run() -> anyhow::Result<()> {
    let began = Instant::now();
    let dir = binary_dir()?.with_file_name("guest");
    let kernel = Kernel::at(&dir)?;
    let hallctl = binary_dir()?.join("hallctl");
    let image = image::make(&dir, "usb.cpio", &kernel, &["xhci_pci"], &[hallctl])?;
    let readers = [Reader::start("split").await?, Reader::start("single").await?];
    let mut devices: Vec<String> = ["-device", "qemu-xhci,p3=0"].map(String::from).into();
    for (n, reader) in readers.iter().enumerate() {
        let (host, port) = reader.socket.rsplit_once(':').context("not HOST:PORT")?;
        let socket = format!("socket,id=usb{n},host={host},port={port}");
        devices.extend([
            "-chardev".into(),
            socket,
            "-device".into(),
            format!("usb-redir,chardev=usb{n}"),
        ]);
    }
    let mut guest = Guest::boot(&kernel.image, &image, &devices).await?;
    println!("the guest is up after {:.1} s", began.elapsed().as_secs_f64());
    for (reader, layout) in readers.iter().zip(["split", "single"]) {
        story(&mut guest, reader, layout)
            .await
            .with_context(|| format!("layout {layout}"))?;
    }
    println!("USB: both layouts hold, {:.1} s", began.elapsed().as_secs_f64());
    guest.cut().await
}

async fn story(guest: &mut Guest, reader: &Reader, layout: &str) -> anyhow::Result<()> {
    let seen = |what: &str| println!("{layout}: {what}");
    guest.type_in(&format!("{READER} --once; echo left-with $?")).await?;
    guest.wait_for("left-with 3", SOON).await?;
    seen("without a reader it says so and leaves with 3");

    reader.post("/plug", Value::Null).await?;
    guest.type_in("sleep 3; cat /sys/bus/usb/devices/*/idProduct").await?;
    guest.wait_for("c35a", SOON).await?;
    guest.type_in(&format!("{READER} 2>&1 & sleep 1; echo started")).await?;
    guest.wait_for("is ready", SOON).await?;
    seen("plugged in, found, answers");
    read(guest, reader, "chen-xiaolan").await?;
    read(guest, reader, "zhao-xiaoyan").await?;
    seen("two cards read, one after the other");

    let late = [
        ("comes after its deadline", json!({ "delay_ms": 3300 })),
        ("comes long after its deadline", json!({ "delay_ms": 4500 })),
        ("breaks off in its rest", json!({ "truncate_to": 200 })),
        ("breaks off after its head", json!({ "truncate_to": 7 })),
        (
            "trickles in, each piece too late",
            json!({ "chunk_bytes": 50, "chunk_delay_ms": 300 }),
        ),
        ("has a wrong check byte", json!({ "corrupt_check": true })),
    ];
    for (what, mut fault) in late {
        fault["command"] = "30 01".into();
        fault["times"] = 1.into();
        reader.post("/fault", fault).await?;
        reader.lay("chen-xiaolan").await?;
        let told = Instant::now();
        guest.wait_for("put it down again", SOON).await?;
        reader.delete("/card").await?;
        tokio::time::sleep(Duration::from_millis(2500)).await;
        read(guest, reader, "zhao-xiaoyan").await?;
        let seconds = told.elapsed().as_secs_f64();
        seen(&format!(
            "a reply that {what}: told, the next card is read ({seconds:.1} s)"
        ));
    }
    let slow = json!({ "command": "30 01", "chunk_bytes": 50, "chunk_delay_ms": 20, "times": 1 });
    reader.post("/fault", slow).await?;
    read(guest, reader, "zhao-xiaoyan").await?;
    seen("a reply in many short transfers");

    let slow = json!({ "command": "30 01", "chunk_bytes": 50, "chunk_delay_ms": 100, "times": 1 });
    reader.post("/fault", slow).await?;
    reader.lay("chen-xiaolan").await?;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    reader.post("/unplug", Value::Null).await?;
    guest.wait_for("waiting for it", SOON).await?;
    seen("pulled out in the middle of a read: told, no record");
    reader.post("/plug", Value::Null).await?;
    let plugged = Instant::now();
    guest.wait_for("is ready", SOON).await?;
    record(guest, reader, "chen-xiaolan").await?;
    seen(&format!(
        "plugged in again: read {:.1} s later",
        plugged.elapsed().as_secs_f64()
    ));
    reader.delete("/card").await?;

    reader
        .post("/fault", json!({ "command": "30 01", "delay_ms": 1000, "times": 1 }))
        .await?;
    reader.lay("zhao-xiaoyan").await?;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    guest
        .type_in(&format!("killall -9 hallctl; sleep 2; {READER} --once 2>&1"))
        .await?;
    record(guest, reader, "zhao-xiaoyan").await?;
    seen("killed in the middle of a read and started again: the next program reads");
    reader.delete("/card").await?;
    reader.post("/unplug", Value::Null).await
}

async fn read(guest: &mut Guest, reader: &Reader, who: &str) -> anyhow::Result<()> {
    reader.lay(who).await?;
    record(guest, reader, who).await?;
    reader.delete("/card").await?;
    // The driver asks whether the card still lies there every 400 ms.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    Ok(())
}

/// The next record is the card that lies there.
async fn record(guest: &mut Guest, reader: &Reader, who: &str) -> anyhow::Result<()> {
    let line = guest.wait_for("\"number\"", SOON).await?;
    let begin = line.find('{').context("no object")?;
    let card: Value = serde_json::from_str(&line[begin..]).with_context(|| format!("not a card: {line}"))?;
    let url = format!("http://{}/id-reader", reader.control);
    let state: Value = reader.http.get(url).send().await?.json().await?;
    let expected = &state["card"];
    ensure!(
        card["name"] == expected["name"] && card["number"] == expected["number"],
        "{who} was laid down and another was read"
    );
    Ok(())
}
