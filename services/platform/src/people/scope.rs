//! What a consent directive opens, as the contract has it and as it is judged: the registry writes it, and every reader of its log reads it back.
//! Invariant: what it names is known to this release; a label or category that is not is never taken for another.

use std::collections::BTreeSet;

use kernel::class::{CATEGORIES, LABELS};
use kernel::{AgencyId, Purpose, Recipients, Scope};
use proto::registry::{ConsentScope, RecipientClass};

use crate::error::BadField;
use crate::wire::{id, instant, optional_id, required, to_instant};

/// Most recipients that a directive names.
const RECIPIENTS: usize = 50;

crate::codes!(mod purpose: kernel::Purpose = proto::types::Purpose { Referral, Coordination, Treatment });

/// What something is disclosed for, in a request.
///
/// # Errors
/// A number that is not of the contract.
pub fn purpose(field: &str, number: i32) -> Result<Purpose, BadField> {
    purpose::parse(field, number)
}

/// A scope in a request or a stored event.
///
/// # Errors
/// The field that does not parse.
pub fn parse(field: &str, given: Option<&ConsentScope>) -> Result<Scope, BadField> {
    let given = required(field, given)?;
    let of = |name: &str| format!("{field}.{name}");
    let instant_of = |name: &str, at: &Option<prost_types::Timestamp>| {
        at.as_ref().map(|at| instant(&of(name), at)).transpose()
    };
    let (from, until) = (instant_of("from", &given.from)?, instant_of("until", &given.until)?);
    if let (Some(from), Some(until)) = (from, until)
        && until <= from
    {
        return Err(BadField::new(of("until"), "is not after from"));
    }
    let purposes = given.purposes.iter().enumerate();
    let purposes = purposes.map(|(i, number)| purpose::parse(&of(&format!("purposes[{i}]")), *number));
    let purposes: BTreeSet<Purpose> = purposes.collect::<Result<_, _>>()?;
    if purposes.is_empty() {
        return Err(BadField::new(of("purposes"), "are missing; say what it is for"));
    }
    Ok(Scope {
        discloser: optional_id(&of("discloser_agency_id"), &given.discloser_agency_id)?,
        recipients: recipients(field, given)?,
        purposes,
        categories: known(&of("categories"), &given.categories, &CATEGORIES)?,
        labels: known(&of("labels"), &given.labels, &LABELS)?,
        from,
        until,
    })
}

fn recipients(field: &str, given: &ConsentScope) -> Result<Recipients, BadField> {
    let named = format!("{field}.recipient_agency_ids");
    if given.recipient_agency_ids.len() > RECIPIENTS {
        return Err(BadField::new(named, format!("are more than {RECIPIENTS}")));
    }
    let agencies = given.recipient_agency_ids.iter().enumerate();
    let agencies = agencies.map(|(i, agency)| id::<AgencyId>(&format!("{named}[{i}]"), agency));
    let agencies: BTreeSet<AgencyId> = agencies.collect::<Result<_, _>>()?;
    match (RecipientClass::try_from(given.recipient_class), agencies.is_empty()) {
        (Ok(RecipientClass::Unspecified), false) => Ok(Recipients::Named(agencies)),
        (Ok(RecipientClass::Unspecified), true) => {
            Err(BadField::new(named, "are missing; name agencies, or a class in recipient_class"))
        }
        (Ok(RecipientClass::Treating), true) => Ok(Recipients::Treating),
        (Ok(RecipientClass::Treating), false) => {
            Err(BadField::new(named, "stand beside recipient_class; send one of them"))
        }
        (Err(_), _) => {
            Err(BadField::new(format!("{field}.recipient_class"), "is not one of the contract's values"))
        }
    }
}

fn known(field: &str, given: &[String], known: &[&str]) -> Result<BTreeSet<String>, BadField> {
    match given.iter().position(|name| !known.contains(&name.as_str())) {
        Some(i) => {
            Err(BadField::new(format!("{field}[{i}]"), format!("is not one of: {}", known.join(", "))))
        }
        None => Ok(given.iter().cloned().collect()),
    }
}

/// A scope as the contract has it.
pub fn out(scope: &Scope) -> ConsentScope {
    let (agencies, class) = match &scope.recipients {
        Recipients::Named(agencies) => {
            (agencies.iter().map(ToString::to_string).collect(), RecipientClass::Unspecified)
        }
        Recipients::Treating => (vec![], RecipientClass::Treating),
    };
    ConsentScope {
        discloser_agency_id: scope.discloser.map(|agency| agency.to_string()).unwrap_or_default(),
        recipient_agency_ids: agencies,
        recipient_class: class.into(),
        purposes: scope.purposes.iter().map(|each| purpose::number(*each)).collect(),
        categories: scope.categories.iter().cloned().collect(),
        labels: scope.labels.iter().cloned().collect(),
        from: scope.from.map(to_instant),
        until: scope.until.map(to_instant),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_one() -> ConsentScope {
        ConsentScope {
            discloser_agency_id: AgencyId::of(2).to_string(),
            recipient_agency_ids: vec![AgencyId::of(1).to_string()],
            purposes: vec![purpose::number(Purpose::Referral), purpose::number(Purpose::Treatment)],
            categories: vec!["housing".into(), "therapy".into()],
            labels: vec!["42CFRPart2".into()],
            from: Some(prost_types::Timestamp { seconds: 10, nanos: 0 }),
            until: Some(prost_types::Timestamp { seconds: 20, nanos: 0 }),
            ..Default::default()
        }
    }

    #[test]
    fn a_scope_reads_back_as_it_was_written() {
        let treating = ConsentScope {
            recipient_agency_ids: vec![],
            recipient_class: RecipientClass::Treating.into(),
            until: None,
            ..to_one()
        };
        for scope in [to_one(), treating] {
            assert_eq!(out(&parse("scope", Some(&scope)).unwrap()), scope);
        }
    }

    #[test]
    fn a_field_that_says_nothing_known_is_named() {
        let agency = AgencyId::of(1).to_string();
        for (wrong, field) in [
            (ConsentScope { purposes: vec![], ..to_one() }, "scope.purposes"),
            (ConsentScope { purposes: vec![1, 9], ..to_one() }, "scope.purposes[1]"),
            (ConsentScope { recipient_agency_ids: vec![], ..to_one() }, "scope.recipient_agency_ids"),
            (
                ConsentScope { recipient_agency_ids: vec!["?".into()], ..to_one() },
                "scope.recipient_agency_ids[0]",
            ),
            (
                ConsentScope { recipient_agency_ids: vec![agency; 51], ..to_one() },
                "scope.recipient_agency_ids",
            ),
            (ConsentScope { recipient_class: 1, ..to_one() }, "scope.recipient_agency_ids"),
            (ConsentScope { recipient_class: 9, ..to_one() }, "scope.recipient_class"),
            (ConsentScope { categories: vec!["everything".into()], ..to_one() }, "scope.categories[0]"),
            (ConsentScope { labels: vec!["42CFRPart2".into(), "R".into()], ..to_one() }, "scope.labels[1]"),
            (ConsentScope { until: to_one().from, ..to_one() }, "scope.until"),
            (ConsentScope { discloser_agency_id: "?".into(), ..to_one() }, "scope.discloser_agency_id"),
        ] {
            assert_eq!(parse("scope", Some(&wrong)).unwrap_err().field, field);
        }
        assert_eq!(parse("scope", None).unwrap_err().field, "scope");
    }
}
