//! What a name is found by without being read: its tokens, how they sound, and initials with the birth date, as keyed hashes.
//! Invariant: pure but for the hash; the same name written otherwise (case, accents, apostrophes, order) gives the same hashes.

pub mod blocks;

use std::collections::BTreeSet;

use platform::seal::Secret;

/// What a hash was made of; its number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A whole token of a name.
    Token = 1,
    /// How a token sounds (Soundex).
    Sound = 2,
    /// Two initials with the birth date.
    Initials = 3,
    /// The birth date.
    BirthDate = 4,
}

impl Kind {
    /// How much a match of it counts.
    pub const fn weight(self) -> i64 {
        match self {
            Self::Token => 10,
            Self::Sound => 4,
            Self::Initials => 12,
            Self::BirthDate => 15,
        }
    }
}

/// How much an identifier that names one record counts.
pub const NUMBER_WEIGHT: i64 = 60;
/// How much an identifier that helps matching counts.
pub const MATCHING_WEIGHT: i64 = 30;

/// A hash to store or to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// What it was made of.
    pub kind: Kind,
    /// The keyed hash.
    pub hash: [u8; 32],
}

/// The entries of a name and a birth date (ISO 8601 text, empty where unknown).
pub fn entries<'a>(
    secret: &Secret,
    names: impl IntoIterator<Item = &'a str>,
    birth_date: &str,
) -> BTreeSet<Entry> {
    let tokens: BTreeSet<String> = names.into_iter().flat_map(tokens).collect();
    let entry = |kind: Kind, text: &str| Entry { kind, hash: secret.hash(purpose(kind), text.as_bytes()) };
    let mut entries = BTreeSet::new();
    for token in &tokens {
        entries.insert(entry(Kind::Token, token));
        entries.extend(sound(token).map(|sound| entry(Kind::Sound, &sound)));
    }
    if !birth_date.is_empty() {
        entries.insert(entry(Kind::BirthDate, birth_date));
        let first: BTreeSet<char> = tokens.iter().filter_map(|token| token.chars().next()).collect();
        for (i, one) in first.iter().enumerate() {
            for other in first.iter().skip(i) {
                entries.insert(entry(Kind::Initials, &format!("{one}{other}{birth_date}")));
            }
        }
    }
    entries
}

const fn purpose(kind: Kind) -> &'static str {
    match kind {
        Kind::Token => "blind-token",
        Kind::Sound => "blind-sound",
        Kind::Initials => "blind-initials",
        Kind::BirthDate => "blind-birth-date",
    }
}

/// The tokens of a name: lower case, without accents and apostrophes.
pub(crate) fn tokens(name: &str) -> Vec<String> {
    let plain: String = name
        .chars()
        .filter(|c| !matches!(c, '\'' | '\u{2019}' | '`'))
        .flat_map(char::to_lowercase)
        .flat_map(without_accent)
        .collect();
    let parts = plain.split(|c: char| !c.is_alphanumeric());
    parts.filter(|token| !token.is_empty()).map(str::to_owned).collect()
}

/// The letter without its accent, for the Latin letters in use; any other as it is. Combining accents vanish.
fn without_accent(letter: char) -> impl Iterator<Item = char> {
    let plain = match letter {
        'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'ì'..='ï' | 'ī' | 'į' | 'ı' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => "o",
        'œ' => "oe",
        'ř' => "r",
        'ß' => "ss",
        'ś' | 'ş' | 'š' | 'ș' => "s",
        'ť' | 'ţ' | 'ț' => "t",
        'þ' => "th",
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        '\u{300}'..='\u{36f}' => "",
        _ => return vec![letter].into_iter(),
    };
    plain.chars().collect::<Vec<_>>().into_iter()
}

/// American Soundex of a token of Latin letters; none for any other.
fn sound(token: &str) -> Option<String> {
    let mut letters = token.chars();
    let first = letters.next().filter(char::is_ascii_lowercase)?;
    let (mut code, mut last) = (String::from(first), digit(first));
    for letter in letters {
        if !letter.is_ascii_lowercase() {
            return None;
        }
        // H and W do not part two letters that sound alike; vowels do.
        if matches!(letter, 'h' | 'w') {
            continue;
        }
        let now = digit(letter);
        if let Some(now) = now
            && last != Some(now)
        {
            code.push(now);
        }
        last = now;
        if code.len() == 4 {
            break;
        }
    }
    while code.len() < 4 {
        code.push('0');
    }
    Some(code)
}

const fn digit(letter: char) -> Option<char> {
    match letter {
        'b' | 'f' | 'p' | 'v' => Some('1'),
        'c' | 'g' | 'j' | 'k' | 'q' | 's' | 'x' | 'z' => Some('2'),
        'd' | 't' => Some('3'),
        'l' => Some('4'),
        'm' | 'n' => Some('5'),
        'r' => Some('6'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, birth_date: &str) -> BTreeSet<Entry> {
        entries(&Secret::new([1; 32]), [name], birth_date)
    }

    #[test]
    fn a_name_is_found_however_it_is_written() {
        let plain = of("Jose Obrien Munoz", "1990-07-24");
        assert_eq!(of("MUÑOZ, José O'Brien", "1990-07-24"), plain);
        assert_eq!(of("Jose\u{301} O\u{2019}Brien-Munoz", "1990-07-24"), plain);
        assert_ne!(of("Jose Obrien Munoz", "1990-07-25"), plain);
    }

    #[test]
    fn names_that_sound_alike_share_their_sound_and_no_token() {
        let (one, other) = (of("Robert", ""), of("Rupert", ""));
        let shared: Vec<Kind> = one.intersection(&other).map(|entry| entry.kind).collect();
        assert_eq!(shared, [Kind::Sound]);
    }

    #[test]
    fn soundex_is_the_one_everybody_knows() {
        for (name, code) in [
            ("robert", "r163"),
            ("ashcraft", "a261"),
            ("tymczak", "t522"),
            ("pfister", "p236"),
            ("lee", "l000"),
        ] {
            assert_eq!(sound(name).as_deref(), Some(code), "{name}");
        }
        assert_eq!(sound("иван"), None);
        assert_eq!(sound("7th"), None);
    }

    #[test]
    fn hashes_say_nothing_without_the_secret() {
        assert!(of("Ana", "").is_disjoint(&entries(&Secret::new([2; 32]), ["Ana"], "")));
    }

    #[test]
    fn initials_do_not_depend_on_the_order_of_names() {
        let initials = |name| {
            let entries = of(name, "1990-01-01");
            entries.into_iter().filter(|entry| entry.kind == Kind::Initials).collect::<Vec<_>>()
        };
        assert_eq!(initials("Ana Example"), initials("Example Ana"));
    }
}
