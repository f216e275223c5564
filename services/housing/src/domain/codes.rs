//! Code lists of HMIS FY2026 that decide something here, and our own for what HMIS does not code.
//! Invariant: a value is one of its list; a number that is not does not parse.

/// Types of projects that lodge people (HMIS 2.02.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProjectType {
    /// 0: emergency shelter, entry/exit.
    EmergencyShelterEntryExit,
    /// 1: emergency shelter, night by night.
    EmergencyShelterNightByNight,
    /// 2: transitional housing.
    TransitionalHousing,
    /// 3: permanent supportive housing.
    PermanentSupportiveHousing,
    /// 8: safe haven.
    SafeHaven,
    /// 9: permanent housing, housing only.
    PermanentHousingOnly,
    /// 10: permanent housing with services.
    PermanentHousingWithServices,
    /// 13: rapid re-housing.
    RapidRehousing,
}

/// From when to when a project of a type lodges somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LodgedBy {
    /// Entry to exit.
    Entry,
    /// Each bed night by itself.
    BedNight,
    /// Move-in to exit: who is admitted is not yet housed.
    MoveIn,
}

impl ProjectType {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::EmergencyShelterEntryExit,
        Self::EmergencyShelterNightByNight,
        Self::TransitionalHousing,
        Self::PermanentSupportiveHousing,
        Self::SafeHaven,
        Self::PermanentHousingOnly,
        Self::PermanentHousingWithServices,
        Self::RapidRehousing,
    ];

    /// How it lodges.
    pub const fn lodged_by(self) -> LodgedBy {
        match self {
            Self::EmergencyShelterEntryExit | Self::TransitionalHousing | Self::SafeHaven => LodgedBy::Entry,
            Self::EmergencyShelterNightByNight => LodgedBy::BedNight,
            Self::PermanentSupportiveHousing
            | Self::PermanentHousingOnly
            | Self::PermanentHousingWithServices
            | Self::RapidRehousing => LodgedBy::MoveIn,
        }
    }

    /// Whether a lodging of this type is a permanent home: the types that know a move-in.
    pub const fn is_permanent(self) -> bool {
        matches!(self.lodged_by(), LodgedBy::MoveIn)
    }
}

/// What kind of home the units of a group are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnitKind {
    /// The person's own home.
    OwnHome,
    /// The home of the family.
    FamilyHome,
    /// An apartment.
    Apartment,
    /// A group home.
    GroupHome,
    /// A residential service.
    ResidentialService,
    /// A shelter.
    Shelter,
}

/// For whom a capacity is meant (HMIS 2.07).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HouseholdType {
    /// Households without children.
    WithoutChildren,
    /// Households with at least one adult and one child.
    AdultsAndChildren,
    /// Households with children only.
    ChildrenOnly,
}

/// When a capacity is there (HMIS 2.07).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CapacityAvailability {
    /// All year.
    YearRound,
    /// In a season.
    Seasonal,
    /// When more is needed.
    Overflow,
}

/// What the beds of a shelter are (HMIS 2.07).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BedType {
    /// In a facility.
    Facility,
    /// Paid for by voucher.
    Voucher,
    /// Elsewhere.
    Other,
}

/// Relationship to the head of the household (HMIS 3.15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relationship {
    /// The head, or the person alone.
    Oneself,
    /// The head's child.
    Child,
    /// The head's spouse or partner.
    SpouseOrPartner,
    /// Another relative.
    OtherRelative,
    /// No relation.
    Unrelated,
    /// Not collected.
    NotCollected,
}

/// Why a provider refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalReason {
    /// Eligibility is not met.
    NotEligible,
    /// No unit fits the household.
    NoSuitableUnit,
    /// The landlord does not agree.
    Landlord,
    /// Papers are missing.
    Documents,
    /// Somebody's safety.
    Safety,
    /// Another reason.
    Other,
}

/// Why an agency calls a placement off before admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CancelReason {
    /// The unit is not to be had any more.
    UnitLost,
    /// Made by mistake or twice.
    MistakenOrDuplicate,
    /// The person could not be reached.
    CouldNotContact,
    /// Met elsewhere.
    NeedsMetElsewhere,
    /// The person died.
    Died,
    /// The project closes.
    ProjectClosed,
    /// Another reason.
    Other,
}

/// Why a unit is out of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutOfServiceReason {
    /// Repairs.
    Repairs,
    /// An inspection.
    Inspection,
    /// Pests.
    Pests,
    /// Damage.
    Damage,
    /// Another reason.
    Other,
}

/// What a living situation was told at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Before the entry to a project (HMIS 3.917).
    AtEntry,
    /// On the day it was told (HMIS 4.12).
    Current,
}
