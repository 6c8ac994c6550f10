//! Between the wire, the devices and the flow, by hand: the flow knows none of the others.

use drivers_id_reader::codec::{CardKind, Date, ValidTo};
use drivers_id_reader::mrz::Mrz;
use drivers_thermal_printer::{NoteSlip, TicketSlip};
use kiosk_flow::{
    Appointment, Call, Card, Catalogue, Day, Group, Lent, LentNumber, LocalText, Note, Service, Slip, StaffReason,
    TempCardRules, Ticket, TicketRequest,
};
use provisioning_config::hall_file::Text;
use ticket_dispatcher_protocol as wire;
use ticket_dispatcher_types::{Cases, CheckCode, Class, DeviceId, DocumentKind, Personal, Wait};

use crate::clock::Clock;

/// A text of a file.
pub fn text(text: &Text) -> LocalText {
    LocalText {
        zh_hans: text.zh_hans.clone(),
        zh_hant: text.zh_hant.clone(),
        en: text.en.clone(),
    }
}

fn wire_text(text: wire::LocalText) -> LocalText {
    LocalText {
        zh_hans: text.zh_hans,
        zh_hant: text.zh_hant,
        en: text.en,
    }
}

/// What a number needs of a card; the rest of it is dropped here.
pub fn card(card: drivers_id_reader::Card) -> Card {
    let document = match card.kind {
        CardKind::ResidentId => DocumentKind::ResidentId,
        CardKind::HmtPermit => DocumentKind::HmtPermit,
        CardKind::Foreigner2017 => DocumentKind::ForeignerPr2017,
        CardKind::Foreigner2023 => DocumentKind::ForeignerPr2023,
    };
    let valid_to = match card.valid_to {
        ValidTo::Day(date) => Some(day(date)),
        // The chip is the authority: what it does not say clearly refuses nobody.
        ValidTo::LongTerm | ValidTo::Unreadable => None,
    };
    Card {
        document,
        number: card.number,
        name: card.name,
        birth: card.birth,
        valid_to,
    }
}

/// What a number needs of a passport. Numbers of two states may be the same, so the issuer goes before the number, with
/// the filler between that stands for nothing in the zone.
pub fn passport(zone: Mrz) -> Card {
    let digits = |date: Option<Date>| Personal::new(date.map(|date| date.to_string()).unwrap_or_default());
    let name = format!("{} {}", zone.surname.expose(), zone.given.expose());
    Card {
        document: DocumentKind::Passport,
        number: Personal::new(format!("{}<{}", zone.issuer, zone.number.expose())),
        name: Personal::new(name.trim()),
        birth: digits(zone.birth),
        valid_to: zone.expiry.map(day),
    }
}

fn day(date: Date) -> Day {
    Day {
        year: i16::try_from(date.year()).unwrap_or(i16::MAX),
        month: date.month(),
        day: date.day(),
    }
}

/// The person as sent, and as sealed until then.
pub fn holder(card: Card) -> wire::Holder {
    wire::Holder {
        document: card.document,
        number: card.number,
        name: card.name,
        birth: card.birth,
    }
}

/// The request as sent.
pub fn request(request: TicketRequest, device: &DeviceId) -> wire::TakeTicket {
    wire::TakeTicket {
        services: request.services,
        holder: Some(holder(request.holder)),
        class: (request.class != Class::Normal).then_some(request.class),
        booking: request.appointment.map(|a| a.id),
        cases: (request.cases != Cases::ONE).then_some(request.cases),
        device: Some(device.clone()),
    }
}

/// A ticket that was just issued.
pub fn issued(ticket: wire::TicketIssued, slot: Option<String>, clock: &Clock) -> Ticket {
    Ticket {
        id: ticket.id,
        number: ticket.number,
        check_code: ticket.check_code.to_string(),
        services: ticket.services,
        people_ahead: ticket.people_ahead,
        wait: Wait::from_secs(ticket.wait_p10_s.zip(ticket.wait_p90_s)),
        windows: ticket.windows.iter().cloned().map(wire_text).collect(),
        lookup_url: ticket.lookup_url,
        taken_at: clock.local_text(&ticket.issued_at),
        called_to: None,
        masked_name: ticket.masked_name,
        cases: ticket.cases,
        // Who came too late has an ordinary number.
        appointment: slot.filter(|_| ticket.class == Class::Appt),
        returned: ticket.returned,
        offline: false,
    }
}

/// The question for the appointments of a card.
pub fn question(holder: Card) -> wire::FindBookings {
    wire::FindBookings {
        holder: self::holder(holder),
    }
}

/// The appointments of a card.
pub fn appointments(found: wire::FoundBookings) -> Vec<Appointment> {
    let times = found.today.into_iter().map(|b| {
        Some(Appointment {
            check_in_from: minute(&b.check_in_from)?,
            check_in_until: minute(&b.check_in_until)?,
            slot: format!("{}–{}", b.slot, b.until),
            id: b.id,
            service: b.service,
        })
    });
    times.flatten().collect()
}

/// The open ticket of somebody who asked again.
pub fn held(ticket: wire::HeldTicket, clock: &Clock) -> Ticket {
    Ticket {
        id: ticket.id,
        number: ticket.number,
        check_code: ticket.check_code.unwrap_or_default(),
        services: ticket.services,
        people_ahead: ticket.people_ahead,
        wait: wire::WaitRange::minutes(ticket.wait),
        windows: Vec::new(),
        lookup_url: ticket.lookup_url.unwrap_or_default(),
        taken_at: clock.local_text(&ticket.issued_at),
        called_to: ticket.window_name.map(wire_text),
        masked_name: ticket.masked_name,
        cases: ticket.cases,
        appointment: ticket.slot.map(|slot| format!("{}–{}", slot.from, slot.to)),
        returned: false,
        offline: false,
    }
}

/// What staff are called for.
pub fn staff_reason(reason: StaffReason) -> wire::StaffCallReason {
    match reason {
        StaffReason::Asked => wire::StaffCallReason::Asked,
        StaffReason::Maker => wire::StaffCallReason::Maker,
        StaffReason::Priority => wire::StaffCallReason::Priority,
        StaffReason::CardLeft => wire::StaffCallReason::CardLeft,
        StaffReason::Printer => wire::StaffCallReason::Printer,
        StaffReason::CaseOpened => wire::StaffCallReason::CaseOpened,
        StaffReason::PaperRefilled => wire::StaffCallReason::PaperRefilled,
    }
}

/// The numbers that this kiosk may give out alone.
pub fn lent(lent: wire::Lent) -> Lent {
    let numbers = lent.numbers.into_iter().map(|one| LentNumber {
        group: one.group,
        number: one.number,
        id: one.id,
        check_code: one.check_code,
        lookup_url: one.lookup_url,
    });
    Lent {
        day: Day::parse(&lent.day.replace('-', "")),
        numbers: numbers.collect(),
    }
}

/// The catalogue.
pub fn catalogue(services: wire::Services) -> Catalogue {
    Catalogue {
        hall_name: wire_text(services.hall.name),
        hall_phone: services.hall.phone,
        issuing: services.issuing,
        hours: services
            .hours
            .iter()
            .filter_map(|h| Some((minute(&h.from)?, minute(&h.to)?)))
            .collect(),
        matters_max: services.matters_max,
        agent_cases_max: services.agent_cases_max,
        elder_age: services.elder_age,
        priority_age: services.priority_age,
        groups: services.groups.into_iter().map(group).collect(),
        services: services.services.into_iter().map(service).collect(),
        guidance: services.guidance,
        temp_card: TempCardRules {
            face: services.temporary_card.face,
            fee_fen: services.temporary_card.fee_fen,
        },
    }
}

fn group(group: wire::ServiceGroup) -> Group {
    Group {
        id: group.id,
        name: wire_text(group.name),
        waiting: group.waiting,
        wait: wire::WaitRange::minutes(group.wait),
    }
}

fn service(service: wire::ServiceView) -> Service {
    Service {
        id: service.id,
        group: service.group,
        name: wire_text(service.name),
        keywords: service.keywords,
        pinyin_initials: service.pinyin_initials,
        materials: service.materials.into_iter().map(wire_text).collect(),
        people_ahead: service.waiting,
        wait: wire::WaitRange::minutes(service.wait),
        windows: service.windows.into_iter().map(wire_text).collect(),
        available: service.available,
    }
}

/// `08:30` as minutes of the day.
fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 24 && minutes < 60).then_some(hours * 60 + minutes)
}

/// The last calls that still stand at their windows, newest first, with the names of the windows. A number that has
/// been finished or missed is no longer "now serving".
pub fn calls(hall: &wire::HallSnapshot) -> Vec<Call> {
    let name = |call: &wire::CallView| {
        let window = hall.windows.iter().find(|w| w.id == call.window);
        window.map(|w| wire_text(w.name.clone())).unwrap_or_default()
    };
    let stands = |call: &wire::CallView| {
        let window = hall.windows.iter().find(|w| w.id == call.window);
        window.is_some_and(|w| w.number == Some(call.number))
    };
    let shown = hall.calls.iter().filter(|call| stands(call)).take(4);
    shown
        .map(|call| Call {
            number: call.number,
            window: name(call),
        })
        .collect()
}

/// The slip as the printer lays it out.
pub fn slip(slip: Slip, reprint: bool) -> TicketSlip {
    TicketSlip {
        lang: slip.lang,
        hall: slip.hall_name,
        services: slip.services,
        in_order: slip.in_order,
        number: slip.number,
        masked_name: slip.masked_name,
        cases: slip.cases,
        // The printer's own characters have no en dash.
        appointment: slip.appointment.map(|slot| slot.replace('–', "-")),
        people_ahead: slip.people_ahead,
        wait: slip.wait,
        windows: slip.windows,
        check_code: CheckCode::try_from(slip.check_code).unwrap_or_else(|_| CheckCode::from_random(0)),
        lookup_url: slip.lookup_url,
        issued_at: slip.taken_at,
        phone: slip.hall_phone,
        reprint,
        returned: slip.returned,
        offline: slip.offline,
    }
}

/// The slip of a making job as the printer lays it out.
pub fn note(note: Note) -> NoteSlip {
    NoteSlip {
        lang: note.lang,
        hall: note.hall_name,
        phone: note.hall_phone,
        job: note.job,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_minutes_of_the_day() {
        assert_eq!(minute("08:30"), Some(510));
        assert_eq!(minute("24:00"), Some(1440));
        for bad in ["", "8", "08:60", "25:00", "ab:cd"] {
            assert_eq!(minute(bad), None, "{bad}");
        }
    }
}
