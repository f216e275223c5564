//! Messages made from the contract itself: a value for every field, by the field's type and name.
//!
//! Invariant: what is made follows from the contract and from `choose` alone, so a new kind or field is in it without anybody remembering to add it.

use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet};
use uuid::Uuid;

/// Chooses a number below a limit for a field, named as in `ReferralDrafted.priority`. An enum's number counts its values without the unspecified
/// one, and a flag is set for 1.
pub type Choose<'a> = &'a mut dyn FnMut(&str, u64) -> u64;

/// The public contract.
pub struct Contract(FileDescriptorSet);

/// One kind of event, encoded in its service's payload message.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The kind's number in the payload's oneof.
    pub number: u32,
    /// The kind's name in the oneof.
    pub name: String,
    /// The payload.
    pub bytes: Vec<u8>,
}

impl Contract {
    /// The contract that this build serves.
    ///
    /// # Panics
    /// Never: the build has made it.
    pub fn of_this_build() -> Self {
        Self(FileDescriptorSet::decode(proto::DESCRIPTORS).expect("the contract of this build"))
    }

    /// The kinds of a payload message, `throughline.referrals.v1.ReferralsEvent`: their numbers and names.
    ///
    /// # Panics
    /// Where there is no such message.
    pub fn kinds(&self, payload: &str) -> Vec<(u32, String)> {
        self.message(payload).field.iter().map(|field| (number(field), field.name().to_owned())).collect()
    }

    /// One kind of a payload message, with every field filled.
    ///
    /// # Panics
    /// Where the payload has no such kind.
    pub fn sample(&self, payload: &str, kind: u32, choose: Choose<'_>) -> Sample {
        let message = self.message(payload);
        let field = message.field.iter().find(|field| number(field) == kind).expect("a kind of this payload");
        let mut bytes = Vec::new();
        self.field(message, field, choose, &mut bytes);
        Sample { number: kind, name: field.name().to_owned(), bytes }
    }

    fn message(&self, name: &str) -> &DescriptorProto {
        let (package, simple) = name.trim_start_matches('.').rsplit_once('.').expect("a package and a name");
        let files = self.0.file.iter().filter(|file| file.package() == package);
        files
            .flat_map(|file| &file.message_type)
            .find(|message| message.name() == simple)
            .unwrap_or_else(|| panic!("the contract has no message {name}"))
    }

    fn choices(&self, name: &str) -> &EnumDescriptorProto {
        let (package, simple) = name.trim_start_matches('.').rsplit_once('.').expect("a package and a name");
        let files = self.0.file.iter().filter(|file| file.package() == package);
        files
            .flat_map(|file| &file.enum_type)
            .find(|choices| choices.name() == simple)
            .unwrap_or_else(|| panic!("the contract has no enum {name}"))
    }

    /// Every field of a message; of a oneof, one.
    fn body(&self, name: &str, choose: Choose<'_>) -> Vec<u8> {
        let message = self.message(name);
        let mut bytes = Vec::new();
        // Encoders write in order of number.
        let mut fields: Vec<&FieldDescriptorProto> = message.field.iter().collect();
        fields.sort_by_key(|field| field.number());
        let chosen: Vec<i32> = (0..message.oneof_decl.len())
            .map(|oneof| {
                let of: Vec<i32> = fields
                    .iter()
                    .filter(|field| in_oneof(field) == Some(oneof))
                    .map(|field| field.number())
                    .collect();
                let path = format!("{}.{}", message.name(), message.oneof_decl[oneof].name());
                of[choose(&path, of.len() as u64) as usize]
            })
            .collect();
        for field in fields {
            if in_oneof(field).is_none_or(|oneof| chosen[oneof] == field.number()) {
                self.field(message, field, choose, &mut bytes);
            }
        }
        bytes
    }

    fn field(
        &self,
        message: &DescriptorProto,
        field: &FieldDescriptorProto,
        choose: Choose<'_>,
        into: &mut Vec<u8>,
    ) {
        let path = format!("{}.{}", message.name(), field.name());
        let mut varint = |value: u64| {
            if field.label() == Label::Repeated {
                let mut packed = Vec::new();
                encode_varint(value, &mut packed);
                delimited(number(field), &packed, into);
            } else if value != 0 {
                encode_key(number(field), WireType::Varint, into);
                encode_varint(value, into);
            }
        };
        match field.r#type() {
            Type::Bool => varint(choose(&path, 2)),
            Type::Enum => {
                let choices = self.choices(field.type_name());
                let values: Vec<i32> =
                    choices.value.iter().map(|value| value.number()).filter(|number| *number != 0).collect();
                let value = values[choose(&path, values.len() as u64) as usize];
                varint(u64::try_from(value).expect("no enum of ours is negative"));
            }
            Type::Int32 | Type::Int64 | Type::Uint32 | Type::Uint64 if field.name() == "year" => varint(2026),
            Type::Int32 | Type::Int64 | Type::Uint32 | Type::Uint64 => varint(1 + choose(&path, 999)),
            Type::String => delimited(number(field), text(field.name(), &path, choose).as_bytes(), into),
            Type::Bytes => {
                let length = if field.name().ends_with("_hash") { 32 } else { 12 };
                delimited(number(field), &vec![choose(&path, 256) as u8; length], into);
            }
            Type::Message => {
                let body = match field.type_name() {
                    ".google.protobuf.Timestamp" => {
                        let seconds = 1_772_000_000 + choose(&path, 40_000_000) as i64;
                        prost_types::Timestamp { seconds, nanos: 0 }.encode_to_vec()
                    }
                    ".google.type.Date" => {
                        // What ends ends after it began.
                        let year = if field.name().starts_with("until") { 2028 } else { 2026 };
                        let (month, day) = (1 + choose(&path, 12) as i32, 1 + choose(&path, 28) as i32);
                        proto::Date { year, month, day }.encode_to_vec()
                    }
                    name => self.body(name, choose),
                };
                delimited(number(field), &body, into);
            }
            Type::Double => {
                encode_key(number(field), WireType::SixtyFourBit, into);
                into.extend((choose(&path, 999) as f64 + 0.5).to_le_bytes());
            }
            Type::Float
            | Type::Fixed32
            | Type::Fixed64
            | Type::Sfixed32
            | Type::Sfixed64
            | Type::Sint32
            | Type::Sint64
            | Type::Group => panic!("{path} has a type that no event of ours has had; teach it here"),
        }
    }
}

/// The oneof that a field is in; an `optional` field is in one of its own and counts as any other.
fn in_oneof(field: &FieldDescriptorProto) -> Option<usize> {
    field.oneof_index.and_then(|index| usize::try_from(index).ok())
}

fn number(field: &FieldDescriptorProto) -> u32 {
    field.number().unsigned_abs()
}

fn delimited(number: u32, bytes: &[u8], into: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, into);
    encode_varint(bytes.len() as u64, into);
    into.extend(bytes);
}

/// A text that whoever reads the field can read.
fn text(name: &str, path: &str, choose: Choose<'_>) -> String {
    let mut id = || Uuid::from_u128(1 + u128::from(choose(path, 1 << 40))).to_string();
    match name {
        _ if name.ends_with("_id") || name.ends_with("_ids") => id(),
        "rescheduled_from" | "rescheduled_to" => id(),
        "record" => format!("placement-{}", id()),
        "zone" => "America/Chicago".into(),
        "currency" => "USD".into(),
        "days" => "TU".into(),
        "opens" => "09:00".into(),
        "closes" => "17:30".into(),
        "wall" => format!("2026-03-{:02}T14:30", 1 + choose(path, 28)),
        _ => format!("text {}", choose(path, 1_000)),
    }
}
