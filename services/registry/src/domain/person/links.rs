//! Linking two records of one human, taking the link apart, and saying that they are two: a pure function of both records.
//! Invariant: only canonical records are linked, so links form trees; a link is never refused for what it makes overlap.

use kernel::By;

use super::{Event, Known, Refusal, State};

/// Two records, each with where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// Who asks.
    pub by: By,
    /// The record that stands for both.
    pub canonical: &'a State,
    /// The record read with it.
    pub member: &'a State,
}

impl<'a> Link<'a> {
    /// Both records, where the caller reaches both. A person links nobody, not even the own two records.
    fn admit(self) -> Result<(&'a Known, &'a Known), Refusal> {
        if matches!(self.by, By::Person(_)) {
            return Err(Refusal::OperatorsAlone);
        }
        Ok((self.canonical.admit(self.by)?, self.member.admit(self.by)?))
    }
}

/// What happens to both records when they are linked: the same event on each, or nothing where they are.
///
/// # Errors
/// See [`Refusal`].
pub fn link(link: Link<'_>, despite_unlinked: bool) -> Result<Option<Event>, Refusal> {
    let (canonical, member) = link.admit()?;
    if canonical.id == member.id {
        return Err(Refusal::SameRecord);
    }
    if canonical.members.contains(&member.id) {
        return Ok(None);
    }
    if canonical.member_of.is_some() || member.member_of.is_some() {
        return Err(Refusal::AlreadyAMember);
    }
    if canonical.never.contains(&member.id) && !despite_unlinked {
        return Err(Refusal::NeverLink);
    }
    Ok(Some(Event::Linked { canonical: canonical.id, member: member.id }))
}

/// What happens to both records when they are unlinked: the same event on each, or nothing where they were before.
///
/// # Errors
/// See [`Refusal`].
pub fn unlink(link: Link<'_>) -> Result<Option<Event>, Refusal> {
    let (canonical, member) = link.admit()?;
    if canonical.members.contains(&member.id) {
        return Ok(Some(Event::Unlinked { canonical: canonical.id, member: member.id }));
    }
    if canonical.never.contains(&member.id) { Ok(None) } else { Err(Refusal::NotLinked) }
}

/// What happens to both records when they are found to be of two humans: the same event on each, or nothing where that is known. Of two that are read
/// as one by way of others it is said all the same, and then the links contradict each other.
///
/// # Errors
/// See [`Refusal`].
pub fn never_link(link: Link<'_>) -> Result<Option<Event>, Refusal> {
    let (one, other) = link.admit()?;
    if one.id == other.id {
        return Err(Refusal::SameRecord);
    }
    if one.members.contains(&other.id) || other.members.contains(&one.id) {
        return Err(Refusal::Linked);
    }
    let known = one.never.contains(&other.id);
    Ok((!known).then_some(Event::NeverLinked { one: one.id, other: other.id }))
}
