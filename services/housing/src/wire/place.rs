//! Places on the wire: a code, and sometimes words of somebody's own.
//! Invariant: the words leave sealed and come back sealed; only a reply opens them.

use kernel::Words;
use platform::command::{Ink, Unreadable, from_private};
use platform::error::BadField;
use platform::keys::Keys;
use platform::seal::Secret;
use platform::wire;
use proto::housing as pb;
use proto::types::FieldStatus;
use tonic::Status;

use crate::domain::place::{NotAPlace, Place};

/// Longest words for a place, in characters.
const WORDS: usize = 500;

/// The place in a request's field. The secret makes the keyed hash by which two tellings are compared.
pub fn place(field: &str, given: Option<&pb::Place>, secret: &Secret) -> Result<Place, BadField> {
    let given = wire::required(field, given)?;
    let words = wire::optional_text(&format!("{field}.other"), &given.other, WORDS)?;
    let words = words.map(|text| Words {
        hash: secret.hash("place-words", text.as_bytes()),
        text: kernel::Private::Plain(text),
    });
    let subsidy = (given.subsidy_code != 0).then_some(given.subsidy_code);
    Place::new(given.code, subsidy, words).map_err(|wrong| {
        let part = match wrong {
            NotAPlace::Code => "code",
            NotAPlace::Subsidy | NotAPlace::SubsidyWithout => "subsidy_code",
        };
        BadField::new(format!("{field}.{part}"), wrong.to_string())
    })
}

/// The place in an event, its words sealed as that field.
pub fn seal(field: &str, place: &Place, ink: &Ink<'_>) -> Result<pb::SealedPlace, Status> {
    Ok(pb::SealedPlace {
        code: place.code(),
        subsidy_code: place.subsidy().unwrap_or_default(),
        other: ink.seal_some(field, place.other().map(|words| &words.text))?,
        other_hash: place.other().map(|words| words.hash.to_vec()).unwrap_or_default().into(),
    })
}

/// The place in a stored event.
pub fn stored(event: &proto::log::Event, place: Option<&pb::SealedPlace>) -> Result<Place, Unreadable> {
    let place = place.ok_or_else(|| Unreadable::new(event, "it has no place"))?;
    let words = match from_private(place.other.as_ref()) {
        None => None,
        Some(text) => {
            let hash = <[u8; 32]>::try_from(place.other_hash.as_ref())
                .map_err(|_| Unreadable::new(event, "the hash of its place is damaged"))?;
            Some(Words { text, hash })
        }
    };
    Ok(Place::stored(place.code, (place.subsidy_code != 0).then_some(place.subsidy_code), words))
}

/// The place in a reply, its words opened where they can be.
pub async fn opened_with(keys: &Keys, place: &Place) -> pb::Place {
    let (other, status) = match place.other() {
        None => (String::new(), FieldStatus::Unspecified),
        Some(words) => keys.open_private(&words.text).await.said(),
    };
    let subsidy_code = place.subsidy().unwrap_or_default();
    pb::Place { code: place.code(), subsidy_code, other, other_status: status.into() }
}
