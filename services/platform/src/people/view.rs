//! The registry's log as rows: links, who serves whom, directives in force, medical emergencies, who died, who is restricted, agencies, workers.
//! Invariant: a directive has a row from when it was given until it ended, by the log; its own beginning and end are the judge's to ask. Who was ever a
//! 42 CFR Part 2 programme stays one: what it wrote then stays under it. Everybody's reads are judged as of now, so that what is over need not be judged.

use futures_util::future::BoxFuture;
use kernel::AgencyId;
use prost::Message;
use proto::registry::registry_event::Kind;
use proto::registry::{AgencyContent, ConsentGiven, EmergencyDeclared, RegistryEvent, WorkerContent};
use uuid::Uuid;

use super::{emergency, scope};
use crate::args;
use crate::db::Tx;
use crate::projection::{ApplyError, Projection, Read};
use crate::wire::{instant, speaker};

/// The projection; each service that needs it keeps its own.
pub struct PeopleProjection;

impl Projection for PeopleProjection {
    fn name(&self) -> &'static str {
        "people"
    }
    fn version(&self) -> u32 {
        12
    }
    fn sources(&self) -> &[&'static str] {
        &["registry"]
    }

    fn tables(&self, _postgres: bool) -> Vec<String> {
        [
            "CREATE TABLE link (canonical uuid NOT NULL, member uuid NOT NULL, known_from bigint NOT NULL, known_to bigint, \
             PRIMARY KEY (canonical, member, known_from))",
            "CREATE INDEX link_member ON link (member)",
            "CREATE TABLE serving (person uuid NOT NULL, agency uuid NOT NULL, PRIMARY KEY (person, agency))",
            "CREATE INDEX serving_agency ON serving (agency, person)",
            "CREATE TABLE directive (person uuid NOT NULL, id uuid NOT NULL, scope bytea NOT NULL, PRIMARY KEY (person, id))",
            // An emergency has a row for good, and one more for each agency whose records it opened: what was opened was opened. `until` is when it ends, or
            // ended before its time; one that is over, by what was told after its end, is judged no more.
            "CREATE TABLE emergency (person uuid NOT NULL, id uuid NOT NULL, told bytea NOT NULL, until bigint NOT NULL, over bigint NOT NULL, \
             in_error bigint NOT NULL, PRIMARY KEY (person, id))",
            "CREATE TABLE opened (id uuid PRIMARY KEY, person uuid NOT NULL, emergency uuid NOT NULL, discloser uuid NOT NULL, at bigint NOT NULL)",
            "CREATE INDEX opened_of ON opened (person, at, id)",
            "CREATE INDEX opened_by ON opened (discloser, at, id)",
            "CREATE TABLE agency (id uuid PRIMARY KEY, name text NOT NULL, zone text NOT NULL, part2 bigint NOT NULL, pace bytea)",
            // By the word of this agency; of none where who runs the system, or the person, told it. The day as it told it last; none where it told without.
            "CREATE TABLE death (person uuid NOT NULL, told_by text NOT NULL, died bytea, PRIMARY KEY (person, told_by))",
            "CREATE TABLE restricted (person uuid NOT NULL, told_by text NOT NULL, PRIMARY KEY (person, told_by))",
            "CREATE TABLE worker (id uuid PRIMARY KEY, agency uuid NOT NULL, gone bigint NOT NULL)",
        ]
        .map(str::to_owned)
        .into()
    }

    fn apply<'a>(
        &'a self,
        tx: &'a mut Tx,
        _source: &'a str,
        read: &'a Read,
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            let kind = RegistryEvent::decode(read.event.payload.clone())
                .map_err(|_| poison("its payload is damaged"))?
                .kind
                .ok_or_else(|| poison("a newer release wrote it"))?;
            let at = read.recorded.recorded_at.as_microsecond();
            #[allow(clippy::wildcard_enum_match_arm, reason = "only these kinds say what this view keeps")]
            match kind {
                Kind::PersonsLinked(link) => {
                    let (canonical, member) = (id(&link.canonical_id)?, id(&link.member_id)?);
                    // Both records' events tell it, and both were recorded at one time. One that was undone in the instant that it was made in
                    // is made again, should it be linked again in that instant.
                    tx.execute(
                        "INSERT INTO link (canonical, member, known_from) VALUES ($1, $2, $3) \
                         ON CONFLICT (canonical, member, known_from) DO UPDATE SET known_to = NULL WHERE link.known_to = link.known_from",
                        args![canonical, member, at],
                    )
                    .await?;
                }
                Kind::PersonsUnlinked(link) => {
                    let (canonical, member) = (id(&link.canonical_id)?, id(&link.member_id)?);
                    tx.execute(
                        "UPDATE link SET known_to = $3 WHERE canonical = $1 AND member = $2 AND known_to IS NULL AND known_from <= $3",
                        args![canonical, member, at],
                    )
                    .await?;
                }
                Kind::PersonRegistered(person) => serves(tx, &person.person_id, [&person.agency_id]).await?,
                Kind::PersonRecorded(person) => {
                    serves(tx, &person.person_id, &person.serving_agency_ids).await?;
                }
                Kind::ServingAgencyAdded(added) => serves(tx, &added.person_id, [&added.agency_id]).await?,
                Kind::PersonDied(died) => {
                    let sql = "INSERT INTO death (person, told_by, died) VALUES ($1, $2, $3) \
                               ON CONFLICT (person, told_by) DO UPDATE SET died = excluded.died";
                    let at = died.death.and_then(|death| death.died).map(|at| at.encode_to_vec());
                    tx.execute(sql, args![id(&died.person_id)?, speaker(&read.event), at]).await?;
                }
                // An agency takes back its own word: the person lives again where nobody's is left.
                Kind::PersonDeathEnteredInError(_) if !speaker(&read.event).is_empty() => {
                    let sql = "DELETE FROM death WHERE person = $1 AND told_by = $2";
                    tx.execute(sql, args![id(&read.event.person_id)?, speaker(&read.event)]).await?;
                }
                Kind::PersonDeathEnteredInError(_)
                | Kind::PersonEnteredInError(_)
                | Kind::PersonErased(_) => {
                    let sql = "DELETE FROM death WHERE person = $1";
                    tx.execute(sql, args![id(&read.event.person_id)?]).await?;
                }
                // No erasure lifts it, nor that the record was never meant: what others wrote of the person stays, and so does the mark.
                Kind::PersonRestricted(_) => {
                    let sql =
                        "INSERT INTO restricted (person, told_by) VALUES ($1, $2) ON CONFLICT DO NOTHING";
                    tx.execute(sql, args![id(&read.event.person_id)?, speaker(&read.event)]).await?;
                }
                // An agency takes back its own word of it; what another said stands.
                Kind::PersonRestrictionEnteredInError(_) if !speaker(&read.event).is_empty() => {
                    let sql = "DELETE FROM restricted WHERE person = $1 AND told_by = $2";
                    tx.execute(sql, args![id(&read.event.person_id)?, speaker(&read.event)]).await?;
                }
                Kind::PersonRestrictionLifted(_) | Kind::PersonRestrictionEnteredInError(_) => {
                    let sql = "DELETE FROM restricted WHERE person = $1";
                    tx.execute(sql, args![id(&read.event.person_id)?]).await?;
                }
                Kind::ConsentGiven(given) => gives(tx, given).await?,
                Kind::ConsentRevoked(over) => ends(tx, &over.person_id, &over.directive_id).await?,
                Kind::ConsentExpired(over) => ends(tx, &over.person_id, &over.directive_id).await?,
                Kind::ConsentSuperseded(over) => ends(tx, &over.person_id, &over.directive_id).await?,
                Kind::ConsentEnteredInError(over) => ends(tx, &over.person_id, &over.directive_id).await?,
                Kind::EmergencyDeclared(told) => opens(tx, &told).await?,
                Kind::EmergencyEnded(over) => {
                    shuts(tx, (&over.person_id, &over.emergency_id), over.ended_at, false).await?;
                }
                Kind::EmergencyEnteredInError(over) => {
                    shuts(tx, (&over.person_id, &over.emergency_id), over.at, true).await?;
                }
                Kind::AgencyRegistered(agency) => is(tx, &agency.agency_id, agency.content).await?,
                Kind::AgencyChanged(agency) => is(tx, &agency.agency_id, agency.content).await?,
                Kind::AgencyRecorded(agency) => is(tx, &agency.agency_id, agency.content).await?,
                Kind::WorkerAdded(worker) => {
                    works(tx, &worker.worker_id, &worker.agency_id, worker.content).await?;
                }
                Kind::WorkerRecorded(worker) => {
                    works(tx, &worker.worker_id, &worker.agency_id, worker.content).await?;
                }
                Kind::WorkerChanged(worker) => {
                    let sql = "UPDATE worker SET gone = $2 WHERE id = $1";
                    tx.execute(sql, args![id(&worker.worker_id)?, has_left(worker.content)?]).await?;
                }
                _ => {}
            }
            Ok(())
        })
    }
}

fn poison(why: &str) -> ApplyError {
    ApplyError::Poison(why.to_owned())
}

fn id(text: &str) -> Result<Uuid, ApplyError> {
    Uuid::try_parse(text).map_err(|_| poison("an id in it is damaged"))
}

async fn serves<'a>(
    tx: &mut Tx,
    person: &str,
    agencies: impl IntoIterator<Item = &'a String> + Send,
) -> Result<(), ApplyError> {
    let person = id(person)?;
    let mut rows = vec![];
    // A person who was registered by an operator is served by nobody yet.
    for agency in agencies.into_iter().filter(|agency| !agency.is_empty()) {
        rows.push(args![person, id(agency)?]);
    }
    let sql = "INSERT INTO serving (person, agency) VALUES {rows} ON CONFLICT DO NOTHING";
    tx.execute_rows(sql, vec![], rows).await?;
    Ok(())
}

async fn gives(tx: &mut Tx, given: ConsentGiven) -> Result<(), ApplyError> {
    let scope = given.content.and_then(|content| content.scope);
    // Whom it cannot be read of waits for a release that can: their say is unknown until then.
    scope::parse("scope", scope.as_ref()).map_err(|_| poison("its scope is none that this release knows"))?;
    let body = scope.unwrap_or_default().encode_to_vec();
    tx.execute(
        "INSERT INTO directive (person, id, scope) VALUES ($1, $2, $3) \
         ON CONFLICT (person, id) DO UPDATE SET scope = excluded.scope",
        args![id(&given.person_id)?, id(&given.directive_id)?, body],
    )
    .await?;
    Ok(())
}

async fn opens(tx: &mut Tx, told: &EmergencyDeclared) -> Result<(), ApplyError> {
    let judged = emergency::parse(told).map_err(|_| poison("it is no emergency that this release knows"))?;
    let (person, id) = (id(&told.person_id)?, judged.id.uuid());
    let (at, until) = (judged.from.as_microsecond(), judged.until.as_microsecond());
    tx.execute("UPDATE emergency SET over = 1 WHERE person = $1 AND until <= $2", args![person, at]).await?;
    let sql = "INSERT INTO emergency (person, id, told, until, over, in_error) VALUES ($1, $2, $3, $4, 0, 0) \
               ON CONFLICT (person, id) DO NOTHING";
    tx.execute(sql, args![person, id, told.encode_to_vec(), until]).await?;
    let row =
        |discloser: &AgencyId| args![emergency::row(judged.id, *discloser), person, id, discloser.uuid(), at];
    let rows = judged.disclosers.iter().map(row).collect();
    let sql =
        "INSERT INTO opened (id, person, emergency, discloser, at) VALUES {rows} ON CONFLICT DO NOTHING";
    tx.execute_rows(sql, vec![], rows).await?;
    Ok(())
}

/// An emergency is over by that instant, if it was not before; and stands marked where it never should have been declared.
async fn shuts(
    tx: &mut Tx,
    (person, emergency): (&str, &str),
    at: Option<prost_types::Timestamp>,
    in_error: bool,
) -> Result<(), ApplyError> {
    let at = at.and_then(|at| instant("at", &at).ok()).ok_or_else(|| poison("its time is damaged"))?;
    let sql = "UPDATE emergency SET over = 1, until = CASE WHEN until < $3 THEN until ELSE $3 END, in_error = in_error | $4 \
               WHERE person = $1 AND id = $2";
    tx.execute(sql, args![id(person)?, id(emergency)?, at.as_microsecond(), in_error]).await?;
    Ok(())
}

async fn ends(tx: &mut Tx, person: &str, directive: &str) -> Result<(), ApplyError> {
    let sql = "DELETE FROM directive WHERE person = $1 AND id = $2";
    tx.execute(sql, args![id(person)?, id(directive)?]).await?;
    Ok(())
}

async fn is(tx: &mut Tx, agency: &str, content: Option<AgencyContent>) -> Result<(), ApplyError> {
    let content = content.ok_or_else(|| poison("it has no content"))?;
    // Of what it says of its working days, as it says it.
    let (holidays, weekend_days) = (content.holidays, content.weekend_days);
    let pace = AgencyContent {
        holidays,
        weekend_days,
        referral_clocks: content.referral_clocks,
        ..Default::default()
    };
    let pace = (pace != AgencyContent::default()).then(|| pace.encode_to_vec());
    tx.execute(
        "INSERT INTO agency (id, name, zone, part2, pace) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, zone = excluded.zone, part2 = agency.part2 | excluded.part2, \
         pace = excluded.pace",
        args![id(agency)?, content.name, content.zone, content.part2, pace],
    )
    .await?;
    Ok(())
}

async fn works(
    tx: &mut Tx,
    worker: &str,
    agency: &str,
    content: Option<WorkerContent>,
) -> Result<(), ApplyError> {
    tx.execute(
        "INSERT INTO worker (id, agency, gone) VALUES ($1, $2, $3) \
         ON CONFLICT (id) DO UPDATE SET agency = excluded.agency, gone = excluded.gone",
        args![id(worker)?, id(agency)?, has_left(content)?],
    )
    .await?;
    Ok(())
}

fn has_left(content: Option<WorkerContent>) -> Result<bool, ApplyError> {
    content.map(|content| content.left).ok_or_else(|| poison("it has no content"))
}
