//! The entries of a timeline as a list, month by month.
//! Invariant: the order is the service's own.

use maud::{Markup, html};
use proto::timeline::Entry;

use crate::shown::{self, Found};

/// All of these.
pub(super) fn entries(entries: &[Entry]) -> Markup {
    let months = entries.chunk_by(|one, next| month(one) == month(next));
    html! {
        @for entries in months {
            section.month {
                h3 { (month(&entries[0])) }
                ol.entries { @for entry in entries { (item(entry)) } }
            }
        }
    }
}

fn month(entry: &Entry) -> String {
    let start = shown::when(&entry.start);
    start.map_or_else(|| "Day unknown".to_owned(), |start| start.on().strftime("%B %Y").to_string())
}

fn item(entry: &Entry) -> Markup {
    let found = Found::of(entry);
    html! {
        li #{ "entry-" (entry.id) } .(entry.service) .(found.map_or("plain", Found::name)) .withdrawn[entry.withdrawn] {
            p.when { (shown::span(entry)) }
            p.what {
                span.chip { (shown::about(&entry.service)) } " "
                @if let Some(found) = found { span.sign aria-hidden="true" { (found.sign()) } " " }
                span.line { (entry.line) } " "
                (shown::words(entry))
                @if entry.withdrawn { " " span.mark { "[withdrawn]" } }
            }
            @if !entry.agency_name.is_empty() || !entry.labels.is_empty() || !entry.discrepancies.is_empty() {
                p.fine {
                    (entry.agency_name)
                    @for label in &entry.labels { " " span.mark { "label " (label) } }
                    @for found in &entry.discrepancies {
                        " " span.mark title=(found.detail) { "source differs: " (found.code.to_lowercase().replace('_', " ")) }
                    }
                }
            }
        }
    }
}
