//! The files and columns of a HUD HMIS CSV export that are read (HMIS CSV Format Specifications FY2026 and FY2024).
//! Invariant: each file's own header decides its year; what is missing is told before anything is written.

use super::table::Table;

/// The years whose columns are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Year {
    /// FY2024.
    Fy2024,
    /// FY2026.
    Fy2026,
    /// A file whose columns are the same in both.
    Either,
}

impl Year {
    /// As people say it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fy2024 => "FY2024",
            Self::Fy2026 => "FY2026",
            Self::Either => "both years",
        }
    }
}

/// A file that is read.
pub struct Layout {
    /// Its name.
    pub file: &'static str,
    /// Columns without which it says too little.
    pub needs: &'static [&'static str],
    /// Columns that only FY2024 has.
    only_2024: &'static [&'static str],
    /// Columns that only FY2026 has.
    only_2026: &'static [&'static str],
}

const fn same(file: &'static str, needs: &'static [&'static str]) -> Layout {
    Layout { file, needs, only_2024: &[], only_2026: &[] }
}

/// The files that are read, in the order in which they build on each other. An export has them all, with or without rows.
pub const FILES: [Layout; 13] = [
    same("Export.csv", &["ExportID", "SourceID", "ExportEndDate"]),
    same("Organization.csv", &["OrganizationID", "OrganizationName", "VictimServiceProvider", "DateDeleted"]),
    same("User.csv", &["UserID", "UserFirstName", "UserLastName", "DateDeleted"]),
    // RRHSubType tells FY2024 and FY2026 from what was before.
    same(
        "Project.csv",
        &[
            "ProjectID",
            "OrganizationID",
            "ProjectName",
            "OperatingStartDate",
            "OperatingEndDate",
            "ProjectType",
            "RRHSubType",
            "DateDeleted",
        ],
    ),
    same(
        "Inventory.csv",
        &[
            "InventoryID",
            "ProjectID",
            "HouseholdType",
            "Availability",
            "UnitInventory",
            "BedInventory",
            "ESBedType",
            "InventoryStartDate",
            "InventoryEndDate",
            "DateDeleted",
        ],
    ),
    Layout {
        file: "Client.csv",
        needs: &[
            "PersonalID",
            "FirstName",
            "MiddleName",
            "LastName",
            "NameSuffix",
            "NameDataQuality",
            "SSN",
            "SSNDataQuality",
            "DOB",
            "DOBDataQuality",
            "DateDeleted",
        ],
        only_2024: &["Woman", "Man", "NonBinary", "Transgender", "Questioning", "GenderNone"],
        only_2026: &["Sex"],
    },
    Layout {
        file: "Enrollment.csv",
        needs: &[
            "EnrollmentID",
            "PersonalID",
            "ProjectID",
            "EntryDate",
            "HouseholdID",
            "RelationshipToHoH",
            "LivingSituation",
            "RentalSubsidyType",
            "MoveInDate",
            "DateDeleted",
        ],
        only_2024: &["TranslationNeeded", "PreferredLanguage", "SexualOrientation"],
        only_2026: &[],
    },
    same(
        "Exit.csv",
        &[
            "ExitID",
            "EnrollmentID",
            "PersonalID",
            "ExitDate",
            "Destination",
            "DestinationSubsidyType",
            "OtherDestination",
            "DateDeleted",
        ],
    ),
    same(
        "Services.csv",
        &[
            "ServicesID",
            "EnrollmentID",
            "PersonalID",
            "DateProvided",
            "RecordType",
            "TypeProvided",
            "DateDeleted",
        ],
    ),
    same(
        "CurrentLivingSituation.csv",
        &[
            "CurrentLivingSitID",
            "EnrollmentID",
            "PersonalID",
            "InformationDate",
            "CurrentLivingSituation",
            "CLSSubsidyType",
            "UserID",
            "DateDeleted",
        ],
    ),
    same(
        "Event.csv",
        &[
            "EventID",
            "EnrollmentID",
            "PersonalID",
            "EventDate",
            "Event",
            "LocationCrisisOrPHHousing",
            "ReferralResult",
            "ResultDate",
            "UserID",
            "DateDeleted",
        ],
    ),
    same(
        "EmploymentEducation.csv",
        &[
            "EmploymentEducationID",
            "EnrollmentID",
            "PersonalID",
            "InformationDate",
            "Employed",
            "EmploymentType",
            "NotEmployedReason",
            "DateDeleted",
        ],
    ),
    same(
        "Assessment.csv",
        &[
            "AssessmentID",
            "EnrollmentID",
            "PersonalID",
            "AssessmentDate",
            "AssessmentType",
            "AssessmentLevel",
            "PrioritizationStatus",
            "DateDeleted",
        ],
    ),
];

impl Layout {
    /// The year of a file with this header.
    ///
    /// # Errors
    /// What is missing of it, or what does not fit together, in one sentence.
    pub fn year_of(&self, table: &Table) -> Result<Year, String> {
        let missing: Vec<_> = self.needs.iter().copied().filter(|column| !table.has(column)).collect();
        if !missing.is_empty() {
            return Err(format!("{} lacks the column {}", self.file, missing.join(", ")));
        }
        let old = self.only_2024.iter().find(|column| table.has(column));
        let new = self.only_2026.iter().find(|column| table.has(column));
        match (old, new) {
            (Some(old), Some(new)) => {
                Err(format!("{} has the column {old} of FY2024 beside {new} of FY2026", self.file))
            }
            (Some(_), None) => Ok(Year::Fy2024),
            (None, Some(_)) => Ok(Year::Fy2026),
            (None, None) if self.only_2024.is_empty() => Ok(Year::Either),
            (None, None) if self.only_2026.is_empty() => Ok(Year::Fy2026),
            (None, None) => {
                let (old, new) = (self.only_2024.join(", "), self.only_2026.join(", "));
                Err(format!("{} has the columns of neither FY2024 ({old}) nor FY2026 ({new})", self.file))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(more: &str) -> Result<Year, String> {
        let layout = FILES.iter().find(|layout| layout.file == "Client.csv").unwrap();
        let header = format!("{}{more}\n", layout.needs.join(","));
        layout.year_of(&Table::parse(layout.file, header.as_bytes()).unwrap())
    }

    #[test]
    fn the_header_of_a_file_decides_its_year() {
        assert_eq!(client(",Sex"), Ok(Year::Fy2026));
        assert_eq!(client(",Woman,Man"), Ok(Year::Fy2024));
        assert!(client("").unwrap_err().contains("neither FY2024"));
        assert!(client(",Sex,Woman").unwrap_err().contains("beside"));
    }

    #[test]
    fn a_missing_column_is_named() {
        let layout = &FILES[3];
        let table = Table::parse(layout.file, b"ProjectID,OrganizationID\n").unwrap();
        let told = layout.year_of(&table).unwrap_err();
        assert!(told.starts_with("Project.csv lacks the column ProjectName"), "{told}");
    }
}
