//! What travels: a device's request and the dispatcher's answer, and the key that the device makes for itself.

use rcgen::{CertificateParams, KeyPair, PublicKeyData as _};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::authority::{AuthorityError, Validity};

/// A device asks: `POST /enrol` with a code, or `POST /api/v1/certificate` under the certificate it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// First four characters of the code.
    pub code_id: String,
    /// PKCS#10 request, DER, hex.
    pub request: String,
    /// [`crate::request_mac`], hex.
    pub mac: String,
    /// The device's clock, milliseconds since 1970; far off, and it is told so.
    pub clock_ms: i64,
}

/// The dispatcher answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The device's name: `urn:hall:…`.
    pub name: String,
    /// The device's certificate, PEM.
    pub certificate: String,
    /// The authority's, PEM.
    pub authority: String,
    /// [`crate::answer_mac`], hex.
    pub mac: String,
    /// The dispatcher's clock, milliseconds since 1970.
    pub clock_ms: i64,
}

fn certificate(pem: &[u8]) -> Result<CertificateDer<'static>, AuthorityError> {
    CertificateDer::from_pem_slice(pem).map_err(|_| AuthorityError::Certificate)
}

/// How long the first certificate of a PEM text holds.
pub fn validity_of(pem: &[u8]) -> Result<Validity, AuthorityError> {
    let der = certificate(pem)?;
    let (_, parsed) = x509_parser::parse_x509_certificate(&der).map_err(|_| AuthorityError::Certificate)?;
    let time = parsed.validity();
    Ok(Validity {
        from_s: time.not_before.timestamp(),
        until_s: time.not_after.timestamp(),
    })
}

/// A key pair made on the device; the key never leaves it.
pub struct NewKey(KeyPair);

impl NewKey {
    /// Draws one, P-256.
    pub fn make() -> Result<Self, AuthorityError> {
        KeyPair::generate().map(Self).map_err(AuthorityError::Own)
    }

    /// The request for a certificate: the public key, signed by itself, and no name.
    pub fn request_der(&self) -> Result<Vec<u8>, AuthorityError> {
        let params = CertificateParams::new(Vec::new()).map_err(AuthorityError::Request)?;
        let request = params.serialize_request(&self.0).map_err(AuthorityError::Request)?;
        Ok(request.der().to_vec())
    }

    /// Whether a certificate, PEM, is for this key.
    pub fn is_of(&self, certificate_pem: &str) -> Result<bool, AuthorityError> {
        let der = certificate(certificate_pem.as_bytes())?;
        let (_, parsed) = x509_parser::parse_x509_certificate(&der).map_err(|_| AuthorityError::Certificate)?;
        Ok(parsed.public_key().raw == self.0.subject_public_key_info())
    }

    /// The key, PEM.
    pub fn pem(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.serialize_pem())
    }
}
