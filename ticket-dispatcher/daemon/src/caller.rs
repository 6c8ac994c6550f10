//! Who asks: nobody known, a device of the hall by its certificate, somebody of the staff by their session, or a tool
//! on the same machine by its token.

use rustls::pki_types::CertificateDer;
use subtle::ConstantTimeEq as _;
use ticket_dispatcher_access::{Serial, Session, StaffRole};
use ticket_dispatcher_protocol::ProblemKind;
use ticket_dispatcher_queue_core::By;
use ticket_dispatcher_types::{ClerkId, HallId, WindowId};
use zeroize::Zeroizing;

use crate::problem::Failure;

/// What somebody may be: a device by the URI name `urn:hall:<hall>:<role>:<id>` of its certificate, a person by the
/// account that they have signed in under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A self-service terminal.
    Kiosk,
    /// A clerk's window, the desk included.
    Window,
    /// A board, a sign, a voice.
    Board,
    /// The hall manager. By sign-in only.
    Manager,
    /// The operator of the machines. By sign-in only.
    Admin,
    /// What lets people book from outside: WeChat, a web site.
    Gateway,
    /// Who sets the rules of calling. By sign-in only.
    Policy,
    /// Who reads the audit log. By sign-in only.
    Auditor,
}

impl Role {
    /// What a certificate may say. Persons are not devices: whoever signs one more certificate with the authority's
    /// key, or takes one out of a case, must not find themselves an administrator.
    pub const DEVICES: [Self; 4] = [Self::Kiosk, Self::Window, Self::Board, Self::Gateway];

    /// The role of a device, by its word.
    pub fn of_device(word: &str) -> Option<Self> {
        Self::DEVICES.into_iter().find(|role| role.word() == word)
    }

    /// As it stands in names.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kiosk => "kiosk",
            Self::Window => "window",
            Self::Board => "board",
            Self::Manager => "manager",
            Self::Admin => "admin",
            Self::Gateway => "gateway",
            Self::Policy => "policy",
            Self::Auditor => "auditor",
        }
    }
}

impl From<StaffRole> for Role {
    fn from(role: StaffRole) -> Self {
        match role {
            StaffRole::Window => Self::Window,
            StaffRole::HallManager => Self::Manager,
            StaffRole::Policy => Self::Policy,
            StaffRole::Admin => Self::Admin,
            StaffRole::Auditor => Self::Auditor,
        }
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// No credentials, or none that count here: public calls only.
    Nobody,
    /// A device of this hall.
    Device(Role, String),
    /// Somebody of the staff who has signed in.
    Staff(Session),
    /// The bearer of the loopback token: all roles but the auditor's.
    Loopback,
}

/// The serial number of a certificate.
pub fn serial_of(certificate: &CertificateDer<'_>) -> Option<Serial> {
    let parsed = webpki::EndEntityCert::try_from(certificate).ok()?;
    Some(Serial::from_bytes(parsed.serial()))
}

impl Caller {
    /// From the certificate that the TLS layer has verified against the hall's authority.
    pub fn from_certificate(certificate: &CertificateDer<'_>, hall: &HallId) -> Self {
        let Ok(parsed) = webpki::EndEntityCert::try_from(certificate) else {
            return Self::Nobody;
        };
        let named = parsed.valid_uri_names().find_map(|uri| from_uri(uri, hall));
        named.map_or(Self::Nobody, |(role, id)| Self::Device(role, id))
    }

    /// Role and id for the journal; never a name of a person.
    pub fn name(&self) -> String {
        match self {
            Self::Nobody => "nobody".to_string(),
            Self::Device(role, id) => format!("{}:{id}", role.word()),
            Self::Staff(session) => format!("staff:{}", session.account),
            Self::Loopback => "loopback".to_string(),
        }
    }

    /// The role, for the audit log.
    pub fn role(&self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Device(role, _) => role.word(),
            Self::Staff(session) => session.role.word(),
            Self::Loopback => "loopback",
        }
    }

    /// The clerk who has signed in, where one has.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Staff(session) => Some(&session.account),
            _ => None,
        }
    }

    /// The same as the journal names clerks.
    pub fn clerk(&self) -> Option<ClerkId> {
        self.account().and_then(|account| ClerkId::new(account).ok())
    }

    /// What they may be, and where they sit.
    fn seat(&self) -> Option<(Role, &str)> {
        match self {
            Self::Device(role, id) => Some((*role, id)),
            Self::Staff(session) => Some((session.role.into(), session.window.as_deref().unwrap_or_default())),
            Self::Nobody | Self::Loopback => None,
        }
    }

    /// Whose hands act, where the engine asks: those of a window or of a citizen at a kiosk.
    pub fn hands(&self) -> Option<By> {
        match self.seat()? {
            (Role::Window, id) => {
                // A name that no window can have is nobody's window.
                let window = WindowId::new(id).ok();
                Some(window.map_or(By::Kiosk, |window| By::Window { window }))
            }
            (Role::Kiosk, _) => Some(By::Kiosk),
            _ => None,
        }
    }

    /// Refuses everybody who has none of these roles.
    pub fn must_be(&self, roles: &[Role]) -> Result<(), Failure> {
        if matches!(self, Self::Loopback) {
            // Who may read what everybody did must not be whoever holds the machine's token.
            let audit_alone = roles == [Role::Auditor];
            return if audit_alone { Err(forbidden()) } else { Ok(()) };
        }
        match self.seat() {
            Some((role, _)) if roles.contains(&role) => Ok(()),
            Some(_) => Err(forbidden()),
            None => Err(Failure::new(
                ProblemKind::Unauthorised,
                "This needs a certificate of a device of the hall, or a sign-in.",
            )),
        }
    }

    /// Refuses a window's certificate alone where people are asked for. It moves its own window's queue, like the
    /// keypad on the desk; whom a document is of is for a person to ask, who has signed in.
    pub fn must_have_signed_in(&self) -> Result<(), Failure> {
        if matches!(self, Self::Device(Role::Window, _)) {
            let what = "请先登录。A window's certificate alone may not ask for people. Sign in.";
            return Err(Failure::new(ProblemKind::Forbidden, what));
        }
        Ok(())
    }

    /// A window's certificate is good for that window alone.
    pub fn must_be_at(&self, window: &str) -> Result<(), Failure> {
        match self.seat() {
            Some((Role::Window, id)) if id != window => Err(Failure::new(
                ProblemKind::Forbidden,
                "The certificate or the sign-in is for another window.",
            )),
            _ => Ok(()),
        }
    }
}

fn forbidden() -> Failure {
    Failure::new(ProblemKind::Forbidden, "This role may not do this.")
}

fn from_uri(uri: &str, hall: &HallId) -> Option<(Role, String)> {
    let mut parts = uri.strip_prefix("urn:hall:")?.split(':');
    let (named, role, id) = (parts.next()?, parts.next()?, parts.next()?);
    if named != hall.as_str() || id.is_empty() || parts.next().is_some() {
        return None;
    }
    Some((Role::of_device(role)?, id.to_string()))
}

/// The bearer token of the loopback listener.
pub struct Bearer(pub Zeroizing<String>);

impl Bearer {
    /// Compares in a time that depends on the length alone.
    pub fn matches(&self, authorization: Option<&str>) -> bool {
        let Some(given) = authorization.and_then(|a| a.strip_prefix("Bearer ")) else {
            return false;
        };
        let (given, own) = (given.trim().as_bytes(), self.0.as_bytes());
        given.ct_eq(own).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_only_in_full_and_for_this_hall() {
        let hall = HallId::new("h1").unwrap();
        assert_eq!(
            from_uri("urn:hall:h1:kiosk:K01", &hall),
            Some((Role::Kiosk, "K01".into()))
        );
        for other in [
            "urn:hall:h2:kiosk:K01",
            "urn:hall:h1:root:K01",
            "urn:hall:h1:admin:A01",
            "urn:hall:h1:manager:M01",
            "urn:hall:h1:policy:P01",
            "urn:hall:h1:auditor:R01",
            "urn:hall:h1:kiosk:",
            "urn:hall:h1:kiosk",
            "urn:hall:h1:kiosk:K01:x",
            "hall:h1:kiosk:K01",
        ] {
            assert_eq!(from_uri(other, &hall), None, "{other}");
        }
    }

    #[test]
    fn only_the_whole_token_is_the_token() {
        let bearer = Bearer(Zeroizing::new("0123456789abcdef0123456789abcdef".into()));
        assert!(bearer.matches(Some("Bearer 0123456789abcdef0123456789abcdef")));
        for wrong in [
            None,
            Some(""),
            Some("Bearer "),
            Some("Bearer 0123456789abcdef0123456789abcdeg"),
            Some("Bearer 0123456789abcdef0123456789abcde"),
            Some("Basic 0123456789abcdef0123456789abcdef"),
        ] {
            assert!(!bearer.matches(wrong), "{wrong:?}");
        }
    }
}
