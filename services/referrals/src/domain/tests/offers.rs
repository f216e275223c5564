//! Offers.

use kernel::given;

use super::*;
use crate::domain::offer::{Command, Event, Offer, Refusal};

fn published() -> Event {
    Event::Published { agency: CLINIC, content: content() }
}

#[test]
fn an_offer_is_published_changed_and_taken_back_by_its_agency_alone() {
    let publish = |agency| Command::Publish { agency, content: content() };
    given::<Offer>([]).when(publish(CLINIC)).then([published()]);
    given::<Offer>([published()]).when(publish(CLINIC)).nothing();
    let other = Content { name: "Other".into(), ..content() };
    given::<Offer>([published()])
        .when(Command::Publish { agency: CLINIC, content: other.clone() })
        .then([Event::Published { agency: CLINIC, content: other }]);
    given::<Offer>([published()]).when(publish(SHELTER)).refused(Refusal::NotFound);
    given::<Offer>([published()]).when(Command::Withdraw { agency: SHELTER }).refused(Refusal::NotFound);
    given::<Offer>([published()]).when(Command::Withdraw { agency: CLINIC }).then([Event::Withdrawn]);
    given::<Offer>([published(), Event::Withdrawn]).when(Command::Withdraw { agency: CLINIC }).nothing();
    given::<Offer>([]).when(Command::Withdraw { agency: CLINIC }).refused(Refusal::NotFound);
    given::<Offer>([published(), Event::Withdrawn]).when(publish(CLINIC)).then([published()]);
}
