//! Wraps the keys of people under a key-encryption key that lies outside every database.
//! Invariant: what a database holds of a key opens only with that secret, for that person and key number.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand;
use kernel::PersonId;

use super::Secret;

/// Wraps and unwraps keys (AES-256-GCM).
pub struct KeyWrap(LessSafeKey);

/// A wrapped key that does not open: it is damaged, or was wrapped under another key-encryption key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a wrapped key does not open under this key-encryption key")]
pub struct WrongWrap;

impl KeyWrap {
    /// Wraps under a key derived from this secret.
    pub fn new(secret: &Secret) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, &secret.derive("key wrap v1")).expect("the key is 256 bits");
        Self(LessSafeKey::new(key))
    }

    /// The key of a person as a database may hold it: nonce, cipher text, tag.
    pub fn wrap(&self, person: PersonId, number: u32, bits: &[u8; 32]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).expect("the system's random source answers");
        let mut sealed = bits.to_vec();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                bound_to(person, number),
                &mut sealed,
            )
            .expect("a key is far below the cipher's limit");
        [nonce.as_slice(), &sealed].concat()
    }

    /// The key again.
    ///
    /// # Errors
    /// [`WrongWrap`].
    pub fn unwrap(&self, person: PersonId, number: u32, wrapped: &[u8]) -> Result<[u8; 32], WrongWrap> {
        let (nonce, sealed) = wrapped.split_first_chunk::<NONCE_LEN>().ok_or(WrongWrap)?;
        let mut bits = sealed.to_vec();
        let bits = self
            .0
            .open_in_place(Nonce::assume_unique_for_key(*nonce), bound_to(person, number), &mut bits)
            .map_err(|_| WrongWrap)?;
        (&*bits).try_into().map_err(|_| WrongWrap)
    }
}

fn bound_to(person: PersonId, number: u32) -> Aad<[u8; 20]> {
    let mut bound = [0; 20];
    bound[..16].copy_from_slice(person.uuid().as_bytes());
    bound[16..].copy_from_slice(&number.to_be_bytes());
    Aad::from(bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: PersonId = PersonId::of(1);

    #[test]
    fn a_wrapped_key_opens_for_its_person_and_number_under_its_secret_alone() {
        let wrap = KeyWrap::new(&Secret::new([1; 32]));
        let wrapped = wrap.wrap(ANA, 1, &[7; 32]);
        assert!(!wrapped.windows(32).any(|part| part == [7; 32]));
        assert_eq!(wrap.unwrap(ANA, 1, &wrapped), Ok([7; 32]));
        assert_eq!(wrap.unwrap(PersonId::of(2), 1, &wrapped), Err(WrongWrap));
        assert_eq!(wrap.unwrap(ANA, 2, &wrapped), Err(WrongWrap));
        assert_eq!(KeyWrap::new(&Secret::new([2; 32])).unwrap(ANA, 1, &wrapped), Err(WrongWrap));
        assert_eq!(wrap.unwrap(ANA, 1, &wrapped[..20]), Err(WrongWrap));
        assert_eq!(wrap.unwrap(ANA, 1, b""), Err(WrongWrap));
    }
}
