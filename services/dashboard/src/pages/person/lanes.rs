//! The picture: a lane for each service over one axis of time, bars for what lasts and dots for what happened, and a line through all lanes where
//! something was found.
//!
//! Invariant: pure and of the entries alone; everything in it is reached by its link into the list, so for those who do not see it the list is enough.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use maud::{Markup, PreEscaped, html};
use proto::timeline::Entry;

use crate::shown::{self, Found, SERVICES};

/// Units of the picture: about pixels on a wide screen.
const WIDTH: f64 = 1_200.0;
const GUTTER: f64 = 150.0;
const EDGE: f64 = 16.0;
const ROW: f64 = 22.0;
const BAR: f64 = 17.0;
const PAD: f64 = 9.0;
const AXIS: f64 = 30.0;
/// A bar is never thinner than it can be seen.
const THIN: f64 = 5.0;
/// Dots nearer than this are one dot with a number.
const NEAR: f64 = 11.0;
/// About the width of a letter in a bar.
const LETTER: f64 = 6.3;
/// No lane has more rows; what finds none is a dot where it begins.
const ROWS: usize = 16;
/// Lines told of a dot that stands for several.
const TOLD: usize = 8;

struct Mark<'a> {
    entry: &'a Entry,
    from: f64,
    /// Where it ends, for what lasts.
    to: Option<f64>,
    /// How many lie here that say the same.
    times: usize,
}

impl Mark<'_> {
    fn is_like(&self, other: &Self) -> bool {
        let near = |one: f64, other: f64| (one - other).abs() < NEAR;
        let ends = near(self.to.unwrap_or(self.from), other.to.unwrap_or(other.from));
        near(self.from, other.from) && ends && self.entry.line == other.entry.line
    }
}

/// The time shown, and where it lies.
struct Axis {
    first: i64,
    last: i64,
}

impl Axis {
    /// Around everything that the entries say, and now where something is still open.
    fn around(entries: &[Entry], now: Timestamp) -> Option<Self> {
        let times = entries.iter().flat_map(|entry| [shown::when(&entry.start), shown::when(&entry.end)]);
        let open = entries.iter().any(|entry| entry.open).then_some(now.as_second());
        let times: Vec<i64> = times.flatten().map(|when| when.at.as_second()).chain(open).collect();
        let (first, last) = (*times.iter().min()?, *times.iter().max()?);
        let air = ((last - first) / 60).max(43_200);
        Some(Self { first: first - air, last: last + air })
    }

    fn x(&self, second: i64) -> f64 {
        let part = (second - self.first) as f64 / (self.last - self.first).max(1) as f64;
        GUTTER + part * (WIDTH - GUTTER - EDGE)
    }

    /// Where the axis is marked, and how: days, weeks, months or years, so that there are a dozen or so.
    fn ticks(&self) -> Vec<(f64, String)> {
        let day = |second: i64| {
            Timestamp::from_second(second).map_or(date(1970, 1, 1), |at| at.to_zoned(TimeZone::UTC).date())
        };
        let (first, last) = (day(self.first), day(self.last));
        let days = (self.last - self.first) / 86_400;
        let every =
            |days: i64| (0..).map_while(move |i| first.checked_add(jiff::Span::new().days(i * days)).ok());
        let months = |months: i32| {
            let start = first.first_of_month();
            (0..).map_while(move |i| start.checked_add(jiff::Span::new().months(i * months)).ok())
        };
        let (ticks, format): (Box<dyn Iterator<Item = Date>>, &str) = match days {
            ..=14 => (Box::new(every(1)), "%-d %b"),
            15..=90 => (Box::new(every(7)), "%-d %b"),
            91..=420 => (Box::new(months(1)), "%b %Y"),
            421..=1_300 => (Box::new(months(3)), "%b %Y"),
            _ => {
                let years = i32::try_from(days / 365 / 12).unwrap_or(0) + 1;
                (Box::new(months(12 * years).map(|day| day.first_of_year())), "%Y")
            }
        };
        ticks
            .take_while(|day| *day <= last)
            .filter_map(|day| {
                let x = self.x(day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second());
                (GUTTER..WIDTH - EDGE - 20.0).contains(&x).then(|| (x, day.strftime(format).to_string()))
            })
            .collect()
    }
}

/// The lane of one service.
struct Lane<'a> {
    service: &'static str,
    about: &'static str,
    /// Bars with their rows.
    bars: Vec<(usize, Mark<'a>)>,
    rows: usize,
    /// Dots: where, and what stands there.
    dots: Vec<(f64, Vec<&'a Entry>)>,
}

impl<'a> Lane<'a> {
    fn of(
        (service, about): (&'static str, &'static str),
        entries: &'a [Entry],
        axis: &Axis,
        now: Timestamp,
    ) -> Option<Self> {
        let own = entries.iter().filter(|entry| entry.service == service);
        let mut marks: Vec<Mark<'a>> = own.filter_map(|entry| mark(entry, axis, now)).collect();
        marks.sort_by(|one, other| one.from.total_cmp(&other.from));
        let (bars, mut dots): (Vec<_>, Vec<_>) = marks.into_iter().partition(|mark| mark.to.is_some());
        let mut lane = Self { service, about, bars: vec![], rows: 0, dots: vec![] };
        let mut ends: Vec<f64> = vec![];
        for bar in bars {
            if let Some((_, like)) = lane.bars.iter_mut().find(|(_, other)| bar.is_like(other)) {
                like.times += 1;
                continue;
            }
            let to = bar.to.unwrap_or(bar.from);
            match ends.iter().position(|end| *end + 2.0 <= bar.from) {
                Some(row) => {
                    ends[row] = to;
                    lane.bars.push((row, bar));
                }
                None if ends.len() < ROWS => {
                    lane.bars.push((ends.len(), bar));
                    ends.push(to);
                }
                None => dots.push(bar),
            }
        }
        dots.sort_by(|one, other| one.from.total_cmp(&other.from));
        lane.rows = ends.len();
        for dot in dots {
            match lane.dots.last_mut() {
                Some((x, entries)) if dot.from - *x < NEAR => entries.push(dot.entry),
                Some(_) | None => lane.dots.push((dot.from, vec![dot.entry])),
            }
        }
        (lane.rows > 0 || !lane.dots.is_empty()).then_some(lane)
    }

    fn height(&self) -> f64 {
        2.0 * PAD + ROW * (self.rows + usize::from(!self.dots.is_empty())) as f64
    }
}

fn mark<'a>(entry: &'a Entry, axis: &Axis, now: Timestamp) -> Option<Mark<'a>> {
    let start = shown::when(&entry.start)?.at;
    let from = axis.x(start.as_second());
    let known = entry.known_until.as_ref().and_then(platform::wire::from_date);
    let known = known.and_then(|day| day.to_zoned(TimeZone::UTC).ok()).map(|day| day.timestamp());
    let end = match (shown::when(&entry.end), entry.open) {
        (Some(end), _) => Some(end.at),
        (None, true) => Some(known.unwrap_or(now)),
        (None, false) => None,
    };
    // What is over within a day is a dot, as what happened is, unless it is still to end.
    let lasts = |end: &Timestamp| entry.open || end.as_second() - start.as_second() >= 86_400;
    let to = end.filter(|end| *end > start && lasts(end)).map(|end| axis.x(end.as_second()).max(from + THIN));
    Some(Mark { entry, from, to, times: 1 })
}

/// The picture with its words.
pub(super) fn figure(entries: &[Entry], now: Timestamp) -> Markup {
    let Some(axis) = Axis::around(entries, now) else { return html! {} };
    let lanes: Vec<Lane> =
        SERVICES.iter().filter_map(|service| Lane::of(*service, entries, &axis, now)).collect();
    let height = AXIS + lanes.iter().map(Lane::height).sum::<f64>() + 4.0;
    let found = entries.iter().filter(|entry| Found::of(entry).is_some()).count();
    let said = format!(
        "{} entries in {} lanes ({}), {found} of them findings. The list below says the same in words.",
        entries.len(),
        lanes.len(),
        lanes.iter().map(|lane| lane.about).collect::<Vec<_>>().join(", ")
    );
    html! {
        figure.lanes {
            div.scroll {
                svg viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label=(said) {
                    (ticks(&axis, height))
                    (ground(&lanes))
                    (found_lines(entries, &axis, height))
                    @let today = axis.x(now.as_second());
                    @if today > GUTTER && today <= WIDTH {
                        line.now x1=(px(today)) x2=(px(today)) y1=(AXIS - 6.0) y2=(height) {}
                        text.now x=(px(today - 4.0)) y=(12) text-anchor="end" { "now" }
                    }
                    (marks(&lanes))
                }
            }
            figcaption.fine {
                "Bars last, dots happened; a bar with an open end goes on. A line through all lanes is where something was found: "
                @for found in [Found::Clash, Found::Synergy, Found::Gap] {
                    span.(found.name()) { span.sign { (found.sign()) } " " (found.name()) } " "
                }
                "The axis is in UTC; each entry below is in the zone it was told in."
            }
        }
    }
}

/// A number of the picture, to a tenth.
fn px(number: f64) -> PreEscaped<String> {
    PreEscaped(format!("{number:.1}"))
}

fn ticks(axis: &Axis, height: f64) -> Markup {
    html! {
        @for (x, label) in axis.ticks() {
            line.tick x1=(px(x)) x2=(px(x)) y1=(AXIS - 6.0) y2=(px(height)) {}
            text.tick x=(px(x + 4.0)) y=(AXIS - 6.0) { (label) }
        }
    }
}

fn ground(lanes: &[Lane<'_>]) -> Markup {
    html! {
        @for (top, lane) in stacked(lanes) {
            line.between x1="0" x2=(WIDTH) y1=(px(top)) y2=(px(top)) {}
            text.lane x="4" y=(px(top + PAD + 14.0)) { (lane.about) }
        }
    }
}

/// Each lane with where it begins, from above.
fn stacked<'l, 'a>(lanes: &'l [Lane<'a>]) -> impl Iterator<Item = (f64, &'l Lane<'a>)> {
    lanes.iter().scan(AXIS, |below, lane| {
        let top = *below;
        *below += lane.height();
        Some((top, lane))
    })
}

fn found_lines(entries: &[Entry], axis: &Axis, height: f64) -> Markup {
    let open = entries.iter().filter(|entry| entry.open && !entry.withdrawn);
    html! {
        @for (found, at) in open.filter_map(|entry| Some((Found::of(entry)?, shown::when(&entry.start)?))) {
            @let x = axis.x(at.at.as_second());
            line.found.(found.name()) x1=(px(x)) x2=(px(x)) y1=(AXIS - 2.0) y2=(px(height)) {}
        }
    }
}

fn marks(lanes: &[Lane<'_>]) -> Markup {
    html! {
        @for (top, lane) in stacked(lanes) {
            g.(lane.service) data-lane=(lane.service) {
                @for (row, mark) in &lane.bars { (bar(mark, top + PAD + *row as f64 * ROW)) }
                @for (x, entries) in &lane.dots { (dot(*x, entries, top + PAD + lane.rows as f64 * ROW + ROW / 2.0)) }
            }
        }
    }
}

fn bar(mark: &Mark<'_>, y: f64) -> Markup {
    let width = mark.to.unwrap_or(mark.from) - mark.from;
    let line = match mark.times {
        1 => mark.entry.line.clone(),
        times => format!("{} ×{times}", mark.entry.line),
    };
    let letters = ((width - 12.0) / LETTER).max(0.0) as usize;
    let class = Found::of(mark.entry).map_or("bar", Found::name);
    let (right, middle, low) = (mark.from + width, y + BAR / 2.0, y + BAR);
    html! {
        a href={ "#entry-" (mark.entry.id) } tabindex="-1" {
            title { (told(mark.entry)) @if mark.times > 1 { " and " (mark.times - 1) " more that say the same" } }
            @if mark.entry.open && width > 14.0 {
                // An arrow: it goes on.
                polygon.(class) points={ (px(mark.from)) "," (px(y)) " " (px(right - 7.0)) "," (px(y)) " " (px(right)) "," (px(middle)) " " (px(right - 7.0)) "," (px(low)) " " (px(mark.from)) "," (px(low)) } {}
            } @else {
                rect.(class) x=(px(mark.from)) y=(px(y)) width=(px(width)) height=(px(BAR)) rx="2" {}
            }
            @if letters >= 4 { text.in x=(px(mark.from + 5.0)) y=(px(y + 12.5)) { (shortened(&line, letters)) } }
        }
    }
}

fn dot(x: f64, entries: &[&Entry], y: f64) -> Markup {
    let several = entries.len() > 1;
    let class = entries.iter().find_map(|entry| Found::of(entry)).map_or("dot", Found::name);
    html! {
        a href={ "#entry-" (entries[0].id) } tabindex="-1" {
            title {
                @for entry in entries.iter().take(TOLD) { (told(entry)) "\n" }
                @if entries.len() > TOLD { "and " (entries.len() - TOLD) " more" }
            }
            circle.(class) cx=(px(x)) cy=(px(y)) r=(if several { 8.0 } else { 5.0 }) {}
            @if several { text.count x=(px(x)) y=(px(y + 3.5)) text-anchor="middle" { (entries.len()) } }
        }
    }
}

fn told(entry: &Entry) -> String {
    let day = shown::when(&entry.start).map_or_else(String::new, |start| start.on().to_string());
    format!("{day} {}", entry.line)
}

fn shortened(line: &str, letters: usize) -> String {
    if line.chars().count() <= letters {
        return line.to_owned();
    }
    line.chars().take(letters.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Day, Occurred, Zone};

    const NOW: &str = "2026-03-04T12:00:00Z";

    fn entry(service: &str, from: &str, to: Option<&str>) -> Entry {
        let day = |text: &str| {
            let day: Day = text.parse().unwrap();
            Some(platform::wire::to_occurred(&Occurred::day(day, Zone::utc())))
        };
        let end = to.and_then(day);
        Entry {
            service: service.into(),
            line: "Something".into(),
            start: day(from),
            end,
            ..Default::default()
        }
    }

    fn lane<'a>(service: usize, entries: &'a [Entry]) -> Lane<'a> {
        let now = NOW.parse().unwrap();
        let axis = Axis::around(entries, now).unwrap();
        Lane::of(SERVICES[service], entries, &axis, now).unwrap()
    }

    #[test]
    fn what_overlaps_gets_a_row_of_its_own_and_what_follows_shares_one() {
        let stays = [
            entry("housing", "2025-01-01", Some("2025-06-01")),
            entry("housing", "2025-03-01", Some("2025-09-01")),
            entry("housing", "2025-06-15", Some("2025-12-01")),
        ];
        let rows: Vec<usize> = lane(2, &stays).bars.iter().map(|(row, _)| *row).collect();
        assert_eq!(rows, [0, 1, 0]);
    }

    #[test]
    fn what_finds_no_row_is_a_dot_so_that_no_bar_lies_on_another() {
        let line = |number: usize| format!("Stay {number}");
        let stay =
            |number| Entry { line: line(number), ..entry("housing", "2025-01-01", Some("2025-06-01")) };
        let stays: Vec<Entry> = (0..ROWS + 3).map(stay).collect();
        let lane = lane(2, &stays);
        let rows: std::collections::BTreeSet<usize> = lane.bars.iter().map(|(row, _)| *row).collect();
        assert_eq!((lane.bars.len(), rows.len(), lane.rows), (ROWS, ROWS, ROWS));
        assert_eq!(lane.dots.iter().map(|(_, entries)| entries.len()).sum::<usize>(), 3, "and none is lost");
    }

    #[test]
    fn bars_that_say_the_same_of_the_same_time_are_one_with_a_number() {
        let stay = || entry("housing", "2025-01-01", Some("2025-06-01"));
        let other = Entry { line: "Something else".into(), ..stay() };
        let stays = [stay(), stay(), other, stay()];
        let times: Vec<usize> = lane(2, &stays).bars.iter().map(|(_, mark)| mark.times).collect();
        assert_eq!(times, [3, 1]);
    }

    #[test]
    fn dots_that_would_hide_each_other_are_one_with_a_number() {
        let contacts = [
            entry("therapy", "2025-01-01", None),
            entry("therapy", "2025-01-02", None),
            entry("therapy", "2025-12-01", None),
        ];
        let lane = lane(4, &contacts);
        assert_eq!(lane.dots.iter().map(|(_, entries)| entries.len()).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(lane.rows, 0);
    }

    #[test]
    fn what_is_open_reaches_to_now_and_no_further() {
        let open = [Entry { open: true, ..entry("vocational", "2025-06-01", None) }];
        let axis = Axis::around(&open, NOW.parse().unwrap()).unwrap();
        let now: Timestamp = NOW.parse().unwrap();
        assert_eq!(lane(3, &open).bars[0].1.to, Some(axis.x(now.as_second())));
    }

    #[test]
    fn an_axis_of_any_length_has_a_few_ticks() {
        for (from, to) in [
            ("2026-01-01", "2026-01-01"),
            ("2026-01-01", "2026-01-09"),
            ("2026-01-01", "2026-03-01"),
            ("2025-06-01", "2026-03-01"),
            ("2024-01-01", "2026-03-01"),
            ("1990-01-01", "2026-03-01"),
            ("1900-01-01", "2026-03-01"),
        ] {
            let entries = [entry("housing", from, Some(to))];
            let ticks = Axis::around(&entries, NOW.parse().unwrap()).unwrap().ticks();
            assert!((1..=16).contains(&ticks.len()), "{from} to {to}: {}", ticks.len());
        }
    }
}
