//! What operators do while a process serves: look at read models, verify and rebuild them, replay what was parked, fork a restored log.
//! Invariant: each is a call, so it works on a laptop and a cluster alike, and leaves what is live untouched until what replaces it is as good.

use std::sync::Arc;

use kernel::Role;
use proto::log as pb;
use proto::log::operations_service_server::OperationsService;
use tonic::{Request, Response, Status};

use crate::auth;
use crate::error;
use crate::projection::{Difference, Differs, Running, VerifyError};
use crate::service::Service;

/// Who may.
const OPERATE: &[Role] = &[Role::Operator];
/// Differences told; the rest are counted.
const TOLD: usize = 100;

/// The operations over the services of a process.
pub struct Operations(Arc<[Service]>);

impl Operations {
    /// Over these services.
    pub fn new(services: Arc<[Service]>) -> Self {
        Self(services)
    }

    fn service(&self, name: &str) -> Result<&Service, Status> {
        self.0.iter().find(|service| service.name == name).ok_or_else(|| {
            let here: Vec<&str> = self.0.iter().map(|service| service.name).collect();
            error::bad_field("service", format!("is not served here; served here: {}", here.join(", ")))
        })
    }

    fn model(&self, service: &str, name: &str) -> Result<Running, Status> {
        let models = self.service(service)?.read_models();
        let known: Vec<&str> = models.iter().map(|(name, _)| *name).collect();
        let why = format!("is no read model of {service}; it has: {}", known.join(", "));
        models
            .into_iter()
            .find_map(|(known, running)| (known == name).then_some(running))
            .ok_or_else(|| error::bad_field("name", why))
    }
}

fn operator<T>(request: &Request<T>) -> Result<(), Status> {
    auth::require_role(&auth::caller(request)?, OPERATE)
}

fn told(difference: &Difference) -> String {
    let how = match difference.differs {
        Differs::Missing => "missing",
        Differs::Extra => "extra",
        Differs::Changed => "changed",
    };
    format!("{}: {} {how}", difference.table, difference.key)
}

#[tonic::async_trait]
impl OperationsService for Operations {
    async fn list_read_models(
        &self,
        request: Request<pb::ListReadModelsRequest>,
    ) -> Result<Response<pb::ListReadModelsResponse>, Status> {
        operator(&request)?;
        let mut read_models = Vec::new();
        for service in self.0.iter() {
            for (name, running) in service.read_models() {
                let lag = running.views().lag().into_iter().map(|lag| pb::SourceLag {
                    log: lag.source,
                    events: lag.events,
                    seconds: lag.seconds,
                    reachable: lag.reachable,
                });
                let parked = running.parked().await?.into_iter().map(|parked| pb::ParkedPerson {
                    log: parked.source,
                    subject: parked.subject,
                    position: parked.position,
                    reason: parked.reason,
                    waiting: parked.waiting,
                });
                read_models.push(pb::ReadModel {
                    service: service.name.to_owned(),
                    name: name.to_owned(),
                    sources: lag.collect(),
                    parked: parked.collect(),
                });
            }
        }
        Ok(Response::new(pb::ListReadModelsResponse { read_models }))
    }

    async fn verify_read_model(
        &self,
        request: Request<pb::VerifyReadModelRequest>,
    ) -> Result<Response<pb::VerifyReadModelResponse>, Status> {
        operator(&request)?;
        let r = request.get_ref();
        let verified = self.model(&r.service, &r.name)?.verify().await.map_err(|wrong| match wrong {
            VerifyError::Store(wrong) => Status::from(wrong),
            VerifyError::Source(wrong) => error::away(wrong),
            VerifyError::Replaced { .. } => {
                error::status(tonic::Code::FailedPrecondition, "LOG_REPLACED", wrong.to_string())
            }
            VerifyError::NoKey { .. } | VerifyError::Disturbed => error::failed(wrong),
        })?;
        Ok(Response::new(pb::VerifyReadModelResponse {
            rows: verified.rows,
            differences: verified.differences.iter().take(TOLD).map(told).collect(),
            different: verified.different,
        }))
    }

    async fn rebuild_read_model(
        &self,
        request: Request<pb::RebuildReadModelRequest>,
    ) -> Result<Response<pb::RebuildReadModelResponse>, Status> {
        operator(&request)?;
        let r = request.get_ref();
        let generation = self.model(&r.service, &r.name)?.rebuild().await?;
        Ok(Response::new(pb::RebuildReadModelResponse { generation }))
    }

    async fn replay_parked(
        &self,
        request: Request<pb::ReplayParkedRequest>,
    ) -> Result<Response<pb::ReplayParkedResponse>, Status> {
        operator(&request)?;
        let r = request.get_ref();
        let replayed = self.model(&r.service, &r.name)?.replay(None).await?;
        Ok(Response::new(pb::ReplayParkedResponse {
            applied: replayed.applied,
            still_parked: replayed.parked,
        }))
    }

    async fn fork_log(
        &self,
        request: Request<pb::ForkLogRequest>,
    ) -> Result<Response<pb::ForkLogResponse>, Status> {
        operator(&request)?;
        let r = request.get_ref();
        let log = self.service(&r.log)?.log();
        let agrees_up_to = match r.agrees_up_to {
            0 => log.head().await?.position,
            position => position,
        };
        let log_id = log.fork(agrees_up_to).await?;
        tracing::warn!(log.name = r.log, log.id = %log_id, log.agrees_up_to = agrees_up_to, "a log was forked");
        Ok(Response::new(pb::ForkLogResponse { log_id: log_id.to_string() }))
    }
}
