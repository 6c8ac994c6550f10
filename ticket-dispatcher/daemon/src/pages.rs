//! The pages of `ui/web`, embedded: board, clerk's console, phone page and what they load.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use include_dir::{Dir, include_dir};

use crate::problem::Failure;

static WEB: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../ui/web");

/// Everything comes from here, nothing inline, nothing from elsewhere.
const POLICY: &str = "default-src 'self'; frame-ancestors 'self'; base-uri 'none'; object-src 'none'";

fn page(headers: &HeaderMap, path: &str) -> Result<Response<Body>, Failure> {
    let file = WEB.get_file(path).ok_or_else(|| Failure::not_found("page"))?;
    // Pages only change with the binary, so its version and the length tell one from the other well enough.
    let etag = format!("\"{}-{:x}\"", env!("CARGO_PKG_VERSION"), fnv(file.contents()));
    let known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|given| given == etag.as_str());
    let mut response = Response::new(if known {
        Body::empty()
    } else {
        Body::from(file.contents())
    });
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let set = response.headers_mut();
    set.insert(header::CONTENT_TYPE, HeaderValue::from_static(mime(path)));
    set.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    set.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        set.insert(header::ETAG, etag);
    }
    Ok(response)
}

/// FNV-1a, 64 bit: to tell versions of a file apart, not to protect anything.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn mime(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json") => "application/json",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// `/web/...`: assets.
pub async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Result<Response<Body>, Failure> {
    page(&headers, &path)
}

/// `/board`.
pub async fn board(headers: HeaderMap) -> Result<Response<Body>, Failure> {
    page(&headers, "board.html")
}

/// `/clerk`.
pub async fn clerk(headers: HeaderMap) -> Result<Response<Body>, Failure> {
    page(&headers, "clerk.html")
}

/// `/manager`.
pub async fn manager(headers: HeaderMap) -> Result<Response<Body>, Failure> {
    page(&headers, "manager.html")
}

/// `/sign-in`.
pub async fn sign_in(headers: HeaderMap) -> Result<Response<Body>, Failure> {
    page(&headers, "sign-in.html")
}

/// `/admin`.
pub async fn admin(headers: HeaderMap) -> Result<Response<Body>, Failure> {
    page(&headers, "admin.html")
}

/// `/audit`.
pub async fn audit(headers: HeaderMap) -> Result<Response<Body>, Failure> {
    page(&headers, "audit.html")
}

/// `/maker`: staff at the makers of temporary cards.
pub async fn maker(headers: HeaderMap) -> Result<Response<Body>, Failure> {
    page(&headers, "maker.html")
}

/// `/q`: the phone page; the token in the address is read by the page itself.
pub async fn phone(headers: HeaderMap) -> Result<Response<Body>, Failure> {
    page(&headers, "phone.html")
}
