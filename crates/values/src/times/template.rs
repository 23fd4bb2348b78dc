//! The patterns of `to_char`, `to_timestamp` and `to_date`.

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Pattern {
        pattern: Pattern,
        /// How letters are written.
        case: Case,
        /// True with `FM`: without blanks and zeros at the sides.
        fill: bool,
        /// True with `TM`: in the language of the session, which is English.
        translated: bool,
        ordinal: Option<Ordinal>,
        /// The pattern as it is written, for messages.
        name: &'static str,
    },
    /// A blank or a sign between fields.
    Separator(char),
    Text(char),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Capital,
    Lower,
}

/// The letters behind an ordinal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ordinal {
    Upper,
    Lower,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pattern {
    /// `AD` and `BC`, and with points.
    Era {
        points: bool,
    },
    /// `AM` and `PM`, and with points.
    Half {
        points: bool,
    },
    Century,
    Day,
    DayShort,
    DayOfYear,
    DayOfMonth,
    DayOfWeek,
    /// So many decimals of a second.
    Fraction(u32),
    Exact,
    Hour24,
    Hour12,
    IsoDayOfYear,
    IsoDayOfWeek,
    IsoWeek,
    /// The last digits of a year of weeks, four at most.
    IsoYear(u32),
    Julian,
    Minute,
    MonthNumber,
    Month,
    MonthShort,
    Milliseconds,
    Offset,
    Quarter,
    Roman,
    SecondOfDay,
    Second,
    ZoneHour,
    ZoneMinute,
    Zone,
    Microseconds,
    WeekOfYear,
    WeekOfMonth,
    /// `Y,YYY`.
    YearWithComma,
    /// The last digits of a year, four at most.
    Year(u32),
}

impl Pattern {
    /// Returns whether the field is a number.
    pub(super) const fn is_number(self) -> bool {
        !matches!(
            self,
            Self::Era { .. }
                | Self::Half { .. }
                | Self::Day
                | Self::DayShort
                | Self::Exact
                | Self::Month
                | Self::MonthShort
                | Self::Offset
                | Self::Roman
                | Self::ZoneHour
                | Self::Zone
        )
    }
}

/// Each pattern in upper case; a longer one stands before a shorter one with the same begin.
const PATTERNS: [(&str, Pattern); 52] = [
    ("A.D.", Pattern::Era { points: true }),
    ("B.C.", Pattern::Era { points: true }),
    ("AD", Pattern::Era { points: false }),
    ("BC", Pattern::Era { points: false }),
    ("A.M.", Pattern::Half { points: true }),
    ("P.M.", Pattern::Half { points: true }),
    ("AM", Pattern::Half { points: false }),
    ("PM", Pattern::Half { points: false }),
    ("CC", Pattern::Century),
    ("DAY", Pattern::Day),
    ("DDD", Pattern::DayOfYear),
    ("DD", Pattern::DayOfMonth),
    ("DY", Pattern::DayShort),
    ("D", Pattern::DayOfWeek),
    ("FF1", Pattern::Fraction(1)),
    ("FF2", Pattern::Fraction(2)),
    ("FF3", Pattern::Fraction(3)),
    ("FF4", Pattern::Fraction(4)),
    ("FF5", Pattern::Fraction(5)),
    ("FF6", Pattern::Fraction(6)),
    ("FX", Pattern::Exact),
    ("HH24", Pattern::Hour24),
    ("HH12", Pattern::Hour12),
    ("HH", Pattern::Hour12),
    ("IDDD", Pattern::IsoDayOfYear),
    ("ID", Pattern::IsoDayOfWeek),
    ("IW", Pattern::IsoWeek),
    ("IYYY", Pattern::IsoYear(4)),
    ("IYY", Pattern::IsoYear(3)),
    ("IY", Pattern::IsoYear(2)),
    ("I", Pattern::IsoYear(1)),
    ("J", Pattern::Julian),
    ("MI", Pattern::Minute),
    ("MM", Pattern::MonthNumber),
    ("MONTH", Pattern::Month),
    ("MON", Pattern::MonthShort),
    ("MS", Pattern::Milliseconds),
    ("OF", Pattern::Offset),
    ("Q", Pattern::Quarter),
    ("RM", Pattern::Roman),
    ("SSSSS", Pattern::SecondOfDay),
    ("SSSS", Pattern::SecondOfDay),
    ("SS", Pattern::Second),
    ("TZH", Pattern::ZoneHour),
    ("TZM", Pattern::ZoneMinute),
    ("TZ", Pattern::Zone),
    ("US", Pattern::Microseconds),
    ("WW", Pattern::WeekOfYear),
    ("W", Pattern::WeekOfMonth),
    ("Y,YYY", Pattern::YearWithComma),
    ("YYYY", Pattern::Year(4)),
    ("YYY", Pattern::Year(3)),
];
const SHORT_YEARS: [(&str, Pattern); 2] = [("YY", Pattern::Year(2)), ("Y", Pattern::Year(1))];

/// The pattern with which the text begins, in upper or in lower case, and `Day`, `Dy`, `Month` and `Mon`.
fn pattern_at(text: &str) -> Option<(&'static str, Pattern, Case)> {
    PATTERNS.iter().chain(&SHORT_YEARS).find_map(|(name, pattern)| {
        let start = text.get(..name.len())?;
        if start == *name {
            return Some((*name, *pattern, Case::Upper));
        }
        if !start.eq_ignore_ascii_case(name) {
            return None;
        }
        let has_letter_case =
            matches!(pattern, Pattern::Day | Pattern::DayShort | Pattern::Month | Pattern::MonthShort);
        if !start.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Some((*name, *pattern, Case::Lower));
        }
        let is_capital = start[..1] == name[..1] && !start[1..].bytes().any(|byte| byte.is_ascii_uppercase());
        (has_letter_case && is_capital).then_some((*name, *pattern, Case::Capital))
    })
}

/// The parts of a template.
pub(super) fn parse(template: &str) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut rest = template;
    while !rest.is_empty() {
        let (mut fill, mut translated) = (false, false);
        if let Some(after) = rest.strip_prefix("FM").or_else(|| rest.strip_prefix("fm")) {
            (fill, rest) = (true, after);
        } else if let Some(after) = rest.strip_prefix("TM").or_else(|| rest.strip_prefix("tm")) {
            (translated, rest) = (true, after);
        }
        if let Some((name, pattern, case)) = pattern_at(rest) {
            rest = &rest[name.len()..];
            let mut ordinal = None;
            if let Some(after) = rest.strip_prefix("TH") {
                (ordinal, rest) = (Some(Ordinal::Upper), after);
            } else if let Some(after) = rest.strip_prefix("th") {
                (ordinal, rest) = (Some(Ordinal::Lower), after);
            } else if let Some(after) = rest.strip_prefix("SP") {
                rest = after;
            }
            nodes.push(Node::Pattern { pattern, case, fill, translated, ordinal, name });
            continue;
        }
        let mut characters = rest.chars();
        match characters.next() {
            None => {}
            Some('"') => rest = quoted(characters.as_str(), &mut nodes),
            Some(first) => {
                // A backslash is special before a quotation mark only.
                let literal = match (first, characters.clone().next()) {
                    ('\\', Some('"')) => characters.next().unwrap_or(first),
                    _ => first,
                };
                nodes.push(if is_separator(literal) || literal.is_ascii_whitespace() {
                    Node::Separator(literal)
                } else {
                    Node::Text(literal)
                });
                rest = characters.as_str();
            }
        }
    }
    nodes
}

/// Reads text up to the quotation mark, and returns what follows it.
fn quoted<'a>(text: &'a str, nodes: &mut Vec<Node>) -> &'a str {
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => nodes.push(Node::Text(characters.next().unwrap_or('\\'))),
            other => nodes.push(Node::Text(other)),
        }
    }
    characters.as_str()
}

/// Returns whether the character stands between fields: a sign, which is no letter and no digit.
pub(super) const fn is_separator(character: char) -> bool {
    character.is_ascii_punctuation()
}
