//! The kiosk's client hears from the service's answers, over mutual TLS, how far apart the two clocks are.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use axum::http::{HeaderValue, header};
use axum::response::Response;
use kiosk_making::client::{Credentials, HttpService};
use kiosk_making::{Find, MakingService as _};
use kiosk_making_simulator::Book;
use kiosk_making_simulator::people::people;
use kiosk_making_simulator::serve::{Service, router, serve, tls};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use ticket_dispatcher_types::Personal;
use tokio::net::TcpListener;

/// Authority, certificate and key, PEM: one certificate for both ends.
struct Papers {
    ca: String,
    cert: String,
    key: String,
}

fn papers() -> Papers {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let ca = params.self_signed(&key).expect("signed").pem();
    let issuer = Issuer::new(params, key);
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.subject_alt_names = vec![SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST))];
    let key = KeyPair::generate().expect("a key");
    let cert = params.signed_by(&key, &issuer).expect("signed").pem();
    let key = key.serialize_pem();
    Papers { ca, cert, key }
}

/// A service on a port of its own. `date` is what its answers carry; none: the time, as any server writes it.
fn service(papers: &Papers, date: Option<&'static str>) -> SocketAddr {
    let dir = std::env::temp_dir().join(format!(
        "yimen-clock-{}-{}",
        std::process::id(),
        date.unwrap_or("now").len()
    ));
    std::fs::create_dir_all(&dir).expect("a folder");
    let write = |name: &str, pem: &str| -> PathBuf {
        std::fs::write(dir.join(name), pem).expect("written");
        dir.join(name)
    };
    let (ca, cert, key) = (
        write("ca.pem", &papers.ca),
        write("cert.pem", &papers.cert),
        write("key.pem", &papers.key),
    );
    let acceptor = tls(&ca, &cert, &key).expect("TLS");
    std::fs::remove_dir_all(&dir).expect("removed");
    let dated = move |mut answer: Response| async move {
        if let Some(date) = date {
            answer
                .headers_mut()
                .insert(header::DATE, HeaderValue::from_static(date));
        }
        answer
    };
    let router = router(Service::new(Book::new(people(), Some(0)))).layer(axum::middleware::map_response(dated));
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            tell.send(listener.local_addr().expect("an address")).expect("heard");
            serve(listener, acceptor, router).await;
        });
    });
    told.recv().expect("an address")
}

#[test]
fn the_date_of_an_answer_says_how_far_ahead_the_service_is() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let papers = papers();
    let ahead = |date: Option<&'static str>| {
        let credentials = Credentials {
            ca: papers.ca.clone().into(),
            cert: papers.cert.clone().into(),
            key: papers.key.clone().into(),
        };
        let base = format!("https://{}", service(&papers, date));
        let client = HttpService::new(&base, &credentials).expect("a client");
        assert_eq!(client.clock_ahead_s(), None, "before the first answer");
        let find = Find::ReceiptNo(Personal::new("990100202600000001"));
        let found = client.find(&find).expect("an answer");
        assert_eq!(found.records.len(), 1);
        client.clock_ahead_s()
    };
    let now = || i64::try_from(std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_secs()).expect("fits");
    let same = ahead(None).expect("any server tells the time");
    assert!(same.abs() <= 5, "one clock for both: {same}");
    // 2100-01-01 and 2020-01-01, seconds of Unix time.
    for (date, at) in [
        ("Fri, 01 Jan 2100 00:00:00 GMT", 4_102_444_800),
        ("Wed, 01 Jan 2020 00:00:00 GMT", 1_577_836_800),
    ] {
        let off = ahead(Some(date)).expect("it tells a time") - (at - now());
        assert!(off.abs() <= 5, "{date}: {off}");
    }
    assert_eq!(ahead(Some("no date")), None, "nothing is made of what is no date");
}
