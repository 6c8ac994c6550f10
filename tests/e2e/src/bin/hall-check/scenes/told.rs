//! What a thief of the disk would find after this day: nothing of anybody.

use anyhow::ensure;
use serde_json::Value;
use tests_e2e::leaks::{Secret, search};

use super::Play;
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

/// Searches every byte below the demo's folder, while everything still runs.
pub async fn nothing_told(play: &mut Play, report: &mut Report) -> anyhow::Result<()> {
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
    ensure!(
        secrets.len() > 50 && !play.tokens.is_empty(),
        "only {} secrets are looked for",
        secrets.len()
    );
    let spared = |path: &std::path::Path| {
        let extension = path.extension().and_then(|e| e.to_str());
        extension.is_some_and(|extension| SPARED.contains(&extension))
    };
    let searched = search(&play.hall.links.dir, &secrets, &spared)?;
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
