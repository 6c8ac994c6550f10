//! Ids that a host which lost everything computes again, and that name nobody to the machine.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::codec::{JobId, JobOpen, RecordTag};

/// HMAC-SHA256 over the parts.
pub fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

fn first_half(whole: [u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&whole[..16]);
    half
}

/// The tag of a making record under the site's key.
pub fn record_tag(site_key: &[u8], record_no: &str) -> RecordTag {
    RecordTag(first_half(hmac(site_key, &[b"TIM1-record\0", record_no.as_bytes()])))
}

/// The job of a making record: index 0, then 1 once index 0 has ended REJECTED.
pub fn job_id(site_key: &[u8], record_no: &str, index: u8) -> JobId {
    JobId(first_half(hmac(
        site_key,
        &[b"TIM1-job\0", record_no.as_bytes(), &[0, index]],
    )))
}

/// SHA-256 of the bytes as uploaded.
pub fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The authentication code of an order.
pub fn open_mac(device_key: &[u8], open: &JobOpen) -> [u8; 32] {
    let nonce = open.nonce.to_le_bytes();
    hmac(
        device_key,
        &[b"TIM1-open", &nonce, &open.job.0, &open.tag.0, &open.sha256],
    )
}

/// The authentication code of two staff numbers that enter maintenance.
pub fn maintenance_mac(device_key: &[u8], nonce: u32, staff_a: u32, staff_b: u32) -> [u8; 32] {
    let numbers = [nonce, staff_a, staff_b].map(u32::to_le_bytes).concat();
    hmac(device_key, &[b"TIM1-maint", &numbers])
}

/// The authentication code of a verdict on a doubt: 1 left, 2 found.
pub fn doubt_mac(device_key: &[u8], nonce: u32, job: JobId, verdict: u8) -> [u8; 32] {
    hmac(device_key, &[b"TIM1-doubt", &nonce.to_le_bytes(), &job.0, &[verdict]])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the protocol page, section 8.
    #[test]
    fn ids_of_the_published_vector() {
        let key: Vec<u8> = (0..32).collect();
        let record = "440604202600012345";
        assert_eq!(record_tag(&key, record).to_string(), "3e6d425021f9fdf9ecee41fe1aa748ca");
        assert_eq!(job_id(&key, record, 0).to_string(), "67a72cd8a1cd7e9e9afad83525debb11");
        assert_ne!(job_id(&key, record, 1), job_id(&key, record, 0));
    }
}
