//! `throughline call`: any method of the contract, asked and answered in JSON.
//! Invariant: what is sent and printed is the proto3 JSON mapping under the contract's own field names; nothing here knows a method.

use std::io::Read;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use kernel::{Actor, AgencyId, Caller, Role, WorkerId};
use platform::auth;
use platform::peer::{Identity, Peer, may_retry};
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, SerializeOptions};
use serde_json::Value;
use tonic::client::Grpc;
use tonic::{Request, Status, Streaming};

use crate::client::{To, told};
use crate::out;

mod codec;
mod contract;

use codec::Dynamic;

/// What names an attempt in every command.
const REQUEST_ID: &str = "request_id";
/// How long `--until` waits, and how soon it asks again.
const UNTIL_AT_MOST: Duration = Duration::from_secs(30);
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// Which method, with what, as whom.
#[derive(Args)]
pub struct Call {
    /// The method, for example SendReferral, or referrals/SendReferral where two services have one of that name; without it all are listed
    method: Option<String>,
    /// The request as JSON, or - to read it from standard input; without it an empty one. A missing request_id is made
    request: Option<String>,
    /// Say what the request's fields are, and ask nothing
    #[arg(long)]
    describe: bool,
    /// Print this field of the reply alone, for example referral.id or entries.0.line
    #[arg(long, value_name = "FIELD")]
    get: Option<String>,
    /// Ask again, or follow, until this field of the reply is VALUE, or, without =VALUE, is there and not empty; gives up after 30 s
    #[arg(long, value_name = "FIELD[=VALUE]")]
    until: Option<String>,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    to: To,
}

/// As whom, where no --token-file says it. Only a listener on loopback believes it.
#[derive(Args)]
struct Who {
    /// worker:UUID, person:UUID or service:NAME
    #[arg(long, value_parser = actor, default_value_t = Named(Actor::Worker(WorkerId::of(0))))]
    actor: Named,
    /// worker, recorder, operator, auditor, person or service; without it person for a person, else worker where there is an agency, else operator
    #[arg(long, value_parser = role)]
    role: Option<Role>,
    /// The caller's own agency
    #[arg(long, value_name = "UUID")]
    agency: Option<AgencyId>,
    /// The agency that the caller speaks for, where that is another
    #[arg(long, value_name = "UUID")]
    on_behalf_of: Option<AgencyId>,
}

/// An actor that prints as it is given.
#[derive(Clone)]
struct Named(Actor);

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&auth::actor_text(&self.0))
    }
}

fn actor(text: &str) -> Result<Named, &'static str> {
    auth::actor(text).map(Named).ok_or("give worker:UUID, person:UUID or service:NAME")
}

fn role(text: &str) -> Result<Role, &'static str> {
    Role::named(text).ok_or("give worker, recorder, operator, auditor, person or service")
}

impl Who {
    fn identity(&self) -> Identity {
        let assumed = match (&self.actor.0, self.agency) {
            (Actor::Person(_), _) => Role::Person,
            (_, Some(_)) => Role::Worker,
            (_, None) => Role::Operator,
        };
        Identity::Plain(Caller {
            actor: self.actor.0.clone(),
            role: self.role.unwrap_or(assumed),
            agency: self.agency,
            on_behalf_of: None,
        })
    }
}

impl Call {
    /// Asks, and prints what comes: a reply, or each message of a stream on a line of its own.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let pool = DescriptorPool::decode(proto::DESCRIPTORS).context("the contract cannot be read")?;
        let Some(name) = &self.method else {
            out::write(contract::methods(&pool))?;
            return Ok(ExitCode::SUCCESS);
        };
        let method = contract::method(&pool, name)?;
        if self.describe {
            out::write(contract::described(&method))?;
            return Ok(ExitCode::SUCCESS);
        }
        let request = self.request(&method)?;
        let peer = self.peer()?;
        match &self.until {
            None => self.all(&peer, &method, &request).await?,
            Some(condition) => {
                let held =
                    tokio::time::timeout(UNTIL_AT_MOST, self.until(condition, &peer, &method, &request));
                let held = held
                    .await
                    .map_err(|_| anyhow!("{condition} did not come to hold within {UNTIL_AT_MOST:?}"))?;
                self.print(&held?, false)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Prints all that comes.
    async fn all(
        &self,
        peer: &Peer,
        method: &MethodDescriptor,
        request: &DynamicMessage,
    ) -> anyhow::Result<()> {
        let again = |status: Status| failed(status, request);
        let mut replies = ask(peer, method, request.clone()).await.map_err(again)?;
        while let Some(reply) = replies.message().await.map_err(again)? {
            self.print(&reply, method.is_server_streaming())?;
        }
        Ok(())
    }

    /// The first reply of which the condition holds; asks again for one where replies end.
    async fn until(
        &self,
        condition: &str,
        peer: &Peer,
        method: &MethodDescriptor,
        request: &DynamicMessage,
    ) -> anyhow::Result<DynamicMessage> {
        let again = |status: Status| failed(status, request);
        loop {
            let mut replies = ask(peer, method, request.clone()).await.map_err(again)?;
            while let Some(reply) = replies.message().await.map_err(again)? {
                if holds(&json(&reply, Shown::All)?, condition) {
                    return Ok(reply);
                }
            }
            tokio::time::sleep(ASK_AGAIN_AFTER).await;
        }
    }

    fn peer(&self) -> anyhow::Result<Peer> {
        let identity = match &self.to.token_file {
            Some(path) => Identity::token_file(path),
            None => self.who.identity(),
        };
        let peer = self.to.identified(identity)?;
        Ok(match self.who.on_behalf_of {
            Some(agency) => peer.on_behalf_of(agency),
            None => peer,
        })
    }

    fn request(&self, method: &MethodDescriptor) -> anyhow::Result<DynamicMessage> {
        let text = match self.request.as_deref() {
            None => "{}".to_owned(),
            Some("-") => {
                let mut text = String::new();
                std::io::stdin().read_to_string(&mut text).context("standard input cannot be read")?;
                text
            }
            Some(text) => text.to_owned(),
        };
        let input = method.input();
        let mut json: Value = serde_json::from_str(&text).context("the request is not JSON")?;
        let Some(fields) = json.as_object_mut() else {
            bail!("the request is not a JSON object");
        };
        let given = fields.contains_key(REQUEST_ID) || fields.contains_key("requestId");
        if input.get_field_by_name(REQUEST_ID).is_some() && !given {
            fields.insert(REQUEST_ID.to_owned(), uuid::Uuid::new_v4().to_string().into());
        }
        DynamicMessage::deserialize(input, json).with_context(|| {
            format!(
                "the request does not fit; `throughline call {} --describe` tells what does",
                method.name()
            )
        })
    }

    fn print(&self, reply: &DynamicMessage, in_line: bool) -> anyhow::Result<()> {
        match &self.get {
            Some(path) => {
                let all = json(reply, Shown::All)?;
                let value = contract::at(&all, path)?;
                out::line(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            }
            None if in_line => out::line(json(reply, Shown::Set)?),
            None => out::line(format_args!("{:#}", json(reply, Shown::Set)?)),
        }
    }
}

/// A method that replies once is, on the wire, a stream of one.
async fn ask(
    peer: &Peer,
    method: &MethodDescriptor,
    request: DynamicMessage,
) -> Result<Streaming<DynamicMessage>, Status> {
    let mut client = Grpc::new(peer.clone());
    client.ready().await.map_err(|err| Status::unavailable(err.to_string()))?;
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let path = path.parse().map_err(|_| Status::internal("a method's name makes no path"))?;
    let replies = client.server_streaming(Request::new(request), path, Dynamic(method.output())).await;
    Ok(replies?.into_inner())
}

/// In words; and where nobody knows whether it happened, how to try again without its happening twice.
fn failed(status: Status, request: &DynamicMessage) -> anyhow::Error {
    let id = request.get_field_by_name(REQUEST_ID);
    let hint = id.filter(|_| may_retry(&status)).and_then(|id| {
        let id = id.as_str().filter(|id| !id.is_empty())?;
        Some(format!("; to try again so that it happens once, send the same with \"request_id\": \"{id}\""))
    });
    anyhow!("{}{}", told(status), hint.unwrap_or_default())
}

/// Which fields a reply is shown with.
#[derive(Clone, Copy)]
enum Shown {
    /// Those that say something.
    Set,
    /// Those that are zero or empty too.
    All,
}

fn json(reply: &DynamicMessage, shown: Shown) -> anyhow::Result<Value> {
    let options =
        SerializeOptions::new().use_proto_field_name(true).skip_default_fields(matches!(shown, Shown::Set));
    reply.serialize_with_options(serde_json::value::Serializer, &options).context("a reply is not JSON")
}

/// Whether the field is the value, or, where the condition names none, says anything.
fn holds(reply: &Value, condition: &str) -> bool {
    let (path, wanted) = match condition.split_once('=') {
        Some((path, wanted)) => (path, Some(wanted)),
        None => (condition, None),
    };
    let Ok(value) = contract::at(reply, path) else { return false };
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match wanted {
        Some(wanted) => text == wanted,
        None => !value.is_null() && !text.is_empty(),
    }
}
