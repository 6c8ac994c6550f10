//! `hallctl check FILE`: reads a file as strictly as the daemon will, and says everything that is wrong with it.

use std::path::Path;
use std::process::ExitCode;

use provisioning_config::dispatcher_file::{self, DispatcherFile};
use provisioning_config::hall_file::{self, HallFile};
use provisioning_config::kiosk_file::{self, KioskFile};
use provisioning_config::{Problems, read_text};

/// Exit status 0 for a good file, 1 for one with problems.
pub fn run(path: &Path) -> ExitCode {
    match check(path) {
        Ok(summary) => {
            println!("{}: good. {summary}", path.display());
            ExitCode::SUCCESS
        }
        Err(problems) => {
            println!("{problems}");
            let count = problems.list.len();
            println!("{count} problem{} found.", if count == 1 { "" } else { "s" });
            ExitCode::FAILURE
        }
    }
}

fn check(path: &Path) -> Result<String, Problems> {
    let file = path.display().to_string();
    let text = read_text(path)?;
    match format_of(&text) {
        Some(hall_file::FORMAT) | None => HallFile::parse(&file, &text).map(|hall| summary(&hall)),
        Some(kiosk_file::FORMAT) => {
            KioskFile::load(path).map(|kiosk| format!("Kiosk {}, {}.", kiosk.id, kiosk.name.zh_hans))
        }
        Some(dispatcher_file::FORMAT) => {
            let dispatcher = DispatcherFile::parse(path, &text)?;
            // A dispatcher stands on its hall: both are good or neither is.
            let hall = HallFile::load(&dispatcher.hall_file)?;
            Ok(format!("Its hall: {}", summary(&hall)))
        }
        Some(other) => Err(Problems::whole_file(
            &file,
            format!("the format `{other}` is not known to this version."),
            format!(
                "Known are {}, {} and {}.",
                hall_file::FORMAT,
                dispatcher_file::FORMAT,
                kiosk_file::FORMAT
            ),
        )),
    }
}

/// The value of the `format` line, found before the file is read as TOML, so that the right reader can explain it.
fn format_of(text: &str) -> Option<&str> {
    let line = text.lines().find(|line| line.trim_start().starts_with("format"))?;
    let (key, value) = line.split_once('=')?;
    (key.trim() == "format").then(|| value.split('"').nth(1))?
}

fn summary(hall: &HallFile) -> String {
    format!(
        "{}: {} groups, {} services, {} windows, open {}.",
        hall.hall.name.zh_hans,
        hall.groups.len(),
        hall.services.len(),
        hall.windows.len(),
        hall.hall.hours()
    )
}

#[cfg(test)]
mod tests {
    use super::format_of;

    #[test]
    fn the_format_line_is_found_wherever_a_comment_pushed_it() {
        assert_eq!(
            format_of("# a hall\nformat = \"yimen-hall/1\" # v1\n"),
            Some("yimen-hall/1")
        );
        assert_eq!(format_of("formats = \"x\""), None);
        assert_eq!(format_of(""), None);
    }
}
