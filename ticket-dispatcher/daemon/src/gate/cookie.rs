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

/// Whether a request that changes something was made by a page of this very host. `SameSite=Strict` says so already;
/// this holds where a neighbour below the same domain is not ours.
pub fn made_here(method: &Method, headers: &HeaderMap) -> bool {
    if method == Method::GET || method == Method::HEAD {
        return true;
    }
    let text = |name| headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok());
    let host = text(header::HOST);
    match (text(header::ORIGIN), host) {
        (Some(origin), Some(host)) => {
            let of = |scheme: &str| origin.strip_prefix(scheme) == Some(host);
            of("https://") || of("http://")
        }
        (Some(_), None) => text(header::HeaderName::from_static("sec-fetch-site")) == Some("same-origin"),
        (None, _) => text(header::HeaderName::from_static("sec-fetch-site")) == Some("same-origin"),
    }
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
    fn what_changes_something_must_come_from_a_page_of_ours() {
        let made = |method: Method, pairs: &[(&'static str, &str)]| made_here(&method, &headers(pairs));
        let host = ("host", "hall.test:8443");
        assert!(made(Method::GET, &[host]));
        assert!(made(Method::POST, &[host, ("origin", "https://hall.test:8443")]));
        assert!(made(Method::POST, &[host, ("sec-fetch-site", "same-origin")]));
        assert!(!made(Method::POST, &[host]));
        for origin in [
            "https://evil.test",
            "null",
            "https://hall.test",
            "https://hall.test:8443.evil.test",
        ] {
            assert!(!made(Method::POST, &[host, ("origin", origin)]), "{origin}");
        }
        assert!(!made(Method::DELETE, &[host, ("sec-fetch-site", "same-site")]));
        assert!(!made(Method::POST, &[host, ("sec-fetch-site", "cross-site")]));
    }
}
