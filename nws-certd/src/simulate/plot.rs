//! The course of a simulation as a picture: orders, what is left at renewals, the budget.

use plotters::coord::Shift;
use plotters::prelude::{
    BLACK, ChartBuilder, Color as _, DrawingArea, DrawingAreaErrorKind, IntoDrawingArea as _,
    IntoFont as _, LineSeries, RGBColor, SVGBackend, WHITE,
};
use time::{Duration, OffsetDateTime};

use super::summary::number;
use super::tally::{Bin, Series};

const SIZE: (u32, u32) = (960, 760);
const FONT: &str = "sans-serif";
const BLUE: RGBColor = RGBColor(31, 97, 180);
const GREEN: RGBColor = RGBColor(28, 125, 60);
const ORANGE: RGBColor = RGBColor(200, 95, 10);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type PlotError = DrawingAreaErrorKind<std::io::Error>;

/// One of the pictures, one above the other.
struct Panel {
    heading: &'static str,
    unit: &'static str,
    colour: RGBColor,
    /// The top of the scale, if it is not the highest value.
    top: Option<f64>,
    /// The values, by the day.
    values: Vec<(f64, f64)>,
}

/// Draws what happened, as SVG.
pub(super) fn svg(title: &str, series: &Series) -> Result<String, PlotError> {
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let body = titled(&root, title)?;
        let panels = panels(series);
        for (area, panel) in body.split_evenly((panels.len(), 1)).iter().zip(&panels) {
            draw(area, panel, series)?;
        }
        root.present()?;
    }
    Ok(text)
}

/// A title that is too long for one line is written in two.
fn titled<'a>(root: &Area<'a>, title: &str) -> Result<Area<'a>, PlotError> {
    let (first, rest) = title.split_once("; ").unwrap_or((title, ""));
    let body = root.titled(first, (FONT, 20).into_font())?;
    body.titled(rest, (FONT, 13).into_font())
}

fn panels(series: &Series) -> [Panel; 3] {
    let per_hour = series.step() / Duration::HOUR;
    [
        Panel {
            heading: "orders",
            unit: "an hour",
            colour: BLUE,
            top: None,
            values: values(series, |bin| Some(f64::from(bin.orders) / per_hour)),
        },
        Panel {
            heading: "least left of a lifetime at a renewal",
            unit: "%",
            colour: GREEN,
            top: Some(60.0),
            values: values(series, |bin| bin.least_part.map(|part| part * 100.0)),
        },
        Panel {
            heading: "budget of new orders, most used",
            unit: "%",
            colour: ORANGE,
            top: Some(100.0),
            values: values(series, |bin| Some(bin.used * 100.0)),
        },
    ]
}

/// By the day in the middle of each bin.
fn values(series: &Series, value: impl Fn(&Bin) -> Option<f64>) -> Vec<(f64, f64)> {
    let step = series.step() / Duration::DAY;
    let days = (0u32..).map(|place| (f64::from(place) + 0.5) * step);
    let each = days.zip(series.bins());
    each.filter_map(|(day, bin)| Some((day, value(bin)?))).collect()
}

fn draw(area: &Area<'_>, panel: &Panel, series: &Series) -> Result<(), PlotError> {
    let length = series.step() / Duration::DAY
        * f64::from(u32::try_from(series.bins().len()).unwrap_or(u32::MAX));
    let highest = panel.values.iter().map(|(_, value)| *value).fold(1.0, f64::max);
    let top = panel.top.map_or(highest * 1.1, |top| top.max(highest * 1.02));
    let mut chart = ChartBuilder::on(area)
        .caption(format!("{} ({})", panel.heading, panel.unit), (FONT, 15).into_font())
        .margin(6)
        .margin_right(40)
        .x_label_area_size(26)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..length, 0.0..top)?;
    let begins = series.begins();
    chart
        .configure_mesh()
        .x_labels(9)
        .y_labels(5)
        .x_label_formatter(&|day| date(begins, *day, length))
        .y_label_formatter(&|value| number(format!("{value:.0}")))
        .bold_line_style(BLACK.mix(0.12))
        .light_line_style(WHITE)
        .label_style((FONT, 12))
        .draw()?;
    for run in runs(&panel.values, series) {
        chart.draw_series(LineSeries::new(run.iter().copied(), &panel.colour))?;
    }
    Ok(())
}

/// Values that a line is drawn through: no line tells of a long time that has none.
fn runs<'a>(values: &'a [(f64, f64)], series: &Series) -> impl Iterator<Item = &'a [(f64, f64)]> {
    const GAP: i32 = 8;
    let gap = series.step() * GAP / Duration::DAY;
    values.chunk_by(move |(day, _), (next, _)| next - day < gap)
}

/// The date after so many days; with the hour where the whole is short.
fn date(begins: OffsetDateTime, day: f64, length: f64) -> String {
    let at = begins + Duration::DAY * day;
    if length < 9.0 { format!("{} {:02}h", at.date(), at.hour()) } else { at.date().to_string() }
}
