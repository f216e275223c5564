//! What runs out in a person's say and plan, whose streams have the person's id: the table that the clocks go by.
//! Invariant: a row stands exactly as long as its event is still to be told.

use kernel::ids::Uuid;
use kernel::{Decider, DirectiveId};
use platform::args;
use platform::db::Rows;

use crate::clocks::{EXPIRE, REVIEW};
use crate::domain::plan::{Event, Plan, Review};

pub(super) const DUE: &str = "INSERT INTO due (category, id, kind, at) VALUES {rows} ON CONFLICT (id, category, kind) DO UPDATE SET at = excluded.at";
pub(super) const NOT_DUE: &str = "WITH given (category, id, kind) AS (VALUES {rows}) DELETE FROM due WHERE id IN (SELECT id FROM given) \
     AND EXISTS (SELECT 1 FROM given WHERE given.category = due.category AND given.id = due.id AND given.kind = due.kind)";
pub(super) const NOTHING_DUE: &str = "DELETE FROM due WHERE id IN (VALUES {rows})";

pub(super) fn tables() -> [String; 2] {
    [
        // What runs out in a person's say and plan, whose streams have the person's id, and when, in microseconds since 1970.
        "CREATE TABLE due (category text NOT NULL, id uuid NOT NULL, kind text NOT NULL, at bigint NOT NULL, PRIMARY KEY (id, category, kind))"
            .into(),
        "CREATE INDEX due_at ON due (at)".into(),
    ]
}

/// The name of a directive's end among what is due.
pub(super) fn ends(directive: DirectiveId) -> String {
    format!("{EXPIRE}{directive}")
}

/// The review of a plan is due when its last event says.
pub(super) fn apply_plan(person: Uuid, event: &Event, rows: &mut Rows) {
    let review = match event {
        Event::ItemAdded { change, .. }
        | Event::ItemChanged { change, .. }
        | Event::ItemEnded { change, .. }
        | Event::ItemInError { change, .. } => change.review,
        Event::Reviewed { review, .. } => *review,
        Event::ReviewOverdue { due, agencies } => Review::ran_out(*due, agencies),
        Event::Agreed { .. } | Event::Approved { .. } => return,
    };
    match review {
        Review::Due(at) => {
            rows.put(&[person], DUE, [args![Plan::CATEGORY, person, REVIEW, at.as_microsecond()]]);
        }
        Review::Resting | Review::Overdue(_) => {
            rows.put(&[person], NOT_DUE, [args![Plan::CATEGORY, person, REVIEW]]);
        }
    }
}
