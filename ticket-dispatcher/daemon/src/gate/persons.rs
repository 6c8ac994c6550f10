//! Questions for persons by their documents: who may ask, how often, and what is written down.
//!
//! A kiosk asks for whoever lays a card down, and a clerk for whoever stands there. Whoever has stolen the one or is
//! too curious as the other could ask for anybody. So nobody asks oftener than people can come, and each answer that
//! was of somebody's ticket is in the audit log: of the ticket, never of the person.

use crate::app::App;
use crate::caller::{Caller, Role};
use crate::gate::{From, Line};
use crate::problem::Failure;
use ticket_dispatcher_protocol::ProblemKind;

/// Refuses who has asked for more people than can have come. The gateway asks for everybody who books from outside, and
/// a tool of the machine can read the file itself.
pub async fn may_ask(app: &App, from: From, caller: &Caller) -> Result<(), Failure> {
    if matches!(caller, Caller::Loopback | Caller::Device(Role::Gateway, _)) {
        return Ok(());
    }
    let (who, now) = (caller.name(), app.clock.stamp().at);
    if let Some(seconds) = app.gate.guesses.asks.silence(&who, now) {
        let detail = "More people were asked for from here than can have come. Tell the hall's manager.";
        return Err(Failure::new(ProblemKind::TooMany, detail).after(seconds));
    }
    if app.gate.guesses.asks.wrong(&who, now) {
        tracing::warn!(%who, "asks for more people than can come; heard again in ten minutes");
        let line = Line::new(from, caller, "person.ask", "");
        app.gate.log(line.refused("more people than can come")).await?;
    }
    Ok(())
}

/// Whether a caller may be told what stands on the slip: its token and check code open the ticket to whoever has them.
/// A kiosk prints the slip again for the person before it; staff need to know that there is a number, and no more.
pub fn prints_slips(caller: &Caller) -> bool {
    matches!(caller, Caller::Loopback | Caller::Device(Role::Kiosk, _))
}

/// Staff looked for somebody. What kiosks find is written down where it leads to something.
pub async fn found_by_staff(app: &App, from: From, caller: &Caller) -> Result<(), Failure> {
    if !matches!(caller, Caller::Staff(_) | Caller::Loopback) {
        return Ok(());
    }
    app.gate.log(Line::new(from, caller, "person.find", "")).await
}
