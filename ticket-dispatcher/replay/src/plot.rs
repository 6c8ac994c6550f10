//! A day in one picture: the queue, the waits, and the forecasts against what happened.
//!
//! Drawn from the trace and its report alone, as a text (SVG), so that anyone gets the same picture from the same day.

use std::collections::BTreeMap;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::report::{Eta, Record, Report};
use crate::trace::{Trace, What};

/// What can go wrong while drawing.
pub type PlotError = DrawingAreaErrorKind<std::io::Error>;

/// Corners of a line: hour of the day and value.
type Corners = Vec<(f64, f64)>;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Width and height of the picture.
const SIZE: (u32, u32) = (960, 1_080);
const FONT: (&str, u32) = ("sans-serif", 15);
const INK: RGBColor = RGBColor(38, 50, 56);
const GOOD: RGBColor = RGBColor(0, 105, 92);
const BAD: RGBColor = RGBColor(198, 40, 40);
const PALE: RGBColor = RGBColor(144, 164, 174);
/// By class in the order appointment, disabled, elderly, normal.
const CLASSES: [(&str, RGBColor); 4] = [
    ("appointment", RGBColor(21, 101, 192)),
    ("disabled", RGBColor(142, 36, 170)),
    ("elderly", RGBColor(239, 108, 0)),
    ("ordinary", RGBColor(69, 90, 100)),
];
/// Waits are averaged over so many minutes of arrival.
const BIN_MIN: i64 = 30;

/// What became of one ticket, times in hours of the day, waits in minutes.
struct Life {
    class: usize,
    issued: f64,
    /// From when its wait counts.
    base: f64,
    called: Option<f64>,
    eta: Option<Eta>,
}

#[allow(clippy::cast_precision_loss)] // times of a day
fn hours(ms: i64) -> f64 {
    ms as f64 / 3_600_000.0
}

/// The picture of a day as SVG.
pub fn plot(trace: &Trace, report: &Report, title: &str) -> Result<String, PlotError> {
    let lives = lives(trace, report);
    let mut svg = String::new();
    {
        let page = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        page.fill(&WHITE)?;
        let page = page.titled(title, ("sans-serif", 22))?;
        let panels = page.split_evenly((3, 1));
        queue(&panels[0], trace, report)?;
        waits(&panels[1], trace, &lives)?;
        forecasts(&panels[2], trace, &lives)?;
        page.present()?;
    }
    Ok(svg)
}

/// By the rules of the format: class and base time from booking and arrival.
fn lives(trace: &Trace, report: &Report) -> Vec<Life> {
    let slots: BTreeMap<_, _> = trace.config.bookings.iter().map(|b| (&b.id, b.slot.0)).collect();
    let grace = trace.config.rules.appt_grace.0;
    let mut lives: BTreeMap<&str, Life> = BTreeMap::new();
    for event in &trace.events {
        let What::Arrive(person) = &event.what else { continue };
        let slot = person.booking.as_ref().and_then(|booking| slots.get(booking));
        let kept = slot.filter(|slot| event.t <= **slot + grace);
        let class = match (kept, person.class) {
            (Some(_), _) => 0,
            (None, ticket_dispatcher_types::Class::Disabled) => 1,
            (None, ticket_dispatcher_types::Class::Elderly) => 2,
            _ => 3,
        };
        let life = Life {
            class,
            issued: hours(event.t),
            base: hours(kept.map_or(event.t, |slot| event.t.max(*slot))),
            called: None,
            eta: None,
        };
        lives.insert(&person.id, life);
    }
    for record in &report.records {
        match record {
            Record::Issue { id, eta, .. } => {
                if let Some(life) = lives.get_mut(id.as_str()) {
                    life.eta = *eta;
                }
            }
            Record::Call { t, id, .. } => {
                if let Some(life) = lives.get_mut(id.as_str()) {
                    life.called = Some(hours(*t));
                }
            }
            _ => {}
        }
    }
    lives.into_values().collect()
}

/// How many wait and how many windows are open, as steps.
fn steps(trace: &Trace, report: &Report) -> (Corners, Corners) {
    let mut moves: Vec<(i64, i64)> = Vec::new();
    for record in &report.records {
        match record {
            Record::Issue { t, .. } => moves.push((*t, 1)),
            Record::Call { t, .. } | Record::Cancel { t, .. } => moves.push((*t, -1)),
            _ => {}
        }
    }
    let mut open = vec![false; trace.speed_pct.len()];
    let mut doors = Vec::new();
    for event in &trace.events {
        let (window, opens) = match &event.what {
            What::Open(window) => (*window, true),
            What::Close(window, _) => (*window, false),
            What::Arrive(_) => continue,
        };
        if open[window] != opens {
            open[window] = opens;
            doors.push((event.t, if opens { 1 } else { -1 }));
        }
    }
    (staircase(&moves), staircase(&doors))
}

/// A running sum as corners of a line; minutes in which nothing changes are left out.
#[allow(clippy::cast_precision_loss)] // counts of a day
fn staircase(moves: &[(i64, i64)]) -> Corners {
    let mut corners = Corners::new();
    let (mut sum, mut at) = (0, 0);
    while at < moves.len() {
        let minute = moves[at].0 / 60_000;
        while at < moves.len() && moves[at].0 / 60_000 == minute {
            sum += moves[at].1;
            at += 1;
        }
        let t = hours((minute + 1) * 60_000);
        if let Some(last) = corners.last().copied() {
            corners.push((t, last.1));
        }
        corners.push((t, sum as f64));
    }
    corners
}

fn queue(area: &Area, trace: &Trace, report: &Report) -> Result<(), PlotError> {
    let (waiting, windows) = steps(trace, report);
    let most = waiting.iter().chain(&windows).map(|(_, n)| *n).fold(5.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption("People waiting, and open windows", FONT)
        .margin(8)
        .x_label_area_size(26)
        .y_label_area_size(44)
        .build_cartesian_2d(day(trace), 0.0..most * 1.08)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_label_formatter(&clock)
        .y_label_formatter(&whole)
        .draw()?;
    let line = chart.draw_series(LineSeries::new(waiting, INK.stroke_width(2)))?;
    line.label("waiting").legend(|(x, y)| stroke(x, y, INK));
    let line = chart.draw_series(LineSeries::new(windows, GOOD.stroke_width(2)))?;
    line.label("open windows").legend(|(x, y)| stroke(x, y, GOOD));
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .border_style(PALE)
        .background_style(WHITE)
        .draw()?;
    Ok(())
}

#[allow(clippy::cast_precision_loss)] // counts of a day
fn waits(area: &Area, trace: &Trace, lives: &[Life]) -> Result<(), PlotError> {
    let bin = BIN_MIN as f64 / 60.0;
    let mut sums: BTreeMap<(usize, i64), (f64, f64)> = BTreeMap::new();
    for life in lives {
        if let Some(called) = life.called {
            #[allow(clippy::cast_possible_truncation)] // half hours of a day
            let place = (life.issued / bin).floor() as i64;
            let (sum, n) = sums.entry((life.class, place)).or_default();
            *sum += ((called - life.base) * 60.0).max(0.0);
            *n += 1.0;
        }
    }
    let most = sums.values().map(|(sum, n)| sum / n).fold(10.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption("Mean wait by half hour of arrival, minutes", FONT)
        .margin(8)
        .x_label_area_size(26)
        .y_label_area_size(44)
        .build_cartesian_2d(day(trace), 0.0..most * 1.08)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_label_formatter(&clock)
        .y_label_formatter(&whole)
        .draw()?;
    for (class, (name, colour)) in CLASSES.into_iter().enumerate() {
        let own = sums.iter().filter(|((of, _), _)| *of == class);
        let points: Vec<(f64, f64)> = own
            .map(|((_, place), (sum, n))| ((*place as f64 + 0.5) * bin, sum / n))
            .collect();
        let line = chart.draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?;
        line.label(name).legend(move |(x, y)| stroke(x, y, colour));
        chart.draw_series(points.into_iter().map(|at| Circle::new(at, 3, colour.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .border_style(PALE)
        .background_style(WHITE)
        .draw()?;
    Ok(())
}

/// A bar from p10 to p90 of what the slip said, and what happened: a dot inside, a triangle outside.
fn forecasts(area: &Area, trace: &Trace, lives: &[Life]) -> Result<(), PlotError> {
    let told = lives.iter().filter_map(|life| {
        let (eta, called) = (life.eta?, life.called?);
        let minutes = [eta.eta_p10_ms, eta.eta_p90_ms].map(|ms| hours(ms) * 60.0);
        Some((life.issued, minutes, (called - life.issued) * 60.0))
    });
    // Where there was something to foresee, as the scorer counts.
    let told: Vec<(f64, [f64; 2], f64)> = told.filter(|(_, said, came)| said[1] > 0.0 || *came > 0.0).collect();
    let most = told
        .iter()
        .map(|(_, said, came)| said[1].max(*came))
        .fold(10.0, f64::max);
    let inside = |(_, said, came): &&(f64, [f64; 2], f64)| said[0] <= *came + 1e-9 && *came <= said[1] + 1e-9;
    let (held, of) = (told.iter().filter(inside).count(), told.len());
    let caption = format!("Told at issue (bar: p10 to p90) and what happened, minutes: {held} of {of} inside");
    let mut chart = ChartBuilder::on(area)
        .caption(caption, FONT)
        .margin(8)
        .x_label_area_size(26)
        .y_label_area_size(44)
        .build_cartesian_2d(day(trace), 0.0..most * 1.08)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_label_formatter(&clock)
        .y_label_formatter(&whole)
        .draw()?;
    chart.draw_series(
        told.iter()
            .map(|(t, said, _)| PathElement::new(vec![(*t, said[0]), (*t, said[1])], PALE)),
    )?;
    let dots = told
        .iter()
        .filter(inside)
        .map(|(t, _, came)| Circle::new((*t, *came), 2, GOOD.filled()));
    let dots = chart.draw_series(dots)?;
    dots.label("inside")
        .legend(|(x, y)| Circle::new((x + 9, y), 3, GOOD.filled()));
    let outside = told.iter().filter(|one| !inside(one));
    let outside = outside.map(|(t, _, came)| TriangleMarker::new((*t, *came), 4, BAD.filled()));
    let outside = chart.draw_series(outside)?;
    outside
        .label("outside")
        .legend(|(x, y)| TriangleMarker::new((x + 9, y), 4, BAD.filled()));
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .border_style(PALE)
        .background_style(WHITE)
        .draw()?;
    Ok(())
}

fn stroke(x: i32, y: i32, colour: RGBColor) -> PathElement<(i32, i32)> {
    PathElement::new(vec![(x, y), (x + 18, y)], colour.stroke_width(2))
}

fn day(trace: &Trace) -> std::ops::Range<f64> {
    hours(trace.open_t) - 0.5..hours(trace.close_t) + 0.25
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the chart's own signature
fn clock(hour: &f64) -> String {
    let minutes = (hour * 60.0).round();
    format!("{:02.0}:{:02.0}", (minutes / 60.0).floor(), minutes % 60.0)
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the chart's own signature
fn whole(value: &f64) -> String {
    format!("{value:.0}")
}
