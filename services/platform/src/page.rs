//! Page tokens: where a list goes on.
//! Invariant: a token is sealed and bound to its list, so it shows nothing, cannot be made up, and does not fit another list or filter.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message;

use crate::error::BadField;
use crate::seal::Secret;

/// Makes and reads the page tokens of one service.
pub struct Pages(LessSafeKey);

impl Pages {
    /// Tokens under a key of the service's own.
    pub fn new(secret: &Secret) -> Self {
        let key = secret.derive("page-token");
        let key = UnboundKey::new(&AES_256_GCM, &key).expect("the derived key has the cipher's length");
        Self(LessSafeKey::new(key))
    }

    /// The token for a place in this list. `list` names the list and everything that was asked of it but the page.
    pub fn token(&self, list: &str, place: &impl Message) -> String {
        let mut nonce = [0; NONCE_LEN];
        aws_lc_rs::rand::fill(&mut nonce).expect("the system's random source answers");
        let mut bytes = place.encode_to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(list), &mut bytes)
            .expect("a place is far below the cipher's limit");
        URL_SAFE_NO_PAD.encode([nonce.as_slice(), &bytes].concat())
    }

    /// The place that a caller's `page_token` names; none for the first page.
    ///
    /// # Errors
    /// A token that this list did not give.
    pub fn place<M: Message + Default>(&self, list: &str, token: &str) -> Result<Option<M>, BadField> {
        if token.is_empty() {
            return Ok(None);
        }
        let open = || {
            let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
            let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let mut sealed = sealed.to_vec();
            let place = self.0.open_in_place(nonce, Aad::from(list), &mut sealed).ok()?;
            M::decode(&*place).ok()
        };
        let why = "is not a token of this list with this filter; send next_page_token unchanged, and the same filter";
        open().map(Some).ok_or_else(|| BadField::new("page_token", why))
    }
}

impl Pages {
    /// Where a page of a list that is newest first goes on: after that row.
    ///
    /// # Errors
    /// A token that this list did not give.
    pub fn after(&self, list: &str, token: &str) -> Result<Last, BadField> {
        Ok(self.place(list, token)?.unwrap_or_else(Last::first))
    }

    /// The `next_page_token` of a page after which the list goes on there, or ends.
    pub fn next(&self, list: &str, next: Option<Last>) -> String {
        next.map(|last| self.token(list, &last)).unwrap_or_default()
    }
}

/// A place in a list that is newest first: the last row of the page before.
#[derive(Clone, PartialEq, Message)]
pub struct Last {
    /// When that row is placed, in microseconds since 1970.
    #[prost(sint64, tag = "1")]
    pub at: i64,
    /// Its id.
    #[prost(bytes = "vec", tag = "2")]
    pub id: Vec<u8>,
}

impl Last {
    /// That row.
    pub fn new(at: i64, id: uuid::Uuid) -> Self {
        Self { at, id: id.as_bytes().to_vec() }
    }
    /// Its id.
    pub fn id(&self) -> uuid::Uuid {
        uuid::Uuid::from_slice(&self.id).unwrap_or(uuid::Uuid::max())
    }
    /// Before every row: where the first page begins.
    pub fn first() -> Self {
        Self::new(i64::MAX, uuid::Uuid::max())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_fits_its_own_list_alone_and_shows_nothing() {
        let pages = Pages::new(&Secret::new([7; 32]));
        let last = Last::new(42, uuid::Uuid::from_u128(9));
        let token = pages.token("ListOffers/ips", &last);
        assert_eq!(pages.place("ListOffers/ips", &token), Ok(Some(last)));
        assert!(pages.place::<Last>("ListOffers/cbt", &token).is_err());
        assert!(pages.place::<Last>("ListOffers/ips", "AAAA").is_err());
        assert_eq!(pages.place::<Last>("ListOffers/ips", ""), Ok(None));
    }
}
