//! The bench page and its assets (`ui/web`, inside the binary), and the links it shows.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use include_dir::{Dir, include_dir};

static WEB: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../ui/web");

/// `/`, `/web/…` and `/links`.
pub fn routes(links: Vec<(String, String)>) -> Router {
    let links: Vec<_> = links
        .into_iter()
        .map(|(name, url)| serde_json::json!({ "name": name, "url": url }))
        .collect();
    Router::new()
        .route("/", get(|| async { file("bench.html") }))
        .route(
            "/web/{*path}",
            get(|Path(path): Path<String>| async move { file(&path) }),
        )
        .route("/links", get(|| async move { Json(links) }))
        .route("/healthz", get(|| async { "ok" }))
}

fn file(path: &str) -> Response {
    match WEB.get_file(path) {
        Some(file) => {
            let head = [
                (header::CONTENT_TYPE, content_type(path)),
                (header::CACHE_CONTROL, "no-cache"),
            ];
            (head, file.contents()).into_response()
        }
        None => (StatusCode::NOT_FOUND, format!("no file {path} in ui/web")).into_response(),
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("otf") => "font/otf",
        _ => "application/octet-stream",
    }
}
