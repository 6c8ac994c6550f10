//! Every byte that crosses the loopback: what a program on the same machine, or a cable in the wall, would hear.
//!
//! A packet socket (`AF_PACKET`) hears all interfaces of its network; `hall-check` runs in a network of its own, so
//! that nothing of other programs is heard. TCP is put together again per direction, so that a name which two packets
//! share is found, and a hole in a stream is known: bytes that were missed are told, never passed over.
//!
//! Without the right to hear (`CAP_NET_RAW`: root, or `unshare --user --map-root-user --net`) nothing is claimed: the
//! start fails in plain words.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use socket2::{Domain, Protocol, Socket, Type};

use crate::leaks::{Find, Secret, finds_in};

/// All protocols, in network order (`linux/if_ether.h`).
const ETH_P_ALL: u16 = 3;
const TCP: u8 = 6;
const UDP: u8 = 17;
/// A packet of the loopback has up to 64 KiB.
const PACKET_BYTES: usize = 128 * 1024;
/// As much as the machine allows up to here; what comes while we are not on the processor waits in it.
const WAITING_BYTES: usize = 64 * 1024 * 1024;
/// How long a started capture may take to hear its own sign, and a stopped one to hear what was sent before.
const SETTLE: Duration = Duration::from_millis(300);

/// One direction between two places.
type Way = (SocketAddr, SocketAddr);

/// A port of the test rig itself, whose bytes are not searched.
#[derive(Debug, Clone)]
pub struct Spared {
    /// What answers there, and why it may carry persons.
    pub why: &'static str,
    /// Bytes that went to it and came from it.
    pub bytes: u64,
}

/// What was heard and found.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// Directions of connections.
    pub ways: usize,
    /// Bytes searched.
    pub bytes: u64,
    /// Bytes that went by unheard; nothing can be claimed unless this is 0.
    pub missed: u64,
    /// Empty is good.
    pub finds: Vec<Find>,
    /// By port.
    pub spared: BTreeMap<u16, Spared>,
}

#[derive(Default)]
struct Taken {
    tcp: BTreeMap<Way, Stream>,
    /// Datagrams one after another, with a zero between them.
    udp: BTreeMap<Way, Vec<u8>>,
    spared: BTreeMap<u16, Spared>,
}

/// One direction of a connection: pieces by their distance from its first byte.
#[derive(Default)]
struct Stream {
    first: u32,
    pieces: BTreeMap<u32, Vec<u8>>,
}

/// A capture under way; ends with this value.
pub struct Wire {
    taken: Arc<Mutex<Taken>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// True where this machine gives nobody a network of their own and whoever started the run has said so, as `./hall`
/// does: then the wire is left out, and the end of the run tells it.
pub fn is_left_out() -> bool {
    std::env::var_os("HALL_WITHOUT_WIRE").is_some()
}

impl Wire {
    /// Begins to hear. Fails without the right to.
    pub fn listen() -> anyhow::Result<Self> {
        let all = Protocol::from(i32::from(ETH_P_ALL.to_be()));
        // Of type DGRAM: packets begin with their IP header.
        let mut socket = Socket::new(Domain::PACKET, Type::DGRAM, Some(all)).context(
            "the loopback cannot be heard: this needs the right CAP_NET_RAW (root, or `unshare --user \
             --map-root-user --net`)",
        )?;
        let _ = socket.set_recv_buffer_size(WAITING_BYTES);
        socket.set_read_timeout(Some(Duration::from_millis(50)))?;
        let (taken, stop) = (Arc::new(Mutex::new(Taken::default())), Arc::new(AtomicBool::new(false)));
        let (kept, stopped) = (Arc::clone(&taken), Arc::clone(&stop));
        let thread = std::thread::Builder::new()
            .name("wire".into())
            .spawn(move || {
                let mut packet = vec![0; PACKET_BYTES];
                while !stopped.load(Ordering::Relaxed) {
                    if let Ok(length) = socket.read(&mut packet) {
                        lock(&kept).hear(&packet[..length]);
                    }
                }
            })
            .context("a thread for the capture")?;
        Ok(Self {
            taken,
            stop,
            thread: Some(thread),
        })
    }

    /// Leaves out a port of the test rig, and says why.
    pub fn spare(&self, port: u16, why: &'static str) {
        let mut taken = lock(&self.taken);
        taken.spared.insert(port, Spared { why, bytes: 0 });
        let (tcp, spared) = (std::mem::take(&mut taken.tcp), &mut taken.spared);
        let mut kept = BTreeMap::new();
        for (way, stream) in tcp {
            match spared_of(spared, way) {
                Some(place) => place.bytes += stream.bytes(),
                None => drop(kept.insert(way, stream)),
            }
        }
        taken.tcp = kept;
    }

    /// Searches what was heard so far.
    pub fn search(&self, secrets: &[Secret]) -> Heard {
        std::thread::sleep(SETTLE);
        let taken = lock(&self.taken);
        let mut heard = Heard {
            spared: taken.spared.clone(),
            ..Heard::default()
        };
        let streams = taken.tcp.iter().map(|(way, stream)| (*way, stream.whole()));
        let datagrams = taken.udp.iter().map(|(way, bytes)| (*way, (vec![bytes.clone()], 0)));
        for ((from, to), (runs, missed)) in streams.chain(datagrams) {
            heard.ways += 1;
            heard.missed += missed;
            for run in runs {
                heard.bytes += run.len() as u64;
                let way = format!("{from} to {to}");
                heard.finds.extend(finds_in(Path::new(&way), &run, secrets));
            }
        }
        heard
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

fn spared_of(spared: &mut BTreeMap<u16, Spared>, (from, to): Way) -> Option<&mut Spared> {
    let port = [from.port(), to.port()]
        .into_iter()
        .find(|port| spared.contains_key(port));
    spared.get_mut(&port?)
}

impl Taken {
    /// Notes one packet. The loopback shows each twice, going and coming; a piece that is there changes nothing.
    fn hear(&mut self, packet: &[u8]) {
        let Some(packet) = Packet::read(packet) else { return };
        if let Some(place) = spared_of(&mut self.spared, packet.way) {
            place.bytes += packet.bytes.len() as u64;
            return;
        }
        match packet.place {
            Some((seq, begins)) => {
                let stream = self.tcp.entry(packet.way).or_insert_with(|| Stream {
                    first: seq.wrapping_add(u32::from(begins)),
                    pieces: BTreeMap::new(),
                });
                // A port that is used again begins anew.
                if begins && stream.first != seq.wrapping_add(1) && !stream.pieces.is_empty() {
                    let old = std::mem::take(&mut stream.pieces);
                    stream.first = seq.wrapping_add(1);
                    let (runs, _) = Stream { first: 0, pieces: old }.whole();
                    self.udp.entry(packet.way).or_default().extend(runs.concat());
                } else if !packet.bytes.is_empty() {
                    let at = seq.wrapping_sub(stream.first);
                    let piece = stream.pieces.entry(at).or_default();
                    if piece.len() < packet.bytes.len() {
                        *piece = packet.bytes.to_vec();
                    }
                }
            }
            None => {
                let all = self.udp.entry(packet.way).or_default();
                all.extend_from_slice(packet.bytes);
                all.push(0);
            }
        }
    }
}

impl Stream {
    fn bytes(&self) -> u64 {
        self.pieces.values().map(|piece| piece.len() as u64).sum()
    }

    /// The bytes in order, in one run where nothing is missing, and how many are.
    fn whole(&self) -> (Vec<Vec<u8>>, u64) {
        let (mut runs, mut missed, mut end) = (vec![Vec::new()], 0, 0_u64);
        for (at, piece) in &self.pieces {
            let at = u64::from(*at);
            if at > end {
                missed += at - end;
                runs.push(Vec::new());
                end = at;
            }
            // Sent again, in other pieces: only what goes further is new.
            let known = usize::try_from(end - at).unwrap_or(usize::MAX).min(piece.len());
            if let Some(run) = runs.last_mut() {
                run.extend_from_slice(&piece[known..]);
            }
            end = end.max(at + piece.len() as u64);
        }
        (runs, missed)
    }
}

/// What of a packet counts here.
struct Packet<'a> {
    way: Way,
    /// Of TCP: the place of its first byte, and whether the connection begins with it.
    place: Option<(u32, bool)>,
    bytes: &'a [u8],
}

impl<'a> Packet<'a> {
    /// RFC 791, 8200, 9293, 768; none for whatever carries nothing of ours.
    fn read(packet: &'a [u8]) -> Option<Self> {
        let (from, to, protocol, rest) = match packet.first()? >> 4 {
            4 => {
                let header = usize::from(packet[0] & 15) * 4;
                let total = usize::from(u16::from_be_bytes([*packet.get(2)?, *packet.get(3)?]));
                // Longer than its field can say: the kernel writes 0 there.
                let total = if total == 0 { packet.len() } else { total };
                let address = |at: usize| -> Option<IpAddr> {
                    let four: [u8; 4] = packet.get(at..at + 4)?.try_into().ok()?;
                    Some(Ipv4Addr::from(four).into())
                };
                (address(12)?, address(16)?, *packet.get(9)?, packet.get(header..total)?)
            }
            6 => {
                let address = |at: usize| -> Option<IpAddr> {
                    let sixteen: [u8; 16] = packet.get(at..at + 16)?.try_into().ok()?;
                    Some(Ipv6Addr::from(sixteen).into())
                };
                (address(8)?, address(24)?, *packet.get(6)?, packet.get(40..)?)
            }
            _ => return None,
        };
        let port = |at: usize| Some(u16::from_be_bytes([*rest.get(at)?, *rest.get(at + 1)?]));
        let way = (SocketAddr::new(from, port(0)?), SocketAddr::new(to, port(2)?));
        match protocol {
            TCP => {
                let seq = u32::from_be_bytes(rest.get(4..8)?.try_into().ok()?);
                let header = usize::from(rest.get(12)? >> 4) * 4;
                let begins = rest.get(13)? & 2 != 0;
                Some(Self {
                    way,
                    place: Some((seq, begins)),
                    bytes: rest.get(header..)?,
                })
            }
            UDP => Some(Self {
                way,
                place: None,
                bytes: rest.get(8..)?,
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    /// Sends these pieces over a connection of its own, and reads them to the end.
    fn send(pieces: &[&[u8]]) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("a port");
        let reader = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut all = Vec::new();
            stream.read_to_end(&mut all).expect("read");
            all.len()
        });
        let mut stream = TcpStream::connect(at).expect("connected");
        stream.set_nodelay(true).expect("set");
        for piece in pieces {
            stream.write_all(piece).expect("written");
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(stream);
        let wanted: usize = pieces.iter().map(|piece| piece.len()).sum();
        assert_eq!(reader.join().expect("read"), wanted);
        at.port()
    }

    /// A person whom no other test of this machine sends at the same time.
    fn person(n: u8) -> String {
        format!("{:06}-线上{n}示例", std::process::id())
    }

    #[test]
    fn a_name_in_clear_on_the_wire_is_found_though_two_packets_share_it() {
        if is_left_out() {
            return;
        }
        let wire = Wire::listen().expect("the right to hear: run this test as root, or all tests with ./hall test");
        let name = person(1);
        let (one, two) = name.as_bytes().split_at(9);
        send(&[b"GET /x HTTP/1.1\r\nx-name: ", one, two, b"\r\n\r\n"]);
        let heard = wire.search(&[Secret::text("name", &name)]);
        assert_eq!(heard.finds.len(), 1, "{:?}", heard.finds);
        assert_eq!(heard.finds[0].kind, "name in UTF-8");
        assert!(heard.bytes > 30);
    }

    #[test]
    fn a_spared_port_is_counted_and_not_searched_also_for_what_came_before() {
        if is_left_out() {
            return;
        }
        let wire = Wire::listen().expect("the right to hear: run this test as root, or all tests with ./hall test");
        let name = person(2);
        let port = send(&[name.as_bytes()]);
        let secrets = [Secret::text("name", &name)];
        assert_eq!(wire.search(&secrets).finds.len(), 1);
        wire.spare(port, "a test");
        let heard = wire.search(&secrets);
        assert!(heard.finds.is_empty(), "{:?}", heard.finds);
        assert_eq!(heard.spared[&port].bytes, name.len() as u64);
    }

    #[test]
    fn a_hole_in_a_stream_is_told_and_what_is_sent_again_counts_once() {
        let mut stream = Stream::default();
        for (at, piece) in [(0_u32, "abc"), (2, "cde"), (9, "xyz")] {
            stream.pieces.insert(at, piece.as_bytes().to_vec());
        }
        let (runs, missed) = stream.whole();
        assert_eq!(runs, [b"abcde".to_vec(), b"xyz".to_vec()]);
        assert_eq!(missed, 4);
    }
}
