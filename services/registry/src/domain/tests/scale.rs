//! Scales, and what a course of scores says.

use crate::domain::scale::{Course, SCALES, Scale, named};

fn hopeful() -> &'static Scale {
    named("hopeful").unwrap()
}

#[test]
fn a_code_names_one_scale_and_every_scale_has_a_range() {
    for (place, scale) in SCALES.iter().enumerate() {
        assert!(!SCALES[..place].iter().any(|other| other.code == scale.code), "{}", scale.code);
        assert!(scale.low < scale.high && named(scale.code) == Some(scale));
    }
    assert_eq!(named("hmis-assessment"), None);
}

#[test]
fn a_score_lies_in_its_range() {
    assert!(hopeful().holds(1.0) && hopeful().holds(2.5) && hopeful().holds(5.0));
    assert!(!hopeful().holds(0.9) && !hopeful().holds(5.1) && !hopeful().holds(f64::NAN));
}

#[test]
fn a_course_is_told_by_the_latest_against_the_first_where_a_tenth_of_the_range_lies_between() {
    let course = |scores: &[f64]| hopeful().course(scores);
    assert_eq!(course(&[]), None);
    assert_eq!(course(&[3.0]), None);
    assert_eq!(course(&[3.0, 1.0, 3.4]), Some(Course::Improving));
    assert_eq!(course(&[3.0, 5.0, 3.3]), Some(Course::Steady));
    assert_eq!(course(&[3.0, 2.7]), Some(Course::Steady));
    assert_eq!(course(&[3.0, 2.6]), Some(Course::Declining));
    let less = Scale { higher_is_better: false, ..*hopeful() };
    assert_eq!(less.course(&[3.0, 2.0]), Some(Course::Improving));
    assert_eq!(less.course(&[3.0, 4.0]), Some(Course::Declining));
}
