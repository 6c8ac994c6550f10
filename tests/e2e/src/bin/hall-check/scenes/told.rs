//! What a thief of the disk would find after this day, and whoever listened on the loopback: nothing of anybody.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};

use anyhow::{Context as _, ensure};
use serde_json::Value;
use tests_e2e::leaks::{Secret, finds_in, search};
use tests_e2e::wire::Wire;

use super::Play;
use crate::hall::Links;
use crate::report::{Report, Witness};

/// The photo in the made-up making records.
const PHOTO: &[u8] = include_bytes!("../../../../../vectors/maker/photo.jpg");

/// Who was given a temporary card today; their names are in the drawer.
const APPLICANTS: [&str; 4] = [
    "990101199003070015",
    "990102197612310026",
    "990101200002290038",
    "99010720030318021X",
];

/// Their receipts, which are the numbers of their records here.
const RECORDS: [&str; 3] = ["990100202600000001", "990100202600000002", "990100202600000003"];

/// Files that hold a secret on purpose: keys and the machine's token, and what the emulated camera sees.
const SPARED: [&str; 3] = ["key", "token", "jpg"];

/// Somebody who is nobody, for a leak of our own.
const PLANTED: &str = "线上示例";

/// Names the ports of the test rig, which no hall has: whatever else is on the loopback is searched.
pub fn spare_the_rig(wire: &Wire, links: &Links, driver: &tests_e2e::browser::Driver) -> anyhow::Result<()> {
    let port = |link: &str| -> anyhow::Result<u16> {
        let (_, port) = link
            .trim_end_matches('/')
            .rsplit_once(':')
            .context("a link has a port")?;
        port.parse().with_context(|| format!("the port of {link}"))
    };
    wire.spare(
        port(&links.emulators)?,
        "the bench: whoever plays lays down cards with name and number here",
    );
    wire.spare(
        port(&links.kiosk_screen)?,
        "the headless screen: what the citizen sees, for our eyes; a hall's screen is on glass and has no port",
    );
    wire.spare(
        port(&links.making)?,
        "the made-up making-record service's own book, for the player; the kiosk asks it over TLS",
    );
    wire.spare(
        driver.port,
        "the browser's driver: which pages to open, and what they say",
    );
    Ok(())
}

fn secrets(play: &Play) -> anyhow::Result<Vec<Secret>> {
    let mut secrets = vec![Secret::photo(PHOTO)];
    let word = |value: &Value, key: &str| value[key].as_str().map(str::to_string);
    for entry in &play.drawer {
        let card = entry.get("card").unwrap_or(entry);
        for (kind, key) in [
            ("name", "name"),
            ("name", "name_zh"),
            ("number", "number"),
            ("number", "pass_number"),
            ("address", "address"),
        ] {
            secrets.extend(word(card, key).map(|text| Secret::text(kind, &text)));
        }
    }
    secrets.extend(APPLICANTS.map(|number| Secret::text("number", number)));
    secrets.extend(RECORDS.map(|number| Secret::text("record", number)));
    secrets.extend(play.tokens.iter().map(|token| Secret::text("token", token)));
    ensure!(secrets.len() > 50, "only {} secrets are looked for", secrets.len());
    Ok(secrets)
}

/// Searches every byte below the demo's folder, while everything still runs, and every byte that crossed the loopback.
pub async fn nothing_told(play: &mut Play, report: &mut Report) -> anyhow::Result<()> {
    let secrets = secrets(play)?;
    on_the_disk(play, report, &secrets)?;
    in_a_bundle(play, report, &secrets).await?;
    on_the_wire(play, report, secrets).await?;
    ensure!(
        !play.tokens.is_empty(),
        "nobody took a number, so no token was looked for"
    );
    Ok(())
}

fn on_the_disk(play: &Play, report: &mut Report, secrets: &[Secret]) -> anyhow::Result<()> {
    let spared = |path: &std::path::Path| {
        let extension = path.extension().and_then(|e| e.to_str());
        extension.is_some_and(|extension| SPARED.contains(&extension))
    };
    let searched = search(&play.hall.links.dir, secrets, &spared)?;
    ensure!(
        searched.files > 10,
        "only {} files were there to be searched",
        searched.files
    );
    ensure!(searched.finds.is_empty(), "found on the disk: {:#?}", searched.finds);
    let (count, files, bytes) = (secrets.len(), searched.files, searched.bytes);
    report.saw(
        Witness::Disk,
        format!("{count} secrets, {files} files, {bytes} bytes: 0 found"),
    );
    report.figure("bytes_searched", bytes.into());
    Ok(())
}

/// What a helper from afar is given after this day.
async fn in_a_bundle(play: &Play, report: &mut Report, secrets: &[Secret]) -> anyhow::Result<()> {
    let hallctl = std::env::current_exe()?.with_file_name("hallctl");
    let dir = &play.hall.links.dir;
    for config in ["dispatcher.toml", "kiosk.toml"] {
        let out = play.out.join(format!("support-{config}.txt"));
        let _ = std::fs::remove_file(&out);
        let mut command = tokio::process::Command::new(&hallctl);
        command
            .arg("support-bundle")
            .arg("--config")
            .arg(dir.join(config))
            .arg("--out")
            .arg(&out);
        for log in ["ticket-dispatcher", "kiosk", "kiosk-screen"] {
            command.arg("--log").arg(dir.join("logs").join(format!("{log}.log")));
        }
        let done = command.output().await?;
        ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let bytes = std::fs::read(&out)?;
        let finds = finds_in(&out, &bytes, secrets);
        ensure!(finds.is_empty(), "found in a support bundle: {finds:#?}");
        ensure!(bytes.len() > 2_000, "a bundle of {} bytes", bytes.len());
        let length = bytes.len();
        report.saw(
            Witness::Disk,
            format!("support bundle of {config}, {length} bytes: 0 found"),
        );
    }
    Ok(())
}

async fn on_the_wire(play: &Play, report: &mut Report, mut secrets: Vec<Secret>) -> anyhow::Result<()> {
    let Some(wire) = play.wire.clone() else {
        report.saw(Witness::Wire, "NOT SEARCHED: --without-wire was given");
        report.figure("wire_bytes_searched", Value::Null);
        return Ok(());
    };
    let looked_for = secrets.clone();
    let heard = tokio::task::spawn_blocking({
        let wire = wire.clone();
        move || wire.search(&looked_for)
    })
    .await?;
    for (port, spared) in &heard.spared {
        let (bytes, why) = (spared.bytes, spared.why);
        report.saw(Witness::Wire, format!("port {port} left out, {bytes} bytes: {why}"));
    }
    ensure!(heard.finds.is_empty(), "found on the loopback: {:#?}", heard.finds);
    ensure!(
        heard.missed == 0,
        "{} bytes went by unheard: let sockets wait with more (net.core.rmem_max)",
        heard.missed
    );
    ensure!(heard.bytes > 100_000, "only {} bytes were heard", heard.bytes);
    let (count, ways, bytes) = (secrets.len(), heard.ways, heard.bytes);
    report.saw(
        Witness::Wire,
        format!("{count} secrets, {ways} directions, {bytes} bytes, none missed: 0 found"),
    );
    report.figure("wire_bytes_searched", bytes.into());

    // The search that found nothing finds what is there.
    secrets.push(Secret::text("planted name", PLANTED));
    plant(PLANTED)?;
    let finds = tokio::task::spawn_blocking(move || wire.search(&secrets)).await?.finds;
    ensure!(
        finds.len() == 1 && finds[0].kind == "planted name in UTF-8",
        "a planted name was not found, or not alone: {finds:#?}"
    );
    report.saw(Witness::Wire, "a name planted in clear is found");
    Ok(())
}

/// Says a name in clear on the loopback.
fn plant(name: &str) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut stream = TcpStream::connect(listener.local_addr()?)?;
    let _accepted = listener.accept()?;
    stream.write_all(name.as_bytes())?;
    Ok(())
}
