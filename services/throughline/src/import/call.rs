//! One command on its way: who speaks, which service takes it, and what its answer means.
//! Invariant: what may be sent again is sent again with the same request id, for as long as its patience lasts.

use std::time::Duration;

use kernel::AgencyId;
use platform::error;
use platform::peer::{Peer, may_retry};
use proto::housing::housing_service_client::HousingServiceClient;
use proto::referrals::referrals_service_client::ReferralsServiceClient;
use proto::registry::registry_service_client::RegistryServiceClient;
use proto::types::Written;
use proto::vocational::vocational_service_client::VocationalServiceClient;
use proto::{housing, referrals, registry, vocational};
use tokio::time::Instant;
use tonic::{Code, Status};
use uuid::Uuid;

use super::step::{Ask, Withdrawal, Withdrawn};

/// How long a command is tried before the import gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// The first wait where the server names none; each further one is twice as long, up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(20);
/// The longest wait between two tries.
pub const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// What a command came to.
#[derive(Debug)]
pub enum Answer {
    /// It is written, or was before; with the days of its month whose night stands untold.
    Taken(Written, Vec<u32>),
    /// There was nothing to take back.
    Nothing,
    /// The server says no to this one: why, in its words.
    Refused(String),
}

/// Sends a command until it is answered.
///
/// # Errors
/// What stops an import: a caller who may not, a server that stays away or does not know the command.
pub async fn call(peer: &Peer, speaker: Option<Uuid>, ask: &Ask) -> anyhow::Result<Answer> {
    let peer = match speaker {
        Some(agency) => peer.on_behalf_of(AgencyId::new(agency)),
        None => peer.clone(),
    };
    let (until, mut wait) = (Instant::now() + PATIENCE, FIRST_WAIT);
    loop {
        let status = match once(peer.clone(), ask).await {
            Ok((written, untold)) => return Ok(Answer::Taken(written.unwrap_or_default(), untold)),
            Err(status) => status,
        };
        // A race lost to somebody else's write is run again as it is: nothing of it was written.
        let again = may_retry(&status) || status.code() == Code::Aborted;
        if !again || Instant::now() > until {
            return judge(status, ask);
        }
        let named = error::retry_after(&status);
        tokio::time::sleep(named.unwrap_or(wait)).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

fn judge(status: Status, ask: &Ask) -> anyhow::Result<Answer> {
    match status.code() {
        Code::NotFound if matches!(ask, Ask::Withdrawal(_)) => Ok(Answer::Nothing),
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::OutOfRange => Ok(Answer::Refused(status.message().to_owned())),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss
        | Code::Unauthenticated => Err(crate::client::told(status)),
    }
}

macro_rules! send {
    ($client:ident, $peer:ident, $method:ident, $request:expr) => {
        $client::new($peer).$method($request).await?.into_inner().written
    };
}

async fn once(peer: Peer, ask: &Ask) -> Result<(Option<Written>, Vec<u32>), Status> {
    let written = match ask {
        Ask::Agency(r) => send!(RegistryServiceClient, peer, record_agency, r.clone()),
        Ask::Worker(r) => send!(RegistryServiceClient, peer, record_worker, r.clone()),
        Ask::Person(r) => send!(RegistryServiceClient, peer, record_person, (**r).clone()),
        Ask::Measure(r) => send!(RegistryServiceClient, peer, record_measure, r.clone()),
        Ask::Group(r) => send!(HousingServiceClient, peer, record_unit_group, r.clone()),
        Ask::Capacity(r) => send!(HousingServiceClient, peer, record_capacity, r.clone()),
        Ask::Placement(r) => send!(HousingServiceClient, peer, record_placement, (**r).clone()),
        Ask::Nights(r) => {
            let nights = HousingServiceClient::new(peer).record_nights(r.clone()).await?.into_inner();
            return Ok((nights.written, nights.untold_days));
        }
        Ask::Living(r) => send!(HousingServiceClient, peer, record_living_situation, (**r).clone()),
        Ask::Offer(r) => send!(ReferralsServiceClient, peer, record_service_offer, (**r).clone()),
        Ask::Participation(r) => send!(ReferralsServiceClient, peer, record_participation, (**r).clone()),
        Ask::Contact(r) => send!(ReferralsServiceClient, peer, record_participation_contact, (**r).clone()),
        Ask::Referral(r) => send!(ReferralsServiceClient, peer, record_referral, (**r).clone()),
        Ask::Employment(r) => send!(VocationalServiceClient, peer, record_employment_status, r.clone()),
        Ask::Withdrawal(withdrawal) => take_back(peer, withdrawal).await?,
    };
    Ok((written, vec![]))
}

async fn take_back(peer: Peer, withdrawal: &Withdrawal) -> Result<Option<Written>, Status> {
    let Withdrawal { kind, source, request_id, group } = withdrawal.clone();
    let source = Some(source);
    macro_rules! mark {
        ($client:ident, $method:ident, $package:ident :: $request:ident) => {
            send!($client, peer, $method, $package::$request { request_id, source, ..Default::default() })
        };
    }
    Ok(match kind {
        Withdrawn::Offer => {
            mark!(ReferralsServiceClient, withdraw_service_offer, referrals::WithdrawServiceOfferRequest)
        }
        Withdrawn::Group => mark!(
            HousingServiceClient,
            mark_unit_group_entered_in_error,
            housing::MarkUnitGroupEnteredInErrorRequest
        ),
        Withdrawn::Capacity => {
            let request = housing::MarkCapacityEnteredInErrorRequest {
                request_id,
                source,
                unit_group_id: group,
                ..Default::default()
            };
            send!(HousingServiceClient, peer, mark_capacity_entered_in_error, request)
        }
        Withdrawn::Person => mark!(
            RegistryServiceClient,
            mark_person_entered_in_error,
            registry::MarkPersonEnteredInErrorRequest
        ),
        Withdrawn::Placement => mark!(
            HousingServiceClient,
            mark_placement_entered_in_error,
            housing::MarkPlacementEnteredInErrorRequest
        ),
        Withdrawn::Participation => mark!(
            ReferralsServiceClient,
            mark_participation_entered_in_error,
            referrals::MarkParticipationEnteredInErrorRequest
        ),
        Withdrawn::Living => mark!(
            HousingServiceClient,
            mark_living_situation_entered_in_error,
            housing::MarkLivingSituationEnteredInErrorRequest
        ),
        Withdrawn::Referral => mark!(
            ReferralsServiceClient,
            mark_referral_entered_in_error,
            referrals::MarkReferralEnteredInErrorRequest
        ),
        Withdrawn::Employment => mark!(
            VocationalServiceClient,
            mark_employment_status_entered_in_error,
            vocational::MarkEmploymentStatusEnteredInErrorRequest
        ),
        Withdrawn::Measure => mark!(
            RegistryServiceClient,
            mark_measure_entered_in_error,
            registry::MarkMeasureEnteredInErrorRequest
        ),
    })
}
