//! The open ticket of somebody who asked for another one, told again to whoever stands before them.

use provisioning_config::hall_file::clock;
use ticket_dispatcher_identity::check_code;
use ticket_dispatcher_protocol::{HeldTicket, KeptSlot, ProblemKind};
use ticket_dispatcher_queue_core::{Engine, Ticket};
use ticket_dispatcher_types::{Class, TicketId, TicketState};

use crate::app::App;
use crate::caller::Caller;
use crate::clock::rfc3339;
use crate::gate::persons::prints_slips;
use crate::gate::{From, Line};
use crate::problem::Failure;
use crate::refresh;

/// That this person holds a ticket, and which; written down, because it was asked by a document.
pub async fn already_holds(app: &App, from: From, caller: &Caller, id: TicketId) -> Result<Failure, Failure> {
    app.gate
        .log(Line::new(from, caller, "ticket.tell-again", id.to_string()))
        .await?;
    let slip = prints_slips(caller);
    let waits = refresh::waits(app, Some(id)).await?;
    let picture = app.view.read();
    let (Some(ticket), Some(note)) = (picture.ticket(id), picture.note(id)) else {
        let what = "This person already holds a ticket.";
        return Ok(Failure::new(ProblemKind::WrongState, what));
    };
    let at_window = matches!(
        ticket.state,
        TicketState::Called | TicketState::Serving | TicketState::Held
    );
    Ok(Failure::already_holds(HeldTicket {
        id,
        number: ticket.number,
        services: ticket.services.clone(),
        state: ticket.state,
        people_ahead: picture.engine.people_ahead_at(app.clock.stamp().now, id),
        wait: waits.of(ticket),
        window_name: ticket
            .window
            .as_ref()
            .filter(|_| at_window)
            .map(|w| app.hall.window_sign(w)),
        lookup_url: slip.then(|| app.lookup_url(id)),
        check_code: slip.then(|| check_code(app.crypto.as_ref(), id).to_string()),
        issued_at: rfc3339(note.issued_at),
        masked_name: note.mask.clone().filter(|_| app.hall.file.rules.print_masked_name),
        cases: ticket.cases,
        slot: kept_slot(app, &picture.engine, ticket),
    }))
}

/// The slot of the appointment that a ticket keeps; none for one that came too late.
fn kept_slot(app: &App, engine: &Engine, ticket: &Ticket) -> Option<KeptSlot> {
    let booking = ticket.booking.as_ref().filter(|_| ticket.class == Class::Appt)?;
    let slot = engine.booking(booking)?.slot;
    Some(KeptSlot {
        from: clock(slot),
        to: clock(slot + app.hall.config.booking.slot),
    })
}
