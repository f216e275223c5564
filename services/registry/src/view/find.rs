//! Finding people by what was hashed of them.
//! Invariant: only people whom the searching agency serves, or whom a directive names it for, are looked at, and the judge has the last word on these;
//! an identifier that helps matching finds nobody alone.

use std::collections::BTreeSet;

use kernel::{AgencyId, PersonId};
use platform::db::{StoreError, Value};
use platform::page::Last;

use super::View;
use crate::blind::{Entry, Kind, MATCHING_WEIGHT, NUMBER_WEIGHT};

/// Whom to find.
pub struct Wanted {
    /// Hashes of the name and birth date.
    pub entries: BTreeSet<Entry>,
    /// Hash of an identifier, and whether it only helps matching.
    pub identifier: Option<([u8; 32], bool)>,
    /// The agency that searches; none searches everybody.
    pub agency: Option<AgencyId>,
    /// After this one: score and person.
    pub after: Option<Last>,
    /// So many.
    pub size: usize,
}

/// Somebody found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The person.
    pub person: PersonId,
    /// Sum of the weights that matched.
    pub weight: i64,
    /// The same in hundredths of all that was asked for, 1 to 100.
    pub score: u32,
    /// Whether the identifier that was asked for is one that names the record.
    pub by_number: bool,
}

impl Found {
    /// Where it stands in the order.
    pub fn place(&self) -> Last {
        Last::new(self.weight, self.person.uuid())
    }
}

impl Wanted {
    /// The most that anybody can weigh.
    fn whole(&self) -> i64 {
        let identifier = match self.identifier {
            Some((_, true)) => MATCHING_WEIGHT,
            Some((_, false)) => NUMBER_WEIGHT,
            None => 0,
        };
        self.entries.iter().map(|entry| entry.kind.weight()).sum::<i64>() + identifier
    }
}

/// Arguments, and the places they stand at.
#[derive(Default)]
struct Places(Vec<Value>);

impl Places {
    fn put(&mut self, value: impl Into<Value>) -> String {
        self.0.push(value.into());
        format!("${}", self.0.len())
    }
}

impl View {
    /// People who match, best first, and where the list goes on.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn find(&self, wanted: &Wanted) -> Result<(Vec<Found>, Option<Last>), StoreError> {
        let mut places = Places::default();
        let mut matches = vec![];
        if !wanted.entries.is_empty() {
            let hashes: Vec<String> =
                wanted.entries.iter().map(|entry| places.put(entry.hash.as_slice())).collect();
            let weights: Vec<String> = [Kind::Token, Kind::Sound, Kind::Initials, Kind::BirthDate]
                .map(|kind| format!("WHEN {} THEN {}", kind as i64, kind.weight()))
                .into();
            matches.push(format!(
                "SELECT person, CASE kind {} ELSE 0 END AS weight, 1 AS alone, 0 AS number FROM named WHERE hash IN ({})",
                weights.join(" "),
                hashes.join(", ")
            ));
        }
        if let Some((hash, matching)) = &wanted.identifier {
            let (hash, matching) = (places.put(hash.as_slice()), i64::from(*matching));
            let (weight, alone) = if matching == 1 { (MATCHING_WEIGHT, 0) } else { (NUMBER_WEIGHT, 1) };
            matches.push(format!(
                "SELECT person, {weight} AS weight, {alone} AS alone, {alone} AS number FROM identified WHERE hash = {hash} AND matching = {matching}"
            ));
        }
        if matches.is_empty() {
            return Ok((vec![], None));
        }
        let reached = wanted.agency.map(|agency| {
            let agency = places.put(agency.uuid());
            format!(
                "WHERE EXISTS (SELECT 1 FROM serving s WHERE s.person = m.person AND s.agency = {agency}) \
                 OR EXISTS (SELECT 1 FROM allowed a WHERE a.person = m.person AND a.agency = {agency})"
            )
        });
        let beyond = wanted.after.as_ref().map(|last| {
            let (weight, person) = (places.put(last.at), places.put(last.id()));
            format!("WHERE total < {weight} OR (total = {weight} AND person > {person})")
        });
        let sql = format!(
            "SELECT person, total, number FROM (SELECT m.person AS person, CAST(SUM(m.weight) AS bigint) AS total, \
             CAST(MAX(m.number) AS bigint) AS number FROM ({}) m {} \
             GROUP BY m.person HAVING SUM(m.alone) > 0) f {} ORDER BY total DESC, person LIMIT {}",
            matches.join(" UNION ALL "),
            reached.unwrap_or_default(),
            beyond.unwrap_or_default(),
            wanted.size + 1
        );
        let whole = wanted.whole().max(1);
        let mut found = vec![];
        for row in self.lists.db().fetch(&sql, places.0).await? {
            let (person, weight) = (PersonId::new(row.uuid(0)?), row.i64(1)?);
            let score = u32::try_from((weight * 100 / whole).clamp(1, 100)).unwrap_or(100);
            found.push(Found { person, weight, score, by_number: row.bool(2)? });
        }
        let more = found.len() > wanted.size;
        found.truncate(wanted.size);
        let last = found.last().filter(|_| more).map(Found::place);
        Ok((found, last))
    }
}
