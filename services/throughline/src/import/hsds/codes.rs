//! What the words of a directory mean here: taxonomy terms as practices and life domains, languages as BCP 47 tags, days and times.
//! Invariant: the tables are data (`terms.csv`, `languages.csv`); what they do not hold maps to nothing and keeps its words.

use std::collections::HashMap;
use std::sync::LazyLock;

use proto::types::LifeDomain;

/// What a taxonomy term means here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meaning {
    /// The practice; empty where it names none.
    pub practice: &'static str,
    /// The life domains, as the contract numbers them.
    pub life_domains: Vec<i32>,
}

static TERMS: LazyLock<HashMap<&str, Meaning>> = LazyLock::new(|| {
    let rows = include_str!("terms.csv").lines().skip(1).filter_map(|line| {
        let mut cells = line.split(',');
        let (term, practice, domains) = (cells.next()?, cells.next()?, cells.next()?);
        let life_domains = domains.split_whitespace().filter_map(domain).collect();
        Some((term, Meaning { practice, life_domains }))
    });
    rows.collect()
});

static LANGUAGES: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    include_str!("languages.csv").lines().skip(1).filter_map(|l| l.split_once(',')).collect()
});

/// A life domain by its name in the table: "peer-and-social".
fn domain(name: &str) -> Option<i32> {
    let name = format!("LIFE_DOMAIN_{}", name.to_uppercase().replace('-', "_"));
    LifeDomain::from_str_name(&name).map(Into::into)
}

/// What a term means; none where the table does not hold it.
pub fn term(words: &str) -> Option<&'static Meaning> {
    let words = words.to_lowercase().replace('&', "and");
    TERMS.get(words.split_whitespace().collect::<Vec<_>>().join(" ").as_str())
}

/// The BCP 47 tag of a language, by its code or else its name; none where neither is known.
pub fn language(code: &str, name: &str) -> Option<String> {
    let subtag =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let primary = code.split('-').next().unwrap_or_default();
    let letters = (2..=3).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_alphabetic());
    if letters && code.len() <= 35 && code.split('-').all(subtag) {
        return Some(code.to_owned());
    }
    LANGUAGES.get(name.to_lowercase().as_str()).map(|tag| (*tag).to_owned())
}

/// The days of an RFC 5545 BYDAY list; none where one of them is not a plain day of the week.
pub fn days(list: &str) -> Option<Vec<String>> {
    const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
    let day = |text: &str| DAYS.into_iter().find(|day| day.eq_ignore_ascii_case(text.trim()));
    list.split([',', ';']).map(|text| day(text).map(str::to_owned)).collect()
}

/// A wall time to the minute, and whether the text said an offset besides: "09:00", "09:00:00", "09:00-06:00" and "09:00Z" are 09:00.
pub fn time(text: &str) -> Option<(String, bool)> {
    let (wall, rest) = text.split_at_checked(5)?;
    let (hour, minute) =
        wall.split_once(':').filter(|(hour, minute)| hour.len() == 2 && minute.len() == 2)?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let in_day = digits(hour) && digits(minute) && hour < "24" && minute < "60";
    let seconds = rest.get(..3).filter(|seconds| seconds.starts_with(':') && digits(&seconds[1..]));
    let offset = seconds.map_or(rest, |seconds| &rest[seconds.len()..]);
    let known = offset.is_empty() || offset == "Z" || offset.starts_with(['+', '-']);
    (in_day && known).then(|| (wall.to_owned(), !offset.is_empty()))
}

/// Postal codes, where a text is a list of nothing else: words with digits in them, of at most 10 letters and digits.
pub fn postal_codes(text: &str) -> Option<Vec<String>> {
    let code = |word: &str| {
        let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b' '));
        let fits = (2..=10).contains(&word.len()) && word.bytes().any(|byte| byte.is_ascii_digit());
        (plain && fits).then(|| word.to_owned())
    };
    let words = text.split([',', ';', '\n']).map(str::trim).filter(|word| !word.is_empty());
    let codes = words.map(code).collect::<Option<Vec<_>>>()?;
    (!codes.is_empty()).then_some(codes)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_row_of_the_tables_is_whole_and_its_words_are_looked_up_as_they_stand() {
        let lines: Vec<&str> = include_str!("terms.csv").lines().skip(1).collect();
        assert_eq!(TERMS.len(), lines.len(), "a term stands twice, or a row is short");
        for line in lines {
            let cells: Vec<&str> = line.split(',').collect();
            let meaning = term(cells[0]).unwrap_or_else(|| panic!("{line}: not found as it stands"));
            let domains = cells[2].split_whitespace().count();
            assert_eq!(
                (cells.len(), meaning.life_domains.len()),
                (3, domains),
                "{line}: no life domain of that name"
            );
            assert!(!meaning.practice.is_empty() || domains > 0, "{line} says nothing");
        }
        let tags: HashSet<String> = LANGUAGES
            .iter()
            .filter_map(|(name, tag)| language(tag, "").filter(|_| language("", name).is_some()))
            .collect();
        assert_eq!(tags.len(), include_str!("languages.csv").lines().count() - 1);
    }

    #[test]
    fn words_are_met_whatever_their_case_and_spaces() {
        assert_eq!(term(" Addiction  &  Recovery ").unwrap().life_domains, [i32::from(LifeDomain::Health)]);
        assert_eq!(term("Individual Placement and Support").unwrap().practice, "ips");
        assert_eq!(term("Astrology"), None);
    }

    #[test]
    fn a_language_goes_by_its_code_or_else_its_name() {
        for (code, name, tag) in [
            ("es", "", Some("es")),
            ("es-MX", "x", Some("es-MX")),
            ("", "Spanish", Some("es")),
            ("spanish", "?", None),
        ] {
            assert_eq!(language(code, name).as_deref(), tag, "{code} {name}");
        }
    }

    #[test]
    fn times_days_and_postal_codes_are_what_they_say_or_nothing() {
        for (text, wall) in [
            ("09:00", Some(("09:00", false))),
            ("09:30:00", Some(("09:30", false))),
            ("09:00:00-06:00", Some(("09:00", true))),
            ("17:00Z", Some(("17:00", true))),
            ("9:00", None),
            ("24:00", None),
            ("09:60", None),
            ("09:00 am", None),
            ("noon", None),
        ] {
            assert_eq!(time(text), wall.map(|(wall, offset)| (wall.to_owned(), offset)), "{text}");
        }
        assert_eq!(days("MO, tu;WE").unwrap(), ["MO", "TU", "WE"]);
        assert_eq!((days("1MO"), days("")), (None, None));
        assert_eq!(postal_codes("60601, 60602").unwrap(), ["60601", "60602"]);
        assert_eq!((postal_codes("Cook County, 60601"), postal_codes("")), (None, None));
    }
}
