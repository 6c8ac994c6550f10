//! Serial transport on a pseudo-terminal and TCP on loopback: deadlines kept, counts true, gone and back.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use drivers_device::TransportError;
use drivers_emulators::line::Port;
use drivers_emulators::{Heard, Line};

fn port(name: &str) -> (Arc<Port>, PathBuf) {
    let link = std::env::temp_dir().join(format!("transport-test-{}-{name}", std::process::id()));
    let port = Port::new(link.clone());
    port.plug().expect("a pseudo-terminal");
    (port, link)
}

#[test]
fn a_write_to_a_line_that_nobody_reads_returns_at_its_deadline_with_the_count() {
    let (port, link) = port("unread");
    let mut transport = drivers_transport::open(&link.display().to_string(), 115_200).expect("opens");
    let start = Instant::now();
    let written = transport
        .write(&[0x55; 200_000], Duration::from_millis(300))
        .expect("no error");
    let took = start.elapsed();
    assert!(written > 0 && written < 200_000, "{written} bytes were taken");
    assert!(
        took >= Duration::from_millis(300) && took < Duration::from_millis(900),
        "{took:?}"
    );
    // The count is what the other side gets.
    let mut line = Line::new(port.clone(), 115_200);
    let mut heard = 0;
    let mut buffer = [0; 4096];
    while let Heard::Bytes(count) = line.read(&mut buffer, Duration::from_millis(200)) {
        assert!(buffer[..count].iter().all(|byte| *byte == 0x55));
        heard += count;
    }
    assert_eq!(heard, written);
    port.close();
}

#[test]
fn a_read_with_nothing_to_read_waits_its_time_and_no_longer() {
    let (port, link) = port("silent");
    let mut transport = drivers_transport::open(&link.display().to_string(), 9_600).expect("opens");
    let start = Instant::now();
    assert_eq!(
        transport
            .read(&mut [0; 8], Duration::from_millis(120))
            .expect("no error"),
        0
    );
    let took = start.elapsed();
    assert!(
        took >= Duration::from_millis(120) && took < Duration::from_millis(500),
        "{took:?}"
    );
    port.close();
}

#[test]
fn a_second_program_on_one_port_is_refused_and_let_in_when_the_first_leaves() {
    let (port, link) = port("busy");
    let path = link.display().to_string();
    let first = drivers_transport::open(&path, 9_600).expect("opens");
    assert!(matches!(
        drivers_transport::open(&path, 9_600),
        Err(TransportError::Refused { .. })
    ));
    drop(first);
    drivers_transport::open(&path, 9_600).expect("free again");
    port.close();
}

#[test]
fn an_unplugged_line_is_gone_and_comes_back_when_reopened() {
    let (port, link) = port("plug");
    let mut transport = drivers_transport::open(&link.display().to_string(), 115_200).expect("opens");
    port.unplug();
    assert!(matches!(
        transport.read(&mut [0; 8], Duration::from_secs(1)),
        Err(TransportError::Gone { .. })
    ));
    assert!(matches!(
        transport.write(b"x", Duration::from_secs(1)),
        Err(TransportError::Gone { .. })
    ));
    assert!(matches!(transport.reopen(), Err(TransportError::Gone { .. })));
    port.plug().expect("a new pseudo-terminal");
    transport.reopen().expect("it is back");
    let mut line = Line::new(port.clone(), 115_200);
    transport.write(b"hello", Duration::from_secs(1)).expect("written");
    let mut buffer = [0; 16];
    assert_eq!(line.read(&mut buffer, Duration::from_secs(1)), Heard::Bytes(5));
    assert_eq!(&buffer[..5], b"hello");
    port.close();
}

#[test]
fn a_wrong_rate_is_garbage_both_ways_and_the_right_one_is_not() {
    let (port, link) = port("rate");
    let mut transport = drivers_transport::open(&link.display().to_string(), 9_600).expect("opens");
    let mut line = Line::new(port.clone(), 115_200);
    let mut buffer = [0; 256];
    transport.write(b"hello", Duration::from_secs(1)).expect("written");
    let Heard::Bytes(count) = line.read(&mut buffer, Duration::from_secs(1)) else {
        panic!("nothing heard")
    };
    assert_ne!(&buffer[..count.min(5)], b"hello");
    while let Heard::Bytes(_) = line.read(&mut buffer, Duration::from_millis(100)) {}
    assert!(line.write(b"hello"));
    let count = transport.read(&mut buffer, Duration::from_secs(1)).expect("no error");
    assert_ne!(&buffer[..count.min(5)], b"hello");
    while transport
        .read(&mut buffer, Duration::from_millis(100))
        .expect("no error")
        > 0
    {}
    transport.set_baud(115_200).expect("set");
    assert!(line.write(b"hello"));
    let mut got = Vec::new();
    while got.len() < 5 {
        let count = transport.read(&mut buffer, Duration::from_secs(1)).expect("no error");
        assert_ne!(count, 0, "only {got:?}");
        got.extend_from_slice(&buffer[..count]);
    }
    assert_eq!(got, b"hello");
    port.close();
}

#[test]
fn bytes_take_their_time_on_the_wire() {
    let (port, link) = port("pace");
    let mut transport = drivers_transport::open(&link.display().to_string(), 9_600).expect("opens");
    let mut line = Line::new(port.clone(), 9_600);
    let start = Instant::now();
    let sender = std::thread::spawn(move || line.write(&[0x33; 96]));
    let mut got = 0;
    while got < 96 {
        got += transport.read(&mut [0; 256], Duration::from_secs(1)).expect("no error");
    }
    // 96 bytes of ten bits at 9600 baud are 100 ms.
    assert!(start.elapsed() >= Duration::from_millis(99), "{:?}", start.elapsed());
    assert!(sender.join().expect("no panic"));
    port.close();
}

#[test]
fn a_network_port_reads_writes_and_is_gone_when_the_other_side_closes() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let address = listener.local_addr().expect("bound");
    let mut transport = drivers_transport::open(&format!("tcp:{address}"), 0).expect("connects");
    let (mut other, _) = listener.accept().expect("a connection");
    assert_eq!(
        transport
            .read(&mut [0; 8], Duration::from_millis(50))
            .expect("no error"),
        0
    );
    other.write_all(b"status").expect("sent");
    let mut buffer = [0; 16];
    assert_eq!(
        transport.read(&mut buffer, Duration::from_secs(1)).expect("no error"),
        6
    );
    // Nobody reads on the other side: the socket's buffers fill, and the write still ends.
    let start = Instant::now();
    let big = vec![0; 32 << 20];
    let written = transport.write(&big, Duration::from_millis(300)).expect("no error");
    assert!(
        written < big.len() && start.elapsed() < Duration::from_secs(2),
        "{written} in {:?}",
        start.elapsed()
    );
    drop(other);
    assert!(matches!(
        transport.read(&mut buffer, Duration::from_secs(1)),
        Err(TransportError::Gone { .. })
    ));
    drop(listener);
    assert!(matches!(transport.reopen(), Err(TransportError::Gone { .. })));
}
