//! Which records are one human.
//! Invariant: links are followed from either side, and the canonical record comes first.

use std::collections::BTreeSet;

use kernel::PersonId;
use uuid::Uuid;

/// Records that are one human, as their links are met.
pub struct Group {
    records: BTreeSet<Uuid>,
    members: BTreeSet<Uuid>,
    /// Records whose links are still to be read.
    look_at: Vec<Uuid>,
}

impl Group {
    /// Of whoever is linked with this record.
    pub fn of(person: PersonId) -> Self {
        let person = person.uuid();
        Self { records: [person].into(), members: BTreeSet::new(), look_at: vec![person] }
    }

    /// The next record whose links are to be read.
    pub fn unread(&mut self) -> Option<PersonId> {
        self.look_at.pop().map(PersonId::new)
    }

    /// A link of it.
    pub fn link(&mut self, canonical: Uuid, member: Uuid) {
        self.members.insert(member);
        for other in [canonical, member] {
            if self.records.insert(other) {
                self.look_at.push(other);
            }
        }
    }

    /// All of them, once no more are left to be read.
    pub fn canonical_first(self) -> Vec<PersonId> {
        let mut group: Vec<PersonId> = self.records.into_iter().map(PersonId::new).collect();
        // The canonical record is a member of no other; should links contradict each other, the lowest id leads.
        group.sort_by_key(|record| (self.members.contains(&record.uuid()), *record));
        group
    }
}
