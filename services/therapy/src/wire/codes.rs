//! Coded values of the contract and of the domain.
//! Invariant: one mapping for each code, used in both directions.

use proto::therapy as pb;

platform::codes!(pub mod profession: crate::domain::Profession = proto::therapy::PractitionerRole {
    Therapist, Psychologist, Psychiatrist, Counselor, OccupationalTherapist, SocialWorker, PeerSupportWorker,
});
platform::codes!(pub mod closing: crate::domain::episode::Closing = proto::therapy::EpisodeClosing {
    Completed, PersonDeclined, NotEngaged, ContinuedElsewhere, Moved, Died, ProviderDeclined, Other,
});
platform::codes!(pub mod missed: crate::domain::appointment::MissedReason = proto::therapy::MissedReason {
    ToldBefore, ToldAfter, NotKnown, Service,
});
platform::codes!(pub mod cancelled: crate::domain::appointment::CancelReason = proto::therapy::CancelReason {
    Person, Service, Rescheduled, Other, Died,
});
platform::codes!(pub mod wall_time: kernel::WallTimeKind = proto::therapy::WallTimeKind {
    Ordinary, Skipped, Ambiguous,
});

/// The numbers of the states that a list of appointments asks for.
///
/// # Errors
/// A number that names none.
pub fn appointment_states(states: &[i32]) -> Result<Vec<i64>, platform::error::BadField> {
    numbers::<pb::AppointmentState>(states)
}

/// The numbers of the states that a list of episodes asks for.
///
/// # Errors
/// A number that names none.
pub fn episode_states(states: &[i32]) -> Result<Vec<i64>, platform::error::BadField> {
    numbers::<pb::EpisodeState>(states)
}

fn numbers<E: TryFrom<i32> + Into<i32> + Copy>(
    states: &[i32],
) -> Result<Vec<i64>, platform::error::BadField> {
    let each = |(i, number): (usize, &i32)| {
        platform::wire::choice::<E>(&format!("states[{i}]"), *number)?;
        Ok(i64::from(*number))
    };
    states.iter().enumerate().map(each).collect()
}
