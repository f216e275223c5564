//! Contact points on the wire: of a person, and of whom to call in a crisis.
//! Invariant: number, owner and times are sealed; what is safe is asked, and not asked means no.

use kernel::Private;
use platform::command::{Ink, from_private};
use platform::error::BadField;
use platform::wire;
use proto::registry as pb;
use tonic::Status;

use super::Opener;
use crate::domain::person::ContactPoint;

/// Longest number, address or other short text, in characters.
const SHORT: usize = 200;

/// A contact point, as a request has it.
pub fn contact_point(field: &str, given: &pb::ContactPoint) -> Result<ContactPoint, BadField> {
    let name = |inner: &str| format!("{field}.{inner}");
    let text = |inner: &str, text: &str| {
        wire::optional_text(&name(inner), text, SHORT).map(|text| text.map(Private::Plain))
    };
    let used_for = match given.r#use {
        0 => 0,
        number => wire::choice::<pb::ContactUse>(&name("use"), number)?.into(),
    };
    Ok(ContactPoint {
        kind: wire::choice::<pb::ContactKind>(&name("kind"), given.kind)?.into(),
        value: wire::private(&name("value"), &given.value, SHORT)?,
        whose: text("whose", &given.whose)?,
        safe_to_leave_message: given.safe_to_leave_message,
        best_times: text("best_times", &given.best_times)?,
        used_for,
        safe_to_say_who_calls: given.safe_to_say_who_calls,
    })
}

/// The same, opened; none where a text is damaged.
pub fn contact_point_out(opener: &Opener, point: &ContactPoint) -> Option<pb::ContactPoint> {
    Some(pb::ContactPoint {
        kind: point.kind,
        value: opener.text(&point.value)?,
        whose: opener.some(point.whose.as_ref())?,
        safe_to_leave_message: point.safe_to_leave_message,
        best_times: opener.some(point.best_times.as_ref())?,
        r#use: point.used_for,
        safe_to_say_who_calls: point.safe_to_say_who_calls,
    })
}

/// The same, sealed under names that begin so.
pub(super) fn contact_point_sealed(
    name: &str,
    point: &ContactPoint,
    ink: &Ink<'_>,
) -> Result<pb::SealedContactPoint, Status> {
    Ok(pb::SealedContactPoint {
        kind: point.kind,
        value: Some(ink.seal(&format!("{name}.value"), &point.value)?),
        whose: ink.seal_some(&format!("{name}.whose"), point.whose.as_ref())?,
        safe_to_leave_message: point.safe_to_leave_message,
        best_times: ink.seal_some(&format!("{name}.best_times"), point.best_times.as_ref())?,
        r#use: point.used_for,
        safe_to_say_who_calls: point.safe_to_say_who_calls,
    })
}

/// The same, stored; none where it has no value.
pub(super) fn contact_point_stored(point: &pb::SealedContactPoint) -> Option<ContactPoint> {
    Some(ContactPoint {
        kind: point.kind,
        value: from_private(point.value.as_ref())?,
        whose: from_private(point.whose.as_ref()),
        safe_to_leave_message: point.safe_to_leave_message,
        best_times: from_private(point.best_times.as_ref()),
        used_for: point.r#use,
        safe_to_say_who_calls: point.safe_to_say_who_calls,
    })
}
