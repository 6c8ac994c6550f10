//! From the engine's forecast to what people are told. How it is rounded and worded stands in `types::wait`.

use ticket_dispatcher_protocol::{LocalText, WaitRange};
use ticket_dispatcher_queue_core::Forecast;
use ticket_dispatcher_types::{Lang, wait};

/// Rounded outwards to what people use.
pub fn as_told(forecast: Forecast) -> WaitRange {
    let (p10_s, p50_s, p90_s) = wait::rounded(forecast.p10.0, forecast.p50.0, forecast.p90.0);
    WaitRange { p10_s, p50_s, p90_s }
}

/// A text in the three languages.
pub fn in_all(text: impl Fn(Lang) -> String) -> LocalText {
    LocalText {
        zh_hans: text(Lang::ZhHans),
        zh_hant: text(Lang::ZhHant),
        en: text(Lang::En),
    }
}
