//! Records that are linked and parted in any order, as their timelines are read.
//! Invariant: the model keeps lists, never a timeline: a read is the lists of the records that stand linked, merged. The seed is printed, and
//! `THROUGHLINE_SEED` runs it again.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use prost::Message;
use proto::registry as reg;
use proto::timeline::EntryKind;
use tests::Dice;

use super::*;

const RECORDS: usize = 4;
const STEPS: usize = 40;

fn record(number: usize) -> PersonId {
    PersonId::of(10 + number as u128)
}

/// The whole timeline of a record, read in pages of that size, without what it tells of links themselves.
async fn list(service: &Alone, of: usize, page_size: i32) -> Vec<Entry> {
    let mut client = Client::new(service.worker(CLINIC));
    let (mut entries, mut page_token) = (vec![], String::new());
    loop {
        let request = GetTimelineRequest {
            person_id: record(of).to_string(),
            page_size,
            page_token,
            ..Default::default()
        };
        let page = client.get_timeline(request).await.unwrap().into_inner();
        entries.extend(page.entries.into_iter().filter(|entry| entry.kind() != EntryKind::Link));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return entries;
        }
    }
}

/// Both records tell it, as one append of the registry's does.
async fn tells(service: &Alone, (canonical, member): (usize, usize), link: bool) {
    let (canonical_id, member_id) = (record(canonical).to_string(), record(member).to_string());
    for of in [canonical, member] {
        let (canonical_id, member_id) = (canonical_id.clone(), member_id.clone());
        let kind = match link {
            true => Registry::PersonsLinked(reg::PersonsLinked { canonical_id, member_id }),
            false => Registry::PersonsUnlinked(reg::PersonsUnlinked { canonical_id, member_id }),
        };
        let (stream, event) =
            (StreamId::new("person", record(of).uuid()), RegistryEvent { kind: Some(kind) });
        service.tell_as("registry", stream, Some(record(of)), CLINIC, &event).await;
    }
    consents::heard(service).await;
}

/// The records that these links make one human, by going on until nothing is added.
fn group(links: &BTreeSet<(usize, usize)>, of: usize) -> BTreeSet<usize> {
    let mut group = BTreeSet::from([of]);
    while let Some((a, b)) = links.iter().find(|(a, b)| group.contains(a) != group.contains(b)) {
        group.extend([*a, *b]);
    }
    group
}

fn bytes(entries: &[Entry]) -> Vec<Vec<u8>> {
    entries.iter().map(Message::encode_to_vec).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn any_links_and_unlinks_read_as_the_lists_of_the_records_that_stand_linked_and_leave_each_as_it_was() {
    let mut dice = Dice::new(Dice::seed());
    let service = service().await;
    let mut before = vec![];
    for of in 0..RECORDS {
        // Some fall on one instant, where the id alone tells their order; what the shelter wrote is none of the clinic's.
        for number in 0..3 + dice.below(4) {
            let day = format!("2026-01-{:02}", 1 + dice.below(9));
            let agency = if dice.percent(75) { CLINIC } else { SHELTER };
            contact(&service, (of as u128) * 100 + u128::from(number), record(of), agency, &day).await;
        }
        let last = (of as u128) * 100 + 99;
        contact(&service, last, record(of), CLINIC, "2026-02-01").await;
        let what = format!("the contacts of record {of}");
        until(&what, async || {
            let read = list(&service, of, 200).await;
            read.iter().any(|entry| entry.stream.contains(&Uuid::from_u128(last).to_string())).then_some(())
        })
        .await;
        before.push(list(&service, of, 200).await);
    }
    assert!(before.iter().all(|list| !list.is_empty()));

    let mut links = BTreeSet::new();
    let (mut made, mut parted) = (0, 0);
    for _ in 0..STEPS {
        let pair = (dice.below(RECORDS as u64) as usize, dice.below(RECORDS as u64) as usize);
        // As the registry's domain has it: a member has one canonical record, and nobody is linked with themself.
        let free =
            links.iter().all(|(_, member)| *member != pair.1) && !group(&links, pair.0).contains(&pair.1);
        let stands = links.iter().nth(dice.below(RECORDS as u64) as usize).copied();
        match stands {
            Some(stands) => {
                links.remove(&stands);
                tells(&service, stands, false).await;
                parted += 1;
            }
            None if free => {
                links.insert(pair);
                tells(&service, pair, true).await;
                made += 1;
            }
            None => continue,
        }
        // What is undone in the instant that it was made in is undone too.
        if dice.percent(50) {
            service.hours_pass(1);
        }
        for of in 0..RECORDS {
            let mut expected: Vec<Entry> =
                group(&links, of).into_iter().flat_map(|record| before[record].clone()).collect();
            let place = |entry: &Entry| {
                let at = entry.start.as_ref().and_then(|start| start.at).unwrap_or_default();
                Reverse((at.seconds, at.nanos, entry.id.clone()))
            };
            expected.sort_by_key(place);
            let read = list(&service, of, 1 + dice.below(5) as i32).await;
            assert_eq!(bytes(&read), bytes(&expected), "record {of} of {links:?}");
        }
    }
    assert!(made > 3 && parted > 0, "links were made and taken apart: {made}, {parted}");
    for pair in std::mem::take(&mut links) {
        tells(&service, pair, false).await;
    }
    for (of, before) in before.iter().enumerate() {
        assert_eq!(bytes(&list(&service, of, 200).await), bytes(before), "record {of}, once all are parted");
    }
}
