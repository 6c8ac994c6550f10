//! The cookie of a session, and the proof that a request that comes with it was made by a page of ours.

use axum::http::{HeaderMap, HeaderValue, Method, header};
use ticket_dispatcher_access::SessionToken;

/// `__Host-`: for this host alone, over TLS (or on the machine itself) alone; browsers hold the name to it.
const NAME: &str = "__Host-yimen";

/// The token that a request carries.
pub fn token(headers: &HeaderMap) -> Option<SessionToken> {
    let cookies = headers.get_all(header::COOKIE).into_iter();
    let pairs = cookies.filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
    let mut ours = pairs.filter_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='));
    let token = ours.next()?;
    // Two of a name: somebody has planted one.
    if ours.next().is_some() {
        return None;
    }
    SessionToken::parse(token)
}

/// Gives a browser its session: out of reach of scripts, and never sent from another site.
pub fn give(token: &SessionToken) -> HeaderValue {
    let text = format!("{NAME}={}; Path=/; Secure; HttpOnly; SameSite=Strict", token.expose());
    let mut value = HeaderValue::from_str(&text).expect("hex digits");
    value.set_sensitive(true);
    value
}

/// Takes it away.
pub fn take_away() -> HeaderValue {
    HeaderValue::from_static("__Host-yimen=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0")
}

/// Where a request was made, by what a browser says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// By a page of this very host.
    Here,
    /// By a page of another site, or by one that hides where it is from.
    Elsewhere,
    /// By no browser, or one that does not say.
    Unsaid,
}

/// Reads `Origin`, which has to be this scheme and host, and else `Sec-Fetch-Site`. `SameSite=Strict` holds a cookie
/// back already; this holds where a neighbour below the same domain is not ours, and for certificates, which browsers
/// show to whichever site asks them.
pub fn made(scheme: &str, headers: &HeaderMap) -> Made {
    let text = |name| headers.get(name).map(|v: &HeaderValue| v.to_str().unwrap_or_default());
    let site = text(header::HeaderName::from_static("sec-fetch-site"));
    let here = match (text(header::ORIGIN), text(header::HOST), site) {
        (None, _, None) => return Made::Unsaid,
        (Some(origin), Some(host), _) => {
            let named = origin.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://"));
            named == Some(host)
        }
        // HTTP/2 names the host in the request's own line.
        (_, _, site) => site == Some("same-origin"),
    };
    if here { Made::Here } else { Made::Elsewhere }
}

/// What only reads.
pub fn only_reads(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        map
    }

    #[test]
    fn one_cookie_of_our_name_counts_and_two_do_not() {
        let hex = "ab".repeat(32);
        let ours = format!("__Host-yimen={hex}");
        assert!(token(&headers(&[("cookie", &ours)])).is_some());
        assert!(token(&headers(&[("cookie", &format!("x=1; {ours}; y=2"))])).is_some());
        assert!(token(&headers(&[("cookie", &format!("{ours}; {ours}"))])).is_none());
        assert!(token(&headers(&[("cookie", &ours), ("cookie", &ours)])).is_none());
        for bad in ["__Host-yimen=", "__Host-yimen=zz", "yimen=ab", "__Host-yimenx=ab"] {
            assert!(token(&headers(&[("cookie", bad)])).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_page_of_ours_is_of_this_scheme_and_host() {
        let of = |pairs: &[(&'static str, &str)]| made("https", &headers(pairs));
        let host = ("host", "hall.test:8443");
        assert_eq!(of(&[host]), Made::Unsaid);
        assert_eq!(of(&[host, ("origin", "https://hall.test:8443")]), Made::Here);
        assert_eq!(of(&[host, ("sec-fetch-site", "same-origin")]), Made::Here);
        for origin in [
            "https://evil.test",
            "http://hall.test:8443",
            "null",
            "",
            "https://hall.test",
            "https://hall.test:8443.evil.test",
        ] {
            let both = [host, ("origin", origin), ("sec-fetch-site", "same-origin")];
            assert_eq!(of(&both), Made::Elsewhere, "{origin}");
        }
        for site in ["same-site", "cross-site", "none", ""] {
            assert_eq!(of(&[host, ("sec-fetch-site", site)]), Made::Elsewhere, "{site}");
        }
        assert_eq!(of(&[("origin", "https://hall.test:8443")]), Made::Elsewhere);
        assert_eq!(
            made("http", &headers(&[host, ("origin", "http://hall.test:8443")])),
            Made::Here
        );
    }
}
