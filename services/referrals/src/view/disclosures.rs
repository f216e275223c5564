//! What agencies told each other of people: by referrals, and what medical emergencies opened.
//! Invariant: what was told was told: the row says by what it was then, whatever became of the referral or the directive since.

use std::cmp::Reverse;

use kernel::{AgencyId, PersonId, Timestamp};
use platform::args;
use platform::db::{Row, Rows, StoreError};
use platform::lists::{Logged, Query};
use platform::page::Last;
use platform::people::Opened;
use platform::projection::ApplyError;
use platform::wire::speaker;
use proto::referrals::DisclosureMeans as Means;
use proto::registry::EmergencyDeclared;
use tonic::Status;
use uuid::Uuid;

use super::View;
use crate::domain::ReferralId;

/// A row for each time that an agency told another something. `means` is as the contract numbers it.
pub(super) const TABLE: &str = "CREATE TABLE disclosure (id uuid PRIMARY KEY, referral uuid NOT NULL, person uuid NOT NULL, discloser uuid NOT NULL, \
     recipient uuid NOT NULL, at bigint NOT NULL, means bigint NOT NULL, consent text NOT NULL, approver text NOT NULL, part2 bigint NOT NULL)";

/// What an agency refers to its own programme leaves nobody, and what the person asks for by themself no agency tells. A referral that follows another is
/// numbered on from one that stands for itself, as it is among the ways in which something follows.
const SENT: &str = "WITH given (id, referral, at) AS (VALUES {rows}) \
     INSERT INTO disclosure (id, referral, person, discloser, recipient, at, means, consent, approver, part2) \
     SELECT given.id, referral.id, referral.person, referral.requester, referral.target, given.at, 1 + referral.follows, \
     referral.consent, referral.approver, referral.part2 FROM given JOIN referral ON referral.id = given.referral \
     WHERE referral.requester <> referral.target ON CONFLICT (id) DO NOTHING";
/// The requester's answer: by the consent of then, or as the referral goes without one.
const SUPPLIED: &str = "WITH given (id, referral, at, speaker, means, consent) AS (VALUES {rows}) \
     INSERT INTO disclosure (id, referral, person, discloser, recipient, at, means, consent, approver, part2) \
     SELECT given.id, referral.id, referral.person, referral.requester, referral.target, given.at, given.means, \
     CASE given.consent WHEN '' THEN referral.consent ELSE given.consent END, referral.approver, referral.part2 FROM given JOIN referral ON referral.id = given.referral \
     WHERE referral.requester = given.speaker AND referral.requester <> referral.target ON CONFLICT (id) DO NOTHING";

/// A referral was sent then.
pub(super) fn sent(logged: &Logged<'_>, at: Timestamp, rows: &mut Rows) -> Result<(), ApplyError> {
    let id = named(&logged.read.event.id)?;
    rows.put(&[logged.id], SENT, [args![id, logged.id, at.as_microsecond()]]);
    Ok(())
}

/// A question of the target's was answered. Where the person answers, no agency tells anything.
pub(super) fn supplied(logged: &Logged<'_>, consent: &str, rows: &mut Rows) -> Result<(), ApplyError> {
    let event = &logged.read.event;
    let speaker = speaker(event);
    if !speaker.is_empty() {
        let means = i32::from(Means::Information);
        let row = args![named(&event.id)?, logged.id, logged.at(), named(speaker)?, means, consent];
        rows.put(&[logged.id], SUPPLIED, [row]);
    }
    Ok(())
}

fn named(text: &str) -> Result<Uuid, ApplyError> {
    Uuid::try_parse(text).map_err(|_| ApplyError::Poison("an id of its event is damaged".to_owned()))
}

/// What was told by a referral that names no home, as the referral's own row says.
const TO_NO_HOME: &str =
    "EXISTS (SELECT 1 FROM referral WHERE referral.id = disclosure.referral AND referral.tells_where = {})";

/// Which disclosures.
pub struct DisclosureFilter {
    /// Made by this agency.
    pub discloser: Option<AgencyId>,
    /// Of this person, under whichever record.
    pub person: Option<PersonId>,
    /// None of those to a home, or which may be to one, nor in an emergency: they tell where the person is.
    pub but_where: bool,
    /// After this row.
    pub after: Last,
    /// So many.
    pub size: usize,
}

/// That something of a person left an agency for another.
pub struct Disclosure {
    /// The row.
    id: Uuid,
    /// The person.
    pub person: PersonId,
    /// The agency that told.
    pub discloser: AgencyId,
    /// When.
    pub at: Timestamp,
    /// How.
    pub by: By,
}

/// How something left an agency.
pub enum By {
    /// By a referral, or what was answered about it.
    Referral {
        /// Which.
        referral: ReferralId,
        /// The agency that was told.
        recipient: AgencyId,
        /// In which way, as the contract numbers it.
        means: i32,
        /// By what: a directive, the person's own act, or nothing.
        consent: String,
        /// The worker who approved that it goes without, if one did.
        approver: String,
        /// Whether it falls under 42 CFR Part 2.
        part2: bool,
    },
    /// A medical emergency opened its records.
    Emergency {
        /// As it was declared.
        told: Box<EmergencyDeclared>,
        /// To before this instant.
        until: Timestamp,
        /// Whether it never should have been declared.
        in_error: bool,
    },
}

impl View {
    /// Disclosures, newest first, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn disclosures(
        &self,
        filter: &DisclosureFilter,
    ) -> Result<(Vec<Disclosure>, Option<Last>), Status> {
        let DisclosureFilter { discloser, person, but_where, after, size } = filter;
        let mut query = Query::newest("disclosure", "at", after);
        query.only_if("discloser = {}", discloser.map(AgencyId::uuid));
        query.only_if(TO_NO_HOME, but_where.then_some(0));
        // Linked records are one human, who is told of all that was told of them.
        let people = match person {
            Some(person) => self.people.group(*person, None).await?,
            None => vec![],
        };
        if !people.is_empty() {
            query.among("person", people.iter().map(|person| person.uuid()));
        }
        let (found, more_told) = query.page(&self.lists, *size).await?;
        let mut disclosures = Vec::with_capacity(found.len());
        for id in found {
            let sql = "SELECT id, referral, person, discloser, recipient, at, means, consent, approver, part2 FROM disclosure WHERE id = $1";
            for row in self.lists.db().fetch(sql, args![id]).await? {
                disclosures.push(told(&row)?);
            }
        }
        let (opened, more_opened) = match but_where {
            true => (vec![], None),
            false => self.people.opened(&people, *discloser, (after, *size)).await?,
        };
        disclosures.extend(opened.into_iter().map(in_emergency));
        // Each of the two is a page of its own; together they are at most two, of which the first is meant.
        disclosures.sort_by_key(|made| Reverse((made.at, made.id)));
        let more = more_told.is_some() || more_opened.is_some() || disclosures.len() > *size;
        disclosures.truncate(*size);
        let last = disclosures.last().filter(|_| more);
        let next = last.map(|last| Last::new(last.at.as_microsecond(), last.id));
        Ok((disclosures, next))
    }
}

fn told(row: &Row) -> Result<Disclosure, StoreError> {
    let at = Timestamp::from_microsecond(row.i64(5)?);
    Ok(Disclosure {
        id: row.uuid(0)?,
        person: PersonId::new(row.uuid(2)?),
        discloser: AgencyId::new(row.uuid(3)?),
        at: at.map_err(|_| StoreError::Unusable("the time of a disclosure is damaged".to_owned()))?,
        by: By::Referral {
            referral: ReferralId::new(row.uuid(1)?),
            recipient: AgencyId::new(row.uuid(4)?),
            means: i32::try_from(row.i64(6)?).unwrap_or_default(),
            consent: row.text(7)?,
            approver: row.text(8)?,
            part2: row.bool(9)?,
        },
    })
}

fn in_emergency(opened: Opened) -> Disclosure {
    let Opened { id, person, discloser, at, until, in_error, told } = opened;
    Disclosure { id, person, discloser, at, by: By::Emergency { told: Box::new(told), until, in_error } }
}
