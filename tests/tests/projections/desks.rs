//! Two desks over one log, as two processes have: what one changes the other decides on, or not at all.

use std::sync::Arc;

use kernel::{Decider, PersonId, RefusalKind};
use platform::command::{
    Ask, At, Changes, Desk, Done, Encoding, Failed, Ink, Payload, Prepared, Stream, Unreadable, id_of,
};
use platform::keys::Keys;
use platform::log::AppendError;
use platform::seal::Secret;
use proto::log as pb;
use tests::alone::TestKeys;
use tonic::Status;
use uuid::Uuid;

use crate::fixture::{Place, on_both};

on_both!(
    what_a_decision_only_looked_at_has_not_changed_when_it_is_written,
    a_refusal_on_what_is_no_longer_so_is_decided_again,
    an_etag_is_that_of_the_record_and_what_stands_beside_it_may_move,
    a_reaction_expects_what_it_only_looked_at,
);

/// A door, which anybody opens, shuts or paints.
struct Door;

/// Somebody who comes in by a door, again and again.
struct Guest;

#[derive(Clone, Debug, Default)]
struct IsOpen(bool);

#[derive(Clone, Debug, PartialEq, Eq)]
enum DoorEvent {
    Opened,
    Shut,
    Painted,
}

#[derive(Clone, Debug)]
struct CameIn;

/// The door is shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct IsShut;

impl std::fmt::Display for IsShut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the door is shut")
    }
}

impl std::error::Error for IsShut {}

impl kernel::Refusal for IsShut {
    fn kind(&self) -> RefusalKind {
        RefusalKind::FailedPrecondition
    }
    fn reason(&self) -> &'static str {
        "IS_SHUT"
    }
}

impl Decider for Door {
    const CATEGORY: &'static str = "door";
    type State = IsOpen;
    type Command = DoorEvent;
    type Event = DoorEvent;
    type Refusal = IsShut;

    fn decide(_: &IsOpen, command: DoorEvent) -> Result<Vec<DoorEvent>, IsShut> {
        Ok(vec![command])
    }
    fn evolve(state: IsOpen, event: &DoorEvent) -> IsOpen {
        match event {
            DoorEvent::Opened => IsOpen(true),
            DoorEvent::Shut => IsOpen(false),
            DoorEvent::Painted => state,
        }
    }
}

impl Encoding for Door {
    fn person(_: &IsOpen) -> Option<PersonId> {
        None
    }
    fn encode(event: &DoorEvent, _: &IsOpen, _: &Ink<'_>) -> Result<Payload, Status> {
        Ok(Payload::new(format!("throughline.test.v1.{event:?}"), &()))
    }
    fn decode(stored: &pb::Event) -> Result<DoorEvent, Unreadable> {
        match stored.r#type.as_str() {
            "throughline.test.v1.Opened" => Ok(DoorEvent::Opened),
            "throughline.test.v1.Shut" => Ok(DoorEvent::Shut),
            "throughline.test.v1.Painted" => Ok(DoorEvent::Painted),
            _ => Err(Unreadable::new(stored, "no door does that")),
        }
    }
}

impl Decider for Guest {
    const CATEGORY: &'static str = "guest";
    type State = u32;
    type Command = ();
    type Event = CameIn;
    type Refusal = IsShut;

    fn decide(_: &u32, (): ()) -> Result<Vec<CameIn>, IsShut> {
        Ok(vec![CameIn])
    }
    fn evolve(visits: u32, _: &CameIn) -> u32 {
        visits + 1
    }
}

impl Encoding for Guest {
    fn person(_: &u32) -> Option<PersonId> {
        None
    }
    fn encode(_: &CameIn, _: &u32, _: &Ink<'_>) -> Result<Payload, Status> {
        Ok(Payload::new("throughline.test.v1.CameIn".to_owned(), &()))
    }
    fn decode(_: &pb::Event) -> Result<CameIn, Unreadable> {
        Ok(CameIn)
    }
}

const DOOR: Uuid = Uuid::from_u128(1);
const GUEST: Uuid = Uuid::from_u128(2);

/// A desk of one process.
struct House(Desk);

/// Two over one log, the door open, and both know that it is: the guest came in at each.
async fn two(place: &Place) -> (House, House) {
    let store = place.open("referrals").await;
    let house = || {
        let keys = Keys::new(Arc::new(TestKeys::default()), place.clock.clone());
        let (log, secret) = (store.log().clone(), Secret::new([9; 32]));
        House(Desk::new("referrals", log, keys, secret, place.clock.clone()))
    };
    let (here, there) = (house(), house());
    here.door(DoorEvent::Opened).await;
    for house in [&here, &there] {
        house.visit(None).await.expect("the door is open");
    }
    (here, there)
}

impl House {
    fn ask(&self) -> Ask {
        self.0.own_ask("Test", Uuid::now_v7(), None)
    }

    async fn door(&self, does: DoorEvent) {
        self.0.decide::<Door>(&self.ask(), DOOR, does).await.expect("a door does what it is told");
    }

    fn streams() -> (Stream<Guest>, Stream<Door>) {
        (Stream::of(GUEST), Stream::of(DOOR))
    }

    /// The guest comes in, if the guest's record is still at this version.
    async fn visit(&self, etag: Option<u64>) -> Result<Done, Failed<IsShut>> {
        let ask = Ask { etag, ..self.ask() };
        let comes = |(guest, door): &_| comes_in(guest, door);
        self.0.execute(&ask, id_of::<Guest>(GUEST), Self::streams(), comes).await
    }

    async fn prepared(&self) -> Prepared<IsShut> {
        let (ask, comes) = (self.ask(), |(guest, door): &_| comes_in(guest, door));
        let prepared = self.0.prepared(&ask, id_of::<Guest>(GUEST), Self::streams(), comes).await;
        prepared.expect("the door is open")
    }
}

fn comes_in(guest: &At<u32>, door: &At<IsOpen>) -> Result<Changes<IsShut>, IsShut> {
    if !door.0 {
        return Err(IsShut);
    }
    Ok(Changes::none().write::<Guest>(guest, Guest::decide(guest, ())?))
}

async fn what_a_decision_only_looked_at_has_not_changed_when_it_is_written(place: Place) {
    let (here, there) = two(&place).await;
    here.door(DoorEvent::Shut).await;
    // Who has just come in holds the door as it was then.
    let refused = there.visit(None).await.expect_err("the door is shut");
    assert!(matches!(refused, Failed::Refused(IsShut)), "{refused:?}");
    assert_eq!(*there.0.load::<Guest>(GUEST).await.unwrap().state, 2);
}

async fn a_refusal_on_what_is_no_longer_so_is_decided_again(place: Place) {
    let (here, there) = two(&place).await;
    here.door(DoorEvent::Shut).await;
    there.visit(None).await.expect_err("the door is shut, and held to be");
    here.door(DoorEvent::Opened).await;
    there.visit(None).await.expect("the door is open again");
}

async fn an_etag_is_that_of_the_record_and_what_stands_beside_it_may_move(place: Place) {
    let (here, there) = two(&place).await;
    here.door(DoorEvent::Painted).await;
    assert_eq!(there.visit(Some(2)).await.expect("the guest is as the caller knows").version, 3);
    here.visit(None).await.expect("the door is open");
    let Failed::Status(status) = there.visit(Some(3)).await.expect_err("the guest has come in since") else {
        panic!("a record that moved on is no refusal")
    };
    assert_eq!(platform::error::reason(&status).as_deref(), Some("ETAG_MISMATCH"));
}

async fn a_reaction_expects_what_it_only_looked_at(place: Place) {
    let (here, there) = two(&place).await;
    let append = there.prepared().await.for_reaction().expect("something changes");
    here.door(DoorEvent::Shut).await;
    let refused = there.0.log().append(append).await.expect_err("the door is shut by now");
    assert!(
        matches!(&refused, AppendError::Conflict { stream } if *stream == id_of::<Door>(DOOR).to_string()),
        "{refused:?}"
    );
}
