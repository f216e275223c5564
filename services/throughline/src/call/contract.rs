//! The contract, read by name: its methods, what their requests are made of, and fields of replies.

use std::fmt::Write;

use anyhow::{anyhow, bail};
use prost_reflect::{
    DescriptorPool, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor, MethodDescriptor,
};
use serde_json::Value;

/// Every method with what it does, a line each.
pub fn methods(pool: &DescriptorPool) -> String {
    let mut text = String::new();
    for method in all(pool) {
        let said = said(&method.parent_file(), method.path());
        let _ = writeln!(text, "{:<48} {said}", format!("{}/{}", short(&method), method.name()));
    }
    text
}

/// The method of that name: `Method`, `service/Method`, or the full name that gRPC uses.
///
/// # Errors
/// None or several have it; says which come near.
pub fn method(pool: &DescriptorPool, name: &str) -> anyhow::Result<MethodDescriptor> {
    let (service, own) = name.trim_start_matches('/').rsplit_once('/').unwrap_or(("", name));
    let fits = |method: &MethodDescriptor| {
        let full = method.parent_service().full_name().to_owned();
        method.name() == own && (service.is_empty() || service == short(method) || service == full)
    };
    let mut found: Vec<_> = all(pool).filter(fits).collect();
    match (found.pop(), found.is_empty()) {
        (Some(method), true) => Ok(method),
        (Some(method), false) => {
            found.push(method);
            let which: Vec<_> = found.iter().map(|one| format!("{}/{own}", short(one))).collect();
            bail!("several services have {own}: say one of {}", which.join(", "))
        }
        (None, _) => {
            let own = own.to_lowercase();
            let near = all(pool).filter(|method| method.name().to_lowercase().contains(&own));
            let near: Vec<_> = near.map(|method| method.name().to_owned()).collect();
            let hint =
                if near.is_empty() { String::new() } else { format!(" (there is {})", near.join(", ")) };
            bail!("there is no method {name}{hint}; `throughline call` lists them all")
        }
    }
}

/// The method, what it does, the fields of its request, and what those are made of.
pub fn described(method: &MethodDescriptor) -> String {
    let mut text = format!("{}/{}\n", method.parent_service().full_name(), method.name());
    let _ = writeln!(text, "  {}", said(&method.parent_file(), method.path()));
    let mut parts = vec![Kind::Message(method.input())];
    let mut next = 0;
    while let Some(part) = parts.get(next).cloned() {
        next += 1;
        if let Kind::Message(message) = &part {
            let _ = writeln!(text, "\n{}", message.name());
            for field in message.fields() {
                let said = said(&message.parent_file(), field.path());
                let _ = writeln!(text, "  {:<28} {:<28} {said}", field.name(), kind(&field));
                if is_told(&field.kind()) && !parts.contains(&field.kind()) {
                    parts.push(field.kind());
                }
            }
        }
        if let Kind::Enum(values) = &part {
            let _ = writeln!(text, "\n{}", values.name());
            for value in values.values().filter(|value| value.number() != 0) {
                let said = said(&values.parent_file(), value.path());
                let _ = writeln!(text, "  {:<57} {said}", value.name());
            }
        }
    }
    text
}

/// The value at a path such as `entries.0.line`.
///
/// # Errors
/// There is none; says what there is.
pub fn at<'a>(json: &'a Value, path: &str) -> anyhow::Result<&'a Value> {
    path.split('.').try_fold(json, |value, step| {
        let inner = match value {
            Value::Array(list) => step.parse().ok().and_then(|index: usize| list.get(index)),
            Value::Object(fields) => fields.get(step),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
        inner.ok_or_else(|| match value {
            Value::Object(fields) => {
                let names: Vec<_> = fields.keys().map(String::as_str).collect();
                anyhow!("{path}: the reply has no {step} there; it has {}", names.join(", "))
            }
            Value::Array(list) => anyhow!("{path}: {step} is none of the {} there", list.len()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                anyhow!("{path}: the reply has nothing at {step}")
            }
        })
    })
}

fn all(pool: &DescriptorPool) -> impl Iterator<Item = MethodDescriptor> {
    pool.services().flat_map(|service| service.methods().collect::<Vec<_>>())
}

/// `referrals` for `throughline.referrals.v1.ReferralsService`.
fn short(method: &MethodDescriptor) -> String {
    let service = method.parent_service();
    let name = service.name().strip_suffix("Service").unwrap_or(service.name());
    name.to_lowercase()
}

/// Whether a part of the contract is made of more than its name says.
fn is_told(kind: &Kind) -> bool {
    let ours = |message: &MessageDescriptor| {
        !message.is_map_entry() && message.package_name().starts_with("throughline.")
    };
    kind.as_message().is_some_and(ours) || kind.as_enum().is_some()
}

fn kind(field: &FieldDescriptor) -> String {
    let kind = field.kind();
    let one = match (kind.as_message(), kind.as_enum()) {
        (Some(message), _) => match message.full_name() {
            "google.type.Date" => "{year, month, day}".to_owned(),
            "google.protobuf.Timestamp" => "2026-03-09T14:00:00Z".to_owned(),
            _ => message.name().to_owned(),
        },
        (_, Some(values)) => values.name().to_owned(),
        (None, None) => format!("{kind:?}").to_lowercase(),
    };
    if field.is_list() { format!("[{one}]") } else { one }
}

/// The comment of what lies at that path of the file, on one line.
fn said(file: &FileDescriptor, path: &[i32]) -> String {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let at = info.and_then(|info| info.location.iter().find(|location| location.path == path));
    at.map_or_else(String::new, |location| location.leading_comments().trim().replace("\n ", " "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pool() -> DescriptorPool {
        DescriptorPool::decode(proto::DESCRIPTORS).expect("the contract")
    }

    #[test]
    fn a_method_goes_by_its_own_name_by_its_services_and_by_the_full_one() {
        let pool = pool();
        let full = "/throughline.referrals.v1.ReferralsService/SendReferral";
        for name in ["SendReferral", "referrals/SendReferral", full] {
            let found = method(&pool, name).expect(name);
            assert_eq!(found.full_name(), "throughline.referrals.v1.ReferralsService.SendReferral");
        }
        let near = method(&pool, "sendreferral").unwrap_err().to_string();
        assert!(near.contains("there is SendReferral"), "{near}");
        let several = method(&pool, "SetCapacity/").unwrap_err().to_string();
        assert!(several.contains("lists them all"), "{several}");
    }

    #[test]
    fn every_method_and_every_field_of_its_request_is_told_with_what_it_is() {
        for method in all(&pool()) {
            let told = described(&method);
            for field in method.input().fields() {
                let name = format!("  {} ", field.name());
                let line = told.lines().find(|line| line.starts_with(&name)).expect("a line for the field");
                let words = line.split_whitespace().count();
                assert!(words > 2, "{}: {line}", method.name());
            }
        }
    }

    #[test]
    fn a_field_of_a_reply_is_found_by_its_path_and_what_is_missing_is_told() {
        let reply = json!({ "entries": [{ "line": "Goal set" }], "total": 1 });
        assert_eq!(at(&reply, "entries.0.line").unwrap(), "Goal set");
        let wrong = |path| at(&reply, path).unwrap_err().to_string();
        assert_eq!(wrong("entry"), "entry: the reply has no entry there; it has entries, total");
        assert_eq!(wrong("entries.3"), "entries.3: 3 is none of the 1 there");
        assert_eq!(wrong("total.0"), "total.0: the reply has nothing at 0");
    }
}
