//! Reads Rust as far as the rules need: what is code, what is a test, which paths are named.
//! Invariant: line numbers stay as they are.

/// The text with comments, strings and characters blanked out.
pub fn code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut blanked = chars.clone();
    let mut at = 0;
    while at < chars.len() {
        let end = match chars[at] {
            '/' if chars.get(at + 1) == Some(&'/') => line_end(&chars, at),
            '/' if chars.get(at + 1) == Some(&'*') => comment_end(&chars, at),
            '"' => string_end(&chars, at),
            'r' if at == 0 || !in_word(chars[at - 1]) || matches!(chars[at - 1], 'b' | 'c') => {
                raw_string_end(&chars, at).unwrap_or(at)
            }
            '\'' => character_end(&chars, at).unwrap_or(at),
            _ => at,
        };
        for blank in &mut blanked[at..end] {
            if *blank != '\n' {
                *blank = ' ';
            }
        }
        at = end.max(at + 1);
    }
    blanked.into_iter().collect()
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn line_end(chars: &[char], at: usize) -> usize {
    chars[at..].iter().position(|c| *c == '\n').map_or(chars.len(), |length| at + length)
}

fn comment_end(chars: &[char], at: usize) -> usize {
    let (mut depth, mut at) = (0, at);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn string_end(chars: &[char], at: usize) -> usize {
    let mut at = at + 1;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

fn raw_string_end(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    let open = at + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let closes = |quote: usize| {
        chars[quote] == '"'
            && chars[quote + 1..].iter().take_while(|c| **c == '#').take(hashes).count() == hashes
    };
    Some((open + 1..chars.len()).find(|at| closes(*at)).map_or(chars.len(), |quote| quote + 1 + hashes))
}

fn character_end(chars: &[char], at: usize) -> Option<usize> {
    match (chars.get(at + 1)?, chars.get(at + 2)) {
        ('\\', _) => chars[at + 3..].iter().position(|c| *c == '\'').map(|length| at + 3 + length + 1),
        (_, Some('\'')) => Some(at + 3),
        // A lifetime.
        _ => None,
    }
}

/// A place where code names a path: its line, its first word, and its second, where that is a word.
#[derive(Debug, PartialEq, Eq)]
pub struct Path {
    pub line: usize,
    pub first: String,
    pub second: Option<String>,
}

/// Every path in code that has been through [`code`].
pub fn paths(code: &str) -> Vec<Path> {
    let mut found = Vec::new();
    for (line, text) in numbered(code) {
        for (at, _) in text.match_indices("::") {
            let before = text[..at].trim_end();
            let first = before.len()
                - before.chars().rev().take_while(|c| in_word(*c)).map(char::len_utf8).sum::<usize>();
            let continues = before[..first]
                .strip_suffix("::")
                .is_some_and(|head| head.ends_with(|c| in_word(c) || c == '>'));
            if first == before.len() || continues {
                continue;
            }
            let second: String = text[at + 2..].chars().take_while(|c| in_word(*c)).collect();
            let second = (!second.is_empty()).then_some(second);
            found.push(Path { line, first: before[first..].to_owned(), second });
        }
    }
    found
}

/// Lines in which the word stands, followed by that text (`word("sleep", "(")`).
pub fn followed(code: &str, word: &str, by: &str) -> Vec<usize> {
    let stands = |text: &str| {
        text.match_indices(word).any(|(at, _)| {
            !text[..at].ends_with(in_word) && text[at + word.len()..].trim_start().starts_with(by)
        })
    };
    numbered(code).filter(|(_, text)| stands(text)).map(|(line, _)| line).collect()
}

/// Lines inside a `loop` or a `while` of the function they stand in.
pub fn looping(code: &str) -> Vec<usize> {
    let mut found = Vec::new();
    // For each open block: whether one loops between it and its function.
    let mut blocks = Vec::new();
    let mut head = String::new();
    let mut line = 1;
    for c in code.chars() {
        match c {
            '{' => {
                let has = |word: &str| head.split(|c| !in_word(c)).any(|found| found == word);
                let around = blocks.last() == Some(&true) && !has("fn");
                blocks.push(around || has("loop") || has("while"));
                head.clear();
            }
            '}' => {
                blocks.pop();
                head.clear();
            }
            ';' => head.clear(),
            '\n' => line += 1,
            _ => {}
        }
        if !matches!(c, '{' | '}' | ';') {
            head.push(c);
        }
        if blocks.last() == Some(&true) && found.last() != Some(&line) {
            found.push(line);
        }
    }
    found
}

/// Lines of test code: all of them in a file of tests, else those from `#[cfg(test)]` on before a module of tests.
pub fn tests_from(path: &str, code: &str) -> Option<usize> {
    if path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs") {
        return Some(1);
    }
    let lines: Vec<&str> = code.lines().collect();
    let opens = |at: usize| {
        let next = lines[at + 1..]
            .iter()
            .find(|line| !line.trim().is_empty() && !line.trim_start().starts_with("#["));
        lines[at].trim() == "#[cfg(test)]" && next.is_some_and(|next| next.trim_start().starts_with("mod "))
    };
    (0..lines.len()).find(|at| opens(*at)).map(|at| at + 1)
}

/// Lines with their numbers, from 1.
pub fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line))
}

#[test]
fn what_is_no_code_is_blanked() {
    let text = r##"a("x::y \" z"); // c::d
/* e /* f */ g */ h('\'', 'i', r#"j"k"#, b"l"); fn m<'n>() {}"##;
    let blanked = code(text);
    let words: Vec<&str> = blanked.split(|c: char| !in_word(c)).filter(|word| !word.is_empty()).collect();
    assert_eq!(words, ["a", "h", "b", "fn", "m", "n"]);
    assert_eq!(blanked.lines().count(), 2);
}

#[test]
fn paths_are_read_by_their_first_two_words() {
    let path = |line, first: &str, second: Option<&str>| Path {
        line,
        first: first.into(),
        second: second.map(Into::into),
    };
    assert_eq!(
        paths("use a::b::c;\nlet x: ::d::E = <F as g::H>::i(J::{});"),
        [path(1, "a", Some("b")), path(2, "d", Some("E")), path(2, "g", Some("H")), path(2, "J", None)]
    );
}

#[test]
fn a_loop_reaches_to_its_end_and_not_into_functions() {
    let text = "fn f() {\n    while g(h) {\n        if i {\n            j;\n        }\n        fn k() {\n            l;\n        }\n    }\n    m;\n}\n";
    assert_eq!(looping(text), [2, 3, 4, 5, 6, 8, 9]);
}
