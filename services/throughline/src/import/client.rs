//! What a client row says of a person.
//! Invariant: a Social Security number is read at quality 1 alone, and only if it was ever issued to anybody.

use jiff::civil::Date;
use platform::wire;
use proto::registry::{DataQuality, PersonDetails};

use super::codes::{issued_number, quality};
use super::table::{Fault, Line};

/// Longest part of a name, in characters.
const NAME: usize = 200;

/// A client, read.
#[derive(Debug)]
pub struct Client {
    /// Who it is.
    pub details: PersonDetails,
    /// The Social Security number to match with.
    pub number: Option<String>,
    /// Whether a number was told at quality 1 that is none.
    pub unusable: bool,
}

/// Reads a row. Whatever is told at whatever quality is kept, with the quality beside it; numbers are not.
pub fn read(line: &Line<'_>, export_end: Date) -> Result<Client, Fault> {
    let name = |column: &str| match line.text(column) {
        text if text.chars().count() > NAME => {
            Err(Fault::new(column, format!("is longer than {NAME} characters")))
        }
        text => Ok(text.to_owned()),
    };
    let birth_date = line.optional_day("DOB")?;
    if birth_date.is_some_and(|day| day > export_end) {
        return Err(Fault::new("DOB", "is after the end of the export"));
    }
    let full = quality(line, "SSNDataQuality")? == DataQuality::Full;
    let number = full.then(|| issued_number(line.text("SSN"))).flatten();
    let details = PersonDetails {
        given_name: name("FirstName")?,
        middle_name: name("MiddleName")?,
        family_name: name("LastName")?,
        name_suffix: name("NameSuffix")?,
        name_quality: quality(line, "NameDataQuality")?.into(),
        birth_date: birth_date.map(wire::to_date),
        birth_date_quality: quality(line, "DOBDataQuality")?.into(),
        ..Default::default()
    };
    Ok(Client { unusable: full && number.is_none(), details, number })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::table::Table;

    fn told(cells: &str) -> Result<Client, Fault> {
        let text = format!("FirstName,SSN,SSNDataQuality,DOB,DOBDataQuality,NameDataQuality\n{cells}\n");
        let table = Table::parse("Client.csv", text.as_bytes()).unwrap();
        read(&table.lines().next().unwrap(), "2026-03-31".parse().unwrap())
    }

    #[test]
    fn a_number_is_read_at_quality_one_alone() {
        assert_eq!(told("Ada,123456780,1,,,1").unwrap().number.as_deref(), Some("123456780"));
        for cells in
            ["Ada,123456780,2,,,1", "Ada,123456780,8,,,1", "Ada,123456780,99,,,1", "Ada,123456780,,,,1"]
        {
            let client = told(cells).unwrap();
            assert_eq!((client.number, client.unusable), (None, false), "{cells}");
        }
        assert!(told("Ada,xxxxxxxxx,1,,,1").unwrap().unusable);
    }

    #[test]
    fn what_is_told_keeps_its_quality() {
        let client = told("Ada,,99,1980-05-17,2,2").unwrap();
        assert_eq!(client.details.name_quality(), DataQuality::Partial);
        assert_eq!(client.details.birth_date_quality(), DataQuality::Partial);
        assert_eq!(client.details.birth_date.map(|day| day.year), Some(1980));
    }

    #[test]
    fn nobody_is_born_after_the_export() {
        assert_eq!(told("Ada,,99,2026-04-01,1,1").unwrap_err().column, "DOB");
    }
}
