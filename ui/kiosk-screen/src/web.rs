//! The headless interface: the picture, the tree of visible elements, and touches, over HTTP on loopback.

use crate::PANEL;
use crate::headless::Frame;
use crate::intents::PRESS_GAP;
use crate::screens::App;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementRoot};
use serde::{Deserialize, Serialize};
use slint::platform::{PointerEventButton, WindowEvent};
use slint::{ComponentHandle, LogicalPosition, Weak};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, oneshot, watch};
use tokio::time::Instant;

/// How long a request for another frame waits before it gets the same one again.
const LONG_POLL: Duration = Duration::from_secs(25);
/// How long a finger stays on the glass.
const HOLD: Duration = Duration::from_millis(40);

/// A visible element.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Element {
    /// What it is called: its visible words in the present language.
    pub label: String,
    /// `button`, `text`, ...
    pub role: String,
    /// Left edge in pixels.
    pub x: f32,
    /// Upper edge.
    pub y: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
    /// Whether a touch does something.
    pub enabled: bool,
    /// Whether it is chosen, for those that can be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked: Option<bool>,
    /// More words, such as how many wait.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
}

impl Element {
    /// Whether it is a control.
    pub fn is_button(&self) -> bool {
        self.role == "button"
    }
}

/// Every visible element with a label, in the order it is drawn.
pub fn elements(app: &App) -> Vec<Element> {
    app.root_element()
        .query_descendants()
        .find_all()
        .iter()
        .filter_map(element)
        .collect()
}

fn element(handle: &ElementHandle) -> Option<Element> {
    let role = handle.accessible_role().filter(|role| *role != AccessibleRole::None)?;
    let label = handle.accessible_label().filter(|label| !label.is_empty())?;
    let (at, size) = (handle.absolute_position(), handle.size());
    let on_glass =
        at.x < PANEL.0 as f32 && at.y < PANEL.1 as f32 && at.x + size.width > 0.0 && at.y + size.height > 0.0;
    if !on_glass || size.width <= 0.0 || size.height <= 0.0 || handle.computed_opacity() <= 0.0 {
        return None;
    }
    Some(Element {
        label: label.into(),
        role: format!("{role:?}").to_lowercase(),
        x: at.x,
        y: at.y,
        width: size.width,
        height: size.height,
        enabled: handle.accessible_enabled().unwrap_or(true),
        checked: handle
            .accessible_checkable()
            .unwrap_or(false)
            .then(|| handle.accessible_checked().unwrap_or(false)),
        description: handle.accessible_description().unwrap_or_default().into(),
    })
}

/// A picture as PNG, 24 bits a pixel.
pub fn png(pixels: &[slint::Rgb8Pixel]) -> Vec<u8> {
    let bytes: Vec<u8> = pixels.iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b]).collect();
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, PANEL.0, PANEL.1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().expect("a vector takes every byte");
    writer
        .write_image_data(&bytes)
        .expect("the picture has the size of the panel");
    writer.finish().expect("a vector takes every byte");
    out
}

struct Web {
    frames: watch::Receiver<Arc<Frame>>,
    app: Weak<App>,
    encoded: Mutex<(u64, Vec<u8>)>,
    touched: Mutex<Option<Instant>>,
}

impl Web {
    /// Runs `work` between two frames; none when the screens have closed.
    async fn on_screen<T: Send + 'static>(&self, work: impl FnOnce(&App) -> T + Send + 'static) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.app
            .upgrade_in_event_loop(move |app| {
                let _ = reply.send(work(&app));
            })
            .ok()?;
        answer.await.ok()
    }

    fn frame(&self) -> u64 {
        self.frames.borrow().number
    }

    /// Waits so long after the touch before that a player's touch is never taken for a trembling hand.
    async fn patience(&self) {
        let last = *self.touched.lock().await;
        if let Some(at) = last {
            tokio::time::sleep_until(at + PRESS_GAP + HOLD).await;
        }
    }

    /// Press and release.
    async fn touch(&self, x: f32, y: f32) -> Option<()> {
        let mut last = self.touched.lock().await;
        let position = LogicalPosition::new(x, y);
        let button = PointerEventButton::Left;
        self.on_screen(move |app| {
            app.window().dispatch_event(WindowEvent::PointerMoved { position });
            app.window()
                .dispatch_event(WindowEvent::PointerPressed { position, button });
        })
        .await?;
        tokio::time::sleep(HOLD).await;
        self.on_screen(move |app| {
            app.window()
                .dispatch_event(WindowEvent::PointerReleased { position, button });
            app.window().dispatch_event(WindowEvent::PointerExited);
        })
        .await?;
        *last = Some(Instant::now());
        Some(())
    }
}

/// Serves on `listener`, on a thread of its own.
pub fn start(listener: TcpListener, frames: watch::Receiver<Arc<Frame>>, app: Weak<App>) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let web = Arc::new(Web {
        frames,
        app,
        encoded: Mutex::default(),
        touched: Mutex::default(),
    });
    let routes = Router::new()
        .route("/screen.png", get(screen))
        .route("/tree", get(tree))
        .route("/touch", post(touch))
        .layer(axum::middleware::from_fn(only_loopback))
        .with_state(web);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("web".into()).spawn(move || {
        runtime.block_on(async move {
            let served = match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => axum::serve(listener, routes).await,
                Err(error) => Err(error),
            };
            if let Err(error) = served {
                tracing::error!(%error, "the headless interface ended");
            }
        });
    })?;
    Ok(())
}

/// Answers only to names of this machine, and lets only pages of this machine read the answers.
async fn only_loopback(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let host_known = headers
        .get(header::HOST)
        .is_none_or(|host| host.to_str().is_ok_and(is_loopback));
    if !host_known {
        return problem(
            StatusCode::FORBIDDEN,
            "this interface answers to loopback names only",
            &[],
        );
    }
    let origin = headers.get(header::ORIGIN).cloned();
    let page = origin
        .as_ref()
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split_once("://"));
    if origin.is_some() && !page.is_some_and(|(_, host)| is_loopback(host)) {
        return problem(StatusCode::FORBIDDEN, "only pages of this machine may ask", &[]);
    }
    let mut response = if request.method() == axum::http::Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("content-type"),
        );
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("x-frame, etag"),
        );
        headers.insert(header::VARY, HeaderValue::from_static("origin"));
    }
    response
}

/// Whether `host`, with or without a port, means this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost"
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn problem(status: StatusCode, error: &str, labels: &[String]) -> Response {
    (status, Json(serde_json::json!({"error": error, "labels": labels}))).into_response()
}

#[derive(Deserialize)]
struct Seen {
    rev: Option<u64>,
}

/// The present picture; with `rev`, the first one that differs from that frame.
async fn screen(State(web): State<Arc<Web>>, Query(seen): Query<Seen>, headers: HeaderMap) -> Response {
    let mut frames = web.frames.clone();
    if let Some(number) = seen.rev {
        let _ = tokio::time::timeout(LONG_POLL, frames.wait_for(|frame| frame.number != number)).await;
    }
    let frame = frames.borrow_and_update().clone();
    if frame.pixels.is_empty() {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "nothing was drawn yet", &[]);
    }
    let tag = format!("\"{}\"", frame.number);
    let fixed = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, "no-cache".into()),
        (header::HeaderName::from_static("x-frame"), frame.number.to_string()),
    ];
    if headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|value| value.as_bytes() == tag.as_bytes())
    {
        return (StatusCode::NOT_MODIFIED, fixed).into_response();
    }
    let mut encoded = web.encoded.lock().await;
    if encoded.0 != frame.number {
        *encoded = (frame.number, png(&frame.pixels));
    }
    (fixed, [(header::CONTENT_TYPE, "image/png")], encoded.1.clone()).into_response()
}

async fn tree(State(web): State<Arc<Web>>) -> Response {
    match web.on_screen(elements).await {
        Some(elements) => Json(elements).into_response(),
        None => problem(StatusCode::SERVICE_UNAVAILABLE, "the screens have closed", &[]),
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Touch {
    Label { label: String },
    Point { x: f32, y: f32 },
}

/// The enabled button that a label means: exactly, or the only one that contains it.
fn meant<'a>(elements: &'a [Element], label: &str) -> Option<&'a Element> {
    let mut buttons = elements.iter().filter(|element| element.is_button() && element.enabled);
    if let Some(exact) = buttons.clone().find(|element| element.label == label) {
        return Some(exact);
    }
    let mut near = buttons
        .by_ref()
        .filter(|element| !label.is_empty() && element.label.contains(label));
    near.next().filter(|_| near.next().is_none())
}

async fn touch(State(web): State<Arc<Web>>, body: axum::body::Bytes) -> Response {
    let closed = || problem(StatusCode::SERVICE_UNAVAILABLE, "the screens have closed", &[]);
    let touch = match serde_json::from_slice::<Touch>(&body) {
        Ok(touch) => touch,
        Err(_) => return problem(StatusCode::BAD_REQUEST, r#"give {"label":"…"} or {"x":…,"y":…}"#, &[]),
    };
    let (x, y, label) = match touch {
        Touch::Point { x, y } => (x, y, None),
        Touch::Label { label } => {
            web.patience().await;
            let Some(elements) = web.on_screen(elements).await else {
                return closed();
            };
            match meant(&elements, &label) {
                Some(found) => (
                    found.x + found.width / 2.0,
                    found.y + found.height / 2.0,
                    Some(found.label.clone()),
                ),
                None => {
                    let buttons = elements
                        .into_iter()
                        .filter(|element| element.is_button() && element.enabled);
                    let labels: Vec<String> = buttons.map(|element| element.label).collect();
                    return problem(StatusCode::NOT_FOUND, "no such enabled button on the screen", &labels);
                }
            }
        }
    };
    match web.touch(x, y).await {
        Some(()) => Json(serde_json::json!({"touched": label, "x": x, "y": y, "frame": web.frame()})).into_response(),
        None => closed(),
    }
}
