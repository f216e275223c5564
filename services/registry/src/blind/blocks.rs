//! What two records of one human are brought together by before anybody reads a name: keyed hashes of what survives a slip.
//! Invariant: pure but for the hash. Each key is made of two facts or more, so that few records share it; what was not told or is only known roughly makes
//! none of the keys that need it.
//!
//! A name with a slip in it mostly sounds alike; a birth date with day and month swapped has the same two numbers; a changed name leaves the birth date
//! and one initial; a birth date with a slip leaves the name and either the year or the day. What shares a key is compared in full (`alike`).

use std::collections::BTreeSet;

use kernel::Day;
use platform::seal::Secret;

use super::{sound, tokens};

/// What a key was made of; its number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Made {
    /// The birth date, day and month in either order, with an initial.
    DateAndInitial = 1,
    /// How two names sound, with the birth year.
    NamesAndYear = 2,
    /// How two names sound, with day and month of birth in either order.
    NamesAndDay = 3,
    /// How two names sound: it brings together where one of the records has no birth date.
    Names = 4,
}

impl Made {
    /// How much sharing it counts for the order of the queue.
    pub const fn weight(self) -> i64 {
        match self {
            Self::DateAndInitial => 15,
            Self::NamesAndYear => 12,
            Self::NamesAndDay => 10,
            Self::Names => 6,
        }
    }
}

/// How much sharing an identifier that serves matching counts for the order of the queue.
pub const IDENTIFIER_WEIGHT: i64 = 30;

/// A key that records are brought together by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Block {
    /// What it was made of.
    pub made: Made,
    /// The keyed hash.
    pub hash: [u8; 32],
    /// Whether it brings the record together with all that share it; where not, with those alone that seek it themselves.
    pub seeks: bool,
}

/// When somebody was born.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Born {
    /// Not told.
    Unknown,
    /// On this day, or about then: of that the year alone counts.
    About(Day),
    /// On this day.
    On(Day),
}

/// The keys of a person of these names.
pub fn blocks<'a>(secret: &Secret, names: impl IntoIterator<Item = &'a str>, born: Born) -> BTreeSet<Block> {
    let tokens: BTreeSet<String> = names.into_iter().flat_map(tokens).collect();
    // Names in other scripts are as they are written.
    let sounds: BTreeSet<String> =
        tokens.iter().map(|token| sound(token).unwrap_or_else(|| token.clone())).collect();
    let block = |made: Made, seeks, text: String| Block {
        made,
        hash: secret.hash("duplicate-block", format!("{}/{text}", made as i64).as_bytes()),
        seeks,
    };
    let (year, day) = match born {
        Born::Unknown => (None, None),
        Born::About(day) => (Some(day.year()), None),
        Born::On(day) => (Some(day.year()), Some((day.month().min(day.day()), day.month().max(day.day())))),
    };
    let mut blocks = BTreeSet::new();
    if let (Some(year), Some((low, high))) = (year, day) {
        let initials: BTreeSet<char> = tokens.iter().filter_map(|token| token.chars().next()).collect();
        let with = |initial| block(Made::DateAndInitial, true, format!("{year}-{low}-{high}/{initial}"));
        blocks.extend(initials.into_iter().map(with));
    }
    for pair in pairs(&sounds) {
        blocks.extend(year.map(|year| block(Made::NamesAndYear, true, format!("{year}/{pair}"))));
        blocks.extend(day.map(|(low, high)| block(Made::NamesAndDay, true, format!("{low}-{high}/{pair}"))));
        blocks.insert(block(Made::Names, year.is_none(), pair));
    }
    blocks
}

/// Every two of them; one alone stands for two.
fn pairs(sounds: &BTreeSet<String>) -> Vec<String> {
    let all: Vec<&String> = sounds.iter().collect();
    match all.as_slice() {
        [only] => vec![(*only).clone()],
        all => {
            let from = |i: usize| all[i + 1..].iter().map(move |other| format!("{}+{other}", all[i]));
            (0..all.len()).flat_map(from).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str], born: Born) -> BTreeSet<Block> {
        blocks(&Secret::new([1; 32]), names.iter().copied(), born)
    }

    fn on(text: &str) -> Born {
        Born::On(text.parse().unwrap())
    }

    fn meet(one: &BTreeSet<Block>, other: &BTreeSet<Block>) -> bool {
        one.iter().any(|a| other.iter().any(|b| a.hash == b.hash && (a.seeks || b.seeks)))
    }

    #[test]
    fn what_survives_a_slip_brings_two_records_together() {
        let ana = of(&["Catherine", "Example"], on("1990-07-04"));
        for (names, born, why) in [
            (["Catharine", "Exampel"], on("1990-07-04"), "slips in both names"),
            (["Katherine", "Example"], on("1990-07-04"), "another first letter"),
            (["Example", "Catherine"], on("1990-07-04"), "names swapped"),
            (["Catherine", "Example"], on("1990-04-07"), "day and month swapped"),
            (["Catherine", "Example"], on("1990-07-05"), "a slip in the day"),
            (["Catherine", "Example"], on("1991-07-04"), "a slip in the year"),
            (["Catherine", "Placeholder"], on("1990-07-04"), "another family name"),
            (["Catherine", "Example"], Born::Unknown, "no birth date"),
            (["Catherine", "Example"], Born::About("1990-01-01".parse().unwrap()), "about then"),
        ] {
            assert!(meet(&ana, &of(&names, born)), "{why}");
        }
    }

    #[test]
    fn a_name_alone_brings_nobody_together_whose_birth_dates_are_others() {
        let ana = of(&["Catherine", "Example"], on("1990-07-04"));
        assert!(!meet(&ana, &of(&["Catherine", "Example"], on("1971-02-11"))));
        assert!(!meet(&ana, &of(&["Dorothea", "Placeholder"], on("1990-07-04"))));
    }

    #[test]
    fn a_person_without_a_name_meets_nobody() {
        assert_eq!(of(&[], on("1990-07-04")), BTreeSet::new());
    }
}
