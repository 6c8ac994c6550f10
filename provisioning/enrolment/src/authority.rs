//! The hall's authority: makes itself once, signs what the dispatcher has decided to sign.

use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::name::DeviceName;

/// Why a certificate could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// Not a certificate or key of an authority.
    #[error("the authority's certificate or key cannot be read: {0}")]
    Own(rcgen::Error),
    /// The request is not one, or is not signed by the key that it names.
    #[error("the request for a certificate does not hold: {0}")]
    Request(rcgen::Error),
    /// Not a certificate.
    #[error("the certificate cannot be read")]
    Certificate,
    /// Signing failed.
    #[error("a certificate could not be signed: {0}")]
    Sign(rcgen::Error),
    /// A moment beyond the calendar.
    #[error("the time of a certificate is beyond the calendar")]
    Time,
}

/// From when until when, seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First second.
    pub from_s: i64,
    /// Last second.
    pub until_s: i64,
}

/// One day.
const DAY_S: i64 = 24 * 3600;

impl Validity {
    /// Device certificates hold for ninety days, from an hour ago: a clock that is a little off must not stop a kiosk.
    pub fn of_device(now_s: i64) -> Self {
        Self::days(now_s, 90)
    }

    /// So many days from an hour ago.
    pub fn days(now_s: i64, days: i64) -> Self {
        Self {
            from_s: now_s - 3600,
            until_s: now_s + days * DAY_S,
        }
    }

    fn put(self, params: &mut CertificateParams) -> Result<(), AuthorityError> {
        let moment = |s| OffsetDateTime::from_unix_timestamp(s).map_err(|_| AuthorityError::Time);
        (params.not_before, params.not_after) = (moment(self.from_s)?, moment(self.until_s)?);
        Ok(())
    }
}

/// A certificate and its key, PEM.
pub struct Leaf {
    /// The certificate.
    pub cert_pem: String,
    /// The key.
    pub key_pem: Zeroizing<String>,
}

/// The hall's authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    cert_pem: String,
}

impl Authority {
    /// A new one: P-256, good for signing devices and nothing below them. Its certificate is the first of the pair.
    pub fn make(hall: &str, validity: Validity) -> Result<(Self, Leaf), AuthorityError> {
        let mut params = plain(&format!("{hall} authority"))?;
        validity.put(&mut params)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().map_err(AuthorityError::Own)?;
        let root = params.self_signed(&key).map_err(AuthorityError::Sign)?;
        let leaf = Leaf {
            cert_pem: root.pem(),
            key_pem: Zeroizing::new(key.serialize_pem()),
        };
        let authority = Self {
            issuer: Issuer::new(params, key),
            cert_pem: root.pem(),
        };
        Ok((authority, leaf))
    }

    /// From its two files.
    pub fn load(cert_pem: &str, key_pem: &str) -> Result<Self, AuthorityError> {
        let key = KeyPair::from_pem(key_pem).map_err(AuthorityError::Own)?;
        Ok(Self {
            issuer: Issuer::from_ca_cert_pem(cert_pem, key).map_err(AuthorityError::Own)?,
            cert_pem: cert_pem.to_string(),
        })
    }

    /// Its certificate, which devices trust.
    pub fn cert_pem(&self) -> &str {
        &self.cert_pem
    }

    /// A certificate with its key for a server of the hall, reachable under these host names or addresses.
    pub fn server(&self, names: &[String], serial: &[u8; 16], validity: Validity) -> Result<Leaf, AuthorityError> {
        let mut params = CertificateParams::new(names.to_vec()).map_err(AuthorityError::Sign)?;
        named(&mut params, names.first().map_or("dispatcher", String::as_str));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.leaf(params, serial, validity)
    }

    /// A certificate with its key for a device, where a technician carries both by hand.
    pub fn device(&self, name: &DeviceName, serial: &[u8; 16], validity: Validity) -> Result<Leaf, AuthorityError> {
        let mut params = plain(&name.id)?;
        client(&mut params, name)?;
        self.leaf(params, serial, validity)
    }

    fn leaf(
        &self,
        mut params: CertificateParams,
        serial: &[u8; 16],
        validity: Validity,
    ) -> Result<Leaf, AuthorityError> {
        validity.put(&mut params)?;
        end(&mut params, serial);
        let key = KeyPair::generate().map_err(AuthorityError::Own)?;
        let cert = params.signed_by(&key, &self.issuer).map_err(AuthorityError::Sign)?;
        Ok(Leaf {
            cert_pem: cert.pem(),
            key_pem: Zeroizing::new(key.serialize_pem()),
        })
    }

    /// A certificate for the key of a request. Of the request only the key is taken, never a name: what a device is
    /// called is decided here.
    pub fn sign(
        &self,
        request_der: &[u8],
        name: &DeviceName,
        serial: &[u8; 16],
        validity: Validity,
    ) -> Result<String, AuthorityError> {
        let request =
            CertificateSigningRequestParams::from_der(&request_der.into()).map_err(AuthorityError::Request)?;
        if request.public_key.algorithm() != &rcgen::PKCS_ECDSA_P256_SHA256 {
            return Err(AuthorityError::Request(rcgen::Error::UnsupportedSignatureAlgorithm));
        }
        let mut params = plain(&name.id)?;
        validity.put(&mut params)?;
        client(&mut params, name)?;
        end(&mut params, serial);
        let cert = params.signed_by(&request.public_key, &self.issuer);
        Ok(cert.map_err(AuthorityError::Sign)?.pem())
    }
}

fn plain(name: &str) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::new(Vec::new()).map_err(AuthorityError::Sign)?;
    named(&mut params, name);
    Ok(params)
}

fn named(params: &mut CertificateParams, name: &str) {
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
}

fn client(params: &mut CertificateParams, name: &DeviceName) -> Result<(), AuthorityError> {
    let uri = Ia5String::try_from(name.to_string()).map_err(AuthorityError::Sign)?;
    params.subject_alt_names = vec![SanType::URI(uri)];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    Ok(())
}

/// What every certificate of a server or a device has.
fn end(params: &mut CertificateParams, serial: &[u8; 16]) {
    let mut serial = *serial;
    // Positive, and sixteen bytes long whatever was drawn.
    serial[0] = (serial[0] & 0x7f) | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
}
