//! What the authority signs, read back by the library that checks it in every handshake.

#![allow(clippy::unwrap_used)] // a test that cannot go on stops where it stands

use provisioning_enrolment::{Authority, DeviceName, NewKey, Validity, validity_of};

const NOW_S: i64 = 1_795_000_000;

fn der(pem: &str) -> Vec<u8> {
    use rustls_pki_types::pem::PemObject as _;
    rustls_pki_types::CertificateDer::from_pem_slice(pem.as_bytes())
        .unwrap()
        .to_vec()
}

fn uris(cert: &[u8]) -> Vec<String> {
    let der = cert.into();
    let cert = webpki::EndEntityCert::try_from(&der).unwrap();
    cert.valid_uri_names().map(str::to_string).collect()
}

fn verifies(cert: &[u8], root: &[u8], now_s: u64) -> bool {
    let (cert, root) = (cert.into(), root.into());
    let anchor = webpki::anchor_from_trusted_cert(&root).unwrap();
    let cert = webpki::EndEntityCert::try_from(&cert).unwrap();
    let now = rustls_pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(now_s));
    let algorithms = [webpki::ring::ECDSA_P256_SHA256];
    let usage = webpki::KeyUsage::client_auth();
    cert.verify_for_usage(&algorithms, &[anchor], &[], now, usage, None, None)
        .is_ok()
}

#[test]
fn a_device_gets_its_name_from_the_hall_and_holds_for_ninety_days() {
    let (made, files) = Authority::make("h1", Validity::days(NOW_S, 3650)).unwrap();
    let authority = Authority::load(&files.cert_pem, &files.key_pem).unwrap();
    assert_eq!(made.cert_pem(), authority.cert_pem());
    let key = NewKey::make().unwrap();
    let name = DeviceName::new("h1", "kiosk", "K01").unwrap();
    let cert = authority
        .sign(
            &key.request_der().unwrap(),
            &name,
            &[0xff; 16],
            Validity::of_device(NOW_S),
        )
        .unwrap();
    assert!(key.is_of(&cert).unwrap());
    assert!(!NewKey::make().unwrap().is_of(&cert).unwrap());
    assert_eq!(validity_of(cert.as_bytes()).unwrap(), Validity::of_device(NOW_S));
    let (cert, root) = (der(&cert), der(&files.cert_pem));
    assert_eq!(uris(&cert), ["urn:hall:h1:kiosk:K01"]);
    let now = u64::try_from(NOW_S).unwrap();
    assert!(verifies(&cert, &root, now));
    assert!(verifies(&cert, &root, now - 3000), "a clock that is a little slow");
    assert!(verifies(&cert, &root, now + 89 * 86_400));
    assert!(!verifies(&cert, &root, now + 91 * 86_400), "expired");
    let (_, other) = Authority::make("h1", Validity::days(NOW_S, 3650)).unwrap();
    assert!(
        !verifies(&cert, &der(&other.cert_pem), now),
        "another authority of the same name"
    );
}

#[test]
fn a_request_that_does_not_hold_is_refused() {
    let (authority, _) = Authority::make("h1", Validity::days(NOW_S, 3650)).unwrap();
    let name = DeviceName::new("h1", "kiosk", "K01").unwrap();
    let request = NewKey::make().unwrap().request_der().unwrap();
    let sign = |bytes: &[u8]| authority.sign(bytes, &name, &[1; 16], Validity::of_device(NOW_S));
    assert!(sign(&request).is_ok());
    assert!(sign(&request[..request.len() - 1]).is_err());
    for at in (0..request.len()).step_by(7) {
        let mut changed = request.clone();
        changed[at] ^= 1;
        assert!(sign(&changed).is_err(), "byte {at} was not noticed");
    }
}
