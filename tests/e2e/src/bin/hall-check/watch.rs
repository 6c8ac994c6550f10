//! Waiting for something to be seen: asks again until it holds or patience ends.

use std::future::Future;
use std::time::{Duration, Instant};

/// How long a thing may take to be seen; generous, because a busy machine is slow and a wrong hall stays wrong.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Asks `look` every 60 ms until it gives something, at most [`PATIENCE`]. The last error says what was missing.
pub async fn until<T, F, Fut>(what: impl Into<String>, mut look: F) -> anyhow::Result<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = anyhow::Result<Option<T>>>,
{
    let (what, began) = (what.into(), Instant::now());
    loop {
        let found = look().await;
        match found {
            Ok(Some(value)) => return Ok(value),
            Err(error) if began.elapsed() > PATIENCE => return Err(error.context(format!("never seen: {what}"))),
            Ok(None) if began.elapsed() > PATIENCE => anyhow::bail!("never seen: {what}"),
            _ => tokio::time::sleep(Duration::from_millis(60)).await,
        }
    }
}
