//! The key service: hands keys to services of this system, and to nobody else.
//! Invariant: the role is looked at before anything of the request; a key leaves in a reply alone, never in a log line.

use kernel::{PersonId, Role};
use platform::auth;
use platform::error;
use platform::keys::MAX_BATCH;
use proto::registry as pb;
use proto::registry::key_service_server::KeyService;
use tonic::{Request, Response, Status};

use crate::keystore::{KeyStore, RawKey};

/// The face of the key store.
pub struct KeyApi {
    keystore: KeyStore,
}

impl KeyApi {
    /// A face over these keys.
    pub fn new(keystore: KeyStore) -> Self {
        Self { keystore }
    }
}

#[tonic::async_trait]
impl KeyService for KeyApi {
    async fn get_keys(
        &self,
        request: Request<pb::GetKeysRequest>,
    ) -> Result<Response<pb::GetKeysResponse>, Status> {
        auth::require_role(&auth::caller(&request)?, &[Role::Service])?;
        let asked = &request.get_ref().person_ids;
        if asked.len() > MAX_BATCH {
            return Err(error::bad_field(
                "person_ids",
                format!("are more than {MAX_BATCH}; ask in several calls"),
            ));
        }
        let parse = |(i, text): (usize, &String)| platform::wire::id(&format!("person_ids[{i}]"), text);
        let people: Vec<PersonId> = asked.iter().enumerate().map(parse).collect::<Result<_, _>>()?;
        let found = self.keystore.raw(&people).await?;
        let key = |person: &PersonId| key(*person, found.get(person).unwrap_or(&RawKey::Unknown));
        Ok(Response::new(pb::GetKeysResponse { keys: people.iter().map(key).collect() }))
    }
}

fn key(person: PersonId, key: &RawKey) -> pb::PersonKey {
    let (number, state, bits) = match key {
        RawKey::Open { number, bits } => (*number, pb::KeyState::Open, bits.0.to_vec()),
        RawKey::Erased => (0, pb::KeyState::Erased, vec![]),
        RawKey::Unknown => (0, pb::KeyState::Unknown, vec![]),
    };
    pb::PersonKey { person_id: person.to_string(), number, state: state.into(), key: bits.into() }
}
