//! Upper and lower case, by Unicode's full mappings.

use super::property::{ALNUM, CASE_IGNORABLE, CASED};

/// `lower`.
pub fn lower(text: &str) -> String {
    text.to_lowercase()
}

/// `upper`.
pub fn upper(text: &str) -> String {
    text.to_uppercase()
}

/// `casefold`: a form in which texts that differ by case only are equal.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // The letters of which the upper case stands for both, or which have no other case.
            'ı' | '\u{13A0}'..='\u{13F5}' => folded.push(c),
            '\u{13F8}'..='\u{13FD}' | '\u{AB70}'..='\u{ABBF}' => folded.extend(c.to_uppercase()),
            'ẞ' => folded.push_str("ss"),
            'İ' => folded.push_str("i\u{307}"),
            _ => folded.extend(c.to_uppercase().flat_map(char::to_lowercase)),
        }
    }
    folded
}

/// `initcap`: the first character of each word as a title has it, the others in lower case.
pub fn initcap(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut in_word = false;
    // Whether a letter stands before, when what has no case of its own is not counted.
    let mut after_cased = false;
    for (index, c) in text.char_indices() {
        match c {
            _ if !in_word => push_title(&mut result, c),
            'Σ' if after_cased && !cased_follows(&text[index + c.len_utf8()..]) => result.push('ς'),
            _ => result.extend(c.to_lowercase()),
        }
        in_word = ALNUM.contains(c);
        if !CASE_IGNORABLE.contains(c) {
            after_cased = CASED.contains(c);
        }
    }
    result
}

fn cased_follows(rest: &str) -> bool {
    rest.chars().find(|c| !CASE_IGNORABLE.contains(*c)).is_some_and(|c| CASED.contains(c))
}

/// Writes the form that a character has at the beginning of a word in a title.
fn push_title(result: &mut String, c: char) {
    let title = match c {
        'Ǆ' | 'ǅ' | 'ǆ' => 'ǅ',
        'Ǉ' | 'ǈ' | 'ǉ' => 'ǈ',
        'Ǌ' | 'ǋ' | 'ǌ' => 'ǋ',
        'Ǳ' | 'ǲ' | 'ǳ' => 'ǲ',
        // Georgian has no title case of its own.
        '\u{10D0}'..='\u{10FA}' | '\u{10FD}'..='\u{10FF}' => c,
        // Greek letters with an iota below keep it there.
        '\u{1F80}'..='\u{1F87}' | '\u{1F90}'..='\u{1F97}' | '\u{1FA0}'..='\u{1FA7}' => {
            char::from_u32(u32::from(c) + 8).unwrap_or(c)
        }
        '\u{1F88}'..='\u{1F8F}' | '\u{1F98}'..='\u{1F9F}' | '\u{1FA8}'..='\u{1FAF}' => c,
        '\u{1FB3}' | '\u{1FC3}' | '\u{1FF3}' => char::from_u32(u32::from(c) + 9).unwrap_or(c),
        '\u{1FBC}' | '\u{1FCC}' | '\u{1FFC}' => c,
        '\u{1FB2}' | '\u{1FB4}' | '\u{1FC2}' | '\u{1FC4}' | '\u{1FF2}' | '\u{1FF4}' | '\u{1FB7}'
        | '\u{1FC7}' | '\u{1FF7}' => {
            result.extend(c.to_uppercase().map(|upper| if upper == 'Ι' { '\u{345}' } else { upper }));
            return;
        }
        _ => {
            let mut upper = c.to_uppercase();
            // What stands before the letter in `ŉ` has no case.
            result.extend(upper.by_ref().take(if c == 'ŉ' { 2 } else { 1 }));
            result.extend(upper.flat_map(char::to_lowercase));
            return;
        }
    };
    result.push(title);
}

/// The one character that is the lower case of another; itself when there is none.
pub fn simple_lower(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(only), None) => only,
        _ if c == 'İ' => 'i',
        _ => c,
    }
}

/// The one character that is the upper case of another; itself when there is none.
pub fn simple_upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(only), None) => only,
        // Greek letters with an iota below have a capital of their own.
        _ if matches!(c, '\u{1F80}'..='\u{1FAF}' | '\u{1FB3}' | '\u{1FC3}' | '\u{1FF3}') => {
            let mut title = String::new();
            push_title(&mut title, c);
            title.chars().next().unwrap_or(c)
        }
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_every_script_have_a_case() {
        assert_eq!(upper("straße é"), "STRASSE É");
        assert_eq!(lower("ÀÉΣ ΑΣ"), "àéς ας");
        assert_eq!(fold("Straße ΑΣς İ"), "strasse ασσ i\u{307}");
    }

    #[test]
    fn a_word_begins_behind_everything_that_is_no_letter_or_digit() {
        assert_eq!(initcap("élan o'neil ÀB-cd_ef"), "Élan O'Neil Àb-Cd_Ef");
        assert_eq!(initcap("ǆabc 1ab a1b ß ა ΑΣ ΑΣΑ"), "ǅabc 1ab A1b Ss ა Ας Ασα");
    }
}
