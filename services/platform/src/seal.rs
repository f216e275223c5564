//! Seals a person's texts under the person's key, and opens them again.
//! Invariant: a sealed text opens only under the key, for the event and in the field it was sealed for; with the key gone it opens never.

mod secret;
mod wrap;

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac, rand};
use bytes::Bytes;
use kernel::PersonId;
use kernel::ids::Uuid;
use proto::log as pb;

pub use secret::{Secret, SecretError, random};
pub use wrap::{KeyWrap, WrongWrap};

/// The key of one person, ready for use. Clones share it. It never shows itself.
#[derive(Clone)]
pub struct PersonKey(Arc<Inner>);

struct Inner {
    person: PersonId,
    /// What stands in `Sealed.key_id`: person and key number.
    id: String,
    seals: LessSafeKey,
    digests: hmac::Key,
}

/// Why a sealed text does not open under a key. None of these is an erasure: each means that bytes are not what we wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It names another key.
    #[error("the text was sealed under another key")]
    OtherKey,
    /// It is not in the form that sealing gives.
    #[error("the sealed text is malformed")]
    Malformed,
    /// Text, event or field is not what was sealed.
    #[error("the sealed text does not authenticate")]
    Forged,
}

impl PersonKey {
    /// The key with this number of this person, from its 256 bits. Sealing and digests use keys of their own that derive from it (HKDF).
    pub fn new(person: PersonId, number: u32, bits: &[u8; 32]) -> Self {
        let root = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, bits);
        let seals = root.expand(&[b"throughline seal v1"], &AES_256_GCM).expect("HKDF gives 32 bytes");
        let digests =
            root.expand(&[b"throughline digest v1"], hmac::HMAC_SHA256).expect("HKDF gives 32 bytes");
        Self(Arc::new(Inner {
            person,
            id: format!("{person}/{number}"),
            seals: LessSafeKey::new(UnboundKey::from(seals)),
            digests: hmac::Key::from(digests),
        }))
    }

    /// Whose it is.
    pub fn person(&self) -> PersonId {
        self.0.person
    }

    /// Seals a text for this event and field. The nonce is random: a person's key seals far fewer than 2^32 texts.
    pub fn seal(&self, event_id: Uuid, field: &str, text: &str) -> pb::Sealed {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).expect("the system's random source answers");
        let mut bytes = text.as_bytes().to_vec();
        self.0
            .seals
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                bound_to(event_id, field),
                &mut bytes,
            )
            .expect("a text is far below the cipher's limit");
        pb::Sealed {
            key_id: self.0.id.clone(),
            event_id: event_id.to_string(),
            field: field.to_owned(),
            nonce: Bytes::copy_from_slice(&nonce),
            ciphertext: bytes.into(),
        }
    }

    /// Opens what this key sealed.
    ///
    /// # Errors
    /// See [`OpenError`]; none is retryable.
    pub fn open(&self, sealed: &pb::Sealed) -> Result<String, OpenError> {
        if sealed.key_id != self.0.id {
            return Err(OpenError::OtherKey);
        }
        let event_id = Uuid::try_parse(&sealed.event_id).map_err(|_| OpenError::Malformed)?;
        let nonce = Nonce::try_assume_unique_for_key(&sealed.nonce).map_err(|_| OpenError::Malformed)?;
        let mut bytes = sealed.ciphertext.to_vec();
        let text = self
            .0
            .seals
            .open_in_place(nonce, bound_to(event_id, &sealed.field), &mut bytes)
            .map_err(|_| OpenError::Forged)?;
        std::str::from_utf8(text).map(str::to_owned).map_err(|_| OpenError::Malformed)
    }

    /// A keyed hash of these bytes: equal for equal bytes of this person, meaningless without the key, and so gone with it.
    pub fn digest(&self, bytes: &[u8]) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(hmac::sign(&self.0.digests, bytes).as_ref());
        out
    }
}

/// What is authenticated with a text: the event's 16 bytes, then the field.
fn bound_to(event_id: Uuid, field: &str) -> Aad<Vec<u8>> {
    Aad::from([event_id.as_bytes(), field.as_bytes()].concat())
}

/// The person whose key a sealed text needs, from its key id.
pub fn sealed_for(sealed: &pb::Sealed) -> Option<PersonId> {
    sealed.key_id.split_once('/').and_then(|(person, _)| person.parse().ok())
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersonKey({})", self.0.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: PersonId = PersonId::of(1);
    const EVENT: Uuid = Uuid::from_u128(77);

    fn key() -> PersonKey {
        PersonKey::new(ANA, 1, &[7; 32])
    }

    #[test]
    fn a_text_opens_under_the_key_that_sealed_it() {
        let sealed = key().seal(EVENT, "name.given", "Ödön Example");
        assert_eq!(key().open(&sealed).as_deref(), Ok("Ödön Example"));
        assert_eq!(sealed_for(&sealed), Some(ANA));
        assert!(!sealed.ciphertext.windows(7).any(|part| part == b"Example"));
    }

    #[test]
    fn equal_texts_seal_to_different_bytes() {
        let (one, two) = (key().seal(EVENT, "f", "same"), key().seal(EVENT, "f", "same"));
        assert_ne!((one.nonce, one.ciphertext), (two.nonce, two.ciphertext));
    }

    #[test]
    fn another_key_opens_nothing_even_under_the_same_name() {
        let sealed = key().seal(EVENT, "f", "text");
        assert_eq!(PersonKey::new(ANA, 1, &[8; 32]).open(&sealed), Err(OpenError::Forged));
        assert_eq!(PersonKey::new(ANA, 2, &[7; 32]).open(&sealed), Err(OpenError::OtherKey));
        assert_eq!(PersonKey::new(PersonId::of(2), 1, &[7; 32]).open(&sealed), Err(OpenError::OtherKey));
    }

    #[test]
    fn a_text_moved_to_another_event_or_field_does_not_open() {
        let sealed = key().seal(EVENT, "f", "text");
        let moved = pb::Sealed { event_id: Uuid::from_u128(78).to_string(), ..sealed.clone() };
        assert_eq!(key().open(&moved), Err(OpenError::Forged));
        let moved = pb::Sealed { field: "g".into(), ..sealed.clone() };
        assert_eq!(key().open(&moved), Err(OpenError::Forged));
        let cut = pb::Sealed { nonce: Bytes::from_static(b"short"), ..sealed.clone() };
        assert_eq!(key().open(&cut), Err(OpenError::Malformed));
        let mut flipped = sealed.ciphertext.to_vec();
        flipped[0] ^= 1;
        assert_eq!(key().open(&pb::Sealed { ciphertext: flipped.into(), ..sealed }), Err(OpenError::Forged));
    }

    #[test]
    fn a_digest_tells_equal_from_unequal_for_one_person_alone() {
        assert_eq!(key().digest(b"a"), key().digest(b"a"));
        assert_ne!(key().digest(b"a"), key().digest(b"b"));
        assert_ne!(key().digest(b"a"), PersonKey::new(ANA, 1, &[8; 32]).digest(b"a"));
    }

    #[test]
    fn a_key_never_shows_its_bits() {
        assert_eq!(format!("{:?}", key()), format!("PersonKey({ANA}/1)"));
    }
}
