//! What a directive's own beginning and end, and what an agency is, do to referrals that are under way.
//! Invariant: nothing is said of the person in the meantime; the registry tells of no end, and its clock is not there.

use jiff::{SignedDuration, Timestamp};
use kernel::class::PART2;
use platform::store::StoreUrl;
use prost::Message;
use proto::referrals::referrals_event::Kind as Own;
use tests::Postgres;
use tests::alone::until;

use super::*;

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

/// Opens all to the clinic between these instants.
fn between(from: Option<Timestamp>, until: Option<Timestamp>) -> reg::ConsentScope {
    let instant = |at: Option<Timestamp>| at.map(platform::wire::to_instant);
    reg::ConsentScope { from: instant(from), until: instant(until), ..say::scope(CLINIC) }
}

/// Waits until whichever of these processes fires the timers finds nothing left to do at its clock.
async fn nothing_is_due(processes: &[&Alone]) {
    until("nothing to be due", async || {
        let settled = processes.iter().any(|process| {
            let mut timers = process.service.timers().into_iter();
            timers.all(|timers| timers.settled().borrow().is_some_and(|at| at >= process.clock.now()))
        });
        settled.then_some(())
    })
    .await;
}

impl Site {
    /// When the mark was set, and lifted, and when it was foreseen to change, in order.
    #[allow(clippy::wildcard_enum_match_arm, reason = "only these kinds tell of the mark")]
    async fn course(&self) -> Vec<(&'static str, Option<i64>)> {
        let told = |event: &proto::log::Event| {
            let occurred = event.occurred.as_ref().and_then(|occurred| occurred.at).map(|at| at.seconds);
            match pb::ReferralsEvent::decode(event.payload.clone()).unwrap().kind.unwrap() {
                Own::ReferralConsentLapsed(_) => Some(("lapsed", occurred)),
                Own::ReferralConsentRestored(_) => Some(("restored", None)),
                Own::ReferralConsentForeseen(foreseen) => {
                    Some(("foreseen", foreseen.changes_at.map(|at| at.seconds)))
                }
                _ => None,
            }
        };
        self.service.events().await.iter().filter_map(told).collect()
    }

    /// Waits until so much of it has been told.
    async fn told(&self, so_much: usize) -> Vec<(&'static str, Option<i64>)> {
        until(&format!("the course to have {so_much} turns"), async || {
            let course = self.course().await;
            (course.len() >= so_much).then_some(course)
        })
        .await
    }

    async fn is_a_programme(&self, agency: AgencyId, part2: bool) {
        let (agency_id, zone) = (agency.to_string(), "UTC".to_owned());
        let content = Some(reg::AgencyContent { name: "Agency".into(), zone, part2, ..Default::default() });
        let kind = Kind::AgencyChanged(reg::AgencyChanged { agency_id, content });
        self.tell(StreamId::new("agency", agency.uuid()), None, kind).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_directive_opens_closes_at_its_end_and_what_another_opens_from_its_beginning_on() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let site = Site::on(store, false).await;
        let start = site.service.clock.now();
        let (ends, begins) = (start + hours(48), start + hours(72));
        site.says(between(None, Some(ends))).await;
        let referral = site.draft().await;
        assert_eq!(site.send(&referral, false).await, Ok(ONE.to_string()));
        let at = |at: Timestamp| Some(at.as_second());
        assert_eq!(site.told(1).await, [("foreseen", at(ends))]);
        site.tell(say::stream(ANA), Some(ANA), say::gives(ANA, TWO, between(Some(begins), None))).await;

        site.service.hours_pass(47);
        let accepted = site.accept(&referral).await;
        assert_eq!(accepted, Ok(()), "it is open to the last");
        // A hold rests the clocks of the referral, and not this.
        let (referral_id, reason) = (referral.clone(), pb::HoldReason::Documents.into());
        let hold =
            pb::HoldReferralRequest { request_id: new_request(), referral_id, reason, ..Default::default() };
        Client::new(site.service.worker(CLINIC)).hold_referral(hold).await.unwrap();
        // Once the list of what is due has read it.
        site.service.one_batch_makes_the_same_lists().await;
        site.service.hours_pass(2);
        site.marked(&referral, true).await;
        let lapsed = [("foreseen", at(ends)), ("lapsed", at(ends)), ("foreseen", at(begins))];
        assert_eq!(site.told(3).await, lapsed, "as of its end, not of when it was told");

        site.service.hours_pass(24);
        site.marked(&referral, false).await;
        let given_back = [lapsed.to_vec(), vec![("restored", None), ("foreseen", None)]].concat();
        assert_eq!(site.told(5).await, given_back);
        site.service.hours_pass(1_000);
        nothing_is_due(&[&site.service]).await;
        site.service.one_batch_makes_the_same_lists().await;
        assert_eq!(site.course().await, given_back, "each once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_directive_closes_and_another_opens_at_the_same_instant_stays_open_and_a_closed_one_bears_no_mark()
 {
    let site = Site::new(false).await;
    let turns = site.service.clock.now() + hours(48);
    let over = turns + hours(48);
    site.says(between(None, Some(turns))).await;
    site.tell(say::stream(ANA), Some(ANA), say::gives(ANA, TWO, between(Some(turns), Some(over)))).await;
    let referral = site.draft().await;
    assert_eq!(site.send(&referral, false).await, Ok(ONE.to_string()));
    assert_eq!(site.told(1).await, [("foreseen", Some(over.as_second()))]);
    site.service.hours_pass(72);
    assert_eq!(site.accept(&referral).await, Ok(()));
    let cancel = pb::CancelReferralRequest {
        request_id: new_request(),
        referral_id: referral.clone(),
        reason: pb::ClosingReason::Moved.into(),
        ..Default::default()
    };
    site.shelter.clone().cancel_referral(cancel).await.unwrap();
    site.service.hours_pass(72);
    nothing_is_due(&[&site.service]).await;
    site.service.one_batch_makes_the_same_lists().await;
    assert_eq!(site.course().await.len(), 1, "nothing more comes of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_began_and_ended_while_nothing_ran_is_told_late_as_of_its_time_once_by_two_processes() {
    let store = StoreUrl::Postgres(Postgres::shared().await.url().await);
    let begin = async || {
        Alone::start_at("referrals", store.clone(), async |parts| referrals::service(&parts).await).await
    };
    let site = Site::of(begin().await, false).await;
    let start = site.service.clock.now();
    let edges = [24, 48, 72].map(|after| start + hours(after));
    site.says(between(None, Some(edges[0]))).await;
    site.tell(say::stream(ANA), Some(ANA), say::gives(ANA, TWO, between(Some(edges[1]), Some(edges[2]))))
        .await;
    let referral = site.draft().await;
    assert_eq!(site.send(&referral, false).await, Ok(ONE.to_string()));
    site.told(1).await;
    let Site { service, offer, .. } = site;
    service.stop().await;

    let (one, other) = (begin().await, begin().await);
    for process in [&one, &other] {
        process.hours_pass(100);
    }
    let shelter = Client::new(one.worker(SHELTER));
    let site = Site { service: one, offer, shelter };
    let course = site.told(7).await;
    let at = |edge: usize| Some(edges[edge].as_second());
    let whole = [
        ("foreseen", at(0)),
        ("lapsed", at(0)),
        ("foreseen", at(1)),
        ("restored", None),
        ("foreseen", at(2)),
        ("lapsed", at(2)),
        ("foreseen", None),
    ];
    assert_eq!(course, whole);
    nothing_is_due(&[&site.service, &other]).await;
    site.service.one_batch_makes_the_same_lists().await;
    assert_eq!(site.course().await, whole, "each once");
    site.service.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_an_agency_becomes_a_part_2_programme_all_its_open_referrals_are_judged_again_page_by_page() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let site = Site::on(store, false).await;
        // More than are looked up together.
        let people: Vec<PersonId> = (1_000..1_103).map(PersonId::of).collect();
        for person in &people {
            let event = RegistryEvent { kind: Some(say::given(*person, CLINIC)) };
            site.service.tell("registry", say::stream(*person), Some(*person), &event).await;
        }
        site.hears().await;
        let mut sent = vec![];
        for person in &people {
            let referral = site.draft_of(*person).await;
            site.send(&referral, false).await.unwrap();
            sent.push(referral);
        }
        site.is_a_programme(SHELTER, true).await;
        for referral in &sent {
            site.marked(referral, true).await;
        }
        // That it is called otherwise changes nothing, nor that it is none any more: what it wrote under Part 2 stays under it.
        site.is_a_programme(SHELTER, true).await;
        site.is_a_programme(SHELTER, false).await;
        // A directive that names the label is heard after that.
        let (last, labels) = (people[people.len() - 1], vec![PART2.to_owned()]);
        let scope = proto::registry::ConsentScope { labels, ..say::scope(CLINIC) };
        let event = RegistryEvent { kind: Some(say::gives(last, DirectiveId::of(70), scope)) };
        site.service.tell("registry", say::stream(last), Some(last), &event).await;
        site.marked(&sent[sent.len() - 1], false).await;
        let marks = site.marks().await;
        let lapsed = marks.iter().filter(|(lapsed, _)| *lapsed).count();
        assert_eq!((lapsed, marks.len()), (people.len(), people.len() + 1), "each once, and one lifted");
    }
}
