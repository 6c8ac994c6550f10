//! The kiosk's screen behind the bench's own address, so that the bench page needs no other origin.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

/// A debug build may need seconds for its first picture.
/// And the screen holds a question for the next picture up to 25 s.
const ANSWER_WITHIN: Duration = Duration::from_secs(40);

/// What a picture's reader wants to know of the answer: its type and the number of its frame.
const KEPT: [HeaderName; 2] = [header::CONTENT_TYPE, HeaderName::from_static("x-frame")];

fn kept(headers: &HeaderMap, name: HeaderName) -> Option<(HeaderName, HeaderValue)> {
    headers.get(&name).cloned().map(|value| (name, value))
}

struct Screen {
    url: Option<String>,
    client: reqwest::Client,
}

/// `/kiosk-screen/screen.png`, `/kiosk-screen/tree`, `/kiosk-screen/touch`.
pub fn routes(url: Option<String>) -> Router {
    // An error only says that a provider was installed before, by the program around us.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .timeout(ANSWER_WITHIN)
        .no_proxy()
        .build()
        .expect("a plain client needs nothing from outside");
    let url = url.map(|url| url.trim_end_matches('/').to_string());
    Router::new()
        .route("/kiosk-screen/screen.png", get(picture))
        .route("/kiosk-screen/tree", get(tree))
        .route("/kiosk-screen/touch", post(touch))
        .with_state(Arc::new(Screen { url, client }))
}

async fn picture(State(screen): State<Arc<Screen>>, RawQuery(query): RawQuery) -> Response {
    match query {
        // `rev=N`: answered when there is another picture than N.
        Some(query) => screen.get(&format!("/screen.png?{query}")).await,
        None => screen.get("/screen.png").await,
    }
}

async fn tree(State(screen): State<Arc<Screen>>) -> Response {
    screen.get("/tree").await
}

async fn touch(State(screen): State<Arc<Screen>>, body: Bytes) -> Response {
    let Some(url) = &screen.url else { return no_screen() };
    let request = screen.client.post(format!("{url}/touch"));
    relay(request.header(header::CONTENT_TYPE, "application/json").body(body)).await
}

impl Screen {
    async fn get(&self, path: &str) -> Response {
        let Some(url) = &self.url else { return no_screen() };
        relay(self.client.get(format!("{url}{path}"))).await
    }
}

fn no_screen() -> Response {
    let text = "no kiosk screen: start hall-emulators with --kiosk-screen URL";
    (StatusCode::NOT_FOUND, text).into_response()
}

async fn relay(request: reqwest::RequestBuilder) -> Response {
    let answer = async {
        let answer = request.send().await?;
        let kept: HeaderMap = KEPT
            .into_iter()
            .filter_map(|name| kept(answer.headers(), name))
            .collect();
        let status = answer.status();
        let bytes = answer.bytes().await?;
        Ok::<_, reqwest::Error>((status, kept, bytes))
    };
    match answer.await {
        Ok((status, kept, bytes)) => {
            let mut response = (status, [(header::CACHE_CONTROL, "no-store")], bytes).into_response();
            response.headers_mut().extend(kept);
            response
        }
        Err(error) => (
            StatusCode::BAD_GATEWAY,
            format!("the kiosk screen does not answer: {error}"),
        )
            .into_response(),
    }
}
