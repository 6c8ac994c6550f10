//! Puts a model on the screens: every property is set from it, so that nothing of the person before stays behind.

use crate::screens as ui;
use crate::screens::{App, Theme, View};
use qrcode::{EcLevel, QrCode};
use slint::{ComponentHandle, Image, Model as _, ModelRc, Rgb8Pixel, SharedPixelBuffer, SharedString, VecModel};
use ticket_dispatcher_types::Lang;
use ticket_dispatcher_types::wait::{ahead_in_words, in_order_in_words, place_in_words, queue_in_words, wait_in_words};
use ui_model::{
    CardTrouble, CatalogueGroup, CatalogueService, ChosenMatter, Function, FunctionState, Model, PaperState, Punctual,
    ReadingStep, Screen, TakeCardUrgency, TempCard, TicketShown, Trouble, Wait,
};

/// White modules around a QR picture; the box it stands in adds the rest.
const QR_QUIET: usize = 2;

/// Shows a model.
pub fn show(app: &App, model: &Model) {
    let (view, theme) = (app.global::<View>(), app.global::<Theme>());
    select(model.lang);
    theme.set_elder(model.elder);
    theme.set_low_reach(model.low_reach);
    theme.set_latin(model.lang == Lang::En);
    view.set_tongue(match model.lang {
        Lang::ZhHans => ui::Tongue::ZhHans,
        Lang::ZhHant => ui::Tongue::ZhHant,
        Lang::En => ui::Tongue::En,
    });
    view.set_hall_name(text(&model.hall_name));
    view.set_kiosk_name(text(&model.kiosk_name));
    view.set_hall_phone(text(&model.hall_phone));
    view.set_clock(text(&model.clock));
    let calls = model.strip.calls.iter().take(4);
    let calls = calls.map(|call| ui::Call {
        number: call.number.to_string().into(),
        window: text(&call.window),
    });
    view.set_calls(list(&view.get_calls(), calls, |_, _| true));
    view.set_stale_s(model.strip.stale_s.map_or(-1, whole));
    view.set_time_left_s(model.time_left_s.map_or(-1, i32::from));
    view.set_staff_called(model.staff_called);
    view.set_offline(model.offline);
    view.set_making_out(model.making.is_some_and(|making| making.out));
    view.set_making_strip(model.making.map_or(-1, |making| i32::from(making.left_s)));
    wipe(&view);
    forget_lists(&view, Some(&model.screen));
    let page = show_screen(&view, &model.screen, model.lang);
    if view.get_page() != page {
        view.set_visit(view.get_visit().wrapping_add(1));
    }
    view.set_page(page);
}

/// Shows that the kiosk is away, with nothing of anybody left.
pub fn show_disconnected(app: &App) {
    let view = app.global::<View>();
    wipe(&view);
    forget_lists(&view, None);
    view.set_calls(ModelRc::default());
    view.set_time_left_s(-1);
    view.set_page(ui::Page::Disconnected);
}

/// The languages of `lang/`; simplified Chinese stands in the screens themselves.
pub fn select(lang: Lang) {
    let code = match lang {
        Lang::ZhHans => "",
        Lang::ZhHant => "zh_Hant",
        Lang::En => "en",
    };
    if let Err(error) = slint::select_bundled_translation(code) {
        tracing::error!(%error, code, "language not bundled");
    }
}

/// Empties everything that belongs to one screen.
fn wipe(view: &View) {
    view.set_closed(false);
    view.set_numbers_down(false);
    view.set_reader_down(false);
    view.set_printer_down(false);
    view.set_elsewhere("".into());
    view.set_opening_hours("".into());
    view.set_greeting("".into());
    view.set_chosen(0);
    view.set_guidance(false);
    view.set_group_name("".into());
    view.set_queue(SharedString::default());
    view.set_search_text("".into());
    view.set_matters_line("".into());
    view.set_materials_qr(Image::default());
    view.set_has_materials_qr(false);
    view.set_agent(false);
    view.set_cases(1);
    view.set_priority(false);
    view.set_card_present(false);
    view.set_ticket(ui::TicketView::default());
    view.set_called_to("".into());
    view.set_taken_at("".into());
    view.set_slot("".into());
    view.set_early(false);
    view.set_late(false);
    view.set_reprint(false);
    crate::making::wipe(view);
}

/// Empties the lists that `screen` does not show. A list that it does show stays, see [`list`].
fn forget_lists(view: &View, screen: Option<&Screen>) {
    if !matches!(screen, Some(Screen::Confirm { .. })) {
        view.set_matters(ModelRc::default());
        view.set_papers(ModelRc::default());
    }
    if !matches!(
        screen,
        Some(Screen::Groups { .. } | Screen::Services { .. } | Screen::Search { .. })
    ) {
        view.set_entries(ModelRc::default());
    }
}

fn show_screen(view: &View, screen: &Screen, lang: Lang) -> ui::Page {
    match screen {
        Screen::Attract {
            down,
            elsewhere,
            closed,
            opening_hours,
            temp_card,
        } => {
            troubles(view, down);
            view.set_temp_card(match temp_card {
                TempCard::Absent => ui::TempCardKind::Absent,
                TempCard::Ready => ui::TempCardKind::Ready,
                TempCard::Down => ui::TempCardKind::Down,
            });
            view.set_closed(*closed);
            view.set_elsewhere(text(elsewhere));
            view.set_opening_hours(text(opening_hours));
            ui::Page::Attract
        }
        Screen::Groups {
            groups,
            greeting,
            chosen,
            guidance,
        } => {
            entries(view, groups.iter().map(|one| group(one, lang)));
            view.set_greeting(greeting.as_deref().map(text).unwrap_or_default());
            view.set_chosen(i32::from(*chosen));
            view.set_guidance(*guidance);
            ui::Page::Groups
        }
        Screen::Services {
            group_name,
            waiting,
            wait,
            services,
        } => {
            view.set_group_name(text(group_name));
            view.set_queue(queue_in_words(lang, *waiting, *wait).into());
            entries(view, services.iter().map(|one| service(one, false)));
            ui::Page::Services
        }
        Screen::Search { text: typed, results } => {
            view.set_search_text(typed.to_uppercase().into());
            entries(view, results.iter().map(|one| service(one, true)));
            ui::Page::Search
        }
        Screen::Confirm { .. } => show_confirm(view, screen, lang),
        Screen::PresentCard { matters, priority } => {
            view.set_matters_line(joined(matters, lang));
            view.set_priority(*priority);
            ui::Page::PresentCard
        }
        Screen::Reading { step } => {
            view.set_step_reading(*step == ReadingStep::Reading);
            ui::Page::Reading
        }
        Screen::CardProblem { trouble, card_present } => {
            view.set_card_trouble(card_trouble(*trouble));
            view.set_card_present(*card_present);
            ui::Page::CardProblem
        }
        Screen::TakeCard { urgency } => {
            view.set_loud(*urgency == TakeCardUrgency::Loud);
            ui::Page::TakeCard
        }
        Screen::CheckIn {
            service,
            slot,
            punctual,
        } => {
            view.set_matters_line(text(service));
            view.set_slot(text(slot));
            view.set_early(*punctual == Punctual::Early);
            view.set_late(*punctual == Punctual::Late);
            ui::Page::CheckIn
        }
        Screen::Making { making } => crate::making::show(view, making),
        Screen::PriorityOffer { kind: _ } => ui::Page::PriorityOffer,
        Screen::Issuing { waited_s } => {
            view.set_waited_s(i32::from(*waited_s));
            ui::Page::Issuing
        }
        Screen::AlreadyHolds { held } => {
            view.set_ticket(ticket(&held.ticket, lang));
            view.set_called_to(held.called_to.as_deref().map(text).unwrap_or_default());
            view.set_taken_at(text(&held.taken_at));
            view.set_can_reprint(held.can_reprint);
            ui::Page::AlreadyHolds
        }
        Screen::Ticket {
            ticket: shown,
            paper,
            reprint,
        } => {
            view.set_ticket(ticket(shown, lang));
            view.set_paper(paper_kind(*paper));
            view.set_reprint(*reprint);
            ui::Page::Ticket
        }
        Screen::Failed { trouble, elsewhere } => {
            view.set_trouble(trouble_kind(*trouble));
            view.set_elsewhere(text(elsewhere));
            ui::Page::Failed
        }
        Screen::NoCard { elsewhere } => {
            view.set_elsewhere(text(elsewhere));
            ui::Page::NoCard
        }
        Screen::Privacy => ui::Page::Privacy,
        Screen::Ended { cancelled_ticket } => {
            view.set_cancelled_ticket(*cancelled_ticket);
            ui::Page::Ended
        }
    }
}

fn show_confirm(view: &View, screen: &Screen, lang: Lang) -> ui::Page {
    if let Screen::Confirm {
        matters,
        in_order,
        can_add,
        people_ahead,
        wait,
        materials_url,
        agent,
        cases,
        cases_max,
        past_closing,
        card_read,
        priority,
        paper,
    } = screen
    {
        let names: Vec<String> = matters.iter().map(|matter| matter.name.clone()).collect();
        view.set_matters_line(joined(&names, lang));
        // Matters that may need different windows are listed as what is done first and what then.
        let told = if *in_order {
            in_order_in_words(lang, &names)
        } else {
            names
        };
        let chosen = matters.iter().zip(told).map(|(matter, name)| ui::Matter {
            id: matter.id.as_str().into(),
            name: name.into(),
        });
        view.set_matters(list(&view.get_matters(), chosen, |a, b| a.id == b.id));
        view.set_papers(list(&view.get_papers(), papers(matters).into_iter(), |_, _| true));
        view.set_can_add(*can_add);
        view.set_queue(place_in_words(lang, *people_ahead, *wait).into());
        if let Some(picture) = qr(materials_url) {
            view.set_materials_qr(picture);
            view.set_has_materials_qr(true);
        }
        view.set_agent(*agent);
        view.set_cases(i32::from(cases.get()));
        view.set_cases_max(i32::from(*cases_max));
        view.set_past_closing(*past_closing);
        view.set_card_read(*card_read);
        view.set_priority(*priority);
        view.set_paper_works(*paper);
    }
    ui::Page::Confirm
}

/// The papers of all matters, each once, in the order they come.
fn papers(matters: &[ChosenMatter]) -> Vec<SharedString> {
    let mut all: Vec<SharedString> = Vec::new();
    for paper in matters.iter().flat_map(|matter| &matter.materials) {
        if !all.iter().any(|known| known.as_str() == paper) {
            all.push(text(paper));
        }
    }
    all
}

fn troubles(view: &View, down: &[FunctionState]) {
    for state in down {
        let trouble = trouble_kind(state.trouble);
        match state.function {
            Function::TakeNumber => {
                view.set_numbers_down(true);
                view.set_numbers_trouble(trouble);
            }
            Function::ReadCard => {
                view.set_reader_down(true);
                view.set_reader_trouble(trouble);
            }
            Function::Print => {
                view.set_printer_down(true);
                view.set_printer_trouble(trouble);
            }
        }
    }
}

fn group(group: &CatalogueGroup, lang: Lang) -> ui::Entry {
    ui::Entry {
        id: group.id.as_str().into(),
        name: text(&group.name),
        detail: SharedString::default(),
        counted: true,
        queue: queue_in_words(lang, group.waiting, group.wait).into(),
        available: group.available,
    }
}

fn service(service: &CatalogueService, with_group: bool) -> ui::Entry {
    ui::Entry {
        id: service.id.as_str().into(),
        name: text(&service.name),
        detail: if with_group {
            text(&service.group_name)
        } else {
            SharedString::default()
        },
        available: service.available,
        ..ui::Entry::default()
    }
}

fn ticket(ticket: &TicketShown, lang: Lang) -> ui::TicketView {
    let picture = qr(&ticket.lookup_url);
    ui::TicketView {
        number: ticket.number.to_string().into(),
        check_code: text(&ticket.check_code),
        services: if ticket.in_order {
            joined(&in_order_in_words(lang, &ticket.services), lang)
        } else {
            joined(&ticket.services, lang)
        },
        ahead: ahead_in_words(lang, ticket.people_ahead, ticket.wait).into(),
        wait: if ticket.people_ahead == 0 && ticket.wait.is_some_and(Wait::is_now) {
            // "You are next" says it.
            SharedString::default()
        } else {
            wait_in_words(lang, ticket.wait).into()
        },
        returned: ticket.returned,
        offline: ticket.offline,
        windows: joined(&ticket.windows, lang),
        slot: ticket.appointment.as_deref().map(text).unwrap_or_default(),
        has_qr: picture.is_some(),
        qr: picture.unwrap_or_default(),
    }
}

fn card_trouble(trouble: CardTrouble) -> ui::CardTroubleKind {
    match trouble {
        CardTrouble::TryAgain => ui::CardTroubleKind::TryAgain,
        CardTrouble::NotReadable => ui::CardTroubleKind::NotReadable,
        CardTrouble::Expired => ui::CardTroubleKind::Expired,
        CardTrouble::Child => ui::CardTroubleKind::Child,
    }
}

fn paper_kind(paper: PaperState) -> ui::PaperKind {
    match paper {
        PaperState::Printing => ui::PaperKind::Printing,
        PaperState::Printed => ui::PaperKind::Printed,
        PaperState::NotTaken => ui::PaperKind::NotTaken,
        PaperState::Interrupted => ui::PaperKind::Interrupted,
        PaperState::Queued => ui::PaperKind::Queued,
        PaperState::None => ui::PaperKind::None,
    }
}

fn trouble_kind(trouble: Trouble) -> ui::TroubleKind {
    match trouble {
        Trouble::DispatcherAway => ui::TroubleKind::DispatcherAway,
        Trouble::LedgerAway => ui::TroubleKind::LedgerAway,
        Trouble::ReaderAway => ui::TroubleKind::ReaderAway,
        Trouble::PrinterAway => ui::TroubleKind::PrinterAway,
        Trouble::PaperOut => ui::TroubleKind::PaperOut,
        Trouble::CoverOpen => ui::TroubleKind::CoverOpen,
        Trouble::PrinterFault => ui::TroubleKind::PrinterFault,
        Trouble::OutsideHours => ui::TroubleKind::OutsideHours,
        Trouble::LastNumberGone => ui::TroubleKind::LastNumberGone,
        Trouble::AppointmentGone => ui::TroubleKind::AppointmentGone,
        Trouble::NotGivenHere => ui::TroubleKind::NotGivenHere,
        Trouble::NotRegistered => ui::TroubleKind::NotRegistered,
        Trouble::NotGivenBack => ui::TroubleKind::NotGivenBack,
    }
}

/// The QR of a text as black and white modules, one pixel each; none when there is no text or too much of it.
pub fn qr(content: &str) -> Option<Image> {
    if content.is_empty() {
        return None;
    }
    let code = QrCode::with_error_correction_level(content, EcLevel::M).ok()?;
    let side = code.width() + 2 * QR_QUIET;
    let mut pixels = vec![Rgb8Pixel::new(255, 255, 255); side * side];
    for (index, color) in code.to_colors().into_iter().enumerate() {
        if color == qrcode::Color::Dark {
            let (row, column) = (index / code.width() + QR_QUIET, index % code.width() + QR_QUIET);
            pixels[row * side + column] = Rgb8Pixel::new(0, 0, 0);
        }
    }
    let side = u32::try_from(side).ok()?;
    let bytes: Vec<u8> = pixels.iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b]).collect();
    Some(Image::from_rgb8(SharedPixelBuffer::clone_from_slice(
        &bytes, side, side,
    )))
}

fn joined(parts: &[String], lang: Lang) -> SharedString {
    let between = if lang == Lang::En { ", " } else { "、" };
    parts.join(between).into()
}

fn text(text: impl AsRef<str>) -> SharedString {
    text.as_ref().into()
}

fn whole(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn entries(view: &View, items: impl Iterator<Item = ui::Entry>) {
    view.set_entries(list(&view.get_entries(), items, |a, b| a.id == b.id));
}

/// The list `shown` with these rows. While the rows are about the same things it stays and its rows change in place:
/// a list that is replaced makes its buttons anew, and a finger that lies on one at that moment presses nothing.
fn list<T: Clone + PartialEq + 'static>(
    shown: &ModelRc<T>,
    rows: impl Iterator<Item = T>,
    same: impl Fn(&T, &T) -> bool,
) -> ModelRc<T> {
    let rows: Vec<T> = rows.collect();
    let before: Vec<T> = shown.iter().collect();
    if before.len() != rows.len() || !before.iter().zip(&rows).all(|(a, b)| same(a, b)) || rows.is_empty() {
        return ModelRc::new(VecModel::from(rows));
    }
    for (index, (old, new)) in before.into_iter().zip(rows).enumerate() {
        if old != new {
            shown.set_row_data(index, new);
        }
    }
    shown.clone()
}
