//! Keys from the registry's key service.
//! Invariant: a call ends within [`PATIENCE`]; whatever keeps it from a whole answer is the source being away, never an erasure.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use kernel::PersonId;
use proto::registry as pb;
use proto::registry::key_service_client::KeyServiceClient;
use tonic::Request;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::codegen::{Body as HttpBody, StdError};

use super::{KeyError, KeySource, KeyState};
use crate::seal::PersonKey;

/// How long one call may take: past it a read shows locked fields rather than hang.
const PATIENCE: Duration = Duration::from_secs(2);

/// The registry's key service as a source; `S` is a channel that says who we are (role service).
pub struct RemoteKeys<S> {
    client: KeyServiceClient<S>,
}

/// What an answer of the key service may be wrong about.
#[derive(Debug, thiserror::Error)]
#[error("the key service answered with {0}")]
struct BadAnswer(&'static str);

impl<S> RemoteKeys<S>
where
    S: GrpcService<Body>,
    S::Error: Into<StdError>,
    S::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <S::ResponseBody as HttpBody>::Error: Into<StdError> + Send,
{
    /// The key service at the other end of this channel.
    pub fn new(channel: S) -> Self {
        Self { client: KeyServiceClient::new(channel) }
    }
}

impl<S> KeySource for RemoteKeys<S>
where
    S: GrpcService<Body> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Into<StdError>,
    S::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <S::ResponseBody as HttpBody>::Error: Into<StdError> + Send,
{
    fn keys<'a>(
        &'a self,
        people: &'a [PersonId],
    ) -> BoxFuture<'a, Result<Vec<(PersonId, KeyState)>, KeyError>> {
        let mut client = self.client.clone();
        Box::pin(async move {
            let person_ids = people.iter().map(ToString::to_string).collect();
            let mut request = Request::new(pb::GetKeysRequest { person_ids });
            request.set_timeout(PATIENCE);
            let call = tokio::time::timeout(PATIENCE, client.get_keys(request));
            let answer = call.await.map_err(KeyError::away)?.map_err(KeyError::away)?.into_inner();
            answer.keys.iter().map(|key| parse(key).map_err(KeyError::away)).collect()
        })
    }
}

fn parse(key: &pb::PersonKey) -> Result<(PersonId, KeyState), BadAnswer> {
    let person = key.person_id.parse().map_err(|_| BadAnswer("an id that is no person's"))?;
    let state = match key.state() {
        pb::KeyState::Open => {
            let bits = key.key.as_ref().try_into().map_err(|_| BadAnswer("a key that is not 256 bits"))?;
            KeyState::Open(PersonKey::new(person, key.number, bits))
        }
        pb::KeyState::Erased => KeyState::Erased,
        pb::KeyState::Unknown => KeyState::Unknown,
        pb::KeyState::Unspecified => return Err(BadAnswer("a state this build does not know")),
    };
    Ok((person, state))
}
