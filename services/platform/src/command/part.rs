//! Etags of streams that several agencies write and each sees in part.
//! Invariant: such an etag tells nothing of a change that whoever has it does not see: it is a keyed hash of the last one that they do see. What is decided
//! is written at the stream's true version all the same.

use futures_util::future::BoxFuture;
use kernel::StreamId;
use tonic::{Code, Status};
use uuid::Uuid;

use super::{Ask, Desk, Done, Encoding, TRIES, id_of};

/// An etag that no stream ever has.
const NEVER: u64 = u64::MAX;

/// Which changes of a stream somebody sees.
pub trait Sees<S>: Send + Sync {
    /// The version that the last change has which they see, of those up to this version; 0 for none.
    fn last_seen(&self, state: &S, up_to: u64) -> impl Future<Output = Result<u64, Status>> + Send;
}

impl Desk {
    /// The etag of a stream for those who see of it, as the last, the change that made this version; 0 for none.
    pub fn etag_in_part(&self, stream: StreamId, last_seen: u64) -> String {
        self.number_in_part(stream, last_seen).to_string()
    }

    fn number_in_part(&self, stream: StreamId, last_seen: u64) -> u64 {
        let hash = self.secret().hash("etag-in-part", format!("{stream}/{last_seen}").as_bytes());
        let mut number = [0; 8];
        number.copy_from_slice(&hash[..8]);
        // Of 64 bits, so that it is read as any etag is; and none is the one that never is.
        u64::from_be_bytes(number) >> 1
    }

    /// Runs a command on a stream of which its caller sees a part: the etag that it came with is compared with what they see, and the one that it goes
    /// with says what they see by it.
    ///
    /// # Errors
    /// Those of the command; ABORTED where the caller sees another version than they named.
    pub async fn in_part<'a, D: Encoding>(
        &self,
        ask: &Ask,
        id: Uuid,
        sees: &impl Sees<D::State>,
        run: impl Fn(Ask) -> BoxFuture<'a, Result<Done, Status>> + Send + Sync,
    ) -> Result<Done, Status> {
        let stream = id_of::<D>(id);
        for attempt in 1.. {
            let mut asked = ask.clone();
            let mut hidden_may_move = false;
            if let Some(etag) = ask.etag {
                let now = self.load::<D>(id).await?;
                let seen = self.number_in_part(stream, sees.last_seen(&now.state, now.version).await?);
                hidden_may_move = seen == etag;
                asked.etag = Some(if hidden_may_move { now.version } else { NEVER });
            }
            match run(asked).await {
                // What the caller does not see moved between the two looks: that is nothing to tell them.
                Err(status) if status.code() == Code::Aborted && hidden_may_move && attempt < TRIES => {}
                Err(status) => return Err(status),
                Ok(done) => {
                    let now = self.load::<D>(id).await?;
                    let last_seen = sees.last_seen(&now.state, done.version).await?;
                    return Ok(Done { version: self.number_in_part(stream, last_seen), ..done });
                }
            }
        }
        Err(crate::error::lost_race())
    }
}
