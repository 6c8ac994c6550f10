//! Looks for made-up people in what a running program holds in memory: what `gcore` writes, and a core file would hold.
//!
//! Every mapping that can be written or is nobody's file is read through `/proc/PID/mem`, as a debugger does: heap,
//! stacks, buffers, what was freed and not yet used again. That is all of what `gcore` writes and more; what is left
//! out are the bytes of programs and libraries as they lie on the disk. A find says in which program and in what kind
//! of memory, and shows what lies around it with everything blotted out that could be of a person.
//!
//! The reader has to be the program's ancestor or root (`kernel.yama.ptrace_scope`). Where it may not, nothing is
//! claimed: [`read`] fails in plain words.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};

use crate::leaks::{Secret, places_in};

/// Memory is looked through in pieces of so many pages; most have never been touched, and those are zero.
const PIECE: usize = 1 << 20;
/// No program that runs has less that can be written.
const BYTES_MIN: u64 = 64 * 1024;
/// So much of what lies before and behind a find is shown, blotted out.
const AROUND: usize = 72;

/// A stretch of a program's memory that goes on without a gap of zeros.
struct Stretch {
    from: u64,
    bytes: Vec<u8>,
}

/// The memory of one program at one moment.
pub struct Memory {
    /// `kiosk`.
    pub program: String,
    /// How many bytes were mapped and read.
    pub bytes: u64,
    regions: Vec<(String, Vec<Stretch>)>,
}

/// Where a person was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// `heap`, `stack`, `anonymous`, or the file whose copy it is.
    pub region: String,
    /// `name in UTF-8`.
    pub kind: String,
    /// At which address.
    pub at: u64,
    /// What lies around, without a digit and without a letter that is not Latin.
    pub around: String,
}

/// True where this machine lets nobody read another program and whoever started the run has said so, as `./hall` does:
/// then memory is left out, and the end of the run tells it.
pub fn is_left_out() -> bool {
    std::env::var_os("HALL_WITHOUT_MEMORY").is_some()
}

/// The children of a process, by the name of the program that they run.
pub fn children_of(parent: u32) -> anyhow::Result<BTreeMap<String, u32>> {
    let mut children = BTreeMap::new();
    for entry in std::fs::read_dir("/proc")? {
        let Ok(pid) = entry?.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        // Whoever ended meanwhile is no child.
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
            continue;
        };
        // `PID (NAME) STATE PARENT ...`; a name may hold anything.
        let of = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1));
        if of.and_then(|of| of.parse().ok()) != Some(parent) {
            continue;
        }
        if let Ok(program) = std::fs::read_link(format!("/proc/{pid}/exe")) {
            let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
            children.insert(name, pid);
        }
    }
    Ok(children)
}

/// Reads the memory of a process.
pub fn read(program: &str, pid: u32) -> anyhow::Result<Memory> {
    let no = || {
        format!(
            "the memory of {program} cannot be read: this needs an ancestor of it or root (kernel.yama.ptrace_scope)"
        )
    };
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).with_context(no)?;
    let memory = File::open(format!("/proc/{pid}/mem")).with_context(no)?;
    let mut all = Memory {
        program: program.to_string(),
        bytes: 0,
        regions: Vec::new(),
    };
    for line in maps.lines() {
        if let Some(mapping) = Mapping::parse(line)
            && mapping.is_of_the_program()
        {
            let stretches = stretches(&memory, &mapping, &mut all.bytes);
            all.regions.push((mapping.kind(), stretches));
        }
    }
    ensure!(
        all.bytes > BYTES_MIN,
        "only {} bytes of {program} could be read",
        all.bytes
    );
    Ok(all)
}

/// A line of `/proc/PID/maps`.
struct Mapping {
    from: u64,
    to: u64,
    writable: bool,
    readable: bool,
    name: String,
}

impl Mapping {
    fn parse(line: &str) -> Option<Self> {
        // 7f0-7f1 rw-p 00000000 00:00 0   [heap]
        let mut words = line.split_ascii_whitespace();
        let (from, to) = words.next()?.split_once('-')?;
        let rights = words.next()?;
        Some(Self {
            from: u64::from_str_radix(from, 16).ok()?,
            to: u64::from_str_radix(to, 16).ok()?,
            readable: rights.starts_with('r'),
            writable: rights.contains('w'),
            name: words.skip(3).collect::<Vec<_>>().join(" "),
        })
    }

    fn is_of_the_program(&self) -> bool {
        let of_the_kernel = self.name.starts_with("[v");
        self.readable && !of_the_kernel && (self.writable || !self.name.starts_with('/'))
    }

    fn kind(&self) -> String {
        match self.name.as_str() {
            "" => "anonymous".to_string(),
            "[heap]" => "heap".to_string(),
            "[stack]" => "stack".to_string(),
            file => PathBuf::from(file)
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
        }
    }
}

/// What was read of a mapping, without the pages that hold nothing but zeros.
fn stretches(memory: &File, mapping: &Mapping, read: &mut u64) -> Vec<Stretch> {
    const PAGE: usize = 4096;
    let zeros = [0; PAGE];
    let mut buffer = vec![0; PIECE];
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut at = mapping.from;
    while at < mapping.to {
        let len = usize::try_from(mapping.to - at).map_or(PIECE, |left| left.min(PIECE));
        // What is mapped but cannot be read is nobody's data: a guard page, a device.
        let got = memory.read_at(&mut buffer[..len], at).unwrap_or(0);
        *read += got as u64;
        for (number, page) in buffer[..got].chunks(PAGE).enumerate() {
            if page == &zeros[..page.len()] {
                continue;
            }
            let from = at + (number * PAGE) as u64;
            match stretches.last_mut() {
                Some(last) if last.from + last.bytes.len() as u64 == from => last.bytes.extend_from_slice(page),
                _ => stretches.push(Stretch {
                    from,
                    bytes: page.to_vec(),
                }),
            }
        }
        at += len as u64;
    }
    stretches
}

impl Memory {
    /// Everything of these people that is in it.
    pub fn search(&self, secrets: &[Secret]) -> Vec<Found> {
        let mut all = Vec::new();
        for (region, stretches) in &self.regions {
            for stretch in stretches {
                let places = places_in(&stretch.bytes, secrets);
                all.extend(places.into_iter().map(|place| Found {
                    region: region.clone(),
                    at: stretch.from + place.at as u64,
                    around: around(&stretch.bytes, place.at, place.len),
                    kind: place.kind,
                }));
            }
        }
        all
    }
}

/// What lies around a find: enough to know whose buffer it is, and nothing of whom it holds.
fn around(bytes: &[u8], at: usize, len: usize) -> String {
    let shown = |part: &[u8]| -> String {
        let blot = |byte: &u8| match byte {
            b'0'..=b'9' => '#',
            byte if byte.is_ascii_graphic() || *byte == b' ' => char::from(*byte),
            _ => '.',
        };
        part.iter().map(blot).collect()
    };
    let before = &bytes[at.saturating_sub(AROUND)..at];
    let behind = &bytes[at + len..bytes.len().min(at + len + AROUND)];
    format!("{}[{len} bytes]{}", shown(before), shown(behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_maps_says_what_is_searched() {
        let mapping = |line: &str| Mapping::parse(line).expect("a line");
        let heap = mapping("55d0-55f1 rw-p 00000000 00:00 0                          [heap]");
        assert!(heap.is_of_the_program() && heap.kind() == "heap" && heap.to - heap.from == 0x21);
        assert_eq!(mapping("7ffe-7fff rw-p 00000000 00:00 0 [stack]").kind(), "stack");
        let arena = mapping("7f00-7f01 rw-p 00000000 00:00 0");
        assert!(arena.is_of_the_program() && arena.kind() == "anonymous");
        let data = mapping("7f00-7f01 rw-p 00001000 08:01 1234     /usr/lib/a lib.so");
        assert!(data.is_of_the_program() && data.kind() == "a lib.so");
        for left_out in [
            "7f00-7f01 r-xp 00000000 08:01 1234 /usr/lib/lib.so",
            "7f00-7f01 ---p 00000000 00:00 0",
            "7ffe-7fff r--p 00000000 00:00 0 [vvar]",
        ] {
            assert!(!mapping(left_out).is_of_the_program(), "{left_out}");
        }
    }

    /// A program that was told of somebody, and holds on to its buffer.
    #[test]
    fn a_name_a_number_and_a_photo_in_another_programs_buffer_are_found() {
        use std::io::Write as _;
        use std::process::{Command, Stdio};
        if is_left_out() {
            eprintln!("memory is NOT searched: HALL_WITHOUT_MEMORY is set");
            return;
        }
        let photo: Vec<u8> = (0..300_usize).map(|at| (at * 11 % 241).to_le_bytes()[0]).collect();
        let secrets = [
            Secret::text("name", "李示例"),
            Secret::text("number", "990101199003070015"),
            Secret::photo(&photo),
        ];
        let told: Vec<u8> = "李示例".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let told = [&told[..], b"990101199003070015", &photo].concat();
        let mut program = Command::new("cat");
        let mut cat = program
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("cat starts");
        let mut told_to = cat.stdin.take().expect("a pipe");
        told_to.write_all(&told).expect("told");
        let mut found = Vec::new();
        // It has to start and to read first.
        for _ in 0..100 {
            std::thread::sleep(std::time::Duration::from_millis(20));
            found = read("cat", cat.id()).map_or_else(|_| Vec::new(), |memory| memory.search(&secrets));
            if !found.is_empty() {
                break;
            }
        }
        drop(told_to);
        cat.wait().expect("it ends");
        let mut kinds: Vec<String> = found.into_iter().map(|found| found.kind).collect();
        kinds.sort();
        kinds.dedup();
        assert_eq!(kinds, ["name in UTF-16", "number in UTF-8", "photo in raw"]);
    }

    #[test]
    fn what_lies_around_shows_nobody() {
        let bytes = "{\"name\":\"李示例\",\"n\":\"990101199003070015\"}".as_bytes();
        let at = bytes
            .windows(18)
            .position(|w| w == b"990101199003070015")
            .expect("it is there");
        assert_eq!(around(bytes, at, 18), "{\"name\":\".........\",\"n\":\"[18 bytes]\"}");
    }
}
